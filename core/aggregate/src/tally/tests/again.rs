//! Heavy nodes that come back with less in memory than they knew.

use super::*;

#[test]
fn who_is_counted_is_known_after_a_restart_also_where_answers_were_taken_back() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=8 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        for role in 0..3 {
            for seed in [2, 4, 7] {
                let mut batch = Batch::new();
                assert_eq!(trio.tallies[role].withdraw(trio.now, light(seed), &mut batch), Ok(true));
                trio.stores[role].apply(&batch).unwrap();
            }
        }
        // One that only two hold, and that is left out.
        trio.report(9, 1, &[0, 1]);
        trio.close();
        trio.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Partial, |_, _| {});
        assert!(trio.tallies.iter().all(|tally| tally.stage() == Stage::Committed));
        let released = trio.tallies[0].released();
        trio.restart(0);
        assert_eq!(trio.tallies[0].released(), released);
        trio.settle();
        for seed in [1, 3, 5, 6, 8] {
            assert_eq!(trio.mine(0, seed), Mine::Counted, "{scheme}: {seed}");
        }
        assert_eq!((trio.mine(0, 9), trio.mine(0, 2)), (Mine::NotHeldByAll, Mine::None), "{scheme}");
        assert_eq!(trio.sum(0), ("5".into(), 5));
    }
}

#[test]
fn one_that_never_opened_takes_the_result_of_the_other_two() {
    let mut trio = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=3 {
        trio.report(seed, 2, &[0, 1]);
    }
    // What the others accepted never reached it.
    let envelope = trio.proposal.sign(&proposer());
    let (tally, persist) = Tally::accept(trio.id, trio.proposal.clone(), envelope, &trio.keys[2].0).unwrap();
    trio.stores[2] = MemoryStore::new();
    trio.stores[2].apply(&persist.batch).unwrap();
    trio.tallies[2] = tally;
    trio.tallies[2].persisted(persist.stage);
    trio.close();
    trio.step(2);
    assert!(matches!(trio.reason(2), RefusalReason::HeavyMissing { .. }));
    trio.settle();
    trio.now = trio.third(1);
    trio.settle();
    for role in 0..3 {
        assert_eq!(trio.sum(role), ("6".into(), 3));
    }
    trio.restart(2);
    assert_eq!(trio.sum(2), ("6".into(), 3));
}
