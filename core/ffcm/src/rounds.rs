//! The strict machine in rounds, as a GPU runs it.
//!
//! All pairs of a round are reduced before those that they make, and what a round frees can be used from the next round on. So
//! no pair of a round sees what another did, except through a wire that both hold an end of, where one comes first. A shader does
//! the same: a dispatch is a round, and its end is the only barrier that WGSL has between workgroups.
//!
//! Freed wires hold [`Port::NONE`] from the end of the round at the latest. That is why a wire freed in a round must not be
//! handed out in it: the store that empties it may then come after the first port that is brought to it, and the link is lost.

mod offload;

pub use offload::{Finished, Impossible, NotOffloaded, Offloaded};

use crate::{
    book::Book,
    heap::Limits,
    machine::Progress,
    normal::{Net, NormalForm},
    port::{HEADER, NODES_MAX, Node, Port, WIRES_MAX},
    rules::{Reducer, Resource, Space, Tally},
};
use alloc::vec::Vec;

/// A heap whose freed places come back at the end of a round.
#[derive(Debug, Default)]
pub struct RoundHeap {
    nodes: Vec<Node>,
    free_nodes: Vec<u32>,
    freed_nodes: Vec<u32>,
    wires: Vec<u32>,
    free_wires: Vec<u32>,
    freed_wires: Vec<u32>,
    next: Vec<[Port; 2]>,
    nodes_max: u32,
    wires_max: u32,
}

impl RoundHeap {
    fn end_round(&mut self) {
        self.free_nodes.append(&mut self.freed_nodes);
        for wire in &self.freed_wires {
            self.wires[*wire as usize] = Port::NONE.0;
        }
        self.free_wires.append(&mut self.freed_wires);
    }
}

impl Net for RoundHeap {
    fn ports(&self, node: u32) -> Option<[Port; 2]> {
        self.nodes.get(node as usize).map(|node| [Port(node[1]), Port(node[2])])
    }

    fn label(&self, node: u32) -> u32 {
        self.nodes.get(node as usize).map_or(0, |node| node[HEADER])
    }

    fn waiting(&self, wire: u32) -> Port {
        self.wires.get(wire as usize).map_or(Port::NONE, |port| Port(*port))
    }
}

impl Space for RoundHeap {
    const FUSES: bool = false;

    fn reserve(&mut self, nodes: u32, wires: u32) -> Result<(), Resource> {
        let fresh_nodes = (nodes as usize).saturating_sub(self.free_nodes.len());
        let fresh_wires = (wires as usize).saturating_sub(self.free_wires.len());
        if self.nodes.len() + fresh_nodes > self.nodes_max as usize {
            return Err(Resource::Nodes);
        }
        if self.wires.len() + fresh_wires > self.wires_max as usize {
            return Err(Resource::Wires);
        }
        self.nodes.try_reserve(fresh_nodes).map_err(|_| Resource::Memory)?;
        self.wires.try_reserve(fresh_wires).map_err(|_| Resource::Memory)
    }

    fn add_node(&mut self, node: Node) -> u32 {
        if let Some(at) = self.free_nodes.pop() {
            self.nodes[at as usize] = node;
            return at;
        }
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    fn set_node(&mut self, at: u32, node: Node) {
        self.nodes[at as usize] = node;
    }

    fn take_node(&mut self, at: u32) -> Node {
        self.freed_nodes.push(at);
        self.nodes[at as usize]
    }

    fn add_wire(&mut self) -> u32 {
        self.free_wires.pop().unwrap_or_else(|| {
            self.wires.push(Port::NONE.0);
            self.wires.len() as u32 - 1
        })
    }

    fn meet(&mut self, wire: u32, port: Port) -> Port {
        let waiting = core::mem::replace(&mut self.wires[wire as usize], port.0);
        if waiting != Port::NONE.0 {
            self.freed_wires.push(wire);
        }
        Port(waiting)
    }

    fn follow(&mut self, _: u32) -> Port {
        Port::NONE
    }

    fn push(&mut self, a: Port, b: Port) {
        self.next.push([a, b]);
    }
}

/// Reduces a book's `main` round by round.
#[derive(Debug)]
pub struct Rounds<'b> {
    reducer: Reducer<'b, RoundHeap>,
    root: u32,
    pairs: Vec<[Port; 2]>,
    rounds: u64,
    widest: usize,
    interactions_max: u64,
}

impl<'b> Rounds<'b> {
    /// Before the first round.
    ///
    /// # Errors
    /// What there is not enough of for `main` itself.
    pub fn new(book: &'b Book, limits: Limits) -> Result<Self, Resource> {
        let heap = RoundHeap {
            nodes_max: limits.nodes_max.min(NODES_MAX),
            wires_max: limits.wires_max.min(WIRES_MAX),
            ..RoundHeap::default()
        };
        let mut reducer = Reducer::new(book, heap);
        let root = reducer.start()?;
        reducer.space.end_round();
        let interactions_max = limits.interactions_max;
        Ok(Self { reducer, root, pairs: Vec::new(), rounds: 0, widest: 0, interactions_max })
    }

    /// Reduces every pair that there is, in the order that `arrange` gives them: any order will do. A pair that there is no room
    /// for waits for the next round.
    pub fn round(&mut self, arrange: impl FnOnce(&mut [[Port; 2]])) -> Progress {
        core::mem::swap(&mut self.pairs, &mut self.reducer.space.next);
        if self.pairs.is_empty() {
            return Progress::Done;
        }
        if self.reducer.tally.interactions() >= self.interactions_max {
            core::mem::swap(&mut self.pairs, &mut self.reducer.space.next);
            return Progress::Capped;
        }
        arrange(&mut self.pairs);
        self.rounds += 1;
        self.widest = self.widest.max(self.pairs.len());
        let mut pairs = core::mem::take(&mut self.pairs);
        let (mut full, mut reduced) = (None, false);
        for [a, b] in pairs.drain(..) {
            match self.reducer.reduce(a, b) {
                Ok(()) => reduced = true,
                Err(resource) => {
                    self.reducer.space.push(a, b);
                    full = Some(resource);
                }
            }
        }
        self.pairs = pairs;
        self.reducer.space.end_round();
        match full {
            Some(resource) if !reduced => Progress::Full(resource),
            _ => Progress::Running,
        }
    }

    /// Reduces until nothing more happens.
    pub fn run(&mut self) -> Progress {
        loop {
            let progress = self.round(|_| {});
            if progress.is_final() {
                return progress;
            }
        }
    }

    /// What was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.reducer.tally
    }

    /// How many rounds there were, and how many pairs the widest had.
    #[must_use]
    pub fn rounds(&self) -> (u64, usize) {
        (self.rounds, self.widest)
    }

    /// What stands at the root: the result, once [`Progress::Done`].
    #[must_use]
    pub fn result(&self) -> NormalForm<'_> {
        NormalForm::new(self.reducer.book, Port::wire(self.root), &self.reducer.space)
    }
}

#[cfg(test)]
mod tests;
