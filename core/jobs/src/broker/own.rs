//! The heavy node's own executor: it settles disputes, and runs jobs that ask for heavy nodes.

use super::{Broker, Output, Wait};
use crate::{
    Manifest,
    blobs::Owner,
    manifest::Kind,
    ran::{Finished, Of, RunError, Times},
    scheduler::{self, Advert},
    worker::Task,
};
use alloc::{boxed::Box, string::ToString, sync::Arc};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity};

/// A job that runs here.
#[derive(Debug)]
pub(super) struct Own {
    manifest: Manifest,
    input: ContentId,
    started: Instant,
}

impl Broker {
    /// Offers the heavy node's own executor to its scheduler, where it has one.
    pub(super) fn join(&mut self, now: Instant) {
        let Some(executor) = &self.config.executor else { return };
        let advert = Advert {
            kind: Kind::Heavy,
            slots: executor.slots_max,
            ahead: 0,
            memory_bytes_max: executor.memory_bytes_max,
            fuel_max: u64::MAX,
            wall_ms_max: u32::MAX,
            gas: executor.gas.clone(),
        };
        let input = scheduler::Input::Joined { node: self.me, advert, is_judge: true };
        self.scheduler.handle_input(now, input);
    }

    /// Has a job run here.
    pub(super) fn run(&mut self, now: Instant, job: ContentId, document: &Envelope) {
        if self.own.contains_key(&job) {
            return;
        }
        match self.task(now, job, document) {
            Some((task, own)) => {
                self.own.insert(job, own);
                self.outputs.push_back(Output::Run(Box::new(task)));
            }
            None => {
                let why = "the bytes that it needs are not here".into();
                self.scheduler.handle_input(now, scheduler::Input::Declined { node: self.me, job, why });
            }
        }
    }

    fn task(&self, now: Instant, job: ContentId, document: &Envelope) -> Option<(Task, Own)> {
        let manifest: Manifest = serde_json::from_slice(&document.payload).ok()?;
        let bytes = |inline: Option<&[u8]>, id| match inline {
            Some(bytes) => Some(Arc::from(bytes)),
            None => self.blobs.get(id).cloned(),
        };
        let input = manifest.input.id().or_else(|| self.scheduler.gathered_input(job))?;
        let task = Task {
            job,
            invocation: manifest.invocation(job, self.me, now),
            module: bytes(manifest.module.inline(), manifest.module_id())?,
            input: bytes(manifest.input.inline(), input)?,
        };
        Some((task, Own { manifest, input, started: now }))
    }

    pub(super) fn stop(&mut self, job: ContentId) {
        if self.own.remove(&job).is_some() {
            self.outputs.push_back(Output::Stop { job });
        }
    }

    /// What ran here has ended.
    pub(super) fn ran(
        &mut self,
        now: Instant,
        identity: &Identity,
        job: ContentId,
        result: Result<Box<Finished>, RunError>,
    ) {
        let Some(own) = self.own.remove(&job) else { return };
        let gas = self.config.executor.as_ref().map_or("", |executor| &executor.gas);
        let signed = result.map_err(|error| error.to_string()).and_then(|finished| {
            let times = Times {
                started: own.started,
                ended: now.max(own.started),
                wall_us: finished.wall_us,
                cpu_us: finished.cpu_us,
            };
            let of = Of { job, manifest: &own.manifest, input: own.input, node: self.me, gas, times };
            let receipt = finished.ran.receipt(&of);
            let envelope = receipt.sign(identity).map_err(|error| error.to_string())?;
            Ok((finished, receipt, envelope))
        });
        match signed {
            Ok((finished, receipt, envelope)) => {
                let ids = [receipt.output, receipt.errors];
                let outputs = ids.into_iter().zip([&*finished.ran.stdout, &*finished.ran.stderr]);
                // Without room the result stands all the same, with an output that is not here.
                self.keep_outputs(now, self.me, outputs.collect(), &ids);
                let (token, receipt) = (self.token(Wait::Own), Box::new(receipt));
                let node = self.me;
                let input = scheduler::Input::AnsweredOpened { token, node, receipt, envelope };
                self.scheduler.handle_input(now, input);
                self.hold_blobs(job);
                ids.iter().for_each(|id| self.blobs.drop_unused(*id, Owner::Node(node)));
                self.keep_to_share(now, job);
            }
            Err(why) => {
                self.scheduler.handle_input(now, scheduler::Input::Declined { node: self.me, job, why });
            }
        }
    }
}
