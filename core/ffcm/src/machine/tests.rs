use super::*;
use std::{format, string::ToString};

fn book(text: &str) -> Book {
    Book::read(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Counts down from a number, and copies a tree of that depth on the way.
const SUM: &str = "
    @main = a & @sum ~ (10 (0 a))
    @sum = (?(((a a) @more) b) b)
    @more = ({c a} ({$([*2] $([+1] d)) $([*2] $([+0] b))} f))
      &! @sum ~ (a (b $([+] $(e f))))
      &! @sum ~ (c (d e))";

/// Never ends.
const LOOP: &str = "@main = a & @loop ~ (* a) @loop = (* a) & @loop ~ (* a)";

/// Makes more and more.
const GROWS: &str = "@main = a & @grow ~ (* a) @grow = (* (a b)) & @grow ~ (* a) & @grow ~ (* b)";

#[test]
fn a_budget_stops_and_goes_on() {
    let book = book(SUM);
    let mut whole = Machine::new(&book, Limits::default()).expect("room");
    assert_eq!(whole.run(u64::MAX), Progress::Done);
    let mut parts = Machine::new(&book, Limits::default()).expect("room");
    let mut calls = 0;
    while parts.run(7) == Progress::Running {
        calls += 1;
    }
    assert!(calls > 100);
    assert_eq!(parts.tally(), whole.tally());
    assert_eq!(parts.result().to_string(), whole.result().to_string());
}

#[test]
fn all_is_freed_but_the_result() {
    let book = book(SUM);
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    machine.run(u64::MAX);
    assert_eq!(machine.heap().nodes_used(), 0);
    assert_eq!(machine.heap().wires_used(), 1, "the root");
    let waiting = machine.heap().wire_words().iter().filter(|wire| **wire != Port::NONE.0).count();
    assert_eq!(waiting, 1, "free wires hold NONE");
}

#[test]
fn what_never_ends_is_capped() {
    let book = book(LOOP);
    let limits = Limits { interactions_max: 100_000, ..Limits::default() };
    let mut machine = Machine::new(&book, limits).expect("room");
    assert_eq!(machine.run(u64::MAX), Progress::Capped);
    assert!((100_000..100_010).contains(&machine.tally().interactions()));
    assert!(machine.heap().nodes_used() < 10, "a loop does not grow");
}

#[test]
fn a_full_heap_is_said_and_loses_nothing() {
    let book = book(GROWS);
    for (limits, resource) in [
        (Limits { nodes_max: 1000, ..Limits::default() }, Resource::Nodes),
        (Limits { wires_max: 1000, ..Limits::default() }, Resource::Wires),
    ] {
        let mut machine = Machine::new(&book, limits).expect("room");
        assert_eq!(machine.run(u64::MAX), Progress::Full(resource));
        assert_eq!(machine.run(1), Progress::Full(resource), "it stays so");
        assert!(machine.heap().nodes_used() <= 1000 && !machine.heap().pairs.is_empty());
    }
}

#[test]
fn main_itself_may_not_fit() {
    let book = book("@main = (1 (2 3))");
    let limits = Limits { nodes_max: 1, ..Limits::default() };
    assert_eq!(Machine::new(&book, limits).err(), Some(Resource::Nodes));
}

#[test]
fn errors_of_a_program_are_counted() {
    let by_zero = book("@main = a & 7 ~ $([/] $(0 a))");
    let mut machine = Machine::new(&by_zero, Limits::default()).expect("room");
    machine.run(u64::MAX);
    assert_eq!((machine.result().to_string().as_str(), machine.tally().undefined), ("0", 1));

    let copies = book("@main = (a b) & @twice ~ {a b} @twice = ({x y} (x y))");
    let mut machine = Machine::new(&copies, Limits::default()).expect("room");
    assert_eq!(machine.run(u64::MAX), Progress::Done);
    assert_eq!(machine.tally().unsafe_copies, 1);
    let named = machine.tally().unsafe_def.map(|def| copies.defs()[def as usize].name());
    assert_eq!(named, Some("twice"));
    assert_eq!(machine.result().to_string(), "(x0 x1)");
}

#[test]
fn a_wire_joined_to_itself_hangs_nothing() {
    for text in ["@main = (a b) & a ~ b", "@main = * & a ~ a", "@main = x & x ~ (a b) & a ~ b"] {
        let book = book(text);
        let mut machine = Machine::new(&book, Limits::default()).expect("room");
        assert_eq!(machine.run(1000), Progress::Done, "{text}");
        assert!(!machine.result().to_string().is_empty());
    }
}

#[test]
fn a_result_deeper_than_a_stack_is_written() {
    let deep = 300_000;
    let text = format!("@main = {}*{}", "(1 ".repeat(deep), ")".repeat(deep));
    let book = book(&text);
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    machine.run(u64::MAX);
    assert_eq!(format!("@main = {}", machine.result()), text);
    let mut short = std::string::String::new();
    assert_eq!(machine.result().write(&mut short, 10), Ok(false));
    assert!(short.len() <= 10);
}
