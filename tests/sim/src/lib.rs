//! Whole networks in one process, on virtual time, by seed, against invariants.
//!
//! The simulator is a shell like the page's or the host's, for many nodes at once: it pumps the very
//! [`node::HeavyNode`] and [`node::LightNode`] that ship, with real cryptography, and stands in for what
//! they ask of a shell: connections, disks, clocks and people. All of that may fail, and what fails when
//! is drawn from the seed before and while the run goes. What passes between the hosts is overheard by an oracle
//! that knows every record, and so knows what each total must be.
//!
//! # How to drive it
//! [`run`] runs one seed and gives its [`Report`]: counts, the first [`Violation`] if there is one, and a
//! number of the whole course of events that is equal whenever the same seed runs again. The program
//! `sim` (`cargo xtask sim`) runs many seeds on all cores.
//!
//! # Invariants
//! 1. A result is the exact sum over the reports that all three heavy nodes offered each other, and its
//!    digest, number of participants and number of records fit that set.
//! 2. It has at least as many participants as asked for, and at most as many as allowed; no light node is in
//!    it twice.
//! 3. A report that all three heavy nodes acknowledged is in the result, or there is a signed refusal with a
//!    reason that holds. Whoever was acknowledged by fewer is told what became of the report.
//! 4. Each heavy node that runs and can store has an end by the deadline, the grace period and
//!    [`SLACK_MS`] of its own clock, or as long after it came back.
//! 5. All results of a computation are the same bytes and verify; an end never goes back, also through
//!    crashes; once the network has healed, whoever can be reached has the result that anybody has.
//! 6. No machine asks for a second commit while one is under way, keeps a request unanswered, spins on its
//!    timers, has more requests under way than its bounds say, or fails to start from what it stored.
//! 7. Without troubles, everybody who was there in time is in the result, whatever those who mean ill do.
//!
//! # Bounds
//! A run ends at a time that its plan sets; its agenda holds what is under way.
//!
//! # Provided / Not provided
//! Provided: loss, delay, reordering and duplication of messages, cuts, broken and half-open
//! connections, crashes at any step, failing commits, skewed clocks, people who come late or leave,
//! people who mean ill. Not provided: heavy nodes that lie (the core detects what it can; see the tests of
//! `aggregate`), clocks that drift or jump, disks that lose what they acknowledged.

mod attacker;
mod dice;
mod finish;
mod host;
mod links;
mod oracle;
mod person;
mod plan;
mod report;
mod trace;
mod world;

pub use attacker::Malice;
pub use oracle::SLACK_MS;
pub use plan::Weather;
pub use report::{Options, Report, Tally, Violation};

/// Runs `seed`.
pub fn run(seed: u64, options: &Options) -> Report {
    let mut world = world::World::new(seed, options);
    let violation = world.run().err();
    world.count();
    Report { seed, trace: world.trace.hash(), tally: world.tally, violation }
}
