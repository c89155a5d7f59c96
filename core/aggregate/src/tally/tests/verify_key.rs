//! The key under which `prio3` checks reports: one for each computation, also where a heavy node restarts meanwhile.

use super::*;

/// All know what all hold, and nobody has heard a verifier share.
fn verifying() -> Trio {
    let mut trio = Trio::open(&draft_of(Scheme::Prio3));
    for seed in 1..=4 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.close();
    trio.settle_where(&[0, 1, 2], without_shares, |_, _| {});
    trio
}

fn without_shares(_: usize, _: usize, pull: Pull) -> bool {
    !matches!(pull, Pull::Verifiers { .. })
}

impl Trio {
    fn shares_of(&mut self, role: usize) -> Pulled {
        self.tallies[role].publish(Pull::Verifiers { from: 0 }, &self.keys[role].0)
    }
}

#[test]
fn a_restart_makes_the_same_verifier_shares() {
    let mut trio = verifying();
    let said = trio.shares_of(0);
    assert!(matches!(&said, Pulled::Verifiers { shares, .. } if shares.len() == 4));
    trio.restart(0);
    assert_eq!(trio.shares_of(0), Pulled::NotYet);
    trio.settle_where(&[0, 1, 2], without_shares, |_, _| {});
    assert_eq!(trio.shares_of(0), said);
    trio.settle();
    assert_eq!(trio.sum(0), ("8".into(), 4));
}

#[test]
fn whoever_offers_anything_else_after_a_restart_gets_no_verifier_share_under_another_key() {
    let changes: [fn(&mut Offer); 2] = [
        |offer| offer.seed = [9; 32],
        |offer| {
            offer.ids.pop();
            offer.total -= 1;
        },
    ];
    for change in changes {
        let mut trio = verifying();
        trio.restart(0);
        let (id, liar) = (trio.id, trio.keys[2].0.clone());
        trio.settle_where(&[0, 1, 2], without_shares, |from, word| {
            if let Pulled::Offer(offer) = word
                && from == 2
            {
                change(offer);
                let bytes = Offer::bytes(id, &offer.ids, core::iter::empty(), &offer.seed);
                offer.signature = liar.sign(Domain::Offer, &bytes);
            }
        });
        assert!(matches!(trio.shares_of(0), Pulled::Refused { .. }), "{:?}", trio.shares_of(0));
        let about = "the reports that it holds".into();
        assert_eq!(trio.reason(0), RefusalReason::HeavyDisagrees { heavy: liar.id(), about });
    }
}

#[test]
fn no_verifier_share_is_said_before_the_key_is_fixed() {
    let mut trio = Trio::open(&draft_of(Scheme::Prio3));
    for seed in 1..=3 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.close();
    (0..3).for_each(|role| trio.step(role));
    for (peer, pull) in trio.tallies[0].wants() {
        let at = trio.proposal.role(peer).unwrap();
        let word = trio.tallies[at].publish(pull, &trio.keys[at].0);
        trio.tallies[0].learn(peer, word);
    }
    let persist = trio.advance(0).expect("the key to store");
    assert_eq!(persist.batch.changes().len(), 1);
    for _ in 0..3 {
        assert!(trio.advance(0).is_none(), "one step at a time");
        assert_eq!(trio.shares_of(0), Pulled::NotYet);
    }
    trio.tallies[0].persisted(persist.stage);
    assert!(trio.advance(0).is_none(), "its reports are read");
    assert!(trio.advance(0).is_none(), "the others' are lacking");
    assert!(matches!(trio.shares_of(0), Pulled::Verifiers { .. }));
}
