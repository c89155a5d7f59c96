//! Work that waits for a thread, and threads that wait for work.

use ffcm::{Progress, port::Port};
use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// Most pairs that are given away at once.
const GIVEN_MAX: usize = 4096;

#[derive(Debug)]
struct Waiting {
    pairs: Vec<[Port; 2]>,
    /// Threads that wait.
    idle: usize,
    progress: Progress,
}

#[derive(Debug)]
pub(crate) struct Pool {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    threads: usize,
    /// How many threads wait, for those that work to see without the lock.
    pub(crate) hungry: AtomicUsize,
    /// Whether all shall stop.
    pub(crate) stopped: AtomicBool,
    interactions: AtomicU64,
    interactions_max: u64,
}

impl Pool {
    /// Before any thread has come, these `pairs` wait.
    pub(crate) fn new(threads: usize, interactions_max: u64, pairs: Vec<[Port; 2]>) -> Self {
        Self {
            waiting: Mutex::new(Waiting { pairs, idle: 0, progress: Progress::Done }),
            changed: Condvar::new(),
            threads,
            hungry: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            interactions: AtomicU64::new(0),
            interactions_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the threads stopped.
    pub(crate) fn progress(&self) -> Progress {
        self.lock().progress
    }

    /// Makes all stop. The first reason counts.
    pub(crate) fn stop(&self, progress: Progress) {
        let mut waiting = self.lock();
        if !self.stopped.swap(true, Ordering::Relaxed) {
            waiting.progress = progress;
        }
        self.changed.notify_all();
    }

    /// Counts so many interactions towards the cap.
    pub(crate) fn tell(&self, interactions: u64) {
        if self.interactions_max == u64::MAX {
            return;
        }
        let before = self.interactions.fetch_add(interactions, Ordering::Relaxed);
        if before + interactions >= self.interactions_max {
            self.stop(Progress::Capped);
        }
    }

    /// Gives the older half away: from those pairs more work comes than from the newest.
    pub(crate) fn give(&self, pairs: &mut Vec<[Port; 2]>) {
        let half = (pairs.len() / 2).min(GIVEN_MAX);
        let mut waiting = self.lock();
        // Somebody else gave already, and nobody came for it yet.
        if waiting.pairs.is_empty() {
            waiting.pairs.extend(pairs.drain(..half));
            self.changed.notify_all();
        }
    }

    /// Waits for work, and takes a share of it. `false` if there will be none.
    pub(crate) fn take(&self, pairs: &mut Vec<[Port; 2]>) -> bool {
        let mut waiting = self.lock();
        waiting.idle += 1;
        self.hungry.store(waiting.idle, Ordering::Relaxed);
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return false;
            }
            if !waiting.pairs.is_empty() {
                let share = waiting.pairs.len().div_ceil(waiting.idle);
                waiting.idle -= 1;
                self.hungry.store(waiting.idle, Ordering::Relaxed);
                let rest = waiting.pairs.len() - share;
                pairs.extend(waiting.pairs.drain(rest..));
                return true;
            }
            if waiting.idle == self.threads {
                // Nobody works and nothing waits: the net is in normal form.
                self.stopped.store(true, Ordering::Relaxed);
                self.changed.notify_all();
                return false;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn guard(&self) -> Guard<'_> {
        Guard(self)
    }
}

/// Makes all threads stop if one panics.
pub(crate) struct Guard<'p>(&'p Pool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(Progress::Running);
        }
    }
}
