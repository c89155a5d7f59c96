//! The page's reckoner: graphs ranked and laid out, and interaction nets reduced, in a worker of their own.
//!
//! What computes for minutes stays off the page's thread and off the node's. The page's views of graphs and of the machine start one of these each, and the
//! node's worker one for parts of other people's graphs; they ask it `channel::reckoner::ToReckoner` and are told `FromReckoner`. It is a program apart: only those load it who open such a view, or give that.
//!
//! # How to drive it
//! The program calls `start` once. Work is done in slices, after each of which messages are read: so it can be stopped, and what is asked for
//! ends what is under way. Whoever has no patience ends the worker.
//!
//! # Bounds
//! A graph has at most `NODES_MAX` nodes and `EDGES_MAX` edges, a drawing [`drawn::EDGES_MAX`] edges; a program's heap is as large as
//! `reducing` says, its result's text a mebibyte. One graph is held at a time.
//!
//! # Provided / Not provided
//! Provided: π by WebGPU, and by the processor where there is none or it cannot, with the same bits; strict and lazy reduction with the counts of the
//! command line. Not provided: threads, since a page may share memory only under headers that would keep it from other pages; stakes; gzip files of
//! several members.

pub mod drawn;
pub mod layout;
pub mod sample;

#[cfg(target_arch = "wasm32")]
mod app;
#[cfg(target_arch = "wasm32")]
mod files;
#[cfg(target_arch = "wasm32")]
mod parts;
#[cfg(target_arch = "wasm32")]
mod ranking;
#[cfg(target_arch = "wasm32")]
mod reducing;
#[cfg(target_arch = "wasm32")]
pub use app::start;
