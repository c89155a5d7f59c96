//! `formix ffcm`: runs programs on the focus-flow compute machine.

use crate::output::Out;
use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets::NOTHING};
use ffcm::{Book, Limits, Machine, Opcode, Progress, Tally, book::SOURCE_BYTES_MAX};
use serde_json::json;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Pairs that one thread reduces between two looks at its limits.
const STRETCH: u64 = 1 << 24;

#[derive(Debug, Subcommand)]
pub(super) enum FfcmCommand {
    /// Reduce a book's `@main` to its normal form, and print it
    #[command(after_help = "Examples:\n  \
        formix ffcm run sum.hvm\n  \
        formix ffcm run sum.hvm --threads 2 --stats\n  \
        echo '@main = a & 20 ~ $([+] $(22 a))' | formix ffcm run -")]
    Run(RunArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// A book as HVM2 writes it (`.hvm`); `-` for standard input
    file: PathBuf,
    /// What computes
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

/// What came of a run.
struct Ran {
    progress: Progress,
    tally: Tally,
    result: Option<String>,
    time: Duration,
}

pub(super) fn ffcm(what: FfcmCommand, out: &Out) -> Result<()> {
    match what {
        FfcmCommand::Run(args) => run(&args, out),
    }
}

fn run(args: &RunArgs, out: &Out) -> Result<()> {
    if args.device == Device::Gpu {
        bail!("this formix has no GPU machine yet: leave --device away, or say --device cpu");
    }
    let text = read(&args.file)?;
    let book = Book::read(&text).map_err(|error| anyhow!("{}:{error}", args.file.display()))?;
    let threads = match args.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads.into(),
    };
    let limits = Limits { interactions_max: args.interactions_max.unwrap_or(u64::MAX), ..Limits::default() };
    let ran = if threads == 1 { alone(&book, limits)? } else { together(&book, limits, threads) };
    match ran.progress {
        Progress::Done => {}
        Progress::Full(resource) => {
            bail!(
                "{} has no {resource} left after {} interactions",
                args.file.display(),
                ran.tally.interactions()
            )
        }
        _ => bail!("{} did not end within {} interactions", args.file.display(), ran.tally.interactions()),
    }
    if let Some(def) = ran.tally.unsafe_def {
        bail!(
            "{}: a duplicator asks for a copy of `@{}`, which holds duplicators or refers to some that do: \
             the copies would be mixed up. Pass it on without copying, or write it out where it is used",
            args.file.display(),
            book.defs()[def as usize].name(),
        );
    }
    tell(args, &ran, threads, out);
    if ran.tally.undefined > 0 {
        bail!(
            "{} operations had no result and gave 0: a division by zero, or an operator that the numbers have not",
            ran.tally.undefined
        );
    }
    Ok(())
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

fn alone(book: &Book, limits: Limits) -> Result<Ran> {
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
    let result = (progress == Progress::Done).then(|| machine.result().to_string());
    Ok(Ran { progress, tally: machine.tally().clone(), result, time })
}

fn together(book: &Book, limits: Limits, threads: usize) -> Ran {
    let start = Instant::now();
    let finished = ffcm_host::run(book, limits, threads);
    let time = start.elapsed();
    let done = finished.progress() == Progress::Done;
    let result = finished.result().filter(|_| done).map(|result| result.to_string());
    Ran { progress: finished.progress(), tally: finished.tally().clone(), result, time }
}

fn tell(args: &RunArgs, ran: &Ran, threads: usize, out: &Out) {
    let result = ran.result.as_deref().unwrap_or_default();
    let (interactions, seconds) = (ran.tally.interactions(), ran.time.as_secs_f64());
    let speed = interactions as f64 / seconds.max(1e-9);
    let kinds = Opcode::ALL.into_iter().skip(1);
    let opcodes: serde_json::Map<_, _> =
        kinds.clone().map(|kind| (kind.name().to_owned(), ran.tally.of(kind).into())).collect();
    let value = json!({
        "result": result,
        "device": "cpu",
        "threads": threads,
        "interactions": interactions,
        "opcodes": opcodes,
        "undefined": ran.tally.undefined,
        "seconds": seconds,
        "interactions_per_second": speed,
    });
    out.event(&value, || {
        if !args.stats {
            return result.to_owned();
        }
        let mut table = Table::new();
        table.load_preset(NOTHING);
        for kind in kinds {
            table.add_row([kind.name().to_owned(), ran.tally.of(kind).to_string()]);
        }
        table.add_row(["interactions".to_owned(), interactions.to_string()]);
        format!(
            "{result}\n\n{table}\n{seconds:.3} s on {threads} {}, {:.1} million interactions a second",
            if threads == 1 { "thread" } else { "threads" },
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
        for flags in ["", " --threads 2", " --threads 0 --stats", " --device cpu"] {
            line(&format!("run {}{flags}", file.path().display())).expect("it runs");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(error("@main = a", "").contains(":1:9: the wire `a` has one end"));
        assert!(error("@main = 1", "--device gpu").contains("no GPU machine yet"));
        assert!(error("@main = a & 1 ~ $([/] $(0 a))", "").contains("1 operations had no result"));
        assert!(error("@main = (a b) & @two ~ {a b} @two = ({x y} (x y))", "").contains("a copy of `@two`"));
        let endless = "@main = a & @loop ~ (* a) @loop = (* a) & @loop ~ (* a)";
        for threads in [1, 2] {
            let flags = format!("--interactions-max 1000 --threads {threads}");
            assert!(error(endless, &flags).contains("did not end within"));
        }
        assert!(line("run /nowhere.hvm").is_err());
        assert!(line("run book.hvm --threads 1000").is_err());
    }
}
