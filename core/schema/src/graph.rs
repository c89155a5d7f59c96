//! What is known only once all nodes are read: circles, tags of unions, decimals.

use crate::{
    SchemaProblem, Value,
    rules::{Id, Rule, Rules, Types},
};
use alloc::{string::String, vec, vec::Vec};

/// Most references and unions that follow each other with no field or item in between.
pub(crate) const CHAIN_MAX: usize = 16;

/// Finishes the graph, or names the node that is wrong.
pub(crate) fn finish(rules: &mut Rules) -> Result<(), (Id, SchemaProblem)> {
    chains(rules)?;
    if !may_be_object(rules) {
        return Err((0, SchemaProblem::NotARecord));
    }
    for id in 0..rules.nodes.len() {
        merge_decimal(rules, id);
        if let Some(tag) = tag(rules, id)
            && let Some(one) = &mut rules.nodes[id].one
        {
            one.tag = Some(tag);
        }
    }
    let mut known = vec![None; rules.nodes.len()];
    for id in 0..rules.nodes.len() {
        rules.nodes[id].allowed = allowed(rules, id, &mut known);
    }
    Ok(())
}

/// The types that a node leaves to a value. Each node is looked at once, as rows of unions have more paths than can be walked; a row has at most
/// [`CHAIN_MAX`] nodes.
fn allowed(rules: &Rules, id: Id, known: &mut [Option<Types>]) -> Types {
    if let Some(types) = known[id] {
        return types;
    }
    let rule = rules.get(id);
    let mut types = rule.types;
    if let Some(listed) = &rule.listed {
        types = types.and(listed.iter().fold(Types::NONE, |types, value| types.or(Types::of(value))));
    }
    for part in &rule.all {
        types = types.and(allowed(rules, *part, known));
    }
    let one = rule.one.as_ref().map_or(&[][..], |one| &one.members);
    for members in [&rule.any[..], one].into_iter().filter(|members| !members.is_empty()) {
        let mut any = Types::NONE;
        for member in members {
            any = any.or(allowed(rules, *member, known));
        }
        types = types.and(any);
    }
    known[id] = Some(types);
    types
}

/// Refuses circles and long rows among the nodes that look at one value, by taking away again and again the
/// nodes that nothing leads to.
fn chains(rules: &Rules) -> Result<(), (Id, SchemaProblem)> {
    let len = rules.nodes.len();
    let (mut leading, mut row) = (vec![0usize; len], vec![0usize; len]);
    for rule in &rules.nodes {
        for to in rule.same_value() {
            leading[to] += 1;
        }
    }
    let mut free: Vec<Id> = (0..len).filter(|id| leading[*id] == 0).collect();
    let mut taken = 0;
    while let Some(id) = free.pop() {
        taken += 1;
        if row[id] > CHAIN_MAX {
            return Err((id, SchemaProblem::TooIndirect { max: CHAIN_MAX }));
        }
        for to in rules.get(id).same_value() {
            row[to] = row[to].max(row[id] + 1);
            leading[to] -= 1;
            if leading[to] == 0 {
                free.push(to);
            }
        }
    }
    match leading.iter().position(|count| *count > 0) {
        Some(id) if taken < len => Err((id, SchemaProblem::Endless)),
        _ => Ok(()),
    }
}

fn may_be_object(rules: &Rules) -> bool {
    let object = |id: Id| rules.with_all(id).iter().all(|id| rules.get(*id).types.has(Types::OBJECT));
    let members = |ids: &[Id]| ids.is_empty() || ids.iter().any(|id| object(*id));
    let one = rules.get(0).one.as_ref().map_or(&[][..], |one| &one.members);
    object(0) && rules.get(0).listed.is_none() && members(&rules.get(0).any) && members(one)
}

/// Pydantic writes `Decimal` as a number or, next to it, a text. Made one node, so that one value has one
/// reading and one error.
fn merge_decimal(rules: &mut Rules, id: Id) {
    let any = &rules.get(id).any;
    let pair = any.windows(2).position(|pair| {
        let (number, text) = (rules.get(pair[0]), rules.get(pair[1]));
        let plain = |rule: &Rule| rule.listed.is_none() && rule.same_value().next().is_none();
        let bare_text = text.format.is_none()
            && text.chars_min == 0
            && text.chars_max.is_none()
            && text.pattern.as_ref().is_none_or(|pattern| pattern.is_decimal());
        number.types == Types::NUMBER
            && text.types == Types::TEXT
            && plain(number)
            && plain(text)
            && bare_text
    });
    if let Some(at) = pair {
        let mut decimal = rules.get(any[at]).clone();
        decimal.types = Types::NUMBER.or(Types::TEXT);
        decimal.pattern = rules.get(any[at + 1]).pattern.clone();
        decimal.decimal = true;
        let merged = rules.nodes.len();
        rules.nodes.push(decimal);
        let any = &mut rules.nodes[id].any;
        any[at] = merged;
        any.remove(at + 1);
    } else if rules.get(id).types == Types::TEXT
        && rules.get(id).pattern.as_ref().is_some_and(|pattern| pattern.is_decimal())
    {
        rules.nodes[id].decimal = true;
    }
}

/// The field that tells the members of a `oneOf` apart, where the schema does not say it in full: one that each
/// member requires, with constants that no other member has.
fn tag(rules: &Rules, id: Id) -> Option<(String, Vec<(Value, Id)>)> {
    let one = rules.get(id).one.as_ref()?;
    if one.tag.as_ref().is_some_and(|(_, tags)| !tags.is_empty()) {
        return None;
    }
    let stated = one.tag.as_ref().map(|(field, _)| field);
    let members: Vec<Id> = one.members.iter().copied().filter(|id| !rules.is_null(*id)).collect();
    let first = rules.with_all(*members.first()?);
    let candidates = first.iter().flat_map(|id| rules.get(*id).fields.iter().map(|(name, _)| name));
    let of = |field: &String| {
        let mut tags: Vec<(Value, Id)> = Vec::new();
        for member in &members {
            for value in constants(rules, *member, field)? {
                if tags.iter().any(|(tag, _)| *tag == value) {
                    return None;
                }
                tags.push((value, *member));
            }
        }
        Some((field.clone(), tags))
    };
    candidates.filter(|field| stated.is_none_or(|stated| stated == *field)).find_map(of)
}

/// The constants that a required field of an object may have.
fn constants(rules: &Rules, object: Id, field: &String) -> Option<Vec<Value>> {
    let parts = rules.with_all(object);
    if !parts.iter().any(|id| rules.get(*id).required.contains(field)) {
        return None;
    }
    let field = parts.iter().find_map(|id| rules.get(*id).field(field))?;
    rules.with_all(field).iter().find_map(|id| rules.get(*id).listed.clone())
}

impl Rules {
    /// A node and all that it refers to with `$ref` and `allOf`: what a value has to fit at once.
    pub(crate) fn with_all(&self, id: Id) -> Vec<Id> {
        let mut all = vec![id];
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            for part in &self.get(id).all {
                if !all.contains(part) {
                    all.push(*part);
                }
            }
            at += 1;
        }
        all
    }
}
