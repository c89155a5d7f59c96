//! What an end leaves in the store, and how it leaves it: in pieces, so that nobody waits long for a commit that takes one along.
//!
//! The record of the end makes a computation ended; which shares are still there follows from the records of the segments, each of which goes
//! after its last share. So a node that is killed between two pieces finds at its start what is left, and deletes on. A piece that is deleted
//! twice does no harm.

use super::{Batch, ContentId, NodeId, Place, Shares, Stage, Tally, Vec, VecDeque, record};
use crate::proposal::REPORT_BYTES_MAX;
use alloc::collections::BTreeSet;

/// Most bytes of shares that one piece deletes.
pub const PIECE_BYTES: u64 = 8 * 1024 * 1024;
/// Most entries that one piece deletes.
pub const PIECE_ENTRIES: usize = 4_096;

const _: () = assert!(2 * REPORT_BYTES_MAX as u64 <= PIECE_BYTES, "a piece takes at least one share");

/// Entries of a computation that ended, or is to be forgotten, to be deleted piece by piece.
#[derive(Debug)]
pub struct Leftovers {
    id: ContentId,
    /// Bytes of one share.
    pub(super) each: u64,
    /// Where shares lie that are in no piece yet, ascending.
    shares: VecDeque<Place>,
    /// Segments whose records are in no piece yet.
    segments: BTreeSet<u32>,
    /// The same for withdrawals.
    withdrawn: Vec<NodeId>,
    /// What is deleted last, where nothing is to remain.
    last: Vec<Vec<u8>>,
    /// Shares in the piece under way.
    under_way: usize,
}

impl Leftovers {
    /// The computation's id.
    pub const fn id(&self) -> ContentId {
        self.id
    }

    /// Bytes of shares that are not deleted durably.
    pub fn bytes(&self) -> u64 {
        (self.shares.len() + self.under_way) as u64 * self.each
    }

    /// Whether nothing of the computation is to remain.
    pub fn is_forgotten(&self) -> bool {
        !self.last.is_empty()
    }

    /// The next piece, of at most [`PIECE_ENTRIES`] entries and [`PIECE_BYTES`] of shares; `None` after the last. It is to be made durable, and told
    /// to [`Leftovers::deleted`] before the next.
    pub fn piece(&mut self) -> Option<Batch> {
        let mut batch = Batch::new();
        let shares_max = (PIECE_BYTES / self.each.max(1)) as usize;
        while batch.changes().len() < PIECE_ENTRIES {
            let share = self.shares.front().copied();
            let segment = self.segments.first().copied();
            if let Some(segment) = segment.filter(|at| share.is_none_or(|share| *at < share.segment)) {
                self.segments.remove(&segment);
                batch.delete(record::segment_key(self.id, segment));
            } else if let Some(place) = share {
                if self.under_way >= shares_max {
                    break;
                }
                self.shares.pop_front();
                self.under_way += 1;
                batch.delete(record::share_key(self.id, place));
            } else if let Some(light) = self.withdrawn.pop() {
                batch.delete(record::withdrawn_key(self.id, light));
            } else {
                // Together: each without the other tells of a computation that never was, or that is to stay.
                if batch.changes().len() + self.last.len() <= PIECE_ENTRIES {
                    self.last.drain(..).for_each(|key| batch.delete(key));
                }
                break;
            }
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// The last [`Leftovers::piece`] is durable. Gives how many bytes of shares that freed.
    pub fn deleted(&mut self) -> u64 {
        core::mem::take(&mut self.under_way) as u64 * self.each
    }

    fn forget(&mut self) {
        self.last = [record::PROPOSAL, record::FORGOTTEN].map(|kind| record::key(self.id, kind)).into();
    }
}

impl Tally {
    /// Whether its end leaves shares without use.
    pub(super) fn is_over(&self) -> bool {
        self.durable == Stage::Done || self.has_given_up()
    }

    /// What its end left in the store, or its being forgotten; once.
    pub fn take_leftovers(&mut self) -> Option<Leftovers> {
        self.leftovers.take()
    }

    /// Adds to `batch` what makes an ended computation forgotten. `leftovers` is what is still to be deleted of those that it left before; what this
    /// gives is to be deleted in their place, and with it goes the last trace.
    pub fn forget(mut self, leftovers: Option<Leftovers>, batch: &mut Batch) -> Option<Leftovers> {
        self.shed();
        for kind in record::STEPS {
            batch.delete(record::key(self.id, kind));
        }
        let mut leftovers = self.leftovers.take().or(leftovers);
        match &mut leftovers {
            None => batch.delete(record::key(self.id, record::PROPOSAL)),
            Some(leftovers) => {
                batch.put(record::key(self.id, record::FORGOTTEN), []);
                leftovers.forget();
            }
        }
        leftovers
    }

    /// Takes up that it was to be forgotten; nothing is left to do for it but to delete.
    pub(super) fn restore_forgotten(&mut self) {
        self.shed();
        let mut leftovers = self.leftovers.take().unwrap_or_else(|| self.no_leftovers());
        leftovers.forget();
        self.leftovers = Some(leftovers);
    }

    /// Drops reports and withdrawals from memory, and notes what of them lies in the store.
    pub(super) fn shed(&mut self) {
        let mut shares: Vec<Place> = self.reports.values().filter_map(|held| held.place).collect();
        shares.sort_unstable();
        let segments = core::mem::take(&mut self.segments_kept);
        let withdrawn: Vec<NodeId> = core::mem::take(&mut self.withdrawn).into_iter().collect();
        if !(segments.is_empty() && withdrawn.is_empty()) {
            let shares = shares.into();
            self.leftovers = Some(Leftovers { shares, segments, withdrawn, ..self.no_leftovers() });
        }
        self.lights.clear();
        self.reports.clear();
        self.volatile.clear();
        self.strangers_withdrawn = 0;
        self.counted.clear();
        self.gather = None;
        self.shares = Shares::default();
        self.peers.iter_mut().for_each(super::Peer::clear);
    }

    fn no_leftovers(&self) -> Leftovers {
        Leftovers {
            id: self.id,
            each: self.report_bytes(),
            shares: VecDeque::new(),
            segments: BTreeSet::new(),
            withdrawn: Vec::new(),
            last: Vec::new(),
            under_way: 0,
        }
    }
}
