//! The page: what a person sees of the light node in their tab.
//!
//! Every view is a function of the last [`node::LightView`] that the node gave, of the address's hash and of the
//! clock. Nothing here decides anything: a button sends a [`node::Command`], and what follows comes back in
//! the next view. The words that people read are made in the plain modules below, apart from any browser, so
//! that native tests read them too.
//!
//! # How to drive it
//! The program calls `start` once; it mounts the page into the document and starts the node. Tests find
//! elements by [`testids`].
//!
//! # Bounds
//! One view is held at a time, and [`form::Form`] is what the inputs hold. A table shows one part of a data
//! set at a time.
//!
//! # Provided / Not provided
//! Provided: join, data, propose, answer, results with their signatures checked in this page, rules, network; lending this browser to
//! jobs, submitting jobs, checking receipts; graphs ranked and drawn, programs of nets run; light and dark; keyboard, screen readers and phones. Not provided: other languages than English, and
//! anything that computes: the node does that elsewhere.
//!
//! It follows WCAG 2.2 AA and the WAI-ARIA practices of native elements.

pub mod answer;
pub mod consent;
pub mod form;
pub mod job;
pub mod machine;
pub mod phase;
pub mod plot;
pub mod route;
pub mod testids;
pub mod words;

#[cfg(target_arch = "wasm32")]
#[expect(unreachable_pub, reason = "the component macro writes `pub` whatever it is given")]
mod app;
#[cfg(target_arch = "wasm32")]
pub use app::start;
