//! Who holds which part.

use super::{
    Desk, Peer,
    run::{Hold, Run, Who},
};
use crate::{message::WorkId, order::PARTS_BYTES_MAX};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use codec::{ContentId, Instant};
use keys::NodeId;

/// Light nodes that hold each part, where as many offer to.
pub(super) const SEATS: usize = 2;
/// Letters to a node that wait, after which it gets no further part.
const LETTERS_MAX: usize = 256;
/// Parts of a ranking at light nodes of one address, above which these are no part's second holder, and its first only where nobody else may be: what one
/// holder says the heavy node checks.
const SEATS_EACH_HOME_MAX: usize = 8;
/// How often a node may fail or be late before it gets no further part of a ranking.
pub(super) const FAULTS_MAX: u32 = 3;

impl Run {
    /// Hands parts out: each to one before any to a second. A part that has told what it keeps needs nobody any more.
    pub(super) fn fill(&mut self, desk: &mut Desk) {
        let seats = if self.is_strict { 1 } else { SEATS };
        for seats in 1..=seats {
            for shard in 0..self.parts.len() {
                if self.kept[shard].is_none()
                    && self.peers_of(shard) < seats
                    && let Some(peer) = self.candidate(desk, shard)
                {
                    self.hand_out(desk, shard, Who::Peer(peer));
                }
            }
        }
        for shard in 0..self.parts.len() {
            if self.alone && self.lacks(shard) {
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

    /// Whether a part has something to do and no light node that does it.
    pub(super) fn lacks(&self, shard: usize) -> bool {
        self.kept[shard].is_none() && self.peers_of(shard) == 0
    }

    /// The node with the fewest parts that may have this one; one at the address of its other holder only where there is no other. Of several, none knows
    /// before which it is: ids cost nothing, so who could would make two that get both seats of a part.
    fn candidate(&self, desk: &Desk, shard: usize) -> Option<NodeId> {
        let bytes = self.parts[shard].cost_bytes;
        let (mut seats, mut beside) = (BTreeMap::<u64, usize>::new(), Vec::new());
        for hold in self.holds.values() {
            let Who::Peer(peer) = hold.who else { continue };
            let Some(home) = desk.peers.get(&peer).and_then(|peer| peer.home) else { continue };
            *seats.entry(home).or_default() += 1;
            if hold.shard == shard {
                beside.push(home);
            }
        }
        let is_second = self.peers_of(shard) > 0;
        let has_room = |peer: &NodeId| {
            let Peer { post, advert, home } = desk.peers.get(peer)?;
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
                held_bytes += self.parts[hold.shard].cost_bytes;
            }
            let fits = parts < advert.parts && held_bytes + bytes <= advert.bytes_max;
            let has_many =
                home.and_then(|home| seats.get(&home)).is_some_and(|seats| *seats >= SEATS_EACH_HOME_MAX);
            let is_beside = home.is_some_and(|home| beside.contains(&home));
            let may = fits && !(is_second && has_many);
            may.then(|| (has_many, is_beside, parts, self.lot(desk, shard, *peer), *peer))
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
