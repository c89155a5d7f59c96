//! The machine behind all of a node's connections.

mod signal;

pub use signal::{Event, Input, Output};

use crate::{Hello, LinkRequest, LinkResponse, Protocol, Role, Transport, backoff::Backoff};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    vec::Vec,
};
use codec::{Instant, decode, encode};
use core::fmt;
use keys::NodeId;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// Milliseconds between the pings of a side that wants the link.
pub const PING_EVERY_MS: u64 = 5_000;
/// Milliseconds that a ping may take before the link is given up.
pub const PING_PATIENCE_MS: u64 = 4_000;
/// Milliseconds that a request of a rib may take.
pub const REQUEST_PATIENCE_MS: u64 = 15_000;
/// Milliseconds that a dial may take before the next address is tried.
pub const DIAL_PATIENCE_MS: u64 = 8_000;
/// Milliseconds that a peer may take to say hello.
pub const HELLO_PATIENCE_MS: u64 = 8_000;
/// Milliseconds of silence after which a listening side gives a peer up.
pub const SILENCE_MAX_MS: u64 = 30_000;
/// Most addresses kept for one wanted peer.
pub const ADDRESSES_MAX: usize = 16;
/// Most greetings and pings in a row that may be lost with connections that others replace, before the link is given up.
const LOST_MAX: u32 = 3;
/// Longest agent name kept, in characters.
const AGENT_CHARS_MAX: usize = 64;

/// Caps on what peers can make an endpoint hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most connected peers; wanted peers are let in beyond it.
    pub peers: usize,
    /// Most requests of one peer under way here; further ones are dropped unanswered.
    pub inbound_per_peer: usize,
    /// Most requests under way to one peer.
    pub outbound_per_peer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { peers: 16_000, inbound_per_peer: 32, outbound_per_peer: 64 }
    }
}

/// Names a request that this endpoint made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names a peer's request at the shell, for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Responder(pub u64);

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The connection ended first.
    Disconnected,
    /// No answer in time.
    TimedOut,
    /// The peer does not speak the protocol, or dropped the request.
    Refused,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnected => "the connection ended first",
            Self::TimedOut => "no answer in time",
            Self::Refused => "the peer did not take the request",
        })
    }
}

impl core::error::Error for Failure {}

/// A request cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The peer is not connected, or has not said hello.
    NotConnected,
    /// Too many requests to the peer are under way.
    Busy,
}

/// A connected peer, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where it is.
    pub address: String,
    /// Since when.
    pub since: Instant,
    /// How it is carried.
    pub transport: Option<Transport>,
    /// Its greeting, once it came.
    pub hello: Option<Hello>,
    /// The last ping's time there and back, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// A wanted peer, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LinkView {
    /// Who.
    pub peer: NodeId,
    /// Whether it is connected and has said hello.
    pub up: bool,
    /// How it is carried, or would be by the address under way.
    pub transport: Option<Transport>,
    /// The last ping's time there and back, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Since when it is connected.
    pub since: Option<Instant>,
    /// When the next try is due, where it is not connected.
    pub retry_at: Option<Instant>,
    /// The last failure, in the shell's words.
    pub error: Option<String>,
}

#[derive(Debug)]
struct Link {
    peer: Peer,
    /// Whether this side said hello first, and so keeps the link alive.
    keeper: bool,
    heard: Instant,
    /// When the next ping is due.
    ping_at: Option<Instant>,
    /// Greetings and pings in a row that a replaced connection took with it.
    lost: u32,
    inbound: BTreeSet<Responder>,
    outbound: usize,
}

#[derive(Debug)]
struct Wanted {
    addresses: Vec<String>,
    /// The address to try next.
    next: usize,
    dialing: Option<(String, Instant)>,
    retry_at: Option<Instant>,
    backoff: Backoff,
    error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hello,
    Ping,
    Rib,
}

#[derive(Debug)]
struct Pending {
    peer: NodeId,
    kind: Kind,
    sent: Instant,
    due: Instant,
}

/// A moment at which something may have to happen. Entries outlive their cause; each is checked against
/// the state when it comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Retry(NodeId),
    Dial(NodeId),
    Ping(NodeId),
    Silence(NodeId),
    Hello(NodeId),
    Request(RequestId),
}

impl Timer {
    const fn why(self) -> &'static str {
        match self {
            Self::Retry(_) => "dial again",
            Self::Dial(_) => "give a dial up",
            Self::Ping(_) => "ping",
            Self::Silence(_) => "check for silence",
            Self::Hello(_) => "wait for a greeting",
            Self::Request(_) => "give a request up",
        }
    }
}

/// One node's side of all its connections. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Endpoint {
    me: NodeId,
    hello: Hello,
    transports: Vec<Transport>,
    limits: Limits,
    rng: ChaCha8Rng,
    wanted: BTreeMap<NodeId, Wanted>,
    links: BTreeMap<NodeId, Link>,
    pending: BTreeMap<RequestId, Pending>,
    requests_made: u64,
    timers: BTreeSet<(Instant, Timer)>,
    outputs: VecDeque<Output>,
    events: VecDeque<Event>,
}

impl Endpoint {
    /// An endpoint for the node `me`, which greets as `hello` and can dial `transports`, the preferred
    /// first. `seed` feeds the jitter.
    pub fn new(me: NodeId, hello: Hello, transports: &[Transport], limits: Limits, seed: [u8; 32]) -> Self {
        Self {
            me,
            hello,
            transports: transports.into(),
            limits,
            rng: ChaCha8Rng::from_seed(seed),
            wanted: BTreeMap::new(),
            links: BTreeMap::new(),
            pending: BTreeMap::new(),
            requests_made: 0,
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    // Getters.

    /// The connected peers.
    pub fn peers(&self) -> impl Iterator<Item = (NodeId, &Peer)> {
        self.links.iter().map(|(id, link)| (*id, &link.peer))
    }

    /// A peer that is connected.
    pub fn peer(&self, peer: NodeId) -> Option<&Peer> {
        self.links.get(&peer).map(|link| &link.peer)
    }

    /// Whether `peer` is connected and has said hello.
    pub fn is_up(&self, peer: NodeId) -> bool {
        self.links.get(&peer).is_some_and(|link| link.peer.hello.is_some())
    }

    /// The wanted peers, as people see them.
    pub fn links(&self) -> Vec<LinkView> {
        let view = |(id, wanted): (&NodeId, &Wanted)| {
            let link = self.links.get(id);
            let dialing = wanted.dialing.as_ref().map(|(address, _)| address.as_str());
            LinkView {
                peer: *id,
                up: self.is_up(*id),
                transport: link
                    .and_then(|link| link.peer.transport)
                    .or_else(|| dialing.and_then(Transport::of)),
                latency_ms: link.and_then(|link| link.peer.latency_ms),
                since: link.map(|link| link.peer.since),
                retry_at: if link.is_some() { None } else { wanted.retry_at },
                error: if link.is_some() { None } else { wanted.error.clone() },
            }
        };
        self.wanted.iter().map(view).collect()
    }

    // Commands.

    /// Keeps `peer` connected from now on, at `addresses` (replacing earlier ones). Addresses over
    /// transports that the shell lacks are left out. Of two nodes that want each other, the one with
    /// the smaller id dials first.
    pub fn want(&mut self, now: Instant, peer: NodeId, addresses: &[String]) {
        if peer == self.me {
            return;
        }
        let mut ranked: Vec<(usize, &String)> = addresses
            .iter()
            .filter_map(|address| {
                let transport = Transport::of(address)?;
                Some((self.transports.iter().position(|known| *known == transport)?, address))
            })
            .collect();
        ranked.sort();
        let addresses: Vec<String> =
            ranked.into_iter().map(|(_, address)| address.clone()).take(ADDRESSES_MAX).collect();
        let error = addresses.is_empty().then(|| "no address with a transport that works here".into());
        if let Some(wanted) = self.wanted.get_mut(&peer) {
            if wanted.addresses != addresses {
                wanted.addresses = addresses;
                wanted.next = 0;
                wanted.error = error;
                if wanted.dialing.is_none() && !self.links.contains_key(&peer) {
                    wanted.retry_at = Some(now);
                    self.timers.insert((now, Timer::Retry(peer)));
                }
            }
            return;
        }
        // The larger heavy node leaves the smaller a head start; a light node is never dialed.
        let head_start_ms = if self.hello.role == Role::Heavy && self.me > peer { 3_000 } else { 0 };
        let retry_at = now.plus_ms(head_start_ms);
        self.timers.insert((retry_at, Timer::Retry(peer)));
        let backoff = Backoff::default();
        self.wanted.insert(
            peer,
            Wanted { addresses, next: 0, dialing: None, retry_at: Some(retry_at), backoff, error },
        );
        self.events.push_back(Event::Changed);
        if self.links.contains_key(&peer) {
            self.keep(now, peer);
        }
    }

    /// Stops keeping `peer` connected, and hangs up.
    pub fn unwant(&mut self, peer: NodeId) {
        if self.wanted.remove(&peer).is_some() {
            self.outputs.push_back(Output::Hangup { peer });
            self.events.push_back(Event::Changed);
        }
    }

    /// Dials every wanted peer that is not connected now, without waiting for its turn.
    pub fn hurry(&mut self, now: Instant) {
        for (peer, wanted) in &mut self.wanted {
            if wanted.dialing.is_none() && !self.links.contains_key(peer) {
                wanted.backoff.reset();
                wanted.retry_at = Some(now);
                self.timers.insert((now, Timer::Retry(*peer)));
            }
        }
    }

    /// Puts a request to a peer that is up.
    ///
    /// # Errors
    /// [`SendError`]; then nothing was sent and no [`Event::Reply`] follows.
    pub fn request(
        &mut self,
        now: Instant,
        peer: NodeId,
        protocol: Protocol,
        body: Vec<u8>,
    ) -> Result<RequestId, SendError> {
        if !self.is_up(peer) {
            return Err(SendError::NotConnected);
        }
        if self.links.get(&peer).is_none_or(|link| link.outbound >= self.limits.outbound_per_peer) {
            return Err(SendError::Busy);
        }
        Ok(self.send(now, peer, protocol, body, Kind::Rib, REQUEST_PATIENCE_MS))
    }

    /// Answers a peer's request.
    pub fn respond(&mut self, peer: NodeId, responder: Responder, body: Vec<u8>) {
        if self.settle(peer, responder) {
            self.outputs.push_back(Output::Respond { responder, body });
        }
    }

    /// Leaves a peer's request unanswered.
    pub fn ignore(&mut self, peer: NodeId, responder: Responder) {
        if self.settle(peer, responder) {
            self.outputs.push_back(Output::Ignore { responder });
        }
    }

    /// Closes the connections to a peer.
    pub fn hang_up(&mut self, peer: NodeId) {
        if self.links.contains_key(&peer) {
            self.outputs.push_back(Output::Hangup { peer });
        }
    }

    // The drive.

    /// Takes what the shell tells.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Connected { peer, address } => self.connected(now, peer, address),
            Input::Moved { peer, address } => {
                if let Some(link) = self.links.get_mut(&peer) {
                    link.peer.transport = Transport::of(&address);
                    link.peer.address = address;
                    self.events.push_back(Event::Changed);
                }
            }
            Input::DialFailed { peer, address, error } => {
                let current = self
                    .wanted
                    .get_mut(&peer)
                    .filter(|wanted| wanted.dialing.as_ref().is_some_and(|(dialed, _)| *dialed == address));
                if let Some(wanted) = current {
                    wanted.error = Some(error.chars().take(200).collect());
                    wanted.dialing = None;
                    self.next_address(now, peer);
                }
            }
            Input::Disconnected { peer } => self.disconnected(now, peer),
            Input::Request { peer, responder, protocol, body } => {
                self.incoming(now, peer, responder, protocol, body);
            }
            Input::Response { id, result } => self.finish(now, id, result),
        }
    }

    /// Does what has come due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((due, timer)) = self.timers.first().copied() {
            if due > now {
                break;
            }
            self.timers.pop_first();
            self.fire(now, due, timer);
        }
    }

    /// The next thing for the shell to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The next thing for the owner to learn.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Endpoint::handle_timeout`] next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.timers.first().map(|(due, timer)| (*due, timer.why()))
    }

    fn fire(&mut self, now: Instant, due: Instant, timer: Timer) {
        match timer {
            Timer::Retry(peer) => self.dial(now, peer, due),
            Timer::Dial(peer) => {
                let late = |wanted: &&mut Wanted| wanted.dialing.as_ref().is_some_and(|(_, at)| *at == due);
                if let Some(wanted) = self.wanted.get_mut(&peer).filter(late) {
                    wanted.dialing = None;
                    wanted.error = Some("no connection in time".into());
                    self.outputs.push_back(Output::Hangup { peer });
                    self.next_address(now, peer);
                }
            }
            Timer::Ping(peer) => {
                // An earlier link's timer is not this link's.
                let Some(link) = self.links.get(&peer).filter(|link| link.ping_at == Some(due)) else {
                    return;
                };
                if link.keeper && link.peer.hello.is_some() {
                    let ping = encode(&LinkRequest::Ping);
                    self.send(now, peer, Protocol::Link, ping, Kind::Ping, PING_PATIENCE_MS);
                }
            }
            Timer::Silence(peer) => {
                let Some(link) = self.links.get(&peer) else { return };
                let limit = link.heard.plus_ms(SILENCE_MAX_MS);
                if limit <= now {
                    self.outputs.push_back(Output::Hangup { peer });
                } else {
                    self.timers.insert((limit, Timer::Silence(peer)));
                }
            }
            Timer::Hello(peer) => {
                if self.links.get(&peer).is_some_and(|link| {
                    link.peer.hello.is_none() && link.peer.since.plus_ms(HELLO_PATIENCE_MS) <= now
                }) {
                    self.outputs.push_back(Output::Hangup { peer });
                }
            }
            Timer::Request(id) => {
                if self.pending.get(&id).is_some_and(|pending| pending.due == due) {
                    self.finish(now, id, Err(Failure::TimedOut));
                }
            }
        }
    }

    fn dial(&mut self, now: Instant, peer: NodeId, due: Instant) {
        if self.links.contains_key(&peer) {
            return;
        }
        let Some(wanted) = self.wanted.get_mut(&peer) else { return };
        if wanted.dialing.is_some() || wanted.retry_at != Some(due) || wanted.addresses.is_empty() {
            return;
        }
        let address = wanted.addresses[wanted.next % wanted.addresses.len()].clone();
        let limit = now.plus_ms(DIAL_PATIENCE_MS);
        wanted.retry_at = None;
        wanted.dialing = Some((address.clone(), limit));
        self.timers.insert((limit, Timer::Dial(peer)));
        self.outputs.push_back(Output::Dial { peer, address });
        self.events.push_back(Event::Changed);
    }

    /// After a failed dial: the next address at once, or from the first again after a pause.
    fn next_address(&mut self, now: Instant, peer: NodeId) {
        let Some(wanted) = self.wanted.get_mut(&peer) else { return };
        wanted.next += 1;
        let mut wait_ms = 0;
        if wanted.next >= wanted.addresses.len() {
            wanted.next = 0;
            wait_ms = wanted.backoff.next_ms(&mut self.rng);
        }
        let retry_at = now.plus_ms(wait_ms);
        wanted.retry_at = Some(retry_at);
        self.timers.insert((retry_at, Timer::Retry(peer)));
        self.events.push_back(Event::Changed);
    }

    fn connected(&mut self, now: Instant, peer: NodeId, address: String) {
        let wanted = self.wanted.contains_key(&peer);
        if self.links.len() >= self.limits.peers && !wanted {
            self.outputs.push_back(Output::Hangup { peer });
            return;
        }
        let transport = Transport::of(&address);
        let seen = Peer { address, since: now, transport, hello: None, latency_ms: None };
        let link = Link {
            peer: seen,
            keeper: false,
            heard: now,
            ping_at: None,
            lost: 0,
            inbound: BTreeSet::new(),
            outbound: 0,
        };
        self.links.insert(peer, link);
        self.timers.insert((now.plus_ms(HELLO_PATIENCE_MS), Timer::Hello(peer)));
        self.timers.insert((now.plus_ms(SILENCE_MAX_MS), Timer::Silence(peer)));
        if wanted {
            self.keep(now, peer);
        }
    }

    /// Greets a wanted peer; its answer starts the pings.
    fn keep(&mut self, now: Instant, peer: NodeId) {
        if let Some(wanted) = self.wanted.get_mut(&peer) {
            wanted.dialing = None;
            wanted.retry_at = None;
        }
        if let Some(link) = self.links.get_mut(&peer) {
            link.keeper = true;
            let hello = encode(&LinkRequest::Hello(self.hello.clone()));
            self.send(now, peer, Protocol::Link, hello, Kind::Hello, HELLO_PATIENCE_MS);
        }
    }

    fn disconnected(&mut self, now: Instant, peer: NodeId) {
        let Some(link) = self.links.remove(&peer) else { return };
        let lost: Vec<RequestId> =
            self.pending.iter().filter(|(_, p)| p.peer == peer).map(|(id, _)| *id).collect();
        for id in lost {
            self.finish(now, id, Err(Failure::Disconnected));
        }
        if link.peer.hello.is_some() {
            self.events.push_back(Event::Down { peer });
        }
        if let Some(wanted) = self.wanted.get_mut(&peer) {
            wanted.next = 0;
            let retry_at = now.plus_ms(wanted.backoff.next_ms(&mut self.rng));
            wanted.retry_at = Some(retry_at);
            wanted.error.get_or_insert_with(|| "the connection ended".into());
            self.timers.insert((retry_at, Timer::Retry(peer)));
            self.events.push_back(Event::Changed);
        }
    }

    fn incoming(
        &mut self,
        now: Instant,
        peer: NodeId,
        responder: Responder,
        protocol: Protocol,
        body: Vec<u8>,
    ) {
        let Some(link) = self.links.get_mut(&peer) else {
            self.outputs.push_back(Output::Ignore { responder });
            return;
        };
        link.heard = now;
        if protocol == Protocol::Link {
            let answer = match decode(&body) {
                Ok(LinkRequest::Ping) => Some(LinkResponse::Pong),
                Ok(LinkRequest::Hello(hello)) => {
                    self.greeted(now, peer, hello);
                    Some(LinkResponse::Hello(self.hello.clone()))
                }
                Err(_) => None,
            };
            self.outputs.push_back(match answer {
                Some(answer) => Output::Respond { responder, body: encode(&answer) },
                None => Output::Ignore { responder },
            });
            return;
        }
        if link.peer.hello.is_none() || link.inbound.len() >= self.limits.inbound_per_peer {
            self.outputs.push_back(Output::Ignore { responder });
            return;
        }
        link.inbound.insert(responder);
        self.events.push_back(Event::Request { peer, responder, protocol, body });
    }

    fn greeted(&mut self, now: Instant, peer: NodeId, mut hello: Hello) {
        let Some(link) = self.links.get_mut(&peer) else { return };
        link.heard = now;
        hello.agent = hello.agent.chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        let role = hello.role;
        if link.peer.hello.replace(hello).is_none() {
            if let Some(wanted) = self.wanted.get_mut(&peer) {
                wanted.backoff.reset();
                wanted.error = None;
            }
            self.events.push_back(Event::Up { peer, role });
            self.events.push_back(Event::Changed);
        }
    }

    fn send(
        &mut self,
        now: Instant,
        peer: NodeId,
        protocol: Protocol,
        body: Vec<u8>,
        kind: Kind,
        patience_ms: u64,
    ) -> RequestId {
        self.requests_made += 1;
        let id = RequestId(self.requests_made);
        let due = now.plus_ms(patience_ms);
        if kind == Kind::Rib
            && let Some(link) = self.links.get_mut(&peer)
        {
            link.outbound += 1;
        }
        self.pending.insert(id, Pending { peer, kind, sent: now, due });
        self.timers.insert((due, Timer::Request(id)));
        self.outputs.push_back(Output::Request { peer, id, protocol, body });
        id
    }

    fn finish(&mut self, now: Instant, id: RequestId, result: Result<Vec<u8>, Failure>) {
        let Some(Pending { peer, kind, sent, due }) = self.pending.remove(&id) else { return };
        self.timers.remove(&(due, Timer::Request(id)));
        if let Some(link) = self.links.get_mut(&peer) {
            if result.is_ok() {
                link.heard = now;
            }
            if kind == Kind::Rib {
                link.outbound = link.outbound.saturating_sub(1);
            }
        }
        match kind {
            Kind::Rib => self.events.push_back(Event::Reply { peer, id, result }),
            Kind::Ping | Kind::Hello => {
                let Some(link) = self.links.get_mut(&peer) else { return };
                // The link stands: another connection has taken this one's place, and its other side may know nothing yet.
                if result == Err(Failure::Disconnected) && link.lost < LOST_MAX {
                    link.lost += 1;
                    self.keep(now, peer);
                    return;
                }
                let answer = result.ok().and_then(|body| decode(&body).ok());
                let Some(answer) = answer else {
                    if let Some(wanted) = self.wanted.get_mut(&peer) {
                        wanted.error = Some("no answer to a ping".into());
                    }
                    self.outputs.push_back(Output::Hangup { peer });
                    return;
                };
                link.lost = 0;
                link.peer.latency_ms = Some(now.since_ms(sent));
                let ping_at = now.plus_ms(PING_EVERY_MS);
                link.ping_at = Some(ping_at);
                self.timers.insert((ping_at, Timer::Ping(peer)));
                if let LinkResponse::Hello(hello) = answer {
                    self.greeted(now, peer, hello);
                }
            }
        }
    }

    fn settle(&mut self, peer: NodeId, responder: Responder) -> bool {
        self.links.get_mut(&peer).is_some_and(|link| link.inbound.remove(&responder))
    }
}
