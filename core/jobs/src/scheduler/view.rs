//! What a scheduler shows.

use super::{Answer, Ended, Outcome, Past, RefusalReason, Scheduler, Worker};
use crate::{
    Manifest,
    receipt::{Claim, Ended as Ending},
    view::{Counts, Filter, JobState, JobView, LeaseView, RefusalView, ResultView, WorkerLimits, WorkerView},
};
use alloc::{string::ToString, sync::Arc, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};

impl Scheduler {
    /// A job's signed manifest.
    pub fn document(&self, job: ContentId) -> Option<&Arc<Envelope>> {
        let open = self.jobs.get(&job).map(|job| &job.document);
        open.or_else(|| self.past(job).map(|past| &past.document))
    }

    /// A job's answers so far, in the order in which they came.
    pub fn answers(&self, job: ContentId) -> &[Answer] {
        match self.jobs.get(&job) {
            Some(job) => &job.state.answers,
            None => self.past(job).map_or(&[], |past| &past.ended.answers),
        }
    }

    /// The bytes that a job needs to be here, by content id: what it names, and the outputs that it has. One may stand there twice.
    pub fn blobs_of(&self, job: ContentId) -> Vec<ContentId> {
        let outputs = |claim: &Claim| [claim.output, claim.errors];
        if let Some(job) = self.jobs.get(&job) {
            let answers = job.state.answers.iter().flat_map(|answer| outputs(&answer.claim));
            return job.blobs.iter().copied().chain(answers).collect();
        }
        let Some(past) = self.past(job) else { return Vec::new() };
        let result = match &past.ended.outcome {
            Outcome::Done { claim, .. } => Some(outputs(claim)),
            Outcome::Refused(_) => None,
        };
        past.blobs.iter().copied().chain(result.into_iter().flatten()).collect()
    }

    /// The input of a job that was gathered of other jobs' outputs.
    pub fn gathered_input(&self, job: ContentId) -> Option<ContentId> {
        self.jobs.get(&job)?.state.input
    }

    /// Whether a node holds a job, or may still hand in its answer.
    pub fn is_leased(&self, job: ContentId, node: NodeId) -> bool {
        self.jobs.get(&job).is_some_and(|job| job.state.leases.contains_key(&node))
            || self.late.get(&job).is_some_and(|late| late.nodes.contains(&node))
    }

    /// Whether a job has no end yet.
    pub fn is_open(&self, job: ContentId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Who submitted a job that has no end yet.
    pub fn submitter_of_open(&self, job: ContentId) -> Option<NodeId> {
        self.jobs.get(&job).map(|job| job.manifest.submitter)
    }

    /// Jobs that ended before `before` and may be forgotten, in the order in which [`Scheduler::forget_oldest`] forgets them.
    pub fn forgettable(&self, before: Instant) -> impl Iterator<Item = ContentId> + '_ {
        let past = self.forgettable.iter().filter_map(|number| self.ended.get(number));
        past.take_while(move |past| past.ended.at < before).map(|past| past.job)
    }

    /// The most bytes that a job without an end may write.
    pub fn output_bytes_max(&self, job: ContentId) -> Option<u64> {
        self.jobs.get(&job).map(|job| job.manifest.limits.output_bytes)
    }

    /// Whether a node has joined and not left.
    pub fn knows(&self, node: NodeId) -> bool {
        self.workers.contains_key(&node)
    }

    /// The jobs that a node holds.
    pub fn held_by(&self, node: NodeId) -> impl Iterator<Item = ContentId> + '_ {
        self.held.get(&node).into_iter().flatten().copied()
    }

    /// The state of a job that is known here.
    pub fn state_of(&self, job: ContentId) -> Option<JobState> {
        if let Some(job) = self.jobs.get(&job) {
            return Some(if job.state.leases.is_empty() { JobState::Waiting } else { JobState::Running });
        }
        Some(match &self.past(job)?.ended.outcome {
            Outcome::Done { claim, .. } if claim.ended == Ending::Exit(0) => JobState::Done,
            Outcome::Done { .. } => JobState::Failed,
            Outcome::Refused(RefusalReason::Cancelled) => JobState::Cancelled,
            Outcome::Refused(_) => JobState::Refused,
        })
    }

    /// How many jobs are known here, by state. It looks at each.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for job in self.index.all() {
            let Some(state) = self.state_of(job) else { continue };
            *counts.states.entry(state).or_default() += 1;
        }
        let waiting = self.jobs.values().filter(|job| job.state.leases.is_empty());
        counts.waiting_since = waiting.map(|job| job.state.submitted).min();
        counts
    }

    /// The ids of jobs that `filter` asks for, the latest first.
    pub fn list<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = ContentId> + 'a {
        let number = |id: &ContentId| match self.jobs.get(id) {
            Some(job) => Some(job.state.number),
            None => self.past(*id).map(|past| past.ended.number),
        };
        // What came before a job that is forgotten is forgotten too, or about to be.
        let before = filter.after.map_or(u64::MAX, |after| number(&after).unwrap_or_default());
        let jobs = self.index.before(before, filter.submitter);
        jobs.filter(move |id| filter.state.is_none_or(|wanted| self.state_of(*id) == Some(wanted)))
    }

    /// A job that is known here; `len` gives the bytes of a blob that is. What a waiting job waits for is told with the nodes' reasons where
    /// `with_nodes` says so: that looks at each node.
    pub fn view(
        &self,
        id: ContentId,
        with_nodes: bool,
        len: impl Fn(ContentId) -> Option<u64>,
    ) -> Option<JobView> {
        let state = self.state_of(id)?;
        if let Some(past) = self.past(id) {
            return self.past_view(state, past, len);
        }
        let job = self.jobs.get(&id)?;
        let kind = |node: &NodeId| self.workers.get(node).map(|worker| worker.advert.kind);
        let leases = job.state.leases.iter().map(|(node, lease)| LeaseView {
            node: *node,
            kind: kind(node),
            since: lease.since,
            until: lease.until,
        });
        let waits = job.wanted() > 0 || job.given.left().is_some();
        let why =
            || if with_nodes { self.why(id)?.to_string().into() } else { Some(Self::stage(job).to_string()) };
        Some(JobView {
            id,
            name: job.manifest.name.clone(),
            submitter: job.manifest.submitter,
            state,
            submitted: job.state.submitted,
            deadline: job.manifest.deadline,
            ended: None,
            replicas: job.manifest.replicas,
            leases: leases.collect(),
            why: waits.then(why).flatten(),
            result: None,
            receipts: job.state.answers.len() as u32,
            refusal: None,
        })
    }

    fn past_view(
        &self,
        state: JobState,
        past: &Past,
        len: impl Fn(ContentId) -> Option<u64>,
    ) -> Option<JobView> {
        let manifest: Manifest = serde_json::from_slice(&past.document.payload).ok()?;
        let ended = &past.ended;
        let (result, refusal) = match &ended.outcome {
            Outcome::Done { claim, .. } => (self.result_view(ended, claim, len), None),
            Outcome::Refused(reason) => {
                (None, Some(RefusalView { code: reason.code().into(), words: reason.to_string() }))
            }
        };
        Some(JobView {
            id: past.job,
            name: manifest.name,
            submitter: ended.submitter,
            state,
            submitted: ended.submitted,
            deadline: manifest.deadline,
            ended: Some(ended.at),
            replicas: manifest.replicas,
            leases: Vec::new(),
            why: None,
            result,
            receipts: ended.answers.len() as u32,
            refusal,
        })
    }

    fn result_view(
        &self,
        ended: &Ended,
        claim: &Claim,
        len: impl Fn(ContentId) -> Option<u64>,
    ) -> Option<ResultView> {
        let agreeing = || ended.answers.iter().filter(|answer| answer.claim == *claim);
        Some(ResultView {
            ending: agreeing().next()?.ending.clone(),
            stdout: claim.output,
            stdout_bytes: len(claim.output),
            stderr: claim.errors,
            stderr_bytes: len(claim.errors),
            fuel: claim.fuel,
            gas: self.config.gas.clone(),
            agreed: agreeing().count() as u32,
            nodes: agreeing().map(|answer| answer.node).collect(),
            judged: ended.answers.iter().any(|answer| answer.is_judge),
        })
    }

    /// The nodes that are here.
    pub fn workers(&self) -> impl ExactSizeIterator<Item = WorkerView> + '_ {
        self.workers.iter().map(|(node, worker)| self.worker_view(*node, worker))
    }

    fn worker_view(&self, node: NodeId, worker: &Worker) -> WorkerView {
        let advert = &worker.advert;
        WorkerView {
            node,
            kind: advert.kind,
            slots: advert.slots,
            busy: self.held.get(&node).map_or(0, |held| held.len() as u32),
            gas: advert.gas.clone(),
            limits: WorkerLimits {
                memory_bytes: advert.memory_bytes_max,
                fuel: advert.fuel_max,
                wall_ms: advert.wall_ms_max,
            },
            standing: self.standing(node),
            since: worker.since,
        }
    }
}
