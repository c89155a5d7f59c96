use super::*;
use alloc::{vec, vec::Vec};

#[test]
fn shares_of_a_row_are_those_of_its_weights_and_stakes() {
    let out = |to, weight| Out { to, weight, share: 0 };
    let shares = |row: &[(u32, u64)], stakes: &[u64]| {
        let mut row: Vec<Out> = row.iter().map(|(to, weight)| out(*to, *weight)).collect();
        weigh(&mut row, stakes).map(|()| row.iter().map(|out| out.share).collect::<Vec<u64>>())
    };
    assert_eq!(shares(&[(0, 5)], &[]), Some(vec![u64::MAX]));
    assert_eq!(shares(&[(0, 1), (1, 1)], &[]), Some(vec![1 << 63, 1 << 63]));
    assert_eq!(shares(&[(0, 1), (1, 1)], &[3, 1]), Some(vec![3 << 62, 1 << 62]));
    assert_eq!(shares(&[(0, 1), (1, 1)], &[0, 0]), Some(vec![0, 0]));
    assert_eq!(shares(&[(0, u64::MAX); 3], &[u64::MAX]), None);
    let large = shares(&[(0, u64::MAX), (1, u64::MAX)], &[u64::MAX / 4, u64::MAX / 4]).unwrap();
    assert!(large.iter().all(|share| share.abs_diff(1 << 63) < 4), "{large:?}");
}

#[test]
fn a_graph_without_nodes_can_grow() {
    let mut live = Live::new(Edges::new(), Options::default(), 3).unwrap();
    assert_eq!((live.focus().values().len(), live.bound()), (0, 0));
    live.apply(&[Delta::Edge { from: 0, to: 1, weight: 1 }]).unwrap();
    let ranking = crate::solve(&Graph::new(live.to_edges().unwrap()).unwrap(), Options::default());
    assert!(live.focus().distance(&ranking.focus) < 2 * Epsilon::MILLIONTH.units());
    assert!(live.apply(&[Delta::Edge { from: 0, to: 3, weight: 1 }]).is_err());
}
