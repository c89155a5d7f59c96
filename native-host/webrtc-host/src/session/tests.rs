//! Two sessions, a clock that the test moves, and a network that loses and changes what it likes.

use super::*;

struct Pair {
    dialer: Session,
    listener: Session,
    now: Instant,
    /// What each side reported, the dialler first.
    seen: [Vec<Output>; 2],
}

/// What the network does to a datagram: `None` loses it.
type Network<'a> = &'a mut dyn FnMut(Vec<u8>) -> Option<Vec<u8>>;

fn shared(config: Config) -> Arc<Shared> {
    Arc::new(Shared::new(config, Certificate::generate().unwrap()).unwrap())
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Pair {
    fn new(config: Config) -> Self {
        Self::expecting(config, None)
    }

    fn expecting(config: Config, expected: Option<Fingerprint>) -> Self {
        let (a, b) = (shared(config), shared(config));
        let expected = expected.unwrap_or(b.certificate.fingerprint());
        let ufrag = Ufrag::from_random([1; 24]);
        let now = Instant::now();
        Self {
            dialer: Session::dialer(a, address(1), ufrag.clone(), expected, 7, now),
            listener: Session::listener(b, address(2), ufrag, now),
            now,
            seen: [Vec::new(), Vec::new()],
        }
    }

    /// Exchanges datagrams until both sides are quiet; whether any moved.
    fn exchange(&mut self, network: Network<'_>) -> bool {
        let mut any = false;
        for _ in 0..10_000 {
            let mut moved = false;
            for from in 0..2 {
                let mut out = Outbox::new(64);
                let session = if from == 0 { &mut self.dialer } else { &mut self.listener };
                while let Some(output) = session.poll_output(&mut out) {
                    self.seen[from].push(output);
                }
                let to = if from == 0 { &mut self.listener } else { &mut self.dialer };
                let mut back = Outbox::new(64);
                while let Some(batch) = out.front() {
                    for datagram in batch.bytes.chunks(batch.segment) {
                        moved = true;
                        if let Some(datagram) = network(datagram.to_vec()) {
                            to.handle_input(self.now, &datagram, &mut back);
                        }
                    }
                    out.pop();
                }
                // Answers made at once; the other side takes them in now.
                let session = if from == 0 { &mut self.dialer } else { &mut self.listener };
                while let Some(batch) = back.front() {
                    for datagram in batch.bytes.chunks(batch.segment) {
                        if let Some(datagram) = network(datagram.to_vec()) {
                            session.handle_input(self.now, &datagram, &mut Outbox::new(1));
                        }
                    }
                    back.pop();
                }
            }
            any |= moved;
            if !moved {
                return any;
            }
        }
        panic!("the sessions never fall quiet");
    }

    /// Moves the clock to the next deadline.
    fn tick(&mut self) {
        let next = [&self.dialer, &self.listener].into_iter().filter_map(|s| s.poll_timeout()).min();
        if let Some((at, _)) = next {
            self.now = self.now.max(at);
        }
        self.dialer.handle_timeout(self.now);
        self.listener.handle_timeout(self.now);
    }

    fn run(&mut self, network: Network<'_>, mut done: impl FnMut(&mut Self) -> bool) {
        for _ in 0..2_000 {
            self.exchange(network);
            if done(self) {
                return;
            }
            self.tick();
        }
        panic!("never done; seen {:?}", self.seen);
    }

    fn connect(&mut self, network: Network<'_>) {
        self.run(network, |pair| pair.seen.iter().all(|seen| seen.contains(&Output::Connected)));
    }

    fn opened(&self, side: usize) -> Vec<u16> {
        self.seen[side]
            .iter()
            .filter_map(|output| match output {
                Output::Opened(id) => Some(*id),
                _ => None,
            })
            .collect()
    }

    fn closed(&self, side: usize) -> Option<CloseReason> {
        self.seen[side].iter().find_map(|output| match output {
            Output::Closed(reason) => Some(*reason),
            _ => None,
        })
    }
}

fn perfect(datagram: Vec<u8>) -> Option<Vec<u8>> {
    Some(datagram)
}

fn read_all(session: &mut Session, id: u16) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    while session.read(id, |message| messages.push(message.to_vec())) {}
    messages
}

/// A small generator, so that a failing seed can be named.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

#[test]
fn connects_and_both_know_the_certificates() {
    let mut pair = Pair::new(Config::default());
    pair.connect(&mut perfect);
    let (dialer, listener) = (&pair.dialer, &pair.listener);
    assert_eq!(dialer.peer_fingerprint(), Some(listener.shared.certificate.fingerprint()));
    assert_eq!(listener.peer_fingerprint(), Some(dialer.shared.certificate.fingerprint()));
}

#[test]
fn another_certificate_ends_the_dial() {
    let mut pair = Pair::expecting(Config::default(), Some(Fingerprint([0; 32])));
    pair.run(&mut perfect, |pair| pair.closed(0) == Some(CloseReason::CertificateMismatch));
}

#[test]
fn channels_carry_messages_both_ways_and_keep_to_their_parity() {
    let mut pair = Pair::new(Config::default());
    pair.connect(&mut perfect);
    let (a, b) = (pair.dialer.open().unwrap(), pair.listener.open().unwrap());
    assert_eq!((a % 2, b % 2), (0, 1));
    assert!(pair.dialer.write(a, vec![1; 16 * 1024]));
    assert!(pair.listener.write(b, vec![2; 3]));
    pair.exchange(&mut perfect);
    assert_eq!((pair.opened(1), pair.opened(0)), (vec![a], vec![b]));
    assert_eq!(read_all(&mut pair.listener, a), [vec![1; 16 * 1024]]);
    assert_eq!(read_all(&mut pair.dialer, b), [vec![2; 3]]);
}

#[test]
fn a_closed_channel_ends_at_the_peer_and_its_number_comes_back() {
    let mut pair = Pair::new(Config::default());
    pair.connect(&mut perfect);
    let id = pair.dialer.open().unwrap();
    pair.run(&mut perfect, |pair| pair.opened(1) == [id]);
    pair.dialer.close_channel(id);
    pair.run(&mut perfect, |pair| pair.seen[1].contains(&Output::ChannelClosed(id)));
    pair.run(&mut perfect, |pair| pair.dialer.open() == Some(id));
}

#[test]
fn an_unread_channel_closes_the_window_and_loses_nothing() {
    let config = Config::default();
    let mut pair = Pair::new(config);
    pair.connect(&mut perfect);
    let id = pair.dialer.open().unwrap();
    pair.run(&mut perfect, |pair| pair.opened(1) == [id]);
    let count = 4 * config.connection_receive_max / 8192;
    for n in 0..count {
        assert!(pair.dialer.write(id, vec![n as u8; 8192]));
    }
    pair.exchange(&mut perfect);
    for _ in 0..20 {
        pair.tick();
        pair.exchange(&mut perfect);
    }
    let sent = count * 8192 - pair.dialer.buffered(id);
    assert!(sent <= config.connection_receive_max + 16 * 1024, "{sent} bytes left the sender");
    assert_eq!((pair.closed(0), pair.closed(1)), (None, None));

    let mut got = 0;
    pair.run(&mut perfect, |pair| {
        for message in read_all(&mut pair.listener, id) {
            assert_eq!(message, vec![got as u8; 8192]);
            got += 1;
        }
        got == count
    });
}

#[test]
fn loss_delays_but_everything_arrives_in_order() {
    for seed in 1..=5 {
        let mut random = Random(seed);
        let mut lossy = move |datagram: Vec<u8>| (random.next(10) != 0).then_some(datagram);
        let mut pair = Pair::new(Config::default());
        pair.connect(&mut lossy);
        let id = pair.dialer.open().unwrap();
        for n in 0..50_u8 {
            assert!(pair.dialer.write(id, vec![n; 4000]), "seed {seed}");
        }
        let mut got = Vec::new();
        pair.run(&mut lossy, |pair| {
            got.extend(read_all(&mut pair.listener, id));
            got.len() == 50
        });
        assert!(got.iter().enumerate().all(|(n, message)| *message == vec![n as u8; 4000]), "seed {seed}");
    }
}

#[test]
fn changed_and_invented_datagrams_neither_panic_nor_get_through() {
    for seed in 1..=20 {
        let mut random = Random(seed);
        let mut hostile = move |mut datagram: Vec<u8>| {
            match random.next(8) {
                0 => {
                    let at = random.next(datagram.len() as u64) as usize;
                    datagram[at] ^= 1 << random.next(8);
                }
                1 => datagram.truncate(random.next(datagram.len() as u64) as usize),
                2 => {
                    datagram = (0..random.next(1400)).map(|_| random.next(256) as u8).collect();
                    if let Some(first) = datagram.first_mut() {
                        *first = [0, 1, 20, 21, 22, 23, 25, 63][random.next(8) as usize];
                    }
                }
                _ => {}
            }
            Some(datagram)
        };
        let mut pair = Pair::new(Config::default());
        for _ in 0..100 {
            pair.exchange(&mut hostile);
            if pair.seen.iter().all(|seen| seen.contains(&Output::Connected)) {
                if let Some(id) = pair.dialer.open() {
                    pair.dialer.write(id, vec![3; 5000]);
                }
                for id in pair.opened(1) {
                    for message in read_all(&mut pair.listener, id) {
                        assert_eq!(message, vec![3; 5000], "seed {seed}");
                    }
                }
            }
            pair.tick();
        }
    }
}

#[test]
fn silence_ends_both_sides_in_time() {
    let config = Config::default();
    let mut pair = Pair::new(config);
    pair.connect(&mut perfect);
    // Idle is not silent: consent goes on.
    let start = pair.now;
    while pair.now - start < 10 * config.peer_timeout {
        pair.tick();
        pair.exchange(&mut perfect);
    }
    assert_eq!((pair.closed(0), pair.closed(1)), (None, None));
    let start = pair.now;
    pair.run(&mut |_| None, |pair| pair.closed(0).is_some() && pair.closed(1).is_some());
    assert_eq!(pair.closed(0), Some(CloseReason::PeerTimedOut));
    assert_eq!(pair.closed(1), Some(CloseReason::PeerTimedOut));
    assert!(pair.now - start <= config.peer_timeout);
}

#[test]
fn a_close_reaches_the_peer() {
    let mut pair = Pair::new(Config::default());
    pair.connect(&mut perfect);
    pair.listener.close();
    pair.run(&mut perfect, |pair| pair.closed(0) == Some(CloseReason::Peer));
}

#[test]
fn channels_above_the_bound_are_refused_one_by_one() {
    let config = Config { streams_inbound_max: 3, ..Config::default() };
    let mut pair = Pair::new(config);
    pair.connect(&mut perfect);
    let ids: Vec<u16> = (0..5).map(|_| pair.dialer.open().unwrap()).collect();
    pair.run(&mut perfect, |pair| {
        ids[3..].iter().all(|id| pair.seen[0].contains(&Output::ChannelClosed(*id)))
    });
    assert_eq!(pair.opened(1), ids[..3]);
    assert!(!pair.seen[0].contains(&Output::ChannelClosed(ids[0])));
    // One ends, another may begin.
    pair.dialer.close_channel(ids[0]);
    pair.run(&mut perfect, |pair| pair.seen[1].contains(&Output::ChannelClosed(ids[0])));
    let next = pair.dialer.open().unwrap();
    pair.run(&mut perfect, |pair| pair.opened(1).iter().filter(|id| **id == next).count() >= 1);
}

#[test]
fn what_arrives_on_a_closed_channel_harms_none_after_it() {
    let mut pair = Pair::new(Config::default());
    pair.connect(&mut perfect);
    for round in 0..50_u8 {
        let id = pair.dialer.open().unwrap();
        pair.dialer.write(id, vec![round; 10]);
        pair.run(&mut perfect, |pair| pair.opened(1).len() == usize::from(round) + 1);
        assert_eq!(read_all(&mut pair.listener, id), [vec![round; 10]]);
        // The listener talks on while the dialler closes.
        pair.dialer.close_channel(id);
        pair.listener.write(id, vec![1; 20_000]);
        pair.exchange(&mut perfect);
        let ended = Output::ChannelClosed(id);
        pair.run(&mut perfect, |pair| pair.seen[1].iter().filter(|seen| **seen == ended).count() > 0);
        pair.seen[1].retain(|seen| *seen != ended);
    }
    assert_eq!((pair.closed(0), pair.closed(1)), (None, None));
    assert!(!pair.seen[0].iter().any(|seen| matches!(seen, Output::ChannelClosed(_))));
}

#[test]
fn closing_an_unread_channel_that_fills_the_window_ends_only_that_channel() {
    let config = Config::default();
    let mut pair = Pair::new(config);
    pair.connect(&mut perfect);
    let (id, other) = (pair.dialer.open().unwrap(), pair.dialer.open().unwrap());
    pair.run(&mut perfect, |pair| pair.opened(1).len() == 2);
    for _ in 0..4 * config.connection_receive_max / 8192 {
        assert!(pair.listener.write(id, vec![1; 8192]));
    }
    pair.exchange(&mut perfect);
    pair.dialer.close_channel(id);
    pair.run(&mut perfect, |pair| pair.seen[1].contains(&Output::ChannelClosed(id)));
    assert!(pair.dialer.write(other, vec![2; 5]));
    pair.run(&mut perfect, |pair| read_all(&mut pair.listener, other) == [vec![2; 5]]);
    assert_eq!((pair.closed(0), pair.closed(1)), (None, None));
}
