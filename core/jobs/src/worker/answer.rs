//! What came of jobs: receipts, and the way to the heavy node.

use super::{Job, Purpose, State, Timer, Worker, history::Past};
use crate::{
    message::{
        Answer, BATCH_BYTES, BATCH_MAX, CARRIED_BYTES_MAX, CHUNK_BYTES_MAX, Carried, Received, Request,
        Response,
    },
    ran::{Finished, Of, RunError, Times},
};
use alloc::{boxed::Box, string::ToString, vec::Vec};
use codec::{ContentId, Instant};
use keys::{Envelope, Identity, NodeId, Signature};

/// Most messages of answers under way to one heavy node.
const UNDER_WAY_MAX: u32 = 2;
/// Most questions under way to one heavy node by which outputs are put there.
const PUTS_MAX: u32 = 8;
/// Milliseconds before answers that a heavy node did not hear are handed in again.
const ANSWERS_AGAIN_MS: u64 = 1_000;
/// Milliseconds before bytes that a heavy node had no room for are put again.
const PUT_AGAIN_MS: u64 = 2_000;

/// An answer, and what is to be remembered of it.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) job: ContentId,
    answer: Answer,
    envelope: Envelope,
    past: Past,
}

impl Worker {
    pub(super) fn ran(
        &mut self,
        now: Instant,
        identity: &Identity,
        id: ContentId,
        result: Result<Box<Finished>, RunError>,
    ) {
        if !self.running.remove(&id) {
            return;
        }
        self.long.remove(&id);
        let Some(job) = self.jobs.remove(&id) else { return };
        self.stop_timer(&job, id);
        let finished = match result {
            Ok(finished) => *finished,
            Err(error) => {
                self.timers.remove(&(job.until, Timer::Lease(id)));
                self.note(now, id, &job, &error.to_string());
                return self.decline(job.heavy, id, error.to_string());
            }
        };
        self.pace.add(finished.wall_us);
        match self.outgoing(now, identity, id, &job, finished) {
            Ok((outgoing, left)) => {
                let state = State::Putting { left, answer: Box::new(outgoing) };
                self.jobs.insert(id, Job { state, ..job });
                self.put_next(id);
                self.changed(now);
            }
            Err(why) => {
                self.timers.remove(&(job.until, Timer::Lease(id)));
                self.note(now, id, &job, &why);
                self.decline(job.heavy, id, why);
            }
        }
    }

    /// The answer, and the outputs that are to be put before it.
    #[allow(clippy::type_complexity, reason = "used once, next to here")]
    fn outgoing(
        &self,
        now: Instant,
        identity: &Identity,
        id: ContentId,
        job: &Job,
        finished: Finished,
    ) -> Result<(Outgoing, Vec<(ContentId, Vec<u8>)>), alloc::string::String> {
        let State::Running { started } = job.state else { return Err("it did not run".into()) };
        let gas = self.executor.as_ref().map_or("", |executor| &executor.gas);
        let Finished { ran, wall_us, cpu_us } = finished;
        let times = Times { started, ended: now.max(started), wall_us, cpu_us };
        let of = Of { job: id, manifest: &job.manifest, input: job.input, node: identity.id(), gas, times };
        let receipt = ran.receipt(&of);
        let envelope = receipt.sign(identity).map_err(|error| error.to_string())?;
        let (mut left, is_long) = (Vec::new(), ran.stdout.len() + ran.stderr.len() > CARRIED_BYTES_MAX);
        let mut carried = |id, bytes: Vec<u8>| {
            if is_long && bytes.len() > CARRIED_BYTES_MAX / 2 {
                left.push((id, bytes));
                Carried::Put
            } else {
                Carried::Here(bytes)
            }
        };
        let answer = Answer {
            receipt: envelope.to_json(),
            stdout: carried(receipt.output, ran.stdout),
            stderr: carried(receipt.errors, ran.stderr),
        };
        let past = Past {
            job: id,
            name: job.manifest.name.clone(),
            submitter: job.manifest.submitter,
            ending: ran.ending.to_string(),
            is_taken: false,
            fuel: ran.fuel,
            wall_us,
            at: now,
            receipt: Vec::new(),
        };
        Ok((Outgoing { job: id, answer, envelope, past }, left))
    }

    /// Puts the next bytes of an output, or hands in the answer where none are left.
    pub(super) fn put_next(&mut self, id: ContentId) {
        self.put_from(id, 0);
    }

    fn put_from(&mut self, id: ContentId, offset: u64) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let heavy = job.heavy;
        let State::Putting { left, .. } = &job.state else { return };
        if !left.is_empty() {
            let puts = &mut self.heavy.entry(heavy).or_default().puts;
            // Asked for twice, it waits once.
            puts.waiting.retain(|(job, _)| *job != id);
            puts.waiting.push_back((id, offset));
            return self.put_more(heavy);
        }
        let State::Putting { answer, .. } = core::mem::replace(&mut job.state, State::Answering) else {
            return;
        };
        self.heavy.entry(heavy).or_default().answers.push_back(*answer);
    }

    /// Puts bytes while questions may be asked.
    fn put_more(&mut self, heavy: NodeId) {
        while let Some((id, offset)) = self.heavy.get_mut(&heavy).and_then(|heavy| heavy.puts.next(PUTS_MAX))
        {
            let request = match self.jobs.get(&id).map(|job| &job.state) {
                Some(State::Putting { left, .. }) => left.last().map(|(blob, bytes)| {
                    let from = (offset as usize).min(bytes.len());
                    let to = bytes.len().min(from + CHUNK_BYTES_MAX);
                    let (len, offset) = (bytes.len() as u64, from as u64);
                    Request::Put { id: *blob, len, offset, bytes: bytes[from..to].to_vec() }
                }),
                _ => None,
            };
            match (request, self.heavy.get_mut(&heavy)) {
                (Some(request), _) => {
                    self.ask(heavy, Purpose::Put { heavy, job: id }, request);
                }
                (None, known) => known.into_iter().for_each(|known| known.puts.ended()),
            }
        }
    }

    pub(super) fn was_put(&mut self, now: Instant, heavy: NodeId, id: ContentId, response: Option<Response>) {
        if let Some(known) = self.heavy.get_mut(&heavy) {
            known.puts.ended();
        }
        self.went_on_putting(now, id, response);
        self.put_more(heavy);
    }

    fn went_on_putting(&mut self, now: Instant, id: ContentId, response: Option<Response>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let heavy = job.heavy;
        let State::Putting { left, .. } = &mut job.state else { return };
        match response {
            Some(Response::Put { have }) => {
                let is_whole = left.last().is_some_and(|(_, bytes)| bytes.len() as u64 <= have);
                if is_whole {
                    left.pop();
                }
                self.put_from(id, if is_whole { 0 } else { have });
            }
            Some(Response::Refused { why, retry_ms: None }) => {
                if let Some(job) = self.forget(now, id) {
                    self.note(now, id, &job, &why);
                    self.decline(job.heavy, id, why);
                }
            }
            // It goes on when the heavy node is up again.
            None if self.heavy.get(&heavy).is_none_or(|heavy| !heavy.is_up) => {}
            _ => {
                self.timers.insert((now.plus_ms(PUT_AGAIN_MS), Timer::Put(id)));
            }
        }
    }

    /// Hands in answers, as many in one message as have gathered.
    pub(super) fn hand_in(&mut self) {
        let ids: Vec<NodeId> = self
            .heavy
            .iter()
            .filter(|(_, heavy)| {
                heavy.is_up && !heavy.is_deaf && !heavy.answers.is_empty() && heavy.under_way < UNDER_WAY_MAX
            })
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            let Some(heavy) = self.heavy.get_mut(&id) else { continue };
            let (mut sent, mut bytes): (Vec<Outgoing>, usize) = (Vec::new(), 0);
            while let Some(outgoing) = heavy.answers.pop_front() {
                let carried = |carried: &Carried| match carried {
                    Carried::Here(bytes) => bytes.len(),
                    Carried::Put => 0,
                };
                let answer = &outgoing.answer;
                bytes += 16 + answer.receipt.len() + carried(&answer.stdout) + carried(&answer.stderr);
                sent.push(outgoing);
                if bytes >= BATCH_BYTES || sent.len() >= BATCH_MAX {
                    break;
                }
            }
            heavy.under_way += 1;
            let answers = sent.iter().map(|outgoing| outgoing.answer.clone()).collect();
            self.ask(id, Purpose::Answers { heavy: id, sent }, Request::Answers(answers));
        }
    }

    pub(super) fn answered(
        &mut self,
        now: Instant,
        id: NodeId,
        sent: Vec<Outgoing>,
        response: Option<Response>,
    ) {
        let Some(heavy) = self.heavy.get_mut(&id) else { return };
        heavy.under_way = heavy.under_way.saturating_sub(1);
        let results = match response {
            Some(Response::Received(results)) if results.len() == sent.len() => results,
            Some(Response::Refused { why, .. }) => {
                sent.iter().map(|_| Received::Refused { why: why.clone() }).collect()
            }
            Some(_) => sent.iter().map(|_| Received::Refused { why: "not understood".into() }).collect(),
            None => {
                // Whether they came is not known; who has them says so again. Those whose time is over are not worth it.
                heavy.is_deaf = true;
                self.timers.insert((now.plus_ms(ANSWERS_AGAIN_MS), Timer::Answers(id)));
                for outgoing in sent.into_iter().rev() {
                    if self.jobs.get(&outgoing.job).is_some_and(|job| job.until > now) {
                        heavy.answers.push_front(outgoing);
                    } else if let Some(job) = self.jobs.remove(&outgoing.job) {
                        self.timers.remove(&(job.until, Timer::Lease(outgoing.job)));
                        self.history
                            .add(Past { ending: "the heavy node did not answer".into(), ..outgoing.past });
                    }
                }
                return;
            }
        };
        for (outgoing, received) in sent.into_iter().zip(results) {
            if let Some(job) = self.jobs.remove(&outgoing.job) {
                self.timers.remove(&(job.until, Timer::Lease(outgoing.job)));
            }
            let Outgoing { mut envelope, past, .. } = outgoing;
            match received {
                Received::Taken { signature, standing } => {
                    envelope.attach(Signature { keyid: id, sig: signature.to_vec() });
                    let receipt = envelope.to_json();
                    self.history.taken(id, standing, past.fuel);
                    self.history.add(Past { is_taken: true, at: now, receipt, ..past });
                }
                Received::Refused { why } => {
                    let ending = alloc::format!(
                        "not taken: {}",
                        why.chars().take(200).collect::<alloc::string::String>()
                    );
                    self.history.add(Past { ending, at: now, ..past });
                }
            }
        }
        self.keep_soon(now);
        self.changed(now);
    }
}
