//! Jobs on their way: the messages of `/formix/jobs/1`, and what a broker and a worker keep.

use crate::{
    golden::Entry,
    jobs::{INPUT, MODULE, OUTPUT, manifest, signed},
    samples::{NOW, heavy, light, proposer},
};
use codec::{ContentId, Instant, encode};
use data_encoding::HEXLOWER;
use jobs::{
    Base64, Broker, Cancellation, Contribution, Ending, Executor, Finished, Manifest, Ran, Standing, Worker,
    broker,
    manifest::{Blob, Constraints, Kind, Quorum},
    message::{Answer, Carried, Lease, Received, Request, Response},
    scheduler::Advert,
    worker,
};
use keys::{Envelope, Identity};
use store::{Batch, Change};

/// The gas schedule of what is sampled.
pub const GAS: &str = "test-1";

fn document(name: &str) -> Envelope {
    signed().into_iter().find(|(found, _)| *found == name).expect("a document of this name").1
}

fn job() -> ContentId {
    ContentId::of(&document("manifest").payload)
}

fn advert() -> Advert {
    Advert {
        kind: Kind::Tab,
        slots: 2,
        ahead: 4,
        memory_bytes_max: 512 << 20,
        fuel_max: 1_000_000_000_000,
        wall_ms_max: 1_800_000,
        gas: GAS.into(),
    }
}

/// Every request on `/formix/jobs/1`.
pub fn requests() -> Vec<Entry> {
    let (job, id) = (job(), ContentId::of(INPUT));
    let named = |name: &str, request: Request| Entry::bytes(format!("Request::{name}"), encode(&request));
    let receipt = document("receipt").to_json();
    let lease = Lease { job, document: document("manifest").to_json(), input: None, ms: 120_000 };
    let gathered = Lease { document: vec![1], input: Some(id), ms: 10, ..lease.clone() };
    let here = Carried::Here(OUTPUT.to_vec());
    let answers = vec![
        Answer { receipt: receipt.clone(), stdout: here, stderr: Carried::Here(Vec::new()) },
        Answer { receipt, stdout: Carried::Put, stderr: Carried::Put },
    ];
    let envelope = Cancellation::sign(job, &proposer()).to_json();
    vec![
        named("Offer", Request::Offer { advert: advert(), returned: Vec::new() }),
        named(
            "Offer, paused",
            Request::Offer { advert: Advert { slots: 0, ..advert() }, returned: vec![job] },
        ),
        named("Answers", Request::Answers(answers)),
        named("Decline", Request::Decline { job, why: "too little memory".into() }),
        named("Get", Request::Get { id, offset: 262_144 }),
        named("Put", Request::Put { id, len: INPUT.len() as u64, offset: 0, bytes: INPUT.to_vec() }),
        named("Submit", Request::Submit { envelope: document("manifest").to_json() }),
        named("Cancel", Request::Cancel { envelope }),
        named("Status", Request::Status { job }),
        named("Work", Request::Work { leases: vec![lease, gathered], revoked: vec![id] }),
    ]
}

/// Every response on `/formix/jobs/1`.
pub fn responses() -> Vec<Entry> {
    let job = job();
    let named = |name: &str, response: Response| Entry::bytes(format!("Response::{name}"), encode(&response));
    let standing = Standing { agreed: 3, disagreed: 1, unchecked: 2, fuel: 144_453 };
    let received = vec![
        Received::Taken { signature: [7; 64], standing },
        Received::Refused { why: "this job is not leased to you, or no longer".into() },
    ];
    vec![
        named("Done", Response::Done),
        named("Unknown", Response::Unknown),
        named("Offered", Response::Offered { held: vec![job] }),
        named("Full", Response::Full),
        named("Received", Response::Received(received)),
        named("Chunk", Response::Chunk { len: 1_000_000, bytes: INPUT.to_vec() }),
        named("Put", Response::Put { have: 524_288 }),
        named("Submitted", Response::Submitted { job, able: 2, words: String::new() }),
        named("Cancelled", Response::Cancelled),
        named("Refused", Response::Refused { why: "the queue is full".into(), retry_ms: Some(5_000) }),
        named("Refused, for good", Response::Refused { why: "no".into(), retry_ms: None }),
        named("Status", Response::Status { view: b"{}".to_vec() }),
    ]
}

/// A broker and a worker that are fed each other's words.
struct Course {
    now: Instant,
    heavy: Identity,
    light: Identity,
    broker: Broker,
    worker: Worker,
    step: &'static str,
    entries: Vec<Entry>,
    /// Whether the guest runs.
    runs: bool,
}

impl Course {
    fn keep(&mut self, batch: &Batch) {
        for change in batch.changes() {
            if let Change::Put(entry) = change {
                let name = format!("{}, {}", self.step, HEXLOWER.encode(&entry.key));
                self.entries.retain(|earlier| earlier.name != name);
                self.entries.push(Entry::bytes(name, entry.value.clone()));
            }
        }
    }

    fn tell(&mut self, input: broker::Input) {
        self.broker.handle_input(self.now, &self.heavy, input);
        self.pump();
    }

    fn command(&mut self, input: worker::Input) {
        self.worker.handle_input(self.now, &self.light, input);
        self.pump();
    }

    fn pump(&mut self) {
        loop {
            if let Some(output) = self.broker.poll_output() {
                self.of_broker(output);
            } else if let Some(output) = self.worker.poll_output() {
                self.of_worker(output);
            } else {
                return;
            }
        }
    }

    fn of_broker(&mut self, output: broker::Output) {
        let heavy = self.heavy.id();
        match output {
            broker::Output::Store { ticket, batch } => {
                self.keep(&batch);
                let input = broker::Input::Stored { ticket, result: Ok(()) };
                self.broker.handle_input(self.now, &self.heavy, input);
            }
            broker::Output::Ask { token, request, .. } => {
                let input = worker::Input::Request { heavy, request };
                self.worker.handle_input(self.now, &self.light, input);
                let input = broker::Input::Reply { token, response: Some(Response::Done) };
                self.broker.handle_input(self.now, &self.heavy, input);
            }
            broker::Output::Respond { token, response, .. } => {
                let input = worker::Input::Reply { token, response: Some(response) };
                self.worker.handle_input(self.now, &self.light, input);
            }
            broker::Output::Submitted { result, .. } => drop(result.expect("the job is taken")),
            broker::Output::Put { result, .. } => assert!(result.expect("the bytes are taken").is_whole()),
            _ => {}
        }
    }

    fn of_worker(&mut self, output: worker::Output) {
        match output {
            worker::Output::Ask { token, request, .. } => {
                let input = broker::Input::Request { peer: self.light.id(), token, request };
                self.broker.handle_input(self.now, &self.heavy, input);
            }
            worker::Output::Run(task) if self.runs => {
                let ran = Ran {
                    ending: Ending::Exit(0),
                    stdout: OUTPUT.to_vec(),
                    stderr: Vec::new(),
                    fuel: 48_151,
                    memory_peak_bytes: 1_114_112,
                };
                let finished = Finished { ran, wall_us: 1_623, cpu_us: None };
                let input = worker::Input::Ran { job: task.job, result: Ok(Box::new(finished)) };
                self.worker.handle_input(self.now, &self.light, input);
            }
            worker::Output::Store(batch) => self.keep(&batch),
            _ => {}
        }
    }
}

/// What a broker and a worker keep, step by step.
///
/// # Panics
/// Where the sampled course does not hold.
pub fn stored() -> Vec<Entry> {
    let (heavy, light) = (heavy(0).0, light());
    let broker = Broker::restore(broker::Config::new(GAS), &heavy, &[], NOW).expect("an empty store");
    let step = "broker, put";
    let (worker, entries, runs) = (Worker::default(), Vec::new(), false);
    let mut course = Course { now: NOW, heavy, light, broker, worker, step, entries, runs };
    let (id, len) = (ContentId::of(MODULE), MODULE.len() as u64);
    course.tell(broker::Input::Put { token: 1, from: None, id, len, offset: 0, bytes: MODULE.to_vec() });
    course.step = "broker, submitted";
    let one = Manifest {
        module: Blob::Id(id),
        input: Blob::Inline(Base64(INPUT.to_vec())),
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints::default(),
        ..manifest()
    };
    let envelope = one.sign(&proposer()).expect("a manifest");
    let first = ContentId::of(&envelope.payload);
    course.tell(broker::Input::Submit { token: 2, envelope });
    // Another reads what the first writes.
    let reads = Manifest { input: Blob::Outputs(vec![first]), nonce: "f".repeat(32), ..one };
    let envelope = reads.sign(&proposer()).expect("a manifest");
    course.tell(broker::Input::Submit { token: 3, envelope });
    course.step = "broker, leased";
    let kind = Kind::Native;
    let executor = Executor { kind, gas: GAS.into(), slots_max: 1, memory_bytes_max: 1 << 30 };
    course.command(worker::Input::Executor(Some(executor)));
    course.command(worker::Input::Contribute(Contribution { on: true, ..Contribution::default() }));
    course.command(worker::Input::Up { heavy: course.heavy.id() });
    course.step = "broker, ended";
    course.runs = true;
    let ran = Ran {
        ending: Ending::Exit(0),
        stdout: OUTPUT.to_vec(),
        stderr: Vec::new(),
        fuel: 48_151,
        memory_peak_bytes: 1_114_112,
    };
    let finished = Box::new(Finished { ran, wall_us: 1_623, cpu_us: None });
    course.command(worker::Input::Ran { job: first, result: Ok(finished) });
    course.step = "worker, ended";
    let (due, me) = (NOW.plus_ms(1_000), course.light.id());
    course.worker.handle_timeout(due, me);
    course.pump();
    assert_eq!(course.worker.view().credit.jobs, 2, "both have run");
    course.entries
}
