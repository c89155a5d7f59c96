//! Which results together would tell about few people.
//!
//! The total over a group and the total over the same group without one person tell that person's number. So a heavy node
//! remembers whose reports it has released sums over, and refuses a computation about the same fields whose participants would be
//! those of an earlier one but for fewer than [`DIFFERENCE_MIN`]. The same participants again are no harm: a
//! retry is welcome. The heavy nodes decide alike, since they know the same participants.
//!
//! What was released outlives the computation at the heavy node: where one that has ended makes room for another, its owner stores the
//! [`Released`] in its place, under [`key`].
//!
//! # Bounds
//! [`LIGHTS_MAX`] light nodes in all are remembered, each computation counting for [`LIGHTS_EACH`] more; those of the latest
//! computations, for [`RETENTION_MS`] by the clock.
//!
//! # Provided / Not provided
//! Provided: two results of one pair of heavy nodes never differ by one or two participants. Not provided: protection against
//! chains of results, sums and differences of three or more, and against filters that leave one person's record out of the same
//! participants' answers: for these each light node counts its own answers.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire};
use keys::NodeId;
use store::VALUE_BYTES_MAX;

/// Prefix of the keys under which a heavy node keeps what it remembers of computations that it holds no more.
pub const RELEASED_PREFIX: &[u8] = b"d/";

/// Two groups of participants are the same, or differ by at least so many.
pub const DIFFERENCE_MIN: usize = crate::proposal::PARTICIPANTS_FLOOR as usize;
/// Most light nodes remembered, of all computations together: 32 bytes each.
pub const LIGHTS_MAX: usize = 1 << 22;
/// What a computation itself counts for among them: its names are as long as so many light nodes.
pub const LIGHTS_EACH: usize = 32;
/// Milliseconds for which a computation's participants are remembered: 90 days after its deadline, or after it was remembered where that is
/// sooner.
pub const RETENTION_MS: u64 = 90 * 24 * 3_600 * 1_000;

/// A computation over whose reports a sum was released.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Released {
    /// Which.
    pub computation: ContentId,
    /// Its deadline; as a [`Past`] remembers it, no later than when it was told.
    pub deadline: Instant,
    /// The data set that was asked.
    pub dataset: String,
    /// The paths of the fields that its query reads; empty where it reads none.
    pub fields: BTreeSet<String>,
    /// Who took part, ascending.
    pub lights: Vec<NodeId>,
}

impl Wire for Released {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}

/// The key of what is remembered of a computation that is held no more.
pub fn key(computation: ContentId) -> Vec<u8> {
    [RELEASED_PREFIX, computation.digest()].concat()
}

/// What a heavy node remembers.
#[derive(Debug, Default)]
pub struct Past {
    /// By deadline, ascending.
    released: Vec<Released>,
    lights: usize,
}

impl Past {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { released: Vec::new(), lights: 0 }
    }

    /// Remembers a computation at `now`, in place of what was known of it; what is older than [`RETENTION_MS`] or does not fit is
    /// forgotten, the oldest first. Gives which are forgotten. How far ahead a deadline lies makes nothing older.
    pub fn remember(&mut self, now: Instant, mut released: Released) -> Vec<ContentId> {
        if let Some(known) = self.take(released.computation) {
            released.deadline = released.deadline.min(known.deadline);
        }
        released.deadline = released.deadline.min(now);
        let at = self.released.partition_point(|other| other.deadline <= released.deadline);
        self.lights += weight(&released);
        self.released.insert(at, released);
        let mut forgotten = Vec::new();
        while let Some(first) = self.released.first() {
            let is_over = first.deadline.plus_ms(RETENTION_MS) < now;
            if !is_over && (self.lights <= LIGHTS_MAX || self.released.len() == 1) {
                break;
            }
            forgotten.extend(self.take(first.computation).map(|first| first.computation));
        }
        forgotten
    }

    /// Forgets a computation.
    pub fn forget(&mut self, computation: ContentId) {
        self.take(computation);
    }

    /// What is remembered of a computation.
    pub fn get(&self, computation: ContentId) -> Option<&Released> {
        self.released.iter().find(|other| other.computation == computation)
    }

    fn take(&mut self, computation: ContentId) -> Option<Released> {
        let at = self.released.iter().position(|other| other.computation == computation)?;
        let released = self.released.remove(at);
        self.lights -= weight(&released);
        Some(released)
    }

    /// The latest computation remembered, other than `computation` itself, that asked the same data set about one of the same fields and whose
    /// participants differ from `lights` (ascending) by some, but fewer than [`DIFFERENCE_MIN`]; and by how many.
    pub fn conflict(
        &self,
        computation: ContentId,
        dataset: &str,
        fields: &BTreeSet<String>,
        lights: &[NodeId],
    ) -> Option<(ContentId, u32)> {
        let alike = |other: &&Released| {
            other.computation != computation && other.dataset == dataset && overlap(&other.fields, fields)
        };
        self.released.iter().rev().filter(alike).find_map(|other| {
            let differ = difference(&other.lights, lights);
            (1..DIFFERENCE_MIN).contains(&differ).then_some((other.computation, differ as u32))
        })
    }
}

fn weight(released: &Released) -> usize {
    released.lights.len() + LIGHTS_EACH
}

/// Whether two sets of paths have one in common, or one lies within another; a query without fields is about whole records.
fn overlap(some: &BTreeSet<String>, others: &BTreeSet<String>) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    some.is_empty()
        || others.is_empty()
        || some.iter().any(|one| others.iter().any(|other| within(one, other) || within(other, one)))
}

/// How many are in one of two ascending lists and not in the other; counted no further than [`DIFFERENCE_MIN`].
fn difference(some: &[NodeId], others: &[NodeId]) -> usize {
    if some.len().abs_diff(others.len()) >= DIFFERENCE_MIN {
        return DIFFERENCE_MIN;
    }
    let (mut at, mut other_at, mut differ) = (0, 0, 0);
    while differ < DIFFERENCE_MIN {
        match (some.get(at), others.get(other_at)) {
            (None, None) => break,
            (Some(one), Some(other)) if one == other => {
                at += 1;
                other_at += 1;
            }
            (Some(one), other) if other.is_none_or(|other| one < other) => {
                at += 1;
                differ += 1;
            }
            _ => {
                other_at += 1;
                differ += 1;
            }
        }
    }
    differ
}
