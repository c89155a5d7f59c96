mod published;

use alloc::format;
use alloc::string::String;

use data_encoding::HEXLOWER_PERMISSIVE;
use prio::field::{Field64, Field128 as PublishedField};
use prio::flp::gadgets::{Mul, ParallelSum};
use prio::flp::types::{Count, Histogram, Sum, SumVec};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::field::Factor;
use published::Published;

type PublishedHistogram = Published<Histogram<PublishedField, ParallelSum<PublishedField, Mul>>>;
type PublishedSumVec = Published<SumVec<PublishedField, ParallelSum<PublishedField, Mul>>>;

/// What a vector, or a comparison, has its parties do.
trait Parties {
    type State: Clone;

    fn shard(&self, context: &[u8], nonce: &[u8; NONCE_BYTES], measurement: &Value, random: &[u8]) -> Shares;
    fn verify_init(
        &self,
        key: &Seed,
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(Self::State, Vec<u8>), VerifyError>;
    fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError>;
    fn verify_next(&self, context: &[u8], state: Self::State, message: &[u8])
    -> Result<Vec<u8>, VerifyError>;
    /// The sum of output shares, all encoded.
    fn sum(&self, shares: &[Vec<u8>]) -> Vec<u8>;
    /// The totals as a JSON list.
    fn unshard(&self, sums: &[Vec<u8>], reports: usize) -> String;
}

impl Parties for Engine {
    type State = State;

    fn shard(&self, context: &[u8], nonce: &[u8; NONCE_BYTES], measurement: &Value, random: &[u8]) -> Shares {
        assert_eq!(random.len(), self.random_len());
        let measurement: Vec<u64> = match measurement.as_u64() {
            // A histogram's is the number of a bucket.
            Some(hot) => (0..self.circuit.length() as u64).map(|at| u64::from(at == hot)).collect(),
            None => measurement.as_array().unwrap().iter().map(|value| value.as_u64().unwrap()).collect(),
        };
        let shares = self.shard_encoded(context, nonce, self.circuit.encode(&measurement), random).unwrap();
        assert_eq!(shares.0.len(), self.public_len());
        shares.1.iter().enumerate().for_each(|(role, input)| assert_eq!(input.len(), self.input_len(role)));
        shares
    }

    fn verify_init(
        &self,
        key: &Seed,
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(State, Vec<u8>), VerifyError> {
        let verified = self.verify_init(key, context, role, nonce, public, input)?;
        assert_eq!(verified.1.len(), self.verifier_share_len());
        Ok(verified)
    }

    fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError> {
        let message = self.verifier_merge(context, shares)?;
        assert_eq!(message.len(), self.verifier_message_len());
        Ok(message)
    }

    fn verify_next(&self, _: &[u8], state: State, message: &[u8]) -> Result<Vec<u8>, VerifyError> {
        let mut bytes = Vec::new();
        encode(&self.verify_next(state, message)?, &mut bytes);
        Ok(bytes)
    }

    fn sum(&self, shares: &[Vec<u8>]) -> Vec<u8> {
        let mut sum = vec![Field128::ZERO; self.circuit.output_len()];
        shares.iter().for_each(|share| accumulate(&mut sum, &decode(share).unwrap()));
        let mut bytes = Vec::new();
        encode(&sum, &mut bytes);
        bytes
    }

    fn unshard(&self, sums: &[Vec<u8>], _: usize) -> String {
        format!("{:?}", decode(&self.sum(sums)).unwrap())
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn list(value: &Value) -> Vec<Vec<u8>> {
    value.as_array().unwrap().iter().map(bytes).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// Does the operations of a vector in their order, and compares each result.
fn follow<P: Parties>(text: &str, parties: impl Fn(u8, &Value) -> P) {
    let vector: Value = serde_json::from_str(text).unwrap();
    let shares = vector["shares"].as_u64().unwrap() as u8;
    let parties = parties(shares, &vector);
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
                let (nonce, random) = (array(&report["nonce"]), bytes(&report["rand"]));
                let sharded = parties.shard(&context, &nonce, &report["measurement"], &random);
                assert_eq!(sharded, (bytes(&report["public_share"]), list(&report["input_shares"])));
                states = vec![None; roles];
            }
            ("verify_init", Some(report), Some(role)) => {
                let (public, inputs) = (bytes(&report["public_share"]), list(&report["input_shares"]));
                let nonce = array(&report["nonce"]);
                let (state, share) =
                    parties.verify_init(&key, &context, role, &nonce, &public, &inputs[role]).unwrap();
                assert_eq!(share, bytes(&report["verifier_shares"][0][role]));
                states[role] = Some(state);
            }
            ("verifier_shares_to_message", Some(report), None) => {
                let shares = list(&report["verifier_shares"][0]);
                let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
                let message = parties.verifier_merge(&context, &shares);
                if success {
                    assert_eq!(message.unwrap(), bytes(&report["verifier_messages"][0]));
                } else {
                    assert_eq!(message, Err(VerifyError::Proof));
                }
            }
            ("verify_next", Some(report), Some(role)) => {
                let message = bytes(&report["verifier_messages"][0]);
                let output = parties.verify_next(&context, states[role].clone().unwrap(), &message);
                if success {
                    assert_eq!(output.unwrap(), bytes(&report["out_shares"][role]));
                } else {
                    assert_eq!(output, Err(VerifyError::Proof));
                }
            }
            ("aggregate", None, Some(role)) => {
                let reports = vector["reports"].as_array().unwrap();
                let shares: Vec<Vec<u8>> =
                    reports.iter().map(|report| bytes(&report["out_shares"][role])).collect();
                assert_eq!(parties.sum(&shares), bytes(&vector["agg_shares"][role]));
            }
            ("unshard", None, None) => {
                let reports = vector["reports"].as_array().unwrap().len();
                let totals = parties.unshard(&list(&vector["agg_shares"]), reports);
                assert_eq!(totals.replace(' ', ""), format!("{}", vector["agg_result"]));
            }
            operation => panic!("unknown operation {operation:?}"),
        }
    }
    assert!(done >= 2, "a vector says what to do");
}

fn published_histogram(shares: u8, length: usize, chunk: usize) -> PublishedHistogram {
    Published::new(shares, 1, 4, Histogram::new(length, chunk).unwrap(), |value| number(value) as usize)
}

fn published_sum_vec(shares: u8, length: usize, max: u64, chunk: usize) -> PublishedSumVec {
    let measurement = |value: &Value| -> Vec<u128> {
        value.as_array().unwrap().iter().map(|value| number(value).into()).collect()
    };
    Published::new(shares, 1, 3, SumVec::new(max.into(), length, chunk).unwrap(), measurement)
}

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../tests/vectors/Prio3", $name, ".json"))
    };
}

/// Circuits that are not ours: what ours is compared with follows the draft.
#[wasm_bindgen_test(unsupported = test)]
fn the_vectors_of_other_circuits_hold() {
    let count =
        |shares, _: &Value| Published::new(shares, 1, 1, Count::<Field64>::new(), |value| number(value) != 0);
    follow(vector!("Count_1"), count);
    for bad in [
        vector!("Count_bad_gadget_poly"),
        vector!("Count_bad_helper_seed"),
        vector!("Count_bad_meas_share"),
        vector!("Count_bad_wire_seed"),
    ] {
        follow(bad, count);
    }
    follow(vector!("Sum_1"), |shares, vector| {
        let typ = Sum::<Field64>::new(number(&vector["max_measurement"])).unwrap();
        Published::new(shares, 1, 2, typ, number)
    });
    follow(vector!("SumVecWithMultiproof_1"), |shares, vector| {
        let [length, chunk, max] =
            ["length", "chunk_length", "max_measurement"].map(|name| number(&vector[name]));
        let typ = SumVec::<Field64, ParallelSum<Field64, Mul>>::new(max, length as usize, chunk as usize);
        let measurement =
            |value: &Value| -> Vec<u64> { value.as_array().unwrap().iter().map(number).collect() };
        Published::new(shares, 3, 0xFFFF_FFFF, typ.unwrap(), measurement)
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vector_of_sum_vec_holds() {
    let parameters = |vector: &Value| {
        let [length, chunk] = ["length", "chunk_length"].map(|name| number(&vector[name]) as usize);
        (length, number(&vector["max_measurement"]), chunk)
    };
    follow(vector!("SumVec_1"), |shares, vector| {
        let (length, max, chunk) = parameters(vector);
        Engine::sum_vec(shares, length, max, chunk).unwrap()
    });
    follow(vector!("SumVec_1"), |shares, vector| {
        let (length, max, chunk) = parameters(vector);
        published_sum_vec(shares, length, max, chunk)
    });
}

#[wasm_bindgen_test(unsupported = test)]
fn the_vectors_of_histogram_hold_and_bad_reports_are_refused() {
    for text in [
        vector!("Histogram_1"),
        vector!("Histogram_bad_helper_jr_blind"),
        vector!("Histogram_bad_leader_jr_blind"),
        vector!("Histogram_bad_public_share"),
        vector!("Histogram_bad_verifier_message"),
    ] {
        let parameters =
            |vector: &Value| ["length", "chunk_length"].map(|name| number(&vector[name]) as usize);
        follow(text, |shares, vector| {
            let [length, chunk] = parameters(vector);
            Engine::histogram(shares, length, chunk).unwrap()
        });
        follow(text, |shares, vector| {
            let [length, chunk] = parameters(vector);
            published_histogram(shares, length, chunk)
        });
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn chunks_are_as_long_as_prio_makes_them() {
    for length in (0..3_000).chain([16_000, 65_536, 262_143, 262_144]) {
        assert_eq!(optimal_chunk_length(length), prio::vdaf::prio3::optimal_chunk_length(length), "{length}");
    }
}

fn random_bytes(length: usize, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = vec![0; length];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// So many elements of the field, any of them.
fn random_elements(length: usize, rng: &mut ChaCha20Rng) -> Vec<Field128> {
    let mut seed = [0; SEED_BYTES];
    rng.fill_bytes(&mut seed);
    Xof::new(&seed, [0; 8], &[]).elements(length)
}

/// The encoded elements, for the other implementation.
fn published_elements(elements: &[Field128]) -> Vec<PublishedField> {
    elements.iter().map(|element| element.integer().into()).collect()
}

/// Verifies a report by ours and by `prio`, step by step; whether it is valid.
fn verify_alike<P: Parties>(
    ours: &Engine,
    theirs: &P,
    (public, inputs): &Shares,
    rng: &mut ChaCha20Rng,
) -> bool {
    let key = random_bytes(SEED_BYTES, rng).try_into().unwrap();
    let init = |role: usize| {
        let (state, share) =
            ours.verify_init(&key, b"context", role, &[6; 16], public, &inputs[role]).unwrap();
        let (oracle, expected) =
            theirs.verify_init(&key, b"context", role, &[6; 16], public, &inputs[role]).unwrap();
        assert_eq!(share, expected, "verifier share of {role}");
        (state, oracle, share)
    };
    let verified: Vec<_> = (0..inputs.len()).map(init).collect();
    let shares: Vec<&[u8]> = verified.iter().map(|(_, _, share)| share.as_slice()).collect();
    let message = ours.verifier_merge(b"context", &shares);
    assert_eq!(message, theirs.verifier_merge(b"context", &shares));
    let Ok(message) = message else { return false };
    let mut valid = true;
    for (state, oracle, _) in verified {
        let output = Parties::verify_next(ours, b"context", state, &message);
        assert_eq!(output, theirs.verify_next(b"context", oracle, &message));
        valid &= output.is_ok();
    }
    valid
}

/// Sharding of an encoded measurement, valid or not, by both.
fn shard_alike<T>(
    ours: &Engine,
    theirs: &Published<T>,
    encoded: Vec<Field128>,
    rng: &mut ChaCha20Rng,
) -> Shares
where
    T: prio::flp::Type<Field = PublishedField>,
{
    let random = random_bytes(ours.random_len(), rng);
    let expected = theirs.shard_encoded(b"context", &[6; 16], &published_elements(&encoded), &random);
    let sharded = ours.shard_encoded(b"context", &[6; 16], encoded, &random).unwrap();
    assert_eq!(sharded, expected);
    sharded
}

/// Sharding and verification of one measurement by both.
fn compare<T>(ours: &Engine, theirs: &Published<T>, measurement: &[u64], rng: &mut ChaCha20Rng) -> Shares
where
    T: prio::flp::Type<Field = PublishedField>,
    T::AggregateResult: core::fmt::Debug,
{
    let honest = shard_alike(ours, theirs, ours.circuit.encode(measurement), rng);
    assert!(verify_alike(ours, theirs, &honest, rng));
    honest
}

/// Verification by both of reports that somebody made up, or tampered with.
fn compare_dishonest<T>(ours: &Engine, theirs: &Published<T>, honest: &Shares, rng: &mut ChaCha20Rng)
where
    T: prio::flp::Type<Field = PublishedField>,
    T::AggregateResult: core::fmt::Debug,
{
    // What no light node would encode.
    let forged = shard_alike(ours, theirs, random_elements(ours.circuit.length(), rng), rng);
    assert!(!verify_alike(ours, theirs, &forged, rng));
    // Another element at the leader; another seed, or blind, at a helper; a public share that is not the report's.
    let length = ours.circuit.length();
    let elements = [0, length - 1, length, length + ours.circuit.proof_len() - 1];
    let changes = elements.map(|at| (0, at * ELEMENT_BYTES)).into_iter().chain([(1, 0), (1, SEED_BYTES)]);
    for (role, byte) in changes {
        let mut changed = honest.clone();
        changed.1[role][byte] ^= 1;
        assert!(!verify_alike(ours, theirs, &changed, rng), "byte {byte} of {role}");
    }
    let mut changed = honest.clone();
    changed.0[0] ^= 1;
    assert!(!verify_alike(ours, theirs, &changed, rng));
}

#[wasm_bindgen_test(unsupported = test)]
fn histograms_are_those_of_prio() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    for length in [1, 2, 3, 4, 11, 31, 64] {
        let best = optimal_chunk_length(length);
        for chunk in [1, 2, best, length, length + 1] {
            for shares in [2, 3] {
                let ours = Engine::histogram(shares, length, chunk).unwrap();
                let theirs = published_histogram(shares, length, chunk);
                let hot = rng.next_u64() as usize % length;
                let measurement: Vec<u64> = (0..length).map(|at| u64::from(at == hot)).collect();
                let honest = compare(&ours, &theirs, &measurement, &mut rng);
                if shares == 2 {
                    compare_dishonest(&ours, &theirs, &honest, &mut rng);
                }
            }
        }
    }
    let ours = Engine::new(Shape { length: 256, bits: 1, one_hot: true }).unwrap();
    let theirs = published_histogram(3, 256, optimal_chunk_length(256));
    let measurement: Vec<u64> = (0..256).map(|at| u64::from(at == 200)).collect();
    let honest = compare(&ours, &theirs, &measurement, &mut rng);
    compare_dishonest(&ours, &theirs, &honest, &mut rng);
}

#[wasm_bindgen_test(unsupported = test)]
fn sums_are_those_of_prio() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let max_of = |bits: u32| u64::MAX >> (64 - bits);
    let cases = [
        (1, max_of(1)),
        (1, max_of(2)),
        (1, max_of(64)),
        (1, 5),
        (2, 1_000),
        (3, max_of(5)),
        (5, max_of(63)),
        (17, max_of(7)),
        (2, (1 << 63) + 12_345),
    ];
    for (length, max) in cases {
        let encoded = length * (max.ilog2() as usize + 1);
        let best = optimal_chunk_length(encoded);
        // The time that `prio` takes grows with the square of the number of chunks.
        for chunk in [encoded.div_ceil(20), best, encoded, encoded + 2] {
            let ours = Engine::sum_vec(3, length, max, chunk).unwrap();
            let theirs = published_sum_vec(3, length, max, chunk);
            // The ends of the range, and others.
            for first in [0, max, max / 2, max / 2 + 1] {
                let rest = (1..length).map(|_| rng.next_u64() % (u128::from(max) + 1).min(1 << 63) as u64);
                let measurement: Vec<u64> = core::iter::once(first).chain(rest).collect();
                let honest = compare(&ours, &theirs, &measurement, &mut rng);
                if first == max {
                    compare_dishonest(&ours, &theirs, &honest, &mut rng);
                }
            }
        }
    }
}

/// Bytes that are no share of any kind, and elements from the prime up.
#[wasm_bindgen_test(unsupported = test)]
fn malformed_shares_are_refused() {
    let engine = Engine::new(Shape { length: 4, bits: 1, one_hot: true }).unwrap();
    let honest =
        engine.shard(b"context", &[6; 16], &[0, 1, 0, 0], &mut ChaCha20Rng::from_seed([1; 32])).unwrap();
    let init = |role: usize, public: &[u8], input: &[u8]| {
        engine.verify_init(&[5; 32], b"context", role, &[6; 16], public, input).map(|(_, share)| share)
    };
    let (public, inputs) = &honest;
    assert_eq!(init(3, public, &inputs[0]), Err(VerifyError::Misused));
    assert_eq!(init(0, &public[1..], &inputs[0]), Err(VerifyError::PublicShare));
    assert_eq!(init(0, &[], &inputs[0]), Err(VerifyError::PublicShare));
    for (role, input) in inputs.iter().enumerate() {
        assert_eq!(init(role, public, &input[1..]), Err(VerifyError::InputShare));
        assert_eq!(init(role, public, &[]), Err(VerifyError::InputShare));
    }
    for at in 0..engine.circuit.length() + engine.circuit.proof_len() {
        let mut input = inputs[0].clone();
        input[at * ELEMENT_BYTES..][..ELEMENT_BYTES].fill(0xff);
        assert_eq!(init(0, public, &input), Err(VerifyError::InputShare));
    }
    let shares: Vec<Vec<u8>> =
        inputs.iter().enumerate().map(|(role, input)| init(role, public, input).unwrap()).collect();
    let merge = |shares: &[&[u8]]| engine.verifier_merge(b"context", shares);
    assert_eq!(merge(&[&shares[0], &shares[1]]), Err(VerifyError::Misused));
    for bad in [&shares[1][1..], &[], &[0xff; 32], &vec![0xff; shares[1].len()]] {
        assert_eq!(merge(&[&shares[0], bad, &shares[2]]), Err(VerifyError::VerifierShare { role: 1 }));
    }
    let (state, _) = engine.verify_init(&[5; 32], b"context", 0, &[6; 16], public, &inputs[0]).unwrap();
    assert_eq!(engine.verify_next(state, &[0; 31]), Err(VerifyError::VerifierMessage));
}

/// What three honest aggregators say of a report.
fn verify(engine: &Engine, (public, inputs): &Shares) -> Result<Vec<u8>, VerifyError> {
    let mut shares = Vec::new();
    for (role, input) in inputs.iter().enumerate() {
        shares.push(engine.verify_init(&[5; 32], b"context", role, &[6; 16], public, input)?.1);
    }
    let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
    engine.verifier_merge(b"context", &shares)
}

/// A report of field elements that no honest light node would encode, with an honest proof.
fn forge(engine: &Engine, encoded: &[u64]) -> Shares {
    let random = random_bytes(engine.random_len(), &mut ChaCha20Rng::from_seed([1; 32]));
    let encoded = encoded.iter().map(|value| Field128::from(*value)).collect();
    engine.shard_encoded(b"context", &[6; 16], encoded, &random).unwrap()
}

#[wasm_bindgen_test(unsupported = test)]
fn a_forged_measurement_is_refused() {
    let sums = Engine::new(Shape { length: 2, bits: 3, one_hot: false }).unwrap();
    assert!(verify(&sums, &forge(&sums, &[1, 0, 1, 0, 1, 1])).is_ok());
    // A "bit" of 2 or 1000; the last number 8 or larger.
    for encoded in [[2, 0, 0, 0, 0, 0], [0, 1000, 0, 0, 0, 0], [1, 1, 1, 1, 1, 2], [0, 0, 0, u64::MAX, 0, 0]]
    {
        assert_eq!(verify(&sums, &forge(&sums, &encoded)), Err(VerifyError::Proof), "{encoded:?}");
    }
    let bins = Engine::new(Shape { length: 4, bits: 1, one_hot: true }).unwrap();
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
fn simulate(engine: &Engine, missing: usize, rng: &mut ChaCha20Rng) {
    let mut public = random_bytes(engine.public_len(), rng);
    let mut views = Vec::new();
    for role in (0..SHARES).filter(|role| *role != missing) {
        let mut input = Vec::new();
        if role == 0 {
            let elements = engine.circuit.length() + engine.circuit.proof_len();
            encode(&random_elements(elements, rng), &mut input);
        }
        let rest = input.len();
        input.resize(engine.input_len(role), 0);
        rng.fill_bytes(&mut input[rest..]);
        // Their own parts of the public share are what an honest report has there.
        let (share, _, blind) = engine.input(b"context", role as u8, &input).unwrap();
        let part = engine.joint_rand_part(b"context", &blind, role as u8, &[6; 16], &share);
        public[role * SEED_BYTES..][..SEED_BYTES].copy_from_slice(&part);
        views.push((role, input));
    }
    let mut verifier = random_elements(engine.circuit.verifier_len(), rng);
    verifier[0] = Field128::ZERO;
    let (gadget, wires) = verifier[1..].split_last_mut().unwrap();
    let products = wires.chunks(2).map(|pair| pair[0] * Factor::of(pair[1]));
    *gadget = products.fold(Field128::ZERO, |sum, product| sum + product);
    let mut shares = vec![Vec::new(); SHARES];
    let mut states = Vec::new();
    for (role, input) in &views {
        let (state, share) =
            engine.verify_init(&[5; 32], b"context", *role, &[6; 16], &public, input).unwrap();
        subtract(&mut verifier, &decode(&share[..share.len() - SEED_BYTES]).unwrap());
        shares[*role] = share;
        states.push(state);
    }
    encode(&verifier, &mut shares[missing]);
    shares[missing].extend_from_slice(&public[missing * SEED_BYTES..][..SEED_BYTES]);

    let shares: Vec<&[u8]> = shares.iter().map(Vec::as_slice).collect();
    let message = engine.verifier_merge(b"context", &shares).unwrap();
    for state in states {
        engine.verify_next(state, &message).unwrap();
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
            simulate(&Engine::new(shape).unwrap(), missing, &mut rng);
        }
    }
}
