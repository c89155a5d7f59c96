//! What a schema says about its fields, and the schema that records suggest.

use super::{schema, value};
use crate::{Field, Format, Kind, Schema, Value, number};
use alloc::{format, string::String, vec, vec::Vec};

const NESTED: &str = r##"{"$defs":{
    "Visit":{"type":"object","required":["date"],"properties":{"date":{"type":"string","format":"date"},
        "at":{"type":"string","format":"date-time"},"next":{"$ref":"#/$defs/Visit"}}},
    "Cat":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"lives":{"type":"integer"}}},
    "Dog":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}}},
  "type":"object","required":["visits","pet","n"],"properties":{
    "visits":{"type":"array","items":{"$ref":"#/$defs/Visit"},"minItems":1},
    "maybe":{"anyOf":[{"$ref":"#/$defs/Visit"},{"type":"null"}],"description":"The next one","default":null},
    "pet":{"anyOf":[{"$ref":"#/$defs/Cat"},{"$ref":"#/$defs/Dog"}]},
    "n":{"type":"number","exclusiveMinimum":0.5,"maximum":7},"i":{"type":["integer","null"]},"b":{"type":"boolean"},
    "pick":{"oneOf":[{"const":"x"},{"const":"y"},{"type":"null"}]},"named":{"additionalProperties":{"type":"number"}},
    "pair":{"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"minItems":2},
    "mix":{"anyOf":[{"type":"integer"},{"type":"number"},{"type":"boolean"}]},"free":{},"id":{"type":"string","format":"uuid","maxLength":36}}}"##;

fn at(path: &str) -> Field {
    schema(NESTED).field(&path.split('.').collect::<Vec<_>>()).unwrap_or_else(|| panic!("{path}"))
}

#[test]
fn kinds() {
    let integer = Kind::Integer { min: None, max: None };
    let text = Kind::Text { chars_max: None, format: None };
    let cases = [
        ("visits.0.date", Kind::Date, false),
        ("visits.1.date", Kind::Date, true),
        ("visits.*.at", Kind::DateTime, true),
        ("visits.*.next.next.next.next.date", Kind::Date, true),
        ("maybe.date", Kind::Date, true),
        ("pet.name", text.clone(), false),
        ("pet.lives", integer.clone(), true),
        ("n", Kind::Number { min: number("0.5"), max: number("7") }, false),
        ("i", integer.clone(), true),
        ("b", Kind::Bool, true),
        ("pick", Kind::Enum(vec![value("\"x\""), value("\"y\"")]), true),
        ("named.anything", Kind::Number { min: None, max: None }, true),
        ("pair.1", text, true),
        ("mix", Kind::Union(vec![Kind::Number { min: None, max: None }, Kind::Bool]), true),
        ("free", Kind::Any, true),
        ("id", Kind::Text { chars_max: Some(36), format: Some(Format::Uuid) }, true),
    ];
    for (path, kind, optional) in cases {
        let field = at(path);
        assert_eq!((field.kind, field.optional), (kind, optional), "{path}");
    }
    assert!(at("i").nullable && at("pick").nullable && at("maybe").nullable && !at("b").nullable);
    let maybe = at("maybe");
    assert_eq!((maybe.description.as_deref(), maybe.default), (Some("The next one"), Some(Value::Null)));
    let Kind::Object(fields) = at("maybe").kind else { panic!("an object") };
    assert_eq!(fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["date", "at", "next"]);
    assert!(matches!(at("named").kind, Kind::Map(_)));
    assert!(matches!(at("pair").kind, Kind::List(item) if matches!(item.kind, Kind::Union(_))));
    for path in ["nothing", "n.x", "visits.date", "visits.x.date", "maybe.date.x"] {
        assert_eq!(schema(NESTED).field(&path.split('.').collect::<Vec<_>>()), None, "{path}");
    }
    assert!(schema(NESTED).field(&["visits"; 33]).is_none());
}

#[test]
fn decimals_of_numbers() {
    let of = |json: &str| {
        let schema = schema(&format!(r#"{{"type":"object","properties":{{"x":{json}}}}}"#));
        schema.field(&["x"]).unwrap().decimals_max
    };
    for (json, expected) in [
        (r#"{"type":"integer"}"#, Some(0)),
        (r#"{"type":["integer","null"]}"#, Some(0)),
        (r#"{"type":"integer","multipleOf":0.5}"#, Some(0)),
        (r#"{"type":"number"}"#, None),
        (r#"{"type":"number","multipleOf":0.1}"#, Some(1)),
        (r#"{"type":"number","multipleOf":0.250}"#, Some(2)),
        (r#"{"type":"number","multipleOf":5}"#, Some(0)),
        (r#"{"multipleOf":0.5}"#, Some(1)),
        (r#"{"anyOf":[{"type":"number","multipleOf":0.1},{"type":"null"}]}"#, Some(1)),
        (r#"{"anyOf":[{"type":"number","multipleOf":0.1},{"type":"integer"}]}"#, Some(1)),
        (r#"{"anyOf":[{"type":"number"},{"type":"integer"}]}"#, None),
        (r#"{"anyOf":[{},{"type":"integer"}]}"#, None),
        (r#"{"allOf":[{"type":"number","multipleOf":0.1},{"multipleOf":0.25}]}"#, Some(1)),
        (r#"{"enum":[1,2.50,"x"]}"#, Some(1)),
        (r#"{"enum":["x"]}"#, None),
        (r#"{"type":"integer","default":1.5}"#, Some(1)),
        (r#"{"type":"string"}"#, None),
        // As Pydantic writes a decimal: its text may have more decimals.
        (r#"{"anyOf":[{"type":"number","multipleOf":0.1},{"type":"string"}]}"#, None),
        ("{}", None),
    ] {
        assert_eq!(of(json), expected, "{json}");
    }
}

#[test]
fn a_schema_that_doubles_at_each_level_is_described_in_bounds() {
    let level = |at: usize| {
        let fields: String =
            (0..8).map(|field| format!(r##""f{field}":{{"$ref":"#/$defs/L{}"}},"##, at + 1)).collect();
        format!(r##""L{at}":{{"properties":{{{fields}"x":{{}}}}}},"##)
    };
    let levels: String = (0..20).map(level).collect();
    let schema = schema(&format!(r##"{{"$defs":{{{levels}"L20":{{}}}},"$ref":"#/$defs/L0"}}"##));
    fn count(kind: &Kind) -> usize {
        match kind {
            Kind::Object(fields) => fields.iter().map(|(_, field)| 1 + count(&field.kind)).sum(),
            _ => 0,
        }
    }
    let described = count(&schema.field(&[]).unwrap().kind);
    assert!(described > 100 && described < 20 * crate::FIELDS_DESCRIBED_MAX, "{described}");
    assert!(schema.field(&["f0"; 20]).is_some());
}

#[test]
fn records_suggest_a_schema() {
    let records: Vec<Value> = [
        r#"{"id":1,"day":"2024-01-01","at":"2024-01-01T00:00:00Z","x":1.5,"list":[1,null],"o":{"a":true}}"#,
        r#"{"id":2,"day":"2024-01-02","at":"2024-01-01 10:00","x":2,"list":[],"o":{},"more":"a"}"#,
        r#"{"id":3,"day":null,"at":"x","x":"y","list":["z"],"o":{"a":false}}"#,
    ]
    .map(value)
    .into();
    let two = Schema::infer(&records[..2]);
    assert_eq!(
        two.to_json(),
        r#"{"type":"object","properties":{"at":{"type":"string","format":"date-time"},"day":{"type":"string","format":"date"},"id":{"type":"integer"},"list":{"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"null"}]}},"more":{"type":"string"},"o":{"type":"object","properties":{"a":{"type":"boolean"}},"required":[]},"x":{"type":"number"}},"required":["at","day","id","list","o","x"]}"#
    );
    let all = Schema::infer(&records);
    assert!(records.iter().all(|record| all.check(record).is_ok()));
    assert!(all.field(&["day"]).unwrap().nullable && all.field(&["more"]).unwrap().optional);
    assert_eq!(Schema::infer(&[]).to_json(), r#"{"type":"object"}"#);
}

#[test]
fn tables_suggest_a_schema() {
    let columns = [
        ("n", vec![Some("1"), Some("-2")]),
        ("x", vec![Some("1"), None]),
        ("y", vec![Some("1.5"), Some("2e3")]),
        ("t", vec![Some("true"), Some("FALSE")]),
        ("d", vec![Some("2024-01-01"), Some("2024-02-29")]),
        ("e", vec![None, None]),
        ("s \"q\"", vec![Some("a"), Some("1")]),
    ];
    let schema = Schema::infer_table(columns.clone());
    let kind = |name: &str| schema.field(&[name]).unwrap().kind;
    assert_eq!(kind("n"), Kind::Integer { min: None, max: None });
    assert_eq!(kind("y"), Kind::Number { min: None, max: None });
    assert_eq!((kind("t"), kind("d")), (Kind::Bool, Kind::Date));
    assert!(schema.field(&["x"]).unwrap().optional && !schema.field(&["n"]).unwrap().optional);
    for row in 0..2 {
        let fields: Vec<_> = columns.iter().map(|(name, cells)| (*name, cells[row])).collect();
        assert_eq!(schema.check(&schema.coerce(&fields)), Ok(()));
    }
}
