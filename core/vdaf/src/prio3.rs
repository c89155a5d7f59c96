//! Prio3 over bytes.
//!
//! A light node's measurement, encoded as bits, splits into shares that add up in [`Field128`]; a proof that it is valid
//! ([`circuit::Circuit`]) splits likewise. The first heavy node, the *leader*, gets its shares in full, the *helpers* seeds that
//! theirs grow from. Randomness is not drawn here: what the light node needs comes from the caller, all else from hashes ([`xof::Xof`]).
//!
//! The test vectors of the draft say, byte for byte, that it is the draft's Prio3; the crate `prio` says so for measurements at random.
//!
//! Follows draft-irtf-cfrg-vdaf-18, section 7.2: sharding 7.2.1, verification 7.2.2, randomness 7.2.6, encoding 7.2.7.

use alloc::{vec, vec::Vec};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use crate::field::{ELEMENT_BYTES, Field128};
use crate::{SHARES, Shape, VerifyError};

mod circuit;
mod roots;
#[cfg(test)]
mod tests;
mod xof;

use circuit::Circuit;
use xof::Xof;

/// Bytes of a seed, a blind and a verify key.
pub(crate) const SEED_BYTES: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 16;

/// The draft's version, part of each domain separation tag.
const VERSION: u8 = 18;
/// The draft's number of Prio3SumVec.
const SUM_VEC: u32 = 3;
/// The draft's number of Prio3Histogram.
const HISTOGRAM: u32 = 4;
/// Proofs of one measurement: more are needed in small fields only.
const PROOFS: u8 = 1;
// What randomness is derived for.
const MEASUREMENT_SHARE: u16 = 1;
const PROOF_SHARE: u16 = 2;
const JOINT_RANDOMNESS: u16 = 3;
const PROVE_RANDOMNESS: u16 = 4;
const QUERY_RANDOMNESS: u16 = 5;
const JOINT_RAND_SEED: u16 = 6;
const JOINT_RAND_PART: u16 = 7;

type Seed = [u8; SEED_BYTES];
/// A public share and one input share an aggregator, encoded.
pub(crate) type Shares = (Vec<u8>, Vec<Vec<u8>>);

/// The circuit does not take these parameters or this randomness, or bytes encode no elements. Nobody needs to know which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// What an aggregator keeps between the two steps of verification.
#[derive(Clone)]
pub(crate) struct State {
    /// Its share of the measurement.
    share: Vec<Field128>,
    /// The seed of the joint randomness that it verified with.
    seed: Seed,
}

/// Prio3 of one validity circuit among a number of aggregators.
pub(crate) struct Engine {
    circuit: Circuit,
    algorithm: u32,
    shares: u8,
}

impl Engine {
    /// The engine of a shape that is within the crate's bounds: Prio3Histogram where it is one-hot, else Prio3SumVec. A lone number is a
    /// vector of one: its proof is verified faster than that of Prio3Sum.
    pub(crate) fn new(shape: Shape) -> Result<Self, Refused> {
        let length = shape.length as usize;
        let shares = SHARES as u8;
        if shape.one_hot {
            return Self::histogram(shares, length, optimal_chunk_length(length));
        }
        let chunk = optimal_chunk_length(length * usize::from(shape.bits));
        Self::sum_vec(shares, length, shape.value_max(), chunk)
    }

    /// Prio3Histogram with `length` buckets.
    fn histogram(shares: u8, length: usize, chunk: usize) -> Result<Self, Refused> {
        Ok(Self { circuit: Circuit::histogram(shares, length, chunk)?, algorithm: HISTOGRAM, shares })
    }

    /// Prio3SumVec of `length` numbers of at most `max`.
    fn sum_vec(shares: u8, length: usize, max: u64, chunk: usize) -> Result<Self, Refused> {
        Ok(Self { circuit: Circuit::sum_vec(shares, length, max, chunk)?, algorithm: SUM_VEC, shares })
    }

    // Lengths, in bytes.

    /// Of the randomness that sharding takes: a share's seed and blind for each helper, a blind for the leader, a seed for the prover.
    fn random_len(&self) -> usize {
        2 * usize::from(self.shares) * SEED_BYTES
    }

    /// Of a public share: each aggregator's part of the joint randomness.
    pub(crate) fn public_len(&self) -> usize {
        usize::from(self.shares) * SEED_BYTES
    }

    /// Of the input share of aggregator `role`, its blind included.
    pub(crate) fn input_len(&self, role: usize) -> usize {
        if role > 0 {
            return 2 * SEED_BYTES;
        }
        (self.circuit.length() + self.circuit.proof_len()) * ELEMENT_BYTES + SEED_BYTES
    }

    /// Of a verifier share, the aggregator's part of the joint randomness included.
    pub(crate) fn verifier_share_len(&self) -> usize {
        self.circuit.verifier_len() * ELEMENT_BYTES + SEED_BYTES
    }

    /// Of a verifier message: the seed of the joint randomness.
    pub(crate) fn verifier_message_len(&self) -> usize {
        SEED_BYTES
    }

    // Sharding.

    /// Splits a measurement that fits the shape.
    pub(crate) fn shard(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        measurement: &[u64],
        rng: &mut impl CryptoRng,
    ) -> Result<Shares, Refused> {
        let mut random = vec![0; self.random_len()];
        rng.fill_bytes(&mut random);
        self.shard_encoded(context, nonce, self.circuit.encode(measurement), &random)
    }

    /// Splits an encoded measurement, be it valid or not, with [`Engine::random_len`] bytes of randomness. Without a type parameter: code
    /// without one is compiled in this crate, by this crate's optimisation, and not in each that calls it.
    fn shard_encoded(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        encoded: Vec<Field128>,
        random: &[u8],
    ) -> Result<Shares, Refused> {
        let mut seeds = random.as_chunks::<SEED_BYTES>().0.iter();
        let mut seed = || seeds.next().ok_or(Refused);

        // The helpers' shares of the measurement grow from seeds; the leader has the rest.
        let mut leader = encoded.clone();
        let mut helpers = Vec::with_capacity(usize::from(self.shares) - 1);
        let mut parts = vec![[0; SEED_BYTES]; usize::from(self.shares)];
        for role in 1..self.shares {
            let (share_seed, blind) = (seed()?, seed()?);
            let share = self.measurement_share(context, share_seed, role);
            subtract(&mut leader, &share);
            parts[usize::from(role)] = self.joint_rand_part(context, blind, role, nonce, &share);
            helpers.push((share_seed, blind));
        }
        let leader_blind = seed()?;
        parts[0] = self.joint_rand_part(context, leader_blind, 0, nonce, &leader);
        let joint_rand = self.joint_rand(context, &self.joint_rand_seed(context, &parts));

        let prove_rand = self.xof(PROVE_RANDOMNESS, context, seed()?).with(&[PROOFS]);
        let prove_rand = prove_rand.elements(self.circuit.prove_rand_len());
        let mut proof = self.circuit.prove(&encoded, &prove_rand, &joint_rand);
        let mut inputs = vec![Vec::with_capacity(self.input_len(0))];
        for (role, (share_seed, blind)) in (1..self.shares).zip(helpers) {
            subtract(&mut proof, &self.proof_share(context, share_seed, role));
            inputs.push([*share_seed, *blind].concat());
        }
        encode(&leader, &mut inputs[0]);
        encode(&proof, &mut inputs[0]);
        inputs[0].extend_from_slice(leader_blind);
        Ok((parts.concat(), inputs))
    }

    // Verification.

    /// First step of aggregator `role`: its state, and its encoded verifier share.
    ///
    /// # Errors
    /// Where a share is malformed; [`VerifyError::Proof`] where the verify key makes for an unfit point, which nobody lives to see.
    pub(crate) fn verify_init(
        &self,
        verify_key: &Seed,
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(State, Vec<u8>), VerifyError> {
        let number =
            u8::try_from(role).ok().filter(|role| *role < self.shares).ok_or(VerifyError::Misused)?;
        let (parts, rest) = public.as_chunks::<SEED_BYTES>();
        if parts.len() != usize::from(self.shares) || !rest.is_empty() {
            return Err(VerifyError::PublicShare);
        }
        let (share, proof, blind) =
            self.input(context, number, input).map_err(|_| VerifyError::InputShare)?;

        // Where its own part is not what it was told, it sees what it has itself: the others will see that the seeds differ.
        let mut parts = parts.to_vec();
        let part = self.joint_rand_part(context, &blind, number, nonce, &share);
        parts[role] = part;
        let seed = self.joint_rand_seed(context, &parts);
        let joint_rand = self.joint_rand(context, &seed);
        let query_rand = self.xof(QUERY_RANDOMNESS, context, verify_key).with(&[PROOFS]).with(nonce);
        let query_rand = query_rand.elements(self.circuit.query_rand_len());
        let verifier = self.circuit.query(&share, &proof, &query_rand, &joint_rand);
        let mut bytes = Vec::with_capacity(self.verifier_share_len());
        encode(&verifier.map_err(|_| VerifyError::Proof)?, &mut bytes);
        bytes.extend_from_slice(&part);
        Ok((State { share: self.circuit.truncate(share), seed }, bytes))
    }

    /// The shares of measurement and proof, and the blind, that `bytes` encode for aggregator `role`.
    fn input(
        &self,
        context: &[u8],
        role: u8,
        bytes: &[u8],
    ) -> Result<(Vec<Field128>, Vec<Field128>, Seed), Refused> {
        if bytes.len() != self.input_len(role.into()) {
            return Err(Refused);
        }
        let (shares, blind) = bytes.split_last_chunk::<SEED_BYTES>().ok_or(Refused)?;
        let (measurement, proof) = if role > 0 {
            let seed = shares.first_chunk().ok_or(Refused)?;
            (self.measurement_share(context, seed, role), self.proof_share(context, seed, role))
        } else {
            let (measurement, proof) = shares.split_at(self.circuit.length() * ELEMENT_BYTES);
            (decode(measurement).ok_or(Refused)?, decode(proof).ok_or(Refused)?)
        };
        Ok((measurement, proof, *blind))
    }

    /// The verifier message of one verifier share an aggregator, in the order of roles, where the proof holds.
    ///
    /// # Errors
    /// Where a share is malformed, or the proof does not hold.
    pub(crate) fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError> {
        if shares.len() != usize::from(self.shares) {
            return Err(VerifyError::Misused);
        }
        let mut sum = vec![Field128::ZERO; self.circuit.verifier_len()];
        let mut parts = Vec::with_capacity(shares.len());
        for (role, share) in shares.iter().enumerate() {
            let malformed = VerifyError::VerifierShare { role };
            let (verifier, part) = share.split_last_chunk::<SEED_BYTES>().ok_or(malformed)?;
            let verifier =
                decode(verifier).filter(|verifier| verifier.len() == sum.len()).ok_or(malformed)?;
            accumulate(&mut sum, &verifier);
            parts.push(*part);
        }
        if !self.circuit.decide(&sum) {
            return Err(VerifyError::Proof);
        }
        Ok(self.joint_rand_seed(context, &parts).to_vec())
    }

    /// Last step of an aggregator: its share of the measurement.
    ///
    /// # Errors
    /// [`VerifyError::Proof`] where it verified with other joint randomness than the others.
    pub(crate) fn verify_next(&self, state: State, message: &[u8]) -> Result<Vec<Field128>, VerifyError> {
        if message.len() != SEED_BYTES || state.share.len() != self.circuit.output_len() {
            return Err(VerifyError::VerifierMessage);
        }
        if bool::from(state.seed.ct_eq(message)) { Ok(state.share) } else { Err(VerifyError::Proof) }
    }

    // Randomness.

    fn xof(&self, usage: u16, context: &[u8], seed: &Seed) -> Xof {
        let mut tag = [VERSION, 0, 0, 0, 0, 0, 0, 0];
        tag[2..6].copy_from_slice(&self.algorithm.to_be_bytes());
        tag[6..].copy_from_slice(&usage.to_be_bytes());
        Xof::new(seed, tag, context)
    }

    fn measurement_share(&self, context: &[u8], seed: &Seed, role: u8) -> Vec<Field128> {
        self.xof(MEASUREMENT_SHARE, context, seed).with(&[role]).elements(self.circuit.length())
    }

    fn proof_share(&self, context: &[u8], seed: &Seed, role: u8) -> Vec<Field128> {
        self.xof(PROOF_SHARE, context, seed).with(&[PROOFS, role]).elements(self.circuit.proof_len())
    }

    fn joint_rand_part(
        &self,
        context: &[u8],
        blind: &Seed,
        role: u8,
        nonce: &[u8; NONCE_BYTES],
        share: &[Field128],
    ) -> Seed {
        self.xof(JOINT_RAND_PART, context, blind).with(&[role]).with(nonce).with_elements(share).seed()
    }

    fn joint_rand_seed(&self, context: &[u8], parts: &[Seed]) -> Seed {
        self.xof(JOINT_RAND_SEED, context, &[0; SEED_BYTES]).with(parts.as_flattened()).seed()
    }

    fn joint_rand(&self, context: &[u8], seed: &Seed) -> Vec<Field128> {
        self.xof(JOINT_RANDOMNESS, context, seed).with(&[PROOFS]).elements(self.circuit.joint_rand_len())
    }
}

/// How many bits a chunk has, for a measurement of `length` bits: what makes the shortest proof where the chunks are one less than a power
/// of two; of two such lengths, the shorter. Part of what light and heavy nodes must agree on; the crate `prio`, and so others that stand
/// on it, choose alike.
fn optimal_chunk_length(length: usize) -> usize {
    let chunk = |bits: u32| length.div_ceil((1 << bits) - 1);
    let cost = |bits: &u32| 2 * chunk(*bits) + 2 * ((1 << bits) - 1);
    (1..=(length + 1).ilog2()).rev().min_by_key(cost).map_or(1, chunk).max(1)
}

fn subtract(from: &mut [Field128], what: &[Field128]) {
    for (from, what) in from.iter_mut().zip(what) {
        *from -= *what;
    }
}

/// Adds `share` to `sum`, element by element.
pub(crate) fn accumulate(sum: &mut [Field128], share: &[Field128]) {
    for (sum, share) in sum.iter_mut().zip(share) {
        *sum += *share;
    }
}

/// Little-endian, 16 bytes each.
pub(crate) fn encode(elements: &[Field128], bytes: &mut Vec<u8>) {
    bytes.reserve(elements.len() * ELEMENT_BYTES);
    elements.iter().for_each(|element| bytes.extend_from_slice(&element.encoded()));
}

/// The elements that `bytes` encode; `None` where one is not of the field, or bytes are left over.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Field128>> {
    let (chunks, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
    let mut elements = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        elements.push(Field128::decoded(*chunk)?);
    }
    rest.is_empty().then_some(elements)
}
