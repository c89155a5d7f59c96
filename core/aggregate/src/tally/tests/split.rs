//! One heavy node that tells the other two different things, so that they add up different people: the difference of their
//! sums would be the answer of one.

use super::*;
use crate::{
    ReportId,
    message::{Commitment, set_digest},
};

/// The liar's role; the honest two are the others.
const LIAR: usize = 2;

impl Trio {
    fn id_of(&self, seed: u8) -> ReportId {
        let report = self.made(light(seed), 2, seed);
        ReportId::of(self.id, light(seed), &report.nonce, &report.public)
    }

    /// An offer of these reports, signed by the liar.
    fn offer_of(&self, seeds: &[u8]) -> Offer {
        let mut ids: Vec<ReportId> = seeds.iter().map(|seed| self.id_of(*seed)).collect();
        ids.sort();
        let seed = [0; 32];
        let bytes = Offer::bytes(self.id, &ids, core::iter::empty(), &seed);
        let signature = self.keys[LIAR].0.sign(Domain::Offer, &bytes);
        Offer { of: LIAR as u8, total: ids.len() as u32, from: 0, ids, invalid: Vec::new(), seed, signature }
    }

    /// What the liar commits to, signed.
    fn commits(&self, commitment: Commitment) -> Pulled {
        let signature = self.keys[LIAR].0.sign(Domain::Commit, &commitment.bytes(self.id));
        Pulled::Commit { commitment, signature }
    }

    fn says(&mut self, to: usize, word: Pulled) {
        let liar = self.keys[LIAR].0.id();
        self.tallies[to].learn(liar, word);
    }

    /// The very commitment that `to` has made, signed by the liar too.
    fn echoes(&mut self, to: usize) {
        let Some(own) = &self.tallies[to].committed else { return };
        let word = self.commits(own.commitment.clone());
        self.says(to, word);
    }

    /// A commitment of the liar and `with` alone, over these reports.
    fn pair(&self, with: usize, seeds: &[u8]) -> Pulled {
        let mut reports: Vec<_> = seeds.iter().map(|seed| (self.id_of(*seed), *seed)).collect();
        reports.sort();
        let mut sums = vdaf::Commitments::empty();
        for (_, seed) in &reports {
            sums.add(&self.made(light(*seed), 2, *seed).public).unwrap();
        }
        let ids: Vec<ReportId> = reports.iter().map(|(id, _)| *id).collect();
        let (cohort, participants) = (1 << with | 1 << LIAR, ids.len() as u32);
        let set = set_digest(&ids);
        self.commits(Commitment { cohort, set, participants, rejected: 0, sums: sums.encode() })
    }

    /// How many different sets the honest two release sums over, to whoever asks.
    fn released_sets(&mut self) -> usize {
        let honest = self.tallies.iter_mut().zip(&self.keys).take(LIAR);
        let mut sets: Vec<ContentId> = honest
            .filter_map(|(tally, (identity, _))| match tally.publish(Pull::Partial, identity) {
                Pulled::Partial { set, .. } => Some(set),
                _ => None,
            })
            .collect();
        sets.sort();
        sets.dedup();
        sets.len()
    }

    fn twelfth(&self, twelfths: u64) -> Instant {
        if twelfths == 12 {
            return self.proposal.end();
        }
        self.proposal.deadline.plus_ms(twelfths * self.proposal.grace_ms() / 12)
    }

    /// The honest two hear each other, a word each at a time, and the liar in between; through the whole grace period.
    fn lie_through(&mut self, hears: impl Fn(&Self, Pull) -> bool, lie: impl Fn(&mut Self, usize)) {
        for twelfths in 0..=12 {
            self.now = self.twelfth(twelfths);
            for _ in 0..8 {
                for role in 0..LIAR {
                    self.step(role);
                    lie(self, role);
                    self.step(role);
                    assert!(self.released_sets() < 2, "after {twelfths} twelfths of the grace period");
                    for (peer, pull) in self.tallies[role].wants() {
                        let at = self.proposal.role(peer).unwrap();
                        if at != LIAR && hears(self, pull) {
                            let word = self.tallies[at].publish(pull, &self.keys[at].0);
                            self.tallies[role].learn(peer, word);
                        }
                    }
                    lie(self, role);
                }
            }
        }
    }
}

fn six() -> Trio {
    let mut trio = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=6 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.close();
    trio
}

const OFFERED: [&[u8]; 2] = [&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5]];

#[test]
fn an_offer_to_each_releases_nothing_to_whoever_signs_both_sets() {
    let mut trio = six();
    trio.lie_through(
        |_, _| true,
        |trio, to| {
            let offer = trio.offer_of(OFFERED[to]);
            trio.says(to, Pulled::Offer(offer));
            trio.echoes(to);
        },
    );
    // They have found that they do not agree, and each says that it has no result.
    for role in 0..LIAR {
        assert!(matches!(trio.end(role), Verified::Refusal(_)), "{role}");
        assert_eq!(trio.tallies[role].released(), None, "{role}");
    }
}

#[test]
fn offers_that_come_at_the_last_moment_release_nothing_either() {
    let mut trio = six();
    let (offered, heard) = (trio.twelfth(8), trio.twelfth(9));
    trio.lie_through(
        // What each commits to reaches the other a little later than the liar's words do.
        |trio, pull| matches!(pull, Pull::Offer { .. }) || trio.now >= heard,
        |trio, to| {
            if trio.now >= offered {
                let offer = trio.offer_of(OFFERED[to]);
                trio.says(to, Pulled::Offer(offer));
                trio.echoes(to);
            }
        },
    );
}

#[test]
fn nobody_follows_into_a_cohort_of_two_while_the_third_is_about_to_offer() {
    let mut trio = six();
    let early = trio.proposal.deadline;
    trio.lie_through(
        // They take a while to check what they hold.
        |trio, pull| !matches!(pull, Pull::Offer { .. }) || trio.now > early,
        |trio, to| {
            if trio.now == early {
                let offer = trio.offer_of(OFFERED[to]);
                trio.says(to, Pulled::Offer(offer));
                let pair = trio.pair(to, OFFERED[to]);
                trio.says(to, pair);
                assert_eq!(trio.tallies[to].stage(), Stage::Closed, "the third may come yet");
            }
        },
    );
}

#[test]
fn nobody_follows_into_a_cohort_without_one_whose_ids_are_here() {
    let mut trio = six();
    let third = trio.third(1);
    trio.lie_through(
        |_, _| true,
        |trio, to| {
            if trio.now >= third {
                let offer = trio.offer_of(OFFERED[to]);
                trio.says(to, Pulled::Undecided);
                trio.says(to, Pulled::Offer(offer));
                let pair = trio.pair(to, OFFERED[to]);
                trio.says(to, pair);
            }
        },
    );
}

/// Made-up ids of the other, passed on.
fn junk(of: usize) -> Pulled {
    let (of, ids, signature) = (of as u8, vec![ReportId([7; 16])], [0; 64]);
    Pulled::Offer(Offer { of, total: 9, from: 0, ids, invalid: Vec::new(), seed: [0; 32], signature })
}

#[test]
fn the_ids_of_one_do_not_come_from_another_unasked() {
    for offers in [true, false] {
        let mut trio = six();
        let third = trio.third(1);
        trio.lie_through(
            |_, _| true,
            |trio, to| {
                trio.says(to, junk(1 - to));
                if offers && trio.now >= third {
                    let offer = trio.offer_of(OFFERED[to]);
                    trio.says(to, Pulled::Offer(offer));
                    let pair = trio.pair(to, OFFERED[to]);
                    trio.says(to, pair);
                }
            },
        );
        if !offers {
            // The honest two have come to a result without it.
            assert_eq!((trio.sum(0), trio.sum(1)), (("12".into(), 6), ("12".into(), 6)));
        }
    }
}

#[test]
fn ids_passed_on_by_a_liar_that_has_committed_hold_nobody_up_for_long() {
    let mut trio = six();
    trio.lie_through(
        |_, _| true,
        |trio, to| {
            // It commits before anybody else does, so that the third's ids are wanted of it.
            let offer = trio.offer_of(OFFERED[0]);
            trio.says(to, Pulled::Offer(offer));
            let mut word = trio.pair(to, OFFERED[0]);
            if let Pulled::Commit { commitment, .. } = &mut word {
                commitment.cohort = 0b111;
                word = trio.commits(commitment.clone());
            }
            trio.says(to, word);
            trio.says(to, junk(1 - to));
        },
    );
    for role in 0..LIAR {
        assert_eq!(trio.sum(role), ("12".into(), 6), "{role}");
    }
}
