//! A sharded solve: the same bits with any number of shards, however late and in whatever order messages come.
#![cfg(not(target_arch = "wasm32"))]

use graphs::Numbers;
use rank::{Edges, Focus, Graph, Message, ONE, Options, Shard, Teleport, Verdict, assign, solve, split};

/// Hands messages over one by one, any that is under way next, until all shards are through; then puts π together.
fn exchange(shards: &mut [Shard], nodes: u32, numbers: &mut Numbers) -> (Focus, usize) {
    let mut under_way: Vec<(u32, u32, Message)> = Vec::new();
    let take = |shard: &mut Shard, under_way: &mut Vec<(u32, u32, Message)>| {
        while let Some((to, message)) = shard.poll_output() {
            under_way.push((shard.index(), to, message));
        }
    };
    shards.iter_mut().for_each(|shard| take(shard, &mut under_way));
    let (mut most, mut slow) = (0, 0);
    for step in 0.. {
        most = most.max(under_way.len());
        if under_way.is_empty() {
            break;
        }
        // One shard's messages wait while the others go on as far as they get.
        if step % 500 == 0 {
            slow = numbers.below(shards.len() as u32);
        }
        let any = |numbers: &mut Numbers| numbers.below(under_way.len() as u32) as usize;
        let mut at = any(numbers);
        for _ in 0..8 {
            if under_way[at].0 == slow {
                at = any(numbers);
            }
        }
        let (from, to, message) = under_way.swap_remove(at);
        let shard = &mut shards[to as usize];
        shard.handle_input(from, message).expect("an honest shard");
        take(shard, &mut under_way);
    }
    let mut values = vec![0; nodes as usize];
    for (node, mass) in shards.iter().flat_map(|shard| shard.masses().collect::<Vec<_>>()) {
        values[node as usize] = mass;
    }
    (Focus::from_units(values).expect("mass is kept to the unit"), most)
}

fn weighted() -> Graph {
    let mut numbers = Numbers::new(3);
    let mut edges = Edges::new();
    edges.nodes(400);
    for _ in 0..3_000 {
        let (from, to) = (numbers.below(400), numbers.below(390));
        edges.push_weighted(from, to, numbers.next_u64() >> 20).unwrap();
    }
    edges.stakes((0..400).map(|_| u64::from(numbers.below(10_000))).collect());
    edges.teleport(Teleport::Stake);
    Graph::new(edges).unwrap()
}

#[test]
fn any_number_of_shards_and_any_order_give_the_same_digest() {
    let graphs = [
        graphs::rmat(9, 12, 2).to_graph(),
        graphs::disconnected(10).to_graph(),
        graphs::path(40).to_graph(),
        graphs::Shape::new("lone", 1, []).to_graph(),
        graphs::Shape::new("empty", 0, []).to_graph(),
        weighted(),
    ];
    for (number, graph) in graphs.iter().enumerate() {
        let alone = solve(graph, Options::default());
        for count in [1, 2, 8, 64] {
            // 64 shards send 4,000 sums a round.
            for seed in 0..if count == 64 { 1 } else { 3 } {
                let mut numbers = Numbers::new(seed);
                let owners = assign(graph.nodes(), count);
                let mut shards = split(graph, Options::default(), &owners, count).unwrap();
                if graph.nodes() == 0 {
                    assert!(shards.iter().all(|shard| shard.verdict() == Some(Verdict::Converged)));
                    continue;
                }
                let (focus, most) = exchange(&mut shards, graph.nodes(), &mut numbers);
                assert_eq!(
                    focus.digest(),
                    alone.focus.digest(),
                    "graph {number}, {count} shards, seed {seed}"
                );
                for shard in &shards {
                    assert_eq!((shard.verdict(), shard.report()), (Some(alone.verdict), alone.report));
                }
                // Two messages to each other shard, and as many of the next round.
                assert!(most <= 4 * (count * count) as usize, "{most} messages under way among {count}");
            }
        }
    }
}

#[test]
fn whatever_the_assignment_the_digest_is_the_same() {
    let graph = weighted();
    let alone = solve(&graph, Options::default()).focus.digest();
    let mut numbers = Numbers::new(8);
    for _ in 0..5 {
        // Some shards hold nothing at all.
        let owners: Vec<u32> = (0..graph.nodes()).map(|_| numbers.below(5) * 2).collect();
        let mut shards = split(&graph, Options::default(), &owners, 10).unwrap();
        assert_eq!(exchange(&mut shards, graph.nodes(), &mut numbers).0.digest(), alone);
    }
    assert!(split(&graph, Options::default(), &[0], 1).is_none());
    assert!(split(&graph, Options::default(), &vec![3; graph.nodes() as usize], 3).is_none());
    assert_eq!(solve(&graph, Options::default()).focus.mass(), ONE);
}
