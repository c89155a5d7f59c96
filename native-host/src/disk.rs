//! The store on disk: one redb file, one durable transaction a batch.
//!
//! The file begins with a table `format` that holds the version of what is inside, so that a program refuses the file of a newer or an older one
//! instead of misreading it. After a failed write redb wants the file opened anew; the store does so before the next batch.

mod guarded;

use guarded::guarded;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError};
use std::{
    fs, io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use store::{Batch, Change, Entry, ShardStore, StoreError};

/// Version of the entries' format: one more with each change to what nodes store that makes earlier entries unreadable.
pub const FORMAT: u32 = 2;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const HEADER: TableDefinition<'_, &str, u32> = TableDefinition::new("format");
const FORMAT_KEY: &str = "version";
/// Bytes of redb's page cache. A node reads most of its store once, at the start; the shares of a heavy node's reports in no order.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

type Opener = dyn Fn() -> Result<Database, DatabaseError> + Send + Sync;

/// A [`ShardStore`] in one file. Clones share it.
#[derive(Clone)]
pub struct RedbStore {
    open: Arc<Opener>,
    slot: Arc<Mutex<Slot>>,
}

/// The open file, where there is one.
#[derive(Default)]
struct Slot {
    database: Option<Database>,
    /// Found damaged while it was in use: it stays closed.
    broken: Option<StoreError>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let database = self.database.take();
        // Closing a damaged file may fail; what was committed is on the disk already.
        let _ = guarded(|| drop(database));
    }
}

impl RedbStore {
    /// Opens the store at `path`, or makes an empty one. The file is readable by its owner alone.
    ///
    /// # Errors
    /// [`StoreError`]: in use by another process, damaged, of another version, refused by the system, or no room.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        create_private(&path).map_err(|error| from_io(&error))?;
        Self::with(move || Database::builder().set_cache_size(CACHE_BYTES).create(&path))
    }

    /// Opens a store on the database that `open` gives; it is called again after a failed write.
    ///
    /// # Errors
    /// As [`RedbStore::open`].
    pub fn with(
        open: impl Fn() -> Result<Database, DatabaseError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let mut slot = Slot { database: Some(opened(&open)?), broken: None };
        slot.run(&open, |database| Ok(check_format(database)))??;
        Ok(Self { open: Arc::new(open), slot: Arc::new(Mutex::new(slot)) })
    }

    /// [`ShardStore::commit`], on this thread.
    ///
    /// # Errors
    /// [`StoreError`]; after an error the store holds exactly what it held before.
    pub fn commit_now(&self, batch: &Batch) -> Result<(), StoreError> {
        batch.check()?;
        if batch.is_empty() {
            return Ok(());
        }
        self.run(|database| write(database, batch))
    }

    /// [`ShardStore::scan`], on this thread.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    pub fn scan_now(&self, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        self.run(|database| read(database, prefix))
    }

    /// [`ShardStore::get`], on this thread.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] or [`StoreError::Io`].
    pub fn get_now(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.run(|database| get(database, keys))
    }

    fn run<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, StoreError> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).run(&*self.open, work)
    }
}

impl Slot {
    fn run<T>(
        &mut self,
        open: &dyn Fn() -> Result<Database, DatabaseError>,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let database = match self.database.take() {
            Some(database) => database,
            None => opened(open)?,
        };
        match guarded(|| work(&database)) {
            Ok(Ok(done)) => {
                self.database = Some(database);
                Ok(done)
            }
            // After a failed write redb refuses further work on the same handle.
            Ok(Err(error)) => {
                guarded(|| drop(database))?;
                Err(from_redb(&error))
            }
            Err(error) => {
                // Its destructor cannot be trusted with what the panic left. The file stays locked.
                std::mem::forget(database);
                self.broken = Some(error.clone());
                Err(error)
            }
        }
    }
}

fn opened(open: &dyn Fn() -> Result<Database, DatabaseError>) -> Result<Database, StoreError> {
    guarded(open)?.map_err(|error| from_database(&error))
}

impl std::fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedbStore").finish_non_exhaustive()
    }
}

impl ShardStore for RedbStore {
    async fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.commit_now(batch)
    }

    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.get_now(keys)
    }

    async fn scan(&self, prefix: &[u8]) -> Result<Vec<Entry>, StoreError> {
        self.scan_now(prefix)
    }
}

fn write(database: &Database, batch: &Batch) -> Result<(), redb::Error> {
    // Durability::Immediate, redb's default: the commit returns after fsync.
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(ENTRIES)?;
        for change in batch.changes() {
            match change {
                Change::Put(entry) => drop(table.insert(entry.key.as_slice(), entry.value.as_slice())?),
                Change::Delete(key) => drop(table.remove(key.as_slice())?),
                Change::DeleteUnder(prefix) => {
                    let end = end_of(prefix);
                    let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
                    table.retain_in::<&[u8], _>((Bound::Included(prefix.as_slice()), end), |_, _| false)?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// The first key after all that begin with `prefix`; `None` where there can be none.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

fn get(database: &Database, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(ENTRIES) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(vec![None; keys.len()]),
        Err(error) => return Err(error.into()),
    };
    let value = |key: &Vec<u8>| Ok(table.get(key.as_slice())?.map(|value| value.value().to_vec()));
    keys.iter().map(value).collect()
}

fn read(database: &Database, prefix: &[u8]) -> Result<Vec<Entry>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(ENTRIES) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut entries = Vec::new();
    for item in table.range(prefix..)? {
        let (key, value) = item?;
        if !key.value().starts_with(prefix) {
            break;
        }
        entries.push(Entry { key: key.value().to_vec(), value: value.value().to_vec() });
    }
    Ok(entries)
}

fn check_format(database: &Database) -> Result<(), StoreError> {
    let found = format_of(database).map_err(|error| from_redb(&error))?;
    match found {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => Err(StoreError::Newer { found, known: FORMAT }),
        Some(found) => Err(StoreError::Older { found, known: FORMAT }),
        None => set_format(database).map_err(|error| from_redb(&error)),
    }
}

/// The format of what is inside, `None` in a new file.
fn format_of(database: &Database) -> Result<Option<u32>, redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(HEADER) {
        Ok(table) => Ok(table.get(FORMAT_KEY)?.map(|version| version.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn set_format(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(HEADER)?.insert(FORMAT_KEY, FORMAT)?;
    transaction.commit()?;
    Ok(())
}

/// Makes an empty file that only its owner reads, where there is none.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(file) => {
            file.sync_all()?;
            sync_folder(path)
        }
    }
}

/// Makes a file's name in its folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        // The parent of a bare file name is the empty path, which no system opens.
        Some(folder) if cfg!(unix) && folder.as_os_str().is_empty() => fs::File::open(".")?.sync_all(),
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn from_database(error: &DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse,
        DatabaseError::Storage(error) => from_storage(error),
        other => StoreError::Corrupt { detail: other.to_string() },
    }
}

fn from_redb(error: &redb::Error) -> StoreError {
    match error {
        redb::Error::Io(error) => from_io(error),
        redb::Error::DatabaseAlreadyOpen => StoreError::InUse,
        redb::Error::Corrupted(detail) => StoreError::Corrupt { detail: detail.clone() },
        redb::Error::TableTypeMismatch { .. } | redb::Error::TypeDefinitionChanged { .. } => {
            StoreError::Corrupt { detail: format!("not a store of this program: {error}") }
        }
        other => StoreError::Io { detail: other.to_string() },
    }
}

fn from_storage(error: &StorageError) -> StoreError {
    match error {
        StorageError::Io(error) => from_io(error),
        StorageError::Corrupted(detail) => StoreError::Corrupt { detail: detail.clone() },
        other => StoreError::Io { detail: other.to_string() },
    }
}

fn from_io(error: &io::Error) -> StoreError {
    use io::ErrorKind::{
        FileTooLarge, InvalidData, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
        UnexpectedEof,
    };
    let detail = error.to_string();
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => StoreError::Full,
        PermissionDenied | ReadOnlyFilesystem => StoreError::Refused { detail },
        InvalidData | UnexpectedEof => StoreError::Corrupt { detail },
        _ => StoreError::Io { detail },
    }
}

#[cfg(test)]
mod tests;
