//! Shares of a computation that has ended, on their way out of the store.

use super::*;
use aggregate::{Proposal, SHARES_PREFIX, STORE_PREFIX};
use store::Change;

/// Up to where heavy node 1 has ended the computation, and its store is asked for the first piece.
fn at_first_piece() -> (World, NodeId, ContentId) {
    let mut world = five();
    let draft = world.draft(10);
    let id = world.propose(10, draft);
    world.run_ms(5_000);
    world.commit_ms = 50;
    let heavy = World::light(1);
    for _ in 0..3_000 {
        let deletes = |batch: &Batch| {
            let mut changes = batch.changes();
            changes.any(|change| matches!(change, Change::Delete(key) if key.starts_with(SHARES_PREFIX)))
        };
        if world.commits.iter().any(|(_, of, _, batch)| *of == heavy && deletes(batch)) {
            assert_eq!(result(&world, heavy, id), Some(true), "the end is told before its shares are gone");
            assert!(kept_bytes(&world, heavy) > 0);
            return (world, heavy, id);
        }
        world.run_ms(10);
    }
    panic!("no share is ever deleted");
}

fn node(world: &World, heavy: NodeId) -> &HeavyNode {
    match &world.nodes[&heavy] {
        Node::Heavy(node) => node,
        Node::Light(_) => panic!("a heavy node"),
    }
}

/// Whether the computation has a result there; `None` where it is not known.
fn result(world: &World, heavy: NodeId, id: ContentId) -> Option<bool> {
    node(world, heavy).computation(id).map(|view| view.result.is_some())
}

fn kept_bytes(world: &World, heavy: NodeId) -> u64 {
    node(world, heavy).kept_bytes
}

/// Entries of the computation: shares, and others.
fn entries(world: &World, heavy: NodeId, id: ContentId) -> [usize; 2] {
    let under = |prefix: &[u8]| world.stores[&heavy].list(&[prefix, id.digest()].concat()).len();
    [under(SHARES_PREFIX), under(STORE_PREFIX)]
}

#[test]
fn a_kill_while_shares_are_deleted_loses_neither_the_end_nor_room() {
    for is_durable in [false, true] {
        let (mut world, heavy, id) = at_first_piece();
        let kept = kept_bytes(&world, heavy);
        assert_eq!(entries(&world, heavy, id)[0], 4);
        // It dies before it hears of the commit.
        for (_, of, _, batch) in core::mem::take(&mut world.commits) {
            if is_durable && of == heavy {
                world.stores[&heavy].apply(&batch).unwrap();
            }
        }
        world.kill(heavy);
        world.restart_heavy(1);
        assert_eq!(result(&world, heavy, id), Some(true));
        assert_eq!(kept_bytes(&world, heavy), if is_durable { 0 } else { kept });
        world.run_ms(1_000);
        assert_eq!((entries(&world, heavy, id), kept_bytes(&world, heavy)), ([0, 2], 0));
        assert_eq!(result(&world, heavy, id), Some(true));
    }
}

#[test]
fn a_store_that_fails_for_a_while_deletes_later() {
    let (mut world, heavy, id) = at_first_piece();
    let at = world.commits.iter().position(|(_, of, ..)| *of == heavy).unwrap();
    let (_, _, ticket, _) = world.commits.remove(at);
    let kept = kept_bytes(&world, heavy);
    world.heavy_input(heavy, HeavyInput::Stored { ticket, result: Err(store::StoreError::Full) });
    assert_eq!((entries(&world, heavy, id)[0], kept_bytes(&world, heavy)), (4, kept));
    world.run_ms(5_000);
    assert_eq!((entries(&world, heavy, id), kept_bytes(&world, heavy)), ([0, 2], 0));
}

#[test]
fn what_is_forgotten_while_its_shares_are_deleted_leaves_nothing() {
    for is_killed in [false, true] {
        let (mut world, heavy, id) = at_first_piece();
        world.kill(World::light(2));
        world.kill(World::light(3));
        world.fill(heavy);
        assert_eq!(result(&world, heavy, id), None, "it made room");
        assert!(kept_bytes(&world, heavy) > 0, "not for shares");
        if is_killed {
            // All that was asked of the store is lost, the forgetting too.
            world.commits.clear();
            world.kill(heavy);
            world.restart_heavy(1);
            assert_eq!(result(&world, heavy, id), Some(true));
        }
        world.run_ms(1_000);
        assert_eq!(entries(&world, heavy, id), [0, if is_killed { 2 } else { 0 }]);
        assert_eq!(kept_bytes(&world, heavy), 0);
    }
}

#[test]
fn a_proposal_does_not_wait_for_room_that_is_being_made() {
    let (mut world, heavy, id) = at_first_piece();
    let proposal = node(&world, heavy).computation(id).unwrap().proposal;
    world.commits.clear();
    // So that what is being deleted alone fills it.
    room::limit(&mut world, 1, 1);
    assert!(kept_bytes(&world, heavy) > 1);
    let proposer = Identity::from_seed([99; 32]);
    let deadline = world.now.plus_ms(60_000);
    let other = Proposal { title: "Other".into(), proposer: proposer.id(), deadline, ..proposal };
    let envelope = other.sign(&proposer);
    let (other, _) = Proposal::open(&envelope).unwrap();
    world.heavy_input(heavy, HeavyInput::Propose { token: 77, envelope });
    assert!(kept_bytes(&world, heavy) > 1, "it counts until it is gone");
    assert_eq!(result(&world, heavy, other), Some(false));
    assert_eq!(result(&world, heavy, id), Some(true), "nothing is forgotten for it");
    world.run_ms(1_000);
    assert_eq!((entries(&world, heavy, id), kept_bytes(&world, heavy)), ([0, 2], 0));
}
