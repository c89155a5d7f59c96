//! A capability advert: who takes jobs, and of which sort.

use crate::samples::{NOW, heavy};
use jobs::{
    Capability,
    capability::{LIFE_MS_MAX, Offer, Terms, VERSION},
    manifest::Kind,
};
use keys::Envelope;

/// The sampled advert.
pub fn capability() -> Capability {
    let offer = |kind, slots, free, memory_bytes_max| Offer {
        kind,
        slots,
        free,
        memory_bytes_max,
        fuel_max: 2_000_000_000,
        wall_ms_max: 120_000,
        gas: "wasmi-1.1/1".into(),
    };
    Capability {
        version: VERSION,
        node: heavy(0).0.id(),
        url: Some("https://heavy-a.example".into()),
        offers: vec![offer(Kind::Native, 8, 5, 1 << 30), offer(Kind::Tab, 6, 0, 256 << 20)],
        terms: Terms { jobs_max: 100_000, jobs_each_max: 10_000 },
        issued: NOW,
        expires: NOW.plus_ms(LIFE_MS_MAX),
    }
}

/// The sampled advert, signed by its node.
pub fn document() -> Envelope {
    capability().sign(&heavy(0).0).expect("an advert within its bounds")
}
