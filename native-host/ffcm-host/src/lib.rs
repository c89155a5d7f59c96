//! Interaction nets on all of a machine's threads, over one shared heap.
//!
//! The rules are `ffcm`'s own ([`ffcm::rules::Reducer`]); here is the heap that threads share and the hand-over of work. A thread
//! reduces the pairs that it made, newest first, and gives its oldest away as soon as another has none. Results and counts
//! are those of one thread.
//!
//! ```
//! use ffcm::{Book, Limits, Progress};
//!
//! let book = Book::read("@main = a & @two ~ (3 $([+4] a)) @two = (b b)")?;
//! let finished = ffcm_host::run(&book, Limits::default(), 2);
//! assert_eq!(finished.progress(), Progress::Done);
//! assert_eq!(finished.result().expect("it was started").to_string(), "7");
//! # Ok::<(), ffcm::BookError>(())
//! ```
//!
//! # Why no link is lost
//! A node is reached through its principal port alone, and that is in one thread's hand; so its numbers are written and read
//! plainly, ordered by what handed the port over: a wire or the pool's lock. A wire has two ends. Who brings a port to an empty
//! wire exchanges it in one step; who finds something there is the last to know the wire, and frees it. What that thread
//! writes into it then, that it is empty, comes before anything that is done to the wire once it is used again.
//!
//! # Bounds
//! The limits that are handed in, for all threads together, of which the system takes note at once and gives memory as it is written; where it refuses
//! that much, half of what it would give. Each thread may sit on a few slices of free places, so that a heap can be
//! full for one while others have room: at most a quarter of the limits.
#![forbid(unsafe_code)]

mod heap;
mod pool;

use ffcm::{
    Book, Limits, NormalForm, Progress, Tally,
    port::Port,
    rules::{Reducer, Space},
};
use heap::{Heap, Worker};
use pool::{Appetite, Pool};
use std::{
    sync::atomic::Ordering,
    thread::{self, ScopedJoinHandle},
};

/// Most threads that are started.
pub const THREADS_MAX: usize = 256;
/// Pairs that a thread reduces before it looks around.
const STRETCH: u32 = 64;

/// A net that the threads have left.
#[derive(Debug)]
pub struct Finished<'b> {
    book: &'b Book,
    heap: Heap,
    root: Option<u32>,
    progress: Progress,
    tally: Tally,
}

impl Finished<'_> {
    /// Why they left it; never [`Progress::Running`].
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// What they did, all together.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What stands at the root: the result, if they are [`Progress::Done`]. `None` if not even `main` had room.
    #[must_use]
    pub fn result(&self) -> Option<NormalForm<'_>> {
        Some(NormalForm::new(self.book, Port::wire(self.root?), &self.heap))
    }
}

/// Reduces a book's `main` with so many threads, 1 to [`THREADS_MAX`].
///
/// # Panics
/// If a thread does: none should.
#[must_use]
pub fn run(book: &Book, limits: Limits, threads: usize) -> Finished<'_> {
    let threads = threads.clamp(1, THREADS_MAX);
    let heap = Heap::new(&limits, threads);
    let mut starter = Reducer::new(book, Worker::new(&heap));
    let started = starter.start();
    let Reducer { tally, space, .. } = starter;
    let pairs = space.leave();
    let root = match started {
        Ok(root) => root,
        Err(resource) => {
            return Finished { book, heap, root: None, progress: Progress::Full(resource), tally };
        }
    };
    let mut tally = tally;
    let pool = &Pool::new(threads, limits.interactions_max, pairs);
    let heap_of_all = &heap;
    // Each thread allocates for itself: what it writes all the time must not lie in a cache line with the book, which all of them read.
    let work = || work(Reducer::new(book, Worker::new(heap_of_all)), pool);
    let alone = || vec![work()];
    let together = || {
        thread::scope(|scope| {
            let lead = move || {
                // If the system gives too few threads, those that it gave must not wait for the others.
                let _guard = pool.guard();
                let started: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
                let own = work();
                started.into_iter().map(joined).chain([own]).collect()
            };
            // The caller waits before others are started. Else systems put two on one processor, and leave them there.
            joined(scope.spawn(lead))
        })
    };
    let parts: Vec<Tally> = if threads == 1 { alone() } else { together() };
    parts.iter().for_each(|part| tally.add(part));
    Finished { book, root: Some(root), progress: pool.progress(), tally, heap }
}

/// What a thread gives that has ended; if it panicked, so does this one.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What one thread does until no pair is left anywhere.
fn work(mut reducer: Reducer<'_, Worker<'_>>, pool: &Pool) -> Tally {
    // If this thread panics, the others must not wait for it.
    let _guard = pool.guard();
    let mut told = 0;
    let mut appetite = Appetite::new();
    // So many of the oldest pairs were given away. They stay where they are until they are the most, so that none is moved often.
    let mut given = 0;
    loop {
        for _ in 0..STRETCH {
            if reducer.space.pairs.len() == given {
                break;
            }
            let Some([a, b]) = reducer.space.pairs.pop() else { break };
            if let Err(resource) = reducer.reduce(a, b) {
                reducer.space.push(a, b);
                pool.stop(Progress::Full(resource));
                break;
            }
        }
        let done = reducer.tally.interactions();
        pool.tell(done - told);
        told = done;
        if pool.stopped.load(Ordering::Relaxed) {
            return reducer.tally;
        }
        let pairs = &mut reducer.space.pairs;
        if given > pairs.len() / 2 {
            pairs.drain(..given);
            given = 0;
        }
        if pairs.is_empty() {
            if !pool.take(pairs, appetite.after(done)) {
                return reducer.tally;
            }
        } else if pairs.len() - given > 1 && pool.hungry.load(Ordering::Relaxed) > 0 {
            given += pool.give(&pairs[given..]);
        }
    }
}

#[cfg(test)]
mod tests;
