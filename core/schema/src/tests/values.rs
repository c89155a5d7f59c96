//! Values, numbers, JSON.

use super::value;
use crate::{Decimal, Value, number};
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::str::FromStr;
use proptest::prelude::*;

#[test]
fn numbers_are_exact_or_rounded_to_even() {
    let cases = [
        ("1.50", "1.50"),
        (" -0.0 ", "0.0"),
        ("+.5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1.25E-2", "0.0125"),
        ("79228162514264337593543950335", "79228162514264337593543950335"),
        ("0.00000000000000000000000000005", "0.0000000000000000000000000000"),
        ("0.00000000000000000000000000015", "0.0000000000000000000000000002"),
        ("0.000000000000000000000000000051", "0.0000000000000000000000000001"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231"),
        ("1e-400", "0"),
        ("-1234567890.123456789012345678949999", "-1234567890.1234567890123456789"),
        ("0e999999999999", "0"),
    ];
    for (text, expected) in cases {
        assert_eq!(number(text).map(|number| number.to_string()).as_deref(), Some(expected), "{text}");
    }
    let bad = [
        "",
        "-",
        ".",
        "e5",
        "1e",
        "1e+",
        "0x1",
        "1_000",
        "1,5",
        "٣",
        "NaN",
        "inf",
        "1e400",
        "79228162514264337593543950336",
        "--1",
        "1 2",
    ];
    for text in bad {
        assert_eq!(number(text), None, "{text}");
    }
}

#[test]
fn json_errors_name_their_place() {
    let said = |text: &str| Value::from_json(text).unwrap_err().to_string();
    assert!(said("{\"a\":\n [1, x]}").starts_with("line 2, column 6: not JSON: expected value"));
    assert!(said("{\"é\": \"\\ud800\"}").starts_with("line 1, column "));
    assert!(
        said("{\"a\": 1, \"b\": {\"a\": 1, \"a\": 2}}")
            .starts_with("line 1, column 29: the field `a` is there twice")
    );
    assert!(said("[1e99]").starts_with("line 1, column 2: the number 1e99 is beyond the 28 digits"));
    assert!(said(&"[".repeat(1000)).contains("EOF"));
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    assert!(said(&deep).starts_with("line 1, column 33: nested more than 32 levels deep"));
    assert!(said(&" ".repeat(crate::RECORD_BYTES_MAX + 1)).contains("at most 262144 are read"));
}

#[test]
fn json_is_compact_and_ordered() {
    assert_eq!(
        value(" {\"b\": [1, 2.50, null], \"a\": \"\\u0001\\\"\\\\\\n\\u00e9/\", \"\": true} ").to_json(),
        "{\"\":true,\"a\":\"\\u0001\\\"\\\\\\né/\",\"b\":[1,2.50,null]}"
    );
    assert_eq!(value(r#"{"a":[{"b":7}]}"#).at(&["a", "0", "b"]), Some(&value("7")));
    assert_eq!(value(r#"{"a":[{"b":7}]}"#).at(&["a", "1", "b"]), None);
}

pub(super) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (any::<i128>(), 0u32..=28).prop_map(|(number, scale)| {
            Value::Number(Decimal::try_from_i128_with_scale(number >> 34, scale).unwrap_or_default())
        }),
        (-20i64..20, 0u32..3).prop_map(|(number, scale)| Value::Number(Decimal::new(number, scale))),
        ".{0,8}".prop_map(Value::Text),
        prop_oneof![Just("2024-02-29"), Just("2024-01-01T00:00:00Z"), Just("12.50"), Just("cat")]
            .prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::btree_map("[a-dé\"]{0,2}", inner, 0..5).prop_map(Value::Object),
        ]
    })
}

pub(super) fn any_record() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]{1,2}", any_value(), 0..6).prop_map(Value::Object)
}

proptest! {
    #[test]
    fn values_read_back_as_written(value in any_value()) {
        let json = value.to_json();
        let read = Value::from_json(&json);
        prop_assert_eq!(read.as_ref(), Ok(&value));
        prop_assert_eq!(read.map(|read| read.to_json()), Ok(json.clone()));
        // serde_json agrees that it is JSON.
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }

    #[test]
    fn numbers_read_as_rust_decimal_reads_them(whole in 0u64.., fraction in "[0-9]{0,8}", negative: bool, exponent in -8i32..8) {
        let text = format!("{}{whole}.{fraction}0", if negative { "-" } else { "" });
        let expected = Decimal::from_str(&text).unwrap();
        prop_assert_eq!(number(&text), Some(expected));
        let moved = number(&format!("{text}e{exponent}"));
        let power = Decimal::from_str(&format!("1{}", "0".repeat(exponent.unsigned_abs() as usize))).unwrap();
        prop_assert_eq!(moved, if exponent < 0 { expected.checked_div(power) } else { expected.checked_mul(power) });
    }

    #[test]
    fn any_text_is_a_number_or_not(text in "[-+.0-9eE ]{0,60}") {
        if let Some(number) = number(&text) {
            prop_assert_eq!(crate::number(&number.to_string()), Some(number));
        }
    }

    #[test]
    fn any_text_is_json_or_not(text in "[\\[\\]{}:,\"0-9a-f\\\\ ntrue]{0,40}") {
        let ours = Value::from_json(&text);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match ours {
            Ok(_) => prop_assert!(theirs.is_ok()),
            Err(error) => prop_assert!(error.line > 0 && error.column > 0 && !error.to_string().is_empty()),
        }
    }
}

#[test]
fn long_lists_take_linear_time() {
    // A quadratic reader would take minutes.
    let items: Vec<String> = vec!["[]".into(); 80_000];
    assert!(Value::from_json(&format!("[{}]", items.join(","))).is_ok());
}
