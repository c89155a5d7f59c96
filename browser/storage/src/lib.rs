//! The page's store: a ShardStore on IndexedDB.
#![cfg(target_arch = "wasm32")]
