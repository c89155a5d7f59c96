//! What the rules look at: the checkout's text and cargo's view of its packages.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// A checkout, held in memory, so that a test can make one up.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Path from the root, with `/` between its parts, to text. Files that are not UTF-8 have no text.
    pub files: BTreeMap<String, Option<String>>,
    /// The workspace's packages.
    pub members: Vec<Member>,
}

/// A package of the workspace.
#[derive(Clone, Debug)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// Its folder, from the root.
    pub folder: String,
    /// Whether the package has a library.
    pub has_lib: bool,
    /// What its manifest asks for.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependencies.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The package that is asked for.
    pub name: String,
    /// When it is needed.
    pub kind: Kind,
}

/// When a dependency is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At run time.
    Normal,
    /// By the build script.
    Build,
    /// By the package's own tests.
    Dev,
}

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File and line, or package.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// How to mend it.
    pub mend: String,
}

impl Finding {
    /// A finding at `place`.
    pub fn new(place: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    mend: {}", self.place, self.what, self.mend)
    }
}

impl Tree {
    /// Reads the checkout at `root`: what git tracks or would track.
    ///
    /// # Errors
    /// When git or cargo cannot be asked.
    pub fn read(root: &Path) -> Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("git lists the files that the rules read")?;
        if !listed.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            // A file that git still lists may have been deleted.
            let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
            files.insert(path.to_owned(), String::from_utf8(bytes).ok());
        }
        let members = members(root)?;
        Ok(Self { files, members })
    }

    /// Adds a file; for made-up trees.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), Some(text.to_owned()));
        self
    }

    /// Adds a package that depends on `dependencies` at run time; for made-up trees.
    #[must_use]
    pub fn with_member(mut self, folder: &str, dependencies: &[&str]) -> Self {
        let dependencies = dependencies
            .iter()
            .map(|name| Dependency { name: (*name).to_owned(), kind: Kind::Normal })
            .collect();
        let name = folder.rsplit('/').next().unwrap_or(folder).to_owned();
        self.members.push(Member { name, folder: folder.to_owned(), has_lib: true, dependencies });
        self
    }

    /// A file's text, if there is such a file and it is text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Every text file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The packages below `core/`.
    pub fn core(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.folder.starts_with("core/"))
    }
}

fn members(root: &Path) -> Result<Vec<Member>> {
    let metadata = MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let mut members = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest stands in a folder")?;
        let folder = folder.strip_prefix(&metadata.workspace_root)?;
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            name: dependency.name.clone(),
            kind: match dependency.kind {
                DependencyKind::Development => Kind::Dev,
                DependencyKind::Build => Kind::Build,
                _ => Kind::Normal,
            },
        });
        members.push(Member {
            name: package.name.to_string(),
            folder: folder.as_str().replace('\\', "/"),
            has_lib: package.targets.iter().any(|target| target.is_lib()),
            dependencies: dependencies.collect(),
        });
    }
    Ok(members)
}
