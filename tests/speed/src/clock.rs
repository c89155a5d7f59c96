//! The time that this thread had a processor, where the system tells; else the time on the wall.

use std::{fs, sync::OnceLock, time::Instant};

/// Seconds since some moment. Differences of two of these are what counts: on a machine that does other things besides, they stay what they are
/// on a quiet one.
pub(crate) fn seconds() -> f64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let began = BEGAN.get_or_init(Instant::now);
    let nanoseconds = fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| began.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}
