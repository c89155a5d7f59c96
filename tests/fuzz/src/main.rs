//! Feeds decoders hostile bytes, starting from the committed corpus.

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use codec::ContentId;
use fuzz::{TARGETS, Target, corpus, corpus_folder, mutate::Mutator, target};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

/// Feeds decoders hostile bytes, starting from the committed corpus.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask fuzz",
    bin_name = "cargo xtask fuzz",
    max_term_width = 100,
    after_help = "Examples:\n  cargo xtask fuzz --list\n  cargo xtask fuzz request --seconds 60\n  cargo xtask fuzz --seconds 10"
)]
struct Cli {
    /// Which targets; all of them without a name.
    targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where the mutations begin; another seed gives other ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print the targets and what each reads.
    #[arg(long)]
    list: bool,
    /// Write the inputs that corpora begin with, where they are missing.
    #[arg(long)]
    write_corpus: bool,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if cli.list {
        for target in TARGETS {
            println!("{:<16} {}", target.name, target.about);
        }
        return Ok(());
    }
    let mut chosen = Vec::new();
    for name in &cli.targets {
        chosen.push(target(name).with_context(|| format!("there is no target `{name}`; see --list"))?);
    }
    if chosen.is_empty() {
        chosen.extend(TARGETS);
    }
    if cli.write_corpus {
        return chosen.into_iter().try_for_each(write_corpus);
    }
    let mut broken = Vec::new();
    for target in chosen {
        if !fuzz(target, cli.seed, Duration::from_secs(cli.seconds))? {
            broken.push(target.name);
        }
    }
    if !broken.is_empty() {
        bail!("broken: {}; the inputs are in their corpora now", broken.join(", "));
    }
    Ok(())
}

fn name_of(input: &[u8]) -> String {
    ContentId::of(input).short()
}

fn write_corpus(target: &Target) -> Result<()> {
    let folder = corpus_folder(target.name);
    fs::create_dir_all(&folder)?;
    for seed in (target.seeds)() {
        fs::write(folder.join(name_of(&seed)), &seed)?;
    }
    Ok(())
}

/// Runs one target for a while; false where an input breaks it, which is kept.
fn fuzz(target: &Target, seed: u64, time: Duration) -> Result<bool> {
    let inputs = corpus(target.name).with_context(|| format!("the corpus of {}", target.name))?;
    let mut mutator = Mutator::new(seed, inputs.iter().map(|(_, input)| input.clone()));
    let started = Instant::now();
    let mut ran = 0u64;
    let known = inputs.into_iter().map(|(_, input)| input);
    let mut known = known.collect::<Vec<_>>().into_iter();
    while started.elapsed() < time {
        let input = known.next().unwrap_or_else(|| mutator.next_input());
        ran += 1;
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            let path = corpus_folder(target.name).join(format!("broke-{}", name_of(&input)));
            fs::write(&path, &input)?;
            println!("{:<16} broken after {ran} inputs, by {} bytes", target.name, input.len());
            return Ok(false);
        }
    }
    println!("{:<16} {ran} inputs in {:.0} s", target.name, started.elapsed().as_secs_f32());
    Ok(true)
}
