//! Bins for who has none in mind.

use crate::words;

/// Edges of bins of one round width that cover `lower` to `upper`: about `bins` of them. Round is 1, 2 or 5 times a
/// power of ten, and no finer than `decimals`. `None` where the ends are no range.
pub fn suggest_edges(lower: &str, upper: &str, decimals: u8, bins: u32) -> Option<Vec<String>> {
    let (lower, upper) = (words::number(lower.trim())?, words::number(upper.trim())?);
    let range = upper - lower;
    if !(range.is_finite() && range > 0.0 && bins > 0) {
        return None;
    }
    let finest = -i32::from(decimals.min(9));
    let rough = range / f64::from(bins);
    let power = (rough.log10().floor() as i32).max(finest);
    let digit = [1_u32, 2, 5, 10]
        .into_iter()
        .find(|digit| f64::from(*digit) * 10_f64.powi(power) >= rough * 0.999_999)?;
    let (digit, power) = if digit == 10 { (1, power + 1) } else { (digit, power) };
    let step = f64::from(digit) * 10_f64.powi(power);
    let (first, last) = ((lower / step + 1e-9).floor() as i64, (upper / step - 1e-9).ceil() as i64);
    // Each edge is a whole number of steps, written out: nothing is added up, so nothing drifts.
    Some((first..=last).map(|at| written(at * i64::from(digit), power)).collect())
}

/// `units` times ten to the `power`, as a decimal number.
fn written(units: i64, power: i32) -> String {
    if power >= 0 {
        return if units == 0 { "0".into() } else { format!("{units}{}", "0".repeat(power as usize)) };
    }
    let places = power.unsigned_abs() as usize;
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{whole}{point}{fraction}", if units < 0 { "-" } else { "" })
}
