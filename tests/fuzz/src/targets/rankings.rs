//! Parts of graphs over the network: letters, parts, and the machines behind them.

use super::{
    Target,
    bytes::canonical,
    join, parts,
    stores::{OUTPUTS_MAX, entries},
};
use codec::{ContentId, decode};
use keys::{Identity, NodeId};
use rank::{Edges, ONE, Part, PartRounds};
use shards::{
    Coordinator, GraphFile, Holder, Lending, Order, Processor, Reckoner, Task,
    coordinator::{self, STORE_PREFIX},
    holder,
    message::{Piece, Word},
};
use wire::{samples::NOW, shards as samples};

pub(super) const PART: Target = Target {
    name: "rank-part",
    about: "rank::Part, and its rounds",
    run: run_part,
    seeds: || bytes_of(samples::parts()),
};

pub(super) const LETTERS: Target = Target {
    name: "shards-letters",
    about: "shards::Task, message::{Piece, Word}",
    run: |input| {
        canonical::<Task>(input);
        canonical::<Word>(input);
        canonical::<Piece>(input);
    },
    seeds: || bytes_of([samples::pieces(), samples::tasks(), samples::words()].concat()),
};

pub(super) const COORDINATOR: Target = Target {
    name: "shards-coordinator",
    about: "shards::Coordinator, hearing pieces of two peers",
    run: run_coordinator,
    seeds: || vec![letters(bytes_of(samples::words()))],
};

pub(super) const HOLDER: Target = Target {
    name: "shards-holder",
    about: "shards::Holder, hearing pieces, with a Processor beside it",
    run: run_holder,
    seeds: || vec![letters(bytes_of(samples::tasks()))],
};

pub(super) const RANKING_RECORDS: Target = Target {
    name: "ranking-records",
    about: "shards::Coordinator::restore",
    run: |input| {
        let _ = Coordinator::restore(&entries(input), NOW);
    },
    seeds: || {
        let stored = samples::stored().into_iter().map(|entry| {
            let key = [STORE_PREFIX, ContentId::of(b"").digest()].concat();
            join([key.as_slice(), &entry.bytes])
        });
        stored.collect()
    },
};

fn bytes_of(entries: Vec<wire::golden::Entry>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|entry| entry.bytes).collect()
}

/// Letters as [`pieces`] reads them.
fn letters(letters: Vec<Vec<u8>>) -> Vec<u8> {
    join(letters.iter().map(Vec::as_slice))
}

/// Each part of the input as a letter in one piece, each second one of another peer's.
fn pieces(input: &[u8]) -> impl Iterator<Item = (NodeId, Piece)> {
    let peers = [1, 2].map(|seed| Identity::from_seed([seed; 32]).id());
    (0..).zip(parts(input)).map(move |(number, letter)| {
        let piece = Piece { letter: number, len: letter.len() as u64, offset: 0, bytes: letter.to_vec() };
        (peers[number as usize % 2], piece)
    })
}

fn run_part(input: &[u8]) {
    canonical::<Part>(input);
    let Ok(part) = decode::<Part>(input) else { return };
    let ghosts = vec![1 << 26; part.rows().ghosts as usize];
    let mut rounds = PartRounds::new(part);
    for teleport in [ONE, 0, ONE / 3, u64::MAX] {
        let _ = rounds.spread(teleport);
        if let Ok(sums) = rounds.gather(&ghosts) {
            assert!(sums.received <= ONE && sums.kept <= sums.received, "mass is made");
        }
    }
}

fn run_coordinator(input: &[u8]) {
    let mut coordinator = Coordinator::default();
    let order = Order { alone: false, ..samples::order() };
    let graph = GraphFile::of(samples::GRAPH);
    coordinator.handle_input(NOW, coordinator::Input::Submit { token: 1, from: None, order, graph });
    drain(&mut coordinator);
    coordinator.handle_timeout(NOW.plus_ms(2_000));
    for (peer, piece) in pieces(input) {
        coordinator.hear(NOW.plus_ms(2_000), peer, None, piece);
        drain(&mut coordinator);
    }
    coordinator.handle_timeout(NOW.plus_ms(100_000));
    drain(&mut coordinator);
}

fn drain(coordinator: &mut Coordinator) {
    use coordinator::{Input, Output};
    let mut processor = Processor::new("fuzz");
    let mut outputs = 0;
    while let Some(output) = coordinator.poll_output() {
        outputs += 1;
        assert!(outputs < OUTPUTS_MAX, "an endless answer");
        match output {
            Output::Store { ticket, batch } => {
                assert_eq!(batch.check(), Ok(()), "what is stored fits a store");
                coordinator.handle_input(NOW, Input::Stored { ticket });
            }
            Output::Cut { ranking, order, .. } => {
                let mut edges = Edges::new();
                edges.push(0, 1).expect("an edge");
                let result = shards::cut(&order, edges).map(Box::new);
                coordinator.handle_input(NOW, Input::Cut { ranking, result });
            }
            Output::Combine(combine) => {
                coordinator.handle_input(NOW, Input::Combined(combine.run()));
            }
            Output::Do(task) => {
                if let Some(done) = processor.handle_task(task) {
                    coordinator.handle_input(NOW, Input::Done(done));
                }
            }
            _ => {}
        }
    }
}

fn run_holder(input: &[u8]) {
    use holder::{Input, Output};
    let mut holder = Holder::default();
    let mut processor = Processor::new("fuzz");
    let heavy = Identity::from_seed([1; 32]).id();
    let reckoner = Reckoner { device: "fuzz".into(), parts_max: 4, bytes_max: 1 << 16 };
    for input in [
        Input::Reckoner(Some(reckoner)),
        Input::Lend(Some(Lending { parts: 4, bytes_max: 1 << 16 })),
        Input::Up { heavy },
    ] {
        holder.handle_input(NOW, input);
    }
    for (_, piece) in pieces(input) {
        holder.hear(NOW, heavy, piece);
        let mut outputs = 0;
        while let Some(output) = holder.poll_output() {
            outputs += 1;
            assert!(outputs < OUTPUTS_MAX, "an endless answer");
            if let Output::Do(task) = output
                && let Some(done) = processor.handle_task(task)
            {
                holder.handle_input(NOW, Input::Done(done));
            }
        }
        assert!(holder.view().parts.len() <= 4, "more parts than are lent");
    }
}
