//! A text that is a book of nets or of terms, and a run of it on one thread, whichever machine reduces it.
//!
//! ```
//! use ffcm::program::{Program, Run, RunLimits};
//!
//! let program = Program::read("@main = (λx. (* x x) 7)", None, false)?;
//! let mut run = Run::new(&program, &RunLimits::default())?;
//! while !run.go(1 << 16).is_final() {}
//! assert_eq!(run.results(), ["49"]);
//! assert!(run.trouble().is_none());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Bounds
//! [`RunLimits`]; results are cut after [`RunLimits::result_bytes_max`] bytes.

use crate::{
    book::{Book, BookError, Problem},
    heap::Limits,
    lazy::{Lazy, LazyLimits, Reading},
    machine::{Machine, Progress},
    normal::NormalForm,
    rules::{Resource, Tally},
    term::Terms,
};
use alloc::{
    boxed::Box,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

/// Steps of the lazy machine for each interaction that it may do, before it goes in circles.
const STEPS_PER_INTERACTION: u64 = 64;
/// Steps that it may do whatever its interactions.
const STEPS_MIN: u64 = 1 << 24;
/// Most pieces of a strict result that is shown as a term.
const ITEMS_MAX: usize = 1 << 20;

/// What is reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What the result asks for.
    Lazy,
    /// Every pair.
    Strict,
}

impl Mode {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lazy => "lazy",
            Self::Strict => "strict",
        }
    }
}

/// A book, and how it is reduced.
#[derive(Debug, Clone)]
pub enum Program {
    /// Lazily.
    Terms(Terms),
    /// Strictly; with the terms that the nets were made of, if they were.
    Nets(Book, Option<Terms>),
}

/// Why a text is no program.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is no book, and here is why.
    Book(BookError),
    /// It is to be reduced lazily, and is a book of nets.
    IsOfNets,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Book(error) => error.fmt(f),
            Self::IsOfNets => {
                f.write_str("it is a book of nets, and the lazy machine reduces terms: reduce it strictly")
            }
        }
    }
}

impl core::error::Error for ProgramError {}

impl Program {
    /// The book that a text is, made ready for the mode that is asked for. Without one, terms are reduced lazily and nets strictly. What could
    /// be either is nets, unless `is_of_terms` or the lazy mode says otherwise.
    ///
    /// # Errors
    /// [`ProgramError`]; of two readers' errors, that of the one that got further.
    pub fn read(text: &str, mode: Option<Mode>, is_of_terms: bool) -> Result<Self, ProgramError> {
        let terms = || Terms::read(text);
        let nets = || Book::read(text);
        let terms = if is_of_terms || mode == Some(Mode::Lazy) {
            match (terms(), nets()) {
                (Ok(terms), _) => terms,
                (Err(_), Ok(_)) if mode == Some(Mode::Lazy) => return Err(ProgramError::IsOfNets),
                (Err(_), Ok(book)) => return Ok(Self::Nets(book, None)),
                (Err(error), Err(_)) => return Err(ProgramError::Book(error)),
            }
        } else {
            match (nets(), terms()) {
                (Ok(book), _) => return Ok(Self::Nets(book, None)),
                (Err(_), Ok(terms)) => terms,
                (Err(of_nets), Err(of_terms)) => {
                    return Err(ProgramError::Book(further(of_nets, of_terms)));
                }
            }
        };
        if mode != Some(Mode::Strict) {
            return Ok(Self::Terms(terms));
        }
        let book = terms.to_book().map_err(ProgramError::Book)?;
        Ok(Self::Nets(book, Some(terms)))
    }

    /// How it is reduced.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self {
            Self::Terms(_) => Mode::Lazy,
            Self::Nets(..) => Mode::Strict,
        }
    }

    /// A strict machine's result as text: as a term where it was made of terms. At most so many bytes of it, and whether that is all, as it was asked for.
    #[must_use]
    pub fn shown(&self, result: &NormalForm<'_>, bytes_max: usize) -> (String, bool) {
        let terms = match self {
            Self::Nets(_, terms) => terms.as_ref(),
            Self::Terms(terms) => Some(terms),
        };
        if let Some((term, terms)) = terms.and_then(|terms| Some((result.to_term(terms, ITEMS_MAX)?, terms)))
        {
            return cut(term.shown(terms).to_string(), bytes_max);
        }
        let mut text = String::new();
        // Strings take all that they are given.
        let is_whole = result.write(&mut text, bytes_max).unwrap_or(false);
        // What has too many pieces to be read as a term is shown as nets, and is not what was asked for.
        (text, is_whole && terms.is_none())
    }

    /// What went wrong with a run of it that stopped there, if anything did. `interactions_max` is what it was given.
    #[must_use]
    pub fn trouble(&self, progress: Progress, tally: &Tally, interactions_max: u64) -> Option<Trouble> {
        let interactions = tally.interactions();
        if let (Self::Nets(book, _), Some(def)) = (self, tally.unsafe_def) {
            let name = book.defs().get(def as usize).map_or("", |def| def.name());
            return Some(Trouble::UnsafeCopy { name: name.into() });
        }
        match progress {
            Progress::Done | Progress::Running => {}
            Progress::Full(resource) => return Some(Trouble::Full { resource, interactions }),
            Progress::Capped if interactions < interactions_max => {
                return Some(Trouble::Circles { interactions });
            }
            Progress::Capped => return Some(Trouble::Capped { interactions }),
        }
        match (tally.type_errors, tally.undefined) {
            (0, 0) => None,
            (0, operations) => Some(Trouble::Undefined { operations }),
            (terms, _) => Some(Trouble::TypeErrors { terms }),
        }
    }
}

/// The reader that got further knows more, and so does the one that read what stands there. A bracket is found to be open at the end.
fn further(of_nets: BookError, of_terms: BookError) -> BookError {
    let place = |error: &BookError| match error.problem {
        Problem::Unclosed { .. } => (u32::MAX, 0, true),
        Problem::Expected { .. } => (error.line, error.column, false),
        _ => (error.line, error.column, true),
    };
    if place(&of_nets) >= place(&of_terms) { of_nets } else { of_terms }
}

/// What went wrong with a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// There is no more of something.
    Full {
        /// Of what.
        resource: Resource,
        /// What was done until then.
        interactions: u64,
    },
    /// It did as many interactions as it may.
    Capped {
        /// So many.
        interactions: u64,
    },
    /// It did steps and no interactions.
    Circles {
        /// What was done until then.
        interactions: u64,
    },
    /// A definition was to be copied that holds duplicators.
    UnsafeCopy {
        /// Its name, without `@`.
        name: String,
    },
    /// Terms fit no rule.
    TypeErrors {
        /// How many.
        terms: u64,
    },
    /// Operations had no result.
    Undefined {
        /// How many.
        operations: u64,
    },
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { resource, interactions } => {
                write!(f, "it has no {resource} left after {interactions} interactions")
            }
            Self::Capped { interactions } => write!(f, "it did not end within {interactions} interactions"),
            Self::Circles { interactions } => write!(
                f,
                "it did not end, and did nothing but look along what was there already after {interactions} interactions: \
                 a term stands for itself, as where a definition that duplicates its argument is given to itself"
            ),
            Self::UnsafeCopy { name } => write!(
                f,
                "a duplicator asks for a copy of `@{name}`, which holds duplicators or refers to some that do: \
                 the copies would be mixed up. Pass it on without copying, or write it out where it is used"
            ),
            Self::TypeErrors { terms } => write!(
                f,
                "{terms} terms fit no rule, and nothing came of them: something that is no function was applied, or no arm \
                 was for what a match met"
            ),
            Self::Undefined { operations } => write!(
                f,
                "{operations} operations had no result and gave 0: a division by zero, or an operator that the numbers have not"
            ),
        }
    }
}

impl core::error::Error for Trouble {}

/// How far a run may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    /// Most interactions.
    pub interactions_max: u64,
    /// Most nodes of the strict machine, 16 bytes each.
    pub nodes_max: u32,
    /// Most wires of the strict machine, 4 bytes each.
    pub wires_max: u32,
    /// Most words of the lazy machine, 8 bytes each.
    pub cells_max: u32,
    /// What the lazy machine reads.
    pub reading: Reading,
    /// How many results of superpositions it reads; 1 for [`Reading::Normal`].
    pub results_max: u32,
    /// Most bytes of all results' text, which sharing may make far larger than the net. What would be longer ends there.
    pub result_bytes_max: usize,
}

impl Default for RunLimits {
    /// As both machines' own defaults, one result in normal form, whole.
    fn default() -> Self {
        let (strict, lazy) = (Limits::default(), LazyLimits::default());
        Self {
            interactions_max: u64::MAX,
            nodes_max: strict.nodes_max,
            wires_max: strict.wires_max,
            cells_max: lazy.cells_max,
            reading: Reading::Normal,
            results_max: 1,
            result_bytes_max: usize::MAX,
        }
    }
}

#[derive(Debug)]
enum Reduction<'p> {
    Lazy(Box<Lazy<'p>>),
    Strict(Box<Machine<'p>>),
}

/// A program that is being reduced.
#[derive(Debug)]
pub struct Run<'p> {
    program: &'p Program,
    reduction: Reduction<'p>,
    limits: RunLimits,
    progress: Progress,
    results: Vec<String>,
    is_cut: bool,
}

impl<'p> Run<'p> {
    /// Before the first step.
    ///
    /// # Errors
    /// What there is not enough of for `@main` itself.
    pub fn new(program: &'p Program, limits: &RunLimits) -> Result<Self, Trouble> {
        let RunLimits { interactions_max, nodes_max, wires_max, cells_max, reading, .. } = *limits;
        let reduction = match program {
            Program::Terms(terms) => {
                let steps_max =
                    interactions_max.saturating_mul(STEPS_PER_INTERACTION).saturating_add(STEPS_MIN);
                let limits = LazyLimits { cells_max, interactions_max, steps_max, ..LazyLimits::default() };
                Reduction::Lazy(Box::new(Lazy::new(terms, limits, reading)))
            }
            Program::Nets(book, _) => {
                let limits = Limits { nodes_max, wires_max, interactions_max };
                let machine = Machine::new(book, limits)
                    .map_err(|resource| Trouble::Full { resource, interactions: 0 })?;
                Reduction::Strict(Box::new(machine))
            }
        };
        let (progress, results) = (Progress::Running, Vec::new());
        Ok(Self { program, reduction, limits: *limits, progress, results, is_cut: false })
    }

    /// Goes on for so many pairs or steps at most, or until a result is complete. [`Progress::Done`] once all results are there that were
    /// wanted, or one was cut.
    pub fn go(&mut self, budget: u64) -> Progress {
        if self.progress.is_final() {
            return self.progress;
        }
        self.progress = match (&mut self.reduction, self.program) {
            (Reduction::Lazy(lazy), Program::Terms(terms)) => {
                let progress = lazy.run(budget);
                if let Some(term) = lazy.take_result() {
                    let used = self.results.iter().map(String::len).sum();
                    let left = self.limits.result_bytes_max.saturating_sub(used);
                    let (text, is_whole) = cut(term.shown(terms).to_string(), left);
                    self.results.push(text);
                    self.is_cut = !is_whole;
                }
                let has_all = self.results.len() >= self.limits.results_max as usize;
                if has_all || self.is_cut { Progress::Done } else { progress }
            }
            (Reduction::Strict(machine), Program::Nets(..)) => {
                let progress = machine.run(budget);
                if progress == Progress::Done {
                    let (text, is_whole) =
                        self.program.shown(&machine.result(), self.limits.result_bytes_max);
                    self.results.push(text);
                    self.is_cut = !is_whole;
                }
                progress
            }
            // A run is made of its program.
            _ => Progress::Done,
        };
        self.progress
    }

    /// What was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        match &self.reduction {
            Reduction::Lazy(lazy) => lazy.tally(),
            Reduction::Strict(machine) => machine.tally(),
        }
    }

    /// The results so far.
    #[must_use]
    pub fn results(&self) -> &[String] {
        &self.results
    }

    /// Whether the last result's text is longer than it may be, and so not whole.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// What went wrong so far.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.program.trouble(self.progress, self.tally(), self.limits.interactions_max)
    }
}

/// The first so many bytes of a text, and whether that is all of it.
fn cut(mut text: String, bytes_max: usize) -> (String, bool) {
    let is_whole = text.len() <= bytes_max;
    text.truncate(text.floor_char_boundary(bytes_max));
    (text, is_whole)
}

#[cfg(test)]
mod tests;
