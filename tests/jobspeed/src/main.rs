//! Guests in the sandbox and receipts, against the clock.
//!
//! Built for the browser, with the page's profile and flags, it is what a worker calls and times (`tab`). Built natively, it times itself.
//! `cargo xtask bench sandbox` runs both: `tests/bench/sandbox.mjs`.

#[cfg(not(target_arch = "wasm32"))]
mod dispatch;
#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod tab;
mod work;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    native::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
}
