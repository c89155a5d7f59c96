//! What page and worker say to each other.

use aggregate::Draft;
use codec::{ContentId, Instant};
use jobs::Manifest;
use keys::NodeId;
use node::{Command, CommandError, LightView, Look, Reply, Trial};
use serde::{Deserialize, Serialize};

use crate::wire::{NetInput, NetOutput};

/// From the page to the worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToWorker {
    /// The first message.
    Start {
        /// Whether this page has WebRTC.
        webrtc: bool,
    },
    /// A connection's news; the body of [`NetInput`].
    Net(NetInput),
    /// The person wants something. Of [`Command::Import`] the file is a byte array.
    Command {
        /// To answer by.
        token: u64,
        /// What.
        command: Command,
    },
    /// The page shows records.
    Rows {
        /// To answer by.
        token: u64,
        /// The data set's name.
        dataset: String,
        /// The first row.
        from: usize,
        /// Most rows.
        count: usize,
        /// Whether only records that do not fit the schema.
        unfit: bool,
    },
    /// The person fills in a proposal.
    TryOut {
        /// To answer by.
        token: u64,
        /// What it holds so far.
        draft: Box<Draft>,
    },
    /// Two byte arrays: a proposal, and its end or evidence that a heavy node lied in it, in JSON.
    Verify {
        /// To answer by.
        token: u64,
    },
    /// The person submits a job. Two byte arrays: the module and the input.
    SignJob {
        /// To answer by.
        token: u64,
        /// What is asked. Submitter, module, input, moment and nonce are the worker's to fill in.
        manifest: Box<Manifest>,
    },
    /// The person takes a job back.
    SignCancel {
        /// To answer by.
        token: u64,
        /// Which.
        job: ContentId,
    },
    /// How this browser is lent to jobs from now on, as far as the page has a say in it.
    Lend {
        /// Of each hundred milliseconds, how many guests may take of a core.
        share_percent: u8,
        /// Whether nothing may run now, whatever the node's settings say.
        hold: bool,
    },
    /// The person wants the receipt of a job that ran here.
    Receipt {
        /// To answer by.
        token: u64,
        /// Which job.
        job: ContentId,
    },
    /// One byte array: a receipt, a DSSE document in JSON.
    CheckReceipt {
        /// To answer by.
        token: u64,
    },
    /// Run again what a receipt speaks of. Three byte arrays: the receipt; the module; the input.
    Rerun {
        /// To answer by.
        token: u64,
    },
    /// The last view is on the screen.
    Shown,
}

/// From the worker to the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromWorker {
    /// The first message: what the page sent before is lost, since nobody listened.
    Listening,
    /// How the node stands.
    Status(Status),
    /// One byte array: the node's secret seed, for its connections. It precedes every [`FromWorker::Net`].
    Identity,
    /// What the node asks of its connections; the body of [`NetOutput`].
    Net(NetOutput),
    /// The node at a glance.
    View(Box<LightView>),
    /// The answer to a [`ToWorker::Command`].
    Reply {
        /// Whose.
        token: u64,
        /// How it went.
        result: Result<Reply, CommandError>,
    },
    /// The answer to [`ToWorker::Rows`].
    Rows {
        /// Whose.
        token: u64,
        /// The records and their schema.
        look: Look,
    },
    /// The answer to [`ToWorker::TryOut`].
    Tried {
        /// Whose.
        token: u64,
        /// What it would come to, or what is wrong with it.
        result: Result<Box<Tried>, String>,
    },
    /// The answer to [`ToWorker::Verify`].
    Verified {
        /// Whose.
        token: u64,
        /// The heavy nodes in them that this node does not trust, or what is wrong with them.
        result: Result<Vec<NodeId>, String>,
    },
    /// The answer to [`ToWorker::SignJob`] and [`ToWorker::SignCancel`]. One byte array where it went well: the document, in JSON.
    Signed {
        /// Whose.
        token: u64,
        /// What was signed, or why not.
        result: Result<Signed, String>,
    },
    /// The answer to [`ToWorker::Receipt`]. One byte array where it is here: the document, in JSON.
    Receipt {
        /// Whose.
        token: u64,
    },
    /// The answer to [`ToWorker::CheckReceipt`].
    Checked {
        /// Whose.
        token: u64,
        /// What it says, or what is wrong with it.
        result: Result<Box<Checked>, String>,
    },
    /// The answer to [`ToWorker::Rerun`].
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

/// What a draft would come to, and how long this tab took to find out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// What the node says.
    pub trial: Trial,
    /// How long reading, measuring, sharing and sealing took here, in microseconds: what an answer takes.
    pub work_us: u64,
}

/// How the tab's node stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Storage is being opened.
    Starting,
    /// The node runs here.
    Ready,
    /// The node runs in another tab of this browser. It goes on here once that tab is closed.
    OtherTab,
    /// This browser keeps nothing for this page, so the node cannot run.
    StorageRefused {
        /// The browser's own words.
        detail: String,
    },
    /// The node has stopped.
    Failed {
        /// Why.
        detail: String,
    },
}
