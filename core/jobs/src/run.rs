//! Running a job in the sandbox, and putting what came of it into a receipt.

use crate::{
    manifest::{Invocation, Manifest},
    receipt::{Ending, Failure, Receipt},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use keys::NodeId;
use sandbox::{Command, Module, ModuleError};

/// What a run gave, the same on every machine; of `fuel` see what [`sandbox`] does not provide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub ending: Ending,
    /// What the guest wrote to standard output.
    pub stdout: Vec<u8>,
    /// What the guest wrote to standard error.
    pub stderr: Vec<u8>,
    /// Fuel used, by [`sandbox::GAS_SCHEDULE`].
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

/// Runs `module` on `input`. A module that cannot run is an ending too.
///
/// # Errors
/// [`MachineOutOfMemory`].
pub fn run(invocation: &Invocation, module: &[u8], input: &[u8]) -> Result<Ran, MachineOutOfMemory> {
    let rejected = |code: &str, words: String| Ran {
        ending: Ending::Rejected(Failure::new(code, &words)),
        stdout: Vec::new(),
        stderr: Vec::new(),
        fuel: 0,
        memory_peak_bytes: 0,
    };
    let limits = invocation.limits.sandbox();
    let module = match Module::new(module, &limits) {
        Ok(module) => module,
        Err(error) => return Ok(rejected(code(&error), error.to_string())),
    };
    let command = Command {
        args: invocation.args.clone(),
        env: invocation.env.clone(),
        stdin: input,
        entry: invocation.entry.clone(),
        seed: invocation.seed,
        now: invocation.clock,
    };
    let execution = module.run(&command, &limits);
    let ending = match execution.ending {
        sandbox::Ending::Exit(code) => Ending::Exit(code),
        sandbox::Ending::Trap(trap) => Ending::Trap(Failure::new(trap.name(), &trap.to_string())),
        sandbox::Ending::NoEntry => Ending::Rejected(Failure::new("no-entry", &execution.ending.to_string())),
        _ => return Err(MachineOutOfMemory),
    };
    Ok(Ran {
        ending,
        stdout: execution.stdout,
        stderr: execution.stderr,
        fuel: execution.fuel,
        memory_peak_bytes: execution.memory_peak_bytes,
    })
}

const fn code(error: &ModuleError) -> &'static str {
    match error {
        ModuleError::TooLong { .. } => "module-too-long",
        ModuleError::Component => "component",
        ModuleError::TooMany { .. } => "module-too-large",
        ModuleError::Untranslatable { .. } => "module-untranslatable",
        ModuleError::Imports(_) => "imports-denied",
        _ => "module-invalid",
    }
}

impl Ran {
    /// The receipt of this run of the job `job`, whose manifest is `manifest`, by `node`. `times.started` is the moment that
    /// [`Manifest::invocation`] was given.
    pub fn receipt(&self, job: ContentId, manifest: &Manifest, node: NodeId, times: Times) -> Receipt {
        Receipt {
            job,
            submitter: manifest.submitter,
            node,
            module: manifest.module.id(),
            input: manifest.input.id(),
            invocation: manifest.invocation(job, node, times.started),
            ending: self.ending.clone(),
            output: ContentId::of(&self.stdout),
            errors: ContentId::of(&self.stderr),
            fuel: self.fuel,
            gas: sandbox::GAS_SCHEDULE.into(),
            memory_peak_bytes: self.memory_peak_bytes,
            wall_us: times.wall_us,
            cpu_us: times.cpu_us,
            started: times.started,
            ended: times.ended,
        }
    }
}

/// Why a receipt is not what a run gives.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RerunError {
    /// The bytes given are not those of the receipt.
    OtherBytes {
        /// `module` or `input`.
        what: &'static str,
    },
    /// The receipt counts fuel by a gas schedule that this program does not have.
    Gas {
        /// The receipt's.
        gas: String,
    },
    /// This machine cannot tell.
    MachineOutOfMemory,
    /// The run gives something else: the receipt is false.
    Differs {
        /// The receipt's field.
        field: &'static str,
        /// What the receipt says.
        says: String,
        /// What the run gives.
        gives: String,
    },
}

impl fmt::Display for RerunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherBytes { what } => write!(f, "the {what} given is not that of the receipt"),
            Self::Gas { gas } => write!(
                f,
                "the receipt counts fuel by `{gas}`, and this program by `{}`: take the version that made it",
                sandbox::GAS_SCHEDULE
            ),
            Self::MachineOutOfMemory => MachineOutOfMemory.fmt(f),
            Self::Differs { field, says, gives } => {
                write!(f, "the receipt is false: its {field} is {says}, and the run gives {gives}")
            }
        }
    }
}

impl core::error::Error for RerunError {}

/// Runs again what a receipt speaks of, and compares everything that does not hang on the machine.
///
/// # Errors
/// [`RerunError`]: one of [`RerunError::Differs`] convicts the receipt's signer.
pub fn rerun(receipt: &Receipt, module: &[u8], input: &[u8]) -> Result<Ran, RerunError> {
    for (what, given, meant) in [("module", module, receipt.module), ("input", input, receipt.input)] {
        if ContentId::of(given) != meant {
            return Err(RerunError::OtherBytes { what });
        }
    }
    if receipt.gas != sandbox::GAS_SCHEDULE {
        return Err(RerunError::Gas { gas: receipt.gas.clone() });
    }
    let ran = run(&receipt.invocation, module, input).map_err(|_| RerunError::MachineOutOfMemory)?;
    for (field, says, gives) in [
        ("ending", receipt.ending.code(), ran.ending.code()),
        ("standard output", receipt.output.to_string(), ContentId::of(&ran.stdout).to_string()),
        ("standard error", receipt.errors.to_string(), ContentId::of(&ran.stderr).to_string()),
        ("fuel", receipt.fuel.to_string(), ran.fuel.to_string()),
        ("peak memory", receipt.memory_peak_bytes.to_string(), ran.memory_peak_bytes.to_string()),
    ] {
        if says != gives {
            return Err(RerunError::Differs { field, says, gives });
        }
    }
    Ok(ran)
}

#[cfg(test)]
mod tests;
