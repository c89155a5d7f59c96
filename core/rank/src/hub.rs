//! A graph cut into parts, and what somebody in their midst needs to hand on what they tell each other.

use crate::{
    course::{self, Course, Options, Report, Verdict},
    fixed::ONE,
    focus::Focus,
    graph::{self, Graph},
    part::{self, Part, PartRows},
    shard::{SHARDS_MAX, Sums},
    sweep,
};
use alloc::{sync::Arc, vec, vec::Vec};
use core::fmt;

/// No slot.
const NONE: u32 = u32::MAX;

/// Where a part's ghosts come from: for each, in the order of slots, the part that holds it and its place among that part's exports.
pub(crate) type Imports = Vec<(u32, u32)>;

/// The parts of a graph, each with where its ghosts come from. Ghosts stand by part, then by id.
pub(crate) fn cut(
    graph: &Graph,
    options: Options,
    owners: &[u32],
    shards: u32,
) -> Option<Vec<(Part, Imports)>> {
    let is_valid = (1..=SHARDS_MAX).contains(&shards)
        && owners.len() == graph.nodes() as usize
        && owners.iter().all(|owner| *owner < shards);
    if !is_valid {
        return None;
    }
    let mut own: Vec<Vec<u32>> = vec![Vec::new(); shards as usize];
    (0..).zip(owners).for_each(|(node, owner)| own[*owner as usize].push(node));
    let places = graph.slots();
    let mut slots = vec![NONE; owners.len()];
    let mut ghosts: Vec<Vec<u32>> = Vec::with_capacity(own.len());
    let mut parts: Vec<PartRows> = Vec::with_capacity(own.len());
    for (index, nodes) in (0..).zip(own) {
        let rows = |node: &u32| {
            let place = places[*node as usize] as usize;
            graph.offsets[place] as usize..graph.offsets[place + 1] as usize
        };
        let sources = |node: &u32| graph.sources[rows(node)].iter().map(|slot| graph.order[*slot as usize]);
        let strangers = nodes.iter().flat_map(sources).filter(|source| owners[*source as usize] != index);
        let mut strangers: Vec<u32> = strangers.collect();
        strangers.sort_unstable_by_key(|node| (owners[*node as usize], *node));
        strangers.dedup();
        (0..).zip(nodes.iter().chain(&strangers)).for_each(|(slot, node)| slots[*node as usize] = slot);
        let mut part = PartRows {
            alpha: options.alpha.parts(),
            is_weighted: graph.is_weighted(),
            node_count: graph.nodes(),
            ghosts: strangers.len() as u32,
            offsets: vec![0],
            outs: nodes.iter().map(|node| graph.outs[places[*node as usize] as usize]).collect(),
            ..PartRows::default()
        };
        for node in &nodes {
            part.shares.extend(graph.shares.get(rows(node)).unwrap_or_default());
            part.sources.extend(sources(node).map(|source| slots[source as usize]));
            part.offsets.push(part.sources.len() as u32);
        }
        if !graph.jumps.is_empty() {
            let jump = |node: &u32| [graph.jumps[*node as usize], graph.jumps[*node as usize + 1]];
            part.jumps = nodes.iter().map(jump).collect();
        }
        part.nodes = nodes;
        ghosts.push(strangers);
        parts.push(part);
    }
    // Whoever imports says what: what any of them wants is exported once.
    let mut wanted: Vec<Vec<u32>> = vec![Vec::new(); parts.len()];
    ghosts.iter().flatten().for_each(|node| wanted[owners[*node as usize] as usize].push(*node));
    for (part, wanted) in parts.iter_mut().zip(&mut wanted) {
        wanted.sort_unstable();
        wanted.dedup();
        (0..).zip(wanted.iter()).for_each(|(at, node)| slots[*node as usize] = at);
        let own = wanted.iter().filter_map(|node| part.nodes.binary_search(node).ok());
        part.exports = own.map(|slot| slot as u32).collect();
    }
    let imports = ghosts.into_iter().map(|ghosts| {
        ghosts.into_iter().map(|node| (owners[node as usize], slots[node as usize])).collect::<Imports>()
    });
    let parts = parts.into_iter().map(Part::new);
    parts.zip(imports).map(|(part, imports)| Some((part.ok()?, imports))).collect()
}

/// What some part gave that no part of this graph gives, or all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incredible;

impl fmt::Display for Incredible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the parts gave is more than all mass, or not of this graph")
    }
}

impl core::error::Error for Incredible {}

/// Whoever stands in the midst of the parts of one graph: it hands on contributions and judges rounds, and needs no edges for that.
///
/// Each round: [`Hub::teleport`] to all parts; their exports give [`Hub::ghosts`]; their sums go to [`Hub::judge`]. Once there is a verdict, what all
/// keep gives [`Hub::focus`]. The same bits as [`crate::solve`]'s.
///
/// Clones share all that is as large as the graph: one costs next to nothing, for a thread that does what takes long.
#[derive(Debug, Clone)]
pub struct Hub {
    course: Course,
    verdict: Option<Verdict>,
    cut: Arc<Seams>,
}

/// How a graph was cut.
#[derive(Debug)]
struct Seams {
    nodes: u32,
    is_weighted: bool,
    jumps: Vec<u64>,
    owners: Vec<u32>,
    parts: Vec<Ends>,
}

/// What goes in and out of a part.
#[derive(Debug, Clone)]
struct Ends {
    imports: Imports,
    /// How many of its edges lead from each ghost.
    edges: Vec<u32>,
    exports: usize,
    nodes: usize,
}

impl Hub {
    /// Cuts a graph into `shards` parts, where node `i` goes to part `owners[i]`; `None` unless there are 1 to [`SHARDS_MAX`] and one owner below that
    /// for each node.
    pub fn cut(graph: &Graph, options: Options, owners: Vec<u32>, shards: u32) -> Option<(Self, Vec<Part>)> {
        let cut = cut(graph, options, &owners, shards)?;
        let ends = cut.iter().map(|(part, imports)| Ends {
            imports: imports.clone(),
            edges: part.edges().split_off(part.rows().nodes.len()),
            exports: part.rows().exports.len(),
            nodes: part.rows().nodes.len(),
        });
        let hub = Self {
            course: Course::new(options, graph.nodes(), false),
            verdict: (graph.nodes() == 0).then_some(Verdict::Converged),
            cut: Arc::new(Seams {
                nodes: graph.nodes(),
                is_weighted: graph.is_weighted(),
                jumps: graph.jumps.clone(),
                parts: ends.collect(),
                owners,
            }),
        };
        Some((hub, cut.into_iter().map(|(part, _)| part).collect()))
    }

    /// Begins anew: before round 1.
    pub fn restart(&mut self) {
        self.course = Course::new(*self.course.options(), self.cut.nodes, false);
        self.verdict = (self.cut.nodes == 0).then_some(Verdict::Converged);
    }

    /// How many parts there are.
    pub fn shards(&self) -> usize {
        self.cut.parts.len()
    }

    /// How many nodes a part has.
    pub fn nodes_of(&self, shard: usize) -> usize {
        self.cut.parts.get(shard).map_or(0, |ends| ends.nodes)
    }

    /// How many contributions a part exports.
    pub fn exports_of(&self, shard: usize) -> usize {
        self.cut.parts.get(shard).map_or(0, |ends| ends.exports)
    }

    /// How many contributions a part imports.
    pub fn ghosts_of(&self, shard: usize) -> usize {
        self.cut.parts.get(shard).map_or(0, |ends| ends.imports.len())
    }

    /// Units that teleport in the round that comes next.
    pub fn teleport(&self) -> u64 {
        self.course.teleport()
    }

    /// What a part's ghosts contribute, out of what all parts export in a round.
    ///
    /// # Errors
    /// [`Incredible`] where there are not as many exports as there should be, or more mass than all comes to this part.
    pub fn ghosts(&self, shard: usize, exports: &[&[u32]]) -> Result<Vec<u32>, Incredible> {
        let ends = self.cut.parts.get(shard).ok_or(Incredible)?;
        let export = |(owner, at): &(u32, u32)| exports.get(*owner as usize)?.get(*at as usize).copied();
        let ghosts: Option<Vec<u32>> = ends.imports.iter().map(export).collect();
        let ghosts = ghosts.ok_or(Incredible)?;
        if part::mass(&ghosts, &ends.edges, self.cut.is_weighted) > u128::from(ONE) {
            return Err(Incredible);
        }
        Ok(ghosts)
    }

    /// Takes the sums of all parts in a round, with what dangled before it, and gives the verdict once there is one.
    ///
    /// # Errors
    /// [`Incredible`] where they are more than all mass; nothing has changed then.
    pub fn judge(&mut self, sums: &[Sums]) -> Result<Option<Verdict>, Incredible> {
        if self.verdict.is_none() {
            let (total, dangling) = total(sums).ok_or(Incredible)?;
            self.verdict = self.course.round(total, dangling).map_err(|course::Impossible| Incredible)?;
        }
        Ok(self.verdict)
    }

    /// How it ended, once it has.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// What is known so far.
    pub fn report(&self) -> Report {
        self.course.report()
    }

    /// π, from what the nodes of each part keep.
    ///
    /// # Errors
    /// [`Incredible`] where that is not all mass.
    pub fn focus(&self, kept: &[&[u64]]) -> Result<Focus, Incredible> {
        let teleport = self.course.teleport();
        let mut kept: Vec<_> = kept.iter().map(|kept| kept.iter()).collect();
        let mass = |(node, owner): (u32, &u32)| {
            let kept = kept.get_mut(*owner as usize)?.next()?;
            kept.checked_add(graph::jump(&self.cut.jumps, self.cut.nodes, teleport, node))
        };
        let values: Option<Vec<u64>> = (0..).zip(&self.cut.owners).map(mass).collect();
        Focus::from_units(values.ok_or(Incredible)?).ok_or(Incredible)
    }
}

/// What parts summed up together, and what dangled; `None` where that is more than any graph's.
pub(crate) fn total<'a>(sums: impl IntoIterator<Item = &'a Sums>) -> Option<(sweep::Sums, u64)> {
    sums.into_iter().try_fold((sweep::Sums::default(), 0_u64), |(total, dangling), sums| {
        let part = sweep::Sums { received: sums.received, kept: sums.kept, moved: sums.moved };
        Some((total.plus(part)?, dangling.checked_add(sums.dangling)?))
    })
}
