//! What is wrong with a schema, and with a record.

use crate::json::JsonProblem;
use alloc::string::String;
use core::fmt;

/// Why a text is not taken as a schema, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    /// The part of the schema, as a JSON pointer (RFC 6901); empty for the whole.
    pub path: String,
    /// Line of the text, from 1.
    pub line: u32,
    /// Character of the line, from 1.
    pub column: u32,
    /// What is wrong there, and the mend.
    pub problem: SchemaProblem,
}

/// What is wrong with a part of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaProblem {
    /// The text is not JSON, or goes beyond what is read.
    Json(JsonProblem),
    /// A keyword's value is of the wrong kind.
    Kind {
        /// What it has to be.
        expected: &'static str,
    },
    /// A type that JSON Schema does not know.
    Type {
        /// As written.
        name: String,
    },
    /// A keyword that decides what is valid, and that is not read here.
    Unsupported {
        /// The keyword.
        keyword: String,
        /// What to write instead.
        mend: &'static str,
    },
    /// A keyword that nobody reads, and that looks like one that decides what is valid.
    Misspelt {
        /// As written.
        keyword: String,
        /// What was meant, most likely.
        meant: &'static str,
    },
    /// A `$ref` leads nowhere, or out of this text.
    Reference {
        /// As written.
        target: String,
    },
    /// References, or references and unions, lead in a circle without a field or item in between.
    Endless,
    /// References and unions follow each other too often.
    TooIndirect {
        /// In a row at most.
        max: usize,
    },
    /// A pattern that is not read.
    Pattern {
        /// The reader's words.
        detail: String,
    },
    /// Two bounds contradict each other, so no value fits.
    Impossible {
        /// The lower one.
        lower: &'static str,
        /// The upper one.
        upper: &'static str,
    },
    /// More parts than are read.
    TooMany {
        /// Parts at most.
        max: usize,
    },
    /// The whole does not describe an object.
    NotARecord,
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(problem) => write!(f, "{problem}"),
            Self::Kind { expected } => write!(f, "expected {expected}"),
            Self::Type { name } => write!(
                f,
                "there is no type `{name}`; the types are object, array, string, number, integer, boolean and null"
            ),
            Self::Unsupported { keyword, mend } => write!(f, "`{keyword}` is not supported; {mend}"),
            Self::Misspelt { keyword, meant } => {
                write!(f, "`{keyword}` is no keyword; did you mean `{meant}`?")
            }
            Self::Reference { target } => write!(
                f,
                "`{target}` is not in this schema; put the definition under `$defs` and refer to it as `#/$defs/NAME`"
            ),
            Self::Endless => f.write_str(
                "refers to itself with no field or item in between; let a property or `items` refer instead",
            ),
            Self::TooIndirect { max } => {
                write!(f, "more than {max} references and unions in a row; refer to the definition directly")
            }
            Self::Pattern { detail } => write!(f, "the pattern is not read: {detail}"),
            Self::Impossible { lower, upper } => {
                write!(f, "no value fits: `{lower}` is above `{upper}`; exchange them")
            }
            Self::TooMany { max } => {
                write!(f, "more than {max} parts; leave out fields that no computation reads")
            }
            Self::NotARecord => {
                f.write_str("a record is an object: give `\"type\": \"object\"` and `properties` at the top")
            }
        }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the schema" } else { &self.path };
        write!(f, "{path} (line {}, column {}): {}", self.line, self.column, self.problem)
    }
}

impl core::error::Error for SchemaError {}

/// One way in which a record does not fit its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The value, as Pydantic's `loc` with dots: `visits.0.date`; empty for the whole record. As there, a union
    /// adds a step that names the member.
    pub path: String,
    /// What is wrong with it, and the mend.
    pub problem: Problem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A required field is not there.
    Missing,
    /// A field that the schema does not know and does not allow.
    Unknown,
    /// A value of another type.
    Type {
        /// What was expected, in words.
        expected: String,
        /// What is there, in words.
        found: &'static str,
    },
    /// None of the values that are allowed.
    NotListed {
        /// The allowed ones, or the first of them.
        allowed: String,
    },
    /// A number below the bound.
    TooSmall {
        /// The bound, in words.
        bound: String,
    },
    /// A number above the bound.
    TooLarge {
        /// The bound, in words.
        bound: String,
    },
    /// A number that is no multiple.
    NotMultiple {
        /// Of what.
        of: String,
    },
    /// A text, list or object with fewer characters, items or fields than asked for.
    TooShort {
        /// At least.
        min: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A text, list or object with more characters, items or fields than allowed.
    TooLong {
        /// At most.
        max: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A text that does not match.
    Pattern {
        /// The regular expression.
        pattern: String,
    },
    /// A text that is not of its format.
    Format {
        /// What was expected, with an example.
        expected: &'static str,
    },
    /// A list has an item twice.
    Twice {
        /// Position of the second one, from 0.
        at: usize,
    },
    /// The field that tells which member of a union this is names none of them, or is not there.
    Tag {
        /// The field.
        field: String,
        /// What it may be.
        allowed: String,
    },
    /// Fits several members of a `oneOf`.
    Several,
    /// The schema allows no value here.
    Never,
    /// Nested more deeply than is looked at.
    TooDeep,
    /// Looking at the whole record takes more steps than are spent on one.
    TooMuch,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing; give it a value"),
            Self::Unknown => f.write_str("is not in the schema; remove it"),
            Self::Type { expected, found } => write!(f, "is {found}; expected {expected}"),
            Self::NotListed { allowed } => write!(f, "is not one of {allowed}"),
            Self::TooSmall { bound } => write!(f, "is too small; it must be {bound}"),
            Self::TooLarge { bound } => write!(f, "is too large; it must be {bound}"),
            Self::NotMultiple { of } => write!(f, "is not a multiple of {of}"),
            Self::TooShort { min, unit } => write!(f, "is too short; it must have at least {min} {unit}"),
            Self::TooLong { max, unit } => write!(f, "is too long; it must have at most {max} {unit}"),
            Self::Pattern { pattern } => write!(f, "does not match {pattern}"),
            Self::Format { expected } => write!(f, "is not {expected}"),
            Self::Twice { at } => write!(f, "has an item twice, again at {at}; leave it out"),
            Self::Tag { field, allowed } => write!(f, "needs the field `{field}` to be one of {allowed}"),
            Self::Several => f.write_str("fits more than one of the alternatives; exactly one is allowed"),
            Self::Never => f.write_str("is not allowed here; remove it"),
            Self::TooDeep => f.write_str("is nested too deeply; flatten it"),
            Self::TooMuch => f.write_str("takes too long to check; make the record smaller"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the record" } else { &self.path };
        write!(f, "{path} {}", self.problem)
    }
}

impl core::error::Error for Violation {}
