//! Blocks as text: a change a line.
//!
//! ```text
//! + FROM TO [*STAKE] [WEIGHT]   there is this edge; its weight is a decimal, or a term
//! - FROM TO                     there is none
//! = NODE STAKE                  the node has this at stake
//! @NAME(A B) = TERM             a definition that the block's terms may use; lines that begin with a space go on with it
//! # a comment
//! ```
//!
//! An empty line ends a block.

use crate::block::{Block, Delta, Weight};
use alloc::{format, vec::Vec};
use rank::{Delta as Plain, ReadError, ReadProblem, weight_from_decimal};

/// A block, and where its parts stood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbered {
    /// The block.
    pub block: Block,
    /// The line of each change, counted from 1.
    pub lines: Vec<u64>,
    /// The line of each line of the definitions.
    pub book_lines: Vec<u64>,
}

/// Reads blocks line by line.
///
/// What it keeps is one block: [`Numbered::block`] may pass the bounds of a block, by one line at most where [`Reader::is_full`] is heeded.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    line: u64,
    in_book: bool,
    read: Numbered,
    text: usize,
}

impl Reader {
    /// Nothing is read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a line; gives the block that it ends, if it ends one.
    ///
    /// # Errors
    /// [`ReadError`] where it is no change and no definition. What a term says is not looked at yet.
    pub fn push(&mut self, line: &str) -> Result<Option<Numbered>, ReadError> {
        self.line += 1;
        let goes_on = self.in_book && line.starts_with([' ', '\t']);
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Ok(self.take());
        }
        if trimmed.starts_with('#') {
            return Ok(None);
        }
        self.in_book = goes_on || line.starts_with('@');
        if self.in_book {
            self.read.block.book.push_str(line.trim_end());
            self.read.block.book.push('\n');
            self.read.book_lines.push(self.line);
            return Ok(None);
        }
        let delta = delta(trimmed).map_err(|problem| ReadError { line: self.line, problem })?;
        if let Delta::Add { weight: Weight::Term(term), .. } = &delta {
            self.text += term.len();
        }
        self.read.block.deltas.push(delta);
        self.read.lines.push(self.line);
        Ok(None)
    }

    /// Whether what was read since the last block is as much as a block can have.
    pub fn is_full(&self) -> bool {
        self.read.block.deltas.len() >= crate::DELTAS_MAX
            || self.text + self.read.block.book.len() > crate::TEXT_BYTES_MAX
    }

    /// What was read since the last block, once all is read.
    pub fn finish(mut self) -> Option<Numbered> {
        self.take()
    }

    /// What was read since the last block, if anything was.
    pub fn take(&mut self) -> Option<Numbered> {
        (self.in_book, self.text) = (false, 0);
        let read = core::mem::take(&mut self.read);
        (!read.block.is_empty()).then_some(read)
    }
}

fn delta(line: &str) -> Result<Delta, ReadProblem> {
    let plain = |line: &str| Plain::read(line, true)?.ok_or(ReadProblem::NotADelta);
    let Some(added) = line.strip_prefix('+') else {
        return Ok(match plain(line)? {
            Plain::Edge { from, to, .. } => Delta::Remove { from, to },
            Plain::Stake { node, stake } => Delta::Stake { node, stake },
        });
    };
    let (from, rest) = word(added);
    let (to, mut rest) = word(rest);
    let Plain::Edge { from, to, .. } = plain(&format!("+ {from} {to}"))? else {
        return Err(ReadProblem::NotADelta);
    };
    let mut stake = 1;
    if let Some(staked) = rest.trim_start().strip_prefix('*')
        && staked.starts_with(|c: char| c.is_ascii_digit())
    {
        let (staked, after) = word(staked);
        stake = staked.parse().map_err(|_| ReadProblem::Stake)?;
        rest = after;
    }
    let rest = rest.trim();
    let weight = match rest.chars().next() {
        None => Weight::ONE,
        Some('0'..='9' | '.' | '+' | '-') => {
            Weight::Number(weight_from_decimal(rest).map_err(ReadProblem::Weight)?)
        }
        Some(_) => Weight::Term(rest.into()),
    };
    Ok(Delta::Add { from, to, stake, weight })
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()))
}
