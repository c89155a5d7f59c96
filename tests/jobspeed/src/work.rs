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

/// A receipt as a heavy node takes it from whoever ran the job: its bytes in JSON.
pub(crate) fn receipt() -> Vec<u8> {
    let (submitter, node) = (Identity::from_seed([1; 32]), Identity::from_seed([2; 32]));
    let created = Instant::from_unix_ms(1_800_000_000_000);
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
        replicas: 3,
        quorum: Quorum::Majority,
        constraints: Constraints { kinds: vec![Kind::Tab, Kind::Native], ..Constraints::default() },
        created,
        deadline: created.plus_ms(3_600_000),
        priority: 5,
        deterministic: true,
        nonce: "000102030405060708090a0b0c0d0e0f".into(),
    };
    let envelope = manifest.sign(&submitter).expect("the manifest is whole");
    let (job, manifest) = Manifest::open(&envelope).expect("it was signed just now");
    let receipt = Receipt {
        job,
        submitter: manifest.submitter,
        node: node.id(),
        module: manifest.module.id(),
        input: manifest.input.id(),
        invocation: manifest.invocation(job, node.id(), created),
        ending: Ending::Exit(0),
        output: ContentId::of(b"olleh"),
        errors: ContentId::of(b""),
        fuel: 4_711,
        gas: sandbox::GAS_SCHEDULE.into(),
        memory_peak_bytes: 131_072,
        wall_us: 830,
        cpu_us: Some(810),
        started: created,
        ended: created.plus_ms(1),
    };
    receipt.sign(&node).expect("the receipt is whole").to_json()
}

/// Reads and verifies a receipt `times` times; its node's signature among all else that it checks.
pub(crate) fn verify(receipt: &[u8], times: u32) -> bool {
    (0..times).all(|_| Envelope::from_json(receipt).is_ok_and(|envelope| Receipt::open(&envelope).is_ok()))
}
