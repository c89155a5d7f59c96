//! The behaviour that every backend shows. A backend's tests call [`run`] and nothing else about
//! semantics.

use crate::{Batch, Entry, KEY_BYTES_MAX, MemoryStore, ShardStore, StoreError};
use alloc::{vec, vec::Vec};
use core::future::Future;

/// Runs every case. `reopen` closes the store it gave before and opens the same storage again, which is
/// empty the first time.
///
/// # Errors
/// What the backend answered where it should not have failed.
///
/// # Panics
/// Where the backend behaves otherwise than the trait says.
pub async fn run<S, F, R>(mut reopen: F) -> Result<(), StoreError>
where
    S: ShardStore,
    F: FnMut() -> R,
    R: Future<Output = Result<S, StoreError>>,
{
    let store = reopen().await?;
    assert_eq!(store.scan(b"").await?, vec![], "a new store is empty");

    order_and_prefix(&store).await?;
    drop(store);
    let store = reopen().await?;
    let keys: Vec<_> = store.scan(b"").await?.into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, [b"a".to_vec(), b"a/1".to_vec(), b"a/2".to_vec(), b"a\xff".to_vec(), b"b".to_vec()]);

    atomic_and_last_wins(&store).await?;
    limits(&store).await?;
    large_value(&store).await?;
    drop(store);
    against_a_model(&mut reopen).await
}

fn entry(key: &[u8], value: &[u8]) -> Entry {
    Entry { key: key.into(), value: value.into() }
}

async fn order_and_prefix(store: &impl ShardStore) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    for key in [&b"b"[..], b"a/2", b"a", b"a\xff", b"a/1"] {
        batch.put(key, key);
    }
    store.commit(&batch).await?;
    assert_eq!(store.scan(b"a/").await?, [entry(b"a/1", b"a/1"), entry(b"a/2", b"a/2")]);
    assert_eq!(store.scan(b"a\xff").await?, [entry(b"a\xff", b"a\xff")]);
    assert_eq!(store.scan(b"c").await?, []);
    let keys = [b"b".to_vec(), b"a/".to_vec(), b"a".to_vec(), b"b".to_vec()];
    let values = [Some(b"b".to_vec()), None, Some(b"a".to_vec()), Some(b"b".to_vec())];
    assert_eq!(store.get(&keys).await?, values, "in the order of the keys asked");
    assert_eq!(store.get(&[]).await?, []);
    Ok(())
}

async fn atomic_and_last_wins(store: &impl ShardStore) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    batch.put(b"x", b"1");
    batch.put(b"x", b"2");
    batch.put(b"y", b"1");
    batch.delete(b"y");
    batch.delete(b"never there");
    batch.put(b"empty", b"");
    store.commit(&batch).await?;
    assert_eq!(store.scan(b"x").await?, [entry(b"x", b"2")]);
    assert_eq!(store.scan(b"y").await?, []);
    assert_eq!(store.scan(b"empty").await?, [entry(b"empty", b"")]);
    store.commit(&Batch::new()).await?;

    let mut batch = Batch::new();
    for key in [&b"p"[..], b"p/1", b"p/2", b"p\xff", b"p\xff\xff", b"q"] {
        batch.put(key, key);
    }
    batch.delete_under(b"p/");
    batch.put(b"p/3", b"after");
    batch.delete_under(b"p\xff");
    batch.delete_under(b"never there");
    store.commit(&batch).await?;
    assert_eq!(store.scan(b"p").await?, [entry(b"p", b"p"), entry(b"p/3", b"after")]);
    assert_eq!(store.scan(b"q").await?, [entry(b"q", b"q")]);
    Ok(())
}

async fn limits(store: &impl ShardStore) -> Result<(), StoreError> {
    let before = store.scan(b"").await?;
    let mut batch = Batch::new();
    batch.put(b"written with the next?", b"");
    batch.put(vec![b'k'; KEY_BYTES_MAX + 1], b"");
    let refused = store.commit(&batch).await;
    assert_eq!(refused, Err(StoreError::TooLarge { len: KEY_BYTES_MAX + 1, max: KEY_BYTES_MAX }));
    assert_eq!(store.scan(b"").await?, before, "a refused batch leaves nothing behind");

    let mut batch = Batch::new();
    batch.put(vec![b'k'; KEY_BYTES_MAX], b"longest");
    store.commit(&batch).await?;
    assert_eq!(store.scan(&[b'k'; KEY_BYTES_MAX]).await?.len(), 1);
    Ok(())
}

async fn large_value(store: &impl ShardStore) -> Result<(), StoreError> {
    let large: Vec<u8> = (0..1_000_000u32).map(|at| (at % 251) as u8).collect();
    let mut batch = Batch::new();
    batch.put(b"large", large.clone());
    store.commit(&batch).await?;
    assert_eq!(store.scan(b"large").await?, [entry(b"large", &large)]);
    Ok(())
}

/// Random batches with reopenings between, held against [`MemoryStore`].
async fn against_a_model<S, F, R>(reopen: &mut F) -> Result<(), StoreError>
where
    S: ShardStore,
    F: FnMut() -> R,
    R: Future<Output = Result<S, StoreError>>,
{
    let mut store = reopen().await?;
    let model = MemoryStore::new();
    let mut clean = Batch::new();
    for entry in store.scan(b"").await? {
        clean.delete(entry.key);
    }
    store.commit(&clean).await?;
    // Numerical Recipes' linear congruential generator: any fixed sequence serves.
    let mut state = 1u32;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    for round in 0..60 {
        let mut batch = Batch::new();
        for _ in 0..draw(12) {
            let key = vec![b'a' + draw(4) as u8; 1 + draw(3) as usize];
            if draw(4) == 0 {
                batch.delete(key);
            } else if draw(16) == 0 {
                batch.delete_under(key);
            } else {
                batch.put(key, vec![draw(256) as u8; draw(40) as usize]);
            }
        }
        store.commit(&batch).await?;
        model.apply(&batch)?;
        if round % 10 == 9 {
            drop(store);
            store = reopen().await?;
        }
        for prefix in [&b""[..], b"a", b"bb"] {
            assert_eq!(store.scan(prefix).await?, model.list(prefix), "round {round}");
        }
    }
    Ok(())
}
