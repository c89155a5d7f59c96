//! WASM jobs: what somebody asks to be run, who runs it, and what anybody can check afterwards.
//!
//! A [`Manifest`] is a signed document: a module, an input, limits, how many nodes shall run it and by when. A node that
//! ran it signs a [`Receipt`]: what went in, what came out, how it ended and what it used, as an in-toto Statement that a stranger
//! verifies offline.
//!
//! ```
//! use codec::{ContentId, Instant};
//! use jobs::{Ending, Manifest, Receipt, manifest::Blob};
//! use keys::Identity;
//!
//! let (ada, node) = (Identity::from_seed([1; 32]), Identity::from_seed([2; 32]));
//! let manifest = Manifest::from_json(
//!     format!(
//!         r#"{{"version": 1, "name": "reverse a line", "submitter": "{}",
//!             "module": {{"id": "{}"}}, "args": ["reverse"],
//!             "created": "2026-11-20T12:00:00Z", "deadline": "2026-11-20T13:00:00Z",
//!             "nonce": "00000000000000000000000000000001"}}"#,
//!         ada.id(),
//!         ContentId::of(b"a module"),
//!     )
//!     .as_bytes(),
//! )?;
//! let (job, manifest) = Manifest::open(&manifest.sign(&ada)?)?;
//!
//! // What a node says after it ran the job.
//! let started: Instant = "2026-11-20T12:00:01Z".parse()?;
//! let receipt = Receipt {
//!     job, submitter: manifest.submitter, node: node.id(), module: manifest.module.id(),
//!     input: manifest.input.id(),
//!     invocation: manifest.invocation(job, node.id(), started),
//!     ending: Ending::Exit(0), output: ContentId::of(b"olleh"), errors: ContentId::of(b""),
//!     fuel: 1_234, gas: "example-1".into(), memory_peak_bytes: 65_536, wall_us: 420, cpu_us: None,
//!     started, ended: started,
//! };
//! let document = receipt.sign(&node)?;
//! let (read, witnesses) = Receipt::open(&document)?;
//! read.follows(job, &manifest)?;
//! assert!(read.ending.is_success() && witnesses.is_empty());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! [`run()`] is what a node does with a job, and [`rerun`] what who doubts its receipt does. The [`Scheduler`] of a heavy node decides who runs what,
//! and what the answers of several give; [`standing::replay`] works out from receipts alone what each node has earned.
//!
//! # Bounds
//! A manifest's payload has at most [`manifest::PAYLOAD_BYTES_MAX`] bytes, a receipt's [`receipt::PAYLOAD_BYTES_MAX`]; a run uses what its
//! [`Limits`] say. A scheduler's are in [`scheduler`].
//!
//! # Provided / Not provided
//! Provided: a receipt binds its node to one run of one job; who has module and input can run it again and compare, on any machine.
//! Of a job with replicas, the result is what a majority of different nodes claims, or a judge where there is none.
//! Not provided: that one receipt is true: it is evidence against its node, and no more. With [`manifest::Quorum::Majority`], nodes of one
//! liar that happen to be most of a job's replicas get their way; nothing keeps one person from having many nodes. Secrecy of module, input and
//! output from the nodes that run the job. Agreement about fuel between tabs and hosts for the few modules that [`sandbox`] speaks of: replicas
//! of both kinds may differ there without a liar. Moving the bytes of modules, inputs and outputs.
//!
//! Follows: DSSE 1.0; in-toto Attestation Framework 1.0 (Statement v1); JSON Schema 2020-12 for the published schemas.
#![no_std]

extern crate alloc;

mod bytes;
pub mod manifest;
pub mod receipt;
pub mod run;
pub mod scheduler;
pub mod standing;

pub use bytes::Base64;
pub use manifest::{Invocation, Limits, Manifest, ManifestError};
pub use receipt::{Claim, Ending, Receipt, ReceiptError};
pub use run::{Ran, Times, rerun, run};
pub use scheduler::Scheduler;
pub use standing::Standing;
