//! A TCP listener that holds at most so many connections, and none that stands still or creeps.

use super::places::{Place, Places};
use axum::serve::Listener;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// A connection on which nothing moves for so long is closed. Events have a sign of life far more often.
const IDLE_MAX: Duration = Duration::from_secs(75);
/// How long a client may take for what is handed to it at once: an event, a part of a file, a whole answer of the API.
pub(super) const TAKEN_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Capped {
    inner: TcpListener,
    room: Arc<Semaphore>,
    places: Arc<Places>,
}

impl Capped {
    /// At most `max` connections, and `each_max` of one network.
    pub(super) fn new(inner: TcpListener, max: usize, each_max: usize) -> Self {
        Self { inner, room: Arc::new(Semaphore::new(max)), places: Places::new(each_max) }
    }
}

/// A connection that gives its place back when it ends.
pub(super) struct Placed {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    /// Until when the client has to take what is written; set while it has not.
    taken_by: Option<Pin<Box<Sleep>>>,
    _room: Option<OwnedSemaphorePermit>,
    _place: Place,
}

impl Placed {
    /// Passes a result on; one that waits has until the connection has been idle for too long.
    fn moved<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            return result;
        }
        self.idle.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Passes a write's result on; a client that took too long for what was written before it gets no more.
    fn wrote(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if result.is_pending() {
            self.taken_by.get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
        }
        if let Some(taken_by) = &mut self.taken_by
            && taken_by.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.moved(cx, result)
    }
}

impl Listener for Capped {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let room = Arc::clone(&self.room).acquire_owned().await.ok();
            // axum's own listener waits out a lack of file descriptors.
            let (stream, address) = Listener::accept(&mut self.inner).await;
            let Some(place) = self.places.take(address.ip()) else { continue };
            // Events are small and shall not wait for each other; a refusal only costs time.
            let _ = stream.set_nodelay(true);
            let idle = Box::pin(sleep(IDLE_MAX));
            return (Placed { stream, idle, taken_by: None, _room: room, _place: place }, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.moved(cx, result)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_ready() {
            // The server flushes once the system has taken all that it had.
            self.taken_by = None;
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
