//! The page's worker: storage and computing off the main thread.
//!
//! A native build is an empty program, so that the whole workspace checks on any target.

#[cfg(target_arch = "wasm32")]
mod worker;

fn main() {
    #[cfg(target_arch = "wasm32")]
    worker::start();
}
