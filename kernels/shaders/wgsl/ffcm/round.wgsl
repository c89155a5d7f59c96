// The end of a round. Free places stand in a ring: a round takes them from its head, up to where it was ready when the round began, and puts at its tail
// what it frees. So nothing that a round frees is used again before its end, which is the only barrier that there is between workgroups.

// The state as it was when all lanes looked.
var<workgroup> known: array<u32, STATE_WORDS>;

// All lanes call it together: each reads a few words, since one alone would wait for one after another.
fn look(lane: u32) {
    for (var at = lane; at < STATE_WORDS; at += LANES) {
        known[at] = atomicLoad(&state[at]);
    }
    workgroupBarrier();
}

// Where a slot of a ring of twice so many places is.
fn slot(position: u32, most: u32) -> u32 {
    return select(position, position - 2u * most, position >= 2u * most);
}

// What was freed is ready; who asked for more than there was has run past the end.
fn settle_places(at: u32, most: u32) {
    let tail = known[at + TAIL];
    let head = min(known[at + HEAD], known[at + READY]);
    let turn = select(0u, 2u * most, head >= 2u * most);
    atomicStore(&state[at + HEAD], head - turn);
    atomicStore(&state[at + READY], tail - turn);
    atomicStore(&state[at + TAIL], tail - turn);
    atomicStore(&state[at + FRESH], min(known[at + FRESH], most));
}

// All interactions so far.
fn interactions() -> vec2<u32> {
    var sum = vec2<u32>(0u, 0u);
    for (var opcode = 1u; opcode < OPCODES; opcode += 1u) {
        let at = AT_COUNTS + 2u * opcode;
        sum = add(sum, vec2<u32>(known[at], known[at + 1u]));
    }
    return sum;
}

// One lane does it, once all have looked after the round's last pair. Gives how many pairs the next round has.
fn end_round() -> u32 {
    settle_places(AT_NODES_HEAD, course.nodes_max);
    settle_places(AT_WIRES_HEAD, course.wires_max);
    let next = known[AT_NEXT];
    atomicStore(&state[AT_PAIRS], next);
    atomicStore(&state[AT_NEXT], 0u);
    atomicStore(&state[AT_WAITING], 0u);
    atomicStore(&state[AT_IS_ODD], 1u - known[AT_IS_ODD]);
    atomicStore(&state[AT_ROUNDS], known[AT_ROUNDS] + 1u);
    atomicStore(&state[AT_WIDEST], max(known[AT_WIDEST], next));
    var reason = STOPPED_NOT;
    if next == 0u {
        reason = STOPPED_DONE;
    } else if known[AT_WAITING] == known[AT_PAIRS] {
        reason = STOPPED_FULL;
    } else if !is_less(interactions(), vec2<u32>(course.interactions_low, course.interactions_high)) {
        reason = STOPPED_CAPPED;
    }
    atomicStore(&state[AT_STOPPED], reason);
    return select(0u, next, reason == STOPPED_NOT);
}
