//! The light node: keeps private records, answers what its person allows, and checks what it is told.

use crate::{
    Descriptor, DescriptorError, Ticket,
    storage::{Part, Queue},
};
use aggregate::{
    Draft, Proposal, Verified,
    message::{Mine, ReportRefusal, Request, Response, Status},
    outcome,
};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant, decode, encode};
#[cfg(feature = "jobs")]
use jobs::Worker;
use jobs::{Contribution, Executor, Finished, RunError};
use keys::{Envelope, Identity, NodeId};
use net::{Endpoint, Event, Hello, Limits, Protocol, RequestId, Role, Transport};
use privacy::{Ledger, Limits as PrivacyLimits, Rule};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
#[cfg(feature = "jobs")]
use shards::Holder;
use shards::{Done, Reckoner};
use store::{Batch, Entry, StoreError};
use vault::{Dataset, FieldView};

mod command;
mod consent;
mod evidence;
mod fit;
#[cfg(not(feature = "jobs"))]
mod idle;
mod jobbing;
mod records;
mod sharding;
mod task;
mod trial;
mod view;

#[cfg(not(feature = "jobs"))]
use idle::{Holder, Worker};

pub use command::{Command, CommandError, Reply};
pub use consent::{LedgerView, RuleView, Withdrawal};
pub use records::{DatasetView, Look, RecordView};
use task::Task;
pub use task::TaskState;
pub use trial::Trial;
pub use view::{Accusation, Answer, End, LightView, TaskView};

/// Most computations kept; the oldest ended ones make room.
pub const TASKS_MAX: usize = 512;
/// Most data sets.
pub const DATASETS_MAX: usize = 32;
/// Least milliseconds between looks at how a computation stands before its deadline.
const STATUS_EVERY_MS: u64 = 2_000;
/// Milliseconds between looks at a computation that somebody watches.
const STATUS_WATCHED_MS: u64 = 1_000;
/// Most milliseconds between such looks, while the deadline is far or the end long past.
const STATUS_SELDOM_MS: u64 = 60_000;
/// The same, from the deadline on, when the end is near.
const STATUS_ENDING_MS: u64 = 750;
/// Milliseconds after the grace period in which a refusal may still turn into a result.
const AFTERWARDS_MS: u64 = 10 * 60_000;
/// Most computations that wait to be fetched.
const ANNOUNCED_MAX: usize = 2 * TASKS_MAX;
/// Most proposals fetched at a time.
const FETCHES_MAX: usize = 16;
/// Milliseconds between looks for computations whose announcement was lost.
const REFRESH_MS: u64 = 60_000;
/// Milliseconds after the grace period for which an end that is not known is looked for: 30 days.
const LOST_MS: u64 = 30 * 24 * 3_600 * 1_000;
/// Milliseconds before a share that was not taken for a passing reason is sent again.
const REPORT_AGAIN_MS: u64 = 2_000;

const NETWORK_KEY: &[u8] = b"network";
const SETTINGS_KEY: &[u8] = b"settings";
const DATASET_PREFIX: &[u8] = b"d/";
const TASK_PREFIX: &[u8] = b"c/";
const EVIDENCE_PREFIX: &[u8] = b"e/";

/// What a light node is made from.
#[derive(Debug)]
pub struct LightConfig {
    /// Who it is.
    pub identity: Identity,
    /// Name and version of its software.
    pub agent: String,
    /// Transports that its shell has, the preferred first.
    pub transports: Vec<Transport>,
    /// Fresh randomness.
    pub seed: [u8; 32],
}

/// What the shell tells a light node.
#[derive(Debug)]
#[non_exhaustive]
pub enum LightInput {
    /// From its connections.
    Net(net::Input),
    /// A commit ended.
    Stored {
        /// Which.
        ticket: Ticket,
        /// How.
        result: Result<(), StoreError>,
    },
    /// What runs guests beside this node is ready; `None` where nothing does any more. Not kept over a start.
    Executor(Option<Executor>),
    /// What came of [`LightOutput::Run`].
    Ran {
        /// Which job.
        job: ContentId,
        /// What it gave.
        result: Result<Box<Finished>, RunError>,
    },
    /// What computes parts of graphs beside this node is ready; `None` where nothing does any more. Not kept over a start.
    Reckoner(Option<Reckoner>),
    /// What came of [`LightOutput::Reckon`].
    Reckoned(Done),
    /// The person, or a program for them, wants something.
    Command {
        /// To answer by.
        token: u64,
        /// What.
        command: Command,
    },
}

/// What a light node asks of its shell.
#[derive(Debug)]
#[non_exhaustive]
pub enum LightOutput {
    /// Of its connections.
    Net(net::Output),
    /// Make this durable.
    Store {
        /// To tell by.
        ticket: Ticket,
        /// What.
        batch: Batch,
    },
    /// The answer to a command: done durably, or why not.
    Reply {
        /// Whose.
        token: u64,
        /// How it went.
        result: Result<Reply, CommandError>,
    },
    /// Run a guest, and say what came of it with [`LightInput::Ran`].
    Run(Box<jobs::Task>),
    /// Stop a guest that runs. Nothing is said about it any more.
    Stop {
        /// Which job's.
        job: ContentId,
    },
    /// Have this computed, and say what came of it with [`LightInput::Reckoned`]. Asked for only of an [`LightInput::Reckoner`] that is ready.
    Reckon(shards::Task),
    /// What [`LightNode::view`] shows has changed.
    Changed,
}

/// What follows a durable batch.
#[derive(Debug)]
enum Effect {
    Reply { token: u64, reply: Reply },
    Settings { token: u64, settings: Settings },
    Network { token: u64, heavy: BTreeMap<NodeId, (Descriptor, Envelope)> },
    Remove { token: u64, name: String },
    Answered { id: ContentId, token: Option<u64> },
    Withdrawing { id: ContentId, token: u64 },
    Dataset { token: u64, dataset: Dataset, reply: Reply },
    None,
}

/// Why a request was made.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Open,
    Proposal(ContentId),
    Report(ContentId),
    Withdraw(ContentId),
    Status(ContentId),
    Evidence(ContentId),
    Propose { token: u64 },
}

/// What the person has chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Settings {
    joined: bool,
    rules: Vec<Rule>,
    #[serde(default, skip_serializing_if = "is_default")]
    limits: PrivacyLimits,
    #[serde(default, skip_serializing_if = "is_default")]
    contribution: Contribution,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A light node. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct LightNode {
    identity: Identity,
    endpoint: Endpoint,
    worker: Worker,
    /// What the worker asked of heavy nodes, by the endpoint's request.
    worker_asks: BTreeMap<RequestId, u64>,
    holder: Holder,
    /// Whom the holder asked, by the endpoint's request.
    holder_asks: BTreeMap<RequestId, NodeId>,
    rng: ChaCha20Rng,
    heavy: BTreeMap<NodeId, (Descriptor, Envelope)>,
    settings: Settings,
    /// Settings that are being stored.
    choosing: Option<Settings>,
    /// Data sets with what they look like, which takes a pass over all cells.
    datasets: BTreeMap<String, (Dataset, DatasetView)>,
    /// Data sets whose latest form is being stored.
    editing: BTreeMap<String, Dataset>,
    tasks: BTreeMap<ContentId, Task>,
    /// All that was answered.
    ledger: Ledger,
    /// Whether something changed that decides about all that waits.
    unsettled: bool,
    requests: BTreeMap<RequestId, (NodeId, Purpose)>,
    /// Proposals that no heavy node has answered yet, and the heavy nodes left to ask.
    proposing: BTreeMap<u64, (Vec<u8>, Vec<NodeId>)>,
    /// Computations that heavy nodes announced and that are to be fetched, and who announced them.
    announced: BTreeMap<ContentId, NodeId>,
    fetching: usize,
    refresh_at: Option<Instant>,
    timers: BTreeSet<(Instant, ContentId)>,
    /// The computation that somebody watches.
    watched: Option<ContentId>,
    queue: Queue<Effect>,
    outputs: VecDeque<LightOutput>,
    changed: bool,
    /// The latest moment heard of.
    clock: Instant,
}

impl LightNode {
    /// A node with what its store holds; an empty list for a new one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the entries are not a light node's.
    pub fn new(config: LightConfig, entries: &[Entry], now: Instant) -> Result<Self, StoreError> {
        let LightConfig { identity, agent, transports, seed } = config;
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut endpoint_seed = [0; 32];
        rng.fill_bytes(&mut endpoint_seed);
        let hello = Hello { role: Role::Light, agent };
        let endpoint = Endpoint::new(identity.id(), hello, &transports, Limits::default(), endpoint_seed);
        let mut node = Self {
            identity,
            endpoint,
            worker: Worker::default(),
            worker_asks: BTreeMap::new(),
            holder: Holder::default(),
            holder_asks: BTreeMap::new(),
            rng,
            heavy: BTreeMap::new(),
            settings: Settings::default(),
            choosing: None,
            datasets: BTreeMap::new(),
            editing: BTreeMap::new(),
            tasks: BTreeMap::new(),
            ledger: Ledger::new(),
            // The node may have stopped between an import or a rule and the answers that follow.
            unsettled: true,
            requests: BTreeMap::new(),
            proposing: BTreeMap::new(),
            announced: BTreeMap::new(),
            fetching: 0,
            refresh_at: None,
            timers: BTreeSet::new(),
            watched: None,
            queue: Queue::new(),
            outputs: VecDeque::new(),
            changed: true,
            clock: now,
        };
        let (ledger, rest): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| entry.key.starts_with(privacy::STORE_PREFIX));
        node.ledger = Ledger::restore(ledger)?;
        let (jobs, rest): (Vec<&Entry>, Vec<&Entry>) =
            rest.into_iter().partition(|entry| entry.key.starts_with(jobs::worker::STORE_PREFIX));
        node.worker =
            Worker::restore(&jobs).map_err(|error| StoreError::Corrupt { detail: error.to_string() })?;
        // What stands beside a computation comes after it.
        let (beside, rest): (Vec<&Entry>, Vec<&Entry>) =
            rest.into_iter().partition(|entry| entry.key.starts_with(EVIDENCE_PREFIX));
        for entry in rest.into_iter().chain(beside) {
            node.restore(entry, now).ok_or_else(|| StoreError::Corrupt {
                detail: format!("the entry `{}`", entry.key.escape_ascii()),
            })?;
        }
        let ids: Vec<ContentId> = node.tasks.keys().copied().collect();
        for id in ids {
            node.preview(id);
        }
        node.reconcile(now);
        let contribution = node.settings.contribution;
        node.worker_input(now, jobs::worker::Input::Contribute(contribution));
        node.lend(now, contribution);
        if node.settings.joined {
            node.dial(now);
        }
        node.settle(now);
        Ok(node)
    }

    fn restore(&mut self, entry: &Entry, now: Instant) -> Option<()> {
        if entry.key == NETWORK_KEY {
            let envelopes: Vec<Envelope> = serde_json::from_slice(&entry.value).ok()?;
            for envelope in envelopes {
                let descriptor = Descriptor::open(&envelope).ok()?;
                self.heavy.insert(descriptor.id, (descriptor, envelope));
            }
        } else if entry.key == SETTINGS_KEY {
            self.settings = serde_json::from_slice(&entry.value).ok()?;
        } else if entry.key.starts_with(DATASET_PREFIX) {
            let dataset: Dataset = decode(&entry.value).ok()?;
            self.keep_dataset(dataset);
        } else if entry.key.starts_with(TASK_PREFIX) {
            let task = Task::decode(&entry.value)?;
            self.timers.insert((now, task.id));
            self.tasks.insert(task.id, task);
        } else if entry.key.starts_with(EVIDENCE_PREFIX) {
            self.restore_evidence(entry)?;
        } else {
            return None;
        }
        Some(())
    }

    // The drive.

    /// Takes what the shell tells.
    pub fn handle_input(&mut self, now: Instant, input: LightInput) {
        self.clock = now;
        match input {
            LightInput::Net(input) => self.endpoint.handle_input(now, input),
            LightInput::Stored { ticket, result } => {
                let error = result.as_ref().err().cloned();
                let (durable, failed) = self.queue.end(now, ticket, result);
                durable.into_iter().for_each(|effect| self.durable(now, effect));
                if let Some(error) = error {
                    self.changed = true;
                    self.choosing = None;
                    self.editing.clear();
                    failed.into_iter().for_each(|effect| self.failed(effect, &error));
                }
            }
            LightInput::Executor(executor) => {
                self.changed = true;
                self.worker_input(now, jobs::worker::Input::Executor(executor));
            }
            LightInput::Ran { job, result } => {
                self.worker_input(now, jobs::worker::Input::Ran { job, result })
            }
            LightInput::Reckoner(reckoner) => {
                self.holder_input(now, shards::holder::Input::Reckoner(reckoner));
            }
            LightInput::Reckoned(done) => self.holder_input(now, shards::holder::Input::Done(done)),
            LightInput::Command { token, command } => self.command(now, token, command),
        }
        self.settle(now);
    }

    /// Does what has come due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.clock = now;
        self.endpoint.handle_timeout(now);
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            // Any of them: the three announce the same.
            let up = self.heavy.keys().copied().find(|heavy| self.endpoint.is_up(*heavy));
            if let Some(heavy) = up {
                self.refresh(now, heavy);
            }
        }
        while let Some((due, id)) = self.timers.first().copied() {
            if due > now {
                break;
            }
            self.timers.pop_first();
            self.look_after(now, id);
        }
        self.worker.handle_timeout(now, self.identity.id());
        self.holder.handle_timeout(now);
        self.settle(now);
    }

    /// The next thing for the shell to do.
    pub fn poll_output(&mut self) -> Option<LightOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`LightNode::handle_timeout`] next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let own = self.timers.first().map(|(due, _)| (*due, "look after a computation"));
        let refresh = self.refresh_at.map(|at| (at, "look for computations"));
        let (worker, holder) = (self.worker.poll_timeout(), self.holder.poll_timeout());
        [own, self.endpoint.poll_timeout(), self.queue.poll_timeout(false), refresh, worker, holder]
            .into_iter()
            .flatten()
            .min()
    }

    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.poll_event() {
            self.handle_event(now, event);
        }
        self.consider_all(now);
        self.drain_worker(now);
        self.drain_holder(now);
        if let Some((ticket, batch)) = self.queue.begin(now) {
            self.outputs.push_back(LightOutput::Store { ticket, batch });
        }
        while let Some(output) = self.endpoint.poll_output() {
            self.outputs.push_back(LightOutput::Net(output));
        }
        if core::mem::take(&mut self.changed) {
            self.outputs.push_back(LightOutput::Changed);
        }
    }

    fn durable(&mut self, now: Instant, effect: Effect) {
        self.changed = true;
        match effect {
            Effect::None => {}
            Effect::Reply { token, reply } => self.reply(token, Ok(reply)),
            Effect::Settings { token, settings } => self.set(now, token, settings),
            Effect::Network { token, heavy } => self.pin(now, token, heavy),
            Effect::Remove { token, name } => {
                self.datasets.remove(&name);
                self.editing.remove(&name);
                self.reply(token, Ok(Reply::Done));
                self.records_changed(&name);
            }
            Effect::Dataset { token, dataset, reply } => {
                let name = dataset.name().to_string();
                self.keep_dataset(dataset);
                self.reply(token, Ok(reply));
                self.records_changed(&name);
            }
            Effect::Answered { id, token } => {
                if let Some(task) = self.tasks.get_mut(&id) {
                    task.answer_is_durable();
                }
                if let Some(token) = token {
                    self.reply(token, Ok(Reply::Done));
                }
                self.look_after(now, id);
            }
            Effect::Withdrawing { id, token } => {
                if let Some(task) = self.tasks.get_mut(&id) {
                    task.withdrawal_is_durable();
                }
                self.reply(token, Ok(Reply::Done));
                self.look_after(now, id);
            }
        }
    }

    fn failed(&mut self, effect: Effect, error: &StoreError) {
        let (Effect::Reply { token, .. }
        | Effect::Settings { token, .. }
        | Effect::Network { token, .. }
        | Effect::Remove { token, .. }
        | Effect::Dataset { token, .. }) = effect
        else {
            return;
        };
        self.reply(token, Err(CommandError::Storage { detail: error.to_string() }));
    }

    fn reply(&mut self, token: u64, result: Result<Reply, CommandError>) {
        self.outputs.push_back(LightOutput::Reply { token, result });
    }

    /// Asks a heavy node for the computations that are open there.
    fn refresh(&mut self, now: Instant, peer: NodeId) {
        self.ask(now, peer, &Request::Open { after: None }, Purpose::Open);
        self.refresh_at = Some(now.plus_ms(REFRESH_MS));
    }

    /// Notes a computation to be fetched from `peer`, unless it is known.
    fn hear_of(&mut self, peer: NodeId, id: ContentId) {
        if !self.tasks.contains_key(&id) && self.announced.len() < ANNOUNCED_MAX {
            self.announced.insert(id, peer);
        }
    }

    /// Fetches announced computations, a few at a time.
    fn fetch(&mut self, now: Instant) {
        while self.fetching < FETCHES_MAX {
            let Some((id, peer)) = self.announced.pop_first() else { return };
            if !self.tasks.contains_key(&id)
                && self.ask(now, peer, &Request::Proposal { id }, Purpose::Proposal(id))
            {
                self.fetching += 1;
            }
        }
    }

    // Connections.

    fn dial(&mut self, now: Instant) {
        for (descriptor, _) in self.heavy.values() {
            self.endpoint.want(now, descriptor.id, &descriptor.addresses);
        }
        self.endpoint.hurry(now);
    }

    fn ask(&mut self, now: Instant, peer: NodeId, request: &Request, purpose: Purpose) -> bool {
        match self.endpoint.request(now, peer, Protocol::Aggregate, encode(request)) {
            Ok(id) => {
                self.requests.insert(id, (peer, purpose));
                true
            }
            Err(_) => false,
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Up { peer, role: Role::Heavy } if self.heavy.contains_key(&peer) => {
                self.changed = true;
                self.worker_input(now, jobs::worker::Input::Up { heavy: peer });
                self.holder_input(now, shards::holder::Input::Up { heavy: peer });
                self.refresh(now, peer);
                let waits = |task: &&Task| !task.is_over(now) || task.seeks_evidence();
                let live: Vec<ContentId> = self.tasks.values().filter(waits).map(|task| task.id).collect();
                for id in live {
                    self.look_after(now, id);
                }
            }
            Event::Down { peer } => {
                self.changed = true;
                self.worker_input(now, jobs::worker::Input::Down { heavy: peer });
                self.holder_input(now, shards::holder::Input::Down { heavy: peer });
            }
            Event::Up { .. } | Event::Changed => self.changed = true,
            Event::Request { peer, responder, protocol: Protocol::Jobs, body } => {
                self.jobs_request(now, peer, responder, &body);
            }
            Event::Request { peer, responder, protocol: Protocol::Shards, body } => {
                self.shards_request(now, peer, responder, &body);
            }
            Event::Request { peer, responder, body, .. } => {
                // A light node answers nobody; heavy nodes that it trusts may say that there is news.
                match decode::<Request>(&body) {
                    Ok(Request::News { id }) if self.heavy.contains_key(&peer) => {
                        self.endpoint.respond(peer, responder, encode(&Response::Done));
                        self.news(now, peer, id);
                    }
                    _ => self.endpoint.ignore(peer, responder),
                }
            }
            Event::Reply { id, result, .. } => {
                if let Some(token) = self.worker_asks.remove(&id) {
                    let response = result.ok().and_then(|body| decode(&body).ok());
                    self.worker_input(now, jobs::worker::Input::Reply { token, response });
                } else if let Some(heavy) = self.holder_asks.remove(&id) {
                    let heard = result.ok().and_then(|body| decode(&body).ok());
                    self.holder_input(now, shards::holder::Input::Reply { heavy, heard });
                } else if let Some((peer, purpose)) = self.requests.remove(&id) {
                    let response = result.ok().and_then(|body| decode::<Response>(&body).ok());
                    self.handle_reply(now, peer, purpose, response);
                }
            }
            _ => {}
        }
    }

    fn news(&mut self, now: Instant, peer: NodeId, id: ContentId) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.status_at = now;
            self.look_after(now, id);
        } else {
            self.hear_of(peer, id);
            self.fetch(now);
        }
    }

    fn handle_reply(&mut self, now: Instant, peer: NodeId, purpose: Purpose, response: Option<Response>) {
        match (purpose, response) {
            (Purpose::Open, Some(Response::Open { ids, more })) => {
                let last = ids.last().copied();
                ids.into_iter().for_each(|id| self.hear_of(peer, id));
                if more && last.is_some() && self.announced.len() < ANNOUNCED_MAX {
                    self.ask(now, peer, &Request::Open { after: last }, Purpose::Open);
                }
                self.fetch(now);
            }
            (Purpose::Proposal(id), response) => {
                self.fetching = self.fetching.saturating_sub(1);
                if let Some(Response::Proposal { envelope }) = response
                    && let Ok(envelope) = Envelope::from_json(&envelope)
                {
                    self.take_up(now, id, &envelope);
                }
                self.fetch(now);
            }
            (Purpose::Report(id), response) => {
                let Some(task) = self.tasks.get_mut(&id) else { return };
                let outcome = match response {
                    Some(Response::Acknowledged) => Some(Ok(())),
                    Some(Response::Refused(refusal)) => Some(Err(refusal)),
                    _ => None,
                };
                if task.report_answered(now, peer, outcome) {
                    self.save(id, Effect::None);
                }
                self.look_after(now, id);
            }
            (Purpose::Withdraw(id), response) => self.withdrawal_answered(now, peer, id, response.as_ref()),
            (Purpose::Status(id), response) => {
                let Some(task) = self.tasks.get_mut(&id) else { return };
                task.asking = false;
                let news = match response {
                    Some(Response::Status(status)) => task.learn(peer, status),
                    Some(Response::Unknown) => {
                        task.forgotten_by(peer);
                        false
                    }
                    _ => false,
                };
                if news {
                    task.seek_evidence();
                    self.note_end(now, id);
                    self.save(id, Effect::None);
                }
                self.changed = true;
                self.look_after(now, id);
            }
            (Purpose::Evidence(id), response) => self.evidence_answered(now, peer, id, response),
            (Purpose::Propose { token }, response) => {
                let result = match response {
                    Some(Response::Proposed { id }) => Ok(Reply::Proposed { id }),
                    Some(Response::NotAccepted { why }) => Err(CommandError::NotAccepted { why }),
                    // The same proposal at another heavy node is the same computation.
                    _ => return self.propose_to_next(now, token),
                };
                self.proposing.remove(&token);
                self.reply(token, result);
            }
            _ => {}
        }
    }

    // Computations.

    /// Takes a computation that a heavy node announced, if all it says holds.
    fn take_up(&mut self, now: Instant, id: ContentId, envelope: &Envelope) {
        // All three heavy nodes announce it; the signatures are worth checking once.
        if self.tasks.contains_key(&id) {
            return;
        }
        let Ok((found, proposal)) = Proposal::open_accepted(envelope) else { return };
        let trusted = proposal
            .heavy
            .iter()
            .all(|key| self.heavy.get(&key.id).is_some_and(|(descriptor, _)| descriptor.key() == *key));
        if found != id || !trusted || now >= proposal.deadline {
            return;
        }
        if self.tasks.len() >= TASKS_MAX {
            // What has ended makes room, the oldest first, but half of the room is kept for it; then what
            // waits with a later deadline than this one. A no is not forgotten before its deadline.
            let over = self.tasks.values().filter(|task| task.is_over(now));
            let waits = self.tasks.values().filter(|task| {
                task.state == TaskState::Waiting && task.proposal.deadline > proposal.deadline
            });
            let kept = over.clone().count() <= TASKS_MAX / 2;
            let oldest = over.min_by_key(|task| task.proposal.deadline).filter(|_| !kept);
            let leaves = oldest.or_else(|| waits.max_by_key(|task| task.proposal.deadline));
            let Some(oldest) = leaves.map(|task| task.id) else { return };
            self.tasks.remove(&oldest);
            let mut batch = Batch::new();
            batch.delete(task::key(oldest));
            batch.delete(evidence::key(oldest));
            self.queue.push(Part { batch, effect: Effect::None, retry: true });
        }
        self.tasks.insert(id, Task::new(now, id, proposal, envelope.clone()));
        self.preview(id);
        self.changed = true;
        if !self.consider(now, id) {
            self.save(id, Effect::None);
        }
        self.look_after(now, id);
    }

    /// Sends what is to be sent of a computation's report, asks how it stands and who lied in it, and sets its timer.
    fn look_after(&mut self, now: Instant, id: ContentId) {
        self.ask_for_evidence(now, id);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.is_over(now) {
            self.note_end(now, id);
            return;
        }
        self.changed = true;
        self.refresh_preview(now, id);
        self.consider(now, id);
        self.tell_withdrawal(now, id);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let unsent = task.unsent(now);
        let (nonce, public, sealed) = match &task.report {
            Some(report) => (report.nonce, report.public.clone(), report.sealed.clone()),
            None => Default::default(),
        };
        for (role, peer) in unsent {
            let request = Request::Report { id, nonce, public: public.clone(), sealed: sealed[role].clone() };
            if self.ask(now, peer, &request, Purpose::Report(id))
                && let Some(task) = self.tasks.get_mut(&id)
            {
                task.report_sent(role);
            }
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.status_at <= now && !task.asking {
            let pause_ms = match self.watched == Some(id) {
                true => task.status_pause_ms(now).min(STATUS_WATCHED_MS),
                false => task.status_pause_ms(now),
            };
            task.status_at = now.plus_ms(pause_ms);
            // The three in turn: one that is down or refuses hides nothing for long.
            let asked = task.next_to_ask(|peer| self.endpoint.is_up(peer));
            if let Some(peer) = asked
                && self.ask(now, peer, &Request::Status { id }, Purpose::Status(id))
                && let Some(task) = self.tasks.get_mut(&id)
            {
                task.asking = true;
            }
        }
        if let Some(due) = self.tasks.get(&id).and_then(|task| task.poll_timeout(now)) {
            self.timers.insert((due.max(now.plus_ms(50)), id));
        }
    }
}
