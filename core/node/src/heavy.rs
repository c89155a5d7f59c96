//! The heavy node: accepts computations, takes reports, agrees with its two fellows, tells the end.

use crate::{
    Descriptor, DescriptorError, HEAVY_NODES_MAX,
    storage::{Part, Queue},
};
use aggregate::{
    Persist, Proposal, Received, STORE_PREFIX, Stage, Tally,
    differencing::{Past, RELEASED_PREFIX},
    message::{OPEN_PER_PART, Pulled, ReportRefusal, Request, Response},
};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant, decode, encode};
use jobs::Broker;
use keys::{Envelope, Identity, NodeId, SealKey};
use net::{Endpoint, Hello, Protocol, RequestId, Responder, Role};
use shards::Coordinator;
use store::{Batch, Entry, StoreError};

mod cancel;
mod forget;
mod happens;
mod jobbing;
mod loads;
mod memory;
mod ranking;
mod signal;
mod view;

use forget::Sweep;
use loads::Loads;
pub use memory::{REJECTION_MS, REJECTIONS_MAX};
pub use signal::{HeavyConfig, HeavyInput, HeavyOutput};
pub use view::{ComputationView, Counters, HeavyView};

/// Most computations kept; the oldest ended ones make room.
pub const COMPUTATIONS_MAX: usize = 1_000;
/// Most computations of one proposer that are not ended.
pub const PER_PROPOSER_MAX: usize = 32;
/// Milliseconds between two requests for a word that a fellow did not have yet.
const PULL_AGAIN_MS: u64 = 500;
/// The same, where a fellow is about to have it: it is checking the same reports.
const PULL_SOON_MS: u64 = 20;
/// The same, where nothing is expected soon: before the deadline, and after the grace period.
const PULL_SELDOM_MS: u64 = 30_000;
/// Bytes of shares that a heavy node keeps in its store in all, where its operator says nothing else.
pub const KEPT_BYTES_MAX: u64 = 32 * 1024 * 1024 * 1024;
/// Most bytes of shares that wait for a commit to begin; beyond, light nodes are asked to send theirs later.
const TAKEN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most who wait for one proposal to become durable.
const ASKERS_MAX: usize = 64;
/// Prefix of stored descriptors.
const HEAVY_PREFIX: &[u8] = b"h/";
/// Prefixes of all that a heavy node wants to know at its start. Its store may hold much more: the shares of reports, graphs and π, which are read later.
pub const HEAVY_PREFIXES: [&[u8]; 5] = [
    HEAVY_PREFIX,
    RELEASED_PREFIX,
    STORE_PREFIX,
    jobs::scheduler::STORE_PREFIX,
    shards::coordinator::STORE_PREFIX,
];

/// What follows a durable batch.
#[derive(Debug)]
enum Effect {
    Stage { id: ContentId, stage: Option<Stage> },
    Reports { id: ContentId, lights: Vec<(NodeId, Responder)> },
    Withdrawn { id: ContentId, light: NodeId, responder: Responder },
    Jobs { ticket: u64 },
    Rankings { ticket: u64 },
    Swept { id: ContentId },
    None,
}

/// Who waits for the answer to a proposal.
#[derive(Debug, Clone, Copy)]
enum Asker {
    Shell(u64),
    Client(NodeId, Responder),
    Fellow(NodeId, Responder),
}

/// A question to a fellow, under way or to be put again.
#[derive(Debug, Default)]
struct Asked {
    request: Option<RequestId>,
    again_at: Option<Instant>,
}

/// A heavy node. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct HeavyNode {
    identity: Identity,
    seal: SealKey,
    endpoint: Endpoint,
    broker: Broker,
    /// What the broker asked of peers, by the endpoint's request.
    broker_asks: BTreeMap<RequestId, u64>,
    coordinator: Coordinator,
    /// Whom the coordinator asked, by the endpoint's request.
    coordinator_asks: BTreeMap<RequestId, NodeId>,
    fellows: BTreeMap<NodeId, (Descriptor, Envelope)>,
    tallies: BTreeMap<ContentId, Tally>,
    /// Reports taken since the last commit began.
    taken: BTreeMap<ContentId, Vec<(NodeId, Responder)>>,
    /// Who waits for proposals that are about to become durable.
    proposers: BTreeMap<ContentId, Vec<Asker>>,
    /// Who waits for cancellations that are about to become durable.
    cancellers: BTreeMap<ContentId, Vec<Asker>>,
    asked: BTreeMap<(ContentId, NodeId), Asked>,
    requests: BTreeMap<RequestId, ContentId>,
    timers: BTreeSet<(Instant, ContentId)>,
    /// Whose reports it has released sums over.
    past: Past,
    /// Most bytes of shares that it keeps in its store.
    kept_bytes_max: u64,
    /// Bytes of those that it kept when the last commit began, and of those taken since.
    pub(crate) kept_bytes: u64,
    taken_bytes: u64,
    loads: Loads,
    /// Shares of computations that ended, on their way out of the store.
    sweep: Sweep,
    /// In how many of the computations kept here, and of those since the start, a light node's shares were invalid, and when last.
    rejections: BTreeMap<NodeId, (u32, Instant)>,
    queue: Queue<Effect>,
    outputs: VecDeque<HeavyOutput>,
    counters: Counters,
}

impl HeavyNode {
    /// A node with what its store holds under each of [`HEAVY_PREFIXES`], other entries being ignored; an empty list for a new one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the entries are not this node's.
    pub fn new(config: HeavyConfig, entries: &[Entry], now: Instant) -> Result<Self, StoreError> {
        let under = |prefix: &'static [u8]| {
            entries.iter().filter(move |entry| entry.key.starts_with(prefix)).cloned().collect::<Vec<_>>()
        };
        let HeavyConfig { identity, seal, agent, transports, limits, kept_bytes_max, jobs, seed } = config;
        let broker = Broker::restore(jobs, &identity, &under(jobs::scheduler::STORE_PREFIX), now)
            .map_err(|error| StoreError::Corrupt { detail: error.to_string() })?;
        let coordinator = Coordinator::restore(&under(shards::coordinator::STORE_PREFIX), now)
            .map_err(|error| StoreError::Corrupt { detail: error.to_string() })?
            // Not the endpoint's own: what is drawn by one says nothing of the other.
            .with_seed(*ContentId::of(&[b"seats".as_slice(), &seed].concat()).digest());
        let hello = Hello { role: Role::Heavy, agent };
        let endpoint = Endpoint::new(identity.id(), hello, &transports, limits, seed);
        let mut node = Self {
            identity,
            seal,
            endpoint,
            broker,
            broker_asks: BTreeMap::new(),
            coordinator,
            coordinator_asks: BTreeMap::new(),
            fellows: BTreeMap::new(),
            tallies: BTreeMap::new(),
            taken: BTreeMap::new(),
            proposers: BTreeMap::new(),
            cancellers: BTreeMap::new(),
            asked: BTreeMap::new(),
            requests: BTreeMap::new(),
            timers: BTreeSet::new(),
            past: Past::new(),
            kept_bytes_max,
            kept_bytes: 0,
            taken_bytes: 0,
            loads: Loads::default(),
            sweep: Sweep::default(),
            rejections: BTreeMap::new(),
            queue: Queue::new(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
        };
        for entry in under(HEAVY_PREFIX) {
            let known = Envelope::from_json(&entry.value)
                .ok()
                .and_then(|envelope| Some((Descriptor::open(&envelope).ok()?, envelope)));
            let (descriptor, envelope) =
                known.ok_or_else(|| StoreError::Corrupt { detail: "a heavy node's descriptor".into() })?;
            node.endpoint.want(now, descriptor.id, &descriptor.addresses);
            node.fellows.insert(descriptor.id, (descriptor, envelope));
        }
        for entry in under(RELEASED_PREFIX) {
            let released = decode(&entry.value)
                .map_err(|_| StoreError::Corrupt { detail: "what was released before".into() })?;
            node.remember(now, released);
        }
        for mut tally in Tally::restore(&under(STORE_PREFIX), &node.identity)? {
            if let Some(leftovers) = tally.take_leftovers() {
                let is_forgotten = leftovers.is_forgotten();
                node.sweep.push(leftovers);
                if is_forgotten {
                    continue;
                }
            }
            node.timers.insert((now, tally.id()));
            if let Some(released) = tally.released() {
                node.remember(now, released);
            }
            node.count_rejected(now, &tally);
            node.tallies.insert(tally.id(), tally);
        }
        node.count_kept();
        node.sweep();
        node.settle(now);
        Ok(node)
    }

    // The drive.

    /// Takes what the shell tells.
    pub fn handle_input(&mut self, now: Instant, input: HeavyInput) {
        match input {
            HeavyInput::Net(input) => self.endpoint.handle_input(now, input),
            HeavyInput::Stored { ticket, result } => {
                let (durable, failed) = self.queue.end(now, ticket, result);
                durable.into_iter().for_each(|effect| self.durable(now, effect));
                failed.into_iter().for_each(|effect| self.failed(effect));
            }
            HeavyInput::Loaded { ticket, result } => self.loaded(now, ticket, result),
            HeavyInput::Propose { token, envelope } => {
                self.propose(now, &envelope, Asker::Shell(token));
            }
            HeavyInput::Cancel { token, envelope } => self.cancel(now, envelope, Asker::Shell(token)),
            HeavyInput::Fellow { envelope } => self.meet(now, envelope),
            HeavyInput::Submit { token, envelope } => {
                self.broker_input(now, jobs::broker::Input::Submit { token, envelope });
            }
            HeavyInput::CancelJob { token, envelope } => {
                self.broker_input(now, jobs::broker::Input::Cancel { token, envelope });
            }
            HeavyInput::PutBlob { token, from, id, len, offset, bytes } => {
                self.broker_input(now, jobs::broker::Input::Put { token, from, id, len, offset, bytes });
            }
            HeavyInput::Ran { job, result } => {
                self.broker_input(now, jobs::broker::Input::Ran { job, result });
            }
            HeavyInput::Rank { token, from, order, graph } => {
                let input = shards::coordinator::Input::Submit { token, from, order, graph };
                self.coordinator_input(now, input);
            }
            HeavyInput::Cut { ranking, result } => {
                self.coordinator_input(now, shards::coordinator::Input::Cut { ranking, result });
            }
            HeavyInput::Combined(combined) => {
                self.coordinator_input(now, shards::coordinator::Input::Combined(combined));
            }
            HeavyInput::Reckoned(done) => {
                self.coordinator_input(now, shards::coordinator::Input::Done(done));
            }
        }
        self.settle(now);
    }

    /// Does what has come due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        while let Some((due, id)) = self.timers.first().copied() {
            if due > now {
                break;
            }
            self.timers.pop_first();
            self.touch(now, id);
        }
        self.broker.handle_timeout(now);
        self.coordinator.handle_timeout(now);
        self.settle(now);
    }

    /// The next thing for the shell to do.
    pub fn poll_output(&mut self) -> Option<HeavyOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`HeavyNode::handle_timeout`] next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let own = self.timers.first().map(|(due, _)| (*due, "look after a computation"));
        let store = self.queue.poll_timeout(!self.taken.is_empty());
        let (jobs, rankings) = (self.broker.poll_timeout(), self.coordinator.poll_timeout());
        [own, self.endpoint.poll_timeout(), store, jobs, rankings].into_iter().flatten().min()
    }

    /// Handles what the endpoint says, begins a commit where one may begin, and passes outputs on.
    fn settle(&mut self, now: Instant) {
        loop {
            while let Some(event) = self.endpoint.poll_event() {
                self.handle_event(now, event);
            }
            self.drain_broker(now);
            self.drain_coordinator(now);
            let begun = self.begin_commit(now);
            while let Some(output) = self.endpoint.poll_output() {
                self.outputs.push_back(HeavyOutput::Net(output));
            }
            if !begun {
                break;
            }
        }
    }

    fn begin_commit(&mut self, now: Instant) -> bool {
        if !self.queue.is_idle(now) {
            return false;
        }
        let mut begun = false;
        if !self.taken.is_empty() {
            self.count_kept();
            self.taken_bytes = 0;
        }
        // Reports first: a computation that closes in this commit closes with all it has taken.
        for (id, lights) in core::mem::take(&mut self.taken) {
            let names: Vec<NodeId> = lights.iter().map(|(light, _)| *light).collect();
            let mut batch = Batch::new();
            let wanted = self.tallies.get_mut(&id).is_some_and(|tally| tally.segment(&names, &mut batch));
            if wanted {
                let effect = Effect::Reports { id, lights };
                self.queue.push_first(Part { batch, effect, retry: false });
            } else {
                self.refuse_reports(&lights, ReportRefusal::NotOpen);
                begun = true;
            }
        }
        if let Some((ticket, batch)) = self.queue.begin(now) {
            self.outputs.push_back(HeavyOutput::Store { ticket, batch });
        }
        begun
    }

    fn durable(&mut self, now: Instant, effect: Effect) {
        match effect {
            Effect::None => {}
            Effect::Swept { id } => self.swept(id),
            Effect::Jobs { ticket } => {
                self.broker_input(now, jobs::broker::Input::Stored { ticket, result: Ok(()) });
            }
            Effect::Rankings { ticket } => {
                self.coordinator_input(now, shards::coordinator::Input::Stored { ticket });
            }
            Effect::Reports { id, lights } => {
                self.counters.reports_acknowledged += lights.len() as u64;
                if let Some(tally) = self.tallies.get_mut(&id) {
                    let names: Vec<NodeId> = lights.iter().map(|(light, _)| *light).collect();
                    tally.reports_persisted(&names);
                }
                for (light, responder) in lights {
                    self.respond(light, responder, &Response::Acknowledged);
                }
                self.outputs.push_back(HeavyOutput::Changed { id });
                self.touch(now, id);
            }
            Effect::Withdrawn { id, light, responder } => {
                self.respond(light, responder, &Response::Withdrawn);
                self.outputs.push_back(HeavyOutput::Changed { id });
            }
            Effect::Stage { id, stage } => {
                let Some(tally) = self.tallies.get_mut(&id) else { return };
                tally.persisted(stage);
                if let Some(leftovers) = tally.take_leftovers() {
                    self.sweep.push(leftovers);
                    self.sweep();
                }
                let Some(tally) = self.tallies.get(&id) else { return };
                if stage.is_none_or(|stage| stage >= Stage::Committed) {
                    match tally.released() {
                        Some(released) => self.remember(now, released),
                        None => self.past.forget(id),
                    }
                }
                let Some(tally) = self.tallies.get_mut(&id) else { return };
                let (acceptance, others) = (tally.acceptance(), tally.others().collect::<Vec<_>>());
                let news = stage == Some(Stage::Open) || tally.end().is_some();
                if stage == Some(Stage::Committed)
                    && let Some(tally) = self.tallies.remove(&id)
                {
                    self.counters.reports_rejected += tally.rejected() as u64;
                    self.count_rejected(now, &tally);
                    self.tallies.insert(id, tally);
                }
                self.count_kept();
                for asker in self.proposers.remove(&id).unwrap_or_default() {
                    self.answer_proposer(asker, Ok((id, acceptance)));
                }
                if stage.is_none() {
                    self.cancelled(now, id);
                }
                if news {
                    self.spread(now, id);
                }
                if stage.is_some_and(|stage| stage > Stage::Open) || stage.is_none() {
                    for other in others {
                        self.ask(now, other, &Request::Nudge { id });
                    }
                }
                self.outputs.push_back(HeavyOutput::Changed { id });
                self.touch(now, id);
            }
        }
    }

    fn failed(&mut self, effect: Effect) {
        if let Effect::Reports { id, lights } = effect {
            if let Some(tally) = self.tallies.get_mut(&id) {
                let names: Vec<NodeId> = lights.iter().map(|(light, _)| *light).collect();
                tally.drop_reports(&names);
            }
            self.refuse_reports(&lights, ReportRefusal::Storage);
        }
    }

    fn refuse_reports(&mut self, lights: &[(NodeId, Responder)], refusal: ReportRefusal) {
        for (light, responder) in lights {
            self.counters.refused(refusal);
            self.respond(*light, *responder, &Response::Refused(refusal));
        }
    }

    // Connections.

    fn respond(&mut self, peer: NodeId, responder: Responder, response: &Response) {
        self.endpoint.respond(peer, responder, encode(response));
    }

    fn ask(&mut self, now: Instant, peer: NodeId, request: &Request) -> Option<RequestId> {
        self.endpoint.request(now, peer, Protocol::Aggregate, encode(request)).ok()
    }

    /// Tells every connected light node that a computation has opened or ended.
    fn spread(&mut self, now: Instant, id: ContentId) {
        let lights: Vec<NodeId> = self
            .endpoint
            .peers()
            .filter(|(_, peer)| peer.hello.as_ref().is_some_and(|hello| hello.role == Role::Light))
            .map(|(peer, _)| peer)
            .collect();
        for light in lights {
            self.ask(now, light, &Request::News { id });
        }
    }

    fn handle_request(&mut self, now: Instant, peer: NodeId, responder: Responder, request: Request) {
        let response = match request {
            Request::Open { after } => self.open_after(after),
            Request::Proposal { id } => match self.tallies.get(&id) {
                Some(tally) if tally.stage() >= Stage::Open => {
                    Response::Proposal { envelope: tally.envelope().to_json() }
                }
                _ => Response::Unknown,
            },
            Request::Status { id } => match self.tallies.get(&id) {
                Some(tally) => Response::Status(tally.status(peer)),
                None => Response::Unknown,
            },
            Request::Report { id, nonce, public, sealed } => {
                let is_limited = self.is_limited(now, peer);
                let has_room = !self.has_no_room() && self.taken_bytes <= TAKEN_BYTES_MAX;
                let Some(tally) = self.tallies.get_mut(&id) else {
                    return self.refuse_reports(&[(peer, responder)], ReportRefusal::Unknown);
                };
                if is_limited && !tally.holds_durably(peer) {
                    return self.refuse_reports(&[(peer, responder)], ReportRefusal::Limited);
                }
                if !has_room {
                    return self.refuse_reports(&[(peer, responder)], ReportRefusal::Storage);
                }
                let received = Received { light: peer, nonce: &nonce, public: &public, sealed: &sealed };
                match tally.report(now, received, &self.seal) {
                    Ok(true) => {
                        self.taken_bytes += tally.report_bytes();
                        self.taken.entry(id).or_default().push((peer, responder));
                        return;
                    }
                    Ok(false) => {
                        self.counters.reports_repeated += 1;
                        // Held, but perhaps not durable: then the first copy's answer is still to come,
                        // and this one may be asked again.
                        if tally.holds_durably(peer) {
                            Response::Acknowledged
                        } else {
                            Response::Refused(ReportRefusal::Storage)
                        }
                    }
                    Err(refusal) => return self.refuse_reports(&[(peer, responder)], refusal),
                }
            }
            Request::Withdraw { id } => {
                let mut batch = Batch::new();
                let taken = self.tallies.get_mut(&id).map(|tally| tally.withdraw(now, peer, &mut batch));
                match taken {
                    None => Response::Unknown,
                    Some(Err(refusal)) => Response::Refused(refusal),
                    // Also where it was taken before, which may not be durable yet.
                    Some(Ok(_)) => {
                        let effect = Effect::Withdrawn { id, light: peer, responder };
                        self.queue.push(Part { batch, effect, retry: true });
                        return;
                    }
                }
            }
            Request::Cancel { envelope } => match Envelope::from_json(&envelope) {
                Ok(envelope) => return self.cancel(now, envelope, Asker::Client(peer, responder)),
                Err(error) => Response::NotAccepted { why: error.to_string() },
            },
            Request::Propose { envelope } => match Envelope::from_json(&envelope) {
                Ok(envelope) => return self.propose(now, &envelope, Asker::Client(peer, responder)),
                Err(error) => Response::NotAccepted { why: error.to_string() },
            },
            Request::Accept { envelope } => match Envelope::from_json(&envelope) {
                Ok(envelope) if self.fellows.contains_key(&peer) => {
                    return self.propose(now, &envelope, Asker::Fellow(peer, responder));
                }
                Ok(_) => Response::NotAccepted { why: "you are no heavy node that this one knows".into() },
                Err(error) => Response::NotAccepted { why: error.to_string() },
            },
            Request::Pull { id, pull } => match self.tallies.get_mut(&id) {
                Some(tally) if tally.others().any(|other| other == peer) => {
                    let word = tally.publish(pull, &self.identity);
                    self.load(id);
                    Response::Pulled(word)
                }
                _ => Response::Unknown,
            },
            Request::Nudge { id } => {
                if self.tallies.get(&id).is_some_and(|tally| tally.others().any(|other| other == peer)) {
                    if let Some(asked) = self.asked.get_mut(&(id, peer)) {
                        asked.again_at = None;
                    }
                    self.touch(now, id);
                }
                Response::Done
            }
            Request::Evidence { id } => match self.tallies.get(&id) {
                // It becomes durable with the end or before it.
                Some(tally) if tally.end().is_some() || tally.evidence().is_some() => {
                    Response::Evidence { envelope: tally.evidence().map(Envelope::to_json) }
                }
                Some(_) => Response::Done,
                None => Response::Unknown,
            },
            _ => Response::Unknown,
        };
        self.respond(peer, responder, &response);
    }

    fn open_after(&self, after: Option<ContentId>) -> Response {
        use core::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let mut open = self.tallies.range((from, Unbounded)).filter(|(_, tally)| tally.is_open());
        let ids: Vec<ContentId> = open.by_ref().take(OPEN_PER_PART).map(|(id, _)| *id).collect();
        Response::Open { ids, more: open.next().is_some() }
    }

    // Fellows and proposals.

    fn meet(&mut self, now: Instant, mut envelope: Envelope) {
        let refused = match Descriptor::open_at(&envelope, now) {
            Err(error) => error,
            Ok(descriptor) if descriptor.id == self.identity.id() => return,
            Ok(descriptor) => match self.fellows.get(&descriptor.id) {
                Some((known, _)) if known.seal != descriptor.seal => DescriptorError::OtherKey(descriptor.id),
                Some((known, _)) if known.issued >= descriptor.issued => return,
                None if self.fellows.len() >= HEAVY_NODES_MAX => DescriptorError::TooMany,
                _ => {
                    // A stranger's signatures are not carried along.
                    envelope.signatures.retain(|signature| signature.keyid == descriptor.id);
                    let mut batch = Batch::new();
                    let key = [HEAVY_PREFIX, descriptor.id.public_key().as_slice()].concat();
                    batch.put(key, envelope.to_json());
                    self.queue.push(Part { batch, effect: Effect::None, retry: true });
                    self.endpoint.want(now, descriptor.id, &descriptor.addresses);
                    self.fellows.insert(descriptor.id, (descriptor, envelope));
                    self.outputs.push_back(HeavyOutput::PeersChanged);
                    return;
                }
            },
        };
        self.outputs.push_back(HeavyOutput::FellowRefused { error: refused });
    }

    fn propose(&mut self, now: Instant, envelope: &Envelope, asker: Asker) {
        let (id, proposal) = match Proposal::open(envelope) {
            Ok(opened) => opened,
            Err(error) => return self.answer_proposer(asker, Err(error.to_string())),
        };
        if let Some(tally) = self.tallies.get(&id) {
            let acceptance = tally.acceptance();
            // Not durable yet: the answer comes with the first asker's.
            if let Some(waiting) = self.proposers.get_mut(&id) {
                if waiting.len() < ASKERS_MAX {
                    waiting.push(asker);
                } else {
                    self.answer_proposer(asker, Err("this proposal is being stored; try again".into()));
                }
            } else {
                self.answer_proposer(asker, Ok((id, acceptance)));
            }
            return;
        }
        if self.sweep.forgets(id) {
            let why =
                "this heavy node is about to forget that computation; change the proposal, or try again";
            return self.answer_proposer(asker, Err(why.into()));
        }
        if let Err(why) = self.acceptable(now, &proposal) {
            return self.answer_proposer(asker, Err(why));
        }
        let Some((tally, persist)) = Tally::accept(id, proposal, envelope.clone(), &self.identity) else {
            return self.answer_proposer(asker, Err("`heavy`: this node is not one of them".into()));
        };
        self.tallies.insert(id, tally);
        self.proposers.insert(id, [asker].into());
        self.persist(id, persist);
    }

    fn acceptable(&mut self, now: Instant, proposal: &Proposal) -> Result<(), String> {
        proposal.check_deadline(now).map_err(|error| error.to_string())?;
        if proposal.role(self.identity.id()).is_none() {
            return Err("`heavy`: this node is not one of them".into());
        }
        for key in &proposal.heavy {
            let known = if key.id == self.identity.id() {
                Some(self.seal.public())
            } else {
                self.fellows.get(&key.id).map(|(descriptor, _)| descriptor.seal)
            };
            if known != Some(key.seal) {
                return Err(format!(
                    "`heavy`: …{} with that sealing key is no heavy node of this network",
                    key.id.short()
                ));
            }
        }
        let live = self.tallies.values().filter(|tally| tally.end().is_none());
        if live.filter(|tally| tally.proposal().proposer == proposal.proposer).count() >= PER_PROPOSER_MAX {
            return Err(format!(
                "this proposer has {PER_PROPOSER_MAX} computations under way; wait for one to end"
            ));
        }
        if self.tallies.len() >= COMPUTATIONS_MAX && !self.forget_ended(now, |_| true) {
            return Err("this heavy node has all the computations it takes; try again later".into());
        }
        // What is being deleted makes room by itself; until it has, reports are told to come later.
        while self.kept_bytes + self.taken_bytes >= self.kept_bytes_max + self.sweep.bytes() {
            if !self.forget_ended(now, |tally| tally.kept_bytes() > 0) {
                return Err(format!(
                    "this heavy node keeps {} MiB of reports, as many as it may; try again once some of its computations have ended",
                    self.kept_bytes / 1024 / 1024
                ));
            }
        }
        Ok(())
    }

    /// Whether its store may take no further shares.
    const fn has_no_room(&self) -> bool {
        self.kept_bytes + self.taken_bytes >= self.kept_bytes_max
    }

    fn answer_proposer(&mut self, asker: Asker, result: Result<(ContentId, Option<[u8; 64]>), String>) {
        let refused = |why: &String| Response::NotAccepted { why: why.chars().take(500).collect() };
        match (asker, &result) {
            (Asker::Shell(token), _) => {
                let result = result.map(|(id, _)| id);
                self.outputs.push_back(HeavyOutput::Proposed { token, result });
            }
            (Asker::Client(peer, responder), Ok((id, _))) => {
                self.respond(peer, responder, &Response::Proposed { id: *id });
            }
            (Asker::Fellow(peer, responder), Ok((_, Some(signature)))) => {
                self.respond(peer, responder, &Response::Accepted { signature: *signature });
            }
            (Asker::Fellow(peer, responder), Ok(_)) => self.endpoint.ignore(peer, responder),
            (Asker::Client(peer, responder) | Asker::Fellow(peer, responder), Err(why)) => {
                self.respond(peer, responder, &refused(why));
            }
        }
    }

    // Computations.

    fn persist(&mut self, id: ContentId, persist: Persist) {
        let effect = Effect::Stage { id, stage: persist.stage };
        self.queue.push(Part { batch: persist.batch, effect, retry: true });
    }

    /// Lets a computation take its next step, asks fellows for what it lacks, and sets its timers.
    fn touch(&mut self, now: Instant, id: ContentId) {
        let Some(tally) = self.tallies.get_mut(&id) else { return };
        // Not durable yet, so not for the world.
        if self.proposers.contains_key(&id) {
            return;
        }
        if let Some(persist) = tally.advance(now, &self.identity, &self.past) {
            // Another that is about to commit must know of it before it is durable.
            if persist.stage == Some(Stage::Committed)
                && let Some(released) = tally.released()
            {
                self.remember(now, released);
            }
            self.persist(id, persist);
            return;
        }
        self.load(id);
        let Some(tally) = self.tallies.get_mut(&id) else { return };
        if tally.is_final() {
            for other in tally.others().collect::<Vec<_>>() {
                self.asked.remove(&(id, other));
            }
            return;
        }
        if let Some((due, _)) = tally.poll_timeout() {
            self.timers.insert((due.max(now.plus_ms(1)), id));
        }
        let accepting = tally.unaccepted();
        let envelope = tally.envelope();
        let mut questions: Vec<(NodeId, Request)> = accepting
            .into_iter()
            .map(|peer| (peer, Request::Accept { envelope: envelope.to_json() }))
            .collect();
        questions.extend(tally.wants().into_iter().map(|(peer, pull)| (peer, Request::Pull { id, pull })));
        for (peer, request) in questions {
            let asked = self.asked.entry((id, peer)).or_default();
            if asked.request.is_some() {
                continue;
            }
            if let Some(again_at) = asked.again_at.filter(|at| *at > now) {
                self.timers.insert((again_at, id));
                continue;
            }
            if let Some(request) = self.ask(now, peer, &request) {
                self.requests.insert(request, id);
                self.asked.insert((id, peer), Asked { request: Some(request), again_at: None });
            } else if self.endpoint.is_up(peer) {
                // Too many questions are under way there.
                let again_at = now.plus_ms(PULL_AGAIN_MS);
                self.asked.insert((id, peer), Asked { request: None, again_at: Some(again_at) });
                self.timers.insert((again_at, id));
            }
            // A fellow that is not connected is asked when it comes up.
        }
    }

    fn handle_reply(
        &mut self,
        now: Instant,
        peer: NodeId,
        request: RequestId,
        id: ContentId,
        response: Option<Response>,
    ) {
        let Some(tally) = self.tallies.get_mut(&id) else { return };
        // A fellow that has something new before the deadline says so with a nudge.
        let (deadline, end) = (tally.proposal().deadline, tally.proposal().end());
        let mut again_at = Some(if now < deadline && tally.stage() > Stage::Open {
            now.plus_ms(PULL_SELDOM_MS).min(deadline.plus_ms(PULL_AGAIN_MS))
        } else if now > end {
            now.plus_ms(PULL_SELDOM_MS)
        } else if tally.stage() == Stage::Verifying {
            now.plus_ms(PULL_SOON_MS)
        } else {
            now.plus_ms(PULL_AGAIN_MS)
        });
        match response {
            Some(Response::Accepted { signature }) => {
                tally.accepted_by(peer, signature);
            }
            Some(Response::NotAccepted { why }) => tally.not_accepted_by(peer, &why),
            Some(Response::Pulled(Pulled::NotYet)) => {}
            Some(Response::Pulled(word)) => {
                let wants = |tally: &Tally| tally.wants().into_iter().find(|(heavy, _)| *heavy == peer);
                let before = wants(tally);
                tally.learn(peer, word);
                // A word that brought nothing new is not asked for again at once.
                if wants(tally) != before {
                    again_at = None;
                }
            }
            _ => {}
        }
        if let Some(asked) = self.asked.get_mut(&(id, peer)).filter(|asked| asked.request == Some(request)) {
            *asked = Asked { request: None, again_at };
        }
        self.touch(now, id);
    }
}
