//! The project tool: page build, local network, tests, demos, benches.

mod guests;
mod package;
mod page;
mod programs;
mod rings;
mod setup;
mod sh;
mod tree;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::page::{Aim, Profile};
use crate::programs::Speed;
use crate::rings::Choice;
use crate::tree::Tree;

/// Builds, runs and tests Formix. Each step installs what it needs and finds missing: compiler targets, npm packages, a browser.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Start a local network of three heavy nodes and serve the page.
    #[command(
        after_help = "Examples:\n  cargo xtask up\n  cargo xtask up --dev\n  cargo xtask up -- --help    what `formix up` takes"
    )]
    Up {
        /// Build the page quickly instead of small.
        #[arg(long)]
        dev: bool,
        /// Optimise the heavy nodes: minutes longer to build.
        #[arg(long)]
        release: bool,
        /// Handed to `formix up`.
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Run every check there is; the last line counts them.
    #[command(after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --ring tidy --ring unit\n  \
                            cargo xtask test --ring wasm --package store\n  cargo xtask test --list")]
    Test {
        /// Run this ring alone; may be given again.
        #[arg(long = "ring", value_name = "RING")]
        rings: Vec<String>,
        /// In rings that go by package, take this one alone; may be given again.
        #[arg(long = "package", short, value_name = "PACKAGE")]
        packages: Vec<String>,
        /// Print the rings and what each proves, and run nothing.
        #[arg(long)]
        list: bool,
    },
    /// Build the page and print its sizes.
    Page(PageArgs),
    /// Build the Debian package: the program, the page, a systemd unit, manual pages, completions.
    #[command(
        after_help = "Examples:\n  cargo xtask package\n  sudo apt install ./target/debian/formix_*.deb"
    )]
    Package {
        /// Build the program quickly instead of optimised, to look at the package alone.
        #[arg(long)]
        dev: bool,
        /// A release page that is built already, instead of building it.
        #[arg(long, value_name = "DIR")]
        page: Option<PathBuf>,
        /// Folder to write into [default: target/debian].
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Show something with real tabs and real processes; without a name, list what there is.
    #[command(after_help = "Examples:\n  cargo xtask demo\n  cargo xtask demo sum --tabs 5 --natives 20")]
    Demo {
        /// Which demo.
        name: Option<String>,
        /// Handed to the demo.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Measure something; without a name, list what there is.
    #[command(after_help = "Examples:\n  cargo xtask bench\n  cargo xtask bench webrtc --json")]
    Bench {
        /// Which bench.
        name: Option<String>,
        /// Handed to the bench.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run simulated networks, each replayable by its seed.
    #[command(
        after_help = "Examples:\n  cargo xtask sim --seeds 1000 --nodes 200\n  cargo xtask sim --canary"
    )]
    Sim {
        /// Handed to the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Feed decoders hostile bytes, starting from the committed corpus.
    #[command(after_help = "Example:\n  cargo xtask fuzz --help    what the fuzzer takes")]
    Fuzz {
        /// Handed to the fuzzer.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cargo xtask page\n  cargo xtask page --dev --out target/page")]
struct PageArgs {
    /// Small to download: optimised, compressed, named by content (this is the default).
    #[arg(long)]
    release: bool,
    /// Quick to build: plain names, no optimising, no compressing.
    #[arg(long, conflicts_with = "release")]
    dev: bool,
    /// Instead of the page, build this package's program for the browser, as the page's programs are built.
    #[arg(long, value_name = "PACKAGE", conflicts_with = "dev")]
    program: Option<String>,
    /// Optimise that program for speed, as what runs guests is, and not for size.
    #[arg(long, requires = "program")]
    quick: bool,
    /// Folder to write into [default: dist, or target/xtask/PACKAGE].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let tree = Tree::find()?;
    let profile = |dev| if dev { Profile::Dev } else { Profile::Release };
    match cli.task {
        Task::Up { dev, release, args } => {
            let speed = if release { Speed::Optimised } else { Speed::Quick };
            programs::up(&tree, profile(dev), speed, &args)
        }
        Task::Test { list: true, .. } => {
            print!("{}", rings::list());
            Ok(())
        }
        Task::Test { rings, packages, .. } => rings::test(&tree, &Choice { rings, packages }),
        Task::Page(args) => {
            let usual = match &args.program {
                None => "dist".into(),
                Some(package) => tree.target.join("xtask").join(package),
            };
            let out = std::path::absolute(args.out.unwrap_or(usual))?;
            match args.program {
                None => print!("{}", page::build(&tree, profile(args.dev), &out)?),
                Some(package) => {
                    let aim = if args.quick { Aim::Quick } else { Aim::Small };
                    page::program(&tree, &package, aim, &out)?;
                }
            }
            Ok(())
        }
        Task::Package { dev, page, out } => {
            let speed = if dev { Speed::Quick } else { Speed::Package };
            let page = match page {
                Some(page) => std::path::absolute(page)?,
                None => package::page(&tree)?,
            };
            let out = std::path::absolute(out.unwrap_or_else(|| tree.target.join("debian")))?;
            print!("{}", package::build(&tree, speed, &page, &out)?);
            Ok(())
        }
        Task::Demo { name, args } => programs::demo(&tree, name.as_deref(), Speed::Quick, &args),
        Task::Bench { name, args } => programs::bench(&tree, name.as_deref(), &args),
        Task::Sim { args } => programs::package(&tree, "sim", &args),
        Task::Fuzz { args } => programs::package(&tree, "fuzz", &args),
    }
}
