//! Runs a job's guest in the sandbox, and runs again what a receipt speaks of.
//!
//! Apart from `jobs`, so that a node which hands its jobs to a program of their own does not carry the engine.
//!
//! ```
//! use executor::run;
//! use jobs::{Ending, Invocation, Limits};
//!
//! let module = wat::parse_str(r#"(module (func (export "_start")))"#)?;
//! let invocation = Invocation {
//!     entry: "_start".into(), args: vec![], env: vec![], limits: Limits::default(),
//!     clock: "2026-11-20T12:00:00Z".parse()?, seed: [0; 32],
//! };
//! assert_eq!(run(&invocation, &module, b"")?.ending, Ending::Exit(0));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Bounds
//! A run uses what its [`Limits`] say.
//!
//! # Provided / Not provided
//! What [`sandbox`] provides; a [`Program`]'s run is stopped between two steps. Not provided: an end within a step, or while a module is
//! compiled; who wants to stop that kills what runs it.
#![no_std]

extern crate alloc;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use codec::ContentId;
use core::fmt;
use jobs::{Ending, Invocation, Limits, MachineOutOfMemory, Ran, Receipt, receipt::Failure};
use sandbox::{Command, Execution, Module, ModuleError, Progress};

pub use sandbox::GAS_SCHEDULE;

/// The sandbox's limits.
const fn limits_of(limits: &Limits) -> sandbox::Limits {
    sandbox::Limits {
        fuel: limits.fuel,
        memory_bytes: limits.memory_bytes,
        stack_bytes: limits.stack_bytes,
        call_depth: limits.call_depth,
        module_bytes: limits.module_bytes,
        table_elements: limits.table_elements,
        output_bytes: limits.output_bytes,
    }
}

/// A module, compiled for any number of runs under the same limits; or why it cannot be.
#[derive(Debug)]
pub struct Program {
    module: Result<Module, ModuleError>,
    limits: Limits,
}

impl Program {
    /// Checks and compiles `module`. One that is not in order is an ending of each of its runs.
    pub fn new(module: &[u8], limits: &Limits) -> Self {
        Self { module: Module::new(module, &limits_of(limits)), limits: *limits }
    }

    /// What its runs may use.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Runs it on `input`, within [`Program::limits`] and not those of `invocation`. After each `step` units of fuel `goes_on` says whether
    /// to; `None` where it said no. What comes of a run depends on no step's size.
    ///
    /// # Errors
    /// [`MachineOutOfMemory`].
    pub fn run(
        &self,
        invocation: &Invocation,
        input: &[u8],
        step: u64,
        mut goes_on: impl FnMut() -> bool,
    ) -> Option<Result<Ran, MachineOutOfMemory>> {
        let mut next = self.start(invocation, input);
        loop {
            next = match next {
                Step::Running(guest) => guest.step(step),
                Step::Done(result) => return Some(result),
            };
            if matches!(next, Step::Running(_)) && !goes_on() {
                return None;
            }
        }
    }

    /// Begins what [`Program::run`] does, for whoever does something else between its steps. No guest code has run yet.
    pub fn start(&self, invocation: &Invocation, input: &[u8]) -> Step {
        let module = match &self.module {
            Ok(module) => module,
            Err(error) => return Step::Done(Ok(rejected(code(error), error.to_string()))),
        };
        let command = Command {
            args: invocation.args.clone(),
            env: invocation.env.clone(),
            stdin: input,
            entry: invocation.entry.clone(),
            seed: invocation.seed,
            now: invocation.clock,
        };
        Step::Running(Guest(module.start(&command, &limits_of(&self.limits))))
    }
}

/// A guest in the middle of its run. Dropping it stops it.
#[derive(Debug)]
pub struct Guest(sandbox::Run);

/// What a step led to.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// The guest has more to do.
    Running(Guest),
    /// The run is over.
    Done(Result<Ran, MachineOutOfMemory>),
}

impl Guest {
    /// Goes on for about `fuel` more units. What comes of the run does not depend on the size of its steps.
    pub fn step(self, fuel: u64) -> Step {
        match self.0.step(fuel) {
            Progress::Running(run) => Step::Running(Self(run)),
            Progress::Done(execution) => Step::Done(ran(execution)),
        }
    }
}

fn ran(execution: Execution) -> Result<Ran, MachineOutOfMemory> {
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

fn rejected(code: &str, words: String) -> Ran {
    Ran {
        ending: Ending::Rejected(Failure::new(code, &words)),
        stdout: Vec::new(),
        stderr: Vec::new(),
        fuel: 0,
        memory_peak_bytes: 0,
    }
}

/// Runs `module` on `input`. A module that cannot run is an ending too.
///
/// # Errors
/// [`MachineOutOfMemory`].
pub fn run(invocation: &Invocation, module: &[u8], input: &[u8]) -> Result<Ran, MachineOutOfMemory> {
    let program = Program::new(module, &invocation.limits);
    // Never stopped, so there is an end.
    program.run(invocation, input, invocation.limits.fuel, || true).unwrap_or(Err(MachineOutOfMemory))
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
