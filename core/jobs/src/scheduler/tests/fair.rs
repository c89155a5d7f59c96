//! Who goes first, and who has to come again.

use super::*;
use core::cmp::Reverse;

/// Answers jobs on node 1 one after the other, each after `ms`; whose they were, in order.
fn served(rig: &mut Rig, count: usize, ms: u64) -> Vec<NodeId> {
    let mut order = Vec::new();
    for _ in 0..count {
        let Some(job) = rig.leases.keys().find(|(node, _)| *node == id(1)).map(|(_, job)| *job) else {
            break;
        };
        let (_, manifest) = Manifest::open(&rig.leases[&(id(1), job)]).unwrap();
        order.push(manifest.submitter);
        rig.wait(ms);
        rig.answer(1, job, b"").unwrap();
        rig.check();
    }
    order
}

#[test]
fn a_submitter_with_a_thousand_jobs_does_not_hold_up_one_with_ten() {
    let mut rig = Rig::new(Config::new(GAS));
    for nonce in 0..300 {
        rig.submit(1, &manifest(1, nonce));
    }
    for nonce in 0..10 {
        rig.submit(2, &manifest(2, nonce));
    }
    rig.tab(1);
    let order = served(&mut rig, 22, 100);
    let second = order.iter().filter(|by| **by == id(20_002)).count();
    assert_eq!(second, 10, "they take turns: {order:?}");
}

#[test]
fn machine_time_is_what_is_shared() {
    let mut rig = Rig::new(Config::new(GAS));
    // One's jobs take 5 s each by their limit, the other's 1 s.
    for nonce in 0..100 {
        let mut long = manifest(1, nonce);
        long.limits.wall_ms = 5_000;
        rig.submit(1, &long);
        let mut short = manifest(2, nonce);
        short.limits.wall_ms = 1_000;
        rig.submit(2, &short);
    }
    rig.tab(1);
    let (mut long_ms, mut short_ms) = (0u64, 0u64);
    for _ in 0..60 {
        let job = rig.leases.keys().next().unwrap().1;
        let (_, manifest) = Manifest::open(&rig.leases[&(id(1), job)]).unwrap();
        // Each uses nine tenths of its limit.
        let ms = u64::from(manifest.limits.wall_ms) * 9 / 10;
        *(if manifest.submitter == id(20_001) { &mut long_ms } else { &mut short_ms }) += ms;
        rig.wait(ms);
        rig.answer(1, job, b"").unwrap();
    }
    assert!(long_ms.abs_diff(short_ms) <= 5_000, "{long_ms} ms and {short_ms} ms");
}

#[test]
fn who_was_away_has_saved_up_nothing() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    for nonce in 0..60 {
        rig.submit(1, &manifest(1, nonce));
    }
    served(&mut rig, 30, 1_000);
    for nonce in 0..30 {
        rig.submit(2, &manifest(2, nonce));
    }
    let order = served(&mut rig, 20, 1_000);
    let second = order.iter().filter(|by| **by == id(20_002)).count();
    assert!((9..=11).contains(&second), "{second} of 20");
}

#[test]
fn priority_counts_among_one_s_own_jobs_alone() {
    let mut rig = Rig::new(Config::new(GAS));
    let low = rig.submit(1, &manifest(1, 1));
    let high = rig.submit(1, &Manifest { priority: 9, ..manifest(1, 2) });
    for nonce in 0..2 {
        rig.submit(2, &Manifest { priority: 9, ..manifest(2, nonce) });
    }
    rig.tab(1);
    served(&mut rig, 4, 10);
    let order: Vec<ContentId> = rig.handed.iter().map(|(_, job)| *job).collect();
    let place = |job: &ContentId| order.iter().position(|other| other == job).unwrap();
    assert!(place(&high) < place(&low), "the higher first");
    assert!(place(&high) < 2 && place(&low) >= 2, "others' priorities push nobody back: {order:?}");
}

#[test]
fn a_full_queue_says_when_to_come_again() {
    let config = Config { jobs_each_max: 3, jobs_max: 5, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    let own: Vec<_> = (0..3).map(|nonce| rig.submit(1, &manifest(1, nonce))).collect();
    let SubmitError::FullForYou { retry_ms } = rig.refused(1, &manifest(1, 3)) else { panic!() };
    assert!((1_000..=600_000).contains(&retry_ms));
    for nonce in 0..2 {
        rig.submit(2, &manifest(2, nonce));
    }
    let error = rig.refused(3, &manifest(3, 0));
    assert!(
        matches!(error, SubmitError::Full { .. }) && error.to_string().contains("try again in"),
        "{error}"
    );
    // What is known is no second job.
    assert_eq!(rig.submit(1, &manifest(1, 0)), own[0]);
    rig.tab(1);
    rig.wait(1_000);
    let first = rig.handed[0].1;
    rig.answer(1, first, b"").unwrap();
    rig.submit(3, &manifest(3, 0));
}

#[test]
fn the_bytes_of_documents_are_bounded() {
    let config = Config { bytes_max: 5_000, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    let mut taken = 0;
    while let Some(Ok(_)) = rig.try_submit(1, &manifest(1, taken)) {
        taken += 1;
        assert!(taken < 20);
    }
    assert!(taken > 2 && rig.scheduler.bytes <= 5_000);
    rig.tab(1);
    served(&mut rig, 20, 1);
    assert_eq!(rig.scheduler.bytes, 0);
}

#[test]
fn waiting_jobs_differ_in_a_bounded_number_of_ways() {
    let mut rig = Rig::new(Config::new(GAS));
    let varied = |nonce: u32| {
        let mut job = manifest(1, nonce);
        job.limits.fuel = u64::from(nonce) + 1;
        job
    };
    for nonce in 0..NEEDS_MAX as u32 {
        rig.submit(1, &varied(nonce));
    }
    let error = rig.refused(1, &varied(NEEDS_MAX as u32));
    assert!(matches!(error, SubmitError::TooVaried { .. }), "{error}");
    // One more of those that wait is welcome.
    rig.submit(1, &Manifest { nonce: "f".repeat(32), ..varied(0) });
}

#[test]
fn more_nodes_than_there_is_place_for_are_told_so() {
    let mut rig = Rig::new(Config { nodes_max: 2, ..Config::new(GAS) });
    (1..=3).for_each(|number| rig.tab(number));
    assert_eq!(rig.full, [id(3)]);
    rig.tab(1);
    rig.leave(2);
    rig.tab(3);
    assert_eq!(rig.full, [id(3)]);
}

#[test]
fn time_that_was_given_back_keeps_nobody_behind() {
    let mut queue = Queue::default();
    let (needs, place) = (Needs::of(&manifest(1, 0), false), |at| (Reverse(0), at, ContentId::of(b"a job")));
    queue.enter(id(1), 1);
    for _ in 0..1_000 {
        queue.charge(id(1), 86_400_000);
    }
    for _ in 0..1_000 {
        queue.give_back(id(1), 86_400_000);
    }
    queue.enter(id(2), 1);
    queue.wait(id(1), &needs, place(1));
    queue.wait(id(2), &needs, place(2));
    queue.charge(id(1), 1_000);
    let first = queue.in_order().next().unwrap().1.waiting()[&needs].of(id(1)).next().unwrap().1;
    assert_eq!(first, 2, "who came later is next once the other is served");
}

#[test]
fn what_a_node_has_had_is_not_looked_at_again_for_each_next_job() {
    let mut rig = Rig::new(Config::new(GAS));
    let jobs: Vec<_> =
        (0..200).map(|nonce| rig.submit(1, &Manifest { replicas: 2, ..manifest(1, nonce) })).collect();
    rig.tab(1);
    served(&mut rig, 100, 1);
    let looked_at = |rig: &Rig| {
        let (_, share) = rig.scheduler.queue.in_order().next().unwrap();
        share.waiting().values().map(|line| line.of(id(1)).count()).sum::<usize>()
    };
    assert!(looked_at(&rig) <= 200 - 100 + 8, "{}", looked_at(&rig));
    // One that it had is there for it again.
    let held = *jobs.iter().find(|job| rig.has(1, **job)).unwrap();
    rig.input(Input::Returned { node: id(1), job: held });
    rig.leases.remove(&(id(1), held));
    served(&mut rig, 20, 1);
    rig.wait(1_001);
    let number = rig.scheduler.jobs[&held].state.number;
    let (_, share) = rig.scheduler.queue.in_order().next().unwrap();
    assert!(share.waiting().values().any(|line| line.of(id(1)).any(|place| place.1 == number)));
    served(&mut rig, 1, 1);
    assert!(rig.has(1, held));
    rig.check();
}
