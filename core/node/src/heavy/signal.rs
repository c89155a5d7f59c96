//! What a heavy node is made from, and what goes in and out of it.

use crate::{DescriptorError, Ticket};
use alloc::{boxed::Box, string::String, vec::Vec};
use codec::ContentId;
use core::net::IpAddr;
use jobs::{
    Finished, RunError, Task,
    blobs::{BlobError, Progress},
    cancel::CancellationError,
    scheduler::{SubmitError, Taken},
};
use keys::{Envelope, Identity, SealKey};
use net::{Limits, Transport};
use shards::{Combine, Combined, Cut, Done, GraphFile, Order};
use store::{Batch, StoreError};

/// What a heavy node is made from.
#[derive(Debug)]
pub struct HeavyConfig {
    /// Who it is.
    pub identity: Identity,
    /// What opens shares for it.
    pub seal: SealKey,
    /// Name and version of its software.
    pub agent: String,
    /// Transports that its shell dials fellows with, the preferred first.
    pub transports: Vec<Transport>,
    /// Caps on its peers.
    pub limits: Limits,
    /// Most bytes of reports' shares that it keeps in its store at a time, for all its computations; [`crate::heavy::KEPT_BYTES_MAX`] is usual.
    pub kept_bytes_max: u64,
    /// How much it takes on of jobs, and what runs guests beside it.
    pub jobs: jobs::broker::Config,
    /// Fresh randomness.
    pub seed: [u8; 32],
}

/// What the shell tells a heavy node.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeavyInput {
    /// From its connections.
    Net(net::Input),
    /// A commit ended.
    Stored {
        /// Which.
        ticket: Ticket,
        /// How.
        result: Result<(), StoreError>,
    },
    /// What [`HeavyOutput::Load`] asked for was read.
    Loaded {
        /// Which.
        ticket: Ticket,
        /// The values of the keys, in their order; `None` where there is none.
        result: Result<Vec<Option<Vec<u8>>>, StoreError>,
    },
    /// Somebody proposes through the shell.
    Propose {
        /// To answer by.
        token: u64,
        /// The signed proposal.
        envelope: Envelope,
    },
    /// A proposer cancels through the shell.
    Cancel {
        /// To answer by.
        token: u64,
        /// The signed cancellation.
        envelope: Envelope,
    },
    /// Somebody submits a job through the shell.
    Submit {
        /// To answer by.
        token: u64,
        /// The signed manifest.
        envelope: Envelope,
    },
    /// A submitter takes a job back through the shell.
    CancelJob {
        /// To answer by.
        token: u64,
        /// The signed [`jobs::Cancellation`].
        envelope: Envelope,
    },
    /// Bytes of a blob come through the shell, in order.
    PutBlob {
        /// To answer by.
        token: u64,
        /// Where they come from, where the shell tells.
        from: Option<IpAddr>,
        /// Which.
        id: ContentId,
        /// Bytes of the whole.
        len: u64,
        /// Bytes that came before these.
        offset: u64,
        /// The bytes; any number.
        bytes: Vec<u8>,
    },
    /// What came of [`HeavyOutput::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
    },
    /// Somebody wants π of a graph, through the shell.
    Rank {
        /// To answer by.
        token: u64,
        /// Where it comes from, where the shell tells.
        from: Option<IpAddr>,
        /// What.
        order: Order,
        /// The graph's file.
        graph: GraphFile,
    },
    /// What came of [`HeavyOutput::Cut`].
    Cut {
        /// Which ranking.
        ranking: ContentId,
        /// The parts, or why there are none.
        result: Result<Box<Cut>, String>,
    },
    /// What came of [`HeavyOutput::Reckon`].
    Reckoned(Done),
    /// What came of [`HeavyOutput::Combine`].
    Combined(Combined),
    /// A fellow's signed descriptor.
    Fellow {
        /// The document.
        envelope: Envelope,
    },
}

/// What a heavy node asks of its shell.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeavyOutput {
    /// Of its connections.
    Net(net::Output),
    /// Make this durable.
    Store {
        /// To tell by.
        ticket: Ticket,
        /// What.
        batch: Batch,
    },
    /// Read these, and say with [`HeavyInput::Loaded`] what is there. All of it is durable; one such is asked for at a time.
    Load {
        /// To tell by; a number of its own, beside those of commits.
        ticket: Ticket,
        /// The keys.
        keys: Vec<Vec<u8>>,
    },
    /// The answer to [`HeavyInput::Propose`] or [`HeavyInput::Cancel`]: durable here, or refused with the reason.
    Proposed {
        /// Whose.
        token: u64,
        /// The computation, or why not.
        result: Result<ContentId, String>,
    },
    /// The answer to [`HeavyInput::Submit`].
    Submitted {
        /// Whose.
        token: u64,
        /// The job, durable here, or why it is not taken.
        result: Result<Taken, SubmitError>,
    },
    /// The answer to [`HeavyInput::CancelJob`].
    JobCancelled {
        /// Whose.
        token: u64,
        /// The job, cancelled durably, or why not.
        result: Result<ContentId, CancellationError>,
    },
    /// The answer to [`HeavyInput::PutBlob`].
    BlobPut {
        /// Whose.
        token: u64,
        /// How much of it is durable here, or why nothing is taken.
        result: Result<Progress, BlobError>,
    },
    /// Run a guest here, and say what came of it with [`HeavyInput::Ran`]. Asked for only where [`HeavyConfig::jobs`] names an executor.
    Run(Box<Task>),
    /// Stop a guest that runs here. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// The answer to [`HeavyInput::Rank`].
    Ranked {
        /// Whose.
        token: u64,
        /// The ranking, durable here, or why it is not taken.
        result: Result<ContentId, shards::coordinator::SubmitError>,
    },
    /// Read a graph's file, which lies under these keys of the store one after another, and cut it with [`shards::cut`] on a thread that nobody waits
    /// for; say what came of it with [`HeavyInput::Cut`]. One is cut at a time.
    Cut {
        /// Which ranking's.
        ranking: ContentId,
        /// How.
        order: Box<Order>,
        /// Where it lies.
        keys: Vec<Vec<u8>>,
    },
    /// Have this computed here, and say what came of it with [`HeavyInput::Reckoned`].
    Reckon(shards::Task),
    /// Put this together ([`Combine::run`]) on a thread that nobody waits for, and say what came of it with [`HeavyInput::Combined`], also where
    /// the ranking has ended since: no more than a few are under way.
    Combine(Combine),
    /// A ranking has begun or ended, for whoever watches.
    RankingChanged {
        /// Which.
        id: ContentId,
    },
    /// A job has changed, for whoever watches.
    JobChanged {
        /// Which.
        id: ContentId,
    },
    /// A descriptor was not taken.
    FellowRefused {
        /// Why.
        error: DescriptorError,
    },
    /// A computation has changed, for whoever watches.
    Changed {
        /// Which.
        id: ContentId,
    },
    /// Peers or fellows have changed, for whoever watches.
    PeersChanged,
}
