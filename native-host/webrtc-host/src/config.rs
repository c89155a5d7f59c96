//! Limits and times of a transport.

use std::time::Duration;

/// Limits of one [`Transport`](crate::Transport). The defaults suit a heavy node.
///
/// Every listener and the dialler count on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Connections that a listener holds at once; a further peer is not answered.
    pub connections_max: usize,
    /// Connections of a listener whose handshake is under way; a further peer is not answered until
    /// one finishes or times out.
    pub handshakes_max: usize,
    /// The same of one IP address; this machine's own have no share.
    pub handshakes_each_max: usize,
    /// How long ICE, DTLS, SCTP and Noise together may take.
    pub handshake_timeout: Duration,
    /// Silence after which a peer counts as gone. Peers check consent every few seconds (RFC 7675).
    pub peer_timeout: Duration,
    /// How often a dialler asks for consent (RFC 7675).
    pub consent_interval: Duration,
    /// Data channels that the peer may have open at once in one connection.
    pub streams_inbound_max: usize,
    /// Data channels that this side opens at once in one connection; further ones wait.
    pub streams_outbound_max: usize,
    /// Unread bytes that a stream takes out of SCTP; the rest stays there and closes the window. Also
    /// the credit given to peers with per-stream flow control.
    pub stream_receive_max: usize,
    /// Unread bytes that all streams of a connection together take out of SCTP. Beyond it a stream takes
    /// a message only when it holds none, so that its reader gets on.
    pub connection_unread_max: usize,
    /// Unread bytes in SCTP, over all streams of a connection: the window offered to the peer.
    pub connection_receive_max: usize,
    /// Unacknowledged bytes that a stream hands to SCTP before its writer waits.
    pub stream_send_max: usize,
    /// The same over all streams of a connection.
    pub connection_send_max: usize,
    /// Kernel buffer of a listener's socket in bytes, each way. The kernel may grant less.
    pub socket_buffer: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            handshakes_max: 512,
            handshakes_each_max: 64,
            handshake_timeout: Duration::from_secs(15),
            peer_timeout: Duration::from_secs(8),
            consent_interval: Duration::from_millis(2_500),
            streams_inbound_max: 256,
            streams_outbound_max: 256,
            stream_receive_max: 256 * 1024,
            connection_unread_max: 4 * 1024 * 1024,
            connection_receive_max: 1024 * 1024,
            stream_send_max: 512 * 1024,
            connection_send_max: 2 * 1024 * 1024,
            socket_buffer: 4 * 1024 * 1024,
        }
    }
}
