//! Who has a part of a ranking no more, and what it is remembered by.

use super::{
    ended::HolderDone,
    run::{Hold, Run, Who},
};
use crate::message::{UNKNOWN_DEVICE, WorkId};
use alloc::{collections::BTreeSet, vec::Vec};
use keys::NodeId;

#[derive(Debug, Default)]
pub(super) struct Left {
    /// Those who told what a part keeps, as it is believed, each with the part.
    through: Vec<(usize, HolderDone)>,
}

impl Left {
    /// Those who computed a part to its end before they left; who lied otherwise did not.
    pub(super) fn through<'a>(
        &'a self,
        shard: usize,
        liars: &'a BTreeSet<NodeId>,
    ) -> impl Iterator<Item = HolderDone> + 'a {
        let is_liar = |done: &HolderDone| done.node.is_some_and(|node| liars.contains(&node));
        let through = self.through.iter().filter(move |(at, done)| *at == shard && !is_liar(done));
        through.map(|(_, done)| done.clone())
    }
}

impl Run {
    /// Somebody has a part no more.
    pub(super) fn lose(&mut self, work: WorkId) -> Option<Hold> {
        let hold = self.holds.remove(&work)?;
        if self.is_through(&hold) {
            self.left.through.push((hold.shard, HolderDone::from(&hold)));
        } else if hold.who != Who::Own {
            self.replaced += 1;
        }
        Some(hold)
    }

    /// Whether a holder has told what its part keeps, as it is believed.
    pub(super) fn is_through(&self, hold: &Hold) -> bool {
        self.hub.verdict().is_some() && hold.step > self.last_step()
    }
}

impl From<&Hold> for HolderDone {
    fn from(hold: &Hold) -> Self {
        let node = match hold.who {
            Who::Own => None,
            Who::Peer(peer) => Some(peer),
        };
        let device = if hold.device.is_empty() { UNKNOWN_DEVICE.into() } else { hold.device.clone() };
        Self { node, device }
    }
}
