//! What a pipeline keeps in a store, and how it is found again.
//!
//! ```text
//! block/head                      the newest block, the last whole graph, what is kept; behind the SHA-256 of itself
//! block/record/<height>           what became of a block
//! block/pi/<name of π>/<part>     π: eight bytes a node, little-endian; one part, unless there are more than 2²² nodes
//! block/graph/<height>/<part>     a whole graph: edges of 16 bytes (from, to, weight), in order; then stakes and
//!                                 masses of eight bytes a node
//! ```
//!
//! Heights and parts are big-endian, so that keys are in their order.

use crate::record::{Change, Record, Settings};
use alloc::{collections::BTreeMap, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire, decode, encode};
use core::fmt;
use rank::{Delta, Edges, Focus, Live, LiveError, Teleport};
use store::{Batch, Entry};

/// What all keys begin with.
pub const PREFIX: &[u8] = b"block/";
/// How many blocks' π are kept.
pub const PI_KEPT: usize = 4;

const HEAD: &[u8] = b"block/head";
/// Bytes of an edge.
const EDGE_BYTES: usize = 16;
/// Edges of a part of a graph, and nodes of a part of π.
const PART_EDGES: usize = 1 << 20;
const PART_NODES: usize = 1 << 22;
/// Where many edges changed, the whole graph is stored after as many changes as a quarter of its edges, or so many.
const SNAPSHOT_CHANGES: u64 = 4096;

/// A whole graph in the store.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Snapshot {
    pub(crate) height: u64,
    nodes: u32,
    parts: u32,
    has_stakes: bool,
    by_stake: bool,
    /// Changes since.
    pub(crate) changes: u64,
}

/// The newest block, and where all else is.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Head {
    pub(crate) settings: Settings,
    pub(crate) height: u64,
    /// The name of the newest record.
    pub(crate) record: ContentId,
    pub(crate) snapshot: Snapshot,
    /// The oldest record that is kept.
    pub(crate) oldest: u64,
    /// The π that are kept, the oldest first.
    pub(crate) kept: Vec<ContentId>,
}

impl Wire for Head {
    const BYTES_MAX: usize = 1024;
}

/// Why a store gives no pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// Something is not there, or damaged.
    Damaged {
        /// What.
        what: &'static str,
    },
    /// What was stored gives another outcome now.
    Differs {
        /// Of this block.
        height: u64,
    },
    /// The graph that was stored is none.
    Graph(LiveError),
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { what } => {
                write!(f, "the stored state is damaged: {what}; restore it from a copy, or begin anew")
            }
            Self::Differs { height } => write!(
                f,
                "block {height} has another outcome than the one that was stored: use the version of this software that stored it"
            ),
            Self::Graph(error) => write!(f, "the stored graph: {error}"),
        }
    }
}

impl core::error::Error for RestoreError {}

fn record_key(height: u64) -> Vec<u8> {
    [b"block/record/", height.to_be_bytes().as_slice()].concat()
}

fn pi_key(name: &ContentId) -> Vec<u8> {
    [b"block/pi/", name.digest().as_slice()].concat()
}

/// Puts π under its name.
fn put_pi(batch: &mut Batch, name: &ContentId, focus: &Focus) {
    // Of a graph without nodes there is an empty part, so that each π is there.
    let parts = focus.values().len().div_ceil(PART_NODES).max(1);
    for part in 0..parts {
        let end = focus.values().len().min((part + 1) * PART_NODES);
        let values = &focus.values()[part * PART_NODES..end];
        batch.put([pi_key(name), (part as u32).to_be_bytes().to_vec()].concat(), numbers(values));
    }
}

fn graph_prefix(height: u64) -> Vec<u8> {
    [b"block/graph/", height.to_be_bytes().as_slice()].concat()
}

fn part_key(height: u64, part: u32) -> Vec<u8> {
    let mut key = graph_prefix(height);
    key.extend(part.to_be_bytes());
    key
}

fn numbers(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn from_numbers(bytes: &[u8]) -> Option<Vec<u64>> {
    let (values, rest) = bytes.as_chunks::<8>();
    rest.is_empty().then(|| values.iter().map(|value| u64::from_le_bytes(*value)).collect())
}

/// A whole graph's parts.
pub(crate) fn parts(live: &Live) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for (from, to, weight) in live.iter() {
        part.extend(from.to_le_bytes());
        part.extend(to.to_le_bytes());
        part.extend(weight.to_le_bytes());
        if part.len() == PART_EDGES * EDGE_BYTES {
            parts.push(core::mem::take(&mut part));
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts.extend(live.stakes().chunks(PART_NODES).map(numbers));
    let masses = |masses: &[i64]| masses.iter().flat_map(|mass| mass.to_le_bytes()).collect();
    parts.extend(live.masses().chunks(PART_NODES).map(masses));
    parts
}

impl Snapshot {
    fn of(live: &Live, height: u64, parts: usize) -> Self {
        Self {
            height,
            nodes: live.nodes(),
            parts: parts as u32,
            has_stakes: !live.stakes().is_empty(),
            by_stake: live.teleport() == Teleport::Stake,
            changes: 0,
        }
    }

    /// The graph of these parts, and its masses.
    fn graph(&self, store: &BTreeMap<Vec<u8>, Vec<u8>>) -> Option<(Edges, Vec<i64>)> {
        let mut parts = Vec::new();
        for part in 0..self.parts {
            parts.push(store.get(&part_key(self.height, part))?);
        }
        let mut last = || {
            let before = parts.len().checked_sub((self.nodes as usize).div_ceil(PART_NODES))?;
            let all: Option<Vec<_>> = parts.drain(before..).map(|part| from_numbers(part)).collect();
            Some(all?.concat())
        };
        let masses: Vec<i64> = last()?.into_iter().map(u64::cast_signed).collect();
        if masses.len() != self.nodes as usize {
            return None;
        }
        let stakes = if self.has_stakes { Some(last()?) } else { None };
        let mut edges = Edges::new();
        edges.nodes(self.nodes);
        edges.weighted();
        if let Some(stakes) = stakes {
            edges.stakes(stakes);
        }
        for part in parts {
            let (all, rest) = part.as_chunks::<EDGE_BYTES>();
            if !rest.is_empty() {
                return None;
            }
            for edge in all {
                let (ids, weight) = edge.split_first_chunk::<8>()?;
                let ids = u64::from_le_bytes(*ids);
                let weight = u64::from_le_bytes(*weight.first_chunk()?);
                edges.push_weighted(ids as u32, (ids >> 32) as u32, weight).ok()?;
            }
        }
        edges.teleport(if self.by_stake { Teleport::Stake } else { Teleport::Uniform });
        Some((edges, masses))
    }
}

impl Head {
    /// Before anything is stored.
    pub(crate) fn new(settings: Settings, live: &Live) -> Self {
        let none = ContentId::of(&[]);
        let snapshot = Snapshot::of(live, 0, 0);
        Self { settings, height: 0, record: none, snapshot, oldest: 0, kept: Vec::new() }
    }

    /// Whether the whole graph is stored with a block of this height.
    pub(crate) fn is_snapshot_due(&self, height: u64, edges: u64) -> bool {
        height == 0
            || height - self.snapshot.height >= u64::from(self.settings.snapshot_blocks)
            || self.snapshot.changes >= SNAPSHOT_CHANGES.max(edges / 4)
    }

    /// The batch that makes a block durable, with the whole graph where its parts are given. This is the head from then on.
    pub(crate) fn store(
        &mut self,
        record: &Record,
        focus: &Focus,
        live: &Live,
        parts: Option<Vec<Vec<u8>>>,
    ) -> Batch {
        let mut batch = Batch::new();
        (self.height, self.record) = (record.height, record.digest());
        batch.put(record_key(record.height), encode(record));
        if let Some(parts) = parts {
            let old = core::mem::replace(&mut self.snapshot, Snapshot::of(live, record.height, parts.len()));
            if old.height < record.height {
                batch.delete_under(graph_prefix(old.height));
            }
            for (number, part) in (0..).zip(parts) {
                batch.put(part_key(record.height, number), part);
            }
            // Those since the graph before are kept for whoever asks.
            for height in self.oldest..old.height {
                batch.delete(record_key(height));
            }
            self.oldest = self.oldest.max(old.height);
        }
        self.kept.push(record.pi);
        while self.kept.len() > PI_KEPT {
            let old = self.kept.remove(0);
            if !self.kept.contains(&old) {
                batch.delete_under(pi_key(&old));
            }
        }
        put_pi(&mut batch, &record.pi, focus);
        let bytes = encode(self);
        batch.put(HEAD, [ContentId::of(&bytes).digest().as_slice(), &bytes].concat());
        batch
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (digest, bytes) = bytes.split_first_chunk()?;
        if ContentId::of(bytes).digest() != digest {
            return None;
        }
        decode(bytes).ok()
    }
}

/// What a store held.
pub(crate) struct Restored {
    pub(crate) head: Head,
    pub(crate) live: Live,
    pub(crate) focus: Focus,
}

/// Goes from the whole graph to the newest block.
pub(crate) fn restore(entries: Vec<Entry>) -> Result<Option<Restored>, RestoreError> {
    let store: BTreeMap<Vec<u8>, Vec<u8>> =
        entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    let Some(head) = store.get(HEAD) else { return Ok(None) };
    let damaged = |what| RestoreError::Damaged { what };
    let head = Head::read(head).ok_or(damaged("its head"))?;
    let snapshot = &head.snapshot;
    let (edges, masses) = snapshot.graph(&store).ok_or(damaged("the graph"))?;
    let mut records = Vec::new();
    let mut name = head.record;
    for height in (snapshot.height..=head.height).rev() {
        let record = store.get(&record_key(height)).and_then(|bytes| decode::<Record>(bytes).ok());
        let record = record.filter(|record| record.digest() == name).ok_or(damaged("a record"))?;
        name = record.previous;
        records.push(record);
    }
    let settings = &head.settings;
    let mut live =
        Live::resume(edges, settings.options(), settings.nodes_max, masses).map_err(RestoreError::Graph)?;
    // The oldest of them is that of the graph.
    for record in records.iter().rev().skip(1) {
        apply(&mut live, &record.changes).map_err(RestoreError::Graph)?;
    }
    let focus = live.focus();
    if records.first().is_none_or(|newest| newest.pi != focus.digest()) {
        return Err(RestoreError::Differs { height: head.height });
    }
    Ok(Some(Restored { head, live, focus }))
}

/// Makes changes again that were made once.
fn apply(live: &mut Live, changes: &[Change]) -> Result<(), LiveError> {
    if changes.is_empty() {
        return Ok(());
    }
    let deltas: Vec<Delta> = changes.iter().map(|change| Delta::from(*change)).collect();
    match live.apply(&deltas) {
        Ok(_) | Err(LiveError::NotConverged(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
