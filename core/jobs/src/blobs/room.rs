//! Room that can be made: bytes that no job needs go before their time where others need the room.

use super::{Blobs, OVERHEAD_BYTES, Owner};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    vec::Vec,
};
use codec::ContentId;

/// For whom room is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Somebody uploads: unfinished uploads of those go who have more here than this one, and only as far as they have.
    Upload {
        /// Who.
        owner: Owner,
        /// Bytes that come.
        bytes: u64,
    },
    /// A job's output, or the input made of outputs: uploads that no job needs go, the unfinished first.
    Job,
}

impl Blobs {
    /// Bytes that are missing for `more` of one blob; 0 where there is room.
    pub const fn lacking(&self, more: u64) -> u64 {
        let wanted = self.bytes.saturating_add(more).saturating_add(OVERHEAD_BYTES);
        wanted.saturating_sub(self.config.bytes_max)
    }

    /// Whether a blob's `more` bytes have room.
    pub const fn has_room(&self, more: u64) -> bool {
        self.lacking(more) == 0
    }

    /// What to [drop](Blobs::drop_unheld) of what no job needs so that `lacking` bytes get free or all that may go has, and how many bytes that frees. Who has
    /// most here loses first, and of that the oldest. Nothing of `keep` goes.
    pub fn plan_room(&self, room: Room, lacking: u64, keep: &[ContentId]) -> (Vec<(ContentId, Owner)>, u64) {
        let (mut plan, mut freed) = (Vec::new(), 0);
        let least = match room {
            Room::Upload { owner, bytes } => {
                bytes + self.unused.get(&self.placed(owner)).map_or(0, |(bytes, _)| *bytes)
            }
            Room::Job => 0,
        };
        let kinds: &[bool] = if room == Room::Job { &[true, false] } else { &[true] };
        let mut left: BTreeMap<Owner, u64> =
            self.unused.iter().map(|(owner, (bytes, _))| (*owner, *bytes)).collect();
        for is_part in kinds {
            // The timers are what no job needs, the oldest first.
            let mut of: BTreeMap<Owner, VecDeque<(ContentId, u64)>> = BTreeMap::new();
            for (_, id, owner) in self.timers.iter().filter(|(_, id, _)| !keep.contains(id)) {
                let part = self.parts.get(&(*id, *owner)).map(|part| part.bytes.len() as u64);
                let whole = || self.whole.get(id).filter(|whole| whole.owner == *owner && whole.held == 0);
                let bytes = if *is_part { part } else { whole().map(|whole| whole.bytes.len() as u64) };
                if let Some(bytes) = bytes {
                    of.entry(*owner).or_default().push_back((*id, bytes));
                }
            }
            let mut order: BTreeSet<(u64, Owner)> =
                of.keys().filter_map(|owner| left.get(owner).map(|bytes| (*bytes, *owner))).collect();
            while freed < lacking
                && let Some((bytes, owner)) = order.pop_last().filter(|(bytes, _)| *bytes > least)
            {
                let Some((id, gone)) = of.get_mut(&owner).and_then(VecDeque::pop_front) else { continue };
                plan.push((id, owner));
                freed += gone + OVERHEAD_BYTES;
                left.insert(owner, bytes - gone);
                order.insert((bytes - gone, owner));
            }
        }
        (plan, freed)
    }

    /// Bytes that get free where `fewer` of the needs for a blob go; 0 where any is left.
    pub fn freed_by(&self, id: ContentId, fewer: u32) -> u64 {
        let whole = self.whole.get(&id).filter(|whole| whole.held == fewer);
        whole.map_or(0, |whole| whole.bytes.len() as u64 + OVERHEAD_BYTES)
    }

    /// Drops what no job needs: a part of this owner's, or a whole blob.
    pub fn drop_unheld(&mut self, id: ContentId, owner: Owner) {
        self.drop_part(id, owner);
        self.drop_unused(id, owner);
    }
}
