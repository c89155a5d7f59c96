use super::*;
use ffcm::{Machine, Resource};

const TREE: &str = "
    @gen = (?(((a a) @gen0) b) b)
    @gen0 = ({a d} ({$([*2] $([+1] b)) $([*2] e)} (c f))) &! @gen ~ (a (b c)) &! @gen ~ (d (e f))
    @main = a & @sum ~ (14 (@made a))
    @made = a & @gen ~ (14 (0 a))
    @sum = (?(((* 1) @sum0) a) a)
    @sum0 = ({a c} ((b d) f)) &! @sum ~ (a (b $([+] $(e f)))) &! @sum ~ (c (d e))";

fn book(text: &str) -> Book {
    Book::read(text).unwrap_or_else(|error| panic!("{error}"))
}

fn alone(book: &Book) -> (Tally, String) {
    let mut machine = Machine::new(book, Limits::default()).expect("room");
    assert_eq!(machine.run(u64::MAX), Progress::Done);
    (machine.tally().clone(), machine.result().to_string())
}

#[test]
fn any_number_of_threads_does_what_one_does() {
    let book = book(TREE);
    let (tally, result) = alone(&book);
    assert_eq!(result, "16384");
    for threads in [1, 2, 3, 8] {
        for _ in 0..4 {
            let finished = run(&book, Limits::default(), threads);
            assert_eq!(finished.progress(), Progress::Done);
            assert_eq!(finished.tally(), &tally, "{threads} threads");
            assert_eq!(finished.result().map(|result| result.to_string()).as_deref(), Some("16384"));
        }
    }
}

#[test]
fn a_line_of_work_leaves_the_others_idle_and_ends() {
    let book = book("@main = a & @loop ~ (60000 a) @loop = (?((0 @next) a) a) @next = (a b) & @loop ~ (a b)");
    let (tally, result) = alone(&book);
    let finished = run(&book, Limits::default(), 4);
    assert_eq!((finished.progress(), finished.tally()), (Progress::Done, &tally));
    assert_eq!(finished.result().map(|got| got.to_string()), Some(result));
}

#[test]
fn what_never_ends_is_capped_and_what_grows_is_full() {
    let endless = book("@main = a & @loop ~ (* a) @loop = (* a) & @loop ~ (* a)");
    let limits = Limits { interactions_max: 50_000, ..Limits::default() };
    for threads in [1, 3] {
        let finished = run(&endless, limits, threads);
        assert_eq!(finished.progress(), Progress::Capped);
        assert!(finished.tally().interactions() >= 50_000);
    }
    let grows = book("@main = a & @grow ~ (* a) @grow = (* (a b)) & @grow ~ (* a) & @grow ~ (* b)");
    for threads in [1, 3] {
        let finished = run(&grows, Limits { nodes_max: 10_000, ..Limits::default() }, threads);
        assert_eq!(finished.progress(), Progress::Full(Resource::Nodes));
        let finished = run(&grows, Limits { wires_max: 10_000, ..Limits::default() }, threads);
        assert_eq!(finished.progress(), Progress::Full(Resource::Wires));
    }
    let none = run(&grows, Limits { wires_max: 0, ..Limits::default() }, 2);
    assert!(matches!(none.progress(), Progress::Full(_)) && none.result().is_none());
}

#[test]
fn many_small_nets_beside_each_other_are_all_done() {
    let calls = "& @loop ~ (9 *)\n".repeat(3000);
    let book = book(&format!("@main = *\n{calls}@loop = (?((0 @next) a) a) @next = (a b) & @loop ~ (a b)"));
    let (tally, result) = alone(&book);
    for threads in [2, 5] {
        let finished = run(&book, Limits::default(), threads);
        assert_eq!((finished.progress(), finished.tally()), (Progress::Done, &tally));
        assert_eq!(finished.result().map(|got| got.to_string()).as_ref(), Some(&result));
    }
}

#[test]
fn small_shares_make_hungrier_and_large_ones_modest() {
    let mut appetite = pool::Appetite::new();
    let asked: Vec<_> = (1..=14).map(|_| appetite.after(0)).collect();
    assert_eq!(asked[..4], [1, 2, 4, 8]);
    assert_eq!(asked[12..], [4096; 2], "there is a bound");
    assert_eq!([1, 2].map(|times| appetite.after(times * 1_000_000)), [2048, 1024]);
}
