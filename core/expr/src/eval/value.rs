//! Values on their way, and how a record is read.

use crate::{
    EvalProblem, Type,
    shape::{Form, Shape},
    time,
};
use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, string::String, sync::Arc};
use rust_decimal::Decimal;
use schema::Value;

/// A value on its way: texts, lists and objects of the record are looked at where they are.
#[derive(Debug, Clone)]
pub(crate) enum V<'a> {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Cow<'a, str>),
    Date(i32),
    DateTime(i64),
    Duration(i64),
    /// A list of the record.
    Items(&'a [Value], &'a Shape),
    /// A list that was computed.
    List(Arc<[V<'a>]>),
    /// An object of the record.
    Object(&'a BTreeMap<String, Value>),
}

impl V<'_> {
    pub(crate) fn ty(&self) -> Type {
        match self {
            V::Null => Type::Null,
            V::Bool(_) => Type::Bool,
            V::Number(_) => Type::Number,
            V::Text(_) => Type::Text,
            V::Date(_) => Type::Date,
            V::DateTime(_) => Type::DateTime,
            V::Duration(_) => Type::Duration,
            V::Items(..) | V::List(_) => Type::List(Box::new(Type::Any)),
            V::Object(_) => Type::Object,
        }
    }

    /// Steps that looking through it takes: one for 64 bytes of text, one for each item.
    pub(super) fn weight(&self) -> u64 {
        let items = match self {
            V::Text(text) => text.len() / 64,
            V::Items(items, _) => items.len(),
            V::List(items) => items.len(),
            V::Object(fields) => fields.len(),
            _ => 0,
        };
        items as u64
    }

    /// The value as a record would hold it: days, moments and durations as text.
    pub(crate) fn into_value(self) -> Value {
        match self {
            V::Null => Value::Null,
            V::Bool(value) => Value::Bool(value),
            V::Number(number) => Value::Number(number.normalize()),
            V::Text(text) => Value::Text(text.into_owned()),
            V::Date(days) => Value::Text(time::write_day(days)),
            V::DateTime(micros) => Value::Text(time::write_moment(micros)),
            V::Duration(micros) => Value::Text(time::write_duration(micros)),
            V::Items(items, _) => Value::List(items.to_vec()),
            V::List(items) => Value::List(items.iter().cloned().map(V::into_value).collect()),
            V::Object(fields) => Value::Object(fields.clone()),
        }
    }
}

pub(super) static ANY: Shape = Shape::ANY;

/// A value of the record, as its type says that it is read.
pub(super) fn read<'a>(value: &'a Value, shape: &'a Shape) -> Result<V<'a>, EvalProblem> {
    let got = match (value, &shape.form) {
        (Value::Null, _) => V::Null,
        (Value::Bool(value), Form::Bool | Form::Any) => V::Bool(*value),
        (Value::Number(number), Form::Number | Form::Any) => V::Number(*number),
        // A decimal may be written as text, as Pydantic does; a text that is none is no value.
        (Value::Text(text), Form::Number) => schema::number(text).map_or(V::Null, V::Number),
        (Value::Text(text), Form::Text | Form::Any) => V::Text(Cow::Borrowed(text)),
        (Value::Text(text), Form::Date) => match schema::day(text) {
            Some(days) => V::Date(days),
            None => return Err(unread("date", text)),
        },
        (Value::Text(text), Form::DateTime) => match schema::moment(text) {
            Some(micros) => V::DateTime(micros),
            None => return Err(unread("moment", text)),
        },
        (Value::List(items), Form::List(item, _)) => V::Items(items, item),
        (Value::List(items), Form::Any) => V::Items(items, &ANY),
        (Value::Object(fields), Form::Object(_) | Form::Any) => V::Object(fields),
        (value, form) => {
            let Ok(found) = read(value, &ANY) else { return Err(EvalProblem::Overflow) };
            return Err(EvalProblem::Unfit { expected: form.ty(), found: found.ty() });
        }
    };
    Ok(got)
}

/// Text that does not convert.
pub(super) fn unread(into: &'static str, text: &str) -> EvalProblem {
    EvalProblem::Conversion { into, text: text.chars().take(40).collect() }
}

pub(super) fn number(got: &V<'_>) -> Result<Decimal, EvalProblem> {
    match got {
        V::Number(number) => Ok(*number),
        other => Err(EvalProblem::Unfit { expected: Type::Number, found: other.ty() }),
    }
}

/// The items of either kind of list.
pub(super) enum Items<'a> {
    Read(&'a [Value], &'a Shape),
    Made(Arc<[V<'a>]>),
}

impl<'a> Items<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Read(items, _) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, place: usize) -> Result<V<'a>, EvalProblem> {
        match self {
            Self::Read(items, shape) => items.get(place).map_or(Ok(V::Null), |item| read(item, shape)),
            Self::Made(items) => Ok(items.get(place).cloned().unwrap_or(V::Null)),
        }
    }
}

pub(super) fn items(list: V<'_>) -> Result<Items<'_>, EvalProblem> {
    match list {
        V::Items(items, shape) => Ok(Items::Read(items, shape)),
        V::List(items) => Ok(Items::Made(items)),
        other => {
            let expected = Type::List(Box::new(Type::Any));
            Err(EvalProblem::Unfit { expected, found: other.ty() })
        }
    }
}
