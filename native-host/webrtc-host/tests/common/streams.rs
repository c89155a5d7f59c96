//! Raw streams of a swarm for the tests: no stream is dropped because nobody looked in time, and
//! nothing is kept of a connection that has ended, so that memory can be measured.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::Context as _;
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{Ready, ready};
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::{ReadyUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, InboundUpgrade};
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
    NotifyHandler, Stream, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId, StreamProtocol};

type Accepted = mpsc::UnboundedSender<(PeerId, Stream)>;
type Registry = Arc<Mutex<HashMap<StreamProtocol, Accepted>>>;
type Opened = oneshot::Sender<anyhow::Result<Stream>>;
type Request = (PeerId, StreamProtocol, Opened);

pub struct Behaviour {
    registry: Registry,
    sender: mpsc::UnboundedSender<Request>,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Default for Behaviour {
    fn default() -> Self {
        let (sender, requests) = mpsc::unbounded();
        Self { registry: Registry::default(), sender, requests }
    }
}

impl Behaviour {
    pub fn new_control(&self) -> Control {
        Control { registry: Arc::clone(&self.registry), requests: self.sender.clone() }
    }
}

#[derive(Clone)]
pub struct Control {
    registry: Registry,
    requests: mpsc::UnboundedSender<Request>,
}

impl Control {
    /// The streams that peers open for `protocol`, on connections made from now on.
    pub fn accept(&mut self, protocol: StreamProtocol) -> mpsc::UnboundedReceiver<(PeerId, Stream)> {
        let (sender, receiver) = mpsc::unbounded();
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).insert(protocol, sender);
        receiver
    }

    pub async fn open_stream(&mut self, peer: PeerId, protocol: StreamProtocol) -> anyhow::Result<Stream> {
        let (sender, receiver) = oneshot::channel();
        self.requests.unbounded_send((peer, protocol, sender)).context("swarm ended")?;
        receiver.await.context("connection ended")?
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = std::convert::Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler { peer, registry: Arc::clone(&self.registry), requests: VecDeque::new() })
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler { peer, registry: Arc::clone(&self.registry), requests: VecDeque::new() })
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.requests.poll_next_unpin(cx) {
            Poll::Ready(Some((peer_id, protocol, sender))) => Poll::Ready(ToSwarm::NotifyHandler {
                peer_id,
                handler: NotifyHandler::Any,
                event: (protocol, sender),
            }),
            _ => Poll::Pending,
        }
    }
}

pub struct Handler {
    peer: PeerId,
    registry: Registry,
    requests: VecDeque<(StreamProtocol, Opened)>,
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = (StreamProtocol, Opened);
    type ToBehaviour = std::convert::Infallible;
    type InboundProtocol = Named;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Opened;

    fn listen_protocol(&self) -> SubstreamProtocol<Named> {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        SubstreamProtocol::new(Named(registry.keys().cloned().collect()), ())
    }

    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn on_behaviour_event(&mut self, request: Self::FromBehaviour) {
        self.requests.push_back(request);
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Opened, Self::ToBehaviour>> {
        match self.requests.pop_front() {
            Some((name, sender)) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(ReadyUpgrade::new(name), sender),
            }),
            None => Poll::Pending,
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Self::InboundProtocol, Self::OutboundProtocol, (), Opened>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, name),
                ..
            }) => {
                let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(sender) = registry.get(&name) {
                    let _ = sender.unbounded_send((self.peer, stream));
                }
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                let _ = info.send(Ok(protocol));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let _ = info.send(Err(anyhow::anyhow!("{error}")));
            }
            _ => {}
        }
    }
}

/// Any of the registered protocols.
pub struct Named(Vec<StreamProtocol>);

impl UpgradeInfo for Named {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Named {
    type Output = (Stream, StreamProtocol);
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, name: StreamProtocol) -> Self::Future {
        ready(Ok((stream, name)))
    }
}
