//! One computation at one heavy node.

use crate::{
    Nonce, Outcome, Proposal, Refusal, RefusalReason, ReportId,
    cancel::{CancelError, Cancellation},
    differencing::Released,
    message::{Commitment, Mine, Pull, Pulled, ReportRefusal, Status},
    proposal::{HEAVY, PAYLOAD_TYPE},
    report::{self, Received},
};
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    format,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId, SealKey, Signature};
use store::{Batch, Entry};
use vdaf::{Aggregate, Instance, Scheme};

mod gather;
mod leftovers;
mod record;
mod shares;
mod step;
#[cfg(test)]
mod tests;
mod withdraw;
mod words;

use gather::Gather;
pub use leftovers::{Leftovers, PIECE_BYTES, PIECE_ENTRIES};
use record::{Fate, Segment, key};
use shares::{Share, Shares};

/// Prefix of every key that tallies store under and are restored from.
pub const STORE_PREFIX: &[u8] = record::PREFIX;
/// Prefix of the keys of shares: gigabytes, which a tally reads when it needs them.
pub const SHARES_PREFIX: &[u8] = record::SHARES;

/// Of [`SHARED_OF`] reports that this node holds, so many must be in the agreed set. A heavy node that
/// offers few of its reports could otherwise leave one person alone with made-up participants.
const SHARED_MIN: u64 = 2;
const SHARED_OF: u64 = 3;

/// A cohort of all heavy nodes: a bit for each role.
const ALL: u8 = 0b111;

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
    /// The reports that all hold are known and being checked and added up. Begun anew after a restart.
    Verifying,
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

/// What this node keeps in memory of a report.
#[derive(Debug)]
struct Held {
    light: NodeId,
    /// Where its share lies, once that is on its way to the store.
    place: Option<Place>,
}

/// Where a share lies in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Number of the segment.
    segment: u32,
    /// Index in it.
    at: u32,
}

/// What one of the other two heavy nodes has said.
#[derive(Debug, Default)]
struct Peer {
    ids: Vec<ReportId>,
    /// Of these, the ones that are invalid at that node by themselves; ascending.
    invalid: Vec<ReportId>,
    offer: Option<OfferHead>,
    /// Whether all ids are here, and signed.
    complete: bool,
    /// Digest of what it signed under them.
    digest: Option<ContentId>,
    /// Whether a part of the ids came through the third heavy node.
    relayed: bool,
    /// Whether the third passed on what does not fit its signature.
    relay_failed: bool,
    /// Its verifier shares for the reports that are checked next.
    verifiers: VecDeque<Vec<u8>>,
    commitment: Option<(Commitment, [u8; 64])>,
    undecided: bool,
    partial: Option<Aggregate>,
    refused: Option<RefusalReason>,
}

/// What all parts of an offer have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OfferHead {
    total: u32,
    seed: [u8; 32],
    signature: [u8; 64],
}

/// This node's own check of what it holds, before it offers it.
#[derive(Debug, Default)]
struct Check {
    /// The reports to look at, in the order in which that is done; `None` before it begins.
    todo: Option<Vec<ReportId>>,
    /// So many of them are looked at.
    next: usize,
    /// Reports whose shares are invalid by themselves, ascending.
    invalid: Vec<ReportId>,
    /// Once all are looked at: the bytes to sign under the offer, and the seed in it.
    offer: Option<(Vec<u8>, [u8; 32])>,
}

impl Check {
    /// The reports that are still to be looked at.
    fn rest(&self) -> &[ReportId] {
        self.todo.as_deref().and_then(|todo| todo.get(self.next..)).unwrap_or_default()
    }
}

/// One computation at one heavy node: gathers reports, agrees, and ends. See the crate's documentation
/// for how to drive it.
#[derive(Debug)]
pub struct Tally {
    id: ContentId,
    proposal: Proposal,
    instance: Instance,
    envelope: Envelope,
    me: NodeId,
    role: usize,
    /// Reached in memory; what is not yet durable is not published.
    stage: Stage,
    durable: Stage,
    reports: BTreeMap<ReportId, Held>,
    lights: BTreeMap<NodeId, ReportId>,
    /// Light nodes whose reports are not durable yet.
    volatile: BTreeSet<NodeId>,
    reports_durable: u32,
    /// Light nodes that took their answers back; none of theirs is taken any more.
    withdrawn: BTreeSet<NodeId>,
    /// How many of them had no report here.
    strangers_withdrawn: usize,
    /// The next segment's number; a store that failed may lack some below.
    segments: u32,
    /// Segments whose records are in the store, or on their way there.
    segments_kept: BTreeSet<u32>,
    /// What the end left in the store, until the owner takes it.
    leftovers: Option<Leftovers>,
    shares: Shares,
    check: Check,
    peers: [Peer; HEAVY],
    /// A third of the grace period is over by this node's clock, and it has asked the others for their ids for a while.
    late: bool,
    /// Two thirds of the grace period are over.
    very_late: bool,
    /// And it has asked the others for their commitments for a while.
    out_of_patience: bool,
    /// Since when this process asks the others for ids, and for commitments.
    closed_since: Option<Instant>,
    committed_since: Option<Instant>,
    /// Digests of what all three offered, where the verify key follows from it; fixed before this node says a verifier share.
    offers: Option<[ContentId; HEAVY]>,
    offers_durable: bool,
    gather: Option<Gather>,
    committed: Option<Committed>,
    /// Whether a sum over the agreed set may have left this node.
    released: bool,
    result: Option<Envelope>,
    /// Whether the result came whole from another heavy node.
    adopted: bool,
    refusal: Option<Envelope>,
    refusal_durable: bool,
    /// The proposer's word that this does not stand; the refusal that follows is durable.
    cancellation: Option<Envelope>,
    evidence: Option<Envelope>,
    evidence_durable: bool,
    /// Heavy nodes found lying, with what they said, until evidence is made of it.
    liars: Vec<(usize, crate::evidence::Said)>,
    /// Light nodes in a sum that may have left this node before it took a result over another set, ascending.
    out: Vec<NodeId>,
    /// Reports in the agreed set.
    counted: BTreeSet<ReportId>,
    /// After the end: each light node that reported, ascending, and what became of its report.
    fates: Vec<(NodeId, Fate)>,
}

/// What this node committed to, and the sum of its shares over it.
#[derive(Debug)]
struct Committed {
    commitment: Commitment,
    sum: Vec<u8>,
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
        // Only the proposer's signature is carried along; each heavy node's comes from itself.
        envelope.signatures.retain(|signature| signature.keyid == proposal.proposer);
        envelope.sign(identity);
        let tally = Self::new(id, proposal, envelope, identity.id())?;
        let mut batch = Batch::new();
        batch.put(key(id, record::PROPOSAL), tally.envelope.to_json());
        Some((tally, Persist { stage: Some(Stage::Proposed), batch }))
    }

    /// `None` where `me` is no heavy node of the computation, or the proposal was not checked.
    fn new(id: ContentId, proposal: Proposal, envelope: Envelope, me: NodeId) -> Option<Self> {
        let role = proposal.role(me)?;
        let instance = proposal.instance().ok()?;
        Some(Self {
            id,
            proposal,
            instance,
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
            strangers_withdrawn: 0,
            segments: 0,
            segments_kept: BTreeSet::new(),
            leftovers: None,
            shares: Shares::default(),
            check: Check::default(),
            peers: Default::default(),
            late: false,
            very_late: false,
            out_of_patience: false,
            closed_since: None,
            committed_since: None,
            offers: None,
            offers_durable: false,
            gather: None,
            committed: None,
            released: false,
            out: Vec::new(),
            result: None,
            adopted: false,
            refusal: None,
            refusal_durable: false,
            cancellation: None,
            evidence: None,
            evidence_durable: false,
            liars: Vec::new(),
            counted: BTreeSet::new(),
            fates: Vec::new(),
        })
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
    pub const fn stage(&self) -> Stage {
        match self.durable {
            Stage::Closed if self.gather.is_some() => Stage::Verifying,
            durable => durable,
        }
    }

    /// While it is verifying: how many reports are checked and added up, and of how many.
    pub fn progress(&self) -> Option<(u32, u32)> {
        let gather = self.gather.as_ref().filter(|_| self.stage() == Stage::Verifying)?;
        Some((gather.done() as u32, gather.candidates.len() as u32))
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

    /// The evidence that another heavy node lied, signed by this one.
    pub fn evidence(&self) -> Option<&Envelope> {
        self.evidence.as_ref().filter(|_| self.evidence_durable)
    }

    /// Whom the evidence is against.
    pub fn accused(&self) -> Option<NodeId> {
        let evidence: crate::evidence::Evidence = serde_json::from_slice(&self.evidence()?.payload).ok()?;
        Some(evidence.accused)
    }

    /// Whether nothing can change any more: done, or refused where no result can come from the others.
    pub fn is_final(&self) -> bool {
        // Also from one that was found lying: it may have signed the truth to the third.
        let is_out = |role: usize| {
            let refused = &self.peers[role].refused;
            matches!(refused, Some(RefusalReason::HeavyRefused { .. } | RefusalReason::NotAccepted { .. }))
        };
        let awaits = self.survives_loss() && !self.other_roles().any(is_out);
        self.durable == Stage::Done || (self.has_given_up() && !awaits)
    }

    /// Whether this node has refused without having signed a result, and so takes no part any more.
    fn has_given_up(&self) -> bool {
        self.refusal_durable && self.stage < Stage::Signed
    }

    /// Whether two heavy nodes are enough.
    fn survives_loss(&self) -> bool {
        self.proposal.scheme.lost_max() > 0
    }

    /// The roles of the others, in their order.
    fn other_roles(&self) -> impl Iterator<Item = usize> {
        let own = self.role;
        (0..HEAVY).filter(move |role| *role != own)
    }

    /// Those of the others that have neither refused nor broken the protocol.
    fn unrefused(&self) -> impl Iterator<Item = usize> {
        self.other_roles().filter(|role| self.peers[*role].refused.is_none())
    }

    /// Whether it takes part in the life of the network: proposed or open, and not refused.
    pub fn is_open(&self) -> bool {
        self.durable == Stage::Open && self.stage == Stage::Open && self.refusal.is_none()
    }

    /// The other two heavy nodes.
    pub fn others(&self) -> impl Iterator<Item = NodeId> {
        self.proposal.heavy.iter().map(|key| key.id).filter(|id| *id != self.me)
    }

    /// The result, once it has its signatures.
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
        let fate = match self.lights.get(&asker) {
            Some(report) => Some(self.fate(report)),
            None => self.fates.binary_search_by_key(&asker, |fate| fate.0).ok().map(|at| self.fates[at].1),
        };
        let mine = match fate {
            None => Mine::None,
            Some(_) if self.durable < Stage::Done && self.refusal_durable => Mine::Unused,
            Some(Fate::Counted) => Mine::Counted,
            Some(Fate::Rejected | Fate::Invalid) => Mine::Rejected,
            Some(Fate::LeftOut) => Mine::NotHeldByAll,
            Some(Fate::Unknown) => Mine::Held,
        };
        Status { reports: self.reports_durable, end: self.end().map(Envelope::to_json), mine }
    }

    /// How many reports were left out as invalid, once this node has committed to that.
    pub fn rejected(&self) -> usize {
        self.lights_of(|fate| matches!(fate, Fate::Rejected | Fate::Invalid)).len()
    }

    /// Light nodes whose reports were invalid by what this node checked itself, once it has committed. With `rep64` that is their own doing; with
    /// `prio3`, where all three check together, another heavy node can make a valid report look so.
    pub fn invalid_lights(&self) -> Vec<NodeId> {
        self.lights_of(|fate| fate == Fate::Invalid)
    }

    fn lights_of(&self, what: impl Fn(Fate) -> bool) -> Vec<NodeId> {
        if self.durable < Stage::Committed {
            return Vec::new();
        }
        self.fates().into_iter().filter(|(_, fate)| what(*fate)).map(|(light, _)| light).collect()
    }

    /// Who is in sums that this node has committed to, or is about to, and may release, or has: what other computations are compared with.
    pub fn released(&self) -> Option<Released> {
        let may_release = self.stage >= Stage::Committed && !self.has_given_up();
        if !may_release && !self.released {
            return None;
        }
        let lights = if self.out.is_empty() { self.counted_lights() } else { self.out.clone() };
        (!lights.is_empty()).then(|| Released {
            computation: self.id,
            deadline: self.proposal.deadline,
            dataset: self.proposal.dataset.clone(),
            fields: self.proposal.plan().map(|plan| plan.fields()).unwrap_or_default(),
            lights,
        })
    }

    /// Whether all that was given to be made durable is.
    fn is_durable(&self) -> bool {
        self.stage == self.durable
            && self.refusal.is_some() == self.refusal_durable
            && self.offers.is_some() == self.offers_durable
    }

    /// Bytes of shares that it keeps in the store, or is about to; without its [`Leftovers`].
    pub fn kept_bytes(&self) -> u64 {
        self.reports.len() as u64 * self.report_bytes()
    }

    /// Bytes of one report's share here, and whose it is.
    pub fn report_bytes(&self) -> u64 {
        self.instance.report_bytes(self.role)
    }

    /// When to call [`Tally::advance`] at the latest, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        // While a step is about to become durable, time changes nothing.
        if self.refusal.is_some() || self.stage == Stage::Done || !self.is_durable() {
            return None;
        }
        if self.stage <= Stage::Open {
            return Some((self.proposal.deadline, "close a computation"));
        }
        if self.has_work() {
            return Some((Instant::default(), "check reports"));
        }
        let end = self.proposal.end();
        let waits = [
            (!self.late).then(|| self.late_at()),
            (!self.very_late).then(|| self.very_late_at()),
            (!self.out_of_patience).then(|| self.out_of_patience_at()).flatten(),
        ];
        match waits.into_iter().flatten().filter(|at| self.survives_loss() && *at < end).min() {
            Some(at) => Some((at, "go on without a heavy node")),
            None => Some((end, "give a computation up")),
        }
    }

    /// When it stops waiting for the ids of one that others can do without. A node that comes to it late first hears what the others have to say.
    fn late_at(&self) -> Instant {
        let third = self.proposal.deadline.plus_ms(self.proposal.grace_ms() / 3);
        self.closed_since.map_or(third, |since| third.max(since.plus_ms(self.patience_ms())))
    }

    fn very_late_at(&self) -> Instant {
        self.proposal.deadline.plus_ms(2 * (self.proposal.grace_ms() / 3))
    }

    /// When it stops waiting for the commitment of one, once it has made its own.
    fn out_of_patience_at(&self) -> Option<Instant> {
        Some(self.very_late_at().max(self.committed_since?.plus_ms(self.patience_ms())))
    }

    /// Milliseconds for which a node asks the others before it does without one: a sixth of the grace period.
    fn patience_ms(&self) -> u64 {
        self.proposal.grace_ms() / 6
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

    /// Takes the proposer's cancellation: the next [`Tally::advance`] refuses. `Ok(false)` says that it is cancelled already.
    ///
    /// # Errors
    /// [`CancelError`].
    pub fn cancel(&mut self, now: Instant, cancellation: Envelope) -> Result<bool, CancelError> {
        Cancellation::check(&cancellation, self.id, self.proposal.proposer).map_err(CancelError::Document)?;
        if self.refusal_reason() == Some(RefusalReason::Cancelled) {
            return Ok(false);
        }
        if self.refusal.is_some() || self.durable == Stage::Done {
            return Err(CancelError::Ended);
        }
        if self.stage > Stage::Open || now >= self.proposal.deadline {
            return Err(CancelError::Closed);
        }
        self.cancellation = Some(cancellation);
        Ok(true)
    }

    /// The proposer's cancellation, where it reached this node before it closed.
    pub const fn cancellation(&self) -> Option<&Envelope> {
        self.cancellation.as_ref()
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
        received: Received<'_>,
        seal: &SealKey,
    ) -> Result<bool, ReportRefusal> {
        let Received { light, nonce, public, .. } = received;
        if self.withdrawn.contains(&light) {
            return Err(ReportRefusal::Withdrawn);
        }
        let id = ReportId::of(self.id, light, nonce, public);
        if let Some(held) = self.lights.get(&light) {
            return if *held == id { Ok(false) } else { Err(ReportRefusal::Duplicate) };
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
        // Who took theirs back stays in the store until the end: as many again as are counted.
        let taken_back = self.withdrawn.len() - self.strangers_withdrawn;
        if self.lights.len() + taken_back >= 2 * self.proposal.participants_max as usize {
            return Err(ReportRefusal::Full);
        }
        let input = report::open(seal, self.role, &self.proposal, &self.instance, self.id, received)
            .ok_or(ReportRefusal::Malformed)?;
        if self.hold(id, Held { light, place: None }) {
            self.shares.put(id, Share { nonce: *nonce, public: public.to_vec(), input });
            self.volatile.insert(light);
            Ok(true)
        } else {
            // Two reports of one short digest: 2^64 tries away.
            Err(ReportRefusal::Duplicate)
        }
    }

    /// False where another report of this id is here.
    fn hold(&mut self, id: ReportId, held: Held) -> bool {
        if self.reports.contains_key(&id) {
            return false;
        }
        self.lights.insert(held.light, id);
        self.reports.insert(id, held);
        true
    }

    /// Adds to `batch` the reports of `lights`, just taken, in as few segments as hold them, and their shares, which leave memory; false where the
    /// computation ended meanwhile and they are no longer wanted.
    pub fn segment(&mut self, lights: &[NodeId], batch: &mut Batch) -> bool {
        if self.refusal.is_some() || self.stage > Stage::Closed {
            return false;
        }
        for lights in lights.chunks(record::SEGMENT_REPORTS) {
            let (segment, mut reports) = (self.segments, Vec::with_capacity(lights.len()));
            for light in lights {
                // One that was taken back meanwhile is gone.
                let Some(id) = self.lights.get(light) else { continue };
                let (Some(held), Some(share)) = (self.reports.get_mut(id), self.shares.take_fresh(id)) else {
                    continue;
                };
                let place = Place { segment, at: reports.len() as u32 };
                held.place = Some(place);
                batch.put(record::share_key(self.id, place), Self::stored_share(share));
                reports.push((*light, *id));
            }
            batch.put(record::segment_key(self.id, segment), codec::encode(&Segment { reports }));
            self.segments_kept.insert(segment);
            self.segments = segment.saturating_add(1);
        }
        true
    }

    /// Takes back reports that could not be stored. They were never acknowledged; the light nodes send
    /// them again.
    pub fn drop_reports(&mut self, lights: &[NodeId]) {
        for light in lights {
            self.volatile.remove(light);
            if let Some(report) = self.lights.remove(light) {
                if let Some(place) = self.reports.remove(&report).and_then(|held| held.place) {
                    self.segments_kept.remove(&place.segment);
                }
                self.shares.take_fresh(&report);
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

    /// What became of a report, as far as this node knows.
    fn fate(&self, report: &ReportId) -> Fate {
        if self.stage < Stage::Committed || self.committed.is_none() {
            Fate::Unknown
        } else if self.counted.contains(report) {
            Fate::Counted
        } else if self.gather.as_ref().is_some_and(|gather| gather.has_rejected(report)) {
            // An offer by which it is invalid is another's word alone.
            let is_own =
                !self.proposal.scheme.names_liars() || self.check.invalid.binary_search(report).is_ok();
            if is_own { Fate::Invalid } else { Fate::Rejected }
        } else {
            Fate::LeftOut
        }
    }

    /// Light nodes in the agreed set, as far as it is known here; ascending.
    fn counted_lights(&self) -> Vec<NodeId> {
        let counted = self.fates().into_iter().filter(|(_, fate)| *fate == Fate::Counted);
        counted.map(|(light, _)| light).collect()
    }

    fn fates(&self) -> Vec<(NodeId, Fate)> {
        if self.lights.is_empty() {
            return self.fates.clone();
        }
        let durable = self.lights.iter().filter(|(light, _)| !self.volatile.contains(*light));
        durable.map(|(light, report)| (*light, self.fate(report))).collect()
    }
}

/// What is reckoned from an instance's lengths.
pub(crate) trait InstanceExt {
    /// Bytes of one report as the heavy node of `role` holds it.
    fn report_bytes(&self, role: usize) -> u64;
    /// How many reports are worked on at a time, so that no step takes long: about ten milliseconds of one core.
    fn slice(&self) -> usize;
}

impl InstanceExt for Instance {
    fn report_bytes(&self, role: usize) -> u64 {
        // Its own shares, and whose it is.
        (self.public_len() + self.input_len(role) + 32 + vdaf::NONCE_BYTES) as u64
    }

    fn slice(&self) -> usize {
        let shape = self.shape();
        let weight = match self.scheme() {
            Scheme::Prio3 => shape.length as usize * usize::from(shape.bits),
            _ => shape.length as usize,
        };
        (65_536 / weight.max(1)).clamp(8, 512)
    }
}
