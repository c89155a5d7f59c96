//! What a node keeps: one trait, one behaviour suite, every backend.
//!
//! The machines of the core never touch storage. They put out a [`Batch`], the shell commits it to its
//! [`ShardStore`] (redb on a host, IndexedDB in a page, memory in the simulator), and the machine is told
//! once it is durable. Nothing is acknowledged to a peer before that. At start the shell scans the
//! store and hands the entries to the machine. What would not fit memory stays where it is, and is read by its keys when it is needed.
//!
//! A backend is right when [`suite::run`] passes on it.
//!
//! # Bounds
//! A key has at most [`KEY_BYTES_MAX`] bytes, a value at most [`VALUE_BYTES_MAX`]. Backends measure well
//! with one large value per commit and badly with many small ones, so machines write few, large entries, but for what is
//! to be read back one by one.
//!
//! # Provided / Not provided
//! Provided: atomic, durable, ordered batches; a scan in key order; values by their keys. Not provided: transactions that read
//! and then write (one owner per store, whose state is in memory), encryption at rest, many writers.
#![no_std]

extern crate alloc;

mod batch;
mod memory;
pub mod suite;

pub use batch::{Batch, Change, Entry, KEY_BYTES_MAX, VALUE_BYTES_MAX};
pub use memory::MemoryStore;

use alloc::{string::String, vec::Vec};
use core::{fmt, future::Future};

/// A durable, ordered map from byte strings to byte strings with atomic batches.
///
/// Methods give futures since a page's storage is asynchronous; a native backend's futures are ready at
/// once. One owner uses a store at a time and awaits each commit before the next.
pub trait ShardStore {
    /// Makes the whole batch durable, or nothing of it. Later changes to one key win over earlier ones.
    ///
    /// # Errors
    /// [`StoreError`]; after an error the store holds exactly what it held before.
    fn commit(&self, batch: &Batch) -> impl Future<Output = Result<(), StoreError>>;

    /// The values of `keys`, in their order; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    fn get(&self, keys: &[Vec<u8>]) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>>;

    /// The entries whose keys begin with `prefix`, in ascending order of their keys' bytes.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    fn scan(&self, prefix: &[u8]) -> impl Future<Output = Result<Vec<Entry>, StoreError>>;
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// No room: the disk is full, or the browser's quota is used up.
    Full,
    /// Storage is refused: no permission, or the browser keeps nothing in this mode.
    Refused {
        /// The platform's own words.
        detail: String,
    },
    /// Another process or tab has the store open.
    InUse,
    /// What is there is no store, or a damaged one.
    Corrupt {
        /// The platform's own words.
        detail: String,
    },
    /// Written by a later version of this software.
    Newer {
        /// Format found.
        found: u32,
        /// Newest format that this version reads.
        known: u32,
    },
    /// Written by an earlier version of this software, in a format that this one does not read.
    Older {
        /// Format found.
        found: u32,
        /// The format that this version reads.
        known: u32,
    },
    /// A key or value over the limits.
    TooLarge {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Reading or writing failed in another way.
    Io {
        /// The platform's own words.
        detail: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("no room left to store; free some space and try again"),
            Self::Refused { detail } => write!(f, "storage is refused here: {detail}"),
            Self::InUse => f.write_str("the store is open in another process or tab; close that one first"),
            Self::Corrupt { detail } => {
                write!(
                    f,
                    "the store is damaged: {detail}; restore it from a copy, or move it away to start anew"
                )
            }
            Self::Newer { found, known } => write!(
                f,
                "the store has format {found}, and this version reads up to {known}; update this software"
            ),
            Self::Older { found, known } => write!(
                f,
                "the store has format {found} of an earlier version, and this version reads format {known}; nothing in it was changed: use the version that wrote it, or move the store away to start anew"
            ),
            Self::TooLarge { len, max } => write!(f, "{len} bytes in one entry, where at most {max} fit"),
            Self::Io { detail } => write!(f, "storage failed: {detail}"),
        }
    }
}

impl core::error::Error for StoreError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::rc::Rc;
    use core::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    /// A memory store that outlives its handles.
    #[derive(Clone)]
    struct Shared(Rc<MemoryStore>);

    impl ShardStore for Shared {
        fn commit(&self, batch: &Batch) -> impl Future<Output = Result<(), StoreError>> {
            self.0.commit(batch)
        }
        fn get(&self, keys: &[Vec<u8>]) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>> {
            self.0.get(keys)
        }
        fn scan(&self, prefix: &[u8]) -> impl Future<Output = Result<Vec<Entry>, StoreError>> {
            self.0.scan(prefix)
        }
    }

    #[test]
    fn memory_passes_the_suite() {
        let shared = Shared(Rc::new(MemoryStore::new()));
        let run = suite::run(|| core::future::ready(Ok(shared.clone())));
        let Poll::Ready(outcome) = pin!(run).poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("memory answers at once")
        };
        outcome.unwrap();
    }
}
