//! The draft's Field128: integers modulo the prime 2^128 - 28 * 2^64 + 1.
//!
//! Sharding and verifying add and subtract secrets, and multiply them mostly by what is no secret: randomness that all know, roots of unity.
//! So an element ([`Field128`]) is its integer, as it is on the wire, and what it is multiplied by ([`Factor`]) carries the 2^128 that
//! Montgomery's reduction takes away: no share is ever converted. A sum of products is reduced once ([`Dot`]); a number that is about to be
//! multiplied need not be below the prime ([`Loose`]).
//!
//! Arithmetic takes the same time for all numbers, but for [`Factor::power`], whose exponent is public. The tests hold it equal to
//! that of the crate `prio`, operation by operation.
//!
//! Follows draft-irtf-cfrg-vdaf-18, section 6.1.

use core::fmt;
use core::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

#[cfg(test)]
mod tests;

/// The prime.
const PRIME: u128 = 0xffff_ffff_ffff_ffe4_0000_0000_0000_0001;
/// 2^128 modulo the prime: 28 * 2^64 - 1.
const WRAP: u128 = PRIME.wrapping_neg();
/// 2^256 modulo the prime: what takes an integer to Montgomery form.
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
const ROOT: [Factor; ROOTS] = roots();

/// Bytes of an encoded element.
pub(crate) const ELEMENT_BYTES: usize = 16;

/// An element of the field: an integer below the prime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field128(u128);

/// What elements are multiplied by: an element times 2^128, below the prime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Factor(u128);

/// An element as any number that is it modulo the prime.
#[derive(Clone, Copy)]
pub(crate) struct Loose(u128);

/// A sum of products, to be reduced once: `over * 2^256 + high * 2^128 + low`.
#[derive(Clone, Copy)]
pub(crate) struct Dot {
    over: u64,
    high: u128,
    low: u128,
}

impl Field128 {
    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const ONE: Self = Self(1);

    /// Its integer, below the prime.
    pub(crate) const fn integer(self) -> u128 {
        self.0
    }

    /// The element of 16 bytes, little-endian; `None` from the prime up.
    pub(crate) const fn decoded(bytes: [u8; ELEMENT_BYTES]) -> Option<Self> {
        let integer = u128::from_le_bytes(bytes);
        if integer < PRIME { Some(Self(integer)) } else { None }
    }

    /// 16 bytes, little-endian.
    pub(crate) const fn encoded(self) -> [u8; ELEMENT_BYTES] {
        self.0.to_le_bytes()
    }
}

impl From<u64> for Field128 {
    fn from(integer: u64) -> Self {
        Self(integer.into())
    }
}

impl Factor {
    pub(crate) const ONE: Self = Self::of(Field128::ONE);
    /// What the [`Dot::sum`] of products of two elements each is to be multiplied by: 2^128.
    pub(crate) const OF_PRODUCTS: Self = Self(SQUARE);

    /// To multiply by `element`.
    pub(crate) const fn of(element: Field128) -> Self {
        Self(multiply(element.0, SQUARE))
    }

    /// To multiply by the draft's root of unity of order 2^`bits`; `None` for larger ones than anything here takes.
    pub(crate) fn root(bits: usize) -> Option<Self> {
        ROOT.get(bits).copied()
    }

    /// The element that it multiplies by.
    pub(crate) const fn element(self) -> Field128 {
        Field128(reduce(0, self.0))
    }

    /// Itself `exponent` times.
    pub(crate) const fn power(self, exponent: u128) -> Self {
        let mut result = Self::ONE.0;
        let mut bit = u128::BITS - exponent.leading_zeros();
        while bit > 0 {
            bit -= 1;
            result = multiply(result, result);
            if exponent >> bit & 1 == 1 {
                result = multiply(result, self.0);
            }
        }
        Self(result)
    }

    /// The inverse; of zero, zero.
    pub(crate) const fn inverse(self) -> Self {
        self.power(PRIME - 2)
    }
}

const fn roots() -> [Factor; ROOTS] {
    // Squares of the generator, down to the order of the largest root here, and on from there.
    let mut root = Factor::of(Field128(7)).power(GENERATOR_POWER);
    let mut roots = [Factor::ONE; ROOTS];
    let mut order = GENERATOR_BITS;
    while order > 0 {
        if order < ROOTS {
            roots[order] = root;
        }
        root = Factor(multiply(root.0, root.0));
        order -= 1;
    }
    roots
}

impl From<Field128> for Loose {
    #[inline]
    fn from(element: Field128) -> Self {
        Self(element.0)
    }
}

impl Loose {
    pub(crate) const ZERO: Self = Self(0);

    /// The element.
    #[inline]
    pub(crate) const fn element(self) -> Field128 {
        Field128(below(self.0))
    }
}

impl Add<Field128> for Loose {
    type Output = Self;

    #[inline]
    fn add(self, other: Field128) -> Self {
        let (sum, carry) = self.0.overflowing_add(other.0);
        // After a carry the sum is below the prime, so there is no other.
        Self(sum + (WRAP & mask(carry)))
    }
}

impl Sub<Field128> for Loose {
    type Output = Self;

    #[inline]
    fn sub(self, other: Field128) -> Self {
        Self(subtract(self.0, other.0))
    }
}

impl Mul<Factor> for Loose {
    type Output = Field128;

    #[inline]
    fn mul(self, factor: Factor) -> Field128 {
        Field128(multiply(self.0, factor.0))
    }
}

impl Dot {
    pub(crate) const ZERO: Self = Self { over: 0, high: 0, low: 0 };

    /// Adds `element * factor`.
    #[inline]
    pub(crate) fn add(&mut self, element: Field128, factor: Factor) {
        self.add_product(element.0, factor.0);
    }

    /// Adds `x * y / 2^128`: see [`Factor::OF_PRODUCTS`].
    #[inline]
    pub(crate) fn add_elements(&mut self, x: Loose, y: Loose) {
        self.add_product(x.0, y.0);
    }

    #[inline]
    fn add_product(&mut self, x: u128, y: u128) {
        let (high, low) = product(x, y);
        let carry;
        (self.low, carry) = self.low.overflowing_add(low);
        // The high half of a product is at most 2^128 - 2.
        let over;
        (self.high, over) = self.high.overflowing_add(high + carry as u128);
        self.over += u64::from(over);
    }

    /// The sum. Fewer than 2^32 products may be in it.
    #[inline]
    pub(crate) fn sum(self) -> Field128 {
        // What is over counts for `over * WRAP` in the high half.
        let over = ((self.over * 28) as u128) << 64;
        let (high, carry) = self.high.overflowing_add(over - self.over as u128);
        let high = high + (WRAP & mask(carry));
        Field128(reduce(below(high), self.low))
    }
}

/// The high and the low word of 28 times a word. A machine of 64 bits has an instruction for that; elsewhere it is 32 times less 4 times, in
/// words, as the compiler makes of the same in `u128` a product.
#[inline]
const fn times_28(word: u64) -> (u64, u64) {
    if usize::BITS >= 64 {
        let product = word as u128 * 28;
        return ((product >> 64) as u64, product as u64);
    }
    times_28_by_shifts(word)
}

#[inline]
const fn times_28_by_shifts(word: u64) -> (u64, u64) {
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

/// `(high * 2^128 + low) / 2^128` modulo the prime, below it, for a `high` below the prime, as in products with a number below the prime.
///
/// There is one `q` for which `high * 2^128 + low - q * prime` is a multiple of 2^128. As the prime is 1 modulo 2^64, and 1 - 28 * 2^64
/// modulo 2^128, that is `low + 28 * low * 2^64` without what is above 2^128. The quotient is then `high - q + 28 * q / 2^64`,
/// rounded up by the carry of that sum, and lies between the prime and its negative.
#[inline]
const fn reduce(high: u128, low: u128) -> u128 {
    let (above, low_28) = times_28(low as u64);
    let (q, carry) = low.overflowing_add((low_28 as u128) << 64);
    let (q_high, q_low) = times_28((q >> 64) as u64);
    // Below 28 * 2^64, as `q` is below 2^128; and `high` is at most 2^128 - 28 * 2^64: their sum fits.
    let q_28 = ((q_high as u128) << 64 | q_low as u128) + (above + carry as u64) as u128;
    subtract(high + q_28, q)
}

/// `x - y`, and the prime where that is negative.
#[inline]
const fn subtract(x: u128, y: u128) -> u128 {
    let (difference, borrow) = x.overflowing_sub(y);
    difference.wrapping_add(PRIME & mask(borrow))
}

/// Any number modulo the prime, which is more than half of all numbers.
#[inline]
const fn below(x: u128) -> u128 {
    subtract(x, PRIME)
}

/// All ones for true.
#[inline]
const fn mask(bit: bool) -> u128 {
    (bit as u128).wrapping_neg()
}

/// Addition and subtraction below the prime; multiplication by a factor.
macro_rules! modular {
    ($($number:ident)*) => {
        $(impl Add for $number {
            type Output = Self;

            #[inline]
            fn add(self, other: Self) -> Self {
                let (sum, carry) = self.0.overflowing_add(other.0);
                let (less, borrow) = sum.overflowing_sub(PRIME);
                let mask = mask(carry | !borrow);
                Self(less & mask | sum & !mask)
            }
        }

        impl Sub for $number {
            type Output = Self;

            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(subtract(self.0, other.0))
            }
        }

        impl Neg for $number {
            type Output = Self;

            #[inline]
            fn neg(self) -> Self {
                Self(subtract(0, self.0))
            }
        }

        impl Mul<Factor> for $number {
            type Output = Self;

            #[inline]
            fn mul(self, factor: Factor) -> Self {
                Self(multiply(self.0, factor.0))
            }
        })*
    };
}

modular! { Field128 Factor }

impl AddAssign for Field128 {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Field128 {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl fmt::Debug for Field128 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.element().fmt(f)
    }
}
