//! Requests and responses on a stream: one length-delimited frame each.

use std::io;

use async_trait::async_trait;
use codec::frame;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use libp2p_swarm::StreamProtocol;
use net::Protocol;

/// Most bytes asked of the stream at a time.
const CHUNK_LEN: usize = 16 * 1024;

/// Frames of one protocol.
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    request_max: usize,
    response_max: usize,
}

impl Frames {
    pub(crate) const fn of(protocol: Protocol) -> Self {
        Self { request_max: protocol.request_bytes_max(), response_max: protocol.response_bytes_max() }
    }

    /// Reads the frame, of `max` bytes at most; what a peer sends after it is nobody's business.
    async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, max: usize) -> io::Result<Vec<u8>> {
        let mut reader = frame::Reader::new(max);
        let mut chunk = vec![0; CHUNK_LEN];
        loop {
            let len = io.read(&mut chunk).await?;
            if len == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reader.push(&chunk[..len]);
            match reader.next_frame() {
                Ok(Some(body)) => return Ok(body),
                Ok(None) => {}
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }

    /// Writes the frame and ends this side of the stream.
    async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, body: Vec<u8>) -> io::Result<()> {
        io.write_all(&frame::write(&body)).await?;
        io.close().await
    }
}

#[async_trait]
impl libp2p_request_response::Codec for Frames {
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
        Self::write(io, body).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, body: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Self::write(io, body).await
    }
}

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    async fn a_frame_comes_back() {
        let body: Vec<u8> = (0..1 << 20).map(|at: u32| at as u8).collect();
        let mut io = Cursor::new(Vec::new());
        Frames::write(&mut io, body.clone()).await.unwrap();
        io.set_position(0);
        assert_eq!(Frames::read(&mut io, body.len()).await.unwrap(), body);
    }

    #[wasm_bindgen_test]
    async fn what_is_no_frame_is_refused() {
        for (bytes, kind) in [
            (&[][..], io::ErrorKind::UnexpectedEof),
            (&[4, 1, 2], io::ErrorKind::UnexpectedEof),
            (&[5, 1, 2, 3, 4, 5], io::ErrorKind::InvalidData),
            (&[0xff, 0xff, 0xff, 0xff, 0xff], io::ErrorKind::InvalidData),
        ] {
            let error = Frames::read(&mut Cursor::new(bytes), 4).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{bytes:?}");
        }
    }
}
