//! Frozen bytes: golden files of every message, stored record and document.
//!
//! Nodes of different builds talk to each other, and a node reads what an earlier build stored. So the
//! bytes of every message variant, stored record and signed document stand in `golden/`, as text that a
//! person can read and a review can see change. A test makes each sample anew and compares; another reads what
//! the golden files hold, as a node of today would. For the shapes that a few samples miss,
//! `golden/conformance.txt` holds one hash per type over thousands of generated values.
//!
//! # How to drive it
//! `cargo test --package wire`. When bytes are meant to change (a new variant, a new protocol version), run it once with
//! `FORMIX_APPROVE_WIRE=1`, read the diff, and commit it. Bytes that are out in the world change only with a
//! new protocol name or store format.
//!
//! # Bounds
//! Samples are small; no golden file has more than some hundred lines.
//!
//! # Provided / Not provided
//! Provided: what leaves or outlives a process. Not provided: what passes between page and worker, and
//! what HTTP shows, which live and die with one build.

pub mod answers;
pub mod blocks;
pub mod capability;
pub mod conformance;
pub mod golden;
pub mod jobs;
pub mod leases;
pub mod samples;
pub mod shards;
mod stored;

pub use stored::stored;
