//! Logs: `tracing` to standard error.

use crate::output::wants_colour;
use anyhow::{Context, Result};
use clap::ValueEnum;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A line for people.
    Human,
    /// A JSON object a line.
    Json,
}

/// Starts logging. A process that serves tells what it does; one that answers a question only what is wrong.
pub(super) fn start(format: LogFormat, filter: Option<&str>, serves: bool) -> Result<()> {
    let from_env = std::env::var("FORMIX_LOG").ok().filter(|filter| !filter.is_empty());
    let default = if serves { "warn,libp2p_kad=error,native_host=info" } else { "error" };
    let filter = filter.map(str::to_owned).or(from_env).unwrap_or_else(|| default.into());
    let filter = EnvFilter::try_new(&filter).with_context(|| format!("the log filter `{filter}`"))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Human => logs.with_ansi(io::stderr().is_terminal() && wants_colour()).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}
