//! Manifests: what is run, within which limits, on which nodes, and by when.

use crate::bytes::{Base64, object};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};

mod check;
mod limits;

pub use limits::Limits;

/// Media type of a manifest's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.formix.job+json";
/// Version of a manifest's format.
pub const VERSION: u32 = 1;
/// The published JSON Schema of a manifest's payload (draft 2020-12).
pub const SCHEMA: &str = include_str!("../schema/manifest.json");
/// Longest payload of a manifest, in bytes: with its signature it stays a readable envelope.
pub const PAYLOAD_BYTES_MAX: usize = 368 * 1024;
/// Most bytes of module and input together that stand in a manifest itself; more goes by content id.
pub const INLINE_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of arguments, and of names and values of the environment, together.
pub const WORDS_BYTES_MAX: usize = 16 * 1024;
/// Most replicas of a job.
pub const REPLICAS_MAX: u8 = 7;
/// The highest priority among a submitter's own jobs; the lowest is 0.
pub const PRIORITY_MAX: u8 = 9;
/// Most nodes that a constraint lists.
pub const LISTED_MAX: usize = 64;
/// Most jobs whose outputs are one input.
pub const OUTPUTS_MAX: usize = 4_096;
/// Milliseconds that a deadline lies ahead at most, when a heavy node takes the job.
pub const AHEAD_MAX_MS: u64 = 30 * 24 * 3_600 * 1_000;
/// The entry of a WASI command.
pub const ENTRY: &str = "_start";

/// Some bytes: themselves, or their name.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blob {
    /// By content id; who runs the job fetches them, and checks them against the id.
    Id(ContentId),
    /// In the manifest.
    Inline(Base64),
    /// Of an input alone: the standard outputs of these jobs, one after the other. The job waits until they have ended well, and is
    /// refused if one has not.
    Outputs(Vec<ContentId>),
}

impl Default for Blob {
    fn default() -> Self {
        Self::Inline(Base64::default())
    }
}

impl Blob {
    /// The content id of the bytes; `None` for outputs of jobs, which follows when those have ended.
    pub fn id(&self) -> Option<ContentId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Inline(bytes) => Some(ContentId::of(&bytes.0)),
            Self::Outputs(_) => None,
        }
    }

    /// The bytes, where the manifest has them.
    pub fn inline(&self) -> Option<&[u8]> {
        match self {
            Self::Id(_) | Self::Outputs(_) => None,
            Self::Inline(bytes) => Some(&bytes.0),
        }
    }

    /// The jobs whose outputs it is.
    pub fn outputs(&self) -> &[ContentId] {
        match self {
            Self::Outputs(jobs) => jobs,
            Self::Id(_) | Self::Inline(_) => &[],
        }
    }
}

/// What a node runs in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    borsh::BorshSerialize,
    borsh::BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A light node in a browser tab.
    Tab,
    /// A light node in a process of its own.
    Native,
    /// A heavy node.
    Heavy,
}

/// The kinds of light nodes: where a job runs that asks for no kind.
pub(crate) const LIGHT_KINDS: [Kind; 2] = [Kind::Tab, Kind::Native];

impl Kind {
    /// The kind in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tab => "tab",
            Self::Native => "native",
            Self::Heavy => "heavy",
        }
    }
}

/// Which nodes may run a job. Empty lists ask for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Constraints {
    /// Only nodes of these kinds; where empty, light nodes of any kind.
    pub kinds: Vec<Kind>,
    /// Only these nodes.
    pub nodes: Vec<NodeId>,
    /// Not these nodes.
    pub except: Vec<NodeId>,
    /// Only nodes of which so many results have agreed with others' before.
    pub agreed_min: u32,
}

/// When the answers of replicas give a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quorum {
    /// More than half of the replicas agree. Nodes that lie together and are more than half of a job's replicas get their way.
    #[default]
    Majority,
    /// All replicas agree. One that differs has a heavy node run the job again, and its answer counts.
    Unanimous,
}

/// A job: the payload of a document that its submitter signs. Its id is the content id of the payload.
///
/// Every integer is below 2^53, so that readers whose numbers are floats read it exactly.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this document's format: [`VERSION`].
    pub version: u32,
    /// What the job does, in a few words for whoever runs it.
    pub name: String,
    /// Who submits, and signs.
    pub submitter: NodeId,
    /// A WASI preview 1 command.
    pub module: Blob,
    /// What the guest reads from standard input.
    #[serde(default)]
    pub input: Blob,
    /// The exported function that is called, without parameters and results.
    #[serde(default = "entry")]
    pub entry: String,
    /// The guest's arguments, the program's name first.
    #[serde(default)]
    pub args: Vec<String>,
    /// The guest's environment, ascending by name.
    #[serde(default, with = "object")]
    pub env: Vec<(String, String)>,
    /// What a run may use.
    #[serde(default)]
    pub limits: Limits,
    /// How many nodes run it, 1 to [`REPLICAS_MAX`]. The answer of one alone is not checked by anybody.
    #[serde(default = "one")]
    pub replicas: u8,
    /// When their answers give a result.
    #[serde(default)]
    pub quorum: Quorum,
    /// Which nodes may run it.
    #[serde(default)]
    pub constraints: Constraints,
    /// When it was made; a deterministic guest's clock starts here.
    pub created: Instant,
    /// When a job without a result is given up.
    pub deadline: Instant,
    /// Its place among its submitter's own jobs: 0 to [`PRIORITY_MAX`], higher goes first. It gives no precedence over others'.
    #[serde(default)]
    pub priority: u8,
    /// Whether every run gives the same: clock and randomness then follow from the manifest alone. Otherwise they follow from the
    /// node and the moment as well, and there is one replica.
    #[serde(default = "yes")]
    pub deterministic: bool,
    /// 32 hexadecimal digits that make two alike manifests two jobs.
    pub nonce: String,
}

fn entry() -> String {
    ENTRY.into()
}

const fn one() -> u8 {
    1
}

const fn yes() -> bool {
    true
}

/// Why a manifest is refused. Each names the field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestError {
    /// The signed document around it is not in order.
    Envelope(EnvelopeError),
    /// The payload is longer than [`PAYLOAD_BYTES_MAX`].
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// The payload is not the JSON of a manifest.
    Malformed {
        /// The field as a path, such as `limits.fuel`; `.` for the document as a whole.
        field: String,
        /// The reader's words, with line and column.
        detail: String,
    },
    /// A field's value is not acceptable.
    Field {
        /// The field as a path.
        field: String,
        /// What is wrong, and what is accepted.
        problem: String,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "{error}"),
            Self::TooLong { len } => write!(
                f,
                "a manifest of {len} bytes; at most {PAYLOAD_BYTES_MAX} are read: give module and input by content id"
            ),
            Self::Malformed { field, detail } if field == "." => write!(f, "not a manifest: {detail}"),
            Self::Malformed { field, detail } => write!(f, "`{field}`: {detail}"),
            Self::Field { field, problem } => write!(f, "`{field}`: {problem}"),
        }
    }
}

impl core::error::Error for ManifestError {}

impl Manifest {
    /// Reads the JSON of a manifest and checks it.
    ///
    /// # Errors
    /// The first [`ManifestError`] met.
    pub fn from_json(payload: &[u8]) -> Result<Self, ManifestError> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(ManifestError::TooLong { len: payload.len() });
        }
        let mut reader = serde_json::Deserializer::from_slice(payload);
        let manifest: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            ManifestError::Malformed { field: error.path().to_string(), detail: error.inner().to_string() }
        })?;
        reader.end().map_err(|error| ManifestError::Malformed {
            field: ".".into(),
            detail: format!("something follows the manifest: {error}"),
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The document, signed by `submitter`.
    ///
    /// # Errors
    /// As [`Manifest::check`], and an error of the field `submitter` where that is another.
    pub fn sign(&self, submitter: &Identity) -> Result<Envelope, ManifestError> {
        self.check()?;
        if self.submitter != submitter.id() {
            return check::wrong("submitter", format!("{} signs, and is another", submitter.id()));
        }
        let payload = serde_json::to_vec(self).expect("strings and numbers serialise");
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(ManifestError::TooLong { len: payload.len() });
        }
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(submitter);
        Ok(envelope)
    }

    /// Reads a manifest that its submitter signed; gives the job's id with it.
    ///
    /// # Errors
    /// The first [`ManifestError`] met.
    pub fn open(envelope: &Envelope) -> Result<(ContentId, Self), ManifestError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(ManifestError::Envelope)?;
        let manifest = Self::from_json(payload)?;
        envelope.verify(PAYLOAD_TYPE, &[manifest.submitter]).map_err(ManifestError::Envelope)?;
        Ok((ContentId::of(payload), manifest))
    }

    /// The module's content id.
    pub fn module_id(&self) -> ContentId {
        // A module that names jobs does not pass the check.
        self.module.id().unwrap_or_else(|| ContentId::of(b""))
    }

    /// How the job `job`, which this is, is run by `node` from `started` on.
    pub fn invocation(&self, job: ContentId, node: NodeId, started: Instant) -> Invocation {
        let mut context = [b"formix/job-seed/1\0".as_slice(), job.digest()].concat();
        if !self.deterministic {
            context.extend_from_slice(node.public_key());
            context.extend_from_slice(&started.unix_ms().to_le_bytes());
        }
        Invocation {
            entry: self.entry.clone(),
            args: self.args.clone(),
            env: self.env.clone(),
            limits: self.limits,
            clock: if self.deterministic { self.created } else { started },
            seed: *ContentId::of(&context).digest(),
        }
    }
}

/// Everything besides module and input that a run's outcome follows from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// The exported function that is called.
    pub entry: String,
    /// The guest's arguments.
    pub args: Vec<String>,
    /// The guest's environment, ascending by name.
    #[serde(with = "object")]
    pub env: Vec<(String, String)>,
    /// What the run may use.
    pub limits: Limits,
    /// Where the guest's clock starts.
    pub clock: Instant,
    /// What the guest's randomness follows from; in JSON 64 hexadecimal digits.
    #[serde(with = "seed")]
    pub seed: [u8; 32],
}

mod seed {
    use crate::bytes::Hex32;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        Hex32(*seed).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        Hex32::deserialize(deserializer).map(|hex| hex.0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
