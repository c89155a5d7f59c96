//! Who goes first: start-time fair queueing over machine time.

use super::fit::Needs;
use alloc::collections::{BTreeMap, BTreeSet};
use codec::ContentId;
use core::{cmp::Reverse, ops::Bound};
use keys::NodeId;

/// A waiting job's place among its submitter's own: the higher priority, then the earlier.
pub(super) type Place = (Reverse<u8>, u64, ContentId);

/// Most nodes of which one line knows how far they are; if there are more, all are looked for anew.
const PASSED_MAX: usize = 4_096;

/// What one submitter has here.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Machine time charged, in milliseconds, on a scale that all submitters share.
    pass: u64,
    /// Jobs without an end, and bytes of their documents.
    open: u32,
    open_bytes: u64,
    waiting: BTreeMap<Needs, Line>,
}

/// One submitter's waiting jobs that need the same.
#[derive(Debug, Default)]
pub(super) struct Line {
    places: BTreeSet<Place>,
    /// Up to where a node is kept from all of them: it has had them, and they wait for others.
    passed: BTreeMap<NodeId, Place>,
    /// The furthest of those.
    furthest: Option<Place>,
}

impl Line {
    /// The places of which it is not known that `node` is kept from them.
    pub(super) fn of(&self, node: NodeId) -> impl Iterator<Item = &Place> {
        let passed = self.passed.get(&node).map_or(Bound::Unbounded, Bound::Excluded);
        self.places.range((passed, Bound::Unbounded))
    }

    fn insert(&mut self, place: Place) {
        if self.furthest.is_some_and(|furthest| place <= furthest) {
            self.passed.retain(|_, passed| *passed < place);
            self.furthest = self.passed.values().max().copied();
        }
        self.places.insert(place);
    }

    fn pass(&mut self, node: NodeId, place: Place) {
        if self.passed.len() >= PASSED_MAX {
            self.passed.clear();
            self.furthest = None;
        }
        self.passed.insert(node, place);
        self.furthest = self.furthest.max(Some(place));
    }
}

impl Share {
    /// Waiting jobs by what they need.
    pub(super) const fn waiting(&self) -> &BTreeMap<Needs, Line> {
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
    /// The submitter's jobs without an end, and bytes of their documents.
    pub(super) fn open_of(&self, submitter: NodeId) -> (u32, u64) {
        self.shares.get(&submitter).map_or((0, 0), |share| (share.open, share.open_bytes))
    }

    /// In how many ways the submitter's waiting jobs differ in what they need, and whether `needs` is one of them.
    pub(super) fn variety(&self, submitter: NodeId, needs: &Needs) -> (usize, bool) {
        let share = self.shares.get(&submitter);
        share.map_or((0, false), |share| (share.waiting.len(), share.waiting.contains_key(needs)))
    }

    pub(super) fn submitters(&self) -> u64 {
        self.shares.len() as u64
    }

    /// One job of the submitter comes, with a document of so many bytes.
    pub(super) fn enter(&mut self, submitter: NodeId, bytes: u64) {
        let pass = self.order.first().map_or(self.pass, |(first, _)| self.pass.min(*first));
        let share = self.shares.entry(submitter).or_insert_with(|| Share { pass, ..Share::default() });
        share.open += 1;
        share.open_bytes += bytes;
    }

    /// It has ended; it waits no longer.
    pub(super) fn leave(&mut self, submitter: NodeId, bytes: u64) {
        if let Some(share) = self.shares.get_mut(&submitter) {
            share.open -= 1;
            share.open_bytes -= bytes;
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
        if let Some(line) = share.waiting.get_mut(needs) {
            line.places.remove(&place);
            if line.places.is_empty() {
                share.waiting.remove(needs);
            }
        }
        if share.waiting.is_empty() {
            self.order.remove(&(share.pass, submitter));
        }
    }

    /// A node is kept from all that waits there up to `place`.
    pub(super) fn pass(&mut self, submitter: NodeId, needs: &Needs, node: NodeId, place: Place) {
        let share = self.shares.get_mut(&submitter);
        if let Some(line) = share.and_then(|share| share.waiting.get_mut(needs)) {
            line.pass(node, place);
        }
    }

    /// A node may have one of the submitter's jobs again.
    pub(super) fn unpass(&mut self, submitter: NodeId, needs: &Needs, node: NodeId) {
        let share = self.shares.get_mut(&submitter);
        if let Some(line) = share.and_then(|share| share.waiting.get_mut(needs)) {
            line.passed.remove(&node);
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
    pub(super) fn in_order(&self) -> impl Iterator<Item = (NodeId, &Share)> {
        self.order.iter().filter_map(|(_, submitter)| Some((*submitter, self.shares.get(submitter)?)))
    }
}
