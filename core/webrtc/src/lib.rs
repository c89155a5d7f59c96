//! The libp2p webrtc-direct wire, without any input or output of its own.
//!
//! A WebRTC data channel carries messages, and closing it closes both directions at once. libp2p
//! wants byte streams with half-close and reset. The specification bridges the two with a tiny
//! protobuf frame around every message ([`frame`]) and a handshake of flags ([`stream`]). The
//! connection itself is set up without signalling: the dialler writes both halves of the SDP
//! exchange from the multiaddress alone ([`sdp`]), and a Noise handshake over channel 0 binds the
//! peer's identity to both certificates ([`certhash`]).
//!
//! A browser shell (on `RTCPeerConnection`) and a native shell (on a UDP socket) both drive the
//! same [`stream::Stream`]:
//!
//! - every message of the channel goes in through `handle_input`, also the channel's end;
//! - the person's side uses the commands `read`, `write`, `flush`, `close_write`, `abandon`;
//! - after each call, `poll_output` is drained until `None`, then `poll_timeout` says when to call
//!   `handle_timeout`. Time is a [`Instant`]: the time since an origin that the shell picks.
//!
//! ```
//! use core::time::Duration;
//! use webrtc::stream::{Config, Input, Output, Stream};
//!
//! let now = Duration::ZERO;
//! let (mut a, mut b) = (Stream::new(Config::default()), Stream::new(Config::default()));
//! assert_eq!(a.write(b"hello"), Ok(5));
//! a.close_write(now);
//! while let Some(output) = a.poll_output() {
//!     if let Output::Send(message) = output {
//!         b.handle_input(now, Input::Message(&message));
//!     }
//! }
//! let mut buf = [0; 16];
//! assert_eq!(b.read(&mut buf), Ok(5));
//! assert_eq!(b.read(&mut buf), Ok(0), "the end of the stream");
//! ```
//!
//! # Flow control
//!
//! SCTP's window belongs to the whole connection, and a browser gives a page no way to pause a
//! channel. So a slow reader would have to buffer without end or lose its stream. Two peers that both
//! run this crate avoid that with one more protobuf field ([`frame::Frame::credit`]), the meaning of
//! QUIC's `MAX_STREAM_DATA`: the number of bytes that the receiver is ready to take in this stream.
//! Other implementations skip the unknown field, as protobuf asks, and are recognised by its absence
//! in the first frame they send; towards them a stream sends freely and in messages of at most 8 KiB.
//!
//! # Bounds
//!
//! - A frame, length prefix included: [`frame::MESSAGE_LEN_MAX`]; an incomplete one is the only thing
//!   a decoder keeps.
//! - A stream's unread bytes: [`stream::Config::receive_window`] from a peer that honours credit,
//!   [`stream::Config::receive_max`] from one that does not. Past it the stream is reset.
//! - A stream's unsent bytes: two messages.
//! - The wait for a peer's last acknowledgement: [`stream::Config::linger`].
//!
//! # Provided
//!
//! Frames, half-close, reset, acknowledged close, flow control, the SDP of a dialler, fingerprints in
//! their three spellings, the Noise prologue.
//!
//! # Not provided
//!
//! ICE, DTLS and SCTP (the browser's, or a library's in the native shell), the Noise handshake
//! itself, browser-to-browser `/webrtc` signalling, certificate hashes other than SHA-256.
//!
//! Specification: <https://github.com/libp2p/specs/tree/master/webrtc> (r1, 2023-04-12).
#![no_std]

extern crate alloc;

pub mod certhash;
pub mod frame;
pub mod sdp;
pub mod stream;

/// A moment: the time since an origin that the shell picks once and keeps.
pub type Instant = core::time::Duration;
