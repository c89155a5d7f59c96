//! An expression in its place: compiled for records or for people, and what it gave.

use crate::{Per, QueryError, error::Problem, fixed};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use codec::Instant;
use core::fmt;
use expr::{EvalError, Expr, Scope, Type};
use schema::{Budget, Field, Schema, Value};

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Formula {
    expr: Expr,
}

/// What an expression reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// One record, now, with what may be spent on the whole measurement.
    Record(&'a Value, Instant, &'a Budget),
    /// All of a person's records, now, likewise.
    Person(&'a [Value], Instant, &'a Budget),
}

/// Why a record has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Evaluation(EvalError),
    Unexpected(&'static str),
}

impl Fault {
    /// Which of the records it is about.
    pub(crate) fn record(&self) -> Option<usize> {
        match self {
            Self::Evaluation(error) => error.record.map(|at| at as usize),
            Self::Unexpected(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evaluation(error) => write!(f, "{error}"),
            Self::Unexpected(wanted) => write!(f, "the expression gave something else than {wanted}"),
        }
    }
}

impl Formula {
    /// Compiles `source`, which stands at `path` in the query.
    pub(crate) fn compile(path: &str, source: &str, schema: &Schema, per: Per) -> Result<Self, QueryError> {
        let scope = match per {
            Per::Record => Scope::Record,
            Per::Person => Scope::Person,
        };
        let expr = expr::compile(source, schema, scope)
            .map_err(|error| QueryError { path: path.into(), problem: Problem::Expression(error.into()) })?;
        Ok(Self { expr })
    }

    pub(crate) fn source(&self) -> &str {
        self.expr.source()
    }

    pub(crate) fn words(&self) -> String {
        self.expr.words()
    }

    pub(crate) fn ty(&self) -> Type {
        self.expr.ty().clone()
    }

    pub(crate) fn fields(&self) -> BTreeSet<String> {
        self.expr.fields().clone()
    }

    /// What the schema says of the field that the expression is; `None` where it is more than a field's name.
    pub(crate) fn field(&self, schema: &Schema) -> Option<Field> {
        let name = self.source().trim();
        let quoted = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        let path: Vec<&str> = match quoted {
            Some(name) => [name].into(),
            None => name.split('.').collect(),
        };
        schema.field(&path)
    }

    fn evaluate(&self, subject: Subject<'_>) -> Result<Value, Fault> {
        match subject {
            Subject::Record(record, now, budget) => self.expr.evaluate_at_within(record, now, budget),
            Subject::Person(records, now, budget) => self.expr.evaluate_all_within(records, now, budget),
        }
        .map_err(Fault::Evaluation)
    }

    /// Whether a condition holds; null does not.
    pub(crate) fn holds(&self, subject: Subject<'_>) -> Result<bool, Fault> {
        match self.evaluate(subject)? {
            Value::Bool(holds) => Ok(holds),
            Value::Null => Ok(false),
            _ => Err(Fault::Unexpected("true or false")),
        }
    }

    /// The value in units of 10^-`decimals`, rounded half to even.
    pub(crate) fn units(&self, subject: Subject<'_>, decimals: u8) -> Result<Option<i128>, Fault> {
        match self.evaluate(subject)? {
            Value::Number(number) => Ok(Some(fixed::of_decimal(number, decimals))),
            Value::Null => Ok(None),
            _ => Err(Fault::Unexpected("a number")),
        }
    }

    /// The name of the category.
    pub(crate) fn category(&self, subject: Subject<'_>) -> Result<Option<String>, Fault> {
        match self.evaluate(subject)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Bool(value) => Ok(Some(value.to_string())),
            Value::Number(number) => Ok(Some(number.normalize().to_string())),
            Value::List(_) | Value::Object(_) => Err(Fault::Unexpected("one category")),
        }
    }
}
