//! WebSocket in a page: a dial-only transport whose connections are byte streams.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::future::{BoxFuture, FutureExt as _, Ready, poll_fn};
use futures::{AsyncRead, AsyncWrite};
use gloo::timers::future::TimeoutFuture;
use js_sys::{ArrayBuffer, Uint8Array};
use libp2p_core::multiaddr::{Multiaddr, Protocol};
use libp2p_core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// Most bytes of one connection that came and are not read. A page reads all the time, so a peer that
/// gets this far ahead is flooding; its connection is closed.
pub const UNREAD_MAX: usize = 32 * 1024 * 1024;
/// Unsent bytes at which a writer waits.
const UNSENT_MAX: u32 = 1024 * 1024;
/// Milliseconds between looks at the unsent bytes while a writer waits: browsers tell of no event.
const UNSENT_LOOK_MS: u32 = 20;

/// Dials `/ip4|ip6|dns…/…/tcp/…[/tls]/ws` and `…/wss`.
#[derive(Debug)]
pub(crate) struct Transport;

/// Why a WebSocket failed.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The browser refused the address, for instance `ws:` from an `https:` page.
    Refused(String),
    /// Nobody answers there, or no WebSocket server. Browsers do not say which.
    Unreachable,
    /// A page does not listen.
    DialOnly,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the browser refused the WebSocket: {why}"),
            Self::Unreachable => f.write_str("no WebSocket server answered"),
            Self::DialOnly => f.write_str("a page can dial over WebSocket but not listen"),
        }
    }
}

impl std::error::Error for Error {}

impl libp2p_core::Transport for Transport {
    type Output = Connection;
    type Error = Error;
    type ListenerUpgrade = Ready<Result<Connection, Error>>;
    type Dial = BoxFuture<'static, Result<Connection, Error>>;

    fn listen_on(&mut self, _: ListenerId, _: Multiaddr) -> Result<(), TransportError<Error>> {
        Err(TransportError::Other(Error::DialOnly))
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(&mut self, addr: Multiaddr, opts: DialOpts) -> Result<Self::Dial, TransportError<Error>> {
        match url(&addr) {
            Some(url) if !opts.role.is_listener() => Ok(SendWrapper::new(open(url)).boxed()),
            _ => Err(TransportError::MultiaddrNotSupported(addr)),
        }
    }

    fn poll(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Poll::Pending
    }
}

/// The URL of a WebSocket multiaddr; `None` for any other address.
fn url(addr: &Multiaddr) -> Option<String> {
    let mut parts = addr.iter();
    let host = match parts.next()? {
        Protocol::Ip4(ip) => ip.to_string(),
        Protocol::Ip6(ip) => format!("[{ip}]"),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => name.into_owned(),
        _ => return None,
    };
    let Protocol::Tcp(port) = parts.next()? else { return None };
    let (scheme, path) = match parts.next()? {
        Protocol::Ws(path) => ("ws", path),
        Protocol::Wss(path) => ("wss", path),
        Protocol::Tls => match parts.next()? {
            Protocol::Ws(path) => ("wss", path),
            _ => return None,
        },
        _ => return None,
    };
    match (parts.next(), parts.next()) {
        (None | Some(Protocol::P2p(_)), None) => Some(format!("{scheme}://{host}:{port}{path}")),
        _ => None,
    }
}

async fn open(url: String) -> Result<Connection, Error> {
    let socket = WebSocket::new(&url).map_err(|error| {
        let words = error.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::message);
        Error::Refused(words.unwrap_or_else(|| format!("{error:?}")))
    })?;
    let connection = Connection(SendWrapper::new(Socket::new(socket)));
    poll_fn(|cx| {
        let mut state = connection.0.state.borrow_mut();
        match state.phase {
            Phase::Connecting => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Phase::Open => Poll::Ready(Ok(())),
            Phase::Closed(_) => Poll::Ready(Err(Error::Unreachable)),
        }
    })
    .await?;
    Ok(connection)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connecting,
    Open,
    /// Over; `None` where both sides ended it in good order.
    Closed(Option<io::ErrorKind>),
}

#[derive(Debug)]
struct State {
    phase: Phase,
    unread: VecDeque<u8>,
    reader: Option<Waker>,
}

impl State {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

struct Socket {
    socket: WebSocket,
    state: Rc<RefCell<State>>,
    /// What a writer waits for, while it does.
    look: Option<TimeoutFuture>,
    _opened: Closure<dyn FnMut(Event)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
    _received: Closure<dyn FnMut(MessageEvent)>,
}

impl Socket {
    fn new(socket: WebSocket) -> Self {
        socket.set_binary_type(BinaryType::Arraybuffer);
        let state =
            Rc::new(RefCell::new(State { phase: Phase::Connecting, unread: VecDeque::new(), reader: None }));
        let opened = Closure::<dyn FnMut(_)>::new({
            let state = state.clone();
            move |_| {
                let mut state = state.borrow_mut();
                state.phase = Phase::Open;
                state.wake();
            }
        });
        // A failure is followed by this event as well.
        let closed = Closure::<dyn FnMut(_)>::new({
            let state = state.clone();
            move |event: CloseEvent| {
                let mut state = state.borrow_mut();
                if !matches!(state.phase, Phase::Closed(_)) {
                    let abrupt = (!event.was_clean()).then_some(io::ErrorKind::ConnectionReset);
                    state.phase = Phase::Closed(abrupt);
                }
                state.wake();
            }
        });
        let received = Closure::<dyn FnMut(_)>::new({
            let (state, socket) = (state.clone(), socket.clone());
            move |event: MessageEvent| {
                let mut state = state.borrow_mut();
                // Text is no byte of libp2p's.
                let bytes = event.data().dyn_into::<ArrayBuffer>().map(|buffer| Uint8Array::new(&buffer));
                match bytes {
                    Ok(bytes) if state.unread.len() + bytes.length() as usize <= UNREAD_MAX => {
                        state.unread.extend(bytes.to_vec());
                    }
                    _ => {
                        state.phase = Phase::Closed(Some(io::ErrorKind::InvalidData));
                        // It may have been closing already.
                        let _ = socket.close();
                    }
                }
                state.wake();
            }
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(received.as_ref().unchecked_ref()));
        Self { socket, state, look: None, _opened: opened, _closed: closed, _received: received }
    }

    fn check(&self) -> io::Result<()> {
        match self.state.borrow().phase {
            Phase::Open => Ok(()),
            Phase::Connecting => Err(io::ErrorKind::NotConnected.into()),
            Phase::Closed(kind) => Err(kind.unwrap_or(io::ErrorKind::BrokenPipe).into()),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onmessage(None);
        // It may have been closed already.
        let _ = self.socket.close();
    }
}

/// An open WebSocket as a stream of bytes.
pub(crate) struct Connection(SendWrapper<Socket>);

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state.borrow_mut();
        if state.unread.is_empty() {
            return match state.phase {
                Phase::Closed(None) => Poll::Ready(Ok(0)),
                Phase::Closed(Some(kind)) => Poll::Ready(Err(kind.into())),
                Phase::Connecting | Phase::Open => {
                    state.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        }
        let (front, _) = state.unread.as_slices();
        let len = front.len().min(buf.len());
        buf[..len].copy_from_slice(&front[..len]);
        state.unread.drain(..len);
        Poll::Ready(Ok(len))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let socket = &mut *self.0;
        loop {
            socket.check()?;
            let unsent = socket.socket.buffered_amount();
            if unsent < UNSENT_MAX {
                socket.look = None;
                let len = buf.len().min((UNSENT_MAX - unsent) as usize);
                return match socket.socket.send_with_u8_array(&buf[..len]) {
                    Ok(()) => Poll::Ready(Ok(len)),
                    Err(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                };
            }
            let look = socket.look.get_or_insert_with(|| TimeoutFuture::new(UNSENT_LOOK_MS));
            futures::ready!(look.poll_unpin(cx));
            socket.look = None;
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The browser sends what it took, whatever happens here.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // It may have been closed already.
        let _ = self.0.socket.close();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn addresses_become_urls() {
        let peer = "12D3KooWRkMzbqWdhQQBBsqhgpCNeXN1THJpwWZDYKM5YFEy5RV5";
        for (address, expected) in [
            ("/ip4/127.0.0.1/tcp/4804/ws", Some("ws://127.0.0.1:4804/")),
            (&format!("/ip6/::1/tcp/4804/ws/p2p/{peer}"), Some("ws://[::1]:4804/")),
            ("/dns4/heavy.example/tcp/443/tls/ws", Some("wss://heavy.example:443/")),
            ("/dns/heavy.example/tcp/443/wss", Some("wss://heavy.example:443/")),
            ("/ip4/127.0.0.1/tcp/4804", None),
            ("/ip4/127.0.0.1/udp/4804/quic-v1", None),
            ("/ip4/127.0.0.1/tcp/4804/tls", None),
            (&format!("/ip4/127.0.0.1/tcp/4804/ws/p2p/{peer}/p2p-circuit"), None),
        ] {
            assert_eq!(url(&address.parse().unwrap()).as_deref(), expected, "{address}");
        }
    }
}
