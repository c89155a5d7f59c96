//! A heavy node that would have the sums of the other two over two sets: their difference is one person's answer.
//!
//! With `rep64` it needs one component more than it holds, which each of the others has. So it has them add up different
//! reports, and signs to each the very set that this one commits to, in one of three ways: by offering other reports to each; by a
//! commitment of itself and the one that asks, before the third has offered; or by passing on made-up ids of the third, so that the two
//! never hear of each other, and then such a commitment. Meanwhile it asks both for their commitments and their sums all the time.

use crate::{
    dice::Dice,
    liar::{Liar, number},
    oracle::Oracle,
    plan::HEAVY,
    world::{Event, World},
};
use aggregate::{
    Proposal, ReportId,
    message::{Commitment, Offer, Pull, Pulled, Request, Response, set_digest},
};
use codec::{ContentId, Instant, decode, encode};
use keys::{Domain, NodeId};
use net::{Protocol, RequestId};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds between its questions.
const ASK_EVERY_MS: u64 = 400;
/// The ids of its questions follow on this one, so that no machine has them.
const FIRST: u64 = 1 << 60;

/// What it asks, and what it has learned.
#[derive(Debug, Default)]
pub(crate) struct Plot {
    asked: u64,
    questions: BTreeMap<RequestId, ContentId>,
    /// What it truly holds.
    own: BTreeMap<ContentId, Vec<ReportId>>,
    /// What the others have committed to.
    theirs: BTreeMap<(ContentId, NodeId), Commitment>,
}

/// A way to keep the other two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Offers,
    Pairs,
    Relays,
}

impl Liar {
    fn way(&self, id: ContentId) -> Way {
        *Dice::new(self.seed ^ number(id.digest()), 7).pick(&[Way::Offers, Way::Pairs, Way::Relays])
    }

    /// The reports that it offers to `asker`: one is missing, to each another.
    fn offered_to(&self, id: ContentId, asker: NodeId, all: &[ReportId]) -> Vec<ReportId> {
        let mut dice = Dice::new(self.seed ^ number(id.digest()) ^ number(asker.public_key()), 8);
        let missing = dice.below(all.len().max(1) as u64) as usize;
        all.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, id)| *id).collect()
    }

    /// What it says in place of `word` to `asker`.
    pub(crate) fn equivocate(
        &mut self,
        now: Instant,
        asker: NodeId,
        (id, proposal): (ContentId, &Proposal),
        pull: Pull,
        word: Pulled,
        oracle: &Oracle,
    ) -> Option<Pulled> {
        if matches!(word, Pulled::Result { .. } | Pulled::Refused { .. }) {
            return None;
        }
        let (me, role) = (proposal.role(self.identity.id())?, proposal.role(asker)?);
        let way = self.way(id);
        match (pull, word) {
            (Pull::Offer { of, .. }, Pulled::Offer(offer)) if usize::from(of) == me => {
                if offer.from > 0 || offer.ids.len() != offer.total as usize {
                    return None;
                }
                self.plot.own.entry(id).or_insert_with(|| offer.ids.clone());
                let third = (0..HEAVY).find(|third| *third != me && *third != role)?;
                let is_late = now > proposal.deadline.plus_ms(proposal.grace_ms() / 3);
                if way == Way::Relays && !is_late {
                    let ids: Vec<ReportId> = offer.ids.iter().take(1).copied().collect();
                    return Some(Pulled::Offer(Offer { of: third as u8, ids, invalid: Vec::new(), ..offer }));
                }
                let ids = self.offered_to(id, asker, &offer.ids);
                let bytes = Offer::bytes(id, &ids, std::iter::empty(), &offer.seed);
                let signature = self.identity.sign(Domain::Offer, &bytes);
                let total = ids.len() as u32;
                Some(Pulled::Offer(Offer { total, ids, invalid: Vec::new(), signature, ..offer }))
            }
            (Pull::Commit, _) => {
                let known = self.plot.theirs.get(&(id, asker)).cloned();
                let commitment = known.or_else(|| match way {
                    Way::Offers => None,
                    Way::Pairs | Way::Relays => self.pair(id, asker, 1 << me | 1 << role, oracle),
                });
                let Some(commitment) = commitment else { return Some(Pulled::NotYet) };
                let signature = self.identity.sign(Domain::Commit, &commitment.bytes(id));
                Some(Pulled::Commit { commitment, signature })
            }
            _ => None,
        }
    }

    /// What `asker` would commit to with this one alone.
    fn pair(&self, id: ContentId, asker: NodeId, cohort: u8, oracle: &Oracle) -> Option<Commitment> {
        let own = self.plot.own.get(&id)?;
        let (theirs, invalid) = oracle.held(id, asker)?;
        let offered: BTreeSet<ReportId> = self.offered_to(id, asker, own).into_iter().collect();
        let both = || theirs.iter().filter(|id| offered.contains(*id));
        let set: Vec<ReportId> = both().filter(|id| !invalid.contains(*id)).copied().collect();
        let mut sums = vdaf::Commitments::empty();
        for report in &set {
            sums.add(oracle.publics.get(report)?).ok()?;
        }
        Some(Commitment {
            cohort,
            set: set_digest(&set),
            participants: set.len() as u32,
            rejected: both().filter(|id| invalid.contains(*id)).count() as u32,
            sums: sums.encode(),
        })
    }
}

impl World {
    /// Asks both for their commitments and their sums, in every computation.
    pub(crate) fn plot(&mut self) {
        let Some(host) = self.liar.as_ref().map(|liar| liar.host) else { return };
        let ids: Vec<ContentId> = self.oracle.known.keys().copied().collect();
        for id in ids {
            for to in (0..HEAVY).filter(|to| *to != host) {
                for pull in [Pull::Commit, Pull::Partial] {
                    let Some(liar) = &mut self.liar else { return };
                    liar.plot.asked += 1;
                    let question = RequestId(FIRST + liar.plot.asked);
                    liar.plot.questions.insert(question, id);
                    let peer = self.hosts[to].id;
                    if self.hosts[host].machine.is_some() {
                        let body = encode(&Request::Pull { id, pull });
                        self.request(host, peer, question, Protocol::Aggregate, body);
                    }
                }
            }
        }
        self.after(ASK_EVERY_MS, Event::Plot);
    }

    /// Takes the answer to a question of [`World::plot`]; false where it is to one of the host's machine.
    pub(crate) fn overhear(
        &mut self,
        host: usize,
        from: usize,
        question: RequestId,
        body: Option<&[u8]>,
    ) -> bool {
        let Some(liar) = self.liar.as_mut().filter(|liar| liar.host == host && question.0 > FIRST) else {
            return false;
        };
        let id = liar.plot.questions.remove(&question);
        if let (Some(id), Some(Ok(Response::Pulled(Pulled::Commit { commitment, .. })))) =
            (id, body.map(decode::<Response>))
        {
            liar.plot.theirs.insert((id, self.hosts[from].id), commitment);
        }
        true
    }
}
