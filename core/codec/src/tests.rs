use crate::{ContentId, DecodeError, Instant, Wire, decode, encode, frame};
use alloc::{
    string::{String, ToString},
    vec,
    vec::Vec,
};
use proptest::prelude::*;

#[derive(borsh::BorshSerialize, borsh::BorshDeserialize, PartialEq, Debug, Clone)]
struct Sample {
    name: String,
    items: Vec<u32>,
}

impl Wire for Sample {
    const BYTES_MAX: usize = 256;
}

#[test]
fn a_trailing_byte_is_refused() {
    let mut bytes = encode(&Sample { name: "a".into(), items: vec![1] });
    let len = bytes.len();
    bytes.push(0);
    assert_eq!(decode::<Sample>(&bytes), Err(DecodeError::Malformed { at: len }));
}

#[test]
fn a_huge_length_does_not_allocate() {
    // A string that claims 4 GiB in a value of a few bytes.
    assert!(matches!(decode::<Sample>(&[0xff; 9]), Err(DecodeError::Malformed { .. })));
}

#[test]
fn content_id_is_the_cid_that_other_tools_print() {
    // `ipfs add --cid-version=1 --raw-leaves` of the five bytes "hello".
    let id = ContentId::of(b"hello");
    assert_eq!(id.to_string(), "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
    assert_eq!(id.to_string().parse(), Ok(id));
    assert!("bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4ye".parse::<ContentId>().is_err());
    assert!("BAFKREIBM6JG3UX5QUMHCN2B3FLC3TYU6DMLB4XA7U5BF44YEGNRJHC4YEQ".parse::<ContentId>().is_err());
}

#[test]
fn instants_read_and_write_rfc_3339() {
    let moment: Instant = "2026-11-20T12:00:00.25Z".parse().unwrap();
    assert_eq!(moment.to_string(), "2026-11-20T12:00:00.25Z");
    assert_eq!("2026-11-20T13:00:00.25+01:00".parse(), Ok(moment));
    assert!("1969-12-31T23:59:59Z".parse::<Instant>().is_err());
    assert_eq!(Instant::from_unix_ms(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
}

#[test]
fn a_frame_over_the_limit_is_refused_before_its_body() {
    let mut reader = frame::Reader::new(100);
    reader.push(&frame::write(&[7; 101])[..1]);
    assert_eq!(reader.next_frame(), Err(frame::FrameError::TooLong { len: 101, max: 100 }));
    let mut reader = frame::Reader::new(100);
    reader.push(&[0x80, 0x00]);
    assert_eq!(reader.next_frame(), Err(frame::FrameError::Prefix));
}

proptest! {
    #[test]
    fn values_survive(name in ".{0,20}", items in prop::collection::vec(any::<u32>(), 0..20)) {
        let value = Sample { name, items };
        prop_assert_eq!(decode::<Sample>(&encode(&value)), Ok(value));
    }

    #[test]
    fn any_bytes_decode_or_are_refused_and_decoding_is_canonical(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = decode::<Sample>(&bytes) {
            prop_assert_eq!(encode(&value), bytes);
        }
    }

    #[test]
    fn frames_survive_any_cut(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5), cut in 1usize..40) {
        let stream: Vec<u8> = bodies.iter().flat_map(|body| frame::write(body)).collect();
        let mut reader = frame::Reader::new(300);
        let mut seen = Vec::new();
        for part in stream.chunks(cut) {
            reader.push(part);
            while let Some(body) = reader.next_frame().unwrap() { seen.push(body); }
        }
        prop_assert_eq!(seen, bodies);
        prop_assert!(reader.is_empty());
    }

    #[test]
    fn instants_survive_text(ms in 0u64..253_402_300_799_999) {
        let moment = Instant::from_unix_ms(ms);
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
    }
}
