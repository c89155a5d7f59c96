//! The task of one connection: datagrams in, time, datagrams out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

use crate::connection::Connection;
use crate::datagrams::{Inbox, Outbox};
use crate::listener::Registration;
use crate::socket::{Path, Socket};

/// Receive calls of a dialler's own socket before others get their turn.
const RECEIVES_MAX: usize = 4;
/// When no deadline is known.
const IDLE: Duration = Duration::from_secs(60);

/// How the connection's datagrams come in.
pub(crate) enum Source {
    /// A listener's task delivers them; the registration ends with the connection.
    Listener(#[expect(dead_code, reason = "held for its Drop")] Registration),
    /// The socket is this connection's alone.
    Own,
}

pub(crate) struct Driver {
    connection: Arc<Connection>,
    socket: Arc<Socket>,
    path: Path,
    source: Source,
    out: Outbox,
    writable: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
    timer: Pin<Box<Sleep>>,
}

impl Driver {
    pub(crate) fn new(connection: Arc<Connection>, socket: Arc<Socket>, path: Path, source: Source) -> Self {
        let out = Outbox::new(socket.segments_max());
        let timer = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { connection, socket, path, source, out, writable: None, timer }
    }

    /// Receives from the own socket. Datagrams of others than the peer are not for us.
    fn poll_own(&self, cx: &mut Context<'_>) -> Inbox {
        let mut inbox = Inbox::default();
        for _ in 0..RECEIVES_MAX {
            if self.socket.poll_readable(cx).is_pending() {
                return inbox;
            }
            // An error here is an earlier send's fate (ICMP); silence is judged by its time-out.
            let _ = self.socket.try_recv(|path, datagram| {
                if path.remote == self.path.remote {
                    inbox.push(datagram, usize::MAX);
                }
            });
        }
        cx.waker().wake_by_ref();
        inbox
    }

    /// Sends what is queued; pending while the socket is full.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(writable) = &mut self.writable {
                if writable.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.writable = None;
            }
            let Some(batch) = self.out.front() else {
                return Poll::Ready(());
            };
            match self.socket.try_send(self.path, batch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let socket = Arc::clone(&self.socket);
                    self.writable = Some(Box::pin(async move { socket.writable().await }));
                }
                _ => self.out.pop(),
            }
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if this.poll_send(cx).is_pending() {
                return Poll::Pending;
            }
            let own = match this.source {
                Source::Own => Some(this.poll_own(cx)),
                Source::Listener(_) => None,
            };
            let connection = Arc::clone(&this.connection);
            // Registered before the inbox is looked at: what comes later wakes this task again.
            connection.register_driver(cx.waker());
            let mut state = connection.lock();
            state.set_driving(true);
            let inbox = own.unwrap_or_else(|| connection.take_inbox());
            let now = Instant::now();
            for datagram in inbox.datagrams() {
                state.handle_datagram(now, datagram, &mut this.out);
            }
            if state.poll_timeout().is_some_and(|at| at <= now) {
                state.handle_timeout(now);
            }
            state.advance(now, &mut this.out);
            let closed = state.is_closed();
            let deadline = state.poll_timeout().unwrap_or(now + IDLE);
            state.set_driving(false);
            drop(state);

            if !this.out.is_empty() {
                continue;
            }
            if closed {
                return Poll::Ready(());
            }
            // Earlier deadlines move the timer at once, later ones when it fires.
            let deadline = tokio::time::Instant::from_std(deadline);
            if deadline < this.timer.deadline() || this.timer.is_elapsed() {
                this.timer.as_mut().reset(deadline);
            }
            match this.timer.as_mut().poll(cx) {
                Poll::Ready(()) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.connection.lock().finish();
    }
}
