//! Graphs: a list of edges becomes rows of sources, one row a node, as the sweeps read them.

use crate::fixed;
use alloc::{vec, vec::Vec};
use core::{fmt, iter, ops::Range};

/// Most nodes of a graph.
pub const NODES_MAX: u32 = u32::MAX - 1;
/// Most edges of a graph, duplicates included.
pub const EDGES_MAX: usize = u32::MAX as usize;

/// Where mass goes that follows no edge: v of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Teleport {
    /// To all nodes alike.
    #[default]
    Uniform,
    /// To each node by its stake.
    Stake,
}

/// A graph's edges as they come in: any order, duplicates, self-loops.
///
/// Edges without weights say only that they are there: the same one again is the same edge. Weights of duplicates add up. Weights and stakes are
/// whole numbers in any unit, since only their ratios count. An edge of weight 0, or to a node of stake 0, carries nothing and is left out.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    nodes: Option<u32>,
    /// 1 + the greatest id of an edge.
    reach: u32,
    pairs: Vec<[u32; 2]>,
    /// One an edge, or none at all.
    weights: Vec<u64>,
    /// Whether edges are to have weights, even where there is none yet.
    is_weighted: bool,
    stakes: Option<Vec<u64>>,
    teleport: Teleport,
}

impl Edges {
    /// No edges. There are as many nodes as ids make necessary, unless [`Edges::nodes`] says more.
    pub fn new() -> Self {
        Self::default()
    }

    /// There are `nodes` nodes: 0 to `nodes - 1`.
    pub fn nodes(&mut self, nodes: u32) {
        self.nodes = Some(nodes);
    }

    /// Edges have weights: also those that come later, where there is none yet.
    pub fn weighted(&mut self) {
        self.is_weighted |= self.pairs.is_empty();
    }

    /// What each node has at stake: one number a node. An edge attracts in proportion to the stake of where it leads.
    pub fn stakes(&mut self, stakes: Vec<u64>) {
        self.stakes = Some(stakes);
    }

    /// Where mass goes that follows no edge.
    pub fn teleport(&mut self, teleport: Teleport) {
        self.teleport = teleport;
    }

    /// Adds an edge.
    ///
    /// # Errors
    /// [`GraphError`] where an id or the number of edges is beyond what a graph can hold, or where other edges have weights.
    pub fn push(&mut self, from: u32, to: u32) -> Result<(), GraphError> {
        if self.is_weighted() {
            return Err(GraphError::MixedWeights);
        }
        self.add(from, to)
    }

    /// Adds an edge with a weight.
    ///
    /// # Errors
    /// As [`Edges::push`], but where other edges have no weights.
    pub fn push_weighted(&mut self, from: u32, to: u32, weight: u64) -> Result<(), GraphError> {
        if self.weights.len() != self.pairs.len() {
            return Err(GraphError::MixedWeights);
        }
        self.add(from, to)?;
        self.weights.push(weight);
        Ok(())
    }

    fn add(&mut self, from: u32, to: u32) -> Result<(), GraphError> {
        let greatest = from.max(to);
        if greatest >= NODES_MAX || self.nodes.is_some_and(|nodes| greatest >= nodes) {
            return Err(GraphError::OutOfRange { node: greatest, nodes: self.nodes.unwrap_or(NODES_MAX) });
        }
        if self.pairs.len() == EDGES_MAX {
            return Err(GraphError::TooManyEdges);
        }
        self.reach = self.reach.max(greatest + 1);
        self.pairs.push([from, to]);
        Ok(())
    }

    /// How many edges were added.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no edge.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many nodes the graph will have.
    pub fn node_count(&self) -> u32 {
        self.nodes.unwrap_or(self.reach).max(self.reach)
    }

    /// The edges as they were added, each with its weight, 1 where there are no weights.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        let weight = |at: usize| self.weights.get(at).copied().unwrap_or(1);
        self.pairs.iter().enumerate().map(move |(at, [from, to])| (*from, *to, weight(at)))
    }

    /// Whether edges have weights.
    pub fn is_weighted(&self) -> bool {
        self.is_weighted || !self.weights.is_empty()
    }

    /// What [`Edges::stakes`] and [`Edges::teleport`] were told.
    pub(crate) fn stake(&self) -> (Option<&Vec<u64>>, Teleport) {
        (self.stakes.as_ref(), self.teleport)
    }
}

/// A graph as the sweeps read it: for each node, where its mass comes from.
///
/// Nodes stand in slots, in an order of the graph's own that makes gathering quick: by in-edges, then by out-edges, most first. So rows of a
/// length are neighbours, which spares branches, and so are sources that many rows read, which stay in the processor's caches. (The second is
/// the degree sort that V. Balaji and B. Lucia measure in "When is graph reordering an optimization?", IISWC 2018.) π is in the order of ids.
///
/// 4 bytes an edge and 12 a node; where weights or stakes differ within a row, 8 an edge; 8 more a node where teleport goes by stake. Making
/// one takes 12 more an edge for a while, 28 with weights.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The node in each slot.
    pub(crate) order: Vec<u32>,
    /// The sources of the node in slot `j` stand at `offsets[j]..offsets[j + 1]`.
    pub(crate) offsets: Vec<u32>,
    /// Slots, ascending within a row.
    pub(crate) sources: Vec<u32>,
    /// The share of each edge in its source's mass, or none where all edges of each node share alike.
    pub(crate) shares: Vec<u32>,
    /// Edges that leave the node in each slot.
    pub(crate) outs: Vec<u32>,
    /// Where teleport goes by stake: the part of all stake that nodes with an id below `j` have, of 2⁵⁸; n + 1 numbers. Else none.
    pub(crate) jumps: Vec<u64>,
}

impl Graph {
    /// Arranges the edges.
    ///
    /// # Errors
    /// [`GraphError`] where an id is beyond the stated number of nodes, there is not one stake a node, nobody has any stake, or
    /// weights times stakes of a node's edges do not fit 128 bits.
    pub fn new(mut edges: Edges) -> Result<Self, GraphError> {
        let nodes = edges.node_count();
        if let Some(stated) = edges.nodes.filter(|stated| *stated < edges.reach) {
            return Err(GraphError::OutOfRange { node: edges.reach - 1, nodes: stated });
        }
        if nodes > NODES_MAX {
            return Err(GraphError::OutOfRange { node: nodes - 1, nodes: NODES_MAX });
        }
        if let Some(stakes) = edges.stakes.as_ref().filter(|stakes| stakes.len() != nodes as usize) {
            return Err(GraphError::Stakes { stakes: stakes.len(), nodes });
        }
        let jumps = match (&edges.teleport, &edges.stakes) {
            (Teleport::Uniform, _) => Vec::new(),
            (Teleport::Stake, Some(stakes)) => jumps(stakes)?,
            (Teleport::Stake, None) => return Err(GraphError::Stakes { stakes: 0, nodes }),
        };
        let order = arrange(nodes, &mut edges.pairs);
        let mut graph = if edges.weights.is_empty() && edges.stakes.is_none() {
            Self::plain(nodes, edges.pairs)
        } else {
            Self::weighted(&order, edges)?
        };
        (graph.order, graph.jumps) = (order, jumps);
        Ok(graph)
    }

    /// All but the order and what teleport goes by, of edges between slots.
    fn plain(nodes: u32, pairs: Vec<[u32; 2]>) -> Self {
        let mut offsets = counts(nodes, &pairs);
        let mut sources = vec![0; pairs.len()];
        scatter(&mut offsets, &pairs, |at, slot| sources[slot] = pairs[at][0]);
        drop(pairs);
        let mut outs = vec![0; nodes as usize];
        let mut kept = 0;
        for node in 0..nodes as usize {
            let row = offsets[node] as usize..offsets[node + 1] as usize;
            offsets[node] = kept as u32;
            sources[row.clone()].sort_unstable();
            let mut last = None;
            for at in row {
                let source = sources[at];
                if last.replace(source) != Some(source) {
                    outs[source as usize] += 1;
                    sources[kept] = source;
                    kept += 1;
                }
            }
        }
        offsets[nodes as usize] = kept as u32;
        sources.truncate(kept);
        Self { order: Vec::new(), offsets, sources, shares: Vec::new(), outs, jumps: Vec::new() }
    }

    /// As [`Graph::plain`], with a share an edge where they differ.
    fn weighted(order: &[u32], edges: Edges) -> Result<Self, GraphError> {
        let nodes = order.len() as u32;
        let Edges { pairs, weights, stakes, .. } = edges;
        let is_plain = weights.is_empty();
        let mut offsets = counts(nodes, &pairs);
        let mut row_edges = vec![(0_u32, 0_u64); pairs.len()];
        scatter(&mut offsets, &pairs, |at, slot| {
            row_edges[slot] = (pairs[at][0], weights.get(at).copied().unwrap_or(1))
        });
        drop((pairs, weights));
        let stake =
            |slot: usize| stakes.as_ref().map_or(1, |stakes| u128::from(stakes[order[slot] as usize]));

        let mut outs = vec![0_u32; nodes as usize];
        let mut totals = vec![0_u128; nodes as usize];
        let mut kept: usize = 0;
        for node in 0..nodes as usize {
            let row = offsets[node] as usize..offsets[node + 1] as usize;
            let start = kept;
            offsets[node] = start as u32;
            row_edges[row.clone()].sort_unstable();
            for at in row {
                let (source, weight) = row_edges[at];
                if weight == 0 || stake(node) == 0 {
                    continue;
                }
                let too_heavy = GraphError::TooHeavy { node: order[source as usize] };
                if kept > start && row_edges[kept - 1].0 == source {
                    if !is_plain {
                        let merged = row_edges[kept - 1].1.checked_add(weight).ok_or(too_heavy)?;
                        row_edges[kept - 1].1 = merged;
                    }
                } else {
                    outs[source as usize] += 1;
                    row_edges[kept] = (source, weight);
                    kept += 1;
                }
            }
            for (source, weight) in &row_edges[start..kept] {
                let total = &mut totals[*source as usize];
                *total = (u128::from(*weight) * stake(node))
                    .checked_add(*total)
                    .ok_or(GraphError::TooHeavy { node: order[*source as usize] })?;
            }
        }
        offsets[nodes as usize] = kept as u32;
        row_edges.truncate(kept);

        let mut sources = Vec::with_capacity(kept);
        let mut shares = Vec::with_capacity(kept);
        let mut is_even = true;
        for node in 0..nodes as usize {
            for (source, weight) in &row_edges[offsets[node] as usize..offsets[node + 1] as usize] {
                let (part, whole) = (u128::from(*weight) * stake(node), totals[*source as usize]);
                is_even &= part.checked_mul(u128::from(outs[*source as usize])) == Some(whole);
                sources.push(*source);
                shares.push(fixed::share(part, whole));
            }
        }
        if is_even {
            // Weights that make no difference: one quotient a node is quicker than a share an edge, and closer.
            shares = Vec::new();
        }
        Ok(Self { order: Vec::new(), offsets, sources, shares, outs, jumps: Vec::new() })
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.outs.len() as u32
    }

    /// How many edges there are, duplicates merged and those that carry nothing left out.
    pub fn edges(&self) -> usize {
        self.sources.len()
    }

    /// How many nodes have no edge to follow.
    pub fn dangling(&self) -> u32 {
        self.outs.iter().filter(|outs| **outs == 0).count() as u32
    }

    /// Whether edges of one node share its mass unequally.
    pub fn is_weighted(&self) -> bool {
        !self.shares.is_empty()
    }

    /// Each node with the sources of its mass; both in the graph's own order.
    pub fn rows(&self) -> impl Iterator<Item = (u32, impl Iterator<Item = u32> + '_)> + '_ {
        iter::zip(&self.order, self.offsets.windows(2)).map(|(node, ends)| {
            let sources = &self.sources[ends[0] as usize..ends[1] as usize];
            (*node, sources.iter().map(|slot| self.order[*slot as usize]))
        })
    }

    /// The slot of each node.
    pub(crate) fn slots(&self) -> Vec<u32> {
        inverse(&self.order)
    }

    /// What is said of each slot, in the order of ids.
    pub(crate) fn by_id(&self, of_slots: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut of_nodes = vec![0; self.order.len()];
        iter::zip(&self.order, of_slots).for_each(|(node, value)| of_nodes[*node as usize] = value);
        of_nodes
    }

    /// What node `node` gets of `units` that teleport. Over all nodes these add up to `units`.
    pub(crate) fn jump(&self, units: u64, node: u32) -> u64 {
        jump(&self.jumps, self.nodes(), units, node)
    }

    /// Cuts the nodes into `count` ranges that take about as long.
    pub(crate) fn cut(&self, count: usize) -> Vec<Range<usize>> {
        // A node costs about as much as four edges.
        let cost = |node: usize| self.offsets[node] as usize + 4 * node;
        let (nodes, count) = (self.outs.len(), count.max(1));
        let mut ranges = Vec::with_capacity(count);
        let mut start = 0;
        for part in 1..=count {
            let goal = (cost(nodes) as u128 * part as u128 / count as u128) as usize;
            let (mut low, mut high) = (start, nodes);
            while low < high {
                let middle = low.midpoint(high);
                if cost(middle) < goal { low = middle + 1 } else { high = middle }
            }
            ranges.push(start..low);
            start = low;
        }
        ranges
    }
}

/// Orders nodes as [`Graph`] says, and names them by their slots in `pairs`; gives the node in each slot. Duplicates count as often as they are
/// there: the order is for speed alone.
fn arrange(nodes: u32, pairs: &mut [[u32; 2]]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..nodes).collect();
    // The last sort weighs most, since each leaves nodes alike as they are.
    for end in [0, 1] {
        let mut degrees = vec![0_u32; nodes as usize];
        pairs.iter().for_each(|pair| degrees[pair[end] as usize] += 1);
        order = sort_by_degree(&order, &degrees);
    }
    let slots = inverse(&order);
    pairs.iter_mut().for_each(|pair| *pair = pair.map(|node| slots[node as usize]));
    order
}

/// Nodes by their degree, greatest first; nodes alike stay as they are.
fn sort_by_degree(order: &[u32], degrees: &[u32]) -> Vec<u32> {
    let greatest = degrees.iter().max().copied().unwrap_or(0);
    let place = |node: u32| (greatest - degrees[node as usize]) as usize;
    let mut next = vec![0_u32; greatest as usize + 2];
    order.iter().for_each(|node| next[place(*node) + 1] += 1);
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let mut sorted = vec![0; order.len()];
    for node in order {
        let slot = &mut next[place(*node)];
        sorted[*slot as usize] = *node;
        *slot += 1;
    }
    sorted
}

/// Where each node stands in `order`.
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut slots = vec![0; order.len()];
    (0..).zip(order).for_each(|(slot, node)| slots[*node as usize] = slot);
    slots
}

/// Where each row would begin, were rows filled from behind: each node's in-edges and those of all before it.
fn counts(nodes: u32, pairs: &[[u32; 2]]) -> Vec<u32> {
    let mut offsets = vec![0_u32; nodes as usize + 1];
    for [_, to] in pairs {
        offsets[*to as usize] += 1;
    }
    let mut sum = 0;
    for offset in &mut offsets {
        sum += *offset;
        *offset = sum;
    }
    offsets
}

/// Hands each edge its place in its row; `offsets` are the rows' beginnings afterwards.
fn scatter(offsets: &mut [u32], pairs: &[[u32; 2]], mut place: impl FnMut(usize, usize)) {
    for (at, [_, to]) in pairs.iter().enumerate() {
        let offset = &mut offsets[*to as usize];
        *offset -= 1;
        place(at, *offset as usize);
    }
}

/// What `node` of `nodes` gets of `units` that teleport: by `jumps`, or alike where those are none.
pub(crate) fn jump(jumps: &[u64], nodes: u32, units: u64, node: u32) -> u64 {
    if jumps.is_empty() {
        let nodes = u64::from(nodes);
        return units / nodes + u64::from(u64::from(node) < units % nodes);
    }
    let below = |at: usize| fixed::scale(units, jumps[at]);
    below(node as usize + 1) - below(node as usize)
}

/// The part of all stake that nodes below each have, of 2⁵⁸; one number more than stakes, unless there are none.
pub(crate) fn jumps(stakes: &[u64]) -> Result<Vec<u64>, GraphError> {
    let total: u128 = stakes.iter().map(|stake| u128::from(*stake)).sum();
    if total == 0 {
        return if stakes.is_empty() { Ok(Vec::new()) } else { Err(GraphError::NoStake) };
    }
    // So that the product below fits.
    let surplus = (u128::BITS - total.leading_zeros()).saturating_sub(69);
    let mut below = 0_u128;
    let part = |below: u128| (((below >> surplus) * u128::from(fixed::ONE)) / (total >> surplus)) as u64;
    let mut jumps = Vec::with_capacity(stakes.len() + 1);
    jumps.push(0);
    for stake in stakes {
        below += u128::from(*stake);
        jumps.push(part(below));
    }
    Ok(jumps)
}

/// Why edges make no graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError {
    /// A node's id is not below the number of nodes.
    OutOfRange {
        /// The id.
        node: u32,
        /// How many nodes there are, or can be.
        nodes: u32,
    },
    /// More edges than 32 bits number.
    TooManyEdges,
    /// Some edges have weights, and some have none.
    MixedWeights,
    /// Not one stake a node.
    Stakes {
        /// How many stakes there are.
        stakes: usize,
        /// How many nodes.
        nodes: u32,
    },
    /// Teleport goes by stake, and nobody has any.
    NoStake,
    /// Weights times stakes of a node's edges are more than 128 bits hold.
    TooHeavy {
        /// The node that the edges leave.
        node: u32,
    },
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { node, nodes } => {
                write!(
                    f,
                    "node {node} is out of range: ids are below {nodes}; state more nodes, or number them from 0"
                )
            }
            Self::TooManyEdges => write!(f, "more than {EDGES_MAX} edges: shard the graph"),
            Self::MixedWeights => {
                f.write_str("some edges have weights and some have none: give all of them one, or none")
            }
            Self::Stakes { stakes, nodes } => write!(f, "{stakes} stakes for {nodes} nodes: give one a node"),
            Self::NoStake => {
                f.write_str("nobody has any stake for teleport to go by: let it go to all alike")
            }
            Self::TooHeavy { node } => {
                write!(
                    f,
                    "weights and stakes of the edges of node {node} are too large together: use a coarser unit for all"
                )
            }
        }
    }
}

impl core::error::Error for GraphError {}

#[cfg(test)]
mod tests;
