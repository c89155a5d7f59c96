//! Receipts: what a node says that a job's run gave, signed by it.
//!
//! A receipt is an in-toto Statement v1 in a DSSE envelope. Its subjects are the two streams that the guest wrote; its
//! predicate holds the rest. Digests are plain SHA-256 in hexadecimal digits, as in-toto has them, so that a verifier needs a hash, an
//! Ed25519 and a JSON reader, and no code of Formix.

use crate::{
    bytes::Hex32,
    manifest::{Invocation, Manifest, ManifestError},
};
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Media type of a receipt's payload, as in-toto has it.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The `_type` of the statement: in-toto Attestation Framework 1.0.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The `predicateType` of the statement, which carries the version of this format.
pub const PREDICATE_TYPE: &str = "https://github.com/formix/formix/receipt/v1";
/// The published JSON Schema of a receipt's payload (draft 2020-12).
pub const SCHEMA: &str = include_str!("../schema/receipt.json");
/// Longest payload of a receipt, in bytes. Arguments and environment, escaped, are most of it.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024;
/// Longest name of a gas schedule or code of a failure, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest words about a failure, in bytes.
const WORDS_BYTES_MAX: usize = 1_024;
/// The largest integer that every JSON reader has exactly.
pub(crate) const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Why a guest did not exit by itself.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// What programs compare: lower-case words joined by `-`, such as `out-of-fuel`.
    pub code: String,
    /// What a person reads. It is no part of what replicas must agree about.
    pub words: String,
}

impl Failure {
    /// A failure of this code; of its words, as many as a receipt carries.
    pub fn new(code: &str, words: &str) -> Self {
        let mut end = words.len().min(WORDS_BYTES_MAX);
        while !words.is_char_boundary(end) {
            end -= 1;
        }
        Self { code: code.into(), words: words[..end].into() }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The guest ended with this exit code; 0 alone is a success.
    Exit(u32),
    /// It trapped, or met a limit.
    Trap(Failure),
    /// It was never started: the module is not in order, or asks for what is denied.
    Rejected(Failure),
}

impl Ending {
    /// Whether the guest did what it was meant to, by its own word: exit code 0.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exit(0))
    }

    /// What programs compare, in a few words: `exit 0`, `trap out-of-fuel`.
    pub fn code(&self) -> String {
        match self {
            Self::Exit(code) => format!("exit {code}"),
            Self::Trap(failure) => format!("trap {}", failure.code),
            Self::Rejected(failure) => format!("rejected {}", failure.code),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(0) => f.write_str("done"),
            Self::Exit(code) => write!(f, "failed: the guest ended with exit code {code}"),
            Self::Trap(failure) => write!(f, "failed: {} ({})", failure.words, failure.code),
            Self::Rejected(failure) => write!(f, "rejected: {} ({})", failure.words, failure.code),
        }
    }
}

/// What a run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which job: the content id of the manifest's payload.
    pub job: ContentId,
    /// Who submitted it.
    pub submitter: NodeId,
    /// Who ran it, and signs.
    pub node: NodeId,
    /// The module's content id.
    pub module: ContentId,
    /// The content id of what the guest could read from standard input.
    pub input: ContentId,
    /// How it was run.
    pub invocation: Invocation,
    /// How it ended.
    pub ending: Ending,
    /// The content id of what the guest wrote to standard output.
    pub output: ContentId,
    /// The content id of what the guest wrote to standard error.
    pub errors: ContentId,
    /// Fuel that it used.
    pub fuel: u64,
    /// The gas schedule by which fuel is counted.
    pub gas: String,
    /// The most bytes that its linear memory had.
    pub memory_peak_bytes: u64,
    /// Microseconds that the run took, by the node's clock.
    pub wall_us: u64,
    /// Microseconds of processor time, where the node can tell.
    pub cpu_us: Option<u64>,
    /// When the run began, by the node's clock.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
}

/// What replicas of a deterministic job must agree about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Claim {
    /// How the run ended.
    pub ended: Ended,
    /// The content id of standard output.
    pub output: ContentId,
    /// The content id of standard error.
    pub errors: ContentId,
    /// Fuel used.
    pub fuel: u64,
}

/// How a run ended, without words for a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Ended {
    /// With this exit code.
    Exit(u32),
    /// By a trap of this code.
    Trap(String),
    /// Never started, for the reason of this code.
    Rejected(String),
}

/// Why a document is no receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It is not signed as it must be.
    Envelope(EnvelopeError),
    /// The payload is longer than [`PAYLOAD_BYTES_MAX`].
    TooLong {
        /// Bytes given.
        len: usize,
    },
    /// The payload is not the JSON of a receipt.
    Malformed {
        /// The field as a path, such as `predicate.fuel`.
        field: String,
        /// The reader's words, with line and column.
        detail: String,
    },
    /// A field's value is not acceptable.
    Field {
        /// The field as a path.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// How the job was run is not acceptable.
    Invocation(ManifestError),
    /// It does not follow from the manifest that it is held against.
    OtherThanManifest {
        /// The field as a path.
        field: &'static str,
    },
}

impl fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "{error}"),
            Self::TooLong { len } => {
                write!(f, "a receipt of {len} bytes; at most {PAYLOAD_BYTES_MAX} are read")
            }
            Self::Malformed { field, detail } => write!(f, "not a receipt: `{field}`: {detail}"),
            Self::Field { field, problem } => write!(f, "`{field}`: {problem}"),
            Self::Invocation(error) => write!(f, "`predicate.invocation`: {error}"),
            Self::OtherThanManifest { field } => write!(f, "`{field}` is another than the manifest asks for"),
        }
    }
}

impl core::error::Error for ReceiptError {}

/// An in-toto digest set with a SHA-256 alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    sha256: Hex32,
}

impl Digest {
    const fn of(id: ContentId) -> Self {
        Self { sha256: Hex32(*id.digest()) }
    }

    const fn id(self) -> ContentId {
        ContentId::from_digest(self.sha256.0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    job: Digest,
    submitter: NodeId,
    node: NodeId,
    module: Digest,
    input: Digest,
    invocation: Invocation,
    ending: Ending,
    fuel: Fuel,
    memory_peak_bytes: u64,
    wall_us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cpu_us: Option<u64>,
    started: Instant,
    ended: Instant,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fuel {
    used: u64,
    schedule: String,
}

impl Serialize for Receipt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subject = |name: &str, id| Subject { name: name.into(), digest: Digest::of(id) };
        let statement = Statement {
            statement_type: STATEMENT_TYPE.into(),
            subject: vec![subject("stdout", self.output), subject("stderr", self.errors)],
            predicate_type: PREDICATE_TYPE.into(),
            predicate: Predicate {
                job: Digest::of(self.job),
                submitter: self.submitter,
                node: self.node,
                module: Digest::of(self.module),
                input: Digest::of(self.input),
                invocation: self.invocation.clone(),
                ending: self.ending.clone(),
                fuel: Fuel { used: self.fuel, schedule: self.gas.clone() },
                memory_peak_bytes: self.memory_peak_bytes,
                wall_us: self.wall_us,
                cpu_us: self.cpu_us,
                started: self.started,
                ended: self.ended,
            },
        };
        statement.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Receipt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let Statement { statement_type, subject, predicate_type, predicate } =
            Statement::deserialize(deserializer)?;
        if statement_type != STATEMENT_TYPE {
            return Err(D::Error::custom(format!("`_type` must be {STATEMENT_TYPE}")));
        }
        if predicate_type != PREDICATE_TYPE {
            return Err(D::Error::custom(format!("`predicateType` must be {PREDICATE_TYPE}")));
        }
        let [output, errors] = subject.as_slice() else {
            return Err(D::Error::custom("`subject` must be `stdout` and `stderr`"));
        };
        if (output.name.as_str(), errors.name.as_str()) != ("stdout", "stderr") {
            return Err(D::Error::custom("`subject` must be `stdout` and `stderr`"));
        }
        Ok(Self {
            job: predicate.job.id(),
            submitter: predicate.submitter,
            node: predicate.node,
            module: predicate.module.id(),
            input: predicate.input.id(),
            invocation: predicate.invocation,
            ending: predicate.ending,
            output: output.digest.id(),
            errors: errors.digest.id(),
            fuel: predicate.fuel.used,
            gas: predicate.fuel.schedule,
            memory_peak_bytes: predicate.memory_peak_bytes,
            wall_us: predicate.wall_us,
            cpu_us: predicate.cpu_us,
            started: predicate.started,
            ended: predicate.ended,
        })
    }
}

/// Whether `text` is lower-case words and digits joined by `-`, `.` or `/`.
pub(crate) fn is_code(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'/'))
}

impl Receipt {
    fn check(&self) -> Result<(), ReceiptError> {
        let wrong = |field, problem: String| Err(ReceiptError::Field { field, problem });
        self.invocation.check().map_err(ReceiptError::Invocation)?;
        if let Ending::Trap(failure) | Ending::Rejected(failure) = &self.ending {
            if !is_code(&failure.code) {
                return wrong("predicate.ending", "its code is not lower-case words joined by `-`".into());
            }
            if failure.words.len() > WORDS_BYTES_MAX {
                return wrong("predicate.ending", format!("words of more than {WORDS_BYTES_MAX} bytes"));
            }
        }
        if !is_code(&self.gas) {
            return wrong("predicate.fuel.schedule", "not lower-case words joined by `-`".into());
        }
        for (field, value) in [
            ("predicate.fuel.used", self.fuel),
            ("predicate.memory_peak_bytes", self.memory_peak_bytes),
            ("predicate.wall_us", self.wall_us),
            ("predicate.cpu_us", self.cpu_us.unwrap_or_default()),
        ] {
            if value > INTEGER_MAX {
                return wrong(field, format!("{value} is 2^53 or more"));
            }
        }
        if self.ended < self.started {
            return wrong("predicate.ended", format!("{} is before `started`, {}", self.ended, self.started));
        }
        Ok(())
    }

    /// The document, signed by `node`.
    ///
    /// # Errors
    /// [`ReceiptError::Field`] where a value is out of bounds, or `node` is not the one that ran it.
    pub fn sign(&self, node: &Identity) -> Result<Envelope, ReceiptError> {
        self.check()?;
        if self.node != node.id() {
            let problem = format!("{} signs, and is another", node.id());
            return Err(ReceiptError::Field { field: "predicate.node", problem });
        }
        let payload = serde_json::to_vec(self).expect("strings and numbers serialise");
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(ReceiptError::TooLong { len: payload.len() });
        }
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(node);
        Ok(envelope)
    }

    /// Reads a receipt that its node signed. The other signatures that the document carries must verify too: those of the
    /// witnesses, whom it gives. Whether any of them deserves trust is for the caller to know.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn open(envelope: &Envelope) -> Result<(Self, Vec<NodeId>), ReceiptError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(ReceiptError::Envelope)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(ReceiptError::TooLong { len: payload.len() });
        }
        let mut reader = serde_json::Deserializer::from_slice(payload);
        let receipt: Self = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            ReceiptError::Malformed { field: error.path().to_string(), detail: error.inner().to_string() }
        })?;
        reader.end().map_err(|error| ReceiptError::Malformed {
            field: ".".into(),
            detail: format!("something follows the statement: {error}"),
        })?;
        receipt.check()?;
        envelope.verify(PAYLOAD_TYPE, &[receipt.node]).map_err(ReceiptError::Envelope)?;
        let signers = envelope.signatures.iter().map(|signature| signature.keyid);
        let witnesses: Vec<NodeId> = signers.filter(|signer| *signer != receipt.node).collect();
        envelope.verify(PAYLOAD_TYPE, &witnesses).map_err(ReceiptError::Envelope)?;
        Ok((receipt, witnesses))
    }

    /// Adds the signature of a heavy node that had leased the job to the receipt's node and took this answer from it.
    ///
    /// # Errors
    /// [`ReceiptError`] where the receipt does not verify.
    pub fn witness(envelope: &mut Envelope, heavy: &Identity) -> Result<Self, ReceiptError> {
        let (receipt, _) = Self::open(envelope)?;
        if receipt.node != heavy.id() {
            envelope.sign(heavy);
        }
        Ok(receipt)
    }

    /// Checks that this is a receipt about the job `job`, whose manifest is `manifest`, run as that asks. What outputs of other jobs
    /// were together is for the caller to know.
    ///
    /// # Errors
    /// [`ReceiptError::OtherThanManifest`] with the first field that differs.
    pub fn follows(&self, job: ContentId, manifest: &Manifest) -> Result<(), ReceiptError> {
        let invocation = manifest.invocation(job, self.node, self.started);
        let limits = &manifest.limits;
        let fields = [
            ("predicate.job", self.job == job),
            ("predicate.submitter", self.submitter == manifest.submitter),
            ("predicate.module", self.module == manifest.module_id()),
            ("predicate.input", manifest.input.id().is_none_or(|input| self.input == input)),
            ("predicate.invocation", self.invocation == invocation),
            ("predicate.fuel.used", self.fuel <= limits.fuel),
            ("predicate.memory_peak_bytes", self.memory_peak_bytes <= limits.memory_bytes),
        ];
        match fields.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(ReceiptError::OtherThanManifest { field }),
            None => Ok(()),
        }
    }

    /// What other replicas must agree with.
    pub fn claim(&self) -> Claim {
        let ended = match &self.ending {
            Ending::Exit(code) => Ended::Exit(*code),
            Ending::Trap(failure) => Ended::Trap(failure.code.clone()),
            Ending::Rejected(failure) => Ended::Rejected(failure.code.clone()),
        };
        Claim { ended, output: self.output, errors: self.errors, fuel: self.fuel }
    }
}

#[cfg(test)]
pub(crate) mod tests;
