//! `manifest.json`: what the page consists of, with the size and SHA-256 of every file.
//!
//! A person who distrusts the host that serves a page compares these hashes with published ones; the host reads from it
//! which files may be cached for ever.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The manifest's name in the output folder.
pub(crate) const MANIFEST: &str = "manifest.json";

/// What a page build wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// `release` or `dev`.
    pub(crate) profile: String,
    /// SHA-256 over everything the build read, in hexadecimal.
    pub(crate) inputs: String,
    /// Sum over the files that a tab loads before its first contribution, gzipped, in bytes; 0 for a development build.
    pub(crate) first_contribution_gzip_bytes: u64,
    /// Every file, ordered by path.
    pub(crate) files: Vec<File>,
}

/// One file of the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct File {
    /// Path below the output folder, with `/` between its parts.
    pub(crate) path: String,
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// Length of `PATH.gz` in bytes, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gzip_bytes: Option<u64>,
    /// Length of `PATH.br` in bytes, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) brotli_bytes: Option<u64>,
    /// SHA-256 of the uncompressed file, in hexadecimal.
    pub(crate) sha256: String,
    /// Named by its content, so that a cache may keep it for ever.
    pub(crate) immutable: bool,
    /// Loaded before a tab can answer its first computation.
    pub(crate) first_contribution: bool,
}

impl Manifest {
    /// Describes the files below `work`; `immutable` lists the names that content gave, `later` those that a tab loads when its person
    /// agreed to what they do.
    pub(crate) fn of(
        work: &Path,
        profile: &str,
        inputs: String,
        immutable: Vec<String>,
        later: &[String],
    ) -> Result<Self> {
        let mut files = Vec::new();
        for path in super::files_under(work)? {
            if is_compressed(&path) {
                continue;
            }
            let bytes = fs::read(&path)?;
            let name = super::slashed(path.strip_prefix(work)?);
            files.push(File {
                bytes: bytes.len() as u64,
                gzip_bytes: length(&beside(&path, "gz")),
                brotli_bytes: length(&beside(&path, "br")),
                sha256: sha256(&bytes),
                immutable: immutable.contains(&name),
                first_contribution: matches!(extension(&path), "html" | "css" | "js" | "wasm")
                    && !later.contains(&name),
                path: name,
            });
        }
        let first = files.iter().filter(|file| file.first_contribution);
        Ok(Self {
            profile: profile.into(),
            inputs,
            first_contribution_gzip_bytes: first.filter_map(|file| file.gzip_bytes).sum(),
            files,
        })
    }

    /// The manifest that stands in `out`, if one does.
    pub(crate) fn read(out: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(out.join(MANIFEST)).ok()?).ok()
    }

    /// Whether each file that the manifest names stands in `out` with its length.
    pub(crate) fn is_whole(&self, out: &Path) -> bool {
        self.files.iter().all(|file| {
            let path = out.join(&file.path);
            length(&path) == Some(file.bytes)
                && (file.gzip_bytes.is_none() || length(&beside(&path, "gz")) == file.gzip_bytes)
                && (file.brotli_bytes.is_none() || length(&beside(&path, "br")) == file.brotli_bytes)
        })
    }

    /// Moves the page from `work` to `out`: what content named, then the loaders and the rest that name it, then the entry
    /// page, then the manifest; last, what the page that stood there before no longer needs is removed. Whoever serves
    /// `out` meanwhile finds a whole page at each step.
    pub(crate) fn install(&self, work: &Path, out: &Path) -> Result<()> {
        let previous = Self::read(out);
        for file in self.in_order() {
            for path in [
                PathBuf::from(&file.path),
                beside(Path::new(&file.path), "gz"),
                beside(Path::new(&file.path), "br"),
            ] {
                if work.join(&path).is_file() {
                    write(&out.join(&path), &fs::read(work.join(&path))?)?;
                } else {
                    remove(&out.join(&path));
                }
            }
        }
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        write(&out.join(MANIFEST), &json)?;
        for file in previous.iter().flat_map(|previous| &previous.files) {
            if !self.files.iter().any(|kept| kept.path == file.path) {
                let path = out.join(&file.path);
                remove(&beside(&path, "gz"));
                remove(&beside(&path, "br"));
                remove(&path);
            }
        }
        Ok(())
    }

    /// The files so that each comes after those that it names.
    pub(crate) fn in_order(&self) -> Vec<&File> {
        let mut files: Vec<&File> = self.files.iter().collect();
        files.sort_by_key(|file| (file.path.ends_with(".html"), !file.immutable));
        files
    }

    /// The programs and their loaders that no tab loads by itself.
    fn later(&self) -> impl Iterator<Item = &File> {
        let code = |file: &&File| matches!(extension(Path::new(&file.path)), "js" | "wasm");
        self.files.iter().filter(code).filter(|file| !file.first_contribution)
    }

    /// The sizes, to print.
    pub(crate) fn report(&self, out: &Path) -> Report {
        Report {
            out: out.to_owned(),
            profile: self.profile.clone(),
            first_contribution_gzip: self.first_contribution_gzip_bytes,
            later_gzip: self.later().filter_map(|file| file.gzip_bytes).sum(),
            files: self.files.clone(),
        }
    }
}

/// A page's sizes, as a table.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    out: PathBuf,
    profile: String,
    /// Sum over the files that a tab loads before its first contribution, gzipped, in bytes.
    pub(crate) first_contribution_gzip: u64,
    /// Sum over the code that a tab loads when its person lends it to jobs, gzipped, in bytes.
    later_gzip: u64,
    files: Vec<File>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        writeln!(f, "{:<40} {:>10} {:>10} {:>10}", "file", "bytes", "gzip", "brotli")?;
        for file in &self.files {
            let (gzip, brotli) = (size(file.gzip_bytes), size(file.brotli_bytes));
            writeln!(f, "{:<40} {:>10} {gzip:>10} {brotli:>10}", file.path, file.bytes)?;
        }
        if self.first_contribution_gzip > 0 {
            let share = self.first_contribution_gzip * 100 / super::FIRST_CONTRIBUTION_GZIP_MAX;
            writeln!(
                f,
                "before the first contribution: {} bytes gzipped, {share} % of what is allowed",
                self.first_contribution_gzip
            )?;
            writeln!(
                f,
                "for the views of jobs, and for lending the browser to them: {} bytes more",
                self.later_gzip
            )?;
        }
        writeln!(f, "{} page in {}", self.profile, self.out.display())
    }
}

/// SHA-256 over names and contents of all inputs, in hexadecimal.
pub(crate) fn key(profile: &str, inputs: &BTreeMap<String, PathBuf>) -> String {
    let mut hash = Sha256::new();
    hash.update(profile);
    // How the page is put together is an input too.
    hash.update(include_bytes!("../page.rs"));
    hash.update(include_bytes!("manifest.rs"));
    hash.update(include_bytes!("../compress.mjs"));
    for (name, path) in inputs {
        hash.update(name);
        hash.update([0]);
        hash.update(sha256(&fs::read(path).unwrap_or_default()));
    }
    hex(&hash.finalize())
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file so that a reader sees the old content or the new, making its folder if need be.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let partial = beside(path, "partial");
    fs::write(&partial, bytes).with_context(|| format!("writing {}", partial.display()))?;
    fs::rename(&partial, path).with_context(|| format!("writing {}", path.display()))
}

/// Whether a file gets compressed twins: text and wasm do, pictures are compressed already.
pub(crate) fn compresses(path: &Path) -> bool {
    matches!(extension(path), "html" | "css" | "js" | "wasm" | "svg" | "json" | "webmanifest" | "txt")
}

fn is_compressed(path: &Path) -> bool {
    matches!(extension(path), "gz" | "br")
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default()
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn length(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.len())
}

/// A file that cannot be removed is served by nobody: the manifest no longer names it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
