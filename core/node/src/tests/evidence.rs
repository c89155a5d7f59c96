//! A heavy node that lies about its sums, as light nodes see it.

use super::*;
use crate::light::Accusation;
use aggregate::{
    evidence,
    message::{Pulled, Request, Response, partial_bytes},
};
use codec::{decode, encode};
use keys::Domain;

/// Whether this asks a heavy node for evidence.
pub(super) fn is_inquiry(body: &[u8]) -> bool {
    matches!(decode(body), Ok(Request::Evidence { .. }))
}

impl World {
    /// What the liar says in place of its sum of shares, and signs; `None` where `heavy` says something else, or is not the liar.
    pub(super) fn lie(&self, heavy: NodeId, body: &[u8]) -> Option<Vec<u8>> {
        let (identity, id) = self.liar.as_ref().filter(|(identity, _)| identity.id() == heavy)?;
        let Ok(Response::Pulled(Pulled::Partial { set, mut sum, .. })) = decode(body) else { return None };
        *sum.get_mut(4)? ^= 1;
        let signature = identity.sign(Domain::Partial, &partial_bytes(*id, set, &sum));
        Some(encode(&Response::Pulled(Pulled::Partial { set, sum, signature })))
    }

    /// A computation in which heavy node 1 lies, where `lies`.
    fn ask_with_liar(&mut self, scheme: Scheme, lies: bool) -> ContentId {
        let id = self.propose(10, Draft { scheme: Some(scheme), ..self.draft(30) });
        self.liar = lies.then(|| (Identity::from_seed([1; 32]), id));
        id
    }

    fn accusation(&self, seed: u8) -> Option<Accusation> {
        self.view(Self::light(seed)).tasks.first().and_then(|task| task.accusation.clone())
    }
}

#[test]
fn every_light_node_learns_who_lied_and_keeps_the_evidence() {
    let mut world = five();
    world.ask_with_liar(Scheme::Rep64, true);
    world.run_ms(60_000);
    let liar = Identity::from_seed([1; 32]).id();
    // Also the one that has not answered.
    for seed in 10..15 {
        let Some(End::Result { outcome, .. }) = world.end(seed) else { panic!("{:?}", world.end(seed)) };
        assert_eq!(outcome.participants, 4);
        let Accusation { accused, accuser, document } = world.accusation(seed).expect("evidence");
        assert_eq!(accused, liar);
        assert_ne!(accuser, liar);
        let proposal = world.view(World::light(seed)).tasks[0].document.clone();
        assert_eq!(evidence::verify(&proposal, &document).map(|found| found.accused), Ok(liar));
    }
    let before = world.accusation(11);
    world.heavy().into_iter().for_each(|heavy| world.kill(heavy));
    world.kill(World::light(11));
    world.restart_light(11);
    assert_eq!(world.accusation(11), before, "kept");
}

#[test]
fn nobody_is_accused_where_nobody_lied_or_no_lie_can_be_shown() {
    // Each of five light nodes asks each heavy node, once.
    let rep64 = (Scheme::Rep64, false, 15);
    for (scheme, lies, inquiries) in [rep64, (Scheme::Additive64, false, 0), (Scheme::Additive64, true, 0)] {
        let mut world = five();
        world.ask_with_liar(scheme, lies);
        world.run_ms(120_000);
        assert!(world.end(11).is_some());
        assert!((10..15).all(|seed| world.accusation(seed).is_none()), "{scheme}");
        world.run_ms(3_600_000);
        assert_eq!(world.inquiries, inquiries, "{scheme}");
    }
}

#[test]
fn heavy_nodes_that_can_tell_are_asked_when_they_are_back() {
    let mut world = five();
    world.ask_with_liar(Scheme::Rep64, true);
    world.run_ms(20_000);
    world.kill(World::light(11));
    world.run_ms(60_000);
    let honest = [2, 3].map(|seed| Identity::from_seed([seed; 32]).id());
    honest.into_iter().for_each(|heavy| world.kill(heavy));
    world.restart_light(11);
    world.run_ms(10_000);
    assert!(matches!(world.end(11), Some(End::Result { .. })), "the liar has the result, too");
    assert_eq!(world.accusation(11), None, "it does not tell on itself");
    [2, 3].into_iter().for_each(|seed| world.restart_heavy(seed));
    world.run_ms(120_000);
    assert!(world.accusation(11).is_some());
}

#[test]
fn what_was_not_asked_in_time_is_asked_when_somebody_looks() {
    let mut world = five();
    let id = world.ask_with_liar(Scheme::Rep64, true);
    world.run_ms(60_000);
    let light = World::light(11);
    world.kill(light);
    let mut batch = store::Batch::new();
    world.stores[&light].list(b"e/").into_iter().for_each(|entry| batch.delete(entry.key));
    assert_eq!(batch.changes().len(), 1);
    world.stores[&light].apply(&batch).unwrap();
    world.restart_light(11);
    world.run_ms(10_000);
    assert_eq!(world.accusation(11), None);
    assert_eq!(world.command(light, Command::Watch { id: Some(id) }), Ok(Reply::Done));
    world.run_ms(1_000);
    assert!(world.accusation(11).is_some());
}
