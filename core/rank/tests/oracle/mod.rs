//! π in floating point, by plain iteration: slow, and independent of the crate.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use rank::{Focus, ONE};
use std::collections::BTreeMap;

/// A graph as its definition reads.
#[derive(Debug, Clone, Default)]
pub struct Plain {
    pub nodes: usize,
    /// Weights of edges, duplicates merged.
    pub edges: BTreeMap<(u32, u32), f64>,
    /// Or none: 1 each.
    pub stakes: Vec<f64>,
    pub by_stake: bool,
}

impl Plain {
    /// The edges of a shape, without weights.
    pub fn of(shape: &graphs::Shape) -> Self {
        let edges = shape.edges.iter().map(|[from, to]| ((*from, *to), 1.0)).collect();
        Self { nodes: shape.nodes as usize, edges, ..Self::default() }
    }

    /// π after enough rounds that only the rounding of `f64` is left.
    pub fn pi(&self, alpha: f64) -> Vec<f64> {
        let nodes = self.nodes;
        let stake = |node: u32| self.stakes.get(node as usize).copied().unwrap_or(1.0);
        let all: f64 = if self.by_stake { self.stakes.iter().sum() } else { nodes as f64 };
        let v: Vec<f64> =
            (0..nodes as u32).map(|node| if self.by_stake { stake(node) } else { 1.0 } / all).collect();
        let mut totals = vec![0.0; nodes];
        for ((from, to), weight) in &self.edges {
            totals[*from as usize] += weight * stake(*to);
        }
        let flows: Vec<(usize, usize, f64)> = self
            .edges
            .iter()
            .map(|((from, to), weight)| {
                (*from as usize, *to as usize, weight * stake(*to) / totals[*from as usize])
            })
            .filter(|(.., part)| part.is_finite())
            .collect();
        let mut pi = v.clone();
        // 0.9^1000 is nothing; more of it is not asked.
        for _ in 0..1_000 {
            let dangling: f64 = (0..nodes).filter(|node| totals[*node] == 0.0).map(|node| pi[node]).sum();
            let mut next: Vec<f64> = v.iter().map(|v| (alpha * dangling + 1.0 - alpha) * v).collect();
            for (from, to, part) in &flows {
                next[*to] += alpha * pi[*from] * part;
            }
            let change: f64 = next.iter().zip(&pi).map(|(a, b)| (a - b).abs()).sum();
            pi = next;
            if change < 1e-13 {
                break;
            }
        }
        pi
    }
}

/// ‖π − exact‖₁.
pub fn distance(focus: &Focus, exact: &[f64]) -> f64 {
    assert_eq!(focus.values().len(), exact.len());
    focus.values().iter().zip(exact).map(|(units, exact)| (*units as f64 / ONE as f64 - exact).abs()).sum()
}
