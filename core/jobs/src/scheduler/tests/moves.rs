//! Jobs move: to free nodes, to others when a node leaves, to judges.

use super::*;

#[test]
fn a_job_goes_at_once_to_a_free_node_and_its_result_is_durable_when_told() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    rig.disk_works = false;
    assert_eq!(rig.try_submit(1, &manifest(1, 1)), None, "nothing is acknowledged before it is durable");
    assert_eq!(rig.handed.len(), 1, "the work has begun");
    rig.disk_works = true;
    rig.wait(STORE_RETRY_MS);
    let taken = rig.submitted.pop_first().unwrap().1.unwrap();
    assert_eq!((taken.able, taken.words.as_str()), (1, ""));
    assert_eq!(rig.answer(1, taken.job, b"out"), Ok(()));
    assert_eq!(rig.result(taken.job), (ContentId::of(b"out"), false), "nobody checked it");
    assert_eq!(rig.scheduler.standing(id(1)), Standing { unchecked: 1, ..Standing::default() });
    assert!(rig.scheduler.open().next().is_none());
    rig.check();
}

#[test]
fn a_short_job_is_not_stuck_behind_a_long_one_while_nodes_idle() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let mut long = manifest(1, 1);
    long.limits.wall_ms = 3_000_000;
    let long = rig.submit(1, &long);
    let short = rig.submit(1, &manifest(1, 2));
    assert!(rig.has(1, long) && !rig.has(1, short));
    assert!(matches!(rig.reason(short, 1), Reason::Busy { slots: 1 }));
    rig.tab(2);
    assert!(rig.has(2, short), "a node that comes takes it at once");
    // And one that waits for what no node here has holds up nobody.
    let mut huge = manifest(1, 3);
    huge.priority = 9;
    huge.constraints.kinds = vec![Kind::Heavy];
    rig.submit(1, &huge);
    rig.answer(2, short, b"").unwrap();
    let next = rig.submit(1, &manifest(1, 4));
    assert!(rig.has(2, next));
    rig.check();
}

#[test]
fn a_tab_closed_mid_job_is_rescheduled_without_double_credit() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 1) });
    rig.tab(2);
    let lease = rig.leases[&(id(1), job)].clone();
    rig.leave(1);
    rig.tab(3);
    assert!(rig.has(3, job), "another has it");
    // The tab comes back and has finished all the same.
    rig.tab(1);
    let receipt = receipt(1, &lease, b"out", rig.now);
    assert_eq!(rig.hand_in(1, receipt.clone()), Err(AnswerError::NoLease));
    rig.answer(2, job, b"out").unwrap();
    rig.answer(3, job, b"out").unwrap();
    assert_eq!(rig.result(job), (ContentId::of(b"out"), true));
    assert_eq!(rig.hand_in(1, receipt), Err(AnswerError::NoLease));
    assert_eq!(rig.scheduler.standing(id(1)), Standing::default());
    assert_eq!(rig.scheduler.standing(id(2)).agreed, 1);
    assert_eq!(rig.scheduler.standing(id(3)).agreed, 1);
    rig.check();
}

#[test]
fn the_only_node_gets_its_job_again_some_time_after_it_left() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    rig.leave(1);
    rig.tab(1);
    let until = rig.now.plus_ms(AWAY_MS);
    assert_eq!(rig.reason(job, 1), Reason::Left { until });
    rig.wait(AWAY_MS - 1);
    assert!(!rig.has(1, job));
    rig.wait(1);
    assert!(rig.has(1, job));
    rig.check();
}

#[test]
fn a_node_that_does_not_answer_loses_the_job_to_another() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    rig.tab(2);
    rig.wait(9_999);
    assert!(rig.has(1, job));
    rig.wait(1);
    assert!(!rig.has(1, job) && rig.has(2, job));
    assert_eq!(rig.reason(job, 1), Reason::TookTooLong);
    rig.input(Input::Declined { node: id(2), job, why: "no such\u{0} module".into() });
    let until = Some(rig.now.plus_ms(lease::DECLINED_MS));
    assert_eq!(rig.reason(job, 2), Reason::Declined { why: "no such module".into(), until });
    let why = rig.scheduler.why(job).unwrap();
    assert!(!why.is_stuck() && why.to_string().contains("no such module; may have it again from"), "{why}");
    rig.wait(lease::DECLINED_MS);
    assert!(rig.has(2, job), "what stood in its way may be gone");
    assert_eq!(rig.reason(job, 1), Reason::TookTooLong);
    rig.check();
}

#[test]
fn a_job_that_ends_every_node_is_given_up() {
    let config = Config { attempts_max: 4, ..Config::new(GAS) };
    let mut rig = Rig::new(config);
    (0..4).for_each(|number| rig.prove(number));
    let job = rig.submit(1, &manifest(1, 1));
    for number in 0..4 {
        assert!(!rig.ended.contains_key(&job));
        rig.tab(number);
        assert!(rig.has(number, job));
        rig.leave(number);
    }
    assert_eq!(rig.refusal(job), RefusalReason::Attempts { lost: 4 });
    assert!(rig.refusal(job).to_string().contains("limits.wall_ms"));
    rig.check();
}

#[test]
fn a_job_without_a_result_is_refused_at_its_deadline_with_what_it_waited_for() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &Manifest { replicas: 3, ..manifest(1, 1) });
    rig.answer(1, job, b"out").unwrap();
    rig.wait(3_600_000);
    let RefusalReason::Deadline { why } = rig.refusal(job) else { panic!() };
    assert!(why.starts_with("1 of 3 answers are there, and it waits for 2 more nodes"), "{why}");
    assert!(why.contains("has answered already"), "{why}");
    assert_eq!(rig.scheduler.standing(id(1)), Standing::default(), "nothing was decided");
    rig.check();
}

#[test]
fn a_strict_majority_is_the_result_and_the_others_stop() {
    let mut rig = Rig::new(Config::new(GAS));
    (1..=5).for_each(|number| rig.tab(number));
    let job = rig.submit(1, &Manifest { replicas: 5, ..manifest(1, 1) });
    rig.answer(1, job, b"lie").unwrap();
    rig.answer(2, job, b"out").unwrap();
    rig.answer(3, job, b"out").unwrap();
    assert!(!rig.ended.contains_key(&job), "two of five is no majority");
    let late = rig.leases[&(id(5), job)].clone();
    rig.answer(4, job, b"out").unwrap();
    assert_eq!(rig.result(job), (ContentId::of(b"out"), true));
    assert!(!rig.has(5, job), "its lease is taken back");
    assert_eq!(rig.scheduler.standing(id(1)).disagreed, 1);
    // What was on its way is taken, once. It may be a copy of the result, and is no credit.
    let receipt = receipt(5, &late, b"out", rig.now);
    let unchecked = Standing { unchecked: 1, ..Standing::default() };
    assert_eq!(rig.hand_in(5, receipt.clone()), Ok(()));
    assert_eq!(rig.scheduler.standing(id(5)), unchecked);
    assert_eq!(rig.hand_in(5, receipt), Err(AnswerError::Twice));
    assert_eq!(rig.scheduler.standing(id(5)), unchecked);
    assert_eq!(replay(rig.scheduler.ended())[&id(5)], unchecked, "by the receipts too");
    assert_eq!(rig.scheduler.end_of(job).unwrap().answers.len(), 5);
    rig.check();
}

#[test]
fn a_dispute_is_settled_by_a_judge_and_by_nobody_else() {
    for claims in [[&b"a"[..], b"b"], [b"right", b"wrong"]] {
        let mut rig = Rig::new(Config::new(GAS));
        (1..=3).for_each(|number| rig.tab(number));
        rig.join(4, advert(Kind::Heavy, 4));
        let job = rig.submit(1, &Manifest { replicas: 2, ..manifest(1, 1) });
        for (number, claim) in (1..).zip(claims) {
            rig.answer(number, job, claim).unwrap();
        }
        let why = rig.scheduler.why(job).unwrap();
        assert_eq!(why.stage, Stage::Disputed);
        assert_eq!(rig.reason(job, 3), Reason::NoJudge);
        assert_eq!(rig.reason(job, 4), Reason::NoJudge, "a heavy node that the owner does not trust");
        assert!(why.is_stuck() && why.to_string().contains("waits for a heavy node"), "{why}");
        rig.join(judge(1), advert(Kind::Heavy, 4));
        rig.answer(judge(1), job, b"right").unwrap();
        assert_eq!(rig.result(job), (ContentId::of(b"right"), true));
        let agreed = [1, 2].map(|number| rig.scheduler.standing(id(number)).agreed);
        assert_eq!(agreed, [u64::from(claims[0] == b"right"), 0]);
        assert_eq!(rig.scheduler.standing(id(judge(1))), Standing::default(), "judges earn nothing");
        rig.check();
    }
}

#[test]
fn with_quorum_unanimous_one_voice_against_brings_the_judge() {
    let mut rig = Rig::new(Config::new(GAS));
    (1..=3).for_each(|number| rig.tab(number));
    rig.join(judge(1), advert(Kind::Heavy, 1));
    let asked = Manifest { replicas: 3, quorum: Quorum::Unanimous, ..manifest(1, 1) };
    let job = rig.submit(1, &asked);
    rig.answer(1, job, b"lie").unwrap();
    rig.answer(2, job, b"lie").unwrap();
    assert!(!rig.ended.contains_key(&job));
    rig.answer(3, job, b"right").unwrap();
    rig.answer(judge(1), job, b"right").unwrap();
    assert_eq!(rig.result(job).0, ContentId::of(b"right"));
    assert_eq!([1, 2, 3].map(|number| rig.scheduler.standing(id(number)).disagreed), [1, 1, 0]);
}

#[test]
fn a_failed_guest_is_a_result_that_says_failed() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    let (_, opened) = Manifest::open(&rig.leases[&(id(1), job)]).unwrap();
    let receipt = Receipt { ending: Ending::Exit(3), ..receipt_of(1, job, &opened, b"", rig.now) };
    rig.hand_in(1, receipt.sign(&key(1)).unwrap()).unwrap();
    let words = rig.ended[&job].outcome.to_string();
    assert_eq!(words, "failed with exit code 3 (by one node's word)");
}

#[test]
fn receipts_that_are_not_in_order_are_refused() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    rig.tab(2);
    let job = rig.submit(1, &manifest(1, 1));
    let document = rig.leases[&(id(1), job)].clone();
    let (_, opened) = Manifest::open(&document).unwrap();
    let good = receipt_of(1, job, &opened, b"out", rig.now);
    let other = ContentId::of(b"other");
    let hand_in = |rig: &mut Rig, receipt: Receipt| rig.hand_in(1, receipt.sign(&key(1)).unwrap());
    assert_eq!(rig.hand_in(2, good.sign(&key(1)).unwrap()), Err(AnswerError::OtherNode));
    assert_eq!(hand_in(&mut rig, Receipt { job: other, ..good.clone() }), Err(AnswerError::NoLease));
    let mut forged = good.sign(&key(1)).unwrap();
    forged.signatures[0].sig[0] ^= 1;
    assert!(matches!(rig.hand_in(1, forged), Err(AnswerError::Receipt(_))));
    assert!(rig.has(1, job) && rig.scheduler.why(job).unwrap().lost == 0, "its lease stands");
    // One that it signed itself about this lease costs it the job.
    let wrong = Receipt { module: other, ..good.clone() };
    assert!(matches!(
        hand_in(&mut rig, wrong),
        Err(AnswerError::Receipt(crate::ReceiptError::OtherThanManifest { .. }))
    ));
    assert!(matches!(rig.reason(job, 1), Reason::WrongReceipt { .. }));
    assert!(rig.has(2, job));
    let gas = Receipt { gas: "other-1".into(), ..receipt_of(2, job, &opened, b"out", rig.now) };
    assert_eq!(rig.hand_in(2, gas.sign(&key(2)).unwrap()), Err(AnswerError::OtherGas));
    rig.check();
}

#[test]
fn only_its_submitter_cancels_a_job() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    let cancel = |rig: &mut Rig, job, by| {
        rig.input(Input::Cancel { token: 9, job, by });
        rig.cancelled.remove(&9).unwrap()
    };
    assert_eq!(cancel(&mut rig, job, id(1)), Err(CancelError::NotYours));
    assert_eq!(cancel(&mut rig, ContentId::of(b""), id(1)), Err(CancelError::Unknown));
    assert_eq!(cancel(&mut rig, job, id(20_001)), Ok(()));
    assert_eq!(rig.refusal(job), RefusalReason::Cancelled);
    assert!(!rig.has(1, job), "the node is told to stop");
    assert_eq!(cancel(&mut rig, job, id(20_001)), Err(CancelError::Ended));
    let next = rig.submit(1, &manifest(1, 2));
    assert!(rig.has(1, next), "and is free");
}
