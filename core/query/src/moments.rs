//! Second moments from sums, and how far rounding can have moved them.

use crate::{
    decode::{GUARD_DECIMALS, MEAN_DECIMALS},
    exact::{sqrt_down, sqrt_up, units},
};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};

/// What pairs of values say.
pub(crate) struct Pair {
    pub(crate) mean_x: BigRational,
    pub(crate) mean_y: BigRational,
    pub(crate) variance_x: BigRational,
    pub(crate) variance_y: BigRational,
    pub(crate) covariance: BigRational,
}

/// How far the figures of pairs may be off, before they are shown.
pub(crate) struct Errors {
    /// Of each value of x, and its deviation from below.
    pub(crate) x: BigRational,
    pub(crate) deviation_x: BigRational,
    /// Of the variance of x.
    pub(crate) variance_x: BigRational,
    /// Of the covariance.
    pub(crate) covariance: BigRational,
    /// Of the correlation; `None` where the values differ by no more than their rounding.
    pub(crate) correlation: Option<BigRational>,
}

impl Errors {
    /// With x̂ = x + ε, |ε| ≤ h: centred, ε is no longer than h, so that by Cauchy and Schwarz each product of it is bounded by
    /// h times the other factor's deviation.
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
        // Two vectors no further apart than h point apart by at most 2h / (the sum of their lengths).
        let turn = |error: &BigRational, low: &BigRational| {
            let lengths = low + low - error;
            if error.is_zero() {
                Some(BigRational::zero())
            } else if low > error {
                Some((error + error) / lengths)
            } else {
                None
            }
        };
        let correlation = turn(x, &low_x).zip(turn(y, &low_y)).map(|(x, y)| x + y);
        Self {
            x: x.clone(),
            variance_x: (&high_x + &high_x + x) * x,
            covariance: &high_x * y + &high_y * x + x * y,
            deviation_x: low_x,
            correlation,
        }
    }

    /// Of the slope: (c + δ) / (v + ε) − c / v = (δ − slope · ε) / (v + ε), where v + ε is at least
    /// (deviation − h)².
    pub(crate) fn slope(&self, slope: &BigRational, pair: &Pair) -> Option<BigRational> {
        let error = &self.covariance + slope.abs() * &self.variance_x;
        let least = if self.x.is_zero() {
            pair.variance_x.clone()
        } else if self.deviation_x > self.x {
            let deviation = &self.deviation_x - &self.x;
            &deviation * &deviation
        } else {
            return None;
        };
        Some(error / least)
    }
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
