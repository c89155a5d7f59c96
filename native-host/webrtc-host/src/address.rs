//! webrtc-direct multiaddresses.

use std::net::{IpAddr, SocketAddr};

use libp2p_core::Multiaddr;
use libp2p_core::multiaddr::Protocol;
use webrtc::certhash::Fingerprint;

/// Reads `/ip4|ip6/…/udp/…/webrtc-direct`, also with this node's own `/certhash` and anything's `/p2p`.
pub(crate) fn listen(addr: &Multiaddr, own: Fingerprint) -> Option<SocketAddr> {
    let (socket, certhash) = read(addr)?;
    certhash.is_none_or(|certhash| certhash == own).then_some(socket)
}

/// Reads `/ip4|ip6/…/udp/…/webrtc-direct/certhash/…`, also with a `/p2p`. The address must be one that
/// can be sent to, and the hash SHA-256.
pub(crate) fn dial(addr: &Multiaddr) -> Option<(SocketAddr, Fingerprint)> {
    let (socket, certhash) = read(addr)?;
    if socket.port() == 0 || socket.ip().is_unspecified() {
        return None;
    }
    Some((socket, certhash?))
}

/// The address that a listener reports.
pub(crate) fn reported(socket: SocketAddr, own: Fingerprint) -> Multiaddr {
    // A SHA-256 multihash always reads back.
    match format!("/certhash/{}", own.to_certhash()).parse::<Multiaddr>() {
        Ok(certhash) => certhash.iter().fold(observed(socket), Multiaddr::with),
        Err(_) => observed(socket),
    }
}

/// A peer's address as the socket sees it.
pub(crate) fn observed(socket: SocketAddr) -> Multiaddr {
    Multiaddr::from(socket.ip()).with(Protocol::Udp(socket.port())).with(Protocol::WebRTCDirect)
}

fn read(addr: &Multiaddr) -> Option<(SocketAddr, Option<Fingerprint>)> {
    let mut parts = addr.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => IpAddr::V4(ip),
        Protocol::Ip6(ip) => IpAddr::V6(ip),
        _ => return None,
    };
    let Protocol::Udp(port) = parts.next()? else {
        return None;
    };
    let Protocol::WebRTCDirect = parts.next()? else {
        return None;
    };
    let mut certhash = None;
    for part in parts {
        match part {
            // A further hash is an alternative for the same certificate.
            Protocol::Certhash(hash) => {
                let hash = Fingerprint::from_multihash(&hash.to_bytes());
                certhash = certhash.or(hash.ok());
            }
            Protocol::P2p(_) => {}
            _ => return None,
        }
    }
    Some((SocketAddr::new(ip, port), certhash))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Fingerprint = Fingerprint([3; 32]);

    #[test]
    fn reported_addresses_can_be_dialled_and_listened_on_again() {
        for socket in ["127.0.0.1:4001", "[2001:db8::1]:9"] {
            let socket: SocketAddr = socket.parse().unwrap();
            let addr = reported(socket, OWN);
            assert_eq!(dial(&addr), Some((socket, OWN)));
            assert_eq!(listen(&addr, OWN), Some(socket));
            assert_eq!(listen(&addr, Fingerprint([4; 32])), None);
            assert_eq!(listen(&observed(socket), OWN), Some(socket));
        }
    }

    #[test]
    fn other_addresses_are_not_taken() {
        for text in [
            "/ip4/127.0.0.1/udp/1/quic-v1",
            "/ip4/127.0.0.1/tcp/1/webrtc-direct",
            "/ip4/127.0.0.1/udp/1",
            "/dns4/example.org/udp/1/webrtc-direct",
            "/ip4/127.0.0.1/udp/1/webrtc-direct/p2p-circuit",
        ] {
            let addr: Multiaddr = text.parse().unwrap();
            assert_eq!((listen(&addr, OWN), dial(&addr)), (None, None), "{text}");
        }
        let no_hash: Multiaddr = "/ip4/127.0.0.1/udp/1/webrtc-direct".parse().unwrap();
        assert_eq!(dial(&no_hash), None);
        assert_eq!(dial(&reported("0.0.0.0:1".parse().unwrap(), OWN)), None);
        assert_eq!(dial(&reported("127.0.0.1:0".parse().unwrap(), OWN)), None);
    }
}
