//! What heavy nodes that work together see of the others in a tally: every word that an honest one says can be made without
//! its shares, from what is public, what they hold themselves, and the totals.
//!
//! What they see of single reports (their own shares, public shares, and with `prio3` the verifier shares) is made without
//! measurements in the tests of `vdaf`; here is what the agreement adds to that.

use super::*;
use crate::message::{Commitment, partial_bytes, set_digest};
use core::cell::RefCell;

/// The order of Prio3's field: 2^128 - 7 · 2^66 + 1.
const FIELD128: u128 = u128::MAX - 7 * (1 << 66) + 2;

/// A whole computation, and each word that one heavy node said in it.
fn words(scheme: Scheme, of: usize) -> (Trio, Vec<Pulled>) {
    let mut trio = Trio::open(&draft_of(scheme));
    for seed in 1..=5 {
        trio.report(seed, 1_000 * u64::from(seed), &[0, 1, 2]);
    }
    trio.close();
    let said = RefCell::new(Vec::new());
    trio.settle_where(
        &[0, 1, 2],
        |_, _, _| true,
        |from, word| {
            if from == of && *word != Pulled::NotYet {
                said.borrow_mut().push(word.clone());
            }
        },
    );
    (trio, said.into_inner())
}

/// The ids of all reports and what is committed to, from public shares alone.
fn known_to_all(trio: &Trio, said: &[Pulled]) -> (Vec<crate::ReportId>, Commitment) {
    let instance = trio.proposal.instance().unwrap();
    let mut reports: Vec<_> = (1..=5)
        .map(|seed| {
            let report = trio.made(light(seed), 1_000 * u64::from(seed), seed);
            (crate::ReportId::of(trio.id, light(seed), &report.nonce, &report.public), report.public)
        })
        .collect();
    reports.sort();
    let mut sums = vdaf::Commitments::empty();
    if instance.scheme() == Scheme::Rep64 {
        reports.iter().for_each(|(_, public)| sums.add(public).unwrap());
    }
    let ids: Vec<_> = reports.into_iter().map(|(id, _)| id).collect();
    assert!(said.iter().any(|word| matches!(word, Pulled::Offer(_))));
    let sums = if instance.scheme() == Scheme::Rep64 { sums.encode() } else { Vec::new() };
    let commitment = Commitment { cohort: 0b111, set: set_digest(&ids), participants: 5, rejected: 0, sums };
    (ids, commitment)
}

/// The sum of shares of one, as what the totals leave over of the other two's.
fn left_over(trio: &Trio, scheme: Scheme, sums: [&[u8]; 2]) -> Vec<u8> {
    let Verified::Result(outcome) = trio.end(0) else { panic!() };
    let mut made = outcome.participants.to_le_bytes().to_vec();
    let bytes = if scheme == Scheme::Prio3 { 16 } else { 8 };
    for (at, total) in outcome.totals.iter().enumerate() {
        let number = |sum: &[u8]| {
            let mut number = [0; 16];
            number[..bytes].copy_from_slice(&sum[4 + bytes * at..][..bytes]);
            u128::from_le_bytes(number)
        };
        let left = sums.iter().fold(total.parse::<u128>().unwrap(), |left, sum| {
            let sum = number(sum);
            match scheme {
                Scheme::Prio3 if left < sum => FIELD128 - (sum - left),
                _ => left.wrapping_sub(sum),
            }
        });
        made.extend(&left.to_le_bytes()[..bytes]);
    }
    made
}

#[test]
fn what_an_honest_heavy_node_says_follows_from_what_the_others_know() {
    for scheme in Scheme::ALL {
        for honest in 0..3 {
            let (trio, said) = words(scheme, honest);
            let (ids, commitment) = known_to_all(&trio, &said);
            let identity = &trio.keys[honest].0;
            let published = |role: usize| match trio_sum(scheme, role) {
                Pulled::Partial { sum, .. } => sum,
                other => panic!("{other:?}"),
            };
            let others: Vec<usize> = (0..3).filter(|role| *role != honest).collect();
            for word in said {
                match word {
                    Pulled::Offer(offer) => {
                        let seed = identity.derive(keys::Derived::VerifySeed, trio.id.digest());
                        let bytes = Offer::bytes(trio.id, &ids, core::iter::empty(), &seed);
                        let signature = identity.sign(Domain::Offer, &bytes);
                        let (of, invalid) = (honest as u8, Vec::new());
                        let made =
                            Offer { of, total: 5, from: 0, ids: ids.clone(), invalid, seed, signature };
                        assert_eq!(offer, made);
                    }
                    Pulled::Verifiers { candidates, from, shares } => {
                        assert_eq!((scheme, candidates, from), (Scheme::Prio3, set_digest(&ids), 0));
                        assert_eq!(shares.len(), ids.len());
                    }
                    Pulled::Commit { commitment: found, signature } => {
                        assert_eq!(found, commitment);
                        assert_eq!(signature, identity.sign(Domain::Commit, &commitment.bytes(trio.id)));
                    }
                    Pulled::Partial { set, sum, signature } => {
                        assert_eq!(set, commitment.set);
                        assert_eq!(
                            signature,
                            identity.sign(Domain::Partial, &partial_bytes(trio.id, set, &sum))
                        );
                        if scheme == Scheme::Rep64 {
                            shared_with_each(&sum, honest, &published);
                        } else {
                            let sums = [published(others[0]), published(others[1])];
                            assert_eq!(sum, left_over(&trio, scheme, [&sums[0], &sums[1]]), "{scheme}");
                        }
                    }
                    Pulled::Signature { signature } => {
                        let end = trio.tallies[others[0]].end().unwrap();
                        assert_eq!(end.signature_of(identity.id()).unwrap().sig, signature);
                    }
                    Pulled::Result { envelope } => {
                        assert_eq!(envelope, trio.tallies[honest].end().unwrap().to_json());
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

/// The sum that one says in the same computation.
fn trio_sum(scheme: Scheme, role: usize) -> Pulled {
    let (_, said) = words(scheme, role);
    said.into_iter().find(|word| matches!(word, Pulled::Partial { .. })).expect("it says its sum")
}

/// With `rep64` each other heavy node holds one of the two components that a sum opens, and hears the other, which it lacks,
/// from both of its fellows alike: that one is what the totals leave over, under a blinding of its own.
fn shared_with_each(sum: &[u8], honest: usize, published: &dyn Fn(usize) -> Vec<u8>) {
    let half = (sum.len() - 4) / 2;
    let component = |bytes: &[u8], place: usize| bytes[4 + half * place..][..half].to_vec();
    let (next, before) = (published((honest + 1) % 3), published((honest + 2) % 3));
    assert_eq!(component(sum, 1), component(&next, 0));
    assert_eq!(component(sum, 0), component(&before, 1));
}
