//! Record schemas: JSON Schema as Pydantic and schemars write it, and the records that fit it.
//!
//! A person's records and a proposer's questions meet in a [`Schema`]: it says which fields a record has and what
//! each may be. A [`Value`] is a record, or a part of one, with numbers as exact decimals, since what is computed
//! from them is the same on every machine. A schema is read once into a graph whose every place is one node, so
//! that a definition may refer to itself; what is checked is bounded by the record, never by the schema's circles.
//!
//! # How to drive it
//! ```
//! use schema::{Kind, Schema, Value};
//!
//! let schema = Schema::from_json(r#"{"type": "object", "properties": {
//!     "visits": {"type": "array", "items": {"type": "object",
//!         "properties": {"date": {"type": "string", "format": "date"}}, "required": ["date"]}}}}"#).unwrap();
//! let record = Value::from_json(r#"{"visits": [{"date": "2026-02-29"}]}"#).unwrap();
//! let violations = schema.check(&record).unwrap_err();
//! assert_eq!(violations[0].to_string(), "visits.0.date is not a date such as 2026-11-20");
//! assert_eq!(schema.field(&["visits", "*", "date"]).unwrap().kind, Kind::Date);
//!
//! let error = Schema::from_json("{\"type\": \"object\",\n \"if\": {}}").unwrap_err();
//! assert_eq!(error.to_string(), "/if (line 2, column 8): `if` is not supported; split the record into alternatives \
//!     with `oneOf`");
//! ```
//! [`Schema::coerce`] reads a row of text by the schema's types, [`Schema::complete`] puts defaults in place and is
//! what expressions look at, [`Schema::infer`] suggests a schema for records that have none.
//!
//! # Bounds
//! A schema has at most [`SCHEMA_BYTES_MAX`] bytes, [`SCHEMA_DEPTH_MAX`] levels and [`NODES_MAX`] nodes; a record
//! [`RECORD_BYTES_MAX`] bytes and [`RECORD_DEPTH_MAX`] levels. A check takes at most [`CHECK_STEPS_MAX`] steps and
//! tells at most [`VIOLATIONS_MAX`] violations. A pattern has at most [`PATTERN_BYTES_MAX`] bytes and takes time
//! linear in the text, of which it reads at most [`PATTERN_TEXT_MAX`] bytes.
//!
//! # Provided / Not provided
//! Provided: `$ref` into the text itself, `$defs`, `type`, `enum`, `const`, `properties`, `required`,
//! `additionalProperties`, `patternProperties`, `propertyNames`, `min/maxProperties`, `items`, `prefixItems`,
//! `min/maxItems`, `uniqueItems`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `multipleOf`,
//! `min/maxLength`, `pattern`, `allOf`, `anyOf`, `oneOf` with OpenAPI's `discriminator`, and the formats of
//! [`Format`] and of whole numbers (`int32`, `uint64`), which are checked. Annotations are passed over. Not provided, and refused with the mend: keywords that
//! change what is valid, such as `if`, `not`, `contains` and `unevaluatedProperties`; references out of the text; look-around,
//! back-references, Unicode classes and flags in patterns.
//!
//! Follows: JSON Schema 2020-12 (and draft 7's `definitions` and list of `items`), RFC 6901, RFC 8259, RFC 3339; Pydantic
//! 2's `loc` for paths.
#![no_std]

extern crate alloc;

mod budget;
mod check;
mod coerce;
mod error;
mod field;
mod format;
mod graph;
mod infer;
mod json;
mod keywords;
mod number;
mod parse;
mod pattern;
mod rules;
mod union;
mod value;

#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use check::{CHECK_STEPS_MAX, VIOLATIONS_MAX};
pub use error::{Problem, SchemaError, SchemaProblem, Violation};
pub use field::{FIELDS_DESCRIBED_MAX, Field, Kind, LEVELS_DESCRIBED_MAX};
pub use format::{Format, day, moment};
pub use json::{JsonError, JsonProblem};
pub use number::number;
pub use parse::{NODES_MAX, SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX};
pub use pattern::{PATTERN_BYTES_MAX, PATTERN_TEXT_MAX, Pattern};
pub use rust_decimal::Decimal;
pub use value::{RECORD_BYTES_MAX, RECORD_DEPTH_MAX, Value};

use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;
use rules::{Rule, Rules, Types};

/// A record schema, read and checked. Cheap to clone.
#[derive(Clone)]
pub struct Schema {
    text: Arc<str>,
    rules: Arc<Rules>,
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`SchemaError`] where the text is not a schema that this crate knows to check, or goes beyond the bounds.
    pub fn from_json(text: &str) -> Result<Self, SchemaError> {
        Ok(Self { text: text.into(), rules: Arc::new(parse::parse(text, SCHEMA_BYTES_MAX)?) })
    }

    /// The text it was read from, byte for byte.
    pub fn to_json(&self) -> &str {
        &self.text
    }

    /// The title at its top.
    pub fn title(&self) -> Option<&str> {
        self.rules.get(0).title.as_deref()
    }

    /// Whether a record fits.
    ///
    /// # Errors
    /// Every [`Violation`], up to [`VIOLATIONS_MAX`].
    pub fn check(&self, record: &Value) -> Result<(), Vec<Violation>> {
        self.check_within(record, &Budget::endless())
    }

    /// [`Schema::check`], as one of many things that a budget is for. A record that it does not last for does not fit.
    ///
    /// # Errors
    /// As [`Schema::check`].
    pub fn check_within(&self, record: &Value, budget: &Budget) -> Result<(), Vec<Violation>> {
        let violations = check::Check::violations(&self.rules, record, budget);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    /// A flat text record, such as a row of CSV, read by the schema's types: the first reading that fits is taken.
    /// What fits no reading stays text, for [`Schema::check`] to tell. A field without text is left out, or null
    /// where the schema requires it and allows that. A name with dots reaches into objects.
    ///
    /// ```
    /// let schema = schema::Schema::from_json(r#"{"properties": {
    ///     "age": {"type": "integer"}, "home": {"properties": {"zip": {"type": "string"}}}}}"#).unwrap();
    /// let record = schema.coerce(&[("age", Some("42")), ("home.zip", Some("0815"))]);
    /// assert_eq!(record.to_json(), r#"{"age":42,"home":{"zip":"0815"}}"#);
    /// ```
    pub fn coerce(&self, fields: &[(&str, Option<&str>)]) -> Value {
        self.coerce_within(fields, &Budget::endless())
    }

    /// [`Schema::coerce`], as one of many things that a budget is for. Once that is spent, a field has its first reading.
    pub fn coerce_within(&self, fields: &[(&str, Option<&str>)], budget: &Budget) -> Value {
        coerce::coerce(&self.rules, fields, budget)
    }

    /// The record as computations see it: defaults in place of missing fields, and numbers where the schema allows
    /// a number or the same as text (Pydantic's `Decimal`); there a text that is no number is null.
    pub fn complete(&self, record: &Value) -> Value {
        self.complete_within(record, &Budget::endless())
    }

    /// [`Schema::complete`], as one of many things that a budget is for. Once that is spent, the record stays as it is.
    pub fn complete_within(&self, record: &Value, budget: &Budget) -> Value {
        coerce::complete(&self.rules, record, budget)
    }

    /// What the schema says about a field, by its path: names of fields, positions of items or `*` for any item.
    /// `None` where it says nothing. The empty path is the record.
    pub fn field(&self, path: &[&str]) -> Option<Field> {
        if path.len() > RECORD_DEPTH_MAX {
            return None;
        }
        field::Describe::new(&self.rules).path(0, path)
    }

    /// A schema that all these records fit: fields that all have are required, and text that always reads as a
    /// date is one.
    pub fn infer(records: &[Value]) -> Self {
        Self::inferred(infer::of_values(records.iter()))
    }

    /// A schema for a table of text: each column's name and cells. It is made for [`Schema::coerce`], whose records
    /// all fit.
    pub fn infer_table<'a>(columns: impl IntoIterator<Item = (&'a str, Vec<Option<&'a str>>)>) -> Self {
        Self::inferred(infer::of_texts(columns.into_iter()))
    }

    fn inferred(text: String) -> Self {
        match parse::parse(&text, infer::INFERRED_BYTES_MAX) {
            Ok(rules) => Self { text: text.into(), rules: Arc::new(rules) },
            // More fields than a schema holds: any object is a record.
            Err(_) => {
                let object = Rule { types: Types::OBJECT, ..Rule::default() };
                let rules = Rules { nodes: alloc::vec![object] };
                Self { text: r#"{"type":"object"}"#.into(), rules: Arc::new(rules) }
            }
        }
    }
}

impl PartialEq for Schema {
    /// Schemas are the same where their texts are.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Schema {}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.text).finish()
    }
}
