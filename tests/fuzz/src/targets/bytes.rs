//! What arrives from peers as bytes.

use super::{Target, join, parts};
use aggregate::message::{Request, Response};
use codec::{Wire, decode, encode, frame};
use net::{LinkRequest, LinkResponse};
use std::time::Duration;
use webrtc::{
    frame as webrtc_frame,
    stream::{Config, Input, Stream},
};
use wire::samples;

pub(super) const FRAME: Target = Target {
    name: "frame",
    about: "codec::frame::Reader, in pieces of any size",
    run: run_frame,
    seeds: || {
        let frames = [frame::write(b""), frame::write(b"abc"), frame::write(&[7; 300])].concat();
        vec![
            [&[1], frames.as_slice()].concat(),
            [&[0], frames.as_slice()].concat(),
            vec![5, 0x80, 0x00],
            vec![2, 0xff, 0xff, 0xff, 0xff, 0x0f],
            vec![9, 0xe9, 0x07, 1, 2],
        ]
    },
};

fn run_frame(input: &[u8]) {
    const MAX: usize = 1_000;
    let Some((size, mut stream)) = input.split_first() else { return };
    let (mut reader, mut whole) = (frame::Reader::new(MAX), frame::Reader::new(MAX));
    let drain = |reader: &mut frame::Reader| {
        let mut bodies = Vec::new();
        loop {
            match reader.next_frame() {
                Ok(Some(body)) => bodies.push(body),
                Ok(None) => return (bodies, None),
                Err(error) => return (bodies, Some(error)),
            }
        }
    };
    whole.push(stream);
    let expected = drain(&mut whole);
    let mut found = (Vec::new(), None);
    while !stream.is_empty() && found.1.is_none() {
        let (piece, rest) = stream.split_at(usize::from(*size).clamp(1, stream.len()));
        reader.push(piece);
        stream = rest;
        let (bodies, error) = drain(&mut reader);
        assert!(bodies.iter().all(|body| body.len() <= MAX), "a body over the limit");
        found.0.extend(bodies);
        found.1 = error;
    }
    assert_eq!(found, expected, "pieces change nothing");
}

/// What decodes is the one encoding of its value.
pub(super) fn canonical<T: Wire>(input: &[u8]) {
    if let Ok(value) = decode::<T>(input) {
        assert_eq!(encode(&value), input, "a second encoding of a value");
    }
}

fn golden(entries: Vec<wire::golden::Entry>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|entry| entry.bytes).collect()
}

pub(super) const LINK: Target = Target {
    name: "link",
    about: "net's greetings and pings",
    run: |input| {
        canonical::<LinkRequest>(input);
        canonical::<LinkResponse>(input);
    },
    seeds: || golden(samples::link()),
};

pub(super) const REQUEST: Target = Target {
    name: "request",
    about: "aggregate's requests",
    run: canonical::<Request>,
    seeds: || golden(samples::requests()),
};

pub(super) const RESPONSE: Target = Target {
    name: "response",
    about: "aggregate's responses",
    run: canonical::<Response>,
    seeds: || golden(samples::responses()),
};

fn webrtc_frames() -> Vec<Vec<u8>> {
    use webrtc_frame::{Flag, Frame};
    let frame = |flag, credit, payload: &[u8]| Frame { flag, credit, payload }.encode();
    vec![
        frame(None, None, b"hello"),
        frame(Some(Flag::Fin), Some(1 << 20), b"x"),
        frame(Some(Flag::FinAck), None, b""),
        frame(Some(Flag::StopSending), Some(u64::MAX), b""),
        frame(Some(Flag::Reset), Some(0), &[9; 500]),
        // An unknown field, an unknown flag, an overlong varint, a length that runs past its frame.
        vec![4, 0x28, 0x01, 0x08, 0x09],
        vec![3, 0x12, 0x7f, 0x00],
        vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        vec![0],
    ]
}

pub(super) const WEBRTC_FRAME: Target = Target {
    name: "webrtc-frame",
    about: "webrtc's frames, whole and in pieces",
    run: run_webrtc_frame,
    seeds: webrtc_frames,
};

fn run_webrtc_frame(input: &[u8]) {
    let owned = |frame: webrtc_frame::Frame<'_>| (frame.flag, frame.credit, frame.payload.to_vec());
    let mut whole = Vec::new();
    let at_once = webrtc_frame::Decoder::new().feed(input, |frame| whole.push(owned(frame)));
    let (mut decoder, mut pieces) = (webrtc_frame::Decoder::new(), Vec::new());
    let in_pieces =
        input.iter().try_for_each(|byte| decoder.feed(&[*byte], |frame| pieces.push(owned(frame))));
    // Which error it is may depend on how much of a bad prefix is there to see.
    assert_eq!((at_once.is_ok(), whole), (in_pieces.is_ok(), pieces), "pieces change nothing");
    if let Ok(Some((frame, used))) = webrtc_frame::decode(input) {
        assert!(used <= input.len(), "more than there is");
        let again = frame.encode();
        let read = webrtc_frame::decode(&again).expect("our own frame").expect("whole");
        assert_eq!(read, (frame, again.len()), "what is written reads back");
    }
}

pub(super) const WEBRTC_STREAM: Target = Target {
    name: "webrtc-stream",
    about: "webrtc's stream machine, fed messages while it reads, writes and closes",
    run: run_webrtc_stream,
    seeds: || {
        let frames = webrtc_frames();
        let all: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        vec![join(all.clone()), join(all[..3].iter().copied()), [&[0xff], join(all).as_slice()].concat()]
    },
};

fn run_webrtc_stream(input: &[u8]) {
    let Some((mode, input)) = input.split_first() else { return };
    let config = if mode & 1 == 0 { Config::default() } else { Config::handshake() };
    let most = config.receive_max.max(usize::try_from(config.receive_window).unwrap_or(usize::MAX));
    let mut stream = Stream::new(config);
    let mut now = Duration::ZERO;
    for (at, message) in parts(input).into_iter().enumerate() {
        now += Duration::from_millis(10);
        stream.handle_input(now, Input::Message(message));
        match (usize::from(*mode) + at) % 8 {
            1 => drop(stream.read(&mut [0; 64])),
            2 => drop(stream.write(message)),
            3 => stream.close_write(now),
            4 => stream.flush(),
            5 => stream.refuse(now),
            6 if mode & 2 == 0 => stream.abandon(now),
            7 => {
                if let Some((due, _)) = stream.poll_timeout() {
                    now = now.max(due);
                    stream.handle_timeout(now);
                }
            }
            _ => {}
        }
        assert!(stream.unread() <= most + webrtc_frame::MESSAGE_LEN_MAX, "{} unread", stream.unread());
        let mut outputs = 0;
        while stream.poll_output().is_some() {
            outputs += 1;
            assert!(outputs < 100, "an endless answer");
        }
    }
    stream.handle_input(now, Input::ChannelClosed);
    while stream.poll_output().is_some() {}
    assert!(stream.is_finished(), "a closed channel ends the stream");
}
