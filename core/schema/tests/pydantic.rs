//! What Pydantic says of its own models' records, and what their JSON Schema says here: the same verdict, at the same paths.
//!
//! `tests/pydantic/records.py` makes the records; this test installs the Pydantic that it is pinned to below `target/`.

use schema::{Schema, Value};
use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Records of each model, beside the one that fits.
const RECORDS: &str = "1500";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pydantic")
}

/// A Python that has what requirements.txt pins.
fn python() -> PathBuf {
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pydantic");
    venv::python(&at, &folder().join("requirements.txt"))
}

/// Whether Pydantic and its own schema differ about a path.
fn differs_with_reason(model: &str, record: &Value, path: &str, here: bool) -> bool {
    // Without the steps that name members of unions.
    let value = path.split('.').fold(record, |value, step| value.at(&[step]).unwrap_or(value));
    let numeric = matches!(value, Value::Text(text) if schema::number(text).is_some());
    // 2.0 is a whole number in JSON Schema, and to Pydantic where it is not strict; in a union it decides about others.
    let field = path.split('.').next().and_then(|field| record.at(&[field]));
    let whole = field.is_some_and(|field| field.to_json().contains("2.0"));
    match here {
        // Pydantic takes a number in text as seconds since 1970; `date-time` is RFC 3339.
        true => numeric,
        // For `Decimal` the schema allows any text, and for names that have to match a pattern any others as well.
        false => whole || model == "Money" || path.starts_with("by_code."),
    }
}

#[test]
fn the_same_records_are_refused_at_the_same_paths() {
    let printed = venv::run(Command::new(python()).arg(folder().join("records.py")).arg(RECORDS));
    let (mut model, mut schema) = (String::new(), None);
    let (mut accepted, mut refused, mut lenient) = (0, 0, 0);
    let mut differences = Vec::new();
    for line in printed.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
        if let Some(name) = line["model"].as_str() {
            model = name.to_string();
            let read = Schema::from_json(&line["schema"].to_string());
            schema = Some(read.unwrap_or_else(|error| panic!("{model}: {error}\n{}", line["schema"])));
            continue;
        }
        let record = line["record"].as_str().expect("a record");
        let said: BTreeSet<String> = line["errors"]
            .as_array()
            .expect("paths")
            .iter()
            .filter_map(|path| path.as_str().map(str::to_string))
            .collect();
        let value = Value::from_json(record).expect("JSON");
        let violations = schema.as_ref().expect("a model first").check(&value).err().unwrap_or_default();
        let found: BTreeSet<String> = violations.iter().map(|violation| violation.path.clone()).collect();
        if found == said {
            *(if said.is_empty() { &mut accepted } else { &mut refused }) += 1;
        } else if found.is_empty() && line["lenient"] == true {
            // Whole numbers written 1.0, and the like: valid JSON Schema, taken by Pydantic where it is not strict.
            lenient += 1;
        } else if found.difference(&said).any(|path| !differs_with_reason(&model, &value, path, true))
            || said.difference(&found).any(|path| !differs_with_reason(&model, &value, path, false))
        {
            differences.push(format!("{model}: {record}\n  Pydantic: {said:?}\n  here:     {found:?}"));
        }
    }
    println!(
        "{accepted} accepted, {refused} refused at the same paths, {lenient} accepted as Pydantic's lenient mode does"
    );
    assert!(accepted > 500 && refused > 5000, "{accepted} accepted, {refused} refused");
    let shown = differences.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} records differ:\n{shown}", differences.len());
}
