//! Standings follow from receipts alone.

use super::*;

#[test]
fn standings_are_what_a_replay_of_the_receipts_gives() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.join(judge(1), advert(Kind::Heavy, 8));
    (1..=4).for_each(|number| rig.tab(number));
    for nonce in 0..8 {
        let replicas = if nonce % 4 == 0 { 1 } else { 3 };
        let job = rig.submit(1, &Manifest { replicas, ..manifest(1, nonce) });
        for number in 1..=4 {
            if rig.has(number, job) {
                let output: &[u8] = if number == 1 { b"lie" } else { b"out" };
                rig.answer(number, job, output).unwrap();
            }
        }
        rig.wait(1);
    }
    let live: BTreeMap<NodeId, Standing> = rig.scheduler.standings().collect();
    assert!(
        live.values().any(|standing| standing.agreed > 0)
            && live.values().any(|standing| standing.disagreed > 0)
    );
    assert_eq!(replay(rig.scheduler.ended()), live);
}

#[test]
fn a_replay_counts_no_receipt_twice_and_none_of_another_job() {
    let mut rig = Rig::new(Config::new(GAS));
    rig.tab(1);
    let job = rig.submit(1, &manifest(1, 1));
    rig.answer(1, job, b"").unwrap();
    let ended = rig.scheduler.end_of(job).unwrap().clone();
    let mut twice = ended.clone();
    twice.answers.push(ended.answers[0].clone());
    let count = |jobs: &[(ContentId, &Ended)]| {
        replay(jobs.iter().copied()).get(&id(1)).map(|standing| standing.unchecked)
    };
    assert_eq!(count(&[(job, &twice), (job, &ended)]), Some(1));
    assert_eq!(count(&[(ContentId::of(b"other"), &ended)]), None);
}

#[test]
fn trust_is_lost_after_three_lies_that_are_more_than_one_in_ten() {
    let standing = |agreed, disagreed| Standing { agreed, disagreed, ..Standing::default() };
    assert!(!standing(0, 2).is_distrusted());
    assert!(standing(0, 3).is_distrusted());
    assert!(standing(29, 3).is_distrusted());
    assert!(!standing(30, 3).is_distrusted());
}
