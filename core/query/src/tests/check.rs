use super::*;
use crate::{CELLS_MAX, Layout};
use alloc::string::ToString;

/// What is wrong with a query.
fn refused(json: &str) -> String {
    query(json).check(&schema()).expect_err(json).to_string()
}

fn mean(expr: &str, lower: &str, upper: &str, decimals: u8) -> String {
    format!(r#"{{"kind":"mean","value":{}}}"#, quantity(expr, lower, upper, decimals))
}

#[test]
fn a_quantity_is_refused_at_its_place() {
    for (json, words) in [
        (
            mean("t", "0", "1", 0),
            "`query.value.expr`: `t` is text, and a mean needs a number; to count texts",
        ),
        (mean("b", "0", "1", 0), "`b` is true or false, and a mean needs a number; write `(b) ? 1 : 0`"),
        (mean("l", "0", "1", 0), "`l` is a list, and a mean needs a number; `size(l)` is a number"),
        (mean("u", "0", "1", 0), "say in the schema what it is, or write `number(u)`"),
        (mean("d", "0", "1", 0), "`d` is a day, and a mean needs a number"),
        (mean("x", "5", "5", 0), "`query.value.upper`: the range is empty"),
        (mean("x", "5", "4", 0), "`query.value.upper`: the range is empty"),
        (mean("x", "a", "4", 0), "`query.value.lower`: `a`: not a decimal number"),
        (mean("x", "0", "4.25", 1), "`query.value.upper`: `4.25` is finer than the 1 decimals that count"),
        (mean("x", "0", "1e19", 0), "`query.value.upper`: `1e19`: too large a number"),
        (mean("x", "0", "9007199254740992", 0), "lies outside ±(2^53 − 1) units; use fewer `decimals`"),
        (mean("x", "0", "1", 10), "`query.value.decimals`: 10 given, where 0 to 9 are accepted"),
    ] {
        let error = refused(&json);
        assert!(error.contains(words), "{error}\n  instead of\n{words}");
    }
}

#[test]
fn an_expression_that_does_not_compile_is_shown_with_its_place() {
    let error = query(&mean("x + nowhere", "0", "1", 0)).check(&schema()).unwrap_err();
    assert_eq!((error.path.as_str(), error.position()), ("query.value.expr", Some(4)));
    assert!(error.to_string().contains("nowhere"), "{error}");
    let error = query(r#"{"kind":"count","where":"x >"}"#).check(&schema()).unwrap_err();
    assert_eq!(error.path, "query.where");
    assert!(error.position().is_some());
    let error = refused(r#"{"kind":"count","where":"x"}"#);
    assert!(error.contains("`query.where`: `x` is a number, and a condition is true or false"), "{error}");
    // One record's field where all of a person's records are read, and the other way round.
    let person = format!(r#"{{"kind":"mean","value":{},"per":"person"}}"#, quantity("x", "0", "1", 0));
    assert!(refused(&person).starts_with("`query.value.expr`"));
    assert!(refused(&mean("avg(x)", "0", "1", 0)).starts_with("`query.value.expr`"));
}

#[test]
fn edges_and_categories_and_probabilities_are_checked_one_by_one() {
    let histogram = |edges: &str| {
        format!(r#"{{"kind":"histogram","value":{},"edges":{edges}}}"#, quantity("x", "0", "9", 0))
    };
    let group =
        |by: &str, categories: &str| format!(r#"{{"kind":"group","by":"{by}","categories":{categories}}}"#);
    let quantile = |probabilities: &str, bins: u32| {
        let value = quantity("x", "0", "9", 0);
        format!(r#"{{"kind":"quantile","value":{value},"probabilities":{probabilities},"bins":{bins}}}"#)
    };
    let many: Vec<String> = (0..=CELLS_MAX + 1).map(|edge| edge.to_string()).collect();
    for (json, words) in [
        (histogram(r#"["1"]"#), "`query.edges`: 1 given, where 2 to 1001 are accepted"),
        (histogram(&serde_json::to_string(&many).unwrap()), "`query.edges`: 1002 given"),
        (histogram(r#"["1","3","2"]"#), "`query.edges.2`: `2` is not larger than the edge before"),
        (histogram(r#"["1","1"]"#), "`query.edges.1`: `1` is not larger"),
        (histogram(r#"["1","1.5"]"#), "`query.edges.1`: `1.5` is finer than the 0 decimals"),
        (histogram(r#"["1","two"]"#), "`query.edges.1`: `two`: not a decimal number"),
        (group("s", "[]"), "`query.categories`: 0 given, where 1 to 1000"),
        (group("s", r#"["a","b","a"]"#), "`query.categories.2`: `a` is given twice"),
        (
            group("s", r#"["a","B"]"#),
            "`query.categories.1`: no record can have `B`; the schema allows `a`, `b`, `c`",
        ),
        (group("b", r#"["yes"]"#), "the schema allows `false`, `true`"),
        (group("t", r#"["a\nb"]"#), "`query.categories.0`: a category is plain text on one line"),
        (group("l", r#"["a"]"#), "`query.by`: `l` is a list, and a category is"),
        (quantile("[]", 8), "`query.probabilities`: 0 given"),
        (quantile(r#"["0.5","0.50"]"#, 8), "`query.probabilities.1`: `0.50` is given twice"),
        (quantile(r#"["1.1"]"#, 8), "`query.probabilities.0`: `1.1` does not lie within 0 to 1"),
        (quantile(r#"["0.5"]"#, 0), "`query.bins`: 0 given, where 1 to 1000"),
        (quantile(r#"["0.5"]"#, 11), "`query.bins`: 11 given, where 1 to 10 are accepted"),
        (r#"{"kind":"vector","values":[]}"#.into(), "`query.values`: 0 given"),
        (r#"{"kind":"count","records_max":0}"#.into(), "`query.records_max`: 0 given, where 1 to 1000000"),
    ] {
        let error = refused(&json);
        assert!(error.contains(words), "{error}\n  instead of\n{words}");
    }
    let vector = format!(
        r#"{{"kind":"vector","values":[{},{}]}}"#,
        quantity("x", "0", "1", 0),
        quantity("x", "1", "1", 0)
    );
    assert!(refused(&vector).starts_with("`query.values.1.upper`"));
}

#[test]
fn a_layout_is_as_narrow_as_its_largest_component() {
    let layout = |json: &str| {
        let Layout { length, bits, one_hot } = plan(json).layout();
        (length, bits, one_hot)
    };
    let x = quantity("x", "-5", "10", 0);
    assert_eq!(layout(r#"{"kind":"count","records_max":1}"#), (1, 1, false));
    assert_eq!(layout(r#"{"kind":"count","records_max":1000}"#), (1, 10, false));
    assert_eq!(layout(r#"{"kind":"count","records_max":1024}"#), (1, 11, false));
    assert_eq!(layout(&format!(r#"{{"kind":"sum","value":{x},"records_max":1}}"#)), (2, 4, false));
    assert_eq!(layout(&format!(r#"{{"kind":"variance","value":{x},"records_max":10}}"#)), (3, 12, false));
    assert_eq!(layout(&format!(r#"{{"kind":"regression","x":{x},"y":{x},"records_max":1}}"#)), (6, 8, false));
    let histogram = |max: u32| {
        layout(&format!(r#"{{"kind":"histogram","value":{x},"edges":["0","2","4"],"records_max":{max}}}"#))
    };
    assert_eq!((histogram(1), histogram(4)), ((5, 1, true), (4, 3, false)));
    let group = r#"{"kind":"group","by":"s","categories":["a","b"],"records_max":"#;
    assert_eq!(layout(&format!("{group}1}}")), (4, 1, true));
    assert_eq!(layout(&format!(r#"{group}1,"value":{x}}}"#)), (6, 4, false));
    assert_eq!(plan(r#"{"kind":"count","records_max":3}"#).total_max(10), 30);
}

#[test]
fn a_layout_that_no_scheme_carries_is_refused() {
    let variance = |upper: &str, records_max: u32| {
        let value = quantity("x", "0", upper, 0);
        format!(r#"{{"kind":"variance","value":{value},"records_max":{records_max}}}"#)
    };
    assert_eq!(plan(&variance("2147483647", 1)).layout().bits, 62);
    let error = refused(&variance("2147483648", 1));
    assert!(
        error.contains("`query`: a node's figures could need 63 bits, where 62 fit: narrow the range"),
        "{error}"
    );
    assert!(refused(&variance("9007199254740991", 1_000_000)).contains("could need 126 bits"));
    let widest = quantity("x", "-9007199254740991", "9007199254740991", 0);
    let error =
        refused(&format!(r#"{{"kind":"covariance","x":{widest},"y":{widest},"records_max":1000000}}"#));
    assert!(error.contains("could need 128 bits"), "{error}");
}

#[test]
fn what_could_tell_of_single_people_is_said() {
    let leak = |json: &str, participants: u32| plan(json).leaks(participants).map(|leak| leak.to_string());
    let x = quantity("x", "0", "100", 0);
    let histogram = format!(r#"{{"kind":"histogram","value":{x},"edges":["0","10","20"]}}"#);
    assert_eq!(leak(&histogram, 8), None);
    let words = leak(&histogram, 7).unwrap();
    assert!(words.contains("a histogram of 4 cells") && words.contains("at least 8 participants"), "{words}");
    let group = r#"{"kind":"group","by":"s","categories":["a","b"]}"#;
    assert_eq!((leak(group, 6), leak(group, 5).is_some()), (None, true));
    for (kind, enough) in [("sum", 2), ("mean", 2), ("variance", 4)] {
        let json = format!(r#"{{"kind":"{kind}","value":{x}}}"#);
        assert_eq!((leak(&json, enough), leak(&json, enough - 1).is_some()), (None, true), "{kind}");
    }
    let y = quantity("y", "0", "100", 0);
    assert_eq!(leak(&format!(r#"{{"kind":"regression","x":{x},"y":{y}}}"#), 6), None);
    // Power sums of one field give its values away; as many different fields do not.
    let squares = quantity("x * x", "0", "10000", 0);
    let vector = format!(r#"{{"kind":"vector","values":[{x},{squares}]}}"#);
    assert!(leak(&vector, 3).unwrap().starts_with("2 totals of `x` could tell"));
    assert_eq!(leak(&format!(r#"{{"kind":"vector","values":[{x},{y}]}}"#), 3), None);
    let quantile = |p: &str| format!(r#"{{"kind":"quantile","value":{x},"probabilities":["{p}"],"bins":4}}"#);
    assert_eq!(leak(&quantile("0.5"), 12), None);
    assert_eq!(leak(&quantile("0.95"), 20), None);
    assert!(leak(&quantile("0.95"), 19).unwrap().contains("at least 20 participants"));
    assert!(leak(&quantile("1"), 1_000_000).unwrap().contains("however many there are"));
    assert_eq!(leak(r#"{"kind":"count"}"#, 3), None);
}

#[test]
fn words_say_what_is_asked_to_somebody_who_knows_no_query() {
    let x = quantity("x", "0", "9.5", 1);
    for (json, words) in [
        (r#"{"kind":"count"}"#.into(), "the number of records"),
        (
            r#"{"kind":"count","where":"b","per":"person"}"#.into(),
            "the number of people who have a record where ",
        ),
        (
            format!(r#"{{"kind":"mean","value":{x}}}"#),
            "the mean of `x` over all records; values are rounded to 1 decimal and kept within 0.0 to 9.5",
        ),
        (
            format!(r#"{{"kind":"quantile","value":{x},"probabilities":["0.5"],"bins":4}}"#),
            "the median of `x` over all records, narrowed to one of 4 cells between 0.0 and 9.6",
        ),
        (
            r#"{"kind":"group","by":"s","categories":["a","b"]}"#.into(),
            "for each value of `s` (“a” and “b”, and all others together): the number of records",
        ),
    ] {
        let json: String = json;
        let found = plan(&json).words();
        assert!(found.starts_with(words), "{found}");
    }
    let plan = plan(&format!(r#"{{"kind":"mean","value":{x},"where":"n > 3"}}"#));
    assert!(plan.words().contains("over records where "), "{}", plan.words());
    assert_eq!(plan.fields().into_iter().collect::<Vec<_>>(), ["n", "x"]);
}

#[test]
fn decimals_are_suggested_as_the_range_asks() {
    use crate::{Kind, decimals_of, suggest_decimals};
    let suggest = |kind, lower, upper| suggest_decimals(kind, lower, upper, 10_000_000);
    for (kind, lower, upper, expected) in [
        (Kind::Mean, "0", "40000", Some(0)),
        (Kind::Mean, "0", "1000", Some(0)),
        (Kind::Mean, "0", "999", Some(1)),
        (Kind::Sum, "-5", "5", Some(2)),
        (Kind::Quantile, "0", "0.5", Some(4)),
        (Kind::Variance, "0", "9999", Some(1)),
        (Kind::Variance, "0", "10000", Some(0)),
        (Kind::Covariance, "36", "42", Some(4)),
        // Never fewer than the bounds have, never more than count.
        (Kind::Mean, "0.125", "40000", Some(3)),
        (Kind::Mean, "0", "0.000000001", Some(9)),
        (Kind::Mean, "1e3", "2e3", Some(0)),
        (Kind::Mean, "0", "0.0000000001", None),
        (Kind::Mean, "5", "5", None),
        (Kind::Mean, "6", "5", None),
        (Kind::Mean, "many", "5", None),
        (Kind::Mean, "0", "1e30", None),
        // Nor so many that the bounds lie out of reach.
        (Kind::Mean, "9007199254740900", "9007199254740990", Some(0)),
        (Kind::Mean, "900719925474090", "900719925474099", Some(1)),
    ] {
        assert_eq!(suggest(kind, lower, upper), expected, "{kind} of {lower} to {upper}");
    }
    // Fewer, where more could wrap.
    let of = |counted| suggest_decimals(Kind::Variance, "0", "1", counted);
    assert_eq!(
        [of(1), of(10_000_000_000), of(10_000_000_000_000), of(u64::MAX)].map(Option::unwrap),
        [4, 4, 2, 0]
    );
    assert_eq!(
        ["7.250", "12", "-0.5e1", "0.1234567891", "x"].map(decimals_of),
        [Some(2), Some(0), Some(0), None, None]
    );
}

proptest::proptest! {
    /// What is suggested is accepted, and fits every scheme where whole numbers do.
    #[test]
    fn suggested_decimals_fit(lower in -100_000i64..100_000, range in 1i64..1_000_000, records_max in 1u32..1_000_000, participants_max in 3u32..1_000_000) {
        let (lower, upper) = (lower.to_string(), (lower + range).to_string());
        for kind in [crate::Kind::Mean, crate::Kind::Variance] {
            let counted = u64::from(records_max) * u64::from(participants_max);
            let total = |decimals| {
                let value = quantity("x", &lower, &upper, decimals);
                let json = format!(r#"{{"kind":"{kind}","value":{value},"records_max":{records_max}}}"#);
                query(&json).check(&schema()).map_or(u128::MAX, |plan| plan.total_max(participants_max))
            };
            let decimals = crate::suggest_decimals(kind, &lower, &upper, counted).unwrap();
            proptest::prop_assert!(decimals == 0 || total(decimals) <= i64::MAX as u128);
        }
    }
}
