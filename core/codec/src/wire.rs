use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use core::fmt;

/// A type with one encoding and a size limit of its own.
///
/// The limit counts encoded bytes. It bounds everything inside the value as well: a list can have no
/// more elements than the bytes that carry it.
pub trait Wire: BorshSerialize + BorshDeserialize {
    /// Longest encoding that [`decode`] looks at, in bytes.
    const BYTES_MAX: usize;
}

/// Why bytes are not a value of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input is longer than the type allows.
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The input is not an encoding of the type: cut short, over-long, or with an impossible tag.
    Malformed {
        /// Byte offset at which reading stopped.
        at: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => write!(f, "{len} bytes, where at most {max} are allowed"),
            Self::Malformed { at } => write!(f, "not a valid encoding (byte {at})"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// The one encoding of `value`.
///
/// # Panics
/// Never for types derived with borsh: writing to memory does not fail, and no list in this project
/// comes near borsh's 2^32 elements.
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

/// Reads a whole `T` from `bytes`.
///
/// # Errors
/// [`DecodeError::TooLong`] beyond the type's limit; [`DecodeError::Malformed`] when the bytes are not
/// exactly one encoding of `T`.
pub fn decode<T: Wire>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > T::BYTES_MAX {
        return Err(DecodeError::TooLong { len: bytes.len(), max: T::BYTES_MAX });
    }
    let mut rest = bytes;
    match T::deserialize(&mut rest) {
        Ok(value) if rest.is_empty() => Ok(value),
        _ => Err(DecodeError::Malformed { at: bytes.len() - rest.len() }),
    }
}
