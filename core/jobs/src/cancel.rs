//! A submitter's signed word that its job shall not be run any more.

use crate::scheduler::CancelError;
use alloc::string::{String, ToString};
use codec::ContentId;
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};

/// Media type of a cancellation's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.formix.job-cancel+json";
/// Longest payload, in bytes.
const PAYLOAD_BYTES_MAX: usize = 1_024;

/// The payload of a document that the submitter signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Version of this document's format: 1.
    pub version: u32,
    /// Which job.
    pub job: ContentId,
    /// Whose it is, and who signs.
    pub submitter: NodeId,
}

impl Cancellation {
    /// The document, signed by `submitter`.
    pub fn sign(job: ContentId, submitter: &Identity) -> Envelope {
        let cancellation = Self { version: 1, job, submitter: submitter.id() };
        let payload = serde_json::to_vec(&cancellation).expect("strings and numbers serialise");
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(submitter);
        envelope
    }

    /// Reads a cancellation that the submitter in it signed. Whether the job is that submitter's is for the scheduler to know.
    ///
    /// # Errors
    /// [`CancellationError`].
    pub fn open(envelope: &Envelope) -> Result<Self, CancellationError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(CancellationError::Envelope)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let detail = "longer than a cancellation can be".into();
            return Err(CancellationError::Malformed { detail });
        }
        let cancellation: Self = serde_json::from_slice(payload)
            .map_err(|error| CancellationError::Malformed { detail: error.to_string() })?;
        if cancellation.version != 1 {
            return Err(CancellationError::Malformed { detail: "`version` must be 1".into() });
        }
        envelope.verify(PAYLOAD_TYPE, &[cancellation.submitter]).map_err(CancellationError::Envelope)?;
        Ok(cancellation)
    }
}

/// Why a job is not cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancellationError {
    /// The document is not signed as it must be.
    Envelope(EnvelopeError),
    /// The payload is not the JSON of a cancellation.
    Malformed {
        /// What is wrong.
        detail: String,
    },
    /// The scheduler does not take it.
    Refused(CancelError),
}

impl fmt::Display for CancellationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "the cancellation: {error}"),
            Self::Malformed { detail } => write!(f, "not a cancellation: {detail}"),
            Self::Refused(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for CancellationError {}
