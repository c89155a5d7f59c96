//! What a person lets their own node answer: rules, limits, and a ledger of all that was answered.
//!
//! One private total says little of one person. Many totals about the same thing can say much: two whose
//! participants differ by one person give that person away. The other parties of a computation see only
//! that computation; the person's own node is the one place that sees all it ever answered. So it keeps
//! a [`Ledger`], counts each answer against every attribute that was read and against the proposer, and
//! holds the person's [`Limits`]. [`Rule`]s say what is answered, or declined, without asking; what no
//! rule decides waits for the person, with the reason ([`Unruled`]).
//!
//! # How to drive it
//! Make a [`Question`] of a computation and call [`judge`]. Where it says yes, or the person does, call
//! [`Ledger::spend`] with the batch that makes the answer durable: answer and ledger become durable
//! together, so nothing answered is ever forgotten. Once an answer is known to be out of every agreed set,
//! [`Ledger::withdraw`] gives back what it had spent; [`Ledger::ended`] notes what became of it. After a
//! start, [`Ledger::restore`].
//!
//! ```
//! use privacy::{Judgement, Ledger, Limit, Limits, Of, Question, Rule, judge};
//! # let computation = codec::ContentId::of(b"computation");
//! # let proposer = keys::NodeId::from_public_key([7; 32]);
//! # let schema = codec::ContentId::of(b"{}");
//! # let now = codec::Instant::from_unix_ms(1_800_000_000_000);
//! let question = Question {
//!     computation, proposer, schema,
//!     purpose: "How heavy are penguins?".into(),
//!     dataset: "penguins".into(),
//!     fields: vec!["body_mass_g".into()],
//!     scheme: "prio3".into(),
//!     kind: "mean".into(),
//!     words: "the mean of `body_mass_g`".into(),
//!     participants_min: 50,
//! };
//! let rules = [Rule { dataset: Some("penguins".into()), ..Rule::default() }];
//! assert_eq!(rules[0].words(None), "Always answer questions about “penguins”.");
//!
//! let once_a_week = Limit { of: Of::EachAttribute, answers: 1, days: Some(7) };
//! let limits = Limits::new(vec![once_a_week]).unwrap();
//! let (mut ledger, mut batch) = (Ledger::new(), store::Batch::new());
//! assert_eq!(judge(&rules, &limits, &ledger, now, &question), Judgement::Answer { rule: 0 });
//!
//! ledger.spend(now, &limits, &question, privacy::By::Person, &mut batch).unwrap();
//! let reached = ledger.allows(now, &limits, &question).unwrap_err();
//! assert!(reached.to_string().starts_with("your limit of 1 answer about each attribute in 7 days"));
//! ```
//!
//! # Bounds
//! The ledger keeps the details of the last [`ENTRIES_MAX`] answers. Counts are kept for ever: for at most
//! [`ATTRIBUTES_MAX`] attributes, [`PROPOSERS_MAX`] proposers and [`RULE_COUNTS_MAX`] rules, by day for the
//! last [`WINDOW_DAYS_MAX`] days. What does not fit is not dropped but counted together, and what is
//! counted together counts for each: a full ledger allows less, never more. There are at most [`RULES_MAX`]
//! rules and [`LIMITS_MAX`] limits.
//!
//! # Provided / Not provided
//! Provided: no interleaving of answers, withdrawals, restarts and clocks lets more answers out than a limit
//! says (a property test against a model). Not provided: a bound on what an answer says of a person; an
//! answer to a narrow question counts as one. That needs noise, which the schemes do not add. Nor can a
//! ledger know that two data sets hold the same thing under two names.
//!
//! Windows are whole days in UTC: "in 7 days" is today and the six days before it.
#![no_std]

extern crate alloc;

mod counts;
mod ledger;
mod limits;
mod question;
mod rules;
#[cfg(test)]
mod tests;

pub use counts::{ATTRIBUTES_MAX, PROPOSERS_MAX, RULE_COUNTS_MAX};
pub use ledger::{By, ENTRIES_MAX, Fate, Ledger, LedgerEntry, LimitUse, STORE_PREFIX, Use};
pub use limits::{LIMITS_MAX, Limit, LimitReached, Limits, LimitsError, Of, Subject, WINDOW_DAYS_MAX};
pub use question::{Question, TEXT_CHARS_MAX};
pub use rules::{Judgement, Misfit, Often, Purpose, RULES_MAX, Rule, RuleError, Unruled, Verdict, judge};
