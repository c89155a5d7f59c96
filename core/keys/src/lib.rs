//! Who said it, and who may read it: identities, signatures, envelopes, sealing.
//!
//! An [`Identity`] is one Ed25519 key, and its public half, [`NodeId`], *is* the node's libp2p peer id:
//! the peer that a transport has authenticated and the signer of a document are compared byte for byte.
//! What stays inside the network is signed under a [`Domain`], so that a signature made for one purpose
//! never serves another. What leaves it travels in a DSSE [`Envelope`], which any language verifies
//! without canonicalising JSON. What one node alone may read is sealed to its [`SealPublic`] with HPKE.
//!
//! ```
//! use keys::{Domain, Identity};
//!
//! let ada = Identity::from_seed([1; 32]);
//! let signature = ada.sign(Domain::Commit, b"the set");
//! assert!(ada.id().verify(Domain::Commit, b"the set", &signature));
//! assert!(!ada.id().verify(Domain::Partial, b"the set", &signature));
//! assert!(ada.id().to_string().starts_with("12D3KooW"));
//! ```
//!
//! # Bounds
//! Values of fixed size, except [`Envelope`]: read it with [`Envelope::from_json`], which takes at most
//! [`Envelope::BYTES_MAX`] bytes and [`Envelope::SIGNATURES_MAX`] signatures.
//!
//! # Provided / Not provided
//! Provided: strong unforgeability under strict verification (no small-order keys, no malleable
//! signatures); confidentiality and integrity of sealed bytes against everybody but the receiver.
//! Not provided: forward secrecy of sealed bytes once the receiver's sealing key leaks; sender
//! authentication by sealing; key rotation; any judgement on whether a key deserves trust.
//!
//! Follows: RFC 8032 (Ed25519); RFC 9180 (HPKE, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
//! ChaCha20Poly1305); DSSE 1.0; the libp2p peer-id specification.
#![no_std]

extern crate alloc;

mod dsse;
mod identity;
mod kem;
mod seal;
#[cfg(test)]
mod tests;

pub use dsse::{Envelope, EnvelopeError, Signature};
pub use identity::{Derived, Domain, Identity, NodeId, NodeIdError};
pub use kem::Exchange;
pub use seal::{SealError, SealKey, SealPublic, SealPublicError, seal};
