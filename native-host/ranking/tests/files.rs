//! Real files: formats, gzip, what is wrong with them; and real threads.

use flate2::{Compression, write::GzEncoder};
use rank::{Format, Graph, Options, ReadOptions, solve, solve_with};
use ranking::{FileError, Threads, format_of, read_edges, read_graph, read_stakes};
use std::{fs, io::Write, path::Path};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn graphs_are_read_from_files_of_each_kind() {
    let folder = tempfile::tempdir().unwrap();
    let edge_list = "# three\n0 1\n1 2\n2 0\n";
    let market = "%%MatrixMarket matrix coordinate pattern general\n3 3 3\n1 2\n2 3\n3 1\n";
    let mut members = gzip("0 1\n1 ");
    members.extend(gzip("2\n2 0\n"));
    let files: [(&str, Vec<u8>); 6] = [
        ("graph.txt", edge_list.into()),
        ("graph.csv", "from,to\n0,1\n1,2\n2,0\n".into()),
        ("graph.mtx", market.into()),
        ("market.txt", market.into()),
        ("graph.txt.gz", gzip(edge_list)),
        ("members.gz", members),
    ];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let options = ReadOptions { format: format_of(&path), ..ReadOptions::default() };
        let edges = read_graph(&path, options).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(edges.iter().collect::<Vec<_>>(), [(0, 1, 1), (1, 2, 1), (2, 0, 1)], "{name}");
    }
    assert_eq!(format_of(Path::new("a/b.CSV.gz")), Format::Csv);
    assert_eq!(format_of(Path::new("web.gz")), Format::EdgeList);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.txt.gz");
    let mut bytes = gzip(&"0 1\n".repeat(5_000));
    bytes.truncate(bytes.len() / 2);
    fs::write(&path, bytes).unwrap();
    assert!(read_graph(&path, ReadOptions::default()).is_err());
    fs::write(&path, "0 1\n0 x\n").unwrap();
    let error = read_graph(&path, ReadOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("line 2: an id is not a whole number"), "{error}");
    assert!(read_graph(&folder.path().join("none"), ReadOptions::default()).is_err());
}

#[test]
fn stakes_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stakes.csv");
    fs::write(&path, "node,stake\n2,700\n# later\n0 18446744073709551615\n").unwrap();
    assert_eq!(read_stakes(&path, 4).unwrap(), [u64::MAX, 0, 700, 0]);
    for wrong in ["0 1\n0 2\n", "4 1\n", "0\n", "0 1 2\n", "0 -1\n", "0 1.5\n"] {
        fs::write(&path, wrong).unwrap();
        let error = read_stakes(&path, 4).unwrap_err().to_string();
        assert!(error.starts_with("line ") && error.contains("expected `node stake`"), "{wrong}: {error}");
    }
}

#[test]
fn threads_change_no_bit() {
    let shape = graphs::rmat(13, 16, 11);
    let mut edges = rank::Edges::new();
    shape.edges.iter().for_each(|[from, to]| edges.push(*from, *to).unwrap());
    let graph = Graph::new(edges).unwrap();
    let alone = solve(&graph, Options::default());
    for count in 1..=4 {
        assert_eq!(solve_with(&graph, Options::default(), &Threads::new(Some(count), 0)), alone);
    }
    assert_eq!(solve_with(&graph, Options::default(), &Threads::new(None, graph.edges())), alone);
}

#[test]
fn no_more_edges_are_read_than_may_be() {
    let read = |edges_max| read_edges(&mut "0 1\n1 2\n2 0\n".as_bytes(), ReadOptions::default(), edges_max);
    assert_eq!(read(3).unwrap().len(), 3);
    assert!(matches!(read(2), Err(FileError::Edges(2))));
}
