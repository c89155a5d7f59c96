//! What a node's measurement looks like to the scheme that shares it.

/// Most bits of one component: what every scheme can carry.
pub const BITS_MAX: u8 = 62;
/// Most components of a measurement.
pub const LENGTH_MAX: u32 = 2_048;

/// The form of a node's measurement: so many unsigned integers of so many bits.
///
/// `bits` is the least with which the largest component of an honest node can be written. A scheme that
/// proves inputs valid proves them less than 2^bits, which may be almost twice that largest component; and all components
/// share one `bits`, also those that are smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How many components, at least 1 and at most [`LENGTH_MAX`].
    pub length: u32,
    /// Each component is less than 2^bits; at least 1 and at most [`BITS_MAX`].
    pub bits: u8,
    /// Whether exactly one component is 1 and the others 0.
    pub one_hot: bool,
}

impl Layout {
    /// The largest total of a component that `participants_max` valid measurements can have.
    pub const fn total_max(self, participants_max: u32) -> u128 {
        participants_max as u128 * ((1 << self.bits) - 1)
    }
}
