// Numbers of 24 bits: core/ffcm's `number`, by integers alone. Angles, logarithms, powers, sines and tangents of floats do not come here.

// A whole number's 24 bits, with its sign in front.
fn signed(number: u32) -> i32 {
    return i32(number << 3u) >> 8u;
}

fn is_cast(number: u32) -> bool {
    return (number & KIND) == SYM && (number >> KIND_BITS) <= TO_F24;
}

fn is_value(number: u32) -> bool {
    return (number & KIND) >= U24 && (number & KIND) <= F24;
}

// The number's 24 bits as another kind.
fn with_kind(number: u32, kind: u32) -> u32 {
    // There is one float that is none.
    if kind == F24 && is_nan(number >> KIND_BITS) {
        return with_value(NAN, kind);
    }
    return (number & ~KIND) | kind;
}

fn with_value(value: u32, kind: u32) -> u32 {
    return ((value << KIND_BITS) | kind) & NUMBER;
}

// Where there is no result it is 0, and that is counted.
fn undefined() -> u32 {
    atomicAdd(&state[AT_UNDEFINED], 1u);
    return U24;
}

// Applies one number to the other, in any order.
fn operate(first: u32, second: u32) -> u32 {
    let is_first = (first & KIND) >= ADD;
    let a = select(second, first, is_first);
    let b = select(first, second, is_first);
    let a_kind = a & KIND;
    let b_kind = b & KIND;
    if a_kind == SYM && b_kind == SYM {
        return U24;
    }
    if is_cast(a) && is_value(b) {
        return converted(a >> KIND_BITS, b);
    }
    if is_cast(b) && is_value(a) {
        return converted(b >> KIND_BITS, a);
    }
    if a_kind == SYM {
        return with_kind(b, (a >> KIND_BITS) & KIND);
    }
    if b_kind == SYM {
        return with_kind(a, (b >> KIND_BITS) & KIND);
    }
    // Two operators with an operand each, or two numbers.
    if (a_kind >= ADD) == (b_kind >= ADD) {
        return U24;
    }
    if b_kind == U24 {
        return operate_u24(a_kind, a >> KIND_BITS, b >> KIND_BITS);
    }
    if b_kind == I24 {
        return operate_i24(a_kind, signed(a), signed(b));
    }
    return operate_f24(a_kind, a >> KIND_BITS, b >> KIND_BITS);
}

fn converted(kind: u32, number: u32) -> u32 {
    let value = number >> KIND_BITS;
    let is_float = (number & KIND) == F24;
    if kind == F24 && (number & KIND) == U24 {
        return with_value(float_of(0u, value), kind);
    }
    if kind == F24 && !is_float {
        let whole = signed(number);
        return with_value(float_of(u32(whole < 0), u32(abs(whole))), kind);
    }
    if kind != F24 && is_float {
        return with_value(whole_of(value, kind == I24), kind);
    }
    return (number & ~KIND) | kind;
}

fn operate_u24(sign: u32, x: u32, y: u32) -> u32 {
    var value = 0u;
    switch sign {
        case ADD: { value = x + y; }
        case SUB: { value = x - y; }
        case SUB_FLIPPED: { value = y - x; }
        case MUL: { value = x * y; }
        case DIV: {
            if y == 0u { return undefined(); }
            value = x / y;
        }
        case DIV_FLIPPED: {
            if x == 0u { return undefined(); }
            value = y / x;
        }
        case REM: {
            if y == 0u { return undefined(); }
            value = x % y;
        }
        case REM_FLIPPED: {
            if x == 0u { return undefined(); }
            value = y % x;
        }
        case EQUAL: { value = u32(x == y); }
        case NOT_EQUAL: { value = u32(x != y); }
        case LESS: { value = u32(x < y); }
        case GREATER: { value = u32(x > y); }
        case AND: { value = x & y; }
        case OR: { value = x | y; }
        case XOR: { value = x ^ y; }
        case SHIFT_LEFT: { value = x << (y & 31u); }
        case SHIFT_RIGHT: { value = x >> (y & 31u); }
        case SHIFT_LEFT_FLIPPED: { value = y << (x & 31u); }
        case SHIFT_RIGHT_FLIPPED: { value = y >> (x & 31u); }
        default: { return undefined(); }
    }
    return with_value(value, U24);
}

fn operate_i24(sign: u32, x: i32, y: i32) -> u32 {
    var value = 0;
    switch sign {
        case ADD: { value = x + y; }
        case SUB: { value = x - y; }
        case SUB_FLIPPED: { value = y - x; }
        case MUL: { value = x * y; }
        case DIV: {
            if y == 0 { return undefined(); }
            value = x / y;
        }
        case DIV_FLIPPED: {
            if x == 0 { return undefined(); }
            value = y / x;
        }
        case REM: {
            if y == 0 { return undefined(); }
            value = x - x / y * y;
        }
        case REM_FLIPPED: {
            if x == 0 { return undefined(); }
            value = y - y / x * x;
        }
        case EQUAL: { return with_value(u32(x == y), U24); }
        case NOT_EQUAL: { return with_value(u32(x != y), U24); }
        case LESS: { return with_value(u32(x < y), U24); }
        case GREATER: { return with_value(u32(x > y), U24); }
        case AND: { value = x & y; }
        case OR: { value = x | y; }
        case XOR: { value = x ^ y; }
        default: { return undefined(); }
    }
    return with_value(u32(value), I24);
}

fn operate_f24(sign: u32, x: u32, y: u32) -> u32 {
    var value = 0u;
    switch sign {
        case ADD: { value = float_sum(x, y); }
        case SUB: { value = float_sum(x, y ^ SIGN); }
        case SUB_FLIPPED: { value = float_sum(y, x ^ SIGN); }
        case MUL: { value = float_product(x, y); }
        case DIV: { value = float_quotient(x, y); }
        case DIV_FLIPPED: { value = float_quotient(y, x); }
        case REM: { value = float_remainder(x, y); }
        case REM_FLIPPED: { value = float_remainder(y, x); }
        case EQUAL: { return with_value(u32(is_same(x, y)), U24); }
        case NOT_EQUAL: { return with_value(u32(!is_same(x, y)), U24); }
        case LESS: { return with_value(u32(is_below(x, y)), U24); }
        case GREATER: { return with_value(u32(is_below(y, x)), U24); }
        default: { return undefined(); }
    }
    return with_value(value, F24);
}
