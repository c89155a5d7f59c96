//! The programs that jobs run in tests, compiled: `tests/guests/programs/NAME.rs` to `target/xtask/guests/NAME.wasm`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::setup::{self, GUEST};
use crate::sh::Cmd;
use crate::tree::Tree;

/// Compiles every program; gives their folder.
pub(crate) fn compile(tree: &Tree) -> Result<PathBuf> {
    setup::rust_target(&tree.root, GUEST)?;
    let (sources, out) = (tree.root.join("tests/guests/programs"), tree.target.join("xtask/guests"));
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    for entry in fs::read_dir(&sources).with_context(|| sources.display().to_string())? {
        let source = entry?.path();
        if source.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let wasm = out.join(source.with_extension("wasm").file_name().unwrap_or_default());
        let flags = ["--edition", "2024", "--target", GUEST, "-O", "-C", "strip=debuginfo", "-o"];
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Cmd::new(compiler, &tree.root).args(flags).arg(&wasm).arg(&source).read()?;
    }
    Ok(out)
}
