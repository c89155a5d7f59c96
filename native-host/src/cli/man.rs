//! `formix man`: this command line's manual pages.

use anyhow::{Context, Result};
use clap::{Args, Command};
use std::{fs, path::PathBuf};

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder to write them into; it is made where there is none
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes a page for the program and one for each command: `formix.1`, `formix-heavy.1`.
pub(super) fn man(args: &ManArgs, command: Command) -> Result<()> {
    let folder = &args.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| folder.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    #[test]
    fn each_command_has_a_page_that_names_its_flags() {
        let folder = tempfile::tempdir().unwrap();
        let args = ManArgs { folder: folder.path().join("man1") };
        man(&args, Cli::command()).unwrap();
        let page = |name: &str| fs::read_to_string(args.folder.join(name)).unwrap().replace('\\', "");
        for command in Cli::command().get_subcommands() {
            assert!(page("formix.1").contains(&format!("formix-{}(1)", command.get_name())), "{command}");
            assert!(page(&format!("formix-{}.1", command.get_name())).starts_with(".ie"), "{command}");
        }
        for flag in ["--external-ip", "--fellow", "--home"] {
            assert!(page("formix-heavy.1").contains(flag), "{flag}");
        }
        assert!(page("formix-comp-verify.1").contains("formix-comp-verify"));
    }
}
