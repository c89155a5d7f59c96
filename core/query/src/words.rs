//! A query and a measurement in plain words.

use crate::{
    Per, Plan, Reduction, fixed,
    plan::{Checked, Shape},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// Cells that a preview shows before it sums the empty ones up.
const LINES_MAX: usize = 24;
/// Names that a sentence lists.
const NAMES_MAX: usize = 8;

/// One figure of a measurement, as a person reads it before it leaves the device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    /// What it is.
    pub label: String,
    /// How much it is.
    pub value: String,
}

/// `a`, `a and b`, `a, b and c`; the rest as a number.
fn list(items: &[String], last: &str) -> String {
    let mut shown: Vec<String> = items.iter().take(NAMES_MAX).cloned().collect();
    if items.len() > NAMES_MAX {
        shown.push(format!("{} more", items.len() - NAMES_MAX));
    }
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

fn quoted(text: &str) -> String {
    format!("“{text}”")
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("{count} {one}") } else { format!("{count} {one}s") }
}

impl Plan {
    /// What is asked, in a sentence for somebody who knows neither the query nor its language.
    pub fn words(&self) -> String {
        let over = self.over();
        let of = |value: &Checked| value.formula.words();
        match (&self.query().reduction, &self.shape) {
            (Reduction::Count, _) => match self.query().per {
                Per::Record => format!("the number of {over}"),
                Per::Person => format!("the number of people who have {over}"),
            },
            (Reduction::Mean { .. }, Shape::Powers { value, .. }) => {
                format!("{}; {}", self.of("the mean", &of(value)), clipping(&[value]))
            }
            (Reduction::Variance { .. }, Shape::Powers { value, .. }) => {
                let figures = "the mean, the variance and the standard deviation";
                format!("{}; {}", self.of(figures, &of(value)), clipping(&[value]))
            }
            (_, Shape::Powers { value, .. }) => {
                format!("{}; {}", self.of("the sum", &of(value)), clipping(&[value]))
            }
            (Reduction::Regression { .. }, Shape::Pair { x, y }) => {
                format!(
                    "the line that best gives {} from {} over {over}; {}",
                    of(y),
                    of(x),
                    clipping(&[x, y])
                )
            }
            (_, Shape::Pair { x, y }) => format!(
                "how {} and {} vary together (covariance and correlation) over {over}; {}",
                of(x),
                of(y),
                clipping(&[x, y])
            ),
            (Reduction::Quantile { .. }, Shape::Cells { value, edges, .. }) => format!(
                "{}, narrowed to one of {} between {} and {}",
                self.of(&self.quantile_names(), &of(value)),
                plural(edges.len().saturating_sub(1), "cell"),
                ends(value, edges).0,
                ends(value, edges).1,
            ),
            (_, Shape::Cells { value, edges, .. }) => format!(
                "how {} is spread over {over}: counts in {} from {} to {}, below and above",
                of(value),
                plural(edges.len().saturating_sub(1), "bin"),
                ends(value, edges).0,
                ends(value, edges).1,
            ),
            (_, Shape::Group { by, categories, value }) => {
                let names: Vec<String> = categories.iter().map(|category| quoted(category)).collect();
                let counted = match self.query().per {
                    Per::Record => over.clone(),
                    Per::Person => "people".to_string(),
                };
                let mean = value.as_ref().map(|value| format!(", and the mean of {}", of(value)));
                let clipped = value.as_ref().map(|value| format!("; {}", clipping(&[value])));
                format!(
                    "for each value of {} ({}, and all others together): the number of {counted}{}{}",
                    by.words(),
                    list(&names, "and"),
                    mean.unwrap_or_default(),
                    clipped.unwrap_or_default()
                )
            }
            (_, Shape::Vector { values }) => {
                let names: Vec<String> = values.iter().map(of).collect();
                let all: Vec<&Checked> = values.iter().collect();
                format!("{}; {}", self.of("the sums", &list(&names, "and")), clipping(&all))
            }
            // A shape is made from its reduction.
            (_, Shape::Count) => format!("the number of {over}"),
        }
    }

    /// Figures of a quantity over all that count.
    fn of(&self, figures: &str, what: &str) -> String {
        match self.query().per {
            Per::Record => format!("{figures} of {what} over {}", self.over()),
            // The quantity is itself over records.
            Per::Person => {
                let from =
                    self.filter.as_ref().map(|filter| format!(", from records where {}", filter.words()));
                format!("{figures} over people of {what}{}", from.unwrap_or_default())
            }
        }
    }

    /// Over what is reduced.
    fn over(&self) -> String {
        let filter = self.filter.as_ref().map(|filter| filter.words());
        match (self.query().per, filter, &self.shape) {
            (Per::Record, None, Shape::Count) => "records".into(),
            (Per::Record, None, Shape::Group { .. }) => "records".into(),
            (Per::Record, None, _) => "all records".into(),
            (Per::Record, Some(filter), _) => format!("records where {filter}"),
            (Per::Person, None, Shape::Count) => "a record".into(),
            (Per::Person, Some(filter), Shape::Count) => format!("a record where {filter}"),
            (Per::Person, None, _) => "people".into(),
            (Per::Person, Some(filter), _) => format!("people, from their records where {filter}"),
        }
    }

    fn quantile_names(&self) -> String {
        let Reduction::Quantile { probabilities, .. } = &self.query().reduction else { return String::new() };
        if let [only] = probabilities.as_slice()
            && fixed::parse(only, 1) == Ok(5)
        {
            return "the median".into();
        }
        let quantiles = if probabilities.len() == 1 { "the quantile" } else { "the quantiles" };
        format!("{quantiles} {}", list(probabilities, "and"))
    }

    /// What is rounded and clipped, in words.
    pub fn rounding_words(&self) -> String {
        let quantities = self.shape.quantities();
        let mut words = String::new();
        match quantities.as_slice() {
            [] => words += "Counts are exact.",
            all if all.iter().all(|value| value.decimals_max == Some(0)) => {
                words += "All values are whole numbers by their schema, so that none was rounded.";
            }
            all if all.iter().all(|value| value.whole()) => {
                words += "By their schema values have no more decimals than count, so that none was rounded.";
            }
            [value] => {
                let half = half_unit(value.decimals);
                words += &format!(
                    "Each value was rounded half to even to {}, which moves it by at most {half}.",
                    decimals(value.decimals)
                );
            }
            _ => {
                words += "Each value was rounded half to even to its decimals, which moves it by at most half of the last."
            }
        }
        match &self.shape {
            Shape::Count | Shape::Group { value: None, .. } => {}
            Shape::Cells { value, .. } => {
                if !value.whole() {
                    words += " One so near an edge may count on its other side.";
                }
                words += " What lies outside the cells is counted as below or above.";
            }
            _ => {
                words += " Values outside their range count as its nearest bound; how many those are is not known.";
            }
        }
        let counts_only = match &self.shape {
            Shape::Count | Shape::Group { value: None, .. } => true,
            Shape::Cells { probabilities, .. } => probabilities.is_empty(),
            _ => false,
        };
        if !counts_only {
            words += " Figures are computed exactly from the totals, then rounded half to even to the decimals shown.";
        }
        words
    }

    /// A node's own measurement as it reads it before it leaves, in the order of the layout; `None` where it has
    /// another length.
    pub fn preview(&self, vector: &[u64]) -> Option<Vec<Line>> {
        if vector.len() != self.layout().length as usize {
            return None;
        }
        let counted = match self.query().per {
            Per::Record => "records counted",
            Per::Person => "people counted (1 where you have a value)",
        };
        let line = |label: String, value: String| Line { label, value };
        let first = line(counted.into(), vector[0].to_string());
        let sum = |value: &Checked, count: u64, offset: u64| {
            let sum = i128::from(offset) + i128::from(count) * i128::from(value.lower);
            fixed::format(sum, value.decimals)
        };
        let of = |value: &Checked| value.formula.words();
        let centred = |value: &Checked| match value.lower {
            0 => of(value),
            _ => format!("({} − {})", of(value), value.write(value.lower)),
        };
        let product = |offset: u64, decimals: u8| fixed::format(offset.into(), decimals);
        let lines = match &self.shape {
            Shape::Count => alloc::vec![first],
            Shape::Powers { value, squares } => {
                let mut lines = alloc::vec![
                    first,
                    line(format!("sum of {}", of(value)), sum(value, vector[0], vector[1])),
                ];
                if *squares {
                    let label = format!("sum of {}²", centred(value));
                    lines.push(line(label, product(vector[2], 2 * value.decimals)));
                }
                lines
            }
            Shape::Pair { x, y } => alloc::vec![
                first,
                line(format!("sum of {}", of(x)), sum(x, vector[0], vector[1])),
                line(format!("sum of {}", of(y)), sum(y, vector[0], vector[2])),
                line(format!("sum of {}²", centred(x)), product(vector[3], 2 * x.decimals)),
                line(format!("sum of {}²", centred(y)), product(vector[4], 2 * y.decimals)),
                line(
                    format!("sum of {} · {}", centred(x), centred(y)),
                    product(vector[5], x.decimals + y.decimals)
                ),
            ],
            Shape::Cells { value, edges, .. } => {
                let name = of(value);
                let (from, to) = ends(value, edges);
                let mut labels = alloc::vec![format!("{name} below {from}")];
                for pair in edges.windows(2) {
                    labels.push(format!(
                        "{name} from {} to less than {}",
                        value.write(pair[0]),
                        value.write(pair[1])
                    ));
                }
                labels.push(format!("{name} from {to} on"));
                labels.push("no value".into());
                cells(labels, vector)
            }
            Shape::Group { by, categories, value } => {
                let name = by.words();
                let mut labels: Vec<String> =
                    categories.iter().map(|category| format!("{name} is {}", quoted(category))).collect();
                labels.push(format!("{name} is another"));
                match value {
                    None => {
                        labels.push("no value".into());
                        cells(labels, vector)
                    }
                    Some(value) => {
                        let (counts, sums) = vector.split_at(labels.len());
                        let mut lines = cells(labels.clone(), counts);
                        for ((label, count), offset) in labels.iter().zip(counts).zip(sums) {
                            if *count > 0 {
                                let label = format!("sum of {} where {label}", of(value));
                                lines.push(line(label, sum(value, *count, *offset)));
                            }
                        }
                        lines
                    }
                }
            }
            Shape::Vector { values } => {
                let sums = values.iter().zip(&vector[1..]);
                let sums = sums.map(|(value, offset)| {
                    line(format!("sum of {}", of(value)), sum(value, vector[0], *offset))
                });
                core::iter::once(first).chain(sums).collect()
            }
        };
        Some(lines)
    }
}

/// Counts with their labels; of many, only those that are not 0.
fn cells(labels: Vec<String>, counts: &[u64]) -> Vec<Line> {
    let all = counts.len() <= LINES_MAX;
    let shown = labels.into_iter().zip(counts).filter(|(_, count)| all || **count > 0);
    let mut lines: Vec<Line> = shown.map(|(label, count)| Line { label, value: count.to_string() }).collect();
    if !all {
        let empty = counts.len() - lines.len();
        lines.push(Line { label: format!("each of {empty} others"), value: "0".into() });
    }
    lines
}

/// The first and the last edge.
fn ends(value: &Checked, edges: &[i64]) -> (String, String) {
    let write = |edge: Option<&i64>| edge.map(|edge| value.write(*edge)).unwrap_or_default();
    (write(edges.first()), write(edges.last()))
}

/// Half a unit of so many decimals. As text: the exact numbers that answers are computed with weigh much, and a page
/// that only asks loads none of them.
fn half_unit(decimals: u8) -> String {
    format!("0.{}5", "0".repeat(decimals.into()))
}

fn decimals(decimals: u8) -> String {
    if decimals == 0 { "whole numbers".into() } else { plural(decimals.into(), "decimal") }
}

/// How values are rounded and clipped.
fn clipping(values: &[&Checked]) -> String {
    let Some(first) = values.first() else { return String::new() };
    let same = values.iter().all(|value| {
        (value.lower, value.upper, value.decimals) == (first.lower, first.upper, first.decimals)
    });
    if same {
        let (lower, upper) = (first.write(first.lower), first.write(first.upper));
        return format!(
            "values are rounded to {} and kept within {lower} to {upper}",
            decimals(first.decimals)
        );
    }
    let each: Vec<String> = values
        .iter()
        .map(|value| {
            let (lower, upper) = (value.write(value.lower), value.write(value.upper));
            format!("{lower} to {upper} ({})", decimals(value.decimals))
        })
        .collect();
    format!("values are rounded and kept within {}", list(&each, "and"))
}
