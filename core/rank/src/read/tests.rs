use super::*;
use alloc::{string::ToString, vec, vec::Vec};

fn read(format: Format, text: &str) -> Result<Edges, ReadError> {
    // Whatever the pieces, the graph is the same.
    let whole = {
        let mut reader = Reader::new(ReadOptions { format, nodes_max: 1_000, ..ReadOptions::default() });
        reader.push(text.as_bytes()).and_then(|()| reader.finish())
    };
    for size in [1, 3, 7] {
        let mut reader = Reader::new(ReadOptions { format, nodes_max: 1_000, ..ReadOptions::default() });
        let pushed = text.as_bytes().chunks(size).try_for_each(|piece| reader.push(piece));
        let pieces = pushed.and_then(|()| reader.finish());
        match (&whole, &pieces) {
            (Ok(a), Ok(b)) => assert!(a.iter().eq(b.iter()) && a.node_count() == b.node_count()),
            (a, b) => assert_eq!(a.as_ref().err(), b.as_ref().err()),
        }
    }
    whole
}

fn list(format: Format, text: &str) -> Vec<(u32, u32, u64)> {
    read(format, text).unwrap().iter().collect()
}

fn said(format: Format, text: &str) -> alloc::string::String {
    read(format, text).unwrap_err().to_string()
}

#[test]
fn edge_lists_are_read() {
    let text = "# From To\r\n0\t1\r\n\r\n% more\n  12 3  \n";
    assert_eq!(list(Format::EdgeList, text), [(0, 1, 1), (12, 3, 1)]);
    assert_eq!(list(Format::EdgeList, "0 1 0.5\n1 2 2"), [(0, 1, 1 << 31), (1, 2, 2 << 32)]);
    assert_eq!(list(Format::EdgeList, "\u{feff}0 1"), [(0, 1, 1)]);
    assert_eq!(list(Format::EdgeList, ""), []);
}

#[test]
fn csv_is_read() {
    assert_eq!(
        list(Format::Csv, "from,to,weight\n0, 1,3\n\"4\",\"5\",1e0\n"),
        [(0, 1, 3 << 32), (4, 5, 1 << 32)]
    );
    assert_eq!(list(Format::Csv, "0,1\n1,0\n"), [(0, 1, 1), (1, 0, 1)]);
    assert!(said(Format::Csv, "0,1\nfrom,to\n").starts_with("line 2: an id is not a whole number"));
}

#[test]
fn matrix_market_is_read() {
    let general = "%%MatrixMarket matrix coordinate pattern general\n% a comment\n5 4 2\n1 2\n5 1\n";
    let edges = read(Format::MatrixMarket, general).unwrap();
    assert_eq!((edges.node_count(), edges.iter().collect::<Vec<_>>()), (5, vec![(0, 1, 1), (4, 0, 1)]));
    let symmetric = "%%matrixmarket Matrix coordinate real symmetric\n3 3 2\n2 1 0.25\n3 3 1\n";
    assert_eq!(list(Format::MatrixMarket, symmetric), [(1, 0, 1 << 30), (0, 1, 1 << 30), (2, 2, 1 << 32)]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let cases = [
        (Format::EdgeList, "0 1\n1\n", "line 2: 1 columns"),
        (Format::EdgeList, "0 1 2 3\n", "line 1: 4 columns"),
        (Format::EdgeList, "a b\n", "line 1: an id is not a whole number"),
        (Format::EdgeList, "-1 2\n", "line 1: an id is not a whole number"),
        (Format::EdgeList, "0 1000\n", "line 1: an id is above 999"),
        (Format::EdgeList, "0 99999999999999999999\n", "line 1: an id is above 999"),
        (Format::EdgeList, "0 1 nan\n", "line 1: the weight is not a finite number"),
        (Format::EdgeList, "0 1 -2\n", "line 1: the weight is negative"),
        (Format::EdgeList, "0 1 x\n", "line 1: the weight is not a number"),
        (Format::EdgeList, "0 1 1e-20\n", "line 1: the weight is too small"),
        (Format::EdgeList, "0 1 1\n0 2\n", "line 2: edges before have a weight"),
        (Format::EdgeList, "0 1\n0 2 1\n", "line 2: edges before have a weight"),
        (Format::MatrixMarket, "", "line 1: expected `%%MatrixMarket"),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix array real general\n",
            "line 1: expected `%%MatrixMarket",
        ),
        (Format::MatrixMarket, "%%MatrixMarket matrix coordinate complex general\n", "line 1: expected"),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate real general\n2 2\n",
            "line 2: expected the numbers",
        ),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate real general\n2000 2 1\n",
            "line 2: expected",
        ),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n",
            "line 3: an index is 0",
        ),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n",
            "line 3: an id is above 2",
        ),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate pattern general\n2 2 2\n1 1\n",
            "line 4: 2 entries were",
        ),
        (
            Format::MatrixMarket,
            "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 1\n1 2\n",
            "line 4: 1 entries",
        ),
    ];
    for (format, text, expected) in cases {
        let said = said(format, text);
        assert!(said.starts_with(expected), "{text:?}: {said}");
    }
    let mut reader = Reader::new(ReadOptions::default());
    assert_eq!(reader.push(&[b'1'; 5_000]).unwrap_err().problem, ReadProblem::LineTooLong);
    let mut reader = Reader::new(ReadOptions::default());
    assert_eq!(reader.push(b"0 \xff\n").unwrap_err().problem, ReadProblem::NotText);
}

#[test]
fn weights_can_be_ignored() {
    let mut reader = Reader::new(ReadOptions { ignore_weights: true, ..ReadOptions::default() });
    reader.push(b"0 1 -5\n1 2 2016-01-01 x\n").unwrap();
    assert_eq!(reader.finish().unwrap().iter().collect::<Vec<_>>(), [(0, 1, 1), (1, 2, 1)]);
}

#[test]
fn changes_are_read() {
    let edge = |from, to, weight| Ok(Some(Delta::Edge { from, to, weight }));
    assert_eq!(Delta::read("+ 1 2", false), edge(1, 2, 1));
    assert_eq!(Delta::read("+1 2", true), edge(1, 2, 1 << 32));
    assert_eq!(Delta::read("+ 1 2 0.5", true), edge(1, 2, 1 << 31));
    assert_eq!(Delta::read("+ 1 2 2", false), edge(1, 2, 2));
    assert_eq!(Delta::read("- 1 2", true), edge(1, 2, 0));
    assert_eq!(Delta::read("= 7 100", true), Ok(Some(Delta::Stake { node: 7, stake: 100 })));
    assert_eq!(Delta::read("  ", true), Ok(None));
    assert_eq!(Delta::read("# + 1 2", true), Ok(None));
    for wrong in ["1 2", "+ 1", "- 1 2 3", "= 1", "é 1 2", "+ 1 2 3 4"] {
        assert_eq!(Delta::read(wrong, true), Err(ReadProblem::NotADelta), "{wrong}");
    }
    assert_eq!(Delta::read("= 1 -5", true), Err(ReadProblem::Stake));
    assert_eq!(Delta::read("+ 1 2 inf", true), Err(ReadProblem::Weight(NumberError::NotFinite)));
    assert_eq!(Delta::read("+ 1 4294967295", true), Err(ReadProblem::OutOfRange { greatest: u32::MAX - 2 }));
}
