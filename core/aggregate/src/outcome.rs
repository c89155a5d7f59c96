//! How a computation ends: a result that its heavy nodes signed, or a heavy node's signed refusal.
//!
//! Both are DSSE documents over JSON that anybody verifies with the proposal at hand. A result
//! supersedes a refusal: a heavy node that gave up before the others' signatures reached it says so at
//! the time, and takes the result when it comes.

use crate::{Proposal, ProposalError, message::Commitment, proposal::HEAVY};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::ContentId;
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};
use query::{Answer, Plan, TotalsError};
use vdaf::Scheme;

/// Media type of a result's payload.
pub const RESULT_TYPE: &str = "application/vnd.formix.result+json";
/// Media type of a refusal's payload.
pub const REFUSAL_TYPE: &str = "application/vnd.formix.refusal+json";
/// Version of a result's format.
pub const VERSION: u32 = 2;

/// A computation's result: the payload of a document that its heavy nodes sign. It follows from the computation, the agreed
/// set and the totals alone, so that every honest heavy node signs the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Version of this document's format: [`VERSION`].
    pub version: u32,
    /// Which computation.
    pub computation: ContentId,
    /// How measurements were shared.
    pub scheme: Scheme,
    /// How many reports are in the totals.
    pub participants: u32,
    /// How many reports were left out since their shares are invalid.
    pub rejected: u32,
    /// Digest of the ids of the reports in the totals, ascending.
    pub set: ContentId,
    /// The heavy nodes that hold every report of the set: all three, or with `rep64` two where the third was lost.
    pub cohort: Vec<NodeId>,
    /// The totals of the measurement's components, decimal integers.
    pub totals: Vec<String>,
    /// What the totals say.
    pub answer: Answer,
}

/// Why a computation has no result.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case", try_from = "Fields")]
#[non_exhaustive]
pub enum RefusalReason {
    /// A heavy node did not accept the proposal.
    NotAccepted {
        /// Which.
        heavy: NodeId,
        /// Its words.
        why: String,
    },
    /// Fewer valid reports reached all heavy nodes than the proposal asks for.
    TooFew {
        /// Reports that all hold, or that this one holds where it had no need to ask the others.
        participants: u32,
        /// Reports asked for.
        participants_min: u32,
    },
    /// Of the reports that this heavy node holds, most are lacking at the others or invalid.
    Shrunk {
        /// Valid reports that all hold.
        participants: u32,
        /// Reports that this heavy node holds.
        held: u32,
    },
    /// The participants are so nearly those of an earlier computation about the same fields that the two results together would
    /// tell about a few people.
    Differencing {
        /// The earlier computation.
        computation: ContentId,
        /// How many people are in one of the two and not in the other.
        differs_by: u32,
    },
    /// So few values stand behind a total that it would tell them.
    FewValues {
        /// How many.
        values: u32,
        /// Of which category, in a group.
        #[serde(skip_serializing_if = "Option::is_none")]
        category: Option<String>,
    },
    /// The totals are none that participants can reach: somebody's numbers were wrong.
    Impossible {
        /// What is wrong with them.
        why: String,
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
    /// Its proposer took it back before this heavy node closed.
    Cancelled,
    /// This heavy node was not running while it had to decide.
    Expired,
}

/// The JSON of a [`RefusalReason`]: the fields of all reasons. Read so, it takes a third of the code that a reader for
/// each takes, and a page loads it.
#[derive(Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    code: String,
    heavy: Option<OneOrMany>,
    why: Option<String>,
    participants: Option<u32>,
    participants_min: Option<u32>,
    held: Option<u32>,
    computation: Option<ContentId>,
    differs_by: Option<u32>,
    values: Option<u32>,
    category: Option<String>,
    awaited: Option<String>,
    about: Option<String>,
    reason: Option<String>,
}

/// A heavy node, or several.
#[derive(PartialEq)]
enum OneOrMany {
    One(NodeId),
    Many(Vec<NodeId>),
}

impl<'de> serde::Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> serde::de::Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node's id, or several")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        text.parse().map(OneOrMany::One).map_err(E::custom)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
        let mut many = Vec::new();
        while let Some(id) = list.next_element()? {
            many.push(id);
        }
        Ok(OneOrMany::Many(many))
    }
}

impl TryFrom<Fields> for RefusalReason {
    type Error = &'static str;

    fn try_from(mut fields: Fields) -> Result<Self, &'static str> {
        fn need<T>(field: &mut Option<T>) -> Result<T, &'static str> {
            field.take().ok_or("a field of the reason is missing")
        }
        let one = |heavy: &mut Option<OneOrMany>| match heavy.take() {
            Some(OneOrMany::One(id)) => Ok(id),
            _ => Err("`heavy` is not one node's id"),
        };
        let code = core::mem::take(&mut fields.code);
        let reason = match code.as_str() {
            "not-accepted" => {
                Self::NotAccepted { heavy: one(&mut fields.heavy)?, why: need(&mut fields.why)? }
            }
            "too-few" => Self::TooFew {
                participants: need(&mut fields.participants)?,
                participants_min: need(&mut fields.participants_min)?,
            },
            "shrunk" => {
                Self::Shrunk { participants: need(&mut fields.participants)?, held: need(&mut fields.held)? }
            }
            "differencing" => Self::Differencing {
                computation: need(&mut fields.computation)?,
                differs_by: need(&mut fields.differs_by)?,
            },
            "few-values" => {
                Self::FewValues { values: need(&mut fields.values)?, category: fields.category.take() }
            }
            "impossible" => Self::Impossible { why: need(&mut fields.why)? },
            "heavy-missing" => match fields.heavy.take() {
                Some(OneOrMany::Many(heavy)) => {
                    Self::HeavyMissing { heavy, awaited: need(&mut fields.awaited)? }
                }
                _ => return Err("`heavy` is not a list of nodes' ids"),
            },
            "heavy-disagrees" => {
                Self::HeavyDisagrees { heavy: one(&mut fields.heavy)?, about: need(&mut fields.about)? }
            }
            "heavy-refused" => {
                Self::HeavyRefused { heavy: one(&mut fields.heavy)?, reason: need(&mut fields.reason)? }
            }
            "cancelled" => Self::Cancelled,
            "expired" => Self::Expired,
            _ => return Err("a reason that this version does not know"),
        };
        if fields == Fields::default() { Ok(reason) } else { Err("a field that the reason has not") }
    }
}

impl RefusalReason {
    /// The reason's code in the document.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAccepted { .. } => "not-accepted",
            Self::TooFew { .. } => "too-few",
            Self::Shrunk { .. } => "shrunk",
            Self::Differencing { .. } => "differencing",
            Self::FewValues { .. } => "few-values",
            Self::Impossible { .. } => "impossible",
            Self::HeavyMissing { .. } => "heavy-missing",
            Self::HeavyDisagrees { .. } => "heavy-disagrees",
            Self::HeavyRefused { .. } => "heavy-refused",
            Self::Cancelled => "cancelled",
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
                "only {participants} of the {held} answers held here are valid and held by all three heavy nodes, \
                 which would leave too few people among whom to hide"
            ),
            Self::Differencing { computation, differs_by } => write!(
                f,
                "the people who answered are those of the earlier computation {} but for {differs_by}: the two results \
                 together would tell about these few",
                computation.short()
            ),
            Self::FewValues { values, category } => {
                write!(f, "a total of only {values} value{}", if *values == 1 { "" } else { "s" })?;
                if let Some(category) = category {
                    write!(f, " in the category “{category}”")?;
                }
                f.write_str(" would tell what they are")
            }
            Self::Impossible { why } => write!(f, "the totals cannot be right: {why}"),
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
            Self::Cancelled => f.write_str("its proposer cancelled it before it closed"),
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
#[allow(clippy::large_enum_variant, reason = "one of a computation, and results are what is looked for")]
#[non_exhaustive]
pub enum Verified {
    /// The heavy nodes signed this result: all three, or with `rep64` at least two.
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
    /// Those who signed the result contradict what was proposed, or themselves.
    Contradicts {
        /// What does not fit.
        what: &'static str,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proposal(error) => write!(f, "the proposal: {error}"),
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not a result or refusal: {detail}"),
            Self::OtherComputation => f.write_str("a document of another computation"),
            Self::Contradicts { what } => write!(f, "the result does not hold: {what}"),
        }
    }
}

impl core::error::Error for VerifyError {}

impl Outcome {
    /// The result of `totals` over the agreed set. `plan` is the proposal's own.
    ///
    /// # Errors
    /// [`TotalsError`] where there are more or fewer totals than the plan's measurement has components.
    pub fn new(
        computation: ContentId,
        proposal: &Proposal,
        plan: &Plan,
        commitment: &Commitment,
        totals: &[u64],
    ) -> Result<Self, TotalsError> {
        let cohort = proposal.heavy.iter().enumerate();
        let cohort = cohort.filter(|(role, _)| commitment.cohort >> role & 1 == 1).map(|(_, key)| key.id);
        Ok(Self {
            version: VERSION,
            computation,
            scheme: proposal.scheme,
            participants: commitment.participants,
            rejected: commitment.rejected,
            set: commitment.set,
            cohort: cohort.collect(),
            totals: totals.iter().map(ToString::to_string).collect(),
            answer: plan.answer(totals, commitment.participants)?,
        })
    }

    /// A figure of the answer by its name in JSON, such as `sum`, `mean` or `count`; `None` where the answer has no such single number.
    pub fn figure(&self, name: &str) -> Option<String> {
        let figures = serde_json::to_value(&self.answer.result).ok()?;
        figures.get(name)?.as_str().map(ToString::to_string)
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
        let refusal: Self = read(payload)?;
        if refusal.computation != computation || refusal.heavy != heavy {
            return Err(VerifyError::OtherComputation);
        }
        version(refusal.version, 1)?;
        Ok(refusal)
    }
}

pub(crate) fn read<'a, T: serde::Deserialize<'a>>(payload: &'a [u8]) -> Result<T, VerifyError> {
    serde_json::from_slice(payload).map_err(|error| VerifyError::Malformed { detail: format!("{error}") })
}

pub(crate) fn version(found: u32, known: u32) -> Result<(), VerifyError> {
    if found == known {
        Ok(())
    } else {
        Err(VerifyError::Malformed { detail: format!("version {found} is unknown here") })
    }
}

/// The heavy nodes of `proposal` whose signatures under the result `end` verify; an error where one does not, or where they are
/// fewer than the scheme asks for.
pub(crate) fn signers(proposal: &Proposal, end: &Envelope) -> Result<Vec<NodeId>, VerifyError> {
    let heavy = proposal.heavy.iter().map(|key| key.id);
    let signed: Vec<NodeId> = heavy.clone().filter(|id| end.signature_of(*id).is_some()).collect();
    end.verify(RESULT_TYPE, &signed).map_err(VerifyError::Envelope)?;
    if signed.len() < proposal.signatures_min() {
        let missing = heavy.into_iter().find(|id| !signed.contains(id));
        return Err(missing
            .map_or(VerifyError::OtherComputation, |id| VerifyError::Envelope(EnvelopeError::Unsigned(id))));
    }
    Ok(signed)
}

/// Reads a result of `computation` that carries as many signatures of its heavy nodes as the scheme asks for, over as many participants as were
/// asked for, with the answer that its totals say.
pub(crate) fn open(
    computation: ContentId,
    proposal: &Proposal,
    end: &Envelope,
) -> Result<Outcome, VerifyError> {
    signers(proposal, end)?;
    let outcome: Outcome = read(&end.payload)?;
    if outcome.computation != computation || outcome.scheme != proposal.scheme {
        return Err(VerifyError::OtherComputation);
    }
    version(outcome.version, VERSION)?;
    let contradicts = |what| Err(VerifyError::Contradicts { what });
    if !(proposal.participants_min..=proposal.participants_max).contains(&outcome.participants) {
        return contradicts("it has fewer or more participants than were asked for");
    }
    let number = |text: &String| text.parse().ok().filter(|number: &u64| number.to_string() == *text);
    let totals: Option<Vec<u64>> = outcome.totals.iter().map(number).collect();
    let plan = proposal.plan().map_err(VerifyError::Proposal)?;
    match totals.and_then(|totals| plan.answer(&totals, outcome.participants).ok()) {
        Some(answer) if answer == outcome.answer => Ok(outcome),
        _ => contradicts("its answer is not what its totals say"),
    }
}

/// Verifies the end of a computation against its proposal: a result with the heavy nodes' signatures (all three; with
/// `rep64` at least two, and none that does not fit), or a refusal with that of one of them. Whether these heavy nodes deserve trust is
/// for the caller to know.
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
    open(id, &proposal, end).map(Verified::Result)
}

const _: () = assert!(HEAVY == vdaf::SHARES, "one share for each heavy node");
