//! The schema that records suggest.

use crate::{Value, day, moment, number, value::quote};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Most bytes of a schema that is inferred. It is made here, so it may be longer than one that is given.
pub(crate) const INFERRED_BYTES_MAX: usize = 512 * 1024;
/// Levels that are told apart; below them anything goes.
const LEVELS_MAX: usize = 12;
/// Most fields of an object that are told apart; an object with more is a map.
const FIELDS_MAX: usize = 512;

/// The text of the schema of values, which are the records.
pub(crate) fn of_values<'a>(records: impl Iterator<Item = &'a Value>) -> String {
    let mut seen = Seen::default();
    for record in records.filter(|record| matches!(record, Value::Object(_))) {
        seen.add(record, 0);
    }
    let mut text = String::new();
    match &seen.object {
        Some(object) => object.write(&mut text, 0),
        None => text.push_str(r#"{"type":"object"}"#),
    }
    text
}

/// The text of the schema of a table, column by column.
pub(crate) fn of_texts<'a>(columns: impl Iterator<Item = (&'a str, Vec<Option<&'a str>>)>) -> String {
    let (mut properties, mut required) = (String::new(), String::new());
    for (name, cells) in columns {
        if !cells.contains(&None) {
            comma(&mut required);
            let _ = quote(&mut required, name);
        }
        comma(&mut properties);
        let _ = quote(&mut properties, name);
        properties.push(':');
        properties.push_str(column(&cells));
    }
    format!(r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]}}"#)
}

fn comma(list: &mut String) {
    if !list.is_empty() {
        list.push(',');
    }
}

fn column(cells: &[Option<&str>]) -> &'static str {
    let all = |fits: fn(&str) -> bool| cells.iter().flatten().all(|cell| fits(cell));
    if cells.iter().all(Option::is_none) {
        r#"{"type":"string"}"#
    } else if all(|cell| number(cell).is_some_and(|number| number.is_integer())) {
        r#"{"type":"integer"}"#
    } else if all(|cell| number(cell).is_some()) {
        r#"{"type":"number"}"#
    } else if all(|cell| matches!(cell.to_ascii_lowercase().as_str(), "true" | "false")) {
        r#"{"type":"boolean"}"#
    } else if all(|cell| day(cell).is_some()) {
        r#"{"type":"string","format":"date"}"#
    } else if all(|cell| moment(cell).is_some()) {
        r#"{"type":"string","format":"date-time"}"#
    } else {
        r#"{"type":"string"}"#
    }
}

/// What was seen in one place.
#[derive(Default)]
struct Seen {
    null: bool,
    bool: bool,
    integer: bool,
    number: bool,
    text: Option<Texts>,
    list: Option<alloc::boxed::Box<Seen>>,
    object: Option<Objects>,
    anything: bool,
}

struct Texts {
    days: bool,
    moments: bool,
}

#[derive(Default)]
struct Objects {
    count: usize,
    /// How many objects have the field, and what it holds.
    fields: BTreeMap<String, (usize, Seen)>,
    many: bool,
}

impl Seen {
    fn add(&mut self, value: &Value, level: usize) {
        if level >= LEVELS_MAX {
            self.anything = true;
            return;
        }
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.bool = true,
            Value::Number(number) if number.is_integer() => self.integer = true,
            Value::Number(_) => self.number = true,
            Value::Text(text) => {
                let texts = self.text.get_or_insert(Texts { days: true, moments: true });
                texts.days &= day(text).is_some();
                texts.moments &= moment(text).is_some();
            }
            Value::List(items) => {
                let seen = self.list.get_or_insert_default();
                for item in items {
                    seen.add(item, level + 1);
                }
            }
            Value::Object(fields) => {
                let objects = self.object.get_or_insert_default();
                objects.count += 1;
                for (name, value) in fields {
                    if objects.fields.len() >= FIELDS_MAX && !objects.fields.contains_key(name) {
                        objects.many = true;
                        continue;
                    }
                    let (count, seen) = objects.fields.entry(name.clone()).or_default();
                    *count += 1;
                    seen.add(value, level + 1);
                }
            }
        }
    }

    fn write(&self, text: &mut String, level: usize) {
        let mut types: Vec<String> = Vec::new();
        if self.anything {
            text.push_str("{}");
            return;
        }
        if self.bool {
            types.push(r#"{"type":"boolean"}"#.to_string());
        }
        // Text before numbers: the other way round is how Pydantic writes one decimal.
        if let Some(texts) = &self.text {
            let format = match texts {
                Texts { days: true, .. } => r#","format":"date""#,
                Texts { moments: true, .. } => r#","format":"date-time""#,
                _ => "",
            };
            types.push(format!(r#"{{"type":"string"{format}}}"#));
        }
        match (self.integer, self.number) {
            (_, true) => types.push(r#"{"type":"number"}"#.to_string()),
            (true, false) => types.push(r#"{"type":"integer"}"#.to_string()),
            _ => {}
        }
        if let Some(items) = &self.list {
            let mut list = String::from(r#"{"type":"array","items":"#);
            items.write(&mut list, level + 1);
            list.push('}');
            types.push(list);
        }
        if let Some(object) = &self.object {
            let mut inner = String::new();
            object.write(&mut inner, level + 1);
            types.push(inner);
        }
        if self.null {
            types.push(r#"{"type":"null"}"#.to_string());
        }
        match types.as_slice() {
            [] => text.push_str("{}"),
            [one] => text.push_str(one),
            several => {
                text.push_str(r#"{"anyOf":["#);
                text.push_str(&several.join(","));
                text.push_str("]}");
            }
        }
    }
}

impl Objects {
    fn write(&self, text: &mut String, level: usize) {
        if self.many || level > LEVELS_MAX {
            text.push_str(r#"{"type":"object"}"#);
            return;
        }
        let (mut properties, mut required) = (String::new(), String::new());
        for (name, (count, seen)) in &self.fields {
            if *count == self.count {
                comma(&mut required);
                let _ = quote(&mut required, name);
            }
            comma(&mut properties);
            let _ = quote(&mut properties, name);
            properties.push(':');
            seen.write(&mut properties, level);
        }
        text.push_str(&format!(
            r#"{{"type":"object","properties":{{{properties}}},"required":[{required}]}}"#
        ));
    }
}
