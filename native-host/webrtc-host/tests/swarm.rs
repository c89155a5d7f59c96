//! Swarms over webrtc-direct.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use common::{Command, DOWNLOAD, ECHO, Node, Seen, download, upload};
use futures::{AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, StreamProtocol};
use tokio::sync::oneshot;
use webrtc_host::{Certificate, Config};

const MIB: u64 = 1024 * 1024;
/// Handed to the test, which decides when to read.
const HELD: StreamProtocol = StreamProtocol::new("/formix/test/held/1");

fn socket_address(address: &Multiaddr) -> SocketAddr {
    let mut parts = address.iter();
    match (parts.next(), parts.next()) {
        (Some(Protocol::Ip4(ip)), Some(Protocol::Udp(port))) => (ip, port).into(),
        (Some(Protocol::Ip6(ip)), Some(Protocol::Udp(port))) => (ip, port).into(),
        _ => panic!("not a UDP address: {address}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pings() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    a.wait(|seen| matches!(seen, Seen::Ping(peer, Ok(_)) if *peer == b.peer).then_some(())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn listens_on_ipv6_and_on_every_address() -> anyhow::Result<()> {
    let mut a = Node::start().await?;
    for listen in ["/ip6/::1/udp/0/webrtc-direct", "/ip4/0.0.0.0/udp/0/webrtc-direct"] {
        let b = Node::with(Certificate::generate()?, Config::default(), listen).await?;
        a.connect(&b).await?;
        upload(&mut a.control, b.peer, MIB).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_64_mib_each_way() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    let up = upload(&mut a.control, b.peer, 64 * MIB).await?;
    let down = download(&mut a.control, b.peer, 64 * MIB).await?;
    println!("up {:.1} MiB/s, down {:.1} MiB/s", 64.0 / up.as_secs_f64(), 64.0 / down.as_secs_f64());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_half_leaves_the_other_open() -> anyhow::Result<()> {
    let (mut a, mut b) = (Node::start().await?, Node::start().await?);
    let mut held = b.control.accept(HELD);
    a.connect(&b).await?;
    let mut stream = a.control.open_stream(b.peer, HELD).await?;
    stream.write_all(b"question").await?;
    stream.close().await?;
    let (_, mut other) = held.next().await.expect("a stream");
    let mut got = Vec::new();
    other.read_to_end(&mut got).await?;
    assert_eq!(got, b"question");
    let answer = vec![7; 1_000_000];
    let write = async {
        other.write_all(&answer).await?;
        other.close().await
    };
    let mut got = Vec::new();
    let (wrote, read) = futures::join!(write, stream.read_to_end(&mut got));
    wrote?;
    read?;
    assert_eq!(got, answer);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_stream_is_reset_for_the_peer_and_only_that_stream() -> anyhow::Result<()> {
    let (mut a, mut b) = (Node::start().await?, Node::start().await?);
    let mut held = b.control.accept(HELD);
    a.connect(&b).await?;
    let mut stream = a.control.open_stream(b.peer, HELD).await?;
    stream.write_all(b"x").await?;
    stream.flush().await?;
    let (_, mut other) = held.next().await.expect("a stream");
    other.read_exact(&mut [0]).await?;
    drop(stream);
    let error = other.read(&mut [0]).await.expect_err("the peer gave up");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    let error = loop {
        match other.write(&[0; 1024]).await {
            Ok(_) => other.flush().await?,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    upload(&mut a.control, b.peer, MIB).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_stops_the_writer_and_nobody_else() -> anyhow::Result<()> {
    let (mut a, mut b) = (Node::start().await?, Node::start().await?);
    let mut held = b.control.accept(HELD);
    a.connect(&b).await?;
    let mut stream = a.control.open_stream(b.peer, HELD).await?;
    stream.write_all(b"x").await?;
    stream.flush().await?;
    let (_, mut other) = held.next().await.expect("a stream");

    // Writes until the stream takes no more, and stays that way while others move megabytes.
    let chunk = vec![9; 64 * 1024];
    let mut sent = 1;
    let mut stuck = 0;
    while stuck < 3 {
        let write = futures::future::poll_fn(|cx| match Pin::new(&mut stream).poll_write(cx, &chunk) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => Poll::Ready(None),
        });
        match write.await {
            Some(written) => {
                sent += written?;
                stuck = 0;
            }
            None => {
                upload(&mut a.control, b.peer, MIB).await?;
                stuck += 1;
            }
        }
        assert!(sent < 8 * MIB as usize, "the writer was never stopped");
    }
    let (echo, mut control) = (b.peer, a.control.clone());
    let mut quick = control.open_stream(echo, ECHO).await?;
    quick.write_all(b"ok").await?;
    quick.close().await?;
    let mut got = Vec::new();
    quick.read_to_end(&mut got).await?;
    assert_eq!(got, b"ok");

    let reader = async {
        let mut got = Vec::new();
        other.read_to_end(&mut got).await.map(|_| got.len())
    };
    let (closed, got) = futures::join!(stream.close(), reader);
    closed?;
    assert_eq!(got?, sent);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_given_up_midway_leave_the_connection_whole() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    for _ in 0..5 {
        let mut streams = Vec::new();
        for _ in 0..12 {
            let mut stream = a.control.open_stream(b.peer, DOWNLOAD).await?;
            stream.write_all(&(64 * MIB).to_be_bytes()).await?;
            stream.flush().await?;
            stream.read_exact(&mut [0]).await?;
            streams.push(stream);
        }
        drop(streams);
        upload(&mut a.control, b.peer, MIB).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_connects_and_closes_leave_nothing() -> anyhow::Result<()> {
    let (mut a, mut b) = (Node::start().await?, Node::start().await?);
    let mut base = 0;
    for round in 0..200 {
        a.connect(&b).await?;
        b.wait(|seen| matches!(seen, Seen::Connected(_)).then_some(())).await?;
        let _ = a.commands.send(Command::Disconnect(b.peer));
        a.wait(|seen| matches!(seen, Seen::Closed(..)).then_some(())).await?;
        b.wait(|seen| matches!(seen, Seen::Closed(..)).then_some(())).await?;
        if round == 50 {
            base = common::resident_bytes();
        }
    }
    let grown = common::resident_bytes().saturating_sub(base);
    // 150 connections of 30 KiB would show as 4.5 MiB in each of the two nodes.
    assert!(grown < 4 * MIB, "grew by {grown} bytes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_peer_is_noticed_on_either_side() -> anyhow::Result<()> {
    let mut config = Config::default();
    config.peer_timeout = Duration::from_secs(2);
    config.consent_interval = Duration::from_millis(500);
    let mut survivor =
        Node::with(Certificate::generate()?, config, "/ip4/127.0.0.1/udp/0/webrtc-direct").await?;
    for survivor_dials in [true, false] {
        // A runtime of its own, whose end sends nothing to anybody.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (tell, victim) = oneshot::channel();
        runtime.spawn(async move {
            let _ = tell.send(Node::start().await);
        });
        let mut victim = victim.await??;
        if survivor_dials {
            survivor.connect(&victim).await?;
        } else {
            victim.dial(&survivor.address);
        }
        victim.wait(|seen| matches!(seen, Seen::Ping(_, Ok(_))).then_some(())).await?;
        let start = Instant::now();
        runtime.shutdown_background();
        let why = survivor
            .wait(|seen| match seen {
                Seen::Closed(_, why) => Some(why.clone()),
                _ => None,
            })
            .await?;
        assert!(why.contains("PeerTimedOut"), "{why}");
        assert!(start.elapsed() < Duration::from_secs(4), "it took {:?}", start.elapsed());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_survives_a_restart() -> anyhow::Result<()> {
    let certificate = Certificate::generate()?;
    let first =
        Node::with(certificate.clone(), Config::default(), "/ip4/127.0.0.1/udp/0/webrtc-direct").await?;
    let address = first.address.clone();
    let (done, stopped) = oneshot::channel();
    let _ = first.commands.send(Command::Stop(done));
    stopped.await?;
    let certificate = Certificate::from_pem(&certificate.to_pem())?;
    // The old socket closes with its task, which ends on its own.
    let second = loop {
        match Node::with(certificate.clone(), Config::default(), &address.to_string()).await {
            Ok(node) => break node,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!(second.address, address);
    let mut dialler = Node::start().await?;
    dialler.connect(&second).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_with_the_wrong_certhash_fails() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    let target = socket_address(&b.address);
    let own: Multiaddr = a.address.iter().skip(2).collect();
    let wrong = Multiaddr::from(target.ip()).with(Protocol::Udp(target.port()));
    let wrong = own.iter().fold(wrong, Multiaddr::with);
    a.dial(&wrong);
    let error = a
        .wait(|seen| match seen {
            Seen::DialFailed(error) => Some(error.clone()),
            _ => None,
        })
        .await?;
    assert!(error.contains("CertificateMismatch"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dial_to_nobody_times_out_with_a_reason() -> anyhow::Result<()> {
    let mut config = Config::default();
    config.handshake_timeout = Duration::from_millis(500);
    let mut a = Node::with(Certificate::generate()?, config, "/ip4/127.0.0.1/udp/0/webrtc-direct").await?;
    let silent = UdpSocket::bind("127.0.0.1:0")?;
    let certhash: Multiaddr = a.address.iter().skip(2).collect();
    let target = Multiaddr::from(silent.local_addr()?.ip()).with(Protocol::Udp(silent.local_addr()?.port()));
    a.dial(&certhash.iter().fold(target, Multiaddr::with));
    let error = a
        .wait(|seen| match seen {
            Seen::DialFailed(error) => Some(error.clone()),
            _ => None,
        })
        .await?;
    assert!(error.contains("HandshakeTimedOut"), "{error}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_does_not_disturb_a_listener() -> anyhow::Result<()> {
    let (mut a, b) = (Node::start().await?, Node::start().await?);
    a.connect(&b).await?;
    let target = socket_address(&b.address);
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let sockets: Vec<UdpSocket> =
        (0..8).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<std::io::Result<_>>()?;
    for round in 0..2_000_usize {
        let len = (random() % 1500) as usize;
        let mut datagram: Vec<u8> = (0..len).map(|_| random() as u8).collect();
        if let Some(first) = datagram.first_mut() {
            // STUN, DTLS handshake and data, RTP, nothing known.
            *first = [0, 1, 20, 22, 23, 63, 128, 255][round % 8];
        }
        sockets[round % sockets.len()].send_to(&datagram, target)?;
    }
    upload(&mut a.control, b.peer, MIB).await?;
    let mut c = Node::start().await?;
    c.connect(&b).await
}
