//! All jobs that are known here, in the order in which they came, and those of each submitter.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
};
use codec::ContentId;
use keys::NodeId;

#[derive(Debug, Default)]
pub(super) struct Index {
    jobs: BTreeMap<u64, ContentId>,
    of: BTreeMap<NodeId, BTreeSet<u64>>,
}

impl Index {
    pub(super) fn insert(&mut self, number: u64, job: ContentId, submitter: NodeId) {
        self.jobs.insert(number, job);
        self.of.entry(submitter).or_default().insert(number);
    }

    pub(super) fn remove(&mut self, number: u64, submitter: NodeId) {
        self.jobs.remove(&number);
        if let Some(own) = self.of.get_mut(&submitter) {
            own.remove(&number);
            if own.is_empty() {
                self.of.remove(&submitter);
            }
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = ContentId> + '_ {
        self.jobs.values().copied()
    }

    /// What came before `before`, the latest first: all, or one submitter's.
    pub(super) fn before(
        &self,
        before: u64,
        submitter: Option<NodeId>,
    ) -> Box<dyn Iterator<Item = ContentId> + '_> {
        let Some(submitter) = submitter else {
            return Box::new(self.jobs.range(..before).rev().map(|(_, job)| *job));
        };
        let own = self.of.get(&submitter).into_iter();
        let numbers = own.flat_map(move |own| own.range(..before).rev());
        Box::new(numbers.filter_map(|number| self.jobs.get(number).copied()))
    }
}
