// A round of many pairs: a lane each, as many workgroups as that takes.

@compute @workgroup_size(LANES)
fn wide(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    tile((group.y * groups.x + group.x) * LANES + lane, lane);
}
