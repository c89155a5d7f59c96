// Sums over the lanes of a workgroup, in trees whose shape depends on no device: no subgroups, no floats.

var<workgroup> lanes: array<vec2<u32>, GROUP>;

// The sum of what all lanes bring, for each of them. All lanes call it together.
fn summed(lane: u32, value: vec2<u32>) -> vec2<u32> {
    lanes[lane] = value;
    workgroupBarrier();
    for (var half = GROUP / 2u; half > 0u; half /= 2u) {
        if lane < half {
            lanes[lane] = add(lanes[lane], lanes[lane + half]);
        }
        workgroupBarrier();
    }
    let sum = lanes[0];
    workgroupBarrier();
    return sum;
}

// The sum of what the lanes up to this one bring, itself included; `lanes` holds it of each lane afterwards. All lanes call it together.
fn summed_up_to(lane: u32, value: vec2<u32>) -> vec2<u32> {
    lanes[lane] = value;
    workgroupBarrier();
    for (var step = 1u; step < GROUP; step *= 2u) {
        var sum = lanes[lane];
        if lane >= step {
            sum = add(sum, lanes[lane - step]);
        }
        workgroupBarrier();
        lanes[lane] = sum;
        workgroupBarrier();
    }
    return lanes[lane];
}
