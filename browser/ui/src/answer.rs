//! An answer as people look at it: one number above all, the others beside it, a plot, and cells to take away.

use crate::{
    plot::{Bars, Bin, Bracket, Brackets, Drawing, Fit, Histogram, Measure, Variable, Width},
    words,
};
use query::{Answer, Figures, Per, Quantity, Query, Reduction};

/// Significant digits of a number that people read. All digits are in what they download.
const DIGITS: usize = 7;

/// A number of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its name in the answer's JSON, for tests.
    pub key: String,
    /// What it is, for people.
    pub name: String,
    /// The number, for people; a dash where the totals do not give it.
    pub value: String,
    /// How far it may be off, for people.
    pub plus_minus: Option<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plot {
    /// Counts by range.
    Histogram(Histogram),
    /// Counts and means by group.
    Bars(Bars),
    /// A line.
    Fit(Fit),
    /// Quantiles.
    Brackets(Brackets),
}

impl Plot {
    /// Draws it.
    pub fn draw(&self, width: Width) -> Drawing {
        match self {
            Self::Histogram(plot) => plot.draw(width),
            Self::Bars(plot) => plot.draw(width),
            Self::Fit(plot) => plot.draw(width),
            Self::Brackets(plot) => plot.draw(width),
        }
    }

    /// Its name in tests.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Histogram(_) => "histogram",
            Self::Bars(_) => "bars",
            Self::Fit(_) => "line",
            Self::Brackets(_) => "quantiles",
        }
    }
}

/// An answer as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The number that was asked for, where it is one.
    pub headline: Option<Figure>,
    /// The line's equation, where one was asked for.
    pub equation: Option<String>,
    /// The other numbers.
    pub figures: Vec<Figure>,
    /// What is drawn.
    pub plot: Option<Plot>,
}

/// Looks up how far figures may be off.
struct Reader<'a>(&'a Answer);

impl Reader<'_> {
    fn plus_minus(&self, of: &str) -> Option<String> {
        let bound = self.0.rounding.bounds.iter().find(|bound| bound.of == of)?;
        Some(words::rounded(bound.plus_minus.as_deref()?, 2))
    }

    fn figure(&self, name: &str, of: &str, value: Option<&str>) -> Figure {
        let value = value.map_or_else(|| "—".into(), |value| words::rounded(value, DIGITS));
        Figure { key: of.into(), name: name.into(), value, plus_minus: self.plus_minus(of) }
    }
}

/// What is counted, as the name of a number.
fn counted(per: Per) -> &'static str {
    match per {
        Per::Record => "Records",
        Per::Person => "People with a value",
    }
}

/// What is counted, as a noun.
fn noun(per: Per) -> String {
    match per {
        Per::Record => "record".into(),
        Per::Person => "person".into(),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}

fn bins(bins: &[query::answer::Bin]) -> Vec<Bin> {
    let bin = |bin: &query::answer::Bin| Bin {
        lower: bin.from.clone(),
        upper: bin.to.clone(),
        count: number(&bin.count),
    };
    bins.iter().map(bin).collect()
}

/// What a quantity is called: its field's name, or its expression.
fn called(quantity: &Quantity) -> String {
    words::expression(&quantity.expr)
}

fn variable(quantity: &Quantity, mean: Option<&String>) -> Variable {
    Variable {
        name: called(quantity),
        lower: quantity.lower.clone(),
        upper: quantity.upper.clone(),
        mean: mean.map(|mean| words::significant(mean, DIGITS)),
    }
}

/// The answer to `query`, for people.
pub fn show(query: &Query, answer: &Answer) -> Shown {
    let read = Reader(answer);
    let count = |count: &String| read.figure(counted(query.per), "count", Some(count));
    let of = |name: &str, of: &str, value: &Option<String>| read.figure(name, of, value.as_deref());
    let mut shown = Shown { headline: None, equation: None, figures: Vec::new(), plot: None };
    match &answer.result {
        Figures::Count { count: number } => {
            let name = if query.per == Per::Person { "People" } else { "Records" };
            shown.headline = Some(read.figure(name, "count", Some(number)));
        }
        Figures::Sum { count: number, sum } => {
            shown.headline = Some(read.figure("Total", "sum", Some(sum)));
            shown.figures = vec![count(number)];
        }
        Figures::Mean { count: number, sum, mean } => {
            shown.headline = Some(of("Average", "mean", mean));
            shown.figures = vec![read.figure("Total", "sum", Some(sum)), count(number)];
        }
        Figures::Variance { count: number, mean, sample_deviation, sample_variance, .. } => {
            shown.headline = Some(of("Standard deviation", "sample_deviation", sample_deviation));
            shown.figures = vec![
                of("Average", "mean", mean),
                of("Variance", "sample_variance", sample_variance),
                count(number),
            ];
        }
        Figures::Covariance { count: number, mean_x, mean_y, sample_covariance, correlation, .. } => {
            shown.headline = Some(of("Correlation", "correlation", correlation));
            shown.figures = vec![
                of("Covariance", "sample_covariance", sample_covariance),
                of("Average of x", "mean_x", mean_x),
                of("Average of y", "mean_y", mean_y),
                count(number),
            ];
        }
        Figures::Regression { count: number, slope, intercept, r_squared, mean_x, mean_y, .. } => {
            shown.figures = vec![
                of("Slope", "slope", slope),
                of("Intercept", "intercept", intercept),
                of("R²", "r_squared", r_squared),
                count(number),
            ];
            if let (Reduction::Regression { x, y }, Some(slope), Some(intercept)) =
                (&query.reduction, slope, intercept)
            {
                let fit = Fit {
                    x: variable(x, mean_x.as_ref()),
                    y: variable(y, mean_y.as_ref()),
                    slope: words::significant(slope, DIGITS),
                    intercept: words::significant(intercept, DIGITS),
                    r_squared: r_squared.as_ref().map(|share| words::significant(share, 4)),
                };
                shown.equation = Some(fit.equation());
                shown.plot = Some(Plot::Fit(fit));
            }
        }
        Figures::Histogram { count: number_, below, bins: cells, above, .. } => {
            shown.figures = vec![count(number_)];
            let value = match &query.reduction {
                Reduction::Histogram { value, .. } => called(value),
                _ => String::new(),
            };
            let (below, above) = (number(below), number(above));
            let counted = noun(query.per);
            shown.plot = Some(Plot::Histogram(Histogram { value, counted, bins: bins(cells), below, above }));
        }
        Figures::Group { count: number, groups, other, .. } => {
            shown.figures = vec![count(number)];
            shown.plot = Some(Plot::Bars(by_group(query, groups, other)));
        }
        Figures::Vector { count: number, sums, means } => {
            shown.figures = vector(query, &read, sums, means);
            shown.figures.push(count(number));
        }
        Figures::Quantile { count: number, quantiles, .. } => {
            shown.figures = vec![count(number)];
            shown.plot = quantity(query).map(|value| Plot::Brackets(brackets(value, quantiles)));
        }
        _ => {}
    }
    shown
}

/// What is asked, in a few words for a list.
pub fn brief_question(query: &Query, dataset: &str) -> String {
    let what = match &query.reduction {
        Reduction::Count if query.per == Per::Person => "Number of people".into(),
        Reduction::Count => "Number of records".into(),
        Reduction::Sum { value } => format!("Total of {}", called(value)),
        Reduction::Mean { value } => format!("Average of {}", called(value)),
        Reduction::Variance { value } => format!("Spread of {}", called(value)),
        Reduction::Covariance { x, y } => format!("Correlation of {} and {}", called(x), called(y)),
        Reduction::Regression { x, y } => format!("{} from {}", called(y), called(x)),
        Reduction::Histogram { value, .. } => format!("Distribution of {}", called(value)),
        Reduction::Group { by, value: Some(value), .. } => {
            format!("{} by {}", called(value), words::expression(by))
        }
        Reduction::Group { by, value: None, .. } => format!("Counts by {}", words::expression(by)),
        Reduction::Vector { values } => words::count(values.len() as u64, "total"),
        Reduction::Quantile { value, .. } => format!("Quantiles of {}", called(value)),
        _ => query.reduction.kind().name().into(),
    };
    format!("{what} in {dataset}")
}

/// What came out, in a few words for a list.
pub fn brief_answer(query: &Query, answer: &Answer) -> String {
    if let Some(headline) = show(query, answer).headline {
        return headline.value;
    }
    match &answer.result {
        Figures::Regression { slope: Some(slope), .. } => format!("slope {}", words::rounded(slope, 4)),
        Figures::Histogram { bins, .. } => words::count(bins.len() as u64, "bin"),
        Figures::Group { groups, .. } => words::count(groups.len() as u64, "group"),
        Figures::Vector { sums, .. } => words::count(sums.len() as u64, "total"),
        Figures::Quantile { quantiles, .. } => match quantiles.as_slice() {
            [one] => {
                one.estimate.as_deref().map_or_else(|| "—".into(), |value| words::rounded(value, DIGITS))
            }
            all => words::count(all.len() as u64, "quantile"),
        },
        _ => "—".into(),
    }
}

/// The one quantity that a query reads.
fn quantity(query: &Query) -> Option<&Quantity> {
    match &query.reduction {
        Reduction::Quantile { value, .. } => Some(value),
        _ => None,
    }
}

fn by_group(query: &Query, groups: &[query::answer::Group], other: &query::answer::Cell) -> Bars {
    let (by, value) = match &query.reduction {
        Reduction::Group { by, value, .. } => (words::expression(by), value.as_ref()),
        _ => (String::new(), None),
    };
    let with_other = number(&other.count) > 0;
    let names = groups.iter().map(|group| group.category.clone());
    let others = with_other.then(|| "all others".to_owned());
    let counts = groups.iter().map(|group| Some(group.count.clone()));
    let means = groups.iter().map(|group| group.mean.clone());
    let short = |mean: Option<String>| mean.map(|mean| words::significant(&mean, DIGITS));
    let counts = counts.chain(with_other.then(|| Some(other.count.clone()))).collect();
    let means = means.chain(with_other.then(|| other.mean.clone())).map(short).collect();
    let name = if query.per == Per::Person { "People" } else { "Records" };
    let mut measures = vec![Measure { name: name.into(), values: counts }];
    if let Some(value) = value {
        measures.push(Measure { name: format!("Average {}", called(value)), values: means });
    }
    let title = match value {
        Some(value) => format!("{} by {by}", called(value)),
        None => format!("{name} by {by}"),
    };
    Bars { title, by, groups: names.chain(others).collect(), measures }
}

fn vector(query: &Query, read: &Reader<'_>, sums: &[String], means: &[String]) -> Vec<Figure> {
    let Reduction::Vector { values } = &query.reduction else { return Vec::new() };
    let figures = values.iter().zip(sums).enumerate().flat_map(|(at, (value, sum))| {
        let total = read.figure(&format!("Total of {}", called(value)), "sums", Some(sum));
        let mean = means.get(at);
        let mean =
            mean.map(|mean| read.figure(&format!("Average of {}", called(value)), "means", Some(mean)));
        std::iter::once(total).chain(mean)
    });
    figures.collect()
}

fn brackets(value: &Quantity, quantiles: &[query::answer::Quantile]) -> Brackets {
    let bracket = |quantile: &query::answer::Quantile| Bracket {
        probability: quantile.probability.clone(),
        lower: quantile.at_least.clone().unwrap_or_else(|| value.lower.clone()),
        upper: quantile.at_most.clone().unwrap_or_else(|| value.upper.clone()),
    };
    Brackets {
        value: called(value),
        lower: value.lower.clone(),
        upper: value.upper.clone(),
        // Without values there is nothing to bracket.
        quantiles: quantiles.iter().filter(|quantile| quantile.rank.is_some()).map(bracket).collect(),
    }
}

/// The answer as CSV (RFC 4180), all digits of it: a row per bin, group or quantile, else a row per figure.
pub fn csv(query: &Query, answer: &Answer) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let cells = |cells: &[&str]| cells.iter().map(|cell| String::from(*cell)).collect::<Vec<_>>();
    let some = |value: &Option<String>| value.clone().unwrap_or_default();
    match &answer.result {
        Figures::Histogram { below, bins, above, .. } => {
            rows.push(cells(&["from", "to", "count"]));
            rows.push(cells(&["", bins.first().map_or("", |bin| &bin.from), below]));
            rows.extend(bins.iter().map(|bin| cells(&[&bin.from, &bin.to, &bin.count])));
            rows.push(cells(&[bins.last().map_or("", |bin| &bin.to), "", above]));
        }
        Figures::Group { groups, other, .. } => {
            let means = matches!(&query.reduction, Reduction::Group { value: Some(_), .. });
            let row = |name: &str, count: &str, mean: &Option<String>| match means {
                true => cells(&[name, count, &some(mean)]),
                false => cells(&[name, count]),
            };
            rows.push(if means {
                cells(&["category", "count", "mean"])
            } else {
                cells(&["category", "count"])
            });
            rows.extend(groups.iter().map(|group| row(&group.category, &group.count, &group.mean)));
            rows.push(row("", &other.count, &other.mean));
        }
        Figures::Quantile { quantiles, .. } => {
            rows.push(cells(&["probability", "at_least", "at_most", "estimate", "estimate_error"]));
            rows.extend(quantiles.iter().map(|quantile| {
                let rest =
                    [&quantile.at_least, &quantile.at_most, &quantile.estimate, &quantile.estimate_error];
                std::iter::once(quantile.probability.clone()).chain(rest.map(some)).collect()
            }));
        }
        figures => {
            rows.push(cells(&["figure", "value", "plus_minus"]));
            rows.push(cells(&["participants", &answer.participants.to_string(), ""]));
            rows.extend(plain_rows(figures, answer));
        }
    }
    let line = |row: Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    rows.into_iter().map(|row| line(row) + "\r\n").collect()
}

/// Figures that are one number each, by their names in JSON.
fn plain_rows(figures: &Figures, answer: &Answer) -> Vec<Vec<String>> {
    let bound = |name: &str| {
        let bound = answer.rounding.bounds.iter().find(|bound| bound.of == name);
        bound.and_then(|bound| bound.plus_minus.clone()).unwrap_or_default()
    };
    let row = |name: &str, value: Option<&String>| {
        vec![String::from(name), value.cloned().unwrap_or_default(), bound(name)]
    };
    match figures {
        Figures::Count { count } => vec![row("count", Some(count))],
        Figures::Sum { count, sum } => vec![row("count", Some(count)), row("sum", Some(sum))],
        Figures::Mean { count, sum, mean } => {
            vec![row("count", Some(count)), row("sum", Some(sum)), row("mean", mean.as_ref())]
        }
        Figures::Variance {
            count,
            mean,
            population_variance,
            population_deviation,
            sample_variance,
            sample_deviation,
        } => vec![
            row("count", Some(count)),
            row("mean", mean.as_ref()),
            row("population_variance", population_variance.as_ref()),
            row("population_deviation", population_deviation.as_ref()),
            row("sample_variance", sample_variance.as_ref()),
            row("sample_deviation", sample_deviation.as_ref()),
        ],
        Figures::Covariance {
            count,
            mean_x,
            mean_y,
            population_covariance,
            sample_covariance,
            correlation,
        } => {
            vec![
                row("count", Some(count)),
                row("mean_x", mean_x.as_ref()),
                row("mean_y", mean_y.as_ref()),
                row("population_covariance", population_covariance.as_ref()),
                row("sample_covariance", sample_covariance.as_ref()),
                row("correlation", correlation.as_ref()),
            ]
        }
        Figures::Regression { count, mean_x, mean_y, slope, intercept, correlation, r_squared } => vec![
            row("count", Some(count)),
            row("mean_x", mean_x.as_ref()),
            row("mean_y", mean_y.as_ref()),
            row("slope", slope.as_ref()),
            row("intercept", intercept.as_ref()),
            row("correlation", correlation.as_ref()),
            row("r_squared", r_squared.as_ref()),
        ],
        Figures::Vector { count, sums, means } => {
            let each = |name: &str, values: &[String]| {
                let row =
                    |(at, value): (usize, &String)| vec![format!("{name}.{at}"), value.clone(), bound(name)];
                values.iter().enumerate().map(row).collect::<Vec<_>>()
            };
            [vec![row("count", Some(count))], each("sums", sums), each("means", means)].concat()
        }
        _ => Vec::new(),
    }
}

/// A cell, in quotation marks where it needs them.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.into(),
    }
}

#[cfg(test)]
mod tests;
