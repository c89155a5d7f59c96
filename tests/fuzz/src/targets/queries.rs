//! What is asked of everybody's records.

use super::Target;
use codec::Instant;
use query::{BITS_MAX, LENGTH_MAX, Plan, Query};
use schema::{Schema, Value};

pub(super) const QUERY: Target = Target {
    name: "query",
    about: "a proposal's query, checked, measured on a few records, and answered",
    run,
    seeds,
};

const SCHEMA: &str = r#"{"type": "object", "properties": {
    "x": {"type": ["number", "null"]}, "n": {"type": "integer"}, "s": {"enum": ["a", "b"]}, "t": {"type": "string"},
    "b": {"type": "boolean"}, "d": {"type": "string", "format": "date"}, "l": {"type": "array", "items": {"type": "number"}}
}}"#;

const RECORDS: [&str; 5] = [
    r#"{"x": 3.25, "n": 7, "s": "a", "t": "é", "b": true, "d": "2026-11-20", "l": [1, 2.5]}"#,
    r#"{"x": null, "n": -9007199254740993, "s": "b", "t": "", "b": false, "d": "2024-02-29", "l": []}"#,
    r#"{"x": -79228162514264337593543950335, "n": 0, "s": "a", "t": "12", "b": true}"#,
    r#"{"x": "three", "n": 1e10, "s": "c", "l": [null]}"#,
    "{}",
];

fn seeds() -> Vec<Vec<u8>> {
    let v = r#"{"expr":"x","lower":"-2.5","upper":"1e3","decimals":2}"#;
    [
        r#"{"kind":"count","per":"person","where":"b && d > date('2025-01-01')"}"#.into(),
        format!(r#"{{"kind":"sum","value":{v},"records_max":5}}"#),
        format!(r#"{{"kind":"mean","value":{},"per":"person"}}"#, v.replace("\"x\"", "\"avg(x, n > 0)\"")),
        format!(r#"{{"kind":"variance","value":{v},"where":"s == 'a'","records_max":1}}"#),
        format!(r#"{{"kind":"covariance","x":{v},"y":{}}}"#, v.replace("\"x\"", "\"100 / n\"")),
        format!(r#"{{"kind":"regression","x":{v},"y":{v},"records_max":1000000}}"#),
        format!(r#"{{"kind":"histogram","value":{v},"edges":["-1","0.25","3"],"records_max":1}}"#),
        format!(r#"{{"kind":"group","by":"s","categories":["a","b"],"value":{v}}}"#),
        r#"{"kind":"group","by":"t","categories":["é",""],"records_max":1}"#.into(),
        format!(r#"{{"kind":"vector","values":[{v},{v},{}]}}"#, v.replace("\"x\"", "\"size(l)\"")),
        format!(r#"{{"kind":"quantile","value":{v},"probabilities":["0.5","0.999999999","0"],"bins":8}}"#),
        format!(
            r#"{{"kind":"quantile","value":{v},"probabilities":["0.5"],"bins":3,"edges":["0","0.01","7"]}}"#
        ),
        format!(r#"{{"kind":"mean","value":{}}}"#, v.replace("1e3", "9007199254740991")),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect()
}

fn run(input: &[u8]) {
    let Ok(query) = serde_json::from_slice::<Query>(input) else { return };
    let written = serde_json::to_vec(&query).expect("strings and numbers");
    assert_eq!(serde_json::from_slice::<Query>(&written).expect("our own query"), query);
    match query.check(&Schema::from_json(SCHEMA).expect("a schema")) {
        Err(error) => {
            let place = error.path == "query" || error.path.starts_with("query.");
            assert!(place && !error.problem.to_string().is_empty());
        }
        Ok(plan) => ask(&plan),
    }
}

fn ask(plan: &Plan) {
    let layout = plan.layout();
    assert!((1..=LENGTH_MAX).contains(&layout.length) && (1..=BITS_MAX).contains(&layout.bits));
    assert!(!plan.words().is_empty());
    for participants in [3, 1_000_000] {
        if let Some(leak) = plan.leaks(participants) {
            assert!(leak.participants().is_none_or(|enough| enough > participants), "{leak}");
        }
    }
    let length = layout.length as usize;
    let records = RECORDS.map(|record| Value::from_json(record).expect("a record"));
    let now = Instant::from_unix_ms(1_800_000_000_000);
    if let Ok(measured) = plan.measure(&records, now) {
        let vector = measured.vector;
        assert!(vector.len() == length && vector.iter().all(|component| *component < 1 << layout.bits));
        assert!(!layout.one_hot || vector.iter().sum::<u64>() == 1, "one-hot");
        assert!(plan.preview(&vector).is_some_and(|lines| !lines.is_empty()));
        let totals: Vec<u64> = vector.iter().map(|component| component * 3).collect();
        let answer = plan.answer(&totals, 3).expect("as many totals as components");
        assert_eq!(answer.doubts, Vec::<String>::new(), "honest reports raise no doubt");
        let written = serde_json::to_vec(&answer).expect("strings and numbers");
        assert_eq!(serde_json::from_slice::<query::Answer>(&written).expect("our own answer"), answer);
        if let Some(next) = plan.query().refine(&answer) {
            let next = next.check(&Schema::from_json(SCHEMA).expect("a schema")).expect("a query in order");
            assert!(next.layout().length <= LENGTH_MAX);
        }
    }
    for totals in [vec![0; length], vec![u64::MAX; length]] {
        plan.answer(&totals, 1).expect("any totals have an answer");
    }
}
