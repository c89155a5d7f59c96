//! The proof that a measurement is valid: of the draft's circuits those that Formix asks, over [`Field128`].
//!
//! An encoded measurement is a vector of bits, each an element. In *chunks* of equal length, each bit `b` contributes `r^i * b * (b - 1)` to one
//! call of a gadget that adds up such products; `r` is randomness that comes of the shares of the measurement, so that only zeros cancel out.
//! A gadget's call has two *wires* for each bit of a chunk: `r^i * b`, and `b - 1`. Through each wire's values over all calls, and a random
//! seed before the first, goes a polynomial. The prover sends the seeds and the sum of the products of these polynomials pair by pair: the
//! *gadget polynomial*. The verifiers look at one random point whether wires and gadget polynomial agree.
//!
//! All of this is linear in shares but for the gadget. So a verifier does to its shares what the prover did to the measurement, up to the
//! values of the wires at the random point, and those are a weighted sum of a wire's values: linear in their number, and no polynomial of a
//! wire is ever interpolated. The prover alone transforms: it needs the products at twice as many points.
//!
//! Follows draft-irtf-cfrg-vdaf-18, sections 7.3.3 to 7.3.5, for the circuits of 7.4.3 (SumVec) and 7.4.4 (Histogram).

use alloc::{vec, vec::Vec};

use super::Refused;
use super::roots::Roots;
use crate::field::{Dot, Factor, Field128, Loose};

#[cfg(test)]
mod tests;

/// One validity circuit, for a number of verifiers.
pub(crate) struct Circuit {
    kind: Kind,
    /// Bits of a measurement.
    length: usize,
    /// Bits of a chunk.
    chunk: usize,
    /// Chunks, the last of which may be shorter.
    calls: usize,
    /// 1 / the number of verifiers: each one's share of 1.
    one_share: Field128,
    roots: Roots,
}

/// What the bits mean.
enum Kind {
    /// A vector of zeros with exactly one 1.
    Histogram,
    /// Numbers of `bits` bits each, the lowest first. The last bit of each weighs `last`, which makes their maximum.
    SumVec { bits: usize, last: u64 },
}

impl Circuit {
    /// For a vector of `length` with exactly one 1.
    ///
    /// # Errors
    /// [`Refused`] where a parameter is zero, or needs more roots of unity than are known; so it is for all circuits.
    pub(crate) fn histogram(shares: u8, length: usize, chunk: usize) -> Result<Self, Refused> {
        Self::new(Kind::Histogram, shares, length, chunk)
    }

    /// For `length` numbers of at most `max`.
    pub(crate) fn sum_vec(shares: u8, length: usize, max: u64, chunk: usize) -> Result<Self, Refused> {
        let bits = max.checked_ilog2().ok_or(Refused)?;
        let last = max - ((1 << bits) - 1);
        let bits = bits as usize + 1;
        let encoded = length.checked_mul(bits).ok_or(Refused)?;
        Self::new(Kind::SumVec { bits, last }, shares, encoded, chunk)
    }

    fn new(kind: Kind, shares: u8, length: usize, chunk: usize) -> Result<Self, Refused> {
        if shares == 0 || length == 0 || chunk == 0 {
            return Err(Refused);
        }
        let calls = length.div_ceil(chunk);
        let roots = Roots::new((calls + 1).next_power_of_two()).ok_or(Refused)?;
        let one_share = Factor::of(Field128::from(u64::from(shares))).inverse().element();
        Ok(Self { kind, length, chunk, calls, one_share, roots })
    }

    // Lengths, in elements.

    /// Of an encoded measurement.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Of what is added up in the end.
    pub(crate) const fn output_len(&self) -> usize {
        match self.kind {
            Kind::Histogram => self.length,
            Kind::SumVec { bits, .. } => self.length / bits,
        }
    }

    /// Of a proof: the seeds of the wires, and the gadget polynomial at all but the last of twice as many points as a wire's. It has one
    /// coefficient less than there are points.
    pub(crate) const fn proof_len(&self) -> usize {
        self.prove_rand_len() + 2 * self.roots.len() - 1
    }

    /// Of the prover's randomness: a seed for each wire.
    pub(crate) const fn prove_rand_len(&self) -> usize {
        2 * self.chunk
    }

    /// Of the randomness that comes of the measurement's shares.
    pub(crate) const fn joint_rand_len(&self) -> usize {
        self.calls
    }

    /// Of the verifiers' randomness: the point, after what weighs the outputs of the circuit where there are two.
    pub(crate) const fn query_rand_len(&self) -> usize {
        match self.kind {
            Kind::Histogram => 3,
            Kind::SumVec { .. } => 1,
        }
    }

    /// Of a verifier: the circuit's output, each wire at the point, the gadget polynomial there.
    pub(crate) const fn verifier_len(&self) -> usize {
        2 * self.chunk + 2
    }

    // Encoding.

    /// The encoded measurement: bits, with a histogram themselves. The numbers are in range.
    pub(crate) fn encode(&self, measurement: &[u64]) -> Vec<Field128> {
        let Kind::SumVec { bits, last } = self.kind else {
            return measurement.iter().map(|value| Field128::from(*value)).collect();
        };
        let largest_without = (1 << (bits - 1)) - 1;
        let mut encoded = Vec::with_capacity(self.length);
        for value in measurement {
            let is_over = u64::from(*value > largest_without);
            let rest = value.wrapping_sub(last & is_over.wrapping_neg());
            encoded.extend((0..bits - 1).map(|bit| Field128::from(rest >> bit & 1)));
            encoded.push(Field128::from(is_over));
        }
        encoded
    }

    /// The share of a measurement, of the share of it encoded.
    pub(crate) fn truncate(&self, share: Vec<Field128>) -> Vec<Field128> {
        let Kind::SumVec { bits, last } = self.kind else { return share };
        let last = Factor::of(Field128::from(last));
        let number = |share: &[Field128]| {
            let (highest, rest) = share.split_last()?;
            let rest = rest.iter().rev().fold(Field128::ZERO, |sum, bit| sum + sum + *bit);
            Some(rest + *highest * last)
        };
        share.chunks_exact(bits).filter_map(number).collect()
    }

    // The proof.

    /// The proof for `encoded`, valid or not, with as much randomness as [`Circuit::prove_rand_len`] and [`Circuit::joint_rand_len`] say.
    pub(crate) fn prove(
        &self,
        encoded: &[Field128],
        prove_rand: &[Field128],
        joint_rand: &[Field128],
    ) -> Vec<Field128> {
        let len = self.roots.len();
        let reversed = self.roots.reversed();
        let joint_rand: Vec<Factor> = joint_rand.iter().map(|element| Factor::of(*element)).collect();
        let mut powers = joint_rand.clone();
        // Of the gadget polynomial at even powers of the root of twice the order, where the wires are known, and at odd ones.
        let (mut even, mut odd) = (vec![Dot::ZERO; len], vec![Dot::ZERO; len]);
        let mut wires = [(); 2].map(|()| vec![Loose::ZERO; len]);
        let mut at_odd = wires.clone();
        for (place, seeds) in prove_rand.as_chunks::<2>().0.iter().enumerate() {
            let [first, second] = &mut wires;
            first.fill(Loose::ZERO);
            second.fill(Loose::ZERO);
            // The place of the seeds is the first in either order.
            (first[0], second[0]) = (seeds[0].into(), seeds[1].into());
            even[0].add_elements(first[0], second[0]);
            for (call, (power, rand)) in powers.iter_mut().zip(&joint_rand).enumerate() {
                // What the last chunk lacks counts as zeros.
                let bit = encoded.get(call * self.chunk + place).copied().unwrap_or(Field128::ZERO);
                let (x, y) = ((bit * *power).into(), (bit - Field128::ONE).into());
                *power = *power * *rand;
                (first[reversed[call + 1]], second[reversed[call + 1]]) = (x, y);
                even[call + 1].add_elements(x, y);
            }
            for (wire, at_odd) in wires.iter_mut().zip(&mut at_odd) {
                self.roots.odd_values(wire, at_odd);
            }
            for ((odd, x), y) in odd.iter_mut().zip(&at_odd[0]).zip(&at_odd[1]) {
                odd.add_elements(*x, *y);
            }
        }
        let mut proof = prove_rand.to_vec();
        proof.reserve(2 * len);
        // Each wire is `len` times what it is at odd powers.
        let of_odd = Factor::OF_PRODUCTS * self.roots.len_inverse() * self.roots.len_inverse();
        for (even, odd) in even.into_iter().zip(odd) {
            proof.extend([even.sum() * Factor::OF_PRODUCTS, odd.sum() * of_odd]);
        }
        proof.truncate(self.proof_len());
        proof
    }

    /// A verifier's share of what is to be decided, from its shares of the encoded measurement and the proof. All are as long as the circuit says.
    ///
    /// # Errors
    /// [`Refused`] where the random point is one of those whose values the wires were made of.
    pub(crate) fn query(
        &self,
        encoded: &[Field128],
        proof: &[Field128],
        query_rand: &[Field128],
        joint_rand: &[Field128],
    ) -> Result<Vec<Field128>, Refused> {
        let (seeds, gadget) = proof.split_at_checked(self.prove_rand_len()).ok_or(Refused)?;
        let (point, of_outputs) = query_rand.split_last().ok_or(Refused)?;
        let point = Factor::of(*point);
        if self.roots.vanishing(point) == Factor::ONE {
            return Err(Refused);
        }
        let mut verifier = Vec::with_capacity(self.verifier_len());
        verifier.push(self.output(encoded, gadget, of_outputs));
        self.query_wires(encoded, seeds, joint_rand, &self.roots.weights(point, false), &mut verifier)?;
        verifier.push(self.query_gadget(gadget, &self.roots.weights(point, true))?);
        Ok(verifier)
    }

    /// The circuit's output, which is zero for a valid measurement: all calls of the gadget, and with a histogram the sum less 1.
    fn output(&self, encoded: &[Field128], gadget: &[Field128], weights: &[Field128]) -> Field128 {
        // A call's value is that at an even power of the root of twice the order.
        let calls = sum(gadget.iter().step_by(2).skip(1).take(self.calls));
        let [of_calls, of_sum] = weights else { return calls };
        let excess = sum(encoded) - self.one_share;
        calls * Factor::of(*of_calls) + excess * Factor::of(*of_sum)
    }

    /// All wires at the point with these weights.
    fn query_wires(
        &self,
        encoded: &[Field128],
        seeds: &[Field128],
        joint_rand: &[Field128],
        weights: &[Factor],
        verifier: &mut Vec<Field128>,
    ) -> Result<(), Refused> {
        let (of_seeds, of_calls) = weights.split_first().ok_or(Refused)?;
        let of_calls = of_calls.get(..self.calls).ok_or(Refused)?;
        let of_one = of_calls.iter().fold(Field128::ZERO, |sum, weight| sum + self.one_share * *weight);
        // Of each call, its weight and its randomness, to the power that the place in the chunk says.
        let mut calls: Vec<(Factor, Factor)> =
            of_calls.iter().zip(joint_rand).map(|(weight, rand)| (*weight, Factor::of(*rand))).collect();
        for (place, seeds) in seeds.as_chunks::<2>().0.iter().enumerate() {
            let (mut first, mut second) = (Dot::ZERO, Dot::ZERO);
            first.add(seeds[0], *of_seeds);
            second.add(seeds[1], *of_seeds);
            let bits = encoded[place.min(encoded.len())..].iter().step_by(self.chunk);
            for (((powered, rand), weight), bit) in calls.iter_mut().zip(of_calls).zip(bits) {
                *powered = *powered * *rand;
                first.add(*bit, *powered);
                second.add(*bit, *weight);
            }
            verifier.extend([first.sum(), second.sum() - of_one]);
        }
        Ok(())
    }

    /// The gadget polynomial at the point with these weights.
    fn query_gadget(&self, values: &[Field128], weights: &[Factor]) -> Result<Field128, Refused> {
        let powers = self.roots.double_powers();
        // The value that is not sent makes the highest coefficient zero, which is the sum of all values times the powers of the root. The
        // second half of these are the negatives of the first.
        let (front, back) = values.split_at_checked(self.roots.len()).ok_or(Refused)?;
        let dot = |values: &[Field128], factors: &[Factor]| {
            let mut dot = Dot::ZERO;
            values.iter().zip(factors).for_each(|(value, factor)| dot.add(*value, *factor));
            dot.sum()
        };
        let root = powers.get(1).ok_or(Refused)?;
        let last = (dot(back, powers) - dot(front, powers)) * *root;
        let of_last = weights.last().ok_or(Refused)?;
        Ok(dot(values, weights) + last * *of_last)
    }

    /// Whether the sum of all verifiers' shares says that the measurement is valid.
    pub(crate) fn decide(&self, verifier: &[Field128]) -> bool {
        let [output, wires @ .., gadget] = verifier else { return false };
        let mut products = Dot::ZERO;
        for [x, y] in wires.as_chunks::<2>().0 {
            products.add_elements((*x).into(), (*y).into());
        }
        *output == Field128::ZERO && products.sum() * Factor::OF_PRODUCTS == *gadget
    }
}

fn sum<'a>(elements: impl IntoIterator<Item = &'a Field128>) -> Field128 {
    elements.into_iter().fold(Field128::ZERO, |sum, element| sum + *element)
}
