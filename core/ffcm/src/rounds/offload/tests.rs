use super::*;
use shaders::ffcm::{State, Totals};
use std::{format, string::ToString};

fn offloaded(text: &str) -> Result<u32, NotOffloaded> {
    let book = Book::read(text).unwrap_or_else(|error| panic!("{error}"));
    Offloaded::new(&book, Limits::default()).map(|offloaded| offloaded.input().root)
}

#[test]
fn floats_go_to_devices_and_their_functions_do_not() {
    for text in [
        "@main = a & 1.5 ~ $([+] $(2.5 a))",
        "@main = a & 6 ~ $([&] $(3 a))",
        "@main = a & 6 ~ $([<<] $(3 a))",
        "@main = a & 6 ~ $([f24] a)",
    ] {
        assert_eq!(offloaded(text), Ok(0), "{text}");
    }
    for text in [
        "@main = a & 1.5 ~ $([&] $(2.5 a))",
        "@main = a & 1 ~ $([f24] $([^] $(3 a)))",
        "@main = a & @pow ~ (2.0 a)\n@pow = ($([|3] a) a)",
    ] {
        let error = offloaded(text).expect_err("it has a function of floats");
        assert!(matches!(error, NotOffloaded::Function { .. }), "{error}");
    }
    let error = offloaded("@main = (1.5 @sine)\n@sine = [<<]").expect_err("a sine");
    assert!(error.to_string().contains("`@sine` has an operator"), "{error}");
}

#[test]
fn a_large_definition_goes_to_a_device_if_it_is_main_alone() {
    let large = (0..=DEF_MAX).fold("*".to_string(), |tree, _| format!("(* {tree})"));
    assert_eq!(offloaded(&format!("@main = {large}")), Ok(0));
    let error = offloaded(&format!("@main = @large\n@large = {large}")).expect_err("it is large");
    assert_eq!(error, NotOffloaded::LargeDef { def: "large".into(), size: DEF_MAX as usize + 1 });
    assert!(error.to_string().contains("at most 1024"), "{error}");
    let error = offloaded(&format!("@main = (@main {large})")).expect_err("a device expands it");
    assert!(matches!(error, NotOffloaded::LargeDef { .. }), "{error}");
}

#[test]
fn main_may_not_fit() {
    let book = Book::read("@main = ((a a) (b b))").expect("a book");
    let limits = Limits { nodes_max: 2, ..Limits::default() };
    let error = Offloaded::new(&book, limits).expect_err("three nodes");
    assert_eq!(error, NotOffloaded::Full(Resource::Nodes));
}

/// What a device gives that did nothing.
fn solution(state: State, totals: Totals) -> Solution {
    let (nodes, wires) = Default::default();
    Solution { state, totals, counts: [0; 8], special_defs: 0, special_calls: 0, nodes, wires }
}

#[test]
fn what_does_not_add_up_is_refused() {
    let book = Book::read("@main = 1").expect("a book");
    let offloaded = Offloaded::new(&book, Limits::default()).expect("it goes to a device");
    let gives = |stopped, unsafe_copies, unsafe_def| {
        let state = State { stopped, unsafe_copies, unsafe_def, ..State::default() };
        let mut totals = Totals::default();
        totals.add(&State::default(), &state);
        offloaded.finish(solution(state, totals)).map(|finished| finished.progress())
    };
    assert_eq!(gives(stopped::STOPPED_DONE, 0, u32::MAX), Ok(Progress::Done));
    assert_eq!(gives(stopped::STOPPED_FULL, 0, u32::MAX), Ok(Progress::Full(Resource::Wires)));
    assert_eq!(gives(stopped::STOPPED_NOT, 0, u32::MAX), Err(Impossible));
    assert_eq!(gives(stopped::STOPPED_DONE, 1, 1), Err(Impossible));
    assert_eq!(gives(99, 0, u32::MAX), Err(Impossible));
    let done = State { stopped: stopped::STOPPED_DONE, ..State::default() };
    let more = Solution { special_calls: 1, ..solution(done, Totals::default()) };
    assert_eq!(offloaded.finish(more).map(|_| ()), Err(Impossible), "code did more calls than there were");
}

#[test]
fn what_a_device_counts_goes_on_where_its_words_wrap() {
    let book = Book::read("@main = 1").expect("a book");
    let offloaded = Offloaded::new(&book, Limits::default()).expect("it goes to a device");
    let mut totals = Totals::default();
    let mut before = State::default();
    for count in [3 << 30, 1 << 31, 1 << 30] {
        let now = State { undefined: count, rounds: count, stopped: stopped::STOPPED_DONE, ..before };
        totals.add(&before, &now);
        before = now;
    }
    let finished = offloaded.finish(solution(before, totals));
    let finished = finished.expect("it adds up");
    assert_eq!((finished.tally().undefined, finished.rounds().0), (9 << 30, 9 << 30));
}
