//! Static types: what a part of an expression gives, as far as the schema tells.

use crate::Type;
use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use schema::{Field, Kind, Schema, Value};

/// What is known of a value before there is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) form: Form,
    /// Whether it can be null, which a missing field is as well.
    pub(crate) nullable: bool,
    /// The field's path where the value is read as it stands, else empty.
    pub(crate) path: String,
    /// The values that the schema lists, where it does.
    pub(crate) choices: Vec<Value>,
}

/// A type with its parts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    Null,
    Bool,
    Number,
    Text,
    Date,
    DateTime,
    Duration,
    /// Items, and how many there are at most.
    List(Box<Shape>, u32),
    Object(Arc<Fields>),
    /// Known only once there is a value.
    Any,
}

/// The fields of an object.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fields {
    pub(crate) named: BTreeMap<String, Shape>,
    /// What fields of other names are, where there may be some.
    pub(crate) others: Option<Shape>,
}

impl Fields {
    /// The fields of a schema's records.
    pub(crate) fn of(schema: &Schema) -> Self {
        match schema.field(&[]).map(|field| Shape::described(&field, "").form) {
            Some(Form::Object(fields)) => Arc::unwrap_or_clone(fields),
            // Records that are one of several kinds: what a field is shows when there is one.
            _ => Self { named: BTreeMap::new(), others: Some(Shape::ANY) },
        }
    }

    /// What the field of this name is, at `path`.
    pub(crate) fn get(&self, name: &str, path: &str) -> Option<Shape> {
        let shape = self.named.get(name).or(self.others.as_ref())?;
        Some(Shape { path: String::from(path), ..shape.clone() })
    }
}

impl Shape {
    /// Anything, or nothing.
    pub(crate) const ANY: Self =
        Self { form: Form::Any, nullable: true, path: String::new(), choices: Vec::new() };

    pub(crate) const fn of(form: Form) -> Self {
        Self { form, nullable: false, path: String::new(), choices: Vec::new() }
    }

    pub(crate) fn nullable(self, nullable: bool) -> Self {
        Self { nullable: self.nullable || nullable, ..self }
    }

    /// What a schema says of a field at `path`.
    fn described(field: &Field, path: &str) -> Self {
        let shape = Self::of_kind(&field.kind, path);
        Self {
            nullable: field.may_lack() || matches!(shape.form, Form::Any),
            path: String::from(path),
            ..shape
        }
    }

    fn of_kind(kind: &Kind, path: &str) -> Self {
        let form = match kind {
            Kind::Bool => Form::Bool,
            Kind::Integer { .. } | Kind::Number { .. } => Form::Number,
            Kind::Text { .. } => Form::Text,
            Kind::Date => Form::Date,
            Kind::DateTime => Form::DateTime,
            Kind::Enum(values) => {
                let form = |value: &Value| match value {
                    Value::Bool(_) => Form::Bool,
                    Value::Number(_) => Form::Number,
                    Value::Text(_) => Form::Text,
                    _ => Form::Any,
                };
                let mut forms = values.iter().map(form);
                let first = forms.next().unwrap_or(Form::Any);
                let form = if forms.all(|form| form.same(&first)) { first } else { Form::Any };
                return Self { choices: values.clone(), ..Self::of(form) };
            }
            // What an item is read as bears the list's path: fields are told by their names alone.
            Kind::List(item) => Form::List(Box::new(Self::described(item, path)), crate::LIST_ITEMS_MAX),
            Kind::Object(fields) => {
                // One by one: collecting sorts, with code that nothing else in the page needs.
                let mut named = BTreeMap::new();
                for (name, field) in fields {
                    let inner = if path.is_empty() { name.clone() } else { [path, ".", name].concat() };
                    named.insert(name.clone(), Self::described(field, &inner));
                }
                Form::Object(Arc::new(Fields { named, others: None }))
            }
            Kind::Map(value) => Form::Object(Arc::new(Fields {
                named: BTreeMap::new(),
                others: Some(Self::described(value, path).nullable(true)),
            })),
            Kind::Union(kinds) => {
                let mut shapes = kinds.iter().map(|kind| Self::of_kind(kind, path));
                let first = shapes.next().unwrap_or(Self::ANY);
                return shapes.try_fold(first, |one, other| one.join(&other)).unwrap_or(Self::ANY);
            }
            _ => Form::Any,
        };
        Self::of(form)
    }

    pub(crate) fn is(&self, form: &Form) -> bool {
        matches!(self.form, Form::Any) || self.form.same(form)
    }

    pub(crate) fn ty(&self) -> Type {
        self.form.ty()
    }

    /// The same without its place in the record.
    pub(crate) fn free(&self) -> Self {
        Self { path: String::new(), choices: Vec::new(), ..self.clone() }
    }

    /// What a value is that is either of the two, where one form holds both.
    pub(crate) fn join(&self, other: &Self) -> Option<Self> {
        let nullable = self.nullable || other.nullable;
        let form = match (&self.form, &other.form) {
            (Form::Null, form) | (form, Form::Null) => {
                return Some(Self { nullable: true, ..Self::of(form.clone()) });
            }
            (Form::Any, _) | (_, Form::Any) => Form::Any,
            (Form::List(left, most), Form::List(right, more)) => {
                Form::List(Box::new(left.join(right)?), *most.max(more))
            }
            (Form::Object(left), Form::Object(right)) if left == right => Form::Object(left.clone()),
            (Form::Object(_), Form::Object(_)) => Form::Any,
            (left, right) if left.same(right) => left.clone(),
            _ => return None,
        };
        Some(Self { nullable, ..Self::of(form) })
    }

    /// Whether values of the two could be equal, other than by both being null.
    pub(crate) fn comparable(&self, other: &Self) -> bool {
        matches!(self.form, Form::Null | Form::Any)
            || matches!(other.form, Form::Null | Form::Any)
            || match (&self.form, &other.form) {
                (Form::List(left, _), Form::List(right, _)) => left.comparable(right),
                (left, right) => left.same(right),
            }
    }
}

impl Form {
    /// Whether both are the same type, their parts aside.
    pub(crate) fn same(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }

    pub(crate) fn ty(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::Text => Type::Text,
            Self::Date => Type::Date,
            Self::DateTime => Type::DateTime,
            Self::Duration => Type::Duration,
            Self::List(item, _) => Type::List(Box::new(item.ty())),
            Self::Object(_) => Type::Object,
            Self::Any => Type::Any,
        }
    }
}
