//! Prio3 over the crate `prio`, with its own fields and circuits: what ours is compared with.
//!
//! `prio` draws the randomness of sharding from the machine; so the draft's sharding (section 7.2.1) stands here over its circuits.

use prio::codec::{Encode as _, ParameterizedDecode as _};
use prio::field::FieldElement;
use prio::flp::Type;
use prio::vdaf::prio3::{
    Prio3, Prio3InputShare, Prio3PublicShare, Prio3VerifierMessage, Prio3VerifierShare, Prio3VerifyState,
};
use prio::vdaf::xof::{IntoFieldVec as _, Xof, XofTurboShake128};
use prio::vdaf::{AggregateShare, Aggregator as _, Collector as _, Vdaf as _, VerifyTransition};

use super::*;

/// Any circuit of `prio`, with any number of proofs.
pub(super) struct Published<T: Type> {
    vdaf: Prio3<T, XofTurboShake128, SEED_BYTES>,
    typ: T,
    shares: u8,
    proofs: u8,
    measurement: fn(&Value) -> T::Measurement,
    /// A state of this circuit, with which verifier shares and messages are decoded.
    template: Prio3VerifyState<T::Field, SEED_BYTES>,
}

impl<T: Type> Published<T> {
    pub(super) fn new(
        shares: u8,
        proofs: u8,
        algorithm: u32,
        typ: T,
        measurement: fn(&Value) -> T::Measurement,
    ) -> Self {
        let vdaf = Prio3::new(shares, proofs, algorithm, typ.clone()).unwrap();
        let seeds = if typ.joint_rand_len() > 0 { 2 } else { 1 };
        let template =
            Prio3VerifyState::get_decoded_with_param(&(&vdaf, 1), &vec![0; seeds * SEED_BYTES]).unwrap();
        Self { vdaf, typ, shares, proofs, measurement, template }
    }

    fn tag(&self, usage: u16) -> [u8; 8] {
        let mut tag = [VERSION, 0, 0, 0, 0, 0, 0, 0];
        tag[2..6].copy_from_slice(&self.vdaf.algorithm_id().to_be_bytes());
        tag[6..].copy_from_slice(&usage.to_be_bytes());
        tag
    }

    fn expand(&self, seed: &Seed, usage: u16, context: &[u8], binder: &[u8], length: usize) -> Vec<T::Field> {
        XofTurboShake128::seed_stream(seed, &[&self.tag(usage), context], &[binder]).into_field_vec(length)
    }

    fn joint_rand_part(
        &self,
        context: &[u8],
        blind: &Seed,
        role: u8,
        nonce: &[u8; NONCE_BYTES],
        share: &[T::Field],
    ) -> Seed {
        let mut xof = XofTurboShake128::init(blind, &[&self.tag(JOINT_RAND_PART), context]);
        xof.update(&[role]);
        xof.update(nonce);
        share.iter().for_each(|element| xof.update(&element.get_encoded().unwrap()));
        *xof.into_seed().as_ref()
    }

    fn joint_rands(&self, context: &[u8], parts: &[Seed]) -> Vec<T::Field> {
        let mut xof = XofTurboShake128::init(&[0; SEED_BYTES], &[&self.tag(JOINT_RAND_SEED), context]);
        parts.iter().for_each(|part| xof.update(part));
        let length = self.typ.joint_rand_len() * usize::from(self.proofs);
        self.expand(xof.into_seed().as_ref(), JOINT_RANDOMNESS, context, &[self.proofs], length)
    }

    /// Splits an encoded measurement, be it valid or not.
    pub(super) fn shard_encoded(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        encoded: &[T::Field],
        random: &[u8],
    ) -> Shares {
        let mut seeds = random.as_chunks::<SEED_BYTES>().0.iter();
        let mut seed = || seeds.next().unwrap();
        let joint = self.typ.joint_rand_len() > 0;
        let proofs = usize::from(self.proofs);

        let mut leader = encoded.to_vec();
        let mut helpers = Vec::new();
        let mut parts = vec![[0; SEED_BYTES]; if joint { usize::from(self.shares) } else { 0 }];
        for role in 1..self.shares {
            let share_seed = seed();
            let share = self.expand(share_seed, MEASUREMENT_SHARE, context, &[role], self.typ.input_len());
            leader.iter_mut().zip(&share).for_each(|(leader, share)| *leader -= *share);
            let mut input = share_seed.to_vec();
            if joint {
                let blind = seed();
                parts[usize::from(role)] = self.joint_rand_part(context, blind, role, nonce, &share);
                input.extend_from_slice(blind);
            }
            helpers.push((share_seed, input));
        }
        let mut leader_blind: &[u8] = &[];
        let mut joint_rands = Vec::new();
        if joint {
            let blind = seed();
            parts[0] = self.joint_rand_part(context, blind, 0, nonce, &leader);
            leader_blind = blind;
            joint_rands = self.joint_rands(context, &parts);
        }
        let (prove_len, joint_len) = (self.typ.prove_rand_len(), self.typ.joint_rand_len());
        let prove_rands = self.expand(seed(), PROVE_RANDOMNESS, context, &[self.proofs], prove_len * proofs);
        for proof in 0..proofs {
            let (prove_rand, joint_rand) =
                (&prove_rands[proof * prove_len..], &joint_rands[proof * joint_len..]);
            let proof = self.typ.prove(encoded, &prove_rand[..prove_len], &joint_rand[..joint_len]);
            leader.extend(proof.unwrap());
        }
        let mut inputs = vec![Vec::new()];
        for (role, (share_seed, input)) in (1..self.shares).zip(helpers) {
            let length = self.typ.proof_len() * proofs;
            let share = self.expand(share_seed, PROOF_SHARE, context, &[self.proofs, role], length);
            let leader = leader[self.typ.input_len()..].iter_mut();
            leader.zip(&share).for_each(|(leader, share)| *leader -= *share);
            inputs.push(input);
        }
        leader.iter().for_each(|element| element.encode(&mut inputs[0]).unwrap());
        inputs[0].extend_from_slice(leader_blind);
        (parts.concat(), inputs)
    }
}

impl<T: Type> Parties for Published<T>
where
    T::AggregateResult: core::fmt::Debug,
{
    type State = Prio3VerifyState<T::Field, SEED_BYTES>;

    fn shard(&self, context: &[u8], nonce: &[u8; NONCE_BYTES], measurement: &Value, random: &[u8]) -> Shares {
        let encoded = self.typ.encode_measurement(&(self.measurement)(measurement)).unwrap();
        self.shard_encoded(context, nonce, &encoded, random)
    }

    fn verify_init(
        &self,
        key: &Seed,
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(Self::State, Vec<u8>), VerifyError> {
        let public = Prio3PublicShare::get_decoded_with_param(&self.vdaf, public)
            .map_err(|_| VerifyError::PublicShare)?;
        let input = Prio3InputShare::get_decoded_with_param(&(&self.vdaf, role), input)
            .map_err(|_| VerifyError::InputShare)?;
        let (state, share) = self
            .vdaf
            .verify_init(key, context, role, &(), nonce, &public, &input)
            .map_err(|_| VerifyError::Proof)?;
        Ok((state, share.get_encoded().unwrap()))
    }

    fn verifier_merge(&self, context: &[u8], shares: &[&[u8]]) -> Result<Vec<u8>, VerifyError> {
        let mut decoded = Vec::new();
        for (role, share) in shares.iter().enumerate() {
            let share = Prio3VerifierShare::get_decoded_with_param(&self.template, share)
                .map_err(|_| VerifyError::VerifierShare { role })?;
            decoded.push(share);
        }
        let message =
            self.vdaf.verifier_shares_to_message(context, &(), decoded).map_err(|_| VerifyError::Proof)?;
        Ok(message.get_encoded().unwrap())
    }

    fn verify_next(
        &self,
        context: &[u8],
        state: Self::State,
        message: &[u8],
    ) -> Result<Vec<u8>, VerifyError> {
        let message = Prio3VerifierMessage::get_decoded_with_param(&self.template, message)
            .map_err(|_| VerifyError::VerifierMessage)?;
        match self.vdaf.verify_next(context, state, message) {
            Ok(VerifyTransition::Finish(share)) => Ok(share.get_encoded().unwrap()),
            Ok(VerifyTransition::Continue(..)) => Err(VerifyError::Misused),
            Err(_) => Err(VerifyError::Proof),
        }
    }

    fn sum(&self, shares: &[Vec<u8>]) -> Vec<u8> {
        let mut sum = vec![T::Field::zero(); self.typ.output_len()];
        for share in shares {
            for (sum, share) in sum.iter_mut().zip(elements::<T::Field>(share)) {
                *sum += share;
            }
        }
        AggregateShare::from(sum).get_encoded().unwrap()
    }

    fn unshard(&self, sums: &[Vec<u8>], reports: usize) -> String {
        let sums = sums.iter().map(|sum| elements::<T::Field>(sum).into());
        format!("{:?}", self.vdaf.unshard(&(), sums, reports).unwrap())
    }
}

fn elements<F: FieldElement>(bytes: &[u8]) -> Vec<F> {
    bytes.chunks(F::ENCODED_SIZE).map(|chunk| F::try_from(chunk).unwrap()).collect()
}
