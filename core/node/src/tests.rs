//! Three heavy nodes and some light ones, joined without delay or loss. What networks do to them is the
//! simulator's concern.

use crate::{
    Command, CommandError, Descriptor, HeavyConfig, HeavyInput, HeavyNode, HeavyOutput, LightConfig,
    LightInput, LightNode, LightOutput, LightView, Reply, Rule, TaskState, Ticket, light::End,
};
use aggregate::{Draft, Scheme, Stage, message::Mine, proposal::mean_of};
use alloc::{boxed::Box, collections::BTreeMap, format, string::String, vec, vec::Vec};
use codec::{ContentId, Instant};
use jobs::manifest::Kind;
use keys::{Envelope, Identity, NodeId, SealKey};
use net::{Limits, Responder, Transport};
use shards::Processor;
use store::{Batch, MemoryStore};

mod cancel;
mod consent;
mod evidence;
mod few;
mod invalid;
mod jobbing;
mod leftovers;
mod past;
mod rankings;
mod room;

enum Node {
    Heavy(Box<HeavyNode>),
    Light(Box<LightNode>),
}

struct World {
    now: Instant,
    nodes: BTreeMap<NodeId, Node>,
    stores: BTreeMap<NodeId, MemoryStore>,
    down: Vec<NodeId>,
    /// Who asked, and under which id, by responder.
    asked: BTreeMap<Responder, (NodeId, net::RequestId)>,
    links: Vec<(NodeId, NodeId)>,
    replies: BTreeMap<u64, Result<Reply, CommandError>>,
    tokens: u64,
    descriptors: Vec<Envelope>,
    /// How long a heavy node's commit takes, and those under way.
    commit_ms: u64,
    commits: Vec<(Instant, NodeId, Ticket, Batch)>,
    /// This heavy node lies about its sums in this computation.
    liar: Option<(Identity, ContentId)>,
    /// Questions for evidence.
    inquiries: usize,
    /// What runs guests, and what was said of jobs.
    guests: jobbing::Guests,
    /// What computes parts of graphs beside each node.
    processors: BTreeMap<NodeId, Processor>,
    /// This light node lies about what its parts sum up.
    reckoning_liar: Option<NodeId>,
    /// What was said of rankings.
    ranked: BTreeMap<u64, Result<ContentId, shards::coordinator::SubmitError>>,
}

fn heavy_config(seed: u8) -> HeavyConfig {
    HeavyConfig {
        identity: Identity::from_seed([seed; 32]),
        seal: SealKey::from_seed([seed; 32]),
        agent: "test".into(),
        transports: vec![Transport::Memory],
        limits: Limits::default(),
        kept_bytes_max: crate::KEPT_BYTES_MAX,
        jobs: jobs::broker::Config {
            executor: Some(jobbing::executor(Kind::Heavy)),
            ..jobs::broker::Config::new(executor::GAS_SCHEDULE)
        },
        seed: [seed; 32],
    }
}

fn light_config(seed: u8) -> LightConfig {
    LightConfig {
        identity: Identity::from_seed([seed; 32]),
        agent: "test".into(),
        transports: vec![Transport::Memory],
        seed: [seed; 32],
    }
}

impl World {
    /// Heavy nodes 1 to 3 that know each other, and `lights` light nodes from 10 on that have joined.
    fn new(lights: u8) -> Self {
        let now = Instant::from_unix_ms(1_800_000_000_000);
        let mut world = Self {
            now,
            nodes: BTreeMap::new(),
            stores: BTreeMap::new(),
            down: Vec::new(),
            asked: BTreeMap::new(),
            links: Vec::new(),
            replies: BTreeMap::new(),
            tokens: 0,
            descriptors: Vec::new(),
            commit_ms: 0,
            commits: Vec::new(),
            liar: None,
            inquiries: 0,
            guests: jobbing::Guests::default(),
            processors: BTreeMap::new(),
            reckoning_liar: None,
            ranked: BTreeMap::new(),
        };
        for seed in 1..=3 {
            let config = heavy_config(seed);
            let (id, seal) = (config.identity.id(), config.seal.public());
            let addresses = vec![format!("/memory/{seed}")];
            let descriptor = Descriptor { version: 1, id, seal, addresses, issued: now };
            world.descriptors.push(descriptor.sign(&config.identity));
            world.nodes.insert(id, Node::Heavy(Box::new(HeavyNode::new(config, &[], now).unwrap())));
            world.stores.insert(id, MemoryStore::new());
        }
        for id in world.heavy() {
            for envelope in world.descriptors.clone() {
                world.heavy_input(id, HeavyInput::Fellow { envelope });
            }
        }
        for seed in 10..10 + lights {
            world.add_light(seed);
        }
        world.run_ms(5_000);
        world
    }

    fn heavy(&self) -> Vec<NodeId> {
        let heavy = self.nodes.iter().filter(|(_, node)| matches!(node, Node::Heavy(_)));
        heavy.map(|(id, _)| *id).collect()
    }

    fn add_light(&mut self, seed: u8) -> NodeId {
        let id = Identity::from_seed([seed; 32]).id();
        let node = LightNode::new(light_config(seed), &[], self.now).unwrap();
        self.nodes.insert(id, Node::Light(Box::new(node)));
        self.stores.insert(id, MemoryStore::new());
        let descriptors = self.descriptors.clone();
        assert_eq!(self.command(id, Command::Network { descriptors }), Ok(Reply::Done));
        assert_eq!(self.command(id, Command::Join), Ok(Reply::Done));
        id
    }

    fn light(seed: u8) -> NodeId {
        Identity::from_seed([seed; 32]).id()
    }

    fn heavy_input(&mut self, id: NodeId, input: HeavyInput) {
        let now = self.now;
        if let Some(Node::Heavy(node)) = self.nodes.get_mut(&id) {
            node.handle_input(now, input);
        }
        self.pump();
    }

    fn command(&mut self, id: NodeId, command: Command) -> Result<Reply, CommandError> {
        self.tokens += 1;
        let (token, now) = (self.tokens, self.now);
        let Some(Node::Light(node)) = self.nodes.get_mut(&id) else { panic!("a light node") };
        node.handle_input(now, LightInput::Command { token, command });
        self.pump();
        self.replies.remove(&token).expect("every command is answered")
    }

    fn net_input(&mut self, id: NodeId, input: net::Input) {
        let now = self.now;
        match self.nodes.get_mut(&id) {
            Some(Node::Heavy(node)) => node.handle_input(now, HeavyInput::Net(input)),
            Some(Node::Light(node)) => node.handle_input(now, LightInput::Net(input)),
            None => {}
        }
    }

    fn pump(&mut self) {
        loop {
            let mut quiet = true;
            for id in self.nodes.keys().copied().collect::<Vec<_>>() {
                while let Some(work) = self.poll(id) {
                    quiet = false;
                    self.work(id, work);
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn poll(&mut self, id: NodeId) -> Option<Work> {
        match self.nodes.get_mut(&id)? {
            Node::Heavy(node) => Some(match node.poll_output()? {
                HeavyOutput::Net(output) => Work::Net(output),
                HeavyOutput::Store { ticket, batch } if self.commit_ms > 0 => {
                    self.commits.push((self.now.plus_ms(self.commit_ms), id, ticket, batch));
                    Work::None
                }
                HeavyOutput::Store { ticket, batch } => {
                    let result = self.stores[&id].apply(&batch);
                    node.handle_input(self.now, HeavyInput::Stored { ticket, result });
                    Work::None
                }
                HeavyOutput::Load { ticket, keys } => {
                    let result = Ok(self.stores[&id].read(&keys));
                    node.handle_input(self.now, HeavyInput::Loaded { ticket, result });
                    Work::None
                }
                HeavyOutput::FellowRefused { error } => panic!("{error}"),
                HeavyOutput::Run(task) => {
                    self.guests.begin(self.now, id, &task);
                    Work::None
                }
                HeavyOutput::Stop { job } => {
                    self.guests.stop(id, job);
                    Work::None
                }
                HeavyOutput::Submitted { token, result } => {
                    self.guests.submitted.insert(token, result);
                    Work::None
                }
                HeavyOutput::JobCancelled { token, result } => {
                    self.guests.cancelled.insert(token, result);
                    Work::None
                }
                HeavyOutput::Ranked { token, result } => {
                    self.ranked.insert(token, result);
                    Work::None
                }
                HeavyOutput::Cut { ranking, order, keys } => {
                    let file: Vec<u8> =
                        self.stores[&id].read(&keys).into_iter().flatten().flatten().collect();
                    let result = shards::cut(&order, rankings::read(&file)).map(Box::new);
                    node.handle_input(self.now, HeavyInput::Cut { ranking, result });
                    Work::None
                }
                HeavyOutput::Reckon(task) => {
                    let processor = self.processors.entry(id).or_insert_with(|| Processor::new("test"));
                    if let Some(done) = processor.handle_task(task) {
                        node.handle_input(self.now, HeavyInput::Reckoned(done));
                    }
                    Work::None
                }
                HeavyOutput::Combine(combine) => {
                    node.handle_input(self.now, HeavyInput::Combined(combine.run()));
                    Work::None
                }
                HeavyOutput::BlobPut { token, result } => {
                    self.guests.put.insert(token, result);
                    Work::None
                }
                _ => Work::None,
            }),
            Node::Light(node) => Some(match node.poll_output()? {
                LightOutput::Net(output) => Work::Net(output),
                LightOutput::Store { ticket, batch } => {
                    let result = self.stores[&id].apply(&batch);
                    node.handle_input(self.now, LightInput::Stored { ticket, result });
                    Work::None
                }
                LightOutput::Reply { token, result } => {
                    self.replies.insert(token, result);
                    Work::None
                }
                LightOutput::Run(task) => {
                    self.guests.begin(self.now, id, &task);
                    Work::None
                }
                LightOutput::Stop { job } => {
                    self.guests.stop(id, job);
                    Work::None
                }
                LightOutput::Reckon(task) => {
                    let processor = self.processors.entry(id).or_insert_with(|| Processor::new("test"));
                    if let Some(done) = processor.handle_task(task) {
                        let lies = self.reckoning_liar == Some(id);
                        let done = if lies { rankings::lie(done) } else { done };
                        node.handle_input(self.now, LightInput::Reckoned(done));
                    }
                    Work::None
                }
                LightOutput::Changed => Work::None,
            }),
        }
    }

    fn work(&mut self, id: NodeId, work: Work) {
        let Work::Net(output) = work else { return };
        match output {
            net::Output::Dial { peer, address } => {
                if self.down.contains(&peer) || !self.nodes.contains_key(&peer) {
                    let error = "down".into();
                    self.net_input(id, net::Input::DialFailed { peer, address, error });
                } else if !self.linked(id, peer) {
                    self.links.push((id, peer));
                    self.net_input(peer, net::Input::Connected { peer: id, address: "/memory/0".into() });
                    self.net_input(id, net::Input::Connected { peer, address });
                }
            }
            net::Output::Hangup { peer } => self.cut(id, peer),
            net::Output::Request { peer, id: request, protocol, body } if self.linked(id, peer) => {
                self.inquiries += usize::from(evidence::is_inquiry(&body));
                let responder = Responder(self.asked.len() as u64);
                self.asked.insert(responder, (id, request));
                self.net_input(peer, net::Input::Request { peer: id, responder, protocol, body });
            }
            net::Output::Respond { responder, body } => {
                let (asker, request) = self.asked[&responder];
                let body = self.lie(id, &body).unwrap_or(body);
                self.net_input(asker, net::Input::Response { id: request, result: Ok(body) });
            }
            net::Output::Ignore { responder } => {
                let (asker, id) = self.asked[&responder];
                self.net_input(asker, net::Input::Response { id, result: Err(net::Failure::Refused) });
            }
            _ => {}
        }
    }

    fn linked(&self, a: NodeId, b: NodeId) -> bool {
        self.links.contains(&(a, b)) || self.links.contains(&(b, a))
    }

    fn cut(&mut self, a: NodeId, b: NodeId) {
        if self.linked(a, b) {
            self.links.retain(|link| *link != (a, b) && *link != (b, a));
            self.net_input(a, net::Input::Disconnected { peer: b });
            self.net_input(b, net::Input::Disconnected { peer: a });
        }
    }

    fn kill(&mut self, id: NodeId) {
        self.down.push(id);
        self.nodes.remove(&id);
        self.guests.kill(id);
        self.processors.remove(&id);
        let links: Vec<_> = self.links.iter().filter(|(a, b)| *a == id || *b == id).copied().collect();
        for (a, b) in links {
            self.cut(a, b);
        }
        self.pump();
    }

    fn restart_heavy(&mut self, seed: u8) {
        let config = heavy_config(seed);
        let id = config.identity.id();
        let node = HeavyNode::new(config, &self.stores[&id].list(b""), self.now).unwrap();
        self.down.retain(|down| *down != id);
        self.nodes.insert(id, Node::Heavy(Box::new(node)));
        self.pump();
    }

    fn restart_light(&mut self, seed: u8) {
        let id = Self::light(seed);
        let node = LightNode::new(light_config(seed), &self.stores[&id].list(b""), self.now).unwrap();
        self.down.retain(|down| *down != id);
        self.nodes.insert(id, Node::Light(Box::new(node)));
        self.pump();
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now.plus_ms(ms);
        self.pump();
        loop {
            let due = self.nodes.values().filter_map(|node| match node {
                Node::Heavy(node) => node.poll_timeout(),
                Node::Light(node) => node.poll_timeout(),
            });
            let due = due.map(|(due, _)| due).chain(self.commits.iter().map(|(due, ..)| *due));
            let due = due.chain(self.guests.due());
            let next = due.min().filter(|due| *due < end);
            self.now = next.unwrap_or(end).max(self.now);
            let now = self.now;
            for (due, id, ticket, batch) in core::mem::take(&mut self.commits) {
                if due > now {
                    self.commits.push((due, id, ticket, batch));
                    continue;
                }
                let result = self.stores[&id].apply(&batch);
                if let Some(Node::Heavy(node)) = self.nodes.get_mut(&id) {
                    node.handle_input(now, HeavyInput::Stored { ticket, result });
                }
            }
            self.end_guests();
            for node in self.nodes.values_mut() {
                match node {
                    Node::Heavy(node) => node.handle_timeout(now),
                    Node::Light(node) => node.handle_timeout(now),
                }
            }
            self.pump();
            if next.is_none() {
                return;
            }
        }
    }

    fn view(&self, id: NodeId) -> LightView {
        match &self.nodes[&id] {
            Node::Light(node) => node.view(),
            Node::Heavy(_) => panic!("a light node"),
        }
    }

    fn import(&mut self, seed: u8, csv: &str) {
        let bytes = csv.as_bytes().to_vec();
        let reply = self.command(Self::light(seed), Command::Import { name: "penguins".into(), bytes });
        assert!(matches!(reply, Ok(Reply::Imported { .. })));
    }

    fn draft(&self, seconds: u64) -> Draft {
        Draft {
            title: "Body mass".into(),
            purpose: String::new(),
            dataset: "penguins".into(),
            schema: None,
            query: mean_of("mass", "0", "10000", 1, 100),
            scheme: Some(Scheme::Additive64),
            participants_min: 3,
            participants_max: 100,
            deadline: self.now.plus_ms(seconds * 1_000),
        }
    }

    fn propose(&mut self, seed: u8, draft: Draft) -> ContentId {
        match self.command(Self::light(seed), Command::Propose { draft: Box::new(draft) }) {
            Ok(Reply::Proposed { id }) => id,
            other => panic!("{other:?}"),
        }
    }

    fn end(&self, seed: u8) -> Option<End> {
        self.view(Self::light(seed)).tasks.first().and_then(|task| task.end.clone())
    }
}

enum Work {
    Net(net::Output),
    None,
}

/// Five light nodes with one record each, 1.1 to 5.5; all but the last approve by rule.
fn five() -> World {
    let mut world = World::new(5);
    for at in 0..5u8 {
        world.import(10 + at, &format!("name,mass\na,{}.{}\n", at + 1, at + 1));
    }
    for seed in 10..14 {
        let rule = Rule { dataset: Some("penguins".into()), ..Rule::default() };
        assert_eq!(world.command(World::light(seed), Command::AddRule { rule }), Ok(Reply::Done));
    }
    world
}

#[test]
fn a_sum_from_proposal_to_result() {
    let mut world = five();
    let draft = world.draft(20);
    let id = world.propose(10, draft);
    world.run_ms(3_000);
    let task = &world.view(World::light(14)).tasks[0];
    assert_eq!((task.state, task.id), (TaskState::Waiting, id));
    let answer = task.answer.as_ref().unwrap();
    assert_eq!((answer.lines[1].value.as_str(), answer.records, answer.errors), ("5.5", 1, 0));
    assert_eq!(task.reports, Some(4));
    assert_eq!(world.command(World::light(14), Command::Approve { id }), Ok(Reply::Done));
    assert_eq!(world.command(World::light(14), Command::Approve { id }), Err(CommandError::AlreadyAnswered));
    // A late joiner learns of it as well, and has no such data.
    let late = world.add_light(30);
    world.run_ms(3_000);
    assert!(world.view(late).tasks[0].obstacle.as_ref().unwrap().contains("no data named `penguins`"));
    world.run_ms(20_000);
    for seed in 10..15 {
        let Some(End::Result { outcome, mine, .. }) = world.end(seed) else {
            panic!("{:?}", world.end(seed))
        };
        let figure = |name| outcome.figure(name).unwrap();
        assert_eq!((figure("sum"), figure("count"), outcome.participants), ("16.5".into(), "5".into(), 5));
        assert_eq!(figure("mean"), "3.3000000");
        assert_eq!(mine, Mine::Counted);
    }
}

#[test]
fn a_watched_computation_shows_its_progress_at_once() {
    let mut world = five();
    let draft = world.draft(3_600);
    let id = world.propose(10, draft);
    world.run_ms(100);
    assert_eq!(world.command(World::light(14), Command::Watch { id: Some(id) }), Ok(Reply::Done));
    world.run_ms(3_500);
    assert_eq!(world.view(World::light(14)).tasks[0].reports, Some(4));
    assert_eq!(world.command(World::light(14), Command::Approve { id }), Ok(Reply::Done));
    world.run_ms(3_500);
    assert_eq!(world.view(World::light(14)).tasks[0].reports, Some(5));
    // Nobody watches at this one, which looks seldom while the deadline is far.
    assert_ne!(world.view(World::light(13)).tasks[0].reports, Some(5));
}

#[test]
fn below_the_threshold_there_is_a_signed_refusal() {
    let mut world = five();
    let draft = Draft { participants_min: 5, ..world.draft(10) };
    let id = world.propose(10, draft);
    world.run_ms(5_000);
    assert_eq!(world.command(World::light(14), Command::Decline { id }), Ok(Reply::Done));
    world.run_ms(20_000);
    let Some(End::Refusal { text, .. }) = world.end(10) else { panic!("a refusal") };
    assert_eq!(text, "4 answers reached all three heavy nodes, and 5 are needed");
}

#[test]
fn a_heavy_node_that_dies_and_returns_costs_nothing() {
    for seed in 1..=3 {
        for at_ms in [1_000, 9_900, 10_100, 10_900] {
            let mut world = five();
            let draft = world.draft(10);
            world.propose(10, draft);
            world.run_ms(at_ms);
            world.kill(World::light(seed));
            world.run_ms(4_000);
            world.restart_heavy(seed);
            world.run_ms(60_000);
            let Some(End::Result { outcome, .. }) = world.end(11) else {
                panic!("heavy {seed} at {at_ms}: {:?}", world.end(11))
            };
            assert_eq!((outcome.figure("sum").unwrap().as_str(), outcome.participants), ("11.0", 4));
        }
    }
}

#[test]
fn a_heavy_node_that_stays_away_gives_a_refusal_by_the_end_of_grace() {
    let mut world = five();
    let draft = world.draft(10);
    let id = world.propose(10, draft);
    world.run_ms(5_000);
    let gone = world.heavy()[1];
    world.kill(gone);
    world.run_ms(5_000 + aggregate::proposal::GRACE_MS + 2_000);
    let Some(End::Refusal { text, .. }) = world.end(10) else { panic!("a refusal") };
    assert!(text.contains(&gone.short()), "{text}");
    let Node::Heavy(node) = &world.nodes[&world.heavy()[0]] else { panic!() };
    assert_eq!(node.computation(id).unwrap().stage, Stage::Closed);
}

#[test]
fn a_light_node_that_restarts_sends_the_same_report() {
    let mut world = five();
    let draft = world.draft(20);
    world.propose(10, draft);
    world.run_ms(2_000);
    world.kill(World::light(11));
    world.run_ms(1_000);
    world.restart_light(11);
    world.run_ms(60_000);
    let view = world.view(World::light(11));
    assert_eq!((view.datasets.len(), view.rules.len(), view.joined), (1, 1, true));
    let Some(End::Result { outcome, mine, .. }) = world.end(11) else { panic!("a result") };
    assert_eq!((outcome.participants, mine), (4, Mine::Counted));
}

#[test]
fn strange_heavy_nodes_are_not_pinned_over_the_known() {
    let mut world = World::new(1);
    let light = World::light(10);
    let stranger = heavy_config(7);
    let (id, seal) = (stranger.identity.id(), stranger.seal.public());
    let forged = Descriptor { version: 1, id, seal, addresses: vec![], issued: world.now };
    let descriptors = vec![forged.sign(&stranger.identity)];
    let reply = world.command(light, Command::Network { descriptors });
    assert!(matches!(reply, Err(CommandError::NotPinned { why }) if why.contains("pinned")));
    // The right node under another sealing key is a stranger, too.
    let known = heavy_config(1);
    let changed = Descriptor { id: known.identity.id(), ..forged };
    let descriptors = vec![changed.sign(&known.identity)];
    let reply = world.command(light, Command::Network { descriptors });
    assert!(matches!(reply, Err(CommandError::NotPinned { why }) if why.contains("another sealing key")));
}

#[test]
fn a_descriptor_from_the_future_is_refused() {
    let mut world = World::new(1);
    let light = World::light(10);
    let known = heavy_config(1);
    let (id, seal) = (known.identity.id(), known.seal.public());
    let at = |ahead_ms| {
        let issued = world.now.plus_ms(ahead_ms);
        Descriptor { version: 1, id, seal, addresses: vec![], issued }.sign(&known.identity)
    };
    let (near, far) = (at(crate::DESCRIPTOR_AHEAD_MS_MAX), at(11 * 60_000));
    assert!(Descriptor::open_at(&near, world.now).is_ok());
    let reply = world.command(light, Command::Network { descriptors: vec![far.clone()] });
    assert!(matches!(reply, Err(CommandError::Network { why }) if why.contains("11 minutes")));
    let mut heavy = HeavyNode::new(heavy_config(2), &[], world.now).unwrap();
    heavy.handle_input(world.now, HeavyInput::Fellow { envelope: far });
    assert!(matches!(
        heavy.poll_output(),
        Some(HeavyOutput::FellowRefused { error: crate::DescriptorError::FromTheFuture { .. } })
    ));
    assert!(heavy.fellows().is_empty());
}

#[test]
fn a_proposal_through_other_heavy_nodes_is_refused_with_the_field() {
    let mut world = World::new(1);
    let proposer = Identity::from_seed([99; 32]);
    let mut keys: Vec<_> = [1, 2, 7]
        .map(|seed| {
            let c = heavy_config(seed);
            aggregate::HeavyKey { id: c.identity.id(), seal: c.seal.public() }
        })
        .into();
    keys.sort();
    let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
    let proposal = world.draft(10).propose(proposer.id(), &keys, &mut rng).unwrap();
    let heavy = World::light(1);
    let now = world.now;
    let Some(Node::Heavy(node)) = world.nodes.get_mut(&heavy) else { panic!() };
    node.handle_input(now, HeavyInput::Propose { token: 1, envelope: proposal.sign(&proposer) });
    let refused = core::iter::from_fn(|| node.poll_output())
        .find_map(|output| match output {
            HeavyOutput::Proposed { result, .. } => Some(result),
            _ => None,
        })
        .unwrap();
    assert!(refused.unwrap_err().starts_with("`heavy`: "));
}

#[test]
fn forty_computations_that_close_together_all_end_in_results() {
    let mut world = five();
    let mut deadlines = world.draft(30);
    let mut proposed = Vec::new();
    for at in 0..40 {
        deadlines.title = format!("Computation {at}");
        proposed.push(world.propose(if at < 20 { 10 } else { 11 }, deadlines.clone()));
    }
    world.run_ms(70_000);
    for heavy in world.heavy() {
        let Node::Heavy(node) = &world.nodes[&heavy] else { panic!() };
        for id in &proposed {
            let view = node.computation(*id).unwrap();
            assert_eq!(view.stage, Stage::Done, "{:?}", view.refusal_text);
        }
    }
}

#[test]
fn a_late_joiner_hears_of_more_computations_than_fit_one_part_of_requests() {
    let mut world = World::new(4);
    let draft = world.draft(3_600);
    for at in 0..100u8 {
        let draft = Draft { title: format!("Computation {at}"), ..draft.clone() };
        world.propose(10 + at / 30, draft);
    }
    let late = world.add_light(40);
    world.run_ms(10_000);
    assert_eq!(world.view(late).tasks.len(), 100);
}

#[test]
fn a_proposal_padded_beyond_what_can_be_read_back_is_refused() {
    let mut world = World::new(1);
    let proposer = Identity::from_seed([99; 32]);
    let mut keys: Vec<_> = [1, 2, 3]
        .map(heavy_config)
        .map(|c| aggregate::HeavyKey { id: c.identity.id(), seal: c.seal.public() })
        .into();
    keys.sort();
    let mut rng = <rand_chacha::ChaCha8Rng as rand_core::SeedableRng>::from_seed([0; 32]);
    let proposal = world.draft(10).propose(proposer.id(), &keys, &mut rng).unwrap();
    let mut payload = serde_json::to_vec(&proposal).unwrap();
    payload.resize(aggregate::proposal::PAYLOAD_BYTES_MAX, b' ');
    for (pad, taken) in [(0, true), (1, false)] {
        let mut padded = payload.clone();
        padded.resize(payload.len() + pad, b' ');
        let mut envelope = Envelope::new(aggregate::proposal::PAYLOAD_TYPE, padded);
        envelope.sign(&proposer);
        let heavy = World::light(1);
        world.heavy_input(heavy, HeavyInput::Propose { token: 1, envelope });
        world.run_ms(1_000);
        let Node::Heavy(node) = &world.nodes[&heavy] else { panic!() };
        assert_eq!(node.computations().len(), usize::from(taken) + pad);
        if taken {
            // All signatures attached, it reads back.
            world.kill(heavy);
            world.restart_heavy(1);
        }
    }
}

#[test]
fn settings_that_cannot_be_stored_do_not_hold() {
    let now = Instant::from_unix_ms(1_800_000_000_000);
    let mut node = LightNode::new(light_config(10), &[], now).unwrap();
    let command = Command::AddRule { rule: Rule::default() };
    node.handle_input(now, LightInput::Command { token: 1, command });
    let ticket = core::iter::from_fn(|| node.poll_output())
        .find_map(|output| match output {
            LightOutput::Store { ticket, .. } => Some(ticket),
            _ => None,
        })
        .unwrap();
    assert!(node.view().rules.is_empty(), "not before it is durable");
    node.handle_input(now, LightInput::Stored { ticket, result: Err(store::StoreError::Full) });
    let reply = core::iter::from_fn(|| node.poll_output()).find_map(|output| match output {
        LightOutput::Reply { result, .. } => Some(result),
        _ => None,
    });
    assert!(matches!(reply, Some(Err(CommandError::Storage { .. }))));
    assert!(node.view().rules.is_empty());
}

#[test]
fn a_proposal_that_one_heavy_node_does_not_answer_goes_to_another() {
    let mut world = World::new(1);
    let (light, draft, now) = (World::light(10), world.draft(60), world.now);
    let Some(Node::Light(node)) = world.nodes.get_mut(&light) else { panic!() };
    node.handle_input(
        now,
        LightInput::Command { token: 77, command: Command::Propose { draft: Box::new(draft) } },
    );
    let asked = core::iter::from_fn(|| node.poll_output()).find_map(|output| match output {
        LightOutput::Net(net::Output::Request { peer, id, .. }) => Some((peer, id)),
        _ => None,
    });
    let (first, id) = asked.unwrap();
    let input = net::Input::Response { id, result: Err(net::Failure::Disconnected) };
    node.handle_input(now, LightInput::Net(input));
    let again = core::iter::from_fn(|| node.poll_output()).find_map(|output| match output {
        LightOutput::Net(net::Output::Request { peer, .. }) => Some(peer),
        _ => None,
    });
    assert!(again.is_some_and(|second| second != first));
}
