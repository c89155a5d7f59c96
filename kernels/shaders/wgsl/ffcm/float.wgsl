// Floats of 24 bits, by integers: a sign, 8 bits of exponent, 15 of fraction. Results are rounded as IEEE 754 rounds singles, and then to these bits, since
// that is what a processor does that computes with singles. WGSL's own floats may flush what is small, and divide less exactly.

fn is_nan(x: u32) -> bool {
    return (x & ~SIGN) > INFINITY;
}

fn is_infinite(x: u32) -> bool {
    return (x & ~SIGN) == INFINITY;
}

fn is_zero(x: u32) -> bool {
    return (x & ~SIGN) == 0u;
}

// Its exponent, as if it were normal.
fn exponent_of(x: u32) -> i32 {
    let biased = (x >> 15u) & 0xffu;
    return select(17 - i32(countLeadingZeros(x & FRACTION)), i32(biased), biased > 0u);
}

// Its fraction with the leading one, 16 bits; not of zero.
fn significand_of(x: u32) -> u32 {
    let fraction = x & FRACTION;
    if ((x >> 15u) & 0xffu) > 0u {
        return fraction | (FRACTION + 1u);
    }
    return fraction << (countLeadingZeros(fraction) - 16u);
}

// `x` without its last bits; the last that stays says whether any of them was not 0.
fn shifted_sticky(x: u32, bits: u32) -> u32 {
    if bits >= 32u {
        return u32(x != 0u);
    }
    let kept = x >> bits;
    return kept | u32((kept << bits) != x);
}

// Without its last 8 bits. Half the last bit or more is rounded up, and half to even.
fn rounded(x: u32) -> u32 {
    let kept = x >> 8u;
    let lost = x & 0xffu;
    return kept + u32(lost > 128u || (lost == 128u && (kept & 1u) == 1u));
}

// The float of this sign and significand, whose last bit is sticky. `exponent` is that of a significand whose highest bit is set.
fn packed(sign: u32, exponent: i32, significand: u32) -> u32 {
    if significand == 0u {
        return sign;
    }
    let zeros = countLeadingZeros(significand);
    let normal = significand << zeros;
    let biased = exponent - i32(zeros);
    if biased >= 255 {
        return sign | INFINITY;
    }
    var single = 0u;
    if biased > 0 {
        single = ((u32(biased) - 1u) << 23u) + rounded(normal);
    } else {
        single = rounded(shifted_sticky(normal, u32(1 - biased)));
    }
    return sign | rounded(single);
}

fn float_of(is_negative: u32, whole: u32) -> u32 {
    return packed(is_negative << 23u, 158, whole);
}

// Toward zero, and no further than the kind goes.
fn whole_of(x: u32, has_sign: bool) -> u32 {
    let is_negative = (x & SIGN) != 0u;
    if is_nan(x) || is_zero(x) || (is_negative && !has_sign) {
        return 0u;
    }
    var most = 0xffffffu;
    if has_sign {
        most = SIGN - u32(!is_negative);
    }
    let exponent = exponent_of(x);
    var whole = most;
    if exponent < 127 {
        whole = 0u;
    } else if exponent < 151 {
        // Its 16 bits of significand are whole from 2¹⁵ on.
        whole = min((significand_of(x) << 8u) >> u32(150 - exponent), most);
    }
    return select(whole, 0u - whole, is_negative);
}

fn float_sum(x: u32, y: u32) -> u32 {
    if is_nan(x) || is_nan(y) || (is_infinite(x) && is_infinite(y) && x != y) {
        return NAN;
    }
    if is_infinite(x) || is_zero(y) {
        // Zeros of different signs make a positive one.
        return select(x, x & y, is_zero(x) && is_zero(y));
    }
    if is_infinite(y) || is_zero(x) {
        return y;
    }
    let is_ordered = (x & ~SIGN) >= (y & ~SIGN);
    let great = select(y, x, is_ordered);
    let small = select(x, y, is_ordered);
    let a = significand_of(great) << 14u;
    let b = shifted_sticky(significand_of(small) << 14u, u32(exponent_of(great) - exponent_of(small)));
    let sum = select(a - b, a + b, ((x ^ y) & SIGN) == 0u);
    return packed(select(great & SIGN, 0u, sum == 0u), exponent_of(great) + 2, sum);
}

fn float_product(x: u32, y: u32) -> u32 {
    let sign = (x ^ y) & SIGN;
    if is_nan(x) || is_nan(y) || (is_infinite(x) && is_zero(y)) || (is_zero(x) && is_infinite(y)) {
        return NAN;
    }
    if is_infinite(x) || is_infinite(y) {
        return sign | INFINITY;
    }
    if is_zero(x) || is_zero(y) {
        return sign;
    }
    return packed(sign, exponent_of(x) + exponent_of(y) - 126, significand_of(x) * significand_of(y));
}

fn float_quotient(x: u32, y: u32) -> u32 {
    let sign = (x ^ y) & SIGN;
    if is_nan(x) || is_nan(y) || (is_infinite(x) && is_infinite(y)) || (is_zero(x) && is_zero(y)) {
        return NAN;
    }
    if is_infinite(x) || is_zero(y) {
        return sign | INFINITY;
    }
    if is_infinite(y) || is_zero(x) {
        return sign;
    }
    let divisor = significand_of(y);
    let dividend = significand_of(x);
    let less = u32(dividend < divisor);
    // The first bit of the quotient is one; 30 more come in two steps, and what is left over is sticky.
    let rest = (dividend << less) - divisor;
    let first = (rest << 16u) / divisor;
    let next = (rest << 16u) % divisor;
    let second = (next << 14u) / divisor;
    let sticky = u32((next << 14u) % divisor != 0u);
    let quotient = 0x80000000u | (first << 15u) | (second << 1u) | sticky;
    return packed(sign, exponent_of(x) - exponent_of(y) + 127 - i32(less), quotient);
}

fn float_remainder(x: u32, y: u32) -> u32 {
    if is_nan(x) || is_nan(y) || is_infinite(x) || is_zero(y) {
        return NAN;
    }
    if (x & ~SIGN) < (y & ~SIGN) {
        return x;
    }
    let divisor = significand_of(y);
    var rest = significand_of(x) % divisor;
    for (var exponent = exponent_of(y); exponent < exponent_of(x); exponent += 1) {
        rest = (rest << 1u) % divisor;
    }
    return packed(x & SIGN, exponent_of(y) + 16, rest);
}

fn is_same(x: u32, y: u32) -> bool {
    return !is_nan(x) && !is_nan(y) && (x == y || (is_zero(x) && is_zero(y)));
}

fn is_below(x: u32, y: u32) -> bool {
    if is_nan(x) || is_nan(y) || is_same(x, y) {
        return false;
    }
    if ((x ^ y) & SIGN) != 0u {
        return (x & SIGN) != 0u;
    }
    return select((x < y), (x > y), (x & SIGN) != 0u);
}
