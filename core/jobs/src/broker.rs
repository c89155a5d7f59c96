//! The broker of a heavy node: takes jobs and bytes, hands jobs to nodes over the network, and keeps what comes of them.

use crate::{
    blobs::{self, BlobError, Progress},
    cancel::CancellationError,
    message::{Request, Response},
    ran::{Finished, RunError},
    scheduler::{self, SubmitError, Taken, Why},
    view::{Filter, JobView, Page, WorkerView},
    worker::{Executor, Task},
};
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId};
use store::{Batch, Entry, StoreError};

/// How much a broker takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Of jobs and nodes.
    pub scheduler: scheduler::Config,
    /// Of bytes.
    pub blobs: blobs::Config,
    /// What runs guests beside the heavy node itself: it settles disputes, and runs jobs that ask for heavy nodes.
    pub executor: Option<Executor>,
}

impl Config {
    /// What a heavy node takes on that is told nothing else: jobs counted by the schedule `gas`, without running any itself.
    pub fn new(gas: impl Into<String>) -> Self {
        Self { scheduler: scheduler::Config::new(gas), blobs: blobs::Config::default(), executor: None }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A peer asks, authenticated by the owner.
    Request {
        /// Who.
        peer: NodeId,
        /// To answer by.
        token: u64,
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
    /// A peer is gone.
    Down {
        /// Who.
        peer: NodeId,
    },
    /// Somebody submits a job through the shell.
    Submit {
        /// Comes back with the answer.
        token: u64,
        /// The signed manifest.
        envelope: Envelope,
    },
    /// A submitter takes a job back through the shell.
    Cancel {
        /// Comes back with the answer.
        token: u64,
        /// The signed [`crate::Cancellation`].
        envelope: Envelope,
    },
    /// Bytes of a blob come through the shell.
    Put {
        /// Comes back with the answer.
        token: u64,
        /// Which.
        id: ContentId,
        /// Bytes of the whole.
        len: u64,
        /// Bytes that came before these.
        offset: u64,
        /// The bytes; any number.
        bytes: Vec<u8>,
    },
    /// What came of [`Output::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
    },
    /// What came of [`Output::Store`].
    Stored {
        /// Which.
        ticket: u64,
        /// Whether it is durable.
        result: Result<(), StoreError>,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Make a batch durable, and say so with [`Input::Stored`].
    Store {
        /// Comes back with the result.
        ticket: u64,
        /// The changes.
        batch: Batch,
    },
    /// Ask a peer, and say what it answered with [`Input::Reply`].
    Ask {
        /// Whom.
        peer: NodeId,
        /// Comes back with the answer.
        token: u64,
        /// What.
        request: Request,
    },
    /// The answer to [`Input::Request`].
    Respond {
        /// Whom.
        peer: NodeId,
        /// That of the input.
        token: u64,
        /// The answer.
        response: Response,
    },
    /// The answer to [`Input::Submit`].
    Submitted {
        /// That of the input.
        token: u64,
        /// The job, durable, or why it is not taken.
        result: Result<Taken, SubmitError>,
    },
    /// The answer to [`Input::Cancel`].
    Cancelled {
        /// That of the input.
        token: u64,
        /// The job that is cancelled, durably.
        result: Result<ContentId, CancellationError>,
    },
    /// The answer to [`Input::Put`].
    Put {
        /// That of the input.
        token: u64,
        /// How much is here, durable.
        result: Result<Progress, BlobError>,
    },
    /// Run a guest here, and say what came of it with [`Input::Ran`].
    Run(Box<Task>),
    /// Stop a guest that runs here. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// What [`Broker::view`] shows of a job has changed.
    Changed {
        /// Which.
        job: ContentId,
    },
}

/// The broker of one heavy node.
#[derive(Debug)]
pub struct Broker {
    config: Config,
}

impl Broker {
    /// A broker with what its store holds below [`scheduler::STORE_PREFIX`]; what is due by `now` is done at once.
    ///
    /// # Errors
    /// [`scheduler::RestoreError`] for the first entry that is not as a broker wrote it.
    pub fn restore(
        config: Config,
        _identity: &Identity,
        _entries: &[Entry],
        _now: Instant,
    ) -> Result<Self, scheduler::RestoreError> {
        Ok(Self { config })
    }

    /// Takes what happened. `identity` is the heavy node's, which signs.
    pub fn handle_input(&mut self, _now: Instant, _identity: &Identity, _input: Input) {}

    /// Does what is due.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// What it was made with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// When [`Broker::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        None
    }

    /// A part of the jobs that are known here, the latest first; at most `limit`.
    pub fn jobs(&self, _filter: &Filter, _limit: usize) -> Page {
        Page::default()
    }

    /// A job that is known here.
    pub fn job(&self, _job: ContentId) -> Option<JobView> {
        None
    }

    /// Why a job without an end has none yet, node by node.
    pub fn why(&self, _job: ContentId) -> Option<Why> {
        None
    }

    /// A job's signed manifest.
    pub fn manifest(&self, _job: ContentId) -> Option<Arc<Envelope>> {
        None
    }

    /// A job's receipts, in the order in which they came, with this heavy node's signature.
    pub fn receipts(&self, _job: ContentId) -> Vec<Envelope> {
        Vec::new()
    }

    /// A blob that is whole.
    pub fn blob(&self, _id: ContentId) -> Option<Arc<[u8]>> {
        None
    }

    /// How much of a blob is here.
    pub fn blob_progress(&self, _id: ContentId) -> Option<Progress> {
        None
    }

    /// The nodes that take jobs, or have said that they take none now.
    pub fn workers(&self) -> Vec<WorkerView> {
        Vec::new()
    }
}
