//! Offers, leases, and which of them run.

use super::{Executor, Job, Outgoing, Output, State, Task, Timer, Worker};
use crate::{
    Limits, Manifest,
    message::{BATCH_MAX, Lease, Request, Response},
    scheduler::Advert,
    strikes::Strikes,
};
use alloc::{
    boxed::Box,
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};
use codec::{ContentId, Instant};
use keys::{Envelope, NodeId};

/// Most jobs at a time, of all heavy nodes together.
pub const JOBS_MAX: usize = 2_048;
/// Milliseconds after which a job that still runs is a long one.
pub const LONG_MS: u64 = 100;
/// Milliseconds before the offer is made again to a heavy node that had no place for it, or did not answer.
const OFFER_AGAIN_MS: u64 = 5_000;
/// Most messages under way by which one heavy node is told that a job is not run; further jobs are given back with the next offer.
const DECLINES_MAX: u32 = 8;
/// Jobs between two looks at how long they take.
const PACE_EVERY: u32 = 16;

/// A heavy node that is up, or has jobs here.
#[derive(Debug, Default)]
pub(super) struct Heavy {
    pub(super) is_up: bool,
    /// What it was last told; `None` where it is to be told again.
    pub(super) offered: Option<Advert>,
    /// Whether an offer is under way.
    pub(super) is_asked: bool,
    /// Jobs to give back with the next offer.
    pub(super) returned: Vec<ContentId>,
    /// Answers to hand in, and how many messages of them are under way.
    pub(super) answers: VecDeque<Outgoing>,
    pub(super) under_way: u32,
    /// Whether an answer went unheard just now.
    pub(super) is_deaf: bool,
    /// Blobs to get and outputs to put, beyond the questions about them that are under way.
    pub(super) gets: Turns<ContentId>,
    pub(super) puts: Turns<(ContentId, u64)>,
    declines: u32,
    pub(super) strikes: Strikes,
}

impl Heavy {
    fn give_back(&mut self, job: ContentId) {
        // One that leases more than is taken here has to wait for its leases to end.
        if self.returned.len() < JOBS_MAX {
            self.returned.push(job);
        }
    }
}

/// What waits while as many questions are under way as may be: a connection takes so many, and refuses the rest.
#[derive(Debug)]
pub(super) struct Turns<T> {
    pub(super) under_way: u32,
    pub(super) waiting: VecDeque<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { under_way: 0, waiting: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// What is to be asked next; it is under way then.
    pub(super) fn next(&mut self, max: u32) -> Option<T> {
        let next = if self.under_way < max { self.waiting.pop_front() } else { None }?;
        self.under_way += 1;
        Some(next)
    }

    pub(super) fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }
}

/// Why a heavy node was asked.
#[derive(Debug)]
pub(super) enum Purpose {
    Offer {
        heavy: NodeId,
        /// Leases that came later are not in its answer.
        number: u64,
        returned: Vec<ContentId>,
    },
    Answers {
        heavy: NodeId,
        sent: Vec<Outgoing>,
    },
    Get {
        heavy: NodeId,
        id: ContentId,
    },
    Put {
        heavy: NodeId,
        job: ContentId,
    },
    Decline {
        heavy: NodeId,
        job: ContentId,
    },
}

/// How long jobs take here.
#[derive(Debug, Default)]
pub(super) struct Pace {
    mean_us: u64,
    seen: u32,
    ahead: Option<u16>,
}

impl Pace {
    /// One job took so long.
    pub(super) fn add(&mut self, wall_us: u64) {
        // A long job says no more than that it was long.
        let wall_us = wall_us.min(4 * LONG_MS * 1_000);
        self.mean_us = if self.seen == 0 { wall_us } else { self.mean_us - self.mean_us / 8 + wall_us / 8 };
        self.seen = self.seen.saturating_add(1);
        if self.seen.is_multiple_of(PACE_EVERY) {
            self.look();
        }
    }

    fn look(&mut self) {
        self.ahead = Some(match self.mean_us {
            0..2_000 => 64,
            2_000..10_000 => 16,
            10_000..40_000 => 4,
            _ => 0,
        });
    }

    /// How many jobs to take beyond those that run.
    fn ahead(&self) -> u16 {
        self.ahead.unwrap_or(4)
    }
}

impl Worker {
    /// Guests that run at a time; 0 where nothing is given.
    fn slots(&self) -> u16 {
        match &self.executor {
            Some(executor) if self.contribution.on => {
                self.contribution.slots.clamp(1, executor.slots_max.max(1))
            }
            _ => 0,
        }
    }

    /// The person or the machine gives more or less than before.
    pub(super) fn reconsider(&mut self, now: Instant) {
        self.changed(now);
        let is_off = self.slots() == 0;
        let begun: Vec<ContentId> = self
            .jobs
            .iter()
            .filter(|(_, job)| !matches!(job.state, State::Putting { .. } | State::Answering))
            .filter(|(_, job)| is_off || self.asks_too_much(&job.manifest.limits))
            .map(|(id, _)| *id)
            .collect();
        for job in begun {
            self.give_back(now, job);
        }
    }

    /// Whether a job asks for more than the person gives.
    const fn asks_too_much(&self, limits: &Limits) -> bool {
        let given = &self.contribution;
        limits.footprint_bytes() > given.memory_bytes_max
            || limits.fuel > given.fuel_max
            || limits.wall_ms > given.wall_ms_max
    }

    // Heavy nodes.

    pub(super) fn up(&mut self, id: NodeId) {
        let heavy = self.heavy.entry(id).or_default();
        heavy.is_up = true;
        heavy.offered = None;
        self.fetch_again(id);
        let putting = |job: &Job| job.heavy == id && matches!(job.state, State::Putting { .. });
        let putting: Vec<ContentId> =
            self.jobs.iter().filter(|(_, job)| putting(job)).map(|(id, _)| *id).collect();
        for job in putting {
            self.put_next(job);
        }
    }

    /// What the heavy node leased runs on: it may only have started anew, and knows its leases then.
    pub(super) fn down(&mut self, now: Instant, id: NodeId) {
        if let Some(heavy) = self.heavy.get_mut(&id) {
            heavy.is_up = false;
            heavy.offered = None;
            heavy.is_asked = false;
        }
        self.changed(now);
    }

    fn advert(&self, executor: &Executor, heavy: NodeId) -> Advert {
        let elsewhere =
            self.long.iter().filter(|job| self.jobs.get(job).is_some_and(|job| job.heavy != heavy));
        let slots = self.slots().saturating_sub(elsewhere.count() as u16);
        let given = &self.contribution;
        Advert {
            kind: executor.kind,
            slots,
            ahead: if self.long.is_empty() { self.pace.ahead() } else { 0 },
            memory_bytes_max: given.memory_bytes_max.min(executor.memory_bytes_max),
            fuel_max: given.fuel_max,
            wall_ms_max: given.wall_ms_max,
            gas: executor.gas.clone(),
        }
    }

    /// Tells heavy nodes what this one offers, where that is another than they know.
    pub(super) fn offer(&mut self, now: Instant) {
        let ids: Vec<NodeId> = self
            .heavy
            .iter()
            .filter(|(_, heavy)| heavy.is_up && !heavy.is_asked && !heavy.strikes.is_out(now))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            let advert = self.executor.as_ref().map(|executor| self.advert(executor, id));
            let Some(heavy) = self.heavy.get_mut(&id) else { continue };
            let before = heavy.offered.as_ref();
            let Some(advert) = advert.or_else(|| before.map(|before| Advert { slots: 0, ..before.clone() }))
            else {
                continue;
            };
            // Who is given nothing and knows of nothing is told nothing.
            let is_known = before.map_or(advert.slots == 0, |before| *before == advert);
            if is_known && heavy.returned.is_empty() {
                continue;
            }
            heavy.offered = Some(advert.clone());
            heavy.is_asked = true;
            // No more than it reads of them; the rest goes with the next.
            let rest = heavy.returned.split_off(heavy.returned.len().min(BATCH_MAX));
            let returned = core::mem::replace(&mut heavy.returned, rest);
            let purpose = Purpose::Offer { heavy: id, number: self.count, returned: returned.clone() };
            self.ask(id, purpose, Request::Offer { advert, returned });
            self.changed(now);
        }
    }

    pub(super) fn offered(
        &mut self,
        now: Instant,
        id: NodeId,
        number: u64,
        returned: Vec<ContentId>,
        response: Option<Response>,
    ) {
        let Some(heavy) = self.heavy.get_mut(&id) else { return };
        heavy.is_asked = false;
        if response.is_none() {
            // Whether it was heard is not known. What is here again meanwhile is not given back.
            heavy.returned.extend(returned.into_iter().filter(|job| !self.jobs.contains_key(job)));
            heavy.offered = heavy.offered.take().filter(|_| heavy.returned.is_empty());
        }
        let Some(Response::Offered { held }) = response else {
            if heavy.is_up {
                // Until then nothing is offered.
                heavy.is_asked = true;
                self.timers.insert((now.plus_ms(OFFER_AGAIN_MS), Timer::Offer(id)));
            }
            return;
        };
        // What it gave to somebody else meanwhile is of no use.
        let gone = |job: &Job| {
            job.heavy == id
                && job.number <= number
                && !matches!(job.state, State::Putting { .. } | State::Answering)
        };
        let gone: Vec<ContentId> = self
            .jobs
            .iter()
            .filter(|(job_id, job)| gone(job) && !held.contains(job_id))
            .map(|(id, _)| *id)
            .collect();
        for job in gone {
            self.end(now, job, "another node got it");
        }
    }

    // Leases.

    pub(super) fn leased(&mut self, now: Instant, heavy: NodeId, lease: &Lease) {
        let until = now.plus_ms(lease.ms);
        if let Some(job) = self.jobs.get_mut(&lease.job).filter(|job| job.heavy == heavy) {
            self.timers.remove(&(job.until, Timer::Lease(lease.job)));
            job.until = until;
            self.timers.insert((until, Timer::Lease(lease.job)));
            return;
        }
        if let Some(heavy) = self.heavy.get_mut(&heavy) {
            heavy.returned.retain(|job| *job != lease.job);
        }
        match self.acceptable(lease) {
            Ok((manifest, input)) => {
                self.count += 1;
                let number = self.count;
                let state = State::Fetching;
                let job = Job { heavy, manifest, input, number, since: now, until, state };
                self.jobs.insert(lease.job, job);
                self.timers.insert((until, Timer::Lease(lease.job)));
                self.fetch(lease.job);
                self.changed(now);
            }
            Err(why) => self.decline(heavy, lease.job, why),
        }
    }

    fn acceptable(&self, lease: &Lease) -> Result<(Manifest, ContentId), String> {
        let slots = self.slots();
        if slots == 0 {
            return Err("its person gives nothing to jobs now".into());
        }
        if self.jobs.contains_key(&lease.job) {
            return Err("it runs the same job for another heavy node".into());
        }
        if self.jobs.len() >= JOBS_MAX {
            return Err("it has all the jobs that it takes".into());
        }
        let document = Envelope::from_json(&lease.document).map_err(|error| error.to_string())?;
        let (id, manifest) = Manifest::open(&document).map_err(|error| error.to_string())?;
        if id != lease.job {
            return Err("the manifest is another job's".into());
        }
        if self.asks_too_much(&manifest.limits) {
            return Err("it asks for more than this node's person gives".into());
        }
        let input = manifest.input.id().or(lease.input);
        let input = input.ok_or("the lease does not say which input it has")?;
        Ok((manifest, input))
    }

    /// Tells a heavy node that a job is not run, and why; where that cannot be said now, the job is given back with the next offer.
    pub(super) fn decline(&mut self, heavy: NodeId, job: ContentId, why: String) {
        let known = self.heavy.entry(heavy).or_default();
        if !known.is_up || known.declines >= DECLINES_MAX {
            return known.give_back(job);
        }
        known.declines += 1;
        self.ask(heavy, Purpose::Decline { heavy, job }, Request::Decline { job, why });
    }

    pub(super) fn declined(&mut self, heavy: NodeId, job: ContentId, response: Option<Response>) {
        let Some(known) = self.heavy.get_mut(&heavy) else { return };
        known.declines = known.declines.saturating_sub(1);
        if response.is_none() && !self.jobs.contains_key(&job) {
            known.give_back(job);
        }
    }

    /// Everything that a job needs is here.
    pub(super) fn is_fetched(&mut self, id: ContentId) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| matches!(job.state, State::Fetching)) {
            job.state = State::Queued;
            self.queue.insert((job.number, id));
        }
    }

    /// Has jobs run while slots are free.
    pub(super) fn start(&mut self, now: Instant, me: NodeId) {
        while self.running.len() < usize::from(self.slots()) {
            let Some((_, id)) = self.queue.pop_first() else { return };
            let Some(mut job) = self.jobs.remove(&id) else { continue };
            let module = self.bytes_of(&job.manifest.module, job.manifest.module_id());
            let input = self.bytes_of(&job.manifest.input, job.input);
            let (Some(module), Some(input)) = (module, input) else {
                job.state = State::Fetching;
                self.jobs.insert(id, job);
                self.fetch(id);
                continue;
            };
            let invocation = job.manifest.invocation(id, me, now);
            job.state = State::Running { started: now };
            self.jobs.insert(id, job);
            self.running.insert(id);
            self.timers.insert((now.plus_ms(LONG_MS), Timer::Long(id)));
            self.outputs.push_back(Output::Run(Box::new(Task { job: id, invocation, module, input })));
        }
    }

    /// A job still runs: what waits behind it goes to nodes that are free.
    pub(super) fn is_long(&mut self, now: Instant, id: ContentId) {
        if !self.running.contains(&id) {
            return;
        }
        self.long.insert(id);
        let waiting: Vec<ContentId> = self.queue.iter().map(|(_, job)| *job).collect();
        for job in waiting {
            self.give_back(now, job);
        }
        self.changed(now);
    }

    /// Hands a job back unrun, or not run to its end. Nothing is held against this node.
    pub(super) fn give_back(&mut self, now: Instant, id: ContentId) {
        if let Some(job) = self.forget(now, id)
            && let Some(heavy) = self.heavy.get_mut(&job.heavy)
        {
            heavy.give_back(id);
        }
    }

    pub(super) fn revoked(&mut self, now: Instant, heavy: NodeId, id: ContentId) {
        if self.jobs.get(&id).is_some_and(|job| job.heavy == heavy) {
            self.end(now, id, "the heavy node took it back: it has its result, or an end");
        }
    }

    pub(super) fn lease_ended(&mut self, now: Instant, id: ContentId) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.until <= now) else { return };
        let heavy = job.heavy;
        if matches!(job.state, State::Answering)
            && let Some(heavy) = self.heavy.get_mut(&heavy).filter(|heavy| !heavy.is_up)
        {
            // Nobody is there to take it, and who comes back gives the job to somebody else.
            heavy.answers.retain(|outgoing| outgoing.job != id);
            if let Some(job) = self.forget(now, id) {
                self.note(now, id, &job, "its time was over before the heavy node was back");
            }
            return;
        }
        self.end(now, id, "its time was over");
    }

    /// A job ends here without an answer.
    pub(super) fn end(&mut self, now: Instant, id: ContentId, why: &str) {
        if matches!(self.jobs.get(&id), Some(Job { state: State::Answering, .. })) {
            // The answer is on its way, and may still count.
            return;
        }
        if let Some(job) = self.forget(now, id) {
            self.note(now, id, &job, why);
        }
    }

    /// Takes a job out of everything; stops it where it runs.
    pub(super) fn forget(&mut self, now: Instant, id: ContentId) -> Option<Job> {
        let job = self.jobs.remove(&id)?;
        self.timers.remove(&(job.until, Timer::Lease(id)));
        self.queue.remove(&(job.number, id));
        self.long.remove(&id);
        if self.running.remove(&id) {
            self.stop_timer(&job, id);
            self.outputs.push_back(Output::Stop { job: id });
        }
        self.stop_fetching(id);
        self.changed(now);
        Some(job)
    }

    pub(super) fn stop_timer(&mut self, job: &Job, id: ContentId) {
        if let State::Running { started } = job.state {
            self.timers.remove(&(started.plus_ms(LONG_MS), Timer::Long(id)));
        }
    }
}
