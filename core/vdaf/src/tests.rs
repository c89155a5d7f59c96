mod agreement;
mod heavy_lies;
mod hostile;

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::*;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

const KEY: [u8; VERIFY_KEY_BYTES] = [3; VERIFY_KEY_BYTES];
const CONTEXT: &[u8] = b"a computation";

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn instance(scheme: Scheme, length: u32, bits: u8, one_hot: bool) -> Instance {
    Instance::new(scheme, Shape { length, bits, one_hot }, 1000).unwrap()
}

fn nonce(number: usize) -> [u8; NONCE_BYTES] {
    (number as u128).to_le_bytes()
}

/// A random measurement that fits.
fn measurement(shape: Shape, rng: &mut ChaCha20Rng) -> Vec<u64> {
    let mut values: Vec<u64> = (0..shape.length).map(|_| rng.next_u64() & shape.value_max()).collect();
    if shape.one_hot {
        let hot = rng.next_u64() as usize % values.len();
        values.iter_mut().enumerate().for_each(|(at, value)| *value = u64::from(at == hot));
    }
    values
}

/// What the three heavy nodes make of one report.
fn verify(
    instance: &Instance,
    nonce: &[u8; NONCE_BYTES],
    report: &Sharded,
) -> Result<[Output; 3], VerifyError> {
    let mut states = Vec::new();
    let mut shares = Vec::new();
    for role in 0..SHARES {
        let (state, share) =
            instance.verify_init(&KEY, CONTEXT, role, nonce, &report.public, &report.inputs[role])?;
        states.push(state);
        shares.extend(share);
    }
    let message = match shares.as_slice() {
        [first, second, third] => instance.verifier_merge(CONTEXT, [first, second, third])?,
        _ => Vec::new(),
    };
    let outputs = states.into_iter().map(|state| instance.verify_next(CONTEXT, state, &message));
    Ok(outputs.collect::<Result<Vec<_>, _>>()?.try_into().unwrap())
}

/// A whole computation: the aggregates, and the commitments where there are some.
fn compute(
    instance: &Instance,
    measurements: &[Vec<u64>],
    rng: &mut ChaCha20Rng,
) -> ([Aggregate; 3], Commitments) {
    let mut sums = [0, 1, 2].map(|role| instance.empty(role).unwrap());
    let mut commitments = Commitments::empty();
    for (number, measurement) in measurements.iter().enumerate() {
        let report = instance.shard(CONTEXT, &nonce(number), measurement, rng).unwrap();
        assert_eq!(report.public.len(), instance.public_len());
        for (sum, output) in sums.iter_mut().zip(verify(instance, &nonce(number), &report).unwrap()) {
            sum.accumulate(&output).unwrap();
        }
        if instance.scheme() == Scheme::Rep64 {
            commitments.add(&report.public).unwrap();
        }
    }
    for sum in &sums {
        let bytes = sum.encode();
        assert_eq!(bytes.len(), instance.aggregate_len());
        assert_eq!(instance.decode_aggregate(sum.role(), &bytes).as_ref(), Ok(sum));
    }
    assert_eq!(Commitments::decode(&commitments.encode()).as_ref(), Ok(&commitments));
    (sums, commitments)
}

fn all(sums: &[Aggregate; 3]) -> [Option<&Aggregate>; 3] {
    sums.each_ref().map(Some)
}

/// The sum, number by number.
fn plain(measurements: &[Vec<u64>], length: u32) -> Vec<u64> {
    (0..length as usize).map(|at| measurements.iter().map(|measurement| measurement[at]).sum()).collect()
}
