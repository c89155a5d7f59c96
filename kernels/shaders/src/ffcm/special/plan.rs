//! What an expansion comes to: the rules applied to a definition's net as far as they can be without knowing more of what it meets.
//!
//! It is the same net that the kernels make, with the same exchanges at its wires. A pair whose interaction is not decided is left to the kernels, which
//! any order of reductions allows: result and counts stay the same.

use super::{ASKED_MAX, Argument, CALLS_MAX, COUNT_MAX, Class, JOINS_MAX, MOTIF, NODES_MAX, NUMBERS_MAX};
use crate::ffcm::{
    KIND_BITS, OPCODES, TABLE, TAG_BITS,
    cpu::{operate, with_value},
    def, kind, opcode, operator, tag,
};
use alloc::{collections::BTreeMap, vec, vec::Vec};

const TAG: u32 = (1 << TAG_BITS) - 1;
const KIND: u32 = (1 << KIND_BITS) - 1;
/// Steps of one plan, each an exchange at a wire or an interaction.
const STEPS_MAX: u32 = 4_096;

/// A port in a [`Plan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// An atom, as its word.
    Atom(u32),
    /// What stands at an argument.
    Argument(u32),
    /// A number of the plan.
    Number(u32),
    /// A node that the plan makes, with its tag.
    Node(u32, u32),
    /// A wire that the plan makes.
    Wire(u32),
}

/// A number that a plan computes; each operand is an atom or a number before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// The one at an argument.
    Argument(u32),
    /// One less than a positive one.
    Less(Port),
    /// The same bits as another kind.
    Kind(Port, u32),
    /// An unsigned result of this operator. Its first operand waited in the operator, so its kind is the operator.
    Operate(u32, Port, Port),
}

/// What an expansion does, where each of its arguments is of its class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Interactions by opcode.
    pub counts: [u32; OPCODES as usize],
    /// Numbers, each after those that it needs.
    pub numbers: Vec<Number>,
    /// Arguments whose nodes vanish: their places are the first ones of its own nodes.
    pub vanished: Vec<u32>,
    /// Nodes that it makes: header and ports.
    pub nodes: Vec<(u32, Port, Port)>,
    /// How many wires it makes.
    pub wires: u32,
    /// What waits at some of these.
    pub waiting: Vec<(u32, Port)>,
    /// What it joins in the end.
    pub joins: Vec<[Port; 2]>,
}

impl Plan {
    /// How many nodes it asks for.
    pub fn asked(&self) -> u32 {
        self.nodes.len().saturating_sub(self.vanished.len()) as u32
    }

    /// All its interactions.
    pub fn interactions(&self) -> u32 {
        self.counts.iter().sum()
    }
}

/// A plan for the definition, where what it meets is known so far. `None` where that is too large, or the program is none.
pub(super) fn plan(program: &[u32], of: u32, arguments: &[Argument]) -> Option<Plan> {
    let mut net = Net { program, ..Net::default() };
    let met = net.meets(arguments)?;
    net.expand(of, met)?;
    net.reduce()?;
    net.expand_more()?;
    net.planned()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    Atom(u32),
    Argument(u32),
    Number(usize),
    Node(usize),
    Wire(usize),
}

#[derive(Clone)]
struct Made {
    tag: u32,
    header: u32,
    ports: [Value; 2],
    /// It is an argument's.
    argument: Option<u32>,
    is_there: bool,
}

#[derive(Clone, Copy)]
struct Computed {
    number: Number,
    kind: u32,
    is_positive: bool,
}

#[derive(Clone, Default)]
struct Net<'p> {
    program: &'p [u32],
    nodes: Vec<Made>,
    /// What waits at each.
    wires: Vec<Option<Value>>,
    numbers: Vec<Computed>,
    /// Pairs that were not looked at yet.
    open: Vec<[Value; 2]>,
    /// Pairs that are left to the kernels.
    left: Vec<[Value; 2]>,
    counts: [u32; OPCODES as usize],
    steps: u32,
}

fn number(port: u32) -> Value {
    Value::Atom(port << TAG_BITS | tag::NUM)
}

impl Net<'_> {
    /// What stands at the arguments; the first of them is what the definition meets.
    fn meets(&mut self, arguments: &[Argument]) -> Option<Value> {
        let mut values: Vec<Value> = Vec::new();
        for (index, argument) in (0..).zip(arguments) {
            let value = match argument.class {
                Class::Any => Value::Argument(index),
                Class::Zero => number(with_value(0, kind::U24)),
                Class::Number | Class::Positive => {
                    let is_positive = argument.class == Class::Positive;
                    let number = Number::Argument(index);
                    self.numbers.push(Computed { number, kind: kind::U24, is_positive });
                    Value::Number(self.numbers.len() - 1)
                }
                Class::Constructor => {
                    let ports = [Value::Atom(tag::ERA); 2];
                    self.add(Made { tag: tag::CON, header: 0, ports, argument: Some(index), is_there: true })
                }
            };
            if index > 0
                && let Value::Node(of) = *values.get(argument.of as usize)?
            {
                *self.nodes.get_mut(of)?.ports.get_mut(argument.side as usize)? = value;
            }
            values.push(value);
        }
        values.first().copied()
    }

    fn add(&mut self, node: Made) -> Value {
        self.nodes.push(node);
        Value::Node(self.nodes.len() - 1)
    }

    /// Puts a definition's net in, with its root facing `met`.
    fn expand(&mut self, of: u32, met: Value) -> Option<()> {
        let program = self.program;
        let rest = program.get(*program.get(of as usize)? as usize..)?;
        let (head, body) = rest.split_at_checked(def::DEF_BODY as usize)?;
        let word = |at: u32| head[at as usize];
        let [count, wires, pairs] =
            [def::DEF_NODES, def::DEF_WIRES, def::DEF_PAIRS].map(|at| word(at) as usize);
        if count > NODES_MAX || wires > 2 * NODES_MAX || pairs > NODES_MAX {
            return None;
        }
        let [first_node, first_wire] = [self.nodes.len(), self.wires.len()];
        self.wires.resize(first_wire + wires, None);
        let placed = |port: u32| {
            let value = (port >> TAG_BITS) as usize;
            match port & TAG {
                tag::VAR => (value < wires).then_some(Value::Wire(first_wire + value)),
                tag if tag & tag::CON != 0 => (value < count).then_some(Value::Node(first_node + value)),
                _ => Some(Value::Atom(port)),
            }
        };
        let (nodes, rest) = body.split_at_checked(3 * count)?;
        let (joined, _) = rest.split_at_checked(2 * pairs)?;
        for node in nodes.as_chunks::<3>().0 {
            let ports = [placed(node[1])?, placed(node[2])?];
            self.nodes.push(Made { tag: 0, header: node[0], ports, argument: None, is_there: true });
        }
        // A node's tag is that of the port which leads to it.
        let heads = joined.iter().chain([&head[def::DEF_ROOT as usize]]);
        for port in nodes.as_chunks::<3>().0.iter().flat_map(|node| &node[1..]).chain(heads) {
            if let Some(Value::Node(at)) = placed(*port) {
                let node = self.nodes.get_mut(at)?;
                // Two ports that lead to it are of no net.
                if node.tag != 0 {
                    return None;
                }
                node.tag = port & TAG;
            }
        }
        self.counts[opcode::SPECIALIZE as usize] += 1;
        self.link(placed(head[def::DEF_ROOT as usize])?, met)?;
        for pair in joined.as_chunks::<2>().0 {
            self.link(placed(pair[0])?, placed(pair[1])?)?;
        }
        Some(())
    }

    /// Goes on with definitions whose expansion here makes a motif of three interactions at least.
    fn expand_more(&mut self) -> Option<()> {
        for _ in 0..CALLS_MAX {
            let more = (0..self.left.len()).find_map(|at| {
                let [Value::Atom(a), b] = self.ordered(self.left[at]) else { return None };
                if a & TAG != tag::REF || self.tag_of(b) != Some(tag::CON) {
                    return None;
                }
                let mut further = self.clone();
                further.left.remove(at);
                further.expand(a >> TAG_BITS, b)?;
                further.reduce()?;
                let gained = |of: &Self| of.counts.iter().sum::<u32>();
                let is_smaller = further.planned()?.asked() <= self.planned()?.asked() + 4;
                (is_smaller && gained(&further) >= gained(self) + MOTIF).then_some(further)
            });
            match more {
                Some(further) => *self = further,
                None => break,
            }
        }
        Some(())
    }

    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps < STEPS_MAX).then_some(())
    }

    /// Joins two ports as the kernels do.
    fn link(&mut self, mut a: Value, mut b: Value) -> Option<()> {
        loop {
            self.step()?;
            let Value::Wire(wire) = a else {
                if matches!(b, Value::Wire(_)) {
                    (a, b) = (b, a);
                    continue;
                }
                self.open.push([a, b]);
                return Some(());
            };
            match self.wires[wire].take() {
                None => {
                    self.wires[wire] = Some(b);
                    return Some(());
                }
                Some(waiting) => a = waiting,
            }
        }
    }

    fn reduce(&mut self) -> Option<()> {
        while let Some(pair) = self.open.pop() {
            self.step()?;
            let [a, b] = self.ordered(pair);
            if !self.interact(a, b)? {
                self.left.push([a, b]);
            }
        }
        Some(())
    }

    fn tag_of(&self, value: Value) -> Option<u32> {
        match value {
            Value::Atom(port) => Some(port & TAG),
            Value::Number(_) => Some(tag::NUM),
            Value::Node(at) => self.nodes.get(at).map(|node| node.tag),
            Value::Argument(_) | Value::Wire(_) => None,
        }
    }

    fn ordered(&self, [a, b]: [Value; 2]) -> [Value; 2] {
        if self.tag_of(a) <= self.tag_of(b) { [a, b] } else { [b, a] }
    }

    /// What two ports do to each other, if that is decided.
    fn interact(&mut self, a: Value, b: Value) -> Option<bool> {
        let (Some(a_tag), Some(b_tag)) = (self.tag_of(a), self.tag_of(b)) else { return Some(false) };
        let done = u32::from(TABLE[(a_tag << TAG_BITS | b_tag) as usize]);
        let Value::Node(at) = b else {
            // Two atoms.
            self.counts[done as usize] += 1;
            return Some(true);
        };
        let y = self.nodes[at].clone();
        match done {
            opcode::APPLY | opcode::DUPLICATE | opcode::COLLAPSE => {
                let mut ports = [a; 2];
                if let Value::Node(other) = a {
                    if a_tag == tag::DUP && self.nodes[other].header != y.header {
                        return Some(false);
                    }
                    self.nodes[other].is_there = false;
                    ports = self.nodes[other].ports;
                } else if done == opcode::DUPLICATE && a_tag == tag::REF && !self.is_safe(a)? {
                    return Some(false);
                }
                self.nodes[at].is_there = false;
                self.link(ports[0], y.ports[0])?;
                self.link(ports[1], y.ports[1])?;
            }
            opcode::SUCC if self.tag_of(y.ports[0]) == Some(tag::NUM) => {
                let Some(value) = self.operated(a, y.ports[0]) else { return Some(false) };
                self.nodes[at].is_there = false;
                self.link(value, y.ports[1])?;
            }
            opcode::SUCC => {
                self.nodes[at].ports[0] = a;
                self.link(y.ports[0], b)?;
            }
            opcode::SWITCH => {
                let Some(less) = self.less(a) else { return Some(false) };
                self.nodes[at].is_there = false;
                let made = |ports| Made { tag: tag::CON, header: 0, ports, argument: None, is_there: true };
                let nothing = Value::Atom(tag::ERA);
                let ports = match less {
                    None => [y.ports[1], nothing],
                    Some(less) => [nothing, self.add(made([less, y.ports[1]]))],
                };
                let chosen = self.add(made(ports));
                self.link(chosen, y.ports[0])?;
            }
            _ => return Some(false),
        }
        self.counts[done as usize] += 1;
        Some(true)
    }

    /// Whether a port of an argument was an atom that the plan takes.
    fn is_taken(&self, port: Value) -> bool {
        matches!(port, Value::Number(_)) || matches!(port, Value::Atom(port) if port != tag::ERA)
    }

    fn is_safe(&self, definition: Value) -> Option<bool> {
        let Value::Atom(port) = definition else { return None };
        let at = *self.program.get((port >> TAG_BITS) as usize)? + def::DEF_IS_SAFE;
        self.program.get(at as usize).map(|is_safe| *is_safe != 0)
    }

    fn compute(&mut self, number: Number, kind: u32) -> Option<Value> {
        if self.numbers.len() >= NUMBERS_MAX {
            return None;
        }
        self.numbers.push(Computed { number, kind, is_positive: false });
        Some(Value::Number(self.numbers.len() - 1))
    }

    /// One less than a number, `Some(None)` where it is zero; `None` where nobody knows.
    fn less(&mut self, of: Value) -> Option<Option<Value>> {
        match of {
            Value::Atom(port) => match port >> (TAG_BITS + KIND_BITS) {
                0 => Some(None),
                value => Some(Some(number(with_value(value - 1, kind::U24)))),
            },
            Value::Number(at) if self.numbers[at].is_positive => {
                self.compute(Number::Less(Port::Number(at as u32)), kind::U24).map(Some)
            }
            _ => None,
        }
    }

    /// The result of two numbers, of which one waited in an operator. Only of unsigned numbers, and only where there surely is one.
    fn operated(&mut self, a: Value, b: Value) -> Option<Value> {
        if let (Value::Atom(a), Value::Atom(b)) = (a, b) {
            let (value, is_undefined) = operate(a >> TAG_BITS, b >> TAG_BITS);
            return (!is_undefined).then(|| number(value));
        }
        let known = |value: Value| match value {
            Value::Atom(port) => Some((Port::Atom(port), port >> TAG_BITS & KIND)),
            Value::Number(at) => Some((Port::Number(at as u32), self.numbers[at].kind)),
            _ => None,
        };
        let ((first, first_kind), (second, second_kind)) = (known(a)?, known(b)?);
        let (sign, x, other, y) = match () {
            () if second_kind == kind::U24 => (first_kind, first, second_kind, second),
            () => (second_kind, second, first_kind, first),
        };
        if other != kind::U24 {
            return None;
        }
        match (sign, x) {
            (kind::SYM, Port::Atom(port)) => {
                let operator = port >> (TAG_BITS + KIND_BITS) & KIND;
                (operator >= operator::ADD).then(|| self.compute(Number::Kind(y, operator), operator))?
            }
            _ if super::has_result(sign) => self.compute(Number::Operate(sign, x, y), kind::U24),
            _ => None,
        }
    }

    /// The net as it is, written down.
    fn planned(&self) -> Option<Plan> {
        let mut plan = Plan { counts: self.counts, ..Plan::default() };
        plan.numbers = self.numbers.iter().map(|computed| computed.number).collect();
        let mut places = BTreeMap::new();
        for (at, node) in self.nodes.iter().enumerate() {
            match (node.argument, node.is_there) {
                (Some(argument), false) => plan.vanished.push(argument),
                // What is taken from a node that stays would be there twice.
                (Some(_), true) if node.ports.iter().any(|port| self.is_taken(*port)) => return None,
                (None, true) => {
                    places.insert(at, places.len() as u32);
                }
                _ => {}
            }
        }
        let mut writing =
            Writing { net: self, places, wires: BTreeMap::new(), reached: vec![0; self.wires.len()] };
        for node in self.nodes.iter().filter(|node| node.is_there && node.argument.is_none()) {
            let mut first = writing.port(node.ports[0])?;
            let is_known = matches!(first, Port::Argument(_) | Port::Number(_))
                || matches!(first, Port::Atom(port) if port & TAG == tag::NUM);
            if node.tag == tag::OPR && is_known && matches!(node.ports[0], Value::Wire(_)) {
                // A number that came along a wire is not an operand yet: the interaction that makes it one is counted.
                plan.waiting.push((plan.wires, first));
                first = Port::Wire(plan.wires);
                plan.wires += 1;
            }
            let second = writing.port(node.ports[1])?;
            plan.nodes.push((node.header, first, second));
        }
        for [a, b] in &self.left {
            plan.joins.push([writing.port(*a)?, writing.port(*b)?]);
        }
        let Writing { wires, reached, .. } = writing;
        // Both ends of a wire lead somewhere, and what waits at one is at its other end.
        let is_whole = |(waiting, reached): (&Option<Value>, &u32)| match waiting {
            Some(_) => *reached == 1,
            None => [0, 2].contains(reached),
        };
        if !self.wires.iter().zip(&reached).all(is_whole) {
            return None;
        }
        // The wires that numbers wait at come first.
        let first = plan.wires;
        let shift = |port: Port| match port {
            Port::Wire(at) if at >= WIRES => Port::Wire(first + at - WIRES),
            other => other,
        };
        for (_, one, other) in &mut plan.nodes {
            (*one, *other) = (shift(*one), shift(*other));
        }
        for join in &mut plan.joins {
            *join = join.map(shift);
        }
        plan.wires += wires.len() as u32;
        let is_small = plan.joins.len() <= JOINS_MAX
            && plan.asked().max(plan.wires) <= ASKED_MAX
            && plan.counts.iter().all(|count| *count <= COUNT_MAX);
        is_small.then_some(plan)
    }
}

/// Wires between what a plan makes are counted from here until it is known how many others there are.
const WIRES: u32 = 1 << 16;

struct Writing<'n, 'p> {
    net: &'n Net<'p>,
    /// Which node is which of the plan's.
    places: BTreeMap<usize, u32>,
    wires: BTreeMap<usize, u32>,
    /// How often each wire was.
    reached: Vec<u32>,
}

impl Writing<'_, '_> {
    fn port(&mut self, value: Value) -> Option<Port> {
        let mut value = value;
        while let Value::Wire(wire) = value {
            self.reached[wire] += 1;
            if self.reached[wire] > 2 {
                return None;
            }
            match self.net.wires[wire] {
                Some(waiting) => value = waiting,
                None => {
                    let next = self.wires.len() as u32;
                    return Some(Port::Wire(WIRES + *self.wires.entry(wire).or_insert(next)));
                }
            }
        }
        Some(match value {
            Value::Atom(port) => Port::Atom(port),
            Value::Argument(index) => Port::Argument(index),
            Value::Number(index) => Port::Number(index as u32),
            Value::Node(at) => match self.net.nodes[at].argument {
                Some(argument) => Port::Argument(argument),
                None => Port::Node(self.net.nodes[at].tag, *self.places.get(&at)?),
            },
            Value::Wire(_) => return None,
        })
    }
}
