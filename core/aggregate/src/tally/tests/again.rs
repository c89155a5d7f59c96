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

#[test]
fn who_is_in_a_sum_that_is_out_stays_known_where_the_result_is_over_another_set() {
    let mut trio = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=6 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    // One that 2 does not hold.
    trio.report(7, 2, &[0, 1]);
    trio.close();
    trio.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Partial, |_, _| {});
    assert!(trio.tallies.iter().all(|tally| tally.stage() == Stage::Committed));
    trio.restart(0);
    let out = trio.tallies[0].released().expect("a sum may be out");
    assert_eq!(out.lights, [1, 2, 3, 4, 5, 6].map(light));
    // The other two come to a result over another set.
    let mut commitment = trio.tallies[1].committed.as_ref().unwrap().commitment.clone();
    (commitment.cohort, commitment.set, commitment.participants) = (0b110, ContentId::of(b"another"), 3);
    let plan = trio.proposal.plan().unwrap();
    let result = outcome::Outcome::new(trio.id, &trio.proposal, &plan, &commitment, &[3, 6]).unwrap();
    let mut envelope = result.envelope();
    [1, 2].into_iter().for_each(|role: usize| envelope.sign(&trio.keys[role].0));
    let heavy = trio.keys[1].0.id();
    trio.tallies[0].learn(heavy, Pulled::Result { envelope: envelope.to_json() });
    trio.step(0);
    assert_eq!(trio.sum(0), ("6".into(), 3));
    for _ in 0..2 {
        assert_eq!(trio.tallies[0].released().as_ref(), Some(&out));
        assert_eq!(trio.mine(0, 1), Mine::Held, "the set is not known here");
        trio.restart(0);
    }
}
