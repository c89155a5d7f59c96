//! Ports of the strict machine: 32 bits, since WGSL exchanges no more at once.
//!
//! ```text
//! 31..3                                                       2..0
//! a wire's, node's or definition's index; a number's bits     tag
//! ```
//!
//! A port and the header of the node it leads to together say what a canonical [`Word`] says.

use crate::word::{LABEL_MAX, Word, WordTag};

/// Most nodes of a heap: one page of 2 GiB holds so many.
pub const NODES_MAX: u32 = 1 << 27;
/// Most wires of a heap: one page of 2 GiB holds so many.
pub const WIRES_MAX: u32 = 1 << 29;

/// What a port is the principal port of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tag {
    /// One end of a wire: what is at the other end is not known yet.
    Var = 0,
    /// A definition, not expanded yet.
    Ref = 1,
    /// An eraser.
    Era = 2,
    /// A number.
    Num = 3,
    /// A constructor: a function, an application, a pair.
    Con = 4,
    /// A duplicator, with a label.
    Dup = 5,
    /// An operator that waits for a number.
    Opr = 6,
    /// A switch that waits for a number.
    Swi = 7,
}

impl Tag {
    /// Every tag, in the order of its number.
    pub const ALL: [Self; 8] =
        [Self::Var, Self::Ref, Self::Era, Self::Num, Self::Con, Self::Dup, Self::Opr, Self::Swi];

    /// Its name, as the tables and the shaders write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["VAR", "REF", "ERA", "NUM", "CON", "DUP", "OPR", "SWI"][self as usize]
    }
}

/// A node: a header and its two auxiliary ports; the fourth number is free. As the shaders' `vec4<u32>`.
pub type Node = [u32; 4];

/// Where a [`Node`] keeps its header: its label, and the tag above it in the canonical word's place.
pub const HEADER: usize = 0;

/// One end of a connection. Copied freely; that each is used once is up to the rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u32);

impl Port {
    /// An eraser.
    pub const ERA: Self = Self(Tag::Era as u32);
    /// No port: what a wire holds while nothing was put into it.
    pub const NONE: Self = Self(u32::MAX);

    /// The port with this tag that leads to this index or holds these bits; bits beyond 29 are dropped.
    #[inline]
    #[must_use]
    pub const fn new(tag: Tag, value: u32) -> Self {
        Self(value << 3 | tag as u32)
    }

    /// One end of this wire.
    #[inline]
    #[must_use]
    pub const fn wire(index: u32) -> Self {
        Self::new(Tag::Var, index)
    }

    /// What it is the principal port of.
    #[inline]
    #[must_use]
    pub const fn tag(self) -> Tag {
        match self.0 & 7 {
            0 => Tag::Var,
            1 => Tag::Ref,
            2 => Tag::Era,
            3 => Tag::Num,
            4 => Tag::Con,
            5 => Tag::Dup,
            6 => Tag::Opr,
            _ => Tag::Swi,
        }
    }

    /// The index that it leads to, or the bits that it holds.
    #[inline]
    #[must_use]
    pub const fn value(self) -> u32 {
        self.0 >> 3
    }

    /// Whether it is one end of a wire.
    #[inline]
    #[must_use]
    pub const fn is_wire(self) -> bool {
        self.0 & 7 == 0
    }

    /// Whether it leads to a node.
    #[inline]
    #[must_use]
    pub const fn is_node(self) -> bool {
        self.0 & 4 != 0
    }

    /// Whether it is a definition, an eraser or a number: whole in itself.
    #[inline]
    #[must_use]
    pub const fn is_atom(self) -> bool {
        self.0 & 4 == 0 && self.0 & 7 != 0
    }

    /// Its canonical word: a node stands at 16 times its index in page 0, a wire at 4 times.
    #[must_use]
    pub fn to_word(self, label: u32) -> Word {
        let (tag, value) = (self.tag(), self.value());
        match tag {
            Tag::Var => Word::new(WordTag::Var, 0, 0, value << 2),
            Tag::Ref => Word::immediate(WordTag::Ref, value),
            Tag::Era => Word::immediate(WordTag::Ers, 0),
            Tag::Num => Word::immediate(WordTag::Num, value),
            Tag::Con => Word::new(WordTag::Lam, label, 0, value << 4),
            Tag::Dup => Word::new(WordTag::Sup, label, 0, value << 4),
            Tag::Opr => Word::new(WordTag::Opx, label, 0, value << 4),
            Tag::Swi => Word::new(WordTag::Swi, label, 0, value << 4),
        }
    }

    /// The port of a canonical word of page 0, and the label; `None` if the strict machine has no such thing.
    #[must_use]
    pub fn from_word(word: Word) -> Option<(Self, u32)> {
        let node = |tag| {
            let fits = word.page() == 0 && word.offset() & 15 == 0;
            fits.then(|| (Self::new(tag, word.offset() >> 4), word.label()))
        };
        let immediate = |tag| Some((Self::new(tag, word.lo), 0)).filter(|_| word.lo >> 29 == 0);
        match word.tag()? {
            WordTag::Var if word.page() == 0 => Some((Self::wire(word.offset() >> 2), 0)),
            WordTag::Ref => immediate(Tag::Ref),
            WordTag::Ers => immediate(Tag::Era),
            WordTag::Num => immediate(Tag::Num),
            WordTag::Lam => node(Tag::Con),
            WordTag::Sup => node(Tag::Dup),
            WordTag::Opx => node(Tag::Opr),
            WordTag::Swi => node(Tag::Swi),
            _ => None,
        }
    }
}

impl core::fmt::Debug for Port {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if *self == Self::NONE {
            return f.write_str("NONE");
        }
        write!(f, "{}:{:X}", self.tag().name(), self.value())
    }
}

/// The node with this label and these auxiliary ports.
#[inline]
#[must_use]
pub const fn node(label: u32, first: Port, second: Port) -> Node {
    [label & LABEL_MAX, first.0, second.0, 0]
}

#[cfg(test)]
mod tests;
