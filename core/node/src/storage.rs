//! The queue before a node's store: one commit at a time, each carrying all that had gathered.

use alloc::{collections::VecDeque, vec::Vec};
use codec::Instant;
use store::{Batch, StoreError};

/// Milliseconds between tries while the store fails.
const RETRY_MS: u64 = 1_000;

/// Names a commit that the shell was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// A batch, and what follows once it is durable.
#[derive(Debug)]
pub(crate) struct Part<E> {
    pub(crate) batch: Batch,
    pub(crate) effect: E,
    /// Whether a failed commit is tried again, or told.
    pub(crate) retry: bool,
}

/// Parts in order, of which those that gathered during one commit make up the next.
#[derive(Debug)]
pub(crate) struct Queue<E> {
    waiting: VecDeque<Part<E>>,
    in_flight: Option<(Ticket, Vec<Part<E>>)>,
    tickets: u64,
    retry_at: Option<Instant>,
    error: Option<StoreError>,
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self { waiting: VecDeque::new(), in_flight: None, tickets: 0, retry_at: None, error: None }
    }

    pub(crate) fn push(&mut self, part: Part<E>) {
        self.waiting.push_back(part);
    }

    /// As [`Queue::push`], before all that wait.
    pub(crate) fn push_first(&mut self, part: Part<E>) {
        self.waiting.push_front(part);
    }

    /// Whether a commit may begin now.
    pub(crate) fn is_idle(&self, now: Instant) -> bool {
        self.in_flight.is_none() && self.retry_at.is_none_or(|at| at <= now)
    }

    /// The commit to begin, where there is something to store.
    pub(crate) fn begin(&mut self, now: Instant) -> Option<(Ticket, Batch)> {
        if !self.is_idle(now) || self.waiting.is_empty() {
            return None;
        }
        self.retry_at = None;
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let parts: Vec<Part<E>> = self.waiting.drain(..).collect();
        let mut batch = Batch::new();
        for part in &parts {
            batch.append(part.batch.clone());
        }
        self.in_flight = Some((ticket, parts));
        Some((ticket, batch))
    }

    /// The commit ended: what is durable now, and what failed for good.
    pub(crate) fn end(
        &mut self,
        now: Instant,
        ticket: Ticket,
        result: Result<(), StoreError>,
    ) -> (Vec<E>, Vec<E>) {
        let Some((_, parts)) = self.in_flight.take_if(|(current, _)| *current == ticket) else {
            return (Vec::new(), Vec::new());
        };
        match result {
            Ok(()) => {
                self.error = None;
                (parts.into_iter().map(|part| part.effect).collect(), Vec::new())
            }
            Err(error) => {
                self.error = Some(error);
                self.retry_at = Some(now.plus_ms(RETRY_MS));
                let (again, failed): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.retry);
                for part in again.into_iter().rev() {
                    self.waiting.push_front(part);
                }
                (Vec::new(), failed.into_iter().map(|part| part.effect).collect())
            }
        }
    }

    /// The last failure, while the store keeps failing.
    pub(crate) const fn error(&self) -> Option<&StoreError> {
        self.error.as_ref()
    }

    /// When to begin again after a failure, where something waits, here or (`more`) with the owner.
    pub(crate) fn poll_timeout(&self, more: bool) -> Option<(Instant, &'static str)> {
        self.retry_at.filter(|_| more || !self.waiting.is_empty()).map(|at| (at, "store again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch may have many megabytes, and everybody waits for the loop that begins the commit.
    #[test]
    fn a_commit_shares_the_bytes_that_a_retry_keeps() {
        let mut queue = Queue::new();
        let (mut batch, value) = (Batch::new(), alloc::vec![7; 1_000]);
        let lies_at = value.as_ptr();
        batch.put(b"key", value);
        queue.push(Part { batch: batch.clone(), effect: (), retry: true });
        let shares = |batch: &Batch| {
            let mut changes = batch.changes();
            matches!(changes.next(), Some(store::Change::Put(entry)) if entry.value.as_ptr() == lies_at)
        };
        let now = Instant::from_unix_ms(1_000_000);
        let (ticket, begun) = queue.begin(now).unwrap();
        assert!(shares(&begun));
        queue.end(now, ticket, Err(StoreError::Full));
        let (_, again) = queue.begin(now.plus_ms(RETRY_MS)).unwrap();
        assert!(shares(&again) && again == batch);
    }

    #[test]
    fn a_retry_under_way_wakes_nobody() {
        let mut queue = Queue::new();
        let part = |retry| Part { batch: Batch::new(), effect: (), retry };
        let now = Instant::from_unix_ms(1_000_000);
        queue.push(part(true));
        let (ticket, _) = queue.begin(now).unwrap();
        queue.end(now, ticket, Err(StoreError::Full));
        let (at, _) = queue.poll_timeout(false).unwrap();
        assert_eq!(at, now.plus_ms(RETRY_MS));
        assert!(queue.begin(now).is_none(), "not before its time");

        let (ticket, _) = queue.begin(at).unwrap();
        queue.push(part(true));
        assert_eq!(queue.poll_timeout(true), None, "the end of the commit is awaited, not a moment");
        let (durable, failed) = queue.end(at, ticket, Ok(()));
        assert_eq!((durable.len(), failed.len()), (1, 0));
        assert!(queue.begin(at).is_some(), "what had gathered goes next");
    }
}
