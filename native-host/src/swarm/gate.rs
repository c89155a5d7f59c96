//! Only dials that the node has a reason for go out.
//!
//! Kademlia, the relay and the exchanges would dial by themselves, at addresses that strangers told. Here they speak over the
//! connections that there are: whom a node connects to, and where, its machine decides. What goes out beyond that, by the rules of [`Gate`]:
//!
//! - to a relay that the node named itself, as part of an address that it dials or listens at;
//! - back to a peer that asks whether it is reached from outside, at an address of the machine that it is connected from: who asks reaches
//!   nobody else by it. Not to a machine from which a proxy may connect everybody: this one, one at which others reach this node, and, where others
//!   reach it from the Internet, any in its own network;
//! - to a peer that is connected through a relay, to replace the relay by a direct connection (DCUtR): the only dials at addresses that a
//!   stranger chooses. They go to addresses of the whole Internet alone.
//!
//! # Bounds
//! [`RELAYS_MAX`] relays expected, each for [`EXPECTED`]; [`OWN_MAX`] addresses of this node; [`PUNCHES_MAX`] dials for each relayed connection, at [`PUNCH_ADDRESSES_MAX`] addresses each, and of the last two
//! kinds together [`BURST`] at once and [`EVERY`] apart after that.

use super::{listen::ip_of, reach::relay_of};
use crate::near::{Near, is_outside};
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
        behaviour::{ConnectionClosed, ConnectionEstablished, ExternalAddrConfirmed, ExternalAddrExpired},
        dummy,
    },
};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Most relays that are expected to be dialed; one more takes the place of the one that was named first.
const RELAYS_MAX: usize = 64;
/// How long a relay is expected to be dialed after the node named it: it is dialed at once, unless there is a connection already.
const EXPECTED: Duration = Duration::from_secs(30);
/// Most addresses of this node that are looked at.
const OWN_MAX: usize = 64;
/// Most dials to replace one relayed connection: the attempts of both sides.
const PUNCHES_MAX: u32 = 6;
/// Most addresses of one such dial: those that a peer collects.
const PUNCH_ADDRESSES_MAX: usize = 20;
/// How many dials at addresses that peers told go out at once.
const BURST: u32 = 16;
/// Until one more of them may.
const EVERY: Duration = Duration::from_secs(1);

/// Refuses every dial but those that have a reason.
#[derive(Debug)]
pub(in crate::swarm) struct Gate {
    next: Option<ConnectionId>,
    /// Until when each relay is expected to be dialed.
    relays: HashMap<PeerId, Instant>,
    /// Where others reach this node, relays aside.
    own: HashSet<Multiaddr>,
    /// From where each peer is connected directly.
    direct: HashMap<PeerId, HashMap<ConnectionId, IpAddr>>,
    /// Through a relay, with the dials that are left to replace it.
    relayed: HashMap<PeerId, HashMap<ConnectionId, u32>>,
    left: u32,
    counted: Instant,
}

/// The dial was not the node's own.
#[derive(Debug, thiserror::Error)]
#[error("the node did not ask for this dial")]
struct NotAsked;

impl Default for Gate {
    fn default() -> Self {
        Self {
            next: None,
            relays: HashMap::new(),
            own: HashSet::new(),
            direct: HashMap::new(),
            relayed: HashMap::new(),
            left: BURST,
            counted: Instant::now(),
        }
    }
}

impl Gate {
    /// Lets this dial out; it is asked for at once.
    pub(in crate::swarm) const fn open(&mut self, dial: ConnectionId) {
        self.next = Some(dial);
    }

    /// Lets a dial to this relay out, which the node itself has named.
    pub(in crate::swarm) fn expect(&mut self, relay: PeerId) {
        self.expect_at(relay, Instant::now());
    }

    fn expect_at(&mut self, relay: PeerId, now: Instant) {
        self.relays.retain(|_, until| *until > now);
        if self.relays.len() >= RELAYS_MAX
            && let Some(first) = self.relays.iter().min_by_key(|(_, until)| **until).map(|(relay, _)| *relay)
        {
            self.relays.remove(&first);
        }
        self.relays.insert(relay, now + EXPECTED);
    }

    /// Whether this dial is to a relay that the node has named just before.
    fn is_expected(&mut self, peer: PeerId, now: Instant) -> bool {
        self.relays.remove(&peer).is_some_and(|until| until > now)
    }

    /// Whether this is a dial back to where the peer is connected from.
    fn is_back(&self, peer: PeerId, addresses: &[Multiaddr]) -> bool {
        let [address] = addresses else { return false };
        let Some(remotes) = self.direct.get(&peer) else { return false };
        let ip = ip_of(address).map(|ip| ip.to_canonical()).filter(|ip| self.is_its_own(*ip));
        ip.is_some_and(|ip| remotes.values().any(|remote| *remote == ip))
    }

    /// Whether a peer that is connected from there is there itself, as far as one can tell, and not a proxy.
    fn is_its_own(&self, ip: IpAddr) -> bool {
        let mut own = self.own.iter().map(|address| ip_of(address).map(|ip| ip.to_canonical()));
        match Near::of(ip) {
            Near::Machine => false,
            Near::Internet => own.all(|own| own != Some(ip)),
            // A name may stand for any address.
            Near::Network => {
                let is_inside = |own: IpAddr| own != ip && Near::of(own) != Near::Internet;
                !self.own.is_empty() && own.all(|own| own.is_some_and(is_inside))
            }
        }
    }

    /// Whether this replaces a relayed connection. It counts as one of the dials that are left for that.
    fn is_punch(&mut self, peer: PeerId, addresses: &[Multiaddr]) -> bool {
        let is_outside = |address: &Multiaddr| ip_of(address).is_some_and(|ip| is_outside(ip.to_canonical()));
        if addresses.is_empty() || addresses.len() > PUNCH_ADDRESSES_MAX || !addresses.iter().all(is_outside)
        {
            return false;
        }
        let left = self.relayed.get_mut(&peer).and_then(|all| all.values_mut().find(|left| **left > 0));
        left.is_some_and(|left| {
            *left -= 1;
            true
        })
    }

    /// Whether one more dial at an address that a peer told may go out now.
    fn has_left(&mut self, now: Instant) -> bool {
        let more = now.saturating_duration_since(self.counted).as_millis() / EVERY.as_millis();
        if let Ok(more @ 1..) = u32::try_from(more) {
            self.left = self.left.saturating_add(more).min(BURST);
            self.counted = now;
        }
        let has_left = self.left > 0;
        self.left -= u32::from(has_left);
        has_left
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_outbound_connection(
        &mut self,
        dial: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let is_own = self.next.take_if(|next| *next == dial).is_some();
        let has_reason = is_own
            || peer.is_some_and(|peer| {
                self.is_expected(peer, Instant::now())
                    || (self.is_back(peer, addresses) || self.is_punch(peer, addresses))
                        && self.has_left(Instant::now())
            });
        if has_reason { Ok(Vec::new()) } else { Err(ConnectionDenied::new(NotAsked)) }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => {
                if endpoint.is_relayed() {
                    self.relayed.entry(peer_id).or_default().insert(connection_id, PUNCHES_MAX);
                } else if let Some(ip) = ip_of(endpoint.get_remote_address()) {
                    self.direct.entry(peer_id).or_default().insert(connection_id, ip.to_canonical());
                }
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { peer_id, connection_id, .. }) => {
                forget(&mut self.direct, peer_id, connection_id);
                forget(&mut self.relayed, peer_id, connection_id);
            }
            FromSwarm::ExternalAddrConfirmed(ExternalAddrConfirmed { addr })
                if relay_of(addr).is_none() && self.own.len() < OWN_MAX =>
            {
                self.own.insert(addr.clone());
            }
            FromSwarm::ExternalAddrExpired(ExternalAddrExpired { addr }) => {
                self.own.remove(addr);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

fn forget<T>(of: &mut HashMap<PeerId, HashMap<ConnectionId, T>>, peer: PeerId, connection: ConnectionId) {
    if let Some(connections) = of.get_mut(&peer) {
        connections.remove(&connection);
        if connections.is_empty() {
            of.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests;
