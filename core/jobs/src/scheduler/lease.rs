//! Handing out jobs and taking them back.

use super::{
    AWAY_MS, Advert, Class, FreePlace, Job, Output, RefusalReason, Scheduler, Timer, Worker,
    fit::Needs,
    inputs::Given,
    queue::Place,
    stored::{Bar, Lease},
};
use alloc::{string::String, sync::Arc, vec::Vec};
use codec::{ContentId, Instant};
use core::cmp::Reverse;
use keys::NodeId;

/// Milliseconds that a node which gave a job back unrun is kept from that job.
const RETURNED_MS: u64 = 1_000;
/// Milliseconds that a node which handed a job back is kept from that job. What stood in its way may be gone then.
pub(super) const DECLINED_MS: u64 = 10 * 60_000;
/// Nodes that handed a job back, of which that is remembered for [`DECLINED_MS`]; of more, those that did so last.
pub(super) const DECLINED_MAX: usize = 128;
/// Jobs that a node without any answer is given at a time; each answer lets it have as many more.
pub(super) const NEWCOMER_JOBS: usize = 8;
/// Jobs in a row that a node is kept from, for which that is worth remembering.
const PASSED_MIN: usize = 8;
/// Most characters that are kept of a node's words.
const WORDS_MAX: usize = 200;

/// How far a node is kept from the jobs of one line.
struct Passed {
    submitter: NodeId,
    needs: Needs,
    place: Place,
}

impl Job {
    pub(super) fn place(&self, id: ContentId) -> Place {
        (Reverse(self.manifest.priority), self.state.number, id)
    }

    /// A node is kept from it no longer, or for another reason.
    fn unbar(&mut self, node: NodeId) {
        if let Some(Bar::HandedBack { counts: true, .. }) = self.state.barred.remove(&node) {
            self.state.lost.pass();
        }
    }

    /// How many more nodes it wants now.
    pub(super) fn wanted(&self) -> usize {
        let state = &self.state;
        if !matches!(self.given, Given::Ready) {
            return 0;
        }
        if state.is_disputed {
            return usize::from(!state.leases.values().any(|lease| lease.is_judge));
        }
        usize::from(self.manifest.replicas).saturating_sub(state.answers.len() + state.leases.len())
    }
}

impl Scheduler {
    pub(super) fn joined(&mut self, now: Instant, node: NodeId, advert: Advert, is_judge: bool) {
        let turn = match self.workers.get(&node) {
            Some(worker) => worker.turn,
            None if self.workers.len() >= self.config.nodes_max as usize => {
                self.outputs.push_back(Output::Full { node });
                return;
            }
            None => self.next(),
        };
        let known = self.workers.get(&node);
        let (since, free) = known.map_or((now, None), |worker| (worker.since, worker.free));
        let class = match known {
            Some(worker) if *worker.class == Class::of(&advert, is_judge) => Arc::clone(&worker.class),
            _ => Arc::new(Class::of(&advert, is_judge)),
        };
        if let (Some(worker), Some(place)) = (known, free)
            && worker.class != class
        {
            let before = Arc::clone(&worker.class);
            self.is_free_no_more(&before, place, node);
        }
        let free = free.filter(|_| self.workers.get(&node).is_some_and(|worker| worker.class == class));
        let worker = Worker { advert, is_judge, since, turn, class, free };
        if self.workers.insert(node, worker).is_none() {
            self.remind(node);
        }
        self.count_slots(node);
        self.offer_node(now, node);
    }

    /// Hands a node what it holds again: it may have lost it, or this scheduler may have been down.
    fn remind(&mut self, node: NodeId) {
        for job in self.held.get(&node).into_iter().flatten() {
            let Some((id, found)) = self.jobs.get_key_value(job) else { continue };
            if let Some(lease) = found.state.leases.get(&node) {
                self.outputs.push_back(Output::Lease {
                    node,
                    job: *id,
                    document: Arc::clone(&found.document),
                    until: lease.until,
                });
            }
        }
    }

    pub(super) fn left(&mut self, now: Instant, node: NodeId) {
        let Some(worker) = self.workers.remove(&node) else { return };
        if let Some(place) = worker.free {
            self.is_free_no_more(&worker.class, place, node);
        }
        self.take_from(now, node);
    }

    /// A node that held leases before a restart has not come back.
    pub(super) fn is_absent(&mut self, now: Instant, node: NodeId) {
        if !self.workers.contains_key(&node) {
            self.take_from(now, node);
        }
    }

    /// Takes back all that a node holds which is not here.
    fn take_from(&mut self, now: Instant, node: NodeId) {
        let held: Vec<ContentId> = self.held.get(&node).into_iter().flatten().copied().collect();
        for job in held {
            self.release(now, job, node);
            let until = now.plus_ms(AWAY_MS);
            self.timers.insert((until, Timer::Back(job, node)));
            self.lost(now, job, node, Bar::Left { until });
        }
    }

    pub(super) fn is_back(&mut self, now: Instant, id: ContentId, node: NodeId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if job.state.barred.get(&node).and_then(Bar::until).is_some_and(|until| until <= now) {
            job.unbar(node);
            self.queue.unpass(job.manifest.submitter, &job.needs, node);
            self.dirty.insert(id);
            self.place(now, id);
        }
    }

    pub(super) fn declined(&mut self, now: Instant, node: NodeId, id: ContentId, why: &str) {
        if self.release(now, id, node).is_none() {
            return;
        }
        let why: String = why.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        self.forget_declined(id);
        let until = now.plus_ms(DECLINED_MS);
        self.timers.insert((until, Timer::Back(id, node)));
        // Identities are free: as many as somebody likes hand a job back as soon as they have it, and that is no word against the job.
        let counts = self.is_proven(node);
        self.lost(now, id, node, Bar::HandedBack { until, why, counts });
        self.offer_node(now, node);
    }

    /// Makes room for one more node that hands the job back.
    fn forget_declined(&mut self, id: ContentId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let declined = job.state.barred.iter().filter_map(|(node, bar)| match bar {
            Bar::HandedBack { until, .. } => Some((*until, *node)),
            _ => None,
        });
        let declined: Vec<(Instant, NodeId)> = declined.collect();
        if declined.len() < DECLINED_MAX {
            return;
        }
        let Some((until, node)) = declined.into_iter().min() else { return };
        job.unbar(node);
        self.timers.remove(&(until, Timer::Back(id, node)));
        self.queue.unpass(job.manifest.submitter, &job.needs, node);
    }

    /// The owner could not take what the node handed in.
    pub(super) fn spoiled(&mut self, now: Instant, node: NodeId, id: ContentId, why: &str) {
        if self.release(now, id, node).is_some() {
            self.lost(now, id, node, Bar::Wrong { why: why.chars().take(WORDS_MAX).collect() });
            self.offer_node(now, node);
        }
    }

    /// The node gives the job back unrun.
    pub(super) fn returned(&mut self, now: Instant, node: NodeId, id: ContentId) {
        if self.release(now, id, node).is_none() {
            return;
        }
        // Who gives back what it then gets again keeps it from others.
        self.bar_for_now(now, id, node);
        self.place(now, id);
        self.offer_node(now, node);
    }

    fn bar_for_now(&mut self, now: Instant, id: ContentId, node: NodeId) {
        let until = now.plus_ms(RETURNED_MS);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.state.barred.insert(node, Bar::Returned { until });
            self.timers.insert((until, Timer::Back(id, node)));
        }
    }

    pub(super) fn lease_ended(&mut self, now: Instant, id: ContentId, node: NodeId) {
        if let Some(late) = self.late.get_mut(&id) {
            late.nodes.remove(&node);
            if late.nodes.is_empty() {
                self.late.remove(&id);
            }
            return;
        }
        if self.release(now, id, node).is_none() {
            return;
        }
        self.outputs.push_back(Output::Revoke { node, job: id });
        self.lost(now, id, node, Bar::Late);
        self.offer_node(now, node);
    }

    /// Whether others have agreed with the node before.
    fn is_proven(&self, node: NodeId) -> bool {
        self.standings.get(&node).is_some_and(|(standing, _)| standing.agreed > 0)
    }

    /// A lease came to nothing.
    pub(super) fn lost(&mut self, now: Instant, id: ContentId, node: NodeId, bar: Bar) {
        let is_proven = self.is_proven(node);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let counts = !matches!(bar, Bar::HandedBack { counts: false, .. });
        job.unbar(node);
        job.state.barred.insert(node, bar);
        if counts {
            job.state.lost.add(is_proven);
        }
        self.dirty.insert(id);
        if job.state.lost.is_over(self.config.attempts_max) {
            let lost = job.state.lost.all.into();
            self.refuse(now, id, RefusalReason::Attempts { lost });
        } else {
            self.place(now, id);
        }
    }

    /// Puts a job into the queue or takes it out, as it wants nodes or not, and hands it to nodes that are free.
    pub(super) fn place(&mut self, now: Instant, id: ContentId) {
        self.line_up(id);
        while let Some(job) = self.jobs.get(&id).filter(|job| job.is_waiting && job.manifest.deadline > now) {
            let fits = |class: &Class, node: NodeId| {
                self.unfit_node(&job.needs, node, class.is_judge).is_none()
                    && Self::kept_from(job, node).is_none()
            };
            let classes = self.free.iter().filter(|(class, _)| self.unfit_class(&job.needs, class).is_none());
            let firsts = classes
                .filter_map(|(class, alike)| alike.iter().find(|(_, node)| fits(class, *node)).copied());
            match firsts.min() {
                Some((_, node)) => self.lease(now, id, node),
                None => return self.make_way(now, id),
            }
        }
    }

    /// A dispute that finds all judges busy gets the place of a job that one of them runs for its own sake: of those the one that began last. Else jobs for
    /// heavy nodes alone could keep disputes waiting for as long as they like.
    fn make_way(&mut self, now: Instant, id: ContentId) {
        let Some(job) = self.jobs.get(&id).filter(|job| job.state.is_disputed) else { return };
        let judges = self.workers.iter().filter(|(node, worker)| {
            worker.is_judge
                && worker.advert.slots > 0
                && self.unfit(&job.needs, **node, worker).is_none()
                && Self::kept_from(job, **node).is_none()
        });
        let last_of = |node: NodeId| {
            let held = self.held.get(&node).into_iter().flatten();
            let leases = held.filter_map(|other| {
                let lease = self.jobs.get(other)?.state.leases.get(&node)?;
                (!lease.is_judge).then_some((lease.since, *other, node))
            });
            leases.max()
        };
        let Some((_, other, node)) = judges.filter_map(|(node, _)| last_of(*node)).max() else { return };
        self.release(now, other, node);
        self.outputs.push_back(Output::Revoke { node, job: other });
        self.bar_for_now(now, other, node);
        self.lease(now, id, node);
        self.place(now, other);
    }

    pub(super) fn line_up(&mut self, id: ContentId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let wants = job.wanted() > 0;
        if wants == job.is_waiting {
            return;
        }
        job.is_waiting = wants;
        let (submitter, place) = (job.manifest.submitter, job.place(id));
        if wants {
            self.queue.wait(submitter, &job.needs, place);
        } else {
            self.queue.stop_waiting(submitter, &job.needs, place);
        }
    }

    /// Hands a node jobs while it has slots free and any fits.
    pub(super) fn offer_node(&mut self, now: Instant, node: NodeId) {
        while let Some(job) = self.pick(now, node) {
            self.lease(now, job, node);
        }
    }

    fn pick(&mut self, now: Instant, node: NodeId) -> Option<ContentId> {
        let worker = self.workers.get(&node).filter(|worker| worker.free.is_some())?;
        let mut passed = Vec::new();
        let mut pick = |is_disputed| self.pick_of(now, node, worker, is_disputed, &mut passed);
        let disputed = if worker.is_judge { pick(true) } else { None };
        let picked = disputed.or_else(|| pick(false));
        for Passed { submitter, needs, place } in passed {
            self.queue.pass(submitter, &needs, node, place);
        }
        picked
    }

    /// The job that is next for a node that is free; `is_disputed` are those that wait for a judge. What it finds the node kept from goes to
    /// `passed`.
    fn pick_of(
        &self,
        now: Instant,
        node: NodeId,
        worker: &Worker,
        is_disputed: bool,
        passed: &mut Vec<Passed>,
    ) -> Option<ContentId> {
        self.queue.in_order().find_map(|(submitter, share)| {
            let mut best: Option<&Place> = None;
            for (needs, line) in share.waiting().iter().filter(|(needs, _)| needs.is_disputed == is_disputed)
            {
                if self.unfit(needs, node, worker).is_some() {
                    continue;
                }
                let (mut kept, mut count) = (None, 0);
                let so_far = best;
                for place in line.of(node).take_while(|place| so_far.is_none_or(|best| *place < best)) {
                    let is_free = self.jobs.get(&place.2).is_some_and(|job| {
                        job.manifest.deadline > now && Self::kept_from(job, node).is_none()
                    });
                    if is_free {
                        best = Some(place);
                        break;
                    }
                    (kept, count) = (Some(*place), count + 1);
                }
                if let Some(place) = kept.filter(|_| count >= PASSED_MIN) {
                    passed.push(Passed { submitter, needs: needs.clone(), place });
                }
            }
            best.map(|place| place.2)
        })
    }

    fn lease(&mut self, now: Instant, id: ContentId, node: NodeId) {
        let turn = self.next();
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let until = now.plus_ms(job.manifest.limits.wall_ms.into()).min(job.manifest.deadline);
        let is_judge = job.state.is_disputed;
        job.state.leases.insert(node, Lease { since: now, until, is_judge });
        self.queue.charge(job.manifest.submitter, until.since_ms(now));
        self.timers.insert((until, Timer::Lease(id, node)));
        let document = Arc::clone(&job.document);
        self.outputs.push_back(Output::Lease { node, job: id, document, until });
        self.held.entry(node).or_default().insert(id);
        self.dirty.insert(id);
        self.line_up(id);
        if let Some(worker) = self.workers.get_mut(&node) {
            worker.turn = turn;
        }
        self.count_slots(node);
    }

    /// Takes a lease back; `None` where there is none.
    pub(super) fn release(&mut self, now: Instant, id: ContentId, node: NodeId) -> Option<Lease> {
        let job = self.jobs.get_mut(&id)?;
        let lease = job.state.leases.remove(&node)?;
        self.queue.give_back(job.manifest.submitter, lease.until.since_ms(now));
        self.timers.remove(&(lease.until, Timer::Lease(id, node)));
        if let Some(held) = self.held.get_mut(&node) {
            held.remove(&id);
            if held.is_empty() {
                self.held.remove(&node);
            }
        }
        self.dirty.insert(id);
        self.count_slots(node);
        Some(lease)
    }

    pub(super) fn count_slots(&mut self, node: NodeId) {
        let standing = self.standing(node);
        let Some(worker) = self.workers.get_mut(&node) else { return };
        let held = self.held.get(&node).map_or(0, alloc::collections::BTreeSet::len);
        let slots = usize::from(worker.advert.slots);
        let ahead = if slots == 0 { 0 } else { usize::from(worker.advert.ahead) };
        // Who has shown nothing yet is given little at a time, and more with each answer.
        let answered =
            usize::try_from(standing.agreed.saturating_add(standing.unchecked)).unwrap_or(usize::MAX);
        let most = if worker.is_judge {
            usize::MAX
        } else {
            NEWCOMER_JOBS.saturating_mul(answered.saturating_add(1))
        };
        let place = match held {
            held if held >= most => None,
            held if held < slots => Some((false, worker.turn)),
            held if held < slots + ahead => Some((true, worker.turn)),
            _ => None,
        };
        if worker.free == place {
            return;
        }
        let class = Arc::clone(&worker.class);
        if let Some(before) = core::mem::replace(&mut worker.free, place) {
            self.is_free_no_more(&class, before, node);
        }
        if let Some(place) = place {
            self.free.entry(class).or_default().insert((place, node));
        }
    }

    fn is_free_no_more(&mut self, class: &Arc<Class>, place: FreePlace, node: NodeId) {
        if let Some(alike) = self.free.get_mut(class) {
            alike.remove(&(place, node));
            if alike.is_empty() {
                self.free.remove(class);
            }
        }
    }
}
