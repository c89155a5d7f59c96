use super::*;
use crate::{manifest::Constraints, receipt::tests::fits, standing::Standing, view::WorkerLimits};
use alloc::{collections::BTreeSet, vec};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof};
use serde_json::Value;

const MIB: u64 = 1 << 20;
const GAS: &str = "example-1";

fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A worker with so many slots, of which so many are taken.
fn worker(kind: Kind, slots: u16, busy: u32, memory_mib: u64) -> WorkerView {
    WorkerView {
        node: Identity::from_seed([9; 32]).id(),
        kind,
        slots,
        busy,
        gas: GAS.into(),
        limits: WorkerLimits { memory_bytes: memory_mib * MIB, fuel: 1_000_000, wall_ms: 60_000 },
        standing: Standing::default(),
        since: now(),
    }
}

fn capability(node: &Identity, offers: Vec<Offer>) -> Capability {
    Capability {
        version: VERSION,
        node: node.id(),
        url: Some("http://192.0.2.1:4800".into()),
        offers,
        terms: Terms { jobs_max: 100, jobs_each_max: 10 },
        issued: now(),
        expires: now().plus_ms(LIFE_MS_MAX),
    }
}

#[test]
fn nodes_that_offer_the_same_are_one_offer_and_who_gets_no_jobs_is_none() {
    let tab = |busy| worker(Kind::Tab, 2, busy, 64);
    let paused = worker(Kind::Tab, 0, 0, 64);
    let mut strange = [tab(0), tab(0)];
    strange[0].gas = "another-2".into();
    strange[1].standing.disagreed = 3;
    let [counts_otherwise, distrusted] = strange;
    let workers =
        [tab(2), worker(Kind::Native, 8, 3, 1_024), tab(1), paused, tab(9), counts_otherwise, distrusted];
    let offers = Offer::of(&workers, GAS);
    let seen: Vec<_> = offers.iter().map(|offer| (offer.kind, offer.slots, offer.free)).collect();
    assert_eq!(seen, [(Kind::Native, 8, 5), (Kind::Tab, 6, 1)]);
}

#[test]
fn a_broker_is_found_by_what_it_has_places_for() {
    let node = Identity::from_seed([1; 32]);
    let (full, half) = (worker(Kind::Native, 4, 4, 64), worker(Kind::Tab, 2, 1, 300));
    let found = capability(&node, Offer::of(&[full, half], GAS));
    let place = |memory_mib| Class::Place { kind: Kind::Tab, memory_mib };
    let native = Class::Place { kind: Kind::Native, memory_mib: 64 };
    assert_eq!(
        found.classes().collect::<BTreeSet<_>>(),
        [Class::Broker, place(64), place(256), native].into()
    );
    assert_eq!(found.free(), 1);
    // Whoever needs so much looks where this node is.
    assert_eq!(Class::holding(Kind::Tab, 200 * MIB), Some(place(256)));
    assert_eq!(Class::holding(Kind::Tab, 257 * MIB), Some(place(1_024)));
    assert_eq!(Class::holding(Kind::Tab, 4_097 * MIB), None);
}

#[test]
fn classes_have_names_and_keys_of_their_own() {
    let keys: BTreeSet<_> = Class::all().map(Class::key).collect();
    assert_eq!(keys.len(), Class::ALL);
    let place = Class::Place { kind: Kind::Native, memory_mib: 256 };
    assert_eq!(place.to_string(), "formix/capability/jobs/1/native/256MiB");
    assert_eq!(Class::Broker.key(), ContentId::of(b"formix/capability/jobs/1"));
}

#[test]
fn an_advert_is_read_while_it_is_good_and_only_as_its_node_signed_it() {
    let (node, other) = (Identity::from_seed([1; 32]), Identity::from_seed([2; 32]));
    let said = capability(&node, Offer::of(&[worker(Kind::Tab, 2, 0, 64)], GAS));
    let document = said.sign(&node).unwrap();
    assert_eq!(Capability::open_at(&document, now().plus_ms(LIFE_MS_MAX - 1)), Ok(said.clone()));

    let late = Capability::open_at(&document, now().plus_ms(LIFE_MS_MAX));
    assert!(matches!(late, Err(CapabilityError::NotNow { .. })), "{late:?}");
    let early = Capability {
        issued: now().plus_ms(AHEAD_MS_MAX + 1),
        expires: now().plus_ms(AHEAD_MS_MAX + 2),
        ..said.clone()
    };
    let early = Capability::open_at(&early.sign(&node).unwrap(), now());
    assert!(matches!(early, Err(CapabilityError::NotNow { .. })), "{early:?}");

    let forged = Capability::open_at(&said.sign(&other).unwrap(), now());
    assert!(matches!(forged, Err(CapabilityError::Envelope(_))), "{forged:?}");
}

#[test]
fn what_nobody_would_read_is_not_signed() {
    let node = Identity::from_seed([1; 32]);
    let good = Offer::of(&[worker(Kind::Tab, 2, 0, 64)], GAS);
    let said = capability(&node, good.clone());
    for (bad, words) in [
        (Capability { version: 2, ..said.clone() }, "version 2"),
        (Capability { offers: vec![good[0].clone(); OFFERS_MAX + 1], ..said.clone() }, "offers"),
        (Capability { url: Some("http://a\n".into()), ..said.clone() }, "HTTP"),
        (Capability { url: Some(format!("http://{}", "a".repeat(URL_BYTES_MAX))), ..said.clone() }, "longer"),
        (Capability { url: Some("ftp://a.example".into()), ..said.clone() }, "HTTP"),
        (
            Capability { offers: vec![Offer { gas: "Two Words".into(), ..good[0].clone() }], ..said.clone() },
            "schedule",
        ),
        (
            Capability { offers: vec![Offer { fuel_max: 1 << 53, ..good[0].clone() }], ..said.clone() },
            "above",
        ),
        (
            Capability {
                offers: vec![Offer { memory_bytes_max: 1 << 53, ..good[0].clone() }],
                ..said.clone()
            },
            "above",
        ),
        (
            Capability { offers: vec![Offer { free: 3, ..good[0].clone() }], ..said.clone() },
            "3 places free of 2",
        ),
        (Capability { expires: said.expires.plus_ms(1), ..said.clone() }, "minutes"),
    ] {
        let error = bad.sign(&node).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // The longest that passes is short enough.
    let longest = Offer {
        gas: "g".repeat(64),
        memory_bytes_max: INTEGER_MAX,
        fuel_max: INTEGER_MAX,
        slots: u32::MAX,
        free: u32::MAX,
        wall_ms_max: u32::MAX,
        ..good[0].clone()
    };
    let url = Some(format!("http://{}", "a".repeat(URL_BYTES_MAX - 7)));
    assert!(Capability { url, ..capability(&node, vec![longest; OFFERS_MAX]) }.sign(&node).is_ok());
}

#[test]
fn a_job_is_looked_for_where_it_fits() {
    let node = Identity::from_seed([1; 32]);
    let job = |kinds: &[Kind], memory_mib: u64| {
        let sample = crate::manifest::tests::sample();
        let constraints = Constraints { kinds: kinds.into(), ..Constraints::default() };
        let limits =
            crate::Limits { memory_bytes: memory_mib * MIB, fuel: 1_000, wall_ms: 1_000, ..sample.limits };
        Manifest { constraints, limits, ..sample }
    };
    let place = |kind, memory_mib| Class::Place { kind, memory_mib };
    let anywhere = job(&[], 65);
    assert_eq!(
        Class::of_job(&anywhere).collect::<Vec<_>>(),
        [place(Kind::Tab, 256), place(Kind::Native, 256)]
    );
    assert_eq!(Class::of_job(&job(&[Kind::Heavy], 64)).collect::<Vec<_>>(), [place(Kind::Heavy, 64)]);

    let busy = capability(&node, Offer::of(&[worker(Kind::Native, 1, 1, 65)], GAS));
    assert!(busy.takes(&anywhere), "a place that is taken gets free");
    assert_eq!(busy.free_for(&anywhere), 0);
    let mixed = [worker(Kind::Native, 3, 1, 65), worker(Kind::Tab, 9, 0, 64)];
    assert_eq!(capability(&node, Offer::of(&mixed, GAS)).free_for(&anywhere), 2, "places that hold it");
    for other in [job(&[], 66), job(&[Kind::Tab], 64), job(&[Kind::Heavy], 64)] {
        assert!(!busy.takes(&other), "{other:?}");
    }
    let mut slow = job(&[], 64);
    slow.limits.wall_ms = 60_001;
    assert!(!busy.takes(&slow));
    let mut long = job(&[], 64);
    long.limits.fuel = 1_000_001;
    assert!(!busy.takes(&long));
}

#[test]
fn the_schema_knows_every_field() {
    let node = Identity::from_seed([1; 32]);
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let value =
        serde_json::to_value(capability(&node, Offer::of(&[worker(Kind::Tab, 2, 0, 64)], GAS))).unwrap();
    fits(&root, &value, &root);
    // And what is required there is required here.
    for required in root["required"].as_array().unwrap().iter().filter(|name| *name != "url") {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(required.as_str().unwrap());
        assert!(serde_json::from_value::<Capability>(without).is_err(), "{required}");
    }
}

fn workers() -> impl Strategy<Value = Vec<WorkerView>> {
    let kind = prop_oneof![Just(Kind::Tab), Just(Kind::Native), Just(Kind::Heavy)];
    let one = (kind, any::<u16>(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
        |(kind, slots, busy, memory_bytes, wall_ms)| {
            let limits = WorkerLimits { memory_bytes, fuel: memory_bytes.rotate_left(9), wall_ms };
            WorkerView { limits, ..worker(kind, slots, busy, 0) }
        },
    );
    prop::collection::vec(one, 0..80)
}

proptest::proptest! {
    #[test]
    fn whatever_the_workers_offer_the_advert_is_read_as_it_was_signed(workers in workers()) {
        let node = Identity::from_seed([1; 32]);
        let said = capability(&node, Offer::of(&workers, GAS));
        let document = said.sign(&node).unwrap();
        prop_assert_eq!(Capability::open_at(&Envelope::from_json(&document.to_json()).unwrap(), now()), Ok(said.clone()));
        // Whoever fits is found where it is looked for.
        for worker in workers.iter().filter(|worker| worker.slots > 0) {
            let whole = Class::holding(worker.kind, worker.limits.memory_bytes / 4);
            let listed: BTreeSet<Class> = said.offers.iter().flat_map(Offer::classes).collect();
            if said.offers.len() < OFFERS_MAX && let Some(class @ Class::Place { memory_mib, .. }) = whole {
                let fits = u64::from(memory_mib) * MIB <= worker.limits.memory_bytes;
                prop_assert!(!fits || listed.contains(&class));
            }
        }
    }

    #[test]
    fn any_change_of_a_byte_is_refused_or_read_without_a_panic(at in 0usize..4_000, byte in any::<u8>()) {
        let node = Identity::from_seed([1; 32]);
        let offers = Offer::of(&[worker(Kind::Tab, 2, 1, 64), worker(Kind::Native, 8, 0, 1_024)], GAS);
        let mut payload = capability(&node, offers).sign(&node).unwrap().payload;
        let at = at % payload.len();
        payload[at] = byte;
        // As its node would sign it, so that the reader comes to the payload.
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(&node);
        if let Ok(read) = Capability::open_at(&envelope, now()) {
            // What is read is in order: it can be signed, and is read back as it was.
            prop_assert_eq!(Capability::open_at(&read.sign(&node).unwrap(), now()), Ok(read));
        }
    }
}
