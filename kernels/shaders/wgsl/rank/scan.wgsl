// Reduce, then scan: each block's sums become running sums that begin at 0, and its total goes one level up. The upper level is one block, so two
// dispatches do. Nothing waits for another workgroup, since WGSL does not promise that one ever gets on.

@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read_write> values: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> totals: array<vec2<u32>>;

@compute @workgroup_size(GROUP)
fn scan(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group.y * groups.x + group.x;
    if state.is_over != 0u || block * BLOCK >= level.count {
        return;
    }
    let own = block * BLOCK + lane * (BLOCK / GROUP);
    let end = min(own + BLOCK / GROUP, level.count);
    var sum = vec2<u32>(0u, 0u);
    for (var at = own; at < end; at += 1u) {
        sum = add(sum, values[at]);
    }
    let total = summed_up_to(lane, sum);
    var before = sub(total, sum);
    for (var at = own; at < end; at += 1u) {
        let units = values[at];
        values[at] = before;
        before = add(before, units);
    }
    if lane == GROUP - 1u {
        totals[block] = total;
    }
}
