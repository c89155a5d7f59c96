//! A query checked against a schema.

use crate::{
    BITS_MAX, LENGTH_MAX, Layout, Per, Quantity, Query, QueryError, RECORDS_MAX, Reduction, error::Problem,
    fixed, formula::Formula,
};
use alloc::{
    borrow::ToOwned,
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use expr::Type;
use schema::{Kind as FieldKind, Schema, Value};

/// Most bins of a histogram, cells of a quantile's round, and categories of a group.
pub const CELLS_MAX: u32 = 1_000;
/// Most quantities of a vector.
pub const VALUES_MAX: u32 = 1_000;
/// Most quantiles of one query.
pub const PROBABILITIES_MAX: u32 = 20;
/// Longest name of a category, in characters.
pub const CATEGORY_CHARS_MAX: usize = 200;
/// Largest absolute bound in units: the integers that every JSON reader keeps exactly.
pub(crate) const UNITS_MAX: i64 = (1 << 53) - 1;
/// Decimals of a probability.
pub(crate) const PROBABILITY_DECIMALS: u8 = 9;

/// A query that fits its schema: what a node measures, and what totals of such measurements say.
#[derive(Debug, Clone)]
pub struct Plan {
    query: Query,
    layout: Layout,
    pub(crate) schema: Schema,
    pub(crate) filter: Option<Formula>,
    pub(crate) shape: Shape,
}

/// A quantity with its expression compiled and its bounds in units.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) formula: Formula,
    pub(crate) lower: i64,
    pub(crate) upper: i64,
    pub(crate) decimals: u8,
    /// Most decimals that values have, where the schema says so.
    pub(crate) decimals_max: Option<u32>,
}

impl Checked {
    /// Whether all values are whole units by their schema, so that none is rounded.
    pub(crate) fn whole(&self) -> bool {
        self.decimals_max.is_some_and(|most| most <= u32::from(self.decimals))
    }

    /// Distance between the bounds, in units.
    pub(crate) fn range(&self) -> u64 {
        self.upper.abs_diff(self.lower)
    }

    /// Writes units as a decimal number.
    pub(crate) fn write(&self, units: i64) -> String {
        fixed::format(units.into(), self.decimals)
    }
}

/// What is measured, and what the components stand for. `d` is a value's distance from its lower bound.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// The count.
    Count,
    /// The count, Σd, and Σd² where asked.
    Powers { value: Checked, squares: bool },
    /// The count, Σdx, Σdy, Σdx², Σdy², Σdx·dy.
    Pair { x: Checked, y: Checked },
    /// Counts: below the first edge, between each two, from the last edge on; then, in a one-hot layout, without a
    /// value. Probabilities are in units of 10^-9; a histogram has none.
    Cells { value: Checked, edges: Vec<i64>, probabilities: Vec<i64> },
    /// Counts by category, of others; then Σd likewise where a mean is asked, or in a one-hot layout the count without a value.
    Group { by: Formula, categories: Vec<String>, value: Option<Checked> },
    /// The count, and Σd of each.
    Vector { values: Vec<Checked> },
}

fn fail<T>(path: impl Into<String>, problem: Problem) -> Result<T, QueryError> {
    Err(QueryError { path: path.into(), problem })
}

fn within(path: &str, given: u64, min: u64, max: u64) -> Result<(), QueryError> {
    if (min..=max).contains(&given) { Ok(()) } else { fail(path, Problem::Amount { given, min, max }) }
}

/// Reads a number of whole units.
fn number(path: &str, text: &str, decimals: u8) -> Result<i64, QueryError> {
    number_up_to(path, text, decimals, UNITS_MAX)
}

fn number_up_to(path: &str, text: &str, decimals: u8, max: i64) -> Result<i64, QueryError> {
    match fixed::parse_whole(text, decimals) {
        Err(error) => fail(path, Problem::Number { text: cut(text), error }),
        Ok(None) => fail(path, Problem::TooFine { text: cut(text), decimals }),
        Ok(Some(units)) if !(-UNITS_MAX..=max).contains(&units) => {
            fail(path, Problem::TooFar { text: cut(text) })
        }
        Ok(Some(units)) => Ok(units),
    }
}

/// A text as a message shows it.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// What the parts of a query are checked with.
struct Checker<'a> {
    schema: &'a Schema,
    query: &'a Query,
}

impl Query {
    /// Checks the query against the schema of the records that it is asked of.
    ///
    /// # Errors
    /// The first [`QueryError`] met, which names the place.
    pub fn check(&self, schema: &Schema) -> Result<Plan, QueryError> {
        within("query.records_max", self.records_max.into(), 1, RECORDS_MAX.into())?;
        let checker = Checker { schema, query: self };
        let filter = match &self.filter {
            Some(source) => Some(checker.condition(source)?),
            None => None,
        };
        let shape = checker.shape()?;
        let layout = shape.layout(self)?;
        Ok(Plan { query: self.clone(), layout, schema: schema.clone(), filter, shape })
    }
}

impl Checker<'_> {
    fn condition(&self, source: &str) -> Result<Formula, QueryError> {
        let formula = Formula::compile("query.where", source, self.schema, Per::Record)?;
        match formula.ty() {
            Type::Bool => Ok(formula),
            found => fail("query.where", Problem::NoCondition { source: source.to_owned(), found }),
        }
    }

    fn quantity(&self, path: &str, quantity: &Quantity) -> Result<Checked, QueryError> {
        let at = |name: &str| format!("{path}.{name}");
        let Quantity { expr, lower, upper, decimals } = quantity;
        within(&at("decimals"), u64::from(*decimals), 0, fixed::DECIMALS_MAX.into())?;
        let formula = Formula::compile(&at("expr"), expr, self.schema, self.query.per)?;
        match formula.ty() {
            Type::Number => {}
            found => {
                let kind = self.query.reduction.kind();
                return fail(at("expr"), Problem::NoNumber { source: expr.clone(), found, kind });
            }
        }
        let lower = number(&at("lower"), lower, *decimals)?;
        let upper = number(&at("upper"), upper, *decimals)?;
        if lower >= upper {
            return fail(at("upper"), Problem::EmptyRange);
        }
        // Of expressions that are more than a field it is assumed that rounding matters.
        let decimals_max = formula.field(self.schema).and_then(|field| field.decimals_max);
        Ok(Checked { formula, lower, upper, decimals: *decimals, decimals_max })
    }

    fn shape(&self) -> Result<Shape, QueryError> {
        Ok(match &self.query.reduction {
            Reduction::Count => Shape::Count,
            Reduction::Sum { value } | Reduction::Mean { value } => {
                Shape::Powers { value: self.quantity("query.value", value)?, squares: false }
            }
            Reduction::Variance { value } => {
                Shape::Powers { value: self.quantity("query.value", value)?, squares: true }
            }
            Reduction::Covariance { x, y } | Reduction::Regression { x, y } => {
                Shape::Pair { x: self.quantity("query.x", x)?, y: self.quantity("query.y", y)? }
            }
            Reduction::Histogram { value, edges } => {
                let value = self.quantity("query.value", value)?;
                let edges = edges_of(edges, &value, i64::MIN, i64::MAX)?;
                Shape::Cells { value, edges, probabilities: Vec::new() }
            }
            Reduction::Group { by, categories, value } => {
                let by = self.by(by)?;
                self.categories(&by, categories)?;
                let value = match value {
                    Some(value) => Some(self.quantity("query.value", value)?),
                    None => None,
                };
                Shape::Group { by, categories: categories.clone(), value }
            }
            Reduction::Vector { values } => {
                within("query.values", values.len() as u64, 1, VALUES_MAX.into())?;
                let checked = values.iter().enumerate();
                let checked = checked.map(|(at, value)| self.quantity(&format!("query.values.{at}"), value));
                Shape::Vector { values: checked.collect::<Result<_, _>>()? }
            }
            Reduction::Quantile { value, probabilities, bins, edges } => {
                let value = self.quantity("query.value", value)?;
                let probabilities = probabilities_of(probabilities)?;
                within("query.bins", (*bins).into(), 1, CELLS_MAX.into())?;
                let edges = if edges.is_empty() {
                    // Every unit from the lower to the upper bound lies in a cell.
                    let units = value.range() + 1;
                    within("query.bins", (*bins).into(), 1, units.min(CELLS_MAX.into()))?;
                    crate::edges::cut(value.lower, value.upper + 1, *bins)
                } else {
                    edges_of(edges, &value, value.lower, value.upper + 1)?
                };
                Shape::Cells { value, edges, probabilities }
            }
        })
    }

    fn by(&self, source: &str) -> Result<Formula, QueryError> {
        let formula = Formula::compile("query.by", source, self.schema, self.query.per)?;
        match formula.ty() {
            found @ (Type::List(_) | Type::Object) => {
                fail("query.by", Problem::NoCategory { source: source.to_owned(), found })
            }
            _ => Ok(formula),
        }
    }

    fn categories(&self, by: &Formula, categories: &[String]) -> Result<(), QueryError> {
        within("query.categories", categories.len() as u64, 1, CELLS_MAX.into())?;
        let allowed = match by.field(self.schema).map(|field| field.kind) {
            Some(FieldKind::Enum(values)) => Some(values.iter().filter_map(name_of).collect::<Vec<_>>()),
            Some(FieldKind::Bool) => Some(alloc::vec!["false".to_owned(), "true".to_owned()]),
            _ => None,
        };
        let mut seen = BTreeSet::new();
        for (at, category) in categories.iter().enumerate() {
            let path = format!("query.categories.{at}");
            if category.chars().count() > CATEGORY_CHARS_MAX || category.chars().any(char::is_control) {
                return fail(path, Problem::Unprintable);
            }
            if !seen.insert(category) {
                return fail(path, Problem::Repeated { text: category.clone() });
            }
            if let Some(allowed) = allowed.as_ref().filter(|allowed| !allowed.contains(category)) {
                let (category, allowed) = (category.clone(), allowed.clone());
                return fail(path, Problem::NoSuchCategory { category, allowed });
            }
        }
        Ok(())
    }
}

/// What a value of an enumeration is called as a category.
fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.normalize().to_string()),
        Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

fn edges_of(texts: &[String], value: &Checked, min: i64, max: i64) -> Result<Vec<i64>, QueryError> {
    within("query.edges", texts.len() as u64, 2, u64::from(CELLS_MAX) + 1)?;
    let mut edges: Vec<i64> = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let path = format!("query.edges.{at}");
        // The last cell of a quantile ends one unit after the largest value.
        let edge = number_up_to(&path, text, value.decimals, UNITS_MAX + 1)?;
        if edges.last().is_some_and(|last| *last >= edge) {
            return fail(path, Problem::NotAscending { text: cut(text) });
        }
        if !(min..=max).contains(&edge) {
            let (min, max) = (value.write(min), value.write(max));
            return fail(path, Problem::Outside { text: cut(text), min, max });
        }
        edges.push(edge);
    }
    Ok(edges)
}

fn probabilities_of(texts: &[String]) -> Result<Vec<i64>, QueryError> {
    within("query.probabilities", texts.len() as u64, 1, PROBABILITIES_MAX.into())?;
    let mut probabilities = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        let path = format!("query.probabilities.{at}");
        let probability = number(&path, text, PROBABILITY_DECIMALS)?;
        if !(0..=10i64.pow(PROBABILITY_DECIMALS.into())).contains(&probability) {
            return fail(path, Problem::Outside { text: cut(text), min: "0".into(), max: "1".into() });
        }
        if probabilities.contains(&probability) {
            return fail(path, Problem::Repeated { text: cut(text) });
        }
        probabilities.push(probability);
    }
    Ok(probabilities)
}

impl Shape {
    fn layout(&self, query: &Query) -> Result<Layout, QueryError> {
        let counted = match query.per {
            Per::Record => query.records_max,
            Per::Person => 1,
        };
        let range = |value: &Checked| u128::from(value.range());
        let (length, largest, cells) = match self {
            Self::Count => (1, 1, false),
            Self::Powers { value, squares: false } => (2, range(value), false),
            // A range has less than 2^54 units, so that no square overflows.
            Self::Powers { value, squares: true } => (3, range(value).pow(2), false),
            Self::Pair { x, y } => (6, range(x).max(range(y)).pow(2), false),
            Self::Cells { edges, .. } => (edges.len() + 1, 1, true),
            Self::Group { categories, value: None, .. } => (categories.len() + 1, 1, true),
            Self::Group { categories, value: Some(value), .. } => {
                (2 * (categories.len() + 1), range(value), false)
            }
            Self::Vector { values } => {
                (values.len() + 1, values.iter().map(range).max().unwrap_or_default(), false)
            }
        };
        let one_hot = cells && counted == 1;
        let length = u32::try_from(length + usize::from(one_hot)).unwrap_or(u32::MAX);
        within("query", length.into(), 1, LENGTH_MAX.into())?;
        let largest = largest.max(1).saturating_mul(counted.into());
        let bits = bits_of(largest);
        if bits > BITS_MAX {
            return fail("query", Problem::TooWide { bits });
        }
        Ok(Layout { length, bits, one_hot })
    }

    /// The quantities, in the order of the query.
    pub(crate) fn quantities(&self) -> Vec<&Checked> {
        match self {
            Self::Count => Vec::new(),
            Self::Powers { value, .. } | Self::Cells { value, .. } => alloc::vec![value],
            Self::Pair { x, y } => alloc::vec![x, y],
            Self::Group { value, .. } => value.iter().collect(),
            Self::Vector { values } => values.iter().collect(),
        }
    }
}

impl Plan {
    /// The query.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// The form of a node's measurement.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The largest total of a component that so many valid measurements can have.
    pub const fn total_max(&self, participants_max: u32) -> u128 {
        self.layout.total_max(participants_max)
    }

    /// The most records, or people, that one measurement counts.
    pub(crate) const fn counted_max(&self) -> u32 {
        match self.query.per {
            Per::Record => self.query.records_max,
            Per::Person => 1,
        }
    }

    /// The paths of all fields that the query reads of a record.
    pub fn fields(&self) -> BTreeSet<String> {
        let mut fields = self.filter.as_ref().map(Formula::fields).unwrap_or_default();
        if let Shape::Group { by, .. } = &self.shape {
            fields.append(&mut by.fields());
        }
        for quantity in self.shape.quantities() {
            fields.append(&mut quantity.formula.fields());
        }
        fields
    }
}

/// The least number of bits that writes `largest`; at least 1.
fn bits_of(largest: u128) -> u8 {
    u8::try_from(u128::BITS - largest.max(1).leading_zeros()).unwrap_or(u8::MAX)
}
