//! Where the built page is.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// The folder that a flag or the environment names, or the first place of the usual ones that has a page.
pub(super) fn find(flag: Option<PathBuf>) -> Result<Option<PathBuf>> {
    let from_env = || std::env::var_os("FORMIX_PAGE").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(folder) = flag.or_else(from_env) {
        if !is_page(&folder) {
            bail!("{}: no index.html there; build the page with `cargo xtask page`", folder.display());
        }
        return Ok(Some(folder));
    }
    let program = std::env::current_exe().ok();
    let beside = program.iter().flat_map(|program| {
        let above: Vec<&Path> = program.ancestors().skip(1).collect();
        // Where a package puts it, then a checkout above cargo's output folder.
        let installed = above.get(1).map(|prefix| prefix.join("share/formix/page"));
        let checkout = above.iter().position(|folder| folder.ends_with("target"));
        let built = checkout.and_then(|at| above.get(at + 1)).map(|root| root.join("dist"));
        installed.into_iter().chain(built).collect::<Vec<_>>()
    });
    Ok(std::iter::once(PathBuf::from("dist")).chain(beside).find(|folder| is_page(folder)))
}

fn is_page(folder: &Path) -> bool {
    folder.join("index.html").is_file()
}
