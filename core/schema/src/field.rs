//! What a schema says about one field, for those who compute with it and those who show it.

use crate::{
    Format, Value,
    rules::{Id, Rule, Rules, Types},
};
use alloc::{boxed::Box, string::String, vec, vec::Vec};
use rust_decimal::Decimal;

/// Most fields that one lookup describes; what lies beyond is [`Kind::Any`].
pub const FIELDS_DESCRIBED_MAX: usize = 4096;
/// Most levels below the field that is looked up; what lies beyond, as in a record that holds its like, is
/// [`Kind::Any`].
pub const LEVELS_DESCRIBED_MAX: usize = 8;

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// What its values are.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether it may be missing. Of a field looked up by its path: whether anything on the way may be missing or
    /// null.
    pub optional: bool,
    /// Its title.
    pub title: Option<String>,
    /// What it means, in its author's words.
    pub description: Option<String>,
    /// The value it has where it is missing; [`crate::Schema::complete`] puts it there.
    pub default: Option<Value>,
    /// Most decimals that its numbers have, where the schema says so: 0 of whole numbers, 2 of multiples of 0.25, those
    /// of the finest number of an enumeration. `None` where numbers may be finer, or where there are none.
    pub decimals_max: Option<u32>,
}

impl Field {
    /// Whether a fitting record may have no value here: missing or null.
    pub fn may_lack(&self) -> bool {
        self.nullable || self.optional
    }
}

/// What a field's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// True or false.
    Bool,
    /// Whole numbers.
    Integer {
        /// Smallest.
        min: Option<Decimal>,
        /// Largest.
        max: Option<Decimal>,
    },
    /// Numbers.
    Number {
        /// Smallest; where the schema excludes the bound itself, a bound all the same.
        min: Option<Decimal>,
        /// Largest; where the schema excludes the bound itself, a bound all the same.
        max: Option<Decimal>,
    },
    /// Text.
    Text {
        /// Most characters.
        chars_max: Option<u64>,
        /// The format, if it is one that is checked and has no kind of its own.
        format: Option<Format>,
    },
    /// Text that is a day; [`crate::day`] reads it.
    Date,
    /// Text that is a moment; [`crate::moment`] reads it.
    DateTime,
    /// One of these values, null not among them.
    Enum(Vec<Value>),
    /// Lists of this.
    List(Box<Field>),
    /// Objects with these fields, in the schema's order.
    Object(Vec<(String, Field)>),
    /// Objects whose fields have any names, and these values.
    Map(Box<Field>),
    /// One of several kinds.
    Union(Vec<Kind>),
    /// Anything, or what the schema says in words too many to tell here.
    Any,
}

/// Looks into the graph.
pub(crate) struct Describe<'a> {
    rules: &'a Rules,
    left: usize,
}

impl<'a> Describe<'a> {
    pub(crate) fn new(rules: &'a Rules) -> Self {
        Self { rules, left: FIELDS_DESCRIBED_MAX }
    }

    /// The field at the end of a path from `id` on.
    pub(crate) fn path(&mut self, id: Id, path: &[&str]) -> Option<Field> {
        let mut nodes = vec![id];
        let mut optional = false;
        for step in path {
            let mut next = Vec::new();
            for id in &nodes {
                let members = self.members(*id);
                optional |= members.nullable;
                for member in &members.nodes {
                    match self.step(*member, step) {
                        Some((id, required)) => {
                            optional |= !required;
                            if !next.contains(&id) {
                                next.push(id);
                            }
                        }
                        // Another member of the union may have the field.
                        None => optional = true,
                    }
                }
            }
            nodes = next;
        }
        let (first, others) = nodes.split_first()?;
        let mut field = self.field(*first, !optional, 0);
        for other in others {
            let other = self.field(*other, true, 0);
            field.nullable |= other.nullable;
            field.kind = join(vec![field.kind, other.kind]);
            field.decimals_max = field.decimals_max.zip(other.decimals_max).map(|(one, more)| one.max(more));
        }
        Some(field)
    }

    /// The node one step further, and whether a value is always there.
    fn step(&self, id: Id, step: &str) -> Option<(Id, bool)> {
        let parts = self.rules.with_all(id);
        let rules = || parts.iter().map(|id| self.rules.get(*id));
        if rules().all(|rule| rule.types.has(Types::OBJECT)) {
            let required = rules().any(|rule| rule.required.iter().any(|name| name == step));
            if let Some(id) = rules().find_map(|rule| rule.field(step)) {
                return Some((id, required));
            }
            let pattern = rules().flat_map(|rule| &rule.patterns).find(|(pattern, _)| pattern.fits(step));
            let other = pattern.map(|(_, id)| *id).or_else(|| rules().find_map(|rule| rule.others));
            if let Some(id) = other.filter(|id| !self.rules.get(*id).is_never()) {
                return Some((id, required));
            }
        }
        if rules().all(|rule| rule.types.has(Types::LIST)) {
            let at = step.parse::<usize>().ok();
            if at.is_none() && step != "*" {
                return None;
            }
            let first = at.and_then(|at| rules().find_map(|rule| rule.first.get(at)));
            let id = first.or_else(|| rules().find_map(|rule| rule.items.as_ref()))?;
            let always = at.is_some_and(|at| rules().any(|rule| rule.items_min > at as u64));
            return Some((*id, always));
        }
        None
    }

    /// The members of a node's unions, without null; the node itself where it has none.
    fn members(&self, id: Id) -> Members {
        let mut members = Members { nodes: Vec::new(), nullable: false };
        let mut waiting = vec![id];
        let mut seen = Vec::new();
        while let Some(id) = waiting.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            if self.rules.is_null(id) {
                members.nullable = true;
                continue;
            }
            let parts = self.rules.with_all(id);
            let union = parts.iter().find_map(|id| {
                let rule = self.rules.get(*id);
                let one = rule.one.as_ref().map(|one| &one.members);
                (!rule.any.is_empty()).then_some(&rule.any).or(one)
            });
            match union {
                Some(union) => waiting.extend(union.iter().rev()),
                None => members.nodes.push(id),
            }
        }
        members
    }

    fn field(&mut self, id: Id, required: bool, level: usize) -> Field {
        let parts = self.rules.with_all(id);
        let rules: Vec<&Rule> = parts.iter().map(|id| self.rules.get(*id)).collect();
        let members = self.members(id);
        let mut nullable = members.nullable;
        let kinds = members.nodes.iter().map(|id| {
            let (kind, null) = self.kind(*id, level);
            nullable |= null;
            kind
        });
        let kinds: Vec<Kind> = kinds.collect();
        let default = rules.iter().find_map(|rule| rule.default.clone());
        // What is put in place of a missing value counts, too.
        let default_decimals = default.as_ref().and_then(decimals_of);
        let decimals = members.nodes.iter().filter_map(|id| self.decimals(*id));
        let decimals = decimals.reduce(|one, more| Some(one?.max(more?))).flatten();
        let decimals_max = decimals.map(|decimals| decimals.max(default_decimals.unwrap_or(0)));
        Field {
            kind: join(kinds),
            nullable,
            optional: !required,
            title: rules.iter().find_map(|rule| rule.title.clone()),
            description: rules.iter().find_map(|rule| rule.description.clone()),
            default,
            decimals_max,
        }
    }

    /// Most decimals of the numbers of a node without unions, `None` within where they may have any; `None` where no
    /// number is among its values.
    fn decimals(&self, id: Id) -> Option<Option<u32>> {
        let parts = self.rules.with_all(id);
        let rules: Vec<&Rule> = parts.iter().map(|id| self.rules.get(*id)).collect();
        let types = rules.iter().fold(Types::ALL, |types, rule| types.and(rule.types));
        if let Some(listed) = rules.iter().find_map(|rule| rule.listed.as_ref()) {
            return listed.iter().filter_map(decimals_of).max().map(Some);
        }
        if rules.iter().any(|rule| rule.decimal) {
            return Some(None);
        }
        // Of what `allOf` brings together each holds, so that the coarsest says most.
        let steps = rules.iter().filter_map(|rule| rule.multiple_of).map(|step| step.normalize().scale());
        match meant(&rules, types) {
            Some(types) if types.has(Types::NUMBER) => Some(steps.min()),
            Some(types) if types.has(Types::INTEGER) => Some(Some(0)),
            Some(_) => None,
            None => Some(None),
        }
    }

    /// What a node without unions describes, and whether null is among it.
    fn kind(&mut self, id: Id, level: usize) -> (Kind, bool) {
        let parts = self.rules.with_all(id);
        let rules: Vec<&Rule> = parts.iter().map(|id| self.rules.get(*id)).collect();
        let types = rules.iter().fold(Types::ALL, |types, rule| types.and(rule.types));
        if let Some(listed) = rules.iter().find_map(|rule| rule.listed.as_ref()) {
            let fitting = |value: &&Value| types.has(Types::of(value)) && **value != Value::Null;
            let null = listed.contains(&Value::Null) && types.has(Types::NULL);
            return (Kind::Enum(listed.iter().filter(fitting).cloned().collect()), null);
        }
        let Some(types) = meant(&rules, types) else { return (Kind::Any, true) };
        let nullable = types.has(Types::NULL);
        let types = types.without(Types::NULL);
        if rules.iter().any(|rule| rule.decimal) {
            // A text without the pattern may be no number; it then counts as no value.
            let unsure = rules.iter().any(|rule| rule.decimal && rule.pattern.is_none());
            let bounds = if unsure { (None, None) } else { bounds(&rules) };
            return (Kind::Number { min: bounds.0, max: bounds.1 }, nullable || unsure);
        }
        let mut kinds = Vec::new();
        if types.has(Types::BOOL) {
            kinds.push(Kind::Bool);
        }
        let (min, max) = bounds(&rules);
        if types.has(Types::NUMBER) {
            kinds.push(Kind::Number { min, max });
        } else if types.has(Types::INTEGER) {
            kinds.push(Kind::Integer { min, max });
        }
        if types.has(Types::TEXT) {
            kinds.push(match rules.iter().find_map(|rule| rule.format) {
                Some(Format::Date) => Kind::Date,
                Some(Format::DateTime) => Kind::DateTime,
                format => {
                    Kind::Text { chars_max: rules.iter().filter_map(|rule| rule.chars_max).min(), format }
                }
            });
        }
        if types.has(Types::LIST) {
            kinds.push(self.list(&rules, level));
        }
        if types.has(Types::OBJECT) {
            kinds.push(self.object(&rules, level));
        }
        (join(kinds), nullable)
    }

    fn list(&mut self, rules: &[&Rule], level: usize) -> Kind {
        let mut items: Vec<Id> = rules.iter().flat_map(|rule| rule.first.iter().copied()).collect();
        items.extend(rules.iter().filter_map(|rule| rule.items).filter(|id| !self.rules.get(*id).is_never()));
        let mut fields = items.into_iter().map(|id| self.below(id, true, level));
        let Some(mut item) = fields.next() else { return Kind::List(Box::new(any())) };
        for other in fields {
            item.nullable |= other.nullable;
            item.kind = join(vec![item.kind, other.kind]);
        }
        Kind::List(Box::new(item))
    }

    fn object(&mut self, rules: &[&Rule], level: usize) -> Kind {
        let mut fields: Vec<(String, Field)> = Vec::new();
        for (name, id) in rules.iter().flat_map(|rule| &rule.fields) {
            if fields.iter().all(|(known, _)| known != name) {
                let required = rules.iter().any(|rule| rule.required.contains(name));
                let field = self.below(*id, required, level);
                fields.push((name.clone(), field));
            }
        }
        let patterns = rules.iter().flat_map(|rule| rule.patterns.iter().map(|(_, id)| *id));
        let other = rules.iter().find_map(|rule| rule.others).or_else(|| patterns.last());
        match other.filter(|id| fields.is_empty() && !self.rules.get(*id).is_never()) {
            Some(id) => Kind::Map(Box::new(self.below(id, false, level))),
            None => Kind::Object(fields),
        }
    }

    /// A field one level further down, as long as there is room.
    fn below(&mut self, id: Id, required: bool, level: usize) -> Field {
        if self.left == 0 || level >= LEVELS_DESCRIBED_MAX {
            return Field { optional: !required, ..any() };
        }
        self.left -= 1;
        self.field(id, required, level + 1)
    }
}

struct Members {
    nodes: Vec<Id>,
    nullable: bool,
}

/// The types that are meant. A schema without `type` allows all, but one with `properties`, say, speaks of objects;
/// a value of another type then counts as none. `None` where nothing tells.
fn meant(rules: &[&Rule], types: Types) -> Option<Types> {
    if types != Types::ALL {
        return Some(types);
    }
    let any = |says: fn(&Rule) -> bool| rules.iter().any(|rule| says(rule));
    let meant = if any(|rule| !rule.fields.is_empty() || rule.others.is_some() || !rule.patterns.is_empty()) {
        Types::OBJECT
    } else if any(|rule| rule.items.is_some() || !rule.first.is_empty()) {
        Types::LIST
    } else if any(|rule| rule.min.is_some() || rule.max.is_some() || rule.multiple_of.is_some()) {
        Types::NUMBER
    } else if any(|rule| rule.format.is_some() || rule.pattern.is_some() || rule.chars_max.is_some()) {
        Types::TEXT
    } else {
        return None;
    };
    Some(meant.or(Types::NULL))
}

fn any() -> Field {
    Field {
        kind: Kind::Any,
        nullable: true,
        optional: false,
        title: None,
        description: None,
        default: None,
        decimals_max: None,
    }
}

/// How many decimals a number has; `None` of other values.
fn decimals_of(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => Some(number.normalize().scale()),
        _ => None,
    }
}

fn bounds(rules: &[&Rule]) -> (Option<Decimal>, Option<Decimal>) {
    (
        rules.iter().filter_map(|rule| rule.min.map(|bound| bound.value)).max(),
        rules.iter().filter_map(|rule| rule.max.map(|bound| bound.value)).min(),
    )
}

/// One kind for values that are of any of these.
fn join(kinds: Vec<Kind>) -> Kind {
    let mut joined: Vec<Kind> = Vec::new();
    for kind in kinds {
        let parts = match kind {
            Kind::Union(parts) => parts,
            kind => vec![kind],
        };
        for part in parts {
            if joined.contains(&part) {
                continue;
            }
            if let (Some(Kind::Enum(known)), Kind::Enum(more)) =
                (joined.iter_mut().find(|known| matches!(known, Kind::Enum(_))), &part)
            {
                let new: Vec<Value> = more.iter().filter(|value| !known.contains(value)).cloned().collect();
                known.extend(new);
            } else if is_number(&part) && joined.iter().any(is_number) {
                joined.retain(|known| !is_number(known));
                joined.push(Kind::Number { min: None, max: None });
            } else if part == Kind::Any {
                return Kind::Any;
            } else {
                joined.push(part);
            }
        }
    }
    match joined.len() {
        0 => Kind::Any,
        1 => joined.remove(0),
        _ => Kind::Union(joined),
    }
}

fn is_number(kind: &Kind) -> bool {
    matches!(kind, Kind::Integer { .. } | Kind::Number { .. })
}
