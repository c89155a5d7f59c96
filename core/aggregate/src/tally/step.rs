//! The steps of agreement, in their order.

use super::{
    ALL, Batch, Committed, HEAVY, Identity, Instant, NodeId, Outcome, Persist, Refusal, RefusalReason, Stage,
    Tally, Vec, key,
    record::{self, End},
};
use crate::{
    differencing::Past,
    evidence::Evidence,
    message::{Commitment, set_digest},
};
use alloc::string::ToString;
use vdaf::Aggregate;

impl Tally {
    /// Takes the next step that time and knowledge allow. What it gives is to be made durable and then
    /// told to [`Tally::persisted`]; until then there is no further step. Large sets take many calls: see [`Tally::poll_timeout`].
    /// `past` is what this node has released before.
    pub fn advance(&mut self, now: Instant, identity: &Identity, past: &Past) -> Option<Persist> {
        if !self.is_durable() || self.is_final() {
            return None;
        }
        if self.durable >= Stage::Closed {
            self.closed_since.get_or_insert(now);
        }
        if self.durable >= Stage::Committed {
            self.committed_since.get_or_insert(now);
        }
        self.late |= self.closed_since.is_some() && now >= self.late_at();
        self.very_late |= now >= self.very_late_at();
        self.out_of_patience |= self.out_of_patience_at().is_some_and(|at| now >= at);
        self.released |= self.releases();
        if self.is_complete() {
            return Some(self.finish(Stage::Done, identity));
        }
        if self.has_given_up() {
            return None;
        }
        if self.stage < Stage::Signed {
            if let Some(reason) = self.obstacle(now) {
                return Some(self.refuse(reason, identity));
            }
        } else if now >= self.proposal.end() && self.refusal.is_none() {
            let disagrees = self.peers.iter().find_map(|peer| peer.refused.clone());
            let reason = disagrees.unwrap_or_else(|| RefusalReason::HeavyMissing {
                heavy: self.others().filter(|id| !self.is_signed_by(*id)).collect(),
                awaited: "its signature under the result".into(),
            });
            return Some(self.refuse(reason, identity));
        }
        if self.stage > Stage::Closed {
            // A fellow that is behind may still ask.
            self.check_own(identity);
        }
        match self.stage {
            Stage::Proposed if self.unaccepted().is_empty() => {
                let mut batch = Batch::new();
                batch.put(key(self.id, record::PROPOSAL), self.envelope.to_json());
                Some(self.step(Stage::Open, batch))
            }
            Stage::Open if self.closes(now) => {
                let mut batch = Batch::new();
                batch.put(key(self.id, record::CLOSED), []);
                Some(self.step(Stage::Closed, batch))
            }
            Stage::Closed => self.agree(identity, past),
            Stage::Committed => self.sum_up(identity),
            _ => None,
        }
    }

    /// The batch of a [`Persist`] with this stage is durable.
    pub fn persisted(&mut self, stage: Option<Stage>) {
        match stage {
            Some(stage) => self.durable = self.durable.max(stage),
            None => self.refusal_durable = true,
        }
        self.evidence_durable = self.evidence.is_some();
        self.offers_durable = self.offers.is_some();
        if self.is_over() {
            // Shares have served; only what became of whom remains.
            self.fates = self.fates();
            self.shed();
        }
    }

    fn step(&mut self, stage: Stage, batch: Batch) -> Persist {
        self.stage = stage;
        Persist { stage: Some(stage), batch }
    }

    fn closes(&self, now: Instant) -> bool {
        now >= self.proposal.deadline || self.reports_durable >= self.proposal.participants_max
    }

    /// Why there will be no result, as far as can be told now.
    fn obstacle(&self, now: Instant) -> Option<RefusalReason> {
        if self.cancellation.is_some() && self.stage <= Stage::Open {
            return Some(RefusalReason::Cancelled);
        }
        let needed = || self.other_roles().filter(|role| self.is_in_cohort(*role));
        let mut refused = needed().filter_map(|role| self.peers[role].refused.clone());
        let one_is_enough = !self.survives_loss() || self.stage == Stage::Proposed;
        if one_is_enough || needed().all(|role| self.peers[role].refused.is_some()) {
            // The reason why a heavy node has none says more than that it has none.
            if let Some(reason) = refused.next() {
                return Some(reason);
            }
        }
        let missing = |awaited: &str, lacks: &dyn Fn(usize) -> bool| {
            let heavy: Vec<NodeId> =
                needed().filter(|role| lacks(*role)).map(|role| self.proposal.heavy[role].id).collect();
            if heavy.is_empty() {
                RefusalReason::Expired
            } else {
                RefusalReason::HeavyMissing { heavy, awaited: awaited.into() }
            }
        };
        let ended = now >= self.proposal.end();
        match self.stage {
            Stage::Proposed if now >= self.proposal.deadline => Some(match self.unaccepted() {
                heavy if heavy.is_empty() => RefusalReason::Expired,
                heavy => {
                    RefusalReason::HeavyMissing { heavy, awaited: "its acceptance of the proposal".into() }
                }
            }),
            Stage::Open if ended => Some(RefusalReason::Expired),
            Stage::Closed => {
                let (participants, participants_min) =
                    (self.reports.len() as u32, self.proposal.participants_min);
                if participants < participants_min {
                    return Some(RefusalReason::TooFew { participants, participants_min });
                }
                ended.then(|| match self.gather {
                    None if self.other_roles().all(|role| self.peers[role].complete) => {
                        missing("its commitment", &|role| self.peers[role].commitment.is_none())
                    }
                    None => {
                        missing("the ids of the reports that it holds", &|role| !self.peers[role].complete)
                    }
                    Some(_) => missing("its verifier shares", &|role| self.peers[role].verifiers.is_empty()),
                })
            }
            Stage::Committed => {
                let other = self
                    .other_roles()
                    .find(|role| self.peers[*role].commitment.is_some() && !self.commits_alike(*role));
                if let Some(role) = other.filter(|_| !self.survives_loss()) {
                    let heavy = self.proposal.heavy[role].id;
                    return Some(RefusalReason::HeavyDisagrees { heavy, about: "the agreed set".into() });
                }
                let lacks =
                    |role: usize| self.peers[role].commitment.is_none() || self.peers[role].partial.is_none();
                ended.then(|| missing("its commitment and its sum of shares", &lacks))
            }
            _ => None,
        }
    }

    /// Whose holdings to intersect, once that is settled. Whoever has the ids of all intersects those of all: who asks to do without one
    /// that is here would have two sums, one of them without it. Where two are enough and the third keeps them waiting, the one of the smaller
    /// role decides, once the other says that it waits for that; so the two never commit to different sets.
    fn cohort(&self) -> Option<u8> {
        if self.has_all_ids() {
            return Some(ALL);
        }
        if !self.survives_loss() || !self.late {
            return None;
        }
        if let Some(followed) = self.cohort_to_follow() {
            return followed.ok();
        }
        let waits = |role: &usize| self.peers[*role].undecided && self.peers[*role].complete;
        let first = self.unrefused().find(waits)?;
        (self.role < first || self.very_late).then_some(1 << self.role | 1 << first)
    }

    /// From the ids of all to a commitment.
    fn agree(&mut self, identity: &Identity, past: &Past) -> Option<Persist> {
        self.check_own(identity);
        self.check.offer.as_ref()?;
        if self.gather.is_none() {
            let cohort = self.cohort()?;
            match self.fix_offers() {
                Err(reason) => return Some(self.refuse(reason, identity)),
                Ok(batch) if !batch.is_empty() => return Some(self.step(Stage::Closed, batch)),
                Ok(_) => {}
            }
            match self.begin_gather(cohort) {
                Ok(gather) => self.gather = Some(gather),
                Err(reason) => return Some(self.refuse(reason, identity)),
            }
        }
        self.gather_on(identity);
        let is_done = self.gather.as_ref().is_some_and(super::Gather::is_done);
        is_done.then(|| self.commit(identity, past))
    }

    fn commit(&mut self, identity: &Identity, past: &Past) -> Persist {
        match self.commitment(past) {
            Err(reason) => self.refuse(reason, identity),
            Ok(committed) => {
                let mut batch = Batch::new();
                if let Some(gather) = &self.gather {
                    self.counted = gather.agreed().into_iter().collect();
                    batch.put(key(self.id, record::COMMITTED), self.encode_commitment(&committed, gather));
                }
                self.committed = Some(committed);
                self.step(Stage::Committed, batch)
            }
        }
    }

    /// What to commit to, once all candidates are checked and added up.
    fn commitment(&self, past: &Past) -> Result<Committed, RefusalReason> {
        let gather = self.gather.as_ref().ok_or(RefusalReason::Expired)?;
        let agreed = gather.agreed();
        let participants = agreed.len() as u32;
        self.enough(participants)?;
        let mut lights: Vec<NodeId> =
            agreed.iter().filter_map(|id| self.reports.get(id)).map(|held| held.light).collect();
        lights.sort_unstable();
        let fields = self.proposal.plan().map(|plan| plan.fields()).unwrap_or_default();
        if let Some((computation, differs_by)) =
            past.conflict(self.id, &self.proposal.dataset, &fields, &lights)
        {
            return Err(RefusalReason::Differencing { computation, differs_by });
        }
        let sum = gather.sum().filter(|sum| sum.reports() == participants);
        let sum = sum.ok_or_else(|| RefusalReason::Impossible {
            why: "a share that this heavy node holds is damaged".into(),
        })?;
        let sums = match self.proposal.scheme.names_liars() {
            true => gather.commitments().encode(),
            false => Vec::new(),
        };
        let commitment = Commitment {
            cohort: gather.cohort,
            set: set_digest(&agreed),
            participants,
            rejected: gather.rejected.len() as u32,
            sums,
        };
        Ok(Committed { commitment, sum: sum.encode() })
    }

    fn sum_up(&mut self, identity: &Identity) -> Option<Persist> {
        let committed = self.committed.as_ref()?;
        let needed = || self.other_roles().filter(|role| self.is_in_cohort(*role));
        let is_here = |role: usize| self.peers[role].partial.is_some();
        // Each sum that comes is checked against the commitments, so the slowest is worth some waiting.
        let ready = needed().any(is_here) && needed().all(|role| is_here(role) || self.keeps_waiting(role));
        // A result over a set that another denies would be one of two.
        if !ready || !self.releases() {
            return None;
        }
        let own = self.instance.decode_aggregate(self.role, &committed.sum).ok()?;
        let sums: [Option<&Aggregate>; HEAVY] = core::array::from_fn(|role| {
            if role == self.role { Some(&own) } else { self.peers[role].partial.as_ref() }
        });
        let totals = match self.instance.unshard(sums, committed.commitment.participants) {
            Ok(totals) => totals,
            Err(error) => {
                return Some(self.refuse(RefusalReason::Impossible { why: error.to_string() }, identity));
            }
        };
        let plan = self.proposal.plan().ok()?;
        if let Some(query::FewValues { values, category }) = plan.few_values(&totals) {
            return Some(self.refuse(RefusalReason::FewValues { values, category }, identity));
        }
        let outcome = Outcome::new(self.id, &self.proposal, &plan, &committed.commitment, &totals).ok()?;
        let mut result = outcome.envelope();
        result.sign(identity);
        let mut batch = Batch::new();
        batch.put(key(self.id, record::SIGNED), result.to_json());
        self.add_evidence(&mut batch, identity);
        self.result = Some(result);
        Some(self.step(Stage::Signed, batch))
    }

    /// Makes evidence of what a liar said, to be durable with the next step.
    fn add_evidence(&mut self, batch: &mut Batch, identity: &Identity) {
        let liars = core::mem::take(&mut self.liars);
        for (role, said) in liars {
            let accused = self.proposal.heavy[role].id;
            if self.evidence.is_none() {
                let evidence = Evidence::sign(self.id, accused, said, identity);
                batch.put(key(self.id, record::EVIDENCE), evidence.to_json());
                self.evidence = Some(evidence);
            }
        }
    }

    pub(super) fn is_signed_by(&self, heavy: NodeId) -> bool {
        self.result.as_ref().is_some_and(|result| result.signature_of(heavy).is_some())
    }

    /// Whether the result has the signatures that it waits for: all, or where two are enough, those of all that are in reach.
    pub(super) fn is_complete(&self) -> bool {
        let heavy = || self.proposal.heavy.iter().enumerate();
        let signed = heavy().filter(|(_, key)| self.is_signed_by(key.id)).count();
        let waits = |(role, _): (usize, _)| {
            self.is_in_cohort(role)
                && role != self.role
                && !self.is_signed_by(self.proposal.heavy[role].id)
                && self.peers[role].refused.is_none()
        };
        let in_reach = self.adopted || self.very_late || !heavy().any(waits);
        signed >= self.proposal.signatures_min() && (in_reach || signed == HEAVY)
    }

    fn refuse(&mut self, reason: RefusalReason, identity: &Identity) -> Persist {
        let is_cancelled = reason == RefusalReason::Cancelled;
        self.refusal = Some(Refusal::sign(self.id, reason, identity));
        if self.stage >= Stage::Signed {
            let mut batch = Batch::new();
            batch.put(key(self.id, record::END), codec::encode(&End::of(self)));
            return Persist { stage: None, batch };
        }
        if !self.released {
            self.counted.clear();
            self.committed = None;
        }
        let mut persist = self.finish(self.stage, identity);
        if let Some(cancellation) = self.cancellation.as_ref().filter(|_| is_cancelled) {
            // For whoever was away when it came.
            persist.batch.put(key(self.id, record::CANCELLED), cancellation.to_json());
        }
        persist.stage = None;
        persist
    }

    /// The final record, in place of everything else but the proposal. Reports and withdrawals go once it is durable, in pieces.
    fn finish(&mut self, stage: Stage, identity: &Identity) -> Persist {
        let mut batch = Batch::new();
        self.stage = stage;
        batch.put(key(self.id, record::END), codec::encode(&End::of(self)));
        batch.put(key(self.id, record::PROPOSAL), self.envelope.to_json());
        for kind in [record::CLOSED, record::COMMITTED, record::SIGNED] {
            batch.delete(key(self.id, kind));
        }
        self.add_evidence(&mut batch, identity);
        self.step(stage, batch)
    }
}
