//! Why a file is not imported, or an edit not made.

use crate::{FIELDS_MAX, IMPORT_BYTES_MAX, NAME_CHARS_MAX};
use alloc::string::String;
use core::fmt;

/// Why a file is not imported. Rows and columns count from 1; a row is a record, without the header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// The table's name is empty, too long, or has control characters.
    Name,
    /// The file is over [`IMPORT_BYTES_MAX`].
    TooLarge {
        /// Bytes given.
        len: usize,
    },
    /// The file has no records.
    Empty,
    /// The file is neither: it begins with something else.
    UnknownFormat,
    /// A column's name is empty, too long, or there twice.
    Field {
        /// Column.
        column: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// More than [`FIELDS_MAX`] fields, [`ROWS_MAX`] rows or [`CELLS_MAX`] cells.
    TooMany {
        /// `fields`, `rows`, `cells`, `values`, `bytes` or `bytes in a record`.
        what: &'static str,
        /// Allowed.
        max: usize,
    },
    /// A row has fewer cells than the header.
    ShortRow {
        /// Row.
        row: usize,
        /// Line of the file.
        line: u64,
        /// Cells found.
        found: usize,
        /// Cells expected.
        expected: usize,
        /// The first field that is missing.
        field: String,
    },
    /// A row has more cells than the header.
    LongRow {
        /// Row.
        row: usize,
        /// Line of the file.
        line: u64,
        /// Cells found.
        found: usize,
        /// Cells expected.
        expected: usize,
    },
    /// A cell is not UTF-8.
    NotText {
        /// Row; 0 for the header.
        row: usize,
        /// Column.
        column: usize,
        /// The field, where the header could be read.
        field: String,
    },
    /// The text is not JSON, or not an array of objects.
    Json {
        /// The record that is being read, 0 where none is.
        row: usize,
        /// The reader's words, with line and column.
        detail: String,
    },
    /// The schema is longer than one that is given may be.
    Schema {
        /// Bytes of its text.
        len: usize,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "the name must have 1 to {NAME_CHARS_MAX} characters, all printable"),
            Self::TooLarge { len } => write!(
                f,
                "the file has {} MiB, and at most {} are read; split it",
                len.div_ceil(1024 * 1024),
                IMPORT_BYTES_MAX / 1024 / 1024
            ),
            Self::Empty => f.write_str("the file has no records"),
            Self::UnknownFormat => f.write_str(
                "neither CSV with a header line, nor JSON: an array of objects, or one object a line",
            ),
            Self::Field { column, problem } => write!(f, "column {column} of the header {problem}"),
            Self::TooMany { what, max } => write!(f, "more than {max} {what}; split it into several"),
            Self::ShortRow { row, line, found, expected, field } => {
                write!(
                    f,
                    "row {row} (line {line}) ends after {found} of {expected} columns: `{field}` is missing"
                )
            }
            Self::LongRow { row, line, found, expected } => write!(
                f,
                "row {row} (line {line}) has {found} columns, and the header {expected}; quote a value that has a comma in it"
            ),
            Self::NotText { row: 0, column, .. } => {
                write!(f, "column {column} of the header is not UTF-8 text; save the file as UTF-8")
            }
            Self::NotText { row, column, field } => {
                write!(f, "row {row}, column {column} (`{field}`) is not UTF-8 text; save the file as UTF-8")
            }
            Self::Json { row: 0, detail } => write!(f, "not JSON records: {detail}"),
            Self::Json { row, detail } => write!(f, "record {row}: {detail}"),
            Self::Schema { len } => write!(
                f,
                "the schema has {len} bytes, and at most {} are kept; leave out fields that no computation reads",
                schema::SCHEMA_BYTES_MAX
            ),
        }
    }
}

impl core::error::Error for ImportError {}

/// Why records are not edited. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// There is no such row.
    Row {
        /// The row asked for, from 0.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A record is an object, and this is not.
    NotAnObject,
    /// A record goes beyond what is kept of one.
    Record {
        /// The reader's words.
        detail: String,
    },
    /// A field's name is empty, too long or has control characters.
    Field {
        /// The name.
        name: String,
    },
    /// The records would be more, or larger, than are kept.
    TooMany {
        /// `fields`, `rows`, `cells`, `values`, `bytes` or `bytes in a record`.
        what: &'static str,
        /// Allowed.
        max: usize,
    },
    /// The schema is longer than one that is given may be.
    Schema {
        /// Bytes of its text.
        len: usize,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { row, rows } => {
                write!(f, "there is no row {}: there are {rows}", row.saturating_add(1))
            }
            Self::NotAnObject => f.write_str("a record is an object, with a value for each field"),
            Self::Record { detail } => write!(f, "the record: {detail}"),
            Self::Field { name } => {
                write!(f, "`{name}` is no name of a field: 1 to {NAME_CHARS_MAX} characters, all printable")
            }
            Self::TooMany { what: "fields", .. } => {
                write!(f, "a record has at most {FIELDS_MAX} fields; leave some out")
            }
            Self::TooMany { what, max } => write!(f, "more than {max} {what}; remove records first"),
            Self::Schema { len } => ImportError::Schema { len: *len }.fmt(f),
        }
    }
}

impl core::error::Error for EditError {}
