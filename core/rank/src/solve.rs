//! The solver on one machine: rounds of two sweeps.

use crate::{
    course::{Course, Impossible, Options, Report, Verdict},
    focus::Focus,
    graph::Graph,
    sweep::{self, Rows, Sums},
    workers::{Alone, Workers},
};
use alloc::{vec, vec::Vec};
use core::{iter, ops::Range};

/// A solve under way: π after each round, until a verdict.
///
/// 12 bytes a node beside the graph's.
#[derive(Debug, Clone)]
pub struct Solver<'g> {
    graph: &'g Graph,
    course: Course,
    /// What the node in each slot kept of what followed edges; with what teleports to it, this is π.
    kept: Vec<u64>,
    contributions: Vec<u32>,
    dangling: u64,
    verdict: Option<Verdict>,
    /// The slots of each part, for as many workers as came last.
    parts: Vec<Range<usize>>,
}

impl<'g> Solver<'g> {
    /// Begins with all mass teleporting: π₀ = v.
    pub fn new(graph: &'g Graph, options: Options) -> Self {
        let mut solver = Self::start(graph, options, false);
        let teleport = solver.course.teleport();
        solver.dangling =
            sweep::spread(graph, 0..graph.outs.len(), &solver.kept, teleport, &mut solver.contributions);
        solver
    }

    /// Begins with a π that is thought to be near: that of a graph much like this. Nodes that it does not know begin with nothing; its
    /// further nodes are left out.
    pub fn warm(graph: &'g Graph, options: Options, near: &Focus) -> Self {
        let mut solver = Self::start(graph, options, true);
        let is_weighted = graph.is_weighted();
        let nodes = iter::zip(&graph.order, &graph.outs);
        for (slot, (node, outs)) in solver.contributions.iter_mut().zip(nodes) {
            let mass = near.values().get(*node as usize).copied().unwrap_or(0);
            let contribution = sweep::contribution(mass, *outs, is_weighted);
            solver.dangling += if contribution.is_none() { mass } else { 0 };
            *slot = contribution.unwrap_or_default();
        }
        solver
    }

    fn start(graph: &'g Graph, options: Options, is_warm: bool) -> Self {
        let nodes = graph.outs.len();
        // Of an empty graph the empty π is exact.
        let verdict = (nodes == 0).then_some(Verdict::Converged);
        Self {
            graph,
            course: Course::new(options, graph.nodes(), is_warm),
            kept: vec![0; nodes],
            contributions: vec![0; nodes],
            dangling: 0,
            verdict,
            parts: Vec::new(),
        }
    }

    /// How it ended, once it has.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// What is known so far.
    pub fn report(&self) -> Report {
        self.course.report()
    }

    /// Does one round with these workers, and gives the verdict once there is one; then there is nothing more to do.
    pub fn round(&mut self, workers: &impl Workers) -> Option<Verdict> {
        if self.verdict.is_some() {
            return self.verdict;
        }
        if self.parts.len() != workers.count().max(1) {
            self.parts = self.graph.cut(workers.count());
        }
        let sums = self.gather(workers);
        self.verdict = match self.course.round(sums, self.dangling) {
            Ok(verdict) => verdict,
            // The sums are of this very graph, so they are possible.
            Err(Impossible) => unreachable!("rounding down gains no mass"),
        };
        if self.verdict.is_none() {
            self.dangling = self.spread(workers);
        }
        self.verdict
    }

    fn gather(&mut self, workers: &impl Workers) -> Sums {
        let (graph, contributions, alpha) = (self.graph, &self.contributions, self.course.options().alpha);
        let mut sums = vec![Sums::default(); self.parts.len()];
        let mut kept = self.kept.as_mut_slice();
        let mut tasks = Vec::with_capacity(self.parts.len());
        for (range, sums) in iter::zip(&self.parts, &mut sums) {
            let (part, rest) = kept.split_at_mut(range.len());
            kept = rest;
            tasks.push((range, part, sums));
        }
        workers.each(tasks, |(range, kept, sums)| {
            *sums = Rows::of(graph, range).gather(contributions, kept, alpha)
        });
        let sum = sums.into_iter().try_fold(Sums::default(), Sums::plus);
        sum.unwrap_or_default()
    }

    fn spread(&mut self, workers: &impl Workers) -> u64 {
        let (graph, kept, teleport) = (self.graph, &self.kept, self.course.teleport());
        let mut dangling = vec![0; self.parts.len()];
        let mut contributions = self.contributions.as_mut_slice();
        let mut tasks = Vec::with_capacity(self.parts.len());
        for (range, dangling) in iter::zip(&self.parts, &mut dangling) {
            let (part, rest) = contributions.split_at_mut(range.len());
            contributions = rest;
            tasks.push((range, part, dangling));
        }
        workers.each(tasks, |(range, contributions, dangling)| {
            *dangling = sweep::spread(graph, range.clone(), &kept[range.clone()], teleport, contributions);
        });
        dangling.into_iter().sum()
    }

    /// π after the last round; its mass is exactly [`ONE`](crate::ONE), if there is any node.
    pub fn focus(&self) -> Focus {
        let teleport = self.course.teleport();
        let slots = iter::zip(&self.graph.order, &self.kept);
        Focus::new(self.graph.by_id(slots.map(|(node, kept)| kept + self.graph.jump(teleport, *node))))
    }
}

/// π, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// π, as near as it was brought.
    pub focus: Focus,
    /// Whether that is near enough.
    pub verdict: Verdict,
    /// How near it is.
    pub report: Report,
}

/// Solves on the caller's thread.
pub fn solve(graph: &Graph, options: Options) -> Ranking {
    solve_with(graph, options, &Alone)
}

/// Solves with these workers: the same bits as with any others.
pub fn solve_with(graph: &Graph, options: Options, workers: &impl Workers) -> Ranking {
    finish(Solver::new(graph, options), workers)
}

pub(crate) fn finish(mut solver: Solver<'_>, workers: &impl Workers) -> Ranking {
    loop {
        if let Some(verdict) = solver.round(workers) {
            return Ranking { focus: solver.focus(), verdict, report: solver.report() };
        }
    }
}
