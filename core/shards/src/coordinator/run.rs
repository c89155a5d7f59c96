//! A ranking under way.

use super::{
    Desk, Output,
    ended::{Ended, HolderDone, Outcome, ShardDone, word},
    left::Left,
    lists::{End, List},
    seats::{FAULTS_MAX, SEATS},
};
use crate::{
    combine::FocusMade,
    message::{DEVICE_BYTES_MAX, Done, Task, WorkId, shortened},
    order::{Cut, Facts, Order, Slab},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    sync::Arc,
    vec,
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::NodeId;
use rank::{Hub, Incredible, ONE, ShardSums, Spread};

/// Most bytes of what parts said in all rounds, of one ranking.
pub(super) const LOG_BYTES_MAX: u64 = 512 << 20;
/// Milliseconds that a holder may take for a step, besides those for bytes on the way.
pub(super) const STEP_MS: u64 = 30_000;
/// Once one has answered, the others who hold the part have so many times its time, and no less than so many milliseconds, before the heavy node goes on
/// without them.
const HURRY_TIMES: u64 = 4;
const HURRY_MS: u64 = 500;
/// Milliseconds for which nodes may offer before parts are handed out, where few do, and after a start of this node, when all are about to: who is the first
/// gets no more for it.
const GATHER_MS: u64 = 1_000;
/// Bytes a millisecond that are expected of a link at the least.
const BYTES_PER_MS: u64 = 64;
/// Bytes that a letter has at most, besides lists and parts.
const LETTER_BYTES: u64 = 256;
/// Milliseconds for which a part may lack a holder before others that wait have their turn.
const LACK_MS: u64 = 20_000;
/// How often a node may give up what it has of a ranking, before that is a fault each time: who does nothing else keeps others waiting.
const WITHDRAWALS_MAX: u32 = 8;
/// Most parts that are handed out for one ranking in all: who makes identities without end does not make it go on without end.
const HOLDS_MAX: u64 = 10_000;

/// Who holds a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// The heavy node itself.
    Own,
    Peer(NodeId),
}

/// A part at somebody's.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) who: Who,
    pub(super) shard: usize,
    /// The step that is to be done next, or is being done: 0 to take the part, 2r − 1 to spread and 2r to gather in round r, and then to tell what
    /// is kept.
    pub(super) step: u32,
    pub(super) is_asked: bool,
    pub(super) asked: Instant,
    pub(super) due: Option<Instant>,
    /// What it said of a step that nothing is believed of yet.
    pub(super) answer: Option<Answer>,
    pub(super) device: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Spread(Arc<Spread>),
    Sums(ShardSums),
    Kept(Arc<Vec<u64>>),
}

/// What is believed of a round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) teleport: u64,
    pub(super) spreads: Vec<Option<Arc<Spread>>>,
    sums: Vec<Option<ShardSums>>,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) ranking: ContentId,
    pub(super) name: String,
    pub(super) alone: bool,
    pub(super) hub: Hub,
    pub(super) parts: Vec<Slab>,
    pub(super) facts: Facts,
    pub(super) log: Vec<Round>,
    log_bytes: u64,
    pub(super) kept: Vec<Option<Arc<Vec<u64>>>>,
    /// What parts are to gather, by part and step.
    pub(super) lists: BTreeMap<(usize, u32), List>,
    pub(super) end: Option<End>,
    /// Of each part, when its step goes on without those who have not answered; known once one has.
    hurry: Vec<Option<Instant>>,
    pub(super) holds: BTreeMap<WorkId, Hold>,
    /// Parts handed out so far.
    pub(super) handed_out: u64,
    /// Whether nothing but the heavy node's own word is believed any more.
    pub(super) is_strict: bool,
    pub(super) liars: BTreeSet<NodeId>,
    /// How often each failed, was late or broke the protocol.
    pub(super) faults: BTreeMap<NodeId, u32>,
    /// What those who have parts no more are remembered by.
    pub(super) left: Left,
    /// How often each gave up what it had.
    withdrawals: BTreeMap<NodeId, u32>,
    pub(super) replaced: u32,
    began: Instant,
    /// Since when some part has no holder.
    lacks: Option<Instant>,
    /// The latest moment heard of.
    pub(super) heard: Instant,
    /// Bytes of the longest letter that there is no room for yet; 0 where none waits for room.
    pub(super) unsent_bytes: u64,
    pub(super) failure: Option<String>,
}

impl Run {
    pub(super) fn new(now: Instant, ranking: ContentId, order: &Order, cut: Cut) -> Self {
        let Cut { hub, parts, facts } = cut;
        let mut run = Self {
            ranking,
            name: order.name.clone(),
            alone: order.alone,
            kept: vec![None; parts.len()],
            lists: BTreeMap::new(),
            end: None,
            hurry: vec![None; parts.len()],
            hub,
            parts,
            facts,
            log: Vec::new(),
            log_bytes: 0,
            holds: BTreeMap::new(),
            handed_out: 0,
            is_strict: false,
            liars: BTreeSet::new(),
            faults: BTreeMap::new(),
            left: Left::default(),
            withdrawals: BTreeMap::new(),
            replaced: 0,
            began: now,
            lacks: None,
            heard: now,
            unsent_bytes: 0,
            failure: None,
        };
        run.next_round();
        run
    }

    fn next_round(&mut self) {
        let shards = self.parts.len();
        if self.hub.verdict().is_none() {
            let (spreads, sums) = (vec![None; shards], vec![None; shards]);
            self.log.push(Round { teleport: self.hub.teleport(), spreads, sums });
        }
    }

    /// Rounds that are done.
    pub(super) fn rounds(&self) -> u32 {
        self.hub.report().rounds
    }

    // What comes in.

    /// A peer is gone.
    pub(super) fn gone(&mut self, _: Instant, _: &mut Desk, peer: NodeId) {
        self.works_of(peer).into_iter().for_each(|work| drop(self.lose(work)));
    }

    /// A peer broke the protocol.
    pub(super) fn broken(&mut self, _: Instant, desk: &mut Desk, peer: NodeId) {
        *self.faults.entry(peer).or_default() += FAULTS_MAX;
        self.dismiss(desk, peer);
    }

    /// Takes every part away from a peer.
    pub(super) fn dismiss(&mut self, desk: &mut Desk, peer: NodeId) {
        self.works_of(peer).into_iter().for_each(|work| self.take_away(desk, work));
    }

    /// The parts that a peer has.
    fn works_of(&self, peer: NodeId) -> Vec<WorkId> {
        let of = |(work, hold): (&WorkId, &Hold)| (hold.who == Who::Peer(peer)).then_some(*work);
        self.holds.iter().filter_map(of).collect()
    }

    /// A peer gave its parts up, as if it had left: its person has other plans, or another device. That is no fault until it is a habit.
    pub(super) fn withdrawn(&mut self, desk: &mut Desk, peer: NodeId) {
        let works = self.works_of(peer);
        if works.is_empty() {
            return;
        }
        let count = self.withdrawals.entry(peer).or_default();
        *count += 1;
        if *count > WITHDRAWALS_MAX {
            *self.faults.entry(peer).or_default() += 1;
        }
        for work in works {
            let is_new = self.holds.get(&work).is_some_and(|hold| hold.step == 0);
            // One that was on its way may have come after all was given up.
            if is_new && desk.may_have(peer, work) {
                self.take_away(desk, work);
            } else {
                self.lose(work);
                desk.take_back(peer, work);
            }
        }
    }

    /// Takes a part away from who holds it.
    pub(super) fn take_away(&mut self, desk: &mut Desk, work: WorkId) {
        let Some(hold) = self.lose(work) else { return };
        match hold.who {
            Who::Own => desk.outputs.push_back(Output::Do(Task::Drop { work })),
            Who::Peer(peer) => desk.drop_work(peer, work),
        }
    }

    /// How many bytes a letter may have that answers what a peer was asked.
    pub(super) fn awaited_bytes(&self, peer: NodeId) -> u64 {
        let of_peer = self.holds.values().filter(|hold| hold.who == Who::Peer(peer) && hold.is_asked);
        let bytes = of_peer.map(|hold| {
            let is_last = self.hub.verdict().is_some() && hold.step == self.last_step();
            let list = match hold.step % 2 {
                _ if is_last => 8 * self.hub.nodes_of(hold.shard),
                1 => 4 * self.hub.exports_of(hold.shard),
                _ => 0,
            };
            64 + list as u64
        });
        bytes.max().unwrap_or(0)
    }

    /// Bytes of what holders said that nothing is believed of yet.
    pub(super) fn answers_bytes(&self) -> u64 {
        let bytes = self.holds.values().map(|hold| match &hold.answer {
            Some(Answer::Spread(spread)) => 4 * spread.exports.len() as u64,
            Some(Answer::Kept(kept)) => 8 * kept.len() as u64,
            Some(Answer::Sums(_)) | None => 0,
        });
        bytes.sum()
    }

    /// What came of a task, from a peer or from what computes beside this node.
    pub(super) fn done(&mut self, now: Instant, desk: &mut Desk, from: Option<NodeId>, done: Done) {
        let (work, who) = (done.work(), from.map_or(Who::Own, Who::Peer));
        let last = self.hub.verdict().map(|_| self.last_step());
        let Some(hold) = self.holds.get_mut(&work).filter(|hold| hold.who == who) else { return };
        // Not even a failure is told of what nobody asked for, but that the part is gone.
        if !hold.is_asked && !matches!(done, Done::Failed { .. }) {
            return;
        }
        (hold.is_asked, hold.due) = (false, None);
        let (shard, step) = (hold.shard, hold.step);
        let is_last = last == Some(step);
        let answer = match done {
            Done::Failed { why, .. } => {
                self.lose(work);
                return match who {
                    // What it was given rests on what holders said.
                    Who::Own if !self.is_strict && step > 0 => self.start_over(desk),
                    Who::Own => self.failure = Some(format!("this heavy node cannot compute it: {why}")),
                    Who::Peer(peer) => {
                        *self.faults.entry(peer).or_default() += 1;
                        // It may have said so of what it never took in.
                        desk.take_back(peer, work);
                    }
                };
            }
            Done::Ready { device, .. } if step == 0 => {
                hold.step = 1;
                hold.device = shortened(device, DEVICE_BYTES_MAX).replace(char::is_control, " ");
                return;
            }
            Done::Kept { kept, .. } if is_last => Answer::Kept(Arc::new(kept)),
            Done::Spread { exports, dangling, .. } if !is_last && step % 2 == 1 => {
                Answer::Spread(Arc::new(Spread { exports, dangling }))
            }
            Done::Sums { sums, .. } if step > 0 && step % 2 == 0 => Answer::Sums(sums),
            _ => {
                return if let Who::Peer(peer) = who {
                    self.broken(now, desk, peer)
                };
            }
        };
        if !self.has_shape(shard, &answer) {
            return self.lied(desk, work);
        }
        match self.believed(shard, step) {
            Some(believed) if believed == answer => {
                if let Some(hold) = self.holds.get_mut(&work) {
                    hold.step += 1;
                }
                if who == Who::Own {
                    self.settle_disputes(desk, shard, step);
                    self.judge_left(desk, shard, step, &believed, true);
                }
            }
            Some(_) if who == Who::Own || self.is_checked(shard, step) => self.lied(desk, work),
            // Two said otherwise, who may have lied alike.
            Some(_) => self.dispute(desk, work, answer),
            None if who == Who::Own && !self.is_possible(&answer) => self.lied(desk, work),
            None => {
                if let Some(hold) = self.holds.get_mut(&work) {
                    hold.answer = Some(answer);
                    let took_ms = now.since_ms(hold.asked);
                    let hurry = now.plus_ms(took_ms.saturating_mul(HURRY_TIMES).max(HURRY_MS));
                    self.hurry[shard].get_or_insert(hurry);
                }
            }
        }
    }

    /// Whether the heavy node has had this step of a part done beside itself.
    fn is_checked(&self, shard: usize, step: u32) -> bool {
        self.holds.values().any(|hold| hold.shard == shard && hold.who == Who::Own && hold.step > step)
    }

    /// Keeps what a holder said against what others did, until the heavy node has done the same.
    fn dispute(&mut self, desk: &mut Desk, work: WorkId, answer: Answer) {
        let Some(hold) = self.holds.get_mut(&work) else { return };
        hold.answer = Some(answer);
        let shard = hold.shard;
        self.referee(desk, shard);
    }

    /// Who said otherwise than the heavy node has found itself lied.
    fn settle_disputes(&mut self, desk: &mut Desk, shard: usize, step: u32) {
        let disputes = self.holds.iter().filter(|(_, hold)| {
            hold.shard == shard && hold.who != Who::Own && hold.step == step && hold.answer.is_some()
        });
        let works: Vec<WorkId> = disputes.map(|(work, _)| *work).collect();
        works.into_iter().for_each(|work| self.lied(desk, work));
    }

    /// Whether a part of this size says so many things.
    fn has_shape(&self, shard: usize, answer: &Answer) -> bool {
        match answer {
            Answer::Spread(spread) => spread.exports.len() == self.hub.exports_of(shard),
            Answer::Sums(sums) => sums.dangling == 0,
            Answer::Kept(kept) => kept.len() == self.hub.nodes_of(shard),
        }
    }

    /// Whether any part could say so, of what is true of the others.
    fn is_possible(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Spread(spread) => spread.dangling <= ONE,
            Answer::Sums(sums) => sums.received <= ONE && sums.kept <= sums.received && sums.moved <= 2 * ONE,
            Answer::Kept(kept) => kept.iter().map(|kept| u128::from(*kept)).sum::<u128>() <= u128::from(ONE),
        }
    }

    /// Who said something else than what the heavy node found gets no part any more. Where that is the heavy node itself, what it was given is false.
    fn lied(&mut self, desk: &mut Desk, work: WorkId) {
        match self.holds.get(&work).map(|hold| hold.who) {
            Some(Who::Peer(peer)) => {
                self.liars.insert(peer);
                self.dismiss(desk, peer);
            }
            Some(Who::Own) => self.start_over(desk),
            None => {}
        }
    }

    // Steps.

    /// The step in which parts tell what they keep.
    pub(super) fn last_step(&self) -> u32 {
        2 * self.log.len() as u32 + 1
    }

    /// The first step of a part that nothing is believed of.
    pub(super) fn step_of(&self, shard: usize) -> u32 {
        let end = self.last_step();
        let Some(round) = self.log.last() else { return end + u32::from(self.kept[shard].is_some()) };
        match (&round.spreads[shard], &round.sums[shard], &self.kept[shard]) {
            (None, ..) => end - 2,
            (_, None, _) => end - 1,
            (.., None) => end,
            _ => end + 1,
        }
    }

    fn believed(&self, shard: usize, step: u32) -> Option<Answer> {
        if self.hub.verdict().is_some() && step == self.last_step() {
            return self.kept[shard].clone().map(Answer::Kept);
        }
        let round = self.log.get((step as usize).checked_sub(1)? / 2)?;
        match step % 2 {
            1 => round.spreads[shard].clone().map(Answer::Spread),
            _ => round.sums[shard].map(Answer::Sums),
        }
    }

    /// No fewer bytes than a letter for this step takes in memory.
    fn letter_bytes(&self, shard: usize, step: u32) -> u64 {
        let is_gather = step > 0 && step.is_multiple_of(2);
        let ghosts = if is_gather { 4 * self.hub.ghosts_of(shard) as u64 } else { 0 };
        LETTER_BYTES + ghosts
    }

    /// Asks a holder for its next step, where that is known, and where so much of the room for letters is left.
    fn ask(&mut self, now: Instant, desk: &mut Desk, room: &mut u64, work: WorkId) {
        let Some(hold) = self.holds.get(&work) else { return };
        if hold.is_asked || hold.answer.is_some() {
            return;
        }
        let (who, shard, step) = (hold.who, hold.shard, hold.step);
        if !self.is_known(step) {
            return;
        }
        if let Who::Peer(peer) = who {
            let bytes = self.letter_bytes(shard, step);
            // It is asked once others have taken theirs in, or have lost their parts.
            if bytes > (*room).min(desk.room_of(peer)) {
                self.unsent_bytes = self.unsent_bytes.max(bytes);
                return;
            }
        }
        let Some(ask) = self.task(desk, shard, step) else {
            if let (Who::Peer(_), Some(List::Making(_))) = (who, self.lists.get(&(shard, step))) {
                // Nothing else takes its room meanwhile.
                *room = room.saturating_sub(self.letter_bytes(shard, step));
            }
            return;
        };
        let Some(hold) = self.holds.get_mut(&work) else { return };
        (hold.is_asked, hold.asked) = (true, now);
        match who {
            Who::Own => desk.outputs.push_back(Output::Do(ask.task(work))),
            Who::Peer(peer) => {
                let letter = ask.letter(work);
                *room = room.saturating_sub(letter.kept_bytes());
                desk.write(peer, work, letter);
                let there = desk.peers.get(&peer).map_or(0, |peer| peer.post.bytes());
                let back = 8 * self.hub.nodes_of(shard) as u64;
                hold.due = Some(now.plus_ms(STEP_MS + (there + back) / BYTES_PER_MS));
            }
        }
    }

    /// Asks all holders for their next steps; what was put together for them is kept no longer than letters keep it.
    fn ask_all(&mut self, now: Instant, desk: &mut Desk) {
        let works: Vec<WorkId> = self.holds.keys().copied().collect();
        let mut room = desk.room();
        works.into_iter().for_each(|work| self.ask(now, desk, &mut room, work));
        self.lists.retain(|_, list| {
            if let List::Here(here) = list {
                *list = List::Lent(Arc::downgrade(here));
            }
            !matches!(list, List::Lent(lent) if lent.strong_count() == 0)
        });
    }

    /// Parts at light nodes that take in nothing, each with when it is taken away for that.
    fn stalled<'a>(&'a self, desk: &'a Desk) -> impl Iterator<Item = (WorkId, NodeId, Instant)> + 'a {
        self.holds.iter().filter_map(|(work, hold)| match hold.who {
            Who::Peer(peer) => Some((*work, peer, desk.peers.get(&peer)?.post.stalls_at()?)),
            Who::Own => None,
        })
    }

    /// When a holder is late.
    pub(super) fn poll_timeout(&self, desk: &Desk) -> Option<Instant> {
        let gathers = (self.handed_out == 0).then(|| self.began.plus_ms(GATHER_MS));
        let hurries = self.hurry.iter().flatten().copied();
        let yields = self.lacks.map(|since| since.plus_ms(LACK_MS));
        let waits = gathers.into_iter().chain(hurries).chain(yields).filter(|at| *at > self.heard);
        let stalled = self.stalled(desk).map(|(.., at)| at);
        self.holds.values().filter_map(|hold| hold.due).chain(waits).chain(stalled).min()
    }

    /// Whether others that wait have their turn before it.
    pub(super) fn yields(&self, now: Instant) -> bool {
        self.lacks.is_some_and(|since| since.plus_ms(LACK_MS) <= now)
    }

    /// Whether parts are handed out yet.
    fn has_gathered(&self, desk: &Desk) -> bool {
        let offers = desk.peers.values().filter(|peer| peer.advert.is_some()).count();
        let is_up = desk.began.is_some_and(|began| began.plus_ms(GATHER_MS) <= self.heard);
        (is_up && offers >= SEATS * self.parts.len()) || self.began.plus_ms(GATHER_MS) <= self.heard
    }

    /// Takes parts away from who is late, or takes in nothing.
    pub(super) fn due(&mut self, now: Instant, desk: &mut Desk) {
        let is_late = |(work, hold): (&WorkId, &Hold)| match (hold.who, hold.due) {
            (Who::Peer(peer), Some(due)) if due <= now => Some((*work, peer)),
            _ => None,
        };
        let mut late: BTreeMap<WorkId, NodeId> = self.holds.iter().filter_map(is_late).collect();
        let stalled = self.stalled(desk).filter(|(.., at)| *at <= now);
        late.extend(stalled.map(|(work, peer, _)| (work, peer)));
        for (work, peer) in late {
            *self.faults.entry(peer).or_default() += 1;
            self.take_away(desk, work);
        }
    }

    /// Goes on as far as what has come allows; gives the end, and π, once there is one.
    pub(super) fn settle(&mut self, now: Instant, desk: &mut Desk) -> Option<(Outcome, Vec<Vec<u8>>)> {
        self.heard = now;
        loop {
            self.unsent_bytes = 0;
            if self.handed_out > HOLDS_MAX {
                self.failure = Some("too many holders left, failed or lied".into());
            }
            if let Some(why) = self.failure.take() {
                return Some((Outcome::refused(now, why), Vec::new()));
            }
            if self.has_gathered(desk) {
                self.fill(desk);
            }
            let advanced =
                (0..self.parts.len()).map(|shard| self.consider(desk, shard)).fold(false, |a, b| a | b);
            if self.advance().is_err() {
                self.start_over(desk);
                continue;
            }
            self.ask_all(now, desk);
            if let Some(end) = self.finish(now, desk) {
                return Some(end);
            }
            if !advanced {
                let lacks = !self.alone && (0..self.parts.len()).any(|shard| self.lacks(shard));
                self.lacks = lacks.then(|| self.lacks.unwrap_or(now));
                return None;
            }
        }
    }

    /// Believes what is vouched for of a part's next step; whether anything is.
    fn consider(&mut self, desk: &mut Desk, shard: usize) -> bool {
        let step = self.step_of(shard);
        let (mut own, mut peers) = (None, Vec::new());
        let mut others = 0;
        let hurries = self.hurry[shard].is_some_and(|at| at <= self.heard);
        for (work, hold) in self.holds.iter().filter(|(_, hold)| hold.shard == shard) {
            match (&hold.answer, hold.who) {
                (Some(answer), Who::Own) if hold.step == step => own = Some(answer.clone()),
                (Some(answer), Who::Peer(_)) if hold.step == step => peers.push((*work, answer)),
                // Who goes through earlier rounds is not waited for where others vouch.
                (_, Who::Peer(_)) if hold.step < step && !hurries => others += 1,
                // It catches up, or is replaced once it is late.
                (_, Who::Peer(_)) if hurries => {}
                (_, Who::Peer(_)) => return false,
                (_, Who::Own) => {}
            }
        }
        let agree = peers.windows(2).all(|pair| pair[0].1 == pair[1].1);
        let is_own = own.is_some();
        let truth = match own {
            // Not ahead of light nodes, unless there are none.
            Some(own) if !peers.is_empty() || (self.alone && others == 0) => own,
            Some(_) => return false,
            None if !self.is_strict && agree && peers.len() > 1 && self.is_possible(peers[0].1) => {
                peers[0].1.clone()
            }
            None => {
                let is_lone = peers.len() == 1 && others == 0;
                let is_odd = peers.iter().any(|(_, answer)| !self.is_possible(answer));
                if self.is_strict || !agree || is_lone || is_odd {
                    self.referee(desk, shard);
                }
                return false;
            }
        };
        let said = peers.into_iter().map(|(work, answer)| (work, *answer == truth)).collect::<Vec<_>>();
        self.believe(shard, step, truth.clone());
        for hold in self.holds.values_mut().filter(|hold| hold.shard == shard && hold.who == Who::Own) {
            if hold.step == step && hold.answer.take().is_some() {
                hold.step += 1;
            }
        }
        for (work, is_true) in said {
            match self.holds.get_mut(&work) {
                Some(hold) if is_true => (hold.answer, hold.step) = (None, hold.step + 1),
                _ => self.lied(desk, work),
            }
        }
        self.judge_left(desk, shard, step, &truth, is_own);
        true
    }

    fn believe(&mut self, shard: usize, step: u32, answer: Answer) {
        self.hurry[shard] = None;
        let at = (step as usize).saturating_sub(1) / 2;
        match answer {
            Answer::Kept(kept) => self.kept[shard] = Some(kept),
            Answer::Spread(spread) => {
                self.log_bytes += 4 * spread.exports.len() as u64 + 64;
                if let Some(round) = self.log.get_mut(at) {
                    round.spreads[shard] = Some(spread);
                }
            }
            Answer::Sums(sums) => {
                if let Some(round) = self.log.get_mut(at) {
                    round.sums[shard] = Some(sums);
                }
            }
        }
    }

    /// Judges a round that is over.
    fn advance(&mut self) -> Result<(), Incredible> {
        let Some(round) = self.log.last() else { return Ok(()) };
        if self.hub.verdict().is_some() {
            return Ok(());
        }
        let sums = round.sums.iter().zip(&round.spreads);
        let sums =
            sums.map(|(sums, spread)| Some(ShardSums { dangling: spread.as_ref()?.dangling, ..(*sums)? }));
        if let Some(sums) = sums.collect::<Option<Vec<ShardSums>>>() {
            self.hub.judge(&sums)?;
            self.next_round();
            if self.log_bytes > LOG_BYTES_MAX {
                let mib = LOG_BYTES_MAX >> 20;
                self.failure = Some(format!(
                    "what parts said in {} rounds has more than {mib} MiB; take a larger ε, or rank it on one machine",
                    self.rounds()
                ));
            }
        }
        Ok(())
    }

    /// What parts said is not of one graph, though two vouched for each: they lie alike. All is done again, and nothing believed that this node has not
    /// had done beside itself. Who was called a liar or failed may have been given what is false, so that is forgotten.
    pub(super) fn start_over(&mut self, desk: &mut Desk) {
        if self.is_strict {
            self.failure = Some("this heavy node's processor errs".into());
            return;
        }
        self.is_strict = true;
        self.liars.clear();
        self.faults.clear();
        self.leave(desk);
        self.hub.restart();
        self.log.clear();
        self.log_bytes = 0;
        self.kept.fill(None);
        self.hurry.fill(None);
        // Letters that are still on their way, and what is being put together, hold what liars said.
        self.lists.clear();
        self.end = None;
        self.left = Left::default();
        self.next_round();
    }

    /// Takes all parts away.
    pub(super) fn leave(&mut self, desk: &mut Desk) {
        let replaced = self.replaced;
        let works: Vec<WorkId> = self.holds.keys().copied().collect();
        works.into_iter().for_each(|work| self.take_away(desk, work));
        // It is not that others take their places.
        self.replaced = replaced;
    }

    /// Has π put together once all parts have told what they keep; gives the end once it is.
    fn finish(&mut self, now: Instant, desk: &mut Desk) -> Option<(Outcome, Vec<Vec<u8>>)> {
        let (verdict, report) = (self.hub.verdict()?, self.hub.report());
        let FocusMade { digest, top, slices } = self.focus(desk)?;
        let shards = self.parts.iter().enumerate().map(|(shard, part)| {
            let holders = self.holds.values().filter(|hold| self.is_through(hold) && hold.shard == shard);
            let holders = self.left.through(shard, &self.liars).chain(holders.map(HolderDone::from));
            ShardDone { nodes: part.nodes, edges: part.edges, holders: holders.collect() }
        });
        let ended = Ended {
            digest,
            verdict: word(verdict),
            message: format!("{verdict}"),
            rounds: report.rounds,
            bound: report.bound,
            change: report.change,
            lost: report.lost,
            ratio: report.ratio,
            graph: self.facts,
            top,
            shards: shards.collect(),
            replaced: self.replaced,
            liars: self.liars.iter().copied().collect(),
            took_ms: now.since_ms(self.began),
        };
        Some((Outcome { at: now, result: Ok(ended) }, slices))
    }
}
