//! A job's documents: a manifest, and receipts of every ending, with and without a witness.

use crate::{
    golden::Entry,
    samples::{NOW, heavy, light, proposer},
};
use codec::ContentId;
use jobs::{
    Base64, Ending, Limits, Manifest, Receipt,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION},
    receipt::Failure,
};
use keys::Envelope;

/// What the sampled guest was given.
pub const INPUT: &[u8] = "Grüße, \"world\"\n".as_bytes();
/// What it wrote.
pub const OUTPUT: &[u8] = "\n\"dlrow\" ,eßürG".as_bytes();

/// The sampled module: an empty one.
pub const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The sampled manifest.
pub fn manifest() -> Manifest {
    Manifest {
        version: VERSION,
        name: "reverse a line".into(),
        submitter: proposer().id(),
        module: Blob::Inline(Base64(MODULE.to_vec())),
        input: Blob::Id(ContentId::of(INPUT)),
        entry: ENTRY.into(),
        args: vec!["reverse".into(), "--écrire \"\\\"".into()],
        env: vec![("LANG".into(), "C.UTF-8".into()), ("TZ".into(), "UTC".into())],
        limits: Limits { fuel: 5_000_000, ..Limits::default() },
        replicas: 3,
        quorum: Quorum::Unanimous,
        constraints: Constraints {
            kinds: vec![Kind::Tab, Kind::Native],
            nodes: Vec::new(),
            except: vec![heavy(0).0.id()],
            agreed_min: 2,
        },
        created: NOW,
        deadline: NOW.plus_ms(3_600_000),
        priority: 5,
        deterministic: true,
        nonce: "000102030405060708090a0b0c0d0e0f".into(),
    }
}

fn failure(code: &str, words: &str) -> Failure {
    Failure::new(code, words)
}

/// A receipt that ended so.
fn receipt(ending: Ending) -> Receipt {
    let manifest = manifest();
    let document = manifest.sign(&proposer()).expect("a manifest");
    let job = ContentId::of(&document.payload);
    let started = NOW.plus_ms(1_250);
    let has_run = !matches!(ending, Ending::Rejected(_));
    Receipt {
        job,
        submitter: manifest.submitter,
        node: light().id(),
        module: manifest.module_id(),
        input: ContentId::of(INPUT),
        invocation: manifest.invocation(job, light().id(), started),
        ending,
        output: ContentId::of(if has_run { OUTPUT } else { b"" }),
        errors: ContentId::of(b""),
        fuel: if has_run { 48_151 } else { 0 },
        gas: "wasmi-1.1.0/formix-1".into(),
        memory_peak_bytes: if has_run { 1_114_112 } else { 0 },
        wall_us: 1_623,
        cpu_us: has_run.then_some(1_590),
        started,
        ended: started.plus_ms(2),
    }
}

/// The documents under their names.
pub fn signed() -> Vec<(&'static str, Envelope)> {
    let sign = |ending| receipt(ending).sign(&light()).expect("a receipt");
    let mut witnessed = sign(Ending::Exit(0));
    Receipt::witness(&mut witnessed, &heavy(1).0).expect("a receipt");
    vec![
        ("manifest", manifest().sign(&proposer()).expect("a manifest")),
        ("receipt", sign(Ending::Exit(0))),
        ("receipt, witnessed", witnessed),
        ("receipt, exit code 7", sign(Ending::Exit(7))),
        ("receipt, trapped", sign(Ending::Trap(failure("out-of-fuel", "it used all its fuel")))),
        ("receipt, rejected", sign(Ending::Rejected(failure("imports-denied", "it imports `env` \"x\"")))),
    ]
}

/// Payloads and documents.
pub fn documents() -> Vec<Entry> {
    let entries = signed().into_iter().flat_map(|(name, envelope)| {
        [
            Entry::text(format!("{name}: payload"), envelope.payload.clone()),
            Entry::text(format!("{name}: document"), envelope.to_json()),
        ]
    });
    entries.collect()
}
