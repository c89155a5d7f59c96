//! What serde takes as a record of a Rust program, and what the program's JSON Schema, by schemars, says here.

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use schema::{Kind, Schema, Value};
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// A person that is observed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Patient {
    name: String,
    age: u8,
    height_m: Option<f64>,
    born: NaiveDate,
    /// Each time that they came.
    visits: Vec<Visit>,
    pet: Option<Pet>,
    #[serde(default)]
    mood: Mood,
    contact: Contact,
    notes: BTreeMap<String, i32>,
    place: (f64, f64),
    parent: Option<Box<Patient>>,
    shape: Shape,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Visit {
    at: DateTime<Utc>,
    ok: bool,
    #[serde(default)]
    scores: Vec<u16>,
}

/// Unit variants, with words of their own: `oneOf` of constants.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
enum Mood {
    /// Well.
    #[default]
    Good,
    /// Not so well.
    Bad,
    Neither,
}

/// Told apart by a field.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Pet {
    Cat { lives: u8 },
    GuideDog { name: String, trained: Option<bool> },
}

/// Told apart by the name of the only field.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
enum Contact {
    None,
    Mail(String),
    Phone { prefix: u16, number: u64 },
}

/// Told apart by what fits.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Shape {
    Circle { radius: f64 },
    Sides(Vec<f64>),
    Name(String),
}

fn patient() -> Schema {
    let text = serde_json::to_string_pretty(&schema_for!(Patient)).unwrap();
    Schema::from_json(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn record() -> serde_json::Value {
    json!({
        "name": "Ada", "age": 36, "height_m": 1.65, "born": "1815-12-10",
        "visits": [{"at": "2024-02-29T12:00:00Z", "ok": true, "scores": [1, 65535]}, {"at": "2024-03-01T00:00:00+01:00", "ok": false}],
        "pet": {"kind": "guide-dog", "name": "Rex", "trained": null}, "mood": "Bad",
        "contact": {"Phone": {"prefix": 49, "number": 123}}, "notes": {"a": -1}, "place": [51.5, -0.1],
        "parent": {"name": "Anne", "age": 60, "born": "1792-05-17", "visits": [], "contact": "None", "notes": {}, "place": [0, 0],
            "shape": {"radius": 1}},
        "shape": [1, 2.5]
    })
}

/// Whether the schema takes a record, and serde as well. Serde takes a list for a struct besides, and writes it as the schema
/// has it.
fn agreed(record: &serde_json::Value, holds_list: bool) -> bool {
    let text = record.to_string();
    let check = |text: &str| patient().check(&Value::from_json(text).expect("JSON"));
    let (serde, here) = (serde_json::from_str::<Patient>(&text), check(&text));
    match serde {
        Ok(patient) => {
            let written = serde_json::to_string(&patient).expect("JSON");
            assert_eq!(check(&written), Ok(()), "{written}");
            assert!(here.is_ok() || holds_list, "{text}\n  here: {here:?}");
        }
        Err(error) => assert!(here.is_err(), "{text}\n  serde: {error}"),
    }
    here.is_ok()
}

#[test]
fn records_of_a_rust_program() {
    assert!(agreed(&record(), false));
    let schema = patient();
    let kind = |path: &[&str]| schema.field(path).expect("a field").kind;
    assert!(
        matches!(kind(&["age"]), Kind::Integer { max: Some(max), .. } if max == schema::Decimal::from(255))
    );
    assert!(matches!(kind(&["height_m"]), Kind::Number { .. }));
    assert_eq!((kind(&["born"]), kind(&["visits", "*", "at"])), (Kind::Date, Kind::DateTime));
    assert!(matches!(kind(&["mood"]), Kind::Enum(values) if values.len() == 3));
    assert_eq!(kind(&["parent", "parent", "born"]), Kind::Date);
    assert_eq!(
        schema.field(&["visits"]).expect("a field").description.as_deref(),
        Some("Each time that they came.")
    );
    let paths = |record: serde_json::Value| -> Vec<String> {
        let violations =
            schema.check(&Value::from_json(&record.to_string()).expect("JSON")).err().unwrap_or_default();
        violations.into_iter().map(|violation| violation.path).collect()
    };
    let mut wrong = record();
    wrong["visits"][0]["scores"][1] = json!(65536);
    wrong["pet"] = json!({"kind": "cat", "lives": -1});
    wrong["parent"]["born"] = json!("1792-02-30");
    wrong["extra"] = json!(1);
    let mut found = paths(wrong);
    found.sort();
    assert_eq!(found, ["extra", "parent.born", "pet.cat.lives", "visits.0.scores.1"]);
}

/// Every place of a record, as a JSON pointer.
fn places(value: &serde_json::Value, path: &str, into: &mut Vec<String>) {
    into.push(path.to_string());
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| places(value, &format!("{path}/{name}"), into));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, &format!("{path}/{at}"), into));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_records_are_taken_or_refused_alike(at in 0usize..1000, how in 0usize..30) {
        let mut changed = record();
        let mut all = Vec::new();
        places(&changed, "", &mut all);
        let others = [
            json!(null), json!(true), json!(-1), json!(0), json!(255), json!(256), json!(1.5), json!(10_000_000_000u64), json!(""), json!("Good"),
            json!("Mail"), json!("None"), json!("2024-02-29"), json!("2024-02-29T12:00:00Z"), json!([]), json!([1]), json!([1, 2]),
            json!([1, 2, 3]), json!(["a"]), json!({}), json!({"kind": "cat", "lives": 9}), json!({"kind": "dog"}), json!({"Mail": "x"}),
            json!({"Mail": "x", "Phone": {"prefix": 1, "number": 2}}), json!({"Mail": 1}), json!({"radius": 1}), json!({"radius": "1"}),
        ];
        let path = &all[at % all.len()];
        match others.get(how) {
            Some(other) => *changed.pointer_mut(path).unwrap() = other.clone(),
            None => {
                let (parent, name) = path.rsplit_once('/').unwrap_or_default();
                match changed.pointer_mut(parent) {
                    Some(serde_json::Value::Object(fields)) => drop(fields.remove(name)),
                    Some(serde_json::Value::Array(items)) if !items.is_empty() => drop(items.remove(0)),
                    _ => {}
                }
            }
        }
        agreed(&changed, others.get(how).is_some_and(serde_json::Value::is_array));
    }
}
