//! Whole computations at three heavy nodes, as a shell drives them: each report decoded, opened, made durable and acknowledged; then agreed on,
//! verified and added up.
//!
//! The three stand in one thread, each with its own store on disk, and what each does is timed apart. Reports come in batches as large as
//! come in during one commit of a busy node. Light nodes are names that say hello and report; what they do is not timed.

use super::{
    clock::{Spent, timed},
    figure::Figure,
};
use crate::measurement;
use aggregate::{
    Draft, HEAVY, HeavyKey, JsonObject, Proposal, Report, Scheme,
    message::{Request, Response},
};
use anyhow::{Context as _, Result, bail, ensure};
use codec::{ContentId, Instant, decode, encode};
use keys::{Identity, NodeId};
use native_host::disk::RedbStore;
use net::{Hello, Input, Limits, LinkRequest, Output, Protocol, RequestId, Responder, Role, Transport};
use node::{Descriptor, HeavyConfig, HeavyInput, HeavyNode, HeavyOutput, Ticket};
use query::Query;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use std::{collections::BTreeMap, fs, path::Path};
use store::Batch;

/// Reports that come in during one commit: at 10,000 a second, while the disk takes 6 ms.
const BATCH: u32 = 64;
/// Cells of the histogram.
const CELLS: u32 = 256;
const MIB: f64 = 1024.0 * 1024.0;
const NOW: Instant = Instant::from_unix_ms(1_800_000_000_000);
const OPEN_MS: u64 = 3_600_000;
const SCHEMA: &str = r#"{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}"#;

/// One heavy node with what it runs on.
struct Heavy {
    id: NodeId,
    node: HeavyNode,
    store: RedbStore,
    /// A commit under way.
    commit: Option<(Ticket, Batch)>,
    /// What it wants to read.
    load: Option<(Ticket, Vec<Vec<u8>>)>,
    spent: Spent,
}

/// Who waits for an answer.
enum Asker {
    Heavy(usize, RequestId),
    Light,
}

/// Three heavy nodes that reach each other.
struct World {
    now: Instant,
    heavy: Vec<Heavy>,
    asked: BTreeMap<Responder, Asker>,
    responders: u64,
    acknowledged: u32,
    /// Light nodes whose reports are about to become durable.
    waiting: Vec<NodeId>,
    proposed: Option<ContentId>,
}

/// What came of one computation.
struct Course {
    /// Taking and acknowledging, then the rest, at each heavy node.
    gathering: Vec<Spent>,
    agreeing: Vec<Spent>,
    /// Resident memory that the reports take at all three until they close, in bytes.
    resident: f64,
    /// The most that was resident at any time of the computation, for all three, above what was before it, in bytes.
    peak: f64,
    /// Bytes of the largest of the three files.
    disk: f64,
}

/// Computations with so many reports each, `times` times.
pub(crate) fn measure(scheme: Scheme, reports: u32, times: usize) -> Result<Vec<Figure>> {
    let courses = (0..times).map(|_| course(scheme, reports)).collect::<Result<Vec<_>>>()?;
    // The heavy node that takes longest: the three work at the same time, and wait for each other.
    let slowest = |of: &dyn Fn(Spent, Spent) -> f64| -> Vec<f64> {
        let of_course = |course: &Course| {
            course
                .gathering
                .iter()
                .zip(&course.agreeing)
                .map(|(first, then)| of(*first, *then))
                .fold(0.0, f64::max)
        };
        courses.iter().map(of_course).collect()
    };
    let count = f64::from(reports);
    let rate = |seconds: Vec<f64>| seconds.iter().map(|seconds| count / seconds).collect();
    let each = |seconds: Vec<f64>| seconds.iter().map(|seconds| seconds * 1e6 / count).collect();
    let figure = |what: &str, unit, values| {
        Figure::new(format!("aggregate.heavy.{scheme}.{reports}.{what}"), unit, values)
    };
    Ok(vec![
        figure("reports_per_s", "/s", rate(slowest(&|first, then| first.processor + then.processor))),
        figure("reports_per_s_and_disk", "/s", rate(slowest(&|first, then| first.wall + then.wall))),
        figure("acknowledge_us", "µs", each(slowest(&|first, _| first.processor))),
        figure("agree_us", "µs", each(slowest(&|_, then| then.processor))),
        figure("resident_bytes", "B", courses.iter().map(|course| course.resident / count).collect()),
        figure("peak_mib", "MiB", courses.iter().map(|course| course.peak / MIB).collect()),
        figure("disk_bytes", "B", courses.iter().map(|course| course.disk / count).collect()),
    ])
}

fn course(scheme: Scheme, reports: u32) -> Result<Course> {
    let folder = tempfile::tempdir()?;
    let mut world = World::new(folder.path())?;
    let (id, proposal) = world.propose(scheme, reports)?;
    // What was the peak before is that no more.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = resident_bytes("VmRSS:")?;
    world.heavy.iter_mut().for_each(|heavy| heavy.spent = Spent::default());
    let mut rng = ChaCha20Rng::from_seed([11; 32]);
    let instance = proposal.instance()?;
    for first in (0..reports).step_by(BATCH as usize) {
        let mut batch = Vec::with_capacity(BATCH as usize);
        for number in first..reports.min(first + BATCH) {
            let light = light(number);
            let measurement = measurement::measurement(instance.shape(), number.into());
            batch.push((light, Report::new(&proposal, &instance, id, light, &measurement, &mut rng)?));
        }
        world.report(id, &batch)?;
    }
    world.settle()?;
    ensure!(world.acknowledged == reports * HEAVY as u32, "{} acknowledgements", world.acknowledged);
    let resident = resident_bytes("VmRSS:")? - before;
    let gathering = world.take_spent();
    world.now = proposal.deadline;
    world.run_until(proposal.end())?;
    let agreeing = world.take_spent();
    for heavy in &world.heavy {
        let computation = heavy.node.computation(id).context("no computation")?;
        let counted = computation.result.as_ref().map(|outcome| outcome.participants);
        ensure!(counted == Some(reports), "{counted:?} counted: {:?}", computation.refusal_text);
    }
    let peak = resident_bytes("VmHWM:")? - before;
    let mut disk = 0.0_f64;
    for file in fs::read_dir(folder.path())? {
        disk = disk.max(file?.metadata()?.len() as f64);
    }
    Ok(Course { gathering, agreeing, resident, peak, disk })
}

/// A name of a light node; nothing here asks it to sign.
fn light(number: u32) -> NodeId {
    let mut bytes = [0xcd; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    NodeId::from_public_key(bytes)
}

fn hello(role: Role) -> Hello {
    Hello { role, agent: "speed".into() }
}

/// Resident memory of this process: `VmRSS:` now, `VmHWM:` at most.
fn resident_bytes(name: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the kernel does not say")?;
    let kibibytes: f64 = line.split_whitespace().next().context("no number")?.parse()?;
    Ok(kibibytes * 1024.0)
}

impl World {
    /// Three new heavy nodes that know and reach each other, with stores in `folder`.
    fn new(folder: &Path) -> Result<Self> {
        let mut heavy = Vec::new();
        let mut descriptors = Vec::new();
        for seed in 1..=HEAVY as u8 {
            let (identity, seal) = (Identity::from_seed([seed; 32]), super::seal_key(seed));
            let (id, addresses) = (identity.id(), vec![format!("/memory/{seed}")]);
            let descriptor = Descriptor { version: 1, id, seal: seal.public(), addresses, issued: NOW };
            descriptors.push(descriptor.sign(&identity));
            let config = HeavyConfig {
                identity,
                seal,
                agent: "speed".into(),
                transports: vec![Transport::Memory],
                limits: Limits::default(),
                kept_bytes_max: node::KEPT_BYTES_MAX,
                jobs: jobs::broker::Config::new("test-1"),
                seed: [seed; 32],
            };
            let node = HeavyNode::new(config, &[], NOW)?;
            let store = RedbStore::open(folder.join(format!("{seed}.db")))?;
            heavy.push(Heavy { id, node, store, commit: None, load: None, spent: Spent::default() });
        }
        let mut world = Self {
            now: NOW,
            heavy,
            asked: BTreeMap::new(),
            responders: 0,
            acknowledged: 0,
            waiting: Vec::new(),
            proposed: None,
        };
        for at in 0..HEAVY {
            for envelope in descriptors.clone() {
                world.tell(at, HeavyInput::Fellow { envelope })?;
            }
        }
        world.run_until(NOW.plus_ms(10_000))?;
        Ok(world)
    }

    /// Has a histogram proposed and accepted by all three.
    fn propose(&mut self, scheme: Scheme, participants: u32) -> Result<(ContentId, Proposal)> {
        let edges: Vec<String> = (1..CELLS).map(|edge| edge.to_string()).collect();
        let query: Query = serde_json::from_value(serde_json::json!({
            "kind": "histogram",
            "value": { "expr": "x", "lower": "0", "upper": CELLS.to_string(), "decimals": 0 },
            "edges": edges,
            "records_max": 1,
        }))?;
        let proposer = Identity::from_seed([9; 32]);
        let mut heavy = Vec::new();
        for seed in 1..=HEAVY as u8 {
            let (id, seal) = (Identity::from_seed([seed; 32]).id(), super::seal_key(seed).public());
            heavy.push(HeavyKey { id, seal });
        }
        let draft = Draft {
            title: "Speed".into(),
            purpose: String::new(),
            dataset: "numbers".into(),
            schema: Some(JsonObject::parse(SCHEMA).map_err(anyhow::Error::msg)?),
            query,
            scheme: Some(scheme),
            participants_min: participants,
            // One more than come: the computation closes at its deadline, after all are taken.
            participants_max: participants + 1,
            deadline: self.now.plus_ms(OPEN_MS),
        };
        let proposal = draft.propose(proposer.id(), &heavy, &mut ChaCha20Rng::from_seed([12; 32]))?;
        self.tell(0, HeavyInput::Propose { token: 1, envelope: proposal.sign(&proposer) })?;
        self.run_until(self.now.plus_ms(5_000))?;
        Ok((self.proposed.context("not accepted")?, proposal))
    }

    /// Light nodes that connect, say hello and report to each heavy node. What was under way is committed while they do, what they
    /// sent while the next ones do.
    fn report(&mut self, id: ContentId, batch: &[(NodeId, Report)]) -> Result<()> {
        let greeting = encode(&LinkRequest::Hello(hello(Role::Light)));
        for at in 0..HEAVY {
            let role = self.heavy.iter().filter(|other| other.id < self.heavy[at].id).count();
            for (light, report) in batch {
                let request = Request::Report {
                    id,
                    nonce: report.nonce,
                    public: report.public.clone(),
                    sealed: report.sealed[role].clone(),
                };
                let peer = *light;
                self.tell(at, HeavyInput::Net(Input::Connected { peer, address: "/memory/0".into() }))?;
                self.ask_as_light(at, peer, Protocol::Link, greeting.clone())?;
                self.ask_as_light(at, peer, Protocol::Aggregate, encode(&request))?;
            }
            self.commit(at)?;
            for peer in self.waiting.clone() {
                self.tell(at, HeavyInput::Net(Input::Disconnected { peer }))?;
            }
        }
        self.waiting = batch.iter().map(|(light, _)| *light).collect();
        Ok(())
    }

    fn ask_as_light(&mut self, at: usize, peer: NodeId, protocol: Protocol, body: Vec<u8>) -> Result<()> {
        let responder = self.responder(Asker::Light);
        self.tell(at, HeavyInput::Net(Input::Request { peer, responder, protocol, body }))
    }

    fn responder(&mut self, asker: Asker) -> Responder {
        self.responders += 1;
        let responder = Responder(self.responders);
        self.asked.insert(responder, asker);
        responder
    }

    /// Ends the commit that a heavy node has under way.
    fn commit(&mut self, at: usize) -> Result<()> {
        let heavy = &mut self.heavy[at];
        let Some((ticket, batch)) = heavy.commit.take() else { return Ok(()) };
        let result = timed(&mut heavy.spent, || heavy.store.commit_now(&batch));
        self.tell(at, HeavyInput::Stored { ticket, result })
    }

    /// Reads what a heavy node asks for.
    fn load(&mut self, at: usize) -> Result<()> {
        let heavy = &mut self.heavy[at];
        let Some((ticket, keys)) = heavy.load.take() else { return Ok(()) };
        let result = timed(&mut heavy.spent, || heavy.store.get_now(&keys));
        self.tell(at, HeavyInput::Loaded { ticket, result })
    }

    /// Commits and reads until nothing is under way.
    fn settle(&mut self) -> Result<()> {
        let is_busy = |heavy: &Heavy| heavy.commit.is_some() || heavy.load.is_some();
        while let Some(at) = self.heavy.iter().position(is_busy) {
            self.commit(at)?;
            self.load(at)?;
        }
        Ok(())
    }

    fn take_spent(&mut self) -> Vec<Spent> {
        self.heavy.iter_mut().map(|heavy| core::mem::take(&mut heavy.spent)).collect()
    }

    /// Lets a heavy node take an input, and does what it asks.
    fn tell(&mut self, at: usize, input: HeavyInput) -> Result<()> {
        let (heavy, now) = (&mut self.heavy[at], self.now);
        let outputs = timed(&mut heavy.spent, || {
            heavy.node.handle_input(now, input);
            core::iter::from_fn(|| heavy.node.poll_output()).collect::<Vec<_>>()
        });
        outputs.into_iter().try_for_each(|output| self.carry_out(at, output))
    }

    fn carry_out(&mut self, at: usize, output: HeavyOutput) -> Result<()> {
        match output {
            HeavyOutput::Net(output) => self.carry(at, output),
            HeavyOutput::Store { ticket, batch } => {
                self.heavy[at].commit = Some((ticket, batch));
                Ok(())
            }
            HeavyOutput::Load { ticket, keys } => {
                self.heavy[at].load = Some((ticket, keys));
                Ok(())
            }
            HeavyOutput::Proposed { result, .. } => {
                self.proposed = Some(result.map_err(anyhow::Error::msg)?);
                Ok(())
            }
            HeavyOutput::FellowRefused { error } => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn carry(&mut self, at: usize, output: Output) -> Result<()> {
        let me = self.heavy[at].id;
        let place = |world: &Self, peer: NodeId| world.heavy.iter().position(|heavy| heavy.id == peer);
        match output {
            Output::Dial { peer, address } => {
                let other = place(self, peer).context("a stranger is dialed")?;
                self.tell(
                    other,
                    HeavyInput::Net(Input::Connected { peer: me, address: "/memory/0".into() }),
                )?;
                self.tell(at, HeavyInput::Net(Input::Connected { peer, address }))
            }
            Output::Request { peer, id, protocol, body } => {
                // Light nodes have nothing to answer.
                let Some(other) = place(self, peer) else { return Ok(()) };
                let responder = self.responder(Asker::Heavy(at, id));
                self.tell(other, HeavyInput::Net(Input::Request { peer: me, responder, protocol, body }))
            }
            Output::Respond { responder, body } => match self.asked.remove(&responder) {
                Some(Asker::Heavy(other, id)) => {
                    self.tell(other, HeavyInput::Net(Input::Response { id, result: Ok(body) }))
                }
                Some(Asker::Light) => match decode::<Response>(&body) {
                    Ok(Response::Acknowledged) => {
                        self.acknowledged += 1;
                        Ok(())
                    }
                    Ok(Response::Refused(refusal)) => bail!("{refusal}"),
                    // A greeting.
                    _ => Ok(()),
                },
                None => bail!("a request is answered twice"),
            },
            _ => Ok(()),
        }
    }

    /// Runs until nothing is due before `end`.
    fn run_until(&mut self, end: Instant) -> Result<()> {
        loop {
            self.settle()?;
            let due =
                self.heavy.iter().filter_map(|heavy| heavy.node.poll_timeout()).map(|(due, _)| due).min();
            let Some(due) = due.filter(|due| *due < end) else { break };
            self.now = self.now.max(due);
            for at in 0..HEAVY {
                let (heavy, now) = (&mut self.heavy[at], self.now);
                let outputs = timed(&mut heavy.spent, || {
                    heavy.node.handle_timeout(now);
                    core::iter::from_fn(|| heavy.node.poll_output()).collect::<Vec<_>>()
                });
                outputs.into_iter().try_for_each(|output| self.carry_out(at, output))?;
            }
        }
        self.now = end;
        Ok(())
    }
}
