//! Prio3 over bytes.
//!
//! The crate `prio` does the proofs and all verification, over this crate's field ([`crate::field`]). What stands here is the sharding
//! of section 7.2.1, because `prio` itself draws randomness from the machine, and core draws none: the seeds come from the caller.
//! The test vectors of the draft, byte for byte, say that it is the same.
//!
//! Follows draft-irtf-cfrg-vdaf-18.

use prio::codec::{CodecError, Encode, ParameterizedDecode};
use prio::field::FieldElement;
use prio::flp::gadgets::{Mul, ParallelSum};
use prio::flp::types::{Histogram, SumVec};
use prio::flp::{FlpError, Type};
use prio::vdaf::prio3::{
    Prio3, Prio3InputShare, Prio3PublicShare, Prio3VerifierMessage, Prio3VerifierShare, Prio3VerifyState,
    optimal_chunk_length,
};
use prio::vdaf::xof::{IntoFieldVec, Xof, XofTurboShake128};
use prio::vdaf::{Aggregator, OutputShare, Vdaf, VdafError, VerifyTransition};
use rand_core::CryptoRng;

use crate::field::Field128;
use crate::{SHARES, Shape, VerifyError};

#[cfg(test)]
mod tests;

/// Bytes of a seed, a blind and a verify key.
pub(crate) const SEED_BYTES: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 16;

/// The draft's version, part of each domain separation tag.
const VERSION: u8 = 18;
// What randomness is derived for.
const MEASUREMENT_SHARE: u16 = 1;
const PROOF_SHARE: u16 = 2;
const JOINT_RANDOMNESS: u16 = 3;
const PROVE_RANDOMNESS: u16 = 4;
const JOINT_RAND_SEED: u16 = 6;
const JOINT_RAND_PART: u16 = 7;

type Xof128 = XofTurboShake128;
type SumVec128 = SumVec<Field128, ParallelSum<Field128, Mul>>;
type Histogram128 = Histogram<Field128, ParallelSum<Field128, Mul>>;
/// What an aggregator keeps between the two steps of verification.
pub(crate) type State<F = Field128> = Prio3VerifyState<F, SEED_BYTES>;
/// What an aggregator gets.
type InputShare<F> = Prio3InputShare<F, SEED_BYTES>;
/// A public share and one input share an aggregator, encoded.
pub(crate) type Shares = (Vec<u8>, Vec<Vec<u8>>);

/// The circuit does not take these parameters, this measurement or this randomness. What the crate checks beforehand
/// leaves no such case, so nobody needs to know which it was.
#[derive(Debug)]
pub(crate) struct Refused;

macro_rules! refused_from {
    ($($error:ty),*) => {
        $(impl From<$error> for Refused {
            fn from(_: $error) -> Self {
                Self
            }
        })*
    };
}

refused_from!(CodecError, FlpError, VdafError);

/// Prio3 of one validity circuit among a number of aggregators.
pub(crate) struct Circuit<T: Type> {
    vdaf: Prio3<T, Xof128, SEED_BYTES>,
    typ: T,
    shares: u8,
    proofs: u8,
    /// A state of this circuit, with which verifier shares and messages are decoded.
    template: State<T::Field>,
}

impl<T: Type> Circuit<T> {
    /// Prio3 with the draft's `algorithm`, with `proofs` proofs (1 where the field is large).
    pub(crate) fn new(shares: u8, proofs: u8, algorithm: u32, typ: T) -> Result<Self, Refused> {
        let vdaf = Prio3::new(shares, proofs, algorithm, typ.clone())?;
        let seeds = if typ.joint_rand_len() > 0 { 2 } else { 1 };
        let template = State::get_decoded_with_param(&(&vdaf, 1), &vec![0; seeds * SEED_BYTES])?;
        Ok(Self { vdaf, typ, shares, proofs, template })
    }

    /// Bytes of randomness that sharding takes.
    pub(crate) fn random_len(&self) -> usize {
        usize::from(self.shares) * SEED_BYTES * if self.typ.joint_rand_len() > 0 { 2 } else { 1 }
    }

    /// Bytes of a public share.
    pub(crate) fn public_len(&self) -> usize {
        if self.typ.joint_rand_len() > 0 { usize::from(self.shares) * SEED_BYTES } else { 0 }
    }

    /// Bytes of the input share of aggregator `role`.
    pub(crate) fn input_len(&self, role: usize) -> usize {
        let blind = self.seed_len();
        if role > 0 {
            return SEED_BYTES + blind;
        }
        let elements = self.typ.input_len() + self.typ.proof_len() * usize::from(self.proofs);
        elements * T::Field::ENCODED_SIZE + blind
    }

    /// Bytes of a verifier share.
    pub(crate) fn verifier_share_len(&self) -> usize {
        self.typ.verifier_len() * usize::from(self.proofs) * T::Field::ENCODED_SIZE + self.seed_len()
    }

    /// Bytes of a verifier message, and of whatever else is one seed where there is joint randomness.
    pub(crate) fn seed_len(&self) -> usize {
        if self.typ.joint_rand_len() > 0 { SEED_BYTES } else { 0 }
    }

    /// Splits an encoded measurement, be it valid or not, with [`Circuit::random_len`] bytes of randomness.
    fn shard_encoded(
        &self,
        context: &[u8],
        encoded: &[T::Field],
        nonce: &[u8; NONCE_BYTES],
        random: &[u8],
    ) -> Result<Shares, Refused> {
        let mut seeds = random.as_chunks::<SEED_BYTES>().0.iter();
        let mut seed = || seeds.next().ok_or(Refused);
        let joint = self.typ.joint_rand_len() > 0;

        // The helpers' shares of the measurement grow from seeds; the leader has the rest.
        let mut leader = encoded.to_vec();
        let mut helpers = Vec::with_capacity(usize::from(self.shares) - 1);
        let mut parts = vec![[0; SEED_BYTES]; if joint { usize::from(self.shares) } else { 0 }];
        for role in 1..self.shares {
            let share_seed = seed()?;
            let share: Vec<T::Field> =
                self.expand(share_seed, MEASUREMENT_SHARE, context, &[role], self.typ.input_len());
            subtract(&mut leader, &share);
            let mut input = share_seed.to_vec();
            if joint {
                let blind = seed()?;
                parts[usize::from(role)] = self.joint_rand_part(context, blind, role, nonce, &share)?;
                input.extend_from_slice(blind);
            }
            helpers.push((share_seed, input));
        }
        let mut leader_blind: &[u8] = &[];
        let mut joint_rands = Vec::new();
        if joint {
            let blind = seed()?;
            parts[0] = self.joint_rand_part(context, blind, 0, nonce, &leader)?;
            leader_blind = blind;
            joint_rands = self.joint_rands(context, &parts);
        }

        let proofs_len = self.typ.proof_len() * usize::from(self.proofs);
        let prove_rand_len = self.typ.prove_rand_len();
        let prove_rands: Vec<T::Field> = self.expand(
            seed()?,
            PROVE_RANDOMNESS,
            context,
            &[self.proofs],
            prove_rand_len * usize::from(self.proofs),
        );
        let mut leader_proofs = Vec::with_capacity(proofs_len);
        for proof in 0..usize::from(self.proofs) {
            let joint_rand_len = self.typ.joint_rand_len();
            leader_proofs.extend(self.typ.prove(
                encoded,
                &prove_rands[proof * prove_rand_len..][..prove_rand_len],
                &joint_rands[proof * joint_rand_len..][..joint_rand_len],
            )?);
        }
        let mut inputs = Vec::with_capacity(usize::from(self.shares));
        inputs.push(Vec::with_capacity(self.input_len(0)));
        for (role, (share_seed, input)) in (1..self.shares).zip(helpers) {
            let share: Vec<T::Field> =
                self.expand(share_seed, PROOF_SHARE, context, &[self.proofs, role], proofs_len);
            subtract(&mut leader_proofs, &share);
            inputs.push(input);
        }
        for element in leader.iter().chain(&leader_proofs) {
            element.encode(&mut inputs[0])?;
        }
        inputs[0].extend_from_slice(leader_blind);
        Ok((parts.concat(), inputs))
    }

    /// First step of aggregator `role`: its state, and its encoded verifier share.
    pub(crate) fn verify_init(
        &self,
        verify_key: &[u8; SEED_BYTES],
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(State<T::Field>, Vec<u8>), VerifyError> {
        let public = Prio3PublicShare::get_decoded_with_param(&self.vdaf, public)
            .map_err(|_| VerifyError::PublicShare)?;
        let input = self.input(context, role, input).map_err(|_| VerifyError::InputShare)?;
        let (state, share) = self
            .vdaf
            .verify_init(verify_key, context, role, &(), nonce, &public, &input)
            .map_err(|_| VerifyError::Proof)?;
        let mut bytes = Vec::with_capacity(self.verifier_share_len());
        share.encode(&mut bytes).map_err(|_| VerifyError::Misused)?;
        Ok((state, bytes))
    }

    /// The input share of aggregator `role` that `bytes` encode. A helper's comes out in full, as if it were the leader's: `prio` would
    /// expand its seed once more in each step.
    fn input(&self, context: &[u8], role: usize, bytes: &[u8]) -> Result<InputShare<T::Field>, CodecError> {
        let share = Prio3InputShare::get_decoded_with_param(&(&self.vdaf, role), bytes)?;
        let Prio3InputShare::Helper { meas_and_proofs_share: seed, joint_rand_blind } = share else {
            return Ok(share);
        };
        let role = u8::try_from(role).map_err(|_| CodecError::UnexpectedValue)?;
        let proofs_len = self.typ.proof_len() * usize::from(self.proofs);
        let expand =
            |usage, binder: &[u8], length| self.expand(seed.as_ref(), usage, context, binder, length);
        Ok(Prio3InputShare::Leader {
            measurement_share: expand(MEASUREMENT_SHARE, &[role], self.typ.input_len()),
            proofs_share: expand(PROOF_SHARE, &[self.proofs, role], proofs_len),
            joint_rand_blind,
        })
    }

    /// The verifier message of one verifier share an aggregator, in the order of roles, where the proof holds.
    pub(crate) fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError> {
        let mut decoded = Vec::with_capacity(shares.len());
        for (role, share) in shares.iter().enumerate() {
            let share = Prio3VerifierShare::get_decoded_with_param(&self.template, share)
                .map_err(|_| VerifyError::VerifierShare { role })?;
            decoded.push(share);
        }
        let message =
            self.vdaf.verifier_shares_to_message(context, &(), decoded).map_err(|_| VerifyError::Proof)?;
        message.get_encoded().map_err(|_| VerifyError::Misused)
    }

    /// Last step of an aggregator: its share of the measurement.
    pub(crate) fn verify_next(
        &self,
        context: &[u8],
        state: State<T::Field>,
        message: &[u8],
    ) -> Result<OutputShare<T::Field>, VerifyError> {
        let message = Prio3VerifierMessage::get_decoded_with_param(&self.template, message)
            .map_err(|_| VerifyError::VerifierMessage)?;
        match self.vdaf.verify_next(context, state, message) {
            Ok(VerifyTransition::Finish(share)) => Ok(share),
            Ok(VerifyTransition::Continue(..)) => Err(VerifyError::Misused),
            Err(_) => Err(VerifyError::Proof),
        }
    }

    fn tag(&self, usage: u16) -> [u8; 8] {
        let mut tag = [VERSION, 0, 0, 0, 0, 0, 0, 0];
        tag[2..6].copy_from_slice(&self.vdaf.algorithm_id().to_be_bytes());
        tag[6..].copy_from_slice(&usage.to_be_bytes());
        tag
    }

    fn expand(
        &self,
        seed: &[u8; SEED_BYTES],
        usage: u16,
        context: &[u8],
        binder: &[u8],
        length: usize,
    ) -> Vec<T::Field> {
        Xof128::seed_stream(seed, &[&self.tag(usage), context], &[binder]).into_field_vec(length)
    }

    fn joint_rand_part(
        &self,
        context: &[u8],
        blind: &[u8; SEED_BYTES],
        role: u8,
        nonce: &[u8; NONCE_BYTES],
        share: &[T::Field],
    ) -> Result<[u8; SEED_BYTES], Refused> {
        let mut bytes = Vec::with_capacity(share.len() * T::Field::ENCODED_SIZE);
        for element in share {
            element.encode(&mut bytes)?;
        }
        let mut xof = Xof128::init(blind, &[&self.tag(JOINT_RAND_PART), context]);
        xof.update(&[role]);
        xof.update(nonce);
        xof.update(&bytes);
        Ok(*xof.into_seed().as_ref())
    }

    fn joint_rands(&self, context: &[u8], parts: &[[u8; SEED_BYTES]]) -> Vec<T::Field> {
        let mut xof = Xof128::init(&[0; SEED_BYTES], &[&self.tag(JOINT_RAND_SEED), context]);
        for part in parts {
            xof.update(part);
        }
        let length = self.typ.joint_rand_len() * usize::from(self.proofs);
        self.expand(xof.into_seed().as_ref(), JOINT_RANDOMNESS, context, &[self.proofs], length)
    }
}

fn subtract<F: FieldElement>(from: &mut [F], what: &[F]) {
    for (from, what) in from.iter_mut().zip(what) {
        *from -= *what;
    }
}

/// Prio3 for a shape: a histogram where it is one-hot, else a vector of sums. A lone number is a vector of one: its proof
/// is verified faster than that of Prio3Sum.
pub(crate) enum Engine {
    /// Exactly one 1 among zeros.
    Histogram(Circuit<Histogram128>),
    /// Numbers of some bits each.
    SumVec(Circuit<SumVec128>),
}

/// The same call on either circuit.
macro_rules! either {
    ($engine:expr, $circuit:ident => $call:expr) => {
        match $engine {
            Engine::Histogram($circuit) => $call,
            Engine::SumVec($circuit) => $call,
        }
    };
}

impl Engine {
    /// The engine of a shape that is within the crate's bounds.
    pub(crate) fn new(shape: Shape) -> Result<Self, Refused> {
        let length = shape.length as usize;
        let aggregators = SHARES as u8;
        if shape.one_hot {
            let typ = Histogram::new(length, optimal_chunk_length(length))?;
            return Ok(Self::Histogram(Circuit::new(aggregators, 1, 0x0000_0004, typ)?));
        }
        let chunk = optimal_chunk_length(length * usize::from(shape.bits));
        let typ = SumVec::new(u128::from(shape.value_max()), length, chunk)?;
        Ok(Self::SumVec(Circuit::new(aggregators, 1, 0x0000_0003, typ)?))
    }

    /// Splits a measurement that fits the shape.
    pub(crate) fn shard(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        measurement: &[u64],
        rng: &mut impl CryptoRng,
    ) -> Result<Shares, Refused> {
        let mut random = vec![0; either!(self, circuit => circuit.random_len())];
        rng.fill_bytes(&mut random);
        self.shard_with(context, nonce, measurement, &random)
    }

    /// [`Engine::shard`] without a type parameter: code without one is compiled in this crate, by this crate's optimisation, and not in each
    /// that calls it.
    fn shard_with(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        measurement: &[u64],
        random: &[u8],
    ) -> Result<Shares, Refused> {
        let encoded = match self {
            Self::Histogram(circuit) => {
                let hot = measurement.iter().position(|value| *value == 1);
                circuit.typ.encode_measurement(&hot.ok_or(Refused)?)?
            }
            Self::SumVec(circuit) => circuit
                .typ
                .encode_measurement(&measurement.iter().map(|value| u128::from(*value)).collect())?,
        };
        either!(self, circuit => circuit.shard_encoded(context, &encoded, nonce, random))
    }

    /// As [`Circuit::public_len`].
    pub(crate) fn public_len(&self) -> usize {
        either!(self, circuit => circuit.public_len())
    }

    /// As [`Circuit::input_len`].
    pub(crate) fn input_len(&self, role: usize) -> usize {
        either!(self, circuit => circuit.input_len(role))
    }

    /// As [`Circuit::verifier_share_len`].
    pub(crate) fn verifier_share_len(&self) -> usize {
        either!(self, circuit => circuit.verifier_share_len())
    }

    /// As [`Circuit::seed_len`].
    pub(crate) fn verifier_message_len(&self) -> usize {
        either!(self, circuit => circuit.seed_len())
    }

    /// As [`Circuit::verify_init`].
    pub(crate) fn verify_init(
        &self,
        verify_key: &[u8; SEED_BYTES],
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(State, Vec<u8>), VerifyError> {
        either!(self, circuit => circuit.verify_init(verify_key, context, role, nonce, public, input))
    }

    /// As [`Circuit::verifier_merge`].
    pub(crate) fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError> {
        either!(self, circuit => circuit.verifier_merge(context, shares))
    }

    /// As [`Circuit::verify_next`].
    pub(crate) fn verify_next(
        &self,
        context: &[u8],
        state: State,
        message: &[u8],
    ) -> Result<Vec<Field128>, VerifyError> {
        let share = either!(self, circuit => circuit.verify_next(context, state, message))?;
        Ok(share.as_ref().to_vec())
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
    bytes.extend(elements.iter().flat_map(|element| element.integer().to_le_bytes()));
}

/// The elements that `bytes` encode; `None` where one is not of the field.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Field128>> {
    bytes.as_chunks::<16>().0.iter().map(|chunk| Field128::try_from(chunk.as_slice()).ok()).collect()
}
