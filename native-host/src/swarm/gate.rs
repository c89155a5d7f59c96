//! Only dials that the node asked for go out.
//!
//! Kademlia, the relay and the exchanges would dial by themselves, at addresses that strangers told. Here they speak over the
//! connections that there are: whom a node connects to, and where, its machine decides.

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};
use std::{
    convert::Infallible,
    task::{Context, Poll},
};

/// Refuses every dial but the one announced to it.
#[derive(Debug, Default)]
pub(in crate::swarm) struct Gate {
    next: Option<ConnectionId>,
}

/// The dial was not the node's own.
#[derive(Debug, thiserror::Error)]
#[error("the node did not ask for this dial")]
struct NotAsked;

impl Gate {
    /// Lets this dial out; it is asked for at once.
    pub(in crate::swarm) const fn open(&mut self, dial: ConnectionId) {
        self.next = Some(dial);
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_outbound_connection(
        &mut self,
        dial: ConnectionId,
        _: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.next.take_if(|next| *next == dial).is_some() {
            Ok(Vec::new())
        } else {
            Err(ConnectionDenied::new(NotAsked))
        }
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

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
