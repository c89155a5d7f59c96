//! One run of a module, step by step.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};
use core::fmt;
use wasmi::{
    Error, Extern, Func, Instance, ResumableCall, ResumableCallOutOfFuel, Store, TrapCode,
    errors::{ErrorKind, InstantiationError, MemoryError, TableError},
};

use crate::{
    Command, Ending, Execution, Limits, Trap,
    module::Parts,
    wasi::{Halt, Host},
};

const METERED: &str = "the engine is configured to count fuel";

/// A guest in the middle of its run.
///
/// What comes of it depends on no step's size: a run in steps of any size ends as [`Module::run`](crate::Module::run) does, with the same
/// output and fuel. Dropping it stops the guest.
pub struct Run(Box<State>);

/// What a step led to.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// The guest has more to do.
    Running(Run),
    /// The run is over.
    Done(Execution),
}

struct State {
    parts: Arc<Parts>,
    store: Store<Host>,
    entry: String,
    fuel_limit: u64,
    stage: Stage,
}

enum Stage {
    /// Nothing has happened yet.
    New,
    /// The guest wants more fuel.
    Paused { call: ResumableCallOutOfFuel, then: Then },
}

/// What follows when a call returns.
enum Then {
    /// The start function has returned: the entry is next.
    Entry(Instance),
    /// The entry has returned.
    End,
}

impl Run {
    pub(crate) fn new(parts: Arc<Parts>, command: &Command<'_>, limits: &Limits) -> Self {
        let mut store = Store::new(&parts.engine, Host::new(command, limits));
        store.limiter(|host| host);
        Self(Box::new(State {
            parts,
            store,
            entry: command.entry.clone(),
            fuel_limit: limits.fuel,
            stage: Stage::New,
        }))
    }

    /// Goes on for about `fuel` more units: one instruction that costs more is done whole, and so is a call into WASI.
    pub fn step(self, fuel: u64) -> Progress {
        let mut state = self.0;
        match state.step(fuel) {
            None => Progress::Running(Self(state)),
            Some(ending) => Progress::Done(state.end(ending)),
        }
    }

    /// Fuel used so far.
    #[must_use]
    pub fn fuel(&self) -> u64 {
        self.0.fuel()
    }

    /// What the guest has written to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> &[u8] {
        &self.0.store.data().stdout
    }

    /// What the guest has written to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> &[u8] {
        &self.0.store.data().stderr
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("fuel", &self.fuel()).finish_non_exhaustive()
    }
}

impl State {
    /// `None` where the guest has more to do.
    fn step(&mut self, fuel: u64) -> Option<Ending> {
        let (outcome, then) = match core::mem::replace(&mut self.stage, Stage::New) {
            Stage::New => {
                self.grant(fuel);
                let instance = match self.instantiate() {
                    Ok(instance) => instance,
                    Err(error) => return Some(self.instantiation_failed(&error)),
                };
                match self.parts.start.as_deref().and_then(|name| self.function(instance, name)) {
                    Some(start) => {
                        (start.call_resumable(&mut self.store, &[], &mut []), Then::Entry(instance))
                    }
                    None => match self.function(instance, &self.entry) {
                        Some(entry) => (entry.call_resumable(&mut self.store, &[], &mut []), Then::End),
                        None => return Some(Ending::NoEntry),
                    },
                }
            }
            Stage::Paused { call, then } => {
                let left = self.store.get_fuel().expect(METERED);
                let short = call.required_fuel().saturating_sub(left);
                if short > self.store.data().reserve {
                    return Some(Ending::Trap(Trap::OutOfFuel));
                }
                self.grant(fuel.max(short));
                (call.resume(&mut self.store, &mut []), then)
            }
        };
        self.follow(outcome, then)
    }

    /// Hands fuel to the engine, as far as the limit goes.
    fn grant(&mut self, fuel: u64) {
        let reserve = &mut self.store.data_mut().reserve;
        let granted = fuel.min(*reserve);
        *reserve -= granted;
        let left = self.store.get_fuel().expect(METERED);
        self.store.set_fuel(left.saturating_add(granted)).expect(METERED);
    }

    fn follow(&mut self, outcome: Result<ResumableCall, Error>, then: Then) -> Option<Ending> {
        match (outcome, then) {
            (Ok(ResumableCall::Finished), Then::End) => Some(Ending::Exit(0)),
            (Ok(ResumableCall::Finished), Then::Entry(instance)) => {
                let Some(entry) = self.function(instance, &self.entry) else { return Some(Ending::NoEntry) };
                let outcome = entry.call_resumable(&mut self.store, &[], &mut []);
                self.follow(outcome, Then::End)
            }
            (Ok(ResumableCall::OutOfFuel(call)), then) => {
                let left = self.store.get_fuel().expect(METERED);
                let short = call.required_fuel().saturating_sub(left);
                if short > self.store.data().reserve {
                    return Some(Ending::Trap(Trap::OutOfFuel));
                }
                self.stage = Stage::Paused { call, then };
                None
            }
            (Ok(ResumableCall::HostTrap(call)), _) => Some(halted(call.host_error())),
            (Err(error), _) => Some(halted(&error)),
        }
    }

    fn instantiate(&mut self) -> Result<Instance, Error> {
        let mut imports = Vec::with_capacity(self.parts.imports.len());
        for &function in &self.parts.imports {
            let answer =
                move |caller: wasmi::Caller<'_, Host>, params: &[wasmi::Val], results: &mut [wasmi::Val]| {
                    function.call(caller, params, results)
                };
            imports.push(Extern::Func(Func::new(&mut self.store, function.ty(), answer)));
        }
        Instance::new(&mut self.store, &self.parts.module, &imports)
    }

    /// The exported function of this name, if it takes and returns nothing.
    fn function(&self, instance: Instance, name: &str) -> Option<Func> {
        let function = instance.get_func(&self.store, name)?;
        let ty = function.ty(&self.store);
        (ty.params().is_empty() && ty.results().is_empty()).then_some(function)
    }

    fn instantiation_failed(&self, error: &Error) -> Ending {
        if self.store.data().machine_failed {
            return Ending::MachineOutOfMemory;
        }
        match error.kind() {
            ErrorKind::Instantiation(InstantiationError::FailedToInstantiateMemory(problem)) => match problem
            {
                MemoryError::OutOfSystemMemory => Ending::MachineOutOfMemory,
                _ => Ending::Trap(Trap::MemoryLimit),
            },
            ErrorKind::Instantiation(InstantiationError::FailedToInstantiateTable(problem)) => {
                match problem {
                    TableError::OutOfSystemMemory => Ending::MachineOutOfMemory,
                    _ => Ending::Trap(Trap::TableLimit),
                }
            }
            ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
                Ending::Trap(Trap::TableOutOfBounds)
            }
            _ => halted(error),
        }
    }

    fn fuel(&self) -> u64 {
        let left = self.store.get_fuel().expect(METERED).saturating_add(self.store.data().reserve);
        self.fuel_limit.saturating_sub(left)
    }

    fn end(self, ending: Ending) -> Execution {
        let fuel = match ending {
            // What was left did not suffice for the next instruction.
            Ending::Trap(Trap::OutOfFuel) => self.fuel_limit,
            _ => self.fuel(),
        };
        let host = self.store.into_data();
        let ending = match ending {
            _ if host.machine_failed => Ending::MachineOutOfMemory,
            Ending::Trap(Trap::Unreachable) if host.memory_refused => Ending::Trap(Trap::MemoryLimit),
            ending => ending,
        };
        Execution {
            ending,
            stdout: host.stdout,
            stderr: host.stderr,
            fuel,
            memory_peak_bytes: host.memory_peak,
        }
    }
}

/// The ending that an error of the engine's, or of a call into WASI, stands for.
fn halted(error: &Error) -> Ending {
    match error.downcast_ref::<Halt>() {
        Some(Halt::Exit(code)) => return Ending::Exit(*code),
        Some(Halt::Trap(trap)) => return Ending::Trap(*trap),
        None => {}
    }
    Ending::Trap(match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull) => Trap::IndirectCallToNull,
        Some(TrapCode::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(TrapCode::IntegerOverflow) => Trap::IntegerOverflow,
        Some(TrapCode::BadConversionToInteger) => Trap::BadConversion,
        Some(TrapCode::StackOverflow) => Trap::StackExhausted,
        Some(TrapCode::BadSignature) => Trap::BadSignature,
        Some(TrapCode::OutOfFuel) => Trap::OutOfFuel,
        Some(TrapCode::GrowthOperationLimited) => Trap::MemoryLimit,
        None => Trap::Engine,
    })
}
