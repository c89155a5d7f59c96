// A workgroup reduces a pair a lane. It asks for all their places at once, and writes all that they leave at once: one atomic operation on what all
// workgroups share, in place of one a lane.

fn begin_tile(lane: u32) {
    if lane == 0u {
        now = vec2<u32>(atomicLoad(&state[AT_PAIRS]), atomicLoad(&state[AT_IS_ODD]));
    }
    if lane < 2u {
        atomicStore(&asked[lane], 0u);
    }
    if lane < 3u {
        atomicStore(&left[lane], 0u);
    }
    if lane < COUNTERS {
        atomicStore(&counted[lane], 0u);
    }
    workgroupBarrier();
}

// All lanes call it together; those past the last pair have none.
fn tile(at: u32, lane: u32) {
    begin_tile(lane);
    let is_there = at < now.x;
    var a = ERA;
    var b = ERA;
    var opcode = LINK;
    var need = vec2<u32>(0u, 0u);
    var variant = PLAIN;
    var own = vec2<u32>(0u, 0u);
    if is_there {
        var pair: vec2<u32>;
        if now.y == 0u {
            pair = even_pairs[at];
        } else {
            pair = odd_pairs[at];
        }
        let is_ordered = tag_of(pair.x) <= tag_of(pair.y);
        a = select(pair.y, pair.x, is_ordered);
        b = select(pair.x, pair.y, is_ordered);
        opcode = opcode_of(a, b);
        let asks = needs(opcode, a, b);
        need = asks.xy;
        variant = asks.z;
        if need.x > 0u {
            own.x = atomicAdd(&asked[0], need.x);
        }
        if need.y > 0u {
            own.y = atomicAdd(&asked[1], need.y);
        }
    }
    workgroupBarrier();
    if lane == 0u {
        claims[0] = claim(AT_NODES_HEAD, atomicLoad(&asked[0]), course.nodes_max);
    } else if lane == 1u {
        claims[1] = claim(AT_WIRES_HEAD, atomicLoad(&asked[1]), course.wires_max);
    }
    workgroupBarrier();
    if is_there {
        let got = vec2<u32>(claims[0].y + claims[0].w, claims[1].y + claims[1].w);
        let has_nodes = need.x == 0u || own.x + need.x <= got.x;
        let has_wires = need.y == 0u || own.y + need.y <= got.y;
        if has_nodes && has_wires {
            reduce(opcode, variant, a, b, own, need);
        } else {
            wait(a, b, own, min(own + need, got), vec2<bool>(has_nodes, has_wires));
        }
    }
    workgroupBarrier();
    if lane == 0u {
        places[0] = leave(AT_NEXT, atomicLoad(&left[0]), LEFT_PAIRS);
    } else if lane == 1u {
        places[1] = leave(AT_NODES_TAIL, atomicLoad(&left[1]), LEFT_NODES);
    } else if lane == 2u {
        places[2] = leave(AT_WIRES_TAIL, atomicLoad(&left[2]), LEFT_WIRES);
    }
    if lane < COUNTERS {
        let done = atomicLoad(&counted[lane]);
        let low = AT_COUNTS + 2u * lane;
        if done > 0u && atomicAdd(&state[low], done) > ~done {
            atomicAdd(&state[low + 1u], 1u);
        }
    }
    workgroupBarrier();
    for (var index = lane; index < min(atomicLoad(&left[0]), LEFT_PAIRS); index += LANES) {
        write_pair(places[0] + index, left_pairs[index]);
    }
    for (var index = lane; index < min(atomicLoad(&left[1]), LEFT_NODES); index += LANES) {
        write_free_node(places[1] + index, left_nodes[index]);
    }
    for (var index = lane; index < min(atomicLoad(&left[2]), LEFT_WIRES); index += LANES) {
        write_free_wire(places[2] + index, left_wires[index]);
    }
}

// Room for what was gathered.
fn leave(at: u32, count: u32, most: u32) -> u32 {
    if count == 0u {
        return 0u;
    }
    return atomicAdd(&state[at], min(count, most));
}

// There is no room for what the pair makes: it waits for the next round, and gives back the places that it got.
fn wait(a: u32, b: u32, own: vec2<u32>, end: vec2<u32>, has: vec2<bool>) {
    for (var index = own.x; index < end.x; index += 1u) {
        free_node(node_place(index));
    }
    for (var index = own.y; index < end.y; index += 1u) {
        free_wire(wire_place(index));
    }
    atomicAdd(&state[AT_WAITING], 1u);
    atomicOr(&state[AT_SHORT_OF], select(SHORT_OF_NODES, 0u, has.x) | select(SHORT_OF_WIRES, 0u, has.y));
    push(a, b);
}
