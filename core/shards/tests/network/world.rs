//! A heavy node, light nodes with and without vices, and what happens between them.

use crate::common::MS_MAX;
use codec::{ContentId, Instant};
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
pub(crate) const LENDING: Lending = Lending { parts: 64, bytes_max: 1 << 30 };

/// What is wrong with a light node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vice {
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
    /// Says that more dangles in its so many-eth answer, gives its parts up once that is told, and offers itself again.
    Flees(u32),
    /// Sends half of what is long.
    Halves,
}

pub(crate) struct Light {
    pub(crate) holder: Holder,
    pub(crate) processor: Processor,
    pub(crate) vice: Vice,
    pub(crate) answers: u32,
}

pub(crate) enum Event {
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

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) numbers: Numbers,
    pub(crate) events: BTreeMap<(Instant, u64), Event>,
    pub(crate) count: u64,
    pub(crate) coordinator: Coordinator,
    pub(crate) own: Processor,
    pub(crate) store: MemoryStore,
    pub(crate) lights: BTreeMap<NodeId, Light>,
    /// Where some of them are.
    pub(crate) homes: BTreeMap<NodeId, IpAddr>,
    /// Milliseconds more that it takes to put something together.
    pub(crate) combine_ms: u64,
    pub(crate) submitted: BTreeMap<u64, Result<ContentId, SubmitError>>,
    pub(crate) edges: Edges,
    pub(crate) restarts: u32,
    /// The most that [`Coordinator::letters_bytes`] said.
    pub(crate) letters_bytes: u64,
    /// All that was said of how far rankings are.
    pub(crate) words: BTreeSet<String>,
}

pub(crate) fn reckoner() -> Reckoner {
    Reckoner { device: "test".into(), parts_max: 64, bytes_max: 1 << 30 }
}

pub(crate) fn heavy() -> NodeId {
    Identity::from_seed([0; 32]).id()
}

pub(crate) fn light(number: u8) -> NodeId {
    Identity::from_seed([number; 32]).id()
}

pub(crate) fn edges(shape: &graphs::Shape) -> Edges {
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    shape.edges.iter().for_each(|[from, to]| edges.push(*from, *to).unwrap());
    edges
}

impl World {
    pub(crate) fn new(seed: u64, edges: Edges) -> Self {
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
            combine_ms: 0,
            submitted: BTreeMap::new(),
            edges,
            restarts: 0,
            letters_bytes: 0,
            words: BTreeSet::new(),
        }
    }

    pub(crate) fn later(&mut self, ms: u64, event: Event) {
        self.count += 1;
        self.events.insert((self.now.plus_ms(ms), self.count), event);
    }

    /// Milliseconds that a message takes.
    pub(crate) fn delay(&mut self) -> u64 {
        1 + u64::from(self.numbers.below(20))
    }

    pub(crate) fn join(&mut self, id: NodeId, vice: Vice) {
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

    pub(crate) fn leave(&mut self, id: NodeId) {
        if self.lights.remove(&id).is_some() {
            self.coordinator.handle_input(self.now, coordinator::Input::Down { peer: id });
        }
    }

    pub(crate) fn submit(&mut self, order: Order) -> ContentId {
        let input =
            coordinator::Input::Submit { token: 7, from: None, order, graph: GraphFile::of(b"0 1\n") };
        self.coordinator.handle_input(self.now, input);
        self.drain();
        self.submitted.remove(&7).expect("an answer").expect("taken")
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.coordinator.poll_output() {
            self.heavy_does(output);
        }
        for id in self.lights.keys().copied().collect::<Vec<_>>() {
            while let Some(output) = self.lights.get_mut(&id).and_then(|light| light.holder.poll_output()) {
                self.light_does(id, output);
            }
        }
    }

    pub(crate) fn heavy_does(&mut self, output: coordinator::Output) {
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
                let ms = self.combine_ms + self.delay();
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

    pub(crate) fn light_does(&mut self, id: NodeId, output: holder::Output) {
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
                if light.vice == Vice::Flees(light.answers) {
                    self.later(120, Event::Change(id));
                }
                let Some(light) = self.lights.get(&id) else { return };
                let done = lie(light.vice, light.answers, done);
                self.later(ms, Event::Done { at: id, done });
            }
            holder::Output::Changed => {}
        }
    }

    pub(crate) fn happens(&mut self, event: Event) {
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
    pub(crate) fn run(&mut self, id: ContentId) -> RankingView {
        let end = self.now.plus_ms(MS_MAX + 1);
        loop {
            self.drain();
            self.letters_bytes = self.letters_bytes.max(self.coordinator.letters_bytes());
            let view = self.coordinator.ranking(id).expect("known");
            self.words.insert(view.words.clone());
            if matches!(view.state, RankingState::Done | RankingState::Refused) {
                return view;
            }
            self.step();
            assert!(self.now <= end, "{view:?}");
        }
    }

    /// Runs until something has happened.
    pub(crate) fn step(&mut self) {
        self.drain();
        let lights = self.lights.values().filter_map(|light| light.holder.poll_timeout());
        let due = lights.chain(self.coordinator.poll_timeout()).map(|(due, _)| due);
        let due = due.chain(self.events.keys().next().map(|(due, _)| *due)).min();
        self.now = due.expect("something comes").max(self.now);
        while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let event = entry.remove();
            self.happens(event);
        }
        self.coordinator.handle_timeout(self.now);
        self.lights.values_mut().for_each(|light| light.holder.handle_timeout(self.now));
    }

    pub(crate) fn alone(&self) -> Ranking {
        solve(&Graph::new(self.edges.clone()).unwrap(), rank::Options::default())
    }

    /// π as it is stored.
    pub(crate) fn pi(&self, id: ContentId, nodes: u32) -> Vec<u64> {
        let slices = nodes.div_ceil(rank::SLICE_NODES as u32);
        let keys: Vec<Vec<u8>> = (0..slices).map(|at| slice_key(id, at)).collect();
        let bytes = self.store.read(&keys).into_iter().flat_map(|slice| slice.expect("a slice"));
        let bytes: Vec<u8> = bytes.collect();
        bytes.as_chunks::<8>().0.iter().map(|units| u64::from_le_bytes(*units)).collect()
    }

    /// The ranking ended with π of one machine, and these and no others are called liars.
    pub(crate) fn is_right(&self, view: &RankingView, liars: &[NodeId]) {
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
pub(crate) fn lie(vice: Vice, answers: u32, done: Done) -> Done {
    match (vice, done) {
        (Vice::Exports(from), Done::Spread { work, mut exports, dangling })
            if answers >= from && !exports.is_empty() =>
        {
            exports[0] ^= 1;
            Done::Spread { work, exports, dangling }
        }
        // Of one part alone nothing is exported.
        (Vice::Flees(at), Done::Spread { work, exports, dangling }) if answers == at => {
            Done::Spread { work, exports, dangling: dangling ^ 1 }
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

pub(crate) fn world(seed: u64, vices: &[Vice]) -> World {
    let mut world = World::new(seed, edges(&graphs::rmat(8, 8, seed)));
    for (number, vice) in (1..).zip(vices) {
        world.join(light(number), *vice);
    }
    world
}

/// Of each part, the light nodes that hold it in the end.
pub(crate) fn holders(view: &RankingView) -> Vec<BTreeSet<NodeId>> {
    let shards = &view.result.as_ref().expect(&view.words).shards;
    shards.iter().map(|shard| shard.holders.iter().filter_map(|holder| holder.node).collect()).collect()
}
