//! Blocks through the pipeline: however they are reduced and solved, and wherever the process is killed, the same bits.
#![cfg(not(target_arch = "wasm32"))]

use block::{
    Block, Change, DELTAS_MAX, Delta, Ended, Input, Nearness, Outcome, Output, Pipeline, Reader, Reason,
    Refused, Settings, Task, Weight,
};
use codec::{decode, encode};
use ffcm::Rounds;
use graphs::Numbers;
use rank::{Alone, Edges, Epsilon, Graph, Options, Teleport, Workers, solve};
use ranking::Threads;
use std::collections::BTreeMap;
use store::MemoryStore;

const NODES_MAX: u32 = 40;
const BOOK: &str = "@square(x) = (* x x)
@sum(n) = ~ n { 0: 0 1+p: (+ p @sum(p)) }
@twice(f x) = (f (f x))
@loop = λx. (@loop x)
";
/// Terms with what each is.
const TERMS: &[(&str, Result<u32, Reason>)] = &[
    ("7", Ok(7)),
    ("@square(9)", Ok(81)),
    ("(@sum 20)", Ok(190)),
    ("@twice(λx. (+ x 3) 1)", Ok(7)),
    ("! &{a b} = @square(3); (+ a (* b 2))", Ok(27)),
    ("λx. x", Err(Reason::NotANumber)),
    ("&0{1 2}", Err(Reason::NotANumber)),
    ("(- 7 7)", Err(Reason::Zero)),
    ("@cube(3)", Err(Reason::Unread)),
    ("#Heavy", Err(Reason::Unread)),
    ("@loop(1)", Err(Reason::TooMuch)),
];

/// What reduces nets.
#[derive(Debug, Clone, Copy)]
enum Reduce {
    /// One thread, so many pairs at a time.
    Steps(u64),
    /// Rounds, the pairs of each in reverse.
    Rounds,
    /// So many threads over one net.
    Threads(usize),
}

const ALL: [Reduce; 4] = [Reduce::Steps(u64::MAX), Reduce::Steps(7), Reduce::Rounds, Reduce::Threads(2)];

impl Reduce {
    fn run(self, task: &Task) -> Outcome {
        let outcome = match self {
            Self::Steps(pairs) => {
                let mut reduction = task.start();
                loop {
                    if let Some(outcome) = reduction.run(pairs) {
                        return outcome;
                    }
                }
            }
            Self::Rounds => Rounds::new(task.book(), task.limits()).ok().and_then(|mut rounds| {
                let progress = loop {
                    let progress = rounds.round(<[_]>::reverse);
                    if progress.is_final() {
                        break progress;
                    }
                };
                task.outcome(progress, rounds.tally(), Some(&rounds.result()))
            }),
            Self::Threads(count) => {
                let finished = ffcm_host::run(task.book(), task.limits(), count);
                task.outcome(finished.progress(), finished.tally(), finished.result().as_ref())
            }
        };
        outcome.unwrap_or_else(|| task.run())
    }
}

fn settings() -> Settings {
    Settings {
        nodes_max: NODES_MAX,
        weight_interactions: 2_000,
        block_interactions: 20_000,
        heap_nodes: 1 << 20,
        snapshot_blocks: 3,
        epsilon: Epsilon::MILLIONTH.units() / 2,
        ..Settings::default()
    }
}

/// Takes a pipeline to where it asks for nothing more.
fn drive(pipeline: &mut Pipeline, disk: &MemoryStore, reduce: Reduce, workers: &impl Workers) -> Vec<Ended> {
    let mut ended = Vec::new();
    while let Some(output) = pipeline.poll_output() {
        match output {
            Output::Weigh(task) => pipeline.handle_input(Input::Weighed(reduce.run(&task))),
            Output::Gather => pipeline.gather(workers),
            Output::Store(batch) => {
                disk.apply(&batch).unwrap();
                pipeline.handle_input(Input::Stored);
            }
            Output::Ended(done) => ended.push(done),
            Output::Refused(error) => panic!("{error}"),
        }
    }
    ended
}

fn take(pipeline: &mut Pipeline, block: Block, disk: &MemoryStore, reduce: Reduce) -> Ended {
    pipeline.handle_input(Input::Block(block));
    drive(pipeline, disk, reduce, &Alone).pop().expect("one block")
}

fn begun(edges: Edges, settings: Settings) -> (Pipeline, MemoryStore) {
    let (mut pipeline, disk) = (Pipeline::begin(edges, settings, &Alone).unwrap(), MemoryStore::new());
    assert_eq!(drive(&mut pipeline, &disk, ALL[0], &Alone).len(), 1);
    (pipeline, disk)
}

fn edges(numbers: &mut Numbers, has_stakes: bool) -> Edges {
    let nodes = 1 + numbers.below(NODES_MAX / 2);
    let mut edges = Edges::new();
    edges.nodes(nodes);
    for _ in 0..numbers.below(3 * nodes) {
        edges.push(numbers.below(nodes), numbers.below(nodes)).unwrap();
    }
    if has_stakes {
        edges.stakes((0..nodes).map(|_| 1 + u64::from(numbers.below(100))).collect());
        edges.teleport(if numbers.below(2) == 0 { Teleport::Stake } else { Teleport::Uniform });
    }
    edges
}

/// A random block, and what is to become of each of its changes.
fn random(numbers: &mut Numbers, nodes: u32, has_stakes: bool) -> (Block, Vec<Result<Change, Reason>>) {
    let mut block = Block { book: BOOK.into(), deltas: Vec::new() };
    let mut expected = Vec::new();
    let mut reach = nodes;
    for _ in 0..numbers.below(7) {
        let any = |numbers: &mut Numbers| numbers.below((reach + 1).min(NODES_MAX));
        let (from, to) = (any(numbers), any(numbers));
        let (delta, expects) = match numbers.below(10) {
            0..2 => {
                let is_there = from.max(to) < reach;
                let change = Change::Edge { from, to, weight: 0 };
                (Delta::Remove { from, to }, if is_there { Ok(change) } else { Err(Reason::NoSuchNode) })
            }
            2 => {
                let stake = 1 + u64::from(numbers.below(1_000));
                let change = Change::Stake { node: to, stake };
                let expects = if has_stakes { Ok(change) } else { Err(Reason::NoStakes) };
                (Delta::Stake { node: to, stake }, expects)
            }
            3 => {
                let weight = numbers.next_u64() >> 20;
                let (stake, change) = (3, Change::Edge { from, to, weight: 3 * weight });
                (Delta::Add { from, to, stake, weight: Weight::Number(weight) }, Ok(change))
            }
            4 => {
                let delta = Delta::Add { from, to: NODES_MAX, stake: 1, weight: Weight::ONE };
                (delta, Err(Reason::OutOfRange))
            }
            _ => {
                let (term, value) = TERMS[numbers.below(TERMS.len() as u32) as usize];
                let stake = u64::from(numbers.below(4));
                let weight = Weight::Term(term.into());
                let expects = match value {
                    Ok(_) if stake == 0 => Err(Reason::Zero),
                    Ok(value) => Ok(Change::Edge { from, to, weight: (u64::from(value) << 32) * stake }),
                    Err(reason) => Err(reason),
                };
                (Delta::Add { from, to, stake, weight }, expects)
            }
        };
        if let Ok(Change::Edge { from, to, weight: 1.. }) = expects {
            reach = reach.max(from.max(to) + 1);
        }
        if let Ok(Change::Stake { node, .. }) = expects {
            reach = reach.max(node + 1);
        }
        block.deltas.push(delta);
        expected.push(expects);
    }
    (block, expected)
}

#[test]
fn blocks_have_one_outcome_and_pi_is_near_that_of_a_cold_solve() {
    let (mut refused, mut blocks) = (0, 0);
    for seed in 0..24_u64 {
        let mut numbers = Numbers::new(seed);
        let has_stakes = seed.is_multiple_of(3);
        let start = edges(&mut numbers, has_stakes);
        let mut pipelines = ALL.map(|_| begun(start.clone(), settings()));
        for _ in 0..8 {
            let (block, expected) = random(&mut numbers, pipelines[0].0.live().nodes(), has_stakes);
            let mut digests = Vec::new();
            for ((pipeline, disk), reduce) in pipelines.iter_mut().zip(ALL) {
                let ended = take(pipeline, block.clone(), disk, reduce);
                let changes: Vec<_> = expected.iter().filter_map(|expects| expects.ok()).collect();
                let reasons = (0..).zip(&expected);
                let reasons: Vec<_> = reasons
                    .filter_map(|(delta, expects)| Some(Refused { delta, reason: expects.err()? }))
                    .collect();
                assert_eq!((&ended.record.changes, &ended.record.refused), (&changes, &reasons), "{block:?}");
                assert_eq!(ended.record.nearness, Nearness::Converged);
                refused += reasons.len();
                digests.push(ended.digest);
            }
            assert!(digests.iter().all(|digest| *digest == digests[0]), "seed {seed}");
            let pipeline = &pipelines[0].0;
            let graph = Graph::new(pipeline.live().to_edges().unwrap()).unwrap();
            let cold = solve(&graph, settings().options());
            assert_eq!(cold.verdict, rank::Verdict::Converged);
            let away = pipeline.focus().distance(&cold.focus);
            assert!(away <= Epsilon::MILLIONTH.units(), "seed {seed}: {away} away");
            blocks += 1;
        }
    }
    println!("{blocks} blocks, {refused} changes refused");
    assert!(refused > 500);
}

/// Where a process may be killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Killed {
    BeforeWeighing,
    BeforeGathering,
    BeforeStoring,
    /// Durable, and not told so.
    AfterStoring,
}

#[test]
fn a_pipeline_that_is_killed_anywhere_goes_on_as_if_nothing_had_been() {
    const KILLED: [Killed; 4] =
        [Killed::BeforeWeighing, Killed::BeforeGathering, Killed::BeforeStoring, Killed::AfterStoring];
    for seed in 0..20_u64 {
        let mut numbers = Numbers::new(1_000 + seed);
        let has_stakes = seed.is_multiple_of(2);
        let start = edges(&mut numbers, has_stakes);
        let (mut whole, whole_disk) = begun(start.clone(), settings());
        let (mut killed, disk) = begun(start, settings());
        for height in 1..=10_u64 {
            let (block, _) = random(&mut numbers, whole.live().nodes(), has_stakes);
            let expected = take(&mut whole, block.clone(), &whole_disk, ALL[0]);
            for at in KILLED {
                if numbers.below(3) == 0 {
                    continue;
                }
                killed.handle_input(Input::Block(block.clone()));
                run_until(&mut killed, &disk, at);
                drop(killed);
                killed = Pipeline::restore(disk.list(block::PREFIX)).unwrap().expect("it began");
                if killed.height() == height {
                    break;
                }
                assert_eq!(killed.height(), height - 1, "{at:?}");
            }
            if killed.height() < height {
                take(&mut killed, block, &disk, ALL[0]);
            }
            assert_eq!(killed.digest(), expected.digest, "seed {seed}, block {height}");
            assert_eq!(killed.focus(), whole.focus());
        }
        assert_eq!(disk.list(b""), whole_disk.list(b""), "the same is kept");
    }
}

/// Drives a pipeline to where it is killed.
fn run_until(pipeline: &mut Pipeline, disk: &MemoryStore, killed: Killed) {
    while let Some(output) = pipeline.poll_output() {
        match output {
            Output::Weigh(_) if killed == Killed::BeforeWeighing => return,
            Output::Weigh(task) => pipeline.handle_input(Input::Weighed(task.run())),
            Output::Gather if killed == Killed::BeforeGathering => return,
            Output::Gather => pipeline.gather(&Alone),
            Output::Store(_) if killed == Killed::BeforeStoring => return,
            Output::Store(batch) => return disk.apply(&batch).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn weighs(term: &str) -> Delta {
    Delta::Add { from: 0, to: 1, stake: 1, weight: Weight::Term(term.into()) }
}

#[test]
fn who_takes_too_much_is_found_among_those_who_do_not() {
    let mut deltas: Vec<Delta> = (0..3_000).map(|at| weighs(&format!("@square({})", 1 + at % 90))).collect();
    let greedy = [7, 1_023, 1_024, 2_999];
    greedy.iter().for_each(|at| deltas[*at] = weighs("@loop(1)"));
    let block = Block { book: BOOK.into(), deltas };
    let roomy = Settings { block_interactions: 1 << 20, ..settings() };
    let mut records = Vec::new();
    for reduce in ALL {
        let (mut pipeline, disk) = begun(Edges::new(), roomy);
        let ended = take(&mut pipeline, block.clone(), &disk, reduce);
        let refused: Vec<_> =
            ended.record.refused.iter().map(|refused| (refused.delta, refused.reason)).collect();
        assert_eq!(refused, greedy.map(|at| (at as u32, Reason::TooMuch)));
        assert_eq!(ended.record.changes.len(), 3_000 - greedy.len());
        records.push(ended.record);
    }
    assert!(records.iter().all(|record| *record == records[0]));
    // What a block may take is used up in the order of its changes.
    let tight = Settings { block_interactions: 5_000, ..settings() };
    for reduce in ALL {
        let (mut pipeline, disk) = begun(Edges::new(), tight);
        let record = take(&mut pipeline, block.clone(), &disk, reduce).record;
        assert_eq!(record.refused[0], Refused { delta: 7, reason: Reason::TooMuch });
        assert!(record.refused[1..].iter().all(|refused| refused.reason == Reason::BlockSpent));
        let first = record.refused[1].delta;
        assert_eq!(record.refused.len() as u32, 1 + 3_000 - first, "all from {first} on");
        assert_eq!(record.interactions, 5_000);
    }
}

#[test]
fn stakes_and_weights_that_are_too_heavy_take_out_their_own() {
    let mut edges = Edges::new();
    edges.nodes(4);
    edges.stakes(vec![1, u64::MAX, u64::MAX, 1]);
    edges.teleport(Teleport::Stake);
    let heavy = |from, to| Delta::Add { from, to, stake: 1, weight: Weight::Number(u64::MAX) };
    let light = Delta::Add { from: 3, to: 1, stake: 1, weight: Weight::ONE };
    let (mut pipeline, disk) = begun(edges, settings());
    let deltas = vec![heavy(0, 1), light.clone(), heavy(0, 2)];
    let record = take(&mut pipeline, Block { book: String::new(), deltas }, &disk, ALL[0]).record;
    let refused = [0, 2].map(|delta| Refused { delta, reason: Reason::TooHeavy });
    assert_eq!((record.changes.len(), &record.refused[..]), (1, &refused[..]));
    let none = |node| Delta::Stake { node, stake: 0 };
    let deltas = vec![none(0), light, none(1), none(2), none(3)];
    let record = take(&mut pipeline, Block { book: String::new(), deltas }, &disk, ALL[0]).record;
    assert!(record.changes.is_empty() && record.refused.len() == 5);
    assert_eq!(record.refused[1].reason, Reason::NoStakeLeft);
}

#[test]
fn a_heap_that_is_full_is_too_much() {
    let small = Settings { heap_nodes: 100, ..settings() };
    let block = Block { book: BOOK.into(), deltas: vec![weighs("(@sum 150)"), weighs("@square(5)")] };
    let mut digests = Vec::new();
    for reduce in ALL {
        let (mut pipeline, disk) = begun(Edges::new(), small);
        let ended = take(&mut pipeline, block.clone(), &disk, reduce);
        assert_eq!(ended.record.changes, [Change::Edge { from: 0, to: 1, weight: 25 << 32 }]);
        digests.push(ended.digest);
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

#[test]
fn blocks_beyond_their_bounds_change_nothing() {
    let (mut pipeline, _) = begun(Edges::new(), settings());
    let before = pipeline.digest();
    let books = |book: &str| Block { book: book.into(), deltas: Vec::new() };
    let cases = [
        (Block { deltas: vec![weighs("1"); DELTAS_MAX + 1], ..Block::default() }, "a block of 65537 changes"),
        (books(&" ".repeat((1 << 16) + 1)), "a block of 65537 bytes of definitions"),
        (
            Block { deltas: vec![weighs(&"1".repeat(4097))], ..Block::default() },
            "a block of 4097 bytes of a term",
        ),
        (
            Block { deltas: vec![weighs(&" ".repeat(4096)); 257], ..Block::default() },
            "a block of 1052672 bytes of definitions and terms",
        ),
        (books("@a = @b"), "the block's definitions: 1:6: nothing is named `@b`"),
        (books("@a = #B"), "the block's definitions: 1:6: `@a` has a constructor"),
    ];
    for (block, why) in cases {
        pipeline.handle_input(Input::Block(block));
        let Some(Output::Refused(error)) = pipeline.poll_output() else { panic!("{why}") };
        assert!(error.to_string().starts_with(why), "{error}");
        assert!(pipeline.poll_output().is_none() && pipeline.digest() == before);
    }
    pipeline.handle_input(Input::Block(books("")));
    pipeline.handle_input(Input::Block(books("")));
    assert!(matches!(pipeline.poll_output(), Some(Output::Gather)));
    assert!(matches!(pipeline.poll_output(), Some(Output::Refused(_))), "one at a time");
}

#[test]
fn the_largest_blocks_fit_the_wire() {
    let term = Weight::Term("1".repeat(16));
    let delta = Delta::Add { from: u32::MAX, to: u32::MAX, stake: u64::MAX, weight: term };
    let block = Block { book: String::new(), deltas: vec![delta; DELTAS_MAX] };
    block.check().unwrap();
    assert_eq!(decode::<Block>(&encode(&block)).unwrap(), block);
    let delta = Delta::Add { from: 0, to: 0, stake: 0, weight: Weight::Number(0) };
    let block = Block { book: String::new(), deltas: vec![delta; DELTAS_MAX] };
    assert_eq!(decode::<Block>(&encode(&block)).unwrap(), block);
}

#[test]
fn a_store_keeps_no_more_than_it_says() {
    let (mut pipeline, disk) = begun(Edges::new(), settings());
    for at in 0..40_u32 {
        let delta =
            Delta::Add { from: at % 7, to: at % 5, stake: 1, weight: Weight::Number(1 + u64::from(at)) };
        take(&mut pipeline, Block { book: String::new(), deltas: vec![delta] }, &disk, ALL[0]);
        let count = |prefix: &[u8]| disk.list(prefix).len();
        let (records, pi, graphs) = (count(b"block/record/"), count(b"block/pi/"), count(b"block/graph/"));
        assert!(records <= 6 && pi <= block::PI_KEPT && graphs <= 2, "{records} {pi} {graphs}");
        let newest: BTreeMap<_, _> =
            disk.list(b"block/pi/").into_iter().map(|entry| (entry.key, entry.value)).collect();
        let key = [b"block/pi/", pipeline.focus().digest().digest().as_slice(), &[0; 4]].concat();
        let values: Vec<u8> =
            pipeline.focus().values().iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(newest.get(&key), Some(&values));
    }
}

#[test]
fn damage_is_found() {
    let (mut pipeline, disk) = begun(Edges::new(), settings());
    for at in 1..=4 {
        let delta = Delta::Add { from: 0, to: at, stake: 1, weight: Weight::ONE };
        take(&mut pipeline, Block { book: String::new(), deltas: vec![delta] }, &disk, ALL[0]);
    }
    let entries = disk.list(b"");
    for at in 0..entries.len() {
        let mut cut = entries.clone();
        let value = &mut cut[at].value;
        value.pop();
        // Records before the whole graph, and the newest π, which is computed again, are for others to read.
        let restored = Pipeline::restore(cut);
        let Ok(Some(restored)) = restored else { continue };
        assert_eq!(restored.digest(), pipeline.digest());
    }
    let without_head: Vec<_> = entries.iter().filter(|entry| entry.key != b"block/head").cloned().collect();
    assert!(Pipeline::restore(without_head).unwrap().is_none());
}

#[test]
fn threads_make_no_difference_to_a_large_graph() {
    let shape = graphs::rmat(12, 8, 3);
    let edges = shape.to_edges();
    let mut digests = Vec::new();
    for count in [1, 3] {
        let threads = Threads::new(Some(count), 0);
        let disk = MemoryStore::new();
        let mut pipeline = Pipeline::begin(edges.clone(), Settings::default(), &threads).unwrap();
        drive(&mut pipeline, &disk, ALL[0], &threads);
        let mut numbers = Numbers::new(5);
        let deltas = (0..20_000).map(|_| {
            let (from, to) = (numbers.below(shape.nodes), numbers.below(shape.nodes));
            Delta::Add { from, to, stake: 1, weight: Weight::Number(1 << 32) }
        });
        pipeline.handle_input(Input::Block(Block { book: String::new(), deltas: deltas.collect() }));
        let ended = drive(&mut pipeline, &disk, ALL[0], &threads);
        assert!(ended[0].update.is_some_and(|update| update.rounds > 0));
        digests.push(ended[0].digest);
    }
    assert_eq!(digests[0], digests[1]);
    assert_eq!(Options::default(), Settings::default().options());
}

#[test]
fn text_becomes_blocks() {
    let text = "# begin\n@f(x) =\n  (+ x 1)\n+ 0 1\n+ 1 2 0.5\n+ 2 3 *7 @f(2)\n\n\n- 0 1\n= 2 30\n@g = 1\n+ 5 6 *9\n";
    let mut reader = Reader::new();
    let mut read: Vec<_> = text.lines().filter_map(|line| reader.push(line).unwrap()).collect();
    read.extend(reader.finish());
    assert_eq!(read.len(), 2);
    let weigh = |from, to, stake, weight| Delta::Add { from, to, stake, weight };
    assert_eq!(read[0].block.book, "@f(x) =\n  (+ x 1)\n");
    assert_eq!((&read[0].lines[..], &read[0].book_lines[..]), (&[4, 5, 6][..], &[2, 3][..]));
    let deltas = [
        weigh(0, 1, 1, Weight::ONE),
        weigh(1, 2, 1, Weight::Number(1 << 31)),
        weigh(2, 3, 7, Weight::Term("@f(2)".into())),
    ];
    assert_eq!(read[0].block.deltas, deltas);
    let deltas =
        [Delta::Remove { from: 0, to: 1 }, Delta::Stake { node: 2, stake: 30 }, weigh(5, 6, 9, Weight::ONE)];
    assert_eq!((&read[1].block.deltas[..], &read[1].lines[..]), (&deltas[..], &[9, 10, 12][..]));
    for wrong in
        ["+ 0", "+ a b", "- 0 1 2", "= 1", "0 1", "+ 0 1 1e99", "+ 0 1 *99999999999999999999 2", "+ 0 1 -1"]
    {
        assert!(Reader::new().push(wrong).is_err(), "{wrong}");
    }
}
