//! Graphs and changes as text: edge lists, CSV, Matrix Market; line by line, from any pieces.

use crate::{
    fixed::{NumberError, weight_from_decimal},
    graph::{Edges, GraphError, NODES_MAX},
    live::Delta,
};
use alloc::vec::Vec;
use core::{fmt, str};

/// Longest line, in bytes.
const LINE_MAX: usize = 4096;

/// How edges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// `from to` or `from to weight` a line, with spaces or tabs between; lines that begin with `#` or `%` are comments. As SNAP and
    /// Graphalytics write graphs.
    #[default]
    EdgeList,
    /// The same with commas. A first line that begins with no number is a header.
    Csv,
    /// Matrix Market's coordinate format, ids from 1: entry (i, j) is an edge from i to j; of a symmetric matrix also from j to i.
    MatrixMarket,
}

impl Format {
    /// A file's format by its name, whether `.gz` follows or not: `.csv`, `.mtx`, else an edge list.
    pub fn of_name(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.') {
            Some((_, "csv")) => Self::Csv,
            Some((_, "mtx")) => Self::MatrixMarket,
            _ => Self::EdgeList,
        }
    }

    /// The format that a file's first bytes say, whatever its name is: Matrix Market's begin with its name.
    pub fn of_beginning(bytes: &[u8]) -> Option<Self> {
        let begins = bytes.get(..14).is_some_and(|start| start.eq_ignore_ascii_case(b"%%MatrixMarket"));
        begins.then_some(Self::MatrixMarket)
    }
}

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadOptions {
    /// How edges are written.
    pub format: Format,
    /// Do not look at weights: columns behind the second may hold anything.
    pub ignore_weights: bool,
    /// Each id is below this: one edge with a great id makes a great graph.
    pub nodes_max: u32,
}

impl Default for ReadOptions {
    /// An edge list, with its weights, of at most 2²⁸ nodes.
    fn default() -> Self {
        Self { format: Format::EdgeList, ignore_weights: false, nodes_max: 1 << 28 }
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadError {
    /// Counted from 1.
    pub line: u64,
    /// What it is.
    pub problem: ReadProblem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadProblem {
    /// More than 4096 bytes.
    LineTooLong,
    /// Not UTF-8.
    NotText,
    /// Not two ids, or two ids and a weight.
    Columns {
        /// How many there are.
        got: usize,
    },
    /// An id is no whole number.
    NotAnId,
    /// An id is beyond what was allowed or stated.
    OutOfRange {
        /// The greatest id that may be.
        greatest: u32,
    },
    /// Matrix Market counts from 1.
    IdIsZero,
    /// A weight is none.
    Weight(NumberError),
    /// A stake is none.
    Stake,
    /// Some edges have weights, and this differs.
    MixedWeights,
    /// More edges than a graph can have.
    TooManyEdges,
    /// Not a Matrix Market file of coordinates that are real, whole numbers or a pattern.
    Header,
    /// Not three whole numbers: rows, columns, entries; or more nodes than allowed.
    Size,
    /// Not as many entries as stated.
    Entries {
        /// How many were stated.
        stated: u64,
        /// How many there are.
        got: u64,
    },
    /// Neither `+ from to`, `+ from to weight`, `- from to` nor `= node stake`.
    NotADelta,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LineTooLong => write!(f, "more than {LINE_MAX} bytes; write one edge a line"),
            Self::NotText => f.write_str("not UTF-8 text"),
            Self::Columns { got } => {
                write!(f, "{got} columns; write `from to`, or `from to weight`, in the format's way, the same in each line")
            }
            Self::NotAnId => f.write_str("an id is not a whole number; number the nodes from 0"),
            Self::OutOfRange { greatest } => {
                write!(f, "an id is above {greatest}; number the nodes without gaps, or allow more nodes")
            }
            Self::IdIsZero => f.write_str("an index is 0; Matrix Market counts from 1"),
            Self::Weight(error) => write!(f, "the weight {error}"),
            Self::Stake => f.write_str("a stake is a whole number, below 2⁶⁴"),
            Self::MixedWeights => f.write_str("edges before have a weight and this has none, or the other way round"),
            Self::TooManyEdges => f.write_str("more edges than a graph can have; shard it"),
            Self::Header => f.write_str(
                "expected `%%MatrixMarket matrix coordinate`, then `pattern`, `real` or `integer`, then `general` or `symmetric`",
            ),
            Self::Size => f.write_str("expected the numbers of rows, columns and entries, within what is allowed"),
            Self::Entries { stated, got } => write!(f, "{stated} entries were stated, and {got} came"),
            Self::NotADelta => {
                f.write_str("expected `+ from to`, `+ from to weight`, `- from to` or `= node stake`")
            }
        }
    }
}

impl core::error::Error for ReadError {}

/// The state of a Matrix Market file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Market {
    Header,
    Size { is_pattern: bool, is_symmetric: bool },
    Entries { is_pattern: bool, is_symmetric: bool, nodes: u32, stated: u64, got: u64 },
}

/// Reads a graph from its text, in pieces of any size.
///
/// ```
/// use rank::{ReadOptions, Reader};
///
/// let mut reader = Reader::new(ReadOptions::default());
/// reader.push(b"# a triangle\n0 1\n1 ")?;
/// reader.push(b"2\n2 0")?;
/// assert_eq!(reader.finish()?.len(), 3);
/// # Ok::<(), rank::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    options: ReadOptions,
    edges: Edges,
    /// Lines that were read.
    line: u64,
    /// The beginning of a line that has not ended.
    rest: Vec<u8>,
    market: Market,
}

impl Reader {
    /// Nothing is read yet.
    pub fn new(options: ReadOptions) -> Self {
        let options = ReadOptions { nodes_max: options.nodes_max.min(NODES_MAX), ..options };
        Self { options, edges: Edges::new(), line: 0, rest: Vec::new(), market: Market::Header }
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`ReadError`] for the first line that is wrong; then the reader is of no more use.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let mut bytes = bytes;
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..at], &bytes[at + 1..]);
            if self.rest.is_empty() {
                self.read(line)?;
            } else {
                self.keep(line)?;
                let line = core::mem::take(&mut self.rest);
                self.read(&line)?;
            }
            bytes = rest;
        }
        self.keep(bytes)
    }

    /// How many edges are read.
    pub fn edges(&self) -> usize {
        self.edges.len()
    }

    /// The graph, once all is read.
    ///
    /// # Errors
    /// [`ReadError`] for the last line, or where lines are missing.
    pub fn finish(mut self) -> Result<Edges, ReadError> {
        let line = core::mem::take(&mut self.rest);
        if !line.is_empty() {
            self.read(&line)?;
        }
        let problem = match (self.options.format, self.market) {
            (Format::MatrixMarket, Market::Header) => ReadProblem::Header,
            (Format::MatrixMarket, Market::Size { .. }) => ReadProblem::Size,
            (Format::MatrixMarket, Market::Entries { stated, got, .. }) if stated != got => {
                ReadProblem::Entries { stated, got }
            }
            _ => return Ok(self.edges),
        };
        Err(ReadError { line: self.line + 1, problem })
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), ReadError> {
        if self.rest.len() + part.len() > LINE_MAX {
            return Err(ReadError { line: self.line + 1, problem: ReadProblem::LineTooLong });
        }
        self.rest.extend_from_slice(part);
        Ok(())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), ReadError> {
        self.line += 1;
        let read = if line.len() > LINE_MAX { Err(ReadProblem::LineTooLong) } else { self.interpret(line) };
        read.map_err(|problem| ReadError { line: self.line, problem })
    }

    fn interpret(&mut self, line: &[u8]) -> Result<(), ReadProblem> {
        let line = str::from_utf8(line).map_err(|_| ReadProblem::NotText)?.trim();
        // A mark that some programs begin files with.
        let line = if self.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
        if self.options.format == Format::MatrixMarket {
            return self.market(line);
        }
        if line.is_empty() || line.starts_with(['#', '%']) {
            return Ok(());
        }
        let ignores = self.options.ignore_weights;
        let (columns, got) = match self.options.format {
            Format::Csv => columns(line.split(',').map(|column| column.trim().trim_matches('"'))),
            Format::EdgeList | Format::MatrixMarket => columns(line.split_ascii_whitespace()),
        };
        if self.options.format == Format::Csv
            && self.line == 1
            && !columns[0].starts_with(|c: char| c.is_ascii_digit())
        {
            return Ok(());
        }
        if got < 2 || got > 3 && !ignores {
            return Err(ReadProblem::Columns { got });
        }
        let (from, to) = (id(columns[0], self.options.nodes_max)?, id(columns[1], self.options.nodes_max)?);
        self.add(from, to, if got == 3 && !ignores { Some(columns[2]) } else { None })
    }

    fn add(&mut self, from: u32, to: u32, weight: Option<&str>) -> Result<(), ReadProblem> {
        let added = match weight {
            None => self.edges.push(from, to),
            Some(weight) => {
                let weight = weight_from_decimal(weight).map_err(ReadProblem::Weight)?;
                self.edges.push_weighted(from, to, weight)
            }
        };
        added.map_err(|error| match error {
            GraphError::MixedWeights => ReadProblem::MixedWeights,
            GraphError::OutOfRange { nodes, .. } => {
                ReadProblem::OutOfRange { greatest: nodes.saturating_sub(1) }
            }
            _ => ReadProblem::TooManyEdges,
        })
    }

    fn market(&mut self, line: &str) -> Result<(), ReadProblem> {
        if let Market::Header = self.market {
            let mut words = [""; 5];
            let mut given = line.split_ascii_whitespace();
            words.iter_mut().zip(&mut given).for_each(|(word, given)| *word = given);
            let is = |at: usize, word: &str| words[at].eq_ignore_ascii_case(word);
            let is_known = is(0, "%%MatrixMarket")
                && is(1, "matrix")
                && is(2, "coordinate")
                && (is(3, "pattern") || is(3, "real") || is(3, "integer"))
                && (is(4, "general") || is(4, "symmetric"));
            if !is_known || given.next().is_some() {
                return Err(ReadProblem::Header);
            }
            self.market = Market::Size { is_pattern: is(3, "pattern"), is_symmetric: is(4, "symmetric") };
            return Ok(());
        }
        if line.is_empty() || line.starts_with('%') {
            return Ok(());
        }
        let (columns, got) = columns(line.split_ascii_whitespace());
        match &mut self.market {
            Market::Header => Ok(()),
            Market::Size { is_pattern, is_symmetric } => {
                let numbers = columns.map(|column| column.parse::<u64>());
                let [Ok(rows), Ok(width), Ok(stated)] = numbers else { return Err(ReadProblem::Size) };
                let nodes =
                    u32::try_from(rows.max(width)).ok().filter(|nodes| *nodes <= self.options.nodes_max);
                let nodes = nodes.filter(|_| got == 3).ok_or(ReadProblem::Size)?;
                let (is_pattern, is_symmetric) = (*is_pattern, *is_symmetric);
                self.market = Market::Entries { is_pattern, is_symmetric, nodes, stated, got: 0 };
                self.edges.nodes(nodes);
                Ok(())
            }
            Market::Entries { is_pattern, is_symmetric, nodes, stated, got: entries } => {
                if got != if *is_pattern { 2 } else { 3 } {
                    return Err(ReadProblem::Columns { got });
                }
                *entries += 1;
                if *entries > *stated {
                    return Err(ReadProblem::Entries { stated: *stated, got: *entries });
                }
                let (is_pattern, is_symmetric, limit) = (*is_pattern, *is_symmetric, *nodes + 1);
                let one_based = |column| {
                    let id = id(column, limit)?;
                    id.checked_sub(1).ok_or(ReadProblem::IdIsZero)
                };
                let (from, to) = (one_based(columns[0])?, one_based(columns[1])?);
                let weight = (!is_pattern && !self.options.ignore_weights).then_some(columns[2]);
                self.add(from, to, weight)?;
                if is_symmetric && from != to { self.add(to, from, weight) } else { Ok(()) }
            }
        }
    }
}

/// The first three, and how many there are.
fn columns<'a>(given: impl Iterator<Item = &'a str>) -> ([&'a str; 3], usize) {
    let mut columns = [""; 3];
    let mut got = 0;
    for column in given {
        if let Some(slot) = columns.get_mut(got) {
            *slot = column;
        }
        got += 1;
    }
    (columns, got)
}

fn id(column: &str, nodes_max: u32) -> Result<u32, ReadProblem> {
    if column.is_empty() || column.bytes().any(|byte| !byte.is_ascii_digit()) {
        return Err(ReadProblem::NotAnId);
    }
    let greatest = nodes_max.saturating_sub(1);
    let id = column.parse().ok().filter(|id| *id < nodes_max);
    id.ok_or(ReadProblem::OutOfRange { greatest })
}

impl Delta {
    /// Reads a change: `+ from to`, `+ from to weight`, `- from to`, or `= node stake`. `None` for an empty line and for a comment, which begins
    /// with `#`. Without a weight an edge has weight 1 in an edge list's unit, as `is_weighted` says.
    ///
    /// # Errors
    /// What is wrong.
    pub fn read(line: &str, is_weighted: bool) -> Result<Option<Self>, ReadProblem> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        let (sign, rest) = line.split_at_checked(1).ok_or(ReadProblem::NotADelta)?;
        let (columns, got) = columns(rest.split_ascii_whitespace());
        let node = |at: usize| id(columns[at], NODES_MAX);
        let delta = match (sign, got) {
            ("+", 2) => {
                let weight = if is_weighted { 1 << crate::WEIGHT_BITS } else { 1 };
                Self::Edge { from: node(0)?, to: node(1)?, weight }
            }
            ("+", 3) => {
                let weight = weight_from_decimal(columns[2]).map_err(ReadProblem::Weight)?;
                // Where edges have no weights, 1 is one edge.
                let weight = if is_weighted { weight } else { weight.div_ceil(1 << crate::WEIGHT_BITS) };
                Self::Edge { from: node(0)?, to: node(1)?, weight }
            }
            ("-", 2) => Self::Edge { from: node(0)?, to: node(1)?, weight: 0 },
            ("=", 2) => {
                let stake = columns[1].parse().map_err(|_| ReadProblem::Stake)?;
                Self::Stake { node: node(0)?, stake }
            }
            _ => return Err(ReadProblem::NotADelta),
        };
        Ok(Some(delta))
    }
}

#[cfg(test)]
mod tests;
