//! Graph files and threads for the focus vector: what `core/rank` may not touch.
//!
//! [`read_graph`] opens a file, gzipped or not, and finds out its format; [`read_stakes`] reads what nodes have at stake; [`Threads`] lends a
//! solve this machine's processors.
//!
//! # Bounds
//! A file is read in pieces of 64 KiB. What is kept is the graph, whose nodes the reader's options limit.
//!
//! # Provided / Not provided
//! Provided: gzip in one or several members; formats by name or by first line. Not provided: other compressions; columns in another order.

mod files;
mod threads;

pub use files::{FileError, format_of, open, read_edges, read_graph, read_stakes, unpack};
pub use threads::Threads;
