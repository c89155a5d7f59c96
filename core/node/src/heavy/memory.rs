//! What a heavy node remembers beyond a computation: whose reports are in sums that it gave away, and whose shares were invalid.

use super::{Effect, HeavyNode};
use crate::storage::Part;
use aggregate::{
    Tally,
    differencing::{self, Released},
};
use codec::Instant;
use keys::NodeId;
use store::Batch;

/// Computations in which a light node's shares may be invalid before this node takes no more of its reports, for [`REJECTION_MS`] after
/// the last of them.
pub const REJECTIONS_MAX: u32 = 3;
/// Milliseconds for which invalid shares are held against a light node: a day.
pub const REJECTION_MS: u64 = 24 * 3_600 * 1_000;
/// Most light nodes of one computation against whom it is held where a lying heavy node can make valid shares look invalid.
const REJECTED_EACH: usize = 16;
/// Most light nodes whose invalid shares are counted.
const REJECTED_MAX: usize = 65_536;

impl HeavyNode {
    /// Remembers whose reports are in a sum, and drops from the store what is forgotten for it.
    pub(super) fn remember(&mut self, now: Instant, released: Released) {
        let mut batch = Batch::new();
        for id in self.past.remember(now, released) {
            if !self.tallies.contains_key(&id) {
                batch.delete(differencing::key(id));
            }
        }
        if !batch.is_empty() {
            self.queue.push(Part { batch, effect: Effect::None, retry: true });
        }
    }

    /// Remembers whose shares were invalid.
    pub(super) fn count_rejected(&mut self, now: Instant, tally: &Tally) {
        let at = tally.proposal().deadline.min(now);
        let each = if tally.proposal().scheme.names_liars() { usize::MAX } else { REJECTED_EACH };
        for light in tally.invalid_lights().into_iter().take(each) {
            if self.rejections.len() >= REJECTED_MAX && !self.rejections.contains_key(&light) {
                self.rejections.retain(|_, (_, last)| now < last.plus_ms(REJECTION_MS));
                if self.rejections.len() >= REJECTED_MAX {
                    return;
                }
            }
            let (count, last) = self.rejections.entry(light).or_insert((0, at));
            if last.plus_ms(REJECTION_MS) <= at {
                *count = 0;
            }
            if *last < at.plus_ms(REJECTION_MS) {
                *count += 1;
            }
            *last = at.max(*last);
        }
    }

    /// Whether `light`'s shares were invalid too often of late.
    pub(super) fn is_limited(&self, now: Instant, light: NodeId) -> bool {
        let found = self.rejections.get(&light);
        found.is_some_and(|(count, last)| *count >= REJECTIONS_MAX && now < last.plus_ms(REJECTION_MS))
    }
}
