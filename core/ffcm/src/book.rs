//! Books: definitions of nets, as HVM2's `.hvm` files write them.
//!
//! ```text
//! book  ::= ("@" name "=" net)*
//! net   ::= tree ("&" "!"? tree "~" tree)*
//! tree  ::= "(" tree tree ")"  constructor    "@" name  definition
//!         | "{" tree tree "}"  duplicator     "*"       eraser
//!         | "$(" tree tree ")" operator       number    12 +12 -12 0.5 0x1F 0b11, [+] [*2] [u24]
//!         | "?(" tree tree ")" switch         name      one end of a wire
//! ```
//!
//! `//` begins a comment. A name is made of ASCII letters, digits and `_.-/$`, and a wire's begins with none of `0123456789+-`. Each
//! wire of a definition is named exactly twice. `&!` marks a pair as worth running on another thread; it changes nothing here.

mod error;
mod print;
mod read;

pub use error::{BookError, Problem};
pub(crate) use print::write_tree;

use crate::port::{Node, Port};
use alloc::{collections::BTreeSet, string::String, vec, vec::Vec};

/// Most bytes of a book's text.
pub const SOURCE_BYTES_MAX: usize = 1 << 24;
/// Most bytes of a name.
pub const NAME_BYTES_MAX: usize = 255;

/// A book's bytes as its text.
///
/// # Errors
/// [`BookError`] at the first byte that is not UTF-8, or where there are more than [`SOURCE_BYTES_MAX`].
pub fn text(bytes: Vec<u8>) -> Result<String, BookError> {
    if bytes.len() > SOURCE_BYTES_MAX {
        return Err(BookError::at("", 0, Problem::TooLong));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        BookError::at(&String::from_utf8_lossy(error.as_bytes()), at, Problem::NotText)
    })
}

/// Two trees that face each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redex {
    /// One of them.
    pub first: Port,
    /// The other.
    pub second: Port,
    /// Whether it was written with `&!`.
    pub parallel: bool,
}

/// A definition: a net with one free port, in which ports lead to nodes and wires of its own.
#[derive(Debug, Clone)]
pub struct Def {
    /// Its name, without `@`.
    pub(crate) name: String,
    /// What stands at its free port.
    pub(crate) root: Port,
    pub(crate) redexes: Vec<Redex>,
    pub(crate) nodes: Vec<Node>,
    /// The names of its wires.
    pub(crate) wires: Vec<String>,
    /// Whether a copy of it is as good as two expansions: whether neither it nor what it refers to holds a duplicator.
    pub(crate) safe: bool,
    /// How many levels its deepest tree has.
    pub(crate) depth: u32,
}

impl Def {
    /// Its name, without `@`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stands at its free port. Ports lead into [`Def::nodes`], wires are numbered below [`Def::wires`].
    #[must_use]
    pub fn root(&self) -> Port {
        self.root
    }

    /// The pairs that face each other.
    #[must_use]
    pub fn redexes(&self) -> &[Redex] {
        &self.redexes
    }

    /// Its nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many wires it has.
    #[must_use]
    pub fn wires(&self) -> u32 {
        self.wires.len() as u32
    }

    /// Whether a duplicator may copy a reference to it: whether neither it nor what it refers to holds a duplicator.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.safe
    }
}

/// A book: definitions by name, one of them `main`.
#[derive(Debug, Clone)]
pub struct Book {
    /// By the number that references hold.
    pub(crate) defs: Vec<Def>,
    pub(crate) main: u32,
}

impl Book {
    /// Reads a book's text.
    ///
    /// # Errors
    /// [`BookError`] with line, column and a mend: it is no book, a name is not defined or defined twice, a wire has not two
    /// ends, `main` is missing, or a bound is passed.
    pub fn read(text: &str) -> Result<Self, BookError> {
        let mut book = read::read(text)?;
        book.mark_unsafe();
        Ok(book)
    }

    /// Its definitions, by the number that references hold.
    #[must_use]
    pub fn defs(&self) -> &[Def] {
        &self.defs
    }

    /// The number of `main`.
    #[must_use]
    pub fn main(&self) -> u32 {
        self.main
    }

    /// Whoever refers to an unsafe definition is unsafe.
    pub(crate) fn mark_unsafe(&mut self) {
        let mut users = vec![BTreeSet::new(); self.defs.len()];
        for (user, def) in self.defs.iter().enumerate() {
            let ports = def.nodes.iter().flat_map(|node| [Port(node[1]), Port(node[2])]);
            let pairs = def.redexes.iter().flat_map(|redex| [redex.first, redex.second]);
            for port in ports.chain(pairs).chain([def.root]) {
                if port.tag() == crate::port::Tag::Ref {
                    users[port.value() as usize].insert(user);
                }
            }
        }
        let mut open: Vec<usize> = (0..self.defs.len()).filter(|def| !self.defs[*def].safe).collect();
        while let Some(def) = open.pop() {
            for user in core::mem::take(&mut users[def]) {
                if self.defs[user].safe {
                    self.defs[user].safe = false;
                    open.push(user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
