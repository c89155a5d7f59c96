//! Ended jobs of which nothing is left but that they ended: they are not run, nor credited, again.

use super::{Scheduler, stored::Deadline, stored::forgotten_key};
use alloc::collections::{BTreeMap, BTreeSet};
use codec::{ContentId, Instant, encode};

/// Ids of ended jobs, until their deadlines: nobody takes a job after that.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    deadlines: BTreeMap<ContentId, Instant>,
    order: BTreeSet<(Instant, ContentId)>,
}

impl Forgotten {
    pub(super) fn has(&self, id: ContentId) -> bool {
        self.deadlines.contains_key(&id)
    }

    pub(super) fn insert(&mut self, id: ContentId, deadline: Instant) {
        if let Some(before) = self.deadlines.insert(id, deadline) {
            self.order.remove(&(before, id));
        }
        self.order.insert((deadline, id));
    }

    fn pop(&mut self) -> Option<ContentId> {
        let (_, id) = self.order.pop_first()?;
        self.deadlines.remove(&id);
        Some(id)
    }
}

impl Scheduler {
    /// Remembers an ended job's id; who could be submitted again for the shortest time goes first where they are too many.
    pub(super) fn keep_id(&mut self, id: ContentId, deadline: Instant) {
        self.forgotten.insert(id, deadline);
        self.batch.put(forgotten_key(id), encode(&Deadline(deadline)));
        while self.forgotten.deadlines.len() > self.config.forgotten_max as usize {
            let Some(gone) = self.forgotten.pop() else { return };
            self.batch.delete(forgotten_key(gone));
        }
    }

    /// Lets go of ids that can no longer be submitted.
    pub(super) fn drop_ids(&mut self, now: Instant) {
        while self.forgotten.order.first().is_some_and(|(deadline, _)| *deadline <= now) {
            let Some(gone) = self.forgotten.pop() else { return };
            self.batch.delete(forgotten_key(gone));
        }
    }
}
