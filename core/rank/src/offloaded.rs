//! A solve whose rounds a device does.

mod part;

pub use part::OffloadedPart;

use crate::{
    course::{self, Course, Options, ROUNDS_MAX, Report, Verdict},
    fixed,
    focus::Focus,
    graph::Graph,
    solve::Ranking,
    sweep,
};
use alloc::vec::Vec;
use core::{fmt, iter};
use shaders::rank::{Impossible, Input, Judge, Solution, Sums};

// The kernels count as this crate does.
const _: () = assert!(
    1 << shaders::rank::ONE_BITS == fixed::ONE
        && shaders::rank::MANTISSA_BITS == fixed::MANTISSA_BITS
        && shaders::rank::EXPONENT_MAX == fixed::EXPONENT_MAX
);

/// A solve whose rounds a device does: it is handed [`Offloaded::input`], its sums come back through [`Judge`], and [`Offloaded::finish`] makes π of
/// what it kept. The same bits as [`crate::solve`]'s.
///
/// What a device says is believed as far as it adds up: sums that no graph has, and a π that is not all mass, are refused. It could still be another
/// distribution of all mass; whoever stakes something on π computes it again.
#[derive(Debug, Clone)]
pub struct Offloaded<'g> {
    graph: &'g Graph,
    course: Course,
    verdict: Option<Verdict>,
    begun: &'g [u64],
}

/// A π that is thought to be near that of a graph, as a device reads it.
#[derive(Debug, Clone)]
pub struct Near<'g> {
    graph: &'g Graph,
    /// What the node in each slot has.
    masses: Vec<u64>,
}

impl<'g> Near<'g> {
    /// Nodes that `focus` does not know have nothing; its further nodes are left out.
    pub fn new(graph: &'g Graph, focus: &Focus) -> Self {
        let mass = |node: &u32| focus.values().get(*node as usize).copied().unwrap_or(0);
        Self { graph, masses: graph.order.iter().map(mass).collect() }
    }
}

/// A device gave what no graph has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong;

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "what the device computed is not all mass; update its driver, or compute on the processor",
        )
    }
}

impl core::error::Error for Wrong {}

impl<'g> Offloaded<'g> {
    /// Begins with all mass teleporting, as [`crate::Solver::new`].
    pub fn new(graph: &'g Graph, options: Options) -> Self {
        let verdict = (graph.nodes() == 0).then_some(Verdict::Converged);
        Self { graph, course: Course::new(options, graph.nodes(), false), verdict, begun: &[] }
    }

    /// Begins with a π that is thought to be near that of its graph, as [`crate::Solver::warm`].
    pub fn warm(near: &'g Near<'g>, options: Options) -> Self {
        let course = Course::new(options, near.graph.nodes(), true);
        Self { course, begun: &near.masses, ..Self::new(near.graph, options) }
    }

    /// What the device needs.
    pub fn input(&self) -> Input<'g> {
        let options = self.course.options();
        Input {
            order: &self.graph.order,
            starts: &self.graph.offsets,
            sources: &self.graph.sources,
            shares: &self.graph.shares,
            outs: &self.graph.outs,
            jumps: &self.graph.jumps,
            alpha: options.alpha.parts(),
            epsilon: options.epsilon.units(),
            rounds_max: options.rounds_max.clamp(1, ROUNDS_MAX),
            begun: self.begun,
        }
    }

    /// What is known after the rounds that were judged.
    pub fn report(&self) -> Report {
        self.course.report()
    }

    /// π, from what the device kept in the round that was the last.
    ///
    /// # Errors
    /// [`Wrong`] where that round has not come, or the device's π is not all mass.
    pub fn finish(self, solution: &Solution) -> Result<Ranking, Wrong> {
        let verdict = self.verdict.ok_or(Wrong)?;
        let nodes = self.graph.nodes();
        let teleport = self.course.teleport();
        if solution.kept.len() != nodes as usize || (nodes > 0 && solution.teleport != teleport) {
            return Err(Wrong);
        }
        let slots = iter::zip(&self.graph.order, &solution.kept);
        let masses = slots.map(|(node, kept)| kept.checked_add(self.graph.jump(teleport, *node)));
        let masses: Option<Vec<u64>> = masses.collect();
        let values = self.graph.by_id(masses.ok_or(Wrong)?.into_iter());
        let focus = Focus::from_units(values).ok_or(Wrong)?;
        Ok(Ranking { focus, verdict, report: self.course.report() })
    }
}

impl Judge for Offloaded<'_> {
    fn round(&mut self, sums: Sums) -> Result<bool, Impossible> {
        if self.verdict.is_none() {
            let swept = sweep::Sums { received: sums.received, kept: sums.kept, moved: sums.moved };
            let judged = self.course.round(swept, sums.dangling);
            self.verdict = judged.map_err(|course::Impossible| Impossible)?;
        }
        Ok(self.verdict.is_some())
    }
}
