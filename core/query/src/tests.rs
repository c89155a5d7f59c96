//! Whole queries: from JSON to answers.

mod check;
mod figures;
mod json;
mod oracle;
mod people;
mod quantile;

use crate::{Answer, Measured, Plan, Query};
use alloc::{format, string::String, vec, vec::Vec};
use codec::Instant;
use schema::{Schema, Value};

/// A schema with a field of each kind.
const SCHEMA: &str = r#"{"type":"object","properties":{
    "x":{"anyOf":[{"type":"number"},{"type":"null"}]},
    "y":{"anyOf":[{"type":"number"},{"type":"null"}]},
    "n":{"type":"integer"},
    "s":{"enum":["a","b","c"]},
    "t":{"anyOf":[{"type":"string"},{"type":"null"}]},
    "b":{"type":"boolean"},
    "d":{"type":"string","format":"date"},
    "l":{"type":"array","items":{"type":"number"}},
    "u":{}
}}"#;

fn schema() -> Schema {
    Schema::from_json(SCHEMA).unwrap()
}

fn now() -> Instant {
    Instant::from_unix_ms(1_800_000_000_000)
}

fn query(json: &str) -> Query {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn plan(json: &str) -> Plan {
    query(json).check(&schema()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// A quantity in JSON.
fn quantity(expr: &str, lower: &str, upper: &str, decimals: u8) -> String {
    let expr = serde_json::to_string(expr).unwrap();
    format!(r#"{{"expr":{expr},"lower":"{lower}","upper":"{upper}","decimals":{decimals}}}"#)
}

fn records(json: &[&str]) -> Vec<Value> {
    json.iter().map(|record| Value::from_json(record).unwrap()).collect()
}

fn measure(plan: &Plan, records: &[Value]) -> Measured {
    let measured = plan.measure(records, now()).unwrap();
    let layout = plan.layout();
    assert_eq!(measured.vector.len(), layout.length as usize);
    assert!(measured.vector.iter().all(|component| *component < 1 << layout.bits));
    if layout.one_hot {
        assert_eq!(measured.vector.iter().sum::<u64>(), 1, "one-hot");
    }
    measured
}

/// Measures each participant's records, adds up, answers.
fn ask(plan: &Plan, participants: &[Vec<Value>]) -> Answer {
    let mut totals = vec![0; plan.layout().length as usize];
    for records in participants {
        for (total, component) in totals.iter_mut().zip(measure(plan, records).vector) {
            *total += component;
        }
    }
    let answer = plan.answer(&totals, participants.len() as u32).unwrap();
    assert_eq!(answer.doubts, Vec::<String>::new(), "honest reports raise no doubt");
    answer
}

fn json_of(answer: &Answer) -> serde_json::Value {
    let text = serde_json::to_string(answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), *answer, "what is written reads back");
    serde_json::from_str(&text).unwrap()
}
