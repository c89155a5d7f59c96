// Masses, contributions and shares: core/rank/SPEC.md, "Numbers".

// A contribution's mantissa and exponent as units.
fn decode(contribution: u32) -> vec2<u32> {
    return shifted_left(vec2<u32>(contribution & MANTISSA, 0u), contribution >> MANTISSA_BITS);
}

// The greatest contribution that is at most `units`.
fn encode(units: vec2<u32>) -> u32 {
    let width = bits(units);
    if width <= MANTISSA_BITS {
        return units.x;
    }
    let exponent = width - MANTISSA_BITS;
    if exponent > EXPONENT_MAX {
        return 0xffffffffu;
    }
    return (exponent << MANTISSA_BITS) | shifted_right(units, exponent).x;
}

// The part of a contribution that goes along an edge with this share.
fn weigh(contribution: u32, edge_share: u32) -> vec2<u32> {
    let whole = shifted_left(product(contribution & MANTISSA, edge_share & MANTISSA), 4u);
    return shifted_right(whole, EXPONENT_MAX - (contribution >> MANTISSA_BITS) + (edge_share >> MANTISSA_BITS));
}

// α · units.
fn followed(units: vec2<u32>, alpha: u32) -> vec2<u32> {
    return add(product(units.y, alpha), vec2<u32>(product(units.x, alpha).y, 0u));
}

// units · factor / 2⁵⁸, both at most 2⁵⁸: from 128 bits of product, which are a word more than the three that count.
fn scale(units: vec2<u32>, factor: vec2<u32>) -> vec2<u32> {
    let lowest = product(units.x, factor.x);
    let cross = product(units.x, factor.y);
    let other = product(units.y, factor.x);
    let highest = product(units.y, factor.y);
    // Neither cross product reaches 2⁵⁹, so that their sum and the carry below it fit.
    let middle = add(add(cross, other), vec2<u32>(lowest.y, 0u));
    let high = add(highest, vec2<u32>(middle.y, 0u));
    return vec2<u32>((middle.x >> 26u) | (high.x << 6u), (high.x >> 26u) | (high.y << 6u));
}
