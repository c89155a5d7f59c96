//! How a computation ends: a result that all three heavy nodes signed, or a heavy node's signed refusal.
//!
//! Both are DSSE documents over JSON that anybody verifies with the proposal at hand. A result
//! supersedes a refusal: a heavy node that gave up before the others' signatures reached it says so at
//! the time, and takes the result when it comes.

use crate::{Proposal, ProposalError, contribution, fixed};
use alloc::{format, string::String, vec::Vec};
use codec::ContentId;
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};

/// Media type of a result's payload.
pub const RESULT_TYPE: &str = "application/vnd.formix.result+json";
/// Media type of a refusal's payload.
pub const REFUSAL_TYPE: &str = "application/vnd.formix.refusal+json";
/// Decimals that a mean has beyond its field's.
const MEAN_DECIMALS: u8 = 6;

/// A computation's total: the payload of a document that its three heavy nodes sign.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Version of this document's format: 1.
    pub version: u32,
    /// Which computation.
    pub computation: ContentId,
    /// How many reports are in the total.
    pub participants: u32,
    /// Digest of the ids of these reports, ascending.
    pub set: ContentId,
    /// How many records had a value.
    pub records: u64,
    /// The sum over these records, a decimal number, exact.
    pub sum: String,
    /// The sum divided by the records, rounded half to even; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<String>,
}

/// Why a computation has no result.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RefusalReason {
    /// A heavy node did not accept the proposal.
    NotAccepted {
        /// Which.
        heavy: NodeId,
        /// Its words.
        why: String,
    },
    /// Fewer reports reached all three heavy nodes than the proposal asks for.
    TooFew {
        /// Reports that all three hold, or that this one holds where it had no need to ask the others.
        participants: u32,
        /// Reports asked for.
        participants_min: u32,
    },
    /// Of the reports that this heavy node holds, the others say that they lack most.
    Shrunk {
        /// Reports that all three hold.
        participants: u32,
        /// Reports that this heavy node holds.
        held: u32,
    },
    /// Heavy nodes did not answer in time.
    HeavyMissing {
        /// Which.
        heavy: Vec<NodeId>,
        /// What was awaited.
        awaited: String,
    },
    /// A heavy node's word does not fit the others', or breaks the protocol.
    HeavyDisagrees {
        /// Which.
        heavy: NodeId,
        /// About what.
        about: String,
    },
    /// Another heavy node refused first.
    HeavyRefused {
        /// Which.
        heavy: NodeId,
        /// The code of its reason.
        reason: String,
    },
    /// This heavy node was not running while it had to decide.
    Expired,
}

impl RefusalReason {
    /// The reason's code in the document.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAccepted { .. } => "not-accepted",
            Self::TooFew { .. } => "too-few",
            Self::Shrunk { .. } => "shrunk",
            Self::HeavyMissing { .. } => "heavy-missing",
            Self::HeavyDisagrees { .. } => "heavy-disagrees",
            Self::HeavyRefused { .. } => "heavy-refused",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepted { heavy, why } => {
                write!(f, "heavy node …{} did not accept the proposal: {why}", heavy.short())
            }
            Self::TooFew { participants, participants_min } => write!(
                f,
                "{participants} answers reached all three heavy nodes, and {participants_min} are needed"
            ),
            Self::Shrunk { participants, held } => write!(
                f,
                "only {participants} of the {held} answers held here are held by all three heavy nodes, which \
                 would leave too few people among whom to hide"
            ),
            Self::HeavyMissing { heavy, awaited } => {
                f.write_str("no answer in time from")?;
                heavy.iter().try_for_each(|heavy| write!(f, " …{}", heavy.short()))?;
                write!(f, " ({awaited})")
            }
            Self::HeavyDisagrees { heavy, about } => {
                write!(f, "heavy node …{} disagrees about {about}", heavy.short())
            }
            Self::HeavyRefused { heavy, reason } => {
                write!(f, "heavy node …{} refused first ({reason})", heavy.short())
            }
            Self::Expired => f.write_str("this heavy node was not running when it had to decide"),
        }
    }
}

/// A heavy node's statement that it has no result: the payload of a document that it signs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Version of this document's format: 1.
    pub version: u32,
    /// Which computation.
    pub computation: ContentId,
    /// Who refuses, and signs.
    pub heavy: NodeId,
    /// Why.
    pub reason: RefusalReason,
}

/// A verified end of a computation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verified {
    /// All three heavy nodes signed this total.
    Result(Outcome),
    /// This heavy node of the computation signed this refusal.
    Refusal(Refusal),
}

/// Why a document is not an end of the computation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proposal itself is not in order.
    Proposal(ProposalError),
    /// The document is not signed as it must be.
    Envelope(EnvelopeError),
    /// The payload is not the JSON that its type says.
    Malformed {
        /// The reader's words, with line and column.
        detail: String,
    },
    /// The document speaks of another computation, or a stranger signed it.
    OtherComputation,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal(error) => write!(f, "the proposal: {error}"),
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not a result or refusal: {detail}"),
            Self::OtherComputation => f.write_str("a document of another computation"),
        }
    }
}

impl core::error::Error for VerifyError {}

impl Outcome {
    /// The total of `vector` over the agreed set.
    pub fn new(
        computation: ContentId,
        proposal: &Proposal,
        set: ContentId,
        participants: u32,
        vector: &[u64],
    ) -> Self {
        debug_assert_eq!(vector.len(), contribution::LEN, "sum and count");
        let (units, records) = (i128::from(vector[0] as i64), vector[1]);
        Self {
            version: 1,
            computation,
            participants,
            set,
            records,
            sum: fixed::format(units, proposal.decimals),
            mean: fixed::mean(units, records, proposal.decimals, MEAN_DECIMALS),
        }
    }

    /// The document, not yet signed. Equal totals give equal bytes.
    pub fn envelope(&self) -> Envelope {
        Envelope::new(RESULT_TYPE, serde_json::to_vec(self).expect("strings and numbers serialise"))
    }
}

impl Refusal {
    /// The document, signed by `heavy`.
    pub fn sign(computation: ContentId, reason: RefusalReason, heavy: &Identity) -> Envelope {
        let refusal = Self { version: 1, computation, heavy: heavy.id(), reason };
        let payload = serde_json::to_vec(&refusal).expect("strings and numbers serialise");
        let mut envelope = Envelope::new(REFUSAL_TYPE, payload);
        envelope.sign(heavy);
        envelope
    }

    /// Reads a refusal that `heavy` signed about `computation`.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn open(envelope: &Envelope, computation: ContentId, heavy: NodeId) -> Result<Self, VerifyError> {
        let payload = envelope.verify(REFUSAL_TYPE, &[heavy]).map_err(VerifyError::Envelope)?;
        let refusal: Self = serde_json::from_slice(payload)
            .map_err(|error| VerifyError::Malformed { detail: format!("{error}") })?;
        if refusal.computation != computation || refusal.heavy != heavy {
            return Err(VerifyError::OtherComputation);
        }
        version_one(refusal.version)?;
        Ok(refusal)
    }
}

fn version_one(version: u32) -> Result<(), VerifyError> {
    if version == 1 {
        Ok(())
    } else {
        Err(VerifyError::Malformed { detail: format!("version {version} is unknown here") })
    }
}

/// Verifies the end of a computation against its proposal: a result with all three heavy nodes'
/// signatures, or a refusal with that of one of them. Whether these heavy nodes deserve trust is for the
/// caller to know.
///
/// # Errors
/// [`VerifyError`].
pub fn verify(proposal: &Envelope, end: &Envelope) -> Result<Verified, VerifyError> {
    let (id, proposal) = Proposal::open(proposal).map_err(VerifyError::Proposal)?;
    if end.payload_type == REFUSAL_TYPE {
        let signer = end.signatures.first().map(|signature| signature.keyid);
        let heavy =
            signer.filter(|signer| proposal.role(*signer).is_some()).ok_or(VerifyError::OtherComputation)?;
        return Refusal::open(end, id, heavy).map(Verified::Refusal);
    }
    let heavy: Vec<NodeId> = proposal.heavy.iter().map(|key| key.id).collect();
    let payload = end.verify(RESULT_TYPE, &heavy).map_err(VerifyError::Envelope)?;
    let outcome: Outcome = serde_json::from_slice(payload)
        .map_err(|error| VerifyError::Malformed { detail: format!("{error}") })?;
    if outcome.computation != id {
        return Err(VerifyError::OtherComputation);
    }
    version_one(outcome.version)?;
    Ok(Verified::Result(outcome))
}
