//! Exact arithmetic on totals: fractions, their roots, and how they are written.

use alloc::{
    format,
    string::{String, ToString},
};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Pow, Signed, Zero};

/// Significant digits of an error bound.
const BOUND_DIGITS: u32 = 3;
/// Decimals of an error bound at most.
const BOUND_DECIMALS_MAX: u32 = 60;

fn power(decimals: u32) -> BigInt {
    BigInt::from(10u8).pow(decimals)
}

/// `count` units of 10^-`decimals`.
pub(crate) fn units(count: impl Into<BigInt>, decimals: u32) -> BigRational {
    BigRational::new(count.into(), power(decimals))
}

/// Half a unit of 10^-`decimals`.
pub(crate) fn half_unit(decimals: u32) -> BigRational {
    BigRational::new(BigInt::one(), power(decimals) * 2u8)
}

/// Writes units of 10^-`decimals` as a decimal number with all its decimals.
fn write(units: &BigInt, decimals: u32) -> String {
    let sign = if units.is_negative() { "-" } else { "" };
    let digits = units.magnitude().to_string();
    let decimals = decimals as usize;
    if decimals == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{sign}{whole}.{fraction}")
}

/// `value` with so many decimals, rounded half to even.
pub(crate) fn round(value: &BigRational, decimals: u32) -> String {
    let (quotient, rest) = (value.numer() * power(decimals)).div_mod_floor(value.denom());
    let twice: BigInt = rest * 2u8;
    let up = twice > *value.denom() || (twice == *value.denom() && quotient.is_odd());
    write(&(quotient + BigInt::from(u8::from(up))), decimals)
}

/// The root of `value` (0 where it is negative) with so many decimals, rounded half to even.
pub(crate) fn round_sqrt(value: &BigRational, decimals: u32) -> String {
    if !value.is_positive() {
        return write(&BigInt::zero(), decimals);
    }
    let scaled = value.numer() * power(2 * decimals);
    let root = (&scaled / value.denom()).sqrt();
    // √(scaled / denom) against root + ½, both squared and times 4·denom.
    let middle = (&root * 2u8 + 1u8).pow(2u8) * value.denom();
    let four: BigInt = scaled * 4u8;
    let up = four > middle || (four == middle && root.is_odd());
    write(&(root + BigInt::from(u8::from(up))), decimals)
}

/// A root of `value` that is too small by less than 10^-`decimals`; 0 where it is negative.
pub(crate) fn sqrt_down(value: &BigRational, decimals: u32) -> BigRational {
    if !value.is_positive() {
        return BigRational::zero();
    }
    units((value.numer() * power(2 * decimals) / value.denom()).sqrt(), decimals)
}

/// A root of `value` that is too large by at most 10^-`decimals`; 0 where it is negative.
pub(crate) fn sqrt_up(value: &BigRational, decimals: u32) -> BigRational {
    if !value.is_positive() {
        return BigRational::zero();
    }
    sqrt_down(value, decimals) + units(1, decimals)
}

/// Writes a bound that is not below 0 with a few significant digits, rounded up.
pub(crate) fn write_bound(bound: &BigRational) -> String {
    let enough = power(BOUND_DIGITS - 1);
    let mut decimals = 0;
    loop {
        let scaled = bound * BigRational::from_integer(power(decimals));
        let up = scaled.ceil().to_integer();
        if scaled.is_integer() || up >= enough || decimals >= BOUND_DECIMALS_MAX {
            let text = write(&up, decimals);
            return match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
                false => text,
            };
        }
        decimals += 1;
    }
}
