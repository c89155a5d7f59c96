//! Nodes and submitters that are after something else than results.

use super::*;

#[test]
fn however_many_newcomers_hand_a_job_back_it_is_not_given_up() {
    let mut rig = Rig::new(Config::new(GAS));
    let job = rig.submit(1, &manifest(1, 1));
    let many = 3 * lease::DECLINED_MAX as u32;
    for number in 0..many {
        rig.tab(number);
        assert!(rig.has(number, job));
        rig.input(Input::Declined { node: id(number), job, why: "no".into() });
        rig.leases.remove(&(id(number), job));
        rig.leave(number);
    }
    assert_eq!(rig.scheduler.why(job).unwrap().lost, 0);
    assert_eq!(
        rig.scheduler.jobs[&job].state.barred.len(),
        lease::DECLINED_MAX,
        "few of them are remembered"
    );
    // Also not by a scheduler that starts again.
    let mut rig = rig.restart();
    rig.tab(many - 1);
    assert!(!rig.has(many - 1, job), "who handed it back just now");
    rig.tab(many);
    rig.answer(many, job, b"out").unwrap();
    assert_eq!(rig.result(job), (ContentId::of(b"out"), false));
    rig.check();
}

#[test]
fn nodes_that_others_agreed_with_have_a_job_given_up_that_they_hand_back() {
    let mut rig = Rig::new(Config { attempts_max: 4, ..Config::new(GAS) });
    (0..4).for_each(|number| rig.prove(number));
    let job = rig.submit(1, &manifest(1, 1));
    for number in 0..4 {
        rig.tab(number);
        rig.input(Input::Declined { node: id(number), job, why: "no".into() });
        rig.leases.remove(&(id(number), job));
    }
    assert_eq!(rig.refusal(job), RefusalReason::Attempts { lost: 4 });
    rig.check();
}

#[test]
fn what_a_node_handed_back_long_ago_counts_no_longer() {
    let mut rig = Rig::new(Config { attempts_max: 3, ..Config::new(GAS) });
    rig.prove(1);
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    // The same one again and again, for as long as it takes.
    for _ in 0..5 {
        assert!(rig.has(1, job));
        rig.input(Input::Declined { node: id(1), job, why: "no".into() });
        rig.leases.remove(&(id(1), job));
        assert_eq!(rig.scheduler.why(job).unwrap().lost, 1);
        rig = rig.restart();
        rig.tab(1);
        rig.wait(lease::DECLINED_MS);
        assert_eq!(rig.scheduler.why(job).unwrap().lost, 0);
    }
    rig.answer(1, job, b"out").unwrap();
    rig.check();
}

#[test]
fn one_submitters_manifests_do_not_fill_the_queue() {
    let each = signed(1, &manifest(1, 1)).payload.len() as u64;
    let config = Config { bytes_max: 6 * each + 5, bytes_each_max: 3 * each + 2, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    let jobs: Vec<ContentId> = (1..4).map(|nonce| rig.submit(1, &manifest(1, nonce))).collect();
    assert!(matches!(rig.refused(1, &manifest(1, 4)), SubmitError::FullForYou { .. }));
    rig.submit(2, &manifest(2, 1));
    // What has ended takes no place, also after a restart.
    let mut rig = rig.restart();
    assert!(matches!(rig.refused(1, &manifest(1, 4)), SubmitError::FullForYou { .. }));
    rig.input(Input::Cancel { token: 9, job: jobs[0], by: id(20_001) });
    rig.submit(1, &manifest(1, 4));
    rig.check();
}

#[test]
fn newcomers_that_leave_with_a_job_do_not_soon_have_it_given_up() {
    let mut rig = Rig::new(Config::new(GAS));
    let job = rig.submit(1, &manifest(1, 1));
    let bound = 16 * stored::NEWCOMERS_PER_ATTEMPT;
    for number in 0..bound - 1 {
        rig.tab(number);
        assert!(rig.has(number, job));
        rig.leave(number);
    }
    let lost = rig.scheduler.why(job).unwrap().lost;
    assert_eq!(lost, bound - 1);
    // There is an end to it all the same: the job may be at fault.
    rig.tab(bound);
    rig.leave(bound);
    assert_eq!(rig.refusal(job), RefusalReason::Attempts { lost: bound });
}

#[test]
fn newcomers_are_given_little_at_a_time() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.join(1, Advert { ahead: 100, ..advert(Kind::Tab, 50) });
    rig.join(judge(1), advert(Kind::Heavy, 50));
    let jobs: Vec<_> = (0..100).map(|nonce| rig.submit(1, &manifest(1, nonce))).collect();
    let held = |rig: &Rig| rig.scheduler.held_by(id(1)).count();
    assert_eq!(held(&rig), lease::NEWCOMER_JOBS);
    let more = Manifest {
        constraints: Constraints { nodes: vec![id(1)], ..Constraints::default() },
        ..manifest(1, 500)
    };
    let waits = rig.submit(1, &more);
    assert_eq!(rig.reason(waits, 1), Reason::Busy { slots: lease::NEWCOMER_JOBS as u16 });
    let first = *jobs.iter().find(|job| rig.has(1, **job)).unwrap();
    rig.answer(1, first, b"").unwrap();
    assert_eq!(held(&rig), 2 * lease::NEWCOMER_JOBS);
    rig.check();
}

#[test]
fn a_dispute_pushes_out_what_the_only_judge_runs_for_its_own_sake() {
    let mut rig = Rig::new(Config::new(GAS));
    (1..=2).for_each(|number| rig.tab(number));
    rig.join(judge(1), advert(Kind::Heavy, 1));
    let heavy = Constraints { kinds: vec![Kind::Heavy], ..Constraints::default() };
    let mut own = Manifest { constraints: heavy, ..manifest(2, 1) };
    own.limits.wall_ms = 3_000_000;
    let own = rig.submit(2, &own);
    assert!(rig.has(judge(1), own));
    let job = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 1) });
    rig.answer(1, job, b"lie").unwrap();
    rig.answer(2, job, b"out").unwrap();
    assert!(rig.has(judge(1), job) && !rig.has(judge(1), own));
    rig.check();
    rig.wait(1_000);
    // A second dispute does not push out the first, and goes before the job that waits.
    let next = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 2) });
    rig.answer(1, next, b"lie").unwrap();
    rig.answer(2, next, b"out").unwrap();
    assert!(rig.has(judge(1), job));
    rig.answer(judge(1), job, b"out").unwrap();
    assert!(rig.has(judge(1), next));
    rig.answer(judge(1), next, b"out").unwrap();
    assert!(rig.has(judge(1), own), "and then it is its turn again");
    assert_eq!(rig.scheduler.why(own).unwrap().lost, 0);
    rig.check();
}

#[test]
fn a_judge_among_those_that_differ_has_settled_it() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    rig.join(judge(1), advert(Kind::Heavy, 1));
    let kinds = Constraints { kinds: vec![Kind::Heavy, Kind::Tab], ..Constraints::default() };
    let job = rig.submit(1, &Manifest { replicas: 2, constraints: kinds, ..manifest(1, 1) });
    rig.answer(judge(1), job, b"out").unwrap();
    rig.answer(1, job, b"lie").unwrap();
    assert_eq!(rig.result(job), (ContentId::of(b"out"), true));
    assert_eq!(rig.scheduler.standing(id(1)).disagreed, 1);
    assert_eq!(rig.scheduler.standing(id(judge(1))), Standing::default());
    let live: BTreeMap<NodeId, Standing> = rig.scheduler.standings().collect();
    assert_eq!(replay(rig.scheduler.ended()), live);
}

#[test]
fn a_job_that_is_forgotten_is_not_run_and_credited_again() {
    let config = Config { ended_max: 1, forgotten_max: 2, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    rig.tab(1);
    for nonce in 0..3 {
        let job = rig.submit(1, &manifest(1, nonce));
        rig.answer(1, job, b"").unwrap();
    }
    assert_eq!(rig.refused(1, &manifest(1, 0)), SubmitError::Forgotten);
    let mut rig = rig.restart();
    let error = rig.refused(1, &manifest(1, 1));
    assert!(error.to_string().contains("another `nonce`"), "{error}");
    // As many as there is place for, and no longer than they could be submitted.
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 3));
    rig.answer(1, job, b"").unwrap();
    rig.submit(1, &manifest(1, 4));
    assert_eq!(rig.store.list(b"j/f/").len(), 2);
    rig.wait(3_600_001);
    let later =
        |nonce| Manifest { created: rig_now(), deadline: rig_now().plus_ms(9_000), ..manifest(1, nonce) };
    rig.submit(1, &later(5));
    assert_eq!(rig.store.list(b"j/f/").len(), 0);
}

fn rig_now() -> Instant {
    start().plus_ms(3_600_001)
}

#[test]
fn who_does_not_come_back_after_a_restart_loses_its_leases() {
    let mut rig = Rig::new(Config::new(GAS));
    (1..=2).for_each(|number| rig.tab(number));
    let mut long = manifest(1, 1);
    long.limits.wall_ms = 3_000_000;
    let jobs = [rig.submit(1, &long), rig.submit(1, &Manifest { nonce: "f".repeat(32), ..long })];
    let mut again = rig.restart();
    let back = u32::from(rig.has(2, jobs[0])) + 1;
    let (kept, lost) =
        if rig.has(1, jobs[0]) == (back == 1) { (jobs[0], jobs[1]) } else { (jobs[1], jobs[0]) };
    again.tab(back);
    again.wait(ABSENT_MS);
    assert!(again.has(back, kept));
    again.tab(5);
    assert!(again.has(5, lost));
    again.check();
}
