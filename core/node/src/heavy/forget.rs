//! What a heavy node no longer needs: leftovers of computations that ended, deleted piece by piece, and computations that make room for others.

use super::{COMPUTATIONS_MAX, Effect, HeavyNode};
use crate::storage::Part;
use aggregate::{Leftovers, Tally, differencing};
use alloc::collections::VecDeque;
use codec::{ContentId, Instant, encode};
use store::Batch;

/// Most computations whose leftovers wait for their turn before none is forgotten any more: all that are kept, and as many that are forgotten.
const WAITING_MAX: usize = 2 * COMPUTATIONS_MAX;

/// Leftovers, those of one computation after those of another.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Each computation once.
    waiting: VecDeque<Leftovers>,
    is_under_way: bool,
}

impl Sweep {
    pub(super) fn push(&mut self, leftovers: Leftovers) {
        self.waiting.push_back(leftovers);
    }

    /// Bytes of shares that are still in the store.
    pub(super) fn bytes(&self) -> u64 {
        self.waiting.iter().map(Leftovers::bytes).sum()
    }

    /// Whether the computation is forgotten but for what is still in the store.
    pub(super) fn forgets(&self, id: ContentId) -> bool {
        self.waiting.iter().any(|leftovers| leftovers.id() == id && leftovers.is_forgotten())
    }

    fn take(&mut self, id: ContentId) -> Option<Leftovers> {
        let at = self.waiting.iter().position(|leftovers| leftovers.id() == id)?;
        self.waiting.remove(at)
    }
}

impl HeavyNode {
    /// Gives the next piece to the store. There is one at a time, so that no commit takes more than one along; what gathers meanwhile goes with the
    /// next.
    pub(super) fn sweep(&mut self) {
        while let Some(leftovers) = self.sweep.waiting.front_mut().filter(|_| !self.sweep.is_under_way) {
            if let Some(batch) = leftovers.piece() {
                let effect = Effect::Swept { id: leftovers.id() };
                self.queue.push(Part { batch, effect, retry: true });
                self.sweep.is_under_way = true;
            } else {
                self.sweep.waiting.pop_front();
            }
        }
    }

    /// A piece is deleted.
    pub(super) fn swept(&mut self, id: ContentId) {
        self.sweep.is_under_way = false;
        if let Some(leftovers) = self.sweep.waiting.iter_mut().find(|leftovers| leftovers.id() == id) {
            self.kept_bytes = self.kept_bytes.saturating_sub(leftovers.deleted());
        }
        self.sweep();
    }

    /// Bytes of shares in its store, of those that are still needed and of those that are being deleted.
    pub(super) fn count_kept(&mut self) {
        self.kept_bytes = self.tallies.values().map(Tally::kept_bytes).sum::<u64>() + self.sweep.bytes();
    }

    /// Forgets the oldest computation that has ended, of those that `is_meant`; `false` where there is none.
    pub(super) fn forget_ended(&mut self, now: Instant, is_meant: impl Fn(&Tally) -> bool) -> bool {
        if self.sweep.waiting.len() >= WAITING_MAX {
            return false;
        }
        // Also one that was refused for want of a signature, which may wait for it for ever, and keeps its shares as long.
        // Not before its deadline: until then the proposal could be accepted once more.
        let is_over =
            |tally: &&Tally| tally.end().is_some() && tally.proposal().deadline <= now && is_meant(tally);
        let oldest = self.tallies.values().filter(is_over);
        let oldest = oldest.min_by_key(|tally| tally.proposal().deadline).map(Tally::id);
        let Some((id, tally)) = oldest.and_then(|id| self.tallies.remove_entry(&id)) else { return false };
        self.asked.retain(|(of, _), _| *of != id);
        let mut batch = Batch::new();
        let leftovers = tally.forget(self.sweep.take(id), &mut batch);
        // Whoever fills this node makes it forget a computation, but not who is in its sums.
        if let Some(released) = self.past.get(id) {
            batch.put(differencing::key(id), encode(released));
        }
        self.queue.push(Part { batch, effect: Effect::None, retry: true });
        self.sweep.waiting.extend(leftovers);
        self.sweep();
        true
    }
}
