use crate::{Schema, Value};
use alloc::{string::String, vec::Vec};

mod describing;
mod hostile;
mod patterns;
mod reading;
mod records;
mod values;

fn schema(text: &str) -> Schema {
    Schema::from_json(text).unwrap()
}

fn value(text: &str) -> Value {
    Value::from_json(text).unwrap()
}

/// The violations, one a line.
fn said(schema: &Schema, record: &str) -> String {
    let violations = schema.check(&value(record)).err().unwrap_or_default();
    violations.iter().map(alloc::string::ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The violations' paths, one a word.
fn paths(schema: &Schema, record: &str) -> String {
    let violations = schema.check(&value(record)).err().unwrap_or_default();
    violations.iter().map(|violation| violation.path.as_str()).collect::<Vec<_>>().join(" ")
}

/// A schema of one field.
fn field(name: &str, schema: &str) -> Schema {
    self::schema(&alloc::format!(r#"{{"type":"object","properties":{{"{name}":{schema}}}}}"#))
}
