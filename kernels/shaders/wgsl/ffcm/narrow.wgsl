// Rounds of few pairs: one workgroup does many of them one after another, with its own barrier between them, since a dispatch takes longer than such a round.

// How many pairs the round has; 0 if the rounds end here.
var<workgroup> pairs_now: u32;

// The rounds end where one has many pairs.
fn narrowed(pairs: u32) -> u32 {
    return select(0u, pairs, pairs <= NARROW_PAIRS);
}

@compute @workgroup_size(LANES)
fn narrow(@builtin(local_invocation_index) lane: u32) {
    look(lane);
    if lane == 0u {
        pairs_now = select(0u, narrowed(known[AT_PAIRS]), known[AT_STOPPED] == STOPPED_NOT);
    }
    var steps = 0u;
    for (var round = 0u; round < NARROW_ROUNDS; round += 1u) {
        let pairs = workgroupUniformLoad(&pairs_now);
        if pairs == 0u {
            break;
        }
        tile(lane, lane);
        storageBarrier();
        workgroupBarrier();
        look(lane);
        if lane == 0u {
            steps += atomicLoad(&asked[0]) + atomicLoad(&asked[1]);
            steps += atomicLoad(&left[0]) + atomicLoad(&left[1]) + atomicLoad(&left[2]);
            pairs_now = select(0u, narrowed(end_round()), steps < NARROW_STEPS);
        }
        storageBarrier();
    }
    if lane == 0u {
        atomicStore(&state[AT_IS_ENDED], 1u);
    }
}
