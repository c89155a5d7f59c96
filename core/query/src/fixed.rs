//! Decimal numbers as whole units, exactly: `"39.14"` at two decimals is 3914 units.

use alloc::{format, string::String, vec::Vec};
use core::fmt;
use rust_decimal::Decimal;

/// Most decimals that a query may ask for.
pub const DECIMALS_MAX: u8 = 9;

/// The text is not a decimal number, or is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// Not of the form `-12.5`, `3e4` and the like.
    NotANumber,
    /// Does not fit into 63 bits at this many decimals.
    TooLarge,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a decimal number",
            Self::TooLarge => "too large a number",
        })
    }
}

impl core::error::Error for ParseError {}

/// Reads a decimal number, with an optional exponent, as units of 10^-`decimals`; what is finer is
/// rounded half to even.
///
/// # Errors
/// [`ParseError`].
pub fn parse(text: &str, decimals: u8) -> Result<i64, ParseError> {
    read(text, decimals).map(|(units, _)| units)
}

/// [`parse`], of numbers that are whole units; `None` where the number is finer than that.
///
/// # Errors
/// [`ParseError`].
pub fn parse_whole(text: &str, decimals: u8) -> Result<Option<i64>, ParseError> {
    read(text, decimals).map(|(units, whole)| whole.then_some(units))
}

/// The units, rounded half to even, and whether nothing was rounded.
fn read(text: &str, decimals: u8) -> Result<(i64, bool), ParseError> {
    let text = text.trim();
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| ParseError::NotANumber)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes() {
        [b'-', ..] => (true, &mantissa[1..]),
        [b'+', ..] => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if all.is_empty() || all.len() > 400 || !all.iter().all(u8::is_ascii_digit) {
        return Err(ParseError::NotANumber);
    }
    let first = all.iter().position(|digit| *digit != b'0').unwrap_or(all.len());
    if first == all.len() {
        return Ok((0, true));
    }
    // How many of all digits stand before the units' point.
    let kept = whole.len() as i64 + i64::from(exponent) + i64::from(decimals);
    if kept > first as i64 + 19 {
        return Err(ParseError::TooLarge);
    }
    if kept < 0 {
        return Ok((0, false));
    }
    let kept = kept as usize;
    let mut units: i128 = 0;
    for at in first.min(kept)..kept {
        units = units * 10 + i128::from(all.get(at).map_or(0, |digit| digit - b'0'));
    }
    let mut exact = true;
    if let Some(next) = all.get(kept) {
        let rest = all[kept + 1..].iter().any(|digit| *digit != b'0');
        let up = match next - b'0' {
            5 => rest || units % 2 == 1,
            digit => digit > 5,
        };
        exact = *next == b'0' && !rest;
        units += i128::from(up);
    }
    let units = i64::try_from(if negative { -units } else { units }).map_err(|_| ParseError::TooLarge)?;
    Ok((units, exact))
}

/// An exact decimal as units of 10^-`decimals` (at most [`DECIMALS_MAX`]), rounded half to even.
pub fn of_decimal(value: Decimal, decimals: u8) -> i128 {
    let (mantissa, scale, decimals) =
        (value.mantissa(), value.scale(), u32::from(decimals.min(DECIMALS_MAX)));
    // A mantissa has 96 bits, so that 9 more digits fit, and a scale is at most 28.
    if scale <= decimals {
        return mantissa * 10i128.pow(decimals - scale);
    }
    let unit = 10i128.pow(scale - decimals);
    let (quotient, rest) = (mantissa.div_euclid(unit), mantissa.rem_euclid(unit));
    let up = 2 * rest > unit || (2 * rest == unit && quotient.rem_euclid(2) == 1);
    quotient + i128::from(up)
}

/// Writes units of 10^-`decimals` as a decimal number, with all its decimals.
pub fn format(units: i128, decimals: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let scale = 10u128.pow(u32::from(decimals));
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction:0width$}", width = usize::from(decimals))
    }
}

/// `units / count`, as a decimal number with `extra` decimals more than the units have, rounded half to
/// even; `None` where `count` is 0.
pub fn mean(units: i128, count: u64, decimals: u8, extra: u8) -> Option<String> {
    let count = i128::from(count);
    if count == 0 {
        return None;
    }
    let scaled = units.checked_mul(10i128.pow(u32::from(extra)))?;
    let (mut quotient, rest) = (scaled.div_euclid(count), scaled.rem_euclid(count));
    let twice = 2 * rest;
    if twice > count || (twice == count && quotient.rem_euclid(2) == 1) {
        quotient += 1;
    }
    Some(format(quotient, decimals + extra))
}

#[cfg(test)]
mod tests;
