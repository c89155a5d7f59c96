//! A job's documents: as they were, and readable.

use codec::{Wire, decode, encode};
use data_encoding::HEXLOWER;
use jobs::{
    Broker, Manifest, Receipt, Worker, broker,
    message::{Request, Response},
    view::{Filter, JobState},
};
use keys::Envelope;
use store::Entry as Record;
use wire::{
    golden::{check, read},
    jobs::{documents, manifest},
    leases,
    samples::{NOW, heavy, light},
};

#[test]
fn job_documents_are_frozen() {
    check(
        "jobs.txt",
        "Manifests and receipts of jobs: payloads, and the DSSE envelopes around them.",
        &documents(),
    );
}

#[test]
fn job_messages_are_frozen() {
    let messages = [leases::requests(), leases::responses()].concat();
    check("job-messages.txt", "Messages on /formix/jobs/1: borsh, in hexadecimal digits.", &messages);
}

#[test]
fn stored_jobs_are_frozen() {
    check(
        "job-stored.txt",
        "What a broker and a worker keep: when written, key, and value in hexadecimal digits.",
        &leases::stored(),
    );
}

/// Every message of `T` reads back, and each variant of it has one.
fn whole<T: Wire>(prefix: &str) {
    let mut tags = Vec::new();
    for entry in read("job-messages.txt", false).into_iter().filter(|entry| entry.name.starts_with(prefix)) {
        let value: T = decode(&entry.bytes).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(encode(&value), entry.bytes, "{}", entry.name);
        tags.push(entry.bytes[0]);
    }
    tags.dedup();
    let next = tags.len() as u8;
    assert_eq!(tags, (0..next).collect::<Vec<_>>(), "{prefix}: a variant's tag, each once, in order");
    let exists = |tag: u8| (0..400).any(|zeros| decode::<T>(&[&[tag][..], &vec![0; zeros]].concat()).is_ok());
    assert!(exists(next - 1) && !exists(next), "{prefix}: add the new variant to the samples");
}

#[test]
fn golden_job_messages_are_read() {
    whole::<Request>("Request");
    whole::<Response>("Response");
}

/// The golden records of these steps, the last of a key winning.
fn records(steps: &[&str]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for entry in read("job-stored.txt", false) {
        let (step, key) = entry.name.rsplit_once(", ").expect("a step and a key");
        if steps.contains(&step) {
            let key = HEXLOWER.decode(key.as_bytes()).expect("hexadecimal digits");
            records.retain(|record| record.key != key);
            records.push(Record { key, value: entry.bytes });
        }
    }
    records.sort_by(|a, b| a.key.cmp(&b.key));
    records
}

#[test]
fn golden_stored_jobs_are_read() {
    let config = broker::Config::new(leases::GAS);
    for (steps, state, receipts) in [
        (&["broker, put", "broker, submitted"][..], JobState::Waiting, 0),
        (&["broker, put", "broker, submitted", "broker, leased"], JobState::Running, 0),
    ] {
        let broker = Broker::restore(config.clone(), &heavy(0).0, &records(steps), NOW)
            .expect("records of an earlier build");
        let all = broker.jobs(&Filter::default(), 10).jobs;
        assert_eq!((all.len(), all[1].state, all[1].receipts), (2, state, receipts));
    }
    let records = records(&["worker, ended"]);
    let worker = Worker::restore(&records.iter().collect::<Vec<_>>()).expect("records of an earlier build");
    let view = worker.view();
    assert_eq!((view.history.len(), view.credit.jobs, view.credit.unchecked), (2, 2, 2));
    let (receipt, witnesses) =
        Receipt::open(&worker.receipt(view.history[0].job).expect("kept")).expect("signed");
    assert_eq!((receipt.node, witnesses), (light().id(), vec![heavy(0).0.id()]));
}

#[test]
fn golden_job_documents_verify() {
    let entries = read("jobs.txt", true);
    let open = |name: &str| {
        let entry = entries.iter().find(|entry| entry.name == format!("{name}: document")).expect(name);
        Envelope::from_json(&entry.bytes).expect(name)
    };
    let (job, read) = Manifest::open(&open("manifest")).expect("signed by its submitter");
    assert_eq!(read, manifest());
    for (name, code) in [
        ("receipt", "exit 0"),
        ("receipt, witnessed", "exit 0"),
        ("receipt, exit code 7", "exit 7"),
        ("receipt, trapped", "trap out-of-fuel"),
        ("receipt, rejected", "rejected imports-denied"),
    ] {
        let (receipt, witnesses) = Receipt::open(&open(name)).expect(name);
        receipt.follows(job, &read).expect(name);
        assert_eq!((receipt.ending.code().as_str(), receipt.node), (code, light().id()));
        let witness = (name == "receipt, witnessed").then(|| heavy(1).0.id());
        assert_eq!(witnesses, witness.into_iter().collect::<Vec<_>>());
    }
}
