//! Specifications of jobs, as people write them: YAML, of which JSON is a part.

use super::place;
use crate::cli::receipt::read;
use anyhow::{Context, Result, bail};
use codec::ContentId;
use jobs::{
    Limits,
    manifest::{Constraints, ENTRY, Quorum},
};
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// Longest specification, in bytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The jobs that somebody wants run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spec {
    /// What the jobs do, in a few words; the module's file name where it is missing.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// A WASI command: a file beside the specification, or a content id.
    pub(super) module: String,
    /// Its arguments, without the program's name.
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    #[serde(default = "entry")]
    pub(super) entry: String,
    /// What the guest reads.
    #[serde(default)]
    pub(super) input: Option<Source>,
    /// One job for each of these.
    #[serde(default)]
    pub(super) inputs: Option<Sources>,
    /// So many jobs, told apart by `{index}`.
    #[serde(default)]
    pub(super) count: Option<u32>,
    /// One more job, which reads what all the others wrote.
    #[serde(default)]
    pub(super) reduce: Option<Reduce>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default = "one")]
    pub(super) replicas: u8,
    #[serde(default)]
    pub(super) quorum: Quorum,
    #[serde(default)]
    pub(super) constraints: Constraints,
    /// From now, or a moment.
    #[serde(default = "deadline")]
    pub(super) deadline: String,
    #[serde(default)]
    pub(super) priority: u8,
    #[serde(default = "yes")]
    pub(super) deterministic: bool,
}

/// The job that reads what the others wrote. What it does not say is as for those.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reduce {
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) module: String,
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, String>,
    #[serde(default = "entry")]
    pub(super) entry: String,
    #[serde(default)]
    pub(super) limits: Option<Limits>,
    #[serde(default)]
    pub(super) replicas: Option<u8>,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    /// A file beside the specification, or a content id.
    Named(String),
    /// This text.
    Text {
        /// The text.
        text: String,
    },
    /// What these jobs wrote, one after the other.
    Outputs {
        /// Which.
        outputs: Vec<ContentId>,
    },
}

/// Where the inputs of an array come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Sources {
    /// The files that a pattern such as `parts/*.csv` means.
    Pattern(String),
    /// Each one.
    List(Vec<Source>),
}

fn entry() -> String {
    ENTRY.into()
}

const fn one() -> u8 {
    1
}

const fn yes() -> bool {
    true
}

fn deadline() -> String {
    "1h".into()
}

impl Spec {
    /// Reads a specification.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = read(path, BYTES_MAX)?;
        let text = String::from_utf8(bytes).with_context(place(path))?;
        Self::parse(&text).with_context(place(path))
    }

    fn parse(text: &str) -> Result<Self> {
        let spec: Self = serde_saphyr::from_str(text)?;
        if spec.inputs.is_some() && (spec.count.is_some() || spec.input.is_some()) {
            bail!("`inputs` makes one job for each, and goes with neither `input` nor `count`");
        }
        if spec.reduce.is_some() && spec.inputs.is_none() && spec.count.is_none() {
            bail!("`reduce` adds up what several jobs wrote: say how many with `count`, or give `inputs`");
        }
        if spec.count == Some(0) {
            bail!("`count`: 0 jobs; write 1 or more");
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_mean_the_same() {
        let yaml = "name: primes\nmodule: primes.wasm\nargs: [1, \"{index}\"]\ncount: 4\nreplicas: 3\nlimits: {fuel: 5000}\n\
                    reduce: {module: sum.wasm}\nconstraints: {kinds: [native]}\n";
        let json = r#"{"name": "primes", "module": "primes.wasm", "args": ["1", "{index}"], "count": 4, "replicas": 3,
            "limits": {"fuel": 5000}, "reduce": {"module": "sum.wasm"}, "constraints": {"kinds": ["native"]}}"#;
        let spec = Spec::parse(yaml).unwrap();
        assert_eq!(spec, Spec::parse(json).unwrap());
        assert_eq!((spec.limits.fuel, spec.limits.memory_bytes), (5_000, Limits::default().memory_bytes));
        assert_eq!(spec.args, ["1", "{index}"]);
    }

    #[test]
    fn inputs_are_files_ids_texts_and_outputs() {
        let id = ContentId::of(b"x");
        let yaml = format!("module: m.wasm\ninputs:\n  - a.txt\n  - text: hello\n  - outputs: [{id}]\n");
        let list = vec![
            Source::Named("a.txt".into()),
            Source::Text { text: "hello".into() },
            Source::Outputs { outputs: vec![id] },
        ];
        assert_eq!(Spec::parse(&yaml).unwrap().inputs, Some(Sources::List(list)));
        let pattern = Spec::parse("module: m.wasm\ninputs: parts/*.csv").unwrap().inputs;
        assert_eq!(pattern, Some(Sources::Pattern("parts/*.csv".into())));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("args: []", "module"),
            ("module: m.wasm\nreplica: 3", "replica"),
            ("module: m.wasm\nlimits: {fule: 3}", "fule"),
            ("module: m.wasm\nreduce: {module: s.wasm}", "count"),
            ("module: m.wasm\ncount: 2\ninputs: [a, b]", "inputs"),
            ("module: m.wasm\ncount: 0", "count"),
            ("module: m.wasm\ncount: many", "line 2"),
        ] {
            let error = format!("{:#}", Spec::parse(text).unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
