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
//! Nodes that answered are compared by their [`Claim`](crate::Claim)s. As soon as enough agree ([`Quorum`](crate::manifest::Quorum)) that is the result, and the
//! other leases are taken back. As soon as that can no longer happen, the job is disputed: a judge (a heavy node that the owner trusts) runs it
//! again, and its answer is the result. Where a judge is among those that answered, what it said is the result at once. Disputes go before what judges run
//! for its own sake, and push it out where they must.
//!
//! What comes after the result may have been copied from it: it is held against its node where it is another, and earns nothing where it is not.
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
//! [`REPLICAS_MAX`](crate::manifest::REPLICAS_MAX) and one answers, and nodes that it is kept from by [`Config::attempts_max`], and 128 that handed it back. One submitter's waiting jobs
//! differ in at most [`NEEDS_MAX`] ways in what they need, so finding a job for a node looks at as many queues per submitter, and in each goes on where it
//! found the node kept from all before.

use crate::{Manifest, Receipt, standing::Standing};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};
use store::{Batch, StoreError};

mod answers;
mod fit;
mod forgotten;
mod index;
mod inputs;
mod lease;
mod queue;
mod signal;
mod stored;
mod submit;
mod view;
mod why;

pub use signal::{Advert, AnswerError, CancelError, Config, Input, Output, SubmitError, Taken};
pub use stored::{Answer, Ended, Outcome, RefusalReason, RestoreError, STORE_PREFIX};
pub use why::{Reason, Stage, Why};

use fit::{Class, Needs};
use forgotten::Forgotten;
use index::Index;
use inputs::Given;
use queue::Queue;
use stored::State;

/// Most ways in which one submitter's waiting jobs differ in what they need.
pub const NEEDS_MAX: usize = 64;
/// Milliseconds that a node which left with a job is kept from that job.
pub const AWAY_MS: u64 = 30_000;
/// Milliseconds after a restart within which nodes come back to what they hold.
pub const ABSENT_MS: u64 = 60_000;
/// Milliseconds after which a batch that could not be stored is tried again.
const STORE_RETRY_MS: u64 = 1_000;

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

/// Nodes that held a lease when their job got its result: what they hand in can still be held against them.
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
    Absent(NodeId),
    Store,
}

/// How many nodes could run what needs this, and what a job that far that waits for them was told, when they were counted.
#[derive(Debug)]
struct Able {
    needs: Needs,
    nodes: u32,
    told: Option<(Stage, String)>,
    at: Instant,
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
    /// All jobs that are known here.
    index: Index,
    late: BTreeMap<ContentId, Late>,
    forgotten: Forgotten,
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
    able: Option<Able>,
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
            index: Index::default(),
            late: BTreeMap::new(),
            forgotten: Forgotten::default(),
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
            Input::Unkept { job, held_bytes, max_bytes } => {
                self.refuse(now, job, RefusalReason::Held { held_bytes, max_bytes });
            }
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
                Timer::Absent(node) => self.is_absent(now, node),
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
            Timer::Absent(_) => "who is not back after a restart has left",
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
