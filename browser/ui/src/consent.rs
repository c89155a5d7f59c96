//! Rules and limits as people click them together.

use crate::words;
use codec::Instant;
use privacy::{Fate, Limit, LimitUse, Of, Often, Purpose, Rule, Subject, Verdict, WINDOW_DAYS_MAX};

/// An input of the form for a rule that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleInput {
    /// Fewest participants.
    Participants,
    /// How a purpose begins.
    Begins,
    /// Most answers.
    Answers,
    /// In so many days.
    Days,
}

impl RuleInput {
    /// Its name in the page and in tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Participants => "participants",
            Self::Begins => "begins",
            Self::Answers => "answers",
            Self::Days => "days",
        }
    }
}

/// What is wrong with one input, in a sentence.
pub type RuleProblem = (RuleInput, String);

/// Which purposes a rule is about, as chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Purposes {
    /// All.
    #[default]
    Any,
    /// Exactly this one.
    Is(String),
    /// All that begin as typed.
    Begins,
}

/// A new rule, as it is clicked together. What is `None` or empty is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleForm {
    /// Declines instead of answering.
    pub declines: bool,
    /// Only about this data set.
    pub dataset: Option<String>,
    /// Only from this proposer.
    pub proposer: Option<keys::NodeId>,
    /// Only for these purposes.
    pub purposes: Purposes,
    /// How they begin.
    pub begins: String,
    /// Only with the schema of this text's digest.
    pub schema: Option<codec::ContentId>,
    /// Only by this scheme.
    pub scheme: Option<String>,
    /// Only for this kind of question.
    pub kind: Option<String>,
    /// Only with at least so many participants.
    pub participants: String,
    /// Only so often.
    pub limited: bool,
    /// Most answers.
    pub answers: String,
    /// In so many days.
    pub days: String,
    /// Each proposer counted by themselves.
    pub each_proposer: bool,
}

fn whole(input: RuleInput, text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, RuleProblem> {
    let problem = || match range.end() {
        &u32::MAX => (input, format!("Give a whole number, {} or more.", range.start())),
        end => (input, format!("Give a whole number from {} to {end}.", range.start())),
    };
    text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(problem)
}

impl RuleForm {
    /// The rule.
    ///
    /// # Errors
    /// The first [`RuleProblem`].
    pub fn rule(&self) -> Result<Rule, RuleProblem> {
        let purpose = match &self.purposes {
            Purposes::Any => None,
            Purposes::Is(text) => Some(Purpose::Is(text.clone())),
            Purposes::Begins => match self.begins.trim() {
                "" => return Err((RuleInput::Begins, "Say how the purposes begin.".into())),
                text => Some(Purpose::Begins(text.into())),
            },
        };
        let participants_min = match self.participants.trim() {
            "" => None,
            text => Some(whole(RuleInput::Participants, text, 1..=u32::MAX)?),
        };
        let often = match self.limited && !self.declines {
            false => None,
            true => Some(Often {
                answers: whole(RuleInput::Answers, &self.answers, 1..=u32::MAX)?,
                days: whole(RuleInput::Days, &self.days, 1..=WINDOW_DAYS_MAX)?,
                each_proposer: self.each_proposer,
            }),
        };
        Ok(Rule {
            verdict: if self.declines { Verdict::Decline } else { Verdict::Allow },
            proposer: self.proposer,
            purpose,
            dataset: self.dataset.clone(),
            schema: self.schema,
            scheme: self.scheme.clone(),
            kind: self.kind.clone(),
            participants_min,
            often,
        })
    }

    /// Whether it would answer everything, without end.
    pub fn answers_all(&self) -> bool {
        self.rule() == Ok(Rule::default())
    }
}

/// What is counted, as chosen for a new limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Each field by itself.
    EachField,
    /// Each proposer by themselves.
    EachProposer,
    /// Everything.
    All,
    /// This field of this data set.
    Field(String, String),
}

/// A new limit: so many answers within so many days; no days are for ever.
///
/// # Errors
/// The [`RuleProblem`].
pub fn limit(counted: &Counted, answers: &str, days: &str) -> Result<Limit, RuleProblem> {
    let of = match counted {
        Counted::EachField => Of::EachAttribute,
        Counted::EachProposer => Of::EachProposer,
        Counted::All => Of::All,
        Counted::Field(dataset, field) => Of::Attribute { dataset: dataset.clone(), field: field.clone() },
    };
    let days = match days.trim() {
        "" => None,
        days => Some(whole(RuleInput::Days, days, 1..=WINDOW_DAYS_MAX)?),
    };
    Ok(Limit { of, answers: whole(RuleInput::Answers, answers, 0..=1_000_000)?, days })
}

/// How far a limit is used, in a sentence.
pub fn used(standing: &LimitUse) -> String {
    let most = standing.limit.answers;
    match (&standing.about, standing.used) {
        (_, 0) => "Nothing counts towards it now.".into(),
        (Some(Subject::All) | None, used) => format!("{used} of {most} used."),
        (Some(about), used) => words::sentence(&format!("{used} of {most} used by {about}")),
    }
}

/// What became of an answer, for people.
pub const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Counted => "in the result",
        Fate::NotCounted => "in no result",
        Fate::Withdrawn => "taken back",
        _ => "given",
    }
}

/// When an answer may be given again, as a span from now; `None` where it may be already.
pub fn again(at: Option<Instant>, now: Instant) -> Option<String> {
    at.filter(|at| *at > now).map(|at| words::rough_span(at.since_ms(now)))
}

#[cfg(test)]
mod tests;
