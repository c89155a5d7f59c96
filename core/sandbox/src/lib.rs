//! Runs other people's WebAssembly: a guest sees its arguments, its input and its output, and nothing else.
//!
//! A guest is an ordinary WASI preview 1 command, as `rustc --target wasm32-wasip1`, clang with wasi-libc, Zig and TinyGo make them. What
//! comes of it, output, ending and fuel, is a function of the module, the [`Command`] and the [`Limits`], and the same in a browser's tab
//! and in a server's process. So a stranger can run a job again and compare.
//!
//! ```
//! use sandbox::{Command, Ending, Limits, Module};
//!
//! let wasm = wat::parse_str(r#"
//!     (module
//!       (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
//!       (memory (export "memory") 1)
//!       (data (i32.const 0) "\08\00\00\00\05\00\00\00hello")
//!       (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))"#)?;
//! let limits = Limits::default();
//! let execution = Module::new(&wasm, &limits)?.run(&Command::default(), &limits);
//! assert_eq!(execution.ending, Ending::Exit(0));
//! assert_eq!(execution.stdout, b"hello");
//! assert_eq!(execution.fuel, 43);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # How to drive it
//! [`Module::new`] checks and compiles, once for any number of runs. [`Module::run`] runs to the end. A worker that wants to tell of
//! progress, or stop, begins with [`Module::start`] and takes [`Run::step`]s; their size does not change what comes of the run.
//! A step takes about as long as its fuel says; what is to be stopped in between needs a worker that can be killed.
//!
//! # What a guest has
//! | | |
//! |---|---|
//! | `args`, `env`, standard input | those of the [`Command`]; the input can be read once, and is then at its end |
//! | standard output and error | kept up to [`Limits::output_bytes`] together; the byte after those ends the run |
//! | clock | starts at [`Command::now`], moves by a microsecond at each reading, and to the end of each sleep |
//! | randomness | the key stream of ChaCha20 (RFC 8439) under the key [`Command::seed`] and a nonce of zeros, each draw from a new word of 4 bytes |
//! | files, directories, sockets | none: `badf`, and `notdir`, `notsock` or `spipe` of a standard stream |
//! | WebAssembly | 2.0 without vectors, and tail calls, extended constants; no threads, exceptions, 64-bit or second memory |
//!
//! Imports beyond WASI preview 1 are refused when the module is compiled, by name.
//!
//! # Fuel
//! A unit is about one instruction of the engine's; memory that is copied or grown costs a unit for 64 bytes, a call into WASI 32 and what
//! it moves. The start function and the entry both pay. [`GAS_SCHEDULE`] names the count: fuel of one schedule is equal everywhere, fuel of
//! two cannot be compared.
//!
//! NaNs are made canonical by rewriting the module before it is compiled (see `prepare.rs`): the instructions that it adds cost fuel as
//! any others. Nor does the engine compute a NaN while it translates, since which instructions it then writes would be the processor's choice.
//!
//! # Bounds
//! | Of | At most |
//! |---|---|
//! | the module | [`Limits::module_bytes`], and the counts in [`caps`]; what is compiled of it is linear in its bytes |
//! | memory | [`Limits::memory_bytes`] of one memory; a growth beyond is refused, as the specification has it |
//! | tables | [`caps::TABLES_MAX`] of [`Limits::table_elements`] each |
//! | stack | [`Limits::stack_bytes`], [`Limits::call_depth`] |
//! | output | [`Limits::output_bytes`] |
//! | time | [`Limits::fuel`], and for [`Module::new`] the module's bytes |
//!
//! [`Command::args`], [`Command::env`] and [`Command::stdin`] are copied once into each run; the caller bounds them.
//!
//! # Provided / Not provided
//! Provided: a guest reaches nothing but the above, whatever its bytes; it ends within its limits; nothing it does panics the host; the
//! same run gives the same on every machine, fuel included, or ends as [`Ending::MachineOutOfMemory`], which says nothing of the job. A run
//! that did not succeed is never [`Ending::Exit`] with 0.
//!
//! Not provided: the same fuel, for a module with `f64` constants that are NaNs other than the canonical one, on a processor whose conversions to
//! `f32` do not keep a NaN's sign and payload (RISC-V; x86 and ARM do): by such a conversion the engine asks whether a constant is short.
//! Nor: a bound on wall-clock time beyond what fuel gives (a unit takes nanoseconds on one machine and more on another);
//! secrecy of what a guest computes from who runs it; defence against what a guest may learn about the machine from side channels, though it
//! has no clock to measure with; vectors (`simd128`), whose NaNs are not canonical; components and WASI 0.2.
//!
//! Follows: WebAssembly core specification 2.0 with the proposals above; WASI preview 1 (`wasi_snapshot_preview1.witx`).
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod module;
mod prepare;
mod run;
mod wasi;

#[cfg(test)]
mod tests;

pub use module::{ImportProblem, Module, ModuleError, RefusedImport};
pub use run::{Progress, Run};

use alloc::{string::String, vec::Vec};
use core::fmt;

/// Counts of things in a module that are valid in any number, and that no program needs more of.
pub mod caps {
    pub use crate::prepare::{
        FRAME_SLOTS_MAX, FUNCTIONS_MAX, GLOBALS_MAX, LOCALS_MAX, PARAMS_MAX, RESULTS_MAX, SEGMENTS_MAX,
        TABLES_MAX,
    };
}

/// What a unit of fuel is: the engine whose instructions are counted, and the version of what this crate adds to it.
///
/// `wasmi-1.1.0`: 1 for each instruction of its register code, 1 for 64 bytes copied or grown. `formix-2`: canonical NaNs and large frames as
/// `prepare.rs` writes them, and the costs of WASI's functions as `wasi/calls.rs` lists them. Anything that changes a run's fuel changes
/// this name.
pub const GAS_SCHEDULE: &str = "wasmi-1.1.0/formix-2";

/// What a run may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Fuel, in units of [`GAS_SCHEDULE`].
    pub fuel: u64,
    /// Bytes of linear memory. A page has 65,536.
    pub memory_bytes: u64,
    /// Bytes of the engine's stack, on which locals and operands are kept, 8 bytes each; 1,024 at least. A program's own stack, where
    /// compilers keep arrays, is in its memory. Set when a module is compiled.
    pub stack_bytes: u64,
    /// Calls within calls. Set when a module is compiled.
    pub call_depth: u64,
    /// Bytes of the module.
    pub module_bytes: u64,
    /// Elements of each table.
    pub table_elements: u64,
    /// Bytes of standard output and standard error together.
    pub output_bytes: u64,
}

impl Default for Limits {
    /// Some seconds of a server's core, and memory that a tab has.
    fn default() -> Self {
        Self {
            fuel: 2_000_000_000,
            memory_bytes: 256 << 20,
            stack_bytes: 4 << 20,
            call_depth: 16_384,
            module_bytes: 16 << 20,
            table_elements: 1 << 20,
            output_bytes: 16 << 20,
        }
    }
}

/// What a guest is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command<'a> {
    /// The arguments; by custom the first is the program's name. A zero byte ends an argument.
    pub args: Vec<String>,
    /// Names and values of the environment.
    pub env: Vec<(String, String)>,
    /// The standard input.
    pub stdin: &'a [u8],
    /// The export to call, a function without parameters and results.
    pub entry: String,
    /// The key of all randomness.
    pub seed: [u8; 32],
    /// What the guest's clock starts at.
    pub now: codec::Instant,
}

impl Default for Command<'_> {
    /// No arguments, no input, the entry `_start`, zeros.
    fn default() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            stdin: &[],
            entry: "_start".into(),
            seed: [0; 32],
            now: codec::Instant::default(),
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// How it ended.
    pub ending: Ending,
    /// What the guest wrote to its standard output, also where it failed.
    pub stdout: Vec<u8>,
    /// What the guest wrote to its standard error.
    pub stderr: Vec<u8>,
    /// Fuel used, in units of [`GAS_SCHEDULE`]; the whole limit for [`Trap::OutOfFuel`].
    pub fuel: u64,
    /// The greatest size of the guest's memory.
    pub memory_peak_bytes: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The guest ended by itself, with this code: 0 where its entry returned.
    Exit(u32),
    /// The guest was ended.
    Trap(Trap),
    /// No function without parameters and results is exported under the entry's name.
    NoEntry,
    /// This machine could not give memory that the limits allow. It says nothing of the job: another machine may do it.
    MachineOutOfMemory,
}

impl Ending {
    /// Whether the job did what it was to do: exit code 0.
    #[must_use]
    pub fn succeeded(self) -> bool {
        self == Self::Exit(0)
    }
}

/// Why a guest was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// It used all of [`Limits::fuel`].
    OutOfFuel,
    /// It needs more than [`Limits::memory_bytes`] to begin with; or it gave up (`unreachable`) after it had been refused more.
    MemoryLimit,
    /// A table has more than [`Limits::table_elements`] to begin with.
    TableLimit,
    /// It used all of [`Limits::stack_bytes`] or [`Limits::call_depth`].
    StackExhausted,
    /// It wrote more than [`Limits::output_bytes`]. What fits is kept.
    OutputFull,
    /// It executed `unreachable`: how most languages abort.
    Unreachable,
    /// It accessed memory beyond its end.
    MemoryOutOfBounds,
    /// It accessed a table beyond its end.
    TableOutOfBounds,
    /// It called a table's element that holds no function.
    IndirectCallToNull,
    /// It called a table's element that has another signature.
    BadSignature,
    /// It divided by zero.
    DivisionByZero,
    /// A quotient had no room in its type.
    IntegerOverflow,
    /// It converted a NaN, or a number too large, to an integer.
    BadConversion,
    /// It called a function of WASI's that needs memory, and exports no `memory`.
    NoMemory,
    /// The engine refused to go on for a reason without a name.
    Engine,
}

impl Trap {
    /// The name by which documents call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfFuel => "out-of-fuel",
            Self::MemoryLimit => "memory-limit",
            Self::TableLimit => "table-limit",
            Self::StackExhausted => "stack-exhausted",
            Self::OutputFull => "output-full",
            Self::Unreachable => "unreachable",
            Self::MemoryOutOfBounds => "memory-out-of-bounds",
            Self::TableOutOfBounds => "table-out-of-bounds",
            Self::IndirectCallToNull => "indirect-call-to-null",
            Self::BadSignature => "bad-signature",
            Self::DivisionByZero => "division-by-zero",
            Self::IntegerOverflow => "integer-overflow",
            Self::BadConversion => "bad-conversion",
            Self::NoMemory => "no-memory",
            Self::Engine => "engine",
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfFuel => "it used all its fuel: raise the limit, or look for an endless loop",
            Self::MemoryLimit => "it needs more memory than its limit: raise the limit",
            Self::TableLimit => "it needs a larger table than its limit: raise the limit",
            Self::StackExhausted => {
                "its calls go deeper than its stack: raise the limit, or look for endless recursion"
            }
            Self::OutputFull => "it wrote more than its limit: raise the limit, or write less",
            Self::Unreachable => "it aborted (`unreachable`); its standard error may say why",
            Self::MemoryOutOfBounds => "it accessed memory beyond its end",
            Self::TableOutOfBounds => "it accessed a table beyond its end",
            Self::IndirectCallToNull => "it called a function pointer that points nowhere",
            Self::BadSignature => "it called a function pointer of another type",
            Self::DivisionByZero => "it divided by zero",
            Self::IntegerOverflow => "an integer overflowed in a division",
            Self::BadConversion => "it converted a number to an integer that cannot hold it",
            Self::NoMemory => "it called WASI and exports no memory of the name `memory`",
            Self::Engine => "the engine refused to go on",
        })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "it ended with exit code {code}"),
            Self::Trap(trap) => trap.fmt(f),
            Self::NoEntry => f.write_str(
                "the module exports no function of the entry's name that takes and returns nothing",
            ),
            Self::MachineOutOfMemory => f.write_str("the machine that ran it had no more memory"),
        }
    }
}
