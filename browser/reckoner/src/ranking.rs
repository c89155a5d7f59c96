//! Graphs: read, ranked by a GPU or this processor, and laid out.

use crate::{
    app::{SLICE_MS, TELL_MS, Turn, now_ms},
    drawn::{self, EDGES_MAX, Part},
    files,
    layout::Layout,
    sample::{self, Named},
};
use channel::reckoner::{Drawn, FromReckoner, GraphFacts, Place, Ranked, Ranking as How, Round, Source};
use gpu::{Gpu, GpuError};
use rank::{
    Alone, Alpha, Epsilon, Focus, Graph, ONE, Offloaded, Options, Ranking, Report, Solver, Verdict, decimal,
};
use shaders::rank::{Impossible, Judge, Sums};
use std::{cell::RefCell, rc::Rc};
use web_sys::Blob;

/// Digits behind the point of what is shown; 2⁻⁵⁸ has a few more.
const DIGITS: u32 = 15;
/// Most nodes of the made-up graph.
const MADE_UP_MAX: u32 = 1 << 20;
/// Most nodes that are listed, and drawn.
const LISTED_MAX: u32 = 10_000;
const DRAWN_MAX: u32 = 50_000;
/// Names that go with a drawing.
const NAMED_MAX: usize = 20_000;
/// What ran on no GPU.
const PROCESSOR: &str = "this processor";

/// A graph, and what its nodes are called where they have names.
struct Held {
    graph: Graph,
    names: Vec<String>,
}

thread_local! {
    /// The graph that was read last.
    static HELD: RefCell<Option<Rc<Held>>> = const { RefCell::new(None) };
}

/// Reads a graph, and ranks it.
///
/// # Errors
/// In words: what is wrong with the graph or the numbers.
pub(crate) async fn read(source: Source, file: Option<Blob>, how: &How, turn: Turn) -> Result<(), String> {
    options(how)?;
    // Both would not fit.
    HELD.set(None);
    let begun_ms = now_ms();
    let made = |made: Result<Named, _>| made.map_err(|error: rank::GraphError| error.to_string());
    let Named { edges, names } = match source {
        Source::Crates => made(sample::crates())?,
        Source::MadeUp { nodes } => {
            made(sample::grown(nodes.min(MADE_UP_MAX)).map(|edges| Named { edges, names: Vec::new() }))?
        }
        Source::File { name } => {
            let file = file.ok_or("the file is missing")?;
            Named { edges: files::read(&file, &name, turn).await?, names: Vec::new() }
        }
    };
    let listed = edges.len() as u64;
    turn.tell(&FromReckoner::Reading { bytes: 0, of: None, edges: listed }, &[]);
    turn.pause().await;
    let graph = Graph::new(edges).map_err(|error| error.to_string())?;
    turn.tell(
        &FromReckoner::Read(GraphFacts {
            nodes: graph.nodes(),
            edges: graph.edges() as u64,
            listed,
            dangling: graph.dangling(),
            weighted: graph.is_weighted(),
            ms: now_ms() - begun_ms,
        }),
        &[],
    );
    if turn.is_over() {
        return Ok(());
    }
    HELD.set(Some(Rc::new(Held { graph, names })));
    rank(how, turn).await
}

/// Ranks the graph that was read last, and lays it out.
///
/// # Errors
/// In words: there is none, a number is wrong, or it was stopped.
pub(crate) async fn rank(how: &How, turn: Turn) -> Result<(), String> {
    let options = options(how)?;
    let held = HELD.with_borrow(Clone::clone).ok_or("there is no graph yet: choose one")?;
    let graph = &held.graph;
    let begun_ms = now_ms();
    let mut told = Told::new(turn);
    let (mut device, mut gpu_error) = (None, None);
    let mut ranking = None;
    if how.gpu {
        match on_gpu(graph, options, &mut told).await {
            Ok((done, name)) => (ranking, device) = (Some(done), Some(name)),
            Err(error) => gpu_error = Some(error.to_string()),
        }
    }
    // Where a GPU began and failed, the rounds begin again.
    let begun_ms = if ranking.is_some() { begun_ms } else { now_ms() };
    let ranking = match ranking {
        Some(ranking) => ranking,
        None => here(graph, options, &mut told).await.ok_or("it was stopped")?,
    };
    let ms = now_ms() - begun_ms;
    told.flush();
    let Ranking { focus, verdict, report } = &ranking;
    let name = |node: u32| held.names.get(node as usize).cloned();
    let place = |(node, units)| Place { node, name: name(node), pi: decimal(units, DIGITS), units };
    let ranked = Ranked {
        converged: *verdict == Verdict::Converged,
        verdict: verdict.to_string(),
        rounds: report.rounds,
        bound: (report.bound < u64::MAX).then(|| decimal(report.bound, DIGITS)),
        gap: report.gap() as f64 / 2_f64.powi(32),
        mass_error: if graph.nodes() == 0 { 0 } else { focus.mass().abs_diff(ONE) },
        digest: focus.digest().to_string(),
        by_gpu: device.is_some(),
        device: device.unwrap_or_else(|| PROCESSOR.into()),
        gpu_error,
        ms,
        top: focus.top(how.top.min(LISTED_MAX) as usize).into_iter().map(place).collect(),
    };
    turn.tell(&FromReckoner::Ranked(Box::new(ranked)), &[]);
    draw(&held, focus, how, turn).await;
    Ok(())
}

fn options(how: &How) -> Result<Options, String> {
    let alpha =
        Alpha::from_decimal(&how.alpha).map_err(|error| format!("the share that follows edges {error}"))?;
    let epsilon = Epsilon::from_decimal(&how.epsilon).map_err(|error| format!("the distance {error}"))?;
    Ok(Options { alpha, epsilon, rounds_max: how.rounds_max, guard: true })
}

/// Rounds that are done, told a few at a time.
struct Told {
    turn: Turn,
    rounds: Vec<Round>,
    told_ms: f64,
}

impl Told {
    fn new(turn: Turn) -> Self {
        Self { turn, rounds: Vec::new(), told_ms: now_ms() }
    }

    fn round(&mut self, report: &Report) {
        let part = |units: u64| units as f64 / ONE as f64;
        self.rounds.push(Round {
            round: report.rounds,
            bound: (report.bound < u64::MAX).then(|| part(report.bound)),
            change: part(report.change),
        });
        if now_ms() - self.told_ms > TELL_MS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.told_ms = now_ms();
        if !self.rounds.is_empty() {
            self.turn.tell(&FromReckoner::Rounds(std::mem::take(&mut self.rounds)), &[]);
        }
    }
}

/// π by the processor, in slices; `None` once it is to stop.
async fn here(graph: &Graph, options: Options, told: &mut Told) -> Option<Ranking> {
    let mut solver = Solver::new(graph, options);
    let mut slice_ms = now_ms();
    loop {
        let verdict = solver.round(&Alone);
        if solver.report().rounds > 0 {
            told.round(&solver.report());
        }
        if let Some(verdict) = verdict {
            return Some(Ranking { focus: solver.focus(), verdict, report: solver.report() });
        }
        if now_ms() - slice_ms > SLICE_MS {
            told.turn.pause().await;
            slice_ms = now_ms();
            if !told.turn.goes_on() {
                return None;
            }
        }
    }
}

/// A solve that tells its rounds, and that the person can end.
struct Watched<'a, 'g> {
    solve: Offloaded<'g>,
    told: &'a mut Told,
}

impl Judge for Watched<'_, '_> {
    fn round(&mut self, sums: Sums) -> Result<bool, Impossible> {
        if !self.told.turn.goes_on() {
            return Err(Impossible);
        }
        let is_last = self.solve.round(sums)?;
        self.told.round(&self.solve.report());
        Ok(is_last)
    }
}

/// π by a GPU, and which.
async fn on_gpu(graph: &Graph, options: Options, told: &mut Told) -> Result<(Ranking, String), GpuError> {
    let gpu = Gpu::open().await?;
    let mut watched = Watched { solve: Offloaded::new(graph, options), told };
    let input = watched.solve.input();
    let solution = gpu.rank(&input, &mut watched).await?;
    let ranking = watched.solve.finish(&solution).map_err(|_| GpuError::Wrong)?;
    Ok((ranking, gpu.about().to_string()))
}

/// Hands the page what is drawn, and moves it until it stands.
async fn draw(held: &Held, focus: &Focus, how: &How, turn: Turn) {
    let drawn_max = how.drawn_max.min(DRAWN_MAX) as usize;
    if !turn.goes_on() || drawn_max == 0 {
        return;
    }
    let Part { nodes, sizes, edges, of_edges } = drawn::part(&held.graph, focus, drawn_max, EDGES_MAX);
    let names = nodes.iter().filter_map(|node| held.names.get(*node as usize));
    let head = Drawn {
        nodes: nodes.len() as u32,
        of_nodes: held.graph.nodes(),
        edges: edges.len() as u32,
        of_edges,
        names: names.take(NAMED_MAX).cloned().collect(),
    };
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
    let ends = words(edges.as_flattened());
    let mut layout = Layout::new(nodes.len() as u32, edges);
    turn.tell(&FromReckoner::Drawing(head), &[words(&nodes), sizes, places(&layout), ends]);
    let (mut slice_ms, mut told_ms) = (now_ms(), now_ms());
    while !layout.is_settled() && turn.goes_on() {
        layout.step();
        if now_ms() - slice_ms > SLICE_MS {
            if !how.still && now_ms() - told_ms > TELL_MS {
                told_ms = now_ms();
                turn.tell(&FromReckoner::Moved { settled: false }, &[places(&layout)]);
            }
            turn.pause().await;
            slice_ms = now_ms();
        }
    }
    turn.tell(&FromReckoner::Moved { settled: true }, &[places(&layout)]);
}

fn places(layout: &Layout) -> Vec<u8> {
    layout.places().iter().flatten().flat_map(|at| at.to_le_bytes()).collect()
}
