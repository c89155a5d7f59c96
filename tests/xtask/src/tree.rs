//! Where things are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::setup::Browser;
use crate::sh::Cmd;

/// The checkout that this tool was built from.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// The repository's root.
    pub(crate) root: PathBuf,
    /// Cargo's output folder.
    pub(crate) target: PathBuf,
    /// Cargo's own folder, which holds the registry's sources.
    pub(crate) cargo_home: PathBuf,
}

impl Tree {
    /// Finds the checkout.
    pub(crate) fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let metadata = Cmd::cargo(here).args(["metadata", "--no-deps", "--format-version", "1"]).read()?;
        let metadata: Value = serde_json::from_str(&metadata)?;
        let path = |name: &str| {
            metadata[name]
                .as_str()
                .map(PathBuf::from)
                .with_context(|| format!("cargo metadata gave no {name}"))
        };
        let cargo_home = match std::env::var_os("CARGO_HOME") {
            Some(folder) => folder.into(),
            None => PathBuf::from(std::env::var_os("HOME").context("neither CARGO_HOME nor HOME is set")?)
                .join(".cargo"),
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, cargo_home })
    }

    /// What makes the compiler name source files by their place in the checkout or in a package: where this machine keeps them is
    /// nobody's business, and what is published must not depend on it.
    pub(crate) fn remapped(&self) -> Vec<String> {
        let mut flags = vec![format!("--remap-path-prefix={}=", self.root.display())];
        for index in fs::read_dir(self.cargo_home.join("registry/src")).into_iter().flatten().flatten() {
            flags.push(format!("--remap-path-prefix={}=/crates", index.path().display()));
        }
        flags
    }

    /// `script` with what the browser tests, demos and benches need to know, in variables: `FORMIX_BIN`, `FORMIX_PAGE`,
    /// `CHROMIUM` and `FORMIX_TARGET`.
    pub(crate) fn script_env(&self, script: Cmd, browser: &Browser, page: &Path, profile: &str) -> Cmd {
        script
            .env("FORMIX_BIN", self.target.join(profile).join("formix"))
            .env("FORMIX_PAGE", page)
            .env("FORMIX_TARGET", &self.target)
            .env("CHROMIUM", &browser.chromium)
    }
}
