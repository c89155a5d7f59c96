//! Which node may run which job.

use super::{Advert, Job, Reason, Scheduler, Worker, stored::Bar};
use crate::{
    Manifest,
    manifest::{Constraints, Kind, LIGHT_KINDS},
};
use alloc::string::String;
use keys::NodeId;

/// Everything about a job that decides whether a node fits, what the node did with this very job aside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needs {
    fuel: u64,
    memory_bytes: u64,
    wall_ms: u32,
    constraints: Constraints,
    /// Whether it takes a judge, of whatever kind.
    pub(super) is_disputed: bool,
}

impl Needs {
    pub(super) fn of(manifest: &Manifest, is_disputed: bool) -> Self {
        let mut constraints = manifest.constraints.clone();
        if constraints.kinds.is_empty() {
            constraints.kinds = LIGHT_KINDS.to_vec();
        }
        // One order for one meaning.
        constraints.kinds.sort_unstable();
        constraints.nodes.sort_unstable();
        constraints.except.sort_unstable();
        let limits = manifest.limits;
        Self {
            fuel: limits.fuel,
            memory_bytes: limits.footprint_bytes(),
            wall_ms: limits.wall_ms,
            constraints,
            is_disputed,
        }
    }
}

/// What nodes alike offer: whether a job fits is asked once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class {
    kind: Kind,
    pub(super) is_judge: bool,
    memory_bytes_max: u64,
    fuel_max: u64,
    wall_ms_max: u32,
    gas: String,
}

impl Class {
    pub(super) fn of(advert: &Advert, is_judge: bool) -> Self {
        let Advert { kind, memory_bytes_max, fuel_max, wall_ms_max, ref gas, .. } = *advert;
        Self { kind, is_judge, memory_bytes_max, fuel_max, wall_ms_max, gas: gas.clone() }
    }
}

impl Scheduler {
    /// Why no node of the class can run what has these needs.
    pub(super) fn unfit_class(&self, needs: &Needs, class: &Class) -> Option<Reason> {
        let limit = |needs: u64, gives: u64| (needs > gives).then_some((needs, gives));
        if needs.is_disputed && !class.is_judge {
            return Some(Reason::NoJudge);
        }
        if !needs.is_disputed && needs.constraints.kinds.binary_search(&class.kind).is_err() {
            return Some(Reason::Kind { kind: class.kind });
        }
        if class.gas != self.config.gas {
            return Some(Reason::Gas { gas: class.gas.clone() });
        }
        if let Some((needs, gives)) = limit(needs.memory_bytes, class.memory_bytes_max) {
            return Some(Reason::Memory { needs_bytes: needs, gives_bytes: gives });
        }
        if let Some((needs, gives)) = limit(needs.fuel, class.fuel_max) {
            return Some(Reason::Fuel { needs, gives });
        }
        if let Some((needs, gives)) = limit(needs.wall_ms.into(), class.wall_ms_max.into()) {
            return Some(Reason::Wall { needs_ms: needs, gives_ms: gives });
        }
        None
    }

    /// Why the node cannot run what has these needs, were it free.
    pub(super) fn unfit(&self, needs: &Needs, node: NodeId, worker: &Worker) -> Option<Reason> {
        self.unfit_class(needs, &worker.class).or_else(|| self.unfit_node(needs, node, worker.is_judge))
    }

    /// Why this node of a class that fits cannot.
    pub(super) fn unfit_node(&self, needs: &Needs, node: NodeId, is_judge: bool) -> Option<Reason> {
        let constraints = &needs.constraints;
        if !needs.is_disputed
            && !constraints.nodes.is_empty()
            && constraints.nodes.binary_search(&node).is_err()
        {
            return Some(Reason::NotListed);
        }
        if constraints.except.binary_search(&node).is_ok() {
            return Some(Reason::Excepted);
        }
        if is_judge {
            return None;
        }
        let standing = self.standing(node);
        if standing.is_distrusted() {
            return Some(Reason::Distrusted { disagreed: standing.disagreed });
        }
        if standing.agreed < constraints.agreed_min.into() {
            return Some(Reason::Record { needs: constraints.agreed_min, has: standing.agreed });
        }
        None
    }

    /// Why the node does not get this very job, for what it did with it.
    pub(super) fn kept_from(job: &Job, node: NodeId) -> Option<Reason> {
        let state = &job.state;
        if state.leases.contains_key(&node) {
            return Some(Reason::RunsIt);
        }
        if state.answers.iter().any(|answer| answer.node == node) {
            return Some(Reason::Answered);
        }
        state.barred.get(&node).map(|bar| match bar {
            Bar::Left { until } => Reason::Left { until: *until },
            Bar::Late => Reason::TookTooLong,
            Bar::Declined { why } => Reason::Declined { why: why.clone(), until: None },
            Bar::HandedBack { until, why, .. } => Reason::Declined { why: why.clone(), until: Some(*until) },
            Bar::Returned { until } => Reason::Returned { until: *until },
            Bar::Wrong { why } => Reason::WrongReceipt { why: why.clone() },
        })
    }
}
