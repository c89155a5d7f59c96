//! A host: one machine, its disk, its clock, its connections. The shell of a simulated node.

use crate::{attacker::Attacker, person::Person};
use codec::{ContentId, Instant};
use jobs::{
    Task,
    scheduler::{SubmitError, Taken},
};
use keys::NodeId;
use net::{RequestId, Responder};
use node::{
    CommandError, HeavyInput, HeavyNode, HeavyOutput, LightInput, LightNode, LightOutput, Reply, Ticket,
};
use shards::Order;
use std::collections::{BTreeMap, VecDeque};
use store::{Batch, MemoryStore, StoreError};

/// 2026-11-20T12:00:00Z, when every run begins.
const EPOCH_MS: u64 = 1_795_176_000_000;

/// What runs on a host while it is up.
#[derive(Debug)]
pub(crate) enum Machine {
    Heavy(Box<HeavyNode>),
    Light(Box<LightNode>),
    Attacker(Box<Attacker>),
}

/// What a host's machine is told, beside what only one kind of node takes.
#[derive(Debug)]
pub(crate) enum Told {
    Net(net::Input),
    Stored { ticket: Ticket, result: Result<(), StoreError> },
    Loaded { ticket: Ticket, result: Result<Vec<Option<Vec<u8>>>, StoreError> },
    Heavy(HeavyInput),
    Light(LightInput),
    Wake,
}

/// What a machine asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    Net(net::Output),
    Store { ticket: Ticket, batch: Batch },
    Load { ticket: Ticket, keys: Vec<Vec<u8>> },
    Reply { token: u64, result: Result<Reply, CommandError> },
    Proposed { token: u64, result: Result<ContentId, String> },
    Changed { id: ContentId },
    Submitted { token: u64, result: Result<Taken, SubmitError> },
    Run(Box<Task>),
    Stop { job: ContentId },
    Ranked { token: u64, result: Result<ContentId, shards::coordinator::SubmitError> },
    Cut { ranking: ContentId, order: Box<Order>, keys: Vec<Vec<u8>> },
    Reckon(shards::Task),
    Combine(shards::Combine),
    Nothing,
}

impl Machine {
    pub(crate) fn tell(&mut self, now: Instant, told: Told) {
        match (self, told) {
            (Self::Heavy(node), Told::Net(input)) => node.handle_input(now, HeavyInput::Net(input)),
            (Self::Heavy(node), Told::Stored { ticket, result }) => {
                node.handle_input(now, HeavyInput::Stored { ticket, result });
            }
            (Self::Heavy(node), Told::Loaded { ticket, result }) => {
                node.handle_input(now, HeavyInput::Loaded { ticket, result });
            }
            (Self::Heavy(node), Told::Heavy(input)) => node.handle_input(now, input),
            (Self::Heavy(node), Told::Wake) => node.handle_timeout(now),
            (Self::Light(node), Told::Net(input)) => node.handle_input(now, LightInput::Net(input)),
            (Self::Light(node), Told::Stored { ticket, result }) => {
                node.handle_input(now, LightInput::Stored { ticket, result });
            }
            (Self::Light(node), Told::Light(input)) => node.handle_input(now, input),
            (Self::Light(node), Told::Wake) => node.handle_timeout(now),
            (Self::Attacker(attacker), Told::Net(input)) => attacker.handle_input(now, input),
            (Self::Attacker(attacker), Told::Wake) => attacker.handle_timeout(now),
            (Self::Heavy(_) | Self::Light(_) | Self::Attacker(_), _) => {
                unreachable!("a host is told only what its machine takes")
            }
        }
    }

    pub(crate) fn poll_output(&mut self) -> Option<Asked> {
        Some(match self {
            Self::Heavy(node) => match node.poll_output()? {
                HeavyOutput::Net(output) => Asked::Net(output),
                HeavyOutput::Store { ticket, batch } => Asked::Store { ticket, batch },
                HeavyOutput::Load { ticket, keys } => Asked::Load { ticket, keys },
                HeavyOutput::Proposed { token, result } => Asked::Proposed { token, result },
                HeavyOutput::Changed { id } => Asked::Changed { id },
                HeavyOutput::Submitted { token, result } => Asked::Submitted { token, result },
                HeavyOutput::Run(task) => Asked::Run(task),
                HeavyOutput::Stop { job } => Asked::Stop { job },
                HeavyOutput::Ranked { token, result } => Asked::Ranked { token, result },
                HeavyOutput::Cut { ranking, order, keys } => Asked::Cut { ranking, order, keys },
                HeavyOutput::Reckon(task) => Asked::Reckon(task),
                HeavyOutput::Combine(combine) => Asked::Combine(combine),
                _ => Asked::Nothing,
            },
            Self::Light(node) => match node.poll_output()? {
                LightOutput::Net(output) => Asked::Net(output),
                LightOutput::Store { ticket, batch } => Asked::Store { ticket, batch },
                LightOutput::Reply { token, result } => Asked::Reply { token, result },
                LightOutput::Run(task) => Asked::Run(task),
                LightOutput::Stop { job } => Asked::Stop { job },
                LightOutput::Reckon(task) => Asked::Reckon(task),
                _ => Asked::Nothing,
            },
            Self::Attacker(attacker) => Asked::Net(attacker.poll_output()?),
        })
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        match self {
            Self::Heavy(node) => node.poll_timeout(),
            Self::Light(node) => node.poll_timeout(),
            Self::Attacker(attacker) => attacker.poll_timeout(),
        }
    }
}

/// A commit under way.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) ticket: Ticket,
    pub(crate) batch: Batch,
    /// What the store did, once it has tried.
    pub(crate) result: Option<Result<(), StoreError>>,
}

/// What a host keeps through a crash, and the commit that a crash may catch.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) store: MemoryStore,
    pub(crate) commit: Option<Commit>,
    /// Commits that were told before they are durable: a planted bug, empty without it.
    pub(crate) promised: VecDeque<(Ticket, Batch)>,
    /// Since when commits have not failed, in world time.
    pub(crate) healthy_since: u64,
}

/// A connection's number; both ends know it by this.
pub(crate) type ConnectionId = u64;

/// A dial under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dial {
    pub(crate) connection: ConnectionId,
}

/// One simulated host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) id: NodeId,
    /// Its clock's distance from the world's, constant.
    pub(crate) skew_ms: i64,
    /// `None` while it is down.
    pub(crate) machine: Option<Machine>,
    /// How often it has started.
    pub(crate) incarnation: u32,
    pub(crate) up_since: u64,
    /// Whether it will never start again.
    pub(crate) dead: bool,
    pub(crate) disk: Disk,
    /// Open connections, by the other host.
    pub(crate) connections: BTreeMap<usize, Vec<ConnectionId>>,
    pub(crate) dials: BTreeMap<usize, Dial>,
    /// Requests made and not yet answered, by the other host.
    pub(crate) unanswered: BTreeMap<RequestId, usize>,
    /// Requests of others that the machine has still to answer: whose, and since when.
    pub(crate) serving: BTreeMap<Responder, (usize, u64)>,
    /// When the machine is to be woken, in world time.
    pub(crate) wake_at: Option<u64>,
    /// Wakes since the last second began, to notice a machine that spins.
    pub(crate) wakes: (u64, u32),
    /// What the person at a light node still wants.
    pub(crate) person: Option<Person>,
}

impl Host {
    pub(crate) fn new(id: NodeId, skew_ms: i64) -> Self {
        Self {
            id,
            skew_ms,
            machine: None,
            incarnation: 0,
            up_since: 0,
            dead: false,
            disk: Disk::default(),
            connections: BTreeMap::new(),
            dials: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            serving: BTreeMap::new(),
            wake_at: None,
            wakes: (0, 0),
            person: None,
        }
    }

    /// The host's clock at a moment of the world.
    pub(crate) const fn clock(&self, world_ms: u64) -> Instant {
        Instant::from_unix_ms((EPOCH_MS + world_ms).saturating_add_signed(self.skew_ms))
    }

    /// The moment of the world at which the host's clock reads `instant`; 0 for what lies before.
    pub(crate) const fn world(&self, instant: Instant) -> u64 {
        instant.unix_ms().saturating_add_signed(-self.skew_ms).saturating_sub(EPOCH_MS)
    }

    /// The last connection to a peer has ended, and with it every request on one.
    pub(crate) fn forget_requests(&mut self, peer: usize) {
        self.unanswered.retain(|_, to| *to != peer);
        self.serving.retain(|_, (from, _)| *from != peer);
    }

    pub(crate) fn heavy(&self) -> Option<&HeavyNode> {
        match &self.machine {
            Some(Machine::Heavy(node)) => Some(node),
            _ => None,
        }
    }

    pub(crate) fn light(&self) -> Option<&LightNode> {
        match &self.machine {
            Some(Machine::Light(node)) => Some(node),
            _ => None,
        }
    }
}

/// The world's own clock as an instant, for what the plan sets.
pub(crate) const fn instant(world_ms: u64) -> Instant {
    Instant::from_unix_ms(EPOCH_MS + world_ms)
}
