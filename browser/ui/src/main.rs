//! The page: a light node in a browser tab and the views a person sees.
//!
//! A native build is an empty program, so that the whole workspace checks on any target.

#[cfg(target_arch = "wasm32")]
mod page;

fn main() {
    #[cfg(target_arch = "wasm32")]
    page::start();
}
