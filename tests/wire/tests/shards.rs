//! Rankings' messages and records: as they were, and readable.

use codec::{Wire, decode, encode};
use data_encoding::HEXLOWER;
use rank::Part;
use shards::{
    Coordinator, RankingState, Task,
    coordinator::STORE_PREFIX,
    message::{Heard, Piece, Word},
};
use store::Entry as Record;
use wire::{
    golden::{check, read},
    samples::NOW,
    shards::{parts, pieces, stored, tasks, words},
};

const MESSAGES: &str = "shard-messages.txt";
const STORED: &str = "shard-stored.txt";

#[test]
fn messages_are_frozen() {
    let messages = [pieces(), tasks(), words(), parts()].concat();
    check(
        MESSAGES,
        "Messages on /formix/shards/1, and the letters in them: borsh, in hexadecimal digits.",
        &messages,
    );
}

#[test]
fn stored_rankings_are_frozen() {
    check(STORED, "What a coordinator keeps: when written, key, and value in hexadecimal digits.", &stored());
}

/// Every message of `T` reads back; gives the first byte of each.
fn tags<T: Wire>(prefix: &str) -> Vec<u8> {
    let entries = read(MESSAGES, false).into_iter().filter(|entry| entry.name.starts_with(prefix));
    let tag = |entry: wire::golden::Entry| {
        let value: T = decode(&entry.bytes).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(encode(&value), entry.bytes, "{}", entry.name);
        entry.bytes[0]
    };
    let mut tags: Vec<u8> = entries.map(tag).collect();
    tags.dedup();
    tags
}

#[test]
fn golden_messages_are_read() {
    assert_eq!(tags::<Task>("Task"), [0, 1, 2, 3, 4]);
    assert_eq!(tags::<Word>("Word"), [0, 1]);
    assert_eq!(tags::<Heard>("Heard"), [0, 1, 2]);
    assert_eq!(tags::<Piece>("Piece").len(), 1);
    assert_eq!(tags::<Part>("Part").len(), 1);
    assert!(decode::<Task>(&[5, 0, 0, 0, 0, 0, 0, 0, 0]).is_err(), "add the new variant to the samples");
}

#[test]
fn golden_stored_rankings_are_read() {
    let stored_at = |step| -> Vec<Record> {
        let entries = read(STORED, false).into_iter();
        entries
            .filter_map(|entry| {
                let (found, key) = entry.name.split_once(", ")?;
                let key = HEXLOWER.decode(key.as_bytes()).ok()?;
                let is_kept = found == step && key.starts_with(STORE_PREFIX) && !entry.bytes.is_empty();
                is_kept.then_some(Record { key, value: entry.bytes })
            })
            .collect()
    };
    let states = |records: &[Record]| -> Vec<RankingState> {
        let coordinator = Coordinator::restore(records, NOW).expect("a coordinator's records");
        coordinator.rankings().iter().map(|view| view.state).collect()
    };
    for (step, state) in [("done", RankingState::Done), ("refused", RankingState::Refused)] {
        assert_eq!(states(&stored_at(step)), [state]);
    }
    // One try of each is known, and does not keep it from another.
    let tried = [stored_at("came"), stored_at("about to be cut")].concat();
    assert_eq!(states(&tried), [RankingState::Cutting, RankingState::Waiting]);
}
