//! The swarm, and what stands between its events and the node's inputs.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::Either;
use futures::{StreamExt as _, select};
use keys::NodeId;
use libp2p_core::muxing::StreamMuxerBox;
use libp2p_core::{Multiaddr, Transport as _, upgrade};
use libp2p_identity::{Keypair, PeerId};
use libp2p_request_response as request_response;
use libp2p_request_response::{OutboundFailure, OutboundRequestId, ProtocolSupport, ResponseChannel};
use libp2p_swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p_swarm::{ConnectionId, NetworkBehaviour, StreamProtocol, Swarm, SwarmEvent};
use net::{Failure, Input, Output, Protocol, RequestId, Responder};
use wasm_bindgen_futures::spawn_local;
use zeroize::Zeroizing;

use crate::codec::Frames;
use crate::websocket;

/// How long a dial may take, authentication included: some eight round trips, and no longer than a person
/// waits for the other transport where a firewall swallows this one.
pub const DIAL_PATIENCE: Duration = Duration::from_secs(6);
/// How long a request's stream stays open without an answer. The endpoint in `net` gives up earlier.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(20);
/// Most streams per connection and protocol.
pub const STREAMS_MAX: usize = 100;
/// How long a connection without streams stays. The endpoint in `net` pings more often than that.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// One behaviour per protocol, since each negotiates one name on its streams.
#[derive(NetworkBehaviour)]
#[behaviour(prelude = "libp2p_swarm::derive_prelude")]
struct Behaviour {
    link: request_response::Behaviour<Frames>,
    aggregate: request_response::Behaviour<Frames>,
    jobs: request_response::Behaviour<Frames>,
    shards: request_response::Behaviour<Frames>,
}

type Requests = request_response::Behaviour<Frames>;
type RequestEvent = request_response::Event<Vec<u8>, Vec<u8>>;

impl Behaviour {
    fn new() -> Self {
        let protocol = |protocol: Protocol| {
            let config = request_response::Config::default()
                .with_request_timeout(REQUEST_PATIENCE)
                .with_max_concurrent_streams(STREAMS_MAX);
            let offered = [(StreamProtocol::new(protocol.name()), ProtocolSupport::Full)];
            Requests::with_codec(Frames::of(protocol), offered, config)
        };
        Self {
            link: protocol(Protocol::Link),
            aggregate: protocol(Protocol::Aggregate),
            jobs: protocol(Protocol::Jobs),
            shards: protocol(Protocol::Shards),
        }
    }

    fn of(&mut self, protocol: Protocol) -> Option<&mut Requests> {
        match protocol {
            Protocol::Link => Some(&mut self.link),
            Protocol::Aggregate => Some(&mut self.aggregate),
            Protocol::Jobs => Some(&mut self.jobs),
            Protocol::Shards => Some(&mut self.shards),
            _ => None,
        }
    }
}

/// Why there is no link.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinkError {
    /// The seed gives no key.
    Key,
    /// Noise cannot be set up with the key.
    Noise(libp2p_noise::Error),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => f.write_str("the node's seed gives no libp2p key"),
            Self::Noise(error) => write!(f, "Noise: {error}"),
        }
    }
}

impl std::error::Error for LinkError {}

/// A node's connections. See the crate's documentation for how to drive it.
#[derive(Debug)]
pub struct Link {
    outputs: mpsc::UnboundedSender<Output>,
}

impl Link {
    /// Connections of the node whose secret seed is given. `on_input` is called for everything that the
    /// node's machine is to be told.
    ///
    /// # Errors
    /// [`LinkError`].
    pub fn start(seed: [u8; 32], on_input: impl Fn(Input) + 'static) -> Result<Self, LinkError> {
        let mut seed = Zeroizing::new(seed);
        let keypair = Keypair::ed25519_from_bytes(&mut *seed).map_err(|_| LinkError::Key)?;
        let (outputs, todo) = mpsc::unbounded();
        let pump = Pump {
            swarm: swarm(&keypair).map_err(LinkError::Noise)?,
            on_input: Box::new(on_input),
            dials: HashMap::new(),
            requests: HashMap::new(),
            responders: HashMap::new(),
            responders_made: 0,
        };
        spawn_local(pump.run(todo));
        Ok(Self { outputs })
    }

    /// Does what the node's machine asks.
    pub fn handle(&self, output: Output) {
        // The pump ends only after this sender is gone.
        let _ = self.outputs.unbounded_send(output);
    }
}

fn swarm(keypair: &Keypair) -> Result<Swarm<Behaviour>, libp2p_noise::Error> {
    let mut config = webrtc_tab::Config::default();
    config.dial_timeout = DIAL_PATIENCE;
    let webrtc = webrtc_tab::Transport::with_config(keypair, config)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));
    let websocket = websocket::Transport
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(libp2p_noise::Config::new(keypair)?)
        .multiplex(libp2p_yamux::Config::default())
        .timeout(DIAL_PATIENCE)
        .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)));
    let transport = webrtc
        .or_transport(websocket)
        .map(|either, _| match either {
            Either::Left(connection) | Either::Right(connection) => connection,
        })
        .boxed();
    let config = libp2p_swarm::Config::with_wasm_executor().with_idle_connection_timeout(IDLE_MAX);
    Ok(Swarm::new(transport, Behaviour::new(), keypair.public().to_peer_id(), config))
}

struct Pump {
    swarm: Swarm<Behaviour>,
    on_input: Box<dyn Fn(Input)>,
    dials: HashMap<ConnectionId, (NodeId, String)>,
    requests: HashMap<(Protocol, OutboundRequestId), RequestId>,
    responders: HashMap<Responder, (Protocol, ResponseChannel<Vec<u8>>)>,
    responders_made: u64,
}

impl Pump {
    async fn run(mut self, todo: mpsc::UnboundedReceiver<Output>) {
        let mut todo = todo.fuse();
        loop {
            select! {
                output = todo.next() => match output {
                    Some(output) => self.handle_output(output),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.handle_event(event),
            }
        }
    }

    fn tell(&self, input: Input) {
        (self.on_input)(input);
    }

    fn handle_output(&mut self, output: Output) {
        match output {
            Output::Dial { peer, address } => {
                if let Err(error) = self.dial(peer, &address) {
                    self.tell(Input::DialFailed { peer, address, error });
                }
            }
            Output::Hangup { peer } => {
                if let Some(peer) = peer_id(peer) {
                    // Ends dials under way too; an error means that there was nothing to end.
                    let _ = self.swarm.disconnect_peer_id(peer);
                }
            }
            Output::Request { peer, id, protocol, body } => {
                // To dial is the endpoint's decision, so a request without a connection fails at once.
                let connected = peer_id(peer).filter(|peer| self.swarm.is_connected(peer));
                let requests = self.swarm.behaviour_mut().of(protocol);
                match (connected, requests) {
                    (Some(peer), Some(requests)) => {
                        let sent = requests.send_request(&peer, body);
                        self.requests.insert((protocol, sent), id);
                    }
                    (None, _) => self.tell(Input::Response { id, result: Err(Failure::Disconnected) }),
                    (_, None) => self.tell(Input::Response { id, result: Err(Failure::Refused) }),
                }
            }
            Output::Respond { responder, body } => {
                if let Some((protocol, channel)) = self.responders.remove(&responder)
                    && let Some(requests) = self.swarm.behaviour_mut().of(protocol)
                {
                    // The peer may be gone by now.
                    let _ = requests.send_response(channel, body);
                }
            }
            // Without its channel, the stream closes.
            Output::Ignore { responder } => drop(self.responders.remove(&responder)),
            _ => {}
        }
    }

    fn dial(&mut self, peer: NodeId, address: &str) -> Result<(), String> {
        let id = peer_id(peer).ok_or("not an Ed25519 key")?;
        let multiaddr: Multiaddr = address.parse().map_err(|error| format!("{error}"))?;
        let options =
            DialOpts::peer_id(id).addresses(vec![multiaddr]).condition(PeerCondition::Always).build();
        let connection = options.connection_id();
        self.swarm.dial(options).map_err(|error| chain(&error))?;
        self.dials.insert(connection, (peer, address.into()));
        Ok(())
    }

    fn handle_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id, connection_id, endpoint, num_established, ..
            } => {
                let dialed = self.dials.remove(&connection_id);
                if num_established.get() == 1
                    && let Some(peer) = node_id(peer_id)
                {
                    let address = dialed
                        .map_or_else(|| endpoint.get_remote_address().to_string(), |(_, address)| address);
                    self.tell(Input::Connected { peer, address });
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                if let Some(peer) = node_id(peer_id) {
                    self.tell(Input::Disconnected { peer });
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some((peer, address)) = self.dials.remove(&connection_id) {
                    self.tell(Input::DialFailed { peer, address, error: chain(&error) });
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Link(event)) => self.requested(Protocol::Link, event),
            SwarmEvent::Behaviour(BehaviourEvent::Aggregate(event)) => {
                self.requested(Protocol::Aggregate, event);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Jobs(event)) => self.requested(Protocol::Jobs, event),
            SwarmEvent::Behaviour(BehaviourEvent::Shards(event)) => self.requested(Protocol::Shards, event),
            _ => {}
        }
    }

    fn requested(&mut self, protocol: Protocol, event: RequestEvent) {
        match event {
            RequestEvent::Message { peer, message, .. } => match message {
                request_response::Message::Request { request, channel, .. } => {
                    let Some(peer) = node_id(peer) else { return };
                    // A channel whose stream has ended in the meantime serves nobody.
                    self.responders.retain(|_, (_, channel)| channel.is_open());
                    self.responders_made += 1;
                    let responder = Responder(self.responders_made);
                    self.responders.insert(responder, (protocol, channel));
                    self.tell(Input::Request { peer, responder, protocol, body: request });
                }
                request_response::Message::Response { request_id, response } => {
                    self.answered(protocol, request_id, Ok(response));
                }
            },
            RequestEvent::OutboundFailure { request_id, error, .. } => {
                let failure = match error {
                    OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed => Failure::Disconnected,
                    OutboundFailure::Timeout => Failure::TimedOut,
                    OutboundFailure::UnsupportedProtocols | OutboundFailure::Io(_) => Failure::Refused,
                };
                self.answered(protocol, request_id, Err(failure));
            }
            RequestEvent::InboundFailure { .. } | RequestEvent::ResponseSent { .. } => {}
        }
    }

    fn answered(&mut self, protocol: Protocol, sent: OutboundRequestId, result: Result<Vec<u8>, Failure>) {
        if let Some(id) = self.requests.remove(&(protocol, sent)) {
            self.tell(Input::Response { id, result });
        }
    }
}

fn peer_id(node: NodeId) -> Option<PeerId> {
    PeerId::from_bytes(&node.to_peer_id_bytes()).ok()
}

fn node_id(peer: PeerId) -> Option<NodeId> {
    NodeId::from_peer_id_bytes(&peer.to_bytes()).ok()
}

/// An error with its causes, since the outer ones rarely say anything.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn every_protocol_is_offered() {
        let mut behaviour = Behaviour::new();
        for protocol in Protocol::ALL {
            assert!(behaviour.of(protocol).is_some(), "{}", protocol.name());
        }
    }
}
