//! A UDP socket that moves several datagrams per system call.

use std::cell::RefCell;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::datagrams::Batch;

/// Where a batch goes, and from which local address when the socket has several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) remote: SocketAddr,
    pub(crate) local: Option<IpAddr>,
}

#[derive(Debug)]
pub(crate) struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
}

impl Socket {
    /// Binds a socket. `buffer` is asked of the kernel for each direction.
    pub(crate) fn bind(addr: SocketAddr, buffer: usize) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
        if addr.is_ipv6() {
            // IPv4 is another address, with a listener of its own.
            socket.set_only_v6(true)?;
        }
        socket.bind(&addr.into())?;
        let socket = std::net::UdpSocket::from(socket);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        // The kernel grants what its limits allow; less costs throughput, nothing else.
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), buffer);
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), buffer);
        Ok(Self { io: UdpSocket::from_std(socket)?, state })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// How many equal datagrams one call can send.
    pub(crate) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Sends a batch, or `WouldBlock`. Other failures of the network are losses to the layers above.
    pub(crate) fn try_send(&self, path: Path, batch: &Batch) -> io::Result<()> {
        let transmit = Transmit {
            destination: path.remote,
            ecn: None,
            contents: &batch.bytes,
            segment_size: (!batch.is_single()).then_some(batch.segment),
            src_ip: path.local,
        };
        self.io.try_io(Interest::WRITABLE, || self.state.send(UdpSockRef::from(&self.io), &transmit))
    }

    /// Sends one datagram if the kernel takes it now.
    pub(crate) fn try_send_one(&self, path: Path, datagram: &[u8]) {
        let transmit = Transmit {
            destination: path.remote,
            ecn: None,
            contents: datagram,
            segment_size: None,
            src_ip: path.local,
        };
        let _ = self.io.try_io(Interest::WRITABLE, || self.state.send(UdpSockRef::from(&self.io), &transmit));
    }

    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.io.writable().await
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    pub(crate) fn poll_readable(&self, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        self.io.poll_recv_ready(cx)
    }

    /// Receives one round of datagrams and hands each to `take`, or `WouldBlock`.
    pub(crate) fn try_recv(&self, mut take: impl FnMut(Path, &[u8])) -> io::Result<()> {
        BUFFERS.with_borrow_mut(|buffers| {
            let mut metas = [RecvMeta::default(); BATCH_SIZE];
            let received = self.io.try_io(Interest::READABLE, || {
                let mut slices: Vec<IoSliceMut<'_>> =
                    buffers.chunks_mut(RECEIVE_LEN).map(IoSliceMut::new).collect();
                self.state.recv(UdpSockRef::from(&self.io), &mut slices, &mut metas)
            })?;
            for (meta, buffer) in metas.iter().zip(buffers.chunks(RECEIVE_LEN)).take(received) {
                let path = Path { remote: meta.addr, local: meta.dst_ip };
                // With receive offload one buffer holds several datagrams of `stride` bytes.
                for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    take(path, datagram);
                }
            }
            Ok(())
        })
    }
}

/// One buffer of a receive call: what receive offload joins at most.
const RECEIVE_LEN: usize = 64 * 1024;

thread_local! {
    // Shared by all sockets of a thread: thousands of diallers would otherwise hold megabytes each.
    static BUFFERS: RefCell<Vec<u8>> = RefCell::new(vec![0; RECEIVE_LEN * BATCH_SIZE]);
}
