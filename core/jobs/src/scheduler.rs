//! The scheduler of a heavy node: which job goes to which node, and what the answers give.
//!
//! A job waits until as many nodes as it asks for have it. A node that has a slot free is handed a job at once where any fits, and a
//! job that comes in goes at once to nodes that are free: there is never a free node and a waiting job that fit
//! each other. A node may take some jobs ahead, beyond those that it runs ([`Advert::ahead`]); it gets such a job when no slot of another is free,
//! and hands back what it has not begun where its jobs turn out to be long ([`Input::Returned`]). So nothing waits behind a long job while
//! others are free.
//!
//! # Who goes first
//! Among submitters, who has used the least machine time: start-time fair queueing (Goyal, Vin, Cheng 1996) over the time that leases
//! are held by this scheduler's own clock. A lease is charged whole when it begins, and what it did not use is given back
//! when it ends; so a limit that is stated tightly gets its job started sooner. Among one submitter's jobs, the higher priority, then the earlier.
//!
//! # When answers give a result
//! Nodes that answered are compared by their [`Claim`]s. As soon as enough agree ([`Quorum`](crate::manifest::Quorum)) that is the result, and the
//! other leases are taken back. As soon as that can no longer happen, the job is disputed: a judge (a heavy node that the owner trusts) runs it
//! again, and its answer is the result.
//!
//! # Jobs that read other jobs' outputs
//! Such a job ([`Blob::Outputs`](crate::manifest::Blob::Outputs)) waits for those to end well; then [`Output::Gather`] asks the owner for one input made of
//! their outputs, and [`Input::Gathered`] brings it. Jobs that are waited for are not forgotten meanwhile.
//!
//! # How to drive it
//! `handle_input(now, Input)`, `handle_timeout(now)`; then drain `poll_output` until `None`; then sleep until `poll_timeout`.
//! [`Output::Store`] asks for a batch to be made durable; there is one at a time, and it holds everything that changed since the last.
//! What is acknowledged is acknowledged after that. After a restart, [`Scheduler::restore`] goes on from what was stored; nodes join anew, and one that
//! held a lease is handed it again.
//!
//! # Bounds
//! [`Config`] bounds jobs in all and of each submitter, the bytes of their documents, nodes, ended jobs that are remembered and standings. A job has at most
//! [`REPLICAS_MAX`](crate::manifest::REPLICAS_MAX) and one answers, and [`Config::attempts_max`] nodes that it is kept from. One submitter's waiting jobs
//! differ in at most [`NEEDS_MAX`] ways in what they need, so finding a job for a node looks at as many queues per submitter, and in each at most at
//! the jobs that this node already has or had.

use crate::{
    Manifest, ManifestError, Receipt, ReceiptError,
    manifest::{Kind, Limits},
    standing::Standing,
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    string::String,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, NodeId};
use store::{Batch, StoreError};

mod answers;
mod fit;
mod inputs;
mod lease;
mod queue;
mod stored;
mod submit;
mod view;
mod why;

pub use stored::{Answer, Ended, Outcome, RefusalReason, RestoreError, STORE_PREFIX};
pub use why::{Reason, Stage, Why};

use fit::{Class, Needs};
use inputs::Given;
use queue::Queue;
use stored::State;

/// Most ways in which one submitter's waiting jobs differ in what they need.
pub const NEEDS_MAX: usize = 64;
/// Milliseconds that a node which left with a job is kept from that job.
pub const AWAY_MS: u64 = 30_000;
/// Milliseconds after which a batch that could not be stored is tried again.
const STORE_RETRY_MS: u64 = 1_000;

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
    /// Most nodes that are known at a time.
    pub nodes_max: u32,
    /// Most leases of one job that come to nothing, before the job is given up.
    pub attempts_max: u32,
    /// Most ended jobs that are remembered.
    pub ended_max: u32,
    /// Most bytes of their documents and receipts.
    pub ended_bytes_max: u64,
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
            nodes_max: 10_000,
            attempts_max: 16,
            ended_max: 10_000,
            ended_bytes_max: 256 * 1024 * 1024,
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
    /// What was handed to [`Scheduler::keep`] is durable.
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
    /// The submitter has as many jobs here as one may have.
    FullForYou {
        /// After how many milliseconds to try again.
        retry_ms: u64,
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
            Self::FullForYou { retry_ms } => {
                write!(
                    f,
                    "you have as many jobs here as one submitter may have; try again in {}",
                    seconds(*retry_ms)
                )
            }
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
            Self::Manifest(_) | Self::Never { .. } | Self::Missing { .. } => None,
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

/// A node that is here.
#[derive(Debug)]
struct Worker {
    advert: Advert,
    is_judge: bool,
    since: Instant,
    /// Its place among free nodes: who got a job longest ago goes first.
    turn: u64,
    class: Arc<Class>,
    /// Where it stands among free nodes.
    free: Option<FreePlace>,
}

/// Whether a job would be taken ahead, and the node's turn: slots that are free go first.
type FreePlace = (bool, u64);

/// An ended job.
#[derive(Debug)]
struct Past {
    job: ContentId,
    ended: Arc<Ended>,
    document: Arc<Envelope>,
    bytes: u64,
    /// What it named by content id, its gathered input among it.
    blobs: Vec<ContentId>,
}

/// A job without an end.
#[derive(Debug)]
struct Job {
    /// With module and input by content id.
    manifest: Manifest,
    document: Arc<Envelope>,
    bytes: u64,
    needs: Needs,
    /// Whether it stands in the queue.
    is_waiting: bool,
    given: Given,
    /// What it names by content id, its gathered input among it.
    blobs: Vec<ContentId>,
    state: State,
}

/// Nodes that held a lease when their job got its result: what they hand in still counts for their standing.
#[derive(Debug)]
struct Late {
    manifest: Manifest,
    nodes: BTreeSet<NodeId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// First, so that no job is handed out again at its deadline.
    Deadline(ContentId),
    Lease(ContentId, NodeId),
    Back(ContentId, NodeId),
    Store,
}

/// A batch on its way to the disk, and what is said once it is there.
#[derive(Debug)]
struct Flight {
    ticket: u64,
    batch: Batch,
    then: Vec<Output>,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// To be handed to the disk.
    Due,
    /// The disk has it.
    Handed,
    /// It could not be stored; a timer says when to try again.
    Failed,
}

/// The scheduler of one heavy node.
#[derive(Debug)]
pub struct Scheduler {
    config: Config,
    jobs: BTreeMap<ContentId, Job>,
    /// Ended jobs by when they ended, and the same by id.
    ended: BTreeMap<u64, Past>,
    ended_at: BTreeMap<ContentId, u64>,
    ended_bytes: u64,
    /// Those of them that may be forgotten, and how many open jobs read each job's output.
    forgettable: BTreeSet<u64>,
    readers: BTreeMap<ContentId, u32>,
    /// Open jobs, and those that wait for their outputs.
    dependents: BTreeMap<ContentId, BTreeSet<ContentId>>,
    /// Jobs that ended just now, whose dependents are to learn it.
    just_ended: VecDeque<ContentId>,
    /// All jobs that are known here, in the order in which they came.
    index: BTreeMap<u64, ContentId>,
    late: BTreeMap<ContentId, Late>,
    workers: BTreeMap<NodeId, Worker>,
    /// Nodes with a slot free, by what they offer; of those alike, who waits longest first.
    free: BTreeMap<Arc<Class>, BTreeSet<(FreePlace, NodeId)>>,
    /// The jobs that nodes hold, whether they are here or not.
    held: BTreeMap<NodeId, BTreeSet<ContentId>>,
    queue: Queue,
    standings: BTreeMap<NodeId, (Standing, u64)>,
    standing_order: BTreeSet<(u64, NodeId)>,
    timers: BTreeSet<(Instant, Timer)>,
    /// Counts jobs, turns and ends.
    count: u64,
    tickets: u64,
    bytes: u64,
    /// How many nodes could run what needs this, and when they were counted.
    able: Option<(Needs, u32, Instant)>,
    /// When a job ended last, and the mean time between ends, in sixteenths of a millisecond.
    pace: (Option<Instant>, u64),
    dirty: BTreeSet<ContentId>,
    batch: Batch,
    then: Vec<Output>,
    flight: Option<Flight>,
    outputs: VecDeque<Output>,
}

impl Scheduler {
    /// A scheduler that knows no job.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            jobs: BTreeMap::new(),
            ended: BTreeMap::new(),
            ended_at: BTreeMap::new(),
            ended_bytes: 0,
            forgettable: BTreeSet::new(),
            readers: BTreeMap::new(),
            dependents: BTreeMap::new(),
            just_ended: VecDeque::new(),
            index: BTreeMap::new(),
            late: BTreeMap::new(),
            workers: BTreeMap::new(),
            free: BTreeMap::new(),
            held: BTreeMap::new(),
            queue: Queue::default(),
            standings: BTreeMap::new(),
            standing_order: BTreeSet::new(),
            timers: BTreeSet::new(),
            count: 0,
            tickets: 0,
            bytes: 0,
            able: None,
            pace: (None, 0),
            dirty: BTreeSet::new(),
            batch: Batch::new(),
            then: Vec::new(),
            flight: None,
            outputs: VecDeque::new(),
        }
    }

    /// Jobs without an end.
    pub fn open(&self) -> impl Iterator<Item = ContentId> + '_ {
        self.jobs.keys().copied()
    }

    /// Ended jobs that are remembered, the earliest first.
    pub fn ended(&self) -> impl Iterator<Item = (ContentId, &Ended)> + '_ {
        self.ended.values().map(|past| (past.job, past.ended.as_ref()))
    }

    /// How an ended job that is remembered ended.
    pub fn end_of(&self, job: ContentId) -> Option<&Ended> {
        self.past(job).map(|past| past.ended.as_ref())
    }

    fn past(&self, job: ContentId) -> Option<&Past> {
        self.ended.get(self.ended_at.get(&job)?)
    }

    /// Every remembered node's standing.
    pub fn standings(&self) -> impl Iterator<Item = (NodeId, Standing)> + '_ {
        self.standings.iter().map(|(node, (standing, _))| (*node, *standing))
    }

    /// A node's standing; that of a newcomer where none is remembered.
    pub fn standing(&self, node: NodeId) -> Standing {
        self.standings.get(&node).map(|(standing, _)| *standing).unwrap_or_default()
    }

    /// Takes what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.handle_timeout(now);
        match input {
            Input::Submit { token, document } => self.submit(now, token, document),
            Input::SubmitOpened { token, job, manifest, document } => {
                self.submit_opened(now, token, job, *manifest, document);
            }
            Input::Cancel { token, job, by } => self.cancel(now, token, job, by),
            Input::Joined { node, advert, is_judge } => self.joined(now, node, advert, is_judge),
            Input::Left { node } => self.left(now, node),
            Input::Answered { token, node, receipt } => {
                let opened = Receipt::open(&receipt).map(|(opened, _)| opened);
                self.answered(now, token, node, opened, &receipt);
            }
            Input::AnsweredOpened { token, node, receipt, envelope } => {
                self.answered(now, token, node, Ok(*receipt), &envelope);
            }
            Input::Spoiled { node, job, why } => self.spoiled(now, node, job, &why),
            Input::Returned { node, job } => self.returned(now, node, job),
            Input::Gathered { job, result } => self.gathered(now, job, result),
            Input::Declined { node, job, why } => self.declined(now, node, job, &why),
            Input::Stored { ticket, result } => self.stored(now, ticket, result),
        }
        self.tell_dependents(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((due, timer)) = self.timers.first().copied() {
            if due > now {
                break;
            }
            self.timers.remove(&(due, timer));
            match timer {
                Timer::Lease(job, node) => self.lease_ended(now, job, node),
                Timer::Back(job, node) => self.is_back(now, job, node),
                Timer::Deadline(job) => self.out_of_time(now, job),
                Timer::Store => {
                    if let Some(flight) = &mut self.flight {
                        flight.step = Step::Due;
                    }
                }
            }
        }
        self.tell_dependents(now);
    }

    /// Adds changes of the owner's to the next batch. With a token, [`Output::Kept`] follows once they are durable.
    pub fn keep(&mut self, batch: Batch, token: Option<u64>) {
        self.batch.append(batch);
        self.then.extend(token.map(|token| Output::Kept { token }));
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if self.flight.is_none() {
            self.write();
            if self.batch.is_empty() {
                self.outputs.extend(self.then.drain(..));
                return self.outputs.pop_front();
            }
            self.tickets += 1;
            self.flight = Some(Flight {
                ticket: self.tickets,
                batch: core::mem::take(&mut self.batch),
                then: core::mem::take(&mut self.then),
                step: Step::Due,
            });
        }
        let flight = self.flight.as_mut().filter(|flight| flight.step == Step::Due)?;
        flight.step = Step::Handed;
        Some(Output::Store { ticket: flight.ticket, batch: flight.batch.clone() })
    }

    /// When [`Scheduler::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (due, timer) = self.timers.first()?;
        let why = match timer {
            Timer::Lease(..) => "a lease ends",
            Timer::Back(..) => "a node that left may have the job again",
            Timer::Deadline(_) => "a job's deadline",
            Timer::Store => "storing is tried again",
        };
        Some((*due, why))
    }

    fn stored(&mut self, now: Instant, ticket: u64, result: Result<(), StoreError>) {
        let Some(flight) =
            self.flight.as_mut().filter(|flight| flight.ticket == ticket && flight.step == Step::Handed)
        else {
            return;
        };
        match result {
            Ok(()) => {
                let then = core::mem::take(&mut flight.then);
                self.outputs.extend(then);
                self.flight = None;
            }
            Err(_) => {
                flight.step = Step::Failed;
                self.timers.insert((now.plus_ms(STORE_RETRY_MS), Timer::Store));
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

#[cfg(test)]
mod tests;
