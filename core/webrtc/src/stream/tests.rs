use super::*;
use alloc::vec;
use proptest::prelude::*;

const NOW: Instant = Duration::from_secs(1);

/// Two streams and the ordered channel between them.
struct Pair {
    ends: [Stream; 2],
    wire: [VecDeque<Vec<u8>>; 2],
    closed: [bool; 2],
    longest: usize,
}

impl Pair {
    fn new(a: Config, b: Config) -> Self {
        Self {
            ends: [Stream::new(a), Stream::new(b)],
            wire: Default::default(),
            closed: [false; 2],
            longest: 0,
        }
    }

    fn ours() -> Self {
        Self::new(Config::default(), Config::default())
    }

    /// A peer without flow control on the second side.
    fn stock() -> Self {
        let stock = Config { credit: false, ..Config::default() };
        Self::new(Config::default(), stock)
    }

    fn drain(&mut self, side: usize) {
        while let Some(output) = self.ends[side].poll_output() {
            match output {
                Output::Send(message) => {
                    assert!(!self.closed[side], "nothing is sent after the close");
                    self.longest = self.longest.max(message.len());
                    self.wire[side].push_back(message);
                }
                Output::CloseChannel => {
                    assert!(!self.closed[side], "the channel is closed once");
                    self.closed[side] = true;
                }
            }
        }
    }

    /// Delivers one message from `side`, or its close; whether there was one.
    fn deliver(&mut self, side: usize, now: Instant) -> bool {
        self.drain(side);
        if let Some(message) = self.wire[side].pop_front() {
            self.ends[1 - side].handle_input(now, Input::Message(&message));
        } else if self.closed[side] && !self.ends[1 - side].is_finished() {
            self.ends[1 - side].handle_input(now, Input::ChannelClosed);
        } else {
            return false;
        }
        self.drain(1 - side);
        true
    }

    fn pump(&mut self) {
        while self.deliver(0, NOW) | self.deliver(1, NOW) {}
    }

    fn read_all(&mut self, side: usize) -> (Vec<u8>, Result<usize, ReadError>) {
        let mut out = Vec::new();
        let mut buf = [0; 1000];
        loop {
            match self.ends[side].read(&mut buf) {
                Ok(len) if len > 0 => out.extend_from_slice(&buf[..len]),
                end => return (out, end),
            }
        }
    }

    fn write_all(&mut self, side: usize, mut data: &[u8]) -> Result<(), WriteError> {
        while !data.is_empty() {
            let len = self.ends[side].write(data)?;
            data = &data[len..];
            self.drain(side);
        }
        self.ends[side].flush();
        self.drain(side);
        Ok(())
    }
}

#[test]
fn half_close_then_answer_then_both_close_the_channel() {
    let mut pair = Pair::ours();
    pair.write_all(0, b"question").unwrap();
    pair.ends[0].close_write(NOW);
    pair.pump();
    assert_eq!(pair.read_all(1), (b"question".to_vec(), Ok(0)));
    pair.write_all(1, b"answer").unwrap();
    pair.ends[1].close_write(NOW);
    pair.pump();
    assert_eq!(pair.read_all(0), (b"answer".to_vec(), Ok(0)));
    assert!(pair.ends.iter().all(Stream::is_finished));
    assert_eq!(pair.ends[0].poll_timeout(), None);
}

#[test]
fn bytes_wait_for_a_flush_and_join_one_message() {
    let mut pair = Pair::ours();
    pair.ends[0].write(b"ab").unwrap();
    pair.ends[0].write(b"cd").unwrap();
    assert_eq!(pair.ends[0].poll_output(), None);
    assert!(!pair.ends[0].is_flushed());
    pair.ends[0].flush();
    let Some(Output::Send(message)) = pair.ends[0].poll_output() else {
        panic!("a message");
    };
    assert!(message.ends_with(b"abcd"));
    assert!(pair.ends[0].is_flushed());
}

#[test]
fn a_reset_ends_only_its_half_and_discards() {
    let mut pair = Pair::ours();
    pair.write_all(0, b"lost").unwrap();
    pair.pump();
    pair.ends[0].abandon(NOW);
    pair.pump();
    assert_eq!(pair.read_all(1), (vec![], Err(ReadError::Reset)));
    assert_eq!(pair.ends[1].write(b"x"), Err(WriteError::Stopped));
    assert!(pair.ends.iter().all(Stream::is_finished));
}

#[test]
fn an_abandoned_reader_lets_its_own_close_complete() {
    let mut pair = Pair::ours();
    pair.write_all(0, b"kept").unwrap();
    pair.ends[0].close_write(NOW);
    pair.ends[0].abandon(NOW);
    assert!(!pair.ends[0].is_finished());
    pair.pump();
    assert_eq!(pair.read_all(1), (b"kept".to_vec(), Ok(0)));
    assert_eq!(pair.ends[1].write(b"x"), Err(WriteError::Stopped));
    assert!(pair.ends[0].is_finished());
}

#[test]
fn a_peer_that_never_acknowledges_is_given_the_linger() {
    let config = Config::default();
    let mut stream = Stream::new(config);
    stream.handle_input(NOW, Input::Message(&[2, 0x08, 0]));
    stream.close_write(NOW);
    while stream.poll_output().is_some() {}
    let (at, why) = stream.poll_timeout().unwrap();
    assert_eq!((at, why), (NOW + config.linger, "peer's end of the stream"));
    stream.handle_timeout(at - Duration::from_millis(1));
    assert_eq!(stream.poll_output(), None);
    stream.handle_timeout(at);
    assert_eq!(stream.poll_output(), Some(Output::CloseChannel));
    assert_eq!(stream.poll_timeout(), None);
}

#[test]
fn one_side_closes_the_channel_and_the_other_waits_for_it() {
    let waits = Config { closes: false, ..Config::default() };
    let mut pair = Pair::new(Config::default(), waits);
    pair.ends[0].close_write(NOW);
    pair.ends[1].close_write(NOW);
    pair.pump();
    assert!(pair.ends.iter().all(Stream::is_finished));
    assert_eq!(pair.closed, [true, false]);

    let mut alone = Stream::new(waits);
    alone.abandon(NOW);
    while let Some(output) = alone.poll_output() {
        assert!(matches!(output, Output::Send(_)));
    }
    assert!(!alone.is_finished());
    let (at, _) = alone.poll_timeout().unwrap();
    alone.handle_timeout(at);
    assert_eq!(alone.poll_output(), Some(Output::CloseChannel));
}

#[test]
fn a_channel_that_dies_fails_both_halves_after_what_arrived() {
    let mut pair = Pair::ours();
    pair.write_all(0, b"arrived").unwrap();
    pair.pump();
    pair.ends[1].handle_input(NOW, Input::ChannelClosed);
    assert_eq!(pair.read_all(1), (b"arrived".to_vec(), Err(ReadError::ChannelClosed)));
    assert_eq!(pair.ends[1].write(b"x"), Err(WriteError::ChannelClosed));
    assert_eq!(pair.ends[1].poll_output(), None);
}

#[test]
fn credit_stops_a_writer_and_a_reader_frees_it() {
    let mut pair = Pair::ours();
    let window = Config::default().receive_window;
    let data = vec![5; 3 * window as usize];
    let mut written = 0;
    loop {
        match pair.ends[0].write(&data[written..]) {
            Ok(len) => written += len,
            Err(error) => {
                assert_eq!(error, WriteError::Blocked);
                break;
            }
        }
        pair.drain(0);
    }
    assert_eq!(written as u64, INITIAL_CREDIT, "before the peer's first frame");
    pair.pump();
    while let Ok(len) = pair.ends[0].write(&data[written..]) {
        written += len;
        pair.pump();
    }
    assert_eq!(written as u64, window);
    assert_eq!(pair.ends[1].unread() as u64, window);
    let mut got = 0;
    while got < data.len() {
        let (bytes, end) = pair.read_all(1);
        assert_eq!(end, Err(ReadError::Blocked));
        got += bytes.len();
        pair.pump();
        while written < data.len() {
            let Ok(len) = pair.ends[0].write(&data[written..]) else {
                break;
            };
            written += len;
            pair.pump();
        }
        pair.ends[0].flush();
        pair.pump();
    }
    assert!(pair.longest > Config::default().message_len_max_unknown);
}

#[test]
fn a_peer_that_ignores_credit_is_reset() {
    let mut stream = Stream::new(Config::default());
    let payload = vec![0; 16_000];
    let frame = Frame { credit: Some(1), payload: &payload, ..Frame::default() }.encode();
    for _ in 0..5 {
        stream.handle_input(NOW, Input::Message(&frame));
    }
    assert_eq!(stream.read(&mut [0; 1]), Err(ReadError::Overflow));
    assert_eq!(stream.write(b"x"), Err(WriteError::Closed));
    assert!(matches!(stream.poll_output(), Some(Output::Send(_))), "reset");
    assert!(matches!(stream.poll_output(), Some(Output::Send(_))), "stop");
    assert_eq!(stream.poll_output(), Some(Output::CloseChannel));
    assert_eq!(stream.poll_output(), None);
}

#[test]
fn a_stock_peer_gets_short_messages_and_no_limit() {
    let mut pair = Pair::stock();
    pair.write_all(1, b"hello").unwrap();
    pair.pump();
    assert_eq!(pair.ends[0].peer_has_credit(), Some(false));
    pair.write_all(0, &vec![1; 3 << 20]).unwrap();
    assert!(pair.longest <= Config::default().message_len_max_unknown);
    pair.pump();
    assert_eq!(pair.read_all(1).0.len(), 3 << 20);
}

#[test]
fn a_stock_peer_past_the_bound_is_reset() {
    let mut pair = Pair::stock();
    let bound = Config::default().receive_max;
    pair.write_all(0, b"hello").unwrap();
    pair.pump();
    pair.write_all(1, &vec![1; bound]).unwrap();
    pair.pump();
    assert_eq!(pair.ends[0].unread(), bound);
    pair.write_all(1, &[1]).unwrap();
    pair.pump();
    assert_eq!(pair.ends[0].unread(), 0);
    assert_eq!(pair.ends[0].read(&mut [0; 1]), Err(ReadError::Overflow));
    assert_eq!(pair.read_all(1).1, Err(ReadError::Reset));
}

#[test]
fn a_stock_peer_is_never_sent_a_lone_acknowledgement_before_our_end() {
    let mut pair = Pair::stock();
    pair.write_all(1, b"question").unwrap();
    pair.ends[1].close_write(NOW);
    pair.pump();
    assert!(pair.ends[1].poll_timeout().is_none(), "its reading half is open");
    pair.ends[0].write(b"answer").unwrap();
    pair.ends[0].flush();
    let Some(Output::Send(message)) = pair.ends[0].poll_output() else {
        panic!("the answer");
    };
    let (frame, _) = crate::frame::decode(&message).unwrap().unwrap();
    assert_eq!(frame.flag, Some(Flag::FinAck));
    assert_eq!(frame.payload, b"answer");
    assert_eq!(pair.ends[0].poll_output(), None);
}

#[test]
fn a_stream_refused_for_room_is_reset() {
    let mut pair = Pair::ours();
    pair.write_all(0, b"too much").unwrap();
    pair.ends[0].close_write(NOW);
    pair.pump();
    pair.ends[1].refuse(NOW);
    pair.pump();
    assert_eq!(pair.read_all(1), (vec![], Err(ReadError::Overflow)));
    assert_eq!(pair.read_all(0), (vec![], Err(ReadError::Reset)));
    assert!(pair.ends.iter().all(Stream::is_finished));
}

#[test]
fn bad_frames_reset_the_stream() {
    let mut stream = Stream::new(Config::default());
    stream.handle_input(NOW, Input::Message(&[0xff; 8]));
    assert_eq!(stream.read(&mut [0; 1]), Err(ReadError::PeerMisbehaved(FrameError::TooLong)));
}

#[derive(Clone, Debug)]
enum Op {
    Write(usize, Vec<u8>),
    Flush(usize),
    Read(usize, usize),
    Close(usize),
    Deliver(usize),
}

fn arb_op() -> impl Strategy<Value = Op> {
    let side = 0usize..2;
    prop_oneof![
        4 => (side.clone(), proptest::collection::vec(any::<u8>(), 0..400)).prop_map(|(s, d)| Op::Write(s, d)),
        2 => side.clone().prop_map(Op::Flush),
        4 => (side.clone(), 0usize..600).prop_map(|(s, n)| Op::Read(s, n)),
        1 => side.clone().prop_map(Op::Close),
        6 => side.prop_map(Op::Deliver),
    ]
}

proptest! {
    /// Whatever the order of calls and deliveries, what was written before a close arrives whole and
    /// in order, both ends finish, and unread bytes stay within the window.
    #[test]
    fn closes_lose_nothing(
        ops in proptest::collection::vec(arb_op(), 0..200),
        aware: bool,
        receive_window in 64u64..2000,
        message_len_max in 22usize..500,
    ) {
        let config = Config {
            message_len_max,
            message_len_max_unknown: message_len_max - 1,
            receive_window,
            ..Config::default()
        };
        let mut pair = Pair::new(config, Config { credit: aware, ..config });
        let mut written = [Vec::new(), Vec::new()];
        let mut read = [Vec::new(), Vec::new()];
        for op in ops {
            match op {
                Op::Write(side, data) => match pair.ends[side].write(&data) {
                    Ok(len) => written[side].extend_from_slice(&data[..len]),
                    Err(error) => prop_assert!(matches!(error, WriteError::Blocked | WriteError::Closed)),
                },
                Op::Flush(side) => pair.ends[side].flush(),
                Op::Read(side, len) => {
                    let mut buf = vec![0; len];
                    if let Ok(len) = pair.ends[side].read(&mut buf) {
                        read[side].extend_from_slice(&buf[..len]);
                    }
                }
                Op::Close(side) => pair.ends[side].close_write(NOW),
                Op::Deliver(side) => drop(pair.deliver(side, NOW)),
            }
            if aware {
                let bound = INITIAL_CREDIT.max(receive_window);
                prop_assert!(pair.ends.iter().all(|end| end.unread() as u64 <= bound));
            }
        }
        for side in 0..2 {
            pair.ends[side].close_write(NOW);
        }
        pair.pump();
        for (side, read) in read.iter_mut().enumerate() {
            let (rest, end) = pair.read_all(side);
            read.extend(rest);
            prop_assert_eq!(end, Ok(0));
            prop_assert!(pair.ends[side].is_finished());
        }
        prop_assert_eq!(&read[1], &written[0]);
        prop_assert_eq!(&read[0], &written[1]);
        prop_assert!(pair.longest <= message_len_max);
    }

    #[test]
    fn no_messages_panic(messages in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..60), 0..30)) {
        let mut stream = Stream::new(Config::default());
        for message in messages {
            stream.handle_input(NOW, Input::Message(&message));
            while stream.poll_output().is_some() {}
            let _ = stream.read(&mut [0; 7]);
            let _ = stream.write(b"abc");
            stream.flush();
        }
    }
}

#[test]
fn a_peer_that_stops_reading_is_told_that_no_end_will_come() {
    let flags = |pair: &mut Pair| {
        let mut decoder = Decoder::new();
        let mut flags = Vec::new();
        while let Some(output) = pair.ends[1].poll_output() {
            if let Output::Send(message) = output {
                decoder.feed(&message, |frame| flags.extend(frame.flag)).unwrap();
            }
        }
        flags
    };
    let stop = Frame { flag: Some(Flag::StopSending), credit: None, payload: &[] }.encode();

    // Half closed by the peer and then stopped, with our half open: a ping of npm's libp2p ends like this.
    let mut pair = Pair::ours();
    pair.ends[1] = Stream::new(Config { closes: false, ..Config::default() });
    pair.ends[0].close_write(NOW);
    pair.pump();
    pair.ends[1].handle_input(NOW, Input::Message(&stop));
    assert_eq!(flags(&mut pair), [Flag::Reset]);
    assert_eq!(pair.ends[1].write(b"x"), Err(WriteError::Stopped));

    // An end that has left says it already.
    let mut pair = Pair::ours();
    pair.ends[1].close_write(NOW);
    pair.drain(1);
    pair.ends[1].handle_input(NOW, Input::Message(&stop));
    assert_eq!(flags(&mut pair), []);
}
