//! Who a node is connected to: dialing, falling back, liveness, and requests with their answers.
//!
//! An [`Endpoint`] is one node's side of all its connections. Ribs speak through it in requests and
//! responses, each a length-delimited message on a stream of its own, bounded by its [`Protocol`]; what
//! the bytes mean is the rib's business. The endpoint keeps wanted peers connected: it tries their
//! addresses in the order of the transports that the shell has, backs off with jitter, says hello, pings,
//! and gives a link up when no answer comes, so that a dead host is noticed within
//! [`endpoint::PING_EVERY_MS`] + [`endpoint::PING_PATIENCE_MS`] milliseconds.
//!
//! # How to drive it
//! `handle_input(now, Input)` and `handle_timeout(now)`, then drain `poll_output()` (for the shell) and
//! `poll_event()` (for the node that owns the endpoint) until both give `None`, then sleep until
//! `poll_timeout()`. The shell merges several connections to one peer into one: `Connected` for the
//! first, `Disconnected` after the last.
//!
//! # Bounds
//! [`Limits`]: connected peers, requests under way per peer in either direction. Message sizes are
//! bounded by protocol. Addresses per wanted peer: [`endpoint::ADDRESSES_MAX`].
//!
//! # Provided / Not provided
//! Provided: at-most-once delivery of each request, a definite end (answer or failure) for each within
//! [`endpoint::REQUEST_PATIENCE_MS`]. Not provided: retries (ribs repeat what is idempotent), ordering
//! between requests, encryption and peer authentication, which are the transport's.
#![no_std]

extern crate alloc;

mod backoff;
pub mod endpoint;
mod message;
#[cfg(test)]
mod tests;
mod transport;

pub use endpoint::{
    Endpoint, Event, Failure, Input, Limits, LinkView, Output, Peer, RequestId, Responder, SendError,
};
pub use message::{Hello, LinkRequest, LinkResponse, Protocol, Role};
pub use transport::Transport;
