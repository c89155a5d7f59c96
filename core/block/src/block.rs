//! Blocks: what is to change.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire, encode};
use core::fmt;
use ffcm::BookError;

/// Most changes of a block.
pub const DELTAS_MAX: usize = 1 << 16;
/// Most bytes of a block's definitions.
pub const BOOK_BYTES_MAX: usize = 1 << 16;
/// Most bytes of a term.
pub const TERM_BYTES_MAX: usize = 1 << 12;
/// Most bytes of a block's definitions and terms together.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// How much an edge weighs, before what its author has at stake.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Weight {
    /// So many parts of 2³².
    Number(u64),
    /// What this term is as a number, over the block's definitions.
    Term(String),
}

impl Weight {
    /// The weight of an edge of which nothing else is said.
    pub const ONE: Self = Self::Number(1 << rank::WEIGHT_BITS);
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Delta {
    /// There is an edge, and no other from this node to that.
    Add {
        /// The node that it leaves.
        from: u32,
        /// The node that it leads to.
        to: u32,
        /// What its author stakes on it: it weighs so many times its weight.
        stake: u64,
        /// How much it weighs.
        weight: Weight,
    },
    /// There is no edge.
    Remove {
        /// The node that it left.
        from: u32,
        /// The node that it led to.
        to: u32,
    },
    /// A node has this at stake.
    Stake {
        /// The node.
        node: u32,
        /// In the unit of the graph's stakes.
        stake: u64,
    },
}

/// Changes that are applied together.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// Definitions, as [`ffcm::term`] writes them, that terms may refer to.
    pub book: String,
    /// The changes, in order.
    pub deltas: Vec<Delta>,
}

impl Wire for Block {
    // A change is at most a tag, two ids, a stake, a tag and a length or a number.
    const BYTES_MAX: usize = 8 + TEXT_BYTES_MAX + DELTAS_MAX * 26;
}

impl Block {
    /// Its name.
    pub fn id(&self) -> ContentId {
        ContentId::of(&encode(self))
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.book.is_empty() && self.deltas.is_empty()
    }

    /// Whether it is within its bounds.
    ///
    /// # Errors
    /// [`BlockError`], which says which one it passes.
    pub fn check(&self) -> Result<(), BlockError> {
        let within = |what, count, most| {
            if count > most { Err(BlockError::TooLarge { what, count, most }) } else { Ok(()) }
        };
        within("changes", self.deltas.len(), DELTAS_MAX)?;
        within("bytes of definitions", self.book.len(), BOOK_BYTES_MAX)?;
        let mut text = self.book.len();
        for delta in &self.deltas {
            if let Delta::Add { weight: Weight::Term(term), .. } = delta {
                within("bytes of a term", term.len(), TERM_BYTES_MAX)?;
                text += term.len();
            }
        }
        within("bytes of definitions and terms", text, TEXT_BYTES_MAX)
    }
}

/// Why a block is refused as a whole. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockError {
    /// It has too much of something.
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much it has.
        count: usize,
        /// How much it may have.
        most: usize,
    },
    /// Its definitions cannot be read, or have no nets.
    Book(BookError),
    /// The block before has not ended.
    Busy,
}

impl fmt::Display for BlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { what, count, most } => {
                write!(f, "a block of {count} {what}, where at most {most} fit: cut it into several")
            }
            Self::Book(error) => write!(f, "the block's definitions: {error}"),
            Self::Busy => f.write_str("the block before has not ended: wait for it"),
        }
    }
}

impl core::error::Error for BlockError {}
