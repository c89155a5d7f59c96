//! The page's runner: other people's programs, in a worker of their own that can be killed.
//!
//! The node's worker starts one for each guest that runs at a time, asks it [`channel::ToRunner`] and is told [`channel::FromRunner`]. Nothing
//! else listens in here: a guest that does not end is ended by ending the runner. It is a program apart from the page's, since the engine is large:
//! only those load it who agreed to run such programs, or who want to doubt a receipt.
//!
//! A native build is an empty program, so that the whole workspace checks on any target.

#[cfg(target_arch = "wasm32")]
mod guest;

fn main() {
    #[cfg(target_arch = "wasm32")]
    guest::start();
}
