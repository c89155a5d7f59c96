use crate::{Identity, NodeId};
use alloc::{format, string::String, vec::Vec};
use core::fmt;
use data_encoding::BASE64;

/// A signed document: DSSE 1.0 in its JSON form.
///
/// The signature covers the pre-authentication encoding of type and payload bytes, so a verifier in any
/// language checks bytes and never canonicalises JSON. `keyid` is the signer's node id.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// Media type of the payload.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The payload's bytes.
    #[serde(with = "base64")]
    pub payload: Vec<u8>,
    /// Who signed.
    pub signatures: Vec<Signature>,
}

/// One signature in an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The signer.
    pub keyid: NodeId,
    /// Ed25519 over the envelope's pre-authentication encoding, 64 bytes.
    #[serde(with = "base64")]
    pub sig: Vec<u8>,
}

/// Why a document is not accepted as signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Longer than [`Envelope::BYTES_MAX`].
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// Not a DSSE envelope in JSON.
    Malformed {
        /// Line of the JSON text, from 1.
        line: usize,
        /// Column of the JSON text, from 1.
        column: usize,
    },
    /// More signatures than [`Envelope::SIGNATURES_MAX`], or one signer twice.
    Signatures,
    /// The payload is of another type than the one that was expected.
    Type {
        /// The type found, cut at 64 characters.
        found: String,
    },
    /// This signer's signature is missing.
    Unsigned(NodeId),
    /// This signer's signature does not verify.
    BadSignature(NodeId),
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => {
                write!(f, "a signed document of {len} bytes; at most {} are read", Envelope::BYTES_MAX)
            }
            Self::Malformed { line, column } => {
                write!(f, "not a DSSE envelope in JSON (line {line}, column {column})")
            }
            Self::Signatures => {
                write!(f, "more than {} signatures, or a signer twice", Envelope::SIGNATURES_MAX)
            }
            Self::Type { found } => write!(f, "a document of the unexpected type `{found}`"),
            Self::Unsigned(id) => write!(f, "not signed by {id}"),
            Self::BadSignature(id) => write!(f, "the signature of {id} does not fit the document"),
        }
    }
}

impl core::error::Error for EnvelopeError {}

impl Envelope {
    /// Longest JSON text that [`Envelope::from_json`] reads, in bytes.
    pub const BYTES_MAX: usize = 512 * 1024;
    /// Most signatures that an envelope may carry.
    pub const SIGNATURES_MAX: usize = 8;

    /// An envelope that nobody has signed yet.
    pub fn new(payload_type: &str, payload: Vec<u8>) -> Self {
        Self { payload_type: payload_type.into(), payload, signatures: Vec::new() }
    }

    /// Adds `identity`'s signature, in place of an earlier one of the same signer.
    pub fn sign(&mut self, identity: &Identity) {
        let sig = identity.sign_bytes(&self.pre_authentication()).to_vec();
        self.attach(Signature { keyid: identity.id(), sig });
    }

    /// Adds a signature made elsewhere, in place of an earlier one of the same signer. It is not
    /// verified here.
    pub fn attach(&mut self, signature: Signature) {
        self.signatures.retain(|other| other.keyid != signature.keyid);
        self.signatures.push(signature);
        // By insertion: they are few, and the library's sort of them would take 30 KB of the page.
        for end in 1..self.signatures.len() {
            let mut at = end;
            while at > 0 && self.signatures[at - 1].keyid > self.signatures[at].keyid {
                self.signatures.swap(at - 1, at);
                at -= 1;
            }
        }
    }

    /// The signature of `signer`, where there is one. It is not verified here.
    pub fn signature_of(&self, signer: NodeId) -> Option<&Signature> {
        self.signatures.iter().find(|signature| signature.keyid == signer)
    }

    /// Checks that the payload is of `payload_type` and that each of `signers` signed it; gives the
    /// payload. Signatures of others are ignored.
    ///
    /// # Errors
    /// The first [`EnvelopeError`] met.
    pub fn verify(&self, payload_type: &str, signers: &[NodeId]) -> Result<&[u8], EnvelopeError> {
        if self.payload_type != payload_type {
            return Err(EnvelopeError::Type { found: self.payload_type.chars().take(64).collect() });
        }
        let bytes = self.pre_authentication();
        for signer in signers {
            let signature = self.signature_of(*signer).ok_or(EnvelopeError::Unsigned(*signer))?;
            let valid = <&[u8; 64]>::try_from(signature.sig.as_slice())
                .is_ok_and(|sig| signer.verify_bytes(&bytes, sig));
            if !valid {
                return Err(EnvelopeError::BadSignature(*signer));
            }
        }
        Ok(&self.payload)
    }

    /// DSSE's `PAE(type, payload)`, the bytes that are signed.
    pub fn pre_authentication(&self) -> Vec<u8> {
        let head =
            format!("DSSEv1 {} {} {} ", self.payload_type.len(), self.payload_type, self.payload.len());
        [head.as_bytes(), &self.payload].concat()
    }

    /// The JSON form, in which a document leaves the network.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and bytes always serialise")
    }

    /// Reads the JSON form. No signature is verified here.
    ///
    /// # Errors
    /// [`EnvelopeError::TooLong`], [`EnvelopeError::Malformed`] or [`EnvelopeError::Signatures`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(EnvelopeError::TooLong { len: bytes.len() });
        }
        let envelope: Self = serde_json::from_slice(bytes)
            .map_err(|error| EnvelopeError::Malformed { line: error.line(), column: error.column() })?;
        let signatures = &envelope.signatures;
        let twice = (1..signatures.len())
            .any(|at| signatures[..at].iter().any(|earlier| earlier.keyid == signatures[at].keyid));
        if signatures.len() > Self::SIGNATURES_MAX || twice {
            return Err(EnvelopeError::Signatures);
        }
        Ok(envelope)
    }
}

/// Standard base64 with padding, as DSSE's examples write it; the URL-safe alphabet is read too, as
/// DSSE asks of a reader.
mod base64 {
    use super::{BASE64, String, Vec};
    use data_encoding::BASE64URL;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64
            .decode(text.as_bytes())
            .or_else(|_| BASE64URL.decode(text.as_bytes()))
            .map_err(|_| D::Error::custom("not base64"))
    }
}
