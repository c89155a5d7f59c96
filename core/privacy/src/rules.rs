//! Rules: what is answered or declined without asking.

use crate::{
    Ledger, LimitReached, Limits, Question,
    limits::{answers, in_days},
    question::cut,
};
use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Instant};
use core::fmt;
use keys::NodeId;

/// Most rules of one person.
pub const RULES_MAX: usize = 64;
/// Longest text in a rule, in characters.
const TEXT_CHARS_MAX: usize = 500;
/// Purposes are shown cut to so many characters.
const SHOWN_CHARS_MAX: usize = 80;

/// What a rule does.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Answers without asking.
    #[default]
    Allow,
    /// Declines without asking. It beats every rule that answers.
    Decline,
}

impl Verdict {
    const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow)
    }
}

/// Which purposes a rule is about. Purposes are the proposer's own words: they bind the proposer, who
/// signs them, and nobody else.
#[derive(
    Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Purpose {
    /// Exactly this text.
    Is(String),
    /// Every text that begins so.
    Begins(String),
}

impl Purpose {
    fn text(&self) -> &str {
        match self {
            Self::Is(text) | Self::Begins(text) => text,
        }
    }

    fn fits(&self, purpose: &str) -> bool {
        match self {
            Self::Is(text) => purpose == text,
            Self::Begins(text) => purpose.starts_with(text.as_str()),
        }
    }
}

/// How often a rule answers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Often {
    /// Most answers by this rule…
    pub answers: u32,
    /// …within so many days, today included.
    pub days: u32,
    /// Whether each proposer is counted by themselves.
    #[serde(default)]
    pub each_proposer: bool,
}

/// A rule by which computations are answered, or declined, without asking the person. Every condition that
/// is given must hold; a rule without conditions is about all.
///
/// As JSON, `{}` answers everything, and `{"dataset":"penguins","participants_min":50}` what is asked of
/// the penguins with at least 50 answers.
#[derive(
    Debug,
    Clone,
    Default,
    PartialEq,
    Eq,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it does.
    #[serde(default, skip_serializing_if = "Verdict::is_allow")]
    pub verdict: Verdict,
    /// Only from this proposer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposer: Option<NodeId>,
    /// Only for these purposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// Only about this data set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Only with this very schema: the digest of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<ContentId>,
    /// Only by this scheme, such as `prio3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Only for this kind of reduction, such as `mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only with at least so many participants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants_min: Option<u32>,
    /// Only so often; for a rule that answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub often: Option<Often>,
}

/// A condition of a rule that a question does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Misfit {
    /// Another data set.
    Dataset,
    /// Another proposer.
    Proposer,
    /// Another purpose.
    Purpose,
    /// Another schema.
    Schema,
    /// Another scheme.
    Scheme,
    /// Another kind of reduction.
    Kind,
    /// Too few participants.
    Participants,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dataset => "it asks another data set",
            Self::Proposer => "somebody else proposes it",
            Self::Purpose => "its purpose is another",
            Self::Schema => "its schema is another",
            Self::Scheme => "it shares answers by another scheme",
            Self::Kind => "it computes something else",
            Self::Participants => "it needs fewer answers",
        })
    }
}

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleError {
    /// A text is empty, too long, or has control characters.
    Text {
        /// Of which condition.
        field: &'static str,
    },
    /// A window of no days, or longer than counts are kept by day.
    Days {
        /// Days given.
        days: u32,
    },
    /// No answer at all is allowed; a rule that declines says that.
    NoAnswers,
    /// A rule that declines says how often.
    DeclinesOften,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { field } => {
                write!(f, "`{field}`: give 1 to {TEXT_CHARS_MAX} printable characters, or leave it out")
            }
            Self::Days { days } => {
                write!(f, "`often.days`: {days} is not within 1 to {}", crate::WINDOW_DAYS_MAX)
            }
            Self::NoAnswers => f.write_str("`often.answers`: give at least 1, or make a rule that declines"),
            Self::DeclinesOften => {
                f.write_str("`often`: only a rule that answers says how often; leave it out")
            }
        }
    }
}

impl core::error::Error for RuleError {}

impl Rule {
    /// Checks that the rule says something that can hold.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn check(&self) -> Result<(), RuleError> {
        let purpose = self.purpose.as_ref().map(Purpose::text);
        let texts = [
            ("purpose", purpose),
            ("dataset", self.dataset.as_deref()),
            ("scheme", self.scheme.as_deref()),
            ("kind", self.kind.as_deref()),
        ];
        for (field, text) in texts {
            // A question may well have no purpose.
            let min = usize::from(field != "purpose");
            if text.is_some_and(|text| {
                !(min..=TEXT_CHARS_MAX).contains(&text.chars().count()) || text.chars().any(char::is_control)
            }) {
                return Err(RuleError::Text { field });
            }
        }
        match self.often {
            Some(_) if self.verdict == Verdict::Decline => Err(RuleError::DeclinesOften),
            Some(Often { answers: 0, .. }) => Err(RuleError::NoAnswers),
            Some(Often { days, .. }) if !(1..=crate::WINDOW_DAYS_MAX).contains(&days) => {
                Err(RuleError::Days { days })
            }
            _ => Ok(()),
        }
    }

    /// Names the rule by what it says; two alike have one name, and one count.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn id(&self) -> ContentId {
        ContentId::of(&borsh::to_vec(self).expect("writing to memory does not fail"))
    }

    /// The conditions that `question` does not meet; none where the rule fits. How often it answers is not
    /// among them.
    pub fn misfits(&self, question: &Question) -> Vec<Misfit> {
        fn met<T>(condition: &Option<T>, holds: impl FnOnce(&T) -> bool) -> bool {
            condition.as_ref().is_none_or(holds)
        }
        let conditions = [
            (Misfit::Dataset, met(&self.dataset, |dataset| *dataset == question.dataset)),
            (Misfit::Proposer, met(&self.proposer, |proposer| *proposer == question.proposer)),
            (Misfit::Purpose, met(&self.purpose, |purpose| purpose.fits(&question.purpose))),
            (Misfit::Schema, met(&self.schema, |schema| *schema == question.schema)),
            (Misfit::Scheme, met(&self.scheme, |scheme| *scheme == question.scheme)),
            (Misfit::Kind, met(&self.kind, |kind| *kind == question.kind)),
            (Misfit::Participants, met(&self.participants_min, |min| question.participants_min >= *min)),
        ];
        conditions.into_iter().filter(|(_, met)| !met).map(|(misfit, _)| misfit).collect()
    }

    /// Whether the rule is about `question`, however often.
    pub fn fits(&self, question: &Question) -> bool {
        self.misfits(question).is_empty()
    }

    /// The rule in one sentence. `own` is the person's own node, which they know by no id.
    pub fn words(&self, own: Option<NodeId>) -> String {
        let mut words = String::from(match self.verdict {
            Verdict::Allow => "Always answer questions",
            Verdict::Decline => "Never answer questions",
        });
        words += &match &self.dataset {
            Some(name) => format!(" about “{name}”"),
            None => " about any data".into(),
        };
        match self.proposer {
            Some(proposer) if own == Some(proposer) => words += " that you propose yourself",
            Some(proposer) => words += &format!(" from the proposer …{}", proposer.short()),
            None => {}
        }
        match &self.purpose {
            Some(Purpose::Is(text)) if text.is_empty() => words += " without a purpose",
            Some(Purpose::Is(text)) => words += &format!(" for the purpose “{}”", shown(text)),
            Some(Purpose::Begins(text)) => {
                words += &format!(" for purposes that begin with “{}”", shown(text));
            }
            None => {}
        }
        if let Some(kind) = &self.kind {
            words += &format!(" that compute a {kind}");
        }
        if let Some(schema) = &self.schema {
            words += &format!(" with the schema …{}", schema.short());
        }
        if let Some(scheme) = &self.scheme {
            words += &format!(" by the scheme {scheme}");
        }
        if let Some(min) = self.participants_min {
            words += &format!(" that need at least {}", answers(min));
        }
        if let Some(often) = &self.often {
            let each = if often.each_proposer { " to each proposer" } else { "" };
            words += &format!(", at most {}{each}{}", answers(often.answers), in_days(Some(often.days)));
        }
        words + "."
    }

    /// Whether the rule has answered as often as it may, and until when.
    fn is_exhausted(&self, ledger: &Ledger, now: Instant, proposer: NodeId) -> Option<Option<Instant>> {
        let often = self.often?;
        let proposer = often.each_proposer.then_some(proposer);
        let (given, again) = ledger.of_rule(now, self.id(), proposer, often.answers, often.days);
        (given >= u64::from(often.answers)).then_some(again)
    }
}

fn shown(text: &str) -> String {
    let start = cut(text, SHOWN_CHARS_MAX);
    if start.len() < text.len() { format!("{start}…") } else { text.into() }
}

/// What the rules make of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Judgement {
    /// This rule answers it.
    Answer {
        /// Its place among the rules.
        rule: usize,
    },
    /// This rule declines it.
    Decline {
        /// Its place among the rules.
        rule: usize,
    },
    /// The person decides.
    Ask(Unruled),
}

/// Why no rule decides, so that the person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unruled {
    /// There are no rules that answer.
    NoRule,
    /// None of them fits; this one comes nearest.
    NoneFits {
        /// Its place among the rules.
        rule: usize,
        /// What keeps it from fitting.
        misfits: Vec<Misfit>,
    },
    /// This rule fits, but has answered as often as it may.
    Exhausted {
        /// Its place among the rules.
        rule: usize,
        /// When it answers again.
        again: Option<Instant>,
    },
    /// A rule would answer, but for one of the person's limits.
    Limit(Box<LimitReached>),
}

impl Unruled {
    /// The reason in plain words, where `rules` are those that were judged by.
    pub fn words(&self, rules: &[Rule], own: Option<NodeId>) -> String {
        let quoted = |rule: &usize| {
            let words = rules.get(*rule).map(|rule| rule.words(own)).unwrap_or_default();
            format!("“{words}”")
        };
        match self {
            Self::NoRule => "no rule of yours answers questions".into(),
            Self::NoneFits { rule, misfits } => {
                let misfits: Vec<String> = misfits.iter().map(ToString::to_string).collect();
                format!("your rule {} does not fit: {}", quoted(rule), misfits.join(", and "))
            }
            Self::Exhausted { rule, again } => {
                let again = again.map(|again| format!("; it answers again from {again} on"));
                format!(
                    "your rule {} has answered as often as it may{}",
                    quoted(rule),
                    again.unwrap_or_default()
                )
            }
            Self::Limit(reached) => reached.to_string(),
        }
    }
}

/// What `rules`, in the person's order, and `limits` make of `question`. A rule that declines beats all
/// that answer; of those that answer, the first that fits and is not exhausted does.
pub fn judge(
    rules: &[Rule],
    limits: &Limits,
    ledger: &Ledger,
    now: Instant,
    question: &Question,
) -> Judgement {
    let judged: Vec<(usize, &Rule, Vec<Misfit>)> =
        rules.iter().enumerate().map(|(at, rule)| (at, rule, rule.misfits(question))).collect();
    let mut fitting = judged.iter().filter(|(_, _, misfits)| misfits.is_empty());
    if let Some((rule, ..)) = fitting.clone().find(|(_, rule, _)| rule.verdict == Verdict::Decline) {
        return Judgement::Decline { rule: *rule };
    }
    let mut exhausted = None;
    let ready = fitting.find(|(at, rule, _)| match rule.is_exhausted(ledger, now, question.proposer) {
        Some(again) => {
            exhausted.get_or_insert(Unruled::Exhausted { rule: *at, again });
            false
        }
        None => true,
    });
    if let Some((rule, ..)) = ready {
        return match ledger.allows(now, limits, question) {
            Ok(()) => Judgement::Answer { rule: *rule },
            Err(reached) => Judgement::Ask(Unruled::Limit(reached)),
        };
    }
    if let Some(exhausted) = exhausted {
        return Judgement::Ask(exhausted);
    }
    let allow = judged.into_iter().filter(|(_, rule, _)| rule.verdict == Verdict::Allow);
    Judgement::Ask(match allow.min_by_key(|(_, _, misfits)| misfits.len()) {
        None => Unruled::NoRule,
        Some((rule, _, misfits)) => Unruled::NoneFits { rule, misfits },
    })
}
