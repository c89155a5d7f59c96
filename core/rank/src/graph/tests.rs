use super::*;
use alloc::string::ToString;

fn edges(pairs: &[(u32, u32)]) -> Edges {
    let mut edges = Edges::new();
    pairs.iter().for_each(|(from, to)| edges.push(*from, *to).unwrap());
    edges
}

/// Edges as (from, to), ascending.
fn listed(graph: &Graph) -> Vec<(u32, u32)> {
    let rows = graph.rows();
    let mut edges: Vec<_> = rows.flat_map(|(to, sources)| sources.map(move |from| (from, to))).collect();
    edges.sort_unstable();
    edges
}

#[test]
fn rows_are_sorted_and_duplicates_merged() {
    let graph = Graph::new(edges(&[(3, 1), (0, 1), (3, 1), (2, 2), (0, 1), (1, 0)])).unwrap();
    assert_eq!((graph.nodes(), graph.edges(), graph.dangling()), (4, 4, 0));
    assert_eq!(listed(&graph), [(0, 1), (1, 0), (2, 2), (3, 1)]);
    // Two edges lead to 1, and none to 3; of nodes alike the first comes first.
    assert_eq!(graph.order, [1, 0, 2, 3]);
    assert_eq!(graph.outs, [1, 1, 1, 1]);
    assert!(!graph.is_weighted());
}

#[test]
fn weights_of_duplicates_add_up() {
    let build = |list: &[(u32, u32, u64)]| {
        let mut edges = Edges::new();
        list.iter().for_each(|(from, to, weight)| edges.push_weighted(*from, *to, *weight).unwrap());
        Graph::new(edges)
    };
    let [twice, once] =
        [&[(0, 1, 1), (0, 2, 3), (0, 1, 2)][..], &[(0, 1, 3), (0, 2, 3)]].map(|list| build(list).unwrap());
    assert_eq!((listed(&twice), &twice.shares), (listed(&once), &once.shares));
    let graph = build(&[(0, 1, 1), (0, 2, 3), (0, 0, 0)]).unwrap();
    assert_eq!((graph.edges(), graph.is_weighted()), (2, true));
    // A node whose edges all weigh nothing dangles.
    assert_eq!(build(&[(0, 1, 0)]).unwrap().dangling(), 2);
    assert_eq!(build(&[(0, 1, u64::MAX), (0, 1, 1)]).err(), Some(GraphError::TooHeavy { node: 0 }));
}

#[test]
fn stakes_without_weights_merge_duplicates_once() {
    let mut given = edges(&[(0, 1), (0, 1), (0, 2)]);
    given.stakes(vec![0, 1, 2]);
    let graph = Graph::new(given).unwrap();
    assert_eq!(graph.edges(), 2);
    assert_eq!(graph.shares, [fixed::share(1, 3), fixed::share(2, 3)]);
}

#[test]
fn what_is_no_graph_says_why() {
    let said = |edges: Edges| Graph::new(edges).unwrap_err().to_string();
    let mut few = edges(&[(0, 7)]);
    few.nodes(5);
    assert_eq!(said(few), "node 7 is out of range: ids are below 5; state more nodes, or number them from 0");
    let mut stakes = edges(&[(0, 1)]);
    stakes.stakes(vec![1]);
    assert_eq!(said(stakes), "1 stakes for 2 nodes: give one a node");
    let mut poor = edges(&[(0, 1)]);
    poor.teleport(Teleport::Stake);
    poor.stakes(vec![0, 0]);
    assert_eq!(said(poor), "nobody has any stake for teleport to go by: let it go to all alike");
    let mut heavy = Edges::new();
    (0..3).for_each(|to| heavy.push_weighted(0, to, u64::MAX).unwrap());
    heavy.stakes(vec![u64::MAX; 3]);
    assert!(said(heavy).starts_with("weights and stakes of the edges of node 0 are too large"));
    let mut mixed = edges(&[(0, 1)]);
    assert_eq!(mixed.push_weighted(0, 1, 1), Err(GraphError::MixedWeights));
    let mut mixed = Edges::new();
    mixed.push_weighted(0, 1, 1).unwrap();
    assert_eq!(mixed.push(0, 1), Err(GraphError::MixedWeights));
    assert!(matches!(Edges::new().push(0, u32::MAX), Err(GraphError::OutOfRange { .. })));
}

#[test]
fn jumps_add_up_whatever_the_stakes() {
    let stakes = [vec![1, 0, 5, u64::MAX, 3], vec![u64::MAX; 40], vec![7], vec![0, 0, 1]];
    for stakes in stakes {
        let mut edges = Edges::new();
        edges.nodes(stakes.len() as u32);
        edges.teleport(Teleport::Stake);
        edges.stakes(stakes.clone());
        let graph = Graph::new(edges).unwrap();
        for units in [0, 1, 12_345_678_901, fixed::ONE] {
            let parts: Vec<u64> = (0..graph.nodes()).map(|node| graph.jump(units, node)).collect();
            assert_eq!(parts.iter().sum::<u64>(), units, "{stakes:?}");
            assert!(parts.iter().zip(&stakes).all(|(part, stake)| *stake > 0 || *part == 0), "{stakes:?}");
        }
    }
}

#[test]
fn cuts_cover_all_nodes_once_and_cost_about_the_same() {
    let shape = graphs::rmat(10, 16, 1);
    let mut edges = Edges::new();
    shape.edges.iter().for_each(|[from, to]| edges.push(*from, *to).unwrap());
    let graph = Graph::new(edges).unwrap();
    let whole = graph.edges() + 4 * graph.outs.len();
    for count in [1, 2, 3, 64, 5_000] {
        let ranges = graph.cut(count);
        assert_eq!(ranges.len(), count);
        assert_eq!((ranges[0].start, ranges[count - 1].end), (0, graph.outs.len()));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        if count <= 3 {
            let cost = |range: &Range<usize>| {
                (graph.offsets[range.end] - graph.offsets[range.start]) as usize + 4 * range.len()
            };
            assert!(ranges.iter().all(|range| cost(range) < whole / count + whole / 10), "{ranges:?}");
        }
    }
}
