use super::{Stage, Tally};
use crate::{
    Draft, Proposal, RefusalReason, Report, Verified,
    message::{Mine, Pull, Pulled, ReportRefusal},
    outcome,
    tests::{draft, heavy, now, propose, proposer, rng},
};
use alloc::{vec, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Identity, NodeId, SealKey};
use store::{Batch, MemoryStore};

/// The three tallies of one computation, with their stores.
struct Trio {
    id: ContentId,
    proposal: Proposal,
    keys: [(Identity, SealKey); 3],
    tallies: Vec<Tally>,
    stores: [MemoryStore; 3],
    now: Instant,
}

impl Trio {
    fn open(draft: &Draft) -> Self {
        let proposal = propose(draft).unwrap();
        let envelope = proposal.sign(&proposer());
        let (id, proposal) = Proposal::open(&envelope).unwrap();
        let (keys, stores) = (heavy(), [MemoryStore::new(), MemoryStore::new(), MemoryStore::new()]);
        let mut trio = Self { id, proposal, keys, tallies: Vec::new(), stores, now: now() };
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

    fn report(&mut self, light: u8, value: u64, to: &[usize]) -> Vec<Result<bool, ReportRefusal>> {
        let id = NodeId::from_public_key([light; 32]);
        let report = Report::new(&self.proposal, self.id, id, &[value, 1], &mut rng(light)).unwrap();
        self.send(id, &report, to)
    }

    fn send(&mut self, light: NodeId, report: &Report, to: &[usize]) -> Vec<Result<bool, ReportRefusal>> {
        let mut answers = Vec::new();
        for role in to {
            let (tally, (_, seal)) = (&mut self.tallies[*role], &self.keys[*role]);
            let answer = tally.report(self.now, light, report.nonce, &report.sealed[*role], seal);
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

    /// Exchanges all words between all tallies until nothing changes.
    fn settle(&mut self) {
        self.settle_among(&[0, 1, 2]);
    }

    fn settle_among(&mut self, alive: &[usize]) {
        for _ in 0..20 {
            for role in alive {
                while let Some(persist) = self.tallies[*role].advance(self.now, &self.keys[*role].0) {
                    self.stores[*role].apply(&persist.batch).unwrap();
                    self.tallies[*role].persisted(persist.stage);
                }
                for (peer, pull) in self.tallies[*role].wants() {
                    let at = self.proposal.role(peer).unwrap();
                    if alive.contains(&at) {
                        let word = self.tallies[at].publish(pull, &self.keys[at].0);
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

    fn give_up(&mut self) {
        self.now = self.proposal.end();
    }

    fn end(&self, role: usize) -> Verified {
        let tally = &self.tallies[role];
        outcome::verify(tally.envelope(), tally.end().expect("an end")).unwrap()
    }

    fn sum(&self, role: usize) -> (alloc::string::String, u32) {
        match self.end(role) {
            Verified::Result(outcome) => (outcome.sum, outcome.participants),
            Verified::Refusal(refusal) => panic!("{:?}", refusal.reason),
        }
    }

    fn reason(&self, role: usize) -> RefusalReason {
        match self.end(role) {
            Verified::Refusal(refusal) => refusal.reason,
            Verified::Result(outcome) => panic!("{outcome:?}"),
        }
    }
}

#[test]
fn the_total_covers_exactly_what_all_three_hold() {
    let mut trio = Trio::open(&draft());
    for light in 1..=4 {
        trio.report(light, u64::from(light), &[0, 1, 2]);
    }
    trio.report(5, 500, &[0, 2]);
    trio.report(6, 600, &[1]);
    trio.close();
    trio.settle();
    for role in 0..3 {
        assert_eq!(trio.sum(role), ("10".into(), 4));
    }
    let fate = |role: usize, light: u8| trio.tallies[role].status(NodeId::from_public_key([light; 32])).mine;
    assert_eq!(
        [fate(0, 1), fate(0, 5), fate(1, 5), fate(1, 6)],
        [Mine::Counted, Mine::NotHeldByAll, Mine::None, Mine::NotHeldByAll]
    );
    // Shares are gone; what became of whom stays, also after a restart.
    assert_eq!(trio.stores[0].list(b"").len(), 2);
    trio.restart(0);
    assert_eq!(trio.sum(0), ("10".into(), 4));
    assert_eq!(trio.tallies[0].status(NodeId::from_public_key([5; 32])).mine, Mine::NotHeldByAll);
}

#[test]
fn replays_duplicates_late_and_malformed_reports_are_refused() {
    let mut trio = Trio::open(&Draft { participants_max: 4, ..draft() });
    let light = NodeId::from_public_key([1; 32]);
    let report = Report::new(&trio.proposal, trio.id, light, &[1, 1], &mut rng(1)).unwrap();
    assert_eq!(trio.send(light, &report, &[0]), [Ok(true)]);
    assert_eq!(trio.send(light, &report, &[0]), [Ok(false)], "the same again is acknowledged again");
    let other = Report::new(&trio.proposal, trio.id, light, &[1, 1], &mut rng(2)).unwrap();
    assert_eq!(trio.send(light, &other, &[0]), [Err(ReportRefusal::Duplicate)]);
    let thief = NodeId::from_public_key([2; 32]);
    assert_eq!(trio.send(thief, &report, &[0]), [Err(ReportRefusal::Malformed)]);
    for light in 3..=5 {
        assert_eq!(trio.report(light, 1, &[0]), [Ok(true)]);
    }
    assert_eq!(trio.report(6, 1, &[0]), [Err(ReportRefusal::Full)]);
    trio.close();
    assert_eq!(trio.report(7, 1, &[1]), [Err(ReportRefusal::NotOpen)]);
    assert_eq!(trio.tallies[0].reports(), 4);
}

#[test]
fn a_full_computation_closes_before_its_deadline() {
    let mut trio = Trio::open(&Draft { participants_max: 3, ..draft() });
    for light in 1..=3 {
        trio.report(light, 2, &[0, 1, 2]);
    }
    trio.settle();
    assert_eq!(trio.sum(1), ("6".into(), 3));
}

#[test]
fn a_restart_at_any_stage_ends_in_the_same_result() {
    for role in 0..3 {
        for rounds in 0..6 {
            let mut trio = Trio::open(&draft());
            for light in 1..=3 {
                trio.report(light, 10, &[0, 1, 2]);
            }
            trio.restart(role);
            trio.close();
            for _ in 0..rounds {
                // One step of each, then one word each.
                for at in 0..3 {
                    if let Some(persist) = trio.tallies[at].advance(trio.now, &trio.keys[at].0) {
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
                assert_eq!(trio.sum(at), ("30".into(), 3), "role {role}, {rounds} rounds");
            }
        }
    }
}

#[test]
fn nothing_is_published_before_it_is_durable() {
    let mut trio = Trio::open(&draft());
    for light in 1..=3 {
        trio.report(light, 1, &[0, 1, 2]);
    }
    trio.close();
    let identity = trio.keys[0].0.clone();
    let persist = trio.tallies[0].advance(trio.now, &identity).unwrap();
    assert_eq!(persist.stage, Some(Stage::Closed));
    assert_eq!(trio.tallies[0].publish(Pull::Offer { from: 0 }, &identity), Pulled::NotYet);
    assert!(trio.tallies[0].advance(trio.now, &identity).is_none(), "one step at a time");
    trio.tallies[0].persisted(persist.stage);
    assert!(matches!(
        trio.tallies[0].publish(Pull::Offer { from: 0 }, &identity),
        Pulled::Offer { total: 3, .. }
    ));
    assert_eq!(trio.tallies[0].publish(Pull::Commit, &identity), Pulled::NotYet);
    assert_eq!(trio.tallies[0].publish(Pull::Partial, &identity), Pulled::NotYet);
}

#[test]
fn too_few_in_common_is_a_refusal_that_says_so() {
    let mut trio = Trio::open(&draft());
    trio.report(1, 1, &[0, 1, 2]);
    trio.report(2, 1, &[0, 1, 2]);
    for light in 3..=6 {
        trio.report(light, 1, &[usize::from(light) % 3, usize::from(light + 1) % 3]);
    }
    trio.close();
    trio.settle();
    assert!(
        (0..3)
            .any(|role| trio.reason(role) == RefusalReason::TooFew { participants: 2, participants_min: 3 })
    );
    assert!((0..3).all(|role| trio.tallies[role].stage() == Stage::Closed));
    assert_eq!(trio.tallies[0].status(NodeId::from_public_key([1; 32])).mine, Mine::Unused);
}

#[test]
fn a_dead_heavy_node_is_named_after_the_grace_period() {
    let mut trio = Trio::open(&draft());
    for light in 1..=3 {
        trio.report(light, 1, &[0, 1, 2]);
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

#[test]
fn a_result_supersedes_a_refusal() {
    let mut trio = Trio::open(&draft());
    for light in 1..=3 {
        trio.report(light, 1, &[0, 1, 2]);
    }
    trio.close();
    // All three sign, but 0 hears of no signature before it gives up.
    while trio.tallies.iter().any(|tally| tally.stage() < Stage::Signed) {
        for at in 0..3 {
            if let Some(persist) = trio.tallies[at].advance(trio.now, &trio.keys[at].0) {
                trio.stores[at].apply(&persist.batch).unwrap();
                trio.tallies[at].persisted(persist.stage);
            }
        }
        for at in 0..3 {
            for (peer, pull) in trio.tallies[at].wants() {
                if pull != Pull::Signature {
                    let from = trio.proposal.role(peer).unwrap();
                    let word = trio.tallies[from].publish(pull, &trio.keys[from].0);
                    trio.tallies[at].learn(peer, word);
                }
            }
        }
    }
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

#[test]
fn a_heavy_node_that_breaks_the_protocol_is_named() {
    type Lie = fn(&mut Pulled);
    let lies: [(Pull, Lie); 4] = [
        (Pull::Offer { from: 0 }, |word| {
            if let Pulled::Offer { ids, .. } = word {
                ids.reverse();
            }
        }),
        (Pull::Offer { from: 0 }, |word| {
            if let Pulled::Offer { total, .. } = word {
                *total = u32::MAX;
            }
        }),
        (Pull::Commit, |word| {
            if let Pulled::Commit { signature, .. } = word {
                signature[0] ^= 1;
            }
        }),
        (Pull::Partial, |word| {
            if let Pulled::Partial { sum, .. } = word {
                sum.push(0);
            }
        }),
    ];
    for (step, lie) in lies {
        let mut trio = Trio::open(&draft());
        for light in 1..=3 {
            trio.report(light, 1, &[0, 1, 2]);
        }
        trio.close();
        for _ in 0..10 {
            for at in 0..3 {
                while let Some(persist) = trio.tallies[at].advance(trio.now, &trio.keys[at].0) {
                    trio.tallies[at].persisted(persist.stage);
                }
                for (peer, pull) in trio.tallies[at].wants() {
                    let from = trio.proposal.role(peer).unwrap();
                    let mut word = trio.tallies[from].publish(pull, &trio.keys[from].0);
                    if from == 2 && pull == step {
                        lie(&mut word);
                    }
                    trio.tallies[at].learn(peer, word);
                }
            }
        }
        let liar = trio.keys[2].0.id();
        let named = (0..2).any(
            |role| matches!(trio.reason(role), RefusalReason::HeavyDisagrees { heavy, .. } if heavy == liar),
        );
        assert!(named, "{step:?}");
    }
}

#[test]
fn words_of_strangers_and_of_oneself_change_nothing() {
    let mut trio = Trio::open(&draft());
    trio.report(1, 1, &[0, 1, 2]);
    trio.close();
    let stranger = NodeId::from_public_key([77; 32]);
    trio.tallies[0].learn(stranger, Pulled::Offer { total: 0, from: 0, ids: vec![] });
    let own = trio.keys[0].0.id();
    trio.tallies[0].learn(own, Pulled::Offer { total: 0, from: 0, ids: vec![] });
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
    let light = NodeId::from_public_key([1; 32]);
    let report = Report::new(&proposal, id, light, &[1, 1], &mut rng(1)).unwrap();
    let answer = tally.report(now(), light, report.nonce, &report.sealed[0], &seal);
    assert_eq!(answer, Err(ReportRefusal::NotYet));
    assert!(ReportRefusal::NotYet.is_passing());
}

#[test]
fn a_heavy_node_that_offers_few_reports_isolates_nobody() {
    let mut trio = Trio::open(&draft());
    for light in 1..=9 {
        trio.report(light, 1, &[0, 1, 2]);
    }
    trio.close();
    // Node 2 keeps back all but three.
    trio.tallies[2].drop_reports(&[4, 5, 6, 7, 8, 9].map(|light| NodeId::from_public_key([light; 32])));
    trio.settle();
    let shrunk = RefusalReason::Shrunk { participants: 3, held: 9 };
    assert!((0..2).any(|role| trio.reason(role) == shrunk));
    assert!((0..2).all(|role| trio.tallies[role].stage() == Stage::Closed), "no sum is released");
    let before = trio.tallies[0].stage();
    trio.restart(0);
    assert_eq!(trio.tallies[0].stage(), before);
}

#[test]
fn an_answer_taken_back_at_one_heavy_node_is_in_no_total() {
    let light = NodeId::from_public_key([5; 32]);
    for role in 0..3 {
        for is_held in [true, false] {
            let mut trio = Trio::open(&draft());
            for light in 1..=4 {
                trio.report(light, u64::from(light), &[0, 1, 2]);
            }
            let holders: Vec<usize> = (0..3).filter(|other| is_held || *other != role).collect();
            trio.report(5, 500, &holders);
            let mut batch = Batch::new();
            assert_eq!(trio.tallies[role].withdraw(trio.now, light, &mut batch), Ok(true));
            trio.stores[role].apply(&batch).unwrap();
            // In whatever order they come, again, and after a restart.
            for _ in 0..2 {
                assert_eq!(trio.report(5, 500, &[role]), [Err(ReportRefusal::Withdrawn)]);
                assert_eq!(trio.tallies[role].withdraw(trio.now, light, &mut Batch::new()), Ok(false));
                assert_eq!(trio.tallies[role].reports(), 4);
                trio.restart(role);
            }
            trio.close();
            trio.settle();
            for role in 0..3 {
                assert_eq!(trio.sum(role), ("10".into(), 4));
            }
            assert_eq!(trio.tallies[role].status(light).mine, Mine::None);
            // Nothing of it is left but the end.
            let keys = trio.stores[role].list(super::STORE_PREFIX).len();
            assert_eq!(keys, 2, "the proposal and the end");
        }
    }
}

#[test]
fn an_answer_stays_once_its_heavy_node_has_closed() {
    let mut trio = Trio::open(&draft());
    for light in 1..=4 {
        trio.report(light, u64::from(light), &[0, 1, 2]);
    }
    let light = NodeId::from_public_key([4; 32]);
    trio.close();
    let now = trio.now;
    let mut withdraw = |now| trio.tallies[0].withdraw(now, light, &mut Batch::new());
    assert_eq!(withdraw(now), Err(ReportRefusal::NotOpen), "the deadline has passed");
    trio.settle();
    assert_eq!(trio.tallies[0].withdraw(trio.now, light, &mut Batch::new()), Err(ReportRefusal::NotOpen));
    assert_eq!(trio.sum(0), ("10".into(), 4));
}

#[test]
fn a_report_taken_back_before_it_is_durable_never_counts() {
    let mut trio = Trio::open(&draft());
    let light = NodeId::from_public_key([9; 32]);
    let report = Report::new(&trio.proposal, trio.id, light, &[7, 1], &mut rng(9)).unwrap();
    let (tally, (_, seal)) = (&mut trio.tallies[0], &trio.keys[0]);
    assert_eq!(tally.report(trio.now, light, report.nonce, &report.sealed[0], seal), Ok(true));
    // Its segment is on its way to the store when the withdrawal comes.
    let (mut segment, mut withdrawal) = (Batch::new(), Batch::new());
    assert!(tally.segment(&[light], &mut segment));
    assert_eq!(tally.withdraw(trio.now, light, &mut withdrawal), Ok(true));
    trio.stores[0].apply(&segment).unwrap();
    tally.reports_persisted(&[light]);
    assert_eq!(tally.reports(), 0);
    trio.stores[0].apply(&withdrawal).unwrap();
    trio.restart(0);
    assert_eq!(trio.tallies[0].reports(), 0);
    assert!(!trio.tallies[0].holds_durably(light));
}
