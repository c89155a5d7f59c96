use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};
use core::{fmt, str::FromStr};
use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// CIDv1, raw codec, sha2-256 multihash of 32 bytes.
const PREFIX: [u8; 4] = [0x01, 0x55, 0x12, 0x20];

/// Name of some bytes by their content: their SHA-256, written as a CIDv1 (`bafkrei…`).
///
/// The bare digest goes into borsh values; the text form is the multiformats CID of the same bytes with
/// the raw codec, so that any CID tool recognises it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct ContentId([u8; 32]);

/// The text is not a CIDv1 of raw bytes under SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentIdError;

impl fmt::Display for ContentIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a content id: expected 59 characters that begin with `bafkrei`")
    }
}

impl core::error::Error for ContentIdError {}

impl ContentId {
    /// The id of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The id whose SHA-256 digest is `digest`.
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The SHA-256 digest.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first characters that tell ids apart for a person.
    pub fn short(&self) -> String {
        use alloc::string::ToString;
        let text = self.to_string();
        // The prefix `bafkrei` is common to all.
        text[7..15].into()
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 36];
        bytes[..4].copy_from_slice(&PREFIX);
        bytes[4..].copy_from_slice(&self.0);
        let mut text = BASE32_NOPAD.encode(&bytes);
        text.make_ascii_lowercase();
        write!(f, "b{text}")
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for ContentId {
    type Err = ContentIdError;

    fn from_str(text: &str) -> Result<Self, ContentIdError> {
        let body = text.strip_prefix('b').ok_or(ContentIdError)?;
        if body.len() != 58 || body.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(ContentIdError);
        }
        let bytes = BASE32_NOPAD.decode(body.to_ascii_uppercase().as_bytes()).map_err(|_| ContentIdError)?;
        let digest = bytes.strip_prefix(&PREFIX).ok_or(ContentIdError)?;
        Ok(Self(digest.try_into().map_err(|_| ContentIdError)?))
    }
}

impl serde::Serialize for ContentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ContentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
