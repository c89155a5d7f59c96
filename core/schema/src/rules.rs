//! A schema as a graph of nodes, as it is checked against.

use crate::{Format, Value, pattern::Pattern};
use alloc::{string::String, vec::Vec};
use rust_decimal::Decimal;

/// Where a node stands in [`Rules::nodes`].
pub(crate) type Id = usize;

/// The types that a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOL: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    /// Any number, whole ones among them.
    pub(crate) const NUMBER: Self = Self(4 | 8);
    pub(crate) const TEXT: Self = Self(16);
    pub(crate) const LIST: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOL,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// The narrowest type of a value.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOL,
            Value::Number(number) if number.is_integer() => Self::INTEGER,
            Value::Number(_) => Self(8),
            Value::Text(_) => Self::TEXT,
            Value::List(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// The least or greatest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) value: Decimal,
    pub(crate) exclusive: bool,
}

/// Alternatives of which exactly one fits.
#[derive(Debug, Clone)]
pub(crate) struct OneOf {
    pub(crate) members: Vec<Id>,
    /// The field whose value tells the member, and which value tells which.
    pub(crate) tag: Option<(String, Vec<(Value, Id)>)>,
}

/// One schema: what it asks of a value of each type, and of any.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) types: Types,
    /// The types that remain with all that it refers to, members of unions included. Known once all nodes are read.
    pub(crate) allowed: Types,
    pub(crate) listed: Option<Vec<Value>>,
    pub(crate) min: Option<Bound>,
    pub(crate) max: Option<Bound>,
    pub(crate) multiple_of: Option<Decimal>,
    pub(crate) chars_min: u64,
    pub(crate) chars_max: Option<u64>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) format: Option<Format>,
    pub(crate) first: Vec<Id>,
    pub(crate) items: Option<Id>,
    pub(crate) items_min: u64,
    pub(crate) items_max: Option<u64>,
    pub(crate) unique: bool,
    pub(crate) fields: Vec<(String, Id)>,
    pub(crate) required: Vec<String>,
    pub(crate) patterns: Vec<(Pattern, Id)>,
    pub(crate) others: Option<Id>,
    pub(crate) names: Option<Id>,
    pub(crate) fields_min: u64,
    pub(crate) fields_max: Option<u64>,
    pub(crate) all: Vec<Id>,
    pub(crate) any: Vec<Id>,
    pub(crate) one: Option<OneOf>,
    /// A number, or the same number as text: what Pydantic writes for `Decimal`. Where the text's pattern does
    /// not say so, a text that is no number is valid too.
    pub(crate) decimal: bool,
    /// The name of its definition.
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<Value>,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            types: Types::ALL,
            allowed: Types::ALL,
            listed: None,
            min: None,
            max: None,
            multiple_of: None,
            chars_min: 0,
            chars_max: None,
            pattern: None,
            format: None,
            first: Vec::new(),
            items: None,
            items_min: 0,
            items_max: None,
            unique: false,
            fields: Vec::new(),
            required: Vec::new(),
            patterns: Vec::new(),
            others: None,
            names: None,
            fields_min: 0,
            fields_max: None,
            all: Vec::new(),
            any: Vec::new(),
            one: None,
            decimal: false,
            name: None,
            title: None,
            description: None,
            default: None,
        }
    }
}

impl Rule {
    /// Whether it is the schema `false`.
    pub(crate) fn is_never(&self) -> bool {
        self.types == Types::NONE
    }

    /// The nodes that look at the same value.
    pub(crate) fn same_value(&self) -> impl Iterator<Item = Id> + '_ {
        let one = self.one.iter().flat_map(|one| one.members.iter());
        self.all.iter().chain(&self.any).chain(one).copied()
    }

    /// The node of a field by its name, where the schema says anything about it.
    pub(crate) fn field(&self, name: &str) -> Option<Id> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, id)| *id)
    }
}

/// The whole graph; node 0 is the record.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) nodes: Vec<Rule>,
}

impl Rules {
    pub(crate) fn get(&self, id: Id) -> &Rule {
        // Ids are positions that the reader handed out.
        &self.nodes[id]
    }

    /// Whether the schema is `{"type": "null"}` or the constant null.
    pub(crate) fn is_null(&self, id: Id) -> bool {
        let rule = self.get(id);
        rule.types == Types::NULL || rule.listed.as_deref() == Some(&[Value::Null])
    }
}
