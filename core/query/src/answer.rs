//! What the totals say, as it stands in JSON.

use crate::Kind;
use alloc::{string::String, vec::Vec};

/// The answer to a query: what the totals of all participants say, and how exact it is.
///
/// Every number is a decimal number in a string. A figure that the totals do not give, such as the mean of
/// no values, is `null`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// How many people took part.
    pub participants: u32,
    /// The figures.
    pub result: Figures,
    /// How far the figures may be from those of unrounded values, and why.
    pub rounding: Rounding,
    /// What cannot come from honest reports within the range, in words; empty where all is in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// How exact an [`Answer`] is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// What was rounded and clipped, and why, for a stranger.
    pub words: String,
    /// How far each figure may be off; figures without a line are exact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Bound>,
}

/// How far a figure may be from that of unrounded values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The figure's name in the result; `groups.mean` is that of each of the `groups`.
    pub of: String,
    /// At most so far, a decimal number rounded up; `null` where no bound can be given, since the
    /// values differ by little more than their rounding.
    pub plus_minus: Option<String>,
}

/// The figures of an [`Answer`], by kind of query. `count` is how many records (people, in a query per
/// person) had a value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", try_from = "Fields")]
#[non_exhaustive]
pub enum Figures {
    /// Of a count.
    Count {
        /// How many.
        count: String,
    },
    /// Of a sum.
    Sum {
        /// How many values.
        count: String,
        /// Their sum.
        sum: String,
    },
    /// Of a mean.
    Mean {
        /// How many values.
        count: String,
        /// Their sum.
        sum: String,
        /// Their mean.
        mean: Option<String>,
    },
    /// Of a variance.
    Variance {
        /// How many values.
        count: String,
        /// Their mean.
        mean: Option<String>,
        /// Mean square distance from the mean: divided by the count.
        population_variance: Option<String>,
        /// Its root.
        population_deviation: Option<String>,
        /// Divided by one less than the count.
        sample_variance: Option<String>,
        /// Its root.
        sample_deviation: Option<String>,
    },
    /// Of a covariance.
    Covariance {
        /// How many records had both values.
        count: String,
        /// Mean of x.
        mean_x: Option<String>,
        /// Mean of y.
        mean_y: Option<String>,
        /// Divided by the count.
        population_covariance: Option<String>,
        /// Divided by one less than the count.
        sample_covariance: Option<String>,
        /// Pearson's r, from −1 to 1.
        correlation: Option<String>,
    },
    /// Of a regression: `y = intercept + slope · x`.
    Regression {
        /// How many records had both values.
        count: String,
        /// Mean of x.
        mean_x: Option<String>,
        /// Mean of y.
        mean_y: Option<String>,
        /// Change of y for one of x.
        slope: Option<String>,
        /// y at x = 0.
        intercept: Option<String>,
        /// Pearson's r, from −1 to 1.
        correlation: Option<String>,
        /// Share of y's variance that the line explains, from 0 to 1.
        r_squared: Option<String>,
    },
    /// Of a histogram.
    Histogram {
        /// How many values.
        count: String,
        /// Values below the first edge.
        below: String,
        /// The bins, ascending.
        bins: Vec<Bin>,
        /// Values from the last edge on.
        above: String,
        /// People without a value; known only where each person counts once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
    },
    /// Of a grouping.
    Group {
        /// How many values.
        count: String,
        /// The categories asked for, in the order asked.
        groups: Vec<Group>,
        /// All other categories together.
        other: Cell,
        /// People without a value; known only where each person counts once and no mean is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
    },
    /// Of a vector.
    Vector {
        /// How many records had all values.
        count: String,
        /// In the order asked.
        sums: Vec<String>,
        /// In the order asked; empty where nothing was counted.
        means: Vec<String>,
    },
    /// Of one round of finding quantiles.
    Quantile {
        /// How many values.
        count: String,
        /// Values below the first cell.
        below: String,
        /// The cells, ascending.
        bins: Vec<Bin>,
        /// Values above the last cell.
        above: String,
        /// People without a value; known only where each person counts once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<String>,
        /// In the order asked.
        quantiles: Vec<Quantile>,
    },
}

/// A bin of a histogram: values from `from` on, less than `to`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// The smallest value in it.
    pub from: String,
    /// The smallest value beyond it.
    pub to: String,
    /// Values in it.
    pub count: String,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub category: String,
    /// How many values.
    pub count: String,
    /// Their mean, where one is asked and there are values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<String>,
}

/// What is known of the categories that were not asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// How many values.
    pub count: String,
    /// Their mean, where one is asked and there are values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<String>,
}

/// What one round says of a quantile: the smallest value that at least so large a share of all values
/// does not exceed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantile {
    /// The share, as asked.
    pub probability: String,
    /// Its place among the values in ascending order, from 1; `null` without values.
    pub rank: Option<String>,
    /// It is not less than this; `null` where it lies below the range.
    pub at_least: Option<String>,
    /// It is not more than this; `null` where it lies above the range. Equal to `at_least` once it is
    /// found to the unit.
    pub at_most: Option<String>,
    /// Values below `at_least`.
    pub before: String,
    /// Values from `at_least` to `at_most`.
    pub within: String,
    /// Where it lies if the values within are spread evenly.
    pub estimate: Option<String>,
    /// The estimate is off by no more than this.
    pub estimate_error: Option<String>,
}

/// The JSON of [`Figures`]: the fields of all kinds. Read so, it takes a third of the code that a reader for each kind
/// takes, and a page loads it.
#[derive(Default, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    kind: Option<Kind>,
    count: Option<String>,
    sum: Option<String>,
    mean: Option<String>,
    population_variance: Option<String>,
    population_deviation: Option<String>,
    sample_variance: Option<String>,
    sample_deviation: Option<String>,
    mean_x: Option<String>,
    mean_y: Option<String>,
    population_covariance: Option<String>,
    sample_covariance: Option<String>,
    correlation: Option<String>,
    slope: Option<String>,
    intercept: Option<String>,
    r_squared: Option<String>,
    below: Option<String>,
    bins: Option<Vec<Bin>>,
    above: Option<String>,
    missing: Option<String>,
    groups: Option<Vec<Group>>,
    other: Option<Cell>,
    sums: Option<Vec<String>>,
    means: Option<Vec<String>>,
    quantiles: Option<Vec<Quantile>>,
}

/// Takes a field that the kind needs.
fn need<T>(field: &mut Option<T>) -> Result<T, &'static str> {
    field.take().ok_or("a figure that its kind has is missing")
}

impl TryFrom<Fields> for Figures {
    type Error = &'static str;

    fn try_from(mut fields: Fields) -> Result<Self, &'static str> {
        let all = &mut fields;
        let kind = need(&mut all.kind)?;
        let count = need(&mut all.count)?;
        let figures = match kind {
            Kind::Count => Self::Count { count },
            Kind::Sum => Self::Sum { count, sum: need(&mut all.sum)? },
            Kind::Mean => Self::Mean { count, sum: need(&mut all.sum)?, mean: all.mean.take() },
            Kind::Variance => Self::Variance {
                count,
                mean: all.mean.take(),
                population_variance: all.population_variance.take(),
                population_deviation: all.population_deviation.take(),
                sample_variance: all.sample_variance.take(),
                sample_deviation: all.sample_deviation.take(),
            },
            Kind::Covariance => Self::Covariance {
                count,
                mean_x: all.mean_x.take(),
                mean_y: all.mean_y.take(),
                population_covariance: all.population_covariance.take(),
                sample_covariance: all.sample_covariance.take(),
                correlation: all.correlation.take(),
            },
            Kind::Regression => Self::Regression {
                count,
                mean_x: all.mean_x.take(),
                mean_y: all.mean_y.take(),
                slope: all.slope.take(),
                intercept: all.intercept.take(),
                correlation: all.correlation.take(),
                r_squared: all.r_squared.take(),
            },
            Kind::Histogram => Self::Histogram {
                count,
                below: need(&mut all.below)?,
                bins: need(&mut all.bins)?,
                above: need(&mut all.above)?,
                missing: all.missing.take(),
            },
            Kind::Group => Self::Group {
                count,
                groups: need(&mut all.groups)?,
                other: need(&mut all.other)?,
                missing: all.missing.take(),
            },
            Kind::Vector => Self::Vector { count, sums: need(&mut all.sums)?, means: need(&mut all.means)? },
            Kind::Quantile => Self::Quantile {
                count,
                below: need(&mut all.below)?,
                bins: need(&mut all.bins)?,
                above: need(&mut all.above)?,
                missing: all.missing.take(),
                quantiles: need(&mut all.quantiles)?,
            },
        };
        if fields == Fields::default() { Ok(figures) } else { Err("a figure that its kind has not") }
    }
}
