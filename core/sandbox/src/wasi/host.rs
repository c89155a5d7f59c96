//! What a run keeps on this side of the guest.

use alloc::{string::String, vec::Vec};
use core::fmt;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use wasmi::{ResourceLimiter, errors::HostError};
use wasmi_core::LimiterError;

use crate::{Command, Limits, Trap};

/// What is open: the standard streams, unless the guest closed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

/// Why a call ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    Exit(u32),
    Trap(Trap),
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "exit {code}"),
            Self::Trap(trap) => trap.fmt(f),
        }
    }
}

impl HostError for Halt {}

/// The state of one run.
pub(crate) struct Host {
    pub(crate) args: Vec<Vec<u8>>,
    pub(crate) env: Vec<Vec<u8>>,
    pub(crate) stdin: Vec<u8>,
    pub(crate) stdin_read: usize,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) streams: [Option<Stream>; 3],
    pub(crate) random: ChaCha20Rng,
    /// The guest's clock when it started, in nanoseconds since 1970.
    pub(crate) began_ns: u64,
    /// How far it went since.
    pub(crate) elapsed_ns: u64,
    /// Fuel of the limit that no step has handed to the engine yet.
    pub(crate) reserve: u64,
    output_bytes: u64,
    memory_bytes: u64,
    table_elements: u64,
    /// The most memory that the guest had.
    pub(crate) memory_peak: u64,
    /// Whether a growth of memory was refused since it would exceed the limit.
    pub(crate) memory_refused: bool,
    /// Whether this machine failed to give memory that the limits allow.
    pub(crate) machine_failed: bool,
}

impl Host {
    pub(crate) fn new(command: &Command<'_>, limits: &Limits) -> Self {
        let ended = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.push(0);
            bytes
        };
        let variable = |(name, value): &(String, String)| ended(&alloc::format!("{name}={value}"));
        Self {
            args: command.args.iter().map(|arg| ended(arg)).collect(),
            env: command.env.iter().map(variable).collect(),
            stdin: command.stdin.to_vec(),
            stdin_read: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            streams: [Some(Stream::Stdin), Some(Stream::Stdout), Some(Stream::Stderr)],
            random: ChaCha20Rng::from_seed(command.seed),
            began_ns: command.now.unix_ms().saturating_mul(1_000_000),
            elapsed_ns: 0,
            reserve: limits.fuel,
            output_bytes: limits.output_bytes,
            memory_bytes: limits.memory_bytes,
            table_elements: limits.table_elements,
            memory_peak: 0,
            memory_refused: false,
            machine_failed: false,
        }
    }

    /// Bytes that may still be written.
    pub(crate) fn output_left(&self) -> u64 {
        self.output_bytes.saturating_sub((self.stdout.len() + self.stderr.len()) as u64)
    }

    /// What the guest's clock shows.
    pub(crate) fn clock_ns(&self) -> u64 {
        self.began_ns.saturating_add(self.elapsed_ns)
    }
}

impl ResourceLimiter for Host {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        // All of 4 GiB: where a `usize` has 32 bits, the engine refuses by itself and does not ask.
        if u32::try_from(desired).is_err() {
            return Ok(false);
        }
        let allowed = desired as u64 <= self.memory_bytes;
        let size = if allowed { desired } else { current };
        self.memory_peak = self.memory_peak.max(size as u64);
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    // Judged for each table alone: the engine asks again for a growth that had to wait for fuel, so that what was granted cannot be
    // counted here.
    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(desired as u64 <= self.table_elements)
    }

    fn memory_grow_failed(&mut self, error: &LimiterError) {
        self.machine_failed |= matches!(error, LimiterError::OutOfSystemMemory);
    }

    fn table_grow_failed(&mut self, error: &LimiterError) {
        self.machine_failed |= matches!(error, LimiterError::OutOfSystemMemory);
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        crate::prepare::TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        1
    }
}
