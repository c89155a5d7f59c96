//! Record schemas, which strangers propose, and records, which people import.

use super::{Target, join, parts};
use schema::{CHECK_STEPS_MAX, Kind, RECORD_DEPTH_MAX, SCHEMA_BYTES_MAX, Schema, VIOLATIONS_MAX, Value};
use std::collections::BTreeMap;
use vault::Dataset;

pub(super) const SCHEMA: Target = Target {
    name: "schema",
    about: "JSON Schemas of records, and what each says of a few records",
    run: |input| {
        let Ok(text) = core::str::from_utf8(input) else { return };
        match Schema::from_json(text) {
            Err(error) => {
                assert!(error.line > 0 && error.column > 0 && !error.problem.to_string().is_empty())
            }
            Ok(schema) => {
                assert!(text.len() <= SCHEMA_BYTES_MAX && schema.to_json() == text);
                look_at(&schema);
                for record in RECORDS {
                    check(&schema, &Value::from_json(record).expect("a record"));
                }
            }
        }
    },
    seeds: || SCHEMAS.iter().map(|schema| schema.as_bytes().to_vec()).collect(),
};

pub(super) const RECORD: Target = Target {
    name: "record",
    about: "a record and a row of text, checked against a schema, kept, edited",
    run: run_record,
    seeds: || {
        let mut seeds = Vec::new();
        for schema in &SCHEMAS[..4] {
            for record in RECORDS {
                seeds.push(join([schema, record, "a.b,c\n1,x\n"].map(str::as_bytes)));
            }
        }
        seeds.push(join(
            [SCHEMAS[0], "{\"a\":1e28,\"b\":-0.0,\"c\":[1e-28]}", "id,pick\n\"[1\",true\n"]
                .map(str::as_bytes),
        ));
        seeds
    },
};

const SCHEMAS: [&str; 8] = [
    r##"{"$defs":{"Visit":{"properties":{"date":{"format":"date","type":"string"},"at":{"type":"string","format":"date-time"}},
        "required":["date"],"title":"Visit","type":"object"}},"properties":{"visits":{"items":{"$ref":"#/$defs/Visit"},"type":"array",
        "maxItems":3},"id":{"format":"uuid","type":"string"},"note":{"anyOf":[{"maxLength":9,"type":"string"},{"type":"null"}],
        "default":null},"pick":{"enum":["a",1,null]}},"required":["visits"],"type":"object","additionalProperties":false}"##,
    r##"{"$defs":{"Tree":{"type":"object","properties":{"left":{"anyOf":[{"$ref":"#/$defs/Tree"},{"type":"null"}]},
        "kind":{"const":"tree"},"n":{"type":"integer","minimum":0,"exclusiveMaximum":10,"multipleOf":0.5}},"required":["kind"]},
        "Leaf":{"type":"object","properties":{"kind":{"enum":["leaf","bud"]}},"required":["kind"]}},
        "properties":{"a":{"oneOf":[{"$ref":"#/$defs/Tree"},{"$ref":"#/$defs/Leaf"}],
        "discriminator":{"propertyName":"kind","mapping":{"tree":"#/$defs/Tree","leaf":"#/$defs/Leaf"}}},
        "b":{"oneOf":[{"$ref":"#/$defs/Tree"},{"$ref":"#/$defs/Leaf"}]},"c":{"anyOf":[{"$ref":"#"},{"type":"integer"}]}}}"##,
    r#"{"type":["object","null"],"properties":{"a":{"anyOf":[{"type":"number","minimum":0},{"type":"string",
        "pattern":"^(?!^[-+.]*$)[+-]?0*(?:\\d{0,4}|(?=[\\d.]{1,7}0*$)\\d{0,4}\\.\\d{0,2}0*$)"}]},"b":{"pattern":"^(a|é)*\\b$"},
        "c":{"prefixItems":[{"type":"boolean"}],"items":false,"uniqueItems":true,"minItems":1}}}"#,
    r#"{"patternProperties":{"^x":{"type":"integer","format":"int32"}},"propertyNames":{"maxLength":4},"minProperties":1,
        "additionalProperties":{"allOf":[{"type":"string"},{"minLength":1,"default":"x"}]}}"#,
    r##"{"$defs":{"A":{"anyOf":[{"properties":{"a":{"$ref":"#/$defs/A"}},"required":["y"]},{"properties":{"a":{"$ref":"#/$defs/A"}},
        "required":["z"]},{"type":"integer"}]}},"$ref":"#/$defs/A"}"##,
    r##"{"definitions":{"a/b":{"$ref":"#/definitions/a~1b"}},"properties":{"a":{"$ref":"#/definitions/a~1b"}}}"##,
    r#"{"if":{},"minlength":3,"not":false,"nullable":true}"#,
    r#"{"properties":{"a":{"pattern":"((a{9}){9}){9}"},"b":{"pattern":"(?<=x)"},"c":{"type":"objekt"}}}"#,
];

const RECORDS: [&str; 5] = [
    r#"{"visits":[{"date":"2024-02-29","at":"2024-02-29T12:00:00+01:00"},{"date":"2023-02-29"}],"id":"123e4567-e89b-12d3-a456-426614174000","note":null,"pick":1.0}"#,
    r#"{"a":{"kind":"tree","n":9.5,"left":{"kind":"tree","left":null}},"b":{"kind":"bud"},"c":{"c":{"c":7}}}"#,
    r#"{"a":"12.50","b":"aéa","c":[true,false],"x1":-2147483649,"":"x"}"#,
    r#"{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}"#,
    "{}",
];

fn run_record(input: &[u8]) {
    let parts = parts(input);
    let part = |at: usize| parts.get(at).and_then(|part| core::str::from_utf8(part).ok()).unwrap_or_default();
    let record = Value::from_json(part(1));
    if let Ok(value) = &record {
        let json = value.to_json();
        let read = Value::from_json(&json);
        // What was short may be long in full: 1e28.
        assert!(
            json.len() > schema::RECORD_BYTES_MAX || read.as_ref() == Ok(value),
            "what is written reads back"
        );
        let suggested = Schema::infer(std::slice::from_ref(value));
        if matches!(value, Value::Object(_)) {
            assert_eq!(suggested.check(value), Ok(()), "{}", suggested.to_json());
        }
    }
    let Ok(schema) = Schema::from_json(part(0)) else { return };
    if let Ok(value) = &record {
        check(&schema, value);
    }
    if let Ok(mut dataset) = Dataset::from_file_with("t", part(2).as_bytes(), &schema) {
        let rows = dataset.rows();
        assert_eq!(dataset.records().len() + dataset.violations().count(), rows, "no row is lost");
        let kept = record.is_ok_and(|record| {
            let fits = schema.check(&record);
            let violations = dataset.push(record);
            assert!(violations.as_ref().map_or(true, |violations| violations.is_empty() == fits.is_ok()));
            violations.is_ok()
        });
        assert_eq!(dataset.rows(), rows + usize::from(kept));
        dataset.remove(0).expect("a first row");
        assert_eq!(
            codec::decode::<Dataset>(&codec::encode(&dataset)),
            Ok(dataset),
            "what is stored reads back"
        );
    }
}

/// Everything that a schema is asked about one record.
fn check(schema: &Schema, record: &Value) {
    if let Err(violations) = schema.check(record) {
        assert!((1..=VIOLATIONS_MAX).contains(&violations.len()));
        assert!(violations.iter().all(|violation| !violation.to_string().is_empty()));
    }
    let completed = schema.complete(record);
    assert!(size(&completed) <= size(record) + CHECK_STEPS_MAX as usize * SCHEMA_BYTES_MAX);
    if let Value::Object(fields) = record {
        let texts: BTreeMap<&str, String> =
            fields.iter().map(|(name, value)| (name.as_str(), value.to_json())).collect();
        let row: Vec<_> = texts.iter().map(|(name, text)| (*name, Some(text.as_str()))).collect();
        let _ = schema.check(&schema.coerce(&row));
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Everything that a schema says about its fields.
fn look_at(schema: &Schema) {
    let Some(record) = schema.field(&[]) else { return };
    if let Kind::Object(fields) = record.kind {
        for (name, field) in fields.iter().take(20) {
            let found = schema.field(&[name]).expect("a field of the record");
            assert!(found.optional || !field.optional);
        }
    }
    let deep = vec!["a"; RECORD_DEPTH_MAX];
    for path in [&["a", "left", "left", "n"][..], &["visits", "*", "date"], &["c", "0"], &deep] {
        let _ = schema.field(path);
    }
}
