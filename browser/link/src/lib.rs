//! The page's connections: a libp2p swarm between the node and its peers.
#![cfg(target_arch = "wasm32")]
