//! Jobs in the network: who submits them, what guests give, and what must have become of them.

use crate::{
    dice::Dice,
    host::{Told, instant},
    plan::{HEAVY, Plan, Records},
    report::Tally,
    world::{Event, World},
};
use codec::ContentId;
use jobs::{
    Base64, Contribution, Ending, Executor, Finished, Limits, Manifest, Ran, Receipt, Task, broker,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION},
    scheduler::{SubmitError, Taken},
    view::{Filter, JobState},
};
use keys::{Envelope, Identity, NodeId};
use node::{Command, HeavyInput, LightInput};
use std::collections::{BTreeMap, BTreeSet};

const GAS: &str = "sim-1";
/// Milliseconds before a submission that was not answered is put again.
const AGAIN_MS: u64 = 2_000;
/// Milliseconds from the end of all troubles to the deadline of every job.
const CALM_MS: u64 = 90_000;
/// Milliseconds from that deadline to the end of the run.
const REST_MS: u64 = 10_000;

/// What a heavy node takes on.
pub(crate) fn config() -> broker::Config {
    let mut config = broker::Config { executor: Some(executor(Kind::Heavy)), ..broker::Config::new(GAS) };
    // Enough of the nodes vanish that a job may meet many.
    config.scheduler.attempts_max = 40;
    config
}

fn executor(kind: Kind) -> Executor {
    Executor { kind, gas: GAS.into(), slots_max: 4, memory_bytes_max: 1 << 32 }
}

/// One in five light nodes lies about what it ran.
const fn is_liar(host: usize) -> bool {
    host >= HEAVY && host.is_multiple_of(5)
}

/// What the guest of a job writes: a function of the job. One in eight writes more than an answer carries.
fn truth(job: ContentId) -> Vec<u8> {
    let len = if job.digest()[1].is_multiple_of(8) { 100_000 } else { 32 };
    job.digest().iter().copied().cycle().take(len).collect()
}

/// A job of the plan.
#[derive(Debug, Clone)]
struct Planned {
    at: u64,
    via: usize,
    replicas: u8,
    takes_ms: u64,
    document: Envelope,
}

/// All jobs of a run.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    planned: Vec<Planned>,
    /// Those that a heavy node acknowledged.
    taken: BTreeMap<usize, ContentId>,
    /// Those that no heavy node takes, for good.
    refused: BTreeSet<usize>,
    takes_ms: BTreeMap<ContentId, u64>,
    /// Those that no guest has begun yet, and when each is submitted.
    awaited: BTreeMap<ContentId, u64>,
    running: BTreeMap<(usize, ContentId), u64>,
    runs: u64,
    /// For traces and outcomes of its own: nothing else of a seed changes with it.
    dice: Option<Dice>,
}

impl Jobs {
    /// Draws `count` jobs, which take the place of the plan's computations.
    pub(crate) fn plan(seed: u64, count: usize, plan: &mut Plan) -> Self {
        if count == 0 {
            return Self::default();
        }
        let mut dice = Dice::new(seed, 77);
        plan.asks.clear();
        plan.lies = None;
        plan.lights.iter_mut().for_each(|light| light.records = Records::None);
        let deadline = plan.troubles_end + CALM_MS;
        plan.ends_at = deadline + REST_MS;
        let submitter = Identity::from_seed(dice.bytes());
        let planned = (0..count).map(|_| {
            let replicas = *dice.pick(&[1, 3, 3]);
            let takes_ms = *dice.pick(&[5, 50, 500, 5_000]);
            let manifest = Manifest {
                version: VERSION,
                name: format!("{takes_ms} ms"),
                submitter: submitter.id(),
                module: Blob::Inline(Base64(b"\0asm\x01\0\0\0".to_vec())),
                input: Blob::default(),
                entry: ENTRY.into(),
                args: Vec::new(),
                env: Vec::new(),
                limits: Limits { wall_ms: 15_000, ..Limits::default() },
                replicas,
                quorum: Quorum::Majority,
                constraints: Constraints::default(),
                created: instant(0),
                deadline: instant(deadline),
                priority: 0,
                deterministic: true,
                nonce: format!("{:032x}", u128::from_le_bytes(dice.bytes())),
            };
            let document = manifest.sign(&submitter).expect("a manifest in order");
            let at = dice.below(plan.troubles_end);
            Planned { at, via: dice.below(HEAVY as u64) as usize, replicas, takes_ms, document }
        });
        let planned: Vec<Planned> = planned.collect();
        let awaited = planned.iter().map(|job| (ContentId::of(&job.document.payload), job.at)).collect();
        Self { planned, awaited, dice: Some(dice), ..Self::default() }
    }

    /// How often a second a machine may be woken for jobs.
    pub(crate) fn wakes_max(&self) -> usize {
        if self.planned.is_empty() { 0 } else { 200 + 4 * self.planned.len() }
    }

    /// A host's guests are gone.
    pub(crate) fn lose_guests(&mut self, host: usize, tally: &mut Tally) {
        let before = self.running.len();
        self.running.retain(|(at, _), _| *at != host);
        tally.guests_lost += (before - self.running.len()) as u64;
    }

    pub(crate) fn stop(&mut self, host: usize, job: ContentId, tally: &mut Tally) {
        tally.guests_lost += u64::from(self.running.remove(&(host, job)).is_some());
    }
}

impl World {
    pub(crate) fn lay_out_jobs(&mut self) {
        for index in 0..self.jobs.planned.len() {
            let at = self.jobs.planned[index].at;
            self.at(at, Event::Submit { index });
        }
        if self.jobs.planned.is_empty() {
            return;
        }
        let contribution = Contribution { on: true, slots: 2, ..Contribution::default() };
        for host in HEAVY..self.hosts.len() {
            if let Some(person) = &mut self.hosts[host].person {
                person.want(Command::Contribute(contribution));
            }
        }
    }

    /// What runs guests beside a light node is ready.
    pub(crate) fn start_executor(&mut self, host: usize) {
        if !self.jobs.planned.is_empty() && self.hosts[host].light().is_some() {
            let kind = if host.is_multiple_of(3) { Kind::Native } else { Kind::Tab };
            self.tell(host, Told::Light(LightInput::Executor(Some(executor(kind)))));
        }
    }

    /// Until the heavy node has answered, the same document is put again.
    pub(crate) fn submit_job(&mut self, index: usize) {
        if self.jobs.taken.contains_key(&index) || self.jobs.refused.contains(&index) {
            return;
        }
        let Planned { via, document, .. } = self.jobs.planned[index].clone();
        if self.now + AGAIN_MS < self.plan.troubles_end + CALM_MS / 2 {
            self.after(AGAIN_MS, Event::Submit { index });
        }
        self.tell(via, Told::Heavy(HeavyInput::Submit { token: index as u64, envelope: document }));
    }

    pub(crate) fn job_submitted(&mut self, token: u64, result: Result<Taken, SubmitError>) {
        let index = token as usize;
        self.trace.note(self.now, || format!("job {index}: {result:?}"));
        match result {
            Ok(Taken { job, .. }) => {
                self.jobs.takes_ms.insert(job, self.jobs.planned[index].takes_ms);
                if self.jobs.taken.insert(index, job).is_none() {
                    self.tally.jobs += 1;
                }
            }
            Err(error) if error.retry_ms().is_some() => {}
            Err(error) => {
                self.jobs.refused.insert(index);
                self.violated(format!("the plan's job {index} is refused: {error}"));
            }
        }
    }

    pub(crate) fn run_guest(&mut self, host: usize, task: &Task) {
        self.jobs.runs += 1;
        let run = self.jobs.runs;
        self.tally.guests += 1;
        if let Some(at) = self.jobs.awaited.remove(&task.job) {
            *self.tally.dispatch_ms.entry(self.now.saturating_sub(at)).or_default() += 1;
        }
        if self.jobs.running.insert((host, task.job), run).is_some() {
            return self.violated(format!("host {host} runs {} twice at a time", task.job));
        }
        let takes_ms = self.jobs.takes_ms.get(&task.job).copied().unwrap_or(5);
        let extra = self.jobs.dice.as_mut().map_or(0, |dice| dice.below(1 + takes_ms / 4));
        self.after(takes_ms + extra, Event::Ran { host, job: task.job, run });
    }

    pub(crate) fn guest_ended(&mut self, host: usize, job: ContentId, run: u64) {
        if self.jobs.running.get(&(host, job)) != Some(&run) {
            return;
        }
        self.jobs.running.remove(&(host, job));
        let stdout =
            if is_liar(host) { format!("host {host} lies about {job}").into_bytes() } else { truth(job) };
        let ran = Ran {
            ending: Ending::Exit(0),
            stdout,
            stderr: Vec::new(),
            fuel: 1_000,
            memory_peak_bytes: 65_536,
        };
        let result = Ok(Box::new(Finished { ran, wall_us: 1_000, cpu_us: None }));
        let told = if host < HEAVY {
            Told::Heavy(HeavyInput::Ran { job, result })
        } else {
            Told::Light(LightInput::Ran { job, result })
        };
        self.tell(host, told);
    }

    /// A heavy node keeps of jobs that have ended: manifest, end, and the chunks of one output; and nodes' standings.
    pub(crate) fn jobs_kept(&self, host: usize, entries: &[store::Entry]) -> Result<(), String> {
        let Some(heavy) = self.hosts[host].heavy() else { return Ok(()) };
        let jobs = heavy.jobs(&Filter::default(), usize::MAX).jobs.len();
        let most = 3 * jobs + self.hosts.len();
        if entries.len() > most {
            return Err(format!(
                "{} entries of {jobs} jobs are left, where {most} are enough",
                entries.len()
            ));
        }
        Ok(())
    }

    /// Each job has its end, and it is right; nobody is credited twice.
    pub(crate) fn jobs_have_ended(&mut self) -> Result<(), String> {
        let mut receipts: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut counted: Vec<BTreeMap<NodeId, u64>> = vec![BTreeMap::new(); HEAVY];
        for (index, job) in &self.jobs.taken {
            let Planned { via, replicas, ref document, .. } = self.jobs.planned[*index];
            let Some(heavy) = self.hosts[via].heavy() else { continue };
            let view = heavy.job(*job).ok_or_else(|| format!("heavy {via} has forgotten the job {job}"))?;
            let told = || format!("the job {job} at heavy {via}: {view:?}");
            match view.state {
                JobState::Done => {
                    let result = view.result.as_ref().ok_or_else(told)?;
                    let bytes =
                        heavy.blob(result.stdout).ok_or_else(|| format!("no output of {}", told()))?;
                    if replicas == 3 && *bytes != *truth(*job) {
                        return Err(format!("a lie is the result of {}", told()));
                    }
                    self.tally.jobs_done += 1;
                    self.tally.jobs_judged += u64::from(result.judged);
                }
                JobState::Refused if self.plan.is_calm => return Err(format!("no result of {}", told())),
                JobState::Refused => {
                    let refusal = view.refusal.as_ref().ok_or_else(told)?;
                    *self.tally.refusals.entry(format!("job-{}", refusal.code)).or_default() += 1;
                }
                _ => return Err(format!("no end of {}", told())),
            }
            let (_, manifest) = Manifest::open(document).map_err(|error| error.to_string())?;
            let mut nodes = BTreeSet::new();
            for envelope in heavy.receipts(*job) {
                let (receipt, witnesses) = Receipt::open(&envelope).map_err(|error| error.to_string())?;
                receipt.follows(*job, &manifest).map_err(|error| error.to_string())?;
                if !nodes.insert(receipt.node) {
                    return Err(format!("two receipts of one node about {}", told()));
                }
                if receipt.node != heavy.id() && witnesses != [heavy.id()] {
                    return Err(format!("a receipt without witness about {}", told()));
                }
                *receipts.entry(receipt.node).or_default() += 1;
                if view.state == JobState::Done && receipt.node != heavy.id() {
                    *counted[via].entry(receipt.node).or_default() += 1;
                }
            }
        }
        for (via, counted) in counted.iter().enumerate() {
            for worker in self.hosts[via].heavy().into_iter().flat_map(node::HeavyNode::workers) {
                let standing = worker.standing;
                let sum = standing.agreed + standing.disagreed + standing.unchecked;
                let due = counted.get(&worker.node).copied().unwrap_or_default();
                if sum != due {
                    return Err(format!(
                        "heavy {via} counts {sum} answers of {}, and has {due} receipts",
                        worker.node
                    ));
                }
            }
        }
        if self.hosts[..HEAVY].iter().any(|host| host.machine.is_none()) {
            return Ok(());
        }
        for host in &self.hosts[HEAVY..] {
            let Some(light) = host.light() else { continue };
            let credit = light.view().contribution.credit.jobs;
            let due = receipts.get(&host.id).copied().unwrap_or_default();
            if credit > due {
                return Err(format!("{} is credited with {credit} jobs, and has {due} receipts", host.id));
            }
        }
        Ok(())
    }
}
