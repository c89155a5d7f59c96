//! Aggregation schemes: shares of a vector that say nothing alone and add up to the sum.
//!
//! A light node *shards* its measurement into three input shares, one for each heavy node. Each heavy node *verifies* the
//! share that it got, where the scheme can, adds up its shares over an agreed set of reports (*accumulate*) and publishes
//! that one sum. The three sums together give the totals (*unshard*), and nothing else about any measurement. The three
//! [`Scheme`]s differ in what they withstand; an [`Instance`] makes them look the same.
//!
//! | | bytes of a report | learns nothing | lost | measurement out of range | lying heavy node |
//! |---|---|---|---|---|---|
//! | `additive64` | 24 a number | any 2 | – | unnoticed | unnoticed |
//! | `rep64` | 192 per 252 bits of totals, + 288 | any 1 | any 1 | unnoticed | named |
//! | `prio3` | about 16 a bit | any 2 | – | refused | unnoticed |
//!
//! Totals that no honest participants could reach are refused in every scheme, so what is unnoticed is what stays in range.
//!
//! # How to drive it
//! No machine, no clock: functions. Randomness comes from the caller's generator.
//!
//! ```
//! use rand_chacha::ChaCha20Rng;
//! use rand_chacha::rand_core::SeedableRng as _;
//! use vdaf::{Instance, Scheme, Shape};
//!
//! let mut rng = ChaCha20Rng::from_seed([7; 32]);
//! let shape = Shape { length: 2, bits: 16, one_hot: false };
//! let instance = Instance::new(Scheme::Prio3, shape, 100).unwrap();
//! let (key, context) = ([9; 32], b"computation 1");
//! let mut sums = [0, 1, 2].map(|role| instance.empty(role).unwrap());
//! for (number, measurement) in [[1, 20], [3, 40]].into_iter().enumerate() {
//!     let nonce = [number as u8; 16];
//!     // A light node:
//!     let report = instance.shard(context, &nonce, &measurement, &mut rng).unwrap();
//!     // Each heavy node:
//!     let verified = [0, 1, 2].map(|role| {
//!         instance.verify_init(&key, context, role, &nonce, &report.public, &report.inputs[role]).unwrap()
//!     });
//!     let shares = [0, 1, 2].map(|role| verified[role].1.as_deref().unwrap());
//!     let message = instance.verifier_merge(context, shares).unwrap();
//!     for (sum, (state, _)) in sums.iter_mut().zip(verified) {
//!         sum.accumulate(&instance.verify_next(context, state, &message).unwrap()).unwrap();
//!     }
//! }
//! // Anybody:
//! let [first, second, third] = &sums;
//! assert_eq!(instance.unshard([Some(first), Some(second), Some(third)], 2), Ok(vec![4, 60]));
//! ```
//!
//! `additive64` and `rep64` have no verifier shares: after [`Instance::verify_init`] comes [`Instance::verify_next`] with an
//! empty message. A heavy node that has many `rep64` reports calls [`Instance::verify_batch`] in between. Where two `rep64`
//! aggregates contradict each other, [`Instance::check_aggregate`] says who lied: add the public shares of the agreed reports to
//! a [`Commitments`], then ask about each aggregate, and unshard without the liar's.
//!
//! # Bounds
//! Every encoding has one length, given by the instance ([`Instance::public_len`] and its like); anything else is refused
//! before it is read. [`LENGTH_MAX`], [`REP64_SCALARS_MAX`] and [`PRIO3_BITS_MAX`] bound a measurement, [`PARTICIPANTS_MAX`] an
//! aggregate, [`CONTEXT_BYTES_MAX`] a context. An aggregate's size does not depend on the number of reports.
//!
//! # Provided / Not provided
//! Provided, per scheme: [`Scheme::protects`]. Where the curve or the field is used on secrets, in constant time.
//! `additive64` and the components and commitments of `rep64` hide perfectly; `prio3` hides computationally. That a lying
//! `rep64` heavy node is named rests on discrete logarithms in ristretto255.
//! Not provided, per scheme: [`Scheme::not_protected`]. In all of them: that a contribution is true; noise (who knows all other
//! contributions knows the last); that one light node sends one report; freshness of nonces, which are the caller's to keep;
//! confidentiality in transit, for which input shares are sealed; wiping secrets from memory.
//!
//! Follows draft-irtf-cfrg-vdaf-18 in vocabulary and, for `prio3`, byte for byte (Prio3Histogram and Prio3SumVec with three
//! shares, XofTurboShake128, chunks as long as the crate `prio` makes them); RFC 9496 for ristretto255.

#![no_std]

extern crate alloc;

mod additive64;
mod aggregate;
mod error;
mod field;
mod instance;
mod prio3;
mod rep64;
mod scheme;
#[cfg(test)]
mod tests;

pub use aggregate::{Aggregate, Output};
pub use error::{AggregateError, InstanceError, ShardError, UnshardError, VerifyError};
pub use instance::{
    CONTEXT_BYTES_MAX, Instance, LENGTH_MAX, NONCE_BYTES, PARTICIPANTS_MAX, PRIO3_BITS_MAX,
    REP64_SCALARS_MAX, SHARES, Sharded, State, VERIFY_KEY_BYTES, Verdict,
};
pub use rep64::Commitments;
pub use scheme::{Scheme, Shape};
