//! The rounds of a part, done by a device.

use super::Wrong;
use crate::{
    fixed::ONE,
    part::{self, Impossible, Part, PartRows, Spread},
    shard::Sums,
};
use alloc::vec::Vec;
use shaders::rank::{Input, PartInput};

/// As [`crate::PartRounds`], with the same bits, for whoever has a device do the sums: it is handed [`OffloadedPart::input`], and each half of a round is
/// a check before and a check after it.
///
/// What a device says is believed as far as it adds up, as of [`crate::Offloaded`].
#[derive(Debug, Clone)]
pub struct OffloadedPart {
    part: Part,
    /// How many edges lead here from each slot.
    edges: Vec<u32>,
    /// What the device finds a row's numbers of teleport by.
    order: Vec<u32>,
    jumps: Vec<u64>,
    /// Units that all own nodes keep.
    kept: u64,
    /// What each slot contributes.
    contributions: Vec<u32>,
}

impl OffloadedPart {
    /// Before round 1: nothing is kept.
    pub fn new(part: Part) -> Self {
        let rows = part.rows();
        let order = match rows.jumps.is_empty() {
            true => rows.nodes.clone(),
            false => (0..rows.nodes.len() as u32).map(|slot| 2 * slot).collect(),
        };
        let jumps = rows.jumps.as_flattened().to_vec();
        Self { edges: part.edges(), order, jumps, kept: 0, contributions: alloc::vec![0; part.slots()], part }
    }

    /// The part.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// What the device needs.
    pub fn input(&self) -> PartInput<'_> {
        let PartRows { offsets, sources, shares, outs, alpha, .. } = self.part.rows();
        let rows = Input {
            order: &self.order,
            starts: offsets,
            sources,
            shares,
            outs,
            jumps: &self.jumps,
            alpha: *alpha,
            // The heavy node judges.
            epsilon: 0,
            rounds_max: 1,
            begun: &[],
        };
        PartInput { rows, slots: self.part.slots() as u32, nodes: self.part.rows().node_count }
    }

    /// Whether the device may do the first half of a round with so many units that teleport.
    ///
    /// # Errors
    /// [`Impossible::Mass`] where that is more than these nodes have left of all mass.
    pub fn may_spread(&self, teleport: u64) -> Result<(), Impossible> {
        let is_possible = ONE.checked_sub(self.kept).is_some_and(|left| teleport <= left);
        if is_possible { Ok(()) } else { Err(Impossible::Mass) }
    }

    /// The first half is done: what each own node contributes, and what dangles.
    ///
    /// # Errors
    /// [`Wrong`] where there is not one contribution a node, or more than all mass.
    pub fn spread(&mut self, contributions: &[u32], dangling: u64) -> Result<Spread, Wrong> {
        let own = self.part.rows().nodes.len();
        if contributions.len() != own || dangling > ONE {
            return Err(Wrong);
        }
        self.contributions[..own].copy_from_slice(contributions);
        let exports = self.part.rows().exports.iter().map(|slot| contributions[*slot as usize]).collect();
        Ok(Spread { exports, dangling })
    }

    /// Whether the device may do the second half with these contributions of ghosts.
    ///
    /// # Errors
    /// [`Impossible`] where no graph has such contributions.
    pub fn may_gather(&mut self, ghosts: &[u32]) -> Result<(), Impossible> {
        let own = self.part.rows().nodes.len();
        let expected = self.contributions.len() - own;
        if ghosts.len() != expected {
            return Err(Impossible::Length { got: ghosts.len(), expected });
        }
        self.contributions[own..].copy_from_slice(ghosts);
        if part::mass(&self.contributions, &self.edges, self.part.rows().is_weighted) > u128::from(ONE) {
            return Err(Impossible::Mass);
        }
        Ok(())
    }

    /// The second half is done, and these are its sums. [`Sums::dangling`] is left 0, as [`crate::PartRounds::gather`] leaves it.
    ///
    /// # Errors
    /// [`Wrong`] where no graph has them.
    pub fn gather(&mut self, sums: shaders::rank::Sums) -> Result<Sums, Wrong> {
        let shaders::rank::Sums { received, kept, moved, .. } = sums;
        if received > ONE || kept > received || moved > 2 * ONE {
            return Err(Wrong);
        }
        self.kept = kept;
        Ok(Sums { received, kept, moved, dangling: 0 })
    }
}
