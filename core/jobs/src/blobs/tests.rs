use super::*;
use crate::message::CHUNK_BYTES_MAX as CHUNK_BYTES;
use alloc::vec;
use keys::Identity;
use proptest::prelude::*;
use store::MemoryStore;

fn now() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn owner(seed: u8) -> Owner {
    Some(Identity::from_seed([seed; 32]).id())
}

fn small() -> Config {
    Config { bytes_max: 3_000_000, bytes_each_max: 1_000_000, blobs_each_max: 3 }
}

/// What the store holds after all changes so far.
fn stored(blobs: &mut Blobs, store: &MemoryStore) -> Vec<Entry> {
    store.apply(&blobs.take_batch()).unwrap();
    store.list(b"j/")
}

#[test]
fn nobody_spoils_the_upload_of_another() {
    let mut blobs = Blobs::new(small());
    let bytes = vec![7; CHUNK_BYTES + 10];
    let (id, len) = (ContentId::of(&bytes), bytes.len() as u64);
    let spoiler = vec![8; CHUNK_BYTES];
    assert_eq!(blobs.put(now(), owner(1), id, len, 0, &spoiler).unwrap().have, CHUNK_BYTES as u64);
    assert!(blobs.put(now(), owner(2), id, len, 0, &bytes).unwrap().is_whole());
    assert_eq!(blobs.get(id).map(AsRef::as_ref), Some(bytes.as_slice()));
    // The spoiler is told that it is here.
    assert!(blobs.put(now(), owner(1), id, len, CHUNK_BYTES as u64, &[8; 10]).unwrap().is_whole());
}

#[test]
fn an_identity_has_its_part_and_no_more() {
    let mut blobs = Blobs::new(small());
    let blob = |at: u8, len: usize| vec![at; len];
    let put = |blobs: &mut Blobs, by, bytes: &[u8]| {
        blobs.put(now(), owner(by), ContentId::of(bytes), bytes.len() as u64, 0, bytes).map(|_| ())
    };
    assert_eq!(put(&mut blobs, 1, &blob(1, 900_000)), Ok(()));
    assert_eq!(put(&mut blobs, 1, &blob(2, 100_001)), Err(BlobError::FullForYou));
    assert_eq!(put(&mut blobs, 1, &blob(2, 50)), Ok(()));
    assert_eq!(put(&mut blobs, 1, &blob(3, 50)), Ok(()));
    assert_eq!(
        put(&mut blobs, 1, &blob(4, 50)),
        Err(BlobError::FullForYou),
        "three are as many as it may have"
    );
    // What a job needs counts no longer.
    assert!(blobs.hold(ContentId::of(&blob(1, 900_000))));
    assert_eq!(put(&mut blobs, 1, &blob(4, 900_000)), Ok(()));
    assert_eq!(put(&mut blobs, 2, &blob(5, 999_000)), Ok(()));
    assert_eq!(put(&mut blobs, 3, &blob(6, 300_000)), Err(BlobError::Full));
    let long = blobs.put(now(), owner(3), ContentId::of(b"long"), BLOB_BYTES_MAX + 1, 0, b"x");
    assert!(matches!(long, Err(BlobError::TooLong { .. })));
    blobs.handle_timeout(now().plus_ms(UNUSED_MS));
    assert_eq!(blobs.bytes, 900_000 + OVERHEAD_BYTES);
    blobs.release(ContentId::of(&blob(1, 900_000)));
    assert_eq!((blobs.bytes, blobs.whole.len(), blobs.unused.len(), blobs.timers.len()), (0, 0, 0, 0));
}

#[test]
fn the_empty_blob_is_always_here() {
    let mut blobs = Blobs::new(small());
    let id = ContentId::of(b"");
    assert!(blobs.put(now(), None, id, 0, 0, b"").unwrap().is_whole());
    assert!(blobs.hold(id) && blobs.get(id).is_some());
    blobs.release(id);
    assert!(blobs.get(id).is_some() && blobs.take_batch().is_empty());
}

#[derive(Debug, Clone)]
enum Move {
    Put { by: u8, blob: u8, len: usize, offset: u64 },
    Hold { blob: u8 },
    Release { blob: u8 },
    Wait { minutes: u64 },
    Restart,
}

fn moves() -> impl Strategy<Value = Move> {
    let lens = prop_oneof![Just(10), Just(CHUNK_BYTES), Just(CHUNK_BYTES + 10), Just(2 * CHUNK_BYTES)];
    let offsets = prop_oneof![Just(0), Just(CHUNK_BYTES as u64), Just(10)];
    prop_oneof![
        4 => (0..3u8, 0..4u8, lens, offsets).prop_map(|(by, blob, len, offset)| Move::Put { by, blob, len, offset }),
        2 => (0..4u8).prop_map(|blob| Move::Hold { blob }),
        2 => (0..4u8).prop_map(|blob| Move::Release { blob }),
        1 => (1..8u64).prop_map(|minutes| Move::Wait { minutes }),
        1 => Just(Move::Restart),
    ]
}

fn sample(blob: u8) -> Vec<u8> {
    vec![blob; [10, CHUNK_BYTES, CHUNK_BYTES + 10, 2 * CHUNK_BYTES][usize::from(blob)]]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_done_the_counts_hold_and_the_store_has_the_same(moves in proptest::collection::vec(moves(), 1..60)) {
        let (mut blobs, mut now, store) = (Blobs::new(small()), now(), MemoryStore::new());
        let mut held: BTreeMap<ContentId, u32> = BTreeMap::new();
        for step in moves {
            match step {
                Move::Put { by, blob, len, offset } => {
                    let bytes = sample(blob);
                    let id = ContentId::of(&bytes);
                    let from = (offset as usize).min(bytes.len());
                    let part = &bytes[from..bytes.len().min(from + len)];
                    let by = if by == 0 { None } else { owner(by) };
                    if let Ok(progress) = blobs.put(now, by, id, bytes.len() as u64, offset, part) {
                        prop_assert_eq!(blobs.progress(id, by).map_or(0, |progress| progress.have), progress.have);
                    }
                }
                Move::Hold { blob } => {
                    let id = ContentId::of(&sample(blob));
                    if blobs.hold(id) {
                        *held.entry(id).or_default() += 1;
                    }
                }
                Move::Release { blob } => {
                    let id = ContentId::of(&sample(blob));
                    if let Some(count) = held.get_mut(&id).filter(|count| **count > 0) {
                        *count -= 1;
                        blobs.release(id);
                    }
                }
                Move::Wait { minutes } => {
                    now = now.plus_ms(minutes * 60_000);
                    blobs.handle_timeout(now);
                }
                Move::Restart => {
                    let entries = stored(&mut blobs, &store);
                    blobs = Blobs::restore(small(), &entries).unwrap();
                    for (id, count) in &held {
                        for _ in 0..*count {
                            prop_assert!(blobs.hold(*id), "what is held is durable");
                        }
                    }
                }
            }
            let parts: u64 = blobs.parts.values().map(|part| part.bytes.len() as u64).sum();
            let whole: u64 = blobs.whole.values().map(|whole| whole.bytes.len() as u64).sum();
            let count = (blobs.parts.len() + blobs.whole.len()) as u64;
            prop_assert_eq!(blobs.bytes, parts + whole + count * OVERHEAD_BYTES);
            prop_assert!(blobs.bytes <= small().bytes_max);
            let unused: u64 = blobs.unused.values().map(|(bytes, _)| bytes).sum();
            let held_bytes: u64 = blobs.whole.values().filter(|whole| whole.held > 0).map(|whole| whole.bytes.len() as u64).sum();
            prop_assert_eq!(unused, parts + whole - held_bytes);
            prop_assert!(held.iter().all(|(id, count)| *count == 0 || blobs.get(*id).is_some()));
            let entries = stored(&mut blobs, &store);
            let on_disk: u64 = entries.iter().map(|entry| decode::<Chunk>(&entry.value).unwrap().bytes.len() as u64).sum();
            prop_assert_eq!(on_disk, parts + whole);
        }
    }
}

#[test]
fn nothing_is_no_blob_but_the_empty_one() {
    let mut blobs = Blobs::new(small());
    let (empty, other) = (ContentId::of(b""), ContentId::of(b"other"));
    assert!(blobs.put(now(), owner(1), empty, 0, 0, b"").unwrap().is_whole());
    assert_eq!(blobs.put(now(), owner(1), other, 0, 0, b""), Err(BlobError::OtherBytes { found: empty }));
}

#[test]
fn what_a_disk_spoiled_is_dropped_at_the_start() {
    let (mut blobs, store) = (Blobs::new(small()), MemoryStore::default());
    let bytes = b"a module";
    let id = ContentId::of(bytes);
    blobs.put(now(), None, id, 8, 0, bytes).unwrap();
    let mut entries = stored(&mut blobs, &store);
    assert!(Blobs::restore(small(), &entries).unwrap().get(id).is_some());
    *entries[0].value.last_mut().unwrap() ^= 1;
    let mut blobs = Blobs::restore(small(), &entries).unwrap();
    assert!(blobs.get(id).is_none());
    assert!(blobs.put(now(), None, id, 8, 0, bytes).unwrap().is_whole());
}

#[test]
fn nobodys_bytes_and_those_of_the_key_of_zeros_are_two_things() {
    let zero = NodeId::from_public_key([0; 32]);
    let id = ContentId::of(b"a module");
    assert_ne!(chunk_key(id, None, 0), chunk_key(id, Some(zero), 0));
    assert_eq!(read_key(&chunk_key(id, Some(zero), 0)), Some((id, Some(zero))));
    assert_eq!(read_key(&chunk_key(id, None, 0)), Some((id, None)));
}
