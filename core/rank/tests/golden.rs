//! Digests that no machine, no compiler and no change may alter: the same in `golden/digests.txt`, on native targets and in a browser. Those
//! of π were first written by `tests/pi/spec.py`, from graphs made alike.
//!
//! `FORMIX_APPROVE=1 cargo test --package rank --test golden` writes what there is now; whoever commits that changes what networks agree on.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test_configure!(run_in_dedicated_worker);

use graphs::gallery;
use rank::{Alpha, CyberankOptions, Focus, Graph, Options, Teleport, assign, cyberank, solve, split};
use std::fmt::Write as _;

const GOLDEN: &str = include_str!("golden/digests.txt");

fn line(lines: &mut String, name: &str, graph: &Graph, alpha: &str) {
    let alpha_of = Alpha::from_decimal(alpha).expect("a fraction");
    let ranking = solve(graph, Options { alpha: alpha_of, ..Options::default() });
    let rounds = ranking.report.rounds;
    let _ = writeln!(lines, "{name} {alpha} {:?} {rounds} {}", ranking.verdict, ranking.focus.digest());
}

fn lines() -> String {
    let mut lines = String::new();
    for shape in gallery() {
        let graph = Graph::new(shape.to_edges()).expect("a graph");
        line(&mut lines, &shape.name, &graph, "0.85");
        line(&mut lines, &shape.name, &graph, "0.5");
    }
    for shape in [graphs::rmat(8, 16, 4), graphs::uniform(500, 3_000, 5)] {
        for teleport in [Teleport::Uniform, Teleport::Stake] {
            let graph = Graph::new(shape.to_weighted(teleport)).expect("a graph");
            line(&mut lines, &format!("{}-weighted-{teleport:?}", shape.name), &graph, "0.85");
        }
    }
    // More than a slice.
    let long = graphs::uniform(70_000, 200_000, 6).to_graph();
    line(&mut lines, "uniform-70000", &long, "0.85");
    let star = graphs::star(1_000).to_graph();
    let (ranks, rounds) = cyberank(&star, CyberankOptions::default());
    let bytes: Vec<u8> = ranks.iter().flat_map(|rank| rank.to_le_bytes()).collect();
    let _ = writeln!(lines, "cyberank-star-1000 0.85 {rounds} {}", codec::ContentId::of(&bytes));
    lines
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn digests_are_what_they_were() {
    let lines = lines();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("FORMIX_APPROVE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests.txt");
        std::fs::write(path, &lines).expect("the golden file can be written");
        return;
    }
    for (now, then) in lines.lines().zip(GOLDEN.lines()) {
        assert_eq!(now, then);
    }
    assert_eq!(lines.lines().count(), GOLDEN.lines().count());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn shards_agree_with_the_golden_digest() {
    let shape = graphs::rmat(10, 16, 1);
    let graph = Graph::new(shape.to_edges()).expect("a graph");
    let mut shards = split(&graph, Options::default(), &assign(shape.nodes, 8), 8).expect("eight shards");
    while shards[0].verdict().is_none() {
        for at in 0..shards.len() {
            let from = shards[at].index();
            while let Some((to, message)) = shards[at].poll_output() {
                shards[to as usize].handle_input(from, message).expect("an honest shard");
            }
        }
    }
    let mut values = vec![0; shape.nodes as usize];
    for (node, mass) in shards.iter().flat_map(|shard| shard.masses().collect::<Vec<_>>()) {
        values[node as usize] = mass;
    }
    let digest = Focus::from_units(values).expect("all mass").digest();
    let expected = GOLDEN.lines().find(|line| line.starts_with("rmat-10-16 0.85 ")).expect("a golden line");
    assert!(expected.ends_with(&digest.to_string()), "{digest} is not in `{expected}`");
}
