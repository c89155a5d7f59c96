//! One value of a record.

use crate::json::{self, JsonError, JsonProblem, Node, Tree};
use crate::number::number;
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::{self, Write};
use rust_decimal::Decimal;

/// Most bytes of one record's JSON text.
pub const RECORD_BYTES_MAX: usize = 256 * 1024;
/// Most levels of lists and objects in a record.
pub const RECORD_DEPTH_MAX: usize = 32;

/// A JSON value whose numbers are exact decimals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// No value: JSON's `null`, an empty cell.
    Null,
    /// True or false.
    Bool(bool),
    /// A number of at most 28 significant digits.
    Number(Decimal),
    /// Text. Dates and times are text as well, see [`crate::Kind`].
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object: fields by name.
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// Reads JSON (RFC 8259). A fraction is kept to 28 digits, as [`crate::number`] says.
    ///
    /// # Errors
    /// [`JsonError`] where the text is not JSON, goes beyond [`RECORD_BYTES_MAX`] or [`RECORD_DEPTH_MAX`], names
    /// a field twice or has a number that no decimal holds.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let tree = json::parse(text, RECORD_BYTES_MAX, RECORD_DEPTH_MAX)?;
        Self::of(&tree).map_err(|(at, problem)| {
            let (line, column) = json::place(text, at);
            JsonError { line, column, problem }
        })
    }

    pub(crate) fn of(tree: &Tree<'_>) -> Result<Self, (usize, JsonProblem)> {
        Ok(match &tree.node {
            Node::Null => Self::Null,
            Node::Bool(value) => Self::Bool(*value),
            Node::Number(text) => match number(text) {
                Some(value) => Self::Number(value),
                None => return Err((tree.at, JsonProblem::Number { text: text.chars().take(40).collect() })),
            },
            Node::Text(text) => Self::Text(text.clone()),
            Node::List(parts) => Self::List(parts.iter().map(Self::of).collect::<Result<_, _>>()?),
            Node::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(name, part)| Ok((name.clone(), Self::of(part)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }

    /// The value as compact JSON, fields ordered by name. What it writes, [`Value::from_json`] reads.
    pub fn to_json(&self) -> String {
        self.to_string()
    }

    /// The value at the end of a path of field names, and of positions in lists.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        let Some((step, rest)) = path.split_first() else { return Some(self) };
        match self {
            Self::Object(fields) => fields.get(*step)?.at(rest),
            Self::List(items) => items.get(step.parse::<usize>().ok()?)?.at(rest),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    /// Compact JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => quote(f, text),
            Self::List(items) => {
                f.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        f.write_char(',')?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_char(']')
            }
            Self::Object(fields) => {
                f.write_char('{')?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    if at > 0 {
                        f.write_char(',')?;
                    }
                    quote(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

/// `text` as a JSON string.
pub(crate) fn quote(f: &mut impl Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}
