//! A heavy node and light nodes that come, go, are late, and lie: π is that of one machine, and who lied is named.
#![cfg(not(target_arch = "wasm32"))]

mod common;

use codec::{ContentId, Instant};
use common::{MS_MAX, order};
use graphs::Numbers;
use keys::{Identity, NodeId};
use rank::{Edges, Graph, Ranking, solve};
use shards::{
    Combine, Coordinator, Done, GraphFile, Holder, Lending, Order, Processor, RankingState, RankingView,
    Reckoner,
    coordinator::{self, SubmitError, slice_key},
    holder,
    message::{Heard, Piece},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};
use store::MemoryStore;

/// What light nodes lend.
const LENDING: Lending = Lending { parts: 64, bytes_max: 1 << 30 };

/// What is wrong with a light node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vice {
    None,
    /// Lies about what it exports from its so many-eth answer on.
    Exports(u32),
    /// Says that more dangles.
    Dangling(u32),
    Sums(u32),
    /// Moves a unit from one node to another in the end.
    Kept,
    /// Makes a unit in the end.
    Mint,
    /// Says what no part says.
    Nonsense(u32),
    /// Answers after so many milliseconds more.
    Slow(u64),
    /// Computes nothing after so many answers.
    Stuck(u32),
    /// Takes in nothing after so many answers.
    Deaf(u32),
    /// Takes in nothing after so many answers, gives its parts up for it, and offers itself again.
    Quits(u32),
    /// Sends half of what is long.
    Halves,
}

struct Light {
    holder: Holder,
    processor: Processor,
    vice: Vice,
    answers: u32,
}

enum Event {
    Ask {
        to: NodeId,
        from: NodeId,
        piece: Piece,
    },
    Answer {
        to: NodeId,
        from: NodeId,
        heard: Option<Heard>,
    },
    Done {
        at: NodeId,
        done: Done,
    },
    Combined(Combine),
    Leave(NodeId),
    Join(NodeId, Vice),
    /// Its person has its parts computed by something else.
    Change(NodeId),
    Restart,
}

struct World {
    now: Instant,
    numbers: Numbers,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    coordinator: Coordinator,
    own: Processor,
    store: MemoryStore,
    lights: BTreeMap<NodeId, Light>,
    /// Where some of them are.
    homes: BTreeMap<NodeId, IpAddr>,
    submitted: BTreeMap<u64, Result<ContentId, SubmitError>>,
    edges: Edges,
    restarts: u32,
    /// The most that [`Coordinator::letters_bytes`] said.
    letters_bytes: u64,
    /// All that was said of how far rankings are.
    words: BTreeSet<String>,
}

fn reckoner() -> Reckoner {
    Reckoner { device: "test".into(), parts_max: 64, bytes_max: 1 << 30 }
}

fn heavy() -> NodeId {
    Identity::from_seed([0; 32]).id()
}

fn light(number: u8) -> NodeId {
    Identity::from_seed([number; 32]).id()
}

fn edges(shape: &graphs::Shape) -> Edges {
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    shape.edges.iter().for_each(|[from, to]| edges.push(*from, *to).unwrap());
    edges
}

impl World {
    fn new(seed: u64, edges: Edges) -> Self {
        let now = Instant::from_unix_ms(1_800_000_000_000);
        Self {
            now,
            numbers: Numbers::new(seed),
            events: BTreeMap::new(),
            count: 0,
            coordinator: Coordinator::default(),
            own: Processor::new("heavy"),
            store: MemoryStore::new(),
            lights: BTreeMap::new(),
            homes: BTreeMap::new(),
            submitted: BTreeMap::new(),
            edges,
            restarts: 0,
            letters_bytes: 0,
            words: BTreeSet::new(),
        }
    }

    fn later(&mut self, ms: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.now.plus_ms(ms), self.count), event);
    }

    /// Milliseconds that a message takes.
    fn delay(&mut self) -> u64 {
        1 + u64::from(self.numbers.below(20))
    }

    fn join(&mut self, id: NodeId, vice: Vice) {
        let mut holder = Holder::default();
        for input in [
            holder::Input::Reckoner(Some(reckoner())),
            holder::Input::Lend(Some(LENDING)),
            holder::Input::Up { heavy: heavy() },
        ] {
            holder.handle_input(self.now, input);
        }
        self.lights.insert(id, Light { holder, processor: Processor::new("test"), vice, answers: 0 });
    }

    fn leave(&mut self, id: NodeId) {
        if self.lights.remove(&id).is_some() {
            self.coordinator.handle_input(self.now, coordinator::Input::Down { peer: id });
        }
    }

    fn submit(&mut self, order: Order) -> ContentId {
        let input =
            coordinator::Input::Submit { token: 7, from: None, order, graph: GraphFile::of(b"0 1\n") };
        self.coordinator.handle_input(self.now, input);
        self.drain();
        self.submitted.remove(&7).expect("an answer").expect("taken")
    }

    fn drain(&mut self) {
        while let Some(output) = self.coordinator.poll_output() {
            self.heavy_does(output);
        }
        for id in self.lights.keys().copied().collect::<Vec<_>>() {
            while let Some(output) = self.lights.get_mut(&id).and_then(|light| light.holder.poll_output()) {
                self.light_does(id, output);
            }
        }
    }

    fn heavy_does(&mut self, output: coordinator::Output) {
        use coordinator::{Input, Output};
        match output {
            Output::Ask { peer, piece } => {
                let ms = self.delay();
                self.later(ms, Event::Ask { to: peer, from: heavy(), piece });
            }
            Output::Store { ticket, batch } => {
                self.store.apply(&batch).unwrap();
                self.coordinator.handle_input(self.now, Input::Stored { ticket });
            }
            Output::Submitted { token, result } => drop(self.submitted.insert(token, result)),
            Output::Cut { ranking, order, keys } => {
                let stored = self.store.read(&keys);
                assert_eq!(stored, [Some(b"0 1\n".to_vec())], "the file as it came");
                let result = shards::cut(&order, self.edges.clone()).map(Box::new);
                self.coordinator.handle_input(self.now, Input::Cut { ranking, result });
            }
            Output::Combine(combine) => {
                let ms = self.delay();
                self.later(ms, Event::Combined(combine));
            }
            Output::Do(task) => {
                if let Some(done) = self.own.handle_task(task) {
                    self.later(3, Event::Done { at: heavy(), done });
                }
            }
            Output::Changed { .. } => {}
        }
    }

    fn light_does(&mut self, id: NodeId, output: holder::Output) {
        match output {
            holder::Output::Ask { mut piece, .. } => {
                let ms = self.delay();
                let vice = self.lights.get(&id).map(|light| light.vice);
                if vice == Some(Vice::Halves) && piece.len > coordinator::UNASKED_BYTES_MAX {
                    piece.bytes.truncate(piece.bytes.len() / 2);
                }
                self.later(ms, Event::Ask { to: heavy(), from: id, piece });
            }
            holder::Output::Do(task) => {
                let Some(light) = self.lights.get_mut(&id) else { return };
                let Some(done) = light.processor.handle_task(task) else { return };
                light.answers += 1;
                let ms = if let Vice::Slow(ms) = light.vice { ms } else { 3 };
                if let Vice::Stuck(after) = light.vice
                    && light.answers > after
                {
                    return;
                }
                let done = lie(light.vice, light.answers, done);
                self.later(ms, Event::Done { at: id, done });
            }
            holder::Output::Changed => {}
        }
    }

    fn happens(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Ask { to, from, piece } => {
                let heard = if to == heavy() {
                    let at = self.homes.get(&from).copied();
                    self.lights.contains_key(&from).then(|| self.coordinator.hear(now, from, at, piece))
                } else {
                    let deaf = |light: &Light| match light.vice {
                        Vice::Deaf(after) | Vice::Quits(after) => light.answers >= after,
                        _ => false,
                    };
                    if let Some(light) = self.lights.get_mut(&to).filter(|light| deaf(light))
                        && matches!(light.vice, Vice::Quits(_))
                    {
                        for lending in [None, Some(LENDING)] {
                            light.holder.handle_input(now, holder::Input::Lend(lending));
                        }
                    }
                    let light = self.lights.get_mut(&to).filter(|light| !deaf(light));
                    light.map(|light| light.holder.hear(now, from, piece))
                };
                let ms = self.delay();
                self.later(ms, Event::Answer { to: from, from: to, heard });
            }
            Event::Answer { to, from, heard } if to == heavy() => {
                self.coordinator.handle_input(now, coordinator::Input::Reply { peer: from, heard });
            }
            Event::Answer { to, from, heard } => {
                if let Some(light) = self.lights.get_mut(&to) {
                    light.holder.handle_input(now, holder::Input::Reply { heavy: from, heard });
                }
            }
            Event::Done { at, done } if at == heavy() => {
                self.coordinator.handle_input(now, coordinator::Input::Done(done));
            }
            Event::Done { at, done } => {
                if let Some(light) = self.lights.get_mut(&at) {
                    light.holder.handle_input(now, holder::Input::Done(done));
                }
            }
            Event::Combined(combine) => {
                self.coordinator.handle_input(now, coordinator::Input::Combined(combine.run()));
            }
            Event::Leave(id) => self.leave(id),
            Event::Join(id, vice) => self.join(id, vice),
            Event::Change(id) => {
                let Some(light) = self.lights.get_mut(&id) else { return };
                light.processor = Processor::new("test");
                for reckoner in [None, Some(reckoner())] {
                    light.holder.handle_input(now, holder::Input::Reckoner(reckoner));
                }
            }
            Event::Restart => {
                self.restarts += 1;
                let entries = self.store.list(coordinator::STORE_PREFIX);
                self.coordinator = Coordinator::restore(&entries, now).unwrap();
                self.own = Processor::new("heavy");
                self.events.retain(|_, event| {
                    !matches!(event, Event::Combined(_))
                        && !matches!(event, Event::Done { at, .. } if *at == heavy())
                });
                for light in self.lights.values_mut() {
                    light.holder.handle_input(now, holder::Input::Down { heavy: heavy() });
                    light.holder.handle_input(now, holder::Input::Up { heavy: heavy() });
                }
            }
        }
    }

    /// Runs until the ranking has an end.
    fn run(&mut self, id: ContentId) -> RankingView {
        let end = self.now.plus_ms(MS_MAX + 1);
        loop {
            self.drain();
            self.letters_bytes = self.letters_bytes.max(self.coordinator.letters_bytes());
            let view = self.coordinator.ranking(id).expect("known");
            self.words.insert(view.words.clone());
            if matches!(view.state, RankingState::Done | RankingState::Refused) {
                return view;
            }
            let lights = self.lights.values().filter_map(|light| light.holder.poll_timeout());
            let due = lights.chain(self.coordinator.poll_timeout()).map(|(due, _)| due);
            let due = due.chain(self.events.keys().next().map(|(due, _)| *due)).min();
            self.now = due.expect("something comes").max(self.now);
            assert!(self.now <= end, "{view:?}");
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= self.now) {
                let event = entry.remove();
                self.happens(event);
            }
            self.coordinator.handle_timeout(self.now);
            self.lights.values_mut().for_each(|light| light.holder.handle_timeout(self.now));
        }
    }

    fn alone(&self) -> Ranking {
        solve(&Graph::new(self.edges.clone()).unwrap(), rank::Options::default())
    }

    /// π as it is stored.
    fn pi(&self, id: ContentId, nodes: u32) -> Vec<u64> {
        let slices = nodes.div_ceil(rank::SLICE_NODES as u32);
        let keys: Vec<Vec<u8>> = (0..slices).map(|at| slice_key(id, at)).collect();
        let bytes = self.store.read(&keys).into_iter().flat_map(|slice| slice.expect("a slice"));
        let bytes: Vec<u8> = bytes.collect();
        bytes.as_chunks::<8>().0.iter().map(|units| u64::from_le_bytes(*units)).collect()
    }

    /// The ranking ended with π of one machine, and these and no others are called liars.
    fn is_right(&self, view: &RankingView, liars: &[NodeId]) {
        let result = view.result.as_ref().unwrap_or_else(|| panic!("{}", view.words));
        let alone = self.alone();
        assert_eq!(result.digest, alone.focus.digest());
        assert_eq!((result.report(), result.message.clone()), (alone.report, alone.verdict.to_string()));
        assert_eq!(result.top, alone.focus.top(100));
        assert_eq!(self.pi(view.id, result.graph.nodes), alone.focus.values());
        let named: BTreeSet<NodeId> = result.liars.iter().copied().collect();
        assert_eq!(named, liars.iter().copied().collect());
        for shard in &result.shards {
            assert!(!shard.holders.is_empty(), "somebody computed each part: {:?}", result.shards);
            assert!(shard.holders.iter().all(|holder| holder.node.is_none_or(|node| !liars.contains(&node))));
        }
        assert!(
            self.store
                .list(coordinator::DATA_PREFIX)
                .iter()
                .all(|entry| !entry.key.windows(3).any(|part| part == b"/g/"))
        );
    }
}

/// What a node with this vice says in place of the truth.
fn lie(vice: Vice, answers: u32, done: Done) -> Done {
    match (vice, done) {
        (Vice::Exports(from), Done::Spread { work, mut exports, dangling })
            if answers >= from && !exports.is_empty() =>
        {
            exports[0] ^= 1;
            Done::Spread { work, exports, dangling }
        }
        (Vice::Dangling(from), Done::Spread { work, exports, dangling }) if answers >= from => {
            Done::Spread { work, exports, dangling: dangling ^ 1 }
        }
        (Vice::Sums(from), Done::Sums { work, mut sums }) if answers >= from => {
            sums.kept ^= 1;
            Done::Sums { work, sums }
        }
        (Vice::Kept, Done::Kept { work, mut kept }) => {
            if let Some(rich) = kept.iter().position(|kept| *kept > 0) {
                let poor = (rich + 1) % kept.len();
                kept[rich] -= 1;
                kept[poor] += 1;
            }
            Done::Kept { work, kept }
        }
        (Vice::Mint, Done::Kept { work, mut kept }) => {
            kept[0] += 1;
            Done::Kept { work, kept }
        }
        (Vice::Nonsense(from), Done::Sums { work, mut sums }) if answers >= from => {
            sums.received = u64::MAX;
            Done::Sums { work, sums }
        }
        (_, done) => done,
    }
}

fn world(seed: u64, vices: &[Vice]) -> World {
    let mut world = World::new(seed, edges(&graphs::rmat(8, 8, seed)));
    for (number, vice) in (1..).zip(vices) {
        world.join(light(number), *vice);
    }
    world
}

#[test]
fn honest_nodes_give_the_bits_of_one_machine() {
    for (seed, shards) in [(1, 1), (2, 3), (3, 8)] {
        let mut world = world(seed, &[Vice::None; 4]);
        let id = world.submit(order(shards));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let result = view.result.unwrap();
        assert_eq!(result.replaced, 0);
        // Two for each, and the heavy node had nothing to compute.
        for shard in result.shards {
            assert_eq!(shard.holders.iter().filter(|holder| holder.node.is_some()).count(), 2);
            assert_eq!(shard.holders.len(), 2);
        }
    }
}

#[test]
fn every_lie_is_found_and_changes_no_bit() {
    let lies = [
        Vice::Exports(1),
        Vice::Exports(40),
        Vice::Dangling(2),
        Vice::Sums(3),
        Vice::Sums(50),
        Vice::Kept,
        Vice::Nonsense(5),
    ];
    for (seed, vice) in (1..).zip(lies) {
        for others in 0..3 {
            let mut vices = vec![Vice::None; others];
            vices.insert(0, vice);
            let mut world = world(seed, &vices);
            // With nobody else the liar is found, and then nobody is left.
            let id = world.submit(Order { alone: others == 0, ..order(3) });
            let view = world.run(id);
            world.is_right(&view, &[light(1)]);
        }
    }
}

#[test]
fn liars_that_are_most_are_found_where_they_differ() {
    let mut world = world(9, &[Vice::Exports(3), Vice::Dangling(3), Vice::Sums(30), Vice::None]);
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[light(1), light(2), light(3)]);
}

/// What two holders say alike is believed; unless it cannot be, and then all is done again beside the heavy node.
#[test]
fn what_two_liars_make_impossible_is_done_again() {
    let mut world = world(4, &[Vice::Kept, Vice::Kept]);
    let id = world.submit(order(1));
    let view = world.run(id);
    assert_ne!(
        view.result.unwrap().digest,
        world.alone().focus.digest(),
        "not provided, as the documentation says"
    );

    let mut world = self::world(4, &[Vice::Mint, Vice::Mint]);
    let id = world.submit(order(1));
    // With both found, nobody is left.
    world.later(20_000, Event::Join(light(3), Vice::None));
    let view = world.run(id);
    let named = view.result.as_ref().unwrap().liars.clone();
    world.is_right(&view, &named);
    // Who has no part any more by then is not found out.
    assert!(!named.is_empty() && !named.contains(&light(3)), "{named:?}");
}

/// Two that hold the same part and lie alike are not found while both stay; whoever takes the place of one finds out, and is not taken for a liar.
#[test]
fn two_liars_are_found_once_one_leaves() {
    for (seed, vice) in (1..).zip([Vice::Exports(4), Vice::Dangling(4), Vice::Sums(4)]) {
        // Two for each of two parts are awaited for a second.
        for (shards, ms) in [(1, 1_500), (2, 1_500)] {
            let mut world = world(seed, &[vice, vice]);
            world.later(ms, Event::Leave(light(1)));
            world.later(ms, Event::Join(light(3), Vice::None));
            world.later(ms + 100, Event::Join(light(4), Vice::None));
            let id = world.submit(order(shards));
            let view = world.run(id);
            let named = view.result.as_ref().map_or_else(Vec::new, |result| result.liars.clone());
            world.is_right(&view, &named);
            assert!(named.iter().all(|liar| *liar == light(1) || *liar == light(2)), "{named:?}");
        }
    }
}

#[test]
fn who_leaves_or_is_late_is_replaced() {
    let mut world = world(5, &[Vice::None, Vice::None, Vice::Slow(40_000), Vice::Stuck(7)]);
    world.later(1_300, Event::Leave(light(1)));
    world.later(1_900, Event::Join(light(9), Vice::None));
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 0);
}

#[test]
fn what_waits_for_silent_holders_is_bounded() {
    const NODES: u64 = 1_024;
    const LETTERS_BYTES: u64 = 9 << 10;
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(LETTERS_BYTES);
    (1..4).for_each(|number| world.join(light(number), Vice::None));
    // They do not fetch what they are to gather.
    (4..18).for_each(|number| world.join(light(number), Vice::Deaf(2)));
    let id = world.submit(order(8));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 0);
    assert!(world.words.iter().any(|words| {
        words.starts_with("round 1; ")
            && words.ends_with(" bytes for a holder wait until holders have taken in what was sent before")
    }));
    // And what two holders of each part say: no more than four bytes a node, and eight in the end, when letters are short.
    assert!(world.letters_bytes <= LETTERS_BYTES + 2 * 4 * NODES, "{} bytes", world.letters_bytes);
}

#[test]
fn who_sends_what_fits_nowhere_says_so() {
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(2 << 10);
    (1..4).for_each(|number| world.join(light(number), Vice::None));
    let id = world.submit(Order { patience_ms: 10_000, ..order(4) });
    let view = world.run(id);
    assert_eq!(view.state, RankingState::Refused);
    assert!(view.words.starts_with("its time is over: round 1; it goes no further: "), "{}", view.words);
    let mends = "at most 1024 may wait for one; have it cut into more parts, or rank it on one machine";
    assert!(view.words.ends_with(mends), "{}", view.words);
}

/// Each change takes away more parts than a node may fail to do.
#[test]
fn another_device_is_no_fault_of_the_node() {
    let mut world = world(5, &[Vice::None]);
    (0..6).for_each(|at| world.later(1_300 + 400 * at, Event::Change(light(1))));
    let id = world.submit(order(4));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert_eq!(holders(&view), vec![BTreeSet::from([light(1)]); 4]);
    assert!(view.result.unwrap().replaced >= 4, "the parts were taken away");
    assert_eq!(world.lights[&light(1)].holder.view().parts.len(), 4, "none is left behind");
}

#[test]
fn letters_about_parts_that_were_given_up_are_not_kept() {
    let mut world = World::new(5, edges(&graphs::rmat(10, 8, 5)));
    world.coordinator = Coordinator::default().with_letters_bytes_max(9 << 10);
    (4..18).for_each(|number| world.join(light(number), Vice::Quits(2)));
    (1..4).for_each(|number| world.later(5_000, Event::Join(light(number), Vice::None)));
    let id = world.submit(order(8));
    let view = world.run(id);
    world.is_right(&view, &[]);
    assert!(view.result.unwrap().replaced > 14);
    // What is left is that parts are to be dropped.
    assert!(world.coordinator.letters_bytes() < 2 << 10, "{} bytes", world.coordinator.letters_bytes());
}

#[test]
fn half_a_letter_of_who_lost_its_part_is_not_kept() {
    let mut world = World::new(6, edges(&graphs::rmat(12, 4, 6)));
    (10..60).for_each(|number| world.join(light(number), Vice::Halves));
    for number in 1..3 {
        world.later(1_500_000, Event::Join(light(number), Vice::None));
    }
    let id = world.submit(order(2));
    let view = world.run(id);
    world.is_right(&view, &[]);
    // Letters to, and answers of, two holders of each part: of 4096 nodes none has more than eight bytes a node.
    let most = 2 * 2 * (8 * 2_048 + 512);
    assert!(world.letters_bytes <= most, "{} bytes", world.letters_bytes);
}

#[test]
fn one_slow_holder_does_not_set_the_pace() {
    let mut world = world(5, &[Vice::None, Vice::Slow(20_000)]);
    let id = world.submit(order(1));
    let view = world.run(id);
    world.is_right(&view, &[]);
    let took_ms = view.result.unwrap().took_ms;
    assert!(took_ms < 60_000, "{took_ms} ms");
}

#[test]
fn a_ranking_that_nobody_holds_lets_others_go_first() {
    let mut world = world(5, &[]);
    let stuck = world.submit(order(2));
    let other = world.submit(Order { alone: true, ..order(2) });
    let view = world.run(other);
    assert_eq!(view.digest, Some(world.alone().focus.digest()));
    assert!(world.now < view.submitted.plus_ms(60_000), "not once the first is given up");
    world.join(light(1), Vice::None);
    let view = world.run(stuck);
    world.is_right(&view, &[]);
}

#[test]
fn no_id_gets_a_part_by_being_small() {
    let holders = |seed| {
        let mut world = world(5, &[Vice::None; 8]);
        world.coordinator = Coordinator::default().with_seed([seed; 32]);
        // By its end all have offered.
        let first = world.submit(order(2));
        world.run(first);
        let id = world.submit(order(1));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let holders: BTreeSet<_> = view.result.unwrap().shards[0].holders.iter().map(|h| h.node).collect();
        assert_eq!(holders.len(), 2);
        holders
    };
    let drawn: BTreeSet<_> = (0..8).map(holders).collect();
    assert!(drawn.len() > 2, "{drawn:?}");
}

/// Of each part, the light nodes that hold it in the end.
fn holders(view: &RankingView) -> Vec<BTreeSet<NodeId>> {
    let shards = &view.result.as_ref().expect(&view.words).shards;
    shards.iter().map(|shard| shard.holders.iter().filter_map(|holder| holder.node).collect()).collect()
}

#[test]
fn one_address_gets_no_part_twice_and_not_most_of_them() {
    let one: IpAddr = [203, 0, 113, 7].into();
    let crowd: BTreeSet<NodeId> = (1..9).map(light).collect();
    for seed in 0..6 {
        let mut world = world(5, &[Vice::None; 12]);
        world.coordinator = Coordinator::default().with_seed([seed; 32]);
        for number in 1..=12 {
            let ip = if number < 9 { one } else { [198, 51, 100, number].into() };
            world.homes.insert(light(number), ip);
        }
        let id = world.submit(order(6));
        let view = world.run(id);
        world.is_right(&view, &[]);
        let seats: Vec<usize> =
            holders(&view).iter().map(|holders| holders.intersection(&crowd).count()).collect();
        assert!(seats.iter().all(|seats| *seats < 2), "{seats:?}");
    }
    // With nobody else there, one address has both.
    let mut world = world(5, &[Vice::None; 2]);
    world.homes = [(light(1), one), (light(2), one)].into();
    let id = world.submit(order(2));
    let view = world.run(id);
    assert!(holders(&view).iter().all(|holders| holders.len() == 2));

    // But not of all there is: 8 seats, and what is left it has alone, checked by the heavy node.
    let id = world.submit(order(12));
    let view = world.run(id);
    let seats: Vec<usize> = holders(&view).iter().map(BTreeSet::len).collect();
    assert_eq!(seats, [1; 12]);
}

#[test]
fn a_ranking_waits_for_light_nodes_and_says_so() {
    let mut world = world(6, &[]);
    let id = world.submit(order(2));
    world.drain();
    let view = world.coordinator.ranking(id).unwrap();
    assert_eq!(view.state, RankingState::Running);
    assert_eq!(view.words, "2 parts wait for light nodes that hold them; 0 offer to");
    world.later(5_000, Event::Join(light(1), Vice::None));
    let view = world.run(id);
    world.is_right(&view, &[]);

    // Nobody comes.
    let id = world.submit(Order { patience_ms: 10_000, shards: 3, ..order(3) });
    world.leave(light(1));
    let view = world.run(id);
    assert_eq!(view.state, RankingState::Refused);
    assert_eq!(view.words, "its time is over: 3 parts wait for light nodes that hold them; 0 offer to");
    // Asked again, it begins again; and the heavy node does it where the submitter lets it.
    let id = world.submit(Order { alone: true, ..order(3) });
    let view = world.run(id);
    world.is_right(&view, &[]);
}

#[test]
fn a_coordinator_that_starts_anew_comes_to_the_same_end() {
    for seed in 0..5 {
        let mut world = world(seed, &[Vice::None, Vice::None, Vice::Sums(60)]);
        for ms in [400, 700, 1_500] {
            world.later(ms + 37 * seed, Event::Restart);
        }
        let id = world.submit(order(3));
        let view = world.run(id);
        assert!(world.restarts > 0);
        let named = view.result.as_ref().unwrap().liars.clone();
        world.is_right(&view, &named);
        assert!(named.iter().all(|liar| *liar == light(3)));
        // Who asks again is told what is known.
        assert_eq!(world.submit(order(3)), id);
        assert_eq!(world.coordinator.ranking(id).unwrap().result, view.result);
    }
}

#[test]
fn any_crowd_comes_to_the_right_end() {
    let vices = [
        Vice::None,
        Vice::None,
        Vice::Exports(20),
        Vice::Sums(9),
        Vice::Slow(31_000),
        Vice::Stuck(30),
        Vice::Kept,
    ];
    for seed in 0..20 {
        let mut world = world(seed, &[Vice::None]);
        let mut numbers = Numbers::new(seed);
        for number in 2..8 {
            let vice = vices[numbers.below(vices.len() as u32) as usize];
            world.later(u64::from(numbers.below(3_000)), Event::Join(light(number), vice));
            if numbers.below(2) == 0 {
                world.later(u64::from(numbers.below(6_000)), Event::Leave(light(number)));
            }
        }
        if numbers.below(3) == 0 {
            world.later(u64::from(numbers.below(3_000)), Event::Restart);
        }
        let id = world.submit(order(1 + numbers.below(6)));
        let view = world.run(id);
        let named = view.result.as_ref().map_or_else(Vec::new, |result| result.liars.clone());
        world.is_right(&view, &named);
        assert!(!named.contains(&light(1)), "honest nodes are never called liars");
    }
}

#[test]
fn the_oldest_pi_makes_room_and_is_computed_again_where_it_is_wanted() {
    let mut world = world(3, &[Vice::None, Vice::None]);
    // Of 256 nodes.
    world.coordinator = Coordinator::default().with_pi_bytes_max(2 * 8 * 256);
    let lights = std::mem::take(&mut world.lights);
    lights.into_keys().for_each(|id| world.join(id, Vice::None));
    let mut ids = Vec::new();
    for shards in 1..=3 {
        let id = world.submit(order(shards));
        let view = world.run(id);
        world.is_right(&view, &[]);
        ids.push(id);
        world.now = world.now.plus_ms(1);
    }
    let kept = |world: &World| -> Vec<u64> {
        ids.iter().map(|id| world.coordinator.ranking(*id).unwrap().pi_bytes).collect()
    };
    assert_eq!(kept(&world), [0, 2_048, 2_048]);
    let view = world.coordinator.ranking(ids[0]).unwrap();
    assert_eq!(view.digest, Some(world.alone().focus.digest()), "its digest stays");
    assert_eq!(world.submit(order(1)), ids[0]);
    let view = world.run(ids[0]);
    world.is_right(&view, &[]);
    assert_eq!(kept(&world), [2_048, 0, 2_048]);
}

#[test]
fn an_empty_graph_and_one_without_edges_end_at_once() {
    for (nodes, shards) in [(0, 2), (1, 3), (5, 2)] {
        let mut empty = Edges::new();
        empty.nodes(nodes);
        let mut world = World::new(1, empty);
        world.join(light(1), Vice::None);
        let id = world.submit(Order { nodes, ..order(shards) });
        let view = world.run(id);
        world.is_right(&view, &[]);
    }
}
