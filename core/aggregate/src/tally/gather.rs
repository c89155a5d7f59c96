//! The reports that all of a cohort hold: checked and added up a slice at a time.
//!
//! With `prio3` the three heavy nodes exchange a verifier share for each report, in the order of the ids. Each works ahead of
//! the others by a window, keeps its own shares for as long as a fellow may lack them, and makes older ones anew where one asks again
//! after a restart. With the other schemes each is on its own, and goes through the reports as they lie in its store.

use super::{
    ALL, Aggregate, BTreeSet, Batch, HEAVY, InstanceExt, Peer, RefusalReason, ReportId, SHARED_MIN,
    SHARED_OF, Tally, Vec, VecDeque,
    record::{self, StoredOffers},
    report,
    shares::{Read, Share},
};
use crate::message::{Offer, Pulled, VERIFIERS_BYTES_PER_PART, VERIFIERS_PER_PART, set_digest};
use codec::ContentId;
use keys::{Derived, Identity};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vdaf::{Commitments, Instance, State};

/// What the verify key is hashed from, with the three heavy nodes' parts in it and the computation.
const KEY_LABEL: &[u8] = b"formix/verify-key/2\0";

/// Reports of which this node works ahead of the slower of its fellows, in parts of a message.
const PARTS_AHEAD: usize = 2;

/// Parts of own verifier shares that are made anew at a time: one for each fellow.
const AGAIN_MAX: usize = HEAVY - 1;

/// Own verifier shares that are made anew for a fellow.
#[derive(Debug)]
struct Again {
    /// Index of the first candidate.
    from: usize,
    /// `None` until their reports are read.
    shares: Option<Vec<Vec<u8>>>,
    told: bool,
}

/// The reports that all of a cohort hold, and how far they are checked and added up.
#[derive(Debug)]
pub(super) struct Gather {
    /// Whose holdings were intersected.
    pub(super) cohort: u8,
    /// Ascending; where nothing is exchanged, as they lie in the store until all are done with.
    pub(super) candidates: Vec<ReportId>,
    pub(super) digest: ContentId,
    pub(super) key: [u8; 32],
    /// Candidates that are invalid, ascending.
    pub(super) rejected: Vec<ReportId>,
    /// Known to be invalid by the offers already.
    offered_invalid: BTreeSet<ReportId>,
    /// So many candidates are done with.
    next: usize,
    /// States of those that follow, for which this node's own verifier shares are made.
    states: VecDeque<Option<State>>,
    /// This node's verifier shares from `first` on.
    shares: VecDeque<Vec<u8>>,
    first: usize,
    again: Vec<Again>,
    sum: Option<Aggregate>,
    commitments: Commitments,
}

impl Gather {
    pub(super) fn new(cohort: u8, candidates: Vec<ReportId>, key: [u8; 32]) -> Self {
        Self {
            cohort,
            digest: set_digest(&candidates),
            candidates,
            key,
            rejected: Vec::new(),
            offered_invalid: BTreeSet::new(),
            next: 0,
            states: VecDeque::new(),
            shares: VecDeque::new(),
            first: 0,
            again: Vec::new(),
            sum: None,
            commitments: Commitments::empty(),
        }
    }

    /// One that is done with, as it was committed to.
    pub(super) fn done_with(
        cohort: u8,
        candidates: Vec<ReportId>,
        key: [u8; 32],
        rejected: Vec<ReportId>,
    ) -> Self {
        let mut gather = Self::new(cohort, candidates, key);
        gather.next = gather.candidates.len();
        gather.first = gather.next;
        gather.rejected = rejected;
        gather
    }

    pub(super) const fn done(&self) -> usize {
        self.next
    }

    pub(super) const fn is_done(&self) -> bool {
        self.next == self.candidates.len()
    }

    pub(super) fn has_rejected(&self, id: &ReportId) -> bool {
        self.rejected.binary_search(id).is_ok()
    }

    /// The valid ones, once all are looked at.
    pub(super) fn agreed(&self) -> Vec<ReportId> {
        self.candidates.iter().filter(|id| !self.has_rejected(id)).copied().collect()
    }

    pub(super) const fn sum(&self) -> Option<&Aggregate> {
        self.sum.as_ref()
    }

    pub(super) const fn commitments(&self) -> &Commitments {
        &self.commitments
    }

    /// Index after the last candidate for which own verifier shares are made.
    fn computed(&self) -> usize {
        self.next + self.states.len()
    }

    /// The candidates whose shares are still to be read.
    pub(super) fn rest(&self) -> &[ReportId] {
        self.candidates.get(self.computed()..).unwrap_or_default()
    }

    /// The candidates from which a fellow wants this node's verifier shares anew, and the index of the first.
    pub(super) fn wanted_again(&self) -> Option<(usize, &[ReportId])> {
        let from = self.again.iter().find(|again| again.shares.is_none())?.from;
        Some((from, self.candidates.get(from..)?))
    }

    /// How many verifier shares one message holds.
    fn per_part(instance: &Instance) -> usize {
        (VERIFIERS_BYTES_PER_PART / instance.verifier_share_len().max(1)).clamp(1, VERIFIERS_PER_PART)
    }

    /// Own verifier shares from the candidate at `from` on, made anew; none until its reports are read.
    fn again(&mut self, from: usize) -> Vec<Vec<u8>> {
        if let Some(again) = self.again.iter_mut().find(|again| again.from == from) {
            again.told |= again.shares.is_some();
            return again.shares.clone().unwrap_or_default();
        }
        if self.again.len() >= AGAIN_MAX {
            // What was told has served; else the oldest that was made makes room.
            let made = self.again.iter().position(|again| again.shares.is_some());
            let Some(at) = self.again.iter().position(|again| again.told).or(made) else { return Vec::new() };
            self.again.remove(at);
        }
        self.again.push(Again { from, shares: None, told: false });
        Vec::new()
    }

    fn ahead(&self, instance: &Instance) -> usize {
        (self.next + PARTS_AHEAD * Self::per_part(instance)).min(self.candidates.len())
    }
}

impl Tally {
    /// Whether [`Tally::advance`] has something to do that nobody is awaited for.
    pub(super) fn has_work(&self) -> bool {
        if self.has_given_up() || !(super::Stage::Closed..super::Stage::Done).contains(&self.durable) {
            return false;
        }
        let is_here = self.shares.is_here();
        if self.check.offer.is_none() {
            // Without reports that are still to be read there is an offer to make.
            return is_here || self.check.todo.is_none() || self.check.rest().is_empty();
        }
        let Some(gather) = self.gather.as_ref().filter(|gather| !gather.is_done()) else { return false };
        if self.instance.verifier_share_len() == 0 {
            return is_here;
        }
        let both = self.other_roles().all(|role| !self.peers[role].verifiers.is_empty());
        (is_here && gather.computed() < gather.ahead(&self.instance)) || (both && !gather.states.is_empty())
    }

    /// Looks at a slice of the reports that this node holds, before it offers them; with `rep64`, whether they open their
    /// commitments.
    pub(super) fn check_own(&mut self, identity: &Identity) {
        if self.check.offer.is_some() {
            return;
        }
        if self.check.todo.is_none() {
            let all = || self.reports.keys().copied().collect();
            let names_liars = self.proposal.scheme.names_liars();
            self.check.todo = Some(if names_liars { self.as_stored(all()) } else { Vec::new() });
        }
        if !self.check.rest().is_empty() {
            let slice = self.shares.take(self.instance.slice());
            self.check.next += slice.len();
            let mut invalid = self.unopened(slice, identity).1;
            self.check.invalid.append(&mut invalid);
            return;
        }
        self.check.todo = Some(Vec::new());
        self.check.next = 0;
        self.check.invalid.sort_unstable();
        let seed = identity.derive(Derived::VerifySeed, self.id.digest());
        let ids: Vec<ReportId> = self.reports.keys().copied().collect();
        let bytes = Offer::bytes(self.id, &ids, self.check.invalid.iter().copied(), &seed);
        self.check.offer = Some((bytes, seed));
    }

    /// The shares and states of those reports that open their commitments, and the ids of the others.
    fn unopened(&self, reports: Vec<Read>, identity: &Identity) -> (Vec<(Share, State)>, Vec<ReportId>) {
        let ids: Vec<ReportId> = reports.iter().map(|(id, _)| *id).collect();
        let (mut sound, mut states, mut invalid) = (Vec::new(), Vec::new(), Vec::new());
        for (id, share) in reports {
            match share.and_then(|share| self.init(&share, &[0; 32]).map(|(state, _)| (share, state))) {
                Some((share, state)) => {
                    sound.push((id, share));
                    states.push(state);
                }
                None => invalid.push(id),
            }
        }
        // Fixed by what is held, and not to be foreseen by who made the reports.
        let seed = identity.derive(Derived::Weights, set_digest(&ids).digest());
        let bad = self.instance.verify_batch(&mut states, &mut ChaCha20Rng::from_seed(seed));
        invalid.extend(bad.iter().map(|at| sound[*at].0));
        let sound = sound.into_iter().map(|(_, share)| share);
        let opened = sound.into_iter().zip(states).enumerate();
        let opened = opened.filter(|(at, _)| bad.binary_search(at).is_err());
        (opened.map(|(_, opened)| opened).collect(), invalid)
    }

    /// First look at a report that this node holds.
    fn init(&self, share: &Share, key: &[u8; 32]) -> Option<(State, Option<Vec<u8>>)> {
        let context = report::context(self.id);
        self.instance.verify_init(key, &context, self.role, &share.nonce, &share.public, &share.input).ok()
    }

    /// Fixes what all three offered, from which candidates and verify key follow, where this node will say verifier shares; the batch makes that
    /// durable and is empty where it is. The proofs of `prio3` keep a secret under one key: a heavy node that offered anything else to
    /// this one after a restart would have its reports checked under another.
    pub(super) fn fix_offers(&mut self) -> Result<Batch, RefusalReason> {
        let mut batch = Batch::new();
        if self.instance.verifier_share_len() == 0 {
            return Ok(batch);
        }
        let own = self.check.offer.as_ref().map(|(bytes, _)| ContentId::of(bytes));
        let offered = |role: usize| if role == self.role { own } else { self.peers[role].digest };
        let offers = core::array::from_fn(|role| offered(role).unwrap_or_else(|| ContentId::of(&[])));
        let Some(before) = self.offers else {
            batch.put(record::key(self.id, record::CLOSED), codec::encode(&StoredOffers { offers }));
            self.offers = Some(offers);
            return Ok(batch);
        };
        match (0..HEAVY).find(|role| before[*role] != offers[*role]) {
            None => Ok(batch),
            Some(role) => {
                let heavy = self.proposal.heavy[role].id;
                Err(RefusalReason::HeavyDisagrees { heavy, about: "the reports that it holds".into() })
            }
        }
    }

    /// The reports that all of `cohort` hold, or why there is no result over them; all ids are here.
    pub(super) fn begin_gather(&self, cohort: u8) -> Result<Gather, RefusalReason> {
        let mut candidates: Vec<ReportId> = self.reports.keys().copied().collect();
        let mut invalid: BTreeSet<ReportId> = self.check.invalid.iter().copied().collect();
        let mut seeds = [[0; 32]; HEAVY];
        for (role, seed) in seeds.iter_mut().enumerate().filter(|(role, _)| cohort >> role & 1 == 1) {
            let peer = &self.peers[role];
            if role == self.role {
                *seed = self.check.offer.as_ref().map(|offer| offer.1).unwrap_or_default();
            } else {
                *seed = peer.offer.map(|head| head.seed).unwrap_or_default();
                candidates.retain(|id| peer.ids.binary_search(id).is_ok());
                invalid.extend(&peer.invalid);
            }
        }
        let key = [KEY_LABEL, self.id.digest(), &seeds.concat()].concat();
        let mut gather = Gather::new(cohort, candidates, *ContentId::of(&key).digest());
        gather.offered_invalid = invalid;
        let valid = gather.candidates.iter().filter(|id| !gather.offered_invalid.contains(*id)).count();
        self.enough(valid as u32)?;
        if self.instance.verifier_share_len() == 0 {
            gather.candidates = self.as_stored(gather.candidates);
        }
        Ok(gather)
    }

    /// Whether so many valid reports are enough for a result.
    pub(super) fn enough(&self, participants: u32) -> Result<(), RefusalReason> {
        let (held, participants_min) = (self.reports.len() as u32, self.proposal.participants_min);
        if participants < participants_min {
            return Err(RefusalReason::TooFew { participants, participants_min });
        }
        if u64::from(participants) * SHARED_OF < u64::from(held) * SHARED_MIN {
            return Err(RefusalReason::Shrunk { participants, held });
        }
        Ok(())
    }

    /// Checks and adds up a slice of the candidates.
    pub(super) fn gather_on(&mut self, identity: &Identity) {
        let Some(mut gather) = self.gather.take() else { return };
        if gather.sum.is_none() {
            gather.sum = self.instance.empty(self.role).ok();
        }
        if self.instance.verifier_share_len() == 0 {
            self.add_slice(&mut gather, identity);
        } else {
            self.make_shares(&mut gather);
            self.merge_shares(&mut gather);
        }
        self.gather = Some(gather);
    }

    /// Where there is nothing to exchange.
    fn add_slice(&mut self, gather: &mut Gather, identity: &Identity) {
        let mut slice = self.shares.take(self.instance.slice());
        gather.next += slice.len();
        let invalid = slice.extract_if(.., |(id, _)| gather.offered_invalid.contains(id));
        gather.rejected.extend(invalid.map(|(id, _)| id));
        let context = report::context(self.id);
        for (share, state) in self.unopened(slice, identity).0 {
            let Ok(output) = self.instance.verify_next(&context, state, &[]) else { continue };
            if let Some(sum) = &mut gather.sum {
                // Never full: there are no more candidates than participants.
                let _ = sum.accumulate(&output);
            }
            if self.proposal.scheme.names_liars() {
                let _ = gather.commitments.add(&share.public);
            }
        }
        if gather.is_done() {
            gather.candidates.sort_unstable();
            gather.rejected.sort_unstable();
        }
    }

    /// Own verifier shares, ahead of the others by a window.
    fn make_shares(&mut self, gather: &mut Gather) {
        let most = gather.ahead(&self.instance).saturating_sub(gather.computed());
        for (_, share) in self.shares.take(most.min(self.instance.slice())) {
            // A share that is none is refused by all alike.
            let (state, share) = match share.and_then(|share| self.init(&share, &gather.key)) {
                Some((state, share)) => (Some(state), share.unwrap_or_default()),
                None => (None, Vec::new()),
            };
            gather.states.push_back(state);
            gather.shares.push_back(share);
        }
    }

    /// Merges what all three have said of as many candidates as make a slice.
    fn merge_shares(&mut self, gather: &mut Gather) {
        let context = report::context(self.id);
        for _ in 0..self.instance.slice() {
            let both = self.other_roles().all(|role| !self.peers[role].verifiers.is_empty());
            if !both || gather.states.is_empty() {
                break;
            }
            let own = gather.shares.get(gather.next - gather.first).map(Vec::as_slice).unwrap_or_default();
            let mut theirs = [const { Vec::new() }; HEAVY];
            for (role, peer) in self.peers.iter_mut().enumerate() {
                theirs[role] = peer.verifiers.pop_front().unwrap_or_default();
            }
            let shares: [&[u8]; HEAVY] =
                core::array::from_fn(|role| if role == self.role { own } else { theirs[role].as_slice() });
            let state = gather.states.pop_front().flatten();
            let output = self
                .instance
                .verifier_merge(&context, shares)
                .ok()
                .zip(state)
                .and_then(|(message, state)| self.instance.verify_next(&context, state, &message).ok());
            match (output, &mut gather.sum) {
                (Some(output), Some(sum)) => {
                    let _ = sum.accumulate(&output);
                }
                _ => gather.rejected.push(gather.candidates[gather.next]),
            }
            gather.next += 1;
        }
        // A fellow that is behind has no more than a window to go.
        let keep = PARTS_AHEAD * Gather::per_part(&self.instance);
        while gather.first + keep < gather.next {
            gather.shares.pop_front();
            gather.first += 1;
        }
    }

    /// The index of the first report for which the verifier share of `role` is wanted, where one is.
    pub(super) fn wanted_verifier(&self, role: usize) -> Option<u32> {
        let gather = self.gather.as_ref().filter(|gather| !gather.is_done())?;
        let waiting = self.peers[role].verifiers.len();
        let from = gather.next + waiting;
        let wanted = self.instance.verifier_share_len() > 0
            && waiting < Gather::per_part(&self.instance)
            && from < gather.candidates.len();
        wanted.then_some(from as u32)
    }

    /// Own verifier shares from `from` on.
    pub(super) fn publish_verifiers(&mut self, from: u32) -> Pulled {
        let Some(gather) = &mut self.gather else { return Pulled::NotYet };
        let (at, most) = (from as usize, Gather::per_part(&self.instance));
        let kept = gather.first..gather.first + gather.shares.len();
        let shares: Vec<Vec<u8>> = if kept.contains(&at) {
            gather.shares.iter().skip(at - gather.first).take(most).cloned().collect()
        } else if at < gather.first {
            gather.again(at)
        } else {
            Vec::new()
        };
        if shares.is_empty() {
            return Pulled::NotYet;
        }
        Pulled::Verifiers { candidates: gather.digest, from, shares }
    }

    /// Makes own verifier shares anew, of reports from the candidate at `from` on.
    pub(super) fn make_again(&mut self, from: usize, reports: &[Read]) {
        let Some(key) = self.gather.as_ref().map(|gather| gather.key) else { return };
        let most = Gather::per_part(&self.instance);
        let made = reports.iter().take(most).map(|(_, share)| self.init(share.as_ref()?, &key)?.1);
        let shares: Vec<Vec<u8>> = made.map(Option::unwrap_or_default).collect();
        let mut waiting = self.gather.iter_mut().flat_map(|gather| &mut gather.again);
        if let Some(again) = waiting.find(|again| again.from == from) {
            again.shares = Some(shares);
        }
    }

    /// Takes the verifier shares of `role`; false where they cannot be those of these reports.
    pub(super) fn learn_verifiers(
        &mut self,
        role: usize,
        candidates: ContentId,
        from: u32,
        shares: Vec<Vec<u8>>,
    ) -> bool {
        if self.wanted_verifier(role) != Some(from) {
            return true;
        }
        let Some(gather) = &self.gather else { return true };
        let left = gather.candidates.len() - from as usize;
        let most = self.instance.verifier_share_len();
        if candidates != gather.digest || shares.len() > left || shares.iter().any(|share| share.len() > most)
        {
            return false;
        }
        self.peers[role].verifiers.extend(shares);
        true
    }
}

impl Peer {
    /// Drops what only served the agreement.
    pub(super) fn clear(&mut self) {
        *self = Self { refused: self.refused.take(), ..Self::default() };
    }
}

const _: () = assert!(ALL == (1 << HEAVY) - 1, "a bit for each role");
