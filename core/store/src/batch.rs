use crate::StoreError;
use alloc::{sync::Arc, vec::Vec};

/// Longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 256;
/// Longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A stored key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// One change in a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets a key's value.
    Put(Entry),
    /// Removes a key, where it is there.
    Delete(Vec<u8>),
    /// Removes all keys that begin so.
    DeleteUnder(Vec<u8>),
}

/// Changes that become durable together. Clones share keys and values: whoever may have to store a batch once more keeps one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch(Vec<Arc<Change>>);

impl Batch {
    /// An empty batch.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets `key` to `value`.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.0.push(Arc::new(Change::Put(Entry { key: key.into(), value: value.into() })));
    }

    /// Removes `key`.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.0.push(Arc::new(Change::Delete(key.into())));
    }

    /// Removes all keys that begin with `prefix`.
    pub fn delete_under(&mut self, prefix: impl Into<Vec<u8>>) {
        self.0.push(Arc::new(Change::DeleteUnder(prefix.into())));
    }

    /// Adds `other`'s changes after this batch's.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The changes, in order.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.0.iter().map(|change| &**change)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks keys and values against the limits; a backend calls it before it writes.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for the first that is over.
    pub fn check(&self) -> Result<(), StoreError> {
        let fits = |len, max| if len > max { Err(StoreError::TooLarge { len, max }) } else { Ok(()) };
        self.changes().try_for_each(|change| match change {
            Change::Put(entry) => {
                fits(entry.key.len(), KEY_BYTES_MAX)?;
                fits(entry.value.len(), VALUE_BYTES_MAX)
            }
            Change::Delete(key) | Change::DeleteUnder(key) => fits(key.len(), KEY_BYTES_MAX),
        })
    }
}
