//! Which results together would tell about few people.
//!
//! The total over a group and the total over the same group without one person tell that person's number. So a heavy node
//! remembers whose reports it has released sums over, and refuses a computation about the same fields whose participants would be
//! those of an earlier one but for fewer than [`DIFFERENCE_MIN`]. The same participants again are no harm: a
//! retry is welcome. The heavy nodes decide alike, since they know the same participants.
//!
//! # Bounds
//! [`LIGHTS_MAX`] light nodes in all are remembered, those of the latest computations, for [`RETENTION_MS`].
//!
//! # Provided / Not provided
//! Provided: two results of one pair of heavy nodes never differ by one or two participants. Not provided: protection against
//! chains of results, sums and differences of three or more, and against filters that leave one person's record out of the same
//! participants' answers: for these each light node counts its own answers.

use alloc::{collections::BTreeSet, string::String, vec::Vec};
use codec::{ContentId, Instant};
use keys::NodeId;

/// Two groups of participants are the same, or differ by at least so many.
pub const DIFFERENCE_MIN: usize = crate::proposal::PARTICIPANTS_FLOOR as usize;
/// Most light nodes remembered, of all computations together: 32 bytes each.
pub const LIGHTS_MAX: usize = 1 << 22;
/// Milliseconds after its deadline for which a computation's participants are remembered: 90 days.
pub const RETENTION_MS: u64 = 90 * 24 * 3_600 * 1_000;

/// A computation over whose reports a sum was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// Which.
    pub computation: ContentId,
    /// Its deadline.
    pub deadline: Instant,
    /// The data set that was asked.
    pub dataset: String,
    /// The paths of the fields that its query reads; empty where it reads none.
    pub fields: BTreeSet<String>,
    /// Who took part, ascending.
    pub lights: Vec<NodeId>,
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

    /// Remembers a computation, in place of what was known of it; what is older than [`RETENTION_MS`] or does not fit is
    /// forgotten, the oldest first.
    pub fn remember(&mut self, released: Released) {
        self.forget(released.computation);
        let at = self.released.partition_point(|other| other.deadline <= released.deadline);
        self.lights += released.lights.len();
        self.released.insert(at, released);
        let latest = self.released.last().map(|last| last.deadline).unwrap_or_default();
        let over = |first: &Released| first.deadline.plus_ms(RETENTION_MS) < latest;
        while self.released.len() > 1 && (self.lights > LIGHTS_MAX || self.released.first().is_some_and(over))
        {
            let first = self.released.remove(0);
            self.lights -= first.lights.len();
        }
    }

    /// Forgets a computation.
    pub fn forget(&mut self, computation: ContentId) {
        if let Some(at) = self.released.iter().position(|other| other.computation == computation) {
            self.lights -= self.released.remove(at).lights.len();
        }
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
