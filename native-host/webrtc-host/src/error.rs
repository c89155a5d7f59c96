//! What can go wrong, as libp2p sees it.

use std::io;

use crate::session::CloseReason;

/// Why a connection, a dial or a listener failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The UDP socket failed.
    #[error("UDP socket: {0}")]
    Io(#[from] io::Error),
    /// The DTLS library refused the configuration or the certificate.
    #[error("DTLS set-up: {0}")]
    Dtls(#[from] dimpl::Error),
    /// The Noise handshake over channel 0 failed: the peer is not who it says, or somebody is in the
    /// middle.
    #[error("Noise handshake: {0}")]
    Noise(#[from] libp2p_noise::Error),
    /// The connection ended.
    #[error("connection closed: {0}")]
    Closed(CloseReason),
    /// The listener was removed.
    #[error("listener is gone")]
    ListenerGone,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            other => Self::new(io::ErrorKind::ConnectionAborted, other),
        }
    }
}
