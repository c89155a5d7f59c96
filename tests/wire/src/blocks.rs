//! Blocks, and what a pipeline stores of them.

use crate::golden::Entry;
use block::{Block, Delta, Input, Output, Pipeline, Settings, Weight};
use codec::encode;
use data_encoding::HEXLOWER;
use rank::{Alone, Edges, Teleport};
use store::{Batch, Change};

/// A block with a change of each kind, one of them refused.
pub fn block() -> Block {
    let add = |from, to, stake, weight| Delta::Add { from, to, stake, weight };
    Block {
        book: "@trust(a b) = (+ (* a a) b)".into(),
        deltas: vec![
            add(0, 1, 1, Weight::Number(1 << 31)),
            add(1, 3, 7, Weight::Term("@trust(3 4)".into())),
            add(1, 2, 1, Weight::Term("λx. x".into())),
            Delta::Remove { from: 2, to: 0 },
            Delta::Stake { node: 3, stake: 20 },
        ],
    }
}

fn puts(step: &str, batch: &Batch) -> Vec<Entry> {
    let put = |change: &Change| match change {
        Change::Put(entry) => {
            Some(Entry::bytes(format!("{step}, {}", HEXLOWER.encode(&entry.key)), entry.value.clone()))
        }
        Change::Delete(_) | Change::DeleteUnder(_) => None,
    };
    batch.changes().filter_map(put).collect()
}

/// The block, and all that a pipeline stores: of the graph that it begins with, of the block, and of one after which the whole graph is stored.
///
/// # Panics
/// Where the pipeline refuses them.
pub fn blocks() -> Vec<Entry> {
    let mut edges = Edges::new();
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        edges.push(from, to).expect("three edges");
    }
    edges.stakes(vec![10, 20, 30]);
    edges.teleport(Teleport::Stake);
    let settings = Settings { snapshot_blocks: 2, ..Settings::default() };
    let mut pipeline = Pipeline::begin(edges, settings, &Alone).expect("a graph");
    let mut entries = vec![Entry::bytes("Block", encode(&block()))];
    let mut next = [block(), Block::default()].into_iter();
    while let Some(output) = pipeline.poll_output() {
        match output {
            Output::Weigh(task) => pipeline.handle_input(Input::Weighed(task.run())),
            Output::Gather => pipeline.gather(&Alone),
            Output::Store(batch) => {
                entries.extend(puts(&format!("block {}", pipeline.height()), &batch));
                pipeline.handle_input(Input::Stored);
            }
            Output::Ended(_) => {
                next.next().into_iter().for_each(|block| pipeline.handle_input(Input::Block(block)))
            }
            Output::Refused(error) => panic!("{error}"),
        }
    }
    entries
}
