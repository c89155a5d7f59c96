use super::*;
use crate::{
    Base64, Ending, Limits,
    manifest::{Blob, Constraints, Kind, Quorum},
    standing::replay,
};
use alloc::{format, string::ToString, vec};
use codec::ContentId;
use keys::Identity;
use store::MemoryStore;

mod credit;
mod fair;
mod misuse;
mod moves;
mod properties;
mod simulation;
mod stories;

pub(super) const GAS: &str = "test-1";

pub(super) fn start() -> Instant {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Light nodes have numbers below 10,000, judges from there on, submitters from 20,000 on.
pub(super) fn key(number: u32) -> Identity {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    Identity::from_seed(seed)
}

pub(super) fn id(number: u32) -> NodeId {
    key(number).id()
}

pub(super) fn judge(number: u32) -> u32 {
    10_000 + number
}

pub(super) fn advert(kind: Kind, slots: u16) -> Advert {
    Advert {
        kind,
        slots,
        ahead: 0,
        memory_bytes_max: 1 << 32,
        fuel_max: u64::MAX,
        wall_ms_max: u32::MAX,
        gas: GAS.into(),
    }
}

/// A job of submitter `by`, told from its others by `nonce`.
pub(super) fn manifest(by: u32, nonce: u32) -> Manifest {
    Manifest {
        version: crate::manifest::VERSION,
        name: format!("job {nonce}"),
        submitter: id(20_000 + by),
        module: Blob::Inline(Base64(b"\0asm\x01\0\0\0".to_vec())),
        input: Blob::default(),
        entry: "_start".into(),
        args: Vec::new(),
        env: Vec::new(),
        limits: Limits { wall_ms: 10_000, ..Limits::default() },
        replicas: 1,
        quorum: Quorum::Majority,
        constraints: Constraints::default(),
        created: start(),
        deadline: start().plus_ms(3_600_000),
        priority: 0,
        deterministic: true,
        nonce: format!("{nonce:032x}"),
    }
}

pub(super) fn signed(by: u32, manifest: &Manifest) -> Envelope {
    manifest.sign(&key(20_000 + by)).unwrap()
}

/// A receipt of node `number` for `document`, whose guest wrote `output`.
pub(super) fn receipt(number: u32, document: &Envelope, output: &[u8], now: Instant) -> Envelope {
    let (job, manifest) = Manifest::open(document).unwrap();
    receipt_of(number, job, &manifest, output, now).sign(&key(number)).unwrap()
}

pub(super) fn receipt_of(
    number: u32,
    job: ContentId,
    manifest: &Manifest,
    output: &[u8],
    now: Instant,
) -> Receipt {
    Receipt {
        job,
        submitter: manifest.submitter,
        node: id(number),
        module: manifest.module_id(),
        input: manifest.input.id().unwrap(),
        invocation: manifest.invocation(job, id(number), now),
        ending: Ending::Exit(0),
        output: ContentId::of(output),
        errors: ContentId::of(b""),
        fuel: 1_000,
        gas: GAS.into(),
        memory_peak_bytes: 65_536,
        wall_us: 5_000,
        cpu_us: None,
        started: now,
        ended: now.plus_ms(5),
    }
}

/// A scheduler with a disk, and everything that it said.
pub(super) struct Rig {
    pub(super) scheduler: Scheduler,
    pub(super) store: MemoryStore,
    pub(super) now: Instant,
    /// Leases that were handed out and not taken back.
    pub(super) leases: BTreeMap<(NodeId, ContentId), Arc<Envelope>>,
    /// All leases, in order.
    pub(super) handed: Vec<(NodeId, ContentId)>,
    pub(super) submitted: BTreeMap<u64, Result<Taken, SubmitError>>,
    pub(super) cancelled: BTreeMap<u64, Result<(), CancelError>>,
    pub(super) received: Vec<(NodeId, Result<(), AnswerError>)>,
    pub(super) ended: BTreeMap<ContentId, Arc<Ended>>,
    pub(super) full: Vec<NodeId>,
    pub(super) gathers: Vec<(ContentId, Vec<ContentId>)>,
    pub(super) disk_works: bool,
    token: u64,
}

impl Rig {
    pub(super) fn new(config: Config) -> Self {
        Self::with(Scheduler::new(config), MemoryStore::new(), start())
    }

    pub(super) fn with(scheduler: Scheduler, store: MemoryStore, now: Instant) -> Self {
        Self {
            scheduler,
            store,
            now,
            leases: BTreeMap::new(),
            handed: Vec::new(),
            submitted: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            received: Vec::new(),
            ended: BTreeMap::new(),
            full: Vec::new(),
            gathers: Vec::new(),
            disk_works: true,
            token: 0,
        }
    }

    pub(super) fn input(&mut self, input: Input) {
        self.scheduler.handle_input(self.now, input);
        self.drain();
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.scheduler.poll_output() {
            match output {
                Output::Store { ticket, batch } => {
                    let result =
                        if self.disk_works { self.store.apply(&batch) } else { Err(StoreError::Full) };
                    self.scheduler.handle_input(self.now, Input::Stored { ticket, result });
                }
                Output::Submitted { token, result } => {
                    self.submitted.insert(token, result);
                }
                Output::Cancelled { token, result } => {
                    self.cancelled.insert(token, result);
                }
                Output::Lease { node, job, document, until } => {
                    assert!(until > self.now, "a lease that has ended already");
                    if self.leases.insert((node, job), document).is_none() {
                        self.handed.push((node, job));
                    }
                }
                Output::Revoke { node, job } => {
                    self.leases.remove(&(node, job));
                }
                Output::Received { node, result, .. } => self.received.push((node, result)),
                Output::Ended { job, ended } => {
                    assert!(self.ended.insert(job, ended).is_none(), "a job ends once");
                }
                Output::Full { node } => self.full.push(node),
                Output::Gather { job, parts } => self.gathers.push((job, parts)),
                Output::Kept { .. } | Output::Changed { .. } | Output::Forgotten { .. } => {}
            }
        }
    }

    /// Lets time pass, doing what is due on the way.
    pub(super) fn wait(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        while let Some((due, _)) = self.scheduler.poll_timeout().filter(|(due, _)| *due <= end) {
            self.now = self.now.max(due);
            self.scheduler.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    pub(super) fn join(&mut self, number: u32, advert: Advert) {
        let is_judge = number >= 10_000;
        self.input(Input::Joined { node: id(number), advert, is_judge });
    }

    pub(super) fn tab(&mut self, number: u32) {
        self.join(number, advert(Kind::Tab, 1));
    }

    pub(super) fn leave(&mut self, number: u32) {
        let gone = id(number);
        self.leases.retain(|(node, _), _| *node != gone);
        self.input(Input::Left { node: gone });
    }

    pub(super) fn try_submit(&mut self, by: u32, manifest: &Manifest) -> Option<Result<Taken, SubmitError>> {
        self.token += 1;
        self.input(Input::Submit { token: self.token, document: signed(by, manifest) });
        self.submitted.remove(&self.token)
    }

    pub(super) fn submit(&mut self, by: u32, manifest: &Manifest) -> ContentId {
        self.try_submit(by, manifest).expect("an answer").expect("the job is taken").job
    }

    pub(super) fn refused(&mut self, by: u32, manifest: &Manifest) -> SubmitError {
        self.try_submit(by, manifest).expect("an answer").expect_err("the job is refused")
    }

    /// Has a node answer a job that it was handed.
    pub(super) fn answer(&mut self, number: u32, job: ContentId, output: &[u8]) -> Result<(), AnswerError> {
        let document = self.leases.remove(&(id(number), job)).expect("a lease");
        self.hand_in(number, receipt(number, &document, output, self.now))
    }

    pub(super) fn hand_in(&mut self, number: u32, receipt: Envelope) -> Result<(), AnswerError> {
        self.received.clear();
        self.input(Input::Answered { token: 0, node: id(number), receipt });
        let (node, result) = self.received.pop().expect("an answer");
        assert_eq!(node, id(number));
        result
    }

    /// Has a node agree with another, so that it is no newcomer; then it leaves.
    pub(super) fn prove(&mut self, number: u32) {
        let other = 9_999;
        let both = || [number, other].into_iter();
        both().for_each(|number| self.tab(number));
        let job = self.submit(8, &Manifest { replicas: 2, ..manifest(8, number) });
        both().for_each(|number| self.answer(number, job, b"").unwrap());
        both().for_each(|number| self.leave(number));
    }

    pub(super) fn has(&self, number: u32, job: ContentId) -> bool {
        self.leases.contains_key(&(id(number), job))
    }

    /// The output of a job that is done, and whether it is checked.
    pub(super) fn result(&self, job: ContentId) -> (ContentId, bool) {
        match &self.ended.get(&job).expect("an end").outcome {
            Outcome::Done { claim, is_checked } => (claim.output, *is_checked),
            Outcome::Refused(reason) => panic!("{reason}"),
        }
    }

    pub(super) fn refusal(&self, job: ContentId) -> RefusalReason {
        match &self.ended.get(&job).expect("an end").outcome {
            Outcome::Refused(reason) => reason.clone(),
            done @ Outcome::Done { .. } => panic!("{done}"),
        }
    }

    pub(super) fn reason(&self, job: ContentId, number: u32) -> Reason {
        let why = self.scheduler.why(job).expect("an open job");
        let (_, reason) = why.nodes.iter().find(|(node, _)| *node == id(number)).expect("a known node");
        reason.clone()
    }

    /// A scheduler that starts again with what is on the disk.
    pub(super) fn restart(&self) -> Self {
        let entries = self.store.list(STORE_PREFIX);
        let scheduler = Scheduler::restore(self.scheduler.config.clone(), &entries, self.now).unwrap();
        let mut rig = Self::with(scheduler, self.store.clone(), self.now);
        rig.drain();
        rig
    }

    /// What must hold after every step.
    pub(super) fn check(&self) {
        let scheduler = &self.scheduler;
        for (job, open) in &scheduler.jobs {
            let mut nodes = scheduler.nodes_of(*job);
            nodes.sort_unstable();
            assert!(nodes.windows(2).all(|two| two[0] != two[1]), "replicas are on different nodes");
            assert_eq!(open.is_waiting, open.wanted() > 0, "who wants nodes stands in the queue");
            for (_, node) in scheduler.free.values().flatten().filter(|_| open.is_waiting) {
                let worker = &scheduler.workers[node];
                let unfit = scheduler.unfit(&open.needs, *node, worker);
                assert!(
                    unfit.is_some() || Scheduler::kept_from(open, *node).is_some(),
                    "a free node and a waiting job that fit each other"
                );
            }
        }
        for (node, held) in &scheduler.held {
            for job in held {
                assert!(scheduler.jobs[job].state.leases.contains_key(node), "what is held is leased");
            }
        }
        let timed = scheduler.timers.iter().filter(|(_, timer)| matches!(timer, Timer::Lease(..))).count();
        let leased: usize = scheduler.jobs.values().map(|job| job.state.leases.len()).sum();
        let late: usize = scheduler.late.values().map(|late| late.nodes.len()).sum();
        assert!(
            timed >= leased && timed <= leased + late + scheduler.config.ended_max as usize,
            "each lease has its end"
        );
    }
}
