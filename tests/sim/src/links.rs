//! Between hosts: dials, connections, requests and responses, and how each may fail.
//!
//! A connection is known by its number to both ends, and each end has its own view of it: after a crash
//! or behind a cut one end may hold a connection that the other has forgotten. As in libp2p, two hosts
//! may hold several connections at once, the shell tells its machine of the first and of the end of the
//! last, and requests take them in turn.

use crate::{
    host::{ConnectionId, Dial, Machine, Told},
    liar::Lie,
    oracle::is_report,
    plan::HEAVY,
    world::{self, World, address, host_at},
};
use aggregate::{Scheme, Stage};
use codec::ContentId;
use net::{Failure, Input, Output, Protocol, RequestId, Responder};
use std::collections::BTreeMap;

/// Longest that an end holds a connection whose other end is gone without a word, in milliseconds.
const LINGER_MAX_MS: u64 = 40_000;
/// Most requests of one host under way at another: what ribs may have, and hellos and pings.
const UNANSWERED_MAX: usize = 64 + 8;

/// Something that happens between hosts.
#[derive(Debug)]
pub(crate) enum Event {
    /// A dial reaches the other host.
    Dialed {
        from: usize,
        incarnation: u32,
        to: usize,
        connection: ConnectionId,
    },
    /// The dialer hears that it is through, or not.
    Answered {
        from: usize,
        incarnation: u32,
        to: usize,
        connection: ConnectionId,
        up: bool,
    },
    /// One end learns that the other has closed.
    Closed {
        host: usize,
        peer: usize,
        connection: ConnectionId,
    },
    Request(Request),
    Response(Response),
}

/// A request on its way.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    from: usize,
    incarnation: u32,
    id: RequestId,
    to: usize,
    connection: ConnectionId,
    pub(crate) protocol: Protocol,
    pub(crate) body: Vec<u8>,
}

/// A response on its way.
#[derive(Debug)]
pub(crate) struct Response {
    to: usize,
    incarnation: u32,
    from: usize,
    id: RequestId,
    connection: ConnectionId,
    result: Result<Vec<u8>, Failure>,
}

/// All that is between hosts.
#[derive(Debug, Default)]
pub(crate) struct Links {
    connections: ConnectionId,
    responders: u64,
    /// Requests at hosts that have not answered them.
    served: BTreeMap<Responder, Request>,
    /// Answers with a wrong sum: to whose request, and in which computation.
    lies: BTreeMap<(usize, u32, RequestId), ContentId>,
}

impl World {
    fn link(&mut self, ms: u64, event: Event) {
        self.after(ms, world::Event::Link(event));
    }

    fn delay(&mut self) -> u64 {
        let (low, high) = self.plan.air.delay_ms;
        if self.plan.air.slow > 0 && self.dice.chance(self.plan.air.slow) && self.now < self.plan.troubles_end
        {
            self.dice.between(500, 8_000)
        } else {
            self.dice.between(low, high)
        }
    }

    fn is_lost(&mut self, a: usize, b: usize) -> bool {
        self.plan.is_cut(self.now, a, b)
            || (self.plan.air.loss > 0
                && self.now < self.plan.troubles_end
                && self.dice.chance(self.plan.air.loss))
    }

    /// Does what a machine asks of its connections.
    pub(crate) fn send(&mut self, host: usize, output: Output) {
        match output {
            Output::Dial { peer, address } => {
                let Some(to) = host_at(&address).filter(|to| self.hosts[*to].id == peer) else {
                    return self.violated(format!("host {host} dials `{address}`, where {peer} is not"));
                };
                self.trace.event(self.now, host, "dial", to as u64, &[]);
                self.links.connections += 1;
                let connection = self.links.connections;
                self.hosts[host].dials.insert(to, Dial { connection });
                // A dial that is lost has no answer at all; its machine gives it up.
                if !self.is_lost(host, to) {
                    let incarnation = self.hosts[host].incarnation;
                    let delay = self.delay();
                    self.link(delay, Event::Dialed { from: host, incarnation, to, connection });
                }
            }
            Output::Hangup { peer } => {
                let Some(to) = self.oracle.host_of(peer) else { return };
                self.trace.event(self.now, host, "hangup", to as u64, &[]);
                self.hosts[host].dials.remove(&to);
                let open = self.hosts[host].connections.remove(&to).unwrap_or_default();
                if !open.is_empty() {
                    self.hosts[host].forget_requests(to);
                    self.tell_soon(host, Told::Net(Input::Disconnected { peer }));
                }
                for connection in open {
                    self.other_end_closes(host, to, connection, true);
                }
            }
            Output::Request { peer, id, protocol, body } => self.request(host, peer, id, protocol, body),
            Output::Respond { responder, body } => {
                self.tally.messages += 1;
                self.respond(host, responder, Ok(body));
            }
            Output::Ignore { responder } => self.respond(host, responder, Err(Failure::Refused)),
            _ => self.violated(format!("host {host} asks its shell for something new")),
        }
    }

    pub(crate) fn request(
        &mut self,
        host: usize,
        peer: keys::NodeId,
        id: RequestId,
        protocol: Protocol,
        body: Vec<u8>,
    ) {
        self.tally.messages += 1;
        let to = self.oracle.host_of(peer).unwrap_or(usize::MAX);
        let h = &mut self.hosts[host];
        let open = h.connections.get(&to).filter(|open| !open.is_empty());
        let Some(connection) = open.map(|open| open[id.0 as usize % open.len()]) else {
            if !self.overhear(host, to, id, None) {
                let result = Err(Failure::Disconnected);
                self.tell_soon(host, Told::Net(Input::Response { id, result }));
            }
            return;
        };
        let incarnation = h.incarnation;
        h.unanswered.insert(id, to);
        if h.unanswered.values().filter(|other| **other == to).count() > UNANSWERED_MAX && h.light().is_some()
        {
            self.violated(format!("host {host} has more than {UNANSWERED_MAX} requests at {to}"));
        }
        self.trace.event(self.now, host, "request", id.0, &body);
        let honest = self.hosts[host].light().is_some();
        self.oracle.requested(self.now, host, to, protocol, honest, &body);
        if honest && is_report(protocol, &body) {
            self.let_overhear(peer, &body);
        }
        if self.is_lost(host, to) {
            return;
        }
        let request = Request { from: host, incarnation, id, to, connection, protocol, body };
        if self.plan.air.twice > 0
            && self.now < self.plan.troubles_end
            && self.dice.chance(self.plan.air.twice)
        {
            let delay = self.delay();
            self.link(delay, Event::Request(request.clone()));
        }
        let delay = self.delay();
        self.link(delay, Event::Request(request));
    }

    fn let_overhear(&mut self, heavy: keys::NodeId, body: &[u8]) {
        for host in &mut self.hosts {
            if let Some(Machine::Attacker(attacker)) = &mut host.machine
                && attacker.listens()
            {
                attacker.overhear(heavy, body);
            }
        }
    }

    fn respond(&mut self, host: usize, responder: Responder, result: Result<Vec<u8>, Failure>) {
        // Of a connection that has closed meanwhile, or a second answer.
        if self.hosts[host].serving.remove(&responder).is_none() {
            return;
        }
        let Some(request) = self.links.served.remove(&responder) else { return };
        let result = result.map(|body| self.lie(host, &request, body));
        self.trace.event(self.now, host, "respond", request.id.0, result.as_deref().unwrap_or_default());
        let promised = result
            .as_ref()
            .is_ok_and(|body| self.oracle.responded(self.now, host, request.from, &request, body));
        self.reply(host, request, result);
        if promised {
            // Acknowledged, and then nothing more.
            self.maybe_crash(host);
        }
    }

    /// What leaves a heavy node in place of what its machine says.
    fn lie(&mut self, host: usize, request: &Request, body: Vec<u8>) -> Vec<u8> {
        let asker = self.hosts[request.from].id;
        let now = self.hosts[host].clock(self.now);
        let Some(liar) = self.liar.as_mut().filter(|liar| liar.host == host && request.from < HEAVY) else {
            return body;
        };
        if request.protocol != Protocol::Aggregate {
            return body;
        }
        if liar.lie == Lie::Total {
            self.oracle.foresee(&self.plan);
        }
        let Some((altered, sum_of)) = liar.say(now, asker, (&request.body, &body), &mut self.oracle) else {
            return body;
        };
        self.trace.event(self.now, host, "lie", request.id.0, &altered);
        if let Some(id) = sum_of {
            self.links.lies.insert((request.from, request.incarnation, request.id), id);
        }
        altered
    }

    /// A lie reaches whom it is for. One who awaits sums must notice a wrong one.
    fn hear_lie(&mut self, to: usize, incarnation: u32, request: RequestId) {
        let Some(id) = self.links.lies.get(&(to, incarnation, request)) else { return };
        let Some(heavy) = self.hosts[to].heavy() else { return };
        let Some(view) = heavy.computation(*id) else { return };
        if view.stage == Stage::Committed && view.refusal.is_none() && view.proposal.scheme == Scheme::Rep64 {
            self.oracle.deceived.insert((*id, to, incarnation));
        }
    }

    fn reply(&mut self, host: usize, request: Request, result: Result<Vec<u8>, Failure>) {
        if self.is_lost(host, request.from) {
            return;
        }
        let Request { from, incarnation, id, connection, .. } = request;
        let delay = self.delay();
        self.link(
            delay,
            Event::Response(Response { to: from, incarnation, from: host, id, connection, result }),
        );
    }

    /// What happens between hosts, in its time.
    pub(crate) fn link_event(&mut self, event: Event) {
        match event {
            Event::Dialed { from, incarnation, to, connection } => {
                let up = self.hosts[to].machine.is_some() && !self.plan.is_cut(self.now, from, to);
                if up {
                    self.open(to, from, connection);
                }
                let delay = self.delay();
                self.link(delay, Event::Answered { from, incarnation, to, connection, up });
            }
            Event::Answered { from, incarnation, to, connection, up } => {
                let h = &mut self.hosts[from];
                let current = h.incarnation == incarnation && h.machine.is_some();
                if !current || h.dials.get(&to) != Some(&Dial { connection }) {
                    // The dialer is gone, or has given this dial up.
                    if up {
                        self.other_end_closes(from, to, connection, current);
                    }
                    return;
                }
                h.dials.remove(&to);
                if up {
                    self.open(from, to, connection);
                } else {
                    let peer = self.hosts[to].id;
                    let (address, error) = (address(to), "nobody answers there".into());
                    self.tell(from, Told::Net(Input::DialFailed { peer, address, error }));
                }
            }
            Event::Closed { host, peer, connection } => self.closed(host, peer, connection),
            Event::Request(request) => self.arrive(request),
            Event::Response(Response { to, incarnation, from, id, connection, result }) => {
                let h = &mut self.hosts[to];
                let open = h.connections.get(&from).is_some_and(|open| open.contains(&connection));
                if h.incarnation == incarnation && h.machine.is_some() && open {
                    h.unanswered.remove(&id);
                    self.hear_lie(to, incarnation, id);
                    self.trace.event(self.now, to, "response", id.0, &[u8::from(result.is_ok())]);
                    if !self.overhear(to, from, id, result.as_deref().ok()) {
                        self.tell(to, Told::Net(Input::Response { id, result }));
                    }
                }
            }
        }
    }

    fn arrive(&mut self, request: Request) {
        let (to, from) = (request.to, request.from);
        let h = &self.hosts[to];
        if h.machine.is_none() {
            return;
        }
        if h.dials.get(&from).is_some_and(|dial| dial.connection == request.connection) {
            // What the listener sends at once waits until the dialer's end is up as well.
            return self.link(1, Event::Request(request));
        }
        let known = h.connections.get(&from).is_some_and(|open| open.contains(&request.connection));
        if !known {
            return self.reply(to, request, Err(Failure::Disconnected));
        }
        // A shell refuses a longer frame by its prefix.
        if request.body.len() > request.protocol.request_bytes_max() {
            return self.reply(to, request, Err(Failure::Refused));
        }
        self.links.responders += 1;
        let responder = Responder(self.links.responders);
        let (protocol, body) = (request.protocol, request.body.clone());
        self.trace.event(self.now, to, "arrive", request.id.0, &[]);
        self.links.served.insert(responder, request);
        self.hosts[to].serving.insert(responder, (from, self.now));
        let peer = self.hosts[from].id;
        self.tell(to, Told::Net(Input::Request { peer, responder, protocol, body }));
    }

    fn open(&mut self, host: usize, peer: usize, connection: ConnectionId) {
        let open = self.hosts[host].connections.entry(peer).or_default();
        open.push(connection);
        if open.len() == 1 {
            self.trace.event(self.now, host, "connected", peer as u64, &[]);
            let (peer, address) = (self.hosts[peer].id, address(peer));
            self.tell(host, Told::Net(Input::Connected { peer, address }));
        }
    }

    fn closed(&mut self, host: usize, peer: usize, connection: ConnectionId) {
        let h = &mut self.hosts[host];
        let Some(open) = h.connections.get_mut(&peer) else { return };
        let before = open.len();
        open.retain(|other| *other != connection);
        if open.len() < before && open.is_empty() {
            h.connections.remove(&peer);
            h.forget_requests(peer);
            self.trace.event(self.now, host, "disconnected", peer as u64, &[]);
            let peer = self.hosts[peer].id;
            self.tell(host, Told::Net(Input::Disconnected { peer }));
        }
    }

    /// `host` has closed; `peer` hears of it soon, or only after a while.
    fn other_end_closes(&mut self, host: usize, peer: usize, connection: ConnectionId, politely: bool) {
        let soon = politely || self.dice.chance(700);
        let delay = if soon && !self.is_lost(host, peer) {
            self.delay()
        } else {
            self.dice.between(1_000, LINGER_MAX_MS)
        };
        self.link(delay, Event::Closed { host: peer, peer: host, connection });
    }

    /// A host went down with all its connections.
    pub(crate) fn lose_connections(&mut self, host: usize) {
        let h = &mut self.hosts[host];
        h.dials.clear();
        for (peer, open) in std::mem::take(&mut h.connections) {
            for connection in open {
                self.other_end_closes(host, peer, connection, false);
            }
        }
    }

    /// All connections between two hosts break, for each end in its own time.
    pub(crate) fn break_connections(&mut self, a: usize, b: usize) {
        let open = self.hosts[a].connections.get(&b).cloned().unwrap_or_default();
        for connection in open {
            self.other_end_closes(a, b, connection, true);
            self.other_end_closes(b, a, connection, true);
        }
    }
}
