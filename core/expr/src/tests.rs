//! Expressions over a few records.

use crate::{EvalProblem, Expr, Scope, compile};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::Instant;
use schema::{Schema, Value};
use std::sync::LazyLock;

mod errors;
mod properties;

pub(crate) const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["species", "body_mass_g", "active", "day", "steps", "visits", "tags", "home"],
    "properties": {
        "species": {"enum": ["Adelie", "Chinstrap", "Gentoo"]},
        "body_mass_g": {"type": "integer", "minimum": 0},
        "active": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "seen": {"type": "string", "format": "date-time"},
        "steps": {"type": ["integer", "null"]},
        "name": {"type": "string"},
        "visits": {"type": "array", "items": {
            "type": "object", "required": ["date", "cost"],
            "properties": {"date": {"type": "string", "format": "date"}, "cost": {"type": "number"},
                "note": {"type": "string"}}}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "home": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "body mass (kg)": {"type": "number"},
        "extra": {}
    }
}"#;

pub(crate) fn schema() -> &'static Schema {
    static READ: LazyLock<Schema> = LazyLock::new(|| Schema::from_json(SCHEMA).expect("a schema"));
    &READ
}

pub(crate) fn record(text: &str) -> Value {
    Value::from_json(text).expect("JSON")
}

pub(crate) const RECORD: &str = r#"{"species": "Adelie", "body_mass_g": 3750, "active": true, "day": "2026-11-20",
    "seen": "2026-11-20T12:30:15.25Z", "steps": null, "tags": ["a", "b"], "home": {"city": "Ulm"},
    "visits": [{"date": "2026-01-02", "cost": 12.5}, {"date": "2026-03-04", "cost": 7.25, "note": "x"}],
    "body mass (kg)": 3.75, "extra": {"deep": [1, "two", null]}}"#;

pub(crate) fn compiled(source: &str) -> Expr {
    compile(source, schema(), Scope::Record).unwrap_or_else(|error| panic!("{source}\n{error}"))
}

pub(crate) fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().expect("a moment")
}

fn value(source: &str) -> String {
    match compiled(source).evaluate_at(&record(RECORD), now()) {
        Ok(value) => value.to_json(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_of_a_record() {
    let cases = [
        ("body_mass_g / 1000", "3.75"),
        ("7 / 2", "3.5"),
        ("species == 'Adelie' && body_mass_g > 3700", "true"),
        ("species in ['Gentoo', 'Chinstrap']", "false"),
        ("`body mass (kg)` * 2", "7.5"),
        ("visits.map(v, v.cost)", "[12.5,7.25]"),
        ("visits.exists(v, v.date > date('2026-02-01'))", "true"),
        ("visits[1].note", "\"x\""),
        ("size(tags) + tags.size()", "4"),
        ("has(name)", "false"),
        ("steps > 5", "null"),
        ("steps > 5 || active", "true"),
        ("(day - date('2026-11-10')).getDays()", "10"),
        ("today() - days(30)", "\"2026-10-21\""),
        ("1 / (body_mass_g - 3750)", "division by zero (character 2)"),
        ("extra.deep[1]", "\"two\""),
        ("home['city'] + '!'", "\"Ulm!\""),
        ("last(30, 'days', day)", "true"),
        ("last(3000, 'years', day)", "true"),
        ("last(3000, 'years', now())", "true"),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn no_value_is_told_and_absorbed() {
    // `steps` and `name` have no value.
    let cases = [
        ("steps + 1", true, "null"),
        ("-steps", true, "null"),
        ("math.abs(steps)", true, "null"),
        ("name.size()", true, "null"),
        ("name.matches('a')", true, "null"),
        ("steps > 5", true, "null"),
        ("!(steps > 5)", true, "null"),
        ("steps == 5", false, "false"),
        ("steps != 5", false, "true"),
        ("steps == null", false, "true"),
        ("has(steps)", false, "false"),
        ("steps in [1, 2]", false, "false"),
        ("steps in [1, null]", false, "true"),
        ("steps > 5 && false", true, "false"),
        ("false && steps > 5", true, "false"),
        ("steps > 5 && true", true, "null"),
        ("steps > 5 || true", true, "true"),
        ("steps > 5 || false", true, "null"),
        ("steps > 5 ? 1 : 2", true, "null"),
        ("has(steps) ? steps : 0", true, "0"),
        ("visits.all(v, v.note == 'x' || v.note.size() > 0)", true, "null"),
        ("visits.exists(v, v.note.size() > 0)", true, "true"),
        ("visits.filter(v, v.note.size() > 0).size()", false, "1"),
        ("visits.map(v, v.note)", false, "[null,\"x\"]"),
        ("1 / (body_mass_g - 3750) > steps || active", true, "true"),
        ("body_mass_g + visits[0].cost", false, "3762.5"),
    ];
    for (source, nullable, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
        assert_eq!(compiled(source).nullable(), nullable, "{source}");
    }
}

#[test]
fn fields_that_are_read_are_told() {
    let cases = [
        ("body_mass_g > 3000 && species == 'Adelie'", "body_mass_g species"),
        ("home.city", "home.city"),
        ("home == home", "home"),
        ("size(visits)", "visits"),
        ("visits.exists(v, v.date > day)", "day visits.date"),
        ("visits.filter(v, v.cost > 1)", "visits visits.cost"),
        ("visits.map(x, 1)", "visits"),
        ("tags.exists(t, t == 'a')", "tags"),
        ("visits[0].cost", "visits.cost"),
        ("visits[0] == visits[1]", "visits"),
        ("has(name) ? 1 : 0", "name"),
        ("extra['deep'][0]", "extra.deep"),
        ("tags.map(day, day + 'x')", "tags"),
        ("1 + 1", ""),
    ];
    for (source, expected) in cases {
        let expr = compiled(source);
        let fields: Vec<&str> = expr.fields().iter().map(String::as_str).collect();
        assert_eq!(fields.join(" "), expected, "{source}");
    }
}

#[test]
fn numbers_are_exact() {
    let cases = [
        ("0.1 + 0.2 == 0.3", "true"),
        ("1 / 3", "0.3333333333333333333333333333"),
        ("2 / 3", "0.6666666666666666666666666667"),
        ("1 == 1.00", "true"),
        ("1.50", "1.5"),
        ("-7 % 3", "-1"),
        ("int(-3.7)", "-3"),
        ("math.round(-2.5)", "-3"),
        ("math.floor(-2.5)", "-3"),
        ("math.least(3, 1, 2)", "1"),
        ("0xff", "255"),
        ("1e3 + .5", "1000.5"),
        ("string(1e-28)", "\"0.0000000000000000000000000001\""),
        ("-0", "0"),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn times_are_of_the_calendar() {
    let cases = [
        ("date('2024-02-28') + days(2)", "\"2024-03-01\""),
        ("(date('2024-03-01') - date('2024-02-28')).getDays()", "2"),
        ("date('1969-12-31').getDayOfWeek()", "3"),
        ("day.getMonth()", "10"),
        ("seen.getMilliseconds()", "250"),
        ("date(seen) == day", "true"),
        ("seen - timestamp('2026-11-20T12:00:00Z')", "\"1815.25s\""),
        ("timestamp(day)", "\"2026-11-20T00:00:00Z\""),
        ("duration('90m').getHours()", "1"),
        ("string(duration('-1.5s'))", "\"-1.5s\""),
        ("now()", "\"2026-11-20T12:00:00Z\""),
        ("last(1, 'day', day)", "true"),
        ("last(1, 'months', date('2026-10-20'))", "false"),
        ("last(1, 'months', date('2026-10-21'))", "true"),
        ("last(2, 'weeks', date('2026-11-21'))", "false"),
        ("last(1, 'day', seen)", "false"),
        ("last(1, 'day', timestamp('2026-11-19T12:00:01Z'))", "true"),
        ("last(100000, 'years', date('0001-01-01'))", "true"),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn words_say_what_is_asked() {
    let cases = [
        ("body_mass_g / 1000", "`body_mass_g` divided by 1000"),
        ("(body_mass_g + steps) * 2", "(`body_mass_g` plus `steps`) times 2"),
        ("species in ['Adelie', 'Gentoo'] || !active", "`species` is 'Adelie' or 'Gentoo' or not `active`"),
        ("visits.exists(v, v.cost >= 10)", "for some of `visits`, called `v`, `v.cost` is at least 10"),
        ("name == null ? 0 : size(name)", "0 if `name` has no value, else the size of `name`"),
        ("last(2, 'weeks', day)", "`day` is in the last 2 weeks"),
        ("day >= date('2026-01-01')", "`day` is at least 2026-01-01"),
        ("home.city.contains('U')", "`home.city` contains 'U'"),
    ];
    for (source, expected) in cases {
        assert_eq!(compiled(source).words(), expected, "{source}");
    }
}

#[test]
fn values_of_a_person() {
    let records: Vec<Value> = [
        r#"{"day": "2026-11-20", "steps": 4000, "active": true}"#,
        r#"{"day": "2026-11-19", "steps": 8000, "active": true}"#,
        r#"{"day": "2026-10-01", "steps": 100, "active": false}"#,
        r#"{"day": "2026-11-18", "steps": null, "active": true}"#,
    ]
    .map(record)
    .into();
    let cases = [
        ("avg(steps)", "4033.3333333333333333333333333", "your average of `steps`"),
        ("avg(steps, last(30, 'days', day))", "6000", "your average of `steps` over the last 30 days"),
        (
            "sum(steps, active) / count()",
            "3000",
            "your total of `steps` where `active` divided by your number of records",
        ),
        ("last(steps, day)", "4000", "your last `steps` by `day`"),
        ("max(steps) - min(steps)", "7900", "your greatest `steps` minus your least `steps`"),
        ("count(has(steps))", "3", "your number of records where `steps` has a value"),
        ("max(day)", "\"2026-11-20\"", "your greatest `day`"),
    ];
    for (source, expected, words) in cases {
        let expr =
            compile(source, schema(), Scope::Person).unwrap_or_else(|error| panic!("{source}\n{error}"));
        assert_eq!(
            expr.evaluate_all(&records, now()).map(|value| value.to_json()),
            Ok(expected.into()),
            "{source}"
        );
        assert_eq!(expr.words(), words);
    }
    let expr = compiled("active");
    assert!(matches!(
        expr.evaluate_all(&records, now()).map_err(|error| error.problem),
        Err(EvalProblem::OtherScope { .. })
    ));
}
