//! What the address of somebody says about who they are.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What people who come from an address have in common: all of an IPv4 address, and half of an IPv6 one.
pub(super) fn network(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}

/// The same where it tells people apart. At an address of this machine or of its network there may be a proxy that connects everybody.
pub(super) fn of(ip: IpAddr) -> Option<u64> {
    let ip = ip.to_canonical();
    let is_near = match ip {
        IpAddr::V4(ip) => is_near(ip),
        IpAddr::V6(ip) => is_near_too(ip),
    };
    (!is_near).then(|| network(ip))
}

const fn is_near(ip: Ipv4Addr) -> bool {
    // 100.64.0.0/10 is shared by the customers of a provider (RFC 6598).
    let is_shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64;
    ip.is_loopback() || ip.is_unspecified() || ip.is_private() || ip.is_link_local() || is_shared
}

const fn is_near_too(ip: Ipv6Addr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local()
}
