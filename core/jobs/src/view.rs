//! What a heavy node shows of its jobs and of the nodes that run them.

use crate::{manifest::Kind, receipt::Ending, standing::Standing};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use codec::{ContentId, Instant};
use keys::NodeId;
use serde::{Deserialize, Serialize};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum JobState {
    /// No node has it now.
    Waiting,
    /// Nodes have it.
    Running,
    /// Its result is that of a guest that succeeded.
    Done,
    /// Its result is that of a guest that failed.
    Failed,
    /// It has no result, and will have none.
    Refused,
    /// Its submitter took it back.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Refused, Self::Cancelled];

    /// The state in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more comes.
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

/// A job as a heavy node shows it to anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: ContentId,
    /// What it does, in its submitter's words.
    pub name: String,
    /// Who submitted it.
    pub submitter: NodeId,
    /// How far it is.
    pub state: JobState,
    /// When this heavy node took it.
    pub submitted: Instant,
    /// When it is given up.
    pub deadline: Instant,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Instant>,
    /// How many nodes are to run it.
    pub replicas: u8,
    /// The nodes that have it now.
    pub leases: Vec<LeaseView>,
    /// While it waits: for what, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultView>,
    /// Receipts that are here.
    pub receipts: u32,
    /// Why it has no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalView>,
}

/// A node that has a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseView {
    /// Which.
    pub node: NodeId,
    /// What it runs in; `None` where it is not here now.
    pub kind: Option<Kind>,
    /// Since when.
    pub since: Instant,
    /// Until when.
    pub until: Instant,
}

/// What a job gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultView {
    /// How the guest ended, as in receipts.
    pub ending: Ending,
    /// The content id of standard output.
    pub stdout: ContentId,
    /// Its bytes; `None` where they are no longer here.
    pub stdout_bytes: Option<u64>,
    /// The content id of standard error.
    pub stderr: ContentId,
    /// Its bytes; `None` where they are no longer here.
    pub stderr_bytes: Option<u64>,
    /// Fuel used.
    pub fuel: u64,
    /// The gas schedule by which it is counted.
    pub gas: String,
    /// How many answers are this result.
    pub agreed: u32,
    /// The nodes that gave them.
    pub nodes: Vec<NodeId>,
    /// Whether a heavy node settled a dispute about it.
    pub judged: bool,
}

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalView {
    /// What programs compare: `deadline`, `attempts`, `cancelled`, `input`, `held`.
    pub code: String,
    /// What a person reads.
    pub words: String,
}

/// A node that takes jobs, as a heavy node shows it to anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerView {
    /// Which.
    pub node: NodeId,
    /// What it runs in.
    pub kind: Kind,
    /// Jobs that it runs at a time; 0 while it takes none.
    pub slots: u16,
    /// Jobs that it has now; some of them may wait there for a slot.
    pub busy: u32,
    /// Its gas schedule.
    pub gas: String,
    /// The most that it gives one job.
    pub limits: WorkerLimits,
    /// How often it was right.
    pub standing: Standing,
    /// Since when it is here.
    pub since: Instant,
}

/// The most that a node gives one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLimits {
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Fuel.
    pub fuel: u64,
    /// Milliseconds.
    pub wall_ms: u32,
}

/// How many jobs a heavy node knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By state; none that no job is in.
    pub states: BTreeMap<JobState, u64>,
    /// When the oldest of those that wait came.
    pub waiting_since: Option<Instant>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this submitter's.
    pub submitter: Option<NodeId>,
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Those that came before this one.
    pub after: Option<ContentId>,
}

/// A part of a list of jobs, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// What [`Filter::after`] is for the next part; `None` where this is the last.
    pub next: Option<ContentId>,
}
