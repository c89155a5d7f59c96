//! What needs Python and PyPI beside a network: the Python package with its notebook, and schemathesis over the OpenAPI document.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use super::{Harness, Run};
use crate::setup;
use crate::sh::Cmd;

/// Runs both against the debug build of `formix`, with the compiled programs of `tests/guests`.
pub(super) fn test(run: &mut Run<'_>, guests: &Path) -> Result<()> {
    setup::python(&run.tree.root)?;
    let cargo =
        run.cargo().args(["test", "--package", "native-host", "--test", "openapi", "--", "--ignored"]);
    run.tests(&cargo, Harness::Cargo)?;
    sdk(run, guests)
}

/// The tests of `sdk/python`, with the versions that `tests/sdk/constraints.txt` pins.
fn sdk(run: &mut Run<'_>, guests: &Path) -> Result<()> {
    let root = &run.tree.root;
    let (package, constraints) = (root.join("sdk/python"), root.join("tests/sdk/constraints.txt"));
    let wanted = fs::read_to_string(&constraints)? + &fs::read_to_string(package.join("pyproject.toml"))?;
    let venv = run.tree.target.join("xtask/sdk");
    let (python, installed) = (venv.join("bin/python"), venv.join("installed.txt"));
    if !(fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) && python.exists()) {
        let made = Cmd::new("python3", root).args(["-m", "venv", "--clear"]).arg(&venv);
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[test]"];
        let pip = Cmd::new(&python, &package).args(pip).arg("--constraint").arg(&constraints);
        for step in [made, pip] {
            if !run.log.run(&step)?.success {
                bail!("the Python package cannot be installed: it needs Python 3.11 or later and PyPI");
            }
        }
        fs::write(installed, wanted)?;
    }
    let built = run.log.run(&run.cargo().args(["build", "--package", "liar"]))?;
    if !built.success {
        bail!("liar, the heavy node that lies, does not build");
    }
    let programs = run.tree.target.join("debug");
    let pytest = Cmd::new(&python, &package)
        .args(["-m", "pytest", "-p", "no:cacheprovider"])
        .env("FORMIX_BIN", programs.join("formix"))
        .env("FORMIX_LIAR", programs.join("liar"))
        .env("FORMIX_GUESTS", guests);
    run.tests(&pytest, Harness::Pytest)
}
