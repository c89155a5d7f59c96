use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::prio3::xof::Xof;

/// The value at `x` of the polynomial of these coefficients, lowest first.
fn evaluate(coefficients: &[Field128], x: Factor) -> Field128 {
    coefficients.iter().rev().fold(Field128::ZERO, |sum, coefficient| sum * x + *coefficient)
}

/// The powers of the root of unity of order `len`.
fn powers(len: usize) -> Vec<Factor> {
    let root = Factor::root(len.ilog2() as usize).unwrap();
    (0..len).map(|power| root.power(power as u128)).collect()
}

fn random(length: usize, seed: u8) -> Vec<Field128> {
    Xof::new(&[seed; 32], [0; 8], &[]).elements(length)
}

#[wasm_bindgen_test(unsupported = test)]
fn roots_have_their_order() {
    for len in [2, 4, 64] {
        let powers = powers(len);
        assert_eq!(powers[len / 2], -Factor::ONE);
        assert_eq!(powers[len - 1] * powers[1], Factor::ONE);
    }
    assert!(Roots::new(1 << 20).is_none(), "the root of twice the order is not known");
}

#[wasm_bindgen_test(unsupported = test)]
fn values_at_odd_powers_are_those_of_the_polynomial() {
    for len in [2, 4, 8, 32, 128] {
        let roots = Roots::new(len).unwrap();
        assert_eq!(roots.len(), len);
        let coefficients = random(len, len as u8);
        let mut values = vec![Loose::ZERO; len];
        for (power, place) in powers(len).into_iter().zip(roots.reversed()) {
            values[*place] = evaluate(&coefficients, power).into();
        }
        let mut odd = vec![Loose::ZERO; len];
        roots.odd_values(&mut values, &mut odd);
        for (value, power) in odd.into_iter().zip(powers(2 * len).into_iter().skip(1).step_by(2)) {
            assert_eq!(value * roots.len_inverse(), evaluate(&coefficients, power));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn weighted_values_are_the_polynomial_anywhere() {
    for len in [2, 4, 16, 64] {
        let roots = Roots::new(len).unwrap();
        for (double, count) in [(false, len), (true, 2 * len)] {
            let coefficients = random(count, 1);
            let values: Vec<Field128> =
                powers(count).into_iter().map(|power| evaluate(&coefficients, power)).collect();
            // At random, and at the roots of unity themselves.
            let anywhere = random(3, 2).into_iter().map(Factor::of);
            for x in anywhere.chain([Factor::of(Field128::ZERO)]).chain(powers(count)) {
                let weights = roots.weights(x, double);
                assert_eq!(weights.len(), count);
                let sum =
                    values.iter().zip(weights).fold(Field128::ZERO, |sum, (y, weight)| sum + *y * weight);
                assert_eq!(sum, evaluate(&coefficients, x));
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn roots_vanish() {
    let roots = Roots::new(16).unwrap();
    assert!(powers(16).into_iter().all(|power| roots.vanishing(power) == Factor::ONE));
    assert!(powers(32).into_iter().skip(1).step_by(2).all(|power| roots.vanishing(power) != Factor::ONE));
    assert_eq!(roots.vanishing(Factor::of(Field128::from(2))).element(), Field128::from(1 << 16));
}
