//! Schemas and records made to take long, and any that come.

use super::{
    field, schema, value,
    values::{any_record, any_value},
};
use crate::{Budget, Problem, Schema, Value};
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use proptest::prelude::*;

#[test]
fn a_union_of_unions_takes_bounded_steps() {
    // Each level asks twice as often as the one above.
    let bomb = schema(
        r##"{"$defs":{"A":{"anyOf":[{"type":"object","properties":{"x":{"$ref":"#/$defs/A"}},"required":["y"]},
            {"type":"object","properties":{"x":{"$ref":"#/$defs/A"}},"required":["z"]},{"type":"integer"}]}},
            "properties":{"x":{"$ref":"#/$defs/A"}}}"##,
    );
    let deep = (0..30).fold(String::from("1"), |inner, _| format!(r#"{{"x":{inner}}}"#));
    let violations = bomb.check(&value(&deep)).unwrap_err();
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].problem, Problem::TooMuch);
    let _ = bomb.complete(&value(&deep));
    let _ = bomb.coerce(&[("x", Some(&deep))]);
}

#[test]
fn unions_in_a_row_are_walked_once() {
    // 30 members that are all the same, seven times in a row: 30^7 paths.
    let members = |to: usize| vec![format!(r##"{{"$ref":"#/$defs/A{to}"}}"##); 30].join(",");
    let rows: String = (0..7).map(|at| format!(r#""A{at}":{{"anyOf":[{}]}},"#, members(at + 1))).collect();
    let bomb = schema(&format!(
        r##"{{"$defs":{{{rows}"A7":{{"type":"integer"}}}},"properties":{{"x":{{"$ref":"#/$defs/A0"}}}}}}"##
    ));
    assert_eq!(bomb.coerce(&[("x", Some("4"))]).to_json(), r#"{"x":4}"#);
    assert_eq!(bomb.coerce(&[("x", Some("four"))]).to_json(), r#"{"x":"four"}"#);
    let spent = Budget::new(0);
    assert!(bomb.check_within(&value(r#"{"x":4}"#), &spent).is_err());
}

#[test]
fn a_chain_in_a_chain_is_cut() {
    let links: String =
        (0..15).map(|at| format!(r##""A{at}":{{"allOf":[{{"$ref":"#/$defs/A{}"}}]}},"##, at + 1)).collect();
    let deep = schema(&format!(
        r##"{{"$defs":{{{links}"A15":{{"items":{{"$ref":"#/$defs/A8"}}}}}},"properties":{{"a":{{"$ref":"#/$defs/A8"}}}}}}"##
    ));
    let list = format!("{}{}", "[".repeat(31), "]".repeat(31));
    let violations = deep.check(&value(&format!(r#"{{"a":{list}}}"#))).unwrap_err();
    assert_eq!(violations[0].problem, Problem::TooDeep);
}

#[test]
fn patterns_take_linear_time() {
    // Backtracking engines take 2^n steps here.
    let schema = field("a", r#"{"type":"string","pattern":"^(a+)+$"}"#);
    let text = "a".repeat(crate::PATTERN_TEXT_MAX - 1);
    assert_eq!(super::paths(&schema, &format!(r#"{{"a":"{text}"}}"#)), "");
    assert_eq!(super::paths(&schema, &format!(r#"{{"a":"{text}!"}}"#)), "a");
    assert_eq!(super::paths(&schema, &format!(r#"{{"a":"{text}aa"}}"#)), "a");
    // Many of them count as steps.
    let list = field("a", r#"{"items":{"pattern":"((a?){40}){10}x"}}"#);
    let items = (0..25).map(|_| format!("\"{text}\"")).collect::<Vec<_>>().join(",");
    let violations = list.check(&value(&format!(r#"{{"a":[{items}]}}"#))).unwrap_err();
    assert_eq!(violations[0].problem, Problem::TooMuch);
}

#[test]
fn violations_are_few() {
    let schema = field("a", r#"{"items":{"type":"integer"}}"#);
    let items = ["\"\""; 500].join(",");
    let violations = schema.check(&value(&format!(r#"{{"a":[{items}]}}"#))).unwrap_err();
    assert_eq!(violations.len(), crate::VIOLATIONS_MAX);
}

/// Schemas of many shapes, some of which are not read.
fn any_schema() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop_oneof![
            Just("string"),
            Just("integer"),
            Just("number"),
            Just("boolean"),
            Just("null"),
            Just("array"),
            Just("object")
        ]
        .prop_map(|name| format!(r#"{{"type":"{name}"}}"#)),
        (0u8..9, 0u8..9)
            .prop_map(|(min, max)| format!(r#"{{"minimum":{min},"maxLength":{max},"maxItems":{max}}}"#)),
        prop_oneof![Just("date"), Just("date-time"), Just("uuid"), Just("time"), Just("email")]
            .prop_map(|name| format!(r#"{{"format":"{name}"}}"#)),
        any_value().prop_map(|value| format!(r#"{{"enum":[{value}]}}"#)),
        any_value().prop_map(|value| format!(r#"{{"default":{value}}}"#)),
        Just(String::from(r##"{"$ref":"#/properties/a"}"##)),
        Just(String::from(r##"{"$ref":"#"}"##)),
        Just(String::from("true")),
        Just(String::from("false")),
        "[a-c|()*+.^$\\[\\]]{0,6}".prop_map(|pattern| format!(r#"{{"pattern":"{pattern}"}}"#)),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|of| format!(r#"{{"anyOf":[{}]}}"#, of.join(","))),
            prop::collection::vec(inner.clone(), 1..4)
                .prop_map(|of| format!(r#"{{"oneOf":[{}]}}"#, of.join(","))),
            prop::collection::vec(inner.clone(), 1..3)
                .prop_map(|of| format!(r#"{{"allOf":[{}]}}"#, of.join(","))),
            inner.clone().prop_map(|of| format!(r#"{{"items":{of},"uniqueItems":true}}"#)),
            (inner.clone(), inner).prop_map(|(a, b)| format!(
                r#"{{"properties":{{"a":{a},"b":{b}}},"required":["a"],"additionalProperties":{b}}}"#
            )),
        ]
    })
}

proptest! {
    #[test]
    fn any_schema_and_any_record(a in any_schema(), b in any_schema(), record in any_record(), cell in ".{0,8}") {
        let text = format!(r#"{{"properties":{{"a":{a},"b":{b}}}}}"#);
        match Schema::from_json(&text) {
            Err(error) => prop_assert!(error.line == 1 && !error.to_string().is_empty()),
            Ok(schema) => {
                if let Err(violations) = schema.check(&record) {
                    prop_assert!(violations.iter().all(|violation| !violation.to_string().is_empty()));
                }
                let completed = schema.complete(&record);
                prop_assert!(completed.to_json().len() < 1 << 20);
                let row = schema.coerce(&[("a", Some(&cell)), ("b", None), ("a.b", Some("1"))]);
                let _ = schema.check(&row);
                for path in [&[][..], &["a"], &["b", "a"], &["a", "*", "b"]] {
                    let _ = schema.field(path);
                }
            }
        }
    }

    #[test]
    fn what_records_suggest_fits_them(records in prop::collection::vec(any_record(), 0..5)) {
        let schema = Schema::infer(&records);
        for record in &records {
            prop_assert_eq!(schema.check(record), Ok(()), "{}", schema.to_json());
            prop_assert_eq!(&schema.complete(record), record);
        }
        // It reads as a schema that was given.
        prop_assert_eq!(Schema::from_json(schema.to_json()).map(|schema| schema.to_json().len()), Ok(schema.to_json().len()));
    }

    #[test]
    fn what_fits_as_text_reads_back(number in -1000i64..1000, flag: bool, text in "[a-z ]{1,5}") {
        let schema = super::schema(r#"{"required":["n","f","t"],"properties":{"n":{"type":"integer"},"f":{"type":"boolean"},"t":{"type":"string"}}}"#);
        let (n, f) = (format!("{number}"), format!("{flag}"));
        let record = schema.coerce(&[("n", Some(&n)), ("f", Some(&f)), ("t", Some(&text))]);
        prop_assert_eq!(schema.check(&record), Ok(()));
        prop_assert_eq!(record.at(&["t"]), Some(&Value::Text(text)));
    }
}
