//! What a scheduler keeps: open jobs, ended jobs, standings.
//!
//! ```text
//! j/m/ id      a job's signed manifest, in JSON; written once
//! j/s/ id      its State
//! j/e/ number  an Ended job, numbers ascending
//! j/c/ node    a node's Standing
//! j/f/ id      the deadline of an ended job that is remembered by its id alone
//! ```

use super::{ABSENT_MS, Config, Job, Scheduler, Timer, fit::Needs};
use crate::{
    Manifest,
    manifest::Blob,
    receipt::{Claim, Ending, Receipt},
    standing::Standing,
};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire, decode, encode};
use core::fmt;
use keys::{Envelope, EnvelopeError, NodeId};
use store::Entry;

/// What all keys of a scheduler begin with.
pub const STORE_PREFIX: &[u8] = b"j/";
const MANIFEST: &[u8] = b"j/m/";
const STATE: &[u8] = b"j/s/";
const ENDED: &[u8] = b"j/e/";
const STANDING: &[u8] = b"j/c/";
const FORGOTTEN: &[u8] = b"j/f/";
/// Leases of newcomers that come to nothing, for one that counts.
pub(super) const NEWCOMERS_PER_ATTEMPT: u32 = 8;

/// What changes of a job while it has no end.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct State {
    /// Counts jobs in the order in which they came.
    pub(super) number: u64,
    /// When it came.
    pub(super) submitted: Instant,
    /// The content id of its input, where that was gathered of other jobs' outputs.
    pub(super) input: Option<ContentId>,
    pub(super) answers: Vec<Answer>,
    pub(super) leases: BTreeMap<NodeId, Lease>,
    /// Nodes that do not get it, or not now.
    pub(super) barred: BTreeMap<NodeId, Bar>,
    /// Leases that came to nothing.
    pub(super) lost: Lost,
    pub(super) is_disputed: bool,
}

/// Until when a job that is forgotten could be submitted again.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct Deadline(pub(super) Instant);

impl Wire for Deadline {
    const BYTES_MAX: usize = 16;
}

impl Wire for State {
    const BYTES_MAX: usize = 4 * 1024 * 1024;
}

/// Leases of one job that came to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Lost {
    /// All but those that newcomers handed back, or others long ago.
    pub(super) all: u16,
    /// Those of nodes that others had agreed with before.
    pub(super) proven: u16,
}

impl Lost {
    pub(super) fn add(&mut self, is_proven: bool) {
        self.all = self.all.saturating_add(1);
        self.proven = self.proven.saturating_add(u16::from(is_proven));
    }

    /// One that a node handed back, which others had agreed with before, is long ago.
    pub(super) const fn pass(&mut self) {
        self.all = self.all.saturating_sub(1);
        self.proven = self.proven.saturating_sub(1);
    }

    /// Whether they are as many as a job may have. Identities are free, so those of newcomers count less.
    pub(super) fn is_over(self, attempts_max: u32) -> bool {
        u32::from(self.proven) >= attempts_max || u32::from(self.all) >= attempts_max * NEWCOMERS_PER_ATTEMPT
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Lease {
    pub(super) since: Instant,
    pub(super) until: Instant,
    pub(super) is_judge: bool,
}

/// Why a node does not get a job that it had.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Bar {
    Left {
        until: Instant,
    },
    Late,
    Declined {
        why: String,
    },
    Wrong {
        why: String,
    },
    Returned {
        until: Instant,
    },
    /// [`Bar::Declined`] that passes. That one is read from older stores and written no more.
    HandedBack {
        until: Instant,
        why: String,
        /// Whether it is among the [`Lost`] until it passes.
        counts: bool,
    },
}

impl Bar {
    /// When it passes, where it does.
    pub(super) const fn until(&self) -> Option<Instant> {
        match self {
            Self::Left { until } | Self::Returned { until } | Self::HandedBack { until, .. } => Some(*until),
            _ => None,
        }
    }
}

/// A receipt that a node handed in for its lease.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Answer {
    /// Whose.
    pub node: NodeId,
    /// Whether it settled a dispute: a judge ran the job for that, or was among those who answered differently.
    pub is_judge: bool,
    /// What it claims.
    pub claim: Claim,
    /// How the run ended, with words for a person.
    pub ending: Ending,
    /// When it came.
    pub at: Instant,
    receipt: Vec<u8>,
}

impl Answer {
    pub(super) fn new(receipt: &Receipt, envelope: &Envelope, is_judge: bool, at: Instant) -> Self {
        Self {
            node: receipt.node,
            is_judge,
            claim: receipt.claim(),
            ending: receipt.ending.clone(),
            at,
            receipt: envelope.to_json(),
        }
    }

    /// Bytes of the receipt.
    pub(super) const fn bytes(&self) -> u64 {
        self.receipt.len() as u64
    }

    /// The receipt as it was handed in.
    ///
    /// # Errors
    /// Where the bytes are no envelope; never for an answer that a scheduler took.
    pub fn envelope(&self) -> Result<Envelope, EnvelopeError> {
        Envelope::from_json(&self.receipt)
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// With this result. It may be that of a guest that failed.
    Done {
        /// What the nodes that count agree about.
        claim: Claim,
        /// Whether more than one node's word stands behind it, or a judge's.
        is_checked: bool,
    },
    /// Without a result.
    Refused(RefusalReason),
}

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its deadline came.
    Deadline {
        /// What it was waiting for.
        why: String,
    },
    /// Too many leases came to nothing.
    Attempts {
        /// How many.
        lost: u32,
    },
    /// Its submitter took it back.
    Cancelled,
    /// A job whose output it reads has none, or the outputs make no input.
    Input {
        /// Why.
        why: String,
    },
    /// What its submitter's jobs need, outputs among it, is more than is kept for one submitter.
    Held {
        /// Bytes that they needed.
        held_bytes: u64,
        /// Bytes that they may.
        max_bytes: u64,
    },
}

impl RefusalReason {
    /// What programs compare.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Deadline { .. } => "deadline",
            Self::Attempts { .. } => "attempts",
            Self::Cancelled => "cancelled",
            Self::Input { .. } => "input",
            Self::Held { .. } => "held",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline { why } => write!(f, "its deadline came: {why}"),
            Self::Attempts { lost } => write!(
                f,
                "{lost} times a node left, took too long or handed it back: it may need a larger `limits.wall_ms`, or end the nodes that run it"
            ),
            Self::Cancelled => f.write_str("its submitter cancelled it"),
            Self::Input { why } => write!(f, "it has no input: {why}"),
            Self::Held { held_bytes, max_bytes } => write!(
                f,
                "its submitter's jobs without an end held {held_bytes} bytes with its output, where {max_bytes} are kept for one: have fewer at a \
                 time, or let them write less"
            ),
        }
    }
}

/// A job that has ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ended {
    /// Who submitted it.
    pub submitter: NodeId,
    /// Its place among all jobs that came here.
    pub number: u64,
    /// When it came.
    pub submitted: Instant,
    /// The content id of its input, where that was gathered of other jobs' outputs.
    pub input: Option<ContentId>,
    /// When it ended.
    pub at: Instant,
    /// How.
    pub outcome: Outcome,
    /// The receipts that were handed in, in the order in which they came.
    pub answers: Vec<Answer>,
}

/// An [`Ended`] with its job's id.
#[derive(BorshSerialize, BorshDeserialize)]
pub(super) struct EndedRecord {
    job: ContentId,
    ended: Ended,
}

impl Wire for EndedRecord {
    const BYTES_MAX: usize = 4 * 1024 * 1024;
}

impl Ended {
    pub(super) fn with_id(&self, job: ContentId) -> EndedRecord {
        EndedRecord { job, ended: self.clone() }
    }
}

pub(super) fn manifest_key(id: ContentId) -> Vec<u8> {
    [MANIFEST, id.digest()].concat()
}

pub(super) fn state_key(id: ContentId) -> Vec<u8> {
    [STATE, id.digest()].concat()
}

pub(super) fn ended_key(number: u64) -> Vec<u8> {
    [ENDED, &number.to_be_bytes()].concat()
}

pub(super) fn forgotten_key(id: ContentId) -> Vec<u8> {
    [FORGOTTEN, id.digest()].concat()
}

pub(super) fn standing_key(node: NodeId) -> Vec<u8> {
    [STANDING, node.public_key()].concat()
}

/// Why a store's entries are not a scheduler's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreError {
    /// The key, in hexadecimal digits.
    pub key: String,
    /// What is wrong with its value.
    pub problem: String,
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the stored entry {}: {}; restore the store from a copy", self.key, self.problem)
    }
}

impl core::error::Error for RestoreError {}

/// What a job names by content id: its module, and its input where that is no part of the document.
pub(super) fn named(manifest: &Manifest, gathered: Option<ContentId>) -> Vec<ContentId> {
    let by_id = |blob: &Blob| blob.id().filter(|_| blob.inline().is_none());
    by_id(&manifest.module).into_iter().chain(by_id(&manifest.input).or(gathered)).collect()
}

impl Scheduler {
    /// Adds to the batch what changed of open jobs.
    pub(super) fn write(&mut self) {
        for id in core::mem::take(&mut self.dirty) {
            if let Some(job) = self.jobs.get(&id) {
                self.batch.put(state_key(id), encode(&job.state));
                self.outputs.push_back(super::Output::Changed { job: id });
            }
        }
    }

    pub(super) fn write_manifest(&mut self, id: ContentId, document: &Envelope) {
        self.batch.put(manifest_key(id), document.to_json());
    }

    /// Goes on from the entries below [`STORE_PREFIX`]; what is due by `now` is done at once. Nodes are unknown until they join.
    ///
    /// # Errors
    /// [`RestoreError`] for the first entry that is not as a scheduler wrote it.
    pub fn restore(config: Config, entries: &[Entry], now: Instant) -> Result<Self, RestoreError> {
        let mut scheduler = Self::new(config);
        let mut documents: BTreeMap<ContentId, Envelope> = BTreeMap::new();
        let mut ended: Vec<(u64, EndedRecord)> = Vec::new();
        let mut open: Vec<(ContentId, State)> = Vec::new();
        for Entry { key, value } in entries {
            let wrong = |problem: String| RestoreError { key: data_encoding::HEXLOWER.encode(key), problem };
            let malformed = |error: codec::DecodeError| wrong(error.to_string());
            let digest =
                |rest: &[u8]| <[u8; 32]>::try_from(rest).map_err(|_| wrong("a key that is too short".into()));
            if let Some(rest) = key.strip_prefix(MANIFEST) {
                let id = ContentId::from_digest(digest(rest)?);
                let document = Envelope::from_json(value).map_err(|error| wrong(error.to_string()))?;
                documents.insert(id, document);
            } else if let Some(rest) = key.strip_prefix(STATE) {
                open.push((ContentId::from_digest(digest(rest)?), decode(value).map_err(malformed)?));
            } else if let Some(rest) = key.strip_prefix(ENDED) {
                let number = rest.try_into().map_err(|_| wrong("a key that is too short".into()))?;
                ended.push((u64::from_be_bytes(number), decode(value).map_err(malformed)?));
            } else if let Some(rest) = key.strip_prefix(STANDING) {
                let node = NodeId::from_public_key(digest(rest)?);
                let standing: Standing = decode(value).map_err(malformed)?;
                let turn = scheduler.next();
                scheduler.standings.insert(node, (standing, turn));
                scheduler.standing_order.insert((turn, node));
            } else if let Some(rest) = key.strip_prefix(FORGOTTEN) {
                let id = ContentId::from_digest(digest(rest)?);
                scheduler.forgotten.insert(id, decode::<Deadline>(value).map_err(malformed)?.0);
            }
        }
        let mut document_of = |id: ContentId, key: Vec<u8>| {
            let wrong = |problem: String| RestoreError { key: data_encoding::HEXLOWER.encode(&key), problem };
            let document = documents.remove(&id).ok_or_else(|| wrong("its manifest is missing".into()))?;
            let manifest =
                Manifest::from_json(&document.payload).map_err(|error| wrong(error.to_string()))?;
            Ok((manifest, document))
        };
        for (number, EndedRecord { job, ended }) in ended {
            let (manifest, document) = document_of(job, ended_key(number))?;
            let blobs = named(&manifest, ended.input);
            scheduler.insert_past(number, job, Arc::new(ended), Arc::new(document), blobs);
            scheduler.count = scheduler.count.max(number);
        }
        let ids: Vec<ContentId> = open.iter().map(|(id, _)| *id).collect();
        for (id, state) in open {
            let (manifest, document) = document_of(id, state_key(id))?;
            scheduler.take(id, manifest, document, state);
        }
        for id in ids {
            scheduler.look_for_inputs(now, id);
        }
        // Who held a job and does not come back has left.
        let absent: Vec<NodeId> = scheduler.held.keys().copied().collect();
        scheduler.timers.extend(absent.into_iter().map(|node| (now.plus_ms(ABSENT_MS), Timer::Absent(node))));
        scheduler.handle_timeout(now);
        let open: Vec<ContentId> = scheduler.jobs.keys().copied().collect();
        for id in open {
            scheduler.settle(now, id);
        }
        Ok(scheduler)
    }

    /// Makes a job that is in order one of this scheduler's, without handing it out yet.
    pub(super) fn take(&mut self, id: ContentId, mut manifest: Manifest, document: Envelope, state: State) {
        // The document has the bytes.
        let blobs = named(&manifest, state.input);
        let given = self.given(id, &manifest, &state);
        manifest.module = Blob::Id(manifest.module_id());
        if let Some(input) = manifest.input.id().or(state.input) {
            manifest.input = Blob::Id(input);
        }
        self.index.insert(state.number, id, manifest.submitter);
        let bytes = document.payload.len() as u64;
        self.bytes += bytes;
        self.count = self.count.max(state.number);
        self.timers.insert((manifest.deadline, Timer::Deadline(id)));
        for (node, lease) in &state.leases {
            self.timers.insert((lease.until, Timer::Lease(id, *node)));
            self.held.entry(*node).or_default().insert(id);
        }
        for (node, bar) in &state.barred {
            if let Some(until) = bar.until() {
                self.timers.insert((until, Timer::Back(id, *node)));
            }
        }
        self.queue.enter(manifest.submitter, bytes);
        let needs = Needs::of(&manifest, state.is_disputed);
        let document = Arc::new(document);
        self.jobs
            .insert(id, Job { manifest, document, bytes, needs, is_waiting: false, given, blobs, state });
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done { claim, is_checked } => {
                let by = if *is_checked { "checked" } else { "by one node's word" };
                write!(f, "{} ({by})", ending(claim))
            }
            Self::Refused(reason) => write!(f, "no result: {reason}"),
        }
    }
}

fn ending(claim: &Claim) -> String {
    match &claim.ended {
        crate::receipt::Ended::Exit(0) => "done".into(),
        crate::receipt::Ended::Exit(code) => format!("failed with exit code {code}"),
        crate::receipt::Ended::Trap(code) | crate::receipt::Ended::Rejected(code) => {
            format!("failed: {code}")
        }
    }
}
