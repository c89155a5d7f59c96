use super::*;
use query::answer::{Bound, Cell, Group, Quantile, Rounding};

fn quantity() -> Quantity {
    Quantity { expr: "mass".into(), lower: "2000".into(), upper: "7000".into(), decimals: 0 }
}

fn query(reduction: Reduction) -> Query {
    Query { reduction, per: Per::Record, filter: None, records_max: 1_000 }
}

fn answer(result: Figures) -> Answer {
    let bounds = vec![Bound { of: "mean".into(), plus_minus: Some("0.500001".into()) }];
    let rounding = Rounding { words: "each value is rounded".into(), bounds };
    Answer { participants: 6, result, rounding, doubts: Vec::new() }
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn the_number_that_was_asked_for_stands_above_all() {
    let mean = Figures::Mean { count: "342".into(), sum: "1437000".into(), mean: some("4201.754386") };
    let shown = show(&query(Reduction::Mean { value: quantity() }), &answer(mean));
    let headline = shown.headline.unwrap();
    assert_eq!((headline.name.as_str(), headline.value.as_str()), ("Average", "4,201.754"));
    assert_eq!(headline.plus_minus.as_deref(), Some("0.5"));
    assert_eq!(shown.figures[0].value, "1,437,000");
    let none = Figures::Mean { count: "0".into(), sum: "0".into(), mean: None };
    let shown = show(&query(Reduction::Mean { value: quantity() }), &answer(none));
    assert_eq!(shown.headline.unwrap().value, "—");
}

#[test]
fn a_list_tells_question_and_answer_in_a_few_words() {
    let mean = query(Reduction::Mean { value: quantity() });
    assert_eq!(brief_question(&mean, "penguins"), "Average of mass in penguins");
    let named = Quantity { expr: "`Body Mass (g)`".into(), ..quantity() };
    let quoted = query(Reduction::Mean { value: named.clone() });
    assert_eq!(brief_question(&quoted, "penguins"), "Average of Body Mass (g) in penguins");
    let by = Reduction::Group { by: "`Island name`".into(), categories: Vec::new(), value: Some(named) };
    assert_eq!(brief_question(&query(by), "penguins"), "Body Mass (g) by Island name in penguins");
    let figures = Figures::Mean { count: "2".into(), sum: "8000".into(), mean: some("4000") };
    assert_eq!(brief_answer(&mean, &answer(figures)), "4,000");
    let by = Reduction::Group { by: "sex".into(), categories: vec!["f".into()], value: None };
    assert_eq!(brief_question(&query(by.clone()), "penguins"), "Counts by sex in penguins");
    let group = Group { category: "f".into(), count: "3".into(), mean: None };
    let other = Cell { count: "0".into(), mean: None };
    let figures = Figures::Group { count: "3".into(), groups: vec![group], other, missing: None };
    assert_eq!(brief_answer(&query(by), &answer(figures)), "1 group");
}

#[test]
fn groups_are_bars_and_rows() {
    let group = |name: &str, count: &str, mean: Option<String>| Group {
        category: name.into(),
        count: count.into(),
        mean,
    };
    let result = Figures::Group {
        count: "342".into(),
        groups: vec![group("Adelie, small", "151", some("3700.662252")), group("Gentoo", "0", None)],
        other: Cell { count: "191".into(), mean: some("4600") },
        missing: None,
    };
    let reduction = Reduction::Group {
        by: "species".into(),
        categories: vec!["Adelie, small".into(), "Gentoo".into()],
        value: Some(quantity()),
    };
    let (query, answer) = (query(reduction), answer(result));
    let Some(Plot::Bars(bars)) = show(&query, &answer).plot else { panic!("bars") };
    assert_eq!(bars.groups, ["Adelie, small", "Gentoo", "all others"]);
    assert_eq!(bars.measures[1].values, [some("3700.662"), None, some("4600")]);
    assert_eq!(
        csv(&query, &answer),
        "category,count,mean\r\n\"Adelie, small\",151,3700.662252\r\nGentoo,0,\r\n,191,4600\r\n"
    );
}

#[test]
fn a_line_has_an_equation_where_there_is_one() {
    let fit = |slope| Figures::Regression {
        count: "342".into(),
        mean_x: some("200.915205"),
        mean_y: some("4201.754386"),
        slope,
        intercept: some("-5780.831359"),
        correlation: some("0.871202"),
        r_squared: some("0.758993"),
    };
    let reduction =
        Reduction::Regression { x: Quantity { expr: "flipper".into(), ..quantity() }, y: quantity() };
    let shown = show(&query(reduction.clone()), &answer(fit(some("49.685566"))));
    assert_eq!(shown.equation.as_deref(), Some("mass = 49.68557 × flipper \u{2212} 5,780.831"));
    assert!(matches!(shown.plot, Some(Plot::Fit(_))));
    let flat = show(&query(reduction), &answer(fit(None)));
    assert!(flat.plot.is_none() && flat.equation.is_none());
    assert_eq!(flat.figures[0].value, "—");
}

#[test]
fn a_quantile_beyond_the_range_is_bracketed_by_its_end() {
    let quantile = Quantile {
        probability: "0.9".into(),
        rank: some("308"),
        at_least: some("6800"),
        at_most: None,
        before: "300".into(),
        within: "42".into(),
        estimate: None,
        estimate_error: None,
    };
    let bins = Vec::new();
    let result = Figures::Quantile {
        count: "342".into(),
        below: "0".into(),
        bins,
        above: "42".into(),
        missing: None,
        quantiles: vec![quantile],
    };
    let reduction =
        Reduction::Quantile { value: quantity(), probabilities: vec!["0.9".into()], bins: 64, edges: vec![] };
    let (query, answer) = (query(reduction), answer(result));
    let Some(Plot::Brackets(brackets)) = show(&query, &answer).plot else { panic!("brackets") };
    assert_eq!(
        (brackets.quantiles[0].lower.as_str(), brackets.quantiles[0].upper.as_str()),
        ("6800", "7000")
    );
    assert!(csv(&query, &answer).ends_with("\r\n0.9,6800,,,\r\n"));
}

#[test]
fn every_other_figure_is_a_row_with_its_bound() {
    let mean = Figures::Mean { count: "342".into(), sum: "1437000".into(), mean: some("4201.754386") };
    assert_eq!(
        csv(&query(Reduction::Mean { value: quantity() }), &answer(mean)),
        "figure,value,plus_minus\r\nparticipants,6,\r\ncount,342,\r\nsum,1437000,\r\nmean,4201.754386,0.500001\r\n"
    );
}
