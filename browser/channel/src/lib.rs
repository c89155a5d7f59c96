//! Between the page's threads: how messages are carried, and what the runner of jobs and the reckoner are asked.
//!
//! # Messages
//! A message is a JavaScript array: a JSON text with the message's head, then byte arrays, whose memory is handed over and not copied.
//! Which byte arrays belong to which message stands with its variant.
//!
//! # How to drive it
//! `post` what goes and `unpack` what comes. Page and node's worker speak in `bridge`'s messages; the node's worker and the runners that
//! it starts, in `ToRunner` and `FromRunner`; page and reckoner in those of `reckoner`. The pauses that other people's work owes are [`Pace`] and [`Rests`].
//!
//! # Bounds
//! A message is as long as what is posted; the far end is a program of the same page.
//!
//! # Provided / Not provided
//! Provided: whole messages, in order. Not provided: news of an end that is gone, which the browser gives as an event of the worker.

#[cfg(target_arch = "wasm32")]
mod carry;
#[cfg(target_arch = "wasm32")]
pub mod reckoner;
mod rests;
#[cfg(target_arch = "wasm32")]
mod runner;

#[cfg(target_arch = "wasm32")]
pub use carry::{MessageError, post, post_with, unpack, unpack_with, word_of, words};
pub use rests::{Pace, Rests};
#[cfg(target_arch = "wasm32")]
pub use runner::{FromRunner, Ran, ToRunner};
