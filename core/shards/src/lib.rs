//! π of a graph in parts that light nodes hold, around a heavy node that checks them.
//!
//! A graph is cut into parts. A light node's [`Holder`] takes some from heavy nodes, and has the rounds of [`rank::PartRounds`] done beside it, by a thread
//! ([`Processor`]) or a GPU. Nodes write each other letters in pieces ([`message`]).
//!
//! # How to drive it
//! `hear(now, peer, piece)` for each message of a peer, whose answer it gives; `handle_input(now, Input)` and `handle_timeout(now)`; then drain `poll_output()`
//! until `None`, and sleep until `poll_timeout()`.
//!
//! # Bounds
//! Those in [`holder`]; letters have [`message::LETTER_BYTES_MAX`], and no more than the person lends.
//!
//! # Provided / Not provided
//! Provided: a heavy node's part costs its holder what was lent, and nothing else. Not provided: secrecy of the graph from those who hold it.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod holder;
pub mod message;
mod post;
mod reckon;

pub use holder::{Holder, HolderView, Lending, Reckoner};
pub use message::{About, Done, Task, WorkId};
pub use reckon::Processor;
