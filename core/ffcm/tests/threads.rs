//! Random nets on any number of threads and in rounds: the result and the counts of one thread.

#[path = "../src/tests/random.rs"]
#[expect(dead_code, reason = "these nets are reduced one by one")]
mod random;

use ffcm::{Book, Limits, Machine, Progress, Rounds};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use random::{CAP, nets, random_book, shuffled};
use std::cell::Cell;

#[test]
fn any_number_of_threads_gives_the_same_net_and_the_same_counts() {
    let (checked, busy) = (Cell::new(0u32), Cell::new(0u32));
    let config =
        ProptestConfig { cases: nets(2_000), max_global_rejects: 1_000_000, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let done = runner.run(&(vec(any::<u8>(), 0..160), any::<u64>()), |(bytes, seed)| {
        let text = random_book(&bytes);
        let book = Book::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut machine =
            Machine::new(&book, Limits { interactions_max: CAP, ..Limits::default() }).expect("room");
        prop_assume!(machine.run(u64::MAX) == Progress::Done);
        let expected = (machine.result().to_string(), machine.tally().clone());
        // Small limits, so that threads take small slices of places and pass them on.
        let limits = Limits { nodes_max: 1 << 16, wires_max: 1 << 16, ..Limits::default() };
        let threads = 1 + (shuffled(&mut (seed | 1)) % 8) as usize;
        for threads in [2, threads] {
            let finished = ffcm_host::run(&book, limits, threads);
            prop_assert_eq!(finished.progress(), Progress::Done);
            let result = finished.result().expect("it was started").to_string();
            prop_assert_eq!(&(result, finished.tally().clone()), &expected, "{} threads\n{}", threads, text);
        }
        let mut rounds = Rounds::new(&book, limits).expect("room");
        prop_assert_eq!(rounds.run(), Progress::Done);
        prop_assert_eq!(
            &(rounds.result().to_string(), rounds.tally().clone()),
            &expected,
            "in rounds\n{}",
            text
        );
        checked.set(checked.get() + 1);
        busy.set(busy.get() + u32::from(expected.1.interactions() > 5));
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    println!("{} random nets, {} with more than five interactions", checked.get(), busy.get());
    assert!(busy.get() > checked.get() / 5);
}
