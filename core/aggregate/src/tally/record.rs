//! What a tally keeps, and how it comes back.
//!
//! Keys: `t/`, the computation's digest, a kind, for segments a counter, and for withdrawals a light node. A computation's keys sort
//! together, and its proposal before the rest. Shares lie apart, so that a start need not read them: `s/`, the digest, the segment's counter, the
//! place in the segment.

use super::{
    BorshDeserialize, BorshSerialize, Committed, ContentId, Entry, Envelope, Gather, HEAVY, Held, Identity,
    NodeId, Nonce, Place, Proposal, ReportId, Stage, Tally, Vec, format,
};
use crate::{
    message::{Commitment, IDS_PER_PART},
    proposal::REPORT_BYTES_MAX,
};
use codec::Wire;
use store::{StoreError, VALUE_BYTES_MAX};

/// Prefix of every key but those of shares.
pub(super) const PREFIX: &[u8] = b"t/";
/// Prefix of the keys of shares.
pub(super) const SHARES: &[u8] = b"s/";
/// Most reports in one segment, so that it stays a value that every store takes.
pub(super) const SEGMENT_REPORTS: usize = 65_536;

pub(super) const PROPOSAL: u8 = 0;
pub(super) const SEGMENT: u8 = 1;
/// After the segments, and before what is reckoned over the reports that are left.
pub(super) const WITHDRAWN: u8 = 2;
pub(super) const CLOSED: u8 = 3;
pub(super) const COMMITTED: u8 = 4;
pub(super) const SIGNED: u8 = 5;
pub(super) const END: u8 = 6;
pub(super) const EVIDENCE: u8 = 7;
pub(super) const CANCELLED: u8 = 8;
/// The computation is forgotten; only its proposal, segments and withdrawals are left to be deleted, and this last.
pub(super) const FORGOTTEN: u8 = 9;

/// What one batch deletes where a computation is forgotten: one small entry each.
pub(super) const STEPS: [u8; 6] = [CLOSED, COMMITTED, SIGNED, END, EVIDENCE, CANCELLED];

pub(super) fn key(id: ContentId, kind: u8) -> Vec<u8> {
    [PREFIX, id.digest(), &[kind]].concat()
}

pub(super) fn segment_key(id: ContentId, at: u32) -> Vec<u8> {
    [PREFIX, id.digest(), &[SEGMENT], &at.to_be_bytes()].concat()
}

pub(super) fn share_key(id: ContentId, place: Place) -> Vec<u8> {
    let Place { segment, at } = place;
    [SHARES, id.digest(), &segment.to_be_bytes(), &at.to_be_bytes()].concat()
}

pub(super) fn withdrawn_key(id: ContentId, light: NodeId) -> Vec<u8> {
    [key(id, WITHDRAWN).as_slice(), light.public_key()].concat()
}

/// Whose reports became durable together; their shares with them.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct Segment {
    pub(super) reports: Vec<(NodeId, ReportId)>,
}

/// One report's share.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct StoredShare {
    pub(super) nonce: Nonce,
    pub(super) public: Vec<u8>,
    pub(super) input: Vec<u8>,
}

/// That this node has closed: nothing, or once a verify key follows from them, the digests of what all three offered, by role.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct StoredOffers {
    pub(super) offers: [ContentId; HEAVY],
}

/// What this node committed to, and the sum of its shares over it.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct StoredCommitment {
    commitment: Commitment,
    sum: Vec<u8>,
    key: [u8; 32],
    /// For each report held, in ascending order, one bit, the lowest first: whether all of the cohort hold it.
    candidates: Vec<u8>,
    /// The same: whether it was found invalid.
    rejected: Vec<u8>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The agreed set is not known here.
    Unknown,
    /// In the agreed set.
    Counted,
    /// Not held by all.
    LeftOut,
    /// Invalid by the word of another heavy node.
    Rejected,
    /// Invalid by this node's own check.
    Invalid,
}

/// How it ended, and what became of each report.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct End {
    /// How far it had come.
    stage: Stage,
    pub(super) result: Option<Vec<u8>>,
    pub(super) refusal: Option<Vec<u8>>,
    pub(super) reports: u32,
    /// Whether a sum may have left this node.
    released: bool,
    /// Whether the agreed set is known here.
    known: bool,
    /// Light nodes that reported, ascending.
    lights: Vec<NodeId>,
    /// For each of them one bit, the lowest first: whether it was counted.
    counted: Vec<u8>,
    /// The same: whether it was rejected.
    rejected: Vec<u8>,
    /// The same: whether that was by this node's own check.
    invalid: Vec<u8>,
    /// The same: whether it is in a sum that may have left this node over another set than the result's.
    out: Vec<u8>,
}

fn bits(flags: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, flag) in flags.enumerate() {
        if at % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(flag) << (at % 8);
        }
    }
    bytes
}

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

impl End {
    pub(super) fn of(tally: &Tally) -> Self {
        let fates = tally.fates();
        let is = |fate: Fate| bits(fates.iter().map(|(_, found)| *found == fate));
        Self {
            stage: tally.stage,
            result: tally.result.as_ref().filter(|_| tally.is_complete()).map(Envelope::to_json),
            refusal: tally.refusal.as_ref().map(Envelope::to_json),
            reports: tally.reports_durable,
            released: tally.released,
            known: fates.iter().all(|(_, fate)| *fate != Fate::Unknown),
            counted: is(Fate::Counted),
            rejected: bits(fates.iter().map(|(_, fate)| matches!(fate, Fate::Rejected | Fate::Invalid))),
            invalid: is(Fate::Invalid),
            out: bits(fates.iter().map(|(light, _)| tally.out.binary_search(light).is_ok())),
            lights: fates.into_iter().map(|fate| fate.0).collect(),
        }
    }

    fn fates(&self) -> Vec<(NodeId, Fate)> {
        let fate = |at| match () {
            () if !self.known => Fate::Unknown,
            () if bit(&self.counted, at) => Fate::Counted,
            () if bit(&self.invalid, at) => Fate::Invalid,
            () if bit(&self.rejected, at) => Fate::Rejected,
            () => Fate::LeftOut,
        };
        self.lights.iter().enumerate().map(|(at, light)| (*light, fate(at))).collect()
    }
}

impl Wire for Segment {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}
impl Wire for StoredShare {
    const BYTES_MAX: usize = 2 * REPORT_BYTES_MAX;
}
impl Wire for StoredOffers {
    const BYTES_MAX: usize = HEAVY * 32;
}
impl Wire for StoredCommitment {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}
impl Wire for End {
    const BYTES_MAX: usize = VALUE_BYTES_MAX + Envelope::BYTES_MAX * 2;
}

impl Tally {
    /// The tallies that `entries`, all entries under [`PREFIX`], tell of; also one that was to be forgotten, whose [`super::Leftovers`] alone count.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where an entry cannot be what this software wrote.
    pub fn restore(entries: &[Entry], identity: &Identity) -> Result<Vec<Self>, StoreError> {
        let mut tallies: Vec<Self> = Vec::new();
        let mut commitments: Vec<(usize, &[u8])> = Vec::new();
        for entry in entries {
            let corrupt = |what: &str| StoreError::Corrupt { detail: format!("{what} of a computation") };
            let rest = entry.key.strip_prefix(PREFIX).ok_or_else(|| corrupt("the key"))?;
            let (digest, rest) = rest.split_first_chunk::<32>().ok_or_else(|| corrupt("the key"))?;
            let id = ContentId::from_digest(*digest);
            let kind = rest.first().copied();
            if kind == Some(PROPOSAL) {
                let envelope = Envelope::from_json(&entry.value).map_err(|_| corrupt("the proposal"))?;
                let (found, proposal) = Proposal::open(&envelope).map_err(|_| corrupt("the proposal"))?;
                if found != id {
                    return Err(corrupt("the id"));
                }
                let tally = Self::new(id, proposal, envelope, identity.id());
                tallies.push(tally.ok_or_else(|| corrupt("the heavy nodes"))?);
                continue;
            }
            let at = tallies.len().saturating_sub(1);
            let tally =
                tallies.last_mut().filter(|tally| tally.id == id).ok_or_else(|| corrupt("the proposal"))?;
            let restored = match kind {
                Some(SEGMENT) => tally.restore_segment(&rest[1..], &entry.value),
                Some(CLOSED) => tally.restore_closed(&entry.value),
                Some(COMMITTED) => {
                    commitments.push((at, &entry.value));
                    Some(())
                }
                Some(SIGNED) => Envelope::from_json(&entry.value).ok().map(|result| {
                    tally.result = Some(result);
                    tally.reach(Stage::Signed);
                }),
                Some(END) => tally.restore_end(&entry.value),
                Some(EVIDENCE) => Envelope::from_json(&entry.value).ok().map(|evidence| {
                    tally.evidence = Some(evidence);
                    tally.evidence_durable = true;
                }),
                Some(CANCELLED) => Envelope::from_json(&entry.value).ok().map(|cancellation| {
                    tally.cancellation = Some(cancellation);
                }),
                Some(WITHDRAWN) => tally.restore_withdrawn(&rest[1..]),
                Some(FORGOTTEN) => {
                    tally.restore_forgotten();
                    Some(())
                }
                _ => None,
            };
            restored.ok_or_else(|| corrupt("a record"))?;
        }
        // What was committed to is written in terms of the reports that are left once all withdrawals are taken up.
        for (at, value) in commitments {
            let restored = tallies.get_mut(at).and_then(|tally| tally.restore_commitment(value));
            restored.ok_or_else(|| StoreError::Corrupt { detail: "a record of a computation".into() })?;
        }
        for tally in &mut tallies {
            if tally.stage == Stage::Proposed
                && tally.proposal.heavy.iter().all(|key| tally.envelope.signature_of(key.id).is_some())
            {
                tally.reach(Stage::Open);
            }
        }
        Ok(tallies)
    }

    /// The record of the commitment that is about to be made.
    pub(super) fn encode_commitment(&self, committed: &Committed, gather: &Gather) -> Vec<u8> {
        let held = || self.reports.keys();
        codec::encode(&StoredCommitment {
            commitment: committed.commitment.clone(),
            sum: committed.sum.clone(),
            key: gather.key,
            candidates: bits(held().map(|id| gather.candidates.binary_search(id).is_ok())),
            rejected: bits(held().map(|id| gather.has_rejected(id))),
        })
    }

    fn reach(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
        self.durable = self.stage;
    }

    fn restore_segment(&mut self, at: &[u8], value: &[u8]) -> Option<()> {
        let Segment { reports } = codec::decode(value).ok()?;
        let segment = u32::from_be_bytes(at.try_into().ok()?);
        for (at, (light, id)) in (0..).zip(reports) {
            if !self.hold(id, Held { light, place: Some(Place { segment, at }) }) {
                return None;
            }
        }
        self.segments_kept.insert(segment);
        // There is always a next number.
        self.segments = segment.checked_add(1)?;
        self.reports_durable = self.reports.len() as u32;
        Some(())
    }

    fn restore_closed(&mut self, value: &[u8]) -> Option<()> {
        if !value.is_empty() {
            self.offers = Some(codec::decode::<StoredOffers>(value).ok()?.offers);
            self.offers_durable = true;
        }
        self.reach(Stage::Closed);
        Some(())
    }

    fn restore_commitment(&mut self, value: &[u8]) -> Option<()> {
        let StoredCommitment { commitment, sum, key, candidates, rejected } = codec::decode(value).ok()?;
        let held = || self.reports.keys().copied().enumerate();
        let these = |bytes: &[u8]| -> Vec<ReportId> {
            held().filter(|(at, _)| bit(bytes, *at)).map(|(_, id)| id).collect()
        };
        let gather = Gather::done_with(commitment.cohort, these(&candidates), key, these(&rejected));
        self.counted = gather.agreed().into_iter().collect();
        self.gather = Some(gather);
        self.committed = Some(Committed { commitment, sum });
        // A sum may have gone out before the restart.
        self.released = true;
        self.reach(Stage::Committed);
        Some(())
    }

    fn restore_end(&mut self, value: &[u8]) -> Option<()> {
        let end: End = codec::decode(value).ok()?;
        self.reports_durable = end.reports;
        self.released |= end.released;
        let fates = end.fates();
        let out = end.lights.iter().enumerate().filter(|(at, _)| bit(&end.out, *at));
        self.out = out.map(|(_, light)| *light).collect();
        if end.stage < Stage::Signed {
            self.reach(end.stage);
        }
        if let Some(refusal) = end.refusal {
            self.refusal = Some(Envelope::from_json(&refusal).ok()?);
            self.refusal_durable = true;
        }
        if let Some(result) = end.result {
            self.result = Some(Envelope::from_json(&result).ok()?);
            self.adopted = true;
            self.reach(Stage::Done);
        }
        if self.is_over() {
            // What it left may not all be deleted.
            self.shed();
            self.fates = fates;
        }
        Some(())
    }
}

const _: () = assert!(IDS_PER_PART * 20 < 1024 * 1024, "a part of an offer fits a message");
