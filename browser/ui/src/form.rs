//! The form for a proposal: what people type, the question that it is, and whose fault a refusal is.
//!
//! A [`Form`] holds text as it was typed. [`Form::query`] makes a question of it, [`Form::link`] an address that
//! fills in the same form elsewhere, and [`Problem::of_refusal`] finds the input that a refusal blames.

mod bins;
mod input;
mod link;
mod query;
mod template;

pub use bins::suggest_edges;
pub use input::Input;
pub use link::LINK_CHARS_MAX;
pub use template::Template;

use crate::words;
use ::query::Per;
use aggregate::{Draft, Proposal, Scheme};
use codec::Instant;

/// Bins that are suggested, about.
const BINS_SUGGESTED: u32 = 12;

/// What is wrong, and with which input where one is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The input.
    pub input: Option<Input>,
    /// A sentence for people.
    pub text: String,
    /// The line of an expression and, below it, a mark at the character: to be shown in letters of one width.
    pub caret: Option<String>,
}

impl Problem {
    /// What is wrong with one input.
    pub fn new(input: Input, text: impl Into<String>) -> Self {
        Self { input: Some(input), text: text.into(), caret: None }
    }

    /// What is wrong, with no input to blame.
    pub fn general(text: &str) -> Self {
        Self { input: None, text: words::sentence(text), caret: None }
    }

    /// The problem that a node's refusal tells of. Refusals name the path first, `` `query.value.expr`: … ``, and show
    /// an expression's line and a caret on lines of their own.
    pub fn of_refusal(why: &str, template: Template) -> Self {
        let (why, caret) = why.split_once('\n').map_or((why, None), |(why, caret)| (why, Some(caret)));
        let named = why.rsplit_once("accept the proposal: ").map_or(why, |(_, why)| why);
        let split = named.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
        match split.and_then(|(path, problem)| Some((Input::at(path, template)?, problem))) {
            Some((input, problem)) => {
                Self { caret: caret.and_then(marked), ..Self::new(input, words::sentence(problem)) }
            }
            None => Self::general(why),
        }
    }
}

/// The line and its caret, without what stands behind the caret: the number of the character, which the caret shows.
fn marked(caret: &str) -> Option<String> {
    let (line, mark) = caret.split_once('\n')?;
    let mark = mark.find('^').map(|at| &mark[..=at])?;
    let outdented = |text: &str| String::from(text.strip_prefix("  ").unwrap_or(text));
    Some(format!("{}\n{}", outdented(line), outdented(mark)))
}

/// When a computation closes, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closes {
    /// So many minutes after it is proposed.
    InMinutes(String),
    /// At this moment; `None` where the input holds none.
    At(Option<Instant>),
}

/// What the inputs hold, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What is computed.
    pub template: Template,
    /// What counts as one.
    pub per: Per,
    /// Whether a question by group also asks for a mean.
    pub group_mean: bool,
    /// Name of the scheme.
    pub scheme: String,
    /// When it closes.
    pub closes: Closes,
    /// By [`Input`].
    texts: [String; Input::ALL.len()],
}

impl Default for Form {
    fn default() -> Self {
        let mut form = Self {
            template: Template::Mean,
            per: Per::Record,
            group_mean: true,
            scheme: "prio3".into(),
            closes: Closes::InMinutes("10".into()),
            texts: Default::default(),
        };
        for input in Input::ALL {
            form.set(input, input.starts_as());
        }
        form
    }
}

impl Form {
    /// What an input holds.
    pub fn text(&self, input: Input) -> &str {
        &self.texts[input as usize]
    }

    /// Puts a text into an input: as much of it as the input takes.
    pub fn set(&mut self, input: Input, text: &str) {
        self.texts[input as usize] = text.chars().take(input.chars_max()).collect();
    }

    /// The same with a text put in.
    #[must_use]
    pub fn with(mut self, input: Input, text: &str) -> Self {
        self.set(input, text);
        self
    }

    /// Whether the question that is asked has use for an input.
    pub fn asks_for(&self, input: Input) -> bool {
        let optional_mean = self.template != Template::Group || self.group_mean;
        match input {
            Input::Value | Input::Lower | Input::Upper | Input::Decimals => {
                self.template != Template::Count && optional_mean
            }
            Input::X | Input::XLower | Input::XUpper | Input::XDecimals => {
                self.template == Template::Regression
            }
            Input::By | Input::Categories => self.template == Template::Group,
            Input::Edges => self.template == Template::Histogram,
            Input::Probabilities => self.template == Template::Quantile,
            _ => true,
        }
    }

    /// When the computation would close if it were proposed at `now`.
    ///
    /// # Errors
    /// A [`Problem`] with [`Input::Deadline`].
    pub fn deadline(&self, now: Instant) -> Result<Instant, Problem> {
        match &self.closes {
            Closes::At(Some(moment)) => Ok(*moment),
            Closes::At(None) => Err(Problem::new(Input::Deadline, "Choose a day and a time.")),
            Closes::InMinutes(text) => {
                let minutes = words::number(text.trim()).filter(|minutes| *minutes > 0.0);
                let minutes = minutes
                    .ok_or_else(|| Problem::new(Input::Deadline, "Give a number of minutes, such as 10."))?;
                Ok(now.plus_ms((minutes * 60_000.0) as u64))
            }
        }
    }

    /// Where bins begin and end: as typed, else as many round ones as people like to look at.
    pub fn edges(&self) -> Vec<String> {
        let typed = query::numbers(self.text(Input::Edges));
        if !typed.is_empty() {
            return typed;
        }
        let bound = |input| query::decimal(self.text(input));
        let typed = self.number(Input::Decimals).ok().and_then(|places| u8::try_from(places).ok());
        let decimals = typed.or_else(|| self.decimals(Input::Lower, Input::Upper));
        suggest_edges(&bound(Input::Lower), &bound(Input::Upper), decimals.unwrap_or(0), BINS_SUGGESTED)
            .unwrap_or_default()
    }

    /// The form with its gaps filled, so that a node may look at what there is; and which inputs were gaps. What the node
    /// says about those is for nobody to hear.
    pub fn filled(&self) -> (Self, Vec<Input>) {
        let mut form = self.clone();
        let mut gaps = Vec::new();
        for input in Input::ALL.into_iter().filter(|input| self.asks_for(*input)) {
            let fill = match input {
                Input::Title | Input::Dataset => "…",
                Input::Value | Input::X | Input::Lower | Input::XLower => "0",
                Input::Upper | Input::XUpper => "1",
                Input::By => "''",
                Input::Categories => "…",
                _ => continue,
            };
            if form.text(input).trim().is_empty() {
                form.set(input, fill);
                gaps.push(input);
            }
        }
        (form, gaps)
    }

    /// The draft, so far as it can be made without asking the node, which checks the rest.
    ///
    /// # Errors
    /// The first [`Problem`], in the form's order.
    pub fn draft(&self, now: Instant) -> Result<Draft, Problem> {
        Ok(Draft {
            title: self.given(Input::Title)?,
            purpose: self.text(Input::Purpose).trim().into(),
            dataset: self.given(Input::Dataset)?,
            // A node adds the one that the person has given to their own data of that name.
            schema: None,
            query: self.query()?,
            scheme: Scheme::ALL.into_iter().find(|scheme| scheme.name() == self.scheme),
            participants_min: self.number(Input::ParticipantsMin)?,
            participants_max: self.number(Input::ParticipantsMax)?,
            deadline: self.deadline(now)?,
        })
    }

    /// The form that asks what `proposal` asks, to be asked again.
    pub fn of_proposal(proposal: &Proposal) -> Self {
        let mut form = Self { scheme: proposal.scheme.name().into(), ..Self::default() };
        form.ask(&proposal.query);
        for (input, text) in [
            (Input::Title, proposal.title.as_str()),
            (Input::Purpose, &proposal.purpose),
            (Input::Dataset, &proposal.dataset),
            (Input::ParticipantsMin, &proposal.participants_min.to_string()),
            (Input::ParticipantsMax, &proposal.participants_max.to_string()),
        ] {
            form.set(input, text);
        }
        form
    }

    /// The proposal in words, for the person who proposes. `asked` is what the node says is asked; without it, gaps are
    /// marked with an ellipsis. `closes` is the deadline in the person's own time and words.
    pub fn sentence(&self, asked: Option<&str>, closes: &str) -> String {
        let or_gap = |input| match self.text(input).trim() {
            "" => "…".into(),
            text => String::from(text),
        };
        let asked = asked.map_or_else(|| self.asked_roughly(&or_gap), words::quoted);
        format!(
            "Everyone who keeps data named “{}” is asked for {asked}. When at least {} people have approved by {closes}, \
             the result for all of them together is published. Nobody’s own answer is.",
            or_gap(Input::Dataset),
            words::grouped(&or_gap(Input::ParticipantsMin)),
        )
    }

    fn asked_roughly(&self, or_gap: &impl Fn(Input) -> String) -> String {
        let called = |input| words::expression(&or_gap(input));
        let value = called(Input::Value);
        match self.template {
            Template::Count => "the number of their records".into(),
            Template::Sum => format!("the total of “{value}”"),
            Template::Mean => format!("the average of “{value}”"),
            Template::Spread => format!("how far “{value}” lies from its average"),
            Template::Histogram => format!("how “{value}” is spread"),
            Template::Group => format!("the number of records for each “{}”", called(Input::By)),
            Template::Regression => format!("the line that gives “{value}” from “{}”", called(Input::X)),
            Template::Quantile => format!("what shares of “{value}” lie below which values"),
        }
    }

    /// A text that has to be there.
    fn given(&self, input: Input) -> Result<String, Problem> {
        match self.text(input).trim() {
            "" => Err(Problem::new(input, input.missing())),
            text => Ok(text.into()),
        }
    }

    /// A whole number that has to be there; thousands may be set apart.
    fn number(&self, input: Input) -> Result<u32, Problem> {
        let plain: String = self.text(input).trim().chars().filter(|c| *c != ',').collect();
        plain.parse().map_err(|_| Problem::new(input, "Give a whole number."))
    }
}

#[cfg(test)]
mod tests;
