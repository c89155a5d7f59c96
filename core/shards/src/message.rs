//! The messages of `/formix/shards/1`, and the words between a node and what computes beside it.
//!
//! Nodes write each other letters: a heavy node a [`Task`], a light node a [`Word`]. A letter may be long, so it goes in [`Piece`]s, each a request.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire};
use net::Protocol;
use rank::ShardSums;

/// Most bytes of a letter in one message.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of a letter: that of a part, and what stands around it.
pub const LETTER_BYTES_MAX: usize = rank::PART_BYTES_MAX + 1_024;
/// Most bytes of a device's name that are kept.
pub const DEVICE_BYTES_MAX: usize = 64;
/// What stands for the name of a device that says none.
pub(crate) const UNKNOWN_DEVICE: &str = "unknown";
/// Longest name of a ranking, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// Most bytes of a reason that are kept.
pub const WHY_BYTES_MAX: usize = 300;

/// A piece of a letter. It carries on where the one before it ended.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Piece {
    /// The letter's number; later ones have greater numbers.
    pub letter: u64,
    /// Bytes of the whole.
    pub len: u64,
    /// Bytes that came before these.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The answer to a [`Piece`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[non_exhaustive]
pub enum Heard {
    /// It is here.
    Taken,
    /// It does not carry on what is here: begin the letter again.
    FromTheStart,
    /// No such letter is expected of you.
    Refused,
}

impl Wire for Piece {
    const BYTES_MAX: usize = Protocol::Shards.request_bytes_max();
}

impl Wire for Heard {
    const BYTES_MAX: usize = Protocol::Shards.response_bytes_max();
}

/// Names a part at one holder: given out by whoever asks, and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct WorkId(pub u64);

/// What a part is part of, for people.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct About {
    /// The ranking.
    pub ranking: ContentId,
    /// Its name, in its submitter's words.
    pub name: String,
    /// Which part, numbered from 0.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
}

/// What a holder is asked to do: by its heavy node, and by its node of what computes beside it. Each but [`Task::Drop`] is answered with one [`Done`],
/// and none but that comes before the answer to the one before.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Task {
    /// Hold this part, with nothing kept yet: [`Done::Ready`].
    Begin {
        /// Names it from now on.
        work: WorkId,
        /// What it is.
        about: About,
        /// A [`rank::Part`], encoded.
        part: Vec<u8>,
    },
    /// First half of a round: [`Done::Spread`].
    Spread {
        /// Which part.
        work: WorkId,
        /// Units that teleport to the whole graph.
        teleport: u64,
    },
    /// Second half: [`Done::Sums`].
    Gather {
        /// Which part.
        work: WorkId,
        /// What each ghost contributes, in the order of their slots.
        ghosts: Vec<u32>,
    },
    /// What is kept now: [`Done::Kept`].
    Kept {
        /// Which part.
        work: WorkId,
    },
    /// Forget it. Nothing is said about it any more.
    Drop {
        /// Which part.
        work: WorkId,
    },
}

impl Task {
    /// Which part it is about.
    pub const fn work(&self) -> WorkId {
        match self {
            Self::Begin { work, .. }
            | Self::Spread { work, .. }
            | Self::Gather { work, .. }
            | Self::Kept { work }
            | Self::Drop { work } => *work,
        }
    }

    /// The same of a part that is named otherwise.
    #[must_use]
    pub(crate) fn named(self, work: WorkId) -> Self {
        match self {
            Self::Begin { about, part, .. } => Self::Begin { work, about, part },
            Self::Spread { teleport, .. } => Self::Spread { work, teleport },
            Self::Gather { ghosts, .. } => Self::Gather { work, ghosts },
            Self::Kept { .. } => Self::Kept { work },
            Self::Drop { .. } => Self::Drop { work },
        }
    }
}

/// What came of a [`Task`].
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Done {
    /// The part is here.
    Ready {
        /// Which.
        work: WorkId,
        /// What computes, for people.
        device: String,
    },
    /// It cannot be done, and the part is gone here.
    Failed {
        /// Which.
        work: WorkId,
        /// Why, for people.
        why: String,
    },
    /// The first half of a round is done.
    Spread {
        /// Which part.
        work: WorkId,
        /// [`rank::Spread::exports`].
        exports: Vec<u32>,
        /// [`rank::Spread::dangling`].
        dangling: u64,
    },
    /// The second half is done.
    Sums {
        /// Which part.
        work: WorkId,
        /// [`rank::PartRounds::gather`].
        sums: ShardSums,
    },
    /// What is kept now.
    Kept {
        /// Which part.
        work: WorkId,
        /// [`rank::PartRounds::kept`].
        kept: Vec<u64>,
    },
}

impl Done {
    /// Which part it is about.
    pub const fn work(&self) -> WorkId {
        match self {
            Self::Ready { work, .. }
            | Self::Failed { work, .. }
            | Self::Spread { work, .. }
            | Self::Sums { work, .. }
            | Self::Kept { work, .. } => *work,
        }
    }

    /// The same of a part that is named otherwise.
    #[must_use]
    pub(crate) fn named(self, work: WorkId) -> Self {
        match self {
            Self::Ready { device, .. } => Self::Ready { work, device },
            Self::Failed { why, .. } => Self::Failed { work, why },
            Self::Spread { exports, dangling, .. } => Self::Spread { work, exports, dangling },
            Self::Sums { sums, .. } => Self::Sums { work, sums },
            Self::Kept { kept, .. } => Self::Kept { work, kept },
        }
    }
}

/// What a light node takes.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Advert {
    /// What computes, for people.
    pub device: String,
    /// Parts at a time.
    pub parts: u16,
    /// Most bytes of all of them: of each its [`rank::Part::footprint_bytes`], and those of its encoding, for the letters about it.
    pub bytes_max: u64,
}

impl Advert {
    /// The same with no more of a name than is kept.
    pub(crate) fn shortened(mut self) -> Self {
        self.device = shortened(self.device, DEVICE_BYTES_MAX).replace(char::is_control, " ");
        self
    }
}

/// A light node's letter.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Word {
    /// What I take from now on; nothing for `None`, and what I had is given up then.
    Offer(Option<Advert>),
    /// What came of a task of yours.
    Done(Done),
}

impl Wire for Task {
    const BYTES_MAX: usize = LETTER_BYTES_MAX;
}

impl Wire for Done {
    const BYTES_MAX: usize = LETTER_BYTES_MAX;
}

impl Wire for Word {
    const BYTES_MAX: usize = LETTER_BYTES_MAX;
}

/// The beginning of a text, at most so many bytes of it.
pub(crate) fn shortened(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}
