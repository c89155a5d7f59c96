//! Only dials that the node has a reason for go out.
//!
//! Kademlia, the relay and the exchanges would dial by themselves, at addresses that strangers told. Here they speak over the
//! connections that there are: whom a node connects to, and where, its machine decides. What goes out beyond that, by the rules of [`Gate`]:
//!
//! - to a relay that the node named itself, as part of an address that it dials or listens at;
//! - back to a peer that asks whether it is reached from outside, at an address of the machine that it is connected from: who asks reaches
//!   nobody else by it. Not to this machine, from where a proxy connects everybody;
//! - to a peer that is connected through a relay, to replace the relay by a direct connection (DCUtR): the only dials at addresses that a
//!   stranger chooses. They go to addresses of the whole Internet alone.
//!
//! # Bounds
//! [`RELAYS_MAX`] relays expected, [`PUNCHES_MAX`] dials for each relayed connection, at [`PUNCH_ADDRESSES_MAX`] addresses each, and of the last two
//! kinds together [`BURST`] at once and [`EVERY`] apart after that.

use super::listen::ip_of;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
        behaviour::{ConnectionClosed, ConnectionEstablished},
        dummy,
    },
};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Most relays that are expected to be dialed.
const RELAYS_MAX: usize = 64;
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
    relays: HashSet<PeerId>,
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
            relays: HashSet::new(),
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
        if self.relays.len() < RELAYS_MAX {
            self.relays.insert(relay);
        }
    }

    /// Whether this is a dial back to where the peer is connected from.
    fn is_back(&self, peer: PeerId, addresses: &[Multiaddr]) -> bool {
        let [address] = addresses else { return false };
        let Some(remotes) = self.direct.get(&peer) else { return false };
        let ip = ip_of(address).map(|ip| ip.to_canonical()).filter(|ip| !ip.is_loopback());
        ip.is_some_and(|ip| remotes.values().any(|remote| *remote == ip))
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

/// Whether the address is one of the whole Internet, as far as the special-purpose registries of RFC 6890 tell: not this machine's, its own
/// network's, its provider's (RFC 6598), one for measurements, or one that stands for such an address behind a translator (RFC 6052, RFC 3056).
pub(super) const fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_outside_v4(ip),
        IpAddr::V6(ip) => match ip.segments() {
            // Translated: what counts is whom it stands for.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                is_outside_v4(Ipv4Addr::from_bits((high as u32) << 16 | low as u32))
            }
            // Global unicast is one eighth of all; of that, 2001::/23 is for protocols.
            [first, second, ..] => first & 0xe000 == 0x2000 && !(first == 0x2001 && second < 0x200),
        },
    }
}

const fn is_outside_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_special = match first {
        0 | 10 | 127 | 224.. => true,
        100 => second & 0xc0 == 64,
        172 => second & 0xf0 == 16,
        192 => second == 168 || (second == 0 && third == 0),
        198 => second & 0xfe == 18,
        _ => ip.is_link_local(),
    };
    !is_special
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
                self.relays.remove(&peer)
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
