//! The page's store: a [`ShardStore`] on IndexedDB.
//!
//! One database per store, with two object stores: `entries` maps keys to values, both binary, which
//! IndexedDB orders by their bytes; `device` holds what belongs to this browser and to no scan, the
//! node's secret seed. A batch is one read-write transaction of strict durability, so it counts as
//! committed once the browser has flushed it. The format's number is the database's own version.
//!
//! # How to drive it
//! [`Store::open`] on a page or in a worker, then the methods of [`ShardStore`]. One owner at a time
//! is the caller's to see to, for instance with a Web Lock: IndexedDB itself lets two tabs in.
//!
//! # Bounds
//! Those of [`store`]; how much fits altogether is the browser's decision.
//!
//! # Provided / Not provided
//! Provided: atomic batches, durable against a crash of the browser and, as far as the browser
//! flushes, of the machine. Not provided: encryption at rest; protection from the browser's own
//! eviction, for which a page asks `navigator.storage.persist()`.
//!
//! Follows: Indexed Database API 3.0.
#![cfg(target_arch = "wasm32")]

mod error;
mod request;

use std::cell::RefCell;

use store::{Batch, Change, Entry, ShardStore, StoreError};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbTransaction};

use crate::error::{refused, store_error};
use crate::request::{done, finished};

/// The format that this version writes: the database's version.
const FORMAT: u32 = 1;
/// The object store of the node's entries.
const ENTRIES: &str = "entries";
/// The object store of what belongs to this browser.
const DEVICE: &str = "device";
/// The key of the node's secret seed in [`DEVICE`].
const SEED: &str = "seed";

/// A store in this browser, for this origin.
#[derive(Debug)]
pub struct Store {
    database: IdbDatabase,
    on_closed: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Store {
    /// Opens the store called `name`, made anew where there is none.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the browser keeps nothing, [`StoreError::Newer`] where a later
    /// version of this software wrote the store, [`StoreError::Full`] and [`StoreError::Io`].
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let factory = factory()?;
        let request = factory.open_with_u32(name, FORMAT).map_err(store_error)?;
        match request::opened(&request, upgrade).await {
            Ok(database) => Ok(Self { database, on_closed: RefCell::default() }),
            Err(request::OpenError::Newer) => Err(newer(&factory, name).await?),
            Err(request::OpenError::Failed(error)) => Err(error),
        }
    }

    /// Deletes the store called `name` and all it holds, once nobody has it open.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn delete(name: &str) -> Result<(), StoreError> {
        let request = factory()?.delete_database(name).map_err(store_error)?;
        done(&request).await.map(drop)
    }

    /// The secret seed of this browser's node. The first time it is what `draw` gives, and it is durable
    /// before it is returned.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where something else stands in its place; otherwise as
    /// [`ShardStore::commit`].
    pub async fn seed(&self, draw: impl FnOnce() -> [u8; 32]) -> Result<[u8; 32], StoreError> {
        let transaction = self.begin(DEVICE, true)?;
        let device = transaction.object_store(DEVICE).map_err(store_error)?;
        let found = done(&device.get(&SEED.into()).map_err(store_error)?).await?;
        if found.is_undefined() {
            let seed = draw();
            device.put_with_key(&binary(&seed), &SEED.into()).map_err(store_error)?;
            finished(&transaction).await?;
            return Ok(seed);
        }
        bytes(found)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| StoreError::Corrupt { detail: "the node's seed is not 32 bytes".into() })
    }

    /// Calls `tell`, in place of an earlier one, should the browser close the store by itself. It does so when
    /// the person clears the site's data, and what is in memory then is no longer what is kept.
    pub fn on_closed(&self, tell: impl FnOnce() + 'static) {
        let closed = Closure::once(tell);
        self.database.set_onclose(Some(closed.as_ref().unchecked_ref()));
        *self.on_closed.borrow_mut() = Some(closed);
    }

    fn begin(&self, store: &str, write: bool) -> Result<IdbTransaction, StoreError> {
        request::begin(&self.database, store, write).map_err(store_error)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.database.set_onclose(None);
        self.database.close();
    }
}

impl ShardStore for Store {
    async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.begin(ENTRIES, true)?;
        let entries = transaction.object_store(ENTRIES).map_err(store_error)?;
        for change in batch.changes() {
            if let Err(error) = put_or_delete(&entries, change) {
                // Already over where the browser aborted it by itself.
                let _ = transaction.abort();
                return Err(store_error(error));
            }
        }
        finished(&transaction).await
    }

    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let transaction = self.begin(ENTRIES, false)?;
        let entries = transaction.object_store(ENTRIES).map_err(store_error)?;
        let ask = |key: &Vec<u8>| entries.get(&binary(key)).map_err(store_error);
        // All are asked before any is awaited: a transaction without requests ends.
        let asked = keys.iter().map(ask).collect::<Result<Vec<_>, _>>()?;
        let values = futures::future::try_join_all(asked.iter().map(done)).await?;
        let value = |value: JsValue| {
            if value.is_undefined() {
                return Ok(None);
            }
            let corrupt = || StoreError::Corrupt { detail: "an entry that is not bytes".into() };
            bytes(value).map(Some).ok_or_else(corrupt)
        };
        values.into_iter().map(value).collect()
    }

    async fn scan(&self, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        let transaction = self.begin(ENTRIES, false)?;
        let entries = transaction.object_store(ENTRIES).map_err(store_error)?;
        let range = range(prefix).map_err(store_error)?;
        let keys = entries.get_all_keys_with_key(&range).map_err(store_error)?;
        let values = entries.get_all_with_key(&range).map_err(store_error)?;
        // Both are asked before either is awaited: a transaction without requests ends.
        let (keys, values) = futures::try_join!(done(&keys), done(&values))?;
        let (keys, values) = (js_sys::Array::from(&keys), js_sys::Array::from(&values));
        keys.iter()
            .zip(values.iter())
            .map(|(key, value)| {
                let entry = bytes(key).zip(bytes(value)).map(|(key, value)| Entry { key, value });
                entry.ok_or_else(|| StoreError::Corrupt { detail: "an entry that is not bytes".into() })
            })
            .collect()
    }
}

/// The browser's IndexedDB, on a page or in a worker.
fn factory() -> Result<IdbFactory, StoreError> {
    let found = js_sys::Reflect::get(&js_sys::global(), &"indexedDB".into()).map_err(refused)?;
    found.dyn_into().map_err(|_| StoreError::Refused { detail: "this browser has no IndexedDB".into() })
}

fn upgrade(database: &IdbDatabase) -> Result<(), JsValue> {
    for name in [ENTRIES, DEVICE] {
        database.create_object_store(name)?;
    }
    Ok(())
}

/// The error about a store whose version is above [`FORMAT`].
async fn newer(factory: &IdbFactory, name: &str) -> Result<StoreError, StoreError> {
    let database: IdbDatabase =
        done(factory.open(name).map_err(store_error)?.as_ref()).await?.unchecked_into();
    let found = database.version();
    database.close();
    Ok(StoreError::Newer { found: found as u32, known: FORMAT })
}

fn put_or_delete(entries: &IdbObjectStore, change: &Change) -> Result<(), JsValue> {
    match change {
        Change::Put(entry) => entries.put_with_key(&binary(&entry.value), &binary(&entry.key))?,
        Change::Delete(key) => entries.delete(&binary(key))?,
        Change::DeleteUnder(prefix) => entries.delete(&range(prefix)?)?,
    };
    Ok(())
}

/// The keys that begin with `prefix`.
fn range(prefix: &[u8]) -> Result<JsValue, JsValue> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX);
    let range = match kept {
        None => IdbKeyRange::lower_bound(&binary(prefix))?,
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            IdbKeyRange::bound_with_lower_open_and_upper_open(&binary(prefix), &binary(&end), false, true)?
        }
    };
    Ok(range.into())
}

fn binary(bytes: &[u8]) -> JsValue {
    js_sys::Uint8Array::from(bytes).into()
}

/// The bytes of what [`binary`] stored: keys come back as plain buffers.
fn bytes(value: JsValue) -> Option<Vec<u8>> {
    if value.is_instance_of::<js_sys::ArrayBuffer>() || value.is_instance_of::<js_sys::Uint8Array>() {
        Some(js_sys::Uint8Array::new(&value).to_vec())
    } else {
        None
    }
}

/// Holds the lock called `name` until the worker or page that asked ends; calls `on_taken` first where
/// somebody else holds it. For pages that have no Web Locks: those not loaded securely.
///
/// The lock is an open connection to the database `NAME-lock`. Whoever asks for the database's next
/// version waits until all connections to the one before are gone.
///
/// # Errors
/// As [`Store::open`].
pub async fn hold(name: &str, on_taken: impl FnOnce()) -> Result<(), StoreError> {
    let (factory, name) = (factory()?, format!("{name}-lock"));
    let mut on_taken = Some(on_taken);
    // Versions that grow with time: two that ask at once are served one after the other.
    let mut version = js_sys::Date::now();
    loop {
        let request = factory.open_with_f64(&name, version).map_err(store_error)?;
        match request::taken_over(&request, || {
            if let Some(on_taken) = on_taken.take() {
                on_taken();
            }
        })
        .await
        {
            Ok(database) => {
                // Open for as long as this worker lives.
                std::mem::forget(database);
                return Ok(());
            }
            Err(request::OpenError::Newer) => version = js_sys::Date::now().max(version + 1.0),
            Err(request::OpenError::Failed(error)) => return Err(error),
        }
    }
}
