use super::*;
use redb::{StorageBackend, backends::InMemoryBackend};
use std::{
    future::{Future, ready},
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
};

fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a native store answers at once"),
    }
}

#[test]
fn passes_the_behaviour_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    now_or_never(store::suite::run(|| ready(RedbStore::open(&path)))).unwrap();
}

#[test]
fn is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let _first = RedbStore::open(&path).unwrap();
    assert_eq!(RedbStore::open(&path).unwrap_err(), StoreError::InUse);
}

/// Says in a store's file that it has this format.
fn mark(path: &Path, format: u32) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(HEADER).unwrap().insert(FORMAT_KEY, format).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn refuses_another_version_s_store_and_leaves_it_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let mut batch = Batch::new();
    batch.put(b"k", b"v");
    RedbStore::open(&path).unwrap().commit_now(&batch).unwrap();
    for (found, expected) in [
        (FORMAT + 1, StoreError::Newer { found: FORMAT + 1, known: FORMAT }),
        (FORMAT - 1, StoreError::Older { found: FORMAT - 1, known: FORMAT }),
    ] {
        mark(&path, found);
        for _ in 0..2 {
            assert_eq!(RedbStore::open(&path).unwrap_err(), expected);
        }
    }
    let words = StoreError::Older { found: 1, known: 2 }.to_string();
    assert!(words.contains("use the version that wrote it, or move the store away"), "{words}");
    mark(&path, FORMAT);
    let entries = RedbStore::open(&path).unwrap().scan_now(b"").unwrap();
    assert_eq!(entries, [Entry { key: b"k".to_vec(), value: b"v".to_vec() }]);
}

#[test]
fn refuses_what_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("text", b"not a store".to_vec()), ("zeros", vec![0; 8192]), ("ff", vec![0xff; 9000])]
    {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let error = RedbStore::open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{name}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name} is left as it was");
    }
}

#[test]
fn refuses_a_cut_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = RedbStore::open(&path).unwrap();
    let mut batch = Batch::new();
    batch.put(b"k", vec![7; 100_000]);
    store.commit_now(&batch).unwrap();
    drop(store);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let _store = RedbStore::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A disk of limited size that outlives the database on it.
#[derive(Debug, Clone)]
struct SmallDisk {
    bytes: Arc<InMemoryBackend>,
    room: Arc<AtomicU64>,
}

impl SmallDisk {
    fn fits(&self, end: u64) -> io::Result<()> {
        let fits = end <= self.room.load(Ordering::Relaxed);
        if fits { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

impl StorageBackend for SmallDisk {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fits(len)?;
        self.bytes.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.bytes.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fits(offset + data.len() as u64)?;
        self.bytes.write(offset, data)
    }
}

#[test]
fn a_full_disk_loses_nothing_and_is_got_over() {
    let disk = SmallDisk { bytes: Arc::default(), room: Arc::new(AtomicU64::new(4 << 20)) };
    let backend = disk.clone();
    let store = RedbStore::with(move || Database::builder().create_with_backend(backend.clone())).unwrap();
    let mut small = Batch::new();
    small.put(b"kept", b"1");
    store.commit_now(&small).unwrap();

    let mut large = Batch::new();
    large.put(b"kept", b"2");
    large.put(b"large", vec![1; 8 << 20]);
    assert_eq!(store.commit_now(&large), Err(StoreError::Full));
    let kept = Entry { key: b"kept".to_vec(), value: b"1".to_vec() };
    assert_eq!(store.scan_now(b"").unwrap(), [kept]);

    disk.room.store(u64::MAX, Ordering::Relaxed);
    store.commit_now(&large).unwrap();
    assert_eq!(store.scan_now(b"").unwrap().len(), 2);
}

#[test]
fn no_damage_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.db");
    let store = RedbStore::open(&path).unwrap();
    for at in 0..40u8 {
        let mut batch = Batch::new();
        batch.put([at], vec![at; 3_000]);
        store.commit_now(&batch).unwrap();
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    // Numerical Recipes' linear congruential generator: any fixed sequence serves.
    let mut state = 1u32;
    let mut refused = 0;
    for round in 0..150 {
        let mut damaged = whole.clone();
        for _ in 0..20 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % if round % 2 == 0 { damaged.len() } else { 16 * 4_096 };
            damaged[at] ^= 1 << (state % 8);
        }
        // A file of its own each time: one that is found damaged while open stays locked.
        let path = folder.path().join(format!("{round}.db"));
        fs::write(&path, &damaged).unwrap();
        let mut batch = Batch::new();
        batch.put(b"more", vec![1; 5_000]);
        let used = RedbStore::open(&path).and_then(|store| {
            store.scan_now(b"")?;
            store.commit_now(&batch)
        });
        refused += u32::from(used.is_err());
    }
    assert!(refused > 20, "damage to the first pages is noticed: {refused}");
}

#[test]
fn a_file_without_a_folder_stands_in_the_current_one() {
    super::sync_folder(std::path::Path::new("ready.json")).unwrap();
    super::sync_folder(std::path::Path::new("/")).unwrap();
}
