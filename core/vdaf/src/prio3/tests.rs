use data_encoding::HEXLOWER_PERMISSIVE;
use prio::field::Field64;
use prio::flp::types::{Count, Sum};
use prio::vdaf::{AggregateShare, Collector as _};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

fn number(value: &Value) -> u128 {
    value.as_u64().unwrap().into()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// Does the operations of a vector in their order, and compares each result.
fn follow<T>(
    text: &str,
    circuit: impl Fn(u8, &Value) -> Circuit<T>,
    measurement: impl Fn(&Value) -> T::Measurement,
) where
    T: Type,
    T::AggregateResult: core::fmt::Debug,
{
    let vector: Value = serde_json::from_str(text).unwrap();
    let shares = vector["shares"].as_u64().unwrap() as u8;
    let circuit = circuit(shares, &vector);
    let (context, key) = (bytes(&vector["ctx"]), array(&vector["verify_key"]));
    let roles = usize::from(shares);
    let mut states = vec![None; roles];
    let mut done = 0;
    for operation in vector["operations"].as_array().unwrap() {
        done += 1;
        let success = operation["success"].as_bool().unwrap();
        let role = operation["aggregator_id"].as_u64().map(|role| role as usize);
        let report = operation["report_index"].as_u64().map(|index| &vector["reports"][index as usize]);
        match (operation["operation"].as_str().unwrap(), report, role) {
            ("shard", Some(report), None) => {
                let encoded = circuit.typ.encode_measurement(&measurement(&report["measurement"])).unwrap();
                let random = bytes(&report["rand"]);
                assert_eq!(random.len(), circuit.random_len());
                let sharded = circuit.shard_encoded(&context, &encoded, &array(&report["nonce"]), &random);
                assert_eq!(sharded.unwrap(), (bytes(&report["public_share"]), list(&report["input_shares"])));
                states = vec![None; roles];
            }
            ("verify_init", Some(report), Some(role)) => {
                let (public, inputs) = (bytes(&report["public_share"]), list(&report["input_shares"]));
                assert_eq!(public.len(), circuit.public_len());
                assert_eq!(inputs[role].len(), circuit.input_len(role));
                let nonce = array(&report["nonce"]);
                let (state, share) =
                    circuit.verify_init(&key, &context, role, &nonce, &public, &inputs[role]).unwrap();
                assert_eq!(share, bytes(&report["verifier_shares"][0][role]));
                assert_eq!(share.len(), circuit.verifier_share_len());
                states[role] = Some(state);
            }
            ("verifier_shares_to_message", Some(report), None) => {
                let shares = list(&report["verifier_shares"][0]);
                let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
                let message = circuit.verifier_merge(&context, &shares);
                if success {
                    assert_eq!(message.unwrap(), bytes(&report["verifier_messages"][0]));
                } else {
                    assert_eq!(message, Err(VerifyError::Proof));
                }
            }
            ("verify_next", Some(report), Some(role)) => {
                let message = bytes(&report["verifier_messages"][0]);
                let output = circuit.verify_next(&context, states[role].clone().unwrap(), &message);
                if success {
                    assert_eq!(output.unwrap().get_encoded().unwrap(), bytes(&report["out_shares"][role]));
                } else {
                    assert_eq!(output, Err(VerifyError::Proof));
                }
            }
            ("aggregate", None, Some(role)) => {
                let mut sum = vec![T::Field::zero(); circuit.typ.output_len()];
                for report in vector["reports"].as_array().unwrap() {
                    for (sum, share) in sum.iter_mut().zip(elements::<T::Field>(&report["out_shares"][role]))
                    {
                        *sum += share;
                    }
                }
                let sum = AggregateShare::from(sum).get_encoded().unwrap();
                assert_eq!(sum, bytes(&vector["agg_shares"][role]));
            }
            ("unshard", None, None) => {
                let sums = vector["agg_shares"].as_array().unwrap();
                let sums: Vec<AggregateShare<T::Field>> =
                    sums.iter().map(|sum| elements::<T::Field>(sum).into()).collect();
                let reports = vector["reports"].as_array().unwrap().len();
                let result = circuit.vdaf.unshard(&(), sums, reports).unwrap();
                let expected = vector["agg_result"].to_string();
                assert_eq!(format!("{result:?}").replace(' ', ""), expected);
            }
            operation => panic!("unknown operation {operation:?}"),
        }
    }
    assert!(done >= 2, "a vector says what to do");
}

fn elements<F: FieldElement>(value: &Value) -> Vec<F> {
    bytes(value).chunks(F::ENCODED_SIZE).map(|chunk| F::try_from(chunk).unwrap()).collect()
}

fn count(shares: u8, _: &Value) -> Circuit<Count<Field64>> {
    Circuit::new(shares, 1, 1, Count::new()).unwrap()
}

fn histogram(shares: u8, vector: &Value) -> Circuit<Histogram128> {
    let (length, chunk) = (number(&vector["length"]), number(&vector["chunk_length"]));
    Circuit::new(shares, 1, 4, Histogram::new(length as usize, chunk as usize).unwrap()).unwrap()
}

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../tests/vectors/Prio3", $name, ".json"))
    };
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_count_holds() {
    follow(vector!("Count_1"), count, |value| number(value) != 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_sum_holds() {
    let circuit = |shares, vector: &Value| {
        let typ = Sum::<Field64>::new(vector["max_measurement"].as_u64().unwrap()).unwrap();
        Circuit::new(shares, 1, 2, typ).unwrap()
    };
    follow(vector!("Sum_1"), circuit, |value| value.as_u64().unwrap());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_sum_vec_holds() {
    let circuit = |shares, vector: &Value| {
        let (length, chunk) = (number(&vector["length"]), number(&vector["chunk_length"]));
        let typ = SumVec128::new(number(&vector["max_measurement"]), length as usize, chunk as usize);
        Circuit::new(shares, 1, 3, typ.unwrap()).unwrap()
    };
    follow(vector!("SumVec_1"), circuit, |value| value.as_array().unwrap().iter().map(number).collect());
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_sum_vec_with_three_proofs_holds() {
    let circuit = |shares, vector: &Value| {
        let (length, chunk) = (number(&vector["length"]), number(&vector["chunk_length"]));
        let max = vector["max_measurement"].as_u64().unwrap();
        let typ = SumVec::<Field64, ParallelSum<Field64, Mul>>::new(max, length as usize, chunk as usize);
        Circuit::new(shares, 3, 0xFFFF_FFFF, typ.unwrap()).unwrap()
    };
    let measurement =
        |value: &Value| value.as_array().unwrap().iter().map(|value| value.as_u64().unwrap()).collect();
    follow(vector!("SumVecWithMultiproof_1"), circuit, measurement);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_histogram_holds() {
    follow(vector!("Histogram_1"), histogram, |value| number(value) as usize);
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vectors_of_bad_reports_are_refused() {
    for text in [
        vector!("Count_bad_gadget_poly"),
        vector!("Count_bad_helper_seed"),
        vector!("Count_bad_meas_share"),
        vector!("Count_bad_wire_seed"),
    ] {
        follow(text, count, |_| unreachable!("a bad report is not sharded"));
    }
    for text in [
        vector!("Histogram_bad_helper_jr_blind"),
        vector!("Histogram_bad_leader_jr_blind"),
        vector!("Histogram_bad_public_share"),
        vector!("Histogram_bad_verifier_message"),
    ] {
        follow(text, histogram, |_| unreachable!("a bad report is not sharded"));
    }
}

/// What three honest aggregators say of a report.
fn verify<T: Type>(circuit: &Circuit<T>, (public, inputs): &Shares) -> Result<Vec<u8>, VerifyError> {
    let mut shares = Vec::new();
    for (role, input) in inputs.iter().enumerate() {
        shares.push(circuit.verify_init(&[5; 32], b"context", role, &[6; 16], public, input)?.1);
    }
    let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
    circuit.verifier_merge(b"context", &shares)
}

/// A report of field elements that no honest light node would encode, with an honest proof.
fn forge<T: Type>(circuit: &Circuit<T>, encoded: &[u64]) -> Shares
where
    T::Field: From<u128>,
{
    let mut random = vec![0; circuit.random_len()];
    ChaCha20Rng::from_seed([1; 32]).fill_bytes(&mut random);
    let encoded: Vec<T::Field> = encoded.iter().map(|value| u128::from(*value).into()).collect();
    circuit.shard_encoded(b"context", &encoded, &[6; 16], &random).unwrap()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_forged_measurement_is_refused() {
    let Ok(Engine::SumVec(sums)) = Engine::new(Shape { length: 2, bits: 3, one_hot: false }) else {
        panic!()
    };
    assert!(verify(&sums, &forge(&sums, &[1, 0, 1, 0, 1, 1])).is_ok());
    // A "bit" of 2 or 1000; the last number 8 or larger.
    for encoded in [[2, 0, 0, 0, 0, 0], [0, 1000, 0, 0, 0, 0], [1, 1, 1, 1, 1, 2], [0, 0, 0, u64::MAX, 0, 0]]
    {
        assert_eq!(verify(&sums, &forge(&sums, &encoded)), Err(VerifyError::Proof), "{encoded:?}");
    }
    let Ok(Engine::Histogram(bins)) = Engine::new(Shape { length: 4, bits: 1, one_hot: true }) else {
        panic!()
    };
    assert!(verify(&bins, &forge(&bins, &[0, 0, 1, 0])).is_ok());
    for encoded in [[0, 0, 0, 0], [1, 1, 0, 0], [0, 5, 0, 0], [1, 1, 1, 1]] {
        assert_eq!(verify(&bins, &forge(&bins, &encoded)), Err(VerifyError::Proof), "{encoded:?}");
    }
}

/// Everything that two aggregators see of a report at the third, made without any measurement.
///
/// What they hold of their own is uniformly random, be it the leader's elements or the helpers' seeds. The third's part of
/// the joint randomness is a hash under a blind that they do not have. And the three verifier shares add up to the circuit's
/// output (0 for what is valid), random elements on the wires, masked by the proof's own randomness, and the gadget's value
/// there: so the third's verifier share is that minus theirs. What comes out passes for a report, and any measurement
/// could be the one behind it.
fn simulate<T: Type<Field = Field128>>(circuit: &Circuit<T>, missing: usize, rng: &mut ChaCha20Rng) {
    let random = |length, rng: &mut ChaCha20Rng| -> Vec<Field128> {
        let mut seed = [0; SEED_BYTES];
        rng.fill_bytes(&mut seed);
        Xof128::seed_stream(&seed, &[], &[]).into_field_vec(length)
    };
    let mut public = vec![0; circuit.public_len()];
    rng.fill_bytes(&mut public);
    let mut views = Vec::new();
    for role in (0..SHARES).filter(|role| *role != missing) {
        let mut input = Vec::new();
        if role == 0 {
            encode(&random(circuit.typ.input_len() + circuit.typ.proof_len(), rng), &mut input);
        }
        let rest = input.len();
        input.resize(circuit.input_len(role), 0);
        rng.fill_bytes(&mut input[rest..]);
        // Their own parts of the public share are what an honest report has there.
        let share: Vec<Field128> = if role == 0 {
            decode(&input[..16 * circuit.typ.input_len()]).unwrap()
        } else {
            let seed = input[..SEED_BYTES].try_into().unwrap();
            circuit.expand(&seed, MEASUREMENT_SHARE, b"context", &[role as u8], circuit.typ.input_len())
        };
        let blind = input[input.len() - SEED_BYTES..].try_into().unwrap();
        let part = circuit.joint_rand_part(b"context", &blind, role as u8, &[6; 16], &share).unwrap();
        public[role * SEED_BYTES..][..SEED_BYTES].copy_from_slice(&part);
        views.push((role, input));
    }
    let mut verifier = random(circuit.typ.verifier_len(), rng);
    verifier[0] = Field128::zero();
    let (wires, gadget) = verifier[1..].split_at_mut(circuit.typ.verifier_len() - 2);
    gadget[0] = wires.chunks(2).map(|pair| pair[0] * pair[1]).fold(Field128::zero(), |sum, term| sum + term);
    let mut shares = vec![Vec::new(); SHARES];
    let mut states = Vec::new();
    for (role, input) in &views {
        let (state, share) =
            circuit.verify_init(&[5; 32], b"context", *role, &[6; 16], &public, input).unwrap();
        subtract(&mut verifier, &decode(&share[..share.len() - SEED_BYTES]).unwrap());
        shares[*role] = share;
        states.push(state);
    }
    encode(&verifier, &mut shares[missing]);
    shares[missing].extend_from_slice(&public[missing * SEED_BYTES..][..SEED_BYTES]);

    let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
    let message = circuit.verifier_merge(b"context", &shares).unwrap();
    for state in states {
        circuit.verify_next(b"context", state, &message).unwrap();
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn two_aggregators_see_nothing_that_needs_a_measurement() {
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    for missing in 0..SHARES {
        for shape in [
            Shape { length: 3, bits: 5, one_hot: false },
            Shape { length: 1, bits: 16, one_hot: false },
            Shape { length: 16, bits: 1, one_hot: true },
        ] {
            match Engine::new(shape).unwrap() {
                Engine::Histogram(circuit) => simulate(&circuit, missing, &mut rng),
                Engine::SumVec(circuit) => simulate(&circuit, missing, &mut rng),
            }
        }
    }
}
