//! From what somebody wants run to manifests, and the bytes that these name.

use super::{
    place,
    spec::{Source, Sources, Spec},
};
use crate::{
    cli::{propose::moment, receipt::read},
    clock,
};
use anyhow::{Context, Result, bail};
use codec::{ContentId, Instant};
use data_encoding::HEXLOWER;
use jobs::{
    Base64, Limits, Manifest,
    blobs::BLOB_BYTES_MAX,
    manifest::{Blob, Constraints, OUTPUTS_MAX, Quorum, VERSION},
};
use keys::{Envelope, Identity};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Most jobs of one specification: as many as one submitter may have waiting at a heavy node.
const JOBS_MAX: usize = 10_000;
/// Longest input that stands in the manifest itself, in bytes: a request more costs more.
const INLINE_BYTES_MAX: usize = 4 * 1024;
/// Most bytes of inputs and modules that are no files, together.
const TEXT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes that a manifest names.
#[derive(Debug, Clone)]
pub(super) enum Bytes {
    /// Those of a file, which is read again when they are sent.
    File(PathBuf),
    /// These.
    Here(Vec<u8>),
}

impl Bytes {
    pub(super) fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => read(path, BLOB_BYTES_MAX),
            Self::Here(bytes) => Ok(bytes.clone()),
        }
    }
}

/// Jobs with everything that they need.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What the manifests name; ids of others stand for themselves.
    pub(super) blobs: BTreeMap<ContentId, Bytes>,
    /// The jobs. Those that read others' outputs come after these.
    pub(super) jobs: Vec<Signed>,
    here_bytes: usize,
}

/// A signed manifest.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) id: ContentId,
    pub(super) manifest: Manifest,
    pub(super) envelope: Envelope,
}

impl Signed {
    /// A job of its own, however alike another is.
    pub(super) fn new(manifest: &Manifest, identity: &Identity) -> Result<Self> {
        let nonce = HEXLOWER.encode(&rand::random::<[u8; 16]>());
        let manifest = Manifest { nonce, submitter: identity.id(), ..manifest.clone() };
        let envelope = manifest.sign(identity).context("the job")?;
        let (id, manifest) = Manifest::open(&envelope)?;
        Ok(Self { id, manifest, envelope })
    }
}

impl Plan {
    /// The same jobs under other ids, for another heavy node: a node that still runs one for the first declines it under the same.
    pub(super) fn anew(&self, identity: &Identity) -> Result<Self> {
        let mut ids: BTreeMap<ContentId, ContentId> = BTreeMap::new();
        let mut jobs = Vec::with_capacity(self.jobs.len());
        for job in &self.jobs {
            let mut manifest = job.manifest.clone();
            if let Blob::Outputs(read) = &mut manifest.input {
                read.iter_mut().for_each(|id| *id = ids.get(id).copied().unwrap_or(*id));
            }
            let again = Signed::new(&manifest, identity)?;
            ids.insert(job.id, again.id);
            jobs.push(again);
        }
        Ok(Self { blobs: self.blobs.clone(), jobs, here_bytes: self.here_bytes })
    }
}

/// A manifest with the defaults, for who fills in the rest.
pub(super) fn manifest(name: &str, module: Blob, identity: &Identity, deadline: Instant) -> Manifest {
    Manifest {
        version: VERSION,
        name: name.into(),
        submitter: identity.id(),
        module,
        input: Blob::default(),
        entry: String::new(),
        args: vec![name.into()],
        env: Vec::new(),
        limits: Limits::default(),
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints::default(),
        created: clock::now(),
        deadline,
        priority: 0,
        deterministic: true,
        nonce: String::new(),
    }
}

/// A name for a program in a file.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().chars().take(120).collect()
}

/// What stands for a job of an array in its words.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    count: usize,
}

impl Place {
    fn fill(self, text: &str) -> String {
        let (index, next) = (self.index.to_string(), (self.index + 1).to_string());
        text.replace("{index}", &index).replace("{next}", &next).replace("{count}", &self.count.to_string())
    }
}

impl Plan {
    /// The jobs of a specification whose files stand in `folder`, signed.
    pub(super) fn of_spec(spec: &Spec, folder: &Path, identity: &Identity) -> Result<Self> {
        let mut plan = Self::default();
        let deadline = moment(&spec.deadline).context("`deadline`")?;
        let (module, stem) = plan.module(&spec.module, folder, &spec.limits).context("`module`")?;
        let name = spec.name.clone().unwrap_or(stem);
        let shared = Manifest {
            entry: spec.entry.clone(),
            limits: spec.limits,
            replicas: spec.replicas,
            quorum: spec.quorum,
            constraints: spec.constraints.clone(),
            priority: spec.priority,
            deterministic: spec.deterministic,
            ..manifest(&name, module, identity, deadline)
        };
        let inputs = plan.inputs(spec, folder)?;
        let count = inputs.len();
        if count > JOBS_MAX || (spec.reduce.is_some() && count > OUTPUTS_MAX) {
            let most = if spec.reduce.is_some() { OUTPUTS_MAX } else { JOBS_MAX };
            bail!("{count} jobs, where at most {most} go together; split them");
        }
        for (index, input) in inputs.into_iter().enumerate() {
            let place = Place { index, count };
            let one = Manifest {
                name: if count == 1 { name.clone() } else { format!("{} {}/{count}", cut(&name), index + 1) },
                input,
                args: std::iter::once(name.clone())
                    .chain(spec.args.iter().map(|arg| place.fill(arg)))
                    .collect(),
                env: spec.env.iter().map(|(name, value)| (name.clone(), place.fill(value))).collect(),
                ..shared.clone()
            };
            plan.jobs.push(Signed::new(&one, identity)?);
        }
        if let Some(reduce) = &spec.reduce {
            let (module, stem) = plan
                .module(&reduce.module, folder, reduce.limits.as_ref().unwrap_or(&spec.limits))
                .context("`reduce.module`")?;
            let own = reduce.name.clone().unwrap_or_else(|| format!("{}: {stem}", cut(&name)));
            let one = Manifest {
                name: own.clone(),
                module,
                input: Blob::Outputs(plan.jobs.iter().map(|job| job.id).collect()),
                entry: reduce.entry.clone(),
                args: std::iter::once(stem).chain(reduce.args.iter().cloned()).collect(),
                env: reduce.env.clone().into_iter().collect(),
                limits: reduce.limits.unwrap_or(spec.limits),
                replicas: reduce.replicas.unwrap_or(spec.replicas),
                ..shared
            };
            plan.jobs.push(Signed::new(&one, identity).context("`reduce`")?);
        }
        Ok(plan)
    }

    /// A module by its file or content id, and its name.
    fn module(&mut self, named: &str, folder: &Path, limits: &Limits) -> Result<(Blob, String)> {
        if let Ok(id) = named.parse() {
            return Ok((Blob::Id(id), "job".into()));
        }
        let path = folder.join(named);
        let bytes = read(&path, limits.module_bytes)?;
        if !bytes.starts_with(b"\0asm") {
            bail!(
                "{}: no WebAssembly module; compile it for wasm32-wasip1, as with `rustc --target wasm32-wasip1`",
                path.display()
            );
        }
        let id = ContentId::of(&bytes);
        let stem = stem(&path);
        self.blobs.insert(id, Bytes::File(path));
        Ok((Blob::Id(id), stem))
    }

    /// Bytes that stand in the manifest where they are few, and are sent where they are many.
    pub(super) fn here(&mut self, bytes: Vec<u8>) -> Result<Blob> {
        if bytes.len() <= INLINE_BYTES_MAX {
            return Ok(Blob::Inline(Base64(bytes)));
        }
        self.here_bytes += bytes.len();
        if self.here_bytes > TEXT_BYTES_MAX {
            bail!("texts of more than {TEXT_BYTES_MAX} bytes together; put them into files");
        }
        if bytes.len() as u64 > BLOB_BYTES_MAX {
            bail!("{} bytes, where at most {BLOB_BYTES_MAX} are taken", bytes.len());
        }
        let id = ContentId::of(&bytes);
        self.blobs.insert(id, Bytes::Here(bytes));
        Ok(Blob::Id(id))
    }

    fn file(&mut self, path: PathBuf) -> Result<Blob> {
        let bytes = read(&path, BLOB_BYTES_MAX)?;
        if bytes.len() <= INLINE_BYTES_MAX {
            return Ok(Blob::Inline(Base64(bytes)));
        }
        let id = ContentId::of(&bytes);
        self.blobs.insert(id, Bytes::File(path));
        Ok(Blob::Id(id))
    }

    fn input(&mut self, source: &Source, folder: &Path, place: Place) -> Result<Blob> {
        match source {
            Source::Named(text) => match text.parse() {
                Ok(id) => Ok(Blob::Id(id)),
                Err(_) => {
                    let path = folder.join(place.fill(text));
                    self.file(path).context("`input` is a file or a content id; write a text as {text: …}")
                }
            },
            Source::Text { text } => self.here(place.fill(text).into_bytes()),
            Source::Outputs { outputs } => Ok(Blob::Outputs(outputs.clone())),
        }
    }

    /// The input of each job.
    fn inputs(&mut self, spec: &Spec, folder: &Path) -> Result<Vec<Blob>> {
        let Some(inputs) = &spec.inputs else {
            let count = spec.count.unwrap_or(1) as usize;
            if count > JOBS_MAX {
                bail!("`count`: {count}, where at most {JOBS_MAX} jobs go together; split them");
            }
            let none = Source::Text { text: String::new() };
            let source = spec.input.as_ref().unwrap_or(&none);
            return (0..count).map(|index| self.input(source, folder, Place { index, count })).collect();
        };
        match inputs {
            Sources::List(list) => {
                let count = list.len();
                let each = list.iter().enumerate();
                each.map(|(index, source)| self.input(source, folder, Place { index, count })).collect()
            }
            Sources::Pattern(pattern) => self.matching(pattern, folder),
        }
    }

    /// The files that a pattern means, by name.
    fn matching(&mut self, pattern: &str, folder: &Path) -> Result<Vec<Blob>> {
        let in_folder = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(pattern);
        let found =
            glob::glob(&in_folder.to_string_lossy()).with_context(|| format!("`inputs`: `{pattern}`"))?;
        let mut blobs = Vec::new();
        for path in found {
            let path = path?;
            if path.is_file() {
                blobs.push(self.file(path.clone()).with_context(place(&path))?);
            }
            if blobs.len() > JOBS_MAX {
                bail!("`inputs`: `{pattern}` means more than {JOBS_MAX} files; split them");
            }
        }
        if blobs.is_empty() {
            bail!("`inputs`: no file is meant by `{pattern}` in {}", folder.display());
        }
        Ok(blobs)
    }
}

/// A name that leaves room for what is added.
fn cut(name: &str) -> String {
    name.chars().take(90).collect()
}

#[cfg(test)]
mod tests;
