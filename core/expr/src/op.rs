//! A checked expression: the tree whose names, types and overloads are settled.

use crate::{ast::Binary, shape::Shape};
use alloc::{boxed::Box, string::String, vec::Vec};
use rust_decimal::Decimal;
use schema::Pattern;

/// A part of a checked expression.
#[derive(Debug, Clone)]
pub(crate) struct Op {
    pub(crate) code: Box<Code>,
    /// The byte of the source that an error names.
    pub(crate) at: u32,
    /// Most steps that the part takes beside the parts below it.
    pub(crate) own: u32,
}

/// What a part does.
#[derive(Debug, Clone)]
pub(crate) enum Code {
    Constant(Constant),
    /// A field of the record.
    Field(String, Shape),
    /// The item that a macro looks at, by how many macros stand around it.
    Local(u32),
    Select(Op, String, Shape),
    Index(Op, Op),
    Has(Op),
    Not(Op),
    Negate(Op),
    Binary(Binary, Op, Op),
    All(Vec<Op>),
    Any(Vec<Op>),
    Choose(Op, Op, Op),
    List(Vec<Op>),
    Call(Function, Vec<Op>),
    Matches(Op, Pattern),
    Macro {
        kind: Macro,
        list: Op,
        items_max: u32,
        test: Option<Op>,
        map: Option<Op>,
    },
    /// Whether a day or moment lies in the last so many of a unit.
    Window {
        count: u32,
        unit: Unit,
        field: Op,
    },
    Aggregate {
        kind: Aggregate,
        value: Option<Op>,
        by: Option<Op>,
        filter: Option<Op>,
    },
}

/// A value that stands in the source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constant {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// Microseconds.
    Duration(i64),
}

/// CEL's macros over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

/// Units of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

/// Aggregates over a person's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Count,
    Average,
    Least,
    Greatest,
    Last,
}

/// Functions of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    ToInt,
    ToNumber,
    ToText,
    ToBool,
    ToDate,
    ToDateTime,
    ToDuration,
    Days,
    Today,
    Now,
    Year,
    Month,
    DayOfMonth,
    DayOfMonth0,
    DayOfYear,
    DayOfWeek,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    DurationDays,
    Abs,
    Sign,
    Ceil,
    Floor,
    Round,
    Trunc,
    Least,
    Greatest,
}

impl Op {
    /// Most steps that evaluating it takes, for each record that it reads.
    pub(crate) fn cost(&self) -> u64 {
        let sum = |ops: &[Op]| ops.iter().fold(0u64, |sum, op| sum.saturating_add(op.cost()));
        let maybe = |op: &Option<Op>| op.as_ref().map_or(0, |op| op.cost());
        let below = match &*self.code {
            Code::Constant(_) | Code::Local(_) | Code::Field(..) => 0,
            Code::Has(of) | Code::Not(of) | Code::Negate(of) => of.cost(),
            Code::Matches(of, _) | Code::Select(of, ..) | Code::Window { field: of, .. } => of.cost(),
            Code::Index(a, b) | Code::Binary(_, a, b) => a.cost().saturating_add(b.cost()),
            Code::All(parts) | Code::Any(parts) | Code::List(parts) | Code::Call(_, parts) => sum(parts),
            Code::Choose(a, b, c) => a.cost().saturating_add(b.cost().max(c.cost())),
            Code::Macro { list, items_max, test, map, .. } => {
                let each = maybe(test).saturating_add(maybe(map)).saturating_add(1);
                list.cost().saturating_add(each.saturating_mul(u64::from(*items_max)))
            }
            Code::Aggregate { value, by, filter, .. } => {
                maybe(value).saturating_add(maybe(by)).saturating_add(maybe(filter))
            }
        };
        below.saturating_add(u64::from(self.own))
    }
}

impl Function {
    /// Steps that a call takes beside its arguments: a text is bounded by its record.
    pub(crate) const fn own_steps(self) -> u32 {
        match self {
            Self::Contains | Self::StartsWith | Self::EndsWith | Self::Trim => 16,
            Self::LowerAscii | Self::UpperAscii | Self::ToText | Self::Size => 16,
            _ => 1,
        }
    }
}
