//! Length-delimited frames on a byte stream: an unsigned varint, then that many bytes.
//!
//! The prefix is the multiformats unsigned-varint, in its shortest form and of at most four bytes here,
//! which is as far as any frame in this project goes.

use alloc::vec::Vec;
use core::fmt;

/// Longest prefix, in bytes: 28 bits of length.
const PREFIX_MAX: usize = 4;

/// The stream does not carry frames that this reader accepts. The stream is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame announces more bytes than the reader's limit.
    TooLong {
        /// Bytes announced.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The length prefix is not a varint in its shortest form.
    Prefix,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => {
                write!(f, "a frame of {len} bytes, where at most {max} are allowed")
            }
            Self::Prefix => f.write_str("a frame's length prefix is not a shortest-form varint"),
        }
    }
}

impl core::error::Error for FrameError {}

/// `body` with its length before it.
///
/// # Panics
/// When `body` has 2^28 bytes or more: callers send types whose limit is far below.
pub fn write(body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 1 << (7 * PREFIX_MAX), "a frame this long is never sent");
    let mut out = Vec::with_capacity(body.len() + PREFIX_MAX);
    let mut rest = body.len();
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            break;
        }
        out.push(low | 0x80);
    }
    out.extend_from_slice(body);
    out
}

/// Cuts a byte stream into frames.
#[derive(Debug)]
pub struct Reader {
    buffer: Vec<u8>,
    max: usize,
}

impl Reader {
    /// A reader of frames whose bodies have at most `max` bytes.
    pub const fn new(max: usize) -> Self {
        Self { buffer: Vec::new(), max }
    }

    /// Takes bytes as they come from the stream. Drain [`Reader::next_frame`] before pushing more: the
    /// reader holds what it is given.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame's body, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError`] as soon as the prefix shows that no acceptable frame follows.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let mut len = 0usize;
        for (index, byte) in self.buffer.iter().copied().enumerate() {
            len |= usize::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                if byte == 0 && index > 0 {
                    return Err(FrameError::Prefix);
                }
                if len > self.max {
                    return Err(FrameError::TooLong { len, max: self.max });
                }
                let end = index + 1 + len;
                if self.buffer.len() < end {
                    return Ok(None);
                }
                let body = self.buffer[index + 1..end].to_vec();
                self.buffer.drain(..end);
                return Ok(Some(body));
            }
            if index + 1 == PREFIX_MAX {
                return Err(FrameError::Prefix);
            }
        }
        Ok(None)
    }

    /// Whether the stream stands between two frames.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }
}
