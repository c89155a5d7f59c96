//! Computations whose participants are nearly those of another.

use super::*;
use crate::heavy::COMPUTATIONS_MAX;
use aggregate::RefusalReason;
use alloc::string::ToString;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

impl World {
    fn ended(&self, heavy: NodeId, id: ContentId) -> (bool, Option<RefusalReason>) {
        let Node::Heavy(node) = &self.nodes[&heavy] else { panic!("a heavy node") };
        let view = node.computation(id).unwrap();
        (view.result.is_some(), view.refusal)
    }

    /// The heavy node of this seed starts anew with nothing in its store.
    fn wipe(&mut self, seed: u8) {
        let id = World::light(seed);
        self.kill(id);
        self.stores.insert(id, MemoryStore::new());
        self.restart_heavy(seed);
        for envelope in self.descriptors.clone() {
            self.heavy_input(id, HeavyInput::Fellow { envelope });
        }
    }

    /// Proposals that only `heavy` hears of, until it has no room for another.
    pub(super) fn fill(&mut self, heavy: NodeId) {
        let keys: Vec<_> =
            self.descriptors.iter().map(|envelope| Descriptor::open(envelope).unwrap().key()).collect();
        for at in 0..COMPUTATIONS_MAX as u64 {
            let mut seed = [99; 32];
            seed[..8].copy_from_slice(&at.to_le_bytes());
            let proposer = Identity::from_seed(seed);
            let draft = Draft { title: at.to_string(), ..self.draft(10) };
            let proposal = draft.propose(proposer.id(), &keys, &mut ChaCha8Rng::from_seed(seed)).unwrap();
            self.heavy_input(heavy, HeavyInput::Propose { token: at, envelope: proposal.sign(&proposer) });
        }
    }
}

#[test]
fn of_two_that_close_at_once_and_differ_by_one_person_only_one_has_a_result() {
    let mut world = five();
    let (first, second) = (world.draft(20), Draft { title: "again".into(), ..world.draft(20) });
    let ids = [world.propose(10, first), world.propose(10, second)];
    world.run_ms(5_000);
    assert_eq!(world.command(World::light(14), Command::Approve { id: ids[1] }), Ok(Reply::Done));
    world.run_ms(5_000);
    // Their commits wait for the same disk.
    world.commit_ms = 50;
    world.run_ms(30_000);
    for heavy in world.heavy() {
        let ends = ids.map(|id| world.ended(heavy, id));
        assert_eq!(ends.iter().filter(|(is_result, _)| *is_result).count(), 1, "{ends:?}");
        let refusal = ends.iter().find_map(|(_, refusal)| refusal.clone());
        let by_itself = matches!(refusal, Some(RefusalReason::Differencing { differs_by: 1, .. }));
        assert!(by_itself || matches!(refusal, Some(RefusalReason::HeavyRefused { .. })), "{refusal:?}");
    }
}

#[test]
fn who_fills_a_heavy_node_does_not_make_it_forget_whose_sums_it_gave_away() {
    let mut world = five();
    let draft = world.draft(10);
    let id = world.propose(10, draft);
    world.run_ms(20_000);
    let [heavy, second, third] = [1, 2, 3].map(World::light);
    assert!(world.ended(heavy, id).0);
    world.kill(second);
    world.kill(third);
    world.fill(heavy);
    let Node::Heavy(node) = &world.nodes[&heavy] else { panic!("a heavy node") };
    assert!(node.computation(id).is_none(), "it made room");
    world.run_ms(60_000);
    // It alone remembers, through a restart.
    world.wipe(2);
    world.wipe(3);
    world.kill(heavy);
    world.restart_heavy(1);
    world.run_ms(40_000);
    let draft = Draft { title: "again".into(), ..world.draft(20) };
    let again = world.propose(10, draft);
    world.run_ms(5_000);
    assert_eq!(world.command(World::light(14), Command::Approve { id: again }), Ok(Reply::Done));
    world.run_ms(30_000);
    let (is_result, refusal) = world.ended(heavy, again);
    assert!(!is_result);
    assert_eq!(refusal, Some(RefusalReason::Differencing { computation: id, differs_by: 1 }));
}
