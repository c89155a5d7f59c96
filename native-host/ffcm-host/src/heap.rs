//! The heap that threads share: nodes and wires in flat arrays, whose memory the system hands out as it is first written.

use bytemuck::{Zeroable, allocation::try_zeroed_slice_box};
use ffcm::{
    Limits, Resource,
    normal::Net,
    port::{HEADER, NODES_MAX, Node, Port, WIRES_MAX},
    rules::Space,
};
use std::{
    iter,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

/// Places that a thread gets at once, at most.
const SLICE_MAX: u32 = 4096;
/// Places below which a system that gives less memory has none.
const PLACES_MIN: u32 = 1 << 12;

/// A node as two numbers: header and the free fourth, then both ports.
type Cell = [AtomicU64; 2];

/// A wire: the port that waits on it with all its bits turned, so that fresh memory, which is zero, holds wires on which none does.
type Wire = AtomicU32;

const EMPTY: u32 = !Port::NONE.0;
const _: () = assert!(EMPTY == 0, "fresh memory holds empty wires");

#[inline]
fn waiting(wire: &Wire) -> Port {
    Port(!wire.load(Ordering::Acquire))
}

/// Places of one kind.
#[derive(Debug)]
struct Places<T> {
    /// All that there may be, and fewer where the system has no room for as many. A place that was never written takes no memory.
    all: Box<[T]>,
    /// The first place that no thread got yet, and slices that threads gave back.
    free: Mutex<(u32, Vec<Vec<u32>>)>,
    /// Places that a thread gets at once.
    slice: u32,
    /// What is missing once all are taken.
    full: Resource,
}

/// So many places; where a system refuses that much at once, no more than half of what it would give, since the rest of the program needs some too.
fn zeroed<T>(most: u32, get: impl Fn(u32) -> Option<Box<[T]>>) -> Box<[T]> {
    let mut fewer = iter::successors(Some(most / 2), |most| (*most > PLACES_MIN).then_some(most / 2));
    get(most).or_else(|| get(fewer.find(|most| get(*most).is_some())? / 2)).unwrap_or_default()
}

impl<T: Zeroable> Places<T> {
    fn new(most: u32, threads: usize, full: Resource) -> Self {
        let all = zeroed(most, |places| try_zeroed_slice_box(places as usize).ok());
        let full = if all.len() == most as usize { full } else { Resource::Memory };
        let slice = (all.len() as u32 / (16 * threads as u32)).clamp(1, SLICE_MAX);
        Self { all, free: Mutex::default(), slice, full }
    }

    /// Adds places to a thread's list until it has so many.
    #[cold]
    fn fill(&self, list: &mut Vec<u32>, wanted: u32) -> Result<(), Resource> {
        let most = self.all.len() as u32;
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while list.len() < wanted as usize {
            if let Some(slice) = free.1.pop() {
                list.extend(slice);
                continue;
            }
            let first = free.0;
            let end = first.saturating_add(self.slice).min(most);
            if first == end {
                return Err(self.full);
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
    wires: Places<Wire>,
}

impl Heap {
    pub(crate) fn new(limits: &Limits, threads: usize) -> Self {
        Self {
            nodes: Places::new(limits.nodes_max.min(NODES_MAX), threads, Resource::Nodes),
            wires: Places::new(limits.wires_max.min(WIRES_MAX), threads, Resource::Wires),
        }
    }
}

#[inline]
fn load([low, ports]: &Cell) -> Node {
    let (low, ports) = (low.load(Ordering::Relaxed), ports.load(Ordering::Relaxed));
    [low as u32, ports as u32, (ports >> 32) as u32, (low >> 32) as u32]
}

impl Net for Heap {
    fn ports(&self, node: u32) -> Option<[Port; 2]> {
        let [_, first, second, _] = load(self.nodes.all.get(node as usize)?);
        Some([Port(first), Port(second)])
    }

    fn label(&self, node: u32) -> u32 {
        self.nodes.all.get(node as usize).map_or(0, |cell| load(cell)[HEADER])
    }

    fn waiting(&self, wire: u32) -> Port {
        self.wires.all.get(wire as usize).map_or(Port::NONE, waiting)
    }
}

/// One thread's hand on the heap.
#[derive(Debug)]
pub(crate) struct Worker<'h> {
    heap: &'h Heap,
    nodes: &'h [Cell],
    wires: &'h [Wire],
    free_nodes: Vec<u32>,
    free_wires: Vec<u32>,
    pub(crate) pairs: Vec<[Port; 2]>,
}

impl<'h> Worker<'h> {
    pub(crate) fn new(heap: &'h Heap) -> Self {
        let Heap { nodes, wires } = heap;
        Self {
            heap,
            nodes: &nodes.all,
            wires: &wires.all,
            free_nodes: Vec::new(),
            free_wires: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// Gives its free places back, and hands over the pairs that it has left.
    pub(crate) fn leave(self) -> Vec<[Port; 2]> {
        self.heap.nodes.give_back_all(self.free_nodes);
        self.heap.wires.give_back_all(self.free_wires);
        self.pairs
    }

    #[inline]
    fn cell(&self, at: u32) -> &'h Cell {
        &self.nodes[at as usize]
    }

    #[inline]
    fn wire(&self, wire: u32) -> &'h Wire {
        &self.wires[wire as usize]
    }

    #[inline]
    fn free_wire(&mut self, wire: u32, slot: &Wire) {
        slot.store(EMPTY, Ordering::Relaxed);
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
        let [low, ports] = self.cell(at);
        low.store(u64::from(fourth) << 32 | u64::from(header), Ordering::Relaxed);
        ports.store(u64::from(second) << 32 | u64::from(first), Ordering::Relaxed);
    }

    #[inline]
    fn take_node(&mut self, at: u32) -> Node {
        self.free_nodes.push(at);
        load(self.cell(at))
    }

    #[inline]
    fn add_wire(&mut self) -> u32 {
        self.free_wires.pop().expect("a wire that was reserved")
    }

    #[inline]
    fn meet(&mut self, wire: u32, port: Port) -> Port {
        let slot = self.wire(wire);
        // What waits stays: this thread holds the only other end. So only an empty wire needs the exchange.
        let mut other = waiting(slot);
        if other == Port::NONE {
            other = Port(!slot.swap(!port.0, Ordering::AcqRel));
            if other == Port::NONE {
                return Port::NONE;
            }
        }
        self.free_wire(wire, slot);
        other
    }

    #[inline]
    fn follow(&mut self, wire: u32) -> Port {
        let slot = self.wire(wire);
        let other = waiting(slot);
        if other != Port::NONE {
            self.free_wire(wire, slot);
        }
        other
    }

    #[inline]
    fn push(&mut self, a: Port, b: Port) {
        self.pairs.push([a, b]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_gives_less_is_left_half_of_it() {
        let gives =
            |room: u32| move |places: u32| (places <= room).then(|| vec![0u8; places as usize].into());
        for (most, room, got) in [
            (0, 0, 0),
            (100, 100, 100),
            (1 << 20, 1 << 20, 1 << 20),
            (1 << 20, 1 << 18, 1 << 17),
            (1 << 20, (1 << 18) - 1, 1 << 16),
            (1 << 20, 0, 0),
        ] {
            assert_eq!(zeroed::<u8>(most, gives(room)).len(), got, "{most} of {room}");
        }
    }
}
