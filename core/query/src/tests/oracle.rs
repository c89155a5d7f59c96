//! Answers against figures by definition, from all values at once.

use super::*;
use crate::fixed;
use alloc::string::ToString;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use proptest::prelude::*;

type Ratio = BigRational;

fn ratio(text: &str) -> Ratio {
    let (digits, decimals) = match text.split_once('.') {
        Some((whole, fraction)) => (format!("{whole}{fraction}"), fraction.len() as u32),
        None => (text.into(), 0),
    };
    Ratio::new(digits.parse().unwrap(), BigInt::from(10).pow(decimals))
}

fn whole(value: i64) -> Ratio {
    Ratio::from_integer(value.into())
}

/// Values in thousandths as records see them, as a query of so many decimals counts them, and merely clipped.
struct Seen {
    counted: Vec<(Ratio, Ratio)>,
    clipped: Vec<(Ratio, Ratio)>,
}

const LOWER: i64 = -50;
const UPPER: i64 = 400;

fn see(people: &[Vec<(Option<i32>, Option<i32>)>], decimals: u8) -> Seen {
    let thousandth = |value: i32| Ratio::new(value.into(), 1_000.into());
    let clip = |value: Ratio| value.max(whole(LOWER)).min(whole(UPPER));
    let rounded = |value: i32| {
        let units = fixed::parse(&fixed::format(value.into(), 3), decimals).unwrap();
        clip(Ratio::new(units.into(), BigInt::from(10).pow(decimals.into())))
    };
    let pairs: Vec<(i32, i32)> = people.iter().flatten().filter_map(|(x, y)| Some(((*x)?, (*y)?))).collect();
    Seen {
        counted: pairs.iter().map(|(x, y)| (rounded(*x), rounded(*y))).collect(),
        clipped: pairs.iter().map(|(x, y)| (clip(thousandth(*x)), clip(thousandth(*y)))).collect(),
    }
}

/// By definition: mean x, mean y, variance x, variance y, covariance; of the population.
fn moments(pairs: &[(Ratio, Ratio)]) -> Option<[Ratio; 5]> {
    let n = whole(pairs.len() as i64);
    if n.is_zero() {
        return None;
    }
    let mean =
        |of: &dyn Fn(&(Ratio, Ratio)) -> Ratio| pairs.iter().map(of).fold(Ratio::zero(), |a, b| a + b) / &n;
    let (x, y) = (mean(&|p| p.0.clone()), mean(&|p| p.1.clone()));
    let vx = mean(&|p| (&p.0 - &x) * (&p.0 - &x));
    let vy = mean(&|p| (&p.1 - &y) * (&p.1 - &y));
    let c = mean(&|p| (&p.0 - &x) * (&p.1 - &y));
    Some([x, y, vx, vy, c])
}

fn people_of(people: &[Vec<(Option<i32>, Option<i32>)>]) -> Vec<Vec<Value>> {
    let text = |value: Option<i32>| value.map_or("null".into(), |value| fixed::format(value.into(), 3));
    let record = |(x, y): &(Option<i32>, Option<i32>)| format!(r#"{{"x":{},"y":{}}}"#, text(*x), text(*y));
    people
        .iter()
        .map(|mine| mine.iter().map(|pair| Value::from_json(&record(pair)).unwrap()).collect())
        .collect()
}

/// The decimals that a figure shows.
fn shown(text: &str) -> u32 {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len() as u32)
}

/// Half of the last decimal that a figure shows.
fn half(text: &str) -> Ratio {
    Ratio::new(BigInt::one(), BigInt::from(10).pow(shown(text)) * 2)
}

/// The figure is `exact`, rounded.
fn is_rounded(figure: &serde_json::Value, exact: &Ratio) {
    let text = figure.as_str().unwrap();
    assert!((ratio(text) - exact).abs() <= half(text), "{text} for {exact}");
}

/// The figure is the root of `exact`, rounded.
fn is_root(figure: &serde_json::Value, exact: &Ratio) {
    let text = figure.as_str().unwrap();
    let (root, half) = (ratio(text).abs(), half(text));
    let low = (&root - &half).max(Ratio::zero());
    assert!(&low * &low <= *exact && *exact <= (&root + &half) * (&root + &half), "{text} for √{exact}");
}

/// How far a figure is said to be off at most.
fn stated(answer: &serde_json::Value, of: &str) -> Option<Ratio> {
    let bounds = answer["rounding"]["bounds"].as_array()?;
    let bound = bounds.iter().find(|bound| bound["of"] == of).unwrap_or_else(|| panic!("no bound of {of}"));
    bound["plus_minus"].as_str().map(ratio)
}

/// The figure is no further from that of unrounded values than is said.
fn is_within(answer: &serde_json::Value, of: &str, truth: &Ratio) {
    let Some(bound) = stated(answer, of) else { return };
    let figure = ratio(answer["result"][of].as_str().unwrap());
    assert!((&figure - truth).abs() <= bound, "{of}: {figure} is not within {bound} of {truth}");
}

/// As [`is_within`], of the root of `truth` with the sign of the figure.
fn root_is_within(answer: &serde_json::Value, of: &str, truth: &Ratio) {
    let Some(bound) = stated(answer, of) else { return };
    let figure = ratio(answer["result"][of].as_str().unwrap()).abs();
    let low = (&figure - &bound).max(Ratio::zero());
    let high = &figure + &bound;
    assert!(&low * &low <= *truth && *truth <= &high * &high, "{of}: {figure} ± {bound} for √{truth}");
}

fn pairs() -> impl Strategy<Value = Vec<Vec<(Option<i32>, Option<i32>)>>> {
    let value = || prop_oneof![1 => Just(None), 9 => (-60_000i32..450_000).prop_map(Some), 3 => (0i32..3_000).prop_map(Some)];
    prop::collection::vec(prop::collection::vec((value(), value()), 0..5), 1..8)
}

fn value(expr: &str, decimals: u8) -> String {
    quantity(expr, &LOWER.to_string(), &UPPER.to_string(), decimals)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sums_means_and_variances(people in pairs(), decimals in 0u8..=3) {
        let one: Vec<Vec<_>> = people.iter().map(|mine| mine.iter().map(|(x, _)| (*x, *x)).collect()).collect();
        let seen = see(&one, decimals);
        let records = people_of(&one);
        let ask = |kind: &str| {
            json_of(&ask(&plan(&format!(r#"{{"kind":"{kind}","value":{}}}"#, value("x", decimals))), &records))
        };
        let total = |pairs: &[(Ratio, Ratio)]| pairs.iter().fold(Ratio::zero(), |sum, pair| sum + &pair.0);
        let sum = ask("sum");
        prop_assert_eq!(sum["result"]["count"].as_str().unwrap(), seen.counted.len().to_string());
        prop_assert_eq!(ratio(sum["result"]["sum"].as_str().unwrap()), total(&seen.counted));
        let (Some(exact), Some(truth)) = (moments(&seen.counted), moments(&seen.clipped)) else { return Ok(()) };
        is_within(&sum, "sum", &total(&seen.clipped));
        let mean = ask("mean");
        is_rounded(&mean["result"]["mean"], &exact[0]);
        is_within(&mean, "mean", &truth[0]);
        let variance = ask("variance");
        is_rounded(&variance["result"]["population_variance"], &exact[2]);
        is_root(&variance["result"]["population_deviation"], &exact[2]);
        is_within(&variance, "population_variance", &truth[2]);
        root_is_within(&variance, "population_deviation", &truth[2]);
        let n = seen.counted.len() as i64;
        if n > 1 {
            let factor = Ratio::new(n.into(), (n - 1).into());
            is_rounded(&variance["result"]["sample_variance"], &(&exact[2] * &factor));
            is_root(&variance["result"]["sample_deviation"], &(&exact[2] * &factor));
            is_within(&variance, "sample_variance", &(&truth[2] * &factor));
            root_is_within(&variance, "sample_deviation", &(&truth[2] * &factor));
        }
    }

    #[test]
    fn covariances_and_lines(people in pairs(), x in 0u8..=3, y in 0u8..=3, close: bool) {
        // Values near a line, so that rounding matters to the correlation.
        let people: Vec<Vec<_>> = people
            .into_iter()
            .map(|mine| mine.into_iter().map(|(x, y)| if close { (x, x.zip(y).map(|(x, y)| x / 3 + y % 900)) } else { (x, y) }).collect())
            .collect();
        // Either side is rounded to its own decimals.
        let (by_x, by_y) = (see(&people, x), see(&people, y));
        let both = |x: &[(Ratio, Ratio)], y: &[(Ratio, Ratio)]| -> Vec<_> {
            x.iter().zip(y).map(|(x, y)| (x.0.clone(), y.1.clone())).collect()
        };
        let records = people_of(&people);
        let ask = |kind: &str| {
            json_of(&ask(&plan(&format!(r#"{{"kind":"{kind}","x":{},"y":{}}}"#, value("x", x), value("y", y))), &records))
        };
        let exact = moments(&both(&by_x.counted, &by_y.counted));
        let truth = moments(&both(&by_x.clipped, &by_y.clipped));
        let (Some(exact), Some(truth)) = (exact, truth) else { return Ok(()) };
        let covariance = ask("covariance");
        is_rounded(&covariance["result"]["population_covariance"], &exact[4]);
        is_within(&covariance, "population_covariance", &truth[4]);
        is_within(&covariance, "mean_x", &truth[0]);
        is_within(&covariance, "mean_y", &truth[1]);
        let line = ask("regression");
        if exact[2].is_zero() {
            prop_assert!(line["result"]["slope"].is_null());
            return Ok(());
        }
        let of = |m: &[Ratio; 5]| {
            let slope = &m[4] / &m[2];
            let intercept = &m[1] - &slope * &m[0];
            (slope, intercept)
        };
        let (slope, intercept) = of(&exact);
        is_rounded(&line["result"]["slope"], &slope);
        is_rounded(&line["result"]["intercept"], &intercept);
        if !truth[2].is_zero() {
            let (slope, intercept) = of(&truth);
            is_within(&line, "slope", &slope);
            is_within(&line, "intercept", &intercept);
        }
        if exact[3].is_zero() {
            prop_assert!(line["result"]["correlation"].is_null());
            return Ok(());
        }
        let r_squared = &exact[4] * &exact[4] / (&exact[2] * &exact[3]);
        is_rounded(&line["result"]["r_squared"], &r_squared);
        is_root(&line["result"]["correlation"], &r_squared);
        let negative = line["result"]["correlation"].as_str().unwrap().starts_with('-');
        prop_assert_eq!(negative, exact[4].is_negative());
        if !truth[2].is_zero() && !truth[3].is_zero() {
            let r_squared = &truth[4] * &truth[4] / (&truth[2] * &truth[3]);
            is_within(&line, "r_squared", &r_squared);
            if exact[4].is_negative() == truth[4].is_negative() {
                root_is_within(&line, "correlation", &r_squared);
            }
        }
    }

    #[test]
    fn histograms_groups_and_vectors(people in pairs(), cuts in prop::collection::btree_set(-70i64..420, 2..9)) {
        let records = people_of(&people);
        let edges: Vec<String> = cuts.iter().map(ToString::to_string).collect();
        let edges = serde_json::to_string(&edges).unwrap();
        let histogram = plan(&format!(r#"{{"kind":"histogram","value":{},"edges":{edges}}}"#, value("x", 0)));
        let found = json_of(&ask(&histogram, &records))["result"].clone();
        let values: Vec<i64> = people
            .iter()
            .flatten()
            .filter_map(|(x, _)| fixed::parse(&fixed::format((*x)?.into(), 3), 0).ok())
            .collect();
        let cuts: Vec<i64> = cuts.into_iter().collect();
        let count = |from: i64, to: i64| values.iter().filter(|value| (from..to).contains(*value)).count().to_string();
        prop_assert_eq!(found["below"].as_str().unwrap(), count(i64::MIN, cuts[0]));
        prop_assert_eq!(found["above"].as_str().unwrap(), count(cuts[cuts.len() - 1], i64::MAX));
        for (at, pair) in cuts.windows(2).enumerate() {
            prop_assert_eq!(found["bins"][at]["count"].as_str().unwrap(), count(pair[0], pair[1]));
        }
        // Whether x is large, by name.
        let group = plan(&format!(
            r#"{{"kind":"group","by":"x > 100 ? 'large' : 'small'","categories":["large"],"value":{}}}"#,
            value("y", 1)
        ));
        let found = json_of(&ask(&group, &records))["result"].clone();
        let of = |large: bool| {
            let some = people.iter().flatten().filter(|(x, _)| x.is_some_and(|x| (x > 100_000) == large));
            see(&[some.copied().collect()], 1).counted
        };
        let (large, small) = (of(true), of(false));
        prop_assert_eq!(found["groups"][0]["count"].as_str().unwrap(), large.len().to_string());
        prop_assert_eq!(found["other"]["count"].as_str().unwrap(), small.len().to_string());
        for (cell, pairs) in [(&found["groups"][0]["mean"], &large), (&found["other"]["mean"], &small)] {
            match moments(pairs) {
                Some(exact) => is_rounded(cell, &exact[1]),
                None => prop_assert!(cell.is_null()),
            }
        }
        let vector = plan(&format!(r#"{{"kind":"vector","values":[{},{}]}}"#, value("x", 2), value("y", 2)));
        let found = json_of(&ask(&vector, &records))["result"].clone();
        let both = see(&people, 2).counted;
        let sum = |of: &dyn Fn(&(Ratio, Ratio)) -> Ratio| both.iter().map(of).fold(Ratio::zero(), |a, b| a + b);
        prop_assert_eq!(ratio(found["sums"][0].as_str().unwrap()), sum(&|pair| pair.0.clone()));
        prop_assert_eq!(ratio(found["sums"][1].as_str().unwrap()), sum(&|pair| pair.1.clone()));
    }

    #[test]
    fn any_totals_have_an_answer(totals in prop::collection::vec(any::<u64>(), 6), participants: u32) {
        let x = value("x", 3);
        for (json, length) in [
            (r#"{"kind":"count"}"#.into(), 1),
            (format!(r#"{{"kind":"mean","value":{x}}}"#), 2),
            (format!(r#"{{"kind":"variance","value":{x}}}"#), 3),
            (format!(r#"{{"kind":"covariance","x":{x},"y":{x}}}"#), 6),
            (format!(r#"{{"kind":"regression","x":{x},"y":{x}}}"#), 6),
            (format!(r#"{{"kind":"quantile","value":{x},"probabilities":["0.3"],"bins":4}}"#), 6),
            (format!(r#"{{"kind":"group","by":"s","categories":["a","b"],"value":{x}}}"#), 6),
            (format!(r#"{{"kind":"vector","values":[{x},{x}]}}"#), 3),
        ] {
            let json: String = json;
            let plan = plan(&json);
            let answer = plan.answer(&totals[..length], participants).unwrap();
            json_of(&answer);
            plan.preview(&totals[..length]).unwrap();
            let _ = plan.query().refine(&answer);
        }
    }
}

/// Whole values, each moved by almost half a unit: the way that moves a figure of them most, so far as its slope there says.
fn moved(
    pairs: &[(i64, i64)],
    slope: impl Fn(&[Ratio; 5], &Ratio, &Ratio) -> (Ratio, Ratio),
    up: bool,
) -> Vec<Vec<(Option<i32>, Option<i32>)>> {
    let exact: Vec<(Ratio, Ratio)> = pairs.iter().map(|(x, y)| (whole(*x), whole(*y))).collect();
    let Some(moments) = moments(&exact) else { return Vec::new() };
    let by = |slope: Ratio| if slope.is_positive() == up { 499 } else { -499 };
    let move_one = |((x, y), (exact_x, exact_y)): (&(i64, i64), &(Ratio, Ratio))| {
        let (in_x, in_y) = slope(&moments, &(exact_x - &moments[0]), &(exact_y - &moments[1]));
        (Some((x * 1_000) as i32 + by(in_x)), Some((y * 1_000) as i32 + by(in_y)))
    };
    vec![pairs.iter().zip(&exact).map(move_one).collect()]
}

/// The answer about a line, and the moments of the values before they were rounded.
fn line_of(people: &[Vec<(Option<i32>, Option<i32>)>]) -> (serde_json::Value, [Ratio; 5]) {
    let quantity = |expr| quantity(expr, "-1000", "1000", 0);
    let plan = plan(&format!(r#"{{"kind":"regression","x":{},"y":{}}}"#, quantity("x"), quantity("y")));
    let thousandths = |value: Option<i32>| Ratio::new(value.unwrap().into(), 1_000.into());
    let truth: Vec<_> = people.iter().flatten().map(|(x, y)| (thousandths(*x), thousandths(*y))).collect();
    (json_of(&ask(&plan, &people_of(people))), moments(&truth).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Rounding at its worst stays within what is said of it.
    #[test]
    fn the_worst_rounding_is_within_what_is_stated(
        pairs in prop::collection::vec((-30i64..30, -30i64..30), 2..12),
        near in 0i64..5,
        up: bool,
    ) {
        // Often near a line, where a correlation says much and rounding little.
        let pairs: Vec<_> = pairs.into_iter().map(|(x, y)| (x, if near > 0 { near * x + y % 4 } else { y })).collect();
        let of_slope = |m: &[Ratio; 5], x: &Ratio, y: &Ratio| {
            let slope = if m[2].is_zero() { Ratio::zero() } else { &m[4] / &m[2] };
            (y - whole(2) * slope * x, x.clone())
        };
        let of_correlation = |m: &[Ratio; 5], x: &Ratio, y: &Ratio| {
            let share = |v: &Ratio, d: &Ratio| if v.is_zero() { Ratio::zero() } else { &m[4] * d / v };
            (y - share(&m[2], x), x - share(&m[3], y))
        };
        for people in [moved(&pairs, of_slope, up), moved(&pairs, of_correlation, up)] {
            let (line, truth) = line_of(&people);
            if line["result"]["slope"].is_null() || truth[2].is_zero() {
                continue;
            }
            let slope = &truth[4] / &truth[2];
            is_within(&line, "slope", &slope);
            is_within(&line, "intercept", &(&truth[1] - &slope * &truth[0]));
            if !line["result"]["correlation"].is_null() && !truth[3].is_zero() {
                let r_squared = &truth[4] * &truth[4] / (&truth[2] * &truth[3]);
                is_within(&line, "r_squared", &r_squared);
                if truth[4].is_negative() == line["result"]["correlation"].as_str().unwrap().starts_with('-') {
                    root_is_within(&line, "correlation", &r_squared);
                }
            }
        }
    }
}

/// No smaller bound of the slope would hold: rounding moves that of values that are all as far from their mean by almost as much.
#[test]
fn what_is_stated_of_a_slope_is_what_rounding_can_do() {
    let people = [vec![(Some(9_501), Some(100_499)), (Some(-9_501), Some(-100_499))]];
    let (line, truth) = line_of(&people);
    let off = (ratio(line["result"]["slope"].as_str().unwrap()) - &truth[4] / &truth[2]).abs();
    let bound = stated(&line, "slope").unwrap();
    assert!(off <= bound && off > &bound * Ratio::new(99.into(), 100.into()), "{off} of {bound}");
}
