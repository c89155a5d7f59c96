//! From a net without pairs back to a term.
//!
//! A node that is entered by its principal port is a value. One that is entered by another port is a use of what stands at its
//! principal port's other end: the result of an application, a copy, the result of an operation. Duplications and the
//! superpositions that answer them are read as the lazy machine reads them (`crate::lazy`).

use super::{Item, Operation, Term, Terms, apply, short_name};
use crate::{
    normal::Net,
    number::Num24,
    port::{Port, Tag},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

/// A port of a node that is not its principal port: the node and which.
type Slot = (u32, usize);

/// What a port is joined with.
#[derive(Clone, Copy)]
enum End {
    /// A value: the principal port of a node, or something whole in itself.
    Value(Port),
    /// Another slot: something that a node there makes.
    Slot(Slot),
    /// Nothing that is known.
    Free,
}

/// What is still to be read.
enum Task {
    Read(End),
    /// A side comes back on its label's path, or leaves it.
    Push(u32, bool),
    Pop(u32),
}

/// What is joined with what.
#[derive(Default)]
struct Joins {
    slots: BTreeMap<Slot, End>,
    /// Where the principal port of each node is.
    principals: BTreeMap<u32, (Tag, End)>,
}

impl Terms {
    /// The term at a net's root once no pair is left; `None` if it has more than so many pieces. What a term cannot say, such as half
    /// an operation, is a variable that nothing binds.
    #[must_use]
    pub fn from_net(&self, net: &dyn Net, root: Port, items_max: usize) -> Option<Term> {
        let (joins, start) = joins(net, root);
        let mut reader = Reader {
            net,
            joins,
            defs: self.defs.len() as u32,
            items: Vec::new(),
            binders: BTreeMap::new(),
            count: 0,
            paths: BTreeMap::new(),
            open: Vec::from([Task::Read(start)]),
        };
        // A step may make no piece; a net that goes in circles would make none for ever.
        let mut steps = items_max.saturating_mul(16);
        while let Some(task) = reader.open.pop() {
            steps = steps.checked_sub(1)?;
            match task {
                Task::Read(end) => reader.end(end),
                Task::Push(label, side) => reader.paths.entry(label).or_default().push(side),
                Task::Pop(label) => drop(reader.paths.entry(label).or_default().pop()),
            }
            if reader.items.len() > items_max {
                return None;
            }
        }
        Some(Term { items: reader.items, binders: (0..reader.count).map(short_name).collect() })
    }
}

/// Where a port leads: past wires, to a value or to the wire that is open.
fn follow(net: &dyn Net, mut port: Port) -> Port {
    let mut seen = BTreeSet::new();
    while port.is_wire() && seen.insert(port.value()) {
        let waiting = net.waiting(port.value());
        if waiting == Port::NONE {
            break;
        }
        port = waiting;
    }
    port
}

/// Walks the net from its root along principal ports.
fn joins(net: &dyn Net, root: Port) -> (Joins, End) {
    let mut joins = Joins::default();
    // The first end of each open wire.
    let mut wires: BTreeMap<u32, Option<Slot>> = BTreeMap::new();
    let mut open: Vec<(Option<Slot>, Port)> = Vec::from([(None, root)]);
    let mut start = End::Free;
    while let Some((slot, port)) = open.pop() {
        let port = follow(net, port);
        let mut join = |slot: Option<Slot>, end| match slot {
            Some(slot) => drop(joins.slots.insert(slot, end)),
            None => start = end,
        };
        if port.is_wire() {
            match wires.remove(&port.value()) {
                Some(other) => {
                    join(slot, other.map_or(End::Free, End::Slot));
                    join(other, slot.map_or(End::Free, End::Slot));
                }
                None => drop(wires.insert(port.value(), slot)),
            }
            continue;
        }
        join(slot, End::Value(port));
        if port.is_node() {
            let holder = slot.map_or(End::Free, End::Slot);
            let is_new = joins.principals.insert(port.value(), (port.tag(), holder)).is_none();
            if is_new && let Some([first, second]) = net.ports(port.value()) {
                open.extend([(Some((port.value(), 2)), second), (Some((port.value(), 1)), first)]);
            }
        }
    }
    (joins, start)
}

struct Reader<'n> {
    net: &'n dyn Net,
    joins: Joins,
    /// How many definitions the terms have; those after them are arms.
    defs: u32,
    items: Vec<Item>,
    /// The binder of each node that is a function.
    binders: BTreeMap<u32, u32>,
    count: u32,
    paths: BTreeMap<u32, Vec<bool>>,
    open: Vec<Task>,
}

impl Reader<'_> {
    fn slot(&self, node: u32, which: usize) -> Task {
        Task::Read(self.joins.slots.get(&(node, which)).copied().unwrap_or(End::Free))
    }

    /// What a node takes apart.
    fn taken_apart(&self, node: u32) -> Task {
        Task::Read(self.joins.principals.get(&node).map_or(End::Free, |(_, end)| *end))
    }

    fn end(&mut self, end: End) {
        match end {
            End::Free => self.items.push(Item::FREE),
            End::Value(port) => self.value(port),
            End::Slot(slot) => self.made(slot),
        }
    }

    fn value(&mut self, port: Port) {
        let at = port.value();
        match port.tag() {
            Tag::Con => {
                let binder = self.count;
                self.count += 1;
                self.binders.insert(at, binder);
                self.items.push(Item::Lam(binder));
                self.open.push(self.slot(at, 2));
            }
            Tag::Dup => {
                let label = self.net.label(at);
                if let Some(side) = self.paths.get_mut(&label).and_then(Vec::pop) {
                    self.open.extend([Task::Push(label, side), self.slot(at, 1 + usize::from(side))]);
                } else {
                    self.items.push(Item::Sup(Some(label)));
                    self.open.extend([self.slot(at, 2), self.slot(at, 1)]);
                }
            }
            Tag::Num => self.items.push(Num24(at).unsigned().map_or(Item::FREE, Item::Num)),
            Tag::Ref if at < self.defs => self.items.push(Item::Ref(at)),
            Tag::Era => self.items.push(Item::Nul),
            Tag::Ref | Tag::Var | Tag::Opr | Tag::Swi => self.items.push(Item::FREE),
        }
    }

    /// What a node makes at this slot.
    fn made(&mut self, (at, which): Slot) {
        let tag = self.joins.principals.get(&at).map(|(tag, _)| *tag);
        match (tag, which) {
            (Some(Tag::Con), 1) => {
                self.items.push(self.binders.get(&at).map_or(Item::FREE, |binder| Item::Var(*binder)));
            }
            (Some(Tag::Con), _) => {
                apply(&mut self.items, 1);
                self.open.extend([self.slot(at, 1), self.taken_apart(at)]);
            }
            (Some(Tag::Dup), which) => {
                let label = self.net.label(at);
                self.paths.entry(label).or_default().push(which == 2);
                self.open.extend([Task::Pop(label), self.taken_apart(at)]);
            }
            (Some(Tag::Opr), 2) => self.operation(at),
            _ => self.items.push(Item::FREE),
        }
    }

    /// The result of the operator at this node: `x ~ $([+] $(y result))`, or `y ~ $([+x] result)` once x is known.
    fn operation(&mut self, at: u32) {
        let held = |at: u32| match self.joins.slots.get(&(at, 1)) {
            Some(End::Value(port)) if port.tag() == Tag::Num => Some(Num24(port.value())),
            _ => None,
        };
        let known = |operator| {
            let sign = Operation::ALL
                .iter()
                .find(|(_, operation)| super::net::operator(*operation) == Some(operator));
            sign.map(|(_, operation)| *operation)
        };
        if let Some((operator, operand)) = held(at).and_then(Num24::operator)
            && let Some(operation) = known(operator)
            && let Some(first) = operand
        {
            self.items.extend([Item::Op(operation), Item::Num(first)]);
            self.open.push(self.taken_apart(at));
            return;
        }
        if let Some((_, End::Slot((below, 2)))) = self.joins.principals.get(&at)
            && let Some((operator, None)) = held(*below).and_then(Num24::operator)
            && let Some(operation) = known(operator)
        {
            self.items.push(Item::Op(operation));
            let first = self.taken_apart(*below);
            self.open.extend([self.slot(at, 1), first]);
            return;
        }
        self.items.push(Item::FREE);
    }
}
