//! The messages of `/formix/aggregate/2`.

use crate::{Nonce, ReportId};
use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire};
use core::fmt;
use net::Protocol;

/// Most report ids in one [`Offer`].
pub const IDS_PER_PART: usize = 32_768;
/// Most bytes of verifier shares in one [`Pulled::Verifiers`].
pub const VERIFIERS_BYTES_PER_PART: usize = 512 * 1024;
/// Most verifier shares in one.
pub const VERIFIERS_PER_PART: usize = 1_024;
/// Most computations in one [`Response::Open`].
pub const OPEN_PER_PART: usize = 1_024;

/// A question or an instruction to a peer.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Request {
    /// Light to heavy: which computations are open, after this one in the order of ids?
    Open {
        /// The last id of the part before.
        after: Option<ContentId>,
    },
    /// Light to heavy: the accepted proposal of this computation.
    Proposal {
        /// Which.
        id: ContentId,
    },
    /// Light to heavy: my share.
    Report {
        /// In which computation.
        id: ContentId,
        /// The report's nonce.
        nonce: Nonce,
        /// The report's public share, the same for all three heavy nodes.
        public: Vec<u8>,
        /// The share sealed to this heavy node.
        sealed: Vec<u8>,
    },
    /// Anyone to heavy: how does it stand?
    Status {
        /// Which computation.
        id: ContentId,
    },
    /// Anyone to heavy: please run this; a signed proposal as JSON.
    Propose {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// Heavy to heavy: I accepted this; do you?
    Accept {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// Heavy to heavy: your word on the next step of agreement.
    Pull {
        /// Of which computation.
        id: ContentId,
        /// Which word.
        pull: Pull,
    },
    /// Heavy to light: a computation has opened or ended.
    News {
        /// Which.
        id: ContentId,
    },
    /// Heavy to heavy: I have something new to pull.
    Nudge {
        /// Of which computation.
        id: ContentId,
    },
    /// Light to heavy: I take my answer back. Drop my share where you have it, and take none that comes.
    Withdraw {
        /// In which computation.
        id: ContentId,
    },
    /// Anyone to heavy: its proposer cancels a computation; the signed cancellation as JSON.
    Cancel {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// Anyone to heavy: have you evidence that a heavy node lied?
    Evidence {
        /// In which computation.
        id: ContentId,
    },
}

/// What a heavy node asks another for, in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Pull {
    /// The ids of the reports that a heavy node holds, from this index on.
    Offer {
        /// Whose: the role of the node that is asked, or of the third where that one is out of reach.
        of: u8,
        /// Index of the first id wanted.
        from: u32,
    },
    /// Its verifier shares, from this report on.
    Verifiers {
        /// Index of the first report among those that all three hold.
        from: u32,
    },
    /// Its commitment to the agreed set.
    Commit,
    /// Its sum of shares.
    Partial,
    /// Its signature under the result.
    Signature,
}

/// A heavy node's word on a step of agreement.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Pulled {
    /// Ask again later.
    NotYet,
    /// Ids of reports held when a node closed.
    Offer(Offer),
    /// Verifier shares, in the order of the reports that all three hold.
    Verifiers {
        /// Digest of the ids of these reports.
        candidates: ContentId,
        /// Index of the first in this part.
        from: u32,
        /// The part.
        shares: Vec<Vec<u8>>,
    },
    /// The agreed set.
    Commit {
        /// What it commits to.
        commitment: Commitment,
        /// Signature of the node, in [`keys::Domain::Commit`].
        signature: [u8; 64],
    },
    /// It has waited for the third long enough, has not committed, and will commit as another does.
    Undecided,
    /// The sum of shares over the agreed set.
    Partial {
        /// Digest of the set's ids.
        set: ContentId,
        /// The encoded aggregate.
        sum: Vec<u8>,
        /// Signature of the node over both, in [`keys::Domain::Partial`].
        signature: [u8; 64],
    },
    /// The node's signature under the result's document.
    Signature {
        /// DSSE signature.
        signature: [u8; 64],
    },
    /// It has refused; its signed refusal as JSON.
    Refused {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// It has the result with all signatures, as JSON: who lacks a signature may have no other
    /// way to it, where a heavy node has stopped since.
    Result {
        /// The envelope.
        envelope: Vec<u8>,
    },
}

/// A part of the ids of the reports that a heavy node holds, with its signature under all of them, which lets another pass them on.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Offer {
    /// Whose: a role.
    pub of: u8,
    /// How many there are in all.
    pub total: u32,
    /// Index of the first in this part.
    pub from: u32,
    /// The part, strictly ascending.
    pub ids: Vec<ReportId>,
    /// Indices, from the start of the part, of those whose shares are invalid at that node by themselves; strictly ascending.
    pub invalid: Vec<u32>,
    /// The node's part in the verify key.
    pub seed: [u8; 32],
    /// Signature of the node whose ids they are, over [`Offer::bytes`], in [`keys::Domain::Offer`].
    pub signature: [u8; 64],
}

impl Offer {
    /// The bytes that are signed: computation, number of ids, digest of all ids, digest of the invalid ones among them, seed.
    pub fn bytes(
        computation: ContentId,
        ids: &[ReportId],
        invalid: impl Iterator<Item = ReportId>,
        seed: &[u8; 32],
    ) -> Vec<u8> {
        let invalid: Vec<u8> = invalid.flat_map(|id| id.0).collect();
        let total = ids.len() as u32;
        [
            computation.digest().as_slice(),
            &total.to_le_bytes(),
            set_digest(ids).digest(),
            ContentId::of(&invalid).digest(),
            seed,
        ]
        .concat()
    }
}

/// What a heavy node commits to before any sum is released.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    /// Whose holdings were intersected: one bit for each role.
    pub cohort: u8,
    /// Digest of the ids of the valid reports that all of the cohort hold, ascending.
    pub set: ContentId,
    /// Their number.
    pub participants: u32,
    /// Reports that all of the cohort hold and that are invalid.
    pub rejected: u32,
    /// With `rep64` the sums of the commitments of the reports in the set, encoded; else empty.
    pub sums: Vec<u8>,
}

impl Commitment {
    /// The bytes that are signed.
    pub fn bytes(&self, computation: ContentId) -> Vec<u8> {
        [
            computation.digest().as_slice(),
            &[self.cohort],
            self.set.digest(),
            &self.participants.to_le_bytes(),
            &self.rejected.to_le_bytes(),
            &self.sums,
        ]
        .concat()
    }
}

/// The bytes that a heavy node signs under its sum of shares.
pub fn partial_bytes(computation: ContentId, set: ContentId, sum: &[u8]) -> Vec<u8> {
    [computation.digest().as_slice(), set.digest(), sum].concat()
}

/// Digest of a set of reports: over their ids, ascending.
pub fn set_digest(ids: &[ReportId]) -> ContentId {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
    ContentId::of(&bytes)
}

/// An answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Response {
    /// Heard; nothing to say.
    Done,
    /// The computation is not known here.
    Unknown,
    /// Ids of open computations, ascending.
    Open {
        /// The ids.
        ids: Vec<ContentId>,
        /// Whether more follow the last.
        more: bool,
    },
    /// A proposal with its signatures as JSON.
    Proposal {
        /// The envelope.
        envelope: Vec<u8>,
    },
    /// The share is durable here, and counts if the others hold theirs.
    Acknowledged,
    /// The share is not taken.
    Refused(ReportRefusal),
    /// How a computation stands.
    Status(Status),
    /// The proposal is being accepted, as this computation.
    Proposed {
        /// Its id.
        id: ContentId,
    },
    /// Accepted, with the DSSE signature under the proposal.
    Accepted {
        /// The signature.
        signature: [u8; 64],
    },
    /// A proposal is not taken.
    NotAccepted {
        /// Why, for people; at most 500 characters.
        why: String,
    },
    /// The word that was asked for.
    Pulled(Pulled),
    /// The share is deleted here, durably, and none of that light node's is taken in this computation.
    Withdrawn,
    /// The computation is refused here as cancelled, durably.
    Cancelled,
    /// The answer to [`Request::Evidence`]; [`Response::Done`] in its place while the computation has not ended here.
    Evidence {
        /// The envelope around [`crate::evidence::Evidence`] as JSON; `None` where this heavy node has none, and will have none.
        envelope: Option<Vec<u8>>,
    },
}

/// How a computation stands at a heavy node.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Status {
    /// Reports held, durable.
    pub reports: u32,
    /// The signed end as JSON, once there is one.
    pub end: Option<Vec<u8>>,
    /// What became of the asking node's own report.
    pub mine: Mine,
}

/// What became of a light node's report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mine {
    /// This heavy node holds none.
    None,
    /// Held; whether it counts is not decided.
    Held,
    /// In the agreed set.
    Counted,
    /// Held here, but not by all when they closed, so left out.
    NotHeldByAll,
    /// Its shares were found invalid, so left out.
    Rejected,
    /// Held, but the computation was refused, so nothing was counted.
    Unused,
}

/// Why a share is not taken.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReportRefusal {
    /// The computation is not known here.
    Unknown,
    /// The computation has closed by this node's clock, or ended.
    NotOpen,
    /// The most participants are reached.
    Full,
    /// This light node already has another report here.
    Duplicate,
    /// The share does not open, or is not of the computation's shape.
    Malformed,
    /// This node cannot store now; try again.
    Storage,
    /// The computation has not opened here yet; try again.
    NotYet,
    /// This light node's shares were invalid too often.
    Limited,
    /// This light node took its answer back.
    Withdrawn,
}

impl ReportRefusal {
    /// Every reason, for counters.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::NotOpen,
        Self::Full,
        Self::Duplicate,
        Self::Malformed,
        Self::Storage,
        Self::NotYet,
        Self::Limited,
        Self::Withdrawn,
    ];

    /// The reason's name in counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotOpen => "not-open",
            Self::Full => "full",
            Self::Duplicate => "duplicate",
            Self::Malformed => "malformed",
            Self::Storage => "storage",
            Self::NotYet => "not-yet",
            Self::Limited => "limited",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether the same share may be taken later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Storage | Self::Unknown | Self::NotYet)
    }
}

impl fmt::Display for ReportRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the heavy node does not know this computation",
            Self::NotOpen => "the computation was closed by the heavy node's clock",
            Self::Full => "the computation has all the participants it takes",
            Self::Duplicate => "this node already answered with another report",
            Self::Malformed => "the share did not open at the heavy node",
            Self::Storage => "the heavy node cannot store now",
            Self::NotYet => "the computation has not opened at the heavy node yet",
            Self::Limited => "this node's answers were invalid too often",
            Self::Withdrawn => "this node took its answer back",
        })
    }
}

impl Wire for Request {
    const BYTES_MAX: usize = Protocol::Aggregate.request_bytes_max();
}

impl Wire for Response {
    const BYTES_MAX: usize = Protocol::Aggregate.response_bytes_max();
}
