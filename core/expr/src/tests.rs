//! Expressions over a few records.

use crate::{EvalProblem, Expr, Scope, compile};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::Instant;
use schema::{Schema, Value};

pub(crate) const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["species", "body_mass_g", "active", "day", "steps", "visits", "tags", "home"],
    "properties": {
        "species": {"enum": ["Adelie", "Chinstrap", "Gentoo"]},
        "body_mass_g": {"type": "integer", "minimum": 0},
        "active": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "seen": {"type": "string", "format": "date-time"},
        "steps": {"type": ["integer", "null"]},
        "name": {"type": "string"},
        "visits": {"type": "array", "items": {
            "type": "object", "required": ["date", "cost"],
            "properties": {"date": {"type": "string", "format": "date"}, "cost": {"type": "number"},
                "note": {"type": "string"}}}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "home": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "body mass (kg)": {"type": "number"},
        "extra": {}
    }
}"#;

pub(crate) fn schema() -> Schema {
    Schema::from_json(SCHEMA).expect("a schema")
}

pub(crate) fn record(text: &str) -> Value {
    Value::from_json(text).expect("JSON")
}

pub(crate) const RECORD: &str = r#"{"species": "Adelie", "body_mass_g": 3750, "active": true, "day": "2026-11-20",
    "seen": "2026-11-20T12:30:15.25Z", "steps": null, "tags": ["a", "b"], "home": {"city": "Ulm"},
    "visits": [{"date": "2026-01-02", "cost": 12.5}, {"date": "2026-03-04", "cost": 7.25, "note": "x"}],
    "body mass (kg)": 3.75, "extra": {"deep": [1, "two", null]}}"#;

pub(crate) fn compiled(source: &str) -> Expr {
    compile(source, &schema(), Scope::Record).unwrap_or_else(|error| panic!("{source}\n{error}"))
}

pub(crate) fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().expect("a moment")
}

fn value(source: &str) -> String {
    match compiled(source).evaluate_at(&record(RECORD), now()) {
        Ok(value) => value.to_json(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_of_a_record() {
    let cases = [
        ("body_mass_g / 1000", "3.75"),
        ("7 / 2", "3.5"),
        ("species == 'Adelie' && body_mass_g > 3700", "true"),
        ("species in ['Gentoo', 'Chinstrap']", "false"),
        ("`body mass (kg)` * 2", "7.5"),
        ("visits.map(v, v.cost)", "[12.5,7.25]"),
        ("visits.exists(v, v.date > date('2026-02-01'))", "true"),
        ("visits[1].note", "\"x\""),
        ("size(tags) + tags.size()", "4"),
        ("has(name)", "false"),
        ("steps > 5", "null"),
        ("steps > 5 || active", "true"),
        ("(day - date('2026-11-10')).getDays()", "10"),
        ("today() - days(30)", "\"2026-10-21\""),
        ("1 / (body_mass_g - 3750)", "division by zero (character 2)"),
        ("extra.deep[1]", "\"two\""),
        ("home['city'] + '!'", "\"Ulm!\""),
        ("last(30, 'days', day)", "true"),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn values_of_a_person() {
    let records: Vec<Value> = [
        r#"{"day": "2026-11-20", "steps": 4000, "active": true}"#,
        r#"{"day": "2026-11-19", "steps": 8000, "active": true}"#,
        r#"{"day": "2026-10-01", "steps": 100, "active": false}"#,
        r#"{"day": "2026-11-18", "steps": null, "active": true}"#,
    ]
    .map(record)
    .into();
    let cases = [
        ("avg(steps)", "4033.3333333333333333333333333", "your average of `steps`"),
        ("avg(steps, last(30, 'days', day))", "6000", "your average of `steps` over the last 30 days"),
        (
            "sum(steps, active) / count()",
            "3000",
            "your total of `steps` where `active` divided by your number of records",
        ),
        ("last(steps, day)", "4000", "your last `steps` by `day`"),
        ("max(steps) - min(steps)", "7900", "your greatest `steps` minus your least `steps`"),
        ("count(has(steps))", "3", "your number of records where `steps` has a value"),
        ("max(day)", "\"2026-11-20\"", "your greatest `day`"),
    ];
    for (source, expected, words) in cases {
        let expr =
            compile(source, &schema(), Scope::Person).unwrap_or_else(|error| panic!("{source}\n{error}"));
        assert_eq!(
            expr.evaluate_all(&records, now()).map(|value| value.to_json()),
            Ok(expected.into()),
            "{source}"
        );
        assert_eq!(expr.words(), words);
    }
    let expr = compiled("active");
    assert!(matches!(
        expr.evaluate_all(&records, now()).map_err(|error| error.problem),
        Err(EvalProblem::OtherScope { .. })
    ));
}
