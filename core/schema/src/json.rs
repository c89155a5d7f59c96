//! JSON by `serde_json`, kept with the place of each part and with numbers as they are written.
//!
//! `serde_json` reads one level at a time and hands the parts over as [`RawValue`], which are slices of
//! the text: where a part begins is the distance between the two.

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use serde::{Deserialize, Deserializer, de::MapAccess, de::Visitor};
use serde_json::value::RawValue;

/// Why a text is not read as JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Line, from 1.
    pub line: u32,
    /// Character of the line, from 1.
    pub column: u32,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonProblem {
    /// It is not JSON (RFC 8259), in the reader's words.
    Syntax(String),
    /// It has more bytes than are read.
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes read at most.
        max: usize,
    },
    /// Lists and objects are nested more deeply than is read.
    TooDeep {
        /// Levels read at most.
        max: usize,
    },
    /// An object has two fields of one name, so that nobody can tell which one is meant.
    Twice {
        /// The name.
        name: String,
    },
    /// A number is beyond ±79,228,162,514,264,337,593,543,950,335.
    Number {
        /// As written.
        text: String,
    },
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(detail) => write!(f, "not JSON: {detail}"),
            Self::TooLong { len, max } => write!(f, "{len} bytes, and at most {max} are read; shorten it"),
            Self::TooDeep { max } => write!(f, "nested more than {max} levels deep; flatten it"),
            Self::Twice { name } => write!(f, "the field `{name}` is there twice; leave one out"),
            Self::Number { text } => {
                write!(f, "the number {text} is beyond the 28 digits that are kept exactly; write it as text")
            }
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

impl core::error::Error for JsonError {}

/// A part of a JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Tree<'a> {
    /// The byte at which it begins.
    pub(crate) at: usize,
    pub(crate) node: Node<'a>,
}

/// What the part is.
#[derive(Debug, Clone)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    /// As written.
    Number(&'a str),
    Text(String),
    List(Vec<Tree<'a>>),
    /// In the order of the text.
    Object(Vec<(String, Tree<'a>)>),
}

/// Line and column of a byte, both from 1; the column counts characters.
pub(crate) fn place(text: &str, at: usize) -> (u32, u32) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

/// Reads `text`, of at most `bytes_max` bytes and `depth_max` levels.
pub(crate) fn parse(text: &str, bytes_max: usize, depth_max: usize) -> Result<Tree<'_>, JsonError> {
    let error = |(at, problem)| {
        let (line, column) = place(text, at);
        JsonError { line, column, problem }
    };
    if text.len() > bytes_max {
        return Err(error((0, JsonProblem::TooLong { len: text.len(), max: bytes_max })));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|wrong| error(syntax(text, 0, &wrong)))?;
    Reader { text, depth_max }.tree(raw.get(), 0).map_err(error)
}

type Wrong = (usize, JsonProblem);

/// The reader's error in `part`, which begins at byte `at` of the whole.
fn syntax(part: &str, at: usize, error: &serde_json::Error) -> Wrong {
    let line_start: usize =
        part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    (at + line_start + error.column().saturating_sub(1), JsonProblem::Syntax(words.to_string()))
}

struct Reader<'a> {
    text: &'a str,
    depth_max: usize,
}

impl<'a> Reader<'a> {
    fn tree(&self, raw: &'a str, depth: usize) -> Result<Tree<'a>, Wrong> {
        let at = raw.as_ptr().addr() - self.text.as_ptr().addr();
        let wrong = |error: serde_json::Error| syntax(raw, at, &error);
        let node = match raw.as_bytes().first() {
            Some(b'n') => Node::Null,
            Some(b't') => Node::Bool(true),
            Some(b'f') => Node::Bool(false),
            Some(b'"') => Node::Text(serde_json::from_str(raw).map_err(wrong)?),
            Some(b'[' | b'{') if depth >= self.depth_max => {
                return Err((at, JsonProblem::TooDeep { max: self.depth_max }));
            }
            Some(b'[') => {
                let parts: Vec<&'a RawValue> = serde_json::from_str(raw).map_err(wrong)?;
                let parts = parts.into_iter().map(|part| self.tree(part.get(), depth + 1));
                Node::List(parts.collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let fields: Fields<'a> = serde_json::from_str(raw).map_err(wrong)?;
                let mut seen = BTreeSet::new();
                for (name, part) in &fields.0 {
                    if !seen.insert(name.as_ref()) {
                        let at = part.get().as_ptr().addr() - self.text.as_ptr().addr();
                        return Err((at, JsonProblem::Twice { name: name.to_string() }));
                    }
                }
                let fields = fields.0.into_iter();
                let fields =
                    fields.map(|(name, part)| Ok((name.into_owned(), self.tree(part.get(), depth + 1)?)));
                Node::Object(fields.collect::<Result<_, Wrong>>()?)
            }
            _ => Node::Number(raw),
        };
        Ok(Tree { at, node })
    }
}

/// An object's fields in the order of the text, each value unread.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
