//! `formix ffcm`: runs programs on the focus-flow compute machine.

use crate::output::Out;
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets::NOTHING};
use ffcm::{
    Book, BookError, Limits, Machine, NormalForm, Offloaded, Opcode, Progress, Tally,
    book::{Problem, SOURCE_BYTES_MAX},
    lazy::{Lazy, LazyLimits, Reading},
    term::Terms,
};
use futures::executor::block_on;
use gpu::Gpu;
use serde_json::json;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Pairs that one thread reduces between two looks at its limits, or steps of the lazy machine.
const STRETCH: u64 = 1 << 24;
/// Steps of the lazy machine for each interaction that it may do, before it goes in circles.
const STEPS_PER_INTERACTION: u64 = 64;
/// Steps that it may do whatever its interactions.
const STEPS_MIN: u64 = 1 << 24;
/// Most pieces of a strict result that is shown as a term.
const ITEMS_MAX: usize = 1 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum FfcmCommand {
    /// Reduce a book's `@main` to its normal form, and print it
    #[command(
        long_about = "Reduce a book's `@main` to its normal form, and print it.\n\n\
            A book holds nets, as HVM2 writes them, or terms, as HVM3 does; either is told by what it is. Nets are reduced strictly: every \
            pair, by any number of threads, or by a GPU. Terms are reduced lazily: what the result asks for. `--mode strict` makes nets of terms, if they \
            hold no constructors.",
        after_help = "Examples:\n  \
            formix ffcm run sum.hvm\n  \
            formix ffcm run sum.hvm --threads 2 --stats\n  \
            formix ffcm run sum.hvm --device gpu --stats\n  \
            echo '@main = a & 20 ~ $([+] $(22 a))' | formix ffcm run -\n  \
            echo '@main = (λx. (* x x) 7)' | formix ffcm run -\n  \
            echo '@main = (λx. (* x x) &0{2 &1{3 4}})' | formix ffcm run - --collapse 10\n  \
            formix ffcm run tree.hvml --mode strict --threads 0 --stats"
    )]
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A book of nets or of terms; `-` for standard input
    file: PathBuf,
    /// What is reduced: what the result asks for, or everything [default: lazy for terms, strict for nets]
    #[arg(long, value_enum, value_name = "MODE")]
    mode: Option<Mode>,
    /// Print, one a line, the terms that superpositions stand for: so many at most, those with fewer choices first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    collapse: Option<u32>,
    /// With --collapse: first sides first. Needs less memory; what never ends keeps the rest from coming
    #[arg(long, requires = "collapse")]
    depth_first: bool,
    /// What computes; where the GPU cannot, the processor does, and the reason is told
    #[arg(long, value_enum, default_value_t = Device::Cpu, value_name = "DEVICE")]
    device: Device,
    /// How many threads; 0 for as many as the machine runs at once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=ffcm_host::THREADS_MAX as i64))]
    threads: u16,
    /// Print how many interactions there were of each kind, and how fast
    #[arg(long)]
    stats: bool,
    /// Give up after so many interactions
    #[arg(long, value_name = "N")]
    interactions_max: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Device {
    Cpu,
    Gpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Lazy,
    Strict,
}

/// A book, and how it is reduced.
#[derive(Debug)]
enum Program {
    /// Lazily.
    Terms(Terms),
    /// Strictly; with the terms that the nets were made of, if they were.
    Nets(Book, Option<Terms>),
}

/// What came of a run.
struct Ran {
    progress: Progress,
    tally: Tally,
    results: Vec<String>,
    time: Duration,
    /// Which GPU, and its rounds.
    on_gpu: Option<OnGpu>,
}

/// What a GPU did.
struct OnGpu {
    name: String,
    rounds: u64,
    /// Pairs of the widest round.
    widest: usize,
}

pub(super) fn ffcm(what: FfcmCommand, out: &Out) -> Result<()> {
    match what {
        FfcmCommand::Run(args) => run(&args, out),
    }
}

fn run(args: &RunArgs, out: &Out) -> Result<()> {
    let program = program(args, &read(&args.file)?)?;
    let threads = match args.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads.into(),
    };
    let file = args.file.display();
    let limits = Limits { interactions_max: args.interactions_max.unwrap_or(u64::MAX), ..Limits::default() };
    let mut gpu_error = None;
    if args.device == Device::Gpu && args.threads > 1 {
        bail!("--device gpu has no threads: leave --threads away");
    }
    let by_gpu = match &program {
        Program::Terms(_) if args.device == Device::Gpu => {
            bail!("a lazy machine runs on the processor: leave --device away, or say --mode strict")
        }
        Program::Nets(book, terms) if args.device == Device::Gpu => {
            let ran = block_on(on_gpu(book, terms.as_ref(), limits));
            ran.map_err(|error| gpu_error = Some(format!("{error:#}"))).ok()
        }
        _ => None,
    };
    if let Some(error) = &gpu_error {
        eprintln!("{file} runs on the processor, not on a GPU: {error}");
    }
    let (ran, threads) = match (by_gpu, &program) {
        (Some(ran), _) => (ran, 0),
        (None, Program::Terms(_)) if args.threads > 1 => {
            bail!("a lazy machine has one thread: leave --threads away, or say --mode strict")
        }
        (None, Program::Terms(terms)) => (lazily(terms, args), 1),
        (None, Program::Nets(book, terms)) if threads == 1 => (alone(book, terms.as_ref(), limits)?, 1),
        (None, Program::Nets(book, terms)) => (together(book, terms.as_ref(), limits, threads)?, threads),
    };
    let interactions = ran.tally.interactions();
    let ended = match ran.progress {
        Progress::Done | Progress::Running => Ok(()),
        Progress::Full(resource) => {
            Err(anyhow!("{file} has no {resource} left after {interactions} interactions"))
        }
        _ if args.interactions_max.is_some_and(|most| interactions < most) => Err(anyhow!(
            "{file} did not end, and did nothing but look along what was there already after {interactions} interactions: \
             a term stands for itself, as where a definition that duplicates its argument is given to itself"
        )),
        _ => Err(anyhow!("{file} did not end within {interactions} interactions")),
    };
    if ended.is_err() && ran.results.is_empty() {
        return ended;
    }
    if let (Program::Nets(book, _), Some(def)) = (&program, ran.tally.unsafe_def) {
        bail!(
            "{file}: a duplicator asks for a copy of `@{}`, which holds duplicators or refers to some that do: \
             the copies would be mixed up. Pass it on without copying, or write it out where it is used",
            book.defs()[def as usize].name(),
        );
    }
    tell(args, &program, &ran, threads, gpu_error.as_deref(), out);
    ended?;
    if ran.tally.type_errors > 0 {
        bail!(
            "{} terms fit no rule, and nothing came of them: something that is no function was applied, or no arm was for \
             what a match met",
            ran.tally.type_errors
        );
    }
    if ran.tally.undefined > 0 {
        bail!(
            "{} operations had no result and gave 0: a division by zero, or an operator that the numbers have not",
            ran.tally.undefined
        );
    }
    Ok(())
}

/// The book that a text is, made ready for the mode that is asked for.
fn program(args: &RunArgs, text: &str) -> Result<Program> {
    let says = |error: BookError| anyhow!("{}:{error}", args.file.display());
    let mode = if args.collapse.is_some() { Some(Mode::Lazy) } else { args.mode };
    if args.collapse.is_some() && args.mode == Some(Mode::Strict) {
        bail!("--collapse reduces lazily: leave --mode away");
    }
    let is_of_terms = args.file.extension().is_some_and(|extension| extension == "hvml");
    let terms = || Terms::read(text);
    let nets = || Book::read(text);
    // What either could be is nets, unless something says otherwise.
    let terms = if is_of_terms || mode == Some(Mode::Lazy) {
        match (terms(), nets()) {
            (Ok(terms), _) => terms,
            (Err(_), Ok(_)) if mode == Some(Mode::Lazy) => bail!(
                "{} is a book of nets, and the lazy machine reduces terms: leave --mode and --collapse away",
                args.file.display()
            ),
            (Err(_), Ok(book)) => return Ok(Program::Nets(book, None)),
            (Err(error), Err(_)) => return Err(says(error)),
        }
    } else {
        match (nets(), terms()) {
            (Ok(book), _) => return Ok(Program::Nets(book, None)),
            (Err(_), Ok(terms)) => terms,
            // The one that got further knows more, and so does the one that read what stands there. A bracket is found to be open at the end.
            (Err(of_nets), Err(of_terms)) => {
                let place = |error: &BookError| match error.problem {
                    Problem::Unclosed { .. } => (u32::MAX, 0, true),
                    Problem::Expected { .. } => (error.line, error.column, false),
                    _ => (error.line, error.column, true),
                };
                let nets_got_further = place(&of_nets) >= place(&of_terms);
                return Err(says(if nets_got_further { of_nets } else { of_terms }));
            }
        }
    };
    if mode != Some(Mode::Strict) {
        return Ok(Program::Terms(terms));
    }
    let book = terms.to_book().map_err(says)?;
    Ok(Program::Nets(book, Some(terms)))
}

fn read(file: &Path) -> Result<String> {
    let context = || format!("reading {}", file.display());
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(context)?)
    };
    let mut text = Vec::new();
    // One byte more than a book may have, so that a longer one is refused for what it is.
    source.take(SOURCE_BYTES_MAX as u64 + 1).read_to_end(&mut text).with_context(context)?;
    String::from_utf8(text).with_context(context)
}

fn lazily(terms: &Terms, args: &RunArgs) -> Ran {
    let start = Instant::now();
    let interactions_max = args.interactions_max.unwrap_or(u64::MAX);
    let steps_max = interactions_max.saturating_mul(STEPS_PER_INTERACTION).saturating_add(STEPS_MIN);
    let limits = LazyLimits { interactions_max, steps_max, ..LazyLimits::default() };
    let reading = match args.collapse {
        None => Reading::Normal,
        Some(_) if args.depth_first => Reading::DepthFirst,
        Some(_) => Reading::BreadthFirst,
    };
    let most = args.collapse.unwrap_or(1) as usize;
    let mut lazy = Lazy::new(terms, limits, reading);
    let mut results = Vec::new();
    let progress = loop {
        let progress = lazy.run(STRETCH);
        results.extend(lazy.take_result().map(|term| term.shown(terms).to_string()));
        if progress.is_final() || results.len() == most {
            break progress;
        }
    };
    Ran { progress, tally: lazy.tally().clone(), results, time: start.elapsed(), on_gpu: None }
}

fn alone(book: &Book, terms: Option<&Terms>, limits: Limits) -> Result<Ran> {
    let start = Instant::now();
    let mut machine =
        Machine::new(book, limits).map_err(|resource| anyhow!("`@main` alone needs more {resource}"))?;
    let progress = loop {
        let progress = machine.run(STRETCH);
        if progress.is_final() {
            break progress;
        }
    };
    let time = start.elapsed();
    let results = shown(progress, Some(machine.result()), terms)?;
    Ok(Ran { progress, tally: machine.tally().clone(), results, time, on_gpu: None })
}

fn together(book: &Book, terms: Option<&Terms>, limits: Limits, threads: usize) -> Result<Ran> {
    let start = Instant::now();
    let finished = ffcm_host::run(book, limits, threads);
    let time = start.elapsed();
    let results = shown(finished.progress(), finished.result(), terms)?;
    Ok(Ran { progress: finished.progress(), tally: finished.tally().clone(), results, time, on_gpu: None })
}

/// By the GPU; any error is a reason to turn to the processor.
async fn on_gpu(book: &Book, terms: Option<&Terms>, limits: Limits) -> Result<Ran> {
    let offloaded = Offloaded::new(book, limits)?;
    let gpu = Gpu::open().await?;
    // Its driver makes kernels for a while, which is no part of the run.
    gpu.prepare_nets().await?;
    let start = Instant::now();
    let solution = gpu.reduce(&offloaded.input()).await?;
    let time = start.elapsed();
    let finished = offloaded.finish(solution)?;
    if let Progress::Full(resource) = finished.progress() {
        bail!("its buffers have no {resource} left after {} interactions", finished.tally().interactions());
    }
    let results = shown(finished.progress(), Some(finished.result()), terms)?;
    let (rounds, widest) = finished.rounds();
    let on_gpu = Some(OnGpu { name: gpu.about().to_string(), rounds, widest });
    Ok(Ran { progress: finished.progress(), tally: finished.tally().clone(), results, time, on_gpu })
}

/// The result of a strict machine that is done.
fn shown(progress: Progress, result: Option<NormalForm<'_>>, terms: Option<&Terms>) -> Result<Vec<String>> {
    let Some(result) = result.filter(|_| progress == Progress::Done) else { return Ok(Vec::new()) };
    let text = match terms {
        None => result.to_string(),
        Some(terms) => {
            let term = result.to_term(terms, ITEMS_MAX);
            let term =
                term.with_context(|| format!("the result has more than {ITEMS_MAX} pieces as a term"))?;
            term.shown(terms).to_string()
        }
    };
    Ok(vec![text])
}

fn tell(args: &RunArgs, program: &Program, ran: &Ran, threads: usize, gpu_error: Option<&str>, out: &Out) {
    let result = ran.results.join("\n");
    let mode = if matches!(program, Program::Terms(_)) { "lazy" } else { "strict" };
    let (interactions, seconds) = (ran.tally.interactions(), ran.time.as_secs_f64());
    let speed = interactions as f64 / seconds.max(1e-9);
    let kinds = Opcode::ALL.into_iter().skip(1);
    let opcodes: serde_json::Map<_, _> =
        kinds.clone().map(|kind| (kind.name().to_owned(), ran.tally.of(kind).into())).collect();
    let mut value = json!({
        "mode": mode,
        "device": ran.on_gpu.as_ref().map_or("cpu", |gpu| gpu.name.as_str()),
        "gpu_error": gpu_error,
        "threads": threads,
        "interactions": interactions,
        "opcodes": opcodes,
        "undefined": ran.tally.undefined,
        "type_errors": ran.tally.type_errors,
        "seconds": seconds,
        "interactions_per_second": speed,
    });
    if let Some(gpu) = &ran.on_gpu {
        value["rounds"] = json!(gpu.rounds);
        value["widest_round"] = json!(gpu.widest);
    }
    if args.collapse.is_some() {
        value["results"] = json!(ran.results);
    } else {
        value["result"] = json!(result);
    }
    out.event(&value, || {
        if !args.stats {
            return result.clone();
        }
        let mut table = Table::new();
        table.load_preset(NOTHING);
        for kind in kinds {
            table.add_row([kind.name().to_owned(), ran.tally.of(kind).to_string()]);
        }
        table.add_row(["interactions".to_owned(), interactions.to_string()]);
        let device = match &ran.on_gpu {
            Some(OnGpu { name, rounds, widest }) => {
                format!("{name}, {rounds} rounds of at most {widest} pairs")
            }
            None if threads == 1 => "1 thread".to_owned(),
            None => format!("{threads} threads"),
        };
        format!(
            "{result}\n\n{table}\n{seconds:.3} s on {device}, {:.1} million interactions a second",
            speed / 1e6,
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        what: FfcmCommand,
    }

    fn line(words: &str) -> Result<()> {
        let line = Line::try_parse_from(["ffcm"].into_iter().chain(words.split(' ')))?;
        ffcm(line.what, &Out { json: true })
    }

    fn book(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    fn error(text: &str, flags: &str) -> String {
        let file = book(text);
        let said = line(format!("run {} {flags}", file.path().display()).trim_end());
        format!("{:#}", said.expect_err("an error"))
    }

    #[test]
    fn books_run_with_one_thread_and_with_more() {
        let file = book("@main = a & 20 ~ $([+] $(22 a))");
        for flags in [
            "",
            " --threads 2",
            " --threads 0 --stats",
            " --device cpu",
            " --device gpu --stats",
            " --mode strict",
        ] {
            line(&format!("run {}{flags}", file.path().display())).expect("it runs");
        }
    }

    #[test]
    fn terms_run_lazily_strictly_and_collapsed() {
        let file = book("@main = (λx. (* x x) &0{2 &1{3 4}})");
        for flags in [
            "",
            " --mode lazy --stats",
            " --mode strict --threads 2",
            " --collapse 2 --depth-first",
            " --collapse 9",
        ] {
            line(&format!("run {}{flags}", file.path().display())).expect("it runs");
        }
        let args = |flags: &str| {
            let words = format!("ffcm run {} {flags}", file.path().display());
            let FfcmCommand::Run(args) = Line::parse_from(words.split_whitespace()).what;
            args
        };
        let results = |flags: &str| {
            let args = args(flags);
            let text = read(&args.file).expect("a text");
            match program(&args, &text).expect("a program") {
                Program::Terms(terms) => lazily(&terms, &args).results,
                Program::Nets(book, terms) => {
                    alone(&book, terms.as_ref(), Limits::default()).expect("it runs").results
                }
            }
        };
        assert_eq!(results(""), ["&0{4 &1{9 16}}"]);
        assert_eq!(results("--mode strict"), ["&0{4 &1{9 16}}"]);
        assert_eq!(results("--collapse 2"), ["4", "9"]);
        assert_eq!(results("--collapse 10 --depth-first"), ["4", "9", "16"]);
    }

    /// What is wrong with a book, and what is said of it. Each names the file, the line and the column.
    const WRONG: &[(&str, &str)] = &[
        ("", ":1:1: nothing is named `@main`"),
        ("@main = a", ":1:9: the wire `a` has one end"),
        ("@main = (a", ":1:9: nothing closes this `(`"),
        ("@main = (a a) & @lop ~ (1 *)\n@loop = *", ":1:17: nothing is named `@lop`: did you mean `@loop`?"),
        ("@main = (x y (x", ":1:14: expected `)`, found `(`"),
        ("@main = λx. y", ":1:13: nothing binds `y` here"),
        ("@main = λx. @nowhere", ":1:13: nothing is named `@nowhere`"),
        ("@main = #A{#A}", ":1:9: `#A` has 1 fields here and 0 elsewhere"),
        ("@main = λx.\n  (x &0{1 2)", ":2:12: expected `}`, found `)`"),
        ("@main = λx. 99999999999", ":1:13: `99999999999` does not fit 32 bits"),
        ("@main = ~ 1 { 1: 2 }", ":1:15: expected an arm"),
        ("@main = {a b", ":1:9: nothing closes this `{`"),
        ("@a = *\n@a = *\n@main = *", ":2:2: `@a` is defined a second time"),
        ("nonsense", ":1:1: expected `@`"),
    ];

    #[test]
    fn what_is_wrong_with_a_book_is_shown_where_it_is() {
        for (text, expected) in WRONG {
            let said = error(text, "");
            assert!(said.contains(expected), "{text}: {said}");
            assert!(said.lines().count() == 3 && said.ends_with('^'), "{said}");
        }
        let bytes = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(bytes.path(), [0xFF, 0xFE]).expect("written");
        let said = line(&format!("run {}", bytes.path().display())).expect_err("no text");
        assert!(format!("{said:#}").contains("invalid utf-8"), "{said:#}");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        assert!(error("@main = 1", "--device gpu --threads 2").contains("no threads"));
        assert!(error("@main = λx. x", "--device gpu").contains("a lazy machine runs on the processor"));
        assert!(
            error("@main = a & 1 ~ $([/] $(0 a))", "--device gpu").contains("1 operations had no result")
        );
        assert!(error("@main = a & 1 ~ $([/] $(0 a))", "").contains("1 operations had no result"));
        assert!(error("@main = (/ 1 0)", "").contains("1 operations had no result"));
        assert!(error("@main = (λx. (x x) 3)", "").contains("1 terms fit no rule"));
        assert!(error("@main = (a b) & @two ~ {a b} @two = ({x y} (x y))", "").contains("a copy of `@two`"));
        let endless = "@main = a & @loop ~ (* a) @loop = (* a) & @loop ~ (* a)";
        for threads in [1, 2] {
            let flags = format!("--interactions-max 1000 --threads {threads}");
            assert!(error(endless, &flags).contains("did not end within"));
        }
        let endless = "@loop(x) = (@loop (+ x 1)) @main = (@loop 0)";
        assert!(error(endless, "--interactions-max 1000").contains("did not end within 1000"));
        let circle = "@main = (λx. (x x) λx. (x x))";
        assert!(error(circle, "--interactions-max 1000").contains("a term stands for itself"));
        assert!(error(endless, "--mode strict --interactions-max 1000").contains("did not end within"));
        assert!(
            error("@nat = &0{0 (+ 1 @nat)} @main = @nat", "--collapse 100 --interactions-max 50")
                .contains("did not end")
        );
        assert!(error("@main = λx. x", "--threads 2").contains("a lazy machine has one thread"));
        assert!(error("@main = λx. #A{x}", "--mode strict").contains("`@main` has a constructor"));
        assert!(error("@main = (a (b a)) & b ~ *", "--mode lazy").contains("is a book of nets"));
        assert!(error("@main = 1", "--mode strict --collapse 2").contains("leave --mode away"));
        assert!(line("run /nowhere.hvm").is_err());
        assert!(line("run book.hvm --threads 1000").is_err());
        assert!(line("run book.hvm --depth-first").is_err());
        assert!(line("run book.hvm --collapse 0").is_err());
    }
}
