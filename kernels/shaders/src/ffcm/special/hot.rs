//! Which definitions a net calls: counted, in its first rounds, which the twins reduce.

use crate::ffcm::{
    Input,
    cpu::{Memory, narrow, settle, wide},
    stopped,
};
use alloc::vec::Vec;

/// After so many calls no more are counted.
pub const CALLS_COUNTED_MAX: u32 = 1 << 12;
/// After so many interactions neither.
const INTERACTIONS_MAX: u64 = 1 << 15;
/// Room for so many nodes and wires beside the first ones.
const ROOM: u32 = 1 << 14;

/// The definitions that a net calls in its first rounds, those that it calls most first.
///
/// Definitions that are called less than a hundredth of the time are left out: compiling them takes longer than they do.
pub fn hot(input: &Input<'_>) -> Vec<u32> {
    let before: u64 = input.counts.iter().sum();
    let interactions_max = input.interactions_max.min(before.saturating_add(INTERACTIONS_MAX));
    let begun = Input { interactions_max, ..*input };
    let room = |first: usize, most: u32| (first as u32).saturating_add(ROOM).min(most);
    let nodes_max = room(input.nodes.len(), input.nodes_max);
    let wires_max = room(input.wires.len(), input.wires_max);
    let mut memory = Memory::new(&begun, nodes_max, wires_max, 65_535);
    let calls = |memory: &Memory<'_>| memory.calls.values().sum::<u32>();
    while memory.known().stopped == stopped::STOPPED_NOT && calls(&memory) < CALLS_COUNTED_MAX {
        wide(&mut memory, |_| {});
        narrow(&mut memory);
        settle(&mut memory);
    }
    let all = calls(&memory);
    let mut hot: Vec<_> = memory.calls.into_iter().filter(|(_, calls)| 100 * calls >= all).collect();
    // Those called as often as each other by their numbers, so that a net always gives the same text.
    hot.sort_by_key(|(def, calls)| (u32::MAX - calls, *def));
    hot.into_iter().map(|(def, _)| def).collect()
}
