//! Foreign bytes: each is refused, and nothing panics.

use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

/// Changes of `honest` that a peer may send: other lengths, other bits, all zeros, all ones, noise.
fn mangled(honest: &[u8], rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let mut all =
        vec![vec![], vec![0], vec![0xFF; 100_000], [honest, honest].concat(), vec![0; honest.len()]];
    all.push(vec![0xFF; honest.len()]);
    if let Some((_, shorter)) = honest.split_last() {
        all.push(shorter.to_vec());
    }
    all.push([honest, &[0]].concat());
    for _ in 0..20 {
        let mut noise = vec![0; (rng.next_u64() % 2048) as usize];
        rng.fill_bytes(&mut noise);
        all.push(noise);
        let mut changed = honest.to_vec();
        rng.fill_bytes(&mut changed);
        all.push(changed);
        if !honest.is_empty() {
            let mut changed = honest.to_vec();
            let at = rng.next_u64() as usize % changed.len();
            changed[at] ^= 1 << (rng.next_u64() % 8);
            all.push(changed);
        }
    }
    all.retain(|bytes| bytes != honest);
    all
}

#[wasm_bindgen_test(unsupported = test)]
fn foreign_reports_are_refused() {
    let mut rng = rng(1);
    for scheme in Scheme::ALL {
        for one_hot in [false, true] {
            let instance = instance(scheme, 7, if one_hot { 1 } else { 9 }, one_hot);
            let honest = measurement(instance.shape(), &mut rng);
            let report = instance.shard(CONTEXT, &nonce(0), &honest, &mut rng).unwrap();
            for role in 0..SHARES {
                for input in mangled(&report.inputs[role], &mut rng) {
                    let mut changed = report.clone();
                    let fits = input.len() == instance.input_len(role);
                    changed.inputs[role] = input;
                    let verified = verify(&instance, &nonce(0), &changed);
                    // What only adds up cannot know.
                    if scheme == Scheme::Additive64 && fits {
                        assert!(verified.is_ok());
                    } else {
                        assert!(verified.is_err(), "{scheme}");
                    }
                }
            }
            for public in mangled(&report.public, &mut rng) {
                let changed = Sharded { public, inputs: report.inputs.clone() };
                assert!(verify(&instance, &nonce(0), &changed).is_err(), "{scheme}");
            }
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn prio3_binds_nonce_context_and_key() {
    let instance = instance(Scheme::Prio3, 3, 4, false);
    let report = instance.shard(CONTEXT, &nonce(0), &[1, 2, 3], &mut rng(2)).unwrap();
    assert!(verify(&instance, &nonce(0), &report).is_ok());
    assert_eq!(verify(&instance, &nonce(1), &report).unwrap_err(), VerifyError::Proof);
    let share = |key: &[u8; 32], context: &[u8], role: usize| {
        let init = instance.verify_init(key, context, role, &nonce(0), &report.public, &report.inputs[role]);
        init.unwrap().1.unwrap()
    };
    let other = [0, 1, 2].map(|role| share(&KEY, b"another computation", role));
    let refused = instance.verifier_merge(b"another computation", other.each_ref().map(Vec::as_slice));
    assert_eq!(refused, Err(VerifyError::Proof));
    let keys = [0, 1, 2].map(|role| share(&[role as u8; 32], CONTEXT, role));
    assert_eq!(instance.verifier_merge(CONTEXT, keys.each_ref().map(Vec::as_slice)), Err(VerifyError::Proof));
}

#[wasm_bindgen_test(unsupported = test)]
fn foreign_verifier_bytes_are_refused() {
    let mut rng = rng(3);
    let instance = instance(Scheme::Prio3, 7, 9, false);
    let honest = measurement(instance.shape(), &mut rng);
    let report = instance.shard(CONTEXT, &nonce(0), &honest, &mut rng).unwrap();
    let init = |role: usize| {
        instance.verify_init(&KEY, CONTEXT, role, &nonce(0), &report.public, &report.inputs[role]).unwrap()
    };
    let shares = [0, 1, 2].map(|role| init(role).1.unwrap());
    let message = instance.verifier_merge(CONTEXT, shares.each_ref().map(Vec::as_slice)).unwrap();
    for role in 0..SHARES {
        for share in mangled(&shares[role], &mut rng) {
            let mut told = shares.each_ref().map(Vec::as_slice);
            told[role] = &share;
            // A false part of the joint randomness shows only to those who have the true one.
            if let Ok(message) = instance.verifier_merge(CONTEXT, told) {
                let next = instance.verify_next(CONTEXT, init(0).0, &message);
                assert_eq!(next.unwrap_err(), VerifyError::Proof);
            }
        }
        for message in mangled(&message, &mut rng) {
            assert!(instance.verify_next(CONTEXT, init(role).0, &message).is_err());
        }
        assert!(instance.verify_next(CONTEXT, init(role).0, &message).is_ok());
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn foreign_aggregates_are_refused() {
    let mut rng = rng(4);
    for scheme in Scheme::ALL {
        let instance = instance(scheme, 3, 9, false);
        let (sums, commitments) = compute(&instance, &[vec![1, 2, 3], vec![4, 5, 6]], &mut rng);
        for (role, sum) in sums.iter().enumerate() {
            for bytes in mangled(&sum.encode(), &mut rng) {
                let Ok(told) = instance.decode_aggregate(role, &bytes) else { continue };
                let mut mixed = all(&sums);
                mixed[role] = Some(&told);
                // What passes as a sum of theirs is at most another number in range.
                let _ = instance.unshard(mixed, 2);
                if scheme == Scheme::Rep64 {
                    let verdicts = instance.check_aggregate(&commitments, &told).unwrap();
                    assert!(verdicts.iter().any(|verdict| !verdict.opens));
                }
            }
            for role in [3, usize::MAX] {
                assert_eq!(instance.decode_aggregate(role, &sum.encode()), Err(AggregateError::Misused));
                assert_eq!(instance.empty(role), Err(AggregateError::Misused));
            }
        }
        for bytes in mangled(&commitments.encode(), &mut rng) {
            if let Ok(told) = Commitments::decode(&bytes) {
                assert_ne!(told, commitments);
            }
            let mut sum = Commitments::empty();
            let three_points = bytes.len() == 96 && sum.add(&bytes).is_ok();
            assert_eq!(sum.reports(), u32::from(three_points));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn values_of_another_instance_are_refused() {
    let mut rng = rng(5);
    let instances: Vec<Instance> = Scheme::ALL
        .into_iter()
        .flat_map(|scheme| [instance(scheme, 2, 8, false), instance(scheme, 40, 50, false)])
        .collect();
    for one in &instances {
        let measurement = measurement(one.shape(), &mut rng);
        let report = one.shard(CONTEXT, &nonce(0), &measurement, &mut rng).unwrap();
        for other in instances.iter().filter(|other| !core::ptr::eq(*other, one)) {
            let init =
                || one.verify_init(&KEY, CONTEXT, 0, &nonce(0), &report.public, &report.inputs[0]).unwrap().0;
            assert!(other.verify_next(CONTEXT, init(), &vec![0; other.verifier_message_len()]).is_err());
            let [output, ..] = verify(one, &nonce(0), &report).unwrap();
            let mut sum = other.empty(0).unwrap();
            assert_eq!(sum.accumulate(&output), Err(AggregateError::Misused));
            assert_eq!(one.unshard([Some(&sum), None, None], 0), Err(UnshardError::Misused));
            assert!(one.check_aggregate(&Commitments::empty(), &sum).is_err());
            if other.scheme() == Scheme::Rep64 {
                assert_eq!(other.verify_batch(&mut [init()], &mut rng), [0]);
            }
        }
        let share = vec![0; one.verifier_share_len()];
        if one.scheme() != Scheme::Prio3 {
            assert_eq!(one.verifier_merge(CONTEXT, [&share; 3]), Err(VerifyError::Misused));
        }
        let long = vec![0; CONTEXT_BYTES_MAX + 1];
        for (context, role, error) in
            [(long.as_slice(), 0, VerifyError::ContextTooLong), (CONTEXT, 3, VerifyError::Misused)]
        {
            let refused = one.verify_init(&KEY, context, role, &nonce(0), &report.public, &report.inputs[0]);
            assert_eq!(refused.unwrap_err(), error);
        }
    }
}
