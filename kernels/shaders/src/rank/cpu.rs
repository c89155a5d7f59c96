//! Twins of the kernels, with their names and their bindings: what a dispatch over all workgroups leaves behind.

use super::{
    BLOCK, Course, EXPONENT_MAX, LOG_ROUNDS, Level, MANTISSA_BITS, ONE_BITS, Part, SPAN, State, TILE,
};
use crate::pair::{
    Pair, add, bits, distance_of, divided, is_less, number, pair, product, shifted_left, shifted_right, sub,
};

const MANTISSA: u32 = (1 << MANTISSA_BITS) - 1;
const ZERO: Pair = [0, 0];

/// The units of a contribution.
pub const fn decode(contribution: u32) -> Pair {
    shifted_left([contribution & MANTISSA, 0], contribution >> MANTISSA_BITS)
}

/// The greatest contribution that is at most `units`.
pub const fn encode(units: Pair) -> u32 {
    let width = bits(units);
    if width <= MANTISSA_BITS {
        return units[0];
    }
    let exponent = width - MANTISSA_BITS;
    if exponent > EXPONENT_MAX {
        return u32::MAX;
    }
    exponent << MANTISSA_BITS | shifted_right(units, exponent)[0]
}

/// The part of a contribution that goes along an edge with this share.
pub const fn weigh(contribution: u32, edge_share: u32) -> Pair {
    let whole = shifted_left(product(contribution & MANTISSA, edge_share & MANTISSA), 4);
    shifted_right(whole, EXPONENT_MAX - (contribution >> MANTISSA_BITS) + (edge_share >> MANTISSA_BITS))
}

/// α · units.
pub const fn followed(units: Pair, alpha: u32) -> Pair {
    add(product(units[1], alpha), [product(units[0], alpha)[1], 0])
}

/// units · factor / 2⁵⁸, both at most 2⁵⁸.
pub const fn scale(units: Pair, factor: Pair) -> Pair {
    let lowest = product(units[0], factor[0]);
    let cross = product(units[0], factor[1]);
    let other = product(units[1], factor[0]);
    let highest = product(units[1], factor[1]);
    let middle = add(add(cross, other), [lowest[1], 0]);
    let high = add(highest, [middle[1], 0]);
    [middle[0] >> 26 | high[0] << 6, high[0] >> 26 | high[1] << 6]
}

/// What teleports to a node.
pub fn jump(part: &Part, state: &State, jumps: &[Pair], node: u32) -> Pair {
    if part.by_stake == 0 {
        let more = u32::from(node < state.surplus);
        return add([state.even_low, state.even_high], [more, 0]);
    }
    let teleport = [state.teleport_low, state.teleport_high];
    let node = node as usize;
    sub(scale(teleport, jumps[node + 1]), scale(teleport, jumps[node]))
}

/// SPEC.md, "A round", 1.
#[expect(clippy::too_many_arguments, reason = "one a binding of its twin")]
pub fn spread(
    part: &Part,
    state: &State,
    kept: &[Pair],
    order: &[u32],
    outs: &[u32],
    jumps: &[Pair],
    contributions: &mut [u32],
    partials: &mut [Pair],
) {
    if state.is_over != 0 {
        return;
    }
    for span in 0..part.spans {
        let mut dangling = ZERO;
        for row in span * SPAN..part.rows.min((span + 1) * SPAN) {
            let mass = add(kept[row as usize], jump(part, state, jumps, order[row as usize]));
            let contribution = match outs[row as usize] {
                0 => {
                    dangling = add(dangling, mass);
                    0
                }
                _ if part.is_weighted != 0 => encode(mass),
                edges => encode(divided(mass, edges)),
            };
            contributions[(part.first_row + row) as usize] = contribution;
        }
        partials[4 * (part.first_span + span) as usize] = dangling;
    }
}

/// SPEC.md, "A round", 2, first half: running sums over a part's edges, beginning at 0 in each tile.
#[expect(clippy::too_many_arguments, reason = "one a binding of its twin")]
pub fn gather(
    part: &Part,
    state: &State,
    starts: &[u32],
    tile_rows: &[u32],
    sources: &[u32],
    shares: &[u32],
    contributions: &[u32],
    sums: &mut [Pair],
    tiles: &mut [Pair],
) {
    if state.is_over != 0 {
        return;
    }
    for tile in 0..part.tiles {
        let mut running = [ZERO; TILE as usize];
        let mut sum = ZERO;
        for (at, slot) in (tile * TILE..).zip(&mut running) {
            *slot = sum;
            if at < part.edges {
                let contribution = contributions[sources[at as usize] as usize];
                let units = match part.is_weighted {
                    0 => decode(contribution),
                    _ => weigh(contribution, shares[at as usize]),
                };
                sum = add(sum, units);
            }
        }
        for row in tile_rows[tile as usize]..tile_rows[tile as usize + 1] {
            sums[row as usize] = running[(starts[row as usize] - tile * TILE) as usize];
        }
        tiles[tile as usize] = sum;
    }
}

/// Running sums within each block, and the blocks' totals.
pub fn scan(level: &Level, state: &State, values: &mut [Pair], totals: &mut [Pair]) {
    if state.is_over != 0 {
        return;
    }
    let values = &mut values[..level.count as usize];
    for (block, total) in values.chunks_mut(BLOCK as usize).zip(totals) {
        let mut sum = ZERO;
        for value in block {
            (*value, sum) = (sum, add(sum, *value));
        }
        *total = sum;
    }
}

/// SPEC.md, "A round", 2, second half.
#[expect(clippy::too_many_arguments, reason = "one a binding of its twin")]
pub fn keep(
    part: &Part,
    state: &State,
    starts: &[u32],
    sums: &[Pair],
    tiles: &[Pair],
    blocks: &[Pair],
    kept: &mut [Pair],
    partials: &mut [Pair],
) {
    if state.is_over != 0 {
        return;
    }
    let before_row = |row: u32| {
        let tile = starts[row as usize] / TILE;
        add(add(blocks[(tile / BLOCK) as usize], tiles[tile as usize]), sums[row as usize])
    };
    for span in 0..part.spans {
        let (mut received, mut kept_now, mut moved) = (ZERO, ZERO, ZERO);
        for row in span * SPAN..part.rows.min((span + 1) * SPAN) {
            let units = sub(before_row(row + 1), before_row(row));
            let now = followed(units, part.alpha);
            let kept = &mut kept[row as usize];
            received = add(received, units);
            kept_now = add(kept_now, now);
            moved = add(moved, distance_of(now, *kept));
            *kept = now;
        }
        let at = 4 * (part.first_span + span) as usize;
        partials[at + 1] = received;
        partials[at + 2] = kept_now;
        partials[at + 3] = moved;
    }
}

/// Whether the bound of the distance is at most ε: (2·lost + change)·α + 10·n·2³² ≤ ε·(2³² − α).
pub fn is_near(course: &Course, lost: Pair, change: Pair) -> bool {
    let weight = add(add(lost, lost), change);
    let low = product(weight[0], course.alpha);
    let high = add(product(weight[1], course.alpha), [low[1], 0]);
    let upper = add(high, [course.rounding_low, course.rounding_high]);
    let goal = [course.goal_middle, course.goal_high];
    is_less(upper, goal) || (upper == goal && low[0] <= course.goal_low)
}

/// SPEC.md, "A round", 3, and the first line of "When it ends".
pub fn judge(course: &Course, partials: &[Pair], state: &mut State, history: &mut [Pair]) {
    if state.is_over != 0 {
        return;
    }
    let sum = |which: usize| {
        let spans = partials.iter().skip(which).step_by(4).take(course.spans as usize);
        spans.fold(ZERO, |sum, partial| add(sum, *partial))
    };
    let [dangling, received, kept_now, moved] = [sum(0), sum(1), sum(2), sum(3)];
    let one = pair(1 << ONE_BITS);
    let teleport = sub(one, kept_now);
    let lost = sub(sub(one, dangling), received);
    let change = add(moved, distance_of(teleport, [state.teleport_low, state.teleport_high]));
    let entry = 4 * (state.rounds % LOG_ROUNDS) as usize;
    history[entry..entry + 4].copy_from_slice(&[dangling, received, kept_now, moved]);
    let even = divided(teleport, course.nodes);
    let is_comparable = [state.teleport_low, state.teleport_high] != ZERO;
    state.rounds += 1;
    [state.teleport_low, state.teleport_high] = teleport;
    [state.even_low, state.even_high] = even;
    state.surplus = teleport[0].wrapping_sub(even[0].wrapping_mul(course.nodes));
    debug_assert_eq!(u64::from(state.surplus), number(teleport) % u64::from(course.nodes));
    if (is_comparable && is_near(course, lost, change)) || state.rounds >= course.rounds_max {
        state.is_over = 1;
    }
}
