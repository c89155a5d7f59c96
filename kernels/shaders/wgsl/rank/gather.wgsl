// SPEC.md, "A round", 2, first half: running sums over a part's edges, in the order of their rows.
//
// A row's sum is the running sum at its end less that at its beginning; sums are exact, so this loses nothing. Each workgroup takes as many edges
// as any other, whatever the lengths of rows: a hub is no slower than its edges. Within a tile the running sum begins at 0; `scan` makes
// those of all tiles continue each other.

@group(0) @binding(0) var<uniform> part: Part;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> tile_rows: array<u32>;
@group(0) @binding(4) var<storage, read> sources: array<u32>;
@group(0) @binding(5) var<storage, read> shares: array<u32>;
@group(0) @binding(6) var<storage, read> contributions: array<u32>;
@group(0) @binding(7) var<storage, read_write> sums: array<vec2<u32>>;
@group(0) @binding(8) var<storage, read_write> tiles: array<vec2<u32>>;

var<workgroup> running: array<vec2<u32>, TILE>;

@compute @workgroup_size(GROUP)
fn gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tile = group.y * groups.x + group.x;
    if state.is_over != 0u || tile >= part.tiles {
        return;
    }
    // Neighbouring lanes read neighbouring edges.
    for (var at = lane; at < TILE; at += GROUP) {
        let edge = tile * TILE + at;
        var units = vec2<u32>(0u, 0u);
        if edge < part.edges {
            let contribution = contributions[sources[edge]];
            if part.is_weighted != 0u {
                units = weigh(contribution, shares[edge]);
            } else {
                units = decode(contribution);
            }
        }
        running[at] = units;
    }
    workgroupBarrier();
    // Each lane adds up edges that follow each other, then all lanes' sums are added up.
    let own = lane * (TILE / GROUP);
    var sum = vec2<u32>(0u, 0u);
    for (var at = own; at < own + TILE / GROUP; at += 1u) {
        sum = add(sum, running[at]);
    }
    let total = summed_up_to(lane, sum);
    var before = sub(total, sum);
    for (var at = own; at < own + TILE / GROUP; at += 1u) {
        let units = running[at];
        running[at] = before;
        before = add(before, units);
    }
    workgroupBarrier();
    for (var row = tile_rows[tile] + lane; row < tile_rows[tile + 1u]; row += GROUP) {
        sums[row] = running[starts[row] - tile * TILE];
    }
    if lane == GROUP - 1u {
        tiles[tile] = total;
    }
}
