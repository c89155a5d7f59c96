//! A light node's private records: reading them from files, and looking at them.
//!
//! A [`Dataset`] is a named table of text cells, some of them empty. Text is kept as it was written,
//! since numbers are to be read exactly, at as many decimals as a computation asks for. Nothing in here
//! leaves the node; what does is made from a column by the aggregation.
//!
//! ```
//! let csv = b"species,mass\nAdelie,3750\nGentoo,\n";
//! let penguins = vault::Dataset::from_csv("penguins", csv).unwrap();
//! assert_eq!(penguins.column("mass").unwrap().collect::<Vec<_>>(), [Some("3750"), None]);
//!
//! let error = vault::Dataset::from_csv("penguins", b"species,mass\nAdelie\n").unwrap_err();
//! assert_eq!(error.to_string(), "row 1 (line 2) ends after 1 of 2 columns: `mass` is missing");
//! ```
//!
//! # Bounds
//! A file has at most [`IMPORT_BYTES_MAX`] bytes, a table [`FIELDS_MAX`] fields and [`ROWS_MAX`] rows.
//!
//! # Provided / Not provided
//! Provided: reading CSV with a header (RFC 4180) and JSON as an array of flat objects or one object a
//! line; errors that name row, column and field. Not provided: types beyond what a column's text looks
//! like, nested records, encryption at rest.
#![no_std]

extern crate alloc;

mod csv;
mod json;
#[cfg(test)]
mod tests;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::Wire;
use core::fmt;

/// Most bytes of a file that is imported.
pub const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most fields of a table.
pub const FIELDS_MAX: usize = 256;
/// Most rows of a table.
pub const ROWS_MAX: usize = 1_000_000;
/// Most cells of a table, rows times fields. With [`IMPORT_BYTES_MAX`] it keeps a table storable.
pub const CELLS_MAX: usize = 2_000_000;
/// Longest name of a table or field, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// A named table of private records.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Dataset {
    name: String,
    fields: Vec<String>,
    /// Cells row by row; as many a row as there are fields.
    cells: Vec<Option<String>>,
}

impl Wire for Dataset {
    const BYTES_MAX: usize = 32 * 1024 * 1024;
}

/// What a field looks like, for a person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldView {
    /// Its name.
    pub name: String,
    /// Whether every cell that is not empty reads as a decimal number.
    pub numeric: bool,
    /// How many cells are empty.
    pub missing: usize,
}

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
        /// `fields`, `rows` or `cells`.
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
    /// A JSON record's field holds an object or array.
    Nested {
        /// Row.
        row: usize,
        /// The field.
        field: String,
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
            Self::TooMany { what, max } => write!(f, "more than {max} {what}; split the file"),
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
            Self::Nested { row, field } => {
                write!(
                    f,
                    "record {row}, field `{field}`: holds an object or list; only plain values are read"
                )
            }
        }
    }
}

impl core::error::Error for ImportError {}

impl Dataset {
    /// Reads a file as JSON where it begins with `[` or `{`, else as CSV.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_file(name: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        match bytes.trim_ascii_start().first() {
            None => Err(ImportError::Empty),
            Some(b'[' | b'{') => Self::from_json(name, bytes),
            Some(0) => Err(ImportError::UnknownFormat),
            Some(_) => Self::from_csv(name, bytes),
        }
    }

    /// Reads CSV (RFC 4180) whose first line names the fields. Empty cells and `NA` are missing values.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_csv(name: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        check_file(name, bytes)?;
        csv::read(name, bytes)
    }

    /// Reads JSON: an array of flat objects, or one object a line. A field that a record lacks, or that
    /// is `null`, is a missing value.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_json(name: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        check_file(name, bytes)?;
        json::read(name, bytes)
    }

    fn new(name: &str, fields: Vec<String>) -> Result<Self, ImportError> {
        if fields.len() > FIELDS_MAX {
            return Err(ImportError::TooMany { what: "fields", max: FIELDS_MAX });
        }
        for (at, field) in fields.iter().enumerate() {
            let problem = if !is_name(field) {
                "has no usable name (1 to 64 printable characters)"
            } else if fields[..at].contains(field) {
                "has the name of an earlier one"
            } else {
                continue;
            };
            return Err(ImportError::Field { column: at + 1, problem });
        }
        Ok(Self { name: name.trim().to_string(), fields, cells: Vec::new() })
    }

    fn push_row(&mut self, row: impl IntoIterator<Item = Option<String>>) -> Result<(), ImportError> {
        if self.rows() >= ROWS_MAX {
            return Err(ImportError::TooMany { what: "rows", max: ROWS_MAX });
        }
        if self.cells.len() + self.fields.len() > CELLS_MAX {
            return Err(ImportError::TooMany { what: "cells", max: CELLS_MAX });
        }
        self.cells.extend(row);
        Ok(())
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields' names.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.cells.len().checked_div(self.fields.len()).unwrap_or(0)
    }

    /// One row's cells.
    pub fn row(&self, at: usize) -> Option<&[Option<String>]> {
        self.cells.chunks_exact(self.fields.len().max(1)).nth(at)
    }

    /// A field's cells, row by row.
    pub fn column(&self, field: &str) -> Option<impl Iterator<Item = Option<&str>>> {
        let at = self.fields.iter().position(|name| name == field)?;
        Some(self.cells.iter().skip(at).step_by(self.fields.len()).map(Option::as_deref))
    }

    /// What each field looks like.
    pub fn describe(&self) -> Vec<FieldView> {
        let view = |name: &String| {
            let (mut numeric, mut missing) = (true, 0);
            for cell in self.column(name).into_iter().flatten() {
                match cell {
                    None => missing += 1,
                    Some(text) => numeric &= looks_numeric(text),
                }
            }
            FieldView { name: name.clone(), numeric: numeric && missing < self.rows(), missing }
        };
        self.fields.iter().map(view).collect()
    }

    /// Splits the table's rows into `parts` tables of the same name, in turn.
    pub fn split(&self, parts: usize) -> Vec<Self> {
        let empty = Self { name: self.name.clone(), fields: self.fields.clone(), cells: Vec::new() };
        let mut split = alloc::vec![empty; parts];
        for (at, row) in self.cells.chunks_exact(self.fields.len().max(1)).enumerate() {
            if let Some(part) = at.checked_rem(parts).and_then(|at| split.get_mut(at)) {
                part.cells.extend_from_slice(row);
            }
        }
        split
    }
}

fn check_file(name: &str, bytes: &[u8]) -> Result<(), ImportError> {
    if !is_name(name) {
        return Err(ImportError::Name);
    }
    if bytes.len() > IMPORT_BYTES_MAX {
        return Err(ImportError::TooLarge { len: bytes.len() });
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control)
}

fn looks_numeric(text: &str) -> bool {
    let text = text.trim();
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
}

/// A cell's text, `None` where it stands for no value.
fn cell(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text != "NA").then(|| text.to_string())
}
