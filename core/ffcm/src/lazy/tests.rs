use super::*;
use crate::table::Opcode;
use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

fn book(text: &str) -> Terms {
    Terms::read(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs to the end; the results, the end, and the machine.
fn run(book: &Terms, limits: LazyLimits, reading: Reading) -> (Vec<String>, Progress, Lazy<'_>) {
    let mut lazy = Lazy::new(book, limits, reading);
    let mut results = Vec::new();
    loop {
        let progress = lazy.run(1 << 20);
        results.extend(lazy.take_result().map(|term| term.shown(book).to_string()));
        if progress.is_final() {
            assert_eq!(lazy.run(1), progress, "it stays so");
            return (results, progress, lazy);
        }
    }
}

const LOOP: &str = "@loop(x) = (@loop (+ x 1)) @main = (@loop 0)";
/// Its copies are copied by the copy that they made: what comes of it stands for itself.
const CIRCLE: &str = "@main = (λx. (x x) λx. (x x))";
const GROWS: &str = "@main = #S{@main}";
const BRANCHES: &str = "@main = &0{@main @main}";

#[test]
fn what_never_ends_is_capped() {
    let book = book(LOOP);
    let limits = LazyLimits { interactions_max: 1000, ..LazyLimits::default() };
    let (results, progress, lazy) = run(&book, limits, Reading::Normal);
    assert_eq!((results.len(), progress, lazy.tally().interactions()), (0, Progress::Capped, 1000));
    for text in [LOOP, CIRCLE] {
        let book = self::book(text);
        let limits = LazyLimits { steps_max: 100_000, ..LazyLimits::default() };
        assert_eq!(run(&book, limits, Reading::Normal).1, Progress::Capped);
    }
}

#[test]
fn each_bound_is_said() {
    let book = book(GROWS);
    for (limits, resource) in [
        (LazyLimits { items_max: 100, ..LazyLimits::default() }, Resource::Items),
        (LazyLimits { cells_max: 5000, ..LazyLimits::default() }, Resource::Cells),
    ] {
        let (results, progress, lazy) = run(&book, limits, Reading::Normal);
        assert_eq!((results.len(), progress), (0, Progress::Full(resource)));
        assert!(lazy.heap().len() <= limits.cells_max as usize);
    }
    let book = self::book(BRANCHES);
    let limits = LazyLimits { branches_max: 50, ..LazyLimits::default() };
    let (results, progress, _) = run(&book, limits, Reading::BreadthFirst);
    assert_eq!((results.len(), progress), (0, Progress::Full(Resource::Branches)));
}

#[test]
fn branches_that_are_deep_are_bounded_together() {
    let book = book("@main = &0{&1{1 @main} 2}");
    let limits = LazyLimits { branches_max: 10, ..LazyLimits::default() };
    assert_eq!(run(&book, limits, Reading::DepthFirst).1, Progress::Full(Resource::Branches));
    let numbers = self::book("@main = @from(0) @from(n) = &0{n @from((+ n 1))}");
    let limits = LazyLimits { branches_max: 10, interactions_max: 10_000, ..LazyLimits::default() };
    let (results, progress, _) = run(&numbers, limits, Reading::BreadthFirst);
    // Two branches wait at a time, with ever more choices.
    assert_eq!((results.len() > 300, progress), (true, Progress::Full(Resource::Branches)));
}

#[test]
fn a_budget_of_one_step_gets_there_too() {
    let book = book("@f(n) = ~ n { 0: 1 1+p: (+ @f(p) @f(p)) } @main = (@f 6)");
    let (results, progress, whole) = run(&book, LazyLimits::default(), Reading::Normal);
    assert_eq!((results, progress), (Vec::from(["64".to_string()]), Progress::Done));
    let mut lazy = Lazy::new(&book, LazyLimits::default(), Reading::Normal);
    while !lazy.run(1).is_final() {
        if let Some(term) = lazy.take_result() {
            assert_eq!(term.shown(&book).to_string(), "64");
        }
    }
    assert_eq!(lazy.tally(), whole.tally());
}

#[test]
fn interactions_are_counted_by_kind() {
    let count = |text: &str| {
        let book = book(text);
        let counts = run(&book, LazyLimits::default(), Reading::Normal).2.tally().counts;
        Opcode::ALL.map(|opcode| counts[opcode as usize])
    };
    // The order: link, apply, duplicate, distribute, succ, switch, collapse, specialize. `@main` itself is expanded.
    assert_eq!(count("@main = 1"), [0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(count("@main = (λx. x 1)"), [0, 1, 0, 0, 0, 0, 0, 1]);
    assert_eq!(count("@main = (+ 1 2)"), [0, 0, 0, 0, 2, 0, 0, 1]);
    assert_eq!(count("@main = ! &0{a b} = 1; (+ a b)"), [0, 0, 1, 0, 2, 0, 0, 1]);
    assert_eq!(count("@main = ! &0{a b} = &0{1 2}; (+ a b)"), [0, 0, 1, 0, 2, 0, 0, 1]);
    assert_eq!(count("@main = ! &0{a b} = &1{1 2}; a"), [0, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(count("@main = ~ 0 { 0: 1 1+p: p }"), [0, 0, 0, 0, 0, 1, 0, 1]);
    assert_eq!(count("@main = ~ 5 { 0: 1 1+p: p }"), [0, 1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(count("@main = ((*) 1)"), [0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(count("@main = (&0{λx. x λx. x} 1)"), [0, 2, 0, 1, 0, 0, 0, 1]);
}

#[test]
fn type_errors_are_counted_and_nothing_comes_of_them() {
    for text in [
        "(1 2)",
        "(#A 2)",
        "~ λx. x { #A: 1 }",
        "~ 1 { #A: 1 }",
        "~ #B { #A: 1 }",
        "~ #A { 0: 1 _: 2 }",
        "~ 2 { 0: 1 1: 2 }",
        "(+ λx. x 1)",
        "(+ 1 #A)",
    ] {
        let book = book(&format!("@main = {text}"));
        let (results, progress, lazy) = run(&book, LazyLimits::default(), Reading::Normal);
        assert_eq!((results, progress), (Vec::from(["*".to_string()]), Progress::Done), "{text}");
        assert_eq!((lazy.tally().type_errors, lazy.tally().undefined), (1, 0), "{text}");
    }
    let book = book("@main = (% 7 0)");
    let (results, _, lazy) = run(&book, LazyLimits::default(), Reading::Normal);
    assert_eq!((results, lazy.tally().undefined), (Vec::from(["0".to_string()]), 1));
}

#[test]
fn a_branch_is_reduced_once_for_all_that_share_it() {
    // The square of a sum that takes a while: its sum is taken once, whatever is multiplied by it.
    let sum = "@sum(n) = ~ n { 0: 0 1+p: (+ 1 @sum(p)) }";
    let interactions = |main: &str| {
        let book = book(&format!("{sum} @main = {main}"));
        run(&book, LazyLimits::default(), Reading::DepthFirst).2.tally().interactions()
    };
    let once = interactions("@sum(1000)");
    assert!(interactions("(λx. (* x &0{1 &1{2 &2{3 4}}}) @sum(1000))") < once + 100);
    assert!(interactions("! x = @sum(1000); (* x x)") < once + 100);
}

#[test]
fn copies_and_results_that_are_deep_overflow_nothing() {
    let deep = 100_000;
    let book = book(&format!("@main = ! &0{{a b}} = {}1{}; #P{{a b}}", "#S{".repeat(deep), "}".repeat(deep)));
    let (results, progress, _) = run(&book, LazyLimits::default(), Reading::Normal);
    assert_eq!((results.len(), progress), (1, Progress::Done));
    let sum = "@sum(n) = ~ n { 0: 0 1+p: (+ 1 @sum(p)) } @main = @sum(200000)";
    let book = self::book(sum);
    assert_eq!(run(&book, LazyLimits::default(), Reading::Normal).0, ["200000"]);
}

#[test]
fn a_reference_without_duplications_is_copied_as_it_is() {
    let is_affine = |text: &str| {
        let book = book(text);
        load::templates(&book).iter().map(|template| template.is_affine).collect::<Vec<_>>()
    };
    let text = "@main = @a @a = λx. (x @b) @b = λx. (x x) @c = λx. x @d = (@c @d) @e = ! &0{a b} = 1; a @f = &0{1 2}";
    assert_eq!(is_affine(text), [false, false, false, true, true, false, false]);
}

#[test]
fn words_are_canonical() {
    let book = book("@main = λx. &5{x #A{7}}");
    let (_, _, lazy) = run(&book, LazyLimits::default(), Reading::Normal);
    let words = lazy.heap();
    assert_eq!((words[0].tag(), words[0].offset()), (Some(WordTag::Lam), 8));
    assert_eq!((words[1].tag(), words[1].label(), words[1].offset()), (Some(WordTag::Sup), 5, 16));
    assert_eq!((words[2].tag(), words[2].offset()), (Some(WordTag::Var), 8));
    assert_eq!((words[3].tag(), words[3].label(), words[3].offset()), (Some(WordTag::Ctr), 0, 32));
    assert_eq!((words[4].tag(), words[4].lo), (Some(WordTag::Num), 7));
}
