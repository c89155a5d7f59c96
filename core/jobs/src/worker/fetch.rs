//! Getting modules and inputs from heavy nodes, and keeping them for jobs to come.

use super::{Job, Purpose, State, Timer, Worker};
use crate::{
    blobs::BLOB_BYTES_MAX,
    manifest::Blob,
    message::{Request, Response},
    strikes::STRIKES_MS,
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::String,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::NodeId;

/// Bytes of modules and inputs that are kept for jobs to come.
pub const CACHE_BYTES_MAX: usize = 64 << 20;

/// Most questions under way by which one heavy node is asked for bytes.
const GETS_MAX: u32 = 16;

/// Bytes that come.
#[derive(Debug)]
pub(super) struct Fetch {
    heavy: NodeId,
    bytes: Vec<u8>,
    /// The question that is under way.
    asked: Option<u64>,
    /// Whether it waits for its turn to be asked for.
    is_waiting: bool,
    /// The jobs that wait for them.
    jobs: BTreeSet<ContentId>,
}

/// Bytes that came; who was used longest ago goes first, unless a job here needs it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    blobs: BTreeMap<ContentId, (Arc<[u8]>, u64)>,
    order: BTreeSet<(u64, ContentId)>,
    bytes: usize,
    turn: u64,
}

impl Cache {
    fn get(&mut self, id: ContentId) -> Option<Arc<[u8]>> {
        let (bytes, turn) = self.blobs.get_mut(&id)?;
        self.order.remove(&(*turn, id));
        self.turn += 1;
        *turn = self.turn;
        self.order.insert((self.turn, id));
        Some(Arc::clone(bytes))
    }

    fn has(&self, id: ContentId) -> bool {
        self.blobs.contains_key(&id)
    }

    fn insert(&mut self, id: ContentId, bytes: Arc<[u8]>) {
        self.turn += 1;
        self.bytes += bytes.len();
        self.blobs.insert(id, (bytes, self.turn));
        self.order.insert((self.turn, id));
    }

    fn shrink(&mut self, is_needed: impl Fn(ContentId) -> bool) {
        while self.bytes > CACHE_BYTES_MAX {
            let Some((turn, oldest)) = self.order.iter().copied().find(|(_, id)| !is_needed(*id)) else {
                return;
            };
            self.order.remove(&(turn, oldest));
            if let Some((bytes, _)) = self.blobs.remove(&oldest) {
                self.bytes -= bytes.len();
            }
        }
    }
}

/// What a job needs besides its manifest.
fn needs(job: &Job) -> impl Iterator<Item = ContentId> {
    let by_id = |blob: &Blob, id| blob.inline().is_none().then_some(id);
    let module = by_id(&job.manifest.module, job.manifest.module_id());
    module.into_iter().chain(by_id(&job.manifest.input, job.input))
}

impl Worker {
    /// Fetches what a job needs, or finds that it is all here.
    pub(super) fn fetch(&mut self, id: ContentId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let (heavy, empty) = (job.heavy, ContentId::of(b""));
        let missing: Vec<ContentId> =
            needs(job).filter(|blob| *blob != empty && !self.cache.has(*blob)).collect();
        if missing.is_empty() {
            return self.is_fetched(id);
        }
        for blob in missing {
            let fetch = self.fetches.entry(blob).or_insert_with(|| Fetch {
                heavy,
                bytes: Vec::new(),
                asked: None,
                is_waiting: false,
                jobs: BTreeSet::new(),
            });
            fetch.jobs.insert(id);
            self.fetch_elsewhere(blob);
            self.fetch_more(blob);
        }
    }

    /// Has what a heavy node was to give that is gone come from another that leased a job with the same needs.
    fn fetch_elsewhere(&mut self, blob: ContentId) {
        let is_up = |heavy: &NodeId| self.heavy.get(heavy).is_some_and(|heavy| heavy.is_up);
        let is_stuck = |fetch: &&Fetch| fetch.asked.is_none() && !is_up(&fetch.heavy);
        let Some(fetch) = self.fetches.get(&blob).filter(is_stuck) else { return };
        let others = fetch.jobs.iter().filter_map(|job| self.jobs.get(job));
        let Some(heavy) = others.map(|job| job.heavy).find(is_up) else { return };
        if let Some(fetch) = self.fetches.get_mut(&blob) {
            fetch.heavy = heavy;
            // Its turn at the other comes to nothing.
            fetch.is_waiting = false;
            // Wrong bytes are held against who gave all of them.
            fetch.bytes.clear();
        }
    }

    fn fetch_more(&mut self, blob: ContentId) {
        let is_idle = |fetch: &&mut Fetch| fetch.asked.is_none() && !fetch.is_waiting;
        let Some(fetch) = self.fetches.get_mut(&blob).filter(is_idle) else { return };
        fetch.is_waiting = true;
        let heavy = fetch.heavy;
        let waiting = &mut self.heavy.entry(heavy).or_default().gets.waiting;
        // What has begun goes on first, so that some jobs have all of theirs soon.
        if fetch.bytes.is_empty() {
            waiting.push_back(blob)
        } else {
            waiting.push_front(blob)
        }
        self.get_more(heavy);
    }

    /// Asks for bytes while questions may be asked.
    fn get_more(&mut self, heavy: NodeId) {
        while let Some(blob) = self.heavy.get_mut(&heavy).and_then(|heavy| heavy.gets.next(GETS_MAX)) {
            let is_due = |fetch: &&mut Fetch| fetch.heavy == heavy && fetch.is_waiting;
            let offset = self.fetches.get_mut(&blob).filter(is_due).map(|fetch| {
                fetch.is_waiting = false;
                fetch.bytes.len() as u64
            });
            let Some(offset) = offset else {
                self.heavy.entry(heavy).or_default().gets.ended();
                continue;
            };
            let asked = self.ask(heavy, Purpose::Get { heavy, id: blob }, Request::Get { id: blob, offset });
            if let Some(fetch) = self.fetches.get_mut(&blob) {
                fetch.asked = Some(asked);
            }
        }
    }

    /// Goes on with what was being fetched from a heavy node that is up again.
    pub(super) fn fetch_again(&mut self, heavy: NodeId) {
        let blobs: Vec<ContentId> =
            self.fetches.iter().filter(|(_, fetch)| fetch.heavy == heavy).map(|(id, _)| *id).collect();
        for blob in blobs {
            self.fetch_more(blob);
        }
    }

    pub(super) fn fetched(
        &mut self,
        now: Instant,
        heavy: NodeId,
        blob: ContentId,
        token: u64,
        response: Option<Response>,
    ) {
        if let Some(known) = self.heavy.get_mut(&heavy) {
            known.gets.ended();
        }
        self.went_on_fetching(now, blob, token, response);
        self.get_more(heavy);
    }

    fn went_on_fetching(&mut self, now: Instant, blob: ContentId, token: u64, response: Option<Response>) {
        // The answer to a question about bytes that were given up since, and may come anew, is none to what is asked now.
        let is_asked = |fetch: &&mut Fetch| fetch.asked == Some(token);
        let Some(fetch) = self.fetches.get_mut(&blob).filter(is_asked) else { return };
        fetch.asked = None;
        let heavy = fetch.heavy;
        let (len, bytes) = match response {
            Some(Response::Chunk { len, bytes }) => (len, bytes),
            Some(_) => return self.fetch_failed(now, blob, "the heavy node does not have"),
            // It is asked again when it is up again.
            None if self.heavy.get(&heavy).is_none_or(|heavy| !heavy.is_up) => {
                self.fetch_elsewhere(blob);
                if self.fetches.get(&blob).is_some_and(|fetch| fetch.heavy != heavy) {
                    self.fetch_more(blob);
                }
                return;
            }
            None => return self.fetch_failed(now, blob, "the heavy node did not give"),
        };
        let have = (fetch.bytes.len() + bytes.len()) as u64;
        if len > BLOB_BYTES_MAX || have > len || (bytes.is_empty() && have < len) {
            return self.wrong_bytes(now, blob);
        }
        fetch.bytes.extend_from_slice(&bytes);
        if have < len {
            return self.fetch_more(blob);
        }
        if ContentId::of(&fetch.bytes) != blob {
            return self.wrong_bytes(now, blob);
        }
        let Some(fetch) = self.fetches.remove(&blob) else { return };
        self.cache.insert(blob, fetch.bytes.into());
        if self.cache.bytes > CACHE_BYTES_MAX {
            let needed: BTreeSet<ContentId> = self.jobs.values().flat_map(needs).collect();
            self.cache.shrink(|id| needed.contains(&id));
        }
        for id in fetch.jobs {
            let is_ready = self.jobs.get(&id).is_some_and(|job| {
                matches!(job.state, State::Fetching) && needs(job).all(|blob| self.has_bytes(blob))
            });
            if is_ready {
                self.is_fetched(id);
            }
        }
    }

    fn has_bytes(&self, blob: ContentId) -> bool {
        self.cache.has(blob) || blob == ContentId::of(b"")
    }

    fn wrong_bytes(&mut self, now: Instant, blob: ContentId) {
        let id = self.fetches.get(&blob).map(|fetch| fetch.heavy);
        if let Some((id, heavy)) = id.and_then(|id| Some((id, self.heavy.get_mut(&id)?))) {
            heavy.strikes.add(now);
            // It is offered anew once they are forgiven.
            heavy.offered = None;
            self.timers.insert((now.plus_ms(STRIKES_MS), Timer::Offer(id)));
        }
        self.fetch_failed(now, blob, "the heavy node gave other bytes than");
    }

    fn fetch_failed(&mut self, now: Instant, blob: ContentId, what: &str) {
        let Some(fetch) = self.fetches.remove(&blob) else { return };
        for id in fetch.jobs {
            if self.jobs.get(&id).is_some_and(|job| job.heavy != fetch.heavy) {
                // Who leased it is asked itself.
                self.fetch(id);
                continue;
            }
            let why: String = format!("{what} the bytes of {blob}");
            if let Some(job) = self.forget(now, id) {
                self.note(now, id, &job, &why);
                self.decline(job.heavy, id, why);
            }
        }
    }

    pub(super) fn stop_fetching(&mut self, job: ContentId) {
        self.fetches.retain(|_, fetch| !fetch.jobs.remove(&job) || !fetch.jobs.is_empty());
    }

    /// The bytes of a module or input that is here.
    pub(super) fn bytes_of(&mut self, blob: &Blob, id: ContentId) -> Option<Arc<[u8]>> {
        match blob.inline() {
            Some(bytes) => Some(Arc::from(bytes)),
            None if id == ContentId::of(b"") => Some(Arc::from([])),
            None => self.cache.get(id),
        }
    }
}

#[cfg(test)]
mod tests;
