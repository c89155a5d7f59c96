//! Finding who takes jobs, from one address: the distributed hash table is walked from there, and each provider that it names is asked itself.
//!
//! This is a node of its own for the moment, with an identity that is thrown away. It listens nowhere and is in nobody's table; unlike a
//! node's [`Shell`](super::Shell) it dials whom the table names, which is what its person asked for.
//!
//! # Bounds
//! [`PATIENCE`] in all; [`FOUND_MAX`] providers, of which [`EACH_ANSWER_MAX`] from one answer of one peer and [`EACH_IP_MAX`] at one IP address that is not
//! this machine's; [`NAMED_MAX`] with those that are of no use; connections by [`CONNECTIONS_MAX`].

use super::{behaviour, frames::Frames, listen::ip_of, node_id, provide, words};
use crate::{
    client::{Api, ApiError},
    clock,
    near::Near,
};
use futures::StreamExt;
use jobs::capability::{Capability, Class};
use keys::{Envelope, NodeId};
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    identify,
    identity::Keypair,
    kad::{self, GetProvidersOk, QueryId, QueryResult, store::MemoryStore},
    multiaddr::Protocol,
    noise, relay,
    request_response::{self, Message, OutboundRequestId, ProtocolSupport},
    swarm::{NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
    tcp, yamux,
};
use node::Descriptor;
use reqwest::Url;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    error::Error,
    net::IpAddr,
    num::NonZeroU8,
    time::Duration,
};
use tokio::time::{self, Instant};

/// How long a search takes at most.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a QUIC handshake takes at most: a node that is gone is not waited for by the rest.
const DIAL_PATIENCE: Duration = Duration::from_secs(3);
/// Most providers that are asked, of those that are of some use so far.
const FOUND_MAX: usize = 64;
/// Most providers that are looked at in all.
const NAMED_MAX: usize = 512;
/// Most providers of one class that one peer on the way names: as many as a node of this network lists.
const EACH_ANSWER_MAX: usize = 20;
/// Most providers that are found at one IP address which is not this machine's: identities cost nothing, addresses something.
const EACH_IP_MAX: usize = 8;
/// Most connections, under way or made: providers, and the peers between.
const CONNECTIONS_MAX: u32 = 256;

/// A node that takes jobs.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The node.
    pub(crate) node: NodeId,
    /// Where it was reached.
    pub(crate) addresses: Vec<Multiaddr>,
    /// What it says of itself, checked.
    pub(crate) advert: Capability,
}

/// What a search gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Search {
    /// Who takes jobs, those with the most free places first.
    pub(crate) found: Vec<Found>,
    /// Whom the table names too, and why they are of no use now.
    pub(crate) lost: Vec<(NodeId, String)>,
    /// How near the address is at which the search began.
    pub(crate) near: Near,
}

/// A search came to nothing. Each says how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FindError {
    #[error(
        "`{0}` is no address to start from; write it like /ip4/192.0.2.1/tcp/4803/p2p/ID, or like http://192.0.2.1:4800"
    )]
    Address(String),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("the network cannot be set up: {0}")]
    Setup(String),
    #[error("nobody answers at {0}; `formix view` there shows the addresses that a heavy node has")]
    Unreachable(String),
    #[error("the node at {0} is in no hash table: it is not a heavy node")]
    NoTable(String),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    circuit: relay::client::Behaviour,
    kad: kad::Behaviour<MemoryStore>,
    capability: request_response::Behaviour<Frames>,
}

/// Finds who takes jobs of any of these classes, by the one address `bootstrap`: a multiaddr, or the HTTP address of a heavy node.
pub(crate) async fn find(bootstrap: &str, classes: BTreeSet<Class>) -> Result<Search, FindError> {
    let starts = starts(bootstrap).await?;
    let mut finder = Finder::new(classes).await?;
    for start in starts {
        // The address of a node that is not dialed as it is written fails like one where nobody is.
        let _ = finder.swarm.dial(start);
    }
    let deadline = Instant::now() + PATIENCE;
    while !finder.is_done() {
        let event = tokio::select! {
            event = finder.swarm.select_next_some() => event,
            () = time::sleep_until(deadline) => break,
        };
        finder.handle(event);
        if !finder.has_begun && finder.swarm.network_info().connection_counters().num_connections() == 0 {
            break;
        }
    }
    let near = near(bootstrap).await;
    finder.end(bootstrap).map(|search| Search { near, ..search })
}

/// How near the place is that a search begins at.
async fn near(bootstrap: &str) -> Near {
    let host = match bootstrap.parse::<Multiaddr>() {
        Ok(address) => address.iter().next().and_then(|part| match part {
            Protocol::Ip4(ip) => Some(ip.to_string()),
            Protocol::Ip6(ip) => Some(ip.to_string()),
            Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => Some(name.into_owned()),
            _ => None,
        }),
        Err(_) => Url::parse(bootstrap).ok().and_then(|url| url.host_str().map(str::to_owned)),
    };
    match host {
        Some(host) => Near::of_host(&host).await,
        None => Near::Internet,
    }
}

/// How to dial where the search begins.
async fn starts(bootstrap: &str) -> Result<Vec<DialOpts>, FindError> {
    if let Ok(address) = bootstrap.parse::<Multiaddr>() {
        return Ok(vec![DialOpts::from(address)]);
    }
    if !bootstrap.starts_with("http://") && !bootstrap.starts_with("https://") {
        return Err(FindError::Address(bootstrap.into()));
    }
    let envelope = Api::new(bootstrap)?.node().await?;
    let descriptor = Descriptor::open(&envelope).map_err(|_| FindError::Address(bootstrap.into()))?;
    let addresses = descriptor.addresses.iter().filter_map(|address| address.parse().ok()).collect();
    Ok(vec![DialOpts::peer_id(super::peer_id(descriptor.id)).addresses(addresses).build()])
}

/// How far a provider has come.
enum Provider {
    Dialed,
    Asked,
    Found(Box<Found>),
    Lost(String),
}

struct Finder {
    swarm: Swarm<Behaviour>,
    classes: BTreeSet<Class>,
    has_begun: bool,
    is_stranded: bool,
    /// The walks that go on, one for each class.
    walks: HashSet<QueryId>,
    /// Where each connected peer was reached.
    reached: HashMap<PeerId, Multiaddr>,
    providers: BTreeMap<PeerId, Provider>,
    asked: HashMap<OutboundRequestId, PeerId>,
}

impl Finder {
    async fn new(classes: BTreeSet<Class>) -> Result<Self, FindError> {
        let setup = |error: &(dyn Error + 'static)| FindError::Setup(words(error));
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .map_err(|error| setup(&error))?
            .with_quic_config(|mut config| {
                config.handshake_timeout = DIAL_PATIENCE;
                config
            })
            .with_dns()
            .map_err(|error| setup(&error))?
            .with_websocket(noise::Config::new, yamux::Config::default)
            .await
            .map_err(|error| setup(&error))?
            .with_relay_client(noise::Config::new, yamux::Config::default)
            .map_err(|error| setup(&error))?
            .with_behaviour(behaviour_of)
            .map_err(|error| setup(&error))?
            // A node takes the later of two connections for the one that counts, and ends the other.
            .with_swarm_config(|config| config.with_dial_concurrency_factor(NonZeroU8::MIN))
            .build();
        Ok(Self {
            swarm,
            classes,
            has_begun: false,
            is_stranded: false,
            walks: HashSet::new(),
            reached: HashMap::new(),
            providers: BTreeMap::new(),
            asked: HashMap::new(),
        })
    }

    /// Whether nothing more is to be expected.
    fn is_done(&self) -> bool {
        let is_open = |provider: &Provider| matches!(provider, Provider::Dialed | Provider::Asked);
        self.is_stranded || self.has_begun && self.walks.is_empty() && !self.providers.values().any(is_open)
    }

    fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, .. } => {
                self.reached.entry(peer_id).or_insert_with(|| endpoint.get_remote_address().clone());
                if matches!(self.providers.get(&peer_id), Some(Provider::Dialed)) {
                    self.ask(peer_id);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. }
                if matches!(self.providers.get(&peer), Some(Provider::Dialed)) =>
            {
                self.providers.insert(peer, Provider::Lost(words(&error)));
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                self.reached.remove(&peer_id);
                if matches!(self.providers.get(&peer_id), Some(Provider::Asked)) {
                    let why = cause.map_or_else(|| "it closed the connection".into(), |cause| words(&cause));
                    self.providers.insert(peer_id, Provider::Lost(why));
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                self.met(peer_id, &info);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Kad(kad::Event::OutboundQueryProgressed {
                id,
                result: QueryResult::GetProviders(result),
                step,
                ..
            })) if self.walks.contains(&id) => {
                // Each is the answer of one peer.
                if let Ok(GetProvidersOk::FoundProviders { providers, .. }) = result {
                    let some = providers.into_iter().take(EACH_ANSWER_MAX);
                    some.for_each(|provider| self.named(provider));
                }
                if step.last {
                    self.walks.remove(&id);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Capability(event)) => self.told(event),
            _ => {}
        }
    }

    /// The first node of the table that is met is where the walk begins.
    fn met(&mut self, peer: PeerId, info: &identify::Info) {
        let Some(address) = self.reached.get(&peer).cloned() else { return };
        let is_server = info.protocols.contains(&behaviour::KAD);
        let kad = &mut self.swarm.behaviour_mut().kad;
        if is_server {
            kad.add_address(&peer, address);
        }
        if !self.has_begun {
            self.has_begun = is_server;
            self.is_stranded = !is_server;
            if is_server {
                self.walks =
                    self.classes.iter().map(|class| kad.get_providers(provide::record_key(*class))).collect();
            }
        }
    }

    /// The table names a provider.
    fn named(&mut self, peer: PeerId) {
        let is_of_use = |provider: &&Provider| !matches!(provider, Provider::Lost(_));
        if self.providers.contains_key(&peer)
            || self.providers.len() >= NAMED_MAX
            || self.providers.values().filter(is_of_use).count() >= FOUND_MAX
        {
            return;
        }
        if self.reached.contains_key(&peer) {
            return self.ask(peer);
        }
        // The walk that names it still goes on, and has its addresses.
        let dialed = match self.swarm.dial(peer) {
            Ok(()) | Err(libp2p::swarm::DialError::DialPeerConditionFalse(_)) => Provider::Dialed,
            Err(error) => Provider::Lost(words(&error)),
        };
        self.providers.insert(peer, dialed);
    }

    fn ask(&mut self, peer: PeerId) {
        if let Some(ip) = self.ip_of(peer)
            && self
                .providers
                .iter()
                .filter(|(other, provider)| {
                    **other != peer
                        && !matches!(provider, Provider::Lost(_))
                        && self.ip_of(**other) == Some(ip)
                })
                .count()
                >= EACH_IP_MAX
        {
            let why = format!("{EACH_IP_MAX} others are at its address, {ip}");
            self.providers.insert(peer, Provider::Lost(why));
            return;
        }
        let request = self.swarm.behaviour_mut().capability.send_request(&peer, Vec::new());
        self.asked.insert(request, peer);
        self.providers.insert(peer, Provider::Asked);
    }

    /// At which IP address a peer is reached that is not this machine's.
    fn ip_of(&self, peer: PeerId) -> Option<IpAddr> {
        let ip = self.reached.get(&peer).and_then(ip_of).map(|ip| ip.to_canonical());
        ip.filter(|ip| Near::of(*ip) != Near::Machine)
    }

    fn told(&mut self, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        use request_response::Event;
        let (request, said) = match event {
            Event::Message { message: Message::Response { request_id, response }, peer, .. } => {
                (request_id, self.read(peer, &response))
            }
            Event::OutboundFailure { request_id, error, .. } => (request_id, Err(words(&error))),
            _ => return,
        };
        if let Some(peer) = self.asked.remove(&request) {
            let said = said.map_or_else(Provider::Lost, |found| Provider::Found(Box::new(found)));
            self.providers.insert(peer, said);
        }
    }

    /// What a provider says of itself, where it is in order and the provider's own.
    fn read(&self, peer: PeerId, document: &[u8]) -> Result<Found, String> {
        if document.is_empty() {
            return Err("it takes no jobs now".into());
        }
        let envelope = Envelope::from_json(document).map_err(|error| error.to_string())?;
        let advert = Capability::open_at(&envelope, clock::now()).map_err(|error| error.to_string())?;
        let node = node_id(peer).filter(|node| *node == advert.node).ok_or("its advert is another node's")?;
        // The table is as old as the last word to it.
        if !advert.classes().any(|class| self.classes.contains(&class)) {
            return Err("it has no such places now".into());
        }
        Ok(Found { node, addresses: self.reached.get(&peer).cloned().into_iter().collect(), advert })
    }

    fn end(self, bootstrap: &str) -> Result<Search, FindError> {
        if self.is_stranded {
            return Err(FindError::NoTable(bootstrap.into()));
        }
        if !self.has_begun {
            return Err(FindError::Unreachable(bootstrap.into()));
        }
        let mut search = Search::default();
        for (peer, provider) in self.providers {
            let why = match provider {
                Provider::Found(found) => {
                    search.found.push(*found);
                    continue;
                }
                Provider::Lost(why) => why,
                Provider::Dialed | Provider::Asked => {
                    format!("no answer within {} seconds", PATIENCE.as_secs())
                }
            };
            // Only Ed25519 identities are nodes.
            search.lost.extend(node_id(peer).map(|node| (node, why)));
        }
        search.found.sort_by_key(|found| (std::cmp::Reverse(found.advert.free()), found.node));
        Ok(search)
    }
}

fn behaviour_of(keypair: &Keypair, circuit: relay::client::Behaviour) -> Behaviour {
    let peer = keypair.public().to_peer_id();
    let limits = ConnectionLimits::default()
        .with_max_established(Some(CONNECTIONS_MAX))
        .with_max_pending_outgoing(Some(CONNECTIONS_MAX))
        .with_max_established_incoming(Some(0));
    let identify = identify::Config::new(behaviour::IDENTIFY.into(), keypair.public())
        .with_agent_version(crate::AGENT.into());
    let mut config = kad::Config::new(behaviour::KAD);
    config.set_query_timeout(PATIENCE).set_periodic_bootstrap_interval(None);
    provide::configure(&mut config);
    let mut kad = kad::Behaviour::with_config(peer, MemoryStore::new(peer), config);
    kad.set_mode(Some(kad::Mode::Client));
    Behaviour {
        limits: connection_limits::Behaviour::new(limits),
        identify: identify::Behaviour::new(identify),
        circuit,
        kad,
        capability: behaviour::capability(ProtocolSupport::Outbound),
    }
}

#[cfg(test)]
mod tests;
