//! What to write instead, where operands do not fit each other.

use crate::{
    ast::{Binary, Kind, Node},
    error::{Hinted, Problem, fail, hint, nearest},
    lexer,
    op::{Code, Constant, Op},
    print,
    shape::{Form, Shape},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use schema::Value;

/// How to make one operand what the other is.
pub(super) fn conversion(left: &Shape, right: &Shape, node: &Node) -> Option<String> {
    let written = |function: &str| match &node.kind {
        Kind::Text(text) => Some(format!("write `{function}({})`", print::quote(text))),
        _ => Some(format!("convert it: `{function}(x)`")),
    };
    match (&left.form, &right.form) {
        (Form::Date, Form::Text) => written("date"),
        (Form::DateTime, Form::Text) => written("timestamp"),
        (Form::Text, Form::Date | Form::DateTime) => hint("convert the text: `date(x)`, `timestamp(x)`"),
        (Form::Date, Form::DateTime) => hint("convert it: `date(x)`"),
        (Form::DateTime, Form::Date) => hint("convert it: `timestamp(x)`"),
        (Form::Number, Form::Text) => match &node.kind {
            Kind::Text(text) if lexer::read_number(text).is_some() => Some(format!("write `{text}`")),
            _ => hint("convert the text: `number(x)`"),
        },
        (Form::Text, Form::Number) => match &node.kind {
            Kind::Number(number) => Some(format!("write `'{number}'`")),
            _ => hint("convert the text: `number(x)`"),
        },
        (Form::Duration, Form::Number) => hint("days are `days(30)`"),
        (Form::List(..), _) => hint("look for an item with `x in list`"),
        _ => None,
    }
}

/// How to make operands fit an arithmetic operator.
pub(super) fn arithmetic_mend(operator: Binary, left: &Shape, right: &Shape) -> Option<String> {
    match (operator, &left.form, &right.form) {
        (_, Form::Null, _) | (_, _, Form::Null) => None,
        (_, Form::Date | Form::DateTime, Form::Number) => hint("days are `days(30)`"),
        (_, Form::Bool, _) | (_, _, Form::Bool) => {
            hint("a condition becomes a number by `condition ? 1 : 0`")
        }
        (Binary::Add, Form::Text, Form::Number) | (Binary::Add, Form::Number, Form::Text) => {
            hint("convert: `string(x)`, or `number(x)`")
        }
        (_, Form::Text, Form::Number) | (_, Form::Number, Form::Text) => {
            hint("convert the text: `number(x)`")
        }
        (_, Form::Duration, Form::Number) | (_, Form::Number, Form::Duration) => {
            hint("its number of days is `x.getDays()`")
        }
        _ => None,
    }
}

/// Refuses a value that a field never has, where the schema lists those that it has.
pub(super) fn chosen(field: &Shape, value: &Op, node: &Node) -> Result<(), Hinted> {
    let Code::Constant(constant) = &*value.code else { return Ok(()) };
    let value = match constant {
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Number(number) => Value::Number(*number),
        Constant::Text(text) => Value::Text(text.clone()),
        _ => return Ok(()),
    };
    if field.choices.is_empty() || field.choices.contains(&value) {
        return Ok(());
    }
    let texts = || {
        field.choices.iter().filter_map(|choice| match choice {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    };
    let near = match &value {
        Value::Text(text) => nearest(text, texts()),
        _ => None,
    };
    let mend = match near {
        Some(near) => Some(format!("did you mean {}?", print::quote(near))),
        None => {
            let known: Vec<String> = texts().take(6).map(print::quote).collect();
            (!known.is_empty()).then(|| {
                let more = if field.choices.len() > known.len() { ", …" } else { "" };
                format!("it is one of {}{more}", known.join(", "))
            })
        }
    };
    let problem = Problem::NoChoice { path: field.path.clone(), value: node.to_string() };
    fail(node.start as usize, problem, mend)
}
