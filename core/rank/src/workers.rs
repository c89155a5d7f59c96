//! Who does the work: the shell's threads, or whoever calls.

use alloc::vec::Vec;

/// Hands that the shell lends. Nothing that is computed depends on how many there are, nor on the order in which they work.
pub trait Workers {
    /// Into how many parts work is cut.
    fn count(&self) -> usize;

    /// Calls `run` once with each task, in any order, on any threads, and returns when all have returned.
    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync);
}

/// The caller's own thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }

    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync) {
        tasks.into_iter().for_each(run);
    }
}
