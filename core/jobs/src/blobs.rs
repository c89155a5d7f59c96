//! The bytes that jobs need and give: modules, inputs and outputs, by content id.
//!
//! Bytes come in order, in chunks of [`CHUNK_BYTES_MAX`], from whoever knows the content id; who was interrupted goes on where the bytes here end. Each
//! identity has its own copy until it is whole and checked, so none spoils another's. Those without one, who come by HTTP, are told apart by their
//! [network](Owner::Network).
//!
//! What a job needs is [held](Blobs::hold); the rest goes after [`UNUSED_MS`], or earlier where room is short ([`Blobs::plan_room`]).
//!
//! # Bounds
//! [`Config`], [`BLOB_BYTES_MAX`] of each, and [`NETWORKS_MAX`].

use crate::{message::CHUNK_BYTES_MAX, scheduler::RestoreError};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant, Wire, decode, encode};
use core::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};
use keys::NodeId;
use store::{Batch, Entry};

mod room;

pub use room::Room;

/// Bytes that each blob counts for besides its own.
pub(crate) const OVERHEAD_BYTES: u64 = 512;
/// What the keys of chunks begin with: then content id, kind of owner, the owner and the offset.
const CHUNK: &[u8] = b"j/b/";

/// Longest blob, in bytes: the longest module, and the longest output.
pub const BLOB_BYTES_MAX: u64 = 64 << 20;
/// Milliseconds that a blob which no job needs is kept after bytes of it last came.
pub const UNUSED_MS: u64 = 10 * 60_000;
/// Most networks that have a part of their own; people of others share one.
pub const NETWORKS_MAX: u32 = 4_096;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Most bytes in all; each blob counts for 512 bytes more than it has.
    pub bytes_max: u64,
    /// Most bytes of one owner's uploads, as long as no job needs them.
    pub bytes_each_max: u64,
    /// Most blobs of one owner that no job needs.
    pub blobs_each_max: u32,
    /// Most bytes that the jobs without an end of one submitter need, each blob counted once.
    pub held_each_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bytes_max: 1 << 30,
            bytes_each_max: 256 << 20,
            blobs_each_max: 4_096,
            held_each_max: 256 << 20,
        }
    }
}

/// How much of a blob is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Bytes that are here, from the first on.
    pub have: u64,
    /// Bytes of the whole.
    pub len: u64,
}

impl Progress {
    /// Whether all of it is here, and checked against its content id.
    pub const fn is_whole(self) -> bool {
        self.have == self.len
    }
}

/// Why bytes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobError {
    /// The blob is longer than [`BLOB_BYTES_MAX`], or the message than a chunk may be.
    TooLong {
        /// Bytes given.
        len: u64,
        /// Bytes taken.
        max: u64,
    },
    /// The bytes do not go on where those before ended, or run beyond the end.
    Offset {
        /// Where they must begin.
        have: u64,
        /// Bytes of the whole, as first said.
        len: u64,
    },
    /// All bytes came, and are not those of the content id. They are dropped.
    OtherBytes {
        /// What their content id is.
        found: ContentId,
    },
    /// This identity has as much here unused as one may have.
    FullForYou,
    /// No room is left.
    Full,
}

impl BlobError {
    /// After how many milliseconds trying again may help.
    pub const fn retry_ms(self) -> Option<u64> {
        match self {
            Self::FullForYou | Self::Full => Some(60_000),
            _ => None,
        }
    }
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => write!(f, "{len} bytes, where at most {max} are taken"),
            Self::Offset { have, len } => {
                write!(f, "{have} of {len} bytes are here: go on from byte {have}, and not beyond the end")
            }
            Self::OtherBytes { found } => write!(f, "these bytes are those of {found}; they are dropped"),
            Self::FullForYou => f.write_str(
                "you have as many bytes here that no job needs as one may have; submit the jobs that need them, or wait ten minutes",
            ),
            Self::Full => f.write_str("no room is left for bytes on this heavy node; try again in a minute"),
        }
    }
}

impl core::error::Error for BlobError {}

/// A part of a blob as it is stored.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
struct Chunk {
    len: u64,
    at: Instant,
    bytes: Vec<u8>,
}

impl Wire for Chunk {
    const BYTES_MAX: usize = CHUNK_BYTES_MAX + 64;
}

/// Whose bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// This heavy node's, and those of people of whom nothing is known.
    Common,
    /// An identity's.
    Node(NodeId),
    /// Those of people without an identity, by where they come from.
    Network(IpAddr),
}

impl Owner {
    /// Who is at this address: all of an IPv4 address, or of 48 bits of IPv6. A customer gets no shorter prefix than those (RFC 6177), so nobody
    /// has many parts; and neighbours in an IPv4 /24 have nothing to do with each other, so none spoils another's upload.
    pub fn at(ip: IpAddr) -> Self {
        Self::Network(match ip.to_canonical() {
            IpAddr::V6(ip) if !ip.is_loopback() => {
                let [a, b, c, ..] = ip.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
            }
            ip => ip,
        })
    }

    /// As it stands in a key: a kind, and 32 bytes.
    fn to_bytes(self) -> (u8, [u8; 32]) {
        match self {
            Self::Common => (0, [0; 32]),
            Self::Node(node) => (1, *node.public_key()),
            Self::Network(ip) => {
                let ip = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                let mut bytes = [0; 32];
                bytes[..16].copy_from_slice(&ip.octets());
                (2, bytes)
            }
        }
    }

    fn from_bytes(kind: u8, bytes: [u8; 32]) -> Option<Self> {
        match kind {
            0 => Some(Self::Common),
            1 => Some(Self::Node(NodeId::from_public_key(bytes))),
            2 => {
                let ip: [u8; 16] = bytes[..16].try_into().ok()?;
                Some(Self::Network(IpAddr::from(ip).to_canonical()))
            }
            _ => None,
        }
    }
}

fn chunk_key(id: ContentId, owner: Owner, offset: u64) -> Vec<u8> {
    let (kind, owner) = owner.to_bytes();
    [CHUNK, id.digest(), &[kind], &owner, &offset.to_be_bytes()].concat()
}

fn read_key(key: &[u8]) -> Option<(ContentId, Owner)> {
    let rest = key.strip_prefix(CHUNK).filter(|rest| rest.len() == 73)?;
    let id = ContentId::from_digest(rest[..32].try_into().ok()?);
    Some((id, Owner::from_bytes(rest[32], rest[33..65].try_into().ok()?)?))
}

/// A blob of which bytes are still to come.
#[derive(Debug)]
struct Part {
    len: u64,
    bytes: Vec<u8>,
    until: Instant,
}

/// A blob whose bytes are those of its content id.
#[derive(Debug)]
struct Whole {
    bytes: Arc<[u8]>,
    owner: Owner,
    /// How many jobs need it; one counts as often as it names it.
    held: u32,
    until: Instant,
}

/// All blobs of one heavy node.
#[derive(Debug)]
pub struct Blobs {
    config: Config,
    whole: BTreeMap<ContentId, Whole>,
    parts: BTreeMap<(ContentId, Owner), Part>,
    /// Bytes and number of what each owner has here that no job needs.
    unused: BTreeMap<Owner, (u64, u32)>,
    /// How many of them are networks.
    networks: u32,
    bytes: u64,
    timers: BTreeSet<(Instant, ContentId, Owner)>,
    batch: Batch,
    empty: (ContentId, Arc<[u8]>),
}

impl Blobs {
    /// No blobs.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            whole: BTreeMap::new(),
            parts: BTreeMap::new(),
            unused: BTreeMap::new(),
            networks: 0,
            bytes: 0,
            timers: BTreeSet::new(),
            batch: Batch::new(),
            empty: (ContentId::of(b""), Arc::new([])),
        }
    }

    /// The blobs of which `entries` hold chunks; other entries are passed over.
    ///
    /// # Errors
    /// [`RestoreError`] for the first chunk that is not as this machine wrote it.
    pub fn restore(config: Config, entries: &[Entry]) -> Result<Self, RestoreError> {
        let mut blobs = Self::new(config);
        for Entry { key, value } in entries.iter().filter(|entry| entry.key.starts_with(CHUNK)) {
            let wrong = |problem: String| RestoreError { key: data_encoding::HEXLOWER.encode(key), problem };
            let (id, owner) = read_key(key).ok_or_else(|| wrong("no key of a chunk".into()))?;
            let Chunk { len, at, bytes } = decode(value).map_err(|error| wrong(error.to_string()))?;
            let until = at.plus_ms(UNUSED_MS);
            let part =
                blobs.parts.entry((id, owner)).or_insert_with(|| Part { len, bytes: Vec::new(), until });
            part.bytes.extend_from_slice(&bytes);
            part.until = part.until.max(until);
            if part.len != len || part.bytes.len() as u64 > len {
                return Err(wrong("the chunks of a blob do not fit each other".into()));
            }
        }
        let keys: Vec<(ContentId, Owner)> = blobs.parts.keys().copied().collect();
        for (id, owner) in keys {
            let Some(part) = blobs.parts.get(&(id, owner)) else { continue };
            let (have, until, is_whole) =
                (part.bytes.len() as u64, part.until, part.bytes.len() as u64 == part.len);
            let is_wrong = is_whole && ContentId::of(&part.bytes) != id;
            blobs.count(owner, have, 1);
            blobs.timers.insert((until, id, owner));
            if is_wrong {
                // Some disk's fault: whoever needs them brings them again.
                blobs.drop_part(id, owner);
            } else if is_whole {
                // Of two whole copies, stored before a crash, one is enough.
                blobs.close(id, owner);
            }
        }
        Ok(blobs)
    }

    /// The bytes of a blob that is whole.
    pub fn get(&self, id: ContentId) -> Option<&Arc<[u8]>> {
        if id == self.empty.0 {
            return Some(&self.empty.1);
        }
        self.whole.get(&id).map(|whole| &whole.bytes)
    }

    /// How much of a blob is here: all of it, or what `owner` has put.
    pub fn progress(&self, id: ContentId, owner: Owner) -> Option<Progress> {
        let owner = self.placed(owner);
        if let Some(bytes) = self.get(id) {
            let len = bytes.len() as u64;
            return Some(Progress { have: len, len });
        }
        self.parts.get(&(id, owner)).map(|part| Progress { have: part.bytes.len() as u64, len: part.len })
    }

    /// Under whom bytes of `owner` are counted: one network too many has no part of its own.
    fn placed(&self, owner: Owner) -> Owner {
        let is_over = || self.networks >= NETWORKS_MAX && !self.unused.contains_key(&owner);
        if matches!(owner, Owner::Network(_)) && is_over() { Owner::Common } else { owner }
    }

    /// Bytes that each submitter's open jobs may need.
    pub const fn held_each_max(&self) -> u64 {
        self.config.held_each_max
    }

    /// The changes since the last call.
    pub fn take_batch(&mut self) -> Batch {
        core::mem::take(&mut self.batch)
    }

    /// Takes bytes of a blob that `owner` puts. Of those that do not fill a chunk, none are kept before the end comes; [`Progress`] says where
    /// to go on. No bytes at all ask how much is here. Bytes that are here and that no job needs are kept longer for it, where they are this
    /// owner's.
    ///
    /// # Errors
    /// [`BlobError`]; then nothing has changed, but for [`BlobError::OtherBytes`].
    pub fn put(
        &mut self,
        now: Instant,
        owner: Owner,
        id: ContentId,
        len: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Progress, BlobError> {
        let owner = self.placed(owner);
        if let Some(whole) = self.get(id) {
            let len = whole.len() as u64;
            self.renew(now, owner, id);
            return Ok(Progress { have: len, len });
        }
        if len > BLOB_BYTES_MAX {
            return Err(BlobError::TooLong { len, max: BLOB_BYTES_MAX });
        }
        if len == 0 {
            return Err(BlobError::OtherBytes { found: self.empty.0 });
        }
        if offset == 0 && self.parts.get(&(id, owner)).is_some_and(|part| part.len != len) {
            self.drop_part(id, owner);
        }
        let known = self.parts.get(&(id, owner));
        let (have, known_len) = known.map_or((0, len), |part| (part.bytes.len() as u64, part.len));
        if bytes.is_empty() && len > 0 {
            return Ok(Progress { have, len });
        }
        let end = offset.saturating_add(bytes.len() as u64);
        if offset != have || known_len != len || end > len {
            return Err(BlobError::Offset { have, len: known_len });
        }
        let taken = if end == len { bytes.len() } else { bytes.len() - bytes.len() % CHUNK_BYTES_MAX };
        let (used, count) = self.unused.get(&owner).copied().unwrap_or_default();
        let is_new = known.is_none();
        if used + taken as u64 > self.config.bytes_each_max || (is_new && count >= self.config.blobs_each_max)
        {
            return Err(BlobError::FullForYou);
        }
        if !self.has_room(taken as u64) {
            return Err(BlobError::Full);
        }
        if taken == 0 {
            return Ok(Progress { have, len });
        }
        let until = now.plus_ms(UNUSED_MS);
        let part = self.parts.entry((id, owner)).or_insert_with(|| Part { len, bytes: Vec::new(), until });
        part.bytes.extend_from_slice(&bytes[..taken]);
        self.timers.remove(&(part.until, id, owner));
        part.until = until;
        self.timers.insert((until, id, owner));
        self.count(owner, taken as u64, u32::from(is_new));
        if end == len {
            let found = self.parts.get(&(id, owner)).map_or(id, |part| ContentId::of(&part.bytes));
            if found != id {
                self.drop_part(id, owner);
                return Err(BlobError::OtherBytes { found });
            }
        }
        for (at, chunk) in bytes[..taken].chunks(CHUNK_BYTES_MAX).enumerate() {
            let from = offset + (at * CHUNK_BYTES_MAX) as u64;
            let chunk = Chunk { len, at: now, bytes: chunk.to_vec() };
            self.batch.put(chunk_key(id, owner, from), encode(&chunk));
        }
        if end == len {
            self.close(id, owner);
        }
        Ok(Progress { have: offset + taken as u64, len })
    }

    /// Keeps bytes that came whole, whose content id the caller has computed. They are to be held at once, or dropped with
    /// [`Blobs::drop_unused`].
    pub fn insert(&mut self, now: Instant, owner: Owner, id: ContentId, bytes: &[u8]) {
        if self.get(id).is_some() {
            return;
        }
        self.drop_part(id, owner);
        let (len, until) = (bytes.len() as u64, now.plus_ms(UNUSED_MS));
        for (at, chunk) in bytes.chunks(CHUNK_BYTES_MAX).enumerate() {
            let chunk = Chunk { len, at: now, bytes: chunk.to_vec() };
            self.batch.put(chunk_key(id, owner, (at * CHUNK_BYTES_MAX) as u64), encode(&chunk));
        }
        self.count(owner, len, 1);
        self.timers.insert((until, id, owner));
        self.whole.insert(id, Whole { bytes: bytes.into(), owner, held: 0, until });
    }

    /// Makes one blob of several, in this order, and gives its content id. It is to be held at once.
    ///
    /// # Errors
    /// Why there is none, for a person.
    pub fn gather(&mut self, now: Instant, parts: &[ContentId]) -> Result<ContentId, String> {
        let bytes: Option<Vec<&Arc<[u8]>>> = parts.iter().map(|part| self.get(*part)).collect();
        let Some(parts) = bytes else { return Err("an output that it reads is no longer here".into()) };
        let len: u64 = parts.iter().map(|part| part.len() as u64).sum();
        if len > BLOB_BYTES_MAX {
            return Err(format!(
                "the outputs that it reads have {len} bytes together, and an input at most {BLOB_BYTES_MAX}"
            ));
        }
        if !self.has_room(len) {
            return Err(BlobError::Full.to_string());
        }
        let mut bytes = Vec::with_capacity(len as usize);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        let id = ContentId::of(&bytes);
        self.insert(now, Owner::Common, id, &bytes);
        Ok(id)
    }

    /// A job needs the blob; says whether it is here.
    pub fn hold(&mut self, id: ContentId) -> bool {
        let Some(whole) = self.whole.get_mut(&id) else { return id == self.empty.0 };
        whole.held += 1;
        if whole.held == 1 {
            let (owner, until, len) = (whole.owner, whole.until, whole.bytes.len() as u64);
            self.timers.remove(&(until, id, owner));
            self.uncount(owner, len);
            self.bytes += len + OVERHEAD_BYTES;
        }
        true
    }

    /// A job that held the blob needs it no longer. With the last of them it goes.
    pub fn release(&mut self, id: ContentId) {
        let Some(whole) = self.whole.get_mut(&id) else { return };
        whole.held = whole.held.saturating_sub(1);
        if whole.held == 0 {
            let (owner, until, len) = (whole.owner, whole.until, whole.bytes.len() as u64);
            self.bytes -= len + OVERHEAD_BYTES;
            self.count(owner, len, 1);
            self.timers.insert((until, id, owner));
            self.drop_unused(id, owner);
        }
    }

    /// Drops a whole blob of this owner's that no job needs.
    pub fn drop_unused(&mut self, id: ContentId, owner: Owner) {
        let is_due = |whole: &&Whole| whole.held == 0 && whole.owner == owner;
        let Some(whole) = self.whole.get(&id).filter(is_due) else { return };
        let (owner, until, len) = (whole.owner, whole.until, whole.bytes.len() as u64);
        self.whole.remove(&id);
        self.timers.remove(&(until, id, owner));
        self.uncount(owner, len);
        self.delete_chunks(id, owner, len);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((_, id, owner)) = self.timers.first().copied().filter(|(due, ..)| *due <= now) {
            self.timers.pop_first();
            if self.whole.get(&id).is_some_and(|whole| whole.owner == owner) {
                self.drop_unused(id, owner);
            } else {
                self.drop_part(id, owner);
            }
        }
    }

    /// When [`Blobs::handle_timeout`] has something to do, and what.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.timers.first().map(|(due, ..)| (*due, "bytes that nobody uses go"))
    }

    /// All bytes of `owner`'s part are here, and right.
    fn close(&mut self, id: ContentId, owner: Owner) {
        let Some(part) = self.parts.remove(&(id, owner)) else { return };
        let len = part.len;
        if self.whole.contains_key(&id) {
            self.timers.remove(&(part.until, id, owner));
            self.uncount(owner, len);
            return self.delete_chunks(id, owner, len);
        }
        let whole = Whole { bytes: part.bytes.into(), owner, held: 0, until: part.until };
        self.whole.insert(id, whole);
    }

    fn drop_part(&mut self, id: ContentId, owner: Owner) {
        let Some(part) = self.parts.remove(&(id, owner)) else { return };
        let have = part.bytes.len() as u64;
        self.timers.remove(&(part.until, id, owner));
        self.uncount(owner, have);
        self.delete_chunks(id, owner, have);
    }

    fn delete_chunks(&mut self, id: ContentId, owner: Owner, bytes: u64) {
        for offset in (0..bytes).step_by(CHUNK_BYTES_MAX) {
            self.batch.delete(chunk_key(id, owner, offset));
        }
    }

    /// The owner of a blob that no job needs has put it again. A crash forgets that, and the owner puts it once more.
    fn renew(&mut self, now: Instant, owner: Owner, id: ContentId) {
        let is_due = |whole: &&mut Whole| whole.held == 0 && whole.owner == owner;
        let Some(whole) = self.whole.get_mut(&id).filter(is_due) else { return };
        let until = now.plus_ms(UNUSED_MS);
        let before = core::mem::replace(&mut whole.until, until);
        self.timers.remove(&(before, id, owner));
        self.timers.insert((until, id, owner));
    }

    fn count(&mut self, owner: Owner, bytes: u64, blobs: u32) {
        if matches!(owner, Owner::Network(_)) && !self.unused.contains_key(&owner) {
            self.networks += 1;
        }
        let unused = self.unused.entry(owner).or_default();
        unused.0 += bytes;
        unused.1 += blobs;
        self.bytes += bytes + u64::from(blobs) * OVERHEAD_BYTES;
    }

    fn uncount(&mut self, owner: Owner, bytes: u64) {
        self.bytes -= bytes + OVERHEAD_BYTES;
        let Some(unused) = self.unused.get_mut(&owner) else { return };
        unused.0 -= bytes;
        unused.1 -= 1;
        if unused.1 == 0 {
            self.unused.remove(&owner);
            self.networks -= u32::from(matches!(owner, Owner::Network(_)));
        }
    }
}

#[cfg(test)]
mod tests;
