//! The twins of the kernels, run as a device runs the kernels, against the solver: every bit of π, every report.
#![cfg(not(target_arch = "wasm32"))]

use graphs::{Numbers, gallery};
use rank::{
    Alone, Alpha, Epsilon, Graph, Near, Offloaded, Options, Ranking, Solves as _, Teleport, Verdict, solve,
};
use shaders::{
    pair::{Pair, number, pair},
    rank::{Arranged, Input, Judge, LOG_ROUNDS, Solution, State, Sums, cpu, cut},
};

/// More than any of these graphs needs.
const ROOMY: u64 = 1 << 27;

/// A part's buffers.
struct Held {
    arranged: Arranged,
    kept: Vec<Pair>,
    sums: Vec<Pair>,
    tiles: Vec<Pair>,
    blocks: Vec<Pair>,
}

/// A device without hardware.
struct Twins<'a> {
    input: Input<'a>,
    parts: Vec<Held>,
    jumps: Vec<Pair>,
    contributions: Vec<u32>,
    partials: Vec<Pair>,
    history: Vec<Pair>,
    state: State,
}

impl<'a> Twins<'a> {
    fn new(input: Input<'a>, binding_max: u64) -> Self {
        let cut = cut(&input, binding_max).expect("it fits");
        let parts: Vec<_> = cut.into_iter().map(|arranged| hold(&input, arranged)).collect();
        let spans = parts.iter().map(|held| held.arranged.part.spans).sum::<u32>();
        Self {
            input,
            parts,
            jumps: input.jumps.iter().map(|jump| pair(*jump)).collect(),
            contributions: vec![0; input.nodes() as usize],
            partials: vec![[0; 2]; 4 * spans as usize],
            history: vec![[0; 2]; 4 * LOG_ROUNDS as usize],
            state: input.first(),
        }
    }

    fn round(&mut self) -> Sums {
        let state = self.state;
        for held in &mut self.parts {
            let (part, rows) = (held.arranged.part, held.arranged.rows());
            let (order, outs) = (&self.input.order[rows.clone()], &self.input.outs[rows]);
            cpu::spread(
                &part,
                &state,
                &held.kept,
                order,
                outs,
                &self.jumps,
                &mut self.contributions,
                &mut self.partials,
            );
        }
        for held in &mut self.parts {
            let Arranged { part, edges, starts, tile_rows } = &held.arranged;
            let shares = self.input.shares.get(edges.clone()).unwrap_or_default();
            let sources = &self.input.sources[edges.clone()];
            let (sums, tiles, blocks) = (&mut held.sums, &mut held.tiles, &mut held.blocks);
            cpu::gather(part, &state, starts, tile_rows, sources, shares, &self.contributions, sums, tiles);
            let [of_tiles, of_blocks] = held.arranged.levels();
            cpu::scan(&of_tiles, &state, tiles, blocks);
            cpu::scan(&of_blocks, &state, blocks, &mut [[0; 2]]);
            cpu::keep(part, &state, starts, sums, tiles, blocks, &mut held.kept, &mut self.partials);
        }
        let spans = self.parts.iter().map(|held| held.arranged.part.spans).sum();
        cpu::judge(&self.input.course(spans), &self.partials, &mut self.state, &mut self.history);
        Sums::read(&self.history, state.rounds).expect("the log has all rounds")
    }

    fn solution(&self) -> Solution {
        let kept = self.parts.iter().flat_map(|held| held.kept.iter().map(|kept| number(*kept))).collect();
        Solution { kept, teleport: self.state.teleport() }
    }
}

fn hold(input: &Input<'_>, arranged: Arranged) -> Held {
    let part = arranged.part;
    let begun = input.begun.get(arranged.rows()).map(|begun| begun.iter().map(|mass| pair(*mass)).collect());
    let [tiles, blocks] = arranged.levels().map(|level| vec![[0; 2]; level.count as usize]);
    Held {
        kept: begun.unwrap_or_else(|| vec![[0; 2]; part.rows as usize]),
        sums: vec![[0; 2]; part.rows as usize + 1],
        tiles,
        blocks,
        arranged,
    }
}

fn by_twins(graph: &Graph, mut solve: Offloaded<'_>, binding_max: u64) -> Ranking {
    let mut twins = Twins::new(solve.input(), binding_max);
    while graph.nodes() > 0 {
        let is_over = solve.round(twins.round()).expect("twins count right");
        if is_over {
            break;
        }
        assert_eq!(twins.state.is_over, 0, "the device stops no sooner than the course");
    }
    let ranking = solve.finish(&twins.solution()).expect("all mass");
    if graph.nodes() > 0 {
        let ends = matches!(ranking.verdict, Verdict::Converged | Verdict::RoundsUsedUp);
        assert_eq!(twins.state.is_over == 1, ends, "{:?}", ranking.verdict);
    }
    ranking
}

fn agrees(graph: &Graph, options: Options, name: &str) {
    let expected = solve(graph, options);
    // The least that holds what cannot be cut cuts as often as can be.
    let each = if Offloaded::new(graph, options).input().jumps.is_empty() { 4 } else { 8 };
    let least = u64::from(graph.nodes() + 1).max(512) * each;
    for binding_max in [ROOMY, 16 * least, least] {
        assert_eq!(
            by_twins(graph, Offloaded::new(graph, options), binding_max),
            expected,
            "{name}, bindings of {binding_max} bytes"
        );
    }
}

#[test]
fn twins_give_the_same_bits_on_every_graph() {
    for shape in gallery() {
        for alpha in ["0", "0.5", "0.85"] {
            let alpha = Alpha::from_decimal(alpha).expect("a fraction");
            agrees(&shape.to_graph(), Options { alpha, ..Options::default() }, &shape.name);
        }
    }
    for shape in [graphs::rmat(8, 16, 4), graphs::uniform(500, 3_000, 5)] {
        for teleport in [Teleport::Uniform, Teleport::Stake] {
            agrees(&shape.to_weighted_graph(teleport), Options::default(), &shape.name);
        }
    }
}

#[test]
fn twins_give_every_verdict() {
    let star = graphs::star(1_000).to_graph();
    let near = Epsilon::from_decimal("1e-8").expect("a distance");
    let slow = Alpha::from_decimal("0.9999").expect("a fraction");
    for options in [
        Options { rounds_max: 7, ..Options::default() },
        Options { epsilon: near, ..Options::default() },
        Options { alpha: slow, ..Options::default() },
    ] {
        let verdict = solve(&star, options).verdict;
        assert_ne!(verdict, Verdict::Converged);
        agrees(&star, options, "star");
    }
}

/// From the π of another graph, which knows of fewer nodes or of more.
#[test]
fn a_solve_that_begins_near_gives_the_same_bits() {
    let shapes =
        [graphs::rmat(8, 16, 4), graphs::uniform(500, 3_000, 5), graphs::star(300), graphs::path(40)];
    for (shape, other) in shapes.iter().zip(shapes.iter().cycle().skip(1)) {
        let near = solve(&other.to_graph(), Options::default()).focus;
        for graph in [shape.to_graph(), shape.to_weighted_graph(Teleport::Stake)] {
            for alpha in ["0", "0.5", "0.85"] {
                let options = Options { alpha: Alpha::from_decimal(alpha).unwrap(), ..Options::default() };
                let expected = Alone.solve(&graph, options, Some(&near));
                let begun = Near::new(&graph, &near);
                let got = by_twins(&graph, Offloaded::warm(&begun, options), ROOMY);
                assert_eq!(got, expected, "{} from {} at {alpha}", shape.name, other.name);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let graph = graphs::path(100).to_graph();
    let solve = Offloaded::new(&graph, Options::default());
    let error = cut(&solve.input(), 396).expect_err("100 contributions have 400 bytes");
    assert_eq!((error.nodes, error.nodes_max), (100, 99));
    assert!(cut(&solve.input(), 400).is_ok());
    assert!(cut(&solve.input(), 0).is_err());
}

#[test]
fn what_does_not_add_up_is_refused() {
    let graph = graphs::star(100).to_graph();
    let mut solve = Offloaded::new(&graph, Options::default());
    let mut twins = Twins::new(solve.input(), ROOMY);
    let honest = twins.round();
    assert!(solve.clone().round(Sums { received: honest.received + (1 << 58), ..honest }).is_err());
    assert!(solve.clone().finish(&twins.solution()).is_err(), "no verdict yet");
    while !solve.round(twins.round()).expect("possible") {}
    let mut solution = twins.solution();
    solution.kept[3] += 1;
    assert!(solve.finish(&solution).is_err(), "a unit too much");
}

#[test]
fn any_graph_is_the_same() {
    let mut numbers = Numbers::new(3);
    for _ in 0..64 {
        let nodes = 1 + numbers.below(300);
        let edges = nodes as usize * numbers.below(30) as usize;
        let shape = graphs::uniform(nodes, edges, numbers.next_u64());
        let is_weighted = nodes > 20 && numbers.below(2) == 0;
        let graph = if is_weighted { shape.to_weighted_graph(Teleport::Stake) } else { shape.to_graph() };
        agrees(&graph, Options::default(), &shape.name);
    }
}
