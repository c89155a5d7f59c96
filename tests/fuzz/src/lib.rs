//! Hostile bytes for every decoder that reads what peers, people and stores give.
//!
//! A [`Target`] is a function of bytes that must return whatever the bytes are: no panic, no endless
//! loop, nothing kept beyond the stated bounds. Most targets ask for more: what decodes encodes to the same
//! bytes, what is written reads back, each request is answered once. `corpus/TARGET/` holds inputs to
//! start from: real encodings, hand-made nasty ones, and every input that ever broke something.
//!
//! # How to drive it
//! The tests replay the corpora and mutate each a fixed number of times from a fixed seed. `cargo xtask fuzz TARGET --seconds 60`
//! goes on from there with another seed for as long as you like, and keeps an input that breaks the target in
//! its corpus.
//!
//! # Bounds
//! An input has at most [`INPUT_MAX`] bytes. A run that fuzzes keeps at most [`mutate::POOL_MAX`] inputs.
//!
//! # Provided / Not provided
//! Provided: mutation with a dictionary, splicing, replay by seed. Not provided: guidance by coverage, which
//! needs a compiler that this project does not ask for.

pub mod mutate;
pub mod targets;

pub use targets::{TARGETS, Target, target};

use std::{fs, io, path::PathBuf};

/// Longest input of a target, in bytes.
pub const INPUT_MAX: usize = 64 * 1024;

/// Where a target's corpus is.
pub fn corpus_folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

/// A target's corpus, ordered by name.
///
/// # Errors
/// Where the folder cannot be read.
pub fn corpus(name: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(corpus_folder(name))? {
        let entry = entry?;
        inputs.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    inputs.sort();
    Ok(inputs)
}
