//! The store on disk: one redb file, one durable transaction a batch.
//!
//! The file begins with a table `format` that holds the version of what is inside, so that an older program refuses a newer file
//! instead of misreading it. After a failed write redb wants the file opened anew; the store does so before the next batch.

use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use store::{Batch, Change, Entry, ShardStore, StoreError};

/// Version of the entries' format.
pub const FORMAT: u32 = 1;

const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const HEADER: TableDefinition<'_, &str, u32> = TableDefinition::new("format");
const FORMAT_KEY: &str = "version";
/// Bytes of redb's page cache. A node reads its store once, at the start.
const CACHE_BYTES: usize = 8 * 1024 * 1024;

type Opener = dyn Fn() -> Result<Database, DatabaseError> + Send + Sync;

/// A [`ShardStore`] in one file. Clones share it.
#[derive(Clone)]
pub struct RedbStore {
    open: Arc<Opener>,
    database: Arc<Mutex<Option<Database>>>,
}

impl RedbStore {
    /// Opens the store at `path`, or makes an empty one. The file is readable by its owner alone.
    ///
    /// # Errors
    /// [`StoreError`]: in use by another process, damaged, newer, refused by the system, or no room.
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
        let database = open().map_err(|error| from_database(&error))?;
        check_format(&database)?;
        Ok(Self { open: Arc::new(open), database: Arc::new(Mutex::new(Some(database))) })
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

    fn run<T>(&self, work: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, StoreError> {
        let mut slot = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match slot.take() {
            Some(database) => database,
            None => (self.open)().map_err(|error| from_database(&error))?,
        };
        let result = work(&database);
        // After a failed write redb refuses further work on the same handle.
        if result.is_ok() {
            *slot = Some(database);
        }
        result.map_err(|error| from_redb(&error))
    }
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
            }
        }
    }
    transaction.commit()?;
    Ok(())
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
        Some(found) => Err(StoreError::Corrupt { detail: format!("its format is said to be {found}") }),
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
