use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite};
use js_sys::{ArrayBuffer, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, MessageEvent, RtcDataChannel, RtcDataChannelState, RtcDataChannelType};
use webrtc::stream::{Input, Output, ReadError, Stream, WriteError};

use crate::connection::Shared;
use crate::js;

/// Capacity above which the buffer for arriving messages gives its memory back.
const SCRATCH_CAPACITY_MAX: usize = 64 * 1024;

thread_local! {
    /// Where an arriving message is copied to before its frames are read.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// One data channel and the state machine of the stream over it.
pub(crate) struct Channel {
    rtc: RtcDataChannel,
    id: u64,
    kind: Kind,
    shared: Weak<Shared>,
    send_buffer_max: u32,
    state: RefCell<State>,
    handlers: RefCell<Option<Handlers>>,
}

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A libp2p stream.
    Stream,
    /// The Noise handshake on channel 0. The channel stays open for the connection's life: once closed,
    /// the browser would give its number to a stream, which a host that keeps it open would misread.
    Handshake,
}

struct State {
    stream: Stream,
    open: bool,
    /// Frames from before the channel opened: flags alone, each at most once.
    waiting: VecDeque<Vec<u8>>,
    /// An upper estimate of the channel's `bufferedAmount`, to ask the browser seldom.
    buffered: u32,
    /// What this channel adds to the connection's count of unread bytes.
    counted: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The closures that the browser calls; they live as long as the channel.
struct Handlers {
    _open: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut(Event)>,
    _low: Closure<dyn FnMut(Event)>,
}

impl Channel {
    pub(crate) fn new(shared: &Rc<Shared>, rtc: RtcDataChannel, id: u64, kind: Kind) -> Rc<Self> {
        let config = shared.config();
        let limits = match kind {
            Kind::Stream => config.stream,
            Kind::Handshake => webrtc::stream::Config::handshake(),
        };
        rtc.set_binary_type(RtcDataChannelType::Arraybuffer);
        rtc.set_buffered_amount_low_threshold(config.send_buffer_low);
        let channel = Rc::new(Self {
            state: RefCell::new(State {
                stream: Stream::new(limits),
                open: rtc.ready_state() == RtcDataChannelState::Open,
                waiting: VecDeque::new(),
                buffered: 0,
                counted: 0,
                reader: None,
                writer: None,
            }),
            id,
            kind,
            shared: Rc::downgrade(shared),
            send_buffer_max: config.send_buffer_max,
            handlers: RefCell::new(None),
            rtc,
        });
        channel.attach();
        channel
    }

    fn attach(self: &Rc<Self>) {
        fn on<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
            channel: &Rc<Channel>,
            handle: impl Fn(&Channel, E) + 'static,
        ) -> Closure<dyn FnMut(E)> {
            let channel = Rc::downgrade(channel);
            Closure::new(move |event| {
                if let Some(channel) = channel.upgrade() {
                    handle(&channel, event);
                }
            })
        }
        let handlers = Handlers {
            _open: on(self, |channel, _: Event| channel.handle_open()),
            _message: on(self, Self::handle_message),
            _close: on(self, |channel, _: Event| channel.handle_closed()),
            _low: on(self, |channel, _: Event| channel.handle_low()),
        };
        self.rtc.set_onopen(Some(handlers._open.as_ref().unchecked_ref()));
        self.rtc.set_onmessage(Some(handlers._message.as_ref().unchecked_ref()));
        self.rtc.set_onclose(Some(handlers._close.as_ref().unchecked_ref()));
        self.rtc.set_onbufferedamountlow(Some(handlers._low.as_ref().unchecked_ref()));
        *self.handlers.borrow_mut() = Some(handlers);
    }

    fn detach(&self) {
        self.rtc.set_onopen(None);
        self.rtc.set_onmessage(None);
        self.rtc.set_onclose(None);
        self.rtc.set_onbufferedamountlow(None);
    }

    fn handle_open(&self) {
        self.drive(|state| {
            state.open = true;
            for message in std::mem::take(&mut state.waiting) {
                self.transmit(state, &message);
            }
        });
    }

    fn handle_message(&self, event: MessageEvent) {
        let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() else {
            // Text never is a frame.
            self.drive(|state| state.stream.handle_input(js::now(), Input::Message(&[0xff; 4])));
            return;
        };
        let bytes = Uint8Array::new(&buffer);
        let len = bytes.length() as usize;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(len, 0);
            bytes.copy_to(scratch);
            let unheard = self.drive(|state| {
                state.stream.handle_input(js::now(), Input::Message(scratch));
                state.reader.is_none() && state.stream.unread() > 0
            });
            // Some of libp2p's handlers, that of ping among them, look for the next message only when their
            // connection is polled, without having asked the stream to wake them.
            if let Some(shared) = self.shared.upgrade().filter(|_| unheard) {
                shared.wake_driver();
            }
            if scratch.capacity() > SCRATCH_CAPACITY_MAX {
                *scratch = Vec::new();
            }
        });
    }

    /// The channel closed, or the connection under it ended.
    pub(crate) fn handle_closed(&self) {
        self.drive(|state| {
            state.open = false;
            state.waiting.clear();
            state.stream.handle_input(js::now(), Input::ChannelClosed);
        });
    }

    fn handle_low(&self) {
        self.drive(|state| state.buffered = self.rtc.buffered_amount());
    }

    pub(crate) fn handle_timeout(&self) {
        self.drive(|state| state.stream.handle_timeout(js::now()));
    }

    /// Runs `act`, then does what the state machine asks for and wakes whom it concerns.
    fn drive<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut guard = self.state.borrow_mut();
        let state = &mut *guard;
        let result = act(state);
        self.pump(state);
        let shared = self.shared.upgrade();
        if let Some(shared) = &shared {
            let unread = state.stream.unread();
            if !shared.count_unread(state.counted, unread) {
                state.stream.refuse(js::now());
                self.pump(state);
                shared.count_unread(unread, 0);
            }
            state.counted = state.stream.unread();
            if let Some((at, _)) = state.stream.poll_timeout() {
                shared.arm(at);
            }
        }
        let reader = if state.stream.is_readable() { state.reader.take() } else { None };
        let writer = if self.takes_more(state) { state.writer.take() } else { None };
        let finished = state.stream.is_finished();
        drop(guard);
        // Only now: whoever is woken or dropped may come back here.
        reader.into_iter().chain(writer).for_each(Waker::wake);
        if let Some(shared) = shared.filter(|_| finished) {
            drop(shared.release(self.id));
        }
        result
    }

    fn pump(&self, state: &mut State) {
        while let Some(output) = state.stream.poll_output() {
            match output {
                Output::Send(message) if state.open => self.transmit(state, &message),
                Output::Send(message) => state.waiting.push_back(message),
                Output::CloseChannel if self.kind == Kind::Stream => self.rtc.close(),
                Output::CloseChannel => {}
            }
        }
    }

    fn transmit(&self, state: &mut State, message: &[u8]) {
        match self.rtc.send_with_u8_array(message) {
            Ok(()) => state.buffered = state.buffered.saturating_add(message.len() as u32),
            // The channel is closing, or the browser's own buffer is full, after which it closes it.
            Err(_) => {
                state.open = false;
                state.stream.handle_input(js::now(), Input::ChannelClosed);
            }
        }
    }

    /// Whether a writer can go on, be it only to meet its error.
    fn takes_more(&self, state: &State) -> bool {
        if state.stream.is_finished() {
            return true;
        }
        state.open && state.buffered < self.send_buffer_max && state.stream.is_writable()
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.drive(|state| {
            let mut taken = 0;
            loop {
                if state.buffered >= self.send_buffer_max {
                    state.buffered = self.rtc.buffered_amount();
                }
                if !self.takes_more(state) || taken == buf.len() {
                    break;
                }
                match state.stream.write(&buf[taken..]) {
                    Ok(len) => taken += len,
                    Err(WriteError::Blocked) => break,
                    Err(_) if taken > 0 => break,
                    Err(error) => return Poll::Ready(Err(write_error(error))),
                }
                self.pump(state);
            }
            if taken > 0 || buf.is_empty() {
                return Poll::Ready(Ok(taken));
            }
            state.writer = Some(cx.waker().clone());
            Poll::Pending
        })
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.drive(|state| match state.stream.read(buf) {
            Ok(len) => Poll::Ready(Ok(len)),
            Err(ReadError::Blocked) => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(read_error(error))),
        })
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.detach();
        if self.kind == Kind::Stream {
            self.rtc.close();
        }
        if let Some(shared) = self.shared.upgrade() {
            shared.count_unread(self.state.borrow().counted, 0);
        }
    }
}

/// A libp2p stream over one data channel.
///
/// Bytes written leave when a message is full, on flush or on close. Dropped without close, the
/// writing half is reset.
pub struct Substream {
    channel: SendWrapper<Rc<Channel>>,
}

impl Substream {
    pub(crate) fn new(channel: Rc<Channel>) -> Self {
        Self { channel: SendWrapper::new(channel) }
    }
}

impl fmt::Debug for Substream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Substream").field("id", &self.channel.id).finish_non_exhaustive()
    }
}

impl AsyncRead for Substream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.channel.poll_read(cx, buf)
    }
}

impl AsyncWrite for Substream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.channel.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was written is handed to the browser at once: nothing is taken before the channel is open.
        self.channel.drive(|state| state.stream.flush());
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.channel.drive(|state| state.stream.close_write(js::now()));
        Poll::Ready(Ok(()))
    }
}

impl Drop for Substream {
    fn drop(&mut self) {
        self.channel.drive(|state| {
            state.reader = None;
            state.writer = None;
            state.stream.abandon(js::now());
        });
    }
}

fn read_error(error: ReadError) -> io::Error {
    let kind = match error {
        ReadError::Reset => io::ErrorKind::ConnectionReset,
        ReadError::ChannelClosed => io::ErrorKind::ConnectionAborted,
        ReadError::PeerMisbehaved(_) => io::ErrorKind::InvalidData,
        ReadError::Overflow => io::ErrorKind::OutOfMemory,
        _ => io::ErrorKind::BrokenPipe,
    };
    io::Error::new(kind, error)
}

fn write_error(error: WriteError) -> io::Error {
    let kind = match error {
        WriteError::ChannelClosed => io::ErrorKind::ConnectionAborted,
        _ => io::ErrorKind::BrokenPipe,
    };
    io::Error::new(kind, error)
}
