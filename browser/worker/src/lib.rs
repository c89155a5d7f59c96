//! The page's worker: it drives the tab's node and keeps what the node stores.
//!
//! The node's machine is `node::LightNode`; the page, at the other end of `bridge`'s messages, has the
//! node's connections and shows its views. One tab of a browser runs the node at a time: the worker of
//! another waits for it to close. Other people's programs run in workers that this one starts, `runner`s, and only where its person
//! lends the browser to jobs, or runs a receipt again; parts of shared graphs are computed in a `reckoner`, where they give that.
//!
//! # How to drive it
//! The program that page and worker load alike calls `start` where it finds no window; the rest are
//! `bridge`'s messages.
#![cfg(target_arch = "wasm32")]

mod clock;
#[cfg(feature = "jobs")]
mod documents;
#[cfg(feature = "jobs")]
mod guests;
#[cfg(feature = "jobs")]
mod jobs;
#[cfg(feature = "jobs")]
mod lent;
mod lock;
#[cfg(feature = "jobs")]
mod parts;
#[cfg(feature = "jobs")]
mod runners;
mod runtime;
mod worker;

pub use worker::start;
