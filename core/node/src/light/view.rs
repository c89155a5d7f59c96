//! What a light node shows its person.

use super::{DatasetView, LedgerView, LightNode, Mine, RuleView, TaskState, Withdrawal, task::Task};
use aggregate::{Outcome, Proposal, RefusalReason, Verified, message::ReportRefusal};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use jobs::ContributionView;
use keys::{Envelope, NodeId};
use net::LinkView;
use privacy::Question;
use query::Line;
use shards::HolderView;

/// A light node at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LightView {
    /// The node.
    pub id: NodeId,
    /// Whether it is to be connected.
    pub joined: bool,
    /// The pinned heavy nodes, whether connected or not.
    pub heavy: Vec<NodeId>,
    /// Links to them.
    pub links: Vec<LinkView>,
    /// Its data sets.
    pub datasets: Vec<DatasetView>,
    /// Its rules, in the order in which they are tried.
    pub rules: Vec<RuleView>,
    /// What it has answered, and how much more it may.
    pub ledger: LedgerView,
    /// Computations, the latest deadline first.
    pub tasks: Vec<TaskView>,
    /// What it gives to other people's jobs, and what came of it.
    pub contribution: ContributionView,
    /// The parts of other people's graphs that are here, and what came of them.
    pub holding: HolderView,
    /// Why its storage does not take anything, while it does not.
    pub storage_error: Option<String>,
}

/// What an answer is made of. It never leaves the node but in sealed shares.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// The measurement over the node's own records, figure by figure.
    pub lines: Vec<Line>,
    /// The number of records (in a query per person, of people) with a value.
    pub records: usize,
    /// The number of records that the question excludes or that have no value.
    pub skipped: usize,
    /// The number of records that do not fit the question; each counts as one without a value.
    pub errors: usize,
    /// What is wrong with the first of them.
    pub faults: Vec<String>,
}

/// How a computation ended, its signatures verified.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant, reason = "one of a computation, and results are what is looked for")]
#[non_exhaustive]
pub enum End {
    /// All three heavy nodes signed this total.
    Result {
        /// The total.
        outcome: Outcome,
        /// What became of this node's report.
        mine: Mine,
        /// The document, for keeping and for checking elsewhere.
        document: Envelope,
    },
    /// This heavy node signed that there is none. A result may still come.
    Refusal {
        /// Who.
        heavy: NodeId,
        /// Why.
        reason: RefusalReason,
        /// The reason in words.
        text: String,
        /// The document.
        document: Envelope,
    },
}

/// That a heavy node of a computation lied about its sums; verified.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Accusation {
    /// Who lied.
    pub accused: NodeId,
    /// Who shows it.
    pub accuser: NodeId,
    /// The document that convicts it, for keeping and for checking elsewhere.
    pub document: Envelope,
}

/// A computation at this node.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TaskView {
    /// Its id.
    pub id: ContentId,
    /// What is computed.
    pub proposal: Proposal,
    /// The signed proposal.
    pub document: Envelope,
    /// Whether this node proposed it.
    pub own: bool,
    /// What this node does about it.
    pub state: TaskState,
    /// What an answer would be made of, while it waits.
    pub answer: Option<Answer>,
    /// Why this node's records give no answer, while it waits.
    pub obstacle: Option<String>,
    /// What it asks, as rules and the ledger see it.
    pub question: Question,
    /// While it waits, why no rule decides; after that, which rule did, where one did.
    pub why: Option<String>,
    /// How far the answer is taken back, where it is being or was.
    pub withdrawal: Option<Withdrawal>,
    /// Heavy nodes that hold this node's share durably, of three.
    pub acknowledged: usize,
    /// Why a heavy node did not take this node's share.
    pub report_refusal: Option<ReportRefusal>,
    /// The most reports that any of the three heavy nodes said it holds; the agreed set may be smaller.
    pub reports: Option<u32>,
    /// When it closes.
    pub deadline: Instant,
    /// How it ended.
    pub end: Option<End>,
    /// Who of its heavy nodes lied, where one is convicted.
    pub accusation: Option<Accusation>,
}

impl LightNode {
    /// This node's id.
    pub fn id(&self) -> NodeId {
        self.identity.id()
    }

    /// The node at a glance.
    pub fn view(&self) -> LightView {
        let mut tasks: Vec<&Task> = self.tasks.values().collect();
        tasks.sort_by_key(|task| (core::cmp::Reverse(task.proposal.deadline), task.id));
        LightView {
            id: self.id(),
            joined: self.settings.joined,
            heavy: self.heavy.keys().copied().collect(),
            links: self.endpoint.links(),
            datasets: self.datasets.values().map(|(_, view)| view.clone()).collect(),
            rules: self.rules_view(),
            ledger: self.ledger_view(),
            tasks: tasks.into_iter().map(|task| self.task_view(task)).collect(),
            contribution: self.worker.view(),
            holding: self.holder.view(),
            storage_error: self.queue.error().map(ToString::to_string),
        }
    }

    fn task_view(&self, task: &Task) -> TaskView {
        let waiting = task.state == TaskState::Waiting;
        let (answer, obstacle) = match &task.preview {
            _ if !waiting => (None, None),
            Some(Ok(measured)) => {
                let fault = |fault: &query::RecordFault| match fault.record {
                    Some(at) => format!("record {}: {}", at + 1, fault.problem),
                    None => fault.problem.clone(),
                };
                let lines = task.plan.as_ref().and_then(|plan| plan.preview(&measured.vector));
                let answer = Answer {
                    lines: lines.unwrap_or_default(),
                    records: measured.used,
                    skipped: measured.skipped,
                    errors: measured.errors,
                    faults: measured.faults.iter().map(fault).collect(),
                };
                (Some(answer), None)
            }
            Some(Err(why)) => (None, Some(why.clone())),
            None => {
                let error = super::CommandError::NoDataset { name: task.proposal.dataset.clone() };
                (None, Some(error.to_string()))
            }
        };
        let end = task.end.clone().and_then(|(document, verified)| match verified {
            Verified::Result(outcome) => Some(End::Result { outcome, mine: task.mine, document }),
            Verified::Refusal(refusal) => Some(End::Refusal {
                heavy: refusal.heavy,
                text: refusal.reason.to_string(),
                reason: refusal.reason,
                document,
            }),
            _ => None,
        });
        let accusation = task.evidence.as_ref().map(|(document, evidence)| Accusation {
            accused: evidence.accused,
            accuser: evidence.accuser,
            document: document.clone(),
        });
        TaskView {
            id: task.id,
            proposal: task.proposal.clone(),
            document: task.envelope.clone(),
            own: task.proposal.proposer == self.id(),
            state: task.state,
            answer,
            obstacle,
            question: task.question.clone(),
            why: self.why(task),
            withdrawal: task.withdrawal_view(),
            acknowledged: task.acknowledged(),
            report_refusal: task.report_refusal(),
            reports: task.reports.iter().flatten().max().copied(),
            deadline: task.proposal.deadline,
            end,
            accusation,
        }
    }
}
