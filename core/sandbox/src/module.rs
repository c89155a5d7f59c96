//! A module, checked and compiled.

use alloc::{
    string::{String, ToString as _},
    sync::Arc,
    vec::Vec,
};
use core::fmt;
use wasmi::{CompilationMode, Config, Engine, ExternType};

use crate::{
    Command, Execution, Limits, Progress, Run,
    prepare::{Prepared, prepare},
    wasi,
};

/// A guest, checked and compiled: ready to run any number of times.
///
/// Cloning it is cheap. Nothing of one run is seen by another.
#[derive(Clone)]
pub struct Module(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) engine: Engine,
    pub(crate) module: wasmi::Module,
    /// The functions that the module imports, in its order.
    pub(crate) imports: Vec<&'static wasi::Function>,
    /// The export that the start function has become.
    pub(crate) start: Option<String>,
}

impl Module {
    /// Checks and compiles a module in the binary format.
    ///
    /// The time it takes is linear in `bytes`. Of `limits`, those count that compiled code holds: [`Limits::module_bytes`],
    /// [`Limits::stack_bytes`] and [`Limits::call_depth`]; a run is given the others.
    ///
    /// # Errors
    /// Whatever about the module keeps it from running at all, with its place or its name.
    pub fn new(bytes: &[u8], limits: &Limits) -> Result<Self, ModuleError> {
        let is = bytes.len() as u64;
        if is > limits.module_bytes {
            return Err(ModuleError::TooLong { is, most: limits.module_bytes });
        }
        let Prepared { wasm, start } = prepare(bytes)?;
        let engine = Engine::new(&config(limits));
        let module = wasmi::Module::new(&engine, &wasm)
            .map_err(|error| ModuleError::Untranslatable { why: error.to_string() })?;
        let imports = imports(&module)?;
        Ok(Self(Arc::new(Parts { engine, module, imports, start })))
    }

    /// Runs `command` to its end.
    ///
    /// Nothing is left of the run but what is returned; how it ended is in [`Execution::ending`].
    #[must_use]
    pub fn run(&self, command: &Command<'_>, limits: &Limits) -> Execution {
        let mut run = self.start(command, limits);
        loop {
            match run.step(u64::MAX) {
                Progress::Running(next) => run = next,
                Progress::Done(execution) => return execution,
            }
        }
    }

    /// Begins to run `command`: [`Run::step`] goes on. No guest code has run yet.
    #[must_use]
    pub fn start(&self, command: &Command<'_>, limits: &Limits) -> Run {
        Run::new(Arc::clone(&self.0), command, limits)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("imports", &self.0.imports.len()).finish_non_exhaustive()
    }
}

/// The engine's settings: what [`crate::GAS_SCHEDULE`] names.
pub(crate) fn config(limits: &Limits) -> Config {
    /// The engine counts its stack in values, whatever its documentation says.
    const VALUE_BYTES: u64 = 8;
    /// Values that it begins with; it does not take less.
    const STACK_VALUES_MIN: usize = 128;
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let mut config = Config::default();
    config
        .consume_fuel(true)
        .ignore_custom_sections(true)
        // Lazy translation charges a run for what no earlier run has called: fuel would depend on history.
        .compilation_mode(CompilationMode::Eager)
        .set_max_recursion_depth(size(limits.call_depth))
        .set_min_stack_height(STACK_VALUES_MIN)
        .set_max_stack_height(size(limits.stack_bytes / VALUE_BYTES).max(STACK_VALUES_MIN))
        .set_max_cached_stacks(1)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config
}

/// What the module imports, each found among WASI's functions.
fn imports(module: &wasmi::Module) -> Result<Vec<&'static wasi::Function>, ModuleError> {
    let mut found = Vec::new();
    let mut refused = Vec::new();
    for import in module.imports() {
        let problem = match (import.ty(), wasi::Function::named(import.name())) {
            _ if import.module() != wasi::MODULE => ImportProblem::Module,
            (ExternType::Func(_), None) => ImportProblem::Unknown,
            (ExternType::Func(ty), Some(function)) if *ty == function.ty() => {
                found.push(function);
                continue;
            }
            (ExternType::Func(_), Some(_)) => ImportProblem::Signature,
            _ => ImportProblem::Kind,
        };
        refused.push(RefusedImport {
            module: import.module().to_string(),
            name: import.name().to_string(),
            problem,
        });
    }
    if refused.is_empty() { Ok(found) } else { Err(ModuleError::Imports(refused)) }
}

/// Why a module cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModuleError {
    /// It has more bytes than [`Limits::module_bytes`] allows.
    TooLong {
        /// Its bytes.
        is: u64,
        /// The bytes allowed.
        most: u64,
    },
    /// It is a component (the binary format's other layer), which nothing here runs.
    Component,
    /// It is no valid module, or one of a proposal that is not supported.
    Invalid {
        /// The byte at which that shows.
        at: u64,
        /// What is wrong, in the validator's words.
        why: String,
    },
    /// It is valid, and has more of something than any program needs.
    TooMany {
        /// More of what.
        what: &'static str,
        /// How many.
        is: u64,
        /// How many are allowed.
        most: u64,
    },
    /// It is valid and cannot be translated to the engine's code.
    Untranslatable {
        /// What is wrong, in the engine's words.
        why: String,
    },
    /// It asks for what a job is not given.
    Imports(Vec<RefusedImport>),
}

/// An import that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedImport {
    /// The module that it would come from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What is wrong with it.
    pub problem: ImportProblem,
}

/// What is wrong with an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportProblem {
    /// Only `wasi_snapshot_preview1` can be imported from.
    Module,
    /// WASI preview 1 has no such function.
    Unknown,
    /// The function has another signature there.
    Signature,
    /// It is no function.
    Kind,
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Refused imports that are listed.
        const SHOWN: usize = 4;
        match self {
            Self::TooLong { is, most } => write!(f, "the module has {is} bytes, and {most} are allowed"),
            Self::Component => f.write_str(
                "this is a component, and jobs are core modules: build for `wasm32-wasip1`, not for `wasm32-wasip2`",
            ),
            Self::Invalid { at, why } => write!(f, "not a valid module: {why} (at byte {at})"),
            Self::TooMany { what, is, most } => write!(f, "the module has {is} {what}, and {most} are allowed"),
            Self::Untranslatable { why } => write!(f, "the module cannot be compiled: {why}"),
            Self::Imports(imports) => {
                f.write_str("the module imports what a job is not given: ")?;
                for (at, import) in imports.iter().take(SHOWN).enumerate() {
                    f.write_str(if at > 0 { "; " } else { "" })?;
                    import.fmt(f)?;
                }
                match imports.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, "; and {more} more"),
                }
            }
        }
    }
}

impl core::error::Error for ModuleError {}

impl fmt::Display for RefusedImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Characters that are shown of a name.
        const SHOWN: usize = 64;
        write!(f, "`{:.SHOWN$}` from `{:.SHOWN$}` ({})", self.name, self.module, self.problem)
    }
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Module => "only `wasi_snapshot_preview1` is there",
            Self::Unknown => "WASI preview 1 has no such function",
            Self::Signature => "it has another signature in WASI preview 1",
            Self::Kind => "only functions are there",
        })
    }
}
