//! One computation at one heavy node.

use crate::{
    Nonce, Outcome, Proposal, Refusal, RefusalReason, ReportId, additive64, contribution,
    message::{IDS_PER_PART, Mine, Pull, Pulled, ReportRefusal, Status},
    outcome::RESULT_TYPE,
    proposal::PAYLOAD_TYPE,
    report,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format, vec,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire};
use keys::{Domain, Envelope, Identity, NodeId, SealKey, Signature};
use store::{Batch, Entry};

mod record;
#[cfg(test)]
mod tests;
mod withdraw;

use record::{Committed, End, Segment, Stored, key};

/// Prefix of every key that tallies store under.
pub const STORE_PREFIX: &[u8] = record::PREFIX;

const ROLES: usize = additive64::SHARES;
/// Of [`SHARED_OF`] reports that this node holds, so many must be in the agreed set. A heavy node that
/// offers few of its reports could otherwise leave one person alone with made-up participants.
const SHARED_MIN: u64 = 2;
const SHARED_OF: u64 = 3;

/// How far a computation has come at this heavy node.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// This node accepted; the others' acceptances are awaited.
    Proposed,
    /// All three accepted; reports are taken.
    Open,
    /// No more reports; the others' ids are awaited.
    Closed,
    /// Committed to the agreed set; the others' commitments, then their sums, are awaited.
    Committed,
    /// The result is computed and signed; the others' signatures are awaited.
    Signed,
    /// The result has all signatures.
    Done,
}

/// Something to make durable before the world may see it.
#[derive(Debug)]
pub struct Persist {
    /// The stage that is reached once the batch is durable; `None` for a refusal.
    pub stage: Option<Stage>,
    /// What to store.
    pub batch: Batch,
}

/// What one of the other two heavy nodes has said.
#[derive(Debug, Default)]
struct Peer {
    ids: Vec<ReportId>,
    ids_total: Option<u32>,
    set: Option<(ContentId, u32)>,
    partial: Option<Vec<u64>>,
    refused: Option<RefusalReason>,
}

/// One computation at one heavy node: gathers reports, agrees, and ends. See the crate's documentation
/// for how to drive it.
#[derive(Debug)]
pub struct Tally {
    id: ContentId,
    proposal: Proposal,
    envelope: Envelope,
    me: NodeId,
    role: usize,
    /// Reached in memory; what is not yet durable is not published.
    stage: Stage,
    durable: Stage,
    reports: BTreeMap<ReportId, (NodeId, Vec<u64>)>,
    lights: BTreeMap<NodeId, (ReportId, Nonce)>,
    /// Light nodes whose reports are not durable yet.
    volatile: BTreeSet<NodeId>,
    reports_durable: u32,
    /// Light nodes that took their answers back; none of theirs is taken any more.
    withdrawn: BTreeSet<NodeId>,
    /// Numbers of the segments written, ascending; a store that failed may lack some.
    segments: Vec<u32>,
    peers: [Peer; ROLES],
    committed: Option<Committed>,
    result: Option<Envelope>,
    refusal: Option<Envelope>,
    refusal_durable: bool,
    /// Reports in the agreed set.
    counted: BTreeSet<ReportId>,
    /// After the end: each light node that reported, ascending, and whether it was counted.
    fates: Vec<(NodeId, bool)>,
}

impl Tally {
    /// A computation that this node accepts, with the batch that makes the acceptance durable; `None`
    /// where `identity` is no heavy node of it. The envelope and proposal are checked by the caller.
    pub fn accept(
        id: ContentId,
        proposal: Proposal,
        mut envelope: Envelope,
        identity: &Identity,
    ) -> Option<(Self, Persist)> {
        let me = identity.id();
        let role = proposal.role(me)?;
        // Only the proposer's signature is carried along; each heavy node's comes from itself.
        envelope.signatures.retain(|signature| signature.keyid == proposal.proposer);
        envelope.sign(identity);
        let tally = Self::new(id, proposal, envelope, me, role);
        let mut batch = Batch::new();
        batch.put(key(id, record::PROPOSAL), tally.envelope.to_json());
        Some((tally, Persist { stage: Some(Stage::Proposed), batch }))
    }

    fn new(id: ContentId, proposal: Proposal, envelope: Envelope, me: NodeId, role: usize) -> Self {
        Self {
            id,
            proposal,
            envelope,
            me,
            role,
            stage: Stage::Proposed,
            durable: Stage::Proposed,
            reports: BTreeMap::new(),
            lights: BTreeMap::new(),
            volatile: BTreeSet::new(),
            reports_durable: 0,
            withdrawn: BTreeSet::new(),
            segments: Vec::new(),
            peers: Default::default(),
            committed: None,
            result: None,
            refusal: None,
            refusal_durable: false,
            counted: BTreeSet::new(),
            fates: Vec::new(),
        }
    }

    // Getters.

    /// The computation's id.
    pub const fn id(&self) -> ContentId {
        self.id
    }

    /// What is computed.
    pub const fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The signed proposal, with the acceptances known so far.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// How far it has come, durably.
    #[expect(clippy::misnamed_getters, reason = "the stage in memory is nobody else's business")]
    pub const fn stage(&self) -> Stage {
        self.durable
    }

    /// Reports held, durably.
    pub const fn reports(&self) -> u32 {
        self.reports_durable
    }

    /// The signed end: the result, or this node's refusal.
    pub fn end(&self) -> Option<&Envelope> {
        if self.durable == Stage::Done {
            self.result.as_ref()
        } else {
            self.refusal.as_ref().filter(|_| self.refusal_durable)
        }
    }

    /// Whether nothing can change any more: done, or refused with no result signed.
    pub fn is_final(&self) -> bool {
        self.durable == Stage::Done || (self.refusal_durable && self.stage < Stage::Signed)
    }

    /// Whether it takes part in the life of the network: proposed or open, and not refused.
    pub fn is_open(&self) -> bool {
        self.durable == Stage::Open && self.stage == Stage::Open && self.refusal.is_none()
    }

    /// The other two heavy nodes.
    pub fn others(&self) -> impl Iterator<Item = NodeId> {
        self.proposal.heavy.iter().map(|key| key.id).filter(|id| *id != self.me)
    }

    /// The total, once all three have signed it.
    pub fn outcome(&self) -> Option<Outcome> {
        let result = self.result.as_ref().filter(|_| self.durable == Stage::Done)?;
        serde_json::from_slice(&result.payload).ok()
    }

    /// This node's reason for having no result, where it refused and none has come since.
    pub fn refusal_reason(&self) -> Option<RefusalReason> {
        let refusal = self.refusal.as_ref().filter(|_| self.refusal_durable && self.durable < Stage::Done)?;
        serde_json::from_slice::<Refusal>(&refusal.payload).ok().map(|refusal| refusal.reason)
    }

    /// How it stands, for `asker`.
    pub fn status(&self, asker: NodeId) -> Status {
        let counted = match self.lights.get(&asker) {
            Some((report, _)) => Some(self.counted.contains(report)),
            None => self.fates.binary_search_by_key(&asker, |fate| fate.0).ok().map(|at| self.fates[at].1),
        };
        let mine = match counted {
            None => Mine::None,
            Some(_) if self.durable < Stage::Done && self.refusal_durable => Mine::Unused,
            Some(true) => Mine::Counted,
            Some(false) if self.durable >= Stage::Committed => Mine::NotHeldByAll,
            Some(false) => Mine::Held,
        };
        Status { reports: self.reports_durable, end: self.end().map(Envelope::to_json), mine }
    }

    /// When to call [`Tally::advance`] at the latest, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        // While a step is about to become durable, time changes nothing.
        if self.refusal.is_some() || self.stage == Stage::Done || self.stage != self.durable {
            None
        } else if self.stage <= Stage::Open {
            Some((self.proposal.deadline, "close a computation"))
        } else {
            Some((self.proposal.end(), "give a computation up"))
        }
    }

    // Acceptance.

    /// This node's signature under the proposal.
    pub fn acceptance(&self) -> Option<[u8; 64]> {
        self.envelope.signature_of(self.me).and_then(|signature| signature.sig.clone().try_into().ok())
    }

    /// The heavy nodes whose acceptance is not known.
    pub fn unaccepted(&self) -> Vec<NodeId> {
        if self.stage > Stage::Proposed || self.refusal.is_some() {
            return Vec::new();
        }
        self.others().filter(|id| self.envelope.signature_of(*id).is_none()).collect()
    }

    /// Takes `heavy`'s acceptance. A signature that does not verify is dropped.
    pub fn accepted_by(&mut self, heavy: NodeId, signature: [u8; 64]) {
        let mut envelope = self.envelope.clone();
        envelope.attach(Signature { keyid: heavy, sig: signature.to_vec() });
        if self.others().any(|id| id == heavy) && envelope.verify(PAYLOAD_TYPE, &[heavy]).is_ok() {
            self.envelope = envelope;
        }
    }

    /// Takes `heavy`'s word that it does not accept.
    pub fn not_accepted_by(&mut self, heavy: NodeId, why: &str) {
        if self.stage == Stage::Proposed
            && let Some(role) = self.proposal.role(heavy).filter(|role| *role != self.role)
        {
            let why = why.chars().filter(|c| !c.is_control()).take(300).collect();
            self.peers[role].refused.get_or_insert(RefusalReason::NotAccepted { heavy, why });
        }
    }

    // Reports.

    /// Checks and takes a light node's share. It is to be persisted with [`Tally::segment`] and
    /// acknowledged once durable. `Ok(false)` says that the same report is here already.
    ///
    /// # Errors
    /// [`ReportRefusal`].
    pub fn report(
        &mut self,
        now: Instant,
        light: NodeId,
        nonce: Nonce,
        sealed: &[u8],
        seal: &SealKey,
    ) -> Result<bool, ReportRefusal> {
        if self.withdrawn.contains(&light) {
            return Err(ReportRefusal::Withdrawn);
        }
        if let Some((_, held)) = self.lights.get(&light) {
            return if *held == nonce { Ok(false) } else { Err(ReportRefusal::Duplicate) };
        }
        if self.fates.binary_search_by_key(&light, |fate| fate.0).is_ok() {
            return Ok(false);
        }
        if self.durable < Stage::Open && self.refusal.is_none() && now < self.proposal.deadline {
            return Err(ReportRefusal::NotYet);
        }
        if !self.is_open() || now >= self.proposal.deadline {
            return Err(ReportRefusal::NotOpen);
        }
        if self.lights.len() >= self.proposal.participants_max as usize {
            // A place that is taken but not durable may become free again.
            let full = if self.volatile.is_empty() { ReportRefusal::Full } else { ReportRefusal::Storage };
            return Err(full);
        }
        let share = report::open(seal, self.role, &self.proposal, self.id, light, &nonce, sealed)
            .ok_or(ReportRefusal::Malformed)?;
        self.hold(light, nonce, share);
        self.volatile.insert(light);
        Ok(true)
    }

    fn hold(&mut self, light: NodeId, nonce: Nonce, share: Vec<u64>) {
        let report = ReportId::of(self.id, light, &nonce);
        self.lights.insert(light, (report, nonce));
        self.reports.insert(report, (light, share));
    }

    /// Adds to `batch` the reports of `lights`, just taken, in one segment; false where the computation
    /// ended meanwhile and they are no longer wanted.
    pub fn segment(&mut self, lights: &[NodeId], batch: &mut Batch) -> bool {
        if self.refusal.is_some() || self.stage > Stage::Closed {
            return false;
        }
        let stored = lights.iter().filter_map(|light| {
            let (report, nonce) = self.lights.get(light)?;
            let (_, share) = self.reports.get(report)?;
            Some(Stored { light: *light, nonce: *nonce, share: share.clone() })
        });
        let segment = Segment { reports: stored.collect() };
        let at = self.segments.last().map_or(0, |last| last.saturating_add(1));
        batch.put(record::segment_key(self.id, at), codec::encode(&segment));
        self.segments.push(at);
        true
    }

    /// Takes back reports that could not be stored. They were never acknowledged; the light nodes send
    /// them again.
    pub fn drop_reports(&mut self, lights: &[NodeId]) {
        for light in lights {
            self.volatile.remove(light);
            if let Some((report, _)) = self.lights.remove(light) {
                self.reports.remove(&report);
            }
        }
    }

    /// The reports of `lights` are durable.
    pub fn reports_persisted(&mut self, lights: &[NodeId]) {
        for light in lights {
            if self.volatile.remove(light) {
                self.reports_durable += 1;
            }
        }
    }

    /// Whether `light`'s report is here, durably.
    pub fn holds_durably(&self, light: NodeId) -> bool {
        let held = self.lights.contains_key(&light)
            || self.fates.binary_search_by_key(&light, |fate| fate.0).is_ok();
        held && !self.volatile.contains(&light)
    }

    // Agreement.

    /// What this node lacks from the others, to ask them for.
    pub fn wants(&self) -> Vec<(NodeId, Pull)> {
        if self.is_final() || self.refusal.is_some() && self.stage < Stage::Signed {
            return Vec::new();
        }
        let mut wants = Vec::new();
        for (role, key) in self.proposal.heavy.iter().enumerate().filter(|(role, _)| *role != self.role) {
            let peer = &self.peers[role];
            let pull = match self.durable {
                Stage::Closed if peer.ids_total != Some(peer.ids.len() as u32) => {
                    Some(Pull::Offer { from: peer.ids.len() as u32 })
                }
                Stage::Committed if peer.set.is_none() => Some(Pull::Commit),
                Stage::Committed if self.released() && peer.partial.is_none() => Some(Pull::Partial),
                // Also from one that has given its own: it may have the third's meanwhile.
                Stage::Signed if !self.fully_signed() => Some(Pull::Signature),
                _ => None,
            };
            wants.extend(pull.map(|pull| (key.id, pull)));
        }
        wants
    }

    /// This node's word on a step, for another heavy node of the computation. Nothing is published
    /// before it is durable.
    pub fn publish(&self, pull: Pull, identity: &Identity) -> Pulled {
        if let Some(refusal) = self.refusal.as_ref().filter(|_| self.refusal_durable)
            && self.stage < Stage::Signed
        {
            return Pulled::Refused { envelope: refusal.to_json() };
        }
        if let Some(result) = self.result.as_ref().filter(|_| self.durable == Stage::Done) {
            return Pulled::Result { envelope: result.to_json() };
        }
        match (pull, &self.committed) {
            (Pull::Offer { from }, _) if self.durable >= Stage::Closed && !self.is_final() => Pulled::Offer {
                total: self.reports.len() as u32,
                from,
                ids: self.reports.keys().skip(from as usize).take(IDS_PER_PART).copied().collect(),
            },
            (Pull::Commit, Some(committed)) if self.durable >= Stage::Committed => Pulled::Commit {
                set: committed.set,
                participants: committed.participants,
                signature: identity.sign(Domain::Commit, &commit_bytes(self.id, committed)),
            },
            (Pull::Partial, Some(committed)) if self.released() || self.durable >= Stage::Signed => {
                let sum = committed.sum.clone();
                let signature = identity.sign(Domain::Partial, &partial_bytes(self.id, committed.set, &sum));
                Pulled::Partial { set: committed.set, sum, signature }
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

    /// Takes another heavy node's word. What breaks the protocol is remembered as its disagreement.
    pub fn learn(&mut self, heavy: NodeId, word: Pulled) {
        let Some(role) = self.proposal.role(heavy).filter(|role| *role != self.role) else { return };
        let wrong = |about: &str| Some(RefusalReason::HeavyDisagrees { heavy, about: about.into() });
        let mut refused = None;
        match word {
            Pulled::NotYet => {}
            Pulled::Offer { total, from, ids } => {
                let peer = &mut self.peers[role];
                if self.stage != Stage::Closed || from as usize != peer.ids.len() {
                    return;
                }
                let ascending = peer.ids.last().into_iter().chain(&ids).is_sorted_by(|a, b| a < b);
                let fits = total <= self.proposal.participants_max
                    && peer.ids_total.is_none_or(|known| known == total)
                    && peer.ids.len() + ids.len() <= total as usize
                    && (!ids.is_empty() || total as usize == peer.ids.len());
                if ascending && fits {
                    peer.ids_total = Some(total);
                    peer.ids.extend(ids);
                } else {
                    refused = wrong("the reports that it holds");
                }
            }
            Pulled::Commit { set, participants, signature } => {
                let claimed = Committed { set, participants, agreed: Vec::new(), sum: Vec::new() };
                if heavy.verify(Domain::Commit, &commit_bytes(self.id, &claimed), &signature) {
                    self.peers[role].set.get_or_insert((set, participants));
                } else {
                    refused = wrong("its signature under the agreed set");
                }
            }
            Pulled::Partial { set, sum, signature } => {
                let Some(committed) = self.committed.as_ref() else { return };
                let valid = set == committed.set
                    && sum.len() == contribution::LEN
                    && heavy.verify(Domain::Partial, &partial_bytes(self.id, set, &sum), &signature);
                if valid {
                    self.peers[role].partial.get_or_insert(sum);
                } else {
                    refused = wrong("its sum of shares");
                }
            }
            Pulled::Signature { signature } => {
                let Some(result) = self.result.as_mut().filter(|_| self.stage == Stage::Signed) else {
                    return;
                };
                let mut signed = result.clone();
                signed.attach(Signature { keyid: heavy, sig: signature.to_vec() });
                if signed.verify(RESULT_TYPE, &[heavy]).is_ok() {
                    *result = signed;
                } else {
                    refused = wrong("the result");
                }
            }
            Pulled::Result { envelope } => {
                let heavy: Vec<NodeId> = self.proposal.heavy.iter().map(|key| key.id).collect();
                let Some(own) = self.result.as_mut().filter(|_| self.stage == Stage::Signed) else { return };
                // Of the same bytes: this node has signed no other result.
                if let Ok(mut result) = Envelope::from_json(&envelope)
                    && result.payload == own.payload
                    && result.verify(RESULT_TYPE, &heavy).is_ok()
                {
                    result.signatures.retain(|signature| heavy.contains(&signature.keyid));
                    *own = result;
                }
            }
            Pulled::Refused { envelope } => {
                let refusal = Envelope::from_json(&envelope)
                    .ok()
                    .and_then(|envelope| Refusal::open(&envelope, self.id, heavy).ok());
                if let Some(refusal) = refusal {
                    let reason = refusal.reason.code().into();
                    refused = Some(RefusalReason::HeavyRefused { heavy, reason });
                }
            }
        }
        if let Some(reason) = refused {
            self.peers[role].refused.get_or_insert(reason);
        }
    }

    /// Takes the next step that time and knowledge allow. What it gives is to be made durable and then
    /// told to [`Tally::persisted`]; until then there is no further step.
    pub fn advance(&mut self, now: Instant, identity: &Identity) -> Option<Persist> {
        if self.stage != self.durable || self.refusal.is_some() != self.refusal_durable || self.is_final() {
            return None;
        }
        if self.stage < Stage::Signed {
            if let Some(reason) = self.obstacle(now) {
                return Some(self.refuse(reason, identity));
            }
        } else if now >= self.proposal.end() && self.refusal.is_none() && !self.fully_signed() {
            let disagrees = self.peers.iter().find_map(|peer| peer.refused.clone());
            let reason = disagrees.unwrap_or_else(|| RefusalReason::HeavyMissing {
                heavy: self.others().filter(|id| !self.signed_by(*id)).collect(),
                awaited: "its signature under the result".into(),
            });
            return Some(self.refuse(reason, identity));
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
            Stage::Closed => self.commit(),
            Stage::Committed => self.sum_up(identity),
            Stage::Signed if self.fully_signed() => Some(self.finish(Stage::Done)),
            _ => None,
        }
    }

    /// The batch of a [`Persist`] with this stage is durable.
    pub fn persisted(&mut self, stage: Option<Stage>) {
        match stage {
            Some(stage) => self.durable = self.durable.max(stage),
            None => self.refusal_durable = true,
        }
        if self.is_final() {
            // Shares have served; only what became of whom remains.
            self.fates = self.fates();
            self.lights.clear();
            self.reports.clear();
            self.volatile.clear();
            self.withdrawn.clear();
            self.counted.clear();
            self.peers = Default::default();
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
        if let Some(reason) = self.peers.iter().find_map(|peer| peer.refused.clone()) {
            return Some(reason);
        }
        let too_few = |participants| RefusalReason::TooFew {
            participants,
            participants_min: self.proposal.participants_min,
        };
        let missing = |awaited: &str, lacks: &dyn Fn(&Peer) -> bool| {
            let heavy = self.proposal.heavy.iter().enumerate();
            let heavy = heavy.filter(|(role, _)| *role != self.role && lacks(&self.peers[*role]));
            let heavy: Vec<NodeId> = heavy.map(|(_, key)| key.id).collect();
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
                let held = self.reports.len() as u32;
                if held < self.proposal.participants_min {
                    return Some(too_few(held));
                }
                if let Some(agreed) = self.intersection() {
                    let agreed = agreed.len() as u32;
                    if agreed < self.proposal.participants_min {
                        return Some(too_few(agreed));
                    }
                    let enough = u64::from(agreed) * SHARED_OF >= u64::from(held) * SHARED_MIN;
                    return (!enough).then_some(RefusalReason::Shrunk { participants: agreed, held });
                }
                let lacks = |peer: &Peer| peer.ids_total != Some(peer.ids.len() as u32);
                ended.then(|| missing("the ids of the reports that it holds", &lacks))
            }
            Stage::Committed => {
                let own = self.committed.as_ref().map(|own| (own.set, own.participants));
                let other = self
                    .proposal
                    .heavy
                    .iter()
                    .zip(&self.peers)
                    .find_map(|(key, peer)| (peer.set.is_some() && peer.set != own).then_some(key.id));
                if let Some(heavy) = other {
                    return Some(RefusalReason::HeavyDisagrees { heavy, about: "the agreed set".into() });
                }
                let lacks = |peer: &Peer| peer.set.is_none() || peer.partial.is_none();
                ended.then(|| missing("its commitment and its sum of shares", &lacks))
            }
            _ => None,
        }
    }

    /// The reports that all three hold, once all ids are known.
    fn intersection(&self) -> Option<Vec<ReportId>> {
        let mut agreed: Vec<ReportId> = self.reports.keys().copied().collect();
        for (role, peer) in self.peers.iter().enumerate().filter(|(role, _)| *role != self.role) {
            debug_assert_ne!(role, self.role, "own ids are in `reports`");
            if peer.ids_total != Some(peer.ids.len() as u32) {
                return None;
            }
            agreed.retain(|id| peer.ids.binary_search(id).is_ok());
        }
        Some(agreed)
    }

    fn commit(&mut self) -> Option<Persist> {
        let agreed = self.intersection()?;
        let mut sum = vec![0; contribution::LEN];
        for id in &agreed {
            additive64::accumulate(&mut sum, &self.reports[id].1);
        }
        let committed =
            Committed { set: set_digest(&agreed), participants: agreed.len() as u32, agreed, sum };
        self.counted = committed.agreed.iter().copied().collect();
        let mut batch = Batch::new();
        batch.put(key(self.id, record::COMMITTED), codec::encode(&committed));
        self.committed = Some(committed);
        Some(self.step(Stage::Committed, batch))
    }

    /// Whether all three committed to one set, durably here.
    fn released(&self) -> bool {
        let Some(committed) = self.committed.as_ref().filter(|_| self.durable >= Stage::Committed) else {
            return false;
        };
        let own = Some((committed.set, committed.participants));
        self.peers.iter().enumerate().all(|(role, peer)| role == self.role || peer.set == own)
    }

    fn sum_up(&mut self, identity: &Identity) -> Option<Persist> {
        let committed = self.committed.as_ref()?;
        let mut shares = [const { Vec::new() }; ROLES];
        for (role, peer) in self.peers.iter().enumerate() {
            shares[role] =
                if role == self.role { committed.sum.clone() } else { peer.partial.as_ref()?.clone() };
        }
        let vector = additive64::unshard(&shares);
        let outcome = Outcome::new(self.id, &self.proposal, committed.set, committed.participants, &vector);
        let mut result = outcome.envelope();
        result.sign(identity);
        let mut batch = Batch::new();
        batch.put(key(self.id, record::SIGNED), result.to_json());
        self.result = Some(result);
        Some(self.step(Stage::Signed, batch))
    }

    fn signed_by(&self, heavy: NodeId) -> bool {
        self.result.as_ref().is_some_and(|result| result.signature_of(heavy).is_some())
    }

    fn fully_signed(&self) -> bool {
        self.proposal.heavy.iter().all(|key| self.signed_by(key.id))
    }

    fn refuse(&mut self, reason: RefusalReason, identity: &Identity) -> Persist {
        self.refusal = Some(Refusal::sign(self.id, reason, identity));
        if self.stage >= Stage::Signed {
            let mut batch = Batch::new();
            batch.put(key(self.id, record::END), self.encode_end());
            return Persist { stage: None, batch };
        }
        self.counted.clear();
        let mut persist = self.finish(self.stage);
        persist.stage = None;
        persist
    }

    /// The final record, in place of everything else but the proposal.
    fn finish(&mut self, stage: Stage) -> Persist {
        let mut batch = Batch::new();
        batch.put(key(self.id, record::END), self.encode_end());
        batch.put(key(self.id, record::PROPOSAL), self.envelope.to_json());
        for at in self.segments.iter().copied() {
            batch.delete(record::segment_key(self.id, at));
        }
        self.delete_withdrawn(&mut batch);
        for kind in [record::CLOSED, record::COMMITTED, record::SIGNED] {
            batch.delete(key(self.id, kind));
        }
        self.step(stage, batch)
    }

    fn encode_end(&self) -> Vec<u8> {
        codec::encode(&End::new(
            self.stage,
            self.result.as_ref().filter(|_| self.fully_signed()).map(Envelope::to_json),
            self.refusal.as_ref().map(Envelope::to_json),
            self.reports_durable,
            &self.fates(),
        ))
    }

    fn fates(&self) -> Vec<(NodeId, bool)> {
        if self.lights.is_empty() {
            return self.fates.clone();
        }
        let durable = self.lights.iter().filter(|(light, _)| !self.volatile.contains(*light));
        durable.map(|(light, (report, _))| (*light, self.counted.contains(report))).collect()
    }
}

/// Digest of an agreed set: over its ids, ascending.
pub fn set_digest(ids: &[ReportId]) -> ContentId {
    let bytes: Vec<u8> = ids.iter().flat_map(|id| id.0).collect();
    ContentId::of(&bytes)
}

fn commit_bytes(id: ContentId, committed: &Committed) -> Vec<u8> {
    let participants = committed.participants.to_le_bytes();
    [id.digest().as_slice(), committed.set.digest(), &participants].concat()
}

fn partial_bytes(id: ContentId, set: ContentId, sum: &[u64]) -> Vec<u8> {
    let sum: Vec<u8> = sum.iter().flat_map(|value| value.to_le_bytes()).collect();
    [id.digest().as_slice(), set.digest(), &sum].concat()
}
