//! Between page and worker: the messages, and the handle that the page's views use.
//!
//! A tab's node is split in two. The worker drives the node's machine and its store, so that nothing the
//! node computes delays what a person sees. The page has what browsers give to pages alone: WebRTC, in a
//! [`link::Link`]. A [`Handle`] starts both and joins them; the page's views see the node only through it.
//!
//! # How to drive it
//! On the page: [`Handle::start`] with a callback for [`Event`]s, then its methods. In the worker:
//! [`unpack`] what comes and [`post`] what goes, in terms of [`ToWorker`] and [`FromWorker`].
//!
//! # Messages
//! They are carried as [`channel`] says. Which byte arrays belong to which message stands with its variant.
//!
//! # Bounds
//! [`COMMANDS_MAX`] unanswered questions at a time. A view is sent only after the
//! page has shown the one before, and no sooner than a tenth of a second after it.
//!
//! # Provided / Not provided
//! Provided: an end to every command, also when the worker fails; the host's list of heavy nodes, asked
//! for at start, every minute, and when no link is left. Not provided: a restart of a failed worker,
//! for which the person reloads the page.
#![cfg(target_arch = "wasm32")]

mod begin;
mod handle;
pub mod host;
#[cfg(feature = "jobs")]
mod jobs;
mod message;
mod network;
#[cfg(feature = "jobs")]
mod reckoner;
mod verify;
mod wire;

pub use channel::{MessageError, post, unpack};
pub use handle::{COMMANDS_MAX, Event, Handle};
#[cfg(feature = "jobs")]
pub use jobs::{Checked, JobsAnswer, JobsAsk, Signed};
pub use message::{FromWorker, Status, ToWorker, Tried};
pub use network::ask_network;
#[cfg(feature = "jobs")]
pub use reckoner::{Reckoner, Word};
pub use verify::verify;
pub use wire::{NetFailure, NetInput, NetOutput};
