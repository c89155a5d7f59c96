//! Shares lie in the store, and come back when a step needs them.
//!
//! Of each report a tally keeps in memory whose it is and where its share lies. A share is in memory until the batch that makes it durable is
//! given away, and once more while it is looked at: the steps read all reports in an order of their own, a few ahead.
//!
//! # Bounds
//! At most twice [`LOAD_BYTES`], or two slices where these are more, are here at a time; and as much again for fellows that ask once more.

use super::{
    Held, InstanceExt, Nonce, ReportId, Stage, Tally, Vec, VecDeque,
    record::{self, StoredShare},
};
use alloc::collections::BTreeMap;

/// Bytes of shares that are read at a time.
const LOAD_BYTES: u64 = 1024 * 1024;
/// Most shares that are read at a time.
const LOAD_SHARES: usize = 512;

/// A report's share as this node opened it.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) nonce: Nonce,
    pub(super) public: Vec<u8>,
    pub(super) input: Vec<u8>,
}

/// A share that was read back; `None` where the store does not hold what was put there.
pub(super) type Read = (ReportId, Option<Share>);

/// Shares on their way into the store, and out of it.
#[derive(Debug, Default)]
pub(super) struct Shares {
    /// Taken, and in no batch yet.
    fresh: BTreeMap<ReportId, Share>,
    /// Read, in the order in which they are looked at.
    here: VecDeque<Read>,
    asked: Option<Asked>,
}

/// What is being read.
#[derive(Debug)]
enum Asked {
    /// What follows on those that are here.
    Next(Vec<ReportId>),
    /// What a fellow asks for once more, from this candidate on.
    Again(usize, Vec<ReportId>),
}

impl Shares {
    pub(super) fn put(&mut self, id: ReportId, share: Share) {
        self.fresh.insert(id, share);
    }

    /// One that was put and is in no batch yet.
    pub(super) fn take_fresh(&mut self, id: &ReportId) -> Option<Share> {
        self.fresh.remove(id)
    }

    pub(super) fn is_here(&self) -> bool {
        !self.here.is_empty()
    }

    /// The next to be looked at, `most` at most.
    pub(super) fn take(&mut self, most: usize) -> Vec<Read> {
        self.here.drain(..most.min(self.here.len())).collect()
    }
}

impl Tally {
    /// Keys under which shares lie that the next steps need, in the order in which their values go to [`Tally::loaded`]; at most one such list at
    /// a time.
    pub fn load(&mut self) -> Option<Vec<Vec<u8>>> {
        if self.shares.asked.is_some() {
            return None;
        }
        let each = self.instance.report_bytes(self.role).max(1);
        let slice = self.instance.slice();
        let most = ((LOAD_BYTES / each) as usize).clamp(slice, LOAD_SHARES);
        let again = self.gather.as_ref().and_then(|gather| gather.wanted_again());
        let asked = if let Some((from, ids)) = again.map(|(from, ids)| (from, &ids[..ids.len().min(slice)])) {
            Asked::Again(from, ids.to_vec())
        } else {
            let here = self.shares.here.len();
            let rest = self.reads().get(here..).unwrap_or_default();
            if here >= most || rest.is_empty() {
                return None;
            }
            Asked::Next(rest[..rest.len().min(most)].to_vec())
        };
        let (Asked::Next(ids) | Asked::Again(_, ids)) = &asked;
        // One without a place was never given away to be stored; no key begins with nothing.
        let place = |id| self.reports.get(id).and_then(|held| held.place);
        let key = |id| place(id).map(|place| record::share_key(self.id, place)).unwrap_or_default();
        let keys = ids.iter().map(key).collect();
        self.shares.asked = Some(asked);
        Some(keys)
    }

    /// Takes the values of the keys that [`Tally::load`] gave; `None` where reading failed, and they are to be asked for again.
    pub fn loaded(&mut self, values: Option<Vec<Option<Vec<u8>>>>) {
        let (asked, values) = match (self.shares.asked.take(), values) {
            (Some(asked), Some(values)) => (asked, values),
            _ => return,
        };
        let mut values = values.into_iter();
        let mut read = |ids: Vec<ReportId>| -> Vec<Read> {
            ids.into_iter()
                .map(|id| (id, values.next().flatten().and_then(|value| self.read(id, &value))))
                .collect()
        };
        match asked {
            Asked::Next(ids) => {
                let read = read(ids);
                self.shares.here.extend(read);
            }
            Asked::Again(from, ids) => {
                let read = read(ids);
                self.make_again(from, &read);
            }
        }
    }

    /// The share of a report, where `value` is that.
    fn read(&self, id: ReportId, value: &[u8]) -> Option<Share> {
        let StoredShare { nonce, public, input } = codec::decode(value).ok()?;
        let Held { light, .. } = self.reports.get(&id)?;
        (ReportId::of(self.id, *light, &nonce, &public) == id).then_some(Share { nonce, public, input })
    }

    /// The reports that are still to be looked at, in the order in which that is done; of those whose shares are here, too.
    fn reads(&self) -> &[ReportId] {
        if self.has_given_up() || !(Stage::Closed..Stage::Done).contains(&self.durable) {
            return &[];
        }
        if self.check.offer.is_none() {
            return self.check.rest();
        }
        self.gather.as_ref().map_or(&[], |gather| gather.rest())
    }

    /// Ids in the order in which their shares lie in the store: so the disk is read from one end to the other.
    pub(super) fn as_stored(&self, mut ids: Vec<ReportId>) -> Vec<ReportId> {
        ids.sort_by_cached_key(|id| self.reports.get(id).and_then(|held| held.place));
        ids
    }

    /// What is stored of a share.
    pub(super) fn stored_share(share: Share) -> Vec<u8> {
        let Share { nonce, public, input } = share;
        codec::encode(&StoredShare { nonce, public, input })
    }
}
