//! `formix ffcm`: runs programs on the focus-flow compute machine.

use crate::output::Out;
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets::NOTHING};
use ffcm::{
    Book, Finished, Limits, NormalForm, Offloaded, Opcode, Progress, Tally,
    book::{self, SOURCE_BYTES_MAX},
    lazy::Reading,
    program::{self, Program, ProgramError, Run, RunLimits, Trouble},
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

impl From<Mode> for program::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Lazy => Self::Lazy,
            Mode::Strict => Self::Strict,
        }
    }
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
    /// Definitions that were code in the end, and how many calls these did.
    special: (u32, u64),
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
        Program::Nets(book, _) if args.device == Device::Gpu => {
            let done = block_on(on_gpu(book, limits));
            done.map_err(|error| gpu_error = Some(format!("{error:#}"))).ok()
        }
        _ => None,
    };
    if let Some(error) = &gpu_error {
        eprintln!("{file} runs on the processor, not on a GPU: {error}");
    }
    let (ran, threads) = match (by_gpu, &program) {
        // A result that cannot be shown is no fault of the GPU's, and no other device shows it.
        (Some(done), _) => (done.ran(&program)?, 0),
        (None, Program::Terms(_)) if args.threads > 1 => {
            bail!("a lazy machine has one thread: leave --threads away, or say --mode strict")
        }
        (None, Program::Nets(..)) if threads > 1 => (together(&program, limits, threads)?, threads),
        (None, _) => (alone(&program, args)?, 1),
    };
    let trouble = program.trouble(ran.progress, &ran.tally, limits.interactions_max);
    // What ended too soon may have found some results already, and what erred has one.
    let is_told = match &trouble {
        Some(Trouble::UnsafeCopy { .. }) => false,
        Some(Trouble::Full { .. } | Trouble::Capped { .. } | Trouble::Circles { .. }) => {
            !ran.results.is_empty()
        }
        _ => true,
    };
    if is_told {
        tell(args, &program, &ran, threads, gpu_error.as_deref(), out);
    }
    trouble.map_or(Ok(()), |trouble| Err(anyhow!("{file}: {trouble}")))
}

/// The book that a text is, made ready for the mode that is asked for.
fn program(args: &RunArgs, text: &str) -> Result<Program> {
    if args.collapse.is_some() && args.mode == Some(Mode::Strict) {
        bail!("--collapse reduces lazily: leave --mode away");
    }
    let mode = if args.collapse.is_some() { Some(Mode::Lazy) } else { args.mode };
    let is_of_terms = args.file.extension().is_some_and(|extension| extension == "hvml");
    let file = args.file.display();
    Program::read(text, mode.map(Into::into), is_of_terms).map_err(|error| match error {
        // Whose lines begin with its place.
        ProgramError::Book(error) => anyhow!("{file}:{error}"),
        error => anyhow!("{file}: {error}"),
    })
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
    book::text(text).map_err(|error| anyhow!("{}:{error}", file.display()))
}

fn alone(program: &Program, args: &RunArgs) -> Result<Ran> {
    let start = Instant::now();
    let reading = match args.collapse {
        None => Reading::Normal,
        Some(_) if args.depth_first => Reading::DepthFirst,
        Some(_) => Reading::BreadthFirst,
    };
    let limits = RunLimits {
        interactions_max: args.interactions_max.unwrap_or(u64::MAX),
        reading,
        results_max: args.collapse.unwrap_or(1),
        ..RunLimits::default()
    };
    let mut run = Run::new(program, &limits)?;
    let progress = loop {
        let progress = run.go(STRETCH);
        if progress.is_final() {
            break progress;
        }
    };
    if run.is_cut() {
        bail!("the result is too large to be shown as a term");
    }
    let (tally, results) = (run.tally().clone(), run.results().to_vec());
    Ok(Ran { progress, tally, results, time: start.elapsed(), on_gpu: None })
}

fn together(program: &Program, limits: Limits, threads: usize) -> Result<Ran> {
    let start = Instant::now();
    let finished = ffcm_host::run(nets(program)?, limits, threads);
    let time = start.elapsed();
    let results = shown(program, finished.progress(), finished.result())?;
    Ok(Ran { progress: finished.progress(), tally: finished.tally().clone(), results, time, on_gpu: None })
}

/// The nets of a program that is reduced strictly.
fn nets(program: &Program) -> Result<&Book> {
    match program {
        Program::Nets(book, _) => Ok(book),
        Program::Terms(_) => bail!("terms are reduced lazily: say --mode strict"),
    }
}

/// What a GPU reduced, and when it was done.
struct DoneOnGpu<'b> {
    finished: Finished<'b>,
    name: String,
    time: Duration,
}

impl DoneOnGpu<'_> {
    fn ran(&self, program: &Program) -> Result<Ran> {
        let Self { finished, name, time } = self;
        let results = shown(program, finished.progress(), Some(finished.result()))?;
        let (rounds, widest) = finished.rounds();
        let special = finished.special();
        let on_gpu = Some(OnGpu { name: name.clone(), rounds, widest, special });
        Ok(Ran {
            progress: finished.progress(),
            tally: finished.tally().clone(),
            results,
            time: *time,
            on_gpu,
        })
    }
}

/// By the GPU; any error is a reason to turn to the processor.
async fn on_gpu(book: &Book, limits: Limits) -> Result<DoneOnGpu<'_>> {
    let offloaded = Offloaded::new(book, limits)?;
    let gpu = Gpu::open().await?;
    // Its driver makes kernels for a while, which is no part of the run.
    gpu.prepare_nets().await?;
    let start = Instant::now();
    let solution = gpu.reduce(&offloaded.input(), || start.elapsed().as_secs_f64() * 1e3).await?;
    let time = start.elapsed();
    let finished = offloaded.finish(solution)?;
    if let Progress::Full(resource) = finished.progress() {
        bail!("its buffers have no {resource} left after {} interactions", finished.tally().interactions());
    }
    Ok(DoneOnGpu { finished, name: gpu.about().to_string(), time })
}

/// The result of a strict machine that is done.
fn shown(program: &Program, progress: Progress, result: Option<NormalForm<'_>>) -> Result<Vec<String>> {
    let Some(result) = result.filter(|_| progress == Progress::Done) else { return Ok(Vec::new()) };
    let (text, is_whole) = program.shown(&result, usize::MAX);
    if !is_whole {
        bail!("the result is too large to be shown as a term");
    }
    Ok(vec![text])
}

fn tell(args: &RunArgs, program: &Program, ran: &Ran, threads: usize, gpu_error: Option<&str>, out: &Out) {
    let result = ran.results.join("\n");
    let mode = program.mode().name();
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
        value["specialized_definitions"] = json!(gpu.special.0);
        value["specialized_calls"] = json!(gpu.special.1);
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
            Some(OnGpu { name, rounds, widest, special: (0, _) }) => {
                format!("{name}, {rounds} rounds of at most {widest} pairs")
            }
            Some(OnGpu { name, rounds, widest, special: (defs, calls) }) => format!(
                "{name}, {rounds} rounds of at most {widest} pairs, {defs} definitions specialised for {calls} calls"
            ),
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
    fn a_gpu_that_opens_reduces() {
        let Ok(gpu) = block_on(Gpu::open()) else {
            return println!("skipped: there is no GPU here, nor Debian's package mesa-vulkan-drivers");
        };
        let program = Program::read("@main = a & 20 ~ $([+] $(22 a))", None, false).expect("a program");
        let done = block_on(on_gpu(nets(&program).expect("nets"), Limits::default())).expect("it runs there");
        let ran = done.ran(&program).expect("a result");
        assert_eq!((ran.results, ran.tally.interactions()), (vec!["42".to_owned()], 3));
        let OnGpu { name, rounds, .. } = ran.on_gpu.expect("a GPU");
        assert!(rounds > 0 && name == gpu.about().to_string(), "{rounds} rounds on {name}");
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
            let program = program(&args, &text).expect("a program");
            alone(&program, &args).expect("it runs").results
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
        assert!(format!("{said:#}").contains(":1:1: not UTF-8 text"), "{said:#}");
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
