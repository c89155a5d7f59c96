use aggregate::HeavyKey;
use alloc::{format, string::String, vec::Vec};
use codec::Instant;
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId, SealPublic};

/// Media type of a descriptor's payload.
const PAYLOAD_TYPE: &str = "application/vnd.formix.heavy+json";
/// Most heavy nodes that a node keeps descriptors of.
pub const HEAVY_NODES_MAX: usize = 64;
/// Milliseconds by which a descriptor may be dated ahead of the clock that reads it.
pub const DESCRIPTOR_AHEAD_MS_MAX: u64 = 10 * 60_000;
/// Longest payload, in bytes: what is accepted stays a readable envelope.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024;
/// Most addresses of one heavy node.
const ADDRESSES_MAX: usize = 16;

/// What a heavy node says of itself: the payload of a document that it signs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// Version of this document's format: 1.
    pub version: u32,
    /// The node.
    pub id: NodeId,
    /// The key that shares for it are sealed to. It never changes for one node.
    pub seal: SealPublic,
    /// Where it listens, as multiaddrs.
    pub addresses: Vec<String>,
    /// When it said so; a later word replaces an earlier one.
    pub issued: Instant,
}

/// Why a descriptor is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptorError {
    /// The signed document around it is not in order.
    Envelope(EnvelopeError),
    /// The payload is not the JSON of a descriptor within its bounds.
    Malformed {
        /// What is wrong.
        detail: String,
    },
    /// The node is known with another sealing key.
    OtherKey(NodeId),
    /// The heavy nodes given are not those that are pinned here.
    NotPinned {
        /// The stranger.
        found: NodeId,
    },
    /// Signed more than [`DESCRIPTOR_AHEAD_MS_MAX`] ahead of the clock here. It would outlast every later word.
    FromTheFuture {
        /// Whose.
        id: NodeId,
        /// By how much, in milliseconds.
        ahead_ms: u64,
    },
    /// More than [`HEAVY_NODES_MAX`].
    TooMany,
}

impl fmt::Display for DescriptorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not a heavy node's descriptor: {detail}"),
            Self::OtherKey(id) => write!(
                f,
                "heavy node …{} shows another sealing key than before; do not trust it until its operator explains",
                id.short()
            ),
            Self::NotPinned { found } => write!(
                f,
                "the host names heavy node …{}, which is not among those pinned when this node first met the network",
                found.short()
            ),
            Self::FromTheFuture { id, ahead_ms } => write!(
                f,
                "heavy node …{} dates its descriptor {} minutes from now; its clock or the one here is wrong",
                id.short(),
                ahead_ms / 60_000
            ),
            Self::TooMany => write!(f, "more than {HEAVY_NODES_MAX} heavy nodes"),
        }
    }
}

impl core::error::Error for DescriptorError {}

impl Descriptor {
    /// The descriptor as a document signed by its node.
    pub fn sign(&self, identity: &Identity) -> Envelope {
        let payload = serde_json::to_vec(self).expect("strings always serialise");
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(identity);
        envelope
    }

    /// Reads a descriptor that its node has signed.
    ///
    /// # Errors
    /// [`DescriptorError`].
    pub fn open(envelope: &Envelope) -> Result<Self, DescriptorError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(DescriptorError::Envelope)?;
        let malformed = |detail| DescriptorError::Malformed { detail };
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(malformed(format!("{} bytes, where {PAYLOAD_BYTES_MAX} are allowed", payload.len())));
        }
        let descriptor: Self =
            serde_json::from_slice(payload).map_err(|error| malformed(format!("{error}")))?;
        envelope.verify(PAYLOAD_TYPE, &[descriptor.id]).map_err(DescriptorError::Envelope)?;
        if descriptor.version != 1 {
            return Err(malformed(format!("version {} is unknown here", descriptor.version)));
        }
        if descriptor.addresses.len() > ADDRESSES_MAX || descriptor.addresses.iter().any(|a| a.len() > 512) {
            return Err(malformed(format!("more than {ADDRESSES_MAX} addresses, or a very long one")));
        }
        Ok(descriptor)
    }

    /// Reads a descriptor that its node has signed, and by `now` could have.
    ///
    /// # Errors
    /// [`DescriptorError`].
    pub fn open_at(envelope: &Envelope, now: Instant) -> Result<Self, DescriptorError> {
        let descriptor = Self::open(envelope)?;
        let ahead_ms = descriptor.issued.since_ms(now);
        if ahead_ms > DESCRIPTOR_AHEAD_MS_MAX {
            return Err(DescriptorError::FromTheFuture { id: descriptor.id, ahead_ms });
        }
        Ok(descriptor)
    }

    /// The node and its sealing key, as a proposal names them.
    pub const fn key(&self) -> HeavyKey {
        HeavyKey { id: self.id, seal: self.seal }
    }
}
