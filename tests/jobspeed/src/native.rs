//! The same natively, timed by the time that this thread had a processor.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use cpu_time::ThreadTime;
use serde_json::json;

use crate::work::{self, Guest};

/// What a guest and a receipt cost natively. Each line is a figure in JSON.
#[derive(Debug, Parser)]
#[command(name = "jobspeed")]
struct Cli {
    /// A guest that takes its work as a number.
    #[arg(long)]
    guest: PathBuf,
    /// Its work: one line tells what it printed and its fuel.
    #[arg(long, default_value_t = 10)]
    number: u32,
    /// Values of each figure.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Seconds that each value is measured for, at least.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
}

pub(crate) fn main() -> Result<()> {
    let cli = Cli::parse();
    let wasm = std::fs::read(&cli.guest).with_context(|| format!("reading {}", cli.guest.display()))?;
    let guest = Guest::new(&wasm)?;
    let execution = guest.run(cli.number);
    ensure!(execution.ending.succeeded(), "the guest failed: {}", execution.ending);
    let printed = String::from_utf8_lossy(&execution.stdout);
    println!("{}", json!({ "name": "guest", "printed": printed, "fuel": execution.fuel }));
    let iterations = rates(&cli, |times| guest.run(times).ending.succeeded())?;
    println!("{}", json!({ "name": "iterations_per_s", "values": iterations }));
    let receipt = work::receipt();
    let receipts = rates(&cli, |times| work::verify(&receipt, times))?;
    println!("{}", json!({ "name": "receipts_per_s", "values": receipts }));
    Ok(())
}

/// How often a second `work` is done, several times measured.
fn rates(cli: &Cli, work: impl Fn(u32) -> bool) -> Result<Vec<f64>> {
    let took = |times| -> Result<f64> {
        let start = ThreadTime::now();
        ensure!(work(times), "the work fails when it is done {times} times");
        Ok(start.elapsed().as_secs_f64())
    };
    let mut times = 1_u32;
    while took(times)? < cli.seconds {
        times = times.checked_mul(2).context("the work takes no time at all")?;
    }
    (0..cli.runs).map(|_| Ok(f64::from(times) / took(times)?)).collect()
}
