//! Jobs over the network: messages, and the machines behind them.

use super::{
    Target,
    bytes::canonical,
    join, parts,
    stores::{OUTPUTS_MAX, entries, records_of},
};
use codec::{ContentId, decode};
use jobs::{
    Broker, Contribution, Ending, Executor, Finished, Ran, Worker, broker,
    manifest::Kind,
    message::{Request, Response},
    view::Filter,
    worker,
};
use keys::Identity;
use std::collections::{BTreeSet, VecDeque};
use store::Entry;
use wire::{golden::Entry as Golden, leases, samples};

fn seeds_of(entries: Vec<Golden>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|entry| entry.bytes).collect()
}

pub(super) const REQUEST: Target = Target {
    name: "jobs-request",
    about: "jobs::message::Request",
    run: canonical::<Request>,
    seeds: || seeds_of(leases::requests()),
};

pub(super) const RESPONSE: Target = Target {
    name: "jobs-response",
    about: "jobs::message::Response",
    run: canonical::<Response>,
    seeds: || seeds_of(leases::responses()),
};

fn executor(kind: Kind) -> Executor {
    Executor { kind, gas: leases::GAS.into(), slots_max: 2, memory_bytes_max: 1 << 30 }
}

fn config() -> broker::Config {
    broker::Config { executor: Some(executor(Kind::Heavy)), ..broker::Config::new(leases::GAS) }
}

fn finished() -> Finished {
    let ran = Ran {
        ending: Ending::Exit(0),
        stdout: wire::jobs::OUTPUT.to_vec(),
        stderr: Vec::new(),
        fuel: 10,
        memory_peak_bytes: 0,
    };
    Finished { ran, wall_us: 1, cpu_us: None }
}

struct Served {
    broker: Broker,
    heavy: Identity,
    /// Requests that it has not answered.
    open: BTreeSet<u64>,
    asks: VecDeque<u64>,
}

impl Served {
    fn tell(&mut self, input: broker::Input) {
        let now = samples::NOW;
        self.broker.handle_input(now, &self.heavy, input);
        let mut outputs = 0;
        while let Some(output) = self.broker.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "an endless answer");
            match output {
                broker::Output::Store { ticket, batch } => {
                    assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                    let stored = broker::Input::Stored { ticket, result: Ok(()) };
                    self.broker.handle_input(now, &self.heavy, stored);
                }
                broker::Output::Respond { token, response, .. } => {
                    assert!(self.open.remove(&token), "a request is answered once");
                    let bytes = codec::encode(&response);
                    assert_eq!(
                        decode::<Response>(&bytes).as_ref(),
                        Ok(&response),
                        "an answer over the limit"
                    );
                }
                broker::Output::Ask { token, request, .. } => {
                    let bytes = codec::encode(&request);
                    assert_eq!(decode::<Request>(&bytes).as_ref(), Ok(&request), "a request over the limit");
                    self.asks.push_back(token);
                }
                broker::Output::Run(task) => {
                    let result = Ok(Box::new(finished()));
                    let input = broker::Input::Ran { job: task.job, result };
                    self.broker.handle_input(now, &self.heavy, input);
                }
                _ => {}
            }
        }
    }
}

pub(super) const BROKER: Target = Target {
    name: "broker",
    about: "a heavy node's broker, fed requests of two nodes",
    run: run_broker,
    seeds: || {
        let requests = seeds_of(leases::requests());
        let mut seeds: Vec<Vec<u8>> =
            requests.iter().map(|request| join([[0].as_slice(), request])).collect();
        let both = (0..2u8).flat_map(|who| requests.iter().map(move |request| (who, request)));
        let all: Vec<Vec<u8>> = both.flat_map(|(who, request)| [vec![who], request.clone()]).collect();
        seeds.push(join(all.iter().map(Vec::as_slice)));
        let again: Vec<Vec<u8>> =
            requests.iter().rev().flat_map(|request| [vec![0x40], request.clone()]).collect();
        seeds.push(join(again.iter().map(Vec::as_slice)));
        seeds
    },
};

fn run_broker(input: &[u8]) {
    let peers = [samples::light().id(), samples::heavy(2).0.id()];
    let heavy = samples::heavy(0).0;
    let broker = Broker::restore(config(), &heavy, &[], samples::NOW).expect("an empty store");
    let mut served = Served { broker, heavy, open: BTreeSet::new(), asks: VecDeque::new() };
    let mut parts = parts(input).into_iter();
    for token in 0.. {
        let Some(who) = parts.next().map(|who| who.first().copied().unwrap_or_default()) else { break };
        let peer = peers[usize::from(who) % peers.len()];
        if who & 0x40 != 0
            && let Some(token) = served.asks.pop_front()
        {
            let response = (who & 0x20 != 0).then_some(Response::Done);
            served.tell(broker::Input::Reply { token, response });
        }
        if who & 0x80 != 0 {
            served.tell(broker::Input::Down { peer });
        }
        if let Some(Ok(request)) = parts.next().map(decode) {
            served.open.insert(token);
            served.tell(broker::Input::Request { peer, token, request });
        }
    }
    assert!(served.open.is_empty(), "a request is left unanswered although all is stored");
    let page = served.broker.jobs(&Filter::default(), 100);
    for job in page.jobs {
        let _ = (served.broker.why(job.id), served.broker.receipts(job.id));
    }
    let _ = served.broker.workers();
}

pub(super) const WORKER: Target = Target {
    name: "worker",
    about: "a light node's worker, fed a heavy node's answers and leases",
    run: run_worker,
    seeds: || {
        let work = seeds_of(leases::requests()).pop().unwrap_or_default();
        let responses = seeds_of(leases::responses());
        let mut seeds: Vec<Vec<u8>> =
            responses.iter().map(|response| join([work.as_slice(), response])).collect();
        let chunk = Response::Chunk { len: 16, bytes: wire::jobs::INPUT.to_vec() };
        let offered = Response::Offered { held: Vec::new() };
        let chunk = codec::encode(&chunk);
        seeds.push(join([work.as_slice(), &codec::encode(&offered), &chunk, &chunk]));
        seeds
    },
};

fn run_worker(input: &[u8]) {
    let (light, heavy) = (samples::light(), samples::heavy(0).0.id());
    let mut now = samples::NOW;
    let mut worker = Worker::default();
    let contribution = Contribution { on: true, memory_bytes_max: 1 << 32, ..Contribution::default() };
    worker.handle_input(now, &light, worker::Input::Executor(Some(executor(Kind::Native))));
    worker.handle_input(now, &light, worker::Input::Contribute(contribution));
    worker.handle_input(now, &light, worker::Input::Up { heavy });
    let mut asks = VecDeque::new();
    let pump = |worker: &mut Worker, now, asks: &mut VecDeque<u64>| {
        let mut outputs = 0;
        while let Some(output) = worker.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "an endless answer");
            match output {
                worker::Output::Ask { token, request, .. } => {
                    let bytes = codec::encode(&request);
                    assert_eq!(decode::<Request>(&bytes).as_ref(), Ok(&request), "a request over the limit");
                    asks.push_back(token);
                }
                worker::Output::Run(task) => {
                    let result = Ok(Box::new(finished()));
                    worker.handle_input(now, &light, worker::Input::Ran { job: task.job, result });
                }
                worker::Output::Store(batch) => assert_eq!(batch.check(), Ok(()), "it fits a store"),
                _ => {}
            }
        }
    };
    for part in parts(input) {
        pump(&mut worker, now, &mut asks);
        if let Ok(request @ Request::Work { .. }) = decode(part) {
            worker.handle_input(now, &light, worker::Input::Request { heavy, request });
        } else if let Some(token) = asks.pop_front() {
            let response = decode(part).ok();
            worker.handle_input(now, &light, worker::Input::Reply { token, response });
        }
        pump(&mut worker, now, &mut asks);
        now = now.plus_ms(50);
        worker.handle_timeout(now, light.id());
        pump(&mut worker, now, &mut asks);
    }
    for _ in 0..50 {
        let Some((due, _)) = worker.poll_timeout() else { break };
        worker.handle_timeout(due.max(now), light.id());
        pump(&mut worker, due.max(now), &mut asks);
    }
    let _ = worker.view();
}

pub(super) const JOB_RECORDS: Target = Target {
    name: "job-records",
    about: "the stored jobs of a heavy node, and those of a light node",
    run: |input| {
        let entries = entries(input);
        let of_worker: Vec<&Entry> =
            entries.iter().filter(|entry| entry.key.starts_with(worker::STORE_PREFIX)).collect();
        if let Ok(worker) = Worker::restore(&of_worker) {
            let view = worker.view();
            for past in view.history {
                let _ = worker.receipt(past.job);
            }
        }
        let heavy = samples::heavy(0).0;
        let Ok(mut broker) = Broker::restore(config(), &heavy, &entries, samples::NOW) else { return };
        for _ in 0..20 {
            let Some((due, _)) = broker.poll_timeout() else { break };
            broker.handle_timeout(due);
            let mut outputs = 0;
            while let Some(output) = broker.poll_output() {
                outputs += 1;
                assert!(outputs < OUTPUTS_MAX, "an endless answer");
                if let broker::Output::Store { ticket, batch } = output {
                    assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                    broker.handle_input(due, &heavy, broker::Input::Stored { ticket, result: Ok(()) });
                }
            }
        }
        let _ = (broker.jobs(&Filter::default(), 100), broker.blob(ContentId::of(b"")));
    },
    seeds: || {
        let of = |steps: &[&str]| records_of(leases::stored(), steps);
        let steps = ["broker, put", "broker, submitted", "broker, leased", "broker, ended", "worker, ended"];
        let mut seeds: Vec<Vec<u8>> = (1..=steps.len()).map(|most| of(&steps[..most])).collect();
        seeds.push(of(&steps[1..2]));
        seeds.push(of(&steps[3..]));
        seeds
    },
};
