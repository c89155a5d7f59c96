// What each opcode does to a pair: core/ffcm's `rules`. Nodes that vanish are used again in place where their pair makes others: only it knows them.

// The table's opcode for two tags.
fn opcode_of(a: u32, b: u32) -> u32 {
    var table = TABLE;
    return (table[tag_of(a)] >> (4u * tag_of(b))) & 15u;
}

// How many nodes and wires a pair asks for.
fn needs(opcode: u32, a: u32, b: u32) -> vec2<u32> {
    switch opcode {
        case DISTRIBUTE: {
            return vec2<u32>(2u, 4u);
        }
        case DUPLICATE: {
            if tag_of(a) == DUP && nodes[a >> TAG_BITS].x != nodes[b >> TAG_BITS].x {
                return vec2<u32>(2u, 4u);
            }
            return vec2<u32>(0u, 0u);
        }
        case SWITCH: {
            return vec2<u32>(u32(a >> (TAG_BITS + KIND_BITS) != 0u), 0u);
        }
        case SPECIALIZE: {
            let def = program[a >> TAG_BITS];
            return vec2<u32>(program[def + DEF_NODES], program[def + DEF_WIRES]);
        }
        default: {
            return vec2<u32>(0u, 0u);
        }
    }
}

// `own` is where the pair's own nodes and wires begin among those of its workgroup.
fn reduce(opcode: u32, a: u32, b: u32, own: vec2<u32>) {
    switch opcode {
        case LINK: {
            link(a, b);
        }
        case APPLY: {
            annihilate(a, b, APPLY);
        }
        case DUPLICATE: {
            duplicate(a, b, own);
        }
        case DISTRIBUTE: {
            distribute(a, b, own);
        }
        case SUCC: {
            succ(a, b);
        }
        case SWITCH: {
            choose(a, b, own);
        }
        case COLLAPSE: {
            collapse(a, b);
        }
        default: {
            specialize(a, b, own);
        }
    }
}

fn annihilate(a: u32, b: u32, opcode: u32) {
    count(opcode);
    let x = nodes[a >> TAG_BITS];
    let y = nodes[b >> TAG_BITS];
    free_node(a >> TAG_BITS);
    free_node(b >> TAG_BITS);
    link(x.y, y.y);
    link(x.z, y.z);
}

// `a`, which is whole in itself, goes to both ports of the node at `b`.
fn spread(a: u32, b: u32, opcode: u32) {
    count(opcode);
    let y = nodes[b >> TAG_BITS];
    free_node(b >> TAG_BITS);
    link(a, y.y);
    link(a, y.z);
}

fn duplicate(a: u32, b: u32, own: vec2<u32>) {
    if tag_of(a) == DUP {
        if nodes[a >> TAG_BITS].x == nodes[b >> TAG_BITS].x {
            annihilate(a, b, DUPLICATE);
        } else {
            distribute(a, b, own);
        }
    } else if tag_of(a) == REF && program[program[a >> TAG_BITS] + DEF_IS_SAFE] == 0u {
        atomicAdd(&state[AT_UNSAFE_COPIES], 1u);
        atomicMin(&state[AT_UNSAFE_DEF], a >> TAG_BITS);
    } else {
        spread(a, b, DUPLICATE);
    }
}

fn distribute(a: u32, b: u32, own: vec2<u32>) {
    count(DISTRIBUTE);
    let x = nodes[a >> TAG_BITS];
    let y = nodes[b >> TAG_BITS];
    let w = port(VAR, wire_place(own.y));
    let v = port(VAR, wire_place(own.y + 1u));
    let u = port(VAR, wire_place(own.y + 2u));
    let t = port(VAR, wire_place(own.y + 3u));
    let other_a = node_place(own.x);
    let other_b = node_place(own.x + 1u);
    nodes[b >> TAG_BITS] = vec4<u32>(y.x, w, v, 0u);
    nodes[other_b] = vec4<u32>(y.x, u, t, 0u);
    nodes[a >> TAG_BITS] = vec4<u32>(x.x, w, u, 0u);
    nodes[other_a] = vec4<u32>(x.x, v, t, 0u);
    link(b, x.y);
    link(port(tag_of(b), other_b), x.z);
    link(a, y.y);
    link(port(tag_of(a), other_a), y.z);
}

fn succ(a: u32, b: u32) {
    count(SUCC);
    let y = nodes[b >> TAG_BITS];
    if tag_of(y.y) == NUM {
        free_node(b >> TAG_BITS);
        link(port(NUM, operate(a >> TAG_BITS, y.y >> TAG_BITS)), y.z);
    } else {
        // The number waits in the operator for the other one.
        nodes[b >> TAG_BITS] = vec4<u32>(y.x, a, y.z, 0u);
        link(y.y, b);
    }
}

// `b` holds two branches as `(zero succ)` and the way on: zero gets the way, or succ gets the predecessor and the way.
fn choose(a: u32, b: u32, own: vec2<u32>) {
    count(SWITCH);
    let y = nodes[b >> TAG_BITS];
    let value = a >> (TAG_BITS + KIND_BITS);
    if value == 0u {
        nodes[b >> TAG_BITS] = vec4<u32>(0u, y.z, ERA, 0u);
    } else {
        let call = node_place(own.x);
        nodes[call] = vec4<u32>(0u, port(NUM, with_value(value - 1u, U24)), y.z, 0u);
        nodes[b >> TAG_BITS] = vec4<u32>(0u, ERA, port(CON, call), 0u);
    }
    link(port(CON, b >> TAG_BITS), y.y);
}

fn collapse(a: u32, b: u32) {
    if (b & IS_NODE) != 0u {
        spread(a, b, COLLAPSE);
    } else {
        count(COLLAPSE);
    }
}

// Where a port of a definition leads in this copy of it.
fn placed(port_there: u32, own: vec2<u32>) -> u32 {
    let value = port_there >> TAG_BITS;
    if tag_of(port_there) == VAR {
        return port(VAR, wire_place(own.y + value));
    }
    if (port_there & IS_NODE) != 0u {
        return port(tag_of(port_there), node_place(own.x + value));
    }
    return port_there;
}

fn specialize(a: u32, b: u32, own: vec2<u32>) {
    count(SPECIALIZE);
    let def = program[a >> TAG_BITS];
    var at = def + DEF_BODY;
    for (var node = 0u; node < program[def + DEF_NODES]; node += 1u) {
        let first = placed(program[at + 1u], own);
        let second = placed(program[at + 2u], own);
        nodes[node_place(own.x + node)] = vec4<u32>(program[at], first, second, 0u);
        at += 3u;
    }
    for (var pair = 0u; pair < program[def + DEF_PAIRS]; pair += 1u) {
        link(placed(program[at], own), placed(program[at + 1u], own));
        at += 2u;
    }
    link(placed(program[def + DEF_ROOT], own), b);
}
