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
    /// How many such edges there are in all. Where not all are here, a pair that leads both ways counts as two.
    pub of_edges: u64,
}

/// The `nodes_max` nodes of the greatest π, with up to `edges_max` edges: those that lead to the first nodes first.
pub fn part(graph: &Graph, focus: &Focus, nodes_max: usize, edges_max: usize) -> Part {
    let top = focus.top(nodes_max);
    let greatest = top.first().map_or(1, |(_, units)| (*units).max(1)) as f32;
    let mut places = vec![u32::MAX; graph.nodes() as usize];
    (0..).zip(&top).for_each(|(place, (node, _))| places[*node as usize] = place);
    // Most are dropped again on the way, so that a graph of any size takes no more memory than what is drawn of it.
    let room = edges_max.saturating_mul(4).max(1);
    let mut edges: Vec<[u32; 2]> = Vec::new();
    let (mut of_edges, mut last, mut is_whole) = (0, None, true);
    for (node, sources) in graph.rows() {
        let to = places[node as usize];
        if to == u32::MAX {
            continue;
        }
        for from in sources.map(|source| places[source as usize]) {
            if from == u32::MAX || from == to {
                continue;
            }
            of_edges += 1;
            let edge = [to.min(from), to.max(from)];
            if last.is_some_and(|last| edge > last) {
                continue;
            }
            edges.push(edge);
            if edges.len() > room {
                sorted(&mut edges);
                is_whole &= edges.len() <= edges_max;
                edges.truncate(edges_max);
                last = if is_whole { None } else { edges.last().copied() };
            }
        }
    }
    sorted(&mut edges);
    if is_whole {
        of_edges = edges.len() as u64;
    }
    edges.truncate(edges_max);
    Part {
        sizes: top.iter().map(|(_, units)| *units as f32 / greatest).collect(),
        nodes: top.into_iter().map(|(node, _)| node).collect(),
        edges,
        of_edges,
    }
}

/// Each edge once, those to the first nodes first.
fn sorted(edges: &mut Vec<[u32; 2]>) {
    edges.sort_unstable();
    edges.dedup();
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
        // What is dropped on the way is never among the first.
        for most in 0..5 {
            let first = part(&graph, &focus, 5, most);
            assert_eq!(first.edges, all.edges[..most]);
            assert!(first.of_edges == 5 || (most < 2 && first.of_edges == 6), "{most}: {}", first.of_edges);
        }
        let empty = Graph::new(Edges::new()).expect("a graph");
        assert_eq!(part(&empty, &solve(&empty, Options::default()).focus, 5, 5), Part::default());
    }
}
