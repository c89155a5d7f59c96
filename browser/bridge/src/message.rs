//! What page and worker say to each other.

use std::fmt;

use aggregate::Draft;
use js_sys::{Array, Uint8Array};
use keys::NodeId;
use node::{Command, CommandError, LightView, Look, Reply, Trial};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast as _, JsValue};

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

/// A message that this version does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// Not an array of a text and byte arrays.
    Shape,
    /// The text is no message's head.
    Head {
        /// The reader's words.
        detail: String,
    },
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape => f.write_str("not a message of this page"),
            Self::Head { detail } => write!(f, "page and worker differ, reload the page: {detail}"),
        }
    }
}

impl std::error::Error for MessageError {}

/// Sends `head` and `parts` with `send`, which is given the message and what to hand over with it, as
/// `postMessage` takes them.
///
/// # Errors
/// What `send` gives.
pub fn post<T: Serialize>(
    head: &T,
    parts: &[Vec<u8>],
    send: impl FnOnce(&JsValue, &JsValue) -> Result<(), JsValue>,
) -> Result<(), JsValue> {
    let head = serde_json::to_string(head).map_err(|error| JsValue::from(error.to_string()))?;
    let (message, handed) = (Array::of1(&head.into()), Array::new());
    for part in parts {
        let bytes = Uint8Array::from(part.as_slice());
        message.push(&bytes);
        handed.push(&bytes.buffer());
    }
    send(&message, &handed)
}

/// Reads what [`post`] sent: the head and the byte arrays.
///
/// # Errors
/// [`MessageError`].
pub fn unpack<T: DeserializeOwned>(message: &JsValue) -> Result<(T, Vec<Vec<u8>>), MessageError> {
    let message: &Array = message.dyn_ref().ok_or(MessageError::Shape)?;
    let head = message.get(0).as_string().ok_or(MessageError::Shape)?;
    let head = serde_json::from_slice(head.as_bytes())
        .map_err(|error| MessageError::Head { detail: error.to_string() })?;
    let part = |value: JsValue| value.dyn_ref().map(Uint8Array::to_vec).ok_or(MessageError::Shape);
    let parts = message.iter().skip(1).map(part).collect::<Result<_, _>>()?;
    Ok((head, parts))
}
