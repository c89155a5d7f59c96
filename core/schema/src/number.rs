//! Numbers as exact decimals.

use alloc::string::String;
use core::str::FromStr;
use rust_decimal::Decimal;

/// Largest power of ten that is looked at: beyond it a number is 0 or too large anyway.
const EXPONENT_MAX: i32 = 64;

/// Reads a decimal number, in JSON's spelling and with the liberties that people take: `+1`, `.5`, `5.`,
/// spaces around it.
///
/// A fraction is kept to 28 digits, rounded half to even beyond them. `None` where the text is no number, or
/// one beyond ±79,228,162,514,264,337,593,543,950,335.
///
/// ```
/// assert_eq!(schema::number("1.50e2"), schema::number("150"));
/// assert_eq!(schema::number("1e400"), None);
/// ```
pub fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty()
        || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let digits = || whole.bytes().chain(fraction.bytes());
    let leading = digits().take_while(|byte| *byte == b'0').count();
    // What is left is 0.d1d2d3… times ten to the `point`.
    let point =
        i32::try_from(whole.len()).ok()?.checked_sub(i32::try_from(leading).ok()?)?.saturating_add(exponent);
    let significant: String = digits().skip(leading).map(char::from).collect();
    let significant = significant.trim_end_matches('0');
    let mut number = if significant.is_empty() || point < -EXPONENT_MAX {
        Decimal::ZERO
    } else if point > EXPONENT_MAX {
        return None;
    } else {
        rounded(significant, point)?
    };
    // The scale that was written stays: 1.50 is printed as 1.50.
    let scale = i32::try_from(fraction.len()).ok()?.saturating_sub(exponent);
    if let Some(scale) = u32::try_from(scale).ok().filter(|scale| *scale <= Decimal::MAX_SCALE)
        && number.scale() < scale
    {
        number.rescale(scale);
    }
    if negative && !number.is_zero() {
        number.set_sign_negative(true);
    }
    Some(number)
}

/// `0.digits` times ten to the `point`, rounded half to even where it has more digits than are kept.
fn rounded(digits: &str, point: i32) -> Option<Decimal> {
    let len = i32::try_from(digits.len()).ok()?;
    // Digits that are kept: those of 28 places after the point, and no more than 96 bits hold.
    let mut kept = len.min(point + 28).min(29);
    loop {
        if kept < 0 {
            return Some(Decimal::ZERO);
        }
        let (head, tail) = digits.split_at(usize::try_from(kept).ok()?);
        let mut mantissa = if head.is_empty() { 0 } else { i128::from_str(head).ok()? };
        let half = match tail.as_bytes() {
            [] | [b'0'..=b'4', ..] => false,
            [b'5'] => mantissa % 2 == 1,
            _ => true,
        };
        mantissa += i128::from(half);
        let scale = kept - point;
        let number = match u32::try_from(scale) {
            Ok(scale) => Decimal::try_from_i128_with_scale(mantissa, scale).ok(),
            Err(_) => 10i128
                .checked_pow(scale.unsigned_abs())
                .and_then(|power| mantissa.checked_mul(power))
                .and_then(|number| Decimal::try_from_i128_with_scale(number, 0).ok()),
        };
        // One digit less where the fraction does not fit; a whole number that does not fit is refused.
        match number {
            Some(number) => return Some(number),
            None if scale > 0 => kept -= 1,
            None => return None,
        }
    }
}

fn exponent_of(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse().unwrap_or(i32::MAX / 2).min(i32::MAX / 2);
    Some(if text.starts_with('-') { -size } else { size })
}
