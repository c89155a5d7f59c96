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
    /// The deadline has passed and the heavy nodes agree on the set.
    Closing,
    /// Neither a total nor a refusal came in the time there is for it.
    Silent,
    /// The total is published.
    Total,
    /// There is no total, and a signed reason why.
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
            (None, _) => Self::Answered,
        }
    }

    /// Whether answers are still taken.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asks | Self::Unfit | Self::Declined | Self::Answered)
    }

    /// A few words for a list.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Asks => "Waiting for you",
            Self::Unfit => "Needs data",
            Self::Declined => "You declined",
            Self::Answered => "You answered",
            Self::Closing => "Adding up",
            Self::Silent => "No word yet",
            Self::Total => "Total",
            Self::NoTotal => "No total",
        }
    }

    /// The name of the phase in the style sheet and in tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Unfit => "unfit",
            Self::Declined => "declined",
            Self::Answered => "answered",
            Self::Closing => "closing",
            Self::Silent => "silent",
            Self::Total => "total",
            Self::NoTotal => "no-total",
        }
    }
}
