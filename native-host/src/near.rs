//! How near an address is: at this machine, in its own network, or anywhere in the Internet.
//!
//! Who is told an address by a stranger goes there only where it is no nearer than the network that the two of them have in common: else a stranger
//! could have this machine speak to what only it reaches.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where an address leads to, the nearest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Near {
    /// This machine.
    Machine,
    /// Its own network, or another that the special-purpose registries of RFC 6890 set apart.
    Network,
    /// The Internet.
    #[default]
    Internet,
}

impl Near {
    /// How near this address is.
    pub(crate) const fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        if ip.is_loopback() || ip.is_unspecified() {
            Self::Machine
        } else if is_outside(ip) {
            Self::Internet
        } else {
            Self::Network
        }
    }

    /// How near the nearest address is that a host in an address has, an IP address or a name. One that has none is nowhere near.
    pub(crate) async fn of_host(host: &str) -> Self {
        if let Some(ip) = literal(host) {
            return Self::of(ip);
        }
        let found = tokio::net::lookup_host((host, 0)).await;
        found.ok().and_then(|all| all.map(|address| Self::of(address.ip())).min()).unwrap_or_default()
    }
}

/// The IP address that stands in an HTTP address in place of a name.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Looks names up, and gives of their addresses only those that are no nearer than this.
pub(crate) struct NoNearer(pub(crate) Near);

/// A name that stands for no address where it may.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` has no address outside this machine and its network")]
struct TooNear(String);

impl Resolve for NoNearer {
    fn resolve(&self, name: Name) -> Resolving {
        let least = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let some: Vec<SocketAddr> = found.filter(|address| Near::of(address.ip()) >= least).collect();
            if some.is_empty() {
                return Err(TooNear(name.as_str().into()).into());
            }
            let all: Addrs = Box::new(some.into_iter());
            Ok(all)
        })
    }
}

/// Whether the address is one of the whole Internet, as far as the special-purpose registries of RFC 6890 tell: not this machine's, its own
/// network's, its provider's (RFC 6598), one for measurements, or one that stands for such an address behind a translator (RFC 6052, RFC 3056).
pub(crate) const fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_outside_v4(ip),
        IpAddr::V6(ip) => match ip.segments() {
            // Translated: what counts is whom it stands for.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                is_outside_v4(Ipv4Addr::from_bits((high as u32) << 16 | low as u32))
            }
            // Global unicast is one eighth of all; of that, 2001::/23 is for protocols.
            [first, second, ..] => first & 0xe000 == 0x2000 && !(first == 0x2001 && second < 0x200),
        },
    }
}

const fn is_outside_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_special = match first {
        0 | 10 | 127 | 224.. => true,
        100 => second & 0xc0 == 64,
        172 => second & 0xf0 == 16,
        192 => second == 168 || (second == 0 && third == 0),
        198 => second & 0xfe == 18,
        _ => ip.is_link_local(),
    };
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_as_near_as_what_it_stands_for() {
        for (ip, near) in [
            ("127.0.0.1", Near::Machine),
            ("0.0.0.0", Near::Machine),
            ("::1", Near::Machine),
            ("::ffff:127.0.0.1", Near::Machine),
            ("10.0.0.1", Near::Network),
            ("169.254.169.254", Near::Network),
            ("::ffff:192.168.0.1", Near::Network),
            ("fd00::1", Near::Network),
            ("64:ff9b::10.0.0.1", Near::Network),
            ("8.8.8.8", Near::Internet),
            ("2606:4700::1", Near::Internet),
        ] {
            assert_eq!(Near::of(ip.parse().unwrap()), near, "{ip}");
        }
        assert!(Near::Machine < Near::Network && Near::Network < Near::Internet);
        assert_eq!(literal("[::1]"), Some("::1".parse().unwrap()));
        assert_eq!(literal("one.example"), None);
    }

    #[tokio::test]
    async fn a_name_is_as_near_as_its_nearest_address() {
        assert_eq!(Near::of_host("localhost").await, Near::Machine);
        assert_eq!(Near::of_host("192.168.0.1").await, Near::Network);
        let resolved =
            async |least| NoNearer(least).resolve("localhost".parse().unwrap()).await.map(|all| all.count());
        assert!(resolved(Near::Machine).await.unwrap() > 0);
        let error = resolved(Near::Network).await.unwrap_err();
        assert!(error.to_string().contains("no address outside"), "{error}");
    }
}
