//! What stands for a job worker in programs that are built without one: it takes nothing, and keeps what the person gives for those that have one.

use alloc::vec::Vec;
use codec::{ContentId, Instant};
use jobs::{
    Contribution, ContributionView,
    scheduler::RestoreError,
    worker::{Credit, Input, Output},
};
use keys::{Envelope, Identity, NodeId};
use store::Entry;

/// See [`jobs::Worker`], whose place it takes.
#[derive(Debug, Default)]
pub(super) struct Worker {
    settings: Contribution,
}

impl Worker {
    /// Leaves what a worker stored where it is.
    #[expect(clippy::unnecessary_wraps, reason = "as the worker's")]
    pub(super) fn restore(_: &[&Entry]) -> Result<Self, RestoreError> {
        Ok(Self::default())
    }

    pub(super) fn handle_input(&mut self, _: Instant, _: &Identity, input: Input) {
        if let Input::Contribute(settings) = input {
            self.settings = settings;
        }
    }

    #[expect(clippy::unused_self, reason = "as the worker's")]
    pub(super) const fn handle_timeout(&mut self, _: Instant, _: NodeId) {}

    #[expect(clippy::unused_self, reason = "as the worker's")]
    pub(super) const fn poll_output(&mut self) -> Option<Output> {
        None
    }

    #[expect(clippy::unused_self, reason = "as the worker's")]
    pub(super) const fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        None
    }

    pub(super) fn view(&self) -> ContributionView {
        ContributionView {
            settings: self.settings,
            executor: None,
            offered: Vec::new(),
            running: Vec::new(),
            history: Vec::new(),
            credit: Credit::default(),
        }
    }

    #[expect(clippy::unused_self, reason = "as the worker's")]
    pub(super) const fn receipt(&self, _: ContentId) -> Option<Envelope> {
        None
    }
}
