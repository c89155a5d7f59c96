//! Nodes for the tests: a swarm over webrtc-direct with ping and raw streams, driven by its own task.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod streams;

use std::time::Duration;

use anyhow::Context as _;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::Transport as _;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identity, ping};
use tokio::sync::{mpsc, oneshot};
use webrtc_host::{Certificate, Config, Transport};

/// What is read or written at once.
const BUF_LEN: usize = 64 * 1024;

/// Sends back what it reads.
pub const ECHO: StreamProtocol = StreamProtocol::new("/formix/bench/echo/1");
/// Reads a length and so many bytes, answers with the count.
pub const UPLOAD: StreamProtocol = StreamProtocol::new("/formix/bench/upload/1");
/// Reads a length, writes so many bytes.
pub const DOWNLOAD: StreamProtocol = StreamProtocol::new("/formix/bench/download/1");

/// The page's names (`tests/tab`): the same, but an upload ends with its stream, not after a length.
pub const TAB_ECHO: StreamProtocol = StreamProtocol::new("/formix-test/echo/1");
pub const TAB_UPLOAD: StreamProtocol = StreamProtocol::new("/formix-test/upload/1");
pub const TAB_DOWNLOAD: StreamProtocol = StreamProtocol::new("/formix-test/download/1");

#[derive(NetworkBehaviour)]
pub struct Behaviour {
    pub ping: ping::Behaviour,
    pub stream: streams::Behaviour,
}

/// What a node's task saw.
#[derive(Debug)]
pub enum Seen {
    Connected(PeerId),
    Closed(PeerId, String),
    Ping(PeerId, Result<Duration, String>),
    DialFailed(String),
}

pub enum Command {
    Dial(Multiaddr),
    Disconnect(PeerId),
    Stop(oneshot::Sender<()>),
}

pub struct Node {
    pub peer: PeerId,
    pub control: streams::Control,
    pub address: Multiaddr,
    pub seen: mpsc::UnboundedReceiver<Seen>,
    pub commands: mpsc::UnboundedSender<Command>,
}

pub fn swarm(certificate: Certificate, config: Config) -> anyhow::Result<Swarm<Behaviour>> {
    swarm_over(|key| {
        Ok(Transport::new(key.clone(), certificate, config)?
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed())
    })
}

/// A swarm over any transport.
pub fn swarm_over(
    transport: impl FnOnce(&identity::Keypair) -> anyhow::Result<Boxed<(PeerId, StreamMuxerBox)>>,
) -> anyhow::Result<Swarm<Behaviour>> {
    let identity = identity::Keypair::generate_ed25519();
    Ok(SwarmBuilder::with_existing_identity(identity)
        .with_tokio()
        .with_other_transport(|key| Ok(transport(key)?))?
        .with_behaviour(|_| Behaviour {
            ping: ping::Behaviour::default(),
            stream: streams::Behaviour::default(),
        })?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build())
}

impl Node {
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(Certificate::generate()?, Config::default(), "/ip4/127.0.0.1/udp/0/webrtc-direct").await
    }

    /// A node that only dials.
    pub fn dialler(certificate: Certificate, config: Config) -> anyhow::Result<Self> {
        Self::run(swarm(certificate, config)?, Multiaddr::empty())
    }

    pub async fn with(certificate: Certificate, config: Config, listen: &str) -> anyhow::Result<Self> {
        Self::listen(swarm(certificate, config)?, listen).await
    }

    pub async fn listen(mut swarm: Swarm<Behaviour>, listen: &str) -> anyhow::Result<Self> {
        swarm.listen_on(listen.parse()?)?;
        let address = loop {
            match swarm.next().await.context("swarm ended")? {
                SwarmEvent::NewListenAddr { address, .. } => break address,
                other => anyhow::ensure!(!matches!(other, SwarmEvent::ListenerError { .. }), "{other:?}"),
            }
        };
        serve(&mut swarm.behaviour().stream.new_control());
        Self::run(swarm, address)
    }

    pub fn run(swarm: Swarm<Behaviour>, address: Multiaddr) -> anyhow::Result<Self> {
        let peer = *swarm.local_peer_id();
        let control = swarm.behaviour().stream.new_control();
        let (seen_sender, seen) = mpsc::unbounded_channel();
        let (commands, receiver) = mpsc::unbounded_channel();
        tokio::spawn(drive(swarm, receiver, seen_sender));
        Ok(Self { peer, control, address, seen, commands })
    }

    pub fn dial(&self, address: &Multiaddr) {
        let _ = self.commands.send(Command::Dial(address.clone()));
    }

    pub async fn connect(&mut self, other: &Node) -> anyhow::Result<()> {
        self.dial(&other.address.clone().with_p2p(other.peer).expect("no other id"));
        self.wait(|seen| match seen {
            Seen::Connected(peer) if *peer == other.peer => Some(Ok(())),
            Seen::DialFailed(error) => Some(Err(anyhow::anyhow!("{error}"))),
            _ => None,
        })
        .await?
    }

    pub async fn wait<T>(&mut self, mut pick: impl FnMut(&Seen) -> Option<T>) -> anyhow::Result<T> {
        tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                let seen = self.seen.recv().await.context("node ended")?;
                if let Some(picked) = pick(&seen) {
                    return Ok(picked);
                }
            }
        })
        .await?
    }
}

async fn drive(
    mut swarm: Swarm<Behaviour>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    seen: mpsc::UnboundedSender<Seen>,
) {
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Dial(address)) => {
                    let options = DialOpts::unknown_peer_id().address(address).build();
                    if let Err(error) = swarm.dial(options) {
                        let _ = seen.send(Seen::DialFailed(error.to_string()));
                    }
                }
                Some(Command::Disconnect(peer)) => {
                    let _ = swarm.disconnect_peer_id(peer);
                }
                Some(Command::Stop(done)) => {
                    drop(swarm);
                    let _ = done.send(());
                    return;
                }
                None => return,
            },
            event = swarm.select_next_some() => {
                let event = match event {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => Seen::Connected(peer_id),
                    SwarmEvent::ConnectionClosed { peer_id, cause, .. } => {
                        Seen::Closed(peer_id, cause.map(|cause| format!("{cause:?}")).unwrap_or_default())
                    }
                    SwarmEvent::OutgoingConnectionError { error, .. } => Seen::DialFailed(format!("{error:?}")),
                    SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => {
                        Seen::Ping(event.peer, event.result.map_err(|error| error.to_string()))
                    }
                    _ => continue,
                };
                let _ = seen.send(event);
            }
        }
    }
}

/// Serves the bench protocols on tasks of their own.
pub fn serve(control: &mut streams::Control) {
    answer(control, ECHO, echo);
    answer(control, TAB_ECHO, echo);
    answer(control, UPLOAD, |mut stream| async move {
        let length = read_u64(&mut stream).await?;
        sink(stream, length).await
    });
    answer(control, TAB_UPLOAD, |stream| sink(stream, u64::MAX));
    answer(control, DOWNLOAD, source);
    answer(control, TAB_DOWNLOAD, source);
}

fn answer<F>(
    control: &mut streams::Control,
    protocol: StreamProtocol,
    serve: impl Fn(libp2p::Stream) -> F + Send + 'static,
) where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let mut incoming = control.accept(protocol);
    tokio::spawn(async move {
        while let Some((_, stream)) = incoming.next().await {
            // A failed stream is the client's to notice.
            drop(tokio::spawn(serve(stream)));
        }
    });
}

async fn echo(stream: libp2p::Stream) -> std::io::Result<()> {
    let (mut read, mut write) = stream.split();
    let mut buf = vec![0; BUF_LEN];
    loop {
        match read.read(&mut buf).await? {
            0 => return write.close().await,
            len => {
                write.write_all(&buf[..len]).await?;
                write.flush().await?;
            }
        }
    }
}

/// Reads `length` bytes, or to the end if that is earlier, and answers with their number.
async fn sink(mut stream: libp2p::Stream, length: u64) -> std::io::Result<()> {
    let mut left = length;
    let mut buf = vec![0; BUF_LEN];
    while left > 0 {
        let want = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        match stream.read(&mut buf[..want]).await? {
            0 => break,
            read => left -= read as u64,
        }
    }
    stream.write_all(&(length - left).to_be_bytes()).await?;
    stream.close().await
}

async fn source(mut stream: libp2p::Stream) -> std::io::Result<()> {
    let mut left = read_u64(&mut stream).await?;
    let buf = vec![0x5a; BUF_LEN];
    while left > 0 {
        let want = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        stream.write_all(&buf[..want]).await?;
        left -= want as u64;
    }
    stream.close().await
}

/// This process's resident memory, 0 where the system does not tell.
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

pub async fn read_u64(stream: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes).await?;
    Ok(u64::from_be_bytes(bytes))
}

/// Uploads `total` bytes to a peer's sink: the time taken.
pub async fn upload(control: &mut streams::Control, peer: PeerId, total: u64) -> anyhow::Result<Duration> {
    let mut stream = control.open_stream(peer, UPLOAD).await?;
    let start = std::time::Instant::now();
    stream.write_all(&total.to_be_bytes()).await?;
    let buf = vec![0xa5; BUF_LEN];
    let mut left = total;
    while left > 0 {
        let want = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        stream.write_all(&buf[..want]).await?;
        left -= want as u64;
    }
    stream.flush().await?;
    let count = read_u64(&mut stream).await?;
    anyhow::ensure!(count == total, "peer counted {count} of {total}");
    stream.close().await?;
    Ok(start.elapsed())
}

/// Downloads `total` bytes from a peer's source: the time taken.
pub async fn download(control: &mut streams::Control, peer: PeerId, total: u64) -> anyhow::Result<Duration> {
    let mut stream = control.open_stream(peer, DOWNLOAD).await?;
    let start = std::time::Instant::now();
    stream.write_all(&total.to_be_bytes()).await?;
    stream.flush().await?;
    let mut buf = vec![0; BUF_LEN];
    let mut got = 0;
    loop {
        match stream.read(&mut buf).await? {
            0 => break,
            read => got += read as u64,
        }
    }
    anyhow::ensure!(got == total, "got {got} of {total}");
    stream.close().await?;
    Ok(start.elapsed())
}
