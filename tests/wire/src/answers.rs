//! What totals say: every kind of query, over totals that honest nodes have and totals that none can have.
//!
//! The answer stands in a document that three heavy nodes sign, so it is the same to the byte in every build, and verifiers
//! in other languages work its figures out again.

use crate::{golden::Entry, samples::NOW};
use query::{Plan, Query};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use schema::{Schema, Value};
use serde_json::{Value as Json, json};

const SCHEMA: &str = r#"{"type": "object", "properties": {
    "steps": {"type": "integer", "minimum": 0, "maximum": 40000},
    "km": {"type": ["number", "null"]},
    "weather": {"enum": ["sun", "cloud", "rain"]}}}"#;
/// People who answer.
const PARTICIPANTS: u32 = 9;
/// Records of each at most.
const RECORDS: u64 = 4;

fn queries() -> Vec<(&'static str, Json)> {
    let steps = json!({"expr": "steps", "lower": "0", "upper": "40000"});
    let km = json!({"expr": "km", "lower": "-7.5", "upper": "30", "decimals": 2});
    let thousands = json!({"expr": "steps / 1000", "lower": "-3", "upper": "37.25", "decimals": 3});
    let quartiles = json!(["0", "0.25", "0.5", "0.999999999", "1"]);
    let weather = json!(["sun", "rain"]);
    vec![
        ("count", json!({"kind": "count"})),
        ("sum", json!({"kind": "sum", "value": km})),
        ("mean", json!({"kind": "mean", "value": thousands})),
        ("variance", json!({"kind": "variance", "value": steps})),
        ("variance of decimals", json!({"kind": "variance", "value": km})),
        ("covariance", json!({"kind": "covariance", "x": steps, "y": km})),
        ("regression", json!({"kind": "regression", "x": steps, "y": km})),
        ("regression the other way", json!({"kind": "regression", "x": km, "y": thousands})),
        ("histogram", json!({"kind": "histogram", "value": km, "edges": ["0", "2.5", "10"]})),
        (
            "histogram of people",
            json!({"kind": "histogram", "value": {"expr": "max(km)", "lower": "0", "upper": "30"},
            "edges": ["1", "5"], "per": "person"}),
        ),
        ("group", json!({"kind": "group", "by": "weather", "categories": weather})),
        ("group of means", json!({"kind": "group", "by": "weather", "categories": weather, "value": km})),
        (
            "group of single records",
            json!({"kind": "group", "by": "weather", "categories": weather, "records_max": 1}),
        ),
        ("vector", json!({"kind": "vector", "values": [steps, km, thousands]})),
        ("quantile", json!({"kind": "quantile", "value": steps, "probabilities": quartiles, "bins": 7})),
        (
            "quantile of decimals",
            json!({"kind": "quantile", "value": km, "probabilities": ["0.5"], "bins": 3}),
        ),
        (
            "quantile, a later round",
            json!({"kind": "quantile", "value": km, "probabilities": ["0.1", "0.5"], "bins": 4,
            "edges": ["-7.50", "-7.49", "3", "8.25", "30.01"]}),
        ),
    ]
}

fn records(rng: &mut ChaCha20Rng) -> Vec<Value> {
    let mut below = |limit: u64| rng.next_u64() % limit;
    let weather = ["sun", "cloud", "rain"];
    let mut record = || {
        let (steps, at) = (below(30_000), below(3) as usize);
        let km = match below(5) {
            0 => json!(null),
            // As JSON's text has it, whatever a float makes of it.
            _ => serde_json::from_str(&format!("{}.{:03}", steps / 1_400, below(1_000))).expect("a number"),
        };
        let text = json!({"steps": steps, "km": km, "weather": weather[at]}).to_string();
        Value::from_json(&text).expect("a record")
    };
    (0..RECORDS).map(|_| record()).collect()
}

/// Totals of all people's measurements.
fn honest(plan: &Plan, rng: &mut ChaCha20Rng) -> Vec<u64> {
    let mut totals = vec![0; plan.layout().length as usize];
    for _ in 0..PARTICIPANTS {
        let mut records = records(rng);
        records.truncate(plan.query().records_max as usize);
        let measured = plan.measure(&records, NOW).expect("as many records as there may be");
        totals.iter_mut().zip(measured.vector).for_each(|(total, part)| *total += part);
    }
    totals
}

/// Totals of which each alone could be.
fn wild(plan: &Plan, rng: &mut ChaCha20Rng) -> Vec<u64> {
    let layout = plan.layout();
    let most = (1u64 << layout.bits) - 1;
    (0..layout.length)
        .map(|_| rng.next_u64() % (most + 1) * (rng.next_u64() % u64::from(PARTICIPANTS) + 1))
        .collect()
}

/// The answers: query, totals, answer, the measurement's layout, and a quantile's next round.
///
/// # Panics
/// Where a query of the samples is out of order.
pub fn answers() -> Vec<Entry> {
    let schema = Schema::from_json(SCHEMA).expect("a schema");
    let mut rng = ChaCha20Rng::from_seed([11; 32]);
    let mut entries = Vec::new();
    for (name, query) in queries() {
        let query: Query = serde_json::from_value(query).expect(name);
        let plan = query.check(&schema).expect(name);
        let layout = plan.layout();
        for (what, totals) in [
            ("nobody's", vec![0; layout.length as usize]),
            ("honest", honest(&plan, &mut rng)),
            ("honest, others", honest(&plan, &mut rng)),
            ("wild", wild(&plan, &mut rng)),
        ] {
            let answer = plan.answer(&totals, PARTICIPANTS).expect(name);
            let entry = json!({
                "query": query,
                "totals": totals.iter().map(u64::to_string).collect::<Vec<_>>(),
                "answer": answer,
                "layout": {"length": layout.length, "bits": layout.bits, "one_hot": layout.one_hot},
                "next": query.refine(&answer),
            });
            entries.push(Entry::text(format!("{name}, {what}"), entry.to_string()));
        }
    }
    entries
}
