//! A Python with the packages that a test pins, to compare with what Python's libraries say.
//!
//! For tests alone: what cannot be done panics, with the words that mend it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs `command` and gives what it printed.
///
/// # Panics
/// Where it does not start or fails.
pub fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; install Python 3.11 or later"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed:\n{errors}\nIt needs Python 3.11 or later with its venv module (Debian: python3-venv), and PyPI."
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A Python in the folder `at` that has what the file `requirements` pins. It is installed anew where that has changed.
///
/// # Panics
/// Where it cannot be installed.
pub fn python(at: &Path, requirements: &Path) -> PathBuf {
    let pinned = fs::read_to_string(requirements).expect("the requirements");
    let (python, installed) = (at.join("bin/python"), at.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == pinned) && python.exists() {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(at));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(pip).arg(requirements));
    fs::write(installed, pinned).expect("a note of what is installed");
    python
}
