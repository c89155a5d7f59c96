//! The nodes: the ribs composed into one machine each.
//!
//! A node is a function of state, input, now and seed. [`LightNode`] is what a browser tab, a native
//! process and a simulated person's device run; [`HeavyNode`] is what relays, aggregates and serves.
//! Shells own sockets, disks and screens, and pump the machines.
//!
//! # How to drive it
//! Load the store's entries and construct the node with them and a fresh seed. Then
//! `handle_input(now, Input)` and `handle_timeout(now)`; after each, drain `poll_output()` until `None`
//! and do what it says, and sleep until `poll_timeout()`. `now` never runs backwards for one node.
//! A [`LightOutput::Store`] or [`HeavyOutput::Store`] is committed and answered before the next comes.
//!
//! # Bounds
//! [`heavy::COMPUTATIONS_MAX`], [`heavy::PER_PROPOSER_MAX`], [`light::TASKS_MAX`],
//! [`light::DATASETS_MAX`], [`HEAVY_NODES_MAX`], and those of the machines inside.
//!
//! # Provided / Not provided
//! Provided: what `aggregate` provides, end to end, crash-safe at every step. Not provided: trust; who
//! the heavy nodes are is decided by the descriptors that a person's host gives and the node pins.
#![no_std]

extern crate alloc;

mod descriptor;
pub mod heavy;
pub mod light;
mod storage;
#[cfg(test)]
mod tests;

pub use descriptor::{DESCRIPTOR_AHEAD_MS_MAX, Descriptor, DescriptorError, HEAVY_NODES_MAX};
pub use heavy::{
    ComputationView, HEAVY_PREFIXES, HeavyConfig, HeavyInput, HeavyNode, HeavyOutput, KEPT_BYTES_MAX,
};
pub use light::{
    Command, CommandError, LedgerView, LightConfig, LightInput, LightNode, LightOutput, LightView, Look,
    RecordView, Reply, RuleView, TaskState, TaskView, Trial, Withdrawal,
};
pub use privacy::Rule;
pub use query::Line;
pub use storage::Ticket;
