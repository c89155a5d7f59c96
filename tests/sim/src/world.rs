//! The world: virtual time, hosts, what passes between them, and what goes wrong.

use crate::{
    attacker::Attacker,
    dice::Dice,
    host::{Asked, Commit, Host, Machine, Told},
    jobbing::Jobs,
    liar::{Liar, Lie},
    links::Links,
    oracle::Oracle,
    person::Person,
    plan::{HEAVY, Plan},
    ranking::Rankings,
    report::{Canary, Options, Tally, Violation},
    trace::Trace,
};
use keys::{Envelope, Identity, SealKey};
use net::{Limits, Transport};
use node::{
    Command, CommandError, Descriptor, HeavyConfig, HeavyInput, HeavyNode, LightConfig, LightInput,
    LightNode, TaskState, Ticket,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
};
use store::StoreError;

/// Most times that a machine may ask to be woken within a second: so many, and so many for each other host
/// that may be connected and each computation.
const WAKES_PER_SECOND_MAX: (usize, usize) = (30, 2);
/// And so many of a heavy node for each computation: while two fellows check the same reports, each is asked for its part every
/// 20 milliseconds.
const CHECKS_PER_SECOND_MAX: usize = 120;
/// Milliseconds between two looks of a person who decides by hand.
const LOOK_EVERY_MS: u64 = 1_500;
/// Of a thousand reads, how many fail until the troubles end.
const READS_FAIL: u64 = 50;
/// Milliseconds before a person tries again what failed.
const TRY_AGAIN_MS: u64 = 1_000;

/// Something that happens at a set time.
#[derive(Debug)]
pub(crate) enum Event {
    Start {
        host: usize,
    },
    Crash {
        host: usize,
        down_ms: Option<u64>,
    },
    Break {
        a: usize,
        b: usize,
    },
    Wake {
        host: usize,
    },
    /// A commit is tried at the disk.
    Commit {
        host: usize,
        incarnation: u32,
        ticket: Ticket,
    },
    /// The machine hears how a commit went.
    Stored {
        host: usize,
        incarnation: u32,
        ticket: Ticket,
    },
    /// The machine hears what the disk gives it.
    Load {
        host: usize,
        incarnation: u32,
        ticket: Ticket,
        keys: Vec<Vec<u8>>,
    },
    /// A person does what comes next.
    Act {
        host: usize,
    },
    /// A person looks at their page.
    Look {
        host: usize,
        incarnation: u32,
    },
    Wish {
        host: usize,
        command: Box<Command>,
    },
    /// Somebody proposes at a heavy node's HTTP.
    Ask {
        at: usize,
        index: usize,
    },
    /// A computation must have ended here by now.
    Due {
        host: usize,
        id: codec::ContentId,
    },
    /// The heavy node that equivocates asks the others.
    Plot,
    /// Somebody submits a job at a heavy node's HTTP.
    Submit {
        index: usize,
    },
    /// A guest has ended.
    Ran {
        host: usize,
        job: codec::ContentId,
        /// Which of all runs.
        run: u64,
    },
    /// Somebody wants a graph ranked, at a heavy node's HTTP.
    Rank {
        index: usize,
    },
    /// What computes beside a host has done something.
    Reckoned {
        host: usize,
        incarnation: u32,
        done: Box<shards::Done>,
    },
    Link(crate::links::Event),
}

struct Scheduled {
    at: u64,
    order: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// A whole network.
pub(crate) struct World {
    pub(crate) now: u64,
    order: u64,
    agenda: BinaryHeap<Reverse<Scheduled>>,
    /// Told before anything else happens.
    tell_first: VecDeque<(usize, Told)>,
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) hosts: Vec<Host>,
    pub(crate) links: Links,
    pub(crate) oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) tally: Tally,
    pub(crate) canary: Option<Canary>,
    pub(crate) liar: Option<Liar>,
    pub(crate) jobs: Jobs,
    pub(crate) rankings: Rankings,
    crashes_at_step: u64,
    descriptors: Vec<Envelope>,
    /// Proposals that came by HTTP, to be put again where a heavy node is down.
    asked: BTreeMap<usize, Envelope>,
    answered: BTreeSet<usize>,
    /// Computations that a heavy node will be asked about when they must have ended.
    watched: BTreeSet<(usize, codec::ContentId)>,
}

fn identity(seed: u64, host: usize) -> Identity {
    Identity::from_seed(Dice::new(seed, 1_000 + host as u64).bytes())
}

fn seal_key(seed: u64, host: usize) -> SealKey {
    SealKey::from_seed(Dice::new(seed, 1_000_000 + host as u64).bytes())
}

impl World {
    pub(crate) fn new(seed: u64, options: &Options) -> Self {
        let mut plan = Plan::new(seed, options);
        let jobs = Jobs::plan(seed, options.jobs, &mut plan);
        let rankings = Rankings::plan(seed, options.rankings, &mut plan);
        let hosts: Vec<Host> = plan
            .skews_ms
            .iter()
            .enumerate()
            .map(|(at, skew_ms)| Host::new(identity(seed, at).id(), *skew_ms))
            .collect();
        let descriptors = (0..HEAVY)
            .map(|at| {
                let descriptor = Descriptor {
                    version: 1,
                    id: hosts[at].id,
                    seal: seal_key(seed, at).public(),
                    addresses: vec![address(at)],
                    issued: crate::host::instant(0),
                };
                descriptor.sign(&identity(seed, at))
            })
            .collect();
        let mut world = Self {
            now: 0,
            order: 0,
            agenda: BinaryHeap::new(),
            tell_first: VecDeque::new(),
            dice: Dice::new(seed, 2),
            links: Links::default(),
            oracle: Oracle::new(&hosts),
            trace: Trace::new(options.trace),
            tally: Tally::default(),
            canary: options.canary,
            liar: plan.lies.map(|(host, lie)| Liar::new(host, lie, identity(seed, host), seed)),
            jobs,
            rankings,
            crashes_at_step: 0,
            hosts,
            plan,
            descriptors,
            asked: BTreeMap::new(),
            answered: BTreeSet::new(),
            watched: BTreeSet::new(),
        };
        world.lay_out(seed);
        world
    }

    /// Puts the plan on the agenda.
    fn lay_out(&mut self, seed: u64) {
        self.oracle.seed = seed;
        self.oracle.liar = self.plan.lies.map(|(host, _)| host);
        self.oracle.is_calm = self.plan.is_calm;
        if self.plan.lies.is_some_and(|(_, lie)| lie == Lie::Equivocate) {
            self.oracle.keeps_publics = true;
            self.at(0, Event::Plot);
        }
        self.trace.note(0, || self.plan.to_string());
        for host in 0..HEAVY {
            let at = self.dice.below(500);
            self.at(at, Event::Start { host });
        }
        for at in 0..self.plan.lights.len() {
            let host = HEAVY + at;
            let light = &self.plan.lights[at];
            let (comes_at, away) = (light.comes_at, light.away.clone());
            if light.malice.is_none() {
                self.hosts[host].person = Some(Person::new(light, &self.descriptors));
            }
            self.at(comes_at, Event::Start { host });
            if let Some(away) = away {
                let wish = |command| Event::Wish { host, command: Box::new(command) };
                self.at(away.start, wish(Command::Leave));
                self.at(away.end, wish(Command::Join));
            }
        }
        for index in 0..self.plan.asks.len() {
            let (at, via) = (self.plan.asks[index].at, self.plan.asks[index].via);
            if via < HEAVY {
                self.at(at, Event::Ask { at: via, index });
            } else {
                let draft = self.plan.asks[index].draft.clone();
                self.at(
                    at,
                    Event::Wish { host: via, command: Box::new(Command::Propose { draft: Box::new(draft) }) },
                );
            }
        }
        self.lay_out_jobs();
        self.lay_out_rankings();
        for (at, a, b) in self.plan.breaks.clone() {
            self.at(at, Event::Break { a, b });
        }
        for (at, host, down_ms) in self.plan.crashes.clone() {
            self.at(at, Event::Crash { host, down_ms: Some(down_ms) });
        }
        if let Some((at, host)) = self.plan.dies {
            self.at(at, Event::Crash { host, down_ms: None });
        }
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.agenda.push(Reverse(Scheduled { at: at.max(self.now), order: self.order, event }));
    }

    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now + ms, event);
    }

    /// Runs to the plan's end, or to the first violation.
    pub(crate) fn run(&mut self) -> Result<(), Violation> {
        while let Some(Reverse(next)) = self.agenda.pop() {
            if next.at > self.plan.ends_at {
                break;
            }
            self.now = next.at;
            self.tally.events += 1;
            self.happen(next.event);
            if let Some(violation) = self.oracle.violation.take() {
                return Err(violation);
            }
        }
        self.now = self.plan.ends_at;
        self.finish();
        self.oracle.violation.take().map_or(Ok(()), Err)
    }

    pub(crate) fn violated(&mut self, what: impl Into<String>) {
        self.oracle.violated(self.now, what);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start { host } => self.start(host),
            Event::Crash { host, down_ms } => self.crash(host, down_ms),
            Event::Break { a, b } => self.break_connections(a, b),
            Event::Wake { host } => {
                if self.hosts[host].wake_at == Some(self.now) {
                    self.hosts[host].wake_at = None;
                    self.tell(host, Told::Wake);
                }
            }
            Event::Commit { host, incarnation, ticket } => self.commit(host, incarnation, ticket),
            Event::Stored { host, incarnation, ticket } => {
                let h = &mut self.hosts[host];
                if h.incarnation != incarnation {
                    return;
                }
                let Some(commit) = h.disk.commit.take_if(|commit| commit.ticket == ticket) else { return };
                let result = commit.result.unwrap_or(Ok(()));
                self.tell(host, Told::Stored { ticket, result });
            }
            Event::Load { host, incarnation, ticket, keys } => self.load(host, incarnation, ticket, &keys),
            Event::Act { host } => self.act(host),
            Event::Look { host, incarnation } => self.look(host, incarnation),
            Event::Wish { host, command } => {
                if let Some(person) = &mut self.hosts[host].person {
                    person.want(*command);
                }
                self.act(host);
            }
            Event::Ask { at, index } => self.ask(at, index),
            Event::Due { host, id } => self.due(host, id),
            Event::Plot => self.plot(),
            Event::Submit { index } => self.submit_job(index),
            Event::Ran { host, job, run } => self.guest_ended(host, job, run),
            Event::Rank { index } => self.submit_ranking(index),
            Event::Reckoned { host, incarnation, done } => self.reckoned(host, incarnation, *done),
            Event::Link(event) => self.link_event(event),
        }
    }

    // Hosts.

    fn start(&mut self, host: usize) {
        if self.hosts[host].machine.is_some() || self.hosts[host].dead {
            return;
        }
        let identity = identity(self.oracle.seed, host);
        let seed: [u8; 32] = self.dice.bytes();
        let now = self.hosts[host].clock(self.now);
        let entries = self.hosts[host].disk.store.list(b"");
        let malice = host.checked_sub(HEAVY).and_then(|at| self.plan.lights[at].malice);
        let machine = if host < HEAVY {
            let config = HeavyConfig {
                identity,
                seal: seal_key(self.oracle.seed, host),
                agent: "sim".into(),
                transports: vec![Transport::Memory],
                limits: Limits::default(),
                kept_bytes_max: node::KEPT_BYTES_MAX,
                jobs: crate::jobbing::config(),
                seed,
            };
            HeavyNode::new(config, &entries, now).map(|node| Machine::Heavy(Box::new(node)))
        } else if let Some(malice) = malice {
            let heavy = self.descriptors.iter().enumerate().filter_map(|(at, envelope)| {
                let key = Descriptor::open(envelope).ok()?.key();
                Some((key.id, (key, address(at))))
            });
            let draw = u64::from_le_bytes(self.dice.bytes());
            Ok(Machine::Attacker(Box::new(Attacker::new(
                malice,
                identity,
                draw,
                heavy.collect(),
                self.canary == Some(Canary::Unchecked),
                now,
            ))))
        } else {
            let config =
                LightConfig { identity, agent: "sim".into(), transports: vec![Transport::Memory], seed };
            LightNode::new(config, &entries, now).map(|node| Machine::Light(Box::new(node)))
        };
        let machine = match machine {
            Ok(machine) => machine,
            Err(error) => return self.violated(format!("host {host} does not start again: {error}")),
        };
        self.trace.event(self.now, host, "start", entries.len() as u64, &[]);
        let h = &mut self.hosts[host];
        h.machine = Some(machine);
        h.incarnation += 1;
        h.up_since = self.now;
        if host < HEAVY {
            for envelope in self.descriptors.clone() {
                self.tell(host, Told::Heavy(HeavyInput::Fellow { envelope }));
            }
            // What it showed before it still shows.
            let ids: Vec<_> = self.hosts[host].heavy().map(HeavyNode::computations).unwrap_or_default();
            ids.into_iter().for_each(|id| self.changed(host, id));
        }
        self.settle(host);
        self.run_told();
        self.start_executor(host);
        self.start_reckoner(host);
        if self.hosts[host].person.is_some() {
            self.act(host);
            if self.hosts[host].person.as_ref().is_some_and(|person| person.decides) {
                let incarnation = self.hosts[host].incarnation;
                self.after(LOOK_EVERY_MS, Event::Look { host, incarnation });
            }
        }
    }

    /// Takes a host down; it starts again after `down_ms`, or never.
    pub(crate) fn crash(&mut self, host: usize, down_ms: Option<u64>) {
        if down_ms.is_none() {
            self.hosts[host].dead = true;
        }
        if self.hosts[host].machine.take().is_none() {
            return;
        }
        self.tally.crashes += 1;
        self.trace.event(self.now, host, "crash", down_ms.unwrap_or(u64::MAX), &[]);
        self.tell_first.retain(|(told, _)| *told != host);
        let h = &mut self.hosts[host];
        h.wake_at = None;
        h.unanswered.clear();
        h.serving.clear();
        self.jobs.lose_guests(host, &mut self.tally);
        self.rankings.lose_parts(host);
        let h = &mut self.hosts[host];
        if let Some(person) = &mut h.person {
            person.interrupted();
        }
        // A commit under way is there whole or not at all.
        let commit = h.disk.commit.take();
        if let Some(commit) = commit.filter(|commit| commit.result.is_none())
            && self.canary != Some(Canary::Promise)
            && self.dice.chance(500)
            && !self.plan.is_full(self.now, host)
        {
            self.apply(host, &commit.batch);
        }
        self.hosts[host].disk.promised.clear();
        self.lose_connections(host);
        if let Some(down_ms) = down_ms {
            self.after(down_ms, Event::Start { host });
        }
    }

    /// Tells a host's machine something, and does what it then asks.
    pub(crate) fn tell(&mut self, host: usize, told: Told) {
        self.tell_first.push_back((host, told));
        self.run_told();
    }

    fn run_told(&mut self) {
        while let Some((host, told)) = self.tell_first.pop_front() {
            let now = self.hosts[host].clock(self.now);
            if let Some(machine) = &mut self.hosts[host].machine {
                machine.tell(now, told);
                self.settle(host);
            }
        }
    }

    /// As [`World::tell`], once what is under way is done.
    pub(crate) fn tell_soon(&mut self, host: usize, told: Told) {
        self.tell_first.push_back((host, told));
    }

    fn settle(&mut self, host: usize) {
        let mut outputs = Vec::new();
        let Some(machine) = &mut self.hosts[host].machine else { return };
        while let Some(output) = machine.poll_output() {
            outputs.push(output);
        }
        if let Machine::Attacker(attacker) = machine {
            for (report, measurement, flaw) in attacker.made.drain(..) {
                self.oracle.shared.insert(report, measurement);
                self.oracle.flawed.extend(flaw.map(|flaw| (report, flaw)));
            }
        }
        for output in outputs {
            self.carry_out(host, output);
            if self.hosts[host].machine.is_none() {
                return;
            }
        }
        let h = &mut self.hosts[host];
        let due = h.machine.as_ref().and_then(Machine::poll_timeout);
        let Some((due, why)) = due else { return };
        let at = h.world(due).max(self.now);
        let second = self.now / 1_000;
        if h.wakes.0 != second {
            h.wakes = (second, 0);
        }
        if h.wake_at.is_none_or(|earlier| at < earlier) {
            h.wakes.1 += 1;
            h.wake_at = Some(at);
            let (few, each) = WAKES_PER_SECOND_MAX;
            let others = if host < HEAVY { self.plan.lights.len() } else { HEAVY };
            let known = self.oracle.known.len();
            let checks = if host < HEAVY { CHECKS_PER_SECOND_MAX * known } else { 0 };
            let jobs = self.jobs.wakes_max() + self.rankings.wakes_max();
            let spins = h.wakes.1 as usize > few + each * (others + known) + checks + jobs;
            self.at(at, Event::Wake { host });
            if spins {
                self.violated(format!("host {host} asks to be woken all the time: {why}"));
            }
        }
    }

    fn carry_out(&mut self, host: usize, output: Asked) {
        match output {
            Asked::Net(output) => self.send(host, output),
            Asked::Store { ticket, batch } => {
                self.trace.event(self.now, host, "store", ticket.0, &[]);
                if self.hosts[host].disk.commit.is_some() {
                    return self.violated(format!("host {host} begins a commit within another"));
                }
                let incarnation = self.hosts[host].incarnation;
                let (low, high) = self.plan.commit_ms;
                let mut takes = self.dice.between(low, high);
                if self.canary == Some(Canary::Promise) {
                    // The planted bug: told before it is durable, so that a crash breaks a promise.
                    self.hosts[host].disk.promised.push_back((ticket, batch.clone()));
                    self.after(1, Event::Stored { host, incarnation, ticket });
                    takes += self.dice.between(20, 2_000);
                }
                self.hosts[host].disk.commit = Some(Commit { ticket, batch, result: None });
                self.after(takes, Event::Commit { host, incarnation, ticket });
                self.maybe_crash(host);
            }
            Asked::Load { ticket, keys } => {
                self.trace.event(self.now, host, "load", ticket.0, &[]);
                let incarnation = self.hosts[host].incarnation;
                let takes = self.dice.between(0, 3);
                self.after(takes, Event::Load { host, incarnation, ticket, keys });
                self.maybe_crash(host);
            }
            Asked::Reply { token, result } => {
                let again = matches!(&result, Err(CommandError::Storage { .. } | CommandError::NoHeavyNode));
                if let Err(error) = &result {
                    self.trace.note(self.now, || format!("host {host}: {error}"));
                }
                if let Some(person) = &mut self.hosts[host].person
                    && person.replied(token, again)
                {
                    let pause = if again { TRY_AGAIN_MS } else { 0 };
                    self.after(pause, Event::Act { host });
                }
            }
            Asked::Proposed { token, result } => {
                self.trace.note(self.now, || format!("heavy {host}: proposal {token}: {result:?}"));
                self.answered.insert(token as usize);
            }
            Asked::Changed { id } => self.changed(host, id),
            Asked::Submitted { token, result } => self.job_submitted(token, result),
            Asked::Run(task) => self.run_guest(host, &task),
            Asked::Stop { job } => self.jobs.stop(host, job, &mut self.tally),
            Asked::Ranked { token, result } => self.ranking_submitted(token, result),
            Asked::Cut { ranking, order, keys } => self.cut_graph(host, ranking, &order, &keys),
            Asked::Reckon(task) => self.reckon(host, task),
            Asked::Combine(combine) => {
                self.tell_soon(host, Told::Heavy(HeavyInput::Combined(combine.run())));
            }
            Asked::Nothing => {}
        }
    }

    /// A crash at this very step, where the plan has such.
    pub(crate) fn maybe_crash(&mut self, host: usize) {
        let (odds, most) = self.plan.crash_at_step;
        if self.now < self.plan.troubles_end && self.crashes_at_step < most && self.dice.chance(odds) {
            self.crashes_at_step += 1;
            let longest = (self.plan.troubles_end - self.now).clamp(2, 20_000);
            let down_ms = self.dice.between(1, longest);
            self.crash(host, Some(down_ms));
        }
    }

    fn commit(&mut self, host: usize, incarnation: u32, ticket: Ticket) {
        if self.hosts[host].incarnation != incarnation || self.hosts[host].machine.is_none() {
            return;
        }
        if self.canary == Some(Canary::Promise) {
            while let Some((_, batch)) =
                self.hosts[host].disk.promised.pop_front_if(|(promised, _)| *promised <= ticket)
            {
                self.apply(host, &batch);
            }
            return;
        }
        let Some(commit) = self.hosts[host].disk.commit.take() else { return };
        let result = if self.plan.is_full(self.now, host) {
            self.hosts[host].disk.healthy_since = u64::MAX;
            Err(StoreError::Full)
        } else {
            let h = &mut self.hosts[host];
            if h.disk.healthy_since == u64::MAX {
                h.disk.healthy_since = self.now;
            }
            self.apply(host, &commit.batch);
            Ok(())
        };
        self.trace.event(self.now, host, "commit", ticket.0, &[u8::from(result.is_ok())]);
        self.tally.commits += 1;
        self.hosts[host].disk.commit = Some(Commit { result: Some(result), ..commit });
        let takes = self.dice.between(0, 3);
        self.after(takes, Event::Stored { host, incarnation, ticket });
        // Durable, and nobody told.
        self.maybe_crash(host);
    }

    fn load(&mut self, host: usize, incarnation: u32, ticket: Ticket, keys: &[Vec<u8>]) {
        let h = &self.hosts[host];
        if h.incarnation != incarnation || h.machine.is_none() {
            return;
        }
        let result = if self.now < self.plan.troubles_end && self.dice.chance(READS_FAIL) {
            Err(StoreError::Io { detail: "a planned failure".into() })
        } else {
            Ok(h.disk.store.read(keys))
        };
        self.tell(host, Told::Loaded { ticket, result });
    }

    fn apply(&mut self, host: usize, batch: &store::Batch) {
        if let Err(error) = self.hosts[host].disk.store.apply(batch) {
            self.violated(format!("host {host} stores what no store takes: {error}"));
        }
    }

    // People.

    fn act(&mut self, host: usize) {
        let h = &mut self.hosts[host];
        if h.machine.is_none() {
            return;
        }
        let Some((token, command)) = h.person.as_mut().and_then(Person::next) else { return };
        self.trace.event(self.now, host, "command", token, &[]);
        self.tell(host, Told::Light(LightInput::Command { token, command }));
    }

    fn look(&mut self, host: usize, incarnation: u32) {
        let h = &self.hosts[host];
        let Some(light) = h.light().filter(|_| h.incarnation == incarnation) else { return };
        let tasks: Vec<_> = light
            .view()
            .tasks
            .into_iter()
            .filter(|task| task.end.is_none())
            .map(|task| (task.id, task.state, task.answer.is_some()))
            .collect();
        for (id, state, can_answer) in tasks {
            let command = match (state, self.dice.below(10)) {
                (TaskState::Waiting, 0) if can_answer => Command::Decline { id },
                (TaskState::Waiting, 5..) if can_answer => Command::Approve { id },
                (TaskState::Answered, 0) => Command::Withdraw { id },
                _ => continue,
            };
            if let Some(person) = &mut self.hosts[host].person {
                person.want(command);
            }
        }
        self.act(host);
        self.after(LOOK_EVERY_MS, Event::Look { host, incarnation });
    }

    fn ask(&mut self, at: usize, index: usize) {
        if self.answered.contains(&index) {
            return;
        }
        let ask = &self.plan.asks[index];
        let deadline = self.hosts[at].world(ask.draft.deadline);
        if !self.asked.contains_key(&index) {
            let heavy: Vec<_> = self
                .descriptors
                .iter()
                .filter_map(|envelope| Descriptor::open(envelope).ok())
                .map(|descriptor| descriptor.key())
                .collect();
            // Nobody in the network: a person with a command line.
            let proposer = identity(self.oracle.seed, 900_000 + index);
            let draft = ask.draft.clone();
            match draft.propose(proposer.id(), &heavy, self.dice.rng()) {
                Ok(proposal) => self.asked.insert(index, proposal.sign(&proposer)),
                Err(error) => return self.violated(format!("the plan's draft is refused: {error}")),
            };
        }
        // Until a heavy node has answered, the same document is put again, to each in turn.
        if self.now + 1_000 < deadline {
            self.after(3_000, Event::Ask { at: (at + 1) % HEAVY, index });
        }
        let envelope = self.asked[&index].clone();
        self.tell(at, Told::Heavy(HeavyInput::Propose { token: index as u64, envelope }));
    }

    /// A heavy node says that a computation has changed.
    fn changed(&mut self, host: usize, id: codec::ContentId) {
        let Some(heavy) = self.hosts[host].heavy() else { return };
        let Some((proposal, end)) = heavy.documents(id) else { return };
        if let Some(end) = &end {
            self.trace.note(self.now, || {
                format!("heavy {host} has an end of {id}: {}", String::from_utf8_lossy(&end.payload))
            });
        }
        let Some(heavy) = self.hosts[host].heavy() else { return };
        let found = heavy.evidence(id).filter(|_| self.canary != Some(Canary::Hush));
        self.oracle.changed(self.now, host, id, (&proposal, end.as_ref(), found.as_ref()), &self.plan);
        // Within the reach of the clock of this host; asked about once.
        if self.watched.insert((host, id))
            && let Some(known) = self.oracle.known.get(&id)
        {
            let at = self.hosts[host].world(known.due());
            self.at(at, Event::Due { host, id });
        }
    }

    fn due(&mut self, host: usize, id: codec::ContentId) {
        let h = &self.hosts[host];
        if h.dead {
            return;
        }
        // A node that was down, or that could not store, has the time from then on.
        let since = h.up_since.max(h.disk.healthy_since);
        let Some(heavy) = h.heavy() else {
            return self.after(1_000, Event::Due { host, id });
        };
        if self.plan.is_full(self.now, host) || since.saturating_add(crate::oracle::SLACK_MS) > self.now {
            return self.after(1_000, Event::Due { host, id });
        }
        match heavy.documents(id) {
            Some((_, Some(_))) => {}
            Some((_, None)) => {
                let stage = heavy.computation(id).map(|view| view.stage);
                self.violated(format!("heavy {host} has no end for {id} by its time: {stage:?}"));
            }
            None => self.violated(format!("heavy {host} has forgotten {id}")),
        }
    }
}

/// Where a host listens.
pub(crate) fn address(host: usize) -> String {
    format!("/memory/{host}")
}

/// The host that listens at an address.
pub(crate) fn host_at(address: &str) -> Option<usize> {
    address.strip_prefix("/memory/")?.parse().ok()
}
