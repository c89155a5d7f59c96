use super::{Persist, Stage, Tally};
use crate::{
    Draft, Proposal, Received, RefusalReason, Report, Scheme, Verified,
    differencing::{Past, Released},
    evidence::{self, EvidenceError},
    message::{Mine, Offer, Pull, Pulled, ReportRefusal},
    outcome,
    report::context,
    tests::{draft, heavy, now, propose, proposer, rng},
};
use alloc::{string::String, vec, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Domain, Identity, NodeId, SealKey};
use store::{Batch, MemoryStore};

mod again;
mod leftovers;
mod lost;
mod many;
mod split;
mod stored;
mod verify_key;
mod views;

/// The three tallies of one computation, with their stores.
struct Trio {
    id: ContentId,
    proposal: Proposal,
    keys: [(Identity, SealKey); 3],
    tallies: Vec<Tally>,
    stores: [MemoryStore; 3],
    past: Past,
    now: Instant,
}

fn draft_of(scheme: Scheme) -> Draft {
    Draft { scheme: Some(scheme), ..draft() }
}

fn light(seed: u8) -> NodeId {
    NodeId::from_public_key([seed; 32])
}

impl Trio {
    fn open(draft: &Draft) -> Self {
        let proposal = propose(draft).unwrap();
        let envelope = proposal.sign(&proposer());
        let (id, proposal) = Proposal::open(&envelope).unwrap();
        let (keys, stores) = (heavy(), [MemoryStore::new(), MemoryStore::new(), MemoryStore::new()]);
        let mut trio =
            Self { id, proposal, keys, tallies: Vec::new(), stores, past: Past::new(), now: now() };
        for role in 0..3 {
            let (mut tally, persist) =
                Tally::accept(id, trio.proposal.clone(), envelope.clone(), &trio.keys[role].0).unwrap();
            trio.stores[role].apply(&persist.batch).unwrap();
            tally.persisted(persist.stage);
            trio.tallies.push(tally);
        }
        for role in 0..3 {
            for other in trio.tallies[role].unaccepted() {
                let at = trio.proposal.role(other).unwrap();
                let signature = trio.tallies[at].acceptance().unwrap();
                trio.tallies[role].accepted_by(other, signature);
            }
        }
        trio.settle();
        assert!(trio.tallies.iter().all(Tally::is_open));
        trio
    }

    fn made(&self, light: NodeId, value: u64, seed: u8) -> Report {
        let instance = self.proposal.instance().unwrap();
        Report::new(&self.proposal, &instance, self.id, light, &[1, value], &mut rng(seed)).unwrap()
    }

    /// A report whose share for the heavy node of `role` is damaged before it is sealed.
    fn damaged(&self, light: NodeId, role: usize, seed: u8) -> Report {
        let instance = self.proposal.instance().unwrap();
        let nonce = [seed; 16];
        let mut sharded = instance.shard(&context(self.id), &nonce, &[1, 1], &mut rng(seed)).unwrap();
        sharded.inputs[role][0] ^= 1;
        Report::seal(&self.proposal, self.id, light, nonce, sharded, &mut rng(seed)).unwrap()
    }

    fn report(&mut self, seed: u8, value: u64, to: &[usize]) -> Vec<Result<bool, ReportRefusal>> {
        let report = self.made(light(seed), value, seed);
        self.send(light(seed), &report, to)
    }

    fn send(&mut self, light: NodeId, report: &Report, to: &[usize]) -> Vec<Result<bool, ReportRefusal>> {
        let mut answers = Vec::new();
        for role in to {
            let (tally, (_, seal)) = (&mut self.tallies[*role], &self.keys[*role]);
            let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[*role]);
            let answer = tally.report(self.now, Received { light, nonce, public, sealed }, seal);
            if answer == Ok(true) {
                let mut batch = Batch::new();
                assert!(tally.segment(&[light], &mut batch));
                self.stores[*role].apply(&batch).unwrap();
                tally.reports_persisted(&[light]);
            }
            answers.push(answer);
        }
        answers
    }

    /// Lets one take a step with what it has in its store.
    fn advance(&mut self, role: usize) -> Option<Persist> {
        self.read(role);
        let persist = self.tallies[role].advance(self.now, &self.keys[role].0, &self.past);
        self.read(role);
        persist
    }

    fn read(&mut self, role: usize) {
        while let Some(keys) = self.tallies[role].load() {
            let values = self.stores[role].read(&keys);
            self.tallies[role].loaded(Some(values));
        }
    }

    /// All steps of one that need nothing from the others.
    fn step(&mut self, role: usize) {
        loop {
            match self.advance(role) {
                Some(persist) => {
                    self.stores[role].apply(&persist.batch).unwrap();
                    self.tallies[role].persisted(persist.stage);
                    self.sweep(role);
                }
                None if self.tallies[role].has_work() => {}
                None => return,
            }
        }
    }

    /// Deletes what the end left.
    fn sweep(&mut self, role: usize) {
        let Some(mut leftovers) = self.tallies[role].take_leftovers() else { return };
        while let Some(piece) = leftovers.piece() {
            self.stores[role].apply(&piece).unwrap();
            leftovers.deleted();
        }
    }

    /// Exchanges all words between all tallies until nothing changes.
    fn settle(&mut self) {
        self.settle_among(&[0, 1, 2]);
    }

    fn settle_among(&mut self, alive: &[usize]) {
        self.settle_where(alive, |_, _, _| true, |_, _| {});
    }

    /// The same, but `hears` denies some questions (by whom, of whom, about what), and `change` alters some answers.
    fn settle_where(
        &mut self,
        alive: &[usize],
        hears: impl Fn(usize, usize, Pull) -> bool,
        change: impl Fn(usize, &mut Pulled),
    ) {
        for _ in 0..30 {
            for role in alive {
                self.step(*role);
                for (peer, pull) in self.tallies[*role].wants() {
                    let at = self.proposal.role(peer).unwrap();
                    if alive.contains(&at) && hears(*role, at, pull) {
                        let mut word = self.tallies[at].publish(pull, &self.keys[at].0);
                        change(at, &mut word);
                        self.tallies[*role].learn(peer, word);
                    }
                }
            }
        }
    }

    fn restart(&mut self, role: usize) {
        let entries = self.stores[role].list(super::STORE_PREFIX);
        let mut restored = Tally::restore(&entries, &self.keys[role].0).unwrap();
        assert_eq!(restored.len(), 1);
        self.tallies[role] = restored.remove(0);
    }

    fn close(&mut self) {
        self.now = self.proposal.deadline;
    }

    fn third(&self, thirds: u64) -> Instant {
        self.proposal.deadline.plus_ms(thirds * (self.proposal.grace_ms() / 3))
    }

    fn give_up(&mut self) {
        self.now = self.proposal.end();
    }

    fn end(&self, role: usize) -> Verified {
        let tally = &self.tallies[role];
        outcome::verify(tally.envelope(), tally.end().expect("an end")).unwrap()
    }

    /// Sum and participants.
    fn sum(&self, role: usize) -> (String, u32) {
        match self.end(role) {
            Verified::Result(outcome) => (outcome.totals[1].clone(), outcome.participants),
            Verified::Refusal(refusal) => panic!("{:?}", refusal.reason),
        }
    }

    fn reason(&self, role: usize) -> RefusalReason {
        match self.end(role) {
            Verified::Refusal(refusal) => refusal.reason,
            Verified::Result(outcome) => panic!("{outcome:?}"),
        }
    }

    fn mine(&self, role: usize, seed: u8) -> Mine {
        self.tallies[role].status(light(seed)).mine
    }
}

#[test]
fn the_total_covers_exactly_what_all_three_hold() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=4 {
            trio.report(seed, u64::from(seed), &[0, 1, 2]);
        }
        trio.report(5, 500, &[0, 2]);
        trio.report(6, 600, &[1]);
        trio.close();
        trio.settle();
        for role in 0..3 {
            assert_eq!(trio.sum(role), ("10".into(), 4), "{scheme}");
        }
        assert_eq!(
            [trio.mine(0, 1), trio.mine(0, 5), trio.mine(1, 5), trio.mine(1, 6)],
            [Mine::Counted, Mine::NotHeldByAll, Mine::None, Mine::NotHeldByAll]
        );
        // Shares are gone; what became of whom stays, also after a restart.
        assert_eq!(trio.stores[0].list(b"").len(), 2);
        trio.restart(0);
        assert_eq!(trio.sum(0), ("10".into(), 4));
        assert_eq!(trio.mine(0, 5), Mine::NotHeldByAll);
        assert_eq!(trio.tallies[0].released().unwrap().lights, [1, 2, 3, 4].map(light));
    }
}

#[test]
fn replays_duplicates_late_and_malformed_reports_are_refused() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&Draft { participants_max: 4, ..draft_of(scheme) });
        let report = trio.made(light(1), 1, 1);
        assert_eq!(trio.send(light(1), &report, &[0]), [Ok(true)]);
        assert_eq!(trio.send(light(1), &report, &[0]), [Ok(false)], "the same again is acknowledged again");
        let other = trio.made(light(1), 1, 2);
        assert_eq!(trio.send(light(1), &other, &[0]), [Err(ReportRefusal::Duplicate)]);
        assert_eq!(trio.send(light(2), &report, &[0]), [Err(ReportRefusal::Malformed)]);
        for seed in 3..=5 {
            assert_eq!(trio.report(seed, 1, &[0]), [Ok(true)]);
        }
        assert_eq!(trio.report(6, 1, &[0]), [Err(ReportRefusal::Full)]);
        trio.close();
        assert_eq!(trio.report(7, 1, &[1]), [Err(ReportRefusal::NotOpen)]);
        assert_eq!(trio.tallies[0].reports(), 4);
    }
}

#[test]
fn a_full_computation_closes_before_its_deadline() {
    let mut trio = Trio::open(&Draft { participants_max: 3, ..draft_of(Scheme::Prio3) });
    for seed in 1..=3 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.settle();
    assert_eq!(trio.sum(1), ("6".into(), 3));
}

#[test]
fn a_restart_at_any_stage_ends_in_the_same_result() {
    for scheme in Scheme::ALL {
        for role in 0..3 {
            for rounds in 0..7 {
                let mut trio = Trio::open(&draft_of(scheme));
                for seed in 1..=3 {
                    trio.report(seed, 10, &[0, 1, 2]);
                }
                trio.restart(role);
                trio.close();
                for _ in 0..rounds {
                    // One step of each, then one word each.
                    for at in 0..3 {
                        let persist = trio.advance(at);
                        if let Some(persist) = persist {
                            trio.stores[at].apply(&persist.batch).unwrap();
                            trio.tallies[at].persisted(persist.stage);
                        }
                    }
                    trio.restart(role);
                    for at in 0..3 {
                        for (peer, pull) in trio.tallies[at].wants() {
                            let from = trio.proposal.role(peer).unwrap();
                            let word = trio.tallies[from].publish(pull, &trio.keys[from].0);
                            trio.tallies[at].learn(peer, word);
                        }
                    }
                }
                trio.settle();
                for at in 0..3 {
                    assert_eq!(trio.sum(at), ("30".into(), 3), "{scheme}, role {role}, {rounds} rounds");
                }
            }
        }
    }
}

#[test]
fn nothing_is_published_before_it_is_durable() {
    let mut trio = Trio::open(&draft());
    for seed in 1..=3 {
        trio.report(seed, 1, &[0, 1, 2]);
    }
    trio.close();
    let identity = trio.keys[0].0.clone();
    let persist = trio.advance(0).unwrap();
    assert_eq!(persist.stage, Some(Stage::Closed));
    let ids = Pull::Offer { of: 0, from: 0 };
    assert_eq!(trio.tallies[0].publish(ids, &identity), Pulled::NotYet);
    assert!(trio.advance(0).is_none(), "one step at a time");
    trio.tallies[0].persisted(persist.stage);
    assert!(trio.advance(0).is_none(), "the others' ids are lacking");
    assert!(matches!(trio.tallies[0].publish(ids, &identity), Pulled::Offer(offer) if offer.total == 3));
    for pull in [Pull::Commit, Pull::Partial, Pull::Verifiers { from: 0 }, Pull::Signature] {
        assert_eq!(trio.tallies[0].publish(pull, &identity), Pulled::NotYet);
    }
}

#[test]
fn too_few_in_common_is_a_refusal_that_says_so() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        trio.report(1, 1, &[0, 1, 2]);
        trio.report(2, 1, &[0, 1, 2]);
        for seed in 3..=6 {
            trio.report(seed, 1, &[usize::from(seed) % 3, usize::from(seed + 1) % 3]);
        }
        trio.close();
        trio.settle();
        let few = RefusalReason::TooFew { participants: 2, participants_min: 3 };
        assert!((0..3).any(|role| trio.reason(role) == few));
        assert!((0..3).all(|role| trio.tallies[role].stage() == Stage::Closed));
        assert_eq!(trio.mine(0, 1), Mine::Unused);
        assert!(trio.tallies.iter().all(|tally| tally.released().is_none()), "nobody learned anything");
    }
}

#[test]
fn a_dead_heavy_node_is_named_after_the_grace_period() {
    for scheme in [Scheme::Additive64, Scheme::Prio3] {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=3 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        trio.close();
        trio.settle_among(&[0, 1]);
        assert!(trio.tallies[0].end().is_none());
        trio.give_up();
        trio.settle_among(&[0, 1]);
        let dead = trio.keys[2].0.id();
        assert!(matches!(trio.reason(0), RefusalReason::HeavyMissing { heavy, .. } if heavy == [dead]));
        // It comes back later, and ends as well.
        trio.restart(2);
        trio.settle();
        assert!(matches!(trio.reason(2), RefusalReason::HeavyRefused { .. } | RefusalReason::Expired));
    }
}

#[test]
fn a_result_supersedes_a_refusal() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=3 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        trio.close();
        // All three sign, but nobody hears of a signature before 0 gives up.
        trio.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Signature, |_, _| {});
        assert!(trio.tallies.iter().all(|tally| tally.stage() == Stage::Signed));
        trio.give_up();
        trio.settle_among(&[0]);
        assert!(matches!(trio.reason(0), RefusalReason::HeavyMissing { heavy, .. } if heavy.len() == 2));
        trio.restart(0);
        trio.settle();
        for role in 0..3 {
            assert_eq!(trio.sum(role), ("3".into(), 3));
        }
        trio.restart(0);
        assert_eq!(trio.sum(0), ("3".into(), 3));
    }
}

#[test]
fn a_heavy_node_that_breaks_the_protocol_is_named() {
    type Lie = fn(&mut Pulled);
    let lies: [Lie; 7] = [
        |word| {
            if let Pulled::Offer(offer) = word {
                offer.ids.reverse();
            }
        },
        |word| {
            if let Pulled::Offer(offer) = word {
                offer.total = u32::MAX;
            }
        },
        |word| {
            if let Pulled::Offer(offer) = word {
                offer.seed[0] ^= 1;
            }
        },
        |word| {
            if let Pulled::Verifiers { shares, .. } = word {
                shares.push(Vec::new());
            }
        },
        |word| {
            if let Pulled::Verifiers { candidates, .. } = word {
                *candidates = ContentId::of(b"others");
            }
        },
        |word| {
            if let Pulled::Commit { signature, .. } = word {
                signature[0] ^= 1;
            }
        },
        |word| {
            if let Pulled::Partial { sum, .. } = word {
                sum.push(0);
            }
        },
    ];
    for (at, lie) in lies.into_iter().enumerate() {
        let mut trio = Trio::open(&draft_of(Scheme::Prio3));
        for seed in 1..=3 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        trio.close();
        trio.settle_where(
            &[0, 1, 2],
            |_, _, _| true,
            |from, word| {
                if from == 2 {
                    lie(word);
                }
            },
        );
        let liar = trio.keys[2].0.id();
        let named = (0..2).any(
            |role| matches!(trio.reason(role), RefusalReason::HeavyDisagrees { heavy, .. } if heavy == liar),
        );
        assert!(named, "lie {at}");
    }
}

#[test]
fn words_of_strangers_and_of_oneself_change_nothing() {
    let mut trio = Trio::open(&draft());
    trio.report(1, 1, &[0, 1, 2]);
    trio.close();
    let stranger = light(77);
    let own = trio.keys[0].0.id();
    for heavy in [stranger, own] {
        trio.tallies[0].learn(heavy, Pulled::Undecided);
        trio.tallies[0].learn(heavy, Pulled::Refused { envelope: vec![] });
        let shares = vec![vec![]];
        trio.tallies[0].learn(heavy, Pulled::Verifiers { candidates: trio.id, from: 0, shares });
    }
    trio.tallies[0].not_accepted_by(own, "no");
    trio.tallies[0].accepted_by(stranger, [0; 64]);
    assert_eq!(trio.tallies[0].stage(), Stage::Open);
}

#[test]
fn a_report_before_the_computation_opens_here_may_come_again() {
    let envelope = propose(&draft()).unwrap().sign(&proposer());
    let (id, proposal) = Proposal::open(&envelope).unwrap();
    let (identity, seal) = heavy()[0].clone();
    let (mut tally, persist) = Tally::accept(id, proposal.clone(), envelope, &identity).unwrap();
    tally.persisted(persist.stage);
    let instance = proposal.instance().unwrap();
    let report = Report::new(&proposal, &instance, id, light(1), &[1, 1], &mut rng(1)).unwrap();
    let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[0]);
    let answer = tally.report(now(), Received { light: light(1), nonce, public, sealed }, &seal);
    assert_eq!(answer, Err(ReportRefusal::NotYet));
    assert!(ReportRefusal::NotYet.is_passing());
}

#[test]
fn a_heavy_node_that_offers_few_reports_isolates_nobody() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=9 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        trio.close();
        // Node 2 keeps back all but three.
        trio.tallies[2].drop_reports(&[4, 5, 6, 7, 8, 9].map(light));
        trio.settle();
        let shrunk = RefusalReason::Shrunk { participants: 3, held: 9 };
        assert!((0..2).any(|role| trio.reason(role) == shrunk));
        assert!((0..2).all(|role| trio.tallies[role].stage() == Stage::Closed), "no sum is released");
        let before = trio.tallies[0].stage();
        trio.restart(0);
        assert_eq!(trio.tallies[0].stage(), before);
    }
}

#[test]
fn invalid_reports_are_left_out_by_all_alike_and_counted() {
    for scheme in [Scheme::Prio3, Scheme::Rep64] {
        for role in 0..3 {
            let mut trio = Trio::open(&draft_of(scheme));
            for seed in 1..=5 {
                trio.report(seed, 2, &[0, 1, 2]);
            }
            let bad = trio.damaged(light(6), role, 6);
            assert_eq!(
                trio.send(light(6), &bad, &[0, 1, 2]),
                [Ok(true); 3],
                "it is not seen before it is checked"
            );
            trio.close();
            trio.settle();
            for at in 0..3 {
                let Verified::Result(outcome) = trio.end(at) else { panic!("{:?}", trio.reason(at)) };
                assert_eq!(
                    (outcome.totals[1].as_str(), outcome.participants, outcome.rejected),
                    ("10", 5, 1)
                );
                assert_eq!((trio.mine(at, 6), trio.mine(at, 5)), (Mine::Rejected, Mine::Counted));
            }
            // Held against its sender where this node's own check failed, which with prio3 all three make together.
            for _ in 0..2 {
                for at in 0..3 {
                    let own = scheme == Scheme::Prio3 || at == role;
                    assert_eq!(trio.tallies[at].invalid_lights(), &[light(6)][..usize::from(own)]);
                    assert_eq!(trio.tallies[at].rejected(), 1);
                    trio.restart(at);
                }
            }
        }
    }
}

#[test]
fn what_another_says_of_reports_is_held_against_nobody() {
    let mut trio = Trio::open(&draft_of(Scheme::Rep64));
    for seed in 1..=6 {
        trio.report(seed, 2, &[0, 1, 2]);
    }
    trio.close();
    let (id, liar) = (trio.id, trio.keys[2].0.clone());
    trio.settle_where(
        &[0, 1, 2],
        |_, _, _| true,
        |from, word| {
            if let Pulled::Offer(offer) = word
                && from == 2
            {
                offer.invalid = vec![3];
                let invalid = core::iter::once(offer.ids[3]);
                let bytes = Offer::bytes(id, &offer.ids, invalid, &offer.seed);
                offer.signature = liar.sign(Domain::Offer, &bytes);
            }
        },
    );
    for role in 0..2 {
        assert_eq!(trio.tallies[role].stage(), Stage::Committed);
        assert_eq!((trio.tallies[role].rejected(), trio.tallies[role].invalid_lights()), (1, vec![]));
    }
}

#[test]
fn nearly_the_same_people_again_are_refused() {
    for scheme in Scheme::ALL {
        let mut trio = Trio::open(&draft_of(scheme));
        for seed in 1..=5 {
            trio.report(seed, 1, &[0, 1, 2]);
        }
        let before = Released {
            computation: ContentId::of(b"before"),
            deadline: now(),
            dataset: "penguins".into(),
            fields: ["mass".into()].into(),
            lights: [1, 2, 3, 4].map(light).to_vec(),
        };
        assert_eq!(trio.past.remember(now(), before), []);
        trio.close();
        trio.settle();
        let reason = RefusalReason::Differencing { computation: ContentId::of(b"before"), differs_by: 1 };
        assert!((0..3).any(|role| trio.reason(role) == reason));
        assert!((0..3).all(|role| trio.tallies[role].released().is_none()));
    }
}

#[test]
fn an_answer_taken_back_at_one_heavy_node_is_in_no_total() {
    for scheme in [Scheme::Additive64, Scheme::Prio3] {
        for role in 0..3 {
            for is_held in [true, false] {
                let mut trio = Trio::open(&draft_of(scheme));
                for seed in 1..=4 {
                    trio.report(seed, u64::from(seed), &[0, 1, 2]);
                }
                let holders: Vec<usize> = (0..3).filter(|other| is_held || *other != role).collect();
                trio.report(5, 500, &holders);
                let mut batch = Batch::new();
                assert_eq!(trio.tallies[role].withdraw(trio.now, light(5), &mut batch), Ok(true));
                trio.stores[role].apply(&batch).unwrap();
                // In whatever order they come, again, and after a restart.
                for _ in 0..2 {
                    assert_eq!(trio.report(5, 500, &[role]), [Err(ReportRefusal::Withdrawn)]);
                    let again = trio.tallies[role].withdraw(trio.now, light(5), &mut Batch::new());
                    assert_eq!((again, trio.tallies[role].reports()), (Ok(false), 4));
                    trio.restart(role);
                }
                trio.close();
                // A restart after the commitment finds the same set.
                trio.settle_where(&[0, 1, 2], |_, _, pull| pull != Pull::Signature, |_, _| {});
                trio.restart(role);
                trio.settle();
                for at in 0..3 {
                    assert_eq!(trio.sum(at), ("10".into(), 4));
                }
                let mine = [5, 1, 2, 3, 4].map(|seed| trio.mine(role, seed));
                assert_eq!(mine[0], Mine::None);
                assert_eq!(mine[1..], [Mine::Counted; 4]);
                // Nothing of it is left but the end.
                let keys = trio.stores[role].list(super::STORE_PREFIX).len();
                assert_eq!(keys, 2, "the proposal and the end");
            }
        }
    }
}

#[test]
fn strangers_keep_nobody_from_taking_an_answer_back() {
    let mut trio = Trio::open(&Draft { participants_max: 6, ..draft_of(Scheme::Additive64) });
    for seed in 1..=4 {
        trio.report(seed, 1, &[0, 1, 2]);
    }
    let withdraw = |trio: &mut Trio, seed| {
        let mut batch = Batch::new();
        let answer = trio.tallies[0].withdraw(trio.now, light(seed), &mut batch);
        trio.stores[0].apply(&batch).unwrap();
        answer
    };
    let strangers = (100..200).take_while(|seed| withdraw(&mut trio, *seed) == Ok(true)).count();
    assert_eq!(strangers, 16);
    for _ in 0..2 {
        assert_eq!(withdraw(&mut trio, 199), Err(ReportRefusal::Full), "as many as are remembered");
        trio.restart(0);
    }
    assert_eq!(withdraw(&mut trio, 4), Ok(true), "whose report is here is no stranger");
    // Who reports and takes it back again and again fills no store.
    let taken = (10..60).take_while(|seed| {
        let taken = trio.report(*seed, 1, &[0]) == [Ok(true)];
        taken && withdraw(&mut trio, *seed) == Ok(true)
    });
    assert_eq!(taken.count(), 2 * 6 - 4);
    assert_eq!(trio.report(61, 1, &[0]), [Err(ReportRefusal::Full)]);
    assert_eq!(withdraw(&mut trio, 3), Ok(true));
}

#[test]
fn an_answer_stays_once_its_heavy_node_has_closed() {
    let mut trio = Trio::open(&draft());
    for seed in 1..=4 {
        trio.report(seed, u64::from(seed), &[0, 1, 2]);
    }
    trio.close();
    let now = trio.now;
    let mut withdraw = |now| trio.tallies[0].withdraw(now, light(4), &mut Batch::new());
    assert_eq!(withdraw(now), Err(ReportRefusal::NotOpen), "the deadline has passed");
    trio.settle();
    let late = trio.tallies[0].withdraw(trio.now, light(4), &mut Batch::new());
    assert_eq!(late, Err(ReportRefusal::NotOpen));
    assert_eq!(trio.sum(0), ("10".into(), 4));
}

#[test]
fn a_report_taken_back_before_it_is_durable_never_counts() {
    let mut trio = Trio::open(&draft());
    let report = trio.made(light(9), 7, 9);
    let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[0]);
    let received = Received { light: light(9), nonce, public, sealed };
    let (tally, (_, seal)) = (&mut trio.tallies[0], &trio.keys[0]);
    assert_eq!(tally.report(trio.now, received, seal), Ok(true));
    // Its segment is on its way to the store when the withdrawal comes.
    let (mut segment, mut withdrawal) = (Batch::new(), Batch::new());
    assert!(tally.segment(&[light(9)], &mut segment));
    assert_eq!(tally.withdraw(trio.now, light(9), &mut withdrawal), Ok(true));
    trio.stores[0].apply(&segment).unwrap();
    tally.reports_persisted(&[light(9)]);
    assert_eq!(tally.reports(), 0);
    trio.stores[0].apply(&withdrawal).unwrap();
    trio.restart(0);
    assert_eq!(trio.tallies[0].reports(), 0);
    assert!(!trio.tallies[0].holds_durably(light(9)));
}
