use super::*;
use alloc::{collections::BTreeSet, vec};
use serde_json::{Value, json};

pub(crate) fn ada() -> Identity {
    Identity::from_seed([1; 32])
}

pub(crate) fn sample() -> Manifest {
    Manifest {
        version: VERSION,
        name: "reverse a line".into(),
        submitter: ada().id(),
        module: Blob::Inline(Base64(b"\0asm\x01\0\0\0".to_vec())),
        input: Blob::Inline(Base64(b"hello".to_vec())),
        entry: ENTRY.into(),
        args: vec!["reverse".into(), "--words".into()],
        env: vec![("LANG".into(), "C".into()), ("ZONE".into(), "UTC".into())],
        limits: Limits::default(),
        replicas: 3,
        quorum: Quorum::Majority,
        constraints: Constraints {
            kinds: vec![Kind::Tab, Kind::Native],
            agreed_min: 2,
            ..Constraints::default()
        },
        created: "2026-11-20T12:00:00Z".parse().unwrap(),
        deadline: "2026-11-20T13:00:00Z".parse().unwrap(),
        priority: 5,
        deterministic: true,
        nonce: "000102030405060708090a0b0c0d0e0f".into(),
    }
}

/// The sample's JSON with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut json = serde_json::to_value(sample()).unwrap();
    match json.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[name] = value;
        }
    }
    serde_json::to_vec(&json).unwrap()
}

#[test]
fn a_signed_manifest_is_read_back_under_its_id() {
    let envelope = sample().sign(&ada()).unwrap();
    let (id, read) = Manifest::open(&Envelope::from_json(&envelope.to_json()).unwrap()).unwrap();
    assert_eq!((id, read), (ContentId::of(&envelope.payload), sample()));
}

#[test]
fn what_is_left_out_has_the_defaults_that_the_schema_states() {
    let least = json!({
        "version": 1, "name": "n", "submitter": ada().id(), "module": {"id": ContentId::of(b"m")},
        "created": "2026-11-20T12:00:00Z", "deadline": "2026-11-20T13:00:00Z", "nonce": "0".repeat(32),
    });
    let read = Manifest::from_json(least.to_string().as_bytes()).unwrap();
    let read = serde_json::to_value(read).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut compared = 0;
    for (properties, values) in [
        (&schema["properties"], &read),
        (&schema["$defs"]["limits"]["properties"], &read["limits"]),
        (&schema["properties"]["constraints"]["properties"], &read["constraints"]),
    ] {
        // Both have the same fields, so the schema forgets none and names none that is not read.
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(properties), names(values));
        for (name, property) in properties.as_object().unwrap() {
            if let Some(default) = property.get("default") {
                assert_eq!(*default, values[name], "{name}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 18);
}

#[test]
fn a_wrong_manifest_names_the_field() {
    let twice = [ada().id(), ada().id()];
    let long = "x".repeat(WORDS_BYTES_MAX);
    let cases = [
        ("/version", json!(2), "version"),
        ("/name", json!(""), "name"),
        ("/name", json!("bell\u{7}"), "name"),
        ("/name", json!(7), "name"),
        ("/submitter", json!("12D3KooWnobody"), "submitter"),
        ("/module", json!({"id": "bafy"}), "module.id"),
        ("/module", json!({"inline": "!"}), "module.inline"),
        ("/module", json!({"inline": "AAAA"}), "module.inline"),
        ("/module", json!({"url": "x"}), "module"),
        ("/input", json!({"inline": "A".repeat(INLINE_BYTES_MAX / 3 * 4 + 4)}), "input.inline"),
        ("/entry", json!(""), "entry"),
        ("/args/1", json!("a\u{0}b"), "args[1]"),
        ("/args/1", json!(1), "args[1]"),
        ("/args/1", json!(long), "args"),
        ("/env", json!({"A=B": "c"}), "env"),
        ("/env", json!({"A": "\u{0}"}), "env.A"),
        ("/env/LANG", json!(long), "env"),
        ("/limits/fuel", json!(0), "limits.fuel"),
        ("/limits/fuel", json!("much"), "limits.fuel"),
        ("/limits/fuel", json!(1.5), "limits.fuel"),
        ("/limits/memory_bytes", json!((1u64 << 32) + 1), "limits.memory_bytes"),
        ("/limits/stack_bytes", json!(1), "limits.stack_bytes"),
        ("/limits/call_depth", json!(0), "limits.call_depth"),
        ("/limits/module_bytes", json!(7), "limits.module_bytes"),
        ("/limits/table_elements", json!(10_000_001), "limits.table_elements"),
        ("/limits/output_bytes", json!(1u64 << 40), "limits.output_bytes"),
        ("/limits/wall_ms", json!(1), "limits.wall_ms"),
        ("/limits/memory", json!(1), "limits.memory"),
        ("/replicas", json!(0), "replicas"),
        ("/replicas", json!(8), "replicas"),
        ("/quorum", json!("most"), "quorum"),
        ("/constraints/kinds", json!(["tab", "tab"]), "constraints.kinds[1]"),
        ("/constraints/kinds/1", json!("phone"), "constraints.kinds[1]"),
        ("/constraints/nodes", json!(twice), "constraints.nodes[1]"),
        ("/constraints/nodes", json!([ada().id()]), "constraints.nodes"),
        ("/constraints/except", json!([1]), "constraints.except[0]"),
        ("/constraints/agreed_min", json!(-1), "constraints.agreed_min"),
        ("/created", json!("yesterday"), "created"),
        ("/deadline", json!("2026-11-20T12:00:00Z"), "deadline"),
        ("/priority", json!(10), "priority"),
        ("/deterministic", json!(false), "replicas"),
        ("/deterministic", json!("yes"), "deterministic"),
        ("/nonce", json!("F".repeat(32)), "nonce"),
        ("/extra", json!(1), "extra"),
    ];
    for (pointer, value, expected) in cases {
        let error = Manifest::from_json(&with(pointer, value.clone())).unwrap_err();
        let (ManifestError::Field { field, .. } | ManifestError::Malformed { field, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!(field, expected, "{pointer} = {value}: {error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn what_is_missing_or_given_twice_is_named() {
    let mut json = serde_json::to_value(sample()).unwrap();
    json.as_object_mut().unwrap().remove("deadline");
    let error = Manifest::from_json(json.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().contains("missing field `deadline`"), "{error}");
    let text = String::from_utf8(serde_json::to_vec(&sample()).unwrap()).unwrap();
    let twice = text.replacen("{\"version\":1,", "{\"version\":1,\"version\":1,", 1);
    let error = Manifest::from_json(twice.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("duplicate field `version`"), "{error}");
    let twice = text.replacen("\"LANG\":\"C\"", "\"LANG\":\"C\",\"LANG\":\"D\"", 1);
    let error = Manifest::from_json(twice.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("`LANG` twice"), "{error}");
    let error = Manifest::from_json((text + "x").as_bytes()).unwrap_err();
    assert!(error.to_string().contains("something follows"), "{error}");
}

#[test]
fn nobody_submits_for_another() {
    let eve = Identity::from_seed([9; 32]);
    assert!(matches!(sample().sign(&eve), Err(ManifestError::Field { field, .. }) if field == "submitter"));
    let mut envelope = sample().sign(&ada()).unwrap();
    envelope.signatures.clear();
    envelope.sign(&eve);
    let error = Manifest::open(&envelope).unwrap_err();
    assert_eq!(error, ManifestError::Envelope(EnvelopeError::Unsigned(ada().id())));
}

#[test]
fn deadlines_are_held_against_the_reader_s_clock() {
    let manifest = sample();
    assert!(manifest.check_moments(manifest.created).is_ok());
    let field = |now| match manifest.check_moments(now) {
        Err(ManifestError::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(manifest.deadline), "deadline");
    assert_eq!(field(Instant::from_unix_ms(0)), "deadline");
}

#[test]
fn only_a_deterministic_run_is_the_same_everywhere() {
    let (a, b) = (ada().id(), Identity::from_seed([2; 32]).id());
    let mut manifest = Manifest { replicas: 1, ..sample() };
    let (id, later) = (ContentId::of(b"job"), manifest.created.plus_ms(5));
    assert_eq!(manifest.invocation(id, a, manifest.created), manifest.invocation(id, b, later));
    assert_ne!(
        manifest.invocation(id, a, later).seed,
        manifest.invocation(ContentId::of(b"other"), a, later).seed
    );
    manifest.deterministic = false;
    let run = manifest.invocation(id, a, later);
    assert_eq!(run.clock, later);
    assert_ne!(run.seed, manifest.invocation(id, b, later).seed);
    assert_ne!(run.seed, manifest.invocation(id, a, later.plus_ms(1)).seed);
    assert_eq!(run, manifest.invocation(id, a, later));
}

proptest::proptest! {
    #[test]
    fn any_change_of_a_byte_is_refused_or_read_without_a_panic(at in 0usize..4_000, byte in proptest::prelude::any::<u8>()) {
        let mut payload = serde_json::to_vec(&sample()).unwrap();
        let at = at % payload.len();
        payload[at] = byte;
        if let Ok(read) = Manifest::from_json(&payload) {
            proptest::prop_assert_eq!(Manifest::from_json(&serde_json::to_vec(&read).unwrap()), Ok(read));
        }
    }
}
