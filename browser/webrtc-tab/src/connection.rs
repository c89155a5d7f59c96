use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use gloo::timers::future::TimeoutFuture;
use js_sys::Reflect;
use libp2p_core::muxing::{StreamMuxer, StreamMuxerEvent};
use send_wrapper::SendWrapper;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Event, EventTarget, RtcDataChannel, RtcDataChannelEvent, RtcPeerConnection, RtcPeerConnectionState,
};
use webrtc::Instant;

use crate::channel::{Channel, Kind};
use crate::{Config, Error, Substream, js};

const SCTP_EVENT: &str = "statechange";

/// What the connection, its streams and the browser's handlers have in common.
pub(crate) struct Shared {
    pc: RtcPeerConnection,
    config: Rc<Config>,
    channels: RefCell<BTreeMap<u64, Rc<Channel>>>,
    next_id: Cell<u64>,
    /// The handshake's channel, held so that the browser does not collect and so close it.
    handshake: RefCell<Option<RtcDataChannel>>,
    inbound: RefCell<VecDeque<Substream>>,
    unread: Cell<usize>,
    /// Why the connection ended.
    ended: Cell<Option<&'static str>>,
    /// The earliest deadline of a stream.
    stream_deadline: Cell<Option<Instant>>,
    /// When a connection that the browser calls `disconnected` is given up.
    disconnect_deadline: Cell<Option<Instant>>,
    wakers: RefCell<Wakers>,
    handlers: RefCell<Option<Handlers>>,
    sctp: RefCell<Option<SctpHandler>>,
}

#[derive(Default)]
struct Wakers {
    driver: Option<Waker>,
    inbound: Option<Waker>,
    outbound: Option<Waker>,
}

struct Handlers {
    _state: Closure<dyn FnMut(Event)>,
    _channel: Closure<dyn FnMut(RtcDataChannelEvent)>,
}

/// The SCTP association and the closure that hears of its end.
type SctpHandler = (EventTarget, Closure<dyn FnMut(Event)>);

impl Shared {
    pub(crate) fn new(pc: RtcPeerConnection, config: Rc<Config>) -> Rc<Self> {
        let shared = Rc::new(Self {
            pc,
            config,
            channels: RefCell::default(),
            next_id: Cell::new(0),
            handshake: RefCell::default(),
            inbound: RefCell::default(),
            unread: Cell::new(0),
            ended: Cell::new(None),
            stream_deadline: Cell::new(None),
            disconnect_deadline: Cell::new(None),
            wakers: RefCell::default(),
            handlers: RefCell::default(),
            sctp: RefCell::default(),
        });
        let (weak, weak2) = (Rc::downgrade(&shared), Rc::downgrade(&shared));
        let handlers = Handlers {
            _state: Closure::new(move |_| {
                if let Some(shared) = weak.upgrade() {
                    shared.handle_state();
                }
            }),
            _channel: Closure::new(move |event| {
                if let Some(shared) = weak2.upgrade() {
                    shared.handle_channel(&event);
                }
            }),
        };
        shared.pc.set_onconnectionstatechange(Some(handlers._state.as_ref().unchecked_ref()));
        shared.pc.set_ondatachannel(Some(handlers._channel.as_ref().unchecked_ref()));
        *shared.handlers.borrow_mut() = Some(handlers);
        shared
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn pc(&self) -> &RtcPeerConnection {
        &self.pc
    }

    /// Why the connection ended, if it did.
    pub(crate) fn ended(&self) -> Option<&'static str> {
        self.ended.get()
    }

    /// Takes a channel in: from here on it hears of the connection's end.
    pub(crate) fn adopt(self: &Rc<Self>, rtc: RtcDataChannel, kind: Kind) -> Rc<Channel> {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        if kind == Kind::Handshake {
            *self.handshake.borrow_mut() = Some(rtc.clone());
        }
        let channel = Channel::new(self, rtc, id, kind);
        self.channels.borrow_mut().insert(id, channel.clone());
        channel
    }

    /// Lets go of a finished channel; the caller drops it after its own borrows.
    pub(crate) fn release(&self, id: u64) -> Option<Rc<Channel>> {
        let channel = self.channels.borrow_mut().remove(&id);
        let waker = self.wakers.borrow_mut().outbound.take();
        waker.into_iter().for_each(Waker::wake);
        channel
    }

    /// Replaces a channel's part of the unread bytes; whether the sum is within its bound.
    pub(crate) fn count_unread(&self, before: usize, after: usize) -> bool {
        let sum = self.unread.get() - before + after;
        self.unread.set(sum);
        after <= before || sum <= self.config.unread_max
    }

    /// Makes sure that streams get their `handle_timeout` at `at`.
    pub(crate) fn arm(&self, at: Instant) {
        if self.stream_deadline.get().is_none_or(|earlier| at < earlier) {
            self.stream_deadline.set(Some(at));
            self.wake_driver();
        }
    }

    /// Watches the SCTP association, which exists once both descriptions are set: its end is the
    /// first sign of a host that leaves politely.
    pub(crate) fn watch_sctp(self: &Rc<Self>) {
        let sctp = Reflect::get(&self.pc, &JsValue::from_str("sctp"));
        let Some(sctp) = sctp.ok().and_then(|value| value.dyn_into::<EventTarget>().ok()) else {
            return;
        };
        let weak = Rc::downgrade(self);
        let target = sctp.clone();
        let closure = Closure::<dyn FnMut(Event)>::new(move |_| {
            let state = Reflect::get(&target, &JsValue::from_str("state"));
            let closed = state.ok().and_then(|state| state.as_string()).is_some_and(|s| s == "closed");
            if let Some(shared) = weak.upgrade().filter(|_| closed) {
                shared.end("host ended the connection");
            }
        });
        if sctp.add_event_listener_with_callback(SCTP_EVENT, closure.as_ref().unchecked_ref()).is_ok() {
            *self.sctp.borrow_mut() = Some((sctp, closure));
        }
    }

    fn handle_state(&self) {
        match self.pc.connection_state() {
            RtcPeerConnectionState::Failed => self.end("host does not answer"),
            RtcPeerConnectionState::Closed => self.end("browser closed the connection"),
            RtcPeerConnectionState::Disconnected => {
                self.disconnect_deadline.set(js::now().checked_add(self.config.disconnect_grace));
                self.wake_driver();
            }
            RtcPeerConnectionState::Connected => self.disconnect_deadline.set(None),
            _ => {}
        }
    }

    fn handle_channel(self: &Rc<Self>, event: &RtcDataChannelEvent) {
        let rtc = event.channel();
        if self.ended().is_some() || self.channels.borrow().len() >= self.config.streams_max {
            rtc.close();
            return;
        }
        let channel = self.adopt(rtc, Kind::Stream);
        self.inbound.borrow_mut().push_back(Substream::new(channel));
        let waker = self.wakers.borrow_mut().inbound.take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends the connection, once: closes it in the browser, fails every stream, wakes every task.
    pub(crate) fn end(&self, why: &'static str) {
        if self.ended.get().is_some() {
            return;
        }
        self.ended.set(Some(why));
        self.pc.set_onconnectionstatechange(None);
        self.pc.set_ondatachannel(None);
        if let Some((sctp, closure)) = &*self.sctp.borrow() {
            // The browser throws only for arguments of the wrong type.
            let _ = sctp.remove_event_listener_with_callback(SCTP_EVENT, closure.as_ref().unchecked_ref());
        }
        self.pc.close();
        let channels = std::mem::take(&mut *self.channels.borrow_mut());
        channels.values().for_each(|channel| channel.handle_closed());
        let inbound = std::mem::take(&mut *self.inbound.borrow_mut());
        drop(inbound);
        let wakers = std::mem::take(&mut *self.wakers.borrow_mut());
        [wakers.driver, wakers.inbound, wakers.outbound].into_iter().flatten().for_each(Waker::wake);
    }

    /// Has the connection polled.
    pub(crate) fn wake_driver(&self) {
        let waker = self.wakers.borrow_mut().driver.take();
        waker.into_iter().for_each(Waker::wake);
    }

    fn error(&self) -> Option<Error> {
        self.ended.get().map(Error::Disconnected)
    }

    fn deadline(&self) -> Option<Instant> {
        self.stream_deadline.get().into_iter().chain(self.disconnect_deadline.get()).min()
    }

    fn handle_timeout(&self) {
        let now = js::now();
        if self.disconnect_deadline.get().is_some_and(|at| now >= at) {
            self.end("host does not answer");
            return;
        }
        if self.stream_deadline.get().is_some_and(|at| now >= at) {
            // Each stream that still waits arms its own deadline again.
            self.stream_deadline.set(None);
            let channels: Vec<_> = self.channels.borrow().values().cloned().collect();
            channels.iter().for_each(|channel| channel.handle_timeout());
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end("dropped");
    }
}

/// An authenticated connection to a host: streams over data channels.
///
/// Dropping it closes the `RTCPeerConnection`; streams taken from it then fail.
pub struct Connection {
    inner: SendWrapper<Inner>,
}

struct Inner {
    shared: Rc<Shared>,
    timer: Option<(Instant, TimeoutFuture)>,
}

impl Connection {
    pub(crate) fn new(shared: Rc<Shared>) -> Self {
        Self { inner: SendWrapper::new(Inner { shared, timer: None }) }
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.inner.shared
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("streams", &self.inner.shared.channels.borrow().len())
            .field("ended", &self.inner.shared.ended())
            .finish_non_exhaustive()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.inner.shared.end("closed by this side");
    }
}

impl StreamMuxer for Connection {
    type Substream = Substream;
    type Error = Error;

    fn poll_inbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let shared = &self.inner.shared;
        if let Some(error) = shared.error() {
            return Poll::Ready(Err(error));
        }
        if let Some(stream) = shared.inbound.borrow_mut().pop_front() {
            return Poll::Ready(Ok(stream));
        }
        shared.wakers.borrow_mut().inbound = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_outbound(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let shared = &self.inner.shared;
        if let Some(error) = shared.error() {
            return Poll::Ready(Err(error));
        }
        if shared.channels.borrow().len() >= shared.config.streams_max {
            shared.wakers.borrow_mut().outbound = Some(cx.waker().clone());
            return Poll::Pending;
        }
        // The specification asks for an empty label. Writers wait for the channel to open.
        let rtc = shared.pc.create_data_channel("");
        Poll::Ready(Ok(Substream::new(shared.adopt(rtc, Kind::Stream))))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.shared.end("closed by this side");
        Poll::Ready(Ok(()))
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        let inner = &mut *self.inner;
        loop {
            if let Some(error) = inner.shared.error() {
                inner.timer = None;
                return Poll::Ready(Err(error));
            }
            inner.shared.wakers.borrow_mut().driver = Some(cx.waker().clone());
            let Some(at) = inner.shared.deadline() else {
                inner.timer = None;
                return Poll::Pending;
            };
            let timer = match &mut inner.timer {
                Some((armed, timer)) if *armed == at => timer,
                _ => &mut inner.timer.insert((at, sleep(at.saturating_sub(js::now())))).1,
            };
            match Pin::new(timer).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => {
                    inner.timer = None;
                    inner.shared.handle_timeout();
                }
            }
        }
    }
}

/// A browser timer, rounded up to its whole milliseconds.
pub(crate) fn sleep(duration: Duration) -> TimeoutFuture {
    let ms = duration.as_nanos().div_ceil(1_000_000);
    TimeoutFuture::new(u32::try_from(ms).unwrap_or(u32::MAX))
}
