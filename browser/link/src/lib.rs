//! The page's connections: a libp2p swarm between the node and its peers.
//!
//! The node decides whom to dial and what to say; it does so elsewhere, in terms of `net`'s
//! [`Output`](net::Output) and [`Input`](net::Input). A [`Link`] does what an output asks and tells what
//! happens as inputs. It lives on the page and not in a worker, because that is where browsers have
//! WebRTC.
//!
//! # How to drive it
//! [`Link::start`] with the node's secret seed, from which the libp2p identity comes, and a callback for
//! inputs; then [`Link::handle`] for every output. Dropping the link closes all connections.
//!
//! # Transports
//! webrtc-direct by the crate `webrtc_tab`, and WebSocket with Noise and Yamux. A page only dials.
//!
//! # Bounds
//! - A message: [`net::Protocol::request_bytes_max`] and [`net::Protocol::response_bytes_max`], refused by its
//!   length prefix.
//! - Requests of one peer under way: [`STREAMS_MAX`] per connection and protocol, in both directions
//!   together.
//! - Bytes that came over a WebSocket and are not yet read: [`UNREAD_MAX`].
//! - A dial: [`DIAL_PATIENCE`]. A request that is never answered: [`REQUEST_PATIENCE`].
//!
//! # Provided / Not provided
//! Provided: one `Connected` and one `Disconnected` per peer however many connections it has; a dial to
//! one address that accepts one identity; an end to every dial and request. Not provided: listening,
//! address discovery, libp2p's identify and ping (the endpoint in `net` greets and pings by itself).
#![cfg(target_arch = "wasm32")]

mod codec;
mod swarm;
mod websocket;

pub use swarm::{DIAL_PATIENCE, Link, LinkError, REQUEST_PATIENCE, STREAMS_MAX};
pub use websocket::UNREAD_MAX;
