//! The heap that threads share: nodes and wires in slabs that are made when they are first needed.

use ffcm::{
    Limits, Resource,
    normal::Net,
    port::{HEADER, NODES_MAX, Node, Port, WIRES_MAX},
    rules::Space,
};
use std::sync::{
    Mutex, OnceLock, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

/// Places of a slab: 1 MiB of nodes, 256 KiB of wires.
const SLAB_BITS: u32 = 16;
/// Places that a thread gets at once, at most.
const SLICE_MAX: u32 = 4096;

/// A node as two numbers: header and the free fourth, then both ports.
type Cell = [AtomicU64; 2];

/// Places of one kind.
#[derive(Debug)]
struct Places<T> {
    slabs: Box<[OnceLock<Box<[T]>>]>,
    /// The first place that no thread got yet, and slices that threads gave back.
    free: Mutex<(u32, Vec<Vec<u32>>)>,
    most: u32,
    /// Places that a thread gets at once. A power of two, so that a slice lies in one slab.
    slice: u32,
    full: Resource,
    empty: fn() -> T,
}

impl<T> Places<T> {
    fn new(most: u32, threads: usize, full: Resource, empty: fn() -> T) -> Self {
        let slice = (most / (16 * threads as u32)).clamp(1, SLICE_MAX);
        let slabs = (0..most.div_ceil(1 << SLAB_BITS)).map(|_| OnceLock::new()).collect();
        Self { slabs, free: Mutex::default(), most, slice: 1 << slice.ilog2(), full, empty }
    }

    #[inline]
    fn at(&self, place: u32) -> Option<&T> {
        let slab = self.slabs.get((place >> SLAB_BITS) as usize)?.get()?;
        slab.get((place & ((1 << SLAB_BITS) - 1)) as usize)
    }

    /// Adds places to a thread's list until it has so many.
    #[cold]
    fn fill(&self, list: &mut Vec<u32>, wanted: u32) -> Result<(), Resource> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while list.len() < wanted as usize {
            if let Some(slice) = free.1.pop() {
                list.extend(slice);
                continue;
            }
            let first = free.0;
            let end = first.saturating_add(self.slice).min(self.most);
            if first == end {
                return Err(self.full);
            }
            let slab = &self.slabs[(first >> SLAB_BITS) as usize];
            if slab.get().is_none() {
                let size = 1usize << SLAB_BITS;
                let mut made = Vec::new();
                made.try_reserve_exact(size).map_err(|_| Resource::Memory)?;
                made.extend((0..size).map(|_| (self.empty)()));
                // The lock is held: nobody else has made it.
                let _ = slab.set(made.into());
            }
            free.0 = end;
            list.extend((first..end).rev());
        }
        Ok(())
    }

    /// Takes places from a thread that has many more than it needs.
    #[cold]
    fn give_back(&self, list: &mut Vec<u32>) {
        self.give_back_all(list.split_off(list.len() - self.slice as usize));
    }

    fn give_back_all(&self, list: Vec<u32>) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).1.push(list);
    }
}

/// The heap.
#[derive(Debug)]
pub(crate) struct Heap {
    nodes: Places<Cell>,
    wires: Places<AtomicU32>,
}

impl Heap {
    pub(crate) fn new(limits: &Limits, threads: usize) -> Self {
        let cell = || [AtomicU64::new(0), AtomicU64::new(0)];
        let wire = || AtomicU32::new(Port::NONE.0);
        Self {
            nodes: Places::new(limits.nodes_max.min(NODES_MAX), threads, Resource::Nodes, cell),
            wires: Places::new(limits.wires_max.min(WIRES_MAX), threads, Resource::Wires, wire),
        }
    }

    #[inline]
    fn cell(&self, at: u32) -> &Cell {
        self.nodes.at(at).expect("a node that was handed out")
    }

    #[inline]
    fn wire(&self, wire: u32) -> &AtomicU32 {
        self.wires.at(wire).expect("a wire that was handed out")
    }

    #[inline]
    fn load(&self, at: u32) -> Node {
        let [low, ports] = self.cell(at);
        let (low, ports) = (low.load(Ordering::Relaxed), ports.load(Ordering::Relaxed));
        [low as u32, ports as u32, (ports >> 32) as u32, (low >> 32) as u32]
    }
}

impl Net for Heap {
    fn ports(&self, node: u32) -> Option<[Port; 2]> {
        self.nodes.at(node)?;
        let [_, first, second, _] = self.load(node);
        Some([Port(first), Port(second)])
    }

    fn label(&self, node: u32) -> u32 {
        self.nodes.at(node).map_or(0, |_| self.load(node)[HEADER])
    }

    fn waiting(&self, wire: u32) -> Port {
        self.wires.at(wire).map_or(Port::NONE, |port| Port(port.load(Ordering::Acquire)))
    }
}

/// One thread's hand on the heap.
#[derive(Debug)]
pub(crate) struct Worker<'h> {
    heap: &'h Heap,
    free_nodes: Vec<u32>,
    free_wires: Vec<u32>,
    pub(crate) pairs: Vec<[Port; 2]>,
}

impl<'h> Worker<'h> {
    pub(crate) fn new(heap: &'h Heap) -> Self {
        Self { heap, free_nodes: Vec::new(), free_wires: Vec::new(), pairs: Vec::new() }
    }

    /// Gives its free places back, and hands over the pairs that it has left.
    pub(crate) fn leave(self) -> Vec<[Port; 2]> {
        self.heap.nodes.give_back_all(self.free_nodes);
        self.heap.wires.give_back_all(self.free_wires);
        self.pairs
    }

    #[inline]
    fn free_wire(&mut self, wire: u32, slot: &AtomicU32) {
        slot.store(Port::NONE.0, Ordering::Relaxed);
        self.free_wires.push(wire);
    }
}

impl Space for Worker<'_> {
    const FUSES: bool = true;

    #[inline]
    fn reserve(&mut self, nodes: u32, wires: u32) -> Result<(), Resource> {
        let heap = self.heap;
        if self.free_nodes.len() < nodes as usize {
            heap.nodes.fill(&mut self.free_nodes, nodes)?;
        } else if self.free_nodes.len() > 3 * heap.nodes.slice as usize + nodes as usize {
            heap.nodes.give_back(&mut self.free_nodes);
        }
        if self.free_wires.len() < wires as usize {
            heap.wires.fill(&mut self.free_wires, wires)?;
        } else if self.free_wires.len() > 3 * heap.wires.slice as usize + wires as usize {
            heap.wires.give_back(&mut self.free_wires);
        }
        Ok(())
    }

    #[inline]
    fn add_node(&mut self, node: Node) -> u32 {
        let at = self.free_nodes.pop().expect("a node that was reserved");
        self.set_node(at, node);
        at
    }

    #[inline]
    fn set_node(&mut self, at: u32, [header, first, second, fourth]: Node) {
        let [low, ports] = self.heap.cell(at);
        low.store(u64::from(fourth) << 32 | u64::from(header), Ordering::Relaxed);
        ports.store(u64::from(second) << 32 | u64::from(first), Ordering::Relaxed);
    }

    #[inline]
    fn take_node(&mut self, at: u32) -> Node {
        self.free_nodes.push(at);
        self.heap.load(at)
    }

    #[inline]
    fn add_wire(&mut self) -> u32 {
        self.free_wires.pop().expect("a wire that was reserved")
    }

    #[inline]
    fn meet(&mut self, wire: u32, port: Port) -> Port {
        let slot = self.heap.wire(wire);
        // What waits stays: this thread holds the only other end. So only an empty wire needs the exchange.
        let mut waiting = slot.load(Ordering::Acquire);
        if waiting == Port::NONE.0 {
            waiting = slot.swap(port.0, Ordering::AcqRel);
            if waiting == Port::NONE.0 {
                return Port::NONE;
            }
        }
        self.free_wire(wire, slot);
        Port(waiting)
    }

    #[inline]
    fn follow(&mut self, wire: u32) -> Port {
        let slot = self.heap.wire(wire);
        let waiting = slot.load(Ordering::Acquire);
        if waiting != Port::NONE.0 {
            self.free_wire(wire, slot);
        }
        Port(waiting)
    }

    #[inline]
    fn push(&mut self, a: Port, b: Port) {
        self.pairs.push([a, b]);
    }
}
