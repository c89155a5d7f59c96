// Rounds of few pairs: one workgroup does many of them one after another, with its own barrier between them, since a dispatch takes longer than such a round.

// What one lane knows and all go by: how many pairs the round has, 0 if the rounds end here.
var<workgroup> pairs_now: u32;

@compute @workgroup_size(GROUP)
fn narrow(@builtin(local_invocation_index) lane: u32) {
    for (var round = 0u; round < NARROW_ROUNDS; round += 1u) {
        if lane == 0u {
            let pairs = atomicLoad(&state[AT_PAIRS]);
            let is_narrow = atomicLoad(&state[AT_STOPPED]) == STOPPED_NOT && pairs <= NARROW_PAIRS;
            pairs_now = select(0u, pairs, is_narrow);
        }
        let pairs = workgroupUniformLoad(&pairs_now);
        if pairs == 0u {
            break;
        }
        for (var first = 0u; first < pairs; first += GROUP) {
            tile(first + lane, lane);
            storageBarrier();
            workgroupBarrier();
        }
        if lane == 0u {
            end_round();
        }
        storageBarrier();
        workgroupBarrier();
    }
    if lane == 0u {
        atomicStore(&state[AT_IS_ENDED], 1u);
    }
}
