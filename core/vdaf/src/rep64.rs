//! Replicated secret sharing, two of three, committed.
//!
//! The numbers of a vector are packed into scalars of the group ristretto255, each in as many bits as its *total* may need
//! ([`Packing`]), so that sums of scalars are scalars of sums and no slot runs over into the next. The scalars split into
//! three components that add up to them; heavy node `i` holds components `i` and `i + 1` (modulo 3). So each component is
//! known to two, any two heavy nodes know all three, and one alone knows two uniformly random vectors.
//!
//! The report publishes a Pedersen vector commitment to each component, `C = r·H + Σ m_k·G_k`, which hides it perfectly and
//! which nobody can open in two ways. Commitments add: the sum of those of a set of reports opens with the sums of the
//! components and the sum of the blindings, so a heavy node that states anything else is caught by whoever has the public
//! shares.
//!
//! The components add up modulo the group's order and not, as those of `additive64`, modulo 2^64: commitments to 64-bit
//! components would open only with sums of integers, whose carries tell how many of the components wrapped, and thereby
//! something about the numbers.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{
    Identity as _, IsIdentity as _, MultiscalarMul as _, VartimeMultiscalarMul as _,
};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha512};

use crate::{SHARES, VerifyError};

#[cfg(test)]
mod tests;

/// Bytes of a compressed point, and of a scalar.
pub(crate) const ELEMENT_BYTES: usize = 32;
/// Most scalars of a vector.
pub(crate) const SCALARS_MAX: usize = 1 << 12;
/// Bits of a scalar that every value may use: the group's order is a little above 2^252.
const SCALAR_BITS: u32 = 252;
/// What the generators are hashed from, with their number.
const LABEL: &[u8] = b"formix rep64 generator v1";

/// How numbers lie in scalars: from the lowest bit, each in [`Packing::bits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packing {
    length: usize,
    bits: u32,
}

impl Packing {
    /// For vectors of `length` numbers, no total above `total_max`, which is below 2^63.
    pub(crate) fn new(length: usize, total_max: u64) -> Self {
        Self { length, bits: (u64::BITS - total_max.leading_zeros()).max(1) }
    }

    /// Numbers in one scalar.
    pub(crate) fn slots(self) -> usize {
        (SCALAR_BITS / self.bits) as usize
    }

    /// Scalars of a vector.
    pub(crate) fn scalars(self) -> usize {
        self.length.div_ceil(self.slots())
    }

    fn pack(self, numbers: &[u64]) -> Vec<Scalar> {
        let pack = |numbers: &[u64]| {
            let mut bytes = [0; ELEMENT_BYTES];
            for (slot, number) in (0u32..).zip(numbers) {
                let at = slot * self.bits;
                // At most 63 bits, moved by at most 7: they fit, and end before the last byte of the scalar.
                let moved = u128::from(*number) << (at % 8);
                for (byte, value) in bytes[(at / 8) as usize..].iter_mut().zip(moved.to_le_bytes()) {
                    *byte |= value;
                }
            }
            Scalar::from_bytes_mod_order(bytes)
        };
        numbers.chunks(self.slots()).map(pack).collect()
    }

    /// The numbers that `scalars` hold; `Err` with the last number of a scalar that holds more than its slots take.
    pub(crate) fn unpack(self, scalars: &[Scalar]) -> Result<Vec<u64>, u32> {
        let mut numbers = Vec::with_capacity(self.length);
        for scalar in scalars {
            let bytes = scalar.to_bytes();
            let slots = self.slots().min(self.length - numbers.len());
            let used = slots as u32 * self.bits;
            for slot in 0..slots as u32 {
                numbers.push(bits(&bytes, slot * self.bits, self.bits));
            }
            if (used..8 * ELEMENT_BYTES as u32).any(|at| bits(&bytes, at, 1) != 0) {
                return Err(numbers.len().saturating_sub(1) as u32);
            }
        }
        Ok(numbers)
    }
}

/// `count` bits, at most 63, of `bytes` from bit `at`.
fn bits(bytes: &[u8; ELEMENT_BYTES], at: u32, count: u32) -> u64 {
    let mut window = [0; 16];
    for (to, from) in window.iter_mut().zip(&bytes[(at / 8) as usize..]) {
        *to = *from;
    }
    (u128::from_le_bytes(window) >> (at % 8)) as u64 & (u64::MAX >> (u64::BITS - count))
}

/// The points to which components are committed. `H` is the group's base point; each `G_k` comes from a hash, so that
/// nobody knows how they are related.
pub(crate) struct Generators {
    packing: Packing,
    blind: RistrettoPoint,
    values: Vec<RistrettoPoint>,
}

impl Generators {
    /// The generators for vectors so packed.
    pub(crate) fn new(packing: Packing) -> Self {
        let values = (0..packing.scalars() as u64).map(|number| {
            let digest = Sha512::new().chain_update(LABEL).chain_update(number.to_le_bytes()).finalize();
            RistrettoPoint::from_uniform_bytes(&digest.into())
        });
        Self { packing, blind: RISTRETTO_BASEPOINT_POINT, values: values.collect() }
    }

    /// How numbers lie in scalars.
    pub(crate) fn packing(&self) -> Packing {
        self.packing
    }

    /// Splits `vector`: the public share, and the input share of each role.
    pub(crate) fn shard(&self, vector: &[u64], rng: &mut impl CryptoRng) -> (Vec<u8>, [Vec<u8>; SHARES]) {
        let packed = self.packing.pack(vector);
        let first: Vec<Scalar> = packed.iter().map(|_| random(rng)).collect();
        let second: Vec<Scalar> = packed.iter().map(|_| random(rng)).collect();
        let third =
            packed.iter().zip(first.iter().zip(&second)).map(|(value, (a, b))| value - a - b).collect();
        self.split([first, second, third].map(|scalars| Opening { scalars, blinding: random(rng) }))
    }

    /// The shares of these components.
    fn split(&self, components: [Opening; SHARES]) -> (Vec<u8>, [Vec<u8>; SHARES]) {
        let commitments = components.iter().flat_map(|component| {
            RistrettoPoint::multiscalar_mul(component.scalars(), self.points()).compress().to_bytes()
        });
        let inputs = core::array::from_fn(|role| {
            let mut bytes = Vec::with_capacity(self.input_len());
            components[role].encode(&mut bytes);
            components[(role + 1) % SHARES].encode(&mut bytes);
            bytes
        });
        (commitments.collect(), inputs)
    }

    /// Bytes of an input share, and of encoded sums: two openings.
    pub(crate) fn input_len(&self) -> usize {
        2 * ELEMENT_BYTES * (self.values.len() + 1)
    }

    /// In the order of [`Opening::scalars`].
    fn points(&self) -> impl Iterator<Item = &RistrettoPoint> {
        self.values.iter().chain([&self.blind])
    }

    fn opens(&self, commitment: &RistrettoPoint, opening: &Opening) -> bool {
        RistrettoPoint::vartime_multiscalar_mul(opening.scalars(), self.points()) == *commitment
    }

    /// Whether all of `states` open their commitments, but for a chance of 2^-128 that they do not.
    fn all_open(&self, states: &[&State], rng: &mut impl CryptoRng) -> bool {
        let mut sum = Opening::zero(self.values.len());
        let mut weights = Vec::with_capacity(states.len() * 2);
        for opening in states.iter().flat_map(|state| &state.openings) {
            let mut bytes = [0; 16];
            rng.fill_bytes(&mut bytes);
            let weight = Scalar::from(u128::from_le_bytes(bytes));
            sum.blinding += weight * opening.blinding;
            for (sum, scalar) in sum.scalars.iter_mut().zip(&opening.scalars) {
                *sum += weight * scalar;
            }
            weights.push(-weight);
        }
        let commitments = states.iter().flat_map(|state| &state.commitments);
        let (scalars, points) = (sum.scalars().chain(&weights), self.points().chain(commitments));
        RistrettoPoint::vartime_multiscalar_mul(scalars, points).is_identity()
    }

    /// Checks many reports at once; the indices of those that do not open their commitments, in rising order. Each bad one
    /// costs the logarithm of their number in further checks.
    pub(crate) fn open_batch(&self, states: &mut [&mut State], rng: &mut impl CryptoRng) -> Vec<usize> {
        let mut bad = Vec::new();
        let mut ranges = vec![(0, states.len())];
        while let Some((from, to)) = ranges.pop() {
            let group: Vec<&State> = states[from..to].iter().map(|state| &**state).collect();
            if self.all_open(&group, rng) {
                states[from..to].iter_mut().for_each(|state| state.opened = true);
            } else if to - from == 1 {
                bad.push(from);
            } else {
                let middle = usize::midpoint(from, to);
                ranges.extend([(middle, to), (from, middle)]);
            }
        }
        bad
    }

    /// The components that a state holds, where they open their commitments.
    pub(crate) fn output(&self, state: State) -> Result<[Opening; 2], VerifyError> {
        for (offset, (commitment, opening)) in state.commitments.iter().zip(&state.openings).enumerate() {
            if !state.opened && !self.opens(commitment, opening) {
                return Err(VerifyError::Commitment { component: (state.role + offset) % SHARES });
            }
        }
        Ok(state.openings)
    }

    /// For each of the two components of `sums`, whether it opens the sum of commitments at its place.
    pub(crate) fn check(&self, commitments: [&RistrettoPoint; 2], sums: &[Opening; 2]) -> [bool; 2] {
        core::array::from_fn(|place| self.opens(commitments[place], &sums[place]))
    }

    /// Two openings from the bytes of an input share or of sums, where they are that.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Option<[Opening; 2]> {
        let (first, second) = bytes.split_at_checked(self.input_len() / 2)?;
        Some([Opening::decode(first)?, Opening::decode(second)?])
    }

    /// One report as it came for `role`.
    pub(crate) fn state(&self, role: usize, public: &[u8], input: &[u8]) -> Result<State, VerifyError> {
        // All three points, though two are used: whether a public share is one must not depend on the role.
        let points = decode_points(public).ok_or(VerifyError::PublicShare)?;
        let openings = self.decode(input).ok_or(VerifyError::InputShare)?;
        let commitments = [points[role % SHARES], points[(role + 1) % SHARES]];
        Ok(State { role, openings, commitments, opened: false })
    }
}

/// One component, or the sum of that component over many reports, and what blinds its commitment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    scalars: Vec<Scalar>,
    blinding: Scalar,
}

impl Opening {
    /// Nothing, in `length` scalars.
    pub(crate) fn zero(length: usize) -> Self {
        Self { scalars: vec![Scalar::ZERO; length], blinding: Scalar::ZERO }
    }

    /// Number of scalars but for the blinding.
    pub(crate) fn len(&self) -> usize {
        self.scalars.len()
    }

    /// Adds `other`, of the same length.
    pub(crate) fn add(&mut self, other: &Self) {
        self.blinding += other.blinding;
        for (sum, scalar) in self.scalars.iter_mut().zip(&other.scalars) {
            *sum += scalar;
        }
    }

    /// What is packed in it.
    pub(crate) fn unpack(&self, packing: Packing) -> Result<Vec<u64>, u32> {
        packing.unpack(&self.scalars)
    }

    /// The scalars, then the blinding.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.scalars().flat_map(Scalar::to_bytes));
    }

    fn scalars(&self) -> impl Iterator<Item = &Scalar> {
        self.scalars.iter().chain([&self.blinding])
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
        let scalar = |bytes: &[u8; ELEMENT_BYTES]| Scalar::from_canonical_bytes(*bytes).into_option();
        let mut scalars = chunks.iter().map(scalar).collect::<Option<Vec<_>>>()?;
        let blinding = scalars.pop()?;
        rest.is_empty().then_some(Self { scalars, blinding })
    }
}

/// One report at one heavy node, before it is known to open its commitments.
pub(crate) struct State {
    role: usize,
    openings: [Opening; 2],
    commitments: [RistrettoPoint; 2],
    opened: bool,
}

impl State {
    /// Number of scalars of a component.
    pub(crate) fn len(&self) -> usize {
        self.openings[0].len()
    }
}

/// The sum of the commitments of a set of reports: what any heavy node's sums are checked against.
#[derive(Clone, PartialEq, Eq)]
pub struct Commitments {
    points: [RistrettoPoint; SHARES],
    reports: u32,
}

impl Commitments {
    /// Bytes of an encoded sum.
    pub const BYTES: usize = 4 + SHARES * ELEMENT_BYTES;

    /// Of no report.
    #[must_use]
    pub fn empty() -> Self {
        Self { points: [RistrettoPoint::identity(); SHARES], reports: 0 }
    }

    /// Adds the public share of one report.
    ///
    /// # Errors
    /// [`VerifyError::PublicShare`] where the bytes are not three points; [`VerifyError::Misused`] after 2^32 - 1 reports.
    pub fn add(&mut self, public: &[u8]) -> Result<(), VerifyError> {
        let points = decode_points(public).ok_or(VerifyError::PublicShare)?;
        self.reports = self.reports.checked_add(1).ok_or(VerifyError::Misused)?;
        for (sum, point) in self.points.iter_mut().zip(points) {
            *sum += point;
        }
        Ok(())
    }

    /// Number of reports in it.
    #[must_use]
    pub fn reports(&self) -> u32 {
        self.reports
    }

    /// The number of reports (little-endian), then the three points compressed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.reports.to_le_bytes().to_vec();
        bytes.extend(self.points.iter().flat_map(|point| point.compress().to_bytes()));
        bytes
    }

    /// The sum that `bytes` encode.
    ///
    /// # Errors
    /// [`VerifyError::PublicShare`] where they are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, VerifyError> {
        let (reports, points) = bytes.split_first_chunk::<4>().ok_or(VerifyError::PublicShare)?;
        let points = decode_points(points).ok_or(VerifyError::PublicShare)?;
        Ok(Self { points, reports: u32::from_le_bytes(*reports) })
    }

    /// The points of the two components that `role` holds.
    pub(crate) fn of(&self, role: usize) -> [&RistrettoPoint; 2] {
        [&self.points[role % SHARES], &self.points[(role + 1) % SHARES]]
    }
}

impl fmt::Debug for Commitments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commitments").field("reports", &self.reports).finish_non_exhaustive()
    }
}

/// A uniformly random scalar.
fn random(rng: &mut impl CryptoRng) -> Scalar {
    let mut bytes = [0; 64];
    rng.fill_bytes(&mut bytes);
    Scalar::from_bytes_mod_order_wide(&bytes)
}

fn decode_points(bytes: &[u8]) -> Option<[RistrettoPoint; SHARES]> {
    let (chunks, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
    let [first, second, third] = chunks else { return None };
    let point = |bytes: &[u8; ELEMENT_BYTES]| CompressedRistretto(*bytes).decompress();
    rest.is_empty().then_some([point(first)?, point(second)?, point(third)?])
}
