//! Orders of rankings at a heavy node: what becomes of them, step by step.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use codec::Instant;
use common::order;
use rank::Edges;
use shards::{
    Combine, Coordinator, GraphFile, Order, Processor, RankingState,
    coordinator::{COMBINES_MAX, Input, Output, RANKINGS_MAX, STORE_PREFIX, TRIES_MAX},
};
use store::MemoryStore;

#[test]
fn one_graph_is_cut_at_a_time_whatever_becomes_of_its_ranking() {
    let mut now = Instant::from_unix_ms(1_800_000_000_000);
    let mut coordinator = Coordinator::default();
    for (token, patience_ms) in [(1, 1_000), (2, 60_000)] {
        let order = Order { patience_ms, ..order(2) };
        coordinator
            .handle_input(now, Input::Submit { token, from: None, order, graph: GraphFile::of(b"0 1\n") });
    }
    let cuts = |coordinator: &mut Coordinator, now| {
        let mut cuts = Vec::new();
        while let Some(output) = coordinator.poll_output() {
            match output {
                Output::Store { ticket, .. } => coordinator.handle_input(now, Input::Stored { ticket }),
                Output::Cut { ranking, .. } => cuts.push(ranking),
                _ => {}
            }
        }
        cuts
    };
    let [first] = cuts(&mut coordinator, now)[..] else { panic!("one is cut") };
    now = now.plus_ms(2_000);
    coordinator.handle_timeout(now);
    assert_eq!(cuts(&mut coordinator, now), [], "the first is still being cut, though its time is over");
    assert_eq!(coordinator.ranking(first).unwrap().state, RankingState::Refused);
    coordinator.handle_input(now, Input::Cut { ranking: first, result: Err("late".into()) });
    assert_eq!(cuts(&mut coordinator, now).len(), 1);
}

/// A graph that takes its heavy node down is cut twice, and no third time; what waits behind it has its turn.
#[test]
fn a_cut_that_nobody_survives_is_not_begun_after_every_start() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let store = MemoryStore::new();
    let run = |coordinator: &mut Coordinator| {
        while let Some(output) = coordinator.poll_output() {
            match output {
                Output::Store { ticket, batch } => {
                    store.apply(&batch).unwrap();
                    coordinator.handle_input(now, Input::Stored { ticket });
                }
                Output::Cut { ranking, .. } => return (store.list(STORE_PREFIX), Some(ranking)),
                _ => {}
            }
        }
        (store.list(STORE_PREFIX), None)
    };
    let mut coordinator = Coordinator::default();
    let mut ids = Vec::new();
    for (token, shards) in [(1, 2), (2, 3)] {
        let graph = GraphFile::of(b"0 1\n");
        let input = Input::Submit { token, from: None, order: order(shards), graph };
        coordinator.handle_input(now.plus_ms(token), input);
    }
    for _ in 0..TRIES_MAX {
        let (entries, cut) = run(&mut coordinator);
        ids.push(cut.expect("it is cut"));
        // The process ends.
        coordinator = Coordinator::restore(&entries, now).unwrap();
    }
    let [first, again] = ids[..] else { panic!("it is cut twice") };
    assert_eq!(first, again);
    let (entries, cut) = run(&mut coordinator);
    assert_ne!(cut.expect("the other has its turn"), first);
    let view = coordinator.ranking(first).unwrap();
    assert_eq!(view.state, RankingState::Refused);
    assert!(view.words.contains("stopped 2 times"), "{}", view.words);
    let coordinator = Coordinator::restore(&entries, now).unwrap();
    assert_eq!(coordinator.ranking(first).unwrap().state, RankingState::Refused, "it is durable");
}

#[test]
fn an_end_is_shown_once_it_is_durable() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let mut coordinator = Coordinator::default();
    coordinator.handle_input(
        now,
        Input::Submit { token: 1, from: None, order: order(2), graph: GraphFile::of(b"0 1\n") },
    );
    // The order, and that its graph is about to be cut.
    coordinator.handle_input(now, Input::Stored { ticket: 1 });
    coordinator.handle_input(now, Input::Stored { ticket: 2 });
    let id = coordinator.rankings()[0].id;
    coordinator.handle_input(now, Input::Cut { ranking: id, result: Err("it is none".into()) });
    let mut tickets = Vec::new();
    while let Some(output) = coordinator.poll_output() {
        if let Output::Store { ticket, .. } = output {
            tickets.push(ticket);
        }
    }
    let view = coordinator.ranking(id).unwrap();
    assert_eq!((view.state, &*view.words), (RankingState::Running, "what came of it is being stored"));
    assert_eq!(coordinator.poll_timeout(), None, "nothing is due of what ended");
    coordinator.handle_input(now, Input::Stored { ticket: *tickets.last().unwrap() });
    assert_eq!(coordinator.ranking(id).unwrap().state, RankingState::Refused);
}

/// A coordinator whose rankings the heavy node does alone.
#[derive(Default)]
struct Alone {
    coordinator: Coordinator,
    processor: Option<Processor>,
    /// What is to be put together, where nobody does.
    combines: Option<Vec<Combine>>,
}

impl Alone {
    fn submit(&mut self, now: Instant, order: Order) {
        let graph = GraphFile::of(b"0 1\n");
        let order = Order { alone: true, ..order };
        self.coordinator.handle_input(now, Input::Submit { token: 1, from: None, order, graph });
        self.drain(now);
        self.coordinator.handle_timeout(now.plus_ms(2_000));
        self.drain(now.plus_ms(2_000));
    }

    fn drain(&mut self, now: Instant) {
        let coordinator = &mut self.coordinator;
        while let Some(output) = coordinator.poll_output() {
            match output {
                Output::Store { ticket, .. } => coordinator.handle_input(now, Input::Stored { ticket }),
                Output::Cut { ranking, order, .. } => {
                    let mut edges = Edges::new();
                    (0..64).for_each(|at| edges.push(at, at * 7 % 64).expect("an edge"));
                    let result = shards::cut(&order, edges).map(Box::new);
                    let result = if self.processor.is_some() { result } else { Err("no graph".into()) };
                    coordinator.handle_input(now, Input::Cut { ranking, result });
                }
                Output::Do(task) => {
                    if let Some(done) = self.processor.as_mut().and_then(|own| own.handle_task(task)) {
                        coordinator.handle_input(now, Input::Done(done));
                    }
                }
                Output::Combine(combine) => match &mut self.combines {
                    Some(combines) => combines.push(combine),
                    None => coordinator.handle_input(now, Input::Combined(combine.run())),
                },
                _ => {}
            }
        }
    }
}

/// What takes as long as the graph is large is asked for, a few at a time; where it is not done to its end, the ranking says why it has none.
#[test]
fn what_parts_said_is_put_together_beside_the_loop() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let mut alone =
        Alone { processor: Some(Processor::new("test")), combines: Some(Vec::new()), ..Alone::default() };
    alone.submit(now, order(8));
    let view = alone.coordinator.rankings().remove(0);
    let mut combines = alone.combines.replace(Vec::new()).expect("a list");
    assert_eq!((view.state, view.rounds, combines.len()), (RankingState::Running, 0, 3));
    // Each that is there makes room for one more; one that comes twice changes nothing.
    let first = combines.remove(0);
    for more in [1, 0] {
        alone.coordinator.handle_input(now, Input::Combined(first.run()));
        alone.drain(now);
        assert_eq!(alone.combines.replace(Vec::new()).expect("a list").len(), more);
    }
    alone
        .coordinator
        .handle_input(now, Input::Combined(combines.remove(0).broken("no memory ".repeat(1_000))));
    alone.drain(now);
    let view = alone.coordinator.rankings().remove(0);
    assert_eq!(view.state, RankingState::Refused);
    let why = "no memory ".repeat(30);
    assert_eq!(view.words, format!("this heavy node cannot put together what parts said: {why}"));
}

/// A ranking that ends does not end what is put together for it: what others ask for counts from there.
#[test]
fn what_is_put_together_is_bounded_over_all_rankings() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let mut alone =
        Alone { processor: Some(Processor::new("test")), combines: Some(Vec::new()), ..Alone::default() };
    let mut under_way = Vec::new();
    for at in 0..4 {
        let now = now.plus_ms(60_000 * at);
        alone.submit(now, Order { name: at.to_string(), patience_ms: 30_000, ..order(8) });
        under_way.append(alone.combines.as_mut().expect("a list"));
        assert_eq!(under_way.len(), COMBINES_MAX - 1);
        let late = now.plus_ms(30_000);
        alone.coordinator.handle_timeout(late);
        alone.drain(late);
        let view = alone.coordinator.rankings().remove(0);
        assert!(view.words.starts_with("its time is over"), "{}", view.words);
    }
    let now = now.plus_ms(300_000);
    alone.submit(now, order(8));
    // The next goes on as those before come to their end, whatever that is.
    for combine in under_way {
        alone.coordinator.handle_input(now, Input::Combined(combine.broken("no memory".into())));
        alone.drain(now);
    }
    assert_eq!(alone.combines.replace(Vec::new()).expect("a list").len(), COMBINES_MAX - 1);
    assert_eq!(alone.coordinator.rankings().remove(0).state, RankingState::Running);
}

#[test]
fn what_failed_makes_room_before_any_pi() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let mut alone = Alone { processor: Some(Processor::new("test")), ..Alone::default() };
    alone.submit(now, order(1));
    let done = alone.coordinator.rankings().remove(0);
    assert_eq!(done.state, RankingState::Done, "{}", done.words);
    // From now on no graph can be cut.
    alone.processor = None;
    for at in 0..RANKINGS_MAX {
        let now = now.plus_ms(3_000 + at as u64);
        alone.submit(now, Order { name: at.to_string(), ..order(1) });
    }
    assert_eq!(alone.coordinator.rankings().len(), RANKINGS_MAX);
    assert_eq!(alone.coordinator.ranking(done.id).expect("kept").state, RankingState::Done);
}
