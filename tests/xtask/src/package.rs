//! `cargo xtask package`: the Debian package.
//!
//! cargo-deb packs what `[package.metadata.deb]` of `native-host/Cargo.toml` lists. What is built stands in a folder of its own when it
//! starts, laid out as below cargo's output folder, so that a package can be made of either build of the program:
//!
//! ```text
//! target/xtask/package/release/   formix  page/  man/  completions/
//! ```

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::page::{self, Profile, files_under};
use crate::programs::{self, Speed};
use crate::setup;
use crate::sh::Cmd;
use crate::tree::Tree;

/// Completions that are installed, and the name that each shell looks for.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "formix.bash"), ("fish", "formix.fish"), ("zsh", "_formix")];

/// The most that `systemd-analyze security` may find of a service's exposure, in tenths; it rates from 0 to 10.
const EXPOSURE_TENTHS_MAX: u32 = 20;

/// A package that was built.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its file.
    pub(crate) deb: PathBuf,
    /// What systemd says of its unit.
    exposure: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = fs::metadata(&self.deb).map_or(0, |file| file.len());
        writeln!(f, "{}\n{}: {bytes} bytes", self.exposure, self.deb.display())
    }
}

/// Builds the page that the package holds, and says where it is.
pub(crate) fn page(tree: &Tree) -> Result<PathBuf> {
    let page = tree.root.join("dist");
    page::build(tree, Profile::Release, &page)?;
    Ok(page)
}

/// Builds the package with this page into the folder `out`, and has systemd check its unit.
pub(crate) fn build(tree: &Tree, speed: Speed, page: &Path, out: &Path) -> Result<Package> {
    let cargo_deb = setup::cargo_deb(tree)?;
    let formix = programs::formix(tree, speed)?;
    let work = tree.target.join("xtask/package");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    stage(tree, &formix, page, &work.join("release"))?;

    // Where the tool looks for what cargo has built.
    let pack = Cmd::new(cargo_deb, &tree.root).env("CARGO_TARGET_DIR", &work);
    let pack = pack.args(["--package", "native-host", "--no-build", "--output"]).arg(&work);
    match speed {
        Speed::Quick => pack.args(["--strip", "--fast"]),
        _ => pack.arg("--no-strip"),
    }
    .run()?;
    let built = files_in(&work, "deb")?;
    let [built] = built.as_slice() else { bail!("one package was to be built, not {built:?}") };

    let root = work.join("root");
    Cmd::new("dpkg-deb", &tree.root).arg("--extract").args([built, &root]).run()?;
    let exposure = check_unit(tree, &root)?;
    fs::create_dir_all(out)?;
    let deb = out.join(built.file_name().context("a file has a name")?);
    fs::copy(built, &deb).with_context(|| deb.display().to_string())?;
    Ok(Package { deb, exposure })
}

/// Lays out what is built.
fn stage(tree: &Tree, formix: &Path, page: &Path, stage: &Path) -> Result<()> {
    let program = stage.join("formix");
    fs::create_dir_all(stage)?;
    fs::copy(formix, &program).with_context(|| formix.display().to_string())?;
    for file in files_under(page)? {
        let to = stage.join("page").join(file.strip_prefix(page)?);
        page::write(&to, &fs::read(&file)?)?;
    }
    Cmd::new(&program, &tree.root).arg("man").arg(stage.join("man")).run()?;
    for (shell, name) in COMPLETIONS {
        let script = Cmd::new(&program, &tree.root).args(["completions", shell]).read()?;
        page::write(&stage.join("completions").join(name), script.as_bytes())?;
    }
    Ok(())
}

/// Has systemd read the unit as it is installed below `root`; gives its rating.
fn check_unit(tree: &Tree, root: &Path) -> Result<String> {
    let root_flag = format!("--root={}", root.display());
    let unit = "formix.service";
    let analyze = || Cmd::new("systemd-analyze", &tree.root);
    // What a bare root lacks is not the unit's fault: `--man=no`, and only the units that it has.
    analyze().args(["verify", "--man=no", "--recursive-errors=no", &root_flag, unit]).run()?;
    let threshold = format!("--threshold={EXPOSURE_TENTHS_MAX}");
    let rated =
        analyze().args(["security", "--no-pager", "--offline=yes", &threshold, &root_flag, unit]).read()?;
    let line = rated.lines().rev().find(|line| line.contains("exposure level"));
    Ok(line.context("systemd-analyze security rates the unit")?.trim().to_owned())
}

/// The files of this extension that stand in `folder` itself.
fn files_in(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|found| found == extension)).collect())
}
