//! The page's worker: it drives the tab's node and keeps what the node stores.
//!
//! The node's machine is `node::LightNode`; the page, at the other end of `bridge`'s messages, has the
//! node's connections and shows its views. One tab of a browser runs the node at a time: the worker of
//! another waits for it to close.
//!
//! A native build is an empty program, so that the whole workspace checks on any target.

#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
mod lock;
#[cfg(target_arch = "wasm32")]
mod runtime;
#[cfg(target_arch = "wasm32")]
mod worker;

fn main() {
    #[cfg(target_arch = "wasm32")]
    worker::start();
}
