//! Why a query is refused.

use crate::{BITS_MAX, Kind, fixed};
use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;
use expr::{ExprError, Type};

/// A query is refused: where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// The place in the query, such as `query.value.expr` or `query.edges.3` (places in lists count from 0).
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a query. Each says how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The expression does not compile against the schema.
    Expression(Box<ExprError>),
    /// The expression gives no number, where one is needed.
    NoNumber {
        /// The expression.
        source: String,
        /// What it gives.
        found: Type,
        /// What needs a number.
        kind: Kind,
    },
    /// The expression is not true or false of a record.
    NoCondition {
        /// The expression.
        source: String,
        /// What it gives.
        found: Type,
    },
    /// The expression does not name one category.
    NoCategory {
        /// The expression.
        source: String,
        /// What it gives.
        found: Type,
    },
    /// Not a decimal number, or too large a one.
    Number {
        /// As given.
        text: String,
        /// What is wrong with it.
        error: fixed::ParseError,
    },
    /// A number with more decimals than count.
    TooFine {
        /// As given.
        text: String,
        /// The decimals that count.
        decimals: u8,
    },
    /// A number so large that its units are not exact in every JSON reader.
    TooFar {
        /// As given.
        text: String,
    },
    /// No value lies between the bounds.
    EmptyRange,
    /// A number of things outside what is accepted.
    Amount {
        /// How many are given.
        given: u64,
        /// The least accepted.
        min: u64,
        /// The most accepted.
        max: u64,
    },
    /// An edge that is not larger than the one before.
    NotAscending {
        /// As given.
        text: String,
    },
    /// Given twice.
    Repeated {
        /// As given.
        text: String,
    },
    /// A number outside a range.
    Outside {
        /// As given.
        text: String,
        /// The least accepted.
        min: String,
        /// The most accepted.
        max: String,
    },
    /// A category that no record of this schema can have.
    NoSuchCategory {
        /// As given.
        category: String,
        /// What the schema allows.
        allowed: Vec<String>,
    },
    /// A category that is too long, or not plain text.
    Unprintable,
    /// A node's figures could need more bits than a scheme carries.
    TooWide {
        /// The bits needed.
        bits: u8,
    },
}

impl QueryError {
    /// The place in the expression at which it fails, in characters from 0, where it is an expression
    /// that fails.
    pub const fn position(&self) -> Option<usize> {
        match &self.problem {
            Problem::Expression(error) => Some(error.position as usize),
            _ => None,
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.problem)
    }
}

impl core::error::Error for QueryError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expression(error) => write!(f, "{error}"),
            Self::NoNumber { source, found, kind } => {
                write!(f, "`{source}` is {}, and a {kind} needs a number", called(found))?;
                match found {
                    Type::Bool => write!(f, "; write `({source}) ? 1 : 0` to count where it is true"),
                    Type::Text => f.write_str("; to count texts, ask for a group by it with its categories"),
                    Type::List(_) => write!(f, "; `size({source})` is a number"),
                    Type::Any => write!(f, "; say in the schema what it is, or write `number({source})`"),
                    _ => f.write_str("; name a field or an expression that is one"),
                }
            }
            Self::NoCondition { source, found } => {
                write!(
                    f,
                    "`{source}` is {}, and a condition is true or false; compare it with something",
                    called(found)
                )
            }
            Self::NoCategory { source, found } => write!(
                f,
                "`{source}` is {}, and a category is a text, a number, or true or false; name one field",
                called(found)
            ),
            Self::Number { text, error } => write!(f, "`{text}`: {error}"),
            Self::TooFine { text, decimals } => {
                write!(
                    f,
                    "`{text}` is finer than the {decimals} decimals that count; raise `decimals` or round it"
                )
            }
            Self::TooFar { text } => {
                write!(f, "`{text}` lies outside ±(2^53 − 1) units; use fewer `decimals`")
            }
            Self::EmptyRange => f.write_str("the range is empty: `upper` must be larger than `lower`"),
            Self::Amount { given, min, max } => write!(f, "{given} given, where {min} to {max} are accepted"),
            Self::NotAscending { text } => {
                write!(f, "`{text}` is not larger than the edge before; put the edges in ascending order")
            }
            Self::Repeated { text } => write!(f, "`{text}` is given twice; leave one out"),
            Self::Outside { text, min, max } => write!(f, "`{text}` does not lie within {min} to {max}"),
            Self::NoSuchCategory { category, allowed } => {
                write!(f, "no record can have `{category}`; the schema allows ")?;
                for (at, one) in allowed.iter().take(SHOWN).enumerate() {
                    write!(f, "{}`{one}`", if at == 0 { "" } else { ", " })?;
                }
                if allowed.len() > SHOWN {
                    write!(f, " and {} more", allowed.len() - SHOWN)?;
                }
                Ok(())
            }
            Self::Unprintable => {
                f.write_str("a category is plain text on one line, of at most 200 characters")
            }
            Self::TooWide { bits } => write!(
                f,
                "a node's figures could need {bits} bits, where {BITS_MAX} fit: narrow the range, or lower \
                 `decimals` or `records_max`"
            ),
        }
    }
}

/// What a type is called after "is".
fn called(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "true or false",
        Type::Number => "a number",
        Type::Text => "text",
        Type::Date => "a day",
        Type::DateTime => "a moment",
        Type::Duration => "a duration",
        Type::List(_) => "a list",
        Type::Object => "an object",
        Type::Null => "always null",
        _ => "of no type that its schema says",
    }
}

/// Categories that a message shows.
const SHOWN: usize = 8;
