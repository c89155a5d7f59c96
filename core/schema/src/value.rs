//! One value of a record.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use rust_decimal::Decimal;

/// A JSON value whose numbers are exact decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value: JSON's `null`, an empty cell.
    Null,
    /// True or false.
    Bool(bool),
    /// A number of at most 28 significant digits.
    Number(Decimal),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object: fields by name.
    Object(BTreeMap<String, Value>),
}
