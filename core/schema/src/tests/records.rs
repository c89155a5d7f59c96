//! Checking records, reading rows, putting defaults in place.

use super::{field, paths, said, schema, value};
use crate::Value;

#[test]
fn violations_say_what_and_how_to_mend() {
    let schema = schema(
        r#"{"type": "object", "required": ["steps", "id"], "additionalProperties": false, "properties": {
        "steps": {"type": "integer", "minimum": 0, "exclusiveMaximum": 100, "multipleOf": 5},
        "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
        "mood": {"enum": ["good", "bad"]}, "id": {"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-z]+$"},
        "tags": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true}}}"#,
    );
    assert_eq!(
        said(&schema, r#"{"steps": 95.0, "id": "ab", "day": null, "mood": "good", "tags": [1], "share": 1}"#),
        ""
    );
    let cases = [
        (r#"{"id": "ab"}"#, "steps is missing; give it a value"),
        (r#"{"steps": true, "id": "ab"}"#, "steps is true or false; expected a whole number"),
        (r#"{"steps": 1.5, "id": "ab"}"#, "steps is a number with a fraction; expected a whole number"),
        (r#"{"steps": -5, "id": "ab"}"#, "steps is too small; it must be at least 0"),
        (r#"{"steps": 100, "id": "ab"}"#, "steps is too large; it must be below 100"),
        (r#"{"steps": 7, "id": "ab"}"#, "steps is not a multiple of 5"),
        (r#"{"steps": 5, "id": "ab", "share": 0}"#, "share is too small; it must be above 0"),
        (r#"{"steps": 5, "id": "ab", "day": "2023-02-29"}"#, "day is not a date such as 2026-11-20"),
        (r#"{"steps": 5, "id": "ab", "mood": 3}"#, r#"mood is not one of "good", "bad""#),
        (r#"{"steps": 5, "id": "a"}"#, "id is too short; it must have at least 2 characters"),
        (r#"{"steps": 5, "id": "abcd"}"#, "id is too long; it must have at most 3 characters"),
        (r#"{"steps": 5, "id": "ab1"}"#, "id does not match ^[a-z]+$"),
        (r#"{"steps": 5, "id": "ab", "tags": []}"#, "tags is too short; it must have at least 1 items"),
        (r#"{"steps": 5, "id": "ab", "tags": [1, 2, 3]}"#, "tags is too long; it must have at most 2 items"),
        (r#"{"steps": 5, "id": "ab", "tags": [1, 1.0]}"#, "tags has an item twice, again at 1; leave it out"),
        (r#"{"steps": 5, "id": "ab", "extra": 1}"#, "extra is not in the schema; remove it"),
        ("[]", "the record is a list; expected an object"),
    ];
    for (record, expected) in cases {
        assert_eq!(said(&schema, record), expected, "{record}");
    }
}

#[test]
fn unions_name_their_members() {
    let schema = schema(
        r##"{"$defs": {
        "Cat": {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind", "lives"]},
        "Dog": {"type": "object", "properties": {"kind": {"enum": ["dog", "wolf"]}}, "required": ["kind"]}},
        "properties": {
        "stated": {"discriminator": {"propertyName": "kind", "mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}},
            "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]},
        "found": {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}, {"type": "null"}]},
        "any": {"anyOf": [{"$ref": "#/$defs/Cat"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
        "one": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}]}}}"##,
    );
    assert_eq!(
        paths(&schema, r#"{"stated": {"kind": "cat"}, "found": {"kind": "cat"}}"#),
        "stated.cat.lives found.cat.lives"
    );
    assert_eq!(paths(&schema, r#"{"stated": {"kind": "wolf"}, "found": {"kind": "wolf"}}"#), "stated");
    assert_eq!(paths(&schema, r#"{"stated": 1, "found": null}"#), "stated");
    assert!(
        said(&schema, r#"{"found": {}}"#)
            .contains(r#"needs the field `kind` to be one of "cat", "dog", "wolf""#)
    );
    assert_eq!(paths(&schema, r#"{"any": [1, "a"]}"#), "any.Cat any.list[str].0");
    assert_eq!(paths(&schema, r#"{"any": null, "one": 4}"#), "");
    assert_eq!(paths(&schema, r#"{"one": 6}"#), "one");
    assert_eq!(paths(&schema, r#"{"one": 4.5}"#), "one.int one.constrained-float");
}

#[test]
fn formats_are_as_pydantic_reads_them() {
    let cases = [
        (
            "date",
            &["2024-02-29", "0001-01-01"][..],
            &["2023-02-29", "2024-2-9", "20240229", "0000-01-01", "2024-02-29T00:00:00"][..],
        ),
        (
            "date-time",
            &[
                "2024-02-29T12:00:00Z",
                "2024-02-29t12:00:00.123456789z",
                "2024-02-29 12:00",
                "2024-02-29T12:00:00+05:30",
                "2024-02-29T12:00:00-0800",
            ][..],
            &[
                "2024-02-29",
                "2024-02-30T12:00:00Z",
                "2024-02-29T24:00:00Z",
                "2024-02-29T12:00:60Z",
                "2024-02-29T12:00:00+24:00",
                "2024-02-29T1:00",
                "2024-02-29T12:00:00.Z",
            ][..],
        ),
        ("time", &["12:00", "23:59:59.5", "12:00:00Z"][..], &["24:00", "12", "12:0"][..]),
        (
            "uuid",
            &["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"][..],
            &[
                "123e4567-e89b-12d3-a456-42661417400",
                "123e4567_e89b-12d3-a456-426614174000",
                "g23e4567e89b12d3a456426614174000",
            ][..],
        ),
        (
            "email",
            &["ada@example.org", "a.b+c@sub.example.org"][..],
            &[
                "ada",
                "@example.org",
                "ada@",
                "a b@example.org",
                "ada@example",
                "a..b@example.org",
                "a@b@c.d ",
            ][..],
        ),
    ];
    for (format, good, bad) in cases {
        let schema = field("a", &alloc::format!(r#"{{"type":"string","format":"{format}"}}"#));
        for text in good {
            assert_eq!(said(&schema, &alloc::format!(r#"{{"a":"{text}"}}"#)), "", "{format} {text}");
        }
        for text in bad {
            assert_ne!(said(&schema, &alloc::format!(r#"{{"a":"{text}"}}"#)), "", "{format} {text}");
        }
    }
    assert_eq!(crate::moment("2024-03-01T00:30:00+01:00"), crate::moment("2024-02-29T23:30:00Z"));
    assert_eq!(crate::moment("1969-12-31T23:59:59.999999Z"), Some(-1));
}

#[test]
fn decimals_are_numbers_as_text() {
    // Pydantic's `condecimal(max_digits=6, decimal_places=2, ge=0)` up to 2.13, and from 2.14 on.
    let old = field(
        "a",
        r#"{"anyOf":[{"type":"number","minimum":0},{"type":"string",
        "pattern":"^(?!^[-+.]*$)[+-]?0*(?:\\d{0,4}|(?=[\\d.]{1,7}0*$)\\d{0,4}\\.\\d{0,2}0*$)"},{"type":"null"}]}"#,
    );
    let new = field("a", r#"{"anyOf":[{"type":"number","minimum":0},{"type":"string"}]}"#);
    for text in ["12.50", "+1", "007.100", "0"] {
        assert_eq!(said(&old, &alloc::format!(r#"{{"a":"{text}"}}"#)), "", "{text}");
    }
    assert_eq!(paths(&old, r#"{"a":null}"#), "");
    for text in ["x", "", "12345", "1.234", "-1", "."] {
        assert_eq!(paths(&old, &alloc::format!(r#"{{"a":"{text}"}}"#)), "a", "{text}");
    }
    assert_eq!(paths(&new, r#"{"a":"x"}"#), "");
    assert_eq!(paths(&new, r#"{"a":[]}"#), "a");
    let number = crate::number;
    let kind = |min: Option<&str>| crate::Kind::Number { min: min.and_then(number), max: None };
    assert_eq!(old.field(&["a"]).unwrap().kind, kind(Some("0")));
    // A text that is no number fits, so a computation may find nothing there.
    let described = new.field(&["a"]).unwrap();
    assert_eq!((described.kind, described.nullable), (kind(None), true));
    assert_eq!(new.complete(&value(r#"{"a":"12.50"}"#)).to_json(), r#"{"a":12.50}"#);
    assert_eq!(new.complete(&value(r#"{"a":"x"}"#)).to_json(), r#"{"a":null}"#);
}

#[test]
fn rows_are_read_by_type() {
    let schema = schema(
        r##"{"$defs":{"Home":{"type":"object","properties":{"zip":{"type":"string"},"at":{"anyOf":[{"$ref":"#/$defs/At"},{"type":"null"}]}}},
            "At":{"properties":{"x":{"type":"number"}}}},
        "required":["null","need"],"properties":{
        "int":{"type":"integer"},"num":{"type":["number","null"]},"yes":{"type":"boolean"},"text":{"type":"string"},
        "day":{"type":"string","format":"date"},"pick":{"enum":["a",1,true,null]},"list":{"type":"array","items":{"type":"integer"}},
        "either":{"anyOf":[{"type":"string","maxLength":3},{"type":"integer"}]},"null":{"type":["integer","null"]},
        "need":{"type":"integer"},"home":{"$ref":"#/$defs/Home"},"a.b":{"type":"integer"}}}"##,
    );
    let read = |fields: &[(&str, Option<&str>)]| schema.coerce(fields).to_json();
    assert_eq!(
        read(&[("int", Some("1e3")), ("num", Some(".5")), ("text", Some("007"))]),
        r#"{"int":1000,"num":0.5,"text":"007"}"#
    );
    for (text, json) in
        [("true", "true"), ("YES", "true"), ("0", "false"), ("off", "false"), ("maybe", "\"maybe\"")]
    {
        assert_eq!(read(&[("yes", Some(text))]), alloc::format!(r#"{{"yes":{json}}}"#));
    }
    for (text, json) in [("a", "\"a\""), ("1", "1"), ("true", "true"), ("b", "\"b\"")] {
        assert_eq!(read(&[("pick", Some(text))]), alloc::format!(r#"{{"pick":{json}}}"#));
    }
    assert_eq!(read(&[("list", Some("[1, 2]")), ("either", Some("12"))]), r#"{"either":12,"list":[1,2]}"#);
    assert_eq!(read(&[("either", Some("abc"))]), r#"{"either":"abc"}"#);
    assert_eq!(read(&[("int", None), ("null", None), ("need", None), ("new", None)]), r#"{"null":null}"#);
    assert_eq!(
        read(&[("home.zip", Some("1")), ("home.at.x", Some("2"))]),
        r#"{"home":{"at":{"x":2},"zip":"1"}}"#
    );
    assert_eq!(
        read(&[("a.b", Some("3")), ("x.y", Some("4")), ("home", Some("{\"zip\":\"5\"}"))]),
        r#"{"a.b":3,"home":{"zip":"5"},"x.y":"4"}"#
    );
    assert_eq!(
        paths(
            &schema,
            &read(&[("int", Some("x")), ("day", Some("1.2.2024")), ("need", Some("1.5")), ("null", None)])
        ),
        "int day need"
    );
}

#[test]
fn defaults_stand_in_for_what_is_missing() {
    let schema = schema(
        r##"{"$defs":{"Level":{"enum":[1,2],"default":1}, "Home":{"properties":{"zip":{"type":"string","default":"0"}}}},
        "properties":{"level":{"$ref":"#/$defs/Level"},"n":{"type":"integer","default":5},"home":{"$ref":"#/$defs/Home"},
        "homes":{"type":"array","items":{"anyOf":[{"$ref":"#/$defs/Home"},{"type":"null"}]}},
        "named":{"additionalProperties":{"$ref":"#/$defs/Home"}},"none":{"type":"string"}}}"##,
    );
    let complete = |record: &str| schema.complete(&value(record)).to_json();
    assert_eq!(complete("{}"), r#"{"level":1,"n":5}"#);
    assert_eq!(
        complete(r#"{"n":null,"level":2,"home":{},"homes":[{},null],"named":{"a":{}}}"#),
        r#"{"home":{"zip":"0"},"homes":[{"zip":"0"},null],"level":2,"n":null,"named":{"a":{"zip":"0"}}}"#
    );
    assert_eq!(schema.complete(&Value::Null), Value::Null);
}

#[test]
fn names_of_fields_are_checked() {
    let schema = schema(
        r#"{"patternProperties":{"^n_":{"type":"integer"}},"additionalProperties":{"type":"string"},
        "propertyNames":{"maxLength":4},"minProperties":1,"maxProperties":3,"properties":{"a":{"type":"boolean"}}}"#,
    );
    assert_eq!(paths(&schema, r#"{"n_1":1,"b":"","a":true}"#), "");
    assert_eq!(paths(&schema, r#"{"n_1":"","b":1,"a":1}"#), "a b n_1");
    assert_eq!(paths(&schema, r#"{"too_long":""}"#), "too_long.[key]");
    assert_eq!(said(&schema, "{}"), "the record is too short; it must have at least 1 fields");
    assert_eq!(
        said(&schema, r#"{"b":"","c":"","d":"","e":""}"#),
        "the record is too long; it must have at most 3 fields"
    );
}
