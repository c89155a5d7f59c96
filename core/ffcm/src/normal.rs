//! Reading a net back.

use crate::{
    book::{Book, write_tree},
    number::Num24,
    port::{Port, Tag},
    term::{Term, Terms},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::fmt;

/// Something that nodes and wires can be looked up in.
pub trait Net {
    /// The auxiliary ports of a node; `None` if there is no such node.
    fn ports(&self, node: u32) -> Option<[Port; 2]>;
    /// The label of a node; 0 if there is no such node.
    fn label(&self, node: u32) -> u32;
    /// What waits at a wire; [`Port::NONE`] if nothing does.
    fn waiting(&self, wire: u32) -> Port;
}

/// The tree at a net's root.
///
/// `Display` writes it as a book does: wires that lead to nothing yet are named `x0`, `x1` and so on, in the order in which they are met.
pub struct NormalForm<'n> {
    book: &'n Book,
    root: Port,
    net: &'n dyn Net,
}

impl<'n> NormalForm<'n> {
    /// The tree at this port.
    #[must_use]
    pub fn new(book: &'n Book, root: Port, net: &'n dyn Net) -> Self {
        Self { book, root, net }
    }

    /// What stands at the root; a wire if nothing does.
    #[must_use]
    pub fn root(&self) -> Port {
        match self.follow(self.root, &mut BTreeSet::new()) {
            Some(port) => port,
            None => self.root,
        }
    }

    /// The numbers that a function `λf. f(a b …)` hands to `f`, which is what a [`Library`](crate::term::Library)'s book becomes: one for each
    /// of so many arguments, `None` where something else stands. `None` in all if the net is no such function.
    #[must_use]
    pub fn handed_numbers(&self, count: usize) -> Option<Vec<Option<u32>>> {
        let end = |port| self.follow(port, &mut BTreeSet::new()).unwrap_or(Port::NONE);
        let ports = |port: Port| if port.tag() == Tag::Con { self.net.ports(port.value()) } else { None };
        let [mut function, _] = ports(end(self.root))?;
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            let [argument, result] = ports(end(function))?;
            let argument = end(argument);
            let is_number = argument.tag() == Tag::Num && !argument.is_wire();
            numbers.push(if is_number { Num24(argument.value()).unsigned() } else { None });
            function = result;
        }
        Some(numbers)
    }

    /// It as a term of the book whose net this is; `None` if it has more than so many pieces.
    #[must_use]
    pub fn to_term(&self, terms: &Terms, items_max: usize) -> Option<Term> {
        terms.from_net(self.net, self.root, items_max)
    }

    /// Writes it, and stops with `false` after so many bytes: results may be far larger than memory, if the net shares them.
    ///
    /// # Errors
    /// What `f` gives.
    pub fn write(&self, f: &mut dyn fmt::Write, bytes_max: usize) -> Result<bool, fmt::Error> {
        let mut bounded = Bounded { f, left: bytes_max, full: false };
        let mut names = BTreeMap::new();
        let written = write_tree(
            &mut bounded,
            self.root,
            |at| self.net.ports(at),
            |f, wire| {
                let mut seen = BTreeSet::new();
                let end = match self.follow(Port::wire(wire), &mut seen) {
                    Some(port) if !port.is_wire() => return Ok(Some(port)),
                    Some(port) => port.value(),
                    // A wire that is joined to itself: any of its pieces stands for it.
                    None => seen.first().copied().unwrap_or(wire),
                };
                let next = names.len();
                write!(f, "x{}", names.entry(end).or_insert(next))?;
                Ok(None)
            },
            |def| self.book.defs().get(def as usize).map(|def| def.name()),
        );
        match (written, bounded.full) {
            (_, true) => Ok(false),
            (written, false) => written.map(|()| true),
        }
    }

    /// Where a port leads in the end.
    fn follow(&self, mut port: Port, seen: &mut BTreeSet<u32>) -> Option<Port> {
        while port.is_wire() {
            if !seen.insert(port.value()) {
                return None;
            }
            let waiting = self.net.waiting(port.value());
            if waiting == Port::NONE {
                return Some(port);
            }
            port = waiting;
        }
        Some(port)
    }
}

impl fmt::Display for NormalForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, usize::MAX).map(|_| ())
    }
}

impl fmt::Debug for NormalForm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Writes so many bytes and then fails.
struct Bounded<'f> {
    f: &'f mut dyn fmt::Write,
    left: usize,
    full: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() > self.left {
            self.full = true;
            return Err(fmt::Error);
        }
        self.left -= text.len();
        self.f.write_str(text)
    }
}
