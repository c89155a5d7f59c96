//! The shell's clock: UTC, and never backwards while the process lives.

use codec::Instant;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

static LATEST_MS: AtomicU64 = AtomicU64::new(0);

/// The moment, or the latest one given before where the system's clock was set back since.
pub(crate) fn now() -> Instant {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    Instant::from_unix_ms(LATEST_MS.fetch_max(ms, Ordering::Relaxed).max(ms))
}

/// How long to wait for `moment`.
pub(crate) fn until(moment: Instant) -> Duration {
    Duration::from_millis(moment.since_ms(now()))
}
