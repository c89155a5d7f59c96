//! Private map-reduce: who asks what, what each node gives, and how three heavy nodes agree on the totals.
//!
//! A [`Proposal`] is a signed document with a record schema, a query, a scheme, a deadline and three heavy nodes. A
//! light node measures its own records ([`Proposal::plan`]), splits the measurement into three shares ([`Proposal::instance`]) and
//! seals each to one heavy node ([`report`]). A heavy node runs one [`Tally`] per computation: it gathers
//! reports until the deadline by its own clock, then the three agree on the reports that all of them
//! hold, check them as the scheme can, commit to the valid ones, and only then release sums of shares. The answer, or the reason
//! why there is none, is a signed [`outcome`] document; that a heavy node lied is signed [`evidence`].
//!
//! ```text
//! proposed → open → closed → verifying → committed → signed → done
//!     └────────┴───────┴─────────┴───────────┘ → refused, with the reason
//! ```
//!
//! # Schemes
//! `additive64` needs all three heavy nodes at every step. `prio3` too, and between closing and committing they exchange a
//! verifier share for each report, under a key to which each contributed and which no light node could know: invalid
//! reports are left out by all alike. `rep64` goes on with two: a third of the grace period after the deadline, two heavy nodes
//! that lack the third's ids settle on a cohort of two; two thirds after it, they no longer wait for its commitment, its sum or its signature.
//! Before either, a node has itself asked the third for a sixth of the grace period. One that was left behind takes the result when it comes
//! back, and signs no other. One that has committed to anything else is never done without: then there is no result.
//!
//! # How to drive it
//! A [`Tally`] holds no connection: its owner feeds it reports and what the other two heavy nodes
//! published ([`Tally::learn`]), calls [`Tally::advance`] after every change and at
//! [`Tally::poll_timeout`], persists what it returns, and reports back that it is durable
//! ([`Tally::persisted`]). Only what is durable is ever shown to a peer ([`Tally::publish`]). Shares lie in the owner's store:
//! [`Tally::load`] names those that the next steps need, and [`Tally::loaded`] takes them. Checking many reports is done in
//! slices: `poll_timeout` then asks for the next call at once. What the owner has released before is in [`differencing::Past`].
//! What an end leaves in the store is in [`Tally::take_leftovers`], to be deleted piece by piece.
//!
//! # Bounds
//! A tally takes at most `participants_max` (≤ [`proposal::PARTICIPANTS_MAX`]) reports of one size; their shares are at most
//! [`proposal::KEPT_BYTES_MAX`] in the store. In memory it keeps of each report whose it is and where its share lies, and as many ids from each of two
//! peers: less than 400 bytes a report. Besides there are shares on their way to the store, some megabytes of those read from it, and verifier
//! shares and states for a window of two messages. Until the end the store also remembers as many light nodes that took a report back.
//! After it, shares and withdrawals are deleted in pieces of at most [`tally::PIECE_ENTRIES`] entries and [`tally::PIECE_BYTES`]; which
//! are left takes 8 bytes a report in memory, and 32 a withdrawal.
//! Messages have at most [`net::Protocol`]'s bytes; ids travel in parts of [`message::IDS_PER_PART`], verifier shares in parts
//! of [`message::VERIFIERS_BYTES_PER_PART`].
//!
//! # Provided / Not provided
//! Provided, against as many heavy nodes as [`vdaf::Scheme::colluders_max`] says: nobody learns anything about a
//! contribution but what the totals say; the totals cover one set of reports, of at least the
//! threshold; and that set is the one of an earlier computation about the same fields, or differs from it by three people or
//! more. What else a scheme provides, [`vdaf::Scheme::protects`] says, and [`vdaf::Scheme::not_protected`] what not.
//! With `rep64` a heavy node that lies about its sums is named, by evidence that anyone can check.
//! Not provided: a check that a contribution is true; fairness (a heavy node that
//! withholds its own sum can learn the totals while the others refuse); noise (the exact totals are published, so who knows all other
//! contributions knows the last); with `rep64`, one released set where a heavy node lies while the network keeps the
//! other two from each other for a sixth of the grace period or longer; and a result where a heavy node tells the other two different things.
//!
//! Follows the vocabulary of draft-irtf-cfrg-vdaf (shard, verify, aggregate, unshard), and RFC 9180 for sealing.
#![no_std]

extern crate alloc;

pub mod cancel;
pub mod differencing;
pub mod evidence;
pub mod message;
pub mod outcome;
pub mod proposal;
pub mod report;
pub mod tally;
#[cfg(test)]
mod tests;

pub use outcome::{Outcome, Refusal, RefusalReason, Verified};
pub use proposal::{Draft, HEAVY, HeavyKey, JsonObject, Proposal, ProposalError};
pub use report::{Nonce, Received, Report, ReportId};
pub use tally::{Leftovers, Persist, SHARES_PREFIX, STORE_PREFIX, Stage, Tally};
pub use vdaf::Scheme;
