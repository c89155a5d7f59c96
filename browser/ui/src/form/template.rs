//! The questions that a person chooses from.

use ::query::Kind;

/// A kind of question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// How many.
    Count,
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// Variance and standard deviation.
    Spread,
    /// How many fall between which values.
    Histogram,
    /// Counts, and means, by category.
    Group,
    /// The line of least squares.
    Regression,
    /// The median and other quantiles.
    Quantile,
}

impl Template {
    /// Every one, in the form's order.
    pub const ALL: [Self; 8] = [
        Self::Count,
        Self::Sum,
        Self::Mean,
        Self::Spread,
        Self::Histogram,
        Self::Group,
        Self::Regression,
        Self::Quantile,
    ];

    /// Its name in links and tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Spread => "spread",
            Self::Histogram => "histogram",
            Self::Group => "group",
            Self::Regression => "regression",
            Self::Quantile => "quantile",
        }
    }

    /// The template of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }

    /// The kind of its query.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Count => Kind::Count,
            Self::Sum => Kind::Sum,
            Self::Mean => Kind::Mean,
            Self::Spread => Kind::Variance,
            Self::Histogram => Kind::Histogram,
            Self::Group => Kind::Group,
            Self::Regression => Kind::Regression,
            Self::Quantile => Kind::Quantile,
        }
    }

    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Count => "How many",
            Self::Sum => "Total",
            Self::Mean => "Average",
            Self::Spread => "Spread",
            Self::Histogram => "Distribution",
            Self::Group => "By group",
            Self::Regression => "Relation",
            Self::Quantile => "Median",
        }
    }

    /// What it gives, for a stranger.
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Count => "Records, or people, that fit a condition",
            Self::Sum => "All values added up",
            Self::Mean => "The total shared out evenly",
            Self::Spread => "How far values lie from their average",
            Self::Histogram => "How many values lie in each range",
            Self::Group => "How many in each group, and their averages",
            Self::Regression => "The straight line between two numbers",
            Self::Quantile => "What half of the values lie below, and other shares",
        }
    }
}
