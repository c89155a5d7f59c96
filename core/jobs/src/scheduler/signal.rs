//! What a scheduler is made from, and what goes in and out of it.

use super::{Ended, NEEDS_MAX};
use crate::{
    Manifest, ManifestError, Receipt, ReceiptError,
    manifest::{Kind, Limits},
};
use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, NodeId};
use store::{Batch, StoreError};

/// How much a scheduler takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The gas schedule by which jobs here are counted; nodes with another get none.
    pub gas: String,
    /// The most that any node can be asked for: what the sandbox takes.
    pub limits_max: Limits,
    /// Most jobs without an end.
    pub jobs_max: u32,
    /// Most jobs without an end of one submitter.
    pub jobs_each_max: u32,
    /// Most bytes of the documents of jobs without an end.
    pub bytes_max: u64,
    /// The same, of one submitter.
    pub bytes_each_max: u64,
    /// Most nodes that are known at a time.
    pub nodes_max: u32,
    /// Most leases of one job that come to nothing, before the job is given up; those of nodes that nobody has agreed with count an eighth. That a
    /// node hands the job back counts for ten minutes, and of a node that nobody has agreed with not at all.
    pub attempts_max: u32,
    /// Most ended jobs that are remembered.
    pub ended_max: u32,
    /// Most bytes of their documents and receipts.
    pub ended_bytes_max: u64,
    /// Most ended jobs that are remembered by their ids alone, until their deadlines.
    pub forgotten_max: u32,
    /// Most nodes whose standing is remembered; who was last heard of longest ago is forgotten first.
    pub standings_max: u32,
}

impl Config {
    /// What a heavy node takes on that is told nothing else.
    pub fn new(gas: impl Into<String>) -> Self {
        Self {
            gas: gas.into(),
            limits_max: Limits::MAX,
            jobs_max: 100_000,
            jobs_each_max: 10_000,
            bytes_max: 256 * 1024 * 1024,
            bytes_each_max: 64 * 1024 * 1024,
            nodes_max: 10_000,
            attempts_max: 16,
            ended_max: 10_000,
            ended_bytes_max: 256 * 1024 * 1024,
            forgotten_max: 100_000,
            standings_max: 100_000,
        }
    }
}

/// What a node offers.
#[derive(Debug, Clone, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct Advert {
    /// What it runs in.
    pub kind: Kind,
    /// Jobs that it runs at a time. 0: none for now, as when its person has paused it.
    pub slots: u16,
    /// Jobs that it takes beyond those, to have them when a slot gets free. It gets them when no slot of another is free.
    pub ahead: u16,
    /// The most bytes of memory that it gives one job.
    pub memory_bytes_max: u64,
    /// The most fuel that it gives one job.
    pub fuel_max: u64,
    /// The most milliseconds that it gives one job.
    pub wall_ms_max: u32,
    /// Its gas schedule.
    pub gas: String,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// Somebody submits a job.
    Submit {
        /// Comes back with the answer.
        token: u64,
        /// The signed manifest.
        document: Envelope,
    },
    /// As [`Input::Submit`], where the owner has opened the document.
    SubmitOpened {
        /// Comes back with the answer.
        token: u64,
        /// What [`Manifest::open`] gave.
        job: ContentId,
        /// What [`Manifest::open`] gave.
        manifest: Box<Manifest>,
        /// The signed manifest.
        document: Envelope,
    },
    /// A submitter takes a job back.
    Cancel {
        /// Comes back with the answer.
        token: u64,
        /// Which.
        job: ContentId,
        /// Who asks, authenticated by the owner.
        by: NodeId,
    },
    /// A node is here, or offers something else than before.
    Joined {
        /// Which, authenticated by the owner.
        node: NodeId,
        /// What it offers.
        advert: Advert,
        /// Whether the owner trusts it to settle disputes.
        is_judge: bool,
    },
    /// A node is gone.
    Left {
        /// Which.
        node: NodeId,
    },
    /// A node hands in a receipt.
    Answered {
        /// Comes back with the answer.
        token: u64,
        /// Which node, authenticated by the owner.
        node: NodeId,
        /// The receipt.
        receipt: Envelope,
    },
    /// As [`Input::Answered`], where the owner has opened the receipt.
    AnsweredOpened {
        /// Comes back with the answer.
        token: u64,
        /// Which node, authenticated by the owner.
        node: NodeId,
        /// What [`Receipt::open`] gave.
        receipt: Box<Receipt>,
        /// The signed receipt.
        envelope: Envelope,
    },
    /// A node hands in what the owner cannot take: bytes that are not those of its receipt.
    Spoiled {
        /// Which node, authenticated by the owner.
        node: NodeId,
        /// Which job.
        job: ContentId,
        /// What is wrong, in the owner's words.
        why: String,
    },
    /// A node gives back a job that it has not run. Nothing is held against it.
    Returned {
        /// Which node, authenticated by the owner.
        node: NodeId,
        /// Which job.
        job: ContentId,
    },
    /// What came of [`Output::Gather`].
    Gathered {
        /// Which job.
        job: ContentId,
        /// The content id of its input, or why there is none.
        result: Result<ContentId, String>,
    },
    /// What the jobs of a job's submitter need has become more than the owner keeps for one submitter.
    Unkept {
        /// Which job.
        job: ContentId,
        /// Bytes that they need.
        held_bytes: u64,
        /// Bytes that they may.
        max_bytes: u64,
    },
    /// A node hands a job back.
    Declined {
        /// Which node, authenticated by the owner.
        node: NodeId,
        /// Which job.
        job: ContentId,
        /// Its words; 200 characters of them are kept.
        why: String,
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
        /// Whether it is.
        result: Result<(), CancelError>,
    },
    /// Hand a node a job. A node that has it already is told nothing new.
    Lease {
        /// Which node.
        node: NodeId,
        /// Which job.
        job: ContentId,
        /// Its signed manifest.
        document: Arc<Envelope>,
        /// When the lease ends.
        until: Instant,
    },
    /// Tell a node that a job is no longer its own.
    Revoke {
        /// Which node.
        node: NodeId,
        /// Which job.
        job: ContentId,
    },
    /// Make one blob of these, in this order, and say which with [`Input::Gathered`].
    Gather {
        /// For which job.
        job: ContentId,
        /// Content ids of other jobs' outputs.
        parts: Vec<ContentId>,
    },
    /// What was handed to `Scheduler::keep` is durable.
    Kept {
        /// That of the call.
        token: u64,
    },
    /// A job without an end has changed.
    Changed {
        /// Which.
        job: ContentId,
    },
    /// An ended job is remembered no longer.
    Forgotten {
        /// Which.
        job: ContentId,
    },
    /// The answer to [`Input::Answered`].
    Received {
        /// That of the input.
        token: u64,
        /// Which node.
        node: NodeId,
        /// Which job, where the receipt says.
        job: Option<ContentId>,
        /// Whether the receipt is taken, and durable.
        result: Result<(), AnswerError>,
    },
    /// A job has ended, durably.
    Ended {
        /// Which.
        job: ContentId,
        /// How.
        ended: Arc<Ended>,
    },
    /// No place is left for a node.
    Full {
        /// Which.
        node: NodeId,
    },
}

/// A job that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub job: ContentId,
    /// How many of the known nodes could run it, were they free.
    pub able: u32,
    /// What stands in the way now, for a person; empty where nothing does.
    pub words: String,
}

/// Why a job is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError {
    /// The manifest is not in order.
    Manifest(ManifestError),
    /// No node can ever run it.
    Never {
        /// The manifest's field that asks too much.
        field: &'static str,
        /// Why.
        problem: String,
    },
    /// Bytes that the job needs, or a job whose output it reads, are not here.
    Missing {
        /// The manifest's field.
        field: &'static str,
        /// Of what.
        id: ContentId,
    },
    /// It has ended here, and what came of it is no longer kept.
    Forgotten,
    /// The submitter has as many jobs here, or bytes of their documents, as one may have.
    FullForYou {
        /// After how many milliseconds to try again.
        retry_ms: u64,
    },
    /// The submitter's jobs without an end need as many bytes here as one submitter's may.
    HeldForYou {
        /// Bytes that they need.
        held_bytes: u64,
        /// Bytes that this job needs besides.
        more_bytes: u64,
        /// Bytes that all together may need.
        max_bytes: u64,
    },
    /// The queue is full.
    Full {
        /// After how many milliseconds to try again.
        retry_ms: u64,
    },
    /// The submitter's waiting jobs already differ in [`NEEDS_MAX`] ways in what they need.
    TooVaried {
        /// After how many milliseconds to try again.
        retry_ms: u64,
    },
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(error) => write!(f, "{error}"),
            Self::Never { field, problem } => write!(f, "no node can ever run this: `{field}`: {problem}"),
            Self::Missing { field: field @ "input.outputs", id } => {
                write!(f, "`{field}`: no job {id} is known here: submit it first")
            }
            Self::Missing { field, id } => {
                write!(f, "`{field}`: the bytes of {id} are not here: put them here first")
            }
            Self::Forgotten => f.write_str(
                "this job has ended here, and what came of it is no longer kept: sign it with another `nonce` to have it run again",
            ),
            Self::FullForYou { retry_ms } => {
                write!(
                    f,
                    "you have as many jobs here, or bytes of their manifests, as one submitter may have; try again in {}",
                    seconds(*retry_ms)
                )
            }
            Self::HeldForYou { held_bytes, more_bytes, max_bytes } => write!(
                f,
                "your jobs without an end hold {held_bytes} bytes here, this one needs {more_bytes} more, and one submitter's may hold \
                 {max_bytes}: cancel some of them or wait until they have ended"
            ),
            Self::Full { retry_ms } => {
                write!(f, "the queue of this heavy node is full; try again in {}", seconds(*retry_ms))
            }
            Self::TooVaried { retry_ms } => write!(
                f,
                "your waiting jobs ask for {NEEDS_MAX} different sets of limits and constraints; use one of those, or try \
                 again in {}",
                seconds(*retry_ms)
            ),
        }
    }
}

impl core::error::Error for SubmitError {}

impl SubmitError {
    /// After how many milliseconds trying again may help; `None` where it never does.
    pub const fn retry_ms(&self) -> Option<u64> {
        match self {
            Self::FullForYou { retry_ms } | Self::Full { retry_ms } | Self::TooVaried { retry_ms } => {
                Some(*retry_ms)
            }
            // A minute is as good as any time: it hangs on jobs that may run for hours.
            Self::HeldForYou { .. } => Some(60_000),
            Self::Manifest(_) | Self::Never { .. } | Self::Missing { .. } | Self::Forgotten => None,
        }
    }
}

fn seconds(ms: u64) -> String {
    format!("{} s", ms.div_ceil(1_000))
}

/// Why a job is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelError {
    /// No such job is here.
    Unknown,
    /// It has ended.
    Ended,
    /// Only its submitter cancels it.
    NotYours,
}

impl fmt::Display for CancelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such job is known here",
            Self::Ended => "the job has ended",
            Self::NotYours => "only its submitter cancels a job",
        })
    }
}

impl core::error::Error for CancelError {}

/// Why a receipt is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// It does not verify, or is not about the job as its manifest asks.
    Receipt(ReceiptError),
    /// Another node's.
    OtherNode,
    /// Counted by another gas schedule.
    OtherGas,
    /// The node does not hold this job: the lease ended, or there was none.
    NoLease,
    /// The node has answered already.
    Twice,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(error) => write!(f, "{error}"),
            Self::OtherNode => f.write_str("this receipt is another node's"),
            Self::OtherGas => f.write_str("this receipt counts fuel by another gas schedule"),
            Self::NoLease => f.write_str("this job is not leased to you, or no longer"),
            Self::Twice => f.write_str("you have answered this job already"),
        }
    }
}

impl core::error::Error for AnswerError {}
