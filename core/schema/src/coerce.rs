//! Reads flat text records by a schema's types, and completes records with defaults.

use crate::{
    Budget, Value,
    check::{CHECK_STEPS_MAX, Check},
    number::number,
    rules::{Id, Rules, Types},
};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};

/// Most nodes within nodes, as for a check.
const DEPTH_MAX: usize = 128;

/// A record of the named texts.
pub(crate) fn coerce(rules: &Rules, fields: &[(&str, Option<&str>)], budget: &Budget) -> Value {
    let mut record = BTreeMap::new();
    for (name, text) in fields {
        let whole = core::slice::from_ref(name);
        let dotted: Vec<&str> = name.split('.').collect();
        let (path, id) = match node(rules, whole) {
            Some(id) => (whole, Some(id)),
            None => match node(rules, &dotted) {
                Some(id) => (dotted.as_slice(), Some(id)),
                None => (whole, None),
            },
        };
        let value = match (id, text) {
            (_, None)
                if id.is_some_and(|id| {
                    !is_required(rules, path) || !rules.get(id).allowed.has(Types::NULL)
                }) =>
            {
                None
            }
            (None, None) => None,
            (Some(_), None) => Some(Value::Null),
            (Some(id), Some(text)) => Some(read(rules, id, text, budget)),
            (None, Some(text)) => Some(Value::Text((*text).to_string())),
        };
        if let Some(value) = value {
            put(&mut record, path, value);
        }
    }
    Value::Object(record)
}

fn put(record: &mut BTreeMap<String, Value>, path: &[&str], value: Value) {
    let Some((step, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        record.insert((*step).to_string(), value);
        return;
    }
    let inner = record.entry((*step).to_string()).or_insert_with(|| Value::Object(BTreeMap::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

/// The node of a field that stands under `properties`, step by step.
fn node(rules: &Rules, path: &[&str]) -> Option<Id> {
    path.iter().try_fold(0, |id, step| {
        let mut objects = rules.with_all(id);
        // An object or null is an object here.
        for id in objects.clone() {
            objects.extend(rules.get(id).any.iter().flat_map(|id| rules.with_all(*id)));
        }
        objects.iter().find_map(|id| rules.get(*id).field(step))
    })
}

fn is_required(rules: &Rules, path: &[&str]) -> bool {
    let Some((name, parents)) = path.split_last() else { return false };
    let Some(parent) = node(rules, parents) else { return false };
    rules.with_all(parent).iter().any(|id| rules.get(*id).required.iter().any(|required| required == name))
}

/// What a text means where this node stands: the first reading that fits; else the first of an allowed type, so
/// that the violation is about the value; else the text.
fn read(rules: &Rules, id: Id, text: &str, budget: &Budget) -> Value {
    let types = rules.get(id).allowed;
    let mut readings = Vec::new();
    let truth = match text.to_ascii_lowercase().as_str() {
        "true" | "false" => Some((text.len() == 4, true)),
        "1" | "t" | "y" | "yes" | "on" => Some((true, false)),
        "0" | "f" | "n" | "no" | "off" => Some((false, false)),
        _ => None,
    };
    let truth = truth.filter(|_| types.has(Types::BOOL));
    readings.extend(truth.filter(|(_, spelt)| *spelt).map(|(truth, _)| Value::Bool(truth)));
    if types.has(Types::INTEGER) {
        readings.extend(number(text).map(Value::Number));
    }
    readings.extend(truth.filter(|(_, spelt)| !*spelt).map(|(truth, _)| Value::Bool(truth)));
    if text.starts_with('[') && types.has(Types::LIST) || text.starts_with('{') && types.has(Types::OBJECT) {
        readings.extend(Value::from_json(text).ok());
    }
    if types.has(Types::TEXT) {
        readings.push(Value::Text(text.to_string()));
    }
    if types.has(Types::NULL) && matches!(text, "null" | "None") {
        readings.push(Value::Null);
    }
    let all = budget.of(CHECK_STEPS_MAX);
    let mut steps = all;
    let fitting = match readings.len() {
        0 | 1 => 0,
        _ => readings.iter().position(|value| Check::fits(rules, id, value, &mut steps)).unwrap_or(0),
    };
    budget.spend((all - steps).into());
    match readings.is_empty() {
        true => Value::Text(text.to_string()),
        false => readings.swap_remove(fitting),
    }
}

/// The value with defaults in place of what is missing, and with decimals that are text as numbers.
pub(crate) fn complete(rules: &Rules, value: &Value, budget: &Budget) -> Value {
    let all = budget.of(CHECK_STEPS_MAX);
    let mut complete = Complete { rules, steps: all };
    let value = complete.node(0, value.clone(), 0);
    budget.spend((all - complete.steps).into());
    value
}

struct Complete<'a> {
    rules: &'a Rules,
    steps: u32,
}

impl Complete<'_> {
    fn node(&mut self, id: Id, mut value: Value, depth: usize) -> Value {
        if depth >= DEPTH_MAX || self.steps == 0 {
            return value;
        }
        self.steps -= 1;
        let rules = self.rules;
        let rule = rules.get(id);
        match &mut value {
            Value::Text(text) if rule.decimal => return number(text).map_or(Value::Null, Value::Number),
            Value::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    if let Some(id) = rule.first.get(at).copied().or(rule.items) {
                        *item = self.node(id, core::mem::replace(item, Value::Null), depth + 1);
                    }
                }
            }
            Value::Object(fields) => {
                for (name, id) in &rule.fields {
                    match fields.get_mut(name) {
                        Some(field) => {
                            *field = self.node(*id, core::mem::replace(field, Value::Null), depth + 1);
                        }
                        None => {
                            let default =
                                rules.with_all(*id).iter().find_map(|id| rules.get(*id).default.clone());
                            if let Some(default) = default {
                                fields.insert(name.clone(), default);
                            }
                        }
                    }
                }
                if let Some(others) = rule.others {
                    for (name, field) in fields.iter_mut() {
                        if rule.field(name).is_none() {
                            *field = self.node(others, core::mem::replace(field, Value::Null), depth + 1);
                        }
                    }
                }
            }
            _ => {}
        }
        for part in &rule.all {
            value = self.node(*part, value, depth + 1);
        }
        let one = rule.one.as_ref().map_or(&[][..], |one| &one.members);
        for members in [&rule.any[..], one] {
            let fitting = members.iter().find(|id| Check::fits(rules, **id, &value, &mut self.steps));
            if let Some(id) = fitting {
                value = self.node(*id, value, depth + 1);
            }
        }
        value
    }
}
