//! How many decimals count, where nobody says.

use crate::{Kind, fixed, plan::UNITS_MAX};

/// Units that a range has at least: a value is then rounded by at most a two-thousandth of its range.
const UNITS: u64 = 1_000;
/// The same where figures divide by how far values differ: a spread is a fraction of the range, and rounding weighs as much more.
const UNITS_OF_SPREAD: u64 = 10_000;
/// What every scheme can add up.
const TOTAL_MAX: u128 = i64::MAX as u128;

/// The fewest decimals with which a number, as in `lower` or an edge, is whole units; `None` where the text is no number,
/// or finer than [`fixed::DECIMALS_MAX`].
pub fn decimals_of(number: &str) -> Option<u8> {
    (0..=fixed::DECIMALS_MAX).find(|decimals| matches!(fixed::parse_whole(number, *decimals), Ok(Some(_))))
}

/// Decimals for a quantity from `lower` to `upper`: the fewest with which rounding matters little, as far as the totals of
/// `counted_max` values (records of one participant, times participants) fit every scheme; never fewer than the bounds have.
/// `None` where the bounds are no numbers, or no range.
///
/// What matters little is one value's rounding by a two-thousandth of the range; in a variance, covariance or regression, by a
/// twenty-thousandth.
///
/// ```
/// use query::{Kind, suggest_decimals};
///
/// // Penguins' flippers in mm and their masses in g.
/// assert_eq!(suggest_decimals(Kind::Regression, "150", "250", 1_000_000), Some(2));
/// assert_eq!(suggest_decimals(Kind::Regression, "2000", "7000", 1_000_000), Some(1));
/// assert_eq!(suggest_decimals(Kind::Mean, "2000", "7000", 1_000_000), Some(0));
/// assert_eq!(suggest_decimals(Kind::Mean, "0", "1", 1_000_000), Some(3));
/// ```
pub fn suggest_decimals(kind: Kind, lower: &str, upper: &str, counted_max: u64) -> Option<u8> {
    let least = decimals_of(lower)?.max(decimals_of(upper)?);
    // As far as a query may reach.
    let units = |text: &str, decimals: u8| {
        let units = fixed::parse(text, decimals).ok()?;
        (-UNITS_MAX..=UNITS_MAX).contains(&units).then_some(units)
    };
    let range = |decimals: u8| {
        let (lower, upper) = (units(lower, decimals)?, units(upper, decimals)?);
        (lower < upper).then(|| upper.abs_diff(lower))
    };
    range(least)?;
    let (fine, power) = match kind {
        Kind::Variance | Kind::Covariance | Kind::Regression => (UNITS_OF_SPREAD, 2),
        _ => (UNITS, 1),
    };
    // A component is bounded by a power of two, so by almost twice its largest value.
    let fits = |decimals: &u8| {
        let largest = range(*decimals).and_then(|range| u128::from(range).checked_pow(power));
        let total = largest.and_then(|largest| largest.checked_mul(2 * u128::from(counted_max)));
        total.is_some_and(|total| total <= TOTAL_MAX)
    };
    let enough = (least..=fixed::DECIMALS_MAX)
        .find(|decimals| range(*decimals).is_none_or(|range| range >= fine))
        .unwrap_or(fixed::DECIMALS_MAX);
    Some((least..=enough).rev().find(fits).unwrap_or(least))
}
