use crate::{Dataset, ImportError};
use alloc::{string::ToString, vec, vec::Vec};
use proptest::prelude::*;

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
    assert!(said(br#"[{"a": {"b": 1}}]"#).starts_with("record 1, field `a`: holds an object"));
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

proptest! {
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
