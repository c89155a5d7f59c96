//! What libp2p sees: a muxer of byte streams.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p_core::muxing::{StreamMuxer, StreamMuxerEvent};
use webrtc::stream::{ReadError, WriteError};

use crate::connection::{Connection, Key};
use crate::error::Error;

/// An authenticated connection. Its drop closes it, after what was written has been acknowledged or a
/// second has passed.
pub struct Muxer {
    connection: Arc<Connection>,
}

impl Muxer {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn stream(&self, key: Key) -> Stream {
        Stream::new(Arc::clone(&self.connection), key)
    }
}

impl std::fmt::Debug for Muxer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Muxer").finish_non_exhaustive()
    }
}

impl StreamMuxer for Muxer {
    type Substream = Stream;
    type Error = Error;

    fn poll_inbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, Error>> {
        let key = ready!(self.connection.lock().poll_accept(cx)).map_err(Error::Closed)?;
        Poll::Ready(Ok(self.stream(key)))
    }

    fn poll_outbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, Error>> {
        let key = ready!(self.connection.lock().poll_open(cx)).map_err(Error::Closed)?;
        Poll::Ready(Ok(self.stream(key)))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.connection.lock().poll_close(cx).map(Ok)
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Error>> {
        self.connection.lock().poll_end(cx).map(|reason| Err(Error::Closed(reason)))
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        self.connection.lock().start_close();
    }
}

/// One stream of a connection.
///
/// Written bytes are collected into messages: flush what must not wait for more. A stream that is
/// dropped without being closed is reset.
pub struct Stream {
    connection: Arc<Connection>,
    key: Key,
}

impl Stream {
    pub(crate) fn new(connection: Arc<Connection>, key: Key) -> Self {
        Self { connection, key }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("key", &self.key).finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.connection.lock().poll_read(self.key, cx, buf).map_err(|error| {
            let kind = match error {
                ReadError::Reset | ReadError::Overflow => io::ErrorKind::ConnectionReset,
                ReadError::PeerMisbehaved(_) => io::ErrorKind::InvalidData,
                _ => io::ErrorKind::ConnectionAborted,
            };
            io::Error::new(kind, error)
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.lock().poll_write(self.key, cx, buf).map_err(|error| {
            let kind = match error {
                WriteError::Stopped | WriteError::Closed => io::ErrorKind::BrokenPipe,
                _ => io::ErrorKind::ConnectionAborted,
            };
            io::Error::new(kind, error)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.lock().flush(self.key);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.lock().close_write(self.key);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.lock().abandon(self.key);
    }
}
