use alloc::vec::Vec;

use prio::codec::Encode as _;
use prio::field::{
    Field128 as Oracle, FieldElement as _, FieldElementWithInteger as _, NttFriendlyFieldElement as _,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

/// Numbers where carries and borrows change, and random ones.
fn numbers() -> Vec<u128> {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let around = |middle: u128| (0..4u128).map(move |by| middle.wrapping_add(by).wrapping_sub(2));
    let bits = (0..128).flat_map(|bit| around(1 << bit));
    let near = [PRIME, PRIME / 2, PRIME / 3, PRIME - (28 << 64), PRIME >> 64, SQUARE, WRAP, u128::MAX]
        .into_iter()
        .flat_map(around);
    let random = (0..200).map(|_| u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()));
    let mut numbers: Vec<u128> = bits.chain(near).chain(random).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Those of the field.
fn integers() -> Vec<u128> {
    numbers().into_iter().filter(|number| *number < PRIME).collect()
}

/// A spread of `all`, another one for each `at`, and those near both ends.
fn some(all: &[u128], at: usize) -> impl Iterator<Item = u128> {
    let ends = all[..8].iter().chain(&all[all.len() - 8..]);
    all.iter().skip(at % 13).step_by(13).chain(ends).copied()
}

#[track_caller]
fn same(ours: Field128, theirs: Oracle) {
    assert_eq!(ours.integer(), u128::from(theirs));
}

#[wasm_bindgen_test(unsupported = test)]
fn arithmetic_is_that_of_prio() {
    let integers = integers();
    for (at, x) in integers.iter().enumerate() {
        let (ours, theirs) = (Field128(*x), Oracle::from(*x));
        same(ours, theirs);
        same(-ours, -theirs);
        assert_eq!(Factor::of(ours).element(), ours);
        for y in some(&integers, at) {
            let (other, oracle) = (Field128(y), Oracle::from(y));
            let (factor, by) = (Factor::of(ours), Factor::of(other));
            same(ours + other, theirs + oracle);
            same(ours - other, theirs - oracle);
            same(ours * by, theirs * oracle);
            same((factor * by).element(), theirs * oracle);
            same((factor + by).element(), theirs + oracle);
            same((factor - by).element(), theirs - oracle);
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn any_number_is_the_element_that_it_is_modulo_the_prime() {
    let (numbers, integers) = (numbers(), integers());
    for (at, x) in numbers.iter().enumerate() {
        let (loose, oracle) = (Loose(*x), Oracle::from(*x));
        same(loose.element(), oracle);
        for y in some(&integers, at) {
            let (other, by) = (Field128(y), Oracle::from(y));
            same((loose + other).element(), oracle + by);
            same((loose - other).element(), oracle - by);
            same(loose * Factor::of(other), oracle * by);
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn sums_of_products_are_those_of_prio() {
    let (numbers, integers) = (numbers(), integers());
    same(Dot::ZERO.sum(), Oracle::zero());
    // All together, with the sum looked at on the way.
    let (mut dot, mut expected) = (Dot::ZERO, Oracle::zero());
    let (mut products, mut expected_products) = (Dot::ZERO, Oracle::zero());
    for at in 0..5_000 {
        let (x, y) = (integers[at * 7 % integers.len()], integers[at * 11 % integers.len()]);
        dot.add(Field128(x), Factor(y));
        expected += Oracle::from(x) * Oracle::from(y);
        same(dot.sum() * Factor::OF_PRODUCTS, expected);
        let (x, y) = (numbers[at * 13 % numbers.len()], numbers[at * 17 % numbers.len()]);
        products.add_elements(Loose(x), Loose(y));
        expected_products += Oracle::from(x) * Oracle::from(y);
        same(products.sum() * Factor::OF_PRODUCTS, expected_products);
    }
    // The largest there is, time and again; and whatever else a sum may have come to.
    let (mut dot, mut expected) = (Dot::ZERO, Oracle::zero());
    for _ in 0..100 {
        dot.add_elements(Loose(u128::MAX), Loose(u128::MAX));
        expected += Oracle::from(u128::MAX) * Oracle::from(u128::MAX);
        same(dot.sum() * Factor::OF_PRODUCTS, expected);
    }
    let wrap = Oracle::from(WRAP);
    for over in [0, 1, 2, 1_000, u64::from(u32::MAX)] {
        for (at, high) in numbers.iter().enumerate() {
            for low in some(&numbers, at) {
                let expected =
                    (Oracle::from(u128::from(over)) * wrap + Oracle::from(*high)) * wrap + Oracle::from(low);
                same(Dot { over, high: *high, low }.sum() * Factor::OF_PRODUCTS, expected);
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn inverses_and_powers_are_those_of_prio() {
    for x in integers().into_iter().step_by(3).chain(1..100).filter(|x| *x > 0) {
        let (ours, theirs) = (Factor::of(Field128(x)), Oracle::from(x));
        same(ours.inverse().element(), theirs.inv());
        for exponent in [0, 1, 2, 16, x, PRIME - 2] {
            same(ours.power(exponent).element(), theirs.pow(exponent));
        }
    }
    assert_eq!(Factor::of(Field128::ZERO).inverse().element(), Field128::ZERO);
}

#[wasm_bindgen_test(unsupported = test)]
fn constants_are_those_of_prio() {
    assert_eq!(PRIME, Oracle::modulus());
    assert_eq!(1 << GENERATOR_BITS, Oracle::generator_order());
    same(Field128::ONE, Oracle::one());
    for l in 0..ROOTS {
        same(Factor::root(l).unwrap().element(), Oracle::root(l).unwrap());
    }
    assert_eq!(Factor::root(ROOTS), None);
}

#[wasm_bindgen_test(unsupported = test)]
fn bytes_are_those_of_prio() {
    for x in integers() {
        let bytes = Field128(x).encoded();
        assert_eq!(bytes.as_slice(), Oracle::from(x).get_encoded().unwrap());
        assert_eq!(Field128::decoded(bytes), Some(Field128(x)));
    }
    for over in [PRIME, PRIME + 1, u128::MAX] {
        assert_eq!(Field128::decoded(over.to_le_bytes()), None);
    }
}

/// Each machine takes one of the two ways to multiply.
#[wasm_bindgen_test(unsupported = test)]
fn halves_multiply_like_words() {
    let numbers = numbers();
    for (at, x) in numbers.iter().enumerate() {
        for y in numbers.iter().skip(at % 7).step_by(7).chain([&u128::MAX, x]) {
            assert_eq!(product_of_halves(*x, *y), product_of_words(*x, *y));
            assert_eq!(product_of_halves(*y, !*x), product_of_words(*y, !*x));
        }
    }
}

/// So with the number that the prime has in it.
#[wasm_bindgen_test(unsupported = test)]
fn shifts_multiply_like_words() {
    for number in numbers() {
        for word in [number as u64, (number >> 64) as u64] {
            let product = u128::from(word) * 28;
            assert_eq!(times_28_by_shifts(word), ((product >> 64) as u64, product as u64));
            assert_eq!(times_28(word), times_28_by_shifts(word));
        }
    }
}
