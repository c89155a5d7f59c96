//! The bytes of modules, inputs and outputs.

use super::*;

/// Writes its input as it is, however long.
const COPY: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 3)
  (func (export "_start")
    (loop $next
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
      (if (i32.load (i32.const 4)) (then
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br $next))))))"#;

/// Bytes of several chunks that are not all alike.
fn many(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at / 7 % 251) as u8).collect()
}

#[test]
fn a_blob_that_was_interrupted_goes_on_where_it_ended() {
    let mut world = World::working(1);
    let bytes = many(3 * CHUNK_BYTES_MAX + 100);
    let (id, len) = (ContentId::of(&bytes), bytes.len() as u64);
    let (first, rest) = bytes.split_at(2 * CHUNK_BYTES_MAX + 5_000);
    // Only whole chunks are kept before the end.
    let progress = world.put(id, len, 0, first).unwrap();
    assert_eq!(progress, Progress { have: 2 * CHUNK_BYTES_MAX as u64, len });
    assert_eq!(world.broker().blob(id), None);
    // The heavy node starts anew between.
    world.kill(World::light(1));
    world.restart_heavy(1);
    world.run_ms(5_000);
    assert_eq!(world.broker().blob_progress(id, None), Some(progress));
    let error = world.put(id, len, first.len() as u64, rest).unwrap_err();
    assert_eq!(error, BlobError::Offset { have: progress.have, len });
    let whole = world.put(id, len, progress.have, &bytes[progress.have as usize..]).unwrap();
    assert!(whole.is_whole());
    assert_eq!(world.broker().blob(id).as_deref(), Some(bytes.as_slice()));
    // A job reads it, a large output comes back, and both stay as long as it is remembered.
    let module = Blob::Inline(Base64(wat::parse_str(COPY).unwrap()));
    let manifest = Manifest { module, input: Blob::Id(id), ..world.manifest("copy", b"") };
    let job = world.submit(&manifest);
    world.run_ms(30 * 60_000);
    assert!(world.output(job) == bytes);
    assert!(world.broker().blob(id).is_some());
}

#[test]
fn wrong_bytes_are_dropped() {
    let mut world = World::working(1);
    let id = ContentId::of(b"right");
    let found = ContentId::of(b"wrong");
    assert_eq!(world.put(id, 5, 0, b"wrong"), Err(BlobError::OtherBytes { found }));
    assert_eq!((world.broker().blob(id), world.broker().blob_progress(id, None)), (None, None));
    assert!(world.put(id, 5, 0, b"right").unwrap().is_whole());
    // A job whose module is not here is refused, with the field.
    let module = ContentId::of(b"no module");
    let manifest = Manifest { module: Blob::Id(module), ..world.manifest("none", b"") };
    assert_eq!(world.try_submit(&manifest), Err(SubmitError::Missing { field: "module.id", id: module }));
    // What nobody uses goes.
    world.run_ms(11 * 60_000);
    assert_eq!(world.broker().blob(id), None);
    let stored = world.stores[&World::light(1)].list(b"j/b/");
    assert!(stored.is_empty());
}

#[test]
fn a_module_by_id_is_fetched_once() {
    let mut world = World::working(1);
    let module = wat::parse_str(REVERSE).unwrap();
    let id = ContentId::of(&module);
    world.put(id, module.len() as u64, 0, &module).unwrap();
    let jobs: Vec<ContentId> = (0..40u8)
        .map(|at| {
            let manifest = Manifest { module: Blob::Id(id), ..world.manifest("by id", &[at, 1]) };
            world.submit(&manifest)
        })
        .collect();
    world.run_ms(5_000);
    for (at, job) in jobs.iter().enumerate() {
        assert_eq!(world.output(*job), [1, at as u8]);
    }
}
