//! π against floating point, and against itself: bounds hold, mass is kept, workers make no difference.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use graphs::{Numbers, Shape, gallery};
use oracle::{Plain, distance};
use rank::{
    Alone, Alpha, CyberankOptions, Edges, Epsilon, Graph, ONE, Options, Solver, Teleport, Verdict, Workers,
    cyberank, solve, solve_with,
};

/// Real threads, as many as parts.
struct Threads(usize);

impl Workers for Threads {
    fn count(&self) -> usize {
        self.0
    }

    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync) {
        std::thread::scope(|scope| {
            for task in tasks {
                scope.spawn(|| run(task));
            }
        });
    }
}

/// One thread that takes the parts from behind.
struct Backwards(usize);

impl Workers for Backwards {
    fn count(&self) -> usize {
        self.0
    }

    fn each<T: Send>(&self, tasks: Vec<T>, run: impl Fn(T) + Sync) {
        tasks.into_iter().rev().for_each(run);
    }
}

fn large() -> Vec<Shape> {
    vec![
        graphs::rmat(12, 16, 7),
        graphs::uniform(5_000, 60_000, 8),
        graphs::torus(70, 50),
        graphs::star(9_000),
    ]
}

#[test]
fn pi_is_within_epsilon_of_floating_point_and_the_bound_holds() {
    for alpha in ["0.85", "0.5", "0.9", "0"] {
        let options = Options { alpha: Alpha::from_decimal(alpha).unwrap(), ..Options::default() };
        for shape in gallery().into_iter().chain(large()) {
            let ranking = solve(&shape.to_graph(), options);
            let exact = Plain::of(&shape).pi(alpha.parse().unwrap());
            let away = distance(&ranking.focus, &exact);
            let bound = ranking.report.bound as f64 / ONE as f64;
            assert_eq!(
                ranking.verdict,
                Verdict::Converged,
                "{} at {alpha}: {:?}",
                shape.name,
                ranking.report
            );
            if shape.nodes == 0 {
                continue;
            }
            assert_eq!(ranking.focus.mass(), ONE, "{}", shape.name);
            // α is rounded to 2⁻³², and the oracle itself rounds.
            assert!(away <= bound + 2e-9, "{} at {alpha}: {away:e} away, bound {bound:e}", shape.name);
            assert!(away <= 1e-6, "{} at {alpha}: {away:e}", shape.name);
        }
    }
}

/// Weights and stakes from a seed: some zero, duplicates, self-loops, very unequal.
fn weighted(seed: u64, by_stake: bool) -> (Graph, Plain) {
    let mut numbers = Numbers::new(seed);
    let nodes = 2 + numbers.below(300);
    let mut edges = Edges::new();
    edges.nodes(nodes);
    let mut plain = Plain { nodes: nodes as usize, by_stake, ..Plain::default() };
    for _ in 0..numbers.below(3_000) {
        let (from, to) = (numbers.below(nodes), numbers.below(nodes));
        let weight = numbers.next_u64() >> (20 + numbers.below(44));
        edges.push_weighted(from, to, weight).unwrap();
        *plain.edges.entry((from, to)).or_default() += weight as f64;
    }
    plain.edges.retain(|_, weight| *weight > 0.0);
    if by_stake || seed.is_multiple_of(3) {
        let stakes: Vec<u64> = (0..nodes).map(|_| numbers.next_u64() >> (4 + numbers.below(60))).collect();
        plain.stakes = stakes.iter().map(|stake| *stake as f64).collect();
        edges.stakes(stakes);
    }
    edges.teleport(if by_stake { Teleport::Stake } else { Teleport::Uniform });
    (Graph::new(edges).unwrap(), plain)
}

#[test]
fn weights_and_stakes_count_as_defined() {
    for seed in 0..60_u64 {
        let (graph, plain) = weighted(seed, seed.is_multiple_of(2));
        let ranking = solve(&graph, Options::default());
        let away = distance(&ranking.focus, &plain.pi(0.85));
        let bound = ranking.report.bound as f64 / ONE as f64;
        assert_eq!(ranking.verdict, Verdict::Converged, "seed {seed}: {:?}", ranking.report);
        assert_eq!(ranking.focus.mass(), ONE);
        assert!(away <= bound + 2e-9 && away <= 1e-6, "seed {seed}: {away:e} away, bound {bound:e}");
    }
}

#[test]
fn weights_that_are_alike_change_no_bit() {
    let shape = graphs::rmat(9, 8, 3);
    let mut edges = Edges::new();
    edges.nodes(shape.nodes);
    let mut seen: Vec<[u32; 2]> = shape.edges.clone();
    seen.sort_unstable();
    seen.dedup();
    for [from, to] in seen {
        edges.push_weighted(from, to, 12_345).unwrap();
    }
    edges.stakes(vec![7; shape.nodes as usize]);
    let alike = Graph::new(edges).unwrap();
    assert!(!alike.is_weighted());
    assert_eq!(solve(&alike, Options::default()), solve(&shape.to_graph(), Options::default()));
}

#[test]
fn workers_and_partitions_change_no_bit() {
    let mut graphs: Vec<Graph> = gallery().iter().chain(&large()).map(graphs::Shape::to_graph).collect();
    graphs.extend((0..6_u64).map(|seed| weighted(seed, seed.is_multiple_of(2)).0));
    for graph in &graphs {
        let alone = solve(graph, Options::default());
        for count in [2, 7] {
            assert_eq!(solve_with(graph, Options::default(), &Threads(count)), alone);
        }
        for count in [3, 64] {
            assert_eq!(solve_with(graph, Options::default(), &Backwards(count)), alone);
        }
        assert_eq!(solve_with(graph, Options::default(), &Threads(1)).focus.digest(), alone.focus.digest());
    }
}

#[test]
fn mass_is_kept_to_the_unit_in_each_round() {
    for shape in gallery().into_iter().filter(|shape| shape.nodes > 0) {
        let graph = shape.to_graph();
        let mut solver = Solver::new(&graph, Options::default());
        assert_eq!(solver.focus().mass(), ONE);
        while solver.round(&Alone).is_none() {
            assert_eq!(solver.focus().mass(), ONE, "{} in round {}", shape.name, solver.report().rounds);
        }
    }
}

#[test]
fn each_rounds_bound_holds_while_it_converges() {
    let shape = graphs::torus(20, 31);
    // Lopsided, so that it does not begin at the end.
    let shape = Shape::new("torus and a way out", 621, shape.edges.into_iter().chain([[0, 620], [620, 3]]));
    let exact = Plain::of(&shape).pi(0.85);
    let graph = shape.to_graph();
    let mut solver = Solver::new(&graph, Options::default());
    let mut rounds = 0;
    while solver.round(&Alone).is_none() {
        let away = distance(&solver.focus(), &exact);
        let bound = solver.report().bound as f64 / ONE as f64;
        assert!(away <= bound + 2e-9, "round {rounds}: {away:e} away, bound {bound:e}");
        rounds += 1;
    }
    assert!(rounds > 20, "{rounds}");
}

#[test]
fn the_guard_fires_where_the_gap_is_too_small() {
    let options = |alpha: &str| Options { alpha: Alpha::from_decimal(alpha).unwrap(), ..Options::default() };
    // Mass on one side of a graph of period two, or on some nodes of a cycle, goes round and round.
    let lopsided = |shape: Shape| {
        let out = shape.nodes;
        Shape::new("lopsided", out + 1, shape.edges.into_iter().chain([[out, 0]]))
    };
    for shape in
        [lopsided(graphs::cycle(300)), lopsided(graphs::bipartite(3, 40)), lopsided(graphs::periodic(5, 4))]
    {
        let graph = shape.to_graph();
        let epsilon = Epsilon::from_decimal("1e-3").unwrap();
        let stopped = solve(&graph, Options { epsilon, ..options("0.9999") });
        let Verdict::GapTooSmall { rounds_needed } = stopped.verdict else { panic!("{:?}", stopped) };
        assert!(rounds_needed > 2048 && stopped.report.rounds < 100, "{stopped:?}");
        // The true gap is 1e-4.
        let gap = stopped.report.gap() as f64 / 2_f64.powi(32);
        assert!((0.5e-4..2e-4).contains(&gap), "{gap:e}");
        assert_eq!(stopped.focus.mass(), ONE);

        let unguarded = solve(&graph, Options { epsilon, guard: false, ..options("0.9999") });
        assert_eq!((unguarded.verdict, unguarded.report.rounds), (Verdict::RoundsUsedUp, 2048));

        let epsilon = Epsilon::from_decimal("1e-5").unwrap();
        assert_eq!(solve(&graph, Options { epsilon, ..options("0.98") }).verdict, Verdict::Converged);
    }
}

#[test]
fn an_epsilon_beyond_precision_is_told_apart() {
    let graph = graphs::rmat(12, 16, 5).to_graph();
    let epsilon = Epsilon::from_decimal("1e-9").unwrap();
    let ranking = solve(&graph, Options { epsilon, ..Options::default() });
    assert_eq!(ranking.verdict, Verdict::EpsilonTooSmall);
    assert!(ranking.report.rounds < 100, "{ranking:?}");
    let few = solve(&graph, Options { rounds_max: 3, ..Options::default() });
    assert_eq!((few.verdict, few.report.rounds), (Verdict::RoundsUsedUp, 3));
}

#[test]
fn a_warm_start_takes_fewer_rounds() {
    let shape = graphs::rmat(12, 16, 5);
    let before = solve(&shape.to_graph(), Options::default());
    let changed = Shape::new("changed", shape.nodes + 1, shape.edges.into_iter().chain([[3, 4], [4, 4096]]));
    let graph = changed.to_graph();
    let mut solver = Solver::warm(&graph, Options::default(), &before.focus);
    let verdict = loop {
        if let Some(verdict) = solver.round(&Alone) {
            break verdict;
        }
    };
    let cold = solve(&graph, Options::default());
    assert_eq!(verdict, Verdict::Converged);
    assert!(solver.report().rounds < cold.report.rounds, "{:?} {:?}", solver.report(), cold.report);
    assert!(distance(&solver.focus(), &Plain::of(&changed).pi(0.85)) <= 1e-6);
    assert_eq!(solver.focus().mass(), ONE);
}

/// go-cyber's definition in floating point, as its `calculate_cpu.go` computes it.
fn cyberank_in_floats(plain: &Plain, tolerance: f64) -> (Vec<f64>, u32) {
    let (nodes, damping) = (plain.nodes, 0.85);
    let mut totals = vec![0.0; nodes];
    let mut has_source = vec![false; nodes];
    for ((from, to), weight) in &plain.edges {
        totals[*from as usize] += weight;
        has_source[*to as usize] = true;
    }
    let start = (1.0 - damping) / nodes as f64;
    let sourceless = has_source.iter().filter(|has| !**has).count() as f64;
    let base = damping * start * (sourceless / nodes as f64) + start;
    let mut ranks = vec![start; nodes];
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut sums = vec![0.0; nodes];
        for ((from, to), weight) in &plain.edges {
            sums[*to as usize] += ranks[*from as usize] * weight / totals[*from as usize];
        }
        let next: Vec<f64> = (0..nodes)
            .map(|node| if has_source[node] { sums[node] * damping + base } else { ranks[node] })
            .collect();
        let change = next.iter().zip(&ranks).map(|(a, b)| f64::abs(a - b)).fold(0.0, f64::max);
        ranks = next;
        if change <= tolerance {
            return (ranks, rounds);
        }
    }
}

#[test]
fn cyberank_is_go_cybers() {
    for shape in gallery().into_iter().filter(|shape| shape.nodes > 0) {
        let (ranks, rounds) = cyberank(&shape.to_graph(), CyberankOptions::default());
        let (exact, exact_rounds) = cyberank_in_floats(&Plain::of(&shape), 1e-3);
        let away: f64 = ranks.iter().zip(&exact).map(|(a, b)| (*a as f64 / ONE as f64 - b).abs()).sum();
        assert!(away < 1e-6, "{}: {away:e}", shape.name);
        assert_eq!(rounds, exact_rounds, "{}", shape.name);
    }
}

#[test]
fn cyberank_is_pi_where_nothing_dangles() {
    let fine = CyberankOptions { tolerance: ONE >> 34, ..CyberankOptions::default() };
    for shape in [graphs::torus(12, 9), graphs::star(50), graphs::bipartite(4, 9), graphs::periodic(3, 4)] {
        let graph = shape.to_graph();
        let (ranks, _) = cyberank(&graph, fine);
        let pi = solve(&graph, Options::default()).focus;
        let away: u64 = ranks.iter().zip(pi.values()).map(|(a, b)| a.abs_diff(*b)).sum();
        assert!(away < ONE / 500_000, "{}: {away}", shape.name);
    }
    // And is not where something does.
    let path = graphs::path(20).to_graph();
    let (ranks, _) = cyberank(&path, fine);
    assert!(ranks.iter().sum::<u64>() < ONE / 10 * 9);
}
