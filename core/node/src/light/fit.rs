//! Whether a person's records fit what a computation asks, and what they give.
//!
//! A question comes with its own schema. A data set that was given a schema, or that holds nested records, keeps
//! its own types, and the two schemas must agree about the fields that the question reads. A table of plain text
//! has no types of its own: the question's schema reads it.

use super::{Instant, String, ToString, Vec, format};
use alloc::{borrow::ToOwned, collections::BTreeSet};
use query::{FAULTS_MAX, MEASURE_STEPS_MAX, MeasureError, Measured, Plan, RecordFault};
use schema::{Budget, Field, Kind, Schema, Value};
use vault::Dataset;

/// What `dataset` gives to a question of this schema and plan.
///
/// # Errors
/// Why it gives nothing, in words for the person whose records they are.
pub(super) fn measure(
    dataset: &Dataset,
    schema: &Schema,
    plan: &Plan,
    now: Instant,
) -> Result<Measured, String> {
    let own = (!dataset.is_plain()).then(|| dataset.schema());
    let read = plan.fields();
    for path in &read {
        let asked = lookup(schema, path).map_or(Kind::Any, |field| field.kind);
        match &own {
            None if has_column(dataset, path) => {}
            None => return Err(no_field(dataset, path)),
            Some(own) => {
                let own = lookup(own, path).ok_or_else(|| no_field(dataset, path))?.kind;
                if !fits(&asked, &own) {
                    return Err(format!(
                        "`{path}` of your `{}` holds {}, and the question takes {}",
                        dataset.name(),
                        words(&own),
                        words(&asked)
                    ));
                }
            }
        }
    }
    let budget = Budget::new(MEASURE_STEPS_MAX);
    let records = if own.is_some() { dataset.records() } else { coerced(dataset, schema, &budget) };
    let (mut fitting, mut places, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
    for (at, record) in records.into_iter().enumerate() {
        let violations = schema.check_within(&record, &budget).err().unwrap_or_default();
        if budget.is_spent() {
            return Err(MeasureError::TooMuchWork.to_string());
        }
        match violations.iter().find(|violation| read.iter().any(|path| concerns(&violation.path, path))) {
            None => {
                places.push(at);
                fitting.push(record);
            }
            Some(violation) => {
                unfit.push(RecordFault { record: Some(at), problem: violation.to_string() });
            }
        }
    }
    let mut measured = plan.measure_within(&fitting, now, &budget).map_err(|error| error.to_string())?;
    measured.errors += unfit.len();
    for fault in &mut measured.faults {
        fault.record = fault.record.and_then(|at| places.get(at)).copied();
    }
    let mut faults: Vec<RecordFault> = unfit.into_iter().chain(measured.faults).collect();
    faults.truncate(FAULTS_MAX);
    if own.is_some() && !faults.is_empty() {
        // Places among the records that fit their own schema; the person knows them by their rows.
        let others: BTreeSet<usize> = dataset.violations().map(|(row, _)| row).collect();
        let rows: Vec<usize> = (0..dataset.rows()).filter(|row| !others.contains(row)).collect();
        faults.iter_mut().for_each(|fault| fault.record = fault.record.and_then(|at| rows.get(at)).copied());
    }
    measured.faults = faults;
    match measured.faults.first() {
        Some(fault) if measured.used == 0 => Err(match fault.record {
            Some(at) => format!("none of your records fits; record {}: {}", at + 1, fault.problem),
            None => format!("your records give no value: {}", fault.problem),
        }),
        _ => Ok(measured),
    }
}

fn no_field(dataset: &Dataset, path: &str) -> String {
    format!("your `{}` has no field `{path}`", dataset.name())
}

/// Whether a table has a column of this name, or columns that lie within it.
fn has_column(dataset: &Dataset, path: &str) -> bool {
    dataset
        .fields()
        .iter()
        .any(|name| name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// A table's rows, read by the types of the question.
fn coerced(dataset: &Dataset, schema: &Schema, budget: &Budget) -> Vec<Value> {
    let rows = (0..dataset.rows()).take_while(|_| !budget.is_spent()).filter_map(|at| dataset.row(at));
    rows.map(|row| {
        let names = dataset.fields().iter().map(String::as_str);
        let fields: Vec<(&str, Option<&str>)> = names.zip(row.iter().map(Option::as_deref)).collect();
        schema.coerce_within(&fields, budget)
    })
    .collect()
}

/// Whether a violation at `place` is about the field `path` or what it lies in. Between the names of fields, a
/// place has positions in lists and names of a union's members.
fn concerns(place: &str, path: &str) -> bool {
    let mut place = place.split('.').filter(|step| !step.is_empty()).peekable();
    let mut path = path.split('.');
    loop {
        while place.next_if(|step| step.bytes().all(|byte| byte.is_ascii_digit())).is_some() {}
        match path.next() {
            None => return true,
            Some(_) if place.peek().is_none() => return true,
            Some(name) if place.any(|step| step == name) => {}
            Some(_) => return false,
        }
    }
}

/// The field at a path of names with dots between, through lists as if through their items.
fn lookup(schema: &Schema, path: &str) -> Option<Field> {
    let mut steps = Vec::new();
    for name in path.split('.') {
        while matches!(schema.field(&steps)?.kind, Kind::List(_)) {
            steps.push("*");
        }
        steps.push(name);
    }
    schema.field(&steps)
}

/// Whether what a record holds is what a question takes.
fn fits(asked: &Kind, own: &Kind) -> bool {
    match (asked, own) {
        (Kind::Any, _) | (_, Kind::Any) => true,
        (_, Kind::Union(own)) => own.iter().all(|own| fits(asked, own)),
        (Kind::Union(asked), _) => asked.iter().any(|asked| fits(asked, own)),
        (_, Kind::Enum(own)) => own.iter().all(|value| fits(asked, &kind_of(value))),
        (Kind::Enum(asked), _) => asked.iter().any(|value| fits(&kind_of(value), own)),
        (Kind::Number { .. }, Kind::Number { .. } | Kind::Integer { .. })
        | (Kind::Integer { .. }, Kind::Integer { .. })
        | (Kind::Bool, Kind::Bool)
        | (Kind::Text { .. }, Kind::Text { .. } | Kind::Date | Kind::DateTime)
        | (Kind::Date, Kind::Date)
        | (Kind::DateTime, Kind::DateTime)
        // What lies within is looked at by its own path.
        | (Kind::Object(_) | Kind::Map(_), Kind::Object(_) | Kind::Map(_)) => true,
        (Kind::List(asked), Kind::List(own)) => fits(&asked.kind, &own.kind),
        _ => false,
    }
}

/// What kind a value is of.
fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Bool,
        Value::Number(number) if number.is_integer() => Kind::Integer { min: None, max: None },
        Value::Number(_) => Kind::Number { min: None, max: None },
        Value::Text(_) => Kind::Text { chars_max: None, format: None },
        _ => Kind::Any,
    }
}

fn words(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Integer { .. } => "whole numbers".to_owned(),
        Kind::Number { .. } => "numbers".to_owned(),
        Kind::Text { .. } => "text".to_owned(),
        Kind::Date => "dates".to_owned(),
        Kind::DateTime => "moments".to_owned(),
        Kind::Enum(values) => match values.as_slice() {
            [first, _, ..] => format!("one of {} values such as {}", values.len(), first.to_json()),
            [only] => only.to_json(),
            [] => "nothing".to_owned(),
        },
        Kind::List(items) => format!("lists of {}", words(&items.kind)),
        Kind::Object(_) | Kind::Map(_) => "records".to_owned(),
        Kind::Union(kinds) => {
            let kinds: Vec<String> = kinds.iter().map(words).collect();
            kinds.join(" or ")
        }
        _ => "anything".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::Query;

    const ASKED: &str = r#"{"type": "object", "properties": {
        "mass": {"type": "number"}, "age": {"type": "integer"},
        "born": {"type": "string", "format": "date"}, "name": {"type": "string"},
        "visits": {"type": "array", "items": {"type": "object", "properties": {"cost": {"type": "number"}}}}}}"#;

    fn mean(expr: &str) -> (Schema, Plan) {
        let schema = Schema::from_json(ASKED).unwrap();
        let query = format!(
            r#"{{"kind":"mean","value":{{"expr":"{expr}","lower":"0","upper":"100","decimals":0}},"records_max":10}}"#
        );
        let query: Query = serde_json::from_str(&query).unwrap();
        let plan = query.check(&schema).unwrap();
        (schema, plan)
    }

    fn answer(dataset: &Dataset, expr: &str) -> Result<Vec<u64>, String> {
        let (schema, plan) = mean(expr);
        measure(dataset, &schema, &plan, Instant::default()).map(|measured| measured.vector)
    }

    fn typed(properties: &str, records: &str) -> Dataset {
        let schema = format!(r#"{{"type": "object", "properties": {{{properties}}}}}"#);
        let schema = Schema::from_json(&schema).unwrap();
        Dataset::from_file_with("pets", records.as_bytes(), &schema).unwrap()
    }

    #[test]
    fn plain_text_is_read_by_the_types_of_the_question() {
        let pets = Dataset::from_csv("pets", b"mass,name,n.x\n3.6,Ada,1\n,Bo,2\n5,007,3\n").unwrap();
        assert_eq!(answer(&pets, "mass"), Ok(alloc::vec![2, 9]));
        assert_eq!(answer(&pets, "size(name)"), Ok(alloc::vec![3, 8]), "text stays text");
        assert_eq!(answer(&pets, "age"), Err("your `pets` has no field `age`".into()));
        let pets = Dataset::from_csv("pets", b"mass\nheavy\n").unwrap();
        let why = answer(&pets, "mass").unwrap_err();
        assert!(why.starts_with("none of your records fits; record 1: "), "{why}");
        // A record that cannot be read counts nothing, and the others count.
        let pets = Dataset::from_csv("pets", b"mass\nheavy\n4\n").unwrap();
        assert_eq!(answer(&pets, "mass"), Ok(alloc::vec![1, 4]));
    }

    #[test]
    fn two_schemas_must_agree_about_what_is_read_and_nothing_else() {
        let pets = typed(
            r#""mass": {"type": "integer"}, "age": {"type": "string"}"#,
            r#"[{"mass": 3, "age": "old"}]"#,
        );
        assert_eq!(answer(&pets, "mass"), Ok(alloc::vec![1, 3]), "a whole number is a number");
        let why = "`age` of your `pets` holds text, and the question takes whole numbers";
        assert_eq!(answer(&pets, "age"), Err(why.into()));
        let pets = typed(r#""age": {"type": "number"}"#, r#"[{"age": 3}]"#);
        assert!(answer(&pets, "age").unwrap_err().contains("holds numbers"));
        let pets = typed(r#""mass": {"enum": [1, 2.5]}"#, r#"[{"mass": 2.5}]"#);
        assert_eq!(answer(&pets, "mass"), Ok(alloc::vec![1, 2]));
        let pets = typed(
            r#""mass": {"anyOf": [{"type": "integer"}, {"type": "null"}]}"#,
            r#"[{"mass": null}, {"mass": 4}]"#,
        );
        assert_eq!(answer(&pets, "mass"), Ok(alloc::vec![1, 4]));
        let pets = typed(r#""mass": {"type": ["integer", "string"]}"#, r#"[{"mass": 4}]"#);
        assert!(answer(&pets, "mass").is_err());
    }

    #[test]
    fn a_violation_concerns_what_it_lies_in_and_what_lies_in_it() {
        for (place, path, concerned) in [
            ("mass", "mass", true),
            ("mass", "age", false),
            ("", "mass", true),
            ("home", "home.zip", true),
            ("home.zip", "home", true),
            ("home.zip", "home.street", false),
            ("visits.0.date", "visits.date", true),
            ("visits.12", "visits.date", true),
            ("visits.0.cost", "visits.date", false),
            ("pet.Cat.name", "pet.name", true),
            ("pet.Cat.age", "pet.name", false),
        ] {
            assert_eq!(concerns(place, path), concerned, "{place} {path}");
        }
    }

    #[test]
    fn records_are_named_by_their_rows() {
        let pets = typed(
            r#""mass": {"type": "integer"}, "age": {"type": "integer"}"#,
            r#"[{"mass": "?"}, {"mass": 1, "age": 2}, {"mass": 3}]"#,
        );
        let (schema, plan) = mean("mass / (age - 2)");
        let measured = measure(&pets, &schema, &plan, Instant::default());
        let why = measured.unwrap_err();
        assert!(why.starts_with("none of your records fits; record 2: division by zero"), "{why}");
    }

    #[test]
    fn what_lies_in_lists_is_found_and_compared() {
        let visits = |cost: &str| {
            format!(
                r#""visits": {{"type": "array", "items": {{"type": "object", "properties": {{"cost": {cost}}}}}}}"#
            )
        };
        let records = r#"[{"visits": [{"cost": 3}, {"cost": 4}]}]"#;
        let pets = typed(&visits(r#"{"type": "integer"}"#), records);
        assert_eq!(answer(&pets, "double(size(visits.filter(v, v.cost > 3)))"), Ok(alloc::vec![1, 1]));
        let pets = typed(&visits(r#"{"type": "string"}"#), r#"[{"visits": [{"cost": "3"}]}]"#);
        let why = "`visits.cost` of your `pets` holds text, and the question takes numbers";
        assert_eq!(answer(&pets, "double(size(visits.filter(v, v.cost > 3)))"), Err(why.into()));
        // Without a schema of its own, what the records suggest.
        let pets = Dataset::from_json("pets", records.as_bytes()).unwrap();
        assert_eq!(answer(&pets, "double(size(visits.filter(v, v.cost > 3)))"), Ok(alloc::vec![1, 1]));
    }
}
