//! Heavy nodes that are lost or lie, and light nodes that give them different things.

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn rep64() -> (Instance, Vec<Vec<u64>>, Vec<u64>) {
    let instance = instance(Scheme::Rep64, 6, 40, false);
    let measurements: Vec<_> = (0..5).map(|seed| measurement(instance.shape(), &mut rng(seed))).collect();
    let expected = plain(&measurements, 6);
    (instance, measurements, expected)
}

#[wasm_bindgen_test(unsupported = test)]
fn any_two_rep64_heavy_nodes_give_the_exact_result() {
    let (instance, measurements, expected) = rep64();
    let (sums, _) = compute(&instance, &measurements, &mut rng(1));
    for lost in 0..SHARES {
        let mut left = all(&sums);
        left[lost] = None;
        assert_eq!(instance.unshard(left, 5).as_ref(), Ok(&expected));
        let mut alone = [None; 3];
        alone[lost] = Some(&sums[lost]);
        assert_eq!(instance.unshard(alone, 5), Err(UnshardError::Missing { role: (lost + 2) % 3 }));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_other_schemes_need_all_three() {
    for scheme in [Scheme::Additive64, Scheme::Prio3] {
        let instance = instance(scheme, 2, 8, false);
        let (sums, _) = compute(&instance, &[vec![1, 2]], &mut rng(1));
        for role in 0..SHARES {
            let mut left = all(&sums);
            left[role] = None;
            assert_eq!(instance.unshard(left, 1), Err(UnshardError::Missing { role }));
        }
    }
}

/// Each place in a heavy node's sums, one after the other, changed by one.
#[wasm_bindgen_test(unsupported = test)]
fn a_rep64_heavy_node_that_lies_is_named() {
    let (instance, measurements, expected) = rep64();
    let (sums, commitments) = compute(&instance, &measurements, &mut rng(2));
    for sum in &sums {
        let verdicts = instance.check_aggregate(&commitments, sum).unwrap();
        assert_eq!(verdicts.map(|verdict| verdict.component), [sum.role(), (sum.role() + 1) % 3]);
        assert!(verdicts.iter().all(|verdict| verdict.opens));
    }
    for liar in 0..SHARES {
        let honest = sums[liar].encode();
        let scalars = (honest.len() - 4) / 32;
        for scalar in 0..scalars {
            let mut bytes = honest.clone();
            bytes[4 + 32 * scalar] ^= 1;
            let mut told = sums.clone();
            told[liar] = instance.decode_aggregate(liar, &bytes).unwrap();
            let place = scalar / (scalars / 2);
            let component = (liar + place) % 3;
            assert_eq!(instance.unshard(all(&told), 5), Err(UnshardError::Conflict { component }));
            for sum in &told {
                for verdict in instance.check_aggregate(&commitments, sum).unwrap() {
                    let lied = sum.role() == liar && verdict.component == component;
                    assert_eq!(verdict.opens, !lied, "{} {verdict:?}", sum.role());
                }
            }
            let mut left = all(&told);
            left[liar] = None;
            assert_eq!(instance.unshard(left, 5).as_ref(), Ok(&expected));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rep64_heavy_node_that_leaves_out_a_report_is_named() {
    let (instance, measurements, _) = rep64();
    let (_, commitments) = compute(&instance, &measurements, &mut rng(2));
    // The same generator: these are the first four of the same reports.
    let (fewer, _) = compute(&instance, &measurements[..4], &mut rng(2));
    let verdicts = instance.check_aggregate(&commitments, &fewer[1]).unwrap();
    assert!(verdicts.iter().all(|verdict| !verdict.opens));
    // And if it says that there were five.
    let mut bytes = fewer[1].encode();
    bytes[0] = 5;
    let told = instance.decode_aggregate(1, &bytes).unwrap();
    let verdicts = instance.check_aggregate(&commitments, &told).unwrap();
    assert!(verdicts.iter().all(|verdict| !verdict.opens));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_rep64_report_that_differs_between_holders_is_refused() {
    let instance = instance(Scheme::Rep64, 6, 40, false);
    let report = instance.shard(CONTEXT, &nonce(0), &[1, 2, 3, 4, 5, 6], &mut rng(3)).unwrap();
    let half = instance.input_len(0) / 2;
    for role in 0..SHARES {
        for at in (0..2 * half).step_by(32) {
            let mut input = report.inputs[role].clone();
            input[at] ^= 1;
            let component = (role + at / half) % 3;
            let init =
                || instance.verify_init(&KEY, CONTEXT, role, &nonce(0), &report.public, &input).unwrap().0;
            let refused = instance.verify_next(CONTEXT, init(), &[]).unwrap_err();
            assert_eq!(refused, VerifyError::Commitment { component });
            assert_eq!(instance.verify_batch(&mut [init()], &mut rng(4)), [0]);
        }
        // A commitment to something else.
        let other = instance.shard(CONTEXT, &nonce(0), &[1, 2, 3, 4, 5, 7], &mut rng(4)).unwrap();
        let (state, _) = instance
            .verify_init(&KEY, CONTEXT, role, &nonce(0), &other.public, &report.inputs[role])
            .unwrap();
        assert_eq!(
            instance.verify_next(CONTEXT, state, &[]).unwrap_err(),
            VerifyError::Commitment { component: role }
        );
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_batch_finds_exactly_the_bad_reports() {
    let instance = instance(Scheme::Rep64, 4, 8, false);
    let mut rng = rng(5);
    for bad in [vec![], vec![0], vec![16], vec![3, 4, 9], (0..17).collect::<Vec<usize>>()] {
        let mut states = Vec::new();
        for number in 0..17 {
            let mut report = instance.shard(CONTEXT, &nonce(number), &[1, 2, 3, 4], &mut rng).unwrap();
            if bad.contains(&number) {
                let at = (rng.next_u64() % 4) as usize * 32;
                report.inputs[2][at] ^= 4;
            }
            let init =
                instance.verify_init(&KEY, CONTEXT, 2, &nonce(number), &report.public, &report.inputs[2]);
            states.push(init.unwrap().0);
        }
        assert_eq!(instance.verify_batch(&mut states, &mut rng), bad);
        let mut sum = instance.empty(2).unwrap();
        for (number, state) in states.into_iter().enumerate() {
            match instance.verify_next(CONTEXT, state, &[]) {
                Ok(output) => sum.accumulate(&output).unwrap(),
                Err(error) => {
                    assert!(bad.contains(&number) && matches!(error, VerifyError::Commitment { .. }))
                }
            }
        }
        assert_eq!(sum.reports() as usize, 17 - bad.len());
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn totals_that_nobody_can_reach_are_refused() {
    for scheme in [Scheme::Additive64, Scheme::Prio3] {
        let instance = instance(scheme, 2, 8, false);
        let (mut sums, _) = compute(&instance, &[vec![200, 255]], &mut rng(6));
        let mut bytes = sums[0].encode();
        let high = bytes.len() - 2;
        bytes[high] ^= 1;
        sums[0] = instance.decode_aggregate(0, &bytes).unwrap();
        assert_eq!(instance.unshard(all(&sums), 1), Err(UnshardError::OutOfRange { component: 1 }));
    }
    // One-hot contributions add up to their number; here two numbers change by one and the sum by two.
    let instance = instance(Scheme::Additive64, 3, 1, true);
    let (mut sums, _) = compute(&instance, &[vec![0, 1, 0], vec![1, 0, 0], vec![0, 1, 0]], &mut rng(6));
    let totals = instance.unshard(all(&sums), 3).unwrap();
    assert_eq!(totals, [1, 2, 0]);
    let mut bytes = sums[0].encode();
    let number = u64::from_le_bytes(bytes[4..12].try_into().unwrap());
    bytes[4..12].copy_from_slice(&number.wrapping_add(1).to_le_bytes());
    sums[0] = instance.decode_aggregate(0, &bytes).unwrap();
    assert_eq!(instance.unshard(all(&sums), 3), Err(UnshardError::NotOneHot));
}

#[wasm_bindgen_test(unsupported = test)]
fn aggregates_must_cover_the_agreed_number() {
    for scheme in Scheme::ALL {
        let instance = instance(scheme, 2, 8, false);
        let (sums, _) = compute(&instance, &[vec![1, 2], vec![3, 4]], &mut rng(7));
        assert_eq!(instance.unshard(all(&sums), 3), Err(UnshardError::Count { role: 0, count: 2 }));
        let [first, second, third] = &sums;
        let swapped = [Some(second), Some(first), Some(third)];
        assert_eq!(instance.unshard(swapped, 2), Err(UnshardError::Misused));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn an_aggregate_takes_no_more_than_its_participants() {
    for scheme in Scheme::ALL {
        let instance = Instance::new(scheme, Shape { length: 1, bits: 4, one_hot: false }, 2).unwrap();
        let report = instance.shard(CONTEXT, &nonce(0), &[9], &mut rng(8)).unwrap();
        let [first, second, _] = verify(&instance, &nonce(0), &report).unwrap();
        let mut sum = instance.empty(0).unwrap();
        assert_eq!(sum.accumulate(&second), Err(AggregateError::Misused));
        sum.accumulate(&first).unwrap();
        sum.accumulate(&first).unwrap();
        assert_eq!(sum.accumulate(&first), Err(AggregateError::Full));
        assert_eq!(sum.reports(), 2);
    }
}
