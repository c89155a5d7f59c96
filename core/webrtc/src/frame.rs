//! One frame of a stream: a length prefix and the protobuf message `{ flag, message }`.
//!
//! ```text
//! unsigned-varint length of what follows
//!   0x08 flag              optional, field 1: FIN 0, STOP_SENDING 1, RESET_STREAM 2, FIN_ACK 3
//!   0x12 length payload    optional, field 2
//!   0xc0 0x3e credit       optional, field 1000: this project's extension, skipped by others
//! ```
//!
//! Peers differ in how they cut frames into channel messages (some coalesce several frames before a
//! flush), so the bytes of successive messages are read as one byte stream. What this crate sends is
//! always one frame a message.

use alloc::vec::Vec;
use core::fmt;

#[cfg(test)]
mod tests;

/// The largest frame in bytes, its length prefix included (specification, "Multiplexing").
pub const MESSAGE_LEN_MAX: usize = 16 * 1024;

/// The most bytes a frame needs besides its payload: the length prefix, the flag, the payload's tag
/// and length, and the credit field.
pub const OVERHEAD_MAX: usize = 2 + 2 + 3 + CREDIT_LEN_MAX;

const CREDIT_LEN_MAX: usize = 2 + 10;
const TAG_FLAG: u64 = 1 << 3;
const TAG_PAYLOAD: u64 = 2 << 3 | WIRE_LEN;
const TAG_CREDIT: u64 = 1000 << 3;

const WIRE_VARINT: u64 = 0;
const WIRE_I64: u64 = 1;
const WIRE_LEN: u64 = 2;
const WIRE_I32: u64 = 5;

/// What a frame says about its sender's halves of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// The sender will send no more data.
    Fin = 0,
    /// The sender will read no more data and discards what arrives.
    StopSending = 1,
    /// The sender abandons its sending half; data already received may be discarded.
    Reset = 2,
    /// The sender has received `Fin`, and so everything sent before it.
    FinAck = 3,
}

impl Flag {
    fn from_wire(value: u64) -> Option<Self> {
        match value {
            0 => Some(Self::Fin),
            1 => Some(Self::StopSending),
            2 => Some(Self::Reset),
            3 => Some(Self::FinAck),
            // proto2: an enum value from a later version reads as an absent field.
            _ => None,
        }
    }
}

/// One decoded frame, or one to encode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// A change in the sender's halves of the stream.
    pub flag: Option<Flag>,
    /// The total number of payload bytes, from the stream's start, that the sender is ready to
    /// receive. Absent from peers without this extension.
    pub credit: Option<u64>,
    /// Data of the stream; may be empty.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// The encoded frame, as one message for the channel. The caller keeps the payload to
    /// `MESSAGE_LEN_MAX - OVERHEAD_MAX` bytes; then the result is at most [`MESSAGE_LEN_MAX`] long.
    pub fn encode(&self) -> Vec<u8> {
        let mut header = [0; OVERHEAD_MAX];
        let mut at = 0;
        if let Some(flag) = self.flag {
            put(&mut header, &mut at, TAG_FLAG);
            put(&mut header, &mut at, flag as u64);
        }
        if let Some(credit) = self.credit {
            put(&mut header, &mut at, TAG_CREDIT);
            put(&mut header, &mut at, credit);
        }
        if !self.payload.is_empty() {
            put(&mut header, &mut at, TAG_PAYLOAD);
            put(&mut header, &mut at, self.payload.len() as u64);
        }
        let body = at + self.payload.len();
        let mut prefix = [0; 10];
        let mut prefix_len = 0;
        put(&mut prefix, &mut prefix_len, body as u64);
        let mut out = Vec::with_capacity(prefix_len + body);
        out.extend_from_slice(&prefix[..prefix_len]);
        out.extend_from_slice(&header[..at]);
        out.extend_from_slice(self.payload);
        out
    }
}

/// Why bytes are not a frame. Every case is the peer's fault and ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The length prefix announces more than [`MESSAGE_LEN_MAX`].
    TooLong,
    /// A varint has more than ten bytes, or bits above the 64th.
    BadVarint,
    /// A field's wire type is unknown or not the one the schema gives it.
    BadWireType,
    /// A field runs past the end of its frame.
    Truncated,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "peer sent a frame above 16 KiB",
            Self::BadVarint => "peer sent an overlong varint",
            Self::BadWireType => "peer sent a field of the wrong wire type",
            Self::Truncated => "peer sent a field that runs past its frame",
        })
    }
}

impl core::error::Error for FrameError {}

/// Takes the first frame off `bytes`: the frame and the number of bytes it took, or `None` when more
/// bytes are needed.
///
/// # Errors
/// [`FrameError`] when no continuation of `bytes` could be a frame.
pub fn decode(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let Some(end) = frame_end(bytes)? else {
        return Ok(None);
    };
    let Some(frame) = bytes.get(..end.total) else {
        return Ok(None);
    };
    Ok(Some((decode_body(&frame[end.prefix..])?, end.total)))
}

/// Splits a byte stream into frames; keeps at most one incomplete frame.
#[derive(Debug, Default)]
pub struct Decoder {
    partial: Vec<u8>,
}

impl Decoder {
    /// A decoder at a frame's boundary.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes of the stream and hands each complete frame to `each`, in order. Frames
    /// that lie whole within `bytes` are not copied.
    ///
    /// # Errors
    /// The first [`FrameError`]; frames before it were handed out. The stream is then unusable.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame<'_>)) -> Result<(), FrameError> {
        while !self.partial.is_empty() && !bytes.is_empty() {
            // Only what this frame lacks is appended, so `partial` never outgrows one frame.
            let wanted = match frame_end(&self.partial)? {
                Some(end) => end.total - self.partial.len(),
                None => 1,
            };
            let (head, rest) = bytes.split_at(wanted.min(bytes.len()));
            self.partial.extend_from_slice(head);
            bytes = rest;
            if let Some((frame, _)) = decode(&self.partial)? {
                each(frame);
                self.partial.clear();
            }
        }
        while !bytes.is_empty() {
            match decode(bytes)? {
                Some((frame, used)) => {
                    each(frame);
                    bytes = &bytes[used..];
                }
                None => {
                    self.partial.extend_from_slice(bytes);
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Three bytes hold any length that is allowed.
const PREFIX_LEN_MAX: usize = 3;

struct FrameEnd {
    prefix: usize,
    total: usize,
}

fn frame_end(bytes: &[u8]) -> Result<Option<FrameEnd>, FrameError> {
    let Some((len, prefix)) = varint(bytes)? else {
        return if bytes.len() > PREFIX_LEN_MAX { Err(FrameError::TooLong) } else { Ok(None) };
    };
    match usize::try_from(len) {
        // A padded prefix is refused also when it is whole, so that no cut of the bytes matters.
        Ok(len) if prefix <= PREFIX_LEN_MAX && len <= MESSAGE_LEN_MAX - prefix => {
            Ok(Some(FrameEnd { prefix, total: prefix + len }))
        }
        _ => Err(FrameError::TooLong),
    }
}

fn decode_body(mut body: &[u8]) -> Result<Frame<'_>, FrameError> {
    let mut frame = Frame::default();
    while !body.is_empty() {
        let tag = take_varint(&mut body)?;
        match tag {
            TAG_FLAG => frame.flag = Flag::from_wire(take_varint(&mut body)?),
            TAG_CREDIT => frame.credit = Some(take_varint(&mut body)?),
            TAG_PAYLOAD => frame.payload = take_len(&mut body)?,
            _ if matches!(tag >> 3, 0 | 1 | 2 | 1000) => return Err(FrameError::BadWireType),
            _ => match tag & 7 {
                WIRE_VARINT => drop(take_varint(&mut body)?),
                WIRE_I64 => drop(take(&mut body, 8)?),
                WIRE_LEN => drop(take_len(&mut body)?),
                WIRE_I32 => drop(take(&mut body, 4)?),
                _ => return Err(FrameError::BadWireType),
            },
        }
    }
    Ok(frame)
}

fn take<'a>(body: &mut &'a [u8], len: usize) -> Result<&'a [u8], FrameError> {
    let (head, rest) = body.split_at_checked(len).ok_or(FrameError::Truncated)?;
    *body = rest;
    Ok(head)
}

fn take_len<'a>(body: &mut &'a [u8]) -> Result<&'a [u8], FrameError> {
    let len = usize::try_from(take_varint(body)?).map_err(|_| FrameError::Truncated)?;
    take(body, len)
}

fn take_varint(body: &mut &[u8]) -> Result<u64, FrameError> {
    let (value, len) = varint(body)?.ok_or(FrameError::Truncated)?;
    *body = &body[len..];
    Ok(value)
}

/// The varint at the start of `bytes` and its length; `None` when it is not complete.
fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, FrameError> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        if at == 9 && *byte > 1 {
            return Err(FrameError::BadVarint);
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() >= 10 { Err(FrameError::BadVarint) } else { Ok(None) }
}

fn put(out: &mut [u8], at: &mut usize, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out[*at] = if value == 0 { low } else { low | 0x80 };
        *at += 1;
        if value == 0 {
            return;
        }
    }
}
