//! A proposer's signed word that its proposal no longer stands.
//!
//! Until a heavy node closes, the cancellation makes it refuse with [`crate::RefusalReason::Cancelled`]; once it has closed, the set of
//! reports is about to be fixed and the computation takes its course. Anybody may carry the document.

use crate::outcome::{self, VerifyError};
use codec::ContentId;
use core::fmt;
use keys::{Envelope, Identity, NodeId};

/// Media type of a cancellation's payload.
pub const CANCEL_TYPE: &str = "application/vnd.formix.cancellation+json";

/// The payload of a document that the proposer signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// Version of this document's format: 1.
    pub version: u32,
    /// Which computation.
    pub computation: ContentId,
}

impl Cancellation {
    /// The document, signed by `proposer`.
    pub fn sign(computation: ContentId, proposer: &Identity) -> Envelope {
        let cancellation = Self { version: 1, computation };
        let payload = serde_json::to_vec(&cancellation).expect("strings and numbers serialise");
        let mut envelope = Envelope::new(CANCEL_TYPE, payload);
        envelope.sign(proposer);
        envelope
    }

    /// Which computation a document is about; who signed it is not checked.
    ///
    /// # Errors
    /// [`VerifyError::Malformed`].
    pub fn about(envelope: &Envelope) -> Result<ContentId, VerifyError> {
        let cancellation: Self = outcome::read(&envelope.payload)?;
        outcome::version(cancellation.version, 1)?;
        Ok(cancellation.computation)
    }

    /// Checks that `proposer` signed that `computation` is cancelled.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn check(envelope: &Envelope, computation: ContentId, proposer: NodeId) -> Result<(), VerifyError> {
        envelope.verify(CANCEL_TYPE, &[proposer]).map_err(VerifyError::Envelope)?;
        if Self::about(envelope)? == computation { Ok(()) } else { Err(VerifyError::OtherComputation) }
    }
}

/// Why a computation is not cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelError {
    /// The document is none that its proposer signed.
    Document(VerifyError),
    /// This heavy node has closed: the set of reports may be fixed.
    Closed,
    /// The computation has ended for another reason.
    Ended,
}

impl fmt::Display for CancelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => write!(f, "the cancellation: {error}"),
            Self::Closed => f.write_str("the computation has closed, and takes its course"),
            Self::Ended => f.write_str("the computation has ended already"),
        }
    }
}

impl core::error::Error for CancelError {}
