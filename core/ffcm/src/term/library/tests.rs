use super::*;
use crate::{Limits, Machine, Progress, Rounds};
use alloc::string::ToString;
use proptest::{collection::vec, prelude::*};

const BOOK: &str = "@square(x) = (* x x)
@sum(n) = ~ n { 0: 0 1+p: (+ p @sum(p)) }
@twice(f x) = (f (f x))
@both = λx. &3{x (+ x 1)}
@loop = λx. (@loop x)
@grow = λx. (+ 1 (@grow x))";

/// Terms with what each is.
const TERMS: &[(&str, Option<u32>)] = &[
    ("7", Some(7)),
    ("@square(9)", Some(81)),
    ("(@sum 20)", Some(190)),
    ("@twice(λx. (+ x 3) 1)", Some(7)),
    ("! &{a b} = @square(3); (+ a (* b 2))", Some(27)),
    ("~ 4 { 0: 1 1+p: @sum(p) }", Some(3)),
    ("λx. x", None),
    ("*", None),
    ("&0{1 2}", None),
    ("@both(1)", None),
    ("@square", None),
    // As in HVM2, a number that is applied stands for what comes of it.
    ("(1 2)", Some(1)),
    ("(/ 1 0)", Some(0)),
    ("(- 1 2)", Some(16_777_215)),
];

fn read(library: &mut Library, chosen: &[usize]) -> Vec<Term> {
    let term = |at: &usize| library.term(TERMS[*at].0).unwrap_or_else(|error| panic!("{error}"));
    chosen.iter().map(term).collect()
}

proptest! {
    /// What a term is, and what it takes, does not depend on what stands beside it, nor on the order of reductions.
    #[test]
    fn terms_are_reduced_together_as_they_are_alone(chosen in vec(0..TERMS.len(), 1..12)) {
        let mut library = Library::read(BOOK).expect("a library");
        let terms = read(&mut library, &chosen);
        let expected: Vec<_> = chosen.iter().map(|at| TERMS[*at].1).collect();

        let book = library.book(&terms).expect("nets");
        let mut machine = Machine::new(&book, Limits::default()).expect("room");
        prop_assert_eq!(machine.run(100_000), Progress::Done);
        prop_assert_eq!(machine.result().handed_numbers(terms.len()), Some(expected.clone()));
        let mut rounds = Rounds::new(&book, Limits::default()).expect("room");
        prop_assert_eq!(rounds.run(), Progress::Done);
        prop_assert_eq!(rounds.result().handed_numbers(terms.len()), Some(expected.clone()));
        prop_assert_eq!(rounds.tally(), machine.tally());

        let mut alone = 1;
        for (term, expected) in terms.iter().zip(expected) {
            let book = library.book(core::slice::from_ref(term)).expect("nets");
            let mut machine = Machine::new(&book, Limits::default()).expect("room");
            prop_assert_eq!(machine.run(100_000), Progress::Done);
            prop_assert_eq!(machine.result().handed_numbers(1), Some(Vec::from([expected])));
            alone += machine.tally().interactions() - 1;
        }
        prop_assert_eq!(machine.tally().interactions(), alone);
    }
}

#[test]
fn a_term_without_end_ends_at_the_cap() {
    let library = Library::read(BOOK).expect("a library");
    for text in ["@loop(1)", "@grow(1)"] {
        let book = library.book(&[library.clone().term(text).expect("a term")]).expect("nets");
        let limits = Limits { interactions_max: 1_000, ..Limits::default() };
        let mut machine = Machine::new(&book, limits).expect("room");
        assert_eq!(machine.run(1_000_000), Progress::Capped, "{text}");
        assert_eq!(machine.result().handed_numbers(1), Some(Vec::from([None])));
    }
}

#[test]
fn errors_show_their_place_in_the_term() {
    let mut library = Library::read(BOOK).expect("a library");
    let cases = [
        ("", "1:1: expected a term"),
        ("1 2", "1:3: expected the end of the term, found `2`"),
        ("(+ 1\n @sqare(2))", "2:2: nothing is named `@sqare`: did you mean `@square`?"),
        ("(+ 1 #A)", "1:6: a constructor is nothing that the strict machine has"),
        ("x", "1:1: nothing binds `x` here"),
        ("(+ 1 2", "1:1: nothing closes this `(`"),
        ("~ 1 { 0: 1 }", "1:1: a match with other arms"),
        ("16777216", "1:1: a number of more than 24 bits"),
    ];
    for (text, expected) in cases {
        let shown = library.term(text).expect_err("no term").to_string();
        assert!(shown.starts_with(expected) && shown.ends_with('^'), "{shown}\n{expected}");
    }
    // What was refused leaves nothing behind.
    let terms = read(&mut library, &[5, 2, 5]);
    let book = library.book(&terms).expect("nets");
    let mut machine = Machine::new(&book, Limits::default()).expect("room");
    assert_eq!(machine.run(100_000), Progress::Done);
    assert_eq!(machine.result().handed_numbers(3), Some(Vec::from([Some(3), Some(190), Some(3)])));
    let wrong = Library::read("@a = 1\n@b = #A").expect_err("no nets").to_string();
    assert!(wrong.starts_with("2:6: `@b` has a constructor"), "{wrong}");
}
