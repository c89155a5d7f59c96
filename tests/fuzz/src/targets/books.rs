//! Books of nets that people bring, and what becomes of them.

use super::Target;
use ffcm::{Book, Limits, Machine, Progress, Rounds};

pub(super) const BOOK: Target = Target {
    name: "book",
    about: "a book of interaction nets, which is printed, read again and reduced",
    run: run_book,
    seeds: || SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect(),
};

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
    let book = match Book::read(text) {
        Ok(book) => book,
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.ends_with('^') && shown.lines().count() == 3, "{shown}");
            return;
        }
    };
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
