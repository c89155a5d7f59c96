//! The dialler's two session descriptions, written without asking the listener.
//!
//! webrtc-direct has no signalling channel. The dialler makes up one random user fragment, uses it as
//! user name and password of both sides, puts it into its own offer ([`munge_offer`]) and composes the
//! listener's answer from the multiaddress ([`answer`]). The listener reads the fragment from the
//! first STUN request ([`Ufrag::from_stun_username`]).

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{IpAddr, SocketAddr};

use crate::certhash::Fingerprint;
use crate::frame::MESSAGE_LEN_MAX;

#[cfg(test)]
mod tests;

/// Marks version 1 of the protocol in a user fragment.
pub const UFRAG_PREFIX: &str = "libp2p+webrtc+v1/";

/// The longest user fragment that ICE allows (RFC 8839, section 5.4).
const UFRAG_LEN_MAX: usize = 256;

/// SCTP's port inside DTLS, fixed by all WebRTC implementations.
const SCTP_PORT: u16 = 5000;

/// A user fragment `libp2p+webrtc+v1/…`: user name and password of both sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ufrag(String);

impl Ufrag {
    /// A fragment from 24 random bytes, which the shell draws anew for each connection.
    pub fn from_random(random: [u8; 24]) -> Self {
        let mut text = String::from(UFRAG_PREFIX);
        data_encoding::BASE32_NOPAD.encode_append(&random, &mut text);
        Self(text)
    }

    /// Reads a fragment.
    ///
    /// # Errors
    /// [`SdpError::BadUfrag`] unless it starts with [`UFRAG_PREFIX`], continues with characters of
    /// ICE's alphabet and is at most 256 long.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        let is_ice_char = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        let random = text.strip_prefix(UFRAG_PREFIX).ok_or(SdpError::BadUfrag)?;
        if random.is_empty() || text.len() > UFRAG_LEN_MAX || !random.bytes().all(is_ice_char) {
            return Err(SdpError::BadUfrag);
        }
        Ok(Self(text.to_string()))
    }

    /// The fragment in the `USERNAME` attribute of a dialler's STUN request, `server:client`, where
    /// both halves are the same.
    ///
    /// # Errors
    /// [`SdpError::BadUfrag`] when the halves differ or are no such fragment.
    pub fn from_stun_username(username: &str) -> Result<Self, SdpError> {
        let (server, client) = username.split_once(':').ok_or(SdpError::BadUfrag)?;
        if server != client {
            return Err(SdpError::BadUfrag);
        }
        Self::parse(server)
    }

    /// The fragment's text; the password is the same.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a session description or fragment cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SdpError {
    /// Not a user fragment of libp2p's WebRTC, version 1.
    BadUfrag,
    /// The browser's offer lacks `a=ice-ufrag` or `a=ice-pwd`.
    NoCredentials,
    /// The browser's offer has no `a=fingerprint` with SHA-256.
    NoFingerprint,
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadUfrag => "not a user fragment of libp2p WebRTC, version 1",
            Self::NoCredentials => "session description has no ICE credentials",
            Self::NoFingerprint => "session description has no SHA-256 fingerprint",
        })
    }
}

impl core::error::Error for SdpError {}

/// The browser's own offer with `ufrag` as its user name and password, and the message limit set.
///
/// # Errors
/// [`SdpError::NoCredentials`] when the offer has none to replace.
pub fn munge_offer(offer: &str, ufrag: &Ufrag) -> Result<String, SdpError> {
    let (mut names, mut passwords, mut limits) = (0, 0, 0);
    let mut out = String::with_capacity(offer.len() + 128);
    for line in offer.lines() {
        if line.starts_with("a=ice-ufrag:") {
            names += 1;
            out += &format!("a=ice-ufrag:{}", ufrag.0);
        } else if line.starts_with("a=ice-pwd:") {
            passwords += 1;
            out += &format!("a=ice-pwd:{}", ufrag.0);
        } else if line.starts_with("a=max-message-size:") {
            limits += 1;
            out += &format!("a=max-message-size:{MESSAGE_LEN_MAX}");
        } else {
            out += line;
        }
        out += "\r\n";
    }
    if names == 0 || passwords == 0 {
        return Err(SdpError::NoCredentials);
    }
    if limits == 0 {
        // The data channel's section is the last and only one.
        out += &format!("a=max-message-size:{MESSAGE_LEN_MAX}\r\n");
    }
    Ok(out)
}

/// The listener's answer: an ICE-lite agent at `addr` with the certificate `fingerprint`, passive in
/// DTLS.
pub fn answer(addr: SocketAddr, fingerprint: &Fingerprint, ufrag: &Ufrag) -> String {
    let (version, ip, port) = match addr.ip() {
        IpAddr::V4(ip) => (4, ip.to_string(), addr.port()),
        IpAddr::V6(ip) => (6, ip.to_string(), addr.port()),
    };
    let (fingerprint, ufrag) = (fingerprint.to_sdp(), &ufrag.0);
    format!(
        "v=0\r\n\
         o=- 0 0 IN IP{version} {ip}\r\n\
         s=-\r\n\
         t=0 0\r\n\
         a=ice-lite\r\n\
         m=application {port} UDP/DTLS/SCTP webrtc-datachannel\r\n\
         c=IN IP{version} {ip}\r\n\
         a=mid:0\r\n\
         a=ice-options:ice2\r\n\
         a=ice-ufrag:{ufrag}\r\n\
         a=ice-pwd:{ufrag}\r\n\
         a=fingerprint:{fingerprint}\r\n\
         a=setup:passive\r\n\
         a=sctp-port:{SCTP_PORT}\r\n\
         a=max-message-size:{MESSAGE_LEN_MAX}\r\n\
         a=candidate:1 1 UDP 1 {ip} {port} typ host\r\n\
         a=end-of-candidates\r\n"
    )
}

/// The SHA-256 fingerprint in a session description; browsers without `getFingerprints` give theirs
/// only here.
///
/// # Errors
/// [`SdpError::NoFingerprint`] when there is none.
pub fn fingerprint(sdp: &str) -> Result<Fingerprint, SdpError> {
    sdp.lines()
        .filter_map(|line| line.strip_prefix("a=fingerprint:"))
        .find_map(|value| Fingerprint::from_sdp(value).ok())
        .ok_or(SdpError::NoFingerprint)
}
