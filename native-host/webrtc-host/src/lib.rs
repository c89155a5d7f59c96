//! libp2p's webrtc-direct for native nodes, so that a page can dial a host that has no TLS certificate.
//!
//! A page's browser speaks ICE, DTLS and SCTP by itself; this crate is the other end. It puts three
//! sans-IO machines on one UDP socket (`is` for STUN, `dimpl` for DTLS, `sctp-proto` for SCTP, which
//! are what `str0m` is composed of), proves the peers' identities with Noise over channel 0, and gives
//! libp2p a [`StreamMuxer`](libp2p_core::muxing::StreamMuxer) whose streams are data channels. The
//! frames and states of a stream are the `webrtc` crate's, the same that the page runs.
//!
//! ```no_run
//! use libp2p_core::Transport as _;
//! use libp2p_core::transport::ListenerId;
//! use webrtc_host::{Certificate, Config, Transport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = libp2p_identity::Keypair::generate_ed25519();
//! let certificate = Certificate::generate()?;
//! std::fs::write("certificate.pem", certificate.to_pem())?;
//! let mut transport = Transport::new(identity, certificate, Config::default())?;
//! transport.listen_on(ListenerId::next(), "/ip4/0.0.0.0/udp/0/webrtc-direct".parse()?)?;
//! // From here libp2p's swarm polls it: `SwarmBuilder::with_other_transport`.
//! # Ok(())
//! # }
//! ```
//!
//! # Tasks
//! A listener has one task that receives for all its connections, and each connection has a task of
//! its own that decrypts, acknowledges and sends. A dialled connection has its own socket, as browsers
//! have: a listener tells its peers apart by address and port.
//!
//! # Flow control
//! A message stays in SCTP until its stream has room, so a slow reader closes the association's
//! window and the peer stops. The window is shared: one stream that nobody reads holds up the others
//! of its connection once it has filled both its own buffer and the window. Peers that run the
//! `webrtc` crate also honour credit for each stream and do not get that far.
//!
//! # Bounds
//! All in [`Config`]: connections and handshakes under way of a listener, handshakes of one address,
//! open channels of a connection, unread bytes of a stream and of a connection, unacknowledged bytes of
//! both. A channel takes nothing out of SCTP before it is accepted, and so not before its peer is
//! authenticated; one that closes before that is forgotten. Datagrams
//! waiting for a connection's task: as many bytes as its window. Addresses that passed a connectivity
//! check: 4096, for ten seconds. A peer that is silent for [`Config::peer_timeout`] is gone. An idle
//! connection takes about 30 KiB.
//!
//! # Provided
//! Listening with a persistent certificate, dialling, identities proved by Noise and bound to both
//! certificates, answers only to checked addresses and DTLS cookies before any computing, back-pressure
//! in both directions, half-close, reset, segmentation and receive offload.
//!
//! # Not provided
//! Hole punching and `/webrtc` signalling between browsers, addresses of peers that change during a
//! connection, DTLS 1.3, ICE over TCP. The kernel limits socket buffers (`net.core.rmem_max`): a host
//! with many busy connections should raise it.
//!
//! Specification: <https://github.com/libp2p/specs/blob/master/webrtc/webrtc-direct.md> (r1, 2023-04-12).

mod address;
mod certificate;
mod config;
mod connection;
mod datagrams;
mod dcep;
mod driver;
mod error;
mod greeted;
mod handshake;
mod ice;
mod listener;
mod muxer;
mod session;
mod socket;
mod transport;

pub use certificate::{Certificate, CertificateError};
pub use config::Config;
pub use error::Error;
pub use muxer::{Muxer, Stream};
pub use session::CloseReason;
pub use transport::Transport;
