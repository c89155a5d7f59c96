//! π of a graph that changes: what a change disturbs is corrected where it is disturbed.
//!
//! Kept is not π but the x of x = α·Pᵀx + (1 − α)·v without what dangles: that mass is not returned, so that a change stays local. π is x scaled to
//! mass 1, since what teleport returns goes where all else of x comes from. With x goes the residual r = (1 − α)·v + α·Pᵀx − x, node by node. A
//! changed edge changes r at the neighbours of the node that it leaves. A *push* at a node moves its r into x, and α of it on to its
//! neighbours' r, so it shrinks. Then ‖x − x*‖₁ ≤ ‖r‖₁/(1 − α), and twice that, by ‖x‖₁, bounds ‖π − π*‖₁.

use crate::{
    course::{Options, Verdict},
    fixed::{Epsilon, ONE},
    focus::Focus,
    graph::{self, Edges, Graph, GraphError, NODES_MAX, Teleport},
    workers::{Alone, Solves},
};
use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};
use core::{fmt, mem};

/// Units by which an edge of a push may round.
const ROUNDING: u64 = 4;
/// A batch may look at so many times as many edges and nodes as there are, before a warm solve is the quicker way.
const WORK_MAX: u64 = 16;
/// How often roundings may pile up within a batch, so that all residues are computed anew.
const MEASURES_MAX: u32 = 8;
/// A batch of more edges than one in so many is better solved warm; of small graphs any batch is tried.
const BATCH_PART: usize = 1_000;
const BATCH_SMALL: usize = 10_000;

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta {
    /// There is an edge of this weight from `from` to `to`, and no other; weight 0: there is none. Where edges have no weights, 1 and 0.
    Edge {
        /// The node that it leaves.
        from: u32,
        /// The node that it leads to.
        to: u32,
        /// In the unit of the graph's weights.
        weight: u64,
    },
    /// A node has this stake.
    Stake {
        /// The node.
        node: u32,
        /// In the unit of the graph's stakes.
        stake: u64,
    },
}

/// How π was brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By pushes at the nodes that changed, and those that this disturbed.
    Pushed,
    /// By a solve that began with the π before.
    Solved,
}

/// What a batch of changes took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// The way it went.
    pub way: Way,
    /// Pushes.
    pub pushes: u64,
    /// Edges that pushes went along.
    pub edges: u64,
    /// Rounds of the solve, where there was one.
    pub rounds: u32,
    /// ‖π − π*‖₁ is at most so many units of 2⁻⁵⁸.
    pub bound: u64,
}

/// Why changes were not taken, or π not brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveError {
    /// The changed graph is none. Nothing has changed.
    Graph(GraphError),
    /// An edge's weight is neither 0 nor 1, where edges have none. Nothing has changed.
    NoWeights {
        /// The node that the edge leaves.
        from: u32,
        /// The node that it leads to.
        to: u32,
    },
    /// The graph has no stakes. Nothing has changed.
    NoStakes,
    /// Not one mass a node, or more than there can be.
    NotItsMasses,
    /// The changes are made, and π is not near enough.
    NotConverged(Verdict),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(error) => error.fmt(f),
            Self::NoWeights { from, to } => {
                write!(
                    f,
                    "edge {from} to {to} has a weight, and the graph's edges have none: 1 adds it, 0 takes it away"
                )
            }
            Self::NoStakes => f.write_str("the graph has no stakes: begin with some"),
            Self::NotItsMasses => f.write_str("the masses are not those of this graph"),
            Self::NotConverged(verdict) => verdict.fmt(f),
        }
    }
}

impl core::error::Error for LiveError {}

impl From<GraphError> for LiveError {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Out {
    to: u32,
    weight: u64,
    /// The edge's share of its source's mass, of 2⁶⁴.
    share: u64,
}

/// A graph that changes, and its π.
///
/// 24 bytes an edge and 60 a node; a warm solve takes what a solve takes besides.
#[derive(Debug, Clone)]
pub struct Live {
    options: Options,
    nodes_max: u32,
    work_max: u64,
    is_weighted: bool,
    /// One a node, or none at all.
    stakes: Vec<u64>,
    /// As the graph's.
    jumps: Vec<u64>,
    rows: Vec<Vec<Out>>,
    edges: usize,
    /// x, in units; below 0 by less than its error.
    mass: Vec<i64>,
    /// r, in units.
    residues: Vec<i64>,
    /// Σx
    total: i64,
    /// ‖r‖₁ as kept.
    residual: u64,
    /// By how much the true ‖r‖₁ may be more.
    error: u64,
    /// A push is worth it above this.
    threshold: u64,
    queue: VecDeque<u32>,
    is_queued: Vec<bool>,
}

impl Live {
    /// Solves a graph that will change, and may come to have `nodes_max` nodes.
    ///
    /// # Errors
    /// [`LiveError::Graph`] as [`Graph::new`]'s; [`LiveError::NotConverged`].
    pub fn new(edges: Edges, options: Options, nodes_max: u32) -> Result<Self, LiveError> {
        Self::new_with(edges, options, nodes_max, &Alone)
    }

    /// The same, with these workers, or whatever else solves.
    ///
    /// # Errors
    /// As [`Live::new`]'s.
    pub fn new_with(
        edges: Edges,
        options: Options,
        nodes_max: u32,
        solves: &impl Solves,
    ) -> Result<Self, LiveError> {
        let (mut live, graph) = Self::arranged(edges, options, nodes_max)?;
        live.solve(&graph, None, solves)?;
        live.settle(live.options.epsilon.units() / 4, None)?;
        Ok(live)
    }

    /// Goes on where another with this very graph was, whose [`Live::masses`] these are. What comes of later changes depends on the graph and the
    /// masses alone: not on the changes that led to them.
    ///
    /// # Errors
    /// [`LiveError::Graph`] as [`Graph::new`]'s; [`LiveError::NotItsMasses`].
    pub fn resume(
        edges: Edges,
        options: Options,
        nodes_max: u32,
        masses: Vec<i64>,
    ) -> Result<Self, LiveError> {
        let (mut live, _) = Self::arranged(edges, options, nodes_max)?;
        let total: u128 = masses.iter().map(|mass| u128::from(mass.unsigned_abs())).sum();
        if masses.len() != live.rows.len() || total > 2 * u128::from(ONE) {
            return Err(LiveError::NotItsMasses);
        }
        live.mass = masses;
        live.measure();
        Ok(live)
    }

    /// The graph, twice, and no π yet.
    fn arranged(edges: Edges, options: Options, nodes_max: u32) -> Result<(Self, Graph), LiveError> {
        let nodes = edges.node_count() as usize;
        let mut live = Self {
            options,
            nodes_max: nodes_max.min(NODES_MAX).max(edges.node_count()),
            work_max: WORK_MAX,
            is_weighted: edges.is_weighted(),
            stakes: edges.stake().0.cloned().unwrap_or_default(),
            jumps: Vec::new(),
            rows: alloc::vec![Vec::new(); nodes],
            edges: 0,
            mass: alloc::vec![0; nodes],
            residues: alloc::vec![0; nodes],
            total: 0,
            residual: 0,
            error: 0,
            threshold: 1,
            queue: VecDeque::new(),
            is_queued: alloc::vec![false; nodes],
        };
        for (from, to, weight) in edges.iter().filter(|(.., weight)| *weight > 0) {
            live.rows[from as usize].push(Out { to, weight, share: 0 });
        }
        let graph = Graph::new(edges)?;
        for (from, row) in (0..).zip(&mut live.rows) {
            row.sort_unstable_by_key(|out| out.to);
            let is_weighted = live.is_weighted;
            row.dedup_by(|next, first| {
                let same = next.to == first.to;
                // What carries anything fits: Graph::new has found out.
                first.weight = first.weight.saturating_add(if same && is_weighted { next.weight } else { 0 });
                same
            });
            live.edges += row.len();
            weigh(row, &live.stakes).ok_or(GraphError::TooHeavy { node: from })?;
        }
        live.jumps.clone_from(&graph.jumps);
        Ok((live, graph))
    }

    /// A batch may look at `times` as many edges and nodes as there are, before it is solved warm; 16 unless this says otherwise.
    pub fn work_max(&mut self, times: u64) {
        self.work_max = times;
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        self.rows.len() as u32
    }

    /// How many edges there are, with those that lead to nodes without stake.
    pub fn edges(&self) -> usize {
        self.edges
    }

    /// Makes these changes, in this order, and brings π up to date.
    ///
    /// # Errors
    /// [`LiveError`]; all but the last leave everything as it was.
    pub fn apply(&mut self, deltas: &[Delta]) -> Result<Update, LiveError> {
        self.apply_with(deltas, &Alone)
    }

    /// The same, with these workers for a warm solve, or whatever else solves.
    ///
    /// # Errors
    /// As [`Live::apply`]'s.
    pub fn apply_with(&mut self, deltas: &[Delta], solves: &impl Solves) -> Result<Update, LiveError> {
        let nodes = self.reach(deltas)?;
        let (rows, stakes) = self.changed(deltas, nodes)?;
        let by_stake = !self.jumps.is_empty();
        let jumps =
            if by_stake { graph::jumps(stakes.as_deref().unwrap_or(&self.stakes))? } else { Vec::new() };
        // From here on nothing fails but the solve.
        self.grow(nodes);
        let is_large = deltas.len() > BATCH_SMALL.max(self.edges / BATCH_PART);
        match stakes {
            None => rows.into_iter().for_each(|(from, row)| self.replace(from, row)),
            Some(stakes) => {
                for (from, row) in rows {
                    self.edges = self.edges + row.len() - self.rows[from as usize].len();
                    self.rows[from as usize] = row;
                }
                self.stakes = stakes;
                self.jumps = jumps;
                self.measure();
            }
        }
        let work_max = Some(self.work_max.saturating_mul((self.edges + self.rows.len()) as u64));
        let bound = self.bound();
        if bound <= self.options.epsilon.units() {
            return Ok(Update { way: Way::Pushed, pushes: 0, edges: 0, rounds: 0, bound });
        }
        // Further than it must, so that the next small changes cost nothing.
        let goal = self.options.epsilon.units() / 2;
        if !is_large && let Some(update) = self.settle(goal, work_max)? {
            return Ok(update);
        }
        let near = self.focus();
        let rounds = self.solve(&Graph::new(self.to_edges()?)?, Some(&near), solves)?;
        match self.settle(goal / 2, None)? {
            Some(update) => Ok(Update { way: Way::Solved, rounds, ..update }),
            None => Err(LiveError::NotConverged(Verdict::RoundsUsedUp)),
        }
    }

    /// How many nodes there will be.
    fn reach(&self, deltas: &[Delta]) -> Result<u32, LiveError> {
        let mut nodes = self.nodes();
        for delta in deltas {
            let greatest = match *delta {
                Delta::Edge { from, to, weight } if !self.is_weighted && weight > 1 => {
                    return Err(LiveError::NoWeights { from, to });
                }
                Delta::Edge { from, to, .. } => from.max(to),
                Delta::Stake { .. } if self.stakes.is_empty() && self.nodes() > 0 => {
                    return Err(LiveError::NoStakes);
                }
                Delta::Stake { node, .. } => node,
            };
            if greatest >= self.nodes_max {
                return Err(GraphError::OutOfRange { node: greatest, nodes: self.nodes_max }.into());
            }
            nodes = nodes.max(greatest + 1);
        }
        Ok(nodes)
    }

    /// The rows that change, and the stakes where they do: then all rows.
    #[expect(clippy::type_complexity, reason = "two results of one pass")]
    fn changed(
        &self,
        deltas: &[Delta],
        nodes: u32,
    ) -> Result<(BTreeMap<u32, Vec<Out>>, Option<Vec<u64>>), LiveError> {
        let mut rows: BTreeMap<u32, Vec<Out>> = BTreeMap::new();
        let mut stakes = None;
        let has_stakes = !self.stakes.is_empty();
        let grown = || {
            let mut stakes = self.stakes.clone();
            stakes.resize(nodes as usize, 0);
            stakes
        };
        if has_stakes && nodes > self.nodes() {
            stakes = Some(grown());
        }
        for delta in deltas {
            match *delta {
                Delta::Edge { from, to, weight } => {
                    let old = || self.rows.get(from as usize).cloned().unwrap_or_default();
                    let row = rows.entry(from).or_insert_with(old);
                    match (row.binary_search_by_key(&to, |out| out.to), weight) {
                        (Ok(at), 0) => {
                            row.remove(at);
                        }
                        (Ok(at), weight) => row[at].weight = weight,
                        (Err(_), 0) => {}
                        (Err(at), weight) => row.insert(at, Out { to, weight, share: 0 }),
                    }
                }
                Delta::Stake { node, stake } => stakes.get_or_insert_with(grown)[node as usize] = stake,
            }
        }
        if stakes.is_some() {
            for (from, row) in (0..).zip(&self.rows) {
                rows.entry(from).or_insert_with(|| row.clone());
            }
        }
        let weights = stakes.as_deref().unwrap_or(&self.stakes);
        for (from, row) in &mut rows {
            weigh(row, weights).ok_or(GraphError::TooHeavy { node: *from })?;
        }
        Ok((rows, stakes))
    }

    /// Makes room for so many nodes.
    fn grow(&mut self, nodes: u32) {
        let before = self.nodes();
        if nodes <= before {
            return;
        }
        let length = nodes as usize;
        self.rows.resize_with(length, Vec::new);
        self.mass.resize(length, 0);
        self.residues.resize(length, 0);
        self.is_queued.resize(length, false);
        if !self.jumps.is_empty() {
            // Stakes changed as well, so all is measured anew.
            return;
        }
        let rest = self.teleport_mass();
        for node in 0..nodes {
            let old = if node < before { graph::jump(&[], before, rest, node) } else { 0 };
            let new = graph::jump(&[], nodes, rest, node);
            self.add(node, new as i64 - old as i64);
        }
    }

    /// (1 − α), in units.
    fn teleport_mass(&self) -> u64 {
        ((u128::from(ONE) * u128::from(self.options.alpha.rest())) >> 32) as u64
    }

    /// Adds to a node's residue.
    fn add(&mut self, node: u32, units: i64) {
        let residue = &mut self.residues[node as usize];
        let before = residue.unsigned_abs();
        *residue += units;
        let now = residue.unsigned_abs();
        self.residual = self.residual + now - before;
        if now > self.threshold && !mem::replace(&mut self.is_queued[node as usize], true) {
            self.queue.push_back(node);
        }
    }

    /// α · units.
    fn follow(&self, units: i64) -> i64 {
        part_of(units, self.options.alpha.parts().into(), 32)
    }

    /// Adds to the residues of a row's nodes what `units` that follow it bring, times `sign`.
    fn along(&mut self, row: &[Out], units: i64, sign: i64) {
        for out in row {
            self.add(out.to, sign * part_of(units, out.share, 64));
        }
        self.error += ROUNDING * (row.len() as u64 + 1);
    }

    /// Gives a node another row.
    fn replace(&mut self, from: u32, row: Vec<Out>) {
        let units = self.follow(self.mass[from as usize]);
        let old = mem::take(&mut self.rows[from as usize]);
        self.along(&old, units, -1);
        self.along(&row, units, 1);
        self.edges = self.edges + row.len() - old.len();
        self.rows[from as usize] = row;
    }

    /// Computes all residues anew.
    fn measure(&mut self) {
        let (nodes, rest) = (self.nodes(), self.teleport_mass());
        self.residues.iter_mut().for_each(|residue| *residue = 0);
        (self.residual, self.error) = (0, 0);
        self.total = self.mass.iter().sum();
        self.threshold = u64::MAX;
        for node in 0..nodes {
            let jump = graph::jump(&self.jumps, nodes, rest, node);
            self.add(node, jump as i64 - self.mass[node as usize]);
        }
        for node in 0..nodes as usize {
            let units = self.follow(self.mass[node]);
            let row = mem::take(&mut self.rows[node]);
            self.along(&row, units, 1);
            self.rows[node] = row;
        }
        self.threshold = self.worth(self.options.epsilon.units() / 4);
        self.requeue();
    }

    /// Residues that add up to an allowable one are not worth a push.
    fn worth(&self, goal: u64) -> u64 {
        let nodes = self.rows.len() as u128;
        let epsilon = u128::from(goal).saturating_sub(2 * nodes);
        let total = self.total.max(1).unsigned_abs();
        let allowed =
            ((epsilon * u128::from(self.options.alpha.rest())) >> 33) * u128::from(total) / u128::from(ONE);
        (allowed / (2 * nodes.max(1))) as u64
    }

    fn requeue(&mut self) {
        for (node, residue) in (0..).zip(&self.residues) {
            if residue.unsigned_abs() > self.threshold
                && !mem::replace(&mut self.is_queued[node as usize], true)
            {
                self.queue.push_back(node);
            }
        }
    }

    /// ‖π − π*‖₁ is at most so many units: for what [`Live::focus`] gives.
    pub fn bound(&self) -> u64 {
        if self.rows.is_empty() {
            return 0;
        }
        let residual = 2 * (u128::from(self.residual) + u128::from(self.error));
        let of_total = (residual << 58).div_ceil(u128::from(self.total.max(1).unsigned_abs()));
        let bound = (of_total << 32).div_ceil(u128::from(self.options.alpha.rest()));
        u64::try_from(bound + 2 * self.rows.len() as u128).unwrap_or(u64::MAX)
    }

    /// Pushes until the bound is `goal`, or as near to that as pushes get; `None` where that takes more than `work_max` edges and nodes.
    fn settle(&mut self, goal: u64, work_max: Option<u64>) -> Result<Option<Update>, LiveError> {
        let (mut pushes, mut edges) = (0, 0);
        let mut measures = 0;
        loop {
            let bound = self.bound();
            if bound <= goal || measures > MEASURES_MAX && bound <= self.options.epsilon.units() {
                return Ok(Some(Update { way: Way::Pushed, pushes, edges, rounds: 0, bound }));
            }
            self.threshold = self.worth(goal);
            // The bound takes divisions: not after each push.
            for _ in 0..64 {
                let Some(node) = self.queue.pop_front() else { break };
                self.is_queued[node as usize] = false;
                edges += self.rows[node as usize].len() as u64;
                pushes += 1;
                self.push(node);
            }
            if work_max.is_some_and(|most| pushes + edges > most) {
                return Ok(None);
            }
            if self.queue.is_empty() && self.bound() > goal {
                self.requeue();
                if self.queue.is_empty() {
                    // Only roundings are left.
                    measures += 1;
                    if measures > MEASURES_MAX && self.bound() > self.options.epsilon.units() {
                        return Err(LiveError::NotConverged(Verdict::EpsilonTooSmall));
                    }
                    self.measure();
                }
            }
        }
    }

    fn push(&mut self, node: u32) {
        let units = mem::take(&mut self.residues[node as usize]);
        self.residual -= units.unsigned_abs();
        self.mass[node as usize] += units;
        self.total += units;
        let row = mem::take(&mut self.rows[node as usize]);
        let units = self.follow(units);
        self.along(&row, units, 1);
        self.rows[node as usize] = row;
    }

    /// Begins anew with what a solve finds, from `near` where there is one. Gives the rounds that it took.
    fn solve(&mut self, graph: &Graph, near: Option<&Focus>, solves: &impl Solves) -> Result<u32, LiveError> {
        // Part of what is allowed, so that pushes need not go on where it ends; and no less than rounds can tell, whose contributions lose up to 2⁻²⁶
        // of all mass twice, and change as much from one round to the next. Pushes are exact to the unit, and do the rest.
        let told =
            ((u128::from(self.options.alpha.parts()) << 34) / u128::from(self.options.alpha.rest())) as u64;
        let epsilon =
            Epsilon::of_units((self.options.epsilon.units() / 4).max(told)).unwrap_or(self.options.epsilon);
        let options = Options { epsilon, ..self.options };
        let ranking = solves.solve(graph, options, near);
        match ranking.verdict {
            // Pushes are exact to the unit, so they get further.
            Verdict::Converged | Verdict::EpsilonTooSmall => {}
            verdict => return Err(LiveError::NotConverged(verdict)),
        }
        let values = ranking.focus.values();
        let dangles = |node: usize| self.rows[node].iter().all(|out| out.share == 0);
        let dangling: u64 = (0..values.len()).filter(|node| dangles(*node)).map(|node| values[node]).sum();
        let rest = u128::from(self.teleport_mass());
        let teleport = rest + u128::from(self.options.alpha.of(dangling));
        for (mass, value) in self.mass.iter_mut().zip(values) {
            *mass = (u128::from(*value) * rest / teleport.max(1)) as i64;
        }
        self.queue.clear();
        self.is_queued.iter_mut().for_each(|is_queued| *is_queued = false);
        self.measure();
        Ok(ranking.report.rounds)
    }

    /// What each node holds of the x that π is a multiple of, in units: with the graph, all that [`Live::resume`] needs.
    pub fn masses(&self) -> &[i64] {
        &self.mass
    }

    /// The edges in order of where they leave and lead, and the weight of each.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, u64)> + '_ {
        let rows = (0_u32..).zip(&self.rows);
        rows.flat_map(|(from, row)| row.iter().map(move |out| (from, out.to, out.weight)))
    }

    /// Where mass goes that follows no edge.
    pub fn teleport(&self) -> Teleport {
        if self.jumps.is_empty() { Teleport::Uniform } else { Teleport::Stake }
    }

    /// What each node has at stake: one number a node, or none at all.
    pub fn stakes(&self) -> &[u64] {
        &self.stakes
    }

    /// The graph as it is now.
    ///
    /// # Errors
    /// [`GraphError`] where it has become larger than a graph can be.
    pub fn to_edges(&self) -> Result<Edges, GraphError> {
        let mut edges = Edges::new();
        edges.nodes(self.nodes());
        if self.is_weighted {
            edges.weighted();
        }
        for (from, row) in (0..).zip(&self.rows) {
            for out in row {
                if self.is_weighted {
                    edges.push_weighted(from, out.to, out.weight)?;
                } else {
                    edges.push(from, out.to)?;
                }
            }
        }
        if !self.stakes.is_empty() {
            edges.stakes(self.stakes.clone());
        }
        edges.teleport(self.teleport());
        Ok(edges)
    }

    /// π, within ε of the exact one. Which bits these are depends on the changes and their order, not on workers.
    pub fn focus(&self) -> Focus {
        let masses = || self.mass.iter().map(|mass| mass.max(&0).unsigned_abs());
        let total: u64 = masses().sum();
        if total == 0 {
            let jump = |node| graph::jump(&self.jumps, self.nodes(), ONE, node);
            return Focus::new((0..self.nodes()).map(jump).collect());
        }
        let mut values: Vec<u64> =
            masses().map(|mass| (u128::from(mass) * u128::from(ONE) / u128::from(total)) as u64).collect();
        let left = ONE - values.iter().sum::<u64>();
        // Less than a unit each.
        values.iter_mut().take(left as usize).for_each(|value| *value += 1);
        Focus::new(values)
    }
}

/// `units` · `part` / 2^`bits`, rounded towards 0, so that what is passed on is never more than what was there.
fn part_of(units: i64, part: u64, bits: u32) -> i64 {
    let size = ((u128::from(units.unsigned_abs()) * u128::from(part)) >> bits) as i64;
    if units < 0 { -size } else { size }
}

/// Computes the shares of a row's edges; `None` where the sum of weights times stakes is more than 128 bits hold.
fn weigh(row: &mut [Out], stakes: &[u64]) -> Option<()> {
    let part = |out: &Out| {
        let stake = if stakes.is_empty() { 1 } else { stakes.get(out.to as usize).copied().unwrap_or(0) };
        u128::from(out.weight) * u128::from(stake)
    };
    let whole = row.iter().try_fold(0_u128, |sum, out| sum.checked_add(part(out)))?;
    let surplus = (u128::BITS - whole.leading_zeros()).saturating_sub(64);
    for out in row {
        let part = part(out) >> surplus;
        let share = match (whole >> surplus) + u128::from(surplus > 0) {
            0 => 0,
            whole if part >= whole => u128::from(u64::MAX),
            whole => (part << 64) / whole,
        };
        out.share = share as u64;
    }
    Some(())
}

#[cfg(test)]
mod tests;
