//! What a light node lends is what parts take there: not their bytes on the wire alone.
#![cfg(not(target_arch = "wasm32"))]

use codec::{ContentId, Instant, encode};
use keys::{Identity, NodeId};
use rank::{Alpha, Part, PartRows};
use shards::{
    About, Done, Holder, Lending, Processor, Reckoner, Task, WorkId,
    holder::{Input, Output},
    message::{Heard, PIECE_BYTES_MAX, Piece, Word},
};

const NOW: Instant = Instant::from_unix_ms(1_800_000_000_000);

fn heavy(seed: u8) -> NodeId {
    Identity::from_seed([seed; 32]).id()
}

/// A holder of two heavy nodes, to which so many bytes are lent.
fn holder(bytes_max: u64) -> Holder {
    let mut holder = Holder::default();
    let reckoner = Reckoner { device: "test".into(), parts_max: 64, bytes_max: u64::MAX };
    for input in [
        Input::Reckoner(Some(reckoner)),
        Input::Lend(Some(Lending { parts: 64, bytes_max })),
        Input::Up { heavy: heavy(1) },
        Input::Up { heavy: heavy(2) },
    ] {
        holder.handle_input(NOW, input);
    }
    holder
}

/// A part of so many nodes, each with an edge from a node of another part.
fn part(nodes: u32) -> Part {
    let rows = PartRows {
        alpha: Alpha::USUAL.parts(),
        is_weighted: false,
        node_count: 2 * nodes,
        nodes: (0..nodes).collect(),
        ghosts: nodes,
        offsets: (0..=nodes).collect(),
        sources: (nodes..2 * nodes).collect(),
        outs: vec![0; nodes as usize],
        ..PartRows::default()
    };
    Part::new(rows).expect("a part")
}

fn begin(part: &Part) -> Vec<u8> {
    let about = About { ranking: ContentId::of(b"a ranking"), name: "a graph".into(), shard: 0, shards: 1 };
    encode(&Task::Begin { work: WorkId(1), about, part: encode(part) })
}

/// Writes a letter in one piece.
fn write(holder: &mut Holder, letter: &[u8]) -> Heard {
    let piece = Piece { letter: 1, len: letter.len() as u64, offset: 0, bytes: letter.to_vec() };
    holder.hear(NOW, heavy(1), piece)
}

/// What it tells the first heavy node about the part.
fn answer(holder: &mut Holder) -> Option<Done> {
    let mut processor = Processor::new("test");
    let mut told = None;
    while let Some(output) = holder.poll_output() {
        match output {
            Output::Do(task) => {
                if let Some(done) = processor.handle_task(task) {
                    holder.handle_input(NOW, Input::Done(done));
                }
            }
            Output::Ask { heavy, piece } => {
                if let Ok(Word::Done(done)) = codec::decode(&piece.bytes) {
                    told = Some(done);
                }
                holder.handle_input(NOW, Input::Reply { heavy, heard: Some(Heard::Taken) });
            }
            Output::Changed => {}
        }
    }
    told
}

#[test]
fn a_part_is_taken_where_all_that_it_takes_is_lent() {
    let part = part(2_000);
    let (bytes, footprint) = (encode(&part).len() as u64, part.footprint_bytes());
    assert!(footprint > 2 * bytes, "{footprint} bytes in memory, {bytes} on the wire");
    for (bytes_max, is_taken) in
        [(footprint, false), (footprint + bytes - 1, false), (footprint + bytes, true)]
    {
        let mut holder = holder(bytes_max);
        assert_eq!(write(&mut holder, &begin(&part)), Heard::Taken);
        match answer(&mut holder) {
            Some(Done::Ready { .. }) => assert!(is_taken, "{bytes_max} bytes are lent"),
            Some(Done::Failed { why, .. }) => {
                assert!(!is_taken, "{bytes_max} bytes are lent");
                assert_eq!(why, "there is no room for so large a part");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(holder.view().parts.len(), usize::from(is_taken));
    }
}

#[test]
fn letters_of_several_heavy_nodes_share_what_is_lent() {
    let mut holder = holder(PIECE_BYTES_MAX as u64);
    let piece = |len| Piece { letter: 1, len, offset: 0, bytes: vec![0; 100] };
    let len = PIECE_BYTES_MAX as u64 / 2 + 4_096;
    assert_eq!(holder.hear(NOW, heavy(1), piece(len)), Heard::Taken);
    assert_eq!(holder.hear(NOW, heavy(2), piece(len)), Heard::Refused);
    assert_eq!(holder.hear(NOW, heavy(2), piece(len - 8_192)), Heard::Taken);
}

#[test]
fn who_lends_nothing_has_no_parts() {
    let nothing =
        [None, Some(Lending { parts: 64, bytes_max: 0 }), Some(Lending { parts: 0, bytes_max: u64::MAX })];
    for lending in nothing {
        let mut holder = holder(u64::MAX);
        assert_eq!(write(&mut holder, &begin(&part(10))), Heard::Taken);
        assert!(matches!(answer(&mut holder), Some(Done::Ready { .. })));
        holder.handle_input(NOW, Input::Lend(lending));
        let view = holder.view();
        assert!(!view.is_lent && view.parts.is_empty(), "{lending:?}: {view:?}");
        let dropped = core::iter::from_fn(|| holder.poll_output());
        assert!(dropped.into_iter().any(|output| matches!(output, Output::Do(Task::Drop { .. }))));
    }
}
