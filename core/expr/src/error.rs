//! What is wrong with an expression, and what kept one from giving a value.

use crate::{Scope, Type, print};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

/// Most characters of a line that an error shows.
const EXCERPT_CHARS_MAX: usize = 80;

/// Why a source text is no expression over the records.
///
/// `Display` shows the line and a caret below the character:
///
/// ```text
/// no field `body_mass`: did you mean `body_mass_g`?
///   body_mass > 4000
///   ^ character 0
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// The character, counted from 0, that the problem begins at; the text's length where it ended too soon.
    pub position: u32,
    /// What is wrong.
    pub problem: Problem,
    /// How to mend it, where that can be guessed.
    pub hint: Option<String>,
    /// The part of the line that is shown.
    excerpt: Box<str>,
    /// Where in it the caret stands.
    caret: u32,
}

/// What is wrong with a source text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The text has more than [`crate::SOURCE_BYTES_MAX`] bytes.
    TooLong,
    /// The text nests deeper than [`crate::DEPTH_MAX`] levels.
    TooDeep,
    /// The text has more than [`crate::NODES_MAX`] parts.
    TooMany,
    /// A record could take more than [`crate::COST_MAX`] steps.
    TooCostly {
        /// The most steps that one record could take.
        cost: u64,
    },
    /// A character that begins nothing.
    Character {
        /// That character.
        found: char,
    },
    /// Text or a name that is not closed.
    Unterminated {
        /// Which of them.
        what: &'static str,
    },
    /// A backslash before something that it does not stand before.
    Escape,
    /// Digits that are no number.
    Number,
    /// A number of more than 28 digits.
    Digits,
    /// Something else belongs here.
    Expected {
        /// What belongs here.
        expected: &'static str,
        /// What is here.
        found: String,
    },
    /// A part of CEL that is not provided.
    Unsupported {
        /// That part.
        what: &'static str,
    },
    /// A word that CEL keeps for host languages.
    Reserved {
        /// That word.
        word: String,
    },
    /// The records have no field of this name.
    NoField {
        /// The field's path.
        path: String,
    },
    /// There is no function of this name.
    NoFunction {
        /// Its name.
        name: String,
    },
    /// A function is called with what it does not take.
    Arguments {
        /// The function.
        name: String,
        /// What it takes.
        takes: String,
        /// What it is given, where that is at fault.
        given: Vec<Type>,
    },
    /// An operator stands between values that it does not combine.
    Operands {
        /// The operator.
        operator: &'static str,
        /// The type on its left.
        left: Type,
        /// The type on its right.
        right: Type,
    },
    /// A value of another type belongs here.
    Mismatch {
        /// What wants the value.
        wants: &'static str,
        /// The type that it wants.
        expected: Type,
        /// The type that is here.
        found: Type,
    },
    /// The field is never this value: it is not among those that the schema lists.
    NoChoice {
        /// The field's path.
        path: String,
        /// The value.
        value: String,
    },
    /// A value written out cannot be read: a date, a duration, a pattern.
    Literal {
        /// What it should be.
        what: &'static str,
        /// What it is.
        text: String,
    },
    /// A pattern that cannot be read.
    Pattern {
        /// What is wrong with it.
        detail: String,
    },
    /// A divisor that is always zero.
    ZeroDivisor,
    /// An aggregate where one record is looked at, or within another aggregate.
    Aggregate {
        /// Its name.
        name: String,
        /// What is being written.
        scope: Scope,
    },
    /// A field of one record where all of a person's records are looked at.
    Unaggregated {
        /// The field's path.
        path: String,
    },
    /// A window where there is no aggregate that it could narrow.
    Window,
}

/// A problem found before the source text is at hand to show, boxed: it is what every step of reading may give.
pub(crate) type Hinted = Box<Unplaced>;

/// A problem, the byte it begins at, and a hint.
pub(crate) struct Unplaced {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
    pub(crate) hint: Option<String>,
}

pub(crate) fn fail<T>(at: usize, problem: Problem, hint: Option<String>) -> Result<T, Hinted> {
    Err(Box::new(Unplaced { at, problem, hint }))
}

/// A hint in these words.
pub(crate) fn hint(words: &str) -> Option<String> {
    Some(words.to_string())
}

/// "did you mean `name`?"
pub(crate) fn meant(name: &str) -> Option<String> {
    Some(format!("did you mean {}?", if name.contains('`') { name.to_string() } else { format!("`{name}`") }))
}

impl ExprError {
    pub(crate) fn new(source: &str, found: Unplaced) -> Self {
        let mut at = found.at.min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        let before = &source[..at];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
        let line = source[line_start..].split(['\n', '\r']).next().unwrap_or_default();
        let caret = source[line_start..at].chars().count();
        let skipped = (caret + EXCERPT_CHARS_MAX / 4).saturating_sub(EXCERPT_CHARS_MAX);
        let mut excerpt: String = if skipped > 0 { String::from("…") } else { String::new() };
        let shown = line.chars().skip(skipped).take(EXCERPT_CHARS_MAX);
        excerpt.extend(shown.map(|c| if c.is_control() { ' ' } else { c }));
        Self {
            position: before.chars().count() as u32,
            problem: found.problem,
            hint: found.hint,
            excerpt: excerpt.into(),
            caret: (caret - skipped + usize::from(skipped > 0)) as u32,
        }
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problem)?;
        if let Some(hint) = &self.hint {
            write!(f, ": {hint}")?;
        }
        write!(
            f,
            "\n  {}\n  {:caret$}^ character {}",
            self.excerpt,
            "",
            self.position,
            caret = self.caret as usize
        )
    }
}

impl core::error::Error for ExprError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "more than {} bytes", crate::SOURCE_BYTES_MAX),
            Self::TooDeep => write!(f, "nested deeper than {} levels", crate::DEPTH_MAX),
            Self::TooMany => write!(f, "more than {} parts", crate::NODES_MAX),
            Self::TooCostly { cost } => {
                write!(f, "one record could take {cost} steps, of at most {}", crate::COST_MAX)
            }
            Self::Character { found } => write!(f, "`{found}` means nothing here"),
            Self::Unterminated { what } => write!(f, "this {what} does not end"),
            Self::Escape => f.write_str("this backslash escapes nothing"),
            Self::Number => f.write_str("this is no number"),
            Self::Digits => f.write_str("this number has too many digits"),
            Self::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Unsupported { what } => write!(f, "{what} are not provided"),
            Self::Reserved { word } => write!(f, "`{word}` is reserved"),
            Self::NoField { path } => write!(f, "no field {}", ticked(path)),
            Self::NoFunction { name } => write!(f, "no function `{name}`"),
            Self::Arguments { name, takes, given } => {
                write!(f, "`{name}` takes {takes}")?;
                if given.is_empty() {
                    return Ok(());
                }
                f.write_str(", not (")?;
                for (at, given) in given.iter().enumerate() {
                    write!(f, "{}{given}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Operands { operator, left, right } => {
                write!(f, "`{operator}` does not combine {left} with {right}")
            }
            Self::Mismatch { wants, expected, found } => write!(f, "{wants} wants {expected}, not {found}"),
            Self::NoChoice { path, value } => write!(f, "{} is never {value}", ticked(path)),
            Self::Literal { what, text } => write!(f, "{} is no {what}", print::quote(text)),
            Self::Pattern { detail } => write!(f, "this pattern cannot be read: {detail}"),
            Self::ZeroDivisor => f.write_str("this always divides by zero"),
            Self::Aggregate { name, scope: Scope::Record } => {
                write!(f, "`{name}` reads many records, and this expression reads one")
            }
            Self::Aggregate { name, scope: Scope::Person } => {
                write!(f, "`{name}` stands within another aggregate")
            }
            Self::Unaggregated { path } => {
                write!(
                    f,
                    "{} differs from record to record, and this expression reads all of them",
                    ticked(path)
                )
            }
            Self::Window => f.write_str("a window stands outside an aggregate"),
        }
    }
}

/// A name in backticks, whether or not it has them already.
fn ticked(path: &str) -> String {
    if path.contains('`') { path.to_string() } else { format!("`{path}`") }
}

/// Why an expression gave no value: for one record, or for all of a person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// Which of the records, counted from 0, where there are many.
    pub record: Option<u32>,
    /// The character of the source, counted from 0, that the problem begins at.
    pub position: u32,
    /// What went wrong.
    pub problem: EvalProblem,
}

/// What can go wrong with values, although their types fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvalProblem {
    /// Division, or a remainder, by zero.
    DivisionByZero,
    /// A number beyond 28 digits, or a moment outside the years 1 to 9999.
    Overflow,
    /// A list has no such place.
    Index {
        /// The place asked for.
        index: String,
        /// How many places there are.
        len: u32,
    },
    /// A list of more than [`crate::LIST_ITEMS_MAX`] items.
    LongList,
    /// The record holds something else than its schema says, or than an untyped field is used for.
    Unfit {
        /// What the expression can use here.
        expected: Type,
        /// What is there.
        found: Type,
    },
    /// Text, or a number, that does not convert.
    Conversion {
        /// What it should become.
        into: &'static str,
        /// The text's beginning.
        text: String,
    },
    /// A text of more than [`schema::PATTERN_TEXT_MAX`] bytes before `matches`.
    LongText,
    /// The budget for all that belongs together is spent.
    Spent,
    /// One record takes more than [`crate::COST_MAX`] steps, for its texts are long.
    Cost,
    /// A date moved by a part of a day.
    PartOfDay,
    /// The expression reads the clock, and none was given.
    NoClock,
    /// More records than [`crate::RECORDS_MAX`].
    ManyRecords,
    /// The expression is of the other [`Scope`] than it is evaluated in.
    OtherScope {
        /// The scope that it was compiled for.
        scope: Scope,
    },
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(record) = self.record {
            write!(f, "record {record}: ")?;
        }
        write!(f, "{} (character {})", self.problem, self.position)
    }
}

impl core::error::Error for EvalError {}

impl fmt::Display for EvalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::Overflow => f.write_str("too great to hold"),
            Self::Index { index, len } => write!(f, "no item {index} in a list of {len}"),
            Self::LongList => write!(f, "a list of more than {} items", crate::LIST_ITEMS_MAX),
            Self::Unfit { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Conversion { into, text } => write!(f, "{} is no {into}", print::quote(text)),
            Self::LongText => write!(f, "a text of more than {} bytes", schema::PATTERN_TEXT_MAX),
            Self::Spent => f.write_str("more steps than are left"),
            Self::Cost => write!(f, "more than {} steps for one record", crate::COST_MAX),
            Self::PartOfDay => f.write_str("a date moves by whole days"),
            Self::NoClock => f.write_str("no clock to read"),
            Self::ManyRecords => write!(f, "more than {} records", crate::RECORDS_MAX),
            Self::OtherScope { scope: Scope::Record } => {
                f.write_str("this expression reads one record at a time")
            }
            Self::OtherScope { scope: Scope::Person } => {
                f.write_str("this expression reads all records at once")
            }
        }
    }
}

/// Which of `known` is nearest to `name`, where one is near enough to have been meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted: Vec<char> = folded(name);
    let mut best: Option<((usize, usize), &'n str)> = None;
    for candidate in known.take(1024) {
        let letters = folded(candidate);
        // `body_mass` for `body_mass_g`: a beginning is near, however long the rest is.
        let begins = wanted.len() >= 3 && letters.starts_with(&wanted);
        let distance = if begins { 1 } else { distance(&wanted, &letters) };
        let rank = (distance, letters.len());
        if distance <= 1 + wanted.len() / 4 && best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, candidate));
        }
    }
    best.map(|(_, name)| name)
}

fn folded(name: &str) -> Vec<char> {
    name.chars().take(64).filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Levenshtein's distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}
