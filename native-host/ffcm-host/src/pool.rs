//! Work that waits for a thread, and threads that wait for work.

use ffcm::{Progress, port::Port};
use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// Most pairs that a thread asks for at once.
const WANTED_MAX: usize = 4096;
/// A share that gave no more interactions than these was hardly worth the hand-over: a thread that sleeps takes some 50 µs to wake.
const SHARE_SMALL: u64 = 10_000;
/// How much more a thread asks for after a small share, and how much less after another.
const WANTED_STEP: usize = 2;

/// How many pairs a thread asks for.
///
/// The oldest pair of a net that is a tree holds half of all that is left, and what comes of it meets little of what stays; one
/// is then best. Where pairs come to nothing, threads ask for more and more.
#[derive(Debug)]
pub(crate) struct Appetite {
    wanted: usize,
    /// Interactions that its thread had done when it asked last.
    done: u64,
}

impl Appetite {
    pub(crate) fn new() -> Self {
        Self { wanted: 0, done: 0 }
    }

    /// What to ask for, by a thread that has done so many interactions in all.
    pub(crate) fn after(&mut self, done: u64) -> usize {
        let small = done - self.done <= SHARE_SMALL;
        self.wanted =
            if small { self.wanted * WANTED_STEP } else { self.wanted / WANTED_STEP }.clamp(1, WANTED_MAX);
        self.done = done;
        self.wanted
    }
}

#[derive(Debug)]
struct Waiting {
    pairs: Vec<[Port; 2]>,
    /// Threads that wait.
    idle: usize,
    /// Pairs that they ask for, all together.
    wanted: usize,
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
            waiting: Mutex::new(Waiting { pairs, idle: 0, wanted: 0, progress: Progress::Done }),
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

    /// Gives the oldest of `pairs` away, as many as are asked for, but no more than half: from the oldest more work comes than from the newest. How many it gave.
    pub(crate) fn give(&self, pairs: &[[Port; 2]]) -> usize {
        let mut waiting = self.lock();
        // Somebody else gave already, and nobody came for it yet.
        if !waiting.pairs.is_empty() {
            return 0;
        }
        let share = (pairs.len() / 2).min(waiting.wanted);
        waiting.pairs.extend_from_slice(&pairs[..share]);
        self.changed.notify_all();
        share
    }

    /// Waits for work, and takes as many pairs as are `wanted`, or its part of fewer. `false` if there will be none.
    pub(crate) fn take(&self, pairs: &mut Vec<[Port; 2]>, wanted: usize) -> bool {
        let mut waiting = self.lock();
        waiting.idle += 1;
        waiting.wanted += wanted;
        self.hungry.store(waiting.idle, Ordering::Relaxed);
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return false;
            }
            if !waiting.pairs.is_empty() {
                let share = (waiting.pairs.len() * wanted).div_ceil(waiting.wanted);
                waiting.idle -= 1;
                waiting.wanted -= wanted;
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
