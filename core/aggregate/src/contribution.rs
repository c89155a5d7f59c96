//! The local map: a node's own records, as the vector that it shares.

use crate::{Proposal, fixed};
use alloc::{string::String, vec, vec::Vec};
use core::fmt;

/// Length of the vector: the sum in units, and the number of records that had a value.
pub const LEN: usize = 2;

/// Why a node has no answer to a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContributionError {
    /// More records than the proposal allows of one node; answering with some of them would be wrong.
    TooManyRecords {
        /// Allowed.
        max: u32,
    },
    /// A record's value is not a number.
    NotANumber {
        /// The record, from 1.
        record: usize,
        /// The value, cut at 40 characters.
        value: String,
    },
}

impl fmt::Display for ContributionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyRecords { max } => {
                write!(f, "more than the {max} records that the computation takes from one node")
            }
            Self::NotANumber { record, value } => write!(f, "record {record} has `{value}`, not a number"),
        }
    }
}

impl core::error::Error for ContributionError {}

/// Sums `values`, each clipped to the proposal's range, and counts them. Records without a value count
/// nothing. The sum is in two's complement modulo 2^64.
///
/// # Errors
/// [`ContributionError`].
pub fn contribution<'a>(
    proposal: &Proposal,
    values: impl Iterator<Item = Option<&'a str>>,
) -> Result<Vec<u64>, ContributionError> {
    let (mut sum, mut count) = (0i64, 0u32);
    for (index, value) in values.enumerate() {
        let Some(value) = value else { continue };
        let units = match fixed::parse(value, proposal.decimals) {
            Ok(units) => units.clamp(proposal.lower_units, proposal.upper_units),
            // A number beyond 63 bits lies beyond the range on its side.
            Err(fixed::ParseError::TooLarge) if value.trim_start().starts_with('-') => proposal.lower_units,
            Err(fixed::ParseError::TooLarge) => proposal.upper_units,
            Err(fixed::ParseError::NotANumber) => {
                let value = value.chars().take(40).collect();
                return Err(ContributionError::NotANumber { record: index + 1, value });
            }
        };
        count += 1;
        if count > proposal.records_max {
            return Err(ContributionError::TooManyRecords { max: proposal.records_max });
        }
        // Cannot wrap: a valid proposal bounds participants × records × range below 2^63.
        sum = sum.wrapping_add(units);
    }
    Ok(vec![sum as u64, u64::from(count)])
}
