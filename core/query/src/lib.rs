//! Reductions: what a private computation asks, what a node measures, what the totals say.
//!
//! # Bounds
//! A query is read within the bounds that [`Query::check`] states.
#![no_std]

extern crate alloc;

pub mod answer;
pub mod fixed;
mod layout;
mod query;

pub use answer::{Answer, Figures, Rounding};
pub use layout::{BITS_MAX, LENGTH_MAX, Layout};
pub use query::{BINS_DEFAULT, Kind, Per, Quantity, Query, RECORDS_DEFAULT, RECORDS_MAX, Reduction};
