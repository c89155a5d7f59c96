//! What is wrong with a book.

use super::{NAME_BYTES_MAX, SOURCE_BYTES_MAX};
use crate::term::LABEL_MAX;
use alloc::{boxed::Box, string::String};
use core::fmt;

/// Most characters of a line that an error shows.
const EXCERPT_CHARS_MAX: usize = 100;

/// Why a text is no book.
///
/// `Display` shows the place, the line and a caret below the character:
///
/// ```text
/// 2:13: nothing is named `@lop`: did you mean `@loop`?
///   @main = a & @lop ~ (3 a)
///               ^
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookError {
    /// The line, counted from 1.
    pub line: u32,
    /// The character in the line, counted from 1.
    pub column: u32,
    /// What is wrong.
    pub problem: Problem,
    excerpt: Box<str>,
    /// Characters of the excerpt before the caret.
    caret: usize,
}

/// What is wrong with a book's text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The text has more than [`SOURCE_BYTES_MAX`] bytes.
    TooLong,
    /// The bytes are not UTF-8.
    NotText,
    /// A name has more than [`NAME_BYTES_MAX`] bytes.
    NameTooLong,
    /// Something else should stand here.
    Expected {
        /// What should stand here.
        expected: &'static str,
        /// The character that does; `None` at the end of the text.
        found: Option<char>,
    },
    /// A bracket that nothing closes.
    Unclosed {
        /// The bracket.
        bracket: &'static str,
    },
    /// No number is written like this.
    Number {
        /// How it is written.
        text: String,
    },
    /// The number has more than 24 bits.
    NumberRange {
        /// How it is written.
        text: String,
    },
    /// A definition has a name that another has.
    DefinedTwice {
        /// The name.
        name: String,
    },
    /// Nothing has this name.
    Undefined {
        /// The name.
        name: String,
        /// A name that is much like it.
        similar: Option<String>,
    },
    /// A wire has one end.
    OneEnd {
        /// The wire.
        name: String,
    },
    /// A wire has a third end.
    ThreeEnds {
        /// The wire.
        name: String,
    },
    /// No definition is named `main`.
    NoMain,
    /// Nothing binds this variable here.
    Unbound {
        /// The variable.
        name: String,
        /// A variable here that is much like it.
        similar: Option<String>,
    },
    /// The number has more than 32 bits.
    WordRange {
        /// How it is written.
        text: String,
    },
    /// The label is greater than [`crate::term::LABEL_MAX`].
    LabelRange {
        /// How it is written.
        text: String,
    },
    /// A constructor has elsewhere another number of fields.
    Fields {
        /// The constructor.
        name: String,
        /// How many it has elsewhere.
        elsewhere: u32,
        /// How many it has here.
        here: u32,
    },
    /// A match has two arms for the same.
    TwoArms {
        /// What both are for.
        name: String,
    },
    /// The strict machine has nothing for it.
    NotANet {
        /// The definition that has it, if it is part of one.
        name: Option<String>,
        /// What it is.
        what: &'static str,
    },
    /// More than there are labels for.
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there can be.
        most: u32,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(f, "the book has more than {SOURCE_BYTES_MAX} bytes: cut it into several")
            }
            Self::NotText => f.write_str("not UTF-8 text: save the book as UTF-8"),
            Self::NameTooLong => {
                write!(f, "the name has more than {NAME_BYTES_MAX} bytes: choose a shorter one")
            }
            Self::Expected { expected, found: Some(found) } => {
                write!(f, "expected {expected}, found `{}`", found.escape_debug())
            }
            Self::Expected { expected, found: None } => {
                write!(f, "expected {expected}, found the end of the book")
            }
            Self::Unclosed { bracket } => write!(f, "nothing closes this `{bracket}`"),
            Self::Number { text } => {
                write!(f, "`{text}` is no number: write 12, +12, -12, 1.5, 0x1F, 0b11, +inf, -inf or +NaN")
            }
            Self::NumberRange { text } => {
                write!(f, "`{text}` does not fit 24 bits: 0 to 16777215, or with a sign -8388608 to +8388607")
            }
            Self::DefinedTwice { name } => {
                write!(f, "`@{name}` is defined a second time: rename one of the two")
            }
            Self::Undefined { name, similar: Some(similar) } => {
                write!(f, "nothing is named `@{name}`: did you mean `@{similar}`?")
            }
            Self::Undefined { name, similar: None } => write!(f, "nothing is named `@{name}`: define it"),
            Self::OneEnd { name } => {
                write!(
                    f,
                    "the wire `{name}` has one end: name it a second time, or write `*` for what is not used"
                )
            }
            Self::ThreeEnds { name } => {
                write!(f, "the wire `{name}` has a third end: copy with a duplicator, as in `{{a b}}`")
            }
            Self::Unbound { name, similar: Some(similar) } => {
                write!(f, "nothing binds `{name}` here: did you mean `{similar}`?")
            }
            Self::Unbound { name, similar: None } => {
                write!(
                    f,
                    "nothing binds `{name}` here: bind it, as in `λ{name}. …`, or write `@{name}` for a definition"
                )
            }
            Self::WordRange { text } => write!(f, "`{text}` does not fit 32 bits: 0 to 4294967295"),
            Self::LabelRange { text } => write!(f, "`{text}` is no label: 0 to {LABEL_MAX}"),
            Self::Fields { name, elsewhere, here } => {
                write!(
                    f,
                    "`#{name}` has {here} fields here and {elsewhere} elsewhere: give it as many everywhere"
                )
            }
            Self::TwoArms { name } => write!(f, "a second arm for `{name}`: take one of the two out"),
            Self::NotANet { name: Some(name), what } => {
                write!(f, "`@{name}` has {what}, which the strict machine has not: reduce it lazily")
            }
            Self::NotANet { name: None, what } => {
                write!(
                    f,
                    "{what} is nothing that the strict machine has: write it with functions and numbers"
                )
            }
            Self::TooMany { what, most } => write!(f, "more than {most} {what}: cut the book into several"),
            Self::NoMain => f.write_str("nothing is named `@main`: define what is to be run"),
        }
    }
}

impl BookError {
    /// The problem at this byte of the text.
    pub(crate) fn at(text: &str, byte: usize, problem: Problem) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.matches('\n').count() as u32 + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[start..].chars().count();
        let rest = text.get(start..).unwrap_or_default();
        let whole = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let skipped = (column + 20).saturating_sub(EXCERPT_CHARS_MAX);
        let excerpt: String = whole.chars().skip(skipped).take(EXCERPT_CHARS_MAX).collect();
        // A tab takes the place of one character, so that the caret stands where it should.
        let excerpt = excerpt.replace(|c: char| c.is_control(), " ");
        Self { line, column: column as u32 + 1, problem, excerpt: excerpt.into(), caret: column - skipped }
    }
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.line, self.column, self.problem)?;
        writeln!(f, "  {}", self.excerpt)?;
        write!(f, "  {:caret$}^", "", caret = self.caret)
    }
}

impl core::error::Error for BookError {}
