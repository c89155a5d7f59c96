//! cyberank, as go-cyber defines it: an older relative of π, kept to compare with.

use crate::{
    fixed::{Alpha, ONE},
    graph::Graph,
    sweep::{self, Rows},
};
use alloc::{vec, vec::Vec};

/// How to compute cyberank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyberankOptions {
    /// go-cyber's damping factor.
    pub damping: Alpha,
    /// It stops once no node changes by more than this many units of 2⁻⁵⁸.
    pub tolerance: u64,
    /// And after so many rounds in any case, which go-cyber does not.
    pub rounds_max: u32,
}

impl Default for CyberankOptions {
    /// go-cyber's own: damping 0.85, tolerance 1e-3.
    fn default() -> Self {
        Self { damping: Alpha::USUAL, tolerance: ONE / 1000, rounds_max: crate::ROUNDS_MAX }
    }
}

/// cyberank of each node, in units of 2⁻⁵⁸, and the rounds that it took.
///
/// rankⱼ = d·Σᵢ pᵢⱼ·rankᵢ + (1 + d·D/n)·(1 − d)/n for nodes with in-links, and (1 − d)/n for those without; D counts the latter. (go-cyber,
/// `x/rank/keeper/calculate_cpu.go`.) What differs from π: mass at nodes without out-links is lost, what "dangling" nodes without
/// *in*-links would return is given once, and not by what they hold, so ranks do not add up to 1; and the tolerance is on the greatest
/// change, which says little about the distance. Where each node has in-links and out-links, it converges to π with uniform teleport.
pub fn cyberank(graph: &Graph, options: CyberankOptions) -> (Vec<u64>, u32) {
    let nodes = u64::from(graph.nodes());
    if nodes == 0 {
        return (Vec::new(), 0);
    }
    let has_sources = |slot: usize| graph.offsets[slot] < graph.offsets[slot + 1];
    let sourceless = (0..nodes as usize).filter(|slot| !has_sources(*slot)).count() as u128;
    let start = ((u128::from(ONE) * u128::from(options.damping.rest())) >> 32) as u64 / nodes;
    let returned = options.damping.of((u128::from(start) * sourceless / u128::from(nodes)) as u64);
    let mut ranks = vec![start; nodes as usize];
    let mut kept = vec![0; nodes as usize];
    let mut contributions = vec![0; nodes as usize];
    let mut rounds = 0;
    loop {
        rounds += 1;
        for ((slot, rank), outs) in contributions.iter_mut().zip(&ranks).zip(&graph.outs) {
            *slot = sweep::contribution(*rank, *outs, graph.is_weighted()).unwrap_or_default();
        }
        Rows::of(graph, &(0..nodes as usize)).gather(&contributions, &mut kept, options.damping);
        let mut change = 0;
        for (slot, rank) in ranks.iter_mut().enumerate() {
            if has_sources(slot) {
                let now = kept[slot] + start + returned;
                change = change.max(now.abs_diff(*rank));
                *rank = now;
            }
        }
        if change <= options.tolerance || rounds >= options.rounds_max {
            return (graph.by_id(ranks.into_iter()), rounds);
        }
    }
}
