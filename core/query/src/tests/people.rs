//! What one node measures.

use super::*;
use crate::{FAULTS_MAX, MeasureError};
use schema::Budget;

#[test]
fn values_are_rounded_then_clipped_and_counted_from_the_lower_bound() {
    let plan =
        plan(&format!(r#"{{"kind":"sum","value":{},"records_max":9}}"#, quantity("x", "-5", "100", 0)));
    let mine = records(&[
        r#"{"x":2000}"#,
        r#"{"x":null}"#,
        r#"{}"#,
        r#"{"x":-7}"#,
        r#"{"x":3.5}"#,
        r#"{"x":2.5}"#,
        r#"{"x":-0.5}"#,
    ]);
    let measured = measure(&plan, &mine);
    // 2000 counts as 100, −7 as −5, 3.5 as 4, 2.5 as 2, −0.5 as 0.
    assert_eq!(measured.vector, [5, 105 + 9 + 7 + 5]);
    assert_eq!((measured.matching, measured.used, measured.skipped, measured.errors), (7, 5, 2, 0));
    let lines = plan.preview(&measured.vector).unwrap();
    let lines: Vec<_> = lines.iter().map(|line| (line.label.as_str(), line.value.as_str())).collect();
    assert_eq!(lines, [("records counted", "5"), ("sum of `x`", "101")]);
    assert_eq!(plan.preview(&[1]), None);
}

#[test]
fn the_filter_decides_which_records_count() {
    let plan = plan(&format!(
        r#"{{"kind":"mean","value":{},"where":"s == 'a'","records_max":2}}"#,
        quantity("n", "0", "100", 0)
    ));
    let mine = records(&[r#"{"n":1,"s":"a"}"#, r#"{"n":2,"s":"b"}"#, r#"{"n":4,"s":"a"}"#, r#"{"n":8}"#]);
    let measured = measure(&plan, &mine);
    assert_eq!((measured.vector.as_slice(), measured.matching), (&[2, 5][..], 2));
    let more = records(&[r#"{"n":1,"s":"a"}"#, r#"{"n":2,"s":"a"}"#, r#"{"n":4,"s":"a"}"#]);
    assert_eq!(plan.measure(&more, now()), Err(MeasureError::TooManyRecords { max: 2 }));
}

#[test]
fn records_that_cannot_be_evaluated_are_told() {
    let plan = plan(&format!(r#"{{"kind":"sum","value":{}}}"#, quantity("100 / n", "0", "100", 0)));
    let mut mine = records(&[r#"{"n":4}"#, r#"{"n":0}"#, r#"{"n":50}"#]);
    let measured = measure(&plan, &mine);
    assert_eq!(measured.vector, [2, 27]);
    assert_eq!((measured.used, measured.skipped, measured.errors), (2, 1, 1));
    assert_eq!(measured.faults[0].record, Some(1));
    assert!(!measured.faults[0].problem.is_empty());
    mine.extend(records(&[r#"{"n":0}"#; 9]));
    let measured = measure(&plan, &mine);
    assert_eq!((measured.errors, measured.faults.len()), (10, FAULTS_MAX));
}

#[test]
fn a_person_counts_once() {
    let mean = plan(&format!(
        r#"{{"kind":"mean","value":{},"per":"person","where":"b","records_max":3}}"#,
        quantity("avg(x)", "0", "100", 1)
    ));
    let mine = records(&[
        r#"{"x":1,"b":true}"#,
        r#"{"x":2.5,"b":true}"#,
        r#"{"x":99,"b":false}"#,
        r#"{"x":null,"b":true}"#,
    ]);
    let measured = measure(&mean, &mine);
    // 1.75 has two decimals: half to even.
    assert_eq!((measured.vector.as_slice(), measured.used), (&[1, 18][..], 1));
    assert_eq!(measure(&mean, &[]).vector, [0, 0]);
    let many = records(&[r#"{"x":1,"b":true}"#; 4]);
    assert_eq!(mean.measure(&many, now()), Err(MeasureError::TooManyRecords { max: 3 }));
    let count = plan(r#"{"kind":"count","per":"person","where":"b"}"#);
    assert_eq!(count.layout().bits, 1);
    assert_eq!(measure(&count, &mine).vector, [1]);
    assert_eq!(measure(&count, &records(&[r#"{"b":false}"#])).vector, [0]);
}

#[test]
fn a_person_without_a_value_has_a_place_in_a_one_hot_vector() {
    let value = quantity("max(x)", "0", "100", 0);
    let plan =
        plan(&format!(r#"{{"kind":"histogram","value":{value},"edges":["0","10","20"],"per":"person"}}"#));
    let vector = |json: &[&str]| measure(&plan, &records(json)).vector;
    assert_eq!(vector(&[r#"{"x":-1}"#]), [1, 0, 0, 0, 0]);
    assert_eq!(vector(&[r#"{"x":-1}"#, r#"{"x":10}"#]), [0, 0, 1, 0, 0]);
    assert_eq!(vector(&[r#"{"x":9.5}"#]), [0, 0, 1, 0, 0]);
    assert_eq!(vector(&[r#"{"x":20}"#]), [0, 0, 0, 1, 0]);
    assert_eq!(vector(&[r#"{"x":null}"#]), [0, 0, 0, 0, 1]);
    assert_eq!(vector(&[]), [0, 0, 0, 0, 1]);
    let lines = plan.preview(&[0, 0, 1, 0, 0]).unwrap();
    assert!(lines[2].label.ends_with("from 10 to less than 20") && lines[2].value == "1", "{lines:?}");
    let answer = plan.answer(&[1, 2, 3, 4, 5], 15).unwrap();
    assert_eq!(json_of(&answer)["result"]["missing"], "5");
    assert!(answer.doubts.is_empty());
    assert!(plan.answer(&[1, 2, 3, 4, 6], 15).unwrap().doubts[0].contains("16 people are counted, where 15"));
}

#[test]
fn categories_are_texts_numbers_and_truths() {
    let group = |by: &str, categories: &str| {
        plan(&format!(r#"{{"kind":"group","by":"{by}","categories":{categories},"records_max":9}}"#))
    };
    let mine = records(&[
        r#"{"n":1,"b":true,"s":"a","t":"é"}"#,
        r#"{"n":2,"b":false,"s":"b","t":null}"#,
        r#"{"n":2,"b":true,"s":"c","t":""}"#,
    ]);
    assert_eq!(measure(&group("n", r#"["2","3"]"#), &mine).vector, [2, 0, 1]);
    assert_eq!(measure(&group("b", r#"["false","true"]"#), &mine).vector, [1, 2, 0]);
    assert_eq!(measure(&group("s", r#"["c","a"]"#), &mine).vector, [1, 1, 1]);
    assert_eq!(measure(&group("t", r#"["é",""]"#), &mine).vector, [1, 1, 0]);
    let with_mean = plan(&format!(
        r#"{{"kind":"group","by":"t","categories":["é"],"value":{},"records_max":9}}"#,
        quantity("n", "1", "5", 0)
    ));
    assert_eq!(measure(&with_mean, &mine).vector, [1, 1, 0, 1]);
}

#[test]
fn a_measurement_takes_bounded_work() {
    // Each expression is within its own bound, and a question has a thousand of them.
    let items = (0..40).map(|at: u8| format!("{at}")).collect::<Vec<_>>().join(",");
    let costly = format!("[{items}].all(a, [{items}].all(b, a + b >= 0)) ? 1 : 0");
    let values = vec![quantity(&costly, "0", "1", 0); 40].join(",");
    let plan = plan(&format!(r#"{{"kind":"vector","values":[{values}],"records_max":1000}}"#));
    let one = records(&[r#"{"n":1}"#]);
    assert_eq!(plan.measure(&one, now()).unwrap().vector, vec![1; 41]);
    let many = vec![one[0].clone(); 1_000];
    assert_eq!(plan.measure(&many, now()), Err(MeasureError::TooMuchWork));
    // Of people as well.
    let person = format!(
        r#"{{"kind":"sum","per":"person","value":{},"records_max":1000}}"#,
        quantity(&format!("sum({costly})"), "0", "1000", 0)
    );
    let person = query(&person).check(&schema()).unwrap();
    assert!(person.measure(&one, now()).is_ok());
    let spent = person.measure_within(&one, now(), &Budget::new(1_000));
    assert_eq!(spent, Err(MeasureError::TooMuchWork));
}

#[test]
fn totals_of_few_values_are_found() {
    let value = quantity("n", "0", "100", 0);
    let few = |json: &str, totals: &[u64]| {
        plan(json).few_values(totals).map(|few| (few.values, few.category.unwrap_or_default()))
    };
    let mean = format!(r#"{{"kind":"mean","value":{value}}}"#);
    assert_eq!(few(&mean, &[0, 0]), None);
    assert_eq!(few(&mean, &[1, 7]), Some((1, String::new())));
    assert_eq!(few(&mean, &[2, 7]), Some((2, String::new())));
    assert_eq!(few(&mean, &[3, 7]), None);
    let by = format!(r#"{{"kind":"group","by":"s","categories":["a","b"],"value":{value}}}"#);
    assert_eq!(few(&by, &[3, 0, 9, 1, 0, 1]), None);
    assert_eq!(few(&by, &[3, 2, 9, 1, 1, 1]), Some((2, "b".into())));
    assert_eq!(few(&by, &[3, 0, 1, 1, 0, 1]), Some((1, String::new())), "what is in no category");
    assert_eq!(few(r#"{"kind":"group","by":"s","categories":["a","b"]}"#, &[1, 1, 1]), None, "counts alone");
    assert_eq!(few(r#"{"kind":"count"}"#, &[1]), None);
}
