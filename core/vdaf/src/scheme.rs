//! The three schemes, and the shape of what they add up.

use serde::{Deserialize, Serialize};

/// How measurements are split among three heavy nodes and added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Three shares that add up modulo 2^64.
    Additive64,
    /// Three components that add up modulo the order of a group, each held by two heavy nodes and committed to.
    Rep64,
    /// Prio3: three shares in a prime field, with a proof that the measurement is valid.
    Prio3,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 3] = [Self::Additive64, Self::Rep64, Self::Prio3];

    /// The name, as in a proposal.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive64 => "additive64",
            Self::Rep64 => "rep64",
            Self::Prio3 => "prio3",
        }
    }

    /// What the scheme protects against, in one plain sentence.
    #[must_use]
    pub fn protects(self) -> &'static str {
        match self {
            Self::Additive64 => {
                "Nobody learns a single contribution as long as one of the three heavy nodes keeps its shares to itself."
            }
            Self::Rep64 => {
                "No heavy node on its own learns a single contribution, the exact result survives the loss of one heavy node, and a \
                 heavy node that lies about its sums is named by evidence that anyone can check."
            }
            Self::Prio3 => {
                "Nobody learns a single contribution as long as one of the three heavy nodes keeps its shares to itself, and a \
                 contribution outside the stated range is refused without anybody seeing it."
            }
        }
    }

    /// What the scheme does not protect against, in one plain sentence.
    #[must_use]
    pub fn not_protected(self) -> &'static str {
        match self {
            Self::Additive64 => {
                "A light node can contribute any number, whatever the stated range, or spoil the result; one heavy node that stops leaves no result; and \
                 one heavy node that lies about its sums can change the result unnoticed."
            }
            Self::Rep64 => {
                "Two heavy nodes that work together can read every single contribution, and a light node can contribute any number, \
                 whatever the stated range, or spoil the result."
            }
            Self::Prio3 => {
                "One heavy node that stops leaves no result; one heavy node that lies can change the result unnoticed or let an \
                 invalid contribution pass; and a contribution within the range need not be true."
            }
        }
    }

    /// How many heavy nodes may work together without learning a contribution.
    #[must_use]
    pub fn colluders_max(self) -> usize {
        match self {
            Self::Additive64 | Self::Prio3 => 2,
            Self::Rep64 => 1,
        }
    }

    /// How many heavy nodes may be lost without losing the result.
    #[must_use]
    pub fn lost_max(self) -> usize {
        match self {
            Self::Additive64 | Self::Prio3 => 0,
            Self::Rep64 => 1,
        }
    }

    /// Whether a measurement outside its range is refused by the heavy nodes.
    #[must_use]
    pub fn proves_inputs(self) -> bool {
        self == Self::Prio3
    }

    /// Whether a heavy node that lies about its sums is found, and which one it is.
    #[must_use]
    pub fn names_liars(self) -> bool {
        self == Self::Rep64
    }
}

impl core::fmt::Display for Scheme {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What one measurement looks like: `length` unsigned integers, each below 2^`bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Number of integers.
    pub length: u32,
    /// Bits of each.
    pub bits: u8,
    /// Exactly one integer is 1, the others are 0. Then `bits` is 1.
    pub one_hot: bool,
}

impl Shape {
    /// The largest value of one integer.
    #[must_use]
    pub fn value_max(self) -> u64 {
        u64::MAX >> (64 - u32::from(self.bits).clamp(1, 64))
    }
}
