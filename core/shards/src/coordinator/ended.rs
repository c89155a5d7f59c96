//! How rankings ended, as it is kept and shown.

use crate::order::{Facts, Order};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire};
use keys::NodeId;
use rank::{Report, Verdict};
use serde::{Deserialize, Serialize};

/// All that is kept of a ranking but its graph and π.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Record {
    pub(super) order: Order,
    /// Keys that the graph's file lies under.
    pub(super) chunks: u32,
    pub(super) submitted: Instant,
    pub(super) outcome: Option<Outcome>,
    /// Bytes of π that are kept.
    pub(super) pi_bytes: u64,
}

impl Wire for Record {
    const BYTES_MAX: usize = 1 << 20;
}

impl Record {
    /// When it is given up.
    pub(super) const fn deadline(&self) -> Instant {
        self.submitted.plus_ms(self.order.patience_ms)
    }

    /// Whether there is a π, and all of it.
    pub(super) fn is_whole(&self) -> bool {
        let result = self.outcome.as_ref().map(|outcome| &outcome.result);
        matches!(result, Some(Ok(ended)) if self.pi_bytes > 0 || ended.graph.nodes == 0)
    }
}

/// How a ranking ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Outcome {
    /// When.
    pub at: Instant,
    /// π, or why there is none.
    pub result: Result<Ended, String>,
}

impl Outcome {
    pub(super) fn refused(at: Instant, why: String) -> Self {
        Self { at, result: Err(crate::message::shortened(why, 500)) }
    }
}

/// π, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct Ended {
    /// [`rank::Focus::digest`].
    pub digest: ContentId,
    /// [`Verdict`] in a word.
    pub verdict: String,
    /// The verdict for people.
    pub message: String,
    /// Rounds done.
    pub rounds: u32,
    /// [`Report::bound`].
    pub bound: u64,
    /// [`Report::change`].
    pub change: u64,
    /// [`Report::lost`].
    pub lost: u64,
    /// [`Report::ratio`].
    pub ratio: u64,
    /// What the graph is like.
    pub graph: Facts,
    /// The nodes of the greatest mass with their units, the greatest first; at most 100.
    pub top: Vec<(u32, u64)>,
    /// Who computed each part.
    pub shards: Vec<ShardDone>,
    /// Holders that others took the place of.
    pub replaced: u32,
    /// Who said something else than what is believed.
    pub liars: Vec<NodeId>,
    /// Milliseconds from the first part handed out to the end.
    pub took_ms: u64,
}

/// Who computed a part, all alike.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct ShardDone {
    /// How many nodes it has.
    pub nodes: u32,
    /// How many edges lead to them.
    pub edges: u32,
    /// Those whose last slice is the one that is believed.
    pub holders: Vec<HolderDone>,
}

/// One who computed a part.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
pub struct HolderDone {
    /// The light node; `None` for the heavy node itself.
    pub node: Option<NodeId>,
    /// On what, in its own words.
    pub device: String,
}

/// A verdict in a word.
pub(super) fn word(verdict: Verdict) -> String {
    match verdict {
        Verdict::Converged => "converged",
        Verdict::RoundsUsedUp => "rounds-used-up",
        Verdict::GapTooSmall { .. } => "gap-too-small",
        Verdict::EpsilonTooSmall => "epsilon-too-small",
        _ => "not-converged",
    }
    .to_string()
}

impl Ended {
    /// What is known of π, as a solve on one machine tells it.
    pub const fn report(&self) -> Report {
        let Self { rounds, bound, change, lost, ratio, .. } = self;
        Report { rounds: *rounds, bound: *bound, change: *change, lost: *lost, ratio: *ratio }
    }
}
