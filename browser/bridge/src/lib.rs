//! Between page and worker: the messages, and the handle that the page's views use.
#![cfg(target_arch = "wasm32")]
