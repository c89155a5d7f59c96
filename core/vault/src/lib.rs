//! A light node's private records: reading them from files, checking them, looking at them, changing them.
//!
//! A [`Dataset`] is a named list of records. What comes as a table stays one, text cell by text cell as it was
//! written, since numbers are to be read exactly, at as many decimals as a computation asks for; what comes as
//! nested JSON, or as JSON with a schema, is kept as [`schema::Value`]s. Either has both views: rows and columns of
//! text, and records as values. A data set may have a schema of its own; a record that does not fit it is kept and shown
//! with its violations, and no computation counts it. Nothing in here leaves the node; what does is made from
//! records by the aggregation.
//!
//! ```
//! let csv = b"species,mass\nAdelie,3750\nGentoo,\n";
//! let penguins = vault::Dataset::from_csv("penguins", csv).unwrap();
//! assert_eq!(penguins.column("mass").unwrap().collect::<Vec<_>>(), [Some("3750"), None]);
//!
//! let error = vault::Dataset::from_csv("penguins", b"species,mass\nAdelie\n").unwrap_err();
//! assert_eq!(error.to_string(), "row 1 (line 2) ends after 1 of 2 columns: `mass` is missing");
//!
//! let schema = schema::Schema::from_json(r#"{"properties": {"mass": {"type": "integer", "minimum": 0}}}"#).unwrap();
//! let csv = b"species,mass\nAdelie,3750\nGentoo,heavy\n";
//! let penguins = vault::Dataset::from_file_with("penguins", csv, &schema).unwrap();
//! assert_eq!((penguins.rows(), penguins.records().len()), (2, 1));
//! let (row, violations) = penguins.violations().next().unwrap();
//! assert_eq!((row, violations[0].to_string().as_str()), (1, "mass is text; expected a whole number"));
//! ```
//!
//! # Bounds
//! A file has at most [`IMPORT_BYTES_MAX`] bytes, a table [`FIELDS_MAX`] fields and [`ROWS_MAX`] rows; a data set
//! [`CELLS_MAX`] cells and as many values, and in the store [`Dataset::BYTES_MAX`](codec::Wire::BYTES_MAX) bytes,
//! whether it is imported or edited. A record is bounded as [`schema::RECORD_BYTES_MAX`] says.
//!
//! # Provided / Not provided
//! Provided: reading CSV with a header (RFC 4180) and JSON as an array of objects or one object a line; checking
//! against a schema, or the one that the records suggest; editing; errors that name row, column and field. Not
//! provided: encryption at rest.
#![no_std]

extern crate alloc;

mod csv;
mod edit;
mod error;
mod json;
mod stored;
#[cfg(test)]
mod tests;

pub use error::{EditError, ImportError};

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use schema::{RECORD_BYTES_MAX, SCHEMA_BYTES_MAX, Schema, Value, Violation};

/// Most bytes of a file that is imported.
pub const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most fields of a table, and of a record at its top.
pub const FIELDS_MAX: usize = 256;
/// Most rows of a data set.
pub const ROWS_MAX: usize = 1_000_000;
/// Most cells of a data set, rows times fields, and most values, nested ones included. With [`IMPORT_BYTES_MAX`] it
/// keeps a data set storable.
pub const CELLS_MAX: usize = 2_000_000;
/// Longest name of a table or field, in characters.
pub const NAME_CHARS_MAX: usize = 64;

/// A named list of private records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    fields: Vec<String>,
    /// Cells row by row; as many a row as there are fields.
    cells: Vec<Option<String>>,
    /// The records, where they are more than the cells say. The cells are then a view of them.
    records: Option<Vec<Value>>,
    /// The schema that was given.
    schema: Option<Schema>,
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

    /// Reads JSON: an array of objects, or one object a line. A field that a record lacks, or that is `null`, is a
    /// missing value. Flat objects make a table; where any record holds a list or an object, all are kept as they are.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_json(name: &str, bytes: &[u8]) -> Result<Self, ImportError> {
        check_file(name, bytes)?;
        match json::read(name, bytes)? {
            Some(table) => Ok(table),
            None => Self::of_records(name, json::records(bytes)?, None),
        }
    }

    /// Reads a file whose records are to fit `schema`: CSV is read by its types, JSON as it is. A record that does
    /// not fit is kept as well, see [`Dataset::violations`].
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_file_with(name: &str, bytes: &[u8], schema: &Schema) -> Result<Self, ImportError> {
        check_schema(schema).map_err(|len| ImportError::Schema { len })?;
        match bytes.trim_ascii_start().first() {
            Some(b'[' | b'{') => {
                check_file(name, bytes)?;
                Self::of_records(name, json::records(bytes)?, Some(schema.clone()))
            }
            _ => Ok(Self { schema: Some(schema.clone()), ..Self::from_file(name, bytes)? }),
        }
    }

    /// Records from elsewhere than a file, such as a form that a person fills in; they may be none yet.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn from_records(
        name: &str,
        records: Vec<Value>,
        schema: Option<Schema>,
    ) -> Result<Self, ImportError> {
        check_file(name, &[])?;
        if let Some(schema) = &schema {
            check_schema(schema).map_err(|len| ImportError::Schema { len })?;
        }
        let stored = |(at, record)| match edit::stored(record) {
            Ok(record @ Value::Object(_)) => Ok(record),
            Ok(_) => Err(ImportError::Json { row: at + 1, detail: EditError::NotAnObject.to_string() }),
            Err(error) => Err(ImportError::Json { row: at + 1, detail: error.to_string() }),
        };
        let records = records.iter().enumerate().map(stored).collect::<Result<_, _>>()?;
        Self::of_records(name, records, schema)
    }

    fn of_records(name: &str, records: Vec<Value>, schema: Option<Schema>) -> Result<Self, ImportError> {
        let mut dataset = Self::new(name, fields_of(&records, schema.as_ref()))?;
        dataset.schema = schema;
        dataset.records = Some(records);
        dataset.show_records().map_err(|(what, max)| ImportError::TooMany { what, max })?;
        Ok(dataset)
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
        Ok(Self { name: name.trim().to_string(), fields, cells: Vec::new(), records: None, schema: None })
    }

    /// Makes the cells that show the records.
    fn show_records(&mut self) -> Result<(), (&'static str, usize)> {
        let Some(records) = &self.records else { return Ok(()) };
        self.fields = fields_of(records, self.schema.as_ref());
        let cells = records.len().saturating_mul(self.fields.len());
        let values: usize = records.iter().map(values_in).sum();
        for (what, count, max) in [
            ("fields", self.fields.len(), FIELDS_MAX),
            ("rows", records.len(), ROWS_MAX),
            ("cells", cells, CELLS_MAX),
            ("values", values, CELLS_MAX),
        ] {
            if count > max {
                return Err((what, max));
            }
        }
        if records.iter().any(|record| stored::json_len(record) > RECORD_BYTES_MAX) {
            return Err(("bytes in a record", RECORD_BYTES_MAX));
        }
        self.cells = records.iter().flat_map(|record| cells_of(record, &self.fields)).collect();
        if self.stored_bytes() > <Self as codec::Wire>::BYTES_MAX {
            return Err(("bytes", <Self as codec::Wire>::BYTES_MAX));
        }
        Ok(())
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
        match &self.records {
            Some(records) => records.len(),
            None => self.cells.len().checked_div(self.fields.len()).unwrap_or(0),
        }
    }

    /// One row's cells.
    pub fn row(&self, at: usize) -> Option<&[Option<String>]> {
        if self.fields.is_empty() {
            return (at < self.rows()).then_some(&[]);
        }
        self.cells.chunks_exact(self.fields.len()).nth(at)
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

    /// Whether it is a table of plain text, whose types are whatever reads it: without a schema, and kept as cells.
    pub fn is_plain(&self) -> bool {
        self.schema.is_none() && self.records.is_none()
    }

    /// The schema: the one that was given, else the one that the records suggest, which takes a look at all of
    /// them.
    pub fn schema(&self) -> Cow<'_, Schema> {
        match (&self.schema, &self.records) {
            (Some(schema), _) => Cow::Borrowed(schema),
            (None, Some(records)) => Cow::Owned(Schema::infer(records)),
            (None, None) => Cow::Owned(Schema::infer_table(self.fields.iter().map(|field| {
                let cells = self.column(field).into_iter().flatten().collect();
                (field.as_str(), cells)
            }))),
        }
    }

    /// The schema that was given, if any.
    pub fn given_schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// One record, as it is; a table's, as the schema reads it.
    pub fn record(&self, at: usize) -> Option<Cow<'_, Value>> {
        match &self.records {
            Some(records) => records.get(at).map(Cow::Borrowed),
            None => self.row(at).map(|cells| Cow::Owned(self.read_row(&self.schema(), cells))),
        }
    }

    fn read_row(&self, schema: &Schema, cells: &[Option<String>]) -> Value {
        let fields: Vec<(&str, Option<&str>)> =
            self.fields.iter().map(String::as_str).zip(cells.iter().map(Option::as_deref)).collect();
        schema.coerce(&fields)
    }

    /// Every record, as the schema reads it.
    fn all<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = Cow<'a, Value>> {
        let rows = (0..if self.records.is_none() { self.rows() } else { 0 }).filter_map(|at| {
            let cells = self.cells.get(at * self.fields.len()..(at + 1) * self.fields.len())?;
            Some(Cow::Owned(self.read_row(schema, cells)))
        });
        self.records.iter().flatten().map(Cow::Borrowed).chain(rows)
    }

    /// The records that fit the schema, as computations see them: with defaults in place of missing values.
    pub fn records(&self) -> Vec<Value> {
        let schema = self.schema();
        let fitting = self.all(&schema).filter(|record| schema.check(record).is_ok());
        fitting.map(|record| schema.complete(&record)).collect()
    }

    /// The rows that do not fit the schema that was given, from 0, and why.
    pub fn violations(&self) -> impl Iterator<Item = (usize, Vec<Violation>)> {
        let schema = self.schema.as_ref();
        let rows = schema.into_iter().flat_map(|schema| self.all(schema).map(|record| schema.check(&record)));
        rows.enumerate().filter_map(|(row, check)| Some((row, check.err()?)))
    }

    /// Up to `count` records from row `from` on, as they are, each with how it does not fit the schema that was given.
    pub fn look(&self, from: usize, count: usize) -> Vec<(Value, Vec<Violation>)> {
        let schema = self.schema();
        let rows = from..from.saturating_add(count).min(self.rows());
        rows.filter_map(|at| {
            let record = match &self.records {
                Some(records) => records.get(at)?.clone(),
                None => self.read_row(&schema, self.row(at)?),
            };
            let given = self.schema.as_ref();
            let violations = given.and_then(|schema| schema.check(&record).err()).unwrap_or_default();
            Some((record, violations))
        })
        .collect()
    }

    /// Splits the rows into `parts` data sets of the same name and schema, in turn.
    pub fn split(&self, parts: usize) -> Vec<Self> {
        let empty = Self {
            cells: Vec::new(),
            records: self.records.as_ref().map(|_| Vec::new()),
            name: self.name.clone(),
            fields: self.fields.clone(),
            schema: self.schema.clone(),
        };
        let mut split = vec![empty; parts];
        for at in 0..self.rows() {
            let Some(part) = at.checked_rem(parts).and_then(|at| split.get_mut(at)) else { break };
            if let (Some(records), Some(record)) =
                (&mut part.records, self.records.as_ref().and_then(|all| all.get(at)))
            {
                records.push(record.clone());
            }
            let width = self.fields.len();
            part.cells.extend_from_slice(self.cells.get(at * width..(at + 1) * width).unwrap_or_default());
        }
        // A part may lack fields that others have.
        for part in &mut split {
            if let Some(records) = &part.records {
                part.fields = fields_of(records, part.schema.as_ref());
                part.cells = records.iter().flat_map(|record| cells_of(record, &part.fields)).collect();
            }
        }
        split
    }
}

/// The names of a schema's fields, then of those that records have beside them, in order.
fn fields_of(records: &[Value], schema: Option<&Schema>) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    if let Some(schema::Kind::Object(known)) =
        schema.and_then(|schema| schema.field(&[])).map(|field| field.kind)
    {
        fields.extend(known.into_iter().map(|(name, _)| name));
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for record in records {
        if let Value::Object(values) = record {
            seen.extend(values.keys().map(String::as_str));
        }
        // So many that they are refused; no need to gather them all.
        if seen.len() > 2 * FIELDS_MAX {
            break;
        }
    }
    let more: Vec<String> = seen
        .into_iter()
        .filter(|name| fields.iter().all(|field| field != name))
        .map(str::to_string)
        .collect();
    fields.extend(more);
    fields
}

/// A record as cells: plain values as text, nested ones as JSON.
fn cells_of(record: &Value, fields: &[String]) -> Vec<Option<String>> {
    let show = |field: &String| match record.at(&[field]) {
        None | Some(Value::Null) => None,
        Some(Value::Text(text)) => cell(text),
        Some(other) => Some(other.to_json()),
    };
    fields.iter().map(show).collect()
}

/// How many values a record is made of.
fn values_in(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(values_in).sum::<usize>(),
        _ => 1,
    }
}

/// A schema that is kept is one that could have been given.
fn check_schema(schema: &Schema) -> Result<(), usize> {
    let len = schema.to_json().len();
    if len > SCHEMA_BYTES_MAX { Err(len) } else { Ok(()) }
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
