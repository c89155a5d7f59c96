//! Graphs to try the view on: a real one and a made-up one.

use rank::{Edges, GraphError};
use std::collections::BTreeMap;

/// What this page was built of, as cargo wrote it down.
const LOCKFILE: &str = include_str!("../../../Cargo.lock");

/// Edges that each node of the made-up graph begins with.
const LINKS: u32 = 3;

/// A graph whose nodes have names.
#[derive(Debug)]
pub struct Named {
    /// Its edges.
    pub edges: Edges,
    /// The name of each node.
    pub names: Vec<String>,
}

/// The crates of this project and of all that it needs: an edge from each to those that it needs, by the lockfile that the page was built with.
///
/// # Errors
/// Never, for a lockfile of fewer than four billion crates.
pub fn crates() -> Result<Named, GraphError> {
    named(LOCKFILE)
}

/// Reads a lockfile: of each `[[package]]` its name, version and dependencies, one a line, as cargo writes them.
fn named(lockfile: &str) -> Result<Named, GraphError> {
    let text = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let mut packages: Vec<(String, String, Vec<String>)> = Vec::new();
    for line in lockfile.lines() {
        match (line.split(' ').next(), packages.last_mut()) {
            (Some("[[package]]"), _) => packages.push(Default::default()),
            (Some("name"), Some(package)) => package.0 = text(line),
            (Some("version"), Some(package)) => package.1 = text(line),
            // A dependency stands alone in its line, indented.
            (Some(""), Some(package)) => package.2.push(text(line)),
            _ => {}
        }
    }
    let mut by_name: BTreeMap<String, u32> = BTreeMap::new();
    for (node, (name, version, _)) in (0..).zip(&packages) {
        by_name.insert(name.clone(), node);
        by_name.insert(format!("{name} {version}"), node);
    }
    let mut edges = Edges::new();
    edges.nodes(packages.len() as u32);
    for (from, (_, _, needs)) in (0..).zip(&packages) {
        for need in needs {
            // Where it names a source too, name and version come first.
            let plain = need.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
            if let Some(to) = by_name.get(need).or_else(|| by_name.get(&plain)) {
                edges.push(from, *to)?;
            }
        }
    }
    Ok(Named {
        edges,
        names: packages.into_iter().map(|(name, version, _)| format!("{name} {version}")).collect(),
    })
}

/// A graph that grew: each node links to three before it, the likelier the more links they have (A.-L. Barabási, R. Albert, "Emergence of scaling in
/// random networks", 1999). The same each time.
///
/// # Errors
/// Never, for fewer than a billion nodes.
pub fn grown(nodes: u32) -> Result<Edges, GraphError> {
    let mut edges = Edges::new();
    edges.nodes(nodes);
    // SplitMix64 (G. Steele, D. Lea, C. Flood, 2014).
    let mut state = 0x5eed_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ z >> 31) * limit as u128) >> 64) as usize
    };
    // Each end of each edge once: an end drawn from here is a node by how many links it has.
    let mut ends: Vec<u32> = vec![0];
    for node in 1..nodes {
        for _ in 0..LINKS.min(node) {
            let to = ends[below(ends.len())];
            edges.push(node, to)?;
            ends.push(to);
        }
        ends.push(node);
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rank::{Graph, Options, solve};

    #[test]
    fn a_lockfile_is_read_as_a_graph() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 2.0.0\",\n \"c\",\n]\n\n\
            [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"c\"\nversion = \"0.1.0\"\n\
            source = \"registry+https://nowhere\"\nchecksum = \"00\"\n";
        let graph = named(text).expect("a graph");
        assert_eq!(graph.names, ["a 1.0.0", "b 1.0.0", "b 2.0.0", "c 0.1.0"]);
        assert_eq!(graph.edges.iter().map(|(from, to, _)| (from, to)).collect::<Vec<_>>(), [(0, 2), (0, 3)]);
    }

    #[test]
    fn the_crates_of_this_project_are_a_graph() {
        let Named { edges, names } = crates().expect("a graph");
        let node = |name: &str| {
            let node = names.iter().position(|known| known.starts_with(&format!("{name} ")));
            node.expect("it is there") as u32
        };
        let needs = |from: &str, to: &str| edges.iter().any(|(a, b, _)| (a, b) == (node(from), node(to)));
        // As their manifests say.
        assert!(needs("reckoner", "rank") && needs("rank", "codec") && !needs("codec", "rank"));
        assert!(names.len() > 100 && edges.len() > names.len());
    }

    #[test]
    fn what_grows_has_hubs_and_is_the_same_each_time() {
        let graph = |nodes| Graph::new(grown(nodes).expect("edges")).expect("a graph");
        let ranking = solve(&graph(2_000), Options::default());
        assert_eq!(ranking, solve(&graph(2_000), Options::default()));
        let (first, units) = ranking.focus.top(1)[0];
        assert!(first < 20 && units > rank::ONE / 100, "{first} holds {units}");
        assert_eq!(graph(1).nodes(), 1);
        assert_eq!(graph(0).nodes(), 0);
    }
}
