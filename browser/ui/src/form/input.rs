//! The inputs of the form and what each takes.

use super::Template;

/// An input of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// What is to be found out, in a few words.
    Title,
    /// What the answer is for.
    Purpose,
    /// Which data is asked.
    Dataset,
    /// The expression whose values count; in a relation, what is explained.
    Value,
    /// Its smallest value that counts.
    Lower,
    /// Its largest value that counts.
    Upper,
    /// Its decimals that count.
    Decimals,
    /// In a relation, the expression that explains.
    X,
    /// Its smallest value that counts.
    XLower,
    /// Its largest value that counts.
    XUpper,
    /// Its decimals that count.
    XDecimals,
    /// The expression that names a record's group.
    By,
    /// The groups that are told apart.
    Categories,
    /// Where bins begin and end.
    Edges,
    /// Which quantiles.
    Probabilities,
    /// Which records count.
    Filter,
    /// Fewest participants.
    ParticipantsMin,
    /// Most participants.
    ParticipantsMax,
    /// Most records of one participant.
    RecordsMax,
    /// When it closes.
    Deadline,
}

impl Input {
    /// Every input.
    pub const ALL: [Self; 20] = [
        Self::Title,
        Self::Purpose,
        Self::Dataset,
        Self::Value,
        Self::Lower,
        Self::Upper,
        Self::Decimals,
        Self::X,
        Self::XLower,
        Self::XUpper,
        Self::XDecimals,
        Self::By,
        Self::Categories,
        Self::Edges,
        Self::Probabilities,
        Self::Filter,
        Self::ParticipantsMin,
        Self::ParticipantsMax,
        Self::RecordsMax,
        Self::Deadline,
    ];

    /// Its name in the page, in tests and in a link.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Purpose => "purpose",
            Self::Dataset => "dataset",
            Self::Value => "value",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Decimals => "decimals",
            Self::X => "x",
            Self::XLower => "x_lower",
            Self::XUpper => "x_upper",
            Self::XDecimals => "x_decimals",
            Self::By => "by",
            Self::Categories => "categories",
            Self::Edges => "edges",
            Self::Probabilities => "probabilities",
            Self::Filter => "where",
            Self::ParticipantsMin => "participants_min",
            Self::ParticipantsMax => "participants_max",
            Self::RecordsMax => "records_max",
            Self::Deadline => "deadline",
        }
    }

    /// The input of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|input| input.name() == name)
    }

    /// The input behind a place in a proposal, such as `query.value.expr`; in a relation `y` is what is explained.
    pub fn at(path: &str, template: Template) -> Option<Self> {
        let path = path.strip_prefix("query.").unwrap_or(path);
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let last = rest.rsplit('.').next().unwrap_or_default();
        match (first, last) {
            ("x", "lower") => Some(Self::XLower),
            ("x", "upper") => Some(Self::XUpper),
            ("x", "decimals") => Some(Self::XDecimals),
            ("x", _) => Some(Self::X),
            ("value" | "values" | "y", "lower") => Some(Self::Lower),
            ("value" | "values" | "y", "upper") => Some(Self::Upper),
            ("value" | "values" | "y", "decimals") => Some(Self::Decimals),
            ("value" | "values" | "y", _) => Some(Self::Value),
            // Bins are what a person who asks for a distribution fills in, and a range is what they come from.
            ("bins", _) if template == Template::Quantile => Some(Self::Lower),
            _ => Self::named(first.split('[').next().unwrap_or(first)),
        }
    }

    /// Most characters that it takes.
    pub const fn chars_max(self) -> usize {
        match self {
            Self::Title => 120,
            Self::Purpose => 500,
            Self::Dataset => 64,
            Self::Value | Self::X | Self::By | Self::Filter => 1_000,
            Self::Categories | Self::Edges => 4_000,
            Self::Probabilities => 200,
            _ => 40,
        }
    }

    /// What it holds at first.
    pub const fn starts_as(self) -> &'static str {
        match self {
            Self::Probabilities => "0.25, 0.5, 0.75",
            Self::ParticipantsMin => "5",
            Self::ParticipantsMax => "10000",
            Self::RecordsMax => "1000",
            _ => "",
        }
    }

    /// What to say where it is empty and has to be filled in.
    pub const fn missing(self) -> &'static str {
        match self {
            Self::Title => "Say in a few words what is to be found out.",
            Self::Dataset => "Name the data that people are asked about.",
            Self::Value | Self::X => "Name a field, or write an expression over fields.",
            Self::Lower | Self::XLower => "Give the smallest value that makes sense.",
            Self::Upper | Self::XUpper => "Give the largest value that makes sense.",
            Self::By => "Name the field that says which group a record belongs to.",
            Self::Categories => "Name the groups, with commas between them.",
            Self::Edges => "Give at least two numbers where bins begin and end.",
            Self::Probabilities => "Give at least one share, such as 0.5 for the median.",
            _ => "Fill this in.",
        }
    }
}
