//! What jobs need of the bytes here: it is held, counted against who submitted them, and room is made for more.

use super::Broker;
use crate::{
    blobs::{BlobError, Room, UNUSED_MS},
    scheduler::{self, SubmitError},
};
use alloc::{collections::BTreeMap, string::ToString, vec::Vec};
use codec::{ContentId, Instant};
use keys::NodeId;

/// Milliseconds for which it is known that no room can be made: to find out looks at all that is here.
const NO_ROOM_MS: u64 = 1_000;

/// What the jobs without an end of each submitter need, each blob counted once.
#[derive(Debug, Default)]
pub(super) struct Shares {
    pub(super) jobs: BTreeMap<ContentId, (NodeId, Vec<ContentId>)>,
    pub(super) of: BTreeMap<NodeId, Share>,
}

/// One submitter's.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// How many times each blob is needed, and its bytes.
    blobs: BTreeMap<ContentId, (u32, u64)>,
    bytes: u64,
}

impl Shares {
    fn bytes_of(&self, submitter: NodeId) -> u64 {
        self.of.get(&submitter).map_or(0, |share| share.bytes)
    }

    /// Bytes of `blobs` that the submitter's jobs do not need already.
    fn more_of(&self, submitter: NodeId, blobs: &[(ContentId, u64)]) -> u64 {
        let known = self.of.get(&submitter);
        let new = blobs.iter().filter(|(id, _)| known.is_none_or(|share| !share.blobs.contains_key(id)));
        new.copied().collect::<BTreeMap<ContentId, u64>>().values().sum()
    }

    fn charge(
        &mut self,
        job: ContentId,
        submitter: NodeId,
        blobs: impl IntoIterator<Item = (ContentId, u64)>,
    ) {
        let (_, charged) = self.jobs.entry(job).or_insert_with(|| (submitter, Vec::new()));
        let share = self.of.entry(submitter).or_default();
        for (id, bytes) in blobs {
            charged.push(id);
            let (count, _) = share.blobs.entry(id).or_insert((0, bytes));
            if *count == 0 {
                share.bytes += bytes;
            }
            *count += 1;
        }
    }

    fn discharge(&mut self, job: ContentId) {
        let Some((submitter, blobs)) = self.jobs.remove(&job) else { return };
        let Some(share) = self.of.get_mut(&submitter) else { return };
        for id in blobs {
            let Some((count, bytes)) = share.blobs.get_mut(&id) else { continue };
            *count -= 1;
            if *count == 0 {
                share.bytes -= *bytes;
                share.blobs.remove(&id);
            }
        }
        if share.blobs.is_empty() {
            self.of.remove(&submitter);
        }
    }
}

/// A time at which no room could be made, and for how many bytes.
pub(super) type NoRoom = Option<(Instant, u64)>;

impl Broker {
    /// Holds what a job needs now, and lets go of what it needed before.
    pub(super) fn hold_blobs(&mut self, job: ContentId) {
        let mut needs = self.scheduler.blobs_of(job);
        needs.retain(|id| self.blobs.hold(*id));
        self.shares.discharge(job);
        if let Some(submitter) = self.scheduler.submitter_of_open(job) {
            let needed = self.lengths(needs.iter().copied().chain(self.scheduler.outputs_read(job)));
            self.shares.charge(job, submitter, needed);
        }
        let before = if needs.is_empty() { self.held.remove(&job) } else { self.held.insert(job, needs) };
        for id in before.into_iter().flatten() {
            self.blobs.release(id);
        }
    }

    fn lengths(&self, ids: impl Iterator<Item = ContentId>) -> Vec<(ContentId, u64)> {
        ids.filter_map(|id| self.blobs.get(id).map(|bytes| (id, bytes.len() as u64))).collect()
    }

    /// Whether a new job would have its submitter's jobs need more than they may.
    pub(super) fn check_share(
        &self,
        submitter: NodeId,
        named: &[ContentId],
        read: &[ContentId],
    ) -> Result<(), SubmitError> {
        let outputs = read.iter().filter_map(|job| self.scheduler.output_of(*job).ok());
        let needed = self.lengths(named.iter().copied().chain(outputs));
        let (held_bytes, max_bytes) = (self.shares.bytes_of(submitter), self.blobs.held_each_max());
        let more_bytes = self.shares.more_of(submitter, &needed);
        if more_bytes == 0 || held_bytes + more_bytes <= max_bytes {
            return Ok(());
        }
        Err(SubmitError::HeldForYou { held_bytes, more_bytes, max_bytes })
    }

    /// Refuses an open job where its submitter's jobs have come to need more than they may.
    pub(super) fn keep_to_share(&mut self, now: Instant, job: ContentId) {
        let Some(submitter) = self.scheduler.submitter_of_open(job) else { return };
        let (held_bytes, max_bytes) = (self.shares.bytes_of(submitter), self.blobs.held_each_max());
        if held_bytes > max_bytes {
            let input = scheduler::Input::Unkept { job, held_bytes, max_bytes };
            self.scheduler.handle_input(now, input);
            self.hold_blobs(job);
        }
    }

    /// Jobs that wait for a job which ended need its output from now on.
    pub(super) fn charge_readers(&mut self, now: Instant, job: ContentId) {
        let Ok(output) = self.scheduler.output_of(job) else { return };
        let needed = self.lengths(core::iter::once(output));
        for reader in self.scheduler.readers_of(job) {
            let Some(submitter) = self.scheduler.submitter_of_open(reader) else { continue };
            self.shares.charge(reader, submitter, needed.iter().copied());
            self.keep_to_share(now, reader);
        }
    }

    /// Makes room for `bytes` more: of what no job needs, and then of jobs that ended before `before`. Says whether there is room; where all of it
    /// would not do, all of it stays.
    pub(super) fn make_room(
        &mut self,
        now: Instant,
        room: Room,
        before: Instant,
        bytes: u64,
        keep: &[ContentId],
    ) -> bool {
        let lacking = self.blobs.lacking(bytes);
        if lacking == 0 {
            return true;
        }
        let is_known = |(at, least): (Instant, u64)| lacking >= least && now.since_ms(at) < NO_ROOM_MS;
        if matches!(room, Room::Upload { .. }) && self.no_room.is_some_and(is_known) {
            return false;
        }
        let (plan, freed) = self.blobs.plan_room(room, lacking, keep);
        let Some(jobs) = self.enough_ended(before, lacking.saturating_sub(freed)) else {
            self.no_room = Some((now, lacking));
            return false;
        };
        for (id, owner) in plan {
            self.blobs.drop_unheld(id, owner);
        }
        for job in (0..jobs).map_while(|_| self.scheduler.forget_oldest(before)).collect::<Vec<_>>() {
            self.hold_blobs(job);
        }
        self.blobs.has_room(bytes)
    }

    /// How many of the jobs that ended first, before `before`, have to be forgotten to free so many bytes; `None` where all do not.
    fn enough_ended(&self, before: Instant, bytes: u64) -> Option<usize> {
        let mut needs: BTreeMap<ContentId, u32> = BTreeMap::new();
        let (mut freed, mut jobs) = (0, 0);
        let mut oldest = self.scheduler.forgettable(before);
        while freed < bytes {
            let job = oldest.next()?;
            jobs += 1;
            for id in self.held.get(&job).into_iter().flatten() {
                let gone = needs.entry(*id).or_default();
                *gone += 1;
                freed += self.blobs.freed_by(*id, *gone);
            }
        }
        Some(jobs)
    }

    /// Jobs that ended before this may be forgotten for others' bytes: who brings bytes pushes out no result that is fresh.
    pub(super) fn stale(now: Instant) -> Instant {
        Instant::from_unix_ms(now.unix_ms().saturating_sub(UNUSED_MS))
    }

    /// Makes the input of a job that reads the outputs of others.
    pub(super) fn gather(&mut self, now: Instant, job: ContentId, parts: &[ContentId]) {
        let bytes = self.lengths(parts.iter().copied()).iter().map(|(_, bytes)| bytes).sum();
        let has_room = bytes > crate::blobs::BLOB_BYTES_MAX
            || self.make_room(now, Room::Job, Self::stale(now), bytes, parts);
        let result = if has_room { self.blobs.gather(now, parts) } else { Err(BlobError::Full.to_string()) };
        let input = result.as_ref().ok().copied();
        self.scheduler.handle_input(now, scheduler::Input::Gathered { job, result });
        self.hold_blobs(job);
        self.keep_to_share(now, job);
        if let Some(input) = input {
            self.blobs.drop_unused(input, crate::blobs::Owner::Common);
        }
    }
}
