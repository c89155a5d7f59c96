//! Runs simulated networks, each replayable by its seed.

use aggregate::Scheme;
use clap::Parser;
use sim::{Canary, Lie, Malice, Options, Report, Tally, Weather};
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
    after_help = "Examples:\n  cargo xtask sim --seeds 2000 --nodes 300 --schemes all\n  cargo xtask sim --from 17 --seeds 1 --trace\n  \
                  cargo xtask sim --canary unchecked"
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
    /// How measurements are shared: all schemes, each computation's by its seed, or one.
    #[arg(long, default_value = "all", value_name = "SCHEME")]
    schemes: String,
    /// Plant a bug that must be found: `promise` (stores say that a commit is durable before it is), `unchecked` (invalid
    /// reports pass) or `hush` (evidence is not shown).
    #[arg(long, value_name = "BUG", num_args = 0..=1, default_missing_value = "promise")]
    canary: Option<String>,
    /// One heavy node lies in this way, in every run: sum, total, commit, offer, verifier, ...
    #[arg(long, value_name = "HOW")]
    lie: Option<String>,
    /// No troubles: no loss, no crash, clocks in step.
    #[arg(long)]
    calm: bool,
    /// Hand out so many jobs in place of computations; a fifth of the light nodes lie about what they ran.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    jobs: usize,
    /// Have so many graphs ranked in place of computations; a fifth of the light nodes lie about what their parts sum up.
    #[arg(long, default_value_t = 0, value_name = "COUNT", conflicts_with = "jobs")]
    rankings: usize,
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
    let options = match options(&cli) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
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
        let given = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" --{name} {value}")).unwrap_or_default()
        };
        eprintln!(
            "{} of {ran} seeds fail; to see one again: cargo xtask sim --from {seed} --seeds 1 --nodes {} --schemes {}{}{}{}{} \
{} --trace",
            failed.len(),
            cli.nodes,
            cli.schemes,
            given("canary", &cli.canary),
            given("lie", &cli.lie),
            given("malice", &cli.malice),
            if cli.calm { " --calm" } else { "" },
            match (cli.jobs, cli.rankings) {
                (0, 0) => String::new(),
                (0, rankings) => format!(" --rankings {rankings}"),
                (jobs, _) => format!(" --jobs {jobs}"),
            },
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What is asked for on the command line, or what there is instead.
fn options(cli: &Cli) -> Result<Options, String> {
    let scheme = match cli.schemes.as_str() {
        "all" => None,
        name => Some(pick("scheme", name, &Scheme::ALL)?),
    };
    Ok(Options {
        weather: if cli.calm { Weather::Calm } else { Weather::Rough },
        scheme,
        malice: cli.malice.as_ref().map(|name| pick("malice", name, &Malice::ALL)).transpose()?,
        lie: cli.lie.as_ref().map(|name| pick("lie", name, &Lie::ALL)).transpose()?,
        canary: cli.canary.as_ref().map(|name| pick("planted bug", name, &Canary::ALL)).transpose()?,
        jobs: cli.jobs,
        rankings: cli.rankings,
        trace: cli.trace,
        ..Options::new(cli.nodes.into())
    })
}

/// The one of this name: `TwoReports` is `two-reports`.
fn pick<T: Copy + std::fmt::Debug>(what: &str, name: &str, all: &[T]) -> Result<T, String> {
    let name_of = |one: &T| {
        let mut way = String::new();
        for letter in format!("{one:?}").chars() {
            if letter.is_uppercase() && !way.is_empty() {
                way.push('-');
            }
            way.push(letter.to_ascii_lowercase());
        }
        way
    };
    all.iter().find(|one| name_of(one) == name).copied().ok_or_else(|| {
        let names: Vec<String> = all.iter().map(name_of).collect();
        format!("there is no {what} `{name}`; there are {}", names.join(", "))
    })
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
    for (scheme, count) in &total.by_scheme {
        line(&format!("results by {scheme}"), *count);
    }
    line("results of two heavy nodes without the third", total.by_two);
    line("reports rejected as invalid", total.rejected);
    line("runs with a heavy node that stops for ever", total.dead);
    line("runs with a heavy node that lies", total.liars);
    line("its lies", total.lies);
    line("computations with evidence against it", total.evidence);
    line("results it made wrong, not by rep64", total.wrong);
    for (reason, count) in &total.refusals {
        line(&format!("refused: {reason}"), *count);
    }
    for (reason, count) in &total.reports_refused {
        line(&format!("shares refused: {reason}"), *count);
    }
    line("jobs", total.jobs);
    line("jobs with a result", total.jobs_done);
    line("jobs whose result a heavy node settled", total.jobs_judged);
    line("rankings", total.rankings);
    line("rankings with the π of one machine", total.rankings_done);
    line("holders of parts that were replaced", total.rankings_replaced);
    line("liars that were found, by ranking", total.rankings_liars);
    line("milliseconds from a job to its guest, median", total.dispatch_ms_at(50));
    line("milliseconds from a job to its guest, 99 in 100", total.dispatch_ms_at(99));
    line("guests that ran", total.guests);
    line("guests that were stopped, or went down", total.guests_lost);
    line("messages that do not decode", total.malformed);
    lines
}
