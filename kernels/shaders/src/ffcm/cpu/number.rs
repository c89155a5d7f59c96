//! Twins of `wgsl/ffcm/number.wgsl` and `wgsl/ffcm/float.wgsl`.

use crate::ffcm::{KIND_BITS, TAG_BITS, float::*, kind, operator};

const KIND: u32 = (1 << KIND_BITS) - 1;
const NUMBER: u32 = (1 << (32 - TAG_BITS)) - 1;
/// A result, and whether there was none: it is 0 then.
pub type Operated = (u32, bool);

const UNDEFINED: Operated = (kind::U24, true);

const fn signed(number: u32) -> i32 {
    (number << 3) as i32 >> 8
}

const fn is_cast(number: u32) -> bool {
    number & KIND == kind::SYM && number >> KIND_BITS <= operator::TO_F24
}

const fn is_value(number: u32) -> bool {
    number & KIND >= kind::U24 && number & KIND <= kind::F24
}

fn with_kind(number: u32, kind: u32) -> u32 {
    if kind == kind::F24 && is_nan(number >> KIND_BITS) {
        return with_value(NAN, kind);
    }
    number & !KIND | kind
}

/// The number with this value and kind.
pub const fn with_value(value: u32, kind: u32) -> u32 {
    (value << KIND_BITS | kind) & NUMBER
}

/// Applies one number to the other, in any order.
pub fn operate(first: u32, second: u32) -> Operated {
    let (a, b) = if first & KIND >= operator::ADD { (first, second) } else { (second, first) };
    let (a_kind, b_kind) = (a & KIND, b & KIND);
    let number = match () {
        () if a_kind == kind::SYM && b_kind == kind::SYM => kind::U24,
        () if is_cast(a) && is_value(b) => converted(a >> KIND_BITS, b),
        () if is_cast(b) && is_value(a) => converted(b >> KIND_BITS, a),
        () if a_kind == kind::SYM => with_kind(b, a >> KIND_BITS & KIND),
        () if b_kind == kind::SYM => with_kind(a, b >> KIND_BITS & KIND),
        () if (a_kind >= operator::ADD) == (b_kind >= operator::ADD) => kind::U24,
        () if b_kind == kind::U24 => return operate_u24(a_kind, a >> KIND_BITS, b >> KIND_BITS),
        () if b_kind == kind::I24 => return operate_i24(a_kind, signed(a), signed(b)),
        () => return operate_f24(a_kind, a >> KIND_BITS, b >> KIND_BITS),
    };
    (number, false)
}

fn converted(to: u32, number: u32) -> u32 {
    let value = number >> KIND_BITS;
    match (to, number & KIND) {
        (kind::F24, kind::U24) => with_value(float_of(0, value), to),
        (kind::F24, kind::I24) => {
            let whole = signed(number);
            with_value(float_of(u32::from(whole < 0), whole.unsigned_abs()), to)
        }
        (kind::U24, kind::F24) => with_value(whole_of(value, false), to),
        (kind::I24, kind::F24) => with_value(whole_of(value, true), to),
        _ => number & !KIND | to,
    }
}

fn operate_u24(sign: u32, x: u32, y: u32) -> Operated {
    use operator::*;
    let value = match sign {
        ADD => Some(x.wrapping_add(y)),
        SUB => Some(x.wrapping_sub(y)),
        SUB_FLIPPED => Some(y.wrapping_sub(x)),
        MUL => Some(x.wrapping_mul(y)),
        DIV => x.checked_div(y),
        DIV_FLIPPED => y.checked_div(x),
        REM => x.checked_rem(y),
        REM_FLIPPED => y.checked_rem(x),
        EQUAL => Some((x == y).into()),
        NOT_EQUAL => Some((x != y).into()),
        LESS => Some((x < y).into()),
        GREATER => Some((x > y).into()),
        AND => Some(x & y),
        OR => Some(x | y),
        XOR => Some(x ^ y),
        SHIFT_LEFT => Some(x << (y & 31)),
        SHIFT_RIGHT => Some(x >> (y & 31)),
        SHIFT_LEFT_FLIPPED => Some(y << (x & 31)),
        SHIFT_RIGHT_FLIPPED => Some(y >> (x & 31)),
        _ => None,
    };
    value.map_or(UNDEFINED, |value| (with_value(value, kind::U24), false))
}

fn operate_i24(sign: u32, x: i32, y: i32) -> Operated {
    use operator::*;
    let truth = |holds: bool| (with_value(holds.into(), kind::U24), false);
    let value = match sign {
        ADD => Some(x + y),
        SUB => Some(x - y),
        SUB_FLIPPED => Some(y - x),
        MUL => Some(x.wrapping_mul(y)),
        DIV => x.checked_div(y),
        DIV_FLIPPED => y.checked_div(x),
        REM => x.checked_rem(y),
        REM_FLIPPED => y.checked_rem(x),
        EQUAL => return truth(x == y),
        NOT_EQUAL => return truth(x != y),
        LESS => return truth(x < y),
        GREATER => return truth(x > y),
        AND => Some(x & y),
        OR => Some(x | y),
        XOR => Some(x ^ y),
        _ => None,
    };
    value.map_or(UNDEFINED, |value| (with_value(value as u32, kind::I24), false))
}

fn operate_f24(sign: u32, x: u32, y: u32) -> Operated {
    use operator::*;
    let truth = |holds: bool| (with_value(holds.into(), kind::U24), false);
    let value = match sign {
        ADD => float_sum(x, y),
        SUB => float_sum(x, y ^ SIGN),
        SUB_FLIPPED => float_sum(y, x ^ SIGN),
        MUL => float_product(x, y),
        DIV => float_quotient(x, y),
        DIV_FLIPPED => float_quotient(y, x),
        REM => float_remainder(x, y),
        REM_FLIPPED => float_remainder(y, x),
        EQUAL => return truth(is_same(x, y)),
        NOT_EQUAL => return truth(!is_same(x, y)),
        LESS => return truth(is_below(x, y)),
        GREATER => return truth(is_below(y, x)),
        _ => return UNDEFINED,
    };
    (with_value(value, kind::F24), false)
}

// Floats: a sign, 8 bits of exponent, 15 of fraction. Results are rounded as IEEE 754 rounds singles, and then to these bits, since that is what a
// processor does that computes with singles.

const fn is_nan(x: u32) -> bool {
    x & !SIGN > INFINITY
}

const fn is_infinite(x: u32) -> bool {
    x & !SIGN == INFINITY
}

const fn is_zero(x: u32) -> bool {
    x & !SIGN == 0
}

/// Its exponent, as if it were normal.
fn exponent_of(x: u32) -> i32 {
    let biased = (x >> 15 & 0xff) as i32;
    if biased > 0 { biased } else { 17 - (x & FRACTION).leading_zeros() as i32 }
}

/// Its fraction with the leading one, 16 bits; not of zero.
fn significand_of(x: u32) -> u32 {
    let fraction = x & FRACTION;
    if x >> 15 & 0xff > 0 { fraction | 1 << 15 } else { fraction << (fraction.leading_zeros() - 16) }
}

/// `x` without its last bits; the last that stays says whether any of them was not 0.
fn shifted_sticky(x: u32, bits: u32) -> u32 {
    if bits >= 32 {
        return u32::from(x != 0);
    }
    let kept = x >> bits;
    kept | u32::from(kept << bits != x)
}

/// Without its last 8 bits. Half the last bit or more is rounded up, and half to even.
const fn rounded(x: u32) -> u32 {
    let (kept, lost) = (x >> 8, x & 0xff);
    kept + (lost > 128 || (lost == 128 && kept & 1 == 1)) as u32
}

/// The float of this sign and of `significand`·2^(`exponent` − 158), whose last bit is sticky. `exponent` is that of a significand whose 31st bit is set.
fn packed(sign: u32, exponent: i32, significand: u32) -> u32 {
    if significand == 0 {
        return sign;
    }
    let zeros = significand.leading_zeros();
    let exponent = exponent - zeros as i32;
    let normal = significand << zeros;
    if exponent >= 255 {
        return sign | INFINITY;
    }
    let single = if exponent > 0 {
        ((exponent as u32 - 1) << 23) + rounded(normal)
    } else {
        rounded(shifted_sticky(normal, (1 - exponent) as u32))
    };
    sign | rounded(single)
}

fn float_of(is_negative: u32, whole: u32) -> u32 {
    packed(is_negative << 23, 158, whole)
}

/// Toward zero, and no further than the kind goes.
fn whole_of(x: u32, has_sign: bool) -> u32 {
    let is_negative = x & SIGN != 0;
    let most = if has_sign { (1 << 23) - u32::from(!is_negative) } else { (1 << 24) - 1 };
    if is_nan(x) || is_zero(x) || (is_negative && !has_sign) {
        return 0;
    }
    let exponent = exponent_of(x);
    let whole = match exponent {
        ..127 => 0,
        // Its 16 bits of significand are whole from 2¹⁵ on.
        127..151 => (significand_of(x) << 8) >> (150 - exponent),
        _ => most,
    };
    let whole = whole.min(most);
    if is_negative { whole.wrapping_neg() } else { whole }
}

fn float_sum(x: u32, y: u32) -> u32 {
    if is_nan(x) || is_nan(y) || (is_infinite(x) && is_infinite(y) && x != y) {
        return NAN;
    }
    if is_infinite(x) || is_zero(y) {
        // Zeros of different signs make a positive one.
        return if is_zero(x) && is_zero(y) { x & y } else { x };
    }
    if is_infinite(y) || is_zero(x) {
        return y;
    }
    let (great, small) = if x & !SIGN >= y & !SIGN { (x, y) } else { (y, x) };
    let apart = (exponent_of(great) - exponent_of(small)) as u32;
    let a = significand_of(great) << 14;
    let b = shifted_sticky(significand_of(small) << 14, apart);
    let same = (x ^ y) & SIGN == 0;
    let sum = if same { a + b } else { a - b };
    let sign = if sum == 0 { 0 } else { great & SIGN };
    packed(sign, exponent_of(great) + 2, sum)
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
    packed(sign, exponent_of(x) + exponent_of(y) - 126, significand_of(x) * significand_of(y))
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
    let less = u32::from(dividend < divisor);
    // The first bit of the quotient is one; 30 more come in two steps, and what is left over is sticky.
    let rest = (dividend << less) - divisor;
    let first = (rest << 16) / divisor;
    let rest = (rest << 16) % divisor;
    let second = (rest << 14) / divisor;
    let sticky = u32::from(!(rest << 14).is_multiple_of(divisor));
    let quotient = (1 << 31 | first << 15 | second << 1) | sticky;
    packed(sign, exponent_of(x) - exponent_of(y) + 127 - less as i32, quotient)
}

fn float_remainder(x: u32, y: u32) -> u32 {
    if is_nan(x) || is_nan(y) || is_infinite(x) || is_zero(y) {
        return NAN;
    }
    if x & !SIGN < y & !SIGN {
        return x;
    }
    let divisor = significand_of(y);
    let mut rest = significand_of(x) % divisor;
    for _ in exponent_of(y)..exponent_of(x) {
        rest = (rest << 1) % divisor;
    }
    packed(x & SIGN, exponent_of(y) + 16, rest)
}

const fn is_same(x: u32, y: u32) -> bool {
    !is_nan(x) && !is_nan(y) && (x == y || (is_zero(x) && is_zero(y)))
}

fn is_below(x: u32, y: u32) -> bool {
    if is_nan(x) || is_nan(y) || is_same(x, y) {
        return false;
    }
    match (x & SIGN != 0, y & SIGN != 0) {
        (true, false) => true,
        (false, true) => false,
        (true, true) => x > y,
        (false, false) => x < y,
    }
}
