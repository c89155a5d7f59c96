//! The protocols that a node speaks.

use super::{
    CONNECTIONS_MAX, CONNECTIONS_PER_PEER_MAX, HANDSHAKES_MAX, Reach, candidates::Candidates, frames::Frames,
    gate::Gate, provide,
};
use jobs::capability::Class;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, autonat,
    connection_limits::{self, ConnectionLimits},
    dcutr, identify,
    identity::Keypair,
    kad::{
        self,
        store::{MemoryStore, MemoryStoreConfig},
    },
    ping, relay,
    request_response::{self, ProtocolSupport},
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
    upnp,
};
use net::Protocol;
use std::{error::Error, time::Duration};

/// Kademlia's protocol in this network.
pub(super) const KAD: StreamProtocol = StreamProtocol::new("/formix/kad/1");
/// Identify's protocol in this network.
pub(super) const IDENTIFY: &str = "/formix/id/1";
/// Most addresses of one peer that Kademlia knows.
pub(super) const KAD_ADDRESSES_MAX: usize = 16;
/// Longest message of Kademlia, in bytes: 20 providers and 20 peers, each with its addresses.
pub(super) const KAD_PACKET_BYTES_MAX: usize = 64 * 1024;
/// How long a provider is listed that does not say again that it is one.
pub(super) const PROVIDER_TTL: Duration = Duration::from_secs(30 * 60);
/// How often a provider says so again.
pub(super) const PROVIDER_EVERY: Duration = Duration::from_secs(10 * 60);
/// The exchange in which a node hands out its advert: an empty request, and a signed document, or nothing.
const CAPABILITY: StreamProtocol = StreamProtocol::new("/formix/capability/1");
/// Longest advert, in bytes: a payload with its envelope.
const CAPABILITY_BYTES_MAX: usize = 2 * jobs::capability::PAYLOAD_BYTES_MAX;
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
    circuit: relay::client::Behaviour,
    punch: Toggle<dcutr::Behaviour>,
    reachability: Toggle<Candidates>,
    dial_back: Toggle<autonat::v2::server::Behaviour>,
    router: Toggle<upnp::tokio::Behaviour>,
    pub(super) capability: Toggle<request_response::Behaviour<Frames>>,
    link: request_response::Behaviour<Frames>,
    aggregate: request_response::Behaviour<Frames>,
    jobs: request_response::Behaviour<Frames>,
    shards: request_response::Behaviour<Frames>,
}

impl Behaviour {
    pub(super) fn new(
        keypair: &Keypair,
        circuit: relay::client::Behaviour,
        agent: &str,
        reach: Reach,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let peer = keypair.public().to_peer_id();
        let limits = ConnectionLimits::default()
            .with_max_established(Some(CONNECTIONS_MAX))
            .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX))
            .with_max_pending_incoming(Some(HANDSHAKES_MAX))
            .with_max_pending_outgoing(Some(HANDSHAKES_MAX));
        let identify = identify::Config::new(IDENTIFY.into(), keypair.public())
            .with_agent_version(agent.into())
            // What a peer says of its addresses is nothing to dial by.
            .with_cache_size(0);
        Ok(Self {
            gate: Gate::default(),
            limits: connection_limits::Behaviour::new(limits),
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(ping::Config::new()),
            kad: reach.serves.then(|| kad(peer)).into(),
            relay: reach.relays.then(|| relay::Behaviour::new(peer, relay_config())).into(),
            circuit,
            punch: reach.punches.then(|| dcutr::Behaviour::new(peer)).into(),
            reachability: reach.asks.then(Candidates::default).into(),
            dial_back: reach.dials_back.then(autonat::v2::server::Behaviour::default).into(),
            router: reach.opens_ports.then(upnp::tokio::Behaviour::default).into(),
            capability: reach.serves.then(|| capability(ProtocolSupport::Inbound)).into(),
            link: exchange(Protocol::Link),
            aggregate: exchange(Protocol::Aggregate),
            jobs: exchange(Protocol::Jobs),
            shards: exchange(Protocol::Shards),
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
            Protocol::Shards => Some(&mut self.shards),
            _ => None,
        }
    }
}

fn exchange(protocol: Protocol) -> request_response::Behaviour<Frames> {
    let config = request_response::Config::default()
        .with_request_timeout(REQUEST_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let name = StreamProtocol::new(protocol.name());
    request_response::Behaviour::with_codec(Frames::of(protocol), [(name, ProtocolSupport::Full)], config)
}

/// The exchange of adverts. One at a time on a connection: there is one to ask for.
pub(super) fn capability(support: ProtocolSupport) -> request_response::Behaviour<Frames> {
    let config = request_response::Config::default()
        .with_request_timeout(REQUEST_TIMEOUT)
        .with_max_concurrent_streams(1);
    let frames = Frames { request_max: 0, response_max: CAPABILITY_BYTES_MAX };
    request_response::Behaviour::with_codec(frames, [(CAPABILITY, support)], config)
}

fn kad(peer: PeerId) -> kad::Behaviour<MemoryStore> {
    let mut config = kad::Config::new(KAD);
    // Peers find each other here, and who takes jobs. Nothing else is kept for them.
    config.set_record_filtering(kad::StoreInserts::FilterBoth);
    provide::configure(&mut config);
    // Only addresses that were checked get in, and nothing is looked up by itself.
    config.set_kbucket_inserts(kad::BucketInserts::Manual).set_periodic_bootstrap_interval(None);
    let kept =
        MemoryStoreConfig { max_records: 0, max_provided_keys: Class::ALL, ..MemoryStoreConfig::default() };
    let mut kad = kad::Behaviour::with_config(peer, MemoryStore::with_config(peer, kept), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

/// Has Kademlia know a peer at these addresses and no others; at those that it has, where there are none.
pub(super) fn know(kad: &mut kad::Behaviour<MemoryStore>, peer: PeerId, addresses: Vec<Multiaddr>) {
    let with_peer = |address: &Multiaddr| address.clone().with_p2p(peer).ok();
    let known: Vec<Multiaddr> = addresses.iter().filter_map(with_peer).collect();
    if known.is_empty() {
        return;
    }
    // Who says something else again and again would have all of it kept.
    let before = kad.kbucket(peer).and_then(|bucket| {
        let entry = bucket.iter().find(|entry| entry.node.key.preimage() == &peer)?;
        Some(entry.node.value.iter().cloned().collect::<Vec<Multiaddr>>())
    });
    if before.is_none() {
        // It may wait for a place in the table.
        kad.remove_peer(&peer);
    }
    for address in addresses {
        kad.add_address(&peer, address);
    }
    for address in before.into_iter().flatten().filter(|address| !known.contains(address)) {
        kad.remove_address(&peer, &address);
    }
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
