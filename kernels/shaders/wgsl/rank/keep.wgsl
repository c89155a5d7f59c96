// SPEC.md, "A round", 2, second half: what each node keeps of what it received, and the sums over nodes.

@group(0) @binding(0) var<uniform> part: Part;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> sums: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> tiles: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> blocks: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> kept: array<vec2<u32>>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec2<u32>>;

// The running sum over all edges of the part before a row's first.
fn before_row(row: u32) -> vec2<u32> {
    let tile = starts[row] / TILE;
    return add(add(blocks[tile / BLOCK], tiles[tile]), sums[row]);
}

@compute @workgroup_size(GROUP)
fn keep(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let span = group.y * groups.x + group.x;
    if state.is_over != 0u || span >= part.spans {
        return;
    }
    var received = vec2<u32>(0u, 0u);
    var kept_now = vec2<u32>(0u, 0u);
    var moved = vec2<u32>(0u, 0u);
    for (var at = 0u; at < SPAN; at += GROUP) {
        let row = span * SPAN + at + lane;
        if row < part.rows {
            let units = sub(before_row(row + 1u), before_row(row));
            let now = followed(units, part.alpha);
            received = add(received, units);
            kept_now = add(kept_now, now);
            moved = add(moved, distance_of(now, kept[row]));
            kept[row] = now;
        }
    }
    received = summed(lane, received);
    kept_now = summed(lane, kept_now);
    moved = summed(lane, moved);
    if lane == 0u {
        let at = 4u * (part.first_span + span);
        partials[at + 1u] = received;
        partials[at + 2u] = kept_now;
        partials[at + 3u] = moved;
    }
}
