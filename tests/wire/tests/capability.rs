//! A capability advert: as it was, and readable.

use jobs::{Capability, capability::Class};
use keys::Envelope;
use wire::{
    capability::{capability, document},
    golden::{Entry, check, read},
    samples::NOW,
};

#[test]
fn a_capability_advert_is_frozen() {
    let document = document();
    let mut entries = vec![
        Entry::text("capability: payload", document.payload.clone()),
        Entry::text("capability: document", document.to_json()),
    ];
    // Where providers are listed: another key would be another table.
    entries.extend(Class::all().map(|class| Entry::text(format!("key: {class}"), class.key().to_string())));
    check(
        "capability.txt",
        "Who takes jobs: a signed advert, and the keys under which providers are listed.",
        &entries,
    );
}

#[test]
fn the_golden_advert_verifies() {
    let entries = read("capability.txt", true);
    let document = entries.iter().find(|entry| entry.name == "capability: document").expect("it is there");
    let envelope = Envelope::from_json(&document.bytes).expect("an envelope");
    assert_eq!(Capability::open_at(&envelope, NOW), Ok(capability()));
}
