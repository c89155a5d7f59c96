use crate::{Dataset, EditError, ImportError};
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use codec::{decode, encode};
use proptest::prelude::*;
use schema::{Schema, Value};

const PATIENTS: &str = r##"{"type": "object", "required": ["name", "visits"], "additionalProperties": false,
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer", "minimum": 0},
        "ward": {"enum": ["a", "b"], "default": "a"},
        "visits": {"type": "array", "items": {"$ref": "#/$defs/Visit"}}},
    "$defs": {"Visit": {"type": "object", "required": ["date"], "properties": {
        "date": {"type": "string", "format": "date"}}}}}"##;

const RECORDS: &[u8] = br#"[{"name": "Ada", "age": 36, "visits": [{"date": "2024-02-29"}]},
    {"name": "Bob", "age": -1, "visits": [{"date": "2023-02-29"}], "extra": true},
    {"name": "Cy", "visits": []}]"#;

fn patients() -> Schema {
    Schema::from_json(PATIENTS).unwrap()
}

fn value(json: &str) -> Value {
    Value::from_json(json).unwrap()
}

/// What is wrong, as `ROW:PATH` words.
fn wrong(dataset: &Dataset) -> String {
    let rows = dataset.violations().map(|(row, violations)| {
        let paths: Vec<_> = violations.into_iter().map(|violation| violation.path).collect();
        format!("{row}:{}", paths.join(","))
    });
    rows.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_record_that_does_not_fit_is_kept_and_shown() {
    let dataset = Dataset::from_file_with("p", RECORDS, &patients()).unwrap();
    assert_eq!(dataset.rows(), 3);
    assert_eq!(wrong(&dataset), "1:age,visits.0.date,extra");
    assert_eq!(dataset.record(1).unwrap().at(&["name"]), Some(&value("\"Bob\"")));
    let fitting: Vec<String> = dataset.records().iter().map(Value::to_json).collect();
    assert_eq!(fitting[0], r#"{"age":36,"name":"Ada","visits":[{"date":"2024-02-29"}],"ward":"a"}"#);
    assert_eq!(fitting[1], r#"{"name":"Cy","visits":[],"ward":"a"}"#);
    // The same records as rows of text.
    assert_eq!(dataset.fields(), ["name", "age", "ward", "visits", "extra"]);
    assert_eq!(dataset.column("age").unwrap().collect::<Vec<_>>(), [Some("36"), Some("-1"), None]);
    assert_eq!(dataset.row(2).unwrap()[3].as_deref(), Some("[]"));
    assert_eq!(dataset.split(2).iter().map(wrong).collect::<Vec<_>>(), ["", "0:age,visits.0.date,extra"]);
}

#[test]
fn nested_records_without_a_schema_are_kept_and_suggest_one() {
    let dataset = Dataset::from_file("p", RECORDS).unwrap();
    assert_eq!(wrong(&dataset), "");
    assert_eq!(dataset.records().len(), 3);
    let date = dataset.schema().field(&["visits", "*", "date"]).unwrap();
    assert_eq!(date.kind, schema::Kind::Text { chars_max: None, format: None });
    assert!(dataset.given_schema().is_none());
}

#[test]
fn csv_is_read_by_the_schema_s_types() {
    let schema = Schema::from_json(
        r#"{"properties": {"id": {"type": "string"}, "n": {"type": "integer"}, "ok": {"type": "boolean"},
            "home": {"type": "object", "properties": {"zip": {"type": "string"}}}}, "required": ["id", "n"]}"#,
    )
    .unwrap();
    let csv = b"id,n,ok,home.zip\n007,1e2,yes,01234\n008,,no,\n009,1.5,maybe,1\n";
    let dataset = Dataset::from_file_with("p", csv, &schema).unwrap();
    assert_eq!(
        dataset.record(0).unwrap().to_json(),
        r#"{"home":{"zip":"01234"},"id":"007","n":100,"ok":true}"#
    );
    assert_eq!(wrong(&dataset), "1:n 2:n,ok");
    assert_eq!(dataset.records().len(), 1);
}

#[test]
fn edits_are_checked_kept_and_bounded() {
    let mut dataset = Dataset::from_file_with("p", RECORDS, &patients()).unwrap();
    assert_eq!(dataset.replace(1, value(r#"{"name": "Bob", "visits": []}"#)), Ok(vec![]));
    assert_eq!(wrong(&dataset), "");
    assert!(!dataset.fields().contains(&"extra".to_string()));
    let violations = dataset.push(value(r#"{"name": 7, "visits": []}"#)).unwrap();
    assert_eq!(violations[0].to_string(), "name is a number; expected text");
    assert_eq!((dataset.rows(), wrong(&dataset).as_str()), (4, "3:name"));
    dataset.remove(3).unwrap();
    assert_eq!(dataset.remove(3), Err(EditError::Row { row: 3, rows: 3 }));
    assert_eq!(dataset.push(Value::Null), Err(EditError::NotAnObject));
    assert!(matches!(dataset.push(value(r#"{"": 1}"#)), Err(EditError::Field { .. })));
    let deep = (0..40).fold(Value::Null, |value, _| Value::List(vec![value]));
    let record = Value::Object([("deep".to_string(), deep)].into());
    assert!(matches!(dataset.push(record), Err(EditError::Record { .. })));
    let wide = (0..300).map(|at| (format!("f{at}"), Value::Null)).collect();
    assert_eq!(dataset.push(Value::Object(wide)), Err(EditError::TooMany { what: "fields", max: 256 }));
    assert_eq!(dataset.rows(), 3);
    assert_eq!(decode::<Dataset>(&encode(&dataset)), Ok(dataset));
}

#[test]
fn a_table_stays_one_while_cells_can_say_it() {
    let mut dataset = Dataset::from_csv("p", b"a,b\n1,x\n2,y\n").unwrap();
    let before = encode(&dataset);
    assert_eq!(dataset.replace(1, dataset.read(&[("a", Some("3")), ("b", None)])), Ok(vec![]));
    assert_eq!(dataset.row(1).unwrap(), [Some("3".to_string()), None]);
    assert!(dataset.records.is_none());
    dataset.push(value(r#"{"a": 4, "b": "z"}"#)).unwrap();
    dataset.remove(1).unwrap();
    assert_eq!(dataset.column("a").unwrap().collect::<Vec<_>>(), [Some("1"), Some("4")]);
    dataset.push(value(r#"{"a": 5, "c": [1, 2]}"#)).unwrap();
    assert_eq!(dataset.records().len(), 3);
    assert_eq!(dataset.row(2).unwrap(), [Some("5".to_string()), None, Some("[1,2]".to_string())]);
    assert_eq!(decode::<Dataset>(&encode(&dataset)), Ok(dataset.clone()));
    assert_ne!(encode(&dataset), before);
}

#[test]
fn a_schema_comes_and_goes() {
    let mut dataset = Dataset::from_csv("p", b"name,age\nAda,36\nBob,old\n").unwrap();
    let old = encode(&dataset);
    let schema = Schema::from_json(r#"{"properties": {"age": {"type": "integer"}}}"#).unwrap();
    dataset.set_schema(Some(schema.clone())).unwrap();
    assert_eq!(wrong(&dataset), "1:age");
    assert_eq!(decode::<Dataset>(&encode(&dataset)), Ok(dataset.clone()));
    dataset.set_schema(None).unwrap();
    assert_eq!((wrong(&dataset).as_str(), encode(&dataset)), ("", old));
    let wide: Vec<String> = (0..250).map(|at| format!("{at:064}")).collect();
    let header = wide.join(",");
    let wide = Dataset::from_csv("w", format!("{header}\n{header}\n").as_bytes()).unwrap();
    assert!(wide.schema().to_json().len() > schema::SCHEMA_BYTES_MAX);
    let inferred = wide.schema().into_owned();
    assert!(matches!(dataset.set_schema(Some(inferred)), Err(EditError::Schema { .. })));
}

#[test]
fn stored_tables_of_old_still_decode() {
    // name, fields, cells, as borsh writes them.
    let old = b"\x01\0\0\0t\x01\0\0\0\x01\0\0\0a\x02\0\0\0\x01\x01\0\0\x007\0";
    let dataset = decode::<Dataset>(old).unwrap();
    assert_eq!(dataset.column("a").unwrap().collect::<Vec<_>>(), [Some("7"), None]);
    assert_eq!(encode(&dataset), old);
}

#[test]
fn what_would_not_read_back_is_refused() {
    let dataset = Dataset::from_file("p", br#"[{"a": [1]}]"#).unwrap();
    let bytes = encode(&dataset);
    let at = bytes.windows(2).position(|pair| pair == b"[1").unwrap();
    for (place, byte) in [(4, 3), (at, b'x'), (at - 1, b' '), (at + 1, b'\n')] {
        let mut broken = bytes.clone();
        broken[place] = byte;
        assert!(decode::<Dataset>(&broken).is_err(), "byte {place}");
    }
    // Numbers that take a few bytes in a file and thirty in the store.
    let numbers = ["1e28"; 50_000].join(",");
    let file = format!("[{{\"a\": [{numbers}]}}]");
    assert!(matches!(
        Dataset::from_file("p", file.as_bytes()),
        Err(ImportError::TooMany { what: "bytes in a record", .. })
    ));
}

#[test]
fn errors_in_records_name_the_file_s_line() {
    let said = Dataset::from_file_with("p", b"[{\"a\": 1},\n {\"a\": 1e99}]", &patients()).unwrap_err();
    assert!(said.to_string().starts_with("record 2: line 2, column 8: the number 1e99"), "{said}");
}

#[test]
fn csv_and_json_of_the_same_records_are_the_same_table() {
    let csv = Dataset::from_file("p", b"\xef\xbb\xbfa,b\r\n1,\"x, y\"\r\nNA,z\r\n").unwrap();
    let json = Dataset::from_file("p", br#"[{"a": 1, "b": "x, y"}, {"b": "z", "a": null}]"#).unwrap();
    let lines = Dataset::from_file("p", b"{\"a\": 1, \"b\": \"x, y\"}\n{\"b\": \"z\"}\n").unwrap();
    assert_eq!(csv, json);
    assert_eq!(csv, lines);
    assert_eq!(csv.rows(), 2);
    assert_eq!(csv.row(1).unwrap(), [None, Some("z".to_string())]);
    assert!(csv.describe()[0].numeric && !csv.describe()[1].numeric);
    assert_eq!(csv.describe()[0].missing, 1);
}

#[test]
fn numbers_keep_their_digits() {
    let json = Dataset::from_json("p", br#"[{"a": 0.1000000000000000055511151231257827}]"#).unwrap();
    assert_eq!(json.column("a").unwrap().next(), Some(Some("0.1000000000000000055511151231257827")));
}

#[test]
fn errors_name_row_column_and_field() {
    let said = |bytes: &[u8]| Dataset::from_file("p", bytes).unwrap_err().to_string();
    assert_eq!(
        said(b"a,b\n1,2\n\"two\nlines\"\n"),
        "row 2 (line 3) ends after 1 of 2 columns: `b` is missing"
    );
    assert!(said(b"a,b\n1,2,3\n").starts_with("row 1 (line 2) has 3 columns, and the header 2"));
    assert!(said(b"a,b\n1,\xff\n").starts_with("row 1, column 2 (`b`) is not UTF-8"));
    assert!(said(b"a,a\n1,2\n").starts_with("column 2 of the header has the name of an earlier one"));
    assert!(said(b"[{\"a\": 1},\n {\"a\": }]").contains("line 2 column 8"));
    assert!(said(br#"[{"a": 1}, 7]"#).starts_with("record 2:"));
    assert_eq!(Dataset::from_file("p", b"a,b\n"), Err(ImportError::Empty));
    assert_eq!(Dataset::from_file("p", b"  "), Err(ImportError::Empty));
    assert_eq!(Dataset::from_file(" ", b"a\n1"), Err(ImportError::Name));
}

#[test]
fn a_row_of_a_million_commas_is_refused() {
    let row: Vec<u8> = b"a\n".iter().copied().chain(core::iter::repeat_n(b',', 1_000_000)).collect();
    assert!(matches!(Dataset::from_csv("p", &row), Err(ImportError::LongRow { row: 1, .. })));
}

#[test]
fn a_split_keeps_every_row_once() {
    let whole = Dataset::from_csv("p", b"a\n1\n2\n3\n4\n5\n").unwrap();
    let parts = whole.split(2);
    assert_eq!(parts.iter().map(Dataset::rows).collect::<Vec<_>>(), vec![3, 2]);
}

/// A record of a few shapes, with what is empty, nested, long and odd.
fn any_value(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (any::<i64>(), 0u32..20)
            .prop_map(|(number, scale)| Value::Number(schema::Decimal::new(number, scale))),
        "[a-c0-9 é\"\\\\\n-]{0,10}".prop_map(Value::Text),
        Just(Value::Text("2024-02-29".into())),
    ];
    leaf.prop_recursive(depth, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("[a-e]{1,2}", inner, 0..4).prop_map(Value::Object),
        ]
    })
}

fn any_records() -> impl Strategy<Value = Vec<Value>> {
    let record = prop::collection::btree_map("[a-e]{1,2}", any_value(3), 0..5).prop_map(Value::Object);
    prop::collection::vec(record, 0..6)
}

proptest! {
    #[test]
    fn records_survive_the_store_and_fit_what_they_suggest(records in any_records()) {
        let dataset = Dataset::from_records("p", records.clone(), None).unwrap();
        prop_assert_eq!(dataset.records().len(), records.len());
        prop_assert_eq!(decode::<Dataset>(&encode(&dataset)), Ok(dataset.clone()));
        let parts = dataset.split(2);
        prop_assert_eq!(parts.iter().map(Dataset::rows).sum::<usize>(), records.len());
        for part in parts {
            prop_assert_eq!(decode::<Dataset>(&encode(&part)), Ok(part));
        }
    }

    #[test]
    fn edits_do_what_they_do_to_a_list(
        start in any_records(),
        edits in prop::collection::vec((0usize..8, 0u8..3, any_records()), 0..8),
    ) {
        let mut dataset = Dataset::from_records("p", start.clone(), Some(patients())).unwrap();
        let mut list = start;
        for (row, what, records) in edits {
            let Some(record) = records.into_iter().next() else { continue };
            match what {
                0 if row < list.len() => {
                    dataset.remove(row).unwrap();
                    list.remove(row);
                }
                1 if row < list.len() => {
                    let violations = dataset.replace(row, record.clone()).unwrap();
                    prop_assert_eq!(violations.is_empty(), patients().check(&record).is_ok());
                    list[row] = record;
                }
                2 => {
                    dataset.push(record.clone()).unwrap();
                    list.push(record);
                }
                _ => prop_assert!(dataset.remove(list.len()).is_err()),
            }
        }
        let kept: Vec<Value> = (0..dataset.rows()).map(|at| dataset.record(at).unwrap().into_owned()).collect();
        prop_assert_eq!(kept, list);
        prop_assert_eq!(decode::<Dataset>(&encode(&dataset)), Ok(dataset));
    }

    #[test]
    fn a_table_s_records_fit_what_it_suggests(rows in prop::collection::vec("(1|-2[.]5|true|2024-01-01|x y|NA|)", 1..8)) {
        let csv: String = core::iter::once("a,b\n".to_string()).chain(rows.iter().map(|cell| format!("{cell},1\n"))).collect();
        let table = Dataset::from_csv("p", csv.as_bytes()).unwrap();
        prop_assert_eq!(table.records().len(), rows.len());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Dataset::from_file("p", &bytes);
        let _ = Dataset::from_csv("p", &bytes);
        let _ = Dataset::from_json("p", &bytes);
    }

    #[test]
    fn a_table_survives_the_store(rows in prop::collection::vec("[a-z0-9 ,\"]{0,8}", 1..20)) {
        let csv: alloc::string::String = core::iter::once("field\n".to_string())
            .chain(rows.iter().map(|row| alloc::format!("\"x{}\"\n", row.replace('"', "\"\""))))
            .collect();
        let table = Dataset::from_csv("p", csv.as_bytes()).unwrap();
        prop_assert_eq!(table.rows(), rows.len());
        prop_assert_eq!(codec::decode::<Dataset>(&codec::encode(&table)), Ok(table));
    }
}
