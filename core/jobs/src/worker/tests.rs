//! A worker and a heavy node of which every word is chosen.

use super::*;
use crate::{
    Base64, Limits,
    manifest::{Blob, Constraints, ENTRY, Quorum, VERSION},
    message::Lease,
};
use alloc::{format, vec};

fn start() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn key(seed: u8) -> Identity {
    Identity::from_seed([seed; 32])
}

fn heavy() -> NodeId {
    key(1).id()
}

struct Rig {
    worker: Worker,
    now: Instant,
    asked: Vec<(u64, Request)>,
    runs: Vec<ContentId>,
}

impl Rig {
    fn new(slots: u16) -> Self {
        let worker = Worker::restore(&[]).unwrap();
        let mut rig = Self { worker, now: start(), asked: Vec::new(), runs: Vec::new() };
        let executor =
            Executor { kind: Kind::Tab, gas: "test-1".into(), slots_max: slots, memory_bytes_max: 1 << 32 };
        rig.tell(Input::Executor(Some(executor)));
        rig.tell(Input::Contribute(Contribution { on: true, slots, ..Contribution::default() }));
        rig.tell(Input::Up { heavy: heavy() });
        let offer = rig.take(|request| matches!(request, Request::Offer { .. }));
        rig.reply(offer[0].0, Some(Response::Offered { held: vec![] }));
        rig
    }

    fn tell(&mut self, input: Input) {
        self.worker.handle_input(self.now, &key(2), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Ask { token, request, .. } => self.asked.push((token, request)),
                Output::Run(task) => self.runs.push(task.job),
                _ => {}
            }
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        self.worker.handle_timeout(self.now, key(2).id());
        self.drain();
    }

    fn reply(&mut self, token: u64, response: Option<Response>) {
        self.tell(Input::Reply { token, response });
    }

    /// What was asked of this kind, taken off the list.
    fn take(&mut self, of: impl Fn(&Request) -> bool) -> Vec<(u64, Request)> {
        self.asked.extract_if(.., |(_, request)| of(request)).collect()
    }

    fn gets(&mut self) -> Vec<(u64, Request)> {
        self.take(|request| matches!(request, Request::Get { .. }))
    }

    /// What is given back with the next offer, and its token.
    fn returned(&mut self) -> (u64, Vec<ContentId>) {
        match self.take(|request| matches!(request, Request::Offer { .. })).pop() {
            Some((token, Request::Offer { returned, .. })) => (token, returned),
            other => panic!("{other:?}"),
        }
    }

    fn lease(&mut self, nonce: u32, module: ContentId, limits: Limits) -> ContentId {
        let manifest = Manifest {
            version: VERSION,
            name: "a job".into(),
            submitter: key(99).id(),
            module: Blob::Id(module),
            input: Blob::Inline(Base64(Vec::new())),
            entry: ENTRY.into(),
            args: Vec::new(),
            env: Vec::new(),
            limits,
            replicas: 1,
            quorum: Quorum::Majority,
            constraints: Constraints::default(),
            created: start(),
            deadline: start().plus_ms(3_600_000),
            priority: 0,
            deterministic: true,
            nonce: format!("{nonce:032x}"),
        };
        let envelope = manifest.sign(&key(99)).unwrap();
        let job = ContentId::of(&envelope.payload);
        let lease = Lease { job, document: envelope.to_json(), input: None, ms: 60_000 };
        let request = Request::Work { leases: vec![lease], revoked: vec![] };
        self.tell(Input::Request { heavy: heavy(), request });
        job
    }
}

fn module(at: u32) -> Vec<u8> {
    at.to_be_bytes().to_vec()
}

fn whole(bytes: Vec<u8>) -> Option<Response> {
    Some(Response::Chunk { len: bytes.len() as u64, bytes })
}

#[test]
fn no_more_questions_are_under_way_than_a_connection_takes() {
    let mut rig = Rig::new(200);
    for at in 0..200 {
        rig.lease(at, ContentId::of(&module(at)), Limits::default());
    }
    let mut got = 0;
    loop {
        let gets = rig.gets();
        assert!(gets.len() <= 16);
        let Some((token, Request::Get { id, .. })) = gets.first().cloned() else { break };
        rig.asked.extend(gets.into_iter().skip(1));
        let at = (0..200).find(|at| ContentId::of(&module(*at)) == id).unwrap();
        rig.reply(token, whole(module(at)));
        got += 1;
    }
    assert_eq!((got, rig.runs.len()), (200, 200));
}

#[test]
fn what_is_given_back_is_given_back_until_it_is_heard() {
    let mut rig = Rig::new(20);
    let jobs: Vec<_> =
        (0..12).map(|at| rig.lease(at, ContentId::of(&module(at)), Limits::default())).collect();
    for (token, _) in rig.gets() {
        rig.reply(token, Some(Response::Unknown));
    }
    // Eight are told with their reason; the rest goes with an offer.
    let declines = rig.take(|request| matches!(request, Request::Decline { .. }));
    assert_eq!(declines.len(), 8);
    let (token, returned) = rig.returned();
    assert_eq!(returned, jobs[8..9], "and what follows with the next one");
    // Nothing of it is heard.
    rig.reply(token, None);
    declines.into_iter().for_each(|(token, _)| rig.reply(token, None));
    assert!(rig.asked.is_empty(), "not at once again");
    rig.wait(5_000);
    let (token, mut again) = rig.returned();
    again.sort_unstable();
    let mut all = jobs.clone();
    all.sort_unstable();
    assert_eq!(again, all);
    rig.reply(token, Some(Response::Offered { held: vec![] }));
    rig.wait(60_000);
    assert!(rig.asked.is_empty());
}

#[test]
fn an_answer_to_a_question_that_was_given_up_is_none_to_the_next() {
    let mut rig = Rig::new(1);
    let id = ContentId::of(&module(0));
    let job = rig.lease(0, id, Limits::default());
    let first = rig.gets().pop().unwrap().0;
    let request = Request::Work { leases: vec![], revoked: vec![job] };
    rig.tell(Input::Request { heavy: heavy(), request });
    rig.lease(0, id, Limits::default());
    let second = rig.gets().pop().unwrap().0;
    // It would be wrong bytes, which are held against the heavy node.
    rig.reply(first, whole(b"else".to_vec()));
    assert!(rig.runs.is_empty() && rig.asked.is_empty());
    rig.reply(second, whole(module(0)));
    assert_eq!(rig.runs, [job]);
}

#[test]
fn answers_that_are_not_heard_are_not_handed_in_again_at_once() {
    let mut rig = Rig::new(1);
    let job = rig.lease(0, ContentId::of(b""), Limits::default());
    let ran = crate::Ran {
        ending: crate::Ending::Exit(0),
        stdout: Vec::new(),
        stderr: Vec::new(),
        fuel: 1,
        memory_peak_bytes: 0,
    };
    let finished = Finished { ran, wall_us: 1, cpu_us: None };
    rig.tell(Input::Ran { job, result: Ok(Box::new(finished)) });
    let answers = |rig: &mut Rig| rig.take(|request| matches!(request, Request::Answers(_)));
    let token = answers(&mut rig)[0].0;
    rig.reply(token, None);
    assert!(answers(&mut rig).is_empty());
    rig.wait(1_000);
    assert_eq!(answers(&mut rig).len(), 1);
}

#[test]
fn a_person_s_memory_counts_for_all_that_a_job_may_take() {
    let mut rig = Rig::new(1);
    let most = Contribution::default().memory_bytes_max;
    rig.lease(0, ContentId::of(&module(0)), Limits { memory_bytes: most, ..Limits::default() });
    let declines = rig.take(|request| matches!(request, Request::Decline { .. }));
    assert!(matches!(&declines[..], [(_, Request::Decline { why, .. })] if why.contains("more than")));
    let besides = Limits { memory_bytes: 0, ..Limits::default() }.footprint_bytes();
    rig.lease(1, ContentId::of(&module(1)), Limits { memory_bytes: most - besides, ..Limits::default() });
    assert_eq!(rig.gets().len(), 1);
}
