//! Who goes first: start-time fair queueing over machine time.

use super::fit::Needs;
use alloc::collections::{BTreeMap, BTreeSet};
use codec::ContentId;
use core::cmp::Reverse;
use keys::NodeId;

/// A waiting job's place among its submitter's own: the higher priority, then the earlier.
pub(super) type Place = (Reverse<u8>, u64, ContentId);

/// What one submitter has here.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Machine time charged, in milliseconds, on a scale that all submitters share.
    pass: u64,
    /// Jobs without an end.
    open: u32,
    waiting: BTreeMap<Needs, BTreeSet<Place>>,
}

impl Share {
    /// Waiting jobs by what they need.
    pub(super) const fn waiting(&self) -> &BTreeMap<Needs, BTreeSet<Place>> {
        &self.waiting
    }
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    shares: BTreeMap<NodeId, Share>,
    /// Submitters with waiting jobs, who was charged least first.
    order: BTreeSet<(u64, NodeId)>,
    /// Where on the scale whoever was served last stood. Who comes in starts here: having been away earns nothing.
    pass: u64,
}

impl Queue {
    pub(super) fn open_of(&self, submitter: NodeId) -> u32 {
        self.shares.get(&submitter).map_or(0, |share| share.open)
    }

    /// In how many ways the submitter's waiting jobs differ in what they need, and whether `needs` is one of them.
    pub(super) fn variety(&self, submitter: NodeId, needs: &Needs) -> (usize, bool) {
        let share = self.shares.get(&submitter);
        share.map_or((0, false), |share| (share.waiting.len(), share.waiting.contains_key(needs)))
    }

    pub(super) fn submitters(&self) -> u64 {
        self.shares.len() as u64
    }

    pub(super) fn enter(&mut self, submitter: NodeId) {
        let pass = self.order.first().map_or(self.pass, |(first, _)| self.pass.min(*first));
        self.shares.entry(submitter).or_insert_with(|| Share { pass, ..Share::default() }).open += 1;
    }

    /// One job of the submitter has ended; it waits no longer.
    pub(super) fn leave(&mut self, submitter: NodeId) {
        if let Some(share) = self.shares.get_mut(&submitter) {
            share.open -= 1;
            if share.open == 0 {
                self.shares.remove(&submitter);
            }
        }
    }

    pub(super) fn wait(&mut self, submitter: NodeId, needs: &Needs, place: Place) {
        if let Some(share) = self.shares.get_mut(&submitter) {
            self.order.insert((share.pass, submitter));
            share.waiting.entry(needs.clone()).or_default().insert(place);
        }
    }

    pub(super) fn stop_waiting(&mut self, submitter: NodeId, needs: &Needs, place: Place) {
        let Some(share) = self.shares.get_mut(&submitter) else { return };
        if let Some(places) = share.waiting.get_mut(needs) {
            places.remove(&place);
            if places.is_empty() {
                share.waiting.remove(needs);
            }
        }
        if share.waiting.is_empty() {
            self.order.remove(&(share.pass, submitter));
        }
    }

    /// A lease of `ms` begins.
    pub(super) fn charge(&mut self, submitter: NodeId, ms: u64) {
        let Some(share) = self.shares.get(&submitter) else { return };
        self.pass = self.pass.max(share.pass);
        self.set_pass(submitter, share.pass.saturating_add(ms));
    }

    /// A lease ended `ms` before its time.
    pub(super) fn give_back(&mut self, submitter: NodeId, ms: u64) {
        if let Some(share) = self.shares.get(&submitter) {
            let pass = share.pass.saturating_sub(ms);
            // Else whoever is charged much, and given it back, would have everybody who comes in later stand behind.
            self.pass = self.pass.min(pass);
            self.set_pass(submitter, pass);
        }
    }

    fn set_pass(&mut self, submitter: NodeId, pass: u64) {
        let Some(share) = self.shares.get_mut(&submitter) else { return };
        if self.order.remove(&(share.pass, submitter)) {
            self.order.insert((pass, submitter));
        }
        share.pass = pass;
    }

    /// Submitters with waiting jobs, in the order in which they are served.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Share> {
        self.order.iter().filter_map(|(_, submitter)| self.shares.get(submitter))
    }
}
