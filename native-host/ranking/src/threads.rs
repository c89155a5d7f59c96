//! Threads for a solve.

use rank::Workers;
use std::{num::NonZero, thread};

/// So many threads, started for each sweep: tens of microseconds, of a sweep's milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    count: usize,
}

/// A sweep over fewer edges and nodes than this is done before threads have started.
const WORTH_A_THREAD: usize = 100_000;

impl Threads {
    /// `count` threads, or as many as this machine has processors; never more than its edges and nodes are worth.
    pub fn new(count: Option<usize>, edges_and_nodes: usize) -> Self {
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        let worth = edges_and_nodes / WORTH_A_THREAD + 1;
        Self { count: count.unwrap_or_else(|| processors().min(worth)).max(1) }
    }
}

impl Workers for Threads {
    fn count(&self) -> usize {
        self.count
    }

    fn each<T: Send>(&self, mut tasks: Vec<T>, run: impl Fn(T) + Sync) {
        // The caller's thread takes the last part itself.
        let own = tasks.pop();
        thread::scope(|scope| {
            for task in tasks {
                scope.spawn(|| run(task));
            }
            own.into_iter().for_each(&run);
        });
    }
}
