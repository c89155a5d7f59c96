use std::net::{IpAddr, SocketAddr};

use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol;
use libp2p_identity::PeerId;
use webrtc::certhash::Fingerprint;

/// The parts of a webrtc-direct address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) socket: SocketAddr,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) peer: Option<PeerId>,
}

impl Address {
    /// Reads `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…[/p2p/…]`; `None` for any other address.
    pub(crate) fn parse(addr: &Multiaddr) -> Option<Self> {
        let mut parts = addr.iter();
        let ip = match parts.next()? {
            Protocol::Ip4(ip) => IpAddr::V4(ip),
            Protocol::Ip6(ip) => IpAddr::V6(ip),
            _ => return None,
        };
        let Protocol::Udp(port) = parts.next()? else { return None };
        let Protocol::WebRTCDirect = parts.next()? else { return None };
        let Protocol::Certhash(hash) = parts.next()? else { return None };
        let fingerprint = Fingerprint::from_multihash(&hash.to_bytes()).ok()?;
        let peer = match parts.next() {
            None => None,
            Some(Protocol::P2p(peer)) => Some(peer),
            Some(_) => return None,
        };
        if port == 0 || ip.is_unspecified() || parts.next().is_some() {
            return None;
        }
        Some(Self { socket: SocketAddr::new(ip, port), fingerprint, peer })
    }
}
