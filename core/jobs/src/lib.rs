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
//!     job, submitter: manifest.submitter, node: node.id(), module: manifest.module_id(),
//!     input: ContentId::of(b""),
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
//! Over the network a heavy node's [`Broker`] takes jobs and the bytes that they need ([`blobs`]), and leases them to the [`Worker`]s of light
//! nodes, in the messages of [`message`]. Inside the broker the [`Scheduler`] decides who runs what, and what the answers of several give;
//! [`standing::replay`] works out from receipts alone what each node has earned. Guests run elsewhere: in `executor`, which knows the sandbox.
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
//! output from the nodes that run the job. Availability against whoever makes identities: each submitter and each network has a part of a heavy node's room,
//! and many of them fill it; enough newcomers that decline a job have it given up. [`Contribution::memory_bytes_max`] bounds [what can be told
//! beforehand](Limits::footprint_bytes); what the engine makes of a module and a guest's further tables come on top.
//!
//! Follows: DSSE 1.0; in-toto Attestation Framework 1.0 (Statement v1); JSON Schema 2020-12 for the published schemas.
#![no_std]

extern crate alloc;

pub mod blobs;
pub mod broker;
mod bytes;
pub mod cancel;
pub mod capability;
pub mod manifest;
pub mod message;
pub mod ran;
pub mod receipt;
pub mod scheduler;
pub mod standing;
mod strikes;
pub mod view;
pub mod worker;

pub use broker::Broker;
pub use bytes::Base64;
pub use cancel::Cancellation;
pub use capability::{Capability, CapabilityError};
pub use manifest::{Invocation, Limits, Manifest, ManifestError};
pub use ran::{Finished, MachineOutOfMemory, Ran, RunError, Times};
pub use receipt::{Claim, Ending, Receipt, ReceiptError};
pub use scheduler::Scheduler;
pub use standing::Standing;
pub use view::{JobView, WorkerView};
pub use worker::{Contribution, ContributionView, Executor, Task, Worker};
