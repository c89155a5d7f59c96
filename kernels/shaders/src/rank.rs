//! The focus vector π as `core/rank/SPEC.md` defines it, in rounds of dispatches.
//!
//! A round is: [`Kernel::Spread`], then [`Kernel::Gather`], [`Kernel::Scan`] of tiles, [`Kernel::Scan`] of blocks and [`Kernel::Keep`], all of these
//! over each part, then [`Kernel::Judge`]. The last one's [`State`] is what the next round reads, so many rounds can be handed to a device at
//! once; after the round in which π is near enough they do nothing.

pub mod cpu;
mod cut;

pub use cut::{Arranged, TooLarge, cut};

use crate::{Access, Bindings, GROUP, constant, structure, words};
use alloc::{string::String, vec::Vec};

/// All mass is 2 to this, in units.
pub const ONE_BITS: u32 = 58;
/// Bits of the mantissa of contributions and shares; the five above it are the exponent.
pub const MANTISSA_BITS: u32 = 27;
/// The greatest exponent.
pub const EXPONENT_MAX: u32 = 31;
/// Edges that a workgroup gathers.
pub const TILE: u32 = 1024;
/// Values that a workgroup scans.
pub const BLOCK: u32 = 1024;
/// Rows that a workgroup spreads, or keeps.
pub const SPAN: u32 = 1024;
/// Rounds whose sums a device remembers.
pub const LOG_ROUNDS: u32 = 64;

words! {
    /// A part of a graph.
    Part {
        /// Which of the graph's rows is its first.
        first_row,
        /// How many rows, one a node.
        rows,
        /// Edges that lead to its nodes.
        edges,
        /// One for each [`TILE`] edges begun, and one where edges end with a tile, so that each row ends in one.
        tiles,
        /// One for each [`SPAN`] rows begun.
        spans,
        /// Spans of the parts before it.
        first_span,
        /// 1 where edges have shares.
        is_weighted,
        /// 1 where teleport goes by stake.
        by_stake,
        /// α, of 2³².
        alpha,
    }
}

words! {
    /// What [`Kernel::Scan`] scans.
    Level {
        /// How many values.
        count,
    }
}

words! {
    /// What [`Kernel::Judge`] goes by.
    Course {
        /// Of the whole graph.
        nodes,
        /// Spans of all parts.
        spans,
        /// α, of 2³².
        alpha,
        /// After so many rounds it ends.
        rounds_max,
        /// 10·n: the low word.
        rounding_low,
        /// 10·n: the high word.
        rounding_high,
        /// ε·(2³² − α): the low word.
        goal_low,
        /// ε·(2³² − α): the middle word.
        goal_middle,
        /// ε·(2³² − α): the high word.
        goal_high,
    }
}

words! {
    /// What a round leaves to the next.
    State {
        /// Rounds done.
        rounds,
        /// 1 after the last.
        is_over,
        /// Units that teleport: the low word.
        teleport_low,
        /// Units that teleport: the high word.
        teleport_high,
        /// What each node gets of them where teleport is uniform: the low word.
        even_low,
        /// What each node gets of them where teleport is uniform: the high word.
        even_high,
        /// Nodes below this get one more.
        surplus,
    }
}

impl State {
    /// Before the first round of a graph of so many nodes: all mass teleports.
    pub fn first(nodes: u32) -> Self {
        Self::teleporting(1 << ONE_BITS, nodes)
    }

    /// Before a round of a graph of so many nodes, in which so many units teleport.
    pub fn teleporting(units: u64, nodes: u32) -> Self {
        let nodes = u64::from(nodes).max(1);
        let ([teleport_low, teleport_high], [even_low, even_high]) =
            (crate::pair::pair(units), crate::pair::pair(units / nodes));
        let surplus = (units % nodes) as u32;
        Self { rounds: 0, is_over: 0, teleport_low, teleport_high, even_low, even_high, surplus }
    }

    /// Units that teleport.
    pub fn teleport(self) -> u64 {
        crate::pair::number([self.teleport_low, self.teleport_high])
    }
}

/// A graph and how to solve it, as `core/rank` hands it over.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The node of each row.
    pub order: &'a [u32],
    /// Where each row begins in `sources`, and where the last one ends.
    pub starts: &'a [u32],
    /// The rows of the sources of each node's mass, no source twice in a row.
    pub sources: &'a [u32],
    /// The share of each edge, or none at all.
    pub shares: &'a [u32],
    /// Edges that leave the node of each row.
    pub outs: &'a [u32],
    /// Where teleport goes by stake: what teleports to nodes with ids below each, of 2⁵⁸, one more than nodes. Else none.
    pub jumps: &'a [u64],
    /// α, of 2³².
    pub alpha: u32,
    /// ε, in units.
    pub epsilon: u64,
    /// After so many rounds it ends, 1 at least.
    pub rounds_max: u32,
    /// What the node of each row has at first, in units; none where all mass teleports at first.
    pub begun: &'a [u64],
}

/// A part of a graph, whose other parts others hold.
#[derive(Debug, Clone, Copy)]
pub struct PartInput<'a> {
    /// Its rows, whose sources are slots: own rows first, then ghosts, which are nodes of other parts. Where teleport goes by stake, the row `i` has its
    /// two numbers at `jumps[order[i]]` and behind it; else `order` has the nodes' ids in the whole graph.
    pub rows: Input<'a>,
    /// Own rows and ghosts.
    pub slots: u32,
    /// Nodes of the whole graph.
    pub nodes: u32,
}

impl Input<'_> {
    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.outs.len() as u32
    }

    /// Before the first round. Where nodes have something already, nothing teleports: what they have then is what rows keep.
    pub fn first(&self) -> State {
        match self.begun {
            [] => State::first(self.nodes()),
            _ => State::teleporting(0, self.nodes()),
        }
    }

    /// What [`Kernel::Judge`] goes by.
    pub fn course(&self, spans: u32) -> Course {
        let rest = (1_u128 << 32) - u128::from(self.alpha);
        let goal = u128::from(self.epsilon) * rest;
        let rounding = 10 * u64::from(self.nodes());
        Course {
            nodes: self.nodes(),
            spans,
            alpha: self.alpha,
            rounds_max: self.rounds_max.max(1),
            rounding_low: rounding as u32,
            rounding_high: (rounding >> 32) as u32,
            goal_low: goal as u32,
            goal_middle: (goal >> 32) as u32,
            goal_high: (goal >> 64) as u32,
        }
    }
}

/// What a round added up over all nodes, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Mass of nodes without edges, before the round.
    pub dangling: u64,
    /// Mass that came along edges.
    pub received: u64,
    /// What nodes kept of it.
    pub kept: u64,
    /// By how much that differs from the round before.
    pub moved: u64,
}

impl Sums {
    /// The sums of the round that is number `round`, counted from 0, in a device's history.
    pub fn read(history: &[[u32; 2]], round: u32) -> Option<Self> {
        let at = 4 * (round % LOG_ROUNDS) as usize;
        let [dangling, received, kept, moved] = history.get(at..at + 4)?.try_into().ok()?;
        let number = crate::pair::number;
        Some(Self {
            dangling: number(dangling),
            received: number(received),
            kept: number(kept),
            moved: number(moved),
        })
    }
}

/// Sums that no graph has: the device miscounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impossible;

/// Whoever says when a solve ends.
pub trait Judge {
    /// Takes in the sums of the next round, and says whether that was the last one.
    ///
    /// # Errors
    /// [`Impossible`] where no graph has these sums.
    fn round(&mut self, sums: Sums) -> Result<bool, Impossible>;
}

/// What a device gives once a solve has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// What the node of each row kept in the last round.
    pub kept: Vec<u64>,
    /// Units that teleport after it.
    pub teleport: u64,
}

/// The kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// What each node contributes, and what dangles.
    Spread,
    /// Running sums over edges, tile by tile.
    Gather,
    /// Makes running sums of tiles, or of blocks, continue each other.
    Scan,
    /// What each node keeps of what it received.
    Keep,
    /// Adds up a round, and says whether it was the last.
    Judge,
}

impl Kernel {
    /// Every kernel.
    pub const ALL: [Self; 5] = [Self::Spread, Self::Gather, Self::Scan, Self::Keep, Self::Judge];

    /// Its name, which is its entry point's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spread => "spread",
            Self::Gather => "gather",
            Self::Scan => "scan",
            Self::Keep => "keep",
            Self::Judge => "judge",
        }
    }

    /// What it binds, all in group 0.
    pub const fn bindings(self) -> Bindings {
        use Access::{Read, Uniform, Write};
        match self {
            Self::Spread => &[
                ("part", Uniform),
                ("state", Uniform),
                ("kept", Read),
                ("order", Read),
                ("outs", Read),
                ("jumps", Read),
                ("contributions", Write),
                ("partials", Write),
            ],
            Self::Gather => &[
                ("part", Uniform),
                ("state", Uniform),
                ("starts", Read),
                ("tile_rows", Read),
                ("sources", Read),
                ("shares", Read),
                ("contributions", Read),
                ("sums", Write),
                ("tiles", Write),
            ],
            Self::Scan => &[("level", Uniform), ("state", Uniform), ("values", Write), ("totals", Write)],
            Self::Keep => &[
                ("part", Uniform),
                ("state", Uniform),
                ("starts", Read),
                ("sums", Read),
                ("tiles", Read),
                ("blocks", Read),
                ("kept", Write),
                ("partials", Write),
            ],
            Self::Judge => &[("course", Uniform), ("partials", Read), ("state", Write), ("history", Write)],
        }
    }

    /// All of its source: constants and structures as Rust has them, what kernels share, and its own file.
    pub fn source(self) -> String {
        let constants = [
            ("GROUP", GROUP),
            ("TILE", TILE),
            ("BLOCK", BLOCK),
            ("SPAN", SPAN),
            ("LOG_ROUNDS", LOG_ROUNDS),
            ("ONE_HIGH", 1 << (ONE_BITS - 32)),
            ("MANTISSA_BITS", MANTISSA_BITS),
            ("MANTISSA", (1 << MANTISSA_BITS) - 1),
            ("EXPONENT_MAX", EXPONENT_MAX),
        ];
        let structures = [
            ("Part", Part::FIELDS),
            ("Level", Level::FIELDS),
            ("Course", Course::FIELDS),
            ("State", State::FIELDS),
        ];
        let mut source: String = constants.iter().map(|(name, value)| constant(name, *value)).collect();
        source.extend(structures.iter().map(|(name, fields)| structure(name, fields)));
        source.push_str(include_str!("../wgsl/pair.wgsl"));
        source.push_str(include_str!("../wgsl/group.wgsl"));
        source.push_str(include_str!("../wgsl/rank/mass.wgsl"));
        source.push_str(match self {
            Self::Spread => include_str!("../wgsl/rank/spread.wgsl"),
            Self::Gather => include_str!("../wgsl/rank/gather.wgsl"),
            Self::Scan => include_str!("../wgsl/rank/scan.wgsl"),
            Self::Keep => include_str!("../wgsl/rank/keep.wgsl"),
            Self::Judge => include_str!("../wgsl/rank/judge.wgsl"),
        });
        source
    }
}
