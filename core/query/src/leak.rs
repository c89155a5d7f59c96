//! What a query would tell of single people.

use crate::{
    Kind, Plan, Reduction,
    plan::{PROBABILITY_DECIMALS, Shape},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
};
use core::fmt;

/// Participants for each cell of a histogram or group, and for each total that reads one field.
pub const PARTICIPANTS_PER_CELL: u32 = 2;

/// Values that must stand behind a sum or a mean, where any do: of one value a sum is that value, and of two each is the other's secret.
pub const VALUES_MIN: u64 = 3;

/// Totals behind which so few values stand that they tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FewValues {
    /// How many: 1 or 2.
    pub values: u32,
    /// Of which category, in a group.
    pub category: Option<String>,
}

/// Why the totals of a query could tell what single people have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leak {
    /// So many cells that most hold one person or nobody.
    Cells {
        /// What is asked.
        kind: Kind,
        /// How many cells, with those below, above or of others.
        cells: u32,
        /// The participants that so many cells need.
        participants: u32,
    },
    /// So many totals of one field that its single values follow from them.
    Totals {
        /// The field.
        field: String,
        /// How many totals read it.
        totals: u32,
        /// The participants that so many totals need.
        participants: u32,
    },
    /// A quantile so near the end that it is one person's value.
    Extreme {
        /// Its probability, as asked.
        probability: String,
        /// The participants that it needs; `None` where no number is enough.
        participants: Option<u32>,
    },
}

impl Leak {
    /// The fewest participants with which the query would not leak so; `None` where no number is enough.
    pub const fn participants(&self) -> Option<u32> {
        match self {
            Self::Cells { participants, .. } | Self::Totals { participants, .. } => Some(*participants),
            Self::Extreme { participants, .. } => *participants,
        }
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cells { kind, cells, participants } => write!(
                f,
                "a {kind} of {cells} cells would leave hardly more than one person in each: ask for fewer, or for at \
                 least {participants} participants"
            ),
            Self::Totals { field, totals, participants } => write!(
                f,
                "{totals} totals of `{field}` could tell single values of few people: ask for at least \
                 {participants} participants"
            ),
            Self::Extreme { probability, participants: Some(participants) } => write!(
                f,
                "the quantile at {probability} of few people is one person's value: ask for at least {participants} \
                 participants, or nearer to 0.5"
            ),
            Self::Extreme { probability, participants: None } => write!(
                f,
                "the quantile at {probability} is one person's value, however many there are: ask nearer to 0.5"
            ),
        }
    }
}

impl Plan {
    /// Why a query of at least so many participants would leak, where it would.
    ///
    /// Rules of thumb, for totals alone: they look neither at the data nor at other queries, and do not replace
    /// noise.
    pub fn leaks(&self, participants_min: u32) -> Option<Leak> {
        match &self.shape {
            Shape::Cells { edges, probabilities, .. } => {
                let extreme =
                    |(at, probability): (usize, &i64)| self.extreme(at, *probability, participants_min);
                self.cells(edges.len() + 1, participants_min)
                    .or_else(|| probabilities.iter().enumerate().find_map(extreme))
            }
            Shape::Group { categories, .. } => self.cells(categories.len() + 1, participants_min),
            Shape::Count | Shape::Powers { .. } | Shape::Pair { .. } | Shape::Vector { .. } => {
                let (field, totals) = self.totals_by_field().into_iter().max_by_key(|(_, totals)| *totals)?;
                let participants = totals.saturating_mul(PARTICIPANTS_PER_CELL);
                (participants > participants_min).then_some(Leak::Totals { field, totals, participants })
            }
        }
    }

    /// The first sum among `totals` behind which fewer than [`VALUES_MIN`] values stand, but one at least. What is only counted tells no value. Values are
    /// records' or people's, as the query says; one person may have all of them.
    pub fn few_values(&self, totals: &[u64]) -> Option<FewValues> {
        let few = |at: usize| {
            let values = totals.get(at).copied()?;
            (1..VALUES_MIN).contains(&values).then_some(values as u32)
        };
        match &self.shape {
            Shape::Count | Shape::Cells { .. } | Shape::Group { value: None, .. } => None,
            Shape::Powers { .. } | Shape::Pair { .. } | Shape::Vector { .. } => {
                few(0).map(|values| FewValues { values, category: None })
            }
            Shape::Group { categories, value: Some(_), .. } => (0..=categories.len()).find_map(|cell| {
                // After the categories comes what is in none of them.
                let category = categories.get(cell).cloned();
                few(cell).map(|values| FewValues { values, category })
            }),
        }
    }

    fn cells(&self, cells: usize, participants_min: u32) -> Option<Leak> {
        let (kind, cells) = (self.query().reduction.kind(), u32::try_from(cells).unwrap_or(u32::MAX));
        let participants = cells.saturating_mul(PARTICIPANTS_PER_CELL);
        (participants > participants_min).then_some(Leak::Cells { kind, cells, participants })
    }

    fn extreme(&self, at: usize, probability: i64, participants_min: u32) -> Option<Leak> {
        let scale = 10u64.pow(PROBABILITY_DECIMALS.into());
        let probability = probability.unsigned_abs();
        // The share of people beyond the quantile, on the nearer side.
        let beyond = probability.min(scale.saturating_sub(probability));
        if beyond.saturating_mul(participants_min.into()) >= scale {
            return None;
        }
        let text = match &self.query().reduction {
            Reduction::Quantile { probabilities, .. } => probabilities.get(at).cloned().unwrap_or_default(),
            _ => String::new(),
        };
        let participants = (beyond > 0).then(|| u32::try_from(scale.div_ceil(beyond)).unwrap_or(u32::MAX));
        Some(Leak::Extreme { probability: text, participants })
    }

    /// How many totals, beside the count, read each field.
    fn totals_by_field(&self) -> BTreeMap<String, u32> {
        let mut totals = BTreeMap::new();
        let mut add = |fields: BTreeSet<String>, count: u32| {
            for field in fields {
                *totals.entry(field).or_default() += count;
            }
        };
        match &self.shape {
            Shape::Count | Shape::Cells { .. } | Shape::Group { .. } => {}
            Shape::Powers { value, squares } => add(value.formula.fields(), 1 + u32::from(*squares)),
            Shape::Pair { x, y } => {
                // Each alone and its square; the product reads both.
                let both = (x.formula.fields(), y.formula.fields());
                add(both.0.union(&both.1).cloned().collect(), 1);
                add(both.0, 2);
                add(both.1, 2);
            }
            Shape::Vector { values } => values.iter().for_each(|value| add(value.formula.fields(), 1)),
        }
        totals
    }
}
