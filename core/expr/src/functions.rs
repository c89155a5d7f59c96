//! The functions of values: their names, what they take, what they give.

use crate::{
    op::Function,
    shape::{Form, Shape},
};
use alloc::{format, string::String, vec::Vec};

/// Where a function's first argument stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `f(x)`.
    Global,
    /// `x.f()`.
    Receiver,
    /// Either.
    Both,
}

/// What an argument or a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Bool,
    Number,
    Text,
    Date,
    DateTime,
    Duration,
    List,
}

/// One way to call a function.
struct Overload {
    name: &'static str,
    style: Style,
    takes: &'static [Is],
    gives: Is,
    function: Function,
}

const fn way(
    name: &'static str,
    style: Style,
    takes: &'static [Is],
    gives: Is,
    function: Function,
) -> Overload {
    Overload { name, style, takes, gives, function }
}

use Style::{Both, Global, Receiver};

/// All of them, overloads of one name together. CEL's standard definitions, its `strings` and `math` extensions as
/// cel-go names them, and `number`, `date`, `days`, `today`, `now` and `getDays`, which are ours.
const OVERLOADS: &[Overload] = &[
    way("size", Both, &[Is::Text], Is::Number, Function::Size),
    way("size", Both, &[Is::List], Is::Number, Function::Size),
    way("contains", Receiver, &[Is::Text, Is::Text], Is::Bool, Function::Contains),
    way("startsWith", Receiver, &[Is::Text, Is::Text], Is::Bool, Function::StartsWith),
    way("endsWith", Receiver, &[Is::Text, Is::Text], Is::Bool, Function::EndsWith),
    way("lowerAscii", Receiver, &[Is::Text], Is::Text, Function::LowerAscii),
    way("upperAscii", Receiver, &[Is::Text], Is::Text, Function::UpperAscii),
    way("trim", Receiver, &[Is::Text], Is::Text, Function::Trim),
    way("int", Global, &[Is::Number], Is::Number, Function::ToInt),
    way("int", Global, &[Is::Text], Is::Number, Function::ToInt),
    way("int", Global, &[Is::DateTime], Is::Number, Function::ToInt),
    way("double", Global, &[Is::Number], Is::Number, Function::ToNumber),
    way("double", Global, &[Is::Text], Is::Number, Function::ToNumber),
    way("number", Global, &[Is::Number], Is::Number, Function::ToNumber),
    way("number", Global, &[Is::Text], Is::Number, Function::ToNumber),
    way("bool", Global, &[Is::Bool], Is::Bool, Function::ToBool),
    way("bool", Global, &[Is::Text], Is::Bool, Function::ToBool),
    way("string", Global, &[Is::Bool], Is::Text, Function::ToText),
    way("string", Global, &[Is::Number], Is::Text, Function::ToText),
    way("string", Global, &[Is::Text], Is::Text, Function::ToText),
    way("string", Global, &[Is::Date], Is::Text, Function::ToText),
    way("string", Global, &[Is::DateTime], Is::Text, Function::ToText),
    way("string", Global, &[Is::Duration], Is::Text, Function::ToText),
    way("date", Global, &[Is::Text], Is::Date, Function::ToDate),
    way("date", Global, &[Is::Date], Is::Date, Function::ToDate),
    way("date", Global, &[Is::DateTime], Is::Date, Function::ToDate),
    way("timestamp", Global, &[Is::Text], Is::DateTime, Function::ToDateTime),
    way("timestamp", Global, &[Is::Date], Is::DateTime, Function::ToDateTime),
    way("timestamp", Global, &[Is::DateTime], Is::DateTime, Function::ToDateTime),
    way("timestamp", Global, &[Is::Number], Is::DateTime, Function::ToDateTime),
    way("duration", Global, &[Is::Text], Is::Duration, Function::ToDuration),
    way("duration", Global, &[Is::Duration], Is::Duration, Function::ToDuration),
    way("days", Global, &[Is::Number], Is::Duration, Function::Days),
    way("today", Global, &[], Is::Date, Function::Today),
    way("now", Global, &[], Is::DateTime, Function::Now),
    way("getFullYear", Receiver, &[Is::Date], Is::Number, Function::Year),
    way("getFullYear", Receiver, &[Is::DateTime], Is::Number, Function::Year),
    way("getMonth", Receiver, &[Is::Date], Is::Number, Function::Month),
    way("getMonth", Receiver, &[Is::DateTime], Is::Number, Function::Month),
    way("getDate", Receiver, &[Is::Date], Is::Number, Function::DayOfMonth),
    way("getDate", Receiver, &[Is::DateTime], Is::Number, Function::DayOfMonth),
    way("getDayOfMonth", Receiver, &[Is::Date], Is::Number, Function::DayOfMonth0),
    way("getDayOfMonth", Receiver, &[Is::DateTime], Is::Number, Function::DayOfMonth0),
    way("getDayOfYear", Receiver, &[Is::Date], Is::Number, Function::DayOfYear),
    way("getDayOfYear", Receiver, &[Is::DateTime], Is::Number, Function::DayOfYear),
    way("getDayOfWeek", Receiver, &[Is::Date], Is::Number, Function::DayOfWeek),
    way("getDayOfWeek", Receiver, &[Is::DateTime], Is::Number, Function::DayOfWeek),
    way("getHours", Receiver, &[Is::DateTime], Is::Number, Function::Hours),
    way("getHours", Receiver, &[Is::Duration], Is::Number, Function::Hours),
    way("getMinutes", Receiver, &[Is::DateTime], Is::Number, Function::Minutes),
    way("getMinutes", Receiver, &[Is::Duration], Is::Number, Function::Minutes),
    way("getSeconds", Receiver, &[Is::DateTime], Is::Number, Function::Seconds),
    way("getSeconds", Receiver, &[Is::Duration], Is::Number, Function::Seconds),
    way("getMilliseconds", Receiver, &[Is::DateTime], Is::Number, Function::Milliseconds),
    way("getMilliseconds", Receiver, &[Is::Duration], Is::Number, Function::Milliseconds),
    way("getDays", Receiver, &[Is::Duration], Is::Number, Function::DurationDays),
    way("math.abs", Global, &[Is::Number], Is::Number, Function::Abs),
    way("math.sign", Global, &[Is::Number], Is::Number, Function::Sign),
    way("math.ceil", Global, &[Is::Number], Is::Number, Function::Ceil),
    way("math.floor", Global, &[Is::Number], Is::Number, Function::Floor),
    way("math.round", Global, &[Is::Number], Is::Number, Function::Round),
    way("math.trunc", Global, &[Is::Number], Is::Number, Function::Trunc),
    way("math.least", Global, &[Is::Number], Is::Number, Function::Least),
    way("math.greatest", Global, &[Is::Number], Is::Number, Function::Greatest),
];

/// Names that other languages and tables use, and what to write for them.
const ALIASES: &[(&str, &str)] = &[
    ("abs", "math.abs(x)"),
    ("average", "avg(x)"),
    ("ceil", "math.ceil(x)"),
    ("coalesce", "has(x) ? x : 0"),
    ("day", "x.getDate()"),
    ("ffill", "last(x, day)"),
    ("float", "number(x)"),
    ("floor", "math.floor(x)"),
    ("fillna", "has(x) ? x : 0"),
    ("first", "min(day)"),
    ("ifnull", "has(x) ? x : 0"),
    ("isin", "x in ['a', 'b']"),
    ("isna", "x == null"),
    ("isnull", "x == null"),
    ("latest", "last(x, day)"),
    ("len", "size(x)"),
    ("length", "size(x)"),
    ("lower", "x.lowerAscii()"),
    ("mean", "avg(x)"),
    ("month", "x.getMonth() + 1"),
    ("notna", "has(x)"),
    ("round", "math.round(x)"),
    ("str", "string(x)"),
    ("strip", "x.trim()"),
    ("substr", "x.contains('text')"),
    ("total", "sum(x)"),
    ("uint", "int(x)"),
    ("upper", "x.upperAscii()"),
    ("weekday", "x.getDayOfWeek()"),
    ("year", "x.getFullYear()"),
];

/// Names of what is no function of values, and yet is called like one.
const SPECIAL: [&str; 14] = [
    "has",
    "all",
    "exists",
    "exists_one",
    "filter",
    "map",
    "sum",
    "count",
    "avg",
    "min",
    "max",
    "last",
    "matches",
    "where",
];

impl Is {
    fn form(self) -> Form {
        match self {
            Self::Bool => Form::Bool,
            Self::Number => Form::Number,
            Self::Text => Form::Text,
            Self::Date => Form::Date,
            Self::DateTime => Form::DateTime,
            Self::Duration => Form::Duration,
            Self::List => Form::List(alloc::boxed::Box::new(Shape::ANY), 0),
        }
    }
}

/// What a search for a function comes to.
pub(crate) enum Found {
    /// It takes these arguments.
    Function(Function, Form),
    /// It does not; this is what it takes.
    Takes(String),
    /// There is none of that name.
    Nothing,
}

/// The function of this name for these arguments, the receiver first where there is one.
pub(crate) fn find(name: &str, receiver: bool, arguments: &[Shape]) -> Found {
    let named: Vec<&Overload> = OVERLOADS.iter().filter(|way| way.name == name).collect();
    if named.is_empty() {
        return Found::Nothing;
    }
    let other = if receiver { Style::Global } else { Style::Receiver };
    let mut fitting = named.iter().filter(|way| {
        way.style != other
            && way.takes.len() == arguments.len()
            && way.takes.iter().zip(arguments).all(|(wanted, given)| given.is(&wanted.form()))
    });
    // Of numbers there may be any count.
    if let Some(way) = named.iter().find(|way| matches!(way.function, Function::Least | Function::Greatest))
        && !arguments.is_empty()
        && arguments.iter().all(|given| given.is(&Form::Number))
    {
        return Found::Function(way.function, Form::Number);
    }
    match fitting.next() {
        Some(way) => Found::Function(way.function, way.gives.form()),
        None => Found::Takes(takes(&named)),
    }
}

/// The ways of calling a function, as a person writes them.
fn takes(ways: &[&Overload]) -> String {
    let mut text = String::new();
    for (at, way) in ways.iter().enumerate() {
        text.push_str(if at > 0 { " or (" } else { "(" });
        for (at, is) in way.takes.iter().enumerate() {
            text.push_str(if at > 0 { ", " } else { "" });
            match is {
                Is::List => text.push_str("list"),
                is => text.push_str(&format!("{}", is.form().ty())),
            }
        }
        text.push_str(if matches!(way.function, Function::Least | Function::Greatest) {
            ", …"
        } else {
            ""
        });
        text.push(')');
    }
    if ways.iter().all(|way| way.style == Style::Receiver) {
        text.push_str(", the first before its dot");
    }
    text
}

/// What to write for a function that does not exist.
pub(crate) fn alias(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, mend)| *mend)
}

/// The names of everything that can be called.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    OVERLOADS.iter().map(|way| way.name).chain(SPECIAL)
}
