use std::time::Duration;

/// The limits of the transport. The defaults suit a page.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How long a dial may take, from the first packet to the authenticated connection.
    pub dial_timeout: Duration,
    /// How long a connection may stay `disconnected` before it fails. Chromium takes seven seconds to call it so.
    pub disconnect_grace: Duration,
    /// Unsent bytes of a stream at which its writer waits.
    pub send_buffer_max: u32,
    /// Unsent bytes of a stream at which its waiting writer goes on.
    pub send_buffer_low: u32,
    /// Streams that a connection has at a time, opened by either side and not yet closed by both.
    pub streams_max: usize,
    /// Unread bytes of all streams of a connection; the stream that passes it is reset.
    pub unread_max: usize,
    /// The limits of each stream.
    pub stream: webrtc::stream::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dial_timeout: Duration::from_secs(10),
            disconnect_grace: Duration::from_secs(1),
            send_buffer_max: 1024 * 1024,
            send_buffer_low: 256 * 1024,
            streams_max: 512,
            unread_max: 32 * 1024 * 1024,
            stream: webrtc::stream::Config::default(),
        }
    }
}
