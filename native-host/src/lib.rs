//! The native shell: the heavy node, the native light node and the `formix` command line.
//!
//! The nodes themselves are the core's machines ([`node::HeavyNode`], [`node::LightNode`]). This package gives them what they ask for:
//! a disk ([`disk::RedbStore`]), a libp2p swarm (WebRTC-direct, WebSocket, QUIC, TCP), HTTP with the page, and a clock. A node's task
//! pumps its machine; everything else looks at the machine through a handle, between two inputs.
//!
//! # How to drive it
//! `formix --help`. `formix heavy` runs one heavy node, `formix up` three on this machine, `formix light` a light node, `formix comp`
//! proposes. Nodes keep everything under `~/.formix/` (`FORMIX_HOME`, `--home`).
//! A program of another kind, such as `examples/crowd.rs`, drives a [`Shell`] by [`clock`] itself.
//!
//! # Bounds
//! Connections and requests by the swarm and by [`net::Limits`]; HTTP connections, bodies, event listeners and waiting proposals by
//! constants in `http`; the control socket by line length and talks; guests of jobs by slots (`guests`), parts of graphs by what is lent. The machines state their own.
//!
//! # Provided / Not provided
//! Provided: nothing acknowledged is lost when a process is killed at any moment; addresses that survive restarts; a clear word and a
//! non-zero exit where something is wrong. Not provided: TLS (put a reverse proxy before it and `--announce` its addresses), encryption
//! at rest, Windows (the control socket is a Unix one).

mod cli;
mod client;
pub mod clock;
mod control;
mod descriptors;
pub mod disk;
mod drive;
mod guests;
mod heavy;
mod home;
mod http;
mod light;
mod near;
mod output;
mod reckon;
mod secrets;
mod stop;
mod swarm;

pub use cli::{main, main_with};
pub use heavy::{Rewrite, Rewriter};
pub use swarm::{Happened, Reach, SetupError, Shell};

/// The software's name and version, as peers are told.
const AGENT: &str = concat!("formix/", env!("CARGO_PKG_VERSION"));
