use borsh::{BorshDeserialize, BorshSerialize};
use core::{fmt, net::IpAddr};

/// How a connection is carried, as its multiaddr tells.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Transport {
    /// WebRTC to a host by its certificate's hash.
    WebrtcDirect,
    /// WebSocket, plain or over TLS.
    Websocket,
    /// QUIC.
    Quic,
    /// TCP with Noise.
    Tcp,
    /// Through a relay.
    Relay,
    /// The simulator's or a test's own.
    Memory,
}

impl Transport {
    /// The transport that a multiaddr's text names, where it is one of these.
    pub fn of(address: &str) -> Option<Self> {
        let has = |name| address.split('/').any(|part| part == name);
        if has("p2p-circuit") {
            Some(Self::Relay)
        } else if has("webrtc-direct") {
            Some(Self::WebrtcDirect)
        } else if has("ws") || has("wss") {
            Some(Self::Websocket)
        } else if has("quic-v1") {
            Some(Self::Quic)
        } else if has("tcp") {
            Some(Self::Tcp)
        } else if has("memory") {
            Some(Self::Memory)
        } else {
            None
        }
    }

    /// The IP address that a multiaddr's text leads to first; that of the relay, where it leads through one.
    pub fn ip_of(address: &str) -> Option<IpAddr> {
        let mut parts = address.split('/').skip(1);
        match (parts.next()?, parts.next()?) {
            ("ip4", ip) => ip.parse().ok().map(IpAddr::V4),
            ("ip6", ip) => ip.parse().ok().map(IpAddr::V6),
            _ => None,
        }
    }

    /// The name that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebrtcDirect => "WebRTC",
            Self::Websocket => "WebSocket",
            Self::Quic => "QUIC",
            Self::Tcp => "TCP",
            Self::Relay => "relay",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
