// What definitions as code have in common: shaders' `ffcm::special`.

// The port of the unsigned number 0.
const ZERO: u32 = (U24 << TAG_BITS) | NUM;

// What a port leads to through wires, if that is an atom, which is whole in itself: what a node of this round holds need not be there yet. An empty
// wire gives what is no number.
fn seen(first: u32) -> u32 {
    var port = first;
    for (var hops = 0u; hops < HOPS_MAX && tag_of(port) == VAR; hops += 1u) {
        port = ~atomicLoad(&wires[port >> TAG_BITS]);
    }
    return port;
}

// What all variants do alike is done once for all of them: compilers put a function wherever it is called, and take long for much text.

// The places that a variant got.
var<private> new_nodes: array<u32, ASKED_MAX>;
var<private> new_wires: array<u32, ASKED_MAX>;
// The wires that it emptied, and the nodes whose places it needs no more.
var<private> old_wires: array<u32, TAKEN_MAX>;
var<private> old_wires_count: u32;
var<private> old_nodes: array<u32, TAKEN_MAX>;
var<private> old_nodes_count: u32;

// Takes an atom that was seen. The other ends of these wires were brought already, so nobody else comes.
fn taken(first: u32) -> u32 {
    var port = first;
    for (var hops = 0u; hops < HOPS_MAX && tag_of(port) == VAR; hops += 1u) {
        old_wires[old_wires_count] = port >> TAG_BITS;
        old_wires_count += 1u;
        port = ~atomicLoad(&wires[port >> TAG_BITS]);
    }
    return port;
}

fn leave_node(port: u32) {
    old_nodes[old_nodes_count] = port >> TAG_BITS;
    old_nodes_count += 1u;
}

// Does a variant, and counts each interaction that it did.
fn special(variant: u32, b: u32, own: vec2<u32>, need: vec2<u32>) -> Outcome {
    for (var index = 0u; index < need.x; index += 1u) {
        new_nodes[index] = node_place(own.x + index);
    }
    for (var index = 0u; index < need.y; index += 1u) {
        new_wires[index] = port(VAR, wire_place(own.y + index));
    }
    old_wires_count = 0u;
    old_nodes_count = 0u;
    let outcome = done(variant, b);
    for (var index = 0u; index < old_wires_count; index += 1u) {
        free_wire(old_wires[index]);
    }
    for (var index = 0u; index < old_nodes_count; index += 1u) {
        free_node(old_nodes[index]);
    }
    for (var opcode = 0u; opcode < OPCODES; opcode += 1u) {
        let four = select(outcome.counts.y, outcome.counts.x, opcode < 4u);
        let times = (four >> (8u * (opcode & 3u))) & 255u;
        if times > 0u {
            atomicAdd(&counted[opcode], times);
        }
        if opcode == SPECIALIZE {
            atomicAdd(&counted[OPCODES], times);
        }
    }
    return outcome;
}

fn is_unsigned(port: u32) -> bool {
    return (port & ((KIND << TAG_BITS) | TAG)) == ZERO;
}

fn value_of(port: u32) -> u32 {
    return port >> (TAG_BITS + KIND_BITS);
}

fn unsigned(value: u32) -> u32 {
    return port(NUM, with_value(value, U24));
}

fn as_kind(number: u32, kind: u32) -> u32 {
    return (number & ~(KIND << TAG_BITS)) | (kind << TAG_BITS);
}

