// SPEC.md, "A round", 3, and the first line of "When it ends": one workgroup adds up all spans, writes the round down and says whether it was the last.

@group(0) @binding(0) var<uniform> course: Course;
@group(0) @binding(1) var<storage, read> partials: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> history: array<vec2<u32>>;

// Whether (2·lost + change)·α + 10·n·2³² <= ε·(2³² - α): the bound of the distance is at most ε.
fn is_near(lost: vec2<u32>, change: vec2<u32>) -> bool {
    let weight = add(add(lost, lost), change);
    let low = product(weight.x, course.alpha);
    let high = add(product(weight.y, course.alpha), vec2<u32>(low.y, 0u));
    let upper = add(high, vec2<u32>(course.rounding_low, course.rounding_high));
    let goal = vec2<u32>(course.goal_middle, course.goal_high);
    return is_less(upper, goal) || (all(upper == goal) && low.x <= course.goal_low);
}

@compute @workgroup_size(GROUP)
fn judge(@builtin(local_invocation_index) lane: u32) {
    var dangling = vec2<u32>(0u, 0u);
    var received = vec2<u32>(0u, 0u);
    var kept_now = vec2<u32>(0u, 0u);
    var moved = vec2<u32>(0u, 0u);
    for (var span = lane; span < course.spans; span += GROUP) {
        dangling = add(dangling, partials[4u * span]);
        received = add(received, partials[4u * span + 1u]);
        kept_now = add(kept_now, partials[4u * span + 2u]);
        moved = add(moved, partials[4u * span + 3u]);
    }
    dangling = summed(lane, dangling);
    received = summed(lane, received);
    kept_now = summed(lane, kept_now);
    moved = summed(lane, moved);
    if lane != 0u || state.is_over != 0u {
        return;
    }
    let one = vec2<u32>(0u, ONE_HIGH);
    let teleport = sub(one, kept_now);
    let lost = sub(sub(one, dangling), received);
    let change = add(moved, distance_of(teleport, vec2<u32>(state.teleport_low, state.teleport_high)));
    let entry = 4u * (state.rounds % LOG_ROUNDS);
    history[entry] = dangling;
    history[entry + 1u] = received;
    history[entry + 2u] = kept_now;
    history[entry + 3u] = moved;
    let even = divided(teleport, course.nodes);
    // Nothing teleports before the first round of a solve that begins near π, and then alone: that round is compared with nothing.
    let is_comparable = (state.teleport_low | state.teleport_high) != 0u;
    state.rounds += 1u;
    state.teleport_low = teleport.x;
    state.teleport_high = teleport.y;
    state.even_low = even.x;
    state.even_high = even.y;
    state.surplus = teleport.x - even.x * course.nodes;
    if (is_comparable && is_near(lost, change)) || state.rounds >= course.rounds_max {
        state.is_over = 1u;
    }
}
