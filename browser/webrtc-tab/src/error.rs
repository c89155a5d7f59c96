use std::fmt;
use std::io;

use libp2p_identity::PeerId;
use wasm_bindgen::{JsCast, JsValue};
use webrtc::sdp::SdpError;

/// Why a dial or a connection failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no `RTCPeerConnection` here: a worker, or a browser without WebRTC.
    Unsupported,
    /// The browser refused a call.
    Browser {
        /// The call that failed.
        call: &'static str,
        /// The browser's own words.
        message: String,
    },
    /// The browser's offer cannot be used.
    Offer(SdpError),
    /// The dial took longer than `Config::dial_timeout`.
    Timeout,
    /// The host could not be reached, stopped answering, or ended the connection.
    Disconnected(&'static str),
    /// The Noise handshake failed: wrong certificate, or a host that is none of libp2p's.
    Handshake(libp2p_noise::Error),
    /// The host is not the peer that the address names.
    WrongPeer {
        /// The peer in the address.
        expected: PeerId,
        /// The peer that answered.
        found: PeerId,
    },
    /// This side closed the connection.
    Closed,
    /// The transport does not listen, so nothing that only a listener does can be asked of it.
    DialOnly,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("WebRTC is not available here (no RTCPeerConnection)"),
            Self::Browser { call, message } => write!(f, "browser refused {call}: {message}"),
            Self::Offer(error) => write!(f, "browser's offer cannot be used: {error}"),
            Self::Timeout => f.write_str("dial took too long"),
            Self::Disconnected(why) => write!(f, "connection lost: {why}"),
            Self::Handshake(error) => write!(f, "Noise handshake failed: {error}"),
            Self::WrongPeer { expected, found } => write!(f, "expected peer {expected}, found {found}"),
            Self::Closed => f.write_str("connection is closed"),
            Self::DialOnly => f.write_str("a page can dial over WebRTC but not listen"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Offer(error) => Some(error),
            Self::Handshake(error) => Some(error),
            _ => None,
        }
    }
}

impl Error {
    /// The error of a browser call, in the exception's own words.
    pub(crate) fn browser(call: &'static str) -> impl FnOnce(JsValue) -> Self {
        move |value| {
            let message = match value.dyn_ref::<js_sys::Error>() {
                Some(error) => String::from(error.to_string()),
                // A DOMException is no `Error` to `instanceof` in some engines, but prints like one.
                None => value.as_string().unwrap_or_else(|| format!("{value:?}")),
            };
            Self::Browser { call, message }
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Timeout => io::ErrorKind::TimedOut,
            Error::Unsupported | Error::DialOnly => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::ConnectionAborted,
        };
        Self::new(kind, error)
    }
}
