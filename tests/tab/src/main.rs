//! Builds the page: compiles the library beside it for the browser and writes its JavaScript.
//!
//! `cargo run -p tab -- OUT [PROFILE]` fills the folder `OUT` with `tab.js`, `tab_bg.wasm` and an
//! `index.html` that hands the exports to scripts as `window.tab`.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> anyhow::Result<()> {
    use std::env;
    use std::fs;
    use std::path::PathBuf;
    use std::process::Command;

    use anyhow::{Context as _, ensure};

    const TARGET: &str = "wasm32-unknown-unknown";
    const INDEX: &str = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>tab</title>\n<link rel=\"icon\" href=\"data:,\">\n<script type=\"module\">\n\
        import init, * as tab from './tab.js';\nwindow.tab = init().then(() => tab);\n</script>\n";

    let mut args = env::args_os().skip(1);
    let out = PathBuf::from(args.next().context("usage: tab OUT [PROFILE]")?);
    let profile = args.next().and_then(|arg| arg.into_string().ok()).unwrap_or_else(|| "dev".into());
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let messages = Command::new(cargo)
        .args(["build", "--quiet", "--package", "tab", "--lib", "--target", TARGET, "--profile", &profile])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(messages.status.success(), "cargo could not build the page");
    // Where cargo puts its output is cargo's to say.
    let messages = String::from_utf8(messages.stdout)?;
    let wasm =
        messages.split('"').rfind(|text| text.ends_with("tab.wasm")).context("cargo named no tab.wasm")?;
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name("tab")
        .web(true)?
        .omit_default_module_path(false)
        .typescript(false)
        .generate(&out)?;
    fs::write(out.join("index.html"), INDEX)?;
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn main() {}
