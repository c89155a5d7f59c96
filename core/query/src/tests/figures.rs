//! Figures of known data.

use super::*;
use crate::Kind;
use alloc::string::ToString;
use serde_json::json;

/// Palmer penguins (Horst, Hill and Gorman 2020; CC0): flipper length in mm from 150, body mass in g from 2000, of
/// the 342 that were measured: n, Σx, Σy, Σx², Σy², Σxy.
const PENGUINS: [u64; 6] = [342, 17_413, 753_000, 954_013, 1_877_228_750, 41_689_275];

fn flipper() -> String {
    quantity("n", "150", "250", 0)
}

fn mass() -> String {
    quantity("x", "2000", "7000", 0)
}

fn result(json: &str, totals: &[u64]) -> serde_json::Value {
    let answer = plan(json).answer(totals, 344).unwrap();
    assert!(answer.doubts.is_empty());
    json_of(&answer)["result"].clone()
}

#[test]
fn penguins_have_the_moments_that_are_published() {
    let [n, x, y, xx, yy, _] = PENGUINS;
    assert_eq!(
        result(&format!(r#"{{"kind":"mean","value":{}}}"#, mass()), &[n, y]),
        json!({"kind":"mean","count":"342","sum":"1437000","mean":"4201.754386"})
    );
    assert_eq!(
        result(&format!(r#"{{"kind":"variance","value":{}}}"#, mass()), &[n, y, yy]),
        json!({
            "kind":"variance","count":"342","mean":"4201.754386",
            "population_variance":"641250.577101","population_deviation":"800.781229",
            "sample_variance":"643131.077327","sample_deviation":"801.954536",
        })
    );
    assert_eq!(
        result(&format!(r#"{{"kind":"variance","value":{}}}"#, flipper()), &[n, x, xx])["sample_deviation"],
        "14.061714"
    );
}

#[test]
fn penguins_lie_on_the_line_that_is_published() {
    let regression = format!(r#"{{"kind":"regression","x":{},"y":{}}}"#, flipper(), mass());
    let line = result(&regression, &PENGUINS);
    assert_eq!(line["mean_x"], "200.915205");
    assert!(line["slope"].as_str().unwrap().starts_with("49.685566"), "{line}");
    assert_eq!(line["intercept"], "-5780.831358");
    assert_eq!(line["correlation"], "0.871201767");
    assert_eq!(line["r_squared"], "0.758992519");
    let covariance = format!(r#"{{"kind":"covariance","x":{},"y":{}}}"#, flipper(), mass());
    let found = result(&covariance, &PENGUINS);
    assert_eq!(found["sample_covariance"], "9824.416062");
    assert_eq!(found["correlation"], "0.871201767");
}

#[test]
fn penguins_have_the_means_by_species_that_are_published() {
    let group = format!(
        r#"{{"kind":"group","by":"t","categories":["Adelie","Chinstrap","Gentoo"],"value":{}}}"#,
        mass()
    );
    let totals = [151, 68, 123, 0, 256_800, 117_850, 378_350, 0];
    assert_eq!(
        result(&group, &totals),
        json!({
            "kind":"group","count":"342","groups":[
                {"category":"Adelie","count":"151","mean":"3700.662252"},
                {"category":"Chinstrap","count":"68","mean":"3733.088235"},
                {"category":"Gentoo","count":"123","mean":"5076.016260"},
            ],"other":{"count":"0"},
        })
    );
    let edges = serde_json::to_string(&crate::suggest_edges("2700", "6300", 8).unwrap()).unwrap();
    let histogram = format!(r#"{{"kind":"histogram","value":{},"edges":{edges}}}"#, mass());
    let found = result(&histogram, &[0, 9, 62, 94, 59, 51, 34, 29, 4, 0]);
    assert_eq!(found["bins"][2], json!({"from":"3500","to":"4000","count":"94"}));
    assert_eq!((&found["count"], found.get("missing")), (&json!("342"), None));
}

/// What is stated of the slope of mass on flipper length where the schema only says that both are numbers.
fn stated_slope(decimals_x: u8, decimals_y: u8) -> String {
    let (x, y) = (quantity("x", "150", "250", decimals_x), quantity("y", "2000", "7000", decimals_y));
    let scale = [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)];
    let totals = PENGUINS.iter().zip(scale).map(|(total, (in_x, in_y))| {
        total * 10u64.pow(in_x * u32::from(decimals_x) + in_y * u32::from(decimals_y))
    });
    let totals: Vec<u64> = totals.collect();
    let json = format!(r#"{{"kind":"regression","x":{x},"y":{y}}}"#);
    let answer = json_of(&plan(&json).answer(&totals, 344).unwrap());
    let bounds = answer["rounding"]["bounds"].as_array().unwrap();
    let slope = bounds.iter().find(|bound| bound["of"] == "slope").unwrap();
    slope["plus_minus"].as_str().unwrap().into()
}

#[test]
fn a_slope_is_known_as_closely_as_the_decimals_allow() {
    // By hand, with deviations of 14.041 mm and 800.78 g: (½ · 800.78 / 14.041 + ½) / (14.041 − ½).
    assert_eq!(stated_slope(0, 0), "2.15");
    assert_eq!(stated_slope(1, 0), "0.24");
    let suggest = |lower, upper| crate::suggest_decimals(Kind::Regression, lower, upper, 344_000).unwrap();
    let suggested = (suggest("150", "250"), suggest("2000", "7000"));
    assert_eq!(suggested, (2, 1));
    assert_eq!(stated_slope(suggested.0, suggested.1), "0.0239");
}

#[test]
fn whole_units_by_the_schema_are_not_rounded() {
    let schema = Schema::from_json(
        r#"{"type":"object","properties":{
            "half":{"anyOf":[{"type":"number","multipleOf":0.5},{"type":"null"}]},
            "price":{"type":"number","multipleOf":0.01},"score":{"enum":[1,2.5]},"free":{"type":"number"}}}"#,
    );
    let schema = schema.unwrap();
    let rounding = |expr: &str, decimals: u8| {
        let json = format!(r#"{{"kind":"mean","value":{}}}"#, quantity(expr, "0", "9", decimals));
        let answer = json_of(&query(&json).check(&schema).unwrap().answer(&[2, 6], 2).unwrap());
        let bounds = answer["rounding"]["bounds"].as_array().unwrap().len();
        // The mean's own last decimal is rounded in any case.
        (bounds == 2, answer["rounding"]["words"].as_str().unwrap().contains("none was rounded"))
    };
    for (expr, decimals, rounded) in [
        ("half", 0, true),
        ("half", 1, false),
        ("price", 1, true),
        ("price", 2, false),
        ("price", 3, false),
        ("score", 0, true),
        ("score", 1, false),
        ("free", 9, true),
        ("half * 2", 1, true),
    ] {
        assert_eq!(rounding(expr, decimals), (rounded, !rounded), "{expr} at {decimals} decimals");
    }
}

#[test]
fn without_values_there_are_counts_and_nothing_else() {
    let x = quantity("x", "-3", "7", 2);
    for (json, length) in [
        (format!(r#"{{"kind":"mean","value":{x}}}"#), 2),
        (format!(r#"{{"kind":"variance","value":{x}}}"#), 3),
        (format!(r#"{{"kind":"covariance","x":{x},"y":{x}}}"#), 6),
        (format!(r#"{{"kind":"regression","x":{x},"y":{x}}}"#), 6),
        (format!(r#"{{"kind":"vector","values":[{x}]}}"#), 2),
        (format!(r#"{{"kind":"quantile","value":{x},"probabilities":["0.5"],"bins":3}}"#), 5),
    ] {
        let answer = json_of(&plan(&json).answer(&vec![0; length], 4).unwrap());
        assert_eq!(answer["result"]["count"], "0", "{json}");
        for name in ["mean", "sample_variance", "correlation", "slope"] {
            assert!(answer["result"].get(name).is_none_or(serde_json::Value::is_null), "{answer}");
        }
    }
    // One value has no sample variance; equal values have no slope.
    let one = json_of(
        &plan(&format!(r#"{{"kind":"variance","value":{x}}}"#)).answer(&[1, 500, 250_000], 1).unwrap(),
    );
    assert_eq!(one["result"]["population_variance"], "0.0000000000");
    assert!(one["result"]["sample_variance"].is_null());
    let regression = plan(&format!(r#"{{"kind":"regression","x":{x},"y":{x}}}"#));
    let flat = json_of(&regression.answer(&[2, 20, 30, 200, 500, 300], 2).unwrap());
    assert!(flat["result"]["slope"].is_null() && flat["result"]["correlation"].is_null(), "{flat}");
}

#[test]
fn totals_that_no_honest_reports_have_are_doubted() {
    let doubts = |json: &str, totals: &[u64]| plan(json).answer(totals, 3).unwrap().doubts;
    let x = quantity("x", "0", "10", 0);
    let mean = format!(r#"{{"kind":"mean","value":{x},"records_max":2}}"#);
    assert_eq!(doubts(&mean, &[6, 60]), Vec::<String>::new());
    assert!(doubts(&mean, &[7, 60])[0].contains("7 values are counted, where 3 participants have at most 6"));
    assert!(doubts(&mean, &[6, 61])[0].contains("the sum is larger than 6 values"));
    let variance = format!(r#"{{"kind":"variance","value":{x},"records_max":2}}"#);
    assert!(doubts(&variance, &[2, 10, 49])[0].contains("the sum of squares is smaller"));
    let regression = format!(r#"{{"kind":"regression","x":{x},"y":{x},"records_max":2}}"#);
    assert!(doubts(&regression, &[2, 10, 10, 60, 60, 100])[0].contains("fit no pairs"));
    for totals in [[u64::MAX; 6], [0, 1, 2, 3, 4, 5], [1, 0, 0, u64::MAX, 0, u64::MAX]] {
        assert!(!doubts(&regression, &totals).is_empty());
    }
    let error = plan(&mean).answer(&[1], 3).unwrap_err();
    assert_eq!(error.to_string(), "1 totals given, where the query has 2");
}

#[test]
fn suggested_edges_are_round_and_cover_the_range() {
    let edges = |lower, upper, bins| crate::suggest_edges(lower, upper, bins).map(|edges| edges.join(" "));
    assert_eq!(edges("0", "100", 10).unwrap(), "0 10 20 30 40 50 60 70 80 90 100");
    assert_eq!(edges("-1", "1", 4).unwrap(), "-1.0 -0.5 0.0 0.5 1.0");
    assert_eq!(edges("-1", "1", 1).unwrap(), "-1 1");
    assert_eq!(edges("3", "7", 1).unwrap(), "0 10");
    assert_eq!(edges("0.001", "0.002", 5).unwrap(), "0.0010 0.0012 0.0014 0.0016 0.0018 0.0020");
    assert_eq!(
        edges("-9e15", "9e15", 4).unwrap(),
        "-10000000000000000 -5000000000000000 0 5000000000000000 10000000000000000"
    );
    assert_eq!(edges("1", "1", 4), None);
    assert_eq!(edges("a", "1", 4), None);
    assert_eq!(edges("0", "1", 0), None);
}
