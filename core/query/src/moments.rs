//! Second moments from sums, and how far rounding can have moved them.

use crate::{
    decode::{GUARD_DECIMALS, MEAN_DECIMALS},
    exact::{sqrt_down, sqrt_up, units},
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

/// What pairs of values say.
pub(crate) struct Pair {
    pub(crate) mean_x: BigRational,
    pub(crate) mean_y: BigRational,
    pub(crate) variance_x: BigRational,
    pub(crate) variance_y: BigRational,
    pub(crate) covariance: BigRational,
}

/// How far the figures of pairs may be off, before they are shown.
///
/// The centred values are a vector, whose length by the mean square is their deviation σ. Rounding each value by at most h moves it by a
/// vector no longer than h, in any direction. Each bound is the most that this can do to its figure, given the moments alone (of the
/// slope and the correlation, but for terms of higher order in h / σ).
pub(crate) struct Errors {
    /// Of the covariance.
    pub(crate) covariance: BigRational,
    /// Of the slope; `None` where the values of x differ by no more than their rounding.
    pub(crate) slope: Option<BigRational>,
    /// Of the correlation; `None` where the values of x and y differ by little more than their rounding.
    pub(crate) correlation: Option<BigRational>,
}

impl Errors {
    /// Where each value of x is rounded by at most `x`, and of y by `y`.
    pub(crate) fn of(
        pair: &Pair,
        x: &BigRational,
        y: &BigRational,
        decimals_x: u32,
        decimals_y: u32,
    ) -> Self {
        let guard = 2 * (decimals_x.max(decimals_y) + MEAN_DECIMALS) + GUARD_DECIMALS;
        let (high_x, high_y) = (sqrt_up(&pair.variance_x, guard), sqrt_up(&pair.variance_y, guard));
        let low_x = sqrt_down(&pair.variance_x, guard);
        let low_y = sqrt_down(&pair.variance_y, guard);
        Self {
            covariance: &high_x * y + &high_y * x + x * y,
            slope: slope(x, y, &low_x, &high_y),
            correlation: correlation(pair, turn(x, &low_x), turn(y, &low_y), guard),
        }
    }
}

/// How far the slope ⟨u, v⟩ / |u|² of the vectors u and v of x and y may be off.
///
/// The true vectors are w and z, where |u − w| ≤ `x` and |v − z| ≤ `y`. Then
/// ⟨u, v⟩/|u|² − ⟨w, z⟩/|w|² = ⟨u/|u|² − w/|w|², v⟩ + ⟨w, v − z⟩/|w|², and since |u/|u|² − w/|w|²| = |u − w| / (|u|·|w|), that is at
/// most (x · |v| / |u| + y) / |w|, where |w| ≥ |u| − x.
fn slope(x: &BigRational, y: &BigRational, low_x: &BigRational, high_y: &BigRational) -> Option<BigRational> {
    if x.is_zero() && y.is_zero() {
        return Some(BigRational::zero());
    }
    (low_x > x).then(|| (x * high_y / low_x + y) / (low_x - x))
}

/// The sine of the angle by which rounding by at most `error` turns a vector of at least the length `low`; `None` where it turns it
/// anywhere.
fn turn(error: &BigRational, low: &BigRational) -> Option<BigRational> {
    match error.is_zero() {
        true => Some(BigRational::zero()),
        false => (low > error).then(|| error / low),
    }
}

/// How far the correlation, the cosine r of the angle between both vectors, may be off where they turn by the angles of these sines.
///
/// Where the sines add up to s < 1, the angles add up to some γ < 90° with sin γ ≤ s. An angle θ that changes by at most γ changes its
/// cosine by at most sin θ · sin γ + |cos θ| · (1 − cos γ), and 1 − cos γ ≤ sin² γ.
fn correlation(
    pair: &Pair,
    x: Option<BigRational>,
    y: Option<BigRational>,
    guard: u32,
) -> Option<BigRational> {
    let sum = x? + y?;
    if sum >= BigRational::one() {
        return None;
    }
    let r_squared = pair.r_squared()?;
    let sine = sqrt_up(&(BigRational::one() - &r_squared), guard);
    Some((sine + sqrt_up(&r_squared, guard) * &sum) * &sum)
}

impl Pair {
    /// The share of variance explained; `None` where either does not vary.
    pub(crate) fn r_squared(&self) -> Option<BigRational> {
        let product = &self.variance_x * &self.variance_y;
        (!product.is_zero()).then(|| &self.covariance * &self.covariance / product)
    }
}

/// (n·Σd² − (Σd)²) / n², which the lower bound does not change.
pub(crate) fn variance_of(count: u64, sum: u64, squares: u64, decimals: u32) -> Option<BigRational> {
    covariance_of(count, sum, sum, squares, 2 * decimals)
}

/// (n·Σdx·dy − Σdx·Σdy) / n².
pub(crate) fn covariance_of(count: u64, x: u64, y: u64, products: u64, decimals: u32) -> Option<BigRational> {
    if count == 0 {
        return None;
    }
    let [count, x, y, products] = [count, x, y, products].map(BigInt::from);
    let centred = &count * products - x * y;
    Some(units(centred, decimals) / BigRational::from_integer(&count * &count))
}
