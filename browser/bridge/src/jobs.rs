//! What the views of jobs and the worker say to each other.

use channel::reckoner::PartsBy;
use codec::{ContentId, Instant};
use jobs::Manifest;
use keys::NodeId;
use serde::{Deserialize, Serialize};

/// From the page to the worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JobsAsk {
    /// The person submits a job. Two byte arrays: the module and the input.
    Sign {
        /// To answer by.
        token: u64,
        /// What is asked. Submitter, module, input, moment and nonce are the worker's to fill in.
        manifest: Box<Manifest>,
    },
    /// The person takes a job back.
    Cancel {
        /// To answer by.
        token: u64,
        /// Which.
        job: ContentId,
    },
    /// How this browser is lent to jobs from now on, as far as the page has a say in it.
    Lend {
        /// Of each hundred milliseconds, how many guests may take of a core, and parts of graphs of another.
        share_percent: u8,
        /// Whether nothing may run now, whatever the node's settings say.
        hold: bool,
        /// What computes parts of other people's graphs as well; none where nothing does.
        graphs: Option<PartsBy>,
    },
    /// The person wants the receipt of a job that ran here.
    Receipt {
        /// To answer by.
        token: u64,
        /// Which job.
        job: ContentId,
    },
    /// One byte array: a receipt, a DSSE document in JSON.
    Check {
        /// To answer by.
        token: u64,
    },
    /// Run again what a receipt speaks of. Three byte arrays: the receipt; the module; the input.
    Rerun {
        /// To answer by.
        token: u64,
    },
}

/// From the worker to the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum JobsAnswer {
    /// The answer to [`JobsAsk::Sign`] and [`JobsAsk::Cancel`]. One byte array where it went well: the document, in JSON.
    Signed {
        /// Whose.
        token: u64,
        /// What was signed, or why not.
        result: Result<Signed, String>,
    },
    /// The answer to [`JobsAsk::Receipt`]. One byte array where it is here: the document, in JSON.
    Receipt {
        /// Whose.
        token: u64,
    },
    /// The answer to [`JobsAsk::Check`].
    Checked {
        /// Whose.
        token: u64,
        /// What it says, or what is wrong with it.
        result: Result<Box<Checked>, String>,
    },
    /// The answer to [`JobsAsk::Rerun`].
    Reran {
        /// Whose.
        token: u64,
        /// Whether the run gives what the receipt says; if not, what differs.
        result: Result<(), String>,
    },
}

/// A document that was signed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The job that it is about.
    pub job: ContentId,
    /// What the job's module and input are called, where it has them by content id.
    pub blobs: Vec<ContentId>,
}

/// What a receipt says whose signatures hold. Flat, since reading a receipt's own form a second time would be much of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Which job.
    pub job: ContentId,
    /// Who submitted it.
    pub submitter: NodeId,
    /// Who ran it, and signed.
    pub node: NodeId,
    /// Who else signed.
    pub witnesses: Vec<NodeId>,
    /// How it ended, in words.
    pub ending: String,
    /// The guest's arguments.
    pub args: Vec<String>,
    /// The module's content id.
    pub module: ContentId,
    /// The input's.
    pub input: ContentId,
    /// Standard output's.
    pub output: ContentId,
    /// Standard error's.
    pub errors: ContentId,
    /// Fuel used.
    pub fuel: u64,
    /// The most bytes of memory.
    pub memory_peak_bytes: u64,
    /// Microseconds that it took.
    pub wall_us: u64,
    /// When it began.
    pub started: Instant,
}
