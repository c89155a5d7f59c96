use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

/// Any shapes and measurements: every scheme gives the exact sum, so all give the same.
#[wasm_bindgen_test(unsupported = test)]
fn every_scheme_gives_the_exact_sum() {
    let mut rng = rng(1);
    for round in 0..24 {
        let bits = 1 + (rng.next_u64() % 53) as u8;
        let one_hot = round % 3 == 0;
        let shape =
            Shape { length: 1 + (rng.next_u64() % 20) as u32, bits: if one_hot { 1 } else { bits }, one_hot };
        let measurements: Vec<_> = (0..rng.next_u64() % 6).map(|_| measurement(shape, &mut rng)).collect();
        let expected = plain(&measurements, shape.length);
        for scheme in Scheme::ALL {
            let instance = Instance::new(scheme, shape, 1000).unwrap();
            let (sums, _) = compute(&instance, &measurements, &mut rng);
            let totals = instance.unshard(all(&sums), measurements.len() as u32);
            assert_eq!(totals.as_ref(), Ok(&expected), "{scheme} {shape:?}");
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_largest_numbers_add_up() {
    for (scheme, bits, participants) in [
        (Scheme::Additive64, 63, 1),
        (Scheme::Additive64, 53, 1024),
        (Scheme::Rep64, 63, 1),
        (Scheme::Rep64, 43, 1 << 20),
        (Scheme::Prio3, 64, 1),
        (Scheme::Prio3, 62, 4),
    ] {
        let shape = Shape { length: 3, bits, one_hot: false };
        let instance = Instance::new(scheme, shape, participants).unwrap();
        let measurements = vec![vec![shape.value_max(); 3]; participants.min(4) as usize];
        let (sums, _) = compute(&instance, &measurements, &mut rng(2));
        let totals = instance.unshard(all(&sums), measurements.len() as u32);
        assert_eq!(totals, Ok(plain(&measurements, 3)), "{scheme} {bits}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn parameters_that_could_wrap_are_refused() {
    let shape = |length, bits, one_hot| Shape { length, bits, one_hot };
    let refused = |scheme, shape, participants| Instance::new(scheme, shape, participants).unwrap_err();
    for scheme in Scheme::ALL {
        for bits in [0, 65, 255] {
            assert!(matches!(refused(scheme, shape(1, bits, false), 1), InstanceError::Bits { .. }));
        }
        for length in [0, LENGTH_MAX + 1, u32::MAX] {
            assert!(matches!(refused(scheme, shape(length, 1, true), 1), InstanceError::Length { .. }));
        }
        for participants in [0, PARTICIPANTS_MAX + 1, u32::MAX] {
            assert!(matches!(
                refused(scheme, shape(1, 1, false), participants),
                InstanceError::Participants { .. }
            ));
        }
        assert_eq!(refused(scheme, shape(4, 2, true), 5), InstanceError::OneHot { bits: 2 });
        assert!(matches!(refused(scheme, shape(1, 62, false), 5), InstanceError::CouldWrap { .. }));
    }
    assert!(Instance::new(Scheme::Prio3, shape(1, 62, false), 4).is_ok());
    assert!(matches!(
        refused(Scheme::Additive64, shape(1, 62, false), 4),
        InstanceError::CouldWrap { fits: 0x7FFF_FFFF_FFFF_FFFF, .. }
    ));
    assert!(matches!(
        refused(Scheme::Rep64, shape(1 << 15, 43, false), 1 << 20),
        InstanceError::Length { .. }
    ));
    assert!(matches!(refused(Scheme::Prio3, shape(1 << 14, 17, false), 2), InstanceError::Length { .. }));
    assert!(Instance::new(Scheme::Prio3, shape(1 << 14, 16, false), 2).is_ok());
}

#[wasm_bindgen_test(unsupported = test)]
fn measurements_that_do_not_fit_are_not_sharded() {
    for scheme in Scheme::ALL {
        let numbers = instance(scheme, 3, 4, false);
        let shard = |measurement: &[u64]| numbers.shard(CONTEXT, &nonce(0), measurement, &mut rng(3)).err();
        assert_eq!(shard(&[1, 2]), Some(ShardError::Length { length: 2, expected: 3 }));
        assert_eq!(shard(&[1, 15, 16]), Some(ShardError::OutOfRange { component: 2, max: 15 }));
        assert_eq!(shard(&[1, 15, 15]), None);
        let bins = instance(scheme, 3, 1, true);
        let shard = |measurement: &[u64]| bins.shard(CONTEXT, &nonce(0), measurement, &mut rng(3)).err();
        assert_eq!(shard(&[0, 0, 0]), Some(ShardError::NotOneHot));
        assert_eq!(shard(&[1, 0, 1]), Some(ShardError::NotOneHot));
        assert_eq!(shard(&[0, 2, 0]), Some(ShardError::OutOfRange { component: 1, max: 1 }));
        assert_eq!(shard(&[0, 1, 0]), None);
        let long = vec![0; CONTEXT_BYTES_MAX + 1];
        let refused = bins.shard(&long, &nonce(0), &[0, 1, 0], &mut rng(3));
        assert_eq!(refused, Err(ShardError::ContextTooLong));
    }
}

/// Two light nodes change places. Whatever two heavy nodes hold of their reports, and all sums that are ever published, can be
/// the same bytes: so they tell nothing but what the total says.
#[wasm_bindgen_test(unsupported = test)]
fn two_additive64_heavy_nodes_see_the_same_when_inputs_change_places() {
    let mut rng = rng(4);
    let instance = instance(Scheme::Additive64, 3, 50, false);
    let inputs = [[5, 7, (1 << 50) - 1], [1 << 40, 0, 9]];
    let reports = inputs.map(|input| instance.shard(CONTEXT, &nonce(0), &input, &mut rng).unwrap());
    for missing in 0..SHARES {
        let worlds = [[0, 1], [1, 0]].map(|order| {
            let mut sums = [0, 1, 2].map(|role| instance.empty(role).unwrap());
            let mut seen = Vec::new();
            for (report, input) in order.into_iter().enumerate() {
                let mut told = reports[report].clone();
                let share = additive64::decode(&told.inputs[missing]);
                let moved = share.iter().zip(inputs[input].iter().zip(&inputs[report]));
                let moved: Vec<u64> =
                    moved.map(|(share, (to, from))| share.wrapping_add(*to).wrapping_sub(*from)).collect();
                told.inputs[missing] = additive64::encode(&moved);
                let outputs = verify(&instance, &nonce(0), &told).unwrap();
                let mut alone = [0, 1, 2].map(|role| instance.empty(role).unwrap());
                for role in 0..SHARES {
                    sums[role].accumulate(&outputs[role]).unwrap();
                    alone[role].accumulate(&outputs[role]).unwrap();
                }
                assert_eq!(instance.unshard(all(&alone), 1).as_deref(), Ok(inputs[input].as_slice()));
                told.inputs[missing].clear();
                seen.push(told);
            }
            (seen, sums.map(|sum| sum.encode()))
        });
        assert_eq!(worlds[0], worlds[1]);
    }
}

/// Bytes that leave a device or are signed: they change only with a new version of the protocol.
#[wasm_bindgen_test(unsupported = test)]
fn the_bytes_are_fixed() {
    use sha2::{Digest as _, Sha256};
    let expected = ["66eaf8cbf3b6d431", "9e8a6dab6219558c", "7fbf3b638ddcb9a7"];
    for (scheme, expected) in Scheme::ALL.into_iter().zip(expected) {
        let instance = instance(scheme, 10, 16, false);
        let measurement: Vec<u64> = (0..10).collect();
        let report = instance.shard(CONTEXT, &nonce(1), &measurement, &mut rng(5)).unwrap();
        let outputs = verify(&instance, &nonce(1), &report).unwrap();
        let mut hash = Sha256::new().chain_update(&report.public);
        for (role, output) in outputs.iter().enumerate() {
            let mut sum = instance.empty(role).unwrap();
            sum.accumulate(output).unwrap();
            hash.update(&report.inputs[role]);
            hash.update(sum.encode());
        }
        assert_eq!(data_encoding::HEXLOWER.encode(&hash.finalize()[..8]), expected, "{scheme}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn each_scheme_says_what_it_does() {
    for scheme in Scheme::ALL {
        assert_eq!(serde_json::to_string(&scheme).unwrap(), format!("\"{scheme}\""));
        for text in [scheme.protects(), scheme.not_protected()] {
            assert!(text.ends_with('.') && text.matches(". ").count() == 0, "one sentence: {text}");
        }
    }
}
