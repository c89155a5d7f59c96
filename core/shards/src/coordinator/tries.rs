//! How often a graph was about to be cut: one that takes its heavy node down must not do so after every start.

use super::{Coordinator, Output, RestoreError, STORE_PREFIX, State, Stored, graph_key};
use alloc::{boxed::Box, format, string::String, vec::Vec};
use codec::ContentId;
use store::{Batch, Entry};

/// How often a graph is cut without an end, before its ranking is refused.
pub const TRIES_MAX: u8 = 2;
/// What the key of a ranking's count ends with, after the key of its record. The value is the count, in one byte.
const SUFFIX: &[u8] = b"/tries";

/// Where it is kept how often a ranking's graph was about to be cut.
pub(super) fn key(id: ContentId) -> Vec<u8> {
    [STORE_PREFIX, id.digest(), SUFFIX].concat()
}

/// The count in an entry, and of which ranking; `None` for what is none.
pub(super) fn count(entry: &Entry) -> Result<Option<(ContentId, u8)>, RestoreError> {
    let id = entry.key.strip_prefix(STORE_PREFIX).and_then(|key| key.strip_suffix(SUFFIX));
    let Some(id) = id.and_then(|id| id.try_into().ok()) else { return Ok(None) };
    match entry.value[..] {
        [count] => Ok(Some((ContentId::from_digest(id), count))),
        _ => Err(RestoreError),
    }
}

/// Why a ranking is refused whose graph took this node down.
pub(super) fn refusal() -> String {
    format!(
        "this heavy node stopped {TRIES_MAX} times while it read and cut the graph, which may be too much for it; rank it on one machine, try another heavy node, or send it again if somebody stopped this one"
    )
}

impl Coordinator {
    /// Counts that a graph is about to be cut; once that is durable, it is.
    pub(super) fn try_to_cut(&mut self, id: ContentId) {
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        ranking.state = State::Trying;
        ranking.tries = ranking.tries.saturating_add(1);
        let mut batch = Batch::new();
        batch.put(key(id), [ranking.tries]);
        self.store(id, Stored::Try, batch);
    }

    /// Has a graph cut.
    pub(super) fn cut(&mut self, id: ContentId) {
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        ranking.state = State::Cutting;
        self.cutting = Some(id);
        let keys = (0..ranking.record.chunks).map(|at| graph_key(id, at)).collect();
        let order = Box::new(ranking.record.order.clone());
        self.desk.outputs.push_back(Output::Cut { ranking: id, order, keys });
    }

    /// Forgets the count: a cut has come to its end, and this node with it.
    pub(super) fn forget_tries(&mut self, id: ContentId) {
        let Some(ranking) = self.rankings.get_mut(&id) else { return };
        ranking.tries = 0;
        let mut batch = Batch::new();
        batch.delete(key(id));
        self.store(id, Stored::Tried, batch);
    }
}
