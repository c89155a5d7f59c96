use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt, Ready};
use libp2p_core::Multiaddr;
use libp2p_core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p_identity::{Keypair, PeerId};
use send_wrapper::SendWrapper;

use crate::address::Address;
use crate::{Config, Connection, Error, dial};

/// Dials webrtc-direct hosts from a page.
#[derive(Debug)]
pub struct Transport {
    keypair: Keypair,
    config: Config,
}

impl Transport {
    /// A transport that authenticates as `keypair`.
    pub fn new(keypair: &Keypair) -> Self {
        Self::with_config(keypair, Config::default())
    }

    /// A transport with limits of its own.
    pub fn with_config(keypair: &Keypair, config: Config) -> Self {
        Self { keypair: keypair.clone(), config }
    }
}

impl libp2p_core::Transport for Transport {
    type Output = (PeerId, Connection);
    type Error = Error;
    type ListenerUpgrade = Ready<Result<Self::Output, Self::Error>>;
    type Dial = BoxFuture<'static, Result<Self::Output, Self::Error>>;

    fn listen_on(&mut self, _: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        if addr.iter().any(|part| part == libp2p_core::multiaddr::Protocol::WebRTCDirect) {
            Err(TransportError::Other(Error::DialOnly))
        } else {
            Err(TransportError::MultiaddrNotSupported(addr))
        }
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(&mut self, addr: Multiaddr, opts: DialOpts) -> Result<Self::Dial, TransportError<Self::Error>> {
        let Some(address) = Address::parse(&addr) else {
            return Err(TransportError::MultiaddrNotSupported(addr));
        };
        if opts.role.is_listener() {
            return Err(TransportError::MultiaddrNotSupported(addr));
        }
        let (keypair, config) = (self.keypair.clone(), Rc::new(self.config.clone()));
        // One thread runs everything a page's browser objects touch, so `Send` is never put to use.
        Ok(SendWrapper::new(dial::dial(address, keypair, config)).boxed())
    }

    fn poll(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Poll::Pending
    }
}
