//! What a tally keeps, and how it comes back.
//!
//! Keys: `t/`, the computation's digest, a kind, and for segments a counter. A computation's keys sort
//! together, and its proposal before the rest.

use super::{
    Batch, BorshDeserialize, BorshSerialize, ContentId, Entry, Envelope, IDS_PER_PART, Identity, NodeId,
    Nonce, Proposal, ReportId, Stage, Tally, Vec, Wire, format,
};
use crate::contribution;
use store::{StoreError, VALUE_BYTES_MAX};

/// Prefix of every key.
pub(super) const PREFIX: &[u8] = b"t/";

pub(super) const PROPOSAL: u8 = 0;
pub(super) const SEGMENT: u8 = 1;
pub(super) const CLOSED: u8 = 2;
pub(super) const COMMITTED: u8 = 3;
pub(super) const SIGNED: u8 = 4;
pub(super) const END: u8 = 5;
pub(super) const WITHDRAWN: u8 = 6;

pub(super) fn key(id: ContentId, kind: u8) -> Vec<u8> {
    [PREFIX, id.digest(), &[kind]].concat()
}

pub(super) fn segment_key(id: ContentId, at: u32) -> Vec<u8> {
    [PREFIX, id.digest(), &[SEGMENT], &at.to_be_bytes()].concat()
}

/// Reports that became durable together.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct Segment {
    pub(super) reports: Vec<Stored>,
}

#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct Stored {
    pub(super) light: NodeId,
    pub(super) nonce: Nonce,
    pub(super) share: Vec<u64>,
}

/// The set that this node committed to, and the sum of its shares over it.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct Committed {
    pub(super) set: ContentId,
    pub(super) participants: u32,
    pub(super) agreed: Vec<ReportId>,
    pub(super) sum: Vec<u64>,
}

/// How it ended, and what became of each report.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(super) struct End {
    /// How far it had come.
    stage: Stage,
    pub(super) result: Option<Vec<u8>>,
    pub(super) refusal: Option<Vec<u8>>,
    pub(super) reports: u32,
    /// Light nodes that reported, ascending.
    lights: Vec<NodeId>,
    /// For each of them one bit, the lowest first: whether it was counted.
    counted: Vec<u8>,
}

impl End {
    pub(super) fn new(
        stage: Stage,
        result: Option<Vec<u8>>,
        refusal: Option<Vec<u8>>,
        reports: u32,
        fates: &[(NodeId, bool)],
    ) -> Self {
        let bits = |eight: &[(NodeId, bool)]| {
            eight.iter().enumerate().fold(0, |byte, (bit, (_, counted))| byte | u8::from(*counted) << bit)
        };
        let counted = fates.chunks(8).map(bits).collect();
        Self { stage, result, refusal, reports, lights: fates.iter().map(|fate| fate.0).collect(), counted }
    }

    fn fates(&self) -> Option<Vec<(NodeId, bool)>> {
        let fate =
            |(at, light): (usize, &NodeId)| Some((*light, self.counted.get(at / 8)? >> (at % 8) & 1 == 1));
        self.lights.iter().enumerate().map(fate).collect()
    }
}

impl Wire for Segment {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}
impl Wire for Committed {
    const BYTES_MAX: usize = VALUE_BYTES_MAX;
}
impl Wire for End {
    const BYTES_MAX: usize = VALUE_BYTES_MAX + Envelope::BYTES_MAX * 2;
}

impl Tally {
    /// The tallies that `entries`, all entries under [`PREFIX`], tell of.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where an entry cannot be what this software wrote.
    pub fn restore(entries: &[Entry], identity: &Identity) -> Result<Vec<Self>, StoreError> {
        let mut tallies: Vec<Self> = Vec::new();
        for entry in entries {
            let corrupt = |what: &str| StoreError::Corrupt { detail: format!("{what} of a computation") };
            let rest = entry.key.strip_prefix(PREFIX).ok_or_else(|| corrupt("the key"))?;
            let (digest, rest) = rest.split_first_chunk::<32>().ok_or_else(|| corrupt("the key"))?;
            let id = ContentId::from_digest(*digest);
            let kind = rest.first().copied();
            if kind == Some(PROPOSAL) {
                let envelope = Envelope::from_json(&entry.value).map_err(|_| corrupt("the proposal"))?;
                let (found, proposal) = Proposal::open(&envelope).map_err(|_| corrupt("the proposal"))?;
                let role = proposal.role(identity.id()).ok_or_else(|| corrupt("the heavy nodes"))?;
                if found != id {
                    return Err(corrupt("the id"));
                }
                tallies.push(Self::new(id, proposal, envelope, identity.id(), role));
                continue;
            }
            let tally =
                tallies.last_mut().filter(|tally| tally.id == id).ok_or_else(|| corrupt("the proposal"))?;
            let restored = match kind {
                Some(SEGMENT) => tally.restore_segment(&rest[1..], &entry.value),
                Some(CLOSED) => {
                    tally.reach(Stage::Closed);
                    Some(())
                }
                Some(COMMITTED) => tally.restore_commitment(&entry.value),
                Some(SIGNED) => Envelope::from_json(&entry.value).ok().map(|result| {
                    tally.result = Some(result);
                    tally.reach(Stage::Signed);
                }),
                Some(END) => tally.restore_end(&entry.value),
                Some(WITHDRAWN) => tally.restore_withdrawn(&rest[1..]),
                _ => None,
            };
            restored.ok_or_else(|| corrupt("a record"))?;
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

    /// Removes every trace of an ended computation.
    pub fn forget(&self, batch: &mut Batch) {
        batch.delete(key(self.id, PROPOSAL));
        for at in self.segments.iter().copied() {
            batch.delete(segment_key(self.id, at));
        }
        self.delete_withdrawn(batch);
        for kind in [CLOSED, COMMITTED, SIGNED, END] {
            batch.delete(key(self.id, kind));
        }
    }

    fn reach(&mut self, stage: Stage) {
        self.stage = self.stage.max(stage);
        self.durable = self.stage;
    }

    fn restore_segment(&mut self, at: &[u8], value: &[u8]) -> Option<()> {
        let segment: Segment = codec::decode(value).ok()?;
        for Stored { light, nonce, share } in segment.reports {
            if share.len() != contribution::LEN {
                return None;
            }
            self.hold(light, nonce, share);
        }
        let at = u32::from_be_bytes(at.try_into().ok()?);
        // There is always a next number; below that, a damaged one costs no more than its key.
        at.checked_add(1)?;
        self.segments.push(at);
        self.reports_durable = self.reports.len() as u32;
        Some(())
    }

    fn restore_commitment(&mut self, value: &[u8]) -> Option<()> {
        let committed: Committed = codec::decode(value).ok()?;
        self.counted = committed.agreed.iter().copied().collect();
        self.committed = Some(committed);
        self.reach(Stage::Committed);
        Some(())
    }

    fn restore_end(&mut self, value: &[u8]) -> Option<()> {
        let end: End = codec::decode(value).ok()?;
        self.reports_durable = end.reports;
        let fates = end.fates()?;
        if end.stage < Stage::Signed {
            self.reach(end.stage);
        }
        if let Some(refusal) = end.refusal {
            self.refusal = Some(Envelope::from_json(&refusal).ok()?);
            self.refusal_durable = true;
        }
        if let Some(result) = end.result {
            self.result = Some(Envelope::from_json(&result).ok()?);
            self.reach(Stage::Done);
        }
        if self.is_final() {
            self.fates = fates;
        }
        Some(())
    }
}

const _: () = assert!(IDS_PER_PART * 16 < 1024 * 1024, "a part of an offer fits a message");
