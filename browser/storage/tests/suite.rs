//! The store in a real browser, in the worker that it is made for.
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;

use storage::Store;
use store::{Batch, ShardStore as _, StoreError};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn indexeddb_passes_the_suite() {
    Store::delete("suite").await.unwrap();
    store::suite::run(|| Store::open("suite")).await.unwrap();
}

#[wasm_bindgen_test]
async fn the_seed_is_drawn_once_and_is_no_entry() {
    Store::delete("seed").await.unwrap();
    let draws = Cell::new(0);
    let draw = || {
        draws.set(draws.get() + 1);
        [7; 32]
    };
    let store = Store::open("seed").await.unwrap();
    assert_eq!(store.seed(draw).await, Ok([7; 32]));
    assert_eq!(store.seed(draw).await, Ok([7; 32]));
    assert_eq!(store.scan(b"").await, Ok(vec![]));
    drop(store);
    let store = Store::open("seed").await.unwrap();
    assert_eq!(store.seed(|| unreachable!("it is there")).await, Ok([7; 32]));
    assert_eq!(draws.get(), 1);
}

#[wasm_bindgen_test]
async fn a_later_format_is_left_alone() {
    Store::delete("newer").await.unwrap();
    let store = Store::open("newer").await.unwrap();
    let mut batch = Batch::new();
    batch.put(b"kept", b"");
    store.commit(&batch).await.unwrap();
    drop(store);
    raise_version("newer", 9).await;
    assert_eq!(Store::open("newer").await.unwrap_err(), StoreError::Newer { found: 9, known: 1 });
}

/// Does what a later version of this software would.
async fn raise_version(name: &str, version: u32) {
    let global = js_sys::global();
    let factory: web_sys::IdbFactory =
        js_sys::Reflect::get(&global, &"indexedDB".into()).unwrap().unchecked_into();
    let request = factory.open_with_u32(name, version).unwrap();
    let opened = js_sys::Promise::new(&mut |resolve, _| request.set_onsuccess(Some(&resolve)));
    wasm_bindgen_futures::JsFuture::from(opened).await.unwrap();
    let database: web_sys::IdbDatabase = request.result().unwrap().unchecked_into();
    database.close();
}
