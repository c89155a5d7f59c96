//! A part of a graph, and what parts tell each other: the same bits as on one machine, whatever is late or out of order.

use crate::{
    course::{Course, Options, Report, Verdict},
    fixed::ONE,
    graph::Graph,
    hub,
    part::{self, Part, PartRounds},
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::ContentId;
use core::fmt;

/// What a [`ContentId`]'s CID has before its digest: version 1, raw bytes, SHA-256 of 32 bytes.
const CID_PREFIX: [u8; 4] = [0x01, 0x55, 0x12, 0x20];
/// Most shards of a graph.
pub const SHARDS_MAX: u32 = 4096;

/// MurmurHash64A: A. Appleby's MurmurHash2 for 64-bit machines.
pub fn murmur64a(bytes: &[u8], seed: u64) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mixed = u64::from_le_bytes(*word).wrapping_mul(M);
        hash = (hash ^ (mixed ^ mixed >> 47).wrapping_mul(M)).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 47).wrapping_mul(M);
    hash ^ hash >> 47
}

/// Which of `shards` shards holds the node of this content id: the remainder of MurmurHash64A, seed 0, of the CID's bytes.
pub fn shard_of(id: &ContentId, shards: u32) -> u32 {
    let mut cid = [0; 36];
    cid[..4].copy_from_slice(&CID_PREFIX);
    cid[4..].copy_from_slice(id.digest());
    (murmur64a(&cid, 0) % u64::from(shards.max(1))) as u32
}

/// Which shard holds each of `nodes` nodes that have no content but their number: [`shard_of`] the id of its four bytes, little-endian.
pub fn assign(nodes: u32, shards: u32) -> Vec<u32> {
    (0..nodes).map(|node| shard_of(&ContentId::of(&node.to_le_bytes()), shards)).collect()
}

/// What a shard adds up in a round, in units: see SPEC.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Sums {
    /// Mass that came along edges to this shard's nodes.
    pub received: u64,
    /// What they kept of it.
    pub kept: u64,
    /// By how much that differs from the round before.
    pub moved: u64,
    /// What of their mass dangled before the round.
    pub dangling: u64,
}

/// What one shard tells another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The contributions of all nodes that the other has edges from, by id: for this round.
    Contributions {
        /// Rounds are numbered from 1.
        round: u32,
        /// One a node.
        values: Vec<u32>,
    },
    /// What it added up in this round.
    Sums {
        /// Rounds are numbered from 1.
        round: u32,
        /// Its part of what ends the round.
        sums: Sums,
    },
}

/// What another shard sent that no shard of this graph sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misbehaved {
    /// There is no such shard, or it is this one.
    Stranger {
        /// Who sent.
        from: u32,
    },
    /// Of a round that is over, or that cannot have begun.
    OutOfTurn {
        /// Who sent.
        from: u32,
        /// The round that it is of.
        round: u32,
        /// The round that this shard is in.
        now: u32,
    },
    /// The second of its kind in a round.
    Repeated {
        /// Who sent.
        from: u32,
        /// In which round.
        round: u32,
    },
    /// Not one contribution for each node that this shard has edges from.
    Length {
        /// Who sent.
        from: u32,
        /// How many there were.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// More mass than there is. `from` is `None` where it came of several shards together.
    Impossible {
        /// Who sent.
        from: Option<u32>,
        /// In which round.
        round: u32,
    },
}

impl fmt::Display for Misbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger { from } => write!(f, "shard {from} is none of the others"),
            Self::OutOfTurn { from, round, now } => {
                write!(f, "shard {from} sent for round {round} while this is round {now}")
            }
            Self::Repeated { from, round } => write!(f, "shard {from} sent twice for round {round}"),
            Self::Length { from, got, expected } => {
                write!(f, "shard {from} sent {got} contributions where {expected} nodes have edges to here")
            }
            Self::Impossible { from: Some(from), round } => {
                write!(f, "shard {from} sent more mass than there is in round {round}")
            }
            Self::Impossible { from: None, round } => {
                write!(f, "shards together sent more mass than there is in round {round}")
            }
        }
    }
}

impl core::error::Error for Misbehaved {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the others' contributions.
    Gather,
    /// Waits for the others' sums.
    Agree,
    Over(Verdict),
}

/// Some nodes of a graph with the edges that lead to them.
///
/// Messages go to and come from each other shard: [`Shard::handle_input`], then [`Shard::poll_output`] until `None`. Rounds are kept apart by
/// their number, so messages may be late and overtake each other; a shard is never more than one round ahead of another.
#[derive(Debug, Clone)]
pub struct Shard {
    index: u32,
    shards: u32,
    course: Course,
    rounds: PartRounds,
    /// Of each other shard that edges come from: the first of its ghosts, and how many edges lead from each.
    imports: BTreeMap<u32, (usize, Vec<u32>)>,
    /// Of each other shard that edges lead to: what it wants of the part's exports.
    exports: BTreeMap<u32, Vec<u32>>,
    dangling: u64,
    /// The round that is under way.
    round: u32,
    phase: Phase,
    /// What others contributed to this round, and to the next.
    inbox: [BTreeMap<u32, Vec<u32>>; 2],
    /// What all summed up in this round, and in the next.
    sums: [BTreeMap<u32, Sums>; 2],
    outbox: VecDeque<(u32, Message)>,
}

/// Cuts a graph into `shards` shards, where node `i` goes to shard `owners[i]`; `None` unless there are 1 to [`SHARDS_MAX`] shards and one owner
/// below that for each node.
pub fn split(graph: &Graph, options: Options, owners: &[u32], shards: u32) -> Option<Vec<Shard>> {
    let cut = hub::cut(graph, options, owners, shards)?;
    let mut exports: Vec<BTreeMap<u32, Vec<u32>>> = cut.iter().map(|_| BTreeMap::new()).collect();
    for (to, (_, imports)) in (0..).zip(&cut) {
        for (from, at) in imports {
            exports[*from as usize].entry(to).or_default().push(*at);
        }
    }
    let parts = (0..).zip(cut).zip(exports);
    let mut shards: Vec<Shard> = parts
        .map(|((index, (part, imports)), exports)| Shard::of(options, shards, index, part, &imports, exports))
        .collect();
    shards.iter_mut().for_each(Shard::begin);
    Some(shards)
}

impl Shard {
    fn of(
        options: Options,
        shards: u32,
        index: u32,
        part: Part,
        imports: &[(u32, u32)],
        exports: BTreeMap<u32, Vec<u32>>,
    ) -> Self {
        let edges = part.edges().split_off(part.rows().nodes.len());
        let mut by_owner: BTreeMap<u32, (usize, Vec<u32>)> = BTreeMap::new();
        for (ghost, ((owner, _), edges)) in imports.iter().zip(edges).enumerate() {
            by_owner.entry(*owner).or_insert((ghost, Vec::new())).1.push(edges);
        }
        let nodes = part.rows().node_count;
        Self {
            index,
            shards,
            course: Course::new(options, nodes, false),
            rounds: PartRounds::new(part),
            imports: by_owner,
            exports,
            dangling: 0,
            round: 0,
            phase: if nodes == 0 { Phase::Over(Verdict::Converged) } else { Phase::Gather },
            inbox: Default::default(),
            sums: Default::default(),
            outbox: VecDeque::new(),
        }
    }

    /// Sends what round 1 needs.
    fn begin(&mut self) {
        if self.phase == Phase::Gather {
            // With one shard, or nothing to import, nobody is waited for.
            let done = self.next_round().and_then(|()| self.advance());
            debug_assert!(done.is_ok(), "a shard's own sums are possible");
        }
    }

    /// Which shard this is.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// How it ended, once it has: the same at all shards.
    pub fn verdict(&self) -> Option<Verdict> {
        match self.phase {
            Phase::Over(verdict) => Some(verdict),
            Phase::Gather | Phase::Agree => None,
        }
    }

    /// What is known so far.
    pub fn report(&self) -> Report {
        self.course.report()
    }

    /// This shard's nodes, by id, each with its part of π in units.
    pub fn masses(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        let teleport = self.course.teleport();
        let part = self.rounds.part();
        let slots = part.rows().nodes.iter().zip(self.rounds.kept()).enumerate();
        slots.map(move |(slot, (node, kept))| (*node, kept + part.jump(teleport, slot)))
    }

    /// Takes what another shard sent.
    ///
    /// # Errors
    /// [`Misbehaved`] where no shard of this graph sends that; nothing has changed then, unless it is that all sums together are impossible, after
    /// which this shard goes on no more.
    pub fn handle_input(&mut self, from: u32, message: Message) -> Result<(), Misbehaved> {
        if from >= self.shards || from == self.index {
            return Err(Misbehaved::Stranger { from });
        }
        let (Message::Contributions { round, .. } | Message::Sums { round, .. }) = message;
        let now = self.round;
        if self.verdict().is_some() || !(now..=now.saturating_add(1)).contains(&round) {
            return Err(Misbehaved::OutOfTurn { from, round, now });
        }
        let later = (round - now) as usize;
        match message {
            Message::Contributions { values, .. } => {
                self.check(from, round, &values)?;
                // What was gathered already is no longer in the inbox.
                let is_late = round == now && self.phase == Phase::Agree;
                if is_late || self.inbox[later].contains_key(&from) {
                    return Err(Misbehaved::Repeated { from, round });
                }
                self.inbox[later].insert(from, values);
            }
            Message::Sums { sums, .. } => {
                let masses = [sums.received, sums.kept, sums.moved / 2, sums.dangling];
                if masses.into_iter().any(|mass| mass > ONE) {
                    return Err(Misbehaved::Impossible { from: Some(from), round });
                }
                if self.sums[later].contains_key(&from) {
                    return Err(Misbehaved::Repeated { from, round });
                }
                self.sums[later].insert(from, sums);
            }
        }
        self.advance()
    }

    /// Whether these may be contributions of `from`: as many as nodes, and no more mass than there is.
    fn check(&self, from: u32, round: u32, values: &[u32]) -> Result<(), Misbehaved> {
        let edges = self.imports.get(&from).map_or(&[][..], |(_, edges)| edges.as_slice());
        if values.len() != edges.len() || edges.is_empty() {
            return Err(Misbehaved::Length { from, got: values.len(), expected: edges.len() });
        }
        if self.mass(values, edges) > u128::from(ONE) {
            return Err(Misbehaved::Impossible { from: Some(from), round });
        }
        Ok(())
    }

    /// At most so much mass comes along these edges.
    fn mass(&self, values: &[u32], edges: &[u32]) -> u128 {
        part::mass(values, edges, self.rounds.part().rows().is_weighted)
    }

    /// The next message, and the shard that it is for.
    pub fn poll_output(&mut self) -> Option<(u32, Message)> {
        self.outbox.pop_front()
    }

    /// Goes on as far as what has come allows.
    fn advance(&mut self) -> Result<(), Misbehaved> {
        loop {
            let has_all = match self.phase {
                Phase::Gather => self.inbox[0].len() == self.imports.len(),
                Phase::Agree => self.sums[0].len() == self.shards as usize,
                Phase::Over(_) => false,
            };
            if !has_all {
                return Ok(());
            }
            if self.phase == Phase::Gather { self.gather()? } else { self.agree()? }
        }
    }

    fn gather(&mut self) -> Result<(), Misbehaved> {
        let round = self.round;
        let mut ghosts = Vec::new();
        for from in self.imports.keys() {
            ghosts.extend(self.inbox[0].remove(from).unwrap_or_default());
        }
        let sums = self.rounds.gather(&ghosts).map_err(|_| Misbehaved::Impossible { from: None, round })?;
        let sums = Sums { dangling: self.dangling, ..sums };
        self.sums[0].insert(self.index, sums);
        let others = (0..self.shards).filter(|other| *other != self.index);
        self.outbox.extend(others.map(|other| (other, Message::Sums { round, sums })));
        self.phase = Phase::Agree;
        Ok(())
    }

    fn agree(&mut self) -> Result<(), Misbehaved> {
        let round = self.round;
        let impossible = Misbehaved::Impossible { from: None, round };
        let (total, dangling) = hub::total(self.sums[0].values()).ok_or(impossible)?;
        match self.course.round(total, dangling) {
            Err(_) => Err(impossible),
            Ok(Some(verdict)) => {
                self.phase = Phase::Over(verdict);
                Ok(())
            }
            Ok(None) => self.next_round(),
        }
    }

    /// Contributes for the next round.
    fn next_round(&mut self) -> Result<(), Misbehaved> {
        self.round += 1;
        self.inbox.swap(0, 1);
        self.sums.swap(0, 1);
        self.inbox[1].clear();
        self.sums[1].clear();
        self.phase = Phase::Gather;
        let round = self.round;
        let spread = self.rounds.spread(self.course.teleport());
        let spread = spread.map_err(|_| Misbehaved::Impossible { from: None, round })?;
        self.dangling = spread.dangling;
        for (to, wanted) in &self.exports {
            let values = wanted.iter().map(|at| spread.exports[*at as usize]).collect();
            self.outbox.push_back((*to, Message::Contributions { round, values }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
