//! What receipts give: results, disputes, standings.

use super::{
    Answer, AnswerError, Ended, Late, Outcome, Output, Past, RefusalReason, Scheduler, Timer,
    fit::Needs,
    stored::{Bar, State, ended_key, manifest_key, standing_key, state_key},
};
use crate::{
    Claim, Receipt, ReceiptError,
    manifest::Quorum,
    standing::{Verdict, verdict},
};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::ToString,
    sync::Arc,
    vec::Vec,
};
use codec::{ContentId, Instant, encode};
use keys::{Envelope, NodeId};

/// How many answers the claim has that most make, and which it is.
fn most_agree(answers: &[Answer]) -> (usize, Option<Claim>) {
    let mut votes: BTreeMap<&Claim, usize> = BTreeMap::new();
    for answer in answers {
        *votes.entry(&answer.claim).or_default() += 1;
    }
    let most = votes.into_iter().max_by_key(|(_, votes)| *votes);
    most.map_or((0, None), |(claim, votes)| (votes, Some(claim.clone())))
}

/// Shares of the mean time between ends that the latest has: one eighth.
const PACE_SHIFT: u32 = 3;

impl Scheduler {
    pub(super) fn answered(
        &mut self,
        now: Instant,
        token: u64,
        node: NodeId,
        opened: Result<Receipt, ReceiptError>,
        envelope: &Envelope,
    ) {
        let job = opened.as_ref().ok().map(|receipt| receipt.job);
        let result = match opened {
            Err(error) => Err(AnswerError::Receipt(error)),
            Ok(receipt) if receipt.node != node => Err(AnswerError::OtherNode),
            Ok(receipt) if self.late.contains_key(&receipt.job) => {
                self.answered_late(now, &receipt, envelope)
            }
            Ok(receipt) => self.answered_in_time(now, &receipt, envelope),
        };
        let is_taken = result.is_ok();
        let output = Output::Received { token, node, job, result };
        if is_taken {
            // Said once it is durable.
            self.then.push(output);
        } else {
            self.outputs.push_back(output);
        }
    }

    /// A receipt that was taken comes once more: says so again, once it is durable.
    pub(crate) fn answered_before(&mut self, token: u64, node: NodeId, job: ContentId) {
        self.then.push(Output::Received { token, node, job: Some(job), result: Ok(()) });
    }

    fn answered_in_time(
        &mut self,
        now: Instant,
        receipt: &Receipt,
        envelope: &Envelope,
    ) -> Result<(), AnswerError> {
        let (id, node) = (receipt.job, receipt.node);
        let Some(job) = self.jobs.get(&id) else {
            let known =
                self.end_of(id).is_some_and(|ended| ended.answers.iter().any(|answer| answer.node == node));
            return Err(if known { AnswerError::Twice } else { AnswerError::NoLease });
        };
        if job.state.answers.iter().any(|answer| answer.node == node) {
            return Err(AnswerError::Twice);
        }
        if !job.state.leases.contains_key(&node) {
            return Err(AnswerError::NoLease);
        }
        let checked = if receipt.gas == self.config.gas {
            receipt.follows(id, &job.manifest).map_err(AnswerError::Receipt)
        } else {
            Err(AnswerError::OtherGas)
        };
        let lease = self.release(now, id, node);
        match checked {
            Ok(()) => {
                let is_judge = lease.is_some_and(|lease| lease.is_judge);
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.state.answers.push(Answer::new(receipt, envelope, is_judge, now));
                }
                self.settle(now, id);
            }
            Err(ref error) => {
                let why = error.to_string();
                self.lost(now, id, node, Bar::Wrong { why: why.chars().take(200).collect() });
            }
        }
        self.offer_node(now, node);
        checked
    }

    /// A receipt of a node whose lease was open when the job got its result. The result may be known to it: that it says the same earns nothing.
    fn answered_late(
        &mut self,
        now: Instant,
        receipt: &Receipt,
        envelope: &Envelope,
    ) -> Result<(), AnswerError> {
        let (id, node) = (receipt.job, receipt.node);
        let late = self.late.get_mut(&id).ok_or(AnswerError::NoLease)?;
        if !late.nodes.contains(&node) {
            let answered =
                self.end_of(id).is_some_and(|ended| ended.answers.iter().any(|answer| answer.node == node));
            return Err(if answered { AnswerError::Twice } else { AnswerError::NoLease });
        }
        if receipt.gas != self.config.gas {
            return Err(AnswerError::OtherGas);
        }
        receipt.follows(id, &late.manifest).map_err(AnswerError::Receipt)?;
        late.nodes.remove(&node);
        if late.nodes.is_empty() {
            self.late.remove(&id);
        }
        let number = self.ended_at.get(&id).copied().ok_or(AnswerError::NoLease)?;
        let past = self.ended.get_mut(&number).ok_or(AnswerError::NoLease)?;
        let Outcome::Done { claim, is_checked } = past.ended.outcome.clone() else {
            return Err(AnswerError::NoLease);
        };
        // After the end by the clock too, since that is how a replay of the receipts tells it.
        let at = now.max(past.ended.at.plus_ms(1));
        let answer = Answer::new(receipt, envelope, false, at);
        past.bytes += answer.bytes();
        self.ended_bytes += answer.bytes();
        Arc::make_mut(&mut past.ended).answers.push(answer);
        self.batch.put(ended_key(number), encode(&past.ended.with_id(id)));
        self.count_verdict(node, verdict(&receipt.claim(), &claim, is_checked, true), receipt.fuel);
        self.offer_node(now, node);
        Ok(())
    }

    /// Ends the job where its answers give a result, or has a judge run it where they cannot.
    pub(super) fn settle(&mut self, now: Instant, id: ContentId) {
        let Some(job) = self.jobs.get(&id) else { return };
        let replicas = usize::from(job.manifest.replicas);
        let answers = &job.state.answers;
        if let Some(judge) = answers.iter().find(|answer| answer.is_judge) {
            let claim = judge.claim.clone();
            self.finish(now, id, Outcome::Done { claim, is_checked: true });
            return;
        }
        if job.state.is_disputed {
            self.place(now, id);
            return;
        }
        let needed = match job.manifest.quorum {
            Quorum::Majority => replicas / 2 + 1,
            Quorum::Unanimous => replicas,
        };
        let (most, claim) = most_agree(answers);
        if let Some(claim) = claim.filter(|_| most >= needed) {
            self.finish(now, id, Outcome::Done { claim, is_checked: replicas > 1 });
            return;
        }
        let to_come = replicas.saturating_sub(answers.len());
        if most + to_come < needed {
            let is_judge = |answer: &Answer| self.workers.get(&answer.node).is_some_and(|node| node.is_judge);
            if let Some(trusted) = answers.iter().position(is_judge) {
                // It would only run the same again.
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.state.answers[trusted].is_judge = true;
                }
                return self.settle(now, id);
            }
            self.dispute(id);
        }
        self.place(now, id);
    }

    fn dispute(&mut self, id: ContentId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if core::mem::take(&mut job.is_waiting) {
            self.queue.stop_waiting(job.manifest.submitter, &job.needs, job.place(id));
        }
        job.state.is_disputed = true;
        job.needs = Needs::of(&job.manifest, true);
        self.dirty.insert(id);
    }

    pub(super) fn refuse(&mut self, now: Instant, id: ContentId, reason: RefusalReason) {
        self.finish(now, id, Outcome::Refused(reason));
    }

    pub(super) fn out_of_time(&mut self, now: Instant, id: ContentId) {
        if let Some(why) = self.why(id) {
            self.refuse(now, id, RefusalReason::Deadline { why: why.to_string() });
        }
    }

    fn finish(&mut self, now: Instant, id: ContentId, outcome: Outcome) {
        let Some(job) = self.jobs.get(&id) else { return };
        let leases: BTreeMap<NodeId, Instant> =
            job.state.leases.iter().map(|(node, lease)| (*node, lease.until)).collect();
        for node in leases.keys() {
            self.release(now, id, *node);
            self.outputs.push_back(Output::Revoke { node: *node, job: id });
        }
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if core::mem::take(&mut job.is_waiting) {
            self.queue.stop_waiting(job.manifest.submitter, &job.needs, job.place(id));
        }
        let Some(job) = self.jobs.remove(&id) else { return };
        self.queue.leave(job.manifest.submitter, job.bytes);
        self.bytes -= job.bytes;
        self.timers.remove(&(job.manifest.deadline, Timer::Deadline(id)));
        self.dirty.remove(&id);
        for (node, bar) in &job.state.barred {
            if let Some(until) = bar.until() {
                self.timers.remove(&(until, Timer::Back(id, *node)));
            }
        }
        self.batch.delete(state_key(id));
        let mut touched: BTreeSet<NodeId> = leases.keys().copied().collect();
        if let Outcome::Done { claim, is_checked } = &outcome {
            for answer in job.state.answers.iter().filter(|answer| !answer.is_judge) {
                self.count_verdict(
                    answer.node,
                    verdict(&answer.claim, claim, *is_checked, false),
                    answer.claim.fuel,
                );
                touched.insert(answer.node);
            }
            self.await_late(id, &job.manifest, leases);
        }
        self.stop_reading(id, &job);
        let State { number, submitted, input, answers, .. } = job.state;
        let submitter = job.manifest.submitter;
        let ended = Ended { submitter, number, submitted, input, at: now, outcome, answers };
        self.remember(now, id, ended, job.document, job.blobs);
        self.just_ended.push_back(id);
        for node in touched {
            self.offer_node(now, node);
        }
    }

    fn await_late(&mut self, id: ContentId, manifest: &crate::Manifest, leases: BTreeMap<NodeId, Instant>) {
        if leases.is_empty() {
            return;
        }
        for (node, until) in &leases {
            self.timers.insert((*until, Timer::Lease(id, *node)));
        }
        let nodes = leases.into_keys().collect();
        self.late.insert(id, Late { manifest: manifest.clone(), nodes });
    }

    fn remember(
        &mut self,
        now: Instant,
        id: ContentId,
        ended: Ended,
        document: Arc<Envelope>,
        blobs: Vec<ContentId>,
    ) {
        let number = self.next();
        self.batch.put(ended_key(number), encode(&ended.with_id(id)));
        let ended = Arc::new(ended);
        self.then.push(Output::Ended { job: id, ended: Arc::clone(&ended) });
        self.insert_past(number, id, ended, document, blobs);
        while self.ended.len() > self.config.ended_max as usize
            || self.ended_bytes > self.config.ended_bytes_max
        {
            if self.forget_oldest(Instant::from_unix_ms(u64::MAX)).is_none() {
                break;
            }
        }
        let (last, mean) = self.pace;
        let since = last.map_or(0, |last| now.since_ms(last).min(600_000) * 16);
        let mean = if mean == 0 { since } else { mean - (mean >> PACE_SHIFT) + (since >> PACE_SHIFT) };
        self.pace = (Some(now), mean);
    }

    pub(super) fn insert_past(
        &mut self,
        number: u64,
        job: ContentId,
        ended: Arc<Ended>,
        document: Arc<Envelope>,
        blobs: Vec<ContentId>,
    ) {
        let receipts: u64 = ended.answers.iter().map(Answer::bytes).sum();
        let bytes = document.payload.len() as u64 + receipts;
        self.ended_bytes += bytes;
        self.index.insert(ended.number, job, ended.submitter);
        if !self.readers.contains_key(&job) {
            self.forgettable.insert(number);
        }
        self.ended.insert(number, Past { job, ended, document, bytes, blobs });
        self.ended_at.insert(job, number);
    }

    /// Forgets the job that ended first, where it ended before `before` and no open job reads its output; says which it was.
    pub fn forget_oldest(&mut self, before: Instant) -> Option<ContentId> {
        let number = *self.forgettable.first()?;
        self.ended.get(&number).filter(|past| past.ended.at < before)?;
        self.forgettable.pop_first();
        let past = self.ended.remove(&number)?;
        self.ended_at.remove(&past.job);
        self.index.remove(past.ended.number, past.ended.submitter);
        self.ended_bytes -= past.bytes;
        self.late.remove(&past.job);
        self.batch.delete(ended_key(number));
        self.batch.delete(manifest_key(past.job));
        if let Ok(manifest) = serde_json::from_slice::<crate::Manifest>(&past.document.payload) {
            self.keep_id(past.job, manifest.deadline);
        }
        self.outputs.push_back(Output::Forgotten { job: past.job });
        Some(past.job)
    }

    fn count_verdict(&mut self, node: NodeId, verdict: Verdict, fuel: u64) {
        let turn = self.next();
        let (mut standing, before) = self.standings.get(&node).copied().unwrap_or_default();
        standing.add(verdict, fuel);
        self.standing_order.remove(&(before, node));
        self.standing_order.insert((turn, node));
        self.standings.insert(node, (standing, turn));
        self.batch.put(standing_key(node), encode(&standing));
        while self.standings.len() > self.config.standings_max as usize {
            let Some((_, oldest)) = self.standing_order.pop_first() else { break };
            self.standings.remove(&oldest);
            self.batch.delete(standing_key(oldest));
        }
        self.count_slots(node);
    }

    /// The nodes that have answered the job and hold it, for tests of what may not happen.
    #[cfg(test)]
    pub(super) fn nodes_of(&self, id: ContentId) -> alloc::vec::Vec<NodeId> {
        let state = &self.jobs[&id].state;
        state.leases.keys().copied().chain(state.answers.iter().map(|answer| answer.node)).collect()
    }
}
