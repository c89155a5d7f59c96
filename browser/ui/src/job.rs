//! Jobs in words, and the form for a new one.

use codec::{ContentId, Instant};
use jobs::{
    JobView, Limits, Manifest,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, REPLICAS_MAX, VERSION},
    view::{JobState, ResultView},
};
use keys::NodeId;

use crate::words;

/// Most characters of a job's name.
pub const NAME_CHARS_MAX: usize = 120;
/// Most bytes of an output that is shown; a longer one can be saved.
pub const SHOWN_BYTES_MAX: u64 = 64 * 1024;
/// Most bytes of a file that a job is given.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// A state's name for people.
pub const fn label(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "Waits",
        JobState::Running => "Runs",
        JobState::Done => "Done",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
        _ => "No result",
    }
}

/// Whether bytes that a host gave are those that it says the receipts name.
///
/// # Errors
/// Why they are not shown, for a person.
pub fn check_stream(bytes: &[u8], named: ContentId) -> Result<(), String> {
    match ContentId::of(bytes) == named {
        true => Ok(()),
        false => Err("This host gave other bytes than it says the job wrote. They are not shown.".into()),
    }
}

/// What a receipt whose signatures hold says of a result that is shown with it: nothing where it is about the same, else what is different.
pub fn compare_streams(
    receipt: (ContentId, ContentId),
    shown: Option<(ContentId, ContentId)>,
) -> Option<&'static str> {
    shown
        .filter(|shown| *shown != receipt)
        .map(|_| "ran it too, and signed another output than the one shown")
}

/// One line about where a job stands, for a list.
pub fn line(job: &JobView, now: Instant) -> String {
    let refused = || job.refusal.as_ref().map(|refusal| words::sentence(&refusal.words)).unwrap_or_default();
    match (job.state, &job.result) {
        (JobState::Waiting, _) => {
            job.why.as_ref().map_or_else(|| "No node has it yet.".into(), |why| words::sentence(why))
        }
        (JobState::Running, _) => {
            let nodes = words::count(job.leases.len() as u64, "node");
            let since = job.leases.iter().map(|lease| lease.since).min();
            let since = since.map(|since| words::span(now.since_ms(since))).unwrap_or_default();
            format!("On {nodes} for {since}.")
        }
        (JobState::Done, Some(result)) => agreement(result),
        (JobState::Failed, Some(result)) => words::sentence(&result.ending.to_string()),
        _ => refused(),
    }
}

/// Whose word a result is.
pub fn agreement(result: &ResultView) -> String {
    match (result.judged, result.agreed) {
        (true, _) => "Its answers differed; a heavy node ran it again, and its answer counts.".into(),
        (_, 0 | 1) => "One node ran it, and nobody checked that.".into(),
        (_, agreed) => format!("{agreed} nodes ran it and agree on every byte."),
    }
}

/// What a run used, in a line.
pub fn used(fuel: u64) -> String {
    format!("{} fuel", words::grouped(&fuel.to_string()))
}

/// A node in a few letters, and what it runs in; `own` is the person's.
pub fn node_name(node: NodeId, kind: Option<Kind>, own: Option<NodeId>) -> String {
    match kind {
        _ if own == Some(node) => "this browser".into(),
        Some(Kind::Tab) => format!("a tab (…{})", node.short()),
        Some(Kind::Native) => format!("a native node (…{})", node.short()),
        Some(Kind::Heavy) => format!("heavy node …{}", node.short()),
        None => format!("node …{}", node.short()),
    }
}

/// An input of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What the job does.
    Name,
    /// The guest's arguments.
    Args,
    /// Millions of fuel.
    Fuel,
    /// Mebibytes of memory.
    Memory,
    /// Minutes that a node may take.
    Wall,
    /// Minutes until it is given up.
    Deadline,
}

impl Field {
    /// Its name, in addresses and tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Args => "args",
            Self::Fuel => "fuel",
            Self::Memory => "memory",
            Self::Wall => "wall",
            Self::Deadline => "deadline",
        }
    }
}

/// Which nodes are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// Light nodes of any kind.
    #[default]
    Any,
    /// Browser tabs.
    Tabs,
    /// Native processes.
    Native,
}

/// What the inputs of the form hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobForm {
    /// What the job does.
    pub name: String,
    /// The guest's arguments, one on each line.
    pub args: String,
    /// How many nodes run it.
    pub replicas: u8,
    /// Which nodes.
    pub asked: Asked,
    /// Millions of fuel.
    pub fuel: String,
    /// Mebibytes of memory.
    pub memory: String,
    /// Minutes that a node may take.
    pub wall: String,
    /// Minutes until it is given up.
    pub deadline: String,
}

impl Default for JobForm {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            name: String::new(),
            args: String::new(),
            replicas: 2,
            asked: Asked::Any,
            fuel: (limits.fuel / 1_000_000).to_string(),
            memory: (limits.memory_bytes >> 20).to_string(),
            wall: (limits.wall_ms / 60_000).to_string(),
            deadline: "60".into(),
        }
    }
}

impl JobForm {
    /// The text of an input.
    pub fn text(&mut self, field: Field) -> &mut String {
        match field {
            Field::Name => &mut self.name,
            Field::Args => &mut self.args,
            Field::Fuel => &mut self.fuel,
            Field::Memory => &mut self.memory,
            Field::Wall => &mut self.wall,
            Field::Deadline => &mut self.deadline,
        }
    }

    /// What is asked for, by `submitter` at `now`, of a module from the file `file`. Module, input and nonce are the worker's to fill in.
    ///
    /// # Errors
    /// The first input that is wrong, and what would be right.
    pub fn manifest(&self, submitter: NodeId, now: Instant, file: &str) -> Result<Manifest, (Field, String)> {
        let number = |field, text: &str, most: u64| match text.trim().parse::<u64>() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err((field, format!("A whole number from 1 to {}.", words::grouped(&most.to_string())))),
        };
        let most = Limits::MAX;
        let stem = words::stem(file);
        let name = match self.name.trim() {
            "" if stem.is_empty() => return Err((Field::Name, "A few words on what the job does.".into())),
            "" => stem.clone(),
            name => name.to_owned(),
        };
        if name.chars().count() > NAME_CHARS_MAX {
            return Err((Field::Name, format!("At most {NAME_CHARS_MAX} characters.")));
        }
        let limits = Limits {
            fuel: number(Field::Fuel, &self.fuel, most.fuel / 1_000_000)? * 1_000_000,
            memory_bytes: number(Field::Memory, &self.memory, most.memory_bytes >> 20)? << 20,
            wall_ms: number(Field::Wall, &self.wall, u64::from(most.wall_ms) / 60_000)? as u32 * 60_000,
            ..Limits::default()
        };
        let ahead_ms = number(Field::Deadline, &self.deadline, 30 * 24 * 60)? * 60_000;
        let kinds = match self.asked {
            Asked::Any => Vec::new(),
            Asked::Tabs => vec![Kind::Tab],
            Asked::Native => vec![Kind::Native],
        };
        // By custom, the first argument is the program's name.
        let args = core::iter::once(if stem.is_empty() { "job".into() } else { stem });
        let args = args.chain(self.args.lines().map(str::to_owned).filter(|line| !line.is_empty()));
        Ok(Manifest {
            version: VERSION,
            name,
            submitter,
            module: Blob::default(),
            input: Blob::default(),
            entry: ENTRY.into(),
            args: args.collect(),
            env: Vec::new(),
            limits,
            replicas: self.replicas.clamp(1, REPLICAS_MAX),
            quorum: Quorum::Majority,
            constraints: Constraints { kinds, ..Constraints::default() },
            created: now,
            deadline: now.plus_ms(ahead_ms),
            priority: 0,
            deterministic: true,
            nonce: String::new(),
        })
    }
}

#[cfg(test)]
mod tests;
