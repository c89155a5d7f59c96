//! Being reached where nobody gets in from outside: places at relays, and what replaces a relayed connection.
//!
//! # Bounds
//! [`RELAYS_MAX`] relays; each is asked again [`AGAIN`] after it was lost.

use super::{Happened, Shell, words};
use libp2p::{
    Multiaddr, PeerId, core::transport::ListenerId, multiaddr::Protocol, swarm::ConnectionId, upnp,
};
use std::{
    collections::{HashMap, VecDeque},
    net::Ipv4Addr,
    time::Duration,
};
use tokio::time::{self, Instant};

/// Most relays at which a node has a place.
pub(crate) const RELAYS_MAX: usize = 4;
/// Until a relay that gave no place, or took it back, is asked again.
const AGAIN: Duration = Duration::from_secs(10);

/// How long a relayed connection stays beside the direct one that takes its place, so that both sides have that.
const LEAVE_AFTER: Duration = Duration::from_secs(2);

/// What a node does so that it, or somebody else, is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Listens and serves: it is in the hash table.
    pub serves: bool,
    /// Carries connections between others.
    pub relays: bool,
    /// Tells who asks whether it is reached from outside, by dialing back.
    pub dials_back: bool,
    /// Asks others whether it is reached from outside.
    pub asks: bool,
    /// Replaces relayed connections by direct ones where both sides let it.
    pub punches: bool,
    /// Has the router open ports.
    pub opens_ports: bool,
}

/// A relay that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no relay's address; write it with the relay's id, like /ip4/203.0.113.7/tcp/4803/p2p/ID, as `formix heavy` prints it"
)]
pub(crate) struct NoRelay(Multiaddr);

/// A place at a relay.
#[derive(Debug)]
struct Place {
    /// Where this node listens by it.
    address: Multiaddr,
    relay: PeerId,
    listener: Option<ListenerId>,
    /// When to ask again, while there is none.
    again: Instant,
}

/// Places at relays, and relayed connections.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: Vec<Place>,
    /// Connections through a relay.
    relayed: HashMap<PeerId, ConnectionId>,
    /// Those that direct ones have replaced, by when they end.
    replaced: VecDeque<(Instant, ConnectionId)>,
}

impl Places {
    /// Waits until there is something to do. Cancelling it loses nothing.
    pub(super) async fn due(&self) {
        let again = self.all.iter().filter(|place| place.listener.is_none()).map(|place| place.again);
        let leave = self.replaced.front().map(|(leave, _)| *leave);
        match again.chain(leave).min() {
            Some(due) => time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// A peer has connected; whether directly, in place of a connection through a relay.
    pub(super) fn connected(&mut self, peer: PeerId, connection: ConnectionId, is_relayed: bool) -> bool {
        if is_relayed {
            self.relayed.insert(peer, connection);
            return false;
        }
        let before = self.relayed.remove(&peer);
        self.replaced.extend(before.map(|before| (Instant::now() + LEAVE_AFTER, before)));
        before.is_some()
    }

    /// Whether this connection of the peer is through a relay.
    pub(super) fn is_relayed(&self, peer: PeerId, connection: ConnectionId) -> bool {
        self.relayed.get(&peer) == Some(&connection)
    }

    /// A connection has ended.
    pub(super) fn closed(&mut self, peer: PeerId, connection: ConnectionId) {
        if self.relayed.get(&peer) == Some(&connection) {
            self.relayed.remove(&peer);
        }
        self.replaced.retain(|(_, replaced)| *replaced != connection);
    }

    /// A listener has ended: whether it was a place at a relay.
    pub(super) fn lost(&mut self, listener: ListenerId) -> bool {
        let Some(place) = self.all.iter_mut().find(|place| place.listener == Some(listener)) else {
            return false;
        };
        (place.listener, place.again) = (None, Instant::now() + AGAIN);
        true
    }
}

/// The relay of an address that leads through one.
pub(super) fn relay_of(address: &Multiaddr) -> Option<PeerId> {
    let before = address.iter().take_while(|part| *part != Protocol::P2pCircuit);
    let relay = before.filter_map(|part| match part {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    });
    relay.last().filter(|_| address.iter().any(|part| part == Protocol::P2pCircuit))
}

impl Shell {
    /// From now on has a place at this relay, and listens there.
    pub(crate) fn reserve(&mut self, relay: &Multiaddr) -> Result<(), NoRelay> {
        let address = relay.clone().with(Protocol::P2pCircuit);
        let is_one = net::Transport::of(&relay.to_string()).is_some_and(|of| of != net::Transport::Relay);
        let peer = relay_of(&address).filter(|_| is_one && self.places.all.len() < RELAYS_MAX);
        let Some(relay) = peer else { return Err(NoRelay(relay.clone())) };
        self.places.all.push(Place { address, relay, listener: None, again: Instant::now() });
        Ok(())
    }

    /// Asks the relays that are to be asked now, and leaves those that are no longer needed.
    pub(super) fn see_to_relays(&mut self) {
        let now = Instant::now();
        while let Some((_, connection)) = self.places.replaced.pop_front_if(|(leave, _)| *leave <= now) {
            self.swarm.close_connection(connection);
        }
        for place in self.places.all.iter_mut().filter(|place| place.listener.is_none() && place.again <= now)
        {
            self.swarm.behaviour_mut().gate.expect(place.relay);
            match self.swarm.listen_on(place.address.clone()) {
                Ok(listener) => {
                    self.listeners.insert(listener, "relay");
                    place.listener = Some(listener);
                }
                Err(error) => {
                    tracing::warn!(relay = %place.relay, error = words(&error), "no place at the relay");
                    place.again = now + AGAIN;
                }
            }
        }
    }

    /// Listens at ports that the system chooses, so that a direct connection can take the place of a relayed one.
    pub(crate) fn listen_to_punch(&mut self) {
        let any = Multiaddr::from(Ipv4Addr::UNSPECIFIED);
        let (tcp, quic) =
            (any.clone().with(Protocol::Tcp(0)), any.with(Protocol::Udp(0)).with(Protocol::QuicV1));
        for (what, address) in [("TCP", tcp), ("QUIC", quic)] {
            match self.swarm.listen_on(address) {
                Ok(listener) => drop(self.listeners.insert(listener, what)),
                Err(error) => tracing::warn!(error = words(&error), "no {what} port for direct connections"),
            }
        }
    }

    /// Tells the operator of a node that nobody reaches, and that has no place at a relay.
    pub(super) fn tell_hidden(&mut self) {
        if self.checks.is_news() && self.places.all.is_empty() {
            tracing::warn!(
                "no fellow reaches this node from outside: open its ports at the router, by hand and with --external-ip, or by --upnp; or give it \
                 a place at another heavy node with --relay"
            );
        }
    }

    /// What the router says of the ports that it was to open.
    pub(super) fn router_told(&mut self, event: upnp::Event) {
        match event {
            upnp::Event::NewExternalAddr(address) => {
                tracing::info!(%address, "the router lets everybody in at this address");
                self.checks.heard(address, true, None);
            }
            upnp::Event::ExpiredExternalAddr(address) => {
                tracing::warn!(%address, "the router lets nobody in at this address any longer");
                self.checks.forget(&address);
            }
            upnp::Event::GatewayNotFound => tracing::warn!(
                "--upnp: no router answers; allow UPnP at the router and start this node again, or open its ports by hand and say --external-ip"
            ),
            upnp::Event::NonRoutableGateway => tracing::warn!(
                "--upnp: the router has no address of the Internet itself, so its ports reach nobody; use --relay"
            ),
        }
    }

    /// An address has turned out to reach this node from outside, or does no longer.
    pub(super) fn reached(&mut self, address: Multiaddr, is_so: bool) {
        tracing::info!(%address, is_so, "an address turns out to reach this node, or not to");
        let has_changed =
            if is_so { self.addresses.insert(address) } else { self.addresses.remove(&address) };
        if has_changed {
            self.happened.push_back(Happened::Addresses);
        }
        self.publish_soon();
    }
}
