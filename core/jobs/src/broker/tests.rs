//! A broker and a peer of which every word is chosen.

use super::*;
use crate::{
    Base64, Ending, Limits, Manifest, Receipt,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION},
    message::{Answer, Carried, Received},
    scheduler::Advert,
};
use alloc::{format, string::ToString, vec};

const GAS: &str = "test-1";

fn start() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn key(seed: u8) -> Identity {
    Identity::from_seed([seed; 32])
}

struct Rig {
    broker: Broker,
    now: Instant,
    tokens: u64,
    asked: Vec<(NodeId, u64, Request)>,
    responses: BTreeMap<u64, Response>,
    views: Vec<JobView>,
    submitted: Vec<Result<Taken, SubmitError>>,
}

impl Rig {
    fn new() -> Self {
        Self::with(Config::new(GAS))
    }

    fn with(config: Config) -> Self {
        let broker = Broker::restore(config, &key(1), &[], start()).unwrap();
        let (asked, responses, views) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { broker, now: start(), tokens: 0, asked, responses, views, submitted: Vec::new() }
    }

    fn tell(&mut self, input: Input) {
        self.broker.handle_input(self.now, &key(1), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Store { ticket, .. } => {
                    let stored = Input::Stored { ticket, result: Ok(()) };
                    self.broker.handle_input(self.now, &key(1), stored);
                }
                Output::Ask { peer, token, request } => self.asked.push((peer, token, request)),
                Output::Respond { token, response, .. } => {
                    assert!(self.responses.insert(token, response).is_none(), "a request is answered once");
                }
                Output::Submitted { result, .. } => self.submitted.push(result),
                Output::Changed { job } => self.views.extend(self.broker.job(job)),
                _ => {}
            }
        }
    }

    fn request(&mut self, peer: u8, request: Request) -> Response {
        self.tokens += 1;
        let token = self.tokens;
        self.tell(Input::Request { peer: key(peer).id(), token, request });
        self.responses.remove(&token).expect("every request is answered")
    }

    fn offer(&mut self, peer: u8, slots: u16) -> Response {
        let advert = Advert {
            kind: Kind::Tab,
            slots,
            ahead: 0,
            memory_bytes_max: 1 << 32,
            fuel_max: u64::MAX,
            wall_ms_max: u32::MAX,
            gas: GAS.into(),
        };
        self.request(peer, Request::Offer { advert, returned: Vec::new() })
    }

    fn manifest(nonce: u32) -> Manifest {
        Manifest {
            version: VERSION,
            name: "a job".into(),
            submitter: key(99).id(),
            module: Blob::Inline(Base64(b"\0asm\x01\0\0\0".to_vec())),
            input: Blob::default(),
            entry: ENTRY.into(),
            args: Vec::new(),
            env: Vec::new(),
            limits: Limits::default(),
            replicas: 1,
            quorum: Quorum::Majority,
            constraints: Constraints::default(),
            created: start(),
            deadline: start().plus_ms(3_600_000),
            priority: 0,
            deterministic: true,
            nonce: format!("{nonce:032x}"),
        }
    }

    fn submit(&mut self, nonce: u32) -> ContentId {
        let job = self.try_submit(&Self::manifest(nonce));
        self.submitted.pop().unwrap().unwrap();
        job
    }

    fn try_submit(&mut self, manifest: &Manifest) -> ContentId {
        let envelope = manifest.sign(&key(99)).unwrap();
        let job = ContentId::of(&envelope.payload);
        self.tell(Input::Submit { token: 0, envelope });
        job
    }

    /// A job of this nonce that reads `bytes`, which `peer` puts first.
    fn reading(&mut self, peer: u8, nonce: u32, bytes: &[u8]) -> Manifest {
        let id = ContentId::of(bytes);
        let put = Request::Put { id, len: bytes.len() as u64, offset: 0, bytes: bytes.to_vec() };
        assert_eq!(self.request(peer, put), Response::Put { have: bytes.len() as u64 });
        Manifest { input: Blob::Id(id), ..Self::manifest(nonce) }
    }

    /// The answer of `peer` to the job of this nonce, whose guest wrote `output`.
    fn answer(&self, peer: u8, nonce: u32, output: &[u8], carried: Carried) -> Answer {
        self.answer_to(&Self::manifest(nonce), peer, output, carried)
    }

    fn answer_to(&self, manifest: &Manifest, peer: u8, output: &[u8], carried: Carried) -> Answer {
        let job = ContentId::of(&manifest.sign(&key(99)).unwrap().payload);
        let receipt = Receipt {
            job,
            submitter: manifest.submitter,
            node: key(peer).id(),
            module: manifest.module_id(),
            input: ContentId::of(b""),
            invocation: manifest.invocation(job, key(peer).id(), self.now),
            ending: Ending::Exit(0),
            output: ContentId::of(output),
            errors: ContentId::of(b""),
            fuel: 1_000,
            gas: GAS.into(),
            memory_peak_bytes: 65_536,
            wall_us: 5_000,
            cpu_us: None,
            started: self.now,
            ended: self.now,
        };
        let receipt = receipt.sign(&key(peer)).unwrap().to_json();
        Answer { receipt, stdout: carried, stderr: Carried::Here(Vec::new()) }
    }

    fn hand_in(&mut self, peer: u8, answer: Answer) -> Received {
        match self.request(peer, Request::Answers(vec![answer])) {
            Response::Received(results) => results.into_iter().next().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn standing(&self, peer: u8) -> crate::Standing {
        let workers = self.broker.workers();
        workers.into_iter().find(|worker| worker.node == key(peer).id()).unwrap().standing
    }
}

#[test]
fn leases_gather_while_messages_are_under_way() {
    let mut rig = Rig::new();
    assert_eq!(rig.offer(2, 1_000), Response::Offered { held: vec![] });
    // It has to answer some before it is given many.
    for nonce in 1_000..1_040 {
        rig.submit(nonce);
        let answer = rig.answer(2, nonce, b"", Carried::Here(Vec::new()));
        rig.hand_in(2, answer);
    }
    while let Some((_, token, _)) = rig.asked.pop() {
        rig.tell(Input::Reply { token, response: Some(Response::Done) });
    }
    for nonce in 0..300 {
        rig.submit(nonce);
    }
    assert_eq!(rig.asked.len(), 2, "two messages at a time");
    for (peer, token, _) in rig.asked.clone() {
        assert_eq!(peer, key(2).id());
        rig.tell(Input::Reply { token, response: Some(Response::Done) });
    }
    let leases = |asked: &[(NodeId, u64, Request)]| -> usize {
        let of = |request: &Request| match request {
            Request::Work { leases, .. } => leases.len(),
            _ => 0,
        };
        asked.iter().map(|(_, _, request)| of(request)).sum()
    };
    assert_eq!((leases(&rig.asked), rig.asked.len()), (300, 4), "the rest goes in two more");
}

#[test]
fn an_answer_whose_response_was_lost_is_taken_once() {
    let mut rig = Rig::new();
    rig.offer(2, 1);
    let job = rig.submit(0);
    let answer = rig.answer(2, 0, b"out", Carried::Here(b"out".to_vec()));
    let first = rig.hand_in(2, answer.clone());
    assert!(matches!(&first, Received::Taken { .. }), "{first:?}");
    let Received::Taken { signature: again, standing } = rig.hand_in(2, answer) else { panic!() };
    let Received::Taken { signature, .. } = first else { panic!() };
    assert_eq!((signature, standing.unchecked), (again, 1));
    assert_eq!((rig.standing(2).unchecked, rig.broker.receipts(job).len()), (1, 1));
    // Another receipt of the same node is none of this.
    rig.now = rig.now.plus_ms(1);
    let other = rig.answer(2, 0, b"other", Carried::Here(b"other".to_vec()));
    assert!(matches!(rig.hand_in(2, other), Received::Refused { .. }));
}

#[test]
fn a_receipt_that_comes_again_is_taken_no_sooner_than_it_is_durable() {
    let mut rig = Rig::new();
    rig.offer(2, 1);
    rig.submit(0);
    let answer = rig.answer(2, 0, b"out", Carried::Here(b"out".to_vec()));
    let (mut tickets, mut taken) = (Vec::new(), Vec::new());
    let mut drain = |broker: &mut Broker, tickets: &mut Vec<u64>| {
        while let Some(output) = broker.poll_output() {
            match output {
                Output::Store { ticket, .. } => tickets.push(ticket),
                Output::Respond { token, response: Response::Received(results), .. } => {
                    assert!(matches!(results[..], [Received::Taken { .. }]), "{results:?}");
                    taken.push(token);
                }
                _ => {}
            }
        }
        taken.clone()
    };
    for token in [101, 102] {
        let request = Request::Answers(vec![answer.clone()]);
        rig.broker.handle_input(rig.now, &key(1), Input::Request { peer: key(2).id(), token, request });
        assert!(drain(&mut rig.broker, &mut tickets).is_empty(), "nothing is durable yet");
    }
    let [ticket] = tickets[..] else { panic!("one batch: {tickets:?}") };
    rig.broker.handle_input(rig.now, &key(1), Input::Stored { ticket, result: Ok(()) });
    assert_eq!(drain(&mut rig.broker, &mut tickets), [101, 102]);
}

#[test]
fn outputs_that_are_not_the_receipt_s_are_dropped_and_held_against_their_sender() {
    let mut rig = Rig::new();
    rig.offer(2, 8);
    for nonce in 0..3 {
        let job = rig.submit(nonce);
        let answer = rig.answer(2, nonce, b"out", Carried::Here(b"else".to_vec()));
        assert!(matches!(rig.hand_in(2, answer), Received::Refused { why } if why.contains("not that of")));
        assert_eq!(rig.broker.job(job).unwrap().receipts, 0);
        assert!(rig.broker.why(job).is_some_and(|why| why.lost == 1));
    }
    assert_eq!(rig.broker.blob(ContentId::of(b"else")), None);
    // Its bytes are taken no more, until it connects anew.
    let put = Request::Put { id: ContentId::of(b"x"), len: 1, offset: 0, bytes: b"x".to_vec() };
    assert!(matches!(rig.request(2, put.clone()), Response::Refused { retry_ms: None, .. }));
    assert_eq!(rig.request(3, put.clone()), Response::Put { have: 1 });
    rig.tell(Input::Down { peer: key(2).id() });
    assert_eq!(rig.request(2, put), Response::Put { have: 1 });
}

#[test]
fn an_output_that_was_put_is_kept_for_the_job_s_sake() {
    let mut rig = Rig::new();
    rig.offer(2, 1);
    let job = rig.submit(0);
    let output = vec![7; 100_000];
    let id = ContentId::of(&output);
    let answer = rig.answer(2, 0, &output, Carried::Put);
    let put = Request::Put { id, len: 100_000, offset: 0, bytes: output };
    assert_eq!(rig.request(2, put), Response::Put { have: 100_000 });
    assert!(matches!(rig.hand_in(2, answer), Received::Taken { .. }));
    rig.now = rig.now.plus_ms(3_600_000);
    rig.broker.handle_timeout(rig.now);
    rig.drain();
    assert_eq!(rig.broker.job(job).unwrap().result.unwrap().stdout_bytes, Some(100_000));
    let chunk = Request::Get { id, offset: 99_999 };
    assert_eq!(rig.request(4, chunk), Response::Chunk { len: 100_000, bytes: vec![7] });
}

#[test]
fn a_peer_that_does_not_answer_costs_a_job_no_attempt() {
    let mut rig = Rig::new();
    rig.offer(2, 1);
    let job = rig.submit(0);
    let (_, token, _) = rig.asked.pop().unwrap();
    rig.tell(Input::Reply { token, response: None });
    let why = rig.broker.why(job).unwrap();
    assert_eq!((why.lost, why.is_stuck(), rig.asked.len()), (0, false, 0));
    rig.now = rig.now.plus_ms(5_000);
    rig.broker.handle_timeout(rig.now);
    rig.drain();
    assert!(matches!(&rig.asked[..], [(_, _, Request::Work { leases, .. })] if leases[0].job == job));
}

#[test]
fn a_view_is_the_json_that_is_documented() {
    let mut rig = Rig::new();
    rig.offer(2, 1);
    let job = rig.submit(0);
    let answer = rig.answer(2, 0, b"out", Carried::Here(b"out".to_vec()));
    rig.hand_in(2, answer);
    let json = serde_json::to_value(rig.broker.job(job).unwrap()).unwrap();
    let names: Vec<&str> = json.as_object().unwrap().keys().map(|name| name.as_str()).collect();
    let mut expected = vec![
        "id",
        "name",
        "submitter",
        "state",
        "submitted",
        "deadline",
        "ended",
        "replicas",
        "leases",
        "result",
        "receipts",
    ];
    expected.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!((json["state"].as_str(), json["result"]["ending"]["exit"].as_u64()), (Some("done"), Some(0)));
    assert_eq!(rig.views.first().map(|view| view.state), Some(crate::view::JobState::Running));
    let read: JobView = serde_json::from_value(json).unwrap();
    assert_eq!(Some(read), rig.broker.job(job));
}

#[test]
fn a_strangers_answer_drops_nobodys_bytes() {
    let mut rig = Rig::new();
    let bytes = b"a module".to_vec();
    let id = ContentId::of(&bytes);
    assert_eq!(rig.request(7, Request::Put { id, len: 8, offset: 0, bytes }), Response::Put { have: 8 });
    let answer = rig.answer(8, 1, b"a module", Carried::Put);
    rig.request(8, Request::Answers(vec![answer]));
    assert!(rig.broker.blob(id).is_some());
}

fn tight() -> Config {
    let mut config = Config::new(GAS);
    config.blobs = blobs::Config { held_each_max: 250_000, bytes_max: 1_000_000, ..config.blobs };
    config
}

#[test]
fn the_jobs_of_one_submitter_hold_no_more_than_its_share() {
    let mut rig = Rig::with(tight());
    let first = rig.reading(7, 0, &[1; 200_000]);
    let job = rig.try_submit(&first);
    // What is held already costs nothing more.
    rig.try_submit(&Manifest { nonce: format!("{:032x}", 1), ..first });
    assert!(rig.submitted.drain(..).all(|result| result.is_ok()));
    let more = rig.reading(7, 2, &[2; 100_000]);
    rig.try_submit(&more);
    let error = rig.submitted.pop().unwrap().unwrap_err();
    let held = SubmitError::HeldForYou { held_bytes: 200_000, more_bytes: 100_000, max_bytes: 250_000 };
    assert_eq!(error, held);
    assert!(error.to_string().contains("hold 200000 bytes") && error.to_string().contains("cancel some"));
    // Another submitter has a share of its own; an end gives its own back.
    let envelope = Manifest { submitter: key(98).id(), ..more.clone() }.sign(&key(98)).unwrap();
    rig.tell(Input::Submit { token: 0, envelope });
    assert!(rig.submitted.pop().unwrap().is_ok());
    for job in [job, rig.broker.jobs(&Filter::default(), 9).jobs[1].id] {
        rig.tell(Input::Cancel { token: 0, envelope: crate::Cancellation::sign(job, &key(99)) });
    }
    rig.try_submit(&more);
    assert!(rig.submitted.pop().unwrap().is_ok());
}

#[test]
fn a_job_whose_answers_hold_more_than_a_share_is_refused_with_the_reason() {
    let mut rig = Rig::with(tight());
    (2..=4).for_each(|peer| drop(rig.offer(peer, 1)));
    let manifest = Manifest { replicas: 3, quorum: Quorum::Unanimous, ..Rig::manifest(0) };
    let job = rig.try_submit(&manifest);
    for peer in 2..=3 {
        // Each writes something else, so no result comes of them.
        let output = vec![peer; 130_000];
        let answer = rig.answer_to(&manifest, peer, &output, Carried::Here(output.clone()));
        rig.hand_in(peer, answer);
    }
    let view = rig.broker.job(job).unwrap();
    assert_eq!(view.refusal.map(|refusal| refusal.code), Some("held".into()));
    assert_eq!(rig.broker.blob(ContentId::of(&vec![2; 130_000])), None);
    assert!(rig.broker.shares.jobs.is_empty() && rig.broker.shares.of.is_empty());
}

#[test]
fn unfinished_uploads_go_before_results_and_nothing_goes_in_vain() {
    let mut rig = Rig::with(tight());
    rig.offer(2, 9);
    let done = rig.submit(0);
    let answer = rig.answer(2, 0, &[1; 200_000], Carried::Here(vec![1; 200_000]));
    rig.hand_in(2, answer);
    rig.now = rig.now.plus_ms(blobs::UNUSED_MS + 1);
    // Uploads that never end fill what is left.
    let put = |name: u8| Request::Put {
        id: ContentId::of(&[name]),
        len: 600_000,
        offset: 0,
        bytes: vec![0; 256 * 1024],
    };
    for peer in 10..13 {
        assert_eq!(rig.request(peer, put(peer)), Response::Put { have: 256 * 1024 });
    }
    // The one result that may be forgotten would not give room enough: it stays.
    assert!(matches!(rig.request(13, put(13)), Response::Refused { .. }));
    assert!(rig.broker.job(done).is_some());
    let next = rig.submit(1);
    let answer = rig.answer(2, 1, &[2; 300_000], Carried::Here(vec![2; 300_000]));
    assert!(matches!(rig.hand_in(2, answer), Received::Taken { .. }));
    let bytes = |job| rig.broker.job(job).unwrap().result.unwrap().stdout_bytes;
    assert_eq!((bytes(next), bytes(done)), (Some(300_000), Some(200_000)));
}

#[test]
fn a_list_tells_nodes_reasons_as_long_as_that_is_little_work_and_one_submitter_s_jobs_alone() {
    let mut rig = Rig::new();
    for peer in 2..102 {
        rig.offer(peer, 0);
    }
    for nonce in 0..150 {
        rig.submit(nonce);
    }
    let other = Manifest { submitter: key(98).id(), ..Rig::manifest(1_000) }.sign(&key(98)).unwrap();
    rig.tell(Input::Submit { token: 0, envelope: other });
    let page = rig.broker.jobs(&Filter::default(), 500);
    let why = |at: usize| page.jobs[at].why.clone().unwrap();
    assert!(why(99).contains("100 × takes no jobs now"), "{}", why(99));
    assert_eq!(why(100), "0 of 1 answers are there, and it waits for 1 more node");
    assert!(rig.broker.job(page.jobs[100].id).unwrap().why.unwrap().contains("takes no jobs now"));
    let of = |seed| Filter { submitter: Some(key(seed).id()), ..Filter::default() };
    assert_eq!(rig.broker.jobs(&of(98), 500).jobs.len(), 1);
    let first = rig.broker.jobs(&of(99), 100);
    let rest = Filter { after: first.next, ..of(99) };
    assert_eq!((first.jobs.len(), rig.broker.jobs(&rest, 100).jobs.len()), (100, 50));
    assert_eq!(rig.broker.jobs(&of(97), 500), Page::default());
}

#[test]
fn outputs_that_a_job_waits_for_are_its_submitter_s_to_hold() {
    let mut rig = Rig::with(tight());
    rig.offer(2, 9);
    let never = Constraints { kinds: vec![Kind::Heavy], ..Constraints::default() };
    let never = rig.try_submit(&Manifest { constraints: never, ..Rig::manifest(100) });
    let reads = |nonce, job| Manifest { input: Blob::Outputs(vec![job, never]), ..Rig::manifest(nonce) };
    let mut readers = Vec::new();
    for nonce in 0..2 {
        let part = rig.submit(nonce);
        readers.push(rig.try_submit(&reads(10 + nonce, part)));
        let output = vec![nonce as u8; 130_000];
        let answer = rig.answer(2, nonce, &output, Carried::Here(output.clone()));
        rig.hand_in(2, answer);
    }
    assert!(rig.submitted.drain(..).all(|result| result.is_ok()));
    // The first output fits, and the second is more than one submitter's jobs may hold.
    assert_eq!(rig.broker.job(readers[0]).unwrap().refusal, None);
    assert_eq!(rig.broker.job(readers[1]).unwrap().refusal.unwrap().code, "held");
    // Nor can outputs that are there already be held by the dozen.
    let done = rig.broker.jobs(&Filter { state: Some(crate::view::JobState::Done), ..Filter::default() }, 9);
    rig.try_submit(&reads(20, done.jobs[0].id));
    let error = rig.submitted.pop().unwrap().unwrap_err();
    assert!(matches!(error, SubmitError::HeldForYou { held_bytes: 130_000, .. }), "{error}");
}
