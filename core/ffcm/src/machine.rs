//! The strict machine of one thread.

use crate::{
    book::Book,
    heap::{Heap, Limits},
    normal::NormalForm,
    port::Port,
    rules::{Reducer, Resource, Tally},
};

/// How far a machine has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The budget is spent; there is more to do.
    Running,
    /// No pair is left: the net is in normal form.
    Done,
    /// The heap is full. What was done stands; no pair is lost.
    Full(Resource),
    /// [`Limits::interactions_max`] is reached.
    Capped,
}

impl Progress {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        self != Self::Running
    }
}

/// Reduces a book's `main` with one thread, the newest pair first.
#[derive(Debug)]
pub struct Machine<'b> {
    reducer: Reducer<'b, Heap>,
    root: u32,
    interactions_max: u64,
    stopped: Option<Progress>,
}

impl<'b> Machine<'b> {
    /// Before the first step.
    ///
    /// # Errors
    /// What there is not enough of for `main` itself.
    pub fn new(book: &'b Book, limits: Limits) -> Result<Self, Resource> {
        let mut reducer = Reducer::new(book, Heap::new(&limits));
        let root = reducer.start()?;
        Ok(Self { reducer, root, interactions_max: limits.interactions_max, stopped: None })
    }

    /// Reduces so many pairs at most. A pair that a definition meets may count as several interactions.
    pub fn run(&mut self, pairs: u64) -> Progress {
        if let Some(stopped) = self.stopped {
            return stopped;
        }
        let mut left = pairs;
        while left > 0 {
            // The cap is looked at once in a while, more often near it.
            let remaining = self.interactions_max.saturating_sub(self.reducer.tally.interactions());
            if remaining == 0 {
                return self.stop(if self.reducer.space.pairs.is_empty() {
                    Progress::Done
                } else {
                    Progress::Capped
                });
            }
            let chunk = left.min((remaining / 64).clamp(1, 1 << 16));
            left -= chunk;
            for _ in 0..chunk {
                let Some([a, b]) = self.reducer.space.pairs.pop() else { return self.stop(Progress::Done) };
                if let Err(resource) = self.reducer.reduce(a, b) {
                    self.reducer.space.pairs.push([a, b]);
                    return self.stop(Progress::Full(resource));
                }
            }
        }
        Progress::Running
    }

    #[cold]
    fn stop(&mut self, progress: Progress) -> Progress {
        self.stopped = Some(progress);
        progress
    }

    /// What was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.reducer.tally
    }

    /// Its heap.
    #[must_use]
    pub fn heap(&self) -> &Heap {
        &self.reducer.space
    }

    /// What stands at the root: the result, once [`Progress::Done`].
    #[must_use]
    pub fn result(&self) -> NormalForm<'_> {
        NormalForm::new(self.reducer.book, Port::wire(self.root), self.heap())
    }
}

#[cfg(test)]
mod tests;
