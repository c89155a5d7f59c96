//! The project tool: page build, local network, tests, demos, benches.

mod page;
mod setup;
mod sh;
mod tree;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::page::Profile;
use crate::tree::Tree;

/// Builds, runs and tests Formix. Installs what a step needs: compiler targets, npm packages, a browser.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the page and print its sizes.
    Page(PageArgs),
}

#[derive(Debug, Args)]
struct PageArgs {
    /// Small to download: optimised, compressed, named by content (this is the default).
    #[arg(long)]
    release: bool,
    /// Quick to build: plain names, no optimising, no compressing.
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Folder to write the page into.
    #[arg(long, value_name = "DIR", default_value = "dist")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let tree = Tree::find()?;
    match cli.command {
        Task::Page(args) => {
            let profile = if args.dev { Profile::Dev } else { Profile::Release };
            let out = std::path::absolute(&args.out)?;
            print!("{}", page::build(&tree, profile, &out)?);
            Ok(())
        }
    }
}
