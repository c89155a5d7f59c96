//! A heavy node that lies. Its machine is an honest one; what it says to the other two is altered where its messages leave,
//! and signed again with its key, so that every signature holds.

use crate::{dice::Dice, equivocate::Plot, oracle::Oracle};
use aggregate::{
    Outcome, Proposal, ReportId,
    message::{Commitment, Offer, Pull, Pulled, Request, Response, partial_bytes},
};
use codec::{ContentId, Instant, decode, encode};
use keys::{Domain, Identity, NodeId};
use std::collections::BTreeMap;

/// A way of lying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lie {
    /// Another sum of shares than the one it has.
    Sum,
    /// The same, and a signature under the result that follows from it.
    Total,
    /// A commitment to another set, number or sum of commitments.
    Commit,
    /// Other reports than it holds: some left out, some made up, some said to be invalid; or another part of the verify key.
    Offer,
    /// Verifier shares that make valid reports look invalid.
    Verifier,
    /// Signatures under nothing.
    Signature,
    /// No sum of shares at all, though it takes those of the others.
    Withhold,
    /// Other reports to each, and a commitment to whatever each commits to itself, to have a sum of each over another set.
    Equivocate,
}

impl Lie {
    /// Every way.
    pub const ALL: [Self; 8] = [
        Self::Sum,
        Self::Total,
        Self::Commit,
        Self::Offer,
        Self::Verifier,
        Self::Signature,
        Self::Withhold,
        Self::Equivocate,
    ];
}

/// The one who lies.
#[derive(Debug)]
pub(crate) struct Liar {
    pub(crate) host: usize,
    pub(crate) lie: Lie,
    pub(crate) identity: Identity,
    pub(crate) seed: u64,
    /// What it truly committed to.
    commitments: BTreeMap<ContentId, Commitment>,
    /// How many words it has altered.
    pub(crate) lies: u64,
    /// What it asks besides its machine, to equivocate.
    pub(crate) plot: Plot,
}

impl Liar {
    pub(crate) fn new(host: usize, lie: Lie, identity: Identity, seed: u64) -> Self {
        Self { host, lie, identity, seed, commitments: BTreeMap::new(), lies: 0, plot: Plot::default() }
    }

    /// What it says in place of `body` to `asker`, and whether that is a sum it does not have.
    pub(crate) fn say(
        &mut self,
        now: Instant,
        asker: NodeId,
        (request, body): (&[u8], &[u8]),
        oracle: &mut Oracle,
    ) -> Option<(Vec<u8>, Option<ContentId>)> {
        let Ok(Request::Pull { id, pull }) = decode::<Request>(request) else { return None };
        let Ok(Response::Pulled(word)) = decode::<Response>(body) else { return None };
        if let Pulled::Commit { commitment, .. } = &word {
            self.commitments.insert(id, commitment.clone());
        }
        let proposal = oracle.known.get(&id)?.proposal.clone();
        if self.lie == Lie::Equivocate {
            let altered = self.equivocate(now, asker, (id, &proposal), pull, word, oracle)?;
            self.lies += 1;
            return Some((encode(&Response::Pulled(altered)), None));
        }
        // The same to one asker however often, so that a retry does not give it away.
        let both = Dice::new(self.seed ^ number(id.digest()), 4).chance(500);
        let salt = if both { 0 } else { number(asker.public_key()) };
        let mut dice = Dice::new(self.seed ^ number(id.digest()) ^ salt, 5);
        if !both && self.lie != Lie::Total && dice.chance(300) {
            return None;
        }
        let altered = self.alter(id, &proposal, pull, word, &mut dice, oracle)?;
        self.lies += 1;
        let is_sum = matches!(altered, Pulled::Partial { .. });
        Some((encode(&Response::Pulled(altered)), is_sum.then_some(id)))
    }

    fn alter(
        &self,
        id: ContentId,
        proposal: &Proposal,
        pull: Pull,
        word: Pulled,
        dice: &mut Dice,
        oracle: &mut Oracle,
    ) -> Option<Pulled> {
        match (self.lie, word) {
            (Lie::Sum, Pulled::Partial { set, mut sum, .. }) => {
                match dice.below(4) {
                    // Of which no sum consists, or which covers another number of reports.
                    0 => sum.truncate(dice.below(sum.len() as u64) as usize),
                    1 => sum[0] ^= 1,
                    _ => sum[4] ^= 1 << dice.below(3),
                }
                Some(self.sum(id, set, sum))
            }
            (Lie::Total, Pulled::Partial { set, mut sum, .. }) => {
                // One more in the first component.
                let (low, _) = sum.get_mut(4..)?.split_first_chunk_mut::<8>()?;
                *low = u64::from_le_bytes(*low).wrapping_add(1).to_le_bytes();
                Some(self.sum(id, set, sum))
            }
            (Lie::Total, Pulled::Signature { .. }) => {
                let commitment = self.commitments.get(&id)?;
                let mut totals = oracle.exact(id, commitment.set)?;
                *totals.first_mut()? += 1;
                let outcome = Outcome::new(id, proposal, &proposal.plan().ok()?, commitment, &totals).ok()?;
                let mut envelope = outcome.envelope();
                envelope.sign(&self.identity);
                let signature = envelope.signature_of(self.identity.id())?.sig.clone().try_into().ok()?;
                Some(Pulled::Signature { signature })
            }
            (Lie::Commit, Pulled::Commit { mut commitment, .. }) => {
                match dice.below(4) {
                    0 => commitment.participants += 1,
                    1 => commitment.rejected += 1,
                    2 if !commitment.sums.is_empty() => commitment.sums[10] ^= 1,
                    _ => commitment.set = ContentId::from_digest(dice.bytes()),
                }
                let signature = self.identity.sign(Domain::Commit, &commitment.bytes(id));
                Some(Pulled::Commit { commitment, signature })
            }
            (Lie::Offer, Pulled::Offer(offer)) => self.offer(id, proposal, offer, dice).map(Pulled::Offer),
            (Lie::Verifier, Pulled::Verifiers { candidates, from, mut shares }) => {
                let ids = oracle.candidates(id)?;
                for (at, share) in (from as usize..).zip(&mut shares) {
                    let of_report = ids.get(at)?;
                    if Dice::new(self.seed ^ number(&of_report.0), 6).chance(100)
                        && let Some(byte) = share.first_mut()
                    {
                        *byte ^= 1;
                        oracle.spoilt.insert(*of_report);
                    }
                }
                Some(Pulled::Verifiers { candidates, from, shares })
            }
            (Lie::Signature, Pulled::Signature { mut signature }) => {
                signature[dice.below(64) as usize] ^= 1;
                Some(Pulled::Signature { signature })
            }
            (Lie::Withhold, Pulled::Partial { .. }) if pull == Pull::Partial => Some(Pulled::NotYet),
            _ => None,
        }
    }

    fn sum(&self, id: ContentId, set: ContentId, sum: Vec<u8>) -> Pulled {
        let signature = self.identity.sign(Domain::Partial, &partial_bytes(id, set, &sum));
        Pulled::Partial { set, sum, signature }
    }

    fn offer(&self, id: ContentId, proposal: &Proposal, mut offer: Offer, dice: &mut Dice) -> Option<Offer> {
        if proposal.role(self.identity.id()) != Some(usize::from(offer.of)) {
            // Another's, passed on with one report less.
            offer.ids.pop();
            offer.total = offer.total.checked_sub(1)?;
            offer.invalid.retain(|at| (*at as usize) < offer.ids.len());
            return Some(offer);
        }
        if offer.from != 0 || offer.ids.len() != offer.total as usize {
            return None;
        }
        match dice.below(4) {
            0 => offer.ids.retain(|_| !dice.chance(150)),
            1 => (0..3).for_each(|_| offer.ids.push(ReportId(dice.bytes()))),
            2 => offer.seed = dice.bytes(),
            _ => {
                let some = (0..offer.total).filter(|_| dice.chance(100));
                offer.invalid.extend(some);
            }
        }
        offer.ids.sort_unstable();
        offer.ids.dedup();
        offer.total = offer.ids.len() as u32;
        offer.invalid.retain(|at| *at < offer.total);
        offer.invalid.sort_unstable();
        offer.invalid.dedup();
        let invalid: Vec<ReportId> = offer.invalid.iter().map(|at| offer.ids[*at as usize]).collect();
        let bytes = Offer::bytes(id, &offer.ids, invalid.iter().copied(), &offer.seed);
        offer.signature = self.identity.sign(Domain::Offer, &bytes);
        Some(offer)
    }
}

pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
