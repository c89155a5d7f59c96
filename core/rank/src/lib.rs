//! The focus vector π of a graph, in exact fixed-point: the same bits from every machine.
//!
//! π says how much attention each node of a graph deserves: the share of all mass that it holds when mass follows edges, and now and then
//! teleports. It solves
//!
//! π = α·(Pᵀπ + dangling·v) + (1 − α)·v,  Σπ = 1,  pᵢⱼ = wᵢⱼ·tⱼ / Σₖ wᵢₖ·tₖ
//!
//! for edges of weight w between nodes of stake t, where v is where mass teleports to (all nodes alike, or by stake), and nodes without
//! edges ("dangling") teleport all they hold. This is PageRank with stakes.
//!
//! Networks commit to π, so machines have to agree on each bit, whatever their number of threads, their order of summation, their GPU.
//! So there is no floating point: mass is whole units of 2⁻⁵⁸, a node's contribution to its neighbours is rounded *down* to four bytes (27
//! bits and an exponent), sums are exact, and what rounding took returns by teleport. No unit is ever lost or made. `SPEC.md` defines it to
//! the bit, for other implementations.
//!
//! ```
//! use rank::{Edges, Graph, Options, Verdict, solve};
//!
//! let mut edges = Edges::new();
//! for (from, to) in [(0, 1), (1, 2), (2, 0), (3, 2)] {
//!     edges.push(from, to)?;
//! }
//! let graph = Graph::new(edges)?;
//! let ranking = solve(&graph, Options::default());
//! assert_eq!(ranking.verdict, Verdict::Converged);
//! assert_eq!(ranking.focus.top(1)[0].0, 2);
//! assert_eq!(ranking.focus.mass(), rank::ONE);
//! // ‖π − π*‖₁ ≤ 1e-6, and known to be:
//! assert!(ranking.report.bound <= Options::default().epsilon.units());
//! # Ok::<(), rank::GraphError>(())
//! ```
//!
//! # How to drive it
//! [`Reader`] reads edge lists, CSV and Matrix Market into [`Edges`]; [`Graph::new`] arranges them. [`solve`] takes the caller's thread,
//! [`solve_with`] as many as the shell lends through [`Workers`]; [`Solver`] goes round by round. [`Shard`] holds a part of a graph and
//! exchanges messages with the others; [`PartRounds`] do the same for a [`Hub`] in their midst, which hands on what they say. [`Offloaded`] lets a GPU do the rounds. [`Live`] keeps π while edges come and go. [`Focus::digest`] names π. [`cyberank()`] is a
//! relative to compare with.
//!
//! # When it stops
//! A small change in a round does not mean that π is near. What does: ‖π − π*‖₁ ≤ (δ + α·‖change‖₁)/(1 − α), with δ what rounding did, which is
//! counted. It stops once that is at most ε; see [`Report::bound`]. Else it ends in another [`Verdict`], after [`ROUNDS_MAX`] rounds at most.
//!
//! # Bounds
//! A graph has at most [`NODES_MAX`] nodes and [`EDGES_MAX`] edges, and takes memory for those that it has: a solve with even edges takes 4
//! bytes an edge and 24 a node, with weights 8 an edge and 24 a node, plus 8 a node where teleport goes by stake. Ids that a reader takes are
//! below its `nodes_max`, since one edge with a great id makes a great graph. A [`Shard`] keeps four messages of each other shard. A solve ends after
//! [`ROUNDS_MAX`] rounds.
//!
//! # Provided / Not provided
//! Provided: bits that depend on nothing but the graph and the options; a bound of the distance that holds, not an estimate; no panic and no
//! lost mass, whatever the graph. Not provided: defence against edges that somebody adds for their own rank, other than that stakes and
//! teleport by stake price them; secrecy of the graph.
//!
//! Follows: S. Brin, L. Page, "The anatomy of a large-scale hypertextual Web search engine" (1998); A. Langville, C. Meyer, "Deeper inside
//! PageRank" (2004) for dangling nodes and the convergence bound; F. Chung's local push (2006, with R. Andersen and K. Lang) for [`Live`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod course;
mod cyberank;
mod fixed;
mod focus;
mod graph;
mod hub;
mod live;
mod offloaded;
mod part;
mod read;
mod shard;
mod solve;
mod sweep;
mod workers;

pub use course::{Options, ROUNDS_MAX, Report, Verdict};
pub use cyberank::{CyberankOptions, cyberank};
pub use fixed::{Alpha, Epsilon, NumberError, ONE, WEIGHT_BITS, weight_from_decimal};
pub use focus::{Focus, SLICE_NODES, decimal};
pub use graph::{EDGES_MAX, Edges, Graph, GraphError, NODES_MAX, Teleport};
pub use hub::{Hub, Incredible};
pub use live::{Delta, Live, LiveError, Update, Way};
pub use offloaded::{Near, Offloaded, OffloadedPart, Wrong};
pub use part::{Impossible, PART_BYTES_MAX, Part, PartError, PartRounds, PartRows, Spread};
pub use read::{Format, ReadError, ReadOptions, ReadProblem, Reader};
pub use shard::{
    Message, Misbehaved, SHARDS_MAX, Shard, Sums as ShardSums, assign, murmur64a, shard_of, split,
};
pub use solve::{Ranking, Solver, solve, solve_with};
pub use workers::{Alone, Solves, Workers};
