//! Who holds which part.

use super::{
    Desk, Peer,
    run::{Hold, Run, Who},
};
use crate::{message::WorkId, order::PARTS_BYTES_MAX};
use alloc::string::String;
use codec::{ContentId, Instant};
use keys::NodeId;

/// Light nodes that hold each part, where as many offer to.
pub(super) const SEATS: usize = 2;
/// Letters to a node that wait, after which it gets no further part.
const LETTERS_MAX: usize = 256;
/// How often a node may fail or be late before it gets no further part of a ranking.
pub(super) const FAULTS_MAX: u32 = 3;

impl Run {
    /// Hands parts out: each to one before any to a second.
    pub(super) fn fill(&mut self, desk: &mut Desk) {
        let seats = if self.is_strict { 1 } else { SEATS };
        for seats in 1..=seats {
            for shard in 0..self.parts.len() {
                if self.peers_of(shard) < seats
                    && let Some(peer) = self.candidate(desk, shard)
                {
                    self.hand_out(desk, shard, Who::Peer(peer));
                }
            }
        }
        for shard in 0..self.parts.len() {
            if self.alone && self.peers_of(shard) == 0 {
                self.referee(desk, shard);
            }
        }
    }

    /// Has a part done beside this node, unless it is.
    pub(super) fn referee(&mut self, desk: &mut Desk, shard: usize) {
        if !self.holds.values().any(|hold| hold.shard == shard && hold.who == Who::Own) {
            self.hand_out(desk, shard, Who::Own);
        }
    }

    /// How many light nodes hold a part.
    pub(super) fn peers_of(&self, shard: usize) -> usize {
        self.holds.values().filter(|hold| hold.shard == shard && hold.who != Who::Own).count()
    }

    /// The node with the fewest parts that may have this one. Of several, none knows before which it is: ids cost nothing, so who could would make two that get
    /// both seats of a part.
    fn candidate(&self, desk: &Desk, shard: usize) -> Option<NodeId> {
        let bytes = self.parts[shard].footprint_bytes;
        let has_room = |peer: &NodeId| {
            let Peer { post, advert } = desk.peers.get(peer)?;
            let advert = advert.as_ref()?;
            // It takes in nothing of what it was sent.
            if post.stalls_at().is_some_and(|at| at <= self.heard) {
                return None;
            }
            if post.bytes() > advert.bytes_max.min(PARTS_BYTES_MAX) || post.waiting() > LETTERS_MAX {
                return None;
            }
            let held = self.holds.values().filter(|hold| hold.who == Who::Peer(*peer));
            let (mut parts, mut held_bytes) = (0, 0_u64);
            for hold in held {
                if hold.shard == shard {
                    return None;
                }
                parts += 1;
                held_bytes += self.parts[hold.shard].footprint_bytes;
            }
            let fits = parts < advert.parts && held_bytes + bytes <= advert.bytes_max;
            fits.then(|| (parts, self.lot(desk, shard, *peer), *peer))
        };
        let is_trusted = |peer: &&NodeId| {
            !self.liars.contains(*peer) && self.faults.get(*peer).is_none_or(|faults| *faults < FAULTS_MAX)
        };
        desk.peers.keys().filter(is_trusted).filter_map(has_room).min().map(|(.., peer)| peer)
    }

    fn lot(&self, desk: &Desk, shard: usize, peer: NodeId) -> ContentId {
        let shard = (shard as u64).to_le_bytes();
        ContentId::of(&[&desk.seed[..], self.ranking.digest(), &shard, peer.public_key()].concat())
    }

    fn hand_out(&mut self, desk: &mut Desk, shard: usize, who: Who) {
        self.handed_out += 1;
        desk.works += 1;
        let hold = Hold {
            who,
            shard,
            step: 0,
            is_asked: false,
            asked: Instant::default(),
            due: None,
            answer: None,
            device: String::new(),
        };
        self.holds.insert(WorkId(desk.works), hold);
    }
}
