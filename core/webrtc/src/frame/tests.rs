use super::*;
use alloc::vec;
use proptest::prelude::*;

fn arb_frame() -> impl Strategy<Value = (Option<Flag>, Option<u64>, Vec<u8>)> {
    (
        proptest::option::of(prop_oneof![
            Just(Flag::Fin),
            Just(Flag::StopSending),
            Just(Flag::Reset),
            Just(Flag::FinAck)
        ]),
        proptest::option::of(any::<u64>()),
        proptest::collection::vec(any::<u8>(), 0..600),
    )
}

#[test]
fn known_bytes() {
    let fin = Frame { flag: Some(Flag::Fin), ..Frame::default() };
    assert_eq!(fin.encode(), [2, 0x08, 0]);
    let data = Frame { payload: b"abc", ..Frame::default() };
    assert_eq!(data.encode(), [5, 0x12, 3, b'a', b'b', b'c']);
    let both = Frame { flag: Some(Flag::FinAck), credit: Some(300), payload: b"" };
    assert_eq!(both.encode(), [6, 0x08, 3, 0xc0, 0x3e, 0xac, 0x02]);
}

#[test]
fn a_padded_prefix_is_refused_however_the_bytes_are_cut() {
    let padded = [0x80, 0x80, 0x80, 0];
    assert_eq!(decode(&padded), Err(FrameError::TooLong));
    let mut decoder = Decoder::new();
    assert!(padded.iter().any(|byte| decoder.feed(&[*byte], |_| ()).is_err()));
}

#[test]
fn largest_payload_fits_the_limit() {
    let payload = vec![7; MESSAGE_LEN_MAX - OVERHEAD_MAX];
    let frame = Frame { flag: Some(Flag::FinAck), credit: Some(u64::MAX), payload: &payload };
    assert_eq!(frame.encode().len(), MESSAGE_LEN_MAX);
}

#[test]
fn unknown_fields_and_flags_are_skipped() {
    let body = [
        0x08, 9, // flag from a later version
        0x18, 0x96, 0x01, // field 3, varint
        0x22, 2, 1, 2, // field 4, bytes
        0x29, 0, 0, 0, 0, 0, 0, 0, 0, // field 5, 64 bits
        0x35, 0, 0, 0, 0, // field 6, 32 bits
        0x12, 1, b'x',
    ];
    let mut bytes = vec![body.len() as u8];
    bytes.extend_from_slice(&body);
    let (frame, used) = decode(&bytes).unwrap().unwrap();
    assert_eq!(used, bytes.len());
    assert_eq!(frame, Frame { payload: b"x", ..Frame::default() });
}

#[test]
fn bad_bytes_are_named() {
    let too_long = decode(&[0x81, 0x80, 0x01]);
    assert_eq!(too_long, Err(FrameError::TooLong));
    assert_eq!(
        decode(&[0xff, 0xff, 0xff, 0xff]),
        Err(FrameError::TooLong),
        "an endless prefix is refused at its fourth byte"
    );
    assert_eq!(decode(&[1, 0x80]), Err(FrameError::Truncated));
    assert_eq!(decode(&[3, 0x12, 9, 0]), Err(FrameError::Truncated));
    assert_eq!(decode(&[2, 0x0a, 0]), Err(FrameError::BadWireType));
    assert_eq!(decode(&[1, 0x1b]), Err(FrameError::BadWireType));
    let mut overlong = vec![12, 0x08];
    overlong.extend_from_slice(&[0xff; 11]);
    assert_eq!(decode(&overlong), Err(FrameError::BadVarint));
}

#[test]
fn a_frame_of_exactly_the_limit_is_read() {
    // 2 bytes of prefix, 3 of tag and length, the rest payload.
    let payload = vec![1; MESSAGE_LEN_MAX - 5];
    let bytes = Frame { payload: &payload, ..Frame::default() }.encode();
    assert_eq!(bytes.len(), MESSAGE_LEN_MAX);
    assert!(decode(&bytes).unwrap().is_some());
    let over = vec![1; MESSAGE_LEN_MAX - 4];
    let bytes = Frame { payload: &over, ..Frame::default() }.encode();
    assert_eq!(decode(&bytes), Err(FrameError::TooLong));
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(
        frames in proptest::collection::vec(arb_frame(), 0..6),
        cuts in proptest::collection::vec(1usize..700, 1..40),
    ) {
        let mut bytes = Vec::new();
        for (flag, credit, payload) in &frames {
            bytes.extend(Frame { flag: *flag, credit: *credit, payload }.encode());
        }
        let mut decoder = Decoder::new();
        let mut got = Vec::new();
        let mut rest = &bytes[..];
        let mut cuts = cuts.iter().cycle();
        while !rest.is_empty() {
            let (head, tail) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            decoder
                .feed(head, |f| got.push((f.flag, f.credit, f.payload.to_vec())))
                .unwrap();
            rest = tail;
        }
        prop_assert_eq!(got, frames);
        prop_assert!(decoder.partial.is_empty());
    }

    #[test]
    fn no_bytes_panic_or_grow_the_decoder(messages in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut decoder = Decoder::new();
        for message in messages {
            if decoder.feed(&message, |_| {}).is_err() {
                break;
            }
            prop_assert!(decoder.partial.len() <= MESSAGE_LEN_MAX);
        }
    }
}
