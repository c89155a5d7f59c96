//! People who mean ill: no machine of ours, but raw messages on real connections.

use codec::Instant;

/// A way of meaning ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malice {
    /// Random bytes on every protocol.
    Garbage,
}

impl Malice {
    /// Every way.
    pub const ALL: [Self; 1] = [Self::Garbage];
}

/// One who means ill.
#[derive(Debug)]
pub(crate) struct Attacker {}

impl Attacker {
    pub(crate) fn handle_input(&mut self, _now: Instant, _input: net::Input) {}
    pub(crate) fn handle_timeout(&mut self, _now: Instant) {}
    pub(crate) fn poll_output(&mut self) -> Option<net::Output> {
        None
    }
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        None
    }
}
