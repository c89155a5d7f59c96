//! Filters, maps and a person's own aggregates: typed CEL over records, with exact decimals.
//!
//! A proposer writes what a node is to compute on its own records as an expression of the Common Expression
//! Language. [`compile`] reads it against the record's schema, so that a misspelt field or a date compared with
//! text is refused, with its place and a mend, before anything is sent. What it gives is an [`Expr`] that says its
//! type, its greatest cost, the fields it reads and, in plain words, what it asks; evaluating it gives the same
//! value on every machine.
//!
//! ```
//! use expr::{Scope, Type, compile};
//! use schema::{Schema, Value};
//!
//! let schema = Schema::from_json(
//!     r#"{"type": "object", "required": ["species", "body_mass_g"], "properties": {
//!         "species": {"enum": ["Adelie", "Gentoo"]}, "body_mass_g": {"type": ["number", "null"]}}}"#,
//! )?;
//! let heavy = compile("species == 'Adelie' && body_mass_g / 1000 > 3.7", &schema, Scope::Record)?;
//! assert_eq!(*heavy.ty(), Type::Bool);
//! assert_eq!(heavy.words(), "`species` is 'Adelie' and `body_mass_g` divided by 1000 is more than 3.7");
//! let record = Value::from_json(r#"{"species": "Adelie", "body_mass_g": 3750}"#)?;
//! assert_eq!(heavy.evaluate(&record)?, Value::Bool(true));
//!
//! let wrong = compile("body_mass > 3700", &schema, Scope::Record).unwrap_err();
//! assert_eq!(
//!     wrong.to_string(),
//!     "no field `body_mass`: did you mean `body_mass_g`?\n  body_mass > 3700\n  ^ character 0"
//! );
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Two scopes
//! In [`Scope::Record`] names are the fields of one record: [`Expr::evaluate`]. In [`Scope::Person`] an expression is
//! about all records of the person who answers: [`Expr::evaluate_all`]. Fields then stand in aggregates, each with an
//! optional filter as its last argument, which is any condition on one record:
//!
//! | Aggregate | Gives |
//! |---|---|
//! | `count()`, `count(filter)` | how many records there are, or match |
//! | `sum(x)`, `sum(x, filter)` | the total; 0 of none |
//! | `avg(x)`, `min(x)`, `max(x)`, and with a filter | null of none |
//! | `last(x)`, `last(x, day)`, and with a filter | of the record kept last, or of the latest day |
//!
//! `last(30, 'days', day)` is a condition: `day` is today or one of the 29 days before (also `'weeks'`, `'months'`,
//! `'years'`; a moment is compared with this moment). `avg(steps, last(30, 'days', day) && steps > 0)` is "your
//! average of `steps` over the last 30 days where `steps` is more than 0". Records of which `x` has no value count
//! nothing.
//!
//! # No value
//! Null and a missing field are the same. Where CEL has no overload for null and so gives an error, there is no value
//! here: arithmetic, comparisons of order, functions and macros of null are null. `&&`, `||`, `all` and `exists`
//! absorb it as CEL's absorb errors: `null && false` is false, `null || true` is true, else it stays null; `!null` is
//! null. So neither `x > 5` nor `!(x > 5)` holds where `x` has no value: a filter holds only if it is true. As
//! in CEL, `x == null` tests for it, and null differs from every value, so `x != 5` holds. [`Expr::nullable`] tells
//! whether there may be no value. An error (division by zero) is absorbed in the same way, and otherwise is an
//! [`EvalError`].
//!
//! # What of CEL there is
//! Everything in cel-spec's grammar but messages, maps, bytes, unsigned literals and leading dots. CEL's `int`, `uint`
//! and `double` are one type, number: an exact decimal of 28 digits, since records hold JSON and a table's `3` and
//! `3.0` are one value. So `7 / 2` is `3.5` (`int(7 / 2)` is 3), `1 == 1.0`, no number is infinite or no number, and a
//! quotient that does not end is rounded to 28 digits. Times are counted in microseconds, and always in UTC.
//! Names may stand in backticks anywhere: `` `body mass (g)` > 4000 ``. `has(x)` takes a field of the record as well
//! as one of an object, and asks whether it has a value. Text and a date differ: `day >= date('2026-01-01')`. A
//! value that a field's `enum` does not list is refused.
//!
//! | | |
//! |---|---|
//! | macros | `has`, `all`, `exists`, `exists_one`, `filter`, `map` (over lists) |
//! | texts | `size`, `contains`, `startsWith`, `endsWith`, `matches` (a pattern that is written out), `+`; `lowerAscii`, `upperAscii`, `trim` |
//! | conversions | `int`, `double`, `number`, `string`, `bool`, `date`, `timestamp`, `duration` |
//! | times | `getFullYear` … `getMilliseconds` without a zone, `+`, `-`; `today()`, `now()`, `days(n)`, `getDays()` |
//! | numbers | `math.abs`, `sign`, `ceil`, `floor`, `round`, `trunc`, `least`, `greatest` (of two) |
//!
//! `tests/conformance.rs` runs cel-spec's own cases: 838 pass, and of the rest each is refused for a part that is named
//! above as missing, or differs for a reason that the test states. The crate `cel` (0.13) is not used: it takes 190 kB of
//! the page, gzipped, where this crate takes 56, needs an operating system's library, computes in binary floating point,
//! checks no types, and overflows the stack on 50,000 brackets.
//!
//! # Bounds
//! A source has at most [`SOURCE_BYTES_MAX`] bytes, [`DEPTH_MAX`] levels and [`NODES_MAX`] parts. [`Expr::cost_max`]
//! counts the steps that one record can take with lists of [`LIST_ITEMS_MAX`] items and texts of 64 bytes, and is at most
//! [`COST_MAX`]; a record whose texts take it further is an [`EvalProblem::Cost`]. Evaluation recurses no deeper than the
//! source does.
//!
//! # Provided / Not provided
//! Provided: the same answer on every machine, or the same error; no panic, whatever the source and the records
//! hold. Not provided: `type`, `dyn`, time zones, macros over maps, comprehensions with two variables, optionals;
//! secrecy of anything, which is what the schemes are for: an expression decides what is *put in*.
//!
//! Follows: cel-spec, doc/langdef.md (grammar, precedence, escapes, absorption, standard definitions); cel-go's `math` and
//! `strings` extensions for the names that are taken from them.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod ast;
mod check;
mod error;
mod eval;
mod functions;
mod lexer;
mod op;
mod parse;
mod print;
mod shape;
#[cfg(test)]
mod tests;
mod time;
mod words;

pub use error::{EvalError, EvalProblem, ExprError, Problem};

use alloc::{
    boxed::Box,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use codec::Instant;
use core::fmt;
use eval::Evaluator;
use schema::{Budget, Schema, Value};

/// Most bytes of a source text.
pub const SOURCE_BYTES_MAX: usize = 4096;
/// Most levels of an expression, of brackets as well as of operators; cel-spec asks for 32.
pub const DEPTH_MAX: u32 = 64;
/// Most parts of an expression: names, values, operators.
pub const NODES_MAX: usize = 512;
/// Most items of a list that a macro looks at.
pub const LIST_ITEMS_MAX: u32 = 4096;
/// Most steps that one record may take.
pub const COST_MAX: u64 = 200_000;
/// Most records that an aggregate looks at.
pub const RECORDS_MAX: usize = 1_000_000;

/// What an expression is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One record: names are its fields.
    Record,
    /// All records of a person: fields stand in aggregates.
    Person,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// Never a value.
    Null,
    /// True or false.
    Bool,
    /// An exact decimal, whole or not.
    Number,
    /// Text.
    Text,
    /// A day. As a [`Value`] it is text: `2026-11-20`.
    Date,
    /// A moment. As a [`Value`] it is text: `2026-11-20T12:00:00Z`.
    DateTime,
    /// The time between two days or moments. As a [`Value`] it is text: `86400s`.
    Duration,
    /// A list of this.
    List(Box<Type>),
    /// Fields by name.
    Object,
    /// Known only once there is a value.
    Any,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "text",
            Self::Date => "date",
            Self::DateTime => "date and time",
            Self::Duration => "duration",
            Self::List(item) => return write!(f, "list of {item}"),
            Self::Object => "object",
            Self::Any => "any",
        })
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Expr {
    source: String,
    scope: Scope,
    op: op::Op,
    ty: Type,
    nullable: bool,
    cost_max: u64,
    words: String,
    fields: BTreeSet<String>,
    needs_now: bool,
}

/// Compiles `source` for records of `schema`.
///
/// # Errors
/// [`ExprError`] where it is no expression, its names or types do not fit the schema, or it goes beyond a bound.
pub fn compile(source: &str, schema: &Schema, scope: Scope) -> Result<Expr, ExprError> {
    let compiled = parse::parse(source).and_then(|node| {
        let checked = check::check(&node, &shape::Fields::of(schema), scope)?;
        Ok((node, checked))
    });
    let (node, checked) = compiled.map_err(|found| ExprError::new(source, *found))?;
    Ok(Expr {
        source: source.to_string(),
        scope,
        ty: checked.shape.ty(),
        nullable: checked.shape.nullable,
        cost_max: checked.cost,
        words: words::words(&node, scope),
        fields: checked.fields,
        needs_now: checked.clock,
        op: checked.op,
    })
}

/// `source` as it is printed from its tree: one space around operators, no bracket that it can do without.
///
/// # Errors
/// [`ExprError`] where it is no expression.
///
/// ```
/// assert_eq!(expr::tidy("((a+b)) * \"c\"")?, "(a + b) * 'c'");
/// # Ok::<(), expr::ExprError>(())
/// ```
pub fn tidy(source: &str) -> Result<String, ExprError> {
    parse::parse(source).map(|node| node.to_string()).map_err(|found| ExprError::new(source, *found))
}

impl Expr {
    /// The source text, as it was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it reads: one record, or all of a person's.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The type of its value, where it has one.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Whether it may have no value: whether [`Value::Null`] may come of it.
    pub fn nullable(&self) -> bool {
        self.nullable
    }

    /// Most steps that one record can take, as long as its texts are no longer than 64 bytes.
    pub fn cost_max(&self) -> u64 {
        self.cost_max
    }

    /// What it asks, in plain words; fields stand in backticks.
    pub fn words(&self) -> String {
        self.words.clone()
    }

    /// The paths of the fields that it reads, such as `visits.date`: names between dots, without places in lists.
    pub fn fields(&self) -> &BTreeSet<String> {
        &self.fields
    }

    /// Whether its value depends on the moment: `today()`, `now()`, a window.
    pub fn needs_now(&self) -> bool {
        self.needs_now
    }

    /// Its value for one record, [`Value::Null`] where there is none.
    ///
    /// # Errors
    /// [`EvalError`] where values have no result: division by zero, more than 28 digits. Of an expression for
    /// [`Scope::Person`], and of one that needs the moment (see [`Expr::evaluate_at`]).
    pub fn evaluate(&self, record: &Value) -> Result<Value, EvalError> {
        self.run(record, &[], None, Scope::Record, &Budget::endless()).map(|(value, _)| value)
    }

    /// Its value for one record at this moment.
    ///
    /// # Errors
    /// As [`Expr::evaluate`], but the moment is known.
    pub fn evaluate_at(&self, record: &Value, now: Instant) -> Result<Value, EvalError> {
        self.evaluate_at_within(record, now, &Budget::endless())
    }

    /// [`Expr::evaluate_at`], as one of many evaluations that a budget is for.
    ///
    /// # Errors
    /// As [`Expr::evaluate_at`], and [`EvalProblem::Spent`].
    pub fn evaluate_at_within(
        &self,
        record: &Value,
        now: Instant,
        budget: &Budget,
    ) -> Result<Value, EvalError> {
        self.run(record, &[], Some(now), Scope::Record, budget).map(|(value, _)| value)
    }

    /// Its value for a person with these records, at this moment.
    ///
    /// # Errors
    /// [`EvalError`] where values have no result, with the record where it is one record's; of an expression for
    /// [`Scope::Record`]; beyond [`RECORDS_MAX`] records.
    pub fn evaluate_all(&self, records: &[Value], now: Instant) -> Result<Value, EvalError> {
        self.evaluate_all_within(records, now, &Budget::endless())
    }

    /// [`Expr::evaluate_all`], as one of many evaluations that a budget is for.
    ///
    /// # Errors
    /// As [`Expr::evaluate_all`], and [`EvalProblem::Spent`].
    pub fn evaluate_all_within(
        &self,
        records: &[Value],
        now: Instant,
        budget: &Budget,
    ) -> Result<Value, EvalError> {
        self.run(&Value::Null, records, Some(now), Scope::Person, budget).map(|(value, _)| value)
    }

    fn run(
        &self,
        record: &Value,
        records: &[Value],
        now: Option<Instant>,
        scope: Scope,
        budget: &Budget,
    ) -> Result<(Value, u64), EvalError> {
        if self.scope != scope {
            let problem = EvalProblem::OtherScope { scope: self.scope };
            return Err(EvalError { record: None, position: 0, problem });
        }
        let now = now.and_then(|now| i64::try_from(now.unix_ms()).ok()).map(|ms| ms.saturating_mul(1000));
        let mut evaluator =
            Evaluator { record, records, now, locals: Vec::new(), steps: 0, at: None, budget };
        match evaluator.eval(&self.op) {
            Ok(got) => Ok((got.into_value(), evaluator.steps)),
            Err(wrong) => {
                let (at, problem) = *wrong;
                let before = self.source.get(..at as usize).unwrap_or_default();
                Err(EvalError { record: evaluator.at, position: before.chars().count() as u32, problem })
            }
        }
    }
}
