//! Runs simulated networks, each replayable by its seed.

use clap::Parser;
use sim::{Malice, Options, Report, Tally, Weather};
use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Instant,
};

/// Runs simulated networks, each replayable by its seed.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask sim",
    bin_name = "cargo xtask sim",
    max_term_width = 100,
    after_help = "Examples:\n  cargo xtask sim --seeds 1000 --nodes 200\n  cargo xtask sim --from 17 --seeds 1 --trace\n  \
                  cargo xtask sim --canary"
)]
struct Cli {
    /// How many seeds to run.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// Light nodes in each network, beside its three heavy nodes.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(4..=5_000))]
    nodes: u16,
    /// Plant a bug that must be found: stores say that a commit is durable before it is.
    #[arg(long)]
    canary: bool,
    /// No troubles: no loss, no crash, clocks in step.
    #[arg(long)]
    calm: bool,
    /// One light node means ill in this way, and no other: garbage, replays, partial, ...
    #[arg(long, value_name = "HOW")]
    malice: Option<String>,
    /// Print every event.
    #[arg(long)]
    trace: bool,
    /// Seeds to run at once; as many as there are cores by default.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let weather = if cli.calm { Weather::Calm } else { Weather::Rough };
    let malice = match cli.malice.as_deref().map(malice) {
        None => None,
        Some(Some(malice)) => Some(malice),
        Some(None) => {
            let ways: Vec<String> = Malice::ALL.iter().map(way).collect();
            eprintln!("there is no such malice; there are {}", ways.join(", "));
            return ExitCode::FAILURE;
        }
    };
    let options =
        Options { weather, malice, canary: cli.canary, trace: cli.trace, ..Options::new(cli.nodes.into()) };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if cli.trace { 1 } else { cli.threads.unwrap_or(cores).max(1) };
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let (mut total, mut ran, mut failed) = (Tally::default(), 0u64, Vec::new());
    let mut traces = 0u64;
    std::thread::scope(|scope| {
        let (reports, received) = mpsc::channel::<Report>();
        for _ in 0..threads {
            let (reports, next) = (reports.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= cli.seeds || reports.send(sim::run(cli.from + at, &options)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(reports);
        let live = std::io::stderr().is_terminal();
        for report in received {
            ran += 1;
            total.add(&report.tally);
            // In any order: threads finish as they do.
            traces ^= report.trace.rotate_left((report.seed % 64) as u32);
            if let Some(violation) = &report.violation {
                let seed = report.seed;
                println!("seed {seed} fails {violation} (trace {:016x})", report.trace);
                failed.push(seed);
                if failed.len() >= 10 {
                    next.store(cli.seeds, Ordering::Relaxed);
                }
            }
            if live || ran.is_multiple_of(100) {
                let end = if live { '\r' } else { '\n' };
                eprint!(
                    "{ran} of {} seeds, {} failed, {:.0} s{end}",
                    cli.seeds,
                    failed.len(),
                    started.elapsed().as_secs_f32()
                );
                let _ = std::io::stderr().flush();
            }
        }
    });
    print!("{}", table(&total, ran, cli.nodes, started.elapsed().as_secs_f32()));
    println!("trace {traces:016x}");
    if let Some(seed) = failed.iter().min() {
        let canary = if cli.canary { " --canary" } else { "" };
        eprintln!(
            "{} of {ran} seeds fail; to see one again: cargo xtask sim --from {seed} --seeds 1 --nodes {}{canary} --trace",
            failed.len(),
            cli.nodes
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A malice's name here: `TwoReports` is `two-reports`.
fn way(malice: &Malice) -> String {
    let mut way = String::new();
    for letter in format!("{malice:?}").chars() {
        if letter.is_uppercase() && !way.is_empty() {
            way.push('-');
        }
        way.push(letter.to_ascii_lowercase());
    }
    way
}

fn malice(name: &str) -> Option<Malice> {
    Malice::ALL.into_iter().find(|malice| way(malice) == name)
}

fn table(total: &Tally, seeds: u64, nodes: u16, seconds: f32) -> String {
    let mut lines = format!("{seeds} seeds of 3 heavy and {nodes} light nodes in {seconds:.1} s\n");
    let mut line = |name: &str, count: u64| lines += &format!("  {name:<48} {count:>12}\n");
    line("events", total.events);
    line("messages", total.messages);
    line("commits", total.commits);
    line("crashes", total.crashes);
    line("computations", total.computations);
    line("results", total.results);
    line("milliseconds from deadline to result, mean", total.result_after_ms / total.results.max(1));
    line("reports in results", total.participants);
    line("reports acknowledged by all three", total.acknowledged);
    for (reason, count) in &total.refusals {
        line(&format!("refused: {reason}"), *count);
    }
    for (reason, count) in &total.reports_refused {
        line(&format!("shares refused: {reason}"), *count);
    }
    line("messages that do not decode", total.malformed);
    lines
}
