//! Rankings on their way: the messages of `/formix/shards/1`, and what a coordinator keeps.

use crate::{
    golden::Entry,
    samples::{NOW, id},
};
use codec::{Instant, encode};
use data_encoding::HEXLOWER;
use rank::{Alpha, Edges, Epsilon, Part, PartRows, ROUNDS_MAX, ShardSums};
use shards::{
    About, Coordinator, Done, GraphFile, Order, Processor, Task, WorkId, Written,
    coordinator::{Input, Output},
    message::{Advert, Heard, Piece, Word},
};
use std::collections::VecDeque;
use store::Change;

/// The graph's file in all samples.
pub const GRAPH: &[u8] = b"0 1\n1 2\n2 0\n3 2\n";

/// A part with everything that a part can have.
pub fn part() -> Part {
    let rows = PartRows {
        alpha: Alpha::USUAL.parts(),
        is_weighted: true,
        node_count: 9,
        nodes: vec![2, 5],
        ghosts: 1,
        offsets: vec![0, 1, 3],
        sources: vec![2, 0, 2],
        shares: vec![1 << 26, 1 << 26, 1 << 26],
        outs: vec![1, 0],
        jumps: vec![[5, 9], [20, 30]],
        exports: vec![1],
    };
    Part::new(rows).expect("a part")
}

/// What is ordered in all samples.
pub fn order() -> Order {
    Order {
        name: "follows".into(),
        written: Written::EdgeList,
        alpha: Alpha::USUAL.parts(),
        epsilon: Epsilon::MILLIONTH.units(),
        rounds_max: ROUNDS_MAX,
        nodes: 0,
        ignore_weights: false,
        shards: 2,
        alone: true,
        patience_ms: 3_600_000,
    }
}

/// A heavy node's letters.
pub fn tasks() -> Vec<Entry> {
    let work = WorkId(7);
    let about = About { ranking: id(), name: "follows".into(), shard: 1, shards: 2 };
    [
        ("Begin", Task::Begin { work, about, part: encode(&part()) }),
        ("Spread", Task::Spread { work, teleport: 1 << 57 }),
        ("Gather", Task::Gather { work, ghosts: vec![1, 1 << 27] }),
        ("Kept", Task::Kept { work }),
        ("Drop", Task::Drop { work }),
    ]
    .map(|(name, task)| Entry::bytes(format!("Task::{name}"), encode(&task)))
    .into()
}

/// A light node's letters.
pub fn words() -> Vec<Entry> {
    let work = WorkId(7);
    let advert = Advert { device: "processor".into(), parts: 8, bytes_max: 1 << 29 };
    let sums = ShardSums { received: 5, kept: 4, moved: 3, dangling: 0 };
    [
        ("Offer", Word::Offer(Some(advert))),
        ("Offer, none", Word::Offer(None)),
        ("Done, ready", Word::Done(Done::Ready { work, device: "processor".into() })),
        ("Done, failed", Word::Done(Done::Failed { work, why: "no room".into() })),
        ("Done, spread", Word::Done(Done::Spread { work, exports: vec![3, 1 << 28], dangling: 9 })),
        ("Done, sums", Word::Done(Done::Sums { work, sums })),
        ("Done, kept", Word::Done(Done::Kept { work, kept: vec![1, 1 << 56] })),
    ]
    .map(|(name, word)| Entry::bytes(format!("Word::{name}"), encode(&word)))
    .into()
}

/// The messages that letters go in.
pub fn pieces() -> Vec<Entry> {
    let piece = Piece { letter: 1 << 56, len: 5, offset: 2, bytes: vec![1, 2, 3] };
    let mut entries = vec![Entry::bytes("Piece", encode(&piece))];
    for heard in [Heard::Taken, Heard::FromTheStart, Heard::Refused] {
        entries.push(Entry::bytes(format!("Heard::{heard:?}"), encode(&heard)));
    }
    entries
}

/// The part as it stands in a letter.
pub fn parts() -> Vec<Entry> {
    vec![Entry::bytes("Part", encode(&part()))]
}

/// What is kept of a ranking when it came, before and after its graph is cut, once it has a π, and of one that has none.
pub fn stored() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, patience_ms) in [("done", 3_600_000), ("refused", 1_000)] {
        let mut coordinator = Coordinator::default();
        let order = Order { patience_ms, alone: patience_ms > 1_000, ..order() };
        let input = Input::Submit { token: 1, from: None, order, graph: GraphFile::of(GRAPH) };
        coordinator.handle_input(NOW, input);
        let mut steps = VecDeque::from(["came", "about to be cut", "cut", name]);
        let later = NOW.plus_ms(5_000);
        drain(&mut coordinator, NOW, &mut steps, &mut entries);
        coordinator.handle_timeout(later);
        drain(&mut coordinator, later, &mut steps, &mut entries);
        assert!(steps.is_empty(), "it is stored four times");
    }
    entries
}

fn drain(coordinator: &mut Coordinator, now: Instant, steps: &mut VecDeque<&str>, entries: &mut Vec<Entry>) {
    let mut processor = Processor::new("processor");
    while let Some(output) = coordinator.poll_output() {
        match output {
            Output::Store { ticket, batch } => {
                let step = steps.pop_front().expect("a step");
                for change in batch.changes() {
                    let (key, value) = match change {
                        Change::Put(entry) => (&entry.key, entry.value.as_slice()),
                        Change::Delete(key) => (key, &b""[..]),
                        Change::DeleteUnder(prefix) => (prefix, &b""[..]),
                    };
                    entries.push(Entry::bytes(format!("{step}, {}", HEXLOWER.encode(key)), value));
                }
                coordinator.handle_input(now, Input::Stored { ticket });
            }
            Output::Cut { ranking, order, .. } => {
                let mut edges = Edges::new();
                for (from, to) in [(0, 1), (1, 2), (2, 0), (3, 2)] {
                    edges.push(from, to).expect("an edge");
                }
                let result = shards::cut(&order, edges).map(Box::new);
                coordinator.handle_input(now, Input::Cut { ranking, result });
            }
            Output::Combine(combine) => {
                coordinator.handle_input(now, Input::Combined(combine.run()));
            }
            Output::Do(task) => {
                if let Some(done) = processor.handle_task(task) {
                    coordinator.handle_input(now, Input::Done(done));
                }
            }
            _ => {}
        }
    }
}
