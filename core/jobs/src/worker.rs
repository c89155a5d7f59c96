//! The worker of a light node: takes leases that heavy nodes give it, fetches what the jobs need, has them run, and answers.
//!
//! Nothing is taken before its person says so ([`Contribution::on`]). What runs, for whom, and what came of it is shown
//! ([`Worker::view`]).
//!
//! # Ahead
//! While its jobs are short, a worker takes some ahead, so that a slot has the next one at once. When a job turns out to be long ([`LONG_MS`]), it gives back
//! what it has not begun, and takes no more ahead until its jobs are short again. It offers itself whole to every heavy node; what
//! runs long for one is taken off the offers to the others.
//!
//! # How to drive it
//! `handle_input(now, identity, Input)`, `handle_timeout(now, me)`; then drain `poll_output` until `None`; then sleep until `poll_timeout`.
//!
//! # Bounds
//! Of one heavy node about thirty questions are under way, fewer than a connection takes. [`JOBS_MAX`] jobs at a time, [`CACHE_BYTES_MAX`] of modules and inputs beyond those that jobs here need, [`HISTORY_MAX`] jobs that were.

use crate::{
    Invocation, Manifest,
    manifest::Kind,
    message::{Request, Response},
    ran::{Finished, RunError},
    scheduler::RestoreError,
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId};
use serde::{Deserialize, Serialize};
use store::{Batch, Entry};

mod answer;
mod fetch;
mod history;
mod lease;
#[cfg(test)]
mod tests;

use answer::Outgoing;
use fetch::{Cache, Fetch};
use history::History;
use lease::{Heavy, Pace, Purpose};

pub use fetch::CACHE_BYTES_MAX;
pub use lease::{JOBS_MAX, LONG_MS};

/// What all keys of a worker begin with.
pub const STORE_PREFIX: &[u8] = b"w/";
/// Least milliseconds between two [`Output::Changed`].
const CHANGED_MS: u64 = 250;
/// Most jobs that [`Worker::view`] shows of those that are here.
const RUNNING_SHOWN: usize = 100;
/// Most jobs that are remembered after they ended.
pub const HISTORY_MAX: usize = 100;

/// What runs guests beside a node, and what the machine has for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executor {
    /// What it runs in.
    pub kind: Kind,
    /// Its gas schedule.
    pub gas: String,
    /// Guests that it can run at a time.
    pub slots_max: u16,
    /// The most bytes of memory that one guest can have, by its [`crate::Limits::footprint_bytes`].
    pub memory_bytes_max: u64,
}

/// What a person gives to other people's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contribution {
    /// Whether anything is taken at all.
    pub on: bool,
    /// Whether parts of other people's graphs are held as well.
    pub graphs: bool,
    /// Jobs at a time; no more than the machine can.
    pub slots: u16,
    /// The most bytes of memory for one job, by its [`crate::Limits::footprint_bytes`], and for all parts of graphs; no more than the machine can.
    pub memory_bytes_max: u64,
    /// The most fuel for one job.
    pub fuel_max: u64,
    /// The most milliseconds for one job.
    pub wall_ms_max: u32,
}

impl Default for Contribution {
    /// Nothing, until the person says yes; then what a tab does not feel.
    fn default() -> Self {
        Self {
            on: false,
            graphs: false,
            slots: 1,
            memory_bytes_max: 512 << 20,
            fuel_max: 1_000_000_000_000,
            wall_ms_max: 30 * 60 * 1_000,
        }
    }
}

/// A guest to be run, with everything that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The job.
    pub job: ContentId,
    /// How it is run.
    pub invocation: Invocation,
    /// The module.
    pub module: Arc<[u8]>,
    /// What the guest reads from standard input.
    pub input: Arc<[u8]>,
}

/// How far a job is at its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Its module or input is being fetched.
    Fetching,
    /// It waits for a slot.
    Queued,
    /// It runs.
    Running,
    /// Its answer is being handed in.
    Answering,
}

/// A job that a worker has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningView {
    /// The job.
    pub job: ContentId,
    /// What it does, in its submitter's words.
    pub name: String,
    /// For whom it is run.
    pub submitter: NodeId,
    /// The heavy node that leased it.
    pub heavy: NodeId,
    /// How far it is.
    pub step: Step,
    /// Since when it is here.
    pub since: Instant,
    /// When the lease ends.
    pub until: Instant,
}

/// A job that a worker had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastView {
    /// The job.
    pub job: ContentId,
    /// What it does, in its submitter's words.
    pub name: String,
    /// For whom it was run.
    pub submitter: NodeId,
    /// How it went, in words: the guest's ending, or why there is none.
    pub ending: String,
    /// Whether the heavy node took the answer; then the receipt is kept.
    pub is_taken: bool,
    /// Fuel used.
    pub fuel: u64,
    /// Microseconds that it took.
    pub wall_us: u64,
    /// When it ended.
    pub at: Instant,
}

/// What a worker has done, and what it is credited with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Answers that heavy nodes took.
    pub jobs: u64,
    /// Fuel of these answers.
    pub fuel: u64,
    /// Answers that agreed with others', by the heavy nodes' latest word.
    pub agreed: u64,
    /// Answers that did not.
    pub disagreed: u64,
    /// Answers that nobody else could be compared with.
    pub unchecked: u64,
}

/// A worker as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContributionView {
    /// What the person gives.
    pub settings: Contribution,
    /// What the machine has; `None` while nothing here runs guests.
    pub executor: Option<Executor>,
    /// The heavy nodes that know the offer now.
    pub offered: Vec<NodeId>,
    /// The jobs that are here now, the oldest first; at most 100.
    pub running: Vec<RunningView>,
    /// The jobs that were here, the latest first; at most [`HISTORY_MAX`].
    pub history: Vec<PastView>,
    /// What came of it in all.
    pub credit: Credit,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// What runs guests beside this node; `None` where nothing does any more.
    Executor(Option<Executor>),
    /// What the person gives from now on.
    Contribute(Contribution),
    /// A heavy node is there that may hand out jobs, authenticated by the owner.
    Up {
        /// Which.
        heavy: NodeId,
    },
    /// It is gone.
    Down {
        /// Which.
        heavy: NodeId,
    },
    /// A heavy node that is up says what there is to do.
    Request {
        /// Which, authenticated by the owner.
        heavy: NodeId,
        /// What.
        request: Request,
    },
    /// What came of [`Output::Ask`].
    Reply {
        /// Which.
        token: u64,
        /// The answer; `None` where there is none.
        response: Option<Response>,
    },
    /// What came of [`Output::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Ask a heavy node, and say what it answered with [`Input::Reply`].
    Ask {
        /// Which.
        heavy: NodeId,
        /// Comes back with the answer.
        token: u64,
        /// What.
        request: Request,
    },
    /// Run a guest, and say what came of it with [`Input::Ran`].
    Run(Box<Task>),
    /// Stop a guest that runs. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// Keep these changes; nothing waits for it.
    Store(Batch),
    /// What [`Worker::view`] shows has changed. It comes a few times a second at most.
    Changed,
}

/// A job that is here.
#[derive(Debug)]
struct Job {
    heavy: NodeId,
    manifest: Manifest,
    /// The content id of the input.
    input: ContentId,
    /// Its place among all that came.
    number: u64,
    since: Instant,
    until: Instant,
    state: State,
}

#[derive(Debug)]
enum State {
    Fetching,
    Queued,
    Running {
        started: Instant,
    },
    /// These go first, then the answer.
    Putting {
        left: Vec<(ContentId, Vec<u8>)>,
        answer: Box<Outgoing>,
    },
    Answering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// A lease ends.
    Lease(ContentId),
    /// A job that still runs is a long one.
    Long(ContentId),
    /// Bytes that were not taken are put again.
    Put(ContentId),
    /// A heavy node is asked again to take the offer.
    Offer(NodeId),
    /// Answers that were not heard are handed in again.
    Answers(NodeId),
    Changed,
    Store,
}

/// The worker of one light node.
#[derive(Debug, Default)]
pub struct Worker {
    contribution: Contribution,
    executor: Option<Executor>,
    heavy: BTreeMap<NodeId, Heavy>,
    jobs: BTreeMap<ContentId, Job>,
    /// Jobs that wait for a slot, the earliest first.
    queue: BTreeSet<(u64, ContentId)>,
    running: BTreeSet<ContentId>,
    /// Those that have run for longer than [`LONG_MS`].
    long: BTreeSet<ContentId>,
    pace: Pace,
    fetches: BTreeMap<ContentId, Fetch>,
    cache: Cache,
    asks: BTreeMap<u64, Purpose>,
    /// Counts jobs and messages.
    count: u64,
    history: History,
    timers: BTreeSet<(Instant, Timer)>,
    /// Whether timers for these are set.
    is_store_due: bool,
    is_changed_due: bool,
    /// When [`Output::Changed`] came last.
    changed_at: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Worker {
    /// A worker with what its store holds below [`STORE_PREFIX`].
    ///
    /// # Errors
    /// [`RestoreError`] for the first entry that is not as a worker wrote it.
    pub fn restore(entries: &[&Entry]) -> Result<Self, RestoreError> {
        Ok(Self { history: History::restore(entries)?, ..Self::default() })
    }

    /// Takes what happened. `identity` is the light node's, which signs receipts.
    pub fn handle_input(&mut self, now: Instant, identity: &Identity, input: Input) {
        match input {
            Input::Executor(executor) => {
                self.executor = executor;
                self.reconsider(now);
            }
            Input::Contribute(contribution) => {
                self.contribution = contribution;
                self.reconsider(now);
            }
            Input::Up { heavy } => self.up(heavy),
            Input::Down { heavy } => self.down(now, heavy),
            Input::Request { heavy, request: Request::Work { leases, revoked } } => {
                revoked.iter().for_each(|job| self.revoked(now, heavy, *job));
                leases.into_iter().for_each(|lease| self.leased(now, heavy, &lease));
            }
            Input::Request { .. } => {}
            Input::Reply { token, response } => self.replied(now, token, response),
            Input::Ran { job, result } => self.ran(now, identity, job, result),
        }
        self.settle(now, identity.id());
    }

    /// Does what is due. `me` is the light node's own id.
    pub fn handle_timeout(&mut self, now: Instant, me: NodeId) {
        while let Some((due, timer)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            self.timers.remove(&(due, timer));
            match timer {
                Timer::Lease(job) => self.lease_ended(now, job),
                Timer::Long(job) => self.is_long(now, job),
                Timer::Put(job) => self.put_next(job),
                Timer::Offer(heavy) => {
                    if let Some(heavy) = self.heavy.get_mut(&heavy) {
                        heavy.offered = None;
                        heavy.is_asked = false;
                    }
                }
                Timer::Answers(heavy) => {
                    if let Some(heavy) = self.heavy.get_mut(&heavy) {
                        heavy.is_deaf = false;
                    }
                }
                Timer::Changed => {
                    self.is_changed_due = false;
                    self.changed(now);
                }
                Timer::Store => self.store(),
            }
        }
        self.settle(now, me);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Worker::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.timers.first().map(|(due, timer)| {
            let why = match timer {
                Timer::Lease(_) => "a lease ends",
                Timer::Long(_) => "a job turns out to be long",
                Timer::Put(_) => "bytes are put again",
                Timer::Offer(_) => "the offer is made again",
                Timer::Answers(_) => "answers are handed in again",
                Timer::Changed => "show what changed of jobs",
                Timer::Store => "keep what came of jobs",
            };
            (*due, why)
        })
    }

    /// Starts what can start, and says what is to be said.
    fn settle(&mut self, now: Instant, me: NodeId) {
        self.start(now, me);
        self.offer(now);
        self.hand_in();
    }

    /// Asks; gives the token of the question.
    fn ask(&mut self, heavy: NodeId, purpose: Purpose, request: Request) -> u64 {
        self.count += 1;
        self.asks.insert(self.count, purpose);
        self.outputs.push_back(Output::Ask { heavy, token: self.count, request });
        self.count
    }

    fn replied(&mut self, now: Instant, token: u64, response: Option<Response>) {
        match self.asks.remove(&token) {
            Some(Purpose::Offer { heavy, number, returned }) => {
                self.offered(now, heavy, number, returned, response);
            }
            Some(Purpose::Answers { heavy, sent }) => self.answered(now, heavy, sent, response),
            Some(Purpose::Get { heavy, id }) => self.fetched(now, heavy, id, token, response),
            Some(Purpose::Put { heavy, job }) => self.was_put(now, heavy, job, response),
            Some(Purpose::Decline { heavy, job }) => self.declined(heavy, job, response),
            None => {}
        }
    }

    /// What is shown has changed: it is said now, or a little later where it was said just before.
    fn changed(&mut self, now: Instant) {
        let due = self.changed_at.map_or(now, |at| at.plus_ms(CHANGED_MS));
        if self.is_changed_due {
            return;
        }
        if due <= now {
            self.changed_at = Some(now);
            self.outputs.push_back(Output::Changed);
        } else {
            self.is_changed_due = true;
            self.timers.insert((due, Timer::Changed));
        }
    }

    /// What the person gives, and what came of it.
    pub fn view(&self) -> ContributionView {
        let mut jobs: Vec<(&ContentId, &Job)> = self.jobs.iter().collect();
        jobs.sort_unstable_by_key(|(_, job)| job.number);
        let running = jobs.into_iter().map(|(id, job)| RunningView {
            job: *id,
            name: job.manifest.name.clone(),
            submitter: job.manifest.submitter,
            heavy: job.heavy,
            step: match job.state {
                State::Fetching => Step::Fetching,
                State::Queued => Step::Queued,
                State::Running { .. } => Step::Running,
                State::Putting { .. } | State::Answering => Step::Answering,
            },
            since: job.since,
            until: job.until,
        });
        let offers = |heavy: &&Heavy| heavy.offered.as_ref().is_some_and(|advert| advert.slots > 0);
        ContributionView {
            settings: self.contribution,
            executor: self.executor.clone(),
            offered: self.heavy.iter().filter(|(_, heavy)| offers(heavy)).map(|(id, _)| *id).collect(),
            running: running.take(RUNNING_SHOWN).collect(),
            history: self.history.view(),
            credit: self.history.credit(),
        }
    }

    /// The receipt of a job in the history, with the heavy node's signature.
    pub fn receipt(&self, job: ContentId) -> Option<Envelope> {
        self.history.receipt(job)
    }
}
