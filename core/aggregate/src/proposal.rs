//! Proposals: what is asked, of whom, by when, and through which heavy nodes.

use alloc::{format, string::String, vec::Vec};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId, SealPublic};
use query::{Leak, Plan, Query, QueryError};
use schema::{Schema, SchemaError};
use vdaf::{Instance, InstanceError, Scheme, Shape};

mod draft;
mod json;

pub use draft::{Draft, mean_of};
pub use json::JsonObject;

/// Media type of a proposal's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.formix.proposal+json";
/// Version of a proposal's format.
pub const VERSION: u32 = 2;
/// Heavy nodes of a computation.
pub const HEAVY: usize = 3;
/// Fewest participants that a proposal may ask for: below it, a total says too much of each.
pub const PARTICIPANTS_FLOOR: u32 = 3;
/// Most participants of one computation.
pub const PARTICIPANTS_MAX: u32 = 1_000_000;
/// Milliseconds that a proposal's deadline lies ahead at least, when a heavy node accepts it.
pub const AHEAD_MIN_MS: u64 = 2_000;
/// Milliseconds that a proposal's deadline lies ahead at most.
pub const AHEAD_MAX_MS: u64 = 90 * 24 * 3_600 * 1_000;
/// Least milliseconds after the deadline in which the heavy nodes agree; [`Proposal::grace_ms`] says how many there are.
pub const GRACE_MS: u64 = 30_000;
/// Longest payload of a proposal, in bytes: with all its signatures it stays a readable envelope.
pub const PAYLOAD_BYTES_MAX: usize = 40 * 1024;
/// Most bytes of one heavy node's part of a report before it is sealed: a message carries it with its public share.
pub const REPORT_BYTES_MAX: usize = 300 * 1024;
/// Most bytes of shares that a heavy node may come to keep on its disk for one computation: `participants_max` reports.
pub const KEPT_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

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
    /// Version of this document's format: [`VERSION`].
    pub version: u32,
    /// What is computed, in a few words for a stranger.
    pub title: String,
    /// What the answer is for.
    pub purpose: String,
    /// Who proposes, and signs.
    pub proposer: NodeId,
    /// Name of the data set that is asked.
    pub dataset: String,
    /// What a record looks like: JSON Schema.
    pub schema: JsonObject,
    /// What is computed.
    pub query: Query,
    /// How measurements are shared among the heavy nodes.
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
    /// The schema is not taken.
    Schema(SchemaError),
    /// The query does not fit the schema, or is out of bounds.
    Query(QueryError),
    /// Its totals would tell of single people.
    Leak(Leak),
    /// The scheme cannot carry the query's measurement for so many participants: totals could wrap.
    Scheme(InstanceError),
    /// One heavy node's part of a report would not fit a message.
    TooLarge {
        /// Bytes of the largest part.
        bytes: usize,
    },
    /// So many reports would not fit a heavy node's store.
    TooMany {
        /// Bytes of all of them together.
        bytes: u64,
        /// How many participants would fit.
        participants_max: u64,
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
            Self::Schema(error) => write!(f, "`schema`: {error}"),
            Self::Query(error) => write!(f, "`{}`: {}", error.path, error.problem),
            Self::Leak(leak) => write!(f, "`participants_min`: {leak}"),
            Self::Scheme(error) => write!(f, "`scheme`: {error}"),
            Self::TooLarge { bytes } => write!(
                f,
                "`query`: one heavy node's part of an answer would have {} KiB, and at most {} are sent: ask for fewer \
                 or narrower components, or take another scheme",
                bytes.div_ceil(1024),
                REPORT_BYTES_MAX / 1024
            ),
            Self::TooMany { bytes, participants_max } => write!(
                f,
                "`participants_max`: so many answers take {} MiB on a heavy node's disk, and at most {} are kept: ask at most \
                 {participants_max} participants",
                bytes.div_ceil(1024 * 1024),
                KEPT_BYTES_MAX / 1024 / 1024
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

impl Proposal {
    /// Checks everything that does not depend on who reads it and when.
    ///
    /// # Errors
    /// The first [`ProposalError`] met.
    pub fn check(&self) -> Result<(), ProposalError> {
        if self.version != VERSION {
            return field("version", format!("{} is unknown here; this node reads {VERSION}", self.version));
        }
        text("title", &self.title, 1, 120)?;
        text("purpose", &self.purpose, 0, 500)?;
        text("dataset", &self.dataset, 1, 64)?;
        range("participants_min", self.participants_min, PARTICIPANTS_FLOOR, PARTICIPANTS_MAX)?;
        range("participants_max", self.participants_max, self.participants_min, PARTICIPANTS_MAX)?;
        let [a, b, c] = self.heavy.as_slice() else {
            return field(
                "heavy",
                format!("{} heavy nodes given, where {HEAVY} are needed", self.heavy.len()),
            );
        };
        if a.id >= b.id || b.id >= c.id {
            return field("heavy", "must be three different nodes in ascending order of their keys");
        }
        if self.nonce.len() != 32 || !self.nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return field("nonce", "must be 32 lower-case hexadecimal digits");
        }
        let plan = self.plan()?;
        if let Some(leak) = plan.leaks(self.participants_min) {
            return Err(ProposalError::Leak(leak));
        }
        let instance = self.instance_of(&plan)?;
        let bytes =
            (0..HEAVY).map(|role| instance.public_len() + instance.input_len(role)).max().unwrap_or_default();
        if bytes > REPORT_BYTES_MAX {
            return Err(ProposalError::TooLarge { bytes });
        }
        let bytes_all = u64::from(self.participants_max) * bytes as u64;
        if bytes_all > KEPT_BYTES_MAX {
            let participants_max = KEPT_BYTES_MAX / bytes as u64;
            return Err(ProposalError::TooMany { bytes: bytes_all, participants_max });
        }
        Ok(())
    }

    /// How records become a measurement, and totals an answer.
    ///
    /// # Errors
    /// [`ProposalError::Schema`], [`ProposalError::Query`]. None for a proposal that was checked.
    pub fn plan(&self) -> Result<Plan, ProposalError> {
        let schema = Schema::from_json(self.schema.as_str()).map_err(ProposalError::Schema)?;
        self.query.check(&schema).map_err(ProposalError::Query)
    }

    /// The scheme, set up for the query's measurement.
    ///
    /// # Errors
    /// As [`Proposal::plan`], and [`ProposalError::Scheme`]. None for a proposal that was checked.
    pub fn instance(&self) -> Result<Instance, ProposalError> {
        self.instance_of(&self.plan()?)
    }

    fn instance_of(&self, plan: &Plan) -> Result<Instance, ProposalError> {
        let layout = plan.layout();
        let shape = Shape { length: layout.length, bits: layout.bits, one_hot: layout.one_hot };
        Instance::new(self.scheme, shape, self.participants_max).map_err(ProposalError::Scheme)
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

    /// Milliseconds after the deadline in which the heavy nodes agree: [`GRACE_MS`], and for each participant that there
    /// may be the time that three machines of one slow core need to exchange and check what they hold: 0.1 ms for
    /// sums without checks, 1 ms with commitments, 2 ms with proofs.
    pub fn grace_ms(&self) -> u64 {
        let each_us = match self.scheme {
            Scheme::Additive64 => 100,
            Scheme::Rep64 => 1_000,
            _ => 2_000,
        };
        GRACE_MS + u64::from(self.participants_max) * each_us / 1_000
    }

    /// When a heavy node without a result gives up.
    pub fn end(&self) -> Instant {
        self.deadline.plus_ms(self.grace_ms())
    }

    /// Fewest heavy nodes that must sign a result: two where the scheme does without the third, else all three.
    pub const fn signatures_min(&self) -> usize {
        match self.scheme {
            Scheme::Rep64 => HEAVY - 1,
            _ => HEAVY,
        }
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
