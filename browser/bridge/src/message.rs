//! What page and worker say to each other.

use aggregate::Draft;
use keys::NodeId;
use node::{Command, CommandError, LightView, Look, Reply, Trial};
use serde::{Deserialize, Serialize};

#[cfg(feature = "jobs")]
use crate::jobs::{JobsAnswer, JobsAsk};
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
    /// The views of jobs want something.
    #[cfg(feature = "jobs")]
    Jobs(JobsAsk),
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
    /// The answer to a [`ToWorker::Jobs`].
    #[cfg(feature = "jobs")]
    Jobs(JobsAnswer),
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
