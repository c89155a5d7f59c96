//! What somebody wants to be ranked, and the graph cut for it.

use crate::message::NAME_BYTES_MAX;
use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use borsh::{BorshDeserialize, BorshSerialize};
use codec::{ContentId, Wire, encode};
use core::fmt;
use rank::{Alpha, Edges, Epsilon, Graph, Hub, Options, Part, ROUNDS_MAX, assign};

/// Most parts of a graph that goes over the network.
pub const SHARDS_MAX: u32 = 64;
/// Most bytes of a graph's file, as it was sent.
pub const GRAPH_BYTES_MAX: usize = 64 << 20;
/// Bytes of a graph's file under one key.
pub(crate) const CHUNK_BYTES: usize = 8 << 20;
/// Most bytes of it once it is unpacked.
pub const UNPACKED_BYTES_MAX: u64 = 512 << 20;
/// Most nodes of a graph that goes over the network.
pub const NODES_MAX: u32 = 1 << 24;
/// Most edges that are listed. A cut takes about 64 bytes of memory for each, those that grow included: two gibibytes.
pub const EDGES_MAX: usize = 1 << 25;
/// Most bytes of all parts of a graph.
pub const PARTS_BYTES_MAX: u64 = 512 << 20;
/// Longest time that a ranking may take, in milliseconds: a day.
pub const PATIENCE_MS_MAX: u64 = 24 * 3_600_000;

/// How a graph's file is written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Written {
    /// Two ids a line.
    EdgeList,
    /// Comma-separated values.
    Csv,
    /// Matrix Market.
    Mtx,
}

/// A ranking that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// For people.
    pub name: String,
    /// How the file is written.
    pub written: Written,
    /// [`Alpha::parts`].
    pub alpha: u32,
    /// [`Epsilon::units`].
    pub epsilon: u64,
    /// [`Options::rounds_max`].
    pub rounds_max: u32,
    /// How many nodes there are, where ids do not say; 0 for as many as they do.
    pub nodes: u32,
    /// Whether weights in the file count.
    pub ignore_weights: bool,
    /// Into how many parts the graph is cut.
    pub shards: u32,
    /// Whether the heavy node goes on alone while no light node holds a part.
    pub alone: bool,
    /// After how many milliseconds to give up.
    pub patience_ms: u64,
}

impl Wire for Order {
    const BYTES_MAX: usize = 512;
}

/// Why an order is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderError {
    /// Its name is empty, longer than [`NAME_BYTES_MAX`], or has control characters.
    Name,
    /// ε is none.
    Epsilon,
    /// Rounds are not 1 to [`ROUNDS_MAX`].
    Rounds,
    /// Nodes are more than [`NODES_MAX`].
    Nodes,
    /// Parts are not 1 to [`SHARDS_MAX`].
    Shards,
    /// The time is none, or longer than [`PATIENCE_MS_MAX`].
    Patience,
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "`name`: 1 to {NAME_BYTES_MAX} bytes without control characters"),
            Self::Epsilon => f.write_str("`eps`: above 0, and at most 2"),
            Self::Rounds => write!(f, "`rounds`: 1 to {ROUNDS_MAX}"),
            Self::Nodes => write!(f, "`nodes`: at most {NODES_MAX}"),
            Self::Shards => write!(f, "`shards`: 1 to {SHARDS_MAX}"),
            Self::Patience => f.write_str("`patience`: at least a second, and at most a day"),
        }
    }
}

impl core::error::Error for OrderError {}

impl Order {
    /// Whether it can be taken.
    ///
    /// # Errors
    /// [`OrderError`] for the first field that cannot.
    pub fn check(&self) -> Result<(), OrderError> {
        let name = &self.name;
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(OrderError::Name);
        }
        if Epsilon::of_units(self.epsilon).is_none() {
            return Err(OrderError::Epsilon);
        }
        if !(1..=ROUNDS_MAX).contains(&self.rounds_max) {
            return Err(OrderError::Rounds);
        }
        if self.nodes > NODES_MAX {
            return Err(OrderError::Nodes);
        }
        if !(1..=SHARDS_MAX).contains(&self.shards) {
            return Err(OrderError::Shards);
        }
        if !(1_000..=PATIENCE_MS_MAX).contains(&self.patience_ms) {
            return Err(OrderError::Patience);
        }
        Ok(())
    }

    /// The name of this ranking of this file: the same for everybody who orders the same.
    pub fn id(&self, graph: ContentId) -> ContentId {
        let mut bytes = encode(self);
        bytes.extend_from_slice(graph.digest());
        ContentId::of(&bytes)
    }

    /// How it is solved.
    pub fn options(&self) -> Options {
        let epsilon = Epsilon::of_units(self.epsilon).unwrap_or(Epsilon::MILLIONTH);
        let rounds_max = self.rounds_max;
        Options { alpha: Alpha::of_parts(self.alpha), epsilon, rounds_max, guard: true }
    }
}

/// A graph's file, packed or not, named and in the pieces that a store takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphFile {
    pub(crate) id: ContentId,
    pub(crate) len: usize,
    pub(crate) chunks: Vec<Vec<u8>>,
}

impl GraphFile {
    /// Names and copies a file. It takes as long as the file is: not for a thread that others wait for.
    pub fn of(file: &[u8]) -> Self {
        let chunks = file.chunks(CHUNK_BYTES).map(<[u8]>::to_vec).collect();
        Self { id: ContentId::of(file), len: file.len(), chunks }
    }
}

/// A graph cut into parts.
#[derive(Debug, Clone)]
pub struct Cut {
    pub(crate) hub: Hub,
    pub(crate) parts: Vec<Slab>,
    pub(crate) facts: Facts,
}

/// A part as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Slab {
    pub(crate) bytes: Arc<[u8]>,
    /// What it costs its holder, by [`cost_bytes`].
    pub(crate) cost_bytes: u64,
    pub(crate) nodes: u32,
    pub(crate) edges: u32,
}

/// What a graph is like.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    BorshSerialize,
    BorshDeserialize,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Facts {
    /// Nodes.
    pub nodes: u32,
    /// Edges, duplicates merged.
    pub edges: u64,
    /// Edges as they were listed.
    pub edges_listed: u64,
    /// Nodes without edges to follow.
    pub dangling: u32,
    /// Whether edges of one node share its mass unequally.
    pub weighted: bool,
}

/// Cuts a graph as an order says. It takes as long as a few rounds: not for a thread that others wait for.
///
/// # Errors
/// Why that cannot be, in words.
pub fn cut(order: &Order, mut edges: Edges) -> Result<Cut, String> {
    if order.nodes > 0 {
        edges.nodes(order.nodes);
    }
    if edges.node_count() > NODES_MAX {
        let nodes = edges.node_count();
        return Err(format!(
            "{nodes} nodes, where at most {NODES_MAX} go over the network; rank it on one machine, or number them densely"
        ));
    }
    if edges.len() > EDGES_MAX {
        return Err(format!("more than {EDGES_MAX} edges are listed; rank it on one machine"));
    }
    let listed = edges.len() as u64;
    let graph = Graph::new(edges).map_err(|error| error.to_string())?;
    let facts = Facts {
        nodes: graph.nodes(),
        edges: graph.edges() as u64,
        edges_listed: listed,
        dangling: graph.dangling(),
        weighted: graph.is_weighted(),
    };
    let owners = assign(graph.nodes(), order.shards);
    let (hub, parts) = Hub::cut(&graph, order.options(), owners, order.shards).ok_or("too many parts")?;
    let parts = parts.iter().map(slab).collect();
    let cut = Cut { hub, parts, facts };
    let bytes: u64 = cut.parts.iter().map(|part| part.bytes.len() as u64).sum();
    if bytes > PARTS_BYTES_MAX {
        return Err(format!(
            "its parts have {bytes} bytes, where at most {PARTS_BYTES_MAX} go over the network; rank it on one machine"
        ));
    }
    Ok(cut)
}

/// Bytes that a part takes where it is held: what computes it, and its letter. No letter that follows, to its holder or from there, is longer than that.
pub(crate) const fn cost_bytes(footprint_bytes: u64, encoded: usize) -> u64 {
    footprint_bytes.saturating_add(encoded as u64)
}

fn slab(part: &Part) -> Slab {
    let rows = part.rows();
    let bytes = encode(part);
    Slab {
        cost_bytes: cost_bytes(part.footprint_bytes(), bytes.len()),
        bytes: bytes.into(),
        nodes: rows.nodes.len() as u32,
        edges: rows.sources.len() as u32,
    }
}
