//! Finds the programs where cargo keeps the crate's source.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const VERSION: &str = "2.0.22";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let metadata = cargo_metadata::MetadataCommand::new().exec()?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "hvm");
    let package = package.ok_or("core/ffcm has `hvm` as a dev-dependency")?;
    if package.version.to_string() != VERSION {
        return Err(format!("the programs of hvm {VERSION} are expected, not of {}", package.version).into());
    }
    let root = package.manifest_path.parent().ok_or("a manifest stands in a folder")?.as_std_path();
    let mut found = Vec::new();
    for folder in ["examples", "tests/programs"] {
        programs(&root.join(folder), &mut found)?;
    }
    found.sort();
    let mut source = format!("/// Where the crate's source is.\npub const SOURCE: &str = {root:?};\n");
    source.push_str(
        "/// Each program: its path in the crate, and its text.\npub const PROGRAMS: &[(&str, &str)] = &[\n",
    );
    for path in found {
        let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        writeln!(source, "    ({name:?}, include_str!({path:?})),")?;
    }
    source.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("programs.rs"), source)?;
    Ok(())
}

fn programs(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            programs(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "hvm") {
            found.push(path);
        }
    }
    Ok(())
}
