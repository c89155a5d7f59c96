//! The flat heap of one thread: nodes of four `u32`, wires of one.

use crate::{
    normal::Net,
    port::{HEADER, NODES_MAX, Node, Port, WIRES_MAX},
    rules::{Resource, Space},
};
use alloc::vec::Vec;

/// How far a machine may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most nodes in use at once, 16 bytes each; at most [`NODES_MAX`].
    pub nodes_max: u32,
    /// Most wires in use at once, 4 bytes each; at most [`WIRES_MAX`].
    pub wires_max: u32,
    /// Most interactions. A step that does several at once may pass it by as many as it does.
    pub interactions_max: u64,
}

impl Default for Limits {
    /// A whole page of 2 GiB of nodes, as many bytes of wires, interactions without limit.
    fn default() -> Self {
        Self { nodes_max: NODES_MAX, wires_max: WIRES_MAX, interactions_max: u64::MAX }
    }
}

/// One thread's heap. Freed places are used again at once, the last freed first, while they are in the processor's cache.
#[derive(Debug, Default)]
pub struct Heap {
    nodes: Vec<Node>,
    free_nodes: Vec<u32>,
    wires: Vec<u32>,
    free_wires: Vec<u32>,
    pub(crate) pairs: Vec<[Port; 2]>,
    nodes_max: u32,
    wires_max: u32,
    /// How many nodes and wires there is memory for, up to the limits.
    nodes_room: usize,
    wires_room: usize,
}

impl Heap {
    /// An empty heap.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            nodes_max: limits.nodes_max.min(NODES_MAX),
            wires_max: limits.wires_max.min(WIRES_MAX),
            ..Self::default()
        }
    }

    /// Its nodes, those in use and those freed, as one run of numbers: four to a node.
    #[must_use]
    pub fn node_words(&self) -> &[u32] {
        self.nodes.as_flattened()
    }

    /// Its wires, those in use and those freed: what waits at each. Freed ones hold [`Port::NONE`].
    #[must_use]
    pub fn wire_words(&self) -> &[u32] {
        &self.wires
    }

    /// Nodes in use.
    #[must_use]
    pub fn nodes_used(&self) -> u32 {
        (self.nodes.len() - self.free_nodes.len()) as u32
    }

    /// Wires in use.
    #[must_use]
    pub fn wires_used(&self) -> u32 {
        (self.wires.len() - self.free_wires.len()) as u32
    }

    /// The most nodes and wires that were in use at once.
    #[must_use]
    pub fn peak(&self) -> (u32, u32) {
        (self.nodes.len() as u32, self.wires.len() as u32)
    }

    #[cold]
    fn grow(&mut self, nodes: u32, wires: u32) -> Result<(), Resource> {
        fn room<T>(
            all: &mut Vec<T>,
            free: &mut Vec<u32>,
            more: u32,
            most: u32,
        ) -> Option<Result<usize, Resource>> {
            let fresh = (more as usize).saturating_sub(free.len());
            if all.len() + fresh > most as usize {
                return None;
            }
            let grown = all.try_reserve(fresh).and_then(|()| free.try_reserve(all.capacity() - free.len()));
            Some(grown.map(|()| all.capacity().min(most as usize)).map_err(|_| Resource::Memory))
        }
        self.nodes_room =
            room(&mut self.nodes, &mut self.free_nodes, nodes, self.nodes_max).ok_or(Resource::Nodes)??;
        self.wires_room =
            room(&mut self.wires, &mut self.free_wires, wires, self.wires_max).ok_or(Resource::Wires)??;
        Ok(())
    }
}

impl Net for Heap {
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

impl Space for Heap {
    const FUSES: bool = true;

    #[inline]
    fn reserve(&mut self, nodes: u32, wires: u32) -> Result<(), Resource> {
        let nodes_free = self.free_nodes.len() + (self.nodes_room - self.nodes.len());
        let wires_free = self.free_wires.len() + (self.wires_room - self.wires.len());
        if nodes_free >= nodes as usize && wires_free >= wires as usize {
            return Ok(());
        }
        self.grow(nodes, wires)
    }

    #[inline]
    fn add_node(&mut self, node: Node) -> u32 {
        if let Some(at) = self.free_nodes.pop() {
            self.nodes[at as usize] = node;
            return at;
        }
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    #[inline]
    fn set_node(&mut self, at: u32, node: Node) {
        self.nodes[at as usize] = node;
    }

    #[inline]
    fn take_node(&mut self, at: u32) -> Node {
        self.free_nodes.push(at);
        self.nodes[at as usize]
    }

    #[inline]
    fn add_wire(&mut self) -> u32 {
        if let Some(at) = self.free_wires.pop() {
            return at;
        }
        self.wires.push(Port::NONE.0);
        self.wires.len() as u32 - 1
    }

    #[inline]
    fn meet(&mut self, wire: u32, port: Port) -> Port {
        let slot = &mut self.wires[wire as usize];
        let waiting = Port(*slot);
        if waiting == Port::NONE {
            *slot = port.0;
        } else {
            *slot = Port::NONE.0;
            self.free_wires.push(wire);
        }
        waiting
    }

    #[inline]
    fn follow(&mut self, wire: u32) -> Port {
        let slot = &mut self.wires[wire as usize];
        let waiting = Port(*slot);
        if waiting != Port::NONE {
            *slot = Port::NONE.0;
            self.free_wires.push(wire);
        }
        waiting
    }

    #[inline]
    fn push(&mut self, a: Port, b: Port) {
        self.pairs.push([a, b]);
    }
}
