//! A heavy node's side.

mod clock;
mod figure;
mod heavy;
mod parts;

use anyhow::{Context as _, Result};
use clap::Parser;
use figure::Figure;
use keys::SealKey;

/// What reports cost a heavy node. Each line is a figure in JSON.
#[derive(Debug, Parser)]
#[command(name = "speed")]
struct Cli {
    /// Values of each figure of a piece of work.
    #[arg(long, default_value_t = 11)]
    runs: usize,
    /// Whole computations of each number of reports.
    #[arg(long, default_value_t = 1)]
    courses: usize,
    /// Numbers of reports of whole computations; none with 0.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    reports: Vec<u32>,
    /// Schemes of whole computations.
    #[arg(long, value_delimiter = ',', default_values_t = ["prio3".to_owned(), "additive64".to_owned()])]
    schemes: Vec<String>,
}

pub(crate) fn main() -> Result<()> {
    let cli = Cli::parse();
    if cli.runs > 0 {
        print(&parts::measure(cli.runs)?)?;
    }
    for name in &cli.schemes {
        let scheme = crate::measurement::scheme(name).with_context(|| format!("no scheme `{name}`"))?;
        for count in cli.reports.iter().filter(|count| **count > 0) {
            print(&heavy::measure(scheme, *count, cli.courses)?)?;
        }
    }
    Ok(())
}

/// A sealing key as `formix heavy` has it.
fn seal_key(seed: u8) -> SealKey {
    let key = SealKey::from_seed([seed; 32]);
    match exchange::quick() {
        Some(exchange) => key.with_exchange(exchange),
        None => key,
    }
}

fn print(figures: &[Figure]) -> Result<()> {
    for figure in figures {
        println!("{}", serde_json::to_string(figure)?);
    }
    Ok(())
}
