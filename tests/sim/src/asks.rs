//! What is asked in a run, and what an honest answer to it is: reckoned here apart from the way of the nodes, in whole hundredths.

use crate::{dice::Dice, host::instant, plan::HEAVY};
use aggregate::{Draft, Proposal, Scheme};
use query::{Per, Quantity, Query, Reduction};
use schema::Schema;

/// Name of the data set that everybody is asked about.
pub(crate) const DATASET: &str = "people";
/// Its fields that hold numbers.
pub(crate) const NUMBERS: [&str; 2] = ["mass", "age"];
/// Its field that holds a word.
pub(crate) const WORD: &str = "colour";
/// The words in it.
pub(crate) const WORDS: [&str; 3] = ["red", "green", "blue"];
/// Decimals of the numbers in the records.
pub(crate) const DECIMALS: u32 = 2;

/// A computation to be proposed.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) at: u64,
    /// Through whom: a heavy node's HTTP, or a light node.
    pub(crate) via: usize,
    pub(crate) draft: Draft,
}

/// One record of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// In hundredths; words where a number should be are none.
    pub(crate) numbers: [Option<i64>; NUMBERS.len()],
    pub(crate) word: Option<&'static str>,
}

/// The ranges that are asked about: bounds, and the most decimals with which squares still fit.
const RANGES: [(&str, &str, u64); 3] = [("0", "150", 2), ("-50.5", "99.5", 2), ("-1000000", "1000000", 0)];

fn quantity(dice: &mut Dice, expr: &str, small: bool) -> Quantity {
    let (lower, upper, squares) = RANGES[dice.below(if small { 2 } else { 3 }) as usize];
    // A bound of one decimal is written with at least as many.
    let least = u64::from(lower.contains('.'));
    let most = if small { squares.min(1) } else { 2 };
    let decimals = dice.between(least, most.max(least)) as u8;
    Quantity { expr: expr.into(), lower: lower.into(), upper: upper.into(), decimals }
}

fn query(dice: &mut Dice) -> Query {
    let field = |dice: &mut Dice| *dice.pick(&NUMBERS);
    let per = if dice.chance(250) { Per::Person } else { Per::Record };
    let expr = |dice: &mut Dice, per: Per| match per {
        Per::Record => field(dice).to_owned(),
        Per::Person => format!("{}({})", dice.pick(&["max", "min"]), field(dice)),
    };
    let edges = || ["0", "50.5", "100"].map(String::from).to_vec();
    let (per, reduction) = match dice.below(10) {
        0 => (Per::Record, Reduction::Count),
        1 => (
            per,
            Reduction::Sum {
                value: {
                    let expr = expr(dice, per);
                    quantity(dice, &expr, false)
                },
            },
        ),
        2 => (
            per,
            Reduction::Mean {
                value: {
                    let expr = expr(dice, per);
                    quantity(dice, &expr, false)
                },
            },
        ),
        3 => (
            per,
            Reduction::Variance {
                value: {
                    let expr = expr(dice, per);
                    quantity(dice, &expr, true)
                },
            },
        ),
        4 => (
            Per::Record,
            Reduction::Regression {
                x: quantity(dice, NUMBERS[1], true),
                y: quantity(dice, NUMBERS[0], true),
            },
        ),
        5 | 6 => (
            per,
            Reduction::Histogram {
                value: {
                    let expr = expr(dice, per);
                    Quantity { decimals: 1, ..quantity(dice, &expr, true) }
                },
                edges: edges(),
            },
        ),
        7 => (
            Per::Record,
            Reduction::Group {
                by: WORD.into(),
                categories: WORDS[..2].iter().map(|word| (*word).into()).collect(),
                value: None,
            },
        ),
        8 => (
            Per::Record,
            Reduction::Group {
                by: WORD.into(),
                categories: WORDS[..2].iter().map(|word| (*word).into()).collect(),
                value: Some(quantity(dice, NUMBERS[0], true)),
            },
        ),
        _ => (
            Per::Record,
            Reduction::Vector { values: NUMBERS.map(|field| quantity(dice, field, false)).to_vec() },
        ),
    };
    let filter = (per == Per::Record && dice.chance(200)).then(|| format!("{WORD} == '{}'", WORDS[0]));
    Query { reduction, per, filter, records_max: 10 }
}

/// The sum of a field from 0 to `upper`.
pub(crate) fn sum_to(upper: &str) -> Reduction {
    let (lower, upper) = ("0".into(), upper.into());
    Reduction::Sum { value: Quantity { expr: NUMBERS[0].into(), lower, upper, decimals: 0 } }
}

/// As little as can be asked.
pub(crate) fn plain_sum() -> Query {
    Query { reduction: sum_to("1"), per: Per::Record, filter: None, records_max: 10 }
}

/// Something to ask `nodes` light nodes, by `scheme` or any.
pub(crate) fn ask(dice: &mut Dice, nodes: usize, scheme: Option<Scheme>) -> Ask {
    let at = dice.between(500, 15_000);
    let via = if dice.chance(500) { dice.below(HEAVY as u64) } else { HEAVY as u64 + dice.below(4) };
    let few = dice.chance(850);
    let mut draft = Draft {
        title: "How much is it in all?".into(),
        purpose: "to see that it adds up".into(),
        dataset: DATASET.into(),
        schema: None,
        query: query(dice),
        scheme: Some(scheme.unwrap_or(*dice.pick(&Scheme::ALL))),
        participants_min: if few { 3 } else { dice.between(3, nodes.clamp(4, 40) as u64) as u32 },
        participants_max: if dice.chance(850) {
            1_000
        } else {
            dice.between(nodes as u64 / 2 + 3, 2 * nodes as u64 + 3) as u32
        },
        deadline: instant(at + dice.between(8_000, 50_000)),
    };
    draft.participants_min = draft.participants_min.max(leakless(&draft));
    draft.participants_max = draft.participants_max.max(draft.participants_min);
    Ask { at, via: via as usize, draft }
}

/// The fewest participants that a draft's query may be asked of.
fn leakless(draft: &Draft) -> u32 {
    let plan = draft.inferred_schema().ok().and_then(|schema| {
        let schema = Schema::from_json(schema.as_str()).ok()?;
        draft.query.check(&schema).ok()
    });
    // A draft that is not in order is noticed when it is proposed.
    plan.and_then(|plan| plan.leaks(3)?.participants()).unwrap_or(3)
}

/// A quantity, read: which field, whether of all of a person's records at once, and its bounds in units.
struct Measure<'a> {
    field: usize,
    fold: Option<&'a str>,
    lower: i64,
    upper: i64,
    decimals: u32,
}

impl<'a> Measure<'a> {
    fn of(quantity: &'a Quantity) -> Option<Self> {
        let (fold, field) = match quantity.expr.split_once('(') {
            Some((fold, field)) => (Some(fold), field.trim_end_matches(')')),
            None => (None, quantity.expr.as_str()),
        };
        let decimals = u32::from(quantity.decimals);
        Some(Self {
            field: NUMBERS.iter().position(|name| *name == field)?,
            fold,
            lower: units(&quantity.lower, decimals),
            upper: units(&quantity.upper, decimals),
            decimals,
        })
    }

    /// In units, before clipping; `None` without a value.
    fn find(&self, rows: &[&Row]) -> Option<i64> {
        let values = rows.iter().filter_map(|row| row.numbers[self.field]);
        let found = if self.fold == Some("max") { values.max() } else { values.min() };
        found.map(|value| to_decimals(value, self.decimals))
    }

    /// Distance from the lower bound, clipped.
    fn distance(&self, units: i64) -> u64 {
        units.clamp(self.lower, self.upper).abs_diff(self.lower)
    }
}

/// The measurement that a person with these records gives; `None` for a query that nobody asks here.
pub(crate) fn measurement(rows: &[Row], proposal: &Proposal) -> Option<Vec<u64>> {
    let query = &proposal.query;
    let matching: Vec<&Row> =
        rows.iter().filter(|row| query.filter.is_none() || row.word == Some(WORDS[0])).collect();
    let subjects: Vec<Vec<&Row>> = match query.per {
        Per::Record => matching.iter().map(|row| vec![*row]).collect(),
        Per::Person => vec![matching],
    };
    let layout = proposal.plan().ok()?.layout();
    let mut vector = vec![0; layout.length as usize];
    let mut used = 0;
    for subject in &subjects {
        let entry = entry(subject, &query.reduction)?;
        used += usize::from(!entry.is_empty());
        entry.into_iter().for_each(|(at, amount)| vector[at] += amount);
    }
    if layout.one_hot && used == 0 {
        *vector.last_mut()? = 1;
    }
    Some(vector)
}

/// What one record or person adds; nothing where a value is lacking.
fn entry(subject: &[&Row], reduction: &Reduction) -> Option<Vec<(usize, u64)>> {
    let quantities: Vec<Measure<'_>> = match reduction {
        Reduction::Count => Vec::new(),
        Reduction::Sum { value }
        | Reduction::Mean { value }
        | Reduction::Variance { value }
        | Reduction::Histogram { value, .. } => vec![Measure::of(value)?],
        Reduction::Regression { x, y } => vec![Measure::of(x)?, Measure::of(y)?],
        Reduction::Group { value, .. } => value.iter().map(Measure::of).collect::<Option<_>>()?,
        Reduction::Vector { values } => values.iter().map(Measure::of).collect::<Option<_>>()?,
        _ => return None,
    };
    let found: Option<Vec<i64>> = quantities.iter().map(|quantity| quantity.find(subject)).collect();
    let Some(found) = found else { return Some(Vec::new()) };
    let d: Vec<u64> =
        quantities.iter().zip(&found).map(|(quantity, units)| quantity.distance(*units)).collect();
    Some(match reduction {
        Reduction::Count => vec![(0, 1)],
        Reduction::Variance { .. } => vec![(0, 1), (1, d[0]), (2, d[0] * d[0])],
        Reduction::Regression { .. } => {
            vec![(0, 1), (1, d[0]), (2, d[1]), (3, d[0] * d[0]), (4, d[1] * d[1]), (5, d[0] * d[1])]
        }
        Reduction::Histogram { edges, .. } => {
            let below = edges.iter().filter(|edge| units(edge, quantities[0].decimals) <= found[0]).count();
            vec![(below, 1)]
        }
        Reduction::Group { categories, value, .. } => {
            let Some(word) = subject.first().and_then(|row| row.word) else { return Some(Vec::new()) };
            let cell = categories.iter().position(|one| one == word).unwrap_or(categories.len());
            match value {
                None => vec![(cell, 1)],
                Some(_) => vec![(cell, 1), (categories.len() + 1 + cell, d[0])],
            }
        }
        _ => [(0, 1)].into_iter().chain(d.iter().enumerate().map(|(at, d)| (at + 1, *d))).collect(),
    })
}

/// A decimal number, in units of so many decimals.
fn units(text: &str, decimals: u32) -> i64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i64 = whole.parse().unwrap_or_default();
    let padded = format!("{fraction:0<width$}", width = decimals as usize);
    let fraction: i64 = padded[..decimals as usize].parse().unwrap_or_default();
    sign * (whole * 10i64.pow(decimals) + fraction)
}

/// Hundredths as units of fewer decimals, rounded half to even.
fn to_decimals(value: i64, decimals: u32) -> i64 {
    let step = 10i64.pow(DECIMALS - decimals);
    let (whole, rest) = (value.div_euclid(step), value.rem_euclid(step));
    let up = 2 * rest > step || (2 * rest == step && whole.rem_euclid(2) == 1);
    whole + i64::from(up)
}
