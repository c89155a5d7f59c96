//! Totals as figures, exactly.

use crate::{
    Answer, Kind, Plan, Reduction, Rounding,
    answer::{Bin, Bound, Cell, Figures, Group, Quantile},
    exact::{half_unit, round, round_sqrt, sqrt_up, units, write_bound},
    moments::{Errors, Pair, covariance_of, variance_of},
    plan::{Checked, PROBABILITY_DECIMALS, Shape},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};

/// Decimals that a mean has beyond its quantity's.
pub(crate) const MEAN_DECIMALS: u32 = 6;
/// Decimals of a correlation.
const CORRELATION_DECIMALS: u32 = 9;
/// Digits of a slope, of the size that its ranges make likely.
const SLOPE_DIGITS: u32 = 9;
/// Decimals of a slope at most.
const SLOPE_DECIMALS_MAX: u32 = 30;
/// Decimals beyond a figure's to which roots in error bounds are taken.
pub(crate) const GUARD_DECIMALS: u32 = 6;

/// The totals are not of this query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalsError {
    /// How many there are.
    pub given: usize,
    /// How many components a measurement has.
    pub expected: u32,
}

impl fmt::Display for TotalsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} totals given, where the query has {}", self.given, self.expected)
    }
}

impl core::error::Error for TotalsError {}

impl Plan {
    /// What the `totals` of the measurements of so many participants say.
    ///
    /// Any totals give an answer; those that honest reports cannot have are named in its doubts.
    ///
    /// # Errors
    /// [`TotalsError`] where there are more or less totals than components.
    pub fn answer(&self, totals: &[u64], participants: u32) -> Result<Answer, TotalsError> {
        let expected = self.layout().length;
        if totals.len() != expected as usize {
            return Err(TotalsError { given: totals.len(), expected });
        }
        let mut decoder = Decoder { plan: self, participants, bounds: Vec::new(), doubts: Vec::new() };
        let result = decoder.figures(totals);
        let Decoder { bounds, doubts, .. } = decoder;
        Ok(Answer {
            participants,
            result,
            rounding: Rounding { words: self.rounding_words(), bounds },
            doubts,
        })
    }
}

/// Half a unit, by which rounding moves a value at most; 0 where none is rounded.
pub(crate) fn rounding_of(value: &Checked) -> BigRational {
    if value.whole() { BigRational::zero() } else { half_unit(value.decimals.into()) }
}

/// Reads totals, and keeps what is to be said beside the figures.
struct Decoder<'a> {
    plan: &'a Plan,
    participants: u32,
    bounds: Vec<Bound>,
    doubts: Vec<String>,
}

impl Decoder<'_> {
    /// States that a figure, shown with so many decimals, may be off by `error` before it is rounded.
    fn bound(&mut self, of: &str, error: Option<BigRational>, shown: u32) {
        let plus_minus = error.map(|error| write_bound(&(error + half_unit(shown))));
        self.bounds.push(Bound { of: of.into(), plus_minus });
    }

    /// States that a figure, shown exactly, may be off by `error`.
    fn exact_bound(&mut self, of: &str, error: &BigRational) {
        if !error.is_zero() {
            self.bounds.push(Bound { of: of.into(), plus_minus: Some(write_bound(error)) });
        }
    }

    fn doubt(&mut self, doubt: String) {
        self.doubts.push(doubt);
    }

    /// Doubts a count of more than all participants can have.
    fn check_count(&mut self, count: u128) {
        let most = u128::from(self.participants) * u128::from(self.plan.counted_max());
        if count > most {
            let participants = self.participants;
            self.doubt(format!(
                "{count} values are counted, where {participants} participants have at most {most}"
            ));
        }
    }

    /// Doubts a sum of more than `count` values can have.
    fn check_sum(&mut self, name: &str, total: u64, count: u64, largest: u128) {
        if u128::from(total) > largest.saturating_mul(count.into()) {
            self.doubt(format!("{name} is larger than {count} values within the range can make it"));
        }
    }

    /// The sum of `count` values whose distances from the lower bound sum to `offset`.
    fn sum(value: &Checked, count: u64, offset: u64) -> BigRational {
        let sum = i128::from(offset) + i128::from(count) * i128::from(value.lower);
        units(sum, value.decimals.into())
    }

    fn mean(value: &Checked, count: u64, offset: u64) -> Option<BigRational> {
        (count > 0).then(|| Self::sum(value, count, offset) / BigRational::from_integer(count.into()))
    }

    fn figures(&mut self, totals: &[u64]) -> Figures {
        let plan = self.plan;
        match &plan.shape {
            Shape::Count => {
                self.check_count(totals[0].into());
                Figures::Count { count: totals[0].to_string() }
            }
            Shape::Powers { value, squares: false } => self.sum_or_mean(value, totals[0], totals[1]),
            Shape::Powers { value, squares: true } => self.variance(value, totals[0], totals[1], totals[2]),
            Shape::Pair { x, y } => self.pair(x, y, totals),
            Shape::Cells { value, edges, probabilities } => self.cells(value, edges, probabilities, totals),
            Shape::Group { categories, value, .. } => self.group(categories, value.as_ref(), totals),
            Shape::Vector { values } => self.vector(values, totals),
        }
    }

    fn sum_or_mean(&mut self, value: &Checked, count: u64, offset: u64) -> Figures {
        self.check_count(count.into());
        self.check_sum("the sum", offset, count, value.range().into());
        let error = rounding_of(value);
        let of_all = &error * BigRational::from_integer(count.into());
        self.exact_bound("sum", &of_all);
        let sum = round(&Self::sum(value, count, offset), value.decimals.into());
        let count_text = count.to_string();
        if self.plan.query().reduction.kind() == Kind::Sum {
            return Figures::Sum { count: count_text, sum };
        }
        let shown = u32::from(value.decimals) + MEAN_DECIMALS;
        let mean = Self::mean(value, count, offset).map(|mean| round(&mean, shown));
        if mean.is_some() {
            self.bound("mean", Some(error), shown);
        }
        Figures::Mean { count: count_text, sum, mean }
    }

    fn variance(&mut self, value: &Checked, count: u64, offset: u64, squares: u64) -> Figures {
        self.check_count(count.into());
        self.check_sum("the sum", offset, count, value.range().into());
        self.check_sum("the sum of squares", squares, count, u128::from(value.range()).pow(2));
        let decimals = u32::from(value.decimals);
        let population = variance_of(count, offset, squares, decimals);
        if population.as_ref().is_some_and(Signed::is_negative) {
            self.doubt("the sum of squares is smaller than the sum makes it".into());
        }
        let population = population.filter(|variance| !variance.is_negative());
        let error = rounding_of(value);
        let (shown_mean, shown_square) = (decimals + MEAN_DECIMALS, 2 * decimals + MEAN_DECIMALS);
        let mean = Self::mean(value, count, offset).map(|mean| round(&mean, shown_mean));
        if mean.is_some() {
            self.bound("mean", Some(error.clone()), shown_mean);
        }
        let sample_factor = (count > 1).then(|| BigRational::new(count.into(), (count - 1).into()));
        let sample =
            population.as_ref().zip(sample_factor.as_ref()).map(|(variance, factor)| variance * factor);
        if let Some(variance) = &population {
            // Moving each value by at most h moves the deviation by at most h: it is a seminorm.
            let deviation = sqrt_up(variance, shown_square + GUARD_DECIMALS);
            let of_square = (&deviation + &deviation + &error) * &error;
            self.bound("population_variance", Some(of_square.clone()), shown_square);
            self.bound("population_deviation", Some(error.clone()), shown_mean);
            if let Some(factor) = &sample_factor {
                self.bound("sample_variance", Some(of_square * factor), shown_square);
                let of_root = &error * sqrt_up(factor, shown_mean + GUARD_DECIMALS);
                self.bound("sample_deviation", Some(of_root), shown_mean);
            }
        }
        let square = |variance: &BigRational| round(variance, shown_square);
        let root = |variance: &BigRational| round_sqrt(variance, shown_mean);
        Figures::Variance {
            count: count.to_string(),
            mean,
            population_variance: population.as_ref().map(square),
            population_deviation: population.as_ref().map(root),
            sample_variance: sample.as_ref().map(square),
            sample_deviation: sample.as_ref().map(root),
        }
    }

    fn pair(&mut self, x: &Checked, y: &Checked, totals: &[u64]) -> Figures {
        let count = totals[0];
        let (decimals_x, decimals_y) = (u32::from(x.decimals), u32::from(y.decimals));
        self.check_count(count.into());
        self.check_sum("the sum of x", totals[1], count, x.range().into());
        self.check_sum("the sum of y", totals[2], count, y.range().into());
        let pair = self.moments(x, y, totals);
        let (shown_x, shown_y) = (decimals_x + MEAN_DECIMALS, decimals_y + MEAN_DECIMALS);
        let mean_x = Self::mean(x, count, totals[1]).map(|mean| round(&mean, shown_x));
        let mean_y = Self::mean(y, count, totals[2]).map(|mean| round(&mean, shown_y));
        let (error_x, error_y) = (rounding_of(x), rounding_of(y));
        if count > 0 {
            self.bound("mean_x", Some(error_x.clone()), shown_x);
            self.bound("mean_y", Some(error_y.clone()), shown_y);
        }
        let errors = pair.as_ref().map(|pair| Errors::of(pair, &error_x, &error_y, decimals_x, decimals_y));
        let count_text = count.to_string();
        if self.plan.query().reduction.kind() == Kind::Covariance {
            let shown = decimals_x + decimals_y + MEAN_DECIMALS;
            let factor = (count > 1).then(|| BigRational::new(count.into(), (count - 1).into()));
            let sample = pair.as_ref().zip(factor.as_ref()).map(|(pair, factor)| &pair.covariance * factor);
            if let Some(errors) = &errors {
                self.bound("population_covariance", Some(errors.covariance.clone()), shown);
                if let Some(factor) = &factor {
                    self.bound("sample_covariance", Some(&errors.covariance * factor), shown);
                }
            }
            return Figures::Covariance {
                count: count_text,
                mean_x,
                mean_y,
                population_covariance: pair.as_ref().map(|pair| round(&pair.covariance, shown)),
                sample_covariance: sample.map(|sample| round(&sample, shown)),
                correlation: self.correlation(pair.as_ref(), errors.as_ref()),
            };
        }
        let line = pair.as_ref().filter(|pair| pair.variance_x.is_positive()).map(|pair| {
            let slope = &pair.covariance / &pair.variance_x;
            let intercept = &pair.mean_y - &slope * &pair.mean_x;
            (slope, intercept)
        });
        let shown_slope = slope_decimals(x, y);
        if let (Some((slope, _)), Some(pair), Some(errors)) = (&line, &pair, &errors) {
            let of_slope = errors.slope.clone();
            // The means' errors, and the slope's as far from 0 as the true mean may be.
            let of_intercept = of_slope.as_ref().map(|of_slope| {
                &error_y + slope.abs() * &error_x + (pair.mean_x.abs() + &error_x) * of_slope
            });
            self.bound("slope", of_slope, shown_slope);
            self.bound("intercept", of_intercept, shown_y);
        }
        let correlation = self.correlation(pair.as_ref(), errors.as_ref());
        let r_squared = pair.as_ref().and_then(Pair::r_squared);
        if let (Some(r_squared), Some(errors)) = (&r_squared, &errors) {
            // (r + e)² − r² with the root of r² for |r|.
            let error = errors.correlation.as_ref().map(|error| {
                let r = sqrt_up(r_squared, CORRELATION_DECIMALS + GUARD_DECIMALS);
                (&r + &r + error) * error
            });
            self.bound("r_squared", error, CORRELATION_DECIMALS);
        }
        Figures::Regression {
            count: count_text,
            mean_x,
            mean_y,
            slope: line.as_ref().map(|(slope, _)| round(slope, shown_slope)),
            intercept: line.as_ref().map(|(_, intercept)| round(intercept, shown_y)),
            correlation,
            r_squared: r_squared.map(|r_squared| round(&r_squared, CORRELATION_DECIMALS)),
        }
    }

    /// The moments of pairs; `None` without pairs, or where no real pairs have these totals.
    fn moments(&mut self, x: &Checked, y: &Checked, totals: &[u64]) -> Option<Pair> {
        let count = totals[0];
        let (decimals_x, decimals_y) = (u32::from(x.decimals), u32::from(y.decimals));
        let pair = Pair {
            mean_x: Self::mean(x, count, totals[1])?,
            mean_y: Self::mean(y, count, totals[2])?,
            variance_x: variance_of(count, totals[1], totals[3], decimals_x)?,
            variance_y: variance_of(count, totals[2], totals[4], decimals_y)?,
            covariance: covariance_of(count, totals[1], totals[2], totals[5], decimals_x + decimals_y)?,
        };
        let square = &pair.covariance * &pair.covariance;
        let real = !pair.variance_x.is_negative()
            && !pair.variance_y.is_negative()
            && square <= &pair.variance_x * &pair.variance_y;
        if !real {
            self.doubt("the sums of squares and products fit no pairs of values".into());
        }
        real.then_some(pair)
    }

    fn correlation(&mut self, pair: Option<&Pair>, errors: Option<&Errors>) -> Option<String> {
        let (pair, errors) = (pair?, errors?);
        let r_squared = pair.r_squared()?;
        self.bound("correlation", errors.correlation.clone(), CORRELATION_DECIMALS);
        let r = round_sqrt(&r_squared, CORRELATION_DECIMALS);
        Some(if pair.covariance.is_negative() { format!("-{r}") } else { r })
    }

    fn cells(&mut self, value: &Checked, edges: &[i64], probabilities: &[i64], totals: &[u64]) -> Figures {
        let cells = edges.len() + 1;
        let count: u128 = totals[..cells].iter().map(|total| u128::from(*total)).sum();
        let missing = totals.get(cells);
        self.check_missing(count, missing.copied());
        let bins = edges.windows(2).zip(&totals[1..]).map(|(pair, count)| Bin {
            from: value.write(pair[0]),
            to: value.write(pair[1]),
            count: count.to_string(),
        });
        let (count_text, below, bins) = (count.to_string(), totals[0].to_string(), bins.collect());
        let (above, missing) = (totals[cells - 1].to_string(), missing.map(ToString::to_string));
        if self.plan.query().reduction.kind() == Kind::Histogram {
            return Figures::Histogram { count: count_text, below, bins, above, missing };
        }
        let texts = match &self.plan.query().reduction {
            Reduction::Quantile { probabilities, .. } => probabilities.as_slice(),
            _ => &[],
        };
        let quantiles = texts.iter().zip(probabilities).map(|(text, probability)| Quantile {
            probability: text.clone(),
            ..quantile(value, edges, &totals[..cells], count, *probability)
        });
        let quantiles = quantiles.collect();
        for name in ["quantiles.at_least", "quantiles.at_most"] {
            self.exact_bound(name, &rounding_of(value));
        }
        Figures::Quantile { count: count_text, below, bins, above, missing, quantiles }
    }

    /// Where each person counts once, all that is counted makes the participants; else it must not exceed
    /// what they can have.
    fn check_missing(&mut self, count: u128, missing: Option<u64>) {
        let Some(missing) = missing else { return self.check_count(count) };
        let (all, participants) = (count + u128::from(missing), self.participants);
        if all != u128::from(participants) {
            self.doubt(format!("{all} people are counted, where {participants} took part"));
        }
    }

    fn group(&mut self, categories: &[String], value: Option<&Checked>, totals: &[u64]) -> Figures {
        let cells = categories.len() + 1;
        let (counts, rest) = totals.split_at(cells);
        let count: u128 = counts.iter().map(|count| u128::from(*count)).sum();
        let Some(value) = value else {
            let missing = rest.first();
            self.check_missing(count, missing.copied());
            let group = |(category, count): (&String, &u64)| Group {
                category: category.clone(),
                count: count.to_string(),
                mean: None,
            };
            return Figures::Group {
                count: count.to_string(),
                groups: categories.iter().zip(counts).map(group).collect(),
                other: Cell { count: counts[cells - 1].to_string(), mean: None },
                missing: missing.map(ToString::to_string),
            };
        };
        self.check_count(count);
        let shown = u32::from(value.decimals) + MEAN_DECIMALS;
        let mut means = Vec::with_capacity(cells);
        for (at, (count, offset)) in counts.iter().zip(rest).enumerate() {
            let name = categories.get(at).map_or("other", String::as_str);
            self.check_sum(&format!("the sum of `{name}`"), *offset, *count, value.range().into());
            means.push(Self::mean(value, *count, *offset).map(|mean| round(&mean, shown)));
        }
        let other = Cell { count: counts[cells - 1].to_string(), mean: means.pop().flatten() };
        let groups = categories.iter().zip(counts).zip(means);
        let groups: Vec<Group> = groups
            .map(|((category, count), mean)| Group {
                category: category.clone(),
                count: count.to_string(),
                mean,
            })
            .collect();
        if count > 0 {
            self.bound("groups.mean", Some(rounding_of(value)), shown);
            self.bound("other.mean", Some(rounding_of(value)), shown);
        }
        Figures::Group { count: count.to_string(), groups, other, missing: None }
    }

    fn vector(&mut self, values: &[Checked], totals: &[u64]) -> Figures {
        let (count, offsets) = (totals[0], &totals[1..]);
        self.check_count(count.into());
        let (mut sums, mut means) = (Vec::new(), Vec::new());
        for (at, (value, offset)) in values.iter().zip(offsets).enumerate() {
            self.check_sum(&format!("sum {at}"), *offset, count, value.range().into());
            let error = rounding_of(value);
            self.exact_bound(&format!("sums.{at}"), &(&error * BigRational::from_integer(count.into())));
            sums.push(round(&Self::sum(value, count, *offset), value.decimals.into()));
            if let Some(mean) = Self::mean(value, count, *offset) {
                let shown = u32::from(value.decimals) + MEAN_DECIMALS;
                means.push(round(&mean, shown));
                self.bound(&format!("means.{at}"), Some(error), shown);
            }
        }
        Figures::Vector { count: count.to_string(), sums, means }
    }
}

/// Decimals with which a slope of the ranges' size has [`SLOPE_DIGITS`] digits.
fn slope_decimals(x: &Checked, y: &Checked) -> u32 {
    let digits = |value: &Checked| value.range().checked_ilog10().unwrap_or(0);
    let likely = SLOPE_DIGITS + digits(x) + u32::from(y.decimals);
    likely.saturating_sub(digits(y) + u32::from(x.decimals)).clamp(MEAN_DECIMALS, SLOPE_DECIMALS_MAX)
}

/// Where the value of rank ⌈p·n⌉ lies among the cells; its probability is for the caller to name.
fn quantile(value: &Checked, edges: &[i64], cells: &[u64], count: u128, probability: i64) -> Quantile {
    let scale = 10u128.pow(PROBABILITY_DECIMALS.into());
    let mut found = Quantile {
        probability: String::new(),
        rank: None,
        at_least: None,
        at_most: None,
        before: "0".into(),
        within: "0".into(),
        estimate: None,
        estimate_error: None,
    };
    if count == 0 {
        return found;
    }
    // Counts sum to less than 2^76 and a scale has 30 bits.
    let rank = (count * u128::from(probability.unsigned_abs())).div_ceil(scale).clamp(1, count);
    let (mut before, mut at) = (0u128, 0);
    while before + u128::from(cells[at]) < rank {
        before += u128::from(cells[at]);
        at += 1;
    }
    let within = u128::from(cells[at]);
    found.rank = Some(rank.to_string());
    found.before = before.to_string();
    found.within = within.to_string();
    let least = at.checked_sub(1).and_then(|at| edges.get(at)).copied();
    let most = edges.get(at).map(|edge| edge - 1);
    found.at_least = least.map(|units| value.write(units));
    found.at_most = most.map(|units| value.write(units));
    if let (Some(least), Some(most)) = (least, most) {
        let decimals = u32::from(value.decimals);
        let (least, most) = (units(least, decimals), units(most, decimals));
        // In the middle of its part, where the cell is cut into one part for each value.
        let place = BigRational::new(BigInt::from(2 * (rank - before) - 1), BigInt::from(2 * within));
        let estimate = &least + (&most - &least) * place;
        let shown = if least == most { decimals } else { decimals + MEAN_DECIMALS };
        found.estimate = Some(round(&estimate, shown));
        let error = (&most - &estimate).max(&estimate - &least);
        let display = if least == most { BigRational::zero() } else { half_unit(shown) };
        found.estimate_error = Some(write_bound(&(error + display + rounding_of(value))));
    }
    found
}
