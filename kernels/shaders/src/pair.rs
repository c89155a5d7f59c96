//! Twins of `wgsl/pair.wgsl`: numbers of 64 bits as pairs of 32, the low half first.

/// A number's low and high half.
pub type Pair = [u32; 2];

/// A number as a pair.
pub const fn pair(number: u64) -> Pair {
    [number as u32, (number >> 32) as u32]
}

/// A pair as a number.
pub const fn number(pair: Pair) -> u64 {
    pair[0] as u64 | (pair[1] as u64) << 32
}

/// a + b, wrapping.
pub const fn add(a: Pair, b: Pair) -> Pair {
    let low = a[0].wrapping_add(b[0]);
    [low, a[1].wrapping_add(b[1]).wrapping_add((low < a[0]) as u32)]
}

/// a − b, wrapping.
pub const fn sub(a: Pair, b: Pair) -> Pair {
    [a[0].wrapping_sub(b[0]), a[1].wrapping_sub(b[1]).wrapping_sub((a[0] < b[0]) as u32)]
}

/// a < b.
pub const fn is_less(a: Pair, b: Pair) -> bool {
    a[1] < b[1] || (a[1] == b[1] && a[0] < b[0])
}

/// |a − b|.
pub const fn distance_of(a: Pair, b: Pair) -> Pair {
    if is_less(a, b) { sub(b, a) } else { sub(a, b) }
}

/// All 64 bits of a product.
pub const fn product(a: u32, b: u32) -> Pair {
    let low = (a & 0xffff) * (b & 0xffff);
    let middle = (a >> 16) * (b & 0xffff) + (low >> 16);
    let other = (a & 0xffff) * (b >> 16) + (middle & 0xffff);
    let high = (a >> 16) * (b >> 16) + (middle >> 16) + (other >> 16);
    [other << 16 | low & 0xffff, high]
}

/// a · 2^by, wrapping; `by` is below 64.
pub const fn shifted_left(a: Pair, by: u32) -> Pair {
    match by {
        0 => a,
        32.. => [0, a[0] << (by - 32)],
        _ => [a[0] << by, a[1] << by | a[0] >> (32 - by)],
    }
}

/// a / 2^by, rounded down; `by` is below 64.
pub const fn shifted_right(a: Pair, by: u32) -> Pair {
    match by {
        0 => a,
        32.. => [a[1] >> (by - 32), 0],
        _ => [a[0] >> by | a[1] << (32 - by), a[1] >> by],
    }
}

/// How many bits a number has without leading zeros.
pub const fn bits(a: Pair) -> u32 {
    if a[1] != 0 { 64 - a[1].leading_zeros() } else { 32 - a[0].leading_zeros() }
}

/// a / by, rounded down; `by` is not 0.
pub const fn divided(a: Pair, by: u32) -> Pair {
    let high = a[1] / by;
    let shift = by.leading_zeros();
    let divisor = by << shift;
    let rest = shifted_left([a[0], a[1] % by], shift);
    let first = digit(rest[1], rest[0] >> 16, divisor);
    let left = (rest[1] << 16 | rest[0] >> 16).wrapping_sub(first.wrapping_mul(divisor));
    let second = digit(left, rest[0] & 0xffff, divisor);
    [first << 16 | second, high]
}

/// (rest·2¹⁶ + next) / divisor, where `rest` < `divisor`, `next` < 2¹⁶ and the divisor's highest bit is set.
pub const fn digit(rest: u32, next: u32, divisor: u32) -> u32 {
    let (high, low) = (divisor >> 16, divisor & 0xffff);
    let mut guess = rest / high;
    let mut over = rest % high;
    while guess > 0xffff || guess * low > (over << 16 | next) {
        guess -= 1;
        over += high;
        if over > 0xffff {
            break;
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Numbers of any length, and those at the edges of halves.
    fn any_number() -> impl Strategy<Value = u64> {
        let edges = prop::sample::select(alloc::vec![
            0,
            1,
            0xffff,
            0x1_0000,
            0xffff_ffff,
            1 << 32,
            (1 << 32) + 1,
            1 << 58,
            u64::MAX
        ]);
        prop_oneof![3 => (any::<u64>(), 0_u32..64).prop_map(|(number, by)| number >> by), 1 => edges]
    }

    proptest! {
        #[test]
        fn pairs_count_as_numbers_do(a in any_number(), b in any_number(), by in 0_u32..64) {
            prop_assert_eq!(number(pair(a)), a);
            prop_assert_eq!(number(add(pair(a), pair(b))), a.wrapping_add(b));
            prop_assert_eq!(number(sub(pair(a), pair(b))), a.wrapping_sub(b));
            prop_assert_eq!(number(distance_of(pair(a), pair(b))), a.abs_diff(b));
            prop_assert_eq!(is_less(pair(a), pair(b)), a < b);
            prop_assert_eq!(number(product(a as u32, b as u32)), u64::from(a as u32) * u64::from(b as u32));
            prop_assert_eq!(number(shifted_left(pair(a), by)), a << by);
            prop_assert_eq!(number(shifted_right(pair(a), by)), a >> by);
            prop_assert_eq!(bits(pair(a)), 64 - a.leading_zeros());
            for divisor in [b as u32, (b >> 32) as u32, (b as u32) << 31 | 1, u32::MAX] {
                if divisor != 0 {
                    prop_assert_eq!(number(divided(pair(a), divisor)), a / u64::from(divisor));
                }
            }
        }
    }
}
