//! Where this machine's nodes live: `~/.formix/`, or `FORMIX_HOME`, or `--home`.
//!
//! ```text
//! network.db            the nodes that this home has, by id
//! identity.key          who proposes from the command line
//! nodes/<id>/           identity.key  seal.key  webrtc.pem  node.db  ports.json  control.sock  node.log
//! ```

use crate::{
    clock,
    disk::{RedbStore, sync_folder},
    secrets::{self, SecretError},
};
use codec::Instant;
use keys::{Identity, NodeId};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use store::{Batch, StoreError};

const NODE_PREFIX: &[u8] = b"n/";
/// How long to wait while other processes write to `network.db`; each holds it for a moment.
const PATIENCE_MS: u64 = 10_000;
const PAUSE_MS: u64 = 20;

/// What a node of this home is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Heavy,
    Light,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Heavy => "heavy",
            Self::Light => "light",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A node of this home, as `network.db` lists it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct NodeRecord {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) created: Instant,
}

/// Why the home does not give what was asked. Each says where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HomeError {
    #[error("no home directory is known; say where with --home or FORMIX_HOME")]
    NoHome,
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {error}", path.display())]
    Store { path: PathBuf, error: StoreError },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{}: its key is that of node {found}; the folder was renamed or copied: give it that name", path.display())]
    OtherKey { path: PathBuf, found: NodeId },
    #[error("the node `{name}` is a {is} node, not a {wanted} one; choose another --name")]
    OtherKind { name: String, is: Kind, wanted: Kind },
    #[error("no node of this home is named `{0}`; `formix view` lists them")]
    NoSuchNode(String),
    #[error("`{0}` fits more than one node; write more of the id")]
    Ambiguous(String),
    #[error("`{0}` is no name: 1 to 40 letters, digits, `-` or `_`, and not an id's beginning")]
    BadName(String),
}

/// The folder that holds everything that this user's nodes keep.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    /// The home that a flag, the environment or the user's directory names, in that order; it is made
    /// where it is missing.
    pub(crate) fn open(flag: Option<PathBuf>) -> Result<Self, HomeError> {
        let from_env = || std::env::var_os("FORMIX_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
        let own = || std::env::home_dir().map(|home| home.join(".formix"));
        let root = flag.or_else(from_env).or_else(own).ok_or(HomeError::NoHome)?;
        make_private(&root.join("nodes"))?;
        let root = root.canonicalize().map_err(|error| HomeError::Io { path: root, error })?;
        Ok(Self { root })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// The folder of a node.
    pub(crate) fn folder(&self, id: NodeId) -> PathBuf {
        self.root.join("nodes").join(id.to_string())
    }

    /// Who proposes from this home's command line.
    pub(crate) fn proposer(&self) -> Result<Identity, HomeError> {
        Ok(secrets::identity(&self.root)?)
    }

    /// The nodes of this home, by name.
    pub(crate) fn nodes(&self) -> Result<Vec<NodeRecord>, HomeError> {
        let registry = self.registry()?;
        let mut nodes = self.list(&registry)?;
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    /// The node of this name or, where only one fits, of this part of an id.
    pub(crate) fn find(&self, text: &str) -> Result<NodeRecord, HomeError> {
        let nodes = self.nodes()?;
        if let Some(node) = nodes.iter().find(|node| node.name == text) {
            return Ok(node.clone());
        }
        let fits = |node: &&NodeRecord| {
            let id = node.id.to_string();
            text.len() >= 3 && (id.starts_with(text) || id.ends_with(text.trim_start_matches('…')))
        };
        let mut found = nodes.iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(node), None) => Ok(node.clone()),
            (Some(_), Some(_)) => Err(HomeError::Ambiguous(text.into())),
            _ => Err(HomeError::NoSuchNode(text.into())),
        }
    }

    /// The node of this name, made where there is none.
    pub(crate) fn node(&self, kind: Kind, name: &str) -> Result<NodeRecord, HomeError> {
        check_name(name)?;
        // Held until the new node is listed: two processes that ask for one name get one node.
        let registry = self.registry()?;
        if let Some(node) = self.list(&registry)?.into_iter().find(|node| node.name == name) {
            if node.kind != kind {
                return Err(HomeError::OtherKind { name: name.into(), is: node.kind, wanted: kind });
            }
            let folder = self.folder(node.id);
            let found = secrets::known_identity(&folder)?.id();
            return if found == node.id {
                Ok(node)
            } else {
                Err(HomeError::OtherKey { path: folder, found })
            };
        }
        let draft = self.root.join("nodes").join(format!(".new-{}", std::process::id()));
        make_private(&draft)?;
        let id = secrets::identity(&draft)?.id();
        let folder = self.folder(id);
        // Durable before the node is listed: what is listed has its key.
        fs::rename(&draft, &folder)
            .and_then(|()| sync_folder(&folder))
            .map_err(|error| HomeError::Io { path: folder, error })?;
        let node = NodeRecord { id, name: name.into(), kind, created: clock::now() };
        let mut batch = Batch::new();
        batch.put(
            [NODE_PREFIX, id.public_key().as_slice()].concat(),
            serde_json::to_vec(&node).expect("plain values always serialise"),
        );
        registry.commit_now(&batch).map_err(|error| self.registry_error(error))?;
        Ok(node)
    }

    /// A name that no node of this home has: `stem`, `stem-2` and so on.
    pub(crate) fn free_name(&self, stem: &str) -> Result<String, HomeError> {
        let nodes = self.nodes()?;
        let is_free = |name: &String| nodes.iter().all(|node| node.name != *name);
        let mut names = std::iter::once(stem.to_owned()).chain((2..).map(|at| format!("{stem}-{at}")));
        Ok(names.find(is_free).unwrap_or_else(|| stem.to_owned()))
    }

    fn list(&self, registry: &RedbStore) -> Result<Vec<NodeRecord>, HomeError> {
        let entries = registry.scan_now(NODE_PREFIX).map_err(|error| self.registry_error(error))?;
        let read = |bytes: &[u8]| {
            serde_json::from_slice(bytes).map_err(|error| {
                self.registry_error(StoreError::Corrupt { detail: format!("a node's entry: {error}") })
            })
        };
        entries.iter().map(|entry| read(&entry.value)).collect()
    }

    fn registry(&self) -> Result<RedbStore, HomeError> {
        let mut waited_ms = 0;
        loop {
            match RedbStore::open(self.root.join("network.db")) {
                Err(StoreError::InUse) if waited_ms < PATIENCE_MS => {
                    thread::sleep(Duration::from_millis(PAUSE_MS));
                    waited_ms += PAUSE_MS;
                }
                result => return result.map_err(|error| self.registry_error(error)),
            }
        }
    }

    fn registry_error(&self, error: StoreError) -> HomeError {
        HomeError::Store { path: self.root.join("network.db"), error }
    }
}

/// Makes a folder that only its owner enters, with those above it.
fn make_private(path: &Path) -> Result<(), HomeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| HomeError::Io { path: path.into(), error })
}

fn check_name(name: &str) -> Result<(), HomeError> {
    let fits = (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !name.starts_with("12D3KooW");
    if fits { Ok(()) } else { Err(HomeError::BadName(name.into())) }
}
