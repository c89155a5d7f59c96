//! What is asked: the `query` of a proposal, as it stands in JSON.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// Most records of one node that a query may ask for.
pub const RECORDS_MAX: u32 = 1_000_000;
/// Records of one node where a query says nothing.
pub const RECORDS_DEFAULT: u32 = 1_000;
/// Cells of a quantile's round where a query says nothing.
pub const BINS_DEFAULT: u32 = 64;

/// A reduction over the records of many people.
///
/// Its JSON is one flat object, e.g.
/// `{"kind":"mean","value":{"expr":"mass","lower":"0","upper":"9000","decimals":0},"per":"record","records_max":100}`.
/// Fields that the kind does not have are refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Query {
    /// What is computed.
    pub reduction: Reduction,
    /// What counts as one: a record, or a person.
    pub per: Per,
    /// Which records count: an expression that is true or false of a record. JSON's `where`.
    pub filter: Option<String>,
    /// Most records of one node; a node with more does not answer, since a part of them would be wrong.
    pub records_max: u32,
}

/// What counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each record that has a value: expressions read one record.
    #[default]
    Record,
    /// Each person once: expressions read all of a person's records, such as `avg(steps)`.
    Person,
}

/// What is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// How many records, or people with a record.
    Count,
    /// The sum of a quantity.
    Sum {
        /// What is summed.
        value: Quantity,
    },
    /// The mean of a quantity.
    Mean {
        /// What is averaged.
        value: Quantity,
    },
    /// Variance and standard deviation, of the population and of a sample.
    Variance {
        /// What varies.
        value: Quantity,
    },
    /// Covariance and correlation of two quantities.
    Covariance {
        /// The one.
        x: Quantity,
        /// The other.
        y: Quantity,
    },
    /// The line `y = intercept + slope · x` of least squares.
    Regression {
        /// What explains.
        x: Quantity,
        /// What is explained.
        y: Quantity,
    },
    /// Counts in bins `[edge, next edge)`, below the first edge, and from the last edge on.
    Histogram {
        /// What is counted.
        value: Quantity,
        /// At least two, ascending.
        edges: Vec<String>,
    },
    /// Counts by category, and means where a quantity is given.
    Group {
        /// The expression that names a record's category.
        by: String,
        /// The categories that are told apart; all others count as `other`.
        categories: Vec<String>,
        /// What is averaged in each category.
        value: Option<Quantity>,
    },
    /// The sums of several quantities, over the records that have all of them.
    Vector {
        /// What is summed.
        values: Vec<Quantity>,
    },
    /// One round of finding quantiles: each is bracketed by a cell. [`Query::refine`] narrows the cells.
    Quantile {
        /// What is ordered.
        value: Quantity,
        /// Which quantiles, each from 0 to 1: 0.5 is the median.
        probabilities: Vec<String>,
        /// Cells of this round, and of each that [`Query::refine`] makes.
        bins: u32,
        /// Where the cells of a later round begin and end; empty in the first, which cuts
        /// the range into `bins` equal cells.
        edges: Vec<String>,
    },
}

/// A number that an expression gives, in a stated range at a stated precision.
///
/// A value is rounded half to even to `decimals`; then what lies outside the range counts as its
/// nearest bound. (Histograms and quantiles do not clip: they count what lies outside as such.)
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// The expression.
    pub expr: String,
    /// The smallest value, a decimal number.
    pub lower: String,
    /// The largest value, a decimal number.
    pub upper: String,
    /// Decimals that count; a unit is 10^-decimals.
    #[serde(default)]
    pub decimals: u8,
}

/// The name of a [`Reduction`] in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// [`Reduction::Count`].
    Count,
    /// [`Reduction::Sum`].
    Sum,
    /// [`Reduction::Mean`].
    Mean,
    /// [`Reduction::Variance`].
    Variance,
    /// [`Reduction::Covariance`].
    Covariance,
    /// [`Reduction::Regression`].
    Regression,
    /// [`Reduction::Histogram`].
    Histogram,
    /// [`Reduction::Group`].
    Group,
    /// [`Reduction::Vector`].
    Vector,
    /// [`Reduction::Quantile`].
    Quantile,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Count,
        Self::Sum,
        Self::Mean,
        Self::Variance,
        Self::Covariance,
        Self::Regression,
        Self::Histogram,
        Self::Group,
        Self::Vector,
        Self::Quantile,
    ];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Variance => "variance",
            Self::Covariance => "covariance",
            Self::Regression => "regression",
            Self::Histogram => "histogram",
            Self::Group => "group",
            Self::Vector => "vector",
            Self::Quantile => "quantile",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Reduction {
    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Count => Kind::Count,
            Self::Sum { .. } => Kind::Sum,
            Self::Mean { .. } => Kind::Mean,
            Self::Variance { .. } => Kind::Variance,
            Self::Covariance { .. } => Kind::Covariance,
            Self::Regression { .. } => Kind::Regression,
            Self::Histogram { .. } => Kind::Histogram,
            Self::Group { .. } => Kind::Group,
            Self::Vector { .. } => Kind::Vector,
            Self::Quantile { .. } => Kind::Quantile,
        }
    }
}

/// A query's JSON: the fields of all kinds.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<Quantity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Quantity>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probabilities: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bins: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edges: Option<Vec<String>>,
    #[serde(default)]
    per: Per,
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(default = "records_default")]
    records_max: u32,
}

const fn records_default() -> u32 {
    RECORDS_DEFAULT
}

impl Fields {
    const fn empty(kind: Kind) -> Self {
        Self {
            kind,
            value: None,
            x: None,
            y: None,
            by: None,
            categories: None,
            values: None,
            probabilities: None,
            bins: None,
            edges: None,
            per: Per::Record,
            filter: None,
            records_max: RECORDS_DEFAULT,
        }
    }
}

/// Takes a field that the kind needs.
fn need<T>(field: &mut Option<T>, kind: Kind, name: &str) -> Result<T, String> {
    field.take().ok_or_else(|| format!("`{name}` is missing: a {kind} needs it"))
}

impl TryFrom<Fields> for Query {
    type Error = String;

    fn try_from(mut fields: Fields) -> Result<Self, String> {
        let kind = fields.kind;
        let reduction = match kind {
            Kind::Count => Reduction::Count,
            Kind::Sum => Reduction::Sum { value: need(&mut fields.value, kind, "value")? },
            Kind::Mean => Reduction::Mean { value: need(&mut fields.value, kind, "value")? },
            Kind::Variance => Reduction::Variance { value: need(&mut fields.value, kind, "value")? },
            Kind::Covariance => Reduction::Covariance {
                x: need(&mut fields.x, kind, "x")?,
                y: need(&mut fields.y, kind, "y")?,
            },
            Kind::Regression => Reduction::Regression {
                x: need(&mut fields.x, kind, "x")?,
                y: need(&mut fields.y, kind, "y")?,
            },
            Kind::Histogram => Reduction::Histogram {
                value: need(&mut fields.value, kind, "value")?,
                edges: need(&mut fields.edges, kind, "edges")?,
            },
            Kind::Group => Reduction::Group {
                by: need(&mut fields.by, kind, "by")?,
                categories: need(&mut fields.categories, kind, "categories")?,
                value: fields.value.take(),
            },
            Kind::Vector => Reduction::Vector { values: need(&mut fields.values, kind, "values")? },
            Kind::Quantile => Reduction::Quantile {
                value: need(&mut fields.value, kind, "value")?,
                probabilities: need(&mut fields.probabilities, kind, "probabilities")?,
                bins: fields.bins.take().unwrap_or(BINS_DEFAULT),
                edges: fields.edges.take().unwrap_or_default(),
            },
        };
        let left = [
            ("value", fields.value.is_some()),
            ("x", fields.x.is_some()),
            ("y", fields.y.is_some()),
            ("by", fields.by.is_some()),
            ("categories", fields.categories.is_some()),
            ("values", fields.values.is_some()),
            ("probabilities", fields.probabilities.is_some()),
            ("bins", fields.bins.is_some()),
            ("edges", fields.edges.is_some()),
        ];
        if let Some((name, _)) = left.iter().find(|(_, given)| *given) {
            return Err(format!("`{name}` does not belong to a {kind}: leave it out"));
        }
        Ok(Self { reduction, per: fields.per, filter: fields.filter, records_max: fields.records_max })
    }
}

impl From<Query> for Fields {
    fn from(query: Query) -> Self {
        let mut fields = Self::empty(query.reduction.kind());
        match query.reduction {
            Reduction::Count => {}
            Reduction::Sum { value } | Reduction::Mean { value } | Reduction::Variance { value } => {
                fields.value = Some(value);
            }
            Reduction::Covariance { x, y } | Reduction::Regression { x, y } => {
                (fields.x, fields.y) = (Some(x), Some(y));
            }
            Reduction::Histogram { value, edges } => {
                (fields.value, fields.edges) = (Some(value), Some(edges));
            }
            Reduction::Group { by, categories, value } => {
                (fields.by, fields.categories, fields.value) = (Some(by), Some(categories), value);
            }
            Reduction::Vector { values } => fields.values = Some(values),
            Reduction::Quantile { value, probabilities, bins, edges } => {
                (fields.value, fields.probabilities, fields.bins) =
                    (Some(value), Some(probabilities), Some(bins));
                fields.edges = Some(edges).filter(|edges| !edges.is_empty());
            }
        }
        Self { per: query.per, filter: query.filter, records_max: query.records_max, ..fields }
    }
}
