//! WASI preview 1 as a job sees it: standard streams, arguments, a clock and randomness that are functions of the job, nothing else.
//!
//! Every function of the interface exists, so that programs link. Those that would reach outside answer as on a host that
//! opened nothing for the program: `badf` for a file descriptor that is not open, `notsock`, `notdir`, `spipe` where a standard stream is
//! asked for what streams cannot do.
//!
//! Numbers and layouts are those of `wasi_snapshot_preview1.witx`.

mod calls;
mod host;
mod memory;

pub(crate) use calls::Function;
pub(crate) use host::{Halt, Host};

/// The module that the functions are imported from.
pub(crate) const MODULE: &str = "wasi_snapshot_preview1";

/// The errors that are given, as `errno` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Errno {
    Success = 0,
    Badf = 8,
    Fault = 21,
    Inval = 28,
    Nosys = 52,
    Notdir = 54,
    Notsock = 57,
    Overflow = 61,
    Spipe = 70,
    Notcapable = 76,
}

/// A call's outcome: done, an error for the guest, or the end of the run.
pub(crate) enum Failure {
    Errno(Errno),
    Halt(Halt),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}
