//! LDBC Graphalytics' validation vectors for PageRank: `tests/vectors` says where they come from.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use oracle::distance;
use rank::{Edges, Epsilon, Graph, ONE, Options, Ranking, Verdict, solve};

/// What LDBC allows each node, as a part of its value.
const LDBC_DEVIATION_MAX: f64 = 1e-4;

/// A graph, and π of each of its nodes.
fn read(input: &str, output: &str) -> (Graph, Vec<f64>) {
    let numbers =
        |line: &str| line.split(' ').map(|word| word.parse::<u32>().unwrap() - 1).collect::<Vec<_>>();
    let lists: Vec<Vec<u32>> = input.lines().map(numbers).collect();
    let mut edges = Edges::new();
    edges.nodes(lists.len() as u32);
    for list in &lists {
        list[1..].iter().for_each(|to| edges.push(list[0], *to).unwrap());
    }
    let mut pi = vec![0.0; lists.len()];
    for line in output.lines() {
        let (node, value) = line.split_once(' ').unwrap();
        pi[node.parse::<usize>().unwrap() - 1] = value.parse().unwrap();
    }
    (Graph::new(edges).unwrap(), pi)
}

/// How far the worst node is away, as a part of its value.
fn deviation(ranking: &Ranking, pi: &[f64]) -> f64 {
    let units = ranking.focus.values().iter().map(|units| *units as f64 / ONE as f64);
    let each = units.zip(pi).map(|(got, expected)| ((got - expected) / expected).abs());
    each.fold(0.0, f64::max)
}

macro_rules! vectors {
    ($name:literal) => {
        read(
            include_str!(concat!("vectors/", $name, "-input.txt")),
            include_str!(concat!("vectors/", $name, "-output.txt")),
        )
    };
}

#[test]
fn the_directed_graph_is_ranked_as_ldbc_ranks_it() {
    let (graph, pi) = vectors!("directed");
    let ranking = solve(&graph, Options::default());
    assert_eq!(ranking.verdict, Verdict::Converged);
    assert!(distance(&ranking.focus, &pi) <= 1e-6, "{}", distance(&ranking.focus, &pi));
    assert!(deviation(&ranking, &pi) <= LDBC_DEVIATION_MAX);
    let finer =
        solve(&graph, Options { epsilon: Epsilon::from_decimal("1e-8").unwrap(), ..Options::default() });
    assert!(distance(&finer.focus, &pi) <= 1e-8, "{}", distance(&finer.focus, &pi));
}

#[test]
fn the_undirected_graph_is_ranked_as_ldbc_ranks_it() {
    let (graph, pi) = vectors!("undirected");
    let ranking = solve(&graph, Options::default());
    assert_eq!(ranking.verdict, Verdict::Converged);
    assert!(deviation(&ranking, &pi) <= LDBC_DEVIATION_MAX, "{}", deviation(&ranking, &pi));
    // The vectors themselves are 3.2e-6 from what rounds converge to.
    assert!(distance(&ranking.focus, &pi) <= 5e-6, "{}", distance(&ranking.focus, &pi));
}

#[test]
fn two_rounds_of_the_example_are_those_of_ldbc() {
    let (graph, pi) = vectors!("example");
    let ranking = solve(&graph, Options { rounds_max: 2, guard: false, ..Options::default() });
    assert_eq!(ranking.report.rounds, 2);
    assert!(distance(&ranking.focus, &pi) <= 1e-8, "{}", distance(&ranking.focus, &pi));
}
