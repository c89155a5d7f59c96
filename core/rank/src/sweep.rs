//! The two loops of a round, over any range of nodes. Sums are of whole units, so ranges and orders make no difference.

use crate::{
    fixed::{self, Alpha},
    graph::Graph,
};
use core::{iter, ops::Range};

/// What a sweep adds up, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    /// Mass that came along edges.
    pub(crate) received: u64,
    /// α times that, each node's rounded down.
    pub(crate) kept: u64,
    /// By how much nodes' kept mass differs from that of the round before.
    pub(crate) moved: u64,
}

impl Sums {
    /// Both, or `None` where they are more than any graph's.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            received: self.received.checked_add(other.received)?,
            kept: self.kept.checked_add(other.kept)?,
            moved: self.moved.checked_add(other.moved)?,
        })
    }
}

/// Rows of sources: a range of a graph's slots, or a shard's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// One more than rows; indices of `sources`.
    pub(crate) offsets: &'a [u32],
    pub(crate) sources: &'a [u32],
    /// As many as sources, or none.
    pub(crate) shares: &'a [u32],
}

impl<'a> Rows<'a> {
    pub(crate) fn of(graph: &'a Graph, range: &Range<usize>) -> Self {
        Self {
            offsets: &graph.offsets[range.start..=range.end],
            sources: &graph.sources,
            shares: &graph.shares,
        }
    }

    /// First loop: what each node keeps of what its sources contribute.
    pub(crate) fn gather(self, contributions: &[u32], kept: &mut [u64], alpha: Alpha) -> Sums {
        let contribution = |source: &u32| contributions[*source as usize];
        if self.shares.is_empty() {
            self.each(kept, alpha, |row| {
                self.sources[row].iter().map(|source| fixed::decode(contribution(source))).sum()
            })
        } else {
            self.each(kept, alpha, |row| {
                let edges = iter::zip(&self.sources[row.clone()], &self.shares[row]);
                edges.map(|(source, share)| fixed::weigh(contribution(source), *share)).sum()
            })
        }
    }

    #[inline(always)]
    fn each(self, kept: &mut [u64], alpha: Alpha, received: impl Fn(Range<usize>) -> u64) -> Sums {
        let mut sums = Sums::default();
        for (kept, ends) in iter::zip(kept, self.offsets.windows(2)) {
            let received = received(ends[0] as usize..ends[1] as usize);
            let now = alpha.of(received);
            sums.received += received;
            sums.kept += now;
            sums.moved += now.abs_diff(*kept);
            *kept = now;
        }
        sums
    }
}

/// Second loop: what a node with `outs` edges contributes along each of them out of `mass`, or in all where edges have shares. None of a
/// dangling node.
pub(crate) fn contribution(mass: u64, outs: u32, is_weighted: bool) -> Option<u32> {
    match outs {
        0 => None,
        _ if is_weighted => Some(fixed::encode(mass)),
        outs => Some(fixed::encode(mass / u64::from(outs))),
    }
}

/// The second loop over a range of a graph's slots; gives the mass that dangles.
pub(crate) fn spread(
    graph: &Graph,
    range: Range<usize>,
    kept: &[u64],
    teleport: u64,
    contributions: &mut [u32],
) -> u64 {
    let is_weighted = graph.is_weighted();
    let mut dangling = 0;
    let mut each = |slot: &mut u32, mass: u64, outs: u32| {
        *slot = contribution(mass, outs, is_weighted).unwrap_or_else(|| {
            dangling += mass;
            0
        });
    };
    let nodes = iter::zip(&graph.order[range.clone()], &graph.outs[range]);
    let slots = iter::zip(contributions, kept).zip(nodes);
    if graph.jumps.is_empty() {
        let count = u64::from(graph.nodes()).max(1);
        let (even, surplus) = (teleport / count, (teleport % count) as u32);
        slots.for_each(|((slot, kept), (node, outs))| {
            each(slot, kept + even + u64::from(*node < surplus), *outs)
        });
    } else {
        slots.for_each(|((slot, kept), (node, outs))| each(slot, kept + graph.jump(teleport, *node), *outs));
    }
    dangling
}
