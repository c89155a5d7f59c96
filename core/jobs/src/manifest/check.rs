//! What every field of a manifest must hold.

use super::{
    AHEAD_MAX_MS, Blob, INLINE_BYTES_MAX, Invocation, LISTED_MAX, Manifest, ManifestError, OUTPUTS_MAX,
    PRIORITY_MAX, REPLICAS_MAX, VERSION, WORDS_BYTES_MAX,
};
use alloc::{format, string::String, vec::Vec};
use codec::Instant;
use keys::NodeId;

pub(super) struct Range {
    pub(super) least: u64,
    pub(super) most: u64,
}

pub(super) fn wrong<T>(field: impl Into<String>, problem: impl Into<String>) -> Result<T, ManifestError> {
    Err(ManifestError::Field { field: field.into(), problem: problem.into() })
}

pub(super) fn within(field: &str, value: u64, range: Range) -> Result<(), ManifestError> {
    let Range { least, most } = range;
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        wrong(field, format!("{value} is not between {least} and {most}"))
    }
}

fn text(field: &str, text: &str, least: usize, most: usize) -> Result<(), ManifestError> {
    let characters = text.chars().count();
    if !(least..=most).contains(&characters) {
        return wrong(field, format!("{characters} characters, where {least} to {most} are accepted"));
    }
    if text.chars().any(char::is_control) {
        return wrong(field, "holds a control character");
    }
    Ok(())
}

fn no_nul(field: impl Fn() -> String, text: &str) -> Result<(), ManifestError> {
    if text.contains('\0') {
        wrong(field(), "holds a NUL, which ends a string for the guest")
    } else {
        Ok(())
    }
}

fn listed(field: &str, nodes: &[NodeId]) -> Result<(), ManifestError> {
    if nodes.len() > LISTED_MAX {
        return wrong(field, format!("{} nodes, where at most {LISTED_MAX} are accepted", nodes.len()));
    }
    match nodes.iter().enumerate().find(|(at, node)| nodes[..*at].contains(node)) {
        Some((at, node)) => wrong(format!("{field}[{at}]"), format!("{node} stands there twice")),
        None => Ok(()),
    }
}

impl Invocation {
    /// Checks what a guest is given.
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        words(&self.entry, &self.args, &self.env)?;
        self.limits.check()
    }
}

fn words(entry: &str, args: &[String], env: &[(String, String)]) -> Result<(), ManifestError> {
    text("entry", entry, 1, 128)?;
    for (at, arg) in args.iter().enumerate() {
        no_nul(|| format!("args[{at}]"), arg)?;
    }
    for (name, value) in env {
        if name.is_empty() || name.contains('=') {
            return wrong("env", format!("`{name}` is no name: not empty, and without `=`"));
        }
        no_nul(|| "env".into(), name)?;
        no_nul(|| format!("env.{name}"), value)?;
    }
    if let Some(two) = env.windows(2).find(|two| two[0].0 >= two[1].0) {
        return wrong("env", format!("`{}` comes twice, or not in ascending order", two[1].0));
    }
    // A guest is given each with a NUL behind it, and an environment variable with its `=`.
    let args_bytes: usize = args.iter().map(|arg| arg.len() + 1).sum();
    let env_bytes: usize = env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if args_bytes + env_bytes > WORDS_BYTES_MAX {
        let field = if args_bytes >= env_bytes { "args" } else { "env" };
        return wrong(
            field,
            format!(
                "arguments and environment of {} bytes, where at most {WORDS_BYTES_MAX} are accepted: move some into the input",
                args_bytes + env_bytes
            ),
        );
    }
    Ok(())
}

impl Manifest {
    /// Checks everything that does not depend on who reads it and when.
    ///
    /// # Errors
    /// The first [`ManifestError`] met.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.version != VERSION {
            return wrong("version", format!("{} is unknown here; this node reads {VERSION}", self.version));
        }
        text("name", &self.name, 1, 120)?;
        let inline = |blob: &Blob| blob.inline().map_or(0, <[u8]>::len);
        if self.module.inline().is_some_and(|module| !module.starts_with(b"\0asm")) {
            return wrong("module.inline", "no WebAssembly module: it does not begin with `\\0asm`");
        }
        if inline(&self.module) + inline(&self.input) > INLINE_BYTES_MAX {
            let field =
                if inline(&self.module) >= inline(&self.input) { "module.inline" } else { "input.inline" };
            return wrong(
                field,
                format!("module and input of more than {INLINE_BYTES_MAX} bytes: give them by content id"),
            );
        }
        if matches!(self.module, Blob::Outputs(_)) {
            return wrong("module.outputs", "a module is no output of jobs: give it by content id");
        }
        if let Blob::Outputs(jobs) = &self.input {
            within("input.outputs", jobs.len() as u64, Range { least: 1, most: OUTPUTS_MAX as u64 })?;
        }
        words(&self.entry, &self.args, &self.env)?;
        self.limits.check()?;
        within("replicas", self.replicas.into(), Range { least: 1, most: REPLICAS_MAX.into() })?;
        if !self.deterministic && self.replicas > 1 {
            return wrong(
                "replicas",
                "must be 1 for a job that is not deterministic: its answers cannot be compared",
            );
        }
        self.check_constraints()?;
        if self.deadline <= self.created {
            return wrong("deadline", format!("{} is not after `created`, {}", self.deadline, self.created));
        }
        within("priority", self.priority.into(), Range { least: 0, most: PRIORITY_MAX.into() })?;
        if self.nonce.len() != 32 || !self.nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return wrong("nonce", "must be 32 lower-case hexadecimal digits");
        }
        Ok(())
    }

    fn check_constraints(&self) -> Result<(), ManifestError> {
        let constraints = &self.constraints;
        let kinds: Vec<_> = constraints.kinds.iter().enumerate().collect();
        if let Some((at, kind)) = kinds.iter().find(|(at, kind)| constraints.kinds[..*at].contains(kind)) {
            return wrong(
                format!("constraints.kinds[{at}]"),
                format!("`{}` stands there twice", kind.name()),
            );
        }
        listed("constraints.nodes", &constraints.nodes)?;
        listed("constraints.except", &constraints.except)?;
        if constraints.nodes.is_empty() {
            return Ok(());
        }
        let left = constraints.nodes.iter().filter(|node| !constraints.except.contains(node)).count();
        if left < usize::from(self.replicas) {
            return wrong(
                "constraints.nodes",
                format!("{left} nodes are left to choose from, and {} replicas need as many", self.replicas),
            );
        }
        Ok(())
    }

    /// Checks the moments against the clock of a heavy node that shall take the job.
    ///
    /// # Errors
    /// [`ManifestError::Field`].
    pub fn check_moments(&self, now: Instant) -> Result<(), ManifestError> {
        if self.deadline <= now {
            return wrong("deadline", format!("{} is past: this node's clock shows {now}", self.deadline));
        }
        if self.deadline.since_ms(now) > AHEAD_MAX_MS {
            return wrong(
                "deadline",
                format!("{} is more than 30 days after this node's clock, {now}", self.deadline),
            );
        }
        Ok(())
    }
}
