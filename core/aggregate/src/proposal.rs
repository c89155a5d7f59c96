//! Proposals: what is asked, of whom, by when, and through which heavy nodes.

use alloc::{format, string::String, vec::Vec};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId, SealPublic};
use rand_core::Rng;

use crate::{additive64::SHARES, fixed};

/// Media type of a proposal's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.formix.proposal+json";
/// Fewest participants that a proposal may ask for: below it, a total says too much of each.
pub const PARTICIPANTS_FLOOR: u32 = 3;
/// Most participants of one computation.
pub const PARTICIPANTS_MAX: u32 = 1_000_000;
/// Most records of one node.
pub const RECORDS_MAX: u32 = 1_000_000;
/// Milliseconds that a proposal's deadline lies ahead at least, when a heavy node accepts it.
pub const AHEAD_MIN_MS: u64 = 2_000;
/// Milliseconds that a proposal's deadline lies ahead at most.
pub const AHEAD_MAX_MS: u64 = 90 * 24 * 3_600 * 1_000;
/// Milliseconds after the deadline in which the heavy nodes agree; then each says why there is no result.
pub const GRACE_MS: u64 = 30_000;
/// Longest payload of a proposal, in bytes: with all its signatures it stays a readable envelope.
pub const PAYLOAD_BYTES_MAX: usize = 8 * 1024;
/// Largest absolute range bound in units: the integers that every JSON reader keeps exactly.
const UNITS_MAX: i64 = (1 << 53) - 1;

/// How contributions are shared among the heavy nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scheme {
    /// [`crate::additive64`]: private against any two heavy nodes; needs all three; inputs unverified.
    Additive64,
}

/// A heavy node of a computation, and the key that shares for it are sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeavyKey {
    /// The node.
    pub id: NodeId,
    /// Its sealing key.
    pub seal: SealPublic,
}

/// A proposed computation: the payload of a signed document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Version of this document's format: 1.
    pub version: u32,
    /// What is computed, in a few words for a stranger.
    pub title: String,
    /// What the answer is for.
    pub purpose: String,
    /// Who proposes, and signs.
    pub proposer: NodeId,
    /// Name of the data set that is asked.
    pub dataset: String,
    /// Name of the field that is summed.
    pub field: String,
    /// Decimals of the field that count; a unit is 10^-decimals.
    pub decimals: u8,
    /// Smallest value of a record, in units; smaller ones are clipped.
    pub lower_units: i64,
    /// Largest value of a record, in units; larger ones are clipped.
    pub upper_units: i64,
    /// Most records of one node.
    pub records_max: u32,
    /// How contributions are shared.
    pub scheme: Scheme,
    /// Fewest participants for a result.
    pub participants_min: u32,
    /// Most participants; the computation closes when they are reached.
    pub participants_max: u32,
    /// When each heavy node closes, by its own clock.
    pub deadline: Instant,
    /// The three heavy nodes, ascending by id. A node's place here is its role.
    pub heavy: Vec<HeavyKey>,
    /// 32 hexadecimal digits that make two alike proposals two computations.
    pub nonce: String,
}

/// What a person fills in; the rest of a [`Proposal`] follows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What is computed, in a few words for a stranger.
    pub title: String,
    /// What the answer is for.
    #[serde(default)]
    pub purpose: String,
    /// Name of the data set that is asked.
    pub dataset: String,
    /// Name of the field that is summed.
    pub field: String,
    /// Decimals of the field that count.
    #[serde(default)]
    pub decimals: u8,
    /// Smallest value of a record, as a decimal number.
    pub lower: String,
    /// Largest value of a record, as a decimal number.
    pub upper: String,
    /// Most records of one node.
    #[serde(default = "default_records_max")]
    pub records_max: u32,
    /// Fewest participants for a result.
    #[serde(default = "default_participants_min")]
    pub participants_min: u32,
    /// Most participants.
    #[serde(default = "default_participants_max")]
    pub participants_max: u32,
    /// When the computation closes.
    pub deadline: Instant,
}

const fn default_records_max() -> u32 {
    10_000
}

const fn default_participants_min() -> u32 {
    PARTICIPANTS_FLOOR
}

const fn default_participants_max() -> u32 {
    10_000
}

/// Why a proposal is refused. Each names the field and says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProposalError {
    /// The signed document around it is not in order.
    Envelope(EnvelopeError),
    /// The payload is not the JSON of a proposal.
    Malformed {
        /// The reader's words, with line and column.
        detail: String,
    },
    /// A field's value is not acceptable.
    Field {
        /// The field's name in the document.
        field: &'static str,
        /// What is wrong, and what is accepted.
        problem: String,
    },
    /// The total could exceed 63 bits.
    CouldWrap {
        /// The largest total of absolute values, in units.
        total: u128,
    },
    /// The deadline is too near or too far from the reader's clock.
    Deadline {
        /// The deadline given.
        deadline: Instant,
        /// The reader's clock.
        now: Instant,
    },
}

impl fmt::Display for ProposalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not a proposal: {detail}"),
            Self::Field { field, problem } => write!(f, "`{field}`: {problem}"),
            Self::CouldWrap { total } => write!(
                f,
                "the total could reach {total} units, beyond 2^63: lower `participants_max`, `records_max`, \
                 `decimals` or the range"
            ),
            Self::Deadline { deadline, now } => write!(
                f,
                "`deadline`: {deadline} is not between 2 seconds and 90 days after this node's clock, {now}"
            ),
        }
    }
}

impl core::error::Error for ProposalError {}

fn field<T>(field: &'static str, problem: impl Into<String>) -> Result<T, ProposalError> {
    Err(ProposalError::Field { field, problem: problem.into() })
}

impl Draft {
    /// The proposal of this draft by `proposer` through `heavy`, checked.
    ///
    /// # Errors
    /// [`ProposalError`], as [`Proposal::check`].
    pub fn propose(
        &self,
        proposer: NodeId,
        heavy: &[HeavyKey],
        rng: &mut impl Rng,
    ) -> Result<Proposal, ProposalError> {
        if self.decimals > fixed::DECIMALS_MAX {
            return field("decimals", format!("{} is over {}", self.decimals, fixed::DECIMALS_MAX));
        }
        let bound = |name, text: &str| {
            fixed::parse(text, self.decimals).or_else(|error| field(name, format!("`{text}`: {error}")))
        };
        let mut heavy = heavy.to_vec();
        heavy.sort();
        let proposal = Proposal {
            version: 1,
            title: self.title.trim().into(),
            purpose: self.purpose.trim().into(),
            proposer,
            dataset: self.dataset.trim().into(),
            field: self.field.trim().into(),
            decimals: self.decimals,
            lower_units: bound("lower", &self.lower)?,
            upper_units: bound("upper", &self.upper)?,
            records_max: self.records_max,
            scheme: Scheme::Additive64,
            participants_min: self.participants_min,
            participants_max: self.participants_max,
            deadline: self.deadline,
            heavy,
            nonce: format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64()),
        };
        proposal.check()?;
        Ok(proposal)
    }
}

impl Proposal {
    /// Checks everything that does not depend on who reads it and when.
    ///
    /// # Errors
    /// The first [`ProposalError`] met.
    pub fn check(&self) -> Result<(), ProposalError> {
        if self.version != 1 {
            return field("version", format!("{} is unknown here; this node reads 1", self.version));
        }
        text("title", &self.title, 1, 120)?;
        text("purpose", &self.purpose, 0, 500)?;
        text("dataset", &self.dataset, 1, 64)?;
        text("field", &self.field, 1, 64)?;
        if self.decimals > fixed::DECIMALS_MAX {
            return field("decimals", format!("{} is over {}", self.decimals, fixed::DECIMALS_MAX));
        }
        for (name, bound) in [("lower_units", self.lower_units), ("upper_units", self.upper_units)] {
            if !(-UNITS_MAX..=UNITS_MAX).contains(&bound) {
                return field(name, format!("{bound} lies outside ±(2^53 − 1); use fewer decimals"));
            }
        }
        if self.lower_units >= self.upper_units {
            return field("upper_units", "the range is empty: the upper bound must exceed the lower");
        }
        range("records_max", self.records_max, 1, RECORDS_MAX)?;
        range("participants_min", self.participants_min, PARTICIPANTS_FLOOR, PARTICIPANTS_MAX)?;
        range("participants_max", self.participants_max, self.participants_min, PARTICIPANTS_MAX)?;
        let [a, b, c] = self.heavy.as_slice() else {
            return field(
                "heavy",
                format!("{} heavy nodes given, where {SHARES} are needed", self.heavy.len()),
            );
        };
        if a.id >= b.id || b.id >= c.id {
            return field("heavy", "must be three different nodes in ascending order of their keys");
        }
        if self.nonce.len() != 32 || !self.nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return field("nonce", "must be 32 lower-case hexadecimal digits");
        }
        let largest = self.lower_units.unsigned_abs().max(self.upper_units.unsigned_abs());
        let total = u128::from(self.participants_max) * u128::from(self.records_max) * u128::from(largest);
        if total >= 1 << 63 {
            return Err(ProposalError::CouldWrap { total });
        }
        Ok(())
    }

    /// Checks the deadline against the clock of a heavy node that shall accept it.
    ///
    /// # Errors
    /// [`ProposalError::Deadline`].
    pub fn check_deadline(&self, now: Instant) -> Result<(), ProposalError> {
        let ahead_ms = self.deadline.since_ms(now);
        if (AHEAD_MIN_MS..=AHEAD_MAX_MS).contains(&ahead_ms) {
            Ok(())
        } else {
            Err(ProposalError::Deadline { deadline: self.deadline, now })
        }
    }

    /// The place of a heavy node in this computation, 0 to 2.
    pub fn role(&self, heavy: NodeId) -> Option<usize> {
        self.heavy.iter().position(|key| key.id == heavy)
    }

    /// When a heavy node without a result gives up.
    pub fn end(&self) -> Instant {
        self.deadline.plus_ms(GRACE_MS)
    }

    /// The proposal as a document signed by its proposer.
    pub fn sign(&self, proposer: &Identity) -> Envelope {
        let payload = serde_json::to_vec(self).expect("strings and numbers always serialise");
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(proposer);
        envelope
    }

    /// Reads a proposal that its proposer has signed, and checks it; with its id, the content id of the
    /// payload.
    ///
    /// # Errors
    /// The first [`ProposalError`] met.
    pub fn open(envelope: &Envelope) -> Result<(ContentId, Self), ProposalError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(ProposalError::Envelope)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let detail =
                format!("a payload of {} bytes, where {PAYLOAD_BYTES_MAX} are allowed", payload.len());
            return Err(ProposalError::Malformed { detail });
        }
        let proposal: Self = serde_json::from_slice(payload)
            .map_err(|error| ProposalError::Malformed { detail: format!("{error}") })?;
        envelope.verify(PAYLOAD_TYPE, &[proposal.proposer]).map_err(ProposalError::Envelope)?;
        proposal.check()?;
        Ok((ContentId::of(payload), proposal))
    }

    /// [`Proposal::open`], and the signatures by which its three heavy nodes accepted it.
    ///
    /// # Errors
    /// The first [`ProposalError`] met.
    pub fn open_accepted(envelope: &Envelope) -> Result<(ContentId, Self), ProposalError> {
        let (id, proposal) = Self::open(envelope)?;
        let heavy: Vec<NodeId> = proposal.heavy.iter().map(|key| key.id).collect();
        envelope.verify(PAYLOAD_TYPE, &heavy).map_err(ProposalError::Envelope)?;
        Ok((id, proposal))
    }
}

fn text(name: &'static str, value: &str, min: usize, max: usize) -> Result<(), ProposalError> {
    let chars = value.chars().count();
    if !(min..=max).contains(&chars) {
        return field(name, format!("has {chars} characters, where {min} to {max} are accepted"));
    }
    if value.chars().any(char::is_control) {
        return field(name, "has control characters; write it as plain text on one line");
    }
    Ok(())
}

fn range(name: &'static str, value: u32, min: u32, max: u32) -> Result<(), ProposalError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        field(name, format!("{value} is not within {min} to {max}"))
    }
}
