//! What `rep64` survives: one heavy node that stops, at any moment, and one that lies.

use super::*;

fn five() -> Trio {
    let mut trio = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=5 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    // One that reached two only, for each pair.
    trio.report(6, 100, &[0, 1]);
    trio.report(7, 100, &[1, 2]);
    trio.report(8, 100, &[0, 2]);
    trio
}

/// Exchanges words until the end of the grace period, third by third.
fn wait(trio: &mut Trio, alive: &[usize]) {
    for thirds in 1..=3 {
        trio.now = trio.third(thirds).max(trio.now);
        if thirds == 3 {
            trio.give_up();
        }
        trio.settle_among(alive);
    }
}

#[test]
fn two_go_on_without_a_heavy_node_that_stops_before_it_offers() {
    for dead in 0..3 {
        let mut trio = five();
        let alive: Vec<usize> = (0..3).filter(|role| *role != dead).collect();
        trio.close();
        trio.settle_among(&alive);
        assert!(alive.iter().all(|role| trio.tallies[*role].stage() == Stage::Closed), "it may come yet");
        trio.now = trio.third(1);
        trio.settle_among(&alive);
        for role in &alive {
            // The five, and the one that reached these two.
            assert_eq!(trio.sum(*role), ("110".into(), 6), "without {dead}");
            let Verified::Result(outcome) = trio.end(*role) else { panic!() };
            assert_eq!(outcome.cohort, alive.iter().map(|role| trio.keys[*role].0.id()).collect::<Vec<_>>());
        }
        assert_eq!(trio.tallies[alive[0]].end(), trio.tallies[alive[1]].end());
        // It comes back, and takes what there is.
        trio.restart(dead);
        trio.settle();
        assert_eq!(trio.tallies[dead].end(), trio.tallies[alive[0]].end());
        assert_eq!(trio.mine(dead, 1), Mine::Held, "the set is not known there");
        assert_eq!(trio.tallies[dead].released(), None);
        trio.restart(dead);
        assert_eq!(trio.sum(dead), ("110".into(), 6));
    }
}

#[test]
fn a_heavy_node_may_stop_at_any_word() {
    for dead in 0..3usize {
        let alive: Vec<usize> = (0..3).filter(|role| *role != dead).collect();
        for words in 0..14 {
            for first in [0, 1] {
                let mut trio = five();
                trio.close();
                // So many of its words come out, to one of the others before the other.
                let mut left = words;
                'until: for _ in 0..10 {
                    for role in 0..3 {
                        trio.step(role);
                    }
                    let order = [alive[first], alive[1 - first], dead];
                    for at in order {
                        for (peer, pull) in trio.tallies[at].wants() {
                            let from = trio.proposal.role(peer).unwrap();
                            if from == dead && left == 0 {
                                break 'until;
                            }
                            left -= usize::from(from == dead);
                            let word = trio.tallies[from].publish(pull, &trio.keys[from].0);
                            trio.tallies[at].learn(peer, word);
                        }
                    }
                }
                wait(&mut trio, &alive);
                let (one, other) = (trio.sum(alive[0]), trio.sum(alive[1]));
                assert_eq!(one, other);
                let known = [("10".into(), 5), ("110".into(), 6)];
                assert!(known.contains(&one), "{one:?}: without {dead} after {words} words");
                trio.restart(dead);
                trio.settle();
                assert_eq!(trio.sum(dead), one, "without {dead} after {words} words");
            }
        }
    }
}

#[test]
fn who_lacks_the_ids_of_a_dead_heavy_node_gets_them_from_the_third() {
    let mut trio = five();
    trio.close();
    // 2 tells 0 alone of its ids, and stops.
    trio.settle_where(
        &[0, 1, 2],
        |by, of, pull| of != 2 || (by == 0 && matches!(pull, Pull::Offer { .. })),
        |_, _| {},
    );
    assert_eq!(trio.tallies[0].stage(), Stage::Committed, "to what all three hold");
    assert_eq!(trio.tallies[1].stage(), Stage::Committed);
    trio.now = trio.third(2);
    trio.settle_among(&[0, 1]);
    assert_eq!((trio.sum(0), trio.sum(1)), (("10".into(), 5), ("10".into(), 5)));
    let Verified::Result(outcome) = trio.end(0) else { panic!() };
    assert_eq!(outcome.cohort.len(), 3);
}

#[test]
fn ids_passed_on_falsely_are_not_taken() {
    let mut trio = five();
    trio.close();
    trio.settle_where(
        &[0, 1, 2],
        |by, of, pull| of != 2 || (by == 0 && matches!(pull, Pull::Offer { .. })),
        |from, word| {
            if let Pulled::Offer(offer) = word
                && from == 0
                && offer.of == 2
            {
                offer.ids.pop();
                offer.total -= 1;
            }
        },
    );
    assert_eq!(trio.tallies[1].stage(), Stage::Closed);
    assert!(trio.tallies[1].peers[2].ids.is_empty() && trio.tallies[1].peers[2].refused.is_none());
}

#[test]
fn one_that_slept_through_it_all_takes_the_result() {
    let mut trio = five();
    trio.close();
    // It did not even close.
    wait(&mut trio, &[0, 1]);
    assert_eq!(trio.sum(0), ("110".into(), 6));
    trio.restart(2);
    trio.step(2);
    assert_eq!(trio.reason(2), RefusalReason::Expired, "as far as it knows");
    assert!(!trio.tallies[2].is_final());
    trio.restart(2);
    trio.settle();
    assert_eq!(trio.tallies[2].end(), trio.tallies[0].end());
    trio.restart(2);
    assert_eq!(trio.tallies[2].end(), trio.tallies[0].end());
    assert_eq!(trio.stores[2].list(b"").len(), 2, "proposal and end");
}

#[test]
fn two_that_are_gone_are_one_too_many() {
    let mut trio = five();
    trio.close();
    wait(&mut trio, &[1]);
    assert!(matches!(trio.reason(1), RefusalReason::HeavyMissing { heavy, .. } if heavy.len() == 2));
    // Both come back too late for a result.
    trio.restart(0);
    trio.restart(2);
    trio.settle();
    let ends: Vec<_> = (0..3).map(|role| trio.end(role)).collect();
    assert!(ends.iter().all(|end| matches!(end, Verified::Refusal(_))), "{ends:?}");
    assert!(trio.tallies.iter().all(Tally::is_final));
}

#[test]
fn a_heavy_node_that_lies_is_named_by_evidence_that_anyone_checks() {
    for liar in 0..3 {
        let mut trio = five();
        trio.close();
        trio.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Partial, |_, _| {});
        assert!(trio.tallies.iter().all(|tally| tally.stage() == Stage::Committed));
        // One more in a number of its first component; signed like the truth.
        trio.tallies[liar].committed.as_mut().unwrap().sum[4] ^= 1;
        trio.settle();
        let honest: Vec<usize> = (0..3).filter(|role| *role != liar).collect();
        for role in honest {
            assert_eq!(trio.sum(role), ("10".into(), 5), "the honest two are enough");
            let found = trio.tallies[role].evidence().expect("evidence").clone();
            let proposal = trio.tallies[role].envelope().clone();
            let evidence = evidence::verify(&proposal, &found).unwrap();
            assert_eq!(evidence.accused, trio.keys[liar].0.id());
            assert_eq!(evidence.accuser, trio.keys[role].0.id());
            trio.restart(role);
            assert_eq!(trio.tallies[role].evidence(), Some(&found));
            framed(&trio, &proposal, &evidence, role);
        }
    }
}

/// Nobody is convicted by anything but their own contradiction.
fn framed(trio: &Trio, proposal: &keys::Envelope, evidence: &evidence::Evidence, accuser: usize) {
    let sign = |evidence: &evidence::Evidence| {
        let mut envelope =
            keys::Envelope::new(evidence::EVIDENCE_TYPE, serde_json::to_vec(evidence).unwrap());
        envelope.sign(&trio.keys[accuser].0);
        evidence::verify(proposal, &envelope)
    };
    let mut changed = evidence.clone();
    changed.sum[4] ^= 1;
    assert!(matches!(sign(&changed), Err(EvidenceError::NotSigned { .. })));
    let mut changed = evidence.clone();
    changed.commitments[40] ^= 1;
    assert!(matches!(sign(&changed), Err(EvidenceError::NotSigned { .. })));
    let third = (0..3).find(|role| *role != accuser && trio.keys[*role].0.id() != evidence.accused);
    let mut changed = evidence.clone();
    changed.accused = trio.keys[third.unwrap()].0.id();
    assert!(matches!(sign(&changed), Err(EvidenceError::NotSigned { .. })));
    // What an honest heavy node signed is no evidence.
    let (honest, identity) = (&trio.proposal, &trio.keys[accuser].0);
    let mut own = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=3 {
        own.report(seed, 2, &[0, 1, 2]);
    }
    own.close();
    own.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Signature, |_, _| {});
    assert_eq!(honest.heavy, own.proposal.heavy);
    let committed = own.tallies[accuser].committed.as_ref().unwrap();
    let partial = crate::message::partial_bytes(own.id, committed.commitment.set, &committed.sum);
    let truth = evidence::Evidence {
        computation: own.id,
        accused: identity.id(),
        set: committed.commitment.set,
        participants: 3,
        rejected: 0,
        cohort: 0b111,
        commitments: committed.commitment.sums.clone(),
        commit_signature: identity.sign(keys::Domain::Commit, &committed.commitment.bytes(own.id)).to_vec(),
        sum: committed.sum.clone(),
        sum_signature: identity.sign(keys::Domain::Partial, &partial).to_vec(),
        ..evidence.clone()
    };
    let mut envelope = keys::Envelope::new(evidence::EVIDENCE_TYPE, serde_json::to_vec(&truth).unwrap());
    envelope.sign(&trio.keys[accuser].0);
    let mut renamed = truth.clone();
    renamed.accuser = identity.id();
    let verdict = evidence::verify(own.tallies[accuser].envelope(), &envelope);
    assert_eq!(verdict, Err(EvidenceError::NoLie));
}

#[test]
fn a_liar_that_is_the_only_partner_is_named_too() {
    let mut trio = five();
    trio.close();
    trio.settle_among(&[0, 1]);
    trio.now = trio.third(1);
    trio.settle_where(&[0, 1], |_, _, pull| pull != Pull::Partial, |_, _| {});
    trio.tallies[1].committed.as_mut().unwrap().sum[4] ^= 1;
    trio.settle_among(&[0, 1]);
    let liar = trio.keys[1].0.id();
    assert!(matches!(trio.reason(0), RefusalReason::HeavyDisagrees { heavy, .. } if heavy == liar));
    let found = trio.tallies[0].evidence().expect("evidence");
    assert_eq!(evidence::verify(trio.tallies[0].envelope(), found).unwrap().accused, liar);
}
