//! The form for a proposal: from what people type to a [`Draft`], and from a refusal back to the input that it
//! blames.

use crate::words;
use aggregate::{Draft, proposal::mean_of};
use codec::Instant;

/// An input of the form. Its name is the draft's own, so that errors find their way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What is computed, in a few words.
    Title,
    /// What the answer is for.
    Purpose,
    /// Which data is asked.
    Dataset,
    /// Which field of it is added up.
    Field,
    /// The smallest value that counts.
    Lower,
    /// The largest value that counts.
    Upper,
    /// Decimals that count.
    Decimals,
    /// Fewest participants.
    ParticipantsMin,
    /// Most participants.
    ParticipantsMax,
    /// Most records of one participant.
    RecordsMax,
    /// When it closes.
    Deadline,
}

impl Field {
    /// Every input, in the form's order.
    pub const ALL: [Self; 11] = [
        Self::Title,
        Self::Purpose,
        Self::Dataset,
        Self::Field,
        Self::Lower,
        Self::Upper,
        Self::Decimals,
        Self::ParticipantsMin,
        Self::Deadline,
        Self::ParticipantsMax,
        Self::RecordsMax,
    ];

    /// Its name in the draft, in the page and in tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Purpose => "purpose",
            Self::Dataset => "dataset",
            Self::Field => "field",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Decimals => "decimals",
            Self::ParticipantsMin => "participants_min",
            Self::ParticipantsMax => "participants_max",
            Self::RecordsMax => "records_max",
            Self::Deadline => "deadline",
        }
    }

    /// The input that a proposal's field name belongs to.
    fn of(name: &str) -> Option<Self> {
        let name = match name.rsplit('.').next() {
            Some("expr") => "field",
            Some(last) => last,
            None => name,
        };
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// What is wrong, and with which input where one is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The input.
    pub field: Option<Field>,
    /// A sentence for people.
    pub text: String,
}

impl Problem {
    fn new(field: Field, text: impl Into<String>) -> Self {
        Self { field: Some(field), text: text.into() }
    }

    /// The problem that a node's refusal tells of. Refusals name the field first: `` `lower`: … ``.
    pub fn of_refusal(why: &str) -> Self {
        let named = why.rsplit_once("accept the proposal: ").map_or(why, |(_, why)| why);
        let split = named.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
        match split.map(|(name, problem)| (Field::of(name), problem)) {
            Some((Some(field), problem)) => Self::new(field, words::sentence(problem)),
            _ => Self { field: None, text: words::sentence(why) },
        }
    }
}

/// What the inputs hold, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What is computed.
    pub title: String,
    /// What for.
    pub purpose: String,
    /// Which data.
    pub dataset: String,
    /// Which field.
    pub field: String,
    /// Smallest value that counts.
    pub lower: String,
    /// Largest value that counts.
    pub upper: String,
    /// Decimals that count.
    pub decimals: String,
    /// Fewest participants.
    pub participants_min: String,
    /// Most participants.
    pub participants_max: String,
    /// Most records of one participant.
    pub records_max: String,
    /// When it closes: minutes from now, or a moment that the browser has read.
    pub closes: Closes,
}

/// When a computation closes, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closes {
    /// So many minutes after it is proposed.
    InMinutes(String),
    /// At this moment; `None` where the input holds none.
    At(Option<Instant>),
}

impl Default for Form {
    fn default() -> Self {
        Self {
            title: String::new(),
            purpose: String::new(),
            dataset: String::new(),
            field: String::new(),
            lower: String::new(),
            upper: String::new(),
            decimals: "0".into(),
            participants_min: "5".into(),
            participants_max: "10000".into(),
            records_max: "10000".into(),
            closes: Closes::InMinutes("10".into()),
        }
    }
}

impl Form {
    /// When the computation would close if it were proposed at `now`.
    ///
    /// # Errors
    /// A [`Problem`] with [`Field::Deadline`].
    pub fn deadline(&self, now: Instant) -> Result<Instant, Problem> {
        match &self.closes {
            Closes::At(Some(moment)) => Ok(*moment),
            Closes::At(None) => Err(Problem::new(Field::Deadline, "Choose a day and a time.")),
            Closes::InMinutes(text) => {
                let minutes = text.trim().parse::<f64>().ok().filter(|minutes| *minutes > 0.0);
                let minutes = minutes
                    .ok_or_else(|| Problem::new(Field::Deadline, "Give a number of minutes, such as 10."))?;
                Ok(now.plus_ms((minutes * 60_000.0) as u64))
            }
        }
    }

    /// The draft, so far as it can be made without asking the node, which checks the rest.
    ///
    /// # Errors
    /// The first [`Problem`], in the form's order.
    pub fn draft(&self, now: Instant) -> Result<Draft, Problem> {
        let given = |field, text: &String, missing: &str| match text.trim() {
            "" => Err(Problem::new(field, missing)),
            text => Ok(String::from(text)),
        };
        let number = |field, text: &String| {
            let plain: String = text.trim().chars().filter(|c| *c != ',').collect();
            plain.parse::<u32>().map_err(|_| Problem::new(field, "Give a whole number."))
        };
        Ok(Draft {
            title: given(Field::Title, &self.title, "Say in a few words what is to be found out.")?,
            purpose: self.purpose.trim().into(),
            dataset: given(Field::Dataset, &self.dataset, "Name the data that people are asked about.")?,
            schema: None,
            query: mean_of(
                &given(Field::Field, &self.field, "Name the field that is added up.")?,
                &given(Field::Lower, &self.lower, "Give the smallest value that makes sense.")?,
                &given(Field::Upper, &self.upper, "Give the largest value that makes sense.")?,
                u8::try_from(number(Field::Decimals, &self.decimals)?)
                    .map_err(|_| Problem::new(Field::Decimals, "Give a number from 0 to 9."))?,
                number(Field::RecordsMax, &self.records_max)?,
            ),
            scheme: None,
            participants_min: number(Field::ParticipantsMin, &self.participants_min)?,
            deadline: self.deadline(now)?,
            participants_max: number(Field::ParticipantsMax, &self.participants_max)?,
        })
    }

    /// The proposal in words, for the person who proposes; gaps are marked with an ellipsis. `closes` is the
    /// deadline in the person's own time and words.
    pub fn sentence(&self, closes: &str) -> String {
        let or_gap = |text: &str| match text.trim() {
            "" => "…".into(),
            text => String::from(text),
        };
        let number = |text: &str| words::grouped(&or_gap(text));
        let decimals = match self.decimals.trim() {
            "" | "0" => "as a whole number".into(),
            "1" => "to 1 decimal".into(),
            decimals => format!("to {decimals} decimals"),
        };
        format!(
            "Everyone who keeps data named “{}” is asked for the sum of “{}” over their records: each value between \
             {} and {}, {decimals}. When at least {} people have approved by {closes}, the total and the average are \
             published. Nobody’s own sum is.",
            or_gap(&self.dataset),
            or_gap(&self.field),
            number(&self.lower),
            number(&self.upper),
            number(&self.participants_min),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aggregate::HeavyKey;
    use keys::{Identity, SealKey};

    fn form() -> Form {
        Form {
            title: "Body mass".into(),
            dataset: "penguins".into(),
            field: "mass".into(),
            lower: "2,000".replace(',', ""),
            upper: "7000".into(),
            ..Form::default()
        }
    }

    #[test]
    fn a_full_form_is_a_draft() {
        let now = Instant::from_unix_ms(1_000);
        let draft = form().draft(now).unwrap();
        assert_eq!((draft.deadline, draft.participants_min), (Instant::from_unix_ms(601_000), 5));
        let problem = Form { upper: " ".into(), ..form() }.draft(now).unwrap_err();
        assert_eq!(problem.field, Some(Field::Upper));
        let problem = Form { closes: Closes::At(None), ..form() }.draft(now).unwrap_err();
        assert_eq!(problem.field, Some(Field::Deadline));
    }

    #[test]
    fn refusals_by_the_core_find_their_inputs() {
        let heavy: Vec<HeavyKey> = (1..=3)
            .map(|seed| HeavyKey {
                id: Identity::from_seed([seed; 32]).id(),
                seal: SealKey::from_seed([seed; 32]).public(),
            })
            .collect();
        let proposer = Identity::from_seed([9; 32]).id();
        let blame = |form: Form| {
            let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
            let draft = form.draft(Instant::from_unix_ms(0)).unwrap();
            let error = draft.propose(proposer, &heavy, &mut rng).unwrap_err();
            Problem::of_refusal(&error.to_string()).field
        };
        assert_eq!(blame(Form { lower: "many".into(), ..form() }), Some(Field::Lower));
        assert_eq!(blame(Form { upper: "1".into(), ..form() }), Some(Field::Upper));
        assert_eq!(blame(Form { participants_min: "2".into(), ..form() }), Some(Field::ParticipantsMin));
        assert_eq!(blame(Form { decimals: "12".into(), ..form() }), Some(Field::Decimals));
        assert_eq!(blame(Form { records_max: "0".into(), ..form() }), Some(Field::RecordsMax));
        let far = Problem::of_refusal("the heavy node did not accept the proposal: `deadline`: too far");
        assert_eq!((far.field, far.text.as_str()), (Some(Field::Deadline), "Too far."));
    }

    #[test]
    fn the_sentence_shows_what_is_missing() {
        let text = Form::default().sentence("noon");
        assert!(text.contains("“…”") && text.contains("by noon"), "{text}");
        assert!(form().sentence("noon").contains("between 2,000 and 7,000, as a whole number"));
    }
}
