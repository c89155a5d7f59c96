//! Taking jobs, and giving them back to their submitters.

use super::{
    Able, CancelError, NEEDS_MAX, Output, RefusalReason, Scheduler, SubmitError, Taken,
    fit::Needs,
    inputs::Given,
    stored::{Lost, State},
};
use crate::Manifest;
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};

/// What a place is expected to take where nothing has ended yet, in milliseconds.
const RETRY_GUESS_MS: u64 = 5_000;
/// Milliseconds for which a count of nodes is as good as new.
const ABLE_MS: u64 = 250;
const RETRY_MS_MIN: u64 = 1_000;
const RETRY_MS_MAX: u64 = 600_000;

impl Scheduler {
    pub(super) fn submit(&mut self, now: Instant, token: u64, document: Envelope) {
        let result = self.try_submit(now, document);
        self.say_submitted(token, result);
    }

    fn say_submitted(&mut self, token: u64, result: Result<Taken, SubmitError>) {
        match result {
            // Said once it is durable.
            Ok(taken) => self.then.push(Output::Submitted { token, result: Ok(taken) }),
            Err(error) => self.outputs.push_back(Output::Submitted { token, result: Err(error) }),
        }
    }

    pub(super) fn submit_opened(
        &mut self,
        now: Instant,
        token: u64,
        id: ContentId,
        manifest: Manifest,
        document: Envelope,
    ) {
        let result = self.try_submit_opened(now, id, manifest, document);
        self.say_submitted(token, result);
    }

    fn try_submit(&mut self, now: Instant, document: Envelope) -> Result<Taken, SubmitError> {
        let (id, manifest) = Manifest::open(&document).map_err(SubmitError::Manifest)?;
        self.try_submit_opened(now, id, manifest, document)
    }

    fn try_submit_opened(
        &mut self,
        now: Instant,
        id: ContentId,
        manifest: Manifest,
        document: Envelope,
    ) -> Result<Taken, SubmitError> {
        if self.ended_at.contains_key(&id) {
            return Ok(Taken { job: id, able: 0, words: "it has ended already".into() });
        }
        if self.jobs.contains_key(&id) {
            return Ok(self.taken(now, id));
        }
        manifest.check_moments(now).map_err(SubmitError::Manifest)?;
        self.drop_ids(now);
        if self.forgotten.has(id) {
            return Err(SubmitError::Forgotten);
        }
        self.never(&manifest)?;
        self.inputs_known(&manifest)?;
        let submitter = manifest.submitter;
        let needs = Needs::of(&manifest, false);
        let bytes = document.payload.len() as u64;
        let (open, open_bytes) = self.queue.open_of(submitter);
        if open >= self.config.jobs_each_max || open_bytes + bytes > self.config.bytes_each_max {
            // The submitter's own jobs have to end, and take turns with others'.
            return Err(SubmitError::FullForYou { retry_ms: self.retry_ms(self.queue.submitters()) });
        }
        if self.jobs.len() >= self.config.jobs_max as usize || self.bytes + bytes > self.config.bytes_max {
            return Err(SubmitError::Full { retry_ms: self.retry_ms(1) });
        }
        let (variety, is_known) = self.queue.variety(submitter, &needs);
        if variety >= NEEDS_MAX && !is_known {
            return Err(SubmitError::TooVaried { retry_ms: self.retry_ms(self.queue.submitters()) });
        }
        let number = self.next();
        let state = State {
            number,
            submitted: now,
            input: None,
            answers: Vec::new(),
            leases: BTreeMap::new(),
            barred: BTreeMap::new(),
            lost: Lost::default(),
            is_disputed: false,
        };
        // As its submitter signed it: signatures of others say nothing here and would be handed on.
        let mut document = document;
        document.signatures.retain(|signature| signature.keyid == submitter);
        self.write_manifest(id, &document);
        self.take(id, manifest, document, state);
        self.dirty.insert(id);
        self.look_for_inputs(now, id);
        self.place(now, id);
        Ok(self.taken(now, id))
    }

    /// What there is to say about a job that waits or runs.
    fn taken(&mut self, now: Instant, id: ContentId) -> Taken {
        let Some(job) = self.jobs.get(&id) else { return Taken { job: id, able: 0, words: String::new() } };
        let (stage, wanted) = (Self::stage(job), job.wanted() as u32);
        // Jobs of one array need the same: nodes are looked at once for all that come at a time.
        let is_known = |able: &&Able| able.needs == job.needs && now.since_ms(able.at) < ABLE_MS;
        let nodes = match self.able.as_ref().filter(is_known) {
            Some(able) => able.nodes,
            None => {
                let fits = |(node, worker): &(&NodeId, &super::Worker)| {
                    self.unfit(&job.needs, **node, worker).is_none()
                };
                let nodes = self.workers.iter().filter(fits).count() as u32;
                self.able = Some(Able { needs: job.needs.clone(), nodes, told: None, at: now });
                nodes
            }
        };
        let told = self.able.as_ref().and_then(|able| able.told.as_ref()).filter(|(then, _)| *then == stage);
        let words = match (wanted, told) {
            (0, _) if job.given == Given::Ready => String::new(),
            (1.., _) if nodes >= wanted => {
                format!("{nodes} nodes can run it, and all have other jobs or gave this one back")
            }
            (_, Some((_, words))) => words.clone(),
            (_, None) => {
                let words = self.why(id).map_or_else(String::new, |why| why.to_string());
                if let Some(able) = &mut self.able {
                    able.told = Some((stage, words.clone()));
                }
                words
            }
        };
        Taken { job: id, able: nodes, words }
    }

    /// Refuses what no node can ever run, here or later.
    fn never(&self, manifest: &Manifest) -> Result<(), SubmitError> {
        let (asks, most) = (&manifest.limits, &self.config.limits_max);
        for (field, asks, most) in [
            ("limits.fuel", asks.fuel, most.fuel),
            ("limits.memory_bytes", asks.memory_bytes, most.memory_bytes),
            ("limits.table_elements", asks.table_elements, most.table_elements),
            ("limits.output_bytes", asks.output_bytes, most.output_bytes),
            ("limits.stack_bytes", asks.stack_bytes, most.stack_bytes),
            ("limits.call_depth", asks.call_depth, most.call_depth),
            ("limits.module_bytes", asks.module_bytes, most.module_bytes),
            ("limits.wall_ms", asks.wall_ms.into(), most.wall_ms.into()),
        ] {
            if asks > most {
                return Err(SubmitError::Never {
                    field,
                    problem: format!("{asks}, and nodes here give at most {most}"),
                });
            }
        }
        let listed = &manifest.constraints.nodes;
        if !listed.is_empty() {
            let kept = |node: &&NodeId| {
                !manifest.constraints.except.contains(node) && !self.standing(**node).is_distrusted()
            };
            let left = listed.iter().filter(kept).count();
            if left < usize::from(manifest.replicas) {
                return Err(SubmitError::Never {
                    field: "constraints.nodes",
                    problem: format!(
                        "{left} of the nodes listed are trusted here, and {} replicas need as many",
                        manifest.replicas
                    ),
                });
            }
        }
        Ok(())
    }

    /// After how long a place is likely to be free, where one in `turns` jobs that end frees it.
    fn retry_ms(&self, turns: u64) -> u64 {
        let (_, mean) = self.pace;
        let each_ms = if mean == 0 { RETRY_GUESS_MS } else { mean / 16 };
        each_ms.saturating_mul(turns.max(1)).clamp(RETRY_MS_MIN, RETRY_MS_MAX)
    }

    pub(super) fn cancel(&mut self, now: Instant, token: u64, id: ContentId, by: NodeId) {
        let result = match self.jobs.get(&id) {
            None if self.ended_at.contains_key(&id) => Err(CancelError::Ended),
            None => Err(CancelError::Unknown),
            Some(job) if job.manifest.submitter != by => Err(CancelError::NotYours),
            Some(_) => {
                self.refuse(now, id, RefusalReason::Cancelled);
                Ok(())
            }
        };
        let output = Output::Cancelled { token, result };
        if result.is_ok() { self.then.push(output) } else { self.outputs.push_back(output) }
    }
}
