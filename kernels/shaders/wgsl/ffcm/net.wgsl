// Ports, wires, places, and what a workgroup gathers before it writes it down in one go. A node belongs to the pair that its principal port is in, so
// it is read and written plainly. Only a wire is shared, between the two that hold its ends.

@group(0) @binding(0) var<uniform> course: Course;
@group(0) @binding(1) var<storage, read> program: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> nodes: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> wires: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read_write> free_nodes: array<u32>;
@group(0) @binding(6) var<storage, read_write> free_wires: array<u32>;
@group(0) @binding(7) var<storage, read_write> even_pairs: array<vec2<u32>>;
@group(0) @binding(8) var<storage, read_write> odd_pairs: array<vec2<u32>>;

// How many pairs the round has, and 1 where they stand in the odd queue.
var<workgroup> now: vec2<u32>;
// What the lanes ask for together: nodes, wires.
var<workgroup> asked: array<atomic<u32>, 2>;
// What they got, of each: its first position in the ring, how many from there, the first fresh place, how many from there.
var<workgroup> claims: array<vec4<u32>, 2>;
// What they did, by opcode, and then how often definitions were expanded that are code.
var<workgroup> counted: array<atomic<u32>, COUNTERS>;
// How many pairs, nodes and wires they leave; those that fit are gathered, for one place each in a queue or ring.
var<workgroup> left: array<atomic<u32>, 3>;
var<workgroup> places: array<u32, 3>;
var<workgroup> left_pairs: array<vec2<u32>, LEFT_PAIRS>;
var<workgroup> left_nodes: array<u32, LEFT_NODES>;
var<workgroup> left_wires: array<u32, LEFT_WIRES>;

fn port(tag: u32, value: u32) -> u32 {
    return (value << TAG_BITS) | tag;
}

fn tag_of(port: u32) -> u32 {
    return port & TAG;
}

fn write_pair(at: u32, pair: vec2<u32>) {
    if now.y == 0u {
        odd_pairs[at] = pair;
    } else {
        even_pairs[at] = pair;
    }
}

fn write_free_node(position: u32, node: u32) {
    free_nodes[slot(position, course.nodes_max)] = node;
}

fn write_free_wire(position: u32, wire: u32) {
    free_wires[slot(position, course.wires_max)] = wire;
}

// Keeps a pair for the next round.
fn push(a: u32, b: u32) {
    let at = atomicAdd(&left[0], 1u);
    if at < LEFT_PAIRS {
        left_pairs[at] = vec2<u32>(a, b);
    } else {
        write_pair(atomicAdd(&state[AT_NEXT], 1u), vec2<u32>(a, b));
    }
}

fn free_node(node: u32) {
    let at = atomicAdd(&left[1], 1u);
    if at < LEFT_NODES {
        left_nodes[at] = node;
    } else {
        write_free_node(atomicAdd(&state[AT_NODES_TAIL], 1u), node);
    }
}

// Nobody else holds an end of it. What empties it need not arrive before the round ends, since it is not used again until then.
fn free_wire(wire: u32) {
    atomicStore(&wires[wire], ~NONE);
    let at = atomicAdd(&left[2], 1u);
    if at < LEFT_WIRES {
        left_wires[at] = wire;
    } else {
        write_free_wire(atomicAdd(&state[AT_WIRES_TAIL], 1u), wire);
    }
}

// Takes as many as there are of so many places: from the ring first, whose memory was used lately. It looks before it asks, so that positions do not run
// far past the end.
fn claim(at: u32, count: u32, most: u32) -> vec4<u32> {
    var claimed = vec4<u32>(0u, 0u, 0u, 0u);
    let ready = atomicLoad(&state[at + READY]);
    if count > 0u && atomicLoad(&state[at + HEAD]) < ready {
        claimed.x = atomicAdd(&state[at + HEAD], count);
        claimed.y = min(count, max(ready, claimed.x) - claimed.x);
    }
    let rest = count - claimed.y;
    if rest > 0u && atomicLoad(&state[at + FRESH]) < most {
        claimed.z = atomicAdd(&state[at + FRESH], rest);
        claimed.w = min(rest, max(most, claimed.z) - claimed.z);
    }
    return claimed;
}

// The places of a workgroup's nodes and wires, counted from 0.
fn node_place(index: u32) -> u32 {
    let claimed = claims[0];
    if index < claimed.y {
        return free_nodes[slot(claimed.x + index, course.nodes_max)];
    }
    return claimed.z + index - claimed.y;
}

fn wire_place(index: u32) -> u32 {
    let claimed = claims[1];
    if index < claimed.y {
        return free_wires[slot(claimed.x + index, course.wires_max)];
    }
    return claimed.z + index - claimed.y;
}

fn count(opcode: u32) {
    atomicAdd(&counted[opcode], 1u);
}

// Joins two ports. Wait-free: each exchange either leaves a port for whoever comes with the other end, or gets what was left and frees the wire. A
// chain that is very long goes on in the next round.
fn link(first: u32, second: u32) {
    var a = first;
    var b = second;
    for (var steps = 0u; steps < LINKS_MAX; steps += 1u) {
        if tag_of(a) != VAR {
            if tag_of(b) != VAR {
                face(a, b);
                return;
            }
            let other = a;
            a = b;
            b = other;
        }
        // Wires hold complements, so that a buffer of zeros is one of empty wires.
        let waiting = ~atomicExchange(&wires[a >> TAG_BITS], ~b);
        if waiting == NONE {
            return;
        }
        free_wire(a >> TAG_BITS);
        a = waiting;
    }
    push(a, b);
}

// Two principal ports face each other. Of two atoms nothing is left.
fn face(a: u32, b: u32) {
    if ((a | b) & IS_NODE) == 0u {
        count(COLLAPSE);
    } else {
        push(a, b);
    }
}
