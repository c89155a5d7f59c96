//! One request and one response on a stream, each a length-delimited frame of bounded size.

use async_trait::async_trait;
use codec::frame;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response::Codec};
use net::Protocol;
use std::io;

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// The frames of one protocol.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    pub(super) request_max: usize,
    pub(super) response_max: usize,
}

impl Frames {
    pub(super) const fn of(protocol: Protocol) -> Self {
        Self { request_max: protocol.request_bytes_max(), response_max: protocol.response_bytes_max() }
    }

    async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, max: usize) -> io::Result<Vec<u8>> {
        let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let mut reader = frame::Reader::new(max);
        let mut chunk = vec![0; CHUNK.min(max + 8)];
        loop {
            let len = io.read(&mut chunk).await?;
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reader.push(&chunk[..len]);
            if let Some(body) = reader.next_frame().map_err(invalid)? {
                return Ok(body);
            }
        }
    }

    async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, body: &[u8], max: usize) -> io::Result<()> {
        if body.len() > max {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        io.write_all(&frame::write(body)).await?;
        io.close().await
    }
}

#[async_trait]
impl Codec for Frames {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        Self::read(io, self.request_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        Self::read(io, self.response_max).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, body: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Self::write(io, &body, self.request_max).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, body: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Self::write(io, &body, self.response_max).await
    }
}
