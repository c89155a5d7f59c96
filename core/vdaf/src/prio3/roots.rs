//! Polynomials by their values at roots of unity.
//!
//! A polynomial of `n` coefficients, `n` a power of two, is given by its values at the powers of `w`, the draft's root of unity of order
//! `n`. Two things are done to it: its values at the odd powers of a root of order `2n` ([`Roots::odd_values`]), by two transforms; and its
//! value anywhere, as a sum over its values with weights that are known beforehand ([`Roots::weights`]).
//!
//! Follows draft-irtf-cfrg-vdaf-18, section 6.1.3.2 in what is computed. How: Cooley and Tukey's transform, and
//! Lagrange's interpolation.

use alloc::{vec, vec::Vec};

use crate::field::{Factor, Field128, Loose};

#[cfg(test)]
mod tests;

/// The roots of unity that polynomials of `len` coefficients, and the product of two of them, take.
pub(crate) struct Roots {
    len: usize,
    /// For each order `2h` up to `2 * len`, from place `h - 1` on, the first `h` powers of the root of that order.
    powers: Vec<Factor>,
    /// The inverses of these.
    inverses: Vec<Factor>,
    /// 1 / `len`, and 1 / (2 * `len`).
    len_inverses: [Factor; 2],
    /// For each place below `len`, that of the same bits in reverse.
    reversed: Vec<usize>,
}

impl Roots {
    /// For polynomials of `len` coefficients, a power of two from 2 on; `None` for more than anything here takes.
    pub(crate) fn new(len: usize) -> Option<Self> {
        let bits = len.ilog2() as usize;
        Factor::root(bits + 1)?;
        let mut powers = Vec::with_capacity(2 * len - 1);
        let mut inverses = Vec::with_capacity(2 * len - 1);
        for order in 1..=bits + 1 {
            let root = Factor::root(order)?;
            let inverse = root.inverse();
            let (mut power, mut inverse_power) = (Factor::ONE, Factor::ONE);
            for _ in 0..1 << (order - 1) {
                powers.push(power);
                inverses.push(inverse_power);
                (power, inverse_power) = (power * root, inverse_power * inverse);
            }
        }
        let shift = usize::BITS as usize - bits;
        let reversed = (0..len).map(|place| place.reverse_bits() >> shift).collect();
        let len_inverses = [1, 2].map(|times| Factor::of(Field128::from(times * len as u64)).inverse());
        Some(Self { len, powers, inverses, len_inverses, reversed })
    }

    /// Number of coefficients.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// For each place, where [`Roots::odd_values`] wants its value.
    pub(crate) fn reversed(&self) -> &[usize] {
        &self.reversed
    }

    /// 1 / [`Roots::len`].
    pub(crate) const fn len_inverse(&self) -> Factor {
        self.len_inverses[0]
    }

    /// For polynomials of twice the length: powers of the root of that order. The first half of them, for the others are their negatives.
    pub(crate) fn double_powers(&self) -> &[Factor] {
        &self.powers[self.len - 1..]
    }

    /// Writes to `odd` a polynomial's values at the odd powers of the root of order `2 * len`, in order, each [`Roots::len`] times what it
    /// is. `values` are its values at the powers of the root of order `len`, in the order of [`Roots::reversed`]; they are lost. Both are
    /// `len` long.
    pub(crate) fn odd_values(&self, values: &mut [Loose], odd: &mut [Loose]) {
        // The coefficients, then those of the polynomial whose variable carries the root of order `2 * len`.
        transform(values, &self.inverses);
        odd[0] = values[0];
        for ((value, place), power) in values.iter().zip(&self.reversed).zip(self.double_powers()).skip(1) {
            odd[*place] = (*value * *power).into();
        }
        transform(odd, &self.powers);
    }

    /// With what weights the values of a polynomial of `len` coefficients, or twice as many where `double`, add up to its value at `x`.
    ///
    /// The weight of the value at `v` is the product, over all powers of two `m` below the number of values, of `(1 + (x / v)^m) / 2`: at
    /// any other root of unity one of these is zero. The larger `m` have fewer different `v^m`, so they are multiplied first.
    pub(crate) fn weights(&self, x: Factor, double: bool) -> Vec<Factor> {
        let len = if double { 2 * self.len } else { self.len };
        let mut squares = vec![x];
        while squares.len() < len.ilog2() as usize {
            squares.extend(squares.last().map(|square| *square * *square));
        }
        let mut weights = Vec::with_capacity(len);
        weights.push(self.len_inverses[usize::from(double)]);
        for square in squares.iter().rev() {
            let first = weights.len();
            for at in 0..first {
                let (weight, inverse) = (weights[at], self.inverses[first - 1 + at]);
                let share = weight * (inverse * *square);
                weights[at] = weight + share;
                weights.push(weight - share);
            }
        }
        weights
    }

    /// `x` to the power of [`Roots::len`].
    pub(crate) fn vanishing(&self, x: Factor) -> Factor {
        (0..self.len.ilog2()).fold(x, |power, _| power * power)
    }
}

/// From coefficients in the order of reversed bits to values in order, where `powers` are those of roots; from values to coefficients times
/// their number, where they are the inverses.
fn transform(values: &mut [Loose], powers: &[Factor]) {
    let mut half = 1;
    while half < values.len() {
        let powers = &powers[half - 1..][..half];
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            // The first power is 1.
            let first = high[0].element();
            butterfly(&mut low[0], &mut high[0], first);
            for ((low, high), power) in low.iter_mut().zip(high.iter_mut()).zip(powers).skip(1) {
                let turned = *high * *power;
                butterfly(low, high, turned);
            }
        }
        half *= 2;
    }
}

#[inline]
fn butterfly(low: &mut Loose, high: &mut Loose, turned: Field128) {
    (*low, *high) = (*low + turned, *low - turned);
}
