use super::*;
use crate::manifest::tests::{ada, sample};
use serde_json::{Value, json};

fn node() -> Identity {
    Identity::from_seed([2; 32])
}

fn heavy() -> Identity {
    Identity::from_seed([3; 32])
}

fn receipt() -> Receipt {
    let (job, manifest) = Manifest::open(&sample().sign(&ada()).unwrap()).unwrap();
    let started = manifest.created.plus_ms(1_500);
    Receipt {
        job,
        submitter: manifest.submitter,
        node: node().id(),
        module: manifest.module_id(),
        input: manifest.input.id().unwrap(),
        invocation: manifest.invocation(job, node().id(), started),
        ending: Ending::Exit(0),
        output: ContentId::of(b"olleh"),
        errors: ContentId::of(b""),
        fuel: 4_711,
        gas: "example-1".into(),
        memory_peak_bytes: 131_072,
        wall_us: 830,
        cpu_us: Some(810),
        started,
        ended: started.plus_ms(1),
    }
}

fn trap(code: &str) -> Ending {
    Ending::Trap(Failure { code: code.into(), words: "the guest used all of its fuel".into() })
}

#[test]
fn a_signed_receipt_is_read_back_with_its_witnesses() {
    for ending in [Ending::Exit(7), trap("out-of-fuel")] {
        let receipt = Receipt { ending, ..receipt() };
        let mut envelope = receipt.sign(&node()).unwrap();
        assert_eq!(Receipt::open(&envelope), Ok((receipt.clone(), vec![])));
        assert_eq!(Receipt::witness(&mut envelope, &heavy()), Ok(receipt.clone()));
        let read = Envelope::from_json(&envelope.to_json()).unwrap();
        assert_eq!(Receipt::open(&read), Ok((receipt, vec![heavy().id()])));
    }
}

#[test]
fn it_is_an_in_toto_statement() {
    let json: Value = serde_json::from_slice(&receipt().sign(&node()).unwrap().payload).unwrap();
    assert_eq!(json["_type"], STATEMENT_TYPE);
    assert_eq!(json["subject"][0]["name"], "stdout");
    assert_eq!(
        json["subject"][1]["digest"]["sha256"],
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

/// Whether `value` has the fields that `schema` lists and requires, at every depth.
pub(crate) fn fits(schema: &Value, value: &Value, root: &Value) {
    let schema = match schema["$ref"].as_str() {
        Some(path) => root.pointer(path.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(required.as_str().unwrap()).is_some(), "{required} is missing");
    }
    for item in value.as_array().filter(|_| !schema["items"].is_null()).into_iter().flatten() {
        fits(&schema["items"], item, root);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, inner) in value.as_object().unwrap() {
        let property = properties.get(name).unwrap_or_else(|| panic!("`{name}` is not in the schema"));
        fits(property, inner, root);
    }
}

#[test]
fn the_schema_knows_every_field() {
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let value = serde_json::to_value(receipt()).unwrap();
    fits(&root, &value, &root);
    assert_eq!(root["properties"]["_type"]["const"], STATEMENT_TYPE);
    assert_eq!(root["properties"]["predicateType"]["const"], PREDICATE_TYPE);
    // And what is required there is required here.
    for required in root["properties"]["predicate"]["required"].as_array().unwrap() {
        let mut without = value.clone();
        without["predicate"].as_object_mut().unwrap().remove(required.as_str().unwrap());
        assert!(serde_json::from_value::<Receipt>(without).is_err(), "{required}");
    }
}

#[test]
fn a_receipt_that_is_not_in_order_is_refused_with_its_field() {
    let value = serde_json::to_value(receipt()).unwrap();
    let cases = [
        ("/_type", json!("https://in-toto.io/Statement/v0.1"), "_type"),
        ("/predicateType", json!("x"), "predicateType"),
        ("/subject/0/name", json!("out"), "subject"),
        ("/subject/1/digest/sha256", json!("AB"), "subject[1].digest.sha256"),
        ("/predicate/fuel/used", json!(1u64 << 53), "predicate.fuel.used"),
        ("/predicate/fuel/used", json!(-1), "predicate.fuel.used"),
        ("/predicate/fuel/schedule", json!("Two Words"), "predicate.fuel.schedule"),
        ("/predicate/ending", json!({"exit": -1}), "predicate.ending"),
        ("/predicate/ending", json!({"trap": {"code": "", "words": ""}}), "predicate.ending"),
        ("/predicate/ended", json!("2026-11-20T12:00:00Z"), "predicate.ended"),
        ("/predicate/invocation/limits/fuel", json!(0), "predicate.invocation"),
        ("/predicate/invocation/seed", json!("00"), "predicate.invocation.seed"),
        ("/predicate/job/md5", json!("00"), "predicate.job.md5"),
    ];
    for (pointer, wrong, expected) in cases {
        let mut value = value.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match value.pointer_mut(pointer) {
            Some(place) => *place = wrong,
            None => value.pointer_mut(parent).unwrap()[name] = wrong,
        }
        let mut envelope = Envelope::new(PAYLOAD_TYPE, value.to_string().into_bytes());
        envelope.sign(&node());
        let error = Receipt::open(&envelope).unwrap_err();
        assert!(error.to_string().contains(&format!("`{expected}")), "{pointer}: {error}");
    }
}

#[test]
fn a_changed_receipt_or_a_wrong_witness_does_not_verify() {
    let mut envelope = receipt().sign(&node()).unwrap();
    let mut changed = envelope.clone();
    let at = changed.payload.windows(4).position(|four| four == b"4711").unwrap();
    changed.payload[at] = b'5';
    let error = ReceiptError::Envelope(EnvelopeError::BadSignature(node().id()));
    assert_eq!(Receipt::open(&changed), Err(error));
    envelope.attach(keys::Signature { keyid: heavy().id(), sig: vec![0; 64] });
    let error = ReceiptError::Envelope(EnvelopeError::BadSignature(heavy().id()));
    assert_eq!(Receipt::open(&envelope), Err(error));
    assert!(matches!(receipt().sign(&heavy()), Err(ReceiptError::Field { field: "predicate.node", .. })));
}

#[test]
fn it_is_held_against_the_manifest() {
    let (job, manifest) = Manifest::open(&sample().sign(&ada()).unwrap()).unwrap();
    let good = receipt();
    assert_eq!(good.follows(job, &manifest), Ok(()));
    let other = ContentId::of(b"other");
    let invocation = |change: fn(&mut Invocation)| {
        let mut invocation = good.invocation.clone();
        change(&mut invocation);
        Receipt { invocation, ..good.clone() }
    };
    let cases = [
        (Receipt { job: other, ..good.clone() }, "predicate.job"),
        (Receipt { submitter: node().id(), ..good.clone() }, "predicate.submitter"),
        (Receipt { module: other, ..good.clone() }, "predicate.module"),
        (Receipt { input: other, ..good.clone() }, "predicate.input"),
        (invocation(|run| run.seed[0] ^= 1), "predicate.invocation"),
        (invocation(|run| run.args.clear()), "predicate.invocation"),
        (invocation(|run| run.clock = run.clock.plus_ms(1)), "predicate.invocation"),
        (Receipt { fuel: manifest.limits.fuel + 1, ..good.clone() }, "predicate.fuel.used"),
        (Receipt { memory_peak_bytes: u64::MAX, ..good.clone() }, "predicate.memory_peak_bytes"),
    ];
    for (receipt, field) in cases {
        assert_eq!(receipt.follows(job, &manifest), Err(ReceiptError::OtherThanManifest { field }));
    }
}

#[test]
fn words_are_no_part_of_a_claim_and_the_rest_is() {
    let traps = |words: &str| {
        let ending = Ending::Trap(Failure { code: "out-of-fuel".into(), words: words.into() });
        Receipt { ending, ..receipt() }.claim()
    };
    assert_eq!(traps("one way"), traps("another"));
    let claim = receipt().claim();
    assert_ne!(claim, Receipt { fuel: 1, ..receipt() }.claim());
    assert_ne!(claim, Receipt { output: receipt().errors, ..receipt() }.claim());
    assert_ne!(claim, Receipt { errors: receipt().output, ..receipt() }.claim());
    assert_ne!(claim, Receipt { ending: Ending::Exit(1), ..receipt() }.claim());
    let same = Receipt { wall_us: 1, node: heavy().id(), memory_peak_bytes: 0, ..receipt() };
    assert_eq!(claim, same.claim());
}

#[test]
fn a_failed_entry_point_is_never_a_success() {
    assert!(Ending::Exit(0).is_success());
    for ending in [
        Ending::Exit(1),
        trap("unreachable"),
        Ending::Rejected(Failure { code: "x".into(), words: "y".into() }),
    ] {
        assert!(!ending.is_success());
        assert!(ending.to_string().contains("failed") || ending.to_string().contains("rejected"));
    }
}

proptest::proptest! {
    #[test]
    fn any_change_of_a_byte_is_refused_or_read_without_a_panic(at in 0usize..4_000, byte in proptest::prelude::any::<u8>()) {
        let good = receipt().sign(&node()).unwrap();
        let mut payload = good.payload.clone();
        let at = at % payload.len();
        payload[at] = byte;
        // As its node would sign it, so that the reader comes to the payload.
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(&node());
        if let Ok((read, _)) = Receipt::open(&envelope) {
            // What is read is in order: it can be signed, and is read back as it was.
            proptest::prop_assert_eq!(Receipt::open(&read.sign(&node()).unwrap()), Ok((read, vec![])));
        }
    }
}
