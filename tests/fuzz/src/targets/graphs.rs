//! Graphs and their changes as text.

use super::Target;
use rank::{
    Delta, Edges, Format, Graph, GraphError, Live, LiveError, ONE, Options, ReadOptions, Reader, solve,
};

/// The greatest graph that a fuzzer may ask for.
const NODES_MAX: u32 = 512;

pub(super) const GRAPH: Target = Target {
    name: "graph",
    about: "a graph as an edge list, CSV or Matrix Market, by the first byte; then its π",
    run: run_graph,
    seeds: || {
        vec![
            b"L# from to\n0 1\n1\t2\r\n\n2 0".to_vec(),
            b"L0 1 0.5\n1 0 1e3\n1 1 4294967295.9\n".to_vec(),
            b"L0 1 nan\n".to_vec(),
            b"L0 511\n511 511\n".to_vec(),
            b"L0 4294967295\n".to_vec(),
            b"Cfrom,to,weight\n0,1,3\n\"2\", \"1\" ,0.000000001\n".to_vec(),
            b"M%%MatrixMarket matrix coordinate real symmetric\n% of three\n3 3 2\n2 1 0.25\n3 3 1\n"
                .to_vec(),
            b"M%%MatrixMarket matrix coordinate pattern general\n512 4 1\n512 4\n".to_vec(),
        ]
    },
};

fn run_graph(input: &[u8]) {
    let Some((kind, text)) = input.split_first() else { return };
    let format = match kind {
        b'C' => Format::Csv,
        b'M' => Format::MatrixMarket,
        _ => Format::EdgeList,
    };
    let options = ReadOptions { format, ignore_weights: *kind == b'l', nodes_max: NODES_MAX };
    let read = |size: usize| {
        let mut reader = Reader::new(options);
        text.chunks(size).try_for_each(|piece| reader.push(piece)).and_then(|()| reader.finish())
    };
    let (whole, pieces) = (read(text.len().max(1)), read(3));
    let edges = match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert!(whole.iter().eq(pieces.iter()), "pieces make no difference");
            whole
        }
        (whole, pieces) => {
            assert_eq!(whole.err(), pieces.err(), "pieces make no difference");
            return;
        }
    };
    assert!(edges.node_count() <= NODES_MAX);
    match Graph::new(edges) {
        Ok(graph) => {
            let ranking = solve(&graph, Options { rounds_max: 50, ..Options::default() });
            assert_eq!(ranking.focus.mass(), if graph.nodes() > 0 { ONE } else { 0 });
        }
        Err(GraphError::TooHeavy { .. }) => {}
        Err(error) => panic!("what was read is a graph: {error}"),
    }
}

pub(super) const GRAPH_CHANGES: Target = Target {
    name: "graph-changes",
    about: "lines of changes to a small graph, with weights and stakes or without",
    run: run_changes,
    seeds: || {
        vec![
            b"P+ 0 1\n- 1 2\n\n+ 9 3\n".to_vec(),
            b"P+ 0 1 2\n".to_vec(),
            b"W+ 0 1 0.25\n= 3 18446744073709551615\n\n= 3 0\n+ 3 3\n# no more\n".to_vec(),
            b"W= 0 0\n= 1 0\n= 2 0\n= 3 0\n".to_vec(),
        ]
    },
};

fn run_changes(input: &[u8]) {
    let Some((kind, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let is_weighted = *kind == b'W';
    let mut edges = Edges::new();
    for (from, to) in [(0, 1), (1, 2), (2, 0), (3, 2)] {
        let added = if is_weighted { edges.push_weighted(from, to, 1 << 32) } else { edges.push(from, to) };
        added.expect("four edges");
    }
    if is_weighted {
        edges.stakes(vec![1, 2, 3, 4]);
    }
    let mut live = Live::new(edges, Options::default(), 64).expect("a small graph");
    let mut batch = Vec::new();
    for line in text.lines().take(64) {
        match Delta::read(line, is_weighted) {
            Ok(Some(delta)) => batch.push(delta),
            Ok(None) => {
                if let Err(LiveError::NotConverged(verdict)) = live.apply(&batch) {
                    panic!("{verdict}");
                }
                batch.clear();
            }
            Err(_) => {}
        }
    }
    assert_eq!(live.focus().mass(), ONE);
    assert!(live.bound() <= Options::default().epsilon.units());
}
