//! Reading reports' shares back from the store: one computation's at a time, in turn.

use super::{HeavyNode, HeavyOutput};
use crate::Ticket;
use alloc::{collections::VecDeque, vec::Vec};
use codec::{ContentId, Instant};
use store::StoreError;

/// Milliseconds after which what could not be read is asked for again.
const RETRY_MS: u64 = 1_000;

/// Who reads, and who waits for that.
#[derive(Debug, Default)]
pub(super) struct Loads {
    under_way: Option<(Ticket, ContentId)>,
    /// Each computation once.
    waiting: VecDeque<ContentId>,
    tickets: u64,
}

impl HeavyNode {
    /// Asks for the shares that a computation needs next, once it has its turn.
    pub(super) fn load(&mut self, id: ContentId) {
        if !self.loads.waiting.contains(&id) {
            self.loads.waiting.push_back(id);
        }
        while self.loads.under_way.is_none()
            && let Some(id) = self.loads.waiting.pop_front()
        {
            let Some(keys) = self.tallies.get_mut(&id).and_then(aggregate::Tally::load) else { continue };
            self.loads.tickets += 1;
            let ticket = Ticket(self.loads.tickets);
            self.loads.under_way = Some((ticket, id));
            self.outputs.push_back(HeavyOutput::Load { ticket, keys });
        }
    }

    /// Hands on what was read.
    pub(super) fn loaded(
        &mut self,
        now: Instant,
        ticket: Ticket,
        result: Result<Vec<Option<Vec<u8>>>, StoreError>,
    ) {
        let Some((_, id)) = self.loads.under_way.take_if(|(current, _)| *current == ticket) else { return };
        let is_read = result.is_ok();
        if let Some(tally) = self.tallies.get_mut(&id) {
            tally.loaded(result.ok());
        }
        if is_read {
            self.touch(now, id);
        } else {
            self.timers.insert((now.plus_ms(RETRY_MS), id));
        }
        if let Some(next) = self.loads.waiting.front().copied() {
            self.load(next);
        }
    }
}
