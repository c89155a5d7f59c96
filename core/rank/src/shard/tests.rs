use super::*;
use crate::graph::Edges;
use alloc::{string::ToString, vec};

/// SMHasher's own check of an implementation: hashes of 0, 0 1, 0 1 2, …, with seeds from 256 down, hashed together.
#[test]
fn murmur64a_is_smhashers() {
    let key: Vec<u8> = (0..=255).collect();
    let hashes: Vec<u8> =
        (0..256).flat_map(|len| murmur64a(&key[..len], 256 - len as u64).to_le_bytes()).collect();
    assert_eq!(murmur64a(&hashes, 0) as u32, 0x1f0d_3804);
}

#[test]
fn nodes_spread_over_shards_evenly() {
    let owners = assign(10_000, 8);
    for shard in 0..8 {
        let held = owners.iter().filter(|owner| **owner == shard).count();
        assert!((1_100..1_400).contains(&held), "shard {shard} holds {held}");
    }
    assert_eq!(shard_of(&ContentId::of(b"x"), 1), 0);
    assert_eq!(shard_of(&ContentId::of(b"x"), 0), 0);
}

/// Two shards, one node each, that point to each other.
fn pair() -> (Shard, Shard) {
    let mut edges = Edges::new();
    edges.push(0, 1).unwrap();
    edges.push(1, 0).unwrap();
    let graph = Graph::new(edges).unwrap();
    let mut shards = split(&graph, Options::default(), &[0, 1], 2).unwrap();
    let second = shards.pop().unwrap();
    (shards.pop().unwrap(), second)
}

#[test]
fn what_no_shard_sends_is_refused_with_the_reason() {
    let (mut first, mut second) = pair();
    let (_, honest) = second.poll_output().unwrap();
    let values = |round, values| Message::Contributions { round, values };
    let mut says = |from, message| first.handle_input(from, message).unwrap_err().to_string();
    assert_eq!(says(0, honest.clone()), "shard 0 is none of the others");
    assert_eq!(says(7, honest.clone()), "shard 7 is none of the others");
    assert_eq!(says(1, values(3, vec![0])), "shard 1 sent for round 3 while this is round 1");
    assert_eq!(says(1, values(0, vec![0])), "shard 1 sent for round 0 while this is round 1");
    assert_eq!(
        says(1, values(1, vec![0, 0])),
        "shard 1 sent 2 contributions where 1 nodes have edges to here"
    );
    let rich = Sums { kept: ONE + 1, ..Sums::default() };
    assert_eq!(
        says(1, Message::Sums { round: 1, sums: rich }),
        "shard 1 sent more mass than there is in round 1"
    );
    first.handle_input(1, honest.clone()).unwrap();
    assert_eq!(first.handle_input(1, honest), Err(Misbehaved::Repeated { from: 1, round: 1 }));
    // Each of these is possible; with this shard's own they are not.
    let sums = Sums { received: ONE, kept: ONE, moved: 0, dangling: 0 };
    let together = first.handle_input(1, Message::Sums { round: 1, sums });
    assert_eq!(together, Err(Misbehaved::Impossible { from: None, round: 1 }));
}

#[test]
fn greatest_contributions_overflow_nothing() {
    // Hubs on the other side, each with many edges to here.
    let mut edges = Edges::new();
    edges.nodes(200);
    (100..200).for_each(|from| (0..100).for_each(|to| edges.push(from, to).unwrap()));
    let graph = Graph::new(edges).unwrap();
    let owners: Vec<u32> = (0..200).map(|node| if node < 100 { 0 } else { node % 3 + 1 }).collect();
    let mut shards = split(&graph, Options::default(), &owners, 4).unwrap();
    let first = &mut shards[0];
    let count = first.imports[&1].1.len();
    let greedy = Message::Contributions { round: 1, values: vec![u32::MAX; count] };
    assert_eq!(first.handle_input(1, greedy), Err(Misbehaved::Impossible { from: Some(1), round: 1 }));
}
