//! An expression in plain words, for the person who is asked to answer it.

use crate::{
    Scope,
    ast::{Binary, Kind, Node, level},
    print,
};
use alloc::{format, string::String};

/// `node` in plain words.
pub(crate) fn words(node: &Node, scope: Scope) -> String {
    Words { one_record: scope == Scope::Record }.of(node)
}

#[derive(Clone, Copy)]
struct Words {
    /// Whether the words are about one record, or about all of a person's.
    one_record: bool,
}

impl Words {
    fn of(self, node: &Node) -> String {
        match &node.kind {
            Kind::Null => "no value".into(),
            Kind::Bool(value) => format!("{value}"),
            Kind::Number(number) => format!("{}", number.normalize()),
            Kind::Text(text) => print::quote(text),
            Kind::Name(_) | Kind::Select(..) => match path(node) {
                Some(path) => format!("`{path}`"),
                None => format!("`{node}`"),
            },
            Kind::Index(of, index) => match &index.kind {
                Kind::Number(number) => format!("item {} of {}", number.normalize(), self.of(of)),
                _ => format!("item ({}) of {}", self.of(index), self.of(of)),
            },
            Kind::Not(of) => format!("not {}", self.tight(of, level::UNARY)),
            Kind::Negate(of) => format!("minus {}", self.tight(of, level::UNARY)),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right),
            Kind::All(parts) => self.join(parts, " and ", level::ALL),
            Kind::Any(parts) => self.join(parts, " or ", level::ANY),
            Kind::Choose(condition, yes, no) => {
                format!("{} if {}, else {}", self.tight(yes, level::ANY), self.of(condition), self.of(no))
            }
            Kind::List(items) => match items.as_slice() {
                [] => "nothing".into(),
                [one] => self.of(one),
                [rest @ .., last] => format!("{} or {}", self.join(rest, ", ", level::CHOOSE), self.of(last)),
            },
            Kind::Call { receiver, name, arguments } => self.call(receiver.as_deref(), name, arguments, node),
        }
    }

    fn tight(self, node: &Node, wanted: u8) -> String {
        if node.level() < wanted { format!("({})", self.of(node)) } else { self.of(node) }
    }

    fn join(self, parts: &[Node], between: &str, own: u8) -> String {
        let mut text = String::new();
        for (at, part) in parts.iter().enumerate() {
            text.push_str(if at > 0 { between } else { "" });
            text.push_str(&self.tight(part, own + 1));
        }
        text
    }

    fn binary(self, operator: Binary, left: &Node, right: &Node) -> String {
        let null = matches!(right.kind, Kind::Null);
        let between = match operator {
            Binary::Equal if null => return format!("{} has no value", self.tight(left, level::SUM)),
            Binary::Unequal if null => return format!("{} has a value", self.tight(left, level::SUM)),
            Binary::Equal => "is",
            Binary::Unequal => "is not",
            Binary::Less => "is less than",
            Binary::LessEqual => "is at most",
            Binary::Greater => "is more than",
            Binary::GreaterEqual => "is at least",
            Binary::In if matches!(right.kind, Kind::List(_)) => "is",
            Binary::In => "is among",
            Binary::Add => "plus",
            Binary::Subtract => "minus",
            Binary::Multiply => "times",
            Binary::Divide => "divided by",
            Binary::Remainder => "modulo",
        };
        let own = operator.level();
        format!("{} {between} {}", self.tight(left, own), self.tight(right, own + 1))
    }

    fn call(self, receiver: Option<&Node>, name: &str, arguments: &[Node], node: &Node) -> String {
        let Some(receiver) = receiver else { return self.global(name, arguments, node) };
        let of = self.tight(receiver, level::MEMBER);
        match (name, arguments) {
            ("contains", [text]) => format!("{of} contains {}", self.of(text)),
            ("startsWith", [text]) => format!("{of} begins with {}", self.of(text)),
            ("endsWith", [text]) => format!("{of} ends with {}", self.of(text)),
            ("matches", [pattern]) => format!("{of} matches {}", self.of(pattern)),
            ("size", []) => format!("the size of {of}"),
            ("lowerAscii", []) => format!("{of} in small letters"),
            ("upperAscii", []) => format!("{of} in capitals"),
            ("trim", []) => format!("{of} without spaces around it"),
            ("getFullYear", []) => format!("the year of {of}"),
            ("getMonth", []) => format!("the month of {of} (January is 0)"),
            ("getDate", []) => format!("the day of the month of {of}"),
            ("getDayOfMonth", []) => format!("the day of the month of {of} (the first is 0)"),
            ("getDayOfYear", []) => format!("the day of the year of {of} (the first is 0)"),
            ("getDayOfWeek", []) => format!("the weekday of {of} (Sunday is 0)"),
            ("getDays", []) => format!("the days of {of}"),
            ("getHours", []) => format!("the hours of {of}"),
            ("getMinutes", []) => format!("the minutes of {of}"),
            ("getSeconds", []) => format!("the seconds of {of}"),
            ("getMilliseconds", []) => format!("the milliseconds of {of}"),
            ("all", [item, test]) => format!("for all of {of}, called {}, {}", self.of(item), self.of(test)),
            ("exists", [item, test]) => {
                format!("for some of {of}, called {}, {}", self.of(item), self.of(test))
            }
            ("exists_one" | "existsOne", [item, test]) => {
                format!("for just one of {of}, called {}, {}", self.of(item), self.of(test))
            }
            ("filter", [item, test]) => {
                format!("those of {of}, called {}, where {}", self.of(item), self.of(test))
            }
            ("map", [item, value]) => {
                format!("for each of {of}, called {}, {}", self.of(item), self.of(value))
            }
            ("map", [item, test, value]) => {
                format!(
                    "for each of {of}, called {}, where {}, {}",
                    self.of(item),
                    self.of(test),
                    self.of(value)
                )
            }
            ("abs", [of]) => format!("the size of {} without its sign", self.of(of)),
            ("ceil", [of]) => format!("{} rounded up", self.tight(of, level::MEMBER)),
            ("floor", [of]) => format!("{} rounded down", self.tight(of, level::MEMBER)),
            ("round", [of]) => format!("{} rounded", self.tight(of, level::MEMBER)),
            ("trunc", [of]) => format!("{} without its fraction", self.tight(of, level::MEMBER)),
            ("least", [a, b]) => format!("the lesser of {} and {}", self.of(a), self.of(b)),
            ("greatest", [a, b]) => format!("the greater of {} and {}", self.of(a), self.of(b)),
            _ => format!("`{node}`"),
        }
    }

    fn global(self, name: &str, arguments: &[Node], node: &Node) -> String {
        match (name, arguments) {
            ("has", [field]) => format!("{} has a value", self.of(field)),
            ("size", [of]) => format!("the size of {}", self.of(of)),
            ("last", [count, unit, field]) if is_window(count, unit) => self.window(count, unit, Some(field)),
            ("int", [of]) => format!("{} without its fraction", self.tight(of, level::MEMBER)),
            ("double" | "number", [of]) => format!("{} as a number", self.tight(of, level::MEMBER)),
            ("string", [of]) => format!("{} as text", self.tight(of, level::MEMBER)),
            ("bool", [of]) => format!("{} as true or false", self.tight(of, level::MEMBER)),
            ("date" | "timestamp" | "duration", [Node { kind: Kind::Text(text), .. }]) => text.clone(),
            ("date", [of]) => format!("the day of {}", self.of(of)),
            ("timestamp", [of]) => format!("the moment of {}", self.of(of)),
            ("duration", [of]) => format!("the duration {}", self.of(of)),
            ("days", [Node { kind: Kind::Number(number), .. }]) => {
                let number = number.normalize();
                format!("{number} day{}", if number == 1.into() { "" } else { "s" })
            }
            ("days", [of]) => format!("{} days", self.tight(of, level::MEMBER)),
            ("today", []) => "today".into(),
            ("now", []) => "now".into(),
            _ if self.one_record => format!("`{node}`"),
            (name, arguments) => self.aggregate(name, arguments, node),
        }
    }

    fn aggregate(self, name: &str, arguments: &[Node], node: &Node) -> String {
        let record = Self { one_record: true };
        let (what, rest) = match (name, arguments) {
            ("count", rest) => (String::from("your number of records"), rest),
            ("sum", [value, rest @ ..]) => (format!("your total of {}", record.of(value)), rest),
            ("avg", [value, rest @ ..]) => (format!("your average of {}", record.of(value)), rest),
            ("min", [value, rest @ ..]) => (format!("your least {}", record.of(value)), rest),
            ("max", [value, rest @ ..]) => (format!("your greatest {}", record.of(value)), rest),
            ("last", [value, by @ Node { kind: Kind::Name(_) | Kind::Select(..), .. }, rest @ ..]) => {
                (format!("your last {} by {}", record.of(value), record.of(by)), rest)
            }
            ("last", [value, rest @ ..]) => (format!("your last {}", record.of(value)), rest),
            _ => return format!("`{node}`"),
        };
        match rest {
            [] => what,
            [filter, ..] => format!("{what}{}", record.narrowed(filter)),
        }
    }

    /// A filter after what it narrows: windows first, then the conditions.
    fn narrowed(self, filter: &Node) -> String {
        let parts = match &filter.kind {
            Kind::All(parts) => parts.as_slice(),
            _ => core::slice::from_ref(filter),
        };
        let mut windows = String::new();
        let mut conditions = String::new();
        for part in parts {
            match &part.kind {
                Kind::Call { receiver: None, name, arguments } if name == "last" => {
                    match arguments.as_slice() {
                        [count, unit, _] if is_window(count, unit) => {
                            windows.push(' ');
                            windows.push_str(&self.window(count, unit, None));
                            continue;
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
            conditions.push_str(if conditions.is_empty() { " where " } else { " and " });
            let wanted = if parts.len() > 1 { level::ALL + 1 } else { level::CHOOSE };
            conditions.push_str(&self.tight(part, wanted));
        }
        windows + &conditions
    }

    fn window(self, count: &Node, unit: &Node, field: Option<&Node>) -> String {
        let (Kind::Number(count), Kind::Text(unit)) = (&count.kind, &unit.kind) else { return String::new() };
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let last = match (count.normalize(), unit) {
            (count, unit) if count == 1.into() => format!("the last {unit}"),
            (count, unit) => format!("the last {count} {unit}s"),
        };
        match field {
            Some(field) => format!("{} is in {last}", self.of(field)),
            None => format!("over {last}"),
        }
    }
}

fn is_window(count: &Node, unit: &Node) -> bool {
    matches!((&count.kind, &unit.kind), (Kind::Number(_), Kind::Text(_)))
}

/// The names from the record to a field, where there is nothing but names.
fn path(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Name(name) => Some(name.clone()),
        Kind::Select(of, name) => Some([&path(of)?, ".", name].concat()),
        _ => None,
    }
}
