//! Bytes that mean the same on every machine: wire encoding, frames, content ids, instants.
//!
//! Everything a peer sends and everything a store keeps passes through [`encode`] and [`decode`]:
//! borsh, whose encoding of a value is unique, read under a size limit that belongs to the *type*
//! ([`Wire::BYTES_MAX`]) and never to the sender. A value either decodes whole, to its last byte, or is
//! refused with the reason.
//!
//! ```
//! use codec::{decode, encode, ContentId, DecodeError, Wire};
//!
//! #[derive(borsh::BorshSerialize, borsh::BorshDeserialize, PartialEq, Debug)]
//! struct Greeting { to: String }
//! impl Wire for Greeting { const BYTES_MAX: usize = 64; }
//!
//! let bytes = encode(&Greeting { to: "ada".into() });
//! assert_eq!(decode::<Greeting>(&bytes), Ok(Greeting { to: "ada".into() }));
//! assert!(matches!(decode::<Greeting>(&[0; 65]), Err(DecodeError::TooLong { .. })));
//! assert!(ContentId::of(&bytes).to_string().starts_with("bafkrei"));
//! ```
//!
//! # Bounds
//! [`decode`] looks at no input longer than the type's limit, and borsh allocates no more than the
//! input it has really read. [`frame::Reader`] holds at most one frame of its stated size.
//!
//! # Provided / Not provided
//! Canonical, bounded, versionless bytes. Not provided: schema evolution (a protocol's version is in
//! its name, `/formix/<rib>/<n>`, and a store's in its header) and self-description.
//!
//! Follows: borsh 1.0; multiformats unsigned-varint; CIDv1 with the raw codec and sha2-256; RFC 3339.
#![no_std]

extern crate alloc;

mod content;
pub mod frame;
mod instant;
mod wire;

pub use content::{ContentId, ContentIdError};
pub use instant::{Instant, InstantError};
pub use wire::{DecodeError, Wire, decode, encode};

#[cfg(test)]
mod tests;
