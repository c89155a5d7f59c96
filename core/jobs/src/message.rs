//! The messages of `/formix/jobs/1`.
//!
//! Leases and answers go many at a time: while one message is under way, what follows gathers for the next.

use crate::{scheduler::Advert, standing::Standing};
use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire};
use net::Protocol;

/// Most bytes of a blob in one message.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of standard output and standard error together that travel in an [`Answer`].
pub const CARRIED_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of leases or answers after which no more are put into one message.
pub const BATCH_BYTES: usize = 256 * 1024;
/// Most leases, answers or ids in one message.
pub const BATCH_MAX: usize = 1_024;

/// A question or an instruction to a peer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Request {
    /// Light to heavy: what I offer from now on, in place of what I offered before.
    Offer {
        /// What. No slots: nothing for now.
        advert: Advert,
        /// Jobs that I give back without having run them.
        returned: Vec<ContentId>,
    },
    /// Light to heavy: what came of jobs that you leased to me.
    Answers(Vec<Answer>),
    /// Light to heavy: I do not run this job.
    Decline {
        /// Which.
        job: ContentId,
        /// Why, for people.
        why: String,
    },
    /// Anyone to heavy: bytes of a blob.
    Get {
        /// Which.
        id: ContentId,
        /// From this byte on.
        offset: u64,
    },
    /// Anyone to heavy: bytes of a blob, in order.
    Put {
        /// Which.
        id: ContentId,
        /// Bytes of the whole.
        len: u64,
        /// Bytes that came before these.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Anyone to heavy: please have this run; a signed manifest as JSON.
    Submit {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// Anyone to heavy: its submitter takes a job back; the signed [`crate::Cancellation`] as JSON.
    Cancel {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// Anyone to heavy: how does it stand?
    Status {
        /// Which job.
        job: ContentId,
    },
    /// Heavy to light: run these, and stop those.
    Work {
        /// Jobs that are yours now.
        leases: Vec<Lease>,
        /// Jobs that are no longer.
        revoked: Vec<ContentId>,
    },
}

/// A job that a node is to run.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lease {
    /// Which.
    pub job: ContentId,
    /// The signed manifest as JSON.
    pub document: Vec<u8>,
    /// The content id of the input, where the manifest names other jobs' outputs.
    pub input: Option<ContentId>,
    /// Milliseconds for which the job is this node's. Two nodes' clocks may differ, so it is no moment.
    pub ms: u64,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Answer {
    /// The signed receipt as JSON.
    pub receipt: Vec<u8>,
    /// What the guest wrote to standard output.
    pub stdout: Carried,
    /// What the guest wrote to standard error.
    pub stderr: Carried,
}

/// Bytes of which the receipt has the content id.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Carried {
    /// These.
    Here(Vec<u8>),
    /// Those that were put before.
    Put,
}

/// What became of an [`Answer`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Received {
    /// It is durable.
    Taken {
        /// The heavy node's DSSE signature under the receipt: it had leased the job to this node, and took this answer.
        signature: [u8; 64],
        /// The node's standing there, before what may still come of this job.
        standing: Standing,
    },
    /// It is not taken.
    Refused {
        /// Why, for people.
        why: String,
    },
}

/// An answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Response {
    /// Heard; nothing to say.
    Done,
    /// What was asked for is not known here.
    Unknown,
    /// The offer is known.
    Offered {
        /// The jobs that are the node's now.
        held: Vec<ContentId>,
    },
    /// The offer is not known: this heavy node has all the nodes that it takes.
    Full,
    /// What became of each of [`Request::Answers`], in their order.
    Received(Vec<Received>),
    /// Bytes of a blob.
    Chunk {
        /// Bytes of the whole.
        len: u64,
        /// From the offset asked for on.
        bytes: Vec<u8>,
    },
    /// How much of a blob is durable here.
    Put {
        /// Bytes. Those that came are there once this covers them; else go on from here.
        have: u64,
    },
    /// The job is durable.
    Submitted {
        /// Which.
        job: ContentId,
        /// How many of the known nodes could run it.
        able: u32,
        /// What stands in the way now, for people; empty where nothing does.
        words: String,
    },
    /// The cancellation is durable.
    Cancelled,
    /// It is not done.
    Refused {
        /// Why, for people; at most 500 characters.
        why: String,
        /// After how many milliseconds to try again, where that may help.
        retry_ms: Option<u64>,
    },
    /// How a job stands.
    Status {
        /// A [`crate::JobView`] as JSON.
        view: Vec<u8>,
    },
}

impl Wire for Request {
    const BYTES_MAX: usize = Protocol::Jobs.request_bytes_max();
}

impl Wire for Response {
    const BYTES_MAX: usize = Protocol::Jobs.response_bytes_max();
}
