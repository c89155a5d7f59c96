use crate::{Kind, Schema, Value};
use alloc::string::{String, ToString};

fn schema(text: &str) -> Schema {
    Schema::from_json(text).unwrap()
}

fn value(text: &str) -> Value {
    Value::from_json(text).unwrap()
}

/// The violations' paths, one a word.
fn paths(schema: &Schema, record: &str) -> String {
    let violations = schema.check(&value(record)).err().unwrap_or_default();
    violations.iter().map(|violation| violation.path.as_str()).collect::<alloc::vec::Vec<_>>().join(" ")
}

#[test]
fn a_record_of_a_few_fields() {
    let schema = schema(
        r#"{"type": "object", "required": ["steps"], "properties": {
        "steps": {"type": "integer", "minimum": 0, "maximum": 100000},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": null},
        "mood": {"enum": ["good", "bad"]}}}"#,
    );
    assert_eq!(paths(&schema, r#"{"steps": 12.0, "day": null, "mood": "good"}"#), "");
    assert_eq!(paths(&schema, r#"{"steps": 1.5, "day": "x", "mood": 3}"#), "steps day mood");
    assert_eq!(paths(&schema, "{}"), "steps");
    let steps = schema.field(&["steps"]).unwrap();
    assert_eq!(steps.kind, Kind::Integer { min: crate::number("0"), max: crate::number("100000") });
    assert!(!steps.may_lack());
    let day = schema.field(&["day"]).unwrap();
    assert!(day.kind == Kind::Date && day.nullable && day.optional && day.default == Some(Value::Null));
    assert!(schema.field(&["nothing"]).is_none());
    let row = schema.coerce(&[("steps", Some("12")), ("day", None), ("mood", Some("bad"))]);
    assert_eq!(row.to_string(), r#"{"mood":"bad","steps":12}"#);
    assert_eq!(schema.complete(&row).to_string(), r#"{"day":null,"mood":"bad","steps":12}"#);
}
