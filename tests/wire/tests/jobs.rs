//! A job's documents: as they were, and readable.

use jobs::{Manifest, Receipt};
use keys::Envelope;
use wire::{
    golden::{check, read},
    jobs::{documents, manifest},
    samples::{heavy, light},
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
