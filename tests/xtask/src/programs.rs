//! The programs that the tool builds and starts: a local network, demos, benches, the simulator, the fuzzer.
//!
//! A demo is a script `tests/e2e/demo-NAME.mjs`; a bench is a script `tests/bench/NAME.mjs`. The first `//` comment of a script says
//! what it shows. A new one is found by its name alone. What several scripts share stands in a folder below, such as
//! `tests/e2e/support/`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::guests;
use crate::page::{self, Profile};
use crate::setup::{self, Npm};
use crate::sh::Cmd;
use crate::tree::Tree;

/// What the name of a demo's script starts with; the other scripts beside it are tests.
pub(crate) const DEMO: &str = "demo-";

/// Names a `formix` that lies, for the scripts that speak of it.
const LIAR: &str = "FORMIX_LIAR";

/// How the native programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// Cargo's `dev` profile: minutes quicker to build.
    Quick,
    /// Cargo's `bench` profile: optimised.
    Optimised,
    /// The `installed` profile: what is given to others.
    Package,
}

impl Speed {
    fn profile(self) -> &'static str {
        match self {
            Self::Quick => "dev",
            Self::Optimised => "bench",
            Self::Package => "installed",
        }
    }

    /// Where cargo puts this profile's programs, below its output folder. Its own `bench` profile shares `release`.
    fn folder(self) -> &'static str {
        match self {
            Self::Quick => "debug",
            Self::Optimised => "release",
            Self::Package => "installed",
        }
    }
}

/// Builds page and `formix`, then becomes `formix up`.
pub(crate) fn up(tree: &Tree, profile: Profile, speed: Speed, args: &[OsString]) -> Result<()> {
    let page = dist(tree, profile)?;
    let formix = formix(tree, speed)?;
    Cmd::new(formix, &tree.root).env("FORMIX_PAGE", page).arg("up").args(args).exec()
}

/// Runs a demo: real tabs, real heavy processes.
pub(crate) fn demo(tree: &Tree, name: Option<&str>, speed: Speed, args: &[OsString]) -> Result<()> {
    script(tree, &Scripts { what: "demo", folder: "tests/e2e", prefix: DEMO }, name, speed, args)
}

/// Runs a bench.
pub(crate) fn bench(tree: &Tree, name: Option<&str>, args: &[OsString]) -> Result<()> {
    let scripts = Scripts { what: "bench", folder: "tests/bench", prefix: "" };
    script(tree, &scripts, name, Speed::Optimised, args)
}

/// Becomes the program of a Rust package below `tests/`, optimised.
pub(crate) fn package(tree: &Tree, name: &str, args: &[OsString]) -> Result<()> {
    if !tree.root.join("tests").join(name).is_dir() {
        bail!("there is no tests/{name} in this checkout");
    }
    let cargo =
        Cmd::cargo(&tree.root).args(["run", "--quiet", "--profile", "bench", "--package", name, "--"]);
    cargo.args(args).exec()
}

fn dist(tree: &Tree, profile: Profile) -> Result<PathBuf> {
    let out = tree.root.join("dist");
    eprint!("{}", page::build(tree, profile, &out)?);
    Ok(out)
}

/// Builds `formix` and says where it is.
pub(crate) fn formix(tree: &Tree, speed: Speed) -> Result<PathBuf> {
    let mut cargo =
        Cmd::cargo(&tree.root).args(["build", "--profile", speed.profile(), "--package", "native-host"]);
    if speed == Speed::Package {
        cargo = cargo.env("CARGO_ENCODED_RUSTFLAGS", tree.remapped().join("\x1f"));
    }
    cargo.run()?;
    Ok(tree.target.join(speed.folder()).join("formix"))
}

/// A family of scripts.
struct Scripts {
    what: &'static str,
    folder: &'static str,
    prefix: &'static str,
}

fn script(tree: &Tree, scripts: &Scripts, name: Option<&str>, speed: Speed, args: &[OsString]) -> Result<()> {
    let known = scripts.list(&tree.root);
    let Some(name) = name else {
        print!("{}", scripts.table(&known));
        return Ok(());
    };
    let Some((_, path)) = known.iter().find(|(known, _)| known == name) else {
        bail!("there is no {} `{name}`; there are:\n{}", scripts.what, scripts.table(&known));
    };
    let browser = setup::browser(&tree.root)?;
    setup::npm(&tree.root, Npm::Tests)?;
    // What some of them compare with: other languages' verifiers, and programs compiled as jobs.
    let guests = guests::compile(tree)?;
    setup::python(&tree.root)?;
    setup::php(&tree.root)?;
    let page = dist(tree, Profile::Release)?;
    formix(tree, speed)?;
    let node = Cmd::new("node", &tree.root).arg(path).args(args);
    let mut node = tree.script_env(node, &browser, &page, speed.folder()).env("FORMIX_GUESTS", &guests);
    if fs::read_to_string(path)?.contains(LIAR) {
        Cmd::cargo(&tree.root).args(["build", "--profile", speed.profile(), "--package", "liar"]).run()?;
        node = node.env(LIAR, tree.target.join(speed.folder()).join("liar"));
    }
    node.exec()
}

impl Scripts {
    /// Name and path of each script, ordered by name.
    fn list(&self, root: &Path) -> Vec<(String, PathBuf)> {
        let entries = fs::read_dir(root.join(self.folder)).into_iter().flatten().flatten();
        let mut known: Vec<_> =
            entries.filter_map(|entry| Some((self.name(&entry.path())?, entry.path()))).collect();
        known.sort();
        known
    }

    /// `sum` for `demo-sum.mjs`; `None` for a file that is no script of this family.
    fn name(&self, path: &Path) -> Option<String> {
        let stem = path.file_name()?.to_str()?.strip_suffix(".mjs")?.strip_prefix(self.prefix)?;
        Some(stem.to_owned())
    }

    fn table(&self, known: &[(String, PathBuf)]) -> String {
        let mut table = String::new();
        for (name, path) in known {
            let source = fs::read_to_string(path).unwrap_or_default();
            let about = source.lines().find_map(|line| line.strip_prefix("// ")).unwrap_or_default();
            let _ = writeln!(table, "  {name:<12} {about}");
        }
        if known.is_empty() {
            let _ = writeln!(table, "  none: no {}/{}NAME.mjs in this checkout", self.folder, self.prefix);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_by_name_and_described_by_their_first_comment() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tests/e2e");
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("demo-sum.mjs", "#!/usr/bin/env node\n// Sums.\n// More."),
            ("tabs.mjs", ""),
            ("demo-x.txt", ""),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
        let demos = Scripts { what: "demo", folder: "tests/e2e", prefix: "demo-" };
        let known = demos.list(root.path());
        assert_eq!(known, [("sum".to_owned(), folder.join("demo-sum.mjs"))]);
        assert_eq!(demos.table(&known), "  sum          Sums.\n");

        let benches = Scripts { what: "bench", folder: "tests/bench", prefix: "" };
        assert_eq!(benches.list(root.path()), []);
        assert!(benches.table(&[]).contains("none"));
    }
}
