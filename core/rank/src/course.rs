//! What ends a solve: the same judgement of each round's sums, on one machine or on all shards.

use crate::{
    fixed::{Alpha, Epsilon, ONE},
    sweep::Sums,
};
use core::fmt;

/// Most rounds of a solve.
pub const ROUNDS_MAX: u32 = 2048;
/// Rounds before the guard judges how fast a graph converges.
const GUARD_AFTER: u32 = 32;
/// A change of so many units may be nothing but contributions that round now this way, now that: 2⁻²⁶ of all mass, twice.
const NOISE: u64 = ONE >> 25;
/// Over how many rounds it does.
const WINDOW: usize = 16;

/// How to solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How much mass follows edges.
    pub alpha: Alpha,
    /// How far π may be from the exact one.
    pub epsilon: Epsilon,
    /// After how many rounds to give up; at most [`ROUNDS_MAX`] count.
    pub rounds_max: u32,
    /// Whether to give up as soon as rounds shrink the change so slowly that `rounds_max` will not do.
    pub guard: bool,
}

impl Default for Options {
    /// α 0.85, ε 1e-6, 2048 rounds, guarded.
    fn default() -> Self {
        Self { alpha: Alpha::USUAL, epsilon: Epsilon::MILLIONTH, rounds_max: ROUNDS_MAX, guard: true }
    }
}

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// π is within ε of the exact one.
    Converged,
    /// The rounds were used up.
    RoundsUsedUp,
    /// The spectral gap is too small: at the pace of the last 16 rounds it would take this many in all, or [`u32::MAX`] and more.
    GapTooSmall {
        /// Rounds in all.
        rounds_needed: u32,
    },
    /// ε is below what four-byte contributions can tell, at this α.
    EpsilonTooSmall,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::RoundsUsedUp => {
                f.write_str("not converged: the rounds are used up; allow more, or a larger ε")
            }
            Self::GapTooSmall { rounds_needed: u32::MAX } => {
                f.write_str("not converged: the change does not shrink; take a smaller α")
            }
            Self::GapTooSmall { rounds_needed } => {
                write!(
                    f,
                    "not converged: the spectral gap is so small that it would take about {rounds_needed} rounds; take a smaller α, or a larger ε"
                )
            }
            Self::EpsilonTooSmall => f.write_str(
                "not converged: ε is below the precision of contributions at this α; take a larger ε",
            ),
        }
    }
}

/// What is known after a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Rounds done.
    pub rounds: u32,
    /// ‖π − π*‖₁ is at most so many units of 2⁻⁵⁸; [`u64::MAX`] as long as nothing is known.
    pub bound: u64,
    /// By how many units, at most, the last round changed π; 0 before the second of a warm solve.
    pub change: u64,
    /// Units that the last round's contributions lost to rounding, and that teleport returned.
    pub lost: u64,
    /// By what part of 2³² the last round shrank the change: an estimate of the second largest eigenvalue's absolute value.
    pub ratio: u64,
}

impl Report {
    /// 1 − ratio, in parts of 2³²: an estimate of the spectral gap.
    pub const fn gap(&self) -> u64 {
        (1_u64 << 32).saturating_sub(self.ratio)
    }
}

/// Sums that no graph has: whoever sent them is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Impossible;

/// A solve, seen from its sums.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    options: Options,
    nodes: u32,
    /// Units that teleport after this round.
    teleport: u64,
    /// Whether the next round's `moved` means something: not after a start from a given π.
    is_comparable: bool,
    report: Report,
    /// Changes of the last rounds, the latest at `rounds % (WINDOW + 1)`.
    changes: [u64; WINDOW + 1],
}

impl Course {
    /// From all mass teleporting, or from a given π.
    pub(crate) fn new(options: Options, nodes: u32, is_warm: bool) -> Self {
        let report = Report { rounds: 0, bound: u64::MAX, change: 0, lost: 0, ratio: 1 << 32 };
        Self { options, nodes, teleport: ONE, is_comparable: !is_warm, report, changes: [0; WINDOW + 1] }
    }

    pub(crate) fn teleport(&self) -> u64 {
        self.teleport
    }

    pub(crate) fn report(&self) -> Report {
        self.report
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// Takes in a round's sums over all nodes, and the mass that dangled before it.
    pub(crate) fn round(&mut self, sums: Sums, dangling: u64) -> Result<Option<Verdict>, Impossible> {
        let followed = ONE.checked_sub(dangling).ok_or(Impossible)?;
        let lost = followed.checked_sub(sums.received).ok_or(Impossible)?;
        let teleport = ONE.checked_sub(sums.kept).ok_or(Impossible)?;
        if sums.kept > sums.received || sums.moved > 2 * ONE {
            return Err(Impossible);
        }
        let before = self.report;
        let rounds = before.rounds + 1;
        let change = sums.moved + teleport.abs_diff(self.teleport);
        self.teleport = teleport;
        if !self.is_comparable {
            self.is_comparable = true;
            self.report = Report { rounds, lost, ..before };
            return Ok((rounds >= self.rounds_max()).then_some(Verdict::RoundsUsedUp));
        }
        let ratio = match before.change {
            0 => 1 << 32,
            before => ((u128::from(change) << 32) / u128::from(before)).min(u128::from(u64::MAX)) as u64,
        };
        let bound = self.distance(change, lost);
        self.report = Report { rounds, bound, change, lost, ratio };
        self.changes[rounds as usize % (WINDOW + 1)] = change;
        Ok(self.verdict())
    }

    fn rounds_max(&self) -> u32 {
        self.options.rounds_max.clamp(1, ROUNDS_MAX)
    }

    /// ‖π' − π*‖₁ ≤ (δ + α‖π' − π‖₁) / (1 − α), where δ bounds what rounding adds to one round: what contributions lost is taken from
    /// some nodes and given to others, and ten units a node cover all other roundings. See SPEC.md.
    fn distance(&self, change: u64, lost: u64) -> u64 {
        let alpha = u128::from(self.options.alpha.parts());
        let rounding = 2 * u128::from(lost) * alpha + ((10 * u128::from(self.nodes)) << 32);
        let sum = rounding + u128::from(change) * alpha;
        u64::try_from(sum.div_ceil(u128::from(self.options.alpha.rest()))).unwrap_or(u64::MAX)
    }

    fn verdict(&self) -> Option<Verdict> {
        let Report { rounds, bound, change, lost, .. } = self.report;
        let epsilon = self.options.epsilon.units();
        if bound <= epsilon {
            return Some(Verdict::Converged);
        }
        let floor = self.distance(0, lost);
        // What is left of the change is itself rounding.
        if floor > epsilon && self.distance(change, 0) <= floor {
            return Some(Verdict::EpsilonTooSmall);
        }
        if rounds >= self.rounds_max() {
            return Some(Verdict::RoundsUsedUp);
        }
        if !self.options.guard || rounds < GUARD_AFTER || floor > epsilon {
            return None;
        }
        let earlier = self.changes[(rounds as usize + 1) % (WINDOW + 1)];
        let rounds_needed = rounds.saturating_add(self.rounds_left(change, earlier, epsilon - floor));
        match rounds_needed > self.rounds_max() {
            false => None,
            true if change <= NOISE => Some(Verdict::EpsilonTooSmall),
            true => Some(Verdict::GapTooSmall { rounds_needed }),
        }
    }

    /// How many more rounds bring the change below what `goal` units of distance allow, when each [`WINDOW`] shrink it from `earlier` to `change`.
    fn rounds_left(&self, change: u64, earlier: u64, goal: u64) -> u32 {
        let goal = u128::from(goal) * u128::from(self.options.alpha.rest())
            / u128::from(self.options.alpha.parts()).max(1);
        if change >= earlier {
            return u32::MAX;
        }
        let mut left = u128::from(change);
        let mut rounds = 0_u32;
        while left > goal {
            left = left * u128::from(change) / u128::from(earlier);
            rounds += WINDOW as u32;
            if rounds > 1 << 20 {
                return u32::MAX;
            }
        }
        rounds
    }
}
