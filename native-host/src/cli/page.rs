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
    let beside = program.iter().flat_map(|program| beside(program));
    // Last, since other projects build a page into a folder of this name too.
    Ok(beside.chain([PathBuf::from("dist")]).find(|folder| is_page(folder)))
}

/// Where the page of the program at this path may be: where a package puts it, or the checkout above cargo's output folder.
fn beside(program: &Path) -> Vec<PathBuf> {
    let above: Vec<&Path> = program.ancestors().skip(1).collect();
    let installed = above.get(1).map(|prefix| prefix.join("share/formix/page"));
    let checkout = above.iter().position(|folder| folder.ends_with("target"));
    let built = checkout.and_then(|at| above.get(at + 1)).map(|root| root.join("dist"));
    installed.into_iter().chain(built).collect()
}

fn is_page(folder: &Path) -> bool {
    folder.join("index.html").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_where_a_package_or_a_checkout_has_it() {
        let places = |program: &str| beside(Path::new(program));
        assert_eq!(places("/usr/bin/formix"), [Path::new("/usr/share/formix/page")]);
        assert_eq!(places("/opt/formix/bin/formix"), [Path::new("/opt/formix/share/formix/page")]);
        let built = [Path::new("/src/formix/target/share/formix/page"), Path::new("/src/formix/dist")];
        assert_eq!(places("/src/formix/target/debug/formix"), built);
        assert_eq!(places("formix"), Vec::<PathBuf>::new());
    }
}
