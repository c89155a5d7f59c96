//! Rankings in the network: who wants them, what parts say, and what must have become of them.

use crate::{
    dice::Dice,
    host::Told,
    plan::{HEAVY, Plan, Records},
    world::{Event, World},
};
use codec::ContentId;
use graphs::Shape;
use jobs::Contribution;
use keys::NodeId;
use node::{Command, HeavyInput, LightInput};
use rank::{Alpha, Edges, Epsilon, Graph, Options, ROUNDS_MAX, solve};
use shards::{
    Done, GraphFile, Order, Processor, RankingState, Reckoner, Task, Written, coordinator::SubmitError,
};
use std::collections::BTreeMap;

/// Milliseconds before an order that was not answered is put again.
const AGAIN_MS: u64 = 2_000;
/// Milliseconds from the end of all troubles to the end of every ranking's patience.
const CALM_MS: u64 = 120_000;
/// Milliseconds from then to the end of the run.
const REST_MS: u64 = 10_000;

/// One in five light nodes lies about what its parts sum up.
const fn is_liar(host: usize) -> bool {
    host >= HEAVY && host.is_multiple_of(5)
}

/// A ranking of the plan.
#[derive(Debug, Clone)]
struct Planned {
    at: u64,
    via: usize,
    shape: Shape,
    order: Order,
}

impl Planned {
    /// The graph's file.
    fn file(&self) -> Vec<u8> {
        self.shape.edges.iter().flat_map(|[from, to]| format!("{from} {to}\n").into_bytes()).collect()
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        edges.nodes(self.shape.nodes);
        for [from, to] in &self.shape.edges {
            edges.push(*from, *to).expect("an edge of the graph");
        }
        edges
    }
}

/// All rankings of a run.
#[derive(Debug, Default)]
pub(crate) struct Rankings {
    planned: Vec<Planned>,
    /// Those that a heavy node acknowledged.
    taken: BTreeMap<usize, ContentId>,
    /// What computes beside each host that is up.
    processors: BTreeMap<usize, Processor>,
    /// For outcomes of its own: nothing else of a seed changes with it.
    dice: Option<Dice>,
}

impl Rankings {
    /// Draws `count` rankings, which take the place of the plan's computations.
    pub(crate) fn plan(seed: u64, count: usize, plan: &mut Plan) -> Self {
        if count == 0 {
            return Self::default();
        }
        let mut dice = Dice::new(seed, 78);
        plan.asks.clear();
        plan.lies = None;
        plan.lights.iter_mut().for_each(|light| light.records = Records::None);
        let over = plan.troubles_end + CALM_MS;
        plan.ends_at = over + REST_MS;
        let planned = (0..count).map(|number| {
            let at = dice.below(plan.troubles_end);
            let order = Order {
                name: format!("ranking {number}"),
                written: Written::EdgeList,
                alpha: Alpha::USUAL.parts(),
                epsilon: Epsilon::from_decimal("1e-3").expect("a number").units(),
                rounds_max: ROUNDS_MAX,
                nodes: 0,
                ignore_weights: false,
                shards: 1 + dice.below(4) as u32,
                alone: dice.chance(300),
                patience_ms: over - at,
            };
            let shape = graphs::uniform(60, 300, dice.below(1 << 32));
            Planned { at, via: dice.below(HEAVY as u64) as usize, shape, order }
        });
        let planned = planned.collect();
        Self { planned, dice: Some(dice), ..Self::default() }
    }

    /// How often a second a machine may be woken for rankings.
    pub(crate) fn wakes_max(&self) -> usize {
        if self.planned.is_empty() { 0 } else { 2_000 }
    }

    /// A host's parts are gone.
    pub(crate) fn lose_parts(&mut self, host: usize) {
        self.processors.remove(&host);
    }
}

/// What a liar says in place of its sums: each something of its own.
fn lie(host: usize, done: Done) -> Done {
    match done {
        Done::Sums { work, mut sums } => {
            sums.moved += 1 + host as u64;
            Done::Sums { work, sums }
        }
        done => done,
    }
}

impl World {
    pub(crate) fn lay_out_rankings(&mut self) {
        for index in 0..self.rankings.planned.len() {
            let at = self.rankings.planned[index].at;
            self.at(at, Event::Rank { index });
        }
        if self.rankings.planned.is_empty() {
            return;
        }
        let contribution = Contribution { on: true, graphs: true, ..Contribution::default() };
        for host in HEAVY..self.hosts.len() {
            if let Some(person) = &mut self.hosts[host].person {
                person.want(Command::Contribute(contribution));
            }
        }
    }

    /// What computes beside a light node is ready.
    pub(crate) fn start_reckoner(&mut self, host: usize) {
        if !self.rankings.planned.is_empty() && self.hosts[host].light().is_some() {
            let reckoner = Reckoner { device: "simulated".into(), parts_max: 8, bytes_max: 1 << 30 };
            self.tell(host, Told::Light(LightInput::Reckoner(Some(reckoner))));
        }
    }

    /// Until the heavy node has answered, the same order is put again.
    pub(crate) fn submit_ranking(&mut self, index: usize) {
        if self.rankings.taken.contains_key(&index) {
            return;
        }
        let planned = self.rankings.planned[index].clone();
        if self.now + AGAIN_MS < self.plan.troubles_end + CALM_MS / 2 {
            self.after(AGAIN_MS, Event::Rank { index });
        }
        let (token, graph) = (index as u64, GraphFile::of(&planned.file()));
        let input = HeavyInput::Rank { token, from: None, order: planned.order, graph };
        self.tell(planned.via, Told::Heavy(input));
    }

    pub(crate) fn ranking_submitted(&mut self, token: u64, result: Result<ContentId, SubmitError>) {
        let index = token as usize;
        self.trace.note(self.now, || format!("ranking {index}: {result:?}"));
        match result {
            Ok(id) => {
                if self.rankings.taken.insert(index, id).is_none() {
                    self.tally.rankings += 1;
                }
            }
            Err(SubmitError::Full | SubmitError::FullForYou) => {}
            Err(error) => self.violated(format!("the plan's ranking {index} is refused: {error}")),
        }
    }

    /// Reads a graph's file back, and cuts it.
    pub(crate) fn cut_graph(&mut self, host: usize, ranking: ContentId, order: &Order, keys: &[Vec<u8>]) {
        let file: Vec<u8> = self.hosts[host].disk.store.read(keys).into_iter().flatten().flatten().collect();
        let planned = self.rankings.planned.iter().find(|planned| planned.order.name == order.name);
        let Some(planned) = planned.filter(|planned| planned.file() == file) else {
            return self.violated(format!("heavy {host} has lost the file of {ranking}"));
        };
        let result = shards::cut(order, planned.edges()).map(Box::new);
        self.tell_soon(host, Told::Heavy(HeavyInput::Cut { ranking, result }));
    }

    pub(crate) fn reckon(&mut self, host: usize, task: Task) {
        let processor = self.rankings.processors.entry(host).or_insert_with(|| Processor::new("simulated"));
        let Some(done) = processor.handle_task(task) else { return };
        let done = if is_liar(host) { lie(host, done) } else { done };
        let takes = self.rankings.dice.as_mut().map_or(0, |dice| dice.below(20));
        let incarnation = self.hosts[host].incarnation;
        self.after(1 + takes, Event::Reckoned { host, incarnation, done: Box::new(done) });
    }

    pub(crate) fn reckoned(&mut self, host: usize, incarnation: u32, done: Done) {
        if self.hosts[host].incarnation != incarnation || self.hosts[host].machine.is_none() {
            return;
        }
        let told = if host < HEAVY {
            Told::Heavy(HeavyInput::Reckoned(done))
        } else {
            Told::Light(LightInput::Reckoned(done))
        };
        self.tell(host, told);
    }

    /// Each ranking has its end: π of one machine, or a refusal; and nobody honest is called a liar.
    pub(crate) fn rankings_have_ended(&mut self) -> Result<(), String> {
        let liars: Vec<NodeId> =
            (0..self.hosts.len()).filter(|host| is_liar(*host)).map(|host| self.hosts[host].id).collect();
        for (index, id) in &self.rankings.taken {
            let planned = &self.rankings.planned[*index];
            let Some(heavy) = self.hosts[planned.via].heavy() else { continue };
            let view =
                heavy.ranking(*id).ok_or_else(|| format!("heavy {} has forgotten {id}", planned.via))?;
            match view.state {
                RankingState::Done => {}
                RankingState::Refused if !self.plan.is_calm => {
                    *self.tally.refusals.entry("ranking".into()).or_default() += 1;
                    continue;
                }
                _ => return Err(format!("no π of {id} at heavy {}: {view:?}", planned.via)),
            }
            let result = view.result.ok_or("no result")?;
            let graph = Graph::new(planned.edges()).map_err(|error| error.to_string())?;
            let alone = solve(&graph, Options { guard: true, ..planned.order.options() });
            if result.digest != alone.focus.digest() || result.report() != alone.report {
                return Err(format!("another π than that of one machine: {result:?}"));
            }
            if let Some(honest) = result.liars.iter().find(|liar| !liars.contains(liar)) {
                return Err(format!("{honest} is called a liar, and lied nowhere"));
            }
            let by_liar = |shard: &shards::coordinator::ShardDone| {
                shard.holders.iter().any(|holder| holder.node.is_some_and(|node| liars.contains(&node)))
            };
            if result.shards.iter().any(by_liar) {
                return Err(format!("a liar is said to have computed {id}: {result:?}"));
            }
            self.tally.rankings_done += 1;
            self.tally.rankings_replaced += u64::from(result.replaced);
            self.tally.rankings_liars += result.liars.len() as u64;
        }
        Ok(())
    }
}
