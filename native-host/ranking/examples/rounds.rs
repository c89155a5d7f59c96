//! How quick a solve is on an R-MAT graph: edges a second of its rounds, and the whole of it, with one thread and with two.
//!
//! `rounds SCALE RUNS [FILE]`: 2^SCALE nodes, 16 edges a node; writes the merged edges to FILE as pairs of u32, little-endian, so that others
//! can be measured on them. Prints a JSON object a line: name, unit, values.

use rank::{Alone, Edges, Epsilon, Graph, Options, Solver, Verdict, Workers};
use ranking::Threads;
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write},
    time::Instant,
};

/// Rounds of a run of which the median counts.
const ROUNDS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let scale: u32 = args.next().ok_or("SCALE is missing")?.parse()?;
    let runs: usize = args.next().ok_or("RUNS is missing")?.parse()?;
    let mut edges = Edges::new();
    let (nodes, begun) = {
        let shape = graphs::rmat(scale, 16, 1);
        let begun = Instant::now();
        shape.edges.iter().try_for_each(|[from, to]| edges.push(*from, *to))?;
        (shape.nodes, begun.elapsed())
    };
    edges.nodes(nodes);
    let arranged = Instant::now();
    let graph = Graph::new(edges)?;
    say("build_s", "s", &[(begun + arranged.elapsed()).as_secs_f64()]);
    say("edges", "edges", &[graph.edges() as f64]);
    if let Some(path) = args.next() {
        let mut file = BufWriter::new(File::create(path)?);
        for (to, sources) in graph.rows() {
            for from in sources {
                file.write_all(&from.to_le_bytes())?;
                file.write_all(&to.to_le_bytes())?;
            }
        }
        file.flush()?;
    }
    memory(&graph)?;
    measure("1", &graph, runs, &Alone);
    measure("2", &graph, runs, &Threads::new(Some(2), 0));
    Ok(())
}

/// Bytes that the graph and a solve under way hold, and the most that this process had by then: while it read and arranged the edges.
fn memory(graph: &Graph) -> Result<(), Box<dyn Error>> {
    let alone = kilobytes("VmRSS")?;
    let mut solver = Solver::new(graph, Options::default());
    solver.round(&Alone);
    let beside = kilobytes("VmRSS")? - alone;
    drop(solver);
    let copy = {
        let copy = graph.clone();
        let held = kilobytes("VmRSS")? - alone;
        drop(copy);
        held
    };
    say("memory.held_bytes", "B", &[1024.0 * (copy + beside)]);
    say("memory.peak_bytes", "B", &[1024.0 * kilobytes("VmHWM")?]);
    Ok(())
}

/// What the kernel says of this process, in kilobytes (proc(5)).
fn kilobytes(what: &str) -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let number =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no such line in /proc/self/status")?;
    Ok(number.parse()?)
}

fn measure(name: &str, graph: &Graph, runs: usize, workers: &impl Workers) {
    // Rounds that do not end, to measure them alone.
    let endless = Options {
        epsilon: Epsilon::of_units(1).unwrap_or(Epsilon::MILLIONTH),
        guard: false,
        ..Options::default()
    };
    let (mut speeds, mut solves) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut solver = Solver::new(graph, endless);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            solver.round(workers);
            speeds.push(graph.edges() as f64 / begun.elapsed().as_secs_f64());
        }
        let begun = Instant::now();
        let ranking = rank::solve_with(graph, Options::default(), workers);
        assert_eq!(ranking.verdict, Verdict::Converged);
        solves.push(begun.elapsed().as_secs_f64());
    }
    say(&format!("round.edges_per_s.threads-{name}"), "edges/s", &speeds);
    say(&format!("solve_s.threads-{name}"), "s", &solves);
}

fn say(name: &str, unit: &str, values: &[f64]) {
    println!("{{\"name\":\"{name}\",\"unit\":\"{unit}\",\"values\":{values:?}}}");
}
