//! Programs that jobs run, in `programs/`: ordinary Rust, compiled for `wasm32-wasip1` when a test or a demo asks.
//!
//! ```no_run
//! let wasm = guests::compile("hello")?;
//! assert!(wasm.starts_with(b"\0asm"));
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! # Bounds
//! One compiler at a time for each call; nothing is kept between calls.
//!
//! # Provided / Not provided
//! Provided: real guests, made by the compiler that the checkout is built with. Not provided: the same bytes from every compiler, so
//! nothing frozen may depend on them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What guests are compiled for. `rustup target add` installs it.
pub const TARGET: &str = "wasm32-wasip1";

/// The program `programs/NAME.rs` as a WASI command.
///
/// # Errors
/// Where there is no such program, or the compiler lacks [`TARGET`] or refuses the program.
pub fn compile(name: &str) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = folder.join("programs").join(name).with_extension("rs");
    let out = tempfile::tempdir()?;
    let wasm = out.path().join("guest.wasm");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let compiled = Command::new(compiler)
        .current_dir(folder)
        .args(["--edition", "2024", "--target", TARGET, "-O", "-C", "strip=debuginfo", "-o"])
        .arg(&wasm)
        .arg(&source)
        .output()
        .context("running rustc")?;
    if !compiled.status.success() {
        let said = String::from_utf8_lossy(&compiled.stderr);
        bail!(
            "{} does not compile (is {TARGET} installed? `rustup target add {TARGET}`):\n{said}",
            source.display()
        );
    }
    std::fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))
}
