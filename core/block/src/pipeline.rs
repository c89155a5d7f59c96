//! The machine: one block after the other, step by step.

use crate::{
    block::{Block, BlockError, Delta, Weight},
    kept::{Head, RestoreError, Restored, parts, restore},
    record::{Change, EDGES_MAX, NODES_MAX, Nearness, Reason, Record, Refused, Settings},
    weigh::{Outcome, Task, Weighing},
};
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use codec::ContentId;
use core::fmt;
use ffcm::{BookError, term::Library};
use rank::{Edges, Focus, GraphError, Live, LiveError, Solves, Update};
use store::{Batch, Entry};

/// How many nodes of a block may turn out to have edges that are too heavy, before all changes are refused: each costs another look at all.
const BLAMED_MAX: u32 = 8;

/// What the shell tells a pipeline.
#[derive(Debug)]
pub enum Input {
    /// The next block.
    Block(Block),
    /// What came of [`Output::Weigh`].
    Weighed(Outcome),
    /// The batch of [`Output::Store`] is durable.
    Stored,
    /// It is not, and nothing of it is. The pipeline asks again at once; a shell that sees no use in that ends, and restores later.
    NotStored,
}

/// What a pipeline asks of the shell, or tells it.
#[derive(Debug)]
pub enum Output {
    /// Reduce this, and say with [`Input::Weighed`] what came of it.
    Weigh(Task),
    /// Call [`Pipeline::gather`], with as many workers as there are.
    Gather,
    /// Make this durable.
    Store(Arc<Batch>),
    /// A block is done, and durable.
    Ended(Ended),
    /// A block was not taken. Nothing has changed.
    Refused(BlockError),
}

/// What became of a block.
#[derive(Debug, Clone)]
pub struct Ended {
    /// What is stored of it.
    pub record: Record,
    /// Its name: of the block's outcome, and of all that went before it.
    pub digest: ContentId,
    /// What was refused, with the places of what could not be read.
    pub refused: Vec<Refusal>,
    /// How π was brought up to date; `None` where nothing changed, where it did not get near enough, and of the graph that all began with.
    pub update: Option<Update>,
}

/// A change that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place among the block's changes, from 0.
    pub delta: u32,
    /// Why.
    pub reason: Reason,
    /// Where its term is wrong, if that is why.
    pub error: Option<BookError>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            None => self.reason.fmt(f),
            Some(error) => write!(f, "{}: {error}", self.reason),
        }
    }
}

/// Why a graph is nothing to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeginError {
    /// It has more nodes, or more edges, than a pipeline takes.
    TooLarge,
    /// It is none, or π does not converge.
    Graph(LiveError),
}

impl fmt::Display for BeginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => {
                write!(
                    f,
                    "a graph of more than {NODES_MAX} nodes, {EDGES_MAX} edges, or what the settings allow; shard it"
                )
            }
            Self::Graph(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BeginError {}

impl From<LiveError> for BeginError {
    fn from(error: LiveError) -> Self {
        Self::Graph(error)
    }
}

/// A block whose weights are known, or will be.
#[derive(Debug)]
struct Open {
    id: ContentId,
    deltas: Vec<Delta>,
    weighing: Option<Weighing>,
    /// The change that each term belongs to.
    of_terms: Vec<usize>,
    refused: Vec<Refusal>,
}

#[derive(Debug)]
enum Stage {
    Idle,
    Weighing(Open),
    Gathering(Open),
    Storing(Arc<Batch>, Ended),
}

/// One block after the other: see the crate's documentation.
#[derive(Debug)]
pub struct Pipeline {
    head: Head,
    live: Live,
    focus: Focus,
    stage: Stage,
    outputs: VecDeque<Output>,
}

impl Pipeline {
    /// Begins with a graph, and stores it as block 0. Edges without weights have weight 1.
    ///
    /// # Errors
    /// [`BeginError`].
    pub fn begin(edges: Edges, settings: Settings, solves: &impl Solves) -> Result<Self, BeginError> {
        let settings = Settings {
            nodes_max: settings.nodes_max.min(NODES_MAX),
            snapshot_blocks: settings.snapshot_blocks.max(1),
            ..settings
        };
        if edges.node_count() > settings.nodes_max || edges.len() > EDGES_MAX {
            return Err(BeginError::TooLarge);
        }
        let unit = if edges.is_weighted() { 1 } else { 1 << rank::WEIGHT_BITS };
        let solved = Live::new_with(edges, settings.options(), settings.nodes_max, solves)?;
        let mut edges = Edges::new();
        edges.nodes(solved.nodes());
        edges.weighted();
        for (from, to, weight) in solved.iter() {
            edges.push_weighted(from, to, weight * unit).map_err(LiveError::from)?;
        }
        if !solved.stakes().is_empty() {
            edges.stakes(solved.stakes().to_vec());
        }
        edges.teleport(solved.teleport());
        // As it is after each whole graph: what follows depends on what is stored, and on nothing else.
        let live = Live::resume(edges, settings.options(), settings.nodes_max, solved.masses().to_vec())?;
        let focus = live.focus();
        let head = Head::new(settings, &live);
        let mut pipeline = Self { head, live, focus, stage: Stage::Idle, outputs: VecDeque::new() };
        let parts = parts(&pipeline.live);
        let mut named = codec::encode(&settings);
        parts.iter().for_each(|part| named.extend(ContentId::of(part).digest()));
        let open = Open {
            id: ContentId::of(&named),
            deltas: Vec::new(),
            weighing: None,
            of_terms: Vec::new(),
            refused: Vec::new(),
        };
        pipeline.close(open, 0, Vec::new(), 0, Ok(None));
        Ok(pipeline)
    }

    /// Goes on with what a store has under [`PREFIX`](crate::PREFIX); `None` where it has nothing.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(entries: Vec<Entry>) -> Result<Option<Self>, RestoreError> {
        let restored = restore(entries)?;
        Ok(restored.map(|Restored { head, live, focus }| Self {
            head,
            live,
            focus,
            stage: Stage::Idle,
            outputs: VecDeque::new(),
        }))
    }

    /// What it goes by.
    pub fn settings(&self) -> &Settings {
        &self.head.settings
    }

    /// The height of the newest block that ended or is being stored.
    pub fn height(&self) -> u64 {
        self.head.height
    }

    /// The name of that block's outcome, and of all that went before it.
    pub fn digest(&self) -> ContentId {
        self.head.record
    }

    /// π after that block.
    pub fn focus(&self) -> &Focus {
        &self.focus
    }

    /// The graph after that block.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Takes in what the shell has to tell. What is not asked for is ignored.
    pub fn handle_input(&mut self, input: Input) {
        match (input, core::mem::replace(&mut self.stage, Stage::Idle)) {
            (Input::Block(block), Stage::Idle) => match open(block, self.settings()) {
                Ok(open) => self.weigh(open),
                Err(error) => self.outputs.push_back(Output::Refused(error)),
            },
            (Input::Weighed(outcome), Stage::Weighing(mut open)) => {
                if let Some(weighing) = &mut open.weighing {
                    weighing.weighed(outcome);
                }
                self.weigh(open);
            }
            (Input::Stored, Stage::Storing(_, ended)) => self.outputs.push_back(Output::Ended(ended)),
            (Input::NotStored, Stage::Storing(batch, ended)) => {
                self.outputs.push_back(Output::Store(Arc::clone(&batch)));
                self.stage = Stage::Storing(batch, ended);
            }
            (Input::Block(_), stage) => {
                self.stage = stage;
                self.outputs.push_back(Output::Refused(BlockError::Busy));
            }
            (_, stage) => self.stage = stage,
        }
    }

    /// What it asks or tells next.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn weigh(&mut self, mut open: Open) {
        match open.weighing.as_mut().and_then(Weighing::next) {
            Some(task) => {
                self.outputs.push_back(Output::Weigh(task));
                self.stage = Stage::Weighing(open);
            }
            None => {
                self.outputs.push_back(Output::Gather);
                self.stage = Stage::Gathering(open);
            }
        }
    }

    /// Applies what was not refused, and brings π up to date with these workers, or whatever else solves: the same bits with any. Does nothing unless [`Output::Gather`] asked for it.
    pub fn gather(&mut self, solves: &impl Solves) {
        let mut open = match core::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Gathering(open) => open,
            stage => return self.stage = stage,
        };
        let (interactions, weights) = open.weighing.take().map(Weighing::finish).unwrap_or_default();
        let mut values = alloc::vec![None; open.deltas.len()];
        for (at, weight) in open.of_terms.iter().zip(weights) {
            values[*at] = Some(weight);
        }
        let mut changes = self.resolve(&mut open, &values);
        let applied = self.apply(&mut open, &mut changes, solves);
        if !changes.is_empty() {
            self.focus = self.live.focus();
        }
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        self.close(open, self.head.height + 1, changes, interactions, applied);
    }

    /// Applies changes. Those that make no graph are refused and taken out.
    fn apply(
        &mut self,
        open: &mut Open,
        changes: &mut Vec<(u32, Change)>,
        solves: &impl Solves,
    ) -> Result<Option<Update>, Nearness> {
        for attempt in 0.. {
            if changes.is_empty() {
                break;
            }
            let deltas: Vec<rank::Delta> = changes.iter().map(|(_, change)| (*change).into()).collect();
            let (reason, blamed) = match self.live.apply_with(&deltas, solves) {
                Ok(update) => return Ok(Some(update)),
                Err(LiveError::NotConverged(verdict)) => return Err(verdict.into()),
                // Nothing has changed. All that can be wrong by now is the stakes that there are in all, or times the weights of a node's edges.
                Err(LiveError::Graph(GraphError::TooHeavy { node })) if attempt < BLAMED_MAX => {
                    (Reason::TooHeavy, Some(node))
                }
                Err(LiveError::Graph(GraphError::TooHeavy { .. })) => (Reason::TooHeavy, None),
                Err(_) => (Reason::NoStakeLeft, None),
            };
            let leaves =
                |change: &Change| matches!(change, Change::Edge { from, .. } if Some(*from) == blamed);
            // Where no edge is to blame, a stake is.
            let is_edge = changes.iter().any(|(_, change)| leaves(change));
            let is_to_blame = |change: &Change| match blamed {
                None => true,
                Some(_) if is_edge => leaves(change),
                Some(_) => matches!(change, Change::Stake { .. }),
            };
            let out = changes.extract_if(.., |(_, change)| is_to_blame(change));
            open.refused.extend(out.map(|(delta, _)| Refusal { delta, reason, error: None }));
        }
        Ok(None)
    }

    /// Stores a block's outcome.
    fn close(
        &mut self,
        mut open: Open,
        height: u64,
        changes: Vec<Change>,
        interactions: u64,
        applied: Result<Option<Update>, Nearness>,
    ) {
        open.refused.sort_unstable_by_key(|refusal| refusal.delta);
        let refused =
            open.refused.iter().map(|refusal| Refused { delta: refusal.delta, reason: refusal.reason });
        self.head.snapshot.changes += changes.len() as u64;
        let record = Record {
            height,
            previous: self.head.record,
            block: open.id,
            changes,
            refused: refused.collect(),
            interactions,
            nodes: self.live.nodes(),
            edges: self.live.edges() as u64,
            pi: self.focus.digest(),
            bound: self.live.bound(),
            nearness: applied.as_ref().err().copied().unwrap_or(Nearness::Converged),
        };
        let whole = self.head.is_snapshot_due(height, record.edges).then(|| parts(&self.live));
        let is_whole = whole.is_some();
        let batch = Arc::new(self.head.store(&record, &self.focus, &self.live, whole));
        if is_whole && height > 0 {
            self.renew();
        }
        let digest = self.head.record;
        let ended = Ended { record, digest, refused: open.refused, update: applied.ok().flatten() };
        self.outputs.push_back(Output::Store(Arc::clone(&batch)));
        self.stage = Stage::Storing(batch, ended);
    }

    /// Begins anew with the graph and its masses, as whoever restores them does.
    fn renew(&mut self) {
        let options = self.head.settings.options();
        let resumed = self.live.to_edges().map_err(LiveError::from).and_then(|edges| {
            Live::resume(edges, options, self.head.settings.nodes_max, self.live.masses().to_vec())
        });
        match resumed {
            Ok(live) => self.live = live,
            // It is the graph that it was a moment ago.
            Err(error) => unreachable!("a graph stays one: {error}"),
        }
    }

    /// What is to be done for each change that nothing is wrong with, with its place in the block.
    fn resolve(&self, open: &mut Open, values: &[Option<Result<u32, Reason>>]) -> Vec<(u32, Change)> {
        let settings = &self.head.settings;
        let has_stakes = !self.live.stakes().is_empty();
        let mut unread = alloc::vec![false; open.deltas.len()];
        open.refused.iter().for_each(|refusal| unread[refusal.delta as usize] = true);
        let (mut nodes, mut edges) = (self.live.nodes(), self.live.edges());
        let mut changes = Vec::new();
        for (at, delta) in open.deltas.iter().enumerate().filter(|(at, _)| !unread[*at]) {
            let change = match delta {
                Delta::Add { from, to, stake, weight } => {
                    let value = match (weight, values[at]) {
                        (Weight::Number(number), _) => Ok(*number),
                        (Weight::Term(_), Some(value)) => {
                            value.map(|value| u64::from(value) << rank::WEIGHT_BITS)
                        }
                        (Weight::Term(_), None) => Err(Reason::Unread),
                    };
                    let greatest = (*from).max(*to);
                    value.and_then(|value| {
                        let weight = value.checked_mul(*stake).ok_or(Reason::TooHeavy)?;
                        if weight == 0 {
                            return Err(Reason::Zero);
                        }
                        if greatest >= settings.nodes_max {
                            return Err(Reason::OutOfRange);
                        }
                        if edges >= EDGES_MAX {
                            return Err(Reason::GraphFull);
                        }
                        // As many as there can be by now: whether it was there already is not looked at.
                        edges += 1;
                        nodes = nodes.max(greatest + 1);
                        Ok(Change::Edge { from: *from, to: *to, weight })
                    })
                }
                Delta::Remove { from, to } if (*from).max(*to) >= nodes => Err(Reason::NoSuchNode),
                Delta::Remove { from, to } => Ok(Change::Edge { from: *from, to: *to, weight: 0 }),
                Delta::Stake { .. } if !has_stakes => Err(Reason::NoStakes),
                Delta::Stake { node, .. } if *node >= settings.nodes_max => Err(Reason::OutOfRange),
                Delta::Stake { node, stake } => {
                    nodes = nodes.max(*node + 1);
                    Ok(Change::Stake { node: *node, stake: *stake })
                }
            };
            match change {
                Ok(change) => changes.push((at as u32, change)),
                Err(reason) => open.refused.push(Refusal { delta: at as u32, reason, error: None }),
            }
        }
        changes
    }
}

/// Reads a block's terms.
fn open(block: Block, settings: &Settings) -> Result<Open, BlockError> {
    block.check()?;
    let id = block.id();
    let mut library = Library::read(&block.book).map_err(BlockError::Book)?;
    let (mut terms, mut of_terms, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (at, delta) in block.deltas.iter().enumerate() {
        let Delta::Add { weight: Weight::Term(text), .. } = delta else { continue };
        match library.term(text) {
            Ok(term) => {
                terms.push(term);
                of_terms.push(at);
            }
            Err(error) => {
                refused.push(Refusal { delta: at as u32, reason: Reason::Unread, error: Some(error) });
            }
        }
    }
    let weighing = (!terms.is_empty()).then(|| Weighing::new(library, terms, settings));
    Ok(Open { id, deltas: block.deltas, weighing, of_terms, refused })
}
