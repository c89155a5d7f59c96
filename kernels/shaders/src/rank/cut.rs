//! Cuts a graph into parts that a device can bind.

use super::{BLOCK, Input, Level, Part, SPAN, TILE};
use alloc::vec::Vec;
use core::{fmt, ops::Range};

/// A part as a device holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arranged {
    /// Its measures.
    pub part: Part,
    /// Its edges: places in the input's sources and shares.
    pub edges: Range<usize>,
    /// Where each row begins among the part's edges, and where the last one ends.
    pub starts: Vec<u32>,
    /// The first row that begins in each tile, or after it; then one more than the last row's end.
    pub tile_rows: Vec<u32>,
}

impl Arranged {
    /// Its rows among the graph's.
    pub fn rows(&self) -> Range<usize> {
        let first = self.part.first_row as usize;
        first..first + self.part.rows as usize
    }

    /// What to scan: first tiles, then blocks of them.
    pub fn levels(&self) -> [Level; 2] {
        [Level { count: self.part.tiles }, Level { count: self.part.tiles.div_ceil(BLOCK) }]
    }
}

/// A graph has more nodes than a device can bind the contributions of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// How many nodes it has.
    pub nodes: u32,
    /// How many fit.
    pub nodes_max: u32,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the graph has {} nodes and the GPU binds at most {} at once", self.nodes, self.nodes_max)
    }
}

impl core::error::Error for TooLarge {}

/// Cuts a graph into parts no buffer of which has more than `binding_max` bytes. What all parts share cannot be cut, since any row may read any
/// of it: a contribution a node, and where teleport goes by stake eight bytes a node and eight more.
///
/// # Errors
/// [`TooLarge`] where that does not fit.
pub fn cut(input: &Input<'_>, binding_max: u64) -> Result<Vec<Arranged>, TooLarge> {
    let nodes = input.nodes();
    // Running sums have eight bytes and one more than rows; a row has at most an edge a node, so it fits wherever contributions do.
    let rows_max = (binding_max / 8).saturating_sub(1).min(u64::from(u32::MAX)) as usize;
    let edges_max = (binding_max / 4).min(u64::from(BLOCK) * u64::from(BLOCK) * u64::from(TILE) - 1) as u32;
    let shared_max = if input.jumps.is_empty() { edges_max } else { edges_max.min(rows_max as u32) };
    let too_large = TooLarge { nodes, nodes_max: if rows_max == 0 { 0 } else { shared_max } };
    if nodes > too_large.nodes_max {
        return Err(too_large);
    }
    let mut parts = Vec::new();
    let (mut first, mut first_span) = (0, 0);
    while first < nodes as usize {
        let base = input.starts[first];
        let ends = &input.starts[first + 1..=first + rows_max.min(nodes as usize - first)];
        let rows = ends.partition_point(|end| end - base <= edges_max);
        if rows == 0 {
            return Err(too_large);
        }
        let arranged = arrange(input, first, rows, first_span);
        first_span += arranged.part.spans;
        first += rows;
        parts.push(arranged);
        // Four sums of eight bytes a span, and each part may begin one more.
        if u64::from(first_span) * 32 > binding_max {
            return Err(TooLarge { nodes_max: (first - rows) as u32, ..too_large });
        }
    }
    Ok(parts)
}

fn arrange(input: &Input<'_>, first: usize, rows: usize, first_span: u32) -> Arranged {
    let base = input.starts[first];
    let starts: Vec<u32> = input.starts[first..=first + rows].iter().map(|start| start - base).collect();
    let edges = starts[rows];
    let tiles = edges / TILE + 1;
    let mut tile_rows = Vec::with_capacity(tiles as usize + 1);
    let mut row = 0;
    for tile in 0..tiles {
        while starts[row] < tile * TILE {
            row += 1;
        }
        tile_rows.push(row as u32);
    }
    tile_rows.push(rows as u32 + 1);
    let part = Part {
        first_row: first as u32,
        rows: rows as u32,
        edges,
        tiles,
        spans: (rows as u32).div_ceil(SPAN),
        first_span,
        is_weighted: u32::from(!input.shares.is_empty()),
        by_stake: u32::from(!input.jumps.is_empty()),
        alpha: input.alpha,
    };
    Arranged { part, edges: base as usize..(base + edges) as usize, starts, tile_rows }
}
