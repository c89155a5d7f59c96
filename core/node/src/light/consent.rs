//! Consent: what is answered and by whose word, what waits and why, and what is taken back.
//!
//! An answer and its entry in the ledger become durable in one batch, before any share leaves. A
//! withdrawal is durable before the heavy nodes hear of it, and given back to the ledger once so many of
//! them say that they have deleted their shares that the answer can be in no agreed set, though one of them lies: else one
//! heavy node could have a person's limits given back for answers that count.

use super::{
    Batch, CommandError, ContentId, Effect, Instant, LightNode, Part, Proposal, Purpose, Request, Response,
    String, TaskState, ToString, Vec, fit, format, task,
};
use keys::NodeId;
use privacy::{By, Judgement, LedgerEntry, Limits, Question, Rule, RuleError, Verdict};
use query::Plan;
use schema::Schema;

/// Latest entries of the ledger in a view.
const LATEST: usize = 50;

/// Milliseconds after which a preview is computed anew: an hour.
const PREVIEW_EVERY_MS: u64 = 3_600 * 1_000;

/// A rule, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleView {
    /// The rule.
    pub rule: Rule,
    /// The rule in one sentence.
    pub words: String,
}

/// The privacy ledger at a glance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LedgerView {
    /// Answers that count, in all, by attribute and by proposer.
    pub uses: Vec<privacy::Use>,
    /// The person's limits, and how far each is used.
    pub limits: Vec<privacy::LimitUse>,
    /// The latest answers, the last first. [`LightNode::ledger`] has them all.
    pub latest: Vec<LedgerEntry>,
    /// How many answers there are with their details.
    pub entries: usize,
}

/// How far an answer is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Withdrawal {
    /// Heavy nodes that have deleted their share, or never had it and will not take it.
    pub deleted: usize,
    /// So many of them keep the answer out of every result.
    pub needed: usize,
    /// Too many had closed the set of answers before they heard of it.
    pub too_late: bool,
}

/// A computation as rules and the ledger see it. `plan` is the proposal's own.
pub(super) fn question(id: ContentId, proposal: &Proposal, plan: Option<&Plan>) -> Question {
    Question {
        computation: id,
        proposer: proposal.proposer,
        purpose: proposal.purpose.clone(),
        dataset: proposal.dataset.clone(),
        schema: ContentId::of(proposal.schema.as_str().as_bytes()),
        fields: plan.map(|plan| plan.fields().into_iter().collect()).unwrap_or_default(),
        scheme: proposal.scheme.name().into(),
        kind: proposal.query.reduction.kind().name().into(),
        words: plan.map(Plan::words).unwrap_or_default(),
        participants_min: proposal.participants_min,
    }
}

impl LightNode {
    /// Answers in the ledger: `count` from the `from`th on, the last first.
    pub fn ledger(&self, from: usize, count: usize) -> Vec<LedgerEntry> {
        self.ledger.entries().rev().skip(from).take(count).cloned().collect()
    }

    pub(super) fn ledger_view(&self) -> LedgerView {
        LedgerView {
            uses: self.ledger.uses(),
            limits: self.ledger.standing(self.clock, &self.settings.limits),
            latest: self.ledger(0, LATEST),
            entries: self.ledger.entries().len(),
        }
    }

    pub(super) fn rules_view(&self) -> Vec<RuleView> {
        let view = |rule: &Rule| RuleView { rule: rule.clone(), words: rule.words(Some(self.id())) };
        self.settings.rules.iter().map(view).collect()
    }

    /// Why a computation that waits is asked about, or which rule declined it.
    pub(super) fn why(&self, task: &task::Task) -> Option<String> {
        match task.state {
            TaskState::Waiting => task.unruled.clone(),
            TaskState::Declined => {
                let declines = |rule: &&Rule| rule.verdict == Verdict::Decline && rule.fits(&task.question);
                let rule = self.settings.rules.iter().find(declines)?;
                Some(format!("your rule “{}” declines it", rule.words(Some(self.id()))))
            }
            _ => match &self.ledger.entry(task.id)?.by {
                By::Rule { words, .. } => Some(format!("your rule “{words}” answered")),
                _ => None,
            },
        }
    }

    /// Lets rules and limits decide about a computation that waits. True where they did.
    pub(super) fn consider(&mut self, now: Instant, id: ContentId) -> bool {
        let waits = |task: &&task::Task| task.state == TaskState::Waiting && now < task.proposal.deadline;
        let Some(task) = self.tasks.get(&id).filter(waits) else { return false };
        let (rules, limits) = (&self.settings.rules, &self.settings.limits);
        let judgement = privacy::judge(rules, limits, &self.ledger, now, &task.question);
        let can = matches!(task.preview, Some(Ok(_)));
        let own = Some(self.id());
        let Some(task) = self.tasks.get_mut(&id) else { return false };
        task.unruled = None;
        match judgement {
            Judgement::Answer { rule } if can => {
                let rule = &self.settings.rules[rule];
                let by = By::Rule { rule: rule.id(), words: rule.words(own) };
                self.answer(now, id, by, None);
                true
            }
            Judgement::Decline { .. } => {
                task.state = TaskState::Declined;
                self.save(id, Effect::None);
                true
            }
            Judgement::Ask(unruled) => {
                task.unruled = Some(unruled.words(&self.settings.rules, own));
                false
            }
            _ => false,
        }
    }

    /// Considers all that waits, after something changed that all of it depends on.
    pub(super) fn consider_all(&mut self, now: Instant) {
        while core::mem::take(&mut self.unsettled) {
            let waiting = self.tasks.values().filter(|task| task.state == TaskState::Waiting);
            let waiting: Vec<ContentId> = waiting.map(|task| task.id).collect();
            for id in waiting {
                self.consider(now, id);
            }
        }
    }

    /// Computes what an answer would be made of, for the person to see and for the answer.
    pub(super) fn preview(&mut self, id: ContentId) {
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.state == TaskState::Waiting) else {
            return;
        };
        let dataset = self.datasets.get(&task.proposal.dataset);
        task.previewed_at = self.clock;
        task.preview = dataset.map(|(dataset, _)| {
            match (&task.plan, Schema::from_json(task.proposal.schema.as_str())) {
                (Some(plan), Ok(schema)) => fit::measure(dataset, &schema, plan, self.clock),
                _ => Err("this computation cannot be read here".into()),
            }
        });
    }

    /// Computes it anew where that is long ago. What is shown is what leaves.
    pub(super) fn refresh_preview(&mut self, now: Instant, id: ContentId) {
        let old = |task: &task::Task| now.since_ms(task.previewed_at) >= PREVIEW_EVERY_MS;
        if self.tasks.get(&id).is_some_and(old) {
            self.preview(id);
        }
    }

    pub(super) fn records_changed(&mut self, dataset: &str) {
        let concerned: Vec<ContentId> = self
            .tasks
            .values()
            .filter(|task| task.state == TaskState::Waiting && task.proposal.dataset == dataset)
            .map(|task| task.id)
            .collect();
        concerned.into_iter().for_each(|id| self.preview(id));
        self.unsettled = true;
    }

    /// The person answers by themselves.
    pub(super) fn approve(&mut self, now: Instant, token: u64, id: ContentId) -> Result<(), CommandError> {
        let task = self.tasks.get_mut(&id).ok_or(CommandError::NoComputation)?;
        // A declined computation may be taken up again until the deadline.
        if task.state == TaskState::Declined {
            task.state = TaskState::Waiting;
            self.preview(id);
        }
        self.answer(now, id, By::Person, Some(token));
        Ok(())
    }

    /// Makes the report, durable with its entry in the ledger before any of it is sent.
    fn answer(&mut self, now: Instant, id: ContentId, by: By, token: Option<u64>) {
        self.changed = true;
        let light = self.identity.id();
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let allowed = self.ledger.allows(now, &self.settings.limits, &task.question);
        let made = match allowed {
            // What was answered before is told so, whatever the limits are.
            Err(reached) if task.state == TaskState::Waiting => {
                Err(CommandError::LimitReached { why: reached.to_string() })
            }
            _ => task.make_report(now, light, &mut self.rng),
        };
        match made {
            Ok(()) => {
                let mut batch = Batch::new();
                self.ledger.note(now, &task.question, by, &mut batch);
                self.unsettled = true;
                self.save_with(id, batch, Effect::Answered { id, token });
            }
            Err(error) => {
                if let Some(token) = token {
                    self.reply(token, Err(error));
                }
            }
        }
    }

    pub(super) fn save(&mut self, id: ContentId, effect: Effect) {
        self.save_with(id, Batch::new(), effect);
    }

    /// Stores a computation, and what `batch` holds with it.
    fn save_with(&mut self, id: ContentId, mut batch: Batch, effect: Effect) {
        if let Some(task) = self.tasks.get(&id) {
            batch.put(task::key(id), task.encode());
            self.queue.push(Part { batch, effect, retry: true });
        }
    }

    /// Puts into the ledger, once, what was answered without it, and what ended when the node was down.
    pub(super) fn reconcile(&mut self, now: Instant) {
        let mut batch = Batch::new();
        for task in self.tasks.values() {
            if task.report.is_some() && self.ledger.entry(task.id).is_none() {
                self.ledger.note(now, &task.question, By::Person, &mut batch);
            }
            if let Some(counted) = task.fate(now) {
                self.ledger.ended(task.id, counted, &mut batch);
            }
        }
        if !batch.is_empty() {
            self.queue.push(Part { batch, effect: Effect::None, retry: true });
        }
    }

    /// Notes in the ledger what became of an answer, once that is known.
    pub(super) fn note_end(&mut self, now: Instant, id: ContentId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(counted) = task.fate(now) else { return };
        let mut batch = Batch::new();
        if task.state == TaskState::Withdrawing {
            // Too few heavy nodes heard of it in time.
            task.state = TaskState::Answered;
            batch.put(task::key(id), task.encode());
        }
        if self.ledger.ended(id, counted, &mut batch) || !batch.is_empty() {
            self.queue.push(Part { batch, effect: Effect::None, retry: true });
        }
    }

    // Withdrawal.

    /// Takes an answer back: durable here first, then told to the heavy nodes.
    pub(super) fn withdraw(&mut self, now: Instant, token: u64, id: ContentId) -> Result<(), CommandError> {
        let task = self.tasks.get_mut(&id).ok_or(CommandError::NoComputation)?;
        match task.state {
            TaskState::Waiting | TaskState::Declined => Err(CommandError::NotAnswered),
            TaskState::Answered if task.is_settled(now) || now >= task.proposal.deadline => {
                Err(CommandError::TooLate)
            }
            TaskState::Answered => {
                task.state = TaskState::Withdrawing;
                self.save(id, Effect::Withdrawing { id, token });
                Ok(())
            }
            TaskState::Withdrawing | TaskState::Withdrawn => {
                self.reply(token, Ok(super::Reply::Done));
                Ok(())
            }
        }
    }

    /// Tells the heavy nodes that have not heard of it that the answer is taken back.
    pub(super) fn tell_withdrawal(&mut self, now: Instant, id: ContentId) {
        let Some(task) = self.tasks.get(&id) else { return };
        for (role, peer) in task.withdrawal_unsent(now) {
            let request = Request::Withdraw { id };
            if self.ask(now, peer, &request, Purpose::Withdraw(id))
                && let Some(task) = self.tasks.get_mut(&id)
            {
                task.withdrawal_sent(role);
            }
        }
    }

    /// Takes a heavy node's answer to a withdrawal.
    pub(super) fn withdrawal_answered(
        &mut self,
        now: Instant,
        heavy: NodeId,
        id: ContentId,
        response: Option<&Response>,
    ) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.withdrawal_answered(
            now,
            heavy,
            match response {
                Some(Response::Withdrawn) => Some(Ok(())),
                Some(Response::Refused(refusal)) => Some(Err(*refusal)),
                _ => None,
            },
        );
        let withdrawal = task.withdrawal();
        let was_withdrawing = task.state == TaskState::Withdrawing;
        if was_withdrawing && withdrawal.deleted >= withdrawal.needed {
            task.state = TaskState::Withdrawn;
        } else if was_withdrawing && withdrawal.too_late {
            task.state = TaskState::Answered;
        }
        let is_changed = was_withdrawing && task.state != TaskState::Withdrawing;
        let mut batch = Batch::new();
        if task.state == TaskState::Withdrawn
            && withdrawal.deleted > withdrawal.needed
            && self.ledger.withdraw(id, &mut batch)
        {
            self.unsettled = true;
        }
        if is_changed || !batch.is_empty() {
            self.save_with(id, batch, Effect::None);
        }
        self.changed = true;
        self.look_after(now, id);
    }

    // Choices.

    pub(super) fn add_rule(&mut self, token: u64, rule: Rule) -> Result<(), CommandError> {
        rule.check().map_err(|error: RuleError| CommandError::Rule { why: error.to_string() })?;
        let rules = &self.chosen().rules;
        if rules.len() >= privacy::RULES_MAX && !rules.contains(&rule) {
            return Err(CommandError::TooMany { what: "rules".into(), max: privacy::RULES_MAX });
        }
        self.choose(token, |settings| {
            if !settings.rules.contains(&rule) {
                settings.rules.push(rule);
            }
        });
        Ok(())
    }

    pub(super) fn set_limits(&mut self, token: u64, limits: Limits) {
        self.choose(token, |settings| settings.limits = limits);
    }
}
