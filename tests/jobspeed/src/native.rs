//! The same natively, timed by the time that this thread had a processor.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use cpu_time::ThreadTime;
use serde_json::json;

use crate::{
    dispatch,
    work::{self, Guest},
};

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
    /// Nodes among which a heavy node's broker hands out jobs.
    #[arg(long, value_delimiter = ',', default_value = "3,2000")]
    nodes: Vec<u32>,
    /// Jobs that it hands out.
    #[arg(long, default_value_t = 2_000)]
    jobs: u32,
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
    let receipt = work::some_receipt();
    let receipts = rates(&cli, |times| work::verify(&receipt, times))?;
    println!("{}", json!({ "name": "receipts_per_s", "values": receipts }));
    for nodes in cli.nodes {
        let values: Result<Vec<f64>> = (0..cli.runs).map(|_| dispatch::p50_us(nodes, cli.jobs)).collect();
        println!("{}", json!({ "name": format!("dispatch_us_of_{nodes}"), "values": values? }));
    }
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
