use super::*;
use crate::{standing::Standing, view::WorkerLimits};
use alloc::{collections::BTreeSet, vec};

const MIB: u64 = 1 << 20;

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
        gas: "example-1".into(),
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
        issued: now(),
        expires: now().plus_ms(LIFE_MS_MAX),
    }
}

#[test]
fn nodes_that_offer_the_same_are_one_offer_and_the_paused_are_none() {
    let tab = |busy| worker(Kind::Tab, 2, busy, 64);
    let paused = worker(Kind::Tab, 0, 0, 64);
    let offers = Offer::of(&[tab(2), worker(Kind::Native, 8, 3, 1_024), tab(1), paused, tab(9)]);
    let seen: Vec<_> = offers.iter().map(|offer| (offer.kind, offer.slots, offer.free)).collect();
    assert_eq!(seen, [(Kind::Native, 8, 5), (Kind::Tab, 6, 1)]);
}

#[test]
fn a_broker_is_found_by_what_it_has_places_for() {
    let node = Identity::from_seed([1; 32]);
    let (full, half) = (worker(Kind::Native, 4, 4, 64), worker(Kind::Tab, 2, 1, 300));
    let found = capability(&node, Offer::of(&[full, half]));
    let place = |memory_mib| Class::Place { kind: Kind::Tab, memory_mib };
    let native = Class::Place { kind: Kind::Native, memory_mib: 64 };
    assert_eq!(found.classes().collect::<BTreeSet<_>>(), [Class::Broker, place(64), place(256), native].into());
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
    let said = capability(&node, Offer::of(&[worker(Kind::Tab, 2, 0, 64)]));
    let document = said.sign(&node).unwrap();
    assert_eq!(Capability::open_at(&document, now().plus_ms(LIFE_MS_MAX - 1)), Ok(said.clone()));

    let late = Capability::open_at(&document, now().plus_ms(LIFE_MS_MAX));
    assert!(matches!(late, Err(CapabilityError::NotNow { .. })), "{late:?}");
    let early = Capability { issued: now().plus_ms(AHEAD_MS_MAX + 1), expires: now().plus_ms(AHEAD_MS_MAX + 2), ..said.clone() };
    let early = Capability::open_at(&early.sign(&node).unwrap(), now());
    assert!(matches!(early, Err(CapabilityError::NotNow { .. })), "{early:?}");

    let forged = Capability::open_at(&said.sign(&other).unwrap(), now());
    assert!(matches!(forged, Err(CapabilityError::Envelope(_))), "{forged:?}");
}

#[test]
fn what_nobody_would_read_is_not_signed() {
    let node = Identity::from_seed([1; 32]);
    let good = Offer::of(&[worker(Kind::Tab, 2, 0, 64)]);
    let said = capability(&node, good.clone());
    for (bad, words) in [
        (Capability { version: 2, ..said.clone() }, "version 2"),
        (Capability { offers: vec![good[0].clone(); OFFERS_MAX + 1], ..said.clone() }, "offers"),
        (Capability { url: Some("http://a\n".into()), ..said.clone() }, "control"),
        (Capability { url: Some("a".repeat(TEXT_BYTES_MAX + 1)), ..said.clone() }, "long"),
        (Capability { offers: vec![Offer { free: 3, ..good[0].clone() }], ..said.clone() }, "3 places free of 2"),
        (Capability { expires: said.expires.plus_ms(1), ..said.clone() }, "minutes"),
    ] {
        let error = bad.sign(&node).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    // The longest that passes is short enough.
    let longest = Offer { gas: "g".repeat(TEXT_BYTES_MAX), ..good[0].clone() };
    assert!(capability(&node, vec![longest; 20]).sign(&node).is_ok());
}
