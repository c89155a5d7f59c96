//! What Pydantic calls the members of a union in its errors' `loc`.

use crate::{
    Format, Value,
    rules::{Id, Rule, Rules, Types},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Most levels of lists within lists that a name tells.
const LEVELS_MAX: usize = 4;

/// The name of a union's member: `int`, `list[str]`, the name of a model.
pub(crate) fn label(rules: &Rules, id: Id) -> String {
    name(rules, id, LEVELS_MAX)
}

fn name(rules: &Rules, id: Id, levels: usize) -> String {
    let parts = rules.with_all(id);
    let all: Vec<&Rule> = parts.iter().map(|id| rules.get(*id)).collect();
    let types = all.iter().fold(Types::ALL, |types, rule| types.and(rule.types));
    let object = types == Types::OBJECT && all.iter().any(|rule| !rule.fields.is_empty());
    if let Some(name) = all.iter().find_map(|rule| rule.name.clone()).filter(|_| object) {
        return name;
    }
    if let Some(listed) = all.iter().find_map(|rule| rule.listed.as_ref()) {
        // A definition of its own is an `Enum`, one without a name a `Literal`.
        return match all.iter().find_map(|rule| rule.name.as_ref()) {
            Some(name) => format!("enum[{name}]"),
            None => literal(listed),
        };
    }
    let constrained = all.iter().any(|rule| is_constrained(rule));
    let maybe = |plain: &str| if constrained { format!("constrained-{plain}") } else { plain.to_string() };
    let inner = |id: Option<Id>| match id {
        Some(id) if levels > 0 => name(rules, id, levels - 1),
        _ => "any".to_string(),
    };
    if all.iter().any(|rule| rule.decimal) {
        return "decimal".to_string();
    }
    match types {
        Types::NULL => "none".to_string(),
        Types::BOOL => "bool".to_string(),
        Types::INTEGER => maybe("int"),
        Types::NUMBER => maybe("float"),
        Types::TEXT => match all.iter().find_map(|rule| rule.format) {
            Some(Format::Date) => "date".to_string(),
            Some(Format::DateTime) => "datetime".to_string(),
            Some(Format::Time) => "time".to_string(),
            Some(Format::Uuid) => "uuid".to_string(),
            _ => maybe("str"),
        },
        Types::LIST => {
            let first: Vec<Id> = all.iter().flat_map(|rule| rule.first.iter().copied()).collect();
            if !first.is_empty() {
                let names: Vec<String> = first.into_iter().map(|id| inner(Some(id))).collect();
                return format!("tuple[{}]", names.join(", "));
            }
            let kind = if all.iter().any(|rule| rule.unique) { "set" } else { "list" };
            format!("{kind}[{}]", inner(all.iter().find_map(|rule| rule.items)))
        }
        Types::OBJECT => match all.iter().find_map(|rule| rule.title.clone()).filter(|_| object) {
            Some(title) => title,
            None => format!("dict[str,{}]", inner(all.iter().find_map(|rule| rule.others))),
        },
        _ => union(rules, &all, levels).unwrap_or_else(|| "any".to_string()),
    }
}

/// A union within the union, and a value or null.
fn union(rules: &Rules, all: &[&Rule], levels: usize) -> Option<String> {
    let members = all.iter().find_map(|rule| (!rule.any.is_empty()).then_some(&rule.any))?;
    let levels = levels.checked_sub(1)?;
    let values = members.iter().filter(|id| !rules.is_null(**id));
    let names: Vec<String> = values.map(|id| name(rules, *id, levels)).collect();
    let union = match names.as_slice() {
        [name] => name.clone(),
        names => format!("union[{}]", names.join(",")),
    };
    Some(if names.len() < members.len() { format!("nullable[{union}]") } else { union })
}

fn is_constrained(rule: &Rule) -> bool {
    rule.min.is_some()
        || rule.max.is_some()
        || rule.multiple_of.is_some()
        || rule.chars_min > 0
        || rule.chars_max.is_some()
        || rule.pattern.is_some()
}

/// `literal['a','b']`, values as Python writes them.
fn literal(listed: &[Value]) -> String {
    let python = |value: &Value| match value {
        Value::Text(text) => format!("'{text}'"),
        Value::Bool(true) => "True".to_string(),
        Value::Bool(false) => "False".to_string(),
        Value::Null => "None".to_string(),
        other => other.to_string(),
    };
    let values: Vec<String> = listed.iter().map(python).collect();
    format!("literal[{}]", values.join(","))
}
