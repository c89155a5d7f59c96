//! A graph that changes: after each of 10,000 random batches, incremental π = cold π within ε.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use graphs::Numbers;
use oracle::{Plain, distance};
use rank::{Delta, Edges, Epsilon, Graph, Live, LiveError, ONE, Options, Teleport, Verdict, Way, solve};

const NODES_MAX: u32 = 60;

fn batch(numbers: &mut Numbers, nodes: u32, is_weighted: bool, has_stakes: bool) -> Vec<Delta> {
    // Now and then beyond what there is: the graph grows.
    let reach = (nodes + numbers.below(2)).clamp(1, NODES_MAX);
    (0..=numbers.below(4))
        .map(|_| {
            let (from, to) = (numbers.below(reach), numbers.below(reach));
            match numbers.below(10) {
                0 if has_stakes => {
                    Delta::Stake { node: to, stake: numbers.next_u64() >> (8 + numbers.below(56)) }
                }
                0..5 => Delta::Edge { from, to, weight: 0 },
                _ if is_weighted => {
                    Delta::Edge { from, to, weight: numbers.next_u64() >> (8 + numbers.below(56)) }
                }
                _ => Delta::Edge { from, to, weight: 1 },
            }
        })
        .collect()
}

#[test]
fn ten_thousand_batches_leave_pi_within_epsilon_of_cold() {
    // Each is within half of the exact π, so they are within the whole of each other.
    let half =
        Options { epsilon: Epsilon::of_units(Epsilon::MILLIONTH.units() / 2).unwrap(), ..Options::default() };
    let (mut pushed, mut solved, mut batches) = (0, 0, 0);
    for seed in 0..100_u64 {
        let mut numbers = Numbers::new(seed);
        let (is_weighted, has_stakes) = (seed.is_multiple_of(2), seed.is_multiple_of(4));
        let nodes = 1 + numbers.below(NODES_MAX);
        let mut edges = Edges::new();
        edges.nodes(nodes);
        for _ in 0..numbers.below(4 * nodes) {
            let (from, to) = (numbers.below(nodes), numbers.below(nodes));
            if is_weighted {
                edges.push_weighted(from, to, numbers.next_u64() >> 40).unwrap();
            } else {
                edges.push(from, to).unwrap();
            }
        }
        let is_weighted = is_weighted && !edges.is_empty();
        if has_stakes {
            edges.stakes((0..nodes).map(|_| 1 + u64::from(numbers.below(100))).collect());
            edges.teleport(if seed.is_multiple_of(8) { Teleport::Stake } else { Teleport::Uniform });
        }
        let mut live = Live::new(edges, half, NODES_MAX).unwrap();
        // On graphs this small a solve is the quicker way; both ways are to be right.
        live.work_max(if seed.is_multiple_of(5) { 1 } else { 1_000 });
        let mut at = 0;
        while at < 100 {
            let deltas = batch(&mut numbers, live.nodes(), is_weighted, has_stakes);
            let update = match live.apply(&deltas) {
                Ok(update) => update,
                // Somebody's stakes were all taken away: another one.
                Err(LiveError::Graph(rank::GraphError::NoStake)) => continue,
                Err(error) => panic!("seed {seed}, batch {at}: {error}"),
            };
            *(if update.way == Way::Pushed { &mut pushed } else { &mut solved }) += 1;
            let graph = Graph::new(live.to_edges().unwrap()).unwrap();
            let cold = solve(&graph, half);
            assert_eq!(cold.verdict, Verdict::Converged);
            let focus = live.focus();
            assert_eq!(focus.mass(), ONE, "seed {seed}, batch {at}");
            let away = focus.distance(&cold.focus);
            assert!(away <= update.bound + cold.report.bound, "seed {seed}, batch {at}: {away} away");
            assert!(away <= Epsilon::MILLIONTH.units(), "seed {seed}, batch {at}: {away} away");
            (at, batches) = (at + 1, batches + 1);
        }
    }
    println!("{batches} batches: {pushed} pushed, {solved} solved");
    assert!(batches == 10_000 && pushed > 5_000 && solved > 100, "{pushed} pushed, {solved} solved");
}

#[test]
fn what_is_resumed_depends_on_the_graph_and_its_masses_alone() {
    for seed in 0..20_u64 {
        let mut numbers = Numbers::new(seed);
        let (is_weighted, has_stakes) = (seed.is_multiple_of(2), seed.is_multiple_of(3));
        let mut edges = Edges::new();
        edges.nodes(20);
        if is_weighted {
            edges.weighted();
            assert_eq!(edges.push(0, 1), Err(rank::GraphError::MixedWeights));
        }
        if has_stakes {
            edges.stakes(vec![5; 20]);
        }
        let mut live = Live::new(edges, Options::default(), NODES_MAX).unwrap();
        let mut twins: Option<[Live; 2]> = None;
        for at in 0..30 {
            if at % 10 == 5 {
                let resume = || {
                    let edges = live.to_edges().unwrap();
                    assert_eq!(edges.is_weighted(), is_weighted);
                    Live::resume(edges, Options::default(), NODES_MAX, live.masses().to_vec()).unwrap()
                };
                let resumed = [resume(), resume()];
                assert!(resumed[0].bound() <= live.bound());
                assert_eq!(resumed[0].focus(), live.focus());
                assert!(resumed[0].iter().eq(live.iter()) && resumed[0].stakes() == live.stakes());
                twins = Some(resumed);
                for wrong in [vec![0; 3], vec![i64::MIN; live.nodes() as usize]] {
                    let resumed =
                        Live::resume(live.to_edges().unwrap(), Options::default(), NODES_MAX, wrong);
                    assert_eq!(resumed.unwrap_err(), LiveError::NotItsMasses);
                }
            }
            let deltas = batch(&mut numbers, live.nodes(), is_weighted, has_stakes);
            live.apply(&deltas).unwrap();
            if let Some([first, second]) = &mut twins {
                assert_eq!(first.apply(&deltas).unwrap(), second.apply(&deltas).unwrap());
                assert_eq!(first.focus(), second.focus());
                assert!(first.focus().distance(&live.focus()) <= first.bound() + live.bound());
            }
        }
    }
}

#[test]
fn changes_of_a_large_graph_leave_pi_within_epsilon() {
    let shape = graphs::rmat(14, 16, 4);
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    for [from, to] in &shape.edges {
        edges.push(*from, *to).unwrap();
    }
    let mut live = Live::new(edges, Options::default(), shape.nodes).unwrap();
    let mut numbers = Numbers::new(1);
    let mut changed = shape.clone();
    let mut pushed = 0;
    for _ in 0..20 {
        let (from, to) = (numbers.below(shape.nodes), numbers.below(shape.nodes));
        let update = live.apply(&[Delta::Edge { from, to, weight: 1 }]).unwrap();
        assert!(update.bound <= Epsilon::MILLIONTH.units(), "{update:?}");
        // Of a graph as narrow as this, a change of a heavy node is soon everywhere, and a solve is the quicker way.
        pushed += u32::from(update.way == Way::Pushed);
        changed.edges.push([from, to]);
    }
    println!("{} edges, {pushed} of 20 changes pushed", live.edges());
    assert!(distance(&live.focus(), &Plain::of(&changed).pi(0.85)) <= 1e-6);
    let many: Vec<Delta> = (0..20_000)
        .map(|_| Delta::Edge { from: numbers.below(shape.nodes), to: numbers.below(shape.nodes), weight: 1 })
        .collect();
    assert_eq!(live.apply(&many).unwrap().way, Way::Solved);
    let cold = solve(&Graph::new(live.to_edges().unwrap()).unwrap(), Options::default());
    assert!(live.focus().distance(&cold.focus) <= 2 * Epsilon::MILLIONTH.units());
}

#[test]
fn pushes_get_nearer_than_four_bytes() {
    let shape = graphs::uniform(300, 2_000, 9);
    let mut edges = Edges::new();
    shape.edges.iter().for_each(|[from, to]| edges.push(*from, *to).unwrap());
    let fine = Options { epsilon: Epsilon::from_decimal("1e-10").unwrap(), ..Options::default() };
    assert_eq!(solve(&shape.to_graph(), fine).verdict, Verdict::EpsilonTooSmall);
    let live = Live::new(edges, fine, shape.nodes).unwrap();
    assert!(live.bound() <= fine.epsilon.units());
    // What is left is mostly α's rounding to 2⁻³².
    assert!(distance(&live.focus(), &Plain::of(&shape).pi(3_650_722_202.0 / 4_294_967_296.0)) <= 1e-10);
}

#[test]
fn refused_changes_change_nothing() {
    let mut edges = Edges::new();
    edges.push(0, 1).unwrap();
    edges.push(1, 0).unwrap();
    let mut live = Live::new(edges, Options::default(), 10).unwrap();
    let before = (live.focus(), live.nodes(), live.edges());
    let add = Delta::Edge { from: 0, to: 5, weight: 1 };
    let refused = [
        (Delta::Edge { from: 0, to: 10, weight: 1 }, "node 10 is out of range"),
        (Delta::Edge { from: 0, to: 1, weight: 2 }, "edge 0 to 1 has a weight"),
        (Delta::Stake { node: 0, stake: 1 }, "the graph has no stakes"),
    ];
    for (delta, why) in refused {
        let error = live.apply(&[add, delta]).unwrap_err();
        assert!(error.to_string().starts_with(why), "{error}");
        assert_eq!((live.focus(), live.nodes(), live.edges()), before);
    }
    live.apply(&[add, Delta::Edge { from: 0, to: 5, weight: 0 }]).unwrap();
    assert_eq!((live.nodes(), live.edges()), (6, 2));
}
