//! What the page and the reckoner say to each other.

use serde::{Deserialize, Serialize};

/// From a view, or from the node's worker, to a reckoner of its own, which does one thing at a time: what is asked for ends what is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ToReckoner {
    /// Read a graph and rank it. Of a file, its `Blob` follows.
    Read {
        /// Where it is from.
        source: Source,
        /// How it is ranked.
        how: Ranking,
    },
    /// Rank the graph that was read last.
    Rank(Ranking),
    /// Reduce a program.
    Reduce {
        /// Its text.
        text: String,
        /// How.
        how: Reducing,
    },
    /// Stop what is under way, and answer with what there is.
    Stop,
    /// Open what computes here for other people's graphs, and say what it is: [`FromReckoner::Open`]. Nothing ends for that, nor for what follows.
    Open {
        /// What the person chose.
        by: PartsBy,
    },
    /// Of the time, this much is for other people's graphs from now on; all of it before that is said.
    Share {
        /// In percent.
        percent: u8,
    },
    /// Something to do for another node. One byte array: a `shards::Task`, encoded.
    Task,
}

impl ToReckoner {
    /// Whether it is something to do that ends what is under way.
    pub fn is_turn(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Rank(_) | Self::Reduce { .. })
    }
}

/// What computes parts of other people's graphs, as the person chooses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartsBy {
    /// A graphics card where there is one, else the processor.
    #[default]
    Automatic,
    /// WebGPU, also where the processor emulates it; the processor where there is none.
    Graphics,
    /// The processor.
    Processor,
}

/// What a tab's processor is called where it computes parts. Names say the kind of device and no more: everybody may read them.
pub const PROCESSOR: &str = "a tab’s processor";
/// What a graphics card is called.
pub const GRAPHICS: &str = "a tab’s WebGPU";
/// What WebGPU is called where the processor emulates it.
pub const EMULATED: &str = "a tab’s WebGPU, emulated";

/// A message, and which turn it asks for or is about: what was sent of the turn before may come after the next was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OfTurn<T> {
    /// The turn's number, from 1 on; 0 of none.
    pub turn: u32,
    /// The message.
    pub message: T,
}

/// Where a graph is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A file of the person's.
    File {
        /// Its name, whose ending says how edges are written.
        name: String,
    },
    /// The crates that this page is built of, each with an edge to those that it needs.
    Crates,
    /// Made up, of so many nodes, the same each time.
    MadeUp {
        /// How many.
        nodes: u32,
    },
}

/// How a graph is ranked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranking {
    /// Whether a GPU computes, where there is one that can.
    pub gpu: bool,
    /// How much mass follows edges, a decimal.
    pub alpha: String,
    /// How far π may be from the exact one, a decimal.
    pub epsilon: String,
    /// After how many rounds to give up.
    pub rounds_max: u32,
    /// How many nodes are listed.
    pub top: u32,
    /// How many nodes are drawn at most.
    pub drawn_max: u32,
    /// Whether the drawing is shown once it stands, and not before.
    pub still: bool,
}

/// How a program is reduced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reducing {
    /// Whether lazily; by what the program is where it is not said.
    pub lazy: Option<bool>,
    /// Of a superposition, how many terms are read, those with fewer choices first; none to show it as it is.
    pub collapse: Option<u32>,
    /// After how many interactions to give up.
    pub interactions_max: u64,
    /// Whether a GPU reduces nets, where there is one that can.
    pub gpu: bool,
}

/// From a reckoner to who started it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FromReckoner {
    /// The first message: what was sent before is lost, since nobody listened.
    Listening,
    /// So much of a file is read.
    Reading {
        /// Bytes of it.
        bytes: u64,
        /// Bytes that it has; none where they are unpacked, since nobody knows how many there will be.
        of: Option<u64>,
        /// Edges that were in them.
        edges: u64,
    },
    /// All of a graph is read.
    Read(GraphFacts),
    /// Rounds are done.
    Rounds(Vec<Round>),
    /// It is ranked.
    Ranked(Box<Ranked>),
    /// What is drawn of it. Four byte arrays of little-endian words: of each node its id, `u32`, the greatest π first; how large it is, `f32`
    /// from 0 to 1, the part of the greatest π that it has; its place, two `f32` of what is drawn in all; and of each edge
    /// both ends, `u32` among the nodes drawn.
    Drawing(Drawn),
    /// Nodes have moved. One byte array: their places.
    Moved {
        /// Whether they stay there.
        settled: bool,
    },
    /// So much of a program is reduced.
    Reducing(Reduced),
    /// It is reduced, or stopped.
    Reduced(Box<Outcome>),
    /// The answer to [`ToReckoner::Open`].
    Open {
        /// What computes: [`PROCESSOR`], [`GRAPHICS`] or [`EMULATED`].
        device: String,
    },
    /// What came of a [`ToReckoner::Task`]. One byte array: a `shards::Done`, encoded.
    Done,
    /// What was asked for cannot be, or was stopped before there was anything: words for a person, of one line or with the lines that a caret
    /// points into.
    Refused {
        /// The words.
        detail: String,
    },
    /// The reckoner itself has failed and does nothing any more.
    Failed {
        /// Its words.
        detail: String,
    },
}

/// A graph, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraphFacts {
    /// Nodes.
    pub nodes: u32,
    /// Edges, duplicates merged.
    pub edges: u64,
    /// Edges that were listed.
    pub listed: u64,
    /// Nodes without an edge to follow.
    pub dangling: u32,
    /// Whether edges share unequally.
    pub weighted: bool,
    /// How long reading and arranging took, in milliseconds.
    pub ms: f64,
}

/// What is known after a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Which, from 1 on.
    pub round: u32,
    /// How far π is from the exact one at most, a part of all mass; none as long as nothing is known.
    pub bound: Option<f64>,
    /// By how much the round changed π.
    pub change: f64,
}

/// A node among the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its id.
    pub node: u32,
    /// Its name, where the graph has any.
    pub name: Option<String>,
    /// What it holds, a decimal.
    pub pi: String,
    /// The same in units of 2⁻⁵⁸.
    pub units: u64,
}

/// What came of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Whether it converged.
    pub converged: bool,
    /// How it ended, in words.
    pub verdict: String,
    /// Rounds.
    pub rounds: u32,
    /// How far π is from the exact one at most, a decimal; none if nothing is known.
    pub bound: Option<String>,
    /// An estimate of the spectral gap.
    pub gap: f64,
    /// By how many units all mass differs from 2⁵⁸.
    pub mass_error: u64,
    /// The name of π.
    pub digest: String,
    /// What computed it.
    pub device: String,
    /// Whether that is a GPU.
    pub by_gpu: bool,
    /// Why no GPU did, where one was asked for.
    pub gpu_error: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// The first nodes.
    pub top: Vec<Place>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Of how many nodes.
    pub nodes: u32,
    /// Of how many nodes of the graph these are.
    pub of_nodes: u32,
    /// How many edges.
    pub edges: u32,
    /// Of how many edges between the nodes drawn.
    pub of_edges: u64,
    /// Names of the first nodes, where the graph has any.
    pub names: Vec<String>,
}

/// What was done of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reduced {
    /// Interactions.
    pub interactions: u64,
    /// How long it took, in milliseconds.
    pub ms: f64,
}

/// What came of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it was reduced: `lazy` or `strict`.
    pub mode: String,
    /// What reduced it.
    pub device: String,
    /// Why no GPU did, where one was asked for.
    pub gpu_error: Option<String>,
    /// Its results; one, but for what was collapsed or has none.
    pub results: Vec<String>,
    /// Whether the last one's text is longer than it may be.
    pub is_cut: bool,
    /// Interactions by their opcodes' names.
    pub opcodes: Vec<(String, u64)>,
    /// All of them, and how long they took.
    pub reduced: Reduced,
    /// What went wrong, for people.
    pub trouble: Option<String>,
    /// Whether the person stopped it.
    pub stopped: bool,
}
