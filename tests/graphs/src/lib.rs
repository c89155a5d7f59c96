//! Graphs to try things on: random ones from a seed, and those whose shape is hard.
//!
//! A graph is a number of nodes and a list of edges `[from, to]`, with whatever duplicates and self-loops its making gives. The same
//! arguments give the same graph on every machine.

use rank::{Edges, Graph, Teleport};

/// A number of nodes, and edges between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// What it is, with its measures.
    pub name: String,
    /// Ids are below this.
    pub nodes: u32,
    /// From, to.
    pub edges: Vec<[u32; 2]>,
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): numbers that look random, from a seed.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Those of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// The next one below `limit`; 0 for 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        (((self.next_u64() >> 32) * u64::from(limit)) >> 32) as u32
    }
}

impl Shape {
    /// A shape of this name.
    pub fn new(name: impl Into<String>, nodes: u32, edges: impl IntoIterator<Item = [u32; 2]>) -> Self {
        Self { name: name.into(), nodes, edges: edges.into_iter().collect() }
    }

    /// Its edges, without weights.
    ///
    /// # Panics
    /// Where an edge is between nodes that it does not have.
    pub fn to_edges(&self) -> Edges {
        let mut edges = Edges::new();
        edges.nodes(self.nodes);
        self.edges.iter().for_each(|[from, to]| edges.push(*from, *to).expect("in range"));
        edges
    }

    /// Its edges with weights of all sizes, and nodes with stakes.
    ///
    /// # Panics
    /// As [`Shape::to_edges`].
    pub fn to_weighted(&self, teleport: Teleport) -> Edges {
        let mut numbers = Numbers::new(99);
        let mut edges = Edges::new();
        edges.nodes(self.nodes);
        for [from, to] in &self.edges {
            let weight = numbers.next_u64() >> (8 + numbers.below(50));
            edges.push_weighted(*from, *to, weight).expect("in range");
        }
        edges.stakes((0..self.nodes).map(|_| 1 + u64::from(numbers.below(1_000_000))).collect());
        edges.teleport(teleport);
        edges
    }

    /// The graph without weights.
    ///
    /// # Panics
    /// As [`Shape::to_edges`].
    pub fn to_graph(&self) -> Graph {
        Graph::new(self.to_edges()).expect("a shape is a graph")
    }

    /// The graph of [`Shape::to_weighted`].
    ///
    /// # Panics
    /// As [`Shape::to_edges`].
    pub fn to_weighted_graph(&self, teleport: Teleport) -> Graph {
        Graph::new(self.to_weighted(teleport)).expect("a shape is a graph")
    }
}

/// R-MAT (D. Chakrabarti, Y. Zhan, C. Faloutsos, 2004): 2^scale nodes, `degree` edges a node, quadrants by a=0.57, b=c=0.19, d=0.05, as Graph 500
/// has it; ids are shuffled, so that hubs are anywhere.
pub fn rmat(scale: u32, degree: u32, seed: u64) -> Shape {
    let nodes = 1_u32 << scale;
    let mut numbers = Numbers::new(seed);
    let mut names: Vec<u32> = (0..nodes).collect();
    for at in (1..nodes).rev() {
        names.swap(at as usize, numbers.below(at + 1) as usize);
    }
    let edges = (0..u64::from(nodes) * u64::from(degree)).map(|_| {
        let (mut from, mut to) = (0_u32, 0_u32);
        for _ in 0..scale {
            let (right, down) = match numbers.below(100) {
                0..57 => (0, 0),
                57..76 => (1, 0),
                76..95 => (0, 1),
                _ => (1, 1),
            };
            (from, to) = (from << 1 | down, to << 1 | right);
        }
        [names[from as usize], names[to as usize]]
    });
    Shape::new(format!("rmat-{scale}-{degree}"), nodes, edges)
}

/// `edges` edges between any two of `nodes` nodes.
pub fn uniform(nodes: u32, edges: usize, seed: u64) -> Shape {
    let mut numbers = Numbers::new(seed);
    let edges = (0..edges).map(|_| [numbers.below(nodes), numbers.below(nodes)]);
    Shape::new(format!("uniform-{nodes}"), nodes, edges)
}

/// A grid whose edges meet: each node to its right and to the one below.
pub fn torus(width: u32, height: u32) -> Shape {
    let at = |x: u32, y: u32| y % height * width + x % width;
    let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let edges = cells.flat_map(|(x, y)| [[at(x, y), at(x + 1, y)], [at(x, y), at(x, y + 1)]]);
    Shape::new(format!("torus-{width}x{height}"), width * height, edges)
}

/// 0 → 1 → 2 → …: the last one dangles.
pub fn path(nodes: u32) -> Shape {
    Shape::new(format!("path-{nodes}"), nodes, (1..nodes).map(|node| [node - 1, node]))
}

/// 0 → 1 → … → 0: mass never mixes.
pub fn cycle(nodes: u32) -> Shape {
    Shape::new(format!("cycle-{nodes}"), nodes, (0..nodes).map(|node| [node, (node + 1) % nodes]))
}

/// All nodes to node 0, and it to all.
pub fn star(nodes: u32) -> Shape {
    Shape::new(format!("star-{nodes}"), nodes, (1..nodes).flat_map(|node| [[node, 0], [0, node]]))
}

/// All nodes to node 0, which dangles.
pub fn sink(nodes: u32) -> Shape {
    Shape::new(format!("sink-{nodes}"), nodes, (1..nodes).map(|node| [node, 0]))
}

/// `left` nodes, each to all of `right` others and back: of period two.
pub fn bipartite(left: u32, right: u32) -> Shape {
    let pairs = (0..left).flat_map(|a| (0..right).map(move |b| (a, left + b)));
    Shape::new(format!("bipartite-{left}-{right}"), left + right, pairs.flat_map(|(a, b)| [[a, b], [b, a]]))
}

/// Parts that know nothing of each other: a cycle, a star, a path, and nodes without any edge.
pub fn disconnected(part: u32) -> Shape {
    let move_by = |shape: Shape, by: u32| shape.edges.into_iter().map(move |[from, to]| [from + by, to + by]);
    let edges = move_by(cycle(part), 0).chain(move_by(star(part), part)).chain(move_by(path(part), 2 * part));
    Shape::new(format!("disconnected-{part}"), 4 * part, edges)
}

/// A chain of `period` layers of `width` nodes, each layer to all of the next and the last to the first.
pub fn periodic(period: u32, width: u32) -> Shape {
    let layers =
        (0..period).flat_map(|layer| (0..width).flat_map(move |a| (0..width).map(move |b| (layer, a, b))));
    let edges = layers.map(|(layer, a, b)| [layer * width + a, (layer + 1) % period * width + b]);
    Shape::new(format!("periodic-{period}x{width}"), period * width, edges)
}

/// One of each, small enough for a test that runs in a browser.
pub fn gallery() -> Vec<Shape> {
    vec![
        rmat(10, 16, 1),
        uniform(1_000, 8_000, 2),
        torus(40, 25),
        path(500),
        cycle(300),
        star(1_000),
        sink(100),
        bipartite(30, 70),
        disconnected(200),
        periodic(5, 20),
        Shape::new("lone", 1, []),
        Shape::new("loop", 1, [[0, 0]]),
        Shape::new("empty", 0, []),
        Shape::new("dangling-only", 50, []),
    ]
}
