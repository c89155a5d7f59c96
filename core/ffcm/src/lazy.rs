//! The lazy machine: reduces what is asked for, on one thread.
//!
//! The strict machine reduces every pair that there is. This one starts at a result that somebody wants to read, and reduces only
//! what stands in the way: so a part that is never looked at costs nothing, and may even never end. Which opcode reduces
//! which pair of tags is [`table::TABLE`]'s to say.
//!
//! The heap is a flat run of canonical [`Word`]s, two `u32` each. A word's tag says what it is the port of, its offset where that
//! node's words are:
//!
//! | Node | Words |
//! |---|---|
//! | function | its body; once applied: what its variable stands for, marked as a substitution |
//! | duplication | what is copied; once copied: the other copy, marked |
//! | application, superposition, operation | both terms |
//! | match | what is matched, then its arms |
//! | constructor | its fields; its number is the label |
//!
//! A term that duplicates may be shared by both copies and is reduced once: that is why superpositions are quick to search.
//!
//! ```
//! use ffcm::{lazy::{Lazy, LazyLimits, Reading}, term::Terms, Progress};
//!
//! let book = Terms::read("@main = (λx. (* x x) &0{3 &1{4 *}})")?;
//! let mut lazy = Lazy::new(&book, LazyLimits::default(), Reading::DepthFirst);
//! let mut found = Vec::new();
//! loop {
//!     let progress = lazy.run(1_000_000);
//!     found.extend(lazy.take_result().map(|term| term.shown(&book).to_string()));
//!     if progress.is_final() {
//!         assert_eq!(progress, Progress::Done);
//!         break;
//!     }
//! }
//! assert_eq!(found, ["9", "16"]);
//! # Ok::<(), ffcm::BookError>(())
//! ```
//!
//! # How to drive it
//! [`Lazy::run`] with a budget of steps until [`Progress::is_final`], and [`Lazy::take_result`] after each call: a run stops where a
//! result is complete. [`Reading`] says what is read: the head alone, the normal form, or each term that a superposition stands for.
//!
//! # Bounds
//! [`LazyLimits`] bounds the heap, interactions, steps of any kind, the size of a result, and the superposed branches that wait. The
//! heap only grows: what is not needed any more keeps its place. A term that stands for itself takes steps and no interactions.

mod load;
mod read;
mod rules;
pub mod table;

pub use read::Reading;

use crate::{
    machine::Progress,
    rules::{Resource, Tally},
    term::{Term, Terms, WIDTH_MAX},
    word::{Word, WordTag},
};
use alloc::vec::Vec;
use load::Template;
use read::Reader;

/// Most words of a heap: a page of 2 GiB.
pub const CELLS_MAX: u32 = 1 << 28;
/// Choices for each branch that may wait. Fewer branches may hold more of them.
pub const SIDES_PER_BRANCH: usize = 64;
/// Words that any interaction but the expansion of a definition can need.
const INTERACTION_CELLS: usize = 4 * WIDTH_MAX as usize + 16;

/// How far a lazy machine may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LazyLimits {
    /// Most words of the heap, 8 bytes each; at most [`CELLS_MAX`].
    pub cells_max: u32,
    /// Most interactions.
    pub interactions_max: u64,
    /// Most steps: interactions, and looks along what is there already.
    pub steps_max: u64,
    /// Most pieces of a result.
    pub items_max: u32,
    /// Most branches of superpositions that wait for their turn. Together they may hold [`SIDES_PER_BRANCH`] choices for each.
    pub branches_max: u32,
}

impl Default for LazyLimits {
    /// A whole page, results of a million pieces, a million branches, interactions and steps without limit.
    fn default() -> Self {
        Self {
            cells_max: CELLS_MAX,
            interactions_max: u64::MAX,
            steps_max: u64::MAX,
            items_max: 1 << 20,
            branches_max: 1 << 20,
        }
    }
}

/// Reduces a book's `main` as far as it is read.
#[derive(Debug)]
pub struct Lazy<'b> {
    book: &'b Terms,
    templates: Vec<Template>,
    heap: Vec<Word>,
    /// The eliminators above the term in focus, outermost first.
    stack: Vec<Word>,
    /// The term in focus, and the word of the heap that it is to be put into.
    focus: Option<(u32, Word)>,
    reader: Reader,
    limits: LazyLimits,
    tally: Tally,
    steps: u64,
    stopped: Option<Progress>,
}

impl<'b> Lazy<'b> {
    /// Before the first step.
    #[must_use]
    pub fn new(book: &'b Terms, limits: LazyLimits, reading: Reading) -> Self {
        let limits = LazyLimits { cells_max: limits.cells_max.min(CELLS_MAX), ..limits };
        Self {
            book,
            templates: load::templates(book),
            // The first word is the root.
            heap: Vec::from([Word::immediate(WordTag::Ref, book.main)]),
            stack: Vec::new(),
            focus: None,
            reader: Reader::new(reading),
            limits,
            tally: Tally::default(),
            steps: 0,
            stopped: None,
        }
    }

    /// Goes on for so many steps at most, or until a result is complete.
    pub fn run(&mut self, steps: u64) -> Progress {
        if let Some(stopped) = self.stopped {
            return stopped;
        }
        let end = self.steps.saturating_add(steps).min(self.limits.steps_max);
        while self.steps < end && !self.reader.has_result() {
            let done = match self.focus {
                Some(_) => self.reduce(end),
                None => self.read(),
            };
            if let Err(stopped) = done {
                self.stopped = Some(stopped);
                return stopped;
            }
        }
        if self.steps >= self.limits.steps_max && !self.reader.has_result() {
            self.stopped = Some(Progress::Capped);
        }
        self.stopped.unwrap_or(Progress::Running)
    }

    /// The result that the last run completed.
    pub fn take_result(&mut self) -> Option<Term> {
        self.reader.take_result()
    }

    /// What was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The heap.
    #[must_use]
    pub fn heap(&self) -> &[Word] {
        &self.heap
    }

    /// Sees to it that so many words can be added.
    fn reserve(&mut self, cells: usize) -> Result<(), Progress> {
        if self.heap.len() + cells > self.limits.cells_max as usize {
            return Err(Progress::Full(Resource::Cells));
        }
        self.heap.try_reserve(cells).map_err(|_| Progress::Full(Resource::Memory))
    }

    /// Adds these words; gives where the first stands.
    fn add<const N: usize>(&mut self, cells: [Word; N]) -> u32 {
        let at = self.heap.len() as u32;
        self.heap.extend(cells);
        at
    }
}

/// Which word of the heap a word leads to.
#[inline]
fn cell(word: Word) -> u32 {
    word.offset() >> 3
}

/// The word that leads to a word of the heap.
#[inline]
fn at(tag: WordTag, label: u32, cell: u32) -> Word {
    Word::new(tag, label, 0, cell << 3)
}

#[cfg(test)]
mod tests;
