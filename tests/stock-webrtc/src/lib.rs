//! The stream protocols that the page in `tests/tab` tries on a host, and the host's side of them.
//!
//! Every number is a big-endian `u64`. [`answer`] serves any byte stream, whatever transport is under it.
//!
//! # Bounds
//! A stream holds one buffer of [`CHUNK_LEN`] bytes, however much passes through it.

use std::io;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// What is written before a flush. The published listener sends what it has gathered as one message, and
/// one above 16 KiB fails; so every chunk is flushed by itself.
pub const CHUNK_LEN: usize = 8 * 1024;

/// Length of a ping's payload (libp2p specification, "ping").
const PING_LEN: usize = 32;

/// A protocol of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// libp2p's ping: sends back 32 bytes at a time.
    Ping,
    /// Sends back what arrives until the end.
    Echo,
    /// Reads to the end, then answers how many bytes that were.
    Upload,
    /// Reads a number and answers with that many bytes.
    Download,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 4] = [Self::Ping, Self::Echo, Self::Upload, Self::Download];

    /// The name that multistream-select agrees on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "/ipfs/ping/1.0.0",
            Self::Echo => "/formix-test/echo/1",
            Self::Upload => "/formix-test/upload/1",
            Self::Download => "/formix-test/download/1",
        }
    }
}

/// Serves one stream on which `protocol` was agreed, to its end.
///
/// # Errors
/// The stream's own.
pub async fn answer(protocol: Protocol, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    match protocol {
        Protocol::Ping => ping(stream).await,
        Protocol::Echo => echo(stream).await,
        Protocol::Upload => upload(stream).await,
        Protocol::Download => download(stream).await,
    }
}

async fn ping(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buf = [0; PING_LEN];
    loop {
        stream.read_exact(&mut buf).await?;
        stream.write_all(&buf).await?;
        stream.flush().await?;
    }
}

async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buf = vec![0; CHUNK_LEN];
    loop {
        let len = stream.read(&mut buf).await?;
        if len == 0 {
            return stream.close().await;
        }
        stream.write_all(&buf[..len]).await?;
        stream.flush().await?;
    }
}

async fn upload(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buf = vec![0; CHUNK_LEN];
    let mut total = 0u64;
    loop {
        let len = stream.read(&mut buf).await?;
        if len == 0 {
            break;
        }
        total += len as u64;
    }
    stream.write_all(&total.to_be_bytes()).await?;
    stream.close().await
}

async fn download(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut len = [0; 8];
    stream.read_exact(&mut len).await?;
    let mut left = u64::from_be_bytes(len);
    let buf = vec![0x5a; CHUNK_LEN];
    while left > 0 {
        let chunk = left.min(CHUNK_LEN as u64);
        stream.write_all(&buf[..chunk as usize]).await?;
        stream.flush().await?;
        left -= chunk;
    }
    stream.close().await
}
