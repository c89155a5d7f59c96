//! What a heavy node shows.

use super::HeavyNode;
use aggregate::{Outcome, Proposal, RefusalReason, Stage, message::ReportRefusal};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use codec::ContentId;
use keys::{Envelope, NodeId};
use net::{LinkView, Role, Transport};

/// Counts since the node started.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Reports made durable and acknowledged.
    pub reports_acknowledged: u64,
    /// Reports that came again and were acknowledged again.
    pub reports_repeated: u64,
    /// Reports whose shares were found invalid when they were checked.
    pub reports_rejected: u64,
    /// Reports refused, by reason.
    pub reports_refused: BTreeMap<ReportRefusal, u64>,
    /// Messages that do not decode.
    pub malformed_messages: u64,
}

impl Counters {
    pub(super) fn refused(&mut self, refusal: ReportRefusal) {
        *self.reports_refused.entry(refusal).or_default() += 1;
    }
}

/// A computation as a heavy node shows it to anyone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ComputationView {
    /// Its id.
    pub id: ContentId,
    /// What is computed.
    pub proposal: Proposal,
    /// How far it has come here.
    pub stage: Stage,
    /// Reports that this node holds, durable.
    pub reports: u32,
    /// While it is verifying: how many reports are checked, and of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<(u32, u32)>,
    /// Heavy nodes that this one has evidence against: they lied about their sums.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accused: Vec<NodeId>,
    /// The result's payload, once all three have signed.
    pub result: Option<Outcome>,
    /// This node's reason, where it refused and no result has come since.
    pub refusal: Option<RefusalReason>,
    /// The reason in words.
    pub refusal_text: Option<String>,
}

/// A heavy node as it shows itself to its operator.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct HeavyView {
    /// The node.
    pub id: NodeId,
    /// Its links to its fellows.
    pub fellows: Vec<LinkView>,
    /// Connected light nodes, by transport.
    pub lights: BTreeMap<Transport, u32>,
    /// Counts since the start.
    pub counters: Counters,
    /// Why its store does not take anything, while it does not.
    pub storage_error: Option<String>,
}

impl HeavyNode {
    /// This node's id.
    pub fn id(&self) -> NodeId {
        self.identity.id()
    }

    /// The node at a glance.
    pub fn view(&self) -> HeavyView {
        let mut lights = BTreeMap::new();
        for (_, peer) in self.endpoint.peers() {
            if peer.hello.as_ref().is_some_and(|hello| hello.role == Role::Light)
                && let Some(transport) = peer.transport
            {
                *lights.entry(transport).or_default() += 1;
            }
        }
        HeavyView {
            id: self.id(),
            fellows: self.endpoint.links(),
            lights,
            counters: self.counters.clone(),
            storage_error: self.queue.error().map(ToString::to_string),
        }
    }

    /// The signed descriptors of the other heavy nodes that this one knows.
    pub fn fellows(&self) -> Vec<Envelope> {
        self.fellows.values().map(|(_, envelope)| envelope.clone()).collect()
    }

    /// One computation.
    pub fn computation(&self, id: ContentId) -> Option<ComputationView> {
        let tally = self.tallies.get(&id)?;
        let refusal = tally.refusal_reason();
        Some(ComputationView {
            id,
            proposal: tally.proposal().clone(),
            stage: tally.stage(),
            reports: tally.reports(),
            progress: tally.progress(),
            accused: tally.accused().into_iter().collect(),
            result: tally.outcome(),
            refusal_text: refusal.as_ref().map(ToString::to_string),
            refusal,
        })
    }

    /// The ids of all computations kept here, the latest deadline first.
    pub fn computations(&self) -> Vec<ContentId> {
        let mut all: Vec<_> =
            self.tallies.values().map(|tally| (tally.proposal().deadline, tally.id())).collect();
        all.sort();
        all.into_iter().rev().map(|(_, id)| id).collect()
    }

    /// The evidence that a heavy node of a computation lied, signed by this one, where it found one lying.
    pub fn evidence(&self, id: ContentId) -> Option<Envelope> {
        self.tallies.get(&id)?.evidence().cloned()
    }

    /// A computation's signed proposal and, once there is one, its signed end.
    pub fn documents(&self, id: ContentId) -> Option<(Envelope, Option<Envelope>)> {
        let tally = self.tallies.get(&id)?;
        Some((tally.envelope().clone(), tally.end().cloned()))
    }
}
