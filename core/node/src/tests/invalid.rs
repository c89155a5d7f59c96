//! Light nodes whose shares are invalid.

use super::*;
use crate::heavy::{REJECTION_MS, REJECTIONS_MAX};
use aggregate::{
    Proposal, Report,
    message::{ReportRefusal, Request, Response},
    report::context,
};
use codec::{decode, encode};
use net::{Hello, Input, LinkRequest, Protocol, RequestId, Role};

/// Somebody with a connection and no machine of ours.
struct Rogue {
    id: NodeId,
    asked: u64,
}

impl Rogue {
    fn connect(world: &mut World, seed: u8) -> Self {
        let rogue = Self { id: Identity::from_seed([seed; 32]).id(), asked: 0 };
        for heavy in world.heavy() {
            let address = "/memory/0".into();
            world.net_input(heavy, Input::Connected { peer: rogue.id, address });
            let hello = LinkRequest::Hello(Hello { role: Role::Light, agent: "rogue".into() });
            let responder = Responder(u64::MAX - heavy.public_key()[0] as u64);
            world.asked.insert(responder, (rogue.id, RequestId(0)));
            let (protocol, body) = (Protocol::Link, encode(&hello));
            world.net_input(heavy, Input::Request { peer: rogue.id, responder, protocol, body });
        }
        world.pump();
        rogue
    }

    /// What `heavy` answers to a share that was damaged before it was sealed.
    fn report(&mut self, world: &mut World, heavy: NodeId, id: ContentId, proposal: &Proposal) -> Response {
        let instance = proposal.instance().unwrap();
        let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([7; 32]);
        let (nonce, one) = ([7; 16], [1, 5]);
        let mut sharded = instance.shard(&context(id), &nonce, &one, &mut rng).unwrap();
        sharded.inputs[0][0] ^= 1;
        let report = Report::seal(proposal, id, self.id, nonce, sharded, &mut rng).unwrap();
        let sealed = report.sealed[proposal.role(heavy).unwrap()].clone();
        let request = Request::Report { id, nonce, public: report.public, sealed };
        self.asked += 1;
        let responder = Responder(1 << 40 | self.asked);
        let (protocol, body) = (Protocol::Aggregate, encode(&request));
        let now = world.now;
        let Some(Node::Heavy(node)) = world.nodes.get_mut(&heavy) else { panic!() };
        let input = Input::Request { peer: self.id, responder, protocol, body };
        node.handle_input(now, HeavyInput::Net(input));
        let mut answer = None;
        while let Some(output) = node.poll_output() {
            match output {
                HeavyOutput::Store { ticket, batch } => {
                    let result = world.stores[&heavy].apply(&batch);
                    node.handle_input(now, HeavyInput::Stored { ticket, result });
                }
                HeavyOutput::Net(net::Output::Respond { responder: to, body }) if to == responder => {
                    answer = decode(&body).ok();
                }
                _ => {}
            }
        }
        answer.expect("an answer")
    }
}

#[test]
fn who_sends_invalid_shares_again_and_again_is_taken_no_more() {
    let mut world = five();
    let mut rogue = Rogue::connect(&mut world, 66);
    for round in 0..=REJECTIONS_MAX {
        let draft = Draft { scheme: Some(Scheme::Prio3), title: format!("{round}"), ..world.draft(10) };
        let id = world.propose(10, draft);
        world.run_ms(2_000);
        let view = |world: &World| {
            let Node::Heavy(node) = &world.nodes[&world.heavy()[0]] else { panic!() };
            (node.computation(id).unwrap(), node.view().counters)
        };
        let proposal = view(&world).0.proposal;
        let limited = round == REJECTIONS_MAX;
        for heavy in world.heavy() {
            let answer = rogue.report(&mut world, heavy, id, &proposal);
            let expected =
                if limited { Response::Refused(ReportRefusal::Limited) } else { Response::Acknowledged };
            assert_eq!(answer, expected, "round {round}");
        }
        world.run_ms(20_000);
        let (view, counters) = view(&world);
        let outcome = view.result.expect("a result");
        assert_eq!((outcome.participants, outcome.rejected), (4, u32::from(!limited)));
        assert_eq!(outcome.figure("sum").as_deref(), Some("11.0"));
        assert_eq!(counters.reports_rejected, u64::from((round + 1).min(REJECTIONS_MAX)));
    }
    // Also after a restart.
    let heavy = World::light(1);
    world.kill(heavy);
    world.restart_heavy(1);
    world.run_ms(1_000);
    let draft = Draft { scheme: Some(Scheme::Prio3), title: "again".into(), ..world.draft(10) };
    let id = world.propose(10, draft);
    world.run_ms(2_000);
    let mut rogue = Rogue::connect(&mut world, 66);
    let Node::Heavy(node) = &world.nodes[&heavy] else { panic!() };
    let proposal = node.computation(id).unwrap().proposal;
    let answer = rogue.report(&mut world, heavy, id, &proposal);
    assert_eq!(answer, Response::Refused(ReportRefusal::Limited));
    // For a day, and not for ever: what looks invalid may be another heavy node's doing.
    world.run_ms(30_000);
    world.now = world.now.plus_ms(REJECTION_MS);
    world.run_ms(60_000);
    let draft = Draft { scheme: Some(Scheme::Prio3), title: "later".into(), ..world.draft(10) };
    let id = world.propose(10, draft);
    world.run_ms(2_000);
    let mut rogue = Rogue::connect(&mut world, 66);
    let Node::Heavy(node) = &world.nodes[&heavy] else { panic!() };
    let proposal = node.computation(id).unwrap().proposal;
    assert_eq!(rogue.report(&mut world, heavy, id, &proposal), Response::Acknowledged);
}
