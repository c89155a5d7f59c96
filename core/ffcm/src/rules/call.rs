//! Expanding definitions.
//!
//! [`Reducer::specialize`] has two ways, with the same result and the same counts. The plain way copies the definition's net
//! and links its pairs: what a GPU does. The fused way walks the definition along what it meets, so that most of the nodes that
//! would be made only to vanish in the next interaction are never made: it counts those interactions all the same.
//!
//! Instructions an interaction, counted by callgrind on one thread: HVM2's `sum_rec` takes 176 the fused way and 228 the plain way; a recursion
//! that holds duplicators, of which less can be fused, 247 and 242.

use super::{Reducer, Resource, Space};
use crate::{
    book::Def,
    number::Num24,
    port::{HEADER, Node, Port, Tag, node},
    table::Opcode,
};

/// Deepest definition that is expanded in the fused way, which recurses.
const FUSED_DEPTH_MAX: u32 = 64;

impl<'b, S: Space> Reducer<'b, S> {
    /// Puts the net of the definition `a` in the place of the reference, facing `b`.
    #[inline]
    pub(super) fn specialize(&mut self, a: Port, b: Port) -> Result<(), Resource> {
        let def = &self.book.defs[a.value() as usize];
        if S::FUSES && def.depth <= FUSED_DEPTH_MAX { self.fused(def, b) } else { self.plain(def, b) }
    }

    fn plain(&mut self, def: &'b Def, b: Port) -> Result<(), Resource> {
        self.space.reserve(def.nodes.len() as u32, def.wires.len() as u32)?;
        self.tally.count(Opcode::Specialize);
        self.wires.clear();
        self.nodes.clear();
        for _ in &def.wires {
            self.wires.push(Port::wire(self.space.add_wire()));
        }
        for _ in &def.nodes {
            self.nodes.push(self.space.add_node([0; 4]));
        }
        for (at, template) in def.nodes.iter().enumerate() {
            let [first, second] = [self.placed(Port(template[1])), self.placed(Port(template[2]))];
            self.space.set_node(self.nodes[at], [template[HEADER], first.0, second.0, 0]);
        }
        for redex in &def.redexes {
            self.link(self.placed(redex.first), self.placed(redex.second));
        }
        self.link(self.placed(def.root), b);
        Ok(())
    }

    /// Where a port of the definition leads in this copy.
    fn placed(&self, port: Port) -> Port {
        match port.tag() {
            Tag::Var => self.wires[port.value() as usize],
            tag if port.is_node() => Port::new(tag, self.nodes[port.value() as usize]),
            _ => port,
        }
    }

    fn fused(&mut self, def: &'b Def, b: Port) -> Result<(), Resource> {
        let nodes = def.nodes.len() as u32;
        // A switch that is walked through makes two nodes; an operator's operand may need a wire.
        self.space.reserve(2 * nodes, def.wires.len() as u32 + nodes)?;
        self.tally.count(Opcode::Specialize);
        self.wires.clear();
        self.wires.resize(def.wires.len(), Port::NONE);
        self.offer(def, def.root, b);
        for redex in &def.redexes {
            self.join(def, redex.first, redex.second);
        }
        Ok(())
    }

    /// Makes the tree at a port of the definition.
    fn build(&mut self, def: &'b Def, port: Port) -> Port {
        if port.is_node() {
            let template = def.nodes[port.value() as usize];
            let mut first = self.build(def, Port(template[1]));
            if port.tag() == Tag::Opr && first.tag() == Tag::Num && Port(template[1]).is_wire() {
                // A number that came along a wire is not an operand yet: the interaction that makes it one is counted.
                let wire = self.space.add_wire();
                self.space.meet(wire, first);
                first = Port::wire(wire);
            }
            let second = self.build(def, Port(template[2]));
            let at = self.space.add_node([template[HEADER], first.0, second.0, 0]);
            return Port::new(port.tag(), at);
        }
        if !port.is_wire() {
            return port;
        }
        let known = &mut self.wires[port.value() as usize];
        if *known == Port::NONE {
            *known = Port::wire(self.space.add_wire());
        }
        *known
    }

    /// Two trees of the definition face each other.
    fn join(&mut self, def: &'b Def, a: Port, b: Port) {
        if a.is_wire() {
            let b = self.build(def, b);
            self.offer(def, a, b);
        } else {
            let a = self.build(def, a);
            self.offer(def, b, a);
        }
    }

    /// The tree at `t` of the definition meets a port of the net.
    fn offer(&mut self, def: &'b Def, t: Port, mut port: Port) {
        if t.is_wire() {
            let known = &mut self.wires[t.value() as usize];
            if *known == Port::NONE {
                *known = port;
            } else {
                let known = *known;
                self.link(known, port);
            }
            return;
        }
        if t.is_node() {
            while port.is_wire() {
                let further = self.space.follow(port.value());
                if further == Port::NONE {
                    break;
                }
                port = further;
            }
            if self.fuse(def, t, def.nodes[t.value() as usize], port) {
                return;
            }
        }
        let made = self.build(def, t);
        self.link(made, port);
    }

    /// The interaction of a node of the definition with a port, without making the node. `false` if there is none to be had.
    fn fuse(&mut self, def: &'b Def, t: Port, template: Node, port: Port) -> bool {
        let [first, second] = [Port(template[1]), Port(template[2])];
        match (t.tag(), port.tag()) {
            // Two duplicators need their labels compared: they go the plain way.
            (tag, other) if tag == other && tag != Tag::Dup => {
                self.tally.count(Opcode::Apply);
                let met = self.space.take_node(port.value());
                self.offer(def, first, Port(met[1]));
                self.offer(def, second, Port(met[2]));
            }
            (_, Tag::Era) | (Tag::Con, Tag::Num) => {
                self.offer_both(def, first, second, port, Opcode::Collapse)
            }
            (Tag::Dup, Tag::Num) => self.offer_both(def, first, second, port, Opcode::Duplicate),
            (Tag::Dup, Tag::Ref) if self.book.defs[port.value() as usize].safe => {
                self.offer_both(def, first, second, port, Opcode::Duplicate);
            }
            (Tag::Opr, Tag::Num) => self.fuse_operator(def, template, port),
            (Tag::Swi, Tag::Num) => self.fuse_switch(def, first, second, Num24(port.value()).to_u24()),
            _ => return false,
        }
        true
    }

    fn offer_both(&mut self, def: &'b Def, first: Port, second: Port, port: Port, opcode: Opcode) {
        self.tally.count(opcode);
        self.offer(def, first, port);
        self.offer(def, second, port);
    }

    fn fuse_operator(&mut self, def: &'b Def, template: Node, number: Port) {
        let [first, second] = [Port(template[1]), Port(template[2])];
        self.tally.count(Opcode::Succ);
        if first.tag() == Tag::Num {
            let value = self.operate(number, first);
            return self.offer(def, second, value);
        }
        if first.is_wire() {
            let known = self.wires[first.value() as usize];
            if known != Port::NONE && known.tag() == Tag::Num {
                self.tally.count(Opcode::Succ);
                let value = self.operate(known, number);
                return self.offer(def, second, value);
            }
        }
        let way = self.build(def, second);
        let waits = self.space.add_node(node(template[HEADER], number, way));
        self.offer(def, first, Port::new(Tag::Opr, waits));
    }

    fn fuse_switch(&mut self, def: &'b Def, branches: Port, way: Port, value: u32) {
        self.tally.count(Opcode::Switch);
        let less = Port::new(Tag::Num, Num24::u24(value.wrapping_sub(1)).0);
        if branches.tag() != Tag::Con {
            let way = self.build(def, way);
            let chosen = if value == 0 {
                node(0, way, Port::ERA)
            } else {
                let succ = self.space.add_node(node(0, less, way));
                node(0, Port::ERA, Port::new(Tag::Con, succ))
            };
            let chosen = self.space.add_node(chosen);
            return self.offer(def, branches, Port::new(Tag::Con, chosen));
        }
        self.tally.count(Opcode::Apply);
        let branches = def.nodes[branches.value() as usize];
        let [zero, succ] = [Port(branches[1]), Port(branches[2])];
        if value == 0 {
            self.offer(def, succ, Port::ERA);
            return self.join(def, zero, way);
        }
        self.offer(def, zero, Port::ERA);
        if succ.tag() == Tag::Con {
            self.tally.count(Opcode::Apply);
            let succ = def.nodes[succ.value() as usize];
            self.offer(def, Port(succ[1]), less);
            return self.join(def, Port(succ[2]), way);
        }
        let way = self.build(def, way);
        let call = self.space.add_node(node(0, less, way));
        self.offer(def, succ, Port::new(Tag::Con, call));
    }
}
