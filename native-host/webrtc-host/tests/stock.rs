//! The published `libp2p-webrtc` on the other end, as dialler and as listener.
//!
//! It is of a later line of libp2p than ours, so its muxer is driven directly, without a swarm. Its
//! listener reads into 8 KiB and fails when frames run together: what it has to take and give here
//! stays small (its own limits, not ours).

mod common;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use common::{ECHO, Node};
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p_core_057::muxing::{StreamMuxerBox, StreamMuxerExt as _, SubstreamBox};
use libp2p_core_057::transport::{Boxed, DialOpts, ListenerId, PortUse, TransportEvent};
use libp2p_core_057::{Endpoint, Multiaddr, PeerId, Transport as _};
use libp2p_identity_057::Keypair;
use multistream_select_057::{Version, dialer_select_proto, listener_select_proto};
use rand_core::SeedableRng as _;

type Stock = Boxed<(PeerId, StreamMuxerBox)>;

fn stock() -> anyhow::Result<(PeerId, Stock)> {
    // Installed once a process; a second attempt finds the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let keypair = Keypair::generate_ed25519();
    let peer = keypair.public().to_peer_id();
    let mut random = rand_chacha::ChaCha20Rng::seed_from_u64(u64::from(std::process::id()));
    let certificate = libp2p_webrtc::tokio::Certificate::generate(&mut random)?;
    let transport = libp2p_webrtc::tokio::Transport::new(keypair, certificate);
    Ok((peer, transport.map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer))).boxed()))
}

async fn listen(stock: &mut Stock) -> anyhow::Result<Multiaddr> {
    stock.listen_on(ListenerId::next(), "/ip4/127.0.0.1/udp/0/webrtc-direct".parse()?)?;
    loop {
        let event = poll_fn(|cx| Pin::new(&mut *stock).poll(cx)).await;
        if let TransportEvent::NewAddress { listen_addr, .. } = event {
            return Ok(listen_addr);
        }
    }
}

fn poll_stream(
    muxer: &mut StreamMuxerBox,
    cx: &mut Context<'_>,
    poll: fn(&mut StreamMuxerBox, &mut Context<'_>) -> Poll<io::Result<SubstreamBox>>,
) -> Poll<io::Result<SubstreamBox>> {
    while let Poll::Ready(event) = muxer.poll_unpin(cx) {
        event?;
    }
    poll(muxer, cx)
}

async fn echo(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> anyhow::Result<()> {
    for len in [1, 1000, 4096] {
        let sent = vec![5; len];
        stream.write_all(&sent).await?;
        stream.flush().await?;
        let mut got = vec![0; len];
        stream.read_exact(&mut got).await?;
        assert_eq!(got, sent);
    }
    stream.close().await?;
    assert_eq!(stream.read(&mut [0]).await?, 0, "the peer closed its half too");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_dialler_reaches_our_listener() -> anyhow::Result<()> {
    let ours = Node::start().await?;
    let (_, mut stock) = stock()?;
    // It dials from its listener's socket only.
    listen(&mut stock).await?;
    let address: Multiaddr = ours.address.to_string().parse()?;
    let options = DialOpts { role: Endpoint::Dialer, port_use: PortUse::New };
    let dial = stock.dial(address, options)?;
    tokio::spawn(async move { while poll_fn(|cx| Pin::new(&mut stock).poll(cx)).await.is_upgrade() {} });
    let (peer, mut muxer) = dial.await?;
    assert_eq!(peer.to_bytes(), ours.peer.to_bytes());
    for _ in 0..20 {
        let stream =
            poll_fn(|cx| poll_stream(&mut muxer, cx, |muxer, cx| muxer.poll_outbound_unpin(cx))).await?;
        let talk = async {
            let (_, stream) = dialer_select_proto(stream, [ECHO.as_ref()], Version::V1).await?;
            echo(stream).await
        };
        // The muxer works only while somebody polls it.
        let broken = poll_fn(|cx| muxer.poll_unpin(cx).map(|event| event.map(|_| ())));
        tokio::select! {
            done = talk => done?,
            event = broken => anyhow::bail!("connection ended: {event:?}"),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_dialler_reaches_the_published_listener() -> anyhow::Result<()> {
    let (peer, mut stock) = stock()?;
    let address = listen(&mut stock).await?;
    tokio::spawn(async move {
        loop {
            if let TransportEvent::Incoming { upgrade, .. } =
                poll_fn(|cx| Pin::new(&mut stock).poll(cx)).await
            {
                tokio::spawn(async move { serve(upgrade.await?.1).await });
            }
        }
    });
    let mut ours = Node::start().await?;
    let peer = libp2p::PeerId::from_bytes(&peer.to_bytes())?;
    ours.dial(&address.to_string().parse()?);
    ours.wait(|seen| match seen {
        common::Seen::Connected(other) => {
            assert_eq!(*other, peer);
            Some(())
        }
        common::Seen::DialFailed(error) => panic!("{error}"),
        _ => None,
    })
    .await?;
    for _ in 0..20 {
        echo(ours.control.open_stream(peer, ECHO).await?).await?;
    }
    Ok(())
}

/// Echoes on every stream of a connection.
async fn serve(mut muxer: StreamMuxerBox) -> io::Result<()> {
    loop {
        let stream =
            poll_fn(|cx| poll_stream(&mut muxer, cx, |muxer, cx| muxer.poll_inbound_unpin(cx))).await?;
        tokio::spawn(async move {
            let (_, mut stream) = listener_select_proto(stream, [ECHO.as_ref()]).await?;
            let mut buf = vec![0; 4096];
            loop {
                let len = stream.read(&mut buf).await?;
                if len == 0 {
                    stream.close().await?;
                    return anyhow::Ok(());
                }
                stream.write_all(&buf[..len]).await?;
                stream.flush().await?;
            }
        });
    }
}
