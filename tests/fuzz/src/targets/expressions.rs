//! Expressions that proposers write, and records that they read.

use super::{Target, join, parts};
use codec::Instant;
use expr::{COST_MAX, Expr, Scope, compile, tidy};
use schema::{Schema, Value};
use std::sync::LazyLock;

pub(super) const EXPRESSION: Target = Target {
    name: "expression",
    about: "an expression's source, then records in JSON that it reads",
    run: run_expression,
    seeds: || SEEDS.iter().map(|seed| join(seed.iter().map(|part| part.as_bytes()))).collect(),
};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    Schema::from_json(
        r#"{"type": "object", "required": ["day"], "properties": {
            "species": {"enum": ["Adelie", "Gentoo"]}, "mass": {"type": "number"}, "steps": {"type": ["integer", "null"]},
            "day": {"type": "string", "format": "date"}, "seen": {"type": "string", "format": "date-time"},
            "active": {"type": "boolean"}, "name": {"type": "string"}, "body mass (kg)": {"type": "number"}, "extra": {},
            "tags": {"type": "array", "items": {"type": "string"}}, "visits": {"type": "array", "items": {
                "type": "object", "properties": {"date": {"type": "string", "format": "date"}, "cost": {"type": "number"}}}}
        }}"#,
    )
    .expect("a schema")
});

const RECORD: &str = r#"{"species": "Adelie", "mass": 3750.5, "steps": null, "day": "2026-11-20", "active": true,
    "seen": "2026-11-20T12:30:15.25Z", "name": "Ada", "body mass (kg)": 3.75, "extra": {"deep": [1, "two", null]},
    "tags": ["a", "b"], "visits": [{"date": "2026-01-02", "cost": 12.5}, {"date": "2026-03-04"}]}"#;

const SEEDS: &[&[&str]] = &[
    &["species == 'Adelie' && mass / 1000 > 3.7", RECORD],
    &["visits.filter(v, v.date > date('2026-01-31')).map(v, v.cost * 2)[0]", RECORD],
    &["visits.all(v, v.cost > 0) || tags.exists_one(t, t.matches('^[a-z]+$'))", RECORD],
    &["has(steps) ? steps : -(1 + 2) * 3 % 4 - 5", RECORD],
    &["(today() - day).getDays() + seen.getHours() - (day + days(30)).getDayOfYear()", RECORD],
    &[
        "'\\u2603\\U0001F600\\x41\\101' + r'\\d' + '''a\nb''' + string(0x1F) + string(1e-28) // comment",
        RECORD,
    ],
    &["name.lowerAscii().trim().contains('a') && !name.startsWith('b') && size(name) in [1, 2, 3]", RECORD],
    &["math.least(mass, `body mass (kg)`, 79228162514264337593543950335.0)", RECORD],
    &["extra.deep[1] == 'two' && extra['deep'][0] + 1 > 1 && dyn(extra) != null", RECORD],
    &[
        "avg(steps, last(30, 'days', day) && steps > 0)",
        RECORD,
        RECORD,
        r#"{"steps": 8000, "day": "2026-11-19"}"#,
    ],
    &["sum(mass) / count() + max(mass) - min(mass, active)", RECORD, "{}"],
    &["last(species, day, has(species)) == 'Gentoo' ? count(active) : count(!active)", RECORD],
    &["timestamp('2026-11-20T12:00:00+02:00') - duration('-1h30m0.5s') < now()", RECORD],
    &["((((((((((((((((((((((((((((((((mass))))))))))))))))))))))))))))))))", RECORD],
];

fn run_expression(input: &[u8]) {
    let mut parts = parts(input).into_iter();
    let Ok(source) = std::str::from_utf8(parts.next().unwrap_or_default()) else { return };
    let records: Vec<Value> = parts
        .filter_map(|part| std::str::from_utf8(part).ok())
        .filter_map(|text| Value::from_json(text).ok())
        .collect();
    let now = Instant::from_unix_ms(1_795_176_000_000);
    if let Ok(tidied) = tidy(source) {
        // What is printed may be longer than what was read, and beyond the bound.
        if tidied.len() <= expr::SOURCE_BYTES_MAX {
            assert_eq!(tidy(&tidied).as_ref(), Ok(&tidied), "what is printed reads back");
        }
    }
    for scope in [Scope::Record, Scope::Person] {
        let expr = match compile(source, &SCHEMA, scope) {
            Ok(expr) => expr,
            Err(error) => {
                assert!(error.position as usize <= source.chars().count());
                assert_eq!(error.to_string().lines().count(), 3);
                continue;
            }
        };
        assert!(expr.cost_max() <= COST_MAX);
        assert!(expr.words().len() < 64 * 1024);
        let same = |value: &dyn Fn(&Expr) -> _| {
            assert_eq!(value(&expr), value(&expr), "evaluation is deterministic")
        };
        match scope {
            Scope::Record => records.iter().for_each(|record| same(&|expr| expr.evaluate_at(record, now))),
            Scope::Person => same(&|expr| expr.evaluate_all(&records, now)),
        }
    }
}
