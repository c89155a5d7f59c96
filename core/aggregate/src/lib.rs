//! Private sums: who asks what, what each node gives, and how three heavy nodes agree on the total.
//!
//! A [`Proposal`] is a signed document that names a field, a range, a deadline and three heavy nodes. A
//! light node maps its own records to a small vector ([`contribution()`]), splits it into three shares that
//! are each uniformly random ([`additive64`]), and seals each to one heavy node ([`report`]). A heavy
//! node runs one [`Tally`] per computation: it gathers reports until the deadline by its own clock, then
//! the three agree on the reports that all of them hold, commit to that set, and only then release
//! sums of shares. The total, or the reason why there is none, is a signed [`outcome`] document.
//!
//! ```text
//! proposed → open → closed → committed → signed → done
//!     └────────┴───────┴──────────┘ → refused, with the reason
//! ```
//!
//! # How to drive it
//! A [`Tally`] holds no connection: its owner feeds it reports and what the other two heavy nodes
//! published ([`Tally::learn`]), calls [`Tally::advance`] after every change and at
//! [`Tally::poll_timeout`], persists what it returns, and reports back that it is durable
//! ([`Tally::persisted`]). Only what is durable is ever shown to a peer ([`Tally::publish`]).
//!
//! # Bounds
//! A tally holds at most `participants_max` (≤ [`proposal::PARTICIPANTS_MAX`]) reports of fixed size and
//! as many ids from each of two peers. Messages have at most [`net::Protocol`]'s bytes; ids
//! travel in parts of [`message::IDS_PER_PART`].
//!
//! # Provided / Not provided
//! Provided, while at most two of the three heavy nodes collude: nobody learns anything about a
//! contribution but what the total says; the total covers one set of reports, of at least the
//! threshold. Not provided: privacy when all three collude; a check that a contribution is true or even
//! in range; a result when a heavy node stops (a signed refusal instead); fairness (a heavy node that
//! withholds its own sum can learn the total while the others refuse); detection of a heavy node that
//! lies about its sum; noise (the exact total is published, so who knows all other contributions knows
//! the last).
//!
//! Follows the vocabulary of draft-irtf-cfrg-vdaf (shard, aggregate, unshard), and RFC 9180 for sealing.
#![no_std]

extern crate alloc;

pub mod additive64;
pub mod contribution;
pub mod fixed;
pub mod message;
pub mod outcome;
pub mod proposal;
pub mod report;
pub mod tally;
#[cfg(test)]
mod tests;

pub use contribution::contribution;
pub use outcome::{Outcome, Refusal, RefusalReason, Verified};
pub use proposal::{Draft, HeavyKey, Proposal, ProposalError, Scheme};
pub use report::{Nonce, Report, ReportId};
pub use tally::{Persist, STORE_PREFIX, Stage, Tally};
