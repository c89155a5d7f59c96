//! Reductions: what a private computation asks, what a node measures, what the totals say.
//!
//! A [`Query`] is the part of a proposal that says what to compute: a count, a mean, a line through points, a histogram.
//! Checked against the schema of the records, it is a [`Plan`]. Each node turns its own records into a *measurement*, a
//! vector of unsigned integers in the plan's [`Layout`]; a scheme adds the measurements up without showing one; and the
//! plan turns the totals into an [`Answer`]. Everything is integers, so that the answer is exact but for the rounding that is
//! stated with it, and the same for all who compute it.
//!
//! ```
//! use query::Query;
//! use schema::{Schema, Value};
//!
//! let schema = Schema::from_json(
//!     r#"{"type": "object", "properties": {"mass": {"type": "number"}, "sex": {"type": "string"}}}"#,
//! )?;
//! let query: Query = serde_json::from_str(
//!     r#"{"kind": "mean", "value": {"expr": "mass", "lower": "2", "upper": "7", "decimals": 1},
//!         "where": "sex == 'female'", "records_max": 10}"#,
//! )?;
//! let plan = query.check(&schema)?;
//! assert_eq!(
//!     plan.words(),
//!     "the mean of `mass` over records where `sex` is 'female'; values are rounded to 1 decimal and kept within 2.0 to 7.0"
//! );
//! let now = codec::Instant::default();
//! let ada = [Value::from_json(r#"{"mass": 3.75, "sex": "female"}"#)?, Value::from_json(r#"{"mass": 5}"#)?];
//! let bo = [Value::from_json(r#"{"mass": 12, "sex": "female"}"#)?];
//! let (ada, bo) = (plan.measure(&ada, now)?.vector, plan.measure(&bo, now)?.vector);
//! assert_eq!((ada.as_slice(), bo.as_slice()), (&[1, 18][..], &[1, 50][..]));
//! let totals: Vec<u64> = ada.iter().zip(&bo).map(|(a, b)| a + b).collect();
//! let answer = serde_json::to_value(plan.answer(&totals, 2)?)?;
//! assert_eq!(answer["result"]["mean"], "5.4000000");
//! assert_eq!(answer["rounding"]["bounds"][1]["plus_minus"], "0.0501");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Measurements
//! A value is rounded half to even to its decimals and clipped to its range; `d` is its distance from the lower bound in
//! units of 10^-decimals, so that no component is negative. `n` counts the records (people, in a query per person)
//! that have a value. A component is a sum over them:
//!
//! | Kind | Components |
//! |---|---|
//! | count | n |
//! | sum, mean | n, Σd |
//! | variance | n, Σd, Σd² |
//! | covariance, regression | n, Σdx, Σdy, Σdx², Σdy², Σdx·dy |
//! | histogram, quantile | below the first edge, in each bin `[edge, next)`, from the last edge on |
//! | group | of each category, of others; with a value, then Σd of each category and of others |
//! | vector | n, then Σd of each |
//!
//! Where each person counts once (`per` is `person`, or `records_max` is 1), the counts of a histogram, a quantile and a group
//! without value are one-hot: a last component is added, which is 1 for a person without a value. The first
//! round of a quantile cuts the units from `lower` to `upper` into `bins` cells: cell i begins at
//! `lower + ⌊units · i / bins⌋`. Histograms and quantiles do not clip.
//!
//! # Rounding
//! Each figure's bound in an answer says how far it may be from the same figure of the values clipped but not
//! rounded: at most half a unit a value, propagated, and half of the last decimal shown. Fields that are whole units by their
//! schema (whole numbers, or multiples of 0.1 where one decimal counts) are not rounded at all. Each decimal more makes the
//! bounds ten times smaller: [`suggest_decimals`] says how many make them small. Clipping is part of the question, not an error.
//!
//! # Bounds
//! A measurement has at most [`LENGTH_MAX`] components of at most [`BITS_MAX`] bits; a node counts at most [`RECORDS_MAX`] records;
//! a query has at most [`CELLS_MAX`] cells, [`VALUES_MAX`] quantities and [`PROBABILITIES_MAX`] probabilities, and its expressions have the
//! bounds of [`expr`]. [`Plan::total_max`] bounds a total, for schemes that could wrap.
//!
//! # Provided / Not provided
//! Provided: refusals that name the place and the mend; figures by exact fractions of the totals; bounds on what rounding
//! did; doubts about totals that honest reports cannot have; [`Plan::leaks`], which names queries whose totals alone tell
//! of single people. Not provided: privacy against differences between queries, noise, and tests of significance. A scheme's
//! proof bounds each component by its bits alone: by a power of two, not by the range, and not one component by another.
//!
//! Quantiles follow the inverse of the empirical distribution (Hyndman and Fan 1996, type 1).
#![no_std]

extern crate alloc;

pub mod answer;
mod decimals;
mod decode;
mod edges;
mod error;
mod exact;
pub mod fixed;
mod formula;
mod layout;
mod leak;
mod measure;
mod moments;
mod plan;
mod query;
mod refine;
mod words;

pub use answer::{Answer, Figures, Rounding};
pub use decimals::{decimals_of, suggest_decimals};
pub use decode::TotalsError;
pub use edges::suggest_edges;
pub use error::{Problem, QueryError};
pub use layout::{BITS_MAX, LENGTH_MAX, Layout};
pub use leak::{FewValues, Leak, PARTICIPANTS_PER_CELL, VALUES_MIN};
pub use measure::{FAULTS_MAX, MEASURE_STEPS_MAX, MeasureError, Measured, RecordFault};
pub use plan::{CATEGORY_CHARS_MAX, CELLS_MAX, PROBABILITIES_MAX, Plan, VALUES_MAX};
pub use query::{BINS_DEFAULT, Kind, Per, Quantity, Query, RECORDS_DEFAULT, RECORDS_MAX, Reduction};
pub use words::Line;
#[cfg(test)]
mod tests;
