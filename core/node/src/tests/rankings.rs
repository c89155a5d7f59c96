//! Rankings over the network: parts at light nodes that leave and lie, and a heavy node that starts anew.

use super::{Node, World};
use crate::{Command, HeavyInput, LightInput, Reply};
use alloc::{string::String, vec::Vec};
use codec::{ContentId, Instant};
use core::fmt::Write;
use jobs::Contribution;
use rank::{Alpha, Edges, Epsilon, Graph, Options, ROUNDS_MAX, ReadOptions, Reader, solve};
use shards::{Done, GraphFile, Order, RankingState, RankingView, Reckoner, Written};

/// A graph of 500 nodes, as a file.
fn file() -> Vec<u8> {
    let mut text = String::new();
    let mut state = 1_u64;
    for _ in 0..3_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(text, "{} {}", (state >> 33) % 500, (state >> 20) % 300).unwrap();
    }
    text.into_bytes()
}

pub(super) fn read(file: &[u8]) -> Edges {
    let mut reader = Reader::new(ReadOptions::default());
    reader.push(file).unwrap();
    reader.finish().unwrap()
}

fn order(shards: u32) -> Order {
    Order {
        name: "a graph".into(),
        written: Written::EdgeList,
        alpha: Alpha::USUAL.parts(),
        epsilon: Epsilon::MILLIONTH.units(),
        rounds_max: ROUNDS_MAX,
        nodes: 0,
        ignore_weights: false,
        shards,
        alone: false,
        patience_ms: 600_000,
    }
}

fn digest() -> ContentId {
    solve(&Graph::new(read(&file())).unwrap(), Options::default()).focus.digest()
}

impl World {
    /// A world whose light nodes hold parts of graphs.
    fn holding(lights: u8) -> Self {
        let mut world = Self::new(lights);
        (10..10 + lights).for_each(|seed| world.hold(seed, true));
        world.run_ms(100);
        world
    }

    fn hold(&mut self, seed: u8, graphs: bool) {
        let (id, now) = (Self::light(seed), self.now);
        let Some(Node::Light(node)) = self.nodes.get_mut(&id) else { panic!("a light node") };
        let reckoner = Reckoner { device: "test".into(), parts_max: 8, bytes_max: 1 << 30 };
        node.handle_input(now, LightInput::Reckoner(Some(reckoner)));
        let contribution = Contribution { on: true, graphs, ..Contribution::default() };
        assert_eq!(self.command(id, Command::Contribute(contribution)), Ok(Reply::Done));
    }

    fn rank(&mut self, order: Order) -> ContentId {
        self.tokens += 1;
        let token = self.tokens;
        self.heavy_input(
            Self::light(1),
            HeavyInput::Rank { token, from: None, order, graph: GraphFile::of(&file()) },
        );
        self.ranked.remove(&token).expect("every submission is answered").expect("the ranking is taken")
    }

    fn ranking(&self, id: ContentId) -> RankingView {
        let Some(Node::Heavy(node)) = self.nodes.get(&Self::light(1)) else { panic!("a heavy node") };
        node.ranking(id).expect("a known ranking")
    }

    fn ends(&mut self, id: ContentId) -> RankingView {
        let late: Instant = self.now.plus_ms(600_000);
        while !matches!(self.ranking(id).state, RankingState::Done | RankingState::Refused) {
            self.run_ms(100);
            assert!(self.now < late, "{:?}", self.ranking(id));
        }
        self.ranking(id)
    }
}

#[test]
fn light_nodes_compute_pi_together() {
    let mut world = World::holding(3);
    let id = world.rank(order(4));
    let view = world.ends(id);
    let result = view.result.expect(&view.words);
    assert_eq!(result.digest, digest());
    assert!(result.shards.iter().all(|shard| shard.holders.iter().all(|holder| holder.node.is_some())));
    let slices: u64 = (10..13).map(|seed| world.view(World::light(seed)).holding.slices).sum();
    assert_eq!(slices, 8, "each part was held twice");
}

#[test]
fn nobody_holds_anything_whose_person_did_not_say_so() {
    let mut world = World::holding(1);
    world.hold(10, false);
    let id = world.rank(order(2));
    world.run_ms(5_000);
    assert_eq!(world.ranking(id).words, "2 parts wait for light nodes that hold them; 0 offer to");
    world.hold(10, true);
    assert_eq!(world.ends(id).result.unwrap().digest, digest());
    assert_eq!(world.command(World::light(10), Command::Pause), Ok(Reply::Done));
    assert!(!world.view(World::light(10)).holding.is_lent);
}

#[test]
fn a_liar_is_named_and_one_that_is_killed_is_replaced() {
    let mut world = World::holding(4);
    world.reckoning_liar = Some(World::light(11));
    let id = world.rank(order(3));
    world.kill(World::light(12));
    let view = world.ends(id);
    let result = view.result.expect(&view.words);
    assert_eq!((result.digest, result.liars), (digest(), [World::light(11)].into()));
}

#[test]
fn a_ranking_outlives_its_heavy_node() {
    let mut world = World::holding(2);
    world.hold(10, false);
    world.hold(11, false);
    let id = world.rank(order(2));
    world.run_ms(2_000);
    world.kill(World::light(1));
    world.run_ms(2_000);
    world.restart_heavy(1);
    world.run_ms(20_000);
    world.hold(10, true);
    world.hold(11, true);
    assert_eq!(world.ends(id).result.unwrap().digest, digest());
    world.kill(World::light(1));
    world.restart_heavy(1);
    assert_eq!(world.ranking(id).result.unwrap().digest, digest(), "an end is kept");
}

/// What a liar says in place of the truth.
pub(super) fn lie(done: Done) -> Done {
    match done {
        Done::Sums { work, mut sums } => {
            sums.moved ^= 1;
            Done::Sums { work, sums }
        }
        done => done,
    }
}
