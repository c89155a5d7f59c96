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
        match (receiver, name, arguments) {
            (None, "last", [count, unit, field]) if is_window(count, unit) => {
                return self.window(count, unit, Some(field));
            }
            (None, "date" | "timestamp" | "duration", [Node { kind: Kind::Text(text), .. }]) => {
                return text.clone();
            }
            (None, "days", [Node { kind: Kind::Number(number), .. }]) if *number == 1.into() => {
                return "1 day".into();
            }
            _ => {}
        }
        // `math` before `math.abs` says nothing.
        let receiver =
            receiver.filter(|receiver| !matches!(&receiver.kind, Kind::Name(name) if name == "math"));
        let count = arguments.len() + usize::from(receiver.is_some());
        match PHRASES.iter().find(|(known, takes, _)| *known == name && *takes == count) {
            Some((.., phrase)) => self.phrase(phrase, receiver, arguments),
            None if self.one_record => format!("`{node}`"),
            None => self.aggregate(name, arguments, node),
        }
    }

    /// A phrase with its arguments put in, in brackets where a `#` stands for one that is more than a name.
    fn phrase(self, phrase: &str, receiver: Option<&Node>, arguments: &[Node]) -> String {
        let mut text = String::new();
        let mut chars = phrase.chars();
        while let Some(c) = chars.next() {
            if !matches!(c, '$' | '#') {
                text.push(c);
                continue;
            }
            let place = chars.next().and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize;
            if let Some(node) = receiver.into_iter().chain(arguments).nth(place) {
                text.push_str(&self.tight(node, if c == '#' { level::MEMBER } else { level::CHOOSE }));
            }
        }
        text
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

/// How calls are told: the name, how many arguments with the receiver, and the phrase that they are put into.
const PHRASES: &[(&str, usize, &str)] = &[
    ("has", 1, "$0 has a value"),
    ("contains", 2, "#0 contains $1"),
    ("startsWith", 2, "#0 begins with $1"),
    ("endsWith", 2, "#0 ends with $1"),
    ("matches", 2, "#0 matches $1"),
    ("size", 1, "the size of $0"),
    ("lowerAscii", 1, "#0 in small letters"),
    ("upperAscii", 1, "#0 in capitals"),
    ("trim", 1, "#0 without spaces around it"),
    ("int", 1, "#0 without its fraction"),
    ("double", 1, "#0 as a number"),
    ("number", 1, "#0 as a number"),
    ("string", 1, "#0 as text"),
    ("bool", 1, "#0 as true or false"),
    ("date", 1, "the day of $0"),
    ("timestamp", 1, "the moment of $0"),
    ("duration", 1, "the duration $0"),
    ("days", 1, "#0 days"),
    ("today", 0, "today"),
    ("now", 0, "now"),
    ("getFullYear", 1, "the year of #0"),
    ("getMonth", 1, "the month of #0 (January is 0)"),
    ("getDate", 1, "the day of the month of #0"),
    ("getDayOfMonth", 1, "the day of the month of #0 (the first is 0)"),
    ("getDayOfYear", 1, "the day of the year of #0 (the first is 0)"),
    ("getDayOfWeek", 1, "the weekday of #0 (Sunday is 0)"),
    ("getDays", 1, "the days of #0"),
    ("getHours", 1, "the hours of #0"),
    ("getMinutes", 1, "the minutes of #0"),
    ("getSeconds", 1, "the seconds of #0"),
    ("getMilliseconds", 1, "the milliseconds of #0"),
    ("all", 3, "for all of #0, called $1, $2"),
    ("exists", 3, "for some of #0, called $1, $2"),
    ("exists_one", 3, "for just one of #0, called $1, $2"),
    ("existsOne", 3, "for just one of #0, called $1, $2"),
    ("filter", 3, "those of #0, called $1, where $2"),
    ("map", 3, "for each of #0, called $1, $2"),
    ("map", 4, "for each of #0, called $1, where $2, $3"),
    ("abs", 1, "the size of $0 without its sign"),
    ("ceil", 1, "#0 rounded up"),
    ("floor", 1, "#0 rounded down"),
    ("round", 1, "#0 rounded"),
    ("trunc", 1, "#0 without its fraction"),
    ("sign", 1, "the sign of $0"),
    ("least", 2, "the lesser of $0 and $1"),
    ("least", 3, "the least of $0, $1 and $2"),
    ("greatest", 2, "the greater of $0 and $1"),
    ("greatest", 3, "the greatest of $0, $1 and $2"),
];
