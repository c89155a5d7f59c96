//! The task of a listening socket: which datagram belongs to whom, and who may begin a connection.
//!
//! A dialler first has to answer to its own address: the listener replies to its connectivity check
//! without keeping more than the user fragment, and only a DTLS ClientHello from an address that was
//! checked shortly before makes a session. DTLS then asks for its cookie before it computes anything.
//!
//! Neither proves where a datagram came from: who forges addresses can pass the check and send a
//! ClientHello, and each such session holds one of the handshakes until its time is up. An address has
//! a share of them only ([`Config::handshakes_each_max`](crate::Config::handshakes_each_max)), but one
//! who forges many addresses can keep newcomers out. Connections that stand are not touched.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, mpsc};

use crate::config::Config;
use crate::connection::Connection;
use crate::driver::{Driver, Source};
use crate::greeted::Greeted;
use crate::ice::{self, BindingRequest, Kind};
use crate::session::{Session, Shared};
use crate::socket::{Path, Socket};

/// Addresses that passed a check and have not begun DTLS. One more evicts another.
const GREETED_MAX: usize = 4096;
/// Record type of a DTLS handshake message.
const DTLS_HANDSHAKE: u8 = 22;

/// A connection that has begun its handshake.
pub(crate) struct Incoming {
    pub(crate) connection: Arc<Connection>,
    pub(crate) path: Path,
}

/// The connections of a listener.
#[derive(Default)]
pub(crate) struct Table {
    connections: Mutex<HashMap<SocketAddr, Arc<Connection>>>,
    handshakes: Mutex<Handshakes>,
    shrunk: Notify,
}

/// Handshakes under way.
#[derive(Default)]
struct Handshakes {
    all: usize,
    /// By address, but for those of this machine.
    each: HashMap<IpAddr, usize>,
}

impl Table {
    fn handshakes(&self) -> MutexGuard<'_, Handshakes> {
        self.handshakes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections there are, those in their handshake included.
    pub(crate) fn len(&self) -> usize {
        self.connections().len()
    }
}

/// A connection's entry in the table; its drop takes it out.
pub(crate) struct Registration {
    table: Arc<Table>,
    remote: SocketAddr,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.table.connections().remove(&self.remote);
        self.table.shrunk.notify_one();
    }
}

/// One of the handshakes that may be under way at once; its drop makes room for another.
pub(crate) struct HandshakeSlot {
    table: Arc<Table>,
    ip: IpAddr,
}

impl HandshakeSlot {
    fn take(table: &Arc<Table>, ip: IpAddr, config: &Config) -> Option<Self> {
        let ip = ip.to_canonical();
        let mut handshakes = table.handshakes();
        if handshakes.all >= config.handshakes_max {
            return None;
        }
        if !ip.is_loopback() {
            let each = handshakes.each.entry(ip).or_default();
            if *each >= config.handshakes_each_max {
                return None;
            }
            *each += 1;
        }
        handshakes.all += 1;
        drop(handshakes);
        Some(Self { table: Arc::clone(table), ip })
    }
}

impl Drop for HandshakeSlot {
    fn drop(&mut self) {
        let mut handshakes = self.table.handshakes();
        handshakes.all -= 1;
        if let Some(each) = handshakes.each.get_mut(&self.ip) {
            *each -= 1;
            if *each == 0 {
                handshakes.each.remove(&self.ip);
            }
        }
    }
}

/// The task. It accepts while somebody receives from `incoming`, and ends when after that the last
/// connection has ended.
pub(crate) async fn run(
    socket: Arc<Socket>,
    shared: Arc<Shared>,
    table: Arc<Table>,
    incoming: mpsc::Sender<Incoming>,
) {
    let mut listener = Listener { socket, shared, table, incoming, greeted: Greeted::new(GREETED_MAX) };
    loop {
        if listener.incoming.is_closed() {
            if listener.table.len() == 0 {
                return;
            }
            let table = Arc::clone(&listener.table);
            tokio::select! {
                _ = listener.socket.readable() => listener.receive(),
                () = table.shrunk.notified() => {}
            }
        } else {
            let incoming = listener.incoming.clone();
            tokio::select! {
                _ = listener.socket.readable() => listener.receive(),
                () = incoming.closed() => {}
            }
        }
    }
}

struct Listener {
    socket: Arc<Socket>,
    shared: Arc<Shared>,
    table: Arc<Table>,
    incoming: mpsc::Sender<Incoming>,
    greeted: Greeted,
}

impl Listener {
    fn receive(&mut self) {
        let socket = Arc::clone(&self.socket);
        let inbox_max = self.shared.config.connection_receive_max;
        // One call's datagrams often come from one peer.
        let mut last: Option<(SocketAddr, Arc<Connection>)> = None;
        // Failures are `WouldBlock` or an earlier send's fate (ICMP), which is not this peer's.
        let _ = socket.try_recv(|path, datagram| {
            if last.as_ref().is_none_or(|(remote, _)| *remote != path.remote) {
                let connection = self.table.connections().get(&path.remote).cloned();
                last = connection.map(|connection| (path.remote, connection));
            }
            match &last {
                Some((_, connection)) => connection.deliver(datagram, inbox_max),
                None => self.handle_stranger(path, datagram),
            }
        });
    }

    fn handle_stranger(&mut self, path: Path, datagram: &[u8]) {
        if self.incoming.is_closed() {
            return;
        }
        match ice::classify(datagram) {
            Kind::Stun => {
                if let Some(request) = BindingRequest::read(datagram) {
                    self.socket.try_send_one(path, &request.response(path.remote));
                    self.greeted.insert(path.remote, request.ufrag, Instant::now());
                }
            }
            Kind::Dtls if datagram[0] == DTLS_HANDSHAKE => self.begin(path, datagram),
            _ => {}
        }
    }

    fn begin(&mut self, path: Path, datagram: &[u8]) {
        let now = Instant::now();
        let config = self.shared.config;
        if !self.greeted.is_fresh(path.remote, now) || self.table.len() >= config.connections_max {
            return;
        }
        let Ok(permit) = self.incoming.try_reserve() else {
            return;
        };
        let Some(slot) = HandshakeSlot::take(&self.table, path.remote.ip(), &config) else {
            return;
        };
        let Some(ufrag) = self.greeted.take(path.remote) else {
            return;
        };
        tracing::debug!(remote = %path.remote, "connection begins");
        let session = Session::listener(Arc::clone(&self.shared), path.remote, ufrag, now);
        let connection = Connection::new(session, config, Some(slot), now);
        self.table.connections().insert(path.remote, Arc::clone(&connection));
        let registration = Registration { table: Arc::clone(&self.table), remote: path.remote };
        connection.deliver(datagram, config.connection_receive_max);
        let driver = Driver::new(
            Arc::clone(&connection),
            Arc::clone(&self.socket),
            path,
            Source::Listener(registration),
        );
        tokio::spawn(driver);
        permit.send(Incoming { connection, path });
    }
}

#[cfg(test)]
mod tests;
