//! A computation as rules and the ledger see it.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::ContentId;
use keys::NodeId;

/// Most characters of a question's purpose and words that the ledger keeps.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// Longest name that is told apart, in characters: of a data set, of a field with all that it lies within.
pub(crate) const NAME_CHARS_MAX: usize = 256;
/// Most fields of one answer that the ledger keeps by name. All are counted.
const FIELDS_MAX: usize = 256;

/// What a computation asks of a person: all that rules and the ledger look at.
#[derive(
    Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
pub struct Question {
    /// The computation.
    pub computation: ContentId,
    /// Who asks.
    pub proposer: NodeId,
    /// What the answer is for, in the proposer's words.
    pub purpose: String,
    /// Name of the data set that is asked.
    pub dataset: String,
    /// Digest of the text of the records' schema.
    pub schema: ContentId,
    /// The fields that are read, also those that only decide which records count: names from the outermost
    /// inwards with dots between, such as `address.city`. None for a question about records as a whole.
    pub fields: Vec<String>,
    /// Name of the scheme that answers are shared by, such as `prio3`.
    pub scheme: String,
    /// Name of the kind of reduction, such as `mean`.
    pub kind: String,
    /// What is computed, in plain words.
    pub words: String,
    /// Fewest participants for a result.
    pub participants_min: u32,
}

impl Question {
    /// The fields that an answer counts against: without those that lie within another of them. For a
    /// question that reads none, the empty path, which stands for the records as a whole.
    pub fn attributes(&self) -> Vec<&str> {
        let mut fields: Vec<&str> = self
            .fields
            .iter()
            .map(|field| cut(field, NAME_CHARS_MAX))
            .filter(|field| !field.is_empty())
            .collect();
        fields.sort_unstable();
        fields.dedup();
        let all = fields.clone();
        fields.retain(|field| !all.iter().any(|other| other != field && contains(other, field)));
        if fields.is_empty() {
            fields.push("");
        }
        fields
    }

    /// The question as the ledger keeps it.
    pub(crate) fn clipped(&self) -> Self {
        let name = |text: &str| cut(text, NAME_CHARS_MAX).into();
        Self {
            computation: self.computation,
            proposer: self.proposer,
            purpose: cut(&self.purpose, TEXT_CHARS_MAX).into(),
            dataset: name(&self.dataset),
            schema: self.schema,
            fields: self.fields.iter().take(FIELDS_MAX).map(|field| name(field)).collect(),
            scheme: name(&self.scheme),
            kind: name(&self.kind),
            words: cut(&self.words, TEXT_CHARS_MAX).into(),
            participants_min: self.participants_min,
        }
    }
}

/// The first `chars_max` characters of `text`.
pub(crate) fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

/// Whether the field `inner` is `outer` or lies within it.
fn contains(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether reading one of two fields shows something of the other.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    if one.is_empty() || other.is_empty() {
        return one == other;
    }
    contains(one, other) || contains(other, one)
}
