//! One computation at one light node.

use super::{
    AFTERWARDS_MS, CommandError, ContentId, Envelope, Instant, LOST_MS, Mine, NodeId, Proposal,
    REPORT_AGAIN_MS, ReportRefusal, STATUS_ENDING_MS, STATUS_EVERY_MS, STATUS_SELDOM_MS, Status, String,
    TASK_PREFIX, Vec, Verified, Withdrawal, consent, evidence::Inquiry, outcome,
};
use aggregate::{HEAVY as SHARES, Report, evidence::Evidence};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::Wire;
use privacy::Question;
use query::{Measured, Plan};
use rand_chacha::ChaCha20Rng;

/// What the person's node does about a computation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskState {
    /// Waits for the person.
    Waiting,
    /// The person said no.
    Declined,
    /// The person, or a rule of theirs, said yes; the report exists.
    Answered,
    /// The person takes their answer back; heavy nodes are being told.
    Withdrawing,
    /// The answer is taken back and in no result.
    Withdrawn,
}

/// How one heavy node took the share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Delivery {
    #[default]
    Due,
    Again(Instant),
    UnderWay,
    Acknowledged,
    Refused(ReportRefusal),
}

#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: ContentId,
    pub(super) proposal: Proposal,
    pub(super) envelope: Envelope,
    pub(super) state: TaskState,
    pub(super) report: Option<Report>,
    report_durable: bool,
    delivery: [Delivery; SHARES],
    withdrawal_durable: bool,
    /// How each heavy node took the withdrawal.
    withdrawal: [Delivery; SHARES],
    /// How records become a measurement.
    pub(super) plan: Option<Plan>,
    /// What it asks, as rules and the ledger see it.
    pub(super) question: Question,
    /// Why no rule decides, in words.
    pub(super) unruled: Option<String>,
    /// The answer that the records at hand give, or why they give none; `None` where there is no such
    /// data set.
    pub(super) preview: Option<Result<Measured, String>>,
    /// When that was computed: a question may ask for the last 30 days.
    pub(super) previewed_at: Instant,
    /// Reports that each heavy node said it holds.
    pub(super) reports: [Option<u32>; SHARES],
    pub(super) mine: Mine,
    /// Which heavy nodes do not know it any more.
    forgotten: [bool; SHARES],
    /// The verified end: a result, or the refusals that came so far.
    pub(super) end: Option<(Envelope, Verified)>,
    /// Verified evidence that a heavy node lied.
    pub(super) evidence: Option<(Envelope, Evidence)>,
    /// How far each heavy node is asked for it.
    pub(super) inquiries: [Inquiry; SHARES],
    pub(super) status_at: Instant,
    pub(super) asking: bool,
    asked: usize,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Stored {
    envelope: Vec<u8>,
    state: TaskState,
    report: Option<Report>,
    acknowledged: [bool; SHARES],
    end: Option<Vec<u8>>,
    mine: Mine,
}

impl Wire for Stored {
    const BYTES_MAX: usize = 2 * 1024 * 1024;
}

pub(super) fn key(id: ContentId) -> Vec<u8> {
    [TASK_PREFIX, id.digest()].concat()
}

impl Task {
    pub(super) fn new(now: Instant, id: ContentId, proposal: Proposal, envelope: Envelope) -> Self {
        let plan = proposal.plan().ok();
        Self {
            id,
            question: consent::question(id, &proposal, plan.as_ref()),
            plan,
            proposal,
            envelope,
            state: TaskState::Waiting,
            report: None,
            report_durable: false,
            delivery: Default::default(),
            withdrawal_durable: false,
            withdrawal: Default::default(),
            unruled: None,
            preview: None,
            previewed_at: now,
            reports: [None; SHARES],
            mine: Mine::None,
            forgotten: [false; SHARES],
            end: None,
            evidence: None,
            inquiries: Default::default(),
            status_at: now,
            asking: false,
            asked: 0,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        codec::encode(&Stored {
            envelope: self.envelope.to_json(),
            state: self.state,
            report: self.report.clone(),
            acknowledged: self.delivery.map(|delivery| delivery == Delivery::Acknowledged),
            end: self.end.as_ref().map(|(document, _)| document.to_json()),
            mine: self.mine,
        })
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = codec::decode(bytes).ok()?;
        let envelope = Envelope::from_json(&stored.envelope).ok()?;
        let (id, proposal) = Proposal::open(&envelope).ok()?;
        let mut task = Self::new(Instant::default(), id, proposal, envelope);
        task.state = stored.state;
        task.report_durable = stored.report.is_some();
        task.withdrawal_durable = matches!(stored.state, TaskState::Withdrawing | TaskState::Withdrawn);
        task.report = stored.report;
        task.delivery = stored
            .acknowledged
            .map(|acknowledged| if acknowledged { Delivery::Acknowledged } else { Delivery::Due });
        if let Some(end) = stored.end {
            let document = Envelope::from_json(&end).ok()?;
            let verified = outcome::verify(&task.envelope, &document).ok()?;
            task.end = Some((document, verified));
        }
        task.mine = stored.mine;
        Some(task)
    }

    /// Whether nothing more can come: a result; long enough after a refusal; or nothing that any heavy
    /// node still remembers.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let end = self.proposal.end();
        match &self.end {
            Some((_, Verified::Result(_))) => true,
            Some(_) => now >= end.plus_ms(AFTERWARDS_MS),
            None => now >= end.plus_ms(LOST_MS) || (now >= end && self.forgotten == [true; SHARES]),
        }
    }

    /// Whether the heavy nodes take no share and no withdrawal any more. One heavy node's refusal before the deadline does not say so: it may be
    /// alone with it, or lie to this node only, while the others go on.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        match &self.end {
            Some((_, Verified::Result(_))) => true,
            Some(_) => now >= self.proposal.deadline,
            None => false,
        }
    }

    /// Milliseconds until the next look at how it stands: often near the end, seldom far from it.
    pub(super) fn status_pause_ms(&self, now: Instant) -> u64 {
        let (deadline, end) = (self.proposal.deadline, self.proposal.end());
        if now < deadline {
            (deadline.since_ms(now) / 50).clamp(STATUS_EVERY_MS, STATUS_SELDOM_MS)
        } else if now < end.plus_ms(STATUS_SELDOM_MS) {
            STATUS_ENDING_MS
        } else {
            (now.since_ms(end) / 50).clamp(STATUS_EVERY_MS, STATUS_SELDOM_MS)
        }
    }

    /// A heavy node does not know it.
    pub(super) fn forgotten_by(&mut self, heavy: NodeId) {
        if let Some(role) = self.proposal.role(heavy) {
            self.forgotten[role] = true;
        }
    }

    /// Heavy nodes that hold the share durably.
    pub(super) fn acknowledged(&self) -> usize {
        self.delivery.iter().filter(|delivery| **delivery == Delivery::Acknowledged).count()
    }

    /// Why a heavy node did not take the share, where one did not.
    pub(super) fn report_refusal(&self) -> Option<ReportRefusal> {
        self.delivery.iter().find_map(|delivery| match delivery {
            Delivery::Refused(refusal) => Some(*refusal),
            _ => None,
        })
    }

    pub(super) fn make_report(
        &mut self,
        now: Instant,
        light: NodeId,
        rng: &mut ChaCha20Rng,
    ) -> Result<(), CommandError> {
        match self.state {
            TaskState::Answered => return Err(CommandError::AlreadyAnswered),
            TaskState::Withdrawing | TaskState::Withdrawn => return Err(CommandError::Withdrawn),
            TaskState::Waiting | TaskState::Declined => {}
        }
        if now >= self.proposal.deadline {
            return Err(CommandError::Closed);
        }
        let measured = match &self.preview {
            Some(Ok(measured)) => measured,
            Some(Err(why)) => return Err(CommandError::CannotAnswer { why: why.clone() }),
            None => return Err(CommandError::NoDataset { name: self.proposal.dataset.clone() }),
        };
        let cannot = |why: String| CommandError::CannotAnswer { why };
        let instance = self.proposal.instance().map_err(|error| cannot(alloc::format!("{error}")))?;
        let report = Report::new(&self.proposal, &instance, self.id, light, &measured.vector, rng)
            .map_err(|error| cannot(alloc::format!("{error}")))?;
        self.report = Some(report);
        self.state = TaskState::Answered;
        Ok(())
    }

    pub(super) fn answer_is_durable(&mut self) {
        self.report_durable = true;
    }

    /// The heavy nodes, with their roles, that the share is to be sent to now.
    pub(super) fn unsent(&self, now: Instant) -> Vec<(usize, NodeId)> {
        if !self.report_durable || self.state != TaskState::Answered || self.is_settled(now) {
            return Vec::new();
        }
        self.due(now, &self.delivery)
    }

    fn due(&self, now: Instant, deliveries: &[Delivery; SHARES]) -> Vec<(usize, NodeId)> {
        let due = |delivery: &Delivery| match delivery {
            Delivery::Due => true,
            Delivery::Again(at) => *at <= now,
            _ => false,
        };
        let roles = self.proposal.heavy.iter().enumerate();
        roles.filter(|(role, _)| due(&deliveries[*role])).map(|(role, key)| (role, key.id)).collect()
    }

    pub(super) fn withdrawal_is_durable(&mut self) {
        self.withdrawal_durable = true;
    }

    /// The heavy nodes, with their roles, that are to be told now that the answer is taken back: also those
    /// that no share was acknowledged by, since one may be on its way, and also after enough have heard, so
    /// that no share lies about.
    pub(super) fn withdrawal_unsent(&self, now: Instant) -> Vec<(usize, NodeId)> {
        if !self.withdrawal_durable || self.is_settled(now) {
            return Vec::new();
        }
        self.due(now, &self.withdrawal)
    }

    pub(super) fn withdrawal_sent(&mut self, role: usize) {
        self.withdrawal[role] = Delivery::UnderWay;
    }

    /// Takes a heavy node's answer to the withdrawal, `None` where none came.
    pub(super) fn withdrawal_answered(
        &mut self,
        now: Instant,
        heavy: NodeId,
        answer: Option<Result<(), ReportRefusal>>,
    ) {
        let Some(role) = self.proposal.role(heavy) else { return };
        self.withdrawal[role] = match answer {
            Some(Ok(())) => Delivery::Acknowledged,
            Some(Err(refusal)) if !refusal.is_passing() => Delivery::Refused(refusal),
            _ => Delivery::Again(now.plus_ms(REPORT_AGAIN_MS)),
        };
    }

    /// How far the answer is taken back.
    pub(super) fn withdrawal(&self) -> Withdrawal {
        let count = |wanted: fn(&Delivery) -> bool| self.withdrawal.iter().filter(|one| wanted(one)).count();
        let deleted = count(|delivery| *delivery == Delivery::Acknowledged);
        let refused = count(|delivery| matches!(delivery, Delivery::Refused(_)));
        // Where all three must hold a share for it to count, one without it keeps it out; where two of
        // three give the result, any two must meet one without it.
        let needed = 1 + self.proposal.scheme.lost_max();
        Withdrawal { deleted, needed, too_late: refused > SHARES - needed }
    }

    /// How far the answer is taken back, where it is being or was, or was tried to be in vain.
    pub(super) fn withdrawal_view(&self) -> Option<Withdrawal> {
        self.withdrawal_durable.then(|| self.withdrawal())
    }

    /// Whether its answer is in the result, once that is known; no, where there will be no result.
    pub(super) fn fate(&self, now: Instant) -> Option<bool> {
        self.report.as_ref()?;
        match &self.end {
            Some((_, Verified::Result(_))) => Some(self.mine == Mine::Counted),
            _ => self.is_over(now).then_some(false),
        }
    }

    pub(super) fn report_sent(&mut self, role: usize) {
        self.delivery[role] = Delivery::UnderWay;
    }

    /// Takes a heavy node's answer to the share, `None` where none came; true when it is worth keeping.
    pub(super) fn report_answered(
        &mut self,
        now: Instant,
        heavy: NodeId,
        answer: Option<Result<(), ReportRefusal>>,
    ) -> bool {
        let Some(role) = self.proposal.role(heavy) else { return false };
        self.delivery[role] = match answer {
            Some(Ok(())) => Delivery::Acknowledged,
            Some(Err(refusal)) if !refusal.is_passing() => Delivery::Refused(refusal),
            _ => Delivery::Again(now.plus_ms(REPORT_AGAIN_MS)),
        };
        self.delivery[role] == Delivery::Acknowledged
    }

    /// Takes a heavy node's word on how it stands; true when it is worth keeping. An end counts only
    /// when its signatures verify, and a refusal never replaces a result.
    pub(super) fn learn(&mut self, heavy: NodeId, status: Status) -> bool {
        if let Some(role) = self.proposal.role(heavy) {
            self.reports[role] = Some(status.reports);
        }
        let Some(mut document) = status.end.and_then(|end| Envelope::from_json(&end).ok()) else {
            return false;
        };
        // Every word carries an end from now on; one that cannot be better is not worth verifying.
        if let Some((_, known)) = &self.end
            && (document.payload_type != outcome::RESULT_TYPE || matches!(known, Verified::Result(_)))
        {
            return false;
        }
        let Ok(verified) = outcome::verify(&self.envelope, &document) else { return false };
        let better = match (&verified, &self.end) {
            (Verified::Result(_), Some((_, Verified::Result(_)))) => false,
            (Verified::Result(_), _) => true,
            (Verified::Refusal(refusal), known) => known.is_none() && refusal.heavy == heavy,
            _ => false,
        };
        if better {
            // Only signatures that were verified are kept, and shown.
            let signed = |id: NodeId| match &verified {
                Verified::Refusal(refusal) => refusal.heavy == id,
                _ => self.proposal.role(id).is_some(),
            };
            document.signatures.retain(|signature| signed(signature.keyid));
            self.end = Some((document, verified));
            self.mine = status.mine;
        }
        better
    }

    /// The next of the three heavy nodes that is up, in turn.
    pub(super) fn next_to_ask(&mut self, is_up: impl Fn(NodeId) -> bool) -> Option<NodeId> {
        for _ in 0..SHARES {
            self.asked = (self.asked + 1) % SHARES;
            let peer = self.proposal.heavy.get(self.asked)?.id;
            if is_up(peer) {
                return Some(peer);
            }
        }
        None
    }

    /// When to look again without anything having happened. What waits for an answer is looked after
    /// when that comes, and a share for a heavy node that is not up when it is.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let again = self.delivery.iter().chain(&self.withdrawal).filter_map(|delivery| match delivery {
            Delivery::Again(at) if *at > now => Some(*at),
            _ => None,
        });
        again.chain((!self.asking).then_some(self.status_at)).min()
    }
}
