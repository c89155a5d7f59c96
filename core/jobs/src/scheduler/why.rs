//! Why a job does not run: each known node's reason, as data and in words.

use super::{Job, Scheduler};
use crate::manifest::Kind;
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use core::fmt;
use keys::NodeId;

/// Why a node does not get a job now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// It runs the job.
    RunsIt,
    /// It has answered; replicas are on different nodes.
    Answered,
    /// The job is disputed, and this node is not trusted to settle it.
    NoJudge,
    /// The job asks for other kinds of nodes.
    Kind {
        /// The node's.
        kind: Kind,
    },
    /// The job lists the nodes that may run it, and this one is not there.
    NotListed,
    /// The job lists it among those that may not.
    Excepted,
    /// It counts fuel otherwise.
    Gas {
        /// Its gas schedule.
        gas: String,
    },
    /// It gives a job too little memory.
    Memory {
        /// Bytes that the job may use.
        needs_bytes: u64,
        /// Bytes that the node gives.
        gives_bytes: u64,
    },
    /// It gives a job too little fuel.
    Fuel {
        /// Fuel that the job may use.
        needs: u64,
        /// Fuel that the node gives.
        gives: u64,
    },
    /// It gives a job too little time.
    Wall {
        /// Milliseconds that the job may take.
        needs_ms: u64,
        /// Milliseconds that the node gives.
        gives_ms: u64,
    },
    /// Its answers were wrong too often.
    Distrusted {
        /// How often.
        disagreed: u64,
    },
    /// The job asks for nodes that have agreed with others more often.
    Record {
        /// How often at least.
        needs: u32,
        /// How often it has.
        has: u64,
    },
    /// It left while it had the job.
    Left {
        /// When it may have it again.
        until: Instant,
    },
    /// It gave the job back, since others are before it there.
    Returned {
        /// When it may have it again.
        until: Instant,
    },
    /// It did not answer while its lease lasted.
    TookTooLong,
    /// It handed the job back.
    Declined {
        /// Its words.
        why: String,
        /// When it may have it again; `None` for never.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// Its receipt was not in order.
    WrongReceipt {
        /// What was wrong.
        why: String,
    },
    /// It takes no jobs now.
    Paused,
    /// All its slots run other jobs.
    Busy {
        /// How many.
        slots: u16,
    },
    /// Nothing: it is free, and gets the job as soon as the job wants a node.
    Free,
}

impl Reason {
    /// Whether it may pass without anybody's doing: the node gets free, or comes back.
    pub const fn passes(&self) -> bool {
        matches!(
            self,
            Self::RunsIt
                | Self::Left { .. }
                | Self::Declined { until: Some(_), .. }
                | Self::Returned { .. }
                | Self::Paused
                | Self::Busy { .. }
                | Self::Free
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: &u64| bytes.div_ceil(1024 * 1024);
        match self {
            Self::RunsIt => f.write_str("runs it"),
            Self::Answered => f.write_str("has answered already"),
            Self::NoJudge => f.write_str("is not trusted to settle a dispute"),
            Self::Kind { kind } => write!(f, "is of a kind that the job does not ask for ({})", kind.name()),
            Self::NotListed => f.write_str("is not among the nodes that the job lists"),
            Self::Excepted => f.write_str("is one of the nodes that the job excepts"),
            Self::Gas { gas } => write!(f, "counts fuel by another gas schedule ({gas})"),
            Self::Memory { needs_bytes, gives_bytes } => {
                write!(
                    f,
                    "gives {} MiB of memory, and the job may use {}",
                    mib(gives_bytes),
                    mib(needs_bytes)
                )
            }
            Self::Fuel { needs, gives } => write!(f, "gives {gives} fuel, and the job may use {needs}"),
            Self::Wall { needs_ms, gives_ms } => {
                write!(f, "gives a job {gives_ms} ms, and this one may take {needs_ms}")
            }
            Self::Distrusted { disagreed } => {
                write!(f, "was wrong {disagreed} times, too often to be trusted")
            }
            Self::Record { needs, has } => {
                write!(f, "has agreed with others {has} times, and the job asks for {needs}")
            }
            Self::Left { until } => write!(f, "left while it had the job; may have it again from {until}"),
            Self::Returned { until } => {
                write!(f, "gave it back, since it runs others; may have it again from {until}")
            }
            Self::TookTooLong => f.write_str("did not answer while its lease lasted"),
            Self::Declined { why, until: None } => write!(f, "handed it back: {why}"),
            Self::Declined { why, until: Some(until) } => {
                write!(f, "handed it back: {why}; may have it again from {until}")
            }
            Self::WrongReceipt { why } => write!(f, "handed in a receipt that is not in order: {why}"),
            Self::Paused => f.write_str("takes no jobs now"),
            Self::Busy { slots } => write!(f, "is busy with {slots} other jobs"),
            Self::Free => f.write_str("is free"),
        }
    }
}

/// How far a job without an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Stage {
    /// It waits for nodes.
    Waiting {
        /// How many more it wants.
        wanted: u32,
        /// How many run it.
        running: u32,
        /// How many have answered.
        answered: u32,
        /// How many answers it asks for.
        replicas: u8,
    },
    /// All nodes that it wants run it or have answered.
    Running {
        /// How many run it.
        running: u32,
        /// How many have answered.
        answered: u32,
    },
    /// The answers differ, and it waits for a heavy node that settles it.
    Disputed,
    /// It waits for other jobs, whose outputs it reads.
    Inputs {
        /// How many have not ended.
        left: u32,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { wanted, answered, replicas, .. } => {
                write!(f, "{answered} of {replicas} answers are there, and it waits for {wanted} more ")?;
                f.write_str(if *wanted == 1 { "node" } else { "nodes" })
            }
            Self::Running { running, answered } => {
                write!(f, "{running} nodes run it, and {answered} have answered")
            }
            Self::Inputs { left } => {
                write!(f, "it reads the outputs of other jobs, of which {left} have not ended")
            }
            Self::Disputed => f.write_str("its answers differ, and it waits for a heavy node to settle it"),
        }
    }
}

/// Why a job has no result yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Why {
    /// Which job.
    pub job: ContentId,
    /// How far it is.
    pub stage: Stage,
    /// Leases that came to nothing so far. One that a node handed back counts for ten minutes, and where others have agreed with the node before.
    pub lost: u32,
    /// Each known node's reason, ascending by node.
    pub nodes: Vec<(NodeId, Reason)>,
}

impl Why {
    /// Whether no known node can run it, whatever passes by itself.
    pub fn is_stuck(&self) -> bool {
        !matches!(self.stage, Stage::Running { .. } | Stage::Inputs { .. })
            && !self.nodes.iter().any(|(_, reason)| reason.passes())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Different reasons that a person is told.
        const SHOWN: usize = 5;
        write!(f, "{}", self.stage)?;
        if matches!(self.stage, Stage::Running { .. } | Stage::Inputs { .. }) {
            return Ok(());
        }
        if self.nodes.is_empty() {
            return f.write_str("; no node is here");
        }
        if self.is_stuck() {
            f.write_str("; none that is here can run it")?;
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (_, reason) in &self.nodes {
            *counts.entry(reason.to_string()).or_default() += 1;
        }
        let mut counts: Vec<(usize, String)> =
            counts.into_iter().map(|(words, count)| (count, words)).collect();
        counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        for (at, (count, words)) in counts.iter().take(SHOWN).enumerate() {
            write!(f, "{}{count} × {words}", if at == 0 { ". Nodes: " } else { "; " })?;
        }
        if counts.len() > SHOWN { write!(f, "; and {} other reasons", counts.len() - SHOWN) } else { Ok(()) }
    }
}

impl Scheduler {
    /// How far a job is.
    pub(super) fn stage(job: &Job) -> Stage {
        let (running, answered) = (job.state.leases.len() as u32, job.state.answers.len() as u32);
        match job.wanted() as u32 {
            0 => match job.given.left() {
                Some(left) => Stage::Inputs { left },
                None => Stage::Running { running, answered },
            },
            _ if job.state.is_disputed => Stage::Disputed,
            wanted => Stage::Waiting { wanted, running, answered, replicas: job.manifest.replicas },
        }
    }

    /// Why a job without an end has none yet; `None` for any other.
    pub fn why(&self, id: ContentId) -> Option<Why> {
        let job = self.jobs.get(&id)?;
        let stage = Self::stage(job);
        let held =
            |node| self.held.get(&node).map_or(0, |held| u16::try_from(held.len()).unwrap_or(u16::MAX));
        let reason = |node: NodeId, worker: &super::Worker| {
            Self::kept_from(job, node).or_else(|| self.unfit(&job.needs, node, worker)).unwrap_or_else(|| {
                match worker.advert.slots {
                    0 => Reason::Paused,
                    // A newcomer is given fewer than it has slots.
                    slots if worker.free.is_none() => Reason::Busy { slots: slots.min(held(node)) },
                    _ => Reason::Free,
                }
            })
        };
        let nodes = self.workers.iter().map(|(node, worker)| (*node, reason(*node, worker))).collect();
        Some(Why { job: id, stage, lost: job.state.lost.all.into(), nodes })
    }
}
