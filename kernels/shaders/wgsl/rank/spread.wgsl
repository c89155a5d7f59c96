// SPEC.md, "A round", 1: what each node contributes, and what dangles.

@group(0) @binding(0) var<uniform> part: Part;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> kept: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> outs: array<u32>;
@group(0) @binding(5) var<storage, read> jumps: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> contributions: array<u32>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec2<u32>>;

// What teleports to a node.
fn jump(node: u32) -> vec2<u32> {
    if part.by_stake == 0u {
        let even = vec2<u32>(state.even_low, state.even_high);
        return add(even, vec2<u32>(u32(node < state.surplus), 0u));
    }
    let teleport = vec2<u32>(state.teleport_low, state.teleport_high);
    return sub(scale(teleport, jumps[node + 1u]), scale(teleport, jumps[node]));
}

@compute @workgroup_size(GROUP)
fn spread(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let span = group.y * groups.x + group.x;
    if state.is_over != 0u || span >= part.spans {
        return;
    }
    var dangling = vec2<u32>(0u, 0u);
    for (var at = 0u; at < SPAN; at += GROUP) {
        let row = span * SPAN + at + lane;
        if row < part.rows {
            let mass = add(kept[row], jump(order[row]));
            let edges = outs[row];
            var contribution = 0u;
            if edges == 0u {
                dangling = add(dangling, mass);
            } else if part.is_weighted != 0u {
                contribution = encode(mass);
            } else {
                contribution = encode(divided(mass, edges));
            }
            contributions[part.first_row + row] = contribution;
        }
    }
    let sum = summed(lane, dangling);
    if lane == 0u {
        partials[4u * (part.first_span + span)] = sum;
    }
}
