//! Jobs whose input is the output of other jobs: they wait for those, and are refused where one has none.

use super::{Job, Outcome, Output, RefusalReason, Scheduler, SubmitError, stored::State};
use crate::{Manifest, manifest::Blob, receipt::Ended as Ending};
use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};

/// Whether a job's input is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// It is.
    Ready,
    /// These jobs have not ended.
    Awaits(BTreeSet<ContentId>),
    /// The owner makes it.
    Gathering,
}

impl Given {
    /// How many jobs it still waits for; `None` where the input is there.
    pub(super) fn left(&self) -> Option<u32> {
        match self {
            Self::Ready => None,
            Self::Awaits(left) => Some(left.len() as u32),
            Self::Gathering => Some(0),
        }
    }
}

impl Scheduler {
    /// Refuses a manifest that reads the output of a job which is not known here, or has none.
    pub(super) fn inputs_known(&self, manifest: &Manifest) -> Result<(), SubmitError> {
        const FIELD: &str = "input.outputs";
        for job in manifest.input.outputs() {
            if self.jobs.contains_key(job) {
                continue;
            }
            if self.end_of(*job).is_none() {
                return Err(SubmitError::Missing { field: FIELD, id: *job });
            }
            if let Err(problem) = self.output_of(*job) {
                return Err(SubmitError::Never { field: FIELD, problem });
            }
        }
        Ok(())
    }

    /// The content id of an ended job's output.
    ///
    /// # Errors
    /// Why there is none, for a person.
    pub fn output_of(&self, job: ContentId) -> Result<ContentId, String> {
        match self.end_of(job).map(|ended| &ended.outcome) {
            Some(Outcome::Done { claim, .. }) if claim.ended == Ending::Exit(0) => Ok(claim.output),
            Some(outcome) => Err(format!("the job {job}, whose output it reads, has none: {outcome}")),
            None => Err(format!("the job {job}, whose output it reads, is not known here")),
        }
    }

    /// The outputs of ended jobs that an open job reads and has not been given yet.
    pub fn outputs_read(&self, id: ContentId) -> impl Iterator<Item = ContentId> + '_ {
        let job = self.jobs.get(&id).filter(|job| job.given != Given::Ready);
        let reads: BTreeSet<ContentId> =
            job.into_iter().flat_map(|job| job.manifest.input.outputs()).copied().collect();
        reads.into_iter().filter_map(|read| self.output_of(read).ok())
    }

    /// The open jobs that read a job's output and have not been given it yet.
    pub fn readers_of(&self, job: ContentId) -> Vec<ContentId> {
        self.dependents.get(&job).into_iter().flatten().copied().collect()
    }

    /// How a job that is taken stands to its input; notes what it reads.
    pub(super) fn given(&mut self, id: ContentId, manifest: &Manifest, state: &State) -> Given {
        if manifest.input.outputs().is_empty() || state.input.is_some() {
            return Given::Ready;
        }
        for job in manifest.input.outputs().iter().copied().collect::<BTreeSet<_>>() {
            *self.readers.entry(job).or_default() += 1;
            self.dependents.entry(job).or_default().insert(id);
            if let Some(number) = self.ended_at.get(&job) {
                self.forgettable.remove(number);
            }
        }
        Given::Awaits(BTreeSet::new())
    }

    /// A job needs the outputs of others no longer: it has its input, or an end.
    pub(super) fn stop_reading(&mut self, id: ContentId, job: &Job) {
        if job.given == Given::Ready {
            return;
        }
        for read in job.manifest.input.outputs().iter().copied().collect::<BTreeSet<_>>() {
            if let Some(dependents) = self.dependents.get_mut(&read) {
                dependents.remove(&id);
                if dependents.is_empty() {
                    self.dependents.remove(&read);
                }
            }
            let Some(readers) = self.readers.get_mut(&read) else { continue };
            *readers -= 1;
            if *readers == 0 {
                self.readers.remove(&read);
                self.forgettable.extend(self.ended_at.get(&read));
            }
        }
    }

    /// Finds out which of the jobs that a job reads have not ended, and has its input made where all have.
    pub(super) fn look_for_inputs(&mut self, now: Instant, id: ContentId) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.given != Given::Ready) else { return };
        let reads = job.manifest.input.outputs();
        let open: BTreeSet<ContentId> =
            reads.iter().copied().filter(|read| self.jobs.contains_key(read)).collect();
        let ended = reads.iter().filter(|read| !open.contains(read));
        let failed = ended.map(|read| self.output_of(*read)).find_map(Result::err);
        if let Some(why) = failed {
            return self.refuse(now, id, RefusalReason::Input { why });
        }
        if let Some(job) = self.jobs.get_mut(&id) {
            job.given = Given::Awaits(open);
        }
        self.gather(now, id);
    }

    /// Asks for the input of a job, where all that it reads has ended.
    fn gather(&mut self, now: Instant, id: ContentId) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.given == Given::Awaits(BTreeSet::new())) else {
            return;
        };
        let reads = job.manifest.input.outputs();
        match reads.iter().map(|read| self.output_of(*read)).collect::<Result<Vec<_>, _>>() {
            Err(why) => self.refuse(now, id, RefusalReason::Input { why }),
            Ok(parts) => {
                self.outputs.push_back(Output::Gather { job: id, parts });
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.given = Given::Gathering;
                }
            }
        }
    }

    /// Jobs have ended: who reads them learns it. In a loop, since jobs that read each other may be a long chain.
    pub(super) fn tell_dependents(&mut self, now: Instant) {
        while let Some(ended) = self.just_ended.pop_front() {
            let dependents = self.dependents.get(&ended).cloned().unwrap_or_default();
            let failed = self.output_of(ended).err();
            for id in dependents {
                let Some(job) = self.jobs.get_mut(&id) else { continue };
                if let Some(why) = &failed {
                    self.refuse(now, id, RefusalReason::Input { why: why.clone() });
                } else if let Given::Awaits(left) = &mut job.given {
                    left.remove(&ended);
                    self.gather(now, id);
                }
            }
        }
    }

    pub(super) fn gathered(&mut self, now: Instant, id: ContentId, result: Result<ContentId, String>) {
        let Some(job) = self.jobs.remove(&id) else { return };
        if job.given != Given::Gathering {
            self.jobs.insert(id, job);
            return;
        }
        match result {
            Err(why) => {
                self.jobs.insert(id, job);
                self.refuse(now, id, RefusalReason::Input { why: why.to_string() });
            }
            Ok(input) => {
                self.stop_reading(id, &job);
                let mut job = job;
                job.given = Given::Ready;
                job.state.input = Some(input);
                job.manifest.input = Blob::Id(input);
                job.blobs.push(input);
                self.jobs.insert(id, job);
                self.dirty.insert(id);
                self.place(now, id);
            }
        }
    }
}
