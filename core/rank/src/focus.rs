//! The focus vector π, and its name.

use crate::fixed::ONE;
use alloc::vec::Vec;
use codec::ContentId;

/// Nodes of a slice.
pub const SLICE_NODES: usize = 1 << 16;
/// What the root of all slices begins with.
const DOMAIN: &[u8] = b"formix/rank/pi/1\0";

/// A focus vector: how much of all mass each node holds, in units of 2⁻⁵⁸.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Focus {
    values: Vec<u64>,
}

impl Focus {
    pub(crate) fn new(values: Vec<u64>) -> Self {
        Self { values }
    }

    /// A focus vector of these units, `None` unless they are [`ONE`] in all, or none.
    pub fn from_units(values: Vec<u64>) -> Option<Self> {
        let mass: u128 = values.iter().map(|value| u128::from(*value)).sum();
        (values.is_empty() || mass == u128::from(ONE)).then_some(Self { values })
    }

    /// The units of each node.
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// All mass, in units: [`ONE`] of a solve's, or 0 of the empty graph's.
    pub fn mass(&self) -> u64 {
        self.values.iter().sum()
    }

    /// ‖π − other‖₁, in units; a node that one of them does not have counts as 0 there.
    pub fn distance(&self, other: &Self) -> u64 {
        let (short, long) =
            if self.values.len() < other.values.len() { (self, other) } else { (other, self) };
        let (common, rest) = long.values.split_at(short.values.len());
        let differing: u64 = common.iter().zip(&short.values).map(|(a, b)| a.abs_diff(*b)).sum();
        differing + rest.iter().sum::<u64>()
    }

    /// The `count` nodes of the greatest mass with their units, the greatest first, equal ones by id.
    pub fn top(&self, count: usize) -> Vec<(u32, u64)> {
        let mut nodes: Vec<(u32, u64)> = (0..).zip(self.values.iter().copied()).collect();
        let order = |a: &(u32, u64), b: &(u32, u64)| b.1.cmp(&a.1).then(a.0.cmp(&b.0));
        if count < nodes.len() {
            nodes.select_nth_unstable_by(count, order);
            nodes.truncate(count);
        }
        nodes.sort_unstable_by(order);
        nodes
    }

    /// The ids of the slices: of [`SLICE_NODES`] nodes each, eight bytes a node, little-endian.
    pub fn slices(&self) -> impl Iterator<Item = ContentId> + '_ {
        self.values.chunks(SLICE_NODES).map(|slice| {
            let bytes: Vec<u8> = slice.iter().flat_map(|value| value.to_le_bytes()).collect();
            ContentId::of(&bytes)
        })
    }

    /// The name of this vector: the id of a fixed word, the number of nodes, and the digests of all slices.
    pub fn digest(&self) -> ContentId {
        let mut bytes = Vec::from(DOMAIN);
        bytes.extend_from_slice(&(self.values.len() as u64).to_le_bytes());
        for slice in self.slices() {
            bytes.extend_from_slice(slice.digest());
        }
        ContentId::of(&bytes)
    }
}

/// `units` of 2⁻⁵⁸ as a decimal with `digits` digits behind the point, at most 18, rounded to the nearest.
pub fn decimal(units: u64, digits: u32) -> alloc::string::String {
    let ten = 10_u128.pow(digits.min(18));
    let scaled = (u128::from(units) * ten + u128::from(ONE / 2)) / u128::from(ONE);
    match digits.min(18) {
        0 => alloc::format!("{scaled}"),
        width => alloc::format!("{}.{:0width$}", scaled / ten, scaled % ten, width = width as usize),
    }
}
