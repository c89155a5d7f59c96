//! Where a computation stands, for the person at this node.

use codec::Instant;
use node::{TaskState, TaskView, light::End};

/// Where a computation stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The person may approve or decline.
    Asks,
    /// The person's data does not fit what is asked, so far.
    Unfit,
    /// The person declined; until the deadline they may think again.
    Declined,
    /// This node's answer is on its way or delivered.
    Answered,
    /// The person takes their answer back, or has.
    Withdrawn,
    /// The deadline has passed and the heavy nodes agree on the set.
    Closing,
    /// Neither a result nor a refusal came in the time there is for it.
    Silent,
    /// The result is published.
    Total,
    /// There is no result, and a signed reason why.
    NoTotal,
}

impl Phase {
    /// Where `task` stands at `now`.
    pub fn of(task: &TaskView, now: Instant) -> Self {
        match (&task.end, task.state) {
            (Some(End::Result { .. }), _) => Self::Total,
            (Some(_), _) => Self::NoTotal,
            (None, _) if task.proposal.end() <= now => Self::Silent,
            (None, _) if task.deadline <= now => Self::Closing,
            (None, TaskState::Waiting) if task.obstacle.is_some() => Self::Unfit,
            (None, TaskState::Waiting) => Self::Asks,
            (None, TaskState::Declined) => Self::Declined,
            (None, TaskState::Withdrawing | TaskState::Withdrawn) => Self::Withdrawn,
            (None, _) => Self::Answered,
        }
    }

    /// Whether answers are still taken.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asks | Self::Unfit | Self::Declined | Self::Answered | Self::Withdrawn)
    }

    /// A few words for a list.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Asks => "Waiting for you",
            Self::Unfit => "Needs data",
            Self::Declined => "You declined",
            Self::Answered => "You answered",
            Self::Withdrawn => "You withdrew",
            Self::Closing => "Adding up",
            Self::Silent => "No word yet",
            Self::Total => "Result",
            Self::NoTotal => "No result",
        }
    }

    /// The name of the phase in the style sheet and in tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Unfit => "unfit",
            Self::Declined => "declined",
            Self::Answered => "answered",
            Self::Withdrawn => "withdrawn",
            Self::Closing => "closing",
            Self::Silent => "silent",
            Self::Total => "total",
            Self::NoTotal => "no-total",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aggregate::{Draft, HeavyKey, message::Mine};
    use codec::ContentId;
    use keys::{Identity, SealKey};

    /// A computation that closes a second after the epoch.
    fn task() -> TaskView {
        let heavy = |seed| HeavyKey {
            id: Identity::from_seed([seed; 32]).id(),
            seal: SealKey::from_seed([seed; 32]).public(),
        };
        let draft = Draft {
            title: "Body mass".into(),
            purpose: String::new(),
            dataset: "penguins".into(),
            schema: None,
            query: query::Query {
                reduction: query::Reduction::Count,
                per: query::Per::Record,
                filter: None,
                records_max: 10,
            },
            scheme: None,
            participants_min: 3,
            participants_max: 10,
            deadline: Instant::from_unix_ms(1_000),
        };
        let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
        let proposer = Identity::from_seed([9; 32]);
        let proposal = draft.propose(proposer.id(), &[1, 2, 3].map(heavy), &mut rng).unwrap();
        TaskView {
            id: ContentId::of(b"a computation"),
            document: proposal.sign(&proposer),
            own: false,
            state: TaskState::Waiting,
            answer: None,
            obstacle: None,
            question: privacy::Question {
                computation: ContentId::of(b"a computation"),
                proposer: proposer.id(),
                purpose: String::new(),
                dataset: "penguins".into(),
                schema: ContentId::of(b""),
                fields: vec!["mass".into()],
                scheme: "additive64".into(),
                kind: "sum".into(),
                words: String::new(),
                participants_min: 3,
            },
            why: None,
            withdrawal: None,
            acknowledged: 0,
            report_refusal: None,
            reports: None,
            deadline: proposal.deadline,
            end: None,
            accusation: None,
            proposal,
        }
    }

    #[test]
    fn the_clock_the_person_and_the_heavy_nodes_move_a_computation_on() {
        let at = |task: &TaskView, ms| Phase::of(task, Instant::from_unix_ms(ms));
        let waiting = task();
        assert_eq!(at(&waiting, 999), Phase::Asks);
        assert_eq!(at(&waiting, 1_000), Phase::Closing);
        assert_eq!(at(&waiting, waiting.proposal.end().unix_ms()), Phase::Silent);
        assert_eq!(at(&TaskView { obstacle: Some("no data".into()), ..task() }, 0), Phase::Unfit);
        assert_eq!(at(&TaskView { state: TaskState::Declined, ..task() }, 0), Phase::Declined);
        assert_eq!(at(&TaskView { state: TaskState::Answered, ..task() }, 0), Phase::Answered);
        assert_eq!(at(&TaskView { state: TaskState::Withdrawn, ..task() }, 0), Phase::Withdrawn);

        let commitment = aggregate::message::Commitment {
            cohort: 7,
            set: ContentId::of(b"a set"),
            participants: 3,
            rejected: 0,
            sums: vec![],
        };
        let outcome = aggregate::Outcome::new(
            waiting.id,
            &waiting.proposal,
            &waiting.proposal.plan().unwrap(),
            &commitment,
            &[3],
        );
        let outcome = outcome.unwrap();
        let document = outcome.envelope();
        let end = Some(End::Result { outcome, mine: Mine::Counted, document });
        // The last answer that is taken ends it before its deadline.
        assert_eq!(at(&TaskView { end, ..task() }, 0), Phase::Total);
    }
}
