//! Files of graphs and of stakes.

use flate2::read::MultiGzDecoder;
use rank::{Edges, Format, ReadError, ReadOptions, Reader};
use std::{
    error::Error,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;
/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why a file gave nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read, or its compressed bytes are damaged.
    Io(io::Error),
    /// A line is wrong.
    Line(ReadError),
    /// A line of stakes is wrong, counted from 1.
    Stakes(u64),
    /// It lists more edges than this.
    Edges(usize),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Line(error) => error.fmt(f),
            Self::Edges(most) => write!(f, "it lists more than {most} edges"),
            Self::Stakes(line) => {
                write!(
                    f,
                    "line {line}: expected `node stake`, whole numbers, each node once and within the graph"
                )
            }
        }
    }
}

impl Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ReadError> for FileError {
    fn from(error: ReadError) -> Self {
        Self::Line(error)
    }
}

/// Opens a file, or standard input for `-`, and unpacks it if it is gzipped.
///
/// # Errors
/// Where it cannot be read.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" { unpack(io::stdin()) } else { unpack(File::open(path)?) }
}

/// Unpacks bytes if they are gzipped.
///
/// # Errors
/// Where they cannot be read.
pub fn unpack(raw: impl Read + 'static) -> io::Result<Box<dyn BufRead>> {
    let mut raw = BufReader::with_capacity(PIECE, raw);
    // `fill_buf` may give one byte of a pipe; a gzip file of one byte is none anyway, and a graph of one byte is wrong.
    if raw.fill_buf()?.starts_with(&GZIP) {
        return Ok(Box::new(BufReader::with_capacity(PIECE, MultiGzDecoder::new(raw))));
    }
    Ok(Box::new(raw))
}

/// A file's format by its name, whether `.gz` follows or not: `.csv`, `.mtx`, else an edge list.
pub fn format_of(path: &Path) -> Format {
    Format::of_name(&path.to_string_lossy())
}

/// Reads a graph. Whatever `options` say, what begins as Matrix Market is read as that.
///
/// # Errors
/// [`FileError`].
pub fn read_graph(path: &Path, options: ReadOptions) -> Result<Edges, FileError> {
    read_edges(&mut open(path)?, options, usize::MAX)
}

/// As [`read_graph`], from unpacked bytes, and at most so many edges: no more than a piece of others is read.
///
/// # Errors
/// [`FileError`].
pub fn read_edges(
    file: &mut dyn BufRead,
    options: ReadOptions,
    edges_max: usize,
) -> Result<Edges, FileError> {
    let format = Format::of_beginning(file.fill_buf()?).unwrap_or(options.format);
    let mut reader = Reader::new(ReadOptions { format, ..options });
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            return Ok(reader.finish()?);
        }
        reader.push(piece)?;
        if reader.edges() > edges_max {
            return Err(FileError::Edges(edges_max));
        }
        let length = piece.len();
        file.consume(length);
    }
}

/// Reads what each of `nodes` nodes has at stake: `node stake` a line, with spaces, tabs or a comma between; nodes that are not named have none.
///
/// # Errors
/// [`FileError`].
pub fn read_stakes(path: &Path, nodes: u32) -> Result<Vec<u64>, FileError> {
    let mut stakes = vec![None; nodes as usize];
    for (number, line) in (1..).zip(open(path)?.lines()) {
        let line = line?;
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '%']) {
            continue;
        }
        let mut words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let (node, stake) = (words.next().and_then(number_of), words.next().and_then(number_of));
        if number == 1 && node.is_none() && line.contains(',') {
            // A header.
            continue;
        }
        let slot = node.and_then(|node| stakes.get_mut(usize::try_from(node).ok()?));
        match (slot, stake, words.next()) {
            (Some(slot @ None), Some(stake), None) => *slot = Some(stake),
            _ => return Err(FileError::Stakes(number)),
        }
    }
    Ok(stakes.into_iter().map(Option::unwrap_or_default).collect())
}

fn number_of(word: &str) -> Option<u64> {
    word.parse().ok()
}
