//! Who does the work: the shell's threads, a device of its, or whoever calls.

use crate::{
    course::Options,
    focus::Focus,
    graph::Graph,
    solve::{self, Ranking, Solver},
};
use alloc::vec::Vec;

/// Hands that the shell lends. Nothing that is computed depends on how many there are, nor on the order in which they work.
pub trait Workers {
    /// Into how many parts work is cut.
    fn count(&self) -> usize;

    /// Calls `run` once with each task, in any order, on any threads, and returns when all have returned.
    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync);
}

/// The caller's own thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }

    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync) {
        tasks.into_iter().for_each(run);
    }
}

/// Who solves whole graphs. Any [`Workers`] do; a shell may have a device that does it, with [`Offloaded`](crate::Offloaded).
pub trait Solves {
    /// Solves, from all mass teleporting, or from a π that is thought to be near: the bits of [`Solver::new`] or [`Solver::warm`], and their report.
    fn solve(&self, graph: &Graph, options: Options, near: Option<&Focus>) -> Ranking;
}

impl<W: Workers> Solves for W {
    fn solve(&self, graph: &Graph, options: Options, near: Option<&Focus>) -> Ranking {
        let solver = match near {
            Some(near) => Solver::warm(graph, options, near),
            None => Solver::new(graph, options),
        };
        solve::finish(solver, self)
    }
}
