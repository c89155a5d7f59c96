//! Wrong bytes of a peer: after some within an hour, no more of its bytes are taken.

use codec::Instant;

/// Wrong bytes that are too many.
const STRIKES_MAX: u32 = 3;
/// Milliseconds after the last of them at which all are forgiven: over weeks, a bad cable makes as many.
pub(crate) const STRIKES_MS: u64 = 3_600_000;

/// What one peer has to answer for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Strikes {
    count: u32,
    last: Instant,
}

impl Strikes {
    pub(crate) fn add(&mut self, now: Instant) {
        self.count = if self.is_old(now) { 1 } else { self.count.saturating_add(1) };
        self.last = now;
    }

    pub(crate) fn is_out(&self, now: Instant) -> bool {
        self.count >= STRIKES_MAX && !self.is_old(now)
    }

    fn is_old(&self, now: Instant) -> bool {
        now.since_ms(self.last) >= STRIKES_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_without_wrong_bytes_forgives_those_before() {
        let (mut strikes, at) = (Strikes::default(), Instant::from_unix_ms);
        strikes.add(at(10));
        strikes.add(at(10 + STRIKES_MS));
        strikes.add(at(11 + STRIKES_MS));
        assert!(!strikes.is_out(at(11 + STRIKES_MS)), "the first is an hour old");
        strikes.add(at(12 + STRIKES_MS));
        assert!(strikes.is_out(at(11 + 2 * STRIKES_MS)));
        assert!(!strikes.is_out(at(12 + 2 * STRIKES_MS)));
    }
}
