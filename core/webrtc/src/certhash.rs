//! A certificate's SHA-256 fingerprint in its spellings, and the Noise prologue made from two of them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use data_encoding::BASE64URL_NOPAD;

#[cfg(test)]
mod tests;

/// Multihash code and length of SHA-256.
const MULTIHASH_PREFIX: [u8; 2] = [0x12, 0x20];
/// Multibase prefix of unpadded base64url.
const MULTIBASE: char = 'u';
/// Length in bytes of a SHA-256 multihash.
pub const MULTIHASH_LEN: usize = 34;

const PROLOGUE_PREFIX: &[u8] = b"libp2p-webrtc-noise:";

/// The SHA-256 digest of a DTLS certificate in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Why text or bytes are not a SHA-256 fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FingerprintError {
    /// The digest is of another hash function; only SHA-256 is supported.
    UnsupportedHash,
    /// The multibase prefix is not `u` (unpadded base64url).
    UnsupportedBase,
    /// The text is not valid in its encoding, or the digest has the wrong length.
    Malformed,
}

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnsupportedHash => "certificate hash is not SHA-256",
            Self::UnsupportedBase => "certificate hash is not in base64url",
            Self::Malformed => "certificate hash is malformed",
        })
    }
}

impl core::error::Error for FingerprintError {}

impl Fingerprint {
    /// The multihash bytes: code, length, digest.
    pub fn to_multihash(&self) -> [u8; MULTIHASH_LEN] {
        let mut out = [0; MULTIHASH_LEN];
        out[..2].copy_from_slice(&MULTIHASH_PREFIX);
        out[2..].copy_from_slice(&self.0);
        out
    }

    /// Reads a multihash.
    ///
    /// # Errors
    /// [`FingerprintError::UnsupportedHash`] for another hash function, `Malformed` for a wrong length.
    pub fn from_multihash(bytes: &[u8]) -> Result<Self, FingerprintError> {
        match bytes.strip_prefix(&MULTIHASH_PREFIX) {
            Some(digest) => digest.try_into().map(Self).map_err(|_| FingerprintError::Malformed),
            None if bytes.first().is_some_and(|code| *code != 0x12) => Err(FingerprintError::UnsupportedHash),
            None => Err(FingerprintError::Malformed),
        }
    }

    /// The text in a multiaddress after `/certhash/`: `uEi…`.
    pub fn to_certhash(&self) -> String {
        let mut out = String::from(MULTIBASE);
        BASE64URL_NOPAD.encode_append(&self.to_multihash(), &mut out);
        out
    }

    /// Reads the text of a `/certhash/` component.
    ///
    /// # Errors
    /// See [`FingerprintError`].
    pub fn from_certhash(text: &str) -> Result<Self, FingerprintError> {
        let body = text.strip_prefix(MULTIBASE).ok_or(FingerprintError::UnsupportedBase)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| FingerprintError::Malformed)?;
        Self::from_multihash(&bytes)
    }

    /// The value of an SDP `a=fingerprint:` attribute: `sha-256 AA:BB:…` (RFC 8122, section 5).
    pub fn to_sdp(&self) -> String {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let mut out = String::from("sha-256");
        for (at, byte) in self.0.iter().enumerate() {
            out.push(if at == 0 { ' ' } else { ':' });
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        out
    }

    /// Reads the value of an SDP `a=fingerprint:` attribute, or a browser's pair of algorithm and
    /// value joined by a space. Upper and lower case are read alike.
    ///
    /// # Errors
    /// See [`FingerprintError`].
    pub fn from_sdp(text: &str) -> Result<Self, FingerprintError> {
        let (algorithm, value) = text.trim().split_once(' ').ok_or(FingerprintError::Malformed)?;
        if !algorithm.eq_ignore_ascii_case("sha-256") {
            return Err(FingerprintError::UnsupportedHash);
        }
        let mut digest = [0; 32];
        let mut pairs = value.trim().split(':');
        for byte in &mut digest {
            let pair = pairs.next().ok_or(FingerprintError::Malformed)?;
            // `from_str_radix` alone would also take a sign.
            if pair.len() != 2 || !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(FingerprintError::Malformed);
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| FingerprintError::Malformed)?;
        }
        match pairs.next() {
            None => Ok(Self(digest)),
            Some(_) => Err(FingerprintError::Malformed),
        }
    }
}

/// The prologue that both sides mix into the Noise handshake over channel 0, so that a party in the
/// middle with certificates of its own fails it. `client` dialled; `server` starts the handshake.
pub fn noise_prologue(client: &Fingerprint, server: &Fingerprint) -> Vec<u8> {
    let mut out = Vec::with_capacity(PROLOGUE_PREFIX.len() + 2 * MULTIHASH_LEN);
    out.extend_from_slice(PROLOGUE_PREFIX);
    out.extend_from_slice(&client.to_multihash());
    out.extend_from_slice(&server.to_multihash());
    out
}
