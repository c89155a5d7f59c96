use prio::field::Field128 as Oracle;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

/// Numbers where carries and borrows change, and random ones.
fn integers() -> Vec<u128> {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let around = |middle: u128| (0..4u128).map(move |by| middle.wrapping_add(by).wrapping_sub(2));
    let bits = (0..128).flat_map(|bit| around(1 << bit));
    let near =
        [PRIME, PRIME / 2, PRIME / 3, PRIME - (28 << 64), PRIME >> 64, SQUARE].into_iter().flat_map(around);
    let random = (0..200).map(|_| u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64()));
    let mut integers: Vec<u128> = bits.chain(near).chain(random).filter(|integer| *integer < PRIME).collect();
    integers.sort_unstable();
    integers.dedup();
    integers
}

#[track_caller]
fn same(ours: Field128, theirs: Oracle) {
    assert_eq!(ours.integer(), u128::from(theirs));
    assert!(ours.0 < PRIME, "one form of a number");
}

#[wasm_bindgen_test(unsupported = test)]
fn arithmetic_is_that_of_prio() {
    let integers = integers();
    for (at, x) in integers.iter().enumerate() {
        let (ours, theirs) = (Field128::from(*x), Oracle::from(*x));
        same(ours, theirs);
        same(-ours, -theirs);
        // Each with all that lie near the ends, and a spread of the others.
        for y in integers
            .iter()
            .skip(at % 13)
            .step_by(13)
            .chain(&integers[..8])
            .chain(&integers[integers.len() - 8..])
        {
            let (other, oracle) = (Field128::from(*y), Oracle::from(*y));
            same(ours + other, theirs + oracle);
            same(ours - other, theirs - oracle);
            same(ours * other, theirs * oracle);
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn inverses_and_powers_are_those_of_prio() {
    let integers = integers();
    for x in integers.iter().copied().chain(1..1_000).filter(|x| *x > 0) {
        let (ours, theirs) = (Field128::from(x), Oracle::from(x));
        same(ours.inv(), theirs.inv());
        assert_eq!(ours * ours.inv(), Field128::one());
        for exponent in [0, 1, 2, 16, x, PRIME - 2] {
            same(ours.pow(exponent), theirs.pow(exponent));
        }
    }
    assert_eq!(Field128::zero().inv(), Field128::zero());
    same(Field128::half(), Oracle::half());
    assert_eq!(Field128::from(6) / Field128::from(3), Field128::from(2));
}

#[wasm_bindgen_test(unsupported = test)]
fn constants_are_those_of_prio() {
    assert_eq!(Field128::modulus(), Oracle::modulus());
    assert_eq!(Field128::generator_order(), Oracle::generator_order());
    same(Field128::generator(), Oracle::generator());
    for l in 0..ROOTS + 2 {
        assert_eq!(Field128::root(l).map(Field128::integer), Oracle::root(l).map(u128::from));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn bytes_are_those_of_prio() {
    for x in integers() {
        let (ours, theirs) = (Field128::from(x), Oracle::from(x));
        let bytes = ours.get_encoded().unwrap();
        assert_eq!(bytes, theirs.get_encoded().unwrap());
        assert_eq!(Field128::get_decoded(&bytes).unwrap(), ours);
        assert_eq!(Field128::try_from(bytes.as_slice()).unwrap(), ours);
        let json = serde_json::to_string(&ours).unwrap();
        assert_eq!(serde_json::from_str::<Field128>(&json).unwrap(), ours);
    }
    for over in [PRIME, PRIME + 1, u128::MAX] {
        let bytes = over.to_le_bytes();
        assert!(Field128::get_decoded(&bytes).is_err() && Field128::try_from(bytes).is_err());
        assert!(matches!(Field128::try_from_random(&bytes), Err(FieldError::ModulusOverflow)));
        assert_eq!(Field128::from(over), Field128::from(over - PRIME));
    }
    assert!(matches!(Field128::try_from([0; 15].as_slice()), Err(FieldError::ShortRead)));
    assert!(serde_json::from_str::<Field128>(&format!("{:?}", [255; 16])).is_err());
}

#[wasm_bindgen_test(unsupported = test)]
fn selects_and_compares() {
    let (one, two) = (Field128::from(1), Field128::from(2));
    assert_eq!(Field128::conditional_select(&one, &two, Choice::from(0)), one);
    assert_eq!(Field128::conditional_select(&one, &two, Choice::from(1)), two);
    assert!(bool::from(one.ct_eq(&one)) && !bool::from(one.ct_eq(&two)));
}

/// Each machine takes one of the two ways to multiply.
#[wasm_bindgen_test(unsupported = test)]
fn halves_multiply_like_words() {
    let integers = integers();
    for (at, x) in integers.iter().enumerate() {
        for y in integers.iter().skip(at % 7).step_by(7).chain([&u128::MAX, x]) {
            assert_eq!(product_of_halves(*x, *y), product_of_words(*x, *y));
            assert_eq!(product_of_halves(*y, !*x), product_of_words(*y, !*x));
        }
    }
}
