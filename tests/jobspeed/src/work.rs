//! What is timed.

use codec::{ContentId, Instant};
use jobs::manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION};
use jobs::{Base64, Ending, Limits, Manifest, Receipt};
use keys::{Envelope, Identity};
use sandbox::{Command, Execution, Module, ModuleError};

/// A guest that takes its work as a number, its first argument.
pub(crate) struct Guest {
    module: Module,
    limits: sandbox::Limits,
}

impl Guest {
    pub(crate) fn new(wasm: &[u8]) -> Result<Self, ModuleError> {
        let limits = sandbox::Limits { fuel: u64::MAX, ..sandbox::Limits::default() };
        Ok(Self { module: Module::new(wasm, &limits)?, limits })
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, number: u32) -> Execution {
        let args = vec!["guest".into(), number.to_string()];
        self.module.run(&Command { args, ..Command::default() }, &self.limits)
    }
}

/// When the manifests here were made, and are submitted.
pub(crate) const NOW: Instant = Instant::from_unix_ms(1_800_000_000_000);
/// What every job's guest writes.
pub(crate) const OUTPUT: &[u8] = b"olleh";

/// A tiny job, one of any number.
pub(crate) fn job(submitter: &Identity, number: u32) -> Envelope {
    let manifest = Manifest {
        version: VERSION,
        name: "reverse a line".into(),
        submitter: submitter.id(),
        module: Blob::Inline(Base64(b"\0asm\x01\0\0\0".to_vec())),
        input: Blob::Inline(Base64(b"hello".to_vec())),
        entry: ENTRY.into(),
        args: vec!["reverse".into(), "--words".into()],
        env: vec![("LANG".into(), "C".into())],
        limits: Limits::default(),
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints { kinds: vec![Kind::Tab, Kind::Native], ..Constraints::default() },
        created: NOW,
        deadline: NOW.plus_ms(3_600_000),
        priority: 5,
        deterministic: true,
        nonce: format!("{number:032x}"),
    };
    manifest.sign(submitter).expect("the manifest is whole")
}

/// What a node says of a job that it ran: its bytes in JSON.
pub(crate) fn receipt(document: &Envelope, node: &Identity) -> Vec<u8> {
    let (job, manifest) = Manifest::open(document).expect("it was signed here");
    let receipt = Receipt {
        job,
        submitter: manifest.submitter,
        node: node.id(),
        module: manifest.module_id(),
        input: ContentId::of(b"hello"),
        invocation: manifest.invocation(job, node.id(), NOW),
        ending: Ending::Exit(0),
        output: ContentId::of(OUTPUT),
        errors: ContentId::of(b""),
        fuel: 4_711,
        gas: sandbox::GAS_SCHEDULE.into(),
        memory_peak_bytes: 131_072,
        wall_us: 830,
        cpu_us: Some(810),
        started: NOW,
        ended: NOW.plus_ms(1),
    };
    receipt.sign(node).expect("the receipt is whole").to_json()
}

/// A receipt as a heavy node takes it from whoever ran the job.
pub(crate) fn some_receipt() -> Vec<u8> {
    receipt(&job(&Identity::from_seed([1; 32]), 1), &Identity::from_seed([2; 32]))
}

/// Reads and verifies a receipt `times` times; its node's signature among all else that it checks.
pub(crate) fn verify(receipt: &[u8], times: u32) -> bool {
    (0..times).all(|_| Envelope::from_json(receipt).is_ok_and(|envelope| Receipt::open(&envelope).is_ok()))
}
