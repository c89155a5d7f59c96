//! Letters of a heavy node: bytes of their own, and bytes that they share.

use crate::message::{About, Task, WorkId};
use alloc::{sync::Arc, vec::Vec};
use codec::encode;

/// A letter that waits to be sent: its own bytes, and what follows them, which the same letter to another holder of the part shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    own: Vec<u8>,
    shared: Arc<[u8]>,
    /// Whether the shared bytes are in memory for longer than any letter.
    is_lent: bool,
}

impl From<Vec<u8>> for Letter {
    fn from(own: Vec<u8>) -> Self {
        Self { own, shared: Arc::from([]), is_lent: false }
    }
}

impl Letter {
    /// Bytes of the whole.
    pub(crate) fn len(&self) -> usize {
        self.own.len() + self.shared.len()
    }

    /// Bytes that are in memory for its sake. Of what replicas share, each counts all.
    pub(crate) fn kept_bytes(&self) -> u64 {
        let shared = if self.is_lent { 0 } else { self.shared.len() };
        (self.own.len() + shared) as u64
    }

    /// At most `count` bytes from `start` on.
    pub(crate) fn piece(&self, start: usize, count: usize) -> Vec<u8> {
        let end = self.len().min(start.saturating_add(count));
        let own = self.own.get(start..end.min(self.own.len())).unwrap_or_default();
        let (from, to) = (start.saturating_sub(self.own.len()), end.saturating_sub(self.own.len()));
        let shared = self.shared.get(from..to).unwrap_or_default();
        [own, shared].concat()
    }
}

/// What a part is asked for, under no name yet: [`Task`] with the long lists shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// [`Task::Begin`].
    Begin { about: About, part: Arc<[u8]> },
    /// [`Task::Spread`].
    Spread { teleport: u64 },
    /// [`Task::Gather`], its list as it is on the wire, without its length.
    Gather { ghosts: Arc<[u8]> },
    /// [`Task::Kept`].
    Kept,
}

impl Ask {
    /// The list of [`Task::Gather`] as it is shared.
    pub(crate) fn list(ghosts: &[u32]) -> Arc<[u8]> {
        ghosts.iter().flat_map(|ghost| ghost.to_le_bytes()).collect()
    }

    /// For what computes in this process.
    pub(crate) fn task(&self, work: WorkId) -> Task {
        match self {
            Self::Begin { about, part } => Task::Begin { work, about: about.clone(), part: part.to_vec() },
            Self::Spread { teleport } => Task::Spread { work, teleport: *teleport },
            Self::Gather { ghosts } => {
                let ghosts = ghosts.as_chunks::<4>().0.iter().map(|ghost| u32::from_le_bytes(*ghost));
                Task::Gather { work, ghosts: ghosts.collect() }
            }
            Self::Kept => Task::Kept { work },
        }
    }

    /// For a light node: the bytes of the [`Task`].
    pub(crate) fn letter(self, work: WorkId) -> Letter {
        match self {
            Self::Begin { about, part } => {
                let own =
                    ends_with_length(encode(&Task::Begin { work, about, part: Vec::new() }), part.len());
                Letter { own, shared: part, is_lent: true }
            }
            Self::Gather { ghosts } => {
                let own =
                    ends_with_length(encode(&Task::Gather { work, ghosts: Vec::new() }), ghosts.len() / 4);
                Letter { own, shared: ghosts, is_lent: false }
            }
            Self::Spread { .. } | Self::Kept => encode(&self.task(work)).into(),
        }
    }
}

/// The encoding of what ends with an empty list, before so many elements: borsh puts the length before them, as a `u32`.
fn ends_with_length(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(4));
    bytes.extend_from_slice(&(len as u32).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests;
