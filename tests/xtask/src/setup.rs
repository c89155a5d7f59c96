//! What a fresh Debian machine lacks, found or installed: compiler targets, npm packages, a browser, Python, PHP, a GPU's driver.
//!
//! Every function returns at once when the thing is there already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::sh::Cmd;
use crate::tree::Tree;

/// The target of everything that runs in a browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
/// The target of the programs that jobs run.
pub(crate) const GUEST: &str = "wasm32-wasip1";
/// A target without an operating system: what builds for it reads no clock, file or socket.
pub(crate) const BARE_METAL: &str = "thumbv7em-none-eabi";

/// Makes the compiler able to build for `target`.
pub(crate) fn rust_target(root: &Path, target: &str) -> Result<()> {
    let libdir = Cmd::new("rustc", root).args(["--print", "target-libdir", "--target", target]).read()?;
    if Path::new(libdir.trim()).is_dir() {
        return Ok(());
    }
    Cmd::new("rustup", root)
        .args(["target", "add", target])
        .run()
        .with_context(|| format!("the standard library for {target} is missing, and only rustup can add it"))
}

/// Which npm packages a step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Npm {
    /// What the page build takes.
    Page,
    /// What the browser tests, demos and benches take as well.
    Tests,
}

/// Makes `node_modules` hold the versions that package.json pins.
pub(crate) fn npm(root: &Path, need: Npm) -> Result<()> {
    let manifest: Value = serde_json::from_slice(&fs::read(root.join("package.json"))?)?;
    let groups: &[&str] = match need {
        Npm::Page => &["dependencies"],
        Npm::Tests => &["dependencies", "devDependencies"],
    };
    let pinned = groups.iter().filter_map(|group| manifest[group].as_object()).flatten();
    if pinned.into_iter().all(|(name, version)| installed_version(root, name).as_ref() == Some(version)) {
        return Ok(());
    }
    let mut install = Cmd::new("npm", root).args(["ci", "--no-audit", "--no-fund"]);
    if need == Npm::Page {
        install = install.arg("--omit=dev");
    }
    install.run().context(
        "npm could not install the packages that package-lock.json names (Node 20 or later is needed)",
    )
}

fn installed_version(root: &Path, name: &str) -> Option<Value> {
    let manifest = fs::read(root.join("node_modules").join(name).join("package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    Some(manifest["version"].clone())
}

/// The browser and its WebDriver.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    /// The Chromium binary.
    pub(crate) chromium: PathBuf,
    /// The matching chromedriver.
    pub(crate) driver: PathBuf,
}

/// Finds Chromium and chromedriver, or installs Debian's packages of them.
///
/// `CHROMIUM` and `CHROMEDRIVER` name other binaries.
pub(crate) fn browser(root: &Path) -> Result<Browser> {
    if let Some(found) = find_browser() {
        return Ok(found);
    }
    install(root, &["chromium", "chromium-driver"]).context(
        "the browser tests need Chromium and chromedriver: install Debian's packages `chromium` and \
         `chromium-driver`, or set CHROMIUM and CHROMEDRIVER to the two binaries",
    )?;
    match find_browser() {
        Some(found) => Ok(found),
        None => bail!("Chromium was installed, but neither `chromium` nor `chromedriver` is on PATH"),
    }
}

/// The version of cargo-deb that lays out the package: another may take its settings for something else.
const CARGO_DEB: &str = "3.8.0";

/// Finds cargo-deb among the tool's own programs, or builds it there; and Debian's programs that it and its checks call.
pub(crate) fn cargo_deb(tree: &Tree) -> Result<PathBuf> {
    let needed = [("dpkg-shlibdeps", "dpkg-dev"), ("systemd-analyze", "systemd")];
    let missing: Vec<&str> = needed
        .iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        install(&tree.root, &missing).with_context(|| {
            format!("the Debian package is made and checked with programs of Debian's packages {missing:?}")
        })?;
    }
    let own = tree.target.join("xtask/tools");
    let program = own.join("bin/cargo-deb");
    let version = || Cmd::new(&program, &tree.root).arg("--version").read();
    if !program.is_file() || !version().is_ok_and(|said| said.trim().ends_with(CARGO_DEB)) {
        let cargo = Cmd::cargo(&tree.root).args(["install", "--locked", "--version", CARGO_DEB, "--root"]);
        cargo.arg(&own).arg("cargo-deb").run()?;
    }
    Ok(program)
}

/// Makes `python3` able to create virtual environments, in which tests install what they pin.
pub(crate) fn python(root: &Path) -> Result<()> {
    if Cmd::new("python3", root).args(["-c", "import ensurepip, venv"]).read().is_ok() {
        return Ok(());
    }
    install(root, &["python3", "python3-venv"]).context(
        "what is compared with Python's libraries needs Python 3.10 or later with its venv module: install Debian's package `python3-venv`",
    )
}

/// Makes `php` able to verify signatures, as what is for PHP in `sdk` does, and to run its tests.
pub(crate) fn php(root: &Path) -> Result<()> {
    let sodium = "exit(extension_loaded('sodium') ? 0 : 1);";
    let has_sodium = Cmd::new("php", root).args(["-r", sodium]).read().is_ok();
    if has_sodium && Cmd::new("phpunit", root).arg("--version").read().is_ok() {
        return Ok(());
    }
    install(root, &["php-cli", "phpunit"]).context(
        "the package for PHP needs PHP 8.2 with sodium, and its tests need PHPUnit: install Debian's packages `php-cli` and `phpunit`",
    )
}

/// Makes kernels run natively, on the processor where there is no GPU: the loader of Vulkan's drivers, and Mesa's drivers.
pub(crate) fn vulkan(root: &Path) -> Result<()> {
    // Where loaders look, on any distribution and with a vendor's own driver.
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let has_driver = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().next().is_some();
    let loader = Cmd::new("ldconfig", root)
        .arg("-p")
        .read()
        .or_else(|_| Cmd::new("/sbin/ldconfig", root).arg("-p").read());
    if has_driver && loader.is_ok_and(|libraries| libraries.contains("libvulkan.so.1")) {
        return Ok(());
    }
    install(root, &["libvulkan1", "mesa-vulkan-drivers"]).context(
        "what GPUs compute needs a Vulkan driver: install Debian's packages `libvulkan1` and `mesa-vulkan-drivers`, which also compute \
         without a GPU",
    )
}

/// Makes root able to build networks of namespaces, in which tests put nodes behind routers, one of which opens ports for who asks. Anybody else is not: such tests are ignored then.
pub(crate) fn namespaces(root: &Path) -> Result<()> {
    if Cmd::new("id", root).arg("-u").read()?.trim() != "0" {
        return Ok(());
    }
    let missing: Vec<&str> = [("ip", "iproute2"), ("nft", "nftables")]
        .iter()
        .filter(|(program, _)| on_path(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        install(root, &missing)
            .with_context(|| format!("tests of nodes behind routers need Debian's packages {missing:?}"))?;
    }
    // Not every system has it. Its test is ignored then, which is told.
    if on_path("miniupnpd").is_none()
        && let Err(error) = install(root, &["miniupnpd-nftables"])
    {
        eprintln!("no router that opens ports can be tested: {error:#}");
    }
    Ok(())
}

/// Installs Debian's packages of these names.
fn install(root: &Path, packages: &[&str]) -> Result<()> {
    let apt = |args: &[&str]| {
        let user = Cmd::new("id", root).arg("-u").read()?;
        let command = match user.trim() {
            "0" => Cmd::new("apt-get", root),
            _ => Cmd::new("sudo", root).arg("apt-get"),
        };
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive").run()
    };
    apt(&["update"])
        .and_then(|()| apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat()))
}

fn find_browser() -> Option<Browser> {
    Some(Browser { chromium: find("CHROMIUM", "chromium")?, driver: find("CHROMEDRIVER", "chromedriver")? })
}

/// The binary that `variable` names, or the first one called `program` on `PATH`.
fn find(variable: &str, program: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).or_else(|| on_path(program))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}
