//! What JavaScript sees.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, FutureExt as _, StreamExt as _};
use js_sys::{Promise, Uint8Array};
use libp2p_core::muxing::StreamMuxerBox;
use libp2p_core::{Multiaddr, Transport as _};
use libp2p_identity::{Keypair, PeerId};
use libp2p_stream::{Control, IncomingStreams};
use libp2p_swarm::{Stream, StreamProtocol, Swarm, SwarmEvent};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{future_to_promise, spawn_local};

const PING: StreamProtocol = StreamProtocol::new("/ipfs/ping/1.0.0");
const ECHO: StreamProtocol = StreamProtocol::new("/formix-test/echo/1");
const UPLOAD: StreamProtocol = StreamProtocol::new("/formix-test/upload/1");
const DOWNLOAD: StreamProtocol = StreamProtocol::new("/formix-test/download/1");
const CHUNK_LEN: usize = 64 * 1024;

/// Prints a panic to the browser's console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// One connection to one host. Every promise rejects with an `Error` that says why.
#[wasm_bindgen]
pub struct Tab {
    peer: PeerId,
    control: Control,
    ping: Rc<RefCell<Option<Stream>>>,
    closed: futures::future::Shared<oneshot::Receiver<String>>,
    hang_up: Cell<Option<oneshot::Sender<()>>>,
}

#[wasm_bindgen]
impl Tab {
    /// Dials a multiaddress that ends in `/p2p/…`; resolves to the connection.
    pub async fn dial(addr: String) -> Result<Tab, JsError> {
        let addr: Multiaddr = addr.parse()?;
        let keypair = Keypair::generate_ed25519();
        let transport = webrtc_tab::Transport::new(&keypair)
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .boxed();
        // Not `libp2p_ping`: a host keeps one ping stream of a peer, and here JavaScript is the one that pings.
        let behaviour = libp2p_stream::Behaviour::new();
        let config = libp2p_swarm::Config::with_wasm_executor()
            .with_idle_connection_timeout(Duration::from_secs(3600));
        let mut control = behaviour.new_control();
        spawn_local(answer_pings(control.accept(PING)?));
        let mut swarm = Swarm::new(transport, behaviour, keypair.public().to_peer_id(), config);
        swarm.dial(addr)?;
        let peer = loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => break peer_id,
                SwarmEvent::OutgoingConnectionError { error, .. } => {
                    return Err(JsError::new(&chain(&error)));
                }
                _ => {}
            }
        };
        let (tell_closed, closed) = oneshot::channel();
        let (hang_up, hung_up) = oneshot::channel();
        // On its own, a receiver whose sender is gone counts as done, and `select!` passes over it.
        let mut hung_up = hung_up.fuse();
        spawn_local(async move {
            let cause = loop {
                futures::select! {
                    event = swarm.select_next_some() => if let SwarmEvent::ConnectionClosed { cause, .. } = event {
                        break cause.map_or_else(|| "closed".to_owned(), |cause| chain(&cause));
                    },
                    _ = hung_up => break "hung up".to_owned(),
                }
            };
            // The receiver is gone when the page has let go of the tab.
            let _ = tell_closed.send(cause);
        });
        Ok(Self {
            peer,
            control,
            ping: Rc::default(),
            closed: closed.shared(),
            hang_up: Cell::new(Some(hang_up)),
        })
    }

    /// The host's peer id.
    pub fn peer(&self) -> String {
        self.peer.to_string()
    }

    /// Resolves to the reason once the connection has closed.
    pub fn closed(&self) -> Promise {
        let closed = self.closed.clone();
        future_to_promise(async move {
            let why = closed.await.unwrap_or_else(|_| "page let go".to_owned());
            Ok(JsValue::from_str(&why))
        })
    }

    /// Closes the connection.
    pub fn hang_up(&self) {
        drop(self.hang_up.take());
    }

    /// One round trip of libp2p's ping on a stream that stays open; resolves to milliseconds.
    pub fn ping(&self) -> Promise {
        let (mut control, peer, slot) = (self.control.clone(), self.peer, self.ping.clone());
        promise(async move {
            let kept = slot.borrow_mut().take();
            let mut stream = match kept {
                Some(stream) => stream,
                None => open(&mut control, peer, PING).await?,
            };
            let sent = [0x33; 32];
            let mut got = [0; 32];
            let start = now();
            stream.write_all(&sent).await?;
            stream.flush().await?;
            stream.read_exact(&mut got).await?;
            let took = now() - start;
            if got != sent {
                return Err(JsError::new("host answered other bytes"));
            }
            *slot.borrow_mut() = Some(stream);
            Ok(JsValue::from_f64(took))
        })
    }

    /// Opens a stream, sends `bytes` and resolves to what comes back.
    pub fn echo(&self, bytes: Vec<u8>) -> Promise {
        let (mut control, peer) = (self.control.clone(), self.peer);
        promise(async move {
            let stream = open(&mut control, peer, ECHO).await?;
            let (mut reader, mut writer) = stream.split();
            let mut got = Vec::new();
            let (sent, read) = futures::join!(
                async {
                    writer.write_all(&bytes).await?;
                    writer.close().await
                },
                reader.read_to_end(&mut got)
            );
            sent?;
            read?;
            Ok(Uint8Array::from(&got[..]).into())
        })
    }

    /// Sends `len` bytes; resolves to milliseconds once the host has counted them.
    pub fn upload(&self, len: f64) -> Promise {
        let (mut control, peer) = (self.control.clone(), self.peer);
        promise(async move {
            let mut stream = open(&mut control, peer, UPLOAD).await?;
            let chunk = vec![0x5a; CHUNK_LEN];
            let mut left = len as u64;
            let start = now();
            while left > 0 {
                let part = left.min(CHUNK_LEN as u64);
                stream.write_all(&chunk[..part as usize]).await?;
                left -= part;
            }
            stream.close().await?;
            let mut count = [0; 8];
            stream.read_exact(&mut count).await?;
            let took = now() - start;
            expect(u64::from_be_bytes(count), len as u64)?;
            Ok(JsValue::from_f64(took))
        })
    }

    /// Receives `len` bytes; resolves to milliseconds.
    pub fn download(&self, len: f64) -> Promise {
        let (mut control, peer) = (self.control.clone(), self.peer);
        promise(async move {
            let start = now();
            let download = request(&mut control, peer, len as u64).await?;
            drain(download, len as u64).await?;
            Ok(JsValue::from_f64(now() - start))
        })
    }

    /// Asks for `len` bytes and reads none of them until [`Download::finish`].
    pub async fn open_download(&self, len: f64) -> Result<Download, JsError> {
        let mut control = self.control.clone();
        let stream = request(&mut control, self.peer, len as u64).await?;
        Ok(Download { stream, len: len as u64 })
    }
}

/// A download whose reader has not started.
#[wasm_bindgen]
pub struct Download {
    stream: Stream,
    len: u64,
}

#[wasm_bindgen]
impl Download {
    /// Reads everything.
    pub async fn finish(self) -> Result<(), JsError> {
        drain(self.stream, self.len).await
    }
}

/// Bytes that this page's wasm memory takes.
#[wasm_bindgen]
pub fn memory_bytes() -> f64 {
    let memory: js_sys::WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    f64::from(memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length())
}

/// Answers the host's pings, so that it counts this page as alive.
async fn answer_pings(mut streams: IncomingStreams) {
    while let Some((_, mut stream)) = streams.next().await {
        spawn_local(async move {
            let mut buf = [0; 32];
            while stream.read_exact(&mut buf).await.is_ok()
                && stream.write_all(&buf).await.is_ok()
                && stream.flush().await.is_ok()
            {}
        });
    }
}

async fn open(control: &mut Control, peer: PeerId, protocol: StreamProtocol) -> Result<Stream, JsError> {
    control.open_stream(peer, protocol).await.map_err(|error| JsError::new(&chain(&error)))
}

async fn request(control: &mut Control, peer: PeerId, len: u64) -> Result<Stream, JsError> {
    let mut stream = open(control, peer, DOWNLOAD).await?;
    stream.write_all(&len.to_be_bytes()).await?;
    stream.close().await?;
    Ok(stream)
}

async fn drain(mut stream: Stream, len: u64) -> Result<(), JsError> {
    let mut buf = vec![0; CHUNK_LEN];
    let mut total = 0;
    loop {
        match stream.read(&mut buf).await? {
            0 => return expect(total, len),
            len => total += len as u64,
        }
    }
}

fn expect(got: u64, expected: u64) -> Result<(), JsError> {
    if got == expected { Ok(()) } else { Err(JsError::new(&format!("{got} bytes arrived of {expected}"))) }
}

fn promise(future: impl Future<Output = Result<JsValue, JsError>> + 'static) -> Promise {
    future_to_promise(async move { future.await.map_err(JsValue::from) })
}

/// An error with its causes, since the outer ones rarely say anything.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

/// Milliseconds since the page started.
fn now() -> f64 {
    web_sys::window()
        .and_then(|window| window.performance())
        .map_or_else(js_sys::Date::now, |clock| clock.now())
}
