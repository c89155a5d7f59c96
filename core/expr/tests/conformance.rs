//! cel-spec's own conformance cases: whatever of them compiles gives the value that they ask for.
//!
//! The cases are those of google/cel-spec, `tests/simple/testdata`, as npm's `@bufbuild/cel-spec` holds them; this test
//! installs the version that it is pinned to below `target/`. A case that needs a part of CEL that is not provided has
//! to be refused; the number of cases that pass may not fall.

use expr::{ExprError, Problem, Scope, compile};
use schema::{Schema, Value};
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const PACKAGE: &str = "@bufbuild/cel-spec";
const VERSION: &str = "0.6.1";

/// Cases that pass, at least, of each of cel-spec's files.
const PASS: [(&str, u32); 18] = [
    ("basic", 30),
    ("comparisons", 175),
    ("conversions", 51),
    ("dynamic", 25),
    ("fields", 16),
    ("fp_math", 25),
    ("integer_math", 40),
    ("lists", 30),
    ("logic", 21),
    ("macros", 36),
    ("macros2", 8),
    ("math_ext", 89),
    ("parse", 92),
    ("plumbing", 4),
    ("string", 45),
    ("string_ext", 64),
    ("timestamps", 52),
    ("type_deductions", 10),
];

/// Cases whose value is another one here, and why.
const OTHERWISE: [(&str, &str); 34] = [
    ("comparisons/lt_literal/not_lt_dyn_int_big_lossy_double", EXACT),
    ("comparisons/lt_literal/not_lt_dyn_small_double_int", EXACT),
    ("comparisons/gt_literal/not_gt_dyn_int_small_lossy_double", EXACT),
    ("comparisons/gt_literal/not_gt_dyn_big_double_int", EXACT),
    ("comparisons/lte_literal/lte_dyn_int_small_lossy_double", EXACT),
    ("comparisons/lte_literal/lte_dyn_big_double_int", EXACT),
    ("comparisons/gte_literal/gte_dyn_int_big_lossy_double", EXACT),
    ("comparisons/gte_literal/gte_dyn_small_double_int", EXACT),
    ("conversions/double/int_range", EXACT),
    ("conversions/int/double_big_precision", EXACT),
    ("conversions/int/double_int_max_range", EXACT),
    ("conversions/int/double_int_min_range", EXACT),
    ("conversions/uint/double_uint_max_range", EXACT),
    ("fp_math/fp_math/mod_not_support", ONE),
    ("math_ext/ceil/dyn_error", ONE),
    ("math_ext/floor/dyn_error", ONE),
    ("math_ext/round/dyn_error", ONE),
    ("math_ext/trunc/dyn_error", ONE),
    ("math_ext/abs/int_overflow", DIGITS),
    ("integer_math/int64_math/int64_overflow_positive", DIGITS),
    ("integer_math/int64_math/int64_overflow_negative", DIGITS),
    ("integer_math/int64_math/int64_overflow_add_negative", DIGITS),
    ("integer_math/int64_math/int64_overflow_sub_positive", DIGITS),
    ("integer_math/int64_math/int64_min_negate", DIGITS),
    ("integer_math/int64_math/int64_min_negate_mul", DIGITS),
    ("integer_math/int64_math/int64_min_negate_div", DIGITS),
    ("integer_math/int64_math/int64_overflow_mul_positive", DIGITS),
    ("integer_math/int64_math/int64_overflow_mul_negative", DIGITS),
    ("fields/map_fields/map_field_select_no_such_key", MISSING),
    ("fields/map_fields/map_field_select_no_such_key_or_false", MISSING),
    ("fields/map_fields/map_field_select_no_such_key_and_true", MISSING),
    ("timestamps/", "times are counted in microseconds, and 9999 years between two of them are not too many"),
    (
        "type_deductions/flexible_type_parameter_assignment/unconstrained_type_var_as_dyn",
        "only the type is asked for",
    ),
    ("namespace/", "there are no packages"),
];
const EXACT: &str = "numbers are exact";
const ONE: &str = "whole numbers are of the same type as others";
const DIGITS: &str = "numbers have 28 digits, not 64 bits";
const MISSING: &str = "a missing field is null";

fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install Node 20 or later"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed:\n{errors}\nIt needs Node 20 or later, and npm's registry."
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// All suites of cases.
fn suites() -> Json {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cel-spec").join(VERSION);
    let module = folder.join("node_modules").join(PACKAGE).join("dist/esm/testdata/conformance.js");
    if !module.exists() {
        fs::create_dir_all(&folder).expect("a folder below target/");
        let npm =
            ["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
        run(Command::new("npm").args(npm).arg("--prefix").arg(&folder).arg(format!("{PACKAGE}@{VERSION}")));
    }
    let script = "import(process.argv[1]).then((module) => console.log(JSON.stringify(module.tests)))";
    let printed = run(Command::new("node").args(["--input-type=module", "--eval", script]).arg(&module));
    serde_json::from_str(&printed).expect("JSON")
}

/// A value in the notation of the cases; nothing for one of a type that is not provided.
fn value(json: &Json) -> Option<Value> {
    let (kind, value) = json.as_object()?.iter().next()?;
    let items = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    Some(match kind.as_str() {
        "int64Value" | "uint64Value" => Value::Number(schema::number(value.as_str()?)?),
        "doubleValue" => Value::Number(schema::number(&value.as_number()?.to_string())?),
        "stringValue" => Value::Text(value.as_str()?.into()),
        "boolValue" => Value::Bool(value.as_bool()?),
        "nullValue" => Value::Null,
        "listValue" => Value::List(items("values").iter().map(self::value).collect::<Option<_>>()?),
        "mapValue" => Value::Object(
            items("entries")
                .iter()
                .map(|entry| match self::value(&entry["key"])? {
                    Value::Text(name) => Some((name, self::value(&entry["value"])?)),
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        "objectValue" => match value["@type"].as_str()? {
            name if name.ends_with("Duration") || name.ends_with("Timestamp") => {
                Value::Text(value["value"].as_str()?.into())
            }
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether a refusal means that the case needs what is not provided.
fn needs_more(error: &ExprError, case: &Json) -> bool {
    match &error.problem {
        // Messages, maps, bytes, unsigned numbers, packages.
        Problem::Unsupported { .. } | Problem::Reserved { .. } => true,
        // `type`, `uint`, `bytes`; extensions; names of types and packages; constants of enums.
        Problem::NoFunction { .. } | Problem::NoField { .. } => true,
        // Doubles beyond 28 digits; infinity.
        Problem::Digits | Problem::ZeroDivisor => true,
        // Macros with two variables, and over `cel.iterVar`; getters with a time zone.
        Problem::Arguments { name, .. } => {
            ["all", "exists", "existsOne", "map"].contains(&name.as_str()) || name.starts_with("get")
        }
        // `[?x]` and `.?` of optionals.
        Problem::Expected { found, .. } => found == "`?`",
        // What only goes without a check of types.
        Problem::Operands { .. } | Problem::Mismatch { .. } => case["disableCheck"] == true,
        _ => false,
    }
}

#[derive(Default)]
struct Outcome {
    pass: BTreeMap<String, u32>,
    refused: u32,
    skipped: u32,
    failures: Vec<String>,
}

impl Outcome {
    fn suite(&mut self, suite: &Json, path: &str) {
        for inner in suite["suites"].as_array().into_iter().flatten() {
            self.suite(inner, &format!("{path}{}/", inner["name"].as_str().expect("a name")));
        }
        for test in suite["tests"].as_array().into_iter().flatten() {
            self.case(test, path);
        }
    }

    fn case(&mut self, test: &Json, path: &str) {
        let case = &test["original"];
        let path = format!("{path}{}", case["name"].as_str().expect("a name"));
        let source = case["expr"].as_str().expect("a source");
        let mut record = BTreeMap::new();
        for (name, binding) in case["bindings"].as_object().into_iter().flatten() {
            let Some(value) = value(&binding["value"]) else {
                self.skipped += 1;
                return;
            };
            record.insert(name.clone(), value);
        }
        let properties: serde_json::Map<_, _> =
            record.keys().map(|name| (name.clone(), true.into())).collect();
        let schema = serde_json::json!({ "type": "object", "properties": properties }).to_string();
        let schema = Schema::from_json(&schema).expect("a schema");
        let fails =
            case.get("evalError").is_some() || case.get("value").is_none() && test.get("error").is_some();
        let got = match compile(source, &schema, Scope::Record) {
            Ok(expr) => expr.evaluate(&Value::Object(record)).map_err(|error| error.to_string()),
            Err(_) if fails => return self.passed(&path),
            Err(error) if needs_more(&error, case) => {
                self.refused += 1;
                return;
            }
            Err(error) => Err(error.to_string()),
        };
        // Where no value is named, the type alone is asked for, or the value is true.
        let wanted = match case.get("value") {
            Some(wanted) => value(wanted),
            None if case.get("typedResult").is_some() => got.as_ref().ok().cloned(),
            None => Some(Value::Bool(true)),
        };
        match (&got, wanted) {
            (Err(_), _) if fails => self.passed(&path),
            (Ok(got), Some(wanted)) if !fails && *got == wanted => self.passed(&path),
            (Ok(_), None) if !fails => self.skipped += 1,
            _ if OTHERWISE.iter().any(|(known, _)| path.starts_with(known)) => self.refused += 1,
            (got, wanted) => self.failures.push(format!("{path}: {source}\n  gave {got:?}, not {wanted:?}")),
        }
    }

    fn passed(&mut self, path: &str) {
        *self.pass.entry(path.split('/').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
}

#[test]
fn what_compiles_gives_the_value_that_the_specification_asks_for() {
    let mut outcome = Outcome::default();
    outcome.suite(&suites(), "");
    let total: u32 = outcome.pass.values().sum();
    println!(
        "{total} cases pass, {} need more or differ with reason, {} skipped",
        outcome.refused, outcome.skipped
    );
    println!("{:?}", outcome.pass);
    assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n"));
    for (name, least) in PASS {
        let passed = outcome.pass.get(name).copied().unwrap_or(0);
        assert!(passed >= least, "{passed} cases of {name} pass, of at least {least}");
    }
}
