//! Answers that are taken back until this node closes.
//!
//! A withdrawal is a key of its own, which holds for good: a report that was held is dropped, and drops out
//! again at every start; one that comes later, or comes again, is refused. So it does not matter in which
//! order a report and its withdrawal arrive. The share itself leaves the store with the withdrawal.

use super::{Batch, Instant, NodeId, Place, ReportRefusal, Tally, record};

/// Of as many light nodes as may take part, one in so many may withdraw of whom nothing is here: their reports may be on their way.
const STRANGERS_PER: usize = 4;
/// So many may in any case.
const STRANGERS_MIN: usize = 16;

impl Tally {
    /// Takes back the answer of `light`, whether it is here or not, and adds to `batch` what makes that
    /// durable. Only then is it to be acknowledged. `Ok(false)` says that it was taken back before.
    ///
    /// # Errors
    /// [`ReportRefusal::NotOpen`] once this node has closed: the ids of its reports may be out.
    /// [`ReportRefusal::Full`] where nothing of `light` is here and as many have withdrawn without a report as this node remembers. Whose report is
    /// here can always take it back.
    pub fn withdraw(
        &mut self,
        now: Instant,
        light: NodeId,
        batch: &mut Batch,
    ) -> Result<bool, ReportRefusal> {
        if self.withdrawn.contains(&light) {
            return Ok(false);
        }
        if !self.is_open() || now >= self.proposal.deadline {
            return Err(ReportRefusal::NotOpen);
        }
        let strangers_max = (self.proposal.participants_max as usize / STRANGERS_PER).max(STRANGERS_MIN);
        if !self.lights.contains_key(&light) && self.strangers_withdrawn >= strangers_max {
            return Err(ReportRefusal::Full);
        }
        batch.put(record::withdrawn_key(self.id, light), []);
        if let Some(place) = self.drop_withdrawn(light) {
            batch.delete(record::share_key(self.id, place));
        }
        Ok(true)
    }

    /// Drops what is here of `light`, and remembers to take nothing more. Gives where its share lies.
    fn drop_withdrawn(&mut self, light: NodeId) -> Option<Place> {
        let is_new = self.withdrawn.insert(light);
        self.strangers_withdrawn += usize::from(is_new && !self.lights.contains_key(&light));
        let report = self.lights.remove(&light)?;
        self.shares.take_fresh(&report);
        if !self.volatile.remove(&light) {
            self.reports_durable = self.reports_durable.saturating_sub(1);
        }
        self.reports.remove(&report)?.place
    }

    /// Takes up a stored withdrawal; its key comes after those of the segments.
    pub(super) fn restore_withdrawn(&mut self, light: &[u8]) -> Option<()> {
        self.drop_withdrawn(NodeId::from_public_key(light.try_into().ok()?));
        Some(())
    }
}
