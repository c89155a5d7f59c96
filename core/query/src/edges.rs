//! Where bins begin and end.

use crate::{CELLS_MAX, fixed};
use alloc::{string::String, vec::Vec};

/// Edges of the range from `from` up to, but not with, `to`, cut into `parts` cells that differ by at most one unit. Asks for
/// 1 ≤ `parts` ≤ `to − from`.
pub(crate) fn cut(from: i64, to: i64, parts: u32) -> Vec<i64> {
    let (start, width, parts) =
        (i128::from(from), i128::from(to) - i128::from(from), i128::from(parts.max(1)));
    // Between `from` and `to`, so that the conversion is exact.
    (0..=parts).map(|at| (start + width * at / parts) as i64).collect()
}

/// Round edges of at most `bins` equal bins that cover `lower` to `upper` (decimal numbers): 1, 2, 2.5 or 5
/// times a power of ten apart. `None` where the bounds are no numbers, where nothing lies between
/// them, or where `bins` is not within 1 to [`CELLS_MAX`].
///
/// The last bin ends at or after `upper`: a value equal to the last edge counts as above.
///
/// ```
/// assert_eq!(query::suggest_edges("2700", "6300", 8).unwrap().join(" "), "2500 3000 3500 4000 4500 5000 5500 6000 6500");
/// assert_eq!(query::suggest_edges("0", "1", 4).unwrap().join(" "), "0.00 0.25 0.50 0.75 1.00");
/// ```
pub fn suggest_edges(lower: &str, upper: &str, bins: u32) -> Option<Vec<String>> {
    if !(1..=CELLS_MAX).contains(&bins) {
        return None;
    }
    let decimals = fixed::DECIMALS_MAX;
    // At the finest precision at which both fit.
    let (lower, upper, decimals) = (0..=decimals).rev().find_map(|decimals| {
        Some((fixed::parse(lower, decimals).ok()?, fixed::parse(upper, decimals).ok()?, decimals))
    })?;
    let (lower, upper) = (i128::from(lower), i128::from(upper));
    if lower >= upper {
        return None;
    }
    let (first, step) = match round_step(lower, upper, bins.into()) {
        Some(step) => (lower.div_euclid(step) * step, step),
        // One bin across zero has no round edges.
        None => (lower, upper - lower),
    };
    let mut edges = alloc::vec![first];
    while let Some(edge) = edges.last().filter(|edge| **edge < upper) {
        edges.push(edge + step);
    }
    // As few decimals as all edges need.
    let shown = (0..=decimals).find(|shown| {
        let unit = 10i128.pow(u32::from(decimals - shown));
        edges.iter().all(|edge| edge % unit == 0)
    })?;
    let unit = 10i128.pow(u32::from(decimals - shown));
    Some(edges.into_iter().map(|edge| fixed::format(edge / unit, shown)).collect())
}

/// The smallest round step of which at most `bins` cover `lower` to `upper`, from one multiple of it to another.
fn round_step(lower: i128, upper: i128, bins: i128) -> Option<i128> {
    let covers = |step: i128| -(-upper).div_euclid(step) - lower.div_euclid(step) <= bins;
    // A bound has less than 2^63 units, so that a step of 10^19 covers any range within two bins.
    let powers = (0..20).map(|exponent| 10i128.pow(exponent));
    let mut steps = powers.flat_map(|power| [power, 2 * power, 5 * power / 2, 5 * power]);
    steps.find(|step| covers(*step))
}
