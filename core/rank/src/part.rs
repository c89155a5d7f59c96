//! A shard's rows as data, and the rounds of whoever holds them.

use crate::{
    fixed::{self, Alpha, MANTISSA_BITS, ONE},
    graph,
    shard::Sums,
    sweep::{self, Rows},
};
use alloc::{vec, vec::Vec};
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{Error, ErrorKind, Read, Write},
};
use codec::Wire;
use core::{fmt, iter};

/// Most bytes of a part's encoding.
pub const PART_BYTES_MAX: usize = 1 << 30;

/// A shard's rows as data: all that a node needs to do its rounds, whatever the rest of the graph is.
///
/// Whoever makes or decodes one finds it checked: no slot is out of range, and no edges carry more than all mass of their source. So the part of a
/// hostile node costs its holder time and memory, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    rows: PartRows,
}

/// What a [`Part`] is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct PartRows {
    /// How much mass follows edges, of 2³²: [`Alpha::parts`].
    pub alpha: u32,
    /// Whether edges have shares.
    pub is_weighted: bool,
    /// How many nodes the whole graph has.
    pub node_count: u32,
    /// The ids of the part's own nodes, ascending. Their slots are numbered from 0.
    pub nodes: Vec<u32>,
    /// How many nodes of other parts have edges to these. Their slots follow.
    pub ghosts: u32,
    /// The sources of own node `j` stand at `offsets[j]..offsets[j + 1]`.
    pub offsets: Vec<u32>,
    /// Slots.
    pub sources: Vec<u32>,
    /// One a source, as SPEC.md has it, or none at all.
    pub shares: Vec<u32>,
    /// Edges of the whole graph that leave each own node.
    pub outs: Vec<u32>,
    /// What of 2⁵⁸ teleports to nodes below each own node, and up to it, by stake; or none where it goes to all alike.
    pub jumps: Vec<[u64; 2]>,
    /// Own slots whose contributions other parts want, ascending.
    pub exports: Vec<u32>,
}

/// Why rows are no part of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartError {
    /// Own nodes are not ascending, not below the number of nodes, or too many together with ghosts; or there are more ghosts than edges.
    Nodes,
    /// Offsets do not cover the sources, or some source is no slot.
    Rows,
    /// There is not one share an edge, or edges of a node carry more than all that it has.
    Shares,
    /// Not one number of edges a node, or fewer than lead to this part alone.
    Outs,
    /// Not one pair a node, or they overlap.
    Jumps,
    /// Exports are not ascending, or not own slots.
    Exports,
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nodes => "its nodes are not ascending ids of the graph",
            Self::Rows => "its rows do not fit its sources",
            Self::Shares => "its edges carry more than their sources have",
            Self::Outs => "its nodes have fewer edges than lead to the part itself",
            Self::Jumps => "its stakes overlap",
            Self::Exports => "its exports are not ascending slots of its own",
        })
    }
}

impl core::error::Error for PartError {}

impl Part {
    /// Checks the rows, in about the time of a round.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn new(rows: PartRows) -> Result<Self, PartError> {
        rows.check()?;
        Ok(Self { rows })
    }

    /// What it is made of.
    pub fn rows(&self) -> &PartRows {
        &self.rows
    }

    /// How many slots there are: own nodes, then ghosts.
    pub fn slots(&self) -> usize {
        self.rows.nodes.len() + self.rows.ghosts as usize
    }

    /// How many of this part's edges lead from the node in each slot.
    pub fn edges(&self) -> Vec<u32> {
        self.rows.edges()
    }

    /// Bytes that [`PartRounds`] of it take, the part itself included.
    pub fn footprint_bytes(&self) -> u64 {
        let rows = &self.rows;
        let words = rows.offsets.len() + rows.sources.len() + rows.shares.len() + rows.exports.len();
        footprint(words, rows.nodes.len(), rows.jumps.len(), rows.ghosts)
    }

    /// [`Part::footprint_bytes`] of an encoded part, by the lengths of its lists alone: nothing is decoded, and what they hold is not looked at. `None` for
    /// what is no part.
    pub fn footprint_bytes_of(encoded: &[u8]) -> Option<u64> {
        let mut rest = encoded;
        // α, whether edges have shares, nodes of the graph.
        skip(&mut rest, 4 + 1 + 4)?;
        let nodes = skip_list(&mut rest, 4)?;
        let ghosts = u32::from_le_bytes(skip(&mut rest, 4)?.try_into().ok()?);
        let [offsets, sources, shares, _outs] = [(); 4].map(|()| skip_list(&mut rest, 4));
        let jumps = skip_list(&mut rest, 16)?;
        let exports = skip_list(&mut rest, 4)?;
        let words = offsets? + sources? + shares? + exports;
        rest.is_empty().then(|| footprint(words, nodes, jumps, ghosts))
    }

    pub(crate) fn alpha(&self) -> Alpha {
        Alpha::of_parts(self.rows.alpha)
    }

    /// What of `units` that teleport comes to the own node in `slot`.
    pub(crate) fn jump(&self, units: u64, slot: usize) -> u64 {
        match self.rows.jumps.get(slot) {
            Some([below, with]) => fixed::scale(units, *with) - fixed::scale(units, *below),
            None => graph::jump(&[], self.rows.node_count, units, self.rows.nodes[slot]),
        }
    }
}

/// Bytes that [`PartRounds`] of a part take.
fn footprint(words: usize, nodes: usize, jumps: usize, ghosts: u32) -> u64 {
    let slots = nodes as u64 + u64::from(ghosts);
    // Of each own node: id, edges out, kept; of each slot: contribution, edges here.
    (4 * words + 16 * (nodes + jumps)) as u64 + 8 * slots
}

/// The next bytes, so many.
fn skip<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (skipped, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(skipped)
}

/// Passes a list whose elements have so many bytes; gives its length.
fn skip_list(rest: &mut &[u8], each: usize) -> Option<usize> {
    let len = u32::from_le_bytes(skip(rest, 4)?.try_into().ok()?) as usize;
    skip(rest, len.checked_mul(each)?)?;
    Some(len)
}

impl PartRows {
    fn check(&self) -> Result<(), PartError> {
        let (nodes, ascends) = (self.nodes.len(), |list: &[u32]| list.is_sorted_by(|a, b| a < b));
        let slots = nodes as u64 + u64::from(self.ghosts);
        let is_within = self.nodes.last().is_none_or(|last| *last < self.node_count);
        // Each ghost is some edge's source, so that what a part takes is bounded by its bytes.
        let is_used = self.ghosts as usize <= self.sources.len();
        if !ascends(&self.nodes) || !is_within || !is_used || slots > u64::from(self.node_count) {
            return Err(PartError::Nodes);
        }
        let ends = [self.offsets.first().copied(), self.offsets.last().copied()];
        let has_rows = self.offsets.len() == nodes + 1
            && ends[0] == Some(0)
            && ends[1].map(u64::from) == Some(self.sources.len() as u64);
        if !has_rows || !self.offsets.is_sorted() {
            return Err(PartError::Rows);
        }
        if self.sources.iter().any(|source| u64::from(*source) >= slots) {
            return Err(PartError::Rows);
        }
        if self.outs.len() != nodes {
            return Err(PartError::Outs);
        }
        let edges = self.edges();
        if iter::zip(&self.outs, &edges).any(|(outs, edges)| edges > outs) {
            return Err(PartError::Outs);
        }
        self.check_shares(slots as usize)?;
        let jumps = self.jumps.as_flattened();
        if !(jumps.is_empty() || self.jumps.len() == nodes)
            || !jumps.is_sorted()
            || jumps.last().is_some_and(|last| *last > ONE)
        {
            return Err(PartError::Jumps);
        }
        if !ascends(&self.exports) || self.exports.last().is_some_and(|last| *last as usize >= nodes) {
            return Err(PartError::Exports);
        }
        Ok(())
    }

    /// No node's shares are more than the whole.
    fn check_shares(&self, slots: usize) -> Result<(), PartError> {
        let expected = if self.is_weighted { self.sources.len() } else { 0 };
        if self.shares.len() != expected {
            return Err(PartError::Shares);
        }
        if !self.is_weighted {
            return Ok(());
        }
        // In parts of 2⁵⁸; no more than 2³² edges share, so 2⁹⁰ is enough room.
        let mut given = vec![0_u128; slots];
        for (source, share) in iter::zip(&self.sources, &self.shares) {
            let (mantissa, down) = (share & ((1 << MANTISSA_BITS) - 1), share >> MANTISSA_BITS);
            given[*source as usize] += u128::from(mantissa) << (fixed::EXPONENT_MAX - down);
        }
        if given.iter().any(|given| *given > u128::from(ONE)) { Err(PartError::Shares) } else { Ok(()) }
    }

    fn edges(&self) -> Vec<u32> {
        let mut edges = vec![0_u32; self.nodes.len() + self.ghosts as usize];
        self.sources.iter().for_each(|source| edges[*source as usize] += 1);
        edges
    }
}

impl BorshSerialize for Part {
    fn serialize<W: Write>(&self, writer: &mut W) -> Result<(), Error> {
        self.rows.serialize(writer)
    }
}

impl BorshDeserialize for Part {
    fn deserialize_reader<R: Read>(reader: &mut R) -> Result<Self, Error> {
        let rows = PartRows::deserialize_reader(reader)?;
        Self::new(rows).map_err(|_| Error::new(ErrorKind::InvalidData, "no part of a graph"))
    }
}

impl Wire for Part {
    const BYTES_MAX: usize = PART_BYTES_MAX;
}

/// What the first half of a round gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// What each of [`PartRows::exports`] contributes along an edge, or in all where edges have shares.
    pub exports: Vec<u32>,
    /// Units of own nodes without edges.
    pub dangling: u64,
}

/// What comes in is not of one graph: as much mass as that would make cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impossible {
    /// Not one contribution for each ghost.
    Length {
        /// How many there were.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// More mass than there is.
    Mass,
}

impl fmt::Display for Impossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { got, expected } => {
                write!(f, "{got} contributions where {expected} nodes have edges to here")
            }
            Self::Mass => f.write_str("more mass than there is"),
        }
    }
}

impl core::error::Error for Impossible {}

/// The rounds of one part: [`PartRounds::spread`], then [`PartRounds::gather`], and again. What it holds is a function of the part and of what came in.
#[derive(Debug, Clone)]
pub struct PartRounds {
    part: Part,
    /// How many edges lead here from each slot.
    edges: Vec<u32>,
    kept: Vec<u64>,
    contributions: Vec<u32>,
}

impl PartRounds {
    /// Before round 1: nothing is kept.
    pub fn new(part: Part) -> Self {
        let (nodes, slots) = (part.rows.nodes.len(), part.slots());
        Self { edges: part.edges(), part, kept: vec![0; nodes], contributions: vec![0; slots] }
    }

    /// The part.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// First half of a round, with so many units that teleport to the whole graph.
    ///
    /// # Errors
    /// [`Impossible::Mass`] where that is more than these nodes have left of all mass; nothing has changed then.
    pub fn spread(&mut self, teleport: u64) -> Result<Spread, Impossible> {
        let kept: u64 = self.kept.iter().sum();
        if ONE.checked_sub(kept).is_none_or(|left| teleport > left) {
            return Err(Impossible::Mass);
        }
        let (part, mut dangling) = (&self.part, 0);
        for slot in 0..self.kept.len() {
            let mass = self.kept[slot] + part.jump(teleport, slot);
            let contribution = sweep::contribution(mass, part.rows.outs[slot], part.rows.is_weighted);
            dangling += if contribution.is_none() { mass } else { 0 };
            self.contributions[slot] = contribution.unwrap_or_default();
        }
        let exports = part.rows.exports.iter().map(|slot| self.contributions[*slot as usize]).collect();
        Ok(Spread { exports, dangling })
    }

    /// Second half of a round, with what each ghost contributes, in the order of their slots. [`Sums::dangling`] is left 0: the first half told it.
    ///
    /// # Errors
    /// [`Impossible`] where no graph has such contributions; what is kept has not changed then.
    pub fn gather(&mut self, ghosts: &[u32]) -> Result<Sums, Impossible> {
        let own = self.kept.len();
        let expected = self.contributions.len() - own;
        if ghosts.len() != expected {
            return Err(Impossible::Length { got: ghosts.len(), expected });
        }
        self.contributions[own..].copy_from_slice(ghosts);
        if mass(&self.contributions, &self.edges, self.part.rows.is_weighted) > u128::from(ONE) {
            return Err(Impossible::Mass);
        }
        let PartRows { offsets, sources, shares, .. } = &self.part.rows;
        let rows = Rows { offsets, sources, shares };
        let sums = rows.gather(&self.contributions, &mut self.kept, self.part.alpha());
        Ok(Sums { received: sums.received, kept: sums.kept, moved: sums.moved, dangling: 0 })
    }

    /// What each own node keeps of what followed edges, in the order of their slots. With what teleports to it, this is π.
    pub fn kept(&self) -> &[u64] {
        &self.kept
    }
}

/// At most so much mass comes along these edges.
pub(crate) fn mass(values: &[u32], edges: &[u32], is_weighted: bool) -> u128 {
    // Shares of one node are no more than the whole, and a node without edges here gives nothing.
    let times = |edges: u32| if is_weighted { u128::from(edges.min(1)) } else { u128::from(edges) };
    iter::zip(values, edges).map(|(value, edges)| u128::from(fixed::decode(*value)) * times(*edges)).sum()
}
