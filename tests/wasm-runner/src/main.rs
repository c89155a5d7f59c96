//! Cargo's runner for wasm tests: wasm-bindgen's own, as a library, so that its version is always the lockfile's.
//!
//! `cargo xtask test --ring wasm` builds it and tells it where Chromium is.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
