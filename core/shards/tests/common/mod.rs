//! What tests of rankings have in common.

use shards::{Order, Written};

/// Most simulated time that a ranking takes here.
pub(crate) const MS_MAX: u64 = 3_600_000;

/// An order of a graph in so many parts.
pub(crate) fn order(shards: u32) -> Order {
    Order {
        name: "a graph".into(),
        written: Written::EdgeList,
        alpha: rank::Alpha::USUAL.parts(),
        epsilon: rank::Epsilon::MILLIONTH.units(),
        rounds_max: rank::ROUNDS_MAX,
        nodes: 0,
        ignore_weights: false,
        shards,
        alone: false,
        patience_ms: MS_MAX,
    }
}
