//! A page without a face: the browser's transport under a libp2p swarm, its handles given to JavaScript.
//!
//! A script in a real browser calls [`Tab::dial`](page::Tab::dial) and then moves bytes; the host's
//! side of the protocols is in `tests/stock-webrtc`. The end-to-end tests and the benches share it.
//! A native build is an empty library; the program beside it builds the page.
#![cfg_attr(not(target_arch = "wasm32"), allow(missing_docs, reason = "nothing is left to document"))]

#[cfg(target_arch = "wasm32")]
pub mod page;
