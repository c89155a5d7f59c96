//! People who mean ill: no machine of ours, but raw messages on real connections.

use crate::{
    asks::{self, DATASET},
    dice::Dice,
    host::instant,
    oracle::Flaw,
};
use aggregate::{
    Draft, HEAVY, HeavyKey, Proposal, Report, ReportId, Scheme,
    message::{Pull, Request, Response},
    proposal::PAYLOAD_TYPE,
};
use codec::{ContentId, Instant, decode, encode};
use keys::{Envelope, Identity, NodeId, seal};
use net::{Hello, Input, LinkRequest, Output, Protocol, RequestId, Responder, Role};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use vdaf::{Instance, Shape};

/// Milliseconds between two acts.
const ACT_EVERY_MS: u64 = 1_000;
/// Most overheard messages that are kept.
const OVERHEARD_MAX: usize = 16;
/// Requests of one act of a flood: well over what a peer may have under way.
const FLOOD: usize = 150;

/// A way of meaning ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Malice {
    /// Random bytes, and almost right ones, on every protocol.
    Garbage,
    /// Sends other people's sealed shares as its own.
    Replays,
    /// Reports to one or two heavy nodes only.
    Partial,
    /// Sends two different reports, in another order to each heavy node.
    TwoReports,
    /// Shares sealed for another heavy node, another computation or another light node.
    WrongSeal,
    /// Messages as long as they may be, and longer.
    Oversized,
    /// More requests at once than anybody takes.
    Flood,
    /// A report far outside of what was asked. Where shares are not proved it counts: nobody can see into it.
    OutOfRange,
    /// A report whose shares do not fit each other: an invalid proof, or components that differ between their holders.
    BadShares,
    /// A report whose public share is another report's: commitments to something else.
    BadPublic,
    /// Says that it is a heavy node, and asks what only those are told.
    FalseHeavy,
    /// Connects, says nothing, and answers nothing.
    Silent,
    /// Connects and hangs up, again and again.
    Flapper,
    /// Proposes what nobody may accept.
    BadProposer,
}

impl Malice {
    /// How many acts at one heavy node are enough.
    const fn acts(self) -> u32 {
        match self {
            Self::Oversized => 2,
            Self::BadProposer | Self::Flood => 5,
            _ => 25,
        }
    }

    /// Every way.
    pub const ALL: [Self; 14] = [
        Self::Garbage,
        Self::Replays,
        Self::Partial,
        Self::TwoReports,
        Self::WrongSeal,
        Self::Oversized,
        Self::Flood,
        Self::OutOfRange,
        Self::BadShares,
        Self::BadPublic,
        Self::FalseHeavy,
        Self::Silent,
        Self::Flapper,
        Self::BadProposer,
    ];

    /// Those that answer.
    pub(crate) const REPORTS: [Self; 9] = [
        Self::Replays,
        Self::Partial,
        Self::TwoReports,
        Self::WrongSeal,
        Self::OutOfRange,
        Self::BadShares,
        Self::BadShares,
        Self::BadPublic,
        Self::BadPublic,
    ];

    /// Those that do not; the quiet ones are as many as the others.
    pub(crate) const NOISE: [Self; 10] = [
        Self::Garbage,
        Self::Oversized,
        Self::Flood,
        Self::FalseHeavy,
        Self::BadProposer,
        Self::Silent,
        Self::Silent,
        Self::Silent,
        Self::Silent,
        Self::Flapper,
    ];
}

/// What an answer is awaited for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Hello,
    Open,
    Proposal(ContentId),
    Other,
}

/// One who means ill.
#[derive(Debug)]
pub(crate) struct Attacker {
    malice: Malice,
    identity: Identity,
    dice: Dice,
    heavy: BTreeMap<NodeId, (HeavyKey, String)>,
    connected: BTreeSet<NodeId>,
    greeted: BTreeSet<NodeId>,
    dialing: BTreeSet<NodeId>,
    pending: BTreeMap<RequestId, (NodeId, Purpose)>,
    requests: u64,
    known: BTreeMap<ContentId, Proposal>,
    reports: BTreeMap<ContentId, [Report; 2]>,
    overheard: VecDeque<(NodeId, Vec<u8>)>,
    /// What was shared in reports made since the owner looked, and what is wrong with them.
    pub(crate) made: Vec<(ReportId, Vec<u64>, Option<Flaw>)>,
    /// Its invalid reports are made whole: a planted bug, by which heavy nodes take them.
    whole: bool,
    outputs: VecDeque<Output>,
    act_at: Instant,
    acts: BTreeMap<NodeId, u32>,
}

impl Attacker {
    pub(crate) fn new(
        malice: Malice,
        identity: Identity,
        seed: u64,
        heavy: BTreeMap<NodeId, (HeavyKey, String)>,
        whole: bool,
        now: Instant,
    ) -> Self {
        Self {
            malice,
            whole,
            identity,
            dice: Dice::new(seed, 3),
            heavy,
            connected: BTreeSet::new(),
            greeted: BTreeSet::new(),
            dialing: BTreeSet::new(),
            pending: BTreeMap::new(),
            requests: 0,
            known: BTreeMap::new(),
            reports: BTreeMap::new(),
            overheard: VecDeque::new(),
            made: Vec::new(),
            outputs: VecDeque::new(),
            act_at: now,
            acts: BTreeMap::new(),
        }
    }

    pub(crate) const fn listens(&self) -> bool {
        matches!(self.malice, Malice::Replays)
    }

    /// Takes a message that somebody else sent to `heavy`.
    pub(crate) fn overhear(&mut self, heavy: NodeId, body: &[u8]) {
        if self.overheard.len() >= OVERHEARD_MAX {
            self.overheard.pop_front();
        }
        self.overheard.push_back((heavy, body.to_vec()));
    }

    pub(crate) fn handle_input(&mut self, _now: Instant, input: Input) {
        match input {
            Input::Connected { peer, .. } => {
                self.dialing.remove(&peer);
                self.connected.insert(peer);
                if self.malice != Malice::Silent {
                    let role = if self.malice == Malice::FalseHeavy { Role::Heavy } else { Role::Light };
                    let hello = LinkRequest::Hello(Hello { role, agent: "\u{202e}evil\n".repeat(20) });
                    self.ask(peer, Protocol::Link, encode(&hello), Purpose::Hello);
                }
            }
            Input::DialFailed { peer, .. } => {
                self.dialing.remove(&peer);
            }
            Input::Disconnected { peer } => {
                self.connected.remove(&peer);
                self.greeted.remove(&peer);
            }
            Input::Request { responder, body, .. } => self.answer(responder, &body),
            Input::Response { id, result } => {
                if let (Some((peer, purpose)), Ok(body)) = (self.pending.remove(&id), result) {
                    self.learn(peer, purpose, &body);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if now < self.act_at {
            return;
        }
        self.act_at = now.plus_ms(ACT_EVERY_MS);
        for (peer, (_, address)) in &self.heavy {
            if !self.connected.contains(peer) && self.dialing.insert(*peer) {
                self.outputs.push_back(Output::Dial { peer: *peer, address: address.clone() });
            } else if self.dice.chance(200) {
                // A dial may be lost without a word.
                self.dialing.remove(peer);
            }
        }
        for peer in self.greeted.clone() {
            self.request(peer, &Request::Open { after: None }, Purpose::Open);
            let acts = self.acts.entry(peer).or_default();
            if *acts < self.malice.acts() {
                *acts += 1;
                self.act(now, peer);
            }
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(crate) const fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        Some((self.act_at, "mean ill"))
    }

    fn ask(&mut self, peer: NodeId, protocol: Protocol, body: Vec<u8>, purpose: Purpose) {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.pending.insert(id, (peer, purpose));
        self.outputs.push_back(Output::Request { peer, id, protocol, body });
    }

    fn request(&mut self, peer: NodeId, request: &Request, purpose: Purpose) {
        self.ask(peer, Protocol::Aggregate, encode(request), purpose);
    }

    fn say(&mut self, peer: NodeId, request: &Request) {
        self.request(peer, request, Purpose::Other);
    }

    fn answer(&mut self, responder: Responder, body: &[u8]) {
        match self.malice {
            Malice::Silent => {}
            Malice::Garbage => {
                let body = self.mangle(body);
                self.outputs.push_back(Output::Respond { responder, body });
            }
            _ => self.outputs.push_back(Output::Ignore { responder }),
        }
    }

    fn learn(&mut self, peer: NodeId, purpose: Purpose, body: &[u8]) {
        match (purpose, decode::<Response>(body)) {
            (Purpose::Hello, _) => {
                self.greeted.insert(peer);
            }
            (Purpose::Open, Ok(Response::Open { ids, .. })) => {
                for id in ids {
                    if !self.known.contains_key(&id) {
                        self.request(peer, &Request::Proposal { id }, Purpose::Proposal(id));
                    }
                }
            }
            (Purpose::Proposal(id), Ok(Response::Proposal { envelope })) => {
                let proposal =
                    Envelope::from_json(&envelope).ok().and_then(|envelope| Proposal::open(&envelope).ok());
                if let Some((_, proposal)) = proposal {
                    self.known.insert(id, proposal);
                }
            }
            _ => {}
        }
    }

    /// Two reports of its own in each computation that it knows.
    fn reports(&mut self) -> Vec<(ContentId, Proposal, [Report; 2])> {
        let ids: Vec<ContentId> =
            self.known.keys().filter(|id| !self.reports.contains_key(id)).copied().collect();
        for id in ids {
            let Some(proposal) = self.known.get(&id).cloned() else { continue };
            let (Some(first), Some(second)) = (self.make(id, &proposal), self.make(id, &proposal)) else {
                continue;
            };
            self.reports.insert(id, [first, second]);
        }
        self.reports.iter().map(|(id, reports)| (*id, self.known[id].clone(), reports.clone())).collect()
    }

    /// A report, as ill as it is meant.
    fn make(&mut self, id: ContentId, proposal: &Proposal) -> Option<Report> {
        let mut instance = proposal.instance().ok()?;
        let shape = instance.shape();
        let mut measurement: Vec<u64> =
            (0..shape.length).map(|_| self.dice.below(1 << shape.bits.min(8))).collect();
        if shape.one_hot {
            measurement.fill(0);
            let hot = self.dice.below(measurement.len() as u64) as usize;
            measurement[hot] = 1;
        }
        if self.malice == Malice::OutOfRange && proposal.scheme == Scheme::Additive64 {
            // A little too large, or so that no total can be right.
            let bits = if self.dice.chance(500) { shape.bits + 1 } else { 63 };
            let shape = Shape { bits, one_hot: false, ..shape };
            instance = Instance::new(Scheme::Additive64, shape, 1).ok()?;
            measurement.fill((1 << bits) - 1);
        }
        let nonce = self.dice.bytes();
        let context = [b"formix/aggregate/2/".as_slice(), id.digest()].concat();
        let mut sharded = instance.shard(&context, &nonce, &measurement, self.dice.rng()).ok()?;
        let is_checked = proposal.scheme != Scheme::Additive64;
        let mut flaw = match self.malice {
            Malice::BadPublic if is_checked && !sharded.public.is_empty() => Some(Flaw::Public),
            Malice::BadShares | Malice::BadPublic if is_checked => {
                Some(Flaw::Share(self.dice.below(HEAVY as u64) as usize))
            }
            _ => None,
        };
        match flaw.filter(|_| !self.whole) {
            Some(Flaw::Public) => {
                let other = instance.shard(&context, &nonce, &measurement, self.dice.rng()).ok()?;
                sharded.public = other.public;
            }
            Some(Flaw::Share(role)) => {
                let share = &mut sharded.inputs[role];
                let half = share.len() / 2;
                // Of rep64 either component; of prio3 the measurement, or the proof.
                let at = if self.dice.chance(500) { 0 } else { half };
                share[at] ^= 1;
                if proposal.scheme == Scheme::Prio3 {
                    flaw = Some(Flaw::Public);
                }
            }
            None => {}
        }
        let light = self.identity.id();
        let public = ContentId::of(&sharded.public);
        let deadline = proposal.deadline.unix_ms().to_le_bytes();
        let aad = [id.digest().as_slice(), light.public_key(), &nonce, &deadline, public.digest()].concat();
        let mut sealed: [Vec<u8>; HEAVY] = Default::default();
        for (role, key) in proposal.heavy.iter().enumerate() {
            let info = format!("formix/report/2/{role}");
            sealed[role] =
                seal(&key.seal, info.as_bytes(), &aad, &sharded.inputs[role], self.dice.rng()).ok()?;
        }
        let report = ReportId::of(id, light, &nonce, &sharded.public);
        self.made.push((report, measurement, flaw));
        Some(Report { nonce, public: sharded.public, sealed })
    }

    fn act(&mut self, now: Instant, peer: NodeId) {
        match self.malice {
            Malice::Garbage => self.garbage(peer),
            Malice::Replays => {
                for (heavy, body) in self.overheard.clone() {
                    if heavy == peer || self.dice.chance(300) {
                        self.ask(peer, Protocol::Aggregate, body, Purpose::Other);
                    }
                }
            }
            Malice::Partial
            | Malice::TwoReports
            | Malice::WrongSeal
            | Malice::OutOfRange
            | Malice::BadShares
            | Malice::BadPublic => {
                for (id, proposal, reports) in self.reports() {
                    if let Some(role) = proposal.role(peer) {
                        self.report(peer, role, id, &reports);
                    }
                }
            }
            Malice::Oversized => {
                let most = Protocol::Aggregate.bytes_max();
                let len = *self.dice.pick(&[most - 1, most, most + 1, 2 * most]);
                let protocol = *self.dice.pick(&Protocol::ALL);
                let body = self.dice.garbage(len);
                self.ask(peer, protocol, body, Purpose::Other);
                let envelope = vec![b'['; most - 5];
                self.say(peer, &Request::Propose { envelope });
                let id = self.known.keys().next().copied().unwrap_or(ContentId::of(b""));
                let (public, sealed) = (vec![1; most / 2], vec![1; most / 2 - 200]);
                self.say(peer, &Request::Report { id, nonce: [0; 16], public, sealed });
            }
            Malice::Flood => {
                for _ in 0..FLOOD {
                    let id = ContentId::from_digest(self.dice.bytes());
                    let id =
                        self.known.keys().next().copied().filter(|_| self.dice.chance(500)).unwrap_or(id);
                    let request = match self.dice.below(3) {
                        0 => Request::Status { id },
                        1 => Request::Proposal { id },
                        _ => self.stray(id, 64),
                    };
                    self.say(peer, &request);
                }
            }
            Malice::FalseHeavy => {
                for id in self.known.keys().copied().collect::<Vec<_>>() {
                    let pulls = [
                        Pull::Offer { of: 0, from: 0 },
                        Pull::Verifiers { from: 0 },
                        Pull::Commit,
                        Pull::Partial,
                        Pull::Signature,
                    ];
                    for pull in pulls {
                        self.say(peer, &Request::Pull { id, pull });
                    }
                    self.say(peer, &Request::Nudge { id });
                    self.say(peer, &Request::News { id });
                }
                let (_, envelope) = self.proposal(now, |_| {});
                self.say(peer, &Request::Accept { envelope });
            }
            Malice::Silent => {}
            Malice::Flapper => {
                self.connected.remove(&peer);
                self.greeted.remove(&peer);
                self.outputs.push_back(Output::Hangup { peer });
            }
            Malice::BadProposer => self.propose(now, peer),
        }
    }

    fn report(&mut self, peer: NodeId, role: usize, id: ContentId, [first, second]: &[Report; 2]) {
        let share = |report: &Report, role: usize| Request::Report {
            id,
            nonce: report.nonce,
            public: report.public.clone(),
            sealed: report.sealed[role].clone(),
        };
        match self.malice {
            Malice::Partial if role == 0 => {}
            Malice::Partial | Malice::OutOfRange | Malice::BadShares | Malice::BadPublic => {
                self.say(peer, &share(first, role))
            }
            Malice::TwoReports => {
                let order = if role == 1 { [second, first] } else { [first, second] };
                for report in order {
                    self.say(peer, &share(report, role));
                }
            }
            _ => {
                self.say(peer, &share(first, (role + 1) % 3));
                let (nonce, public) = (second.nonce, second.public.clone());
                self.say(peer, &Request::Report { id, nonce, public, sealed: first.sealed[role].clone() });
                if let Some((other, reports)) = self.reports.iter().find(|(other, _)| **other != id) {
                    let Report { nonce, public, sealed } = reports[0].clone();
                    debug_assert_ne!(*other, id, "sealed for another computation");
                    self.say(peer, &Request::Report { id, nonce, public, sealed: sealed[role].clone() });
                }
            }
        }
    }

    /// A report of nothing.
    fn stray(&mut self, id: ContentId, len: usize) -> Request {
        Request::Report { id, nonce: self.dice.bytes(), public: Vec::new(), sealed: self.dice.garbage(len) }
    }

    fn garbage(&mut self, peer: NodeId) {
        for _ in 0..3 {
            let protocol = *self.dice.pick(&Protocol::ALL);
            let len = self.dice.below(600) as usize;
            let body = self.dice.garbage(len);
            self.ask(peer, protocol, body, Purpose::Other);
        }
        let id = self.known.keys().next().copied().unwrap_or(ContentId::of(b""));
        let right = [
            Request::Status { id },
            Request::Pull { id, pull: Pull::Offer { of: u8::MAX, from: u32::MAX } },
            self.stray(id, 96),
        ];
        for request in right {
            let body = self.mangle(&encode(&request));
            self.ask(peer, Protocol::Aggregate, body, Purpose::Other);
        }
    }

    /// Almost `body`.
    fn mangle(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        let at = self.dice.below(body.len().max(1) as u64) as usize;
        match self.dice.below(4) {
            0 => body.truncate(at),
            1 => body.push(0),
            2 => body.extend_from_slice(&u32::MAX.to_le_bytes()),
            _ => {
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << self.dice.below(8);
                }
            }
        }
        body
    }

    /// A proposal changed by `spoil`, signed by this one.
    fn proposal(&mut self, now: Instant, spoil: impl Fn(&mut Proposal)) -> (Proposal, Vec<u8>) {
        let heavy: Vec<HeavyKey> = self.heavy.values().map(|(key, _)| *key).collect();
        let draft = Draft {
            title: "Who are you?".into(),
            purpose: String::new(),
            dataset: DATASET.into(),
            schema: None,
            query: asks::plain_sum(),
            scheme: None,
            participants_min: 3,
            participants_max: 100,
            deadline: now.plus_ms(20_000),
        };
        let mut proposal =
            draft.propose(self.identity.id(), &heavy, self.dice.rng()).expect("the draft is in order");
        spoil(&mut proposal);
        let envelope = proposal.sign(&self.identity).to_json();
        (proposal, envelope)
    }

    fn propose(&mut self, now: Instant, peer: NodeId) {
        let spoiled: [fn(&mut Proposal); 8] = [
            |proposal| proposal.participants_min = 1,
            |proposal| proposal.query.reduction = asks::sum_to("9223372036854775807"),
            |proposal| {
                proposal.participants_max = 1_000_000;
                proposal.query.records_max = 1_000_000;
                proposal.query.reduction = asks::sum_to("9007199254740991");
            },
            |proposal| proposal.deadline = instant(0),
            |proposal| proposal.deadline = Instant::from_unix_ms(u64::MAX),
            |proposal| proposal.heavy.swap(0, 1),
            |proposal| proposal.heavy[2].seal = proposal.heavy[0].seal,
            |proposal| proposal.title = "x".repeat(40_000),
        ];
        for spoil in spoiled {
            let (_, envelope) = self.proposal(now, spoil);
            self.say(peer, &Request::Propose { envelope });
        }
        // In somebody else's name, and with a signature of something else.
        let (proposal, _) = self.proposal(now, |_| {});
        let mut envelope = proposal.sign(&self.identity);
        envelope.payload.push(b' ');
        self.say(peer, &Request::Propose { envelope: envelope.to_json() });
        let payload =
            [b"{\"version\":1,\"proposer\":\"".as_slice(), peer.to_string().as_bytes(), b"\"}"].concat();
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(&self.identity);
        self.say(peer, &Request::Propose { envelope: envelope.to_json() });
    }
}
