//! The bytes that jobs need and give: modules, inputs and outputs, by content id.

use codec::ContentId;
use core::fmt;

/// Longest blob, in bytes: the longest module, and the longest output.
pub const BLOB_BYTES_MAX: u64 = 64 << 20;
/// Milliseconds that a blob which no job needs is kept after bytes of it last came.
pub const UNUSED_MS: u64 = 10 * 60_000;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Most bytes in all.
    pub bytes_max: u64,
    /// Most bytes of one identity's uploads, as long as no job needs them; those without an identity share one such part.
    pub bytes_each_max: u64,
    /// Most blobs of one identity that no job needs.
    pub blobs_each_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { bytes_max: 1 << 30, bytes_each_max: 256 << 20, blobs_each_max: 4_096 }
    }
}

/// How much of a blob is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Bytes that are here, from the first on.
    pub have: u64,
    /// Bytes of the whole.
    pub len: u64,
}

impl Progress {
    /// Whether all of it is here, and checked against its content id.
    pub const fn is_whole(self) -> bool {
        self.have == self.len
    }
}

/// Why bytes are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobError {
    /// The blob is longer than [`BLOB_BYTES_MAX`], or the message than a chunk may be.
    TooLong {
        /// Bytes given.
        len: u64,
        /// Bytes taken.
        max: u64,
    },
    /// The bytes do not go on where those before ended, or run beyond the end.
    Offset {
        /// Where they must begin.
        have: u64,
        /// Bytes of the whole, as first said.
        len: u64,
    },
    /// All bytes came, and are not those of the content id. They are dropped.
    OtherBytes {
        /// What their content id is.
        found: ContentId,
    },
    /// This identity has as much here unused as one may have.
    FullForYou,
    /// No room is left.
    Full,
}

impl BlobError {
    /// After how many milliseconds trying again may help.
    pub const fn retry_ms(self) -> Option<u64> {
        match self {
            Self::FullForYou | Self::Full => Some(60_000),
            _ => None,
        }
    }
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => write!(f, "{len} bytes, where at most {max} are taken"),
            Self::Offset { have, len } => {
                write!(f, "{have} of {len} bytes are here: go on from byte {have}, and not beyond the end")
            }
            Self::OtherBytes { found } => write!(f, "these bytes are those of {found}; they are dropped"),
            Self::FullForYou => f.write_str(
                "you have as many bytes here that no job needs as one may have; submit the jobs that need them, or wait ten minutes",
            ),
            Self::Full => f.write_str("no room is left for bytes on this heavy node; try again in a minute"),
        }
    }
}

impl core::error::Error for BlobError {}
