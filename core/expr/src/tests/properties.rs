//! What holds of every source and every record.

use super::{RECORD, SCHEMA, now, record, schema};
use crate::{
    COST_MAX, DEPTH_MAX, EvalProblem, Expr, NODES_MAX, SOURCE_BYTES_MAX, Scope, Type,
    ast::{Binary, Kind, Node},
    compile, parse, tidy,
};
use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use schema::{Budget, Value};

fn node(kind: Kind) -> Node {
    Node { kind, start: 0, at: 0, depth: 0 }
}

/// The tree without its places.
fn unplaced(tree: &Node) -> Node {
    let one = |inner: &Node| Box::new(unplaced(inner));
    let many = |inner: &[Node]| inner.iter().map(unplaced).collect::<Vec<_>>();
    node(match &tree.kind {
        Kind::Select(of, name) => Kind::Select(one(of), name.clone()),
        Kind::Index(of, index) => Kind::Index(one(of), one(index)),
        Kind::Not(of) => Kind::Not(one(of)),
        Kind::Negate(of) => Kind::Negate(one(of)),
        Kind::Binary(operator, left, right) => Kind::Binary(*operator, one(left), one(right)),
        Kind::All(parts) => Kind::All(many(parts)),
        Kind::Any(parts) => Kind::Any(many(parts)),
        Kind::Choose(condition, yes, no) => Kind::Choose(one(condition), one(yes), one(no)),
        Kind::List(items) => Kind::List(many(items)),
        Kind::Call { receiver, name, arguments } => Kind::Call {
            receiver: receiver.as_deref().map(one),
            name: name.clone(),
            arguments: many(arguments),
        },
        leaf => leaf.clone(),
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_][a-zA-Z0-9_]{0,6}", "[^`\\p{Cc}]{1,6}", Just("in".to_string()), Just("if".to_string())]
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Kind::Null),
        any::<bool>().prop_map(Kind::Bool),
        (any::<i64>(), 0u32..20).prop_map(|(n, scale)| Kind::Number(Decimal::new(n, scale).normalize())),
        any::<String>().prop_map(Kind::Text),
        name().prop_map(Kind::Name),
    ];
    let operator = prop::sample::select(Vec::from([
        Binary::Equal,
        Binary::Unequal,
        Binary::Less,
        Binary::LessEqual,
        Binary::Greater,
        Binary::GreaterEqual,
        Binary::In,
        Binary::Add,
        Binary::Subtract,
        Binary::Multiply,
        Binary::Divide,
        Binary::Remainder,
    ]));
    leaf.prop_map(node).prop_recursive(6, 48, 4, move |inner| {
        let one = || inner.clone().prop_map(Box::new);
        let many = |least| prop::collection::vec(inner.clone(), least..4);
        prop_oneof![
            (one(), name()).prop_map(|(of, name)| Kind::Select(of, name)),
            (one(), one()).prop_map(|(of, index)| Kind::Index(of, index)),
            one().prop_map(Kind::Not),
            one().prop_map(Kind::Negate),
            (operator.clone(), one(), one()).prop_map(|(operator, a, b)| Kind::Binary(operator, a, b)),
            many(2).prop_map(Kind::All),
            many(2).prop_map(Kind::Any),
            (one(), one(), one()).prop_map(|(a, b, c)| Kind::Choose(a, b, c)),
            many(0).prop_map(Kind::List),
            (prop::option::of(one()), "[a-z][a-zA-Z]{0,5}x", many(0))
                .prop_map(|(receiver, name, arguments)| Kind::Call { receiver, name, arguments }),
        ]
        .prop_map(node)
    })
}

/// Sources of numbers, conditions, texts and days over the fields of [`SCHEMA`].
fn source(ty: &'static str, depth: u32) -> BoxedStrategy<String> {
    let leaf = match ty {
        "number" => prop_oneof![
            prop::sample::select(Vec::from([
                "body_mass_g",
                "steps",
                "`body mass (kg)`",
                "0",
                "-1",
                "7.5",
                "1e20",
                "79228162514264337593543950.335",
                "extra.deep[0]",
                "extra",
            ]))
            .prop_map(String::from),
            (any::<i32>(), 0u32..9).prop_map(|(n, scale)| Decimal::new(n.into(), scale).to_string()),
        ]
        .boxed(),
        "bool" => prop::sample::select(Vec::from(["active", "true", "false", "has(name)", "has(extra.x)"]))
            .prop_map(String::from)
            .boxed(),
        "text" => prop_oneof![
            prop::sample::select(Vec::from([
                "species",
                "name",
                "home.city",
                "''",
                "'a\\n'",
                "tags[0]",
                "extra"
            ]))
            .prop_map(String::from),
            "[a-z]{0,8}".prop_map(|text| format!("'{text}'")),
        ]
        .boxed(),
        _ => prop::sample::select(Vec::from([
            "day",
            "today()",
            "date('0001-01-01')",
            "date(seen)",
            "visits[0].date",
        ]))
        .prop_map(String::from)
        .boxed(),
    };
    if depth == 0 {
        return leaf;
    }
    let of = move |ty| source(ty, depth - 1);
    let inner = match ty {
        "number" => prop_oneof![
            (of("number"), prop::sample::select(Vec::from(["+", "-", "*", "/", "%"])), of("number"))
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            of("number").prop_map(|a| format!("-({a})")),
            of("number").prop_map(|a| format!("math.round({a})")),
            (of("number"), of("number")).prop_map(|(a, b)| format!("math.least({a}, {b}, 3)")),
            of("number").prop_map(|a| format!("int({a})")),
            of("text").prop_map(|a| format!("number({a})")),
            of("text").prop_map(|a| format!("size({a})")),
            of("date").prop_map(|a| format!("({a}).getDayOfYear()")),
            (of("date"), of("date")).prop_map(|(a, b)| format!("({a} - {b}).getDays()")),
            (of("bool"), of("number"), of("number")).prop_map(|(a, b, c)| format!("(({a}) ? ({b}) : {c})")),
            of("number").prop_map(|a| format!("visits.map(v, v.cost * {a})[0]")),
            of("bool").prop_map(|a| format!("visits.filter(v, {a} || v.cost > 7).size()")),
        ]
        .boxed(),
        "bool" => prop_oneof![
            (of("number"), prop::sample::select(Vec::from(["<", "<=", ">", ">=", "==", "!="])), of("number"))
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (of("text"), of("text")).prop_map(|(a, b)| format!("{a}.contains({b})")),
            of("text").prop_map(|a| format!("{a}.matches('^[a-z]+.*$')")),
            (of("date"), of("date")).prop_map(|(a, b)| format!("({a} < {b})")),
            of("date").prop_map(|a| format!("last(3, 'months', {a})")),
            of("bool").prop_map(|a| format!("!({a})")),
            (of("bool"), of("bool")).prop_map(|(a, b)| format!("({a} && {b})")),
            (of("bool"), of("bool")).prop_map(|(a, b)| format!("({a} || {b})")),
            (of("number"), of("number")).prop_map(|(a, b)| format!("({a} in [{b}, 1, null])")),
            of("bool").prop_map(|a| format!("visits.all(v, v.cost > 0 && {a})")),
            of("number").prop_map(|a| format!("visits.exists(v, v.cost / {a} > 1)")),
            of("number").prop_map(|a| format!("visits.exists_one(v, v.cost < {a})")),
        ]
        .boxed(),
        "text" => prop_oneof![
            (of("text"), of("text")).prop_map(|(a, b)| format!("({a} + {b})")),
            of("number").prop_map(|a| format!("string({a})")),
            of("date").prop_map(|a| format!("string({a})")),
            of("text").prop_map(|a| format!("{a}.upperAscii().trim()")),
        ]
        .boxed(),
        _ => prop_oneof![
            (of("date"), of("number")).prop_map(|(a, b)| format!("({a} + days({b}))")),
            (of("date"), of("number")).prop_map(|(a, b)| format!("({a} - days(int({b})))")),
            of("date").prop_map(|a| format!("date(timestamp({a}) - duration('36h'))")),
        ]
        .boxed(),
    };
    prop_oneof![1 => leaf, 3 => inner].boxed()
}

fn any_source() -> impl Strategy<Value = String> {
    prop_oneof![source("number", 3), source("bool", 3), source("text", 3), source("date", 3)]
}

/// Values that fit the schema, and values that do not.
fn any_record() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (any::<i64>(), 0u32..28).prop_map(|(n, scale)| Value::Number(Decimal::new(n, scale))),
        Just(Value::Number(Decimal::MAX)),
        prop::sample::select(Vec::from([
            "Adelie",
            "2026-11-20",
            "0001-01-01",
            "9999-12-31",
            "12.5",
            "",
            "☃"
        ]))
        .prop_map(|text| Value::Text(text.into())),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop::sample::select(Vec::from(["date", "cost", "city", "deep", "note"]));
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map(name.prop_map(String::from), inner, 0..4).prop_map(Value::Object),
        ]
    });
    let names = Vec::from([
        "species",
        "body_mass_g",
        "active",
        "day",
        "seen",
        "steps",
        "name",
        "tags",
        "visits",
        "home",
    ]);
    let name = prop::sample::select(names).prop_map(String::from);
    let changed = prop::collection::btree_map(name, value, 0..4);
    (any::<bool>(), changed).prop_map(|(fitting, changed)| {
        let Value::Object(mut fields) = record(RECORD) else { return Value::Null };
        if !fitting {
            fields.extend(changed);
        }
        Value::Object(fields)
    })
}

/// Whether a value is of a type.
fn fits(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (_, Type::Any) | (Value::Null, _) => true,
        (Value::Bool(_), Type::Bool) | (Value::Number(_), Type::Number) | (Value::Text(_), Type::Text) => {
            true
        }
        (Value::Text(text), Type::Date) => schema::day(text).is_some(),
        (Value::Text(text), Type::DateTime) => schema::moment(text).is_some(),
        (Value::Text(_), Type::Duration) | (Value::Object(_), Type::Object) => true,
        (Value::List(items), Type::List(item)) => items.iter().all(|value| fits(value, item)),
        _ => false,
    }
}

/// What holds of one expression and one record.
fn holds(expr: &Expr, value: &Value) -> Result<(), TestCaseError> {
    let got = expr.run(value, &[], Some(now()), Scope::Record, &Budget::endless());
    prop_assert_eq!(&got, &expr.run(value, &[], Some(now()), Scope::Record, &Budget::endless()));
    match got {
        Ok((got, steps)) => {
            prop_assert!(fits(&got, expr.ty()), "{} gave {got}, which is no {}", expr.source(), expr.ty());
            prop_assert!(
                steps <= expr.cost_max(),
                "{}: {steps} steps, not {}",
                expr.source(),
                expr.cost_max()
            );
            if schema().check(value).is_ok() {
                prop_assert!(got != Value::Null || expr.nullable(), "{} gave null", expr.source());
            }
        }
        Err(error) => {
            prop_assert!(error.position as usize <= expr.source().chars().count());
            if schema().check(value).is_ok() && !expr.source().contains("extra") {
                let unfit = matches!(error.problem, EvalProblem::Unfit { .. } | EvalProblem::Cost);
                prop_assert!(!unfit, "{}: {error}", expr.source());
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_printed_is_parsed_to_the_same_tree(tree in tree()) {
        let printed = unplaced(&tree).to_string();
        if let Ok(again) = parse::parse(&printed) {
            prop_assert_eq!(unplaced(&again), unplaced(&tree), "{}", printed);
            prop_assert_eq!(tidy(&printed), Ok(printed.clone()));
        } else {
            prop_assert!(printed.len() > SOURCE_BYTES_MAX, "{}", printed);
        }
    }

    #[test]
    fn any_text_is_compiled_or_refused_with_a_place(text in any::<String>()) {
        for scope in [Scope::Record, Scope::Person] {
            if let Err(error) = compile(&text, schema(), scope) {
                prop_assert!(error.position as usize <= text.chars().count());
                prop_assert_eq!(error.to_string().lines().count(), 3);
            }
        }
    }

    #[test]
    fn soup_of_tokens_is_compiled_or_refused(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.split(' ').collect::<Vec<_>>()), 0..24),
        record in any_record(),
    ) {
        let source = tokens.concat();
        for scope in [Scope::Record, Scope::Person] {
            match compile(&source, schema(), scope) {
                Ok(expr) if scope == Scope::Record => holds(&expr, &record)?,
                Ok(expr) => drop(expr.evaluate_all(core::slice::from_ref(&record), now())),
                Err(error) => prop_assert!(error.position as usize <= source.chars().count()),
            }
        }
    }

    #[test]
    fn values_are_of_the_type_that_was_told(source in any_source(), record in any_record()) {
        let expr = compile(&source, schema(), Scope::Record);
        // What is written out may be refused: a divisor of zero, a species that there is not.
        if let Ok(expr) = expr {
            prop_assert!(expr.cost_max() <= COST_MAX);
            holds(&expr, &record)?;
            let tidied = tidy(&source).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let again = compile(&tidied, schema(), Scope::Record).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(again.words(), expr.words());
            prop_assert_eq!(again.fields(), expr.fields());
            let value = |expr: &Expr| expr.evaluate_at(&record, now()).map_err(|error| error.problem);
            prop_assert_eq!(value(&again), value(&expr));
        }
    }

    #[test]
    fn aggregates_agree_with_sums_over_the_records(
        steps in prop::collection::vec(prop::option::of(-1_000_000i64..1_000_000), 0..20),
    ) {
        let records: Vec<Value> = steps
            .iter()
            .map(|steps| {
                let steps = steps.map_or(Value::Null, |steps| Value::Number(steps.into()));
                Value::Object(BTreeMap::from([("steps".to_string(), steps)]))
            })
            .collect();
        let known: Vec<i64> = steps.iter().flatten().copied().filter(|steps| *steps > 0).collect();
        let value = |source: &str| {
            let expr = compile(source, schema(), Scope::Person).expect("an expression");
            expr.evaluate_all(&records, now()).expect("a value")
        };
        let sum: i64 = known.iter().sum();
        prop_assert_eq!(value("sum(steps, steps > 0)"), Value::Number(sum.into()));
        prop_assert_eq!(value("count(steps > 0)"), Value::Number(known.len().into()));
        let greatest = known.iter().max().map_or(Value::Null, |steps| Value::Number((*steps).into()));
        prop_assert_eq!(value("max(steps, steps > 0)"), greatest);
        let last = known.last().map_or(Value::Null, |steps| Value::Number((*steps).into()));
        prop_assert_eq!(value("last(steps, steps > 0)"), last);
    }
}

const TOKENS: &str = "body_mass_g steps active day species visits tags home .city extra ( ) ( ) [ ] , . + - * / % == != < \
    >= && || ! ? : in 1 0 2.5 'a' 'Adelie' null true has( size( date( today() days( .map(v, .exists(v, v .cost .date \
    .all(v, sum( avg( count( last( 30, 'days', day) .matches('a') .getDays() math.round( string( number(";

#[test]
fn bounds_hold_at_their_edges() {
    let depth = DEPTH_MAX as usize;
    for (open, close) in
        [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("int(", ")"), ("1 + (", ")"), ("true ? 1 : (", ")")]
    {
        let nested = |n: usize| {
            format!("{}{}{}", open.repeat(n), if open == "!" { "true" } else { "1" }, close.repeat(n))
        };
        assert!(parse::parse(&nested(32)).is_ok(), "{open}");
        assert!(parse::parse(&nested(SOURCE_BYTES_MAX / (open.len() + close.len()) - 1)).is_err(), "{open}");
        // The deepest that parses is checked, printed, explained, evaluated and dropped on a test's small stack.
        let deepest =
            (1..=depth).rev().map(nested).find(|source| parse::parse(source).is_ok()).expect("a source");
        assert!(tidy(&deepest).is_ok());
        if let Ok(expr) = compile(&deepest, schema(), Scope::Record) {
            assert!(expr.evaluate(&record(RECORD)).is_ok(), "{deepest}");
        }
    }
    let wide = format!("[{}]", "1,".repeat(NODES_MAX - 1));
    assert!(parse::parse(&wide).is_ok());
    assert!(parse::parse(&format!("[{}]", "1,".repeat(NODES_MAX))).is_err());
    let long = (0..200).map(|n| format!("body_mass_g == {n}")).collect::<Vec<_>>().join("||");
    assert!(parse::parse(&long).is_err(), "600 parts");
    let long = (0..120).map(|n| format!("body_mass_g == {n}")).collect::<Vec<_>>().join("||");
    assert!(compile(&long, schema(), Scope::Record).is_ok());
    assert!(parse::parse(&" ".repeat(SOURCE_BYTES_MAX + 1)).is_err());
    assert!(SCHEMA.len() < schema::SCHEMA_BYTES_MAX);
}
