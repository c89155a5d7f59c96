//! Parts around a hub: the same bits as on one machine; and parts of strangers, which break nothing.
#![cfg(not(target_arch = "wasm32"))]

use codec::{decode, encode};
use proptest::prelude::*;
use rank::{
    Alpha, Edges, Graph, Hub, Impossible, ONE, Options, Part, PartError, PartRounds, PartRows, ShardSums,
    Spread, Teleport, assign, solve,
};

/// Edges among at most 24 nodes; with weights, and stakes to teleport by, or without.
fn graphs() -> impl Strategy<Value = Graph> {
    let edges = prop::collection::vec((0..24_u32, 0..24_u32, 1..1_000_u64), 0..80);
    (edges, any::<bool>(), any::<bool>()).prop_map(|(pairs, is_weighted, by_stake)| {
        let mut edges = Edges::new();
        edges.nodes(24);
        for (from, to, weight) in pairs {
            let pushed =
                if is_weighted { edges.push_weighted(from, to, weight) } else { edges.push(from, to) };
            pushed.unwrap();
        }
        if by_stake {
            edges.stakes((0..24).map(|node| node * node).collect());
            edges.teleport(Teleport::Stake);
        }
        Graph::new(edges).unwrap()
    })
}

fn cut(graph: &Graph, shards: u32) -> (Hub, Vec<Part>) {
    Hub::cut(graph, Options::default(), assign(graph.nodes(), shards), shards).unwrap()
}

proptest! {
    #[test]
    fn parts_around_a_hub_give_the_bits_of_one_machine(graph in graphs(), shards in 1..6_u32) {
        let alone = solve(&graph, Options::default());
        let (mut hub, parts) = cut(&graph, shards);
        let mut rounds: Vec<PartRounds> = parts.into_iter().map(PartRounds::new).collect();
        while hub.verdict().is_none() {
            let teleport = hub.teleport();
            let spread: Vec<Spread> = rounds.iter_mut().map(|part| part.spread(teleport).unwrap()).collect();
            let exports: Vec<&[u32]> = spread.iter().map(|spread| spread.exports.as_slice()).collect();
            let mut sums = Vec::new();
            for (shard, part) in rounds.iter_mut().enumerate() {
                prop_assert_eq!(exports[shard].len(), hub.exports_of(shard));
                let ghosts = hub.ghosts(shard, &exports).unwrap();
                prop_assert_eq!(ghosts.len(), hub.ghosts_of(shard));
                sums.push(ShardSums { dangling: spread[shard].dangling, ..part.gather(&ghosts).unwrap() });
            }
            hub.judge(&sums).unwrap();
        }
        let kept: Vec<&[u64]> = rounds.iter().map(PartRounds::kept).collect();
        prop_assert_eq!(hub.focus(&kept).unwrap(), alone.focus);
        prop_assert_eq!((hub.verdict(), hub.report()), (Some(alone.verdict), alone.report));
    }

    #[test]
    fn a_part_is_read_as_it_was_written_or_not_at_all(graph in graphs(), at in any::<usize>(), with in any::<u8>(), teleport in any::<u64>(), ghost in any::<u32>()) {
        let (_, parts) = cut(&graph, 3);
        let bytes = encode(&parts[0]);
        prop_assert_eq!(decode::<Part>(&bytes).unwrap(), parts[0].clone());
        prop_assert_eq!(Part::footprint_bytes_of(&bytes), Some(parts[0].footprint_bytes()));
        let mut other = bytes;
        let at = at % other.len();
        other[at] ^= with;
        // Whatever it is now, its rounds neither fail otherwise than said nor make mass.
        let footprint_bytes = Part::footprint_bytes_of(&other);
        let Ok(part) = decode::<Part>(&other) else { return Ok(()) };
        prop_assert_eq!(footprint_bytes, Some(part.footprint_bytes()));
        let ghosts = vec![ghost; part.rows().ghosts as usize];
        let mut rounds = PartRounds::new(part);
        for teleport in [ONE, ONE, teleport, teleport >> 8, 0] {
            let _ = rounds.spread(teleport);
            if let Ok(sums) = rounds.gather(&ghosts) {
                prop_assert!(sums.received <= ONE && sums.kept <= ONE);
            }
        }
    }
}

fn part() -> PartRows {
    PartRows {
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
    }
}

#[test]
fn rows_that_are_no_part_are_refused() {
    Part::new(part()).unwrap();
    let refused = |change: fn(&mut PartRows)| {
        let mut rows = part();
        change(&mut rows);
        Part::new(rows).unwrap_err()
    };
    assert_eq!(refused(|rows| rows.nodes = vec![5, 2]), PartError::Nodes);
    assert_eq!(refused(|rows| rows.node_count = 5), PartError::Nodes);
    assert_eq!(refused(|rows| rows.ghosts = u32::MAX), PartError::Nodes);
    let many = |rows: &mut PartRows| (rows.node_count, rows.ghosts) = (u32::MAX, u32::MAX - 2);
    assert_eq!(refused(many), PartError::Nodes, "ghosts that no edge leads from would be room for nothing");
    assert_eq!(refused(|rows| rows.offsets = vec![0, 1]), PartError::Rows);
    assert_eq!(refused(|rows| rows.offsets = vec![1, 1, 3]), PartError::Rows);
    assert_eq!(refused(|rows| rows.offsets = vec![0, 9, 3]), PartError::Rows);
    assert_eq!(refused(|rows| rows.sources[0] = 3), PartError::Rows);
    assert_eq!(refused(|rows| rows.outs = vec![0, 0]), PartError::Outs);
    assert_eq!(refused(|rows| rows.outs = vec![1]), PartError::Outs);
    assert_eq!(refused(|rows| rows.shares = vec![1]), PartError::Shares);
    assert_eq!(refused(|rows| rows.shares[0] = (1 << 27) - 1), PartError::Shares);
    assert_eq!(refused(|rows| rows.is_weighted = false), PartError::Shares);
    assert_eq!(refused(|rows| rows.jumps[1][0] = 8), PartError::Jumps);
    assert_eq!(refused(|rows| rows.jumps[1][1] = ONE + 1), PartError::Jumps);
    assert_eq!(refused(|rows| rows.jumps.truncate(1)), PartError::Jumps);
    assert_eq!(refused(|rows| rows.exports = vec![2]), PartError::Exports);
    assert_eq!(refused(|rows| rows.exports = vec![1, 1]), PartError::Exports);
}

#[test]
fn more_mass_than_there_is_comes_neither_by_teleport_nor_by_edges() {
    let mut rounds = PartRounds::new(Part::new(part()).unwrap());
    assert_eq!(rounds.spread(ONE + 1), Err(Impossible::Mass));
    rounds.spread(ONE).unwrap();
    assert_eq!(rounds.gather(&[]), Err(Impossible::Length { got: 0, expected: 1 }));
    assert_eq!(rounds.gather(&[u32::MAX - 1]).map(|sums| sums.kept <= ONE), Ok(true));
    assert_eq!(rounds.spread(ONE), Err(Impossible::Mass), "these nodes keep some of it");
}
