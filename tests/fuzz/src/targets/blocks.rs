//! Blocks of changes whose weights are programs, and what a pipeline stores of them.

use super::{Target, join, parts};
use block::{Block, Delta, Input, Output, PREFIX, Pipeline, Reader, Settings, Weight};
use codec::{decode, encode};
use rank::{Alone, Edges, ONE};
use store::{Entry, MemoryStore};

pub(super) const BLOCK: Target = Target {
    name: "block",
    about: "a block, as bytes or (after a T) as lines of text, whose weights are reduced and whose changes are applied and stored",
    run: run_block,
    seeds: || {
        let text = |text: &str| [b"T", text.as_bytes()].concat();
        let term = |term: &str| Delta::Add { from: 1, to: 4, stake: 3, weight: Weight::Term(term.into()) };
        let block = Block {
            book: "@sum(n) = ~ n { 0: 0 1+p: (+ p @sum(p)) }\n@loop = λx. (@loop x)".into(),
            deltas: vec![
                term("@sum(20)"),
                term("@loop(1)"),
                term("(λf. ! &{a b} = f; (a (b 3)) λx. (* x 2))"),
                term("#Leaf"),
                Delta::Remove { from: 0, to: 1 },
                Delta::Stake { node: 2, stake: u64::MAX },
                Delta::Add { from: 63, to: 64, stake: u64::MAX, weight: Weight::Number(u64::MAX) },
            ],
        };
        vec![
            encode(&block),
            encode(&Block::default()),
            text("@trust(a b) =\n  (+ (* a a) b)\n+ 0 1 @trust(3 4)\n+ 1 2 *5 0.25\n\n- 0 1\n= 2 9\n# end\n"),
            text("@grow = λx. (+ 1 (@grow x))\n+ 3 3 @grow(1)\n+ 3 2 &0{1 2}\n+ 3 1 (/ 1 0)\n"),
            text("@a = @b\n+ 0 1\n"),
        ]
    },
};

fn begun() -> (Pipeline, MemoryStore) {
    let mut edges = Edges::new();
    for (from, to) in [(0, 1), (1, 2), (2, 0), (3, 2)] {
        edges.push(from, to).expect("four edges");
    }
    edges.stakes(vec![1, 2, 3, 4]);
    let settings = Settings {
        nodes_max: 64,
        block_interactions: 10_000,
        weight_interactions: 2_000,
        heap_nodes: 20_000,
        snapshot_blocks: 2,
        ..Settings::default()
    };
    let (mut pipeline, store) =
        (Pipeline::begin(edges, settings, &Alone).expect("a graph"), MemoryStore::new());
    drive(&mut pipeline, &store);
    (pipeline, store)
}

fn drive(pipeline: &mut Pipeline, store: &MemoryStore) {
    while let Some(output) = pipeline.poll_output() {
        match output {
            Output::Weigh(task) => pipeline.handle_input(Input::Weighed(task.run())),
            Output::Gather => pipeline.gather(&Alone),
            Output::Store(batch) => {
                store.apply(&batch).expect("small values");
                pipeline.handle_input(Input::Stored);
            }
            Output::Ended(ended) => {
                for refusal in ended.refused {
                    let shown = refusal.to_string();
                    assert_eq!(refusal.error.is_some(), shown.ends_with('^'), "{shown}");
                }
            }
            Output::Refused(error) => drop(error.to_string()),
        }
    }
}

fn run_block(input: &[u8]) {
    let mut blocks = Vec::new();
    if let Some(text) = input.strip_prefix(b"T") {
        let Ok(text) = std::str::from_utf8(text) else { return };
        let mut reader = Reader::new();
        blocks.extend(text.lines().take(64).filter_map(|line| reader.push(line).ok().flatten()));
        blocks.extend(reader.finish());
    }
    let mut blocks: Vec<Block> = blocks.into_iter().map(|read| read.block).collect();
    if let Ok(block) = decode::<Block>(input) {
        assert_eq!(encode(&block), input, "one encoding");
        blocks.push(block);
    }
    if blocks.is_empty() {
        return;
    }
    let (mut pipeline, store) = begun();
    for block in blocks {
        pipeline.handle_input(Input::Block(block));
        drive(&mut pipeline, &store);
        assert_eq!(pipeline.focus().mass(), ONE);
        let restored = Pipeline::restore(store.list(PREFIX)).expect("what was stored").expect("a head");
        assert_eq!((restored.digest(), restored.focus()), (pipeline.digest(), pipeline.focus()));
    }
}

pub(super) const BLOCK_RECORDS: Target = Target {
    name: "block-records",
    about: "entries of a pipeline's store, put over those of a sound one: a byte that says which, then its value",
    run: run_records,
    seeds: || {
        let (_, store) = sound();
        let entries = store.list(PREFIX);
        (0..)
            .zip(&entries)
            .map(|(at, entry): (u8, _)| join([[&[at][..], entry.value.as_slice()].concat().as_slice()]))
            .collect()
    },
};

fn sound() -> (Pipeline, MemoryStore) {
    let (mut pipeline, store) = begun();
    for to in 4..7 {
        let delta = Delta::Add { from: 1, to, stake: 2, weight: Weight::Term("(* 3 4)".into()) };
        pipeline.handle_input(Input::Block(Block { book: String::new(), deltas: vec![delta] }));
        drive(&mut pipeline, &store);
    }
    (pipeline, store)
}

fn run_records(input: &[u8]) {
    let (pipeline, store) = sound();
    let mut entries: Vec<Entry> = store.list(PREFIX);
    for part in parts(input) {
        let Some((at, value)) = part.split_first() else { continue };
        let at = usize::from(*at) % entries.len();
        entries[at].value = value.to_vec();
    }
    // Damage is found, or is where nothing is read.
    if let Ok(Some(restored)) = Pipeline::restore(entries) {
        assert_eq!(restored.digest(), pipeline.digest());
    }
}
