//! The broker of a heavy node: takes jobs and bytes, hands jobs to nodes over the network, and keeps what comes of them.
//!
//! It is the [`Scheduler`] with [`Blobs`] and peers around it. Everything goes to the store in the scheduler's batches, one at a time, so that a
//! job and the bytes that came with it are durable together; who is told that something is taken is told after that.
//!
//! # How to drive it
//! `handle_input(now, identity, Input)`, `handle_timeout(now)`; then drain `poll_output` until `None`; then sleep until `poll_timeout`.
//! A peer that has made an [offer](Request::Offer) gets leases until [`Input::Down`].
//!
//! # Bounds
//! [`Config`]. Of one peer two messages are under way, and what waits for it is no more than it offered to take. Requests that wait for the
//! disk are as many as the owner lets peers have under way.

use crate::{
    Scheduler,
    blobs::{self, BlobError, Blobs, Owner, Progress},
    cancel::CancellationError,
    message::{Request, Response},
    ran::{Finished, RunError},
    scheduler::{self, RestoreError, SubmitError, Taken, Why},
    view::{Counts, Filter, JobView, Page, WorkerView},
    worker::{Executor, Task},
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::net::IpAddr;
use keys::{Envelope, Identity, NodeId};
use store::{Batch, Entry, StoreError};

mod clients;
mod held;
mod own;
mod peers;

use clients::Piece;
use held::{NoRoom, Shares};
use own::Own;
use peers::{Peer, Receiving};

/// Most reasons of nodes that are looked for to make one list of jobs.
const LISTED_REASONS_MAX: usize = 10_000;

/// How much a broker takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Of jobs and nodes.
    pub scheduler: scheduler::Config,
    /// Of bytes.
    pub blobs: blobs::Config,
    /// What runs guests beside the heavy node itself: it settles disputes, and runs jobs that ask for heavy nodes.
    pub executor: Option<Executor>,
}

impl Config {
    /// What a heavy node takes on that is told nothing else: jobs counted by the schedule `gas`, without running any itself.
    pub fn new(gas: impl Into<String>) -> Self {
        Self { scheduler: scheduler::Config::new(gas), blobs: blobs::Config::default(), executor: None }
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A peer asks, authenticated by the owner.
    Request {
        /// Who.
        peer: NodeId,
        /// To answer by.
        token: u64,
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
    /// A peer is gone.
    Down {
        /// Who.
        peer: NodeId,
    },
    /// Somebody submits a job through the shell.
    Submit {
        /// Comes back with the answer.
        token: u64,
        /// The signed manifest.
        envelope: Envelope,
    },
    /// A submitter takes a job back through the shell.
    Cancel {
        /// Comes back with the answer.
        token: u64,
        /// The signed [`crate::Cancellation`].
        envelope: Envelope,
    },
    /// Bytes of a blob come through the shell.
    Put {
        /// Comes back with the answer.
        token: u64,
        /// Where they come from, where the shell tells: bytes of different networks are counted apart.
        from: Option<IpAddr>,
        /// Which.
        id: ContentId,
        /// Bytes of the whole.
        len: u64,
        /// Bytes that came before these.
        offset: u64,
        /// The bytes; any number.
        bytes: Vec<u8>,
    },
    /// What came of [`Output::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
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
    /// Ask a peer, and say what it answered with [`Input::Reply`].
    Ask {
        /// Whom.
        peer: NodeId,
        /// Comes back with the answer.
        token: u64,
        /// What.
        request: Request,
    },
    /// The answer to [`Input::Request`].
    Respond {
        /// Whom.
        peer: NodeId,
        /// That of the input.
        token: u64,
        /// The answer.
        response: Response,
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
        /// The job that is cancelled, durably.
        result: Result<ContentId, CancellationError>,
    },
    /// The answer to [`Input::Put`].
    Put {
        /// That of the input.
        token: u64,
        /// How much is here, durable.
        result: Result<Progress, BlobError>,
    },
    /// Run a guest here, and say what came of it with [`Input::Ran`].
    Run(Box<Task>),
    /// Stop a guest that runs here. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// What [`Broker::job`] shows of a job has changed.
    Changed {
        /// Which.
        job: ContentId,
    },
}

/// Whom to tell what came of something.
#[derive(Debug, Clone, Copy)]
enum Asker {
    Shell(u64),
    Peer(NodeId, u64),
}

/// What an answer of the scheduler's is about, by the token that it was given.
#[derive(Debug, Clone, Copy)]
enum Wait {
    Submit(Asker),
    Cancel(Asker, ContentId),
    Put(Asker, Progress),
    /// One of a message's receipts: in which message, where in it, and this node's signature.
    Answer(u64, usize, [u8; 64]),
    /// This node's own receipt.
    Own,
}

/// The broker of one heavy node.
#[derive(Debug)]
pub struct Broker {
    config: Config,
    me: NodeId,
    scheduler: Scheduler,
    blobs: Blobs,
    peers: BTreeMap<NodeId, Peer>,
    /// Peers with something to be told and no message under way.
    ready: BTreeSet<NodeId>,
    /// Peers that did not answer, and when they are tried again.
    silent: BTreeSet<(Instant, NodeId)>,
    /// Messages of leases under way: to whom, and which jobs.
    asks: BTreeMap<u64, (NodeId, Vec<ContentId>)>,
    /// Messages of answers that wait for the disk.
    received: BTreeMap<u64, Receiving>,
    waits: BTreeMap<u64, Wait>,
    tokens: u64,
    /// The blobs that are held for each job.
    held: BTreeMap<ContentId, Vec<ContentId>>,
    shares: Shares,
    no_room: NoRoom,
    /// The jobs that run here.
    own: BTreeMap<ContentId, Own>,
    outputs: VecDeque<Output>,
}

impl Broker {
    /// A broker with what its store holds below [`scheduler::STORE_PREFIX`]; what is due by `now` is done at once.
    ///
    /// # Errors
    /// [`RestoreError`] for the first entry that is not as a broker wrote it.
    pub fn restore(
        config: Config,
        identity: &Identity,
        entries: &[Entry],
        now: Instant,
    ) -> Result<Self, RestoreError> {
        let blobs = Blobs::restore(config.blobs, entries)?;
        let scheduler = Scheduler::restore(config.scheduler.clone(), entries, now)?;
        let mut broker = Self {
            config,
            me: identity.id(),
            scheduler,
            blobs,
            peers: BTreeMap::new(),
            ready: BTreeSet::new(),
            silent: BTreeSet::new(),
            asks: BTreeMap::new(),
            received: BTreeMap::new(),
            waits: BTreeMap::new(),
            tokens: 0,
            held: BTreeMap::new(),
            shares: Shares::default(),
            no_room: None,
            own: BTreeMap::new(),
            outputs: VecDeque::new(),
        };
        let all: Vec<ContentId> = broker.scheduler.list(&Filter::default()).collect();
        for job in all {
            broker.hold_blobs(job);
        }
        broker.blobs.handle_timeout(now);
        broker.join(now);
        broker.settle(now);
        Ok(broker)
    }

    /// Takes what happened. `identity` is the heavy node's, which signs.
    pub fn handle_input(&mut self, now: Instant, identity: &Identity, input: Input) {
        match input {
            Input::Request { peer, token, request } => self.request(now, identity, peer, token, request),
            Input::Reply { token, response } => self.replied(now, token, response.as_ref()),
            Input::Down { peer } => self.down(now, peer),
            Input::Submit { token, envelope } => self.submit(now, Asker::Shell(token), envelope),
            Input::Cancel { token, envelope } => self.cancel(now, Asker::Shell(token), &envelope),
            Input::Put { token, from, id, len, offset, bytes } => {
                let owner = from.map_or(Owner::Common, Owner::at);
                let piece = Piece { id, len, offset, bytes: &bytes };
                self.put(now, Asker::Shell(token), owner, piece);
            }
            Input::Ran { job, result } => self.ran(now, identity, job, result),
            Input::Stored { ticket, result } => {
                self.scheduler.handle_input(now, scheduler::Input::Stored { ticket, result });
            }
        }
        self.settle(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.blobs.handle_timeout(now);
        self.scheduler.handle_timeout(now);
        self.hear_again(now);
        self.settle(now);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Broker::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let silent = self.silent.first().map(|(due, _)| (*due, "a peer that did not answer is tried again"));
        [self.scheduler.poll_timeout(), self.blobs.poll_timeout(), silent].into_iter().flatten().min()
    }

    /// Does what the scheduler asks, and tells peers what there is to tell.
    fn settle(&mut self, now: Instant) {
        loop {
            let batch = self.blobs.take_batch();
            if !batch.is_empty() {
                self.scheduler.keep(batch, None);
            }
            let Some(output) = self.scheduler.poll_output() else { break };
            self.handle_output(now, output);
        }
        self.tell_peers(now);
    }

    fn handle_output(&mut self, now: Instant, output: scheduler::Output) {
        match output {
            scheduler::Output::Store { ticket, batch } => {
                self.outputs.push_back(Output::Store { ticket, batch });
            }
            scheduler::Output::Submitted { token, result } => {
                if let Some(Wait::Submit(asker)) = self.waits.remove(&token) {
                    self.say_submitted(asker, result);
                }
            }
            scheduler::Output::Cancelled { token, result } => {
                if let Some(Wait::Cancel(asker, job)) = self.waits.remove(&token) {
                    let result = result.map(|()| job).map_err(CancellationError::Refused);
                    self.say_cancelled(asker, result);
                }
            }
            scheduler::Output::Kept { token } => {
                if let Some(Wait::Put(asker, progress)) = self.waits.remove(&token) {
                    self.say_put(now, asker, Ok(progress));
                }
            }
            scheduler::Output::Lease { node, job, document, .. } if node == self.me => {
                self.run(now, job, &document);
            }
            scheduler::Output::Lease { node, job, document, until } => {
                self.lease(node, job, document, until);
            }
            scheduler::Output::Revoke { node, job } if node == self.me => self.stop(job),
            scheduler::Output::Revoke { node, job } => self.revoke(node, job),
            scheduler::Output::Received { token, node, result, .. } => {
                if let Some(Wait::Answer(message, at, signature)) = self.waits.remove(&token) {
                    self.answer_received(message, at, node, signature, result);
                }
            }
            scheduler::Output::Gather { job, parts } => self.gather(now, job, &parts),
            scheduler::Output::Ended { job, .. } => {
                self.hold_blobs(job);
                self.charge_readers(now, job);
                self.outputs.push_back(Output::Changed { job });
            }
            scheduler::Output::Changed { job } => self.outputs.push_back(Output::Changed { job }),
            scheduler::Output::Forgotten { job } => self.hold_blobs(job),
            // Whoever offers is told at once.
            scheduler::Output::Full { .. } => {}
        }
    }

    fn token(&mut self, wait: Wait) -> u64 {
        self.tokens += 1;
        self.waits.insert(self.tokens, wait);
        self.tokens
    }

    /// A part of the jobs that are known here, the latest first; at most `limit`.
    pub fn jobs(&self, filter: &Filter, limit: usize) -> Page {
        let mut ids = self.scheduler.list(filter);
        // With many nodes their reasons would be most of the work; who asks for one job is told them.
        let mut reasons = 0;
        let view = |id| {
            reasons += self.scheduler.workers().len();
            self.view(id, reasons <= LISTED_REASONS_MAX)
        };
        let jobs: Vec<JobView> = ids.by_ref().take(limit).filter_map(view).collect();
        let next = ids.next().and(jobs.last()).map(|last| last.id);
        Page { jobs, next }
    }

    /// How many jobs are known here. It looks at each.
    pub fn counts(&self) -> Counts {
        self.scheduler.counts()
    }

    /// A job that is known here.
    pub fn job(&self, job: ContentId) -> Option<JobView> {
        self.view(job, true)
    }

    fn view(&self, job: ContentId, with_nodes: bool) -> Option<JobView> {
        self.scheduler.view(job, with_nodes, |id| self.blobs.get(id).map(|bytes| bytes.len() as u64))
    }

    /// Why a job without an end has none yet, node by node.
    pub fn why(&self, job: ContentId) -> Option<Why> {
        self.scheduler.why(job)
    }

    /// A job's signed manifest.
    pub fn manifest(&self, job: ContentId) -> Option<Arc<Envelope>> {
        self.scheduler.document(job).cloned()
    }

    /// A job's receipts, in the order in which they came, with this heavy node's signature; none before it has ended, so that no replica
    /// can claim what another has found.
    pub fn receipts(&self, job: ContentId) -> Vec<Envelope> {
        if self.scheduler.is_open(job) {
            return Vec::new();
        }
        self.scheduler.answers(job).iter().filter_map(|answer| answer.envelope().ok()).collect()
    }

    /// A blob that is whole.
    pub fn blob(&self, id: ContentId) -> Option<Arc<[u8]>> {
        self.blobs.get(id).cloned()
    }

    /// How much is here of a blob that comes through the shell, from this address where the shell tells.
    pub fn blob_progress(&self, id: ContentId, from: Option<IpAddr>) -> Option<Progress> {
        self.blobs.progress(id, from.map_or(Owner::Common, Owner::at))
    }

    /// The nodes that take jobs, or have said that they take none now.
    pub fn workers(&self) -> Vec<WorkerView> {
        self.scheduler.workers().collect()
    }
}

#[cfg(test)]
mod tests;
