//! Checks a value against the graph.

use crate::{
    Budget, Problem, Value, Violation,
    pattern::PATTERN_TEXT_MAX,
    rules::{Bound, Id, OneOf, Rule, Rules, Types},
    union,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    vec::Vec,
};
use rust_decimal::Decimal;

/// Most violations that are told of one record.
pub const VIOLATIONS_MAX: usize = 64;
/// Most steps that one check takes: a value looked at, a thousand characters counted, 16 listed values
/// compared, a hundred comparisons of a pattern.
pub const CHECK_STEPS_MAX: u32 = 200_000;
/// Most nodes within nodes.
const DEPTH_MAX: usize = 128;
/// Most characters of a list of values in a message.
const WORDS_MAX: usize = 120;

/// One check under way.
pub(crate) struct Check<'a> {
    rules: &'a Rules,
    path: Vec<String>,
    /// What was found; not kept where only the answer counts.
    found: Option<Vec<Violation>>,
    steps: u32,
}

impl<'a> Check<'a> {
    /// All violations of a value.
    pub(crate) fn violations(rules: &'a Rules, value: &Value, budget: &Budget) -> Vec<Violation> {
        let steps = budget.of(CHECK_STEPS_MAX);
        let mut check = Self { rules, path: Vec::new(), found: Some(Vec::new()), steps };
        let fits = check.node(0, value, 0);
        budget.spend((steps - check.steps).into());
        let mut found = check.found.unwrap_or_default();
        if check.steps == 0 && !fits {
            found.clear();
            found.push(Violation { path: String::new(), problem: Problem::TooMuch });
        }
        found
    }

    /// Whether a value fits a node; `steps` are what may still be spent on that, and are counted down.
    pub(crate) fn fits(rules: &'a Rules, id: Id, value: &Value, steps: &mut u32) -> bool {
        let mut check = Self { rules, path: Vec::new(), found: None, steps: *steps };
        let fits = check.node(id, value, 0);
        *steps = check.steps;
        fits
    }

    fn spend(&mut self, steps: u32) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// Notes a violation here; false, as the value does not fit.
    fn violation(&mut self, problem: impl FnOnce() -> Problem) -> bool {
        let path = &self.path;
        if let Some(found) = self.found.as_mut().filter(|found| found.len() < VIOLATIONS_MAX) {
            found.push(Violation { path: path.join("."), problem: problem() });
        }
        false
    }

    /// Runs `check` one step further down the path.
    fn within(&mut self, step: impl FnOnce() -> String, check: impl FnOnce(&mut Self) -> bool) -> bool {
        let kept = self.found.is_some();
        if kept {
            self.path.push(step());
        }
        let fits = check(self);
        if kept {
            self.path.pop();
        }
        fits
    }

    fn node(&mut self, id: Id, value: &Value, depth: usize) -> bool {
        if !self.spend(1) {
            return false;
        }
        if depth >= DEPTH_MAX {
            return self.violation(|| Problem::TooDeep);
        }
        let rules = self.rules;
        let rule = rules.get(id);
        if rule.is_never() {
            return self.violation(|| Problem::Never);
        }
        if !rule.types.has(Types::of(value)) {
            return self.violation(|| wrong_type(rule.types, value));
        }
        if let Some(listed) = &rule.listed {
            if !self.spend(u32::try_from(listed.len() / 16).unwrap_or(u32::MAX)) {
                return false;
            }
            if !listed.contains(value) {
                return self.violation(|| Problem::NotListed { allowed: words(listed.iter()) });
            }
        }
        let own = match value {
            Value::Number(number) => self.number(rule, *number),
            Value::Text(text) => self.text(rule, text),
            Value::List(items) => self.list(rule, items, depth),
            Value::Object(fields) => self.object(rule, fields, depth),
            Value::Null | Value::Bool(_) => true,
        };
        let mut fits = own;
        for part in &rule.all {
            fits &= self.node(*part, value, depth + 1);
        }
        if !rule.any.is_empty() {
            fits &= self.members(&rule.any, value, depth, false);
        }
        match &rule.one {
            Some(one) if one.tag.is_some() => fits & self.tagged(one, value, depth),
            Some(one) => fits & self.members(&one.members, value, depth, true),
            None => fits,
        }
    }

    fn number(&mut self, rule: &Rule, number: Decimal) -> bool {
        if let Some(min) = rule.min
            && (number < min.value || number == min.value && min.exclusive)
        {
            return self.violation(|| Problem::TooSmall { bound: at_least(min) });
        }
        if let Some(max) = rule.max
            && (number > max.value || number == max.value && max.exclusive)
        {
            return self.violation(|| Problem::TooLarge { bound: at_most(max) });
        }
        if let Some(of) = rule.multiple_of
            && number.checked_rem(of).is_none_or(|rest| !rest.is_zero())
        {
            return self.violation(|| Problem::NotMultiple { of: of.to_string() });
        }
        true
    }

    fn text(&mut self, rule: &Rule, text: &str) -> bool {
        let chars = text.chars().count() as u64;
        if !self.spend(u32::try_from(chars / 1000).unwrap_or(u32::MAX)) {
            return false;
        }
        if chars < rule.chars_min {
            return self.violation(|| Problem::TooShort { min: rule.chars_min, unit: "characters" });
        }
        if let Some(max) = rule.chars_max.filter(|max| chars > *max) {
            return self.violation(|| Problem::TooLong { max, unit: "characters" });
        }
        if let Some(pattern) = &rule.pattern {
            if text.len() > PATTERN_TEXT_MAX {
                return self.violation(|| Problem::TooLong { max: PATTERN_TEXT_MAX as u64, unit: "bytes" });
            }
            if !self.spend(pattern.cost(text)) {
                return false;
            }
            if !pattern.fits(text) {
                return match rule.decimal {
                    true => self.violation(|| Problem::Format { expected: "a number such as 12.50" }),
                    false => self.violation(|| Problem::Pattern { pattern: pattern.source.clone() }),
                };
            }
            // A decimal as text has the number's bounds as well.
            if let Some(number) = crate::number(text).filter(|_| rule.decimal) {
                return self.number(rule, number);
            }
        }
        match rule.format.filter(|format| !format.fits(text)) {
            Some(format) => self.violation(|| Problem::Format { expected: format.example() }),
            None => true,
        }
    }

    fn list(&mut self, rule: &Rule, items: &[Value], depth: usize) -> bool {
        let len = items.len() as u64;
        if let Some(max) = rule.items_max.filter(|max| len > *max) {
            return self.violation(|| Problem::TooLong { max, unit: "items" });
        }
        let mut fits = true;
        for (at, item) in items.iter().enumerate() {
            if let Some(id) = rule.first.get(at).copied().or(rule.items) {
                fits &= self.within(|| at.to_string(), |check| check.node(id, item, depth + 1));
            }
        }
        // A tuple lacks a place, not a length.
        for at in items.len()..rule.first.len().min(usize::try_from(rule.items_min).unwrap_or(usize::MAX)) {
            fits &= self.within(|| at.to_string(), |check| check.violation(|| Problem::Missing));
        }
        if fits && len < rule.items_min {
            return self.violation(|| Problem::TooShort { min: rule.items_min, unit: "items" });
        }
        if fits && rule.unique {
            let mut seen = BTreeSet::new();
            if let Some(at) = items.iter().position(|item| !seen.insert(item)) {
                return self.violation(|| Problem::Twice { at });
            }
        }
        fits
    }

    fn object(&mut self, rule: &Rule, fields: &BTreeMap<String, Value>, depth: usize) -> bool {
        let mut fits = true;
        for (name, id) in &rule.fields {
            if let Some(value) = fields.get(name) {
                fits &= self.within(|| name.clone(), |check| check.node(*id, value, depth + 1));
            }
        }
        for name in &rule.required {
            if !fields.contains_key(name) {
                fits &= self.within(|| name.clone(), |check| check.violation(|| Problem::Missing));
            }
        }
        if rule.others.is_some() || rule.names.is_some() || !rule.patterns.is_empty() {
            for (name, value) in fields {
                fits &= self.other_field(rule, name, value, depth);
            }
        }
        let len = fields.len() as u64;
        if fits && len < rule.fields_min {
            return self.violation(|| Problem::TooShort { min: rule.fields_min, unit: "fields" });
        }
        if let Some(max) = rule.fields_max.filter(|max| fits && len > *max) {
            return self.violation(|| Problem::TooLong { max, unit: "fields" });
        }
        fits
    }

    /// What the schema says of fields by their name alone.
    fn other_field(&mut self, rule: &Rule, name: &str, value: &Value, depth: usize) -> bool {
        let mut fits = true;
        if let Some(names) = rule.names {
            let key = Value::Text(name.to_string());
            fits &= self.within(
                || name.to_string(),
                |check| check.within(|| "[key]".to_string(), |check| check.node(names, &key, depth + 1)),
            );
        }
        let mut known = rule.field(name).is_some();
        for (pattern, id) in &rule.patterns {
            if !self.spend(pattern.cost(name)) {
                return false;
            }
            if pattern.fits(name) {
                known = true;
                fits &= self.within(|| name.to_string(), |check| check.node(*id, value, depth + 1));
            }
        }
        match rule.others.filter(|_| !known) {
            Some(id) if self.rules.get(id).is_never() => {
                self.within(|| name.to_string(), |check| check.violation(|| Problem::Unknown))
            }
            Some(id) => fits & self.within(|| name.to_string(), |check| check.node(id, value, depth + 1)),
            None => fits,
        }
    }

    /// `anyOf`, and `oneOf` where nothing tells the members apart.
    fn members(&mut self, members: &[Id], value: &Value, depth: usize, exactly_one: bool) -> bool {
        let rules = self.rules;
        let told = self.found.as_ref().map_or(0, Vec::len);
        // A value or null is no union, so its path gets no step; and null next to others is not told as missed.
        let alone = members.iter().filter(|id| !rules.is_null(**id)).count() < 2;
        let mut fitting = 0;
        for id in members {
            let fits = if members.len() > 1 && rules.is_null(*id) {
                self.spend(1) && *value == Value::Null
            } else if alone {
                self.node(*id, value, depth + 1)
            } else {
                self.within(|| union::label(rules, *id), |check| check.node(*id, value, depth + 1))
            };
            fitting += usize::from(fits);
            if fitting > usize::from(exactly_one) {
                break;
            }
        }
        if fitting > 0
            && let Some(found) = &mut self.found
        {
            found.truncate(told);
        }
        match fitting {
            0 => false,
            1 => true,
            _ if exactly_one => self.violation(|| Problem::Several),
            _ => true,
        }
    }

    /// `oneOf` whose members a field tells apart.
    fn tagged(&mut self, one: &OneOf, value: &Value, depth: usize) -> bool {
        let rules = self.rules;
        if *value == Value::Null && one.members.iter().any(|id| rules.is_null(*id)) {
            return true;
        }
        let Some((field, tags)) = &one.tag else { return true };
        let Value::Object(fields) = value else {
            return self.violation(|| wrong_type(Types::OBJECT, value));
        };
        let told = fields.get(field).and_then(|told| tags.iter().find(|(tag, _)| tag == told));
        match told {
            Some((tag, id)) => self.within(|| plain(tag), |check| check.node(*id, value, depth + 1)),
            None => self.violation(|| Problem::Tag {
                field: field.clone(),
                allowed: words(tags.iter().map(|(tag, _)| tag)),
            }),
        }
    }
}

/// A value as a step of a path.
fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Values for a message, as many as fit.
fn words<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut words = String::new();
    for value in values {
        if words.len() > WORDS_MAX {
            words.push_str(", …");
            break;
        }
        if !words.is_empty() {
            words.push_str(", ");
        }
        words.extend(value.to_string().chars().take(WORDS_MAX));
    }
    words
}

fn wrong_type(types: Types, value: &Value) -> Problem {
    const NAMES: &[(Types, &str)] = &[
        (Types::BOOL, "true or false"),
        (Types::NUMBER, "a number"),
        (Types::INTEGER, "a whole number"),
        (Types::TEXT, "text"),
        (Types::LIST, "a list"),
        (Types::OBJECT, "an object"),
        (Types::NULL, "null"),
    ];
    let mut expected = String::new();
    let mut left = types;
    for (of, name) in NAMES {
        if left.has(*of) {
            left = left.without(*of);
            expected.push_str(if expected.is_empty() { "" } else { " or " });
            expected.push_str(name);
        }
    }
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_integer() => "a number",
        Value::Number(_) => "a number with a fraction",
        Value::Text(_) => "text",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    };
    Problem::Type { expected, found }
}

fn at_least(bound: Bound) -> String {
    format!("{} {}", if bound.exclusive { "above" } else { "at least" }, bound.value)
}

fn at_most(bound: Bound) -> String {
    format!("{} {}", if bound.exclusive { "below" } else { "at most" }, bound.value)
}
