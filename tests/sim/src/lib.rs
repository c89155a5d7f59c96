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
//! 1. A result's totals are exactly those over the valid reports that all heavy nodes of its cohort said they hold, and its
//!    answer, its digest and its number of participants fit them. The cohort is all three; with `rep64` it may be two.
//! 2. It has at least as many participants as asked for, and at most as many as allowed; no light node is in
//!    it twice; no answer is in it that a heavy node of the cohort said to be taken back.
//! 3. A valid report that the whole cohort acknowledged is in the result, or there is a signed refusal with a
//!    reason that holds. Whoever was acknowledged by fewer is told what became of the report.
//! 4. Each heavy node that runs and can store has an end by the deadline, the grace period and
//!    [`SLACK_MS`] of its own clock, or as long after it came back.
//! 5. All results of a computation are the same bytes and verify; an end never goes back, also through
//!    crashes; once the network has healed, whoever can be reached has the result that anybody has.
//! 6. No machine asks for a second commit while one is under way, keeps a request unanswered, spins on its
//!    timers, has more requests under way than its bounds say, or fails to start from what it stored.
//! 7. Without troubles, everybody who was there in time is in the result, whatever those who mean ill do.
//! 8. An invalid report (a proof, a share or a commitment that does not fit) is in no result and counted as rejected. With
//!    `additive64` nobody can tell: what was shared counts, and a total that no honest people can reach is refused.
//! 9. Two results about one field that one honest heavy node signed have the same participants, or differ by three or more.
//! 10. No two honest heavy nodes release sums of one computation over two sets.
//!
//! Where one heavy node lies, all of this holds of the others, but for promises that it broke itself, and but for 10 where the
//! network keeps the two others from each other, with `rep64`; and
//!
//! 11. With `rep64` the totals are exact all the same, and without other troubles there is a result, also where one heavy node
//!     has stopped for ever. Who was told a wrong sum has evidence that verifies. Nobody but a liar is ever named by evidence, and
//!     light nodes learn of it.
//! 12. With `additive64` and `prio3` a liar can make the totals wrong unnoticed: such results are counted, and are no violation.
//!     Each is at least over the agreed set, and never below the threshold.
//!
//! With [`Options::jobs`] the network has jobs in place of computations. What a guest gives is made up, a function of its job; a fifth of
//! the light nodes answer with something else, each of its own; then these hold:
//!
//! 13. Each job that a heavy node acknowledged ends, with a result or with a refusal and its reason, also through crashes of that node.
//! 14. The result of a job with three replicas is what the guest gives, whoever lies; its bytes are at the heavy node.
//! 15. A node has at most one receipt of a job, each witnessed by the heavy node; its standing counts each that was compared once, and it is
//!     credited with no job twice.
//!
//! With [`Options::rankings`] it has rankings of small graphs, whose parts the light nodes hold; a fifth of these say other sums, each its own; then
//!
//! 16. Each ranking that a heavy node acknowledged ends, also through crashes of that node: with the π of one machine, to the bit, or with a refusal.
//! 17. Nobody is called a liar but who lied, and no liar is among those who computed.
//!
//! # Bounds
//! A run ends at a time that its plan sets; its agenda holds what is under way. In networks of more than 40 light nodes most
//! have nothing to answer with, so that time goes into the network and not into shares.
//!
//! # Provided / Not provided
//! Provided: loss, delay, reordering and duplication of messages, cuts, broken and half-open
//! connections, crashes at any step, failing commits, skewed clocks, people who come late or leave,
//! people who mean ill (a fifth of all), a heavy node that lies in one of the ways of [`Lie`] or stops for ever. Not provided: two
//! heavy nodes that work together, a heavy node that lies to light nodes, clocks that drift or jump, disks that lose what they
//! acknowledged.

mod asks;
mod attacker;
mod dice;
mod equivocate;
mod finish;
mod host;
mod jobbing;
mod liar;
mod links;
mod oracle;
mod person;
mod plan;
mod ranking;
mod report;
mod trace;
mod world;

pub use attacker::Malice;
pub use liar::Lie;
pub use oracle::SLACK_MS;
pub use plan::Weather;
pub use report::{Canary, Options, Report, Tally, Violation};

/// Runs `seed`.
pub fn run(seed: u64, options: &Options) -> Report {
    let mut world = world::World::new(seed, options);
    let violation = world.run().err();
    world.count();
    Report { seed, trace: world.trace.hash(), tally: world.tally, violation }
}
