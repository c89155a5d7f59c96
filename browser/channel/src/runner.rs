//! What the node's worker and a runner say to each other.

use jobs::{Ending, Invocation};
use serde::{Deserialize, Serialize};

/// From the node's worker to a runner, which does one thing at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToRunner {
    /// Run a guest. Two byte arrays: the module and the input.
    Run {
        /// How.
        invocation: Box<Invocation>,
        /// Of each hundred milliseconds, how many the guest may take; the rest is pauses.
        share_percent: u8,
    },
    /// Run again what a receipt speaks of, and compare. Three byte arrays: the receipt, a DSSE document in JSON; the module; the input.
    Rerun,
}

/// From a runner to the node's worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromRunner {
    /// The first message: what was sent before is lost, since nobody listened.
    Listening,
    /// The guest has ended. Two byte arrays: standard output and standard error.
    Ran(Ran),
    /// This browser could not give the guest the memory that its limits allow.
    MachineOutOfMemory,
    /// The answer to [`ToRunner::Rerun`].
    Reran {
        /// Whether the run gives what the receipt says; if not, what differs, in words for a person.
        result: Result<(), String>,
    },
    /// The runner itself has failed and does nothing any more.
    Failed {
        /// Its words.
        detail: String,
    },
}

/// What came of a guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// Fuel used.
    pub fuel: u64,
    /// The most bytes that its linear memory had.
    pub memory_peak_bytes: u64,
    /// Microseconds that it took, pauses included.
    pub wall_us: u64,
    /// Microseconds of them without the pauses.
    pub worked_us: u64,
    /// Bytes of memory that the runner holds since; it gives none back while it lives.
    pub held_bytes: u64,
}
