//! What stands for a job worker and for a holder of parts in programs that are built without them: they take nothing, and keep what the person gives for
//! those that have them.

use alloc::vec::Vec;
use codec::{ContentId, Instant};
use jobs::{
    Contribution, ContributionView,
    scheduler::RestoreError,
    worker::{Credit, Input, Output},
};
use keys::{Envelope, Identity, NodeId};
use shards::{
    HolderView, holder,
    message::{Heard, Piece},
};
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

/// See [`shards::Holder`], whose place it takes.
#[derive(Debug, Default)]
pub(super) struct Holder {}

#[expect(clippy::unused_self, reason = "as the holder's")]
impl Holder {
    pub(super) fn handle_input(&mut self, _: Instant, _: holder::Input) {}

    pub(super) fn hear(&mut self, _: Instant, _: NodeId, _: Piece) -> Heard {
        Heard::Refused
    }

    pub(super) const fn handle_timeout(&mut self, _: Instant) {}

    pub(super) const fn poll_output(&mut self) -> Option<holder::Output> {
        None
    }

    pub(super) const fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        None
    }

    pub(super) fn view(&self) -> HolderView {
        HolderView::default()
    }
}
