// Numbers of 64 bits as pairs of 32: x is the low half. WGSL has none of its own. Sums and differences wrap.

fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + u32(low < a.x));
}

fn sub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2<u32>(a.x - b.x, a.y - b.y - u32(a.x < b.x));
}

fn is_less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// |a - b|
fn distance_of(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(sub(a, b), sub(b, a), is_less(a, b));
}

// All 64 bits of a product. No step overflows: (2¹⁶ - 1)² + 2·(2¹⁶ - 1) = 2³² - 1.
fn product(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
    let high = (a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u);
    return vec2<u32>((other << 16u) | (low & 0xffffu), high);
}

// Shifts by less than 64 bits. WGSL takes a shift modulo 32, hence the cases.
fn shifted_left(a: vec2<u32>, by: u32) -> vec2<u32> {
    if by == 0u {
        return a;
    }
    if by >= 32u {
        return vec2<u32>(0u, a.x << (by - 32u));
    }
    return vec2<u32>(a.x << by, (a.y << by) | (a.x >> (32u - by)));
}

fn shifted_right(a: vec2<u32>, by: u32) -> vec2<u32> {
    if by == 0u {
        return a;
    }
    if by >= 32u {
        return vec2<u32>(a.y >> (by - 32u), 0u);
    }
    return vec2<u32>((a.x >> by) | (a.y << (32u - by)), a.y >> by);
}

// How many bits a number has without leading zeros.
fn bits(a: vec2<u32>) -> u32 {
    return select(32u - countLeadingZeros(a.x), 64u - countLeadingZeros(a.y), a.y != 0u);
}

// a / by, rounded down: schoolbook division with digits of 16 bits (D. Knuth, "The Art of Computer Programming", volume 2, 4.3.1, algorithm D).
// `by` is not 0.
fn divided(a: vec2<u32>, by: u32) -> vec2<u32> {
    let high = a.y / by;
    // So that the divisor's highest bit is set; then each guess of a digit is at most two too large.
    let shift = countLeadingZeros(by);
    let divisor = by << shift;
    let rest = shifted_left(vec2<u32>(a.x, a.y % by), shift);
    let first = digit(rest.y, rest.x >> 16u, divisor);
    let left = ((rest.y << 16u) | (rest.x >> 16u)) - first * divisor;
    let second = digit(left, rest.x & 0xffffu, divisor);
    return vec2<u32>((first << 16u) | second, high);
}

// The digit (rest·2¹⁶ + next) / divisor, where rest < divisor and 2³¹ <= divisor.
fn digit(rest: u32, next: u32, divisor: u32) -> u32 {
    let high = divisor >> 16u;
    let low = divisor & 0xffffu;
    var guess = rest / high;
    var over = rest % high;
    // Twice at most.
    while guess > 0xffffu || guess * low > ((over << 16u) | next) {
        guess -= 1u;
        over += high;
        if over > 0xffffu {
            break;
        }
    }
    return guess;
}
