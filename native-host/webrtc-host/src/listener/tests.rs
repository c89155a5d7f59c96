//! A listener on loopback, and diallers that stop wherever the test wants.

use std::future::poll_fn;
use std::time::Duration;

use tokio::net::UdpSocket;
use webrtc::sdp::Ufrag;

use super::*;
use crate::certificate::Certificate;
use crate::datagrams::Outbox;
use crate::session::CloseReason;

struct Host {
    address: SocketAddr,
    table: Arc<Table>,
    incoming: mpsc::Receiver<Incoming>,
}

fn shared(config: Config) -> Arc<Shared> {
    Arc::new(Shared::new(config, Certificate::generate().unwrap()).unwrap())
}

fn start(config: Config) -> Host {
    let socket = Arc::new(Socket::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1 << 20).unwrap());
    let address = socket.local_addr().unwrap();
    let table = Arc::new(Table::default());
    let (sender, incoming) = mpsc::channel(64);
    tokio::spawn(run(socket, shared(config), Arc::clone(&table), sender));
    Host { address, table, incoming }
}

/// A dialler on its own socket.
struct Knock {
    socket: UdpSocket,
    session: Session,
}

impl Knock {
    async fn new(host: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(host).await.unwrap();
        let expected = webrtc::certhash::Fingerprint([0; 32]);
        let ufrag = Ufrag::from_random(rand::random());
        let shared = shared(Config::default());
        Self { socket, session: Session::dialer(shared, host, ufrag, expected, 1, Instant::now()) }
    }

    async fn send(&mut self) {
        let mut out = Outbox::new(1);
        while self.session.poll_output(&mut out).is_some() {}
        while let Some(batch) = out.front() {
            self.socket.send(&batch.bytes).await.unwrap();
            out.pop();
        }
    }

    /// The connectivity check and its answer.
    async fn greet(&mut self) {
        self.session.handle_timeout(Instant::now());
        self.send().await;
        self.receive().await;
    }

    async fn receive(&mut self) {
        let mut buf = [0; 2048];
        let len = self.socket.recv(&mut buf).await.unwrap();
        self.session.handle_input(Instant::now(), &buf[..len], &mut Outbox::new(1));
    }
}

#[tokio::test]
async fn handshakes_under_way_are_bounded_and_end_in_time() {
    let config =
        Config { handshakes_max: 2, handshake_timeout: Duration::from_millis(300), ..Config::default() };
    let mut host = start(config);
    let mut knocks = Vec::new();
    for _ in 0..5 {
        let mut knock = Knock::new(host.address).await;
        knock.greet().await;
        // The ClientHello, and nothing after it.
        knock.send().await;
        knocks.push(knock);
    }
    // All five have sent before this check is answered, so what they could begin has begun.
    Knock::new(host.address).await.greet().await;
    assert_eq!(host.table.len(), 2);
    for _ in 0..2 {
        let incoming = host.incoming.recv().await.unwrap();
        let ended = poll_fn(|cx| incoming.connection.poll_connected(cx)).await;
        assert_eq!(ended.err(), Some(CloseReason::HandshakeTimedOut));
    }
    // Both left; the table forgets them with their tasks.
    while host.table.len() > 0 {
        host.table.shrunk.notified().await;
    }
    let mut late = Knock::new(host.address).await;
    late.greet().await;
    late.send().await;
    assert!(host.incoming.recv().await.is_some());
}

#[tokio::test]
async fn dtls_without_a_check_makes_nothing() {
    let mut host = start(Config::default());
    let mut honest = Knock::new(host.address).await;
    honest.greet().await;
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut hello = Outbox::new(1);
    while honest.session.poll_output(&mut hello).is_some() {}
    let hello = &hello.front().unwrap().bytes;
    stranger.send_to(hello, host.address).await.unwrap();
    honest.socket.send(hello).await.unwrap();
    let first = host.incoming.recv().await.unwrap();
    assert_eq!(first.path.remote, honest.socket.local_addr().unwrap());
    assert_eq!(host.table.len(), 1);
}

#[tokio::test]
async fn connections_are_bounded() {
    let mut host = start(Config { connections_max: 1, ..Config::default() });
    for _ in 0..3 {
        let mut knock = Knock::new(host.address).await;
        knock.greet().await;
        knock.send().await;
    }
    Knock::new(host.address).await.greet().await;
    assert!(host.incoming.recv().await.is_some());
    assert_eq!(host.table.len(), 1);
}

#[test]
fn an_address_has_a_share_of_the_handshakes() {
    let config = Config { handshakes_max: 3, handshakes_each_max: 1, ..Config::default() };
    let table = Arc::new(Table::default());
    let take = |ip: &str| HandshakeSlot::take(&table, ip.parse().unwrap(), &config);
    let one = take("192.0.2.1").unwrap();
    assert!(take("::ffff:192.0.2.1").is_none());
    let two = take("192.0.2.2").unwrap();
    drop(one);
    let local = [take("127.0.0.1").unwrap(), take("127.0.0.1").unwrap()];
    assert!(take("192.0.2.3").is_none());
    drop((two, local));
    let handshakes = table.handshakes();
    assert!(handshakes.all == 0 && handshakes.each.is_empty());
}
