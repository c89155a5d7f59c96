//! What is kept of a block, and what a pipeline goes by.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire, encode};
use core::fmt;
use rank::{Alpha, Epsilon, Options, ROUNDS_MAX, Verdict};

/// Most nodes of a graph.
pub const NODES_MAX: u32 = 1 << 28;
/// Most edges of a graph.
pub const EDGES_MAX: usize = 1 << 31;
/// What the name of a record begins with.
const DOMAIN: &[u8] = b"formix/block/1\0";

/// What a pipeline goes by. It is stored, since another choice gives other bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settings {
    /// How much mass follows edges, of 2³².
    pub alpha: u32,
    /// How far π may be from the exact one, in units of 2⁻⁵⁸.
    pub epsilon: u64,
    /// Most rounds of a solve.
    pub rounds_max: u32,
    /// Most nodes; at most [`NODES_MAX`] count.
    pub nodes_max: u32,
    /// Most interactions of a block's weights.
    pub block_interactions: u64,
    /// Most interactions of one weight.
    pub weight_interactions: u64,
    /// Most nodes of the heap in which weights are reduced, of 16 bytes; twice as many wires of 4.
    pub heap_nodes: u32,
    /// The whole graph is stored after so many blocks, or sooner where many edges changed.
    pub snapshot_blocks: u32,
}

impl Default for Settings {
    /// α 0.85, ε 1e-6, 2048 rounds; 2²⁴ nodes; 2²⁴ interactions a block, 2²⁰ a weight, in 64 MiB; the whole graph every 256 blocks.
    fn default() -> Self {
        Self {
            alpha: Alpha::USUAL.parts(),
            epsilon: Epsilon::MILLIONTH.units(),
            rounds_max: ROUNDS_MAX,
            nodes_max: 1 << 24,
            block_interactions: 1 << 24,
            weight_interactions: 1 << 20,
            heap_nodes: 1 << 22,
            snapshot_blocks: 256,
        }
    }
}

impl Wire for Settings {
    const BYTES_MAX: usize = 64;
}

impl Settings {
    /// With how a solve is to go.
    pub fn with_options(self, options: Options) -> Self {
        let (alpha, epsilon) = (options.alpha.parts(), options.epsilon.units());
        Self { alpha, epsilon, rounds_max: options.rounds_max, ..self }
    }

    /// How a solve goes.
    pub fn options(&self) -> Options {
        Options {
            alpha: Alpha::of_parts(self.alpha),
            epsilon: Epsilon::of_units(self.epsilon).unwrap_or(Epsilon::MILLIONTH),
            rounds_max: self.rounds_max,
            guard: true,
        }
    }
}

/// A change that was made: a weight is a number by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    /// There is an edge of this weight and no other; of weight 0: there is none.
    Edge {
        /// The node that it leaves.
        from: u32,
        /// The node that it leads to.
        to: u32,
        /// In parts of 2³².
        weight: u64,
    },
    /// A node has this at stake.
    Stake {
        /// The node.
        node: u32,
        /// In the unit of the graph's stakes.
        stake: u64,
    },
}

impl From<Change> for rank::Delta {
    fn from(change: Change) -> Self {
        match change {
            Change::Edge { from, to, weight } => Self::Edge { from, to, weight },
            Change::Stake { node, stake } => Self::Stake { node, stake },
        }
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Reason {
    /// Its term cannot be read, or has no net.
    Unread,
    /// Its weight is something else.
    NotANumber,
    /// Its weight, or what is staked on it, is 0.
    Zero,
    /// Its weight times what is staked on it is more than 64 bits hold, or with the stakes of where edges lead more than 128.
    TooHeavy,
    /// Its weight takes more interactions or more room than one may.
    TooMuch,
    /// The weights before it left less than its own takes.
    BlockSpent,
    /// A node is beyond what the graph can have.
    OutOfRange,
    /// There is no such node to take an edge from.
    NoSuchNode,
    /// The graph has as many edges as it can have.
    GraphFull,
    /// The graph has no stakes.
    NoStakes,
    /// Nobody would have any stake, and mass teleports by stake.
    NoStakeLeft,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread => f.write_str("its weight cannot be read as a term"),
            Self::NotANumber => f.write_str("its weight is no number: 1 to 16777215, as `(+ 1 2)` gives"),
            Self::Zero => f.write_str(
                "it weighs nothing: give it a weight and a stake above 0, or take it away with `-`",
            ),
            Self::TooHeavy => f.write_str(
                "its weight times stakes is more than can be counted: scale weights or stakes down",
            ),
            Self::TooMuch => {
                f.write_str("its weight takes more interactions or room than one may: make it simpler")
            }
            Self::BlockSpent => f.write_str(
                "the weights before it used up the block's interactions: put it into the next block",
            ),
            Self::OutOfRange => {
                f.write_str("a node is beyond what the graph can have: number the nodes without gaps")
            }
            Self::NoSuchNode => f.write_str("there is no such node"),
            Self::GraphFull => f.write_str("the graph has as many edges as it can have: take some away"),
            Self::NoStakes => f.write_str("the graph has no stakes: begin with some"),
            Self::NoStakeLeft => f.write_str("nobody would have any stake, and mass teleports by stake"),
        }
    }
}

/// A change that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Refused {
    /// Its place among the block's changes, from 0.
    pub delta: u32,
    /// Why.
    pub reason: Reason,
}

/// How near π was brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Nearness {
    /// Within ε.
    Converged,
    /// Not within ε: the rounds were used up.
    RoundsUsedUp,
    /// Not within ε: the spectral gap is too small.
    GapTooSmall,
    /// Not within ε, which is below what can be told at this α.
    EpsilonTooSmall,
}

impl From<Verdict> for Nearness {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Converged => Self::Converged,
            Verdict::GapTooSmall { .. } => Self::GapTooSmall,
            Verdict::EpsilonTooSmall => Self::EpsilonTooSmall,
            _ => Self::RoundsUsedUp,
        }
    }
}

/// What became of a block: a function of the state before and of the block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// How many blocks there were before it. Of the graph that all began with: 0.
    pub height: u64,
    /// The name of the record before.
    pub previous: ContentId,
    /// The name of the block.
    pub block: ContentId,
    /// What was changed, in order.
    pub changes: Vec<Change>,
    /// What was not, in order.
    pub refused: Vec<Refused>,
    /// Interactions of its weights, those of refused ones up to where they were stopped.
    pub interactions: u64,
    /// Nodes of the graph.
    pub nodes: u32,
    /// Edges of the graph.
    pub edges: u64,
    /// The name of π.
    pub pi: ContentId,
    /// ‖π − π*‖₁ is at most so many units of 2⁻⁵⁸.
    pub bound: u64,
    /// Whether that is near enough.
    pub nearness: Nearness,
}

impl Wire for Record {
    const BYTES_MAX: usize = 256 + crate::DELTAS_MAX * 22;
}

impl Record {
    /// The name of the block's outcome, and of all that went before it.
    pub fn digest(&self) -> ContentId {
        let mut bytes = Vec::from(DOMAIN);
        bytes.extend(encode(self));
        ContentId::of(&bytes)
    }
}
