//! Bounded, deterministic bytes: wire encoding, frames, content ids, instants
