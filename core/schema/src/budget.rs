//! A bound on work that is made of many small pieces.

use core::cell::Cell;

/// Steps that a whole piece of work may take, however many records and expressions it is made of. Who does a part of it spends; who drives it
/// looks whether it [is spent](Budget::is_spent) and then stops.
#[derive(Debug)]
pub struct Budget {
    left: Cell<u64>,
}

impl Budget {
    /// So many steps.
    pub const fn new(steps: u64) -> Self {
        Self { left: Cell::new(steps) }
    }

    /// More steps than anything takes, for what is bounded in another way.
    pub const fn endless() -> Self {
        Self::new(u64::MAX)
    }

    /// Takes `steps`, or all that is left; whether anything is left.
    pub fn spend(&self, steps: u64) -> bool {
        self.left.set(self.left.get().saturating_sub(steps));
        !self.is_spent()
    }

    /// Whether nothing is left.
    pub const fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// `most` steps, or as many as are left.
    pub(crate) fn of(&self, most: u32) -> u32 {
        u32::try_from(self.left.get()).map_or(most, |left| left.min(most))
    }
}
