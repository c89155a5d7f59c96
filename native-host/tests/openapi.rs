//! schemathesis reads `/api/openapi.json` of a real heavy node, asks it thousands of things, and finds nothing that it does not say.
//!
//! It installs the schemathesis that `tests/schemathesis/requirements.txt` pins below `target/`, so it needs Python and PyPI: the
//! `e2e` ring of `cargo xtask test` runs it.

mod common;

use common::{Network, run_json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// How long schemathesis may take.
const BUDGET: Duration = Duration::from_secs(240);
/// How long its installation may take.
const INSTALL: Duration = Duration::from_secs(300);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemathesis")
}

async fn succeeds(command: &mut Command, limit: Duration) -> String {
    let command = command.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(limit, command.output()).await.expect("it ends in time").expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// A schemathesis of the pinned version.
async fn schemathesis() -> PathBuf {
    let pinned = fs::read_to_string(folder().join("requirements.txt")).unwrap();
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let (program, installed) = (venv.join("bin/schemathesis"), venv.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == pinned) && program.exists() {
        return program;
    }
    succeeds(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv), INSTALL).await;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    let requirements = folder().join("requirements.txt");
    succeeds(Command::new(venv.join("bin/python")).args(pip).arg(requirements), INSTALL).await;
    fs::write(installed, pinned).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PyPI; `cargo xtask test --ring e2e` runs it"]
async fn schemathesis_finds_nothing() {
    let program = schemathesis().await;
    let network = Network::start().await;
    let home = tempfile::tempdir().unwrap();
    // One that has ended and one that is open, so that there is something to see.
    let ended = network.propose(home.path(), &["--deadline", "1h"]).await;
    run_json(home.path(), &["comp", "cancel", &ended, "--host", network.url(0)]).await;
    network.propose(home.path(), &["--deadline", "1h"]).await;
    let module = home.path().join("nothing.wasm");
    fs::write(&module, wat::parse_str(r#"(module (func (export "_start")))"#).unwrap()).unwrap();
    let spec = home.path().join("nothing.yaml");
    fs::write(&spec, "module: nothing.wasm\ncount: 2\n").unwrap();
    run_json(home.path(), &["job", "submit", &spec.display().to_string(), "--host", network.url(0)]).await;
    let mut run = Command::new(program);
    run.current_dir(home.path()).arg("--config-file").arg(folder().join("schemathesis.toml")).args([
        "run",
        "--no-color",
        &format!("{}/api/openapi.json", network.url(0)),
    ]);
    println!("{}", succeeds(&mut run, BUDGET).await);
}
