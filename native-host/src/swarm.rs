//! The shell's connections: a libp2p swarm that does what a node's [`net::Output`]s ask and tells what happens as [`net::Input`]s.
//!
//! Heavy and light nodes use the same swarm; a heavy node listens, and adds Kademlia in server mode, a circuit relay, and what else [`Reach`] says. Several
//! connections to one peer are told as one: `Connected` for the first, `Disconnected` after the last.
//!
//! # Bounds
//! [`CONNECTIONS_MAX`] connections, [`CONNECTIONS_PER_PEER_MAX`] of one peer, [`HANDSHAKES_MAX`] under way; requests of one
//! connection: `behaviour::STREAMS_MAX`; frames by protocol; the relay by `behaviour::relay_config`. Kademlia stores who takes jobs, 20
//! for each [`Class`](jobs::capability::Class), of which four at one IP address, and nothing else; it keeps of a peer only addresses at the IP address that it is connected
//! from. What makes it dial
//! beside the node's own word is bounded in `gate`.

mod behaviour;
mod candidates;
mod checks;
pub(crate) mod find;
mod frames;
mod gate;
mod listen;
mod provide;
mod reach;

pub(crate) use checks::Reached;
pub(crate) use listen::{ListenError, Ports, announced};
pub(crate) use provide::Offered;
pub use reach::Reach;

use behaviour::{Behaviour, BehaviourEvent};
use checks::Checks;
use futures::StreamExt;
use keys::{Identity, NodeId};
use libp2p::{
    Multiaddr, PeerId, Swarm, SwarmBuilder,
    core::{ConnectedPoint, transport::ListenerId},
    identify, identity,
    kad::{self, InboundRequest},
    noise,
    request_response::{
        self, InboundRequestId, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
    },
    swarm::{
        ConnectionId, DialError, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use net::{Failure, Input, Output, Protocol, RequestId, Responder};
use provide::Providing;
use reach::{Places, relay_of};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    error::Error,
    net::IpAddr,
    num::NonZeroU8,
    time::Duration,
};
use tokio::sync::watch;
use webrtc_host::Certificate;

/// Most established connections.
pub(crate) const CONNECTIONS_MAX: u32 = 20_000;
/// Most established connections of one peer.
pub(crate) const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// Most connections whose handshake is under way, in each direction.
pub(crate) const HANDSHAKES_MAX: u32 = 1_024;
/// A connection without a stream for so long is closed; the nodes' own pings come far more often.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a dial may take with its handshakes: then the machine has given it up, and a peer that asked to be dialed back has not yet.
const DIAL_PATIENCE: Duration = Duration::from_millis(net::endpoint::DIAL_PATIENCE_MS);
/// How long connections may take to close when the node stops.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// The swarm cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the network cannot be set up: {0}")]
pub struct SetupError(Box<dyn Error + Send + Sync>);

/// What happened on the network.
#[derive(Debug)]
pub enum Happened {
    /// For the node.
    Input(Input),
    /// Where the shell listens has changed.
    Addresses,
}

/// The swarm and what ties its names to the node's.
pub struct Shell {
    swarm: Swarm<Behaviour>,
    connected: HashSet<PeerId>,
    /// The connection that each peer made last.
    inbound: HashMap<PeerId, ConnectionId>,
    dials: HashMap<ConnectionId, (NodeId, String)>,
    /// From where peers are connected, where that is known.
    remotes: HashMap<ConnectionId, IpAddr>,
    /// From where each peer was last connected.
    homes: HashMap<PeerId, IpAddr>,
    asked: HashMap<(Protocol, OutboundRequestId), RequestId>,
    answering: HashMap<Responder, (Protocol, InboundRequestId, ResponseChannel<Vec<u8>>)>,
    responders: HashMap<(Protocol, InboundRequestId), Responder>,
    responders_made: u64,
    addresses: BTreeSet<Multiaddr>,
    listeners: HashMap<ListenerId, &'static str>,
    providing: Providing,
    places: Places,
    checks: Checks,
    happened: VecDeque<Happened>,
}

impl Shell {
    /// A swarm of the node `identity` that does not listen yet. A certificate is made where none is
    /// given: who only dials shows no lasting one.
    ///
    /// # Errors
    /// [`SetupError`] where the system lacks what a transport needs.
    pub async fn new(
        identity: &Identity,
        certificate: Option<Certificate>,
        agent: &str,
        reach: Reach,
    ) -> Result<Self, SetupError> {
        let setup = |error: Box<dyn Error + Send + Sync>| SetupError(error);
        let keypair =
            identity::Keypair::ed25519_from_bytes(identity.seed()).map_err(|error| setup(Box::new(error)))?;
        let certificate = match certificate {
            Some(certificate) => certificate,
            None => Certificate::generate().map_err(|error| setup(Box::new(error)))?,
        };
        let agent = agent.to_owned();
        let swarm = SwarmBuilder::with_existing_identity(keypair)
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .map_err(|error| setup(Box::new(error)))?
            .with_quic()
            .with_other_transport(|keypair| {
                Ok(webrtc_host::Transport::new(keypair.clone(), certificate, webrtc_host::Config::default())?)
            })
            .map_err(|error| setup(Box::new(error)))?
            .with_dns()
            .map_err(|error| setup(Box::new(error)))?
            .with_websocket(noise::Config::new, yamux::Config::default)
            .await
            .map_err(|error| setup(Box::new(error)))?
            .with_relay_client(noise::Config::new, yamux::Config::default)
            .map_err(|error| setup(Box::new(error)))?
            .with_behaviour(|keypair, circuit| Behaviour::new(keypair, circuit, &agent, reach))
            .map_err(|error| setup(Box::new(error)))?
            .with_swarm_config(|config| {
                // The other side takes the later of two connections for the one that counts.
                config.with_idle_connection_timeout(IDLE_TIMEOUT).with_dial_concurrency_factor(NonZeroU8::MIN)
            })
            .with_connection_timeout(DIAL_PATIENCE)
            .build();
        Ok(Self {
            swarm,
            connected: HashSet::new(),
            inbound: HashMap::new(),
            dials: HashMap::new(),
            remotes: HashMap::new(),
            homes: HashMap::new(),
            asked: HashMap::new(),
            answering: HashMap::new(),
            responders: HashMap::new(),
            responders_made: 0,
            addresses: BTreeSet::new(),
            listeners: HashMap::new(),
            providing: Providing::default(),
            places: Places::default(),
            checks: Checks::default(),
            happened: VecDeque::new(),
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Multiaddr> {
        self.addresses.iter()
    }

    /// What it was told of whether it is reached from outside.
    pub(crate) fn checked(&self) -> watch::Receiver<Reached> {
        self.checks.known()
    }

    /// Tells the relay, identify and the table that the node is reached at `addresses`.
    pub(crate) fn announce(&mut self, addresses: &[Multiaddr]) {
        let old: Vec<Multiaddr> = self.swarm.external_addresses().cloned().collect();
        for address in old.iter().filter(|address| !addresses.contains(address)) {
            self.swarm.remove_external_address(address);
            self.publish_soon();
        }
        for address in addresses.iter().filter(|address| !old.contains(address)) {
            self.swarm.add_external_address(address.clone());
            self.publish_soon();
        }
    }

    /// Does what the node asks.
    pub fn apply(&mut self, output: Output) {
        match output {
            Output::Dial { peer, address } => self.dial(peer, address),
            Output::Hangup { peer } => {
                // An error says that there was no connection: then only a dial was to be stopped.
                let _ = self.swarm.disconnect_peer_id(peer_id(peer));
            }
            Output::Request { peer, id, protocol, body } => {
                let to = peer_id(peer);
                // Without this the swarm would dial by itself.
                if !self.connected.contains(&to) {
                    return self.tell(Input::Response { id, result: Err(Failure::Disconnected) });
                }
                match self.swarm.behaviour_mut().protocol(protocol) {
                    Some(behaviour) => {
                        let sent = behaviour.send_request(&to, body);
                        self.asked.insert((protocol, sent), id);
                    }
                    None => self.tell(Input::Response { id, result: Err(Failure::Refused) }),
                }
            }
            Output::Respond { responder, body } => {
                if let Some((protocol, _, channel)) = self.answering.remove(&responder)
                    && let Some(behaviour) = self.swarm.behaviour_mut().protocol(protocol)
                {
                    // The body comes back where the connection has ended in the meantime.
                    let _ = behaviour.send_response(channel, body);
                }
            }
            // Dropping the channel closes the stream.
            Output::Ignore { responder } => drop(self.answering.remove(&responder)),
            other => tracing::error!(?other, "the shell does not know this output"),
        }
    }

    fn dial(&mut self, peer: NodeId, address: String) {
        let failed = |error: String| Input::DialFailed { peer, address: address.clone(), error };
        let parsed: Multiaddr = match address.parse() {
            Ok(parsed) => parsed,
            Err(error) => return self.tell(failed(format!("not an address: {error}"))),
        };
        if let Some(relay) = relay_of(&parsed) {
            self.swarm.behaviour_mut().gate.expect(relay);
        }
        let options =
            DialOpts::peer_id(peer_id(peer)).addresses(vec![parsed]).condition(PeerCondition::Always).build();
        let connection = options.connection_id();
        self.swarm.behaviour_mut().gate.open(connection);
        match self.swarm.dial(options) {
            Ok(()) => {
                tracing::debug!(%peer, %address, "dialing");
                self.dials.insert(connection, (peer, address));
            }
            Err(error) => self.tell(failed(words(&error))),
        }
    }

    fn tell(&mut self, input: Input) {
        self.happened.push_back(Happened::Input(input));
    }

    /// The next thing that happens. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Happened {
        loop {
            if let Some(happened) = self.happened.pop_front() {
                return happened;
            }
            tokio::select! {
                event = self.swarm.select_next_some() => self.handle(event),
                () = self.providing.due() => self.publish(),
                () = self.places.due() => self.see_to_relays(),
                () = self.checks.due() => self.tell_hidden(),
            }
        }
    }

    /// Closes every connection, so that peers know at once.
    pub(crate) async fn close(&mut self) {
        for peer in self.connected.clone() {
            // An error says that it is closed already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closing = async {
            while !self.connected.is_empty() {
                let event = self.swarm.select_next_some().await;
                self.handle(event);
            }
        };
        // A peer that does not take the word learns it from silence.
        let _ = tokio::time::timeout(CLOSE_PATIENCE, closing).await;
    }

    fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(event) => self.handle_behaviour(event),
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, endpoint, num_established, ..
            } => {
                self.dials.remove(&connection_id);
                let Some(peer) = node_id(peer_id) else {
                    // Only Ed25519 identities are nodes.
                    let _ = self.swarm.disconnect_peer_id(peer_id);
                    return;
                };
                // Who connects anew has lost the connection before, whatever this side believes of it: a
                // page that was killed says no farewell, and what is sent over it reaches nobody.
                let (mut replaces, is_relayed) = (false, endpoint.is_relayed());
                if endpoint.is_listener()
                    && let Some(before) = self.inbound.insert(peer_id, connection_id)
                    && (is_relayed || !self.places.is_relayed(peer_id, before))
                {
                    self.swarm.close_connection(before);
                    replaces = true;
                }
                if self.places.connected(peer_id, connection_id, is_relayed) {
                    tracing::info!(%peer, "a direct connection takes the place of a relayed one");
                    replaces = true;
                }
                let address = match endpoint {
                    ConnectedPoint::Dialer { address, .. } => address,
                    ConnectedPoint::Listener { send_back_addr, .. } => send_back_addr,
                };
                // A relay's address says nothing about where the peer is.
                if let Some(ip) = listen::ip_of(&address).filter(|_| !is_relayed) {
                    self.remotes.insert(connection_id, ip.to_canonical());
                    self.homes.insert(peer_id, ip.to_canonical());
                }
                if num_established.get() == 1 {
                    self.connected.insert(peer_id);
                    tracing::debug!(%peer, %address, "connected");
                    self.tell(Input::Connected { peer, address: address.to_string() });
                } else if replaces {
                    self.tell(Input::Moved { peer, address: address.to_string() });
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, cause, .. } => {
                self.remotes.remove(&connection_id);
                self.places.closed(peer_id, connection_id);
                if self.inbound.get(&peer_id) == Some(&connection_id) {
                    self.inbound.remove(&peer_id);
                }
                if num_established > 0 {
                    return;
                }
                self.connected.remove(&peer_id);
                self.homes.remove(&peer_id);
                if let Some(peer) = node_id(peer_id) {
                    tracing::debug!(%peer, cause = cause.map(|cause| words(&cause)), "disconnected");
                    self.tell(Input::Disconnected { peer });
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some((peer, address)) = self.dials.remove(&connection_id) {
                    tracing::debug!(%peer, %address, error = words(&error), "dial failed");
                    self.tell(Input::DialFailed { peer, address, error: dial_words(&error) });
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(%send_back_addr, error = words(&error), "a peer did not get in");
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                self.addresses.insert(address);
                self.happened.push_back(Happened::Addresses);
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.addresses.remove(&address);
                self.happened.push_back(Happened::Addresses);
            }
            SwarmEvent::ListenerClosed { listener_id, addresses, reason } => {
                let what = self.listeners.remove(&listener_id).unwrap_or("a");
                if self.places.lost(listener_id) {
                    let error = reason.as_ref().err().map(|error| words(error));
                    tracing::warn!(error, "a place at a relay is lost; it is asked again");
                } else if let Err(error) = reason {
                    tracing::error!(error = words(&error), "the {what} listener has ended");
                }
                self.addresses.retain(|address| !addresses.contains(address));
                self.happened.push_back(Happened::Addresses);
            }
            SwarmEvent::ExternalAddrConfirmed { address } => self.reached(address, true),
            SwarmEvent::ExternalAddrExpired { address } => self.reached(address, false),
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(error = words(&error), "a listener has trouble");
            }
            _ => {}
        }
    }

    fn handle_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Link(event) => self.handle_message(Protocol::Link, event),
            BehaviourEvent::Aggregate(event) => self.handle_message(Protocol::Aggregate, event),
            BehaviourEvent::Jobs(event) => self.handle_message(Protocol::Jobs, event),
            BehaviourEvent::Shards(event) => self.handle_message(Protocol::Shards, event),
            BehaviourEvent::Identify(identify::Event::Received { connection_id, peer_id, info }) => {
                if info.protocols.contains(&behaviour::KAD)
                    && let Some(remote) = self.remotes.get(&connection_id)
                    && let Some(kad) = self.swarm.behaviour_mut().kad.as_mut()
                {
                    let known = info.listen_addrs.into_iter().filter(|address| is_at(address, *remote));
                    behaviour::know(kad, peer_id, known.take(behaviour::KAD_ADDRESSES_MAX).collect());
                }
            }
            BehaviourEvent::Kad(kad::Event::RoutingUpdated { peer, is_new_peer: true, .. }) => {
                self.joined(peer)
            }
            BehaviourEvent::Kad(kad::Event::InboundRequest {
                request: InboundRequest::AddProvider { record: Some(record) },
            }) => self.keep_provider(record),
            BehaviourEvent::Capability(event) => self.handle_capability(event),
            BehaviourEvent::Relay(event) => tracing::debug!(?event, "relay"),
            BehaviourEvent::Circuit(event) => tracing::debug!(?event, "a place at a relay"),
            BehaviourEvent::Punch(event) => {
                tracing::debug!(?event, "to replace a relayed connection by a direct one");
            }
            BehaviourEvent::Reachability(event) => {
                let error = event.result.as_ref().err().map(ToString::to_string);
                tracing::debug!(address = %event.tested_addr, error, "whether an address is reached from outside");
                self.checks.heard(event.tested_addr, event.result.is_ok(), node_id(event.server));
            }
            BehaviourEvent::Router(event) => self.router_told(event),
            _ => {}
        }
    }

    fn handle_message(&mut self, protocol: Protocol, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        use request_response::Event;
        match event {
            Event::Message { peer, message: Message::Request { request_id, request, channel }, .. } => {
                let Some(peer) = node_id(peer) else { return };
                self.responders_made += 1;
                let responder = Responder(self.responders_made);
                self.answering.insert(responder, (protocol, request_id, channel));
                self.responders.insert((protocol, request_id), responder);
                self.tell(Input::Request { peer, responder, protocol, body: request });
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                if let Some(id) = self.asked.remove(&(protocol, request_id)) {
                    self.tell(Input::Response { id, result: Ok(response) });
                }
            }
            Event::OutboundFailure { request_id, error, .. } => {
                if let Some(id) = self.asked.remove(&(protocol, request_id)) {
                    self.tell(Input::Response { id, result: Err(failure(&error)) });
                }
            }
            Event::InboundFailure { request_id, .. } | Event::ResponseSent { request_id, .. } => {
                if let Some(responder) = self.responders.remove(&(protocol, request_id)) {
                    self.answering.remove(&responder);
                }
            }
        }
    }
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").field("connected", &self.connected.len()).finish_non_exhaustive()
    }
}

/// Whether a peer that is connected from `remote` may have `address` passed on as its own. Others would have third parties dialed.
fn is_at(address: &Multiaddr, remote: IpAddr) -> bool {
    let text = address.to_string();
    let dialed = net::Transport::of(&text).is_some_and(|transport| transport != net::Transport::Relay);
    dialed && listen::ip_of(address).is_some_and(|ip| ip.to_canonical() == remote)
}

fn failure(error: &OutboundFailure) -> Failure {
    match error {
        OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => Failure::Disconnected,
        OutboundFailure::Timeout => Failure::TimedOut,
        OutboundFailure::UnsupportedProtocols | OutboundFailure::Io(_) => Failure::Refused,
    }
}

/// The libp2p name of a node.
pub(crate) fn peer_id(node: NodeId) -> PeerId {
    PeerId::from_bytes(&node.to_peer_id_bytes()).expect("an Ed25519 key's identity multihash is a peer id")
}

fn node_id(peer: PeerId) -> Option<NodeId> {
    NodeId::from_peer_id_bytes(&peer.to_bytes()).ok()
}

fn dial_words(error: &DialError) -> String {
    match error {
        DialError::WrongPeerId { obtained, .. } => format!("another node answers there: {obtained}"),
        DialError::Transport(errors) => match errors.as_slice() {
            [(_, error)] => words(error),
            _ => words(error),
        },
        _ => words(error),
    }
}

/// An error and its causes, each said once.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let said = error.to_string();
        if !all.iter().any(|earlier| earlier.contains(&said)) {
            all.push(said);
        }
        next = error.source();
    }
    all.join(": ")
}

#[cfg(test)]
mod tests;
