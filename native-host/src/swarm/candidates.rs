//! AutoNAT's client asks about addresses that peers say they see this node at, and keeps all that it is ever told. This hands it few, and those of the
//! Internet that the node listens at itself: it gives them out from the start, so that no peer's word makes them candidates.
//!
//! # Bounds
//! [`CANDIDATES_MAX`] addresses, each at a port that this node listens at. A stranger who names as many that are none of this node's keeps it from
//! finding out that it is reached from outside, and no more: `--external-ip` says it instead.

use super::{listen::ip_of, reach::relay_of};
use crate::near::is_outside;
use libp2p::{
    Multiaddr, PeerId, autonat,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NewExternalAddrCandidate, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};
use rand_core_autonat::OsRng;
use std::{
    collections::HashSet,
    task::{Context, Poll},
    time::Duration,
};

/// From one question until the next.
const ASK_EVERY: Duration = Duration::from_secs(11);
/// Most addresses that are asked about.
const CANDIDATES_MAX: usize = 32;

type Client = autonat::v2::client::Behaviour;

/// AutoNAT's client, with few candidates.
pub(in crate::swarm) struct Candidates {
    client: Client,
    /// Ports that this node listens at.
    ports: HashSet<u16>,
    known: HashSet<Multiaddr>,
}

impl Default for Candidates {
    fn default() -> Self {
        // One at a time: of two that a fellow dials at once, the later connection takes the earlier one's place. The client waits ten seconds for an answer.
        let config =
            autonat::v2::client::Config::default().with_max_candidates(1).with_probe_interval(ASK_EVERY);
        Self { client: Client::new(OsRng, config), ports: HashSet::new(), known: HashSet::new() }
    }
}

impl Candidates {
    /// A node listens at an address.
    fn listens(&mut self, address: &Multiaddr) {
        // Behind a relay's address is the relay's port.
        if relay_of(address).is_some() {
            return;
        }
        self.ports.extend(port_of(address));
        if ip_of(address).is_some_and(is_outside) && self.takes(address) {
            let candidate = NewExternalAddrCandidate { addr: address };
            self.client.on_swarm_event(FromSwarm::NewExternalAddrCandidate(candidate));
        }
    }

    /// Whether to ask about an address.
    fn takes(&mut self, address: &Multiaddr) -> bool {
        if self.known.contains(address) {
            return true;
        }
        // A dial back over WebRTC tells nothing: an open address would be called closed.
        if net::Transport::of(&address.to_string()) == Some(net::Transport::WebrtcDirect) {
            return false;
        }
        let is_own = port_of(address).is_some_and(|port| self.ports.contains(&port));
        is_own && self.known.len() < CANDIDATES_MAX && self.known.insert(address.clone())
    }
}

fn port_of(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    })
}

impl NetworkBehaviour for Candidates {
    type ConnectionHandler = <Client as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = <Client as NetworkBehaviour>::ToSwarm;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.client.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.client.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::NewListenAddr(listens) => self.listens(listens.addr),
            FromSwarm::NewExternalAddrCandidate(candidate) if !self.takes(candidate.addr) => return,
            _ => {}
        }
        self.client.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.client.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.client.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::{core::transport::ListenerId, swarm::behaviour::NewListenAddr};

    #[test]
    fn strangers_name_few_addresses_and_none_at_other_ports() {
        let mut candidates = Candidates::default();
        let listens: Multiaddr = "/ip4/10.0.0.1/udp/4802/quic-v1".parse().unwrap();
        let address =
            |number: usize, port| format!("/ip4/203.0.113.{number}/udp/{port}/quic-v1").parse().unwrap();
        assert!(!candidates.takes(&address(1, 4802)));
        candidates.on_swarm_event(FromSwarm::NewListenAddr(NewListenAddr {
            listener_id: ListenerId::next(),
            addr: &listens,
        }));
        assert!(!candidates.takes(&address(1, 4803)));
        assert!((0..CANDIDATES_MAX).all(|number| candidates.takes(&address(number, 4802))));
        let circuit =
            "/ip4/203.0.113.1/tcp/4805/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X/p2p-circuit";
        candidates.listens(&circuit.parse().unwrap());
        assert!(!candidates.ports.contains(&4805), "it is the relay's");
        assert!(candidates.takes(&address(1, 4802)) && !candidates.takes(&address(250, 4802)));
    }

    #[test]
    fn an_address_of_the_internet_is_asked_about_unasked() {
        let mut candidates = Candidates::default();
        let known = |candidates: &Candidates| candidates.known.len();
        candidates.listens(&"/ip4/192.168.0.1/tcp/4803".parse().unwrap());
        assert_eq!(known(&candidates), 0, "who is asked is elsewhere");
        candidates.listens(&"/ip4/203.0.113.1/tcp/4803".parse().unwrap());
        assert_eq!(known(&candidates), 1);
    }
}
