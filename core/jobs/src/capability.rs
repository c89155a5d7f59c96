//! Capability adverts: which jobs a node takes, as a document that it signs.
//!
//! Who takes jobs puts its name into the network's distributed hash table, under the [`Class`]es that it has places for. What it offers
//! beyond that, and what is free at the moment, it says itself, to whoever connects to it and asks: a [`Capability`]. So the table holds
//! names and addresses, and nobody's word about somebody else; and it need not change whenever a job begins or ends.
//!
//! # Bounds
//! A payload has at most [`PAYLOAD_BYTES_MAX`] bytes and [`OFFERS_MAX`] offers; it is good for at most [`LIFE_MS_MAX`]. There are
//! [`Class::ALL`] keys and no others, so a table that takes nothing else is bounded too.
//!
//! # Provided / Not provided
//! Provided: an advert is its node's own, and of now. Not provided: that it is true. A place that was free may be taken when the job comes.

use crate::{
    Manifest, WorkerView,
    manifest::{Kind, LIGHT_KINDS},
    receipt::{INTEGER_MAX, is_code},
};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use keys::{Envelope, EnvelopeError, Identity, NodeId};

#[cfg(test)]
mod tests;

/// Media type of an advert's payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.formix.capability+json";
/// JSON Schema of an advert's payload.
pub const SCHEMA: &str = include_str!("../schema/capability.json");
/// Version of an advert's format.
pub const VERSION: u32 = 1;
/// Longest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024;
/// Most offers of one node: those with the most free places.
pub const OFFERS_MAX: usize = 32;
/// Longest HTTP address in an advert, in bytes.
const URL_BYTES_MAX: usize = 512;
/// Milliseconds for which an advert is good at most.
pub const LIFE_MS_MAX: u64 = 10 * 60_000;
/// Milliseconds by which an advert may be dated ahead of the clock that reads it.
pub const AHEAD_MS_MAX: u64 = 10 * 60_000;

/// What jobs are looked up by: any at all, or those for one kind of node that fit into so much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A heavy node that takes jobs for others to run.
    Broker,
    /// Somebody has a place for a job that runs here and takes at most so many MiB: 64, 256, 1024 or 4096.
    Place {
        /// What runs it.
        kind: Kind,
        /// Its memory, in MiB.
        memory_mib: u16,
    },
}

/// The sizes of [`Class::Place`], ascending: from a small guest to all that WebAssembly addresses.
const MEMORY_MIB: [u16; 4] = [64, 256, 1_024, 4_096];
const KINDS: [Kind; 3] = [Kind::Tab, Kind::Native, Kind::Heavy];

impl Class {
    /// How many there are.
    pub const ALL: usize = 1 + KINDS.len() * MEMORY_MIB.len();

    /// Every class.
    pub fn all() -> impl Iterator<Item = Self> {
        let places =
            KINDS.into_iter().flat_map(|kind| MEMORY_MIB.map(|memory_mib| Self::Place { kind, memory_mib }));
        [Self::Broker].into_iter().chain(places)
    }

    /// The smallest class whose places hold a job of this much memory; `None` for more than any has.
    pub fn holding(kind: Kind, memory_bytes: u64) -> Option<Self> {
        let fits = |mib: &u16| u64::from(*mib) << 20 >= memory_bytes;
        Some(Self::Place { kind, memory_mib: MEMORY_MIB.into_iter().find(fits)? })
    }

    /// Those whose providers may have a place for a job.
    pub fn of_job(manifest: &Manifest) -> impl Iterator<Item = Self> {
        let memory_bytes = manifest.limits.memory_bytes;
        kinds(manifest).iter().filter_map(move |kind| Self::holding(*kind, memory_bytes))
    }

    /// Where its providers are listed: the content id of its name.
    pub fn key(self) -> ContentId {
        ContentId::of(self.to_string().as_bytes())
    }
}

/// The kinds of nodes that a job may run on.
fn kinds(manifest: &Manifest) -> &[Kind] {
    match manifest.constraints.kinds.as_slice() {
        [] => &LIGHT_KINDS,
        some => some,
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("formix/capability/jobs/1")?;
        match self {
            Self::Broker => Ok(()),
            Self::Place { kind, memory_mib } => write!(f, "/{}/{memory_mib}MiB", kind.name()),
        }
    }
}

/// Places of one sort: each is a core for the time of one job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What runs the jobs.
    pub kind: Kind,
    /// Places in all: so many cores work on jobs at most.
    pub slots: u32,
    /// Places that nobody has taken.
    pub free: u32,
    /// The most bytes of memory for one job.
    pub memory_bytes_max: u64,
    /// The most fuel for one job.
    pub fuel_max: u64,
    /// The most milliseconds for one job.
    pub wall_ms_max: u32,
    /// The gas schedule by which fuel is counted.
    pub gas: String,
}

impl Offer {
    /// What the workers of a broker that counts fuel by the schedule `gas` offer together, those with the most free places first. Workers
    /// that offer the same are one offer; beyond [`OFFERS_MAX`] the rest is left out, and so are workers that the broker gives no jobs.
    pub fn of(workers: &[WorkerView], gas: &str) -> Vec<Self> {
        let is_given_jobs =
            |worker: &&WorkerView| worker.slots > 0 && worker.gas == gas && !worker.standing.is_distrusted();
        let mut alike: BTreeMap<(Kind, u64, u64, u32), (u32, u32)> = BTreeMap::new();
        for worker in workers.iter().filter(is_given_jobs) {
            let limits = &worker.limits;
            let sort = (worker.kind, limits.memory_bytes, limits.fuel, limits.wall_ms);
            let (slots, sum) = (u32::from(worker.slots), alike.entry(sort).or_default());
            sum.0 = sum.0.saturating_add(slots);
            sum.1 = sum.1.saturating_add(slots.saturating_sub(worker.busy));
        }
        let offer = |(sort, sum): ((Kind, u64, u64, u32), (u32, u32))| Self {
            kind: sort.0,
            slots: sum.0,
            free: sum.1,
            memory_bytes_max: sort.1.min(INTEGER_MAX),
            fuel_max: sort.2.min(INTEGER_MAX),
            wall_ms_max: sort.3,
            gas: gas.into(),
        };
        let mut offers: Vec<Self> = alike.into_iter().map(offer).collect();
        offers.sort_by_key(|offer| core::cmp::Reverse(offer.free));
        offers.truncate(OFFERS_MAX);
        offers
    }

    /// Whether a job could run at one of its places, were one free.
    fn fits(&self, manifest: &Manifest) -> bool {
        let limits = &manifest.limits;
        self.slots > 0
            && kinds(manifest).contains(&self.kind)
            && limits.memory_bytes <= self.memory_bytes_max
            && limits.fuel <= self.fuel_max
            && limits.wall_ms <= self.wall_ms_max
    }

    /// The classes that its places are of.
    fn classes(&self) -> impl Iterator<Item = Class> {
        let kind = self.kind;
        let fits = |mib: &u16| self.slots > 0 && u64::from(*mib) << 20 <= self.memory_bytes_max;
        MEMORY_MIB.into_iter().filter(fits).map(move |memory_mib| Class::Place { kind, memory_mib })
    }
}

/// On which terms a node takes jobs. None of them is a price: places are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Most jobs that wait or run there.
    pub jobs_max: u32,
    /// The same, of one submitter.
    pub jobs_each_max: u32,
}

/// What a node takes: the payload of a document that it signs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Version of this document's format: [`VERSION`].
    pub version: u32,
    /// The node, which signs.
    pub node: NodeId,
    /// Where its HTTP interface takes jobs.
    pub url: Option<String>,
    /// What it has places for.
    pub offers: Vec<Offer>,
    /// On which terms.
    pub terms: Terms,
    /// When it said so.
    pub issued: Instant,
    /// When it is no longer good.
    pub expires: Instant,
}

/// Why an advert is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The signed document around it is not in order.
    Envelope(EnvelopeError),
    /// The payload is not the JSON of an advert within its bounds.
    Malformed {
        /// What is wrong.
        detail: String,
    },
    /// It is not of now: see its node's clock and the one here.
    NotNow {
        /// When it was issued.
        issued: Instant,
        /// When it expires.
        expires: Instant,
    },
}

impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envelope(error) => write!(f, "{error}"),
            Self::Malformed { detail } => write!(f, "not a capability advert: {detail}"),
            Self::NotNow { issued, expires } => {
                write!(f, "the advert is good from {issued} to {expires}; ask again, or see to the clocks")
            }
        }
    }
}

impl core::error::Error for CapabilityError {}

impl Capability {
    /// The classes under which this node is to be found.
    pub fn classes(&self) -> impl Iterator<Item = Class> {
        [Class::Broker].into_iter().chain(self.offers.iter().flat_map(Offer::classes))
    }

    /// Whether it has places, free or not, where this job could run.
    pub fn takes(&self, manifest: &Manifest) -> bool {
        self.offers.iter().any(|offer| offer.fits(manifest))
    }

    /// Free places where this job could run.
    pub fn free_for(&self, manifest: &Manifest) -> u32 {
        let fits = self.offers.iter().filter(|offer| offer.fits(manifest));
        fits.fold(0, |sum, offer| sum.saturating_add(offer.free))
    }

    /// Free places of all offers.
    pub fn free(&self) -> u32 {
        self.offers.iter().fold(0, |sum, offer| sum.saturating_add(offer.free))
    }

    /// The document, signed by its node.
    ///
    /// # Errors
    /// [`CapabilityError::Malformed`] where nobody would read it.
    pub fn sign(&self, identity: &Identity) -> Result<Envelope, CapabilityError> {
        self.check()?;
        let payload = serde_json::to_vec(self).expect("strings and numbers serialise");
        bounded(&payload)?;
        let mut envelope = Envelope::new(PAYLOAD_TYPE, payload);
        envelope.sign(identity);
        Ok(envelope)
    }

    /// Reads an advert that its node has signed, and that is good at `now`.
    ///
    /// # Errors
    /// The first [`CapabilityError`] met.
    pub fn open_at(envelope: &Envelope, now: Instant) -> Result<Self, CapabilityError> {
        let payload = envelope.verify(PAYLOAD_TYPE, &[]).map_err(CapabilityError::Envelope)?;
        bounded(payload)?;
        let advert: Self = serde_json::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
        envelope.verify(PAYLOAD_TYPE, &[advert.node]).map_err(CapabilityError::Envelope)?;
        advert.check()?;
        let Self { issued, expires, .. } = advert;
        if expires <= now || issued.since_ms(now) > AHEAD_MS_MAX {
            return Err(CapabilityError::NotNow { issued, expires });
        }
        Ok(advert)
    }

    fn check(&self) -> Result<(), CapabilityError> {
        if self.version != VERSION {
            return Err(malformed(format!("version {} is unknown here", self.version)));
        }
        if self.offers.len() > OFFERS_MAX {
            return Err(malformed(format!("more than {OFFERS_MAX} offers")));
        }
        let is_url = |url: &String| {
            let is_http = url.starts_with("http://") || url.starts_with("https://");
            is_http && url.len() <= URL_BYTES_MAX && url.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !self.url.as_ref().is_none_or(is_url) {
            return Err(malformed(format!(
                "its address is none of HTTP, or longer than {URL_BYTES_MAX} bytes"
            )));
        }
        if !self.offers.iter().all(|offer| is_code(&offer.gas)) {
            return Err(malformed("the name of a gas schedule is not written as one".into()));
        }
        if self.offers.iter().any(|offer| offer.memory_bytes_max.max(offer.fuel_max) > INTEGER_MAX) {
            return Err(malformed(format!("a number above {INTEGER_MAX}")));
        }
        if let Some(offer) = self.offers.iter().find(|offer| offer.free > offer.slots) {
            return Err(malformed(format!("{} places free of {}", offer.free, offer.slots)));
        }
        if self.expires.since_ms(self.issued) > LIFE_MS_MAX {
            return Err(malformed(format!("good for more than {} minutes", LIFE_MS_MAX / 60_000)));
        }
        Ok(())
    }
}

fn malformed(detail: String) -> CapabilityError {
    CapabilityError::Malformed { detail }
}

fn bounded(payload: &[u8]) -> Result<(), CapabilityError> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(malformed(format!("{} bytes, where {PAYLOAD_BYTES_MAX} are allowed", payload.len())));
    }
    Ok(())
}
