//! One libp2p stream over one data channel: half-close, reset, acknowledged close, flow control.
//!
//! The two halves move on their own, as in QUIC (RFC 9000, section 3):
//!
//! ```text
//! write   Open ──close_write──► FinSent ──FIN_ACK──► Closed          Open ──abandon──► Closed
//!              └──────────────── STOP_SENDING ─────► Stopped (RESET unless FIN was sent)
//! read    Open ──FIN──► Finished        Open ──RESET──► Reset        Open ──abandon──► Stopped
//! ```
//!
//! When both halves have ended, the side with [`Config::closes`] closes the channel, once. A peer that
//! never acknowledges the end (some do not), or never closes, is given [`Config::linger`].
//!
//! # Driving it
//! The shell sends each [`Output::Send`] as one message, in order. It calls [`Stream::write`] only
//! while its channel takes more, so that back-pressure reaches the writer; what `poll_output` hands
//! out is bounded but is not to be refused. After any call, [`Stream::is_readable`] and
//! [`Stream::is_writable`] say whether a waiting reader or writer can go on.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::Instant;
use crate::frame::{Decoder, Flag, Frame, FrameError, MESSAGE_LEN_MAX, OVERHEAD_MAX};

#[cfg(test)]
mod tests;

/// What a peer may send in a stream before it has seen our credit.
pub const INITIAL_CREDIT: u64 = 64 * 1024;

/// Unread capacity above which an emptied receive buffer gives its memory back.
const IDLE_CAPACITY_MAX: usize = 64 * 1024;

/// The limits of a stream. The defaults suit both shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Largest message in bytes towards a peer that has shown this crate's extension; at most
    /// [`MESSAGE_LEN_MAX`].
    pub message_len_max: usize,
    /// Largest message in bytes towards any other peer. rust-libp2p's listener reads into 8 KiB.
    pub message_len_max_unknown: usize,
    /// Unread bytes that a peer with flow control may have in flight.
    pub receive_window: u64,
    /// Unread bytes kept from a peer without flow control; one byte more resets the stream.
    pub receive_max: usize,
    /// How long to wait for the peer's side of the end before the channel is closed regardless.
    pub linger: Duration,
    /// Whether to offer flow control. Off for the Noise handshake on channel 0.
    pub credit: bool,
    /// Whether this side closes the channel when both halves have ended; the other side waits
    /// [`Config::linger`] for the close. Exactly one side should, so the one that dialled the connection
    /// does: when both reset an SCTP stream at once, implementations answer the peer's reset with a second
    /// of their own, which then hits the next channel of the same number.
    pub closes: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            message_len_max: MESSAGE_LEN_MAX,
            message_len_max_unknown: 8 * 1024,
            receive_window: 2 * 1024 * 1024,
            receive_max: 4 * 1024 * 1024,
            linger: Duration::from_secs(10),
            credit: true,
            closes: true,
        }
    }
}

impl Config {
    /// The limits for the Noise handshake on channel 0: two short messages each way.
    pub fn handshake() -> Self {
        Self { receive_max: 64 * 1024, credit: false, closes: false, ..Self::default() }
    }
}

/// What the channel reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A message of the peer.
    Message(&'a [u8]),
    /// The channel has closed: by the peer, or because the connection is gone.
    ChannelClosed,
}

/// What the shell is to do with the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this as one message.
    Send(Vec<u8>),
    /// Close the channel, after what was sent before. Comes once, last.
    CloseChannel,
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// Nothing has arrived yet; try again when [`Stream::is_readable`].
    Blocked,
    /// The peer reset its sending half.
    Reset,
    /// The channel closed without the peer's `FIN`.
    ChannelClosed,
    /// The peer sent more than the reader took and the bounds allow; the stream was reset.
    Overflow,
    /// The peer broke the framing; the stream was reset.
    PeerMisbehaved(FrameError),
    /// This side abandoned the stream before.
    Abandoned,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked => f.write_str("no data yet"),
            Self::Reset => f.write_str("peer reset the stream"),
            Self::ChannelClosed => f.write_str("channel closed before the end of the stream"),
            Self::Overflow => f.write_str("peer sent more than the receive bound"),
            Self::PeerMisbehaved(error) => error.fmt(f),
            Self::Abandoned => f.write_str("stream was abandoned by this side"),
        }
    }
}

impl core::error::Error for ReadError {}

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// The last message is not taken yet, or the peer's credit is used up; try again when
    /// [`Stream::is_writable`].
    Blocked,
    /// The peer no longer reads.
    Stopped,
    /// This side closed its writing half before, or abandoned the stream.
    Closed,
    /// The channel closed.
    ChannelClosed,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocked => "peer takes no more data yet",
            Self::Stopped => "peer no longer reads the stream",
            Self::Closed => "writing half is closed",
            Self::ChannelClosed => "channel closed",
        })
    }
}

impl core::error::Error for WriteError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteHalf {
    Open,
    FinSent,
    Ended(WriteError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadHalf {
    Open,
    Finished,
    Ended(ReadError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Open,
    /// `CloseChannel` is to come out after what is queued.
    Closing,
    Closed,
}

/// A stream's state. See the module for how to drive it.
#[derive(Debug)]
pub struct Stream {
    config: Config,
    decoder: Decoder,
    write: WriteHalf,
    read: ReadHalf,
    channel: Channel,

    received: VecDeque<u8>,
    received_total: u64,
    /// The credit last told to the peer.
    credit_told: u64,

    /// Payload that is not a frame yet.
    staged: Vec<u8>,
    /// A frame of data to send.
    ready: Option<Vec<u8>>,
    flush: bool,
    sent_total: u64,
    /// The credit last told by the peer.
    credit_got: u64,
    /// Whether the peer has flow control; unknown until its first frame.
    peer_credit: Option<bool>,
    sent_first: bool,

    // Flags to send, each at most once: the queue of control frames cannot grow.
    send_fin: bool,
    send_fin_ack: bool,
    send_stop: bool,
    send_reset: bool,
    send_credit: bool,

    abandoned: bool,
    deadline: Option<Instant>,
}

impl Stream {
    /// A stream over an open or opening channel, alike for both sides.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            decoder: Decoder::new(),
            write: WriteHalf::Open,
            read: ReadHalf::Open,
            channel: Channel::Open,
            received: VecDeque::new(),
            received_total: 0,
            credit_told: INITIAL_CREDIT,
            staged: Vec::new(),
            ready: None,
            flush: false,
            sent_total: 0,
            credit_got: INITIAL_CREDIT,
            peer_credit: if config.credit { None } else { Some(false) },
            sent_first: false,
            send_fin: false,
            send_fin_ack: false,
            send_stop: false,
            send_reset: false,
            send_credit: false,
            abandoned: false,
            deadline: None,
        }
    }

    // Getters.

    /// Whether [`Stream::read`] gives something other than [`ReadError::Blocked`].
    pub fn is_readable(&self) -> bool {
        !self.received.is_empty() || self.read != ReadHalf::Open
    }

    /// Whether [`Stream::write`] gives something other than [`WriteError::Blocked`].
    pub fn is_writable(&self) -> bool {
        match self.write {
            WriteHalf::Open => {
                self.credit_left() > 0 && (self.ready.is_none() || self.staged.len() < self.payload_max())
            }
            _ => true,
        }
    }

    /// Whether everything written, and a close, has been handed out to send. For `flush` and `close`
    /// of a byte stream.
    pub fn is_flushed(&self) -> bool {
        self.ready.is_none() && self.staged.is_empty() && !self.send_fin
    }

    /// Whether the machine is done: `CloseChannel` has come out or the channel has closed.
    pub fn is_finished(&self) -> bool {
        self.channel == Channel::Closed
    }

    /// Bytes received and not read.
    pub fn unread(&self) -> usize {
        self.received.len()
    }

    /// Whether the peer has shown flow control; `None` before its first frame.
    pub fn peer_has_credit(&self) -> Option<bool> {
        self.peer_credit
    }

    // Inputs.

    /// Takes in what the channel reports.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Message(bytes) => self.handle_message(bytes),
            Input::ChannelClosed => self.handle_closed(),
        }
        self.settle(now);
    }

    /// Lets time pass; to be called at the moment that `poll_timeout` named, or later.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.deadline = None;
            self.end_channel();
        }
    }

    // Commands.

    /// Moves received bytes into `buf`: their number, or 0 at the end of the stream.
    ///
    /// # Errors
    /// [`ReadError::Blocked`] when there is nothing yet; any other ends the reading half.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        if self.received.is_empty() {
            return match self.read {
                ReadHalf::Open => Err(ReadError::Blocked),
                ReadHalf::Finished => Ok(0),
                ReadHalf::Ended(error) => Err(error),
            };
        }
        let (front, back) = self.received.as_slices();
        let from_front = front.len().min(buf.len());
        buf[..from_front].copy_from_slice(&front[..from_front]);
        let from_back = back.len().min(buf.len() - from_front);
        buf[from_front..from_front + from_back].copy_from_slice(&back[..from_back]);
        let len = from_front + from_back;
        self.received.drain(..len);
        if self.received.is_empty() && self.received.capacity() > IDLE_CAPACITY_MAX {
            self.received = VecDeque::new();
        }
        self.consider_credit();
        Ok(len)
    }

    /// Takes bytes to send: the number taken, at least one unless `data` is empty. They leave when a
    /// message is full, on [`Stream::flush`] or on [`Stream::close_write`].
    ///
    /// # Errors
    /// [`WriteError::Blocked`] when none can be taken yet; any other ends the writing half.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        match self.write {
            WriteHalf::Open => {}
            WriteHalf::FinSent => return Err(WriteError::Closed),
            WriteHalf::Ended(error) => return Err(error),
        }
        if data.is_empty() {
            return Ok(0);
        }
        let room = self.payload_max().saturating_sub(self.staged.len());
        let credit = usize::try_from(self.credit_left()).unwrap_or(usize::MAX);
        let len = data.len().min(room).min(credit);
        if len == 0 {
            return Err(WriteError::Blocked);
        }
        self.staged.extend_from_slice(&data[..len]);
        self.sent_total += len as u64;
        // At the end of the credit nothing more can join the message, and the peer grants more only
        // for what it has received.
        if self.staged.len() >= self.payload_max() || self.credit_left() == 0 {
            self.flush = true;
        }
        self.seal();
        Ok(len)
    }

    /// Sends what was written and does not fill a message yet.
    pub fn flush(&mut self) {
        self.flush = !self.staged.is_empty();
        self.seal();
    }

    /// Ends the writing half after what was written; reading goes on.
    pub fn close_write(&mut self, now: Instant) {
        if self.write == WriteHalf::Open {
            self.flush();
            self.send_fin = true;
            self.write = WriteHalf::FinSent;
        }
        self.settle(now);
    }

    /// Gives the stream up: nobody will read it, and what was not closed before is reset. A close that
    /// was already sent still completes.
    pub fn abandon(&mut self, now: Instant) {
        if self.abandoned {
            return;
        }
        self.abandoned = true;
        self.discard_received();
        if self.read == ReadHalf::Open {
            self.read = ReadHalf::Ended(ReadError::Abandoned);
            self.send_stop = true;
        }
        if self.write == WriteHalf::Open {
            self.reset_write();
        }
        self.settle(now);
    }

    /// Resets the stream for want of room, when the shell's own bound over all its streams is reached:
    /// the reader sees [`ReadError::Overflow`].
    pub fn refuse(&mut self, now: Instant) {
        self.discard_received();
        self.fail(ReadError::Overflow);
        if self.read == ReadHalf::Finished {
            // The end had arrived, but what came before it is gone now.
            self.read = ReadHalf::Ended(ReadError::Overflow);
        }
        self.settle(now);
    }

    // Outputs.

    /// The next thing to do, to be drained after every other call.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.channel == Channel::Closed {
            return None;
        }
        if let Some(message) = self.ready.take() {
            self.seal();
            return Some(Output::Send(message));
        }
        let flag = if core::mem::take(&mut self.send_fin) {
            Some(Flag::Fin)
        } else if core::mem::take(&mut self.send_reset) {
            Some(Flag::Reset)
        } else if core::mem::take(&mut self.send_stop) {
            Some(Flag::StopSending)
        } else if self.may_acknowledge_alone() && core::mem::take(&mut self.send_fin_ack) {
            Some(Flag::FinAck)
        } else {
            None
        };
        if flag.is_some() || self.send_credit {
            return Some(Output::Send(self.encode(flag, &[])));
        }
        if self.channel == Channel::Closing {
            self.channel = Channel::Closed;
            return Some(Output::CloseChannel);
        }
        None
    }

    /// When to call `handle_timeout` next, and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        self.deadline.map(|at| (at, "peer's end of the stream"))
    }

    // The inside.

    fn handle_message(&mut self, bytes: &[u8]) {
        // After bad bytes there are no frame boundaries any more.
        let bad = matches!(self.read, ReadHalf::Ended(ReadError::PeerMisbehaved(_)));
        if self.channel != Channel::Open || bad {
            return;
        }
        let mut decoder = core::mem::take(&mut self.decoder);
        let result = decoder.feed(bytes, |frame| self.handle_frame(frame));
        self.decoder = decoder;
        if let Err(error) = result {
            self.fail(ReadError::PeerMisbehaved(error));
        }
    }

    fn handle_frame(&mut self, frame: Frame<'_>) {
        if self.peer_credit.is_none() {
            self.peer_credit = Some(frame.credit.is_some());
        }
        if let Some(credit) = frame.credit {
            // A later frame never takes credit back.
            self.credit_got = self.credit_got.max(credit);
        }
        if !frame.payload.is_empty() {
            self.handle_payload(frame.payload);
        }
        match (frame.flag, self.write, self.read) {
            (Some(Flag::Fin), _, read) => {
                if read == ReadHalf::Open {
                    self.read = ReadHalf::Finished;
                }
                self.send_fin_ack = true;
            }
            (Some(Flag::FinAck), WriteHalf::FinSent, _) if !self.send_fin => {
                self.write = WriteHalf::Ended(WriteError::Closed);
            }
            (Some(Flag::StopSending), WriteHalf::Open | WriteHalf::FinSent, _) => {
                // What had not left is gone, so the peer is told that there will be no end (RFC 9000,
                // section 3.5): some peers wait for the one or the other. A FIN that has left is an end.
                let ended = self.write == WriteHalf::FinSent && !self.send_fin;
                self.end_write(WriteError::Stopped);
                self.send_reset = !ended;
            }
            (Some(Flag::Reset), _, ReadHalf::Open) => {
                self.discard_received();
                self.read = ReadHalf::Ended(ReadError::Reset);
            }
            // A flag for a half that has ended says nothing new.
            _ => {}
        }
    }

    fn handle_payload(&mut self, payload: &[u8]) {
        if self.read != ReadHalf::Open {
            return;
        }
        self.received_total = self.received_total.saturating_add(payload.len() as u64);
        let over = match self.peer_credit {
            Some(true) => self.received_total > self.credit_told,
            _ => self.received.len() + payload.len() > self.config.receive_max,
        };
        if over {
            self.discard_received();
            self.fail(ReadError::Overflow);
            return;
        }
        self.received.extend(payload);
        self.consider_credit();
    }

    fn handle_closed(&mut self) {
        if self.read == ReadHalf::Open {
            self.read = ReadHalf::Ended(ReadError::ChannelClosed);
        }
        match self.write {
            WriteHalf::Open => self.end_write(WriteError::ChannelClosed),
            WriteHalf::FinSent => self.end_write(WriteError::Closed),
            WriteHalf::Ended(_) => {}
        }
        self.channel = Channel::Closed;
        self.deadline = None;
    }

    /// Ends both halves because of the peer; the channel follows in `settle`.
    fn fail(&mut self, error: ReadError) {
        if self.read == ReadHalf::Open {
            self.read = ReadHalf::Ended(error);
            self.send_stop = true;
        }
        if matches!(self.write, WriteHalf::Open | WriteHalf::FinSent) {
            self.reset_write();
        }
    }

    fn reset_write(&mut self) {
        self.end_write(WriteError::Closed);
        self.send_reset = true;
    }

    fn end_write(&mut self, error: WriteError) {
        self.write = WriteHalf::Ended(error);
        self.staged = Vec::new();
        self.ready = None;
        self.flush = false;
        self.send_fin = false;
    }

    fn end_channel(&mut self) {
        if self.channel == Channel::Open {
            self.channel = Channel::Closing;
        }
    }

    fn discard_received(&mut self) {
        self.received = VecDeque::new();
    }

    /// Closes the channel when both halves have ended, or sets the deadline for the peer's last word.
    fn settle(&mut self, now: Instant) {
        if self.channel != Channel::Open {
            self.deadline = None;
            return;
        }
        let read_open = self.read == ReadHalf::Open;
        match self.write {
            WriteHalf::Ended(_) if !read_open && self.config.closes => {
                self.deadline = None;
                self.end_channel();
            }
            WriteHalf::Ended(_) | WriteHalf::FinSent if !read_open && self.deadline.is_none() => {
                self.deadline = now.checked_add(self.config.linger);
            }
            _ => {}
        }
    }

    fn payload_max(&self) -> usize {
        let message = match self.peer_credit {
            Some(true) => self.config.message_len_max,
            _ => self.config.message_len_max_unknown,
        };
        message.clamp(OVERHEAD_MAX + 1, MESSAGE_LEN_MAX) - OVERHEAD_MAX
    }

    /// Payload bytes that the peer is ready to take.
    fn credit_left(&self) -> u64 {
        match self.peer_credit {
            Some(false) => u64::MAX,
            _ => self.credit_got.saturating_sub(self.sent_total),
        }
    }

    fn credit_now(&self) -> u64 {
        let read = self.received_total - self.received.len() as u64;
        read.saturating_add(self.config.receive_window)
    }

    /// Tells the peer of more credit when it gains enough to be worth a message. Before the first
    /// frame of ours the wait is longer: an answer is likely, and carries it for nothing.
    fn consider_credit(&mut self) {
        if self.peer_credit != Some(true) || self.read != ReadHalf::Open {
            return;
        }
        let gain = self.credit_now().saturating_sub(self.credit_told);
        let left = self.credit_told.saturating_sub(self.received_total);
        let worth = gain >= self.config.receive_window / 2;
        self.send_credit = worth && (self.sent_first || left <= INITIAL_CREDIT / 2);
    }

    /// Whether a `FIN_ACK` may go out in a frame of its own. rust-libp2p reads any frame without
    /// payload as the end of our sending half, so towards such a peer it waits: for the next frame of
    /// data, which carries it, or for the half's real end.
    fn may_acknowledge_alone(&self) -> bool {
        self.peer_credit == Some(true) || self.write != WriteHalf::Open
    }

    fn encode(&mut self, flag: Option<Flag>, payload: &[u8]) -> Vec<u8> {
        let offer = self.config.credit && !self.sent_first;
        self.sent_first = true;
        let credit = (offer || core::mem::take(&mut self.send_credit)).then(|| self.credit_now());
        if let Some(credit) = credit {
            self.credit_told = self.credit_told.max(credit);
        }
        Frame { flag, credit, payload }.encode()
    }

    fn seal(&mut self) {
        if self.flush && self.ready.is_none() && !self.staged.is_empty() {
            self.flush = false;
            let mut staged = core::mem::take(&mut self.staged);
            let flag = core::mem::take(&mut self.send_fin_ack).then_some(Flag::FinAck);
            self.ready = Some(self.encode(flag, &staged));
            staged.clear();
            self.staged = staged;
        }
    }
}
