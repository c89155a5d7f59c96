use super::*;
use crate::{Figures, answer::Quantile};
use alloc::string::ToString;
use proptest::prelude::*;

fn quantiles(answer: &Answer) -> &[Quantile] {
    match &answer.result {
        Figures::Quantile { quantiles, .. } => quantiles,
        other => panic!("{other:?}"),
    }
}

fn people(values: &[i64]) -> Vec<Vec<Value>> {
    values.iter().map(|value| records(&[&format!(r#"{{"n":{value}}}"#)])).collect()
}

fn ask_for(probabilities: &[&str], lower: i64, upper: i64, bins: u32) -> Query {
    let value = quantity("n", &lower.to_string(), &upper.to_string(), 0);
    let probabilities = serde_json::to_string(probabilities).unwrap();
    query(&format!(
        r#"{{"kind":"quantile","value":{value},"probabilities":{probabilities},"bins":{bins},"records_max":1}}"#
    ))
}

#[test]
fn one_round_brackets_and_estimates() {
    let plan = ask_for(&["0.5", "0", "1"], 0, 99, 10).check(&schema()).unwrap();
    let answer = ask(&plan, &people(&[1, 12, 13, 14, 95]));
    let [median, least, most] = quantiles(&answer) else { panic!() };
    assert_eq!(
        (median.rank.as_deref(), median.before.as_str(), median.within.as_str()),
        (Some("3"), "1", "3")
    );
    assert_eq!((median.at_least.as_deref(), median.at_most.as_deref()), (Some("10"), Some("19")));
    // The middle one of three spread evenly over 10 to 19.
    assert_eq!(
        (median.estimate.as_deref(), median.estimate_error.as_deref()),
        (Some("14.500000"), Some("4.51"))
    );
    assert_eq!((least.at_least.as_deref(), most.at_most.as_deref()), (Some("0"), Some("99")));
}

#[test]
fn what_lies_outside_is_neither_guessed_nor_looked_for() {
    let query = ask_for(&["0.1", "0.9"], 0, 9, 10);
    let plan = query.check(&schema()).unwrap();
    let answer = ask(&plan, &people(&[-5, 4, 20]));
    let [low, high] = quantiles(&answer) else { panic!() };
    assert_eq!(
        (low.at_least.as_deref(), low.at_most.as_deref(), low.estimate.as_deref()),
        (None, Some("-1"), None)
    );
    assert_eq!((high.at_least.as_deref(), high.at_most.as_deref()), (Some("10"), None));
    assert_eq!(query.refine(&answer), None);
    assert_eq!(query.refine(&ask(&plan, &[])), None);
    let count = plan_count();
    assert_eq!(query.refine(&count), None);
}

fn plan_count() -> Answer {
    plan(r#"{"kind":"count"}"#).answer(&[3], 3).unwrap()
}

#[test]
fn a_quantile_that_moves_between_rounds_is_found_again() {
    let first = ask_for(&["0.5"], 0, 9_999, 10);
    let answer = ask(&first.check(&schema()).unwrap(), &people(&[10, 20, 30]));
    let second = first.refine(&answer).unwrap();
    // Everybody has moved beyond the cells of the second round.
    let moved = people(&[5_000, 6_000, 7_000]);
    let answer = ask(&second.check(&schema()).unwrap(), &moved);
    assert_eq!(quantiles(&answer)[0].at_least.as_deref(), Some("1000"));
    let mut query = second.refine(&answer).unwrap();
    for _ in 0..10 {
        let answer = ask(&query.check(&schema()).unwrap(), &moved);
        match query.refine(&answer) {
            Some(next) => query = next,
            None => return assert_eq!(quantiles(&answer)[0].estimate.as_deref(), Some("6000")),
        }
    }
    panic!("not found");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rounds_end_at_the_value_of_that_rank(
        mut values in prop::collection::vec(-1_000i64..100_000, 1..40),
        thousandths in prop::collection::btree_set(0u32..=1_000, 1..4),
        bins in 1u32..70,
    ) {
        let probabilities: Vec<String> =
            thousandths.iter().map(|p| crate::fixed::format(i128::from(*p), 3)).collect();
        let texts: Vec<&str> = probabilities.iter().map(String::as_str).collect();
        let mut query = ask_for(&texts, -1_000, 99_999, bins);
        let everyone = people(&values);
        values.sort_unstable();
        let mut rounds = 0;
        let last = loop {
            rounds += 1;
            prop_assert!(rounds <= 20, "no end");
            let answer = ask(&query.check(&schema()).unwrap(), &everyone);
            for (quantile, p) in quantiles(&answer).iter().zip(&thousandths) {
                let rank = (values.len() * *p as usize).div_ceil(1_000).max(1);
                let truth = values[rank - 1];
                let read = |text: &Option<String>| text.as_deref().unwrap().parse::<i64>().unwrap();
                prop_assert_eq!(quantile.rank.as_deref().unwrap().parse::<usize>().unwrap(), rank);
                prop_assert!((read(&quantile.at_least)..=read(&quantile.at_most)).contains(&truth));
                let units = |text: &Option<String>| crate::fixed::parse(text.as_deref().unwrap(), 6).unwrap();
                let off = (units(&quantile.estimate) - truth * 1_000_000).abs();
                prop_assert!(off <= units(&quantile.estimate_error), "off by more than is stated");
            }
            match query.refine(&answer) {
                Some(next) => query = next,
                None => break answer,
            }
        };
        for quantile in quantiles(&last) {
            prop_assert_eq!(&quantile.at_least, &quantile.at_most);
            prop_assert_eq!(quantile.estimate_error.as_deref(), Some("0"));
        }
    }
}
