//! `formix work`: what a light node of this home gives to other people's jobs, and what it has run.

use super::local::Local;
use crate::{guests, home::Home, output::Out};
use ::node::Command;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::NOTHING};
use jobs::{Contribution, ContributionView};
use serde_json::json;

/// Latest jobs that are shown.
const SHOWN: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum WorkCommand {
    /// Show what is given, what runs now and for whom, and what has run
    Show(OfNode),
    /// Run other people's jobs from now on; limits that are not named stay as they are
    #[command(
        after_help = "Examples:\n  formix work start\n  formix work start --slots 2 --memory 1024 --wall 10m"
    )]
    Start {
        /// Jobs at a time [default: one for each processor]
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
        slots: Option<u16>,
        /// The most memory for one job, in MiB
        #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=4096))]
        memory: Option<u64>,
        /// The most fuel for one job
        #[arg(long)]
        fuel: Option<u64>,
        /// The most time for one job, as in `10m`
        #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
        wall: Option<std::time::Duration>,
        /// Hold parts of other people's graphs as well, or do not
        #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        graphs: Option<bool>,
        #[command(flatten)]
        node: OfNode,
    },
    /// Run no more jobs of others; those that run are handed back
    Stop(OfNode),
}

#[derive(Debug, Args)]
pub(super) struct OfNode {
    /// Which light node: its name, or a part of its id [default: the only one]
    #[arg(long)]
    node: Option<String>,
}

pub(super) async fn work(what: WorkCommand, home: &Home, out: &Out) -> Result<()> {
    let local = |of: &OfNode| Local::find(home, of.node.as_deref());
    let local = match what {
        WorkCommand::Show(of) => local(&of)?,
        WorkCommand::Stop(of) => {
            let local = local(&of)?;
            local.command(Command::Pause).await?;
            local
        }
        WorkCommand::Start { slots, memory, fuel, wall, graphs, node } => {
            let local = local(&node)?;
            let before = local.view().await?.contribution.settings;
            let wall_ms = wall.map(|wall| u32::try_from(wall.as_millis()).unwrap_or(u32::MAX));
            let contribution = Contribution {
                on: true,
                graphs: graphs.unwrap_or(before.graphs),
                slots: slots.unwrap_or_else(guests::slots),
                memory_bytes_max: memory.map_or(before.memory_bytes_max, |mib| mib << 20),
                fuel_max: fuel.unwrap_or(before.fuel_max),
                wall_ms_max: wall_ms.unwrap_or(before.wall_ms_max),
            };
            local.command(Command::Contribute(contribution)).await.context("giving to jobs")?;
            local
        }
    };
    let view = local.view().await?.contribution;
    let value = json!({ "node": local.record.name, "contribution": view });
    out.event(&value, || words(&local.record.name, &view));
    Ok(())
}

fn words(name: &str, view: &ContributionView) -> String {
    let settings = &view.settings;
    let mut text = if settings.on {
        format!(
            "`{name}` runs other people's jobs: {} at a time, each with at most {} MiB, {} fuel and {} s",
            settings.slots,
            settings.memory_bytes_max >> 20,
            settings.fuel_max,
            settings.wall_ms_max / 1_000,
        )
    } else {
        format!("`{name}` runs no jobs of others; `formix work start` changes that")
    };
    if settings.on && settings.graphs {
        text += "\nIt holds parts of other people's graphs as well; everybody may read that, and its kind of device.";
    }
    if settings.on && view.offered.is_empty() {
        text += "\nNo heavy node knows of it now: the node is not running, or not connected.";
    }
    let credit = &view.credit;
    if credit.jobs > 0 {
        text += &format!(
            "\n{} answers were taken, {} fuel: {} agreed with others', {} did not, {} stand alone",
            credit.jobs, credit.fuel, credit.agreed, credit.disagreed, credit.unchecked
        );
    }
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["job", "name", "for", "how it stands", "fuel"]);
    for job in &view.running {
        let step = format!("{:?}", job.step).to_lowercase();
        table.add_row([
            job.job.short(),
            job.name.clone(),
            format!("…{}", job.submitter.short()),
            step,
            String::new(),
        ]);
    }
    for past in view.history.iter().take(SHOWN) {
        table.add_row([
            past.job.short(),
            past.name.clone(),
            format!("…{}", past.submitter.short()),
            if past.is_taken { past.ending.clone() } else { format!("{} (not taken)", past.ending) },
            past.fuel.to_string(),
        ]);
    }
    if table.row_count() > 0 {
        text += &format!("\n\n{}", table.trim_fmt());
    }
    text
}
