//! libp2p's webrtc-direct in a page: a dial-only [`Transport`] over the browser's `RTCPeerConnection`.
//!
//! What the bytes mean is decided in the crate `webrtc`, without a browser; here is only the plumbing
//! between its state machines and JavaScript. Each stream is one data channel whose events drive a
//! `webrtc::stream::Stream`. A page listens on nothing, so the transport only dials addresses
//! `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…[/p2p/…]`.
//!
//! # How to drive it
//! Give [`Transport::new`] the node's keypair and hand the transport to a libp2p `Swarm` built with
//! a wasm executor. Its output is `(PeerId, Connection)`; `map` the connection into a
//! `StreamMuxerBox` as for any other transport. It works where `RTCPeerConnection` exists, which is
//! on pages and not in workers; elsewhere a dial fails with [`Error::Unsupported`].
//!
//! # Back-pressure
//! A writer waits while the channel's `bufferedAmount` is above [`Config::send_buffer_max`] and goes
//! on at `bufferedamountlow`. JavaScript has no way to pause a channel's reading. Between peers that
//! both run the crate `webrtc`, credit takes its place: the sender waits, nothing is lost. From other
//! peers a stream may have `receive_max` unread bytes; one more resets that stream, and its reader gets
//! an error that says so.
//!
//! # A dead host
//! The browser reports `disconnected` once checks go unanswered. From then the peer has
//! [`Config::disconnect_grace`] to answer one, since losing a few packets looks the same. Then, or as
//! soon as the browser reports `failed` or the SCTP association ends, every stream fails and every
//! waiting task wakes.
//!
//! # Bounds
//! - Streams at a time: [`Config::streams_max`]; the peer's above it are closed on arrival, our own
//!   wait.
//! - Unread bytes of a stream: see `webrtc::stream::Config`; of a connection: [`Config::unread_max`].
//! - Unsent bytes of a stream: [`Config::send_buffer_max`] and two messages.
//! - A dial: [`Config::dial_timeout`].
//!
//! # Provided
//! Dialling, authentication by Noise bound to both certificates, streams with half-close and reset,
//! back-pressure both ways, detection of a dead host, release of every browser object on drop.
//!
//! # Not provided
//! Listening, `/webrtc` between two browsers, names instead of addresses, certificate hashes other
//! than SHA-256.
//!
//! Specification: <https://github.com/libp2p/specs/blob/master/webrtc/webrtc-direct.md>.
#![cfg(target_arch = "wasm32")]

mod address;
mod channel;
mod config;
mod connection;
mod dial;
mod error;
mod js;
mod transport;

pub use channel::Substream;
pub use config::Config;
pub use connection::Connection;
pub use error::Error;
pub use transport::Transport;
