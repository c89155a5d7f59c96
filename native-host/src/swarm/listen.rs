//! Listening: ports, and the addresses that follow from them.

use super::{Happened, Shell, words};
use libp2p::{Multiaddr, core::transport::ListenerId, multiaddr::Protocol};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    time::Duration,
};

/// How long the transports may take to say where they listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long they may take to agree on the machine's addresses.
const SETTLE: Duration = Duration::from_secs(1);

/// How long a port is waited for that the system may have lent.
const LENT: Duration = Duration::from_secs(5);

/// The ports of a heavy node; 0 lets the system choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) webrtc: u16,
    pub(crate) quic: u16,
    pub(crate) tcp: u16,
    pub(crate) websocket: u16,
}

/// A port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ListenError {
    /// Another program has it.
    #[error(
        "port {port}/{protocol} ({what}) on {ip} is in use by another program; stop that one, or choose other ports with --port"
    )]
    InUse { what: &'static str, ip: IpAddr, port: u16, protocol: &'static str },
    /// The system does not allow it, or the address is not this machine's.
    #[error("cannot listen on {ip}, port {port}/{protocol} ({what}): {error}")]
    Refused { what: &'static str, ip: IpAddr, port: u16, protocol: &'static str, error: String },
    /// A transport gave no address.
    #[error("the {what} listener gives no address; is {ip} an address of this machine?")]
    Silent { what: &'static str, ip: IpAddr },
}

impl ListenError {
    /// From the system's answer to a bind.
    pub(crate) fn of(
        error: &io::Error,
        what: &'static str,
        ip: IpAddr,
        port: u16,
        protocol: &'static str,
    ) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { what, ip, port, protocol },
            _ => Self::Refused { what, ip, port, protocol, error: error.to_string() },
        }
    }
}

impl Ports {
    /// HTTP at `base`, the others behind it; all 0 for 0.
    pub(crate) fn from_base(base: u16) -> Option<Self> {
        let at = |offset: u16| if base == 0 { Some(0) } else { base.checked_add(offset) };
        Some(Self { http: at(0)?, webrtc: at(1)?, quic: at(2)?, tcp: at(3)?, websocket: at(4)? })
    }

    /// Each port with what listens there, and over what; HTTP first.
    const fn each(self) -> [(&'static str, u16, &'static str); 5] {
        [
            ("HTTP", self.http, "tcp"),
            ("WebRTC", self.webrtc, "udp"),
            ("QUIC", self.quic, "udp"),
            ("TCP", self.tcp, "tcp"),
            ("WebSocket", self.websocket, "tcp"),
        ]
    }

    /// Waits until nobody has any of these ports. The system chose them at an earlier start, and may have lent one to an outgoing connection since.
    ///
    /// # Errors
    /// [`ListenError`] where one is not free after [`LENT`].
    pub(crate) async fn wait(self, ip: IpAddr) -> Result<(), ListenError> {
        let deadline = tokio::time::Instant::now() + LENT;
        for (what, port, protocol) in self.each() {
            loop {
                match probe(what, ip, port, protocol) {
                    Err(ListenError::InUse { .. }) if tokio::time::Instant::now() < deadline => {
                        tokio::time::sleep(LENT / 20).await;
                    }
                    other => break other?,
                }
            }
        }
        Ok(())
    }
}

impl Shell {
    /// Listens on all four transports; gives the ports that they have.
    pub(crate) async fn listen(&mut self, ip: IpAddr, ports: Ports) -> Result<Ports, ListenError> {
        let [_, wanted @ ..] = ports.each();
        let mut silent: HashSet<ListenerId> = HashSet::new();
        for (what, port, protocol) in wanted {
            probe(what, ip, port, protocol)?;
            let address = listen_address(what, ip, port);
            let refused = |error: String| ListenError::Refused { what, ip, port, protocol, error };
            let listener = self.swarm.listen_on(address).map_err(|error| refused(words(&error)))?;
            self.listeners.insert(listener, what);
            silent.insert(listener);
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let heard: HashSet<&'static str> = self.addresses.iter().filter_map(transport_of).collect();
            silent.retain(|listener| !self.listeners.get(listener).is_some_and(|what| heard.contains(what)));
            let Some(first) = silent.iter().next() else { break };
            let what = self.listeners.get(first).copied().unwrap_or("first");
            let closed = !self.listeners.contains_key(first);
            let next = tokio::time::timeout_at(deadline, self.next()).await;
            if closed || next.is_err() {
                return Err(ListenError::Silent { what, ip });
            }
        }
        // On every address, each transport tells the machine's addresses one by one.
        let settled = tokio::time::Instant::now() + SETTLE;
        while ip.is_unspecified() && !self.is_settled() {
            if tokio::time::timeout_at(settled, self.next()).await.is_err() {
                break;
            }
        }
        self.happened.push_back(Happened::Addresses);
        let port_of = |what| {
            let address = self.addresses.iter().find(|address| transport_of(address) == Some(what));
            address.and_then(port_of).unwrap_or(0)
        };
        Ok(Ports {
            http: ports.http,
            webrtc: port_of("WebRTC"),
            quic: port_of("QUIC"),
            tcp: port_of("TCP"),
            websocket: port_of("WebSocket"),
        })
    }
}

impl Shell {
    /// Whether all transports have told the same addresses of the machine.
    fn is_settled(&self) -> bool {
        let mut ips: BTreeMap<&'static str, BTreeSet<IpAddr>> = BTreeMap::new();
        for address in &self.addresses {
            if let (Some(what), Some(ip)) = (transport_of(address), ip_of(address)) {
                ips.entry(what).or_default().insert(ip);
            }
        }
        let mut sets = ips.values();
        sets.next().is_none_or(|first| sets.all(|set| set == first))
    }
}

/// Whether the port is free. The TCP transport shares ports with other sockets of the same user, so it
/// would not notice.
fn probe(what: &'static str, ip: IpAddr, port: u16, protocol: &'static str) -> Result<(), ListenError> {
    let address = SocketAddr::new(ip, port);
    let bound = match protocol {
        "udp" => UdpSocket::bind(address).map(drop),
        _ => TcpListener::bind(address).map(drop),
    };
    bound.map_err(|error| ListenError::of(&error, what, ip, port, protocol))
}

fn listen_address(what: &str, ip: IpAddr, port: u16) -> Multiaddr {
    let base = Multiaddr::from(ip);
    match what {
        "WebRTC" => base.with(Protocol::Udp(port)).with(Protocol::WebRTCDirect),
        "QUIC" => base.with(Protocol::Udp(port)).with(Protocol::QuicV1),
        "WebSocket" => base.with(Protocol::Tcp(port)).with(Protocol::Ws("/".into())),
        _ => base.with(Protocol::Tcp(port)),
    }
}

fn transport_of(address: &Multiaddr) -> Option<&'static str> {
    net::Transport::of(&address.to_string()).map(net::Transport::name)
}

fn port_of(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|part| match part {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    })
}

pub(super) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// The addresses to give out: those that the operator names, those at the addresses under which the
/// machine is reached from outside, or else those that it listens on (its loopback only where it has
/// nothing else).
pub(crate) fn announced<'a>(
    listening: impl Iterator<Item = &'a Multiaddr>,
    external: &[IpAddr],
    named: &[Multiaddr],
) -> Vec<Multiaddr> {
    // Nobody reaches a link-local address without naming an interface of their own.
    let link_local = |address: &&Multiaddr| match ip_of(address) {
        Some(IpAddr::V4(ip)) => ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_unicast_link_local(),
        None => false,
    };
    let listening = listening.filter(|address| !link_local(address));
    let is_relayed = |address: &&Multiaddr| transport_of(address) == Some(net::Transport::Relay.name());
    let (relayed, listening): (Vec<_>, Vec<&Multiaddr>) = listening.partition(is_relayed);
    let loopback = |address: &&&Multiaddr| ip_of(address).is_some_and(|ip| ip.is_loopback());
    let outward: Vec<&Multiaddr> = listening.iter().filter(|address| !loopback(address)).copied().collect();
    let mut all: Vec<Multiaddr> = named.to_vec();
    if external.is_empty() {
        let local = if outward.is_empty() { &listening } else { &outward };
        all.extend(local.iter().map(|address| (*address).clone()));
    } else {
        let at = |ip: &IpAddr| {
            let ip = *ip;
            listening.iter().map(move |address| {
                Multiaddr::from(ip).into_iter().chain(address.iter().skip(1)).collect::<Multiaddr>()
            })
        };
        all.extend(external.iter().flat_map(at));
    }
    all.extend(relayed.into_iter().cloned());
    let mut seen = HashSet::new();
    all.retain(|address| seen.insert(address.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn what_is_announced_can_be_reached() {
        let lan = ["/ip4/192.0.2.1/tcp/3", "/ip4/192.0.2.1/udp/2/quic-v1"];
        let all = addresses(&[
            "/ip4/127.0.0.1/tcp/3",
            lan[0],
            lan[1],
            "/ip6/fe80::1/tcp/3",
            "/ip4/169.254.0.1/tcp/3",
        ]);
        assert_eq!(announced(all.iter(), &[], &[]), addresses(&lan));
        let local = addresses(&["/ip4/127.0.0.1/tcp/3"]);
        assert_eq!(announced(local.iter(), &[], &[]), local);
        let outside = announced(all.iter(), &["203.0.113.7".parse().unwrap()], &[]);
        assert_eq!(outside, addresses(&["/ip4/203.0.113.7/tcp/3", "/ip4/203.0.113.7/udp/2/quic-v1"]));
        let circuit = addresses(&[
            "/ip4/198.51.100.1/tcp/3/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X/p2p-circuit",
        ]);
        let with_circuit = [circuit.clone(), all.clone()].concat();
        let through = [addresses(&lan), circuit.clone()].concat();
        assert_eq!(announced(with_circuit.iter(), &[], &[]), through, "a relay is no address of the machine");
        let outside = announced(with_circuit.iter(), &["203.0.113.7".parse().unwrap()], &[]);
        assert_eq!(outside.last(), circuit.last());
        let named = addresses(&["/dns4/a.example/tcp/443/wss"]);
        assert_eq!(announced(local.iter(), &[], &named), [named, local].concat());
    }

    #[test]
    fn five_ports_follow_each_other_or_are_chosen() {
        assert_eq!(Ports::from_base(0), Some(Ports::default()));
        assert_eq!(Ports::from_base(4_800).unwrap().websocket, 4_804);
        assert_eq!(Ports::from_base(65_533), None);
    }
}
