//! Twins of the kernels, with their names and their bindings: what a dispatch leaves behind whose workgroups run one after another, and their lanes between two
//! barriers as well. What a kernel does in one place, so that lanes stay together, stands here by opcode.

mod number;
mod special;

pub use number::{Operated, operate, with_value};

use super::{
    COUNTERS, Course, KIND_BITS, LINKS_MAX, NARROW_LANES, NARROW_PAIRS, NARROW_ROUNDS, NONE, Node, OPCODES,
    PLAIN, STATE_WORDS, State, TABLE, TAG_BITS, def, kind, opcode, ring, short_of, special::Special, stopped,
    tag, workgroups,
};
use crate::{
    GROUP,
    pair::{Pair, add, is_less},
};
use alloc::{collections::BTreeMap, vec, vec::Vec};

const AT_COUNTS: usize = State::FIELDS.len();
const TAG: u32 = (1 << TAG_BITS) - 1;
const ERA: u32 = tag::ERA;

/// What a device has in its buffers.
#[derive(Debug, Clone)]
pub struct Memory<'a> {
    /// What all kernels go by.
    pub course: Course,
    /// The definitions.
    pub program: &'a [u32],
    /// A [`State`] and its counts.
    pub state: Vec<u32>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The wires: complements of what waits at each.
    pub wires: Vec<u32>,
    /// The ring of free nodes.
    pub free_nodes: Vec<u32>,
    /// The ring of free wires.
    pub free_wires: Vec<u32>,
    /// The even queue and the odd one.
    pub pairs: [Vec<[u32; 2]>; 2],
    /// Workgroups of the wide and the narrow kernel.
    pub workgroups: [u32; 6],
    /// Definitions that are code.
    pub special: Option<&'a Special>,
    /// How often each definition was called the plain way. No kernel counts that.
    pub calls: BTreeMap<u32, u32>,
}

impl<'a> Memory<'a> {
    /// As it is before the first round, with room for so many nodes and wires.
    pub fn new(input: &super::Input<'a>, nodes_max: u32, wires_max: u32, groups_max: u32) -> Self {
        let pairs = super::pairs_max(nodes_max, wires_max) as usize;
        let [nodes_len, wires_len] = [nodes_max, wires_max].map(|most| most as usize);
        let mut memory = Self {
            course: input.course(nodes_max, wires_max, groups_max),
            program: input.program,
            state: input.first(),
            nodes: vec![[0; 4]; nodes_len],
            wires: vec![!NONE; wires_len],
            free_nodes: vec![0; 2 * nodes_len],
            free_wires: vec![0; 2 * wires_len],
            pairs: [vec![[0; 2]; pairs], vec![[0; 2]; pairs]],
            workgroups: workgroups(input.pairs.len() as u32, groups_max),
            special: None,
            calls: BTreeMap::new(),
        };
        for (to, from) in memory.nodes.iter_mut().zip(input.nodes) {
            *to = *from;
        }
        for (to, from) in memory.wires.iter_mut().zip(input.wires) {
            *to = !from;
        }
        for (to, from) in memory.pairs[0].iter_mut().zip(input.pairs) {
            *to = *from;
        }
        memory
    }

    /// The state.
    pub fn known(&self) -> State {
        State::from_words(&self.state)
    }

    fn change(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = self.known();
        change(&mut state);
        self.state.splice(..AT_COUNTS, state.words());
        debug_assert!(self.state.len() == STATE_WORDS);
    }
}

/// What was freed is ready; who asked for more than there was has run past the end.
fn settle_places([head, ready, tail, fresh]: [u32; 4], most: u32) -> [u32; 4] {
    let head = head.min(ready);
    let turn = if head >= 2 * most { 2 * most } else { 0 };
    [head - turn, tail - turn, tail - turn, fresh.min(most)]
}

/// All interactions so far.
fn interactions(state: &[u32]) -> Pair {
    let (counts, _) = state[AT_COUNTS + 2..AT_COUNTS + 2 * OPCODES as usize].as_chunks::<2>();
    counts.iter().fold([0, 0], |sum, count| add(sum, *count))
}

fn end_round(memory: &mut Memory<'_>) {
    let course = memory.course;
    let done = interactions(&memory.state);
    memory.change(|state| {
        let nodes = [state.nodes_head, state.nodes_ready, state.nodes_tail, state.nodes_fresh];
        [state.nodes_head, state.nodes_ready, state.nodes_tail, state.nodes_fresh] =
            settle_places(nodes, course.nodes_max);
        let wires = [state.wires_head, state.wires_ready, state.wires_tail, state.wires_fresh];
        [state.wires_head, state.wires_ready, state.wires_tail, state.wires_fresh] =
            settle_places(wires, course.wires_max);
        let (pairs, waiting) = (state.pairs, state.waiting);
        (state.pairs, state.next, state.waiting) = (state.next, 0, 0);
        state.is_odd = 1 - state.is_odd;
        state.rounds += 1;
        state.widest = state.widest.max(state.pairs);
        if state.pairs == 0 {
            state.stopped = stopped::STOPPED_DONE;
        } else if waiting == pairs {
            state.stopped = stopped::STOPPED_FULL;
        } else if !is_less(done, [course.interactions_low, course.interactions_high]) {
            state.stopped = stopped::STOPPED_CAPPED;
        }
    });
}

/// Ends a round of many pairs, and says how the next one is done.
pub fn settle(memory: &mut Memory<'_>) {
    let state = memory.known();
    if state.is_ended == 0 && state.stopped == stopped::STOPPED_NOT {
        end_round(memory);
    }
    memory.change(|state| state.is_ended = 0);
    let state = memory.known();
    let pairs = if state.stopped == stopped::STOPPED_NOT { state.pairs } else { 0 };
    memory.workgroups = workgroups(pairs, memory.course.groups_max);
}

/// A round of many pairs, by as many workgroups as [`Memory::workgroups`] says, in an order that `arrange` gives them.
pub fn wide(memory: &mut Memory<'_>, arrange: impl FnOnce(&mut [u32])) {
    let [width, height, ..] = memory.workgroups;
    let mut groups: Vec<u32> = (0..width * height).collect();
    arrange(&mut groups);
    for group in groups {
        Tile::new(memory).reduce_all(group * GROUP, GROUP);
    }
}

/// Rounds of few pairs, by one workgroup.
pub fn narrow(memory: &mut Memory<'_>) {
    if memory.workgroups[3] == 0 {
        return;
    }
    for _ in 0..NARROW_ROUNDS {
        let state = memory.known();
        if state.stopped != stopped::STOPPED_NOT || state.pairs > NARROW_PAIRS {
            break;
        }
        Tile::new(memory).reduce_all(0, NARROW_LANES);
        end_round(memory);
    }
    memory.change(|state| state.is_ended = 1);
}

/// A pair and what it asks for.
struct Asking {
    opcode: u32,
    a: u32,
    b: u32,
    need: [u32; 2],
    /// How a definition is expanded.
    variant: u32,
    own: [u32; 2],
}

/// A workgroup, and what it gathers.
struct Tile<'m, 'a> {
    memory: &'m mut Memory<'a>,
    now: [u32; 2],
    claims: [[u32; 4]; 2],
    counted: [u32; COUNTERS as usize],
    left_pairs: Vec<[u32; 2]>,
    left_nodes: Vec<u32>,
    left_wires: Vec<u32>,
}

const fn port(tag: u32, value: u32) -> u32 {
    value << TAG_BITS | tag
}

const fn tag_of(port: u32) -> u32 {
    port & TAG
}

const fn place(port: u32) -> usize {
    (port >> TAG_BITS) as usize
}

fn slot(position: u32, most: u32) -> usize {
    (if position >= 2 * most { position - 2 * most } else { position }) as usize
}

/// Where a field of the state stands.
fn at(field: &str) -> usize {
    State::FIELDS.iter().position(|name| *name == field).unwrap_or_default()
}

impl<'m, 'a> Tile<'m, 'a> {
    fn new(memory: &'m mut Memory<'a>) -> Self {
        let state = memory.known();
        Self {
            memory,
            now: [state.pairs, state.is_odd],
            claims: [[0; 4]; 2],
            counted: [0; COUNTERS as usize],
            left_pairs: Vec::new(),
            left_nodes: Vec::new(),
            left_wires: Vec::new(),
        }
    }

    fn reduce_all(mut self, first: u32, lanes: u32) {
        let mut asked = [0, 0];
        let mut asking = Vec::new();
        for pair in first..(first + lanes).min(self.now[0]) {
            let [x, y] = self.memory.pairs[self.now[1] as usize][pair as usize];
            let (a, b) = if tag_of(x) <= tag_of(y) { (x, y) } else { (y, x) };
            let opcode = self.opcode_of(a, b);
            let [nodes, wires, variant] = self.needs(opcode, a, b);
            let need = [nodes, wires];
            asking.push(Asking { opcode, a, b, need, variant, own: asked });
            asked = [asked[0] + need[0], asked[1] + need[1]];
        }
        let course = self.memory.course;
        self.claims = [
            self.claim(at("nodes_head"), asked[0], course.nodes_max),
            self.claim(at("wires_head"), asked[1], course.wires_max),
        ];
        let got = self.claims.map(|[_, from_ring, _, fresh]| from_ring + fresh);
        for Asking { opcode, a, b, need, variant, own } in asking {
            let has = [0, 1].map(|of| need[of] == 0 || own[of] + need[of] <= got[of]);
            if has == [true; 2] {
                self.reduce(opcode, variant, [a, b], own);
            } else {
                self.wait(a, b, own, [0, 1].map(|of| (own[of] + need[of]).min(got[of])), has);
            }
        }
        self.leave();
    }

    /// Writes down what was gathered, and what was done.
    fn leave(self) {
        let Self { memory, now, counted, left_pairs, left_nodes, left_wires, .. } = self;
        let course = memory.course;
        let mut state = memory.known();
        for pair in left_pairs {
            memory.pairs[1 - now[1] as usize][state.next as usize] = pair;
            state.next += 1;
        }
        for node in left_nodes {
            memory.free_nodes[slot(state.nodes_tail, course.nodes_max)] = node;
            state.nodes_tail += 1;
        }
        for wire in left_wires {
            memory.free_wires[slot(state.wires_tail, course.wires_max)] = wire;
            state.wires_tail += 1;
        }
        memory.change(|to| *to = state);
        let (counts, _) = memory.state[AT_COUNTS..].as_chunks_mut::<2>();
        for (count, done) in counts.iter_mut().zip(counted) {
            *count = add(*count, [done, 0]);
        }
    }

    fn claim(&mut self, at: usize, count: u32, most: u32) -> [u32; 4] {
        let state = &mut self.memory.state[at..];
        let mut claimed = [0; 4];
        let ready = state[ring::READY as usize];
        let head = &mut state[ring::HEAD as usize];
        if count > 0 && *head < ready {
            claimed[0] = *head;
            *head += count;
            claimed[1] = count.min(ready.max(claimed[0]) - claimed[0]);
        }
        let rest = count - claimed[1];
        let fresh = &mut state[ring::FRESH as usize];
        if rest > 0 && *fresh < most {
            claimed[2] = *fresh;
            *fresh += rest;
            claimed[3] = rest.min(most.max(claimed[2]) - claimed[2]);
        }
        claimed
    }

    fn node_place(&self, index: u32) -> u32 {
        let [first, from_ring, fresh, _] = self.claims[0];
        if index < from_ring {
            return self.memory.free_nodes[slot(first + index, self.memory.course.nodes_max)];
        }
        fresh + index - from_ring
    }

    fn wire_place(&self, index: u32) -> u32 {
        let [first, from_ring, fresh, _] = self.claims[1];
        if index < from_ring {
            return self.memory.free_wires[slot(first + index, self.memory.course.wires_max)];
        }
        fresh + index - from_ring
    }

    fn wait(&mut self, a: u32, b: u32, own: [u32; 2], end: [u32; 2], has: [bool; 2]) {
        for index in own[0]..end[0] {
            self.left_nodes.push(self.node_place(index));
        }
        for index in own[1]..end[1] {
            self.free_wire(self.wire_place(index));
        }
        self.memory.change(|state| {
            state.waiting += 1;
            state.short_of |= if has[0] { 0 } else { short_of::SHORT_OF_NODES };
            state.short_of |= if has[1] { 0 } else { short_of::SHORT_OF_WIRES };
        });
        self.left_pairs.push([a, b]);
    }

    fn node(&self, port: u32) -> Node {
        self.memory.nodes[place(port)]
    }

    fn free_wire(&mut self, wire: u32) {
        self.memory.wires[wire as usize] = !NONE;
        self.left_wires.push(wire);
    }

    fn link(&mut self, first: u32, second: u32) {
        let (mut a, mut b) = (first, second);
        for _ in 0..LINKS_MAX {
            if tag_of(a) != tag::VAR {
                if tag_of(b) != tag::VAR {
                    return self.face(a, b);
                }
                (a, b) = (b, a);
            }
            let waiting = !core::mem::replace(&mut self.memory.wires[place(a)], !b);
            if waiting == NONE {
                return;
            }
            self.free_wire(a >> TAG_BITS);
            a = waiting;
        }
        self.left_pairs.push([a, b]);
    }

    fn face(&mut self, a: u32, b: u32) {
        if (a | b) & tag::CON == 0 {
            self.counted[opcode::COLLAPSE as usize] += 1;
        } else {
            self.left_pairs.push([a, b]);
        }
    }

    fn opcode_of(&self, a: u32, b: u32) -> u32 {
        let opcode = u32::from(TABLE[(tag_of(a) << 3 | tag_of(b)) as usize]);
        let is_equal =
            opcode != opcode::DUPLICATE || tag_of(a) != tag::DUP || self.node(a)[0] == self.node(b)[0];
        if is_equal { opcode } else { opcode::DISTRIBUTE }
    }

    fn needs(&self, opcode: u32, a: u32, b: u32) -> [u32; 3] {
        match opcode {
            opcode::DISTRIBUTE => [2, 4, PLAIN],
            opcode::SWITCH => [(a >> (TAG_BITS + KIND_BITS) != 0).into(), 0, PLAIN],
            opcode::SPECIALIZE => self.variant_of(a >> TAG_BITS, b),
            _ => [0, 0, PLAIN],
        }
    }

    fn unchosen(&self, def: u32) -> [u32; 3] {
        let of = &self.memory.program[self.memory.program[def as usize] as usize..];
        [of[def::DEF_NODES as usize], of[def::DEF_WIRES as usize], PLAIN]
    }

    fn is_refused(&self, opcode: u32, a: u32) -> bool {
        let program = self.memory.program;
        opcode == opcode::DUPLICATE
            && tag_of(a) == tag::REF
            && program[(program[place(a)] + def::DEF_IS_SAFE) as usize] == 0
    }

    fn placed(&self, port_there: u32, own: [u32; 2]) -> u32 {
        let value = port_there >> TAG_BITS;
        match tag_of(port_there) {
            tag::VAR => port(tag::VAR, self.wire_place(own[1] + value)),
            tag if tag & tag::CON != 0 => port(tag, self.node_place(own[0] + value)),
            _ => port_there,
        }
    }

    fn reduce(&mut self, opcode: u32, variant: u32, [a, b]: [u32; 2], own: [u32; 2]) {
        if let Some(variant) = self.memory.special.and_then(|special| special.variant(variant)) {
            return self.special(variant, b, own);
        }
        if self.is_refused(opcode, a) {
            return self.memory.change(|state| {
                state.unsafe_copies += 1;
                state.unsafe_def = state.unsafe_def.min(a >> TAG_BITS);
            });
        }
        if opcode != opcode::LINK {
            self.counted[opcode as usize] += 1;
        }
        match opcode {
            opcode::LINK => self.link(a, b),
            opcode::APPLY | opcode::DUPLICATE | opcode::COLLAPSE => self.vanish(a, b),
            opcode::DISTRIBUTE => self.distribute(a, b, own),
            opcode::SUCC => self.succ(a, b),
            opcode::SWITCH => self.choose(a, b, own),
            _ => self.specialize(a, b, own),
        }
    }

    /// Two nodes of one kind vanish, or what is whole in itself goes to both ports of a node.
    fn vanish(&mut self, a: u32, b: u32) {
        if b & tag::CON == 0 {
            return;
        }
        let y = self.node(b);
        let x = if a & tag::CON == 0 { [0, a, a, 0] } else { self.node(a) };
        for port in [a, b].into_iter().filter(|port| port & tag::CON != 0) {
            self.left_nodes.push(port >> TAG_BITS);
        }
        self.link(x[1], y[1]);
        self.link(x[2], y[2]);
    }

    fn distribute(&mut self, a: u32, b: u32, own: [u32; 2]) {
        let (x, y) = (self.node(a), self.node(b));
        let [w, v, u, t] = [0, 1, 2, 3].map(|wire| port(tag::VAR, self.wire_place(own[1] + wire)));
        let other_a = port(tag_of(a), self.node_place(own[0]));
        let other_b = port(tag_of(b), self.node_place(own[0] + 1));
        let nodes = &mut self.memory.nodes;
        nodes[place(b)] = [y[0], w, v, 0];
        nodes[place(other_b)] = [y[0], u, t, 0];
        nodes[place(a)] = [x[0], w, u, 0];
        nodes[place(other_a)] = [x[0], v, t, 0];
        self.link(b, x[1]);
        self.link(other_b, x[2]);
        self.link(a, y[1]);
        self.link(other_a, y[2]);
    }

    fn succ(&mut self, a: u32, b: u32) {
        let y = self.node(b);
        if tag_of(y[1]) != tag::NUM {
            self.memory.nodes[place(b)] = [y[0], a, y[2], 0];
            return self.link(y[1], b);
        }
        self.left_nodes.push(b >> TAG_BITS);
        let (value, is_undefined) = operate(a >> TAG_BITS, y[1] >> TAG_BITS);
        if is_undefined {
            self.memory.change(|state| state.undefined += 1);
        }
        self.link(port(tag::NUM, value), y[2]);
    }

    fn choose(&mut self, a: u32, b: u32, own: [u32; 2]) {
        let y = self.node(b);
        let value = a >> (TAG_BITS + KIND_BITS);
        if value == 0 {
            self.memory.nodes[place(b)] = [0, y[2], ERA, 0];
        } else {
            let call = port(tag::CON, self.node_place(own[0]));
            let less = port(tag::NUM, with_value(value - 1, kind::U24));
            self.memory.nodes[place(call)] = [0, less, y[2], 0];
            self.memory.nodes[place(b)] = [0, ERA, call, 0];
        }
        self.link(port(tag::CON, b >> TAG_BITS), y[1]);
    }

    fn specialize(&mut self, a: u32, b: u32, own: [u32; 2]) {
        *self.memory.calls.entry(a >> TAG_BITS).or_default() += 1;
        let program = self.memory.program;
        let of = &program[program[place(a)] as usize..];
        let (head, body) = of.split_at(def::DEF_BODY as usize);
        let (nodes, pairs) = body.split_at(3 * head[def::DEF_NODES as usize] as usize);
        for (index, node) in (0..).zip(nodes.as_chunks::<3>().0) {
            let at = self.node_place(own[0] + index) as usize;
            self.memory.nodes[at] = [node[0], self.placed(node[1], own), self.placed(node[2], own), 0];
        }
        let count = head[def::DEF_PAIRS as usize] as usize;
        for [first, second] in pairs.as_chunks::<2>().0.iter().take(count) {
            self.link(self.placed(*first, own), self.placed(*second, own));
        }
        self.link(self.placed(head[def::DEF_ROOT as usize], own), b);
    }
}
