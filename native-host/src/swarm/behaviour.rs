//! The protocols that a node speaks.

use super::{CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX, HANDSHAKES_MAX, frames::Frames, gate::Gate};
use libp2p::{
    PeerId, StreamProtocol,
    connection_limits::{self, ConnectionLimits},
    identify,
    identity::Keypair,
    kad::{self, store::MemoryStore},
    ping, relay, request_response,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
};
use net::Protocol;
use std::{error::Error, time::Duration};

/// Kademlia's protocol in this network.
pub(super) const KAD: StreamProtocol = StreamProtocol::new("/formix/kad/1");
/// Most addresses of one peer that Kademlia is told.
pub(super) const KAD_ADDRESSES_MAX: usize = 16;
/// Most requests under way on one connection, each way.
pub(super) const STREAMS_MAX: usize = 64;
/// Later than the machine's own patience, which decides.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A node's protocols.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) gate: Gate,
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    pub(super) kad: Toggle<kad::Behaviour<MemoryStore>>,
    relay: Toggle<relay::Behaviour>,
    link: request_response::Behaviour<Frames>,
    aggregate: request_response::Behaviour<Frames>,
    jobs: request_response::Behaviour<Frames>,
}

impl Behaviour {
    pub(super) fn new(
        keypair: &Keypair,
        agent: &str,
        serves: bool,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let peer = keypair.public().to_peer_id();
        let limits = ConnectionLimits::default()
            .with_max_established(Some(CONNECTIONS_MAX))
            .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
            .with_max_pending_incoming(Some(HANDSHAKES_MAX))
            .with_max_pending_outgoing(Some(HANDSHAKES_MAX));
        let identify = identify::Config::new("/formix/id/1".into(), keypair.public())
            .with_agent_version(agent.into())
            .with_cache_size(1_024);
        Ok(Self {
            gate: Gate::default(),
            limits: connection_limits::Behaviour::new(limits),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new()),
            kad: serves.then(|| kad(peer)).into(),
            relay: serves.then(|| relay::Behaviour::new(peer, relay_config())).into(),
            link: exchange(Protocol::Link),
            aggregate: exchange(Protocol::Aggregate),
            jobs: exchange(Protocol::Jobs),
        })
    }

    /// The exchange of one protocol; `None` for one that this shell does not carry.
    pub(super) fn protocol(
        &mut self,
        protocol: Protocol,
    ) -> Option<&mut request_response::Behaviour<Frames>> {
        match protocol {
            Protocol::Link => Some(&mut self.link),
            Protocol::Aggregate => Some(&mut self.aggregate),
            Protocol::Jobs => Some(&mut self.jobs),
            _ => None,
        }
    }
}

fn exchange(protocol: Protocol) -> request_response::Behaviour<Frames> {
    let config = request_response::Config::default()
        .with_request_timeout(REQUEST_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let name = StreamProtocol::new(protocol.name());
    let support = request_response::ProtocolSupport::Full;
    request_response::Behaviour::with_codec(Frames::of(protocol), [(name, support)], config)
}

fn kad(peer: PeerId) -> kad::Behaviour<MemoryStore> {
    let mut config = kad::Config::new(KAD);
    // Peers find each other here; nothing is kept for them.
    config.set_record_filtering(kad::StoreInserts::FilterBoth);
    // Only addresses that were checked get in, and nothing is looked up by itself.
    config.set_kbucket_inserts(kad::BucketInserts::Manual).set_periodic_bootstrap_interval(None);
    let mut kad = kad::Behaviour::with_config(peer, MemoryStore::new(peer), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

/// What strangers may have relayed.
pub(super) fn relay_config() -> relay::Config {
    relay::Config {
        max_reservations: 1_024,
        max_reservations_per_peer: 2,
        max_circuits: 128,
        max_circuits_per_peer: 8,
        max_circuit_duration: Duration::from_secs(30 * 60),
        max_circuit_bytes: 256 * 1024 * 1024,
        ..relay::Config::default()
    }
}
