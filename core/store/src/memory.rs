use crate::{Batch, Change, Entry, ShardStore, StoreError};
use alloc::{collections::BTreeMap, vec::Vec};
use core::{
    cell::RefCell,
    future::{Future, ready},
};

/// A store that lasts as long as its value: for tests, and for a node that shall forget.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    entries: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl MemoryStore {
    /// An empty store.
    pub const fn new() -> Self {
        Self { entries: RefCell::new(BTreeMap::new()) }
    }

    /// [`ShardStore::commit`], without a future.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`].
    pub fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut entries = self.entries.borrow_mut();
        for change in batch.changes() {
            match change {
                Change::Put(entry) => {
                    entries.insert(entry.key.clone(), entry.value.clone());
                }
                Change::Delete(key) => {
                    entries.remove(key);
                }
                Change::DeleteUnder(prefix) => entries.retain(|key, _| !key.starts_with(prefix)),
            }
        }
        Ok(())
    }

    /// [`ShardStore::get`], without a future.
    pub fn read(&self, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let entries = self.entries.borrow();
        keys.iter().map(|key| entries.get(key).cloned()).collect()
    }

    /// [`ShardStore::scan`], without a future.
    pub fn list(&self, prefix: &[u8]) -> Vec<Entry> {
        let entries = self.entries.borrow();
        entries
            .range(prefix.to_vec()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
            .collect()
    }
}

impl ShardStore for MemoryStore {
    fn commit(&self, batch: &Batch) -> impl Future<Output = Result<(), StoreError>> {
        ready(self.apply(batch))
    }

    fn get(&self, keys: &[Vec<u8>]) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>> {
        ready(Ok(self.read(keys)))
    }

    fn scan(&self, prefix: &[u8]) -> impl Future<Output = Result<Vec<Entry>, StoreError>> {
        ready(Ok(self.list(prefix)))
    }
}
