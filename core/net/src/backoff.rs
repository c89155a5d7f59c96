use rand_core::Rng;

/// First wait, in milliseconds.
const FIRST_MS: u64 = 500;
/// Longest wait before jitter, in milliseconds.
const LAST_MS: u64 = 30_000;

/// Exponential back-off: doubling waits of ±25 % jitter, so that the tabs of a host that comes back do
/// not all dial in the same instant.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    pub(crate) fn next_ms(&mut self, rng: &mut impl Rng) -> u64 {
        let base = LAST_MS.min(FIRST_MS << self.tries.min(16));
        self.tries = self.tries.saturating_add(1);
        base * 3 / 4 + rng.next_u64() % (base / 2)
    }

    pub(crate) fn reset(&mut self) {
        self.tries = 0;
    }
}
