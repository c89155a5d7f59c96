//! What a person fills in to propose.

use super::{HeavyKey, JsonObject, PARTICIPANTS_FLOOR, Proposal, ProposalError, field};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::Instant;
use keys::NodeId;
use query::{Per, Quantity, Query, Reduction};
use rand_core::Rng;
use vdaf::Scheme;

/// What a person fills in; the rest of a [`Proposal`] follows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// What is computed, in a few words for a stranger.
    pub title: String,
    /// What the answer is for.
    #[serde(default)]
    pub purpose: String,
    /// Name of the data set that is asked.
    pub dataset: String,
    /// What a record looks like, as JSON Schema. Where it is left out, it follows from the query's expressions: see
    /// [`Draft::inferred_schema`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<JsonObject>,
    /// What is computed.
    pub query: Query,
    /// How measurements are shared; [`Scheme::Prio3`] where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    /// Fewest participants for a result.
    #[serde(default = "default_participants_min")]
    pub participants_min: u32,
    /// Most participants.
    #[serde(default = "default_participants_max")]
    pub participants_max: u32,
    /// When the computation closes.
    pub deadline: Instant,
}

const fn default_participants_min() -> u32 {
    PARTICIPANTS_FLOOR
}

const fn default_participants_max() -> u32 {
    10_000
}

impl Draft {
    /// The proposal of this draft by `proposer` through `heavy`, checked.
    ///
    /// # Errors
    /// [`ProposalError`], as [`Proposal::check`].
    pub fn propose(
        &self,
        proposer: NodeId,
        heavy: &[HeavyKey],
        rng: &mut impl Rng,
    ) -> Result<Proposal, ProposalError> {
        let mut heavy = heavy.to_vec();
        heavy.sort();
        let schema = match &self.schema {
            Some(schema) => schema.clone(),
            None => self.inferred_schema()?,
        };
        let proposal = Proposal {
            version: super::VERSION,
            title: self.title.trim().into(),
            purpose: self.purpose.trim().into(),
            proposer,
            dataset: self.dataset.trim().into(),
            schema,
            query: self.query.clone(),
            scheme: self.scheme.unwrap_or(Scheme::Prio3),
            participants_min: self.participants_min,
            participants_max: self.participants_max,
            deadline: self.deadline,
            heavy,
            nonce: format!("{:016x}{:016x}", rng.next_u64(), rng.next_u64()),
        };
        proposal.check()?;
        Ok(proposal)
    }

    /// The schema that the query's own expressions tell of: an object with the fields that they name, each
    /// optional; numbers where a quantity is made of them, text where they name categories or are compared
    /// with text in the filter.
    ///
    /// # Errors
    /// [`ProposalError::Field`] where an expression reads a part of a field (`address.city`), whose type
    /// only a schema can tell.
    pub fn inferred_schema(&self) -> Result<JsonObject, ProposalError> {
        let mut fields = BTreeMap::new();
        for (source, kind) in sources(&self.query) {
            for (name, kind) in names(source, kind)? {
                // The first use counts: a quantity or category before the filter.
                fields.entry(name).or_insert(kind);
            }
        }
        let properties: Vec<String> = fields
            .into_iter()
            .map(|(name, kind)| {
                let name = serde_json::Value::from(name).to_string();
                format!("{name}:{{\"anyOf\":[{{\"type\":\"{kind}\"}},{{\"type\":\"null\"}}]}}")
            })
            .collect();
        let text = format!("{{\"type\":\"object\",\"properties\":{{{}}}}}", properties.join(","));
        JsonObject::parse(&text).or_else(|problem| field("schema", problem))
    }
}

/// The mean of one field over the records of all, and with it their sum and number.
pub fn mean_of(field: &str, lower: &str, upper: &str, decimals: u8, records_max: u32) -> Query {
    let value = Quantity { expr: name_of(field), lower: lower.into(), upper: upper.into(), decimals };
    Query { reduction: Reduction::Mean { value }, per: Per::Record, filter: None, records_max }
}

/// A field's name as an expression has it: in backticks where it is not a plain word.
fn name_of(field: &str) -> String {
    let is_plain = field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&field);
    if is_plain { field.into() } else { format!("`{field}`") }
}

/// Words of the expression language that name no field.
const KEYWORDS: [&str; 4] = ["true", "false", "null", "in"];

/// The query's expressions, with the type of field that each is likely about.
fn sources(query: &Query) -> Vec<(&str, &'static str)> {
    let mut sources: Vec<(&str, &'static str)> = Vec::new();
    match &query.reduction {
        Reduction::Sum { value }
        | Reduction::Mean { value }
        | Reduction::Variance { value }
        | Reduction::Histogram { value, .. }
        | Reduction::Quantile { value, .. } => sources.push((&value.expr, "number")),
        Reduction::Covariance { x, y } | Reduction::Regression { x, y } => {
            sources.extend([(x.expr.as_str(), "number"), (y.expr.as_str(), "number")]);
        }
        Reduction::Group { by, value, .. } => {
            sources.push((by, "string"));
            sources.extend(value.iter().map(|value| (value.expr.as_str(), "number")));
        }
        Reduction::Vector { values } => {
            sources.extend(values.iter().map(|value| (value.expr.as_str(), "number")));
        }
        _ => {}
    }
    sources.extend(query.filter.iter().map(|filter| (filter.as_str(), "filter")));
    sources
}

/// The fields that an expression names: identifiers that are neither calls nor keywords.
fn names(source: &str, kind: &'static str) -> Result<Vec<(String, &'static str)>, ProposalError> {
    let tokens = tokens(source);
    let is = |at: Option<usize>, symbol: char| matches!(at.and_then(|at| tokens.get(at)), Some(Token::Symbol(found)) if *found == symbol);
    let is_text = |at: Option<usize>| matches!(at.and_then(|at| tokens.get(at)), Some(Token::Text));
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let (before, after) = (at.checked_sub(1), Some(at + 1));
        if is(before, '.') || is(after, '(') || KEYWORDS.contains(&name.as_str()) {
            continue;
        }
        if is(after, '.') || is(after, '[') {
            return field("schema", format!("needed: only it can tell what `{name}` holds"));
        }
        // `species == 'Adelie'`, `'Adelie' == species`, `species in ['Adelie', …]`.
        let compared = |next: usize| {
            let mut next = next;
            while is(Some(next), '=') || is(Some(next), '!') || is(Some(next), '[') {
                next += 1;
            }
            is_text(Some(next))
        };
        let in_list = matches!(tokens.get(at + 1), Some(Token::Name(word)) if word == "in");
        let with_text = compared(at + 1)
            || (in_list && compared(at + 2))
            || (is(before, '=') && is_text(at.checked_sub(3)));
        let kind = match kind {
            "filter" if with_text => "string",
            "filter" => "number",
            kind => kind,
        };
        found.push((name.clone(), kind));
    }
    Ok(found)
}

enum Token {
    Name(String),
    Text,
    Symbol(char),
}

/// As many tokens as naming fields takes; whether they make an expression is for the expression's own reader to say.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            '"' | '\'' => {
                let mut escaped = false;
                for c in rest.by_ref() {
                    if c == first && !escaped {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                }
                tokens.push(Token::Text);
            }
            '`' => tokens.push(Token::Name(rest.by_ref().take_while(|c| *c != '`').collect())),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = c.to_string();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                tokens.push(Token::Name(name));
            }
            // With its exponent, and no part of a name.
            c if c.is_ascii_digit() => {
                while rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '.').is_some() {}
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Symbol(c)),
        }
    }
    tokens
}
