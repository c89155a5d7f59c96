//! What Python says of the same graphs: networkx, within 1e-6 in L1; SPEC.md followed by a script of its own, to the bit.
//!
//! `tests/pi/pagerank.py` asks networkx; this test installs what it is pinned to below `target/`.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use graphs::{Numbers, Shape, gallery};
use oracle::distance;
use rank::{Alpha, Edges, Graph, ONE, Options, Teleport, Verdict, solve};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/pi")
}

/// A Python that has what requirements.txt pins.
fn python() -> PathBuf {
    let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join("networkx");
    venv::python(&at, &folder().join("requirements.txt"))
}

/// A graph here, and the question to networkx about the same one.
struct Case {
    name: String,
    alpha: &'static str,
    graph: Graph,
    question: Value,
}

fn plain(shape: &Shape, alpha: &'static str) -> Case {
    let edges: Vec<Value> = shape.edges.iter().map(|[from, to]| json!([from, to, 1])).collect();
    let alpha_of: f64 = alpha.parse().expect("a fraction");
    let question =
        json!({ "nodes": shape.nodes, "edges": edges, "alpha": alpha_of, "personalization": null });
    Case { name: shape.name.clone(), alpha, graph: shape.to_graph(), question }
}

/// Weights times the stakes of where edges lead, and teleport by stake.
fn staked(seed: u64) -> Case {
    let mut numbers = Numbers::new(seed);
    let nodes = 50 + numbers.below(200);
    let stakes: Vec<u64> = (0..nodes).map(|_| 1 + u64::from(numbers.below(1_000))).collect();
    let mut edges = Edges::new();
    let mut merged: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    edges.nodes(nodes);
    for _ in 0..6 * nodes {
        let (from, to, weight) =
            (numbers.below(nodes), numbers.below(nodes), u64::from(numbers.below(1_000)));
        edges.push_weighted(from, to, weight).expect("in range");
        *merged.entry((from, to)).or_default() += weight;
    }
    merged.retain(|_, weight| *weight > 0);
    let products = merged.iter().map(|((from, to), weight)| json!([from, to, weight * stakes[*to as usize]]));
    let products: Vec<Value> = products.collect();
    let question = json!({ "nodes": nodes, "edges": products, "alpha": 0.85, "personalization": stakes });
    edges.stakes(stakes);
    edges.teleport(Teleport::Stake);
    Case {
        name: format!("staked {seed}"),
        alpha: "0.85",
        graph: Graph::new(edges).expect("a graph"),
        question,
    }
}

/// What a script prints to these lines.
fn ask(script: &mut Command, questions: impl Iterator<Item = Value>) -> String {
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines: Vec<String> = questions.map(|question| format!("{question}\n")).collect();
    let asking = std::thread::spawn(move || {
        for line in lines {
            stdin.write_all(line.as_bytes()).expect("Python listens");
        }
    });
    let output = child.wait_with_output().expect("Python ends");
    asking.join().expect("all is asked");
    assert!(output.status.success(), "the script failed");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn pi_is_networkxs_pagerank() {
    // networkx has no answer about the empty graph.
    let shapes = gallery().into_iter().filter(|shape| shape.nodes > 0);
    let shapes: Vec<Shape> = shapes.chain([graphs::rmat(12, 16, 3)]).collect();
    let mut cases: Vec<Case> = shapes.iter().map(|shape| plain(shape, "0.85")).collect();
    cases.extend(shapes.iter().take(6).map(|shape| plain(shape, "0.5")));
    cases.extend((0..8).map(staked));

    let questions = cases.iter().map(|case| case.question.clone());
    let text = ask(Command::new(python()).arg(folder().join("pagerank.py")), questions);
    let answers: Vec<Vec<f64>> =
        text.lines().map(|line| serde_json::from_str(line).expect("numbers")).collect();
    assert_eq!(answers.len(), cases.len());
    let mut greatest: f64 = 0.0;
    for (case, answer) in cases.iter().zip(&answers) {
        let alpha = Alpha::from_decimal(case.alpha).expect("a fraction");
        let ranking = solve(&case.graph, Options { alpha, ..Options::default() });
        assert_eq!((ranking.verdict, ranking.focus.mass()), (Verdict::Converged, ONE), "{}", case.name);
        let away = distance(&ranking.focus, answer);
        assert!(away <= 1e-6, "{} at {}: {away:e} from networkx", case.name, case.alpha);
        greatest = greatest.max(away);
    }
    println!("{} graphs, at most {greatest:e} from networkx", cases.len());
}

/// A random graph with weights, stakes and teleport or without, and the same for the script.
fn any_graph(seed: u64) -> (Graph, Options, Value) {
    let mut numbers = Numbers::new(seed);
    let nodes = 1 + numbers.below(200);
    let (weighted, by_stake) = (seed.is_multiple_of(2), seed.is_multiple_of(3));
    let alphas = ["0.85", "0.5", "0", "0.99", "0.9999"];
    let alpha = Alpha::from_decimal(alphas[numbers.below(5) as usize]).expect("a fraction");
    let options = Options { alpha, ..Options::default() };
    let mut edges = Edges::new();
    edges.nodes(nodes);
    let mut listed = Vec::new();
    for _ in 0..numbers.below(5 * nodes) {
        let (from, to) = (numbers.below(nodes), numbers.below(nodes));
        let weight = if weighted { numbers.next_u64() >> (10 + numbers.below(54)) } else { 1 };
        let added = if weighted { edges.push_weighted(from, to, weight) } else { edges.push(from, to) };
        added.expect("in range");
        listed.push((from, to, weight));
    }
    let stakes = (by_stake || seed.is_multiple_of(5)).then(|| -> Vec<u64> {
        (0..nodes)
            .map(|node| u64::from(node == 0) + (numbers.next_u64() >> (8 + numbers.below(56))))
            .collect()
    });
    stakes.iter().for_each(|stakes| edges.stakes(stakes.clone()));
    edges.teleport(if by_stake { Teleport::Stake } else { Teleport::Uniform });
    let question = json!({
        "nodes": nodes, "edges": listed, "weighted": weighted, "stakes": stakes, "by_stake": by_stake,
        "a": options.alpha.parts(), "epsilon": options.epsilon.units(),
    });
    (Graph::new(edges).expect("a graph"), options, question)
}

#[test]
fn the_specification_followed_elsewhere_gives_the_same_bits() {
    let mut cases: Vec<_> = (0..60).map(any_graph).collect();
    for shape in gallery().into_iter().filter(|shape| shape.edges.len() < 10_000) {
        let listed: Vec<_> = shape.edges.iter().map(|[from, to]| (*from, *to, 1)).collect();
        let options = Options::default();
        let question = json!({
            "nodes": shape.nodes, "edges": listed, "weighted": false, "stakes": null, "by_stake": false,
            "a": options.alpha.parts(), "epsilon": options.epsilon.units(),
        });
        cases.push((shape.to_graph(), options, question));
    }
    let questions = cases.iter().map(|(.., question)| question.clone());
    let text = ask(Command::new("python3").arg(folder().join("spec.py")), questions);
    assert_eq!(text.lines().count(), cases.len());
    let mut converged = 0;
    for ((number, (graph, options, _)), line) in cases.iter().enumerate().zip(text.lines()) {
        let ranking = solve(graph, *options);
        let verdict = format!("{:?}", ranking.verdict);
        let verdict = verdict.split(' ').next().expect("a word");
        let here = format!("{verdict} {} {}", ranking.report.rounds, ranking.focus.digest());
        assert_eq!(here, line, "graph {number}");
        converged += usize::from(ranking.verdict == Verdict::Converged);
    }
    // Some do not, which is to be the same as well.
    assert!((40..cases.len()).contains(&converged), "{converged} of {}", cases.len());
}
