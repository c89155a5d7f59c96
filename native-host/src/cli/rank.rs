//! `formix rank`: the focus vector of a graph in a file, and of one that changes.

mod device;
mod far;
mod watch;

use crate::output::Out;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets::NOTHING};
use futures::executor::block_on;
use gpu::{Gpu, GpuError};
use rank::{
    Alpha, CyberankOptions, Edges, Epsilon, Focus, Format, Graph, Offloaded, Options, ROUNDS_MAX, Ranking,
    ReadOptions, Report, Shard, Teleport, Verdict, Workers, assign, cyberank, decimal, solve_with, split,
};
use ranking::{Threads, format_of, read_graph, read_stakes};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// The exit status of a solve that did not converge.
const NOT_CONVERGED: u8 = 3;
/// Digits behind the point of what is printed; 2⁻⁵⁸ has a few more.
const DIGITS: u32 = 15;

pub(super) const EXAMPLES: &str = "Examples:\n  \
    formix rank web-Stanford.txt.gz --top 20\n  \
    formix rank follows.csv --stakes tokens.csv --teleport stake --json\n  \
    formix rank graph.mtx --alpha 0.9 --eps 1e-5 --threads 2 --shards 8\n  \
    formix rank web-Google.txt.gz --device gpu\n  \
    formix rank web-Google.txt.gz --on http://127.0.0.1:4800 --shards 8\n  \
    formix rank watch follows.csv --deltas changes.txt\n  \
    formix rank watch --state ~/graph --deltas - --json\n  \
    formix rank watch follows.csv --deltas changes.txt --device gpu\n\n\
    Exit status: 3 where π did not converge, or where there is none with --on.";

#[derive(Debug, Args)]
pub(super) struct RankArgs {
    #[command(subcommand)]
    what: Option<RankCommand>,
    #[command(flatten)]
    solve: SolveArgs,
}

#[derive(Debug, Subcommand)]
enum RankCommand {
    /// Keep π while edges come and go
    #[command(after_help = watch::EXAMPLES)]
    Watch(watch::WatchArgs),
}

#[derive(Debug, Args)]
struct GraphArgs {
    /// The graph: an edge list, CSV or Matrix Market, gzipped or not; `-` for standard input
    file: Option<PathBuf>,
    /// How edges are written [default: by the file's name]
    #[arg(long, value_enum)]
    format: Option<Written>,
    /// How much mass follows edges; the rest teleports
    #[arg(long, default_value = "0.85", value_name = "FRACTION")]
    alpha: String,
    /// How far π may be from the exact one, in L1
    #[arg(long, default_value = "1e-6", value_name = "DISTANCE")]
    eps: String,
    /// After how many rounds to give up
    #[arg(long, default_value_t = ROUNDS_MAX, value_parser = clap::value_parser!(u32).range(1..=i64::from(ROUNDS_MAX)))]
    rounds: u32,
    /// How many nodes there are, if more than ids say; no id may be beyond
    #[arg(long)]
    nodes: Option<u32>,
    /// Do not look at weights
    #[arg(long)]
    no_weights: bool,
    /// What nodes have at stake: a file of `NODE STAKE` lines
    #[arg(long, value_name = "FILE")]
    stakes: Option<PathBuf>,
    /// Where mass goes that follows no edge
    #[arg(long, value_enum, default_value_t = Jump::Uniform)]
    teleport: Jump,
    /// How many threads [default: one a processor, fewer for small graphs]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How many nodes to print, those of the greatest π first
    #[arg(long, default_value_t = 10, value_name = "N")]
    top: usize,
}

#[derive(Debug, Args)]
struct SolveArgs {
    #[command(flatten)]
    graph: GraphArgs,
    /// Cut the graph into shards that exchange messages; π is the same
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=4096))]
    shards: Option<u32>,
    /// What to compute
    #[arg(long, value_enum, default_value_t = Method::Pi)]
    method: Method,
    /// What computes; π is the same
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
    /// Have it computed by light nodes around this heavy node, which checks them; π is the same
    #[arg(long, value_name = "URL", conflicts_with = "device")]
    on: Option<String>,
    /// With --on: the heavy node computes it while no light node does
    #[arg(long, requires = "on")]
    alone: bool,
    /// With --on: after how long to give up
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration, requires = "on")]
    patience: std::time::Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Written {
    /// `FROM TO [WEIGHT]` a line
    EdgeList,
    /// The same with commas
    Csv,
    /// Matrix Market's coordinates
    Mtx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Jump {
    /// To all nodes alike
    Uniform,
    /// To each by its stake
    Stake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Device {
    /// This machine's processors
    Cpu,
    /// The most powerful GPU; the processors where there is none, or it cannot
    Gpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The focus vector
    Pi,
    /// go-cyber's older definition, to compare with
    Cyberank,
}

/// Runs `formix rank`: work of one processor or all, so nothing of it is async.
pub(super) fn rank(args: RankArgs, out: &Out) -> Result<ExitCode> {
    match args.what {
        Some(RankCommand::Watch(args)) => watch::watch(&args, out),
        None => match &args.solve.on {
            Some(url) => far::rank(url, &args.solve, out),
            None => solve(args.solve, out),
        },
    }
}

/// How to solve.
fn options(args: &GraphArgs) -> Result<Options> {
    let alpha = Alpha::from_decimal(&args.alpha)
        .map_err(|error| anyhow::anyhow!("--alpha {} {error}", args.alpha))?;
    let epsilon =
        Epsilon::from_decimal(&args.eps).map_err(|error| anyhow::anyhow!("--eps {} {error}", args.eps))?;
    Ok(Options { alpha, epsilon, rounds_max: args.rounds, guard: true })
}

/// Reads the graph, and what there is to be said about how.
fn read(args: &GraphArgs) -> Result<(Edges, Options)> {
    let file = args.file.as_ref().context("name the file of a graph; `formix rank --help` has examples")?;
    let options = options(args)?;
    let format = match args.format {
        Some(Written::EdgeList) => Format::EdgeList,
        Some(Written::Csv) => Format::Csv,
        Some(Written::Mtx) => Format::MatrixMarket,
        None => format_of(file),
    };
    let usual = ReadOptions::default();
    let nodes_max = args.nodes.unwrap_or(usual.nodes_max);
    let reading = ReadOptions { format, ignore_weights: args.no_weights, nodes_max };
    let mut edges = read_graph(file, reading).with_context(|| reading_of(file))?;
    if let Some(nodes) = args.nodes {
        edges.nodes(nodes);
    }
    match (&args.stakes, args.teleport) {
        (Some(path), _) => {
            let stakes = read_stakes(path, edges.node_count());
            edges.stakes(stakes.with_context(|| reading_of(path))?);
        }
        (None, Jump::Stake) => bail!("--teleport stake goes by what nodes have at stake: give --stakes FILE"),
        (None, Jump::Uniform) => {}
    }
    edges.teleport(match args.teleport {
        Jump::Uniform => Teleport::Uniform,
        Jump::Stake => Teleport::Stake,
    });
    Ok((edges, options))
}

fn solve(args: SolveArgs, out: &Out) -> Result<ExitCode> {
    if args.device == Device::Gpu && (args.shards.is_some() || args.method != Method::Pi) {
        bail!("--device gpu goes with --method pi, and without --shards");
    }
    let begun = Instant::now();
    let (edges, options) = read(&args.graph)?;
    let listed = edges.len();
    let graph = Graph::new(edges)?;
    let read_ms = begun.elapsed().as_millis() as u64;
    let threads = Threads::new(args.graph.threads.map(usize::from), graph.edges() + graph.nodes() as usize);

    let begun = Instant::now();
    if args.method == Method::Cyberank {
        return ranks(&args, &graph, options, out);
    }
    let mut device = "processor".to_owned();
    let mut gpu_error = None;
    let ranking = match (args.shards, args.device) {
        (Some(count), _) => sharded(&graph, options, count)?,
        (None, Device::Cpu) => solve_with(&graph, options, &threads),
        (None, Device::Gpu) => match block_on(on_gpu(&graph, options)) {
            Ok((ranking, gpu)) => {
                device = gpu;
                ranking
            }
            Err(error) => {
                gpu_error = Some(error.to_string());
                solve_with(&graph, options, &threads)
            }
        },
    };
    let seconds = begun.elapsed().as_secs_f64();
    let Ranking { focus, verdict, report } = &ranking;
    let top = focus.top(args.graph.top);
    let swept = graph.edges() as f64 * f64::from(report.rounds);
    let value = json!({
        "nodes": graph.nodes(), "edges": graph.edges(), "edges_listed": listed, "dangling": graph.dangling(), "weighted": graph.is_weighted(),
        "alpha": options.alpha.to_string(), "verdict": word(*verdict), "message": verdict.to_string(), "report": facts(report),
        "digest": focus.digest().to_string(), "top": list(&top), "shards": args.shards, "threads": threads.count(), "device": device, "gpu_error": gpu_error,
        "read_ms": read_ms, "solve_ms": seconds * 1e3, "edges_per_second": swept / seconds.max(1e-9),
    });
    out.event(&value, || {
        let told = told(report);
        let instead = gpu_error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
        let merged = if listed > graph.edges() { format!(" ({listed} listed)") } else { String::new() };
        format!(
            "{} nodes, {} edges{merged}, {} dangling\n{verdict} after {} rounds{told}, {:.3} s ({:.2} G edges/s) on {device}{instead}\nπ {}\n\n{}",
            graph.nodes(),
            graph.edges(),
            graph.dangling(),
            report.rounds,
            seconds,
            swept / seconds.max(1e-9) / 1e9,
            focus.digest(),
            table(&top)
        )
    });
    Ok(if *verdict == Verdict::Converged { ExitCode::SUCCESS } else { ExitCode::from(NOT_CONVERGED) })
}

/// π by the GPU, and which GPU.
async fn on_gpu(graph: &Graph, options: Options) -> Result<(Ranking, String), GpuError> {
    let gpu = Gpu::open().await?;
    let ranking = device::solved(&gpu, Offloaded::new(graph, options)).await?;
    Ok((ranking, gpu.about().to_string()))
}

fn ranks(args: &SolveArgs, graph: &Graph, options: Options, out: &Out) -> Result<ExitCode> {
    if args.shards.is_some() {
        bail!("--shards goes with --method pi");
    }
    let usual = CyberankOptions::default();
    let wanted = CyberankOptions { damping: options.alpha, rounds_max: options.rounds_max, ..usual };
    let (ranks, rounds) = cyberank(graph, wanted);
    let mut top: Vec<(u32, u64)> = (0..).zip(ranks).collect();
    top.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    top.truncate(args.graph.top);
    out.event(&json!({ "method": "cyberank", "rounds": rounds, "top": list(&top) }), || {
        format!("cyberank after {rounds} rounds\n\n{}", table(&top))
    });
    Ok(ExitCode::SUCCESS)
}

/// All shards in this process, each knowing only its part.
fn sharded(graph: &Graph, options: Options, count: u32) -> Result<Ranking> {
    let owners = assign(graph.nodes(), count);
    let mut shards =
        split(graph, options, &owners, count).context("the graph cannot be cut into so many shards")?;
    while shards.iter().any(|shard| shard.verdict().is_none()) {
        for at in 0..shards.len() {
            let from = shards[at].index();
            while let Some((to, message)) = shards[at].poll_output() {
                shards[to as usize].handle_input(from, message)?;
            }
        }
    }
    let mut values = vec![0; graph.nodes() as usize];
    for (node, mass) in shards.iter().flat_map(Shard::masses) {
        values[node as usize] = mass;
    }
    let focus = Focus::from_units(values).context("shards lost mass")?;
    let verdict = shards[0].verdict().context("no shard has ended")?;
    Ok(Ranking { focus, verdict, report: shards[0].report() })
}

fn reading_of(path: &Path) -> String {
    format!("reading {}", path.display())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Converged => "converged",
        Verdict::RoundsUsedUp => "rounds-used-up",
        Verdict::GapTooSmall { .. } => "gap-too-small",
        Verdict::EpsilonTooSmall => "epsilon-too-small",
        _ => "not-converged",
    }
}

fn facts(report: &Report) -> Value {
    let bound = (report.bound < u64::MAX).then(|| decimal(report.bound, DIGITS));
    json!({
        "rounds": report.rounds, "bound": bound, "change": decimal(report.change, DIGITS), "lost_units": report.lost,
        "spectral_gap": report.gap() as f64 / 2_f64.powi(32),
    })
}

fn told(report: &Report) -> String {
    if report.bound == u64::MAX {
        return String::new();
    }
    let gap = report.gap() as f64 / 2_f64.powi(32);
    format!(", within {} of the exact π, spectral gap about {gap:.4}", decimal(report.bound, 9))
}

fn list(top: &[(u32, u64)]) -> Vec<Value> {
    top.iter()
        .map(|(node, units)| json!({ "node": node, "pi": decimal(*units, DIGITS), "units": units }))
        .collect()
}

fn table(top: &[(u32, u64)]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["node", "π"]);
    for (node, units) in top {
        table.add_row([node.to_string(), decimal(*units, 12)]);
    }
    table.trim_fmt()
}
