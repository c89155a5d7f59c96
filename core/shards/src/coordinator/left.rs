//! Who has a part of a ranking no more, and what it is remembered by.

use super::{
    Desk,
    ended::HolderDone,
    run::{Answer, Hold, Run, Who},
};
use crate::message::{Done, UNKNOWN_DEVICE, Word, WorkId};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{ContentId, encode};
use keys::NodeId;

/// Those who have parts no more. Each was handed one out, so there are no more of them than of that.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// What they said that is not judged yet: who lies and leaves at once is found all the same.
    said: Vec<Said>,
    /// Those who told what a part keeps, as it is believed, each with the part.
    through: Vec<(usize, HolderDone)>,
}

/// What a light node said of a step.
#[derive(Debug)]
struct Said {
    peer: NodeId,
    shard: usize,
    step: u32,
    answer: ContentId,
}

impl Said {
    fn is_of(&self, shard: usize, step: u32) -> bool {
        (self.shard, self.step) == (shard, step)
    }
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
        } else if let Who::Peer(peer) = hold.who {
            self.replaced += 1;
            if let Some(answer) = hold.answer.as_ref().filter(|_| !self.liars.contains(&peer)) {
                let (shard, step, answer) = (hold.shard, hold.step, answer.id());
                self.left.said.push(Said { peer, shard, step, answer });
            }
        }
        Some(hold)
    }

    /// Judges what was said of a step by those who have left since: by what the heavy node has found itself, or by what two said, who may have lied alike.
    pub(super) fn judge_left(
        &mut self,
        desk: &mut Desk,
        shard: usize,
        step: u32,
        truth: &Answer,
        is_own: bool,
    ) {
        if !self.left.said.iter().any(|said| said.is_of(shard, step)) {
            return;
        }
        let truth = truth.id();
        self.left.said.retain(|said| !said.is_of(shard, step) || said.answer != truth);
        let of: Vec<Said> = self.left.said.extract_if(.., |said| is_own && said.is_of(shard, step)).collect();
        for Said { peer, .. } in of {
            self.liars.insert(peer);
            self.dismiss(desk, peer);
        }
        if self.left.said.iter().any(|said| said.is_of(shard, step)) {
            self.referee(desk, shard);
        }
    }

    /// Whether a holder has told what its part keeps, as it is believed.
    pub(super) fn is_through(&self, hold: &Hold) -> bool {
        self.hub.verdict().is_some() && hold.step > self.last_step()
    }
}

impl Answer {
    /// What tells it from others of the same part and step.
    fn id(&self) -> ContentId {
        let work = WorkId(0);
        let done = match self {
            Self::Spread(spread) => {
                Done::Spread { work, exports: spread.exports.clone(), dangling: spread.dangling }
            }
            Self::Sums(sums) => Done::Sums { work, sums: *sums },
            Self::Kept(kept) => Done::Kept { work, kept: Vec::clone(kept) },
        };
        ContentId::of(&encode(&Word::Done(done)))
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
