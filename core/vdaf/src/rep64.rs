//! Replicated secret sharing modulo 2^64, two of three, committed.
//!
//! A vector splits into three components that add up to it modulo 2^64; heavy node `i` holds components `i` and `i + 1`
//! (modulo 3). So each component is known to two, any two heavy nodes know all three, and one alone knows two uniformly
//! random vectors.
//!
//! The report publishes a Pedersen vector commitment to each component, `C = r·H + Σ m_k·G_k`, which hides it perfectly and
//! which nobody can open in two ways. Commitments add: the sum of those of a set of reports opens with the sums of the
//! components *as integers* and the sum of the blindings, so a heavy node that states anything else is caught by whoever has
//! the public shares. [`SLOTS`] numbers share one generator, each in [`SLOT_BITS`] bits, room for the sum of 2^20 numbers of
//! 64 bits: `m = x_0 + x_1·2^84 + x_2·2^168` stays below the group's order.

use core::fmt;

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{
    Identity as _, IsIdentity as _, MultiscalarMul as _, VartimeMultiscalarMul as _,
};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha512};

use crate::{PARTICIPANTS_MAX, SHARES, VerifyError, additive64};

#[cfg(test)]
mod tests;

/// Bytes of a compressed point, and of a scalar.
pub(crate) const ELEMENT_BYTES: usize = 32;
/// Numbers that share a generator.
const SLOTS: usize = 3;
/// Bits of each.
const SLOT_BITS: u32 = 84;
// The sum of as many numbers of 64 bits as there may be participants stays in its slot, and three slots below the group's
// order, which is above 2^252.
const _: () = assert!((PARTICIPANTS_MAX as u128) << 64 <= 1 << SLOT_BITS && SLOTS as u32 * SLOT_BITS <= 252);
/// What the generators are hashed from, with their number.
const LABEL: &[u8] = b"formix rep64 generator v1";

/// The points to which components are committed. `H` is the group's base point; each `G_k` comes from a hash, so that
/// nobody knows how they are related.
pub(crate) struct Generators {
    blind: RistrettoPoint,
    values: Vec<RistrettoPoint>,
}

impl Generators {
    /// The generators for vectors of `length` numbers.
    pub(crate) fn new(length: usize) -> Self {
        let values = (0..length.div_ceil(SLOTS) as u64).map(|number| {
            let digest = Sha512::new().chain_update(LABEL).chain_update(number.to_le_bytes()).finalize();
            RistrettoPoint::from_uniform_bytes(&digest.into())
        });
        Self { blind: RISTRETTO_BASEPOINT_POINT, values: values.collect() }
    }

    /// Splits `vector`: the public share, and the input share of each role.
    pub(crate) fn shard(&self, vector: &[u64], rng: &mut impl CryptoRng) -> (Vec<u8>, [Vec<u8>; SHARES]) {
        let components = additive64::shard(vector, rng);
        let blindings: [Scalar; SHARES] = core::array::from_fn(|_| scalar(rng));
        self.split(&components, &blindings)
    }

    /// The shares of these components under these blindings.
    fn split(
        &self,
        components: &[Vec<u64>; SHARES],
        blindings: &[Scalar; SHARES],
    ) -> (Vec<u8>, [Vec<u8>; SHARES]) {
        let commitments = components.iter().zip(blindings).flat_map(|(component, blinding)| {
            let scalars = pack(component).chain([*blinding]).collect::<Vec<_>>();
            let point = RistrettoPoint::multiscalar_mul(scalars, self.points());
            point.compress().to_bytes()
        });
        let inputs = core::array::from_fn(|role| {
            let next = (role + 1) % SHARES;
            let mut bytes = additive64::encode(&components[role]);
            bytes.extend(additive64::encode(&components[next]));
            bytes.extend(blindings[role].to_bytes());
            bytes.extend(blindings[next].to_bytes());
            bytes
        });
        (commitments.collect(), inputs)
    }

    /// In the order of [`pack`], the blinding's last.
    fn points(&self) -> impl Iterator<Item = &RistrettoPoint> {
        self.values.iter().chain([&self.blind])
    }

    /// Whether `numbers` and `blinding` open `commitment`.
    fn opens<T: Into<u128> + Copy>(
        &self,
        commitment: &RistrettoPoint,
        numbers: &[T],
        blinding: &Scalar,
    ) -> bool {
        let scalars = pack(numbers).chain([*blinding]);
        RistrettoPoint::vartime_multiscalar_mul(scalars, self.points()) == *commitment
    }

    /// Whether all of `states` open their commitments, but for a chance of 2^-128 that they do not.
    fn all_open(&self, states: &[&State], rng: &mut impl CryptoRng) -> bool {
        let mut blinding = Scalar::ZERO;
        let mut values = vec![Scalar::ZERO; self.values.len()];
        let mut weights = Vec::with_capacity(states.len() * 2);
        for held in states.iter().flat_map(|state| &state.held) {
            let mut bytes = [0; 16];
            rng.fill_bytes(&mut bytes);
            let weight = Scalar::from(u128::from_le_bytes(bytes));
            blinding += weight * held.blinding;
            for (value, packed) in values.iter_mut().zip(pack(&held.numbers)) {
                *value += weight * packed;
            }
            weights.push(-weight);
        }
        let commitments = states.iter().flat_map(|state| &state.held).map(|held| &held.commitment);
        let scalars = values.iter().chain([&blinding]).chain(&weights);
        RistrettoPoint::vartime_multiscalar_mul(scalars, self.points().chain(commitments)).is_identity()
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

    /// The numbers that a state holds, where they open their commitments.
    pub(crate) fn output(&self, state: State) -> Result<Output, VerifyError> {
        for (offset, held) in state.held.iter().enumerate() {
            if !state.opened && !self.opens(&held.commitment, &held.numbers, &held.blinding) {
                return Err(VerifyError::Commitment { component: (state.role + offset) % SHARES });
            }
        }
        let [first, second] = state.held;
        Ok(Output { numbers: [first.numbers, second.numbers], blindings: [first.blinding, second.blinding] })
    }

    /// For each of the two components of `sums`, whether it opens the sum of commitments at its place.
    pub(crate) fn check(&self, commitments: [&RistrettoPoint; 2], sums: &Sums) -> [bool; 2] {
        core::array::from_fn(|at| self.opens(commitments[at], &sums.numbers[at], &sums.blindings[at]))
    }
}

/// One component, as its holder got it.
struct Held {
    numbers: Vec<u64>,
    blinding: Scalar,
    commitment: RistrettoPoint,
}

/// One report at one heavy node, before it is known to open its commitments.
pub(crate) struct State {
    role: usize,
    held: [Held; 2],
    opened: bool,
}

impl State {
    /// Numbers of one component.
    pub(crate) fn length(&self) -> usize {
        self.held[0].numbers.len()
    }

    /// Reads what came for `role`. Lengths are checked by the caller.
    pub(crate) fn decode(role: usize, public: &[u8], input: &[u8]) -> Result<Self, VerifyError> {
        // All three points, though two are used: whether a public share is one must not depend on the role.
        let points = decode_points(public).ok_or(VerifyError::PublicShare)?;
        let numbers_len = (input.len().saturating_sub(2 * ELEMENT_BYTES)) / 2;
        let (numbers, blindings) = input.split_at(2 * numbers_len);
        let [first, second] = decode_scalars(blindings).ok_or(VerifyError::InputShare)?;
        let (this, next) = numbers.split_at(numbers_len);
        let held = [
            Held { numbers: additive64::decode(this), blinding: first, commitment: points[role % SHARES] },
            Held {
                numbers: additive64::decode(next),
                blinding: second,
                commitment: points[(role + 1) % SHARES],
            },
        ];
        Ok(Self { role, held, opened: false })
    }
}

/// The two components of one report that one heavy node holds.
pub(crate) struct Output {
    numbers: [Vec<u64>; 2],
    blindings: [Scalar; 2],
}

impl Output {
    /// Numbers of one component.
    pub(crate) fn length(&self) -> usize {
        self.numbers[0].len()
    }
}

/// The sums of two components over many reports, as integers, with the sums of their blindings.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    numbers: [Vec<u128>; 2],
    blindings: [Scalar; 2],
}

impl Sums {
    /// No report.
    pub(crate) fn empty(length: usize) -> Self {
        Self { numbers: [vec![0; length], vec![0; length]], blindings: [Scalar::ZERO; 2] }
    }

    /// Numbers of one component.
    pub(crate) fn length(&self) -> usize {
        self.numbers[0].len()
    }

    /// Adds one report. With at most [`PARTICIPANTS_MAX`] reports each number stays in its slot.
    pub(crate) fn accumulate(&mut self, output: &Output) {
        for (sums, numbers) in self.numbers.iter_mut().zip(&output.numbers) {
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += u128::from(*number);
            }
        }
        for (sum, blinding) in self.blindings.iter_mut().zip(&output.blindings) {
            *sum += blinding;
        }
    }

    /// The sums at `place` 0 (the role's own component) or 1 (the next one's).
    pub(crate) fn place(&self, place: usize) -> (&[u128], &Scalar) {
        (&self.numbers[place], &self.blindings[place])
    }

    /// 16 bytes a number, then the blindings.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.numbers.iter().flatten().flat_map(|number| number.to_le_bytes()));
        bytes.extend(self.blindings.iter().flat_map(Scalar::to_bytes));
    }

    /// What `bytes` encode, `length` numbers a component; `None` where a number is larger than `reports` numbers of 64 bits
    /// add up to. The length of `bytes` is checked by the caller.
    pub(crate) fn decode(bytes: &[u8], length: usize, reports: u32) -> Option<Self> {
        let most = u128::from(reports) * u128::from(u64::MAX);
        let (numbers, blindings) = bytes.split_at_checked(32 * length)?;
        let numbers: Vec<u128> =
            numbers.as_chunks::<16>().0.iter().map(|chunk| u128::from_le_bytes(*chunk)).collect();
        if numbers.iter().any(|number| *number > most) {
            return None;
        }
        let (this, next) = numbers.split_at(length);
        Some(Self { numbers: [this.to_vec(), next.to_vec()], blindings: decode_scalars(blindings)? })
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
fn scalar(rng: &mut impl CryptoRng) -> Scalar {
    let mut bytes = [0; 64];
    rng.fill_bytes(&mut bytes);
    Scalar::from_bytes_mod_order_wide(&bytes)
}

/// `numbers`, each of at most [`SLOT_BITS`] bits, as the scalars of the generators.
fn pack<T: Into<u128> + Copy>(numbers: &[T]) -> impl Iterator<Item = Scalar> {
    numbers.chunks(SLOTS).map(|slots| {
        let slot = |at: usize| slots.get(at).map_or(0, |number| (*number).into());
        let (first, second, third) = (slot(0), slot(1) << (SLOT_BITS - 64), slot(2) << (2 * SLOT_BITS - 128));
        let limbs = [
            first as u64,
            (first >> 64) as u64 + second as u64,
            (second >> 64) as u64 + third as u64,
            (third >> 64) as u64,
        ];
        let mut bytes = [0; ELEMENT_BYTES];
        for (bytes, limb) in bytes.chunks_mut(8).zip(limbs) {
            bytes.copy_from_slice(&limb.to_le_bytes());
        }
        Scalar::from_bytes_mod_order(bytes)
    })
}

fn decode_points(bytes: &[u8]) -> Option<[RistrettoPoint; SHARES]> {
    let (chunks, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
    let [first, second, third] = chunks else { return None };
    let point = |bytes: &[u8; ELEMENT_BYTES]| CompressedRistretto(*bytes).decompress();
    rest.is_empty().then_some([point(first)?, point(second)?, point(third)?])
}

fn decode_scalars(bytes: &[u8]) -> Option<[Scalar; 2]> {
    let (chunks, rest) = bytes.as_chunks::<ELEMENT_BYTES>();
    let [first, second] = chunks else { return None };
    let scalar = |bytes: &[u8; ELEMENT_BYTES]| Scalar::from_canonical_bytes(*bytes).into_option();
    rest.is_empty().then_some([scalar(first)?, scalar(second)?])
}
