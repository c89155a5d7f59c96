//! What must hold once a run is over and the network has healed.

use crate::{liar::Lie, plan::HEAVY, world::World};
use aggregate::{RefusalReason, ReportId, Scheme, Stage, message::Mine, outcome::RESULT_TYPE};
use codec::ContentId;
use node::{TaskState, light::End};
use privacy::Fate;

/// Milliseconds that everybody has been up and in touch before the end is the same everywhere.
const IN_TOUCH_MS: u64 = 45_000;

/// Milliseconds before a deadline that are enough to answer, where nothing goes wrong.
const IN_TIME_MS: u64 = 5_000;
/// Milliseconds in which a host that can store answers, or says that it does not.
const ANSWER_MAX_MS: u64 = 5_000;

impl World {
    /// Everybody's last state against the invariants.
    pub(crate) fn finish(&mut self) {
        let ids: Vec<ContentId> = self.oracle.known.keys().copied().collect();
        for id in ids {
            let held = self
                .ends_agree(id)
                .and_then(|()| self.promises_are_kept(id))
                .and_then(|()| self.nobody_is_missed(id))
                .and_then(|()| self.two_are_enough(id))
                .and_then(|()| self.liars_are_named(id));
            if let Err(what) = held {
                self.violated(format!("{id}: {what}"));
            }
        }
        if let Err(what) = self.jobs_have_ended().and_then(|()| self.rankings_have_ended()) {
            self.violated(what);
        }
        for host in 0..self.hosts.len() {
            if let Err(what) = self.left_in_order(host) {
                self.violated(format!("host {host}: {what}"));
            }
        }
    }

    /// Whether a host was up long enough to have heard of everything.
    fn in_touch(&self, host: usize) -> bool {
        let h = &self.hosts[host];
        h.machine.is_some() && h.up_since.max(h.disk.healthy_since).saturating_add(IN_TOUCH_MS) <= self.now
    }

    fn ends_agree(&self, id: ContentId) -> Result<(), String> {
        let known = &self.oracle.known[&id];
        // One that got the last signature and then died for good has taken the result with it.
        let has_result = |host: usize| {
            self.in_touch(host)
                && known.ends[host].as_ref().is_some_and(|end| end.payload_type == RESULT_TYPE)
        };
        let is_there = (0..HEAVY).any(|host| !self.lies(host) && has_result(host));
        for host in (0..HEAVY).filter(|host| self.in_touch(*host) && !self.lies(*host)) {
            let heavy = self.hosts[host].heavy().ok_or("no heavy node")?;
            let Some((_, end)) = heavy.documents(id) else { continue };
            let end = end.ok_or_else(|| format!("heavy {host} has no end"))?;
            if is_there && end.payload_type != RESULT_TYPE {
                return Err(format!("heavy {host} has not got the result that there is"));
            }
        }
        let went_without = known.proposal.scheme == Scheme::Rep64;
        for (at, light) in self.plan.lights.iter().enumerate() {
            let host = HEAVY + at;
            if light.malice.is_some() || light.away.is_some() || !self.in_touch(host) {
                continue;
            }
            let Some(task) = self.hosts[host]
                .light()
                .and_then(|light| light.view().tasks.into_iter().find(|task| task.id == id))
            else {
                continue;
            };
            if let Some(accusation) = &task.accusation
                && self.oracle.host_of(accusation.accused) != self.oracle.liar
            {
                return Err(format!("light {host} shows that {} lied, which does not", accusation.accused));
            }
            // A restart forgets whom it was about to ask, until somebody looks.
            let is_told = (0..HEAVY).any(|heavy| self.in_touch(heavy) && known.evidence[heavy].is_some());
            if is_told && self.plan.is_calm && task.end.is_some() && task.accusation.is_none() {
                return Err(format!("light {host} has not learned who lied"));
            }
            let report = self.oracle.report_of(id, host);
            let counted = report.and_then(|report| Some(known.result.as_ref()?.1.contains(&report)));
            let right = match &task.end {
                None => (0..HEAVY).all(|heavy| known.ends[heavy].is_none() || !self.in_touch(heavy)),
                Some(End::Result { mine, .. }) => match counted {
                    // One that the others went on without has the result, but not the set.
                    _ if went_without && matches!(mine, Mine::None | Mine::Held) => true,
                    Some(true) => *mine == Mine::Counted,
                    Some(false) if self.liar.is_some() && *mine == Mine::Rejected => true,
                    Some(false) => matches!(mine, Mine::None | Mine::NotHeldByAll),
                    None => *mine == Mine::None,
                },
                Some(_) => !is_there,
            };
            if task.state == TaskState::Withdrawn && counted == Some(true) {
                return Err(format!("light {host} has its answer back, and it is in the result"));
            }
            if !right {
                return Err(format!(
                    "light {host} shows the end {:?} (counted: {counted:?}, result: {is_there})",
                    task.end
                ));
            }
        }
        Ok(())
    }

    fn promises_are_kept(&self, id: ContentId) -> Result<(), String> {
        let known = &self.oracle.known[&id];
        if known.result.is_some() {
            return Ok(());
        }
        let acknowledged = known.valid_by_all(&self.oracle.flawed);
        let some_heavy = (0..HEAVY).find(|host| self.in_touch(*host) && known.ends[*host].is_some());
        if acknowledged > 0 && some_heavy.is_none() && (0..HEAVY).any(|host| self.in_touch(host)) {
            return Err("reports were acknowledged, and there is no end".into());
        }
        for (host, reason) in &known.reasons {
            if let RefusalReason::TooFew { participants, participants_min } = reason
                && (participants >= participants_min || acknowledged >= u64::from(*participants_min))
                && self.liar.is_none()
            {
                return Err(format!(
                    "heavy {host} refuses for {participants} of {participants_min} participants, where \
                     {acknowledged} were acknowledged by all"
                ));
            }
        }
        Ok(())
    }

    /// Without troubles, everybody who was there in time, and whose rule allows it, is in the result.
    fn nobody_is_missed(&self, id: ContentId) -> Result<(), String> {
        let known = &self.oracle.known[&id];
        let is_calm = self.plan.is_calm && self.liar.is_none();
        let Some((_, set)) = known.result.as_ref().filter(|_| is_calm) else { return Ok(()) };
        if (known.proposal.participants_max as usize) < self.plan.lights.len() {
            return Ok(());
        }
        for (at, light) in self.plan.lights.iter().enumerate() {
            let host = HEAVY + at;
            let deadline = self.hosts[host].world(known.proposal.deadline);
            let in_time = light.comes_at.max(known.since) + IN_TIME_MS < deadline;
            let answers = light.malice.is_none() && !light.decides && light.away.is_none();
            // One without a single number may be taken for one whose records do not fit.
            let has_some = light.rows.iter().any(|row| row.numbers.iter().any(Option::is_some));
            if answers && has_some && in_time && light.contribution(&known.proposal).is_some() {
                let report = self.oracle.report_of(id, host);
                if !report.is_some_and(|report| set.contains(&report)) {
                    return Err(format!("light {host} was there in time and is not in the result"));
                }
            }
        }
        Ok(())
    }

    fn lies(&self, host: usize) -> bool {
        self.oracle.liar == Some(host)
    }

    /// Without other troubles, a `rep64` computation for which two heavy nodes took enough answers has a result, whether the third
    /// has stopped or lies about its sums.
    fn two_are_enough(&self, id: ContentId) -> Result<(), String> {
        let known = &self.oracle.known[&id];
        let lost = self.plan.dies.map(|(_, host)| host).or(match self.plan.lies {
            Some((host, Lie::Sum | Lie::Total | Lie::Signature | Lie::Withhold)) => Some(host),
            _ => None,
        });
        let is_rep64 = known.proposal.scheme == Scheme::Rep64;
        let Some(lost) = lost.filter(|_| self.plan.is_calm && is_rep64 && known.result.is_none()) else {
            return Ok(());
        };
        let two: Vec<usize> = (0..HEAVY).filter(|host| *host != lost).collect();
        let held = |(report, by): &(&ReportId, &[bool; HEAVY])| {
            two.iter().all(|host| by[*host]) && !self.oracle.flawed.contains_key(*report)
        };
        let enough =
            known.acknowledged.iter().filter(held).count() >= known.proposal.participants_min as usize;
        let stated = known.reasons.iter().any(|(host, reason)| {
            let by_choice =
                matches!(reason, RefusalReason::Differencing { .. } | RefusalReason::Shrunk { .. });
            *host != lost && by_choice
        });
        if enough && !stated {
            return Err(format!("the two without {lost} have no result: {:?}", known.reasons));
        }
        Ok(())
    }

    /// Whoever was told a sum that contradicts what the liar had signed has evidence of it.
    fn liars_are_named(&self, id: ContentId) -> Result<(), String> {
        let known = &self.oracle.known[&id];
        for (_, host, incarnation) in self.oracle.deceived.iter().filter(|(lied_in, ..)| *lied_in == id) {
            let h = &self.hosts[*host];
            let is_same = h.machine.is_some() && h.incarnation == *incarnation;
            if is_same && known.ends[*host].is_some() && known.evidence[*host].is_none() {
                return Err(format!("heavy {host} was told a wrong sum and has no evidence of it"));
            }
        }
        Ok(())
    }

    fn left_in_order(&self, host: usize) -> Result<(), String> {
        let h = &self.hosts[host];
        let is_honest = h.heavy().is_some() || h.light().is_some();
        let late = |since: u64| since + ANSWER_MAX_MS < self.now;
        if is_honest
            && self.in_touch(host)
            && let Some((from, since)) = h.serving.values().find(|(_, since)| late(*since))
        {
            return Err(format!("a request of {from} that came at {since} is never answered"));
        }
        if let Some(light) = h.light() {
            let (view, ledger) = (light.view(), light.ledger(0, usize::MAX));
            let answered = |state| !matches!(state, TaskState::Waiting | TaskState::Declined);
            for task in view.tasks.iter().filter(|task| answered(task.state)) {
                let entry = ledger.iter().find(|entry| entry.question.computation == task.id);
                let entry = entry.ok_or_else(|| format!("an answer to {} is not in the ledger", task.id))?;
                // One heavy node's word takes an answer back for the person; more of them, or the end, for the ledger.
                let agree = match task.state {
                    TaskState::Withdrawn => entry.fate != Fate::Counted,
                    _ => entry.fate != Fate::Withdrawn,
                };
                if !agree {
                    return Err(format!("{}: the ledger says {:?} of {:?}", task.id, entry.fate, task.state));
                }
            }
        }
        let Some(heavy) = h.heavy().filter(|_| self.in_touch(host)) else { return Ok(()) };
        // One that lacks a signature keeps what it needs to take a late one.
        let ids = heavy.computations();
        let mut views = ids.iter().filter_map(|id| heavy.computation(*id));
        if views.any(|view| view.result.is_none() && view.stage == Stage::Signed) {
            return Ok(());
        }
        // Proposal, end and evidence of each computation, and the descriptors of its fellows.
        let jobs = h.disk.store.list(jobs::scheduler::STORE_PREFIX);
        let rankings = [shards::coordinator::STORE_PREFIX, shards::coordinator::DATA_PREFIX];
        let rankings: usize = rankings.into_iter().map(|prefix| h.disk.store.list(prefix).len()).sum();
        let kept = h.disk.store.list(b"").len() - jobs.len() - rankings;
        // A record and a slice of π of each.
        let most_of_rankings = 2 * heavy.rankings().len();
        if rankings > most_of_rankings {
            return Err(format!(
                "{rankings} entries of rankings are left, where {most_of_rankings} are enough"
            ));
        }
        let evidence = ids.iter().filter(|id| heavy.evidence(**id).is_some()).count();
        let most = 2 * ids.len() + evidence + HEAVY;
        if kept > most {
            return Err(format!("{kept} entries are left in its store, where {most} are enough"));
        }
        self.jobs_kept(host, &jobs)?;
        Ok(())
    }

    /// Counts what a run came to.
    pub(crate) fn count(&mut self) {
        self.tally.lies += self.liar.as_ref().map_or(0, |liar| liar.lies);
        self.tally.liars += u64::from(self.liar.is_some());
        self.tally.dead += u64::from(self.plan.dies.is_some());
        for known in self.oracle.known.values() {
            self.tally.computations += 1;
            self.tally.acknowledged += known.acknowledged_by_all();
            self.tally.evidence += u64::from(known.evidence.iter().any(Option::is_some));
            if let Some((_, set)) = &known.result {
                self.tally.results += 1;
                *self.tally.by_scheme.entry(known.proposal.scheme.name()).or_default() += 1;
                self.tally.by_two += u64::from(known.cohort < HEAVY);
                self.tally.rejected += u64::from(known.rejected);
                self.tally.wrong += u64::from(known.is_wrong);
                self.tally.participants += set.len() as u64;
                let deadline = known.proposal.deadline.since_ms(crate::host::instant(0));
                self.tally.result_after_ms += known.result_at.unwrap_or(0).saturating_sub(deadline);
                continue;
            }
            let mut codes: Vec<&str> = known.reasons.values().map(name).collect();
            codes.sort_unstable();
            codes.dedup();
            let codes = if codes.is_empty() { "none".into() } else { codes.join(" + ") };
            *self.tally.refusals.entry(codes).or_default() += 1;
        }
        for host in 0..HEAVY {
            let Some(heavy) = self.hosts[host].heavy() else { continue };
            let counters = heavy.view().counters;
            self.tally.malformed += counters.malformed_messages;
            for (refusal, count) in counters.reports_refused {
                *self.tally.reports_refused.entry(refusal.name()).or_default() += count;
            }
        }
    }
}

/// A reason's code; and what was awaited, which says how far the computation had come.
fn name(reason: &RefusalReason) -> &str {
    match reason {
        RefusalReason::HeavyMissing { awaited, .. } => awaited,
        other => other.code(),
    }
}
