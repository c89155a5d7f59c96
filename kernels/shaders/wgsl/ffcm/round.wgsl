// The end of a round. Free places stand in a ring: a round takes them from its head, up to where it was ready when the round began, and puts at its tail
// what it frees. So nothing that a round frees is used again before its end, which is the only barrier that there is between workgroups.

// Where a slot of a ring of twice so many places is.
fn slot(position: u32, most: u32) -> u32 {
    return select(position, position - 2u * most, position >= 2u * most);
}

// What was freed is ready; who asked for more than there was has run past the end.
fn settle_places(at: u32, most: u32) {
    let tail = atomicLoad(&state[at + TAIL]);
    let head = min(atomicLoad(&state[at + HEAD]), atomicLoad(&state[at + READY]));
    let turn = select(0u, 2u * most, head >= 2u * most);
    atomicStore(&state[at + HEAD], head - turn);
    atomicStore(&state[at + READY], tail - turn);
    atomicStore(&state[at + TAIL], tail - turn);
    atomicStore(&state[at + FRESH], min(atomicLoad(&state[at + FRESH]), most));
}

// All interactions so far.
fn interactions() -> vec2<u32> {
    var sum = vec2<u32>(0u, 0u);
    for (var opcode = 1u; opcode < OPCODES; opcode += 1u) {
        let at = AT_COUNTS + 2u * opcode;
        sum = add(sum, vec2<u32>(atomicLoad(&state[at]), atomicLoad(&state[at + 1u])));
    }
    return sum;
}

// One lane does it, once all pairs of the round are reduced or wait.
fn end_round() {
    settle_places(AT_NODES_HEAD, course.nodes_max);
    settle_places(AT_WIRES_HEAD, course.wires_max);
    let pairs = atomicLoad(&state[AT_PAIRS]);
    let next = atomicLoad(&state[AT_NEXT]);
    let waiting = atomicLoad(&state[AT_WAITING]);
    atomicStore(&state[AT_PAIRS], next);
    atomicStore(&state[AT_NEXT], 0u);
    atomicStore(&state[AT_WAITING], 0u);
    atomicStore(&state[AT_IS_ODD], 1u - atomicLoad(&state[AT_IS_ODD]));
    atomicAdd(&state[AT_ROUNDS], 1u);
    atomicMax(&state[AT_WIDEST], next);
    if next == 0u {
        atomicStore(&state[AT_STOPPED], STOPPED_DONE);
    } else if waiting == pairs {
        atomicStore(&state[AT_STOPPED], STOPPED_FULL);
    } else if !is_less(interactions(), vec2<u32>(course.interactions_low, course.interactions_high)) {
        atomicStore(&state[AT_STOPPED], STOPPED_CAPPED);
    }
}
