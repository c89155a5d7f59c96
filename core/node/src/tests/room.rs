//! A heavy node whose room for reports is full.

use super::*;
use aggregate::{Proposal, message::ReportRefusal};

/// Restarts a heavy node with another limit.
pub(super) fn limit(world: &mut World, seed: u8, kept_bytes_max: u64) {
    let config = HeavyConfig { kept_bytes_max, ..heavy_config(seed) };
    let id = config.identity.id();
    world.kill(id);
    let node = HeavyNode::new(config, &world.stores[&id].list(b""), world.now).unwrap();
    world.down.retain(|down| *down != id);
    world.nodes.insert(id, Node::Heavy(Box::new(node)));
    world.pump();
}

#[test]
fn a_full_heavy_node_asks_to_come_again_and_takes_reports_once_there_is_room() {
    let mut world = five();
    // So that the first report fills it.
    limit(&mut world, 1, 1);
    let draft = world.draft(60);
    let id = world.propose(10, draft);
    world.run_ms(15_000);
    let heavy = heavy_config(1).identity.id();
    let Node::Heavy(node) = &world.nodes[&heavy] else { panic!() };
    assert_eq!(node.computation(id).unwrap().reports, 1);
    assert!(node.view().counters.reports_refused[&ReportRefusal::Storage] > 0);
    // A proposal is told why, and what to do.
    let (token, proposer) = (77, Identity::from_seed([99; 32]));
    let proposal = node.computation(id).unwrap().proposal;
    let other = Proposal { title: "Other".into(), proposer: proposer.id(), ..proposal };
    let envelope = other.sign(&proposer);
    let Some(Node::Heavy(node)) = world.nodes.get_mut(&heavy) else { panic!() };
    node.handle_input(world.now, HeavyInput::Propose { token, envelope });
    let answer = core::iter::from_fn(|| node.poll_output()).find_map(|output| match output {
        HeavyOutput::Proposed { result, .. } => Some(result),
        _ => None,
    });
    let why = answer.expect("an answer").unwrap_err();
    assert!(why.contains("try again once some of its computations have ended"), "{why}");
    // With room the light nodes' next tries are taken, and all count.
    limit(&mut world, 1, crate::KEPT_BYTES_MAX);
    world.run_ms(100_000);
    assert!(matches!(world.end(10), Some(End::Result { outcome, .. }) if outcome.participants == 4));
}
