// Ends a round of many pairs, and says how the next one is done.

@group(0) @binding(0) var<uniform> course: Course;
@group(0) @binding(1) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> workgroups: array<u32>;

// How many workgroups the wide and the narrow kernel get.
fn arrange(pairs: u32) {
    let is_narrow = pairs <= NARROW_PAIRS;
    let groups = select((pairs + GROUP - 1u) / GROUP, 0u, is_narrow);
    let width = min(groups, course.groups_max);
    workgroups[0] = width;
    workgroups[1] = (groups + max(width, 1u) - 1u) / max(width, 1u);
    workgroups[2] = 1u;
    workgroups[3] = u32(is_narrow && pairs > 0u);
    workgroups[4] = 1u;
    workgroups[5] = 1u;
}

@compute @workgroup_size(LANES)
fn settle(@builtin(local_invocation_index) lane: u32) {
    look(lane);
    if lane != 0u {
        return;
    }
    var pairs = select(0u, known[AT_PAIRS], known[AT_STOPPED] == STOPPED_NOT);
    if pairs > 0u && known[AT_IS_ENDED] == 0u {
        pairs = end_round();
    }
    atomicStore(&state[AT_IS_ENDED], 0u);
    arrange(pairs);
}
