//! Every record that a node stores, as its own machines write it.

use crate::{
    golden::Entry,
    samples::{NOW, descriptor, heavy, light, proposal_of, proposed, proposer, result},
};
use aggregate::{
    Persist, Proposal, Received, Report, Scheme, Tally,
    cancel::Cancellation,
    differencing::Past,
    message::{Mine, Request, Response, Status},
};
use codec::{Instant, decode, encode};
use data_encoding::HEXLOWER;
use keys::{Identity, NodeId};
use net::{Hello, Input, LinkRequest, LinkResponse, Output, Protocol, Role, Transport};
use node::{
    Command, HeavyConfig, HeavyInput, HeavyNode, HeavyOutput, LightConfig, LightInput, LightNode,
    LightOutput, Rule,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use store::{Batch, Change, MemoryStore};

/// All stored records: those of a computation at a heavy node, of a heavy node, of a light node. An
/// entry's name is the step at which it is written, and its key in hexadecimal digits.
pub fn stored() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Scheme::ALL.into_iter().flat_map(computation).collect();
    entries.extend(refused());
    entries.extend(cancelled());
    entries.extend(heavy_node());
    entries.extend(light_node());
    entries
}

fn puts(step: &str, batch: &Batch) -> Vec<Entry> {
    let put = |change: &Change| match change {
        Change::Put(entry) => {
            Some(Entry::bytes(format!("{step}, {}", HEXLOWER.encode(&entry.key)), entry.value.clone()))
        }
        Change::Delete(_) | Change::DeleteUnder(_) => None,
    };
    batch.changes().filter_map(put).collect()
}

/// Three tallies of the sampled proposal, as far as accepted by each alone.
fn accepted(scheme: Scheme) -> (Vec<Tally>, Vec<Persist>, Proposal) {
    let envelope = proposal_of(scheme).sign(&proposer());
    let (id, proposal) = Proposal::open(&envelope).expect("the sample is in order");
    let pairs = (0..3).map(|at| {
        let (mut tally, step) = Tally::accept(id, proposal.clone(), envelope.clone(), &heavy(at).0)
            .expect("one of its heavy nodes");
        tally.persisted(step.stage);
        (tally, step)
    });
    let (tallies, steps) = pairs.unzip();
    (tallies, steps, proposal)
}

/// A step of one with what it has in `store`.
fn advance(tally: &mut Tally, store: &MemoryStore, now: Instant, identity: &Identity) -> Option<Persist> {
    loop {
        let step = tally.advance(now, identity, &Past::new());
        // Checking is done in slices, and the next one is due at once, or once its shares are read.
        let mut is_due = tally.poll_timeout().is_some_and(|(due, _)| due == Instant::default());
        while let Some(keys) = tally.load() {
            tally.loaded(Some(store.read(&keys)));
            is_due = true;
        }
        if step.is_some() || !is_due {
            return step.inspect(|step| tally.persisted(step.stage));
        }
    }
}

/// The records of the first heavy node in a computation that ends in a result.
fn computation(scheme: Scheme) -> Vec<Entry> {
    let (mut tallies, first, proposal) = accepted(scheme);
    let stores = [const { MemoryStore::new() }; 3];
    let mut entries = puts(&format!("heavy, {scheme}, proposed"), &first[0].batch);
    for at in 0..3 {
        for other in tallies[at].unaccepted() {
            let from = proposal.role(other).expect("a heavy node");
            let signature = tallies[from].acceptance().expect("its own signature");
            tallies[at].accepted_by(other, signature);
        }
        let step = advance(&mut tallies[at], &stores[at], NOW, &heavy(at).0).expect("all have accepted");
        if at == 0 {
            entries.extend(puts(&format!("heavy, {scheme}, open"), &step.batch));
        }
    }
    let id = tallies[0].id();
    let instance = proposal.instance().expect("in order");
    for (at, tally) in tallies.iter_mut().enumerate() {
        let lights: Vec<NodeId> = (30..33).map(|seed| Identity::from_seed([seed; 32]).id()).collect();
        for (seed, light) in (30..).zip(&lights) {
            let mut rng = ChaCha20Rng::from_seed([seed; 32]);
            let measurement = [1, u64::from(seed)];
            let report =
                Report::new(&proposal, &instance, id, *light, &measurement, &mut rng).expect("sealed");
            let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[at]);
            let received = Received { light: *light, nonce, public, sealed };
            assert_eq!(tally.report(NOW, received, &heavy(at).1), Ok(true), "the share opens");
        }
        let mut batch = Batch::new();
        assert!(tally.segment(&lights, &mut batch), "open");
        stores[at].apply(&batch).expect("it fits a store");
        tally.reports_persisted(&lights);
        if at == 0 {
            entries.extend(puts(&format!("heavy, {scheme}, reports"), &batch));
        }
    }
    for name in ["closed", "committed", "signed", "done"] {
        if name == "committed" {
            entries.extend(settle(&mut tallies, &stores, &proposal));
        }
        for (at, tally) in tallies.iter_mut().enumerate() {
            let step = advance(tally, &stores[at], proposal.deadline, &heavy(at).0)
                .unwrap_or_else(|| panic!("{name} is reached"));
            if at == 0 {
                entries.extend(puts(&format!("heavy, {scheme}, {name}"), &step.batch));
            }
        }
        talk(&mut tallies, &proposal);
    }
    // Before its shares are deleted.
    let mut tally = tallies.remove(0);
    let (leftovers, mut batch) = (tally.take_leftovers(), Batch::new());
    assert!(tally.forget(leftovers, &mut batch).is_some(), "shares are left");
    entries.extend(puts(&format!("heavy, {scheme}, forgotten"), &batch));
    entries
}

/// Each learns all that the others can say, in as many rounds as there are words to a step.
fn talk(tallies: &mut [Tally], proposal: &Proposal) {
    for _ in 0..2 {
        for at in 0..3 {
            for (peer, pull) in tallies[at].wants() {
                let from = proposal.role(peer).expect("a heavy node");
                let word = tallies[from].publish(pull, &heavy(from).0);
                tallies[at].learn(peer, word);
            }
        }
    }
}

/// Up to where the next step of each commits it: all know all ids, and have checked all reports but for the last words. Gives what the
/// first stores meanwhile.
fn settle(tallies: &mut [Tally], stores: &[MemoryStore], proposal: &Proposal) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, tally) in tallies.iter_mut().enumerate() {
        assert!(advance(tally, &stores[at], proposal.deadline, &heavy(at).0).is_none(), "ids are lacking");
    }
    talk(tallies, proposal);
    if proposal.scheme == Scheme::Prio3 {
        for (at, tally) in tallies.iter_mut().enumerate() {
            let step = advance(tally, &stores[at], proposal.deadline, &heavy(at).0)
                .expect("what the key follows from");
            if at == 0 {
                entries.extend(puts(&format!("heavy, {}, verifying", proposal.scheme), &step.batch));
            }
            assert!(
                advance(tally, &stores[at], proposal.deadline, &heavy(at).0).is_none(),
                "verifier shares are lacking"
            );
        }
        talk(tallies, proposal);
    }
    entries
}

/// The end of a computation that too few answered.
fn refused() -> Vec<Entry> {
    let (mut tallies, _, proposal) = accepted(Scheme::Additive64);
    let step =
        advance(&mut tallies[0], &MemoryStore::new(), proposal.deadline, &heavy(0).0).expect("a refusal");
    puts("heavy, refused", &step.batch)
}

/// The end of a computation that its proposer took back.
fn cancelled() -> Vec<Entry> {
    let (mut tallies, ..) = accepted(Scheme::Additive64);
    let document = Cancellation::sign(tallies[0].id(), &proposer());
    assert_eq!(tallies[0].cancel(NOW, document), Ok(true));
    let step = advance(&mut tallies[0], &MemoryStore::new(), NOW, &heavy(0).0).expect("a refusal");
    puts("heavy, cancelled", &step.batch)
}

fn heavy_node() -> Vec<Entry> {
    let (identity, seal) = heavy(0);
    let config = HeavyConfig {
        identity,
        seal,
        agent: "sample".into(),
        transports: vec![Transport::Memory],
        limits: net::Limits::default(),
        kept_bytes_max: node::KEPT_BYTES_MAX,
        jobs: jobs::broker::Config::new("test-1"),
        seed: [1; 32],
    };
    let mut node = HeavyNode::new(config, &[], NOW).expect("an empty store");
    node.handle_input(NOW, HeavyInput::Fellow { envelope: descriptor(1) });
    let mut entries = Vec::new();
    while let Some(output) = node.poll_output() {
        if let HeavyOutput::Store { batch, .. } = output {
            entries.extend(puts("heavy, fellow", &batch));
        }
    }
    entries
}

/// A light node from its first command to a result, joined to one heavy node.
fn light_node() -> Vec<Entry> {
    let config = LightConfig {
        identity: light(),
        agent: "sample".into(),
        transports: vec![Transport::Memory],
        seed: [2; 32],
    };
    let mut node = LightNode::new(config, &[], NOW).expect("an empty store");
    let mut entries = Vec::new();
    let peer = heavy(0).0.id();
    let rule = Rule {
        proposer: Some(proposer().id()),
        dataset: Some("penguins".into()),
        participants_min: Some(3),
        ..Rule::default()
    };
    let commands = [
        ("light, network", Command::Network { descriptors: (0..3).map(descriptor).collect() }),
        ("light, rules", Command::AddRule { rule }),
        (
            "light, data",
            Command::Import {
                name: "penguins".into(),
                bytes: b"Body Mass (g),Island\n3750.5,Torgersen\n,Biscoe\n".to_vec(),
            },
        ),
        ("light, joined", Command::Join),
    ];
    for (token, (step, command)) in (0..).zip(commands) {
        node.handle_input(NOW, LightInput::Command { token, command });
        pump(&mut node, step, false, &mut entries);
    }
    node.handle_input(NOW, LightInput::Net(Input::Connected { peer, address: "/memory/0".into() }));
    pump(&mut node, "light, answered", false, &mut entries);
    // Later, the heavy node says how it ended.
    let later = NOW.plus_ms(70_000);
    node.handle_timeout(later);
    pump(&mut node, "light, ended", true, &mut entries);
    entries
}

/// Answers a light node as its heavy nodes and its store would, and keeps what it stores.
fn pump(node: &mut LightNode, step: &str, is_over: bool, entries: &mut Vec<Entry>) {
    let now = if is_over { NOW.plus_ms(70_000) } else { NOW };
    let mut stores = 0;
    while let Some(output) = node.poll_output() {
        match output {
            LightOutput::Store { ticket, batch } => {
                stores += 1;
                let step = if stores > 1 { format!("{step}, {stores}") } else { step.into() };
                entries.extend(puts(&step, &batch));
                node.handle_input(now, LightInput::Stored { ticket, result: Ok(()) });
            }
            LightOutput::Net(Output::Request { id, protocol, body, .. }) => {
                let answer = match protocol {
                    Protocol::Link => match decode(&body) {
                        Ok(LinkRequest::Hello(_)) => {
                            encode(&LinkResponse::Hello(Hello { role: Role::Heavy, agent: "sample".into() }))
                        }
                        _ => encode(&LinkResponse::Pong),
                    },
                    _ => encode(&answer(&decode(&body).expect("our own request"), is_over)),
                };
                node.handle_input(now, LightInput::Net(Input::Response { id, result: Ok(answer) }));
            }
            _ => {}
        }
    }
}

fn answer(request: &Request, is_over: bool) -> Response {
    match request {
        Request::Open { .. } => Response::Open { ids: vec![crate::samples::id()], more: false },
        Request::Proposal { .. } => Response::Proposal { envelope: proposed(3).to_json() },
        Request::Report { .. } => Response::Acknowledged,
        Request::Status { .. } if is_over => {
            Response::Status(Status { reports: 3, end: Some(result().to_json()), mine: Mine::Counted })
        }
        Request::Status { .. } => Response::Status(Status { reports: 1, end: None, mine: Mine::Held }),
        _ => Response::Unknown,
    }
}
