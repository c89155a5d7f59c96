//! From terms to weights: which nets are reduced, and what their ends mean.
//!
//! All terms of a block are reduced together, as one net. Where that takes more than one weight may, the net is cut in two, and so on down to the
//! weights that are to blame. A weight stands if its interactions are no more than one weight may take, nor more than the weights before it left of
//! the block's. Which weights that are depends on no order and no cut: a net's interactions are the same in any order of reductions, and those of several
//! weights are the sum of each one's, so a net that ends within the bound of one weight holds none that passes it.
//!
//! What a net needs of a heap does depend on the order. So whether one is full is judged by one thread, the newest pair first ([`Task::run`]); what another order
//! found counts only where no order could have filled the heap.

use crate::record::{Reason, Settings};
use alloc::{boxed::Box, vec::Vec};
use core::ops::Range;
use ffcm::{
    Book, Limits, Machine, NormalForm, Progress, Resource, Tally,
    term::{Library, Term},
};

/// Most weights of a net.
const NET_MAX: usize = 1024;
/// An expansion of a definition of so many nodes counts as one interaction more.
const NODES_PER_INTERACTION: u64 = 64;
/// Interactions that are no weight's: the one that expands the net.
const OWN: u64 = 1;

/// A net to reduce.
#[derive(Debug)]
pub struct Task {
    book: Book,
    weights: usize,
    /// Interactions that it may take.
    allowed: u64,
    heap_nodes: u32,
    /// Places that `main` takes, which nothing refers to: it is expanded once.
    main: u64,
    /// Most places that any other interaction takes.
    step: u64,
}

/// What came of a [`Task`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What it took and what each weight is; `None` where it took too much.
    ended: Option<(u64, Vec<Option<u32>>)>,
}

impl Task {
    fn new(book: Book, weights: usize, allowed: u64, heap_nodes: u32) -> Self {
        let places = |def: &ffcm::book::Def| 2 * def.nodes().len() as u64 + u64::from(def.wires());
        let main = book.defs().get(book.main() as usize).map_or(0, places);
        let others = (0..).zip(book.defs()).filter(|(number, _)| *number != book.main());
        let step = others.map(|(_, def)| places(def)).max().unwrap_or(0).max(4);
        Self { book, weights, allowed, heap_nodes, main, step }
    }

    /// The net: its `main` is what to reduce.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// How far to go.
    pub fn limits(&self) -> Limits {
        let interactions_max = self.allowed.saturating_add(OWN + 1);
        Limits { nodes_max: self.heap_nodes, wires_max: self.heap_nodes.saturating_mul(2), interactions_max }
    }

    /// Reduces it on this thread, step by step.
    pub fn start(&self) -> Reduction<'_> {
        Reduction { task: self, machine: Machine::new(&self.book, self.limits()).map(Box::new) }
    }

    /// Reduces it on this thread to its end.
    pub fn run(&self) -> Outcome {
        let mut reduction = self.start();
        loop {
            if let Some(outcome) = reduction.run(1 << 20) {
                return outcome;
            }
        }
    }

    /// What came of it on other threads or devices, in any order of reductions; `None` where this thread might have seen another end: then [`Task::run`] decides.
    pub fn outcome(
        &self,
        progress: Progress,
        tally: &Tally,
        result: Option<&NormalForm<'_>>,
    ) -> Option<Outcome> {
        let taken = tally.interactions();
        match progress {
            Progress::Done if self.places(taken) <= u64::from(self.heap_nodes) => {
                Some(self.ended(taken, result?))
            }
            Progress::Capped => Some(Outcome { ended: None }),
            _ => None,
        }
    }

    /// Most places that so many interactions take, in any order.
    fn places(&self, interactions: u64) -> u64 {
        interactions.saturating_mul(self.step).saturating_add(self.main)
    }

    fn ended(&self, taken: u64, result: &NormalForm<'_>) -> Outcome {
        let taken = taken.saturating_sub(OWN);
        if taken > self.allowed {
            return Outcome { ended: None };
        }
        let none = || alloc::vec![None; self.weights];
        Outcome { ended: Some((taken, result.handed_numbers(self.weights).unwrap_or_else(none))) }
    }
}

/// A [`Task`] that is being reduced.
#[derive(Debug)]
pub struct Reduction<'t> {
    task: &'t Task,
    machine: Result<Box<Machine<'t>>, Resource>,
}

impl Reduction<'_> {
    /// Reduces so many pairs at most; the outcome, once there is one.
    pub fn run(&mut self, pairs: u64) -> Option<Outcome> {
        let Ok(machine) = &mut self.machine else { return Some(Outcome { ended: None }) };
        match machine.run(pairs) {
            Progress::Running => None,
            Progress::Done => Some(self.task.ended(machine.tally().interactions(), &machine.result())),
            _ => Some(Outcome { ended: None }),
        }
    }
}

/// The weights of a block, as far as they are known.
#[derive(Debug)]
pub(crate) struct Weighing {
    library: Library,
    terms: Vec<Term>,
    /// By term.
    values: Vec<Result<u32, Reason>>,
    /// What is still to be reduced, the first at the end.
    open: Vec<Range<usize>>,
    /// What is being reduced, and the interactions that it may take.
    current: Option<(Range<usize>, u64)>,
    /// Interactions that one weight may take.
    each: u64,
    /// Interactions that are left for all.
    left: u64,
    interactions: u64,
    heap_nodes: u32,
}

impl Weighing {
    pub(crate) fn new(library: Library, terms: Vec<Term>, settings: &Settings) -> Self {
        let scale = 1 + library.widest() as u64 / NODES_PER_INTERACTION;
        let starts = (0..terms.len()).step_by(NET_MAX).rev();
        Self {
            values: alloc::vec![Err(Reason::TooMuch); terms.len()],
            open: starts.map(|start| start..terms.len().min(start + NET_MAX)).collect(),
            library,
            terms,
            current: None,
            each: settings.weight_interactions / scale,
            left: settings.block_interactions / scale,
            interactions: 0,
            heap_nodes: settings.heap_nodes,
        }
    }

    /// What is to be reduced next; `None` once all weights are known.
    pub(crate) fn next(&mut self) -> Option<Task> {
        while let Some(range) = self.open.pop() {
            if self.left == 0 {
                self.refuse(range, Reason::BlockSpent);
                continue;
            }
            let allowed = self.each.min(self.left);
            match self.library.book(&self.terms[range.clone()]) {
                Ok(book) => {
                    let task = Task::new(book, range.len(), allowed, self.heap_nodes);
                    self.current = Some((range, allowed));
                    return Some(task);
                }
                Err(_) if range.len() > 1 => self.cut(range),
                Err(_) => self.refuse(range, Reason::Unread),
            }
        }
        None
    }

    /// Takes in what came of the last task.
    pub(crate) fn weighed(&mut self, outcome: Outcome) {
        let Some((range, allowed)) = self.current.take() else { return };
        match outcome.ended {
            Some((taken, numbers)) => {
                self.spend(taken);
                for (value, number) in self.values[range].iter_mut().zip(numbers) {
                    *value = number.ok_or(Reason::NotANumber);
                }
            }
            None if range.len() > 1 => self.cut(range),
            None => {
                self.spend(allowed);
                let whole = allowed == self.each;
                self.refuse(range, if whole { Reason::TooMuch } else { Reason::BlockSpent });
            }
        }
    }

    fn spend(&mut self, interactions: u64) {
        self.left = self.left.saturating_sub(interactions);
        self.interactions += interactions;
    }

    fn cut(&mut self, range: Range<usize>) {
        let middle = range.start + range.len() / 2;
        self.open.extend([middle..range.end, range.start..middle]);
    }

    fn refuse(&mut self, range: Range<usize>, reason: Reason) {
        self.values[range].fill(Err(reason));
    }

    /// The interactions of all weights, and what each is.
    pub(crate) fn finish(self) -> (u64, Vec<Result<u32, Reason>>) {
        (self.interactions, self.values)
    }
}
