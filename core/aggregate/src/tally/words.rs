//! What heavy nodes ask and tell each other.

use super::{
    ALL, ContentId, Envelope, HEAVY, Identity, NodeId, OfferHead, Pull, Pulled, Refusal, RefusalReason,
    ReportId, Signature, Stage, Tally, Vec,
};
use crate::{
    evidence::{self, Said},
    message::{Commitment, IDS_PER_PART, Offer, partial_bytes},
    outcome::{self, RESULT_TYPE},
};
use keys::Domain;

impl Tally {
    /// What this node lacks from the others, to ask them for; at most one thing of each.
    pub fn wants(&self) -> Vec<(NodeId, Pull)> {
        if self.is_final() {
            return Vec::new();
        }
        let wants =
            self.other_roles().filter_map(|role| Some((self.proposal.heavy[role].id, self.want(role)?)));
        wants.collect()
    }

    fn want(&self, role: usize) -> Option<Pull> {
        let peer = &self.peers[role];
        if self.has_given_up() {
            // A result that the others have come to meanwhile.
            return peer.refused.is_none().then_some(Pull::Signature);
        }
        let is_out = self.survives_loss() && peer.refused.is_some() && self.stage < Stage::Signed;
        if is_out || (self.refusal.is_some() && self.stage < Stage::Signed) {
            return None;
        }
        let ids_of = |of: usize| Pull::Offer { of: of as u8, from: self.peers[of].ids.len() as u32 };
        match self.durable {
            Stage::Closed if !peer.complete => Some(ids_of(role)),
            Stage::Closed if self.gather.is_some() => {
                self.wanted_verifier(role).map(|from| Pull::Verifiers { from })
            }
            Stage::Closed if self.survives_loss() => match self.lacking_of(role) {
                Some(third) => Some(ids_of(third)),
                None => Some(Pull::Commit),
            },
            Stage::Committed if self.is_in_cohort(role) => match &peer.commitment {
                None => Some(Pull::Commit),
                Some(_) if self.releases() && self.commits_alike(role) && peer.partial.is_none() => {
                    Some(Pull::Partial)
                }
                Some(_) => None,
            },
            // Also from one that has given its own: it may have the third's meanwhile.
            Stage::Signed if !self.is_complete() => Some(Pull::Signature),
            _ => None,
        }
    }

    /// The third's role, where `role` has committed to what its ids are needed for and this node lacks them.
    fn lacking_of(&self, role: usize) -> Option<usize> {
        let third = (0..HEAVY).find(|third| *third != role && *third != self.role)?;
        let (commitment, _) = self.peers[role].commitment.as_ref()?;
        let lacks = !self.peers[third].complete && !self.peers[third].relay_failed;
        (commitment.cohort >> third & 1 == 1 && lacks).then_some(third)
    }

    pub(super) fn is_in_cohort(&self, role: usize) -> bool {
        self.committed.as_ref().map_or(ALL, |own| own.commitment.cohort) >> role & 1 == 1
    }

    pub(super) fn commits_alike(&self, role: usize) -> bool {
        let theirs = self.peers[role].commitment.as_ref().map(|(commitment, _)| commitment);
        theirs.is_some() && theirs == self.committed.as_ref().map(|own| &own.commitment)
    }

    /// Whether sums may leave this node: it and all others of the cohort are committed to one set, durably here. Where the scheme does without
    /// one, two are enough once the third has refused or kept the others waiting. A third that has committed to anything else is never done
    /// without: the one that commits as this node does may commit as the third does as well, and then the difference of the two sums is a few
    /// people's answers.
    pub(super) fn releases(&self) -> bool {
        if self.committed.is_none() || self.durable < Stage::Committed {
            return false;
        }
        let others = || self.other_roles().filter(|role| self.is_in_cohort(*role));
        let is_out = |role: usize| self.peers[role].commitment.is_none() && self.keeps_waiting(role);
        others().any(|role| self.commits_alike(role))
            && others().all(|role| self.commits_alike(role) || is_out(role))
    }

    /// Whether this node need not wait for the commitment or the sum of `role` any more. It has asked for it itself for long enough: a fellow
    /// that can be reached has said by then what it committed to, or asks for this node's commitment before it releases anything.
    pub(super) fn keeps_waiting(&self, role: usize) -> bool {
        self.survives_loss() && (self.out_of_patience || self.peers[role].refused.is_some())
    }

    /// Whether the ids of both others are here.
    pub(super) fn has_all_ids(&self) -> bool {
        self.other_roles().all(|role| self.peers[role].complete)
    }

    /// This node's word on a step, for another heavy node of the computation. Nothing is published
    /// before it is durable. What needs shares that lie in the store is told once [`Tally::loaded`] has brought them.
    pub fn publish(&mut self, pull: Pull, identity: &Identity) -> Pulled {
        if let Some(refusal) = self.refusal.as_ref().filter(|_| self.has_given_up()) {
            return Pulled::Refused { envelope: refusal.to_json() };
        }
        if let Some(result) = self.result.as_ref().filter(|_| self.durable == Stage::Done) {
            return Pulled::Result { envelope: result.to_json() };
        }
        match (pull, &self.committed) {
            (Pull::Offer { of, from }, _) if self.durable >= Stage::Closed => {
                self.publish_offer(usize::from(of), from, identity).map_or(Pulled::NotYet, Pulled::Offer)
            }
            (Pull::Verifiers { from }, _) if self.durable >= Stage::Closed => self.publish_verifiers(from),
            (Pull::Commit, Some(committed)) if self.durable >= Stage::Committed => Pulled::Commit {
                commitment: committed.commitment.clone(),
                signature: identity.sign(Domain::Commit, &committed.commitment.bytes(self.id)),
            },
            (Pull::Commit, None) if self.is_undecided() => Pulled::Undecided,
            (Pull::Partial, Some(committed)) if self.releases() || self.durable >= Stage::Signed => {
                let (set, sum) = (committed.commitment.set, committed.sum.clone());
                let signature = identity.sign(Domain::Partial, &partial_bytes(self.id, set, &sum));
                Pulled::Partial { set, sum, signature }
            }
            (Pull::Signature, _) if self.durable >= Stage::Signed => {
                let own = self.result.as_ref().and_then(|result| result.signature_of(self.me));
                match own.and_then(|own| own.sig.clone().try_into().ok()) {
                    Some(signature) => Pulled::Signature { signature },
                    None => Pulled::NotYet,
                }
            }
            _ => Pulled::NotYet,
        }
    }

    /// Whether it has waited for the third's ids long enough and will commit as another does.
    pub(super) fn is_undecided(&self) -> bool {
        self.survives_loss()
            && self.late
            && !self.has_all_ids()
            && self.stage == Stage::Closed
            && self.durable == Stage::Closed
            && self.gather.is_none()
    }

    /// A part of this node's ids, or of the third's where they are all here.
    fn publish_offer(&self, of: usize, from: u32, identity: &Identity) -> Option<Offer> {
        let start = from as usize;
        let (ids, all_invalid, head): (Vec<ReportId>, &[ReportId], OfferHead) = if of == self.role {
            let (bytes, seed) = self.check.offer.as_ref()?;
            let signature = identity.sign(Domain::Offer, bytes);
            let ids = self.reports.keys().skip(start).take(IDS_PER_PART).copied().collect();
            let head = OfferHead { total: self.reports.len() as u32, seed: *seed, signature };
            (ids, &self.check.invalid, head)
        } else {
            let peer = self.peers.get(of).filter(|peer| peer.complete && self.survives_loss())?;
            (peer.ids.iter().skip(start).take(IDS_PER_PART).copied().collect(), &peer.invalid, peer.offer?)
        };
        let is_invalid = |id: &ReportId| all_invalid.binary_search(id).is_ok();
        let invalid = (0..).zip(&ids).filter(|(_, id)| is_invalid(id)).map(|(at, _)| at).collect();
        let OfferHead { total, seed, signature } = head;
        Some(Offer { of: of as u8, total, from, ids, invalid, seed, signature })
    }

    /// Takes another heavy node's word. What breaks the protocol is remembered as its disagreement.
    pub fn learn(&mut self, heavy: NodeId, word: Pulled) {
        let Some(role) = self.proposal.role(heavy).filter(|role| *role != self.role) else { return };
        let about = match word {
            Pulled::NotYet => None,
            Pulled::Undecided => {
                self.peers[role].undecided = true;
                None
            }
            Pulled::Offer(offer) => self.learn_offer(role, offer),
            Pulled::Verifiers { candidates, from, shares } => {
                let fits = self.learn_verifiers(role, candidates, from, shares);
                (!fits).then_some("the reports that all hold")
            }
            Pulled::Commit { commitment, signature } => {
                let valid = commitment.cohort >> role & 1 == 1
                    && commitment.cohort & !ALL == 0
                    && (commitment.cohort == ALL || self.survives_loss())
                    && heavy.verify(Domain::Commit, &commitment.bytes(self.id), &signature);
                if valid {
                    self.peers[role].commitment.get_or_insert((commitment, signature));
                }
                (!valid).then_some("its signature under the agreed set")
            }
            Pulled::Partial { set, sum, signature } => self.learn_partial(role, set, sum, signature),
            Pulled::Signature { signature } => self.learn_signature(heavy, &signature),
            Pulled::Result { envelope } => {
                self.adopt(&envelope);
                None
            }
            Pulled::Refused { envelope } => {
                let refusal = Envelope::from_json(&envelope)
                    .ok()
                    .and_then(|envelope| Refusal::open(&envelope, self.id, heavy).ok());
                if let Some(refusal) = refusal {
                    let reason = refusal.reason.code().into();
                    self.peers[role].refused.get_or_insert(RefusalReason::HeavyRefused { heavy, reason });
                }
                None
            }
        };
        if let Some(about) = about {
            let reason = RefusalReason::HeavyDisagrees { heavy, about: about.into() };
            self.peers[role].refused.get_or_insert(reason);
        }
        self.released |= self.releases();
    }

    /// Takes a part of ids, from whom they are or, passed on, from the other.
    fn learn_offer(&mut self, from_role: usize, offer: Offer) -> Option<&'static str> {
        let of = usize::from(offer.of);
        let is_relayed = of != from_role;
        let wanted = of < HEAVY
            && of != self.role
            && self.stage == Stage::Closed
            // The third's only where they were asked for: the parts that the third itself sends would no longer fit.
            && (!is_relayed || (self.survives_loss() && self.lacking_of(from_role) == Some(of)))
            && !self.peers[of].complete
            && offer.from as usize == self.peers[of].ids.len();
        if !wanted {
            return None;
        }
        let (id, participants_max) = (self.id, self.proposal.participants_max);
        let heavy = self.proposal.heavy[of].id;
        let peer = &mut self.peers[of];
        let head = OfferHead { total: offer.total, seed: offer.seed, signature: offer.signature };
        let total = offer.total as usize;
        let ascending = peer.ids.last().into_iter().chain(&offer.ids).is_sorted_by(|a, b| a < b);
        let fits = ascending
            && offer.total <= participants_max
            && peer.offer.is_none_or(|known| known == head)
            && peer.ids.len() + offer.ids.len() <= total
            && (!offer.ids.is_empty() || total == peer.ids.len())
            && offer.invalid.is_sorted_by(|a, b| a < b)
            && offer.invalid.last().is_none_or(|last| (*last as usize) < offer.ids.len());
        if fits {
            peer.offer = Some(head);
            peer.relayed |= is_relayed;
            peer.invalid.extend(offer.invalid.iter().map(|at| offer.ids[*at as usize]));
            peer.ids.extend(offer.ids);
            if peer.ids.len() < total {
                return None;
            }
            let bytes = Offer::bytes(id, &peer.ids, peer.invalid.iter().copied(), &head.seed);
            if heavy.verify(Domain::Offer, &bytes, &head.signature) {
                peer.complete = true;
                peer.digest = Some(ContentId::of(&bytes));
                return None;
            }
        }
        if is_relayed || peer.relayed {
            // Who of the two is to blame cannot be told: begin anew, with itself alone.
            peer.relay_failed = true;
            (peer.ids, peer.invalid, peer.offer, peer.relayed) = (Vec::new(), Vec::new(), None, false);
            return None;
        }
        Some("the reports that it holds")
    }

    fn learn_partial(
        &mut self,
        role: usize,
        set: codec::ContentId,
        sum: Vec<u8>,
        signature: [u8; 64],
    ) -> Option<&'static str> {
        let heavy = self.proposal.heavy[role].id;
        let own = self.committed.as_ref()?;
        if !self.commits_alike(role) || self.peers[role].partial.is_some() {
            return None;
        }
        let wrong = Some("its sum of shares");
        if set != own.commitment.set
            || !heavy.verify(Domain::Partial, &partial_bytes(self.id, set, &sum), &signature)
        {
            return wrong;
        }
        if self.proposal.scheme.names_liars()
            && evidence::contradicts(&self.instance, role, &own.commitment, &sum)
        {
            let (commitment, commit_signature) = self.peers[role].commitment.clone()?;
            let said = Said { commitment, commit_signature, sum, sum_signature: signature };
            if self.liars.iter().all(|(liar, _)| *liar != role) {
                self.liars.push((role, said));
            }
            return wrong;
        }
        match self.instance.decode_aggregate(role, &sum) {
            Ok(partial) if partial.reports() == own.commitment.participants => {
                self.peers[role].partial = Some(partial);
                None
            }
            _ => wrong,
        }
    }

    fn learn_signature(&mut self, heavy: NodeId, signature: &[u8; 64]) -> Option<&'static str> {
        let result = self.result.as_mut().filter(|_| self.stage == Stage::Signed)?;
        let mut signed = result.clone();
        signed.attach(Signature { keyid: heavy, sig: signature.to_vec() });
        if signed.verify(RESULT_TYPE, &[heavy]).is_err() {
            return Some("the result");
        }
        *result = signed;
        None
    }

    /// Takes a whole result. Where all three must sign, one that this node has not signed is none.
    fn adopt(&mut self, envelope: &[u8]) {
        if self.stage == Stage::Done {
            return;
        }
        let Ok(mut found) = Envelope::from_json(envelope) else { return };
        let Ok(outcome) = outcome::open(self.id, &self.proposal, &found) else { return };
        let is_own = self.result.as_ref().is_some_and(|own| own.payload == found.payload);
        if !is_own && !self.survives_loss() {
            return;
        }
        if self.committed.as_ref().is_some_and(|own| own.commitment.set != outcome.set) {
            // The others agreed on another set: which of the reports here are in it is not known. Of the one that this node committed to it
            // is, and a sum over it may be out.
            if self.released {
                self.out = self.counted_lights();
            }
            self.committed = None;
            self.counted.clear();
        }
        found.signatures.retain(|signature| self.proposal.role(signature.keyid).is_some());
        self.result = Some(found);
        self.adopted = true;
    }

    /// What one has committed to that this node, which lacks the ids of one, can follow: it is in the cohort, and so are only such as it has all
    /// ids of.
    pub(super) fn cohort_to_follow(&self) -> Option<Result<u8, ()>> {
        let commitments = self.unrefused().filter_map(|role| self.peers[role].commitment.as_ref());
        let mut mine = commitments.filter(|(commitment, _)| commitment.cohort >> self.role & 1 == 1);
        let (Commitment { cohort, .. }, _) = mine.next()?;
        let all_here = self.other_roles().all(|role| cohort >> role & 1 == 0 || self.peers[role].complete);
        Some(if all_here { Ok(*cohort) } else { Err(()) })
    }
}
