//! Reports made as a tab makes them and taken as a heavy node takes them, against the clock.
//!
//! Built for the browser, with the page's profile and flags, it is what a worker calls and times (`tab`). Built natively, it is a
//! heavy node's side. `cargo xtask bench aggregate` runs both: `tests/bench/aggregate.mjs`.

mod measurement;

#[cfg(not(target_arch = "wasm32"))]
mod clock;
#[cfg(not(target_arch = "wasm32"))]
mod figure;
#[cfg(not(target_arch = "wasm32"))]
mod parts;
#[cfg(target_arch = "wasm32")]
mod tab;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    use clap::Parser as _;

    /// What reports cost a heavy node. Each line is a figure in JSON.
    #[derive(Debug, clap::Parser)]
    #[command(name = "speed")]
    struct Cli {
        /// Values of each figure.
        #[arg(long, default_value_t = 11)]
        runs: usize,
    }

    let cli = Cli::parse();
    for figure in parts::measure(cli.runs)? {
        println!("{}", serde_json::to_string(&figure)?);
    }
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn main() {
    console_error_panic_hook::set_once();
}
