//! That a heavy node lied about its sums: a document that convicts it by its own two signatures.
//!
//! With `rep64` each report commits to its components. Before any sum is released, each heavy node signs the agreed set together
//! with the sums of these commitments ([`Commitment::sums`]). A sum of shares that it signs afterwards either opens them or
//! contradicts its own word; the others' reports, secrets and good faith play no part. So the evidence is as small for a million
//! reports as for three.
//!
//! Anybody checks it with the proposal alone: both signatures are Ed25519 by the accused, over
//! `"formix/commit/1\0"` and [`Commitment::bytes`], and over `"formix/partial/1\0"` and
//! [`partial_bytes`]; the equation is that of [`vdaf::Instance::check_aggregate`].

use crate::{
    Proposal, ProposalError,
    message::{Commitment, partial_bytes},
};
use alloc::{format, string::String, vec::Vec};
use codec::ContentId;
use core::fmt;
use keys::{Domain, Envelope, EnvelopeError, Identity, NodeId};
use vdaf::{Commitments, Instance};

/// Media type of the evidence's payload.
pub const EVIDENCE_TYPE: &str = "application/vnd.formix.evidence+json";

/// The payload of a document that one heavy node signs about another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Version of this document's format: 1.
    pub version: u32,
    /// Which computation.
    pub computation: ContentId,
    /// Who lied.
    pub accused: NodeId,
    /// Who says so, and signs.
    pub accuser: NodeId,
    /// Whose holdings were intersected: one bit for each place in the proposal's `heavy`.
    pub cohort: u8,
    /// Digest of the ids of the reports in the set.
    pub set: ContentId,
    /// Their number.
    pub participants: u32,
    /// Reports left out as invalid.
    pub rejected: u32,
    /// Sums of the reports' commitments: their number (4 bytes, little-endian), then a ristretto255 point for each of the three components.
    #[serde(with = "base64")]
    pub commitments: Vec<u8>,
    /// The accused's signature under the five fields above.
    #[serde(with = "base64")]
    pub commit_signature: Vec<u8>,
    /// What the accused says its sums are: their number of reports (4 bytes), then the sums of its first and its second component (16 bytes each
    /// number, little-endian), then the two sums of blindings (ristretto255 scalars).
    #[serde(with = "base64")]
    pub sum: Vec<u8>,
    /// The accused's signature under set and sum.
    #[serde(with = "base64")]
    pub sum_signature: Vec<u8>,
}

/// Why a document is no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The proposal itself is not in order.
    Proposal(ProposalError),
    /// The document is not signed by its accuser.
    Envelope(EnvelopeError),
    /// The payload is not the JSON of evidence.
    Malformed {
        /// The reader's words, with line and column.
        detail: String,
    },
    /// It speaks of another computation, or of strangers to it.
    OtherComputation,
    /// The accused has not signed what it is accused of.
    NotSigned {
        /// What.
        what: &'static str,
    },
    /// What the accused signed fits together: it did not lie.
    NoLie,
}

impl fmt::Display for EvidenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal(error) => write!(f, "the proposal: {error}"),
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not evidence: {detail}"),
            Self::OtherComputation => f.write_str("evidence about another computation"),
            Self::NotSigned { what } => write!(f, "the accused heavy node has not signed {what}"),
            Self::NoLie => f.write_str("what the accused heavy node signed fits together: it did not lie"),
        }
    }
}

impl core::error::Error for EvidenceError {}

/// What a heavy node said, with its signatures.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) commitment: Commitment,
    pub(crate) commit_signature: [u8; 64],
    pub(crate) sum: Vec<u8>,
    pub(crate) sum_signature: [u8; 64],
}

impl Evidence {
    /// The document by which `accuser` shows that `accused` said this.
    pub(crate) fn sign(computation: ContentId, accused: NodeId, said: Said, accuser: &Identity) -> Envelope {
        let Said { commitment, commit_signature, sum, sum_signature } = said;
        let evidence = Self {
            version: 1,
            computation,
            accused,
            accuser: accuser.id(),
            cohort: commitment.cohort,
            set: commitment.set,
            participants: commitment.participants,
            rejected: commitment.rejected,
            commitments: commitment.sums,
            commit_signature: commit_signature.to_vec(),
            sum,
            sum_signature: sum_signature.to_vec(),
        };
        let payload = serde_json::to_vec(&evidence).expect("strings and numbers serialise");
        let mut envelope = Envelope::new(EVIDENCE_TYPE, payload);
        envelope.sign(accuser);
        envelope
    }
}

/// Whether the heavy node at `role` contradicts by `sum` the commitments that it signed. A sum that cannot be read does, too.
pub(crate) fn contradicts(instance: &Instance, role: usize, commitment: &Commitment, sum: &[u8]) -> bool {
    let Ok(commitments) = Commitments::decode(&commitment.sums) else { return true };
    let Ok(aggregate) = instance.decode_aggregate(role, sum) else { return true };
    let verdicts = instance.check_aggregate(&commitments, &aggregate);
    commitment.participants != aggregate.reports()
        || !verdicts.is_ok_and(|verdicts| verdicts.iter().all(|verdict| verdict.opens))
}

/// Verifies evidence against the computation's proposal: what its accuser and its accused signed, and that the latter
/// contradicts itself.
///
/// # Errors
/// [`EvidenceError`].
pub fn verify(proposal: &Envelope, evidence: &Envelope) -> Result<Evidence, EvidenceError> {
    let (id, proposal) = Proposal::open(proposal).map_err(EvidenceError::Proposal)?;
    let found: Evidence = serde_json::from_slice(&evidence.payload)
        .map_err(|error| EvidenceError::Malformed { detail: format!("{error}") })?;
    if found.version != 1 {
        let detail = format!("version {} is unknown here", found.version);
        return Err(EvidenceError::Malformed { detail });
    }
    evidence.verify(EVIDENCE_TYPE, &[found.accuser]).map_err(EvidenceError::Envelope)?;
    let role = proposal.role(found.accused).ok_or(EvidenceError::OtherComputation)?;
    if found.computation != id || proposal.role(found.accuser).is_none() || !proposal.scheme.names_liars() {
        return Err(EvidenceError::OtherComputation);
    }
    let commitment = Commitment {
        cohort: found.cohort,
        set: found.set,
        participants: found.participants,
        rejected: found.rejected,
        sums: found.commitments.clone(),
    };
    let signed = |domain, bytes: &[u8], signature: &[u8]| {
        signature.try_into().is_ok_and(|signature| found.accused.verify(domain, bytes, signature))
    };
    if !signed(Domain::Commit, &commitment.bytes(id), &found.commit_signature) {
        return Err(EvidenceError::NotSigned { what: "this set and these commitments" });
    }
    if !signed(Domain::Partial, &partial_bytes(id, found.set, &found.sum), &found.sum_signature) {
        return Err(EvidenceError::NotSigned { what: "this sum" });
    }
    let instance = proposal.instance().map_err(EvidenceError::Proposal)?;
    if contradicts(&instance, role, &commitment, &found.sum) { Ok(found) } else { Err(EvidenceError::NoLie) }
}

/// Standard base64 with padding.
mod base64 {
    use alloc::{string::String, vec::Vec};
    use data_encoding::BASE64;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map_err(|_| D::Error::custom("not base64"))
    }
}
