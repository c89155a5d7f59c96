//! Blocks and what is stored of them: as they were, and readable.

use block::{Block, Pipeline};
use codec::decode;
use data_encoding::HEXLOWER;
use store::Entry as Record;
use wire::{
    blocks::{block, blocks},
    golden::{check, read},
};

#[test]
fn blocks_are_frozen() {
    check(
        "blocks.txt",
        "A block, and what is stored with blocks: when, key, and value in hexadecimal digits.",
        &blocks(),
    );
}

#[test]
fn golden_blocks_are_read() {
    let entries = read("blocks.txt", false);
    assert_eq!(decode::<Block>(&entries[0].bytes), Ok(block()));
    // Later puts of a key win; what was deleted does no harm.
    let stored = entries.iter().filter_map(|entry| {
        let key = HEXLOWER.decode(entry.name.split_once(", ")?.1.as_bytes()).expect("a key");
        Some(Record { key, value: entry.bytes.clone() })
    });
    let pipeline = Pipeline::restore(stored.collect()).expect("a state").expect("a head");
    assert_eq!((pipeline.height(), pipeline.live().nodes(), pipeline.live().edges()), (2, 4, 3));
}
