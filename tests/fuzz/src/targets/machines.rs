//! Whole machines, fed a peer's messages in any order.

use super::{
    Target, join, parts,
    stores::{OUTPUTS_MAX, command, heavy, light},
};
use aggregate::{
    Proposal, Received, Report, Scheme, Tally,
    differencing::Past,
    message::{Offer, Pull, Pulled, Request, Response},
};
use codec::{Instant, decode, encode};
use keys::NodeId;
use net::{Hello, Input, LinkRequest, LinkResponse, Output, Protocol, Responder, Role};
use node::{Command, HeavyInput, HeavyNode, HeavyOutput, LightInput, LightNode, LightOutput, Rule};
use std::collections::{BTreeSet, VecDeque};
use store::{Batch, MemoryStore};
use wire::samples;

fn hello(role: Role) -> Vec<u8> {
    encode(&LinkRequest::Hello(Hello { role, agent: "fuzz".into() }))
}

/// Real messages, each a part.
fn messages(entries: Vec<wire::golden::Entry>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|entry| entry.bytes).filter(|bytes| bytes.len() < 8_000).collect()
}

pub(super) const HEAVY_NODE: Target = Target {
    name: "heavy-node",
    about: "a heavy node with a computation open, fed requests of a light node and of a fellow",
    run: run_heavy_node,
    seeds: || {
        let requests = messages(samples::requests());
        let mut seeds: Vec<Vec<u8>> =
            requests.iter().map(|request| join([[1].as_slice(), request])).collect();
        for who in 0..2u8 {
            let all = requests.iter().flat_map(|request| [vec![who], request.clone()]).collect::<Vec<_>>();
            seeds.push(join(all.iter().map(Vec::as_slice)));
        }
        seeds
    },
};

struct Served {
    node: HeavyNode,
    /// Requests that it has not answered.
    open: BTreeSet<Responder>,
    /// Answers to its own requests, in turn; without any, they fail.
    answers: VecDeque<Vec<u8>>,
}

impl Served {
    fn tell(&mut self, input: HeavyInput) {
        let now = samples::NOW;
        self.node.handle_input(now, input);
        let mut outputs = 0;
        while let Some(output) = self.node.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "an endless answer");
            match output {
                HeavyOutput::Store { ticket, batch } => {
                    assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                    self.node.handle_input(now, HeavyInput::Stored { ticket, result: Ok(()) });
                }
                HeavyOutput::Net(Output::Respond { responder, body }) => {
                    assert!(self.open.remove(&responder), "a request is answered once");
                    assert!(body.len() <= Protocol::Aggregate.bytes_max(), "an answer over the limit");
                }
                HeavyOutput::Net(Output::Ignore { responder }) => {
                    assert!(self.open.remove(&responder), "a request is answered once");
                }
                HeavyOutput::Net(Output::Request { id, protocol, .. }) => {
                    let result = match protocol {
                        Protocol::Link => Ok(encode(&LinkResponse::Hello(Hello {
                            role: Role::Heavy,
                            agent: String::new(),
                        }))),
                        _ => self.answers.pop_front().ok_or(net::Failure::TimedOut),
                    };
                    self.node.handle_input(now, HeavyInput::Net(Input::Response { id, result }));
                }
                _ => {}
            }
        }
    }

    fn request(&mut self, peer: NodeId, responder: u64, protocol: Protocol, body: Vec<u8>) {
        let responder = Responder(responder);
        self.open.insert(responder);
        self.tell(HeavyInput::Net(Input::Request { peer, responder, protocol, body }));
    }
}

fn run_heavy_node(input: &[u8]) {
    let peers = [samples::light().id(), samples::heavy(1).0.id(), samples::heavy(2).0.id()];
    let node = heavy(&[]).expect("an empty store");
    let mut served = Served { node, open: BTreeSet::new(), answers: VecDeque::new() };
    for at in 1..3 {
        served.tell(HeavyInput::Fellow { envelope: samples::descriptor(at) });
    }
    for (at, peer) in peers.into_iter().enumerate() {
        served.tell(HeavyInput::Net(Input::Connected { peer, address: format!("/memory/{at}") }));
        let role = if at == 0 { Role::Light } else { Role::Heavy };
        served.request(peer, at as u64, Protocol::Link, hello(role));
    }
    // Accepted by all three, so open: the fellows say so when asked.
    for at in 1..3 {
        let envelope = samples::proposed(3);
        let signature = envelope.signature_of(samples::heavy(at).0.id()).expect("accepted").sig.clone();
        let signature = signature.try_into().expect("64 bytes");
        served.answers.push_back(encode(&Response::Accepted { signature }));
    }
    served.tell(HeavyInput::Propose { token: 1, envelope: samples::proposed(0) });
    served.answers.clear();
    let mut parts = parts(input).into_iter();
    for responder in 10.. {
        let Some(who) = parts.next() else { break };
        let who = who.first().copied().unwrap_or_default();
        let body = parts.next().unwrap_or_default().to_vec();
        if who & 0x80 != 0 {
            served.answers.push_back(body);
            continue;
        }
        let protocol = if who & 0x40 == 0 { Protocol::Aggregate } else { Protocol::Link };
        served.request(peers[usize::from(who) % peers.len()], responder, protocol, body);
    }
    for step in 0..50 {
        let Some((due, _)) = served.node.poll_timeout() else { break };
        if due > samples::proposal().end().plus_ms(1_000) {
            break;
        }
        served.node.handle_timeout(due);
        served.tell(HeavyInput::Net(Input::Disconnected { peer: NodeId::from_public_key([step; 32]) }));
    }
    let _ = served.node.view();
    assert!(served.open.is_empty(), "a request is left unanswered although all is stored");
}

pub(super) const LIGHT_NODE: Target = Target {
    name: "light-node",
    about: "a light node, fed a heavy node's answers and requests",
    run: run_light_node,
    seeds: || {
        let answers = messages(samples::responses());
        let mut seeds: Vec<Vec<u8>> = answers.iter().map(|answer| join([answer.as_slice()])).collect();
        let course = [
            encode(&Response::Open { ids: vec![samples::id()], more: false }),
            encode(&Response::Proposal { envelope: samples::proposed(3).to_json() }),
            encode(&Response::Acknowledged),
        ];
        let ended = answers.iter().max_by_key(|answer| answer.len()).cloned().unwrap_or_default();
        seeds.push(join(course.iter().map(Vec::as_slice)));
        seeds.push(join(course.iter().chain([&ended]).map(Vec::as_slice)));
        seeds.push(join(answers.iter().map(Vec::as_slice)));
        seeds
    },
};

fn run_light_node(input: &[u8]) {
    let mut node = light(&[]).expect("an empty store");
    let csv = b"Body Mass (g)\n3750.5\n".to_vec();
    for wanted in [
        Command::Network { descriptors: (0..3).map(samples::descriptor).collect() },
        Command::Import { name: "penguins".into(), bytes: csv },
        Command::AddRule { rule: Rule::default() },
        Command::Join,
    ] {
        command(&mut node, wanted);
    }
    let peer = samples::heavy(0).0.id();
    let mut answers: VecDeque<Vec<u8>> = parts(input).into_iter().map(<[u8]>::to_vec).collect();
    let mut now = samples::NOW;
    node.handle_input(now, LightInput::Net(Input::Connected { peer, address: "/memory/0".into() }));
    pump(&mut node, now, &mut answers);
    let mut responder = 0;
    while let Some(body) = answers.pop_front() {
        responder += 1;
        let request =
            Input::Request { peer, responder: Responder(responder), protocol: Protocol::Aggregate, body };
        node.handle_input(now, LightInput::Net(request));
        pump(&mut node, now, &mut answers);
        if let Some((due, _)) = node.poll_timeout() {
            now = now.max(due);
            node.handle_timeout(now);
            pump(&mut node, now, &mut answers);
        }
    }
    for task in node.view().tasks {
        // Only what is signed by those whom it trusts gets so far.
        assert_eq!(task.id, samples::id(), "a computation of somebody else's");
    }
}

fn pump(node: &mut LightNode, now: codec::Instant, answers: &mut VecDeque<Vec<u8>>) {
    let mut outputs = 0;
    while let Some(output) = node.poll_output() {
        outputs += 1;
        assert!(outputs < OUTPUTS_MAX, "an endless answer");
        match output {
            LightOutput::Store { ticket, batch } => {
                assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                node.handle_input(now, LightInput::Stored { ticket, result: Ok(()) });
            }
            LightOutput::Net(Output::Request { id, protocol, .. }) => {
                let result = match protocol {
                    Protocol::Link => {
                        Ok(encode(&LinkResponse::Hello(Hello { role: Role::Heavy, agent: String::new() })))
                    }
                    _ => answers.pop_front().ok_or(net::Failure::TimedOut),
                };
                node.handle_input(now, LightInput::Net(Input::Response { id, result }));
            }
            _ => {}
        }
    }
}

pub(super) const TALLY: Target = Target {
    name: "tally",
    about: "one computation, fed the words of the other two heavy nodes",
    run: run_tally,
    seeds: || {
        let words = messages(samples::responses());
        let join = |words: &mut dyn Iterator<Item = &[u8]>| {
            let all: Vec<&[u8]> = words.collect();
            (0..3u8)
                .map(move |scheme| [[scheme].as_slice(), &join(all.iter().copied())].concat())
                .collect::<Vec<_>>()
        };
        let mut seeds: Vec<Vec<u8>> = join(&mut words.iter().map(Vec::as_slice));
        let offer = encode(&Response::Pulled(Pulled::Offer(Offer {
            of: 1,
            total: 0,
            from: 0,
            ids: vec![],
            invalid: vec![],
            seed: [0; 32],
            signature: [0; 64],
        })));
        seeds.extend(join(&mut [offer.as_slice(), &offer].into_iter()));
        seeds.extend(words.iter().flat_map(|word| join(&mut [word.as_slice(), word].into_iter())));
        seeds
    },
};

fn run_tally(input: &[u8]) {
    // The first byte says which scheme.
    let scheme = Scheme::ALL[usize::from(input.first().copied().unwrap_or_default()) % 3];
    let (identity, seal) = samples::heavy(0);
    let envelope = samples::proposal_of(scheme).sign(&samples::proposer());
    let (id, proposal) = Proposal::open(&envelope).expect("the sample is in order");
    let (mut tally, step) =
        Tally::accept(id, proposal.clone(), envelope.clone(), &identity).expect("its heavy node");
    tally.persisted(step.stage);
    for at in 1..3 {
        let other = samples::heavy(at).0.id();
        let mut accepted = envelope.clone();
        accepted.sign(&samples::heavy(at).0);
        let signature = accepted.signature_of(other).expect("accepted").sig.clone();
        tally.accepted_by(other, signature.try_into().expect("64 bytes"));
    }
    let step = |tally: &mut Tally, now| {
        let mut steps = 0;
        loop {
            let step = tally.advance(now, &identity, &Past::new());
            let is_due = tally.poll_timeout().is_some_and(|(due, _)| due == Instant::default());
            match step {
                Some(step) => tally.persisted(step.stage),
                None if is_due => {}
                None => break,
            }
            steps += 1;
            assert!(steps < 20, "an endless advance");
        }
    };
    step(&mut tally, samples::NOW);
    let light = samples::light().id();
    let instance = proposal.instance().expect("in order");
    let report = Report::new(&proposal, &instance, id, light, &[1, 5], &mut samples::rng()).expect("sealed");
    let (nonce, public, sealed) = (&report.nonce, &report.public, &report.sealed[0]);
    let taken = tally.report(samples::NOW, Received { light, nonce, public, sealed }, &seal);
    assert_eq!(taken, Ok(true), "it opens");
    let (mut batch, store) = (Batch::new(), MemoryStore::new());
    assert!(tally.segment(&[light], &mut batch), "it is open");
    assert_eq!(store.apply(&batch), Ok(()), "it fits a store");
    tally.reports_persisted(&[light]);
    step(&mut tally, proposal.deadline);
    let others = [samples::heavy(1).0.id(), samples::heavy(2).0.id()];
    for (at, body) in parts(input.get(1..).unwrap_or_default()).into_iter().enumerate() {
        let word = match decode::<Response>(body) {
            Ok(Response::Pulled(word)) => word,
            _ => continue,
        };
        tally.learn(others[at % 2], word);
        step(&mut tally, proposal.deadline);
        let _ = tally.publish(Pull::Partial, &identity);
    }
    step(&mut tally, proposal.end());
    assert!(tally.end().is_some(), "by the end of the grace period there is an end");
    if let Ok(Request::Status { .. }) = decode::<Request>(input) {
        let _ = tally.status(light);
    }
}
