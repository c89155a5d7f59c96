//! `cargo xtask test`: rings of checks, from the quickest to the whole network in real browsers.
//!
//! All rings run, whatever an earlier one found. Each runs its commands one after the other, writes their whole output to
//! `target/xtask/test/RING.log`, shows the lines that tell how far it is, and on failure the last lines of the log.
//!
//! To add a ring: list it in [`RINGS`]; to add a package to a ring: nothing, each ring finds its
//! packages in cargo's metadata.

mod count;
mod log;
mod python;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tidy::{Member, builds_bare_metal, depends_on};

use self::count::{Counts, Harness};
use self::log::Log;
use crate::guests;
use crate::package;
use crate::page::{self, Profile};
use crate::programs::{self, Speed};
use crate::setup::{self, BARE_METAL, GUEST, Npm, WASM};
use crate::sh::Cmd;
use crate::tree::Tree;

/// One ring.
struct Ring {
    /// What `--ring` takes.
    name: &'static str,
    /// What it proves, in a line.
    about: &'static str,
    /// Whether this checkout holds anything for it to run.
    applies: fn(&tidy::Tree) -> bool,
    /// Minutes after which its command is ended and counted as failed.
    limit_min: u64,
    run: fn(&mut Run<'_>) -> Result<()>,
}

/// Every ring, in the order they run.
const RINGS: &[Ring] = &[
    Ring { name: "fmt", about: "sources are formatted", applies: always, limit_min: 2, run: fmt },
    Ring {
        name: "clippy",
        about: "native code has no warnings",
        applies: always,
        limit_min: 25,
        run: clippy,
    },
    Ring {
        name: "clippy-wasm",
        about: "browser code, kernels and core have no warnings",
        applies: always,
        limit_min: 20,
        run: clippy_wasm,
    },
    Ring {
        name: "tidy",
        about: "layers, core's purity, the shape of files",
        applies: always,
        limit_min: 10,
        run: tidy_rules,
    },
    Ring { name: "no-std", about: "core builds for bare metal", applies: always, limit_min: 15, run: no_std },
    Ring { name: "unit", about: "unit, property and doc tests", applies: always, limit_min: 30, run: unit },
    Ring {
        name: "fuzz",
        about: "decoders survive the committed corpus",
        applies: |house| has(house, "tests/fuzz/"),
        limit_min: 15,
        run: fuzz,
    },
    Ring {
        name: "sim",
        about: "simulated networks hold their invariants",
        applies: |house| has(house, "tests/sim/"),
        limit_min: 15,
        run: sim,
    },
    Ring {
        name: "wasm",
        about: "browser crates' own tests in Chromium",
        applies: |house| house.members.iter().any(has_wasm_tests),
        limit_min: 20,
        run: wasm,
    },
    Ring {
        name: "page",
        about: "the release page builds and is small",
        applies: always,
        limit_min: 20,
        run: release_page,
    },
    Ring {
        name: "package",
        about: "what the Debian package installs works",
        applies: |house| has(house, "tests/package/"),
        limit_min: 20,
        run: debian_package,
    },
    Ring {
        name: "e2e",
        about: "tabs, heavy nodes and Python together",
        applies: |house| has(house, "tests/e2e/"),
        limit_min: 40,
        run: e2e,
    },
];

/// Packages whose tests are a ring of their own.
const OWN_RING: &[&str] = &["tidy", "fuzz"];

/// What the person asked for.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// Only these rings; all when empty.
    pub(crate) rings: Vec<String>,
    /// Only these packages, in the rings that go by package; all when empty.
    pub(crate) packages: Vec<String>,
}

/// A running ring.
struct Run<'a> {
    tree: &'a Tree,
    house: &'a tidy::Tree,
    choice: &'a Choice,
    log: Log,
    counts: Counts,
}

/// The names and purposes of the rings, for `--list`.
pub(crate) fn list() -> String {
    let mut list = String::new();
    for ring in RINGS {
        let _ = writeln!(list, "{:<12} {}", ring.name, ring.about);
    }
    list
}

/// Runs the rings; an error when any check failed.
pub(crate) fn test(tree: &Tree, choice: &Choice) -> Result<()> {
    if let Some(unknown) =
        choice.rings.iter().find(|name| RINGS.iter().all(|ring| ring.name != name.as_str()))
    {
        bail!("there is no ring `{unknown}`; there are:\n{}", list());
    }
    let started = Instant::now();
    let house = tidy::Tree::read(&tree.root)?;
    let rings: Vec<_> = RINGS
        .iter()
        .filter(|ring| choice.rings.is_empty() || choice.rings.iter().any(|name| name == ring.name))
        .filter(|ring| (ring.applies)(&house))
        .collect();

    let mut table =
        format!("\n{:<12} {:>7} {:>7} {:>8} {:>8}\n", "ring", "passed", "failed", "skipped", "seconds");
    let mut total = Counts::default();
    for (number, ring) in rings.iter().enumerate() {
        println!("[{}/{}] {}: {}", number + 1, rings.len(), ring.name, ring.about);
        let begun = Instant::now();
        let counts = run_ring(ring, tree, &house, choice)?;
        let seconds = begun.elapsed().as_secs_f32();
        println!("    {counts} in {seconds:.1} s");
        let Counts { passed, failed, skipped } = counts;
        let _ = writeln!(table, "{:<12} {passed:>7} {failed:>7} {skipped:>8} {seconds:>8.1}", ring.name);
        total += counts;
    }
    println!("{table}{:<38} {:>8.1}", "all", started.elapsed().as_secs_f32());
    println!("{total}");
    if total.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

fn run_ring(ring: &Ring, tree: &Tree, house: &tidy::Tree, choice: &Choice) -> Result<Counts> {
    let log = Log::create(tree, ring.name, Duration::from_secs(60 * ring.limit_min))?;
    let mut run = Run { tree, house, choice, log, counts: Counts::default() };
    if let Err(error) = (ring.run)(&mut run) {
        run.log.say(&format!("{error:#}"));
        run.counts.failed += 1;
    }
    if run.counts.failed > 0 {
        run.log.show_end();
    } else if run.counts == Counts::default() && choice.packages.is_empty() {
        run.log.say("nothing ran");
        run.counts.failed += 1;
    }
    Ok(run.counts)
}

impl Run<'_> {
    /// Runs a command that counts as one check.
    fn check(&mut self, command: &Cmd) -> Result<()> {
        let outcome = self.log.run(command)?;
        if outcome.success {
            self.counts.passed += 1;
        } else {
            self.counts.failed += 1;
        }
        Ok(())
    }

    /// Runs a test harness and counts what it reports. One that fails without naming a failed test counts as one failure.
    fn tests(&mut self, command: &Cmd, harness: Harness) -> Result<()> {
        let outcome = self.log.run(command)?;
        let mut counts = harness.count(&outcome.output);
        if !outcome.success && counts.failed == 0 {
            counts.failed = 1;
        }
        self.counts += counts;
        Ok(())
    }

    fn cargo(&self) -> Cmd {
        // A failed test says what and where; a backtrace through the harness would push that out of sight.
        Cmd::cargo(&self.tree.root).env("CARGO_TERM_COLOR", "never").env("RUST_BACKTRACE", "0")
    }

    /// The chosen packages among those that `holds` is true for.
    fn packages(&self, holds: impl Fn(&Member) -> bool) -> Vec<String> {
        let chosen = |name: &String| self.choice.packages.is_empty() || self.choice.packages.contains(name);
        let members = self.house.members.iter().filter(|member| holds(member));
        members.map(|member| member.name.clone()).filter(chosen).collect()
    }
}

/// `--package NAME@VERSION` for each name: all members have one version, and a name alone may also be a dependency's.
fn each(packages: &[String]) -> impl Iterator<Item = String> {
    packages.iter().flat_map(|name| ["--package".to_owned(), format!("{name}@{}", env!("CARGO_PKG_VERSION"))])
}

fn always(_: &tidy::Tree) -> bool {
    true
}

/// Whether the checkout has a file below `folder`.
fn has(house: &tidy::Tree, folder: &str) -> bool {
    house.files.keys().any(|path| path.starts_with(folder))
}

fn has_wasm_tests(member: &Member) -> bool {
    depends_on(member, "wasm-bindgen-test")
}

fn in_browser(member: &Member) -> bool {
    member.folder.starts_with("browser/")
}

fn in_core(member: &Member) -> bool {
    member.folder.starts_with("core/")
}

fn in_kernels(member: &Member) -> bool {
    member.folder.starts_with("kernels/")
}

fn fmt(run: &mut Run<'_>) -> Result<()> {
    run.check(&run.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(run: &mut Run<'_>) -> Result<()> {
    let packages = run.packages(|_| true);
    run.check(
        &run.cargo().args(["clippy", "--all-targets"]).args(each(&packages)).args(["--", "-D", "warnings"]),
    )
}

fn clippy_wasm(run: &mut Run<'_>) -> Result<()> {
    setup::rust_target(&run.tree.root, WASM)?;
    let packages = run.packages(|member| in_browser(member) || in_kernels(member) || in_core(member));
    let cargo = run.cargo().args(["clippy", "--target", WASM]).args(each(&packages));
    run.check(&cargo.args(["--", "-D", "warnings"]))
}

fn tidy_rules(run: &mut Run<'_>) -> Result<()> {
    run.tests(&run.cargo().args(["test", "--package", "tidy", "--no-fail-fast"]), Harness::Cargo)
}

/// Each crate alone: built together, one crate's `std` feature could hide that another needs it.
fn no_std(run: &mut Run<'_>) -> Result<()> {
    setup::rust_target(&run.tree.root, BARE_METAL)?;
    for package in run.packages(builds_bare_metal) {
        run.check(&run.cargo().args(["build", "--target", BARE_METAL, "--package", &package]))?;
    }
    Ok(())
}

fn unit(run: &mut Run<'_>) -> Result<()> {
    setup::python(&run.tree.root)?;
    setup::vulkan(&run.tree.root)?;
    setup::namespaces(&run.tree.root)?;
    setup::rust_target(&run.tree.root, GUEST)?;
    let packages = run.packages(|member| !in_browser(member) && !OWN_RING.contains(&member.name.as_str()));
    run.tests(&run.cargo().args(["test", "--no-fail-fast"]).args(each(&packages)), Harness::Cargo)
}

fn fuzz(run: &mut Run<'_>) -> Result<()> {
    run.tests(&run.cargo().args(["test", "--package", "fuzz", "--no-fail-fast"]), Harness::Cargo)
}

fn sim(run: &mut Run<'_>) -> Result<()> {
    let cargo = run.cargo().args(["run", "--profile", "bench", "--package", "sim", "--"]);
    run.check(&cargo.args(["--seeds", "20", "--nodes", "30"]))
}

/// The tests of each package that asks for wasm-bindgen-test.
fn wasm(run: &mut Run<'_>) -> Result<()> {
    let packages = run.packages(has_wasm_tests);
    if packages.is_empty() {
        return Ok(());
    }
    setup::rust_target(&run.tree.root, WASM)?;
    let browser = setup::browser(&run.tree.root)?;
    let built = run.log.run(&run.cargo().args(["build", "--package", "wasm-runner"]))?;
    if !built.success {
        bail!("wasm-runner does not build");
    }
    let driver = run.tree.target.join("xtask/webdriver.json");
    let capabilities = serde_json::json!({ "goog:chromeOptions": {
        "binary": browser.chromium,
        "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-webgpu"],
    }});
    page::write(&driver, capabilities.to_string().as_bytes())?;
    let cargo = run
        .cargo()
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", run.tree.target.join("debug/wasm-runner"))
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &driver)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    let cargo = cargo.args(["test", "--tests", "--target", WASM, "--no-fail-fast"]);
    run.tests(&cargo.args(each(&packages)), Harness::Cargo)
}

fn release_page(run: &mut Run<'_>) -> Result<()> {
    let report = page::build(run.tree, Profile::Release, &run.tree.root.join("dist"))?;
    run.log.say(&report.to_string());
    run.counts.passed += 1;
    Ok(())
}

/// The package with the debug build of `formix`: whether it is laid out well does not hang on the optimiser.
fn debian_package(run: &mut Run<'_>) -> Result<()> {
    let root = &run.tree.root;
    let page = package::page(run.tree)?;
    let package = package::build(run.tree, Speed::Quick, &page, &run.tree.target.join("xtask/debian"))?;
    run.log.say(&package.to_string());
    run.counts.passed += 1;
    let node = Cmd::new("node", root).args(["--test", "--test-reporter=tap"]);
    let node = node.args(test_scripts(&root.join("tests/package"))?).env("FORMIX_DEB", package.deb);
    run.tests(&node, Harness::Tap)
}

/// Each script in `tests/e2e` that is no demo, against the debug build of `formix` and the page in `dist`; then what speaks to heavy nodes by HTTP.
fn e2e(run: &mut Run<'_>) -> Result<()> {
    let root = &run.tree.root;
    let browser = setup::browser(root)?;
    setup::npm(root, Npm::Tests)?;
    setup::python(root)?;
    setup::php(root)?;
    let guests = guests::compile(run.tree)?;
    let page = root.join("dist");
    page::build(run.tree, Profile::Release, &page)?;
    let built = run.log.run(&run.cargo().args(["build", "--package", "native-host"]))?;
    if !built.success {
        bail!("native-host does not build");
    }
    let mut node = Cmd::new("node", root).args(["--test", "--test-concurrency=1", "--test-reporter=tap"]);
    node = node.args(test_scripts(&root.join("tests/e2e"))?);
    let node = run.tree.script_env(node, &browser, &page, "debug").env("FORMIX_GUESTS", &guests);
    run.tests(&node, Harness::Tap)?;
    let package = root.join("sdk/typescript");
    run.tests(&Cmd::new("node", &package).args(["--test", "--test-reporter=tap", "tests/"]), Harness::Tap)?;
    python::test(run, &guests)
}

fn test_scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".mjs") && !name.starts_with(programs::DEMO) {
            scripts.push(path);
        }
    }
    scripts.sort();
    if scripts.is_empty() {
        bail!("no test script in {}", folder.display());
    }
    Ok(scripts)
}
