//! The shell's clock: UTC, and never backwards or standing still while the process lives.

use codec::Instant;
use std::{
    sync::{Mutex, PoisonError},
    time::{self, Duration, SystemTime, UNIX_EPOCH},
};

static CLOCK: Mutex<Option<Clock>> = Mutex::new(None);

/// A moment that both clocks of the system have told.
#[derive(Debug, Clone, Copy)]
struct Clock {
    utc_ms: u64,
    monotonic: time::Instant,
}

impl Clock {
    /// UTC at `monotonic`, where the system's clock shows `utc_ms`. Where that was set back, time goes on from where it was.
    fn advance(&mut self, utc_ms: u64, monotonic: time::Instant) -> u64 {
        let passed = monotonic.saturating_duration_since(self.monotonic);
        let expected_ms = self.utc_ms.saturating_add(passed.as_millis() as u64);
        // Anchored anew only by a later system clock: fractions of a millisecond would get lost otherwise.
        if utc_ms > expected_ms {
            *self = Self { utc_ms, monotonic };
        }
        utc_ms.max(expected_ms)
    }
}

/// The moment, by the system's clock; where that was set back, by what has passed since.
pub fn now() -> Instant {
    let utc_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    // Read under the lock: who comes later reads later.
    let monotonic = time::Instant::now();
    let clock = clock.get_or_insert(Clock { utc_ms, monotonic });
    Instant::from_unix_ms(clock.advance(utc_ms, monotonic))
}

/// How long to wait for `moment`.
pub fn until(moment: Instant) -> Duration {
    Duration::from_millis(moment.since_ms(now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on() {
        let start = time::Instant::now();
        let after = |micros| start + Duration::from_micros(micros);
        let mut clock = Clock { utc_ms: 1_000_000, monotonic: start };
        assert_eq!(clock.advance(1_000_005, after(5_000)), 1_000_005);
        // An hour back: each tenth of a millisecond still counts.
        let read: Vec<u64> = (0..=20).map(|at| clock.advance(5, after(5_000 + at * 100))).collect();
        assert_eq!((read[0], read[20]), (1_000_005, 1_000_007));
        assert!(read.is_sorted());
        // Set right again, and forward.
        assert_eq!(clock.advance(2_000_000, after(9_000)), 2_000_000);
        assert_eq!(clock.advance(2_000_000, after(12_000)), 2_000_003);
    }
}
