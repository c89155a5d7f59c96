use crate::{attacker::Malice, plan::Weather};
use std::{collections::BTreeMap, fmt};

/// How to run a seed.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Light nodes, beside the three heavy ones.
    pub nodes: usize,
    /// Which troubles may come.
    pub weather: Weather,
    /// Everybody who means ill does so in this way, and one does; without it, what the seed says.
    pub malice: Option<Malice>,
    /// Plants a bug: stores say that a commit is durable before it is.
    pub canary: bool,
    /// Prints every event.
    pub trace: bool,
}

impl Options {
    /// `nodes` light nodes in the weather that the seed says.
    pub const fn new(nodes: usize) -> Self {
        Self { nodes, weather: Weather::Rough, malice: None, canary: false, trace: false }
    }
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When, in milliseconds since the run began.
    pub at_ms: u64,
    /// What.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ms: {}", self.at_ms, self.what)
    }
}

/// What happened in a run, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// Requests and responses that hosts sent.
    pub messages: u64,
    /// Commits tried.
    pub commits: u64,
    /// Hosts that went down.
    pub crashes: u64,
    /// Computations that a heavy node accepted.
    pub computations: u64,
    /// Those that ended in a result.
    pub results: u64,
    /// Reports in results.
    pub participants: u64,
    /// Milliseconds from deadlines to results, of all results together.
    pub result_after_ms: u64,
    /// Reports that all three heavy nodes acknowledged.
    pub acknowledged: u64,
    /// Computations without a result, by the codes of the reasons that its heavy nodes gave.
    pub refusals: BTreeMap<String, u64>,
    /// Shares that heavy nodes refused, by reason.
    pub reports_refused: BTreeMap<&'static str, u64>,
    /// Messages that heavy nodes could not read.
    pub malformed: u64,
}

impl Tally {
    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.messages += other.messages;
        self.commits += other.commits;
        self.crashes += other.crashes;
        self.computations += other.computations;
        self.results += other.results;
        self.participants += other.participants;
        self.result_after_ms += other.result_after_ms;
        self.acknowledged += other.acknowledged;
        self.malformed += other.malformed;
        for (code, count) in &other.refusals {
            *self.refusals.entry(code.clone()).or_default() += count;
        }
        for (code, count) in &other.reports_refused {
            *self.reports_refused.entry(code).or_default() += count;
        }
    }
}

/// How a seed ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// A number of all that happened, equal when the seed runs again.
    pub trace: u64,
    /// Counts.
    pub tally: Tally,
    /// The first invariant that did not hold.
    pub violation: Option<Violation>,
}
