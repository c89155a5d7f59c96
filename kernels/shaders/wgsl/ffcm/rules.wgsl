// What each opcode does to a pair: core/ffcm's `rules`. Nodes that vanish are used again in place where their pair makes others: only it knows them. All that
// opcodes join is joined in one place, so that lanes with different opcodes do that together.

// The opcode of two ports, of which the first has the lower tag. Duplicators with different labels pass through each other.
fn opcode_of(a: u32, b: u32) -> u32 {
    var table = TABLE;
    let opcode = (table[tag_of(a)] >> (4u * tag_of(b))) & 15u;
    let is_equal = opcode != DUPLICATE || tag_of(a) != DUP || nodes[a >> TAG_BITS].x == nodes[b >> TAG_BITS].x;
    return select(DISTRIBUTE, opcode, is_equal);
}

// What a definition that is code leaves to be joined, how many pairs of ports these are, and what it did: eight bits an opcode.
struct Outcome {
    firsts: vec4<u32>,
    seconds: vec4<u32>,
    more_firsts: vec4<u32>,
    more_seconds: vec4<u32>,
    links: u32,
    counts: vec2<u32>,
}

// How many nodes and wires a pair asks for, and in which variant its definition is expanded.
fn needs(opcode: u32, a: u32, b: u32) -> vec3<u32> {
    switch opcode {
        case DISTRIBUTE: {
            return vec3<u32>(2u, 4u, PLAIN);
        }
        case SWITCH: {
            return vec3<u32>(u32(a >> (TAG_BITS + KIND_BITS) != 0u), 0u, PLAIN);
        }
        case SPECIALIZE: {
            return variant_of(a >> TAG_BITS, b);
        }
        default: {
            return vec3<u32>(0u, 0u, PLAIN);
        }
    }
}

// Of a definition that is read.
fn unchosen(def: u32) -> vec3<u32> {
    let at = program[def];
    return vec3<u32>(program[at + DEF_NODES], program[at + DEF_WIRES], PLAIN);
}

// Whether a duplicator asks for a copy of a definition that holds duplicators. It gets none.
fn is_refused(opcode: u32, a: u32) -> bool {
    return opcode == DUPLICATE && tag_of(a) == REF && program[program[a >> TAG_BITS] + DEF_IS_SAFE] == 0u;
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

// `own` is where the pair's own nodes and wires begin among those of its workgroup, `need` how many there are.
fn reduce(opcode: u32, variant: u32, a: u32, b: u32, own: vec2<u32>, need: vec2<u32>) {
    if is_refused(opcode, a) {
        atomicAdd(&state[AT_UNSAFE_COPIES], 1u);
        atomicMin(&state[AT_UNSAFE_DEF], a >> TAG_BITS);
        return;
    }
    let has_x = (a & IS_NODE) != 0u;
    let has_y = (b & IS_NODE) != 0u;
    var x = vec4<u32>(0u, 0u, 0u, 0u);
    if has_x {
        x = nodes[a >> TAG_BITS];
    }
    var y = vec4<u32>(0u, 0u, 0u, 0u);
    if has_y {
        y = nodes[b >> TAG_BITS];
    }
    var firsts = vec4<u32>(a, 0u, 0u, 0u);
    var seconds = vec4<u32>(b, 0u, 0u, 0u);
    var more_firsts = vec4<u32>(0u, 0u, 0u, 0u);
    var more_seconds = vec4<u32>(0u, 0u, 0u, 0u);
    var links = 1u;
    let is_read = opcode == SPECIALIZE && variant == PLAIN;
    var frees_a = false;
    var frees_b = false;
    // Where the rest of a definition stands in the program.
    var at = 0u;
    switch opcode {
        case LINK: {}
        // Two nodes of one kind vanish, and what hung on them is joined pairwise. What is whole in itself goes to both ports of a node.
        case APPLY, DUPLICATE, COLLAPSE: {
            firsts = vec4<u32>(select(vec2<u32>(a, a), x.yz, has_x), 0u, 0u);
            seconds = vec4<u32>(y.yz, 0u, 0u);
            links = select(0u, 2u, has_y);
            frees_a = has_x;
            frees_b = has_y;
        }
        case DISTRIBUTE: {
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
            firsts = vec4<u32>(b, port(tag_of(b), other_b), a, port(tag_of(a), other_a));
            seconds = vec4<u32>(x.yz, y.yz);
            links = 4u;
        }
        case SUCC: {
            if tag_of(y.y) == NUM {
                firsts.x = port(NUM, operate(a >> TAG_BITS, y.y >> TAG_BITS));
                seconds.x = y.z;
                frees_b = true;
            } else {
                // The number waits in the operator for the other one.
                nodes[b >> TAG_BITS] = vec4<u32>(y.x, a, y.z, 0u);
                firsts.x = y.y;
            }
        }
        // `b` holds two branches as `(zero succ)` and the way on: zero gets the way, or succ gets the predecessor and the way.
        case SWITCH: {
            let value = a >> (TAG_BITS + KIND_BITS);
            var chosen = vec4<u32>(0u, y.z, ERA, 0u);
            if value != 0u {
                let call = node_place(own.x);
                nodes[call] = vec4<u32>(0u, port(NUM, with_value(value - 1u, U24)), y.z, 0u);
                chosen = vec4<u32>(0u, ERA, port(CON, call), 0u);
            }
            nodes[b >> TAG_BITS] = chosen;
            firsts.x = port(CON, b >> TAG_BITS);
            seconds.x = y.y;
        }
        default: {
            if is_read {
                let def = program[a >> TAG_BITS];
                at = def + DEF_BODY;
                for (var node = 0u; node < program[def + DEF_NODES]; node += 1u) {
                    let ports = vec2<u32>(placed(program[at + 1u], own), placed(program[at + 2u], own));
                    nodes[node_place(own.x + node)] = vec4<u32>(program[at], ports, 0u);
                    at += 3u;
                }
                // The last one is the root, and what the definition met.
                links = program[def + DEF_PAIRS] + 1u;
                firsts.x = program[def + DEF_ROOT];
            } else {
                // It counts what it does by itself.
                let outcome = special(variant, b, own, need);
                firsts = outcome.firsts;
                seconds = outcome.seconds;
                more_firsts = outcome.more_firsts;
                more_seconds = outcome.more_seconds;
                links = outcome.links;
            }
        }
    }
    if opcode != LINK && variant == PLAIN {
        count(opcode);
    }
    if frees_a {
        free_node(a >> TAG_BITS);
    }
    if frees_b {
        free_node(b >> TAG_BITS);
    }
    for (var index = 0u; index < links; index += 1u) {
        var ports = vec2<u32>(firsts.x, seconds.x);
        if is_read {
            if index + 1u < links {
                ports = vec2<u32>(program[at + 2u * index], program[at + 2u * index + 1u]);
                ports.y = placed(ports.y, own);
            }
            ports.x = placed(ports.x, own);
        }
        link(ports.x, ports.y);
        if !is_read {
            firsts = vec4<u32>(firsts.yzw, more_firsts.x);
            seconds = vec4<u32>(seconds.yzw, more_seconds.x);
            more_firsts = more_firsts.yzwx;
            more_seconds = more_seconds.yzwx;
        }
    }
}
