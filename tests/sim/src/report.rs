use crate::{attacker::Malice, liar::Lie, plan::Weather};
use aggregate::Scheme;
use std::{collections::BTreeMap, fmt};

/// A bug that the invariants must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Canary {
    /// Stores say that a commit is durable before it is.
    Promise,
    /// Invalid reports pass at all heavy nodes, as though nobody checked proofs and commitments.
    Unchecked,
    /// Evidence against a heavy node that lied is never shown.
    Hush,
}

impl Canary {
    /// Every bug.
    pub const ALL: [Self; 3] = [Self::Promise, Self::Unchecked, Self::Hush];
}

/// How to run a seed.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Light nodes, beside the three heavy ones.
    pub nodes: usize,
    /// Which troubles may come.
    pub weather: Weather,
    /// Everybody who means ill does so in this way, and one does; without it, what the seed says.
    pub malice: Option<Malice>,
    /// How every measurement is shared; without it, what the seed says.
    pub scheme: Option<Scheme>,
    /// One heavy node lies in this way; without it, what the seed says.
    pub lie: Option<Lie>,
    /// Plants a bug.
    pub canary: Option<Canary>,
    /// Jobs in place of computations, handed out to all light nodes, of which a fifth lies about what they ran.
    pub jobs: usize,
    /// Rankings in place of computations, whose parts all light nodes hold, of which a fifth lies about what they sum up.
    pub rankings: usize,
    /// Prints every event.
    pub trace: bool,
}

impl Options {
    /// `nodes` light nodes in the weather that the seed says.
    pub const fn new(nodes: usize) -> Self {
        Self {
            nodes,
            weather: Weather::Rough,
            malice: None,
            scheme: None,
            lie: None,
            canary: None,
            jobs: 0,
            rankings: 0,
            trace: false,
        }
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
    /// Results by scheme.
    pub by_scheme: BTreeMap<&'static str, u64>,
    /// Results that two heavy nodes came to without the third.
    pub by_two: u64,
    /// Reports left out of results as invalid.
    pub rejected: u64,
    /// Runs with a heavy node that lies.
    pub liars: u64,
    /// Runs with a heavy node that stops for ever.
    pub dead: u64,
    /// Words of heavy nodes that were lies.
    pub lies: u64,
    /// Computations with evidence against a heavy node.
    pub evidence: u64,
    /// Results that a lying heavy node made wrong, where the scheme does not protect against that.
    pub wrong: u64,
    /// Computations without a result, by the codes of the reasons that its heavy nodes gave.
    pub refusals: BTreeMap<String, u64>,
    /// Shares that heavy nodes refused, by reason.
    pub reports_refused: BTreeMap<&'static str, u64>,
    /// Jobs that heavy nodes took.
    pub jobs: u64,
    /// Those that ended with a result.
    pub jobs_done: u64,
    /// Those whose result a heavy node settled.
    pub jobs_judged: u64,
    /// Rankings that heavy nodes took.
    pub rankings: u64,
    /// Those that ended with π.
    pub rankings_done: u64,
    /// Holders that others took the place of, in those.
    pub rankings_replaced: u64,
    /// Liars that were found, in each of those.
    pub rankings_liars: u64,
    /// Milliseconds from when a job was submitted to when its first guest began, and how many jobs took so long.
    pub dispatch_ms: BTreeMap<u64, u64>,
    /// Guests that ran.
    pub guests: u64,
    /// Of them those that were stopped, or whose node went down.
    pub guests_lost: u64,
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
        self.jobs += other.jobs;
        self.jobs_done += other.jobs_done;
        self.jobs_judged += other.jobs_judged;
        self.rankings += other.rankings;
        self.rankings_done += other.rankings_done;
        self.rankings_replaced += other.rankings_replaced;
        self.rankings_liars += other.rankings_liars;
        self.guests += other.guests;
        self.guests_lost += other.guests_lost;
        self.by_two += other.by_two;
        self.rejected += other.rejected;
        self.liars += other.liars;
        self.dead += other.dead;
        self.lies += other.lies;
        self.evidence += other.evidence;
        self.wrong += other.wrong;
        for (ms, count) in &other.dispatch_ms {
            *self.dispatch_ms.entry(*ms).or_default() += count;
        }
        for (scheme, count) in &other.by_scheme {
            *self.by_scheme.entry(scheme).or_default() += count;
        }
        for (code, count) in &other.refusals {
            *self.refusals.entry(code.clone()).or_default() += count;
        }
        for (code, count) in &other.reports_refused {
            *self.reports_refused.entry(code).or_default() += count;
        }
    }
}

impl Tally {
    /// Milliseconds from a job to its first guest that `percent` in a hundred jobs do not exceed; 0 where no guest ran.
    #[must_use]
    pub fn dispatch_ms_at(&self, percent: u64) -> u64 {
        let jobs: u64 = self.dispatch_ms.values().sum();
        let mut left = (jobs * percent).div_ceil(100).max(1);
        let found = self.dispatch_ms.iter().find(|(_, count)| {
            let is_here = left <= **count;
            left = left.saturating_sub(**count);
            is_here
        });
        found.map_or(0, |(ms, _)| *ms)
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
