//! The rules: what each opcode does to a pair, in any [`Space`].
//!
//! Every scheduler (one thread, rounds, many threads) runs this code; they differ in how a space hands out nodes and wires and in
//! which pair comes next. A pair belongs to whoever takes it, and so do the nodes that its ports lead to, since a node is
//! reached through its principal port alone. Only wires are shared, between the two that hold their ends, and [`Space::meet`] is
//! all that happens to a wire. So any order of reductions makes the same net with the same counts (Lafont 1990,
//! "Interaction nets": strong confluence).

mod call;

use crate::{
    book::Book,
    number::Num24,
    port::{HEADER, Node, Port, Tag, node},
    table::{Opcode, opcode},
};
use alloc::vec::Vec;

/// What a heap is out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// Nodes: as many are in use as the limit allows.
    Nodes,
    /// Wires: as many are in use as the limit allows.
    Wires,
    /// Memory: the machine has no more to give.
    Memory,
    /// Words of the lazy machine's heap: as many are in use as the limit allows.
    Cells,
    /// Pieces of a result: it has more than the limit allows.
    Items,
    /// Branches of superpositions: as many wait as the limit allows.
    Branches,
}

impl core::error::Error for Resource {}

impl core::fmt::Display for Resource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Nodes => "nodes",
            Self::Wires => "wires",
            Self::Memory => "memory",
            Self::Cells => "words of the heap",
            Self::Items => "pieces of a result",
            Self::Branches => "branches of superpositions",
        })
    }
}

/// Where a net lives.
pub trait Space {
    /// Whether a definition may be joined with what it meets while it is expanded ([`Reducer::reduce`] then does several
    /// interactions at once). Not where each pair must be an interaction of its own.
    const FUSES: bool;

    /// Sees to it that so many nodes and wires can be added.
    ///
    /// # Errors
    /// What there is not enough of. The net is as it was.
    fn reserve(&mut self, nodes: u32, wires: u32) -> Result<(), Resource>;

    /// Adds a node that was reserved.
    fn add_node(&mut self, node: Node) -> u32;

    /// Writes a node that was just added.
    fn set_node(&mut self, at: u32, node: Node);

    /// Reads a node and frees its place.
    fn take_node(&mut self, at: u32) -> Node;

    /// Adds an empty wire that was reserved.
    fn add_wire(&mut self) -> u32;

    /// Brings a port to a wire, in one step that nothing comes between. If the wire is empty, it holds the port afterwards and
    /// [`Port::NONE`] comes back; else what waited there comes back, and the wire is freed.
    fn meet(&mut self, wire: u32, port: Port) -> Port;

    /// Takes what waits at a wire and frees it; [`Port::NONE`] if nothing does, or if that is not known.
    fn follow(&mut self, wire: u32) -> Port;

    /// Keeps a pair, of which one at least is a node, for later.
    fn push(&mut self, a: Port, b: Port);
}

/// What was done, and what went wrong on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Interactions by the number of their [`Opcode`].
    pub counts: [u64; 8],
    /// Operations that have no result, and so gave 0: a whole number divided by zero, an operator that floats have not.
    pub undefined: u64,
    /// Copies of definitions that hold duplicators. They are not made, since one label would stand for two duplications;
    /// what asked for them got nothing.
    pub unsafe_copies: u64,
    /// The lowest number of such a definition.
    pub unsafe_def: Option<u32>,
    /// In the lazy machine: what fits no rule, such as a number that is applied or a constructor that no arm is for. Nothing comes of it.
    pub type_errors: u64,
}

impl Tally {
    /// All interactions.
    #[must_use]
    pub fn interactions(&self) -> u64 {
        self.counts[1..].iter().sum()
    }

    /// Interactions with this opcode.
    #[must_use]
    pub fn of(&self, opcode: Opcode) -> u64 {
        self.counts[opcode as usize]
    }

    /// Adds what another thread did.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.undefined += other.undefined;
        self.type_errors += other.type_errors;
        self.unsafe_copies += other.unsafe_copies;
        self.unsafe_def = match (self.unsafe_def, other.unsafe_def) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    #[inline]
    pub(crate) fn count(&mut self, opcode: Opcode) {
        self.counts[opcode as usize] += 1;
    }
}

/// The rules over one space.
#[derive(Debug)]
pub struct Reducer<'b, S> {
    /// The definitions.
    pub book: &'b Book,
    /// The net.
    pub space: S,
    /// What was done.
    pub tally: Tally,
    /// The wires of the definition that is being expanded: what is known of each.
    wires: Vec<Port>,
    /// Its nodes.
    nodes: Vec<u32>,
}

impl<'b, S: Space> Reducer<'b, S> {
    /// Over this book and an empty space.
    pub fn new(book: &'b Book, space: S) -> Self {
        Self { book, space, tally: Tally::default(), wires: Vec::new(), nodes: Vec::new() }
    }

    /// Puts `main` at one end of a new wire, and gives that wire. What is at its other end when no pair is left is the result.
    ///
    /// # Errors
    /// What there is not enough of.
    pub fn start(&mut self) -> Result<u32, Resource> {
        self.space.reserve(0, 1)?;
        let root = self.space.add_wire();
        self.specialize(Port::new(Tag::Ref, self.book.main), Port::wire(root))?;
        Ok(root)
    }

    /// Reduces a pair.
    ///
    /// # Errors
    /// What there is not enough of; the pair is as it was, and can be reduced later.
    #[inline]
    pub fn reduce(&mut self, a: Port, b: Port) -> Result<(), Resource> {
        let (a, b) = if a.0 & 7 > b.0 & 7 { (b, a) } else { (a, b) };
        match opcode(a, b) {
            Opcode::Link => {
                self.link(a, b);
                Ok(())
            }
            Opcode::Apply => {
                self.annihilate(a, b, Opcode::Apply);
                Ok(())
            }
            Opcode::Duplicate => self.duplicate(a, b),
            Opcode::Distribute => {
                self.space.reserve(4, 4)?;
                let (x, y) = (self.space.take_node(a.value()), self.space.take_node(b.value()));
                self.distribute((a, x), (b, y));
                Ok(())
            }
            Opcode::Succ => self.succ(a, b),
            Opcode::Switch => self.switch(a, b),
            Opcode::Collapse => {
                self.collapse(a, b);
                Ok(())
            }
            Opcode::Specialize => self.specialize(a, b),
        }
    }

    /// Joins two ports: brings each to the wires that lead to the other, until two principal ports face each other.
    #[inline]
    pub fn link(&mut self, mut a: Port, mut b: Port) {
        loop {
            if !a.is_wire() {
                if !b.is_wire() {
                    return self.face(a, b);
                }
                (a, b) = (b, a);
            }
            // Looking along `b` first frees its wire a step earlier; it changes no count.
            if b.is_wire() && b != a {
                let further = self.space.follow(b.value());
                if further != Port::NONE {
                    b = further;
                    continue;
                }
            }
            let waiting = self.space.meet(a.value(), b);
            if waiting == Port::NONE {
                return;
            }
            a = waiting;
        }
    }

    /// Two principal ports face each other.
    #[inline]
    fn face(&mut self, a: Port, b: Port) {
        if (a.0 | b.0) & 4 == 0 {
            // Two atoms: nothing is left of them.
            self.tally.count(Opcode::Collapse);
        } else {
            self.space.push(a, b);
        }
    }

    #[inline]
    fn annihilate(&mut self, a: Port, b: Port, opcode: Opcode) {
        self.tally.count(opcode);
        let x = self.space.take_node(a.value());
        let y = self.space.take_node(b.value());
        self.link(Port(x[1]), Port(y[1]));
        self.link(Port(x[2]), Port(y[2]));
    }

    /// `a`, which is whole in itself, goes to both ports of the node at `b`.
    #[inline]
    fn spread(&mut self, a: Port, b: Port, opcode: Opcode) {
        self.tally.count(opcode);
        let y = self.space.take_node(b.value());
        self.link(a, Port(y[1]));
        self.link(a, Port(y[2]));
    }

    #[inline]
    fn duplicate(&mut self, a: Port, b: Port) -> Result<(), Resource> {
        match a.tag() {
            Tag::Dup => {
                self.space.reserve(4, 4)?;
                let (x, y) = (self.space.take_node(a.value()), self.space.take_node(b.value()));
                if x[HEADER] == y[HEADER] {
                    self.tally.count(Opcode::Duplicate);
                    self.link(Port(x[1]), Port(y[1]));
                    self.link(Port(x[2]), Port(y[2]));
                } else {
                    self.distribute((a, x), (b, y));
                }
            }
            Tag::Ref if !self.book.defs[a.value() as usize].safe => self.refuse_copy(a),
            _ => self.spread(a, b, Opcode::Duplicate),
        }
        Ok(())
    }

    #[cold]
    fn refuse_copy(&mut self, a: Port) {
        self.tally.unsafe_copies += 1;
        let def = a.value();
        self.tally.unsafe_def = Some(self.tally.unsafe_def.map_or(def, |least| least.min(def)));
    }

    /// The nodes are already taken from their places.
    #[inline]
    fn distribute(&mut self, (a, x): (Port, Node), (b, y): (Port, Node)) {
        self.tally.count(Opcode::Distribute);
        let space = &mut self.space;
        let [w, v, u, t] = [(); 4].map(|()| Port::wire(space.add_wire()));
        let b1 = Port::new(b.tag(), space.add_node(node(y[HEADER], w, v)));
        let b2 = Port::new(b.tag(), space.add_node(node(y[HEADER], u, t)));
        let a1 = Port::new(a.tag(), space.add_node(node(x[HEADER], w, u)));
        let a2 = Port::new(a.tag(), space.add_node(node(x[HEADER], v, t)));
        self.link(b1, Port(x[1]));
        self.link(b2, Port(x[2]));
        self.link(a1, Port(y[1]));
        self.link(a2, Port(y[2]));
    }

    #[inline]
    fn collapse(&mut self, a: Port, b: Port) {
        if b.is_node() {
            self.spread(a, b, Opcode::Collapse);
        } else {
            self.tally.count(Opcode::Collapse);
        }
    }

    #[inline]
    fn operate(&mut self, a: Port, b: Port) -> Port {
        let operated = Num24(a.value()).operate(Num24(b.value()));
        self.tally.undefined += u64::from(operated.undefined);
        Port::new(Tag::Num, operated.value.0)
    }

    #[inline]
    fn succ(&mut self, a: Port, b: Port) -> Result<(), Resource> {
        self.space.reserve(1, 0)?;
        self.tally.count(Opcode::Succ);
        let y = self.space.take_node(b.value());
        let first = Port(y[1]);
        if first.tag() == Tag::Num {
            let value = self.operate(a, first);
            self.link(value, Port(y[2]));
        } else {
            // The number waits in the operator for the other one.
            let waits = self.space.add_node(node(y[HEADER], a, Port(y[2])));
            self.link(first, Port::new(Tag::Opr, waits));
        }
        Ok(())
    }

    /// `b` holds two branches as `(zero succ)` and the way on: zero gets the way, or succ gets the predecessor and the way.
    #[inline]
    fn switch(&mut self, a: Port, b: Port) -> Result<(), Resource> {
        self.space.reserve(2, 0)?;
        self.tally.count(Opcode::Switch);
        let y = self.space.take_node(b.value());
        let chosen = match Num24(a.value()).to_u24() {
            0 => node(0, Port(y[2]), Port::ERA),
            value => {
                let less = Port::new(Tag::Num, Num24::u24(value - 1).0);
                let succ = self.space.add_node(node(0, less, Port(y[2])));
                node(0, Port::ERA, Port::new(Tag::Con, succ))
            }
        };
        let chosen = Port::new(Tag::Con, self.space.add_node(chosen));
        self.link(chosen, Port(y[1]));
        Ok(())
    }
}
