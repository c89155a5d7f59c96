//! One scheme with its parameters: the operations of a VDAF, the same for every scheme.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use crate::aggregate::{Numbers, Sums};
use crate::field::Field128;
use crate::{
    Aggregate, AggregateError, Commitments, InstanceError, Output, Scheme, Shape, ShardError, UnshardError,
    VerifyError, additive64, prio3, rep64,
};

/// Number of heavy nodes, and of input shares.
pub const SHARES: usize = 3;
/// Bytes of a verify key.
pub const VERIFY_KEY_BYTES: usize = prio3::SEED_BYTES;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = prio3::NONCE_BYTES;
/// Most bytes of an application context.
pub const CONTEXT_BYTES_MAX: usize = 1024;
/// Most participants of an instance.
pub const PARTICIPANTS_MAX: u32 = 1 << 20;
/// Most numbers of a measurement.
pub const LENGTH_MAX: u32 = 1 << 16;
/// Most scalars of a `rep64` measurement: each holds 252 bits of totals, and costs multiplications on a curve.
pub const REP64_SCALARS_MAX: u32 = rep64::SCALARS_MAX as u32;
/// Most bits of a `prio3` measurement, `length * bits`: each is a field element of 16 bytes.
pub const PRIO3_BITS_MAX: u32 = 1 << 18;

/// A scheme, a shape and a number of participants: everything that the operations need to know.
pub struct Instance {
    scheme: Scheme,
    shape: Shape,
    participants_max: u32,
    engine: Engine,
}

enum Engine {
    Additive64,
    Rep64(rep64::Generators),
    Prio3(Box<prio3::Engine>),
}

/// One measurement, split.
#[derive(Clone, PartialEq, Eq)]
pub struct Sharded {
    /// What every heavy node gets, and what may be public.
    pub public: Vec<u8>,
    /// What one heavy node alone gets, by role.
    pub inputs: [Vec<u8>; SHARES],
}

impl fmt::Debug for Sharded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharded").field("public", &self.public.len()).finish_non_exhaustive()
    }
}

/// What a heavy node keeps of a report between [`Instance::verify_init`] and [`Instance::verify_next`].
pub struct State {
    role: usize,
    kept: Kept,
}

enum Kept {
    Additive64(Vec<u64>),
    Rep64(Box<rep64::State>),
    Prio3(prio3::State),
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("role", &self.role).finish_non_exhaustive()
    }
}

/// Whether one component of a heavy node's sums opens the commitments of the reports that it claims to cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Which of the three components.
    pub component: usize,
    /// Whether it opens. Where not, the heavy node that signed these sums lied.
    pub opens: bool,
}

impl Instance {
    /// The instance for measurements of `shape` by at most `participants_max` light nodes.
    ///
    /// # Errors
    /// Where a parameter is out of bounds, or where honest participants could make a total wrap: above 2^63 - 1 with
    /// `additive64` and `rep64`, above 2^64 - 1 with `prio3`.
    pub fn new(scheme: Scheme, shape: Shape, participants_max: u32) -> Result<Self, InstanceError> {
        let Shape { length, bits, one_hot } = shape;
        let (bits_max, fits) = match scheme {
            Scheme::Additive64 | Scheme::Rep64 => (63, i64::MAX as u64),
            Scheme::Prio3 => (64, u64::MAX),
        };
        if bits == 0 || bits > bits_max {
            return Err(InstanceError::Bits { bits, max: bits_max });
        }
        if one_hot && bits != 1 {
            return Err(InstanceError::OneHot { bits });
        }
        if participants_max == 0 || participants_max > PARTICIPANTS_MAX {
            return Err(InstanceError::Participants {
                participants: participants_max,
                max: PARTICIPANTS_MAX,
            });
        }
        let total_max = u128::from(shape.value_max()) * u128::from(participants_max);
        let could_wrap = InstanceError::CouldWrap { total_max, fits };
        let total_max = u64::try_from(total_max).ok().filter(|total| *total <= fits).ok_or(could_wrap)?;
        let packing = rep64::Packing::new(length as usize, total_max);
        let length_max = match scheme {
            Scheme::Additive64 => LENGTH_MAX,
            Scheme::Rep64 => LENGTH_MAX.min(REP64_SCALARS_MAX * packing.slots() as u32),
            Scheme::Prio3 => LENGTH_MAX.min(PRIO3_BITS_MAX / u32::from(bits)),
        };
        let length_error = InstanceError::Length { length, max: length_max };
        if length == 0 || length > length_max {
            return Err(length_error);
        }
        let engine = match scheme {
            Scheme::Additive64 => Engine::Additive64,
            Scheme::Rep64 => Engine::Rep64(rep64::Generators::new(packing)),
            Scheme::Prio3 => Engine::Prio3(Box::new(prio3::Engine::new(shape).map_err(|_| length_error)?)),
        };
        Ok(Self { scheme, shape, participants_max, engine })
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The shape of a measurement.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Most reports of an aggregate.
    #[must_use]
    pub fn participants_max(&self) -> u32 {
        self.participants_max
    }

    /// Bytes of every public share.
    #[must_use]
    pub fn public_len(&self) -> usize {
        match &self.engine {
            Engine::Additive64 => 0,
            Engine::Rep64(_) => SHARES * rep64::ELEMENT_BYTES,
            Engine::Prio3(engine) => engine.public_len(),
        }
    }

    /// Bytes of every input share for `role`.
    #[must_use]
    pub fn input_len(&self, role: usize) -> usize {
        match &self.engine {
            Engine::Additive64 => 8 * self.length(),
            Engine::Rep64(generators) => generators.input_len(),
            Engine::Prio3(engine) => engine.input_len(role),
        }
    }

    /// Bytes of every verifier share; 0 where the scheme has none.
    #[must_use]
    pub fn verifier_share_len(&self) -> usize {
        match &self.engine {
            Engine::Additive64 | Engine::Rep64(_) => 0,
            Engine::Prio3(engine) => engine.verifier_share_len(),
        }
    }

    /// Bytes of every verifier message; 0 where the scheme has none.
    #[must_use]
    pub fn verifier_message_len(&self) -> usize {
        match &self.engine {
            Engine::Additive64 | Engine::Rep64(_) => 0,
            Engine::Prio3(engine) => engine.verifier_message_len(),
        }
    }

    /// Bytes of every encoded aggregate.
    #[must_use]
    pub fn aggregate_len(&self) -> usize {
        4 + match &self.engine {
            Engine::Additive64 => 8 * self.length(),
            Engine::Rep64(generators) => generators.input_len(),
            Engine::Prio3(_) => 16 * self.length(),
        }
    }

    /// Splits `measurement`. `context` says what the shares are for and `nonce` is the report's own: with `prio3` a share
    /// verifies under the same two only. All randomness comes from `rng`.
    ///
    /// # Errors
    /// Where the measurement does not fit the shape, or the context is too long.
    pub fn shard(
        &self,
        context: &[u8],
        nonce: &[u8; NONCE_BYTES],
        measurement: &[u64],
        rng: &mut impl CryptoRng,
    ) -> Result<Sharded, ShardError> {
        if context.len() > CONTEXT_BYTES_MAX {
            return Err(ShardError::ContextTooLong);
        }
        self.check(measurement)?;
        match &self.engine {
            Engine::Additive64 => {
                let inputs = additive64::shard(measurement, rng).map(|share| additive64::encode(&share));
                Ok(Sharded { public: Vec::new(), inputs })
            }
            Engine::Rep64(generators) => {
                let (public, inputs) = generators.shard(measurement, rng);
                Ok(Sharded { public, inputs })
            }
            Engine::Prio3(engine) => {
                // A measurement that fits the shape is one that the circuit encodes.
                let misfit = ShardError::Length { length: measurement.len(), expected: self.shape.length };
                let (public, inputs) = engine.shard(context, nonce, measurement, rng).map_err(|_| misfit)?;
                Ok(Sharded { public, inputs: inputs.try_into().map_err(|_| misfit)? })
            }
        }
    }

    /// First look at a report by the heavy node `role`, with what came for it. The second value is its verifier share, to be
    /// exchanged with the other two and merged by [`Instance::verifier_merge`]; where there is none, go on with
    /// [`Instance::verify_next`] and an empty message. The verify key is the heavy nodes' secret: no light node may know it.
    ///
    /// # Errors
    /// Where the shares are malformed, or the call does not fit the instance.
    pub fn verify_init(
        &self,
        verify_key: &[u8; VERIFY_KEY_BYTES],
        context: &[u8],
        role: usize,
        nonce: &[u8; NONCE_BYTES],
        public: &[u8],
        input: &[u8],
    ) -> Result<(State, Option<Vec<u8>>), VerifyError> {
        check_context(context)?;
        if role >= SHARES {
            return Err(VerifyError::Misused);
        }
        if public.len() != self.public_len() {
            return Err(VerifyError::PublicShare);
        }
        if input.len() != self.input_len(role) {
            return Err(VerifyError::InputShare);
        }
        let (kept, share) = match &self.engine {
            Engine::Additive64 => (Kept::Additive64(additive64::decode(input)), None),
            Engine::Rep64(generators) => {
                (Kept::Rep64(Box::new(generators.state(role, public, input)?)), None)
            }
            Engine::Prio3(engine) => {
                let (state, share) = engine.verify_init(verify_key, context, role, nonce, public, input)?;
                (Kept::Prio3(state), Some(share))
            }
        };
        Ok((State { role, kept }, share))
    }

    /// With `rep64`, checks at once that many reports open their commitments, which costs far less than one by one in
    /// [`Instance::verify_next`]; returns the indices of those that do not, in rising order. `rng` must not be foreseeable by
    /// whoever made the reports. With the other schemes there is nothing to check here.
    pub fn verify_batch(&self, states: &mut [State], rng: &mut impl CryptoRng) -> Vec<usize> {
        let Engine::Rep64(generators) = &self.engine else { return Vec::new() };
        let mut places = Vec::with_capacity(states.len());
        let mut group = Vec::with_capacity(states.len());
        let mut bad = Vec::new();
        for (place, state) in states.iter_mut().enumerate() {
            match &mut state.kept {
                Kept::Rep64(state) if state.len() == self.elements() => {
                    places.push(place);
                    group.push(&mut **state);
                }
                _ => bad.push(place),
            }
        }
        bad.extend(generators.open_batch(&mut group, rng).into_iter().map(|at| places[at]));
        bad.sort_unstable();
        bad
    }

    /// The verifier message of the three verifier shares of one report, in the order of roles.
    ///
    /// # Errors
    /// [`VerifyError::Proof`] where they say that the measurement is invalid; [`VerifyError::VerifierShare`] where one is
    /// malformed; [`VerifyError::Misused`] where the scheme has no verifier shares.
    pub fn verifier_merge(&self, context: &[u8], shares: [&[u8]; SHARES]) -> Result<Vec<u8>, VerifyError> {
        check_context(context)?;
        let Engine::Prio3(engine) = &self.engine else { return Err(VerifyError::Misused) };
        if let Some(role) = shares.iter().position(|share| share.len() != engine.verifier_share_len()) {
            return Err(VerifyError::VerifierShare { role });
        }
        engine.verifier_merge(context, &shares)
    }

    /// Last look at a report: what may be added up. `message` is that of [`Instance::verifier_merge`], or empty where the
    /// scheme has no verifier shares. A `rep64` report that [`Instance::verify_batch`] has not seen is checked here.
    ///
    /// # Errors
    /// Where the report is invalid, or the message malformed.
    pub fn verify_next(&self, context: &[u8], state: State, message: &[u8]) -> Result<Output, VerifyError> {
        check_context(context)?;
        if message.len() != self.verifier_message_len() {
            return Err(VerifyError::VerifierMessage);
        }
        let State { role, kept } = state;
        let numbers = match (&self.engine, kept) {
            (Engine::Additive64, Kept::Additive64(share)) if share.len() == self.elements() => {
                Numbers::Additive64(share)
            }
            (Engine::Rep64(generators), Kept::Rep64(state)) if state.len() == self.elements() => {
                Numbers::Rep64(generators.output(*state)?)
            }
            (Engine::Prio3(engine), Kept::Prio3(state)) => {
                Numbers::Prio3(engine.verify_next(state, message)?)
            }
            _ => return Err(VerifyError::Misused),
        };
        Ok(Output { role, numbers })
    }

    /// The aggregate of heavy node `role` over no report.
    ///
    /// # Errors
    /// [`AggregateError::Misused`] for a role above 2.
    pub fn empty(&self, role: usize) -> Result<Aggregate, AggregateError> {
        if role >= SHARES {
            return Err(AggregateError::Misused);
        }
        Ok(Aggregate::empty(self, role))
    }

    /// The aggregate of heavy node `role` that `bytes` encode.
    ///
    /// # Errors
    /// [`AggregateError::Malformed`] where they are none; [`AggregateError::Misused`] for a role above 2.
    pub fn decode_aggregate(&self, role: usize, bytes: &[u8]) -> Result<Aggregate, AggregateError> {
        if role >= SHARES {
            return Err(AggregateError::Misused);
        }
        Aggregate::decode(self, role, bytes)
    }

    /// The totals over `reports` reports, from the aggregates by role. `rep64` needs any two of them, the others all three.
    ///
    /// # Errors
    /// Where an aggregate is missing, covers another number of reports, contradicts another, or where the totals cannot
    /// be those of honest participants.
    pub fn unshard(
        &self,
        aggregates: [Option<&Aggregate>; SHARES],
        reports: u32,
    ) -> Result<Vec<u64>, UnshardError> {
        for (role, aggregate) in aggregates.iter().enumerate() {
            let Some(aggregate) = aggregate else { continue };
            if !aggregate.fits(self) || aggregate.role() != role {
                return Err(UnshardError::Misused);
            }
            if aggregate.reports() != reports {
                return Err(UnshardError::Count { role, count: aggregate.reports() });
            }
        }
        let totals: Vec<u128> = if let Engine::Rep64(generators) = &self.engine {
            let sum = unshard_rep64(aggregates, self.elements())?;
            let totals = sum.unpack(generators.packing());
            let totals = totals.map_err(|component| UnshardError::OutOfRange { component })?;
            totals.into_iter().map(u128::from).collect()
        } else {
            let mut sum = Aggregate::empty(self, 0).sums().clone();
            for (role, aggregate) in aggregates.into_iter().enumerate() {
                let aggregate = aggregate.ok_or(UnshardError::Missing { role })?;
                match (&mut sum, aggregate.sums()) {
                    (Sums::Additive64(sum), Sums::Additive64(share)) => additive64::accumulate(sum, share),
                    (Sums::Prio3(sum), Sums::Prio3(share)) => prio3::accumulate(sum, share),
                    _ => return Err(UnshardError::Misused),
                }
            }
            match sum {
                Sums::Additive64(sum) => sum.into_iter().map(u128::from).collect(),
                Sums::Prio3(sum) => sum.into_iter().map(Field128::integer).collect(),
                Sums::Rep64(_) => return Err(UnshardError::Misused),
            }
        };
        self.check_totals(&totals, reports)
    }

    /// Whether a heavy node's `rep64` sums are those of the reports in `commitments`. Anybody can check: it takes the public
    /// shares of the reports and the sums that the heavy node signed.
    ///
    /// # Errors
    /// [`AggregateError::Misused`] where the instance is not `rep64`, or the aggregate is of another one.
    pub fn check_aggregate(
        &self,
        commitments: &Commitments,
        aggregate: &Aggregate,
    ) -> Result<[Verdict; 2], AggregateError> {
        let (Engine::Rep64(generators), Sums::Rep64(sums)) = (&self.engine, aggregate.sums()) else {
            return Err(AggregateError::Misused);
        };
        if !aggregate.fits(self) {
            return Err(AggregateError::Misused);
        }
        let same_reports = commitments.reports() == aggregate.reports();
        let opens = generators.check(commitments.of(aggregate.role()), sums);
        Ok(core::array::from_fn(|at| Verdict {
            component: (aggregate.role() + at) % SHARES,
            opens: same_reports && opens[at],
        }))
    }

    fn length(&self) -> usize {
        self.shape.length as usize
    }

    /// Elements of what a heavy node adds up: of a component where there are two.
    pub(crate) fn elements(&self) -> usize {
        match &self.engine {
            Engine::Additive64 | Engine::Prio3(_) => self.length(),
            Engine::Rep64(generators) => generators.packing().scalars(),
        }
    }

    /// The sums that `bytes`, of the right number, encode.
    pub(crate) fn decode_sums(&self, bytes: &[u8]) -> Option<Sums> {
        match &self.engine {
            Engine::Additive64 => Some(Sums::Additive64(additive64::decode(bytes))),
            Engine::Rep64(generators) => generators.decode(bytes).map(Sums::Rep64),
            Engine::Prio3(_) => prio3::decode(bytes).map(Sums::Prio3),
        }
    }

    fn check(&self, measurement: &[u64]) -> Result<(), ShardError> {
        let expected = self.shape.length;
        if measurement.len() != expected as usize {
            return Err(ShardError::Length { length: measurement.len(), expected });
        }
        let max = self.shape.value_max();
        if let Some((component, _)) = (0u32..).zip(measurement).find(|(_, value)| **value > max) {
            return Err(ShardError::OutOfRange { component, max });
        }
        if self.shape.one_hot && measurement.iter().sum::<u64>() != 1 {
            return Err(ShardError::NotOneHot);
        }
        Ok(())
    }

    fn check_totals(&self, totals: &[u128], reports: u32) -> Result<Vec<u64>, UnshardError> {
        let max = u128::from(self.shape.value_max()) * u128::from(reports);
        if let Some((component, _)) = (0u32..).zip(totals).find(|(_, total)| **total > max) {
            return Err(UnshardError::OutOfRange { component });
        }
        if self.shape.one_hot && totals.iter().sum::<u128>() != u128::from(reports) {
            return Err(UnshardError::NotOneHot);
        }
        // `max` fits, as the instance does not take more participants than that.
        Ok(totals.iter().map(|total| *total as u64).collect())
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("scheme", &self.scheme)
            .field("shape", &self.shape)
            .field("participants_max", &self.participants_max)
            .finish_non_exhaustive()
    }
}

fn check_context(context: &[u8]) -> Result<(), VerifyError> {
    if context.len() > CONTEXT_BYTES_MAX { Err(VerifyError::ContextTooLong) } else { Ok(()) }
}

/// The sum of all components, each from either of its holders, where both agree if both are there.
fn unshard_rep64(
    aggregates: [Option<&Aggregate>; SHARES],
    scalars: usize,
) -> Result<rep64::Opening, UnshardError> {
    let held = |role: usize, place: usize| match aggregates[role].map(Aggregate::sums) {
        Some(Sums::Rep64(sums)) => Some(&sums[place]),
        _ => None,
    };
    let mut total = rep64::Opening::zero(scalars);
    for component in 0..SHARES {
        let before = (component + SHARES - 1) % SHARES;
        match (held(component, 0), held(before, 1)) {
            (Some(own), Some(other)) if own != other => return Err(UnshardError::Conflict { component }),
            (Some(opening), _) | (None, Some(opening)) => total.add(opening),
            (None, None) => return Err(UnshardError::Missing { role: component }),
        }
    }
    Ok(total)
}
