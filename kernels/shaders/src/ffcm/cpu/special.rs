//! Twin of what `special` writes as WGSL: chooses and does a variant.

use super::{Tile, place, port, tag_of};
use crate::ffcm::{
    KIND_BITS, NONE, Node, OPCODES, TAG_BITS, cpu, kind, opcode,
    special::{Choice, Class, HOPS_MAX, Number, Port, Variant},
    tag,
};
use alloc::vec::Vec;

const KIND: u32 = (1 << KIND_BITS) - 1;
const ZERO: u32 = kind::U24 << TAG_BITS | tag::NUM;

fn is_unsigned(port: u32) -> bool {
    port & (KIND << TAG_BITS | 7) == ZERO
}

/// What is known of each argument: its port and, of a constructor, its node.
type Known = Vec<(u32, Option<Node>)>;

impl Tile<'_, '_> {
    fn seen(&self, first: u32) -> u32 {
        let mut port = first;
        for _ in 0..HOPS_MAX {
            if tag_of(port) != tag::VAR {
                break;
            }
            port = !self.memory.wires[place(port)];
        }
        port
    }

    fn taken(&mut self, first: u32) -> u32 {
        let mut port = first;
        for _ in 0..HOPS_MAX {
            if tag_of(port) != tag::VAR {
                break;
            }
            let wire = port >> TAG_BITS;
            port = !self.memory.wires[wire as usize];
            debug_assert!(port != NONE);
            self.free_wire(wire);
        }
        port
    }

    /// Nodes and wires that are asked for, and the number of a variant.
    pub(super) fn variant_of(&self, def: u32, b: u32) -> [u32; 3] {
        let special = self.memory.special;
        let mut choice = special.and_then(|special| special.defs.get(&def));
        let mut nodes = alloc::collections::BTreeMap::<u32, Node>::new();
        loop {
            match choice {
                None | Some(Choice::Plain) => return self.unchosen(def),
                Some(Choice::Variant(number)) => {
                    let Some(variant) = special.and_then(|special| special.variant(*number)) else {
                        return self.unchosen(def);
                    };
                    return [variant.plan.asked(), variant.plan.wires, *number];
                }
                Some(Choice::Ask { argument, at: [of, side], classes, otherwise }) => {
                    let port = match argument {
                        0 => b,
                        _ => nodes[of][1 + *side as usize],
                    };
                    let number = self.seen(port);
                    let holds = |class: Class| match class {
                        Class::Any => true,
                        Class::Constructor => tag_of(port) == tag::CON,
                        Class::Number => is_unsigned(number),
                        Class::Zero => number == ZERO,
                        Class::Positive => is_unsigned(number) && number != ZERO,
                    };
                    let found = classes.iter().find(|(class, _)| holds(*class));
                    if let Some((Class::Constructor, _)) = found {
                        nodes.insert(*argument, self.node(port));
                    }
                    choice = Some(found.map_or(otherwise, |(_, follows)| follows));
                }
            }
        }
    }

    /// Does a variant of what meets `b`.
    pub(super) fn special(&mut self, Variant { arguments, plan }: &Variant, b: u32, own: [u32; 2]) {
        let mut known = Known::new();
        for (index, argument) in arguments.iter().enumerate() {
            let mut there = match index {
                0 => b,
                _ => known[argument.of as usize].1.map_or(0, |node| node[1 + argument.side as usize]),
            };
            if matches!(argument.class, Class::Number | Class::Zero | Class::Positive) {
                there = self.taken(there);
            }
            let node = (argument.class == Class::Constructor).then(|| self.node(there));
            known.push((there, node));
        }
        let places: Vec<u32> = (0..plan.nodes.len())
            .map(|index| match plan.vanished.get(index) {
                Some(argument) => known[*argument as usize].0 >> TAG_BITS,
                None => self.node_place(own[0] + (index - plan.vanished.len()) as u32),
            })
            .collect();
        let wires: Vec<u32> =
            (0..plan.wires).map(|wire| port(tag::VAR, self.wire_place(own[1] + wire))).collect();
        let mut numbers: Vec<u32> = Vec::new();
        let of = |numbers: &[u32], of: Port| match of {
            Port::Atom(port) => port,
            Port::Argument(index) => known[index as usize].0,
            Port::Number(index) => numbers[index as usize],
            Port::Node(tag, index) => port(tag, places[index as usize]),
            Port::Wire(index) => wires[index as usize],
        };
        for number in &plan.numbers {
            let made = match *number {
                Number::Argument(index) => known[index as usize].0,
                Number::Less(port) => of(&numbers, port) - (1 << (TAG_BITS + KIND_BITS)),
                Number::Kind(port, kind) => of(&numbers, port) & !(KIND << TAG_BITS) | kind << TAG_BITS,
                Number::Operate(sign, x, y) => {
                    let x = of(&numbers, x) >> TAG_BITS & !KIND | sign;
                    let (value, is_undefined) = cpu::operate(x, of(&numbers, y) >> TAG_BITS);
                    debug_assert!(!is_undefined);
                    port(tag::NUM, value)
                }
            };
            numbers.push(made);
        }
        let of = |port: Port| of(&numbers, port);
        for argument in plan.vanished.iter().skip(plan.nodes.len()) {
            self.left_nodes.push(known[*argument as usize].0 >> TAG_BITS);
        }
        for (wire, waits) in &plan.waiting {
            self.memory.wires[place(wires[*wire as usize])] = !of(*waits);
        }
        for (at, (header, first, second)) in places.iter().zip(&plan.nodes) {
            self.memory.nodes[*at as usize] = [*header, of(*first), of(*second), 0];
        }
        for (counted, count) in self.counted.iter_mut().zip(plan.counts) {
            *counted += count;
        }
        self.counted[OPCODES as usize] += plan.counts[opcode::SPECIALIZE as usize];
        for [a, b] in &plan.joins {
            self.link(of(*a), of(*b));
        }
    }
}
