//! What of a ranked graph is drawn: the nodes of the greatest π, and edges between them.

use rank::{Focus, Graph};

/// Most edges that are drawn: more are a grey plane.
pub const EDGES_MAX: usize = 120_000;

/// A part of a graph, its nodes numbered by their place in π.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Part {
    /// The ids of its nodes, the greatest π first.
    pub nodes: Vec<u32>,
    /// Their π, each a part of the greatest.
    pub sizes: Vec<f32>,
    /// Edges between them, by their places here. No loops; of a pair that leads both ways, one.
    pub edges: Vec<[u32; 2]>,
    /// How many such edges there are in all.
    pub of_edges: u64,
}

/// The `nodes_max` nodes of the greatest π, with up to `edges_max` edges: those that lead to the first nodes first.
pub fn part(graph: &Graph, focus: &Focus, nodes_max: usize, edges_max: usize) -> Part {
    let top = focus.top(nodes_max);
    let greatest = top.first().map_or(1, |(_, units)| (*units).max(1)) as f32;
    let mut places = vec![u32::MAX; graph.nodes() as usize];
    (0..).zip(&top).for_each(|(place, (node, _))| places[*node as usize] = place);
    let mut edges = Vec::new();
    for (node, sources) in graph.rows() {
        let to = places[node as usize];
        if to == u32::MAX {
            continue;
        }
        let from = sources.map(|source| places[source as usize]);
        edges.extend(
            from.filter(|from| *from != u32::MAX && *from != to).map(|from| [to.min(from), to.max(from)]),
        );
    }
    edges.sort_unstable();
    edges.dedup();
    let of_edges = edges.len() as u64;
    edges.truncate(edges_max);
    Part {
        sizes: top.iter().map(|(_, units)| *units as f32 / greatest).collect(),
        nodes: top.into_iter().map(|(node, _)| node).collect(),
        edges,
        of_edges,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rank::{Edges, Options, solve};

    #[test]
    fn the_first_nodes_are_drawn_with_the_edges_between_them() {
        let mut edges = Edges::new();
        for (from, to) in [(0, 1), (1, 0), (2, 1), (3, 1), (3, 3), (1, 4), (4, 2)] {
            edges.push(from, to).expect("in range");
        }
        let graph = Graph::new(edges).expect("a graph");
        let focus = solve(&graph, Options::default()).focus;
        let all = part(&graph, &focus, 100, 100);
        assert_eq!(all.nodes.len(), 5);
        assert_eq!(all.nodes[0], focus.top(1)[0].0);
        assert_eq!(all.sizes[0], 1.0);
        assert!(all.sizes.is_sorted_by(|a, b| a >= b));
        // Both ways is one line, and a loop none.
        assert_eq!((all.edges.len(), all.of_edges), (5, 5));
        let few = part(&graph, &focus, 2, 1);
        assert!(few.nodes.len() == 2 && few.edges.len() == 1 && few.edges[0] == [0, 1]);
        assert_eq!(part(&graph, &focus, 5, 2).of_edges, 5);
        let empty = Graph::new(Edges::new()).expect("a graph");
        assert_eq!(part(&empty, &solve(&empty, Options::default()).focus, 5, 5), Part::default());
    }
}
