//! How much a person lets their node answer.

use crate::question::NAME_CHARS_MAX;
use alloc::{format, string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::Instant;
use core::fmt;
use keys::NodeId;

/// Most limits of one person.
pub const LIMITS_MAX: usize = 64;
/// Longest window of a limit, in days.
pub const WINDOW_DAYS_MAX: u32 = 366;

/// What a limit counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Of {
    /// Answers about any one field of a data set, each field by itself.
    EachAttribute,
    /// Answers about this field, what lies within it, and what it lies within.
    Attribute {
        /// The data set.
        dataset: String,
        /// The field's path, with dots; empty for the records as a whole.
        field: String,
    },
    /// Answers to any one proposer, each by themselves.
    EachProposer,
    /// All answers.
    All,
}

/// At most so many answers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What is counted.
    pub of: Of,
    /// Most answers; 0 for none at all.
    pub answers: u32,
    /// Within so many days, today included; without it, ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// The limits of one person. Each of them holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "Vec<Limit>", try_from = "Vec<Limit>")]
pub struct Limits(Vec<Limit>);

/// Why limits are not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitsError {
    /// More than [`LIMITS_MAX`].
    TooMany,
    /// A window of no days or of more than [`WINDOW_DAYS_MAX`].
    Days {
        /// Days given.
        days: u32,
    },
    /// A name of a data set or field that is too long.
    Name,
}

impl fmt::Display for LimitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "at most {LIMITS_MAX} limits are kept; delete one first"),
            Self::Days { days } => {
                write!(f, "a window of {days} days; give 1 to {WINDOW_DAYS_MAX}, or none for ever")
            }
            Self::Name => {
                write!(f, "a data set or field of more than {NAME_CHARS_MAX} characters; there is none")
            }
        }
    }
}

impl core::error::Error for LimitsError {}

impl Limits {
    /// These limits, checked; none allow everything.
    ///
    /// # Errors
    /// [`LimitsError`].
    pub fn new(mut limits: Vec<Limit>) -> Result<Self, LimitsError> {
        limits.sort_by(order);
        limits.dedup();
        if limits.len() > LIMITS_MAX {
            return Err(LimitsError::TooMany);
        }
        for limit in &limits {
            if let Some(days) = limit.days.filter(|days| !(1..=WINDOW_DAYS_MAX).contains(days)) {
                return Err(LimitsError::Days { days });
            }
            if let Of::Attribute { dataset, field } = &limit.of
                && [dataset, field].into_iter().any(|name| name.chars().count() > NAME_CHARS_MAX)
            {
                return Err(LimitsError::Name);
            }
        }
        Ok(Self(limits))
    }

    /// The limits, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Limit> {
        self.0.iter()
    }
}

/// The limits' order, apart: a sort that holds a copy of it for each of its comparisons is large.
#[inline(never)]
fn order(one: &Limit, other: &Limit) -> core::cmp::Ordering {
    one.cmp(other)
}

impl Default for Limits {
    /// 100 answers about each attribute in 30 days: room for everyday use, none for a flood.
    fn default() -> Self {
        Self(Vec::from([Limit { of: Of::EachAttribute, answers: 100, days: Some(30) }]))
    }
}

impl<'a> IntoIterator for &'a Limits {
    type Item = &'a Limit;
    type IntoIter = core::slice::Iter<'a, Limit>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Limits> for Vec<Limit> {
    fn from(limits: Limits) -> Self {
        limits.0
    }
}

impl TryFrom<Vec<Limit>> for Limits {
    type Error = LimitsError;

    fn try_from(limits: Vec<Limit>) -> Result<Self, LimitsError> {
        Self::new(limits)
    }
}

/// `no answers`, `1 answer`, `3 answers`.
pub(crate) fn answers(count: u32) -> String {
    match count {
        0 => "no answers".into(),
        1 => "1 answer".into(),
        count => format!("{count} answers"),
    }
}

/// ` in 1 day`, ` in 7 days`; nothing where there is no window.
pub(crate) fn in_days(days: Option<u32>) -> String {
    match days {
        None => String::new(),
        Some(1) => " in 1 day".into(),
        Some(days) => format!(" in {days} days"),
    }
}

impl Limit {
    /// The limit in plain words: `at most 3 answers about each attribute in 30 days`.
    pub fn words(&self) -> String {
        if self.answers == 0 { self.short() } else { format!("at most {}", self.short()) }
    }

    fn short(&self) -> String {
        let of = match &self.of {
            Of::EachAttribute => " about each attribute".into(),
            Of::Attribute { dataset, field } => format!(" about {}", about(dataset, field)),
            Of::EachProposer => " to each proposer".into(),
            Of::All => " in all".into(),
        };
        format!("{}{of}{}", answers(self.answers), in_days(self.days))
    }
}

fn about(dataset: &str, field: &str) -> String {
    match field {
        "" => format!("the records of “{dataset}” as a whole"),
        field => format!("`{field}` of “{dataset}”"),
    }
}

/// What answers are counted for.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Subject {
    /// Everything.
    All,
    /// A field of a data set.
    Attribute {
        /// The data set.
        dataset: String,
        /// The field's path; empty for the records as a whole.
        field: String,
    },
    /// A proposer.
    Proposer {
        /// Who.
        id: NodeId,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("everything"),
            Self::Attribute { dataset, field } => f.write_str(&about(dataset, field)),
            Self::Proposer { id } => write!(f, "the proposer …{}", id.short()),
        }
    }
}

/// One answer more would be over a limit of the person's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LimitReached {
    /// Which.
    pub limit: Limit,
    /// What has reached it.
    pub about: Subject,
    /// Answers that count for it.
    pub used: u64,
    /// When the limit allows another; none where it never does.
    pub again: Option<Instant>,
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "your limit of {} is reached", self.limit.short())?;
        if matches!(self.limit.of, Of::EachAttribute | Of::EachProposer) {
            write!(f, " for {}", self.about)?;
        }
        match self.again {
            Some(again) => write!(f, "; it allows another from {again} on"),
            None => f.write_str("; it allows no other until you raise it"),
        }
    }
}

impl core::error::Error for LimitReached {}
