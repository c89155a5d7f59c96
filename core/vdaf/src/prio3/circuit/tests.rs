use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

#[wasm_bindgen_test(unsupported = test)]
fn parameters_that_make_no_circuit_are_refused() {
    let refused = |circuit: Result<Circuit, Refused>| circuit.err() == Some(Refused);
    for (shares, length, chunk) in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (3, 1 << 20, 1)] {
        assert!(refused(Circuit::histogram(shares, length, chunk)));
        assert!(refused(Circuit::sum_vec(shares, length, 1, chunk)));
    }
    assert!(refused(Circuit::sum_vec(3, 1, 0, 1)));
    assert!(refused(Circuit::sum_vec(3, usize::MAX / 2, u64::MAX, 1)));
}

#[wasm_bindgen_test(unsupported = test)]
fn numbers_come_back() {
    for max in [1, 2, 3, 6, 7, 32_000, u64::MAX - 1, u64::MAX] {
        let circuit = Circuit::sum_vec(3, 3, max, 4).unwrap();
        for value in [0, 1, max / 2, max / 2 + 1, max] {
            let encoded = circuit.encode(&[value, 0, max]);
            assert_eq!(encoded.len(), circuit.length());
            assert!(encoded.iter().all(|bit| [Field128::ZERO, Field128::ONE].contains(bit)));
            assert_eq!(circuit.truncate(encoded), [value, 0, max].map(Field128::from));
        }
    }
}

/// At a point that the wires were made of, a verifier would see a share of a bit.
#[wasm_bindgen_test(unsupported = test)]
fn a_root_of_unity_is_no_point_to_look_at() {
    let circuit = Circuit::sum_vec(1, 1, 7, 1).unwrap();
    let encoded = circuit.encode(&[5]);
    let joint_rand = [2, 3, 4].map(Field128::from);
    let proof = circuit.prove(&encoded, &[8, 9].map(Field128::from), &joint_rand);
    let query = |point: Field128| circuit.query(&encoded, &proof, &[point], &joint_rand);
    // Three calls and a seed: four values.
    let root = Factor::root(2).unwrap();
    for power in 0..4 {
        assert_eq!(query(root.power(power).element()), Err(Refused));
    }
    for point in [Field128::from(2), Factor::root(3).unwrap().element(), Field128::ZERO] {
        assert!(circuit.decide(&query(point).unwrap()));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_verifier_of_another_length_decides_nothing() {
    let circuit = Circuit::histogram(3, 4, 2).unwrap();
    assert!(!circuit.decide(&[]) && !circuit.decide(&[Field128::ZERO]));
}
