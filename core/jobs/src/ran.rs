//! What a run gave, and putting it into a receipt.

use crate::{
    Manifest,
    receipt::{Ending, Receipt},
};
use alloc::{string::String, vec::Vec};
use codec::{ContentId, Instant};
use core::fmt;
use keys::NodeId;

/// What a run gave, the same on every machine; of `fuel` see what the sandbox does not provide.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What the guest wrote to standard output.
    pub stdout: Vec<u8>,
    /// What the guest wrote to standard error.
    pub stderr: Vec<u8>,
    /// Fuel used, by the gas schedule of whoever ran it.
    pub fuel: u64,
    /// The most bytes that its linear memory had.
    pub memory_peak_bytes: u64,
}

/// This machine could not do what the limits allow. It says nothing about the job, and there is no receipt for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineOutOfMemory;

impl fmt::Display for MachineOutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this machine has too little memory for the job; another may have enough")
    }
}

impl core::error::Error for MachineOutOfMemory {}

/// When a run was, by the clocks of whoever ran it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub ended: Instant,
    /// Microseconds from one to the other, by a clock that nobody sets.
    pub wall_us: u64,
    /// Microseconds of processor time, where the machine can tell.
    pub cpu_us: Option<u64>,
}

/// Everything about a run that stands in its receipt besides what it gave.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The job.
    pub job: ContentId,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// The content id of what the guest was given; where the manifest names other jobs' outputs, of those together.
    pub input: ContentId,
    /// Who ran it.
    pub node: NodeId,
    /// The gas schedule of who ran it.
    pub gas: &'a str,
    /// When. `started` is the moment that [`Manifest::invocation`] was given.
    pub times: Times,
}

impl Ran {
    /// The receipt of this run.
    pub fn receipt(&self, of: &Of<'_>) -> Receipt {
        Receipt {
            job: of.job,
            submitter: of.manifest.submitter,
            node: of.node,
            module: of.manifest.module_id(),
            input: of.input,
            invocation: of.manifest.invocation(of.job, of.node, of.times.started),
            ending: self.ending.clone(),
            output: ContentId::of(&self.stdout),
            errors: ContentId::of(&self.stderr),
            fuel: self.fuel,
            gas: of.gas.into(),
            memory_peak_bytes: self.memory_peak_bytes,
            wall_us: of.times.wall_us,
            cpu_us: of.times.cpu_us,
            started: of.times.started,
            ended: of.times.ended,
        }
    }
}

/// What came of a run, as whoever ran it tells a machine of this crate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Finished {
    /// What it gave.
    pub ran: Ran,
    /// Microseconds that it took, by a clock that nobody sets.
    pub wall_us: u64,
    /// Microseconds of processor time, where the machine can tell.
    pub cpu_us: Option<u64>,
}

/// Why a run gave nothing. It says nothing about the job, which another node may run.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunError {
    /// As [`MachineOutOfMemory`].
    MachineOutOfMemory,
    /// What runs guests failed: a worker that was killed, a thread that could not be started.
    Failed {
        /// Its words.
        why: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MachineOutOfMemory => MachineOutOfMemory.fmt(f),
            Self::Failed { why } => write!(f, "what runs guests here failed: {why}"),
        }
    }
}

impl core::error::Error for RunError {}

impl From<MachineOutOfMemory> for RunError {
    fn from(_: MachineOutOfMemory) -> Self {
        Self::MachineOutOfMemory
    }
}
