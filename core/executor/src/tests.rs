use super::*;
use alloc::{format, vec};
use jobs::{
    Base64, Manifest, Times,
    manifest::{Blob, Constraints, Quorum, VERSION},
    ran::Of,
};
use keys::Identity;

/// Writes its input, reversed byte by byte, and ends with the code that its entry's name says.
const REVERSE: &str = include_str!("../../../tests/guests/programs/reverse.wat");

fn ada() -> Identity {
    Identity::from_seed([1; 32])
}

fn manifest(entry: &str) -> Manifest {
    let module = wat::parse_str(REVERSE).unwrap();
    Manifest {
        version: VERSION,
        name: "reverse a line".into(),
        submitter: ada().id(),
        module: Blob::Inline(Base64(module)),
        input: Blob::Inline(Base64(b"hello".to_vec())),
        entry: entry.into(),
        args: vec!["reverse".into()],
        env: vec![],
        limits: Limits { fuel: 100_000, ..Limits::default() },
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints::default(),
        created: "2026-11-20T12:00:00Z".parse().unwrap(),
        deadline: "2026-11-20T13:00:00Z".parse().unwrap(),
        priority: 5,
        deterministic: true,
        nonce: "000102030405060708090a0b0c0d0e0f".into(),
    }
}

fn ran(manifest: &Manifest) -> (Receipt, Ran) {
    let node = Identity::from_seed([2; 32]);
    let (job, manifest) = Manifest::open(&manifest.sign(&ada()).unwrap()).unwrap();
    let started = manifest.created.plus_ms(100);
    let invocation = manifest.invocation(job, node.id(), started);
    let module = manifest.module.inline().unwrap();
    let ran = run(&invocation, module, manifest.input.inline().unwrap()).unwrap();
    let times = Times { started, ended: started.plus_ms(2), wall_us: 1_500, cpu_us: None };
    let (input, node_id) = (manifest.input.id().unwrap(), node.id());
    let of = Of { job, manifest: &manifest, input, node: node_id, gas: GAS_SCHEDULE, times };
    let receipt = ran.receipt(&of);
    // It signs, verifies and follows, whatever came of the run.
    let (read, _) = Receipt::open(&receipt.sign(&node).unwrap()).unwrap();
    read.follows(job, &manifest).unwrap();
    assert_eq!(read, receipt);
    (receipt, ran)
}

#[test]
fn a_guest_s_output_is_in_its_receipt_and_a_rerun_agrees() {
    let manifest = manifest("_start");
    let (receipt, ran) = ran(&manifest);
    assert_eq!((ran.stdout.as_slice(), &receipt.ending), (b"olleh".as_slice(), &Ending::Exit(0)));
    assert_eq!(receipt.output, ContentId::of(b"olleh"));
    assert!(ran.fuel > 0 && receipt.memory_peak_bytes == 2 * 65_536);
    let module = manifest.module.inline().unwrap();
    assert_eq!(rerun(&receipt, module, b"hello"), Ok(ran));
    assert_eq!(rerun(&receipt, b"", b"hello"), Err(RerunError::OtherBytes { what: "module" }));
    assert_eq!(rerun(&receipt, module, b"hullo"), Err(RerunError::OtherBytes { what: "input" }));
}

#[test]
fn a_false_receipt_is_convicted_by_its_field() {
    let manifest = manifest("_start");
    let (receipt, _) = ran(&manifest);
    let module = manifest.module.inline().unwrap();
    let other = ContentId::of(b"other");
    for (false_receipt, expected) in [
        (Receipt { ending: Ending::Exit(1), ..receipt.clone() }, "ending"),
        (Receipt { output: other, ..receipt.clone() }, "standard output"),
        (Receipt { errors: other, ..receipt.clone() }, "standard error"),
        (Receipt { fuel: receipt.fuel + 1, ..receipt.clone() }, "fuel"),
        (Receipt { memory_peak_bytes: 0, ..receipt.clone() }, "peak memory"),
    ] {
        let Err(RerunError::Differs { field, .. }) = rerun(&false_receipt, module, b"hello") else {
            panic!("{expected}")
        };
        assert_eq!(field, expected);
    }
    let gas = Receipt { gas: "other-1".into(), ..receipt };
    assert_eq!(rerun(&gas, module, b"hello"), Err(RerunError::Gas { gas: "other-1".into() }));
}

#[test]
fn a_failed_entry_point_is_reported_as_failed() {
    let code = |entry: &str| ran(&manifest(entry)).0.ending.code();
    assert_eq!(code("fails"), "exit 7");
    assert_eq!(code("aborts"), "trap unreachable");
    assert_eq!(code("loops"), "trap out-of-fuel");
    assert_eq!(code("is_not_there"), "rejected no-entry");
    let imports =
        wat::parse_str(r#"(module (import "env" "secret" (func)) (func (export "_start")))"#).unwrap();
    for (module, expected) in [
        (b"\0asm\x01\0\0\0garbage".to_vec(), "rejected module-invalid"),
        (imports, "rejected imports-denied"),
        ([b"\0asm\x01\0\0\0".as_slice(), &[0; 100]].concat(), "rejected module-too-long"),
    ] {
        let limits = Limits { module_bytes: 100, ..manifest("_start").limits };
        let manifest = Manifest { module: Blob::Inline(Base64(module)), limits, ..manifest("_start") };
        let (receipt, ran) = ran(&manifest);
        assert_eq!(receipt.ending.code(), expected);
        assert!(!receipt.ending.is_success() && ran.stdout.is_empty());
    }
    assert_eq!(format!("{}", ran(&manifest("fails")).0.ending), "failed: the guest ended with exit code 7");
}

#[test]
fn a_run_in_steps_gives_what_a_run_at_once_gives() {
    let manifest = manifest("_start");
    let (_, whole) = ran(&manifest);
    let invocation = manifest.invocation(ContentId::of(b"job"), ada().id(), manifest.created);
    let (module, input) = (manifest.module.inline().unwrap(), manifest.input.inline().unwrap());
    let program = Program::new(module, &invocation.limits);
    for fuel in [1, 7, 1_000] {
        let (mut step, mut steps) = (program.start(&invocation, input), 0);
        let stepped = loop {
            match step {
                Step::Running(guest) => step = guest.step(fuel),
                Step::Done(result) => break result.unwrap(),
            }
            steps += 1;
        };
        assert_eq!(stepped, whole, "in steps of {fuel}");
        assert!(steps > 1 || fuel > 7, "{steps} steps of {fuel}");
    }
    let broken = Program::new(b"no module", &invocation.limits);
    let Step::Done(Ok(rejected)) = broken.start(&invocation, b"") else { panic!("it was begun") };
    assert_eq!(rejected.ending.code(), "rejected module-invalid");
}
