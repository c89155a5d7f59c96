//! The draft's Field128: integers modulo the prime 2^128 - 28 * 2^64 + 1.
//!
//! `prio` has this field too, and everything else of Prio3 here is `prio`'s. It multiplies by the prime where shifts do, inverts the
//! number of points of each polynomial by a power of 128 bits, and multiplies words of 64 bits, which WebAssembly has no instruction
//! for, by calls. Arithmetic is what sharding and verifying consist of, so this type stands in its place. The tests hold the two
//! equal, operation by operation; the draft's vectors hold the bytes.
//!
//! A number `n` is stored as `n * 2^128` modulo the prime (Montgomery form), below the prime. Arithmetic takes the same
//! time for all numbers, but for [`FieldElement::inv`] and [`FieldElementWithInteger::pow`], whose arguments are public.
//!
//! Follows draft-irtf-cfrg-vdaf-18, section 6.1.

use core::fmt;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use std::io::{Cursor, Read as _};

use prio::codec::{CodecError, Decode, Encode};
use prio::field::{FieldElement, FieldElementWithInteger, FieldError, NttFriendlyFieldElement};
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

#[cfg(test)]
mod tests;

/// The prime.
const PRIME: u128 = 0xffff_ffff_ffff_ffe4_0000_0000_0000_0001;
/// 2^256 modulo the prime: what takes an integer to its form.
const SQUARE: u128 = (21_895 << 64) + 0xffff_ffff_ffff_fcf1;
/// The low word of a number.
const LOW: u128 = u64::MAX as u128;
/// The low half of a word.
const HALF: u64 = u32::MAX as u64;
/// The largest subgroup with an order that is a power of two has order 2^66.
const GENERATOR_BITS: usize = 66;
/// The draft's generator of that subgroup is 7 to this power: the order of all but zero, divided by 2^66.
const GENERATOR_POWER: u128 = (PRIME - 1) >> GENERATOR_BITS;
/// Roots of unity of order 2^`l` are known for all `l` below this.
const ROOTS: usize = 21;
/// For each `l`, the root of unity of order 2^`l` that the draft names.
const ROOT: [Field128; ROOTS] = roots();

/// An element of the field.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[u8; 16]", into = "[u8; 16]")]
pub(crate) struct Field128(u128);

impl Field128 {
    const ZERO: Self = Self(0);
    const ONE: Self = Self::new(1);

    /// The element that `integer`, below the prime, stands for.
    const fn new(integer: u128) -> Self {
        Self(multiply(integer, SQUARE))
    }

    /// The integer, below the prime, that stands for it.
    pub(crate) const fn integer(self) -> u128 {
        reduce(0, self.0)
    }

    /// The element of 16 bytes, little-endian; `None` from the prime up.
    fn decoded(bytes: [u8; 16]) -> Option<Self> {
        let integer = u128::from_le_bytes(bytes);
        (integer < PRIME).then(|| Self::new(integer))
    }

    /// Itself to the power of 2^`squarings`, times `other`.
    fn raised(self, squarings: u32, other: Self) -> Self {
        (0..squarings).fold(self, |power, _| power * power) * other
    }
}

const fn roots() -> [Field128; ROOTS] {
    // Squares of the generator, down to the order of the largest root here, and on from there.
    let mut root = power(Field128::new(7).0, GENERATOR_POWER);
    let mut roots = [Field128::ONE; ROOTS];
    let mut order = GENERATOR_BITS;
    while order > 0 {
        if order < ROOTS {
            roots[order] = Field128(root);
        }
        root = multiply(root, root);
        order -= 1;
    }
    roots
}

/// The high and the low word of 28 times a word: 32 times less 4 times. In words, as the compiler makes of the same in `u128` a product.
#[inline]
const fn times_28(word: u64) -> (u64, u64) {
    let (low, borrow) = (word << 5).overflowing_sub(word << 2);
    ((word >> 59) - (word >> 62) - borrow as u64, low)
}

/// The high and the low half of a product of 256 bits, by whatever this machine multiplies.
#[inline]
const fn product(x: u128, y: u128) -> (u128, u128) {
    if usize::BITS >= 64 { product_of_words(x, y) } else { product_of_halves(x, y) }
}

/// By products of words of 64 bits.
#[inline]
const fn product_of_words(x: u128, y: u128) -> (u128, u128) {
    let (x1, x0, y1, y0) = (x >> 64, x & LOW, y >> 64, y & LOW);
    let (low, one, other, high) = (x0 * y0, x1 * y0, x0 * y1, x1 * y1);
    let middle = (low >> 64) + (one & LOW) + (other & LOW);
    (high + (one >> 64) + (other >> 64) + (middle >> 64), middle << 64 | low & LOW)
}

/// By products of half words, which is what a machine of 32 bits and WebAssembly have an instruction for. Row by row and not by a function
/// that multiplies two words: the compiler knows that pattern, and makes of it the call that is to be avoided.
#[inline]
const fn product_of_halves(x: u128, y: u128) -> (u128, u128) {
    let (x, y) = (halves(x), halves(y));
    let (first, sum) = add_row([0; 4], x[0], y);
    let (second, sum) = add_row(sum, x[1], y);
    let (third, sum) = add_row(sum, x[2], y);
    let (fourth, sum) = add_row(sum, x[3], y);
    (whole(sum), whole([first, second, third, fourth]))
}

/// The lowest half word of `sum + x * y`, and the four above it. All are half words.
#[inline]
const fn add_row(sum: [u64; 4], x: u64, y: [u64; 4]) -> (u64, [u64; 4]) {
    // Each at most (2^32 - 1)^2 + (2^32 - 1) * 2, which is 2^64 - 1.
    let first = x * y[0] + sum[0];
    let second = x * y[1] + sum[1] + (first >> 32);
    let third = x * y[2] + sum[2] + (second >> 32);
    let fourth = x * y[3] + sum[3] + (third >> 32);
    (first & HALF, [second & HALF, third & HALF, fourth & HALF, fourth >> 32])
}

#[inline]
const fn halves(x: u128) -> [u64; 4] {
    let (high, low) = ((x >> 64) as u64, x as u64);
    [low & HALF, low >> 32, high & HALF, high >> 32]
}

#[inline]
const fn whole(halves: [u64; 4]) -> u128 {
    ((halves[3] << 32 | halves[2]) as u128) << 64 | (halves[1] << 32 | halves[0]) as u128
}

/// `x * y / 2^128` modulo the prime, below it; `x` is any number, `y` is below the prime.
#[inline]
const fn multiply(x: u128, y: u128) -> u128 {
    let (high, low) = product(x, y);
    reduce(high, low)
}

/// `(high * 2^128 + low) / 2^128` modulo the prime, below it, for a `high` that is at most the prime less 2, as in products with a number below the prime.
///
/// There is one `q` for which `high * 2^128 + low - q * prime` is a multiple of 2^128. As the prime is 1 modulo 2^64, and 1 - 28 * 2^64
/// modulo 2^128, that is `low + 28 * low * 2^64` without what is above 2^128. The quotient is then `high - q + 28 * q / 2^64`,
/// rounded up by the carry of that sum, and lies between the prime and its negative.
#[inline]
const fn reduce(high: u128, low: u128) -> u128 {
    let (above, low_28) = times_28(low as u64);
    let (q, carry) = low.overflowing_add((low_28 as u128) << 64);
    let (q_high, q_low) = times_28((q >> 64) as u64);
    // At most 28 * 2^64, and `high` at most 2^128 - 28 * 2^64 - 1: their sum fits.
    let q_28 = ((q_high as u128) << 64 | q_low as u128) + (above + carry as u64) as u128;
    subtract(high + q_28, q)
}

/// `x - y`, and the prime where that is negative.
#[inline]
const fn subtract(x: u128, y: u128) -> u128 {
    let (difference, borrow) = x.overflowing_sub(y);
    difference.wrapping_add(PRIME & mask(borrow))
}

/// All ones for true.
#[inline]
const fn mask(bit: bool) -> u128 {
    (bit as u128).wrapping_neg()
}

/// `x` to the power of `exponent`, in Montgomery form.
const fn power(x: u128, exponent: u128) -> u128 {
    let mut result = Field128::ONE.0;
    let mut bit = u128::BITS - exponent.leading_zeros();
    while bit > 0 {
        bit -= 1;
        result = multiply(result, result);
        if exponent >> bit & 1 == 1 {
            result = multiply(result, x);
        }
    }
    result
}

/// The inverse of `odd`, a small odd number above 0.
fn inverse_of_small(odd: u8) -> u128 {
    let (quotient, remainder) = (PRIME / u128::from(odd), PRIME % u128::from(odd));
    // A multiple of the prime, and 1, that `odd` divides: one of the first `odd` ones, as the prime is no multiple of it.
    let multiple =
        (0..u128::from(odd)).find(|at| (at * remainder + 1) % u128::from(odd) == 0).unwrap_or_default();
    multiple * quotient + (multiple * remainder + 1) / u128::from(odd)
}

impl Add for Field128 {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        let (sum, carry) = self.0.overflowing_add(other.0);
        let (less, borrow) = sum.overflowing_sub(PRIME);
        let mask = mask(carry | !borrow);
        Self(less & mask | sum & !mask)
    }
}

impl Sub for Field128 {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(subtract(self.0, other.0))
    }
}

impl Mul for Field128 {
    type Output = Self;

    #[inline]
    fn mul(self, other: Self) -> Self {
        Self(multiply(self.0, other.0))
    }
}

impl Div for Field128 {
    type Output = Self;

    #[allow(clippy::suspicious_arithmetic_impl, reason = "to divide is to multiply by the inverse")]
    fn div(self, other: Self) -> Self {
        self * other.inv()
    }
}

impl Neg for Field128 {
    type Output = Self;

    #[inline]
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl Neg for &Field128 {
    type Output = Field128;

    #[inline]
    fn neg(self) -> Field128 {
        -*self
    }
}

macro_rules! assign {
    ($($trait:ident, $method:ident, $operator:tt;)*) => {
        $(impl $trait for Field128 {
            #[inline]
            fn $method(&mut self, other: Self) {
                *self = *self $operator other;
            }
        })*
    };
}

assign! {
    AddAssign, add_assign, +;
    SubAssign, sub_assign, -;
    MulAssign, mul_assign, *;
    DivAssign, div_assign, /;
}

impl ConstantTimeEq for Field128 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl ConditionallySelectable for Field128 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Self(u128::conditional_select(&a.0, &b.0, choice))
    }
}

/// What a number at or above the prime comes to.
impl From<u128> for Field128 {
    #[inline]
    fn from(integer: u128) -> Self {
        Self::new(integer)
    }
}

impl From<Field128> for u128 {
    fn from(element: Field128) -> Self {
        element.integer()
    }
}

impl From<Field128> for [u8; 16] {
    fn from(element: Field128) -> Self {
        element.integer().to_le_bytes()
    }
}

impl From<Field128> for Vec<u8> {
    fn from(element: Field128) -> Self {
        <[u8; 16]>::from(element).to_vec()
    }
}

impl TryFrom<[u8; 16]> for Field128 {
    type Error = FieldError;

    fn try_from(bytes: [u8; 16]) -> Result<Self, FieldError> {
        Self::decoded(bytes).ok_or(FieldError::ModulusOverflow)
    }
}

/// From the first 16 bytes.
impl TryFrom<&[u8]> for Field128 {
    type Error = FieldError;

    fn try_from(bytes: &[u8]) -> Result<Self, FieldError> {
        let (first, _) = bytes.split_first_chunk::<16>().ok_or(FieldError::ShortRead)?;
        Self::try_from(*first)
    }
}

impl fmt::Display for Field128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.integer().fmt(f)
    }
}

impl fmt::Debug for Field128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.integer().fmt(f)
    }
}

impl Encode for Field128 {
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        bytes.extend_from_slice(&self.integer().to_le_bytes());
        Ok(())
    }

    fn encoded_len(&self) -> Option<usize> {
        Some(Self::ENCODED_SIZE)
    }
}

impl Decode for Field128 {
    fn decode(bytes: &mut Cursor<&[u8]>) -> Result<Self, CodecError> {
        let mut encoded = [0; 16];
        bytes.read_exact(&mut encoded)?;
        Self::try_from(encoded).map_err(|error| CodecError::Other(Box::new(error)))
    }
}

impl FieldElement for Field128 {
    const ENCODED_SIZE: usize = 16;

    /// The inverse; that of zero is zero. Quick for what circuits invert over and over: powers of two, and the number of shares.
    fn inv(&self) -> Self {
        let integer = self.integer();
        if integer == 0 {
            return Self::ZERO;
        }
        let twos = integer.trailing_zeros();
        if let Ok(odd) = u8::try_from(integer >> twos) {
            return (0..twos).fold(Self::new(inverse_of_small(odd)), |inverse, _| inverse * Self::half());
        }
        // To the power of the prime less two: 59 ones, 3 zeros, 66 ones.
        let ones_2 = self.raised(1, *self);
        let ones_3 = ones_2.raised(1, *self);
        let ones_6 = ones_3.raised(3, ones_3);
        let ones_12 = ones_6.raised(6, ones_6);
        let ones_24 = ones_12.raised(12, ones_12);
        let ones_54 = ones_24.raised(24, ones_24).raised(6, ones_6);
        let ones_59 = ones_54.raised(3, ones_3).raised(2, ones_2);
        ones_59.raised(5, ones_2).raised(59, ones_59).raised(3, ones_3).raised(2, ones_2)
    }

    fn half() -> Self {
        const HALF: Field128 = Field128::new(PRIME.div_ceil(2));
        HALF
    }

    fn try_from_random(bytes: &[u8]) -> Result<Self, FieldError> {
        Self::try_from(bytes)
    }

    fn zero() -> Self {
        Self::ZERO
    }

    fn one() -> Self {
        Self::ONE
    }
}

impl FieldElementWithInteger for Field128 {
    type Integer = u128;

    fn pow(&self, exponent: u128) -> Self {
        Self(power(self.0, exponent))
    }

    fn modulus() -> u128 {
        PRIME
    }
}

impl NttFriendlyFieldElement for Field128 {
    fn generator_order() -> u128 {
        1 << GENERATOR_BITS
    }

    fn generator() -> Self {
        const GENERATOR: Field128 = Field128(power(Field128::new(7).0, GENERATOR_POWER));
        GENERATOR
    }

    fn root(l: usize) -> Option<Self> {
        ROOT.get(l).copied()
    }
}
