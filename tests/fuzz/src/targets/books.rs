//! Books of nets that people bring, and what becomes of them.

use super::Target;
use ffcm::{
    Book, BookError, Limits, Machine, Progress, Rounds,
    lazy::{Lazy, LazyLimits, Reading},
    term::Terms,
};

pub(super) const BOOK: Target = Target {
    name: "book",
    about: "a book of interaction nets, which is printed, read again and reduced",
    run: run_book,
    seeds: || SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
};

pub(super) const TERMS: Target = Target {
    name: "terms",
    about: "a book of terms, which is printed, read again, reduced lazily, and made into nets and reduced strictly",
    run: run_terms,
    seeds: || TERM_SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
};

const TERM_SEEDS: &[&str] = &[
    "@main = (λx. (* x x) &0{2 &1{3 4}})",
    "@sum(l) = ~ l { #Nil: 0 #Cons{h t}: (+ h @sum(t)) }\n@range(n) = ~ n { 0: #Nil 1+p: #Cons{p @range(p)} }\n@main = @sum(@range(5))",
    "@main = ! &0{a b} = &1{λx. x λy. (y y)}; #Pair{(a b) (b a)}",
    "@main = λf. ! &{a b} = f; (a (b 'x')) // twice\n",
    "@power(b n) = ~ n !b { 0: 1 1+p: (* b @power(b p)) }\n@main = @power(3 4)",
    "@nat = &0{0 (+ 1 @nat)}\n@main = @nat",
    "@main = (λx. (x x) λx. (x x))",
    "@main = ~ &0{#A #B{1 *}} { #A: '\\u{1F600}' other: ((*) 0xFF 0b11) }",
    "@main = (/ 1 (1 2))",
    "@main = λx. ~ x !y = 3 { 0: y 1: 2 2+p: (<= p y) }",
    "@main = @mian",
];

fn run_terms(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(book) = read(Terms::read(text)) else { return };
    let printed = book.to_string();
    let again = Terms::read(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.to_string(), printed);
    let limits = LazyLimits {
        cells_max: 50_000,
        interactions_max: 5_000,
        steps_max: 50_000,
        items_max: 2_000,
        branches_max: 500,
    };
    for reading in [Reading::Head, Reading::Normal, Reading::BreadthFirst, Reading::DepthFirst] {
        let mut lazy = Lazy::new(&book, limits, reading);
        loop {
            let progress = lazy.run(1_000);
            if let Some(term) = lazy.take_result() {
                let _ = term.shown(&book).to_string();
            }
            if progress.is_final() {
                break;
            }
        }
    }
    let Some(nets) = read(book.to_book()) else { return };
    // Its wires are named anew, so the text is read as it is.
    let printed = nets.to_string();
    assert!(Book::read(&printed).is_ok(), "{printed}");
    let limits = Limits { nodes_max: 10_000, wires_max: 10_000, interactions_max: 10_000 };
    let Ok(mut machine) = Machine::new(&nets, limits) else { return };
    machine.run(u64::MAX);
    if let Some(term) = machine.result().to_term(&book, 2_000) {
        let _ = term.shown(&book).to_string();
    }
}

/// What was read. An error shows a line, the text and a caret.
fn read<T>(read: Result<T, BookError>) -> Option<T> {
    match read {
        Ok(book) => Some(book),
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.ends_with('^') && shown.lines().count() == 3, "{shown}");
            None
        }
    }
}

const SEEDS: &[&str] = &[
    "@main = a & @sum ~ (4 (0 a))\n@sum = (?(((a a) @more) b) b)\n@more = ({c a} ({$([*2] $([+1] d)) $([*2] $([+0] b))} f))\n  \
     &! @sum ~ (a (b $([+] $(e f))))\n  &! @sum ~ (c (d e))\n",
    "// numbers\n@main = {12 {+12 {-12 {1.5 {0x1F {0b11 {+inf {-inf {+NaN {[+] {[:>>] {[*2] [u24]}}}}}}}}}}}}",
    "@main = (a (b {c d})) & (a b) ~ {c d}",
    "@main = x & 7 ~ $([/] $(0 x))",
    "@main = (a b) & @two ~ {a b}\n@two = ({x y} (x y))",
    "@main = a & @loop ~ (* a)\n@loop = (* a) & @loop ~ (* a)",
    "@main = a & @grow ~ (* a)\n@grow = (* (a b)) & @grow ~ (* a) & @grow ~ (* b)",
    "@main = ?((@a @b) x) & 0 ~ ?((* x) *)\n@a = *\n@b = ((((((((((((((((* *) *) *) *) *) *) *) *) *) *) *) *) *) *) *) *)",
    "@main = a & a ~ b & b ~ (c c)",
    "@main = @mian",
];

fn run_book(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some(book) = read(Book::read(text)) else { return };
    let printed = book.to_string();
    let again = Book::read(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    assert_eq!(again.to_string(), printed);
    let limits = Limits { nodes_max: 10_000, wires_max: 10_000, interactions_max: 10_000 };
    let Ok(mut machine) = Machine::new(&book, limits) else { return };
    let progress = machine.run(u64::MAX);
    assert!(progress.is_final());
    let _ = machine.result().to_string();
    // Rounds free later, so they may be full where one thread is not.
    let Ok(mut rounds) = Rounds::new(&book, limits) else { return };
    if (progress, rounds.run()) == (Progress::Done, Progress::Done) {
        assert_eq!(rounds.tally(), machine.tally());
        assert_eq!(rounds.result().to_string(), machine.result().to_string());
    }
}
