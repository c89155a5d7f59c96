//! Reports made as a tab makes them and taken as a heavy node takes them, against the clock.
//!
//! Built for the browser, with the page's profile and flags, it is what a worker calls and times (`tab`). Built natively, it is a
//! heavy node's side. `cargo xtask bench aggregate` runs both: `tests/bench/aggregate.mjs`.

mod measurement;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod tab;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    native::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
}
