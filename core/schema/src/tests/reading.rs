//! Reading schemas, and what is said of those that are not read.

use super::{paths, schema};
use crate::{Schema, SchemaProblem};
use alloc::{
    format,
    string::{String, ToString},
};

/// What is said of a schema that is not read.
fn refused(text: &str) -> String {
    Schema::from_json(text).unwrap_err().to_string()
}

#[test]
fn errors_name_place_and_mend() {
    let cases = [
        ("", "the schema (line 1, column 1): not JSON: EOF while parsing a value"),
        ("{\n \"type\": \"object\",}", "the schema (line 2, column 19): not JSON: key must be a string"),
        ("[]", "the schema (line 1, column 1): expected a schema: an object, true or false"),
        (
            r#"{"type":"string"}"#,
            "the schema (line 1, column 1): a record is an object: give `\"type\": \"object\"`",
        ),
        ("{\"properties\":\n{\"é/a\": 7}}", "/properties/é~1a (line 2, column 9): expected a schema"),
        (
            r#"{"type":"objekt"}"#,
            "/type (line 1, column 9): there is no type `objekt`; the types are object, ",
        ),
        (
            r#"{"properties":{"a":{"minimum":"1"}}}"#,
            "/properties/a/minimum (line 1, column 31): expected a number",
        ),
        (
            r#"{"properties":{"a":{"maxLength":1.5}}}"#,
            "/properties/a/maxLength (line 1, column 33): expected a whole",
        ),
        (
            r#"{"properties":{"a":{"multipleOf":0}}}"#,
            "/properties/a/multipleOf (line 1, column 34): expected a number above",
        ),
        (
            r#"{"not":{}}"#,
            "/not (line 1, column 8): `not` is not supported; state what is allowed, with `enum`",
        ),
        (
            r#"{"nullable":true}"#,
            "/nullable (line 1, column 13): `nullable` is not supported; write `\"anyOf\"",
        ),
        (
            r#"{"properties":{"a":{"min_length":1}}}"#,
            "/properties/a/min_length (line 1, column 34): `min_length` is no keyword; did you mean `minLength`?",
        ),
        (
            r#"{"properties":{"a":{"minimun":1}}}"#,
            "/properties/a/minimun (line 1, column 31): `minimun` is no keyword; did you mean `minimum`?",
        ),
        (
            r##"{"$ref":"#/$defs/A"}"##,
            "/$ref (line 1, column 9): `#/$defs/A` is not in this schema; put the definition under `$defs`",
        ),
        (
            r#"{"$ref":"https://example.org/a"}"#,
            "/$ref (line 1, column 9): `https://example.org/a` is not in this schema",
        ),
        (
            r##"{"$ref":"#"}"##,
            "the schema (line 1, column 1): refers to itself with no field or item in between",
        ),
        (
            r#"{"properties":{"a":{"pattern":"(a"}}}"#,
            "/properties/a/pattern (line 1, column 31): the pattern is not read: at character 2, unclosed group",
        ),
        (
            r#"{"properties":{"a":{"pattern":"(?=a)"}}}"#,
            "/properties/a/pattern (line 1, column 31): the pattern is not read: at character 3, look-around",
        ),
        (
            r#"{"properties":{"a":{"minimum":2,"exclusiveMaximum":1}}}"#,
            "/properties/a (line 1, column 20): no value fits: `minimum` is above `exclusiveMaximum`",
        ),
        (r#"{"properties":{"a":{},"a":{}}}"#, "the schema (line 1, column 27): the field `a` is there twice"),
        (r#"{"required":["a",1]}"#, "/required (line 1, column 13): expected a list of field names"),
    ];
    for (text, expected) in cases {
        let said = refused(text);
        assert!(said.starts_with(expected), "{text}\n  said     {said}\n  expected {expected}");
    }
}

#[test]
fn bounds_are_kept() {
    let long = format!(r#"{{"description":"{}"}}"#, "x".repeat(crate::SCHEMA_BYTES_MAX));
    assert!(refused(&long).contains("and at most 16384 are read"));
    let deep = format!("{}{{}}{}", r#"{"items":"#.repeat(80), "}".repeat(80));
    assert!(refused(&deep).contains("nested more than 64 levels deep"));
    let pattern = format!(r#"{{"properties":{{"a":{{"pattern":"{}"}}}}}}"#, "x".repeat(2000));
    assert!(refused(&pattern).contains("it has 2000 bytes"));
    let large = r#"{"properties":{"a":{"pattern":"((a{30}){30}){30}"}}}"#;
    assert!(refused(large).contains("more than 4000 comparisons"), "{}", refused(large));
    let row: String = (0..40).map(|at| format!(r##""A{at}":{{"$ref":"#/$defs/A{}"}},"##, at + 1)).collect();
    let row = format!(r##"{{"$defs":{{{row}"A40":{{}}}},"$ref":"#/$defs/A0"}}"##);
    assert!(refused(&row).contains("more than 16 references and unions in a row"));
}

#[test]
fn circles_need_a_field_in_between() {
    let circle = r##"{"$defs":{"A":{"anyOf":[{"$ref":"#/$defs/B"}]},"B":{"allOf":[{"$ref":"#/$defs/A"}]}},
        "properties":{"a":{"$ref":"#/$defs/A"}}}"##;
    assert_eq!(Schema::from_json(circle).unwrap_err().problem, SchemaProblem::Endless);
    let list = schema(
        r##"{"$defs":{"A":{"type":"array","items":{"$ref":"#/$defs/A"}}},
        "properties":{"a":{"$ref":"#/$defs/A"}}}"##,
    );
    assert_eq!(paths(&list, r#"{"a":[[[]],[[1]]]}"#), "a.1.0.0");
    let whole = schema(r##"{"properties":{"next":{"$ref":"#"},"n":{"type":"integer"}}}"##);
    assert_eq!(paths(&whole, r#"{"next":{"next":{"n":"x"}}}"#), "next.next.n");
}

#[test]
fn references_are_pointers() {
    let schema = schema(
        r##"{"definitions":{"a/b~c d":{"type":"integer"}},"properties":{
        "x":{"$ref":"#/definitions/a~1b~0c%20d"},"y":{"$ref":"#/properties/x"},"z":{"prefixItems":[{"type":"boolean"}]},
        "w":{"$ref":"#/properties/z/prefixItems/0"}}}"##,
    );
    assert_eq!(paths(&schema, r#"{"x":"","y":"","z":[1],"w":1}"#), "x y z.0 w");
}

#[test]
fn annotations_say_nothing() {
    let schema = schema(
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","$comment":"if","title":"T","examples":[1],
        "deprecated":true,"readOnly":true,"x-if":{"not":1},"unit":"kg","nullable":false,"additionalItems":false,
        "properties":{"a":{"format":"int32","contentEncoding":"base64","type":"integer"},"b":true,"if":{}}}"#,
    );
    assert_eq!(paths(&schema, r#"{"a":1,"b":[],"if":0}"#), "");
    assert_eq!((schema.title(), schema.field(&["a"]).is_some()), (Some("T"), true));
}
