//! The time that this thread had a processor: on a machine that does other things besides, it stays what it is on a quiet one.

use cpu_time::ThreadTime;
use std::time::Instant;

/// Seconds that something took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Of this thread's processor.
    pub(crate) processor: f64,
    /// On the wall, waiting for the disk included.
    pub(crate) wall: f64,
}

/// Does `work`, and adds what it took to `spent`.
pub(crate) fn timed<T>(spent: &mut Spent, work: impl FnOnce() -> T) -> T {
    let (processor, wall) = (ThreadTime::now(), Instant::now());
    let done = work();
    spent.processor += processor.elapsed().as_secs_f64();
    spent.wall += wall.elapsed().as_secs_f64();
    done
}
