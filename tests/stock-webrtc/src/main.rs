//! Listens with the published `libp2p-webrtc` on loopback and prints its address, once, as a line.
//! `RUST_LOG` says what goes to standard error.
//!
//! Transport and streams are the published ones; the swarm above them is left out, since the swarm of
//! that line of libp2p pins a wasm-bindgen that the page cannot use, and a workspace has one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use futures::future::poll_fn;
use libp2p_core_057 as libp2p_core;

use libp2p_core::muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox};
use libp2p_core::transport::{Boxed, ListenerId, TransportEvent};
use libp2p_core::{PeerId, Transport as _};
use libp2p_identity_057::Keypair;
use libp2p_webrtc::tokio::{Certificate, Transport};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use stock_webrtc::Protocol;

type Listener = Boxed<(PeerId, StreamMuxerBox)>;

#[tokio::main]
async fn main() -> Result<()> {
    let filter = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    // The published listener takes whichever provider the process chose, and panics without one.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a cryptography provider is installed already"))?;
    let keypair = Keypair::generate_ed25519();
    let peer = keypair.public().to_peer_id();
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let certificate = Certificate::generate(&mut ChaCha20Rng::from_seed(seed))?;
    let transport = Transport::new(keypair, certificate);
    let mut listener: Listener = transport.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer))).boxed();
    listener.listen_on(ListenerId::next(), "/ip4/127.0.0.1/udp/0/webrtc-direct".parse()?)?;
    loop {
        match poll_fn(|cx| Pin::new(&mut listener).poll(cx)).await {
            TransportEvent::NewAddress { listen_addr, .. } => println!("{listen_addr}/p2p/{peer}"),
            TransportEvent::Incoming { upgrade, send_back_addr, .. } => {
                tokio::spawn(async move {
                    let ended = match upgrade.await {
                        Ok((_, muxer)) => serve(muxer).await,
                        Err(error) => error,
                    };
                    eprintln!("{send_back_addr}: {ended}");
                });
            }
            TransportEvent::ListenerClosed { reason, .. } => return Ok(reason?),
            _ => {}
        }
    }
}

/// Takes a connection's streams until it ends; gives the reason.
async fn serve(mut muxer: StreamMuxerBox) -> io::Error {
    loop {
        let stream = poll_fn(|cx| poll_inbound(&mut muxer, cx)).await;
        match stream {
            Ok(stream) => tokio::spawn(async move {
                if let Err(error) = serve_stream(stream).await {
                    eprintln!("stream: {error}");
                }
            }),
            Err(error) => return error,
        };
    }
}

fn poll_inbound(muxer: &mut StreamMuxerBox, cx: &mut Context<'_>) -> Poll<io::Result<SubstreamBox>> {
    while let Poll::Ready(event) = muxer.poll_unpin(cx) {
        event?;
    }
    muxer.poll_inbound_unpin(cx)
}

async fn serve_stream(stream: SubstreamBox) -> Result<()> {
    let names = Protocol::ALL.map(Protocol::name);
    let (name, stream) = multistream_select_057::listener_select_proto(stream, names).await?;
    let protocol = Protocol::ALL.into_iter().find(|protocol| protocol.name() == name);
    Ok(stock_webrtc::answer(protocol.unwrap_or(Protocol::Ping), stream).await?)
}
