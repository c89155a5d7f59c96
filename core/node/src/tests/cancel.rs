//! Proposals that are taken back.

use super::{Draft, Node, Scheme, World, five};
use crate::{Command, HeavyInput, Reply, TaskState, light::End};
use aggregate::{RefusalReason, Stage, cancel::Cancellation};
use codec::ContentId;
use keys::{Identity, NodeId};

impl World {
    /// Has one heavy node take a cancellation signed by light node `by`.
    fn cancel(&mut self, heavy: NodeId, id: ContentId, by: u8) {
        let envelope = Cancellation::sign(id, &Identity::from_seed([by; 32]));
        self.heavy_input(heavy, HeavyInput::Cancel { token: 1, envelope });
    }

    fn at(&self, heavy: NodeId, id: ContentId) -> (Stage, Option<RefusalReason>) {
        let Node::Heavy(node) = &self.nodes[&heavy] else { panic!("a heavy node") };
        let view = node.computation(id).unwrap();
        (view.stage, view.refusal)
    }
}

#[test]
fn what_its_proposer_cancels_is_refused_by_all_and_for_good() {
    let mut world = five();
    let draft = world.draft(60);
    let id = world.propose(10, draft);
    world.run_ms(3_000);
    let heavy = world.heavy();
    world.cancel(heavy[0], id, 11);
    world.run_ms(1_000);
    assert_eq!(world.at(heavy[0], id), (Stage::Open, None), "nobody else cancels");
    // One heavy node is away, and is told when it comes back.
    world.kill(heavy[2]);
    world.cancel(heavy[0], id, 10);
    world.run_ms(1_000);
    assert_eq!(world.at(heavy[0], id).1, Some(RefusalReason::Cancelled));
    assert_eq!(world.at(heavy[1], id).1, Some(RefusalReason::Cancelled));
    let seed_of = |id| (1..=3u8).find(|seed| Identity::from_seed([*seed; 32]).id() == id).unwrap();
    world.restart_heavy(seed_of(heavy[2]));
    world.run_ms(20_000);
    assert_eq!(world.at(heavy[2], id).1, Some(RefusalReason::Cancelled));
    assert!(matches!(world.end(10), Some(End::Refusal { .. })));
    // It stays so.
    world.kill(heavy[0]);
    world.restart_heavy(seed_of(heavy[0]));
    world.run_ms(90_000);
    assert_eq!(world.at(heavy[0], id).1, Some(RefusalReason::Cancelled));
}

#[test]
fn who_was_away_hears_of_a_cancellation_from_those_that_have_restarted_since() {
    let mut world = five();
    let draft = world.draft(60);
    let id = world.propose(10, draft);
    world.run_ms(3_000);
    let [first, second, away] = [1, 2, 3].map(World::light);
    world.kill(away);
    world.cancel(first, id, 10);
    world.run_ms(1_000);
    for (heavy, seed) in [(first, 1), (second, 2)] {
        assert_eq!(world.at(heavy, id).1, Some(RefusalReason::Cancelled));
        world.kill(heavy);
        world.restart_heavy(seed);
        assert_eq!(world.at(heavy, id).1, Some(RefusalReason::Cancelled));
    }
    world.restart_heavy(3);
    world.run_ms(20_000);
    assert_eq!(world.at(away, id).1, Some(RefusalReason::Cancelled), "long before the deadline");
}

#[test]
fn what_has_closed_takes_its_course() {
    let mut world = five();
    let draft = world.draft(10);
    let id = world.propose(10, draft);
    world.run_ms(10_000);
    let heavy = world.heavy();
    for at in &heavy {
        world.cancel(*at, id, 10);
    }
    world.run_ms(10_000);
    for at in heavy {
        assert_eq!(world.at(at, id), (Stage::Done, None));
    }
}

#[test]
fn one_refusal_does_not_end_what_two_go_on_with() {
    let mut world = five();
    let draft = Draft { scheme: Some(Scheme::Rep64), ..world.draft(60) };
    let id = world.propose(10, draft);
    world.run_ms(1_000);
    let (light, first) = (World::light(13), World::light(1));
    // One heavy node refuses, and is lost before the others hear of it.
    world.kill(World::light(2));
    world.kill(World::light(3));
    world.cancel(first, id, 10);
    world.run_ms(10_000);
    assert!(matches!(world.end(13), Some(End::Refusal { .. })));
    world.kill(first);
    world.restart_heavy(2);
    world.restart_heavy(3);
    world.run_ms(5_000);
    // The set is not frozen, so that an answer can still be taken back, and one that is given late can come in.
    assert_eq!(world.command(light, Command::Withdraw { id }), Ok(Reply::Done));
    world.run_ms(5_000);
    let view = world.view(light);
    let task = view.tasks.iter().find(|task| task.id == id).unwrap();
    assert_eq!(task.state, TaskState::Withdrawn);
    world.run_ms(400_000);
    match world.end(11) {
        Some(End::Result { outcome, .. }) => assert_eq!(outcome.participants, 3),
        other => panic!("{other:?}"),
    }
}
