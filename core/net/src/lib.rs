//! Peer protocol machines: messages, links, liveness
