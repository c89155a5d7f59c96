//! The libp2p transport: listeners, dials and their events.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use futures::future::BoxFuture;
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;
use libp2p_core::Multiaddr;
use libp2p_core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p_identity::{Keypair, PeerId};
use tokio::sync::mpsc;
use webrtc::certhash::Fingerprint;
use webrtc::sdp::Ufrag;

use crate::certificate::Certificate;
use crate::config::Config;
use crate::connection::Connection;
use crate::driver::{Driver, Source};
use crate::error::Error;
use crate::listener::{self, Incoming, Table};
use crate::muxer::Muxer;
use crate::session::{Session, Shared};
use crate::socket::{Path, Socket};
use crate::{address, handshake};

type Event = TransportEvent<BoxFuture<'static, Result<(PeerId, Muxer), Error>>, Error>;

/// webrtc-direct for tokio. Methods that open sockets need a tokio runtime around them.
pub struct Transport {
    identity: Keypair,
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    events: VecDeque<Event>,
    waker: Option<Waker>,
}

struct Listener {
    id: ListenerId,
    local: SocketAddr,
    incoming: mpsc::Receiver<Incoming>,
    table: Arc<Table>,
    /// Present when the socket listens on every address, and tells which those are.
    interfaces: Option<IfWatcher>,
}

impl Transport {
    /// A transport of the node `identity`, with the certificate that its addresses name.
    ///
    /// # Errors
    /// [`Error::Dtls`] when the DTLS library does not take the configuration.
    pub fn new(identity: Keypair, certificate: Certificate, config: Config) -> Result<Self, Error> {
        let shared = Shared::new(config, certificate)?;
        Ok(Self {
            identity,
            shared: Arc::new(shared),
            listeners: Vec::new(),
            events: VecDeque::new(),
            waker: None,
        })
    }

    /// How many connections the listeners hold, those in their handshake included.
    pub fn connections(&self) -> usize {
        self.listeners.iter().map(|listener| listener.table.len()).sum()
    }

    fn own(&self) -> Fingerprint {
        self.shared.certificate.fingerprint()
    }

    fn start_listener(&mut self, id: ListenerId, addr: SocketAddr) -> io::Result<()> {
        let socket = Arc::new(Socket::bind(addr, self.shared.config.socket_buffer)?);
        let local = socket.local_addr()?;
        let table = Arc::new(Table::default());
        let (sender, incoming) = mpsc::channel(self.shared.config.handshakes_max.max(1));
        tokio::spawn(listener::run(socket, Arc::clone(&self.shared), Arc::clone(&table), sender));
        let interfaces = if local.ip().is_unspecified() {
            Some(IfWatcher::new()?)
        } else {
            self.events.push_back(TransportEvent::NewAddress {
                listener_id: id,
                listen_addr: address::reported(local, self.own()),
            });
            None
        };
        self.listeners.push(Listener { id, local, incoming, table, interfaces });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Ok(())
    }

    fn incoming(&self, listener: usize, incoming: Incoming) -> Event {
        let Listener { id, local, .. } = &self.listeners[listener];
        let Incoming { connection, path } = incoming;
        let local = SocketAddr::new(path.local.unwrap_or(local.ip()), local.port());
        let own = self.own();
        TransportEvent::Incoming {
            listener_id: *id,
            upgrade: Box::pin(handshake::listen(self.identity.clone(), connection, own)),
            local_addr: address::reported(local, own),
            send_back_addr: address::observed(path.remote),
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport")
            .field("certificate", &self.shared.certificate)
            .field("listeners", &self.listeners.len())
            .finish_non_exhaustive()
    }
}

impl libp2p_core::Transport for Transport {
    type Output = (PeerId, Muxer);
    type Error = Error;
    type ListenerUpgrade = BoxFuture<'static, Result<Self::Output, Error>>;
    type Dial = BoxFuture<'static, Result<Self::Output, Error>>;

    fn listen_on(&mut self, id: ListenerId, addr: Multiaddr) -> Result<(), TransportError<Error>> {
        let socket = address::listen(&addr, self.own()).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        self.start_listener(id, socket).map_err(|error| TransportError::Other(Error::Io(error)))
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let Some(at) = self.listeners.iter().position(|listener| listener.id == id) else {
            return false;
        };
        // Its connections live on; the socket's task ends with the last of them.
        self.listeners.remove(at);
        self.events.push_back(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        true
    }

    fn dial(&mut self, addr: Multiaddr, opts: DialOpts) -> Result<Self::Dial, TransportError<Error>> {
        // Hole punching would need the listener's socket to send checks, which ICE-lite does not.
        if opts.role.is_listener() {
            return Err(TransportError::MultiaddrNotSupported(addr));
        }
        let (remote, expected) = address::dial(&addr).ok_or(TransportError::MultiaddrNotSupported(addr))?;
        Ok(Box::pin(dial(self.identity.clone(), Arc::clone(&self.shared), remote, expected)))
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event> {
        let this = self.get_mut();
        if let Some(event) = this.events.pop_front() {
            return Poll::Ready(event);
        }
        let own = this.own();
        for at in 0..this.listeners.len() {
            let listener = &mut this.listeners[at];
            if let Some(event) = listener.poll_interfaces(cx, own) {
                return Poll::Ready(event);
            }
            if let Poll::Ready(Some(incoming)) = listener.incoming.poll_recv(cx) {
                return Poll::Ready(this.incoming(at, incoming));
            }
        }
        this.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Listener {
    fn poll_interfaces(&mut self, cx: &mut Context<'_>, own: Fingerprint) -> Option<Event> {
        let watcher = self.interfaces.as_mut()?;
        while let Poll::Ready(event) = watcher.poll_if_event(cx) {
            let reported = |ip: IpAddr| address::reported(SocketAddr::new(ip, self.local.port()), own);
            let same_family = |ip: IpAddr| ip.is_ipv4() == self.local.is_ipv4();
            match event {
                Ok(IfEvent::Up(net)) if same_family(net.addr()) => {
                    let listen_addr = reported(net.addr());
                    return Some(TransportEvent::NewAddress { listener_id: self.id, listen_addr });
                }
                Ok(IfEvent::Down(net)) if same_family(net.addr()) => {
                    let listen_addr = reported(net.addr());
                    return Some(TransportEvent::AddressExpired { listener_id: self.id, listen_addr });
                }
                Ok(_) => {}
                Err(error) => {
                    self.interfaces = None;
                    let error = Error::Io(error);
                    return Some(TransportEvent::ListenerError { listener_id: self.id, error });
                }
            }
        }
        None
    }
}

async fn dial(
    identity: Keypair,
    shared: Arc<Shared>,
    remote: SocketAddr,
    expected: Fingerprint,
) -> Result<(PeerId, Muxer), Error> {
    let any = match remote {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    // One socket a connection: a listener tells its peers apart by address and port.
    let socket = Arc::new(Socket::bind(SocketAddr::new(any, 0), shared.config.socket_buffer)?);
    let now = Instant::now();
    let ufrag = Ufrag::from_random(rand::random());
    let session = Session::dialer(Arc::clone(&shared), remote, ufrag, expected, rand::random(), now);
    let connection = Connection::new(session, shared.config, None, now);
    let path = Path { remote, local: None };
    tokio::spawn(Driver::new(Arc::clone(&connection), socket, path, Source::Own));
    handshake::dial(identity, connection, shared.certificate.fingerprint()).await
}
