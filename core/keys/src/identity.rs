use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::ContentId;
use core::{fmt, str::FromStr};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Before the 32 key bytes in a peer id: identity multihash of 36 bytes, then the protobuf fields
/// `Type = Ed25519` and `Data` of 32 bytes.
const PEER_ID_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// What a signature is for. The name is signed with the message, so no signature passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Domain {
    /// A heavy node's commitment to an agreed set of reports.
    Commit,
    /// A heavy node's sum of its shares over the agreed set.
    Partial,
    /// The ids of the reports that a heavy node holds.
    Offer,
}

/// What a secret that follows from an identity is for. Secrets for different purposes are independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Derived {
    /// A heavy node's part in a verify key.
    VerifySeed,
    /// Weights for a check of many reports at once.
    Weights,
}

impl Derived {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::VerifySeed => b"formix/verify-seed/1\0",
            Self::Weights => b"formix/weights/1\0",
        }
    }
}

impl Domain {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Commit => b"formix/commit/1\0",
            Self::Partial => b"formix/partial/1\0",
            Self::Offer => b"formix/offer/1\0",
        }
    }

    fn bytes(self, message: &[u8]) -> Vec<u8> {
        [self.name(), message].concat()
    }
}

/// A node's name: its Ed25519 public key. The text form is its libp2p peer id (`12D3KooW…`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct NodeId([u8; 32]);

/// The text or bytes are not the peer id of an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeIdError;

impl fmt::Display for NodeIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a node id: expected the peer id of an Ed25519 key, `12D3KooW…`")
    }
}

impl core::error::Error for NodeIdError {}

impl NodeId {
    /// The node whose public key is `key`. The key may still be no point of the curve; then no
    /// signature of that node verifies.
    pub const fn from_public_key(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The Ed25519 public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// The libp2p peer id in bytes: an identity multihash of the protobuf-encoded public key.
    pub fn to_peer_id_bytes(&self) -> [u8; 38] {
        let mut bytes = [0; 38];
        bytes[..6].copy_from_slice(&PEER_ID_PREFIX);
        bytes[6..].copy_from_slice(&self.0);
        bytes
    }

    /// Reads a libp2p peer id.
    ///
    /// # Errors
    /// [`NodeIdError`] for every peer id but one that carries an Ed25519 key in full.
    pub fn from_peer_id_bytes(bytes: &[u8]) -> Result<Self, NodeIdError> {
        let key = bytes.strip_prefix(&PEER_ID_PREFIX).ok_or(NodeIdError)?;
        Ok(Self(key.try_into().map_err(|_| NodeIdError)?))
    }

    /// The last characters, which tell nodes apart for a person.
    pub fn short(&self) -> String {
        let text = self.to_string();
        text[text.len() - 6..].into()
    }

    /// Whether `signature` is this node's over `message`, made for `domain`.
    pub fn verify(&self, domain: Domain, message: &[u8], signature: &[u8; 64]) -> bool {
        self.verify_bytes(&domain.bytes(message), signature)
    }

    pub(crate) fn verify_bytes(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0)
            .and_then(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)))
            .is_ok()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.to_peer_id_bytes()).into_string())
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        let mut bytes = [0; 38];
        match bs58::decode(text).onto(&mut bytes) {
            Ok(38) => Self::from_peer_id_bytes(&bytes),
            _ => Err(NodeIdError),
        }
    }
}

impl serde::Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A node's secret signing key. Wiped from memory on drop; `Debug` shows the public half only.
#[derive(Clone)]
pub struct Identity(SigningKey);

impl Identity {
    /// The identity of a 32-byte secret seed, which the shell draws once and keeps.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The secret seed, for the shell to keep and to hand to its transport.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public name.
    pub fn id(&self) -> NodeId {
        NodeId(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` for one purpose.
    pub fn sign(&self, domain: Domain, message: &[u8]) -> [u8; 64] {
        self.sign_bytes(&domain.bytes(message))
    }

    /// A secret of 32 bytes for `purpose`, the same each time for the same `context`: what is shown of it tells nothing about the
    /// identity or other secrets (HMAC-SHA-256, RFC 2104, under the secret seed).
    pub fn derive(&self, purpose: Derived, context: &[u8]) -> [u8; 32] {
        let seed = self.seed();
        let pad = |with: u8| {
            let mut block = [with; 64];
            block.iter_mut().zip(seed).for_each(|(block, byte)| *block ^= byte);
            block
        };
        let inner = ContentId::of(&[pad(0x36).as_slice(), purpose.name(), context].concat());
        *ContentId::of(&[pad(0x5c).as_slice(), inner.digest()].concat()).digest()
    }

    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.id())
    }
}
