//! The worker of a light node: takes leases that heavy nodes give it, fetches what the jobs need, has them run, and answers.
//!
//! Nothing is taken before its person says so ([`Contribution::on`]). What runs, for whom, and what came of it is shown
//! ([`Worker::view`]).

use crate::{
    Invocation,
    manifest::Kind,
    message::{Request, Response},
    ran::{Finished, RunError},
    scheduler::RestoreError,
};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId};
use serde::{Deserialize, Serialize};
use store::{Batch, Entry};

/// What all keys of a worker begin with.
pub const STORE_PREFIX: &[u8] = b"w/";
/// Most jobs that are remembered after they ended.
pub const HISTORY_MAX: usize = 200;

/// What runs guests beside a node, and what the machine has for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    /// What it runs in.
    pub kind: Kind,
    /// Its gas schedule.
    pub gas: String,
    /// Guests that it can run at a time.
    pub slots_max: u16,
    /// The most bytes of memory that one guest can have.
    pub memory_bytes_max: u64,
}

/// What a person gives to other people's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contribution {
    /// Whether jobs are taken at all.
    pub on: bool,
    /// Jobs at a time; no more than the machine can.
    pub slots: u16,
    /// The most bytes of memory for one job; no more than the machine can.
    pub memory_bytes_max: u64,
    /// The most fuel for one job.
    pub fuel_max: u64,
    /// The most milliseconds for one job.
    pub wall_ms_max: u32,
}

impl Default for Contribution {
    /// Nothing, until the person says yes; then what a tab does not feel.
    fn default() -> Self {
        Self {
            on: false,
            slots: 1,
            memory_bytes_max: 512 << 20,
            fuel_max: 1_000_000_000_000,
            wall_ms_max: 30 * 60 * 1_000,
        }
    }
}

/// A guest to be run, with everything that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The job.
    pub job: ContentId,
    /// How it is run.
    pub invocation: Invocation,
    /// The module.
    pub module: Arc<[u8]>,
    /// What the guest reads from standard input.
    pub input: Arc<[u8]>,
}

/// How far a job is at its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Its module or input is being fetched.
    Fetching,
    /// It waits for a slot.
    Queued,
    /// It runs.
    Running,
    /// Its answer is being handed in.
    Answering,
}

/// A job that a worker has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningView {
    /// The job.
    pub job: ContentId,
    /// What it does, in its submitter's words.
    pub name: String,
    /// For whom it is run.
    pub submitter: NodeId,
    /// The heavy node that leased it.
    pub heavy: NodeId,
    /// How far it is.
    pub step: Step,
    /// Since when it is here.
    pub since: Instant,
    /// When the lease ends.
    pub until: Instant,
}

/// A job that a worker had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastView {
    /// The job.
    pub job: ContentId,
    /// What it does, in its submitter's words.
    pub name: String,
    /// For whom it was run.
    pub submitter: NodeId,
    /// How it went, in words: the guest's ending, or why there is none.
    pub ending: String,
    /// Whether the heavy node took the answer; then the receipt is kept.
    pub is_taken: bool,
    /// Fuel used.
    pub fuel: u64,
    /// Microseconds that it took.
    pub wall_us: u64,
    /// When it ended.
    pub at: Instant,
}

/// What a worker has done, and what it is credited with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Answers that heavy nodes took.
    pub jobs: u64,
    /// Fuel of these answers.
    pub fuel: u64,
    /// Answers that agreed with others', by the heavy nodes' latest word.
    pub agreed: u64,
    /// Answers that did not.
    pub disagreed: u64,
    /// Answers that nobody else could be compared with.
    pub unchecked: u64,
}

/// A worker as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionView {
    /// What the person gives.
    pub settings: Contribution,
    /// What the machine has; `None` while nothing here runs guests.
    pub executor: Option<Executor>,
    /// The heavy nodes that know the offer now.
    pub offered: Vec<NodeId>,
    /// The jobs that are here now, the oldest first.
    pub running: Vec<RunningView>,
    /// The jobs that were here, the latest first; at most [`HISTORY_MAX`].
    pub history: Vec<PastView>,
    /// What came of it in all.
    pub credit: Credit,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// What runs guests beside this node; `None` where nothing does any more.
    Executor(Option<Executor>),
    /// What the person gives from now on.
    Contribute(Contribution),
    /// A heavy node is there that may hand out jobs, authenticated by the owner.
    Up {
        /// Which.
        heavy: NodeId,
    },
    /// It is gone.
    Down {
        /// Which.
        heavy: NodeId,
    },
    /// A heavy node that is up says what there is to do.
    Request {
        /// Which, authenticated by the owner.
        heavy: NodeId,
        /// What.
        request: Request,
    },
    /// What came of [`Output::Ask`].
    Reply {
        /// Which.
        token: u64,
        /// The answer; `None` where there is none.
        response: Option<Response>,
    },
    /// What came of [`Output::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Ask a heavy node, and say what it answered with [`Input::Reply`].
    Ask {
        /// Which.
        heavy: NodeId,
        /// Comes back with the answer.
        token: u64,
        /// What.
        request: Request,
    },
    /// Run a guest, and say what came of it with [`Input::Ran`].
    Run(Box<Task>),
    /// Stop a guest that runs. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// Keep these changes; nothing waits for it.
    Store(Batch),
    /// What [`Worker::view`] shows has changed. It comes a few times a second at most.
    Changed,
}

/// The worker of one light node.
#[derive(Debug, Default)]
pub struct Worker {
    contribution: Contribution,
    executor: Option<Executor>,
}

impl Worker {
    /// A worker with what its store holds below [`STORE_PREFIX`].
    ///
    /// # Errors
    /// The first entry that is not as a worker wrote it.
    pub fn restore(_entries: &[&Entry]) -> Result<Self, RestoreError> {
        Ok(Self::default())
    }

    /// Takes what happened. `identity` is the light node's, which signs receipts.
    pub fn handle_input(&mut self, _now: Instant, _identity: &Identity, input: Input) {
        match input {
            Input::Executor(executor) => self.executor = executor,
            Input::Contribute(contribution) => self.contribution = contribution,
            _ => {}
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// When [`Worker::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        None
    }

    /// What the person gives, and what came of it.
    pub fn view(&self) -> ContributionView {
        ContributionView {
            settings: self.contribution,
            executor: self.executor.clone(),
            offered: Vec::new(),
            running: Vec::new(),
            history: Vec::new(),
            credit: Credit::default(),
        }
    }

    /// The receipt of a job in the history, with the heavy node's signature.
    pub fn receipt(&self, _job: ContentId) -> Option<Envelope> {
        None
    }
}
