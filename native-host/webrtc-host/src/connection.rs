//! A connection's state, shared by its task, its muxer and its streams.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use webrtc::certhash::Fingerprint;
use webrtc::stream::{self, Input};

use crate::config::Config;
use crate::datagrams::{Inbox, Outbox};
use crate::listener::HandshakeSlot;
use crate::session::{CloseReason, NOISE_CHANNEL, Output, Session};

/// How long a closing connection waits for the peer to acknowledge what was written.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Names a stream for the life of its connection; channel identifiers are reused.
pub(crate) type Key = u64;

pub(crate) struct Connection {
    /// Datagrams that the listener has received for this connection.
    inbox: Mutex<Inbox>,
    /// Wakes the connection's task. Apart from the state, so that a listener never waits for it.
    driver: Arc<AtomicWaker>,
    state: Mutex<State>,
}

pub(crate) struct State {
    session: Session,
    config: Config,
    origin: Instant,
    slots: BTreeMap<Key, Slot>,
    channels: BTreeMap<u16, Key>,
    next_key: Key,
    accepted: VecDeque<Key>,
    noise: Option<Key>,
    connected: bool,
    /// Held until the peer is authenticated.
    handshake: Option<HandshakeSlot>,
    handshake_deadline: Option<Instant>,
    drain_deadline: Option<Instant>,
    closed: Option<CloseReason>,
    /// The connection's task has ended: everything that could be sent was sent.
    done: bool,
    blocked_writers: bool,

    driver: Arc<AtomicWaker>,
    /// The task itself is at work and needs no waking.
    driving: bool,
    accept: Option<Waker>,
    open: Option<Waker>,
    close: Option<Waker>,
    poll: Option<Waker>,
    handshake_waker: Option<Waker>,
}

struct Slot {
    machine: stream::Stream,
    /// `None` once the channel is closed; its identifier may then name another stream.
    channel: Option<u16>,
    /// Somebody has it: the application, or the handshake. Until then its data stays in SCTP.
    taken: bool,
    /// The application dropped its handle.
    detached: bool,
    /// The writer waits for SCTP, not for the peer's credit.
    blocked: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Connection {
    pub(crate) fn new(
        session: Session,
        config: Config,
        handshake: Option<HandshakeSlot>,
        now: Instant,
    ) -> Arc<Self> {
        let driver = Arc::new(AtomicWaker::new());
        let state = State {
            session,
            config,
            origin: now,
            slots: BTreeMap::new(),
            channels: BTreeMap::new(),
            next_key: 0,
            accepted: VecDeque::new(),
            noise: None,
            connected: false,
            handshake,
            handshake_deadline: Some(now + config.handshake_timeout),
            drain_deadline: None,
            closed: None,
            done: false,
            blocked_writers: false,
            driver: Arc::clone(&driver),
            driving: false,
            accept: None,
            open: None,
            close: None,
            poll: None,
            handshake_waker: None,
        };
        Arc::new(Self { inbox: Mutex::default(), driver, state: Mutex::new(state) })
    }

    /// The state. A panic of another holder leaves it as consistent as the peer's bytes left it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a datagram for the connection's task. What does not fit is lost, as in a full socket.
    pub(crate) fn deliver(&self, datagram: &[u8], max: usize) {
        let mut inbox = self.inbox();
        let first = inbox.is_empty();
        if inbox.push(datagram, max) && first {
            drop(inbox);
            self.driver.wake();
        }
    }

    pub(crate) fn take_inbox(&self) -> Inbox {
        std::mem::take(&mut *self.inbox())
    }

    /// Has the connection's task woken by what happens from now on.
    pub(crate) fn register_driver(&self, waker: &Waker) {
        self.driver.register(waker);
    }

    /// Waits until Noise can start: the stream to run it on and the peer's certificate.
    pub(crate) fn poll_connected(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Key, Fingerprint), CloseReason>> {
        let mut state = self.lock();
        if let Some(reason) = state.closed {
            return Poll::Ready(Err(reason));
        }
        match (state.noise, state.session.peer_fingerprint()) {
            (Some(key), Some(fingerprint)) if state.connected => Poll::Ready(Ok((key, fingerprint))),
            _ => {
                state.handshake_waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl State {
    // For the connection's task.

    fn wake_driver(&self) {
        if !self.driving {
            self.driver.wake();
        }
    }

    /// Marks the time in which the connection's own task holds the state.
    pub(crate) fn set_driving(&mut self, driving: bool) {
        self.driving = driving;
    }

    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &[u8], out: &mut Outbox) {
        self.session.handle_input(now, datagram, out);
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.handshake_deadline.is_some_and(|at| at <= now) {
            self.handshake_deadline = None;
            self.session.close_with(CloseReason::HandshakeTimedOut);
        }
        self.session.handle_timeout(now);
        let clock = now.saturating_duration_since(self.origin);
        let due: Vec<Key> = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.machine.poll_timeout().is_some_and(|(at, _)| at <= clock))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.machine.handle_timeout(clock);
            }
            self.settle(key);
        }
    }

    /// Does everything that can be done now; datagrams go to `out`.
    pub(crate) fn advance(&mut self, now: Instant, out: &mut Outbox) {
        loop {
            while let Some(output) = self.session.poll_output(out) {
                self.handle_output(now, output);
            }
            if self.blocked_writers {
                self.wake_writers();
            }
            let Some(deadline) = self.drain_deadline else {
                return;
            };
            if self.closed.is_some() || (deadline > now && self.session.buffered_total() > 0) {
                return;
            }
            self.session.close();
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let session = self.session.poll_timeout().map(|(at, _)| at);
        let slots = self.slots.values().filter_map(|slot| slot.machine.poll_timeout());
        let slots = slots.map(|(at, _)| self.origin + at).min();
        [session, slots, self.handshake_deadline, self.drain_deadline].into_iter().flatten().min()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// The task has ended, for good or because its runtime did.
    pub(crate) fn finish(&mut self) {
        if self.closed.is_none() {
            self.handle_closed(CloseReason::Local);
        }
        self.done = true;
        wake(&mut self.close);
    }

    // For the handshake and the muxer.

    /// The peer is authenticated.
    pub(crate) fn set_authenticated(&mut self) {
        self.handshake = None;
        self.handshake_deadline = None;
        self.wake_driver();
    }

    pub(crate) fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Result<Key, CloseReason>> {
        if let Some(key) = self.accepted.pop_front() {
            self.take(key);
            return Poll::Ready(Ok(key));
        }
        if let Some(reason) = self.closed {
            return Poll::Ready(Err(reason));
        }
        self.accept = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<Key, CloseReason>> {
        if let Some(reason) = self.closed {
            return Poll::Ready(Err(reason));
        }
        match self.session.open() {
            Some(channel) => {
                let key = self.insert(channel, self.stream_config());
                self.take(key);
                self.wake_driver();
                Poll::Ready(Ok(key))
            }
            None => {
                self.open = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Starts the end of the connection; ready when the peer has been told.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.start_close();
        if self.done {
            return Poll::Ready(());
        }
        self.close = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(crate) fn start_close(&mut self) {
        if self.drain_deadline.is_none() {
            self.drain_deadline = Some(Instant::now() + DRAIN_TIMEOUT);
            self.wake_driver();
        }
    }

    /// Ready with the reason once the connection has ended.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        match self.closed {
            Some(reason) => Poll::Ready(reason),
            None => {
                self.poll = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    // For streams.

    pub(crate) fn poll_read(
        &mut self,
        key: Key,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize, stream::ReadError>> {
        loop {
            let Some(slot) = self.slots.get_mut(&key) else {
                return Poll::Ready(Err(stream::ReadError::ChannelClosed));
            };
            match slot.machine.read(buf) {
                Err(stream::ReadError::Blocked) => {
                    if !self.fill(key) {
                        if let Some(slot) = self.slots.get_mut(&key) {
                            slot.reader = Some(cx.waker().clone());
                        }
                        return Poll::Pending;
                    }
                }
                result => {
                    // Room for more: take it out of SCTP, so that its window opens.
                    self.fill(key);
                    self.settle(key);
                    return Poll::Ready(result);
                }
            }
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        key: Key,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<Result<usize, stream::WriteError>> {
        let Some(slot) = self.slots.get_mut(&key) else {
            return Poll::Ready(Err(stream::WriteError::ChannelClosed));
        };
        if let Some(channel) = slot.channel
            && (self.session.buffered(channel) >= self.config.stream_send_max
                || self.session.buffered_total() >= self.config.connection_send_max)
        {
            slot.blocked = true;
            slot.writer = Some(cx.waker().clone());
            self.blocked_writers = true;
            return Poll::Pending;
        }
        match slot.machine.write(data) {
            Err(stream::WriteError::Blocked) => {
                slot.writer = Some(cx.waker().clone());
                Poll::Pending
            }
            result => {
                self.settle(key);
                Poll::Ready(result)
            }
        }
    }

    pub(crate) fn flush(&mut self, key: Key) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.machine.flush();
            self.settle(key);
        }
    }

    pub(crate) fn close_write(&mut self, key: Key) {
        let clock = self.origin.elapsed();
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.machine.close_write(clock);
            self.settle(key);
            self.wake_driver();
        }
    }

    /// The application dropped its handle.
    pub(crate) fn abandon(&mut self, key: Key) {
        let clock = self.origin.elapsed();
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.detached = true;
            slot.machine.abandon(clock);
            self.fill(key);
            self.settle(key);
            self.wake_driver();
        }
    }

    // The inside.

    fn stream_config(&self) -> stream::Config {
        let window = self.config.stream_receive_max;
        stream::Config {
            receive_window: window as u64,
            // Reading stops at the window; one message may go over it.
            receive_max: window + 128 * 1024,
            closes: self.session.is_dialer(),
            ..stream::Config::default()
        }
    }

    fn insert(&mut self, channel: u16, config: stream::Config) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        let slot = Slot {
            machine: stream::Stream::new(config),
            channel: Some(channel),
            taken: false,
            detached: false,
            blocked: false,
            reader: None,
            writer: None,
        };
        self.slots.insert(key, slot);
        self.channels.insert(channel, key);
        key
    }

    /// From now on somebody reads the stream.
    fn take(&mut self, key: Key) {
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.taken = true;
        }
        self.fill(key);
        self.settle(key);
    }

    fn handle_output(&mut self, now: Instant, output: Output) {
        match output {
            Output::Connected => {
                // The dialler closes it, as every channel; a listener steps in long after it should have.
                let closes = self.session.is_dialer();
                let handshake = stream::Config::handshake();
                let linger = if closes { handshake.linger } else { 3 * handshake.linger };
                let key = self.insert(NOISE_CHANNEL, stream::Config { closes, linger, ..handshake });
                self.take(key);
                self.noise = Some(key);
                self.connected = true;
                wake(&mut self.handshake_waker);
                wake(&mut self.open);
            }
            Output::Opened(channel) => {
                let key = self.insert(channel, self.stream_config());
                self.accepted.push_back(key);
                wake(&mut self.accept);
            }
            Output::Readable(channel) => {
                if let Some(key) = self.channels.get(&channel).copied() {
                    self.fill(key);
                    // Some of libp2p's handlers, that of ping among them, look for the next message only when
                    // their connection is polled, without having asked the stream to wake them.
                    if self
                        .slots
                        .get(&key)
                        .is_some_and(|slot| slot.reader.is_none() && slot.machine.unread() > 0)
                    {
                        wake(&mut self.poll);
                    }
                    self.settle(key);
                }
            }
            Output::ChannelClosed(channel) => {
                if let Some(key) = self.channels.get(&channel).copied() {
                    let clock = now.saturating_duration_since(self.origin);
                    if let Some(slot) = self.slots.get_mut(&key) {
                        slot.machine.handle_input(clock, Input::ChannelClosed);
                    }
                    self.channel_gone(channel);
                    self.settle(key);
                    if self.slots.get(&key).is_some_and(|slot| !slot.taken) {
                        // Nobody has seen it; a peer that opens and closes would fill the queue.
                        self.slots.remove(&key);
                        self.accepted.retain(|waiting| *waiting != key);
                    }
                }
            }
            Output::Closed(reason) => self.handle_closed(reason),
        }
    }

    fn handle_closed(&mut self, reason: CloseReason) {
        self.closed = Some(reason);
        self.handshake = None;
        self.handshake_deadline = None;
        self.drain_deadline = None;
        let clock = self.origin.elapsed();
        let keys: Vec<Key> = self.slots.keys().copied().collect();
        for key in keys {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.machine.handle_input(clock, Input::ChannelClosed);
                slot.channel = None;
            }
            self.settle(key);
        }
        self.channels.clear();
        for waker in
            [&mut self.accept, &mut self.open, &mut self.close, &mut self.poll, &mut self.handshake_waker]
        {
            wake(waker);
        }
    }

    /// Moves messages from SCTP to a stream while it has room; whether it moved any.
    fn fill(&mut self, key: Key) -> bool {
        let others: usize = self
            .slots
            .iter()
            .filter(|(other, _)| **other != key)
            .map(|(_, slot)| slot.machine.unread())
            .sum();
        let Some(slot) = self.slots.get_mut(&key).filter(|slot| slot.taken) else {
            return false;
        };
        let Some(channel) = slot.channel else {
            return false;
        };
        let clock = self.origin.elapsed();
        let mut any = false;
        let has_room = |unread: usize| {
            unread == 0
                || (unread < self.config.stream_receive_max
                    && others + unread < self.config.connection_unread_max)
        };
        while has_room(slot.machine.unread())
            && self.session.read(channel, |message| {
                slot.machine.handle_input(clock, Input::Message(message));
            })
        {
            any = true;
        }
        if any {
            // A drained channel may end, and its window may open.
            self.wake_driver();
        }
        any
    }

    /// Does what a stream's machine asks for, wakes its users and forgets it when nobody needs it.
    fn settle(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else {
            return;
        };
        let mut gone = None;
        let mut wrote = false;
        while let Some(output) = slot.machine.poll_output() {
            let Some(channel) = slot.channel else {
                continue;
            };
            match output {
                stream::Output::Send(message) => wrote |= self.session.write(channel, message),
                stream::Output::CloseChannel => {
                    self.session.close_channel(channel);
                    gone = Some(channel);
                }
            }
        }
        if slot.machine.is_readable() {
            wake(&mut slot.reader);
        }
        if slot.machine.is_writable() && !slot.blocked {
            wake(&mut slot.writer);
        }
        if slot.detached && slot.machine.is_finished() {
            if let Some(channel) = slot.channel {
                gone = Some(channel);
            }
            self.slots.remove(&key);
        }
        if let Some(channel) = gone {
            self.channel_gone(channel);
        }
        if wrote || gone.is_some() {
            self.wake_driver();
        }
    }

    fn channel_gone(&mut self, channel: u16) {
        if let Some(key) = self.channels.remove(&channel)
            && let Some(slot) = self.slots.get_mut(&key)
        {
            slot.channel = None;
        }
        wake(&mut self.open);
    }

    /// Wakes writers whose stream SCTP has made room for, half of what made them wait.
    fn wake_writers(&mut self) {
        let total = self.session.buffered_total();
        let mut blocked = false;
        for slot in self.slots.values_mut().filter(|slot| slot.blocked) {
            let free = slot.channel.is_none_or(|channel| {
                total <= self.config.connection_send_max / 2
                    && self.session.buffered(channel) <= self.config.stream_send_max / 2
            });
            if free {
                slot.blocked = false;
                wake(&mut slot.writer);
            } else {
                blocked = true;
            }
        }
        self.blocked_writers = blocked;
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
