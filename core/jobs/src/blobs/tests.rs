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
    Owner::Node(Identity::from_seed([seed; 32]).id())
}

fn small() -> Config {
    Config { bytes_max: 3_000_000, bytes_each_max: 1_000_000, blobs_each_max: 3, ..Config::default() }
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
    assert!(blobs.put(now(), Owner::Common, id, 0, 0, b"").unwrap().is_whole());
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
                    let by = if by == 0 { Owner::Common } else { owner(by) };
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
    blobs.put(now(), Owner::Common, id, 8, 0, bytes).unwrap();
    let mut entries = stored(&mut blobs, &store);
    assert!(Blobs::restore(small(), &entries).unwrap().get(id).is_some());
    *entries[0].value.last_mut().unwrap() ^= 1;
    let mut blobs = Blobs::restore(small(), &entries).unwrap();
    assert!(blobs.get(id).is_none());
    assert!(blobs.put(now(), Owner::Common, id, 8, 0, bytes).unwrap().is_whole());
}

#[test]
fn nobodys_bytes_and_those_of_the_key_of_zeros_are_two_things() {
    let zero = NodeId::from_public_key([0; 32]);
    let id = ContentId::of(b"a module");
    assert_ne!(chunk_key(id, Owner::Common, 0), chunk_key(id, Owner::Node(zero), 0));
    for owner in [Owner::Common, Owner::Node(zero), net("192.0.2.7"), net("2001:db8:1::5"), net("::1")] {
        assert_eq!(read_key(&chunk_key(id, owner, 0)), Some((id, owner)));
    }
    assert_eq!(net("2001:db8:1:2::5"), net("2001:db8:1:3::6"));
    assert_ne!(net("2001:db8:1::5"), net("2001:db8:2::5"));
    assert_ne!(net("192.0.2.7"), net("192.0.2.8"));
}

fn net(ip: &str) -> Owner {
    Owner::at(ip.parse().unwrap())
}

#[test]
fn people_of_two_networks_have_a_copy_and_a_part_each() {
    let mut blobs = Blobs::new(small());
    let bytes = vec![7; CHUNK_BYTES + 10];
    let (id, len) = (ContentId::of(&bytes), bytes.len() as u64);
    let spoiler = vec![8; CHUNK_BYTES];
    assert_eq!(blobs.put(now(), net("192.0.2.7"), id, len, 0, &spoiler).unwrap().have, CHUNK_BYTES as u64);
    assert_eq!(blobs.progress(id, net("192.0.2.8")), None);
    assert!(blobs.put(now(), net("192.0.2.8"), id, len, 0, &bytes).unwrap().is_whole());
    // Networks beyond those that have a part of their own share one.
    for at in 0..NETWORKS_MAX {
        let (id, ip) = (ContentId::of(&at.to_be_bytes()), core::net::Ipv4Addr::from_bits(0x0a00_0000 + at));
        blobs.put(now(), Owner::at(ip.into()), id, 4, 0, &at.to_be_bytes()).unwrap();
    }
    assert_eq!(blobs.networks, NETWORKS_MAX);
    assert!(blobs.unused.contains_key(&Owner::Common) && blobs.unused.len() <= 1 + NETWORKS_MAX as usize);
    blobs.handle_timeout(now().plus_ms(UNUSED_MS));
    assert_eq!((blobs.networks, blobs.unused.len()), (0, 0));
}

#[test]
fn who_puts_a_blob_again_has_it_for_as_long_again() {
    let mut blobs = Blobs::new(small());
    let (id, bytes) = (ContentId::of(b"a module"), b"a module");
    blobs.put(now(), owner(1), id, 8, 0, bytes).unwrap();
    let later = now().plus_ms(UNUSED_MS - 1);
    // Another's word keeps nobody's bytes on their account.
    blobs.put(later, owner(2), id, 8, 0, bytes).unwrap();
    assert_eq!(blobs.poll_timeout().map(|(due, _)| due), Some(now().plus_ms(UNUSED_MS)));
    blobs.put(later, owner(1), id, 8, 0, bytes).unwrap();
    blobs.handle_timeout(now().plus_ms(UNUSED_MS));
    assert!(blobs.get(id).is_some());
    blobs.handle_timeout(later.plus_ms(UNUSED_MS));
    assert!(blobs.get(id).is_none() && blobs.timers.is_empty());
}

#[test]
fn room_is_made_of_what_no_job_needs_and_of_who_has_most() {
    let config = Config { blobs_each_max: 9, ..small() };
    let mut blobs = Blobs::new(config);
    let long = 1_000_000;
    let part = |blobs: &mut Blobs, at: u64, by: u8, name: &[u8]| {
        let id = ContentId::of(name);
        blobs.put(now().plus_ms(at), owner(by), id, long, 0, &vec![by; CHUNK_BYTES]).unwrap();
        id
    };
    let first = part(&mut blobs, 1, 1, b"first");
    part(&mut blobs, 2, 1, b"second");
    let small = part(&mut blobs, 0, 2, b"small");
    let whole = b"a module";
    let whole =
        (ContentId::of(whole), blobs.put(now(), owner(3), ContentId::of(whole), 8, 0, whole).unwrap()).0;
    let chunk = CHUNK_BYTES as u64;
    // An upload takes from who has more, and never more than makes them even.
    let upload = |by, bytes| Room::Upload { owner: owner(by), bytes };
    assert_eq!(blobs.plan_room(upload(3, 1_000), 1, &[]).0, [(first, owner(1))]);
    assert_eq!(blobs.plan_room(upload(1, 1_000), 1, &[]), (vec![], 0));
    assert_eq!(blobs.plan_room(upload(3, chunk), u64::MAX, &[]).0, [(first, owner(1))]);
    // A job's output takes all of it, but what its answer speaks of; whole ones last.
    let (all, freed) = blobs.plan_room(Room::Job, u64::MAX, &[]);
    assert_eq!((all.len(), all[3], freed), (4, (whole, owner(3)), blobs.bytes));
    assert!(!blobs.plan_room(Room::Job, u64::MAX, &[small]).0.contains(&(small, owner(2))));
    all.into_iter().for_each(|(id, owner)| blobs.drop_unheld(id, owner));
    assert_eq!((blobs.bytes, blobs.timers.len(), blobs.unused.len()), (0, 0, 0));
}
