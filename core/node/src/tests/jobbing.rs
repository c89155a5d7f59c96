//! Jobs over the network: real guests in the sandbox, on nodes that close, lie, pause and start anew.

use super::{Node, World};
use crate::{Command, HeavyInput, HeavyNode, LightInput, Reply};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    format, vec,
    vec::Vec,
};
use codec::{ContentId, Instant};
use jobs::{
    Base64, Cancellation, Contribution, ContributionView, Executor, Finished, JobView, Limits, Manifest,
    Receipt, RunError, Task,
    blobs::{BlobError, Progress},
    cancel::CancellationError,
    manifest::{Blob, Constraints, ENTRY, Kind, Quorum, VERSION},
    message::CHUNK_BYTES_MAX,
    scheduler::{CancelError, Reason, SubmitError, Taken},
    view::{Filter, JobState},
};
use keys::{Identity, NodeId};

mod bytes;
mod stories;

/// Writes its input reversed, byte by byte.
const REVERSE: &str = include_str!("../../../../tests/guests/programs/reverse.wat");

pub(super) fn executor(kind: Kind) -> Executor {
    Executor { kind, gas: executor::GAS_SCHEDULE.into(), slots_max: 2, memory_bytes_max: 1 << 30 }
}

type Outcome = Result<Box<Finished>, RunError>;

/// What runs guests beside the nodes, and what heavy nodes said of jobs.
#[derive(Default)]
pub(super) struct Guests {
    /// Milliseconds that a run takes: that of a job by its name's first word, else 5.
    takes_ms: BTreeMap<&'static str, u64>,
    /// Nodes that answer everything with something else.
    liars: BTreeSet<NodeId>,
    runs: Vec<(Instant, NodeId, ContentId, Outcome)>,
    /// All that was begun.
    begun: Vec<(NodeId, ContentId)>,
    pub(super) submitted: BTreeMap<u64, Result<Taken, SubmitError>>,
    pub(super) cancelled: BTreeMap<u64, Result<ContentId, CancellationError>>,
    pub(super) put: BTreeMap<u64, Result<Progress, BlobError>>,
}

impl Guests {
    pub(super) fn begin(&mut self, now: Instant, node: NodeId, task: &Task) {
        let ran = executor::run(&task.invocation, &task.module, &task.input);
        let ms = self.takes_ms.get(task.invocation.args[0].as_str()).copied().unwrap_or(5);
        let outcome = ran.map_err(RunError::from).map(|mut ran| {
            if self.liars.contains(&node) {
                ran.stdout = b"a lie".to_vec();
            }
            Box::new(Finished { ran, wall_us: ms * 1_000, cpu_us: None })
        });
        self.begun.push((node, task.job));
        self.runs.push((now.plus_ms(ms), node, task.job, outcome));
    }

    pub(super) fn stop(&mut self, node: NodeId, job: ContentId) {
        self.runs.retain(|(_, runs, of, _)| (*runs, *of) != (node, job));
    }

    pub(super) fn kill(&mut self, node: NodeId) {
        self.runs.retain(|(_, runs, ..)| *runs != node);
    }

    pub(super) fn due(&self) -> impl Iterator<Item = Instant> + '_ {
        self.runs.iter().map(|(due, ..)| *due)
    }

    fn on(&self, node: NodeId, job: ContentId) -> bool {
        self.runs.iter().any(|(_, runs, of, _)| (*runs, *of) == (node, job))
    }
}

fn submitter() -> Identity {
    Identity::from_seed([99; 32])
}

impl World {
    /// A world whose light nodes contribute.
    fn working(lights: u8) -> Self {
        let mut world = Self::new(lights);
        for seed in 10..10 + lights {
            world.contribute(seed);
        }
        world.run_ms(100);
        world
    }

    fn contribute(&mut self, seed: u8) {
        let (id, now) = (Self::light(seed), self.now);
        let Some(Node::Light(node)) = self.nodes.get_mut(&id) else { panic!("a light node") };
        node.handle_input(now, LightInput::Executor(Some(executor(Kind::Tab))));
        let contribution = Contribution { on: true, ..Contribution::default() };
        assert_eq!(self.command(id, Command::Contribute(contribution)), Ok(Reply::Done));
    }

    pub(super) fn end_guests(&mut self) {
        let now = self.now;
        let (ended, left) =
            core::mem::take(&mut self.guests.runs).into_iter().partition(|(due, ..)| *due <= now);
        self.guests.runs = left;
        for (_, node, job, result) in ended {
            match self.nodes.get_mut(&node) {
                Some(Node::Heavy(node)) => node.handle_input(now, HeavyInput::Ran { job, result }),
                Some(Node::Light(node)) => node.handle_input(now, LightInput::Ran { job, result }),
                None => {}
            }
        }
    }

    /// A job that reverses `input`.
    fn manifest(&self, name: &str, input: &[u8]) -> Manifest {
        Manifest {
            version: VERSION,
            name: name.into(),
            submitter: submitter().id(),
            module: Blob::Inline(Base64(wat::parse_str(REVERSE).unwrap())),
            input: Blob::Inline(Base64(input.to_vec())),
            entry: ENTRY.into(),
            args: vec![name.into()],
            env: vec![],
            limits: Limits { fuel: 100_000_000, wall_ms: 20_000, ..Limits::default() },
            replicas: 1,
            quorum: Quorum::Majority,
            constraints: Constraints::default(),
            created: self.now,
            deadline: self.now.plus_ms(600_000),
            priority: 0,
            deterministic: true,
            nonce: format!("{:032x}", self.tokens),
        }
    }

    fn broker(&self) -> &HeavyNode {
        let Some(Node::Heavy(node)) = self.nodes.get(&Self::light(1)) else { panic!("a heavy node") };
        node
    }

    fn try_submit(&mut self, manifest: &Manifest) -> Result<Taken, SubmitError> {
        self.tokens += 1;
        let (token, envelope) = (self.tokens, manifest.sign(&submitter()).unwrap());
        self.heavy_input(Self::light(1), HeavyInput::Submit { token, envelope });
        self.guests.submitted.remove(&token).expect("every submission is answered")
    }

    fn submit(&mut self, manifest: &Manifest) -> ContentId {
        self.try_submit(manifest).expect("the job is taken").job
    }

    fn job(&self, id: ContentId) -> JobView {
        self.broker().job(id).expect("a known job")
    }

    fn output(&self, id: ContentId) -> Vec<u8> {
        let view = self.job(id);
        assert_eq!(view.state, JobState::Done, "{view:?}");
        self.broker().blob(view.result.expect("a result").stdout).expect("its output").to_vec()
    }

    fn contribution(&self, seed: u8) -> ContributionView {
        self.view(Self::light(seed)).contribution
    }

    fn put(&mut self, id: ContentId, len: u64, offset: u64, bytes: &[u8]) -> Result<Progress, BlobError> {
        self.tokens += 1;
        let token = self.tokens;
        let input = HeavyInput::PutBlob { token, from: None, id, len, offset, bytes: bytes.to_vec() };
        self.heavy_input(Self::light(1), input);
        self.guests.put.remove(&token).expect("every put is answered")
    }

    /// The light node that runs the job now.
    fn runner(&self, job: ContentId) -> Option<u8> {
        (10..30).find(|seed| self.guests.on(Self::light(*seed), job))
    }
}
