use super::*;
use crate::{
    Manifest,
    manifest::{Kind, tests::sample},
    message::Lease,
    worker::{Contribution, Executor, Input, Output},
};
use alloc::vec;
use keys::Identity;

fn node(seed: u8) -> Identity {
    Identity::from_seed([seed; 32])
}

fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A worker that two heavy nodes know.
fn worker(heavy: [NodeId; 2]) -> Worker {
    let mut worker = Worker::default();
    let executor =
        Executor { kind: Kind::Native, gas: "example-1".into(), slots_max: 1, memory_bytes_max: 1 << 30 };
    let contribution = Contribution { on: true, ..Contribution::default() };
    for input in [
        Input::Executor(Some(executor)),
        Input::Contribute(contribution),
        Input::Up { heavy: heavy[0] },
        Input::Up { heavy: heavy[1] },
    ] {
        worker.handle_input(now(), &node(9), input);
    }
    worker
}

/// A job of this module; no two are the same.
fn lease(module: ContentId, nonce: &str) -> Lease {
    let manifest = Manifest { module: Blob::Id(module), nonce: nonce.repeat(32), ..sample() };
    let document = manifest.sign(&node(1)).unwrap();
    Lease { job: ContentId::of(&document.payload), document: document.to_json(), input: None, ms: 600_000 }
}

fn leases(heavy: NodeId, lease: Lease) -> Input {
    Input::Request { heavy, request: Request::Work { leases: vec![lease], revoked: vec![] } }
}

/// Whom the worker has asked for bytes since the last look, and the tokens.
fn asked(worker: &mut Worker) -> Vec<(NodeId, u64)> {
    let mut asked = Vec::new();
    while let Some(output) = worker.poll_output() {
        if let Output::Ask { heavy, token, request: Request::Get { .. } } = output {
            asked.push((heavy, token));
        }
    }
    asked
}

#[test]
fn bytes_that_a_lost_heavy_node_was_to_give_come_from_another() {
    let (one, two, module) = (node(2).id(), node(3).id(), b"a module".as_slice());
    let id = ContentId::of(module);
    // The connection is lost before or after another has leased a job with the same module.
    for is_lost_first in [true, false] {
        let mut worker = worker([one, two]);
        worker.handle_input(now(), &node(9), leases(one, lease(id, "a")));
        let [(asked_first, first)] = asked(&mut worker)[..] else { panic!("one is asked") };
        assert_eq!(asked_first, one);
        let lost = |worker: &mut Worker| {
            worker.handle_input(now(), &node(9), Input::Down { heavy: one });
            worker.handle_input(now(), &node(9), Input::Reply { token: first, response: None });
        };
        if is_lost_first {
            lost(&mut worker);
            assert_eq!(asked(&mut worker), []);
        }
        worker.handle_input(now(), &node(9), leases(two, lease(id, "b")));
        if !is_lost_first {
            assert_eq!(asked(&mut worker), []);
            lost(&mut worker);
        }
        let [(asked_then, second)] = asked(&mut worker)[..] else { panic!("the other is asked") };
        assert_eq!(asked_then, two);
        let response = Some(Response::Chunk { len: module.len() as u64, bytes: module.to_vec() });
        worker.handle_input(now(), &node(9), Input::Reply { token: second, response });
        assert!(worker.fetches.is_empty() && worker.cache.has(id));
        let fetching = |job: &Job| matches!(job.state, State::Fetching);
        assert!(!worker.jobs.values().any(fetching), "whoever leased them, both have what they need");
    }
}

#[test]
fn a_heavy_node_that_gives_nothing_costs_no_other_one_its_job() {
    let (one, two, module) = (node(2).id(), node(3).id(), ContentId::of(b"a module"));
    for response in [None, Some(Response::Chunk { len: 3, bytes: b"abc".to_vec() })] {
        let mut worker = worker([one, two]);
        worker.handle_input(now(), &node(9), leases(one, lease(module, "a")));
        let [(_, first)] = asked(&mut worker)[..] else { panic!("one is asked") };
        let other = lease(module, "b");
        worker.handle_input(now(), &node(9), leases(two, other.clone()));
        worker.handle_input(now(), &node(9), Input::Reply { token: first, response });
        assert!(matches!(asked(&mut worker)[..], [(asked, _)] if asked == two));
        assert_eq!(worker.jobs.keys().collect::<Vec<_>>(), [&other.job], "the other's job is still here");
    }
}
